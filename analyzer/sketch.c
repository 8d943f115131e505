#include <string.h>

#include "analyzer/pane.h"
#include "analyzer/sketch.h"
#include "analyzer/sketchmem.h"
#include "analyzer/vec.h"
#include "sandbox/addr.h"

/* ---- kinds and ids ---- */

static size_t
entry_size(size_t room)
{
	return offsetof(struct sketch_entry, key) + room;
}

void
sketch_kind_init(struct sketch_kind *k, const struct sketch_time *t,
    const struct hash_key *seed, struct mem *mem, uint64_t limit)
{
	memset(k, 0, sizeof(*k));
	k->time = t;
	k->seed = seed;
	k->mem = mem;
	k->limit = limit;
	slab_init(&k->entries, mem, MEM_SKETCHES, entry_size(SKETCH_KEY_SHORT));
}

void
sketch_kind_clear(struct sketch_kind *k)
{
	sketchmem_give(k, k->ref, k->refs * sizeof(k->ref[0]));
	k->ref = NULL;
	k->refs = k->free = k->active = k->dirty = 0;
	slab_clear(&k->entries);
}

static bool
more_ids(struct sketch_kind *k)
{
	struct sketch_ref	*ref;
	uint32_t		 i, n;

	n = k->refs == 0 ? 64 : k->refs * 2;
	if ((ref = sketchmem_take(k, n * sizeof(ref[0]))) == NULL)
		return false;
	if (k->refs > 0)
		memcpy(ref, k->ref, k->refs * sizeof(ref[0]));
	for (i = n; i > k->refs; i--) {
		ref[i - 1].gen = 1;
		ref[i - 1].active = ref[i - 1].dirty = SKETCH_NOT_IN;
		ref[i - 1].next = k->free;
		k->free = i;
	}
	sketchmem_give(k, k->ref, k->refs * sizeof(ref[0]));
	k->ref = ref;
	k->refs = n;
	return true;
}

uint64_t
sketch_token(const struct sketch_entry *e)
{
	return (uint64_t)e->home->kind->ref[e->id].gen << 32 | e->id;
}

struct sketch_entry *
sketch_by_token(const struct sketch_kind *k, uint64_t token)
{
	uint32_t	 id = (uint32_t)token;

	if (token == 0 || id >= k->refs || k->ref[id].gen != token >> 32)
		return NULL;
	return k->ref[id].entry;
}

/*
 * ---- the heap: lightest first ----
 *
 * In the order of rank, which is what count was when the entry was last put
 * in its place. Counts only grow, so the lightest is found when it is wanted
 * by correcting the top until its rank is its count; counting is free.
 */

static void
put_at(struct sketch *s, uint32_t at, struct sketch_entry *e, uint64_t rank)
{
	s->heap[at] = e;
	s->rank[at] = rank;
	e->heap = at;
}

static void
sift_down(struct sketch *s, struct sketch_entry *e, uint64_t rank)
{
	uint32_t	 at, kid;

	for (at = e->heap; (kid = at * 2 + 1) < s->n; at = kid) {
		if (kid + 1 < s->n && s->rank[kid + 1] < s->rank[kid])
			kid++;
		if (rank <= s->rank[kid])
			break;
		put_at(s, at, s->heap[kid], s->rank[kid]);
	}
	put_at(s, at, e, rank);
}

static void
sift_up(struct sketch *s, struct sketch_entry *e, uint64_t rank)
{
	uint32_t	 at, up;

	for (at = e->heap; at > 0; at = up) {
		up = (at - 1) / 2;
		if (s->rank[up] <= rank)
			break;
		put_at(s, at, s->heap[up], s->rank[up]);
	}
	put_at(s, at, e, rank);
}

/* Until somebody must go, entries lie in the order they came. */
static void
order(struct sketch *s)
{
	uint32_t	 i;

	for (i = 0; i < s->n; i++)
		s->rank[i] = s->heap[i]->count;
	for (i = s->n / 2; i > 0; i--)
		sift_down(s, s->heap[i - 1], s->rank[i - 1]);
	s->ordered = true;
}

/* The sketch must not be empty. */
static struct sketch_entry *
lightest(struct sketch *s)
{
	struct sketch_entry	*e;

	if (!s->ordered)
		order(s);
	for (e = s->heap[0]; s->rank[0] != e->count; e = s->heap[0])
		sift_down(s, e, e->count);
	return e;
}

/* ---- sketches ---- */

struct sketch *
sketch_new(struct sketch_kind *k, uint32_t max, struct sketch_entry *owner)
{
	struct sketch	*s;

	if ((s = sketchmem_take(k, sizeof(*s))) == NULL)
		return NULL;
	s->kind = k;
	s->owner = owner;
	s->max = max == 0 ? 1 : max;
	return s;
}

