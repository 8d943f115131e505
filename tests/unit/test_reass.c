#include <stdio.h>
#include <string.h>

#include "analyzer/reass.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

#define BASES	4

/* Offset 0 stands at each of these, so that every test sees the wrap. */
static const uint32_t	 bases[BASES] = { 1000, 0, 0xffffffff, 0xfffffffa };

struct got {
	char		 text[512];	/* bytes; -n- a gap, ~n~ a cut */
	uint64_t	 next;
	size_t		 calls;
	bool		 stop;
};

static struct mem		 mem;
static struct reass_env		 env;
static uint8_t			 tail[REASS_TAIL];
static uint16_t			 tail_len;
static struct reass		 r;
static struct got		 got;

static bool
deliver(void *arg, uint64_t off, const uint8_t *p, size_t len, uint64_t ts,
    uint32_t tag)
{
	struct got	*g = arg;

	(void)ts;
	assert_int_equal(tag, 77);
	assert_true(off == g->next);
	g->next += len;
	g->calls++;
	strncat(g->text, (const char *)p, len);
	return !g->stop;
}

static void
gap(void *arg, uint64_t off, uint64_t len, uint64_t ts, enum reass_why why)
{
	struct got	*g = arg;
	size_t		 n = strlen(g->text);
	char		 c = why == REASS_WHY_CUT ? '~' : '-';

	(void)ts;
	assert_true(off == g->next);
	g->next += len;
	snprintf(g->text + n, sizeof(g->text) - n, "%c%u%c", c,
	    (unsigned)len, c);
}

static void
begin(uint32_t base)
{
	memset(&mem, 0, sizeof(mem));
	mem.limit = 1 << 20;
	memset(&env, 0, sizeof(env));
	env.mem = &mem;
	env.limit_bytes = 100;
	env.limit_segs = 8;
	env.deliver = deliver;
	env.gap = gap;
	memset(&r, 0, sizeof(r));
	memset(&got, 0, sizeof(got));
	env.tail = tail;
	env.tail_len = &tail_len;
	tail_len = 0;
	r.flags = REASS_READ;
	reass_init(&r, base);
}

static enum reass_result
put(int off, const char *s)
{
	size_t	 n = strlen(s);

	return reass_data(&r, &env, &got, r.base + (uint32_t)off,
	    guard_copy(s, n), (uint32_t)n, (uint32_t)n, 5, 77);
}

static void
end(void)
{
	reass_clear(&r, &env);
	assert_true(mem.used == 0);
	assert_null(r.store);
}

struct step {
	int		 off;
	const char	*bytes;
	const char	*picture;	/* all that went out so far */
};

static void
walk(const struct step *s, uint64_t conflicts)
{
	const struct step	*at;
	int			 i;

	for (i = 0; i < BASES; i++) {
		begin(bases[i]);
		for (at = s; at->bytes != NULL; at++) {
			put(at->off, at->bytes);
			assert_string_equal(got.text, at->picture);
			assert_true(r.next == got.next);
		}
		assert_true(env.count[REASS_CONFLICT] == conflicts);
		end();
	}
}

static void
what_is_in_order_goes_out_at_once(void **state)
{
	static const struct step s[] = {
		{ 0, "abc", "abc" }, { 3, "d", "abcd" }, { 4, "ef", "abcdef" },
		{ 0, NULL, NULL }
	};

	(void)state;
	walk(s, 0);
}

static void
what_is_early_waits(void **state)
{
	static const struct step s[] = {
		{ 6, "gh", "" }, { 3, "def", "" }, { 9, "j", "" },
		{ 0, "abc", "abcdefgh" }, { 8, "i", "abcdefghij" },
		{ 0, NULL, NULL }
	};

	(void)state;
	walk(s, 0);
}

