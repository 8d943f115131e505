#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mirror/eve.h"
#include "sandbox/compat.h"
#include "sandbox/row.h"
#include "sandbox/vis.h"

#define PROTO_TCP	6
#define GID		90	/* of our alerts */

/* A line that grows; full is sticky. */
struct line {
	char		*p;
	size_t		 size;
	size_t		 n;
	bool		 full;
	bool		 comma;
};

/* ---- SHA-1 (FIPS 180-4), of less than 56 bytes ---- */

static uint32_t
rol(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static void
sha1_block(uint32_t h[5], const uint8_t b[64])
{
	static const uint32_t	 k[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc,
	    0xca62c1d6 };
	uint32_t		 w[80], a[5], f, t;
	int			 i;

	for (i = 0; i < 16; i++)
		w[i] = (uint32_t)b[4 * i] << 24 | (uint32_t)b[4 * i + 1] << 16 |
		    (uint32_t)b[4 * i + 2] << 8 | b[4 * i + 3];
	for (; i < 80; i++)
		w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	memcpy(a, h, sizeof(a));
	for (i = 0; i < 80; i++) {
		f = i < 20 ? (a[1] & a[2]) | (~a[1] & a[3]) :
		    i < 40 || i >= 60 ? a[1] ^ a[2] ^ a[3] :
		    (a[1] & a[2]) | (a[1] & a[3]) | (a[2] & a[3]);
		t = rol(a[0], 5) + f + a[4] + k[i / 20] + w[i];
		a[4] = a[3];
		a[3] = a[2];
		a[2] = rol(a[1], 30);
		a[1] = a[0];
		a[0] = t;
	}
	for (i = 0; i < 5; i++)
		h[i] += a[i];
}

static void
sha1_short(const uint8_t *p, size_t n, uint8_t out[20])
{
	uint32_t	 h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe,
	    0x10325476, 0xc3d2e1f0 };
	uint8_t		 b[64] = { 0 };
	int		 i;

	memcpy(b, p, n);
	b[n] = 0x80;
	b[62] = (uint8_t)(n * 8 >> 8);
	b[63] = (uint8_t)(n * 8);
	sha1_block(h, b);
	for (i = 0; i < 20; i++)
		out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

/* RFC 4648, section 4: 20 bytes to 28 characters. */
static void
base64_20(const uint8_t in[20], char out[29])
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t		 pad[21] = { 0 };
	uint32_t	 v;
	int		 i;

	memcpy(pad, in, 20);
	for (i = 0; i < 7; i++) {
		v = (uint32_t)pad[3 * i] << 16 | (uint32_t)pad[3 * i + 1] << 8 |
		    pad[3 * i + 2];
		out[4 * i] = set[v >> 18];
		out[4 * i + 1] = set[v >> 12 & 63];
		out[4 * i + 2] = set[v >> 6 & 63];
		out[4 * i + 3] = set[v & 63];
	}
	out[27] = '=';
	out[28] = '\0';
}

void
eve_community_id(char out[EVE_COMMUNITY_MAX], const struct endpoint *x,
    const struct endpoint *y)
{
	const struct endpoint	*e[2] = { x, y };
	uint8_t			 b[40], sum[20];
	size_t			 n, skip, i;

	if (endpoint_cmp(x, y) > 0) {
		e[0] = y;
		e[1] = x;
	}
	skip = addr_is4(&x->addr) && addr_is4(&y->addr) ? 12 : 0;
	b[0] = b[1] = 0;	/* the seed */
	n = 2;
	for (i = 0; i < 2; i++) {
		memcpy(b + n, e[i]->addr.b + skip, 16 - skip);
		n += 16 - skip;
	}
	b[n++] = PROTO_TCP;
	b[n++] = 0;
	for (i = 0; i < 2; i++) {
		b[n++] = (uint8_t)(e[i]->port >> 8);
		b[n++] = (uint8_t)e[i]->port;
	}
	sha1_short(b, n, sum);
	memcpy(out, "1:", 2);
	base64_20(sum, out + 2);
}

/* ---- writing ---- */

static void PRINTFLIKE(2, 3)
put(struct line *l, const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	if (l->full)
		return;
	va_start(ap, fmt);
	n = vsnprintf(l->p + l->n, l->size - l->n, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= l->size - l->n)
		l->full = true;
	else
		l->n += (size_t)n;
}

static void
put_vis(struct line *l, enum vis_form form, const void *p, size_t n)
{
	if (l->full)
		return;
	if (vis_put(form, l->p + l->n, l->size - l->n, p, n) < n)
		l->full = true;
	else
		l->n += strlen(l->p + l->n);
}

