#include <stdlib.h>

#include "analyzer/own.h"

struct tuple {
	struct endpoint	 source;
	struct endpoint	 target;	/* port 0: a free place */
	uint64_t	 until_us;	/* 0: it has not ended */
};

struct own {
	struct tuple	 tuple[OWN_MAX];
	bool		 used;
};

struct own *
own_new(void)
{
	return calloc(1, sizeof(struct own));
}

/* One of the OWN_PROBE places of a tuple; by its ports. */
static uint32_t
place(uint16_t source, uint16_t target, uint32_t i)
{
	return ((uint32_t)source * 31 + (uint32_t)target * 17 + i) % OWN_MAX;
}

static struct tuple *
find(struct own *w, const struct endpoint *source,
    const struct endpoint *target)
{
	struct tuple	*o;
	uint32_t	 i;

	for (i = 0; i < OWN_PROBE; i++) {
		o = &w->tuple[place(source->port, target->port, i)];
		if (endpoint_cmp(&o->source, source) == 0 &&
		    endpoint_cmp(&o->target, target) == 0)
			return o;
	}
	return NULL;
}

/* A free place, or that of the one that ended first. */
static struct tuple *
find_place(struct own *w, uint16_t source, uint16_t target)
{
	struct tuple	*o, *best = NULL;
	uint32_t	 i;

	for (i = 0; i < OWN_PROBE; i++) {
		o = &w->tuple[place(source, target, i)];
		if (o->target.port == 0)
			return o;
		if (o->until_us != 0 &&
		    (best == NULL || o->until_us < best->until_us))
			best = o;
	}
	return best;
}

int
own_begin(struct own *w, const struct endpoint *source,
    const struct endpoint *target)
{
	struct tuple	*o;

	if ((o = find(w, source, target)) == NULL &&
	    (o = find_place(w, source->port, target->port)) == NULL)
		return -1;
	o->source = *source;
	o->target = *target;
	o->until_us = 0;
	w->used = true;
	return 0;
}

void
own_end(struct own *w, const struct endpoint *source,
    const struct endpoint *target, uint64_t now_us)
{
	struct tuple	*o;

	if ((o = find(w, source, target)) != NULL)
		o->until_us = now_us + OWN_LINGER_US;
}

void
own_end_all(struct own *w, uint64_t now_us)
{
	uint32_t	 i;

	for (i = 0; w->used && i < OWN_MAX; i++)
		if (w->tuple[i].target.port != 0 && w->tuple[i].until_us == 0)
			w->tuple[i].until_us = now_us + OWN_LINGER_US;
}

static bool
has(const struct own *w, const struct endpoint *source,
    const struct endpoint *target, uint64_t began_us)
{
	static const struct addr none;
	const struct tuple	*o;
	uint32_t		 i;

	for (i = 0; i < OWN_PROBE; i++) {
		o = &w->tuple[place(source->port, target->port, i)];
		if ((o->until_us == 0 || o->until_us >= began_us) &&
		    endpoint_cmp(&o->target, target) == 0 &&
		    o->source.port == source->port &&
		    (addr_cmp(&o->source.addr, &none) == 0 ||
		    addr_cmp(&o->source.addr, &source->addr) == 0))
			return true;
	}
	return false;
}

bool
own_any(const struct own *w)
{
	return w->used;
}

bool
own_has(const struct own *w, const struct flow_key *key, uint64_t began_us)
{
	return w->used && (has(w, &key->a, &key->b, began_us) ||
	    has(w, &key->b, &key->a, began_us));
}
