#include <stdlib.h>
#include <string.h>

#include "mirror/reply.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

static unsigned	 seen[600];

static void
on_seen(void *arg, unsigned status)
{
	(void)arg;
	seen[status]++;
}

static const char	 stream[] =
    "HTTP/1.1 100 Continue\r\n\r\n"
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"		/* HEAD */
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
    "HTTP/1.1 201 Created\ntransfer-encoding: gzip, Chunked\n\n"
    "4;x=y\r\nHTTP\r\n0\r\nTrailer: 1\r\n\r\n"
    "HTTP/1.1 499\r\nConnection: close\r\n\r\nuntil the end";

static void
answers_are_counted_at_every_cut(void **state)
{
	struct reply	 r;
	size_t		 step, at, n;

	(void)state;
	for (step = 1; step <= sizeof(stream); step++) {
		memset(seen, 0, sizeof(seen));
		reply_init(&r);
		reply_asked(&r, (const uint8_t *)"GET / H", 7);
		reply_asked(&r, (const uint8_t *)"HEAD / H", 8);
		for (at = 0; at < 3; at++)
			reply_asked(&r, (const uint8_t *)"GET / H", 7);
		for (at = 0; at < sizeof(stream) - 1; at += n) {
			n = sizeof(stream) - 1 - at < step ?
			    sizeof(stream) - 1 - at : step;
			reply_data(&r, guard_copy(stream + at, n), n,
			    on_seen, NULL);
		}
		assert_int_equal(seen[200], 2);
		assert_int_equal(seen[304], 1);
		assert_int_equal(seen[201], 1);
		assert_int_equal(seen[499], 1);
		assert_int_equal(seen[100], 0);
		assert_true(r.closes);
		assert_int_equal(reply_open(&r), 1);
		reply_eof(&r);
		assert_int_equal(reply_open(&r), 0);
		reply_clear(&r);
	}
}

static void
what_is_no_answer_is_given_up(void **state)
{
	struct reply	 r;

	(void)state;
	reply_init(&r);
	reply_asked(&r, (const uint8_t *)"GET", 3);
	reply_data(&r, (const uint8_t *)"SSH-2.0-x\r\n", 11, on_seen, NULL);
	assert_true(r.lost);
	reply_eof(&r);
	assert_int_equal(reply_open(&r), 1);
	reply_clear(&r);
	reply_init(&r);			/* 200 in 16 bits */
	reply_asked(&r, (const uint8_t *)"GET", 3);
	reply_data(&r, (const uint8_t *)"HTTP/1.1 65736 OK\r\n", 19, on_seen,
	    NULL);
	assert_true(r.lost);
	reply_clear(&r);
}

static void
what_nobody_asked_for_is_no_answer(void **state)
{
	static const char	 ok[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	static const char	 idle[] =
	    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
	struct reply		 r;

	(void)state;
	memset(seen, 0, sizeof(seen));
	reply_init(&r);
	reply_asked(&r, (const uint8_t *)"GET / H", 7);
	reply_data(&r, (const uint8_t *)ok, sizeof(ok) - 1, on_seen, NULL);
	reply_data(&r, (const uint8_t *)idle, sizeof(idle) - 1, on_seen, NULL);
	reply_eof(&r);
	assert_int_equal(seen[200], 1);
	assert_int_equal(seen[408], 0);
	assert_int_equal(r.done, 1);
	/* One that is asked later has no answer there. */
	reply_asked(&r, (const uint8_t *)"GET / H", 7);
	assert_int_equal(reply_open(&r), 1);
	assert_int_equal(reply_unheard(&r), 1);
	reply_clear(&r);
}

/* Behind 101, and 2xx to CONNECT, whatever lengths it names, is no HTTP. */
static void
what_follows_a_switch_is_no_answer(void **state)
{
	static const struct {
		const char	*ask, *in;
		unsigned	 done;
		bool		 switched;
	} t[] = {
#define TWO	"HTTP/1.1 204 No\r\n\r\n"
		{ "GET / H", "HTTP/1.1 101 Up\r\n\r\n" TWO, 1, true },
		{ "CONNECT a:1 H", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		  "\r\n" TWO, 1, true },
		{ "CONNECT a:1 H", "HTTP/1.1 299 OK\r\n\r\n" TWO, 1, true },
		{ "CONNECT a:1 H", "HTTP/1.1 407 No\r\nContent-Length: 2\r\n"
		  "\r\nno" TWO, 2, false },
	};
	struct reply	 r;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		reply_init(&r);
		reply_asked(&r, (const uint8_t *)t[i].ask, strlen(t[i].ask));
		reply_asked(&r, (const uint8_t *)"GET / H", 7);
		reply_data(&r, (const uint8_t *)t[i].in, strlen(t[i].in),
		    on_seen, NULL);
		assert_int_equal(r.done, t[i].done);
		assert_int_equal(r.switched, t[i].switched);
		assert_int_equal(r.lost, t[i].switched);
		reply_clear(&r);
	}
}

