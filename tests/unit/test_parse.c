#include <sys/resource.h>
#include <sys/stat.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/parse.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"

#define CORPUS	"tests/corpus/conf/"

struct said {
	char	*s;
	size_t	 len;
	FILE	*f;
};

static void
said_open(struct said *s)
{
	s->f = open_memstream(&s->s, &s->len);
	assert_non_null(s->f);
}

static void
said_close(struct said *s)
{
	fclose(s->f);
}

static struct conf *
parse(const char *text, struct said *s)
{
	struct conf	*c;

	said_open(s);
	c = parse_text("t", text, strlen(text), NULL, 0, parse_say_file, s->f);
	said_close(s);
	return c;
}

static char *
printed(const struct conf *c, bool verbose)
{
	struct said	 s;

	said_open(&s);
	conf_print(c, s.f, verbose);
	said_close(&s);
	return s.s;
}

static char *
file_text(const char *path)
{
	static const size_t	 max = 1 << 20;
	char			*s = calloc(1, max);
	FILE			*f = fopen(path, "r");

	if (f == NULL)
		fail_msg("%s: cannot read", path);
	s[fread(s, 1, max - 1, f)] = '\0';
	fclose(f);
	return s;
}

static size_t
packed(const struct conf *c, uint8_t *p)
{
	struct buf	 b;

	buf_writer(&b, p, CONF_PACK_MAX);
	conf_pack(c, &b);
	assert_false(b.err);
	return b.len;
}

/* Both prints parse to the same bytes again. */
static void
comes_back(struct conf *c)
{
	uint8_t		*a = malloc(CONF_PACK_MAX), *b = malloc(CONF_PACK_MAX);
	struct said	 s;
	struct conf	*d;
	char		*text;
	size_t		 n;
	int		 verbose;

	for (verbose = 0; verbose < 2; verbose++) {
		text = printed(c, verbose);
		d = parse(text, &s);
		if (d == NULL)
			fail_msg("printed text does not parse:\n%s", s.s);
		/* Where it was read from is another place. */
		compat_strlcpy(d->file, c->file, sizeof(d->file));
		memcpy(d->filter_at, c->filter_at, sizeof(d->filter_at));
		n = packed(c, a);
		assert_int_equal(packed(d, b), n);
		assert_memory_equal(a, b, n);
		conf_free(d);
		free(s.s);
		free(text);
	}
	free(a);
	free(b);
}

static struct conf *
parse_file(const char *path, struct said *s)
{
	struct conf	*c, *rest;

	said_open(s);
	c = parse_conf(path, NULL, 0, true, NULL, &rest, parse_say_file,
	    s->f);
	conf_free(rest);
	said_close(s);
	return c;
}

static void
good_file(const char *path)
{
	struct said	 s;
	struct conf	*c;
	char		*text, *want, ok[256];

	c = parse_file(path, &s);
	if (c == NULL)
		fail_msg("%s", s.s);
	assert_int_equal(s.len, 0);
	comes_back(c);
	snprintf(ok, sizeof(ok), "%.*s.ok", (int)strlen(path) - 5, path);
	if (access(ok, R_OK) == 0) {
		text = printed(c, false);
		want = file_text(ok);
		assert_string_equal(text, want);
		free(text);
		free(want);
	}
	free(s.s);
	conf_free(c);
}

/* The expected errors name the file without its folder. */
static void
bad_file(const char *path)
{
	struct said	 s;
	char		*want, *p, err[256];

	if (parse_file(path, &s) != NULL)
		fail_msg("%s was accepted", path);
	while ((p = strstr(s.s, CORPUS)) != NULL)
		memmove(p, p + strlen(CORPUS), strlen(p + strlen(CORPUS)) + 1);
	snprintf(err, sizeof(err), "%.*s.err", (int)strlen(path) - 5, path);
	want = file_text(err);
	assert_string_equal(s.s, want);
	free(want);
	free(s.s);
}

