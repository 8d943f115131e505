#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/http.h"
#include "analyzer/live.h"
#include "analyzer/said.h"
#include "analyzer/stream.h"
#include "sandbox/compat.h"

#define RECENT_DEFAULT	(256 * 1024)	/* of conf->stats.transactions */
#define IGNORED		UINT64_MAX	/* token: a rule ignores this one */

/* ---- rules ---- */

static bool
judge_request(struct conn *c, const struct session_request *r)
{
	struct rule_message	 m;
	struct rule_flow	 f;

	if (c->az->proc->conf->nrules == 0)
		return false;
	side_rule(c, &f);
	memset(&m, 0, sizeof(m));
	m.host = r->host;
	m.host_len = r->host_len;
	m.path = r->head->target.p;
	m.path_len = r->head->target.len;
	m.method = r->head->method.p;
	m.method_len = r->head->method.len;
	return tags_judge(&c->tags, &c->az->mem, c->az->rules, &f, &m, r->id);
}

/*
 * What is told is judged by its texts, where they are kept: the verdicts at
 * hand are of the last requests only, and a reload leaves none.
 */
static bool
judge_event(struct conn *c, const struct session_tx *x, const char **tag)
{
	struct rule_message	 m;
	struct rule_verdict	 v;
	struct rule_flow	 f;

	*tag = tags_find(c->tags, c->az->rules, x->id, x->status);
	if (c->az->proc->conf->nrules == 0 || x->text == NULL)
		return *tag == NULL;
	side_rule(c, &f);
	memset(&m, 0, sizeof(m));
	m.host = x->text->host.p;
	m.host_len = x->text->host.len;
	m.path = x->text->target.p;
	m.path_len = x->text->target.len;
	m.method = x->text->method.p;
	m.method_len = x->text->method.len;
	m.status = x->status;
	rule_judge(c->az->rules, &f, &m, false, &v);
	*tag = rule_tag(c->az->rules, &v);
	return v.ignore;
}

/* ---- what the session tells ---- */

/* As much of a method as is kept. */
static size_t
method_len(const struct http_span *m)
{
	return m->len < SESSION_TEXT_METHOD ? m->len : SESSION_TEXT_METHOD;
}

static void
method_text(char s[SESSION_TEXT_METHOD + 1], const struct http_span *m)
{
	size_t	 n = m->p == NULL ? 0 : method_len(m);

	if (n > 0)
		memcpy(s, m->p, n);
	s[n] = '\0';
}

static void
alert_request(struct conn *c, const struct session_request *r)
{
	struct alert_set	*as = c->az->alerts;
	struct alert_what	 w;
	char			 method[SESSION_TEXT_METHOD + 1];

	if (!alert_wants(as, METRIC_MESSAGES) &&
	    !alert_wants(as, METRIC_REQUESTS))
		return;
	/* Most rules want a number alone. */
	if (!alert_looks(as, METRIC_MESSAGES) &&
	    !alert_looks(as, METRIC_REQUESTS)) {
		alert_count(as, METRIC_REQUESTS, NULL, 1);
		alert_count(as, METRIC_MESSAGES, NULL, 1);
		return;
	}
	side_what(c, r->id, &w);
	method_text(method, &r->head->method);
	w.host = r->host == NULL ? (const uint8_t *)"" : r->host;
	w.host_len = r->host_len;
	w.section = r->section;
	w.section_len = r->section_len;
	w.method = method;
	w.tag = tags_find(c->tags, c->az->rules, r->id, 0);
	w.service = "http";
	alert_count(as, METRIC_REQUESTS, &w, 1);
	alert_count(as, METRIC_MESSAGES, &w, 1);
}

/* Those of HTTP/2 count once more. */
static void
count_two(struct conn *c, const struct http_head *h, enum tally_id id,
    unsigned counter)
{
	if (h->minor != HTTP_TWO_0)
		return;
	tally_add(&c->az->proc->tally, id, 1);
	if (c->az->meter->total != NULL)
		sketch_add(c->az->meter->total, counter, 1);
}

