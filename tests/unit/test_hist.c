#include <string.h>

#include "analyzer/hist.h"
#include "tests/lib/cmocka_first.h"

static void
every_time_lies_in_its_bucket(void **state)
{
	uint64_t	 us;
	unsigned	 b, last = 0;

	(void)state;
	for (us = 0; us < 400000000; us += 1 + us / 97) {
		b = hist_bucket(us);
		assert_in_range(b, 0, HIST_BUCKETS - 1);
		assert_true(us < hist_limit_us(b));
		assert_true(b == 0 || us >= hist_limit_us(b - 1));
		assert_true(b >= last);
		last = b;
	}
	assert_int_equal(last, HIST_BUCKETS - 1);
	assert_int_equal(hist_bucket(UINT64_MAX), HIST_BUCKETS - 1);
}

static void
buckets_are_at_most_a_quarter_wide(void **state)
{
	unsigned	 b;

	(void)state;
	for (b = 1; b < HIST_BUCKETS - 1; b++)
		assert_true(hist_limit_us(b) * 4 <= hist_limit_us(b - 1) * 5);
}

static void
a_quantile_is_near_the_true_one(void **state)
{
	uint64_t	 h[HIST_BUCKETS] = { 0 };
	uint64_t	 us, p;

	(void)state;
	assert_int_equal(hist_quantile_us(h, 0.5), 0);
	for (us = 1; us <= 100000; us++)
		h[hist_bucket(us)]++;
	assert_int_equal(hist_count(h), 100000);
	p = hist_quantile_us(h, 0.5);
	assert_in_range(p, 44000, 56000);
	p = hist_quantile_us(h, 0.95);
	assert_in_range(p, 85000, 105000);
}

static void
a_quantile_of_one_value_lies_in_its_bucket(void **state)
{
	uint64_t	 h[HIST_BUCKETS] = { 0 };
	unsigned	 b = hist_bucket(5000);

	(void)state;
	h[b] = 1;
	assert_in_range(hist_quantile_us(h, 0.01), hist_limit_us(b - 1),
	    hist_limit_us(b));
	assert_in_range(hist_quantile_us(h, 0.99), hist_limit_us(b - 1),
	    hist_limit_us(b));
}

/* Nearest the edges of its bucket a value is farthest from what is told. */
static void
a_quantile_is_off_by_less_than_a_quarter(void **state)
{
	uint64_t	 h[HIST_BUCKETS], us, p;
	unsigned	 b, i, q;

	(void)state;
	for (b = 0; b < HIST_BUCKETS - 2; b++)
		for (i = 0; i < 2; i++) {
			us = hist_limit_us(i == 0 ? b : b + 1) - i;
			memset(h, 0, sizeof(h));
			h[hist_bucket(us)] = 1000;
			for (q = 1; q < 100; q++) {
				p = hist_quantile_us(h, q / 100.0);
				assert_true(p * 4 < us * 5);
				assert_true(p * 5 > us * 4 - 5);
			}
		}
	assert_int_equal(hist_limit_us(HIST_BUCKETS - 2), 201326592);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(every_time_lies_in_its_bucket),
		cmocka_unit_test(buckets_are_at_most_a_quarter_wide),
		cmocka_unit_test(a_quantile_is_near_the_true_one),
		cmocka_unit_test(a_quantile_is_off_by_less_than_a_quarter),
		cmocka_unit_test(a_quantile_of_one_value_lies_in_its_bucket),
	};

	return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}
