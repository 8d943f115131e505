#include <stdlib.h>
#include <string.h>

#include "analyzer/body.h"
#include "analyzer/deal.h"
#include "analyzer/talk.h"
#include "analyzer/tell.h"

/* What the bytes look like to a direction of that role. */
enum http_guess
talk_guess(const struct dir *d, const uint8_t *p, size_t len)
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

/*
 * A head found by searching must be clean to be believed, and have a field,
 * which a short snap length may have cut.
 */
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
	return (h->flaws & bad) == 0 && (h->fields > 0 || h->minor == 0 ||
	    (d->ragged && d->leads));
}

/*
 * Of a head that fills its buffer, takes out the fields of no interest and cuts
 * long lines in the middle; false when that frees too little.
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
		if (nl != NULL && from > d->buf && http_idle_line(from)) {
			from += n;
			continue;
		}
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
	uint32_t	 max = sess_head_max(s);
	size_t		 n;

	while (len > 0 && !(d->flags & D_DROP)) {
		n = len < max - d->len ? len : max - d->len;
		if (!sess_room(s, d, n, max))
			return false;
		memcpy(d->buf + d->len, p, n);
		d->len += (uint32_t)n;
		p += n;
		len -= n;
		if (len == 0)
			break;
		if (!(d->flags & D_CUT))
			sess_odd(s, SESSION_A_HEAD_LONG);
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

void
talk_again(struct dir *d, struct in *in, uint32_t skip)
{
	in->redo = d->buf;
	in->redo_skip = skip;
	in->redo_len = d->len;
	in->redo_cap = d->cap;
	in->redo_off = d->head_off;
	d->buf = NULL;
	d->len = d->cap = 0;
}

/* What was collected is no head: go over it again after its first line. */
static void
collected_nothing(struct session *s, struct dir *d, struct in *in)
{
	const uint8_t	*nl;
	bool		 trial = (d->flags & D_TRIAL) != 0;
	uint64_t	 off = d->head_off;

	nl = d->flags & D_CUT ? NULL : memchr(d->buf, '\n', d->len);
	if (nl != NULL)
		talk_again(d, in, (uint32_t)(nl - d->buf) + 1);
	sess_drop(s, d);
	d->flags &= (uint16_t)~D_TRIAL;
	if (trial) {
		d->state = d->role == NOT_HEARD ? ST_LATE : ST_SEARCH;
		return;
	}
	if (s->proto == SESSION_HTTP1)
		sess_odd(s, SESSION_A_GARBAGE);
	deal_lose(s, d, off, in->ts);
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
	tell_head(s, d, h, off, ts);
	d->flags &= (uint16_t)~(D_CUT | D_DROP);
	sess_give(s, buf, cap);
}

/* A head that was sealed, as far as it goes: its Host may be in the rest. */
static ssize_t
parse_sealed(const struct dir *d, struct http_head *h)
{
	ssize_t	 r = http_parse(d->buf, d->len, h);

	h->flaws &= ~(uint32_t)HTTP_F_HOST_NONE;
	return r;
}

/*
 * The rest of a head will never come. Its start line is whole: it counts with
 * the fields that are there.
 */
void
talk_salvage(struct session *s, struct dir *d, uint64_t off, uint64_t ts)
{
	struct http_head	 h;

	if (d->state != ST_HEAD || !(d->flags & D_SURE) || d->len == 0)
		return;
	seal(d);
	if (parse_sealed(d, &h) > 0 && acceptable(d, &h))
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
		deal_lose(s, d, d->head_off, in->ts);
		return took;
	}
	if (!(d->flags & (D_SURE | D_CUT)) && (d->len < 64 ||
	    memchr(in->p, '\n', took) != NULL))
		g = talk_guess(d, d->buf, d->len);
	if (g == HTTP_REQUEST || g == HTTP_RESPONSE)
		d->flags |= D_SURE;
	if (n == 0 && g != HTTP_NO && g != HTTP_TWO)
		return took;
	if (d->flags & D_DROP)
		seal(d);
	if (n > 0)
		r = d->flags & D_DROP ? parse_sealed(d, &h) :
		    http_parse(d->buf, d->len, &h);
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
			sess_odd(s, SESSION_A_GARBAGE);
		deal_lose(s, d, in->off, in->ts);
	}
	nl = memchr(in->p, '\n', in->len);
	return nl == NULL ? in->len : (size_t)(nl - in->p) + 1;
}

