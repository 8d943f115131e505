#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "analyzer/conv.h"
#include "analyzer/packet.h"

#define NONE		UINT32_MAX
#define ENTRIES_MIN	256
#define ENTRIES_MAX	16384
#define BIRTHS		256	/* sets of first packets */
#define BIRTH_WAYS	4
#define SIGHTINGS	4		/* of sightings of one */
#define DIGEST_MIN	8	/* bytes by which a packet is known again */
#define DIGEST_MAX	64
#define SERVICE_PORTS	1024	/* below: a server's */
#define OWED_MAX	(2 << 20)	/* bytes on their way, at most */

/* A direction: where its packets count. */
struct side {
	uint64_t	 home_us;	/* when it showed one last; 0: never */
	uint32_t	 place;
	uint32_t	 owed;		/* bytes that may come a hop further */
	uint8_t		 ttl;		/* the highest of late */
};

struct conv {
	struct flow_key	 key;		/* a is the client */
	uint8_t		 proto;
	uint8_t		 name_len;
	bool		 told;
	uint32_t	 born;		/* place of its first packet */
	struct side	 side[2];	/* 0: of the client */
	uint64_t	 hash;
	uint64_t	 id;
	uint64_t	 twin_id;	/* 0: it is no alias */
	uint32_t	 twin;		/* of whom it is another sighting */
	uint32_t	 chain;
	uint32_t	 prev;		/* by use */
	uint32_t	 next;
	struct packet_volume volume;
	uint8_t		 name[CONV_NAME];
};

/* How a conversation began; several may begin with the same bytes. */
struct birth {
	uint64_t	 digest;	/* 0: none */
	uint64_t	 ts_us;
	uint64_t	 id;
	uint32_t	 slot;
	uint32_t	 place;
	uint32_t	 met;		/* at this one it was met again */
	bool		 was_met;
};

struct conv_table {
	struct mem	*mem;
	const struct hash_key *seed;
	conv_fn		*fn;
	void		*arg;
	size_t		 size;		/* of everything */
	uint64_t	 ids;
	uint64_t	 forgotten;
	uint32_t	 max;
	uint32_t	 n;
	uint32_t	 mask;
	uint32_t	 oldest;
	uint32_t	 newest;
	struct birth	 birth[BIRTHS][BIRTH_WAYS];
	struct conv	*v;
	uint32_t	*bucket;
};

/* ---- the table ---- */

struct conv_table *
conv_new(struct mem *mem, const struct hash_key *seed, size_t limit,
    conv_fn *fn, void *arg)
{
	struct conv_table	*t;
	uint32_t		 max = ENTRIES_MIN;
	size_t			 size, each;

	each = sizeof(struct conv) + 2 * sizeof(uint32_t);
	while (max < ENTRIES_MAX && sizeof(*t) + max * 2 * each <= limit)
		max *= 2;
	size = sizeof(*t) + max * each;
	if (size > limit || !mem_take(mem, MEM_FLOWS, size))
		return NULL;
	if ((t = calloc(1, sizeof(*t))) == NULL ||
	    (t->v = malloc(max * sizeof(*t->v))) == NULL ||
	    (t->bucket = malloc(2 * max * sizeof(*t->bucket))) == NULL) {
		mem_give(mem, MEM_FLOWS, size);
		if (t != NULL)
			free(t->v);
		free(t);
		return NULL;
	}
	memset(t->bucket, 0xff, 2 * max * sizeof(*t->bucket));
	t->mem = mem;
	t->seed = seed;
	t->fn = fn;
	t->arg = arg;
	t->size = size;
	t->max = max;
	t->mask = 2 * max - 1;
	t->oldest = t->newest = NONE;
	return t;
}

void
conv_free(struct conv_table *t)
{
	if (t == NULL)
		return;
	mem_give(t->mem, MEM_FLOWS, t->size);
	free(t->v);
	free(t->bucket);
	free(t);
}

