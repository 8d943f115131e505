/*
 * framer: one direction of a mirrored connection, cut at message borders.
 *
 * Fed with the bytes, gaps and marks that the analyzer sends, it gives out
 * chunks: whole heads and trailers, each in one piece, and what lies between
 * them. Marks of a piece may come before it or, for a head that was split
 * over several, after; so bytes that may turn out to be a head are held until
 * a mark says what they are, or FRAMER_HOLD_MAX is reached. Empty lines between
 * two messages are not given out. Pure; the owner of the bytes given out is
 * the framer or its caller, during the call only.
 *
 * Held bytes are charged to MEM_STREAMS. Refused: they become unmarked.
 */
#ifndef MIRROR_FRAMER_H
#define MIRROR_FRAMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/mem.h"
#include "sandbox/msg.h"

#define FRAMER_HOLD_MAX	(128 * 1024)
#define FRAMER_MARKS	16384		/* waiting for their bytes */

enum framer_part {
	FRAMER_REQUEST,		/* a whole request head */
	FRAMER_RESPONSE,	/* a whole response head */
	FRAMER_BODY,		/* bytes of the message whose head came last */
	FRAMER_OPAQUE,		/* not HTTP */
	FRAMER_UNMARKED,	/* nothing is known about them */
	FRAMER_TRAILER		/* all header lines behind a chunked body */
};

struct framer_ops {
	void	 (*chunk)(void *arg, enum framer_part, uint64_t offset,
		    const uint8_t *, size_t);
	/* The message whose head came last is complete; sure: to anybody. */
	void	 (*end)(void *arg, uint64_t offset, bool sure);
	/* n bytes at offset are missing. */
	void	 (*gap)(void *arg, uint64_t offset, uint64_t n);
};

struct framer {
	const struct framer_ops *ops;
	void		*arg;
	struct mem	*mem;
	uint64_t	 pos;		/* offset of the next byte */
	uint8_t		*held;		/* the nheld bytes before pos */
	size_t		 nheld;
	size_t		 room;
	uint8_t		 state;
	uint8_t		 head;		/* enum framer_part of it */
	bool		 started;	/* pos is known */
	uint64_t	 id;		/* of the message, from its mark */
	uint64_t	 asked;		/* id of the request that it is or is
					 * of, 0: nobody is sure */
	uint64_t	 refused;	/* bytes that memory did not hold */
	struct framer_mark {
		uint64_t	 offset;
		uint64_t	 id;
		uint8_t		 mark;
	}		*marks;		/* first to nmarks wait */
	size_t		 first;
	size_t		 nmarks;
	size_t		 mark_room;
};

void		 framer_init(struct framer *, const struct framer_ops *,
		    void *arg, struct mem *);
/* Gives nothing out. */
void		 framer_clear(struct framer *);
void		 framer_mark(struct framer *, enum stream_mark,
		    uint64_t offset, uint64_t id);
void		 framer_data(struct framer *, uint64_t offset,
		    const uint8_t *, size_t);
void		 framer_gap(struct framer *, uint64_t offset, uint64_t len);
/* The end: what is held goes out as unmarked. */
void		 framer_end(struct framer *);

#endif
