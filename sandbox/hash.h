/*
 * hash: SipHash-1-3 (Aumasson and Bernstein, 2012) with a key, for every
 * table whose keys a stranger chooses; for addresses and tuples of IPv4
 * something shorter. The key is random, and fixed under -r.
 */
#ifndef SANDBOX_HASH_H
#define SANDBOX_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t	 k0;
	uint64_t	 k1;
};

uint64_t	 hash_bytes(const struct hash_key *, const void *, size_t);

/* All 128 bits of a product, on machines without such numbers, too. */
static inline void
hash_product(uint64_t a, uint64_t b, uint64_t *low, uint64_t *high)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128	 p = (unsigned __int128)a * b;

	*low = (uint64_t)p;
	*high = (uint64_t)(p >> 64);
#else
	uint64_t	 ll = (a & 0xffffffff) * (b & 0xffffffff);
	uint64_t	 hl = (a >> 32) * (b & 0xffffffff) + (ll >> 32);
	uint64_t	 lh = (a & 0xffffffff) * (b >> 32) + (hl & 0xffffffff);

	*low = lh << 32 | (ll & 0xffffffff);
	*high = (a >> 32) * (b >> 32) + (hl >> 32) + (lh >> 32);
#endif
}

/*
 * Two words in few steps, as each packet wants it: NH of UMAC (RFC 4418, 5.2.2)
 * over words of 64 bits. Its bound on pairs that agree, for who does not know
 * the key, is for the whole product; folded and mixed it is only expected to
 * hold. The value must not be seen, as the key could be computed from it.
 */
static inline uint64_t
hash_two(const struct hash_key *key, uint64_t a, uint64_t b)
{
	uint64_t	 h, low, high;

	hash_product(a + key->k0, b + key->k1, &low, &high);
	h = (low ^ high) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

#endif
