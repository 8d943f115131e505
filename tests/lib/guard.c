#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/guard.h"

#define KEPT	64

const uint8_t *
guard_copy(const void *p, size_t n)
{
	static struct {
		uint8_t	*base;
		size_t	 len;
	}		 ring[KEPT];
	static size_t	 next;
	size_t		 page, pages;
	uint8_t		*base;

	page = (size_t)sysconf(_SC_PAGESIZE);
	pages = (n + page - 1) / page + 1;
	base = mmap(NULL, pages * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		abort();
	if (mprotect(base + (pages - 1) * page, page, PROT_NONE) == -1)
		abort();
	if (ring[next].base != NULL)
		munmap(ring[next].base, ring[next].len);
	ring[next].base = base;
	ring[next].len = pages * page;
	next = (next + 1) % KEPT;
	base += (pages - 1) * page - n;
	if (n > 0)
		memcpy(base, p, n);
	return base;
}
