/*
 * view_json: any document, generically from the row table. The shape is
 * described in netmonctl-json(7).
 */
#include <stdio.h>
#include <string.h>

#include "ui/json.h"
#include "ui/view.h"

#define DOC_BREAKS	2	/* a member, and a row of an array, per line */

static void
value(struct json *j, const struct row_field *f, const struct row_value *v)
{
	if (f->unit == ROW_UNIT_TIME) {
		json_time(j, v->u);
		return;
	}
	switch (v->type) {
	case ROW_U64:
		json_u64(j, v->u);
		break;
	case ROW_I64:
		json_i64(j, v->i);
		break;
	case ROW_DOUBLE:
		json_double(j, v->d);
		break;
	case ROW_BOOL:
		json_bool(j, v->b);
		break;
	case ROW_STR:
		json_str(j, v->s.p, v->s.n);
		break;
	}
}

static void
row_members(struct json *j, const struct row *r)
{
	const struct row_desc	*d = row_desc(r->kind);
	size_t			 i;

	for (i = 0; i < d->nfields; i++) {
		json_key(j, d->fields[i].key);
		value(j, &d->fields[i], &r->v[i]);
	}
}

static void	 row_object(struct json *, const struct doc *, size_t);

/*
 * All rows of a kind and level in [from, to) as a named array. At a level
 * above 0 the row before from is the parent.
 */
static void
row_array(struct json *j, const struct doc *d, size_t from, size_t to,
    enum row_kind kind, unsigned level)
{
	const char	*name = row_desc(kind)->array;
	char		 top[64];
	size_t		 i;

	/* host.clients is a number: its rows go to top_clients. */
	if (level > 0 && row_index((enum row_kind)d->rows[from - 1].kind,
	    name) != -1) {
		snprintf(top, sizeof(top), "top_%s", name);
		name = top;
	}
	json_key(j, name);
	json_array(j);
	for (i = doc_next(d, from, to, kind, level); i < to;
	    i = doc_next(d, i + 1, to, kind, level))
		row_object(j, d, i);
	json_close(j);
}

/*
 * The kinds at one level in [from, to): those of the list first and always,
 * then whatever else came. Depth is bounded by ROW_LEVEL_MAX.
 */
static void
row_kinds(struct json *j, const struct doc *d, size_t from, size_t to,
    const enum row_kind *list, size_t n, unsigned level)
{
	bool	 done[ROW_KINDS] = { false };
	size_t	 i;

	for (i = 0; i < n; i++) {
		done[list[i]] = true;
		if (level > 0 || !view_single(list[i])) {
			row_array(j, d, from, to, list[i], level);
			continue;
		}
		if (doc_next(d, from, to, list[i], level) == to)
			continue;
		json_key(j, row_desc(list[i])->name);
		row_object(j, d, doc_next(d, from, to, list[i], level));
	}
	for (i = from; i < to; i++) {
		if (d->rows[i].level != level || done[d->rows[i].kind])
			continue;
		done[d->rows[i].kind] = true;
		row_array(j, d, from, to, (enum row_kind)d->rows[i].kind,
		    level);
	}
}

static void
row_object(struct json *j, const struct doc *d, size_t i)
{
	const struct row_desc	*desc = row_desc(
				    (enum row_kind)d->rows[i].kind);
	struct row		 r;

	doc_get(d, i, &r);
	json_object(j);
	row_members(j, &r);
	row_kinds(j, d, i + 1, doc_end(d, i), desc->child, desc->nchild,
	    d->rows[i].level + 1u);
	json_close(j);
}

static void
draw(struct out *o, const struct view_subject *s, const struct doc *d,
    const struct view_opt *opt)
{
	struct json	 j;
	char		 schema[64];

	(void)opt;
	json_init(&j, o, DOC_BREAKS);
	json_object(&j);
	json_key(&j, "schema");
	snprintf(schema, sizeof(schema), "netmond.%s/1", s->name);
	json_str(&j, schema, strlen(schema));
	row_kinds(&j, d, 0, d->n, s->kinds, s->nkinds, 0);
	json_end(&j);
}

static void
event(struct out *o, const struct doc *d, size_t i)
{
	struct json	 j;

	json_init(&j, o, 0);
	row_object(&j, d, i);
	json_end(&j);
}

const struct view_ops view_json = {
	.name	= "json",
	.draw	= draw,
	.event	= event,
};
