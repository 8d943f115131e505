#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/slab.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"

static void
entries_are_zeroed_and_on_line_borders(void **state)
{
	struct mem	 mem = { .limit = 1 << 20 };
	struct slab	 s;
	uint8_t		*p;
	unsigned	 i, k;

	(void)state;
	slab_init(&s, &mem, MEM_SKETCHES, 100);
	for (i = 0; i < 1000; i++) {
		p = slab_get(&s, UINT64_MAX);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % SLAB_LINE, 0);
		for (k = 0; k < 128; k++)
			assert_int_equal(p[k], 0);
		memset(p, 0xff, 128);
		if (i % 3 == 0)
			slab_put(&s, p);	/* comes again, zeroed */
	}
	assert_int_equal(mem.used, mem.pool[MEM_SKETCHES]);
	slab_clear(&s);
	assert_int_equal(mem.used, 0);
}

static void
what_is_given_back_costs_no_new_memory(void **state)
{
	struct mem	 mem = { .limit = 1 << 20 };
	struct slab	 s;
	uint64_t	 used;
	void		*p[64];
	unsigned	 i, round;

	(void)state;
	slab_init(&s, &mem, MEM_SKETCHES, 64);
	for (i = 0; i < 64; i++)
		p[i] = slab_get(&s, UINT64_MAX);
	used = mem.used;
	for (round = 0; round < 10; round++) {
		for (i = 0; i < 64; i++)
			slab_put(&s, p[i]);
		for (i = 0; i < 64; i++)
			assert_non_null(p[i] = slab_get(&s, UINT64_MAX));
	}
	assert_int_equal(mem.used, used);
	slab_clear(&s);
}

static void
the_limits_of_mem_and_pool_hold(void **state)
{
	struct mem	 mem = { .limit = 10000 };
	struct slab	 s;
	unsigned	 n;

	(void)state;
	slab_init(&s, &mem, MEM_SKETCHES, 128);
	for (n = 0; slab_get(&s, UINT64_MAX) != NULL; n++)
		assert_true(mem.used <= mem.limit);
	assert_in_range(n, 20, 10000 / 128);
	slab_clear(&s);
	slab_init(&s, &mem, MEM_SKETCHES, 128);
	for (n = 0; slab_get(&s, 2048) != NULL; n++)
		;
	assert_int_equal(n, (2048 - SLAB_LINE) / 128);
	assert_int_equal(mem.used, 2048);
	slab_clear(&s);
}

static void
tables_lie_on_the_borders_that_are_promised(void **state)
{
	static const size_t	 size[] = { 1, 100, MEM_LARGE - 1, MEM_LARGE,
				    MEM_LARGE + 512, 5 * MEM_LARGE + 1 };
	uint8_t			*p;
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(size); i++) {
		assert_non_null(p = mem_table(size[i]));
		assert_int_equal((uintptr_t)p %
		    (size[i] < MEM_LARGE ? SLAB_LINE : MEM_LARGE), 0);
		memset(p, 1, size[i]);
		free(p);
	}
	assert_null(mem_table(SIZE_MAX));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_zeroed_and_on_line_borders),
		cmocka_unit_test(what_is_given_back_costs_no_new_memory),
		cmocka_unit_test(the_limits_of_mem_and_pool_hold),
		cmocka_unit_test(tables_lie_on_the_borders_that_are_promised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
