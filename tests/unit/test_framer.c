#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/framer.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

static struct mem	 mem = { .limit = 16 * 1024 * 1024 };

/* What came out, as text: R[..] S[..] B.. O[..] U[..] T[..] . and (gap). */
struct out {
	char	 s[4096];
	size_t	 n;
	int	 last;
};

static void
say(struct out *o, const char *p, size_t n)
{
	assert_true(o->n + n < sizeof(o->s));
	memcpy(o->s + o->n, p, n);
	o->n += n;
	o->s[o->n] = '\0';
}

static void
on_chunk(void *arg, enum framer_part part, uint64_t offset, const uint8_t *p,
    size_t n)
{
	static const char	 names[] = "RSBOUT";
	struct out		*o = arg;
	char			 c = names[part];

	(void)offset;
	/* Pieces of a body are one text; heads each stand alone. */
	if (part < FRAMER_BODY || o->last != (int)part)
		say(o, &c, 1);
	o->last = part;
	say(o, (const char *)p, n);
}

static void
on_end(void *arg, uint64_t offset, bool sure)
{
	struct out	*o = arg;

	(void)offset;
	o->last = -1;
	say(o, sure ? "." : "?", 1);
}

static void
on_gap(void *arg, uint64_t offset, uint64_t n)
{
	struct out	*o = arg;
	char		 s[64];

	o->last = -1;
	say(o, s, (size_t)snprintf(s, sizeof(s), "(%u+%u)", (unsigned)offset,
	    (unsigned)n));
}

static const struct framer_ops ops = { on_chunk, on_end, on_gap };

struct mark {
	enum stream_mark mark;
	uint64_t	 offset;
};

/*
 * Feeds in in pieces of step bytes. early: each mark goes before the piece
 * that holds the byte before its offset; else only when the byte at the end
 * of the head (the next HEAD_END) was fed, as the analyzer does it.
 */
static void
feed(struct out *o, const char *in, const struct mark *m, size_t nm,
    size_t step, bool early)
{
	struct framer	 f;
	size_t		 n, at, len, i, k;

	memset(o, 0, sizeof(*o));
	o->last = -1;
	framer_init(&f, &ops, o, &mem);
	n = strlen(in);
	for (at = 0, i = 0; at < n; at += len) {
		len = n - at < step ? n - at : step;
		while (early && i < nm) {
			/* a head is marked when its end is known */
			k = i;
			if (m[i].mark == MARK_REQUEST_HEAD ||
			    m[i].mark == MARK_RESPONSE_HEAD)
				k = i + 1;
			if (m[k].offset > at + len)
				break;
			for (; i <= k; i++)
				framer_mark(&f, m[i].mark, m[i].offset, i);
		}
		framer_data(&f, at, guard_copy(in + at, len), len);
		while (!early && i < nm && m[i].offset <= at + len) {
			framer_mark(&f, m[i].mark, m[i].offset, i);
			i++;
		}
	}
	framer_end(&f);
	framer_clear(&f);
	assert_int_equal(mem.used, 0);
}

/* In pieces of every size. */
static void
feed_pieces(const char *in, const struct mark *m, size_t nm, bool early,
    const char *want)
{
	struct out	 o;
	size_t		 step;

	for (step = 1; step <= strlen(in) + 1; step++) {
		feed(&o, in, m, nm, step, early);
		assert_string_equal(o.s, want);
	}
}

static const char	 two[] = "GET1HHHHbodyGET2HHpost";
static const struct mark two_marks[] = {
	{ MARK_REQUEST_HEAD, 0 }, { MARK_HEAD_END, 8 },
	{ MARK_MESSAGE_END, 12 }, { MARK_REQUEST_HEAD, 12 },
	{ MARK_HEAD_END, 18 }, { MARK_MESSAGE_END, 22 },
};

static void
heads_come_out_whole_at_every_cut(void **state)
{
	(void)state;
	feed_pieces(two, two_marks, nitems(two_marks), true,
	    "RGET1HHHHBbody.RGET2HHBpost.");
}

