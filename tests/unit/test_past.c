#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "ui/client.h"
#include "ui/past.h"

#define SECOND	1000000ULL
#define NOON	(1796040000 * SECOND)	/* 2026-11-30 12:00:00 UTC */

static char	 dir[] = "/tmp/test_past.XXXXXX";
static char	 file[64];
static char	 why[512];

static void
times_are_understood(void **state)
{
	static const struct {
		const char	*word;
		uint64_t	 at;	/* seconds before noon; 0: none */
	}		 t[] = {
		{ "11:00", 3600 }, { "11:59:30", 30 }, { "12:00", 0 },
		{ "12:01", 86400 - 60 }, { "3:12", 31680 },
		{ "90m", 5400 }, { "1s", 1 }, { "2d", 172800 },
		{ "2026-11-30", 43200 }, { "2026-11-29T12:00", 86400 },
		{ "2026-11-30T11:59:59Z", 1 }, { "2026-11-30 11:00", 3600 },
	};
	static const char *const bad[] = { "", "12", "24:00", "11:60",
	    "11:5x", "11:", "0m", "5w", "m", "2026-13-01", "2026-02-30",
	    "2026-11-30T", "2026-11-30X", "2026-11-30T11:00 ", "tomorrow",
	    "1234567s" };
	uint64_t	 us;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		assert_int_equal(past_time(t[i].word, NOON, &us), 0);
		assert_int_equal(us, NOON - t[i].at * SECOND);
	}
	for (i = 0; i < nitems(bad); i++)
		assert_int_equal(past_time(bad[i], NOON, &us), -1);
	assert_int_equal(past_time("9999d", SECOND, &us), 0);
	assert_int_equal(us, 0);
}

/* ---- files ---- */

static void
put(const char *suffix, enum period_type type, uint64_t from,
    const uint8_t *body, size_t len)
{
	const struct period	 u = { type, from, from + 10, body, len };
	uint8_t			 head[PERIOD_HDR];
	char			 name[128];
	int			 fd;

	snprintf(name, sizeof(name), "%s%s", file, suffix);
	fd = open(name, O_WRONLY | O_APPEND | O_CREAT, 0600);
	assert_true(fd != -1);
	period_header(&u, head);
	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	assert_int_equal(write(fd, body, len), len);
	close(fd);
}

static void
put_keys(const char *suffix)
{
	uint8_t		 body[PERIOD_BODY_MAX];
	struct buf	 b;

	buf_writer(&b, body, sizeof(body));
	period_put_keys(&b);
	put(suffix, PERIOD_KEYS, 1, body, b.len);
}

static void
put_junk(const char *suffix, size_t n)
{
	char	 name[128], junk[1000];
	int	 fd;

	memset(junk, 'x', sizeof(junk));
	snprintf(name, sizeof(name), "%s%s", file, suffix);
	fd = open(name, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, junk, n), n);
	close(fd);
}

static char	 seen[64];
static size_t	 stop_at;

static bool
on_period(void *arg, const struct period *u, const struct period_keys *k)
{
	size_t	 n = strlen(seen);

	(void)arg;
	assert_true(k->same);
	seen[n] = (char)u->body[0];
	return n + 1 != stop_at;
}

static const char *
read_from(uint64_t since, uint64_t until, int status)
{
	struct past	 p = { .file = file, .since_us = since,
	    .until_us = until, .fn = on_period };

	memset(seen, 0, sizeof(seen));
	assert_int_equal(past_read(&p, why, sizeof(why)), status);
	return seen;
}

#define OLD	".20261128T000000Z"
#define NEW	".20261129T000000Z"

static void
files_are_read_oldest_first_and_around_junk(void **state)
{
	uint8_t	 big[PERIOD_BODY_MAX];

	(void)state;
	assert_string_equal(read_from(0, UINT64_MAX, CLIENT_REFUSED), "");
	put_keys(NEW);
	put(NEW, PERIOD_ROWS, 30, (const uint8_t *)"c", 1);
	/* No keys yet: nobody knows what it means. */
	put("", PERIOD_ROWS, 35, (const uint8_t *)"?", 1);
	put_keys("");
	put("", PERIOD_ROWS, 40, (const uint8_t *)"d", 1);
	put_junk("", 999);
	put("", PERIOD_ROWS, 50, (const uint8_t *)"e", 1);
	put_keys(OLD);
	put(OLD, PERIOD_ROWS, 10, (const uint8_t *)"a", 1);
	put(OLD, PERIOD_ROWS, 20, (const uint8_t *)"b", 1);
	put(".20261128T000000", PERIOD_ROWS, 20, (const uint8_t *)"!", 1);
	assert_string_equal(read_from(0, UINT64_MAX, CLIENT_OK), "abcde");
	assert_string_equal(read_from(20, 41, CLIENT_OK), "bcd");
	assert_string_equal(read_from(15, 16, CLIENT_OK), "a");
	stop_at = 2;
	assert_string_equal(read_from(0, UINT64_MAX, CLIENT_OK), "ab");
	stop_at = 0;
	/* A file is not read for a time behind its last. */
	assert_string_equal(read_from(NOON, UINT64_MAX, CLIENT_OK), "");
	/* Larger ones than what is read at a time. */
	memset(big, 'B', sizeof(big));
	for (int i = 0; i < 9; i++)
		put("", PERIOD_ROWS, 60, big, sizeof(big));
	assert_string_equal(read_from(0, UINT64_MAX, CLIENT_OK),
	    "abcdeBBBBBBBBB");
}

