#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/pair.h"

static struct mem	mem = { .limit = 1 << 20 };

/* A request at client offset off whose sender had acked server bytes. */
static void
ask(struct pair *p, uint64_t id, uint64_t off, uint64_t acked)
{
	struct pair_req	*r = pair_push(p, &mem, 100);

	assert_non_null(r);
	r->id = id;
	r->off = off;
	r->acked = acked;
}

static void
owner_is(struct pair *p, uint64_t at, bool lost, enum pair_answer want,
    uint64_t id)
{
	uint32_t	 drop;

	assert_int_equal(pair_owner(p, at, PAIR_NO_OFFSET, lost, false,
	    &drop), want);
	if (want == PAIR_FRONT)
		assert_int_equal(pair_at(p, drop)->id, id);
}

static void
answer_is(struct pair *p, uint64_t at, uint64_t known, enum pair_answer want)
{
	uint32_t	 drop;

	assert_int_equal(pair_owner(p, at, known, false, false, &drop), want);
}

static void
order_rules_without_loss(void **state)
{
	struct pair	 p;

	(void)state;
	pair_init(&p);
	owner_is(&p, 0, false, PAIR_LATER, 0);
	ask(&p, 1, 0, 0);
	ask(&p, 2, 50, 0);
	owner_is(&p, 0, false, PAIR_FRONT, 1);
	pair_pop(&p, &mem);
	owner_is(&p, 999, false, PAIR_FRONT, 2);
	pair_clear(&p, &mem);
	assert_int_equal(mem.used, 0);
}

/* a asked, answer lost, b asked: what begins where b had read to is b's. */
static void
lost_answer_is_not_given_to_another(void **state)
{
	struct pair	 p;
	uint32_t	 drop;

	(void)state;
	pair_init(&p);
	ask(&p, 1, 0, 0);
	ask(&p, 2, 50, 300);
	owner_is(&p, 300, true, PAIR_FRONT, 2);
	assert_int_equal(pair_owner(&p, 300, PAIR_NO_OFFSET, true, false,
	    &drop), PAIR_FRONT);
	assert_int_equal(drop, 1);
	/* unless the server had another request that nobody has seen */
	assert_int_equal(pair_owner(&p, 350, PAIR_NO_OFFSET, true, true,
	    &drop), PAIR_LATER);
	/* further on, an asker who waits can only wait for the last one */
	owner_is(&p, 350, true, PAIR_FRONT, 2);
	/* before b was asked it can only be a's */
	owner_is(&p, 200, true, PAIR_FRONT, 1);
	pair_clear(&p, &mem);
}

static void
pipelined_requests_stay_apart_after_a_loss(void **state)
{
	struct pair	 p;

	(void)state;
	pair_init(&p);
	p.pipelined = true;
	ask(&p, 1, 0, 0);
	ask(&p, 2, 50, 0);
	ask(&p, 3, 90, 400);
	owner_is(&p, 300, true, PAIR_UNKNOWN, 0);
	owner_is(&p, 400, true, PAIR_UNKNOWN, 0);
	owner_is(&p, 0, true, PAIR_FRONT, 1);
	pair_clear(&p, &mem);
}

static void
hole_hides_requests(void **state)
{
	struct pair	 p;

	(void)state;
	pair_init(&p);
	ask(&p, 1, 0, 0);
	pair_hole(&p, &mem, 100, 0, 50);
	pair_hole(&p, &mem, 100, 0, PAIR_NO_OFFSET);
	assert_int_equal(p.n, 2);
	ask(&p, 2, 500, 800);
	owner_is(&p, 0, false, PAIR_FRONT, 1);
	pair_pop(&p, &mem);
	answer_is(&p, 400, 60, PAIR_UNKNOWN);
	answer_is(&p, 800, 600, PAIR_FRONT);
	answer_is(&p, 900, 600, PAIR_UNKNOWN);
	pair_clear(&p, &mem);
}

static void
lost_request_is_answered_before_the_next(void **state)
{
	struct pair	 p;

	(void)state;
	pair_init(&p);
	pair_hole(&p, &mem, 100, 0, 100);
	ask(&p, 1, 100, 50);
	answer_is(&p, 50, 99, PAIR_UNKNOWN);	/* it did not have all */
	answer_is(&p, 50, 101, PAIR_UNKNOWN);
	answer_is(&p, 50, 101, PAIR_FRONT);
	pair_clear(&p, &mem);
	pair_hole(&p, &mem, 100, 100, 100);
	ask(&p, 1, 100, 50);
	answer_is(&p, 50, 101, PAIR_FRONT);
	pair_clear(&p, &mem);
	pair_hole(&p, &mem, 100, 99, 100);
	ask(&p, 1, 100, 50);
	answer_is(&p, 50, 101, PAIR_UNKNOWN);
	pair_clear(&p, &mem);
}

