#include <stdio.h>
#include <string.h>

#include "analyzer/conn.h"
#include "analyzer/rows.h"
#include "analyzer/why.h"
#include "sandbox/compat.h"

#define TOP_FLOWS	1000
#define WALK		4096	/* slots of the flow table at a time */

/* ---- flows ---- */

struct flow_filter {
	struct rows	*r;
	uint32_t	 left;
	/* for why */
	uint64_t	 seen;
	uint64_t	 midstream;
	uint64_t	 one_sided;
	uint64_t	 half_open;
	uint64_t	 lossy;
	uint64_t	 vlan;
	uint64_t	 packets;
	uint64_t	 protos[SESSION_PROTOS];
};

static bool
has(const char *text, size_t len, const char *word)
{
	return *word != '\0' && memmem(text, len, word, strlen(word)) != NULL;
}

/* "port 80", "interface eth0", "host x", "proto tls", or any part of these. */
static bool
word_fits(const struct rows *r, const struct flow_info *f,
    const void *reader, const char *key, const char *value)
{
	const uint8_t	*host;
	struct iface	*i;
	char		 a[ENDPOINT_TEXT_MAX], b[ENDPOINT_TEXT_MAX];
	char		 port[8];
	size_t		 n;

	n = conn_host(reader, &host);
	i = state_iface(r->az, f->half[f->half[0].seen ? 0 : 1].iface);
	if (strcmp(key, "port") == 0) {
		snprintf(port, sizeof(port), "%u", f->key.b.port);
		if (strcmp(port, value) == 0)
			return true;
		snprintf(port, sizeof(port), "%u", f->key.a.port);
		return !f->client_known && strcmp(port, value) == 0;
	}
	if (strcmp(key, "interface") == 0)
		return i != NULL && strcmp(i->info.name, value) == 0;
	if (strcmp(key, "host") == 0)
		return conf_glob(value, (const char *)host, n);
	if (strcmp(key, "proto") == 0)
		return strcmp(conn_proto(reader), value) == 0;
	endpoint_print(&f->key.a, a, sizeof(a));
	endpoint_print(&f->key.b, b, sizeof(b));
	return has(a, strlen(a), value) || has(b, strlen(b), value) ||
	    has((const char *)host, n, value) ||
	    has(conn_proto(reader), strlen(conn_proto(reader)), value) ||
	    (i != NULL && has(i->info.name, strlen(i->info.name), value));
}

static bool
is_key(const char *word)
{
	static const char *const keys[] = {
		"port", "interface", "host", "proto"
	};
	size_t	 i;

	for (i = 0; i < nitems(keys); i++)
		if (strcmp(keys[i], word) == 0)
			return true;
	return false;
}

static bool
flow_fits(const struct rows *r, const struct flow_info *f,
    const void *reader)
{
	unsigned	 i;

	for (i = 0; i < r->q->nargs; i++) {
		if (is_key(r->q->args[i]) && i + 1U < r->q->nargs) {
			if (!word_fits(r, f, reader, r->q->args[i],
			    r->q->args[i + 1]))
				return false;
			i++;
		} else if (!word_fits(r, f, reader, "", r->q->args[i]))
			return false;
	}
	return true;
}

static void
flow_one(void *arg, struct flow *fl)
{
	struct flow_filter	*ff = arg;
	struct flow_info	 f;

	if (ff->left == 0 || ff->r->a.failed)
		return;
	flow_info(ff->r->az->flows, fl, &f);
	if (f.state == FLOW_ALIAS || !flow_fits(ff->r, &f, f.reader))
		return;
	ff->left--;
	rows_flow(ff->r, &f, f.reader);
}

static void
walk(struct rows *r, struct flow_filter *ff,
    void (*fn)(void *, struct flow *))
{
	uint64_t	 cursor = 0;

	ff->r = r;
	while (ff->left > 0 && !r->a.failed &&
	    flow_walk(r->az->flows, &cursor, WALK, fn, ff))
		continue;
}

void
why_flows(struct rows *r)
{
	struct flow_filter	 ff;

	memset(&ff, 0, sizeof(ff));
	ff.left = r->q->top == 0 ? TOP_FLOWS : r->top;
	rows_complete(r);
	walk(r, &ff, flow_one);
}

/* ---- why ---- */

static void
why_one(void *arg, struct flow *fl)
{
	struct flow_filter	*ff = arg;
	struct flow_info	 f;
	const char		*proto;
	unsigned		 i;

	flow_info(ff->r->az->flows, fl, &f);
	if (f.state == FLOW_ALIAS || !flow_fits(ff->r, &f, f.reader))
		return;
	ff->seen++;
	ff->midstream += f.midstream;
	ff->one_sided += f.one_sided || !f.half[0].seen || !f.half[1].seen;
	ff->half_open += f.state == FLOW_SYN;
	ff->lossy += f.half[0].lost + f.half[1].lost > 0;
	ff->vlan += f.half[f.half[0].seen ? 0 : 1].nvlan > 0;
	ff->packets += f.half[0].packets + (uint64_t)f.half[1].packets;
	proto = conn_proto(f.reader);
	for (i = 0; i < SESSION_PROTOS; i++)
		if (strcmp(proto,
		    session_proto_name((enum session_proto)i)) == 0)
			ff->protos[i]++;
}

