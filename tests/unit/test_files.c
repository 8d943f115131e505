#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/files.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"

/* 2026-11-20 18:30:12 UTC */
#define NOW	1795199412000000ULL
#define STAMP	".20261120T183012Z"

/* A folder, and a configuration with one mirror and one log in it. */
struct world {
	char		 dir[32];
	struct conf	*c;
	struct conf_mirror *m;
	struct conf_log	*l;
};

static int
setup(void **state)
{
	struct world	*w = calloc(1, sizeof(*w));

	compat_strlcpy(w->dir, "/tmp/netmon-files.XXXXXX", sizeof(w->dir));
	if (mkdtemp(w->dir) == NULL || (w->c = conf_new()) == NULL)
		return -1;
	/* The folder of the socket is one of the roots. */
	snprintf(w->c->socket, sizeof(w->c->socket), "%s/sock", w->dir);
	w->m = conf_add_mirror(w->c);
	conf_mirror_defaults(w->m);
	w->m->has_record = true;
	snprintf(w->m->path, sizeof(w->m->path), "%s/rec", w->dir);
	w->l = conf_add_log(w->c);
	conf_log_defaults(w->l);
	snprintf(w->l->path, sizeof(w->l->path), "%s/log", w->dir);
	*state = w;
	return 0;
}

static size_t
matches(struct world *w, const char *pattern)
{
	char	 path[128];
	glob_t	 g;
	size_t	 n;

	snprintf(path, sizeof(path), "%s/%s", w->dir, pattern);
	n = glob(path, 0, NULL, &g) == 0 ? g.gl_pathc : 0;
	if (n > 0)
		globfree(&g);
	return n;
}

static int
teardown(void **state)
{
	struct world	*w = *state;
	char		 path[128];
	glob_t		 g;
	size_t		 i;

	snprintf(path, sizeof(path), "%s/*", w->dir);
	if (glob(path, 0, NULL, &g) == 0) {
		for (i = 0; i < g.gl_pathc; i++)
			unlink(g.gl_pathv[i]);
		globfree(&g);
	}
	rmdir(w->dir);
	conf_free(w->c);
	free(w);
	return 0;
}

static int
get(struct world *w, struct msg_file *f, uint32_t kind, uint32_t flags)
{
	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->flags = flags;
	return files_open(w->c, f, NOW);
}

static void
write_all(int fd, size_t n)
{
	char	 zero[4096] = "";

	for (; n > 0; n -= n < sizeof(zero) ? n : sizeof(zero))
		assert_true(write(fd, zero, n < sizeof(zero) ? n :
		    sizeof(zero)) > 0);
}

static void
a_record_is_opened_to_append_with_its_mode(void **state)
{
	struct world	*w = *state;
	struct msg_file	 f;
	struct stat	 st;
	int		 fd;

	umask(077);
	w->m->mode = 0640;
	fd = get(w, &f, FILE_RECORD, 0);
	assert_int_not_equal(fd, -1);
	assert_int_equal(f.error, 0);
	assert_int_equal(f.size, 0);
	assert_string_equal(f.name, w->m->path);
	assert_true(f.flags & FILE_REGULAR);
	assert_int_equal(fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE),
	    O_APPEND | O_RDWR);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	write_all(fd, 10);
	close(fd);
	fd = get(w, &f, FILE_RECORD, 0);
	assert_int_equal(f.size, 10);
	close(fd);
}

static void
the_age_of_a_file_is_told(void **state)
{
	struct world	*w = *state;
	struct msg_file	 f = { .kind = FILE_RECORD };
	struct statx	 sx;
	uint64_t	 born_us;
	int		 fd;

	fd = get(w, &f, FILE_RECORD, 0);
	assert_int_not_equal(fd, -1);
	assert_int_equal(statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &sx), 0);
	close(fd);
	born_us = (uint64_t)sx.stx_btime.tv_sec * 1000000 +
	    sx.stx_btime.tv_nsec / 1000;
	fd = files_open(w->c, &f, born_us + 5000000);
	assert_int_not_equal(fd, -1);
	assert_int_equal(f.age_us, sx.stx_mask & STATX_BTIME ? 5000000 : 0);
	close(fd);
}

