#include <string.h>

#include "analyzer/distinct.h"
#include "analyzer/sketchmem.h"

#define SLOTS_MIN	512

void
distinct_init(struct distinct *d, struct sketch_kind *kind)
{
	memset(d, 0, sizeof(*d));
	d->kind = kind;
}

void
distinct_clear(struct distinct *d)
{
	sketchmem_give(d->kind, d->slot, d->nslots * sizeof(d->slot[0]));
	distinct_init(d, d->kind);
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
	size_t		 i;

	w.nslots = d->nslots == 0 ? SLOTS_MIN : d->nslots * 2;
	w.slot = sketchmem_take(d->kind, w.nslots * sizeof(w.slot[0]));
	if (w.slot == NULL)
		return false;
	for (i = 0; i < d->nslots; i++)
		if (d->slot[i] != 0)
			*place(&w, d->slot[i]) = d->slot[i];
	distinct_clear(d);
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