static void
the_first_copy_wins_while_waiting(void **state)
{
	static const struct step s[] = {
		{ 2, "cd", "" }, { 6, "gh", "" },
		{ 1, "BCDEFGHI", "" },		/* B, EF and I are new */
		{ 0, "aXXXXXXXXj", "aBcdEFghIj" },
		{ 0, NULL, NULL }
	};

	(void)state;
	walk(s, 2);
}

static void
the_first_copy_wins_after_delivery(void **state)
{
	static const struct step s[] = {
		{ 0, "abcdef", "abcdef" }, { 0, "abcdef", "abcdef" },
		{ 2, "cdXfgh", "abcdefgh" }, { 0, "Y", "abcdefgh" },
		{ 0, NULL, NULL }
	};

	(void)state;
	walk(s, 2);
}

static void
equal_copies_are_no_conflict(void **state)
{
	static const struct step s[] = {
		{ 0, "abc", "abc" }, { 1, "bcd", "abcd" }, { 0, "a", "abcd" },
		{ 6, "ghi", "abcd" }, { 5, "fghij", "abcd" },
		{ 2, "cde", "abcdefghij" }, { 0, NULL, NULL }
	};

	(void)state;
	walk(s, 0);
}

static void
bytes_before_the_start_are_cut_off(void **state)
{
	static const struct step s[] = {
		{ -3, "xyzab", "ab" }, { -9, "xyz", "ab" }, { 2, "c", "abc" },
		{ -2, "zzabcd", "abcd" }, { 0, NULL, NULL }
	};

	(void)state;
	walk(s, 0);
}

static void
a_keep_alive_byte_is_no_conflict(void **state)
{
	static const struct step s[] = {
		{ 0, "abc", "abc" }, { 2, "X", "abc" }, { 3, "d", "abcd" },
		{ 0, NULL, NULL }
	};

	(void)state;
	walk(s, 0);
}

static void
a_hole_is_one_gap_when_given_up(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < BASES; i++) {
		begin(bases[i]);
		put(0, "ab");
		put(5, "fg");
		put(7, "h");
		put(10, "k");
		assert_int_equal(reass_hole(&r), 3);
		assert_true(reass_skip(&r, &env, &got, REASS_WHY_LOST));
		assert_string_equal(got.text, "ab-3-fgh");
		assert_true(reass_skip(&r, &env, &got, REASS_WHY_LOST));
		assert_string_equal(got.text, "ab-3-fgh-2-k");
		assert_false(reass_skip(&r, &env, &got, REASS_WHY_LOST));
		put(3, "late");
		reass_skip_to(&r, &env, &got, 14, 5, REASS_WHY_LOST);
		assert_string_equal(got.text, "ab-3-fgh-2-k-3-");
		assert_int_equal(env.count[REASS_GAPS], 3);
		assert_int_equal(env.count[REASS_GAP_BYTES], 8);
		end();
	}
}

static void
cut_frames_leave_a_cut_in_their_place(void **state)
{
	(void)state;
	begin(bases[2]);
	reass_data(&r, &env, &got, r.base + 4, (const uint8_t *)"ef", 2, 4, 5,
	    77);
	reass_data(&r, &env, &got, r.base, (const uint8_t *)"abc", 3, 4, 5,
	    77);
	assert_string_equal(got.text, "abc~1~ef~2~");
	assert_int_equal(env.count[REASS_TRUNCATED], 3);
	put(8, "i");
	assert_string_equal(got.text, "abc~1~ef~2~i");
	end();
}

static void
a_held_stream_waits_and_starts_at_its_lowest_byte(void **state)
{
	(void)state;
	begin(bases[3]);
	r.flags |= REASS_HELD;
	put(4, "ef");
	put(2, "cd");
	assert_string_equal(got.text, "");
	reass_rebase(&r, r.base - 2);
	put(0, "xy");
	reass_release(&r, true);
	assert_true(reass_next_waits(&r));
	while (reass_next_waits(&r))
		reass_step(&r, &env, &got, REASS_WHY_LOST);
	assert_string_equal(got.text, "xy");
	assert_int_equal(reass_hole(&r), 2);
	end();
	begin(bases[3]);
	r.flags |= REASS_HELD;
	put(4, "ef");
	reass_release(&r, true);
	got.next = 4;
	reass_step(&r, &env, &got, REASS_WHY_LOST);
	assert_string_equal(got.text, "ef");
	assert_int_equal(env.count[REASS_GAPS], 0);
	end();
}

