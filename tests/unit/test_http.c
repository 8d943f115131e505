#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/http.h"
#include "sandbox/compat.h"
#include "tests/lib/guard.h"

static ssize_t
parse(const char *in, struct http_head *h)
{
	size_t	 len = strlen(in);

	return http_parse(guard_copy(in, len), len, h);
}

static void
assert_span(const struct http_span *s, const char *want)
{
	assert_non_null(s->p);
	assert_int_equal(s->len, strlen(want));
	assert_memory_equal(s->p, want, s->len);
}

static const char	get[] =
    "GET /a/b?q=1 HTTP/1.1\r\nHost: Www.Example.COM.:80\r\n"
    "User-Agent: curl/7\r\nAccept: */*\r\nCookie: a=b\r\n"
    "Referer:  http://x/ \r\nConnection: keep-alive, Upgrade\r\n"
    "Upgrade: websocket\r\nAuthorization: Basic x\r\n\r\n";

static void
request_head_is_read(void **state)
{
	struct http_head h;

	(void)state;
	assert_int_equal(parse(get, &h), sizeof(get) - 1);
	assert_true(h.is_request);
	assert_int_equal(h.method_id, HTTP_GET);
	assert_int_equal(h.minor, 1);
	assert_int_equal(h.flaws, 0);
	assert_int_equal(h.fields, 8);
	assert_span(&h.target, "/a/b?q=1");
	assert_span(&h.host, "Www.Example.COM.:80");
	assert_span(&h.user_agent, "curl/7");
	assert_span(&h.referer, "http://x/");
	assert_span(&h.upgrade, "websocket");
	assert_int_equal(h.connection, HTTP_CN_KEEP | HTTP_CN_UPGRADE);
	assert_false(h.has_length);
}

static void
response_head_is_read(void **state)
{
	static const char	 in[] = "HTTP/1.0 404 Not Found\r\n"
	    "content-length: 12\r\nCONTENT-TYPE: text/html\r\n"
	    "Transfer-Encoding: gzip, Chunked\r\nSet-Cookie: x\r\n\r\n";
	struct http_head	 h;

	(void)state;
	assert_int_equal(parse(in, &h), sizeof(in) - 1);
	assert_false(h.is_request);
	assert_int_equal(h.status, 404);
	assert_int_equal(h.minor, 0);
	assert_span(&h.content_type, "text/html");
	assert_true(h.has_length && h.content_length == 12);
	assert_true(h.chunked && h.has_coding);
	assert_int_equal(h.flaws, HTTP_F_TE_CL | HTTP_F_TE_10);
}

static void
head_waits_at_every_cut(void **state)
{
	struct http_head h;
	uint8_t		 st;
	size_t		 n, all = sizeof(get) - 1;

	(void)state;
	for (n = 0; n < all; n++) {
		assert_int_equal(http_parse(guard_copy(get, n), n, &h), 0);
		assert_int_not_equal(http_guess(guard_copy(get, n), n),
		    HTTP_NO);
		st = 0;
		assert_int_equal(http_end(&st, guard_copy(get, n), n), 0);
		assert_int_equal(http_end(&st, guard_copy(get + n, all - n),
		    all - n), all - n);
	}
	st = 0;
	for (n = 0; n < all; n++)
		assert_int_equal(http_end(&st, guard_copy(get + n, 1), 1),
		    n == all - 1);
}

static void
bytes_after_the_head_are_not_touched(void **state)
{
	static const char	 in[] = "\r\n\nGET / HTTP/1.1\nHost: a\n\nGET";
	struct http_head	 h;

	(void)state;
	assert_int_equal(parse(in, &h), sizeof(in) - 1 - 3);
	assert_int_equal(h.flaws, HTTP_F_BARE_LF);
	assert_span(&h.host, "a");
}