static uint64_t
on_request(void *arg, const struct session_request *r)
{
	struct conn		*c = arg;
	struct analyzer		*az = c->az;
	struct meter_request	 q;
	const uint8_t		*host;
	uint64_t		 token, asked;
	size_t			 len;

	side_client_is(c, r->dir);
	c->requests += c->requests < UINT32_MAX;
	if (c->ignored || judge_request(c, r)) {
		tally_add(&az->proc->tally, TALLY_HTTP_RULE_IGNORED, 1);
		return IGNORED;
	}
	tally_add(&az->proc->tally, TALLY_HTTP_REQUESTS, 1);
	count_two(c, r->head, TALLY_HTTP2_REQUESTS, MC_HTTP2_REQUESTS);
	side_request(c, r);
	c->host_len = (uint8_t)(r->host_len < SIDE_HOST ? r->host_len :
	    SIDE_HOST);
	if (c->host_len > 0)
		memcpy(c->host, r->host, c->host_len);
	q.host = r->host_len == 0 ? (const uint8_t *)"" : r->host;
	q.host_len = r->host_len;
	q.section = r->section_len == 0 ? (const uint8_t *)"" : r->section;
	q.section_len = r->section_len;
	q.method = r->head->method_id;
	q.method_name = r->head->method.p;
	q.method_len = method_len(&r->head->method);
	alert_request(c, r);
	token = meter_request(az->meter, side_entry(c), &c->cache,
	    side_asker(c, r->id), &q);
	host = meter_token_host(az->meter, token, &len, &asked);
	named_request(az->named, host, len, asked, q.method);
	return token;
}

static void
count_response(struct alert_set *as, const struct alert_what *w,
    unsigned status)
{
	alert_count(as, METRIC_RESPONSES, w, 1);
	alert_count(as, METRIC_MESSAGES, w, 1);
	if (status >= 400)
		alert_count(as, METRIC_ERRORS, w, 1);
}

static void
alert_response(struct conn *c, uint64_t id, uint64_t token, unsigned status)
{
	struct alert_set	*as = c->az->alerts;
	struct alert_what	 w;
	const char		*tag;

	tag = tags_find(c->tags, c->az->rules, id, status);
	if (tag == NULL)
		return;
	if (!alert_looks(as, METRIC_MESSAGES) &&
	    !alert_looks(as, METRIC_RESPONSES) &&
	    !alert_looks(as, METRIC_ERRORS)) {
		count_response(as, NULL, status);
		return;
	}
	side_what(c, id, &w);
	meter_token_keys(c->az->meter, token, &w.host, &w.host_len,
	    &w.section, &w.section_len);
	w.tag = tag;
	w.status = status;
	w.service = "http";
	count_response(as, &w, status);
}

static void
on_response(void *arg, const struct session_response *r)
{
	struct conn	*c = arg;
	struct analyzer	*az = c->az;
	unsigned	 status = r->head->status;
	const uint8_t	*host;
	uint64_t	 asked;
	size_t		 len;

	side_client_is(c, !r->dir);
	if (c->ignored || r->token == IGNORED) {
		tally_add(&az->proc->tally, TALLY_HTTP_RULE_IGNORED, 1);
		return;
	}
	tally_add(&az->proc->tally,
	    r->interim ? TALLY_HTTP_INTERIM : TALLY_HTTP_RESPONSES, 1);
	if (r->interim && status == 101)
		return;		/* to HTTP/2, where the answer comes */
	meter_response(az->meter, side_entry(c), &c->cache,
	    side_asker(c, r->id), r->token, status, r->interim);
	if (r->interim)
		return;
	count_two(c, r->head, TALLY_HTTP2_RESPONSES, MC_HTTP2_RESPONSES);
	tags_answered(c->tags, az->rules, r->id, status);
	alert_response(c, r->id, r->token, status);
	host = meter_token_host(az->meter, r->token, &len, &asked);
	named_response(az->named, host, len, status);
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
	span_text(&t.iface, side_iface_name(c->az, c->iface));
	t.client = c->client;
	if (!addr_is_zero(&e->asker))
		t.client = (struct endpoint){ e->asker, 0 };
	t.server = *side_server(c);
	t.method = e->method;
	t.host = e->host;
	t.uri = e->uri;
	t.tag = e->tag;
	t.version = e->protocol;
	t.upgraded = (x->flags & SESSION_TX_UPGRADED) != 0;
	recent_put(&c->az->recent, &t);
}

void
said_event(struct analyzer *az, const struct msg_event *e)
{
	uint32_t	 lost;

	lost = event_put(az->events, e);
	tally_add(&az->proc->tally, TALLY_EVENT_SENT, 1);
	if (lost > 0)
		tally_add(&az->proc->tally, TALLY_EVENT_DROPPED, lost);
}

/*
 * The transaction as an event, for logs and for the recent ones. Not inlined:
 * who wants neither need not have its room on the stack.
 */
static __attribute__((noinline)) void
tell(struct conn *c, const struct session_tx *x)
{
	struct analyzer		*az = c->az;
	struct event_text	 text;
	struct event_flow	 f;
	struct msg_event	 e;
	const char		*tag;

	if (judge_event(c, x, &tag))
		return;
	side_event(c, x->id, &f);
	event_flow(&e, EVENT_HTTP, state_print_time(az, x->req_us != 0 ?
	    x->req_us : x->resp_us), &f);
	event_http(&e, &text, &az->proc->conf->privacy, x, tag, 0);
	meter_token_keys(az->meter, x->token, NULL, NULL, &e.section.p,
	    &e.section.n);
	if (az->event_types & CONF_EV_HTTP)
		said_event(az, &e);
	live_say(az, &e);
	keep_recent(c, &e, x);
}

