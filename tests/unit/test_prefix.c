#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/prefix.h"
#include "sandbox/compat.h"
#include "tests/lib/guard.h"

/* len bytes of p are one prefix: whole, and waited for at every cut. */
static void
is_prefix(const char *p, size_t len)
{
	char	 more[512];
	size_t	 n;

	for (n = 1; n < len; n++)
		assert_int_equal(prefix_len(guard_copy(p, n), n), PREFIX_MORE);
	memcpy(more, p, len);
	memcpy(more + len, "GET / HTTP/1.1", 14);
	assert_int_equal(prefix_len(guard_copy(more, len + 14), len + 14),
	    len);
}

static void
is_none(const char *p, size_t len)
{
	assert_int_equal(prefix_len(guard_copy(p, len), len), 0);
}

#define BYTES(s)	s, sizeof(s) - 1

static void
proxy_headers_are_measured(void **state)
{
	static const char	 one[] = "PROXY TCP4 1.2.3.4 5.6.7.8 1 80\r\n";
	static const char	 two[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c"
	    "aaaabbbbccdd";
	size_t			 n;

	(void)state;
	is_prefix(BYTES(one));
	for (n = 5; n < sizeof(two) - 1; n++)
		assert_int_equal(prefix_len(guard_copy(two, n), n),
		    PREFIX_MORE);
	assert_int_equal(prefix_len(guard_copy(two, n), n), n);
	is_none(BYTES("PROXY2"));
	is_none(BYTES("\r\n\r\nGET / HTTP/1.1"));
}

static void
source_is(const char *p, size_t len, const char *want)
{
	struct endpoint	 e;
	char		 s[ENDPOINT_TEXT_MAX];

	if (!prefix_source(guard_copy(p, len), len, &e))
		assert_null(want);
	else
		assert_string_equal(endpoint_print(&e, s, sizeof(s)), want);
}

static void
proxy_headers_name_their_source(void **state)
{
	(void)state;
	source_is(BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 99 80\r\n"),
	    "1.2.3.4:99");
	source_is(BYTES("PROXY TCP6 2001:db8::1 ::1 65535 80\n"),
	    "[2001:db8::1]:65535");
	source_is(BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 65536 80\r\n"), NULL);
	source_is(BYTES("PROXY TCP4 1.2.3 5.6.7.8 1 80\r\n"), NULL);
	source_is(BYTES("PROXY TCP5 1.2.3.4 5.6.7.8 1 80\r\n"), NULL);
	source_is(BYTES("PROXY TCP4 1.2.3.4\r\n"), NULL);
	source_is(BYTES("PROXY UNKNOWN\r\n"), NULL);
	source_is(BYTES("PROXY\n"), NULL);
	source_is(BYTES("PROXY \n"), NULL);
	source_is(BYTES("PROXY TCP4 1\0 5.6.7.8 1 80\r\n"), NULL);
	source_is(BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 99 80\r\nGET"), NULL);
#define TWO	"\r\n\r\n\0\r\nQUIT\n"
	source_is(BYTES(TWO "\x21\x11\0\x0c\1\2\3\4\5\6\7\x8\1\2\0P"),
	    "1.2.3.4:258");
	source_is(BYTES(TWO "\x21\x11\0\x0f\1\2\3\4\5\6\7\x8\1\2\0P"
	    "\4\0\0"), "1.2.3.4:258");
	source_is(BYTES(TWO "\x21\x21\0\x24\x20\1\x0d\xb8" "aaaabbbbcccc"
	    "ddddeeeeffffgggg\1\2\0P"),
	    "[2001:db8:6161:6161:6262:6262:6363:6363]:258");
	source_is(BYTES(TWO "\x20\x11\0\x0c\1\2\3\4\5\6\7\x8\1\2\0P"),
	    NULL);
	source_is(BYTES(TWO "\x21\x11\0\x0b\1\2\3\4\5\6\7\x8\1\2\0"),
	    NULL);
	source_is(BYTES(TWO "\x21\x21\0\4abcd"), NULL);
	source_is(BYTES(TWO "\x21\0\0\0"), NULL);
	source_is(BYTES("\5\1\0\5\1\0\1\1\2\3\4\0P"), NULL);
}

static void
socks_talks_are_measured(void **state)
{
	(void)state;
	is_prefix(BYTES("\x05\x01\x00\x05\x01\x00\x01\x01\x02\x03\x04"
	    "\x00\x50"));
	is_prefix(BYTES("\x05\x02\x00\x02\x01\x01u\x02pw"
	    "\x05\x01\x00\x03\x03" "a.b\x01\xbb"));
	is_prefix(BYTES("\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"));
	is_prefix(BYTES("\x05\x02\x01\x00\x05\x00\x00\x04"
	    "0123456789abcdef\x00\x50"));
	is_prefix(BYTES("\x04\x01\x00\x50\x01\x02\x03\x04user\0"));
	is_prefix(BYTES("\x04\x01\x00\x50\x00\x00\x00\x01user\0a.example\0"));
	is_prefix(BYTES("\x00\x5a\x00\x00\x00\x00\x00\x00"));
}

static void
other_first_bytes_are_none(void **state)
{
	(void)state;
	is_none(BYTES("GET / HTTP/1.1\r\n"));
	is_none(BYTES("HTTP/1.1 200 OK\r\n"));
	is_none(BYTES("\x16\x03\x01"));
	is_none(BYTES("\x05\xff"));
	is_none(BYTES("\x05\x01\x00\x06"));
	is_none(BYTES("\x04\x02\x00\x50"));
	is_none(BYTES("\x00\x5b"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proxy_headers_are_measured),
		cmocka_unit_test(proxy_headers_name_their_source),
		cmocka_unit_test(socks_talks_are_measured),
		cmocka_unit_test(other_first_bytes_are_none)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