static size_t
each(const char *pattern, void (*fn)(const char *))
{
	glob_t	 g;
	size_t	 i, n;

	assert_int_equal(glob(pattern, 0, NULL, &g), 0);
	for (i = 0; i < g.gl_pathc; i++)
		fn(g.gl_pathv[i]);
	n = g.gl_pathc;
	globfree(&g);
	return n;
}

static void
good_files_print_as_expected_and_come_back(void **state)
{
	(void)state;
	assert_true(each(CORPUS "[!b]*.conf", good_file) >= 4);
}

static void
bad_files_name_every_line(void **state)
{
	(void)state;
	assert_true(each(CORPUS "bad-*.conf", bad_file) >= 6);
}

static void
what_we_ship_parses_and_comes_back(void **state)
{
	(void)state;
	assert_int_equal(each("etc/netmond.conf", good_file), 1);
	assert_true(each("etc/examples/*.conf", good_file) >= 4);
}

/* What is commented out in the annotated file is right too. */
static void
each_line_of_netmond_conf_is_right(void **state)
{
	char		*text = file_text("etc/netmond.conf"), *p;
	struct said	 s;
	struct conf	*c;

	(void)state;
	for (p = text; (p = strstr(p, "\n#")) != NULL; p++)
		if (((p[2] >= 'a' && p[2] <= 'z') || p[2] == '}' ||
		    p[2] == '\t') && strncmp(p + 2, "include", 7) != 0)
			p[1] = ' ';
	c = parse(text, &s);
	if (c == NULL)
		fail_msg("%s", s.s);
	assert_string_equal(c->state, CONF_STATE_DIR "/state");
	assert_int_equal(c->nmirrors, 1);
	assert_int_equal(c->nlogs, 4);
	assert_int_equal(c->nalerts, 5);
	assert_int_equal(c->nrules, 3);
	conf_free(c);
	free(s.s);
	free(text);
}

static void
an_empty_file_works_and_has_the_built_in_alert(void **state)
{
	struct said	 s;
	struct conf	*c = parse("", &s);

	(void)state;
	assert_non_null(c);
	assert_int_equal(c->nalerts, 1);
	assert_string_equal(c->alerts[0].name, "high-traffic");
	conf_free(c);
	free(s.s);
}

static void
hosts_are_lower_case_as_they_are_counted(void **state)
{
	struct said	 s;
	struct conf	*c;

	(void)state;
	c = parse("ignore host \"*.Example.COM\" path \"/A\"\n"
	    "alert \"a\" when requests host \"WWW.x\" > 1 over 10s\n", &s);
	assert_non_null(c);
	assert_string_equal(c->rules[0].asks.host, "*.example.com");
	assert_string_equal(c->rules[0].asks.path, "/A");
	assert_string_equal(c->alerts[0].select.host, "www.x");
	conf_free(c);
	free(s.s);
}

static void
the_command_line_wins_over_a_macro_of_the_file(void **state)
{
	static const struct parse_macro	 m[] = { { "w", "20s" } };
	static const char		 text[] = "w = \"5s\"\nwindow $w\n";
	struct conf			*c;

	(void)state;
	c = parse_text("t", text, sizeof(text) - 1, m, 1, parse_say_file,
	    stderr);
	assert_non_null(c);
	assert_int_equal(c->window_us, 20000000);
	conf_free(c);
}

static void
every_cut_of_a_file_ends(void **state)
{
	char		*text = file_text(CORPUS "all.conf");
	char		*bad = file_text(CORPUS "bad-mirror.conf");
	struct said	 s;
	size_t		 n;

	(void)state;
	for (n = strlen(text); n > 0; n -= n > 7 ? 7 : n) {
		text[n] = '\0';
		conf_free(parse(text, &s));
		free(s.s);
	}
	for (n = strlen(bad); n > 0; n -= n > 3 ? 3 : n) {
		bad[n] = '\0';
		conf_free(parse(bad, &s));
		free(s.s);
	}
	free(text);
	free(bad);
}

