#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/compat.h"
#include "ui/weburl.h"

static struct weburl	 u;
static char		 why[512];

/* The words of a target, with blanks between; or the status and why. */
static const char *
words(const char *target)
{
	static char	 s[WEBURL_MAX * 2];
	char		*copy;
	size_t		 n = strlen(target), at = 0;
	int		 i, status;

	/* Nothing terminates it. */
	copy = malloc(n + 1);
	assert_non_null(copy);
	memcpy(copy, target, n);
	copy[n] = 'x';
	status = weburl_parse(copy, n, &u, why, sizeof(why));
	free(copy);
	if (status != 0) {
		snprintf(s, sizeof(s), "%d %s", status, why);
		return s;
	}
	s[0] = '\0';
	for (i = 0; i < u.argc; i++)
		at += (size_t)snprintf(s + at, sizeof(s) - at, "%s%s",
		    i > 0 ? " " : "", u.argv[i]);
	assert_null(u.argv[u.argc]);
	return s;
}

static void
test_pages(void **state)
{
	(void)state;
	assert_string_equal(words("/"), "show summary");
	assert_int_equal(u.form, WEBURL_HTML);
	assert_string_equal(words("/hosts"), "show hosts");
	assert_false(u.past);
	assert_string_equal(words("/host/a.example%3A8080"),
	    "show host a.example:8080");
	assert_string_equal(words("/why"), "why");
	assert_string_equal(words("/report"), "report html");
	assert_string_equal(words("/json/alerts/all"), "show alerts all");
	assert_int_equal(u.form, WEBURL_JSON);
	assert_string_equal(words("/csv/host/a?window=1m"),
	    "show host a window 1m");
	assert_int_equal(u.form, WEBURL_CSV);
	assert_string_equal(words("/metrics"), "show metrics");
	assert_int_equal(u.form, WEBURL_METRICS);
	assert_string_equal(words("/json/metrics"), "show metrics");
	assert_int_equal(u.form, WEBURL_JSON);
	assert_string_equal(words("/json/"), "show summary");
	assert_string_equal(words("/config"), "404 no such page: config");
	assert_string_equal(words("/top"), "404 no such page: top");
	assert_string_equal(words("/json"), "404 no such page: json");
	assert_string_equal(words("/host/a/b"), "404 no such page: host");
	assert_string_equal(words("/hosts//"), "404 no such page: hosts");
	assert_string_equal(words("/hosts/"), "show hosts");
	assert_string_equal(words("/hosts/?top=5"), "show hosts top 5");
}

static void
test_parameters(void **state)
{
	(void)state;
	assert_string_equal(words("/hosts?window=1m&top=5&by=bytes"),
	    "show hosts top 5 by bytes window 1m");
	assert_string_equal(u.window, "1m");
	assert_int_equal(u.npairs, 2);
	/* Fields of a form that stayed empty. */
	assert_string_equal(words("/hosts?window=&at=&top=5&"),
	    "show hosts top 5");
	assert_string_equal(words("/talkers?server=a+b%20c"),
	    "show talkers server a b c");
	assert_string_equal(words("/hosts?in=/etc/passwd"),
	    "400 no such parameter: in");
	assert_string_equal(words("/metrics?-O=/tmp/x"),
	    "400 no such parameter: -O");
	assert_string_equal(words("/hosts?x"), "400 no such parameter: x");
}

/* No file is named, and no word of a command that a page does not have. */
static void
test_no_other_words(void **state)
{
	(void)state;
	assert_string_equal(words("/metrics/-O?top=openmetrics"),
	    "404 no such page: metrics");
	assert_string_equal(words("/metrics/-O?at=openmetrics"),
	    "404 no such page: metrics");
	assert_string_equal(words("/history/in?by=since"),
	    "404 no such page: history");
	assert_string_equal(words("/hosts/at"), "404 no such page: hosts");
	assert_string_equal(words("/compare?top=in&at=/etc/passwd"),
	    "compare /etc/passwd");
	assert_string_equal(words("/compare?by=in&at=1h&with=1d"),
	    "compare 1h with 1d");
	assert_string_equal(words("/sections/a.example"),
	    "show sections a.example");
	assert_string_equal(words("/mirrors/m"), "show mirrors m");
	assert_string_equal(words("/alerts/active"), "show alerts active");
}

static void
test_past(void **state)
{
	(void)state;
	/* Of what is past there is one document, whatever else is said. */
	assert_string_equal(words("/hosts?top=5&at=03%3A12&window=1m"),
	    "show hosts at 03:12");
	assert_true(u.past);
	assert_int_equal(u.npairs, 0);
	assert_string_equal(words("/report?at=2h"), "report html at 2h");
	assert_string_equal(words("/compare?at=03:12&with=1d"),
	    "compare 03:12 with 1d");
	assert_string_equal(words("/compare?with=1d"), "compare with 1d");
	assert_string_equal(words("/history?since=2d&until=1d&by=1h"),
	    "show history since 2d until 1d by 1h");
	assert_true(u.past);
	assert_string_equal(words("/history?by=1h"), "show history by 1h");
	assert_false(u.past);
}

static void
test_hostile(void **state)
{
	char	 s[WEBURL_MAX + 2];
	int	 i;

	(void)state;
	assert_string_equal(words(""), "400 not understood: the path");
	assert_string_equal(words("hosts"), "400 not understood: the path");
	assert_string_equal(words("/%"), "400 not understood: the path");
	assert_string_equal(words("/host/%4"), "404 no such page: host");
	assert_string_equal(words("/host/%zz"), "404 no such page: host");
	assert_string_equal(words("/host/a%00b"), "404 no such page: host");
	assert_string_equal(words("/hosts?top=%00"),
	    "400 not understood: the query");
	assert_string_equal(words("/%1b[2J"), "404 no such page: \\x1b[2J");
	assert_string_equal(words("/..%2f"), "404 no such page: ../");
	memset(s, 'a', sizeof(s));
	s[0] = '/';
	s[WEBURL_MAX + 1] = '\0';
	assert_string_equal(words(s), "414 too long: the target");
	s[WEBURL_MAX] = '\0';
	assert_memory_equal(words(s), "404", 3);
	/* More words than there is room for. */
	compat_strlcpy(s, "/flows?", sizeof(s));
	for (i = 0; i < 100; i++)
		compat_strlcpy(s + strlen(s), "port=1&",
		    sizeof(s) - strlen(s));
	assert_string_equal(words(s), "400 too many words: port");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_no_other_words),
		cmocka_unit_test(test_past),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
