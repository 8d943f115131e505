/*
 * chan: one end of a SOCK_SEQPACKET pair or connection. One message is one
 * frame; nothing is ever cut or joined.
 *
 * Sending never blocks: what the socket does not take goes to a queue, and
 * above high_mark bytes chan_ready is false (the caller stops producing); above
 * limit bytes frames are refused and counted. Receiving checks type,
 * direction and length bounds by the message table before a handler runs. A
 * handler returns 0, or -1 when the payload is not one; then the fault
 * callback is told and the channel goes deaf until chan_relink.
 *
 * Large frames go through shared memory where there is some (shm.h), as if the
 * socket had carried them; memory without a free slot is like a full socket.
 *
 * Descriptors are received only when the channel was made with CHAN_FDS; any
 * other channel reads with read(2), so that no neighbour can hand one over.
 */
#ifndef SANDBOX_CHAN_H
#define SANDBOX_CHAN_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/buf.h"
#include "sandbox/frame.h"
#include "sandbox/role.h"
#include "sandbox/shm.h"
#include "sandbox/tally.h"

struct chan;

struct handler {
	uint16_t	 type;		/* 0 ends a table */
	int		(*fn)(struct chan *, struct frame *, void *arg);
};

enum chan_fault {
	CHAN_CLOSED,		/* the peer is gone (EOF, EPIPE) */
	CHAN_BAD,		/* a malformed, unknown or misdirected frame */
	CHAN_FULL,		/* the queue passed its limit */
	CHAN_ERROR		/* errno says */
};

#define CHAN_FDS	0x01	/* receive descriptors (recvmsg) */
#define CHAN_KEEP_FD	0x02	/* chan_free does not close the descriptor */
#define CHAN_BATCHES	0x04	/* big frames all the time: keep their memory */

struct chan_conf {
	int		 fd;
	enum role	 self;
	enum role	 peer;
	unsigned	 flags;		/* CHAN_* */
	size_t		 high_mark;	/* bytes queued: 0 for 256 KiB */
	size_t		 limit;		/* bytes queued: 0 for 4 MiB */
	uint32_t	 generation;	/* put into every frame sent */
	struct shm	*out;		/* for large frames; NULL for none */
	struct shm	*in;
	const struct handler *handlers;
	/* what is wrong with the peer; may call chan_free on the channel */
	void		(*fault)(struct chan *, enum chan_fault,
			    const char *why, void *arg);
	/* the queue fell under half of high_mark again; may be NULL */
	void		(*drained)(struct chan *, void *arg);
	struct tally	*tally;		/* CHAN_* rows; may be NULL */
	void		*arg;
};

/* NULL without memory. The channel owns fd unless CHAN_KEEP_FD. */
struct chan	*chan_new(struct event_base *, const struct chan_conf *);
void		 chan_free(struct chan *);

/*
 * Compose in place: chan_begin gives a writer over a frame body, chan_end
 * sends it. Only one frame can be composed at a time on a channel. fd -1 for
 * none; the descriptor is closed once it was sent. Returns 0 when sent or
 * queued, -1 when refused (queue full, peer gone, body overflow).
 */
struct buf	*chan_begin(struct chan *, uint16_t type, uint32_t request);
int		 chan_end(struct chan *);
int		 chan_end_flags(struct chan *, uint16_t flags);
int		 chan_end_fd(struct chan *, int fd);
/* A frame with an empty body. */
int		 chan_send(struct chan *, uint16_t type, uint32_t request);
/*
 * A frame that the caller composed: len bytes of body behind FRAME_HDR spare
 * bytes at p, for the data path. The header is written here.
 */
int		 chan_send_raw(struct chan *, uint16_t type, uint32_t request,
		    uint8_t *p, size_t len);
/* Sends a received body on, as another request: for routing rows. */
int		 chan_forward(struct chan *, const struct frame *,
		    uint32_t request);

/* False when the queue is above its high mark: stop producing. */
bool		 chan_ready(const struct chan *);
size_t		 chan_queued(const struct chan *);
void		 chan_set_high_mark(struct chan *, size_t bytes);
/* Tries to send what is queued now (it also happens by events). */
void		 chan_flush(struct chan *);
/*
 * Sends everything queued, waiting at most timeout_ms with poll(2). For
 * stop paths and offline runs only. 0 when the queue is empty.
 */
int		 chan_drain(struct chan *, int timeout_ms);

/*
 * Whether large frames go through out; not before this is called. To be
 * switched on when the peer's gate drops what was sent to its predecessor.
 */
void		 chan_share(struct chan *, bool on);

/* Stops and resumes reading, so that pressure reaches the peer. */
void		 chan_pause(struct chan *);
void		 chan_resume(struct chan *);
/*
 * Receives and handles at most max frames now, without waiting; the number
 * handled. chan calls it itself when the descriptor is readable.
 */
int		 chan_receive(struct chan *, int max);
/* Ends deafness after a fault: the next LINK or HELLO will be heard. */
void		 chan_relink(struct chan *);
bool		 chan_deaf(const struct chan *);
/*
 * Frames are dropped unheard (counted as stale) while closed is true, and
 * shared memory is not touched.
 */
void		 chan_gate(struct chan *, bool closed, uint16_t except_type);
/* Queued frames are thrown away: the peer that wanted them is gone. */
void		 chan_forget(struct chan *);

enum role	 chan_peer(const struct chan *);
void		 chan_set_generation(struct chan *, uint32_t);

#endif
