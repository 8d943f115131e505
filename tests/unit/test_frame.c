#include <string.h>

#include "sandbox/frame.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

static size_t
make(uint8_t *p, size_t body)
{
	struct frame	 f;

	memset(&f, 0, sizeof(f));
	f.type = 0x0202;
	f.flags = FRAME_MORE;
	f.request = 7;
	f.generation = 3;
	frame_put_header(p, &f, body);
	return FRAME_HDR + body;
}

static void
a_header_round_trips(void **state)
{
	uint8_t		 p[FRAME_HDR + 5] = { 0 };
	struct frame	 f;
	size_t		 n;

	(void)state;
	n = make(p, 5);
	assert_int_equal(frame_get(&f, guard_copy(p, n), n), 0);
	assert_int_equal(f.type, 0x0202);
	assert_int_equal(f.flags, FRAME_MORE);
	assert_int_equal(f.request, 7);
	assert_int_equal(f.generation, 3);
	assert_int_equal(f.fd, -1);
	assert_int_equal(buf_left(&f.body), 5);
}

static void
every_wrong_length_is_refused(void **state)
{
	uint8_t		 p[FRAME_HDR + 5] = { 0 };
	struct frame	 f;
	size_t		 n;

	(void)state;
	make(p, 5);
	for (n = 0; n < sizeof(p); n++)
		assert_int_equal(frame_get(&f, guard_copy(p, n), n), -1);
	make(p, 4);
	assert_int_equal(frame_get(&f, p, sizeof(p)), -1);
}

static void
the_largest_frame_is_taken_and_one_more_is_not(void **state)
{
	static uint8_t	 p[FRAME_MAX + 1];
	struct frame	 f;

	(void)state;
	make(p, FRAME_BODY_MAX);
	assert_int_equal(frame_get(&f, p, FRAME_MAX), 0);
	make(p, FRAME_BODY_MAX + 1);
	assert_int_equal(frame_get(&f, p, FRAME_MAX + 1), -1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_header_round_trips),
		cmocka_unit_test(every_wrong_length_is_refused),
		cmocka_unit_test(
		    the_largest_frame_is_taken_and_one_more_is_not),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
