#include <stdlib.h>
#include <string.h>

#include "analyzer/pane.h"
#include "analyzer/sketchmem.h"
#include "analyzer/vec.h"

static size_t
pane_size(uint32_t n)
{
	return sizeof(struct sketch_pane) + n * sizeof(uint64_t);
}

void
pane_free(struct sketch_kind *k, struct sketch_pane *p)
{
	sketchmem_give(k, p, pane_size(p->n));
}

static int
compare_pair(const void *a, const void *b)
{
	uint64_t	 x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

struct sketch_pane *
pane_new(struct sketch_kind *k, const struct vec *v, uint32_t slice)
{
	struct sketch_pane	*p;
	uint32_t		 i, n = 0;

	if ((p = sketchmem_take(k, pane_size(v->n))) == NULL)
		return NULL;
	p->from = slice;
	p->to = slice + 1;
	p->n = v->n;
	for (i = 0; i < v->cap; i++)
		if (v->slot[i] != 0)
			p->pair[n++] = v->slot[i];
	qsort(p->pair, p->n, sizeof(p->pair[0]), compare_pair);
	return p;
}

static uint32_t
merge_pairs(const struct sketch_pane *a, const struct sketch_pane *b,
    uint64_t *out)
{
	uint32_t	 i = 0, j = 0, n = 0;
	uint64_t	 w;

	while (i < a->n || j < b->n) {
		if (j == b->n || (i < a->n &&
		    VEC_INDEX(a->pair[i]) < VEC_INDEX(b->pair[j])))
			w = a->pair[i++];
		else if (i == a->n ||
		    VEC_INDEX(b->pair[j]) < VEC_INDEX(a->pair[i]))
			w = b->pair[j++];
		else
			w = a->pair[i++] + VEC_VALUE(b->pair[j++]);
		if (out != NULL)
			out[n] = w;
		n++;
	}
	return n;
}

/* One pane out of two neighbours; NULL (both stay) without memory. */
static struct sketch_pane *
pane_merge(struct sketch_kind *k, struct sketch_pane *newer,
    struct sketch_pane *older)
{
	struct sketch_pane	*p;
	uint32_t		 n;

	n = merge_pairs(newer, older, NULL);
	if ((p = sketchmem_take(k, pane_size(n))) == NULL)
		return NULL;
	p->n = n;
	merge_pairs(newer, older, p->pair);
	p->from = older->from;
	p->to = newer->to;
	p->next = older->next;
	pane_free(k, newer);
	pane_free(k, older);
	return p;
}

/* The block that a pane belongs to by now: 0 for none, else its number. */
static uint64_t
pane_block(const struct sketch_time *t, const struct sketch_pane *p)
{
	if (p->to <= pane_before(t->now, t->mid, t->old_block))
		return 1 + 2 * (uint64_t)(p->from / t->old_block);
	if (p->to <= pane_before(t->now, t->fine, t->mid_block))
		return 2 + 2 * (uint64_t)(p->from / t->mid_block);
	return 0;
}

/* Joins panes that have become one block and drops those out of all windows. */
void
pane_compact(struct sketch_entry *e)
{
	const struct sketch_time *t = e->home->kind->time;
	struct sketch_kind	*k = e->home->kind;
	struct sketch_pane	**pp, *p, *m;
	uint32_t		 oldest;
	uint64_t		 block;

	if (e->more == NULL)
		return;
	oldest = pane_before(t->now, t->old, t->old_block);
	for (pp = &e->more->panes; (p = *pp) != NULL; ) {
		if (p->to <= oldest) {
			*pp = p->next;
			pane_free(k, p);
			continue;
		}
		block = pane_block(t, p);
		if (block != 0 && p->next != NULL &&
		    pane_block(t, p->next) == block &&
		    (m = pane_merge(k, p, p->next)) != NULL) {
			*pp = m;
			continue;
		}
		pp = &p->next;
	}
}
