#include <inttypes.h>
#include <string.h>

#include "mirror/access.h"
#include "mirror/community.h"
#include "mirror/eve.h"
#include "mirror/eve_rows.h"
#include "mirror/line.h"
#include "sandbox/compat.h"

/* ---- parts ---- */

static void
put_endpoint(struct line *l, const char *ip, const char *port,
    const struct endpoint *e)
{
	char	 s[ADDR_TEXT_MAX];

	line_str(l, ip, addr_print(&e->addr, s, sizeof(s)));
	line_num(l, port, e->port);
}

static void
put_head(struct line *l, const struct msg_event *e, const char *type)
{
	size_t	 i;

	line_put(l, "{");
	line_time(l, "timestamp", e->ts_us);
	if (e->flow_id != 0)
		line_num(l, "flow_id", e->flow_id);
	if (e->iface[0] != '\0')
		line_str(l, "in_iface", e->iface);
	line_str(l, "event_type", type);
	if (e->vlan[0] >= 0) {
		line_key(l, "vlan");
		line_put(l, "[");
		for (i = 0; i < 2 && e->vlan[i] >= 0; i++)
			line_put(l, "%s%d", i > 0 ? "," : "", (int)e->vlan[i]);
		line_put(l, "]");
	}
}

/* The keys of every event that has a connection. */
static void
put_connection(struct line *l, const struct msg_event *e)
{
	const struct endpoint	*real;
	char			 id[COMMUNITY_MAX], asker[ADDR_TEXT_MAX];

	if (addr_is_zero(&e->client.addr) && addr_is_zero(&e->server.addr))
		return;
	put_endpoint(l, "src_ip", "src_port", &e->client);
	put_endpoint(l, "dest_ip", "dest_port", &e->server);
	line_str(l, "proto", e->kind == EVENT_QUIC ? "UDP" : "TCP");
	if (!addr_is_zero(&e->asker))
		line_str(l, "xff", addr_print(&e->asker, asker,
		    sizeof(asker)));
	line_num(l, "ip_v", addr_is4(&e->server.addr) ? 4 : 6);
	if (e->hide_client)
		return;
	real = addr_is_zero(&e->real_client.addr) ? &e->client :
	    &e->real_client;
	community_id(id, e->kind == EVENT_QUIC ? COMMUNITY_UDP :
	    COMMUNITY_TCP, real, &e->server);
	line_str(l, "community_id", id);
}

static void
put_http(struct line *l, const struct msg_event *e)
{
	line_num(l, "tx_id", e->tx_id);
	line_str(l, "app_proto", "http");
	line_open(l, "http");
	line_span(l, "hostname", &e->host);
	line_span(l, "url", &e->uri);
	line_span(l, "http_user_agent", &e->agent);
	line_span(l, "http_content_type", &e->content_type);
	line_span(l, "http_refer", &e->referer);
	line_span(l, "http_method", &e->method);
	line_span(l, "protocol", &e->protocol);
	if (e->status != 0)
		line_num(l, "status", e->status);
	line_num(l, "length", e->response_body);
	line_close(l);
}

static void
put_http_extras(struct line *l, const struct msg_event *e)
{
	line_span(l, "section", &e->section);
	if (e->first_byte_us != 0)
		line_num(l, "ttfb_us", e->first_byte_us);
	if (e->last_byte_us != 0)
		line_num(l, "total_us", e->last_byte_us);
	line_num(l, "req_body", e->request_body);
	line_num(l, "resp_body", e->response_body);
	line_bool(l, "complete", e->gap == 0);
	if (e->rtt_us != 0)
		line_num(l, "peer_rtt_us", e->rtt_us);
	line_span(l, "tag", &e->tag);
}

static void
put_alpns(struct line *l, const struct msg_span *s)
{
	const uint8_t	*p, *end, *comma;
	bool		 first;

	if (s->n == 0)
		return;
	line_key(l, "client_alpns");
	line_put(l, "[");
	first = true;
	for (p = s->p, end = s->p + s->n; p < end; p = comma + 1) {
		if ((comma = memchr(p, ',', (size_t)(end - p))) == NULL)
			comma = end;
		line_put(l, "%s\"", first ? "" : ",");
		line_vis(l, VIS_JSON, p, (size_t)(comma - p));
		line_put(l, "\"");
		first = false;
	}
	line_put(l, "]");
}

static void
put_tls(struct line *l, const struct msg_event *e)
{
	line_str(l, "app_proto", "tls");
	line_open(l, "tls");
	line_span(l, "sni", &e->host);
	if (e->protocol.n > 0)
		line_span(l, "version", &e->protocol);
	else
		line_str(l, "version", "UNDETERMINED");
	put_alpns(l, &e->alpn);
	if (e->resumed)
		line_bool(l, "session_resumed", true);
	line_close(l);
}

static void
put_tls_extras(struct line *l, const struct msg_event *e)
{
	if (e->last_byte_us != 0)
		line_num(l, "handshake_us", e->last_byte_us);
	line_span(l, "offered", &e->text);
	line_span(l, "failure", &e->failure);
	line_span(l, "certificate", &e->certificate);
	line_bool(l, "complete", e->gap == 0);
	if (e->rtt_us != 0)
		line_num(l, "peer_rtt_us", e->rtt_us);
	line_span(l, "tag", &e->tag);
}

/* Suricata writes the number of the version. */
static void
put_quic(struct line *l, const struct msg_event *e)
{
	line_str(l, "app_proto", "quic");
	line_open(l, "quic");
	line_key(l, "version");
	line_put(l, "\"%" PRIx32 "\"", e->status);
	line_span(l, "sni", &e->host);
	line_close(l);
}