static void
alert_time(struct conn *c, const struct session_tx *x, uint64_t us)
{
	struct alert_what	 w;
	const char		*tag;

	tag = tags_find(c->tags, c->az->rules, x->id, x->status);
	if (tag == NULL || us == 0 ||
	    !alert_wants(c->az->alerts, METRIC_RESPONSE_TIME))
		return;
	side_what(c, x->id, &w);
	meter_token_keys(c->az->meter, x->token, &w.host, &w.host_len,
	    &w.section, &w.section_len);
	w.tag = tag;
	w.status = x->status;
	w.service = "http";
	alert_sample(c->az->alerts, METRIC_RESPONSE_TIME, &w, us);
}

static void
transaction(struct conn *c, const struct session_tx *x)
{
	struct analyzer		*az = c->az;
	struct meter_end	 t;

	c->tx += c->tx < UINT32_MAX;
	memset(&t, 0, sizeof(t));
	if (x->req_us != 0 && x->resp_us > x->req_us)
		t.first_us = x->resp_us - x->req_us;
	if (x->req_us != 0 && x->resp_end_us > x->req_us)
		t.last_us = x->resp_end_us - x->req_us;
	t.req_body = x->req_body;
	t.resp_body = x->resp_body;
	t.unpaired_req = x->id != 0 && x->number == 0;
	t.unpaired_resp = x->id == 0;
	t.gap = (x->flags & SESSION_TX_GAP) != 0;
	t.ambiguous = (x->flags & SESSION_TX_AMBIGUOUS) != 0;
	if (t.unpaired_req)
		tally_add(&az->proc->tally, TALLY_HTTP_UNPAIRED_REQ, 1);
	if (t.unpaired_resp)
		tally_add(&az->proc->tally, TALLY_HTTP_UNPAIRED_RESP, 1);
	meter_end(az->meter, side_entry(c), &c->cache,
	    side_asker(c, x->id), x->token, &t);
	alert_time(c, x, t.first_us);
	if (az->event_types & CONF_EV_HTTP || az->recent.size > 0 ||
	    live_wants(az, EVENT_HTTP))
		tell(c, x);
}

static void
on_transaction(void *arg, const struct session_tx *x)
{
	struct conn	*c = arg;

	stream_answer(c, x);
	if (!c->ignored && x->token != IGNORED)
		transaction(c, x);
	if (c->via)
		via_drop(&c->az->via, flow_id(c->flow), x->id);
}

/* A proxy's client is not known any more: nobody has it then. */
static void
on_rest(void *arg, uint64_t token, uint64_t bytes)
{
	struct conn		*c = arg;
	const struct meter_end	 t = { .req_body = bytes };

	if (c->ignored || token == IGNORED)
		return;
	meter_end(c->az->meter, side_entry(c), &c->cache,
	    c->via ? NULL : &c->client.addr, token, &t);
}

static void
on_prefix(void *arg, unsigned dir, const uint8_t *p, size_t len)
{
	side_prefix(arg, dir, p, len);
}

static void
alert_hello(struct conn *c, const struct session_hello *h)
{
	struct alert_what	 w;

	if (!alert_wants(c->az->alerts, METRIC_HANDSHAKES))
		return;
	side_what(c, 0, &w);
	w.sni = h->name;
	w.sni_len = h->name_len;
	w.service = "tls";
	alert_count(c->az->alerts, METRIC_HANDSHAKES, &w, 1);
}

static void
on_hello(void *arg, const struct session_hello *h)
{
	struct conn		*c = arg;
	struct analyzer		*az = c->az;
	struct meter_hello	 m;

	side_client_is(c, h->dir);
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
	m.quic = 0;
	c->name_token = meter_hello(az->meter, side_entry(c), &c->cache,
	    &c->client.addr, &m);
	c->host_len = (uint8_t)(h->name_len < SIDE_HOST ? h->name_len :
	    SIDE_HOST);
	memcpy(c->host, h->name, c->host_len);
	alert_hello(c, h);
}

static uint64_t
hand_began(const struct session_tls *t)
{
	return t->hello_us != 0 ? t->hello_us : t->server_us;
}

static void
tell_handshake(struct conn *c, const struct session_tls *t, uint64_t us)
{
	struct event_flow	 f;
	struct msg_event	 e;

	if (!(c->az->event_types & CONF_EV_TLS) &&
	    !live_wants(c->az, EVENT_TLS))
		return;
	side_event(c, 0, &f);
	event_flow(&e, EVENT_TLS, state_print_time(c->az, hand_began(t)),
	    &f);
	event_tls(&e, t, us, c->hand < SIDE_FAILED ? "" :
	    meter_fail_name(c->hand - SIDE_FAILED),
	    cert_text((enum cert_says)c->cert));
	if (c->az->event_types & CONF_EV_TLS)
		said_event(c->az, &e);
	live_say(c->az, &e);
}