static void
key(struct line *l, const char *k)
{
	put(l, "%s\"%s\":", l->comma ? "," : "", k);
	l->comma = true;
}

static void
open_object(struct line *l, const char *k)
{
	key(l, k);
	put(l, "{");
	l->comma = false;
}

static void
close_object(struct line *l)
{
	put(l, "}");
	l->comma = true;
}

static void
put_num(struct line *l, const char *k, uint64_t v)
{
	key(l, k);
	put(l, "%" PRIu64, v);
}

static void
put_double(struct line *l, const char *k, double v)
{
	key(l, k);
	if (isfinite(v))
		put(l, "%.15g", v);
	else
		put(l, "0");
}

static void
put_bool(struct line *l, const char *k, bool v)
{
	key(l, k);
	put(l, v ? "true" : "false");
}

static void
put_strn(struct line *l, const char *k, const void *p, size_t n)
{
	key(l, k);
	put(l, "\"");
	put_vis(l, VIS_JSON, p, n);
	put(l, "\"");
}

static void
put_str(struct line *l, const char *k, const char *s)
{
	put_strn(l, k, s, strlen(s));
}

/* Left out when empty. */
static void
put_span(struct line *l, const char *k, const struct msg_span *s)
{
	if (s->n > 0)
		put_strn(l, k, s->p, s->n);
}

