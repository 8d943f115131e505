#include <string.h>

#include "tests/lib/quicgen.h"

struct quic_cid
quicgen_cid(const char *text)
{
	struct quic_cid	 c = { 0 };

	c.len = (uint8_t)strlen(text);
	memcpy(c.b, text, c.len);
	return c;
}

static uint8_t *
put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

size_t
quicgen_hello(uint8_t *out, const char *name, uint8_t seed, size_t len)
{
	size_t	 n = strlen(name), pad, ext;
	uint8_t	*p = out;

	memset(out, seed, 38);
	ext = (n > 0 ? 9 + n : 0) + 9 + 7;	/* name, ALPN, versions */
	pad = len > 51 + ext ? len - 47 - ext : 4;
	ext += pad;
	*p++ = 1;
	*p++ = 0;
	p = put16(p, 41 + 6 + ext - 4);
	p = put16(p, 0x0303) + 32;
	memcpy(p, "\0\0\2\x13\1\1\0", 7);	/* no session, one cipher */
	p = put16(p + 7, ext);
	if (n > 0) {
		p = put16(p, 0);
		p = put16(p, n + 5);
		p = put16(p, n + 3);
		*p++ = 0;
		p = put16(p, n);
		memcpy(p, name, n);
		p += n;
	}
	memcpy(p, "\0\x10\0\5\0\3\2h3", 9);
	memcpy(p + 9, "\0\x2b\0\3\2\3\4", 7);
	p = put16(p + 16, 21);
	p = put16(p, pad - 4);
	memset(p, 0, pad - 4);
	return (size_t)(p - out) + pad - 4;
}

void
quicgen_bytes(struct quicgen *g, const void *p, size_t len)
{
	if (len > 0)
		memcpy(g->p + g->len, p, len);
	g->len += len;
}

static void
varint(struct quicgen *g, size_t v)
{
	put16(g->p + g->len, v | 0x4000);
	g->len += 2;
}

void
quicgen_crypto(struct quicgen *g, size_t off, const uint8_t *p, size_t len)
{
	g->p[g->len++] = 6;
	varint(g, off);
	varint(g, len);
	quicgen_bytes(g, p, len);
}

static void
cid(struct quicgen *g, const struct quic_cid *c)
{
	g->p[g->len++] = c->len;
	quicgen_bytes(g, c->b, c->len);
}

/* RFC 9001, sections 5.3 and 5.4, with a packet number of four bytes. */
static void
seal(uint8_t *p, size_t number, size_t len, const struct quic_keys *k)
{
	struct aes	 a;
	uint8_t		 nonce[AES_NONCE], mask[AES_BLOCK];
	uint8_t		*body = p + number + 4;
	size_t		 n = len - number - 4, i;

	memcpy(nonce, k->nonce, sizeof(nonce));
	for (i = 0; i < 4; i++)
		nonce[8 + i] ^= p[number + i];
	aes_init(&a, k->key);
	aes_gcm_crypt(&a, nonce, 0, body, n, body);
	aes_gcm_tag(&a, nonce, p, number + 4, body, n, body + n);
	aes_init(&a, k->header);
	aes_encrypt(&a, body, mask);
	p[0] ^= mask[0] & 0x0f;
	for (i = 0; i < 4; i++)
		p[number + i] ^= mask[1 + i];
}

void
quicgen_initial(struct quicgen *g, const struct quicgen_head *h,
    const struct quicgen *frames)
{
	struct quic_keys	 k;
	size_t			 at = g->len, number, token;

	token = h->token == NULL ? 0 : strlen(h->token);
	if (h->keys != NULL)
		k = *h->keys;
	else
		quic_keys(&k, h->version, &h->dst);
	g->p[g->len++] = h->version == QUIC_V2 ? 0xd3 : 0xc3;
	put16(g->p + g->len, h->version >> 16);
	put16(g->p + g->len + 2, h->version & 0xffff);
	g->len += 4;
	cid(g, &h->dst);
	cid(g, &h->src);
	g->p[g->len++] = (uint8_t)token;
	quicgen_bytes(g, h->token, token);
	varint(g, 4 + frames->len + AES_BLOCK);
	number = g->len;
	memset(g->p + number, 0, 3);
	g->p[number + 3] = h->number;
	g->len += 4;
	quicgen_bytes(g, frames->p, frames->len);
	seal(g->p + at, number - at, g->len - at, &k);
	g->len += AES_BLOCK;
}
