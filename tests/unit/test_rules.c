#include <stdio.h>
#include <string.h>

#include "mirror/rules.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

static struct conf_mirror	 conf;

static void
fresh(void)
{
	memset(&conf, 0, sizeof(conf));
}

static struct conf_mirror_rule *
add(bool ignore, const char *method, const char *host, const char *path)
{
	struct conf_mirror_rule	*r = &conf.rules[conf.nrules++];

	r->ignore = ignore;
	compat_strlcpy(r->asks.host, host, sizeof(r->asks.host));
	compat_strlcpy(r->asks.path, path, sizeof(r->asks.path));
	r->asks.nmethods = *method != '\0';
	compat_strlcpy(r->asks.methods[0], method,
	    sizeof(r->asks.methods[0]));
	return r;
}

static enum rules_verdict
judge(const char *head)
{
	size_t	 n = strlen(head);

	return rules_judge(&conf, false, guard_copy(head, n), n);
}

static enum rules_verdict
get(const char *target)
{
	char	 head[512];

	snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
	    target);
	return judge(head);
}

static enum rules_verdict
of_host(const char *lines)
{
	char	 head[512];

	snprintf(head, sizeof(head), "GET / HTTP/1.1\r\n%s\r\n\r\n", lines);
	return judge(head);
}

static void
without_a_match_rule_the_rest_is_copied(void **state)
{
	(void)state;
	fresh();
	add(true, "", "", "/admin*");
	assert_int_equal(get("/"), RULES_COPY);
	assert_int_equal(get("/admin"), RULES_IGNORE);
	add(true, "PUT", "", "");
	assert_int_equal(judge("PUT / HTTP/1.1\r\nHost: a\r\n\r\n"),
	    RULES_IGNORE);
	assert_int_equal(get("/"), RULES_COPY);
}

static void
with_a_match_rule_only_that_is_copied(void **state)
{
	(void)state;
	fresh();
	add(false, "GET", "", "");
	add(true, "", "", "/admin*");
	assert_int_equal(get("/x"), RULES_COPY);
	assert_int_equal(get("/admin/x"), RULES_IGNORE);
	assert_int_equal(judge("POST /x HTTP/1.1\r\nHost: a\r\n\r\n"),
	    RULES_IGNORE);
	assert_int_equal(judge("get /x HTTP/1.1\r\nHost: a\r\n\r\n"),
	    RULES_IGNORE);
}

static void
the_last_rule_wins_but_quick_ends(void **state)
{
	struct conf_mirror_rule	*r;

	(void)state;
	fresh();
	r = add(true, "", "", "/a*");
	add(false, "", "", "/a/b*");
	assert_int_equal(get("/a"), RULES_IGNORE);
	assert_int_equal(get("/a/b"), RULES_COPY);
	assert_int_equal(get("/c"), RULES_IGNORE);
	r->quick = true;
	assert_int_equal(get("/a/b"), RULES_IGNORE);
}

static void
each_side_has_its_own_rules(void **state)
{
	static const char	 head[] = "GET /a HTTP/1.1\r\n\r\n";
	const uint8_t		*p = (const uint8_t *)head;

	(void)state;
	fresh();
	assert_false(rules_wanted(&conf, false));
	add(true, "", "", "/a")->record = true;
	assert_true(rules_wanted(&conf, true));
	assert_false(rules_wanted(&conf, false));
	assert_int_equal(rules_judge(&conf, true, p, sizeof(head) - 1),
	    RULES_IGNORE);
	assert_int_equal(rules_judge(&conf, false, p, sizeof(head) - 1),
	    RULES_COPY);
}

/* Whatever it is called, it does not get past the rule. */
static void
a_path_has_many_names(void **state)
{
	static const char *const	 ignored[] = {
		"/admin", "/%61dmin", "/%61%64%6D%69%6E/x", "/admin?x",
		"/admin#y", "/%61dmin%2fx", "http://a/admin",
		"http://a/%61dmin?q", "/admin%3f", "/admin/",
	};
	static const char *const	 unclear[] = {
		"/x/../admin", "/./admin", "/%2e/admin", "/x/%2E%2e/admin",
		"//admin", "/x%2f..%2fadmin", "/\\admin", "/a%5cadmin",
		"/%zz", "/a%00", "admin", "/x/..;/../admin", "/a\tb",
		"http://a/./admin",
	};
	static const char *const	 copied[] = {
		"/", "/x/admin", "/Admin", "/a?/admin", "/%2561dmin", "/a%20b",
		"*", "http://a", "http://a?/admin", "/x//admin",
	};
	size_t	 i;

	(void)state;
	fresh();
	add(true, "", "", "/admin*");
	for (i = 0; i < nitems(ignored); i++)
		assert_int_equal(get(ignored[i]), RULES_IGNORE);
	for (i = 0; i < nitems(unclear); i++)
		assert_int_equal(get(unclear[i]), RULES_UNJUDGED);
	for (i = 0; i < nitems(copied); i++)
		assert_int_equal(get(copied[i]), RULES_COPY);
	/* Where no rule is about paths they do not matter. */
	fresh();
	add(false, "GET", "", "");
	assert_int_equal(get("/x/../admin"), RULES_COPY);
	assert_int_equal(get("admin"), RULES_COPY);
}

