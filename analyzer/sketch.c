#include <stdlib.h>
#include <string.h>

#include "analyzer/sketch.h"

#define VALUE_BITS	52
#define VALUE_MASK	((1ULL << VALUE_BITS) - 1)
#define INDEX(w)	((unsigned)((w) >> VALUE_BITS))
#define VALUE(w)	((w) & VALUE_MASK)
#define NOT_IN		UINT32_MAX	/* sketch_ref: in no such list */

/* ---- memory: all of it charged ---- */

static void *
take(struct sketch_kind *k, size_t n)
{
	void	*p;

	if (n > k->limit || k->mem->pool[MEM_SKETCHES] > k->limit - n ||
	    !mem_take(k->mem, MEM_SKETCHES, n)) {
		k->refused++;
		return NULL;
	}
	if ((p = calloc(1, n)) == NULL) {
		mem_give(k->mem, MEM_SKETCHES, n);
		k->refused++;
	}
	return p;
}

static void
give(struct sketch_kind *k, void *p, size_t n)
{
	if (p == NULL)
		return;
	mem_give(k->mem, MEM_SKETCHES, n);
	free(p);
}

/* ---- vectors ---- */

static inline uint32_t
first_place(const struct vec *v, unsigned index)
{
	return index * 0x9e3779b1U >> 16 & (v->cap - 1U);
}

static inline uint64_t *
vec_place(const struct vec *v, unsigned index)
{
	uint32_t	 at = first_place(v, index), mask = v->cap - 1U;

	while (v->slot[at] != 0 && INDEX(v->slot[at]) != index)
		at = (at + 1) & mask;
	return &v->slot[at];
}

/* Few counters lie in the entry itself. */
static void
vec_give(struct sketch_kind *k, struct vec *v)
{
	if (v->cap > SKETCH_FEW)
		give(k, v->slot, v->cap * sizeof(v->slot[0]));
}

static bool
vec_grow(struct sketch_kind *k, struct vec *v)
{
	struct vec	 w;
	uint32_t	 i;

	w.n = v->n;
	w.cap = (uint16_t)((v->cap == 0 ? SKETCH_FEW : v->cap) * 2);
	if ((w.slot = take(k, w.cap * sizeof(w.slot[0]))) == NULL)
		return false;
	for (i = 0; i < v->cap; i++)
		if (v->slot[i] != 0)
			*vec_place(&w, INDEX(v->slot[i])) = v->slot[i];
	vec_give(k, v);
	*v = w;
	return true;
}

/* A place for a counter that is not there yet; NULL: no memory. */
static uint64_t *
vec_new(struct sketch_kind *k, struct vec *v, unsigned index)
{
	uint64_t	*p;

	if (v->n * 4U >= v->cap * 3U && !vec_grow(k, v) &&
	    v->n + 1U >= v->cap)
		return NULL;
	p = vec_place(v, index);
	*p = (uint64_t)index << VALUE_BITS;
	v->n++;
	return p;
}

/* Whether the counter was there, at its first place. */
static inline bool
vec_bump(struct vec *v, unsigned index, uint64_t n)
{
	uint64_t	*p;

	if (v->cap == 0)
		return false;
	p = &v->slot[first_place(v, index)];
	if (INDEX(*p) != index || n >= VALUE_MASK - VALUE(*p))
		return false;
	*p += n;
	return true;
}

static void
vec_add(struct sketch_kind *k, struct vec *v, unsigned index, uint64_t n)
{
	uint64_t	*p = NULL;

	if (v->cap > 0)
		p = vec_place(v, index);
	if ((p == NULL || *p == 0) && (p = vec_new(k, v, index)) == NULL)
		return;
	if (n > VALUE_MASK - VALUE(*p))
		n = VALUE_MASK - VALUE(*p);
	*p += n;
}

static void
vec_sum(const struct vec *v, uint64_t *out, unsigned nout)
{
	uint32_t	 i;

	for (i = 0; i < v->cap; i++)
		if (v->slot[i] != 0 && INDEX(v->slot[i]) < nout)
			out[INDEX(v->slot[i])] += VALUE(v->slot[i]);
}

static uint64_t
vec_get(const struct vec *v, unsigned index)
{
	return v->cap == 0 ? 0 : VALUE(*vec_place(v, index));
}

static void
vec_free(struct sketch_kind *k, struct vec *v)
{
	vec_give(k, v);
	memset(v, 0, sizeof(*v));
}

/* ---- panes ---- */

void
sketch_time_init(struct sketch_time *t, uint64_t window_us)
{
	uint64_t	 s;

	memset(t, 0, sizeof(*t));
	s = window_us / 10;
	if (s < 100000)
		s = 100000;
	t->slice_us = s;
	t->fine = (uint32_t)((window_us + s - 1) / s);
	t->mid_block = (uint32_t)((10000000 + s - 1) / s);
	t->mid = (uint32_t)((60000000 + s - 1) / s);
	t->old_block = t->mid_block *
	    (uint32_t)((60000000 + t->mid_block * s - 1) / (t->mid_block * s));
	t->old = (uint32_t)((600000000 + s - 1) / s);
}

