#include "analyzer/flowfirst.h"

static bool
has_hole(const struct flow_first *r)
{
	return reass_seq_lt(r->begin, r->hole_end) && r->hole != r->hole_end;
}

/* They begin behind the last ones. Of two holes the later one is kept. */
static void
beyond(struct flow_first *r, uint32_t seq, uint32_t end)
{
	if (has_hole(r))
		r->begin = r->hole_end;
	r->hole = r->end;
	r->hole_end = seq;
	r->end = end;
}

static void
before(struct flow_first *r, uint32_t seq, uint32_t end)
{
	if (reass_seq_lt(end, r->begin)) {
		if (has_hole(r))
			return;
		r->hole = end;
		r->hole_end = r->begin;
	}
	r->begin = seq;
}

static void
fill(struct flow_first *r, uint32_t seq, uint32_t end)
{
	if (!has_hole(r) || reass_seq_leq(end, r->hole) ||
	    reass_seq_leq(r->hole_end, seq))
		return;
	if (reass_seq_leq(seq, r->hole))
		r->hole = reass_seq_lt(end, r->hole_end) ? end : r->hole_end;
	else if (reass_seq_leq(r->hole_end, end))
		r->hole_end = seq;
}

void
flowfirst_note(struct seg *s)
{
	const uint32_t		 seq = s->p->seq, end = seq + s->p->wire;
	struct flow_first	*r = &s->f->extra->first[s->dir];

	if (reass_seq_leq(r->end, r->begin))
		*r = (struct flow_first){ .begin = seq, .end = end };
	else if (reass_seq_lt(r->end, seq))
		beyond(r, seq, end);
	else {
		fill(r, seq, end);
		if (reass_seq_lt(seq, r->begin))
			before(r, seq, end);
		if (reass_seq_lt(r->end, end))
			r->end = end;
	}
}

bool
flowfirst_shown(struct seg *s)
{
	const uint32_t		 seq = s->p->seq, end = seq + s->p->wire;
	struct flow_first	*r;
	bool			 shown;

	if (s->f->extra == NULL || s->p->wire == 0)
		return false;
	r = &s->f->extra->first[s->dir];
	if (reass_seq_leq(r->end, r->begin))
		return false;
	shown = reass_seq_leq(r->begin, seq) && reass_seq_leq(end, r->end) &&
	    !(has_hole(r) && reass_seq_lt(seq, r->hole_end) &&
	    reass_seq_lt(r->hole, end));
	/* What it sends again counts. */
	if (reass_seq_leq(seq, r->begin) && reass_seq_lt(r->begin, end))
		r->begin = end;
	if (!has_hole(r))	/* numbers come round */
		r->hole = r->hole_end;
	return shown;
}