/* Its offset is the server's, what a hole knows is the client's. */
static void
an_interim_answer_moves_no_hole(void **state)
{
	struct pair	 p;

	(void)state;
	pair_init(&p);
	pair_hole(&p, &mem, 100, 0, 300);
	pair_unowned(&p, 300);
	pair_interim(&p, 300, 900);
	pair_hole(&p, &mem, 100, 0, 600);
	ask(&p, 1, 600, 1000);
	answer_is(&p, 1000, 700, PAIR_UNKNOWN);
	pair_clear(&p, &mem);
}

static void
habits(void **state)
{
	struct pair	 p;

	(void)state;
	pair_init(&p);
	ask(&p, 1, 0, 0);
	owner_is(&p, 0, false, PAIR_FRONT, 1);
	assert_int_equal(p.waits, 0);		/* the first tells nothing */
	pair_pop(&p, &mem);
	ask(&p, 2, 50, 100);
	owner_is(&p, 100, true, PAIR_FRONT, 2);
	owner_is(&p, 150, true, PAIR_FRONT, 2);
	assert_int_equal(p.waits, 1);
	pair_habit(&p, 150, false);		/* its answer may be lost */
	assert_false(p.pipelined);
	pair_hole(&p, &mem, 100, 0, 300);
	pair_habit(&p, 100, false);
	assert_true(p.pipelined);
	p.pipelined = false;
	pair_habit(&p, 170, true);
	assert_true(p.pipelined);
	pair_clear(&p, &mem);
}

/* Each head is cut: another may be behind it, till habit speaks against it. */
static void
a_client_that_waits_behind_losses_is_known_in_the_end(void **state)
{
	struct pair	 p;
	unsigned	 i;

	(void)state;
	pair_init(&p);
	for (i = 1; i < 10; i++) {
		pair_hole(&p, &mem, 100, 0, 50 * i);
		ask(&p, i, 50 * i, 100 * i);
		answer_is(&p, 100 * i, 50 * i + 20, i < 8 ? PAIR_UNKNOWN :
		    PAIR_FRONT);
	}
	pair_clear(&p, &mem);
}

/* What was answered before is no answer to what is lost now. */
static void
the_second_of_two_losses_is_not_answered_yet(void **state)
{
	struct pair	 p;

	(void)state;
	pair_init(&p);
	pair_hole(&p, &mem, 100, 0, 60);
	answer_is(&p, 0, 60, PAIR_UNKNOWN);
	pair_hole(&p, &mem, 100, 60, 100);
	ask(&p, 1, 100, 50);
	answer_is(&p, 50, 120, PAIR_UNKNOWN);
	answer_is(&p, 50, 120, PAIR_FRONT);
	pair_clear(&p, &mem);
	/* when it was answered before it was noticed, it is */
	pair_hole(&p, &mem, 100, 0, 60);
	answer_is(&p, 0, 100, PAIR_UNKNOWN);
	pair_hole(&p, &mem, 100, 100, 100);
	ask(&p, 1, 100, 50);
	answer_is(&p, 50, 120, PAIR_FRONT);
	pair_clear(&p, &mem);
}

static void
lost_among_the_skipped_is_not_forgotten(void **state)
{
	struct pair	 p;

	(void)state;
	pair_init(&p);
	assert_non_null(pair_push(&p, &mem, 1));
	assert_null(pair_push(&p, &mem, 1));
	pair_hole(&p, &mem, 1, 0, 30);
	owner_is(&p, 0, false, PAIR_FRONT, 0);
	pair_pop(&p, &mem);
	owner_is(&p, 9, false, PAIR_SKIPPED, 0);
	ask(&p, 1, 100, 50);
	answer_is(&p, 50, 120, PAIR_UNKNOWN);
	pair_clear(&p, &mem);
}

static void
unheard_request_is_not_answered(void **state)
{
	struct pair	 p;
	uint32_t	 drop;

	(void)state;
	pair_init(&p);
	ask(&p, 1, 100, 0);
	assert_int_equal(pair_owner(&p, 0, 100, false, false, &drop),
	    PAIR_OLDER);
	assert_int_equal(pair_owner(&p, 0, 101, false, false, &drop),
	    PAIR_FRONT);
	pair_clear(&p, &mem);
}

static void
older_answer_than_any_request_is_told(void **state)
{
	struct pair	 p;

	(void)state;
	pair_init(&p);
	ask(&p, 1, 0, 700);
	owner_is(&p, 100, true, PAIR_OLDER, 0);
	owner_is(&p, 700, true, PAIR_FRONT, 1);
	pair_clear(&p, &mem);
}

