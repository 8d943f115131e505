#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/hook.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

static struct conf_mirror	 conf;
static struct endpoint		 client, server;
static char			 text[4096];

static void
fresh(void)
{
	memset(&conf, 0, sizeof(conf));
	conf.record_dir = conf.forward_dir = DIR_BOTH;
	endpoint_parse("192.0.2.1:40000", &client);
	endpoint_parse("192.0.2.2:80", &server);
}

static enum hook_verdict
run(enum hook_side side, enum framer_part part, enum stream_dir dir,
    const char *in)
{
	struct hook_chain	 c;
	struct chunk		 a = { 0 }, room;
	const struct chunk	*b = &a;
	enum hook_verdict	 v;

	hook_chain_init(&c, &conf, side);
	a.data = guard_copy(in, strlen(in));
	a.len = strlen(in);
	a.part = (uint8_t)part;
	a.dir = (uint8_t)dir;
	a.from = &client;
	a.to = &server;
	v = hook_chain_run(&c, &b, &room);
	assert_true(b->len < sizeof(text));
	memcpy(text, b->data, b->len);
	text[b->len] = '\0';
	/* The chunk that came in is as it was. */
	assert_memory_equal(a.data, in, a.len);
	hook_chain_clear(&c);
	return v;
}

static void
each_direction_goes_where_it_shall(void **state)
{
	static const struct {
		enum conf_dir	 want;
		enum stream_dir	 dir;
		enum hook_verdict verdict;
	} t[] = {
		{ DIR_REQUESTS, STREAM_TO_OBSERVED, HOOK_KEEP },
		{ DIR_REQUESTS, STREAM_FROM_OBSERVED, HOOK_DROP },
		{ DIR_REQUESTS, STREAM_UNKNOWN, HOOK_DROP },
		{ DIR_RESPONSES, STREAM_TO_OBSERVED, HOOK_DROP },
		{ DIR_RESPONSES, STREAM_FROM_OBSERVED, HOOK_KEEP },
		{ DIR_BOTH, STREAM_TO_OBSERVED, HOOK_KEEP },
		{ DIR_BOTH, STREAM_FROM_OBSERVED, HOOK_KEEP },
		{ DIR_BOTH, STREAM_UNKNOWN, HOOK_DROP },
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		fresh();
		conf.record_dir = (uint8_t)t[i].want;
		assert_int_equal(run(HOOK_RECORD, FRAMER_BODY, t[i].dir, "x"),
		    t[i].verdict);
		fresh();
		conf.forward_dir = (uint8_t)t[i].want;
		assert_int_equal(run(HOOK_FORWARD, FRAMER_BODY, t[i].dir,
		    "x"), t[i].verdict);
	}
	/* Requests only is what an untouched configuration means. */
	assert_int_equal(DIR_REQUESTS, 0);
}

