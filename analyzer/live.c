#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/live.h"
#include "sandbox/compat.h"

#define HOST_TEXT	128
#define URI_TEXT	256

typedef void	 line_fn(char *, size_t, const struct msg_event *);

/* A text of the wire, up to a NUL; "-" when there is none. */
static const char *
text(char *b, size_t size, const struct msg_span *s)
{
	if (s->n == 0)
		compat_strlcpy(b, "-", size);
	else
		snprintf(b, size, "%.*s", (int)s->n, (const char *)s->p);
	return b;
}

static void
http_line(char *b, size_t size, const struct msg_event *e)
{
	char	 method[32], host[HOST_TEXT], uri[URI_TEXT], status[16];

	snprintf(status, sizeof(status), "%" PRIu32, e->status);
	snprintf(b, size, "%s %s %s %s %.1f ms %" PRIu64 " B%s",
	    text(method, sizeof(method), &e->method),
	    text(host, sizeof(host), &e->host),
	    text(uri, sizeof(uri), &e->uri), e->status == 0 ? "-" : status,
	    (double)e->first_byte_us / 1e3, e->response_body,
	    e->gap ? " incomplete" : "");
}

static void
tls_line(char *b, size_t size, const struct msg_event *e)
{
	char	 host[HOST_TEXT], version[32], alpn[HOST_TEXT], why[64];
	char	 cert[32];

	snprintf(b, size, "%s %s alpn %s%s%s%s%s%s", e->host.n == 0 ?
	    "(no name)" :
	    text(host, sizeof(host), &e->host),
	    text(version, sizeof(version), &e->protocol),
	    text(alpn, sizeof(alpn), &e->alpn), e->resumed ? " resumed" : "",
	    e->failure.n > 0 ? " failed: " : e->gap ? " incomplete" : "",
	    e->failure.n > 0 ? text(why, sizeof(why), &e->failure) : "",
	    e->certificate.n > 0 ? " certificate " : "",
	    e->certificate.n > 0 ? text(cert, sizeof(cert),
	    &e->certificate) : "");
}

static void
flow_line(char *b, size_t size, const struct msg_event *e)
{
	char	 how[32], proto[32];

	snprintf(b, size, "%s ended by %s after %.1f s: %" PRIu64 " B in %"
	    PRIu64 " packets to it, %" PRIu64 " B in %" PRIu64 " back",
	    text(proto, sizeof(proto), &e->protocol),
	    text(how, sizeof(how), &e->text),
	    e->end_us > e->start_us ?
	    (double)(e->end_us - e->start_us) / 1e6 : 0.0, e->bytes[0],
	    e->packets[0], e->bytes[1], e->packets[1]);
}

static const struct {
	const char	*type;
	uint32_t	 flag;
	line_fn		*line;
} kinds[EVENT_KINDS] = {
	[EVENT_HTTP]	= { "http",	WATCH_HTTP,	http_line },
	[EVENT_TLS]	= { "tls",	WATCH_TLS,	tls_line },
	[EVENT_QUIC]	= { "tls",	WATCH_TLS,	tls_line },
	[EVENT_FLOW]	= { "flow",	WATCH_FLOW,	flow_line },
};

bool
live_wants(const struct analyzer *az, enum event_kind kind)
{
	return (az->live.types & kinds[kind].flag) != 0;
}

void
live_tick(struct analyzer *az)
{
	unsigned	 k;

	if (az->mono / 1000000 == az->live.second)
		return;
	az->live.second = az->mono / 1000000;
	for (k = 0; k < EVENT_KINDS; k++) {
		if (az->live.said[k] > LIVE_PER_SECOND)
			proc_monitor(az->proc, kinds[k].type, "%" PRIu32
			    " more in this second", az->live.said[k] -
			    LIVE_PER_SECOND);
		az->live.said[k] = 0;
	}
}

void
live_say(struct analyzer *az, const struct msg_event *e)
{
	char	 client[ENDPOINT_TEXT_MAX], server[ENDPOINT_TEXT_MAX];
	char	 line[MSG_TEXT_MAX / 2];

	if (!live_wants(az, (enum event_kind)e->kind))
		return;
	live_tick(az);
	if (az->live.said[e->kind]++ >= LIVE_PER_SECOND)
		return;
	kinds[e->kind].line(line, sizeof(line), e);
	proc_monitor(az->proc, kinds[e->kind].type, "%s > %s %s",
	    addr_is_zero(&e->asker) ?
	    endpoint_print(&e->client, client, sizeof(client)) :
	    addr_print(&e->asker, client, sizeof(client)),
	    endpoint_print(&e->server, server, sizeof(server)), line);
}
