#include <string.h>

#include "sandbox/buf.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

static void
what_is_put_is_got(void **state)
{
	uint8_t		 mem[128];
	char		 s[16];
	struct buf	 w, r;
	size_t		 n;

	(void)state;
	buf_writer(&w, mem, sizeof(mem));
	buf_put_u8(&w, 1);
	buf_put_u16(&w, 0x1234);
	buf_put_u32(&w, 0xdeadbeef);
	buf_put_u64(&w, 1ULL << 63);
	buf_put_double(&w, 0.25);
	buf_put_str(&w, "name");
	buf_put_bytes(&w, "\0x", 2);
	assert_false(w.err);
	buf_reader(&r, guard_copy(mem, w.len), w.len);
	assert_int_equal(buf_get_u8(&r), 1);
	assert_int_equal(buf_get_u16(&r), 0x1234);
	assert_int_equal(buf_get_u32(&r), 0xdeadbeef);
	assert_true(buf_get_u64(&r) == 1ULL << 63);
	assert_true(buf_get_double(&r) == 0.25);
	buf_get_str(&r, s, sizeof(s));
	assert_string_equal(s, "name");
	assert_memory_equal(buf_get_bytes(&r, &n), "\0x", 2);
	assert_int_equal(n, 2);
	assert_int_equal(buf_end(&r), 0);
}

static void
a_short_read_is_sticky_and_zero(void **state)
{
	static const uint8_t	 two[2] = { 1, 1 };
	struct buf		 r;

	(void)state;
	buf_reader(&r, guard_copy(two, 2), 2);
	assert_int_equal(buf_get_u32(&r), 0);
	assert_true(r.err);
	assert_int_equal(buf_get_u8(&r), 0);
	assert_int_equal(buf_left(&r), 0);
	assert_int_equal(buf_end(&r), -1);
}

static void
the_last_byte_fits_and_the_next_does_not(void **state)
{
	uint8_t		 mem[4];
	struct buf	 w;

	(void)state;
	buf_writer(&w, mem, sizeof(mem));
	buf_put_u32(&w, 7);
	assert_false(w.err);
	assert_int_equal(buf_room(&w), 0);
	buf_put_u8(&w, 7);
	assert_true(w.err);
	assert_int_equal(w.len, 4);
}

static void
a_text_that_does_not_fit_is_refused_whole(void **state)
{
	uint8_t		 mem[64];
	char		 s[4];
	struct buf	 w, r;

	(void)state;
	buf_writer(&w, mem, sizeof(mem));
	buf_put_str(&w, "abcd");
	buf_reader(&r, mem, w.len);
	buf_get_str(&r, s, sizeof(s));
	assert_true(r.err);
	assert_string_equal(s, "");
	buf_writer(&w, mem, sizeof(mem));
	buf_put_bytes(&w, "a\0b", 3);
	buf_reader(&r, mem, w.len);
	buf_get_str(&r, s, sizeof(s));
	assert_true(r.err);
}

static void
a_length_that_lies_is_caught(void **state)
{
	uint8_t		 mem[8];
	struct buf	 w, r;
	size_t		 n;

	(void)state;
	buf_writer(&w, mem, sizeof(mem));
	buf_put_u32(&w, 0xffffffff);
	buf_put_u32(&w, 0);
	buf_reader(&r, guard_copy(mem, 8), 8);
	assert_null(buf_get_bytes(&r, &n));
	assert_int_equal(n, 0);
	assert_true(r.err);
}

static void
set_u32_changes_only_what_was_written(void **state)
{
	uint8_t		 mem[8];
	struct buf	 w, r;

	(void)state;
	buf_writer(&w, mem, sizeof(mem));
	buf_put_u32(&w, 1);
	buf_set_u32(&w, 0, 9);
	assert_false(w.err);
	buf_reader(&r, mem, w.len);
	assert_int_equal(buf_get_u32(&r), 9);
	buf_set_u32(&w, 1, 9);
	assert_true(w.err);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(what_is_put_is_got),
		cmocka_unit_test(a_short_read_is_sticky_and_zero),
		cmocka_unit_test(the_last_byte_fits_and_the_next_does_not),
		cmocka_unit_test(a_text_that_does_not_fit_is_refused_whole),
		cmocka_unit_test(a_length_that_lies_is_caught),
		cmocka_unit_test(set_u32_changes_only_what_was_written),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
