#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/usual.h"

#define S	1000000ULL
#define M	(60 * S)
#define H	(60 * M)
#define BEGIN	(400000 * H)	/* a half hour begins */

struct world {
	struct usual_clock c;
	struct usual	 u;
	uint64_t	 now;
};

static void
begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->now = BEGIN;
	assert_false(usual_pass(&w->c, w->now, true));
	usual_begin(&w->c, &w->u);
}

static void
pass(struct world *w, uint64_t us, bool seen)
{
	w->now += us;
	while (usual_pass(&w->c, w->now, seen)) {
		usual_end(&w->c, &w->u);
		usual_next(&w->c);
	}
}

/* So much time, minute by minute, with so much in each. */
static void
spend(struct world *w, uint64_t us, uint64_t each)
{
	uint64_t	 end = w->now + us;

	while (w->now < end) {
		w->u.sum += each;
		pass(w, M, true);
	}
}

static double
level(const struct world *w, bool larger)
{
	return usual_level(&w->c, &w->u, w->now, 5 * M, larger);
}

static void
test_an_hour_before(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	spend(&w, 20 * M, 60);
	assert_true(level(&w, true) < 0);
	spend(&w, 20 * M, 60);
	assert_float_equal(level(&w, true), 300, 0.01);
	assert_float_equal(level(&w, false), 300, 0.01);
	/* What is judged, and its half hour, is not what it is held against. */
	w.u.sum += 100000;
	pass(&w, M, true);
	assert_float_equal(level(&w, true), 300, 0.01);
	spend(&w, 19 * M, 0);
	assert_float_equal(level(&w, true), 300, 0.01);
}

static void
test_a_day_before(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	spend(&w, 12 * H, 60);
	spend(&w, 11 * H, 600);
	/* In an hour it is noon again. */
	assert_float_equal(level(&w, true), 3000, 0.01);
	spend(&w, 2 * H, 60);
	assert_float_equal(level(&w, true), 300, 0.01);
	spend(&w, 11 * H, 60);
	/* At the hour at which it became more, it is half as much. */
	assert_float_equal(level(&w, true), 1650, 0.01);
	spend(&w, H, 60);
	assert_float_equal(level(&w, true), 3000, 0.01);
	assert_float_equal(level(&w, false), 300, 0.01);
	/* No sum grows for ever: a day later that is forgotten. */
	spend(&w, 24 * H, 60);
	assert_float_equal(level(&w, true), 300, 0.01);
}

static void
test_what_was_not_seen_is_not_known(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	pass(&w, 2 * H, false);
	assert_true(level(&w, true) < 0);
	/* Two thirds of a half hour are as good as all of it. */
	pass(&w, 10 * M, false);
	spend(&w, 20 * M, 60);
	spend(&w, 10 * M, 60);
	assert_float_equal(level(&w, true), 300, 0.01);
	/* A stretch without a word is one of zeros. */
	pass(&w, 3 * H, true);
	assert_float_equal(level(&w, false), 0, 0.01);
	/* While there is no yesterday, all that is known stands for it. */
	assert_float_equal(level(&w, true), 5.0 * (60 + 20) / 7, 0.01);
	/* So long a way that nothing is left. */
	pass(&w, 1000 * H, true);
	pass(&w, 1000 * H, false);
	assert_true(level(&w, true) < 0);
}

static void
test_a_new_level_was_none_before(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	spend(&w, 2 * H, 60);
	usual_begin(&w.c, &w.u);
	assert_float_equal(level(&w, true), 0, 0.01);
	begin(&w);
	usual_begin(&w.c, &w.u);
	assert_true(level(&w, true) < 0);
}

static void
test_a_packet_from_1970(void **state)
{
	struct world	 w;

	(void)state;
	memset(&w, 0, sizeof(w));
	usual_pass(&w.c, 1, true);
	usual_begin(&w.c, &w.u);
	assert_true(usual_level(&w.c, &w.u, 1, 5 * M, true) < 0);
	assert_true(usual_level(&w.c, &w.u, 20 * H, 5 * M, true) < 0);
}

/* The clock of the kernel begins with the machine. */
static void
test_a_machine_that_just_began(void **state)
{
	struct world	 w;

	(void)state;
	memset(&w, 0, sizeof(w));
	w.now = 3 * M;
	assert_false(usual_pass(&w.c, w.now, true));
	usual_begin(&w.c, &w.u);
	spend(&w, 20 * M, 60);
	assert_true(level(&w, true) < 0);
	spend(&w, 20 * M, 60);
	assert_float_equal(level(&w, true), 300, 0.01);
	spend(&w, 30 * H, 60);
	assert_float_equal(level(&w, true), 300, 0.01);
}

