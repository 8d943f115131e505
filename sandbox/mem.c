#include <sys/mman.h>

#include <stdlib.h>

#include "sandbox/mem.h"

static const char *const names[MEM_POOLS] = {
	[MEM_FLOWS]	= "flows",
	[MEM_SEGMENTS]	= "segments",
	[MEM_SESSIONS]	= "sessions",
	[MEM_FRAGMENTS]	= "fragments",
	[MEM_SKETCHES]	= "sketches",
	[MEM_METERS]	= "meters",
	[MEM_STREAMS]	= "streams",
	[MEM_QUEUES]	= "queues",
};

void *
mem_table(size_t n)
{
	const size_t	 align = n < MEM_LARGE ? 64 : MEM_LARGE;
	void		*p;

	if (n > SIZE_MAX - align)
		return NULL;
	p = aligned_alloc(align, (n + align - 1) & ~(align - 1));
	/* Not its end: a large page there would be more than was asked. */
	if (p != NULL && n >= MEM_LARGE)
		(void)madvise(p, n & ~(MEM_LARGE - 1), MADV_HUGEPAGE);
	return p;
}

const char *
mem_pool_name(enum mem_pool pool)
{
	return names[pool];
}
