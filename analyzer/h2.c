#include <stdlib.h>
#include <string.h>

#include "analyzer/be.h"
#include "analyzer/deal.h"
#include "analyzer/h2.h"
#include "analyzer/head2.h"
#include "sandbox/compat.h"

#define FRAME_HEAD	9
#define PREFACE		24
#define FEW		4		/* streams at first */

enum type {
	T_DATA, T_HEADERS, T_PRIORITY, T_RST, T_SETTINGS, T_PUSH, T_PING,
	T_GOAWAY, T_WINDOW, T_CONTINUATION
};

#define F_END_STREAM	0x01		/* of DATA and HEADERS */
#define F_ACK		0x01		/* of SETTINGS */
#define F_END_HEADERS	0x04
#define F_PADDED	0x08
#define F_PRIORITY	0x20

static const uint8_t	 preface[PREFACE] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct stream {
	struct pair_req	 q;		/* if id is not 0 */
	struct resp	 r;		/* if number is not 0 */
	uint32_t	 id;
	bool		 done;		/* the response has ended */
};

/* One direction. */
struct reader {
	struct hpack	 table;
	uint64_t	 first_us;	/* of the frame at hand */
	uint64_t	 block_us;	/* and of the block */
	uint32_t	 left;		/* of the frame at hand, and content */
	uint32_t	 content;
	uint32_t	 id;
	uint32_t	 block;		/* its stream; 0: none is open */
	uint32_t	 promised;	/* by the block at hand; 0: nothing */
	uint32_t	 skip;		/* bytes before its first field */
	uint8_t		 head[FRAME_HEAD];
	uint8_t		 have;		/* of head */
	uint8_t		 type;
	uint8_t		 flags;
	uint8_t		 ends;		/* the block ends its stream */
	uint8_t		 preface;	/* bytes to come */
	uint8_t		 last[4];	/* of GOAWAY */
	uint8_t		 nlast;
	bool		 greeted;	/* the first frame was there */
	bool		 pad;		/* how much padding comes first */
	bool		 torn;		/* part of the frame is lost */
};

struct h2 {
	struct reader	 r[2];
	struct stream	**st;		/* by id */
	uint32_t	 n;
	uint32_t	 cap;
	uint32_t	 last;		/* that the client has asked on */
	bool		 forgot;	/* there were too many */
};

static struct reader *
reader(struct session *s, const struct dir *d)
{
	return &s->h2->r[sess_index(s, d)];
}

static struct dir *
client(struct session *s)
{
	return &s->d[s->client == 1];
}

/* ---- streams ---- */

