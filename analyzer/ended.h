/*
 * ended: what was said on the connections that ended last, for those that
 * are still shown: a ring by the number of the connection, which grows by
 * one with each. Fixed memory, charged to MEM_SESSIONS; where that is
 * refused nothing is remembered. Pure.
 */
#ifndef ANALYZER_ENDED_H
#define ANALYZER_ENDED_H

#include <stdint.h>

#include "sandbox/mem.h"

#define ENDED_MAX	4096
#define ENDED_SHARE	64	/* at most this part of the memory */
#define ENDED_HOST	64	/* bytes of a host */

struct ended {
	uint64_t	 id;		/* of the connection; 0 none */
	const char	*proto;		/* lives for ever */
	uint32_t	 requests;
	uint8_t		 host_len;
	uint8_t		 hand;		/* SIDE_HAND.. of side.h */
	uint8_t		 cert;		/* enum cert_says */
	uint8_t		 host[ENDED_HOST];
};

struct ended_ring {
	struct ended	*v;
	uint32_t	 n;
};

/* For as long as the process lives. */
void	 ended_init(struct ended_ring *, struct mem *);
/* The entry of a connection to fill in; NULL when nothing is remembered. */
struct ended *ended_put(struct ended_ring *, uint64_t id);
/* NULL: it is not known any more. */
const struct ended *ended_find(const struct ended_ring *, uint64_t id);

#endif
