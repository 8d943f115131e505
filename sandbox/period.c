#include <errno.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/hash.h"
#include "sandbox/period.h"

#define MAGIC		0x31646f6972657000ULL	/* "\0period1" */
#define OTHER_ORDER	0x00706572696f6431ULL

/* ---- units ---- */

/* Against what a disk does, not against who writes: the key is no secret. */
static uint32_t
check_sum(const uint8_t *header, const uint8_t *body, size_t n)
{
	static const struct hash_key	 key;

	return (uint32_t)(hash_bytes(&key, header, PERIOD_HDR - 4) ^
	    hash_bytes(&key, body, n));
}

void
period_header(const struct period *u, uint8_t *p)
{
	struct buf	 b;

	buf_writer(&b, p, PERIOD_HDR);
	buf_put_u64(&b, MAGIC);
	buf_put_u32(&b, (uint32_t)u->type);
	buf_put_u64(&b, u->from_us);
	buf_put_u64(&b, u->to_us);
	buf_put_u32(&b, (uint32_t)u->len);
	buf_put_u32(&b, 0);
	buf_put_u32(&b, check_sum(p, u->body, u->len));
}

static int
not_one(int error)
{
	errno = error;
	return -1;
}

int
period_get(const uint8_t *p, size_t n, struct period *u)
{
	struct buf	 b;
	uint64_t	 magic;
	uint32_t	 type;

	if (n < PERIOD_HDR)
		return 0;
	buf_reader(&b, p, PERIOD_HDR);
	magic = buf_get_u64(&b);
	type = buf_get_u32(&b);
	u->from_us = buf_get_u64(&b);
	u->to_us = buf_get_u64(&b);
	u->len = buf_get_u32(&b);
	if (magic == OTHER_ORDER)
		return not_one(ENOTSUP);
	if (magic != MAGIC || buf_get_u32(&b) != 0 || type < PERIOD_KEYS ||
	    type > PERIOD_ROWS || u->len > PERIOD_BODY_MAX ||
	    u->from_us > u->to_us)
		return not_one(EPROTO);
	u->type = (enum period_type)type;
	u->body = p + PERIOD_HDR;
	if (n - PERIOD_HDR < u->len)
		return 0;
	if (buf_get_u32(&b) != check_sum(p, u->body, u->len))
		return not_one(EPROTO);
	return (int)(PERIOD_HDR + u->len);
}

size_t
period_seek(const uint8_t *p, size_t n, size_t from)
{
	static const uint64_t	 magic = MAGIC;
	const uint8_t		*at;

	if (from >= n)
		return n;
	at = memmem(p + from, n - from, &magic, sizeof(magic));
	if (at != NULL)
		return (size_t)(at - p);
	if (n - from >= sizeof(magic))
		from = n - sizeof(magic) + 1;
	while (from < n && memcmp(p + from, &magic, n - from) != 0)
		from++;
	return from;
}

size_t
period_good(const uint8_t *p, size_t n, bool whole)
{
	struct period	 u;
	size_t		 at, good;
	int		 len;

	at = period_seek(p, n, 0);
	good = whole ? at : n;
	while (at < n) {
		if ((len = period_get(p + at, n - at, &u)) > 0)
			good = at += (size_t)len;
		else
			at = period_seek(p, n, at + 1);
	}
	return good;
}

/* ---- chunks ---- */

size_t
period_begin_chunk(struct buf *b, const char *name)
{
	size_t	 at = b->len;

	buf_put_str(b, name);
	buf_put_u32(b, 0);
	return at;
}

void
period_end_chunk(struct buf *b, size_t at, bool keep)
{
	struct buf	 r;
	size_t		 n;

	if (keep && !b->err) {
		buf_reader(&r, b->w + at, b->len - at);
		buf_get_bytes(&r, &n);
		at += r.off;
		buf_set_u32(b, at, (uint32_t)(b->len - at - 4));
		return;
	}
	b->len = at;
	b->err = false;
}

const uint8_t *
period_chunk(const struct period *u, const char *name, size_t *n)
{
	struct buf	 b;
	const uint8_t	*p, *rows;
	size_t		 len;

	buf_reader(&b, u->body, u->len);
	while (buf_left(&b) > 0) {
		p = buf_get_bytes(&b, &len);
		rows = buf_get_bytes(&b, n);
		if (b.err)
			break;
		if (len == strlen(name) && memcmp(p, name, len) == 0)
			return rows;
	}
	*n = 0;
	return NULL;
}

/* ---- keys ---- */

