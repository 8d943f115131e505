#include <stdlib.h>
#include <string.h>

#include "analyzer/deal.h"
#include "analyzer/h2.h"
#include "analyzer/hand.h"
#include "analyzer/late.h"
#include "analyzer/prefix.h"
#include "analyzer/session.h"
#include "analyzer/talk.h"
#include "analyzer/tell.h"
#include "sandbox/compat.h"

#define GREETING_MAX	4096	/* bytes before the client says anything */

/* ICAP hands over what others said in HTTP, which was counted elsewhere. */
static bool
is_icap(struct session *s, struct dir *d, const uint8_t *p, size_t len)
{
	if (s->proto == SESSION_HTTP1 || !http_icap(p, len))
		return false;
	sess_proto(s, SESSION_OTHER);
	deal_stop(s, d);
	deal_stop(s, sess_other(s, d));
	return true;
}

/* Met where the cipher changes, behind which a second hello may be. */
static void
after_retry(struct session *s, struct dir *d)
{
	sess_proto(s, SESSION_TLS);
	d->state = ST_LATE;
}

/* A server of HTTP/2 may speak before its client, whose preface tells. */
static bool
greets_first(struct session *s, struct dir *d, const uint8_t *p, size_t len)
{
	const struct dir	*o = sess_other(s, d);

	return s->proto == SESSION_UNKNOWN && o->state == ST_START &&
	    !(o->flags & (D_BEGUN | D_ENDED)) && len <= GREETING_MAX &&
	    h2_greeting(p, len);
}

/* Judges the first bytes. True when the state has changed. */
static bool
decide(struct session *s, struct dir *d, const uint8_t *p, size_t len,
    uint64_t ts)
{
	enum tls_guess	 t = tls_guess(p, len);
	enum http_guess	 h;

	if (s->proto == SESSION_HTTP1 && (d->role != ASKS ||
	    (t != TLS_CLIENT && t != TLS_MAYBE)))
		t = TLS_NO;
	if (t != TLS_NO && t != TLS_MAYBE) {
		if (s->proto == SESSION_HTTP1)	/* a CONNECT not seen */
			d->state = ST_PEEK;
		else if (p[0] == TLS_CHANGE_CIPHER)
			after_retry(s, d);
		else
			hand_begin(s, d, t, ts);
		return true;
	}
	h = talk_guess(d, p, len);
	if (h == HTTP_REQUEST || h == HTTP_RESPONSE ||
	    (h == HTTP_MAYBE && len >= sess_head_max(s))) {
		d->state = ST_HEAD;
		return true;
	}
	if (h == HTTP_TWO && s->proto != SESSION_HTTP1) {
		h2_begin(s, d);
		return true;
	}
	if (t == TLS_MAYBE || h == HTTP_MAYBE || greets_first(s, d, p, len))
		return false;
	if (is_icap(s, d, p, len))
		return true;
	if (s->proto == SESSION_HTTP1)
		sess_odd(s, SESSION_A_GARBAGE);
	else if (s->proto == SESSION_UNKNOWN)
		sess_proto(s, SESSION_OTHER);
	deal_lose(s, d, d->next, ts);
	return true;
}

/* Empty lines before the first head. */
static bool
only_empty(const uint8_t *p, size_t len)
{
	size_t	 i;

	for (i = 0; i < len; i++)
		if (p[i] != '\r' && p[i] != '\n')
			return false;
	return true;
}

/*
 * Joined in the middle: what came first was the end of a body, or the byte of
 * a keep-alive probe, if a head begins with this segment.
 */
static bool
begins_here(const struct session *s, const struct dir *d, const struct in *in)
{
	enum http_guess	 g;

	if (!s->midstream || d->len == 0 || in->off != in->begin ||
	    memchr(d->buf, '\n', d->len) != NULL)
		return false;
	g = talk_guess(d, in->p, in->len);
	return g == HTTP_RESPONSE ||
	    (g == HTTP_REQUEST && http_known_request(in->p, in->len));
}

