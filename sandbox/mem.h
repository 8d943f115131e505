/*
 * mem: one ceiling for everything that traffic makes a process keep.
 *
 * Each allocation driven by traffic asks mem_take first and gives back with
 * mem_give. used <= limit always holds, so "n > limit - used" is the check.
 * A refusal is not an error: the caller sheds something or does without, and
 * counts it.
 */
#ifndef SANDBOX_MEM_H
#define SANDBOX_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mem_pool {
	MEM_FLOWS,		/* flow entries and their tables */
	MEM_SEGMENTS,		/* out-of-order bytes */
	MEM_SESSIONS,		/* parsers, collected heads, open requests */
	MEM_FRAGMENTS,
	MEM_SKETCHES,
	MEM_METERS,
	MEM_STREAMS,		/* mirror: bytes waiting for a sink */
	MEM_QUEUES,
	MEM_POOLS
};

struct mem {
	uint64_t	 limit;
	uint64_t	 used;
	/*
	 * Between the two that change together: taken for a vector, what was
	 * stored one by one is awaited before it is loaded as one.
	 */
	uint64_t	 refused[MEM_POOLS];
	uint64_t	 pool[MEM_POOLS];
};

static inline bool
mem_take(struct mem *m, enum mem_pool pool, size_t n)
{
	if (n > m->limit - m->used) {
		m->refused[pool]++;
		return false;
	}
	m->used += n;
	m->pool[pool] += n;
	return true;
}

/* The same where the pool shall not hold more than limit bytes. */
static inline bool
mem_take_within(struct mem *m, enum mem_pool pool, size_t n, uint64_t limit)
{
	if (n > limit || m->pool[pool] > limit - n) {
		m->refused[pool]++;
		return false;
	}
	return mem_take(m, pool, n);
}

static inline void
mem_give(struct mem *m, enum mem_pool pool, size_t n)
{
	m->used -= n;
	m->pool[pool] -= n;
}

/*
 * n bytes for a table, not zeroed and not charged to anything, on a border of
 * cache lines; those of megabytes on large pages where the kernel has some,
 * as each page is a fault and an entry of the TLB. NULL without memory;
 * free() takes them back.
 */
#define MEM_LARGE	((size_t)2 << 20)
void		*mem_table(size_t n);
/* From this limit on a large page more or less is nothing. */
#define MEM_AMPLE	(64ULL << 20)

/* A pool's name in rows and metrics ("flows"). */
const char	*mem_pool_name(enum mem_pool);

#endif