static void
at_the_byte_limit_the_hole_is_given_up(void **state)
{
	static const uint32_t	 limits[] = { 5, 6, 7 };
	size_t			 i;

	(void)state;
	for (i = 0; i < 3; i++) {
		begin(bases[1]);
		env.limit_bytes = limits[i];
		put(1, "bcd");
		put(5, "fgh");
		assert_string_equal(got.text, limits[i] >= 6 ? "" :
		    "-1-bcd-1-fgh");
		assert_int_equal(env.count[REASS_LIMIT], limits[i] >= 6 ? 0 :
		    2);
		end();
	}
}

static void
at_the_segment_limit_the_hole_is_given_up(void **state)
{
	int	 i;

	(void)state;
	begin(bases[3]);
	for (i = 0; i < 8; i++)
		put(1 + i * 2, "x");
	assert_string_equal(got.text, "");
	put(17, "x");
	assert_int_equal(strlen(got.text), 9 * 4);
	assert_null(r.store);
	end();
}

static void
without_memory_nothing_waits_and_nothing_is_lost(void **state)
{
	(void)state;
	begin(bases[0]);
	mem.limit = 0;
	put(2, "cd");
	assert_string_equal(got.text, "-2-cd");
	assert_int_equal(env.count[REASS_NOMEM], 1);
	put(4, "e");
	assert_string_equal(got.text, "-2-cde");
	end();
}

static void
a_reader_that_stops_is_left_alone(void **state)
{
	(void)state;
	begin(bases[0]);
	got.stop = true;
	put(0, "ab");
	got.next = 0;
	put(2, "cd");
	put(9, "x");
	assert_string_equal(got.text, "ab");
	assert_true(r.next == 10);
	assert_int_equal(put(3, "y"), REASS_DUPLICATE);
	end();
}

/* Every order of the pieces of a text gives the text. */
static void
any_order_gives_the_same_stream(void **state)
{
	static const char	 text[] = "abcdefghijkl";
	int			 order[6], i, j, tmp, base;
	unsigned		 n, k;
	char			 piece[4];

	(void)state;
	for (base = 0; base < BASES; base++)
		for (n = 0; n < 720; n++) {
			begin(bases[base]);
			for (i = 0; i < 6; i++)
				order[i] = i;
			for (i = 0, k = n; i < 5; i++) {
				j = i + (int)(k % (unsigned)(6 - i));
				k /= (unsigned)(6 - i);
				tmp = order[i];
				order[i] = order[j];
				order[j] = tmp;
			}
			for (i = 0; i < 6; i++) {
				snprintf(piece, sizeof(piece), "%.*s",
				    order[i] == 5 ? 2 : 3,
				    text + order[i] * 2);
				put(order[i] * 2, piece);
			}
			assert_string_equal(got.text, text);
			assert_true(env.count[REASS_CONFLICT] == 0);
			end();
		}
}

static void
without_a_reader_bytes_are_only_counted(void **state)
{
	(void)state;
	begin(bases[2]);
	r.flags = 0;
	assert_int_equal(put(0, "ab"), REASS_DELIVERED);
	put(5, "x");
	assert_true(r.next == 6);
	assert_int_equal(put(1, "b"), REASS_DUPLICATE);
	assert_int_equal(put(6, ""), REASS_DUPLICATE);
	got.next = r.next;
	reass_skip_to(&r, &env, &got, 9, 5, REASS_WHY_LOST);
	assert_string_equal(got.text, "-3-");
	reass_skip_to(&r, &env, &got, 9, 5, REASS_WHY_LOST);
	assert_true(r.next == 9);
	assert_false(reass_waits(&r));
	assert_false(reass_step(&r, &env, &got, REASS_WHY_LOST));
	assert_false(reass_skip(&r, &env, &got, REASS_WHY_LOST));
	assert_true(reass_hole(&r) == 0);
	reass_release(&r, true);
	reass_rebase(&r, 100);
	assert_int_equal(reass_next_seq(&r), 100);
	end();
}

