#include <stdlib.h>
#include <string.h>

#include "analyzer/recent.h"
#include "sandbox/buf.h"

#define HEAD		4	/* length of a record */
#define RECENT_ROOM	8192	/* less is of no use */

void
recent_init(struct recent *r, struct mem *mem, size_t size)
{
	memset(r, 0, sizeof(*r));
	r->mem = mem;
	if (size < RECENT_ROOM || !mem_take(mem, MEM_METERS, size))
		return;
	if ((r->ring = malloc(size)) == NULL)
		mem_give(mem, MEM_METERS, size);
	else
		r->size = size;
}

void
recent_clear(struct recent *r)
{
	if (r->ring != NULL)
		mem_give(r->mem, MEM_METERS, r->size);
	free(r->ring);
	r->ring = NULL;
	r->size = r->used = 0;
	r->n = 0;
}

static void
copy_in(struct recent *r, size_t at, const uint8_t *p, size_t n)
{
	size_t	 first;

	at %= r->size;
	first = n < r->size - at ? n : r->size - at;
	memcpy(r->ring + at, p, first);
	memcpy(r->ring, p + first, n - first);
}

static void
copy_out(const struct recent *r, size_t at, uint8_t *p, size_t n)
{
	size_t	 first;

	at %= r->size;
	first = n < r->size - at ? n : r->size - at;
	memcpy(p, r->ring + at, first);
	memcpy(p + first, r->ring, n - first);
}

static uint32_t
length_at(const struct recent *r, size_t at)
{
	uint32_t	 n;
	uint8_t		 b[HEAD];

	copy_out(r, at, b, HEAD);
	memcpy(&n, b, sizeof(n));
	return n;
}

static void
put_span(struct buf *b, const struct msg_span *s, size_t max)
{
	buf_put_bytes(b, s->p, s->n < max ? s->n : max);
}

void
recent_put(struct recent *r, const struct recent_tx *t)
{
	uint8_t		 rec[RECENT_MAX];
	struct buf	 b;
	uint32_t	 n;

	if (r->size == 0)
		return;
	buf_writer(&b, rec, sizeof(rec));
	buf_put_u32(&b, 0);
	buf_put_u64(&b, t->ts_us);
	buf_put_u64(&b, t->flow_id);
	buf_put_u64(&b, t->first_us);
	buf_put_u64(&b, t->last_us);
	buf_put_u64(&b, t->req_body);
	buf_put_u64(&b, t->resp_body);
	buf_put_u32(&b, t->status);
	buf_put_u8(&b, t->gap);
	buf_put_u8(&b, t->upgraded);
	put_span(&b, &t->iface, 64);
	endpoint_put(&b, &t->client);
	endpoint_put(&b, &t->server);
	put_span(&b, &t->method, 64);
	put_span(&b, &t->host, RECENT_HOST);
	put_span(&b, &t->uri, RECENT_URI);
	put_span(&b, &t->tag, 64);
	put_span(&b, &t->version, 16);
	n = (uint32_t)b.len;
	if (b.err || n > r->size) {
		r->dropped++;
		return;
	}
	buf_set_u32(&b, 0, n);
	while (r->size - r->used < n) {
		r->used -= length_at(r, r->tail);
		r->tail = (r->tail + length_at(r, r->tail)) % r->size;
		r->n--;
		r->dropped++;
	}
	copy_in(r, r->tail + r->used, rec, n);
	r->used += n;
	r->n++;
}

static void
get_span(struct buf *b, struct msg_span *s)
{
	s->p = buf_get_bytes(b, &s->n);
}

bool
recent_next(const struct recent *r, size_t *cursor,
    uint8_t scratch[RECENT_MAX], struct recent_tx *t)
{
	struct buf	 b;
	uint32_t	 n;

	if (*cursor >= r->used)
		return false;
	n = length_at(r, r->tail + *cursor);
	copy_out(r, r->tail + *cursor, scratch, n);
	*cursor += n;
	buf_reader(&b, scratch, n);
	buf_get_u32(&b);
	t->ts_us = buf_get_u64(&b);
	t->flow_id = buf_get_u64(&b);
	t->first_us = buf_get_u64(&b);
	t->last_us = buf_get_u64(&b);
	t->req_body = buf_get_u64(&b);
	t->resp_body = buf_get_u64(&b);
	t->status = buf_get_u32(&b);
	t->gap = buf_get_u8(&b) != 0;
	t->upgraded = buf_get_u8(&b) != 0;
	get_span(&b, &t->iface);
	endpoint_get(&b, &t->client);
	endpoint_get(&b, &t->server);
	get_span(&b, &t->method);
	get_span(&b, &t->host);
	get_span(&b, &t->uri);
	get_span(&b, &t->tag);
	get_span(&b, &t->version);
	return !b.err;
}