/* Where one direction takes another way, nobody knows what was said there. */
static bool
has_failed(const struct conn *c, const struct session_tls *t)
{
	struct flow_info	 f;

	if (t->fail == SESSION_TLS_NONE || t->fail == SESSION_TLS_ALERT)
		return t->fail == SESSION_TLS_ALERT;
	flow_info(c->az->flows, c->flow, &f);
	return !f.one_sided;
}

static void
count_failed(struct conn *c, const struct session_tls *t)
{
	struct tally	*y = &c->az->proc->tally;
	unsigned	 slot = meter_fail_slot(t);

	c->hand = (uint8_t)(SIDE_FAILED + slot);
	meter_tls_failed(c->az->meter, side_entry(c), c->name_token, slot);
	tally_add(y, TALLY_TLS_FAILED, 1);
	if (t->fail == SESSION_TLS_ALERT)
		tally_add(y, t->by_client ? TALLY_TLS_ALERT_CLIENT :
		    TALLY_TLS_ALERT_SERVER, 1);
}

/*
 * Who shows a certificate may not have its key: one for the name counts when
 * the client went on with it.
 */
static void
count_certificate(struct conn *c, const struct session_tls *t)
{
	enum cert_says	 says;

	says = cert_says(&t->cert, (int64_t)(state_print_time(c->az,
	    hand_began(t)) / 1000000));
	if (says == CERT_NONE || (says == CERT_NAME && t->done_us == 0))
		return;
	c->cert = says;
	meter_tls_cert(c->az->meter, side_entry(c), c->name_token, says);
	tally_add(&c->az->proc->tally, (enum tally_id)(TALLY_TLS_CERT_NAME +
	    says - CERT_NAME), 1);
}

static void
on_handshake(void *arg, const struct session_tls *t)
{
	struct conn	*c = arg;
	uint64_t	 us = 0;

	if (c->ignored)
		return;
	if (t->done_us != 0)
		c->hand = SIDE_HAND;
	else if (has_failed(c, t))
		count_failed(c, t);
	if (t->hello_us != 0 && t->done_us > t->hello_us)
		us = t->done_us - t->hello_us;
	if (t->done_us != 0)
		meter_tls(c->az->meter, side_entry(c), c->name_token,
		    t->version, t->resumed, us);
	count_certificate(c, t);
	tell_handshake(c, t, us);
}

static void
on_anomaly(void *arg, enum session_anomaly a)
{
	struct conn		*c = arg;
	struct analyzer		*az = c->az;
	struct event_flow	 f;
	struct msg_event	 e;
	char			 text[ENDPOINT_TEXT_MAX];

	if (c->ignored)
		return;
	tally_add(&az->proc->tally, session_anomaly_tally(a), 1);
	if (session_malformed(a))
		meter_add(az->meter, side_entry(c), MC_PARSE_ERRORS, 1);
	if (az->meter->total != NULL)
		sketch_add(az->meter->total, MC_ANOMALY + a, 1);
	if (az->example[a][0] == '\0')
		snprintf(az->example[a], sizeof(az->example[a]), "%s on %s",
		    endpoint_print(side_server(c), text, sizeof(text)),
		    side_iface_name(az, c->iface));
	if (!(az->event_types & CONF_EV_ANOMALY))
		return;
	side_event(c, 0, &f);
	event_flow(&e, EVENT_ANOMALY, az->ts, &f);
	span_text(&e.text, session_anomaly_name(a));
	said_event(az, &e);
}

const struct session_ops said_ops = {
	.prefix		= on_prefix,
	.request	= on_request,
	.response	= on_response,
	.resolved	= on_resolved,
	.transaction	= on_transaction,
	.rest		= on_rest,
	.hello		= on_hello,
	.handshake	= on_handshake,
	.mark		= stream_mark,
	.anomaly	= on_anomaly,
};

size_t
said_recent_size(const struct conf *c)
{
	if (c->offline && c->stats.transactions <= RECENT_DEFAULT)
		return 0;
	return c->stats.transactions;
}

void
said_session_conf(struct session_conf *s, const struct conf *c)
{
	memset(s, 0, sizeof(*s));
	s->ops = &said_ops;
	s->depth = c->stats.section_depth;
	s->keep_strings = said_recent_size(c) > 0 ||
	    (event_types(c) & CONF_EV_HTTP) != 0;
	s->marks = c->nmirrors > 0;
}
