#include <stdlib.h>
#include <string.h>

#include "analyzer/deal.h"
#include "analyzer/late.h"

void
deal_flaws(struct session *s, const struct http_head *h)
{
	unsigned	 i;

	if (h->flaws == 0)
		return;
	for (i = 0; i <= SESSION_A_STATUS; i++)
		if (h->flaws & 1U << i)
			sess_odd(s, (enum session_anomaly)i);
	if (http_ambiguous(h))
		sess_odd(s, SESSION_A_AMBIGUOUS);
}

uint64_t
deal_ask(struct session *s, const struct dir *d, const struct http_head *h,
    const struct http_span *host, unsigned flags)
{
	struct session_request	 r;
	uint8_t			 section[HTTP_SECTION_MAX];

	if (s->conf->ops->request == NULL)
		return 0;
	r.head = h;
	r.host = host->p;
	r.host_len = host->len;
	r.section = section;
	r.section_len = http_section(h, s->conf->depth, section);
	r.id = s->asked;
	r.dir = sess_index(s, d);
	r.flags = flags;
	return s->conf->ops->request(s->arg, &r);
}

/* What is told has a body that is under way, or to come. */
static void
told_early(struct session *s, const struct pair_req *q, struct session_tx *tx)
{
	struct dir	*d = s->client < 0 ? NULL : &s->d[s->client];

	tx->flags |= SESSION_TX_REQ_OPEN;
	if (d != NULL && d->flags & D_OPEN)
		tx->req_body = d->u.body.seen;
	if (q->id != s->asked || s->h2 != NULL)
		return;
	s->told = true;
	s->told_token = q->token;
	if (d != NULL && d->flags & D_OPEN)
		d->u.body.seen = 0;	/* from here on it is the rest */
}

/* Reports one request, one response or both; either may be NULL. */
void
deal_report(struct session *s, const struct pair_req *q, const struct resp *r,
    enum session_pair why)
{
	struct session_tx	 tx;

	if (s->conf->ops->transaction == NULL)
		return;
	memset(&tx, 0, sizeof(tx));
	tx.pair = why;
	tx.dir = s->client >= 0 ? (uint8_t)s->client : 0;
	if (q != NULL) {
		tx.token = q->token;
		tx.id = q->id;
		tx.req_us = q->first_us;
		tx.req_body = q->body;
		tx.method = q->method;
		tx.minor = q->minor;
		tx.flags |= q->flags;
		if (q->end_us == 0)
			told_early(s, q, &tx);
		if (q->text != NULL)
			tx.text = &((const struct kept *)q->text)->text;
	} else
		tx.method = HTTP_METHOD_OTHER;
	if (r != NULL) {
		tx.number = r->number;
		tx.resp_us = r->first_us;
		tx.resp_end_us = r->end_us;
		tx.resp_body = r->body;
		tx.status = r->status;
		if (q == NULL)
			tx.minor = r->minor;
		tx.flags |= r->flags;
	}
	s->conf->ops->transaction(s->arg, &tx);
}

/* The first open request is over, with this response or without. */
void
deal_close(struct session *s, const struct resp *r, enum session_pair why)
{
	struct pair_req	*q = pair_at(&s->pair, 0);

	if (r != NULL)
		s->unowned = 0;
	if (q->kind == PAIR_REQUEST) {
		deal_report(s, q, r, why);
		kept_free(s, q->text);
	}
	pair_pop(&s->pair, s->mem);
}

void
deal_close_all(struct session *s, enum session_pair why)
{
	while (s->pair.n > 0)
		deal_close(s, NULL, why);
}

static void
resolve(struct session *s, struct resp *r, enum session_pair why,
    uint64_t token, uint64_t ts)
{
	r->pair = (uint8_t)why;
	if (why == SESSION_PAIRED)
		r->flags |= SESSION_TX_LATE;
	else if (r->known != PAIR_NO_OFFSET && r->known > s->unowned)
		s->unowned = r->known;
	if (s->conf->ops->resolved != NULL)
		s->conf->ops->resolved(s->arg, r->number, r->status, why,
		    token, ts);
}

/*
 * A response has no request, though one may still come: from here on the
 * order of what is open tells nothing.
 */
static void
no_request(struct session *s, struct resp *r, uint64_t ts)
{
	resolve(s, r, SESSION_NO_REQUEST, 0, ts);
	pair_unowned(&s->pair, r->known);
	s->synced = false;
	s->unordered = true;
}

