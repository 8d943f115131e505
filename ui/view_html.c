/*
 * view_html: one page, no script, nothing fetched. Every text passes the
 * escaping writer in its HTML form.
 */
#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "ui/fmt.h"
#include "ui/grid.h"
#include "ui/view.h"

/* Wide tables scroll by themselves: the screen may be that of a telephone. */
static const char style[] =
    "<style>\n"
    ":root { color-scheme: light dark; --line: #ddd; --dim: #666; "
    "--bad: #a40 }\n"
    "@media (prefers-color-scheme: dark) { :root { --line: #444; "
    "--dim: #aaa; --bad: #f93 } }\n"
    "body { font: 14px sans-serif; margin: 1em }\n"
    "div.t { overflow-x: auto; margin: 0 0 1.5em }\n"
    "table { border-collapse: collapse }\n"
    "th, td { padding: .2em .8em; border-bottom: 1px solid var(--line); "
    "text-align: left; white-space: nowrap }\n"
    "td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }\n"
    "td td, td th { font-size: 90%; color: var(--dim) }\n"
    "h1 { font-size: 1.4em } h2 { font-size: 1.1em }\n"
    "p.lossy, td.bad { color: var(--bad); font-weight: bold }\n"
    "form { display: inline-block; margin: 0 1em .5em 0 }\n"
    "nav a, nav b { display: inline-block; padding: .3em .5em }\n"
    "</style>\n";

#define SMALL_STEP	60	/* seconds: what lies in it was kept */
#define LARGE_STEP	7200

struct page {
	struct out	*o;
	const struct doc *d;
	bool		 star;
	bool		 links;
};

/* Texts that lead to a page of netmonweb(8) about them. */
static const struct link {
	enum row_kind	 kind;
	const char	*key;
	const char	*to;		/* a value behind it */
} links[] = {
	{ ROW_HOST,	"host",		"/host/" },
	{ ROW_CLIENT,	"client",	"/talkers?client=" },
	{ ROW_TALKER,	"client",	"/talkers?client=" },
	{ ROW_TALKER,	"server",	"/talkers?server=" },
	{ ROW_SITE,	"site",		"/talkers?server=" },
	{ ROW_NAME,	"name",		"/flows?host=" },
	{ ROW_MIRROR,	"mirror",	"/mirrors/" },
};

/* Bytes that stand for themselves in a URL (RFC 3986, section 2.3). */
static bool
unreserved(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' ||
	    c == '~';
}

static void
in_url(struct out *o, const char *s, size_t n)
{
	for (; n > 0; s++, n--) {
		if (unreserved((unsigned char)*s))
			out_char(o, *s, 1);
		else
			out_printf(o, "%%%02X", (unsigned char)*s);
	}
}

/* A time that is past: by smaller steps, then what was kept of it. */
static void
period_link(struct out *o, const struct row *r)
{
	char		 b[FMT_MAX];
	const double	 span = doc_num(r, "seconds") +
			    doc_num(r, "unkept_seconds");
	const uint64_t	 from = doc_u64(r, "time");

	if (span <= SMALL_STEP) {
		out_printf(o, "/report?at=%.19s", fmt_zulu(b,
		    from + (uint64_t)(span * 5e5), 3));
		return;
	}
	out_printf(o, "/history?since=%.19s", fmt_zulu(b, from, 3));
	out_printf(o, "&amp;until=%.19s&amp;by=%s", fmt_zulu(b,
	    from + (uint64_t)(span * 1e6), 3), span > LARGE_STEP ? "1h" :
	    "1m");
}

