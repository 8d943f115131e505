/*
 * sink_out: one outgoing connection of a sink_tcp: what is written on it, how
 * it ends and how its loss is told. The sink and its connections are one
 * struct each, shared by sink_out, sink_dial, sink_answer and sink_tcp and by
 * nobody else; who uses a sink includes sink_tcp.h.
 *
 * A connection is in exactly one list: waiting (WAITING) or outs. Every
 * function that may end one says so: it is freed then.
 */
#ifndef MIRROR_SINK_OUT_H
#define MIRROR_SINK_OUT_H

#include <sys/queue.h>

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "mirror/backlog.h"
#include "mirror/sinktype.h"

enum out_state { WAITING, CONNECTING, UP, DRAINING, HALF_CLOSED };

struct sink_out {
	TAILQ_ENTRY(sink_out) entry;
	TAILQ_ENTRY(sink_out) next_dirty;
	struct sink_tcp	*sink;
	struct sink_leg	*leg;		/* NULL when it has gone */
	struct event	*rd;
	struct event	*wr;
	struct backlog	 bytes;
	struct endpoint	 local;
	int		 fd;
	uint8_t		 state;		/* enum out_state */
	bool		 dirty;		/* to be written at the next flush */
	bool		 draining;	/* the leg has gone: end it well */
	bool		 counted;	/* what the leg's was */
	bool		 http;		/* answers can be counted */
	bool		 in_message;	/* the last one is not complete */
	int		 error;		/* of a write; there may be answers */
	uint64_t	 since_us;	/* of the state, or last progress */
	uint64_t	 batch;		/* more wait for that many answers */
	struct compare_out compared;
};

TAILQ_HEAD(outs, sink_out);

struct sink_tcp {
	struct sink_tcp_conf conf;
	struct sink_tcp_stats stats;
	struct outs	 outs;
	struct outs	 dirty;
	struct outs	 waiting;	/* for a socket to be free */
	size_t		 nwaiting;
	uint64_t	 now_us;
	uint64_t	 delay_us;	/* of the back-off, 0: it is there */
	uint64_t	 next_us;
	unsigned	 dialling;
	bool		 was_up;
	uint64_t	 batch;		/* answers of the last one it closed */
	event_callback_fn readable;	/* of each connection */
	event_callback_fn writable;
	uint8_t		 in[65536];	/* answers, read and thrown away */
};

/* NULL without memory. In no list yet. */
struct sink_out	*out_new(struct sink_tcp *);
void		 out_wait(struct sink_out *);
void		 out_free(struct sink_out *);

/* ---- loss ---- */

/* counted: whether the connection is counted as one with loss. */
void		 out_lose(struct sink_tcp *, bool *counted, enum sink_lost,
		    uint64_t bytes, uint64_t requests);
bool		*out_counted(struct sink_out *);
/* Requests that nobody will answer any more. */
uint64_t	 out_unheard(const struct sink_out *);
/* Something broke: what waits is lost, and the rest of the message. Ends. */
void		 out_fail(struct sink_out *, enum sink_lost, int error);

/* ---- bytes and the end ---- */

size_t		 out_waiting(const struct sink_out *);
/* Requests that were forwarded whole and have no answer yet. */
uint64_t	 out_unanswered(const struct sink_out *);
/* To be written at the next flush of the sink. */
void		 out_to_flush(struct sink_out *);
/* Writes what waits; one that drains may come to its end by it. */
void		 out_flush(struct sink_out *);
/* Closes with a reset: no TIME_WAIT, no port kept. Ends. */
void		 out_drop(struct sink_out *);
/* The same in order: what has no answer by now has none. Ends. */
void		 out_reset(struct sink_out *);
/* How far the end can be brought, the leg having gone. May end. */
void		 out_drain(struct sink_out *);
void		 out_half_close(struct sink_out *);
/* The leg goes, the connection stays until it is answered. May end. */
void		 out_let_go(struct sink_out *);

#endif
