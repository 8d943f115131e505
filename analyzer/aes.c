#include <string.h>

#include "analyzer/aes.h"
#include "analyzer/be.h"

static const uint8_t sbox[256] = {
	0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67, 0x2b,
	0xfe, 0xd7, 0xab, 0x76, 0xca, 0x82, 0xc9, 0x7d, 0xfa, 0x59, 0x47, 0xf0,
	0xad, 0xd4, 0xa2, 0xaf, 0x9c, 0xa4, 0x72, 0xc0, 0xb7, 0xfd, 0x93, 0x26,
	0x36, 0x3f, 0xf7, 0xcc, 0x34, 0xa5, 0xe5, 0xf1, 0x71, 0xd8, 0x31, 0x15,
	0x04, 0xc7, 0x23, 0xc3, 0x18, 0x96, 0x05, 0x9a, 0x07, 0x12, 0x80, 0xe2,
	0xeb, 0x27, 0xb2, 0x75, 0x09, 0x83, 0x2c, 0x1a, 0x1b, 0x6e, 0x5a, 0xa0,
	0x52, 0x3b, 0xd6, 0xb3, 0x29, 0xe3, 0x2f, 0x84, 0x53, 0xd1, 0x00, 0xed,
	0x20, 0xfc, 0xb1, 0x5b, 0x6a, 0xcb, 0xbe, 0x39, 0x4a, 0x4c, 0x58, 0xcf,
	0xd0, 0xef, 0xaa, 0xfb, 0x43, 0x4d, 0x33, 0x85, 0x45, 0xf9, 0x02, 0x7f,
	0x50, 0x3c, 0x9f, 0xa8, 0x51, 0xa3, 0x40, 0x8f, 0x92, 0x9d, 0x38, 0xf5,
	0xbc, 0xb6, 0xda, 0x21, 0x10, 0xff, 0xf3, 0xd2, 0xcd, 0x0c, 0x13, 0xec,
	0x5f, 0x97, 0x44, 0x17, 0xc4, 0xa7, 0x7e, 0x3d, 0x64, 0x5d, 0x19, 0x73,
	0x60, 0x81, 0x4f, 0xdc, 0x22, 0x2a, 0x90, 0x88, 0x46, 0xee, 0xb8, 0x14,
	0xde, 0x5e, 0x0b, 0xdb, 0xe0, 0x32, 0x3a, 0x0a, 0x49, 0x06, 0x24, 0x5c,
	0xc2, 0xd3, 0xac, 0x62, 0x91, 0x95, 0xe4, 0x79, 0xe7, 0xc8, 0x37, 0x6d,
	0x8d, 0xd5, 0x4e, 0xa9, 0x6c, 0x56, 0xf4, 0xea, 0x65, 0x7a, 0xae, 0x08,
	0xba, 0x78, 0x25, 0x2e, 0x1c, 0xa6, 0xb4, 0xc6, 0xe8, 0xdd, 0x74, 0x1f,
	0x4b, 0xbd, 0x8b, 0x8a, 0x70, 0x3e, 0xb5, 0x66, 0x48, 0x03, 0xf6, 0x0e,
	0x61, 0x35, 0x57, 0xb9, 0x86, 0xc1, 0x1d, 0x9e, 0xe1, 0xf8, 0x98, 0x11,
	0x69, 0xd9, 0x8e, 0x94, 0x9b, 0x1e, 0x87, 0xe9, 0xce, 0x55, 0x28, 0xdf,
	0x8c, 0xa1, 0x89, 0x0d, 0xbf, 0xe6, 0x42, 0x68, 0x41, 0x99, 0x2d, 0x0f,
	0xb0, 0x54, 0xbb, 0x16
};