void
period_put_keys(struct buf *b)
{
	const struct row_desc	*d;
	size_t			 i, k;

	for (k = 0; k < ROW_KINDS; k++) {
		d = row_desc((enum row_kind)k);
		buf_put_str(b, d->name);
		buf_put_u8(b, (uint8_t)d->nfields);
		for (i = 0; i < d->nfields; i++) {
			buf_put_str(b, d->fields[i].key);
			buf_put_u8(b, (uint8_t)d->fields[i].type);
		}
	}
}

static int
kind_named(const uint8_t *p, size_t n)
{
	const char	*name;
	int		 k;

	for (k = 0; k < ROW_KINDS; k++) {
		name = row_desc((enum row_kind)k)->name;
		if (strlen(name) == n && memcmp(name, p, n) == 0)
			return k;
	}
	return -1;
}

/* Our field of that name and type; -1 when there is none. */
static int
field_named(int kind, const uint8_t *p, size_t n, uint8_t type)
{
	const struct row_desc	*d;
	size_t			 i;

	if (kind == -1)
		return -1;
	d = row_desc((enum row_kind)kind);
	for (i = 0; i < d->nfields; i++)
		if (strlen(d->fields[i].key) == n &&
		    memcmp(d->fields[i].key, p, n) == 0)
			return d->fields[i].type == (enum row_type)type ?
			    (int)i : -1;
	return -1;
}

static void
get_kind(struct buf *b, struct period_kind *k)
{
	const uint8_t	*p;
	size_t		 n;
	uint8_t		 i;

	p = buf_get_bytes(b, &n);
	k->ours = (int16_t)(b->err ? -1 : kind_named(p, n));
	k->n = buf_get_u8(b);
	if (k->n > ROW_FIELDS_MAX)
		b->err = true;
	for (i = 0; i < k->n && !b->err; i++) {
		p = buf_get_bytes(b, &n);
		k->type[i] = buf_get_u8(b);
		if (k->type[i] > ROW_BOOL)
			b->err = true;
		if (!b->err)
			k->to[i] = (int8_t)field_named(k->ours, p, n,
			    k->type[i]);
	}
}

static bool
are_ours(const struct period *u)
{
	uint8_t		 own[PERIOD_BODY_MAX / 2];
	struct buf	 b;

	buf_writer(&b, own, sizeof(own));
	period_put_keys(&b);
	return !b.err && b.len == u->len && memcmp(own, u->body, b.len) == 0;
}

int
period_get_keys(const struct period *u, struct period_keys *k)
{
	struct buf	 b;

	buf_reader(&b, u->body, u->len);
	for (k->n = 0; buf_left(&b) > 0; k->n++) {
		if (k->n == PERIOD_KINDS)
			return -1;
		get_kind(&b, &k->kind[k->n]);
		if (b.err)
			return -1;
	}
	k->same = are_ours(u);
	return 0;
}

static int
put_row(struct buf *to, enum row_kind kind, unsigned level,
    const struct row_value *v)
{
	const struct row_desc	*d = row_desc(kind);
	struct row_writer	 w;
	size_t			 i;

	row_begin(&w, to, kind, level);
	for (i = 0; i < d->nfields; i++)
		row_put_value(&w, d->fields[i].type, &v[i]);
	return row_end(&w);
}

/* One row of theirs. false: it is none of ours. */
static bool
get_row(struct buf *b, const struct period_kind *k, struct row_value *ours)
{
	struct row_value	 v;
	uint8_t			 i;

	memset(ours, 0, ROW_FIELDS_MAX * sizeof(*ours));
	for (i = 0; i < k->n; i++) {
		row_get_value(b, (enum row_type)k->type[i], &v);
		if (k->to[i] != -1)
			ours[k->to[i]] = v;
	}
	return !b->err && k->ours != -1;
}

int
period_rows(const struct period_keys *k, const uint8_t *p, size_t n,
    struct buf *to)
{
	struct row_value	 v[ROW_FIELDS_MAX];
	struct buf		 b;
	uint8_t			 kind, level, hidden = UINT8_MAX;

	if (k->same) {
		buf_put(to, p, n);
		return to->err ? -1 : 0;
	}
	buf_reader(&b, p, n);
	while (buf_left(&b) > 0) {
		kind = buf_get_u8(&b);
		level = buf_get_u8(&b);
		if (b.err || kind >= k->n || level >= ROW_LEVEL_MAX)
			return -1;
		if (level <= hidden)
			hidden = UINT8_MAX;
		/* What belongs to a row that is unknown goes with it. */
		if (!get_row(&b, &k->kind[kind], v))
			hidden = hidden < level ? hidden : level;
		else if (hidden == UINT8_MAX && put_row(to,
		    (enum row_kind)k->kind[kind].ours, level, v) == -1)
			return -1;
		if (b.err)
			return -1;
	}
	return 0;
}
