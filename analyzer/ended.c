#include <stdlib.h>

#include "analyzer/ended.h"

void
ended_init(struct ended_ring *r, struct mem *mem)
{
	uint64_t	 n;

	n = mem->limit / ENDED_SHARE / sizeof(*r->v);
	r->n = n < ENDED_MAX ? (uint32_t)n : ENDED_MAX;
	r->v = NULL;
	if (r->n == 0 || !mem_take(mem, MEM_SESSIONS, r->n * sizeof(*r->v)))
		r->n = 0;
	else if ((r->v = calloc(r->n, sizeof(*r->v))) == NULL) {
		mem_give(mem, MEM_SESSIONS, r->n * sizeof(*r->v));
		r->n = 0;
	}
}

struct ended *
ended_put(struct ended_ring *r, uint64_t id)
{
	struct ended	*e;

	if (r->n == 0)
		return NULL;
	e = &r->v[id % r->n];
	e->id = id;
	return e;
}

const struct ended *
ended_find(const struct ended_ring *r, uint64_t id)
{
	const struct ended	*e;

	if (r->n == 0)
		return NULL;
	e = &r->v[id % r->n];
	return e->id == id ? e : NULL;
}