static uint32_t
before(uint32_t now, uint32_t slices, uint32_t block)
{
	if (now <= slices)
		return 0;
	return (now - slices) / block * block;
}

uint32_t
sketch_from(const struct sketch_time *t, uint32_t slices)
{
	if (slices <= t->fine)
		return before(t->now, slices, 1);
	return before(t->now, slices,
	    slices <= t->mid ? t->mid_block : t->old_block);
}

static size_t
pane_size(uint32_t n)
{
	return sizeof(struct sketch_pane) + n * sizeof(uint64_t);
}

static void
pane_free(struct sketch_kind *k, struct sketch_pane *p)
{
	give(k, p, pane_size(p->n));
}

static int
compare_pair(const void *a, const void *b)
{
	uint64_t	 x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

static struct sketch_pane *
pane_new(struct sketch_kind *k, const struct vec *v, uint32_t slice)
{
	struct sketch_pane	*p;
	uint32_t		 i, n = 0;

	if ((p = take(k, pane_size(v->n))) == NULL)
		return NULL;
	p->from = slice;
	p->to = slice + 1;
	p->n = v->n;
	for (i = 0; i < v->cap; i++)
		if (v->slot[i] != 0)
			p->pair[n++] = v->slot[i];
	qsort(p->pair, p->n, sizeof(p->pair[0]), compare_pair);
	return p;
}

static uint32_t
merge_pairs(const struct sketch_pane *a, const struct sketch_pane *b,
    uint64_t *out)
{
	uint32_t	 i = 0, j = 0, n = 0;
	uint64_t	 w;

	while (i < a->n || j < b->n) {
		if (j == b->n || (i < a->n &&
		    INDEX(a->pair[i]) < INDEX(b->pair[j])))
			w = a->pair[i++];
		else if (i == a->n || INDEX(b->pair[j]) < INDEX(a->pair[i]))
			w = b->pair[j++];
		else
			w = a->pair[i++] + VALUE(b->pair[j++]);
		if (out != NULL)
			out[n] = w;
		n++;
	}
	return n;
}

/* One pane out of two neighbours; NULL (both stay) without memory. */
static struct sketch_pane *
pane_merge(struct sketch_kind *k, struct sketch_pane *newer,
    struct sketch_pane *older)
{
	struct sketch_pane	*p;
	uint32_t		 n;

	n = merge_pairs(newer, older, NULL);
	if ((p = take(k, pane_size(n))) == NULL)
		return NULL;
	p->n = n;
	merge_pairs(newer, older, p->pair);
	p->from = older->from;
	p->to = newer->to;
	p->next = older->next;
	pane_free(k, newer);
	pane_free(k, older);
	return p;
}

/* The block that a pane belongs to by now: 0 for none, else its number. */
static uint64_t
pane_block(const struct sketch_time *t, const struct sketch_pane *p)
{
	if (p->to <= before(t->now, t->mid, t->old_block))
		return 1 + 2 * (uint64_t)(p->from / t->old_block);
	if (p->to <= before(t->now, t->fine, t->mid_block))
		return 2 + 2 * (uint64_t)(p->from / t->mid_block);
	return 0;
}

/* Joins panes that have become one block and drops those out of all windows. */
static void
compact(struct sketch_entry *e)
{
	const struct sketch_time *t = e->home->kind->time;
	struct sketch_kind	*k = e->home->kind;
	struct sketch_pane	**pp, *p, *m;
	uint32_t		 oldest;
	uint64_t		 block;

	if (e->more == NULL)
		return;
	oldest = before(t->now, t->old, t->old_block);
	for (pp = &e->more->panes; (p = *pp) != NULL; ) {
		if (p->to <= oldest) {
			*pp = p->next;
			pane_free(k, p);
			continue;
		}
		block = pane_block(t, p);
		if (block != 0 && p->next != NULL &&
		    pane_block(t, p->next) == block &&
		    (m = pane_merge(k, p, p->next)) != NULL) {
			*pp = m;
			continue;
		}
		pp = &p->next;
	}
}

static struct sketch_more *
more_of(struct sketch_entry *e)
{
	if (e->more == NULL)
		e->more = take(e->home->kind, sizeof(*e->more));
	return e->more;
}

static void
close_entry(struct sketch_entry *e)
{
	struct sketch_kind	*k = e->home->kind;
	struct sketch_more	*m;
	struct sketch_pane	*p;
	uint32_t		 i;

	if (e->cur.n == 0)
		return;
	if ((m = more_of(e)) != NULL) {
		for (i = 0; i < e->cur.cap; i++)
			if (e->cur.slot[i] != 0)
				vec_add(k, &m->total, INDEX(e->cur.slot[i]),
				    VALUE(e->cur.slot[i]));
		if ((p = pane_new(k, &e->cur, k->time->now)) != NULL) {
			p->next = m->panes;
			m->panes = p;
		}
	}
	memset(e->cur.slot, 0, e->cur.cap * sizeof(e->cur.slot[0]));
	e->cur.n = 0;
	compact(e);
}

void
sketch_close(struct sketch_kind *k)
{
	struct sketch_ref	*r;

	while (k->active != 0) {
		r = &k->ref[k->active - 1];
		k->active = r->active;
		r->active = NOT_IN;
		if (r->entry == NULL)
			continue;
		r->entry->is_listed = false;
		close_entry(r->entry);
	}
}

void
sketch_age(struct sketch *s)
{
	uint32_t	 i, c;

	for (i = 0; i < s->n; i++) {
		compact(s->heap[i]);
		for (c = 0; c < SKETCH_CHILDREN; c++)
			if (sketch_child(s->heap[i], c) != NULL)
				sketch_age(sketch_child(s->heap[i], c));
	}
}

void
sketch_sum(const struct sketch_entry *e, uint32_t from, uint64_t *out,
    unsigned nout)
{
	const struct sketch_pane	*p;
	uint32_t			 i;

	vec_sum(&e->cur, out, nout);
	if (e->more == NULL)
		return;
	for (p = e->more->panes; p != NULL && p->to > from; p = p->next)
		for (i = 0; i < p->n; i++)
			if (INDEX(p->pair[i]) < nout)
				out[INDEX(p->pair[i])] += VALUE(p->pair[i]);
}

void
sketch_total(const struct sketch_entry *e, uint64_t *out, unsigned nout)
{
	vec_sum(&e->cur, out, nout);
	if (e->more != NULL)
		vec_sum(&e->more->total, out, nout);
}

uint64_t
sketch_get(const struct sketch_entry *e, unsigned index)
{
	return vec_get(&e->cur, index) +
	    (e->more == NULL ? 0 : vec_get(&e->more->total, index));
}

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
	give(k, k->ref, k->refs * sizeof(k->ref[0]));
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
	if ((ref = take(k, n * sizeof(ref[0]))) == NULL)
		return false;
	if (k->refs > 0)
		memcpy(ref, k->ref, k->refs * sizeof(ref[0]));
	for (i = n; i > k->refs; i--) {
		ref[i - 1].gen = 1;
		ref[i - 1].active = ref[i - 1].dirty = NOT_IN;
		ref[i - 1].next = k->free;
		k->free = i;
	}
	give(k, k->ref, k->refs * sizeof(ref[0]));
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

	if ((s = take(k, sizeof(*s))) == NULL)
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
	give(k, m, sizeof(*m));
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
	struct sketch_entry	*e;

	if (room > SKETCH_KEY_SHORT)
		return take(k, entry_size(room));
	if ((e = slab_get(&k->entries, k->limit)) == NULL)
		k->refused++;
	return e;
}

