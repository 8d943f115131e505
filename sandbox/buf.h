/*
 * buf: a bounded reader and writer over bytes that the caller owns.
 *
 * Every get and put is checked. The first one that does not fit sets err,
 * and from then on each put writes nothing and each get returns zero (or an
 * empty string), so a caller checks once at the end. Integers are in host
 * byte order: both ends of every channel are processes of one machine.
 * Invariant: off <= len <= cap.
 */
#ifndef SANDBOX_BUF_H
#define SANDBOX_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	uint8_t		*w;	/* NULL for a reader */
	const uint8_t	*r;
	size_t		 cap;
	size_t		 len;
	size_t		 off;
	bool		 err;
};

/* A writer over cap bytes at p, or a reader of the len bytes at p. */
void		 buf_writer(struct buf *, uint8_t *p, size_t cap);
void		 buf_reader(struct buf *, const uint8_t *p, size_t len);

/* Bytes not yet read; bytes that can still be written. */
size_t		 buf_left(const struct buf *);
size_t		 buf_room(const struct buf *);
/* -1 when an access failed or bytes are left over, else 0. */
int		 buf_end(const struct buf *);

/* Inline down to the integers: each packet and each row passes here. */
static inline void
buf_put(struct buf *b, const void *p, size_t n)
{
	if (b->err || b->w == NULL || n > b->cap - b->len) {
		b->err = true;
		return;
	}
	if (n > 0)
		memcpy(b->w + b->len, p, n);
	b->len += n;
}
static inline void
buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, sizeof(v));
}
static inline void
buf_put_u16(struct buf *b, uint16_t v)
{
	buf_put(b, &v, sizeof(v));
}
static inline void
buf_put_u32(struct buf *b, uint32_t v)
{
	buf_put(b, &v, sizeof(v));
}
static inline void
buf_put_u64(struct buf *b, uint64_t v)
{
	buf_put(b, &v, sizeof(v));
}
static inline void
buf_put_double(struct buf *b, double v)
{
	buf_put(b, &v, sizeof(v));
}
/* Length u32, then the bytes. */
void		 buf_put_bytes(struct buf *, const void *, size_t);
/* The same for a C string (NULL is written as empty). */
void		 buf_put_str(struct buf *, const char *);
/* Overwrites four bytes written before, at offset at. */
void		 buf_set_u32(struct buf *, size_t at, uint32_t);

/* A pointer to n bytes inside the buffer, NULL (and err) when too short. */
static inline const uint8_t *
buf_get_span(struct buf *b, size_t n)
{
	const uint8_t	*p;

	if (b->err || n > b->len - b->off) {
		b->err = true;
		return NULL;
	}
	p = b->r + b->off;
	b->off += n;
	return p;
}
static inline void
buf_get(struct buf *b, void *p, size_t n)
{
	const uint8_t	*s;

	if ((s = buf_get_span(b, n)) == NULL)
		memset(p, 0, n);
	else if (n > 0)
		memcpy(p, s, n);
}
static inline uint8_t
buf_get_u8(struct buf *b)
{
	uint8_t	 v;

	buf_get(b, &v, sizeof(v));
	return v;
}
static inline uint16_t
buf_get_u16(struct buf *b)
{
	uint16_t	 v;

	buf_get(b, &v, sizeof(v));
	return v;
}
static inline uint32_t
buf_get_u32(struct buf *b)
{
	uint32_t	 v;

	buf_get(b, &v, sizeof(v));
	return v;
}
static inline uint64_t
buf_get_u64(struct buf *b)
{
	uint64_t	 v;

	buf_get(b, &v, sizeof(v));
	return v;
}
static inline double
buf_get_double(struct buf *b)
{
	double	 v;

	buf_get(b, &v, sizeof(v));
	return v;
}
/* What buf_put_bytes wrote, in place; length through *n. */
const uint8_t	*buf_get_bytes(struct buf *, size_t *n);
/*
 * What buf_put_str wrote, into s of size bytes, terminated. A text that does
 * not fit or holds a NUL is an error: names are never cut in silence.
 */
void		 buf_get_str(struct buf *, char *s, size_t size);

#endif
