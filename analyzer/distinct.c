#include <stdlib.h>
#include <string.h>

#include "analyzer/distinct.h"

#define SLOTS_MIN	512

void
distinct_init(struct distinct *d, struct mem *mem, uint64_t limit)
{
	memset(d, 0, sizeof(*d));
	d->mem = mem;
	d->limit = limit;
}

static void
give(struct distinct *d)
{
	mem_give(d->mem, MEM_SKETCHES, d->nslots * sizeof(d->slot[0]));
	free(d->slot);
}

void
distinct_clear(struct distinct *d)
{
	give(d);
	d->slot = NULL;
	d->nslots = d->n = 0;
}

/* Where a hash lies, or would lie: there is always an empty slot. */
static uint64_t *
place(const struct distinct *d, uint64_t hash)
{
	size_t	 at = hash & (d->nslots - 1);

	while (d->slot[at] != 0 && d->slot[at] != hash)
		at = (at + 1) & (d->nslots - 1);
	return &d->slot[at];
}

static bool
grow(struct distinct *d)
{
	struct distinct	 w = *d;
	size_t		 i, bytes;

	w.nslots = d->nslots == 0 ? SLOTS_MIN : d->nslots * 2;
	bytes = w.nslots * sizeof(w.slot[0]);
	if (bytes > d->limit ||
	    d->mem->pool[MEM_SKETCHES] > d->limit - bytes) {
		d->mem->refused[MEM_SKETCHES]++;
		return false;
	}
	if (!mem_take(d->mem, MEM_SKETCHES, bytes))
		return false;
	if ((w.slot = calloc(1, bytes)) == NULL) {
		mem_give(d->mem, MEM_SKETCHES, bytes);
		return false;
	}
	for (i = 0; i < d->nslots; i++)
		if (d->slot[i] != 0)
			*place(&w, d->slot[i]) = d->slot[i];
	give(d);
	*d = w;
	return true;
}

bool
distinct_add(struct distinct *d, uint64_t hash)
{
	uint64_t	*p;

	if (hash == 0)
		hash = 1;
	if (d->nslots == 0 && !grow(d))
		return false;
	p = place(d, hash);
	if (*p == hash)
		return false;
	if (d->n >= d->nslots / 3 * 2) {
		if (!grow(d))
			return false;
		p = place(d, hash);
	}
	*p = hash;
	d->n++;
	return true;
}
