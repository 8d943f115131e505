#include <stdio.h>
#include <string.h>

#include "sandbox/compat.h"
#include "ui/history.h"
#include "ui/webpage.h"

/* The first page: what is wrong comes first, on a screen that is small. */
static const struct view_subject front = {
	.subject = SHOW_SUMMARY, .name = "summary", .traffic = true,
	.kinds = { ROW_ALERT, ROW_ALERT_EVENT, ROW_ADVICE, ROW_SUMMARY,
	    ROW_HOST, ROW_MONITOR, ROW_DAEMON },
	.nkinds = 7
};
static const struct view_subject alerts = {
	.subject = SHOW_ALERTS, .name = "alerts",
	.kinds = { ROW_ALERT, ROW_ALERT_EVENT, ROW_MONITOR }, .nkinds = 3
};

bool
webpage_has_events(const struct view_subject *s)
{
	return s->subject == SHOW_SUMMARY || s->subject == SHOW_ALERTS;
}

static void
text(struct out *o, const char *s)
{
	out_vis(o, VIS_HTML, s, strlen(s));
}

static void
ways(struct out *o, const struct weburl *u)
{
	const struct weburl_page	*p;

	out_str(o, "<nav>\n");
	for (p = weburl_pages; p->name != NULL; p++) {
		if (p->title == NULL)
			continue;
		if (p == u->page)
			out_printf(o, "<b>%s</b>\n", p->title);
		else
			out_printf(o, "<a href=\"/%s\">%s</a>\n", p->name,
			    p->title);
	}
	out_str(o, "</nav>\n");
}

/* Which of many windows has the problem is seen from outside. */
static size_t
firing(const struct doc *d)
{
	struct row	 r;
	size_t		 i, n = 0;

	if (d == NULL)
		return 0;
	for (i = doc_next(d, 0, d->n, ROW_ALERT, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_ALERT, 0)) {
		doc_get(d, i, &r);
		n += doc_fires(&r);
	}
	return n;
}

static void
begin(struct out *o, const struct weburl *u, const char *node,
    const struct doc *d, bool again)
{
	const size_t	 n = firing(d);
	char		 title[320], fire[32] = "";

	if (n > 0)
		snprintf(fire, sizeof(fire), "%zu firing: ", n);
	snprintf(title, sizeof(title), "%s%s on %s", fire,
	    u->page == NULL ? "netmon" : u->page->name, node);
	view_html_head(o, title, again ? WEBPAGE_REFRESH : 0);
	ways(o, u);
}

/* Whether a document holds more than how complete it is. */
static bool
says_nothing(const struct doc *d)
{
	size_t	 i;

	for (i = 0; i < d->n; i++)
		if (d->rows[i].kind != ROW_COMPLETE)
			return false;
	return true;
}

/* Another window of the same page, with the other words kept. */
static void
windows(struct out *o, const struct weburl *u)
{
	static const char *const names[] = { "last", "1m", "10m", "total" };
	size_t			 i;
	int			 k;

	out_str(o, "<form method=\"get\">\n");
	for (k = 0; k < u->npairs; k++) {
		out_str(o, "<input type=\"hidden\" name=\"");
		text(o, u->argv[u->first + 2 * k]);
		out_str(o, "\" value=\"");
		text(o, u->argv[u->first + 2 * k + 1]);
		out_str(o, "\">\n");
	}
	for (i = 0; i < nitems(names); i++)
		out_printf(o, "<button name=\"window\" value=\"%s\"%s>%s"
		    "</button>\n", names[i], u->at == NULL &&
		    u->window != NULL && strcmp(u->window, names[i]) == 0 ?
		    " disabled" : "", names[i]);
	out_str(o, "</form>\n");
}

/* A time is typed where nothing is loaded meanwhile. */
static void
times(struct out *o, const struct weburl *u)
{
	out_str(o, "<form method=\"get\">\n");
	if (!u->past) {
		out_str(o, "<button name=\"at\" value=\"\">at a time"
		    "</button>\n</form>\n");
		return;
	}
	out_str(o, "<input name=\"at\" size=\"9\" placeholder=\"03:12"
	    " or 2h\" aria-label=\"a time that is past, in UTC\" value=\"");
	text(o, u->at == NULL ? "" : u->at);
	out_str(o, "\">\n<button>at</button>\n</form>\n");
}

void
webpage_draw(struct out *o, const struct weburl *u, const char *node,
    const struct view_subject *s, const struct doc *d)
{
	struct out	 t;

	begin(o, u, node, u->past ? NULL : d, !u->past);
	if (u->page->window)
		windows(o, u);
	if (u->page->at)
		times(o, u);
	out_init(&t);
	if (u->at != NULL && s != &view_compare)
		history_head(&t, d);
	else if (view_empty(&t, d))
		out_char(&t, '\n', 1);
	if (t.len > 0) {
		out_str(o, "<p>");
		out_vis(o, VIS_HTML, t.p, t.len - 1);
		out_str(o, "</p>\n");
	}
	out_clear(&t);
	view_html_body(o, s->subject == SHOW_SUMMARY ? &front :
	    s->subject == SHOW_ALERTS ? &alerts : s, d, true);
	if (says_nothing(d))
		out_str(o, "<p>there is nothing to show</p>\n");
	out_str(o, "</body>\n</html>\n");
}

void
webpage_sorry(struct out *o, const struct weburl *u, const char *node,
    const char *why, bool again)
{
	begin(o, u, node, NULL, again);
	out_str(o, "<p class=\"lossy\">");
	text(o, why);
	out_str(o, "</p>\n</body>\n</html>\n");
}
