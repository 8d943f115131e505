/*
 * sinktype: the words of sink_tcp: what it is told and what it counts. The
 * contract is in sink_tcp.h, which everybody else includes.
 */
#ifndef MIRROR_SINKTYPE_H
#define MIRROR_SINKTYPE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "mirror/compare.h"
#include "mirror/reply.h"
#include "sandbox/addr.h"

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
	R(STOPPED,	"stopped")					\
	/* of whole messages: */					\
	R(CUT,		"cut")		/* its end did not come */	\
	R(BROKEN,	"broken")	/* no HTTP any more */		\
	R(LARGE,	"large")	/* more than may gather */	\
	R(MEMORY,	"memory")	/* over the limit of all */

#define R(name, text)	SINK_LOST_##name,
enum sink_lost { SINK_TCP_REASONS(R) SINK_LOST_MAX };
#undef R

struct sink_out;

/* The sink's part of one direction of one mirrored connection. */
struct sink_leg {
	struct sink_out	*out;
	bool		 waits;		/* for the next head */
	bool		 dead;		/* its rest is dropped */
	bool		*counted;	/* the connection, as one with loss */
	bool		 started;
	uint8_t		 reason;	/* enum sink_lost */
	struct compare_leg *compare;	/* what the service answered */
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
	struct compare	*compare;	/* NULL: not compared */
	uint64_t	(*clock)(void);	/* monotonic, for that */
	/*
	 * requests: of whose answer nothing has come, in these bytes or in
	 * those that were sent. first: the first loss of this connection.
	 */
	void		(*lost)(void *arg, enum sink_lost, uint64_t bytes,
			    uint64_t requests, bool first);
	void		(*own)(void *arg, const struct endpoint *source,
			    const struct endpoint *target, bool gone);
	/* For people; how often is the caller's. */
	void		(*error)(void *arg, enum sink_lost, int error);
	void		(*back)(void *arg);	/* the target is there again */
	void		*arg;
};

struct sink_tcp_stats {
	uint64_t	 connections;	/* opened */
	uint64_t	 sent_bytes;
	uint64_t	 requests;	/* heads forwarded */
	uint64_t	 answers;
	uint64_t	 answer_bytes;	/* whatever the target sent */
	uint64_t	 unanswered;	/* sent and closed in order without */
	uint64_t	 again;		/* requests that were sent again */
	uint64_t	 errors;
	uint64_t	 status[REPLY_STATUS];
	uint64_t	 queued;	/* bytes, now */
	uint64_t	 kept;		/* sent bytes that are kept, now */
	uint64_t	 open;		/* sockets, now */
	uint64_t	 high;		/* most bytes ever queued */
};

#endif