static void
gaps_and_events_have_their_own_files(void **state)
{
	struct world	*w = *state;
	struct msg_file	 f;

	close(get(w, &f, FILE_GAPS, 0));
	assert_int_equal(matches(w, "rec.gaps"), 1);
	close(get(w, &f, FILE_EVENTS, 0));
	assert_string_equal(f.name, w->l->path);
	assert_int_equal(get(w, &f, FILE_INPUT, 0), -1);
	assert_int_equal(f.error, ENOENT);
	memset(&f, 0, sizeof(f));
	f.kind = FILE_EVENTS;
	f.index = 1;
	assert_int_equal(files_open(w->c, &f, NOW), -1);
	assert_int_equal(f.error, ENOENT);
}

static void
rotation_renames_and_never_overwrites(void **state)
{
	struct world	*w = *state;
	struct msg_file	 f;
	struct stat	 st;
	char		 old[128];
	int		 fd, i;

	for (i = 0; i < 3; i++) {
		fd = get(w, &f, FILE_RECORD, FILE_ROTATE);
		assert_int_equal(f.size, 0);
		write_all(fd, 100 + (size_t)i);
		close(fd);
	}
	assert_int_equal(matches(w, "rec" STAMP), 1);
	assert_int_equal(matches(w, "rec" STAMP "-01"), 1);
	snprintf(old, sizeof(old), "%s/rec" STAMP "-01", w->dir);
	assert_int_equal(stat(old, &st), 0);
	assert_int_equal(st.st_size, 101);
	assert_int_equal(stat(w->m->path, &st), 0);
	assert_int_equal(st.st_size, 102);
}

static void
keep_counts_the_current_file(void **state)
{
	struct world	*w = *state;
	struct msg_file	 f;
	int		 i;

	w->m->rotate.keep = 3;
	for (i = 0; i < 6; i++) {
		close(get(w, &f, FILE_RECORD, FILE_ROTATE));
		close(get(w, &f, FILE_GAPS, 0));
	}
	assert_int_equal(matches(w, "rec*Z*"), 2);
	assert_int_equal(matches(w, "rec.gaps"), 1);
	assert_int_equal(matches(w, "rec"), 1);
	/* The oldest went first. */
	assert_int_equal(matches(w, "rec" STAMP), 0);
	assert_int_equal(matches(w, "rec" STAMP "-04"), 1);
}

static void
the_cap_of_bytes_holds(void **state)
{
	struct world	*w = *state;
	struct msg_file	 f;
	int		 fd, i;

	w->m->rotate.max = 2500;
	for (i = 0; i < 6; i++) {
		fd = get(w, &f, FILE_RECORD, FILE_ROTATE);
		write_all(fd, 1000);
		close(fd);
	}
	/* Two old ones and an empty new one when it was made. */
	assert_int_equal(matches(w, "rec*Z*"), 2);
	assert_int_equal(files_prune(w->m->path, &w->m->rotate), 1);
	assert_int_equal(matches(w, "rec*Z*"), 1);
}

