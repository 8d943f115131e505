#include <string.h>

#include "mirror/community.h"

/* ---- SHA-1 (FIPS 180-4), of less than 56 bytes ---- */

static uint32_t
rol(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static void
sha1_block(uint32_t h[5], const uint8_t b[64])
{
	static const uint32_t	 k[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc,
	    0xca62c1d6 };
	uint32_t		 w[80], a[5], f, t;
	int			 i;

	for (i = 0; i < 16; i++)
		w[i] = (uint32_t)b[4 * i] << 24 | (uint32_t)b[4 * i + 1] << 16 |
		    (uint32_t)b[4 * i + 2] << 8 | b[4 * i + 3];
	for (; i < 80; i++)
		w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	memcpy(a, h, sizeof(a));
	for (i = 0; i < 80; i++) {
		f = i < 20 ? (a[1] & a[2]) | (~a[1] & a[3]) :
		    i < 40 || i >= 60 ? a[1] ^ a[2] ^ a[3] :
		    (a[1] & a[2]) | (a[1] & a[3]) | (a[2] & a[3]);
		t = rol(a[0], 5) + f + a[4] + k[i / 20] + w[i];
		a[4] = a[3];
		a[3] = a[2];
		a[2] = rol(a[1], 30);
		a[1] = a[0];
		a[0] = t;
	}
	for (i = 0; i < 5; i++)
		h[i] += a[i];
}

static void
sha1_short(const uint8_t *p, size_t n, uint8_t out[20])
{
	uint32_t	 h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe,
	    0x10325476, 0xc3d2e1f0 };
	uint8_t		 b[64] = { 0 };
	int		 i;

	memcpy(b, p, n);
	b[n] = 0x80;
	b[62] = (uint8_t)(n * 8 >> 8);
	b[63] = (uint8_t)(n * 8);
	sha1_block(h, b);
	for (i = 0; i < 20; i++)
		out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

/* RFC 4648, section 4: 20 bytes to 28 characters. */
static void
base64_20(const uint8_t in[20], char out[29])
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t		 pad[21] = { 0 };
	uint32_t	 v;
	int		 i;

	memcpy(pad, in, 20);
	for (i = 0; i < 7; i++) {
		v = (uint32_t)pad[3 * i] << 16 | (uint32_t)pad[3 * i + 1] << 8 |
		    pad[3 * i + 2];
		out[4 * i] = set[v >> 18];
		out[4 * i + 1] = set[v >> 12 & 63];
		out[4 * i + 2] = set[v >> 6 & 63];
		out[4 * i + 3] = set[v & 63];
	}
	out[27] = '=';
	out[28] = '\0';
}

void
community_id(char out[COMMUNITY_MAX], uint8_t proto,
    const struct endpoint *x, const struct endpoint *y)
{
	const struct endpoint	*e[2] = { x, y };
	uint8_t			 b[40], sum[20];
	size_t			 n, skip, i;

	if (endpoint_cmp(x, y) > 0) {
		e[0] = y;
		e[1] = x;
	}
	skip = addr_is4(&x->addr) && addr_is4(&y->addr) ? 12 : 0;
	b[0] = b[1] = 0;	/* the seed */
	n = 2;
	for (i = 0; i < 2; i++) {
		memcpy(b + n, e[i]->addr.b + skip, 16 - skip);
		n += 16 - skip;
	}
	b[n++] = proto;
	b[n++] = 0;
	for (i = 0; i < 2; i++) {
		b[n++] = (uint8_t)(e[i]->port >> 8);
		b[n++] = (uint8_t)e[i]->port;
	}
	sha1_short(b, n, sum);
	memcpy(out, "1:", 2);
	base64_20(sum, out + 2);
}
