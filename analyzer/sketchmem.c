#include <stdlib.h>

#include "analyzer/sketchmem.h"

void *
sketchmem_take(struct sketch_kind *k, size_t n)
{
	void	*p;

	if (!mem_take_within(k->mem, MEM_SKETCHES, n, k->limit))
		return NULL;
	if ((p = calloc(1, n)) == NULL)
		mem_give(k->mem, MEM_SKETCHES, n);
	return p;
}

void
sketchmem_give(struct sketch_kind *k, void *p, size_t n)
{
	if (p == NULL)
		return;
	mem_give(k->mem, MEM_SKETCHES, n);
	free(p);
}
