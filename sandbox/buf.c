#include "sandbox/buf.h"

void
buf_writer(struct buf *b, uint8_t *p, size_t cap)
{
	memset(b, 0, sizeof(*b));
	b->w = p;
	b->r = p;
	b->cap = cap;
}

void
buf_reader(struct buf *b, const uint8_t *p, size_t len)
{
	memset(b, 0, sizeof(*b));
	b->r = p;
	b->cap = len;
	b->len = len;
}

size_t
buf_left(const struct buf *b)
{
	return b->err ? 0 : b->len - b->off;
}

size_t
buf_room(const struct buf *b)
{
	return b->err || b->w == NULL ? 0 : b->cap - b->len;
}

int
buf_end(const struct buf *b)
{
	return b->err || b->off != b->len ? -1 : 0;
}

void
buf_put_bytes(struct buf *b, const void *p, size_t n)
{
	if (n > UINT32_MAX) {
		b->err = true;
		return;
	}
	buf_put_u32(b, (uint32_t)n);
	buf_put(b, p, n);
}

void
buf_put_str(struct buf *b, const char *s)
{
	buf_put_bytes(b, s, s == NULL ? 0 : strlen(s));
}

void
buf_set_u32(struct buf *b, size_t at, uint32_t v)
{
	if (b->err || b->w == NULL || b->len < sizeof(v) ||
	    at > b->len - sizeof(v)) {
		b->err = true;
		return;
	}
	memcpy(b->w + at, &v, sizeof(v));
}

const uint8_t *
buf_get_bytes(struct buf *b, size_t *n)
{
	const uint8_t	*p;

	*n = buf_get_u32(b);
	if ((p = buf_get_span(b, *n)) == NULL)
		*n = 0;
	return p;
}

void
buf_get_str(struct buf *b, char *s, size_t size)
{
	const uint8_t	*p;
	size_t		 n;

	p = buf_get_bytes(b, &n);
	if (p == NULL || n >= size || memchr(p, '\0', n) != NULL) {
		b->err = true;
		n = 0;
	}
	if (n > 0)
		memcpy(s, p, n);
	if (size > 0)
		s[n] = '\0';
}
