#include <string.h>

#include "analyzer/quic.h"
#include "analyzer/sha256.h"

#define LONG		0x80	/* the form of a header */
#define SAMPLE		4	/* from the packet number on: RFC 9001, 5.4.2 */
#define TYPES		0x30	/* of a long header */
#define RESERVED	0x0c

enum frame {
	PADDING, PING, ACK, ACK_ECN, CRYPTO = 6, CONNECTION_CLOSE = 0x1c
};

/* What the versions differ in: RFC 9001, 5.2; RFC 9369, 3. */
static const struct version {
	uint32_t	 number;
	uint8_t		 initial;	/* types of long headers */
	uint8_t		 retry;
	uint8_t		 salt[20];
	const char	*key;
	const char	*nonce;
	const char	*header;
} versions[] = {
	{ QUIC_V1, 0x00, 0x30, { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34,
	    0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb,
	    0x7f, 0x0a }, "quic key", "quic iv", "quic hp" },
	{ QUIC_V2, 0x10, 0x00, { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6,
	    0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd,
	    0x2e, 0xd9 }, "quicv2 key", "quicv2 iv", "quicv2 hp" },
};

/* A reader whose reads past the end stick. */
struct in {
	const uint8_t	*p;
	size_t		 len;
	bool		 bad;
};

static const uint8_t *
take(struct in *in, uint64_t n)
{
	const uint8_t	*p = in->p;

	if (n > in->len) {
		in->bad = true;
		n = in->len;
	}
	in->p += n;
	in->len -= n;
	return in->bad ? NULL : p;
}

