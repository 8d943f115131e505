#include <stdlib.h>
#include <string.h>

#include "analyzer/sketchmem.h"

void *
sketchmem_take(struct sketch_kind *k, size_t n)
{
	void	*p;

	if (!mem_take_within(k->mem, MEM_SKETCHES, n, k->limit))
		return NULL;
	if (n < MEM_LARGE)
		p = calloc(1, n);
	else if ((p = mem_table(n)) != NULL)
		memset(p, 0, n);
	if (p == NULL)
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
