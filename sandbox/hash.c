#include <endian.h>
#include <string.h>

#include "sandbox/hash.h"

#define ROTL(x, b)	(((x) << (b)) | ((x) >> (64 - (b))))

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = ROTL(v[1], 13) ^ v[0];
	v[0] = ROTL(v[0], 32);
	v[2] += v[3];
	v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTL(v[1], 17) ^ v[2];
	v[2] = ROTL(v[2], 32);
}

static inline void
sip_begin(uint64_t v[4], const struct hash_key *key)
{
	v[0] = key->k0 ^ 0x736f6d6570736575ULL;
	v[1] = key->k1 ^ 0x646f72616e646f6dULL;
	v[2] = key->k0 ^ 0x6c7967656e657261ULL;
	v[3] = key->k1 ^ 0x7465646279746573ULL;
}

static inline void
sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
}

static inline uint64_t
sip_end(uint64_t v[4])
{
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
hash_bytes(const struct hash_key *key, const void *data, size_t len)
{
	const uint8_t	*p = data;
	uint64_t	 v[4], m, last;
	size_t		 n;

	sip_begin(v, key);
	for (n = len; n >= sizeof(m); n -= sizeof(m), p += sizeof(m)) {
		memcpy(&m, p, sizeof(m));
		sip_word(v, le64toh(m));
	}
	last = 0;
	if (n > 0)
		memcpy(&last, p, n);
	sip_word(v, le64toh(last) | (uint64_t)len << 56);
	return sip_end(v);
}
