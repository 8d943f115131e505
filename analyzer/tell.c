#include <string.h>

#include "analyzer/deal.h"
#include "analyzer/h2.h"
#include "analyzer/late.h"
#include "analyzer/tell.h"

static unsigned
head_flags(const struct dir *d, const struct http_head *h)
{
	unsigned	 flags = 0;

	if (http_ambiguous(h))
		flags |= SESSION_TX_AMBIGUOUS;
	if (d->flags & D_LOST_GAP || d->ragged)
		flags |= SESSION_TX_GAP;
	if (d->flags & D_LOST_START)
		flags |= SESSION_TX_MIDSTREAM;
	return flags;
}

void
tell_end(struct session *s, struct dir *d, uint64_t off, uint64_t ts)
{
	d->flags &= (uint16_t)~(D_OPEN | D_BODILESS);
	d->state = ST_HEAD;
	if (d->role == ANSWERS) {
		sess_mark(s, d, off, SESSION_MARK_END, s->answered);
		deal_end_response(s, d, ts, true);
		return;
	}
	sess_mark(s, d, off, SESSION_MARK_END, s->framed ? s->asked : 0);
	deal_end_request(s, d, ts, true);
	if (d->flags & D_WAITS)
		d->state = ST_WAIT;
	d->flags &= (uint16_t)~D_WAITS;
}

/* Sets up the body; off is where it begins. */
static void
begin_body(struct session *s, struct dir *d, enum body_kind kind,
    uint64_t length, uint64_t off, uint64_t ts)
{
	body_init(&d->u.body, kind, length);
	d->flags = (uint16_t)((d->flags | D_OPEN) & ~D_GAPPED);
	d->state = ST_BODY;
	if (body_done(&d->u.body))
		tell_end(s, d, off, ts);
}

static enum body_kind
framing(const struct http_head *h)
{
	if (h->chunked)
		return BODY_CHUNKED;
	if (h->has_length && (!h->has_coding || h->is_request))
		return BODY_LENGTH;
	return h->is_request ? BODY_NONE : BODY_CLOSE;
}

/* A request beyond the limit, or one that memory has no room for. */
static void
unqueued(struct session *s, struct dir *d, const struct http_head *h,
    uint64_t token, uint64_t ts)
{
	struct pair_req	 q;

	sess_odd(s, SESSION_A_QUEUE_FULL);
	memset(&q, 0, sizeof(q));
	q.token = token;
	q.id = s->asked;
	q.first_us = d->head_us;
	q.end_us = ts;
	q.method = h->method_id;
	q.minor = h->minor;
	q.flags = (uint8_t)head_flags(d, h);
	deal_report(s, &q, NULL, SESSION_BY_LIMIT);
}

/* Whether an answer is under way that the client has not read yet. */
static bool
asks_early(const struct session *s, const struct dir *answers, uint64_t acked)
{
	return s->cur != NULL && s->cur->pair == SESSION_PAIRED &&
	    !(answers->flags & D_BODILESS) && acked <= answers->next;
}

static void
queue_request(struct session *s, struct dir *d, const struct http_head *h,
    const struct http_span *host, uint64_t token, uint64_t ts)
{
	struct pair_req	*q;
	uint64_t	 acked = d->head_acked;
	bool		 first;

	if (acked == PAIR_NO_OFFSET)
		acked = 0;
	if (d->flags & D_LOST_GAP)
		pair_hole(&s->pair, s->mem, sess_queue_max(s),
		    s->midstream && s->asked == 1 ? 0 : s->unowned,
		    PAIR_NO_OFFSET);
	first = s->pair.n == 0 || (s->pair.n == 1 &&
	    pair_at(&s->pair, 0)->kind == PAIR_HOLE);
	pair_habit(&s->pair, acked, asks_early(s, sess_other(s, d), acked));
	q = pair_push(&s->pair, s->mem, sess_queue_max(s));
	if (q == NULL) {
		unqueued(s, d, h, token, ts);
		return;
	}
	q->token = token;
	q->id = s->asked;
	q->first_us = d->head_us;
	q->off = d->head_off;
	q->acked = acked;
	q->method = h->method_id;
	q->minor = h->minor;
	q->flags = (uint8_t)head_flags(d, h);
	if (s->conf->keep_strings)
		q->text = kept_new(s, h, host);
	if (first || !s->synced)
		deal_claim(s, d, ts);
}