static void
without_a_tail_old_bytes_are_not_compared(void **state)
{
	(void)state;
	begin(bases[0]);
	env.tail = NULL;
	put(0, "abcd");
	assert_int_equal(put(0, "abXd"), REASS_DUPLICATE);
	put(2, "ZZef");
	assert_string_equal(got.text, "abcdef");
	assert_true(env.count[REASS_CONFLICT] == 0);
	end();
}

static void
a_gap_for_one_who_stopped_is_not_told(void **state)
{
	(void)state;
	begin(bases[0]);
	put(5, "fg");
	got.stop = true;
	put(0, "a");
	got.next = 0;
	reass_skip_to(&r, &env, &got, 20, 5, REASS_WHY_LOST);
	assert_string_equal(got.text, "a");
	assert_true(r.next == 20);
	end();
}

static void
a_piece_longer_than_the_tail_keeps_its_end(void **state)
{
	char	 big[REASS_TAIL + 10 + 1];
	int	 n = sizeof(big) - 1;

	(void)state;
	memset(big, 'q', sizeof(big));
	memcpy(big + n - 3, "xyz", 4);
	begin(bases[1]);
	put(0, big);
	assert_int_equal(put(n - 3, "xyz"), REASS_DUPLICATE);
	assert_true(env.count[REASS_CONFLICT] == 0);
	assert_int_equal(put(n - 3, "xYz"), REASS_DUPLICATE);
	assert_true(env.count[REASS_CONFLICT] == 1);
	end();
}

static void
what_waits_can_be_passed(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < BASES; i++) {
		begin(bases[i]);
		put(0, "a");
		assert_true(reass_pass(&r, &env) == 0 && r.next == 1);
		put(5, "fg");
		put(9, "j");
		assert_true(reass_pass(&r, &env) == 6);
		assert_true(r.next == 10);
		assert_false(reass_waits(&r));
		assert_string_equal(got.text, "a");
		end();
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(what_is_in_order_goes_out_at_once),
		cmocka_unit_test(what_is_early_waits),
		cmocka_unit_test(the_first_copy_wins_while_waiting),
		cmocka_unit_test(the_first_copy_wins_after_delivery),
		cmocka_unit_test(equal_copies_are_no_conflict),
		cmocka_unit_test(bytes_before_the_start_are_cut_off),
		cmocka_unit_test(a_keep_alive_byte_is_no_conflict),
		cmocka_unit_test(a_hole_is_one_gap_when_given_up),
		cmocka_unit_test(cut_frames_leave_a_cut_in_their_place),
		cmocka_unit_test(
		    a_held_stream_waits_and_starts_at_its_lowest_byte),
		cmocka_unit_test(at_the_byte_limit_the_hole_is_given_up),
		cmocka_unit_test(at_the_segment_limit_the_hole_is_given_up),
		cmocka_unit_test(
		    without_memory_nothing_waits_and_nothing_is_lost),
		cmocka_unit_test(a_reader_that_stops_is_left_alone),
		cmocka_unit_test(any_order_gives_the_same_stream),
		cmocka_unit_test(without_a_reader_bytes_are_only_counted),
		cmocka_unit_test(without_a_tail_old_bytes_are_not_compared),
		cmocka_unit_test(a_gap_for_one_who_stopped_is_not_told),
		cmocka_unit_test(a_piece_longer_than_the_tail_keeps_its_end),
		cmocka_unit_test(what_waits_can_be_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
