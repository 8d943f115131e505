#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/proc.h"
#include "tests/lib/golden.h"
#include "tests/lib/rows.h"
#include "ui/webpage.h"

static uint8_t	 bytes[65536];

/* Nothing here is of now. */
uint64_t
proc_wall_us(void)
{
	return 0;
}

/* The page of a target, from rows in bytes. */
static void
draw_rows(struct out *o, const char *target, enum show_subject s,
    const struct buf *b)
{
	struct weburl	 u;
	struct doc	 d;
	char		 why[256];

	assert_int_equal(weburl_parse(target, strlen(target), &u, why,
	    sizeof(why)), 0);
	assert_false(b->err);
	doc_init(&d);
	assert_int_equal(doc_add(&d, bytes, b->len), 0);
	out_init(o);
	webpage_draw(o, &u, "fw<1>", view_subject(s), &d);
	assert_false(o->err);
	doc_clear(&d);
}

/* The same, from what a subject has. */
static void
draw(struct out *o, const char *target, enum show_subject s, bool lossy)
{
	struct buf	 b;

	buf_writer(&b, bytes, sizeof(bytes));
	rows_answer(&b, s, lossy);
	draw_rows(o, target, s, &b);
}

static void
test_pages_look_as_agreed(void **state)
{
	struct out	 o;

	(void)state;
	draw(&o, "/", SHOW_SUMMARY, true);
	assert_int_equal(golden_check("front.html", o.p), 0);
	out_clear(&o);
	draw(&o, "/host/a?window=1m", SHOW_HOST, false);
	assert_int_equal(golden_check("host.html", o.p), 0);
	out_clear(&o);
	draw(&o, "/why", SHOW_WHY, false);
	assert_int_equal(golden_check("why.html", o.p), 0);
	out_clear(&o);
}

/* What strangers sent is in these documents, and must not become markup. */
static void
test_nothing_becomes_markup(void **state)
{
	static const char *const	 ours[] = { "html", "head", "meta",
		"title", "style", "body", "nav", "a", "b", "h1", "h2", "p",
		"div", "table", "tr", "th", "td", "form", "input", "button",
		"details", "summary" };
	struct out			 o;
	const char			*p;
	size_t				 i, n, found = 0;
	unsigned			 s;

	(void)state;
	for (s = 0; s < SHOW_SUBJECTS; s++) {
		draw(&o, "/hosts?top=%22%3E%3Cscript%3E",
		    (enum show_subject)s, false);
		for (p = o.p; (p = strchr(p, '<')) != NULL; p++, found++) {
			if (p[1] == '!')
				continue;
			n = strspn(p + 1 + (p[1] == '/'),
			    "abcdefghijklmnopqrstuvwxyz0123456789");
			for (i = 0; i < nitems(ours); i++)
				if (strlen(ours[i]) == n && memcmp(ours[i],
				    p + 1 + (p[1] == '/'), n) == 0)
					break;
			assert_true(i < nitems(ours));
		}
		out_clear(&o);
	}
	assert_true(found > 1000);
}

static void
test_a_page_waits_and_one_that_is_past_does_not(void **state)
{
	const struct weburl	 none = { 0 };
	struct out		 o;

	(void)state;
	draw(&o, "/hosts", SHOW_HOSTS, false);
	assert_non_null(strstr(o.p, "http-equiv=\"refresh\""));
	out_clear(&o);
	draw(&o, "/hosts?at=03:12", SHOW_HOSTS, false);
	assert_null(strstr(o.p, "http-equiv=\"refresh\""));
	assert_non_null(strstr(o.p, "value=\"03:12\""));
	/* From there the windows lead back to now. */
	assert_true(strstr(o.p, "</form>") > strstr(o.p, "\"window\""));
	assert_true(strstr(o.p, "</form>") < strstr(o.p, "\"03:12\""));
	out_clear(&o);
	/* What is being written is not to be lost. */
	draw(&o, "/hosts", SHOW_HOSTS, false);
	assert_null(strstr(o.p, "<input"));
	assert_non_null(strstr(o.p, "<button name=\"at\" value=\"\">"));
	out_clear(&o);
	draw(&o, "/hosts?at=", SHOW_HOSTS, false);
	assert_null(strstr(o.p, "http-equiv=\"refresh\""));
	assert_non_null(strstr(o.p, "<input name=\"at\""));
	out_clear(&o);
	out_init(&o);
	webpage_sorry(&o, &none, "fw1", "<b> is away", true);
	assert_non_null(strstr(o.p, "&lt;b&gt; is away"));
	assert_non_null(strstr(o.p, "http-equiv=\"refresh\""));
	out_clear(&o);
}

