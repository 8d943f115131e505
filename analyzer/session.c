#include <stdlib.h>
#include <string.h>

#include "analyzer/body.h"
#include "analyzer/pair.h"
#include "analyzer/session.h"
#include "sandbox/compat.h"

#define HEAD_MAX	65536		/* defaults of struct session_conf */
#define QUEUE_MAX	1000
#define LATE_US		50000

#define LATE_SLOTS	8		/* responses that wait for a request */
#define LINE_KEEP	1024		/* of each line of a head too long */
#define LINE_TAIL	16
#define PEEK_BYTES	262144		/* how long other protocols are watched */
#define BUF_MIN		512

enum state {
	ST_START,		/* nothing is known of this direction */
	ST_HEAD,		/* a head begins here, or is being collected */
	ST_BODY,
	ST_SEARCH,		/* HTTP, but where the next head is is lost */
	ST_WAIT,		/* CONNECT or upgrade asked, no answer yet */
	ST_PEEK,		/* inside a tunnel: is it TLS? */
	ST_LATE,		/* another protocol, which may yet turn to ours */
	ST_TLS,
	ST_STOP
};

enum speech { NOT_HEARD, ASKS, ANSWERS };

/* flags of a direction */
#define D_ENDED		0x0001
#define D_TRIAL		0x0002	/* the head at hand was found by searching */
#define D_SURE		0x0004	/* its start line is whole and valid */
#define D_CUT		0x0008	/* it was too long and has been cut */
#define D_DROP		0x0010	/* the rest of it is thrown away */
#define D_LOST_GAP	0x0020	/* bytes lost since the last sure pairing */
#define D_LOST_START	0x0040	/* the start of the stream was not seen */
#define D_GAPPED	0x0080	/* bytes lost in the message at hand */
#define D_BODILESS	0x0100	/* the answer to an unseen HEAD, perhaps */
#define D_HELLO		0x0200	/* TLS: hello done */
#define D_CIPHER	0x0400	/* TLS: has changed cipher */
#define D_FINISHED	0x0800	/* TLS: Finished sent (up to 1.2) */
#define D_BEGUN		0x1000	/* some bytes were seen */
#define D_OPEN		0x2000	/* a message is in its body */
#define D_WAITS		0x4000	/* after this request wait for the answer */
#define D_FOUND		0x8000	/* lost; the next head counts as found */

#define D_LOST		(D_LOST_GAP | D_LOST_START)

struct dir {
	union {
		struct body		 body;
		struct tls_reader	 tls;
	}		 u;
	uint8_t		*buf;		/* a partial head or hello */
	uint32_t	 len;
	uint32_t	 cap;
	uint64_t	 next;		/* offset after all that was seen */
	uint64_t	 acked;		/* bytes of the other stream it had */
	uint64_t	 head_off;
	uint64_t	 head_us;
	uint64_t	 first;		/* offset of the first byte seen */
	uint16_t	 flags;
	uint8_t		 state;
	uint8_t		 role;
	uint8_t		 scan;		/* of http_end */
};

/* A response: the one at hand, or one that waits for its request. */
struct resp {
	uint64_t	 first_us;
	uint64_t	 end_us;
	uint64_t	 off;
	uint64_t	 known;		/* client bytes acknowledged by then */
	uint64_t	 body;
	uint64_t	 number;
	uint32_t	 head_len;
	uint16_t	 status;
	uint8_t		 minor;
	uint8_t		 flags;		/* SESSION_TX_* */
	uint8_t		 pair;		/* enum session_pair */
	bool		 open;		/* not ended */
};

struct late {
	unsigned	 n;
	struct resp	 r[LATE_SLOTS];
};

/* What is kept of strings; the bytes follow. */
struct kept {
	struct session_text text;
	uint32_t	 cap;
	uint32_t	 used;
	uint8_t		 bytes[];
};

#define KEPT_TYPE_ROOM	SESSION_TEXT_TYPE

struct hand {			/* a TLS handshake in progress */
	struct session_tls tls;
	unsigned	 hellos;
};

struct session {
	const struct session_conf *conf;
	const struct session_ops *ops;
	void		*arg;
	struct mem	*mem;
	struct dir	 d[2];
	struct pair	 pair;
	struct resp	 cur;
	struct late	*late;
	struct kept	*spare;
	struct hand	*hand;
	uint64_t	 asked;		/* requests so far */
	uint64_t	 answered;
	uint32_t	 held;
	uint8_t		 proto;
	int8_t		 client;
	bool		 synced;	/* from byte 0, nothing lost */
	bool		 midstream;
};

/* Input of a step. redo: bytes to go over again before the rest. */
struct in {
	const uint8_t	*p;
	size_t		 len;
	uint64_t	 off;
	uint64_t	 ts;
	bool		 edge;		/* p starts a segment or a line */
	uint8_t		*redo;
	uint32_t	 redo_skip;
	uint32_t	 redo_len;
	uint32_t	 redo_cap;
	uint64_t	 redo_off;
};

/* ---- helpers ---- */

static uint32_t
head_max(const struct session *s)
{
	return s->conf->head_max != 0 ? s->conf->head_max : HEAD_MAX;
}

static uint32_t
queue_max(const struct session *s)
{
	return s->conf->queue_max != 0 ? s->conf->queue_max : QUEUE_MAX;
}

static unsigned
index_of(const struct session *s, const struct dir *d)
{
	return d == &s->d[1];
}

static struct dir *
other(struct session *s, struct dir *d)
{
	return d == &s->d[0] ? &s->d[1] : &s->d[0];
}

static void
odd(struct session *s, enum session_anomaly a)
{
	if (s->ops->anomaly != NULL)
		s->ops->anomaly(s->arg, a);
}

static void
mark(struct session *s, const struct dir *d, uint64_t off,
    enum session_mark m, uint64_t id)
{
	if (s->conf->marks && s->ops->mark != NULL)
		s->ops->mark(s->arg, index_of(s, d), off, m, id);
}

static void
set_proto(struct session *s, enum session_proto p)
{
	if (s->proto == p)
		return;
	s->proto = (uint8_t)p;
	if (s->ops->proto != NULL)
		s->ops->proto(s->arg, p);
}

static void *
take(struct session *s, size_t n)
{
	void	*p;

	if (!mem_take(s->mem, MEM_SESSIONS, n))
		p = NULL;
	else if ((p = malloc(n)) == NULL)
		mem_give(s->mem, MEM_SESSIONS, n);
	if (p == NULL)
		odd(s, SESSION_A_MEMORY);
	else
		s->held += (uint32_t)n;
	return p;
}

static void
give(struct session *s, void *p, size_t n)
{
	if (p == NULL)
		return;
	free(p);
	mem_give(s->mem, MEM_SESSIONS, n);
	s->held -= (uint32_t)n;
}

static void
hold_drop(struct session *s, struct dir *d)
{
	give(s, d->buf, d->cap);
	d->buf = NULL;
	d->len = d->cap = 0;
	d->scan = 0;
	d->flags &= (uint16_t)~(D_SURE | D_CUT | D_DROP);
}

/* Room for n more bytes, at most max in all; false: no memory. */
static bool
hold_room(struct session *s, struct dir *d, size_t n, uint32_t max)
{
	uint32_t	 cap = d->cap != 0 ? d->cap : BUF_MIN;
	uint8_t		*p;

	if (n <= d->cap - d->len)
		return true;
	while (cap - d->len < n)
		cap *= 2;
	if (cap > max)
		cap = max;
	if ((p = take(s, cap)) == NULL)
		return false;
	if (d->len > 0)
		memcpy(p, d->buf, d->len);
	give(s, d->buf, d->cap);
	d->buf = p;
	d->cap = cap;
	return true;
}

/* ---- kept strings ---- */

static void
kept_free(struct session *s, struct kept *k)
{
	if (k != NULL)
		give(s, k, k->cap);
}

/* Gives a text back, keeping one for the next request. */
static void
kept_return(struct session *s, struct kept *k)
{
	if (k == NULL)
		return;
	if (s->spare == NULL || s->spare->cap < k->cap) {
		kept_free(s, s->spare);
		s->spare = k;
	} else
		kept_free(s, k);
}

static void
kept_put(struct kept *k, struct http_span *to, const struct http_span *from,
    size_t max)
{
	if (from->p == NULL)
		return;
	to->len = from->len;
	if (to->len > max) {
		to->len = max;
		k->text.cut = true;
	}
	to->p = k->bytes + k->used;
	memcpy(k->bytes + k->used, from->p, to->len);
	k->used += (uint32_t)to->len;
}

static size_t
at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

