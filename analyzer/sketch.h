/*
 * sketch: counters of the heaviest keys of an endless stream, in fixed memory.
 *
 * Space-Saving (Metwally, Agrawal, El Abbadi 2005): at most max keys are
 * kept; a new key takes the place of the lightest one and inherits its count
 * as its error, so nothing heavier than the lightest is ever missed. What an
 * entry counts is exact since it was admitted; error says how much may have
 * come before. Everything else is the caller's grand total minus the entries.
 *
 * An entry holds a vector of counters by index. Writes go to the running
 * slice; sketch_close folds the slices of all entries of a kind into their
 * totals and into panes, from which windows are summed. Panes get coarser
 * with age (struct sketch_time). With windows off nothing is ever closed and
 * totals are read from the running slice.
 *
 * An entry may own sketches of its own (the sections of a host). Entries of a
 * kind have ids with generations, so that a reference outlives an eviction.
 * All memory is charged to mem; where it is refused, the entry is not
 * admitted or the pane is left out, and the difference shows up in "other".
 *
 * Keys longer than SKETCH_KEY_MAX are cut and end in '~' and a hash. A key is
 * known by its length and 64 bits of keyed hash: without the seed nobody can
 * make two that agree, and of a million keys two agree once in 10^7 runs.
 */
#ifndef ANALYZER_SKETCH_H
#define ANALYZER_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "analyzer/slab.h"
#include "sandbox/hash.h"
#include "sandbox/mem.h"

#define SKETCH_KEY_MAX		4096
#define SKETCH_CHILDREN		2
#define SKETCH_FEW	4	/* counters that need no memory of their own */
#define SKETCH_INDEX_MAX	4095	/* counter indexes: 1 to this */

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
void		 sketch_time_init(struct sketch_time *, uint64_t window_us);
/* First slice of a window that spans the given number of slices. */
uint32_t	 sketch_from(const struct sketch_time *, uint32_t slices);

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
		uint32_t	 active;	/* next id; NOT_IN: in none */
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
	uint64_t	 evicted;
	uint64_t	 refused;	/* not admitted, or a pane left out */
};
void		 sketch_kind_init(struct sketch_kind *,
		    const struct sketch_time *, const struct hash_key *,
		    struct mem *, uint64_t limit);
/* All sketches of the kind must be gone. */
void		 sketch_kind_clear(struct sketch_kind *);

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

/* The child of an entry, or NULL. */
static inline struct sketch *
sketch_child(const struct sketch_entry *e, unsigned which)
{
	return e->more == NULL ? NULL : e->more->child[which];
}
/* The same, made when it is not there; NULL without memory. */
struct sketch	*sketch_make_child(struct sketch_entry *, unsigned which,
		    struct sketch_kind *, uint32_t max);
/* NULL without memory. */
struct sketch	*sketch_new(struct sketch_kind *, uint32_t max,
		    struct sketch_entry *owner);
void		 sketch_free(struct sketch *);
void		 sketch_set_max(struct sketch *, uint32_t max);
/*
 * The entry of a key, made when it is not there; its count grows by weight.
 * NULL when it could not be kept.
 */
struct sketch_entry *sketch_touch(struct sketch *, const void *key, size_t len,
		    uint64_t weight);
/* The same with the hash of a key that is not too long, from sketch_hash. */
struct sketch_entry *sketch_touch_hash(struct sketch *, const void *key,
		    size_t len, uint64_t hash, uint64_t weight);
uint64_t	 sketch_hash(const struct sketch_kind *, const void *key,
		    size_t len);
/* The same for an entry at hand. */
static inline void
sketch_bump(struct sketch_entry *e, uint64_t weight)
{
	e->count += weight;
}
/* Asks for the memory of a look-up ahead: first the bucket, then the entry. */
static inline void
sketch_prefetch(const struct sketch *s, uint64_t hash)
{
	if (s->nbuckets != 0)
		__builtin_prefetch(&s->bucket[hash & (s->nbuckets - 1)]);
}
static inline void
sketch_prefetch_entry(const struct sketch *s, uint64_t hash)
{
	const struct sketch_entry	*e;

	if (s->nbuckets == 0)
		return;
	if ((e = s->bucket[hash & (s->nbuckets - 1)]) != NULL) {
		__builtin_prefetch(e);
		__builtin_prefetch(&e->chain);
	}
}
/* An entry, for as long as none of its kind has gone. */
struct sketch_held {
	struct sketch_entry *entry;
	uint64_t	 epoch;
};
static inline struct sketch_entry *
sketch_held(const struct sketch_kind *k, const struct sketch_held *h)
{
	return h->epoch == k->epoch ? h->entry : NULL;
}
static inline void
sketch_hold(const struct sketch_kind *k, struct sketch_held *h,
    struct sketch_entry *e)
{
	h->entry = e;
	h->epoch = k->epoch;
}
/* Whether this is the entry of a key (that is not too long). */
static inline bool
sketch_is(const struct sketch_entry *e, const void *key, size_t len)
{
	return e->klen == len && memcmp(e->key, key, len) == 0;
}
/* NULL when it is not there. */
struct sketch_entry *sketch_find(const struct sketch *, const void *key,
		    size_t len);
/* Adds to one counter. */
void		 sketch_add(struct sketch_entry *, unsigned index, uint64_t n);
/* The same, but to the total alone: no window sees it. */
void		 sketch_load(struct sketch_entry *, unsigned index, uint64_t n);
void		 sketch_remove(struct sketch_entry *);
/* Adds all totals of from to into, children too; errors add up. */
void		 sketch_merge(struct sketch *into, const struct sketch *from);

/* Takes an entry off the kind's dirty ones; NULL: there are no more. */
struct sketch_entry *sketch_dirty(struct sketch_kind *);

/* A reference that survives the entry; 0 is none. */
uint64_t	 sketch_token(const struct sketch_entry *);
struct sketch_entry *sketch_by_token(const struct sketch_kind *, uint64_t);

/* The running slice is over: folds it, before time->now is moved on. */
void		 sketch_close(struct sketch_kind *);
/* Drops what is out of all windows; now and then. */
void		 sketch_age(struct sketch *);
/* Adds what lies in slices from on (and the running one) to out[]. */
void		 sketch_sum(const struct sketch_entry *, uint32_t from,
		    uint64_t *out, unsigned nout);
/* The same since the start. */
void		 sketch_total(const struct sketch_entry *, uint64_t *out,
		    unsigned nout);
/* One counter since the start. */
uint64_t	 sketch_get(const struct sketch_entry *, unsigned index);

#endif
