#include <string.h>

#include "analyzer/be.h"
#include "analyzer/sha256.h"

#define BLOCK		64
#define LABEL_MAX	32

static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

static uint32_t
turn(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void
compress(uint32_t h[8], const uint8_t *p)
{
	uint32_t	 w[64], x, y;
	uint32_t	 s0 = h[0], s1 = h[1], s2 = h[2], s3 = h[3];
	uint32_t	 s4 = h[4], s5 = h[5], s6 = h[6], s7 = h[7];
	unsigned	 i;

	for (i = 0; i < 16; i++)
		w[i] = be32(p + 4 * i);
	for (; i < 64; i++) {
		x = w[i - 15];
		y = w[i - 2];
		w[i] = w[i - 16] + w[i - 7] +
		    (turn(x, 7) ^ turn(x, 18) ^ x >> 3) +
		    (turn(y, 17) ^ turn(y, 19) ^ y >> 10);
	}
	for (i = 0; i < 64; i++) {
		x = s7 + (turn(s4, 6) ^ turn(s4, 11) ^ turn(s4, 25)) +
		    ((s4 & s5) ^ (~s4 & s6)) + k[i] + w[i];
		y = (turn(s0, 2) ^ turn(s0, 13) ^ turn(s0, 22)) +
		    ((s0 & s1) ^ (s0 & s2) ^ (s1 & s2));
		s7 = s6;
		s6 = s5;
		s5 = s4;
		s4 = s3 + x;
		s3 = s2;
		s2 = s1;
		s1 = s0;
		s0 = x + y;
	}
	h[0] += s0;
	h[1] += s1;
	h[2] += s2;
	h[3] += s3;
	h[4] += s4;
	h[5] += s5;
	h[6] += s6;
	h[7] += s7;
}

void
sha256_init(struct sha256 *s)
{
	static const uint32_t	 h[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
	};

	memcpy(s->h, h, sizeof(h));
	s->len = 0;
}

void
sha256_add(struct sha256 *s, const void *data, size_t len)
{
	const uint8_t	*p = data;
	size_t		 at, n;

	for (; len > 0; p += n, len -= n) {
		at = s->len % BLOCK;
		n = BLOCK - at < len ? BLOCK - at : len;
		memcpy(s->block + at, p, n);
		s->len += n;
		if (at + n == BLOCK)
			compress(s->h, s->block);
	}
}

void
sha256_end(struct sha256 *s, uint8_t out[SHA256_LEN])
{
	static const uint8_t	 pad[BLOCK] = { 0x80 };
	uint64_t		 bits = s->len * 8;
	uint8_t			 tail[8];
	unsigned		 i;

	sha256_add(s, pad, 1 + (BLOCK + 55 - s->len % BLOCK) % BLOCK);
	put_be32(tail, (uint32_t)(bits >> 32));
	put_be32(tail + 4, (uint32_t)bits);
	sha256_add(s, tail, sizeof(tail));
	for (i = 0; i < 8; i++)
		put_be32(out + 4 * i, s->h[i]);
}

static void
padded(struct sha256 *s, const uint8_t key[BLOCK], uint8_t pad)
{
	uint8_t		 block[BLOCK];
	unsigned	 i;

	for (i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ pad;
	sha256_init(s);
	sha256_add(s, block, BLOCK);
}

void
sha256_hmac_key(struct sha256_hmac *m, const void *key, size_t len)
{
	struct sha256	 s;
	uint8_t		 block[BLOCK] = { 0 };

	if (len > BLOCK) {
		sha256_init(&s);
		sha256_add(&s, key, len);
		sha256_end(&s, block);
	} else if (len > 0)
		memcpy(block, key, len);
	padded(&m->inner, block, 0x36);
	padded(&m->outer, block, 0x5c);
}

void
sha256_hmac(const struct sha256_hmac *m, const void *data, size_t len,
    uint8_t out[SHA256_LEN])
{
	struct sha256	 s = m->inner;

	sha256_add(&s, data, len);
	sha256_end(&s, out);
	s = m->outer;
	sha256_add(&s, out, SHA256_LEN);
	sha256_end(&s, out);
}

void
sha256_expand(const struct sha256_hmac *m, const char *label, uint8_t *out,
    size_t n)
{
	static const char	 prefix[] = "tls13 ";
	uint8_t			 info[3 + 6 + LABEL_MAX + 2], sum[SHA256_LEN];
	size_t			 len = strlen(label), at = 0;

	if (len > LABEL_MAX || n > SHA256_LEN)
		return;
	info[at++] = 0;
	info[at++] = (uint8_t)n;
	info[at++] = (uint8_t)(6 + len);
	memcpy(info + at, prefix, 6);
	at += 6;
	memcpy(info + at, label, len);
	at += len;
	info[at++] = 0;		/* no context */
	info[at++] = 1;		/* the first block of HKDF-Expand */
	sha256_hmac(m, info, at, sum);
	memcpy(out, sum, n);
}