static struct kept *
keep(struct session *s, const struct http_head *h,
    const struct http_span *host, bool cut)
{
	struct kept	*k = s->spare;
	size_t		 n;

	n = sizeof(*k) + at_most(h->method.len, SESSION_TEXT_METHOD) +
	    at_most(h->target.len, SESSION_TEXT_TARGET) + host->len +
	    at_most(h->user_agent.len, SESSION_TEXT_AGENT) +
	    at_most(h->referer.len, SESSION_TEXT_REFERER) + KEPT_TYPE_ROOM;
	s->spare = NULL;
	if (k == NULL || k->cap < n) {
		kept_free(s, k);
		n = (n + 255) & ~(size_t)255;
		if ((k = take(s, n)) == NULL)
			return NULL;
		k->cap = (uint32_t)n;
	}
	memset(&k->text, 0, sizeof(k->text));
	k->used = 0;
	k->text.cut = cut;
	kept_put(k, &k->text.method, &h->method, SESSION_TEXT_METHOD);
	kept_put(k, &k->text.target, &h->target, SESSION_TEXT_TARGET);
	kept_put(k, &k->text.host, host, HTTP_HOST_MAX);
	kept_put(k, &k->text.user_agent, &h->user_agent, SESSION_TEXT_AGENT);
	kept_put(k, &k->text.referer, &h->referer, SESSION_TEXT_REFERER);
	return k;
}

/* ---- transactions ---- */

/* Reports one request, one response or both; either may be NULL. */
static void
report(struct session *s, const struct pair_req *q, const struct resp *r,
    enum session_pair why)
{
	struct session_tx	 tx;

	if (s->ops->transaction == NULL)
		return;
	memset(&tx, 0, sizeof(tx));
	tx.pair = why;
	tx.dir = s->client >= 0 ? (uint8_t)s->client : 0;
	if (q != NULL) {
		tx.token = q->token;
		tx.id = q->id;
		tx.req_us = q->first_us;
		tx.req_end_us = q->end_us;
		tx.req_body = q->body;
		tx.req_head = q->head_len;
		tx.method = q->method;
		tx.flags |= q->flags;
		if (q->end_us == 0) {
			tx.flags |= SESSION_TX_REQ_OPEN;
			if (s->client >= 0 &&
			    s->d[s->client].flags & D_OPEN)
				tx.req_body = s->d[s->client].u.body.seen;
		}
		if (q->text != NULL)
			tx.text = &((const struct kept *)q->text)->text;
	} else
		tx.method = HTTP_METHOD_OTHER;
	if (r != NULL) {
		tx.number = r->number;
		tx.resp_us = r->first_us;
		tx.resp_end_us = r->end_us;
		tx.resp_body = r->body;
		tx.resp_head = r->head_len;
		tx.status = r->status;
		tx.minor = r->minor;
		tx.flags |= r->flags;
	}
	s->ops->transaction(s->arg, &tx);
}

/* The first open request is over, with this response or without. */
static void
close_front(struct session *s, const struct resp *r, enum session_pair why)
{
	struct pair_req	*q = pair_at(&s->pair, 0);

	if (q->kind == PAIR_REQUEST) {
		report(s, q, r, why);
		kept_return(s, q->text);
	}
	pair_pop(&s->pair);
}

static void
close_all(struct session *s, enum session_pair why)
{
	while (s->pair.n > 0)
		close_front(s, NULL, why);
}

static void
resolve(struct session *s, struct resp *r, enum session_pair why,
    uint64_t token, uint64_t ts)
{
	r->pair = (uint8_t)why;
	if (why == SESSION_PAIRED)
		r->flags |= SESSION_TX_LATE;
	if (s->ops->resolved != NULL)
		s->ops->resolved(s->arg, r->number, r->status, why, token, ts);
}

/* The oldest waiting response will never find its request. */
static void
late_give_up(struct session *s, uint64_t ts)
{
	struct late	*l = s->late;

	resolve(s, &l->r[0], SESSION_NO_REQUEST, 0, ts);
	report(s, NULL, &l->r[0], SESSION_NO_REQUEST);
	l->n--;
	memmove(&l->r[0], &l->r[1], l->n * sizeof(l->r[0]));
}

static void
late_expire(struct session *s, uint64_t ts)
{
	uint64_t	 us;

	us = s->conf->late_us != 0 ? s->conf->late_us : LATE_US;
	while (s->late != NULL && s->late->n > 0 &&
	    ts > s->late->r[0].first_us + us)
		late_give_up(s, ts);
	if (s->cur.open && s->cur.pair == SESSION_LATE &&
	    ts > s->cur.first_us + us)
		resolve(s, &s->cur, SESSION_NO_REQUEST, 0, ts);
}

/* An ended response without a request yet is put by. */
static void
late_put(struct session *s, const struct resp *r)
{
	if (s->late == NULL) {
		if ((s->late = take(s, sizeof(*s->late))) == NULL) {
			s->cur = *r;
			resolve(s, &s->cur, SESSION_NO_REQUEST, 0, r->end_us);
			report(s, NULL, &s->cur, SESSION_NO_REQUEST);
			return;
		}
		s->late->n = 0;
	}
	if (s->late->n == LATE_SLOTS) {
		odd(s, SESSION_A_LATE_FULL);
		late_give_up(s, r->end_us);
	}
	s->late->r[s->late->n++] = *r;
}

/* Whether a response seen before this request can be its own. */
static bool
late_fits(const struct session *s, const struct resp *r,
    const struct pair_req *q, bool ack_known)
{
	if (q->off >= r->known)
		return false;
	if (s->synced)
		return true;
	if (ack_known && q->acked > r->off)
		return false;
	return q->first_us <= r->first_us;
}

/* The request just put into an empty queue may have an answer already. */
static void
late_claim(struct session *s, const struct dir *d, uint64_t ts)
{
	struct pair_req	*q;
	struct resp	*r;
	bool		 known = d->acked != PAIR_NO_OFFSET;

	while (s->late != NULL && s->late->n > 0) {
		q = pair_at(&s->pair, 0);
		r = &s->late->r[0];
		if (!late_fits(s, r, q, known)) {
			late_give_up(s, ts);
			continue;
		}
		resolve(s, r, SESSION_PAIRED, q->token, ts);
		close_front(s, r, SESSION_PAIRED);
		s->late->n--;
		memmove(&s->late->r[0], &s->late->r[1],
		    s->late->n * sizeof(s->late->r[0]));
		return;
	}
	if (!s->cur.open || s->cur.pair != SESSION_LATE)
		return;
	q = pair_at(&s->pair, 0);
	if (late_fits(s, &s->cur, q, known))
		resolve(s, &s->cur, SESSION_PAIRED, q->token, ts);
	else
		resolve(s, &s->cur, SESSION_NO_REQUEST, 0, ts);
}

/* The response at hand is over. */
static void
finish_response(struct session *s, struct dir *d, uint64_t ts, bool whole)
{
	struct resp	*r = &s->cur, copy;

	if (!r->open)
		return;
	r->open = false;
	r->body = d->u.body.seen;
	r->end_us = ts;
	if (d->flags & D_GAPPED)
		r->flags |= SESSION_TX_GAP;
	if (!whole)
		r->flags |= SESSION_TX_RESP_OPEN;
	if (r->pair == SESSION_PAIRED && s->pair.n > 0)
		close_front(s, r, SESSION_PAIRED);
	else if (r->pair == SESSION_LATE) {
		copy = *r;
		late_put(s, &copy);
	} else
		report(s, NULL, r, (enum session_pair)r->pair);
}

/* The request whose body is at hand, if it is still open. */
static void
finish_request(struct session *s, struct dir *d, uint64_t ts, bool whole)
{
	struct pair_req	*q;
	uint32_t	 i;

	for (i = s->pair.n; i > 0 && s->pair.n - i < 2; i--) {
		q = pair_at(&s->pair, i - 1);
		if (q->kind != PAIR_REQUEST || q->id != s->asked)
			continue;
		q->body = d->u.body.seen;
		if (d->flags & D_GAPPED)
			q->flags |= SESSION_TX_GAP;
		if (whole)
			q->end_us = ts;
		return;
	}
}

/* ---- synchronisation ---- */

/* Where the next message begins in this direction is not known any more. */
static void
lose_sync(struct session *s, struct dir *d, uint64_t off, uint64_t ts)
{
	bool	 was_open = (d->flags & D_OPEN) != 0;

	mark(s, d, off, SESSION_MARK_LOST, 0);
	hold_drop(s, d);
	d->flags |= D_GAPPED;
	s->synced = false;
	if (d->role == NOT_HEARD) {
		d->flags |= D_LOST_START;
		d->state = ST_LATE;
		return;
	}
	if (d->role == ANSWERS) {
		if (was_open)
			finish_response(s, d, ts, false);
	} else {
		if (was_open)
			finish_request(s, d, ts, false);
		pair_hole(&s->pair, s->mem, queue_max(s));
	}
	d->flags &= (uint16_t)~(D_OPEN | D_TRIAL | D_BODILESS | D_WAITS);
	d->flags |= D_LOST_GAP | D_FOUND;
	d->state = ST_SEARCH;
}

