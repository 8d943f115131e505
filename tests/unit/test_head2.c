/* Heads of HTTP/2 out of fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/head2.h"
#include "sandbox/compat.h"

struct pair {
	const char	*name;
	const char	*value;
};

static struct http_head	 h;

static void
put(const char *name, const char *value, size_t whole)
{
	struct hpack_field	 f;

	f.name = (struct http_span){ (const uint8_t *)name, strlen(name) };
	f.value = (struct http_span){ (const uint8_t *)value, strlen(value) };
	f.whole = whole;
	assert_true(head2_ops.wants(&f.name) >= f.value.len);
	head2_ops.field(&h, &f);
}

static void
head(const struct pair *p, size_t n)
{
	size_t	 i;

	head2_init(&h);
	for (i = 0; i < n; i++)
		put(p[i].name, p[i].value, strlen(p[i].value));
	head2_end(&h);
}

static void
is(const struct http_span *s, const char *want)
{
	assert_non_null(s->p);
	assert_int_equal(s->len, strlen(want));
	assert_memory_equal(s->p, want, s->len);
}

static void
a_request_is_as_one_of_http1(void **state)
{
	static const struct pair	 p[] = {
		{ ":method", "POST" }, { ":path", "/a?b" },
		{ ":authority", "www.example" }, { "user-agent", "me" },
		{ "referer", "http://r/" }, { "content-type", "a/b" },
		{ "content-length", "12" }, { "forwarded", "for=1.2.3.4" },
		{ "x-forwarded-for", "::1" }, { "x-forwarded-for", "::2" },
		{ "referer", "http://s/" }
	};

	(void)state;
	head(p, nitems(p));
	assert_true(h.is_request);
	assert_int_equal(h.flaws, 0);
	assert_int_equal(h.minor, HTTP_TWO_0);
	assert_int_equal(h.method_id, HTTP_POST);
	assert_int_equal(h.fields, nitems(p));
	is(&h.method, "POST");
	is(&h.target, "/a?b");
	is(&h.host, "www.example");
	is(&h.user_agent, "me");
	is(&h.referer, "http://r/");
	is(&h.content_type, "a/b");
	assert_true(h.has_length);
	assert_int_equal(h.content_length, 12);
	assert_int_equal(h.forwarded.n, 1);
	is(&h.forwarded.v[0], "for=1.2.3.4");
	assert_int_equal(h.x_forwarded_for.n, 2);
	is(&h.x_forwarded_for.v[1], "::2");
}

/* Of a long list only the start is kept, and its end would name the client. */
static void
a_list_that_is_cut_names_nobody(void **state)
{
	(void)state;
	head2_init(&h);
	put("x-forwarded-for", "1.2.3.4, 5.6.7.8, 9.", 9000);
	is(&h.x_forwarded_for.v[0], "?");
}

static void
only_what_matters_is_wanted(void **state)
{
	static const struct {
		const char	*name;
		bool		 wanted;
	}		 x[] = {
		{ ":path", true }, { ":status", true }, { "host", true },
		{ "cookie", false }, { ":scheme", false }, { "Host", false },
		{ "transfer-encoding", true }, { "hos", false }
	};
	struct http_span n;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(x); i++) {
		n.p = (const uint8_t *)x[i].name;
		n.len = strlen(x[i].name);
		assert_int_equal(head2_ops.wants(&n) > 0, x[i].wanted);
	}
}

static void
a_status_has_three_digits(void **state)
{
	static const struct {
		const char	*text;
		unsigned	 status;
		uint32_t	 flaws;
	}		 x[] = {
		{ "200", 200, 0 }, { "100", 100, 0 }, { "599", 599, 0 },
		{ "099", 99, HTTP_F_STATUS }, { "600", 600, HTTP_F_STATUS },
		{ "20", 0, HTTP_F_START_LINE },
		{ "2000", 0, HTTP_F_START_LINE },
		{ "x00", 0, HTTP_F_START_LINE },
		{ "2x0", 0, HTTP_F_START_LINE },
		{ "20x", 0, HTTP_F_START_LINE }
	};
	struct pair	 p = { ":status", NULL };
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(x); i++) {
		p.value = x[i].text;
		head(&p, 1);
		assert_false(h.is_request);
		assert_int_equal(h.status, x[i].status);
		assert_int_equal(h.flaws, x[i].flaws);
	}
}