/* A head begins with these bytes. */
static void
head_here(struct dir *d, const struct in *in)
{
	const bool	 again = in->off < in->begin;

	d->head_off = in->off;
	d->head_us = again ? in->since : in->ts;
	d->head_acked = again ? in->acked : d->acked;
	d->leads = in->off == in->begin;
}

size_t
talk_begin(struct session *s, struct dir *d, const struct in *in)
{
	struct http_head	 h;
	ssize_t			 r;

	if (in->p[0] == '\r' || in->p[0] == '\n')
		return 0;
	r = http_parse(in->p, in->len, &h);
	if (r <= 0 || (d->role != NOT_HEARD &&
	    h.is_request != (d->role == ASKS)))
		return 0;
	d->state = ST_HEAD;
	head_here(d, in);
	tell_head(s, d, &h, in->off + (uint64_t)r, in->ts);
	return (size_t)r;
}

/*
 * What was found by searching was the end of a body, if a request
 * begins with this segment.
 */
static bool
mistaken(const struct dir *d, const struct in *in)
{
	return d->flags & D_TRIAL && !(d->flags & D_SURE) &&
	    d->role != ANSWERS && in->off == in->begin &&
	    memchr(d->buf, '\n', d->len) == NULL &&
	    http_known_request(in->p, in->len);
}

size_t
talk_head(struct session *s, struct dir *d, struct in *in)
{
	struct http_head	 h;
	enum http_guess		 g;
	size_t			 n = 0;
	ssize_t			 r;

	if (d->len > 0 && mistaken(d, in))
		sess_drop(s, d);
	if (d->len > 0)
		return head_more(s, d, in);
	while (n < in->len && (in->p[n] == '\r' || in->p[n] == '\n'))
		n++;
	if (n > 0)
		return n;
	r = http_parse(in->p, in->len, &h);
	if (r > 0 && d->role != NOT_HEARD &&
	    h.is_request != (d->role == ASKS))
		sess_odd(s, SESSION_A_ROLES);
	if (r < 0 || (r > 0 && !acceptable(d, &h)))
		return no_head(s, d, in);
	head_here(d, in);
	if (r > 0) {
		tell_head(s, d, &h, in->off + (uint64_t)r, in->ts);
		return (size_t)r;
	}
	g = talk_guess(d, in->p, in->len);
	if (g == HTTP_NO || g == HTTP_TWO)
		return no_head(s, d, in);
	d->scan = 0;
	d->flags &= (uint16_t)~(D_SURE | D_CUT | D_DROP);
	return head_more(s, d, in);
}

static void
bad_body(struct session *s, struct dir *d, const struct in *in, size_t used)
{
	static const uint8_t	what[] = {
		[BODY_ESIZE] = SESSION_A_CHUNK_SIZE,
		[BODY_EHUGE] = SESSION_A_CHUNK_HUGE,
		[BODY_ELINE] = SESSION_A_CHUNK_LINE,
		[BODY_ECRLF] = SESSION_A_CHUNK_END
	};

	sess_odd(s, (enum session_anomaly)what[d->u.body.error]);
	deal_ambiguous(s, d);
	deal_lose(s, d, in->off + used, in->ts);
}

/*
 * A body without an end, but the next answer was asked for: by a request, or,
 * where requests are not seen, by bytes that the server took.
 */
static bool
next_answer(const struct session *s, const struct dir *d,
    const struct in *in)
{
	const struct pair_req	*q;
	const struct resp	*r = s->cur;

	if (d->role != ANSWERS || d->u.body.kind != BODY_CLOSE || !in->edge)
		return false;
	if (s->pair.n > 1) {
		q = pair_at(&s->pair, 1);
		return q->kind == PAIR_REQUEST && q->acked == in->off;
	}
	return r != NULL && r->pair != SESSION_PAIRED &&
	    in->off == in->begin && d->acked != PAIR_NO_OFFSET &&
	    (r->known == PAIR_NO_OFFSET ? s->midstream :
	    d->acked > r->known);
}

/* Whether the client has read what another interface has yet to show. */
static bool
read_more(const struct session *s, const struct dir *d)
{
	return d->acked != PAIR_NO_OFFSET &&
	    d->acked > s->d[d == &s->d[0]].next;
}

