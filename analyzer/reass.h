/*
 * reass: one direction of a TCP stream.
 *
 * Bytes have 64-bit offsets; offset 0 is the byte after the SYN, or the first
 * one seen when the start was missed. What is in order is handed to deliver at
 * once and without a copy; what comes early waits in copies, charged to
 * MEM_SEGMENTS. Each offset is handed out once, in order, either by deliver
 * or as part of one gap. The first copy of a byte wins; a later copy that
 * differs is counted (REASS_CONFLICT) as far as it can still be seen: waiting
 * segments, and the last REASS_TAIL delivered bytes where a tail is given.
 *
 * A hole becomes a gap only when the caller says so (reass_skip, from its
 * clock and the peer's acknowledgements) or at a limit, never by itself.
 *
 * A stream starts HELD when its start is unknown or not accepted yet: bytes
 * wait until reass_release.
 *
 * Sequence numbers are compared modulo 2^32 (RFC 9293, section 3.4); the
 * caller keeps out what lies further than 2^30 from next.
 */
#ifndef ANALYZER_REASS_H
#define ANALYZER_REASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/mem.h"

#define REASS_TAIL		256	/* delivered bytes kept to compare */

enum reass_count {
	REASS_STORED,		/* segments that came early */
	REASS_OLD,		/* segments with nothing new */
	REASS_OVERLAP,		/* segments partly seen before */
	REASS_CONFLICT,		/* copies with other bytes */
	REASS_GAPS,		/* holes given up */
	REASS_GAP_BYTES,	/* bytes in those holes */
	REASS_TRUNCATED,	/* bytes cut by snaplen */
	REASS_LIMIT,		/* holes given up at a limit */
	REASS_NOMEM,		/* segments without memory */
	REASS_COUNT_MAX
};

enum reass_why {
	REASS_WHY_LOST,		/* a hole that nobody filled */
	REASS_WHY_CUT,		/* the frame was cut by snaplen */
	REASS_WHY_LIMIT		/* given up at a limit */
};

enum reass_result {
	REASS_DELIVERED,	/* new bytes were handed out */
	REASS_WAITING,		/* kept until the hole is filled */
	REASS_DUPLICATE		/* nothing new in it */
};

struct reass_seg;		/* a waiting piece */

/* What waits. */
struct reass_store {
	struct reass_seg	*first;
	struct reass_seg	*last;
	uint64_t		 hole_us;	/* when it opened */
	uint32_t		 held;		/* bytes waiting */
	uint32_t		 nsegs;
};

struct reass {
	uint64_t		 next;	/* offset of the next byte wanted */
	struct reass_store	*store;	/* NULL: nothing waits */
	uint32_t		 base;	/* sequence number of offset 0 */
	uint16_t		 flags;
#define REASS_READ	0x01		/* by somebody; else only counted */
#define REASS_HELD	0x02		/* nothing goes out yet */
#define REASS_STOPPED	0x04		/* the reader wants no more */
};

/* Shared by all streams of a table; callbacks get the arg of the call. */
struct reass_env {
	struct mem	*mem;
	uint32_t	 limit_bytes;	/* waiting bytes of one direction */
	uint32_t	 limit_segs;
	uint64_t	 count[REASS_COUNT_MAX];
	/*
	 * The last bytes that went out of the stream at hand: REASS_TAIL of
	 * them by offset, and how many are right. NULL: they are not kept.
	 */
	uint8_t		*tail;
	uint16_t	*tail_len;
	/* false: the reader wants no more of this direction */
	bool		(*deliver)(void *arg, uint64_t off, const uint8_t *p,
			    size_t len, uint64_t ts_us, uint32_t tag);
	void		(*gap)(void *arg, uint64_t off, uint64_t len,
			    uint64_t ts_us, enum reass_why);
};

static inline int32_t
reass_seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline bool
reass_seq_lt(uint32_t a, uint32_t b)
{
	return reass_seq_diff(a, b) < 0;
}

static inline bool
reass_seq_leq(uint32_t a, uint32_t b)
{
	return reass_seq_diff(a, b) <= 0;
}

/* Sequence number of the next byte wanted, and of any offset. */
static inline uint32_t
reass_next_seq(const struct reass *r)
{
	return r->base + (uint32_t)r->next;
}

/* Distance of seq from the next byte wanted. */
static inline int64_t
reass_ahead(const struct reass *r, uint32_t seq)
{
	return reass_seq_diff(seq, reass_next_seq(r));
}

/* Who reads stays; nothing may wait. */
void		 reass_init(struct reass *, uint32_t base);
/*
 * A segment: len bytes captured of the wire bytes it had (len <= wire). The
 * missing rest becomes a gap (REASS_WHY_CUT) when its turn comes. tag goes
 * with the bytes to deliver.
 */
enum reass_result reass_data(struct reass *, struct reass_env *, void *arg,
    uint32_t seq, const uint8_t *p, uint32_t len, uint32_t wire,
    uint64_t ts_us, uint32_t tag);
/* Whether something waits. */
bool		 reass_waits(const struct reass *);
/* Bytes missing before the first one that waits. */
uint64_t	 reass_hole(const struct reass *);
/* When the first one that waits came. */
uint64_t	 reass_first_us(const struct reass *);
/* When the hole before it opened; 0: nothing waits. */
uint64_t	 reass_hole_us(const struct reass *);
/* Gives up the first hole and hands out what follows; false if none. */
bool		 reass_skip(struct reass *, struct reass_env *, void *arg,
    enum reass_why);
/* The same for one segment only, so that two halves can take turns. */
bool		 reass_step(struct reass *, struct reass_env *, void *arg,
    enum reass_why);
/* Gives up everything before offset to (bytes that never came). */
void		 reass_skip_to(struct reass *, struct reass_env *, void *arg,
    uint64_t to, uint64_t ts_us, enum reass_why);
/*
 * Ends the hold; jump: the stream starts at the lowest byte that waits. The
 * caller goes on with reass_next_waits and reass_step.
 */
void		 reass_release(struct reass *, bool jump);
/* Whether the first one that waits needs to wait no more. */
bool		 reass_next_waits(const struct reass *);
/* Moves the start of a held stream to seq (at or before what waits). */
void		 reass_rebase(struct reass *, uint32_t seq);
/* Frees what waits; the stream can go on at next. */
void		 reass_clear(struct reass *, struct reass_env *);
/* The same, but next is behind what waited; the bytes missing before that. */
uint64_t	 reass_pass(struct reass *, struct reass_env *);

#endif