static void
stop(struct session *s, struct dir *d)
{
	hold_drop(s, d);
	d->state = ST_STOP;
}

/* From here on this connection carries something else. */
static void
go_opaque(struct session *s, struct dir *answers, uint64_t off,
    enum session_proto proto)
{
	struct dir	*asks = other(s, answers);
	uint8_t		 next = proto == SESSION_TUNNEL ? ST_PEEK : ST_STOP;

	mark(s, asks, asks->next, SESSION_MARK_OPAQUE, 0);
	mark(s, answers, off, SESSION_MARK_OPAQUE, 0);
	close_all(s, SESSION_NO_RESPONSE);
	set_proto(s, proto);
	if (asks->state != ST_TLS) {
		hold_drop(s, asks);
		asks->flags &= (uint16_t)~D_OPEN;
		asks->state = next;
	}
	if (answers->state != ST_TLS)
		answers->state = next;
}

static void
set_role(struct session *s, struct dir *d, enum speech role)
{
	struct dir	*o = other(s, d);

	if (d->role == role)
		return;
	d->role = (uint8_t)role;
	o->role = role == ASKS ? ANSWERS : ASKS;
	s->client = (int8_t)index_of(s, role == ASKS ? d : o);
	if (o->state == ST_LATE) {
		hold_drop(s, o);
		o->state = ST_SEARCH;
		o->flags |= D_LOST_START;
		s->synced = false;
	}
	set_proto(s, SESSION_HTTP1);
}

/* ---- heads ---- */

static void
count_flaws(struct session *s, const struct http_head *h)
{
	unsigned	 i;

	if (h->flaws == 0)
		return;
	for (i = 0; i <= SESSION_A_STATUS; i++)
		if (h->flaws & 1U << i)
			odd(s, (enum session_anomaly)i);
	if (h->flaws & HTTP_AMBIGUOUS)
		odd(s, SESSION_A_AMBIGUOUS);
}

static unsigned
head_flags(const struct session *s, const struct dir *d,
    const struct http_head *h)
{
	unsigned	 flags = 0;

	(void)s;
	if (h->flaws & HTTP_AMBIGUOUS)
		flags |= SESSION_TX_AMBIGUOUS;
	if (d->flags & D_LOST_GAP)
		flags |= SESSION_TX_GAP;
	if (d->flags & D_LOST_START)
		flags |= SESSION_TX_MIDSTREAM;
	return flags;
}

