#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "ui/fmt.h"
#include "ui/grid.h"
#include "ui/view.h"

#define INLINE_MAX	6	/* pairs in one cell */

static const struct grid_layout layouts[] = {
	{ .kind = ROW_INTERFACE,
	    .keys = { "name", "label", "type", "state", "packets_per_second",
	    "in_bits_per_second", "out_bits_per_second", "kernel_drops",
	    "queue_drops", "truncated", "complete_ratio" },
	    .drop = { "truncated", "label", "queue_drops", "type" } },
	{ .kind = ROW_HOST,
	    .drop = { "clients", "response_body_bytes",
	    "response_p50_seconds", "quic_connections", "tls_connections",
	    "count_error",
	    "response_p99_seconds", "status_3xx", "hits" } },
	{ .kind = ROW_SECTION,
	    .keys = { "host", "section", "hits", "response_p95_seconds",
	    "count_error" },
	    .drop = { "count_error", "response_p95_seconds" },
	    .inl = { ROW_METHOD, ROW_STATUS }, .ninl = 2 },
	{ .kind = ROW_NAME,
	    .drop = { "count_error", "bytes", "handshake_p50_seconds",
	    "resumed" } },
	{ .kind = ROW_TALKER,
	    .drop = { "count_error", "named_by", "conversations", "packets",
	    "share_ratio", "zones" } },
	{ .kind = ROW_SITE,
	    .drop = { "count_error", "packets", "share_ratio", "zone",
	    "named_by" } },
	{ .kind = ROW_ALERT,
	    .drop = { "fired_total", "complete", "span_seconds", "severity",
	    "peak", "for_seconds" } },
	{ .kind = ROW_MIRROR,
	    .drop = { "same", "compared", "last_error", "hook_errors",
	    "unjudged_bytes", "records", "gaps", "record", "answers",
	    "dropped_bytes", "ignored_requests", "sent_requests" } },
	{ .kind = ROW_FLOW,
	    .drop = { "score", "retransmitted", "gap_bytes", "host",
	    "interface" } },
	{ .kind = ROW_TRANSACTION,
	    .drop = { "last_byte_seconds", "response_body_bytes", "client",
	    "first_byte_seconds" } },
	{ .kind = ROW_PERIOD,
	    .drop = { "wire_bits_per_second", "tls_handshakes", "requests",
	    "errors_4xx", "busiest_host", "worst_p95_seconds",
	    "complete_ratio" } },
	{ .kind = ROW_PROCESS,
	    .drop = { "jail", "last_loss", "lost_seconds" } },
};
static const struct grid_layout no_layout;

static const struct grid_layout *
find_layout(enum row_kind kind)
{
	size_t	 i;

	for (i = 0; i < nitems(layouts); i++)
		if (layouts[i].kind == kind)
			return &layouts[i];
	return &no_layout;
}

static void
add_column(struct grid *t, int field)
{
	const struct row_field	*f = &t->desc->fields[field];
	struct grid_column		*c = &t->col[t->ncols++];

	c->field = field;
	c->title = f->title != NULL ? f->title : f->key;
	c->right = f->type != ROW_STR && f->type != ROW_BOOL &&
	    f->unit != ROW_UNIT_TIME;
}

static void
add_columns(struct grid *t)
{
	const struct grid_layout	*l = t->layout;
	size_t			 i;
	int			 at;

	for (i = 0; i < ROW_FIELDS_MAX && l->keys[i] != NULL; i++)
		if ((at = row_index(t->kind, l->keys[i])) != -1)
			add_column(t, at);
	for (i = 0; l->keys[0] == NULL && i < t->desc->nfields; i++)
		if (t->desc->fields[i].title != NULL)
			add_column(t, (int)i);
	for (i = 0; i < l->ninl; i++) {
		t->col[t->ncols].field = -1;
		t->col[t->ncols].child = l->inl[i];
		t->col[t->ncols++].title = row_desc(l->inl[i])->array;
	}
}

/* "GET 301  POST 76": the first two fields of each row of a kind. */
void
grid_pairs(struct out *o, enum vis_form form, const struct doc *d,
    size_t from, size_t to, enum row_kind kind, unsigned level, size_t max)
{
	const struct row_desc	*desc = row_desc(kind);
	struct row		 r;
	size_t			 i, n = 0;

	for (i = doc_next(d, from, to, kind, level); i < to && n < max;
	    i = doc_next(d, i + 1, to, kind, level), n++) {
		doc_get(d, i, &r);
		if (n > 0)
			out_str(o, "  ");
		view_cell(o, form, &desc->fields[0], &r.v[0], false);
		out_char(o, ' ', 1);
		view_cell(o, form, &desc->fields[1], &r.v[1], false);
	}
	if (i < to)
		out_str(o, "  ...");
}

