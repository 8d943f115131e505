#include <stdlib.h>
#include <string.h>

#include "analyzer/via.h"

#define WAYS	4
#define SETS	4096
#define SHARE	64	/* at most this part of the memory */

static void
make(struct via *t, struct mem *mem)
{
	const size_t	 set = WAYS * sizeof(*t->v);
	uint64_t	 sets = mem->limit / SHARE / set;

	t->made = true;
	if (sets > SETS)
		sets = SETS;
	if (sets == 0 || !mem_take(mem, MEM_SESSIONS, sets * set))
		return;
	if ((t->v = calloc(sets, set)) == NULL)
		mem_give(mem, MEM_SESSIONS, sets * set);
	else
		t->sets = (uint32_t)sets;
}

/* Those of a connection lie side by side; ids count from 1. */
static struct via_client *
set_of(const struct via *t, uint64_t flow, uint64_t id)
{
	return t->v + (flow * 7 + id) % t->sets * WAYS;
}

static struct via_client *
find(const struct via *t, uint64_t flow, uint64_t id)
{
	struct via_client	*c;
	unsigned		 i;

	if (t->sets == 0)
		return NULL;
	c = set_of(t, flow, id);
	for (i = 0; i < WAYS; i++, c++)
		if (c->flow == flow && c->id == id)
			return c;
	return NULL;
}

bool
via_put(struct via *t, struct mem *mem, uint64_t flow, uint64_t id,
    const struct addr *a)
{
	struct via_client	*c;
	bool			 lost;

	if (!t->made)
		make(t, mem);
	if (t->sets == 0)
		return false;
	c = set_of(t, flow, id);
	lost = c[WAYS - 1].flow != 0;
	memmove(c + 1, c, (WAYS - 1) * sizeof(*c));
	*c = (struct via_client){ flow, id, *a };
	return !lost;
}

const struct addr *
via_find(const struct via *t, uint64_t flow, uint64_t id)
{
	const struct via_client	*c = find(t, flow, id);

	return c == NULL ? NULL : &c->addr;
}

void
via_drop(struct via *t, uint64_t flow, uint64_t id)
{
	struct via_client	*c, *last;

	if ((c = find(t, flow, id)) == NULL)
		return;
	last = set_of(t, flow, id) + WAYS - 1;
	memmove(c, c + 1, (size_t)(last - c) * sizeof(*c));
	last->flow = 0;
}