static void
listed_headers_are_stripped_whatever_their_shape(void **state)
{
	static const struct {
		const char	*in;
		const char	*out;
	} t[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic eDp5\r\n"
		  "X: 1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n" },
		{ "GET / HTTP/1.1\r\nauthorization:x\r\nCOOKIE : y\r\n\r\n",
		  "GET / HTTP/1.1\r\n\r\n" },
		{ "GET / HTTP/1.1\nCookie: a\n b=c\n\td\nHost: a\n\n",
		  "GET / HTTP/1.1\nHost: a\n\n" },
		{ "GET / HTTP/1.1\r\nX: a\rCookie: hidden\r\nY: b\r\n\r\n",
		  "GET / HTTP/1.1\r\nX: a\rY: b\r\n\r\n" },
		{ "\r\nGET / HTTP/1.1\r\nCookie: a\r\n\r\n",
		  "\r\nGET / HTTP/1.1\r\n\r\n" },
		{ "GET / HTTP/1.1\r\nX-Cookie: a\r\nCookies: b\r\n\r\n",
		  "GET / HTTP/1.1\r\nX-Cookie: a\r\nCookies: b\r\n\r\n" },
		{ "cookie: http://x\r\nHost: a\r\n\r\n",
		  "cookie: http://x\r\nHost: a\r\n\r\n" },
		{ "GET / HTTP/1.1\r\n Cookie: a\r\nA: b\r\n\r\n",
		  "GET / HTTP/1.1\r\nA: b\r\n\r\n" },
		{ "GET / HTTP/1.1\r\n\tx\r\n cookie : a\r\n b\r\n\r\n",
		  "GET / HTTP/1.1\r\n\tx\r\n\r\n" },
		{ "GET / HTTP/1.1\r\nA: b\r\n Cookie: a\r\n\r\n",
		  "GET / HTTP/1.1\r\nA: b\r\n Cookie: a\r\n\r\n" },
		{ "GET / HTTP/1.1\r\nCookie: a", "GET / HTTP/1.1\r\n" },
		{ "GET / HTTP/1.1\r\nCookie", "GET / HTTP/1.1\r\nCookie" },
		{ "", "" },
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		fresh();
		compat_strlcpy(conf.strip[0], "authorization", CONF_NAME_MAX);
		compat_strlcpy(conf.strip[1], "Cookie", CONF_NAME_MAX);
		conf.nstrip = 2;
		run(HOOK_RECORD, FRAMER_REQUEST, STREAM_TO_OBSERVED, t[i].in);
		assert_string_equal(text, t[i].out);
		run(HOOK_RECORD, FRAMER_RESPONSE, STREAM_FROM_OBSERVED,
		    t[i].in);
		assert_string_equal(text, t[i].out);
		/* A body is no head. */
		run(HOOK_RECORD, FRAMER_BODY, STREAM_TO_OBSERVED, t[i].in);
		assert_string_equal(text, t[i].in);
		/* What the record strips, forward keeps. */
		run(HOOK_FORWARD, FRAMER_REQUEST, STREAM_TO_OBSERVED, t[i].in);
		assert_string_equal(text, t[i].in);
		conf.no_strip = true;
		run(HOOK_RECORD, FRAMER_REQUEST, STREAM_TO_OBSERVED, t[i].in);
		assert_string_equal(text, t[i].in);
	}
}

/* Lines are searched in windows: each length, each kind of line end. */
static void
a_header_after_a_long_line_is_stripped(void **state)
{
	static const char *const	 end[] = { "\r\n", "\n", "\r" };
	char				 in[1024], out[1024], line[600];
	size_t				 i, n;

	(void)state;
	memset(line, 'x', sizeof(line));
	for (n = 250; n < 520; n++)
		for (i = 0; i < nitems(end); i++) {
			fresh();
			compat_strlcpy(conf.strip[0], "cookie", CONF_NAME_MAX);
			conf.nstrip = 1;
			snprintf(out, sizeof(out), "GET / HTTP/1.1\r\n%.*s:%s"
			    "Host: a\r\n\r\n", (int)n, line, end[i]);
			snprintf(in, sizeof(in), "GET / HTTP/1.1\r\n%.*s:%s"
			    "Cookie: a%sHost: a\r\n\r\n", (int)n, line, end[i],
			    end[i]);
			run(HOOK_RECORD, FRAMER_REQUEST, STREAM_TO_OBSERVED,
			    in);
			assert_string_equal(text, out);
		}
}

