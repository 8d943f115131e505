#include <string.h>

#include "mirror/slots.h"
#include "tests/lib/cmocka_first.h"

static void
forget(void *arg, unsigned slot, const struct gap_open *o)
{
	assert_null(o);
	*(unsigned *)arg = slot;
}

static void
who_finds_no_slot_is_counted(void **state)
{
	static struct slots	 s;
	static struct tally	 t;
	unsigned		 i, gone = 0;

	(void)state;
	s.save = forget;
	s.arg = &gone;
	s.tally = &t;
	slots_mark(&s, 3);
	for (i = 0; i < MSG_SAVE_SLOTS - 1; i++)
		assert_int_equal(slots_take(&s), i < 3 ? i : i + 1);
	assert_int_equal(t.v[TALLY_MIR_UNSAVED], 0);
	assert_int_equal(slots_take(&s), -1);
	assert_int_equal(t.v[TALLY_MIR_UNSAVED], 1);
	slots_give(&s, 7);
	assert_int_equal(gone, 7);
	assert_int_equal(slots_take(&s), 7);
	assert_int_equal(t.v[TALLY_MIR_UNSAVED], 1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(who_finds_no_slot_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
