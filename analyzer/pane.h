/*
 * pane: what an entry counted in slices that are over. Panes get coarser with
 * age: neighbours become one block, and the oldest are dropped. Private to
 * sketch and its parts.
 */
#ifndef ANALYZER_PANE_H
#define ANALYZER_PANE_H

#include <stdint.h>

#include "analyzer/sketchtype.h"

/* The first slice of the block that lies so many slices before now. */
static inline uint32_t
pane_before(uint32_t now, uint32_t slices, uint32_t block)
{
	if (now <= slices)
		return 0;
	return (now - slices) / block * block;
}

/* The pane of one slice; NULL without memory. */
struct sketch_pane *pane_new(struct sketch_kind *, const struct vec *,
		    uint32_t slice);
void		 pane_free(struct sketch_kind *, struct sketch_pane *);
/* Joins panes that have become one block, drops those out of all windows. */
void		 pane_compact(struct sketch_entry *);

#endif
