#include <stdlib.h>
#include <string.h>

#include "tests/lib/pcapgen.h"

static void
put16(uint8_t *d, uint32_t v)
{
	d[0] = (uint8_t)(v >> 8);
	d[1] = (uint8_t)v;
}

static void
put32(uint8_t *d, uint32_t v)
{
	put16(d, v >> 16);
	put16(d + 2, v);
}

static uint32_t
sum(const uint8_t *d, size_t n, uint32_t s)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		s += i & 1 ? d[i] : (uint32_t)d[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

void
pcapgen_set(struct pcapgen *g, const void *p, size_t n)
{
	if (n > PCAPGEN_MAX)
		abort();
	g->p = g->mem + PCAPGEN_ROOM;
	g->len = n;
	if (n > 0)
		memcpy(g->p, p, n);
}

void
pcapgen_front(struct pcapgen *g, const void *p, size_t n)
{
	if (g->p - g->mem < (ptrdiff_t)n)
		abort();
	g->p -= n;
	g->len += n;
	memcpy(g->p, p, n);
}

void
pcapgen_ether(struct pcapgen *g, uint16_t type)
{
	uint8_t	 h[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	put16(h + 12, type);
	pcapgen_front(g, h, sizeof(h));
}

void
pcapgen_udp(struct pcapgen *g, uint16_t sport, uint16_t dport)
{
	uint8_t	 h[8] = { 0 };

	put16(h, sport);
	put16(h + 2, dport);
	put16(h + 4, (uint32_t)g->len + 8);
	pcapgen_front(g, h, sizeof(h));
}

static void
ip4(struct pcapgen *g, uint8_t src, uint8_t dst, uint8_t proto, uint8_t ttl,
    uint16_t frag, uint16_t id)
{
	uint8_t	 h[20] = { 0x45 };

	put16(h + 2, (uint32_t)g->len + 20);
	put16(h + 4, id);
	put16(h + 6, frag);
	h[8] = ttl;
	h[9] = proto;
	h[12] = h[16] = 10;
	h[15] = src;
	h[19] = dst;
	put16(h + 10, ~sum(h, 20, 0) & 0xffff);
	pcapgen_front(g, h, sizeof(h));
}

static void
ip6(struct pcapgen *g, uint8_t src, uint8_t dst, uint8_t proto, uint8_t ttl)
{
	uint8_t	 h[40] = { 0x60 };

	put16(h + 4, (uint32_t)g->len);
	h[6] = proto;
	h[7] = ttl;
	h[8] = h[24] = 0xfd;
	h[23] = src;
	h[39] = dst;
	pcapgen_front(g, h, sizeof(h));
}

void
pcapgen_ip4(struct pcapgen *g, uint8_t proto, uint16_t frag, uint16_t id)
{
	ip4(g, 1, 2, proto, 64, frag, id);
}

void
pcapgen_ip6(struct pcapgen *g, uint8_t proto)
{
	ip6(g, 1, 2, proto, 64);
}

void
pcapgen_tcp(struct pcapgen *g, const struct pcapgen_seg *s)
{
	uint8_t		 h[24] = { 0 }, ph[40] = { 0 };
	size_t		 hdr = s->wscale != 0 ? 24 : 20, phl = s->v6 ? 40 : 12;
	uint8_t		 ttl = s->ttl != 0 ? s->ttl : 64;

	pcapgen_set(g, s->data, s->len);
	put16(h, s->sport);
	put16(h + 2, s->dport);
	put32(h + 4, s->seq);
	put32(h + 8, s->ack);
	h[12] = (uint8_t)(hdr / 4 << 4);
	h[13] = s->flags;
	put16(h + 14, s->win != 0 ? s->win : 65000);
	h[20] = 3;
	h[21] = 3;
	h[22] = s->wscale;
	pcapgen_front(g, h, hdr);
	if (s->v6) {
		ph[0] = ph[16] = 0xfd;
		ph[15] = s->src;
		ph[31] = s->dst;
		put32(ph + 32, (uint32_t)g->len);
		ph[39] = 6;
	} else {
		ph[0] = ph[4] = 10;
		ph[3] = s->src;
		ph[7] = s->dst;
		ph[9] = 6;
		put16(ph + 10, (uint32_t)g->len);
	}
	put16(g->p + 16, ~sum(g->p, g->len, sum(ph, phl, 0)) & 0xffff);
	if (s->v6)
		ip6(g, s->src, s->dst, 6, ttl);
	else
		ip4(g, s->src, s->dst, 6, ttl, 0x4000, s->id);
}
