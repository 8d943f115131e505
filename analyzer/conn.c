#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/conn.h"
#include "analyzer/http.h"
#include "sandbox/compat.h"

#define OTHER_MAX	(256 * 1024)	/* bytes of an unknown protocol */
#define RECENT_DEFAULT	(256 * 1024)	/* of conf->stats.transactions */
#define TAGS		64	/* requests whose tag is remembered */
#define IGNORED		UINT64_MAX	/* token: a rule ignores this one */
#define HOST_KEEP	64	/* bytes of the last host, for show flows */

struct conn {
	TAILQ_ENTRY(conn) entry;	/* in az->mirrored */
	struct analyzer	*az;
	struct flow	*flow;
	struct session	*session;
	struct rule_flow rule;
	struct endpoint	 client;	/* as it may be kept */
	struct endpoint	 real_client;
	struct endpoint	 server;
	struct meter_cache cache;
	uint64_t	 name_token;	/* TLS name in the meter */
	uint64_t	 hello_us;
	uint64_t	 requests;
	uint64_t	 tx;
	uint64_t	 offset[2];	/* next byte of each direction */
	uint64_t	 mirrors;	/* bit mask of conf mirrors */
	uint8_t		 mirror_dirs;	/* 1 << stream_dir that any wants */
	uint16_t	 iface;
	uint8_t		*tags;		/* by request id, on demand */
	uint8_t		 host_len;
	uint8_t		 server_dir;	/* direction towards the server */
	bool		 hidden;
	bool		 ignored;	/* by an address rule, or our own */
	bool		 swapped;	/* direction 1 is the client's */
	bool		 stream_open;
	char		 client_text[ADDR_TEXT_MAX];
	uint8_t		 host[HOST_KEEP];
};

/* ---- who is who ---- */

static const char *
iface_name(struct analyzer *az, uint16_t id)
{
	struct iface	*i = state_iface(az, id);

	return i == NULL ? "" : i->info.name;
}

static struct sketch_entry *
meter_entry(const struct conn *c)
{
	struct iface	*i = state_iface(c->az, c->iface);

	return i == NULL ? NULL : i->entry;
}

static void
new_day(struct analyzer *az)
{
	uint64_t	 day = az->ts / 86400000000ULL + 1;

	if (day == az->day)
		return;
	az->day = day;
	rule_day_key(&az->proc->seed, az->ts, &az->day_key);
}

/* Endpoints, after it became clear which side is the client. */
static void
set_sides(struct conn *c)
{
	const struct conf_privacy *p = &c->az->proc->conf->privacy;
	struct flow_key		 key;

	flow_key(c->flow, &key);
	c->real_client = c->swapped ? key.b : key.a;
	c->server = c->swapped ? key.a : key.b;
	c->client = c->real_client;
	c->rule.client = c->real_client.addr;
	c->rule.server = c->server.addr;
	c->rule.port = c->server.port;
	new_day(c->az);
	c->hidden = rule_client(p, &c->az->day_key, &c->real_client.addr,
	    &c->client.addr);
	addr_print(&c->client.addr, c->client_text, sizeof(c->client_text));
}

static void
client_is(struct conn *c, unsigned dir)
{
	if (c->swapped == (dir == 1))
		return;
	c->swapped = dir == 1;
	flow_set_client(c->flow, (int)dir);
	set_sides(c);
}

static void
what_of(const struct conn *c, struct alert_what *w)
{
	memset(w, 0, sizeof(*w));
	w->iface = c->rule.iface;
	w->client = c->client_text;
	w->server = &c->server;
	w->vlan = c->rule.vlan[0];
}

static void
event_of(const struct conn *c, struct event_flow *f)
{
	f->id = flow_id(c->flow);
	f->iface = c->rule.iface;
	f->vlan[0] = c->rule.vlan[0];
	f->vlan[1] = c->rule.vlan[1];
	f->client = c->client;
	f->real_client = c->real_client;
	f->server = c->server;
	f->hidden = c->hidden;
}

/* ---- streams to the mirror ---- */

static void
put_stream(struct conn *c, const struct msg_stream *m)
{
	struct analyzer	*az = c->az;
	uint32_t	 lost;

	if ((lost = event_put_stream(az->streams, m)) > 0)
		tally_add(&az->proc->tally, TALLY_STREAM_DROPPED, lost);
}

static uint8_t
stream_dir(const struct conn *c, unsigned dir)
{
	return dir == c->server_dir ? STREAM_TO_OBSERVED :
	    STREAM_FROM_OBSERVED;
}

/* Whether any mirror takes this direction; else it is not sent at all. */
static bool
dir_wanted(const struct conn *c, unsigned dir)
{
	return c->mirror_dirs >> stream_dir(c, dir) & 1;
}

static void
stream_head(const struct conn *c, struct msg_stream *m, uint8_t kind)
{
	memset(m, 0, sizeof(*m));
	m->kind = kind;
	m->id = flow_id(c->flow);
	m->ts_us = c->az->ts;
	m->vlan = c->rule.vlan[0];
}