static void
trailers_come_out_whole_at_every_cut(void **state)
{
	static const char	 in[] = "GET1HH0XA: bC: dXGET2HH";
	static const struct mark m[] = {
		{ MARK_REQUEST_HEAD, 0 }, { MARK_HEAD_END, 6 },
		{ MARK_TRAILER, 8 }, { MARK_MESSAGE_END, 17 },
		{ MARK_REQUEST_HEAD, 17 }, { MARK_HEAD_END, 23 },
		{ MARK_MESSAGE_END, 23 },
	};
	struct framer	 f;
	struct out	 o;

	(void)state;
	feed_pieces(in, m, nitems(m), true, "RGET1HHB0XTA: bC: dX.RGET2HH.");
	/* Its end is not known: it may hold anything. */
	feed_pieces(in, m, 3, true, "RGET1HHB0XUA: bC: dXGET2HH");
	/* Lost inside of it; an end before its start. */
	memset(&o, 0, sizeof(o));
	framer_init(&f, &ops, &o, &mem);
	framer_mark(&f, MARK_REQUEST_HEAD, 0, 1);
	framer_mark(&f, MARK_HEAD_END, 2, 1);
	framer_data(&f, 0, (const uint8_t *)"GE0X", 4);
	framer_mark(&f, MARK_TRAILER, 4, 1);
	framer_mark(&f, MARK_MESSAGE_END, 3, 1);
	framer_data(&f, 4, (const uint8_t *)"Cook", 4);
	framer_gap(&f, 8, 2);
	framer_end(&f);
	framer_clear(&f);
	assert_string_equal(o.s, "RGEB0XUCook(8+2)");
}

static void
a_mark_after_its_bytes_finds_them_held(void **state)
{
	static const char	 in[] = "GET1HHHHGET2HHS";
	static const struct mark m[] = {
		{ MARK_REQUEST_HEAD, 0 }, { MARK_HEAD_END, 8 },
		{ MARK_MESSAGE_END, 8 }, { MARK_REQUEST_HEAD, 8 },
		{ MARK_HEAD_END, 14 }, { MARK_MESSAGE_END, 14 },
	};

	(void)state;
	feed_pieces(in, m, nitems(m), false, "RGET1HHHH.RGET2HH.US");
}

static void
opaque_and_stray_bytes_are_told_apart(void **state)
{
	static const char	 in[] = "\r\nCONNhhtunnelled";
	static const struct mark m[] = {
		{ MARK_REQUEST_HEAD, 2 }, { MARK_HEAD_END, 8 },
		{ MARK_MESSAGE_END, 8 }, { MARK_OPAQUE, 8 },
	};

	(void)state;
	feed_pieces(in, m, nitems(m), true, "RCONNhh.Otunnelled");
}

/* Old clients send one behind a body. Behind what is lost it may be more. */
static void
empty_lines_between_messages_are_left_out(void **state)
{
	static const char	 in[] = "POSTHHbody\r\nGET1HH\n\r\n";
	static const struct mark m[] = {
		{ MARK_REQUEST_HEAD, 0 }, { MARK_HEAD_END, 6 },
		{ MARK_MESSAGE_END, 10 }, { MARK_REQUEST_HEAD, 12 },
		{ MARK_HEAD_END, 18 }, { MARK_MESSAGE_END, 18 },
	};
	struct framer		 f;
	struct out		 o;

	(void)state;
	feed_pieces(in, m, nitems(m), true, "RPOSTHHBbody.RGET1HH.");
	memset(&o, 0, sizeof(o));
	o.last = -1;
	framer_init(&f, &ops, &o, &mem);
	framer_gap(&f, 0, 5);
	framer_data(&f, 5, (const uint8_t *)"\r\n", 2);
	framer_end(&f);
	assert_string_equal(o.s, "(0+5)U\r\n");
	framer_clear(&f);
}

static void
after_a_gap_nothing_is_known_until_a_head(void **state)
{
	struct framer	 f;
	struct out	 o = { .last = -1 };

	(void)state;
	framer_init(&f, &ops, &o, &mem);
	framer_mark(&f, MARK_REQUEST_HEAD, 0, 1);
	framer_mark(&f, MARK_HEAD_END, 4, 1);
	framer_data(&f, 0, (const uint8_t *)"HHHHbo", 6);
	framer_gap(&f, 6, 4);
	framer_data(&f, 10, (const uint8_t *)"dy", 2);
	framer_mark(&f, MARK_REQUEST_HEAD, 12, 2);
	framer_mark(&f, MARK_HEAD_END, 16, 2);
	framer_data(&f, 12, (const uint8_t *)"hhhhx", 5);
	framer_end(&f);
	assert_string_equal(o.s, "RHHHHBbo(6+4)UdyRhhhhBx");
	assert_int_equal(f.asked, 2);
	framer_clear(&f);
}

static void
a_gap_in_a_head_gives_up_its_start(void **state)
{
	struct framer	 f;
	struct out	 o = { .last = -1 };

	(void)state;
	framer_init(&f, &ops, &o, &mem);
	framer_data(&f, 0, (const uint8_t *)"GE", 2);
	framer_gap(&f, 2, 1);
	/* A mark for a head whose start is gone makes no head. */
	framer_mark(&f, MARK_REQUEST_HEAD, 0, 1);
	framer_mark(&f, MARK_HEAD_END, 5, 1);
	framer_data(&f, 3, (const uint8_t *)"hhb", 3);
	framer_end(&f);
	assert_string_equal(o.s, "UGE(2+1)Uhhb");
	framer_clear(&f);
}

