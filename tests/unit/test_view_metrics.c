#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/lib/golden.h"
#include "tests/lib/rows.h"
#include "ui/view.h"

static uint8_t		 bytes[65536];

static void
draw(struct out *o, enum metrics_dialect dialect)
{
	struct doc	 d;
	struct buf	 b;

	buf_writer(&b, bytes, sizeof(bytes));
	rows_answer(&b, SHOW_METRICS, false);
	doc_init(&d);
	assert_int_equal(doc_add(&d, bytes, b.len), 0);
	out_init(o);
	view_metrics(o, &d, dialect, 0.004);
	doc_clear(&d);
}

static void
both_dialects_are_as_agreed(void **state)
{
	struct out	 o;

	(void)state;
	draw(&o, METRICS_OPENMETRICS);
	assert_int_equal(golden_check("metrics.openmetrics", o.p), 0);
	out_clear(&o);
	draw(&o, METRICS_PROMETHEUS);
	assert_int_equal(golden_check("metrics.prometheus", o.p), 0);
	out_clear(&o);
}

static void
openmetrics_ends_with_eof_and_prometheus_has_none(void **state)
{
	struct out	 o;

	(void)state;
	draw(&o, METRICS_OPENMETRICS);
	assert_string_equal(o.p + o.len - 6, "# EOF\n");
	out_clear(&o);
	draw(&o, METRICS_PROMETHEUS);
	assert_null(strstr(o.p, "# EOF"));
	assert_null(strstr(o.p, "# UNIT"));
	assert_null(strstr(o.p, "stateset"));
	out_clear(&o);
}

/* A family is named once, or a reader refuses the whole text. */
static void
no_family_is_declared_twice(void **state)
{
	struct out	 o;
	char		 name[256];
	const char	*p;
	size_t		 n;

	(void)state;
	draw(&o, METRICS_OPENMETRICS);
	for (p = o.p; (p = strstr(p, "# TYPE ")) != NULL; p += 7) {
		n = 7 + strcspn(p + 7, " ") + 1;
		assert_true(n < sizeof(name));
		memcpy(name, p, n);
		name[n] = '\0';
		assert_null(strstr(p + n, name));
	}
	out_clear(&o);
}

static void
buckets_add_up(void **state)
{
	struct out	 o;

	(void)state;
	draw(&o, METRICS_OPENMETRICS);
	assert_non_null(strstr(o.p, "_bucket{le=\"0.005\"} 500110\n"));
	assert_non_null(strstr(o.p, "_bucket{le=\"1.0\"} 790220\n"));
	assert_non_null(strstr(o.p, "_bucket{le=\"+Inf\"} 810001\n"));
	assert_non_null(strstr(o.p, "_count 810001\n"));
	out_clear(&o);
}

static void
a_rule_is_as_bad_as_its_worst_key(void **state)
{
	struct out	 o;

	(void)state;
	draw(&o, METRICS_PROMETHEUS);
	assert_non_null(strstr(o.p,
	    "{rule=\"web-errors\",state=\"unknown\"} 1\n"));
	assert_non_null(strstr(o.p,
	    "{rule=\"web-errors\",state=\"ok\"} 0\n"));
	assert_non_null(strstr(o.p,
	    "netmond_alerts_total{rule=\"high-traffic\",event=\"fired\"} 7"));
	assert_non_null(strstr(o.p,	/* of the rule, not of each key */
	    "netmond_alerts_total{rule=\"web-errors\",event=\"fired\"} 2"));
	out_clear(&o);
}

static void
promtool_accepts_the_text(void **state)
{
	struct out	 o;
	FILE		*f;
	int		 status;

	(void)state;
	if (WEXITSTATUS(system("command -v promtool > /dev/null 2>&1")) != 0)
		skip();
	draw(&o, METRICS_PROMETHEUS);
	assert_non_null(f = popen("promtool check metrics", "w"));
	assert_int_equal(fwrite(o.p, 1, o.len, f), o.len);
	status = pclose(f);
	assert_int_equal(WEXITSTATUS(status), 0);
	out_clear(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_dialects_are_as_agreed),
		cmocka_unit_test(
		    openmetrics_ends_with_eof_and_prometheus_has_none),
		cmocka_unit_test(no_family_is_declared_twice),
		cmocka_unit_test(buckets_add_up),
		cmocka_unit_test(a_rule_is_as_bad_as_its_worst_key),
		cmocka_unit_test(promtool_accepts_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
