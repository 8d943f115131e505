#include "analyzer/flowfeed.h"
#include "analyzer/flowfirst.h"
#include "analyzer/flowlife.h"
#include "analyzer/flowmask.h"

#define OVERTAKEN_US	3000	/* while no round trip was measured */

uint32_t
flowfeed_note_bytes(struct seg *s, int64_t ahead)
{
	int64_t		 fresh = ahead + s->p->wire;
	uint32_t	 n;

	if (fresh <= 0)
		return 0;
	n = fresh < s->p->wire ? (uint32_t)fresh : s->p->wire;
	if (n > s->p->len)
		n = s->p->len;
	s->h->bytes += n;
	s->t->count[FLOW_C_PAYLOAD] += n;
	return n;
}

/*
 * The least round trip from here to a half, by the handshake and what it has
 * acknowledged; 0: none was measured.
 */
static uint32_t
trip_to(const struct flow *f, int half)
{
	const int	 syn = half == flowseg_client(f);
	uint32_t	 us = f->hs_us[syn], data = 0;

	if (f->flags & (syn ? FLOW_F_HS1 : FLOW_F_HS0))
		us = 0;
	if (f->read != NULL)
		data = f->read->rtt[!half].srtt;
	return us == 0 || (data > 0 && data < us) ? data : us;
}

/*
 * Fills a hole: what was only overtaken comes soon after what is behind it and
 * has a lower number of IP; what the sender learned to be lost, a round trip
 * between both ends later at the least, however near to one this is seen.
 */
static bool
comes_again(const struct seg *s)
{
	uint64_t	 since = reass_hole_us(&s->h->r);
	uint32_t	 from, trip;
	int		 ids;

	if (since == 0 || s->p->ts_us <= since)
		return false;
	if ((ids = flowseg_id_ahead(s)) != 0)
		return ids > 0;
	trip = trip_to(s->f, !s->dir);
	if ((from = trip_to(s->f, s->dir)) > 0)
		trip += from;
	else if (trip < OVERTAKEN_US)
		trip = OVERTAKEN_US;
	return s->p->ts_us - since >= trip - trip / 8;
}

static uint16_t
short_len(uint32_t len)
{
	return len < UINT16_MAX ? (uint16_t)len : UINT16_MAX;
}

/* The same segment over and over, and nobody acknowledges it. */
static void
note_stuck(struct seg *s)
{
	struct flow_read	*rd = s->f->read;
	const struct packet	*p = s->p;

	if (rd == NULL || (s->o->flags & HALF_ACKED &&
	    reass_seq_lt(p->seq, s->o->ack)))
		return;
	if (rd->stuck[s->dir].seq != p->seq)
		rd->stuck[s->dir].n = 0;
	rd->stuck[s->dir].seq = p->seq;
	rd->stuck[s->dir].len = short_len(p->wire);
	flowseg_bump(&rd->stuck[s->dir].n);
}

/* Whether this place is the one that tells about such a segment. */
static bool
tells(const struct seg *s, bool repeated)
{
	if (!flowseg_is_led(s))
		return !s->again;
	if (!repeated)
		return !s->again || flowseg_leads(s);
	return flowseg_leads(s) && reass_seq_leq(s->p->seq + s->p->wire,
	    s->f->extra->lead[s->dir].end);
}

static void
note_quality(struct seg *s, int64_t ahead)
{
	struct flow_read	*rd = s->f->read;
	struct flow_half	*h = s->h;
	uint32_t		 wire = s->p->wire;
	bool			 repeated;

	repeated = ahead + wire <= 0 || (ahead <= 0 && comes_again(s));
	if (!tells(s, repeated))
		return;
	if (repeated) {
		if (ahead == -1 && wire == 1) {
			s->t->count[FLOW_C_KEEPALIVE]++;
			return;
		}
		if (ahead + wire <= 0 && flowseg_is_copy(s)) {
			flowseg_copy(s);
			return;
		}
		flowseg_bump(&h->retrans);
		s->t->count[FLOW_C_RETRANS]++;
		if (ahead + wire <= 0)
			note_stuck(s);
		if (rd != NULL)
			rd->rtt[s->dir].us = 0;
	} else if (ahead > 0) {
		flowseg_bump(&h->ooo);
		s->t->count[FLOW_C_OUT_OF_ORDER]++;
	} else if (rd != NULL && rd->rtt[s->dir].us == 0) {
		rd->rtt[s->dir].seq = s->p->seq + wire;
		rd->rtt[s->dir].us = (uint32_t)s->p->ts_us | 1;
		rd->rtt[s->dir].len = short_len(wire);
	}
	flowseg_note_id(s);
}

/* Nobody reads: what was jumped over may still come. */
static void
skip_unread(struct seg *s, int64_t ahead)
{
	struct flow	*f = s->f;
	uint32_t	 cut = s->p->wire - s->p->len, n;

	if (cut > 0 && ahead + s->p->wire > 0)
		flowlife_lost(s->t, f, s->dir, cut, REASS_WHY_CUT);
	if (ahead > 0)
		f->hole_bytes += (uint32_t)ahead;
	else if (f->hole_bytes > 0 && ahead + s->p->wire <= 0) {
		n = s->p->wire < f->hole_bytes ? s->p->wire : f->hole_bytes;
		f->hole_bytes -= n;
	}
}

