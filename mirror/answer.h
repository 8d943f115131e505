/*
 * answer: counts the HTTP answers on a connection to a target, and throws
 * them away. Pure. It knows just enough of RFC 9112 to find their ends:
 * status, Content-Length, Transfer-Encoding, and that answers to HEAD have
 * no body.
 */
#ifndef MIRROR_ANSWER_H
#define MIRROR_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_OPEN_MAX	4096	/* requests without answer */
#define ANSWER_LINE_MAX	256	/* of a line, the rest is skipped */
#define ANSWER_STATUS	600	/* statuses are 100 to 599 */

struct answer {
	uint8_t		 state;
	bool		 lost;		/* not HTTP, or too many open */
	bool		 closes;	/* the target said Connection: close */
	bool		 chunked;
	bool		 has_length;
	uint16_t	 status;
	uint16_t	 nline;
	uint64_t	 left;		/* of a body or chunk */
	uint64_t	 asked;
	uint64_t	 done;		/* final answers that are complete */
	uint64_t	*heads;		/* a bit per open request: HEAD */
	size_t		 room;		/* of heads, in bits */
	char		 line[ANSWER_LINE_MAX];
};

void		 answer_init(struct answer *);
void		 answer_clear(struct answer *);
/* A request was sent whose head starts with these bytes. */
void		 answer_asked(struct answer *, const uint8_t *, size_t);
/*
 * Bytes from the target. seen is called with the status of each final answer
 * when its head is complete.
 */
void		 answer_data(struct answer *, const uint8_t *, size_t,
		    void (*seen)(void *, unsigned status), void *);
/* The target closed: an answer without a length is complete. */
void		 answer_eof(struct answer *);
/* Requests without a complete answer. */
uint64_t	 answer_open(const struct answer *);

#endif
