#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/compat.h"
#include "tests/lib/golden.h"
#include "tests/lib/rows.h"
#include "ui/event.h"
#include "ui/screen.h"
#include "ui/view.h"

static uint8_t		 bytes[65536];

static void
load(struct doc *d, enum show_subject s, bool lossy)
{
	struct buf	 b;

	buf_writer(&b, bytes, sizeof(bytes));
	rows_answer(&b, s, lossy);
	assert_false(b.err);
	doc_init(d);
	assert_int_equal(doc_add(d, bytes, b.len), 0);
}

static void
golden(const char *name, enum show_subject s, bool lossy, unsigned width)
{
	struct view_opt	 opt = { width };
	struct doc	 d;
	struct out	 o;

	load(&d, s, lossy);
	out_init(&o);
	view_text.draw(&o, view_subject(s), &d, &opt);
	assert_int_equal(golden_check(name, o.p), 0);
	out_clear(&o);
	doc_clear(&d);
}

static void
each_subject_looks_as_agreed(void **state)
{
	(void)state;
	golden("summary.txt", SHOW_SUMMARY, false, 0);
	golden("summary-lossy.txt", SHOW_SUMMARY, true, 0);
	golden("interfaces.txt", SHOW_INTERFACES, false, 0);
	golden("capture.txt", SHOW_CAPTURE, false, 0);
	golden("hosts.txt", SHOW_HOSTS, false, 0);
	golden("host.txt", SHOW_HOST, false, 0);
	golden("sections-lossy.txt", SHOW_SECTIONS, true, 0);
	golden("alerts.txt", SHOW_ALERTS, false, 0);
	golden("mirrors.txt", SHOW_MIRRORS, false, 0);
	golden("names.txt", SHOW_NAMES, false, 0);
	golden("why.txt", SHOW_WHY, false, 0);
	golden("why-80.txt", SHOW_WHY, false, 80);
	golden("empty.txt", SHOW_FLOWS, false, 0);
	golden("report.txt", SHOW_REPORT, true, 0);
}

/* The last line of a summary and of a screen without HTTP tells why. */
static void
nothing_to_see_is_explained(void **state)
{
	static const struct {
		const char	*summary, *complete, *line;
	} table[] = {
		{ "interfaces=0", "ratio=1", "no interface is open" },
		{ "interfaces=0|starting=1", "ratio=1",
		    "capture is starting, see netmonctl show processes" },
		{ "interfaces=1", "ratio=1", "no packets at all" },
		{ "interfaces=1", "ratio=0|kernel_drops=9",
		    "all packets were dropped" },
		{ "interfaces=1|packets_per_second=3|"
		    "tls_handshakes_per_second=1", "ratio=1",
		    "no HTTP, only TLS" },
		{ "interfaces=1|packets_per_second=3|"
		    "quic_connections_per_second=1", "ratio=1",
		    "no HTTP, only QUIC" },
		{ "interfaces=1|packets_per_second=3|"
		    "tls_handshakes_per_second=1|"
		    "quic_connections_per_second=1", "ratio=1",
		    "no HTTP, only TLS and QUIC" },
		{ "interfaces=1|packets_per_second=3", "ratio=1",
		    "packets, but no HTTP" },
		{ "interfaces=1|packets_per_second=3", "ratio=1",
		    "see netmonctl why" },
		{ "interfaces=1|packets_per_second=3|requests_per_second=1",
		    "ratio=1", NULL },
		{ "interfaces=1|packets_per_second=3|responses_per_second=1",
		    "ratio=1", NULL },
	};
	struct screen	 s;
	struct doc	 d, none;
	struct buf	 b;
	struct out	 o;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(table); i++) {
		buf_writer(&b, bytes, sizeof(bytes));
		rows_pairs(&b, ROW_COMPLETE, 0, table[i].complete);
		rows_pairs(&b, ROW_SUMMARY, 0, table[i].summary);
		doc_init(&d);
		doc_init(&none);
		out_init(&o);
		assert_int_equal(doc_add(&d, bytes, b.len), 0);
		view_text.draw(&o, view_subject(SHOW_SUMMARY), &d,
		    &(struct view_opt){ 0 });
		memset(&s, 0, sizeof(s));
		s.width = 80;
		s.height = 24;
		s.window = s.sort = "";
		screen_draw(&s, &d, &none);
		if (table[i].line == NULL) {
			assert_null(strstr(o.p, "nothing"));
		} else {
			assert_non_null(strstr(o.p, table[i].line));
			assert_non_null(strstr(s.text.p, table[i].line));
		}
		out_clear(&o);
		out_clear(&s.text);
		doc_clear(&d);
	}
}