static void
flaws_are_told(void **state)
{
	static const struct {
		struct pair	 p[4];
		uint32_t	 flaws;
	}		 x[] = {
		{ { { ":method", "GET" }, { ":path", "/" } },
		    HTTP_F_HOST_NONE },
		{ { { ":method", "GET" }, { ":path", "" }, { "host", "a" } },
		    HTTP_F_START_LINE },
		{ { { ":method", "" }, { ":path", "/" }, { "host", "a" } },
		    HTTP_F_START_LINE },
		{ { { ":method", "A B" }, { ":path", "/" }, { "host", "a" } },
		    HTTP_F_START_LINE },
		{ { { ":method", "GET" }, { ":path", "/" }, { ":path", "/" },
		    { "host", "a" } }, HTTP_F_START_LINE },
		{ { { ":method", "GET" }, { "host", "a" } },
		    HTTP_F_START_LINE },
		{ { { ":method", "CONNECT" } }, HTTP_F_HOST_NONE },
		{ { { ":method", "CONNECT" }, { ":authority", "a:1" } }, 0 },
		{ { { ":method", "GET" }, { ":path", "/" },
		    { ":authority", "a" }, { "host", "ab" } },
		    HTTP_F_HOST_DUP },
		{ { { ":method", "GET" }, { ":path", "/" },
		    { ":authority", "a\nb" } },
		    HTTP_F_BARE_LF | HTTP_F_HOST_BAD },
		{ { { ":method", "GET" }, { ":path", "/\r\t\2" },
		    { ":authority", "a" } }, HTTP_F_BARE_CR | HTTP_F_CTL },
		{ { { ":method", "GET" }, { ":path", "/" }, { "host", "a" },
		    { ":status", "200" } }, HTTP_F_START_LINE },
		{ { { ":method", "GET" }, { ":path", "/" }, { "host", "a" },
		    { "transfer-encoding", "x" } }, HTTP_F_TE_ODD },
		{ { { ":status", "200" }, { ":status", "200" } },
		    HTTP_F_START_LINE }
	};
	size_t		 i, n;

	(void)state;
	for (i = 0; i < nitems(x); i++) {
		for (n = 0; n < nitems(x[i].p) && x[i].p[n].name != NULL; n++)
			;
		head(x[i].p, n);
		if (h.flaws != x[i].flaws)
			fail_msg("%zu: %x", i, h.flaws);
	}
}

/* What a proxy to HTTP/1 would pass on as lines. */
static void
a_line_end_in_a_value_is_ambiguous(void **state)
{
	static const char *const	 v[] = { "a\nb", "a\rb", "a\tb", "a" };
	struct pair			 p[] = {
		{ ":method", "GET" }, { ":path", "/" }, { ":authority", NULL }
	};
	size_t				 i;

	(void)state;
	for (i = 0; i < nitems(v); i++) {
		p[2].value = v[i];
		head(p, nitems(p));
		assert_int_equal(http_ambiguous(&h), i < 2);
	}
}

/* Whoever writes a section or an event may take a target for granted. */
static void
a_request_has_a_target_always(void **state)
{
	static const struct pair	 p[] = { { ":method", "GET" } };

	(void)state;
	head(p, 1);
	is(&h.target, "");
	head2_init(&h);
	put(":method", "GET", 300);		/* was cut */
	assert_int_equal(h.flaws, HTTP_F_START_LINE);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_request_is_as_one_of_http1),
		cmocka_unit_test(a_list_that_is_cut_names_nobody),
		cmocka_unit_test(only_what_matters_is_wanted),
		cmocka_unit_test(a_status_has_three_digits),
		cmocka_unit_test(flaws_are_told),
		cmocka_unit_test(a_line_end_in_a_value_is_ambiguous),
		cmocka_unit_test(a_request_has_a_target_always),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