static uint32_t
turn(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* Times x in GF(2^8), each of the four bytes. */
static uint32_t
times2(uint32_t w)
{
	return (w & 0x7f7f7f7f) << 1 ^ (w >> 7 & 0x01010101) * 0x1b;
}

static uint32_t
substitute(uint32_t w)
{
	return (uint32_t)sbox[w >> 24] << 24 |
	    (uint32_t)sbox[w >> 16 & 255] << 16 |
	    (uint32_t)sbox[w >> 8 & 255] << 8 | sbox[w & 255];
}

void
aes_init(struct aes *a, const uint8_t key[AES_KEY])
{
	uint32_t	*w = &a->round[0][0], t, round = 1;
	unsigned	 i;

	for (i = 0; i < 4; i++)
		w[i] = be32(key + 4 * i);
	for (; i < 44; i++) {
		t = w[i - 1];
		if (i % 4 == 0) {
			t = substitute(turn(t, 8)) ^ round << 24;
			round = times2(round);
		}
		w[i] = w[i - 4] ^ t;
	}
}

/* SubBytes and ShiftRows: a column out of the four that it comes from. */
static uint32_t
column(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return (uint32_t)sbox[a >> 24] << 24 |
	    (uint32_t)sbox[b >> 16 & 255] << 16 |
	    (uint32_t)sbox[c >> 8 & 255] << 8 | sbox[d & 255];
}

static uint32_t
mix(uint32_t w)
{
	uint32_t	 d = times2(w);

	return d ^ turn(w ^ d, 8) ^ turn(w, 16) ^ turn(w, 24);
}

void
aes_encrypt(const struct aes *a, const uint8_t in[AES_BLOCK],
    uint8_t out[AES_BLOCK])
{
	const uint32_t	*k = a->round[0];
	uint32_t	 s, t, u, v, w, x, y;
	unsigned	 r;

	s = be32(in) ^ k[0];
	t = be32(in + 4) ^ k[1];
	u = be32(in + 8) ^ k[2];
	v = be32(in + 12) ^ k[3];
	for (r = 1; r < 10; r++) {
		k = a->round[r];
		w = mix(column(s, t, u, v)) ^ k[0];
		x = mix(column(t, u, v, s)) ^ k[1];
		y = mix(column(u, v, s, t)) ^ k[2];
		v = mix(column(v, s, t, u)) ^ k[3];
		s = w;
		t = x;
		u = y;
	}
	k = a->round[10];
	put_be32(out, column(s, t, u, v) ^ k[0]);
	put_be32(out + 4, column(t, u, v, s) ^ k[1]);
	put_be32(out + 8, column(u, v, s, t) ^ k[2]);
	put_be32(out + 12, column(v, s, t, u) ^ k[3]);
}

static void
key_stream(const struct aes *a, const uint8_t nonce[AES_NONCE], uint32_t n,
    uint8_t out[AES_BLOCK])
{
	uint8_t	 block[AES_BLOCK];

	memcpy(block, nonce, AES_NONCE);
	put_be32(block + AES_NONCE, n);
	aes_encrypt(a, block, out);
}

void
aes_gcm_crypt(const struct aes *a, const uint8_t nonce[AES_NONCE],
    uint32_t block, const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t	 s[AES_BLOCK];
	size_t	 i, n;

	for (; len > 0; len -= n, in += n, out += n) {
		key_stream(a, nonce, 2 + block++, s);
		n = len < AES_BLOCK ? len : AES_BLOCK;
		for (i = 0; i < n; i++)
			out[i] = in[i] ^ s[i];
	}
}

/* An element of GF(2^128); its first bit is the highest one of hi. */
struct element {
	uint64_t	 hi;
	uint64_t	 lo;
};

struct ghash {
	struct element	 times[16];	/* of the key, by four bits */
	struct element	 sum;
};

static struct element
element(const uint8_t p[AES_BLOCK])
{
	return (struct element){ (uint64_t)be32(p) << 32 | be32(p + 4),
	    (uint64_t)be32(p + 8) << 32 | be32(p + 12) };
}

/* Times x: the bits move towards the end. */
static struct element
shift(struct element e)
{
	uint64_t	 out = e.lo & 1;

	e.lo = e.lo >> 1 | e.hi << 63;
	e.hi = e.hi >> 1 ^ out * 0xe100000000000000ULL;
	return e;
}

static void
ghash_init(struct ghash *g, const struct aes *a)
{
	static const uint8_t	 zero[AES_BLOCK];
	uint8_t			 key[AES_BLOCK];
	unsigned		 i, k;

	memset(g, 0, sizeof(*g));
	aes_encrypt(a, zero, key);
	g->times[8] = element(key);	/* the first bit is the highest */
	for (i = 4; i > 0; i /= 2)
		g->times[i] = shift(g->times[2 * i]);
	for (i = 2; i < 16; i *= 2)
		for (k = 1; k < i; k++) {
			g->times[i + k].hi = g->times[i].hi ^ g->times[k].hi;
			g->times[i + k].lo = g->times[i].lo ^ g->times[k].lo;
		}
}

/* The sum times the key, by four bits from the last ones on. */
static void
ghash_times(struct ghash *g)
{
	/* what four bits that fall out at the end add at the beginning */
	static const uint16_t	 fallen[16] = {
		0x0000, 0x1c20, 0x3840, 0x2460, 0x7080, 0x6ca0, 0x48c0, 0x54e0,
		0xe100, 0xfd20, 0xd940, 0xc560, 0x9180, 0x8da0, 0xa9c0, 0xb5e0
	};
	struct element		 z = { 0, 0 };
	uint64_t		 x = g->sum.lo;
	unsigned		 i, out;

	for (i = 0; i < 32; i++, x >>= 4) {
		if (i == 16)
			x = g->sum.hi;
		out = z.lo & 15;
		z.lo = z.lo >> 4 | z.hi << 60;
		z.hi = z.hi >> 4 ^ (uint64_t)fallen[out] << 48;
		z.hi ^= g->times[x & 15].hi;
		z.lo ^= g->times[x & 15].lo;
	}
	g->sum = z;
}

static void
ghash_add(struct ghash *g, const uint8_t *p, size_t len)
{
	uint8_t		 block[AES_BLOCK];
	struct element	 e;
	size_t		 n;

	for (; len > 0; p += n, len -= n) {
		n = len < AES_BLOCK ? len : AES_BLOCK;
		if (n < AES_BLOCK) {
			memset(block, 0, sizeof(block));
			memcpy(block, p, n);
			e = element(block);
		} else
			e = element(p);
		g->sum.hi ^= e.hi;
		g->sum.lo ^= e.lo;
		ghash_times(g);
	}
}

void
aes_gcm_tag(const struct aes *a, const uint8_t nonce[AES_NONCE],
    const uint8_t *head, size_t head_len, const uint8_t *in, size_t len,
    uint8_t tag[AES_BLOCK])
{
	struct ghash	 g;
	uint8_t		 s[AES_BLOCK], sum[AES_BLOCK];
	unsigned	 i;

	ghash_init(&g, a);
	ghash_add(&g, head, head_len);
	ghash_add(&g, in, len);
	g.sum.hi ^= (uint64_t)head_len * 8;
	g.sum.lo ^= (uint64_t)len * 8;
	ghash_times(&g);
	put_be32(sum, (uint32_t)(g.sum.hi >> 32));
	put_be32(sum + 4, (uint32_t)g.sum.hi);
	put_be32(sum + 8, (uint32_t)(g.sum.lo >> 32));
	put_be32(sum + 12, (uint32_t)g.sum.lo);
	key_stream(a, nonce, 1, s);
	for (i = 0; i < AES_BLOCK; i++)
		tag[i] = sum[i] ^ s[i];
}
