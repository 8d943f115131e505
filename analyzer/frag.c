#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "analyzer/frag.h"
#include "sandbox/compat.h"

#define BUCKETS		16384
#define DATAGRAM_MAX	65535
#define HEADER_MAX	40		/* a plain IPv6 header */

struct frag_part {
	SLIST_ENTRY(frag_part)	 entry;
	uint32_t		 off;
	uint32_t		 len;
	uint8_t			 bytes[];
};

struct frag_key {
	struct addr	 src;
	struct addr	 dst;
	uint32_t	 id;
	uint32_t	 place;
	uint8_t		 version;
	uint8_t		 proto;		/* IPv4 only: RFC 791, 2.3 */
	uint8_t		 zero[2];
};

/* Parts are sorted and never overlap. */
struct datagram {
	TAILQ_ENTRY(datagram)	 age;
	LIST_ENTRY(datagram)	 chain;
	SLIST_HEAD(, frag_part)	 parts;
	struct frag_key		 key;
	uint64_t		 first_us;
	uint32_t		 total;		/* 0: last one not seen */
	uint32_t		 have;
	uint32_t		 reach;		/* end of the furthest part */
	uint32_t		 nparts;
	struct packet		 frame;		/* what frag_lost_fn is told */
	uint8_t			 proto;		/* of the first fragment */
	uint8_t			 ttl;
	size_t			 charged;
};

struct frag_table {
	TAILQ_HEAD(, datagram)	 age;
	LIST_HEAD(, datagram)	 bucket[BUCKETS];
	const struct hash_key	*hash;
	struct mem		*mem;
	frag_lost_fn		*lost;
	void			*arg;
	size_t			 limit;
	size_t			 held;
	uint64_t		 count[FRAG_COUNT_MAX];
	uint8_t			*out;		/* handed out last */
};

struct frag_table *
frag_table_new(struct mem *mem, const struct hash_key *hash, size_t limit,
    frag_lost_fn *lost, void *arg)
{
	struct frag_table	*ft;
	size_t			 i;

	if (!mem_take(mem, MEM_FRAGMENTS, sizeof(*ft)))
		return NULL;
	if ((ft = calloc(1, sizeof(*ft))) == NULL) {
		mem_give(mem, MEM_FRAGMENTS, sizeof(*ft));
		return NULL;
	}
	TAILQ_INIT(&ft->age);
	for (i = 0; i < BUCKETS; i++)
		LIST_INIT(&ft->bucket[i]);
	ft->hash = hash;
	ft->mem = mem;
	ft->limit = limit;
	ft->lost = lost;
	ft->arg = arg;
	return ft;
}

/* A fragment of which nothing becomes. */
static void
lose(struct frag_table *ft, const struct packet *p)
{
	struct packet	 told;

	if (ft->lost == NULL || p->wirelen == 0)
		return;
	told = *p;
	told.l4 = NULL;
	told.l4_cap = 0;
	ft->lost(ft->arg, &told);
}

static void
drop(struct frag_table *ft, struct datagram *d)
{
	struct frag_part	*fp;

	lose(ft, &d->frame);
	while ((fp = SLIST_FIRST(&d->parts)) != NULL) {
		SLIST_REMOVE_HEAD(&d->parts, entry);
		free(fp);
	}
	TAILQ_REMOVE(&ft->age, d, age);
	LIST_REMOVE(d, chain);
	ft->held -= d->charged;
	mem_give(ft->mem, MEM_FRAGMENTS, d->charged);
	free(d);
}

void
frag_table_free(struct frag_table *ft)
{
	struct datagram	*d;

	if (ft == NULL)
		return;
	ft->lost = NULL;
	while ((d = TAILQ_FIRST(&ft->age)) != NULL)
		drop(ft, d);
	free(ft->out);
	mem_give(ft->mem, MEM_FRAGMENTS, sizeof(*ft));
	free(ft);
}

/* Room for n bytes more, at the cost of the oldest (but not of keep). */
static bool
room(struct frag_table *ft, size_t n, const struct datagram *keep)
{
	struct datagram	*d;

	for (;;) {
		if (n <= ft->limit && ft->held <= ft->limit - n &&
		    mem_take(ft->mem, MEM_FRAGMENTS, n)) {
			ft->held += n;
			return true;
		}
		d = TAILQ_FIRST(&ft->age);
		if (d == keep && d != NULL)
			d = TAILQ_NEXT(d, age);
		if (d == NULL)
			break;
		ft->count[FRAG_SHED]++;
		drop(ft, d);
	}
	ft->count[FRAG_NOMEM]++;
	return false;
}

