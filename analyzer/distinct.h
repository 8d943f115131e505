/*
 * distinct: a set of 64-bit hashes, for counting how many different things
 * there were where nothing else is wanted of them: eight bytes for each that
 * lies in the set, a third to two thirds of which are in use.
 *
 * The hashes must be keyed, so that nobody can make two that agree; of a
 * million things two agree once in 10^7 runs. All memory is that of a kind of
 * sketches. What does not fit any more is counted as refused memory alone.
 */
#ifndef ANALYZER_DISTINCT_H
#define ANALYZER_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/sketchtype.h"
#include "sandbox/compat.h"

struct distinct {
	struct sketch_kind *kind;
	uint64_t	*slot;		/* 0: empty */
	size_t		 nslots;	/* a power of two, or 0 */
	size_t		 n;
};

void		 distinct_init(struct distinct *, struct sketch_kind *);
/* Empties the set and gives its memory back. */
void		 distinct_clear(struct distinct *);
/* Optional, some time before distinct_add: asks for the memory. */
static inline void
distinct_expect(const struct distinct *d, uint64_t hash)
{
	if (d->nslots != 0)
		compat_prefetch(&d->slot[hash & (d->nslots - 1)]);
}
/* Whether it is new, and then in the set from now on. */
bool		 distinct_add(struct distinct *, uint64_t hash);

#endif
