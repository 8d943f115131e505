#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/syslog.h"
#include "sandbox/conf.h"
#include "sandbox/vis.h"
#include "tests/lib/cmocka_first.h"

struct fix {
	char		 dir[32];
	char		 path[64];
	int		 fd;
	struct tally	 tally;
	struct syslog	 log;
};

static void
listen_at(struct fix *x)
{
	struct sockaddr_un	 sun;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	compat_strlcpy(sun.sun_path, x->path, sizeof(sun.sun_path));
	x->fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(x->fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
}

static int
setup(void **state)
{
	struct fix	*x = calloc(1, sizeof(*x));

	compat_strlcpy(x->dir, "/tmp/netmon-syslog.XXXXXX", sizeof(x->dir));
	assert_non_null(mkdtemp(x->dir));
	compat_strlcpy(x->path, x->dir, sizeof(x->path));
	strncat(x->path, "/log", sizeof(x->path) - strlen(x->path) - 1);
	listen_at(x);
	syslog_init(&x->log, x->path, &x->tally);
	*state = x;
	return 0;
}

static int
teardown(void **state)
{
	struct fix	*x = *state;

	syslog_clear(&x->log);
	close(x->fd);
	unlink(x->path);
	rmdir(x->dir);
	free(x);
	return 0;
}

static const char *
received(struct fix *x)
{
	static char	 line[4096];
	ssize_t		 n;

	n = recv(x->fd, line, sizeof(line) - 1, MSG_DONTWAIT);
	if (n == -1)
		return NULL;
	line[n] = '\0';
	return line;
}

static void
a_line_has_priority_and_name(void **state)
{
	struct fix	*x = *state;
	const char	*line;

	x->log.facility = conf_facility("local0");
	assert_int_equal(conf_facility("authpriv"), 10);
	assert_int_equal(conf_facility("nonsense"), 3);
	syslog_send(&x->log, LOG_LEVEL_WARNING, "something is so");
	line = received(x);
	assert_non_null(line);
	assert_int_equal(strncmp(line, "<132>", 5), 0);
	assert_non_null(strstr(line, " netmond["));
	assert_non_null(strstr(line, "]: something is so"));
}

static void
a_long_line_is_cut_in_front_of_a_character(void **state)
{
	struct fix	*x = *state;
	const char	*line;
	char		 in[2002];
	size_t		 shift, i, n, u;
	unsigned	 cp;

	for (shift = 0; shift < 2; shift++) {
		memset(in, 'a', sizeof(in));
		for (i = shift; i + 1 < sizeof(in) - 1; i += 2)
			memcpy(in + i, "\xc3\xa9", 2);
		in[sizeof(in) - 1] = '\0';
		if (shift == 0)
			in[sizeof(in) - 2] = 'a';
		syslog_send(&x->log, LOG_LEVEL_INFO, in);
		assert_non_null(line = received(x));
		n = strlen(line);
		assert_true(n <= SYSLOG_MAX);
		assert_string_equal(line + n - 3, "...");
		for (i = 0; i < n; i += u)
			assert_true((u = vis_utf8(line + i, n - i, &cp)) > 0);
	}
}

static void
a_receiver_that_stops_reading_blocks_nothing_and_is_told(void **state)
{
	struct fix	*x = *state;
	const char	*line;
	int		 i, n = 0, told = 0;

	for (i = 0; i < 5000; i++)
		syslog_send(&x->log, LOG_LEVEL_INFO, "a line");
	assert_true(x->log.lost > 0);
	assert_int_equal(x->tally.v[TALLY_PAR_LOG_LOST], x->log.lost);
	while (received(x) != NULL)
		n++;
	assert_int_equal((uint64_t)n + x->log.lost, 5000);
	syslog_send(&x->log, LOG_LEVEL_INFO, "again");
	while ((line = received(x)) != NULL)
		told += strstr(line, "lines could not be sent") != NULL;
	assert_int_equal(told, 1);
	assert_int_equal(x->log.lost, 0);
}

static void
a_restarted_receiver_is_found_again(void **state)
{
	struct fix	*x = *state;

	syslog_send(&x->log, LOG_LEVEL_INFO, "before");
	assert_non_null(received(x));
	close(x->fd);
	unlink(x->path);
	syslog_send(&x->log, LOG_LEVEL_INFO, "nobody");
	assert_int_equal(x->log.lost, 1);
	listen_at(x);
	x->log.retry_us = 0;
	syslog_send(&x->log, LOG_LEVEL_INFO, "after");
	assert_non_null(strstr(received(x), "1 lines could not be sent"));
	assert_non_null(strstr(received(x), "after"));
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(a_line_has_priority_and_name),
		TEST(a_long_line_is_cut_in_front_of_a_character),
		TEST(a_receiver_that_stops_reading_blocks_nothing_and_is_told),
		TEST(a_restarted_receiver_is_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
