/*
 * sha256: SHA-256 (FIPS 180-4), HMAC (RFC 2104) and the key derivation of TLS
 * 1.3 (RFC 8446, section 7.1), as far as the keys of QUIC's Initial packets
 * need them. These keys are public: nothing here hides how long it takes.
 */
#ifndef ANALYZER_SHA256_H
#define ANALYZER_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN	32

struct sha256 {
	uint32_t	 h[8];
	uint64_t	 len;
	uint8_t		 block[64];
};

void		 sha256_init(struct sha256 *);
void		 sha256_add(struct sha256 *, const void *, size_t len);
void		 sha256_end(struct sha256 *, uint8_t out[SHA256_LEN]);

/* A key, taken up once for several messages. */
struct sha256_hmac {
	struct sha256	 inner;
	struct sha256	 outer;
};
void		 sha256_hmac_key(struct sha256_hmac *, const void *key,
		    size_t len);
void		 sha256_hmac(const struct sha256_hmac *, const void *,
		    size_t len, uint8_t out[SHA256_LEN]);

/*
 * HKDF-Expand-Label with an empty context; n is at most SHA256_LEN, label has
 * no "tls13 " and is at most 32 bytes.
 */
void		 sha256_expand(const struct sha256_hmac *, const char *label,
		    uint8_t *out, size_t n);

#endif
