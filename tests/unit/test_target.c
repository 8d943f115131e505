#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/target.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

static uint8_t	 room[TARGET_PATH_MAX];

static void
is_path(const char *target, bool sure, const char *path)
{
	struct target	 t;
	size_t		 n = strlen(target);

	assert_int_equal(target_path(guard_copy(target, n), n, room, &t),
	    sure);
	assert_int_equal(t.path_len, strlen(path));
	assert_memory_equal(t.path, path, t.path_len);
}

static void
a_path_has_one_form(void **state)
{
	(void)state;
	is_path("/", true, "/");
	is_path("/a/b.c", true, "/a/b.c");
	is_path("/a/b?/../%zz", true, "/a/b");
	is_path("/a#b", true, "/a");
	is_path("/%61dmin", true, "/admin");
	is_path("/%41%2fb/", true, "/A/b/");
	is_path("/a%3Fb", true, "/a?b");
	is_path("/a%20%C3%A4", true, "/a \303\244");
	is_path("/%2561", true, "/%61");
	is_path("/a//b///", true, "/a/b/");
	is_path("/a%2F/b", true, "/a/b");
	is_path("/.a/..b/c./...", true, "/.a/..b/c./...");
	is_path("http://u@h:1/%61?b", true, "/a");
	is_path("HTTPS://h", true, "/");
	is_path("http://h?x", true, "/");
	is_path("*", true, "*");
}

/* Servers part over these; what most find is compared all the same. */
static void
what_servers_part_over_is_told(void **state)
{
	(void)state;
	is_path("/a/../b", false, "/b");
	is_path("/a/./b/.", false, "/a/b/");
	is_path("/a/b/..", false, "/a/");
	is_path("/../../a", false, "/a");
	is_path("/..", false, "/");
	is_path("/a/%2e%2E/b", false, "/b");
	is_path("/a%2f..%2fb", false, "/b");
	is_path("/a/%2e", false, "/a/");
	is_path("//h/a", false, "/h/a");
	is_path("/a\\b", false, "/a\\b");
	is_path("/a%5cb", false, "/a\\b");
	is_path("/a b", false, "/a b");
	is_path("/a%", false, "/a%");
	is_path("/a%4", false, "/a%4");
	is_path("/a%4g%61", false, "/a%4ga");
	is_path("/a\001", false, "/a\001");
	is_path("a:443", false, "a:443");
	is_path("a", false, "a");
	is_path("**", false, "**");
	is_path("", false, "");
}

static void
a_long_path_is_compared_as_it_is(void **state)
{
	static uint8_t	 in[TARGET_PATH_MAX + 1];
	struct target	 t;

	(void)state;
	memset(in, 'a', sizeof(in));
	in[0] = '/';
	assert_true(target_path(in, sizeof(in), room, &t));
	assert_int_equal(t.path_len, sizeof(in));
	memcpy(in + 1, "%61", 3);
	assert_true(target_path(in, sizeof(in) - 1, room, &t));
	assert_int_equal(t.path_len, sizeof(in) - 3);
	assert_memory_equal(t.path, "/aaa", 4);
	assert_false(target_path(in, sizeof(in), room, &t));
	assert_ptr_equal(t.path, in);
}

static bool
matches(const char *host, const char *path, const char *method)
{
	struct conf_request	 r;
	const struct target	 t = { (const uint8_t *)"a.example", 9,
	    (const uint8_t *)"/x/y", 4, (const uint8_t *)"GET", 3 };

	memset(&r, 0, sizeof(r));
	compat_strlcpy(r.host, host, sizeof(r.host));
	compat_strlcpy(r.path, path, sizeof(r.path));
	if (*method != '\0') {
		r.nmethods = 2;
		compat_strlcpy(r.methods[0], "PUT", sizeof(r.methods[0]));
		compat_strlcpy(r.methods[1], method, sizeof(r.methods[1]));
	}
	return target_matches(&r, &t);
}

static void
all_conditions_must_hold(void **state)
{
	(void)state;
	assert_true(matches("", "", ""));
	assert_true(matches("*.example", "/x*", "GET"));
	assert_false(matches("b.example", "/x*", "GET"));
	assert_false(matches("*.example", "/x", "GET"));
	assert_false(matches("*.example", "/x*", "POST"));
	assert_false(matches("", "", "get"));
	assert_false(matches("", "", "GE"));
	assert_true(matches("", "/*/y", ""));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_path_has_one_form),
		cmocka_unit_test(what_servers_part_over_is_told),
		cmocka_unit_test(a_long_path_is_compared_as_it_is),
		cmocka_unit_test(all_conditions_must_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