static void
tell(struct conv_table *t, struct conv *c)
{
	struct conv_told	 told;

	if (c->volume.packets[0] + c->volume.packets[1] == 0)
		return;
	told = (struct conv_told){ .client = c->key.a, .server = c->key.b,
	    .volume = c->volume, .name = c->name, .name_len = c->name_len,
	    .proto = c->proto, .first = !c->told };
	c->volume = (struct packet_volume){ { 0, 0 }, { 0, 0 } };
	c->told = true;
	t->fn(t->arg, &told);
}

void
conv_tell(struct conv_table *t)
{
	uint32_t	 i;

	for (i = 0; i < t->n; i++)
		tell(t, &t->v[i]);
}

static void
unlink_used(struct conv_table *t, struct conv *c)
{
	if (c->prev != NONE)
		t->v[c->prev].next = c->next;
	else
		t->oldest = c->next;
	if (c->next != NONE)
		t->v[c->next].prev = c->prev;
	else
		t->newest = c->prev;
}

static void
link_newest(struct conv_table *t, struct conv *c)
{
	const uint32_t	 slot = (uint32_t)(c - t->v);

	c->next = NONE;
	c->prev = t->newest;
	if (t->newest != NONE)
		t->v[t->newest].next = slot;
	else
		t->oldest = slot;
	t->newest = slot;
}

static void
unchain(struct conv_table *t, struct conv *c)
{
	const uint32_t	 slot = (uint32_t)(c - t->v);
	uint32_t	*p;

	for (p = &t->bucket[c->hash & t->mask]; *p != slot;
	    p = &t->v[*p].chain)
		continue;
	*p = c->chain;
}

/* An entry that nobody has, or the one that was idle longest. */
static struct conv *
take(struct conv_table *t, const struct flow_key *k, uint8_t proto,
    uint64_t hash)
{
	struct conv	*c;

	if (t->n < t->max)
		c = &t->v[t->n++];
	else {
		c = &t->v[t->oldest];
		t->forgotten++;
		tell(t, c);
		unchain(t, c);
		unlink_used(t, c);
	}
	*c = (struct conv){ .key = *k, .proto = proto, .hash = hash,
	    .id = ++t->ids, .chain = t->bucket[hash & t->mask] };
	t->bucket[hash & t->mask] = (uint32_t)(c - t->v);
	link_newest(t, c);
	return c;
}

static uint64_t
hash_of(const struct conv_table *t, const struct flow_key *k, uint8_t proto)
{
	return flow_key_hash(k, t->seed) ^
	    proto * 0x9e3779b97f4a7c15ULL;
}

static struct conv *
find(const struct conv_table *t, const struct flow_key *k, uint8_t proto,
    uint64_t hash, int *dir)
{
	struct conv	*c;
	uint32_t	 slot;

	for (slot = t->bucket[hash & t->mask]; slot != NONE;
	    slot = c->chain) {
		c = &t->v[slot];
		if (c->hash != hash || c->proto != proto)
			continue;
		*dir = 0;
		if (flow_key_cmp(&c->key, k) == 0)
			return c;
		*dir = 1;
		if (endpoint_cmp(&c->key.a, &k->b) == 0 &&
		    endpoint_cmp(&c->key.b, &k->a) == 0)
			return c;
	}
	return NULL;
}

/* ---- what a packet belongs to ---- */

