/*
 * quicgen: Initial packets of QUIC for tests, sealed as a client seals them,
 * and hellos to put into them.
 */
#ifndef TESTS_LIB_QUICGEN_H
#define TESTS_LIB_QUICGEN_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/quic.h"

struct quicgen {
	uint8_t		 p[20000];	/* a datagram, or frames */
	size_t		 len;
};

struct quic_cid	 quicgen_cid(const char *text);
/* Bytes of a ClientHello; more than it needs are padding. */
size_t		 quicgen_hello(uint8_t *out, const char *name, uint8_t seed,
		    size_t len);
/* Appends a CRYPTO frame. */
void		 quicgen_crypto(struct quicgen *, size_t off, const uint8_t *,
		    size_t len);
void		 quicgen_bytes(struct quicgen *, const void *, size_t len);

struct quicgen_head {
	uint32_t	 version;
	struct quic_cid	 dst;
	struct quic_cid	 src;
	const struct quic_keys *keys;	/* NULL: those of dst */
	uint8_t		 number;
	const char	*token;		/* NULL: none */
};
/* Appends an Initial with these frames. */
void		 quicgen_initial(struct quicgen *, const struct quicgen_head *,
		    const struct quicgen *frames);

#endif
