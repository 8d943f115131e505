#include <stdlib.h>
#include <string.h>

#include "analyzer/flowtab.h"
#include "sandbox/compat.h"

#define SEGMENT_BYTES	(sizeof(uint32_t) * FLOWTAB_SEGMENT)
#define NAT_MAX		(1U << 16)	/* sets */

static bool
charge(struct flow_table *t, size_t n)
{
	return mem_take_within(t->mem, MEM_FLOWS, n,
	    t->mem->limit - t->mem->limit / 4);
}

/* One more segment of buckets; the pointers to them double as needed. */
static int
segment_add(struct flow_table *t)
{
	uint32_t	**p, *s;
	uint32_t	 n = t->nsegments;

	if (!charge(t, SEGMENT_BYTES))
		return -1;
	if ((n & (n - 1)) == 0) {
		p = realloc(t->segment, (n == 0 ? 1 : n * 2) * sizeof(*p));
		if (p == NULL)
			goto fail;
		t->segment = p;
	}
	if ((s = malloc(SEGMENT_BYTES)) == NULL)
		goto fail;
	memset(s, 0xff, SEGMENT_BYTES);
	t->segment[t->nsegments++] = s;
	return 0;
 fail:
	mem_give(t->mem, MEM_FLOWS, SEGMENT_BYTES);
	return -1;
}

static int
nat_init(struct flow_table *t)
{
	uint64_t	 want;
	uint32_t	 sets = 256;

	want = t->mem->limit / 256 / (sizeof(*t->nat) * FLOWTAB_NAT_WAYS);
	while (sets < NAT_MAX && sets * 2 <= want)
		sets *= 2;
	t->nat_mask = sets - 1;
	want = (uint64_t)sets * FLOWTAB_NAT_WAYS * sizeof(*t->nat);
	if (!charge(t, want))
		return -1;
	if ((t->nat = mem_table(want)) == NULL) {
		mem_give(t->mem, MEM_FLOWS, want);
		return -1;
	}
	memset(t->nat, 0xff, want);
	return 0;
}

static size_t
chunk_bytes(const struct flow_table *t)
{
	return (sizeof(struct flow) + sizeof(struct flowtab_volume)) <<
	    t->chunk_shift;
}

static size_t
tails_bytes(const struct flow_table *t)
{
	return (size_t)t->ntails * (2 * REASS_TAIL + sizeof(*t->tail_id));
}

static int
tails_init(struct flow_table *t)
{
	uint64_t	 want = t->mem->limit / 32;

	if (want > FLOWTAB_TAILS_MAX)
		want = FLOWTAB_TAILS_MAX;
	t->ntails = (uint32_t)(want / (2 * REASS_TAIL)) | 1;
	if (!charge(t, tails_bytes(t))) {
		t->ntails = 0;
		return -1;
	}
	t->tails = mem_table((size_t)t->ntails * 2 * REASS_TAIL);
	t->tail_id = calloc(t->ntails, sizeof(*t->tail_id));
	return t->tails == NULL || t->tail_id == NULL ? -1 : 0;
}

/* One that was given back, if the ring did not come by it since. */
static uint32_t
tail_take(struct flow_table *t)
{
	uint32_t	 n;

	while (t->ntail_free > 0) {
		n = t->tail_free[--t->ntail_free];
		if (t->tail_id[n] == 0)
			return n;
	}
	n = t->tail_at;
	if (++t->tail_at == t->ntails)
		t->tail_at = 0;
	return n;
}

void
flowtab_return(struct flow_table *t, struct flow_read *rd)
{
	if (rd->tail_id == 0 || t->tail_id[rd->tail] != rd->tail_id)
		return;
	t->tail_id[rd->tail] = rd->tail_id = 0;
	if (t->ntail_free < FLOWTAB_TAILS_FREE)
		t->tail_free[t->ntail_free++] = rd->tail;
}

void
flowtab_lend(struct flow_table *t, struct flow_read *rd, int dir)
{
	if (rd->tail_id == 0 || t->tail_id[rd->tail] != rd->tail_id) {
		rd->tail = tail_take(t);
		if (++t->tail_ids == 0)
			t->tail_ids = 1;
		rd->tail_id = t->tail_id[rd->tail] = t->tail_ids;
		rd->tail_len[0] = rd->tail_len[1] = 0;
	}
	t->env.tail = t->tails + ((size_t)rd->tail * 2 + (size_t)dir) *
	    REASS_TAIL;
	t->env.tail_len = &rd->tail_len[dir];
}