static void
put_time(struct line *l, const char *k, uint64_t us)
{
	time_t		 t = (time_t)(us / 1000000);
	struct tm	 tm;
	char		 s[32];

	if (gmtime_r(&t, &tm) == NULL || strftime(s, sizeof(s),
	    "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		compat_strlcpy(s, "1970-01-01T00:00:00", sizeof(s));
	key(l, k);
	put(l, "\"%s.%06u+0000\"", s, (unsigned)(us % 1000000));
}

/* ---- parts ---- */

static bool
is_zero(const struct endpoint *e)
{
	static const struct addr	 zero;

	return addr_cmp(&e->addr, &zero) == 0;
}

static void
put_endpoint(struct line *l, const char *ip, const char *port,
    const struct endpoint *e)
{
	char	 s[ADDR_TEXT_MAX];

	put_str(l, ip, addr_print(&e->addr, s, sizeof(s)));
	put_num(l, port, e->port);
}

static void
put_head(struct line *l, const struct msg_event *e, const char *type)
{
	size_t	 i;

	put(l, "{");
	put_time(l, "timestamp", e->ts_us);
	if (e->flow_id != 0)
		put_num(l, "flow_id", e->flow_id);
	if (e->iface[0] != '\0')
		put_str(l, "in_iface", e->iface);
	put_str(l, "event_type", type);
	if (e->vlan[0] >= 0) {
		key(l, "vlan");
		put(l, "[");
		for (i = 0; i < 2 && e->vlan[i] >= 0; i++)
			put(l, "%s%d", i > 0 ? "," : "", (int)e->vlan[i]);
		put(l, "]");
	}
}

/* The keys of every event that has a connection. */
static void
put_connection(struct line *l, const struct msg_event *e)
{
	const struct endpoint	*real;
	char			 id[EVE_COMMUNITY_MAX];

	if (is_zero(&e->client) && is_zero(&e->server))
		return;
	put_endpoint(l, "src_ip", "src_port", &e->client);
	put_endpoint(l, "dest_ip", "dest_port", &e->server);
	put_str(l, "proto", "TCP");
	put_num(l, "ip_v", addr_is4(&e->server.addr) ? 4 : 6);
	if (e->hide_client)
		return;
	real = is_zero(&e->real_client) ? &e->client : &e->real_client;
	eve_community_id(id, real, &e->server);
	put_str(l, "community_id", id);
}

static void
put_http(struct line *l, const struct msg_event *e)
{
	put_num(l, "tx_id", e->tx_id);
	put_str(l, "app_proto", "http");
	open_object(l, "http");
	put_span(l, "hostname", &e->host);
	put_span(l, "url", &e->uri);
	put_span(l, "http_user_agent", &e->agent);
	put_span(l, "http_content_type", &e->content_type);
	put_span(l, "http_refer", &e->referer);
	put_span(l, "http_method", &e->method);
	put_span(l, "protocol", &e->protocol);
	if (e->status != 0)
		put_num(l, "status", e->status);
	put_num(l, "length", e->response_body);
	close_object(l);
}

static void
put_http_extras(struct line *l, const struct msg_event *e)
{
	put_span(l, "section", &e->section);
	if (e->first_byte_us != 0)
		put_num(l, "ttfb_us", e->first_byte_us);
	if (e->last_byte_us != 0)
		put_num(l, "total_us", e->last_byte_us);
	put_num(l, "req_body", e->request_body);
	put_num(l, "resp_body", e->response_body);
	put_bool(l, "complete", e->gap == 0);
	if (e->rtt_us != 0)
		put_num(l, "peer_rtt_us", e->rtt_us);
	put_span(l, "tag", &e->tag);
}

static void
put_alpns(struct line *l, const struct msg_span *s)
{
	const uint8_t	*p, *end, *comma;
	bool		 first;

	if (s->n == 0)
		return;
	key(l, "client_alpns");
	put(l, "[");
	first = true;
	for (p = s->p, end = s->p + s->n; p < end; p = comma + 1) {
		if ((comma = memchr(p, ',', (size_t)(end - p))) == NULL)
			comma = end;
		put(l, "%s\"", first ? "" : ",");
		put_vis(l, VIS_JSON, p, (size_t)(comma - p));
		put(l, "\"");
		first = false;
	}
	put(l, "]");
}

static void
put_tls(struct line *l, const struct msg_event *e)
{
	put_str(l, "app_proto", "tls");
	open_object(l, "tls");
	put_span(l, "sni", &e->host);
	put_span(l, "version", &e->protocol);
	put_alpns(l, &e->alpn);
	if (e->resumed)
		put_bool(l, "session_resumed", true);
	close_object(l);
}

static void
put_tls_extras(struct line *l, const struct msg_event *e)
{
	if (e->last_byte_us != 0)
		put_num(l, "handshake_us", e->last_byte_us);
	if (e->rtt_us != 0)
		put_num(l, "peer_rtt_us", e->rtt_us);
	put_span(l, "tag", &e->tag);
}

static void
put_flow(struct line *l, const struct msg_event *e)
{
	static const char *const	 states[] = { "new", "established",
	    "closed" };
	const char			*state;

	state = states[e->closed < nitems(states) ? e->closed : 2];
	if (e->protocol.n > 0)
		put_strn(l, "app_proto", e->protocol.p, e->protocol.n);
	open_object(l, "flow");
	put_num(l, "pkts_toserver", e->packets[0]);
	put_num(l, "pkts_toclient", e->packets[1]);
	put_num(l, "bytes_toserver", e->bytes[0]);
	put_num(l, "bytes_toclient", e->bytes[1]);
	put_time(l, "start", e->start_us);
	put_time(l, "end", e->end_us);
	put_num(l, "age", e->end_us > e->start_us ?
	    (e->end_us - e->start_us) / 1000000 : 0);
	put_str(l, "state", state);
	put_span(l, "reason", &e->text);
	put_bool(l, "alerted", false);
	put_num(l, "tx_cnt", e->tx_count);
	close_object(l);
	open_object(l, "tcp");
	key(l, "tcp_flags");
	put(l, "\"%02x\"", (unsigned)e->tcp_flags);
	put_str(l, "state", state);
	put_bool(l, "ts_gap", (e->gaps & 1) != 0);
	put_bool(l, "tc_gap", (e->gaps & 2) != 0);
	close_object(l);
}

static void
put_flow_extras(struct line *l, const struct msg_event *e)
{
	if (e->rtt_us != 0)
		put_num(l, "peer_rtt_us", e->rtt_us);
	put_bool(l, "complete", e->gaps == 0 && e->gap == 0);
	put_span(l, "host", &e->host);
	put_span(l, "tag", &e->tag);
}

static void
put_anomaly(struct line *l, const struct msg_event *e)
{
	if (e->protocol.n > 0)
		put_strn(l, "app_proto", e->protocol.p, e->protocol.n);
	open_object(l, "anomaly");
	put_str(l, "type", "applayer");
	put_span(l, "event", &e->text);
	put_str(l, "layer", "proto_parser");
	close_object(l);
}

/* ---- alerts ---- */

static unsigned
rule_number(const struct conf *conf, const struct row_value *name)
{
	size_t	 i;

	for (i = 0; i < conf->nalerts; i++)
		if (strlen(conf->alerts[i].name) == name->s.n &&
		    memcmp(conf->alerts[i].name, name->s.p, name->s.n) == 0)
			return (unsigned)i + 1;
	return 0;
}

static unsigned
severity(const struct row_value *v)
{
	static const char *const	 names[] = { "error", "warning" };
	unsigned			 i;

	for (i = 0; i < nitems(names); i++)
		if (v->s.n == strlen(names[i]) &&
		    memcmp(v->s.p, names[i], v->s.n) == 0)
			return i + 1;
	return 3;
}

static void
put_row_field(struct line *l, const char *as, const struct row *r,
    const char *field)
{
	const struct row_value	*v;

	if ((v = row_value(r, field)) == NULL)
		return;
	switch (v->type) {
	case ROW_STR:
		if (v->s.n > 0)
			put_strn(l, as, v->s.p, v->s.n);
		break;
	case ROW_DOUBLE:
		put_double(l, as, v->d);
		break;
	case ROW_BOOL:
		put_bool(l, as, v->b);
		break;
	case ROW_U64:
		put_num(l, as, v->u);
		break;
	case ROW_I64:
		break;
	}
}

static void
put_context(struct line *l, const struct row *r, struct buf *rest)
{
	static const char *const	 fields[][2] = {
		{ "id", "id" }, { "state", "event" }, { "key", "key" },
		{ "metric", "metric" }, { "value", "value" },
		{ "limit", "limit" }, { "unit", "unit" },
		{ "span_seconds", "span_seconds" },
		{ "after_seconds", "after_seconds" }, { "peak", "peak" },
		{ "complete", "complete" }, { "restarted", "restarted" },
	};
	struct row			 top;
	size_t				 i;
	bool				 first;

	open_object(l, "context");
	for (i = 0; i < nitems(fields); i++)
		put_row_field(l, fields[i][0], r, fields[i][1]);
	key(l, "top");
	put(l, "[");
	first = true;
	while (buf_left(rest) > 0 && row_get(rest, &top) == 0) {
		if (top.kind != ROW_CONTRIBUTOR)
			continue;
		put(l, "%s{", first ? "" : ",");
		l->comma = false;
		put_row_field(l, "host", &top, "host");
		put_row_field(l, "share", &top, "share");
		put(l, "}");
		first = false;
	}
	put(l, "]");
	l->comma = true;
	close_object(l);
}

static void
put_alert(struct line *l, const struct msg_event *e, const struct conf *conf)
{
	const struct row_value	*name, *sev;
	struct buf		 b;
	struct row		 r;

	buf_reader(&b, e->rows.p, e->rows.n);
	if (row_get(&b, &r) == -1 || r.kind != ROW_ALERT_EVENT) {
		l->full = true;
		return;
	}
	name = row_value(&r, "rule");
	sev = row_value(&r, "severity");
	open_object(l, "alert");
	put_str(l, "action", "allowed");
	put_num(l, "gid", GID);
	put_num(l, "signature_id", rule_number(conf, name));
	put_num(l, "rev", 1);
	put_strn(l, "signature", name->s.p, name->s.n);
	put_str(l, "category", "traffic threshold");
	put_num(l, "severity", severity(sev));
	put_context(l, &r, &b);
	close_object(l);
}

/* ---- statistics ---- */

struct stat_name {
	const char	*section;	/* NULL: at the top of stats */
	const char	*key;
	const char	*tally;
};

/* Suricata's names, grouped by section. */
static const struct stat_name stat_names[] = {
	{ "capture",	"kernel_packets",	"cap_packets" },
	{ "capture",	"kernel_drops",		"cap_kernel_drops" },
	{ "capture",	"errors",		"cap_open_errors" },
	{ "decoder",	"pkts",			"pkt_seen" },
	{ "decoder",	"bytes",		"pkt_bytes" },
	{ "decoder",	"invalid",		"pkt_bad" },
	{ "tcp",	"sessions",		"flow_created" },
	{ "tcp",	"reassembly_gap",	"reass_gaps" },
	{ "tcp",	"overlap",		"reass_overlaps" },
};

static bool
find_tally(const struct msg_span *rows, const char *name, uint64_t *v)
{
	const struct row_value	*n;
	struct buf		 b;
	struct row		 r;

	buf_reader(&b, rows->p, rows->n);
	while (buf_left(&b) > 0 && row_get(&b, &r) == 0) {
		if (r.kind != ROW_TALLY)
			continue;
		n = row_value(&r, "name");
		if (n->s.n != strlen(name) ||
		    memcmp(n->s.p, name, n->s.n) != 0)
			continue;
		*v = row_value(&r, "value")->u;
		return true;
	}
	return false;
}

static void
put_stats(struct line *l, const struct msg_event *e)
{
	const char	*section;
	uint64_t	 v;
	size_t		 i;

	open_object(l, "stats");
	put_num(l, "uptime", e->start_us != 0 && e->ts_us > e->start_us ?
	    (e->ts_us - e->start_us) / 1000000 : 0);
	section = NULL;
	for (i = 0; i < nitems(stat_names); i++) {
		if (!find_tally(&e->rows, stat_names[i].tally, &v))
			continue;
		if (section == NULL ||
		    strcmp(section, stat_names[i].section) != 0) {
			if (section != NULL)
				close_object(l);
			section = stat_names[i].section;
			open_object(l, section);
		}
		put_num(l, stat_names[i].key, v);
	}
	if (section != NULL)
		close_object(l);
	close_object(l);
}

static void
put_stats_extras(struct line *l, const struct msg_event *e)
{
	const struct row_value	*n;
	struct buf		 b;
	struct row		 r;
	char			 name[64];

	open_object(l, "tally");
	buf_reader(&b, e->rows.p, e->rows.n);
	while (buf_left(&b) > 0 && row_get(&b, &r) == 0) {
		n = row_value(&r, "name");
		if (r.kind != ROW_TALLY || n->s.n >= sizeof(name))
			continue;
		vis_put(VIS_JSON, name, sizeof(name), n->s.p, n->s.n);
		put_num(l, name, row_value(&r, "value")->u);
	}
	close_object(l);
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
	[EVENT_FLOW]	= { "flow", CONF_EV_FLOW, put_flow, put_flow_extras },
	[EVENT_ALERT]	= { "alert", CONF_EV_ALERT, NULL, NULL },
	[EVENT_STATS]	= { "stats", CONF_EV_STATS, put_stats,
	    put_stats_extras },
	[EVENT_ANOMALY]	= { "anomaly", CONF_EV_ANOMALY, put_anomaly, NULL },
};

static void
eve(struct line *l, const struct msg_event *e, const struct conf_log *log,
    const struct conf *conf)
{
	const struct event_desc	*d = &kinds[e->kind];

	put_head(l, e, d->type);
	put_connection(l, e);
	if (d->body != NULL)
		d->body(l, e);
	else
		put_alert(l, e, conf);
	if (log->extras && d->extras != NULL) {
		open_object(l, "netmond");
		put_num(l, "v", 1);
		d->extras(l, e);
		close_object(l);
	}
	put(l, "}\n");
}

static void
put_word(struct line *l, const struct msg_span *s)
{
	if (s->n == 0)
		put(l, "-");
	else
		put_vis(l, VIS_LOG, s->p, s->n);
}

/* NCSA common log format; combined adds referer and agent. */
static void
access_line(struct line *l, const struct msg_event *e, bool combined)
{
	static const char	 months[] =
	    "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t			 t = (time_t)(e->ts_us / 1000000);
	struct tm		 tm = { 0 };
	char			 s[ADDR_TEXT_MAX];

	if (gmtime_r(&t, &tm) == NULL || tm.tm_mon < 0 || tm.tm_mon > 11)
		memset(&tm, 0, sizeof(tm));
	put(l, "%s - - [%02d/%.3s/%d:%02d:%02d:%02d +0000] \"",
	    addr_print(&e->client.addr, s, sizeof(s)), tm.tm_mday,
	    months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
	put_word(l, &e->method);
	put(l, " ");
	put_word(l, &e->uri);
	put(l, " ");
	put_word(l, &e->protocol);
	if (e->status != 0)
		put(l, "\" %u ", (unsigned)e->status);
	else
		put(l, "\" - ");
	if (e->response_body != 0)
		put(l, "%" PRIu64, e->response_body);
	else
		put(l, "-");
	if (combined) {
		put(l, " \"");
		put_word(l, &e->referer);
		put(l, "\" \"");
		put_word(l, &e->agent);
		put(l, "\"");
	}
	put(l, "\n");
}

int
eve_line(char *out, size_t size, const struct msg_event *e,
    const struct conf_log *log, const struct conf *conf)
{
	struct line	 l = { .p = out, .size = size };

	if (e->kind >= EVENT_KINDS)
		return -1;
	if (log->format != LOG_EVE && e->kind != EVENT_HTTP)
		return 0;
	if (log->format == LOG_EVE && (log->types & kinds[e->kind].bit) == 0)
		return 0;
	if (log->format == LOG_EVE)
		eve(&l, e, log, conf);
	else
		access_line(&l, e, log->format == LOG_COMBINED);
	return l.full ? -1 : (int)l.n;
}