/* A row as a person sees it, in out. */
static void
draw_row(struct out *o, enum show_subject subject, enum row_kind kind,
    const char *pairs)
{
	struct doc	 d;
	struct buf	 b;

	buf_writer(&b, bytes, sizeof(bytes));
	rows_pairs(&b, kind, 0, pairs);
	doc_init(&d);
	out_init(o);
	assert_int_equal(doc_add(&d, bytes, b.len), 0);
	view_text.draw(o, view_subject(subject), &d,
	    &(struct view_opt){ .width = 80 });
	doc_clear(&d);
}

/* The line and the column are there when there is any of it. */
static void
quic_stands_beside_tls(void **state)
{
	struct out	 o;

	(void)state;
	draw_row(&o, SHOW_SUMMARY, ROW_SUMMARY, "interfaces=1|"
	    "packets_per_second=9|tls_handshakes_per_second=12|"
	    "quic_connections_per_second=30.2");
	assert_non_null(strstr(o.p, "\ntls       12.0 handshakes/s\n"
	    "quic      30.2 connections/s\n"));
	out_clear(&o);
	draw_row(&o, SHOW_NAMES, ROW_NAME, "name=a.example|connections=1|"
	    "quic=7|version=QUIC v2|alpn=h3");
	assert_non_null(strstr(o.p, "name (claimed)  conn  quic  version  "
	    "alpn"));
	assert_non_null(strstr(o.p, "a.example          1     7  QUIC v2  h3"));
	out_clear(&o);
	draw_row(&o, SHOW_NAMES, ROW_NAME, "name=a.example|connections=1");
	assert_null(strstr(o.p, "quic"));
	out_clear(&o);
}

static void
the_report_of_a_file_names_nobody_to_ask(void **state)
{
	struct doc	 d;
	struct buf	 b;
	struct out	 o;

	(void)state;
	buf_writer(&b, bytes, sizeof(bytes));
	rows_pairs(&b, ROW_DAEMON, 0, "offline=1|input=x.pcap");
	rows_pairs(&b, ROW_SUMMARY, 0, "interfaces=0");
	doc_init(&d);
	out_init(&o);
	assert_int_equal(doc_add(&d, bytes, b.len), 0);
	view_text.draw(&o, view_subject(SHOW_SUMMARY), &d,
	    &(struct view_opt){ 0 });
	assert_non_null(strstr(o.p, "nothing   no packets at all\n"));
	out_clear(&o);
	doc_clear(&d);
}

static void
a_narrow_terminal_drops_columns_in_order(void **state)
{
	(void)state;
	golden("hosts-80.txt", SHOW_HOSTS, false, 80);
	golden("interfaces-60.txt", SHOW_INTERFACES, false, 60);
	golden("mirrors-80.txt", SHOW_MIRRORS, false, 80);
	golden("transactions-80.txt", SHOW_TRANSACTIONS, false, 80);
}

/* Of a night one wants to know what fired and how much was seen. */
static void
the_past_is_told_on_a_small_screen(void **state)
{
	static const char	 row[] = "time=1795993200000000|"
	    "requests_per_second=46430|peak_requests_per_second=96430|"
	    "errors_5xx=12|worst_p95_seconds=0.1114|alerts=1|"
	    "complete_ratio=1|unkept_seconds=75|requests=1000|"
	    "busiest_host=www.example";
	struct doc		 d;
	struct buf		 b;
	struct out		 o;

	(void)state;
	buf_writer(&b, bytes, sizeof(bytes));
	rows_pairs(&b, ROW_PERIOD, 0, row);
	doc_init(&d);
	out_init(&o);
	assert_int_equal(doc_add(&d, bytes, b.len), 0);
	view_text.draw(&o, &view_history, &d,
	    &(struct view_opt){ .width = 80 });
	assert_non_null(strstr(o.p, "  5xx     p95  alerts  complete\n"));
	out_reset(&o);
	view_text.draw(&o, &view_history, &d,
	    &(struct view_opt){ .width = 64 });
	assert_non_null(strstr(o.p, "not kept    r/s   peak  5xx  alerts\n"));
	out_clear(&o);
	doc_clear(&d);
}

