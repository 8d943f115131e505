#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/compat.h"
#include "ui/fmt.h"

struct want {
	double		 v;
	const char	*text;
};

static void
check(const char *(*fn)(char *, double), const struct want *w, size_t n)
{
	char	 b[FMT_MAX];
	size_t	 i;

	for (i = 0; i < n; i++)
		assert_string_equal(fn(b, w[i].v), w[i].text);
}

static void
counts_are_plain_up_to_99999(void **state)
{
	static const struct want w[] = {
		{ 0, "0" }, { 1202, "1202" }, { 99999, "99999" },
		{ 100000, "100.0k" }, { 412310, "412.3k" },
		{ 999960, "1.0M" }, { 41231044, "41.2M" },
	};

	(void)state;
	check(fmt_count, w, nitems(w));
}

static void
rates_have_one_decimal(void **state)
{
	static const struct want w[] = {
		{ 0, "0" }, { 226.3, "226.3" }, { 999.94, "999.9" },
		{ 999.96, "1.0k" }, { 18900, "18.9k" }, { 2.5e6, "2.5M" },
	};

	(void)state;
	check(fmt_rate, w, nitems(w));
}

static void
bytes_are_binary(void **state)
{
	static const struct want w[] = {
		{ 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1.0 KiB" },
		{ 49357, "48.2 KiB" }, { 39950745, "38.1 MiB" },
		{ 1048570, "1.0 MiB" },
	};

	(void)state;
	check(fmt_bytes, w, nitems(w));
}

static void
seconds_choose_their_unit(void **state)
{
	static const struct want w[] = {
		{ 0, "-" }, { 0.0004, "400 us" }, { 0.000996, "996 us" },
		{ 0.001, "1.0 ms" }, { 0.071, "71.0 ms" },
		{ 0.0999, "99.9 ms" }, { 0.4102, "410 ms" },
		{ 0.9996, "1.00 s" }, { 1.2, "1.20 s" }, { 544, "9m4s" },
		{ 11520, "3h12m" }, { 274320, "3d 04:12" },
	};

	(void)state;
	check(fmt_seconds, w, nitems(w));
}

/* The upper ends of the buckets of response times: no two look the same. */
static void
ends_of_buckets_differ(void **state)
{
	char		 last[FMT_MAX] = "", b[FMT_MAX];
	unsigned	 octave, part;

	(void)state;
	for (octave = 4; octave < 27; octave++)
		for (part = 4; part < 8; part++) {
			fmt_seconds(b, (double)(part << (octave - 2)) / 1e6);
			assert_string_not_equal(b, last);
			memcpy(last, b, sizeof(last));
		}
}

static void
spans_keep_what_a_rule_says(void **state)
{
	static const struct want w[] = {
		{ 0, "0s" }, { 10, "10s" }, { 120, "120s" },
		{ 212, "3m32s" }, { 600, "600s" }, { 544, "9m4s" },
		{ 0.25, "250ms" },
	};

	(void)state;
	check(fmt_span, w, nitems(w));
}

static void
a_loss_never_rounds_to_all(void **state)
{
	static const struct want w[] = {
		{ 1, "100%" }, { 0.9999999, "99.99%" }, { 0.9998, "99.98%" },
		{ 0.5, "50.00%" }, { 0, "0.00%" }, { 0.0000001, "0.01%" },
	};

	(void)state;
	check(fmt_ratio, w, nitems(w));
}

static void
doubles_read_back_as_themselves(void **state)
{
	static const double	 v[] = { 0, 0.1, 1.0 / 3, 96100000.25, 1e300,
	    5e-324, 0.0041, 123456789012345678.0, -2.5 };
	char			 b[FMT_MAX], c[FMT_MAX];
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(v); i++)
		assert_true(strtod(fmt_double(b, v[i]), NULL) == v[i]);
	for (i = 0; i < 120; i++) {
		snprintf(c, sizeof(c), "%g", (double)i / 1e6);
		assert_string_equal(fmt_double(b, (double)i / 1e6), c);
	}
	assert_string_equal(fmt_double(b, 0.1), "0.1");
	assert_string_equal(fmt_double(b, 0.000286), "0.000286");
	assert_string_equal(fmt_double(b, 0.0001), "0.0001");
	assert_string_equal(fmt_double(b, 0.000015), "1.5e-05");
	assert_string_equal(fmt_double(b, 134.217728), "134.217728");
	assert_string_equal(fmt_double(b, 3999.999999), "3999.999999");
	assert_string_equal(fmt_double(b, 1.000001), "1.000001");
	assert_string_equal(fmt_double(b, 0.5), "0.5");
	assert_string_equal(fmt_double(b, 40), "40");
	assert_string_equal(fmt_u64(b, 0), "0");
	assert_string_equal(fmt_u64(b, UINT64_MAX), "18446744073709551615");
	assert_string_equal(fmt_double(b, 100), "100");
	assert_string_equal(fmt_double(b, 12345.678), "12345.678");
	assert_string_equal(fmt_double(b, 2582.0005982), "2582.0005982");
	assert_string_equal(fmt_double(b, 1.5e300), "1.5e+300");
	assert_string_equal(fmt_double(b, 1e6), "1000000");
	assert_string_equal(fmt_double(b, 1234567), "1234567");
	assert_string_equal(fmt_double(b, 2e14), "200000000000000");
	assert_string_equal(fmt_by_unit(b, "count", 5, 5e6), "5000000");
	assert_string_equal(fmt_short(b, 0), "0");
	assert_string_equal(fmt_short(b, 1e15), "1000000000000000");
	assert_string_equal(fmt_short(b, 0.0000015), "0.000002");
	assert_string_equal(fmt_short(b, 33.3333333333), "33.333");
	assert_string_equal(fmt_short(b, 99.9999), "100");
	assert_string_equal(fmt_short(b, -1.5), "-1.5");
	assert_string_equal(fmt_short(b, 1e300 * 1e300), "0");
}