void
flowtab_unlend(struct flow_table *t)
{
	t->env.tail = NULL;
	t->env.tail_len = NULL;
}

void
flowtab_recall(struct flow_table *t)
{
	if (t->env.tail != NULL)
		*t->env.tail_len = 0;
	flowtab_unlend(t);
}

int
flowtab_init(struct flow_table *t)
{
	int	 i;

	t->free = t->busy = FLOWTAB_NONE;
	t->due.head = t->due.tail = FLOWTAB_NONE;
	for (i = 0; i < FLOWTAB_LISTS; i++)
		t->list[i].head = t->list[i].tail = FLOWTAB_NONE;
	t->mask = FLOWTAB_SEGMENT - 1;
	t->nbuckets = FLOWTAB_SEGMENT;
	t->nplaces = 1;		/* 0 is what did not fit */
	t->chunk_shift = t->mem->limit < MEM_AMPLE ? FLOWTAB_CHUNK_SMALL :
	    FLOWTAB_CHUNK_SHIFT;
	if (segment_add(t) == -1 || tails_init(t) == -1)
		return -1;
	return nat_init(t);
}

void
flowtab_clear(struct flow_table *t)
{
	uint32_t	 i;

	for (i = 0; i < t->nchunks; i++) {
		free(t->chunk[i]);
		free(t->volume[i]);
	}
	free(t->chunk);
	free(t->volume);
	mem_give(t->mem, MEM_FLOWS, chunk_bytes(t) * t->nchunks);
	free(t->tails);
	free(t->tail_id);
	mem_give(t->mem, MEM_FLOWS, tails_bytes(t));
	for (i = 0; i < t->nsegments; i++)
		free(t->segment[i]);
	free(t->segment);
	mem_give(t->mem, MEM_FLOWS, SEGMENT_BYTES * t->nsegments);
	if (t->nat != NULL)
		mem_give(t->mem, MEM_FLOWS, ((uint64_t)t->nat_mask + 1) *
		    FLOWTAB_NAT_WAYS * sizeof(*t->nat));
	free(t->nat);
}

/* The same value for both directions. */
uint32_t
flowtab_hash(const struct flow_table *t, const struct flow_key *k)
{
	uint64_t	 x, y;

	if (!addr_is4(&k->a.addr))
		return (uint32_t)flow_key_hash(k, t->key);
	x = (uint64_t)addr_four(&k->a.addr) << 16 | k->a.port;
	y = (uint64_t)addr_four(&k->b.addr) << 16 | k->b.port;
	return (uint32_t)(x < y ? hash_two(t->key, x, y) :
	    hash_two(t->key, y, x));
}

static inline uint32_t *
bucket(const struct flow_table *t, uint32_t hash)
{
	uint32_t	 b = hash & (t->mask << 1 | 1);

	if (b >= t->nbuckets)
		b &= t->mask;
	return &t->segment[b / FLOWTAB_SEGMENT][b % FLOWTAB_SEGMENT];
}

void
flowtab_expect(const struct flow_table *t, uint32_t hash)
{
	compat_prefetch(bucket(t, hash));
}

const struct flow *
flowtab_expect_entry(const struct flow_table *t, uint32_t hash)
{
	const uint32_t	 slot = *bucket(t, hash);

	if (slot == FLOWTAB_NONE)
		return NULL;
	flowtab_expect_slot(t, slot);
	return flowtab_at(t, slot);
}

bool
flowtab_expect_reader(const struct flow_table *t, const struct flow *f,
    uint32_t hash)
{
	if (f->hash != hash) {
		if (f->chain != FLOWTAB_NONE)
			compat_prefetch(flowtab_at(t, f->chain));
		return false;
	}
	if (f->read == NULL)
		return false;
	compat_prefetch_all(f->read, sizeof(*f->read));
	return true;
}

void
flowtab_expect_feed(const struct flow_table *t, const struct flow *f,
    unsigned depth)
{
	if (f->read != NULL && f->read->reader != NULL &&
	    t->feed->expect != NULL)
		t->feed->expect(f->read->reader, depth);
}