static void
a_line_before_a_table_makes_no_blank_one(void **state)
{
	struct doc	 d;
	struct out	 o;

	(void)state;
	load(&d, SHOW_HOSTS, false);
	out_init(&o);
	out_str(&o, "from then\n\n");
	view_text.draw(&o, view_subject(SHOW_HOSTS), &d,
	    &(struct view_opt){ 0 });
	assert_null(strstr(o.p, "\n\n\n"));
	out_clear(&o);
	doc_clear(&d);
}

/* Every subject at every width: no wider, no byte that steers, no blanks. */
static void
nothing_passes_the_edge_or_steers_the_terminal(void **state)
{
	struct view_opt	 opt;
	struct doc	 d;
	struct out	 o, line;
	const char	*p, *end;
	int		 s;

	(void)state;
	out_init(&o);
	out_init(&line);
	for (s = 0; s < SHOW_SUBJECTS; s++) {
		if (s == SHOW_SUMMARY || s == SHOW_CAPTURE ||
		    s == SHOW_VERSION || s == SHOW_REPORT || s == SHOW_WHY)
			continue;	/* lines, not tables */
		load(&d, (enum show_subject)s, false);
		for (opt.width = 12; opt.width < 140; opt.width++) {
			out_reset(&o);
			view_table(&o, &d, 0, d.n, ROW_HOST, 0, &opt, true,
			    true);
			view_table(&o, &d, 0, d.n, ROW_INTERFACE, 0, &opt,
			    false, true);
			view_table(&o, &d, 0, d.n, ROW_ALERT, 0, &opt, false,
			    true);
			for (p = o.p; p != NULL && *p != '\0'; p = end + 1) {
				end = strchr(p, '\n');
				out_reset(&line);
				out_put(&line, p, (size_t)(end - p));
				for (; p < end; p++)
					assert_true((unsigned char)*p >= 0x20
					    && *p != 0x7f);
				if (opt.width >= 40)
					assert_true(view_width(line.p) <=
					    opt.width);
				assert_true(line.len == 0 ||
				    line.p[line.len - 1] != ' ');
			}
		}
		doc_clear(&d);
	}
	out_clear(&o);
	out_clear(&line);
}

/* Whole answers: sentences fold, at blanks; a configuration stays as it is. */
static void
no_answer_is_wider_than_the_terminal(void **state)
{
	static const unsigned	 widths[] = { 40, 60, 80, 100 };
	struct view_opt		 opt;
	struct doc		 d;
	struct out		 o, line;
	const char		*p, *end;
	size_t			 w;
	int			 s, lossy;

	(void)state;
	out_init(&o);
	out_init(&line);
	for (s = 0; s < SHOW_SUBJECTS; s++) {
		if (s == SHOW_CONFIG || s == SHOW_METRICS)
			continue;
		for (lossy = 0; lossy < 2; lossy++) {
			load(&d, (enum show_subject)s, lossy);
			for (w = 0; w < nitems(widths); w++) {
				opt.width = widths[w];
				out_reset(&o);
				view_text.draw(&o, view_subject(
				    (enum show_subject)s), &d, &opt);
				for (p = o.p; *p != '\0'; p = end + 1) {
					end = strchr(p, '\n');
					out_reset(&line);
					out_put(&line, p, (size_t)(end - p));
					if (end > p && view_width(line.p) >
					    opt.width)
						fail_msg("%u: %s", opt.width,
						    line.p);
				}
			}
			doc_clear(&d);
		}
	}
	out_clear(&o);
	out_clear(&line);
}

static void
lines_fold_at_blanks(void **state)
{
	struct out	 o;

	(void)state;
	out_init(&o);
	out_str(&o, "head\none two   three\n\nabcdefghijk\n");
	view_fold(&o, 5, 8);
	assert_string_equal(o.p, "head\none two\n  three\n\nabcdefgh\n"
	    "  ijk\n");
	out_reset(&o);
	out_str(&o, "one two   three\n");
	view_fold(&o, 0, 0);
	assert_string_equal(o.p, "one two   three\n");
	out_clear(&o);
}