static struct datagram *
datagram_get(struct frag_table *ft, const struct packet *p)
{
	struct frag_key	 k;
	struct datagram	*d;
	uint64_t	 h;

	memset(&k, 0, sizeof(k));
	k.src = p->key.a.addr;
	k.dst = p->key.b.addr;
	k.id = p->frag_id;
	k.place = packet_place(p);
	k.version = p->version;
	k.proto = p->version == 4 ? p->proto : 0;
	h = hash_bytes(ft->hash, &k, sizeof(k)) % BUCKETS;
	LIST_FOREACH(d, &ft->bucket[h], chain)
		if (memcmp(&d->key, &k, sizeof(k)) == 0)
			return d;
	if (!room(ft, sizeof(*d) + 16, NULL))
		return NULL;
	if ((d = calloc(1, sizeof(*d))) == NULL) {
		ft->held -= sizeof(*d) + 16;
		mem_give(ft->mem, MEM_FRAGMENTS, sizeof(*d) + 16);
		return NULL;
	}
	d->charged = sizeof(*d) + 16;
	d->key = k;
	d->first_us = p->ts_us;
	SLIST_INIT(&d->parts);
	TAILQ_INSERT_TAIL(&ft->age, d, age);
	LIST_INSERT_HEAD(&ft->bucket[h], d, chain);
	return d;
}

/* Adds a part that overlaps nothing, after prev (NULL: first). */
static bool
part_add(struct frag_table *ft, struct datagram *d, struct frag_part *prev,
    uint32_t off, const uint8_t *bytes, uint32_t len)
{
	struct frag_part	*fp;
	size_t			 cost = sizeof(*fp) + len + 16;

	if (d->nparts >= FRAG_PARTS_MAX) {
		ft->count[FRAG_PARTS]++;
		return false;
	}
	if (!room(ft, cost, d))
		return false;
	d->charged += cost;
	if ((fp = malloc(sizeof(*fp) + len)) == NULL)
		return false;
	fp->off = off;
	fp->len = len;
	memcpy(fp->bytes, bytes, len);
	if (prev == NULL)
		SLIST_INSERT_HEAD(&d->parts, fp, entry);
	else
		SLIST_INSERT_AFTER(prev, fp, entry);
	d->nparts++;
	d->have += len;
	return true;
}

/*
 * Fills the holes with what is new in [off, off+len); the first copy wins.
 * -1: a limit, 0: fine, else some bytes were there before; *differs tells
 * whether they were others.
 */
static int
place_bytes(struct frag_table *ft, struct datagram *d, uint32_t off,
    const uint8_t *p, uint32_t len, bool *differs)
{
	struct frag_part	*fp, *prev = NULL;
	uint32_t		 to = off + len, at = off, a, b;
	int			 overlap = 0;

	for (fp = SLIST_FIRST(&d->parts); fp != NULL && at < to;
	    prev = fp, fp = SLIST_NEXT(fp, entry)) {
		if (fp->off + fp->len <= at)
			continue;
		a = fp->off < to ? fp->off : to;
		if (at < a) {
			if (!part_add(ft, d, prev, at, p + (at - off), a - at))
				return -1;
			at = a;
		}
		b = fp->off + fp->len < to ? fp->off + fp->len : to;
		if (at >= b)
			break;
		overlap = 1;
		if (memcmp(fp->bytes + (at - fp->off), p + (at - off),
		    b - at) != 0)
			*differs = true;
		at = b;
	}
	if (at < to && !part_add(ft, d, prev, at, p + (at - off), to - at))
		return -1;
	return overlap;
}

/* Whether offset and length can be; the end is known from the last one. */
static bool
plausible(struct datagram *d, const struct packet *p)
{
	uint32_t	 to = p->frag_off + p->l4_len;

	if (p->l4_len == 0 || to > DATAGRAM_MAX ||
	    (p->frag_more && p->l4_len % 8 != 0))
		return false;
	if (d->total != 0 && (to > d->total ||
	    (!p->frag_more && to != d->total)))
		return false;
	if (!p->frag_more && d->reach > to)
		return false;
	return true;
}

/* A header without fragment fields and options, then the payload. */
static size_t
header(uint8_t *h, const struct datagram *d)
{
	uint32_t	 len = d->total;

	memset(h, 0, HEADER_MAX);
	if (d->key.version == 4) {
		len += 20;
		if (len > DATAGRAM_MAX)
			len = 0;
		h[0] = 0x45;
		h[2] = (uint8_t)(len >> 8);
		h[3] = (uint8_t)len;
		h[8] = d->ttl;
		h[9] = d->proto;
		memcpy(h + 12, d->key.src.b + 12, 4);
		memcpy(h + 16, d->key.dst.b + 12, 4);
		return 20;
	}
	h[0] = 0x60;
	h[4] = (uint8_t)(len >> 8);
	h[5] = (uint8_t)len;
	h[6] = d->proto;
	h[7] = d->ttl;
	memcpy(h + 8, d->key.src.b, 16);
	memcpy(h + 24, d->key.dst.b, 16);
	return HEADER_MAX;
}

