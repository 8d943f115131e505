#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/golden.h"
#include "tests/lib/rows.h"
#include "ui/screen.h"
#include "ui/view.h"

static uint8_t		 bytes[65536];

struct fixture {
	struct doc	 doc;
	struct doc	 detail;
	struct screen	 screen;
};

static void
take(struct doc *into, enum show_subject s, enum row_kind kind, bool lossy)
{
	struct doc	 d;
	struct buf	 b;

	buf_writer(&b, bytes, sizeof(bytes));
	rows_answer(&b, s, lossy);
	doc_init(&d);
	assert_int_equal(doc_add(&d, bytes, b.len), 0);
	assert_int_equal(doc_take(into, &d, kind), 0);
	doc_clear(&d);
}

static void
make(struct fixture *f, unsigned width, unsigned height, bool lossy)
{
	struct buf	 b;

	memset(f, 0, sizeof(*f));
	take(&f->doc, SHOW_SUMMARY, ROW_DAEMON, lossy);
	take(&f->doc, SHOW_SUMMARY, ROW_COMPLETE, lossy);
	take(&f->doc, SHOW_SUMMARY, ROW_SUMMARY, lossy);
	take(&f->doc, SHOW_REPORT, ROW_MEMORY, lossy);
	take(&f->doc, SHOW_ALERTS, ROW_ALERT, lossy);
	take(&f->doc, SHOW_INTERFACES, ROW_INTERFACE, lossy);
	take(&f->doc, SHOW_HOSTS, ROW_HOST, lossy);
	take(&f->doc, SHOW_HOSTS, ROW_OTHER, lossy);
	take(&f->doc, SHOW_NAMES, ROW_NAME, lossy);
	take(&f->doc, SHOW_MIRRORS, ROW_MIRROR, lossy);
	buf_writer(&b, bytes, sizeof(bytes));
	rows_events(&b);
	assert_int_equal(doc_add(&f->doc, bytes, b.len), 0);
	take(&f->detail, SHOW_HOST, ROW_HOST, lossy);
	f->screen.width = width;
	f->screen.height = height;
	f->screen.window = "last";
	f->screen.sort = "requests";
	f->screen.refresh = 2;
}

static void
drop(struct fixture *f)
{
	doc_clear(&f->doc);
	doc_clear(&f->detail);
	out_clear(&f->screen.text);
}

static void
golden(const char *name, unsigned width, unsigned height, bool lossy)
{
	struct fixture	 f;

	make(&f, width, height, lossy);
	screen_draw(&f.screen, &f.doc, &f.detail);
	assert_int_equal(golden_check(name, f.screen.text.p), 0);
	drop(&f);
}

static void
sizes_look_as_agreed(void **state)
{
	(void)state;
	golden("top-100x40.txt", 100, 40, false);
	golden("top-80x24.txt", 80, 24, false);
	golden("top-lossy.txt", 100, 40, true);
	golden("top-40x12.txt", 40, 12, false);
}

/* Any page at any size fills the screen and never passes its edges. */
static void
no_line_passes_the_edge(void **state)
{
	struct fixture	 f;
	const char	*p, *end;
	struct out	 line;
	unsigned	 n;
	int		 page;

	(void)state;
	make(&f, 100, 40, true);
	out_init(&line);
	for (page = 0; page < PAGES; page++) {
		f.screen.page = (enum screen_page)page;
		for (f.screen.width = 20; f.screen.width < 130;
		    f.screen.width += 7)
			for (f.screen.height = 2; f.screen.height < 50;
			    f.screen.height += 3) {
				screen_draw(&f.screen, &f.doc, &f.detail);
				n = 0;
				for (p = f.screen.text.p; *p != '\0';
				    p = end + 1) {
					end = strchr(p, '\n');
					out_reset(&line);
					out_put(&line, p, (size_t)(end - p));
					assert_true(view_width(line.p) <=
					    f.screen.width);
					for (; p < end; p++)
						assert_true((unsigned char)*p
						    >= 0x20 && *p != 0x7f);
					n++;
				}
				assert_int_equal(n, f.screen.height);
				assert_int_equal(n, f.screen.nlines);
			}
	}
	out_clear(&line);
	drop(&f);
}

static void
the_selection_stays_on_a_host(void **state)
{
	struct fixture	 f;
	struct row	 r;

	(void)state;
	make(&f, 80, 24, false);
	f.screen.chosen = 99;
	screen_draw(&f.screen, &f.doc, &f.detail);
	assert_int_equal(f.screen.nhosts, 3);
	assert_int_equal(f.screen.chosen, 2);
	assert_int_not_equal(screen_host(&f.doc, 2, &r), -1);
	assert_int_equal(screen_host(&f.doc, 3, &r), -1);
	drop(&f);
}

static void
no_rows_at_all_are_a_screen_too(void **state)
{
	struct fixture	 f;
	int		 page;

	(void)state;
	memset(&f, 0, sizeof(f));
	f.screen.width = 80;
	f.screen.height = 24;
	f.screen.window = f.screen.sort = "";
	for (page = 0; page < PAGES; page++) {
		f.screen.page = (enum screen_page)page;
		screen_draw(&f.screen, &f.doc, &f.detail);
		assert_int_equal(f.screen.nlines, 24);
	}
	drop(&f);
}