/* Where a cell leads to, if anywhere; whether it does. */
static bool
begin_link(struct page *p, const struct row *r, size_t field)
{
	const struct row_field	*f = &row_desc(r->kind)->fields[field];
	const struct row_value	*v = &r->v[field];
	size_t			 i;

	if (!p->links)
		return false;
	if (r->kind == ROW_PERIOD && strcmp(f->key, "time") == 0) {
		out_str(p->o, "<a href=\"");
		period_link(p->o, r);
		out_str(p->o, "\">");
		return true;
	}
	for (i = 0; i < nitems(links); i++) {
		if (links[i].kind != r->kind ||
		    strcmp(links[i].key, f->key) != 0)
			continue;
		/* "(no name)", "(ech)": no flow has that for a name. */
		if (r->kind == ROW_NAME && v->s.n > 0 && v->s.p[0] == '(')
			return false;
		out_printf(p->o, "<a href=\"%s", links[i].to);
		in_url(p->o, v->s.p, v->s.n);
		out_str(p->o, "\">");
		return true;
	}
	return false;
}

/* What a person looks for at night. */
static bool
bad(const struct row_field *f, const struct row_value *v)
{
	static const char *const states[] = { "firing", "clearing", "pending",
				    "unknown", "down", "failed", "lost",
				    "waiting", "retry", "aborted",
				    "file error" };
	size_t			 i;

	if (v->type != ROW_STR || strcmp(f->key, "state") != 0)
		return false;
	for (i = 0; i < nitems(states); i++)
		if (v->s.n == strlen(states[i]) &&
		    memcmp(v->s.p, states[i], v->s.n) == 0)
			return true;
	return false;
}

static void	 table(struct page *, size_t, size_t, enum row_kind,
		    unsigned);

/* Lines for a person; what is wrong stands out. */
static void
lines(struct page *p)
{
	struct row	 r;
	const char	*text;
	size_t		 i, n;

	for (i = doc_next(p->d, 0, p->d->n, ROW_TEXT, 0); i < p->d->n;
	    i = doc_next(p->d, i + 1, p->d->n, ROW_TEXT, 0)) {
		doc_get(p->d, i, &r);
		text = doc_text(&r, "text", &n);
		out_str(p->o, doc_is(&r, "state", "cause") ?
		    "<p class=\"lossy\">" : "<p>");
		out_vis(p->o, VIS_HTML, text, n);
		out_str(p->o, "</p>\n");
	}
}

/* What belongs to row i, out of the way until somebody wants it. */
static void
children(struct page *p, const struct grid *g, size_t i)
{
	bool	 done[ROW_KINDS] = { false };
	size_t	 k, to = doc_end(p->d, i);

	if (to == i + 1 || g->layout->ninl > 0)
		return;
	out_printf(p->o, "<tr><td colspan=\"%zu\"><details><summary>more"
	    "</summary>\n", g->ncols);
	for (k = i + 1; k < to; k++) {
		if (p->d->rows[k].level != g->level + 1 ||
		    done[p->d->rows[k].kind])
			continue;
		done[p->d->rows[k].kind] = true;
		table(p, i + 1, to, (enum row_kind)p->d->rows[k].kind,
		    g->level + 1);
	}
	out_str(p->o, "</details></td></tr>\n");
}

static void
cell(struct page *p, const struct grid *g, const struct row *r, size_t n,
    size_t col)
{
	const struct grid_column *c = &g->col[col];
	bool			  linked;

	if (c->field == -1) {
		out_printf(p->o, "<td>%s</td>", grid_cell(g, n, col));
		return;
	}
	out_str(p->o, c->right ? "<td class=\"n\">" :
	    bad(&g->desc->fields[c->field], &r->v[c->field]) ?
	    "<td class=\"bad\">" : "<td>");
	linked = begin_link(p, r, (size_t)c->field);
	out_str(p->o, grid_cell(g, n, col));
	out_str(p->o, linked ? "</a></td>" : "</td>");
}

