#include <stdlib.h>
#include <string.h>

#include "analyzer/hpack.h"
#include "sandbox/compat.h"

#define OVERHEAD	32		/* RFC 7541, 4.1 */
#define STATICS		61
#define FEW		8		/* entries at first */
#define BYTES		256		/* and bytes */

/* Of an entry that nobody wants only its size is known. */
struct hpack_entry {
	uint32_t	 size;
	uint32_t	 off;		/* of the name; the value follows */
	uint16_t	 name_len;
	uint16_t	 len;		/* of what is kept of the value */
	bool		 wanted;
};

struct fixed {
	const char	*name;
	const char	*value;
	uint8_t		 name_len;
	uint8_t		 len;
};

#define F(n, v)	{ n, v, sizeof(n) - 1, sizeof(v) - 1 }

/* RFC 7541, appendix A. */
static const struct fixed fixed[STATICS] = {
	F(":authority", ""), F(":method", "GET"), F(":method", "POST"),
	F(":path", "/"), F(":path", "/index.html"), F(":scheme", "http"),
	F(":scheme", "https"), F(":status", "200"), F(":status", "204"),
	F(":status", "206"), F(":status", "304"), F(":status", "400"),
	F(":status", "404"), F(":status", "500"), F("accept-charset", ""),
	F("accept-encoding", "gzip, deflate"), F("accept-language", ""),
	F("accept-ranges", ""), F("accept", ""),
	F("access-control-allow-origin", ""), F("age", ""), F("allow", ""),
	F("authorization", ""), F("cache-control", ""),
	F("content-disposition", ""), F("content-encoding", ""),
	F("content-language", ""), F("content-length", ""),
	F("content-location", ""), F("content-range", ""),
	F("content-type", ""), F("cookie", ""), F("date", ""), F("etag", ""),
	F("expect", ""), F("expires", ""), F("from", ""), F("host", ""),
	F("if-match", ""), F("if-modified-since", ""), F("if-none-match", ""),
	F("if-range", ""), F("if-unmodified-since", ""),
	F("last-modified", ""), F("link", ""), F("location", ""),
	F("max-forwards", ""), F("proxy-authenticate", ""),
	F("proxy-authorization", ""), F("range", ""), F("referer", ""),
	F("refresh", ""), F("retry-after", ""), F("server", ""),
	F("set-cookie", ""), F("strict-transport-security", ""),
	F("transfer-encoding", ""), F("user-agent", ""), F("vary", ""),
	F("via", ""), F("www-authenticate", "")
};

/*
 * RFC 7541, appendix B: the codes are canonical, so their lengths tell all.
 * First the bytes in the order of their codes, then of each length the first
 * code, in the upper bits, and what stands there.
 */
static const uint8_t	 symbols[256] = {
	0x30, 0x31, 0x32, 0x61, 0x63, 0x65, 0x69, 0x6f, 0x73, 0x74, 0x20, 0x25,
	0x2d, 0x2e, 0x2f, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3d, 0x41,
	0x5f, 0x62, 0x64, 0x66, 0x67, 0x68, 0x6c, 0x6d, 0x6e, 0x70, 0x72, 0x75,
	0x3a, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c,
	0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x59,
	0x6a, 0x6b, 0x71, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x26, 0x2a, 0x2c, 0x3b,
	0x58, 0x5a, 0x21, 0x22, 0x28, 0x29, 0x3f, 0x27, 0x2b, 0x7c, 0x23, 0x3e,
	0x00, 0x24, 0x40, 0x5b, 0x5d, 0x7e, 0x5e, 0x7d, 0x3c, 0x60, 0x7b, 0x5c,
	0xc3, 0xd0, 0x80, 0x82, 0x83, 0xa2, 0xb8, 0xc2, 0xe0, 0xe2, 0x99, 0xa1,
	0xa7, 0xac, 0xb0, 0xb1, 0xb3, 0xd1, 0xd8, 0xd9, 0xe3, 0xe5, 0xe6, 0x81,
	0x84, 0x85, 0x86, 0x88, 0x92, 0x9a, 0x9c, 0xa0, 0xa3, 0xa4, 0xa9, 0xaa,
	0xad, 0xb2, 0xb5, 0xb9, 0xba, 0xbb, 0xbd, 0xbe, 0xc4, 0xc6, 0xe4, 0xe8,
	0xe9, 0x01, 0x87, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8f, 0x93, 0x95, 0x96,
	0x97, 0x98, 0x9b, 0x9d, 0x9e, 0xa5, 0xa6, 0xa8, 0xae, 0xaf, 0xb4, 0xb6,
	0xb7, 0xbc, 0xbf, 0xc5, 0xe7, 0xef, 0x09, 0x8e, 0x90, 0x91, 0x94, 0x9f,
	0xab, 0xce, 0xd7, 0xe1, 0xec, 0xed, 0xc7, 0xcf, 0xea, 0xeb, 0xc0, 0xc1,
	0xc8, 0xc9, 0xca, 0xcd, 0xd2, 0xd5, 0xda, 0xdb, 0xee, 0xf0, 0xf2, 0xf3,
	0xff, 0xcb, 0xcc, 0xd3, 0xd4, 0xd6, 0xdd, 0xde, 0xdf, 0xf1, 0xf4, 0xf5,
	0xf6, 0xf7, 0xf8, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0x02, 0x03, 0x04, 0x05,
	0x06, 0x07, 0x08, 0x0b, 0x0c, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14,
	0x15, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x7f, 0xdc,
	0xf9, 0x0a, 0x0d, 0x16
};