/*
 * A start that was missed: what comes first may not be first; or a client that
 * may be another one. While one half waits for that, so does the other, lest
 * an answer overtakes its question.
 */
static void
hold_start(struct seg *s)
{
	struct flow_half	*h = s->h, *o = s->o;

	if (h->r.next != 0 && !(h->flags & HALF_BASE))
		return;		/* it began with bytes that were cut */
	if (!(h->flags & (HALF_SYN | HALF_BASE)) ||
	    (o->r.flags & REASS_HELD && !(o->flags & HALF_SYN_DATA)))
		h->r.flags |= REASS_HELD;
	else if (flowmask_doubts(s->t, s->f)) {
		h->r.flags |= REASS_HELD;
		s->t->count[FLOW_C_MASKED]++;
	}
}

/*
 * Data sent before what was thought to be the start. One byte before it is a
 * keep-alive probe, which repeats the last byte sent, unless data that
 * follows that byte was sent already.
 */
static void
rebase_start(struct seg *s, uint32_t seq)
{
	struct flow_half	*h = s->h;
	int64_t			 ahead = reass_ahead(&h->r, seq);

	if (h->flags & HALF_SYN || h->r.next != 0 || ahead >= 0 ||
	    ahead < -FLOWSEG_NEAR || (s->p->wire <= 1 && ahead == -1 &&
	    !reass_waits(&h->r)))
		return;
	reass_rebase(&h->r, seq);
	h->flags &= (uint16_t)~HALF_BASE;
}

/* The SYN carried data: whether this says that it was not accepted. */
void
flowfeed_settle_syn(struct seg *s, int dir, bool refused)
{
	struct flow_half	*h = &s->f->half[dir];

	if (!(h->flags & HALF_SYN_DATA) || !(h->r.flags & REASS_HELD))
		return;
	if (!refused) {
		flowlife_release(s->t, s->f);
		return;
	}
	s->t->count[FLOW_C_SYN_DATA_REFUSED]++;
	h->r.flags &= (uint16_t)~REASS_HELD;
	h->flags &= (uint16_t)~HALF_SYN_DATA;
	h->bytes = 0;
	reass_clear(&h->r, &s->t->env);
	s->f->read->hole_us[dir] = 0;
}

/*
 * New bytes, but not at home: from now on that place leads, until others show
 * much that it does not.
 */
static void
find_lead(struct seg *s)
{
	struct flow_extra	*x = s->f->extra;
	struct flow_read	*rd = s->f->read;
	const int		 d = s->dir;

	if (x == NULL || (x->lead[d].met ? reass_seq_diff(s->p->seq,
	    x->lead[d].end) <= FLOWSEG_NEAR : !s->again))
		return;
	x->lead[d].met = s->again;
	x->lead[d].place = packet_place(s->p);
	x->lead[d].alias = s->alias;
	x->lead[d].end = s->p->seq;
	if (rd == NULL)
		return;
	rd->ttl[d] = 0;
	rd->ip_id[d] = 0;
	rd->ids[d] = FLOW_IDS_NONE;
}

/* What another place than the home has shown. */
static void
shown_elsewhere(struct seg *s, bool stored)
{
	struct flow_extra	*x = s->f->extra;
	const uint32_t		 end = s->p->seq + s->p->wire;

	if (flowseg_leads(s) && reass_seq_lt(x->lead[s->dir].end, end))
		x->lead[s->dir].end = end;
	if (!s->again)
		return;
	if (stored && x != NULL) {
		s->t->count[FLOW_C_ELSEWHERE]++;
		if (s->fresh)
			flowfirst_note(s);
	}
	if (s->fresh && !s->counted)
		flowseg_count(s);
}

void
flowfeed_data(struct seg *s)
{
	struct flowlife_call	 c = { s->t, s->f, s->dir };
	struct flow_half	*h = s->h;
	const struct packet	*p = s->p;
	enum reass_result	 res;
	int64_t			 ahead;

	rebase_start(s, p->seq);
	if (h->bytes == 0 && !(s->f->flags & FLOW_F_SKIP) &&
	    (s->f->read != NULL || flowlife_store(s->t, s->f)))
		hold_start(s);
	ahead = reass_ahead(&h->r, p->seq);
	if (h->r.flags & REASS_HELD && h->flags & HALF_SYN_DATA)
		flowfeed_settle_syn(s, s->dir, ahead == 0);
	if (ahead + p->wire > 0)
		find_lead(s);
	note_quality(s, ahead);
	if (!(h->r.flags & REASS_READ))
		skip_unread(s, ahead);
	if (s->f->read != NULL)
		flowtab_lend(s->t, s->f->read, s->dir);
	res = reass_data(&h->r, &s->t->env, &c, p->seq, p->payload, p->len,
	    p->wire, p->ts_us, p->ack);
	flowtab_unlend(s->t);
	if (res != REASS_DUPLICATE) {
		s->fresh = flowfeed_note_bytes(s, ahead) > 0;
		if (s->fresh && s->f->read != NULL &&
		    (flowseg_is_led(s) ? flowseg_leads(s) : !s->again))
			s->f->read->ttl[s->dir] = p->ttl;
	}
	shown_elsewhere(s, res != REASS_DUPLICATE);
}
