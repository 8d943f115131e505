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
 * connection: they were not looked at.
 *
 * Nothing blocks. What waits counts against limit; a connection that would
 * pass it loses its rest. A target that refuses or is silent is tried again
 * after a doubling back-off, by one connection at a time; all loss is told
 * through lost(). The mirror's own connections are told through own() before
 * they connect and after they are closed.
 */
#ifndef MIRROR_SINK_TCP_H
#define MIRROR_SINK_TCP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mirror/reply.h"
#include "mirror/hook.h"
#include "sandbox/addr.h"

#define SINK_TCP_STALL_US	10000000	/* no byte taken: reset it */

/*
 * Bytes that are kept after they were sent, until they are answered: per
 * connection; of all together at most a quarter of the limit. So many
 * requests of a connection at most.
 */
#define SINK_TCP_KEEP		65536
#define SINK_TCP_KEEP_REQUESTS	512

/* Why forwarded bytes were lost. */
#define SINK_TCP_REASONS(R)						\
	R(REFUSED,	"connect")	/* refused, unreachable */	\
	R(TIMEOUT,	"timeout")	/* no answer to the dial */	\
	R(BACKOFF,	"backoff")	/* target known to be away */	\
	R(RESET,	"reset")	/* broken by the target */	\
	R(STALLED,	"stalled")	/* target does not read */	\
	R(QUEUE,	"queue")	/* over the limit */		\
	R(LIMIT,	"connections")	/* too many open */		\
	R(SYSTEM,	"system")	/* no socket, no port */	\
	R(GAP,		"gap")		/* behind a gap, no head yet */	\
	R(STOPPED,	"stopped")

#define R(name, text)	SINK_LOST_##name,
enum sink_lost { SINK_TCP_REASONS(R) SINK_LOST_MAX };
#undef R

const char	*sink_lost_name(enum sink_lost);

struct sink_out;

/* The sink's part of one direction of one mirrored connection. */
struct sink_leg {
	struct sink_out	*out;
	uint64_t	 flow;
	bool		 waits;		/* for the next head */
	bool		 dead;		/* its rest is dropped */
	bool		 counted;	/* as a connection with loss */
	bool		 started;
	uint8_t		 reason;	/* enum sink_lost */
};

struct sink_tcp_conf {
	struct event_base *base;
	struct endpoint	 target;
	bool		 has_source;
	struct addr	 source;
	uint64_t	 timeout_us;
	uint64_t	 limit;		/* bytes that wait, of all */
	uint64_t	 backoff_min_us;
	uint64_t	 backoff_max_us;
	unsigned	 max_open;
	/*
	 * requests: of whose answer nothing has come, in these bytes or in
	 * those that were sent. first: the first loss of this connection.
	 */
	void		(*lost)(void *arg, enum sink_lost, uint64_t bytes,
			    uint64_t requests, bool first);
	void		(*own)(void *arg, const struct endpoint *source,
			    const struct endpoint *target, bool gone);
	/* For people; rate is the caller's. */
	void		(*error)(void *arg, enum sink_lost, int error);
	void		(*back)(void *arg);	/* the target is there again */
	void		*arg;
};

struct sink_tcp_stats {
	uint64_t	 connections;	/* opened */
	uint64_t	 sent_bytes;
	uint64_t	 requests;	/* heads forwarded */
	uint64_t	 answers;
	uint64_t	 unanswered;	/* sent and closed in order without */
	uint64_t	 again;		/* requests that were sent again */
	uint64_t	 errors;
	uint64_t	 status[REPLY_STATUS];
	uint64_t	 queued;	/* bytes, now */
	uint64_t	 kept;		/* sent bytes that are kept, now */
	uint64_t	 open;		/* sockets, now */
	uint64_t	 high;		/* most bytes ever queued */
};

struct sink_tcp;

struct sink_tcp	*sink_tcp_new(const struct sink_tcp_conf *);
/* Closes all; what waits is lost. Legs must not be used any more. */
void		 sink_tcp_free(struct sink_tcp *);
void		 sink_tcp_data(struct sink_tcp *, struct sink_leg *,
		    const struct chunk *);
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