static void
message_end(struct session *s, struct dir *d, uint64_t off, uint64_t ts)
{
	d->flags &= (uint16_t)~(D_OPEN | D_BODILESS);
	d->state = ST_HEAD;
	if (d->role == ANSWERS) {
		mark(s, d, off, SESSION_MARK_END, s->cur.number);
		finish_response(s, d, ts, true);
		return;
	}
	mark(s, d, off, SESSION_MARK_END, s->asked);
	finish_request(s, d, ts, true);
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
		message_end(s, d, off, ts);
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

static uint64_t
tell_request(struct session *s, struct dir *d, const struct http_head *h,
    const struct http_span *host, size_t head_len, uint64_t ts)
{
	struct session_request	 r;
	uint8_t			 section[HTTP_SECTION_MAX];

	if (s->ops->request == NULL)
		return 0;
	r.head = h;
	r.host = host->p;
	r.host_len = host->len;
	r.section = section;
	r.section_len = http_section(h, s->conf->depth, section);
	r.id = s->asked;
	r.offset = d->head_off;
	r.head_len = head_len;
	r.first_us = d->head_us;
	r.now_us = ts;
	r.dir = index_of(s, d);
	r.flags = head_flags(s, d, h);
	return s->ops->request(s->arg, &r);
}

/* Whether the last open request was sent with no answer in between. */
static bool
pipelines(const struct session *s, uint64_t acked)
{
	const struct pair_req	*q;
	uint32_t		 i;

	for (i = s->pair.n; i > 0; i--) {
		q = pair_at(&s->pair, i - 1);
		if (q->kind == PAIR_REQUEST)
			return q->acked == acked;
	}
	return false;
}

/* A request beyond the limit, or one that memory has no room for. */
static void
unqueued(struct session *s, struct dir *d, const struct http_head *h,
    size_t head_len, uint64_t token, uint64_t ts)
{
	struct pair_req	 q;

	odd(s, SESSION_A_QUEUE_FULL);
	memset(&q, 0, sizeof(q));
	q.token = token;
	q.id = s->asked;
	q.first_us = d->head_us;
	q.end_us = ts;
	q.head_len = (uint32_t)head_len;
	q.method = h->method_id;
	q.flags = (uint8_t)head_flags(s, d, h);
	report(s, &q, NULL, SESSION_BY_LIMIT);
}

static void
queue_request(struct session *s, struct dir *d, const struct http_head *h,
    const struct http_span *host, size_t head_len, uint64_t token,
    uint64_t ts)
{
	struct pair_req	*q;
	uint64_t	 acked = d->acked;
	bool		 first = s->pair.n == 0;

	if (acked == PAIR_NO_OFFSET)
		acked = other(s, d)->next;
	if (!first && pipelines(s, acked))
		s->pair.pipelined = true;
	q = pair_push(&s->pair, s->mem, queue_max(s));
	if (q == NULL) {
		unqueued(s, d, h, head_len, token, ts);
		return;
	}
	q->token = token;
	q->id = s->asked;
	q->first_us = d->head_us;
	q->off = d->head_off;
	q->acked = acked;
	q->head_len = (uint32_t)head_len;
	q->method = h->method_id;
	q->flags = (uint8_t)head_flags(s, d, h);
	if (s->conf->keep_strings)
		q->text = keep(s, h, host, (d->flags & D_CUT) != 0);
	if (first)
		late_claim(s, d, ts);
}

static void
on_request(struct session *s, struct dir *d, const struct http_head *h,
    size_t head_len, uint64_t off, uint64_t ts)
{
	uint8_t			 name[HTTP_HOST_MAX];
	struct http_span	 host;
	uint64_t		 token;
	enum body_kind		 kind = framing(h);

	s->asked++;
	host.p = name;
	host.len = http_host(h, name);
	mark(s, d, d->head_off, SESSION_MARK_HEAD, s->asked);
	mark(s, d, off, SESSION_MARK_HEAD_END, s->asked);
	token = tell_request(s, d, h, &host, head_len, ts);
	queue_request(s, d, h, &host, head_len, token, ts);
	d->flags &= (uint16_t)~(D_LOST | D_WAITS);
	if (h->method_id == HTTP_CONNECT) {
		kind = BODY_NONE;
		d->flags |= D_WAITS;
	} else if (h->connection & HTTP_CN_UPGRADE && h->upgrade.len > 0)
		d->flags |= D_WAITS;
	begin_body(s, d, kind, h->content_length, off, ts);
}

/* Finds the request of the response that begins at d->head_off. */
static enum session_pair
find_owner(struct session *s, struct dir *d)
{
	static const uint8_t	 why[] = {
		[PAIR_FRONT] = SESSION_PAIRED, [PAIR_EMPTY] = SESSION_LATE,
		[PAIR_OLDER] = SESSION_NO_REQUEST,
		[PAIR_UNKNOWN] = SESSION_BY_GAP,
		[PAIR_SKIPPED] = SESSION_BY_LIMIT
	};
	struct dir		*asks = other(s, d);
	enum pair_answer	 a;
	uint32_t		 drop;
	bool			 exact;

	a = pair_owner(&s->pair, d->head_off, d->acked,
	    (d->flags & D_LOST) != 0, &drop);
	for (; drop > 0; drop--)
		close_front(s, NULL, SESSION_BY_GAP);
	if (a == PAIR_EMPTY && asks->flags & D_ENDED)
		return SESSION_NO_REQUEST;
	if (a == PAIR_EMPTY && asks->flags & D_LOST_GAP)
		return SESSION_BY_GAP;
	if (a == PAIR_OLDER && d->flags & D_LOST_GAP)
		return SESSION_BY_GAP;
	if (a == PAIR_FRONT) {
		exact = pair_at(&s->pair, 0)->acked == d->head_off;
		if (exact)
			d->flags &= (uint16_t)~D_LOST;
	}
	return (enum session_pair)why[a];
}

static void
tell_response(struct session *s, struct dir *d, const struct http_head *h,
    size_t head_len, uint64_t ts, bool interim)
{
	struct session_response	 r;
	const struct pair_req	*q = NULL;

	if (s->ops->response == NULL)
		return;
	memset(&r, 0, sizeof(r));
	r.head = h;
	r.pair = interim ? SESSION_NO_REQUEST : (enum session_pair)s->cur.pair;
	r.number = s->answered;
	r.interim = interim;
	if (r.pair == SESSION_PAIRED)
		q = pair_at(&s->pair, 0);
	if (q != NULL) {
		r.token = q->token;
		r.id = q->id;
	}
	r.offset = d->head_off;
	r.head_len = head_len;
	r.first_us = d->head_us;
	r.now_us = ts;
	r.dir = index_of(s, d);
	r.flags = interim ? head_flags(s, d, h) : s->cur.flags;
	s->ops->response(s->arg, &r);
}

/* 101 or 2xx to CONNECT: what follows is no HTTP. True if so. */
static bool
switches(struct session *s, struct dir *d, const struct http_head *h,
    uint64_t off, uint64_t ts)
{
	const struct pair_req	*q = NULL;
	enum session_proto	 proto;
	const struct http_span	*up = &h->upgrade;

	if (s->cur.pair == SESSION_PAIRED)
		q = pair_at(&s->pair, 0);
	if (h->status == 101) {
		s->cur.flags |= SESSION_TX_UPGRADED;
		proto = SESSION_UPGRADED;
		if (up->len == 9 && strncasecmp((const char *)up->p,
		    "websocket", 9) == 0)
			proto = SESSION_WEBSOCKET;
		else if (up->len == 3 && strncasecmp((const char *)up->p,
		    "h2c", 3) == 0)
			proto = SESSION_HTTP2;
	} else if (h->status / 100 == 2 && q != NULL &&
	    q->method == HTTP_CONNECT) {
		s->cur.flags |= SESSION_TX_TUNNEL;
		proto = SESSION_TUNNEL;
	} else
		return false;
	body_init(&d->u.body, BODY_NONE, 0);
	finish_response(s, d, ts, true);
	go_opaque(s, d, off, proto);
	return true;
}

static void
interim(struct session *s, struct dir *d, const struct http_head *h,
    size_t head_len, uint64_t off, uint64_t ts)
{
	mark(s, d, off, SESSION_MARK_HEAD_END, s->answered);
	tell_response(s, d, h, head_len, ts, true);
	pair_interim(&s->pair, d->head_off, off);
	mark(s, d, off, SESSION_MARK_END, s->answered);
	d->state = ST_HEAD;
}

static enum body_kind
response_framing(struct session *s, struct dir *d, const struct http_head *h)
{
	enum body_kind	 kind = framing(h);

	if (h->status == 204 || h->status == 304)
		return BODY_NONE;
	if (s->cur.pair == SESSION_PAIRED) {
		if (pair_at(&s->pair, 0)->method == HTTP_HEAD)
			return BODY_NONE;
	} else if (kind == BODY_CHUNKED || kind == BODY_LENGTH)
		d->flags |= D_BODILESS;
	return kind;
}

static void
on_response(struct session *s, struct dir *d, const struct http_head *h,
    size_t head_len, uint64_t off, uint64_t ts)
{
	struct resp	*r = &s->cur;

	mark(s, d, d->head_off, SESSION_MARK_HEAD, s->answered + 1);
	if (h->status < 200 && h->status >= 100 && h->status != 101) {
		interim(s, d, h, head_len, off, ts);
		return;
	}
	s->answered++;
	memset(r, 0, sizeof(*r));
	r->open = true;
	r->flags = (uint8_t)head_flags(s, d, h);
	r->first_us = d->head_us;
	r->off = d->head_off;
	r->known = d->acked;
	r->number = s->answered;
	r->head_len = (uint32_t)head_len;
	r->status = h->status;
	r->minor = h->minor;
	r->pair = (uint8_t)find_owner(s, d);
	mark(s, d, off, SESSION_MARK_HEAD_END, s->answered);
	tell_response(s, d, h, head_len, ts, false);
	if (switches(s, d, h, off, ts))
		return;
	begin_body(s, d, response_framing(s, d, h), h->content_length, off,
	    ts);
}

/* A head is complete; off is where it ends. */
static void
on_head(struct session *s, struct dir *d, const struct http_head *h,
    size_t head_len, uint64_t off, uint64_t ts)
{
	set_role(s, d, h->is_request ? ASKS : ANSWERS);
	count_flaws(s, h);
	if (d->flags & D_FOUND)
		odd(s, SESSION_A_RESYNC);
	d->flags &= (uint16_t)~(D_TRIAL | D_FOUND | D_SURE);
	if (h->is_request)
		on_request(s, d, h, head_len, off, ts);
	else
		on_response(s, d, h, head_len, off, ts);
}

/* What the bytes look like to a direction of that role. */
static enum http_guess
guess(const struct dir *d, const uint8_t *p, size_t len)
{
	enum http_guess	 g = http_guess(p, len);
	bool		 answer;

	if (g == HTTP_NO || d->role == NOT_HEARD)
		return g;
	while (len > 0 && (*p == '\r' || *p == '\n')) {
		p++;
		len--;
	}
	answer = memcmp(p, "HTTP/", len < 5 ? len : 5) == 0;
	if (d->role == ANSWERS)
		return answer ? g : HTTP_NO;
	return answer && (len >= 5 || g == HTTP_RESPONSE) ? HTTP_NO : g;
}

/* A head found by searching must be clean to be believed. */
static bool
acceptable(const struct dir *d, const struct http_head *h)
{
	const uint32_t	 bad = HTTP_F_NO_COLON | HTTP_F_NAME | HTTP_F_NUL |
			    HTTP_F_CTL | HTTP_F_START_LINE | HTTP_F_OBS_FOLD;

	if (d->role != NOT_HEARD && h->is_request != (d->role == ASKS))
		return false;
	if (!(d->flags & D_TRIAL))
		return true;
	if (h->is_request && h->method_id == HTTP_METHOD_OTHER &&
	    h->method.len < 3)
		return false;
	return (h->flaws & bad) == 0 && (h->fields > 0 || h->minor == 0);
}

/*
 * Cuts long lines of a head that fills its buffer in the middle; false when
 * that frees too little.
 */
static bool
squeeze(struct dir *d)
{
	uint8_t		*from = d->buf, *end = d->buf + d->len, *to = d->buf;
	uint8_t		*nl;
	size_t		 n;

	while (from < end) {
		nl = memchr(from, '\n', (size_t)(end - from));
		n = nl != NULL ? (size_t)(nl - from) + 1 :
		    (size_t)(end - from);
		if (n > LINE_KEEP + LINE_TAIL) {
			memmove(to, from, LINE_KEEP);
			memmove(to + LINE_KEEP, from + n - LINE_TAIL,
			    LINE_TAIL);
			to += LINE_KEEP + LINE_TAIL;
		} else {
			memmove(to, from, n);
			to += n;
		}
		from += n;
	}
	d->len = (uint32_t)(to - d->buf);
	return d->len < d->cap / 4 * 3;
}

/* Adds to the head being collected; false: no memory. */
static bool
collect(struct session *s, struct dir *d, const uint8_t *p, size_t len)
{
	uint32_t	 max = head_max(s);
	size_t		 n;

	while (len > 0 && !(d->flags & D_DROP)) {
		n = len < max - d->len ? len : max - d->len;
		if (!hold_room(s, d, n, max))
			return false;
		memcpy(d->buf + d->len, p, n);
		d->len += (uint32_t)n;
		p += n;
		len -= n;
		if (len == 0)
			break;
		if (!(d->flags & D_CUT))
			odd(s, SESSION_A_HEAD_LONG);
		d->flags |= D_CUT;
		if (!squeeze(d))
			d->flags |= D_DROP;
	}
	return true;
}

/* Ends a head whose last part is missing at its last whole line. */
static void
seal(struct dir *d)
{
	uint32_t	 limit = d->len;
	const uint8_t	*nl = NULL;

	if (d->cap - d->len < 2)
		limit = d->len > 2 ? d->len - 2 : 0;
	if (limit > 0)
		nl = memrchr(d->buf, '\n', limit);
	d->len = nl != NULL ? (uint32_t)(nl - d->buf) + 1 : 0;
	if (d->cap - d->len < 2)
		return;
	d->buf[d->len++] = '\r';
	d->buf[d->len++] = '\n';
}

/* What was collected is no head: go over it again after its first line. */
static void
collected_nothing(struct session *s, struct dir *d, struct in *in)
{
	const uint8_t	*nl;
	bool		 trial = (d->flags & D_TRIAL) != 0;
	uint64_t	 off = d->head_off;

	nl = d->flags & D_CUT ? NULL : memchr(d->buf, '\n', d->len);
	if (nl != NULL) {
		in->redo = d->buf;
		in->redo_skip = (uint32_t)(nl - d->buf) + 1;
		in->redo_len = d->len;
		in->redo_cap = d->cap;
		in->redo_off = off;
		d->buf = NULL;
		d->len = d->cap = 0;
	}
	hold_drop(s, d);
	d->flags &= (uint16_t)~D_TRIAL;
	if (trial) {
		d->state = d->role == NOT_HEARD ? ST_LATE : ST_SEARCH;
		return;
	}
	if (s->proto == SESSION_HTTP1)
		odd(s, SESSION_A_GARBAGE);
	lose_sync(s, d, off, in->ts);
}

/* A collected head was parsed; off is where it ends. */
static void
on_collected(struct session *s, struct dir *d, const struct http_head *h,
    uint64_t off, uint64_t ts)
{
	uint8_t		*buf = d->buf;
	uint32_t	 cap = d->cap;

	d->buf = NULL;
	d->len = d->cap = 0;
	d->scan = 0;
	on_head(s, d, h, (size_t)(off - d->head_off), off, ts);
	d->flags &= (uint16_t)~(D_CUT | D_DROP);
	give(s, buf, cap);
}

/*
 * The rest of a head will never come. Its start line is whole: it counts with
 * the fields that are there.
 */
static void
salvage(struct session *s, struct dir *d, uint64_t off, uint64_t ts)
{
	struct http_head	 h;

	if (d->state != ST_HEAD || !(d->flags & D_SURE) || d->len == 0)
		return;
	seal(d);
	if (http_parse(d->buf, d->len, &h) > 0 && acceptable(d, &h))
		on_collected(s, d, &h, off, ts);
}

/* A head of which a part is collected. */
static size_t
head_more(struct session *s, struct dir *d, struct in *in)
{
	struct http_head	 h;
	enum http_guess		 g = HTTP_MAYBE;
	size_t			 n, took;
	ssize_t			 r = -1;

	n = http_end(&d->scan, in->p, in->len);
	took = n > 0 ? n : in->len;
	if (!collect(s, d, in->p, took)) {
		lose_sync(s, d, d->head_off, in->ts);
		return took;
	}
	if (!(d->flags & (D_SURE | D_CUT)) && (d->len < 64 ||
	    memchr(in->p, '\n', took) != NULL))
		g = guess(d, d->buf, d->len);
	if (g == HTTP_REQUEST || g == HTTP_RESPONSE)
		d->flags |= D_SURE;
	if (n == 0 && g != HTTP_NO && g != HTTP_TWO)
		return took;
	if (d->flags & D_DROP)
		seal(d);
	if (n > 0)
		r = http_parse(d->buf, d->len, &h);
	if (r <= 0 || !acceptable(d, &h)) {
		collected_nothing(s, d, in);
		return took;
	}
	on_collected(s, d, &h, in->off + n, in->ts);
	return took;
}

/* These bytes are no head: skip the line and look on. */
static size_t
no_head(struct session *s, struct dir *d, const struct in *in)
{
	const uint8_t	*nl;

	if (d->flags & D_TRIAL) {
		d->flags &= (uint16_t)~D_TRIAL;
		d->state = d->role == NOT_HEARD ? ST_LATE : ST_SEARCH;
	} else {
		if (s->proto == SESSION_HTTP1)
			odd(s, SESSION_A_GARBAGE);
		lose_sync(s, d, in->off, in->ts);
	}
	nl = memchr(in->p, '\n', in->len);
	return nl == NULL ? in->len : (size_t)(nl - in->p) + 1;
}

static size_t
st_head(struct session *s, struct dir *d, struct in *in)
{
	struct http_head	 h;
	enum http_guess		 g;
	size_t			 n = 0;
	ssize_t			 r;

	if (d->len > 0)
		return head_more(s, d, in);
	while (n < in->len && (in->p[n] == '\r' || in->p[n] == '\n'))
		n++;
	if (n > 0)
		return n;
	r = http_parse(in->p, in->len, &h);
	if (r > 0 && d->role != NOT_HEARD &&
	    h.is_request != (d->role == ASKS))
		odd(s, SESSION_A_ROLES);
	if (r < 0 || (r > 0 && !acceptable(d, &h)))
		return no_head(s, d, in);
	d->head_off = in->off;
	d->head_us = in->ts;
	if (r > 0) {
		on_head(s, d, &h, (size_t)r, in->off + (uint64_t)r, in->ts);
		return (size_t)r;
	}
	g = guess(d, in->p, in->len);
	if (g == HTTP_NO || g == HTTP_TWO)
		return no_head(s, d, in);
	d->scan = 0;
	d->flags &= (uint16_t)~(D_SURE | D_CUT | D_DROP);
	return head_more(s, d, in);
}

/* ---- bodies ---- */

static void
bad_body(struct session *s, struct dir *d, const struct in *in, size_t used)
{
	static const uint8_t	what[] = {
		[BODY_ESIZE] = SESSION_A_CHUNK_SIZE,
		[BODY_EHUGE] = SESSION_A_CHUNK_HUGE,
		[BODY_ELINE] = SESSION_A_CHUNK_LINE,
		[BODY_ECRLF] = SESSION_A_CHUNK_END
	};

	odd(s, (enum session_anomaly)what[d->u.body.error]);
	odd(s, SESSION_A_AMBIGUOUS);
	lose_sync(s, d, in->off + used, in->ts);
}

/* A body without an end, but the next answer is here and was asked for. */
static bool
next_answer(const struct session *s, const struct dir *d,
    const struct in *in)
{
	const struct pair_req	*q;

	if (d->role != ANSWERS || d->u.body.kind != BODY_CLOSE ||
	    !in->edge || s->pair.n < 2 || in->p[0] != 'H')
		return false;
	q = pair_at(&s->pair, 1);
	return q->kind == PAIR_REQUEST && q->acked == in->off &&
	    http_guess(in->p, in->len) == HTTP_RESPONSE;
}

static size_t
st_body(struct session *s, struct dir *d, struct in *in)
{
	enum body_answer	 a;
	size_t			 used;

	if (d->flags & D_BODILESS) {
		d->flags &= (uint16_t)~D_BODILESS;
		if (http_guess(in->p, in->len) == HTTP_RESPONSE) {
			message_end(s, d, in->off, in->ts);
			return 0;
		}
	}
	if (next_answer(s, d, in)) {
		message_end(s, d, in->off, in->ts);
		return 0;
	}
	a = body_eat(&d->u.body, in->p, in->len, &used);
	if (a == BODY_BAD)
		bad_body(s, d, in, used);
	else if (a == BODY_DONE) {
		if (d->u.body.lax)
			odd(s, SESSION_A_CHUNK_LAX);
		message_end(s, d, in->off + used, in->ts);
	}
	return used;
}

/* ---- finding a head again ---- */

static size_t
st_search(struct session *s, struct dir *d, struct in *in)
{
	const uint8_t	*nl;
	enum http_guess	 g;
	size_t		 i = 0;

	(void)s;
	if (!in->edge && in->off > d->first) {
		if ((nl = memchr(in->p, '\n', in->len)) == NULL)
			return in->len;
		i = (size_t)(nl - in->p) + 1;
	}
	for (;;) {
		if (i >= in->len)
			return in->len;
		g = HTTP_NO;
		if (d->role == ASKS || in->p[i] == 'H')
			g = guess(d, in->p + i, in->len - i);
		if (g == HTTP_REQUEST || g == HTTP_RESPONSE ||
		    g == HTTP_MAYBE)
			break;
		nl = memchr(in->p + i, '\n', in->len - i);
		if (nl == NULL)
			return in->len;
		i = (size_t)(nl - in->p) + 1;
	}
	d->flags |= D_TRIAL;
	d->state = ST_HEAD;
	return i;
}

/* ---- TLS ---- */

static void
tls_done(struct session *s, uint64_t ts)
{
	struct hand	*h = s->hand;

	if (h == NULL)
		return;
	h->tls.done_us = ts;
	if (s->ops->established != NULL)
		s->ops->established(s->arg, &h->tls);
	s->hand = NULL;
	give(s, h, sizeof(*h));
	stop(s, &s->d[0]);
	stop(s, &s->d[1]);
}

static void
tls_give_up(struct session *s)
{
	give(s, s->hand, sizeof(*s->hand));
	s->hand = NULL;
	stop(s, &s->d[0]);
	stop(s, &s->d[1]);
}

static void
begin_tls(struct session *s, struct dir *d, enum tls_guess g, uint64_t ts)
{
	struct dir	*o = other(s, d);

	if (s->proto != SESSION_TUNNEL)
		set_proto(s, SESSION_TLS);
	hold_drop(s, d);
	if (g == TLS_OTHER || (s->hand == NULL &&
	    (s->hand = take(s, sizeof(*s->hand))) == NULL)) {
		d->state = ST_STOP;
		return;
	}
	if (o->state != ST_TLS)
		memset(s->hand, 0, sizeof(*s->hand));
	if (g == TLS_CLIENT) {
		s->client = (int8_t)index_of(s, d);
		s->hand->tls.hello_us = ts;
	}
	memset(&d->u.tls, 0, sizeof(d->u.tls));
	d->state = ST_TLS;
	if (o->state == ST_START || o->state == ST_LATE ||
	    o->state == ST_PEEK) {
		hold_drop(s, o);
		memset(&o->u.tls, 0, sizeof(o->u.tls));
		o->state = ST_TLS;
	}
}

static void
tell_hello(struct session *s, struct dir *d, const struct tls_hello *h,
    uint64_t ts)
{
	struct session_hello	 x;
	size_t			 i, n = h->name.len;

	s->client = (int8_t)index_of(s, d);
	s->hand->hellos++;
	if (s->hand->tls.hello_us == 0)
		s->hand->tls.hello_us = ts;
	if (h->bad)
		odd(s, SESSION_A_TLS_BAD);
	if (s->ops->hello == NULL)
		return;
	x.tls = h;
	if (n > 1 && h->name.p[n - 1] == '.')
		n--;
	x.name_len = n < HTTP_HOST_MAX ? n : HTTP_HOST_MAX;
	for (i = 0; i < x.name_len; i++)
		x.name[i] = h->name.p[i] >= 'A' && h->name.p[i] <= 'Z' ?
		    h->name.p[i] | 0x20 : h->name.p[i];
	x.ts_us = ts;
	x.dir = index_of(s, d);
	x.again = s->hand->hellos > 1;
	s->ops->hello(s->arg, &x);
}

/* A whole first handshake message of a direction. */
static void
tls_message(struct session *s, struct dir *d, uint64_t ts)
{
	struct tls_hello	 h;

	d->flags |= D_HELLO;
	if (d->buf[0] == 1) {
		if (tls_client_hello(d->buf, d->len, &h) == 0)
			tell_hello(s, d, &h, ts);
		else
			odd(s, SESSION_A_TLS_BAD);
	} else if (d->buf[0] == 2) {
		if (tls_server_hello(d->buf, d->len, &h) == -1)
			odd(s, SESSION_A_TLS_BAD);
		else {
			s->hand->tls.version = h.version;
			s->hand->tls.server_us = ts;
			s->hand->tls.resumed = h.resumes;
			if (h.retry) {
				other(s, d)->flags &= (uint16_t)~D_HELLO;
				d->flags &= (uint16_t)~D_HELLO;
			}
		}
	}
	hold_drop(s, d);
}

/* Part of a handshake record before the hello is whole. */
static void
tls_collect(struct session *s, struct dir *d, const struct tls_piece *t,
    uint64_t ts)
{
	const uint8_t	*p = t->p;
	size_t		 len = t->len, want, n;

	while (len > 0 && !(d->flags & D_HELLO)) {
		want = 4;
		if (d->len >= 4)
			want += (size_t)d->buf[1] << 16 | d->buf[2] << 8 |
			    d->buf[3];
		if (want > TLS_HELLO_MAX) {
			odd(s, SESSION_A_TLS_LONG);
			d->flags |= D_HELLO;
			hold_drop(s, d);
			return;
		}
		n = want - d->len < len ? want - d->len : len;
		if (!hold_room(s, d, n, TLS_HELLO_MAX)) {
			d->flags |= D_HELLO;
			hold_drop(s, d);
			return;
		}
		memcpy(d->buf + d->len, p, n);
		d->len += (uint32_t)n;
		p += n;
		len -= n;
		if (d->len > 4 && d->len == 4 + ((size_t)d->buf[1] << 16 |
		    d->buf[2] << 8 | d->buf[3]))
			tls_message(s, d, ts);
		else if (d->len == 4 && (d->buf[1] | d->buf[2] |
		    d->buf[3]) == 0) {
			d->flags |= D_HELLO;
			hold_drop(s, d);
		}
	}
}

/* True when the handshake is over (RFC 8446, 2; RFC 5246, 7.3). */
static bool
tls_piece(struct session *s, struct dir *d, const struct tls_piece *t,
    uint64_t ts)
{
	struct dir	*o = other(s, d);

	if (t->type == TLS_HANDSHAKE) {
		if (!(d->flags & D_HELLO))
			tls_collect(s, d, t, ts);
		else if (d->flags & D_CIPHER)
			d->flags |= D_FINISHED;
	} else if (t->type == TLS_CHANGE_CIPHER)
		d->flags |= D_CIPHER;
	else if (t->type == TLS_DATA) {
		if (s->hand->tls.version == 0x0304)
			return index_of(s, d) == (unsigned)s->client;
		return d->flags & D_FINISHED || o->flags & D_FINISHED;
	}
	return d->flags & D_FINISHED && o->flags & D_FINISHED;
}

/* A server that was greeted in TLS may answer in HTTP. */
static bool
plain_answer(struct session *s, struct dir *d, const struct in *in)
{
	if (d->u.tls.have != 0 || d->flags & D_HELLO || in->p[0] != 'H' ||
	    s->proto != SESSION_TLS || (unsigned)s->client == index_of(s, d) ||
	    http_guess(in->p, in->len) != HTTP_RESPONSE)
		return false;
	tls_give_up(s);
	d->state = ST_HEAD;
	return true;
}

static size_t
st_tls(struct session *s, struct dir *d, struct in *in)
{
	struct tls_piece t;
	size_t		 used, n = 0;
	int		 r;

	if (plain_answer(s, d, in))
		return 0;
	while (n < in->len && d->state == ST_TLS) {
		r = tls_records(&d->u.tls, in->p + n, in->len - n, &used, &t);
		n += used;
		if (r == -1) {
			if (!(d->flags & D_HELLO))
				odd(s, SESSION_A_TLS_BAD);
			tls_give_up(s);
		} else if (r == 1 && tls_piece(s, d, &t, in->ts))
			tls_done(s, in->ts);
	}
	return in->len;
}

/* ---- what is spoken ---- */

/*
 * What may stand before the first message: lengths of such a prefix, 0 when
 * there is none, MORE when not all of it is here.
 */
#define MORE	SIZE_MAX

/* The PROXY protocol, version 1 and 2. */
static size_t
prefix_proxy(const uint8_t *p, size_t len)
{
	static const uint8_t	 two[12] = {
		'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T',
		'\n'
	};
	const uint8_t		*nl;
	size_t			 n;

	if (len > 4 && memcmp(p, two, len < 12 ? len : 12) == 0) {
		if (len < 16)
			return MORE;
		n = 16 + (size_t)(p[14] << 8 | p[15]);
		return n <= len ? n : MORE;
	}
	if (memcmp(p, "PROXY ", len < 6 ? len : 6) != 0)
		return 0;
	if ((nl = memchr(p, '\n', len)) == NULL)
		return len > 107 ? 0 : MORE;
	return (size_t)(nl - p) + 1;
}

/* The address at p[3] of a SOCKS5 request or reply; 0: none. */
static size_t
socks5_address(const uint8_t *p, size_t len)
{
	size_t	 n;

	if (len < 5)
		return MORE;
	if (p[0] != 5 || p[2] != 0)
		return 0;
	n = p[3] == 1 ? 10 : p[3] == 4 ? 22 : p[3] == 3 ? 7U + p[4] : 0;
	return n <= len ? n : MORE;
}

/* RFC 1928, 1929: greeting, perhaps user and password, request. */
static size_t
prefix_socks5(const uint8_t *p, size_t len)
{
	size_t	 n, m;

	if (p[0] != 5 || (len > 1 && (p[1] == 0 || p[1] > 8)))
		return 0;
	if (len < 2 || len <= (n = 2U + p[1]))
		return MORE;
	if (p[n] == 1) {
		if (len < n + 2 || len < n + 3 + p[n + 1])
			return MORE;
		m = n + 3 + p[n + 1] + p[n + 2 + p[n + 1]];
		if (len <= m)
			return MORE;
		n = m;
	}
	if (p[n] != 5 || (len > n + 1 && p[n + 1] != 1))
		return 0;
	m = socks5_address(p + n, len - n);
	return m == 0 || m == MORE ? m : n + m;
}

static size_t
prefix_socks5_answer(const uint8_t *p, size_t len)
{
	size_t	 n = 2, m;

	if (p[0] != 5 || (len > 1 && p[1] != 0 && p[1] != 2))
		return 0;
	if (len > 1 && p[1] == 2)
		n = 4;
	if (len <= n)
		return MORE;
	if (p[n] != 5 || (len > n + 1 && p[n + 1] != 0))
		return 0;
	m = socks5_address(p + n, len - n);
	return m == 0 || m == MORE ? m : n + m;
}

/* SOCKS4 and 4a: CONNECT, and its granted answer. */
static size_t
prefix_socks4(const uint8_t *p, size_t len)
{
	const uint8_t	*z;
	bool		 name;

	if (p[0] == 0 && (len < 2 || p[1] == 0x5a))
		return len < 8 ? MORE : 8;
	if (p[0] != 4 || (len > 1 && p[1] != 1))
		return 0;
	if (len < 9)
		return MORE;
	name = p[4] == 0 && p[5] == 0 && p[6] == 0 && p[7] != 0;
	if ((z = memchr(p + 8, 0, len - 8)) != NULL && name)
		z = memchr(z + 1, 0, (size_t)(p + len - z - 1));
	if (z == NULL)
		return len > 600 ? 0 : MORE;
	return (size_t)(z - p) + 1;
}

static size_t
prefix(const uint8_t *p, size_t len)
{
	static size_t (*const known[])(const uint8_t *, size_t) = {
		prefix_proxy, prefix_socks5, prefix_socks5_answer,
		prefix_socks4
	};
	size_t	 i, n;
	bool	 more = false;

	for (i = 0; i < nitems(known); i++) {
		n = known[i](p, len);
		if (n == MORE)
			more = true;
		else if (n > 0)
			return n;
	}
	return more ? MORE : 0;
}

/* Judges the first bytes. True when the state has changed. */
static bool
decide(struct session *s, struct dir *d, const uint8_t *p, size_t len,
    uint64_t ts)
{
	enum tls_guess	 t = TLS_NO;
	enum http_guess	 h;

	if (s->proto != SESSION_HTTP1)
		t = tls_guess(p, len);
	if (t != TLS_NO && t != TLS_MAYBE) {
		begin_tls(s, d, t, ts);
		return true;
	}
	h = guess(d, p, len);
	if (h == HTTP_REQUEST || h == HTTP_RESPONSE ||
	    (h == HTTP_MAYBE && len >= head_max(s))) {
		d->state = ST_HEAD;
		return true;
	}
	if (h == HTTP_TWO && s->proto != SESSION_HTTP1) {
		s->client = (int8_t)index_of(s, d);
		set_proto(s, SESSION_HTTP2);
		stop(s, d);
		stop(s, other(s, d));
		return true;
	}
	if (t == TLS_MAYBE || h == HTTP_MAYBE)
		return false;
	if (s->proto == SESSION_HTTP1)
		odd(s, SESSION_A_GARBAGE);
	else if (s->proto == SESSION_UNKNOWN)
		set_proto(s, SESSION_OTHER);
	lose_sync(s, d, d->next, ts);
	return true;
}

/* Collected first bytes become input again. */
static void
redo_all(struct dir *d, struct in *in)
{
	in->redo = d->buf;
	in->redo_skip = 0;
	in->redo_len = d->len;
	in->redo_cap = d->cap;
	in->redo_off = d->head_off;
	d->buf = NULL;
	d->len = d->cap = 0;
}

static size_t
st_start(struct session *s, struct dir *d, struct in *in)
{
	uint8_t		*buf;
	uint32_t	 len, cap;
	size_t		 n;

	if (d->len == 0) {
		n = prefix(in->p, in->len);
		if (n > 0 && n != MORE)
			return n;
		if (n == 0 && decide(s, d, in->p, in->len, in->ts))
			return 0;
		d->head_off = in->off;
	}
	n = in->len < head_max(s) - d->len ? in->len : head_max(s) - d->len;
	if (!hold_room(s, d, n, head_max(s))) {
		stop(s, d);
		return in->len;
	}
	memcpy(d->buf + d->len, in->p, n);
	d->len += (uint32_t)n;
	if (prefix(d->buf, d->len) == MORE && d->len < head_max(s))
		return n;
	buf = d->buf;
	len = d->len;
	cap = d->cap;
	d->buf = NULL;
	d->len = d->cap = 0;
	if (prefix(buf, len) == 0 && !decide(s, d, buf, len, in->ts)) {
		d->buf = buf;
		d->len = len;
		d->cap = cap;
		return n;
	}
	in->redo = buf;
	in->redo_skip = 0;
	in->redo_len = len;
	in->redo_cap = cap;
	in->redo_off = d->head_off;
	return n;
}

/* Another protocol: STARTTLS, SOCKS and the like turn into ours. */
static size_t
st_late(struct session *s, struct dir *d, struct in *in)
{
	enum http_guess	 g;

	if (in->off - d->first > PEEK_BYTES) {
		stop(s, d);
		return in->len;
	}
	if (!in->edge)
		return in->len;
	if (in->len >= 11 && tls_guess(in->p, in->len) == TLS_CLIENT) {
		begin_tls(s, d, TLS_CLIENT, in->ts);
		return 0;
	}
	g = http_guess(in->p, in->len);
	if (g != HTTP_REQUEST && g != HTTP_RESPONSE)
		return in->len;
	d->flags |= D_TRIAL;
	d->state = ST_HEAD;
	return 0;
}

/* After CONNECT or an upgrade was asked for: HTTP goes on, or does not. */
static size_t
st_wait(struct session *s, struct dir *d, struct in *in)
{
	enum http_guess	 g = guess(d, in->p, in->len);
	enum tls_guess	 t = tls_guess(in->p, in->len);

	if (t == TLS_CLIENT) {
		set_proto(s, SESSION_TUNNEL);
		begin_tls(s, d, t, in->ts);
		return 0;
	}
	if (g == HTTP_REQUEST || g == HTTP_MAYBE) {
		d->state = ST_HEAD;
		return 0;
	}
	return in->len;
}

/* The first bytes inside a tunnel. */
static size_t
st_peek(struct session *s, struct dir *d, struct in *in)
{
	enum tls_guess	 g;
	size_t		 n = 0;

	if (d->len == 0) {
		g = tls_guess(in->p, in->len);
		d->head_off = in->off;
	} else {
		n = 11 - d->len < in->len ? 11 - d->len : in->len;
		memcpy(d->buf + d->len, in->p, n);
		d->len += (uint32_t)n;
		g = tls_guess(d->buf, d->len);
	}
	if (g == TLS_MAYBE && d->len > 0)
		return n;
	if (g == TLS_MAYBE && hold_room(s, d, BUF_MIN, BUF_MIN)) {
		memcpy(d->buf, in->p, in->len);
		d->len = (uint32_t)in->len;
		return in->len;
	}
	if (g != TLS_CLIENT && g != TLS_SERVER) {
		stop(s, d);
		return in->len;
	}
	if (d->len > 0)
		redo_all(d, in);
	begin_tls(s, d, g, in->ts);
	return n;
}

static size_t
st_stop(struct session *s, struct dir *d, struct in *in)
{
	(void)s;
	(void)d;
	return in->len;
}

static size_t (*const step[])(struct session *, struct dir *, struct in *) = {
	[ST_START] = st_start, [ST_HEAD] = st_head, [ST_BODY] = st_body,
	[ST_SEARCH] = st_search, [ST_WAIT] = st_wait, [ST_PEEK] = st_peek,
	[ST_LATE] = st_late, [ST_TLS] = st_tls, [ST_STOP] = st_stop
};

/* Until the input is used up or bytes must be gone over again. */
static void
advance(struct session *s, struct dir *d, struct in *in)
{
	size_t	 n;

	while (in->len > 0 && in->redo == NULL) {
		n = step[d->state](s, d, in);
		in->p += n;
		in->len -= n;
		in->off += n;
		if (n > 0)
			in->edge = in->p[-1] == '\n';
	}
}

static void
feed(struct session *s, struct dir *d, struct in *in)
{
	struct in	 again;

	for (;;) {
		advance(s, d, in);
		if (in->redo == NULL)
			return;
		memset(&again, 0, sizeof(again));
		again.p = in->redo + in->redo_skip;
		again.len = in->redo_len - in->redo_skip;
		again.off = in->redo_off + in->redo_skip;
		again.ts = in->ts;
		again.edge = true;
		advance(s, d, &again);
		give(s, in->redo, in->redo_cap);
		in->redo = NULL;
	}
}

/* ---- the outside ---- */

struct session *
session_new(const struct session_conf *conf, const struct session_ops *ops,
    void *arg, struct mem *mem, unsigned how_met)
{
	struct session	*s;
	unsigned	 i;

	if (!mem_take(mem, MEM_SESSIONS, sizeof(*s)))
		return NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL) {
		mem_give(mem, MEM_SESSIONS, sizeof(*s));
		return NULL;
	}
	s->conf = conf;
	s->ops = ops;
	s->arg = arg;
	s->mem = mem;
	s->held = sizeof(*s);
	s->synced = (how_met & SESSION_SYN_SEEN) != 0;
	s->midstream = !s->synced;
	s->client = how_met & SESSION_CLIENT_0 ? 0 :
	    how_met & SESSION_CLIENT_1 ? 1 : -1;
	pair_init(&s->pair);
	for (i = 0; i < 2; i++) {
		s->d[i].acked = PAIR_NO_OFFSET;
		if (!s->synced)
			s->d[i].flags = D_LOST_START;
	}
	return s;
}