static enum packet_reason
finish(struct frag_table *ft, struct datagram *d, struct packet *p)
{
	struct frag_part	*fp;
	struct packet		 outer = *p;
	uint8_t			*out;
	size_t			 n;

	if ((out = malloc(HEADER_MAX + (size_t)d->total)) == NULL) {
		ft->count[FRAG_NOMEM]++;
		drop(ft, d);
		return PACKET_FRAGMENT;
	}
	n = header(out, d);
	SLIST_FOREACH(fp, &d->parts, entry)
		memcpy(out + n + fp->off, fp->bytes, fp->len);
	n += d->total;
	d->frame.wirelen = 0;	/* it has become something */
	drop(ft, d);
	free(ft->out);
	ft->out = out;
	ft->count[FRAG_DONE]++;
	return packet_parse_ip(p, &outer, out, n);
}

/* What all of it had on the wire. */
static void
note(struct datagram *d, const struct packet *p)
{
	uint32_t	 wire = d->frame.wirelen;

	if (wire == 0)
		d->frame = *p;
	else
		d->frame.wirelen = wire + p->wirelen;
	d->frame.ts_us = p->ts_us;
}

static enum packet_reason
put_one(struct frag_table *ft, struct packet *p)
{
	struct datagram	*d;
	bool		 differs = false;
	int		 r;

	ft->count[FRAG_SEEN]++;
	if (p->l4_cap < p->l4_len) {
		ft->count[FRAG_TRUNCATED]++;
		lose(ft, p);
		return PACKET_FRAGMENT;
	}
	if ((d = datagram_get(ft, p)) == NULL) {
		lose(ft, p);
		return PACKET_FRAGMENT;
	}
	if (!plausible(d, p)) {
		ft->count[FRAG_BAD]++;
		lose(ft, p);
		if (d->nparts == 0)
			drop(ft, d);
		return PACKET_FRAGMENT;
	}
	note(d, p);
	r = place_bytes(ft, d, p->frag_off, p->l4, p->l4_len, &differs);
	if (r > 0)
		ft->count[FRAG_OVERLAP]++;
	if (differs)
		ft->count[FRAG_CONFLICT]++;
	if (r == -1 || (differs && p->version == 6)) {
		drop(ft, d);
		return PACKET_FRAGMENT;
	}
	if (d->reach < p->frag_off + p->l4_len)
		d->reach = p->frag_off + p->l4_len;
	if (!p->frag_more)
		d->total = p->frag_off + p->l4_len;
	if (p->frag_off == 0) {
		d->proto = p->proto;
		d->ttl = p->ttl;
	}
	if (d->total == 0 || d->have < d->total)
		return PACKET_FRAGMENT;
	p->wirelen = d->frame.wirelen;
	return finish(ft, d, p);
}

enum packet_reason
frag_put(struct frag_table *ft, struct packet *p)
{
	enum packet_reason	 why = PACKET_FRAGMENT;
	struct packet		 copy = *p;
	unsigned		 i;

	frag_tick(ft, p->ts_us);
	for (i = 0; i <= PACKET_DEPTH_MAX; i++) {
		uint64_t	 done = ft->count[FRAG_DONE];

		why = put_one(ft, p);
		if (why != PACKET_FRAGMENT || ft->count[FRAG_DONE] == done)
			break;
	}
	if (why == PACKET_FRAGMENT)
		*p = copy;
	return why;
}

void
frag_tick(struct frag_table *ft, uint64_t now_us)
{
	struct datagram	*d;

	while ((d = TAILQ_FIRST(&ft->age)) != NULL) {
		if (now_us < d->first_us ||
		    now_us - d->first_us < FRAG_TIMEOUT_US)
			break;
		ft->count[FRAG_TIMEOUT]++;
		drop(ft, d);
	}
}

void
frag_flush(struct frag_table *ft)
{
	struct datagram	*d;

	while ((d = TAILQ_FIRST(&ft->age)) != NULL) {
		ft->count[FRAG_TIMEOUT]++;
		drop(ft, d);
	}
}

uint64_t
frag_count(const struct frag_table *ft, enum frag_count c)
{
	return ft->count[c];
}

static const char	*const count_text[] = {
#define M(name, text, help)	[FRAG_##name] = text,
	FRAG_COUNTS(M)
#undef M
};

const char *
frag_count_name(enum frag_count c)
{
	return count_text[c];
}
