/*
 * sink_tcp: copies of connections to one target.
 *
 * Each mirrored connection (in one direction) has one outgoing connection,
 * opened at the first kept byte; only a message head, or the start of
 * something that is not HTTP, may open it. What the target answers is read,
 * counted by status and thrown away. At the end of the mirrored connection
 * it is closed with a reset (which leaves no TIME_WAIT) once each request
 * that was forwarded whole has its answer; after the dial timeout, or when
 * the answers are not HTTP, it is half-closed first. When the target says
 * with an answer that it closes, the requests behind it go again over a new
 * connection: they were not looked at. Where answers are compared, and cannot
 * be on a connection any more, the next request goes over a new one as soon as
 * all before it are answered.
 *
 * Nothing blocks. What waits counts against limit; a connection that would
 * pass it loses its rest. A target that refuses or is silent is tried again
 * after a doubling back-off, by one connection at a time; all loss is told
 * through lost(). The mirror's own connections are told through own() before
 * they connect and after they are closed.
 */
#ifndef MIRROR_SINK_TCP_H
#define MIRROR_SINK_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/hook.h"
#include "mirror/sinktype.h"

#define SINK_TCP_STALL_US	10000000	/* no byte taken: reset it */

const char	*sink_lost_name(enum sink_lost);

struct sink_tcp;

struct sink_tcp	*sink_tcp_new(const struct sink_tcp_conf *);
/* Closes all; what waits is lost. Legs must not be used any more. */
void		 sink_tcp_free(struct sink_tcp *);
void		 sink_tcp_data(struct sink_tcp *, struct sink_leg *,
		    const struct chunk *);
/*
 * A whole message, whose first head bytes are its head: if there is no room
 * for it, it alone is lost.
 */
void		 sink_tcp_whole(struct sink_tcp *, struct sink_leg *,
		    const struct chunk *, size_t head);
/* Writes what has come since: after each frame. */
void		 sink_tcp_flush(struct sink_tcp *);
/* The message whose head came last is complete. */
void		 sink_tcp_end(struct sink_tcp *, struct sink_leg *);
/* Bytes are missing: the next head opens a new connection. */
void		 sink_tcp_gap(struct sink_tcp *, struct sink_leg *);
void		 sink_tcp_close(struct sink_tcp *, struct sink_leg *);
/* Timeouts; now_us is the monotonic clock. Every 100 ms or so. */
void		 sink_tcp_tick(struct sink_tcp *, uint64_t now_us);
/* Tells all open tuples again, to a fresh analyzer. */
void		 sink_tcp_tell(struct sink_tcp *);
/* "up", "connecting", "retry" or "idle". */
const char	*sink_tcp_state(const struct sink_tcp *);
const struct sink_tcp_stats *sink_tcp_stats(const struct sink_tcp *);
/* Counters to go on from; what is now must be as it was read. */
void		 sink_tcp_set_stats(struct sink_tcp *,
		    const struct sink_tcp_stats *);
/* Nothing waits and no answer is waited for. */
bool		 sink_tcp_idle(const struct sink_tcp *);

#endif