static void
flaws_are_told_apart(void **state)
{
	static const struct { const char *lines; uint32_t flaws; } c[] = {
		{ "Host: a\r\nHost: b\r\n", HTTP_F_HOST_DUP },
		{ "A: b\r\n", HTTP_F_HOST_NONE },
		{ "Host: a b\r\n", HTTP_F_HOST_BAD },
		{ "Host: a\r\n b\r\n", HTTP_F_OBS_FOLD | HTTP_F_HOST_BAD },
		{ "Host: a\r\nX: a\rb\r\n", HTTP_F_BARE_CR },
		{ "Host: a\r\nX: a\x01" "b\r\n", HTTP_F_CTL },
		{ "Host: a\r\nfoo\r\n", HTTP_F_NO_COLON },
		{ "Host: a\r\nX : y\r\n", HTTP_F_NAME },
		{ "Host: a\r\n: y\r\n", HTTP_F_NAME },
		{ "Host: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
		    HTTP_F_CL_DUP },
		{ "Host: a\r\nContent-Length: 5, 5\r\n", HTTP_F_CL_DUP },
		{ "Host: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
		    HTTP_F_CL_DIFF },
		{ "Host: a\r\nContent-Length: +5\r\n", HTTP_F_CL_BAD },
		{ "Host: a\r\nContent-Length:\r\n", HTTP_F_CL_BAD },
		{ "Host: a\r\nContent-Length: 99999999999999999999\r\n",
		    HTTP_F_CL_BAD },
		{ "Host: a\r\nContent-Length: 5\r\n"
		    "Transfer-Encoding: chunked\r\n", HTTP_F_TE_CL },
		{ "Host: a\r\nTransfer-Encoding: xchunked\r\n",
		    HTTP_F_TE_ODD },
		{ "Host: a\r\nTransfer-Encoding: chunked, gzip\r\n",
		    HTTP_F_TE_ODD },
		{ "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", 0 },
		{ "Host: a\r\nTransfer-Encoding: identity\r\n", 0 },
		{ "Host: a\r\nX:\r\n", 0 }
	};
	struct http_head h;
	char		 in[256];
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(c); i++) {
		snprintf(in, sizeof(in), "GET / HTTP/1.1\r\n%s\r\n",
		    c[i].lines);
		assert_int_equal(parse(in, &h), strlen(in));
		assert_int_equal(h.flaws, c[i].flaws);
	}
	assert_string_equal(http_flaw_name(HTTP_F_TE_CL),
	    "coding-and-length");
}

static void
a_target_may_name_another_host(void **state)
{
	static const struct { const char *target, *host; bool two; } c[] = {
		{ "http://a.example/x", "a.example", false },
		{ "http://u:p@A.example.:80", "a.example", false },
		{ "http://a.example:8080/", "A.EXAMPLE.", false },
		{ "https://[::1]:443/?x", "[::1]", false },
		{ "/http://b/", "a", false },
		{ "http:///x", "a", false },
		{ "http://a/", "", false },
		{ "http://a/", "b", true },
		{ "http://a/", "a.b", true },
		{ "http://a:81/", "a:82", true },
		{ "http://a@b/", "a", true },
		{ "http://[::1]/", "[::2]", true }
	};
	struct http_head h;
	char		 in[256];
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(c); i++) {
		snprintf(in, sizeof(in), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n",
		    c[i].target, c[i].host);
		assert_int_equal(parse(in, &h), strlen(in));
		if (h.flaws != (c[i].two ? HTTP_F_HOST_DUP : 0))
			fail_msg("%zu: %x", i, h.flaws);
	}
}

