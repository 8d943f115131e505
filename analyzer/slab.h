/*
 * slab: entries of one size, side by side and on the borders of cache lines,
 * where malloc would put words of its own between them.
 *
 * Memory comes in chunks, each twice as large as the one before up to two
 * megabytes, charged to a pool of mem as a whole and kept until slab_clear:
 * what is given back is handed out again.
 */
#ifndef ANALYZER_SLAB_H
#define ANALYZER_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox/mem.h"

#define SLAB_LINE	64

struct slab {
	struct mem	*mem;
	enum mem_pool	 pool;
	size_t		 size;		/* of an entry: a multiple of a line */
	uint8_t		*at;		/* never handed out, up to end */
	uint8_t		*end;
	void		*free;		/* each begins with the next one */
	void		*chunks;	/* likewise, by their first line */
	size_t		 next;		/* bytes of the next chunk */
};

/* size is rounded up to whole cache lines. */
void	 slab_init(struct slab *, struct mem *, enum mem_pool, size_t size);
/* Frees every chunk, whatever is still in use. */
void	 slab_clear(struct slab *);
/* A zeroed entry; NULL: mem or the limit of its pool (bytes) refuses. */
void	*slab_get(struct slab *, uint64_t limit);
void	 slab_put(struct slab *, void *);

#endif
