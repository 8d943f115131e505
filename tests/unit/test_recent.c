#include <stdio.h>
#include <string.h>

#include "analyzer/recent.h"
#include "tests/lib/cmocka_first.h"

static void
put(struct recent *r, unsigned i, size_t uri)
{
	static uint8_t	 text[2048];
	struct recent_tx t;

	memset(&t, 0, sizeof(t));
	memset(text, 'a' + i % 26, sizeof(text));
	t.ts_us = i;
	t.status = 200;
	t.uri.p = text;
	t.uri.n = uri;
	recent_put(r, &t);
}

static void
the_last_ones_are_kept_in_order(void **state)
{
	uint8_t		 scratch[RECENT_MAX];
	struct recent_tx t;
	struct recent	 r;
	struct mem	 mem = { .limit = 100000 };
	size_t		 cursor = 0;
	uint64_t	 n = 0, last = 0;
	unsigned	 i;

	(void)state;
	recent_init(&r, &mem, 20000);
	for (i = 1; i <= 1000; i++)
		put(&r, i, i % 977);
	while (recent_next(&r, &cursor, scratch, &t)) {
		assert_true(last == 0 || t.ts_us == last + 1);
		assert_int_equal(t.uri.n, t.ts_us % 977);
		assert_true(t.uri.n == 0 ||
		    t.uri.p[t.uri.n - 1] == 'a' + t.ts_us % 26);
		last = t.ts_us;
		n++;
	}
	assert_int_equal(last, 1000);
	assert_int_equal(n, r.n);
	assert_int_equal(n + r.dropped, 1000);
	assert_true(r.used <= 20000);
	recent_clear(&r);
	assert_int_equal(mem.used, 0);
}

static void
without_room_nothing_is_kept(void **state)
{
	uint8_t		 scratch[RECENT_MAX];
	struct recent_tx t;
	struct recent	 r;
	struct mem	 mem = { .limit = 100 };
	size_t		 cursor = 0;

	(void)state;
	recent_init(&r, &mem, 20000);
	put(&r, 1, 10);
	assert_false(recent_next(&r, &cursor, scratch, &t));
	recent_init(&r, &mem, 0);
	put(&r, 1, 10);
	assert_false(recent_next(&r, &cursor, scratch, &t));
	assert_int_equal(mem.used, 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_last_ones_are_kept_in_order),
		cmocka_unit_test(without_room_nothing_is_kept),
	};

	return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
