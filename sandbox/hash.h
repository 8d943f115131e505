/*
 * hash: SipHash-1-3 (Aumasson and Bernstein, 2012) with a key, for every
 * table whose keys a stranger chooses. The key is random, and fixed under -r.
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
/* hash_bytes of two words, as each packet wants it. */
uint64_t	 hash_two(const struct hash_key *, uint64_t, uint64_t);

#endif
