#include <stdlib.h>
#include <string.h>

#include "analyzer/heads.h"
#include "sandbox/pcapng.h"

struct heads_rec {
	uint64_t	 us;
	uint64_t	 flow;
	union {
		uint64_t	 ts_us;
		uint64_t	 key;
	};
	union {
		uint32_t	 wire;
		uint32_t	 host;
	};
	uint16_t	 iface;
	uint16_t	 dlt;
	uint16_t	 len;		/* of the bytes behind this */
	bool		 is_mark;
	bool		 chosen;
};

void
heads_init(struct heads *h, struct mem *mem, size_t size)
{
	const size_t	 flows = HEADS_FLOWS * sizeof(*h->flow);

	memset(h, 0, sizeof(*h));
	h->mem = mem;
	size &= ~(size_t)7;
	if (size < HEADS_ROOM || !mem_take(mem, MEM_METERS, size))
		return;
	if ((h->flow = mem_table(size)) == NULL) {
		mem_give(mem, MEM_METERS, size);
		return;
	}
	h->taken = size;
	h->base = (uint8_t *)h->flow + flows;
	h->size = size - flows;
}

void
heads_clear(struct heads *h)
{
	if (h->taken > 0)
		mem_give(h->mem, MEM_METERS, h->taken);
	free(h->flow);
	memset(h, 0, sizeof(*h));
}

/* ---- the ring ---- */

static struct heads_rec *
rec_at(const struct heads *h, size_t at)
{
	return (struct heads_rec *)(void *)(h->base + at);
}

static size_t
rec_size(size_t len)
{
	return (sizeof(struct heads_rec) + len + 7) & ~(size_t)7;
}

static size_t
behind(const struct heads *h, size_t at)
{
	at += rec_size(rec_at(h, at)->len);
	return at == h->end ? 0 : at;
}

static void
drop_oldest(struct heads *h)
{
	const struct heads_rec	*r = rec_at(h, h->old);
	bool			 last = h->old + rec_size(r->len) == h->end;

	if (!r->is_mark) {
		h->lost = true;
		if (r->us >= h->since_us)
			h->since_us = r->us + 1;
	}
	if (r == h->open)
		h->open = NULL;
	h->old = behind(h, h->old);
	if (last)
		h->end = 0;
	if (--h->n == 0)
		h->old = h->at = h->end = 0;
}

/* Records lie behind the place of the next one. */
static bool
wrapped(const struct heads *h)
{
	return h->n > 0 && h->old >= h->at;
}

static struct heads_rec *
add(struct heads *h, size_t len)
{
	const size_t	 n = rec_size(len);
	struct heads_rec *r;

	if (n > h->size - h->at) {
		while (wrapped(h))
			drop_oldest(h);
		if (h->n > 0)
			h->end = h->at;
		h->at = 0;
	}
	while (wrapped(h) && h->old - h->at < n)
		drop_oldest(h);
	r = rec_at(h, h->at);
	memset(r, 0, sizeof(*r));
	r->len = (uint16_t)len;
	h->at += n;
	h->n++;
	return r;
}

void
heads_put(struct heads *h, const struct heads_packet *p)
{
	const size_t		 len = p->len < HEADS_CAP ? p->len : HEADS_CAP;
	struct heads_rec	*r;

	if (h->since_us == 0)
		h->since_us = p->us;
	r = add(h, len);
	r->us = p->us;
	r->ts_us = p->ts_us;
	r->wire = p->wire;
	r->iface = p->iface;
	r->dlt = p->dlt;
	memcpy(r + 1, p->p, len);
	h->open = r;
}

void
heads_own(struct heads *h, uint64_t flow)
{
	if (h->open != NULL)
		h->open->flow = flow;
	h->open = NULL;
}

void
heads_mark(struct heads *h, uint64_t us, uint64_t flow, uint64_t key,
    uint32_t host)
{
	struct heads_rec	*r;

	r = add(h, 0);
	r->us = us;
	r->flow = flow;
	r->key = key;
	r->host = host;
	r->is_mark = true;
}

/* ---- choosing ---- */

static bool
marks(const struct heads_rec *r, const struct heads_want *w, uint32_t host)
{
	return r->is_mark && r->us >= w->from_us && r->key == w->key &&
	    (host == 0 || r->host == host);
}

static int
compare(const void *a, const void *b)
{
	const uint64_t	 x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The connections with such a mark, each once and in order. */
static size_t
collect(struct heads *h, const struct heads_want *w, uint32_t host,
    bool *some)
{
	const struct heads_rec	*r;
	size_t			 i, k, at, n = 0;

	for (i = 0, at = h->old; i < h->n; i++, at = behind(h, at)) {
		r = rec_at(h, at);
		if (marks(r, w, host))
			h->flow[n++ % HEADS_FLOWS] = r->flow;
	}
	*some = n > HEADS_FLOWS;
	if (*some)
		n = HEADS_FLOWS;
	qsort(h->flow, n, sizeof(*h->flow), compare);
	for (i = k = 0; i < n; i++)
		if (k == 0 || h->flow[i] != h->flow[k - 1])
			h->flow[k++] = h->flow[i];
	return k;
}

static bool
wanted(const struct heads *h, const struct heads_rec *r,
    const struct heads_want *w, size_t flows)
{
	if (r->is_mark || r->us < w->from_us ||
	    (w->on != NULL && !w->on(w->arg, r->iface)))
		return false;
	return w->all || (r->flow != 0 && bsearch(&r->flow, h->flow, flows,
	    sizeof(*h->flow), compare) != NULL);
}

/* Those that came first, until the others fit. */
static void
leave_out(struct heads *h, size_t cost, size_t budget, struct heads_found *f)
{
	struct heads_rec	*r;
	size_t			 at;

	for (at = h->old; cost > budget; at = behind(h, at)) {
		r = rec_at(h, at);
		if (!r->chosen)
			continue;
		r->chosen = false;
		cost -= PCAPNG_PACKET(r->len);
		f->packets--;
		f->left_out++;
	}
}

void
heads_choose(struct heads *h, const struct heads_want *w,
    struct heads_found *f)
{
	struct heads_rec	*r;
	size_t			 i, at, cost = 0;

	memset(f, 0, sizeof(*f));
	f->since_us = h->since_us > w->from_us ? h->since_us : w->from_us;
	if (!w->all && w->host != 0) {
		f->flows = collect(h, w, w->host, &f->some);
		f->of_host = f->flows > 0;
	}
	if (!w->all && !f->of_host)
		f->flows = collect(h, w, 0, &f->some);
	for (i = 0, at = h->old; i < h->n; i++, at = behind(h, at)) {
		r = rec_at(h, at);
		r->chosen = wanted(h, r, w, f->flows);
		if (!r->chosen)
			continue;
		f->packets++;
		cost += PCAPNG_PACKET(r->len);
	}
	leave_out(h, cost, w->budget, f);
}

bool
heads_next(const struct heads *h, struct heads_cursor *c,
    struct heads_packet *p)
{
	const struct heads_rec	*r;

	if (c->i == 0)
		c->at = h->old;
	while (c->i < h->n) {
		r = rec_at(h, c->at);
		c->i++;
		c->at = behind(h, c->at);
		if (!r->chosen)
			continue;
		p->us = r->us;
		p->ts_us = r->ts_us;
		p->wire = r->wire;
		p->iface = r->iface;
		p->dlt = r->dlt;
		p->len = r->len;
		p->p = (const uint8_t *)(r + 1);
		return true;
	}
	return false;
}