static void
trailers_are_stripped_too(void **state)
{
	static const struct {
		const char	*in;
		const char	*out;
	} t[] = {
		{ "Cookie: a\r\nX: 1\r\n\r\n", "X: 1\r\n\r\n" },
		{ "X: 1\r\nSet-COOKIE: a\r\n b\r\nCookie: c\r\n\r\n",
		  "X: 1\r\n\r\n" },
		{ "cookie: a\n\n", "\n" },
		{ "X: a\rCookie: b\r\n\r\n", "X: a\r\r\n" },
		{ "X: 1\r\n\r\n", "X: 1\r\n\r\n" },
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		fresh();
		compat_strlcpy(conf.strip[0], "cookie", CONF_NAME_MAX);
		compat_strlcpy(conf.strip[1], "set-cookie", CONF_NAME_MAX);
		conf.nstrip = 2;
		run(HOOK_RECORD, FRAMER_TRAILER, STREAM_TO_OBSERVED, t[i].in);
		assert_string_equal(text, t[i].out);
		run(HOOK_FORWARD, FRAMER_TRAILER, STREAM_TO_OBSERVED,
		    t[i].in);
		assert_string_equal(text, t[i].in);
		conf.nset = 1;
		compat_strlcpy(conf.set[0].name, "X", CONF_NAME_MAX);
		run(HOOK_FORWARD, FRAMER_TRAILER, STREAM_TO_OBSERVED,
		    t[i].in);
		assert_string_equal(text, t[i].in);
	}
}

static void
unmarked_bytes_are_hidden_while_a_header_is_stripped(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(run(HOOK_RECORD, FRAMER_UNMARKED, STREAM_TO_OBSERVED,
	    "on: secret\r\n"), HOOK_KEEP);
	conf.nstrip = 1;
	compat_strlcpy(conf.strip[0], "authorization", CONF_NAME_MAX);
	assert_int_equal(run(HOOK_RECORD, FRAMER_UNMARKED, STREAM_TO_OBSERVED,
	    "on: secret\r\n"), HOOK_HIDE);
	assert_int_equal(run(HOOK_RECORD, FRAMER_OPAQUE, STREAM_TO_OBSERVED,
	    "\x16\x03"), HOOK_KEEP);
	assert_int_equal(run(HOOK_FORWARD, FRAMER_UNMARKED,
	    STREAM_TO_OBSERVED, "x"), HOOK_KEEP);
}

static void
a_set_header_is_there_once_and_last(void **state)
{
	static const struct {
		const char	*in;
		const char	*out;
	} t[] = {
		{ "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
		  "POST / HTTP/1.1\r\nHost: a\r\nX-Mirror: 1\r\n"
		  "B: two\r\n\r\n" },
		{ "POST / HTTP/1.1\r\nx-mirror: 0\r\nX-MIRROR: 2\r\n 3\r\n"
		  "Host: a\r\n\r\n",
		  "POST / HTTP/1.1\r\nHost: a\r\nX-Mirror: 1\r\n"
		  "B: two\r\n\r\n" },
		{ "GET / HTTP/1.0\r\n\r\n",
		  "GET / HTTP/1.0\r\nX-Mirror: 1\r\nB: two\r\n\r\n" },
		{ "GET / HTTP/1.0\n\n",
		  "GET / HTTP/1.0\nX-Mirror: 1\r\nB: two\r\n\n" },
		{ "\r\nGET / HTTP/1.0\r\n\r\n",
		  "\r\nGET / HTTP/1.0\r\nX-Mirror: 1\r\nB: two\r\n\r\n" },
	};
	size_t	 i;

	(void)state;
	fresh();
	conf.nset = 2;
	compat_strlcpy(conf.set[0].name, "X-Mirror", CONF_NAME_MAX);
	compat_strlcpy(conf.set[0].value, "1", CONF_HEADER_MAX);
	compat_strlcpy(conf.set[1].name, "B", CONF_NAME_MAX);
	compat_strlcpy(conf.set[1].value, "two", CONF_HEADER_MAX);
	for (i = 0; i < nitems(t); i++) {
		assert_int_equal(run(HOOK_FORWARD, FRAMER_REQUEST,
		    STREAM_TO_OBSERVED, t[i].in), HOOK_CHANGED);
		assert_string_equal(text, t[i].out);
		assert_int_equal(run(HOOK_FORWARD, FRAMER_BODY,
		    STREAM_TO_OBSERVED, t[i].in), HOOK_KEEP);
		assert_int_equal(run(HOOK_FORWARD, FRAMER_RESPONSE,
		    STREAM_FROM_OBSERVED, t[i].in), HOOK_KEEP);
		/* It does not reach the record. */
		assert_int_equal(run(HOOK_RECORD, FRAMER_REQUEST,
		    STREAM_TO_OBSERVED, t[i].in), HOOK_KEEP);
	}
}