static inline struct flow *
find_from(const struct flow_table *t, uint32_t slot, const struct flow_key *k,
    uint32_t hash, int *dir)
{
	struct flow	*f;

	for (; slot != FLOWTAB_NONE; slot = f->chain) {
		f = flowtab_at(t, slot);
		if (f->hash != hash)
			continue;
		if (memcmp(&f->key, k, sizeof(*k)) == 0) {
			*dir = 0;
			return f;
		}
		if (memcmp(&f->key.a, &k->b, sizeof(k->b)) == 0 &&
		    memcmp(&f->key.b, &k->a, sizeof(k->a)) == 0) {
			*dir = 1;
			return f;
		}
	}
	return NULL;
}

struct flow *
flowtab_find(const struct flow_table *t, const struct flow_key *k,
    uint32_t hash, int *dir)
{
	return find_from(t, *bucket(t, hash), k, hash, dir);
}

struct flow *
flowtab_more(const struct flow_table *t, const struct flow *f,
    const struct flow_key *k, int *dir)
{
	return find_from(t, f->chain, k, f->hash, dir);
}

/* Pages are touched as entries are taken. */
static int
chunk_add(struct flow_table *t)
{
	const uint32_t		 n = t->nchunks;
	const size_t		 size = chunk_bytes(t);
	struct flowtab_volume	**v;
	struct flow		**p;

	if (n >= FLOWTAB_NONE >> t->chunk_shift || !charge(t, size))
		return -1;
	if ((n & (n - 1)) == 0) {
		p = realloc(t->chunk, (n == 0 ? 1 : n * 2) * sizeof(*p));
		if (p == NULL)
			goto fail;
		t->chunk = p;
		v = realloc(t->volume, (n == 0 ? 1 : n * 2) * sizeof(*v));
		if (v == NULL)
			goto fail;
		t->volume = v;
	}
	t->chunk[n] = mem_table(sizeof(**p) << t->chunk_shift);
	t->volume[n] = mem_table(sizeof(**v) << t->chunk_shift);
	if (t->chunk[n] == NULL || t->volume[n] == NULL) {
		free(t->chunk[n]);
		free(t->volume[n]);
		goto fail;
	}
	t->nchunks++;
	return 0;
 fail:
	mem_give(t->mem, MEM_FLOWS, size);
	return -1;
}

struct flow *
flowtab_take(struct flow_table *t)
{
	struct flow	*f;
	uint32_t	 slot;

	if (t->cfg.max_flows != 0 && t->nlive >= t->cfg.max_flows)
		return NULL;
	if (t->free != FLOWTAB_NONE) {
		slot = t->free;
		t->free = flowtab_at(t, slot)->next;
	} else {
		if (t->nused == t->nchunks << t->chunk_shift &&
		    chunk_add(t) == -1)
			return NULL;
		slot = t->nused++;
	}
	f = flowtab_at(t, slot);
	memset(f, 0, sizeof(*f));
	*flowtab_volume(t, slot) = (struct flowtab_volume){ 0 };
	f->slot = slot;
	f->list = FLOWTAB_FREE;
	f->prev = f->next = f->chain = FLOWTAB_NONE;
	t->nlive++;
	return f;
}

void
flowtab_give(struct flow_table *t, struct flow *f)
{
	flowtab_list(t, f, FLOWTAB_FREE);
	f->id = 0;
	f->next = t->free;
	t->free = f->slot;
	t->nlive--;
}

/* Linear hashing: the next bucket of this level gives half to a new one. */
static void
split(struct flow_table *t)
{
	struct flow	*f;
	uint32_t	 old, slot, next, *from, *to;

	if (t->nbuckets == t->nsegments * FLOWTAB_SEGMENT &&
	    segment_add(t) == -1)
		return;		/* longer chains, nothing worse */
	old = t->nbuckets & t->mask;
	from = &t->segment[old / FLOWTAB_SEGMENT][old % FLOWTAB_SEGMENT];
	to = &t->segment[t->nbuckets / FLOWTAB_SEGMENT]
	    [t->nbuckets % FLOWTAB_SEGMENT];
	slot = *from;
	*from = FLOWTAB_NONE;
	for (; slot != FLOWTAB_NONE; slot = next) {
		f = flowtab_at(t, slot);
		next = f->chain;
		if ((f->hash & (t->mask << 1 | 1)) == t->nbuckets) {
			f->chain = *to;
			*to = slot;
		} else {
			f->chain = *from;
			*from = slot;
		}
	}
	if (++t->nbuckets == (t->mask + 1) * 2)
		t->mask = t->mask << 1 | 1;
}