void
sketch_set_max(struct sketch *s, uint32_t max)
{
	s->max = max == 0 ? 1 : max;
	while (s->n > s->max)
		sketch_remove(lightest(s));
}

static void
unchain(struct sketch *s, struct sketch_entry *e)
{
	struct sketch_entry	**pp;

	pp = &s->bucket[e->hash & (s->nbuckets - 1)];
	while (*pp != e)
		pp = &(*pp)->chain;
	*pp = e->chain;
}

static void
begin_few(struct sketch_entry *e)
{
	memset(e->few, 0, sizeof(e->few));
	e->cur.slot = e->few;
	e->cur.cap = SKETCH_FEW;
	e->cur.n = 0;
}

static void
free_more(struct sketch_kind *k, struct sketch_entry *e)
{
	struct sketch_more	*m;
	struct sketch_pane	*p;
	uint32_t		 i;

	if ((m = e->more) == NULL)
		return;
	while ((p = m->panes) != NULL) {
		m->panes = p->next;
		pane_free(k, p);
	}
	vec_free(k, &m->total);
	for (i = 0; i < SKETCH_CHILDREN; i++)
		sketch_free(m->child[i]);
	sketchmem_give(k, m, sizeof(*m));
	e->more = NULL;
}

/* Frees what an entry holds besides itself and its id. */
static void
empty(struct sketch_kind *k, struct sketch_entry *e)
{
	if (k->gone != NULL)
		k->gone(k->arg, k, e);
	e->is_listed = false;
	vec_free(k, &e->cur);
	free_more(k, e);
	if (++k->ref[e->id].gen == 0)
		k->ref[e->id].gen = 1;
	k->epoch++;
}

static struct sketch_entry *
take_entry(struct sketch_kind *k, size_t room)
{
	return room > SKETCH_KEY_SHORT ? sketchmem_take(k, entry_size(room)) :
	    slab_get(&k->entries, k->limit);
}

static void
give_entry(struct sketch_kind *k, struct sketch_entry *e)
{
	if (e->room > SKETCH_KEY_SHORT)
		sketchmem_give(k, e, entry_size(e->room));
	else
		slab_put(&k->entries, e);
}

/* Out of heap, chain and kind; the id goes back. */
static void
destroy(struct sketch *s, struct sketch_entry *e)
{
	struct sketch_kind	*k = s->kind;

	empty(k, e);
	k->ref[e->id].entry = NULL;
	k->ref[e->id].next = k->free;
	k->free = e->id + 1;
	give_entry(k, e);
}

void
sketch_remove(struct sketch_entry *e)
{
	struct sketch		*s = e->home;
	struct sketch_entry	*last;
	uint64_t		 rank;

	unchain(s, e);
	last = s->heap[--s->n];
	rank = s->rank[s->n];
	if (last != e)
		put_at(s, e->heap, last, rank);
	if (last != e && s->ordered) {
		sift_down(s, last, rank);
		sift_up(s, last, rank);
	}
	destroy(s, e);
}

void
sketch_free(struct sketch *s)
{
	uint32_t	 i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		destroy(s, s->heap[i]);
	sketchmem_give(s->kind, s->bucket, s->nbuckets * sizeof(s->bucket[0]));
	sketchmem_give(s->kind, s->heap, s->room * sizeof(s->heap[0]));
	sketchmem_give(s->kind, s->rank, s->room * sizeof(s->rank[0]));
	sketchmem_give(s->kind, s, sizeof(*s));
}

/* Makes room for one more in the arrays. */
static bool
grow(struct sketch *s)
{
	struct sketch_kind	*k = s->kind;
	struct sketch_entry	**heap, **bucket;
	uint64_t		*rank;
	uint32_t		 i, n, nb;

	n = s->room == 0 ? 4 : s->room * 2;
	nb = n * 2;
	heap = sketchmem_take(k, n * sizeof(heap[0]));
	rank = sketchmem_take(k, n * sizeof(rank[0]));
	bucket = sketchmem_take(k, nb * sizeof(bucket[0]));
	if (heap == NULL || rank == NULL || bucket == NULL) {
		sketchmem_give(k, heap, n * sizeof(heap[0]));
		sketchmem_give(k, rank, n * sizeof(rank[0]));
		sketchmem_give(k, bucket, nb * sizeof(bucket[0]));
		return false;
	}
	for (i = 0; i < s->n; i++) {
		heap[i] = s->heap[i];
		rank[i] = s->rank[i];
		heap[i]->chain = bucket[heap[i]->hash & (nb - 1)];
		bucket[heap[i]->hash & (nb - 1)] = heap[i];
	}
	sketchmem_give(k, s->bucket, s->nbuckets * sizeof(s->bucket[0]));
	sketchmem_give(k, s->heap, s->room * sizeof(s->heap[0]));
	sketchmem_give(k, s->rank, s->room * sizeof(s->rank[0]));
	s->bucket = bucket;
	s->heap = heap;
	s->rank = rank;
	s->nbuckets = nb;
	s->room = n;
	return true;
}

