#include <string.h>

#include "sandbox/hookmsg.h"

static void
put_be(uint8_t *p, uint64_t v, int n)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

static uint64_t
get_be(const uint8_t *p, int n)
{
	uint64_t	 v;

	for (v = 0; n > 0; n--)
		v = v << 8 | *p++;
	return v;
}

void
hookmsg_put_length(uint8_t p[4], uint32_t n)
{
	put_be(p, n, 4);
}

uint32_t
hookmsg_get_length(const uint8_t p[4])
{
	return (uint32_t)get_be(p, 4);
}

size_t
hookmsg_put_chunk(uint8_t *p, size_t size, const struct hookmsg_chunk *c)
{
	size_t	 from = strlen(c->from), to = strlen(c->to);

	if (size < 22 + from + to)
		return 0;
	put_be(p, c->seq, 8);
	put_be(p + 8, c->ts_ns, 8);
	p[16] = c->dir;
	p[17] = c->flags;
	put_be(p + 18, from, 2);
	memcpy(p + 20, c->from, from);
	put_be(p + 20 + from, to, 2);
	memcpy(p + 22 + from, c->to, to);
	return 22 + from + to;
}

/* A text of a two byte length at *at. */
static int
get_text(const uint8_t *p, size_t n, size_t *at, char *s, size_t size)
{
	size_t	 len;

	if (n - *at < 2)
		return -1;
	len = (size_t)get_be(p + *at, 2);
	*at += 2;
	if (len >= size || len > n - *at)
		return -1;
	memcpy(s, p + *at, len);
	s[len] = '\0';
	*at += len;
	return 0;
}

int
hookmsg_get_chunk(const uint8_t *p, size_t n, struct hookmsg_chunk *c)
{
	size_t	 at;

	if (n < 22)
		return -1;
	c->seq = get_be(p, 8);
	c->ts_ns = get_be(p + 8, 8);
	c->dir = p[16];
	c->flags = p[17];
	at = 18;
	if (get_text(p, n, &at, c->from, sizeof(c->from)) == -1 ||
	    get_text(p, n, &at, c->to, sizeof(c->to)) == -1)
		return -1;
	c->data = p + at;
	c->len = n - at;
	return 0;
}

void
hookmsg_put_verdict(uint8_t p[HOOKMSG_VERDICT_HEAD], uint64_t seq,
    enum hookmsg_verdict v)
{
	put_be(p, seq, 8);
	p[8] = (uint8_t)v;
}

int
hookmsg_get_verdict(const uint8_t *p, size_t n, uint64_t *seq,
    uint8_t *verdict, const uint8_t **data, size_t *len)
{
	if (n < HOOKMSG_VERDICT_HEAD || p[8] > HOOKMSG_BROKEN ||
	    n - HOOKMSG_VERDICT_HEAD > HOOKMSG_ANSWER_MAX)
		return -1;
	*seq = get_be(p, 8);
	*verdict = p[8];
	*data = p + HOOKMSG_VERDICT_HEAD;
	*len = n - HOOKMSG_VERDICT_HEAD;
	return 0;
}