static void
errors_end_at_their_limit(void **state)
{
	char		*text = malloc(300 * 4 + 1);
	struct said	 s;
	size_t		 i, lines = 0;

	(void)state;
	for (i = 0; i < 300; i++)
		memcpy(text + i * 4, "foo\n", 4);
	text[300 * 4] = '\0';
	assert_null(parse(text, &s));
	for (i = 0; i < s.len; i++)
		lines += s.s[i] == '\n';
	assert_int_equal(lines, 201);
	assert_non_null(strstr(s.s, "too many errors"));
	free(s.s);
	free(text);
}

static void
entries_end_at_their_limit(void **state)
{
	static const char one_more[] = "interface more\n";
	char		*text = calloc(1, 64 * 300);
	struct said	 s;
	struct conf	*c;
	size_t		 i, n = 0;

	(void)state;
	for (i = 0; i < CONF_LIST_MAX; i++)
		n += (size_t)sprintf(text + n, "interface if%zu\n", i);
	c = parse(text, &s);
	assert_non_null(c);
	assert_int_equal(c->ninterfaces, CONF_LIST_MAX);
	conf_free(c);
	free(s.s);
	/* However many there are more, it is said once. */
	sprintf(text + n, "%s%s", one_more, one_more);
	assert_null(parse(text, &s));
	assert_string_equal(s.s, "t:257: more than 256 entries of one kind\n");
	free(s.s);
	free(text);
}

/* A sanitizer needs more. */
static void
limit_memory(rlim_t most)
{
#ifndef NETMON_SAN
	struct rlimit	 rl;

	assert_int_equal(getrlimit(RLIMIT_AS, &rl), 0);
	rl.rlim_cur = most < rl.rlim_max ? most : rl.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_AS, &rl), 0);
#else
	(void)most;
#endif
}

/* A file of 1M. */
static char *
many_values(void)
{
	static const char	 line[] = "a = \"\"\n";
	size_t			 n = (1 << 20) / (sizeof(line) - 1), i;
	char			*text = calloc(n, sizeof(line));

	assert_non_null(text);
	for (i = 0; i < n; i++)
		memcpy(text + i * (sizeof(line) - 1), line, sizeof(line));
	return text;
}

#ifndef NETMON_SAN
static void
without_memory_that_alone_is_said(void **state)
{
	char		*text = many_values();
	struct said	 s;

	(void)state;
	limit_memory(1);
	assert_null(parse(text, &s));
	limit_memory(RLIM_INFINITY);
	assert_string_equal(s.s, "t: out of memory\n");
	free(s.s);
	free(text);
}
#endif

/* Each value takes memory for its line, not for the rest of the file. */
static void
a_large_file_of_values_is_read(void **state)
{
	char		*text = many_values();
	struct said	 s;
	struct conf	*c;

	(void)state;
	limit_memory((rlim_t)1 << 30);
	c = parse(text, &s);
	limit_memory(RLIM_INFINITY);
	assert_string_equal(s.s, "");
	assert_non_null(c);
	conf_free(c);
	free(s.s);
	free(text);
}

static void
a_file_that_others_can_write_is_refused(void **state)
{
	char		 path[] = "/tmp/netmon-parse.XXXXXX", want[128];
	struct said	 s;
	int		 fd;

	(void)state;
	fd = mkstemp(path);
	assert_int_not_equal(fd, -1);
	assert_int_equal(fchmod(fd, 0622), 0);
	assert_null(parse_file(path, &s));
	snprintf(want, sizeof(want),
	    "%s: others can write it, use chmod go-w\n", path);
	assert_string_equal(s.s, want);
	free(s.s);
	assert_int_equal(fchmod(fd, 0644), 0);
	conf_free(parse_file(path, &s));
	assert_int_equal(s.len, 0);
	free(s.s);
	if (geteuid() == 0) {
		assert_int_equal(fchown(fd, 12345, 0), 0);
		assert_null(parse_file(path, &s));
		assert_non_null(strstr(s.s, "must belong to root"));
		free(s.s);
	}
	close(fd);
	unlink(path);
	assert_null(parse_file("/tmp", &s));
	assert_string_equal(s.s, "/tmp: is a folder, not a file\n");
	free(s.s);
}