static void
files_of_others_are_not_pruned(void **state)
{
	static const char *const names[] = {
		"rec.1", "rec.gaps", "rec.20261120T183012Z.gz", "recX" STAMP,
		"rec.2026112xT183012Z", "rec" STAMP "-1"
	};
	const struct conf_rotate r = { .keep = 1 };
	struct world	*w = *state;
	char		 path[128];
	size_t		 i;

	for (i = 0; i < nitems(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->dir, names[i]);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	assert_int_equal(files_prune(w->m->path, &r), 0);
	assert_int_equal(matches(w, "rec*"), nitems(names));
}

static void
a_symbolic_link_and_a_folder_are_refused(void **state)
{
	struct world	*w = *state;
	struct msg_file	 f;

	assert_int_equal(symlink("/etc/passwd", w->m->path), 0);
	assert_int_equal(get(w, &f, FILE_RECORD, 0), -1);
	assert_int_equal(f.error, ELOOP);
	assert_int_equal(get(w, &f, FILE_RECORD, FILE_ROTATE), -1);
	assert_int_equal(unlink(w->m->path), 0);
	assert_int_equal(mkdir(w->m->path, 0700), 0);
	assert_int_equal(get(w, &f, FILE_RECORD, 0), -1);
	assert_int_equal(rmdir(w->m->path), 0);
}

static void
a_fifo_opens_without_a_reader_and_does_not_rotate(void **state)
{
	struct world	*w = *state;
	struct msg_file	 f;
	int		 fd;

	assert_int_equal(mkfifo(w->m->path, 0600), 0);
	fd = get(w, &f, FILE_RECORD, FILE_ROTATE);
	assert_int_not_equal(fd, -1);
	assert_false(f.flags & FILE_REGULAR);
	assert_int_equal(matches(w, "rec*"), 1);
	close(fd);
}

static void
a_unix_socket_is_connected(void **state)
{
	struct sockaddr_un	 sun;
	struct world		*w = *state;
	struct msg_file		 f;
	int			 fd, s;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	compat_strlcpy(sun.sun_path, w->m->path, sizeof(sun.sun_path));
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(get(w, &f, FILE_RECORD, 0), -1);
	assert_int_equal(f.error, ECONNREFUSED);
	assert_int_equal(listen(s, 1), 0);
	fd = get(w, &f, FILE_RECORD, FILE_ROTATE);
	assert_int_not_equal(fd, -1);
	assert_false(f.flags & FILE_REGULAR);
	close(fd);
	close(s);
}

static void
standard_output_is_a_copy_of_it(void **state)
{
	struct world	*w = *state;
	struct msg_file	 f;
	int		 fd;

	compat_strlcpy(w->m->path, "-", sizeof(w->m->path));
	fd = get(w, &f, FILE_RECORD, FILE_ROTATE);
	assert_true(fd > 2);
	close(fd);
	assert_int_equal(get(w, &f, FILE_GAPS, 0), -1);
}

static void
count_fault(enum conf_part part, size_t i, const char *why, void *arg)
{
	(void)part;
	(void)i;
	(void)why;
	(*(int *)arg)++;
}

static void
paths_outside_of_the_roots_are_named(void **state)
{
	static const char *const bad[] = {
		"/etc/x", "/var/log/netmondx/y", "/var/log/netmond/../x",
		"/var/log/netmond", "/var/log/netmond/", "/var/log/netmond/.."
	};
	struct world	*w = *state;
	struct msg_file	 f;
	int		 said = 0;
	size_t		 i;

	assert_int_equal(roots_check(w->c, count_fault, &said), 0);
	assert_int_equal(said, 0);
	for (i = 0; i < nitems(bad); i++) {
		compat_strlcpy(w->l->path, bad[i], sizeof(w->l->path));
		assert_int_equal(roots_check(w->c, count_fault, &said), 1);
		assert_int_equal(said, (int)i + 1);
		assert_int_equal(get(w, &f, FILE_EVENTS, 0), -1);
		assert_int_equal(f.error, EACCES);
	}
	compat_strlcpy(w->l->path, "/var/log/netmond/a..b", CONF_PATH_MAX);
	assert_int_equal(roots_check(w->c, count_fault, &said), 0);
	compat_strlcpy(w->l->path, "/etc/x", CONF_PATH_MAX);
	w->c->offline = true;
	assert_int_equal(roots_check(w->c, count_fault, &said), 0);
}

static void
no_folder_is_an_error_that_is_told(void **state)
{
	struct world	*w = *state;
	struct msg_file	 f;

	snprintf(w->m->path, sizeof(w->m->path), "%s/none/rec", w->dir);
	assert_int_equal(get(w, &f, FILE_RECORD, FILE_ROTATE), -1);
	assert_int_equal(f.error, ENOENT);
	assert_string_equal(f.name, w->m->path);
}

/* ---- a mirror that asks and asks ---- */

struct asker {
	struct event_base	*base;
	struct chan		*ch;
	int			 fd;	/* its end */
	struct files		 files;
};

static void
asker_init(struct asker *a)
{
	struct chan_conf	 c;
	int			 fd[2];

	memset(a, 0, sizeof(*a));
	memset(&c, 0, sizeof(c));
	c.self = ROLE_PARENT;
	c.peer = ROLE_MIRROR;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
	    0, fd), 0);
	a->base = event_base_new();
	c.fd = fd[0];
	a->fd = fd[1];
	a->ch = chan_new(a->base, &c);
}