static void
open_stream(struct conn *c, bool midstream)
{
	struct flow_key		 key;
	struct msg_stream	 m;

	stream_head(c, &m, STREAM_OPEN);
	m.dir = STREAM_UNKNOWN;
	m.flags = midstream ? STREAM_MIDSTREAM : 0;
	m.value = c->mirrors;
	flow_key(c->flow, &key);
	m.client = c->server_dir == 0 ? key.a : key.b;
	m.server = c->server_dir == 0 ? key.b : key.a;
	compat_strlcpy(m.iface, c->rule.iface, sizeof(m.iface));
	put_stream(c, &m);
	c->stream_open = true;
}

static void
close_stream(struct conn *c, enum stream_reason why)
{
	struct msg_stream	 m;

	if (!c->stream_open)
		return;
	stream_head(c, &m, STREAM_CLOSE);
	m.dir = STREAM_UNKNOWN;
	m.value = why;
	put_stream(c, &m);
	c->stream_open = false;
	TAILQ_REMOVE(&c->az->mirrored, c, entry);
}

/*
 * The mirror does not keep up: this connection is lost to it. While it is
 * away the stream only pauses; a fresh one is told of it as mid-stream.
 */
static bool
stream_full(struct conn *c, uint64_t bytes)
{
	struct analyzer	*az = c->az;
	struct chan	*ch = az->proc->chan[ROLE_MIRROR];
	bool		 linked = az->proc->linked[ROLE_MIRROR];

	if (az->offline || (linked && chan_ready(ch)))
		return false;
	tally_add(&az->proc->tally, TALLY_STREAM_DROPPED_BYTES, bytes);
	if (!linked)
		return true;
	tally_add(&az->proc->tally, TALLY_STREAM_DROPPED, 1);
	close_stream(c, STREAM_SHED);
	return true;
}

static void
stream_data(struct conn *c, unsigned dir, uint64_t off, const uint8_t *p,
    size_t len)
{
	struct msg_stream	 m;
	size_t			 n;

	if (!dir_wanted(c, dir))
		return;
	if (!c->stream_open) {
		tally_add(&c->az->proc->tally, TALLY_STREAM_DROPPED_BYTES,
		    len);
		return;
	}
	if (stream_full(c, len))
		return;
	stream_head(c, &m, STREAM_DATA);
	m.dir = stream_dir(c, dir);
	for (; len > 0; off += n, p += n, len -= n) {
		n = len < EVENT_BATCH ? len : EVENT_BATCH;
		m.offset = off;
		m.data = p;
		m.len = n;
		put_stream(c, &m);
	}
}

static void
stream_gap(struct conn *c, unsigned dir, uint64_t off, uint64_t len,
    bool cut)
{
	struct msg_stream	 m;

	if (!c->stream_open || !dir_wanted(c, dir) || stream_full(c, 0))
		return;
	stream_head(c, &m, STREAM_GAP);
	m.dir = stream_dir(c, dir);
	m.flags = cut ? STREAM_TRUNCATED : 0;
	m.offset = off;
	m.value = len;
	put_stream(c, &m);
}

static void
on_mark(void *arg, unsigned dir, uint64_t offset, enum session_mark mark,
    uint64_t id)
{
	struct conn		*c = arg;
	struct msg_stream	 m;

	if (!c->stream_open || !dir_wanted(c, dir))
		return;
	stream_head(c, &m, STREAM_MARK);
	m.dir = stream_dir(c, dir);
	m.offset = offset;
	m.value = id;
	switch (mark) {
	case SESSION_MARK_HEAD:
		m.mark = session_client(c->session) == (int)dir ?
		    MARK_REQUEST_HEAD : MARK_RESPONSE_HEAD;
		break;
	case SESSION_MARK_HEAD_END:
		m.mark = MARK_HEAD_END;
		break;
	case SESSION_MARK_END:
		m.mark = MARK_MESSAGE_END;
		break;
	case SESSION_MARK_OPAQUE:
		m.mark = MARK_OPAQUE;
		break;
	default:
		m.mark = MARK_LOST;
		break;
	}
	put_stream(c, &m);
}

static uint8_t
dirs_of(const struct conf_mirror *m)
{
	static const uint8_t	 bits[] = {
		[DIR_REQUESTS]	= 1 << STREAM_TO_OBSERVED,
		[DIR_RESPONSES]	= 1 << STREAM_FROM_OBSERVED,
		[DIR_BOTH]	= 1 << STREAM_TO_OBSERVED |
		    1 << STREAM_FROM_OBSERVED,
	};
	uint8_t			 r;

	r = m->has_forward ? bits[m->forward_dir] : 0;
	if (m->has_record || m->record_hook[0] != '\0')
		r |= bits[m->record_dir];
	return r;
}

