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

#include "analyzer/sketchtype.h"
#include "sandbox/compat.h"
#include "sandbox/hash.h"
#include "sandbox/mem.h"

void		 sketch_kind_init(struct sketch_kind *,
		    const struct sketch_time *, const struct hash_key *,
		    struct mem *, uint64_t limit);
/* All sketches of the kind must be gone. */
void		 sketch_kind_clear(struct sketch_kind *);

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
/* The same, but nobody makes room for it and its count stays. */
struct sketch_entry *sketch_keep(struct sketch *, const void *key, size_t len);
uint64_t	 sketch_hash(const struct sketch_kind *, const void *key,
		    size_t len);
/* The same for an entry at hand. */
static inline void
sketch_bump(struct sketch_entry *e, uint64_t weight)
{
	e->count += weight;
}
/* Asks for the memory of an entry where it is, or was; may be NULL. */
static inline void
sketch_expect(const struct sketch_entry *e)
{
	if (e == NULL)
		return;
	compat_prefetch(e);
	compat_prefetch(&e->chain);
}
/* Asks for the memory of a look-up ahead: first the bucket, then the entry. */
static inline void
sketch_prefetch(const struct sketch *s, uint64_t hash)
{
	if (s->nbuckets != 0)
		compat_prefetch(&s->bucket[hash & (s->nbuckets - 1)]);
}
static inline void
sketch_prefetch_entry(const struct sketch *s, uint64_t hash)
{
	if (s->nbuckets == 0)
		return;
	sketch_expect(s->bucket[hash & (s->nbuckets - 1)]);
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
/* Asks for the memory of a counter; NULL: of none. */
void		 sketch_expect_counter(const struct sketch_entry *,
		    unsigned index);
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

/* ---- time (sketchwin.c) ---- */

void		 sketch_time_init(struct sketch_time *, uint64_t window_us);
/* First slice of a window that spans the given number of slices. */
uint32_t	 sketch_from(const struct sketch_time *, uint32_t slices);
/*
 * As many slices in whole blocks: at each multiple of these the window holds
 * what came since the one before.
 */
uint32_t	 sketch_period(const struct sketch_time *, uint32_t slices);
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