static void
forward_and_record_chains_do_not_meet(void **state)
{
	static const char	 in[] = "GET / HTTP/1.1\r\nCookie: a\r\n\r\n";
	struct hook_chain	 f, r;
	struct chunk		 a = { 0 }, froom, rroom;
	const struct chunk	*fo, *ro;
	int			 first;

	(void)state;
	fresh();
	conf.nset = conf.nstrip = 1;
	compat_strlcpy(conf.set[0].name, "X", CONF_NAME_MAX);
	compat_strlcpy(conf.strip[0], "cookie", CONF_NAME_MAX);
	a.data = (const uint8_t *)in;
	a.len = sizeof(in) - 1;
	a.part = FRAMER_REQUEST;
	for (first = 0; first < 2; first++) {
		hook_chain_init(&f, &conf, HOOK_FORWARD);
		hook_chain_init(&r, &conf, HOOK_RECORD);
		fo = ro = &a;
		if (first == 0)
			hook_chain_run(&f, &fo, &froom);
		hook_chain_run(&r, &ro, &rroom);
		if (first == 1)
			hook_chain_run(&f, &fo, &froom);
		assert_int_equal(fo->len, a.len + 5);
		assert_int_equal(ro->len, a.len - 11);
		assert_memory_equal(fo->data + 16, "Cookie: a\r\nX: ", 14);
		assert_memory_equal(ro->data, "GET / HTTP/1.1\r\n\r\n", 18);
		hook_chain_clear(&f);
		hook_chain_clear(&r);
	}
}

static void
a_head_that_cannot_be_held_fails(void **state)
{
	struct hook_buf	 b = { 0 };

	(void)state;
	assert_int_equal(hook_buf_room(&b, HOOK_BUF_MAX), 0);
	assert_int_equal(hook_buf_room(&b, HOOK_BUF_MAX + 1), -1);
	free(b.p);
}

static bool
taken(unsigned host, unsigned port)
{
	struct hook_chain	 c;
	char			 s[64];

	snprintf(s, sizeof(s), "10.0.%u.%u:%u", host / 250, host % 250 + 1,
	    port);
	assert_int_equal(endpoint_parse(s, &client), 0);
	hook_chain_init(&c, &conf, HOOK_RECORD);
	return hook_chain_connection(&c, &client, &server);
}

static void
a_sample_is_stable_and_about_as_large_as_asked(void **state)
{
	unsigned	 i, n;

	(void)state;
	fresh();
	assert_true(taken(1, 1));
	conf.sample = SAMPLE_CLIENT;
	conf.sample_part = 0.1;
	for (i = 0, n = 0; i < 10000; i++) {
		n += taken(i, 1000);
		assert_int_equal(taken(i, 1000), taken(i, 1001));
	}
	assert_in_range(n, 850, 1150);
	conf.sample = SAMPLE_CONNECTION;
	for (i = 0, n = 0; i < 10000; i++) {
		assert_int_equal(taken(1, i + 1), taken(1, i + 1));
		n += taken(1, i + 1);
	}
	assert_in_range(n, 850, 1150);
	conf.sample_part = 1;
	assert_true(taken(7, 7));
	conf.sample_part = 0;
	assert_false(taken(7, 7));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(each_direction_goes_where_it_shall),
		cmocka_unit_test(
		    listed_headers_are_stripped_whatever_their_shape),
		cmocka_unit_test(trailers_are_stripped_too),
		cmocka_unit_test(
		    a_header_after_a_long_line_is_stripped),
		cmocka_unit_test(
		    unmarked_bytes_are_hidden_while_a_header_is_stripped),
		cmocka_unit_test(a_set_header_is_there_once_and_last),
		cmocka_unit_test(forward_and_record_chains_do_not_meet),
		cmocka_unit_test(a_head_that_cannot_be_held_fails),
		cmocka_unit_test(
		    a_sample_is_stable_and_about_as_large_as_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