#define EOS	0xfffffffcU

static const struct {
	uint32_t	 first;
	uint8_t		 bits;
	uint8_t		 index;
} lengths[] = {
	{ 0x00000000, 5, 0 }, { 0x50000000, 6, 10 },
	{ 0xb8000000, 7, 36 }, { 0xf8000000, 8, 68 },
	{ 0xfe000000, 10, 74 }, { 0xff400000, 11, 79 },
	{ 0xffa00000, 12, 82 }, { 0xffc00000, 13, 84 },
	{ 0xfff00000, 14, 90 }, { 0xfff80000, 15, 92 },
	{ 0xfffe0000, 19, 95 }, { 0xfffe6000, 20, 98 },
	{ 0xfffee000, 21, 106 }, { 0xffff4800, 22, 119 },
	{ 0xffffb000, 23, 145 }, { 0xffffea00, 24, 174 },
	{ 0xfffff600, 25, 186 }, { 0xfffff800, 26, 190 },
	{ 0xfffffbc0, 27, 205 }, { 0xfffffe20, 28, 224 },
	{ 0xfffffff0, 30, 253 }, { 0xfffffffc, 30, 0 }
};

bool
hpack_huffman(const uint8_t *p, size_t n, uint8_t *out, size_t max,
    size_t *len)
{
	const uint8_t	*end = p + n;
	uint64_t	 acc = 0;
	size_t		 used = 0;
	uint32_t	 x;
	unsigned	 have = 0, i;

	for (;;) {
		for (; have <= 56 && p < end; have += 8)
			acc |= (uint64_t)*p++ << (56 - have);
		/* What is missing at the end is as if filled with ones. */
		x = (uint32_t)(acc >> 32);
		if (have < 32)
			x |= UINT32_MAX >> have;
		if (x >= EOS) {
			*len = used;
			return have < 8;
		}
		for (i = 0; x >= lengths[i + 1].first; i++)
			;
		if (lengths[i].bits > have)
			return false;
		if (used < max)
			out[used] = symbols[lengths[i].index +
			    ((x - lengths[i].first) >> (32 - lengths[i].bits))];
		used++;
		acc <<= lengths[i].bits;
		have -= lengths[i].bits;
	}
}

/* ---- the table ---- */

void
hpack_init(struct hpack *h)
{
	memset(h, 0, sizeof(*h));
	h->max = HPACK_TABLE;
}

size_t
hpack_held(const struct hpack *h)
{
	return h->cap * sizeof(*h->e) + h->room;
}

void
hpack_clear(struct hpack *h, struct mem *mem)
{
	mem_give(mem, MEM_SESSIONS, hpack_held(h));
	free(h->e);
	free(h->bytes);
	hpack_init(h);
}

static void *
take(struct mem *mem, size_t n)
{
	void	*p;

	if (!mem_take(mem, MEM_SESSIONS, n))
		return NULL;
	if ((p = malloc(n)) == NULL)
		mem_give(mem, MEM_SESSIONS, n);
	return p;
}

static void
give(struct mem *mem, void *p, size_t n)
{
	free(p);
	mem_give(mem, MEM_SESSIONS, n);
}

/* The oldest is 0. */
static struct hpack_entry *
at(const struct hpack *h, uint32_t i)
{
	return &h->e[(h->head + i) & (h->cap - 1)];
}

static void
evict(struct hpack *h, uint32_t max)
{
	struct hpack_entry	*e;

	while (h->size > max) {
		e = at(h, 0);
		h->size -= e->size;
		if (e->wanted)
			h->start = e->off + e->name_len + e->len;
		h->head++;
		h->n--;
	}
	if (h->n == 0)
		h->start = h->end = 0;
}

