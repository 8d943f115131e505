/*
 * stream: mirrored connections as STREAM records for mirror, batched. Live,
 * what mirror does not keep up with is left out and counted; when it has caught
 * up it is told so, and of the connections as mid-stream.
 */
#ifndef ANALYZER_STREAM_H
#define ANALYZER_STREAM_H

#include "analyzer/side.h"

/* Which mirrors observe the connection, and which side they observe. */
void	 stream_find_mirrors(struct conn *);
/* flags: STREAM_MIDSTREAM, STREAM_LATE. */
void	 stream_open(struct conn *, uint8_t flags);
void	 stream_close(struct conn *, enum stream_reason);
/* No more of it will be read, and no mirror observes it. */
void	 stream_skip(struct conn *);
/* It is freed. */
void	 stream_forget(struct conn *);
void	 stream_data(struct conn *, unsigned dir, uint64_t off,
	    const uint8_t *, size_t len);
void	 stream_gap(struct conn *, unsigned dir, uint64_t off, uint64_t len,
	    bool cut);
/*
 * Packets were dropped between two moments of the wall clock: what a mirror
 * records is missing whole connections, perhaps. Live only.
 */
void	 stream_missed(struct analyzer *, uint64_t from_us, uint64_t to_us);
/* There is no memory to read a connection, which mirrors may observe. */
void	 stream_unread(struct analyzer *, const struct flow *);
/* Each second, and at the end: tells of those. */
void	 stream_tell_unread(struct analyzer *);
/* For struct session_ops; arg is the connection. */
void	 stream_mark(void *arg, unsigned dir, uint64_t offset,
	    enum session_mark, uint64_t id);
/* What became of a request, for mirrors that compare. */
void	 stream_answer(struct conn *, const struct session_tx *);
/* A fresh mirror: opens all mirrored connections again. */
void	 stream_reopen_all(struct analyzer *);
/*
 * A frame that begins with what is of since_us was lost: nobody knows what
 * mirror has of any connection.
 */
void	 stream_lost(struct analyzer *, uint64_t since_us);
/*
 * Mirror has read much of what waited, or this is the end: it is told where it
 * was left behind, and what was left out goes on.
 */
void	 stream_resume(struct analyzer *);
/* From time to time: the same, if nothing waits any more. */
void	 stream_tick(struct analyzer *);
/*
 * After a reload: what none observes any more ends, and mirror is told of what
 * is observed and will not be read. Mirror itself sees to it which of its own
 * have the rest, whoever of us commits first.
 */
void	 stream_new_mirrors(struct analyzer *, const struct conf *old);
/* Opens one that nobody observed before a reload. */
void	 stream_take_up(struct conn *);

/* Before what the connection brings: it may be observed since a reload. */
static inline void
stream_look_again(struct conn *c)
{
	if (c->mirrors_epoch != c->az->mirrors_epoch)
		stream_take_up(c);
}

#endif
