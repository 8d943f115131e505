#include "sandbox/log.h"
#include "tests/lib/cmocka_first.h"

#define S	1000000ULL

/* Fails once a second from from_s to to_s; the lines that were said. */
static int
failing(struct log_trouble *t, unsigned from_s, unsigned to_s)
{
	unsigned	 s;
	int		 said = 0;

	for (s = from_s; s < to_s; s++)
		said += log_trouble(t, s * S);
	return said;
}

static void
a_failure_that_lasts_is_said_ever_less(void **state)
{
	struct log_trouble	 t = { 0 };

	(void)state;
	assert_true(log_trouble(&t, 1 * S));
	assert_int_equal(failing(&t, 2, 11), 0);
	assert_true(log_trouble(&t, 11 * S));
	assert_int_equal(failing(&t, 12, 31), 0);
	assert_true(log_trouble(&t, 31 * S));
	/* A night of it: 70 s, 150 s, 310 s, 630 s, then each 10 minutes. */
	assert_int_equal(failing(&t, 32, 8 * 3600), 4 + (8 * 3600 - 632) / 600);
	assert_true(log_trouble_over(&t, 8 * 3600 * S));
	assert_false(log_trouble_over(&t, 8 * 3600 * S));
}

/* A target that answers every other second, for an hour. */
static void
what_comes_and_goes_has_pairs_of_lines(void **state)
{
	struct log_trouble	 t = { 0 };
	int			 failed = 0, over = 0;
	unsigned		 s;

	(void)state;
	for (s = 1; s < 3600; s += 2) {
		failed += log_trouble(&t, s * S);
		over += log_trouble_over(&t, (s + 1) * S);
		assert_int_equal(failed, over);
	}
	assert_int_equal(failed, 11);
}

static void
after_a_long_quiet_it_is_news(void **state)
{
	struct log_trouble	 t = { 0 };

	(void)state;
	assert_int_equal(failing(&t, 1, 200), 5);
	assert_true(log_trouble_over(&t, 200 * S));
	/* The last wait was 160 s. */
	assert_false(log_trouble(&t, 300 * S));
	assert_false(log_trouble_over(&t, 301 * S));
	assert_true(log_trouble(&t, 461 * S));
	assert_true(log_trouble_over(&t, 462 * S));
	assert_false(log_trouble(&t, 463 * S));
	assert_true(log_trouble(&t, 471 * S));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_failure_that_lasts_is_said_ever_less),
		cmocka_unit_test(what_comes_and_goes_has_pairs_of_lines),
		cmocka_unit_test(after_a_long_quiet_it_is_news),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