/* Which mirrors observe this connection, and which side they observe. */
static void
find_mirrors(struct conn *c)
{
	const struct conf	*conf = c->az->proc->conf;
	struct flow_key		 key;
	uint64_t		 to_b = 0, to_a = 0;
	size_t			 i;

	flow_key(c->flow, &key);
	for (i = 0; i < conf->nmirrors && i < 64; i++) {
		if (conf_ports_has(&conf->mirrors[i].observe, key.b.port))
			to_b |= 1ULL << i;
		if (!flow_client_known(c->flow) &&
		    conf_ports_has(&conf->mirrors[i].observe, key.a.port))
			to_a |= 1ULL << i;
	}
	c->server_dir = to_b == 0 && to_a != 0;
	c->mirrors = c->server_dir == 0 ? to_b : to_a;
	c->mirror_dirs = 0;
	for (i = 0; i < conf->nmirrors && i < 64; i++)
		if (c->mirrors >> i & 1)
			c->mirror_dirs |= dirs_of(&conf->mirrors[i]);
}

void
conn_reopen_streams(struct analyzer *az)
{
	struct conn	*c;

	TAILQ_FOREACH(c, &az->mirrored, entry)
		open_stream(c, true);
}

void
conn_new_mirrors(struct analyzer *az)
{
	struct conn	*c, *next;
	uint64_t	 was;

	TAILQ_FOREACH_SAFE(c, &az->mirrored, entry, next) {
		was = c->mirrors;
		find_mirrors(c);
		if (c->mirrors == 0)
			close_stream(c, STREAM_EOF);
		else if (c->mirrors != was)
			open_stream(c, true);
	}
}

/* ---- rules ---- */

static void
remember_tag(struct conn *c, uint64_t id, int tag)
{
	if (tag == -1 && c->tags == NULL)
		return;
	if (c->tags == NULL) {
		if (!mem_take(&c->az->mem, MEM_SESSIONS, TAGS))
			return;
		if ((c->tags = calloc(1, TAGS)) == NULL) {
			mem_give(&c->az->mem, MEM_SESSIONS, TAGS);
			return;
		}
	}
	c->tags[id % TAGS] = (uint8_t)(tag >= 0 && tag < 255 ? tag + 1 : 0);
}

static const char *
tag_of(const struct conn *c, uint64_t id)
{
	struct rule_verdict	 v = { -1, -1, false };

	if (c->tags == NULL || c->tags[id % TAGS] == 0)
		return "";
	v.tag = c->tags[id % TAGS] - 1;
	return rule_tag(c->az->rules, &v);
}

static bool
judge_request(struct conn *c, const struct session_request *r)
{
	struct rule_message	 m;
	struct rule_verdict	 v;

	if (c->az->proc->conf->nrules == 0)
		return false;
	memset(&m, 0, sizeof(m));
	m.host = r->host;
	m.host_len = r->host_len;
	m.path = r->head->target.p;
	m.path_len = r->head->target.len;
	m.method = r->head->method.p;
	m.method_len = r->head->method.len;
	rule_judge(c->az->rules, &c->rule, &m, true, &v);
	remember_tag(c, r->id, v.tag);
	return v.ignore;
}

/* Status rules act on what is told only. */
static bool
judge_event(struct conn *c, const struct session_tx *x, const char **tag)
{
	struct rule_message	 m;
	struct rule_verdict	 v;

	*tag = tag_of(c, x->id);
	if (c->az->proc->conf->nrules == 0 || x->text == NULL)
		return false;
	memset(&m, 0, sizeof(m));
	m.host = x->text->host.p;
	m.host_len = x->text->host.len;
	m.path = x->text->target.p;
	m.path_len = x->text->target.len;
	m.method = x->text->method.p;
	m.method_len = x->text->method.len;
	m.status = x->status;
	rule_judge(c->az->rules, &c->rule, &m, false, &v);
	*tag = rule_tag(c->az->rules, &v);
	return v.ignore;
}

/* ---- what the session tells ---- */

static void
method_text(char s[HTTP_METHOD_MAX + 1], const struct http_span *m)
{
	size_t	 n;

	n = m->p == NULL ? 0 : m->len < HTTP_METHOD_MAX ? m->len :
	    HTTP_METHOD_MAX;
	if (n > 0)
		memcpy(s, m->p, n);
	s[n] = '\0';
}

static void
alert_request(struct conn *c, const struct session_request *r)
{
	struct alert_set	*as = c->az->alerts;
	struct alert_what	 w;
	char			 method[HTTP_METHOD_MAX + 1];

	if (!alert_wants(as, METRIC_MESSAGES) &&
	    !alert_wants(as, METRIC_REQUESTS))
		return;
	what_of(c, &w);
	method_text(method, &r->head->method);
	w.host = r->host == NULL ? (const uint8_t *)"" : r->host;
	w.host_len = r->host_len;
	w.section = r->section;
	w.section_len = r->section_len;
	w.method = method;
	w.tag = tag_of(c, r->id);
	w.service = "http";
	alert_count(as, METRIC_REQUESTS, &w, 1);
	alert_count(as, METRIC_MESSAGES, &w, 1);
}