static void
times_are_utc_over_leap_years(void **state)
{
	char	 b[FMT_MAX];

	(void)state;
	assert_string_equal(fmt_time(b, 0), "-");
	assert_string_equal(fmt_time(b, 1000000), "1970-01-01 00:00:01 UTC");
	assert_string_equal(fmt_iso(b, 951782400000001ull),
	    "2000-02-29T00:00:00.000001+0000");
	assert_string_equal(fmt_time(b, 4107542399000000ull),
	    "2100-02-28 23:59:59 UTC");
	assert_string_equal(fmt_time(b, 4107542400000000ull),
	    "2100-03-01 00:00:00 UTC");
	assert_string_equal(fmt_zulu(b, 1795113012123456ull, 3),
	    "2026-11-19T18:30:12.123Z");
	assert_string_equal(fmt_zulu(b, 1795113012123456ull, 6),
	    "2026-11-19T18:30:12.123456Z");
	assert_string_equal(row_clock(b, 1795113012123456ull), "18:30:12");
}

static void
a_vlan_that_is_none_is_a_dash(void **state)
{
	static const enum row_unit units[] = { ROW_UNIT_NONE, ROW_UNIT_COUNT };
	struct row_field	 f = { .key = "vlan" };
	struct row_value	 v = { .type = ROW_I64 };
	char			 b[FMT_MAX];
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(units); i++) {
		f.unit = units[i];
		v.i = -1;
		assert_string_equal(fmt_value(b, &f, &v), "-");
		v.i = 0;
		assert_string_equal(fmt_value(b, &f, &v), "0");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_plain_up_to_99999),
		cmocka_unit_test(a_vlan_that_is_none_is_a_dash),
		cmocka_unit_test(rates_have_one_decimal),
		cmocka_unit_test(bytes_are_binary),
		cmocka_unit_test(seconds_choose_their_unit),
		cmocka_unit_test(ends_of_buckets_differ),
		cmocka_unit_test(spans_keep_what_a_rule_says),
		cmocka_unit_test(a_loss_never_rounds_to_all),
		cmocka_unit_test(doubles_read_back_as_themselves),
		cmocka_unit_test(times_are_utc_over_leap_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
