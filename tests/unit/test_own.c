/* The connections that mirror makes are known, as long as there is room. */
#include <stdlib.h>

#include "analyzer/own.h"
#include "tests/lib/cmocka_first.h"

#define SECOND	1000000ULL

static struct endpoint
end(uint8_t host, uint16_t port)
{
	const uint8_t	 b[4] = { 10, 0, 0, host };
	struct endpoint	 e = { .port = port };

	if (host != 0)
		addr_from4(&e.addr, b);
	return e;
}

static bool
has(const struct own *w, struct endpoint a, struct endpoint b, uint64_t us)
{
	const struct flow_key	 key = { .a = a, .b = b };

	return own_has(w, &key, us);
}

static void
one_is_known_until_its_last_packets(void **state)
{
	struct own		*w = own_new();
	const struct endpoint	 s = end(1, 4000), t = end(2, 80);

	(void)state;
	assert_non_null(w);
	assert_false(has(w, s, t, SECOND));
	assert_int_equal(own_begin(w, &s, &t), 0);
	assert_true(has(w, s, t, SECOND));
	assert_true(has(w, t, s, SECOND));
	assert_false(has(w, end(3, 4000), t, SECOND));
	own_end(w, &s, &t, 2 * SECOND);
	assert_true(has(w, s, t, 2 * SECOND + OWN_LINGER_US));
	assert_false(has(w, s, t, 2 * SECOND + OWN_LINGER_US + 1));
	assert_int_equal(own_begin(w, &s, &t), 0);
	assert_true(has(w, s, t, 60 * SECOND));
	own_end_all(w, 60 * SECOND);
	assert_false(has(w, s, t, 70 * SECOND));
	free(w);
}

static void
one_whose_address_is_not_known_is_any(void **state)
{
	struct own		*w = own_new();
	const struct endpoint	 s = end(0, 4000), t = end(2, 80);

	(void)state;
	assert_int_equal(own_begin(w, &s, &t), 0);
	assert_true(has(w, end(1, 4000), t, SECOND));
	assert_false(has(w, end(1, 4001), t, SECOND));
	free(w);
}

/* All have the same places. */
static void
one_that_has_ended_makes_room(void **state)
{
	struct own		*w = own_new();
	const struct endpoint	 t = end(200, 80);
	struct endpoint		 s;
	uint8_t			 i;

	(void)state;
	for (i = 1; i <= OWN_PROBE; i++) {
		s = end(i, 4000);
		assert_int_equal(own_begin(w, &s, &t), 0);
	}
	s = end(100, 4000);
	assert_int_equal(own_begin(w, &s, &t), -1);
	assert_false(has(w, s, t, SECOND));
	s = end(3, 4000);
	own_end(w, &s, &t, 2 * SECOND);
	s = end(5, 4000);
	own_end(w, &s, &t, SECOND);
	s = end(100, 4000);
	assert_int_equal(own_begin(w, &s, &t), 0);
	assert_true(has(w, s, t, 2 * SECOND));
	/* The place is that of the one that ended first. */
	assert_false(has(w, end(5, 4000), t, 2 * SECOND));
	assert_true(has(w, end(3, 4000), t, 2 * SECOND));
	free(w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(one_is_known_until_its_last_packets),
		cmocka_unit_test(one_whose_address_is_not_known_is_any),
		cmocka_unit_test(one_that_has_ended_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