static void
rows(struct page *p, const struct grid *g)
{
	struct row	 r;
	size_t		 c, n, i;

	out_str(p->o, "<div class=\"t\"><table>\n<tr>");
	for (c = 0; c < g->ncols; c++)
		if (!g->col[c].hidden)
			out_printf(p->o, "<th%s>%s</th>", g->col[c].right ?
			    " class=\"n\"" : "", g->col[c].title);
	out_str(p->o, "</tr>\n");
	i = doc_next(p->d, g->from, g->to, g->kind, g->level);
	for (n = 0; n < g->nrows; n++) {
		doc_get(p->d, i, &r);
		out_str(p->o, "<tr>");
		for (c = 0; c < g->ncols; c++)
			if (!g->col[c].hidden)
				cell(p, g, &r, n, c);
		out_str(p->o, "</tr>\n");
		children(p, g, i);
		i = doc_next(p->d, i + 1, g->to, g->kind, g->level);
	}
	out_str(p->o, "</table></div>\n");
}

/* Depth of nesting is bounded by ROW_LEVEL_MAX. */
static void
table(struct page *p, size_t from, size_t to, enum row_kind kind,
    unsigned level)
{
	struct grid	*g;
	struct row	 r;
	size_t		 i;

	if ((i = doc_next(p->d, from, to, kind, level)) == to)
		return;
	doc_get(p->d, i, &r);
	if (kind == ROW_OTHER && doc_u64(&r, "items") == 0)
		return;			/* the table had room for all */
	out_printf(p->o, level == 0 ? "<h2>%s</h2>\n" : "<b>%s</b>\n",
	    kind == ROW_ALERT_EVENT ? "what alerts told" :
	    row_desc(kind)->array);
	if ((g = calloc(1, sizeof(*g))) == NULL) {
		p->o->err = true;
		return;
	}
	g->d = p->d;
	g->kind = kind;
	g->level = level;
	g->from = from;
	g->to = to;
	g->form = VIS_HTML;
	g->star = p->star && view_traffic(kind);
	if (grid_fill(g) == -1)
		p->o->err = true;
	else
		rows(p, g);
	grid_clear(g);
	free(g);
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
	out_printf(p->o, "<h2>%s</h2>\n<div class=\"t\"><table>\n",
	    desc->name);
	for (i = 0; i < desc->nfields; i++) {
		if (desc->fields[i].title == NULL)
			continue;
		out_printf(p->o, "<tr><th>%s</th><td>",
		    desc->fields[i].title);
		view_cell(p->o, VIS_HTML, &desc->fields[i], &r.v[i],
		    p->star && view_traffic(kind));
		out_str(p->o, "</td></tr>\n");
	}
	out_str(p->o, "</table></div>\n");
}

void
view_html_body(struct out *o, const struct view_subject *s,
    const struct doc *d, bool linked)
{
	struct page	 p = { o, d, s->traffic && view_lossy(d), linked };
	struct out	 t;
	const char	*line, *end;
	size_t		 i;

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
		/* Of how complete it is the first line says enough. */
		if (linked && s->kinds[i] == ROW_COMPLETE)
			continue;
		if (s->kinds[i] == ROW_TEXT)
			lines(&p);
		else if (view_single(s->kinds[i]))
			object(&p, s->kinds[i]);
		else
			table(&p, 0, d->n, s->kinds[i], 0);
	}
}

void
view_html_head(struct out *o, const char *title, unsigned refresh)
{
	out_str(o, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src 'none'; style-src 'unsafe-inline'; "
	    "form-action 'self'\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n");
	if (refresh > 0)
		out_printf(o, "<meta http-equiv=\"refresh\" content=\"%u\">\n",
		    refresh);
	out_str(o, "<title>");
	out_vis(o, VIS_HTML, title, strlen(title));
	out_str(o, "</title>\n");
	out_str(o, style);
	out_str(o, "</head>\n<body>\n");
}

static void
draw(struct out *o, const struct view_subject *s, const struct doc *d,
    const struct view_opt *opt)
{
	(void)opt;
	view_html_head(o, "netmon report", 0);
	out_str(o, "<h1>netmon report</h1>\n");
	view_html_body(o, s, d, false);
	out_str(o, "</body>\n</html>\n");
}

const struct view_ops view_html = {
	.name	= "html",
	.draw	= draw,
};
