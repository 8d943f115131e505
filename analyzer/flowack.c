#include "analyzer/flowack.h"
#include "analyzer/flowlife.h"
#include "analyzer/flowtrust.h"

static void
rtt_sample(struct seg *s)
{
	struct flow_read	*rd = s->f->read;
	uint32_t		 us;

	if (rd == NULL || rd->rtt[!s->dir].us == 0 ||
	    reass_seq_lt(s->p->ack, rd->rtt[!s->dir].seq))
		return;
	us = flowseg_since_low(s->p->ts_us, rd->rtt[!s->dir].us & ~1U);
	rd->rtt[!s->dir].us = 0;
	if (rd->rtt[!s->dir].len > rd->rtt[!s->dir].passed)
		rd->rtt[!s->dir].passed = rd->rtt[!s->dir].len;
	if (rd->rtt[!s->dir].srtt == 0)
		rd->rtt[!s->dir].srtt = us;
	else
		rd->rtt[!s->dir].srtt += us / 8 - rd->rtt[!s->dir].srtt / 8;
	if (s->t->ops->rtt != NULL)
		s->t->ops->rtt(s->t->arg, s->f,
		    s->dir == flowseg_client(s->f), us, false);
}

static uint32_t
scaled(const struct flow_half *h, const struct flow_half *o, uint16_t win)
{
	if (h->wscale == PACKET_NO_WSCALE || o->wscale == PACKET_NO_WSCALE)
		return win;
	return (uint32_t)win << h->wscale;
}

/* What comes with data is news where that is: at home neither is, then. */
static void
note_ack_quality(struct seg *s, uint32_t win)
{
	struct flow_half	*h = s->h, *o = s->o;

	if (s->again) {
		if (s->p->wire > 0 && h->flags & HALF_ACKED &&
		    reass_seq_lt(h->ack, s->p->ack))
			rtt_sample(s);
		return;
	}
	if (s->p->wire == 0 && h->flags & HALF_ACKED &&
	    s->p->ack == h->ack && flowseg_is_copy(s)) {
		flowseg_copy(s);
		return;
	}
	if (s->p->wire == 0)
		flowseg_note_id(s);
	if (s->p->win == 0 && h->win != 0 && h->flags & HALF_ACKED) {
		flowseg_bump(&s->f->zero_win[s->dir]);
		s->t->count[FLOW_C_ZERO_WINDOW]++;
	}
	if (h->flags & HALF_ACKED && s->p->ack == h->ack && s->p->wire == 0 &&
	    win == h->win && !(s->p->flags & PACKET_TCP_FIN) &&
	    reass_seq_lt(h->ack, reass_next_seq(&o->r))) {
		flowseg_bump(&h->dup_acks);
		s->t->count[FLOW_C_DUP_ACK]++;
	}
	rtt_sample(s);
}

/*
 * The other half was not seen: acknowledgements tell what it sent. At first
 * it may just be late, from another interface.
 */
static void
ack_of_unseen(struct seg *s)
{
	struct flow_half	*o = s->o;

	if (!(o->flags & HALF_BASE)) {
		reass_init(&o->r, s->p->ack);
		o->flags |= HALF_BASE;
	} else if (s->p->ts_us > s->f->first_us + FLOW_HOLE_ALONE_US)
		flowlife_missed(s->t, s->f, !s->dir, s->p->ack);
}

/*
 * A server that has an older connection of the tuple open acknowledges that
 * one instead of the SYN (RFC 9293, 3.5.1, figure 9).
 */
static bool
of_older(const struct seg *s, int64_t ahead)
{
	return s->p->wire == 0 && (ahead < 0 || ahead > FLOWSEG_NEAR) &&
	    !(s->h->flags & HALF_SYN) && s->o->flags & HALF_SYN &&
	    s->o->r.next == 0 && s->o->bytes == 0;
}

/* False: it acknowledges what nobody can have sent. */
bool
flowack_take(struct seg *s)
{
	struct flow_half	*h = s->h, *o = s->o;
	uint32_t		 win = scaled(h, o, s->p->win);
	int64_t			 a;

	if (s->f->state == FLOW_SYN && s->f->flags & FLOW_F_RE << !s->dir &&
	    o->r.next == 0 && s->p->ack == s->f->other_seq[!s->dir] + 1) {
		reass_clear(&o->r, &s->t->env);
		reass_init(&o->r, s->p->ack);	/* the second SYN-ACK won */
		s->f->flags &= (uint16_t)~(FLOW_F_RE << !s->dir);
	}
	if (!(o->flags & HALF_SEEN)) {
		ack_of_unseen(s);
		a = 0;
	} else {
		flowack_probed(o, h, s->p->ack);
		a = reass_ahead(&o->r, s->p->ack);
	}
	if (of_older(s, a)) {
		s->t->count[FLOW_C_BAD_ACK]++;
		return false;
	}
	if (!flowtrust_in_reach(o, h, a)) {
		if (!s->again && !(o->flags & HALF_TWICE) &&
		    s->f->flags & FLOW_F_OOW << !s->dir && reass_seq_leq(
		    s->f->other_seq[!s->dir], s->p->ack))
			flowtrust_resync(s, !s->dir, s->f->other_seq[!s->dir]);
		else {
			s->t->count[FLOW_C_BAD_ACK]++;
			return false;
		}
	}
	note_ack_quality(s, win);
	if (!(h->flags & HALF_ACKED) || reass_seq_lt(h->ack, s->p->ack))
		h->ack = s->p->ack;
	if (s->f->read != NULL && s->f->read->stuck[!s->dir].n > 0 &&
	    reass_seq_lt(s->f->read->stuck[!s->dir].seq, s->p->ack))
		s->f->read->stuck[!s->dir].n = 0;
	h->win = win;
	h->flags |= HALF_ACKED;
	if (s->f->read != NULL && s->f->read->suspects != NULL)
		flowlife_acquit(s->t, s->f, !s->dir, false);
	if (s->f->flags & FLOW_F_SKIP && o->flags & HALF_SEEN && a > 0) {
		a = (int64_t)flowlife_unseen(s->f, !s->dir);
		o->r.next += (uint64_t)a;
		s->f->hole_bytes += (uint32_t)a;
	}
	return true;
}
