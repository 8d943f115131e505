/*
 * bench_flow: ns per packet through flow_packet, and bytes held per flow,
 * with 1 k, 100 k and 1 M live connections, visited in random order; a reader
 * that wants everything, and one that wants nothing. Fixed seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/flow.h"

#define PACKETS	4000000
#define AHEAD	8		/* packets parsed before they are used */

static uint64_t	 readers;
static enum flow_want	 want;

static void *
on_open(void *arg, struct flow *f, uint64_t ts)
{
	(void)f;
	(void)ts;
	readers++;
	return arg;
}

static enum flow_want
on_data(void *r, int dir, uint64_t off, const uint8_t *p, size_t n,
    uint64_t ts, uint64_t acked)
{
	(void)r;
	(void)dir;
	(void)off;
	(void)p;
	(void)n;
	(void)ts;
	(void)acked;
	return want;
}

static enum flow_want
on_gap(void *r, int dir, uint64_t off, uint64_t n, uint64_t ts,
    enum reass_why why)
{
	(void)r;
	(void)dir;
	(void)off;
	(void)n;
	(void)ts;
	(void)why;
	return want;
}

static void
on_eof(void *r, int dir, enum flow_how how, uint64_t ts)
{
	(void)r;
	(void)dir;
	(void)how;
	(void)ts;
}

static void
on_free(void *r)
{
	(void)r;
	readers--;
}

static uint64_t
now_ns(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* A frame of connection i: 14 + 20 + 20 bytes and a payload. */
static size_t
frame(uint8_t *b, uint32_t i, int dir, uint8_t flags, uint32_t seq,
    uint32_t ack, size_t len)
{
	uint32_t	 total = (uint32_t)(40 + len);
	uint8_t		*ip = b + 14, *tcp = ip + 20;
	uint8_t		 cl[4] = { 10, (uint8_t)(i >> 24), (uint8_t)(i >> 16),
			    (uint8_t)(i >> 8) };
	const uint8_t	 sv[4] = { 192, 0, 2, 1 };
	uint16_t	 port = (uint16_t)(1024 + (i & 255)), p[2];

	memset(b, 0, 54);
	b[12] = 8;
	ip[0] = 0x45;
	ip[2] = (uint8_t)(total >> 8);
	ip[3] = (uint8_t)total;
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, dir == 0 ? cl : sv, 4);
	memcpy(ip + 16, dir == 0 ? sv : cl, 4);
	p[0] = dir == 0 ? port : 80;
	p[1] = dir == 0 ? 80 : port;
	tcp[0] = (uint8_t)(p[0] >> 8);
	tcp[1] = (uint8_t)p[0];
	tcp[2] = (uint8_t)(p[1] >> 8);
	tcp[3] = (uint8_t)p[1];
	seq = __builtin_bswap32(seq);
	ack = __builtin_bswap32(ack);
	memcpy(tcp + 4, &seq, 4);
	memcpy(tcp + 8, &ack, 4);
	tcp[12] = 0x50;
	tcp[13] = flags;
	tcp[14] = 0xff;
	return 54 + len;
}

static void
one(struct flow_table *t, const uint8_t *b, size_t n, uint64_t ts)
{
	struct packet	 p;

	p.ts_us = ts;
	p.wirelen = (uint32_t)n;
	p.iface = 0;
	p.dlt = PACKET_DLT_EN10MB;
	p.closed = 0;
	if (packet_parse(&p, b, n) == PACKET_OK)
		(void)flow_packet(t, &p);
}

static uint64_t
xorshift(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Packets of random connections; with a look ahead when prefetch is set. */
static double
visit(struct flow_table *t, uint32_t flows, uint32_t *seq, size_t len,
    uint64_t *ts, bool prefetch)
{
	static uint8_t	 b[AHEAD][2048];
	struct packet	 p[AHEAD];
	const struct flow *f[AHEAD];
	uint64_t	 rnd = 88172645463325252ULL, spent = 0, t0;
	uint32_t	 i, k, n;

	for (n = 0; n < PACKETS; n += AHEAD) {
		for (k = 0; k < AHEAD; k++) {
			i = (uint32_t)(xorshift(&rnd) % flows);
			frame(b[k], i, 0, PACKET_TCP_ACK, seq[i], 2001, len);
			seq[i] += (uint32_t)len;
			p[k].ts_us = ++*ts;
			p[k].wirelen = (uint32_t)(54 + len);
			p[k].iface = 0;
			p[k].dlt = PACKET_DLT_EN10MB;
			p[k].closed = 0;
		}
		t0 = now_ns();
		for (k = 0; k < AHEAD; k++) {
			(void)packet_parse(&p[k], b[k], 54 + len);
			if (prefetch)
				flow_expect(t, &p[k]);
		}
		for (k = 0; k < AHEAD && prefetch; k++)
			f[k] = flow_expect_entry(t, &p[k]);
		for (k = 0; k < AHEAD && prefetch; k++)
			if (f[k] != NULL)
				(void)flow_expect_reader(t, f[k], &p[k]);
		for (k = 0; k < AHEAD; k++)
			(void)flow_packet(t, &p[k]);
		spent += now_ns() - t0;
	}
	return (double)spent / PACKETS;
}

static void
run(uint32_t flows, size_t len, enum flow_want w)
{
	static const struct hash_key	 key = { 1, 2 };
	static const struct flow_ops	 ops;
	static const struct flow_feed	 fd = { on_open, on_data, on_gap,
					    on_eof, on_free, NULL };
	struct flow_config		 c;
	struct mem			 mem = { .limit = 4ULL << 30 };
	struct flow_table		*t;
	uint8_t				 b[2048];
	uint32_t			*seq, i;
	uint64_t			 ts = 1000000, t0, max = 0, d;
	double				 set, plain, ahead;

	flow_config_default(&c);
	t = flow_table_new(&c, &key, &mem, &ops, &fd, &readers);
	seq = calloc(flows, sizeof(*seq));
	want = w;
	t0 = now_ns();
	for (i = 0; i < flows; i++) {
		d = now_ns();
		one(t, b, frame(b, i, 0, PACKET_TCP_SYN, 1000, 0, 0), ++ts);
		one(t, b, frame(b, i, 1, PACKET_TCP_SYN | PACKET_TCP_ACK, 2000,
		    1001, 0), ++ts);
		one(t, b, frame(b, i, 0, PACKET_TCP_ACK, 1001, 2001, 0), ++ts);
		one(t, b, frame(b, i, 0, PACKET_TCP_ACK, 1001, 2001, 64),
		    ++ts);
		seq[i] = 1065;
		d = now_ns() - d;
		if (d > max)
			max = d;
	}
	set = (double)(now_ns() - t0) / flows;
	plain = visit(t, flows, seq, len, &ts, false);
	ahead = visit(t, flows, seq, len, &ts, true);
	printf("flows %7u payload %4zu %s: %5.0f ns/packet, %5.0f with "
	    "prefetch; %4.0f bytes/flow; set up %5.0f ns, worst %4.0f us\n",
	    flows, len, w == FLOW_WANT ? "read  " : "unread", plain, ahead,
	    (double)mem.used / flows, set, (double)max / 1000);
	flow_table_free(t);
	free(seq);
}

int
main(void)
{
	static const uint32_t	 flows[] = { 1000, 100000, 1000000 };
	size_t			 i;

	for (i = 0; i < 3; i++) {
		run(flows[i], 64, FLOW_WANT);
		run(flows[i], 64, FLOW_DONE);
		run(flows[i], 1400, FLOW_WANT);
	}
	return 0;
}
