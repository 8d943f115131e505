/*
 * sink: where mirrored bytes end.
 *
 * struct sink_note says where a unit of bytes came from, so that one which
 * could not be kept can be told as a gap of its connection.
 */
#ifndef MIRROR_SINK_H
#define MIRROR_SINK_H

#include <stdint.h>

struct sink_note {
	uint64_t	 flow;
	uint64_t	 offset;	/* in its stream, of the first byte */
	uint64_t	 len;		/* bytes of the stream */
	uint64_t	 ts_us;
	uint8_t		 dir;		/* enum stream_dir */
};

#endif