static void
put_quic_extras(struct line *l, const struct msg_event *e)
{
	put_alpns(l, &e->alpn);
}

/* How a connection ended; TCP's own ends are called so in EVE. */
static void
put_reason(struct line *l, const struct msg_span *how)
{
	static const char *const	 own[][2] = {
		{ "fin", "tcp_fin" }, { "rst", "tcp_rst" }
	};
	size_t				 i;

	for (i = 0; i < nitems(own); i++)
		if (how->n == strlen(own[i][0]) &&
		    memcmp(how->p, own[i][0], how->n) == 0) {
			line_str(l, "reason", own[i][1]);
			return;
		}
	line_span(l, "reason", how);
}

static void
put_flow(struct line *l, const struct msg_event *e)
{
	static const char *const	 states[] = { "new", "established",
	    "closed" };
	const char			*state;

	state = states[e->closed < nitems(states) ? e->closed : 2];
	if (e->protocol.n > 0)
		line_strn(l, "app_proto", e->protocol.p, e->protocol.n);
	line_open(l, "flow");
	line_num(l, "pkts_toserver", e->packets[0]);
	line_num(l, "pkts_toclient", e->packets[1]);
	line_num(l, "bytes_toserver", e->bytes[0]);
	line_num(l, "bytes_toclient", e->bytes[1]);
	line_time(l, "start", e->start_us);
	line_time(l, "end", e->end_us);
	line_num(l, "age", e->end_us > e->start_us ?
	    (e->end_us - e->start_us) / 1000000 : 0);
	line_str(l, "state", state);
	put_reason(l, &e->text);
	line_bool(l, "alerted", false);
	line_num(l, "tx_cnt", e->tx_count);
	line_close(l);
	line_open(l, "tcp");
	line_key(l, "tcp_flags");
	line_put(l, "\"%02x\"", (unsigned)e->tcp_flags);
	line_str(l, "state", state);
	line_bool(l, "ts_gap", (e->gaps & 1) != 0);
	line_bool(l, "tc_gap", (e->gaps & 2) != 0);
	line_close(l);
}

static void
put_flow_extras(struct line *l, const struct msg_event *e)
{
	if (e->rtt_us != 0)
		line_num(l, "peer_rtt_us", e->rtt_us);
	line_bool(l, "complete", e->gaps == 0 && e->gap == 0);
	line_span(l, "host", &e->host);
	line_span(l, "tag", &e->tag);
}

static void
put_anomaly(struct line *l, const struct msg_event *e)
{
	if (e->protocol.n > 0)
		line_strn(l, "app_proto", e->protocol.p, e->protocol.n);
	line_open(l, "anomaly");
	line_str(l, "type", "applayer");
	line_span(l, "event", &e->text);
	line_str(l, "layer", "proto_parser");
	line_close(l);
}

/* ---- lines ---- */

static const struct event_desc {
	const char	*type;
	uint32_t	 bit;
	void		(*body)(struct line *, const struct msg_event *);
	void		(*extras)(struct line *, const struct msg_event *);
} kinds[EVENT_KINDS] = {
	[EVENT_HTTP]	= { "http", CONF_EV_HTTP, put_http, put_http_extras },
	[EVENT_TLS]	= { "tls", CONF_EV_TLS, put_tls, put_tls_extras },
	[EVENT_QUIC]	= { "quic", CONF_EV_TLS, put_quic, put_quic_extras },
	[EVENT_FLOW]	= { "flow", CONF_EV_FLOW, put_flow, put_flow_extras },
	[EVENT_ALERT]	= { "alert", CONF_EV_ALERT, NULL, NULL },
	[EVENT_STATS]	= { "stats", CONF_EV_STATS, eve_stats,
	    eve_stats_extras },
	[EVENT_ANOMALY]	= { "anomaly", CONF_EV_ANOMALY, put_anomaly, NULL },
};

static void
eve(struct line *l, const struct msg_event *e, const struct conf_log *log,
    const struct conf *conf, const struct eve_origin *from)
{
	const struct event_desc	*d = &kinds[e->kind];

	put_head(l, e, d->type);
	if (log->extras && from != NULL)
		line_str(l, "host", from->node);
	put_connection(l, e);
	if (d->body != NULL)
		d->body(l, e);
	else
		eve_alert(l, e, conf);
	if (log->extras && (d->extras != NULL || from != NULL)) {
		line_open(l, "netmond");
		line_num(l, "v", 1);
		if (from != NULL) {
			line_num(l, "epoch", from->epoch);
			line_num(l, "seq", from->seq);
		}
		if (d->extras != NULL)
			d->extras(l, e);
		line_close(l);
	}
	line_put(l, "}\n");
}

int
eve_line(char *out, size_t size, const struct msg_event *e,
    const struct conf_log *log, const struct conf *conf,
    const struct eve_origin *from)
{
	struct line	 l = { .p = out, .size = size };

	if (e->kind >= EVENT_KINDS)
		return -1;
	if (log->format != LOG_EVE && e->kind != EVENT_HTTP)
		return 0;
	if (log->format == LOG_EVE && (log->types & kinds[e->kind].bit) == 0)
		return 0;
	if (log->format == LOG_EVE)
		eve(&l, e, log, conf, from);
	else
		access_line(&l, e, log->format == LOG_COMBINED);
	return l.full ? -1 : (int)l.n;
}