static bool
more_entries(struct hpack *h, struct mem *mem)
{
	uint32_t		 cap = h->cap == 0 ? FEW : h->cap * 2, i;
	struct hpack_entry	*e;

	if (h->n < h->cap)
		return true;
	if ((e = take(mem, cap * sizeof(*e))) == NULL)
		return false;
	for (i = 0; i < h->n; i++)
		e[i] = *at(h, i);
	give(mem, h->e, h->cap * sizeof(*e));
	h->e = e;
	h->head = 0;
	h->cap = cap;
	return true;
}

/*
 * Room for n bytes at the end. What is in use moves to the front, where it
 * fills at most a half, so that it moves only after as many new bytes.
 */
static bool
more_bytes(struct hpack *h, struct mem *mem, uint32_t n)
{
	uint32_t	 room = h->room == 0 ? BYTES : h->room, i;
	uint32_t	 live = h->end - h->start, from = h->start;
	uint8_t		*p = h->bytes;

	if (h->end + n <= h->room)
		return true;
	while (live + n > room / 2)
		room *= 2;
	if (room > h->room && (p = take(mem, room)) == NULL)
		return false;
	if (live > 0)
		memmove(p, h->bytes + from, live);
	if (room > h->room) {
		give(mem, h->bytes, h->room);
		h->bytes = p;
		h->room = room;
	}
	for (i = 0; i < h->n; i++)
		if (at(h, i)->wanted)
			at(h, i)->off -= from;
	h->start = 0;
	h->end = live;
	return true;
}

/* A field as it was read: its name is kept if it is wanted. */
struct found {
	struct http_span name;		/* len 0: not wanted */
	size_t		 name_len;	/* the whole name's */
	struct http_span value;
	size_t		 len;		/* the whole value's */
	size_t		 most;		/* so much of it is wanted */
	uint8_t		 text[HPACK_NAME_MAX];
};

static bool
insert(struct hpack *h, struct mem *mem, const struct found *f)
{
	struct hpack_entry	*e;
	size_t			 size = f->name_len + f->len + OVERHEAD;
	uint32_t		 n = (uint32_t)(f->name.len + f->value.len);

	evict(h, size > h->max ? 0 : h->max - (uint32_t)size);
	if (size > h->max)
		return true;
	if (!more_entries(h, mem))
		return false;
	if (f->name.len == 0)
		n = 0;
	else if (!more_bytes(h, mem, n))
		return false;
	e = at(h, h->n++);
	memset(e, 0, sizeof(*e));
	e->size = (uint32_t)size;
	e->name_len = (uint16_t)f->name_len;
	h->size += e->size;
	if (n == 0)
		return true;
	e->wanted = true;
	e->off = h->end;
	e->len = (uint16_t)f->value.len;
	memcpy(h->bytes + e->off, f->name.p, f->name.len);
	if (f->value.len > 0)
		memcpy(h->bytes + e->off + f->name.len, f->value.p,
		    f->value.len);
	h->end += n;
	return true;
}

/* ---- a block ---- */

struct block {
	struct hpack	*h;
	struct mem	*mem;
	const struct hpack_ops *ops;
	void		*arg;
	const uint8_t	*p;
	const uint8_t	*end;
	uint8_t		*text;
	size_t		 room;		/* of text */
	size_t		 list;
};

