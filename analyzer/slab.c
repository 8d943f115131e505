#include <stdlib.h>
#include <string.h>

#include "analyzer/slab.h"

#define CHUNK_MIN	2048
#define CHUNK_MAX	MEM_LARGE

/* The first line of a chunk. */
struct chunk {
	struct chunk	*next;
	size_t		 bytes;
};

void
slab_init(struct slab *s, struct mem *mem, enum mem_pool pool, size_t size)
{
	memset(s, 0, sizeof(*s));
	s->mem = mem;
	s->pool = pool;
	s->size = (size + SLAB_LINE - 1) & ~(size_t)(SLAB_LINE - 1);
	s->next = CHUNK_MIN;
	while (s->next < SLAB_LINE + s->size)
		s->next *= 2;
}

void
slab_clear(struct slab *s)
{
	struct chunk	*c;

	while ((c = s->chunks) != NULL) {
		s->chunks = c->next;
		mem_give(s->mem, s->pool, c->bytes);
		free(c);
	}
	s->at = s->end = NULL;
	s->free = NULL;
}

static int
add_chunk(struct slab *s, uint64_t limit)
{
	struct chunk	*c;

	if (!mem_take_within(s->mem, s->pool, s->next, limit))
		return -1;
	if ((c = mem_table(s->next)) == NULL) {
		mem_give(s->mem, s->pool, s->next);
		return -1;
	}
	c->bytes = s->next;
	c->next = s->chunks;
	s->chunks = c;
	s->at = (uint8_t *)c + SLAB_LINE;
	s->end = (uint8_t *)c + c->bytes;
	if (s->next < CHUNK_MAX)
		s->next *= 2;
	return 0;
}

void *
slab_get(struct slab *s, uint64_t limit)
{
	void	*p;

	if ((p = s->free) != NULL)
		memcpy(&s->free, p, sizeof(s->free));
	else {
		if ((size_t)(s->end - s->at) < s->size &&
		    add_chunk(s, limit) == -1)
			return NULL;
		p = s->at;
		s->at += s->size;
	}
	return memset(p, 0, s->size);
}

void
slab_put(struct slab *s, void *p)
{
	memcpy(p, &s->free, sizeof(s->free));
	s->free = p;
}