static void
ports_of_the_command_line_are_judged(void **state)
{
	struct conf_ports	 p;
	char			 why[CONF_WHY_MAX];

	(void)state;
	memset(&p, 0, sizeof(p));
	assert_int_equal(parse_ports("80, 8000-8010 1", &p, why, sizeof(why)),
	    0);
	assert_int_equal(p.n, 3);
	assert_int_equal(p.range[1].hi, 8010);
	memset(&p, 0, sizeof(p));
	assert_int_equal(parse_ports("0", &p, why, sizeof(why)), -1);
	assert_string_equal(why, "port 0 is not a port, use 1 to 65535");
	assert_int_equal(parse_ports("", &p, why, sizeof(why)), -1);
	assert_int_equal(parse_ports("65536", &p, why, sizeof(why)), -1);
	assert_int_equal(parse_ports("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16",
	    &p, why, sizeof(why)), 0);
	assert_int_equal(parse_ports("17", &p, why, sizeof(why)), -1);
}

static void
times_and_sizes_do_not_overflow(void **state)
{
	char		 why[CONF_WHY_MAX];
	uint64_t	 v;

	(void)state;
	assert_int_equal(parse_time("200", &v, why, sizeof(why)), 0);
	assert_int_equal(v, 200000000);
	assert_int_equal(parse_time("99999999999999999d", &v, why,
	    sizeof(why)), -1);
	assert_int_equal(parse_size("9000000000000000000G", &v, why,
	    sizeof(why)), -1);
	assert_int_equal(parse_size("18446744073709551616", &v, why,
	    sizeof(why)), -1);
	assert_int_equal(parse_size("1G", &v, why, sizeof(why)), 0);
	assert_int_equal(v, 1 << 30);
}

/*
 * A tree of umask 002 has files that its group can write, which netmond does
 * not read: the tests work in a copy that only its owner can.
 */
static int
move_to_a_copy(void **state)
{
	static char	 dir[] = "/tmp/test_parse.XXXXXX";
	char		 command[128];

	if (mkdtemp(dir) == NULL)
		return -1;
	*state = dir;
	snprintf(command, sizeof(command), "cp -R --parents etc %s %s && "
	    "chmod -R go-w %s", CORPUS, dir, dir);
	return system(command) == 0 && chdir(dir) == 0 ? 0 : -1;
}

static int
remove_the_copy(void **state)
{
	char	 command[128];

	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	return system(command) == 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		/* First: what others gave back may be enough for it. */
#ifndef NETMON_SAN
		cmocka_unit_test(without_memory_that_alone_is_said),
#endif
		cmocka_unit_test(good_files_print_as_expected_and_come_back),
		cmocka_unit_test(bad_files_name_every_line),
		cmocka_unit_test(what_we_ship_parses_and_comes_back),
		cmocka_unit_test(each_line_of_netmond_conf_is_right),
		cmocka_unit_test(
		    an_empty_file_works_and_has_the_built_in_alert),
		cmocka_unit_test(hosts_are_lower_case_as_they_are_counted),
		cmocka_unit_test(
		    the_command_line_wins_over_a_macro_of_the_file),
		cmocka_unit_test(every_cut_of_a_file_ends),
		cmocka_unit_test(errors_end_at_their_limit),
		cmocka_unit_test(entries_end_at_their_limit),
		cmocka_unit_test(a_large_file_of_values_is_read),
		cmocka_unit_test(a_file_that_others_can_write_is_refused),
		cmocka_unit_test(ports_of_the_command_line_are_judged),
		cmocka_unit_test(times_and_sizes_do_not_overflow)
	};

	return cmocka_run_group_tests(tests, move_to_a_copy,
	    remove_the_copy);
}
