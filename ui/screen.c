#include <stdio.h>
#include <string.h>

#include "ui/fmt.h"
#include "ui/screen_top.h"
#include "ui/view.h"

#define EVENTS_MAX	3

static void
draw_head(struct pen *p)
{
	static const char *const names[PAGES] = {
		[PAGE_TOP] = "top", [PAGE_HOST] = "host",
		[PAGE_INTERFACES] = "interfaces", [PAGE_ALERTS] = "alerts",
		[PAGE_MIRRORS] = "mirrors", [PAGE_TALKERS] = "talkers",
		[PAGE_HELP] = "help",
	};
	struct row	 r;
	struct out	 part;
	char		 b[FMT_MAX];
	const char	*t;
	size_t		 n;

	out_init(&part);
	out_str(&p->line, "netmond  ");
	if (doc_find(p->d, ROW_DAEMON, &r) != -1) {
		t = doc_text(&r, "hostname", &n);
		view_cut(&p->line, t, n, 30);
		out_printf(&part, "   up %s", fmt_uptime(b,
		    doc_num(&r, "uptime_seconds")));
		pen_part(p, &part);
	}
	if (doc_find(p->d, ROW_COMPLETE, &r) != -1 &&
	    doc_u64(&r, "time") != 0) {
		out_printf(&part, "   %s", fmt_time(b, doc_u64(&r, "time")));
		pen_part(p, &part);
	}
	out_str(&part, "   ");
	if (doc_find(p->d, ROW_COMPLETE, &r) != -1)
		view_window(&part, &r);
	else
		out_printf(&part, "window %s", p->s->window);
	pen_part(p, &part);
	out_printf(&part, "   refresh %s", fmt_span(b, p->s->refresh));
	pen_part(p, &part);
	out_printf(&part, "  [%s]", names[p->s->page]);
	pen_part(p, &part);
	pen_end(p, LOOK_HEAD);
}

/* ---- the other pages: tables of the text view ---- */

static void
put_text(struct pen *p, const char *t)
{
	const char	*end;

	for (; t != NULL && *t != '\0'; t = end + 1) {
		if ((end = strchr(t, '\n')) == NULL)
			end = t + strlen(t);
		out_put(&p->line, t, (size_t)(end - t));
		pen_end(p, LOOK_PLAIN);
		if (*end == '\0')
			break;
	}
}

static void
page_table(struct pen *p, const struct doc *d, enum row_kind kind,
    bool nested)
{
	struct view_opt	 opt = { p->s->width };
	struct out	 t;

	out_init(&t);
	pen_rule(p);
	view_table(&t, d, 0, d->n, kind, 0, &opt, *p->star != '\0', nested);
	put_text(p, t.p == NULL ? "nothing to show\n" : t.p);
	out_clear(&t);
}

static void
page_host(struct pen *p)
{
	page_table(p, p->detail, ROW_HOST, true);
}

static void
page_interfaces(struct pen *p)
{
	page_table(p, p->d, ROW_INTERFACE, true);
}

static void
page_alerts(struct pen *p)
{
	page_table(p, p->d, ROW_ALERT, false);
	screen_events(p, EVENTS_MAX * 10);
}

static void
page_mirrors(struct pen *p)
{
	page_table(p, p->d, ROW_MIRROR, true);
}

static void
page_talkers(struct pen *p)
{
	page_table(p, p->d, ROW_TALKER, false);
}

#define HELP_WIDTH	53	/* in full, and its lines */
#define HELP_LINES	10

static void
page_help(struct pen *p)
{
	pen_rule(p);
	if (p->s->width < HELP_WIDTH || p->left < HELP_LINES) {
		put_text(p, "up, down  select       enter  open it\n"
		    "t, escape first page   q      quit\n"
		    "s         order        w      window\n"
		    "i         interfaces   a      alerts\n"
		    "m         mirrors      l      talkers\n"
		    "h         this page    j      JSON to a file\n"
		    "* too low; names are claims\n");
		return;
	}
	put_text(p,
	    "up, down   select a host            enter   open it\n"
	    "t, escape  back to the first page   q       quit\n"
	    "s          order: requests, bytes, errors, p95\n"
	    "w          window: last, 1m, 10m, total\n"
	    "i          interfaces               a       alerts\n"
	    "m          mirrors                  l       talkers\n"
	    "h          this page                j       JSON to a file\n"
	    "\n"
	    "* after a number: it is too low, something was missed\n"
	    "names and hosts are what clients claim\n");
}

static const char *
key_line(unsigned width)
{
	if (width >= 103)
		return "h help  q quit  arrows select  enter open  s sort  "
		    "w window  i interface  a alerts  m mirrors  l talkers";
	if (width >= 72)
		return "h help  q quit  arrows select  enter open  s sort  "
		    "w window  i l a m pages";
	return "h help  q quit  t i l a m pages";
}

int
screen_host(const struct doc *d, unsigned index, struct row *r)
{
	size_t	 i;

	for (i = doc_next(d, 0, d->n, ROW_HOST, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_HOST, 0)) {
		if (index-- == 0) {
			doc_get(d, i, r);
			return (int)i;
		}
	}
	return -1;
}

void
screen_draw(struct screen *s, const struct doc *d, const struct doc *detail)
{
	static void	(*const pages[PAGES])(struct pen *) = {
		[PAGE_TOP]		= screen_top,
		[PAGE_HOST]		= page_host,
		[PAGE_INTERFACES]	= page_interfaces,
		[PAGE_ALERTS]		= page_alerts,
		[PAGE_MIRRORS]		= page_mirrors,
		[PAGE_TALKERS]		= page_talkers,
		[PAGE_HELP]		= page_help,
	};
	struct pen	 p;

	memset(&p, 0, sizeof(p));
	p.s = s;
	p.d = d;
	p.detail = detail;
	p.star = view_lossy(d) ? "*" : "";
	p.left = s->height > 1 ? s->height - 1 : 0;
	out_reset(&s->text);
	s->nlines = 0;
	s->nhosts = (unsigned)doc_count(d, 0, d->n, ROW_HOST, 0);
	if (s->nhosts > 0 && s->chosen >= s->nhosts)
		s->chosen = s->nhosts - 1;
	draw_head(&p);
	pages[s->page](&p);
	while (p.left > 0 && s->height < SCREEN_LINES_MAX)
		pen_end(&p, LOOK_PLAIN);
	p.left = 1;
	out_str(&p.line, s->note != NULL ? s->note : key_line(s->width));
	pen_end(&p, LOOK_HEAD);
	out_clear(&p.line);
}