/*
 * The server's packets were delivered first, and say that bytes after this
 * head were sent.
 */
static bool
had_more(const struct dir *answers, uint64_t off)
{
	return answers->acked != PAIR_NO_OFFSET && answers->acked > off;
}

/*
 * Whether a request really begins here. A body may hold what looks like one,
 * so a head that was found by searching may be none, and neither need those
 * behind it. One is again when the client had read the answer to all before
 * it: it has no body to go on with.
 */
static void
know_start(struct session *s, struct dir *d, bool found)
{
	if (found)
		s->framed = false;
	else if (!s->framed)
		s->framed = s->caught_up && s->pair.n == 0 &&
		    s->pair.skipped == 0 && s->cur == NULL &&
		    d->head_acked == sess_other(s, d)->next;
	s->caught_up = false;
}

static void
on_request(struct session *s, struct dir *d, const struct http_head *h,
    uint64_t off, uint64_t ts)
{
	static uint8_t		 name[HTTP_HOST_MAX];	/* no page of stack */
	struct http_span	 host;
	uint64_t		 token;
	enum body_kind		 kind = framing(h);

	s->asked++;
	s->told = false;
	host.p = name;
	host.len = http_host(h, name);
	sess_mark(s, d, d->head_off, SESSION_MARK_HEAD, s->asked);
	sess_mark(s, d, off, SESSION_MARK_HEAD_END, s->framed ? s->asked : 0);
	if (h->flaws & HTTP_AMBIGUOUS)
		s->framed = false;	/* others may see another end */
	token = deal_ask(s, d, h, &host, head_flags(d, h));
	queue_request(s, d, h, &host, token, ts);
	d->flags &= (uint16_t)~(D_LOST | D_WAITS);
	if (h->method_id == HTTP_CONNECT) {
		kind = BODY_NONE;
		d->flags |= D_WAITS;
	} else if (h->connection & HTTP_CN_UPGRADE && h->upgrade.len > 0)
		d->flags |= D_WAITS;
	if (h->expect_100 && !had_more(sess_other(s, d), off))
		d->flags |= D_BODILESS;
	begin_body(s, d, kind, h->content_length, off, ts);
}

/* Finds the request of the response that begins at d->head_off. */
static enum session_pair
find_owner(struct session *s, struct dir *d)
{
	static const uint8_t	 why[] = {
		[PAIR_FRONT] = SESSION_PAIRED, [PAIR_LATER] = SESSION_LATE,
		[PAIR_OLDER] = SESSION_NO_REQUEST,
		[PAIR_UNKNOWN] = SESSION_BY_GAP,
		[PAIR_SKIPPED] = SESSION_BY_LIMIT
	};
	struct dir		*asks = sess_other(s, d);
	enum pair_answer	 a;
	struct pair_req		*q;
	uint32_t		 drop;
	bool			 blind, dropped;

	blind = asks->len > 0 ||
	    (d->acked != PAIR_NO_OFFSET && d->acked > asks->next);
	a = pair_owner(&s->pair, d->head_off, d->head_acked,
	    d->flags & D_LOST || s->unordered || late_front(s) != NULL, blind,
	    &drop);
	while (a == PAIR_FRONT && late_front(s) != NULL)
		deal_give_up(s, d->head_us);
	dropped = drop > 0;
	for (; drop > 0; drop--)
		deal_close(s, NULL, SESSION_BY_GAP);
	if (a == PAIR_LATER && (asks->flags & D_ENDED ||
	    (asks->flags & D_LOST_GAP && !blind))) {
		if (d->head_acked != PAIR_NO_OFFSET &&
		    d->head_acked > s->unowned)
			s->unowned = d->head_acked;
		return asks->flags & D_LOST_GAP ? SESSION_BY_GAP :
		    SESSION_NO_REQUEST;
	}
	if (a == PAIR_OLDER && d->flags & D_LOST_GAP)
		return SESSION_BY_GAP;
	if (a == PAIR_FRONT) {
		q = pair_at(&s->pair, 0);
		if (dropped)
			q->flags |= SESSION_TX_GAP;
		if (q->acked == d->head_off) {
			d->flags &= (uint16_t)~D_LOST;
			s->unordered = false;
		}
	}
	return (enum session_pair)why[a];
}