/* RFC 9000, section 16. */
static uint64_t
varint(struct in *in)
{
	const uint8_t	*p;
	uint64_t	 v;
	unsigned	 i, n;

	if ((p = take(in, 1)) == NULL)
		return 0;
	n = (1U << (*p >> 6)) - 1;
	v = *p & 0x3f;
	if ((p = take(in, n)) == NULL)
		return 0;
	for (i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static void
cid(struct in *in, struct quic_cid *c)
{
	const uint8_t	*p = take(in, 1);

	memset(c, 0, sizeof(*c));
	if (p == NULL || *p > QUIC_CID_MAX) {
		in->bad = true;
		return;
	}
	c->len = *p;
	if ((p = take(in, c->len)) != NULL)
		memcpy(c->b, p, c->len);
}

static const struct version *
find(uint32_t number)
{
	return number == QUIC_V1 ? &versions[0] : number == QUIC_V2 ?
	    &versions[1] : NULL;
}

/* A long header of either version; false: what follows is not known. */
static bool
header(struct in *in, struct quic_packet *q, bool *initial)
{
	const struct version	*v;
	const uint8_t		*p = in->p;
	uint64_t		 len;

	if (take(in, 5) == NULL || !(p[0] & LONG))
		return false;
	q->p = p;
	q->version = be32(p + 1);
	if ((v = find(q->version)) == NULL || (p[0] & TYPES) == v->retry)
		return false;
	*initial = (p[0] & TYPES) == v->initial;
	cid(in, &q->dst);
	cid(in, &q->src);
	if (*initial)
		take(in, varint(in));	/* the token */
	len = varint(in);
	if (in->bad)
		return false;
	q->number = (size_t)(in->p - p);
	q->len = q->number > QUIC_PACKET_MAX ||
	    len > QUIC_PACKET_MAX - q->number ? 0 : q->number + (size_t)len;
	take(in, len);
	return true;
}

bool
quic_next(const uint8_t *p, size_t len, size_t *at, struct quic_packet *q)
{
	struct in	 in;
	bool		 initial = false;

	while (*at < len && !initial) {
		in = (struct in){ p + *at, len - *at, false };
		if (!header(&in, q, &initial))
			return false;
		*at = len - in.len;
		if (in.bad)
			q->len = 0;
	}
	return initial;
}

void
quic_keys(struct quic_keys *k, uint32_t number, const struct quic_cid *dst)
{
	const struct version	*v = find(number);
	struct sha256_hmac	 m;
	uint8_t			 secret[SHA256_LEN];

	k->version = number;
	sha256_hmac_key(&m, v->salt, sizeof(v->salt));
	sha256_hmac(&m, dst->b, dst->len, secret);
	sha256_hmac_key(&m, secret, sizeof(secret));
	sha256_expand(&m, "client in", secret, sizeof(secret));
	sha256_hmac_key(&m, secret, sizeof(secret));
	sha256_expand(&m, v->key, k->key, sizeof(k->key));
	sha256_expand(&m, v->nonce, k->nonce, sizeof(k->nonce));
	sha256_expand(&m, v->header, k->header, sizeof(k->header));
}

/*
 * Takes the protection off a header in place: its length with the packet
 * number; 0: that was no header. The nonce gets the number; it is believed to
 * be whole, as those of Initials are small.
 */
static size_t
bare(uint8_t *p, size_t at, const struct quic_keys *k,
    uint8_t nonce[AES_NONCE])
{
	struct aes	 a;
	uint8_t		 mask[AES_BLOCK];
	size_t		 i, n;

	aes_init(&a, k->header);
	aes_encrypt(&a, p + at + SAMPLE, mask);
	p[0] ^= mask[0] & 0x0f;
	if (p[0] & RESERVED)
		return 0;
	n = (p[0] & 3) + 1U;
	memcpy(nonce, k->nonce, AES_NONCE);
	for (i = 0; i < n; i++) {
		p[at + i] ^= mask[1 + i];
		nonce[AES_NONCE - n + i] ^= p[at + i];
	}
	return at + n;
}

static bool
in_initial(uint64_t frame)
{
	return frame <= ACK_ECN || frame == CRYPTO ||
	    frame == CONNECTION_CLOSE;
}

/* The first byte tells most of what these keys are not for from the rest. */
bool
quic_open(const struct quic_packet *q, const struct quic_keys *k,
    uint8_t room[QUIC_PACKET_MAX], struct quic_frames *f)
{
	struct aes	 a;
	uint8_t		 nonce[AES_NONCE], tag[AES_BLOCK], first;
	size_t		 head;

	if (q->version != k->version ||
	    q->len < q->number + SAMPLE + AES_BLOCK)
		return false;
	memcpy(room, q->p, q->len);
	if ((head = bare(room, q->number, k, nonce)) == 0)
		return false;
	f->p = room + head;
	f->len = q->len - head - AES_BLOCK;
	aes_init(&a, k->key);
	aes_gcm_crypt(&a, nonce, 0, f->p, 1, &first);
	if (!in_initial(first))
		return false;
	aes_gcm_tag(&a, nonce, room, head, f->p, f->len, tag);
	if (memcmp(tag, f->p + f->len, sizeof(tag)) != 0)
		return false;
	aes_gcm_crypt(&a, nonce, 0, f->p, f->len, room + head);
	return true;
}

static void
skip_ack(struct in *in, bool ecn)
{
	uint64_t	 n;

	varint(in);			/* the largest, */
	varint(in);			/* its delay, */
	n = varint(in);
	varint(in);			/* the first range, */
	for (; n > 0 && !in->bad; n--) {
		varint(in);		/* a gap and a range */
		varint(in);
	}
	for (n = ecn ? 3 : 0; n > 0; n--)
		varint(in);
}

static void
skip_close(struct in *in)
{
	varint(in);			/* the error, */
	varint(in);			/* the frame of it, */
	take(in, varint(in));		/* the reason */
}

bool
quic_piece(struct quic_frames *f, struct quic_piece *c)
{
	struct in	 in = { f->p, f->len, false };
	uint64_t	 type, len;

	while (in.len > 0) {
		type = varint(&in);
		if (!in_initial(type))
			break;
		if (type == ACK || type == ACK_ECN)
			skip_ack(&in, type == ACK_ECN);
		else if (type == CONNECTION_CLOSE)
			skip_close(&in);
		if (in.bad || type != CRYPTO)
			continue;
		c->off = varint(&in);
		len = varint(&in);
		if ((c->p = take(&in, len)) == NULL)
			break;
		c->len = (size_t)len;
		f->p = in.p;
		f->len = in.len;
		return true;
	}
	return false;
}
