/* QUIC: datagrams as they come, and sealed ones with any frames. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/quichello.h"
#include "tests/lib/quicgen.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define WHOLE	0x01	/* what follows is a datagram, not frames */
#define V2	0x02
#define OTHER	0x04	/* another destination ID than at first */
#define SAME	0x08	/* but its keys are the old ones */
#define SERVER	0x10	/* from the other side */
#define LONG	0x20	/* 16 bytes for each in the length */

static size_t	 longest;

static void
told(void *arg, const struct packet *p, const struct quic_hello *h)
{
	uint8_t	 name[255];

	(void)arg;
	(void)p;
	if (h->id == 0 || h->tls->nalpn > TLS_ALPN_MAX)
		abort();
	if (tls_name(h->tls, name, sizeof(name)) > longest)
		longest = h->tls->name.len;
}

static void
make(struct quicgen *g, unsigned how, const uint8_t *d, size_t len)
{
	static struct quicgen	 f;
	struct quicgen_head	 h = { .version = QUIC_V1 };
	struct quic_keys	 k;
	struct quic_cid		 first = quicgen_cid("12345678");

	g->len = f.len = 0;
	if (how & WHOLE) {
		quicgen_bytes(g, d, len);
		return;
	}
	if (how & V2)
		h.version = QUIC_V2;
	h.dst = how & OTHER ? quicgen_cid("other") : first;
	h.src = quicgen_cid("me");
	if (how & SAME) {
		quic_keys(&k, h.version, &first);
		h.keys = &k;
	}
	quicgen_bytes(&f, d, len);
	memset(f.p + len, 0, 4);
	if (f.len < 4)
		f.len = 4;
	quicgen_initial(g, &h, &f);
}

static void
put(struct quichello *t, const struct quicgen *g, unsigned how, uint64_t now)
{
	struct packet	 p;
	uint8_t		*copy;

	if (g->len == 0 || (copy = malloc(g->len)) == NULL)
		return;
	memcpy(copy, g->p, g->len);
	memset(&p, 0, sizeof(p));
	p.ts_us = now;
	p.key.a.port = how & SERVER ? 443 : 50000;
	p.key.b.port = how & SERVER ? 50000 : 443;
	p.payload = copy;
	p.len = p.wire = (uint32_t)g->len;
	quichello_put(t, &p);
	free(copy);
}

/*
 * A list of datagrams, each after three bytes: how it is made, time passed,
 * length. The first byte of all: how little memory there is.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *d, size_t n)
{
	static const struct hash_key	 key = { 3, 4 };
	static struct quicgen		 g;
	struct mem			 mem;
	struct quichello		*t;
	uint64_t			 now = 1;
	size_t				 len;
	unsigned			 how;

	if (n < 1)
		return 0;
	memset(&mem, 0, sizeof(mem));
	mem.limit = 400000 + (uint64_t)d[0] * 256;
	if ((t = quichello_new(&mem, &key, 65536, told, NULL)) == NULL)
		return 0;
	for (d++, n--; n > 3; d += len, n -= len) {
		how = d[0];
		now += (uint64_t)d[1] * d[1] * 1000;
		len = d[2] * (how & LONG ? 16U : 1U);
		d += 3;
		n -= 3;
		if (len > n)
			len = n;
		make(&g, how, d, len);
		put(t, &g, how, now);
	}
	quichello_free(t);
	if (mem.used != 0)
		abort();
	return 0;
}