static bool
has_ports(uint8_t proto)
{
	return proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

/* Replies and errors (RFC 792; RFC 4443, 2.1). */
static bool
icmp_answers(const struct packet *p)
{
	const uint8_t	 type = p->l4[0];

	if (p->proto == IPPROTO_ICMPV6)
		return type < 128 || type == 129;
	return type <= 5 ? type != 1 && type != 2 : type == 11 ||
	    type == 12 || type == 14 || type == 16 || type == 18;
}

/* Whether its sender answers somebody who was not heard. */
static bool
from_server(const struct packet *p)
{
	if ((p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6) &&
	    p->l4_cap > 0)
		return icmp_answers(p);
	return p->key.a.port < SERVICE_PORTS &&
	    p->key.b.port >= SERVICE_PORTS;
}

/*
 * What NAT leaves alone: all behind ports and checksum of UDP, behind
 * checksum and identifier of ICMP, with SPI and number of ESP; 0: too little.
 */
static uint64_t
digest(const struct conv_table *t, const struct packet *p)
{
	uint32_t	 skip = 0, n;
	uint64_t	 h;

	if (has_ports(p->proto))
		skip = 8;
	else if (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		skip = 6;
	if (p->l4_cap < skip + DIGEST_MIN)
		return 0;
	n = p->l4_cap - skip;
	h = hash_bytes(t->seed, p->l4 + skip, n < DIGEST_MAX ? n :
	    DIGEST_MAX);
	h ^= ((uint64_t)p->l4_len << 8 | p->proto) * 0x9e3779b97f4a7c15ULL;
	return h == 0 ? 1 : h;
}

/*
 * It is none of the other's, where all it showed counted until now: what did
 * so does not again at another place.
 */
static void
part(struct conv *c, const struct conv *other)
{
	unsigned	 i;

	c->twin_id = 0;
	for (i = 0; i < 2; i++)
		c->side[i] = (struct side){ .place = other->side[i].place,
		    .home_us = other->side[i].home_us };
}

/*
 * The one that a packet belongs to: c, or of whom c is another sighting. No
 * two tuples of one are seen at the same place: then they are two that began
 * alike.
 */
static struct conv *
self_of(const struct conv_table *t, struct conv *c, const struct packet *p)
{
	struct conv	*o;
	unsigned	 steps;

	for (steps = 0; c->twin_id != 0 && steps < SIGHTINGS; steps++) {
		o = &t->v[c->twin];
		if (o->id != c->twin_id)
			c->twin_id = 0;
		else if (o->born == packet_place(p))
			part(c, o);
		else
			c = o;
	}
	return c;
}

/* The new one shows the client itself: it goes on as the first. */
static void
take_over(struct conv_table *t, struct conv *c, struct conv *old)
{
	memcpy(c->side, old->side, sizeof(c->side));
	c->volume = old->volume;
	old->volume = (struct packet_volume){ { 0, 0 }, { 0, 0 } };
	c->told = old->told;
	c->name_len = old->name_len;
	memcpy(c->name, old->name, old->name_len);
	old->twin = (uint32_t)(c - t->v);
	old->twin_id = c->id;
}

/* Whether a new one can be the one that was born then, seen at its place. */
static bool
can_be(const struct conv_table *t, const struct birth *b,
    const struct birth *now, const struct conv *c)
{
	const struct conv	*o = &t->v[b->slot];
	bool			 near, far;

	if (b->digest != now->digest || b->place == now->place ||
	    (b->was_met && b->met == now->place) ||
	    now->ts_us - b->ts_us + CONV_NAT_US > 2 * CONV_NAT_US ||
	    o->id != b->id || o->proto != c->proto)
		return false;
	near = endpoint_cmp(&o->key.b, &c->key.b) == 0;
	far = endpoint_cmp(&o->key.a, &c->key.a) == 0;
	return near != far;
}

/* Where the next one of its digest is remembered. */
static struct birth *
oldest_birth(struct birth *set)
{
	struct birth	*b = set;
	unsigned	 i;

	for (i = 1; i < BIRTH_WAYS; i++)
		if (set[i].digest == 0 || (b->digest != 0 &&
		    set[i].ts_us < b->ts_us))
			b = &set[i];
	return b;
}

/* A new one may be one that is known, behind NAT. dir: of the packet. */
static void
pair(struct conv_table *t, struct conv *c, const struct packet *p, int dir)
{
	struct birth	 now = { .digest = digest(t, p), .ts_us = p->ts_us,
			    .id = c->id, .slot = (uint32_t)(c - t->v),
			    .place = packet_place(p) };
	struct birth	*set = t->birth[now.digest % BIRTHS], *b;
	struct conv	*o;
	unsigned	 i;

	if (now.digest == 0)
		return;
	for (i = 0; i < BIRTH_WAYS; i++)
		if (can_be(t, &set[i], &now, c))
			break;
	if (i == BIRTH_WAYS) {
		*oldest_birth(set) = now;
		return;
	}
	b = &set[i];
	o = &t->v[b->slot];
	now.met = b->place;
	b->met = now.place;
	b->was_met = now.was_met = true;
	if (endpoint_cmp(&o->key.b, &c->key.b) == 0 &&
	    (dir == 0 ? p->ttl > o->side[0].ttl : p->ttl < o->side[1].ttl)) {
		take_over(t, c, o);
		*b = now;
	} else {
		c->twin = b->slot;
		c->twin_id = o->id;
	}
}

/*
 * A router with one leg shows a packet again at its home, a hop further. What
 * is further than the others otherwise is none of these.
 */
static bool
is_further(struct side *s, const struct packet *p)
{
	if (p->ttl >= s->ttl || p->wirelen > s->owed)
		return false;
	s->owed -= p->wirelen;
	return true;
}

/* Whether this place is where the packets of a direction count. */
static bool
at_home(struct side *s, const struct packet *p)
{
	const uint32_t	 place = packet_place(p);
	const bool	 silent = s->home_us == 0 ||
	    p->ts_us > s->home_us + CONV_HOME_US ||
	    p->ts_us + CONV_HOME_US < s->home_us;

	if (!silent && (s->place != place || is_further(s, p)))
		return false;
	if (silent || p->ttl > s->ttl) {
		s->ttl = p->ttl;
		s->owed = 0;
	}
	if (p->ttl == s->ttl && p->wirelen <= OWED_MAX - s->owed)
		s->owed += p->wirelen;
	s->place = place;
	s->home_us = p->ts_us;
	return true;
}

bool
conv_packet(struct conv_table *t, const struct packet *p)
{
	struct flow_key	 k = p->key;
	struct conv	*c;
	const uint64_t	 hash = hash_of(t, &k, p->proto);
	int		 dir;

	if ((c = find(t, &k, p->proto, hash, &dir)) == NULL) {
		dir = from_server(p);
		if (dir == 1)
			k = (struct flow_key){ k.b, k.a };
		c = take(t, &k, p->proto, hash);
		c->born = packet_place(p);
		pair(t, c, p, dir);
	} else if (c->next != NONE) {
		unlink_used(t, c);
		link_newest(t, c);
	}
	c = self_of(t, c, p);
	if (!at_home(&c->side[dir], p))
		return false;
	c->volume.bytes[dir] += p->wirelen;
	c->volume.packets[dir]++;
	return true;
}

bool
conv_asked(struct conv_table *t, const struct packet *p)
{
	struct conv	*c;
	int		 dir;

	c = find(t, &p->key, p->proto, hash_of(t, &p->key, p->proto), &dir);
	return c != NULL && dir == 1 && self_of(t, c, p)->side[0].home_us != 0;
}

void
conv_name(struct conv_table *t, const struct packet *p, const uint8_t *name,
    size_t len)
{
	struct conv	*c;
	int		 dir;

	c = find(t, &p->key, p->proto, hash_of(t, &p->key, p->proto), &dir);
	if (c == NULL || dir != 0)
		return;
	c = self_of(t, c, p);
	c->name_len = (uint8_t)(len < CONV_NAME ? len : CONV_NAME);
	memcpy(c->name, name, c->name_len);
}

uint64_t
conv_forgotten(const struct conv_table *t)
{
	return t->forgotten;
}