/* The oldest waiting response will never find its request. */
void
deal_give_up(struct session *s, uint64_t ts)
{
	struct resp	*r = late_front(s);

	no_request(s, r, ts);
	deal_report(s, NULL, r, SESSION_NO_REQUEST);
	late_pop(s);
}

/* How long a response waits: its request may be known to be on its way. */
static uint64_t
patience(const struct session *s, const struct resp *r)
{
	const struct dir	*asks = &s->d[s->client == 1];
	uint64_t		 us = LATE_US;

	if (s->conf->late_us != 0)
		us = s->conf->late_us;
	if (r->known != PAIR_NO_OFFSET && r->known > asks->next)
		us += BLIND_US;
	return us;
}

void
deal_expire(struct session *s, uint64_t ts)
{
	struct resp	*r;

	while ((r = late_front(s)) != NULL &&
	    ts > r->first_us + patience(s, r))
		deal_give_up(s, ts);
	r = s->cur;
	if (r != NULL && r->pair == SESSION_LATE &&
	    ts > r->first_us + patience(s, r))
		no_request(s, r, ts);
}

/* An ended response without a request yet is put by. */
static void
put_by(struct session *s, struct resp *r)
{
	if (late_put(s, r))
		return;
	sess_odd(s, SESSION_A_LATE_FULL);
	if (late_front(s) != NULL)
		deal_give_up(s, r->end_us);
	if (late_put(s, r))
		return;
	no_request(s, r, r->end_us);
	deal_report(s, NULL, r, SESSION_NO_REQUEST);
}

enum fit { OLDER, ITS, NEWER };

/* What a response that was seen before this request is to it. */
static enum fit
fits(const struct session *s, const struct resp *r, const struct pair_req *q,
    bool ack_known)
{
	if (q->off >= r->known)
		return OLDER;
	if (s->synced)
		return ITS;
	if (pair_blurred(&s->pair, s->pair.n - 1))
		return OLDER;
	if (ack_known)
		return q->acked == r->off ? ITS :
		    q->acked < r->off ? NEWER : OLDER;
	if (s->unordered)
		return OLDER;
	return q->first_us <= r->first_us ? ITS : OLDER;
}

/* Gives a response to the last request; what was before it is lost bytes. */
static void
claim_for_last(struct session *s)
{
	while (s->pair.n > 1)
		deal_close(s, NULL, SESSION_BY_GAP);
}

void
deal_claim(struct session *s, const struct dir *d, uint64_t ts)
{
	struct pair_req	*q;
	struct resp	*r;
	enum fit	 f = OLDER;
	bool		 known = d->acked != PAIR_NO_OFFSET;

	q = pair_at(&s->pair, s->pair.n - 1);
	while ((r = late_front(s)) != NULL &&
	    (f = fits(s, r, q, known)) == OLDER)
		deal_give_up(s, ts);
	if (r != NULL && f == ITS) {
		if (s->pair.n == 1)
			pair_waited(&s->pair, q, r->off);
		claim_for_last(s);
		resolve(s, r, SESSION_PAIRED, q->token, ts);
		deal_close(s, r, SESSION_PAIRED);
		late_pop(s);
	}
	r = s->cur;
	if (late_front(s) != NULL || s->pair.n == 0 || r == NULL ||
	    r->pair != SESSION_LATE)
		return;
	q = pair_at(&s->pair, s->pair.n - 1);
	f = fits(s, r, q, known);
	if (f == ITS) {
		claim_for_last(s);
		resolve(s, r, SESSION_PAIRED, q->token, ts);
	} else if (f == OLDER)
		no_request(s, r, ts);
}

/* The response at hand is over. */
void
deal_end_response(struct session *s, struct dir *d, uint64_t ts, bool whole)
{
	struct resp	*r = s->cur;

	if (r == NULL)
		return;
	s->cur = NULL;
	r->body = d->u.body.seen;
	r->end_us = ts;
	if (d->flags & D_GAPPED)
		r->flags |= SESSION_TX_GAP;
	if (!whole)
		r->flags |= SESSION_TX_RESP_OPEN;
	if (r->pair == SESSION_PAIRED && s->pair.n > 0)
		deal_close(s, r, SESSION_PAIRED);
	else if (r->pair == SESSION_LATE)
		put_by(s, r);
	else
		deal_report(s, NULL, r, (enum session_pair)r->pair);
	sess_give(s, r, sizeof(*r));
}

