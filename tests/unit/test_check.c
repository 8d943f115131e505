#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/rows.h"
#include "ui/check.h"

static uint8_t		 bytes[65536];

/* rule|id|state|metric|key|value|limit|op|span|since|for|peak|complete|
   severity|fired|other|unit|reason|of usual */
static enum check_status
judge(const char *row1, const char *row2, struct out *o)
{
	struct doc		 d;
	struct buf		 b;
	enum check_status	 s;

	buf_writer(&b, bytes, sizeof(bytes));
	rows_put(&b, ROW_ALERT, 0, row1);
	if (row2 != NULL)
		rows_put(&b, ROW_ALERT, 0, row2);
	doc_init(&d);
	assert_int_equal(doc_add(&d, bytes, b.len), 0);
	out_init(o);
	s = check_judge(o, &d, "web");
	doc_clear(&d);
	return s;
}

static void
a_quiet_rule_is_ok(void **state)
{
	struct out	 o;

	(void)state;
	assert_int_equal(judge("web|-|ok|5xx|-|0.019|0.05|>|60|-|-|-|0.9998|"
	    "error|-|-|ratio", NULL, &o), CHECK_OK);
	assert_string_equal(o.p, "OK web 1.9% (limit 5%) complete=99.98% | "
	    "ratio=1.9%;;5;0;100\n");
	out_clear(&o);
}

static void
what_is_usual_may_be_no_limit_yet(void **state)
{
	struct out	 o;

	(void)state;
	assert_int_equal(judge("web|-|ok|requests|-|50|0|>|300|-|-|-|1|"
	    "error|-|-|count|not known yet|3", NULL, &o), CHECK_OK);
	assert_string_equal(o.p, "OK web 50 (limit -) complete=100%: "
	    "not known yet | value=50;;;0;\n");
	out_clear(&o);
	judge("web|-|ok|requests|-|50|90|>|300|-|-|-|1|error|-|-|count||3",
	    NULL, &o);
	assert_string_equal(o.p, "OK web 50 (limit 90) complete=100% | "
	    "value=50;;90;0;\n");
	out_clear(&o);
}

static void
performance_data_is_short_and_has_no_exponent(void **state)
{
	struct out	 o;

	(void)state;
	judge("web|-|ok|5xx|-|0.33333333333333331|0.05|>|60|-|-|-|1|error|-|-|"
	    "ratio", NULL, &o);
	assert_non_null(strstr(o.p, " | ratio=33.333%;;5;0;100\n"));
	out_clear(&o);
	judge("web|-|ok|bytes|-|123456789012345678|1e7|>|60|-|-|-|1|error|-|-|"
	    "bytes", NULL, &o);
	assert_non_null(strstr(o.p, "=123456789012345680B;;10000000;0;\n"));
	out_clear(&o);
	judge("web|-|ok|response-time|-|1.2345678e-05|0.3|>|60|-|-|-|1|error|-"
	    "|-|seconds", NULL, &o);
	assert_non_null(strstr(o.p, "=0.000012s;;0.3;0;\n"));
	out_clear(&o);
}

static void
a_firing_rule_is_as_bad_as_its_severity(void **state)
{
	struct out	 o;

	(void)state;
	assert_int_equal(judge("web|1-1|firing|messages|-|8000|7000|>=|120|-|"
	    "-|-|1|error|1|-|count", NULL, &o), CHECK_CRITICAL);
	assert_string_equal(o.p, "CRITICAL web 8000 (limit 7000) "
	    "complete=100% | value=8000;;7000;0;\n");
	out_clear(&o);
	assert_int_equal(judge("web|1-1|clearing|messages|-|6500|7000|>=|120|"
	    "-|-|-|1|warning|1|-|count", NULL, &o), CHECK_WARNING);
	assert_string_equal(o.p, "WARNING web 6500 (limit 7000) "
	    "complete=100% | value=6500;7000;;0;\n");
	out_clear(&o);
}

static void
the_limit_of_a_rule_that_fires_below_is_a_range(void **state)
{
	struct out	 o;

	(void)state;
	assert_int_equal(judge("web|-|ok|completeness|-|0.99|0.95|<|60|-|-|-|"
	    "1|warning|-|-|ratio", NULL, &o), CHECK_OK);
	assert_string_equal(o.p, "OK web 99% (limit 95%) complete=100% | "
	    "ratio=99%;95:;;0;100\n");
	out_clear(&o);
}

static void
the_worst_key_is_reported(void **state)
{
	struct out	 o;

	(void)state;
	assert_int_equal(judge("web|-|unknown|5xx|a|0.5|0.05|>|60|-|-|-|1|"
	    "error|-|-|ratio", "web|1-2|firing|5xx|b\033,|0.06|0.05|>|60|-|-|-|"
	    "1|error|1|-|ratio", &o), CHECK_CRITICAL);
	assert_non_null(strstr(o.p, "worst=b\\x1b\\x2c "));
	out_clear(&o);
	assert_int_equal(judge("web|-|ok|p|a|3|5|<|60|-|-|-|1|error|-|-|count",
	    "web|-|ok|p|b|9|5|<|60|-|-|-|1|error|-|-|count", &o), CHECK_OK);
	assert_non_null(strstr(o.p, "worst=a "));
	out_clear(&o);
}

static void
blind_or_missing_is_unknown(void **state)
{
	struct out	 o;

	(void)state;
	assert_int_equal(judge("web|-|unknown|5xx|-|0|0.05|>|60|-|-|-|0.5|"
	    "error|-|-|ratio", NULL, &o), CHECK_UNKNOWN);
	out_clear(&o);
	assert_int_equal(judge("web|-|unknown|5xx|-|0|0.05|>|60|-|-|-|1|"
	    "error|-|-|ratio|no interface is up", NULL, &o), CHECK_UNKNOWN);
	assert_string_equal(o.p, "UNKNOWN web 0% (limit 5%) complete=100%: "
	    "no interface is up | ratio=0%;;5;0;100\n");
	out_clear(&o);
	assert_int_equal(judge("other|-|ok|5xx|-|0|0.05|>|60|-|-|-|1|error|-|"
	    "-|ratio", NULL, &o), CHECK_UNKNOWN);
	assert_string_equal(o.p, "UNKNOWN web: no such rule\n");
	out_clear(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quiet_rule_is_ok),
		cmocka_unit_test(what_is_usual_may_be_no_limit_yet),
		cmocka_unit_test(performance_data_is_short_and_has_no_exponent),
		cmocka_unit_test(a_firing_rule_is_as_bad_as_its_severity),
		cmocka_unit_test(
		    the_limit_of_a_rule_that_fires_below_is_a_range),
		cmocka_unit_test(the_worst_key_is_reported),
		cmocka_unit_test(blind_or_missing_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
