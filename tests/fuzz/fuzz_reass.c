#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/flow.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static volatile uint8_t	 sink;		/* what is read is used */

#define RECORD	8		/* bytes before the payload of a packet */

/* What the readers of one input are like. */
struct how {
	struct mem	*mem;
	size_t		 cost;		/* bytes of a reader */
	uint8_t		 data;		/* calls until it has enough; 0: ever */
};

/* A reader that demands the contract: every offset once and in order. */
struct reader {
	const struct how *how;
	uint64_t	 next[2];
	unsigned	 started[2];
	unsigned	 ended[2];
	unsigned	 left;		/* data calls until it has enough */
};

static int	 readers;

static void *
on_open(void *arg, struct flow *f, uint64_t ts)
{
	const struct how	*how = arg;
	struct reader		*r;

	(void)ts;
	if ((how->data == 7 && flow_id(f) % 3 == 0) ||
	    !mem_take(how->mem, MEM_SESSIONS, how->cost))
		return NULL;
	if ((r = calloc(1, sizeof(*r))) == NULL)
		abort();
	r->how = how;
	r->left = how->data == 0 ? 1000000 : how->data;
	readers++;
	return r;
}

static enum flow_want
step(struct reader *r, int dir, uint64_t off, uint64_t len)
{
	if (len == 0 || r->ended[dir] || (r->started[dir] &&
	    off != r->next[dir]))
		abort();
	r->started[dir] = 1;
	r->next[dir] = off + len;
	if (r->left-- > 0)
		return FLOW_WANT;
	r->left = 0;
	return off & 1 ? FLOW_SKIP : FLOW_DONE;
}

static enum flow_want
on_data(void *arg, int dir, uint64_t off, const uint8_t *p, size_t len,
    uint64_t ts, uint64_t acked)
{
	size_t			 i;

	(void)ts;
	(void)acked;
	for (i = 0; i < len; i++)
		sink ^= p[i];
	return step(arg, dir, off, len);
}

static enum flow_want
on_gap(void *arg, int dir, uint64_t off, uint64_t len, uint64_t ts,
    enum reass_why why)
{
	(void)ts;
	(void)why;
	return step(arg, dir, off, len);
}

static void
on_eof(void *arg, int dir, enum flow_how how, uint64_t ts)
{
	struct reader	*r = arg;

	(void)how;
	(void)ts;
	if (r->ended[dir]++)
		abort();
}

static void
on_free(void *arg)
{
	struct reader	*r = arg;

	mem_give(r->how->mem, MEM_SESSIONS, r->how->cost);
	readers--;
	free(r);
}

static void
visit(void *arg, struct flow *f)
{
	struct flow_info	 i;

	flow_info(arg, f, &i);
}

/* One record: tuple and place, flags, seq, ack, time, length. */
static void
make(struct packet *p, const uint8_t *d, uint64_t *now)
{
	uint8_t	 who = d[0];

	memset(p, 0, sizeof(*p));
	*now += (uint64_t)(int64_t)((int8_t)d[6] * 2000);
	p->ts_us = *now;
	p->iface = who >> 6;
	p->version = 4;
	p->ttl = (uint8_t)(60 + (who >> 6));
	addr_from4(&p->key.a.addr, (const uint8_t[4]){ 10, 0, 0,
	    who & 2 ? 1 : 3 });
	addr_from4(&p->key.b.addr, (const uint8_t[4]){ 10, 0, 0, 2 });
	p->key.a.port = (uint16_t)(1000 + (who >> 2 & 15));
	p->key.b.port = 80;
	p->flags = d[1] & 0x3f;
	p->seq = 0xffffff00U + d[2] + (d[3] & 0x80 ? 0x40000000U * (d[3] & 3) :
	    (uint32_t)(d[3] & 15) * 256);
	p->ack = 0xffffff00U + d[4] + (uint32_t)(d[3] >> 4 & 7) * 64;
	p->win = (uint16_t)(d[5] * 257);
	p->wscale = d[1] & 0x80 ? PACKET_NO_WSCALE : d[5] % 15;
	if (who & 1) {
		struct endpoint	 e = p->key.a;

		p->key.a = p->key.b;
		p->key.b = e;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *d, size_t n)
{
	static const struct hash_key	 key = { 5, 6 };
	static const struct flow_ops	 ops;
	static const struct flow_feed	 fd = { on_open, on_data, on_gap,
					    on_eof, on_free, NULL };
	struct flow_config		 c;
	struct mem			 mem;
	struct flow_table		*t;
	struct packet			 p;
	struct how			 how = { &mem, 64, 0 };
	uint8_t				 conf[2];
	uint64_t			 now = 1ULL << 40, cursor = 0;
	uint32_t			 len;

	if (n < 2)
		return 0;
	memcpy(conf, d, 2);
	how.data = conf[1];
	if (conf[0] & 8)
		how.cost = 20000;	/* those of a few make it shed */
	memset(&mem, 0, sizeof(mem));
	mem.limit = 1 << 20;
	flow_config_default(&c);
	c.reass_bytes = 64 + conf[0] % 16 * 64;
	c.reass_segs = 1 + conf[0] / 16;
	c.max_flows = conf[0] & 1 ? 2 : 0;
	if ((t = flow_table_new(&c, &key, &mem, &ops, &fd, &how)) == NULL)
		abort();
	/* Little more than the first entries take. */
	if (conf[0] & (2 | 8))
		mem.limit = mem.used + 440000 + (uint64_t)conf[1] * 256;
	for (d += 2, n -= 2; n >= RECORD; d += len, n -= len) {
		make(&p, d, &now);
		len = d[7];
		d += RECORD;
		n -= RECORD;
		p.wire = len & 0x3f;
		len &= 0x3f;
		if (len > n)
			len = (uint32_t)n;
		p.payload = d;
		p.len = len;
		p.l4_len = 20 + p.wire;
		if (d[-1] & 0x40)
			p.marks = PACKET_IPSUM_GOOD;
		else if (d[-1] & 0x80)
			p.marks = PACKET_IPSUM_BAD;
		(void)flow_packet(t, &p);
	}
	(void)flow_walk(t, &cursor, 4096, visit, t);
	flow_tick(t, now + 100000);
	if (conf[0] & 4)
		flow_flush(t, now);
	flow_table_free(t);
	if (mem.used != 0 || readers != 0)
		abort();
	return 0;
}
