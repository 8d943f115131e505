#include <string.h>

#include "analyzer/event.h"
#include "analyzer/meter.h"
#include "analyzer/rule.h"
#include "sandbox/compat.h"

#define ID_MASK	((1ULL << 53) - 1)

static void
begin(struct event_batch *b)
{
	b->count = 0;
	b->piece.len = 0;
	buf_writer(&b->body, b->frame + FRAME_HDR, FRAME_BODY_MAX);
}

void
event_batch_init(struct event_batch *b,
    bool (*flush)(void *, struct event_batch *), void *arg)
{
	b->flush = flush;
	b->arg = arg;
	begin(b);
}

uint32_t
event_batch_flush(struct event_batch *b)
{
	uint32_t	 lost = 0;

	if (b->count == 0)
		return 0;
	if (!b->flush(b->arg, b))
		lost = b->count;
	begin(b);
	return lost;
}

/* A record was written behind was; takes it back when it did not fit. */
static bool
fits(struct event_batch *b, size_t was)
{
	if (!b->body.err) {
		b->count++;
		return true;
	}
	b->body.err = false;
	b->body.len = was;
	return false;
}

uint32_t
event_put(struct event_batch *b, const struct msg_event *e)
{
	uint32_t	 lost = 0;
	size_t		 was = b->body.len;

	msg_put_event(&b->body, e);
	if (!fits(b, was)) {
		lost = event_batch_flush(b);
		msg_put_event(&b->body, e);
		if (!fits(b, 0))
			return lost + 1;
	}
	if (b->body.len >= EVENT_BATCH)
		lost += event_batch_flush(b);
	return lost;
}

/*
 * Whether s goes on where the last record ended, almost at the same time. A
 * head never does: its marks come between.
 */
static bool
joins(const struct event_batch *b, const struct msg_stream *s)
{
	const struct msg_stream	*p = &b->piece;

	return p->len > 0 && s->kind == STREAM_DATA && s->id == p->id &&
	    s->dir == p->dir && s->flags == p->flags &&
	    s->offset == p->offset + p->len && s->ts_us >= p->ts_us &&
	    s->ts_us - p->ts_us <= EVENT_JOIN_US &&
	    s->len <= EVENT_JOIN_MAX && p->len <= EVENT_JOIN_MAX - s->len &&
	    s->len <= buf_room(&b->body);
}

uint32_t
event_put_stream(struct event_batch *b, const struct msg_stream *s)
{
	uint32_t	 lost = 0;
	size_t		 was = b->body.len;

	if (joins(b, s)) {
		msg_join_stream(&b->body, b->piece_at, b->piece.len, s);
		b->piece.len += s->len;
	} else {
		msg_put_stream(&b->body, s);
		if (!fits(b, was)) {
			lost = event_batch_flush(b);
			msg_put_stream(&b->body, s);
			was = 0;
			if (!fits(b, 0))
				return lost + 1;
		}
		b->piece_at = was;
		b->piece = *s;
		if (s->kind != STREAM_DATA)
			b->piece.len = 0;
	}
	if (b->body.len >= EVENT_BATCH)
		lost += event_batch_flush(b);
	return lost;
}

uint32_t
event_types(const struct conf *c)
{
	uint32_t	 types = 0;
	size_t		 i;

	for (i = 0; i < c->nlogs; i++)
		types |= c->logs[i].types;
	return types;
}

void
event_flow(struct msg_event *e, enum event_kind kind, uint64_t ts_us,
    const struct event_flow *f)
{
	memset(e, 0, sizeof(*e));
	e->kind = (uint8_t)kind;
	e->ts_us = ts_us;
	e->vlan[0] = e->vlan[1] = -1;
	if (f == NULL)
		return;
	e->flow_id = f->id & ID_MASK;
	compat_strlcpy(e->iface, f->iface, sizeof(e->iface));
	e->vlan[0] = f->vlan[0];
	e->vlan[1] = f->vlan[1];
	e->client = f->client;
	if (f->asker != NULL)
		e->asker = *f->asker;
	e->server = f->server;
	e->hide_client = f->hidden;
	if (!f->hidden)
		e->real_client = f->real_client;
}

static void
span(struct msg_span *out, const struct http_span *in)
{
	out->p = in->p;
	out->n = in->p == NULL ? 0 : in->len;
}

