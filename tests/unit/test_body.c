#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/body.h"
#include "sandbox/compat.h"
#include "tests/lib/guard.h"

struct want {
	const char	*in;
	enum body_answer answer;
	size_t		 used;		/* when the answer is BODY_DONE */
	uint64_t	 seen;
	enum body_error	 error;
	bool		 lax;
	bool		 bare;
};

/* Feeds in pieces of step bytes, first one of cut bytes. */
static enum body_answer
feed(struct body *b, const char *in, size_t cut, size_t step, size_t *all)
{
	size_t			 len = strlen(in), n, used, i;
	enum body_answer	 a = BODY_MORE;

	*all = 0;
	for (i = 0; i < len; i += n, cut = step) {
		n = len - i < cut ? len - i : cut;
		a = body_eat(b, guard_copy(in + i, n), n, &used);
		*all += used;
		if (a != BODY_MORE)
			break;
		assert_int_equal(used, n);
	}
	return a;
}

static void
check(const struct want *w, enum body_kind kind, uint64_t length,
    size_t cut, size_t step)
{
	struct body		 b;
	enum body_answer	 a;
	size_t			 used;

	body_init(&b, kind, length);
	a = feed(&b, w->in, cut, step, &used);
	assert_int_equal(a, w->answer);
	assert_int_equal(b.seen, w->seen);
	assert_int_equal(b.error, w->error);
	assert_int_equal(b.lax, w->lax);
	assert_int_equal(b.bare, w->bare);
	if (a == BODY_DONE)
		assert_int_equal(used, w->used);
}

static void
check_all(const struct want *w, enum body_kind kind, uint64_t length)
{
	size_t	 cut, len = strlen(w->in);

	check(w, kind, length, len, len);
	check(w, kind, length, 1, 1);
	for (cut = 1; cut < len; cut++)
		check(w, kind, length, cut, len);
}

static void
chunked_bodies_end_where_they_should(void **state)
{
	static const struct want cases[] = {
		{ "5\r\nhello\r\n0\r\n\r\nGET", BODY_DONE, 15, 5, BODY_OK,
		    0, 0 },
		{ "0\r\n\r\n", BODY_DONE, 5, 0, BODY_OK, 0, 0 },
		{ "00000005;a=\"b\"\r\nhello\r\n0;x\r\n\r\n", BODY_DONE, 30,
		    5, BODY_OK, 0, 0 },
		{ "1\r\na\r\n2\r\nbc\r\n0\r\nHost: x\r\nA:b\r\n\r\nQ",
		    BODY_DONE, 32, 3, BODY_OK, 0, 0 },
		{ "A\r\n0123456789\r\n0\r\n\r\n", BODY_DONE, 20, 10, BODY_OK,
		    0, 0 },
		{ "5\nhello\n0\n\n", BODY_DONE, 11, 5, BODY_OK, 1, 1 },
		{ "5 \r\nhello\r\n0\r\n\r\n", BODY_DONE, 16, 5, BODY_OK, 1, 0 },
		{ "5;a\nhello\r\n0\r\n\r\n", BODY_DONE, 16, 5, BODY_OK,
		    1, 1 },
		{ "5\r;\r\nhello\r\n0\r\n\r\n", BODY_DONE, 17, 5, BODY_OK,
		    1, 1 },
		{ "5\r\nhello\n0\r\n\r\n", BODY_DONE, 14, 5, BODY_OK, 1, 1 },
		{ "0\r\nA: b\r\rx\r\n\r\n", BODY_DONE, 14, 0, BODY_OK, 1,
		    1 },
		{ "0\r\nA: b\n\r\n", BODY_DONE, 10, 0, BODY_OK, 1, 1 },
		{ "0\r\n\rA: b\r\n\r\n", BODY_DONE, 12, 0, BODY_OK, 1, 1 },
		{ "0\r\n\n", BODY_DONE, 4, 0, BODY_OK, 1, 1 },
		{ "5\r\nhel", BODY_MORE, 0, 3, BODY_OK, 0, 0 }
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(cases); i++)
		check_all(&cases[i], BODY_CHUNKED, 0);
}

static void
broken_chunks_are_told_apart(void **state)
{
	static const struct want cases[] = {
		{ "-5\r\nhello", BODY_BAD, 0, 0, BODY_ESIZE, 0, 0 },
		{ "x\r\n", BODY_BAD, 0, 0, BODY_ESIZE, 0, 0 },
		{ "\r\n", BODY_BAD, 0, 0, BODY_ESIZE, 0, 0 },
		{ "0x5\r\nhello", BODY_BAD, 0, 0, BODY_ESIZE, 0, 0 },
		{ "10000000000000005\r\nhello", BODY_BAD, 0, 0, BODY_EHUGE,
		    0, 0 },
		{ "8000000000000000\r\nhello", BODY_BAD, 0, 0, BODY_EHUGE,
		    0, 0 },
		{ "5\r\nhello!\r\n", BODY_BAD, 0, 5, BODY_ECRLF, 0, 0 },
		{ "5\r\nhello\rX", BODY_BAD, 0, 5, BODY_ECRLF, 0, 0 }
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(cases); i++)
		check_all(&cases[i], BODY_CHUNKED, 0);
}