static uint64_t
on_request(void *arg, const struct session_request *r)
{
	struct conn		*c = arg;
	struct analyzer		*az = c->az;
	struct meter_request	 q;

	client_is(c, r->dir);
	c->requests++;
	if (c->ignored || judge_request(c, r)) {
		tally_add(&az->proc->tally, TALLY_HTTP_RULE_IGNORED, 1);
		return IGNORED;
	}
	tally_add(&az->proc->tally, TALLY_HTTP_REQUESTS, 1);
	c->host_len = (uint8_t)(r->host_len < HOST_KEEP ? r->host_len :
	    HOST_KEEP);
	if (c->host_len > 0)
		memcpy(c->host, r->host, c->host_len);
	q.host = r->host_len == 0 ? (const uint8_t *)"" : r->host;
	q.host_len = r->host_len;
	q.section = r->section_len == 0 ? (const uint8_t *)"" : r->section;
	q.section_len = r->section_len;
	q.method = r->head->method_id;
	q.method_name = r->head->method.p;
	q.method_len = r->head->method.len;
	q.client = c->client_text;
	alert_request(c, r);
	return meter_request(az->meter, meter_entry(c), &c->cache, &q);
}

static void
alert_response(struct conn *c, uint64_t id, uint64_t token, unsigned status)
{
	struct alert_set	*as = c->az->alerts;
	struct alert_what	 w;
	bool			 wants;

	wants = alert_wants(as, METRIC_MESSAGES) ||
	    alert_wants(as, METRIC_RESPONSES) ||
	    (status >= 400 && alert_wants(as, METRIC_ERRORS));
	if (!wants)
		return;
	what_of(c, &w);
	meter_token_keys(c->az->meter, token, &w.host, &w.host_len,
	    &w.section, &w.section_len);
	w.tag = tag_of(c, id);
	w.status = status;
	w.service = "http";
	alert_count(as, METRIC_RESPONSES, &w, 1);
	alert_count(as, METRIC_MESSAGES, &w, 1);
	if (status >= 400)
		alert_count(as, METRIC_ERRORS, &w, 1);
}

static void
on_response(void *arg, const struct session_response *r)
{
	struct conn	*c = arg;
	struct analyzer	*az = c->az;
	unsigned	 status = r->head->status;

	client_is(c, !r->dir);
	if (c->ignored || r->token == IGNORED) {
		tally_add(&az->proc->tally, TALLY_HTTP_RULE_IGNORED, 1);
		return;
	}
	tally_add(&az->proc->tally,
	    r->interim ? TALLY_HTTP_INTERIM : TALLY_HTTP_RESPONSES, 1);
	meter_response(az->meter, meter_entry(c), &c->cache, r->token,
	    c->client_text, status, r->interim);
	if (!r->interim)
		alert_response(c, r->id, r->token, status);
}

static void
on_resolved(void *arg, uint64_t number, uint16_t status,
    enum session_pair pair, uint64_t token, uint64_t now_us)
{
	struct conn	*c = arg;

	(void)number;
	(void)now_us;
	if (pair == SESSION_PAIRED && token != 0 && token != IGNORED)
		meter_resolved(c->az->meter, token, status);
}

static void
span_text(struct msg_span *s, const char *text)
{
	s->p = (const uint8_t *)text;
	s->n = strlen(text);
}

static void
keep_recent(struct conn *c, const struct msg_event *e,
    const struct session_tx *x)
{
	struct recent_tx	 t;

	memset(&t, 0, sizeof(t));
	t.ts_us = e->ts_us;
	t.flow_id = e->flow_id;
	t.first_us = e->first_byte_us;
	t.last_us = e->last_byte_us;
	t.req_body = x->req_body;
	t.resp_body = x->resp_body;
	t.status = x->status;
	t.gap = e->gap;
	span_text(&t.iface, c->rule.iface);
	t.client = c->client;
	t.server = c->server;
	t.method = e->method;
	t.host = e->host;
	t.uri = e->uri;
	t.tag = e->tag;
	recent_put(&c->az->recent, &t);
}

static void
send_event(struct analyzer *az, const struct msg_event *e)
{
	uint32_t	 lost;

	lost = event_put(az->events, e);
	tally_add(&az->proc->tally, TALLY_EVENT_SENT, 1);
	if (lost > 0)
		tally_add(&az->proc->tally, TALLY_EVENT_DROPPED, lost);
}

