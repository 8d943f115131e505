/*
 * resolved: which name a client was told for an address, so that a connection
 * on which nothing names the server has one. By client and address, as many
 * names have the same one. It holds as long as the answer said, ten minutes at
 * the least and a day at most, and goes on while it is used. A fixed number;
 * of four that share a place the one that ends first makes room. Pure.
 */
#ifndef ANALYZER_RESOLVED_H
#define ANALYZER_RESOLVED_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox/addr.h"
#include "sandbox/hash.h"
#include "sandbox/mem.h"

#define RESOLVED_NAME	64		/* bytes of a name that are kept */
#define RESOLVED_MIN_US	600000000ULL
#define RESOLVED_MAX_US	86400000000ULL

struct resolved;

/* Up to limit bytes, charged to MEM_SESSIONS; NULL without memory. */
struct resolved	*resolved_new(struct mem *, const struct hash_key *,
		    size_t limit);
void		 resolved_free(struct resolved *);
/* How many names made room while they held, ever. */
uint64_t	 resolved_forgotten(const struct resolved *);
void		 resolved_put(struct resolved *, const struct addr *client,
		    const struct addr *server, const char *name, size_t len,
		    uint32_t ttl, uint64_t now_us);
/* NULL: the client was told none. The name is good until the next call. */
const char	*resolved_find(struct resolved *, const struct addr *client,
		    const struct addr *server, uint64_t now_us, size_t *len);

#endif
