#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/sink_file.h"
#include "sandbox/compat.h"
#include "sandbox/log.h"
#include "sandbox/pcapng.h"
#include "sandbox/period.h"
#include "tests/lib/cmocka_first.h"

#define SECOND	1000000ull

static char	 dir[] = "/tmp/test_sink_file.XXXXXX";
static char	 path[64];
static int	 asked, asked_rotate, nlost;
static uint64_t	 refused[4096];
static size_t	 nrefused;

static void
on_ask(void *arg, bool rotate)
{
	(void)arg;
	asked++;
	asked_rotate += rotate;
}

static void
on_refused(void *arg, const struct sink_note *note, size_t bytes)
{
	(void)arg;
	(void)bytes;
	if (nrefused < nitems(refused))
		refused[nrefused] = note->offset;
	nrefused++;
}

static void
on_lost(void *arg)
{
	(void)arg;
	nlost++;
}

static void
quiet(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

/* The disk: errors of what was written before, and of what is synced now. */
static int	 later_error, sync_error, syncs;

int	 __wrap_sync_file_range(int, off_t, off_t, unsigned);
int	 __wrap_fdatasync(int);

static int
disk(int *error)
{
	errno = *error;
	*error = 0;
	return errno == 0 ? 0 : -1;
}

int
__wrap_sync_file_range(int fd, off_t from, off_t n, unsigned flags)
{
	(void)fd;
	(void)from;
	(void)n;
	assert_int_equal(flags, SYNC_FILE_RANGE_WAIT_BEFORE);
	return disk(&later_error);
}

int
__wrap_fdatasync(int fd)
{
	(void)fd;
	syncs++;
	return disk(&sync_error);
}

static int
setup(void **state)
{
	(void)state;
	log_init(quiet, NULL);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static struct sink_file *
fresh_rotated(enum sink_file_kind kind, const struct conf_rotate *r)
{
	struct sink_file_conf	 c = { .kind = kind, .name = path,
	    .rotate = *r, .limit = 65536, .ask = on_ask,
	    .refused = on_refused, .lost = on_lost };

	unlink(path);
	asked = asked_rotate = nlost = 0;
	nrefused = 0;
	return sink_file_new(&c);
}

static struct sink_file *
fresh(enum sink_file_kind kind)
{
	static const struct conf_rotate	 never;

	return fresh_rotated(kind, &never);
}

static int
open_file(void)
{
	int	 fd;

	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd != -1);
	return fd;
}

static int
put(struct sink_file *f, uint64_t number, const char *s)
{
	struct sink_note	 n = { .offset = number };

	return sink_file_put(f, &n, s, strlen(s), "-", 1, "\n", 1);
}

static const char *
content(void)
{
	static char	 s[1 << 20];
	ssize_t		 n;
	int		 fd;

	if ((fd = open(path, O_RDONLY)) == -1)
		return "?";
	n = read(fd, s, sizeof(s) - 1);
	close(fd);
	s[n < 0 ? 0 : n] = '\0';
	return s;
}

static void
limit_file(rlim_t n)
{
	struct rlimit	 r;

	getrlimit(RLIMIT_FSIZE, &r);
	r.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void
units_are_appended_at_flush(void **state)
{
	struct sink_file	*f = fresh(SINK_LINES);

	(void)state;
	assert_int_equal(put(f, 1, "none"), -1);
	sink_file_take(f, open_file(), true, path, 0);
	assert_int_equal(put(f, 1, "one"), 0);
	assert_int_equal(put(f, 2, "two"), 0);
	assert_string_equal(content(), "");
	sink_file_flush(f);
	assert_string_equal(content(), "one-\ntwo-\n");
	assert_int_equal(sink_file_stats(f)->units, 2);
	assert_int_equal(sink_file_stats(f)->bytes, 10);
	assert_int_equal(put(f, 3, "three"), 0);
	sink_file_free(f);
	assert_string_equal(content(), "one-\ntwo-\nthree-\n");
	assert_int_equal(nrefused, 0);
}

static void
a_full_disk_undoes_the_cut_unit_and_names_the_lost_ones(void **state)
{
	struct sink_file	*f;
	rlim_t			 cut;

	(void)state;
	for (cut = 1; cut <= 15; cut++) {
		f = fresh(SINK_LINES);
		sink_file_take(f, open_file(), true, path, 0);
		put(f, 1, "one");
		put(f, 2, "two");
		put(f, 3, "six");
		limit_file(cut);
		sink_file_flush(f);
		assert_int_equal(strlen(content()), cut / 5 * 5);
		assert_int_equal(nrefused, 3 - cut / 5);
		if (nrefused > 0) {
			assert_int_equal(refused[0], cut / 5 + 1);
			assert_int_equal(sink_file_error(f), EFBIG);
			/* Nothing is tried for a while. */
			limit_file(RLIM_INFINITY);
			assert_int_equal(put(f, 4, "ten"), -1);
		}
		limit_file(RLIM_INFINITY);
		sink_file_tick(f, 2 * SECOND);
		assert_int_equal(put(f, 5, "out"), 0);
		sink_file_flush(f);
		assert_int_equal(sink_file_error(f), 0);
		assert_string_equal(content() + cut / 5 * 5, "out-\n");
		assert_int_equal(sink_file_size(f), cut / 5 * 5 + 5);
		sink_file_free(f);
	}
}

static void
the_tail_of_an_unfinished_write_is_cut_off(void **state)
{
	const struct period	 u = { PERIOD_ROWS, 1, 2, NULL, 0 };
	uint8_t			 unit[PERIOD_HDR];
	struct sink_file	*f = fresh(SINK_LINES);
	int			 fd;

	(void)state;
	fd = open_file();
	assert_int_equal(write(fd, "whole\nhal", 9), 9);
	sink_file_take(f, fd, true, path, 0);
	assert_string_equal(content(), "whole\n");
	assert_int_equal(sink_file_stats(f)->repaired, 3);
	put(f, 1, "next");
	sink_file_free(f);
	assert_string_equal(content(), "whole\nnext-\n");

	/* Of a history log, which is no text. */
	period_header(&u, unit);
	f = fresh(SINK_PERIODS);
	fd = open_file();
	assert_int_equal(write(fd, unit, sizeof(unit)), sizeof(unit));
	assert_int_equal(write(fd, unit, 17), 17);
	sink_file_take(f, fd, true, path, 0);
	assert_int_equal(sink_file_size(f), sizeof(unit));
	assert_int_equal(sink_file_stats(f)->repaired, 17);
	sink_file_free(f);

	f = fresh(SINK_LINES);
	fd = open_file();
	assert_int_equal(write(fd, "hal", 3), 3);
	sink_file_take(f, fd, true, path, 0);
	assert_string_equal(content(), "");
	sink_file_free(f);

	f = fresh(SINK_RAW);
	fd = open_file();
	assert_int_equal(write(fd, "hal", 3), 3);
	sink_file_take(f, fd, true, path, 0);
	assert_string_equal(content(), "hal");
	sink_file_free(f);
}

/* A section whose packet holds the begin of another one. */
static size_t
section(uint8_t *p, size_t size)
{
	struct buf	 b, in;
	uint8_t		 inner[64];
	size_t		 at;

	buf_writer(&in, inner, sizeof(inner));
	at = pcapng_begin(&in, "");
	pcapng_end(&in, at);
	buf_writer(&b, p, size);
	at = pcapng_begin(&b, "why");
	pcapng_iface(&b, 1, "eth0");
	pcapng_packet(&b, 0, 1, inner, (uint32_t)in.len, 1500);
	pcapng_end(&b, at);
	assert_false(b.err);
	return b.len;
}

static void
sections_are_cut_where_the_last_whole_one_ends(void **state)
{
	struct sink_file	*f;
	uint8_t			 p[512];
	size_t			 n, cut, k;
	int			 fd;

	(void)state;
	n = section(p, sizeof(p));
	for (k = 0; k <= 2; k++)
		for (cut = 0; cut < n; cut++) {
			f = fresh(SINK_SECTIONS);
			fd = open_file();
			if (k > 0)
				assert_int_equal(write(fd, p, n), n);
			if (k > 1)
				assert_int_equal(write(fd, p, n), n);
			assert_int_equal(write(fd, p, cut), cut);
			sink_file_take(f, fd, true, path, 0);
			assert_int_equal(sink_file_size(f), k * n);
			assert_int_equal(sink_file_stats(f)->repaired, cut);
			assert_true(sink_file_is_open(f));
			sink_file_free(f);
		}
}

static void
a_file_of_something_else_is_left_for_the_next_one(void **state)
{
	static const char	 other[] = "a note";
	struct sink_file	*f = fresh(SINK_SECTIONS);
	uint8_t			 p[512];
	int			 fd = open_file(), k;
	size_t			 n = section(p, sizeof(p));

	(void)state;
	for (k = 0; k < 2; k++) {
		sink_file_tick(f, (unsigned)(3 * k + 1) * SECOND);
		asked = asked_rotate = 0;
		if (k == 1)
			assert_int_equal(write(fd, p, n), n);
		assert_int_equal(write(fd, other, sizeof(other)),
		    sizeof(other));
		sink_file_take(f, fd, true, path, 0);
		assert_false(sink_file_is_open(f));
		assert_int_equal(put(f, 1, "x"), -1);
		assert_int_equal(sink_file_stats(f)->repaired, 0);
		sink_file_tick(f, (unsigned)(3 * k + 2) * SECOND);
		assert_int_equal(asked, 1);
		assert_int_equal(asked_rotate, 1);
		assert_int_equal(unlink(path), 0);	/* as if renamed */
		fd = open_file();
	}
	sink_file_take(f, fd, true, path, 0);
	assert_true(sink_file_is_open(f));
	sink_file_free(f);
}

/* A restart or a reload makes no file young. */
static void
the_age_of_a_file_that_is_there_counts(void **state)
{
	struct conf_rotate	 r = { .age_us = 10 * SECOND };
	struct sink_file	*f = fresh_rotated(SINK_LINES, &r);

	(void)state;
	sink_file_tick(f, SECOND);
	sink_file_take(f, open_file(), true, path, 0);
	sink_file_aged(f, 7 * SECOND);
	put(f, 1, "one");
	sink_file_tick(f, 3 * SECOND);
	assert_int_equal(asked_rotate, 0);
	sink_file_tick(f, 4 * SECOND);
	assert_int_equal(asked_rotate, 1);
	/* It could not be renamed: tried again after the whole time. */
	sink_file_take(f, open_file(), true, path, 0);
	sink_file_tick(f, 13 * SECOND);
	assert_int_equal(asked_rotate, 1);
	sink_file_tick(f, 14 * SECOND);
	assert_int_equal(asked_rotate, 2);
	sink_file_free(f);
}

static void
the_next_file_is_asked_for_once_and_nothing_is_lost_meanwhile(void **state)
{
	struct conf_rotate	 r = { .size = 12, .age_us = 10 * SECOND };
	struct sink_file	*f = fresh_rotated(SINK_LINES, &r);
	char			 other[80];

	(void)state;
	sink_file_tick(f, SECOND);
	sink_file_tick(f, 2 * SECOND);
	assert_int_equal(asked, 1);	/* for the first */
	sink_file_take(f, open_file(), true, path, 0);
	put(f, 1, "one");
	put(f, 2, "two");
	assert_int_equal(asked_rotate, 0);
	put(f, 3, "six");
	put(f, 4, "ten");
	assert_int_equal(asked_rotate, 1);
	snprintf(other, sizeof(other), "%s.1", path);
	assert_int_equal(rename(path, other), 0);
	sink_file_take(f, open_file(), true, path, 0);
	assert_string_equal(content(), "");
	put(f, 5, "new");
	sink_file_flush(f);
	assert_string_equal(content(), "new-\n");
	assert_int_equal(rename(other, path), 0);
	assert_string_equal(content(), "one-\ntwo-\nsix-\nten-\n");
	assert_int_equal(sink_file_stats(f)->rotated, 1 + 0);
	/* By age; an empty file is never rotated. */
	sink_file_tick(f, 12 * SECOND);
	assert_int_equal(asked_rotate, 2);
	sink_file_take(f, open_file(), true, path, 0);
	sink_file_free(f);
	unlink(path);
	f = fresh(SINK_LINES);
	sink_file_take(f, open_file(), true, path, 0);
	sink_file_rotate(f);
	assert_int_equal(asked_rotate, 0);
	sink_file_free(f);
}

static void
what_was_asked_for_in_vain_is_asked_for_again(void **state)
{
	struct sink_file	*f = fresh(SINK_LINES);

	(void)state;
	sink_file_tick(f, SECOND);
	sink_file_take(f, open_file(), true, path, 0);
	put(f, 1, "one");
	sink_file_rotate(f);
	assert_int_equal(asked_rotate, 1);
	sink_file_tick(f, 2 * SECOND - 1);
	assert_int_equal(asked_rotate, 1);
	sink_file_tick(f, 2 * SECOND);
	assert_int_equal(asked_rotate, 2);
	sink_file_take(f, open_file(), true, path, 0);
	sink_file_tick(f, 4 * SECOND);
	assert_int_equal(asked_rotate, 2);
	sink_file_free(f);
	unlink(path);
}

static void
a_next_file_that_does_not_come_costs_nothing(void **state)
{
	struct conf_rotate	 r = { .size = 12 };
	struct sink_file	*f;

	(void)state;
	unlink(path);
	f = fresh_rotated(SINK_LINES, &r);
	sink_file_tick(f, SECOND);
	sink_file_take(f, open_file(), true, path, 0);
	put(f, 1, "one");
	put(f, 2, "two");
	put(f, 3, "six");
	assert_int_equal(asked_rotate, 1);
	/* It could not be opened: the old one goes on. */
	sink_file_take(f, -1, false, path, ENOSPC);
	assert_true(sink_file_ready(f));
	assert_int_equal(put(f, 4, "ten"), 0);
	assert_int_equal(put(f, 5, "new"), 0);
	assert_int_equal(asked_rotate, 1);
	sink_file_tick(f, 3 * SECOND);
	assert_int_equal(put(f, 6, "now"), 0);
	assert_int_equal(asked_rotate, 2);
	/* It could not be renamed: the same one comes back. */
	sink_file_take(f, open_file(), true, path, 0);
	assert_int_equal(put(f, 7, "old"), 0);
	assert_int_equal(asked_rotate, 2);
	sink_file_tick(f, 5 * SECOND);
	assert_int_equal(put(f, 8, "end"), 0);
	assert_int_equal(asked_rotate, 3);
	sink_file_free(f);
	assert_string_equal(content(), "one-\ntwo-\nsix-\nten-\nnew-\nnow-\n"
	    "old-\nend-\n");
	assert_int_equal(nrefused, 0);
}

static void
a_reader_that_does_not_read_costs_units_and_never_blocks(void **state)
{
	struct sink_file_conf	 c = { .kind = SINK_LINES, .name = "pipe",
	    .limit = 8192, .ask = on_ask, .refused = on_refused };
	static char		 text[1001], in[1 << 20];
	struct sink_file	*f;
	size_t			 i, taken, got;
	ssize_t			 n;
	int			 p[2];

	(void)state;
	nrefused = 0;
	assert_int_equal(pipe(p), 0);
	f = sink_file_new(&c);
	sink_file_take(f, p[1], false, "pipe", 0);
	memset(text, 'x', sizeof(text) - 1);
	for (i = 0, taken = 0; i < 1000; i++) {
		taken += put(f, i, text) == 0;
		sink_file_flush(f);
	}
	assert_in_range(taken, 60, 80);
	assert_true(sink_file_queued(f) <= 8192);
	/* All that was taken arrives whole once it reads again. */
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	for (got = 0;; got += (size_t)n) {
		sink_file_flush(f);
		if ((n = read(p[0], in + got, sizeof(in) - got)) <= 0)
			break;
	}
	assert_int_equal(got, taken * 1002);
	assert_int_equal(sink_file_stats(f)->units, taken);
	/* Gone: what waits is refused, and another is asked for. */
	asked = 0;
	close(p[0]);
	nrefused = 0;
	assert_int_equal(put(f, 7, "late"), 0);
	sink_file_flush(f);
	assert_int_equal(nrefused, 1);
	assert_false(sink_file_is_open(f));
	sink_file_tick(f, 5 * SECOND);
	assert_int_equal(asked, 1);
	sink_file_tick(f, 5 * SECOND + 1);
	assert_int_equal(asked, 1);
	sink_file_free(f);
}

static void
a_file_that_cannot_be_opened_is_asked_for_again(void **state)
{
	struct sink_file	*f = fresh(SINK_LINES);
	const char		*what;

	(void)state;
	sink_file_tick(f, 1);
	assert_int_equal(asked, 0);
	sink_file_tick(f, 1 + SECOND);
	sink_file_tick(f, 2 + SECOND);
	assert_int_equal(asked, 1);
	sink_file_take(f, -1, true, path, EACCES);
	assert_int_equal(sink_file_error(f), EACCES);
	assert_int_equal(sink_file_failing(f, &what), EACCES);
	assert_string_equal(what, "cannot open");
	assert_int_equal(put(f, 1, "x"), -1);
	sink_file_tick(f, 3 * SECOND);
	assert_int_equal(asked, 2);
	sink_file_take(f, open_file(), true, path, 0);
	assert_int_equal(sink_file_error(f), 0);
	assert_int_equal(sink_file_failing(f, &what), 0);
	assert_int_equal(put(f, 1, "x"), 0);
	sink_file_free(f);
}

static void
an_open_file_is_kept_until_it_can_be_opened_anew(void **state)
{
	struct sink_file	*f = fresh(SINK_LINES);

	(void)state;
	sink_file_tick(f, SECOND);
	sink_file_take(f, open_file(), true, path, 0);
	sink_file_take(f, -1, true, path, EISDIR);
	assert_int_equal(sink_file_error(f), 0);
	assert_int_equal(put(f, 1, "x"), 0);
	sink_file_flush(f);
	assert_string_equal(content(), "x-\n");
	sink_file_tick(f, 2 * SECOND - 1);
	assert_int_equal(asked, 0);
	sink_file_tick(f, 2 * SECOND);
	assert_int_equal(asked, 1);
	sink_file_take(f, -1, true, path, EISDIR);
	sink_file_tick(f, 3 * SECOND);
	assert_int_equal(asked, 2);
	sink_file_take(f, open_file(), true, path, 0);
	sink_file_tick(f, 5 * SECOND);
	assert_int_equal(asked, 2);
	assert_int_equal(sink_file_stats(f)->rotated, 0);
	assert_int_equal(nrefused, 0);
	sink_file_free(f);
}

static void
a_file_that_takes_nothing_is_opened_anew_unless_the_disk_is_full(void **state)
{
	static const struct {
		const char	*name;
		int		 error, asks;
	} files[] = {
		{ "/dev/full", ENOSPC, 0 }, { "/dev/zero", EBADF, 1 }
	};
	struct sink_file	*f;
	const char		*what;
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(files); i++) {
		f = fresh(SINK_LINES);
		sink_file_tick(f, SECOND);
		sink_file_take(f, open(files[i].name, i == 0 ? O_WRONLY :
		    O_RDONLY), true, path, 0);
		assert_int_equal(put(f, 1, "x"), 0);
		sink_file_flush(f);
		assert_int_equal(sink_file_error(f), files[i].error);
		assert_int_equal(nrefused, 1);
		sink_file_tick(f, 2 * SECOND - 1);
		assert_int_equal(asked, 0);
		sink_file_tick(f, 2 * SECOND);
		assert_int_equal(asked, files[i].asks);
		sink_file_take(f, -1, true, path, EROFS);
		assert_int_equal(sink_file_error(f), files[i].error);
		sink_file_tick(f, 3 * SECOND);
		assert_int_equal(asked, files[i].asks + 1);
		sink_file_take(f, open_file(), true, path, 0);
		/* Open is not written to: that it fails is not over yet. */
		assert_int_equal(sink_file_error(f), 0);
		assert_int_equal(sink_file_failing(f, &what),
		    files[i].error);
		assert_string_equal(what, "cannot write");
		assert_int_equal(put(f, 2, "y"), 0);
		sink_file_flush(f);
		assert_int_equal(sink_file_failing(f, &what), 0);
		assert_string_equal(content(), "y-\n");
		assert_int_equal(asked_rotate, 0);
		sink_file_tick(f, 9 * SECOND);
		assert_int_equal(asked, files[i].asks + 1);
		sink_file_free(f);
	}
}

static void
a_disk_that_lost_what_it_had_taken_is_believed_again_when_it_syncs(
    void **state)
{
	struct sink_file	*f = fresh(SINK_LINES);

	(void)state;
	sink_file_tick(f, SECOND);
	sink_file_take(f, open_file(), true, path, 0);
	assert_int_equal(put(f, 1, "x"), 0);
	sink_file_flush(f);
	later_error = EINVAL;	/* the file system does not know */
	sink_file_tick(f, 3 * SECOND);
	assert_int_equal(sink_file_error(f), 0);
	later_error = EIO;
	sink_file_tick(f, 4 * SECOND);
	assert_int_equal(sink_file_error(f), EIO);
	assert_int_equal(nlost, 1);
	assert_false(sink_file_ready(f));
	assert_int_equal(asked, 0);
	sink_file_tick(f, 5 * SECOND);
	assert_int_equal(asked, 1);
	sink_file_take(f, open_file(), true, path, 0);
	assert_int_equal(put(f, 2, "y"), 0);
	sync_error = EIO;
	sink_file_flush(f);
	assert_int_equal(nrefused, 1);
	assert_int_equal(refused[0], 2);
	assert_int_equal(sink_file_stats(f)->units, 1);
	assert_string_equal(content(), "x-\n");
	sink_file_tick(f, 6 * SECOND);
	sink_file_take(f, open_file(), true, path, 0);
	assert_int_equal(sink_file_error(f), EIO);
	assert_int_equal(put(f, 3, "z"), 0);
	sink_file_flush(f);
	assert_int_equal(sink_file_error(f), 0);
	assert_int_equal(put(f, 4, "z"), 0);
	sink_file_flush(f);
	assert_int_equal(syncs, 2);
	assert_string_equal(content(), "x-\nz-\nz-\n");
	assert_int_equal(asked_rotate, 0);
	sink_file_free(f);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(units_are_appended_at_flush),
		cmocka_unit_test(
		    a_full_disk_undoes_the_cut_unit_and_names_the_lost_ones),
		cmocka_unit_test(the_tail_of_an_unfinished_write_is_cut_off),
		cmocka_unit_test(
		    sections_are_cut_where_the_last_whole_one_ends),
		cmocka_unit_test(
		    a_file_of_something_else_is_left_for_the_next_one),
		cmocka_unit_test(the_age_of_a_file_that_is_there_counts),
		cmocka_unit_test(
	    the_next_file_is_asked_for_once_and_nothing_is_lost_meanwhile),
		cmocka_unit_test(what_was_asked_for_in_vain_is_asked_for_again),
		cmocka_unit_test(
		    a_reader_that_does_not_read_costs_units_and_never_blocks),
		cmocka_unit_test(a_next_file_that_does_not_come_costs_nothing),
		cmocka_unit_test(
		    a_file_that_cannot_be_opened_is_asked_for_again),
		cmocka_unit_test(
		    an_open_file_is_kept_until_it_can_be_opened_anew),
		cmocka_unit_test(
    a_disk_that_lost_what_it_had_taken_is_believed_again_when_it_syncs),
		cmocka_unit_test(
	    a_file_that_takes_nothing_is_opened_anew_unless_the_disk_is_full),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
