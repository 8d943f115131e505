/*
 * frame: header, encoding and decoding of one message. Pure: no events, no
 * logging, no descriptors of its own.
 *
 * A frame is one SOCK_SEQPACKET message: length u32 (of the body), type u16,
 * flags u16, request u32, generation u32, all in host byte order, then the
 * body. The length must equal what was received.
 */
#ifndef SANDBOX_FRAME_H
#define SANDBOX_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox/buf.h"

#define FRAME_HDR	16
#define FRAME_MAX	(128 * 1024)		/* header and body */
#define FRAME_BODY_MAX	(FRAME_MAX - FRAME_HDR)
/*
 * Buffers of frames lie at multiples of it (aligned_alloc): rep movsb between
 * places that differ by a little less, modulo a page, is fifteen times slower
 * on some processors (measured: AMD Zen 3, 2.9 for 45 GB/s).
 */
#define FRAME_ALIGN	64

#define FRAME_MORE	0x0001	/* more frames of this object follow */
#define FRAME_SHARED	0x0002	/* names where it lies: msg_shared */

struct frame {
	uint16_t	 type;
	uint16_t	 flags;
	uint32_t	 request;	/* 0: not an answer, not asked */
	uint32_t	 generation;	/* of the sending child */
	int		 fd;		/* descriptor received, -1 for none */
	struct buf	 body;		/* a reader over the receive buffer */
};

/* Writes the header for a body of len bytes into p (FRAME_HDR bytes). */
void		 frame_put_header(uint8_t *p, const struct frame *, size_t len);
/*
 * Reads one received message of n bytes; the body reads from p in place.
 * -1 when it is empty, short, longer than FRAME_MAX or lies about its length.
 */
int		 frame_get(struct frame *, const uint8_t *p, size_t n);

#endif