static void
why_interfaces(struct rows *r)
{
	const struct analyzer	*az = r->az;
	const char		*want = NULL;
	unsigned		 i, up = 0, other = 0;
	bool			 found = false;

	for (i = 0; i + 1U < r->q->nargs; i++)
		if (strcmp(r->q->args[i], "interface") == 0)
			want = r->q->args[i + 1];
	for (i = 0; i < az->nifaces; i++) {
		if (!az->ifaces[i].known)
			continue;
		if (want != NULL &&
		    strcmp(az->ifaces[i].info.name, want) != 0)
			continue;
		found = true;
		if (az->ifaces[i].info.state == IFACE_UP)
			up++;
		else
			other++;
	}
	if (want != NULL && !found)
		rows_text(r, "cause", "1 interfaces    %s is not watched",
		    want);
	else
		rows_text(r, up > 0 ? "ok" : "cause",
		    "1 interfaces    %u open, %u not up or not opened", up,
		    other);
}

static bool
why_packets(struct rows *r, const struct flow_filter *ff)
{
	const uint64_t	*v = r->v;
	double		 c;

	meter_sum(r->az->meter, r->az->meter->total, r->window, r->v);
	c = meter_complete(v, (uint64_t)(r->seconds * 1e6), 0);
	rows_text(r, v[MC_PACKETS] > 0 ? "ok" : "cause", "2 packets       "
	    "%llu packets in the last %.0f s, %llu of them TCP",
	    (unsigned long long)v[MC_PACKETS], r->seconds,
	    (unsigned long long)v[MC_SEGMENTS]);
	if (v[MC_PACKETS] == 0 && r->az->proc->conf->filter[0] != '\0')
		rows_text(r, "", "  A filter is set; it may leave all out: %s",
		    r->az->proc->conf->filter);
	if (v[MC_KERNEL_DROPS] > 0)
		rows_text(r, c < 0.5 ? "cause" : "", "  the kernel dropped "
		    "%llu packets: raise ring total",
		    (unsigned long long)v[MC_KERNEL_DROPS]);
	if (v[MC_CUT_PACKETS] > 0)
		rows_text(r, "cause", "  %llu packets are cut by snaplen: "
		    "raise it", (unsigned long long)v[MC_CUT_PACKETS]);
	if (ff->vlan > 0 && ff->vlan == ff->seen)
		rows_text(r, "", "  all of these connections carry VLAN tags");
	return v[MC_PACKETS] > 0;
}

static void
why_protocols(struct rows *r, const struct flow_filter *ff)
{
	uint64_t	 http = ff->protos[SESSION_HTTP1];

	if (http > 0) {
		rows_text(r, "ok", "4 http          %llu of %llu connections "
		    "speak HTTP/1", (unsigned long long)http,
		    (unsigned long long)ff->seen);
		return;
	}
	if (ff->protos[SESSION_TLS] > 0) {
		rows_text(r, "cause", "4 http          0 requests: first "
		    "bytes look like TLS in %llu of %llu",
		    (unsigned long long)ff->protos[SESSION_TLS],
		    (unsigned long long)ff->seen);
		rows_text(r, "", "  This is TLS: see show names");
	} else if (ff->protos[SESSION_HTTP2] > 0)
		rows_text(r, "cause", "4 http          0 requests: HTTP/2 in "
		    "%llu of %llu, which is not parsed",
		    (unsigned long long)ff->protos[SESSION_HTTP2],
		    (unsigned long long)ff->seen);
	else if (ff->protos[SESSION_OTHER] > 0)
		rows_text(r, "cause", "4 http          0 requests: neither "
		    "HTTP nor TLS in %llu of %llu",
		    (unsigned long long)ff->protos[SESSION_OTHER],
		    (unsigned long long)ff->seen);
	else if (r->v[MC_REQUESTS] > 0)
		rows_text(r, "ok", "4 http          %llu requests in the "
		    "last %.0f s",
		    (unsigned long long)r->v[MC_REQUESTS], r->seconds);
	else
		rows_text(r, "cause", "4 http          0 requests: no "
		    "payload yet in %llu connections",
		    (unsigned long long)ff->seen);
}

void
why_answer(struct rows *r)
{
	struct flow_filter	 ff;

	memset(&ff, 0, sizeof(ff));
	ff.left = UINT32_MAX;
	walk(r, &ff, why_one);
	rows_complete(r);
	why_interfaces(r);
	if (!why_packets(r, &ff))
		return;
	rows_text(r, ff.seen > 0 ? "ok" : "cause", "3 connections   %llu "
	    "live, %llu without a seen start, %llu seen on one side only",
	    (unsigned long long)ff.seen, (unsigned long long)ff.midstream,
	    (unsigned long long)ff.one_sided);
	if (ff.seen == 0) {
		rows_text(r, "", "  No connection fits: the port or host may "
		    "be another one, see show flows");
		return;
	}
	if (ff.half_open == ff.seen)
		rows_text(r, "cause", "  none of them was answered");
	else if (ff.one_sided == ff.seen)
		rows_text(r, "cause", "  only one direction passes here: "
		    "watch the other interface too");
	why_protocols(r, &ff);
}