static void
a_hole_in_the_offsets_is_a_gap_and_old_bytes_are_skipped(void **state)
{
	struct framer	 f;
	struct out	 o = { .last = -1 };

	(void)state;
	framer_init(&f, &ops, &o, &mem);
	framer_mark(&f, MARK_OPAQUE, 100, 0);
	framer_data(&f, 100, (const uint8_t *)"ab", 2);
	framer_data(&f, 100, (const uint8_t *)"abc", 3);
	framer_data(&f, 105, (const uint8_t *)"f", 1);
	framer_data(&f, 101, (const uint8_t *)"x", 1);
	framer_end(&f);
	assert_string_equal(o.s, "Oabc(103+2)Of");
	framer_clear(&f);
}

static size_t	 given;

static void
count_chunk(void *arg, enum framer_part part, uint64_t offset,
    const uint8_t *p, size_t n)
{
	(void)arg;
	(void)p;
	assert_int_equal(part, FRAMER_UNMARKED);
	assert_int_equal(offset, given);
	given += n;
}

static void
what_is_held_is_bounded_and_nothing_is_lost(void **state)
{
	static const struct framer_ops	 count = { count_chunk, on_end,
	    on_gap };
	static uint8_t			 big[3 * FRAMER_HOLD_MAX];
	size_t				 step, at, len;
	struct framer			 f;

	(void)state;
	for (step = 1000; step < sizeof(big); step = step * 3 + 1) {
		given = 0;
		framer_init(&f, &count, NULL, &mem);
		for (at = 0; at < sizeof(big); at += len) {
			len = sizeof(big) - at < step ? sizeof(big) - at :
			    step;
			framer_data(&f, at, big + at, len);
			assert_true(f.nheld <= FRAMER_HOLD_MAX);
		}
		framer_end(&f);
		assert_int_equal(given, sizeof(big));
		framer_clear(&f);
		assert_int_equal(mem.used, 0);
	}
}

static void
without_memory_bytes_become_unmarked_and_are_counted(void **state)
{
	struct mem	 none = { .limit = 10 };
	struct framer	 f;
	struct out	 o = { .last = -1 };

	(void)state;
	framer_init(&f, &ops, &o, &none);
	framer_data(&f, 0, (const uint8_t *)"GET", 3);
	framer_data(&f, 3, (const uint8_t *)"HH", 2);
	assert_int_equal(f.refused, 5);
	assert_string_equal(o.s, "UGETHH");
	framer_mark(&f, MARK_REQUEST_HEAD, 5, 1);
	assert_int_equal(f.refused, 6);
	framer_clear(&f);
}

static void
thousands_of_marks_ahead_are_kept(void **state)
{
	static char	 in[8000];
	struct framer	 f;
	struct out	 o;
	size_t		 i;

	(void)state;
	memset(&o, 0, sizeof(o));
	memset(in, 'h', sizeof(in));
	framer_init(&f, &ops, &o, &mem);
	for (i = 0; i < 1000; i++) {
		framer_mark(&f, MARK_REQUEST_HEAD, i * 2, i);
		framer_mark(&f, MARK_HEAD_END, i * 2 + 2, i);
		framer_mark(&f, MARK_MESSAGE_END, i * 2 + 2, i);
	}
	framer_data(&f, 0, (const uint8_t *)in, 2000);
	assert_int_equal(o.n, 4000);
	assert_memory_equal(o.s, "Rhh?Rhh.Rhh.", 12);
	framer_clear(&f);
	assert_int_equal(mem.used, 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(heads_come_out_whole_at_every_cut),
		cmocka_unit_test(trailers_come_out_whole_at_every_cut),
		cmocka_unit_test(a_mark_after_its_bytes_finds_them_held),
		cmocka_unit_test(opaque_and_stray_bytes_are_told_apart),
		cmocka_unit_test(empty_lines_between_messages_are_left_out),
		cmocka_unit_test(after_a_gap_nothing_is_known_until_a_head),
		cmocka_unit_test(a_gap_in_a_head_gives_up_its_start),
		cmocka_unit_test(
		    a_hole_in_the_offsets_is_a_gap_and_old_bytes_are_skipped),
		cmocka_unit_test(what_is_held_is_bounded_and_nothing_is_lost),
		cmocka_unit_test(
		    without_memory_bytes_become_unmarked_and_are_counted),
		cmocka_unit_test(thousands_of_marks_ahead_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
