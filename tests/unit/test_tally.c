#include <string.h>

#include "sandbox/tally.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

static void
tallies_round_trip_and_merge_by_adding(void **state)
{
	uint8_t		 mem[TALLY_MAX * 10];
	struct tally	 t, u;
	struct buf	 b, r;

	(void)state;
	memset(&t, 0, sizeof(t));
	tally_add(&t, TALLY_HTTP_REQUESTS, 5);
	tally_set(&t, TALLY_MIR_QUEUE, 7);
	buf_writer(&b, mem, sizeof(mem));
	tally_pack(&t, &b);
	buf_reader(&r, guard_copy(mem, b.len), b.len);
	assert_int_equal(tally_unpack(&u, &r), 0);
	assert_memory_equal(&t, &u, sizeof(t));
}

static void
a_full_table_fits_its_frame(void **state)
{
	uint8_t		 mem[TALLY_MAX * 10];
	struct tally	 t;
	struct buf	 b;
	size_t		 i;

	(void)state;
	for (i = 0; i < TALLY_MAX; i++)
		t.v[i] = UINT64_MAX;
	buf_writer(&b, mem, sizeof(mem));
	tally_pack(&t, &b);
	assert_false(b.err);
	assert_int_equal(b.len, sizeof(mem));
}

static void
bad_tallies_change_nothing(void **state)
{
	uint8_t		 mem[16];
	struct tally	 t;
	struct buf	 b, r;

	(void)state;
	memset(&t, 1, sizeof(t));
	buf_writer(&b, mem, sizeof(mem));
	buf_put_u16(&b, TALLY_MAX);
	buf_put_u64(&b, 1);
	buf_reader(&r, mem, b.len);
	assert_int_equal(tally_unpack(&t, &r), -1);
	buf_reader(&r, mem, 3);
	assert_int_equal(tally_unpack(&t, &r), -1);
	assert_int_equal(t.v[0], 0x0101010101010101ULL);
}

static void
names_are_lower_case_and_fit(void **state)
{
	char	 s[TALLY_NAME_MAX], t[TALLY_NAME_MAX];
	size_t	 i, k;

	(void)state;
	assert_string_equal(tally_name(TALLY_CAP_PACKETS, s), "cap_packets");
	for (i = 0; i < TALLY_MAX; i++) {
		tally_name((enum tally_id)i, s);
		assert_true(strlen(s) > 0 && strlen(s) < TALLY_NAME_MAX - 1);
		assert_true(strlen(tally_help((enum tally_id)i)) > 0);
		for (k = 0; k < i; k++)
			assert_string_not_equal(s,
			    tally_name((enum tally_id)k, t));
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(tallies_round_trip_and_merge_by_adding),
		cmocka_unit_test(a_full_table_fits_its_frame),
		cmocka_unit_test(bad_tallies_change_nothing),
		cmocka_unit_test(names_are_lower_case_and_fit),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