/* Without a count it is the same until then, and passes that without one. */
static void
test_when_it_changes(void **state)
{
	struct world	 w;
	double		 was;
	uint64_t	 next, end;
	unsigned	 changed = 0;

	(void)state;
	begin(&w);
	spend(&w, 7 * H, 60);
	spend(&w, 20 * H, 6);
	for (end = w.now + 30 * H; w.now < end;) {
		was = level(&w, true);
		next = usual_changes(w.now, 5 * M);
		assert_true(next > w.now && next - w.now <= H / 2);
		pass(&w, next - 1 - w.now, true);
		assert_true(level(&w, true) == was);
		pass(&w, 1, true);
		changed += level(&w, true) != was;
	}
	assert_in_range(changed, 4, 104);
	assert_float_equal(level(&w, true), 0, 0.01);
}

#define WALL	(500000 * H)

/* Kept at this time of the wall clock; back to life on another monotonic. */
static void
back(struct world *w, uint64_t away, uint64_t now)
{
	struct buf	 b;
	uint8_t		 p[USUAL_PACKED];

	buf_writer(&b, p, sizeof(p));
	usual_put(&w->c, &w->u, w->now, WALL, &b);
	assert_false(b.err);
	assert_int_equal(b.len, sizeof(p));
	memset(&w->c, 0xee, sizeof(w->c));
	memset(&w->u, 0xee, sizeof(w->u));
	buf_reader(&b, p, sizeof(p));
	w->now = now;
	assert_int_equal(usual_get(&w->c, &w->u, now, WALL + away, &b), 0);
}

static void
test_kept(void **state)
{
	struct usual_clock	 c;
	struct usual		 u;
	struct world		 w;
	struct buf		 b;
	uint8_t			 p[USUAL_PACKED];

	(void)state;
	begin(&w);
	spend(&w, 2 * H, 61);
	w.u.sum = 7;
	back(&w, 0, w.now);
	assert_int_equal(w.u.sum, 7);
	assert_float_equal(level(&w, true), 305, 3);
	pass(&w, 20 * M, true);
	assert_float_equal(level(&w, true), 305, 3);
	/* What was watched of the running half hour counts with its sum. */
	begin(&w);
	spend(&w, 10 * M, 60);
	back(&w, 2 * M, w.now + 2 * M);
	spend(&w, 28 * M, 60);
	assert_float_equal(level(&w, true), 300, 0.01);
	/* Bytes that are none. */
	memset(p, 0xff, sizeof(p));
	buf_reader(&b, p, sizeof(p));
	assert_int_equal(usual_get(&c, &u, w.now, WALL, &b), -1);
	buf_reader(&b, p, 9);
	assert_int_equal(usual_get(&c, &u, w.now, WALL, &b), -1);
}

/* Another start of the host: its clock began anew, at any part of ours. */
static void
test_kept_over_a_start_of_the_host(void **state)
{
	struct world	 w;
	unsigned	 i;

	(void)state;
	for (i = 0; i < 60; i += 7) {
		begin(&w);
		spend(&w, 24 * H, 60);
		spend(&w, 2 * H, 600);
		back(&w, 5 * M, i * M + S);
		assert_float_equal(level(&w, true), 3000, 15);
		spend(&w, 2 * H, 60);
		/* The rush is hours old; a day before there was none. */
		assert_float_equal(level(&w, false), 300, 2);
		spend(&w, 20 * H, 60);
		/* It was at this time a day ago. */
		assert_true(level(&w, true) > 1000);
	}
	/* Away for an hour, which nobody watched: those before are known. */
	begin(&w);
	spend(&w, 24 * H, 60);
	back(&w, H, 3 * M);
	assert_float_equal(level(&w, true), 300, 2);
	/* For days: nothing is. */
	back(&w, 1000 * H, 3 * M);
	assert_true(level(&w, true) < 0);
	/* A clock that was set back. */
	begin(&w);
	spend(&w, 24 * H, 60);
	back(&w, 0 - 7 * H, 3 * M);
	assert_float_equal(level(&w, true), 300, 2);
}

/* Each time our half hours begin anew, and the running one does not end. */
static void
test_kept_over_many_starts_of_the_host(void **state)
{
	struct world	 w;
	unsigned	 i;

	(void)state;
	begin(&w);
	spend(&w, 24 * H, 60);
	for (i = 0; i < 6; i++) {
		spend(&w, 25 * M, 60);
		back(&w, M, M);
		assert_float_equal(level(&w, true), 300, 3);
	}
	spend(&w, H, 60);
	assert_float_equal(level(&w, true), 300, 3);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_an_hour_before),
		cmocka_unit_test(test_a_day_before),
		cmocka_unit_test(test_what_was_not_seen_is_not_known),
		cmocka_unit_test(test_a_new_level_was_none_before),
		cmocka_unit_test(test_a_packet_from_1970),
		cmocka_unit_test(test_a_machine_that_just_began),
		cmocka_unit_test(test_when_it_changes),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_kept_over_a_start_of_the_host),
		cmocka_unit_test(test_kept_over_many_starts_of_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
