#include <stdlib.h>

#include "capture/batch.h"

#define AT_COUNT	8	/* offset of the count in the body */

static void
begin(struct batch *b)
{
	buf_writer(&b->body, b->frame + FRAME_HDR, FRAME_BODY_MAX);
	buf_put_u64(&b->body, b->number);
	buf_put_u32(&b->body, 0);
	buf_put_u32(&b->body, 0);
	b->count = 0;
}

int
batch_init(struct batch *b)
{
	if ((b->frame = aligned_alloc(FRAME_ALIGN, FRAME_MAX)) == NULL)
		return -1;
	b->number = 1;
	begin(b);
	return 0;
}

void
batch_clear(struct batch *b)
{
	free(b->frame);
	b->frame = NULL;
}

enum batch_result
batch_add(struct batch *b, const struct msg_packet *p)
{
	struct msg_packet	 cut;

	if (b->count > 0 && (b->count == BATCH_PACKETS ||
	    b->body.len + MSG_PACKET_HDR + (size_t)p->caplen > BATCH_BYTES))
		return BATCH_FULL;
	b->count++;
	if (p->caplen <= BATCH_CAPLEN) {
		msg_put_packet(&b->body, p);
		return BATCH_TAKEN;
	}
	cut = *p;
	cut.caplen = BATCH_CAPLEN;
	msg_put_packet(&b->body, &cut);
	return BATCH_CUT;
}

uint8_t *
batch_frame(struct batch *b, size_t *len)
{
	if (b->count == 0)
		return NULL;
	buf_set_u32(&b->body, AT_COUNT, b->count);
	*len = b->body.len;
	return b->frame;
}

void
batch_next(struct batch *b)
{
	b->number += b->count;
	begin(b);
}
