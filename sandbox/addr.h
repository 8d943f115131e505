/*
 * addr: IP addresses, endpoints and flow keys.
 *
 * An address is 16 bytes in network order; IPv4 is kept as ::ffff:a.b.c.d
 * (RFC 4291, section 2.5.5.2), so one compare serves both.
 */
#ifndef SANDBOX_ADDR_H
#define SANDBOX_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sandbox/buf.h"
#include "sandbox/hash.h"

#define ADDR_TEXT_MAX		46	/* longest address and NUL */
#define ENDPOINT_TEXT_MAX	56	/* [address]:port and NUL */

struct addr {
	uint8_t		 b[16];
};

struct endpoint {
	struct addr	 addr;
	uint16_t	 port;		/* host byte order */
};

/* One direction of a connection: from a to b. */
struct flow_key {
	struct endpoint	 a;
	struct endpoint	 b;
};

void		 addr_from4(struct addr *, const uint8_t[4]);
bool		 addr_is4(const struct addr *);
/* The four bytes of such a one, as they lie in memory. */
static inline uint32_t
addr_four(const struct addr *a)
{
	uint32_t	 four;

	memcpy(&four, a->b + 12, sizeof(four));
	return four;
}
bool		 addr_is_zero(const struct addr *);	/* all its bytes */
int		 addr_cmp(const struct addr *, const struct addr *);
/* The same, or one is of IPv4 and the other is what NAT64 makes of it. */
bool		 addr_meets(const struct addr *, const struct addr *);
/* Whether a lies in net/bits; bits counts in net's own family (0-32, 0-128). */
bool		 addr_in(const struct addr *a, const struct addr *net,
		    unsigned bits);
/* Clears all but the first bits of an address of its own family. */
void		 addr_mask(struct addr *, unsigned bits);
/* Numeric text to address; -1 when it is not one. Never resolves names. */
int		 addr_parse(const char *, struct addr *);
/* "addr" or "addr/bits"; without a slash bits is the whole address. */
int		 addr_parse_net(const char *, struct addr *, unsigned *bits);
const char	*addr_print(const struct addr *, char *s, size_t size);
/*
 * For tables; of IPv4 in few steps, as each packet wants it: hash_two, with all
 * that is said there. The value must not be seen.
 */
uint64_t	 addr_hash(const struct addr *, const struct hash_key *);

int		 endpoint_cmp(const struct endpoint *, const struct endpoint *);
/* 192.0.2.1:80 or [2001:db8::1]:80 */
const char	*endpoint_print(const struct endpoint *, char *s, size_t size);
int		 endpoint_parse(const char *, struct endpoint *);
void		 endpoint_put(struct buf *, const struct endpoint *);
void		 endpoint_get(struct buf *, struct endpoint *);

/* The same value for both directions of a connection. */
uint64_t	 flow_key_hash(const struct flow_key *,
		    const struct hash_key *);
int		 flow_key_cmp(const struct flow_key *, const struct flow_key *);

#endif
