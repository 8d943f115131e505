#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/resolved.h"

#define WAYS		4
#define SETS_MIN	64
#define SETS_MAX	4096

struct told {
	struct addr	 client;
	struct addr	 server;
	uint64_t	 until_us;	/* 0: the place is free */
	uint8_t		 len;
	char		 name[RESOLVED_NAME];
};

struct resolved {
	struct mem	*mem;
	const struct hash_key *seed;
	size_t		 size;
	uint64_t	 forgotten;
	uint32_t	 sets;		/* a power of two */
	struct told	 v[];
};

static size_t
size_of(uint32_t sets)
{
	return sizeof(struct resolved) +
	    (size_t)sets * WAYS * sizeof(struct told);
}

struct resolved *
resolved_new(struct mem *mem, const struct hash_key *seed, size_t limit)
{
	struct resolved	*t;
	uint32_t	 sets = SETS_MIN;

	while (sets < SETS_MAX && size_of(sets * 2) <= limit)
		sets *= 2;
	if (size_of(sets) > limit ||
	    !mem_take(mem, MEM_SESSIONS, size_of(sets)))
		return NULL;
	if ((t = calloc(1, size_of(sets))) == NULL) {
		mem_give(mem, MEM_SESSIONS, size_of(sets));
		return NULL;
	}
	t->mem = mem;
	t->seed = seed;
	t->size = size_of(sets);
	t->sets = sets;
	return t;
}

void
resolved_free(struct resolved *t)
{
	if (t == NULL)
		return;
	mem_give(t->mem, MEM_SESSIONS, t->size);
	free(t);
}

static struct told *
set_of(struct resolved *t, const struct addr *client,
    const struct addr *server)
{
	const struct addr	 both[2] = { *client, *server };

	return t->v + (hash_bytes(t->seed, both, sizeof(both)) &
	    (t->sets - 1)) * WAYS;
}

static struct told *
find(struct told *set, const struct addr *client, const struct addr *server)
{
	unsigned	 i;

	for (i = 0; i < WAYS; i++)
		if (set[i].until_us != 0 &&
		    addr_cmp(&set[i].client, client) == 0 &&
		    addr_cmp(&set[i].server, server) == 0)
			return &set[i];
	return NULL;
}

void
resolved_put(struct resolved *t, const struct addr *client,
    const struct addr *server, const char *name, size_t len, uint32_t ttl,
    uint64_t now_us)
{
	struct told	*set = set_of(t, client, server), *e;
	uint64_t	 us = ttl * 1000000ULL;
	unsigned	 i;

	if ((e = find(set, client, server)) == NULL) {
		for (e = set, i = 1; i < WAYS; i++)
			if (set[i].until_us < e->until_us)
				e = &set[i];
		t->forgotten += e->until_us >= now_us;
	}
	if (us < RESOLVED_MIN_US)
		us = RESOLVED_MIN_US;
	if (us > RESOLVED_MAX_US)
		us = RESOLVED_MAX_US;
	e->client = *client;
	e->server = *server;
	e->until_us = now_us + us;
	e->len = (uint8_t)(len < RESOLVED_NAME ? len : RESOLVED_NAME);
	memcpy(e->name, name, e->len);
}

const char *
resolved_find(struct resolved *t, const struct addr *client,
    const struct addr *server, uint64_t now_us, size_t *len)
{
	struct told	*e;

	e = find(set_of(t, client, server), client, server);
	if (e == NULL || now_us > e->until_us)
		return NULL;
	if (e->until_us < now_us + RESOLVED_MIN_US)
		e->until_us = now_us + RESOLVED_MIN_US;
	*len = e->len;
	return e->name;
}

uint64_t
resolved_forgotten(const struct resolved *t)
{
	return t->forgotten;
}