void
session_free(struct session *s)
{
	uint32_t	 i;

	if (s == NULL)
		return;
	for (i = 0; i < s->pair.n; i++)
		kept_free(s, pair_at(&s->pair, i)->text);
	pair_clear(&s->pair, s->mem);
	kept_free(s, s->spare);
	give(s, s->late, sizeof(*s->late));
	give(s, s->hand, sizeof(*s->hand));
	hold_drop(s, &s->d[0]);
	hold_drop(s, &s->d[1]);
	mem_give(s->mem, MEM_SESSIONS, sizeof(*s));
	free(s);
}

void
session_data(struct session *s, unsigned dir, uint64_t offset,
    const uint8_t *p, size_t len, uint64_t ts_us)
{
	struct dir	*d = &s->d[dir];
	struct in	 in;

	if (s->late != NULL || s->cur.pair == SESSION_LATE)
		late_expire(s, ts_us);
	if (!(d->flags & D_BEGUN)) {
		d->flags |= D_BEGUN;
		d->first = d->next = offset;
	} else if (offset > d->next)
		session_gap(s, dir, d->next, offset - d->next, ts_us);
	if (offset < d->next) {
		if (len <= d->next - offset)
			return;
		p += d->next - offset;
		len -= (size_t)(d->next - offset);
		offset = d->next;
	}
	d->next = offset + len;
	if (d->state == ST_STOP || d->flags & D_ENDED)
		return;
	in.p = p;
	in.len = len;
	in.off = offset;
	in.ts = ts_us;
	in.edge = true;
	in.redo = NULL;
	feed(s, d, &in);
}

