/*
 * play: a recording played back to a target: one connection per recorded one,
 * opened when its first piece is due, a request only when the one before it
 * was answered, as clients do. One that was begun and broke is not begun
 * again. Pieces are due as they were captured; late
 * ones are told as drift. Without memory it ends the program.
 */
#ifndef UI_PLAY_H
#define UI_PLAY_H

#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/recording.h"

struct play_conn;

struct play {
	/* how */
	bool		 max;		/* as fast as it goes */
	double		 speed;
	uint64_t	 maxwait_us;	/* between two pieces */
	size_t		 limit;		/* connections at a time */
	uint64_t	 answer_us;	/* without an answer: gone on without */
	const struct addrinfo *target;	/* the first that can be connected */
	/* what came of it */
	uint64_t	 sent;		/* requests */
	uint64_t	 sent_bytes;
	uint64_t	 failed;	/* requests */
	uint64_t	 answers;
	uint64_t	 status[REPLY_STATUS];
	uint64_t	 dial_errors;
	bool		 interrupted;
	int		 last_error;
	uint64_t	 took_us;
	uint32_t	*drift_us;
	size_t		 ndrift;
	/* its own */
	const struct recording *rec;
	struct play_conn *conn;		/* as in the recording */
	uint32_t	*live;		/* connections with a socket */
	size_t		 open;
	struct pollfd	*poll;
	uint32_t	*polled;	/* of which connections */
};

/* Microseconds that it will take, when the target is as fast. */
uint64_t	 play_duration(const struct play *, const struct recording *);
/*
 * Returns when all is sent and answered, or given up; and when a signal to
 * end, which the caller blocks, is there. Sorts drift_us.
 */
void		 play_run(struct play *, const struct recording *);

#endif
