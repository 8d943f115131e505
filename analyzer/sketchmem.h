/*
 * sketchmem: the memory of sketches, all of it charged to MEM_SKETCHES and
 * held under the limit of its kind. Private to sketch and its parts.
 */
#ifndef ANALYZER_SKETCHMEM_H
#define ANALYZER_SKETCHMEM_H

#include <stddef.h>

#include "analyzer/sketchtype.h"

/* Zeroed; NULL without memory: what mem refuses, it counts. */
void		*sketchmem_take(struct sketch_kind *, size_t);
void		 sketchmem_give(struct sketch_kind *, void *, size_t);

/* What an entry has besides, made when it is not there; NULL: no memory. */
static inline struct sketch_more *
sketchmem_more(struct sketch_entry *e)
{
	if (e->more == NULL)
		e->more = sketchmem_take(e->home->kind, sizeof(*e->more));
	return e->more;
}

#endif