static struct sketch_entry *
lookup(const struct sketch *s, size_t len, uint64_t hash)
{
	struct sketch_entry	*e;

	if (s->nbuckets == 0)
		return NULL;
	for (e = s->bucket[hash & (s->nbuckets - 1)]; e != NULL; e = e->chain)
		if (e->hash == hash && e->klen == len)
			return e;
	return NULL;
}

static void
enter(struct sketch *s, struct sketch_entry *e, const void *key, size_t len,
    uint64_t hash)
{
	e->klen = (uint16_t)len;
	memcpy(e->key, key, len);
	e->hash = hash;
	e->chain = s->bucket[hash & (s->nbuckets - 1)];
	s->bucket[hash & (s->nbuckets - 1)] = e;
}

/* Gives out an id: the wanted one if it is free, else any. */
static bool
new_id(struct sketch_kind *k, uint32_t *id)
{
	uint32_t	*pp, want;

	want = k->want;
	k->want = 0;
	while (want > k->refs || k->free == 0)
		if (!more_ids(k))
			return false;
	for (pp = &k->free; want != 0 && *pp != 0; pp = &k->ref[*pp - 1].next)
		if (*pp == want)
			break;
	if (want == 0 || *pp == 0)
		pp = &k->free;
	*id = *pp - 1;
	*pp = k->ref[*id].next;
	return true;
}

static struct sketch_entry *
admit(struct sketch *s, const void *key, size_t len, uint64_t hash,
    uint64_t count)
{
	struct sketch_kind	*k = s->kind;
	struct sketch_entry	*e;
	size_t			 room;

	if (s->n == s->room && !grow(s))
		return NULL;
	room = len <= SKETCH_KEY_SHORT ? SKETCH_KEY_SHORT :
	    (len + 7) & ~(size_t)7;
	if ((e = take_entry(k, room)) == NULL)
		return NULL;
	e->room = (uint16_t)room;
	if (!new_id(k, &e->id)) {
		give_entry(k, e);
		return NULL;
	}
	e->home = s;
	e->count = count;
	begin_few(e);
	k->ref[e->id].entry = e;
	enter(s, e, key, len, hash);
	s->n++;
	put_at(s, s->n - 1, e, count);
	if (s->ordered)
		sift_up(s, e, count);
	return e;
}

/* The lightest makes room for a newcomer, who inherits its count. */
static struct sketch_entry *
replace(struct sketch *s, const void *key, size_t len, uint64_t hash,
    uint64_t weight)
{
	struct sketch_entry	*e;
	uint64_t		 count;

	if (s->n == 0)
		return NULL;
	e = lightest(s);
	count = e->count;
	s->evicted++;
	if (e->room < len) {
		sketch_remove(e);
		e = admit(s, key, len, hash, count + weight);
		if (e == NULL)
			return NULL;
	} else {
		unchain(s, e);
		empty(s->kind, e);
		begin_few(e);
		enter(s, e, key, len, hash);
	}
	e->error = count;
	e->count = count + weight;
	return e;
}

/* Long keys: the first bytes, a mark and a hash of it all. */
static size_t
cut_key(const struct sketch *s, const void *key, size_t len, uint8_t *out)
{
	static const char	 hex[] = "0123456789abcdef";
	uint64_t		 h;
	size_t			 i;

	h = hash_bytes(s->kind->seed, key, len);
	memcpy(out, key, SKETCH_KEY_MAX - 17);
	out[SKETCH_KEY_MAX - 17] = '~';
	for (i = 0; i < 16; i++)
		out[SKETCH_KEY_MAX - 16 + i] = (uint8_t)hex[h >> 4 * i & 15];
	return SKETCH_KEY_MAX;
}

struct sketch_entry *
sketch_find(const struct sketch *s, const void *key, size_t len)
{
	uint8_t	 cut[SKETCH_KEY_MAX];

	if (s == NULL)
		return NULL;
	if (len > SKETCH_KEY_MAX) {
		len = cut_key(s, key, len, cut);
		key = cut;
	}
	return lookup(s, len, sketch_hash(s->kind, key, len));
}

uint64_t
sketch_hash(const struct sketch_kind *k, const void *key, size_t len)
{
	/* Most are addresses; what is as long as one may be hashed like it. */
	return len == sizeof(struct addr) ? addr_hash(key, k->seed) :
	    hash_bytes(k->seed, key, len);
}

