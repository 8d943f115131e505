/*
 * sketchtype: the types of sketch's contract, which sketch.h explains. Apart,
 * so that the parts of sketch can share them.
 */
#ifndef ANALYZER_SKETCHTYPE_H
#define ANALYZER_SKETCHTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/slab.h"
#include "sandbox/hash.h"
#include "sandbox/mem.h"

#define SKETCH_KEY_MAX		4096
#define SKETCH_CHILDREN		2
#define SKETCH_FEW	4	/* counters that need no memory of their own */
#define SKETCH_NOT_IN	UINT32_MAX	/* sketch_ref: in no such list */

/* Counters by index: index in the upper 12 bits, value in the lower 52. */
struct vec {
	uint64_t	*slot;
	uint16_t	 cap;		/* a power of two, or 0 */
	uint16_t	 n;
};

struct sketch_pane {
	struct sketch_pane *next;	/* older */
	uint32_t	 from;		/* slices, to is excluded */
	uint32_t	 to;
	uint32_t	 n;
	uint64_t	 pair[];	/* as in vec, sorted */
};

struct sketch;

/* What an entry has besides: after its first slice, or with a child. */
struct sketch_more {
	struct vec	 total;
	struct sketch_pane *panes;	/* newest first */
	struct sketch	*child[SKETCH_CHILDREN];
};

/*
 * Two cache lines with a short key: what finding and counting touch lies in
 * the first one.
 */
struct sketch_entry {
	struct vec	 cur;
	uint64_t	 few[SKETCH_FEW];	/* where cur begins */
	uint64_t	 hash;
	uint32_t	 id;		/* in the kind */
	uint16_t	 klen;
	bool		 is_listed;	/* in the lists of ids that count */

	struct sketch_entry *chain;
	uint64_t	 count;		/* for the order: error + weight seen */
	struct sketch	*home;
	uint64_t	 error;
	struct sketch_more *more;
	uint32_t	 heap;		/* place in the heap */
	uint16_t	 room;		/* bytes that key can hold */
	uint8_t		 key[];
};
#define SKETCH_KEY_SHORT	(2 * 64 - offsetof(struct sketch_entry, key))

/* How slices get coarser; all in slices. Zero slice_us: no windows. */
struct sketch_time {
	uint64_t	 slice_us;
	uint32_t	 now;		/* the running slice */
	uint32_t	 fine;		/* the last window */
	uint32_t	 mid_block;	/* about 10 s */
	uint32_t	 mid;		/* 1 minute */
	uint32_t	 old_block;	/* about 1 minute, whole mid_blocks */
	uint32_t	 old;		/* 10 minutes */
};

/* What entries of one sort share. Lives longer than they. */
struct sketch_kind {
	const struct sketch_time *time;
	const struct hash_key *seed;
	struct mem	*mem;
	uint64_t	 limit;		/* of MEM_SKETCHES, for this kind */
	uint64_t	 epoch;		/* grows when an entry goes */
	bool		 tracked;	/* dirty is kept, for the saved copy */
	/*
	 * By id; grows. Lists are of ids + 1, 0 ends them; an id may stand in
	 * one whose entry has gone, or is another one by now.
	 */
	struct sketch_ref {
		struct sketch_entry *entry;
		uint32_t	 gen;
		uint32_t	 next;	/* free id */
		uint32_t	 active;	/* next id, or SKETCH_NOT_IN */
		uint32_t	 dirty;
	}		*ref;
	uint32_t	 active;	/* counted in the running slice */
	uint32_t	 dirty;		/* since their copy was saved */
	struct slab	 entries;	/* those with short keys */
	uint32_t	 refs;
	uint32_t	 free;		/* first free id + 1, 0 none */
	uint32_t	 want;		/* the next entry gets this id + 1 */
	/* told before an entry goes, for the saved copy; may be NULL */
	void		(*gone)(void *arg, const struct sketch_kind *,
			    const struct sketch_entry *);
	void		*arg;
};

struct sketch {
	struct sketch_kind *kind;
	struct sketch_entry *owner;	/* NULL: nobody's child */
	struct sketch_entry **bucket;
	struct sketch_entry **heap;	/* all; lightest first once ordered */
	uint64_t	*rank;		/* count when last put in its place */
	uint32_t	 nbuckets;
	uint32_t	 room;		/* of heap */
	uint32_t	 n;
	uint32_t	 max;
	bool		 ordered;	/* heap is one: from the first need */
	uint64_t	 evicted;
};

#endif