void
flowtab_insert(struct flow_table *t, struct flow *f)
{
	uint32_t	*b;

	/* Half full, so that what was fetched ahead is mostly the right one. */
	if (t->nlive > t->nbuckets / 2 && t->nbuckets < 1U << 30)
		split(t);
	b = bucket(t, f->hash);
	f->chain = *b;
	*b = f->slot;
}

void
flowtab_remove(struct flow_table *t, struct flow *f)
{
	uint32_t	*p;

	for (p = bucket(t, f->hash); *p != FLOWTAB_NONE;
	    p = &flowtab_at(t, *p)->chain)
		if (*p == f->slot) {
			*p = f->chain;
			return;
		}
}

static void
unlist(struct flow_table *t, struct flow *f)
{
	if (f->prev != FLOWTAB_NONE)
		flowtab_at(t, f->prev)->next = f->next;
	else
		t->list[f->list].head = f->next;
	if (f->next != FLOWTAB_NONE)
		flowtab_at(t, f->next)->prev = f->prev;
	else
		t->list[f->list].tail = f->prev;
	f->prev = f->next = FLOWTAB_NONE;
	t->list[f->list].n--;
}

void
flowtab_list(struct flow_table *t, struct flow *f, enum flowtab_list to)
{
	if (f->list != FLOWTAB_FREE)
		unlist(t, f);
	f->list = (uint8_t)to;
	f->flags &= (uint16_t)~FLOW_F_TOUCHED;
	if (to == FLOWTAB_FREE)
		return;
	f->prev = t->list[to].tail;
	if (f->prev != FLOWTAB_NONE)
		flowtab_at(t, f->prev)->next = f->slot;
	else
		t->list[to].head = f->slot;
	t->list[to].tail = f->slot;
	t->list[to].n++;
}

struct flowtab_place
flowtab_place_of(const struct packet *p)
{
	struct flowtab_place	 at = { .place = packet_place(p),
				    .iface = p->iface, .used = 1 };

	memcpy(at.vlan, p->vlan, sizeof(at.vlan));
	at.nvlan = p->nvlan > 2 ? 2 : p->nvlan;
	return at;
}

uint16_t
flowtab_place(struct flow_table *t, const struct packet *p)
{
	const struct flowtab_place	*pl;
	uint32_t			 place = packet_place(p), at;
	uint16_t			*slot;

	pl = &t->place[t->last_place];
	if (pl->place == place && pl->used)
		return (uint16_t)t->last_place;
	at = (place * 0x9e3779b1U) >> 7;
	for (;; at++) {
		slot = &t->place_at[at % (FLOWTAB_PLACES * 2)];
		if (*slot == 0)
			break;
		if (t->place[*slot].place == place) {
			t->last_place = *slot;
			return *slot;
		}
	}
	if (t->nplaces == FLOWTAB_PLACES)
		return 0;
	*slot = (uint16_t)t->nplaces;
	t->last_place = t->nplaces++;
	t->place[*slot] = flowtab_place_of(p);
	return *slot;
}

static struct flowtab_nat *
nat_set(const struct flow_table *t, const uint32_t *by, size_t nby,
    uint32_t *tag)
{
	uint64_t	 w[2] = { 0, 0 }, h;

	memcpy(w, by, nby * sizeof(*by));
	h = hash_two(t->key, w[0], w[1]);
	*tag = (uint32_t)(h >> 32);
	return &t->nat[(h & t->nat_mask) * FLOWTAB_NAT_WAYS];
}

void
flowtab_nat_expect(const struct flow_table *t, const uint32_t *by, size_t nby)
{
	uint32_t	 tag;

	compat_prefetch(nat_set(t, by, nby, &tag));
}

size_t
flowtab_nat_put(struct flow_table *t, const struct flow *f,
    const uint32_t *by, size_t nby, uint32_t twin[FLOWTAB_NAT_WAYS])
{
	struct flowtab_nat	*set;
	uint32_t		 tag;
	size_t			 i, n = 0;
	bool			 known = false;

	set = nat_set(t, by, nby, &tag);
	for (i = 0; i < FLOWTAB_NAT_WAYS; i++) {
		if (set[i].tag != tag || set[i].slot == FLOWTAB_NONE)
			continue;
		if (set[i].slot != f->slot)
			twin[n++] = set[i].slot;
		else
			known = true;
	}
	if (known)
		return n;
	memmove(&set[1], &set[0], sizeof(*set) * (FLOWTAB_NAT_WAYS - 1));
	set[0].slot = f->slot;
	set[0].tag = tag;
	return n;
}