static void
names_are_cut_in_the_middle(void **state)
{
	struct out	 o;

	(void)state;
	out_init(&o);
	view_cut(&o, "abcdefghij", 10, 7);
	assert_string_equal(o.p, "abc~hij");
	out_reset(&o);
	view_cut(&o, "abcdefghij", 10, 10);
	assert_string_equal(o.p, "abcdefghij");
	out_reset(&o);
	view_cut(&o, "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87", 12,
	    5);
	assert_string_equal(o.p, "\xe4\xb8\xad~\xe6\x96\x87");
	out_reset(&o);
	view_cut(&o, "a\033b", 3, 0);
	assert_string_equal(o.p, "a\\x1bb");
	out_reset(&o);
	view_cut(&o, "abcdef", 6, 1);
	assert_string_equal(o.p, "~");
	out_clear(&o);
}

static void
alert_lines_are_one_line_each(void **state)
{
	static const struct event_origin from = { "fw1", 4711, 3 };
	struct doc	 d;
	struct out	 o;
	struct buf	 b;
	size_t		 i;

	(void)state;
	buf_writer(&b, bytes, sizeof(bytes));
	rows_events(&b);
	doc_init(&d);
	assert_int_equal(doc_add(&d, bytes, b.len), 0);
	out_init(&o);
	for (i = 0; i < d.n; i = doc_end(&d, i))
		event_prefixed(&o, &d, i, EVENT_PLAIN, &from);
	for (i = 0; i < d.n; i = doc_end(&d, i))
		event_prefixed(&o, &d, i, EVENT_PRI, &from);
	for (i = 0; i < d.n; i = doc_end(&d, i))
		event_prefixed(&o, &d, i, EVENT_RFC5424, &from);
	assert_int_equal(golden_check("events.txt", o.p), 0);
	out_clear(&o);
	doc_clear(&d);
}

/* As every line of its log it has the facility that is configured. */
static void
a_restart_is_a_line_with_the_facility_of_the_log(void **state)
{
	static const struct event_origin from = { "fw1", 4711, 16 };
	struct out	 o;

	(void)state;
	out_init(&o);
	event_restarted(&o, 1000000, EVENT_PLAIN, &from);
	event_restarted(&o, 1000000, EVENT_PRI, &from);
	event_restarted(&o, 1000000, EVENT_RFC5424, &from);
	assert_string_equal(o.p,
	    "1970-01-01T00:00:01.000Z daemon restarted seq=1000000.0\n"
	    "<133>1970-01-01T00:00:01.000Z daemon restarted seq=1000000.0\n"
	    "<133>1 1970-01-01T00:00:01.000000Z fw1 netmond 4711 RESTARTED - "
	    "daemon restarted seq=1000000.0\n");
	out_clear(&o);
}

static void
rows_that_are_none_are_refused(void **state)
{
	struct buf	 b;
	struct doc	 d;
	size_t		 n, whole = 0;

	(void)state;
	buf_writer(&b, bytes, sizeof(bytes));
	rows_answer(&b, SHOW_HOST, false);
	for (n = 0; n <= b.len; n++) {
		doc_init(&d);
		if (doc_add(&d, bytes, n) == 0)
			whole++;	/* cut between two rows */
		doc_clear(&d);
	}
	doc_init(&d);
	assert_int_equal(doc_add(&d, bytes, b.len), 0);
	assert_int_equal(whole, d.n + 1);
	doc_clear(&d);
	/* A first row of level 1 belongs to nobody. */
	buf_writer(&b, bytes, sizeof(bytes));
	rows_put(&b, ROW_METHOD, 1, "GET|1|-");
	doc_init(&d);
	assert_int_equal(doc_add(&d, bytes, b.len), -1);
	doc_clear(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_subject_looks_as_agreed),
		cmocka_unit_test(nothing_to_see_is_explained),
		cmocka_unit_test(quic_stands_beside_tls),
		cmocka_unit_test(the_report_of_a_file_names_nobody_to_ask),
		cmocka_unit_test(a_narrow_terminal_drops_columns_in_order),
		cmocka_unit_test(the_past_is_told_on_a_small_screen),
		cmocka_unit_test(a_line_before_a_table_makes_no_blank_one),
		cmocka_unit_test(
		    nothing_passes_the_edge_or_steers_the_terminal),
		cmocka_unit_test(no_answer_is_wider_than_the_terminal),
		cmocka_unit_test(lines_fold_at_blanks),
		cmocka_unit_test(names_are_cut_in_the_middle),
		cmocka_unit_test(alert_lines_are_one_line_each),
		cmocka_unit_test(
		    a_restart_is_a_line_with_the_facility_of_the_log),
		cmocka_unit_test(rows_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