/* The transaction as an event, for logs and for the recent ones. */
static void
tell(struct conn *c, const struct session_tx *x)
{
	struct analyzer		*az = c->az;
	struct event_text	 text;
	struct event_flow	 f;
	struct msg_event	 e;
	const char		*tag;

	if (!(az->event_types & CONF_EV_HTTP) && az->recent.size == 0)
		return;
	if (judge_event(c, x, &tag))
		return;
	event_of(c, &f);
	event_flow(&e, EVENT_HTTP, x->req_us != 0 ? x->req_us : x->resp_us,
	    &f);
	event_http(&e, &text, &az->proc->conf->privacy, x, tag, 0);
	meter_token_keys(az->meter, x->token, NULL, NULL, &e.section.p,
	    &e.section.n);
	if (az->event_types & CONF_EV_HTTP)
		send_event(az, &e);
	keep_recent(c, &e, x);
}

static void
alert_time(struct conn *c, const struct session_tx *x, uint64_t us)
{
	struct alert_what	 w;

	if (us == 0 || !alert_wants(c->az->alerts, METRIC_RESPONSE_TIME))
		return;
	what_of(c, &w);
	meter_token_keys(c->az->meter, x->token, &w.host, &w.host_len,
	    &w.section, &w.section_len);
	w.tag = tag_of(c, x->id);
	w.status = x->status;
	w.service = "http";
	alert_sample(c->az->alerts, METRIC_RESPONSE_TIME, &w, us);
}

static void
on_transaction(void *arg, const struct session_tx *x)
{
	struct conn		*c = arg;
	struct analyzer		*az = c->az;
	struct meter_end	 t;

	if (c->ignored || x->token == IGNORED)
		return;
	c->tx++;
	memset(&t, 0, sizeof(t));
	if (x->req_us != 0 && x->resp_us > x->req_us)
		t.first_us = x->resp_us - x->req_us;
	if (x->req_us != 0 && x->resp_end_us > x->req_us)
		t.last_us = x->resp_end_us - x->req_us;
	t.req_body = x->req_body;
	t.resp_body = x->resp_body;
	t.unpaired_req = x->id != 0 && x->status == 0;
	t.unpaired_resp = x->id == 0;
	t.gap = (x->flags & SESSION_TX_GAP) != 0;
	t.ambiguous = (x->flags & SESSION_TX_AMBIGUOUS) != 0;
	if (t.unpaired_req)
		tally_add(&az->proc->tally, TALLY_HTTP_UNPAIRED_REQ, 1);
	if (t.unpaired_resp)
		tally_add(&az->proc->tally, TALLY_HTTP_UNPAIRED_RESP, 1);
	meter_end(az->meter, meter_entry(c), &c->cache, x->token,
	    c->client_text, &t);
	alert_time(c, x, t.first_us);
	tell(c, x);
}

static void
alert_hello(struct conn *c, const struct session_hello *h)
{
	struct alert_what	 w;

	if (!alert_wants(c->az->alerts, METRIC_HANDSHAKES))
		return;
	what_of(c, &w);
	w.sni = h->name;
	w.sni_len = h->name_len;
	w.service = "tls";
	alert_count(c->az->alerts, METRIC_HANDSHAKES, &w, 1);
}

static void
put_alpn(struct msg_event *e, uint8_t *s, size_t size,
    const struct tls_hello *t)
{
	unsigned	 i;
	size_t		 n = 0;

	for (i = 0; i < t->nalpn; i++) {
		if (n + t->alpn[i].len + 1 > size)
			break;
		if (i > 0)
			s[n++] = ',';
		memcpy(s + n, t->alpn[i].p, t->alpn[i].len);
		n += t->alpn[i].len;
	}
	e->alpn.p = s;
	e->alpn.n = n;
}

static void
tell_hello(struct conn *c, const struct session_hello *h)
{
	struct event_flow	 f;
	struct msg_event	 e;
	const char		*version;
	uint8_t			 alpn[256];

	if (!(c->az->event_types & CONF_EV_TLS))
		return;
	event_of(c, &f);
	event_flow(&e, EVENT_TLS, h->ts_us, &f);
	e.host.p = h->name;
	e.host.n = h->name_len;
	version = meter_version_name(h->tls->version - 0x0300U);
	span_text(&e.protocol, version);
	e.resumed = h->tls->resumes;
	put_alpn(&e, alpn, sizeof(alpn), h->tls);
	send_event(c->az, &e);
}

static void
on_hello(void *arg, const struct session_hello *h)
{
	struct conn		*c = arg;
	struct analyzer		*az = c->az;
	struct meter_hello	 m;

	client_is(c, h->dir);
	if (c->ignored || h->again)
		return;
	tally_add(&az->proc->tally, TALLY_TLS_HELLOS, 1);
	if (h->name_len == 0)
		tally_add(&az->proc->tally, TALLY_TLS_NO_NAME, 1);
	if (h->tls->ech)
		tally_add(&az->proc->tally, TALLY_TLS_ECH, 1);
	m.name = h->name;
	m.len = h->name_len;
	m.ech = h->tls->ech;
	m.alpn = h->tls->nalpn > 0 ? h->tls->alpn[0].p : NULL;
	m.alpn_len = h->tls->nalpn > 0 ? h->tls->alpn[0].len : 0;
	c->name_token = meter_hello(az->meter, meter_entry(c), &m);
	c->host_len = (uint8_t)(h->name_len < HOST_KEEP ? h->name_len :
	    HOST_KEEP);
	memcpy(c->host, h->name, c->host_len);
	alert_hello(c, h);
	tell_hello(c, h);
}