static void
interim_answers_do_not_move_the_final_one(void **state)
{
	struct pair	 p;

	(void)state;
	pair_init(&p);
	ask(&p, 1, 0, 0);
	ask(&p, 2, 50, 300);
	pair_interim(&p, 300, 325);
	owner_is(&p, 325, true, PAIR_FRONT, 2);
	pair_clear(&p, &mem);
}

static void
requests_past_the_limit_keep_their_place(void **state)
{
	struct pair	 p;
	int		 i;

	(void)state;
	pair_init(&p);
	for (i = 0; i < 3; i++)
		assert_non_null(pair_push(&p, &mem, 3));
	assert_null(pair_push(&p, &mem, 3));
	assert_null(pair_push(&p, &mem, 3));
	for (i = 0; i < 3; i++) {
		owner_is(&p, 0, false, PAIR_FRONT, 0);
		pair_pop(&p, &mem);
	}
	assert_null(pair_push(&p, &mem, 3));
	for (i = 0; i < 3; i++)
		owner_is(&p, 0, false, PAIR_SKIPPED, 0);
	assert_non_null(pair_push(&p, &mem, 3));
	pair_clear(&p, &mem);
}

static void
ceiling_is_respected(void **state)
{
	struct mem	 small = { .limit = sizeof(struct pair_req) * 4 };
	struct pair	 p;
	int		 i;

	(void)state;
	pair_init(&p);
	for (i = 0; pair_push(&p, &small, 1000) != NULL; i++)
		assert_true(small.used <= small.limit);
	assert_int_equal(i, 2);
	assert_int_equal(p.skipped, 1);
	pair_clear(&p, &small);
	assert_int_equal(small.used, 0);
}

static void
an_empty_queue_holds_nothing(void **state)
{
	struct pair	 p;
	uint32_t	 i;

	(void)state;
	pair_init(&p);
	assert_int_equal(mem.used, 0);
	for (i = 0; i < 3; i++)
		ask(&p, i, i, i);
	assert_int_equal(mem.used, 4 * sizeof(struct pair_req));
	for (i = 0; i < 3; i++)
		pair_pop(&p, &mem);
	assert_int_equal(mem.used, 0);
	ask(&p, 3, 3, 3);
	assert_int_equal(pair_at(&p, 0)->id, 3);
	assert_int_equal(mem.used, sizeof(struct pair_req));
	pair_clear(&p, &mem);
}

/* Without memory for the loss among them, no later answer is anybody's. */
static void
without_any_memory_all_are_skipped(void **state)
{
	struct mem	 none = { .limit = 0 };
	struct pair	 p;
	uint32_t	 drop;
	int		 i;

	(void)state;
	pair_init(&p);
	assert_null(pair_push(&p, &none, 1000));
	pair_hole(&p, &none, 1000, 0, 10);
	for (i = 0; i < 3; i++)
		assert_int_equal(pair_owner(&p, 0, 100, false, false, &drop),
		    PAIR_SKIPPED);
	assert_int_equal(p.skipped, 1);
	assert_null(pair_push(&p, &mem, 1000));
	pair_clear(&p, &none);
}

static void
ring_keeps_order_when_it_grows(void **state)
{
	struct pair	 p;
	uint64_t	 in = 0, out = 0;
	int		 i, k;

	(void)state;
	pair_init(&p);
	for (i = 1; i < 20; i++) {
		for (k = 0; k < i; k++, in++)
			ask(&p, in, in, in);
		for (k = 0; k < i - 1; k++) {
			assert_int_equal(pair_at(&p, 0)->id, out++);
			pair_pop(&p, &mem);
		}
	}
	assert_int_equal(p.n, in - out);
	pair_clear(&p, &mem);
	assert_int_equal(mem.used, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_rules_without_loss),
		cmocka_unit_test(lost_answer_is_not_given_to_another),
		cmocka_unit_test(pipelined_requests_stay_apart_after_a_loss),
		cmocka_unit_test(hole_hides_requests),
		cmocka_unit_test(lost_request_is_answered_before_the_next),
		cmocka_unit_test(an_interim_answer_moves_no_hole),
		cmocka_unit_test(habits),
		cmocka_unit_test(
		    a_client_that_waits_behind_losses_is_known_in_the_end),
		cmocka_unit_test(the_second_of_two_losses_is_not_answered_yet),
		cmocka_unit_test(lost_among_the_skipped_is_not_forgotten),
		cmocka_unit_test(unheard_request_is_not_answered),
		cmocka_unit_test(older_answer_than_any_request_is_told),
		cmocka_unit_test(interim_answers_do_not_move_the_final_one),
		cmocka_unit_test(requests_past_the_limit_keep_their_place),
		cmocka_unit_test(ceiling_is_respected),
		cmocka_unit_test(an_empty_queue_holds_nothing),
		cmocka_unit_test(without_any_memory_all_are_skipped),
		cmocka_unit_test(ring_keeps_order_when_it_grows)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
