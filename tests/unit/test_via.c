/* Who asked through a proxy: found until it is over, bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/via.h"

static struct addr
number(uint32_t n)
{
	struct addr	 a = { { 0 } };

	memcpy(a.b, &n, sizeof(n));
	return a;
}

static void
put(struct via *t, struct mem *mem, uint64_t flow, uint64_t id, uint32_t n,
    bool kept)
{
	struct addr	 a = number(n);

	assert_int_equal(via_put(t, mem, flow, id, &a), kept);
}

static bool
finds(const struct via *t, uint64_t flow, uint64_t id, uint32_t n)
{
	const struct addr	*a = via_find(t, flow, id);
	struct addr		 want = number(n);

	return a != NULL && memcmp(a, &want, sizeof(want)) == 0;
}

static void
each_open_request_has_its_client(void **state)
{
	struct via	 t = { 0 };
	struct mem	 mem = { .limit = 1 << 28 };
	uint64_t	 flow, id;

	(void)state;
	assert_null(via_find(&t, 1, 1));
	via_drop(&t, 1, 1);
	for (flow = 1; flow <= 20; flow++)
		for (id = 1; id <= 20; id++)
			put(&t, &mem, flow, id, (uint32_t)(flow * 100 + id),
			    true);
	for (flow = 1; flow <= 20; flow++)
		for (id = 1; id <= 20; id++)
			assert_true(finds(&t, flow, id,
			    (uint32_t)(flow * 100 + id)));
	for (id = 1; id <= 20; id += 2)
		via_drop(&t, 7, id);
	for (id = 1; id <= 20; id++)
		assert_int_equal(finds(&t, 7, id, (uint32_t)(700 + id)),
		    id % 2 == 0);
	assert_null(via_find(&t, 7, 0));
	free(t.v);
}

/* 1 MB holds 128 sets: what is over makes room for what comes. */
static void
the_oldest_of_a_place_makes_room(void **state)
{
	struct via	 t = { 0 };
	struct mem	 mem = { .limit = 1 << 20 };
	uint64_t	 id, step;

	(void)state;
	put(&t, &mem, 1, 1, 1, true);
	step = t.sets;
	assert_int_equal(step, 128);
	assert_int_equal(mem.used, step * 4 * sizeof(*t.v));
	for (id = 1; id < 4; id++)
		put(&t, &mem, 1, 1 + id * step, (uint32_t)id + 1, true);
	put(&t, &mem, 1, 1 + 4 * step, 5, false);
	assert_null(via_find(&t, 1, 1));
	for (id = 1; id <= 4; id++)
		assert_true(finds(&t, 1, 1 + id * step, (uint32_t)id + 1));
	via_drop(&t, 1, 1 + 2 * step);
	put(&t, &mem, 1, 1 + 5 * step, 6, true);
	assert_true(finds(&t, 1, 1 + step, 2));
	free(t.v);
}

static void
without_memory_nobody_is_known(void **state)
{
	struct via	 t = { 0 };
	struct mem	 mem = { .limit = 4096 };

	(void)state;
	put(&t, &mem, 1, 1, 1, false);
	assert_null(via_find(&t, 1, 1));
	mem.limit = 1 << 20;
	mem.used = mem.limit;
	t.made = false;
	put(&t, &mem, 1, 1, 1, false);
	put(&t, &mem, 1, 2, 1, false);
	assert_int_equal(mem.refused[MEM_SESSIONS], 1);
	assert_null(t.v);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(each_open_request_has_its_client),
		cmocka_unit_test(the_oldest_of_a_place_makes_room),
		cmocka_unit_test(without_memory_nobody_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