/* A loss in the body of a message. */
static void
gap_in_body(struct session *s, struct dir *d, uint64_t off, uint64_t len,
    uint64_t ts)
{
	enum body_answer	 a = body_skip(&d->u.body, len);

	d->flags |= D_GAPPED;
	if (a == BODY_DONE)
		message_end(s, d, off + len, ts);
	else if (a == BODY_BAD)
		lose_sync(s, d, off, ts);
}

static void
gap_in_tls(struct session *s, struct dir *d, uint64_t len)
{
	if (!(d->flags & D_HELLO))
		odd(s, SESSION_A_TLS_LOST);
	if (d->u.tls.have == sizeof(d->u.tls.head) && d->u.tls.left > len &&
	    d->flags & D_HELLO)
		d->u.tls.left -= (uint16_t)len;
	else
		tls_give_up(s);
}

static void
gap_in_start(struct session *s, struct dir *d, uint64_t off, uint64_t len)
{
	mark(s, d, off, SESSION_MARK_LOST, 0);
	hold_drop(s, d);
	d->flags |= D_LOST_GAP;
	s->synced = false;
	if (d->role == ASKS)
		pair_hole(&s->pair, s->mem, queue_max(s));
	d->next = off + len;
}

void
session_gap(struct session *s, unsigned dir, uint64_t offset, uint64_t len,
    uint64_t ts_us)
{
	struct dir	*d = &s->d[dir];

	if (!(d->flags & D_BEGUN)) {
		d->flags |= D_BEGUN;
		d->first = d->next = offset;
	}
	if (offset + len <= d->next)
		return;
	len = offset + len - d->next;
	offset = d->next;
	d->next += len;
	if (d->state == ST_STOP || d->flags & D_ENDED || len == 0)
		return;
	if (d->state == ST_START)
		gap_in_start(s, d, offset, len);
	else if (d->state == ST_BODY)
		gap_in_body(s, d, offset, len, ts_us);
	else if (d->state == ST_TLS)
		gap_in_tls(s, d, len);
	else if (d->state == ST_HEAD || d->state == ST_SEARCH) {
		if (d->len > 0)
			odd(s, SESSION_A_HEAD_LOST);
		d->flags |= D_LOST_GAP;
		salvage(s, d, offset, ts_us);
		lose_sync(s, d, offset, ts_us);
	} else
		hold_drop(s, d);
}

