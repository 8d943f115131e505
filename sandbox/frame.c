#include "sandbox/frame.h"

void
frame_put_header(uint8_t *p, const struct frame *f, size_t len)
{
	struct buf	 b;

	buf_writer(&b, p, FRAME_HDR);
	buf_put_u32(&b, (uint32_t)len);
	buf_put_u16(&b, f->type);
	buf_put_u16(&b, f->flags);
	buf_put_u32(&b, f->request);
	buf_put_u32(&b, f->generation);
}

int
frame_get(struct frame *f, const uint8_t *p, size_t n)
{
	struct buf	 b;
	uint32_t	 len;

	if (n < FRAME_HDR || n > FRAME_MAX)
		return -1;
	buf_reader(&b, p, n);
	len = buf_get_u32(&b);
	f->type = buf_get_u16(&b);
	f->flags = buf_get_u16(&b);
	f->request = buf_get_u32(&b);
	f->generation = buf_get_u32(&b);
	f->fd = -1;
	if (len != n - FRAME_HDR)
		return -1;
	buf_reader(&f->body, p + FRAME_HDR, len);
	return 0;
}
