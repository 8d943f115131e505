#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/row.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

/* Writes a row of any kind out of its description. */
static void
put_any(struct buf *b, enum row_kind kind)
{
	const struct row_desc	*d = row_desc(kind);
	struct row_writer	 w;
	size_t			 i;

	row_begin(&w, b, kind, 1);
	for (i = 0; i < d->nfields; i++) {
		if (d->fields[i].type == ROW_U64)
			row_u64(&w, i);
		else if (d->fields[i].type == ROW_I64)
			row_i64(&w, -1);
		else if (d->fields[i].type == ROW_DOUBLE)
			row_double(&w, 0.5);
		else if (d->fields[i].type == ROW_BOOL)
			row_bool(&w, true);
		else
			row_str(&w, d->fields[i].key);
	}
	assert_int_equal(row_end(&w), 0);
}

static void
every_kind_round_trips_and_is_refused_when_cut(void **state)
{
	uint8_t		 mem[4096];
	struct buf	 b, r;
	struct row	 row;
	size_t		 k, n;

	(void)state;
	for (k = 0; k < ROW_KINDS; k++) {
		assert_non_null(row_desc((enum row_kind)k)->name);
		assert_true(row_desc((enum row_kind)k)->nfields <=
		    ROW_FIELDS_MAX);
		buf_writer(&b, mem, sizeof(mem));
		put_any(&b, (enum row_kind)k);
		buf_reader(&r, guard_copy(mem, b.len), b.len);
		assert_int_equal(row_get(&r, &row), 0);
		assert_int_equal(row.kind, k);
		assert_int_equal(row.level, 1);
		assert_int_equal(buf_end(&r), 0);
		for (n = 0; n < b.len; n++) {
			buf_reader(&r, guard_copy(mem, n), n);
			assert_int_equal(row_get(&r, &row), -1);
		}
	}
}

static void
keys_are_unique_in_a_kind(void **state)
{
	const struct row_desc	*d;
	size_t			 k, i;

	(void)state;
	for (k = 0; k < ROW_KINDS; k++) {
		d = row_desc((enum row_kind)k);
		for (i = 0; i < d->nfields; i++)
			assert_int_equal(row_index((enum row_kind)k,
			    d->fields[i].key), (int)i);
	}
}

static void
a_producer_that_leaves_the_table_adds_nothing(void **state)
{
	uint8_t			 mem[256];
	struct buf		 b;
	struct row_writer	 w;

	(void)state;
	buf_writer(&b, mem, sizeof(mem));
	row_begin(&w, &b, ROW_METHOD, 0);
	row_u64(&w, 1);			/* the table wants a text first */
	assert_int_equal(row_end(&w), -1);
	assert_int_equal(b.len, 0);
	row_begin(&w, &b, ROW_METHOD, 0);
	row_str(&w, "GET");		/* and two numbers after it */
	assert_int_equal(row_end(&w), -1);
	assert_int_equal(b.len, 0);
}

static void
a_row_that_does_not_fit_leaves_the_buffer_usable(void **state)
{
	uint8_t			 mem[40];
	struct buf		 b;
	struct row_writer	 w;

	(void)state;
	buf_writer(&b, mem, sizeof(mem));
	row_begin(&w, &b, ROW_REASON, 0);
	row_str(&w, "a reason that is much too long for the buffer");
	row_u64(&w, 1);
	assert_int_equal(row_end(&w), -1);
	row_begin(&w, &b, ROW_REASON, 0);
	row_str(&w, "short");
	row_u64(&w, 1);
	assert_int_equal(row_end(&w), 0);
}

static void
unknown_kinds_levels_and_numbers_are_refused(void **state)
{
	uint8_t		 mem[64];
	struct buf	 b, r;
	struct row	 row;
	double		 nan = 0.0;

	(void)state;
	buf_writer(&b, mem, sizeof(mem));
	buf_put_u8(&b, ROW_KINDS);
	buf_put_u8(&b, 0);
	buf_reader(&r, mem, b.len);
	assert_int_equal(row_get(&r, &row), -1);
	buf_writer(&b, mem, sizeof(mem));
	buf_put_u8(&b, ROW_BUCKET);
	buf_put_u8(&b, 0);
	nan = nan / nan;
	buf_put_double(&b, nan);
	buf_put_u64(&b, 1);
	buf_reader(&r, mem, b.len);
	assert_int_equal(row_get(&r, &row), -1);
}

static void
parts_in_percent_are_never_over_100(void **state)
{
	unsigned	 i;

	(void)state;
	for (i = 0; i <= 100; i++)
		assert_int_equal(row_percent(i / 100.0), i);
	for (i = 1; i < 1000; i++)
		assert_true(row_percent(i / 1000.0) +
		    row_percent((1000 - i) / 1000.0) <= 100);
	assert_int_equal(3 * row_percent(0.336), 99);
	assert_int_equal(row_percent(1.5), 100);
	assert_int_equal(row_percent(-1), 0);
}

static void
numbers_of_alerts_have_no_exponent(void **state)
{
	char	 s[ROW_NUMBER_MAX];

	(void)state;
	assert_string_equal(row_ratio(s, 0.019), "1.9%");
	assert_string_equal(row_ratio(s, 0.111111), "11.11%");
	assert_string_equal(row_ratio(s, 0), "0%");
	assert_string_equal(row_ratio(s, 1), "100%");
	assert_string_equal(row_ratio(s, 0.999999), "99.99%");
	assert_string_equal(row_ratio(s, 123.456), "12346%");
	assert_string_equal(row_ratio(s, 1000), "100000%");
	assert_string_equal(row_seconds(s, 0.8), "0.8s");
	assert_string_equal(row_seconds(s, 0.000019), "0.000019s");
	assert_string_equal(row_seconds(s, 0.0123456), "0.01235s");
	assert_string_equal(row_seconds(s, 0), "0s");
	assert_string_equal(row_seconds(s, 12345), "12345s");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    every_kind_round_trips_and_is_refused_when_cut),
		cmocka_unit_test(keys_are_unique_in_a_kind),
		cmocka_unit_test(numbers_of_alerts_have_no_exponent),
		cmocka_unit_test(a_producer_that_leaves_the_table_adds_nothing),
		cmocka_unit_test(
		    a_row_that_does_not_fit_leaves_the_buffer_usable),
		cmocka_unit_test(unknown_kinds_levels_and_numbers_are_refused),
		cmocka_unit_test(parts_in_percent_are_never_over_100),
	};

	return cmocka_run_group_tests_name("row", tests, NULL, NULL);
}
