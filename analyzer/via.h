/*
 * via: who asked through a trusted proxy, kept of each request until it is
 * over. Proxies put requests of many clients on one connection.
 *
 * Made when the first is put, charged to MEM_SESSIONS. Of four that share a
 * place the oldest makes room for a fifth: its client is forgotten.
 */
#ifndef ANALYZER_VIA_H
#define ANALYZER_VIA_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/addr.h"
#include "sandbox/mem.h"

struct via_client {
	uint64_t	 flow;		/* 0: the place is free */
	uint64_t	 id;		/* of the request on it */
	struct addr	 addr;
};

struct via {
	struct via_client *v;		/* NULL: none was put */
	uint32_t	 sets;		/* of four; 0: no memory was there */
	bool		 made;
};

/* False: it is not kept, or another is not any more. */
bool		 via_put(struct via *, struct mem *, uint64_t flow,
		    uint64_t id, const struct addr *);
/* NULL: nobody is known. */
const struct addr *via_find(const struct via *, uint64_t flow, uint64_t id);
void		 via_drop(struct via *, uint64_t flow, uint64_t id);

#endif
