#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/compat.h"
#include "ui/webhead.h"

static struct webhead	 h;
static char		*bytes;

/* The status of a head that nothing terminates, 0 when it is good. */
static int
parse_n(const char *s, size_t n)
{
	free(bytes);
	bytes = malloc(n == 0 ? 1 : n);
	assert_non_null(bytes);
	memcpy(bytes, s, n);
	return webhead_parse(bytes, n, &h);
}

static int
parse(const char *s)
{
	return parse_n(s, strlen(s));
}

static void
is_target(const char *s)
{
	assert_int_equal(h.target_len, strlen(s));
	assert_memory_equal(h.target, s, strlen(s));
}

static void
test_good(void **state)
{
	(void)state;
	assert_int_equal(parse("GET /a?b=c HTTP/1.1\r\nHost: x:1\r\n\r\n"), 0);
	is_target("/a?b=c");
	assert_int_equal(h.host_len, 1);
	assert_false(h.head);
	assert_false(h.openmetrics);
	assert_int_equal(parse("HEAD / HTTP/1.0\nhost:\t[::1]:9470 \n\n"), 0);
	assert_true(h.head);
	assert_int_equal(h.host_len, 5);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: x\r\nAccept: "
	    "text/plain;q=0.5,Application/OpenMetrics-text;version=1.0.0\r\n"
	    "\r\n"), 0);
	assert_true(h.openmetrics);
	/* RFC 9112, 3.2.2: the URL says which host is meant. */
	assert_int_equal(parse("GET http://a.example:80/b HTTP/1.1\r\n"
	    "Host: localhost\r\n\r\n"), 0);
	is_target("/b");
	assert_false(webhead_ours(&h, NULL, 0));
}

static void
test_bad(void **state)
{
	(void)state;
	assert_int_equal(parse(""), 400);
	assert_int_equal(parse("\r\n\r\n"), 400);
	assert_int_equal(parse("GET /\r\nHost: x\r\n\r\n"), 400);
	assert_int_equal(parse("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
	assert_int_equal(parse("GET / HTTP/1.1 x\r\nHost: x\r\n\r\n"), 400);
	assert_int_equal(parse("GET  / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
	assert_int_equal(parse("GET a HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
	assert_int_equal(parse("GET http://x HTTP/1.1\r\nHost: x\r\n\r\n"),
	    400);
	assert_int_equal(parse("POST / HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
	assert_int_equal(parse("get / HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
	assert_int_equal(parse("GET / HTTP/1.1\r\n\r\n"), 400);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"),
	    400);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost : x\r\n\r\n"), 400);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n"),
	    400);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n"),
	    400);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a\x1b\r\n\r\n"), 400);
	assert_int_equal(parse_n("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 28),
	    400);
}

static void
test_end(void **state)
{
	static const char	 s[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET";
	size_t			 n;

	(void)state;
	for (n = 0; n < sizeof(s) - 4; n++)
		assert_int_equal(webhead_end(s, n), 0);
	for (; n < sizeof(s); n++)
		assert_int_equal(webhead_end(s, n), sizeof(s) - 4);
	assert_int_equal(webhead_end("a\n\nb", 4), 3);
	assert_int_equal(webhead_end("\n\r\n", 3), 3);
}

static bool
ours(const char *host)
{
	static const char *const	 names[] = { "fw1.example", "fw1" };
	char				 s[512];

	snprintf(s, sizeof(s), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
	assert_int_equal(parse(s), 0);
	return webhead_ours(&h, names, nitems(names));
}

static void
test_ours(void **state)
{
	char	 s[300];

	(void)state;
	assert_true(ours("127.0.0.1:9470"));
	assert_true(ours("192.0.2.1"));
	assert_true(ours("[2001:db8::1]:9470"));
	assert_true(ours("[::1]"));
	assert_true(ours("LocalHost:80"));
	assert_true(ours("FW1"));
	assert_true(ours("fw1.example."));
	assert_false(ours(""));
	assert_false(ours("evil.example"));
	assert_false(ours("fw1.example.evil"));
	assert_false(ours("127.0.0.1.evil.example"));
	assert_false(ours("fw"));
	assert_false(ours("[::1"));
	assert_false(ours("[evil]"));
	memset(s, '1', sizeof(s) - 1);
	s[sizeof(s) - 1] = '\0';
	assert_false(ours(s));
}

static int
clean(void **state)
{
	(void)state;
	free(bytes);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_ours),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