static void
tell_response(struct session *s, struct dir *d, const struct http_head *h,
    bool interim)
{
	struct session_response	 r;
	const struct pair_req	*q = NULL;

	if (s->conf->ops->response == NULL)
		return;
	memset(&r, 0, sizeof(r));
	r.head = h;
	r.pair = interim ? SESSION_NO_REQUEST : (enum session_pair)s->cur->pair;
	r.interim = interim;
	if (r.pair == SESSION_PAIRED)
		q = pair_at(&s->pair, 0);
	if (q != NULL) {
		r.token = q->token;
		r.id = q->id;
	}
	r.dir = sess_index(s, d);
	s->conf->ops->response(s->arg, &r);
}

static bool
to_h2c(const struct http_head *h)
{
	return h->status == 101 && h->upgrade.len == 3 &&
	    strncasecmp((const char *)h->upgrade.p, "h2c", 3) == 0;
}

/*
 * What follows is HTTP/2. The answer to the request that asked comes there,
 * unless it is not known which one has.
 */
static void
to_h2(struct session *s, struct dir *d, uint64_t off, uint64_t ts)
{
	struct pair_req	 q;
	bool		 known = s->cur->pair == SESSION_PAIRED;
	bool		 late = s->cur->pair == SESSION_LATE;

	body_init(&d->u.body, BODY_NONE, 0);
	sess_mark(s, d, off, SESSION_MARK_END, s->answered);
	if (known) {
		q = *pair_at(&s->pair, 0);
		pair_pop(&s->pair, s->mem);
		sess_give(s, s->cur, sizeof(*s->cur));
		s->cur = NULL;
	} else {
		s->cur->flags |= SESSION_TX_UPGRADED;
		deal_end_response(s, d, ts, true);
	}
	if (late) {
		deal_opaque(s, d, off, SESSION_HTTP2);
		return;
	}
	sess_mark(s, sess_other(s, d), sess_other(s, d)->next,
	    SESSION_MARK_OPAQUE, 0);
	sess_mark(s, d, off, SESSION_MARK_OPAQUE, 0);
	deal_close_all(s, SESSION_NO_RESPONSE);
	sess_proto(s, SESSION_HTTP2);
	h2_upgraded(s, d, known ? &q : NULL);
}

/* 101 or 2xx to CONNECT: what follows is no HTTP. True if so. */
static bool
switches(struct session *s, struct dir *d, const struct http_head *h,
    uint64_t off, uint64_t ts)
{
	const struct pair_req	*q = NULL;
	enum session_proto	 proto;
	const struct http_span	*up = &h->upgrade;

	if (s->cur->pair == SESSION_PAIRED)
		q = pair_at(&s->pair, 0);
	if (h->status == 101) {
		s->cur->flags |= SESSION_TX_UPGRADED;
		proto = SESSION_UPGRADED;
		if (up->len == 9 && strncasecmp((const char *)up->p,
		    "websocket", 9) == 0)
			proto = SESSION_WEBSOCKET;
		else if (up->len > 4 && strncasecmp((const char *)up->p,
		    "TLS/", 4) == 0)	/* RFC 2817 */
			proto = SESSION_TUNNEL;
	} else if (h->status / 100 == 2 && q != NULL &&
	    q->method == HTTP_CONNECT) {
		s->cur->flags |= SESSION_TX_TUNNEL;
		proto = SESSION_TUNNEL;
	} else
		return false;
	body_init(&d->u.body, BODY_NONE, 0);
	sess_mark(s, d, off, SESSION_MARK_END, s->answered);
	deal_end_response(s, d, ts, true);
	deal_opaque(s, d, off, proto);
	return true;
}