static size_t
st_start(struct session *s, struct dir *d, struct in *in)
{
	uint8_t		*buf;
	uint32_t	 len, cap, max = sess_head_max(s);
	size_t		 n;

	if (begins_here(s, d, in))
		sess_drop(s, d);
	if (d->len == 0 && (n = talk_begin(s, d, in)) > 0)
		return n;
	if (d->len == 0) {
		n = prefix_len(in->p, in->len);
		if (n > 0 && n != PREFIX_MORE) {
			if (s->conf->ops->prefix != NULL)
				s->conf->ops->prefix(s->arg, sess_index(s, d),
				    in->p, n);
			return n;
		}
		if (n == 0 && decide(s, d, in->p, in->len, in->ts))
			return 0;
		d->head_off = in->off;
	}
	if (only_empty(d->buf, d->len)) {
		d->head_acked = d->acked;
		d->head_us = in->ts;
	}
	n = in->len < max - d->len ? in->len : max - d->len;
	if (!sess_room(s, d, n, max)) {
		deal_stop(s, d);
		return in->len;
	}
	memcpy(d->buf + d->len, in->p, n);
	d->len += (uint32_t)n;
	if (prefix_len(d->buf, d->len) == PREFIX_MORE) {
		if (d->len == max)	/* none is that long */
			deal_lose(s, d, d->next, in->ts);
		return n;
	}
	buf = d->buf;
	len = d->len;
	cap = d->cap;
	d->buf = NULL;
	d->len = d->cap = 0;
	if (prefix_len(buf, len) == 0 && !decide(s, d, buf, len, in->ts)) {
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

/*
 * Another protocol, which STARTTLS and the like may turn into ours: a client
 * hello is looked for everywhere, a head where a segment or a line begins. In
 * a tunnel, where messages are not counted, only the hello is.
 */
static size_t
st_late(struct session *s, struct dir *d, struct in *in)
{
	const uint8_t	*p = in->p, *end = in->p + in->len;
	enum http_guess	 g = HTTP_NO;
	enum tls_guess	 t;

	if (in->off - d->u.first > PEEK_BYTES) {
		if (session_settled(s))
			deal_stop(s, d);
		return in->len;
	}
	if (in->edge && s->proto != SESSION_TUNNEL) {
		if (is_icap(s, d, in->p, in->len))
			return in->len;
		g = http_guess(in->p, in->len);
	}
	if (g == HTTP_REQUEST || g == HTTP_RESPONSE) {
		d->flags |= D_TRIAL;
		d->state = ST_HEAD;
		return 0;
	}
	for (; (p = memchr(p, TLS_HANDSHAKE, (size_t)(end - p))) != NULL;
	    p++) {
		t = tls_guess(p, (size_t)(end - p));
		if (t == TLS_CLIENT || t == TLS_MAYBE) {
			d->state = ST_PEEK;
			return (size_t)(p - in->p);
		}
	}
	return in->len;
}

/* After CONNECT or an upgrade was asked for: HTTP goes on, or does not. */
static size_t
st_wait(struct session *s, struct dir *d, struct in *in)
{
	enum http_guess	 g = talk_guess(d, in->p, in->len);
	enum tls_guess	 t = tls_guess(in->p, in->len);

	if (t == TLS_CLIENT || t == TLS_MAYBE) {
		d->state = ST_PEEK;
		return 0;
	}
	if (g == HTTP_TWO && s->pair.n > 0 &&
	    pair_at(&s->pair, s->pair.n - 1)->method != HTTP_CONNECT) {
		h2_early(s, d);
		return 0;
	}
	if (g == HTTP_REQUEST || g == HTTP_MAYBE) {
		d->state = ST_HEAD;
		return 0;
	}
	return in->len;
}

/* It was no TLS: back to what was before. */
static void
peek_nothing(struct session *s, struct dir *d)
{
	bool	 waits = s->proto != SESSION_TUNNEL && d->role == ASKS;

	sess_drop(s, d);
	d->state = waits ? ST_WAIT : ST_LATE;
}

/* Is it TLS? Inside a tunnel, or where it looks like it. */
static size_t
st_peek(struct session *s, struct dir *d, struct in *in)
{
	enum tls_guess	 g = TLS_MAYBE;
	size_t		 n;

	if (d->len == 0) {
		g = tls_guess(in->p, in->len);
		d->head_off = in->off;
		d->head_acked = d->acked;
		d->head_us = in->ts;
		n = 0;
	}
	if (d->len > 0 || (g == TLS_MAYBE &&
	    sess_room(s, d, TLS_GUESS_MAX, BUF_MIN))) {
		n = TLS_GUESS_MAX - d->len;
		if (n > in->len)
			n = in->len;
		memcpy(d->buf + d->len, in->p, n);
		d->len += (uint32_t)n;
		g = tls_guess(d->buf, d->len);
		if (g == TLS_MAYBE)
			return n;
	}
	if (g != TLS_CLIENT && g != TLS_SERVER) {
		peek_nothing(s, d);
		return g == TLS_MAYBE ? in->len : n;	/* no memory */
	}
	if (d->role == ASKS)
		sess_proto(s, SESSION_TUNNEL);
	if (d->len > 0)
		talk_again(d, in, 0);
	hand_begin(s, d, g, in->ts);
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
	[ST_START] = st_start, [ST_HEAD] = talk_head, [ST_BODY] = talk_body,
	[ST_SEARCH] = talk_search, [ST_WAIT] = st_wait, [ST_PEEK] = st_peek,
	[ST_LATE] = st_late, [ST_TLS] = hand_step, [ST_TWO] = h2_step,
	[ST_STOP] = st_stop
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
		again.begin = in->begin;
		again.acked = d->head_acked;
		again.since = d->head_us;
		again.edge = true;
		advance(s, d, &again);
		sess_give(s, in->redo, in->redo_cap);
		in->redo = NULL;
	}
}

/* ---- the outside ---- */

struct session *
session_new(const struct session_conf *conf, void *arg, struct mem *mem,
    unsigned how_met)
{
	struct session	*s;
	unsigned	 i;

	if (!mem_take(mem, MEM_SESSIONS, sizeof(*s)))
		return NULL;
	/* Not calloc, which passes by what was freed last. */
	if ((s = malloc(sizeof(*s))) == NULL) {
		mem_give(mem, MEM_SESSIONS, sizeof(*s));
		return NULL;
	}
	*s = (struct session){ 0 };
	s->conf = conf;
	s->arg = arg;
	s->mem = mem;
	s->held = sizeof(*s);
	s->synced = (how_met & SESSION_SYN_SEEN) != 0;
	s->midstream = !s->synced;
	s->framed = s->synced;
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
	sess_give(s, s->cur, sizeof(*s->cur));
	late_clear(s);
	hand_free(s);
	h2_free(s);
	sess_drop(s, &s->d[0]);
	sess_drop(s, &s->d[1]);
	mem_give(s->mem, MEM_SESSIONS, sizeof(*s));
	free(s);
}

void
session_data(struct session *s, unsigned dir, uint64_t offset,
    const uint8_t *p, size_t len, uint64_t ts_us)
{
	struct dir	*d = &s->d[dir];
	struct in	 in;

	if (s->late != NULL || (s->cur != NULL && s->cur->pair == SESSION_LATE))
		deal_expire(s, ts_us);
	if (!(d->flags & D_BEGUN) && s->midstream)
		d->u.first = d->next = offset;
	d->flags |= D_BEGUN;
	if (offset > d->next)
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
	in.begin = offset;
	in.acked = d->acked;
	in.edge = true;
	in.redo = NULL;
	feed(s, d, &in);
}

/* What was lost may not have been a body, but other messages. */
static void
maybe_heads(struct session *s, struct dir *d)
{
	d->flags |= D_LOST_GAP;
	s->synced = false;
	if (d->role == ASKS)
		pair_hole(&s->pair, s->mem, sess_queue_max(s), s->unowned,
		    d->next);
}

/* A loss in the body of a message. */
static void
gap_in_body(struct session *s, struct dir *d, uint64_t off, uint64_t len,
    uint64_t ts)
{
	enum body_answer	 a = body_skip(&d->u.body, d->len + len);

	sess_drop(s, d);
	d->flags |= D_GAPPED;
	if (d->flags & D_BODILESS)
		maybe_heads(s, d);
	if (a == BODY_DONE)
		tell_end(s, d, off + len, ts);
	else if (a == BODY_BAD)
		deal_lose(s, d, off, ts);
}

/* A loss where a head is or begins. */
static void
gap_in_head(struct session *s, struct dir *d, uint64_t off, uint64_t ts)
{
	if (d->len > 0)
		sess_odd(s, SESSION_A_HEAD_LOST);
	d->ragged = true;
	talk_salvage(s, d, off, ts);
	d->ragged = false;
	deal_lose(s, d, off, ts);
}

static void
gap_in_start(struct session *s, struct dir *d, uint64_t off, uint64_t len)
{
	sess_mark(s, d, off, SESSION_MARK_LOST, 0);
	sess_drop(s, d);
	d->flags |= D_LOST_GAP;
	s->synced = false;
	s->framed = s->framed && d->role == ANSWERS;
	if (d->role == ASKS)
		pair_hole(&s->pair, s->mem, sess_queue_max(s),
		    s->midstream ? 0 : s->unowned, d->next);
	d->u.first = d->next = off + len;
}

void
session_gap(struct session *s, unsigned dir, uint64_t offset, uint64_t len,
    uint64_t ts_us)
{
	struct dir	*d = &s->d[dir];

	if (!(d->flags & D_BEGUN)) {
		d->flags |= D_BEGUN;
		d->u.first = d->next = offset;
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
		hand_gap(s, d, len, ts_us);
	else if (d->state == ST_TWO)
		h2_gap(s, d, len, ts_us);
	else if (d->state == ST_HEAD || d->state == ST_SEARCH)
		gap_in_head(s, d, offset, ts_us);
	else
		sess_drop(s, d);
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

/* Whether the client was refused before it sent its body, and sent none. */
static bool
withheld(const struct session *s, const struct dir *d)
{
	return d->role == ASKS && d->flags & D_BODILESS && d->len == 0 &&
	    s->pair.n == 0;
}

/* No more bytes come in this direction. */
static void
end_dir(struct session *s, struct dir *d, uint64_t ts)
{
	bool	 whole;

	if (d->flags & D_ENDED)
		return;
	d->flags |= D_ENDED;
	if ((d->state == ST_HEAD || d->state == ST_TWO) && d->len > 0) {
		sess_odd(s, SESSION_A_HEAD_CUT);
		talk_salvage(s, d, d->next, ts);
	}
	if (d->flags & D_OPEN) {
		whole = withheld(s, d) ||
		    (d->u.body.kind == BODY_CLOSE && d->state == ST_BODY);
		if (!whole)
			sess_odd(s, SESSION_A_BODY_CUT);
		d->flags &= (uint16_t)~D_OPEN;
		if (d->role == ANSWERS)
			deal_end_response(s, d, ts, whole);
		else
			deal_end_request(s, d, ts, whole);
	}
	sess_drop(s, d);
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
end_both(struct session *s, unsigned dir, enum session_how how, uint64_t ts)
{
	unsigned	 asks = s->client == 1;

	end_dir(s, &s->d[!asks], ts);
	end_dir(s, &s->d[asks], ts);
	while (late_front(s) != NULL)
		deal_give_up(s, ts);
	deal_close_all(s, why_unanswered(s));
	h2_over(s, ts);
	if (s->hand != NULL)
		hand_ended(s, dir, how);
}

void
session_eof(struct session *s, unsigned dir, enum session_how how,
    uint64_t ts_us)
{
	struct dir	*d = &s->d[dir];

	if (how != SESSION_FIN) {
		end_both(s, dir, how, ts_us);
		return;
	}
	if (d->role == ANSWERS)
		deal_expire(s, ts_us);
	end_dir(s, d, ts_us);
	h2_ended(s, d, ts_us);
	if (s->hand != NULL && s->hand->ended == 0)
		s->hand->ended = (uint8_t)(1 + dir);
	if (sess_other(s, d)->flags & D_ENDED)
		end_both(s, dir, how, ts_us);
	else if (d->role == ANSWERS)
		deal_close_all(s, why_unanswered(s));
}

enum session_proto
session_proto(const struct session *s)
{
	return (enum session_proto)s->proto;
}

bool
session_over(const struct session *s)
{
	return s->d[0].state == ST_STOP && s->d[1].state == ST_STOP;
}

bool
session_settled(const struct session *s)
{
	return !s->midstream || (s->d[0].state != ST_START &&
	    s->d[1].state != ST_START);
}

int
session_client(const struct session *s)
{
	return s->client;
}

uint64_t
session_waiting(const struct session *s, uint64_t *since_us)
{
	const struct pair_req	*q;
	uint64_t		 n = 0;
	uint32_t		 i;

	for (i = s->cur != NULL; i < s->pair.n; i++) {
		q = pair_at(&s->pair, i);
		if (q->kind == PAIR_REQUEST && q->end_us != 0 && n++ == 0)
			*since_us = q->end_us;
	}
	return n + s->pair.skipped + (s->h2 == NULL ? 0 :
	    h2_waiting(s, since_us));
}

void
session_expect(const struct session *s, unsigned depth)
{
	if (depth == 0)
		compat_prefetch_all(s, sizeof(*s));
	else if (s->pair.n > 0)
		compat_prefetch_all(pair_at(&s->pair, 0),
		    sizeof(struct pair_req));
}

uint64_t
session_under_way(const struct session *s)
{
	uint64_t	 n = s->pair.skipped;
	uint32_t	 i;

	for (i = 0; i < s->pair.n; i++)
		n += pair_at(&s->pair, i)->kind == PAIR_REQUEST;
	n += h2_open(s);
	return n == 0 && s->cur != NULL ? 1 : n;
}

enum session_tls_fail
session_reset_fails(const struct session *s, bool *by_client)
{
	return s->hand == NULL ? SESSION_TLS_NONE :
	    hand_fails(s, SESSION_RST, by_client);
}

size_t
session_held(const struct session *s)
{
	return s->held + s->pair.cap * sizeof(*s->pair.q) + h2_held(s);
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

bool
session_malformed(enum session_anomaly a)
{
	switch (a) {
	case SESSION_A_HEAD_LOST:
	case SESSION_A_HEAD_CUT:
	case SESSION_A_BODY_CUT:
	case SESSION_A_RESYNC:
	case SESSION_A_QUEUE_FULL:
	case SESSION_A_LATE_FULL:
	case SESSION_A_MEMORY:
	case SESSION_A_TLS_LOST:
	case SESSION_A_H2_LOST:
		return false;
	default:
		return true;
	}
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