static void
the_last_answer_is_known(void **state)
{
	static const struct {
		const char	*in;
		bool		 ended;
		unsigned	 unheard;	/* of three */
	} t[] = {
#define L	"Content-Length: 2\r\n"
		{ "HTTP/1.1 200 OK\r\n" L "\r\nhi", false, 2 },
		{ "HTTP/1.1 200 OK\r\n" L "\r\nh", false, 2 },
		{ "HTTP/1.1 200 OK\r\n" L, false, 3 },
		{ "HTTP/1.0 200 OK\r\n" L "\r\nh", false, 2 },
		{ "HTTP/1.0 200 OK\r\n" L "\r\nhiHTTP/1.0", true, 2 },
		{ "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" L
		  "\r\nhi", false, 2 },
		{ "HTTP/1.1 200 OK\r\nConnection: a, close\r\n" L "\r\nhi",
		  true, 2 },
		{ "HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: x\r\n"
		  L "\r\nhi", true, 2 },
		{ "HTTP/1.0 100 Continue\r\n\r\n", false, 3 },
		{ "HTTP/1.1 200 OK\r\n" L "\r\nhiHTTP/1.0 100 C\r\n\r\n",
		  false, 2 },
		{ "SSH-2.0-x and more than that\r\n", false, 3 },
	};
	struct reply	 r;
	size_t		 i, k, n;
	bool		 stop;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		reply_init(&r);
		for (k = 0; k < 3; k++)
			reply_asked(&r, (const uint8_t *)"GET / H", 7);
		n = strlen(t[i].in);
		for (k = 0, stop = false; k < n; k++) {
			reply_data(&r, (const uint8_t *)t[i].in + k, 1,
			    on_seen, NULL);
			stop = stop || reply_ended(&r);
		}
		assert_int_equal(stop, t[i].ended);
		assert_int_equal(reply_ended(&r), t[i].ended);
		assert_int_equal(reply_unheard(&r), t[i].unheard);
		reply_clear(&r);
	}
}

static void
open_requests_are_bounded(void **state)
{
	struct reply	 r;
	int		 i;

	(void)state;
	reply_init(&r);
	for (i = 0; i < REPLY_OPEN_MAX; i++)
		reply_asked(&r, (const uint8_t *)(i % 3 == 0 ? "HEAD /" :
		    "GET / "), 6);
	assert_false(r.lost);
	/* The bits of all are at their places. */
	for (i = 0; i < REPLY_OPEN_MAX; i++) {
		reply_data(&r, (const uint8_t *)"HTTP/1.1 200 OK\r\n"
		    "Content-Length: 1\r\n\r\n", 38, on_seen, NULL);
		if (i % 3 != 0)
			reply_data(&r, (const uint8_t *)"x", 1, on_seen,
			    NULL);
		assert_int_equal(reply_open(&r), REPLY_OPEN_MAX - i - 1);
	}
	for (i = 0; i <= REPLY_OPEN_MAX; i++)
		reply_asked(&r, (const uint8_t *)"GET / ", 6);
	assert_true(r.lost);
	reply_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(answers_are_counted_at_every_cut),
		cmocka_unit_test(what_is_no_answer_is_given_up),
		cmocka_unit_test(what_nobody_asked_for_is_no_answer),
		cmocka_unit_test(what_follows_a_switch_is_no_answer),
		cmocka_unit_test(the_last_answer_is_known),
		cmocka_unit_test(open_requests_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