/* The request that what answers now belongs to, for its mark; 0: not known. */
static uint64_t
owner(const struct session *s, bool paired)
{
	return paired && s->pair.n > 0 &&
	    pair_at(&s->pair, 0)->kind == PAIR_REQUEST ?
	    pair_at(&s->pair, 0)->id : 0;
}

static void
interim(struct session *s, struct dir *d, const struct http_head *h,
    uint64_t off)
{
	if (h->status == 100 && s->pair.n == 1 &&
	    pair_at(&s->pair, 0)->kind == PAIR_REQUEST)
		sess_other(s, d)->flags &= (uint16_t)~D_BODILESS;
	/* To which of several it belongs only its final one tells. */
	sess_mark(s, d, off, SESSION_MARK_HEAD_END, owner(s,
	    s->pair.n == 1 && s->pair.skipped == 0 && !(d->flags & D_LOST) &&
	    !s->unordered && late_front(s) == NULL));
	tell_response(s, d, h, true);
	pair_interim(&s->pair, d->head_off, off);
	sess_mark(s, d, off, SESSION_MARK_END, s->answered);
	d->state = ST_HEAD;
}

static enum body_kind
response_framing(struct session *s, struct dir *d, const struct http_head *h)
{
	enum body_kind	 kind = framing(h);

	if (h->status == 204 || h->status == 304)
		return BODY_NONE;
	if (s->cur->pair == SESSION_PAIRED) {
		if (pair_at(&s->pair, 0)->method == HTTP_HEAD)
			return BODY_NONE;
	} else if (kind == BODY_CHUNKED || kind == BODY_LENGTH)
		d->flags |= D_BODILESS;
	return kind;
}

static void
on_response(struct session *s, struct dir *d, const struct http_head *h,
    uint64_t off, uint64_t ts)
{
	struct resp	*r = s->cur;

	sess_mark(s, d, d->head_off, SESSION_MARK_HEAD, s->answered + 1);
	if (h->status < 200 && h->status >= 100 && h->status != 101) {
		interim(s, d, h, off);
		return;
	}
	if (r == NULL && (r = sess_take(s, sizeof(*r))) == NULL) {
		deal_lose(s, d, off, ts);
		return;
	}
	s->cur = r;
	s->answered++;
	memset(r, 0, sizeof(*r));
	r->flags = (uint8_t)head_flags(d, h);
	r->first_us = d->head_us;
	r->off = d->head_off;
	r->known = d->head_acked;
	r->number = s->answered;
	r->status = h->status;
	r->minor = h->minor;
	r->pair = (uint8_t)find_owner(s, d);
	s->caught_up = r->pair == SESSION_PAIRED &&
	    pair_at(&s->pair, 0)->id == s->asked;
	if (r->pair == SESSION_PAIRED)
		kept_type(pair_at(&s->pair, 0)->text, &h->content_type);
	sess_mark(s, d, off, SESSION_MARK_HEAD_END,
	    owner(s, r->pair == SESSION_PAIRED));
	tell_response(s, d, h, to_h2c(h) && r->pair == SESSION_PAIRED);
	if (to_h2c(h)) {
		to_h2(s, d, off, ts);
		return;
	}
	if (switches(s, d, h, off, ts))
		return;
	begin_body(s, d, response_framing(s, d, h), h->content_length, off,
	    ts);
}

/* A head is complete; off is where it ends. */
void
tell_head(struct session *s, struct dir *d, const struct http_head *h,
    uint64_t off, uint64_t ts)
{
	bool	 found = (d->flags & (D_TRIAL | D_FOUND)) != 0;

	deal_role(s, d, h->is_request ? ASKS : ANSWERS);
	deal_flaws(s, h);
	d->ambiguous = http_ambiguous(h);
	if (d->flags & D_FOUND)
		sess_odd(s, SESSION_A_RESYNC);
	d->flags &= (uint16_t)~(D_TRIAL | D_FOUND | D_SURE);
	if (h->is_request) {
		know_start(s, d, found);
		on_request(s, d, h, off, ts);
	} else
		on_response(s, d, h, off, ts);
}
