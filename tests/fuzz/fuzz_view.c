/* Rows of any kind through every view; no byte that steers may come out. */
#include <stdlib.h>

#include "ui/event.h"
#include "ui/screen.h"
#include "ui/view.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(struct out *o)
{
	size_t	 i;

	for (i = 0; i < o->len; i++)
		if (((unsigned char)o->p[i] < 0x20 && o->p[i] != '\n') ||
		    o->p[i] == 0x7f)
			abort();
	out_reset(o);
}

static void
screens(const struct doc *d)
{
	struct screen	 s = { .width = 80, .height = 40, .window = "",
	    .sort = "" };
	int		 page;

	for (page = 0; page < PAGES; page++) {
		s.page = (enum screen_page)page;
		screen_draw(&s, d, d);
		check(&s.text);
	}
	out_clear(&s.text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct event_origin from = { "host", 1, 3 };
	const struct view_subject *s;
	struct view_opt	 opt = { 0 };
	struct doc	 d;
	struct out	 o;
	size_t		 i;

	if (n < 2)
		return 0;
	s = view_subject((enum show_subject)(p[0] % SHOW_SUBJECTS));
	opt.width = p[1];
	doc_init(&d);
	out_init(&o);
	(void)doc_add(&d, p + 2, n - 2);
	view_text.draw(&o, s, &d, &opt);
	check(&o);
	view_json.draw(&o, s, &d, &opt);
	check(&o);
	view_html.draw(&o, s, &d, &opt);
	check(&o);
	view_csv.draw(&o, s, &d, &opt);
	check(&o);
	view_metrics(&o, &d, (enum metrics_dialect)(p[1] & 1), 0);
	check(&o);
	for (i = 0; i < d.n; i = doc_end(&d, i))
		if (d.rows[i].kind == ROW_ALERT_EVENT ||
		    d.rows[i].kind == ROW_MONITOR) {
			event_prefixed(&o, &d, i, EVENT_RFC5424, &from);
			check(&o);
		}
	screens(&d);
	out_clear(&o);
	doc_clear(&d);
	return 0;
}