/*
 * Whether the next head may be here instead of a body. A client that expected
 * 100-continue and was refused sends none (RFC 9110, section 10.1.1).
 */
static bool
bodiless(const struct session *s, const struct dir *d, const struct in *in)
{
	if (d->flags & D_BODILESS)
		return d->role == ANSWERS || s->pair.n == 0 ||
		    read_more(s, d);
	return next_answer(s, d, in);
}

/* What these bytes are, of which so many tell. */
static enum http_guess
instead(const struct dir *d, const uint8_t *p, size_t len)
{
	enum http_guess	 g = talk_guess(d, p, len);

	if (d->role == ANSWERS && p[0] != 'H')
		return HTTP_NO;
	if (g == HTTP_MAYBE && len >= BUF_MIN)
		return http_known_request(p, len) ? HTTP_REQUEST : HTTP_NO;
	return g;
}

static void
settle(struct session *s, struct dir *d, enum http_guess g, uint64_t off,
    uint64_t ts)
{
	d->flags &= (uint16_t)~D_BODILESS;
	if (g != HTTP_REQUEST && g != HTTP_RESPONSE)
		return;
	if (g == HTTP_REQUEST)
		s->framed = s->caught_up = false;	/* or it is a body */
	if (d->role == ASKS && s->pair.n > 0) {
		/* If the unseen answer was 100, this is the body. */
		s->synced = false;
		pair_hole(&s->pair, s->mem, sess_queue_max(s), s->unowned,
		    off);
	}
	tell_end(s, d, off, ts);
}

/* 100 has come since these bytes were held: they are the body. */
static bool
granted(const struct dir *d)
{
	return d->role == ASKS && !(d->flags & D_BODILESS);
}

/* A head may be here instead of a body, and has to tell. */
static size_t
hold(struct session *s, struct dir *d, struct in *in)
{
	enum http_guess	 g;
	size_t		 n = BUF_MIN - d->len;

	if (n > in->len)
		n = in->len;
	if (d->len == 0)
		head_here(d, in);
	if (!sess_room(s, d, n, BUF_MIN)) {
		deal_lose(s, d, in->off, in->ts);
		return in->len;
	}
	memcpy(d->buf + d->len, in->p, n);
	d->len += (uint32_t)n;
	g = granted(d) ? HTTP_NO : instead(d, d->buf, d->len);
	if (g != HTTP_MAYBE) {
		settle(s, d, g, d->head_off, in->ts);
		talk_again(d, in, 0);
	}
	return n;
}

size_t
talk_body(struct session *s, struct dir *d, struct in *in)
{
	enum http_guess		 g = HTTP_NO;
	enum body_answer	 a;
	size_t			 used;
	bool			 trailed;

	if (d->len > 0)
		return hold(s, d, in);
	if (bodiless(s, d, in))
		g = instead(d, in->p, in->len);
	if (g == HTTP_MAYBE)
		return hold(s, d, in);
	settle(s, d, g, in->off, in->ts);
	if (d->state != ST_BODY)
		return 0;
	trailed = d->u.body.trailed > 0;
	a = body_eat(&d->u.body, in->p, in->len, &used);
	if (!trailed && d->u.body.trailed > 0)
		sess_mark(s, d, in->off + used - d->u.body.trailed,
		    SESSION_MARK_TRAILER, d->role == ANSWERS ?
		    s->answered : s->asked);
	if (a == BODY_BAD)
		bad_body(s, d, in, used);
	else if (a == BODY_DONE) {
		if (d->u.body.lax) {
			sess_odd(s, SESSION_A_CHUNK_LAX);
			s->framed = s->framed && d->role == ANSWERS;
		}
		if (d->u.body.bare)
			deal_ambiguous(s, d);
		tell_end(s, d, in->off + used, in->ts);
	}
	return used;
}

size_t
talk_search(struct session *s, struct dir *d, struct in *in)
{
	const uint8_t	*nl;
	enum http_guess	 g;
	size_t		 i = 0;

	(void)s;
	if (!in->edge) {
		if ((nl = memchr(in->p, '\n', in->len)) == NULL)
			return in->len;
		i = (size_t)(nl - in->p) + 1;
	}
	for (;;) {
		if (i >= in->len)
			return in->len;
		g = HTTP_NO;
		if (d->role == ASKS || in->p[i] == 'H')
			g = talk_guess(d, in->p + i, in->len - i);
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
