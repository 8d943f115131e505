/* The time of sketch: slices that are closed, windows that are summed. */
#include <string.h>

#include "analyzer/pane.h"
#include "analyzer/sketch.h"
#include "analyzer/sketchmem.h"
#include "analyzer/vec.h"

void
sketch_time_init(struct sketch_time *t, uint64_t window_us)
{
	uint64_t	 s;

	memset(t, 0, sizeof(*t));
	s = window_us / 10;
	if (s < 100000)
		s = 100000;
	t->slice_us = s;
	t->fine = (uint32_t)((window_us + s - 1) / s);
	t->mid_block = (uint32_t)((10000000 + s - 1) / s);
	t->mid = (uint32_t)((60000000 + s - 1) / s);
	t->old_block = t->mid_block *
	    (uint32_t)((60000000 + t->mid_block * s - 1) / (t->mid_block * s));
	t->old = (uint32_t)((600000000 + s - 1) / s);
}

/* The slices of a window that are summed together. */
static uint32_t
block_of(const struct sketch_time *t, uint32_t slices)
{
	if (slices <= t->fine)
		return 1;
	return slices <= t->mid ? t->mid_block : t->old_block;
}

uint32_t
sketch_from(const struct sketch_time *t, uint32_t slices)
{
	return pane_before(t->now, slices, block_of(t, slices));
}

uint32_t
sketch_period(const struct sketch_time *t, uint32_t slices)
{
	const uint32_t	 block = block_of(t, slices);

	return (slices + block - 1) / block * block;
}

static void
close_entry(struct sketch_entry *e)
{
	struct sketch_kind	*k = e->home->kind;
	struct sketch_more	*m;
	struct sketch_pane	*p;
	uint32_t		 i;

	if (e->cur.n == 0)
		return;
	if ((m = sketchmem_more(e)) != NULL) {
		for (i = 0; i < e->cur.cap; i++)
			if (e->cur.slot[i] != 0)
				vec_add(k, &m->total, VEC_INDEX(e->cur.slot[i]),
				    VEC_VALUE(e->cur.slot[i]));
		if ((p = pane_new(k, &e->cur, k->time->now)) != NULL) {
			p->next = m->panes;
			m->panes = p;
		}
	}
	memset(e->cur.slot, 0, e->cur.cap * sizeof(e->cur.slot[0]));
	e->cur.n = 0;
	pane_compact(e);
}

void
sketch_close(struct sketch_kind *k)
{
	struct sketch_ref	*r;

	while (k->active != 0) {
		r = &k->ref[k->active - 1];
		k->active = r->active;
		r->active = SKETCH_NOT_IN;
		if (r->entry == NULL)
			continue;
		r->entry->is_listed = false;
		close_entry(r->entry);
	}
}

void
sketch_age(struct sketch *s)
{
	uint32_t	 i, c;

	for (i = 0; i < s->n; i++) {
		pane_compact(s->heap[i]);
		for (c = 0; c < SKETCH_CHILDREN; c++)
			if (sketch_child(s->heap[i], c) != NULL)
				sketch_age(sketch_child(s->heap[i], c));
	}
}

void
sketch_sum(const struct sketch_entry *e, uint32_t from, uint64_t *out,
    unsigned nout)
{
	const struct sketch_pane	*p;
	uint32_t			 i;

	vec_sum(&e->cur, out, nout);
	if (e->more == NULL)
		return;
	for (p = e->more->panes; p != NULL && p->to > from; p = p->next)
		for (i = 0; i < p->n; i++)
			if (VEC_INDEX(p->pair[i]) < nout)
				out[VEC_INDEX(p->pair[i])] +=
				    VEC_VALUE(p->pair[i]);
}

void
sketch_total(const struct sketch_entry *e, uint64_t *out, unsigned nout)
{
	vec_sum(&e->cur, out, nout);
	if (e->more != NULL)
		vec_sum(&e->more->total, out, nout);
}

uint64_t
sketch_get(const struct sketch_entry *e, unsigned index)
{
	return vec_get(&e->cur, index) +
	    (e->more == NULL ? 0 : vec_get(&e->more->total, index));
}