/* Where the stream of this id is or belongs. */
static uint32_t
place(const struct h2 *h, uint32_t id)
{
	uint32_t	 from = 0, to = h->n, mid;

	if (to > 0 && h->st[to - 1]->id < id)
		return to;
	while (from < to) {
		mid = from + (to - from) / 2;
		if (h->st[mid]->id < id)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static struct stream *
find(const struct h2 *h, uint32_t id)
{
	uint32_t	 i = place(h, id);

	return i < h->n && h->st[i]->id == id ? h->st[i] : NULL;
}

static bool
more_streams(struct session *s)
{
	struct h2	*h = s->h2;
	uint32_t	 cap = h->cap == 0 ? FEW : h->cap * 2;
	struct stream	**st;

	if (h->n < h->cap)
		return true;
	if ((st = sess_take(s, cap * sizeof(struct stream *))) == NULL)
		return false;
	if (h->n > 0)
		memcpy(st, h->st, h->n * sizeof(struct stream *));
	sess_give(s, h->st, h->cap * sizeof(struct stream *));
	h->st = st;
	h->cap = cap;
	return true;
}

/* NULL: there are too many, or there is no memory for one more. */
static struct stream *
add(struct session *s, uint32_t id)
{
	struct h2	*h = s->h2;
	struct stream	*x;
	uint32_t	 i = place(h, id);

	if (h->n >= sess_queue_max(s) || !more_streams(s) ||
	    (x = sess_take(s, sizeof(*x))) == NULL)
		return NULL;
	memset(x, 0, sizeof(*x));
	x->id = id;
	memmove(h->st + i + 1, h->st + i, (h->n - i) * sizeof(*h->st));
	h->st[i] = x;
	h->n++;
	return x;
}

static void
drop(struct session *s, uint32_t i)
{
	struct h2	*h = s->h2;
	struct stream	*x = h->st[i];

	kept_free(s, x->q.text);
	sess_give(s, x, sizeof(*x));
	h->n--;
	memmove(h->st + i, h->st + i + 1, (h->n - i) * sizeof(*h->st));
}

static void
resolve(struct session *s, struct resp *r, enum session_pair why,
    uint64_t token, uint64_t ts)
{
	r->pair = (uint8_t)why;
	if (s->conf->ops->resolved != NULL)
		s->conf->ops->resolved(s->arg, r->number, r->status, why,
		    token, ts);
}

/* This stream is over; why: what hides its other half if that is not here. */
static void
report(struct session *s, struct stream *x, enum session_pair why,
    uint64_t ts)
{
	struct resp	*r = x->r.number != 0 ? &x->r : NULL;

	if (r != NULL && !x->done) {
		sess_odd(s, SESSION_A_BODY_CUT);
		r->flags |= SESSION_TX_RESP_OPEN;
		r->end_us = ts;
	}
	if (why == SESSION_BY_GAP) {
		x->q.flags |= SESSION_TX_GAP;
		x->r.flags |= SESSION_TX_GAP;
	}
	if (x->q.id == 0) {
		if (r->pair == SESSION_LATE)
			resolve(s, r, why == SESSION_NO_RESPONSE ?
			    SESSION_NO_REQUEST : why, 0, ts);
		deal_report(s, NULL, r, (enum session_pair)r->pair);
	} else
		deal_report(s, &x->q, r, r != NULL ? SESSION_PAIRED : why);
}

static void
finish(struct session *s, uint32_t i, enum session_pair why, uint64_t ts)
{
	report(s, s->h2->st[i], why, ts);
	drop(s, i);
}

/* ---- life ---- */

void
h2_free(struct session *s)
{
	struct h2	*h = s->h2;

	if (h == NULL)
		return;
	while (h->n > 0)
		drop(s, h->n - 1);
	sess_give(s, h->st, h->cap * sizeof(struct stream *));
	hpack_clear(&h->r[0].table, s->mem);
	hpack_clear(&h->r[1].table, s->mem);
	s->h2 = NULL;
	sess_give(s, h, sizeof(*h));
}

/* Nothing more of this connection is read. */
static void
stop(struct session *s, enum session_pair why, uint64_t ts)
{
	uint32_t	 i;

	for (i = 0; i < s->h2->n; i++)
		report(s, s->h2->st[i], why, ts);
	h2_free(s);
	for (i = 0; i < 2; i++)
		if (s->d[i].state == ST_TWO)
			deal_stop(s, &s->d[i]);
}

static void
bad(struct session *s, uint64_t ts)
{
	sess_odd(s, SESSION_A_H2_BAD);
	stop(s, SESSION_NO_RESPONSE, ts);
}

static void
lost(struct session *s, uint64_t ts)
{
	sess_odd(s, SESSION_A_H2_LOST);
	stop(s, SESSION_BY_GAP, ts);
}

void
h2_over(struct session *s, uint64_t ts)
{
	if (s->h2 != NULL)
		stop(s, SESSION_NO_RESPONSE, ts);
}

void
h2_ended(struct session *s, const struct dir *d, uint64_t ts)
{
	uint32_t	 i;

	if (s->h2 == NULL || d == client(s))
		return;
	for (i = 0; i < s->h2->n; ) {
		if (s->h2->st[i]->q.id != 0)
			finish(s, i, SESSION_NO_RESPONSE, ts);
		else
			i++;
	}
}

/* ---- messages ---- */

static uint8_t
ambiguous(const struct http_head *h)
{
	return http_ambiguous(h) ? SESSION_TX_AMBIGUOUS : 0;
}

static void
interim(struct session *s, struct dir *d, const struct http_head *h)
{
	struct session_response	 r;

	if (s->conf->ops->response == NULL)
		return;
	memset(&r, 0, sizeof(r));
	r.head = h;
	r.pair = SESSION_NO_REQUEST;
	r.dir = sess_index(s, d);
	r.interim = true;
	s->conf->ops->response(s->arg, &r);
}

/* An answer may end before its request, which is told when both have. */
static void
settle(struct session *s, uint32_t i, uint64_t ts)
{
	const struct stream	*x = s->h2->st[i];

	if (x->done && (x->q.id != 0 ? x->q.end_us != 0 :
	    x->r.pair != SESSION_LATE))
		finish(s, i, SESSION_PAIRED, ts);
}

/* A request on a stream that has an answer already, which was seen first. */
static void
claim(struct session *s, struct stream *x, uint64_t ts)
{
	resolve(s, &x->r, SESSION_PAIRED, x->q.token, ts);
	x->r.flags |= SESSION_TX_LATE;
	settle(s, place(s->h2, x->id), ts);
}

/* By the client, or promised to it. */
static void
request(struct session *s, const struct reader *r, uint32_t id,
    const struct http_head *h, bool ended, uint64_t ts)
{
	static uint8_t		 name[HTTP_HOST_MAX];	/* no page of stack */
	struct http_span	 host = { name, http_host(h, name) };
	struct pair_req		 q;
	struct stream		*x = find(s->h2, id);

	s->asked++;
	memset(&q, 0, sizeof(q));
	q.id = s->asked;
	q.first_us = r->block_us;
	q.end_us = ended ? ts : 0;
	q.method = h->method_id;
	q.minor = h->minor;
	q.flags = ambiguous(h);
	q.token = deal_ask(s, client(s), h, &host, q.flags);
	if (x == NULL && (x = add(s, id)) == NULL) {
		s->h2->forgot = true;
		sess_odd(s, SESSION_A_QUEUE_FULL);
		deal_report(s, &q, NULL, SESSION_BY_LIMIT);
		return;
	}
	if (s->conf->keep_strings)
		q.text = kept_new(s, h, &host);
	x->q = q;
	if (x->r.number != 0)
		claim(s, x, ts);
}

/* Why there is no request to a response on this stream. */
static enum session_pair
unasked(const struct session *s, uint32_t id)
{
	if (id % 2 == 1 && id > s->h2->last)
		return SESSION_LATE;
	return s->h2->forgot ? SESSION_BY_LIMIT : SESSION_NO_REQUEST;
}

static void
tell_response(struct session *s, struct dir *d, const struct http_head *h,
    const struct pair_req *q, const struct resp *r)
{
	struct session_response	 x;

	if (s->conf->ops->response == NULL)
		return;
	memset(&x, 0, sizeof(x));
	x.head = h;
	x.pair = (enum session_pair)r->pair;
	if (q != NULL) {
		x.token = q->token;
		x.id = q->id;
	}
	x.dir = sess_index(s, d);
	s->conf->ops->response(s->arg, &x);
}

static void
response(struct session *s, struct dir *d, uint32_t id,
    const struct http_head *h)
{
	struct stream	*x = find(s->h2, id);
	struct resp	 r;

	memset(&r, 0, sizeof(r));
	r.first_us = reader(s, d)->block_us;
	r.number = ++s->answered;
	r.status = h->status;
	r.minor = h->minor;
	r.flags = ambiguous(h);
	r.pair = x != NULL ? SESSION_PAIRED : (uint8_t)unasked(s, id);
	if (x == NULL && (x = add(s, id)) == NULL) {
		sess_odd(s, SESSION_A_LATE_FULL);
		if (r.pair == SESSION_LATE)
			r.pair = SESSION_BY_LIMIT;
		tell_response(s, d, h, NULL, &r);
		r.flags |= SESSION_TX_RESP_OPEN;
		deal_report(s, NULL, &r, (enum session_pair)r.pair);
		return;
	}
	x->r = r;
	if (x->q.id != 0)
		kept_type(x->q.text, &h->content_type);
	tell_response(s, d, h, x->q.id != 0 ? &x->q : NULL, &r);
}

/* The sender of d says no more on this stream. */
static void
end_stream(struct session *s, const struct dir *d, uint32_t id, uint64_t ts)
{
	uint32_t	 i = place(s->h2, id);
	struct stream	*x;

	if (i == s->h2->n || s->h2->st[i]->id != id)
		return;
	x = s->h2->st[i];
	if (d == client(s)) {
		if (x->q.end_us == 0)
			x->q.end_us = ts;
	} else if (x->r.number != 0) {
		x->done = true;
		x->r.end_us = ts;
	}
	settle(s, i, ts);
}

/* Whether the client may begin this stream with a request. */
static bool
begins(struct session *s, uint32_t id)
{
	if (id % 2 == 0 || id <= s->h2->last) {
		sess_odd(s, SESSION_A_H2_BAD);
		return false;
	}
	s->h2->last = id;
	return true;
}

static void
message(struct session *s, struct dir *d, struct http_head *h, uint64_t ts)
{
	const struct reader	*r = reader(s, d);
	const struct stream	*x;

	if (d == client(s)) {
		x = find(s->h2, r->block);
		if (h->is_request && (x == NULL || x->q.id == 0) &&
		    begins(s, r->block)) {
			deal_flaws(s, h);
			request(s, r, r->block, h, r->ends, ts);
		}
	} else if (r->promised != 0) {
		deal_flaws(s, h);
		if (h->is_request && find(s->h2, r->promised) == NULL)
			request(s, r, r->promised, h, true, ts);
	} else if (h->status != 0) {
		x = find(s->h2, r->block);
		deal_flaws(s, h);
		if (h->status >= 100 && h->status < 200)
			interim(s, d, h);
		else if (x == NULL || x->r.number == 0)
			response(s, d, r->block, h);
		else
			sess_odd(s, SESSION_A_H2_BAD);
	}
}

static void
block(struct session *s, struct dir *d, const uint8_t *p, size_t len,
    uint64_t ts)
{
	static uint8_t		 text[HEAD2_TEXT_MAX];
	struct reader		*r = reader(s, d);
	struct http_head	 h;

	head2_init(&h);
	switch (hpack_block(&r->table, s->mem, p, len, text, sizeof(text),
	    &head2_ops, &h)) {
	case HPACK_OK:
		break;
	case HPACK_LONG:
		sess_odd(s, SESSION_A_HEAD_LONG);
		stop(s, SESSION_BY_LIMIT, ts);
		return;
	case HPACK_NOMEM:
		sess_odd(s, SESSION_A_MEMORY);
		stop(s, SESSION_BY_LIMIT, ts);
		return;
	default:
		bad(s, ts);
		return;
	}
	head2_end(&h);
	message(s, d, &h, ts);
	if (r->ends)
		end_stream(s, d, r->block, ts);
	r->block = r->promised = 0;
	sess_drop(s, d);
}

/* ---- frames ---- */

static bool
has_fields(uint8_t type)
{
	return type == T_HEADERS || type == T_PUSH || type == T_CONTINUATION;
}

/* What the first frame of a block has around its fields; false: it is none. */
static bool
open_block(struct reader *r, const uint8_t *p, size_t len, size_t *pad)
{
	size_t	 n = 0;

	*pad = 0;
	if (r->flags & F_PADDED) {
		if (len == 0)
			return false;
		*pad = p[n++];
	}
	if (r->type == T_PUSH) {
		if (len < n + 4)
			return false;
		r->promised = be32(p + n) & INT32_MAX;
		if (r->promised == 0 || r->promised % 2 != 0)
			return false;
		n += 4;
	} else if (r->flags & F_PRIORITY)
		n += 5;
	r->skip = (uint32_t)n;
	r->block = r->id;
	r->block_us = r->first_us;
	r->ends = r->type == T_HEADERS && r->flags & F_END_STREAM;
	return n + *pad <= len;
}

/* A frame with fields that is whole, at p, or after others in buf. */
static void
fields(struct session *s, struct dir *d, const uint8_t *p, size_t len,
    uint64_t ts)
{
	struct reader	*r = reader(s, d);
	size_t		 pad = 0;

	if (r->type != T_CONTINUATION && !open_block(r, p, len, &pad)) {
		bad(s, ts);
		return;
	}
	if (r->flags & F_END_HEADERS)
		block(s, d, p + r->skip, len - r->skip - pad, ts);
	else
		d->len -= (uint32_t)pad;
}

static void
reset(struct session *s, uint32_t id, uint64_t ts)
{
	uint32_t	 i = place(s->h2, id);
	struct stream	*x;

	if (i == s->h2->n || s->h2->st[i]->id != id)
		return;
	x = s->h2->st[i];
	if (x->q.id != 0 || x->r.pair != SESSION_LATE)
		finish(s, i, SESSION_NO_RESPONSE, ts);
	else if (!x->done) {
		x->done = true;
		x->r.end_us = ts;
		x->r.flags |= SESSION_TX_RESP_OPEN;
	}
}

/* What the other side began after the last that is dealt with is over. */
static void
going(struct session *s, const struct dir *d, uint32_t last, uint64_t ts)
{
	uint32_t	 odd = d != client(s), i;
	struct stream	*x;

	for (i = s->h2->n; i > 0; i--) {
		x = s->h2->st[i - 1];
		if (x->id <= last)
			break;
		if (x->id % 2 == odd && x->q.id != 0 && x->r.number == 0)
			finish(s, i - 1, SESSION_NO_RESPONSE, ts);
	}
}

static void
frame_done(struct session *s, struct dir *d, uint64_t ts)
{
	static const uint8_t	 none[1];
	struct reader		*r = reader(s, d);

	r->have = 0;
	if (has_fields(r->type))
		fields(s, d, d->len > 0 ? d->buf : none, d->len, ts);
	else if (r->type == T_DATA && r->flags & F_END_STREAM)
		end_stream(s, d, r->id, ts);
	else if (r->type == T_RST)
		reset(s, r->id, ts);
	else if (r->type == T_GOAWAY && !r->torn)
		going(s, d, be32(r->last) & INT32_MAX, ts);
}

/* Lengths and streams that end the connection (RFC 9113, 6). */
static bool
sound(const struct reader *r, bool of_client)
{
	switch (r->type) {
	case T_DATA:
	case T_HEADERS:
	case T_PRIORITY:
	case T_CONTINUATION:
		return r->id != 0;
	case T_RST:
		return r->id != 0 && r->left == 4;
	case T_SETTINGS:
		return r->id == 0 && r->left % 6 == 0 &&
		    (!(r->flags & F_ACK) || r->left == 0);
	case T_PUSH:
		return r->id != 0 && !of_client;
	case T_PING:
		return r->id == 0 && r->left == 8;
	case T_GOAWAY:
		return r->id == 0 && r->left >= 8;
	case T_WINDOW:
		return r->left == 4;
	default:
		return true;
	}
}

/* The first frame is SETTINGS, and between fields only more of them come. */
static bool
in_turn(const struct reader *r)
{
	if (!r->greeted)
		return r->type == T_SETTINGS && !(r->flags & F_ACK);
	return r->block == 0 ? r->type != T_CONTINUATION :
	    r->type == T_CONTINUATION && r->id == r->block;
}

static void
frame_begin(struct session *s, struct dir *d, uint64_t ts)
{
	struct reader	*r = reader(s, d);

	r->left = be32(r->head) >> 8;
	r->type = r->head[3];
	r->flags = r->head[4];
	r->id = be32(r->head + 5) & INT32_MAX;
	r->torn = false;
	r->nlast = 0;
	r->pad = r->type == T_DATA && r->flags & F_PADDED;
	r->content = r->left;
	if (!r->greeted && s->midstream && !in_turn(r)) {
		lost(s, ts);		/* its start was not seen */
		return;
	}
	if (!in_turn(r) || !sound(r, d == client(s)) ||
	    (r->pad && r->left == 0)) {
		bad(s, ts);
		return;
	}
	r->greeted = true;
	if (has_fields(r->type) && r->left > sess_head_max(s) - d->len) {
		sess_odd(s, SESSION_A_HEAD_LONG);
		stop(s, SESSION_BY_LIMIT, ts);
	} else if (r->left == 0)
		frame_done(s, d, ts);
}

/* So much of a body was seen, or was lost. */
static void
count_body(struct session *s, const struct dir *d, uint32_t n, bool lost)
{
	const struct reader	*r = reader(s, d);
	struct stream		*x = find(s->h2, r->id);
	uint8_t			 flag = lost ? SESSION_TX_GAP : 0;

	if (x == NULL)
		return;
	if (d == client(s)) {
		x->q.body += n;
		x->q.flags |= flag;
	} else {
		x->r.body += n;
		x->r.flags |= flag;
	}
}

/* False: it says that it is padded with more than there is. */
static bool
content(struct session *s, struct dir *d, const uint8_t *p, size_t n)
{
	struct reader	*r = reader(s, d);
	uint32_t	 k;

	if (r->pad) {
		r->pad = false;
		if (*p > r->left - 1)
			return false;
		r->content = r->left - 1 - *p;
		n--;
	}
	k = n < r->content ? (uint32_t)n : r->content;
	r->content -= k;
	count_body(s, d, k, false);
	return true;
}

/* More of a frame with fields; false: no memory. */
static bool
collect(struct session *s, struct dir *d, const uint8_t *p, size_t n)
{
	if (!sess_room(s, d, n, sess_head_max(s)))
		return false;
	memcpy(d->buf + d->len, p, n);
	d->len += (uint32_t)n;
	return true;
}

/* Part of a frame, or the rest of it: bytes used. */
static size_t
payload(struct session *s, struct dir *d, const uint8_t *p, size_t n,
    uint64_t ts)
{
	struct reader	*r = reader(s, d);
	size_t		 i;

	if (n > r->left)
		n = r->left;
	if (has_fields(r->type)) {
		if (n == r->left && d->len == 0 && r->flags & F_END_HEADERS &&
		    r->type != T_CONTINUATION) {
			r->have = 0;
			fields(s, d, p, n, ts);
			return n;
		}
		if (!collect(s, d, p, n)) {
			stop(s, SESSION_BY_LIMIT, ts);
			return n;
		}
	} else if (r->type == T_DATA) {
		if (!content(s, d, p, n)) {
			bad(s, ts);
			return n;
		}
	} else if (r->type == T_GOAWAY)
		for (i = 0; r->nlast < sizeof(r->last) && i < n; i++)
			r->last[r->nlast++] = p[i];
	r->left -= (uint32_t)n;
	if (r->left == 0)
		frame_done(s, d, ts);
	return n;
}

/* Part of the preface or of the head of a frame: bytes used. */
static size_t
before(struct session *s, struct dir *d, const uint8_t *p, size_t n,
    uint64_t ts)
{
	struct reader	*r = reader(s, d);

	if (r->preface > 0) {
		if (n > r->preface)
			n = r->preface;
		if (memcmp(p, preface + PREFACE - r->preface, n) != 0)
			bad(s, ts);
		else
			r->preface -= (uint8_t)n;
		return n;
	}
	if (r->have == 0)
		r->first_us = ts;
	if (n > FRAME_HEAD - (size_t)r->have)
		n = FRAME_HEAD - (size_t)r->have;
	memcpy(r->head + r->have, p, n);
	r->have += (uint8_t)n;
	if (r->have == FRAME_HEAD)
		frame_begin(s, d, ts);
	return n;
}

size_t
h2_step(struct session *s, struct dir *d, struct in *in)
{
	const uint8_t		*p = in->p;
	size_t			 n, left = in->len;
	const struct reader	*r;

	while (left > 0 && d->state == ST_TWO) {
		r = reader(s, d);
		if (r->preface > 0 || r->have < FRAME_HEAD)
			n = before(s, d, p, left, in->ts);
		else
			n = payload(s, d, p, left, in->ts);
		p += n;
		left -= n;
	}
	return in->len;
}

void
h2_gap(struct session *s, struct dir *d, uint64_t len, uint64_t ts)
{
	struct reader	*r = reader(s, d);
	uint32_t	 k;

	if (r->preface > 0 || r->have < FRAME_HEAD || len > r->left ||
	    has_fields(r->type)) {
		if (d->len > 0)
			sess_odd(s, SESSION_A_HEAD_LOST);
		lost(s, ts);
		return;
	}
	r->torn = true;
	if (r->type == T_DATA) {
		if (r->pad)	/* nobody knows how much of it is content */
			r->content = 0;
		r->pad = false;
		k = len < r->content ? (uint32_t)len : r->content;
		r->content -= k;
		count_body(s, d, k, true);
	}
	r->left -= (uint32_t)len;
	if (r->left == 0)
		frame_done(s, d, ts);
}

/* ---- how it begins ---- */

static bool
make(struct session *s)
{
	if ((s->h2 = sess_take(s, sizeof(*s->h2))) == NULL)
		return false;
	memset(s->h2, 0, sizeof(*s->h2));
	hpack_init(&s->h2->r[0].table);
	hpack_init(&s->h2->r[1].table);
	reader(s, client(s))->preface = PREFACE;
	return true;
}

/* From here on d is read as frames; first what was held of it. */
static void
join(struct session *s, struct dir *d)
{
	struct in	 in;
	uint8_t		*buf = d->buf;
	uint32_t	 cap = d->cap;

	memset(&in, 0, sizeof(in));
	in.p = buf;
	in.len = d->len;
	in.ts = d->head_us;
	d->buf = NULL;
	d->len = d->cap = 0;
	d->flags &= D_ENDED | D_BEGUN;
	d->state = ST_TWO;
	d->role = d == client(s) ? ASKS : ANSWERS;
	if (in.len > 0)
		h2_step(s, d, &in);
	sess_give(s, buf, cap);
}

void
h2_begin(struct session *s, struct dir *d)
{
	struct dir	*o = sess_other(s, d);

	s->client = (int8_t)sess_index(s, d);
	sess_proto(s, SESSION_HTTP2);
	if (o->state != ST_START || o->flags & D_LOST_GAP || !make(s)) {
		deal_stop(s, d);
		deal_stop(s, o);
		return;
	}
	join(s, d);
	join(s, o);
}

void
h2_early(struct session *s, struct dir *d)
{
	if (s->h2 != NULL || !make(s))
		deal_stop(s, d);
	else
		join(s, d);
}

/* The request that asked is stream 1. */
static void
take_request(struct session *s, const struct pair_req *q)
{
	struct stream	*x = s->h2 == NULL ? NULL : add(s, 1);

	if (x == NULL) {		/* not read, or no memory */
		deal_report(s, q, NULL, SESSION_BY_LIMIT);
		kept_free(s, q->text);
		return;
	}
	x->q = *q;
	x->q.flags |= SESSION_TX_UPGRADED;
}

void
h2_upgraded(struct session *s, struct dir *answers, const struct pair_req *q)
{
	struct dir	*asks = sess_other(s, answers);
	bool		 early = asks->state == ST_TWO;

	/* Not where the request goes on, or is lost. */
	if (asks->state == ST_WAIT || asks->state == ST_HEAD ||
	    asks->state == ST_START)
		(void)make(s);
	if (q != NULL)
		take_request(s, q);
	if (s->h2 == NULL) {
		deal_stop(s, asks);
		deal_stop(s, answers);
		return;
	}
	if (s->h2->last == 0)
		s->h2->last = 1;
	if (!early)
		join(s, asks);
	if (s->h2 != NULL)
		join(s, answers);
}

bool
h2_greeting(const uint8_t *p, size_t len)
{
	static const uint8_t	 rest[] = { T_SETTINGS, 0, 0, 0, 0, 0 };

	if (p[0] != 0 || (len > 1 && p[1] != 0) ||
	    (len > 2 && p[2] % 6 != 0))
		return false;
	if (len > FRAME_HEAD)
		len = FRAME_HEAD;
	return len <= 3 || memcmp(p + 3, rest, len - 3) == 0;
}

/* ---- what others ask ---- */

uint64_t
h2_waiting(const struct session *s, uint64_t *since_us)
{
	const struct pair_req	*q;
	uint64_t		 n = 0;
	uint32_t		 i;

	for (i = 0; s->h2 != NULL && i < s->h2->n; i++) {
		q = &s->h2->st[i]->q;
		if (q->end_us == 0 || s->h2->st[i]->r.number != 0)
			continue;
		if (n++ == 0 || q->end_us < *since_us)
			*since_us = q->end_us;
	}
	return n;
}

uint64_t
h2_open(const struct session *s)
{
	return s->h2 == NULL ? 0 : s->h2->n;
}

size_t
h2_held(const struct session *s)
{
	return s->h2 == NULL ? 0 : hpack_held(&s->h2->r[0].table) +
	    hpack_held(&s->h2->r[1].table);
}