static void
a_host_has_many_names(void **state)
{
	(void)state;
	fresh();
	add(true, "", "secret.example", "");
	add(true, "", "*:8081", "");
	add(true, "", "[[]::1]", "");
	assert_int_equal(of_host("Host: secret.example"), RULES_IGNORE);
	assert_int_equal(of_host("hOST:SECRET.Example. "), RULES_IGNORE);
	assert_int_equal(of_host("Host: secret.example:80"), RULES_IGNORE);
	assert_int_equal(of_host("Host: secret.example.:8090"),
	    RULES_IGNORE);
	assert_int_equal(of_host("Host: x:8081"), RULES_IGNORE);
	assert_int_equal(of_host("Host: [::1]"), RULES_IGNORE);
	assert_int_equal(of_host("Host: [::1]:8090"), RULES_IGNORE);
	assert_int_equal(of_host("Host: x:8082"), RULES_COPY);
	assert_int_equal(of_host("Host: [::11]"), RULES_COPY);
	assert_int_equal(of_host("Host: other.secret.example"), RULES_COPY);
	/* Without one it names none. */
	assert_int_equal(judge("GET / HTTP/1.0\r\n\r\n"), RULES_COPY);
	assert_int_equal(of_host("X: y"), RULES_COPY);
	fresh();
	add(false, "", "secret.example", "");
	assert_int_equal(of_host("X: y"), RULES_IGNORE);
	assert_int_equal(of_host("Host: secret.example:8090"), RULES_COPY);
	assert_int_equal(judge("GET http://secret.example/ HTTP/1.1\r\n"
	    "Host: secret.example\r\n\r\n"), RULES_COPY);
	assert_int_equal(judge("GET http://secret.example:8090/ HTTP/1.1\r\n"
	    "\r\n"), RULES_COPY);
	assert_int_equal(judge("CONNECT x:443 HTTP/1.1\r\n"
	    "Host: secret.example\r\n\r\n"), RULES_COPY);
}

static struct conf_mirror_rule *
header(struct conf_mirror_rule *r, const char *name, const char *value)
{
	struct conf_rule_header	*h = &r->headers[r->nheaders++];

	compat_strlcpy(h->name, name, sizeof(h->name));
	compat_strlcpy(h->value, value, sizeof(h->value));
	return r;
}

static void
a_header_is_there_or_has_a_value(void **state)
{
	static const char *const	 ignored[] = {
		"X-Debug: 1", "x-DEBUG:1", "X-Debug:\t 1 \t", "X-Debug: 12",
		"A: b\r\nX-Debug: 1\r\nC: d",
	};
	static const char *const	 copied[] = {
		"X-Debug: 2", "X-Debug:", "X-Debug: ", "X-Debug2: 1",
		"X-Debu: 1", "X: X-Debug: 1", "X-Debug: :1", "A: 1",
	};
	size_t	 i;

	(void)state;
	fresh();
	header(add(true, "", "", ""), "x-debug", "1*");
	for (i = 0; i < nitems(ignored); i++)
		assert_int_equal(of_host(ignored[i]), RULES_IGNORE);
	for (i = 0; i < nitems(copied); i++)
		assert_int_equal(of_host(copied[i]), RULES_COPY);
	assert_int_equal(judge("\r\nX-Debug: 1"), RULES_UNJUDGED);
	assert_int_equal(judge("\r\n\r\nGET / HTTP/1.0\r\nX-Debug: 1\r\n"
	    "\r\n"), RULES_IGNORE);
	assert_int_equal(judge("GET / HTTP/1.0\nX-Debug: 1\n\n"),
	    RULES_IGNORE);
	assert_int_equal(judge("GET X-Debug:1 HTTP/1.0\n\n"), RULES_COPY);
	assert_int_equal(judge("GET / HTTP/1.0\r\n\r\n"), RULES_COPY);
	/* The pattern has the case of the value. */
	fresh();
	header(add(false, "", "", ""), "accept", "*[jJ]son*");
	assert_int_equal(of_host("Accept: a/json"), RULES_COPY);
	assert_int_equal(of_host("Accept: a/JSON"), RULES_IGNORE);
	fresh();
	header(add(false, "", "", ""), "cookie", "");
	assert_int_equal(of_host("Cookie: a\r\nCookie: b"), RULES_COPY);
	assert_int_equal(of_host("Cookie:"), RULES_COPY);
	assert_int_equal(of_host("Set-Cookie: a"), RULES_IGNORE);
}

