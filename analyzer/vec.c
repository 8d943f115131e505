#include <string.h>

#include "analyzer/sketchmem.h"
#include "analyzer/vec.h"

/* Where a counter is or belongs; NULL: it is not there, and all is full. */
static inline uint64_t *
vec_place(const struct vec *v, unsigned index)
{
	uint32_t	 at, left, mask = v->cap - 1U;

	for (at = vec_first(v, index), left = v->cap; left > 0; left--) {
		if (v->slot[at] == 0 || VEC_INDEX(v->slot[at]) == index)
			return &v->slot[at];
		at = (at + 1) & mask;
	}
	return NULL;
}

/* Those in the entry itself are few enough to look at all of them. */
static bool
vec_full(const struct vec *v)
{
	return v->cap <= SKETCH_FEW ? v->n == v->cap :
	    v->n * 4U >= v->cap * 3U;
}

/* Few counters lie in the entry itself. */
static void
vec_give(struct sketch_kind *k, struct vec *v)
{
	if (v->cap > SKETCH_FEW)
		sketchmem_give(k, v->slot, v->cap * sizeof(v->slot[0]));
}

static bool
vec_grow(struct sketch_kind *k, struct vec *v)
{
	struct vec	 w;
	uint32_t	 i;

	w.n = v->n;
	w.cap = (uint16_t)((v->cap == 0 ? SKETCH_FEW : v->cap) * 2);
	if ((w.slot = sketchmem_take(k, w.cap * sizeof(w.slot[0]))) == NULL)
		return false;
	for (i = 0; i < v->cap; i++)
		if (v->slot[i] != 0)
			*vec_place(&w, VEC_INDEX(v->slot[i])) = v->slot[i];
	vec_give(k, v);
	*v = w;
	return true;
}

/* A place for a counter that is not there yet; NULL: no memory. */
static uint64_t *
vec_new(struct sketch_kind *k, struct vec *v, unsigned index)
{
	uint64_t	*p;

	if ((vec_full(v) && !vec_grow(k, v) && v->n == v->cap) ||
	    (p = vec_place(v, index)) == NULL)
		return NULL;
	*p = (uint64_t)index << VEC_BITS;
	v->n++;
	return p;
}

void
vec_add(struct sketch_kind *k, struct vec *v, unsigned index, uint64_t n)
{
	uint64_t	*p = vec_place(v, index);

	if ((p == NULL || *p == 0) && (p = vec_new(k, v, index)) == NULL)
		return;
	if (n > VEC_MASK - VEC_VALUE(*p))
		n = VEC_MASK - VEC_VALUE(*p);
	*p += n;
}

void
vec_sum(const struct vec *v, uint64_t *out, unsigned nout)
{
	uint32_t	 i;

	for (i = 0; i < v->cap; i++)
		if (v->slot[i] != 0 && VEC_INDEX(v->slot[i]) < nout)
			out[VEC_INDEX(v->slot[i])] += VEC_VALUE(v->slot[i]);
}

uint64_t
vec_get(const struct vec *v, unsigned index)
{
	const uint64_t	*p = vec_place(v, index);

	return p == NULL ? 0 : VEC_VALUE(*p);
}

void
vec_free(struct sketch_kind *k, struct vec *v)
{
	vec_give(k, v);
	memset(v, 0, sizeof(*v));
}
