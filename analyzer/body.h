/*
 * body: where the content of an HTTP/1 message ends (RFC 9112, section 6).
 *
 * The caller owns the struct and the bytes; nothing is allocated or copied.
 * body_eat takes bytes in pieces of any size and says how many belong to the
 * message; body_skip does the same for bytes that were never seen.
 *
 * Invariant: after BODY_DONE or BODY_BAD nothing more is taken.
 */
#ifndef ANALYZER_BODY_H
#define ANALYZER_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BODY_LINE_MAX	4096	/* chunk line with extensions; trailer line */
#define BODY_TRAIL_MAX	65536	/* all trailer lines together */

enum body_kind {
	BODY_NONE,		/* ends with the head */
	BODY_LENGTH,
	BODY_CHUNKED,
	BODY_CLOSE		/* ends with the connection */
};

enum body_answer {
	BODY_MORE,		/* all bytes taken, the body goes on */
	BODY_DONE,		/* the message ends after the taken bytes */
	BODY_BAD		/* the framing is broken, see error */
};

enum body_error {
	BODY_OK,
	BODY_ESIZE,		/* chunk size missing or not hexadecimal */
	BODY_EHUGE,		/* chunk size of more than 63 bits */
	BODY_ELINE,		/* chunk line or trailers over the limit */
	BODY_ECRLF		/* no line end after the data of a chunk */
};

struct body {
	uint64_t	 left;	/* of the content, or of this chunk */
	uint64_t	 seen;	/* content bytes so far, skipped ones too */
	uint32_t	 line;	/* bytes of the line, of trailers */
	uint32_t	 trailed;	/* bytes since the first trailer line */
	uint8_t		 kind;	/* enum body_kind */
	uint8_t		 state;	/* private to body.c */
	uint8_t		 error;	/* enum body_error */
	uint8_t		 last;	/* byte before, to tell CR LF from LF */
	bool		 lax;	/* a blank, a bare CR or a bare LF stood in
				 * the framing */
	bool		 bare;	/* a bare one: readers may part over it */
};

/* length is for BODY_LENGTH only. */
void		 body_init(struct body *, enum body_kind, uint64_t length);
bool		 body_done(const struct body *);
/* *used <= len bytes belong to this message. */
enum body_answer body_eat(struct body *, const uint8_t *, size_t len,
		    size_t *used);
/*
 * len bytes were lost. BODY_BAD with BODY_OK as error means that the end is
 * no longer known: the loss went past the length, or touched chunk framing.
 * BODY_DONE: the loss ended exactly where the message ends.
 */
enum body_answer body_skip(struct body *, uint64_t len);

#endif
