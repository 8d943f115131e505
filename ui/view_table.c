/*
 * view_table: rows of one kind as a table of text. Widths come from the data.
 * A table wider than the screen loses columns in the fixed order of its
 * layout, then from the right; the first column always stays.
 */
#include <string.h>

#include "sandbox/compat.h"
#include "ui/grid.h"
#include "ui/view.h"

#define TEXT_COLUMN_MAX	40	/* of a text column, on a terminal */
#define TEXT_COLUMN_MIN	12	/* it is cut to, before others are hidden */
#define NEST_INDENT	4

struct table {
	struct grid	 g;
	size_t		 indent;
	size_t		 limit;		/* columns of the screen, 0 none */
};

static size_t
total_width(const struct table *t)
{
	size_t	 i, w = t->indent;

	for (i = 0; i < t->g.ncols; i++)
		if (!t->g.col[i].hidden)
			w += t->g.col[i].width + (i > 0 ? 2 : 0);
	return w;
}

static void
hide_key(struct table *t, const char *key)
{
	size_t	 i;
	int	 at = row_index(t->g.kind, key);

	for (i = 1; i < t->g.ncols; i++)
		if (t->g.col[i].field == at)
			t->g.col[i].hidden = true;
}

/* The widest column of text that may still be cut; NULL: none. */
static struct grid_column *
widest_text(struct table *t)
{
	struct grid_column	*c, *found = NULL;
	size_t		 i;

	for (i = 0; i < t->g.ncols; i++) {
		c = &t->g.col[i];
		if (c->hidden || c->field == -1 ||
		    t->g.desc->fields[c->field].type != ROW_STR ||
		    c->width <= TEXT_COLUMN_MIN ||
		    c->width <= view_width(c->title))
			continue;
		if (found == NULL || c->width > found->width)
			found = c;
	}
	return found;
}

static void
fit(struct table *t)
{
	struct grid_column	*c;
	size_t	 i;

	if (t->limit == 0)
		return;
	for (i = 0; i < nitems(t->g.layout->drop); i++) {
		if (t->g.layout->drop[i] == NULL ||
		    total_width(t) <= t->limit)
			break;
		hide_key(t, t->g.layout->drop[i]);
	}
	while (total_width(t) > t->limit && (c = widest_text(t)) != NULL)
		c->width--;
	for (i = t->g.ncols; i > 1 && total_width(t) > t->limit; i--)
		t->g.col[i - 1].hidden = true;
	if (total_width(t) > t->limit && t->g.ncols > 0)
		t->g.col[0].width = t->limit > t->indent + 1 ?
		    t->limit - t->indent : 1;
}

/* Blanks are written before the next cell, so that none ends a line. */
static void
put_cell(struct out *o, const struct grid_column *c, const char *s,
    size_t *blanks)
{
	size_t	 w = view_width(s), pad = w < c->width ? c->width - w : 0;

	if (*s == '\0' || c->right)
		*blanks += pad;
	if (*s != '\0') {
		out_char(o, ' ', *blanks);
		*blanks = 0;
		if (w > c->width)
			view_cut(o, s, strlen(s), c->width);
		else
			out_str(o, s);
		if (!c->right)
			*blanks = pad;
	}
	*blanks += 2;
}

static void
put_line(struct out *o, const struct table *t, size_t row, bool head)
{
	size_t	 i, blanks = t->indent;

	for (i = 0; i < t->g.ncols; i++)
		if (!t->g.col[i].hidden)
			put_cell(o, &t->g.col[i], head ? t->g.col[i].title :
			    grid_cell(&t->g, row, i), &blanks);
	out_char(o, '\n', 1);
}

static bool
is_pair(enum row_kind kind)
{
	return kind == ROW_METHOD || kind == ROW_STATUS ||
	    kind == ROW_REASON || kind == ROW_ALPN || kind == ROW_VERSION ||
	    kind == ROW_CERTIFICATE;
}

static void	 table(struct out *, struct table *, bool nested);

/* The children of row i: pairs on a line each, others as tables. */
static void
children(struct out *o, const struct table *parent, size_t i)
{
	struct table	 t;
	bool		 done[ROW_KINDS] = { false };
	size_t		 k, to = doc_end(parent->g.d, i), before;
	enum row_kind	 kind;

	for (k = i + 1; k < to; k++) {
		kind = (enum row_kind)parent->g.d->rows[k].kind;
		if (parent->g.d->rows[k].level != parent->g.level + 1 ||
		    done[kind])
			continue;
		done[kind] = true;
		if (is_pair(kind)) {
			before = o->len;
			out_char(o, ' ', parent->indent + NEST_INDENT);
			out_printf(o, "%-9s ", row_desc(kind)->array);
			grid_pairs(o, VIS_TERM, parent->g.d, i + 1, to, kind,
			    parent->g.level + 1, SIZE_MAX);
			out_char(o, '\n', 1);
			view_fold(o, before, parent->limit);
			continue;
		}
		memset(&t, 0, sizeof(t));
		t.g.d = parent->g.d;
		t.g.from = i + 1;
		t.g.to = to;
		t.g.kind = kind;
		t.g.level = parent->g.level + 1;
		t.g.star = parent->g.star;
		t.indent = parent->indent + NEST_INDENT;
		t.limit = parent->limit;
		table(o, &t, true);
	}
}

/* Depth of nesting is bounded by ROW_LEVEL_MAX. */
static void
table(struct out *o, struct table *t, bool nested)
{
	struct grid	*g = &t->g;
	size_t		 i, n;

	g->form = VIS_TERM;
	g->cut = t->limit != 0 ? TEXT_COLUMN_MAX : 0;
	if (grid_fill(g) == -1)
		o->err = true;
	else if (g->nrows > 0) {
		fit(t);
		put_line(o, t, 0, true);
		i = doc_next(g->d, g->from, g->to, g->kind, g->level);
		for (n = 0; n < g->nrows; n++) {
			put_line(o, t, n, false);
			if (nested && g->layout->ninl == 0)
				children(o, t, i);
			i = doc_next(g->d, i + 1, g->to, g->kind, g->level);
		}
	}
	grid_clear(g);
}

void
view_table(struct out *o, const struct doc *d, size_t from, size_t to,
    enum row_kind kind, unsigned level, const struct view_opt *opt, bool star,
    bool nested)
{
	struct table	 t;

	memset(&t, 0, sizeof(t));
	t.g.d = d;
	t.g.kind = kind;
	t.g.level = level;
	t.g.from = from;
	t.g.to = to;
	t.g.star = star && view_traffic(kind);
	t.limit = opt->width;
	table(o, &t, nested);
}