void
session_acked(struct session *s, unsigned dir, uint64_t other_offset)
{
	struct dir	*d = &s->d[dir];

	/* Mid-stream, 0 says nothing: it may be a sender that never acks. */
	if (other_offset == 0 && s->midstream)
		return;
	if (d->acked == PAIR_NO_OFFSET || other_offset > d->acked)
		d->acked = other_offset;
}

/* No more bytes come in this direction. */
static void
end_dir(struct session *s, struct dir *d, uint64_t ts)
{
	bool	 whole;

	if (d->flags & D_ENDED)
		return;
	d->flags |= D_ENDED;
	if (d->state == ST_HEAD && d->len > 0) {
		odd(s, SESSION_A_HEAD_CUT);
		salvage(s, d, d->next, ts);
	}
	if (d->flags & D_OPEN) {
		whole = d->u.body.kind == BODY_CLOSE && d->state == ST_BODY;
		if (!whole)
			odd(s, SESSION_A_BODY_CUT);
		d->flags &= (uint16_t)~D_OPEN;
		if (d->role == ANSWERS)
			finish_response(s, d, ts, whole);
		else
			finish_request(s, d, ts, whole);
	}
	hold_drop(s, d);
}

static enum session_pair
why_unanswered(const struct session *s)
{
	unsigned	 i;

	for (i = 0; i < 2; i++)
		if (s->d[i].role == ANSWERS &&
		    s->d[i].flags & D_LOST_GAP)
			return SESSION_BY_GAP;
	return SESSION_NO_RESPONSE;
}

