/*
 * recording_starts: with which pieces of what a client sent requests begin.
 * A body may hold a text that reads like a request, so the lengths of RFC
 * 9112 say where one ends; only where they are not known, behind a gap or in
 * another protocol, the looks of a piece decide. Pure.
 */
#ifndef UI_RECORDING_STARTS_H
#define UI_RECORDING_STARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mirror/reply.h"

struct starts {
	uint8_t		 state;
	bool		 chunked;
	bool		 expects;	/* and may leave its body out */
	uint64_t	 left;		/* of a body or chunk */
	struct reply_line line;		/* at hand */
};

/* Whether the bytes look like the start of a request. */
bool		 starts_like_request(const uint8_t *, size_t);
/* Zeroed, a connection begins. Bytes are missing: the next may be anything. */
void		 starts_lost(struct starts *);
/* Whether a request has begun that has not ended. */
bool		 starts_inside(const struct starts *);
/* Takes the next piece: whether a request begins with it. */
bool		 starts_piece(struct starts *, const uint8_t *, size_t);

#endif
