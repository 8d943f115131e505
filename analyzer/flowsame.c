#include "analyzer/flowsame.h"
#include "analyzer/flowtab.h"

#define UNFIT		UINT32_MAX

static uint32_t
between(const struct flow_half *h, uint32_t seq)
{
	int64_t	 d = reass_seq_diff(reass_next_seq(&h->r), seq);

	return (uint32_t)(d < 0 ? -d : d);
}

/* Bytes from the next numbers of f to those of p, from its half dir; UNFIT. */
static uint32_t
distance(const struct flow *f, const struct packet *p, int dir)
{
	const struct flow_half	*h = &f->half[dir], *o = &f->half[!dir];
	uint32_t		 d = UNFIT;

	if (p->flags & PACKET_TCP_SYN && h->flags & HALF_SYN)
		return h->r.base == p->seq + 1 ? 0 : UNFIT;
	if (h->flags & (HALF_SEEN | HALF_BASE))
		d = between(h, p->seq);
	else if (p->flags & PACKET_TCP_ACK &&
	    o->flags & (HALF_SEEN | HALF_BASE))
		d = between(o, p->ack);
	return d <= FLOWTAB_FAR ? d : UNFIT;
}

bool
flowsame_fits(const struct flow *f, const struct packet *p, int dir)
{
	return distance(f, p, dir) != UNFIT;
}

/* Whether f was shown where p is; true when that cannot be known. */
static bool
shown(struct flow_table *t, const struct flow *f, const struct packet *p)
{
	const struct flow_extra	*x = f->extra;
	const uint16_t		 at = flowtab_place(t, p);
	uint32_t		 i;

	if (at == 0 || f->half[0].place == at || f->half[1].place == at)
		return true;
	if (x == NULL)
		return false;
	for (i = 0; i < x->nseen; i++)
		if (x->seen[i].place == packet_place(p))
			return true;
	return x->nseen == FLOW_SIGHTINGS;
}

static bool
room_for_more(const struct seg *s)
{
	const struct flow	*f;
	int			 dir, n = 0;

	if (!(s->f->half[0].flags & HALF_SAME))
		return true;
	for (f = flowtab_find(s->t, &s->p->key, s->f->hash, &dir); f != NULL;
	    f = flowtab_more(s->t, f, &s->p->key, &dir))
		n++;
	return n < FLOWSAME_MAX;
}

bool
flowsame_before(const struct seg *s)
{
	const uint64_t	 now = s->p->ts_us, first = s->f->first_us;

	return s->f->half[0].flags & HALF_REUSED && now < first &&
	    first - now < FLOW_LINGER_US && !flowsame_fits(s->f, s->p, s->dir);
}

bool
flowsame_begins(const struct seg *s)
{
	return (s->p->flags & (PACKET_TCP_SYN | PACKET_TCP_ACK)) ==
	    PACKET_TCP_SYN && s->h->flags & HALF_SEEN &&
	    !flowsame_fits(s->f, s->p, s->dir) && !shown(s->t, s->f, s->p) &&
	    room_for_more(s);
}

/*
 * Numbers that fit, then a place that showed it, then the nearest numbers:
 * hosts that share a kernel begin one tuple with numbers near each other.
 */
struct flow *
flowsame_choose(struct flow_table *t, struct flow *f, const struct packet *p,
    int *dir)
{
	struct flow	*best = NULL;
	uint32_t	 off, least = 0;
	int		 d = *dir, score, most = 0;

	for (; f != NULL; f = flowtab_more(t, f, &p->key, &d)) {
		off = distance(f, p, d);
		score = 2 * (off != UNFIT) + shown(t, f, p);
		if (best != NULL && (score < most ||
		    (score == most && off >= least)))
			continue;
		most = score;
		least = off;
		best = f;
		*dir = d;
	}
	return best;
}
