/*
 * batch: packets into one PACKETS frame, composed in place. Pure.
 *
 * A batch closes by size (BATCH_BYTES, unless its only packet is larger), by
 * count (BATCH_PACKETS), or when the caller says so: capture does when a ring
 * is empty, and a ring hands over its blocks after 10 or 20 ms, so no packet
 * waits for longer. Packets are numbered from 1 for the life of the process;
 * the frame carries the number of its first one.
 */
#ifndef CAPTURE_BATCH_H
#define CAPTURE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/buf.h"
#include "sandbox/frame.h"
#include "sandbox/msg.h"

#define BATCH_BYTES	(64 * 1024 - FRAME_HDR)	/* of the body */
#define BATCH_PACKETS	1024
#define BATCH_CAPLEN	(FRAME_BODY_MAX - MSG_PACKETS_HDR - MSG_PACKET_HDR)

struct batch {
	uint8_t		*frame;		/* FRAME_MAX bytes, owned */
	struct buf	 body;		/* behind FRAME_HDR spare bytes */
	uint64_t	 number;	/* of the first packet in it */
	uint32_t	 count;
};

enum batch_result {
	BATCH_TAKEN,
	BATCH_CUT,		/* taken, its end cut to BATCH_CAPLEN */
	BATCH_FULL		/* not taken: send this batch first */
};

/* -1 without memory. */
int		 batch_init(struct batch *);
void		 batch_clear(struct batch *);
enum batch_result batch_add(struct batch *, const struct msg_packet *);
/*
 * The body's bytes behind FRAME_HDR spare ones, as chan_send_raw wants them;
 * len is the body's. NULL when the batch is empty. Valid until batch_next.
 */
uint8_t		*batch_frame(struct batch *, size_t *len);
/* Begins the next batch. */
void		 batch_next(struct batch *);

#endif