static void
test_what_has_a_page_leads_to_it(void **state)
{
	struct buf	 b;
	struct out	 o;

	(void)state;
	draw(&o, "/mirrors", SHOW_MIRRORS, false);
	assert_non_null(strstr(o.p, "<a href=\"/mirrors/shadow-web\">"));
	out_clear(&o);
	buf_writer(&b, bytes, sizeof(bytes));
	rows_pairs(&b, ROW_HOST, 0, "host=a/b?\"c.example");
	draw_rows(&o, "/hosts", SHOW_HOSTS, &b);
	assert_non_null(strstr(o.p,
	    "<a href=\"/host/a%2Fb%3F%22c.example\">"));
	out_clear(&o);
	/* Flows without a name are not found by what stands for none. */
	draw(&o, "/names", SHOW_NAMES, false);
	assert_non_null(strstr(o.p,
	    "<a href=\"/flows?host=mail.example.org\">"));
	assert_non_null(strstr(o.p, "<td>(no name)</td>"));
	out_clear(&o);
}

static void
test_what_alerts_told_is_in_their_unit(void **state)
{
	struct buf	 b;
	struct out	 o;

	(void)state;
	buf_writer(&b, bytes, sizeof(bytes));
	rows_pairs(&b, ROW_ALERT_EVENT, 0, "event=fired|rule=web-errors|"
	    "value=0.019|limit=0.005|span_seconds=60|unit=ratio");
	rows_pairs(&b, ROW_ALERT_EVENT, 0, "event=fired|rule=slow|"
	    "value=0.25|limit=0.1|span_seconds=60|unit=seconds");
	draw_rows(&o, "/alerts", SHOW_ALERTS, &b);
	assert_non_null(strstr(o.p,
	    "<td class=\"n\">1.9%</td><td class=\"n\">0.5%</td>"));
	assert_non_null(strstr(o.p,
	    "<td class=\"n\">250 ms</td><td class=\"n\">100 ms</td>"));
	out_clear(&o);
}

/* One that is clearing has not cleared: the console counts it so. */
static void
test_the_title_says_how_many_fire(void **state)
{
	struct buf	 b;
	struct out	 o;

	(void)state;
	buf_writer(&b, bytes, sizeof(bytes));
	rows_pairs(&b, ROW_ALERT, 0, "rule=a|state=firing");
	rows_pairs(&b, ROW_ALERT, 0, "rule=b|state=clearing");
	rows_pairs(&b, ROW_ALERT, 0, "rule=c|state=pending");
	draw_rows(&o, "/alerts", SHOW_ALERTS, &b);
	assert_non_null(strstr(o.p, "<title>2 firing: alerts on "));
	out_clear(&o);
}

/* Of interfaces, mirrors and alerts. */
static void
test_what_is_wrong_stands_out(void **state)
{
	static const struct {
		enum row_kind	 kind;
		const char	*state;
	}		 wrong[] = {
		{ ROW_INTERFACE, "failed" }, { ROW_INTERFACE, "down" },
		{ ROW_MIRROR, "retry" }, { ROW_MIRROR, "aborted" },
		{ ROW_MIRROR, "file error" }, { ROW_ALERT, "clearing" },
	};
	char		 pairs[64], cell[64];
	struct buf	 b;
	struct out	 o;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(wrong); i++) {
		buf_writer(&b, bytes, sizeof(bytes));
		snprintf(pairs, sizeof(pairs), "state=%s", wrong[i].state);
		rows_pairs(&b, wrong[i].kind, 0, pairs);
		draw_rows(&o, "/report", SHOW_REPORT, &b);
		snprintf(cell, sizeof(cell), "<td class=\"bad\">%s</td>",
		    wrong[i].state);
		assert_non_null(strstr(o.p, cell));
		out_clear(&o);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_pages_look_as_agreed),
		cmocka_unit_test(test_nothing_becomes_markup),
		cmocka_unit_test(
		    test_a_page_waits_and_one_that_is_past_does_not),
		cmocka_unit_test(test_what_has_a_page_leads_to_it),
		cmocka_unit_test(test_what_alerts_told_is_in_their_unit),
		cmocka_unit_test(test_the_title_says_how_many_fire),
		cmocka_unit_test(test_what_is_wrong_stands_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
