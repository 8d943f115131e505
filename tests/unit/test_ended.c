/* The connections that ended last keep what was said on them. */
#include <stdlib.h>

#include "analyzer/ended.h"
#include "tests/lib/cmocka_first.h"

static void
the_last_ones_are_known(void **state)
{
	struct ended_ring	 r;
	struct mem		 m = { .limit = 64 << 20 };
	struct ended		*e;
	uint64_t		 id;

	(void)state;
	ended_init(&r, &m);
	assert_int_equal(r.n, ENDED_MAX);
	assert_int_equal(m.used, ENDED_MAX * sizeof(struct ended));
	assert_null(ended_find(&r, 1));
	for (id = 1; id <= ENDED_MAX + 1; id++) {
		assert_non_null(e = ended_put(&r, id));
		e->requests = (uint32_t)id;
	}
	assert_null(ended_find(&r, 1));
	for (id = 2; id <= ENDED_MAX + 1; id++)
		assert_int_equal(ended_find(&r, id)->requests, id);
	free(r.v);
}

static void
little_memory_holds_fewer_and_none_nothing(void **state)
{
	struct ended_ring	 r;
	struct mem		 m = { .limit = 1 << 20 };

	(void)state;
	ended_init(&r, &m);
	assert_in_range(r.n, 1, ENDED_MAX - 1);
	assert_true(m.used <= m.limit / ENDED_SHARE);
	free(r.v);
	m.used = m.limit;
	ended_init(&r, &m);
	assert_null(ended_put(&r, 7));
	assert_null(ended_find(&r, 7));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_last_ones_are_known),
		cmocka_unit_test(little_memory_holds_fewer_and_none_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