static void
on_established(void *arg, const struct session_tls *t)
{
	struct conn	*c = arg;
	uint64_t	 us = 0;

	if (c->ignored)
		return;
	if (t->hello_us != 0 && t->done_us > t->hello_us)
		us = t->done_us - t->hello_us;
	meter_tls(c->az->meter, meter_entry(c), c->name_token, t->version,
	    t->resumed, us);
}

static void
on_anomaly(void *arg, enum session_anomaly a)
{
	struct conn		*c = arg;
	struct analyzer		*az = c->az;
	struct event_flow	 f;
	struct msg_event	 e;
	char			 server[ENDPOINT_TEXT_MAX];

	if (c->ignored)
		return;
	tally_add(&az->proc->tally, session_anomaly_tally(a), 1);
	meter_add(az->meter, meter_entry(c), MC_PARSE_ERRORS, 1);
	if (az->meter->total != NULL)
		sketch_add(az->meter->total, MC_ANOMALY + a, 1);
	if (az->example[a][0] == '\0')
		snprintf(az->example[a], sizeof(az->example[a]), "%s on %s",
		    endpoint_print(&c->server, server, sizeof(server)),
		    c->rule.iface);
	if (!(az->event_types & CONF_EV_ANOMALY))
		return;
	event_of(c, &f);
	event_flow(&e, EVENT_ANOMALY, az->ts, &f);
	span_text(&e.text, session_anomaly_name(a));
	send_event(az, &e);
}

static const struct session_ops ops = {
	.request	= on_request,
	.response	= on_response,
	.resolved	= on_resolved,
	.transaction	= on_transaction,
	.hello		= on_hello,
	.established	= on_established,
	.mark		= on_mark,
	.anomaly	= on_anomaly,
};

size_t
conn_recent_size(const struct conf *c)
{
	if (c->offline && c->stats.transactions <= RECENT_DEFAULT)
		return 0;
	return c->stats.transactions;
}

void
conn_session_conf(struct session_conf *s, const struct conf *c)
{
	memset(s, 0, sizeof(*s));
	s->depth = c->stats.section_depth;
	s->keep_strings = conn_recent_size(c) > 0 ||
	    (event_types(c) & CONF_EV_HTTP) != 0;
	s->marks = c->nmirrors > 0;
}

/* ---- the reader of a connection's bytes ---- */

/* Connections that the mirror makes must not be mirrored or counted. */
static bool
is_own(struct analyzer *az, const struct flow_key *key)
{
	static const struct addr none;
	const struct own_tuple	*o;
	uint32_t		 i;

	for (i = 0; i < az->nown; i++) {
		o = &az->own[i];
		if (endpoint_cmp(&o->target, &key->b) == 0 &&
		    o->source.port == key->a.port &&
		    (addr_cmp(&o->source.addr, &none) == 0 ||
		    addr_cmp(&o->source.addr, &key->a.addr) == 0))
			return true;
	}
	return false;
}

static bool
is_own_either(struct analyzer *az, const struct flow_key *key)
{
	struct flow_key	 back;

	if (az->nown == 0)
		return false;
	back.a = key->b;
	back.b = key->a;
	return is_own(az, key) || is_own(az, &back);
}

/* Whether the services of the configuration leave this port out. */
static bool
not_served(const struct conf *conf, const struct flow_key *key)
{
	size_t	 i;

	for (i = 0; i < conf->nservices; i++)
		if (conf_ports_has(&conf->services[i].ports, key->b.port) ||
		    conf_ports_has(&conf->services[i].ports, key->a.port))
			return false;
	return conf->nservices > 0;
}

static void
set_place(struct conn *c)
{
	struct flow_info	 info;
	unsigned		 i;

	flow_info(c->az->flows, c->flow, &info);
	c->iface = info.half[0].seen ? info.half[0].iface :
	    info.half[1].iface;
	c->rule.iface = iface_name(c->az, c->iface);
	for (i = 0; i < 2; i++)
		c->rule.vlan[i] = info.half[info.half[0].seen ? 0 : 1].nvlan >
		    i ? info.half[info.half[0].seen ? 0 : 1].vlan[i] : -1;
}

static unsigned
how_met(const struct flow *f)
{
	unsigned	 how = 0;

	if (!flow_midstream(f))
		how |= SESSION_SYN_SEEN;
	if (flow_client_known(f))
		how |= SESSION_CLIENT_0;
	return how;
}

