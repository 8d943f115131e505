/*
 * answer: the answer to a request, that came from the parent or a client.
 *
 * Rows are collected in ROW frames of up to about 32 KiB. The row functions
 * of row.h write to answer->buf; answer_row is called before each row and
 * sends a full frame. False: the client is gone or slow, stop producing.
 */
#ifndef SANDBOX_ANSWER_H
#define SANDBOX_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/chan.h"
#include "sandbox/compat.h"
#include "sandbox/row.h"

struct answer {
	struct chan	*ch;
	uint32_t	 request;
	struct buf	*buf;		/* NULL between frames */
	bool		 failed;
};
void		 answer_begin(struct answer *, struct chan *, uint32_t request);
/*
 * Rows for nobody yet: they are collected in a writer, and failed when it has
 * less than ANSWER_ROOM left.
 */
#define ANSWER_ROOM	(16 * 1024)
void		 answer_collect(struct answer *, struct buf *);
bool		 answer_row(struct answer *, struct row_writer *,
		    enum row_kind, unsigned level);
/* Sends what was collected so far; answer_end does it too. */
void		 answer_flush(struct answer *);
void		 answer_end(struct answer *);
/* ERROR with the exit status that the client shall use. */
void		 answer_error(struct chan *, uint32_t request, uint32_t status,
		    const char *fmt, ...) PRINTFLIKE(4, 5);

#endif