static void
end_both(struct session *s, uint64_t ts)
{
	unsigned	 asks = s->client == 1;

	end_dir(s, &s->d[!asks], ts);
	end_dir(s, &s->d[asks], ts);
	while (s->late != NULL && s->late->n > 0)
		late_give_up(s, ts);
	close_all(s, why_unanswered(s));
}

void
session_eof(struct session *s, unsigned dir, enum session_how how,
    uint64_t ts_us)
{
	struct dir	*d = &s->d[dir];

	if (how != SESSION_FIN) {
		end_both(s, ts_us);
		return;
	}
	if (d->role == ANSWERS)
		late_expire(s, ts_us);
	end_dir(s, d, ts_us);
	if (other(s, d)->flags & D_ENDED)
		end_both(s, ts_us);
	else if (d->role == ANSWERS)
		close_all(s, why_unanswered(s));
}

void
session_tick(struct session *s, uint64_t now_us)
{
	late_expire(s, now_us);
}

enum session_proto
session_proto(const struct session *s)
{
	return (enum session_proto)s->proto;
}

int
session_client(const struct session *s)
{
	return s->client;
}

size_t
session_held(const struct session *s)
{
	size_t	 n = s->held;

	if (s->pair.cap > 1)
		n += s->pair.cap * sizeof(*s->pair.q);
	return n;
}

const char *
session_proto_name(enum session_proto p)
{
	static const char *const names[SESSION_PROTOS] = {
		[SESSION_UNKNOWN] = "unknown", [SESSION_HTTP1] = "http",
		[SESSION_HTTP2] = "http2", [SESSION_TLS] = "tls",
		[SESSION_WEBSOCKET] = "websocket",
		[SESSION_UPGRADED] = "upgraded", [SESSION_TUNNEL] = "tunnel",
		[SESSION_OTHER] = "other"
	};

	return (unsigned)p < SESSION_PROTOS ? names[p] : "unknown";
}

const char *
session_anomaly_name(enum session_anomaly a)
{
#define A(name, text)	[SESSION_A_##name] = text,
	static const char *const names[] = { SESSION_ANOMALIES(A) };
#undef A

	return (unsigned)a < SESSION_ANOMALY_MAX ? names[a] : "unknown";
}

enum tally_id
session_anomaly_tally(enum session_anomaly a)
{
#define A(name, text)	[SESSION_A_##name] = TALLY_ODD_##name,
	static const uint16_t	ids[] = { SESSION_ANOMALIES(A) };
#undef A

	return (enum tally_id)ids[a];
}

const char *
session_pair_name(enum session_pair p)
{
	static const char *const names[] = {
		[SESSION_PAIRED] = "paired", [SESSION_LATE] = "late",
		[SESSION_NO_REQUEST] = "no-request",
		[SESSION_NO_RESPONSE] = "no-response",
		[SESSION_BY_GAP] = "gap", [SESSION_BY_LIMIT] = "limit"
	};

	return (unsigned)p < nitems(names) ? names[p] : "unknown";
}
