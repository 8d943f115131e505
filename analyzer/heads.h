/*
 * heads: the headers of the last packets, in a ring of fixed size that is
 * charged to MEM_METERS, with no byte of what they carried. Between them stand
 * marks: a connection counted for a key, so that the packets of those that did
 * can be found later. Who is put last drives out the oldest.
 *
 * Times of packets and marks are mapped ones, and may be a little out of order.
 */
#ifndef ANALYZER_HEADS_H
#define ANALYZER_HEADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/mem.h"

#define HEADS_CAP	1024	/* bytes of a packet that are kept */
#define HEADS_ROOM	(128 * 1024)	/* less is of no use */
#define HEADS_FLOWS	8192	/* marks that one choice looks at */

struct heads_rec;

struct heads {
	struct mem	*mem;
	size_t		 taken;		/* of mem */
	uint64_t	*flow;		/* HEADS_FLOWS: of a choice */
	uint8_t		*base;		/* NULL: nothing is kept */
	size_t		 size;
	size_t		 at;		/* of the next record */
	size_t		 old;		/* the oldest record */
	size_t		 end;		/* of those before the wrap; 0: none */
	size_t		 n;
	uint64_t	 since_us;	/* nothing older is here */
	bool		 lost;		/* but there was */
	struct heads_rec *open;		/* a packet whose connection is not
					   known yet */
};

struct heads_packet {
	uint64_t	 us;		/* mapped */
	uint64_t	 ts_us;		/* its own */
	uint32_t	 wire;
	uint16_t	 iface;
	uint16_t	 dlt;
	const uint8_t	*p;
	size_t		 len;		/* of its headers, at most HEADS_CAP
					   of which are kept */
};

/* Without memory, or of less than HEADS_ROOM, it keeps nothing. */
void		 heads_init(struct heads *, struct mem *, size_t size);
void		 heads_clear(struct heads *);
static inline bool
heads_keeps(const struct heads *h)
{
	return h->base != NULL;
}
void		 heads_put(struct heads *, const struct heads_packet *);
/* Once: the connection of the packet that was put last; 0: none. */
void		 heads_own(struct heads *, uint64_t flow);
/* A connection counted for a key, which is a hash, and for a host, too. */
void		 heads_mark(struct heads *, uint64_t us, uint64_t flow,
		    uint64_t key, uint32_t host);

struct heads_want {
	uint64_t	 from_us;
	bool		 all;		/* of whatever connection */
	uint64_t	 key;		/* of a mark, unless all */
	uint32_t	 host;		/* the same; 0: of any */
	size_t		 budget;	/* bytes of pcapng */
	/* Whether packets of an interface are wanted; NULL: of all. */
	bool		(*on)(void *arg, uint16_t iface);
	void		*arg;
};
struct heads_found {
	uint64_t	 packets;	/* that heads_next gives */
	uint64_t	 left_out;	/* older ones, over the budget */
	uint64_t	 since_us;	/* from_us, or where the ring begins */
	size_t		 flows;		/* that counted */
	bool		 of_host;	/* any counted for it */
	bool		 some;		/* of connections: the last ones */
};
struct heads_cursor {		/* zeroed it begins */
	size_t		 i;
	size_t		 at;
};
/*
 * Chooses the newest packets that are wanted. A host that no mark has is not
 * looked at.
 */
void		 heads_choose(struct heads *, const struct heads_want *,
		    struct heads_found *);
/*
 * The next of them, as they came; p points into the ring. Nothing may be put
 * meanwhile.
 */
bool		 heads_next(const struct heads *, struct heads_cursor *,
		    struct heads_packet *);

#endif