static void
what_is_no_history_log_is_told(void **state)
{
	FILE	*f;

	(void)state;
	unlink(file);
	assert_non_null(f = fopen(file, "w"));
	fprintf(f, "{\"timestamp\":\"2026-11-30T12:00:00.000000+0000\"}\n");
	fclose(f);
	assert_string_equal(read_from(0, UINT64_MAX, CLIENT_REFUSED), "");
	assert_non_null(strstr(why, "no history log"));
	unlink(file);
}

/* The length of one is damaged: it seems to go on behind the others. */
static void
a_false_length_hides_nothing(void **state)
{
	struct stat	 st;
	uint32_t	 len = PERIOD_BODY_MAX;
	int		 fd;

	(void)state;
	unlink(file);
	put_keys("");
	fd = open(file, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	put("", PERIOD_ROWS, 40, (const uint8_t *)"x", 1);
	put("", PERIOD_ROWS, 50, (const uint8_t *)"y", 1);
	assert_int_equal(pwrite(fd, &len, sizeof(len), st.st_size + 28),
	    sizeof(len));
	close(fd);
	assert_string_equal(read_from(0, UINT64_MAX, CLIENT_OK), "abcy");
}

/* Also where what is read at a time ends within its first bytes. */
static void
a_unit_behind_junk_is_found_wherever_it_begins(void **state)
{
	const size_t	 piece = 256 * 1024;
	struct stat	 st;
	size_t		 k, left;

	(void)state;
	for (k = 0; k < 10; k++) {
		unlink(file);
		put_keys("");
		assert_int_equal(stat(file, &st), 0);
		for (left = piece - (size_t)st.st_size - k; left > 1000;
		    left -= 1000)
			put_junk("", 1000);
		put_junk("", left);
		put("", PERIOD_ROWS, 50, (const uint8_t *)"y", 1);
		assert_string_equal(read_from(0, UINT64_MAX, CLIENT_OK),
		    "abcy");
	}
}

static void
files_that_come_and_go_hide_no_others(void **state)
{
	char	 old[128];

	(void)state;
	/* A rotated one that goes while the folder is read. */
	snprintf(old, sizeof(old), "%s%s", file, NEW "-01");
	assert_int_equal(symlink("/nowhere/at/all", old), 0);
	assert_string_equal(read_from(0, UINT64_MAX, CLIENT_OK), "abcy");
	unlink(old);
	/* One that is rotated just now is read once. */
	assert_int_equal(link(file, old), 0);
	assert_string_equal(read_from(0, UINT64_MAX, CLIENT_OK), "abcy");
	/* The next one is not there yet. */
	unlink(file);
	assert_string_equal(read_from(0, UINT64_MAX, CLIENT_OK), "abcy");
	assert_int_equal(rename(old, file), 0);
}

/* It might never end. */
static void
what_is_no_file_is_not_read(void **state)
{
	struct past	 p = { .file = "/dev/zero", .until_us = UINT64_MAX,
	    .fn = on_period };

	(void)state;
	assert_int_equal(past_read(&p, why, sizeof(why)), CLIENT_REFUSED);
	assert_string_equal(why, "/dev/zero: no regular file");
	p.file = "/dev";
	assert_int_equal(past_read(&p, why, sizeof(why)), CLIENT_REFUSED);
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/h", dir);
	return 0;
}

static int
teardown(void **state)
{
	char	 name[128];
	size_t	 i;
	static const char *const suffix[] = { "", OLD, NEW,
	    ".20261128T000000" };

	(void)state;
	for (i = 0; i < nitems(suffix); i++) {
		snprintf(name, sizeof(name), "%s%s", file, suffix[i]);
		unlink(name);
	}
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(times_are_understood),
		cmocka_unit_test(what_is_no_history_log_is_told),
		cmocka_unit_test(files_are_read_oldest_first_and_around_junk),
		cmocka_unit_test(a_false_length_hides_nothing),
		cmocka_unit_test(
		    a_unit_behind_junk_is_found_wherever_it_begins),
		cmocka_unit_test(files_that_come_and_go_hide_no_others),
		cmocka_unit_test(what_is_no_file_is_not_read),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
