#include "analyzer/flowlife.h"
#include "analyzer/flowtrust.h"

#define SUM_DISTRUST	4		/* bad in a row until not believed */
#define SUM_WIRE_MAX	1600		/* larger ones were put together */

/* ---- checksums ---- */

/*
 * Whether the receiver throws this away for a bad checksum. Where packets are
 * captured, checksums may not be filled in yet, so a half-flow must have shown
 * good ones first, and is not believed any more after several bad ones.
 */
bool
flowtrust_bad_sum(struct seg *s)
{
	struct flow_half	*h = s->h;

	if (!(h->flags & HALF_IP_GOOD) && s->p->marks & PACKET_IPSUM_GOOD)
		h->flags |= HALF_IP_GOOD;
	if (s->p->marks & PACKET_IPSUM_BAD && h->flags & HALF_IP_GOOD) {
		s->t->count[FLOW_C_BAD_IP_SUM]++;
		return true;
	}
	if (h->flags & HALF_SUM_OFF || !s->t->cfg.checksums)
		return false;
	if (s->p->l4_len > SUM_WIRE_MAX ||
	    (s->f->flags & FLOW_F_SKIP && s->p->wire > 0))
		return false;
	switch (packet_checksum(s->p)) {
	case PACKET_SUM_GOOD:
		h->flags |= HALF_SUM_GOOD;
		h->sum_bad = 0;
		return false;
	case PACKET_SUM_BAD:
		break;
	default:
		return false;
	}
	if (++h->sum_bad >= (h->flags & HALF_SUM_GOOD ? SUM_DISTRUST : 2)) {
		h->flags |= HALF_SUM_OFF;
		if (h->flags & HALF_SUM_GOOD)
			s->t->count[FLOW_C_SUM_DISTRUST]++;
		flowlife_acquit(s->t, s->f, s->dir, true);
		return false;
	}
	if (!(h->flags & HALF_SUM_GOOD))
		return false;
	s->t->count[FLOW_C_BAD_SUM]++;
	return true;
}

/* ---- windows ---- */

/* How far ahead of next the sender of h may be, by what o granted. */
int64_t
flowtrust_window(const struct flow_half *h, const struct flow_half *o)
{
	int64_t	 a = 0, win = o->win;

	if (!(h->flags & o->flags & HALF_SYN))
		win = o->flags & HALF_SEEN ? 4 * (int64_t)FLOWTAB_FAR :
		    FLOWTAB_FAR;
	if (o->flags & HALF_ACKED)
		a = reass_seq_diff(o->ack, reass_next_seq(&h->r));
	if (a < 0)
		a = 0;
	if (win < FLOWTRUST_WIN_MIN)
		win = FLOWTRUST_WIN_MIN;
	return a + win + FLOWTRUST_SLACK;
}

/* Goes on at seq after loss on a scale that no window explains. */
void
flowtrust_resync(struct seg *s, int dir, uint32_t seq)
{
	struct flowlife_call	 c = { s->t, s->f, dir };
	struct reass		*r = &s->f->half[dir].r;
	uint64_t		 to = r->next + (seq - reass_next_seq(r));

	r->flags &= (uint16_t)~REASS_HELD;
	if (r->flags & REASS_READ)
		reass_skip_to(r, &s->t->env, &c, to, s->p->ts_us,
		    REASS_WHY_LOST);
	else {
		flowlife_lost(s->t, s->f, dir, to - r->next, REASS_WHY_LOST);
		r->next = to;
	}
	s->f->flags &= (uint16_t)~(FLOW_F_OOW << dir);
}

/*
 * Both ways are far ahead, so that neither side's acknowledgement is heard: it
 * goes on where the last odd one of its side ended, and acknowledges the
 * other side's. Not after a FIN; and elsewhere another network may have the
 * tuple.
 */
static bool
both_went_on(const struct seg *s)
{
	const struct flow	*f = s->f;
	const uint16_t		 odd = FLOW_F_OOW | FLOW_F_OOW << 1;
	int64_t			 d;

	if ((f->flags & odd) != odd || s->p->seq != f->other_seq[s->dir] ||
	    s->again || (s->h->flags | s->o->flags) & HALF_FIN)
		return false;
	d = reass_seq_diff(s->p->ack, f->other_seq[!s->dir]);
	return d <= 0 && d >= -FLOWSEG_NEAR;
}

/* Whether the receiver would take it; odd ones are remembered. */
bool
flowtrust_in_window(struct seg *s)
{
	struct flow	*f = s->f;
	int64_t		 ahead = reass_ahead(&s->h->r, s->p->seq);

	if (flowtrust_in_reach(s->h, s->o, ahead)) {
		if (s->p->wire > 0 && ahead >= 0)
			f->flags &= (uint16_t)~(FLOW_F_OOW << s->dir);
		return true;
	}
	if (s->h->flags & HALF_TWICE) {
		s->t->count[FLOW_C_OUT_OF_WINDOW]++;
		return false;
	}
	if (both_went_on(s)) {
		flowtrust_resync(s, !s->dir, f->other_seq[!s->dir]);
		flowtrust_resync(s, s->dir, s->p->seq);
		return true;
	}
	if (f->flags & FLOW_F_OOW << s->dir && s->p->wire > 0 &&
	    !(s->o->flags & HALF_SEEN) &&
	    s->p->seq == f->other_seq[s->dir]) {
		flowtrust_resync(s, s->dir, s->p->seq);
		return true;
	}
	if (s->p->wire > 0 && !s->again &&
	    !(f->flags & FLOW_F_RE << s->dir)) {
		f->other_seq[s->dir] = s->p->seq + s->p->wire;
		f->flags |= (uint16_t)(FLOW_F_OOW << s->dir);
	}
	s->t->count[FLOW_C_OUT_OF_WINDOW]++;
	return false;
}

/* What the sender said after its FIN is not for anyone. */
bool
flowtrust_after_fin(struct seg *s)
{
	uint32_t	 end = s->p->seq + s->p->wire;

	if (!(s->h->flags & HALF_FIN) || s->p->wire == 0 ||
	    reass_seq_leq(end, s->h->fin_seq))
		return false;
	s->t->count[FLOW_C_AFTER_FIN]++;
	return true;
}

bool
flowtrust_rst_valid(const struct seg *s)
{
	const struct packet	*p = s->p;

	if (s->f->state == FLOW_SYN && !(s->h->flags & HALF_SEEN))
		return p->flags & PACKET_TCP_ACK &&
		    reass_ahead(&s->o->r, p->ack) <= FLOWSEG_NEAR &&
		    reass_ahead(&s->o->r, p->ack) >= 0;
	if (!(s->h->flags & (HALF_SEEN | HALF_BASE)))
		return true;
	if (p->seq == reass_next_seq(&s->h->r))
		return true;
	if (s->o->flags & HALF_ACKED && p->seq == s->o->ack)
		return true;
	if (s->h->flags & HALF_FIN && p->seq == s->h->fin_seq + 1)
		return true;
	/* what we missed may have moved it */
	return reass_waits(&s->h->r) && reass_ahead(&s->h->r, p->seq) > 0 &&
	    reass_ahead(&s->h->r, p->seq) < flowtrust_window(s->h, s->o);
}