/* RFC 7541, 5.1; the first byte is there. */
static bool
integer(struct block *b, unsigned bits, uint32_t *n)
{
	uint32_t	 mask = (1U << bits) - 1;
	unsigned	 shift;
	uint8_t		 c;

	*n = *b->p++ & mask;
	if (*n < mask)
		return true;
	for (shift = 0; shift < 28 && b->p < b->end; shift += 7) {
		c = *b->p++;
		*n += (uint32_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return true;
	}
	return false;
}

/* A string, of which max bytes are written to out; *len is all of it. */
static bool
string(struct block *b, uint8_t *out, size_t max, size_t *len)
{
	uint32_t	 n;
	bool		 coded;

	if (b->p == b->end)
		return false;
	coded = (*b->p & 0x80) != 0;
	if (!integer(b, 7, &n) || n > (size_t)(b->end - b->p))
		return false;
	b->p += n;
	if (coded)
		return hpack_huffman(b->p - n, n, out, max, len);
	*len = n;
	if (max > n)
		max = n;
	if (max > 0)
		memcpy(out, b->p - n, max);
	return true;
}

static void
set_name(const struct block *b, struct found *f, const uint8_t *p, size_t len)
{
	f->name_len = len;
	f->name.p = f->text;
	f->name.len = len <= HPACK_NAME_MAX ? len : 0;
	if (p != f->text && f->name.len > 0)
		memcpy(f->text, p, f->name.len);
	f->most = f->name.len > 0 ? b->ops->wants(&f->name) : 0;
	if (f->most == 0)
		f->name.len = 0;
}

/* The value has been put where there is room for it; false: not all of it. */
static bool
set_value(const struct block *b, struct found *f, size_t len)
{
	f->len = len;
	f->value.p = b->text;
	f->value.len = len < f->most ? len : f->most;
	return f->value.len <= b->room;
}

static size_t
room_for(const struct block *b, const struct found *f)
{
	return f->most < b->room ? f->most : b->room;
}

/* What an index stands for; p: what there is of its value. */
static bool
indexed(const struct block *b, uint32_t i, struct found *f, const uint8_t **p,
    size_t *len)
{
	const struct hpack_entry	*e;
	const struct fixed		*x;

	if (i == 0 || i > STATICS + b->h->n)
		return false;
	if (i <= STATICS) {
		x = &fixed[i - 1];
		set_name(b, f, (const uint8_t *)x->name, x->name_len);
		*p = (const uint8_t *)x->value;
		*len = x->len;
		return true;
	}
	e = at(b->h, b->h->n - (i - STATICS));
	*len = e->size - OVERHEAD - e->name_len;
	if (e->wanted) {
		set_name(b, f, b->h->bytes + e->off, e->name_len);
		*p = b->h->bytes + e->off + e->name_len;
		return true;
	}
	f->name.len = f->most = 0;
	f->name_len = e->name_len;
	return true;
}

/* A field that is complete. */
static enum hpack_answer
told(struct block *b, const struct found *f)
{
	struct hpack_field	 x = { f->name, f->value, f->len };

	b->list += f->name_len + f->len + OVERHEAD;
	if (b->list > HPACK_LIST_MAX)
		return HPACK_LONG;
	if (f->name.len == 0)
		return HPACK_OK;
	b->text += f->value.len;
	b->room -= f->value.len;
	b->ops->field(b->arg, &x);
	return HPACK_OK;
}

/* RFC 7541, 6.1 */
static enum hpack_answer
whole(struct block *b)
{
	struct found	 f;
	const uint8_t	*p = NULL;
	uint32_t	 i;
	size_t		 len;

	if (!integer(b, 7, &i) || !indexed(b, i, &f, &p, &len))
		return HPACK_BAD;
	if (!set_value(b, &f, len))
		return HPACK_LONG;
	if (f.value.len > 0)
		memcpy(b->text, p, f.value.len);
	return told(b, &f);
}

/* RFC 7541, 6.2; bits of the index of the name. */
static enum hpack_answer
literal(struct block *b, unsigned bits, bool keep)
{
	struct found	 f;
	const uint8_t	*p;
	uint32_t	 i;
	size_t		 len;

	if (!integer(b, bits, &i))
		return HPACK_BAD;
	if (i == 0) {
		if (!string(b, f.text, sizeof(f.text), &len))
			return HPACK_BAD;
		set_name(b, &f, f.text, len);
	} else if (!indexed(b, i, &f, &p, &len))
		return HPACK_BAD;
	if (!string(b, b->text, room_for(b, &f), &len))
		return HPACK_BAD;
	if (!set_value(b, &f, len))
		return HPACK_LONG;
	if (keep && !insert(b->h, b->mem, &f))
		return HPACK_NOMEM;
	return told(b, &f);
}

static enum hpack_answer
resize(struct block *b)
{
	uint32_t	 n;

	if (!integer(b, 5, &n) || b->list > 0)
		return HPACK_BAD;
	if (n > HPACK_TABLE_MAX)
		return HPACK_LONG;
	b->h->max = n;
	evict(b->h, n);
	return HPACK_OK;
}

static enum hpack_answer
one(struct block *b)
{
	if (*b->p & 0x80)
		return whole(b);
	if (*b->p & 0x40)
		return literal(b, 6, true);
	if (*b->p & 0x20)
		return resize(b);
	return literal(b, 4, false);
}

enum hpack_answer
hpack_block(struct hpack *h, struct mem *mem, const uint8_t *p, size_t len,
    uint8_t *text, size_t size, const struct hpack_ops *ops, void *arg)
{
	struct block	 b = { h, mem, ops, arg, p, p + len, text, size, 0 };
	enum hpack_answer a = HPACK_OK;

	while (a == HPACK_OK && b.p < b.end)
		a = one(&b);
	return a;
}
