/*
 * vec: the counters of an entry, by index, in a small open hash. Private to
 * sketch and its parts.
 */
#ifndef ANALYZER_VEC_H
#define ANALYZER_VEC_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/sketchtype.h"

#define VEC_BITS	52
#define VEC_MASK	((1ULL << VEC_BITS) - 1)
#define VEC_INDEX(w)	((unsigned)((w) >> VEC_BITS))
#define VEC_VALUE(w)	((w) & VEC_MASK)

static inline uint32_t
vec_first(const struct vec *v, unsigned index)
{
	return index * 0x9e3779b1U >> 16 & (v->cap - 1U);
}

/* Whether the counter was there, at its first place. */
static inline bool
vec_bump(struct vec *v, unsigned index, uint64_t n)
{
	uint64_t	*p;

	if (v->cap == 0)
		return false;
	p = &v->slot[vec_first(v, index)];
	if (VEC_INDEX(*p) != index || n >= VEC_MASK - VEC_VALUE(*p))
		return false;
	*p += n;
	return true;
}

/* The same for any counter; what finds no memory is lost. */
void		 vec_add(struct sketch_kind *, struct vec *, unsigned index,
		    uint64_t n);
/* Adds all counters below nout to out[]. */
void		 vec_sum(const struct vec *, uint64_t *out, unsigned nout);
uint64_t	 vec_get(const struct vec *, unsigned index);
void		 vec_free(struct sketch_kind *, struct vec *);

#endif