static void
asker_clear(struct asker *a)
{
	files_clear(&a->files);
	chan_free(a->ch);
	close(a->fd);
	event_base_free(a->base);
}

/* Whether it is answered, mono_us after the start. */
static bool
ask(struct world *w, struct asker *a, uint32_t flags, uint64_t mono_us,
    uint64_t now_us)
{
	struct msg_file	 m = { .kind = FILE_RECORD, .flags = flags };
	struct frame	 f;
	struct buf	 b;
	uint8_t		 body[512];
	int		 r;

	buf_writer(&b, body, sizeof(body));
	msg_put_file(&b, &m);
	memset(&f, 0, sizeof(f));
	buf_reader(&f.body, body, b.len);
	r = files_wanted(&a->files, w->c, a->ch, &f, mono_us, now_us);
	assert_true(r == 0 || r == 1);
	return r == 0;
}

static size_t
open_descriptors(void)
{
	size_t	 n;
	int	 fd;

	for (fd = 0, n = 0; fd < 1000; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
who_takes_no_files_gets_no_more_of_them(void **state)
{
	struct world	*w = *state;
	struct asker	 a;
	size_t		 before;
	int		 i;

	asker_init(&a);
	before = open_descriptors();
	assert_true(ask(w, &a, 0, 0, NOW));
	for (i = 0; i < 2000; i++)
		ask(w, &a, 0, 0, NOW);
	assert_false(ask(w, &a, 0, 0, NOW));
	assert_true(chan_queued(a.ch) > 0);
	assert_true(open_descriptors() <= before + 1);
	asker_clear(&a);
}

static void
rotation_has_a_pace(void **state)
{
	struct world	*w = *state;
	struct asker	 a;
	char		 rx[1024];
	uint64_t	 us;
	int		 i;

	asker_init(&a);
	/* Each millisecond for 20 seconds. */
	for (i = 0; i < 20000; i++) {
		us = 1000ULL * (uint64_t)i;
		ask(w, &a, FILE_ROTATE, us, NOW + us);
		while (read(a.fd, rx, sizeof(rx)) > 0)
			continue;
	}
	assert_true(matches(w, "rec.2*") > 90);
	assert_true(matches(w, "rec.2*") < 200);
	/* The wall clock is put back by a day: the pace goes on. */
	while (ask(w, &a, FILE_ROTATE, 20000000, NOW + 20000000))
		while (read(a.fd, rx, sizeof(rx)) > 0)
			continue;
	assert_true(ask(w, &a, FILE_ROTATE, 21000000,
	    NOW - 86400000000ULL));
	asker_clear(&a);
}

/* How many files came; none of them is a fault. */
static unsigned
taken(struct asker *a)
{
	char		 rx[1024];
	unsigned	 n;

	for (n = 0; read(a->fd, rx, sizeof(rx)) > 0; n++)
		continue;
	return n;
}

static unsigned
looked(struct world *w, struct asker *a)
{
	files_send_gone(&a->files, w->c, a->ch, NOW);
	return taken(a);
}

static void
one_that_others_take_away_is_made_again(void **state)
{
	struct world	*w = *state;
	struct asker	 a;
	char		 aside[64];
	int		 fd;	/* no number is used again, as with a mirror */

	asker_init(&a);
	files_send_all(&a.files, w->c, a.ch, NOW);
	assert_int_equal(taken(&a), 3);
	assert_int_equal(looked(w, &a), 0);
	fd = open(w->m->path, O_RDONLY);
	assert_int_equal(unlink(w->m->path), 0);
	assert_int_equal(looked(w, &a), 1);
	assert_int_equal(matches(w, "rec"), 1);
	assert_int_equal(looked(w, &a), 0);
	close(fd);
	snprintf(aside, sizeof(aside), "%s/aside", w->dir);
	assert_int_equal(rename(w->l->path, aside), 0);
	assert_int_equal(looked(w, &a), 1);
	/* Another in its place; a rotation is nobody else's. */
	assert_int_equal(rename(aside, w->l->path), 0);
	assert_int_equal(looked(w, &a), 1);
	ask(w, &a, FILE_ROTATE, 0, NOW);
	assert_int_equal(taken(&a), 1);
	assert_int_equal(looked(w, &a), 0);
	asker_clear(&a);
}

/* The mirror before a reload has files of other names. */
static void
another_configuration_has_not_moved_them(void **state)
{
	struct world	*w = *state;
	struct asker	 a;

	asker_init(&a);
	files_send_all(&a.files, w->c, a.ch, NOW);
	assert_int_equal(taken(&a), 3);
	snprintf(w->m->path, sizeof(w->m->path), "%s/rec2", w->dir);
	assert_int_equal(looked(w, &a), 0);
	files_send_all(&a.files, w->c, a.ch, NOW);
	assert_int_equal(taken(&a), 3);
	assert_int_equal(looked(w, &a), 0);
	asker_clear(&a);
}

static void
one_that_cannot_be_made_again_is_not_sent_for_ever(void **state)
{
	struct world	*w = *state;
	struct asker	 a;
	int		 fd;

	asker_init(&a);
	files_send_all(&a.files, w->c, a.ch, NOW);
	assert_int_equal(taken(&a), 3);
	fd = open(w->l->path, O_RDONLY);
	assert_int_equal(unlink(w->l->path), 0);
	assert_int_equal(symlink("rec", w->l->path), 0);
	assert_int_equal(looked(w, &a), 1);
	assert_int_equal(looked(w, &a), 0);
	close(fd);
	asker_clear(&a);
}

static void
what_is_not_configured_is_not_remembered(void **state)
{
	struct world	*w = *state;
	struct msg_file	 f = { .kind = FILE_EVENTS };
	struct asker	 a;

	asker_init(&a);
	files_send_all(&a.files, w->c, a.ch, NOW);
	assert_int_equal(a.files.n, 3);
	for (f.index = 1; f.index < 10; f.index++)
		(void)files_send(&a.files, w->c, a.ch, &f, NOW);
	f.kind = 77;
	(void)files_send(&a.files, w->c, a.ch, &f, NOW);
	assert_int_equal(a.files.n, 3);
	asker_clear(&a);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(a_record_is_opened_to_append_with_its_mode),
		T(the_age_of_a_file_is_told),
		T(gaps_and_events_have_their_own_files),
		T(rotation_renames_and_never_overwrites),
		T(keep_counts_the_current_file),
		T(the_cap_of_bytes_holds),
		T(files_of_others_are_not_pruned),
		T(a_symbolic_link_and_a_folder_are_refused),
		T(a_fifo_opens_without_a_reader_and_does_not_rotate),
		T(a_unix_socket_is_connected),
		T(standard_output_is_a_copy_of_it),
		T(paths_outside_of_the_roots_are_named),
		T(no_folder_is_an_error_that_is_told),
		T(who_takes_no_files_gets_no_more_of_them),
		T(rotation_has_a_pace),
		T(one_that_others_take_away_is_made_again),
		T(another_configuration_has_not_moved_them),
		T(one_that_cannot_be_made_again_is_not_sent_for_ever),
		T(what_is_not_configured_is_not_remembered)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