static void
give_entry(struct sketch_kind *k, struct sketch_entry *e)
{
	if (e->room > SKETCH_KEY_SHORT)
		give(k, e, entry_size(e->room));
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
	give(s->kind, s->bucket, s->nbuckets * sizeof(s->bucket[0]));
	give(s->kind, s->heap, s->room * sizeof(s->heap[0]));
	give(s->kind, s->rank, s->room * sizeof(s->rank[0]));
	give(s->kind, s, sizeof(*s));
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
	heap = take(k, n * sizeof(heap[0]));
	rank = take(k, n * sizeof(rank[0]));
	bucket = take(k, nb * sizeof(bucket[0]));
	if (heap == NULL || rank == NULL || bucket == NULL) {
		give(k, heap, n * sizeof(heap[0]));
		give(k, rank, n * sizeof(rank[0]));
		give(k, bucket, nb * sizeof(bucket[0]));
		return false;
	}
	for (i = 0; i < s->n; i++) {
		heap[i] = s->heap[i];
		rank[i] = s->rank[i];
		heap[i]->chain = bucket[heap[i]->hash & (nb - 1)];
		bucket[heap[i]->hash & (nb - 1)] = heap[i];
	}
	give(k, s->bucket, s->nbuckets * sizeof(s->bucket[0]));
	give(k, s->heap, s->room * sizeof(s->heap[0]));
	give(k, s->rank, s->room * sizeof(s->rank[0]));
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
	s->kind->evicted++;
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
	return hash_bytes(k->seed, key, len);
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

	if (r->active == NOT_IN && k->time->slice_us != 0) {
		r->active = k->active;
		k->active = e->id + 1;
	}
	if (r->dirty == NOT_IN && k->tracked) {
		r->dirty = k->dirty;
		k->dirty = e->id + 1;
	}
	e->is_listed = true;
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
		r->dirty = NOT_IN;
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
	struct sketch_more	*m = more_of(e);

	if (m != NULL)
		vec_add(e->home->kind, &m->total, index, n);
}

struct sketch *
sketch_make_child(struct sketch_entry *e, unsigned which,
    struct sketch_kind *k, uint32_t max)
{
	struct sketch_more	*m = more_of(e);

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
			sketch_add(into, INDEX(v->slot[i]),
			    VALUE(v->slot[i]));
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
