#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "ui/goreplay.h"

static struct bytes	 in, out;
static struct asked_list list;

/* Of a chunk with this number, as the program would say it. */
static void
line_of(uint64_t seq, const char *data)
{
	struct hookmsg_chunk	 c = { .seq = seq, .ts_ns = 5, .dir = 1,
	    .data = (const uint8_t *)data, .len = strlen(data) };

	assert_int_equal(asked_add(&list, seq, 0), 0);
	assert_int_equal(goreplay_put(&out, &c), 0);
}

static void
clear(void)
{
	while (asked_first(&list) != NULL)
		asked_drop_first(&list);
	in.len = out.len = 0;
}

static void
a_chunk_is_a_line_of_hex(void **state)
{
	static const char	 want[] =
	    "3120303030303030303030303030303030303030303061626364203520300a"
	    "4745540a\n";

	(void)state;
	clear();
	line_of(0xabcd, "GET\n");
	assert_int_equal(out.len, sizeof(want) - 1);
	assert_memory_equal(out.p, want, out.len);
}

static void
answers_find_their_chunk_in_any_order(void **state)
{
	static const char *const	 text[] = { "one", "two", "six" };
	struct asked			*a;
	size_t				 i, at;

	(void)state;
	clear();
	for (i = 0; i < nitems(text); i++)
		line_of(i + 1, text[i]);
	/* The last one first. */
	for (i = 0, at = 0; i < 2; at++)
		i += out.p[at] == '\n';
	assert_int_equal(bytes_add(&in, out.p + at, out.len - at), 0);
	assert_int_equal(bytes_add(&in, out.p, at), 0);
	assert_int_equal(goreplay_take(&in, &list), 0);
	for (i = 0; i < nitems(text); i++) {
		a = asked_first(&list);
		assert_non_null(a);
		assert_true(a->answered);
		assert_int_equal(a->seq, i + 1);
		assert_memory_equal(a->data, text[i], 3);
		asked_drop_first(&list);
	}
	assert_null(asked_first(&list));
}

static void
other_lines_are_counted(void **state)
{
	static const char	 text[] = "hello\n\nabc\n00\n"
	    "312039393939392031203078\n3120\r\n";

	(void)state;
	clear();
	line_of(1, "x");
	assert_int_equal(bytes_add(&in, text, sizeof(text) - 1), 0);
	assert_int_equal(bytes_add(&in, "3120", 4), 0);
	assert_int_equal(goreplay_take(&in, &list), 6);
	assert_int_equal(in.len, 4);
	assert_false(asked_first(&list)->answered);
}

/* Cut to nothing it would be a message that the program has dropped. */
static void
an_answer_that_is_too_long_is_broken(void **state)
{
	static uint8_t	 long_one[HOOKMSG_ANSWER_MAX + 1];

	(void)state;
	assert_int_equal(asked_add(&list, 1, 0), 0);
	assert_int_equal(asked_add(&list, 2, 0), 0);
	asked_answer(asked_find(&list, 1), long_one, HOOKMSG_ANSWER_MAX);
	asked_answer(asked_find(&list, 2), long_one, HOOKMSG_ANSWER_MAX + 1);
	assert_false(asked_find(&list, 1)->broken);
	assert_true(asked_find(&list, 2)->answered);
	assert_true(asked_find(&list, 2)->broken);
	clear();
}

/* Open ones keep their order while the list grows and is used up. */
static void
the_list_is_a_queue(void **state)
{
	uint64_t	 put, got;

	(void)state;
	clear();
	for (put = 0, got = 0; put < 5000; put++) {
		assert_int_equal(asked_add(&list, put, 0), 0);
		if (put % 3 == 0)
			continue;
		assert_int_equal(asked_first(&list)->seq, got++);
		asked_drop_first(&list);
		assert_int_equal(asked_find(&list, put)->seq, put);
		assert_null(asked_find(&list, got - 1));
	}
	assert_int_equal(list.n, put - got);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_chunk_is_a_line_of_hex),
		cmocka_unit_test(answers_find_their_chunk_in_any_order),
		cmocka_unit_test(other_lines_are_counted),
		cmocka_unit_test(an_answer_that_is_too_long_is_broken),
		cmocka_unit_test(the_list_is_a_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