static void *
conn_open(void *arg, struct flow *f, uint64_t ts_us)
{
	struct analyzer	*az = arg;
	struct flow_key	 key;
	struct conn	*c;

	(void)ts_us;
	if (!mem_take(&az->mem, MEM_SESSIONS, sizeof(*c)))
		return NULL;
	if ((c = calloc(1, sizeof(*c))) == NULL) {
		mem_give(&az->mem, MEM_SESSIONS, sizeof(*c));
		return NULL;
	}
	c->az = az;
	c->flow = f;
	set_place(c);
	set_sides(c);
	flow_key(f, &key);
	find_mirrors(c);
	if (is_own_either(az, &key)) {
		c->ignored = true;
		c->mirrors = 0;
	} else
		c->ignored = not_served(az->proc->conf, &key) ||
		    rule_ignores_flow(az->rules, &c->rule);
	if (c->ignored && c->mirrors == 0)
		return c;
	c->session = session_new(az->sconf, &ops, c, &az->mem, how_met(f));
	if (c->session == NULL) {
		mem_give(&az->mem, MEM_SESSIONS, sizeof(*c));
		free(c);
		return NULL;
	}
	if (c->mirrors == 0)
		return c;
	TAILQ_INSERT_TAIL(&az->mirrored, c, entry);
	open_stream(c, flow_midstream(f));
	return c;
}

/* Nobody wants to know more of this connection. */
static bool
finished(const struct conn *c)
{
	enum session_proto	 p;

	if (c->session == NULL)
		return true;
	if (c->mirrors != 0 && c->stream_open)
		return false;
	p = session_proto(c->session);
	if (p == SESSION_OTHER)		/* it may still turn to HTTP or TLS */
		return c->offset[0] + c->offset[1] > OTHER_MAX;
	return p == SESSION_HTTP2 || p == SESSION_WEBSOCKET ||
	    p == SESSION_UPGRADED;
}

static enum flow_want
conn_data(void *reader, int dir, uint64_t off, const uint8_t *p, size_t len,
    uint64_t ts_us, uint64_t acked)
{
	struct conn	*c = reader;
	unsigned	 d = (unsigned)dir;

	if (c->session == NULL)
		return FLOW_SKIP;
	if (acked != UINT64_MAX)
		session_acked(c->session, d, acked);
	session_data(c->session, d, off, p, len, ts_us);
	if (c->mirrors != 0)
		stream_data(c, d, off, p, len);
	c->offset[d] = off + len;
	return finished(c) ? FLOW_SKIP : FLOW_WANT;
}

static enum flow_want
conn_gap(void *reader, int dir, uint64_t off, uint64_t len, uint64_t ts_us,
    enum reass_why why)
{
	struct conn	*c = reader;
	unsigned	 d = (unsigned)dir;

	if (c->session == NULL)
		return FLOW_SKIP;
	meter_add(c->az->meter, meter_entry(c), MC_GAPS, 1);
	session_gap(c->session, d, off, len, ts_us);
	if (c->mirrors != 0)
		stream_gap(c, d, off, len, why == REASS_WHY_CUT);
	c->offset[d] = off + len;
	return finished(c) ? FLOW_SKIP : FLOW_WANT;
}

static const enum session_how session_hows[] = {
	[FLOW_EOF_FIN]		= SESSION_FIN,
	[FLOW_EOF_RST]		= SESSION_RST,
	[FLOW_EOF_TIMEOUT]	= SESSION_IDLE,
	[FLOW_EOF_SHED]		= SESSION_END,
	[FLOW_EOF_REUSE]	= SESSION_END,
};
static const enum stream_reason stream_reasons[] = {
	[FLOW_EOF_FIN]		= STREAM_FIN,
	[FLOW_EOF_RST]		= STREAM_RST,
	[FLOW_EOF_TIMEOUT]	= STREAM_IDLE,
	[FLOW_EOF_SHED]		= STREAM_SHED,
	[FLOW_EOF_REUSE]	= STREAM_EOF,
};

static void
conn_eof(void *reader, int dir, enum flow_how how, uint64_t ts_us)
{
	struct conn	*c = reader;

	if (c->session != NULL)
		session_eof(c->session, (unsigned)dir, session_hows[how],
		    ts_us);
	if (how != FLOW_EOF_FIN)
		close_stream(c, stream_reasons[how]);
}

static void
conn_free(void *reader)
{
	struct conn		*c = reader;
	struct analyzer		*az = c->az;
	struct flow_info	 info;

	close_stream(c, STREAM_FIN);
	if (c->name_token != 0) {
		flow_info(az->flows, c->flow, &info);
		meter_name_bytes(az->meter, c->name_token,
		    info.half[0].bytes + info.half[1].bytes);
	}
	az->last_id = flow_id(c->flow);
	az->last_tx = c->tx;
	session_free(c->session);
	if (c->tags != NULL)
		mem_give(&az->mem, MEM_SESSIONS, TAGS);
	free(c->tags);
	mem_give(&az->mem, MEM_SESSIONS, sizeof(*c));
	free(c);
}

const struct flow_feed conn_feed = {
	.open	= conn_open,
	.data	= conn_data,
	.gap	= conn_gap,
	.eof	= conn_eof,
	.free	= conn_free,
};