static void
lines_have_a_limit(void **state)
{
	static char	 line[BODY_LINE_MAX + 64];
	struct body	 b;
	size_t		 used, len;
	int		 over;

	(void)state;
	for (over = -1; over <= 1; over++) {
		len = (size_t)(BODY_LINE_MAX + over);
		memset(line, 'x', len);
		memcpy(line, "5;", 2);
		memcpy(line + len - 2, "\r\n", 2);
		body_init(&b, BODY_CHUNKED, 0);
		assert_int_equal(body_eat(&b, (uint8_t *)line, len, &used),
		    over > 0 ? BODY_BAD : BODY_MORE);
		assert_int_equal(b.error, over > 0 ? BODY_ELINE : BODY_OK);
	}
}

static void
trailers_have_a_limit(void **state)
{
	struct body	 b;
	size_t		 used, n;

	(void)state;
	body_init(&b, BODY_CHUNKED, 0);
	body_eat(&b, (const uint8_t *)"0\r\n", 3, &used);
	for (n = 0; n < BODY_TRAIL_MAX; n += 4)
		assert_int_equal(body_eat(&b, (const uint8_t *)"a:b\n", 4,
		    &used), BODY_MORE);
	assert_int_equal(body_eat(&b, (const uint8_t *)"a:b\n", 4, &used),
	    BODY_BAD);
	assert_int_equal(b.error, BODY_ELINE);
}

static void
length_is_counted_exactly(void **state)
{
	static const struct want	 in = { "hello, world", BODY_DONE, 5, 5,
					    BODY_OK, 0, 0 };
	struct body			 b;
	size_t				 used;

	(void)state;
	check_all(&in, BODY_LENGTH, 5);
	body_init(&b, BODY_LENGTH, 0);
	assert_true(body_done(&b));
	assert_int_equal(body_eat(&b, (const uint8_t *)"x", 1, &used),
	    BODY_DONE);
	assert_int_equal(used, 0);
}

static void
until_close_takes_all(void **state)
{
	struct body	 b;
	size_t		 used;

	(void)state;
	body_init(&b, BODY_CLOSE, 0);
	assert_int_equal(body_eat(&b, (const uint8_t *)"HTTP/1.1 200 OK\r\n",
	    17, &used), BODY_MORE);
	assert_int_equal(used, 17);
	assert_int_equal(body_skip(&b, 1000), BODY_MORE);
	assert_int_equal(b.seen, 1017);
}

static void
loss_inside_a_length_keeps_the_count(void **state)
{
	struct body	 b;
	size_t		 used;

	(void)state;
	body_init(&b, BODY_LENGTH, 10);
	assert_int_equal(body_eat(&b, (const uint8_t *)"ab", 2, &used),
	    BODY_MORE);
	assert_int_equal(body_skip(&b, 7), BODY_MORE);
	assert_int_equal(body_skip(&b, 0), BODY_MORE);
	assert_int_equal(body_eat(&b, (const uint8_t *)"zG", 2, &used),
	    BODY_DONE);
	assert_int_equal(used, 1);
	body_init(&b, BODY_LENGTH, 10);
	assert_int_equal(body_skip(&b, 10), BODY_DONE);
	body_init(&b, BODY_LENGTH, 10);
	assert_int_equal(body_skip(&b, 11), BODY_BAD);
	assert_int_equal(b.error, BODY_OK);
}

static void
loss_of_chunk_framing_is_the_end_of_knowledge(void **state)
{
	struct body	 b;
	size_t		 used;

	(void)state;
	body_init(&b, BODY_CHUNKED, 0);
	body_eat(&b, (const uint8_t *)"a\r\nxx", 5, &used);
	assert_int_equal(body_skip(&b, 8), BODY_MORE);
	assert_int_equal(body_eat(&b, (const uint8_t *)"\r\n0\r\n\r\n", 7,
	    &used), BODY_DONE);
	body_init(&b, BODY_CHUNKED, 0);
	body_eat(&b, (const uint8_t *)"a\r\nxx", 5, &used);
	assert_int_equal(body_skip(&b, 9), BODY_BAD);
	body_init(&b, BODY_CHUNKED, 0);
	assert_int_equal(body_skip(&b, 1), BODY_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunked_bodies_end_where_they_should),
		cmocka_unit_test(broken_chunks_are_told_apart),
		cmocka_unit_test(lines_have_a_limit),
		cmocka_unit_test(trailers_have_a_limit),
		cmocka_unit_test(length_is_counted_exactly),
		cmocka_unit_test(until_close_takes_all),
		cmocka_unit_test(loss_inside_a_length_keeps_the_count),
		cmocka_unit_test(loss_of_chunk_framing_is_the_end_of_knowledge)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