static void
all_headers_of_a_rule_and_its_rest_must_hold(void **state)
{
	struct conf_mirror_rule	*r;

	(void)state;
	fresh();
	r = header(header(add(false, "GET", "", "/a"), "a", "1"), "b", "");
	assert_int_equal(judge("GET /a HTTP/1.0\r\nB:\r\nA: 1\r\n\r\n"),
	    RULES_COPY);
	assert_int_equal(judge("GET /a HTTP/1.0\r\nA: 1\r\n\r\n"),
	    RULES_IGNORE);
	assert_int_equal(judge("GET /a HTTP/1.0\r\nB:\r\nA: 2\r\n\r\n"),
	    RULES_IGNORE);
	assert_int_equal(judge("GET /b HTTP/1.0\r\nB:\r\nA: 1\r\n\r\n"),
	    RULES_IGNORE);
	/* A quick one that does not hold ends nothing. */
	r->quick = true;
	add(false, "", "", "/b");
	assert_int_equal(get("/b"), RULES_COPY);
}

/* What one server takes for it and another one does not. */
static void
a_header_that_is_not_clear_is_not_judged(void **state)
{
	static const char *const	 unclear[] = {
		"X-Debug: 2\r\nX-Debug: 1", "X-Debug: 2\r\nx-debug: 2",
		"X_Debug: 2", "x.debug: 2", "X-Debug: 2\r\nX_DEBUG: 2",
		"X-Debug: 2\vb", "X-Debug: \xc3\xa4", "X-Debug: 2\x7f",
		"X-Debug: 2\r\n 1", "X-Debug : 2", "X-Debug: 2\rX-Debug: 1",
		"X-Debug: 2\nX-Debug: 1",
	};
	size_t	 i;

	(void)state;
	fresh();
	header(add(true, "GET", "", ""), "x-debug", "1*");
	assert_int_equal(of_host("X-Debug: 2"), RULES_COPY);
	for (i = 0; i < nitems(unclear); i++)
		assert_int_equal(of_host(unclear[i]), RULES_UNJUDGED);
	/* Nobody asks for it where the rest of the rule does not hold. */
	assert_int_equal(judge("PUT / HTTP/1.0\r\nX_Debug: 1\r\n\r\n"),
	    RULES_COPY);
	header(&conf.rules[0], "other", "");
	assert_int_equal(of_host("X_Debug: 1"), RULES_COPY);
	assert_int_equal(of_host("X_Debug: 1\r\nOther: x"), RULES_UNJUDGED);
	/* That it is there is clear. */
	fresh();
	header(add(true, "", "", ""), "x-debug", "");
	assert_int_equal(of_host("X-Debug: 2\r\nX-Debug: 1"), RULES_IGNORE);
	assert_int_equal(of_host("X-Debug: \xc3\xa4"), RULES_IGNORE);
	assert_int_equal(of_host("X_Debug: 2"), RULES_UNJUDGED);
}

/* Two servers may read these differently. */
static void
what_is_not_clear_is_not_judged(void **state)
{
	static const char *const	 lines[] = {
		"Host: a\r\nHost: b", "Host: a\r\n b", "Host:\r\n a",
		"Host : a", " Host: a", "X: y\r\n z\r\nHost: a",
		"Host: a\rHost: b", "Host: a b", "Host: a@b", "Host: a/b",
		"Host: a\r\nno colon", "Host: a\r\nX y: z",
		"Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
		"Host: a\r\nContent-Length: 1\r\nContent-Length: 2",
		"Host: a\r\nContent-Length: x",
		"Host: a\r\nTransfer-Encoding: chunked, x",
		"Host: a\r\nTransfer-Encoding: xchunked",
	};
	size_t	 i;

	(void)state;
	fresh();
	add(false, "GET", "", "");
	assert_int_equal(of_host("Host: a"), RULES_COPY);
	for (i = 0; i < nitems(lines); i++)
		assert_int_equal(of_host(lines[i]), RULES_UNJUDGED);
	assert_int_equal(judge("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
	    RULES_UNJUDGED);
	assert_int_equal(judge("GET / x HTTP/1.1\r\nHost: a\r\n\r\n"),
	    RULES_UNJUDGED);
	assert_int_equal(judge("GET / HTTP/1.0\r\nTransfer-Encoding: chunked"
	    "\r\n\r\n"), RULES_UNJUDGED);
	assert_int_equal(judge("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"),
	    RULES_UNJUDGED);
	assert_int_equal(judge("GET / HTTP/1.1\r\nHost: a\r\n\r\nx"),
	    RULES_UNJUDGED);
	assert_int_equal(judge("GET / HTTP/1.1\r\nHost: a\r\n"),
	    RULES_UNJUDGED);
	assert_int_equal(judge("HTTP/1.1 200 OK\r\n\r\n"), RULES_UNJUDGED);
	assert_int_equal(judge(""), RULES_UNJUDGED);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(without_a_match_rule_the_rest_is_copied),
		cmocka_unit_test(with_a_match_rule_only_that_is_copied),
		cmocka_unit_test(the_last_rule_wins_but_quick_ends),
		cmocka_unit_test(each_side_has_its_own_rules),
		cmocka_unit_test(a_path_has_many_names),
		cmocka_unit_test(a_host_has_many_names),
		cmocka_unit_test(a_header_is_there_or_has_a_value),
		cmocka_unit_test(all_headers_of_a_rule_and_its_rest_must_hold),
		cmocka_unit_test(a_header_that_is_not_clear_is_not_judged),
		cmocka_unit_test(what_is_not_clear_is_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