/* The request whose body is at hand, if it is still open. */
static struct pair_req *
asking(const struct session *s)
{
	struct pair_req	*q;
	uint32_t	 i;

	for (i = s->pair.n; i > 0 && s->pair.n - i < 2; i--) {
		q = pair_at(&s->pair, i - 1);
		if (q->kind == PAIR_REQUEST && q->id == s->asked)
			return q;
	}
	return NULL;
}

void
deal_end_request(struct session *s, struct dir *d, uint64_t ts, bool whole)
{
	struct pair_req	*q = asking(s);
	const uint64_t	 seen = d->u.body.seen;

	if (s->told && seen > 0 && s->conf->ops->rest != NULL)
		s->conf->ops->rest(s->arg, s->told_token, seen);
	s->told = false;
	if (q == NULL)
		return;
	q->body = seen;
	if (d->flags & D_GAPPED)
		q->flags |= SESSION_TX_GAP;
	if (whole)
		q->end_us = ts;
}

void
deal_ambiguous(struct session *s, struct dir *d)
{
	struct pair_req	*q;

	if (d->ambiguous)
		return;
	d->ambiguous = true;
	sess_odd(s, SESSION_A_AMBIGUOUS);
	if (d->role == ANSWERS) {
		if (s->cur != NULL)
			s->cur->flags |= SESSION_TX_AMBIGUOUS;
	} else if ((q = asking(s)) != NULL)
		q->flags |= SESSION_TX_AMBIGUOUS;
}

/* Where the next message begins in this direction is not known any more. */
void
deal_lose(struct session *s, struct dir *d, uint64_t off, uint64_t ts)
{
	bool	 was_open = (d->flags & D_OPEN) != 0;

	sess_mark(s, d, off, SESSION_MARK_LOST, 0);
	sess_drop(s, d);
	d->flags |= D_GAPPED;
	s->synced = false;
	s->framed = s->framed && d->role == ANSWERS;
	if (d->role == NOT_HEARD) {
		d->flags |= D_LOST_START;
		d->state = ST_LATE;
		return;
	}
	if (d->role == ANSWERS) {
		if (was_open)
			deal_end_response(s, d, ts, false);
	} else {
		if (was_open)
			deal_end_request(s, d, ts, false);
		pair_hole(&s->pair, s->mem, sess_queue_max(s), s->unowned,
		    d->next);
	}
	d->flags &= (uint16_t)~(D_OPEN | D_TRIAL | D_BODILESS | D_WAITS);
	d->flags |= D_LOST_GAP | D_FOUND;
	d->state = ST_SEARCH;
}

void
deal_stop(struct session *s, struct dir *d)
{
	sess_drop(s, d);
	d->state = ST_STOP;
}

/* From here on this connection carries something else. */
void
deal_opaque(struct session *s, struct dir *answers, uint64_t off,
    enum session_proto proto)
{
	struct dir	*asks = sess_other(s, answers);
	uint8_t		 next = proto == SESSION_TUNNEL ? ST_PEEK : ST_STOP;

	sess_mark(s, asks, asks->next, SESSION_MARK_OPAQUE, 0);
	sess_mark(s, answers, off, SESSION_MARK_OPAQUE, 0);
	deal_close_all(s, SESSION_NO_RESPONSE);
	sess_proto(s, proto);
	if (asks->state != ST_TLS && asks->state != ST_PEEK) {
		sess_drop(s, asks);
		if (asks->flags & D_OPEN)
			deal_end_request(s, asks, 0, false);
		asks->flags &= (uint16_t)~D_OPEN;
		asks->state = next;
	}
	if (asks->state != ST_TLS)
		asks->u.first = asks->next;
	if (answers->state != ST_TLS) {
		answers->state = next;
		answers->u.first = off;
	}
}

void
deal_role(struct session *s, struct dir *d, enum speech role)
{
	struct dir	*o = sess_other(s, d);

	if (d->role == role)
		return;
	d->role = (uint8_t)role;
	o->role = role == ASKS ? ANSWERS : ASKS;
	s->client = (int8_t)sess_index(s, role == ASKS ? d : o);
	if (o->state == ST_LATE) {
		sess_drop(s, o);
		o->state = ST_SEARCH;
		o->flags |= D_LOST_START;
		s->synced = false;
	}
	sess_proto(s, SESSION_HTTP1);
}