/* A head of bare line ends throughout has no other reading. */
static void
readers_may_part_over_a_bare_cr_or_lf(void **state)
{
	static const struct { const char *in; bool ambiguous; } c[] = {
		{ "GET / HTTP/1.1\nHost: a\n\n", false },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 5\r\n"
		    "\r\n", true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding:\rchunked\r\n\r\n",
		    true },
		{ "HTTP/1.1 200 O\rK\r\n\r\n", true },
		{ "\r\nGET / HTTP/1.1\nHost: a\n\n", false },
		{ "GET / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 5\r\n"
		    "\r\n", true },
		{ "GET / HTTP/1.1\r\nHost: a\r\n\n", true },
		{ "GET / HTTP/1.1\nHost: a\n\r\n", true }
	};
	struct http_head h;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(c); i++) {
		assert_int_equal(parse(c[i].in, &h), strlen(c[i].in));
		assert_int_equal(http_ambiguous(&h), c[i].ambiguous);
	}
}

static void
nul_is_a_flaw_and_no_end(void **state)
{
	static const char	 in[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
	struct http_head	 h;

	(void)state;
	assert_int_equal(http_parse(guard_copy(in, sizeof(in) - 1),
	    sizeof(in) - 1, &h), sizeof(in) - 1);
	assert_int_equal(h.flaws, HTTP_F_NUL | HTTP_F_HOST_BAD);
	assert_int_equal(h.host.len, 3);
}

static void
folded_framing_is_still_read(void **state)
{
	static const char	 in[] = "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Transfer-Encoding:\r\n chunked\r\nContent-Length:\r\n\t7\r\n\r\n";
	struct http_head	 h;

	(void)state;
	assert_true(parse(in, &h) > 0);
	assert_true(h.chunked);
	assert_true(h.has_length && h.content_length == 7);
	assert_true(h.flaws & HTTP_F_OBS_FOLD);
}

static void
start_lines_are_judged(void **state)
{
	static const struct { const char *in; enum http_guess g; } c[] = {
		{ "GET / HTTP/1.1\r\n", HTTP_REQUEST },
		{ "\r\n\r\nGET / HTTP/1.0\n", HTTP_REQUEST },
		{ "BREW /pot HTTP/1.1\r\n", HTTP_REQUEST },
		{ "M-SEARCH * HTTP/1.1\r\n", HTTP_REQUEST },
		{ "CONNECT a:443 HTTP/1.1\r\n", HTTP_REQUEST },
		{ "GET http://a/ HTTP/1.1\r\n", HTTP_REQUEST },
		{ "FOO http://a/ HTTP/1.1\r\n", HTTP_REQUEST },
		{ "GET  /a b HTTP/1.1 \r\n", HTTP_REQUEST },
		{ "HTTP/1.1 200 OK\r\n", HTTP_RESPONSE },
		{ "HTTP/1.0 200\r\n", HTTP_RESPONSE },
		{ "PRI * HTTP/2.0\r\n", HTTP_TWO },
		{ "GET / HTTP/1.", HTTP_MAYBE },
		{ "GET", HTTP_MAYBE }, { "", HTTP_MAYBE },
		{ "HTTP/1.1 2", HTTP_MAYBE }, { "\r\n", HTTP_MAYBE },
		{ "GET /\r\n", HTTP_NO },
		{ "GET HTTP/1.1\r\n", HTTP_REQUEST },
		{ "FOO HTTP/1.1\r\n", HTTP_NO },
		{ "GET /HTTP/1.1\r\n", HTTP_NO },
		{ "GET / HTTP/0.9\r\n", HTTP_REQUEST },
		{ "GET / HTTP/2.0\r\n", HTTP_REQUEST },
		{ "HTTP/0.9 200 OK\r\n", HTTP_RESPONSE },
		{ "HTTP/a.1 200 OK\r\n", HTTP_NO },
		{ "PRI / HTTP/2.0\r\n", HTTP_NO },
		{ "HTTP/1.1  200 OK\r\n", HTTP_RESPONSE },
		{ "HTTP/1.1  2", HTTP_MAYBE },
		{ "HTTP/1.1 \r\n", HTTP_NO },
		{ "HTTP/2.0 200 OK\r\n", HTTP_RESPONSE },
		{ "HTTP/3.0 200 OK\r\n", HTTP_RESPONSE },
		{ "HTTP/1.1 000 OK\r\n", HTTP_RESPONSE },
		{ "OPTIONS rtsp://a RTSP/1.0\r\n", HTTP_NO },
		{ "INVITE sip:a SIP/2.0\r\n", HTTP_NO },
		{ "MAIL FROM:<a@b> HTTP/1.1\r\n", HTTP_NO },
		{ "HTTP/2 200\r\n", HTTP_NO },
		{ "HTTP/1.1 2000 OK\r\n", HTTP_NO },
		{ "HTTP/1.1 20 OK\r\n", HTTP_NO },
		{ "EHLO example.com\r\n", HTTP_NO },
		{ "\x16\x03\x01", HTTP_NO }
	};
	size_t	 i, len;

	(void)state;
	for (i = 0; i < nitems(c); i++) {
		len = strlen(c[i].in);
		assert_int_equal(http_guess(guard_copy(c[i].in, len), len),
		    c[i].g);
	}
}

static void
method_names_have_a_limit(void **state)
{
	char	 in[HTTP_METHOD_MAX + 16];
	int	 n;

	(void)state;
	for (n = HTTP_METHOD_MAX - 1; n <= HTTP_METHOD_MAX + 1; n++) {
		memset(in, 'M', sizeof(in));
		memcpy(in + n, " / HTTP/1.1\r\n", 14);
		assert_int_equal(http_guess((uint8_t *)in, strlen(in)),
		    n > HTTP_METHOD_MAX ? HTTP_NO : HTTP_REQUEST);
	}
}

static void
hosts_are_normalised(void **state)
{
	static const struct { const char *line, *host, *want; } c[] = {
		{ "GET / ", "Example.COM", "example.com" },
		{ "GET / ", "example.com:80", "example.com" },
		{ "GET / ", "example.com.", "example.com" },
		{ "GET / ", "example.com.:80", "example.com" },
		{ "GET / ", "example.com:", "example.com" },
		{ "GET / ", "example.com:8080", "example.com:8080" },
		{ "GET / ", "[2001:DB8::1]:80", "[2001:db8::1]" },
		{ "GET / ", "[2001:db8::1]:81", "[2001:db8::1]:81" },
		{ "GET / ", "[::1]", "[::1]" },
		{ "GET / ", "::1", "::1" },
		{ "GET / ", "[broken", "[broken" },
		{ "GET / ", "", "" },
		{ "GET http://U:p@Real.example/x ", "a", "real.example" },
		{ "GET http://real.example:80?x ", "a", "real.example" },
		{ "GET http:// ", "a", "a" },
		{ "GET http://a..b/ ", "Host.example", "host.example" },
		{ "GET http://.b/ ", "a", "a" },
		{ "GET http://[::1:80/ ", "a", "a" },
		{ "GET http://[::1]:8080/ ", "a", "[::1]:8080" },
		{ "GET http://@/ ", "a", "a" },
		{ "CONNECT Secure.example:443 ", "Proxy.example:3128",
		    "proxy.example:3128" },
		{ "OPTIONS * ", "a", "a" }
	};
	struct http_head h;
	uint8_t		 out[HTTP_HOST_MAX];
	char		 in[256];
	size_t		 i, n;

	(void)state;
	for (i = 0; i < nitems(c); i++) {
		snprintf(in, sizeof(in), "%sHTTP/1.1\r\nHost: %s\r\n\r\n",
		    c[i].line, c[i].host);
		assert_true(parse(in, &h) > 0);
		n = http_host(&h, out);
		assert_int_equal(n, strlen(c[i].want));
		assert_memory_equal(out, c[i].want, n);
	}
}

static void
long_hosts_are_cut(void **state)
{
	struct http_head h;
	uint8_t		 out[HTTP_HOST_MAX];
	char		 in[HTTP_HOST_MAX + 64] = "GET / HTTP/1.1\r\nHost: ";
	size_t		 at = strlen(in);

	(void)state;
	memset(in + at, 'a', HTTP_NAME_MAX + 1);
	memcpy(in + at + HTTP_NAME_MAX + 1, "\r\n\r\n", 5);
	assert_true(parse(in, &h) > 0);
	assert_true(h.flaws & HTTP_F_HOST_BAD);	/* but told whole */
	assert_int_equal(http_host(&h, out), HTTP_NAME_MAX + 1);
	memset(in + at, 'a', HTTP_HOST_MAX + 1);
	memcpy(in + at + HTTP_HOST_MAX + 1, "\r\n\r\n", 5);
	assert_true(parse(in, &h) > 0);
	assert_true(h.flaws & HTTP_F_HOST_BAD);
	assert_int_equal(http_host(&h, out), HTTP_HOST_MAX);
}

static void
sections_are_cut_to_depth(void **state)
{
	static const struct { const char *line; unsigned depth;
	    const char *want; }
	c[] = {
		{ "GET / ", 1, "/" }, { "GET /a ", 1, "/a" },
		{ "GET /a/ ", 1, "/a" }, { "GET /a/b/c ", 1, "/a" },
		{ "GET /a/b/c ", 2, "/a/b" }, { "GET /a/b/c ", 0, "/" },
		{ "GET /a/b/c/d/e ", 4, "/a/b/c/d" },
		{ "GET /a?x=/b/c ", 2, "/a" }, { "GET /a#x ", 1, "/a" },
		{ "GET //a//b ", 2, "/a/b" }, { "GET /?q ", 1, "/" },
		{ "GET http://h/a/b ", 1, "/a" }, { "GET http://h ", 1, "/" },
		{ "GET http://h?x/y ", 1, "/" },
		{ "GET /%61%2f%7Eb ", 1, "/a%2F~b" },
		{ "GET /%zz% ", 1, "/%zz%" },
		{ "GET index.html ", 1, "/index.html" },
		{ "OPTIONS * ", 1, "*" }, { "CONNECT a:1 ", 1, "(connect)" }
	};
	struct http_head h;
	uint8_t		 out[HTTP_SECTION_MAX];
	char		 in[256];
	size_t		 i, n;

	(void)state;
	for (i = 0; i < nitems(c); i++) {
		snprintf(in, sizeof(in), "%sHTTP/1.1\r\nHost: h\r\n\r\n",
		    c[i].line);
		assert_true(parse(in, &h) > 0);
		n = http_section(&h, c[i].depth, out);
		assert_int_equal(n, strlen(c[i].want));
		assert_memory_equal(out, c[i].want, n);
	}
}

static void
long_sections_are_cut(void **state)
{
	struct http_head h;
	uint8_t		 out[HTTP_SECTION_MAX];
	char		 in[1024] = "GET /";

	(void)state;
	memset(in + 5, 'a', 600);
	memcpy(in + 605, " HTTP/1.0\r\n\r\n", 14);
	assert_true(parse(in, &h) > 0);
	assert_int_equal(http_section(&h, 1, out), HTTP_SECTION_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_head_is_read),
		cmocka_unit_test(response_head_is_read),
		cmocka_unit_test(head_waits_at_every_cut),
		cmocka_unit_test(bytes_after_the_head_are_not_touched),
		cmocka_unit_test(flaws_are_told_apart),
		cmocka_unit_test(a_target_may_name_another_host),
		cmocka_unit_test(readers_may_part_over_a_bare_cr_or_lf),
		cmocka_unit_test(nul_is_a_flaw_and_no_end),
		cmocka_unit_test(folded_framing_is_still_read),
		cmocka_unit_test(start_lines_are_judged),
		cmocka_unit_test(method_names_have_a_limit),
		cmocka_unit_test(hosts_are_normalised),
		cmocka_unit_test(long_hosts_are_cut),
		cmocka_unit_test(sections_are_cut_to_depth),
		cmocka_unit_test(long_sections_are_cut)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
