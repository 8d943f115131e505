/*
 * view_csv: the rows of a document as tables of RFC 4180, for spreadsheets and
 * scripts: one table for each kind, with the keys of netmonctl-json(7) in its
 * first line. "kind" tells tables apart, "of" the rows that a row belongs to.
 * Lines end with a newline alone.
 */
#include <inttypes.h>
#include <string.h>

#include "sandbox/compat.h"
#include "ui/fmt.h"
#include "ui/view.h"

/* Whether a spreadsheet computes it: "=+-@", and full-width ones. */
static bool
is_formula(const char *s)
{
	static const char *const	 begins[] = { "=", "+", "-", "@",
					    "\xef\xbc\x9d", "\xef\xbc\x8b",
					    "\xef\xbc\x8d", "\xef\xbc\xa0" };
	size_t				 i;

	for (i = 0; i < nitems(begins); i++)
		if (strncmp(s, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/*
 * What strangers sent: escaped as for a terminal, in quotes. A spreadsheet
 * takes it for no formula where an apostrophe stands before it. One whose
 * numbers have a comma divides at each semicolon, in quotes or not: what
 * stands behind must not begin so, either.
 */
static void
text(struct out *o, const char *s, size_t n)
{
	struct out	 t;
	const char	*p;

	out_init(&t);
	out_vis(&t, VIS_TERM, s, n);
	p = t.len == 0 ? "" : t.p;
	out_char(o, '"', 1);
	if (is_formula(p))
		out_char(o, '\'', 1);
	for (; *p != '\0'; p++)
		if (*p == ';' && (p[1] == '"' || is_formula(p + 1)))
			out_str(o, "\\x3b");
		else
			out_char(o, *p, *p == '"' ? 2 : 1);
	out_char(o, '"', 1);
	o->err |= t.err;
	out_clear(&t);
}

static void
value(struct out *o, const struct row_field *f, const struct row_value *v)
{
	char	 b[FMT_MAX];

	if (f->unit == ROW_UNIT_TIME) {
		out_str(o, v->u == 0 ? "" : fmt_iso(b, v->u));
		return;
	}
	switch (v->type) {
	case ROW_U64:
		out_printf(o, "%" PRIu64, v->u);
		break;
	case ROW_I64:
		out_printf(o, "%" PRId64, v->i);
		break;
	case ROW_DOUBLE:
		out_str(o, fmt_double(b, v->d));
		break;
	case ROW_BOOL:
		out_str(o, v->b ? "true" : "false");
		break;
	case ROW_STR:
		text(o, v->s.p, v->s.n);
		break;
	}
}

static void
head(struct out *o, enum row_kind kind)
{
	const struct row_desc	*desc = row_desc(kind);
	size_t			 i;

	out_str(o, "kind,of");
	for (i = 0; i < desc->nfields; i++)
		out_printf(o, ",%s", desc->fields[i].key);
	out_char(o, '\n', 1);
}

/* What a row is called: by its first value, but a section is not its host. */
static void
name(struct out *o, const struct row *r)
{
	const int	 at = r->kind == ROW_SECTION ?
			    row_index(r->kind, "section") : 0;

	if (r->v[at].type == ROW_STR)
		out_put(o, r->v[at].s.p, r->v[at].s.n);
	else if (r->v[at].type == ROW_U64)
		out_printf(o, "%" PRIu64, r->v[at].u);
}

/* The names of the rows above, from the top. */
static void
above(struct out *o, const struct doc *d, const size_t *at, unsigned level)
{
	struct row	 r;
	unsigned	 i;
	struct out	 t;

	out_init(&t);
	for (i = 0; i < level; i++) {
		doc_get(d, at[i], &r);
		if (i > 0)
			out_char(&t, ' ', 1);
		name(&t, &r);
	}
	text(o, t.p == NULL ? "" : t.p, t.len);
	o->err |= t.err;
	out_clear(&t);
}

static void
table(struct out *o, const struct doc *d, enum row_kind kind)
{
	const struct row_desc	*desc = row_desc(kind);
	size_t			 at[ROW_LEVEL_MAX + 1] = { 0 }, i, k;
	struct row		 r;

	if (o->len > 0)
		out_char(o, '\n', 1);
	head(o, kind);
	for (i = 0; i < d->n; i++) {
		at[d->rows[i].level] = i;
		if (d->rows[i].kind != kind)
			continue;
		doc_get(d, i, &r);
		out_printf(o, "%s,", desc->name);
		above(o, d, at, d->rows[i].level);
		for (k = 0; k < desc->nfields; k++) {
			out_char(o, ',', 1);
			value(o, &desc->fields[k], &r.v[k]);
		}
		out_char(o, '\n', 1);
	}
}

static void
draw(struct out *o, const struct view_subject *s, const struct doc *d,
    const struct view_opt *opt)
{
	bool	 done[ROW_KINDS] = { [ROW_COMPLETE] = true }, complete = false;
	size_t	 i;

	(void)opt;
	for (i = 0; i < s->nkinds; i++) {
		complete |= s->kinds[i] == ROW_COMPLETE;
		if (done[s->kinds[i]])
			continue;
		done[s->kinds[i]] = true;
		table(o, d, s->kinds[i]);
	}
	for (i = 0; i < d->n; i++)
		if (!done[d->rows[i].kind]) {
			done[d->rows[i].kind] = true;
			table(o, d, (enum row_kind)d->rows[i].kind);
		}
	/* What is asked for comes first. */
	if (complete)
		table(o, d, ROW_COMPLETE);
}

const struct view_ops view_csv = {
	.name	= "csv",
	.draw	= draw,
};