static void
texts(struct msg_event *e, struct event_text *t, const struct conf_privacy *p,
    const struct session_text *s)
{
	span(&e->method, &s->method);
	span(&e->host, &s->host);
	span(&e->content_type, &s->content_type);
	if (s->target.p != NULL) {
		e->uri.n = rule_uri(p, s->target.p, s->target.len, t->uri,
		    sizeof(t->uri));
		e->uri.p = t->uri;
	}
	if (rule_header(p, "user-agent"))
		span(&e->agent, &s->user_agent);
	if (rule_header(p, "referer") && s->referer.p != NULL) {
		e->referer.n = rule_uri(p, s->referer.p, s->referer.len,
		    t->referer, sizeof(t->referer));
		e->referer.p = t->referer;
	}
}

static void
version_text(struct msg_event *e, struct event_text *t, unsigned minor)
{
	memcpy(t->protocol, "HTTP/2", 6);
	e->protocol.p = (const uint8_t *)t->protocol;
	e->protocol.n = 6;
	if (minor == HTTP_TWO_0)
		return;
	memcpy(t->protocol + 5, "1.", 2);
	t->protocol[7] = (char)('0' + (minor > 9 ? 9 : minor));
	e->protocol.n = 8;
}

void
event_http(struct msg_event *e, struct event_text *t,
    const struct conf_privacy *p, const struct session_tx *x,
    const char *tag, uint64_t rtt_us)
{
	e->tx_id = x->id != 0 ? x->id : x->number;
	e->status = x->status;
	e->gap = (x->flags & SESSION_TX_GAP) != 0;
	e->request_body = x->req_body;
	e->response_body = x->resp_body;
	if (x->resp_us > x->req_us && x->req_us != 0)
		e->first_byte_us = x->resp_us - x->req_us;
	if (x->resp_end_us > x->req_us && x->req_us != 0)
		e->last_byte_us = x->resp_end_us - x->req_us;
	e->rtt_us = rtt_us;
	version_text(e, t, x->minor);
	e->tag.p = (const uint8_t *)tag;
	e->tag.n = strlen(tag);
	if (x->text != NULL)
		texts(e, t, p, x->text);
}

static void
version(struct msg_span *out, uint16_t v)
{
	const char	*name = meter_version_name(meter_version_slot(v));

	out->p = (const uint8_t *)name;
	out->n = strlen(name);
}

void
event_tls(struct msg_event *e, const struct session_tls *t, uint64_t us,
    const char *failure, const char *certificate)
{
	span(&e->host, &t->name);
	span(&e->alpn, &t->alpn);
	if (t->server_us != 0)
		version(&e->protocol, t->version);
	if (t->offered != 0)
		version(&e->text, t->offered);
	e->resumed = t->resumed;
	e->gap = t->offered == 0 || t->server_us == 0 || t->done_us == 0;
	e->last_byte_us = us;
	e->failure.p = (const uint8_t *)failure;
	e->failure.n = strlen(failure);
	e->certificate.p = (const uint8_t *)certificate;
	e->certificate.n = strlen(certificate);
}

void
event_quic(struct msg_event *e, struct event_text *t,
    const struct quic_hello *h, const uint8_t *name, size_t len)
{
	const char	*v = meter_version_name(meter_quic_slot(h->version));

	e->host.p = name;
	e->host.n = len;
	e->alpn.p = t->alpn;
	e->alpn.n = tls_alpns(h->tls, t->alpn, sizeof(t->alpn));
	e->protocol.p = (const uint8_t *)v;
	e->protocol.n = strlen(v);
	e->status = h->version;
}

const char *
event_how(enum flow_how how)
{
	static const char *const names[] = {
		"fin", "rst", "timeout", "shed", "reuse"
	};

	return how <= FLOW_EOF_REUSE ? names[how] : names[FLOW_EOF_TIMEOUT];
}

void
event_flow_end(struct msg_event *e, const struct flow_info *f,
    enum flow_how how, uint64_t tx_count)
{
	const char	*text = event_how(how);

	e->packets[0] = f->half[0].packets;
	e->packets[1] = f->half[1].packets;
	e->bytes[0] = f->half[0].bytes;
	e->bytes[1] = f->half[1].bytes;
	e->start_us = f->first_us;
	e->end_us = f->last_us;
	e->tx_count = tx_count;
	e->gaps = (uint8_t)((f->half[0].lost > 0) | (f->half[1].lost > 0) << 1);
	e->tcp_flags = f->tcp_flags;
	e->closed = f->state == FLOW_SYN ? 0 :
	    how == FLOW_EOF_FIN || how == FLOW_EOF_RST ? 2 : 1;
	e->rtt_us = f->half[1].rtt_us;
	e->text.p = (const uint8_t *)text;
	e->text.n = strlen(text);
}
