#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "capture/addrs.h"

static struct addrs	 all;

static bool
there(const char *text, uint32_t index, uint32_t dump)
{
	struct ifwatch_addr	 a = { .index = index };

	assert_int_equal(addr_parse(text, &a.addr), 0);
	return addrs_update(&all, &a, dump);
}

static void
gone(const char *text, uint32_t index)
{
	struct ifwatch_addr	 a = { .index = index };

	assert_int_equal(addr_parse(text, &a.addr), 0);
	addrs_gone(&all, &a);
}

static bool
changed(void)
{
	bool	 was = all.changed;

	all.changed = false;
	return was;
}

static void
what_comes_and_goes_is_a_change_once(void **state)
{
	(void)state;
	memset(&all, 0, sizeof(all));
	assert_true(there("192.0.2.1", 2, 1));
	assert_true(changed());
	assert_true(there("192.0.2.1", 2, 1));	/* its lifetime, say */
	assert_false(changed());
	assert_true(there("192.0.2.1", 3, 1));	/* on another one, too */
	assert_true(there("2001:db8::1", 3, 1));
	assert_int_equal(all.n, 3);
	assert_true(changed());
	gone("192.0.2.9", 3);
	assert_false(changed());
	gone("192.0.2.1", 2);
	assert_true(changed());
	assert_int_equal(all.n, 2);
}

static void
nothing_is_translated_to_loopback_or_link_local(void **state)
{
	(void)state;
	memset(&all, 0, sizeof(all));
	assert_true(there("127.0.0.1", 1, 1));
	assert_true(there("127.1.2.3", 1, 1));
	assert_true(there("::1", 1, 1));
	assert_true(there("fe80::1", 2, 1));
	assert_true(there("febf::1", 2, 1));
	assert_int_equal(all.n, 0);
	assert_false(changed());
	assert_true(there("198.51.100.1", 1, 1));	/* on lo, but routed */
	assert_true(there("fec0::1", 2, 1));
	assert_true(there("::2", 2, 1));
	assert_int_equal(all.n, 3);
}

static void
what_a_dump_does_not_name_is_gone(void **state)
{
	(void)state;
	memset(&all, 0, sizeof(all));
	all.stale = true;
	there("192.0.2.1", 2, 1);
	there("192.0.2.2", 2, 1);
	there("192.0.2.3", 2, 1);
	addrs_sweep(&all, 1);
	assert_int_equal(all.n, 3);
	assert_false(all.stale);
	assert_true(changed());
	there("192.0.2.2", 2, 3);
	addrs_sweep(&all, 3);
	assert_int_equal(all.n, 1);
	assert_true(changed());
	addrs_sweep(&all, 3);
	assert_false(changed());
}

static void
too_many_are_refused_until_there_is_room(void **state)
{
	char		 text[ADDR_TEXT_MAX];
	unsigned	 i;

	(void)state;
	memset(&all, 0, sizeof(all));
	for (i = 0; i < MSG_LOCAL_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i >> 8, i & 255);
		assert_true(there(text, 2, 1));
	}
	assert_false(there("192.0.2.1", 2, 1));
	assert_true(there("10.0.0.1", 2, 1));
	addrs_sweep(&all, 1);
	assert_int_equal(all.n, MSG_LOCAL_MAX);
	assert_false(all.stale);
	gone("10.0.0.1", 2);
	assert_true(all.stale);		/* somebody has room now */
	addrs_sweep(&all, 1);
	gone("10.0.0.2", 2);
	assert_false(all.stale);	/* nobody else wanted it */
}

int
main(void)
{
	static const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(what_comes_and_goes_is_a_change_once),
		cmocka_unit_test(
		    nothing_is_translated_to_loopback_or_link_local),
		cmocka_unit_test(what_a_dump_does_not_name_is_gone),
		cmocka_unit_test(too_many_are_refused_until_there_is_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
