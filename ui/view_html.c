/*
 * view_html: one page, no script, nothing fetched. Every text passes the
 * escaping writer in its HTML form.
 */
#include <string.h>

#include "ui/fmt.h"
#include "ui/view.h"

static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
    "'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>netmon report</title>\n"
    "<style>\n"
    "body { font: 14px sans-serif; margin: 2em; color: #222; "
    "background: #fff }\n"
    "table { border-collapse: collapse; margin: 0 0 1.5em }\n"
    "th, td { padding: .2em .8em; border-bottom: 1px solid #ddd; "
    "text-align: left }\n"
    "td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }\n"
    "td td, td th { font-size: 90%; color: #555 }\n"
    "h1 { font-size: 1.4em } h2 { font-size: 1.1em }\n"
    "p.lossy { color: #a40 }\n"
    "</style>\n</head>\n<body>\n<h1>netmon report</h1>\n";

struct page {
	struct out	*o;
	const struct doc *d;
	bool		 star;
};

static bool
numeric(const struct row_field *f)
{
	return f->type != ROW_STR && f->type != ROW_BOOL &&
	    f->unit != ROW_UNIT_TIME;
}

static void
cell(struct page *p, const struct row *r, size_t i)
{
	const struct row_field	*f = &row_desc(r->kind)->fields[i];
	const struct row_value	*v = &r->v[i];
	char			 b[FMT_MAX];

	if (v->type == ROW_STR) {
		out_vis(p->o, VIS_HTML, v->s.p, v->s.n);
		return;
	}
	out_str(p->o, fmt_value(b, f, v));
	if (p->star && view_traffic(r->kind) && view_starred(f))
		out_char(p->o, '*', 1);
}

static void
heading(struct page *p, const struct row_desc *desc)
{
	size_t	 i;

	out_str(p->o, "<tr>");
	for (i = 0; i < desc->nfields; i++)
		if (desc->fields[i].title != NULL)
			out_printf(p->o, "<th%s>%s</th>",
			    numeric(&desc->fields[i]) ? " class=\"n\"" : "",
			    desc->fields[i].title);
	out_str(p->o, "</tr>\n");
}

static void	 table(struct page *, size_t, size_t, enum row_kind,
		    unsigned);

static void
row(struct page *p, size_t i)
{
	const struct row_desc	*desc;
	struct row		 r;
	bool			 done[ROW_KINDS] = { false };
	size_t			 k, to = doc_end(p->d, i), columns = 0;

	doc_get(p->d, i, &r);
	desc = row_desc(r.kind);
	out_str(p->o, "<tr>");
	for (k = 0; k < desc->nfields; k++) {
		if (desc->fields[k].title == NULL)
			continue;
		columns++;
		out_str(p->o, numeric(&desc->fields[k]) ?
		    "<td class=\"n\">" : "<td>");
		cell(p, &r, k);
		out_str(p->o, "</td>");
	}
	out_str(p->o, "</tr>\n");
	if (to == i + 1)
		return;
	out_printf(p->o, "<tr><td colspan=\"%zu\"><details><summary>more"
	    "</summary>\n", columns);
	for (k = i + 1; k < to; k++) {
		if (p->d->rows[k].level != r.level + 1 ||
		    done[p->d->rows[k].kind])
			continue;
		done[p->d->rows[k].kind] = true;
		table(p, i + 1, to, (enum row_kind)p->d->rows[k].kind,
		    r.level + 1u);
	}
	out_str(p->o, "</details></td></tr>\n");
}

/* Depth of nesting is bounded by ROW_LEVEL_MAX. */
static void
table(struct page *p, size_t from, size_t to, enum row_kind kind,
    unsigned level)
{
	const struct row_desc	*desc = row_desc(kind);
	size_t			 i;

	if ((i = doc_next(p->d, from, to, kind, level)) == to)
		return;
	out_printf(p->o, level == 0 ? "<h2>%s</h2>\n" : "<b>%s</b>\n",
	    desc->array);
	out_str(p->o, "<table>\n");
	heading(p, desc);
	for (; i < to; i = doc_next(p->d, i + 1, to, kind, level))
		row(p, i);
	out_str(p->o, "</table>\n");
}

/* A kind that stands alone: a name and a value per line. */
static void
object(struct page *p, enum row_kind kind)
{
	const struct row_desc	*desc = row_desc(kind);
	struct row		 r;
	size_t			 i;

	if (doc_find(p->d, kind, &r) == -1)
		return;
	out_printf(p->o, "<h2>%s</h2>\n<table>\n", desc->name);
	for (i = 0; i < desc->nfields; i++) {
		if (desc->fields[i].title == NULL)
			continue;
		out_printf(p->o, "<tr><th>%s</th><td>",
		    desc->fields[i].title);
		cell(p, &r, i);
		out_str(p->o, "</td></tr>\n");
	}
	out_str(p->o, "</table>\n");
}

static void
draw(struct out *o, const struct view_subject *s, const struct doc *d,
    const struct view_opt *opt)
{
	struct page	 p = { o, d, s->traffic && view_lossy(d) };
	struct out	 t;
	const char	*line, *end;
	size_t		 i;

	(void)opt;
	out_str(o, head);
	out_init(&t);
	view_complete(&t, d);
	for (line = t.p; line != NULL && *line != '\0'; line = end + 1) {
		if ((end = strchr(line, '\n')) == NULL)
			break;
		out_printf(o, "<p%s>", p.star ? " class=\"lossy\"" : "");
		out_vis(o, VIS_HTML, line, (size_t)(end - line));
		out_str(o, "</p>\n");
	}
	out_clear(&t);
	for (i = 0; i < s->nkinds; i++) {
		if (view_single(s->kinds[i]))
			object(&p, s->kinds[i]);
		else
			table(&p, 0, d->n, s->kinds[i], 0);
	}
	out_str(o, "</body>\n</html>\n");
}

const struct view_ops view_html = {
	.name	= "html",
	.draw	= draw,
};