/* Values that the row table alone cannot say how to draw. */
static bool
special_cell(struct out *o, const struct row *r, const struct row_field *f,
    const struct row_value *v)
{
	char		 b[FMT_MAX];
	const char	*unit;
	size_t		 n;

	if (r->kind == ROW_INTERFACE && f->type != ROW_STR &&
	    !doc_is(r, "state", "up") && (fmt_number(v) == 0 ||
	    doc_u64(r, "packets") == 0))
		return true;
	/* A capture file has no interface of its own that counts. */
	if (r->kind == ROW_INTERFACE && doc_is(r, "type", "file") &&
	    f->unit == ROW_UNIT_BPS && fmt_number(v) == 0)
		return true;
	/* Without an id it has not fired: there was no peak. */
	if (r->kind == ROW_ALERT && strcmp(f->key, "peak") == 0) {
		(void)doc_text(r, "id", &n);
		if (n == 0) {
			out_char(o, '-', 1);
			return true;
		}
	}
	if (r->kind == ROW_ALERT && strcmp(f->key, "limit") == 0 &&
	    !doc_has_limit(r)) {
		out_char(o, '-', 1);
		return true;
	}
	if ((r->kind == ROW_ALERT || r->kind == ROW_ALERT_EVENT) &&
	    f->unit == ROW_UNIT_COUNT && v->type == ROW_DOUBLE) {
		unit = doc_text(r, "unit", &n);
		out_str(o, fmt_by_unit(b, unit, n, v->d));
		return true;
	}
	if (r->kind == ROW_CHANGE && ((strcmp(f->key, "before_per_second") ==
	    0 && !doc_bool(r, "before_listed")) || (strcmp(f->key,
	    "then_per_second") == 0 && !doc_bool(r, "then_listed")))) {
		out_char(o, '-', 1);
		return true;
	}
	if (r->kind == ROW_TRANSACTION && v->type == ROW_U64 && v->u == 0 &&
	    strcmp(f->key, "status") == 0) {
		out_char(o, '-', 1);
		return true;
	}
	if (f->unit == ROW_UNIT_SECONDS && strcmp(f->key, "up_seconds") == 0) {
		out_str(o, fmt_uptime(b, v->d));
		return true;
	}
	if (strcmp(f->key, "span_seconds") == 0) {
		out_str(o, fmt_span(b, v->d));
		return true;
	}
	return false;
}

static void
fill_cell(struct grid *t, struct grid_column *c, size_t i, const struct row *r)
{
	const struct row_field	*f;
	const struct row_value	*v;

	if (c->field == -1) {
		grid_pairs(&t->text, t->form, t->d, i + 1, doc_end(t->d, i),
		    c->child, t->level + 1, INLINE_MAX);
		return;
	}
	f = &t->desc->fields[c->field];
	v = &r->v[c->field];
	if (special_cell(&t->text, r, f, v))
		return;
	if (v->type == ROW_STR && t->cut != 0)
		view_cut(&t->text, v->s.p, v->s.n, t->cut);
	else
		view_cell(&t->text, t->form, f, v, t->star);
}

const char *
grid_cell(const struct grid *t, size_t row, size_t col)
{
	return t->text.p + t->at[row * t->ncols + col];
}

static int
fill(struct grid *t)
{
	struct row	 r;
	size_t		 i, n, c;

	t->nrows = doc_count(t->d, t->from, t->to, t->kind, t->level);
	t->at = calloc(t->nrows * t->ncols + 1, sizeof(*t->at));
	if (t->at == NULL)
		return -1;
	i = doc_next(t->d, t->from, t->to, t->kind, t->level);
	for (n = 0; i < t->to; n++) {
		doc_get(t->d, i, &r);
		for (c = 0; c < t->ncols; c++) {
			t->at[n * t->ncols + c] = t->text.len;
			fill_cell(t, &t->col[c], i, &r);
			out_char(&t->text, '\0', 1);
		}
		i = doc_next(t->d, i + 1, t->to, t->kind, t->level);
	}
	return t->text.err ? -1 : 0;
}

/* What says nothing in a column: an exact sketch and a plain host need none. */
static const char *
quiet_value(const char *title)
{
	static const struct {
		const char	*title;
		const char	*value;
	}		 quiet[] = { { "error", "0" }, { "tls", "0" },
			    { "quic", "0" }, { "tls bytes", "0 B" },
			    { "not kept", "-" } };
	size_t		 i;

	for (i = 0; i < nitems(quiet); i++)
		if (strcmp(title, quiet[i].title) == 0)
			return quiet[i].value;
	return "";
}

/* Columns that say nothing anywhere are not shown; widths of the others. */
static void
measure(struct grid *t)
{
	struct grid_column	*c;
	const char	*s, *quiet;
	size_t		 i, n, w;
	bool		 blank;

	for (i = 0; i < t->ncols; i++) {
		c = &t->col[i];
		c->width = view_width(c->title);
		quiet = quiet_value(c->title);
		blank = i > 0;
		for (n = 0; n < t->nrows; n++) {
			s = grid_cell(t, n, i);
			if (*s != '\0' && strcmp(s, quiet) != 0)
				blank = false;
			if ((w = view_width(s)) > c->width)
				c->width = w;
		}
		c->hidden = blank;
	}
}

int
grid_fill(struct grid *t)
{
	t->desc = row_desc(t->kind);
	t->layout = find_layout(t->kind);
	out_init(&t->text);
	add_columns(t);
	if (fill(t) == -1)
		return -1;
	measure(t);
	/* The host stands above. */
	if (t->level > 0 && t->kind == ROW_SECTION)
		t->col[0].hidden = true;
	return 0;
}

void
grid_clear(struct grid *t)
{
	out_clear(&t->text);
	free(t->at);
	t->at = NULL;
}