struct sketch_entry *
sketch_touch_hash(struct sketch *s, const void *key, size_t len,
    uint64_t hash, uint64_t weight)
{
	struct sketch_entry	*e;

	if ((e = lookup(s, len, hash)) != NULL) {
		e->count += weight;
		return e;
	}
	if (s->n < s->max)
		e = admit(s, key, len, hash, weight);
	return e != NULL ? e : replace(s, key, len, hash, weight);
}

struct sketch_entry *
sketch_keep(struct sketch *s, const void *key, size_t len)
{
	struct sketch_entry	*e;
	uint64_t		 hash = sketch_hash(s->kind, key, len);

	if ((e = lookup(s, len, hash)) != NULL)
		return e;
	return s->n < s->max ? admit(s, key, len, hash, 1) : NULL;
}

/* Apart, for the room on the stack. */
static struct sketch_entry *
touch_long(struct sketch *s, const void *key, size_t len, uint64_t weight)
{
	uint8_t	 cut[SKETCH_KEY_MAX];

	len = cut_key(s, key, len, cut);
	return sketch_touch(s, cut, len, weight);
}

struct sketch_entry *
sketch_touch(struct sketch *s, const void *key, size_t len, uint64_t weight)
{
	if (len > SKETCH_KEY_MAX)
		return touch_long(s, key, len, weight);
	return sketch_touch_hash(s, key, len,
	    sketch_hash(s->kind, key, len), weight);
}

/* An entry counts again: its slice and its saved copy get old. */
static void
list(struct sketch_kind *k, struct sketch_entry *e)
{
	struct sketch_ref	*r = &k->ref[e->id];

	if (r->active == SKETCH_NOT_IN && k->time->slice_us != 0) {
		r->active = k->active;
		k->active = e->id + 1;
	}
	if (r->dirty == SKETCH_NOT_IN && k->tracked) {
		r->dirty = k->dirty;
		k->dirty = e->id + 1;
	}
	e->is_listed = true;
}

void
sketch_expect_counter(const struct sketch_entry *e, unsigned index)
{
	if (e != NULL && e->cur.cap > 0)
		compat_prefetch(&e->cur.slot[vec_first(&e->cur, index)]);
}

void
sketch_add(struct sketch_entry *e, unsigned index, uint64_t n)
{
	if (!vec_bump(&e->cur, index, n))
		vec_add(e->home->kind, &e->cur, index, n);
	if (!e->is_listed)
		list(e->home->kind, e);
}

struct sketch_entry *
sketch_dirty(struct sketch_kind *k)
{
	struct sketch_ref	*r;

	while (k->dirty != 0) {
		r = &k->ref[k->dirty - 1];
		k->dirty = r->dirty;
		r->dirty = SKETCH_NOT_IN;
		if (r->entry != NULL) {
			r->entry->is_listed = false;
			return r->entry;
		}
	}
	return NULL;
}

void
sketch_load(struct sketch_entry *e, unsigned index, uint64_t n)
{
	struct sketch_more	*m = sketchmem_more(e);

	if (m != NULL)
		vec_add(e->home->kind, &m->total, index, n);
}

struct sketch *
sketch_make_child(struct sketch_entry *e, unsigned which,
    struct sketch_kind *k, uint32_t max)
{
	struct sketch_more	*m = sketchmem_more(e);

	if (m != NULL && m->child[which] == NULL)
		m->child[which] = sketch_new(k, max, e);
	return m == NULL ? NULL : m->child[which];
}

static void
merge_vec(struct sketch_entry *into, const struct vec *v)
{
	uint32_t	 i;

	for (i = 0; i < v->cap; i++)
		if (v->slot[i] != 0)
			sketch_add(into, VEC_INDEX(v->slot[i]),
			    VEC_VALUE(v->slot[i]));
}

/* Counters and children of one entry. */
static void
merge_entry(struct sketch_entry *into, const struct sketch_entry *f)
{
	const struct sketch	*kids;
	struct sketch		*mine;
	uint32_t		 c;

	into->error += f->error;
	merge_vec(into, &f->cur);
	if (f->more == NULL)
		return;
	merge_vec(into, &f->more->total);
	for (c = 0; c < SKETCH_CHILDREN; c++) {
		if ((kids = f->more->child[c]) == NULL)
			continue;
		mine = sketch_make_child(into, c, kids->kind, kids->max);
		if (mine != NULL)
			sketch_merge(mine, kids);
	}
}

void
sketch_merge(struct sketch *into, const struct sketch *from)
{
	const struct sketch_entry	*f;
	struct sketch_entry		*e;
	uint32_t			 i;

	for (i = 0; i < from->n; i++) {
		f = from->heap[i];
		e = sketch_touch(into, f->key, f->klen, f->count);
		if (e != NULL)
			merge_entry(e, f);
	}
}