/* ---- what the flow table tells ---- */

static void
flow_opened(void *arg, struct flow *f)
{
	struct analyzer		*az = arg;
	struct alert_what	 w;
	struct flow_key		 key;
	struct iface		*i;
	uint16_t		 id;

	id = flow_iface(az->flows, f, 0);
	if (id == 0xffff)
		id = flow_iface(az->flows, f, 1);
	i = state_iface(az, id);
	meter_add(az->meter, i == NULL ? NULL : i->entry, MC_CONNECTIONS, 1);
	if (!alert_wants(az->alerts, METRIC_CONNECTIONS))
		return;
	flow_key(f, &key);
	memset(&w, 0, sizeof(w));
	w.iface = i == NULL ? "" : i->info.name;
	w.server = &key.b;
	w.vlan = -1;
	alert_count(az->alerts, METRIC_CONNECTIONS, &w, 1);
}

static void
tell_flow(struct analyzer *az, const struct flow_info *info,
    enum flow_how how)
{
	const struct flow_half_info *h;
	struct event_flow	 f;
	struct msg_event	 e;
	unsigned		 i;

	h = &info->half[info->half[0].seen ? 0 : 1];
	f.id = info->id;
	f.iface = iface_name(az, h->iface);
	for (i = 0; i < 2; i++)
		f.vlan[i] = h->nvlan > i ? h->vlan[i] : -1;
	f.real_client = f.client = info->key.a;
	f.server = info->key.b;
	new_day(az);
	f.hidden = rule_client(&az->proc->conf->privacy, &az->day_key,
	    &f.real_client.addr, &f.client.addr);
	event_flow(&e, EVENT_FLOW, info->last_us, &f);
	event_flow_end(&e, info, how,
	    az->last_id == info->id ? az->last_tx : 0);
	send_event(az, &e);
}

static void
flow_closed(void *arg, struct flow *f, enum flow_how how)
{
	struct analyzer		*az = arg;
	struct flow_info	 info;
	struct sketch_entry	*e;
	struct iface		*i;
	uint64_t		 retrans;

	/* The totals come from the table itself, packet by packet. */
	flow_info(az->flows, f, &info);
	i = state_iface(az, info.half[info.half[0].seen ? 0 : 1].iface);
	e = i == NULL ? NULL : i->entry;
	retrans = info.half[0].retrans + (uint64_t)info.half[1].retrans;
	if (e != NULL)
		sketch_add(e, MC_SEGMENTS, info.half[0].packets +
		    (uint64_t)info.half[1].packets);
	if (e != NULL && retrans > 0)
		sketch_add(e, MC_RETRANS, retrans);
	if (az->event_types & CONF_EV_FLOW)
		tell_flow(az, &info, how);
}

static void
flow_lost(void *arg, struct flow *f, int dir, uint64_t bytes,
    enum reass_why why)
{
	struct analyzer	*az = arg;
	struct iface	*i;
	uint16_t	 id;

	id = flow_iface(az->flows, f, dir);
	if (id == 0xffff)
		id = flow_iface(az->flows, f, !dir);
	i = state_iface(az, id);
	meter_add(az->meter, i == NULL ? NULL : i->entry,
	    why == REASS_WHY_CUT ? MC_CUT_BYTES : MC_GAP_BYTES, bytes);
}

static void
flow_rtt(void *arg, struct flow *f, int dir, uint32_t us, bool handshake)
{
	struct analyzer		*az = arg;
	struct alert_what	 w;
	struct flow_key		 key;
	struct iface		*i;

	if (!handshake || dir != 0)
		return;
	i = state_iface(az, flow_iface(az->flows, f, 0));
	meter_add(az->meter, i == NULL ? NULL : i->entry,
	    MC_RTT + hist_bucket(us), 1);
	if (!alert_wants(az->alerts, METRIC_CONNECT_TIME))
		return;
	flow_key(f, &key);
	memset(&w, 0, sizeof(w));
	w.iface = i == NULL ? "" : i->info.name;
	w.server = &key.b;
	w.vlan = -1;
	alert_sample(az->alerts, METRIC_CONNECT_TIME, &w, us);
}

const struct flow_ops conn_ops = {
	.opened	= flow_opened,
	.closed	= flow_closed,
	.lost	= flow_lost,
	.rtt	= flow_rtt,
};

/* ---- for show flows ---- */

const char *
conn_proto(const void *reader)
{
	const struct conn	*c = reader;

	if (c == NULL || c->session == NULL)
		return "";
	return session_proto_name(session_proto(c->session));
}

size_t
conn_host(const void *reader, const uint8_t **host)
{
	const struct conn	*c = reader;

	*host = (const uint8_t *)"";
	if (c == NULL || c->host_len == 0)
		return 0;
	*host = c->host;
	return c->host_len;
}

uint64_t
conn_requests(const void *reader)
{
	const struct conn	*c = reader;

	return c == NULL ? 0 : c->requests;
}