static void
help_names_every_key_where_there_is_no_room(void **state)
{
	static const char *const	 keys[] = { "  open it", "  quit",
	    "  window", "  alerts", "  this page", "  talkers", "  JSON",
	    "* too low" };
	struct fixture			 f;
	size_t				 i;
	unsigned			 width;

	(void)state;
	make(&f, 40, 10, false);
	f.screen.page = PAGE_HELP;
	for (width = 40; width < 130; width++) {
		f.screen.width = width;
		f.screen.height = width % 2 == 0 ? 10 : 24;
		screen_draw(&f.screen, &f.doc, &f.detail);
		for (i = 0; i < nitems(keys); i++)
			if (strstr(f.screen.text.p, keys[i]) == NULL &&
			    strstr(f.screen.text.p, keys[i] + 1) == NULL)
				fail_msg("%u columns: no \"%s\"", width,
				    keys[i]);
	}
	drop(&f);
}

/* What has gone has a row still; what should be there counts. */
static void
interfaces_that_went_are_not_counted(void **state)
{
	struct fixture	 f;
	struct buf	 b;

	(void)state;
	make(&f, 100, 40, false);
	buf_writer(&b, bytes, sizeof(bytes));
	rows_pairs(&b, ROW_INTERFACE, 0, "name=tun0|state=gone");
	rows_pairs(&b, ROW_INTERFACE, 0, "name=eth5|state=gone|"
	    "error=in the configuration, not on this machine");
	assert_int_equal(doc_add(&f.doc, bytes, b.len), 0);
	screen_draw(&f.screen, &f.doc, &f.detail);
	assert_non_null(strstr(f.screen.text.p, " 4 of 4 interfaces "));
	drop(&f);
}

static void
a_limit_that_is_not_known_is_none(void **state)
{
	struct fixture	 f;
	struct buf	 b;

	(void)state;
	make(&f, 100, 40, false);
	buf_writer(&b, bytes, sizeof(bytes));
	rows_pairs(&b, ROW_ALERT, 0, "rule=surge|state=pending|value=5|"
	    "limit=0|of_usual=3|unit=count|metric=requests");
	assert_int_equal(doc_add(&f.doc, bytes, b.len), 0);
	screen_draw(&f.screen, &f.doc, &f.detail);
	assert_non_null(strstr(f.screen.text.p, " 5 of - "));
	drop(&f);
}

static void
names_of_quic_are_counted_with_those_of_tls(void **state)
{
	struct fixture	 f;
	struct buf	 b;

	(void)state;
	make(&f, 100, 40, false);
	buf_writer(&b, bytes, sizeof(bytes));
	rows_pairs(&b, ROW_NAME, 0, "name=www.quic.example|connections=3|"
	    "quic=14|version=QUIC v1|alpn=h3");
	assert_int_equal(doc_add(&f.doc, bytes, b.len), 0);
	screen_draw(&f.screen, &f.doc, &f.detail);
	assert_non_null(strstr(f.screen.text.p, " www.quic.example "));
	assert_non_null(strstr(f.screen.text.p, "     17  QUIC v1  h3"));
	drop(&f);
}

static void
talkers_have_a_page_and_leave_others_of_hosts_alone(void **state)
{
	struct fixture	 f;
	struct buf	 b;

	(void)state;
	make(&f, 80, 24, false);
	buf_writer(&b, bytes, sizeof(bytes));
	rows_pairs(&b, ROW_TALKER, 0, "client=192.0.2.7|"
	    "server=backup.ex\033ample|service=tcp/22|"
	    "bytes_to_server=5368709120|bytes_to_client=1024");
	rows_pairs(&b, ROW_OTHER, 0, "what=talkers|items=9|body_bytes=77");
	assert_int_equal(doc_add(&f.doc, bytes, b.len), 0);
	screen_draw(&f.screen, &f.doc, &f.detail);
	assert_non_null(strstr(f.screen.text.p, " other 306 hosts "));
	assert_null(strstr(f.screen.text.p, "192.0.2.7"));
	f.screen.page = PAGE_TALKERS;
	screen_draw(&f.screen, &f.doc, &f.detail);
	assert_non_null(strstr(f.screen.text.p,
	    "192.0.2.7  backup.ex\\x1bample  tcp/22 "));
	assert_non_null(strstr(f.screen.text.p, "5.0 GiB"));
	drop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_look_as_agreed),
		cmocka_unit_test(no_line_passes_the_edge),
		cmocka_unit_test(the_selection_stays_on_a_host),
		cmocka_unit_test(help_names_every_key_where_there_is_no_room),
		cmocka_unit_test(no_rows_at_all_are_a_screen_too),
		cmocka_unit_test(interfaces_that_went_are_not_counted),
		cmocka_unit_test(a_limit_that_is_not_known_is_none),
		cmocka_unit_test(names_of_quic_are_counted_with_those_of_tls),
		cmocka_unit_test(
		    talkers_have_a_page_and_leave_others_of_hosts_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
