#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ui/doc.h"
#include "ui/fmt.h"

void
doc_init(struct doc *d)
{
	memset(d, 0, sizeof(*d));
}

void
doc_clear(struct doc *d)
{
	free(d->p);
	free(d->rows);
	doc_init(d);
}

void
doc_reset(struct doc *d)
{
	d->len = 0;
	d->n = 0;
}

/* Doubles an array until it holds need elements. */
static int
grow(void **p, size_t *cap, size_t need, size_t size)
{
	size_t	 n = *cap == 0 ? 256 : *cap;
	void	*q;

	if (need <= *cap)
		return 0;
	while (n < need)
		n *= 2;
	if ((q = reallocarray(*p, n, size)) == NULL)
		return -1;
	*p = q;
	*cap = n;
	return 0;
}

static int
note_row(struct doc *d, const struct row *r, size_t off)
{
	void	*p = d->rows;

	if (grow(&p, &d->room, d->n + 1, sizeof(*d->rows)) == -1)
		return -1;
	d->rows = p;
	d->rows[d->n].off = off;
	d->rows[d->n].kind = (uint8_t)r->kind;
	d->rows[d->n].level = r->level;
	d->n++;
	return 0;
}

int
doc_add(struct doc *d, const uint8_t *bytes, size_t n)
{
	struct row	 r;
	struct buf	 b;
	size_t		 base = d->len, at;
	void		*p = d->p;

	if (n == 0)
		return 0;
	if (grow(&p, &d->cap, d->len + n, 1) == -1)
		return -1;
	d->p = p;
	memcpy(d->p + base, bytes, n);
	d->len += n;
	buf_reader(&b, d->p + base, n);
	while (buf_left(&b) > 0) {
		at = b.off;
		if (row_get(&b, &r) == -1 || r.level >
		    (d->n == 0 ? 0 : d->rows[d->n - 1].level + 1)) {
			d->len = base + at;
			errno = EPROTO;
			return -1;
		}
		if (note_row(d, &r, base + at) == -1)
			return -1;
	}
	return 0;
}

int
doc_take(struct doc *d, const struct doc *from, enum row_kind kind)
{
	size_t	 i, end, a, b;

	for (i = doc_next(from, 0, from->n, kind, 0); i < from->n;
	    i = doc_next(from, end, from->n, kind, 0)) {
		end = doc_end(from, i);
		a = from->rows[i].off;
		b = end < from->n ? from->rows[end].off : from->len;
		if (doc_add(d, from->p + a, b - a) == -1)
			return -1;
	}
	return 0;
}

void
doc_get(const struct doc *d, size_t i, struct row *r)
{
	struct buf	 b;

	buf_reader(&b, d->p + d->rows[i].off, d->len - d->rows[i].off);
	(void)row_get(&b, r);	/* doc_add saw that it is one */
}

size_t
doc_end(const struct doc *d, size_t i)
{
	unsigned	 level = d->rows[i].level;

	for (i++; i < d->n && d->rows[i].level > level; i++)
		;
	return i;
}

size_t
doc_next(const struct doc *d, size_t i, size_t to, enum row_kind kind,
    unsigned level)
{
	for (; i < to; i++)
		if (d->rows[i].kind == kind && d->rows[i].level == level)
			return i;
	return to;
}

size_t
doc_count(const struct doc *d, size_t from, size_t to, enum row_kind kind,
    unsigned level)
{
	size_t	 n = 0;

	while ((from = doc_next(d, from, to, kind, level)) < to) {
		from++;
		n++;
	}
	return n;
}

int
doc_find(const struct doc *d, enum row_kind kind, struct row *r)
{
	size_t	 i;

	if ((i = doc_next(d, 0, d->n, kind, 0)) == d->n)
		return -1;
	if (r != NULL)
		doc_get(d, i, r);
	return (int)i;
}

uint64_t
doc_u64(const struct row *r, const char *key)
{
	const struct row_value	*v = row_value(r, key);

	return v == NULL || v->type != ROW_U64 ? 0 : v->u;
}

double
doc_num(const struct row *r, const char *key)
{
	const struct row_value	*v = row_value(r, key);

	return v == NULL ? 0 : fmt_number(v);
}

bool
doc_bool(const struct row *r, const char *key)
{
	const struct row_value	*v = row_value(r, key);

	return v != NULL && v->type == ROW_BOOL && v->b;
}

const char *
doc_text(const struct row *r, const char *key, size_t *n)
{
	const struct row_value	*v = row_value(r, key);

	if (v == NULL || v->type != ROW_STR || v->s.p == NULL) {
		*n = 0;
		return "";
	}
	*n = v->s.n;
	return v->s.p;
}

bool
doc_is(const struct row *r, const char *key, const char *s)
{
	const char	*p;
	size_t		 n;

	p = doc_text(r, key, &n);
	return n == strlen(s) && memcmp(p, s, n) == 0;
}

bool
doc_fires(const struct row *r)
{
	return doc_is(r, "state", "firing") || doc_is(r, "state", "clearing");
}

bool
doc_has_limit(const struct row *r)
{
	return doc_num(r, "of_usual") == 0 || doc_num(r, "limit") > 0;
}
