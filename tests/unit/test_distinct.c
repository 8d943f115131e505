#include "analyzer/distinct.h"
#include "tests/lib/cmocka_first.h"

/* As keyed hashes are: all bits differ. (Steele, Lea and Flood, 2014) */
static uint64_t
mixed(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static void
each_is_new_once(void **state)
{
	struct mem		 mem = { .limit = 16 << 20 };
	struct sketch_kind	 k = { .mem = &mem, .limit = UINT64_MAX };
	struct distinct		 d;
	uint64_t		 i;

	(void)state;
	distinct_init(&d, &k);
	for (i = 0; i < 100000; i++)
		assert_true(distinct_add(&d, mixed(i)));
	for (i = 0; i < 100000; i++)
		assert_false(distinct_add(&d, mixed(i)));
	assert_int_equal(d.n, 100000);
	assert_int_equal(mem.used, mem.pool[MEM_SKETCHES]);
	assert_in_range(mem.used, 100000 * 12, 100000 * 24);
	distinct_clear(&d);
	assert_int_equal(mem.used, 0);
	assert_true(distinct_add(&d, mixed(7)));
	distinct_clear(&d);
}

/* 0 marks an empty slot and must be counted all the same. */
static void
hashes_that_agree_in_their_low_bits_differ(void **state)
{
	struct mem		 mem = { .limit = 1 << 20 };
	struct sketch_kind	 k = { .mem = &mem, .limit = UINT64_MAX };
	struct distinct		 d;
	uint64_t		 i;

	(void)state;
	distinct_init(&d, &k);
	for (i = 0; i < 1000; i++)
		assert_true(distinct_add(&d, i << 40));
	assert_false(distinct_add(&d, 0));
	assert_int_equal(d.n, 1000);
	distinct_clear(&d);
}

static void
fill(struct distinct *d, uint64_t n)
{
	uint64_t	 i;

	for (i = 0; i < n; i++)
		(void)distinct_add(d, mixed(i));
}

static void
limits_hold_and_are_counted(void **state)
{
	struct mem		 mem = { .limit = 1 << 20 };
	struct sketch_kind	 k = { .mem = &mem, .limit = 100000 };
	struct distinct		 d;
	uint64_t		 n;

	(void)state;
	distinct_init(&d, &k);
	fill(&d, 100000);
	assert_in_range(mem.used, 1, 100000);
	assert_true(d.n > 0 && d.n < 100000);
	assert_true(mem.refused[MEM_SKETCHES] > 0);
	n = d.n;
	assert_false(distinct_add(&d, mixed(0)));	/* still known */
	assert_int_equal(d.n, n);
	distinct_clear(&d);

	mem.limit = 10000;
	mem.refused[MEM_SKETCHES] = 0;
	k.limit = UINT64_MAX;
	fill(&d, 100000);
	assert_in_range(mem.used, 1, 10000);
	assert_true(mem.refused[MEM_SKETCHES] > 0);
	distinct_clear(&d);
	assert_int_equal(mem.used, 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(each_is_new_once),
		cmocka_unit_test(hashes_that_agree_in_their_low_bits_differ),
		cmocka_unit_test(limits_hold_and_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
