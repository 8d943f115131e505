#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/keep.h"
#include "sandbox/log.h"
#include "tests/lib/cmocka_first.h"

struct world {
	char		 dir[32];
	char		 path[64];
	char		 said[512];
	struct slots	 s;
	struct keep	 k;
};

static void
on_line(enum log_level level, const char *line, void *arg)
{
	struct world	*w = arg;

	(void)level;
	snprintf(w->said, sizeof(w->said), "%s", line);
}

static int
setup(void **state)
{
	struct world	*w = calloc(1, sizeof(*w));

	memcpy(w->dir, "/tmp/netmon-keep.XXXXXX", 24);
	if (mkdtemp(w->dir) == NULL)
		return -1;
	snprintf(w->path, sizeof(w->path), "%s/state", w->dir);
	log_init(on_line, w);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world	*w = *state;

	slots_clear(&w->s);
	unlink(w->path);
	rmdir(w->dir);
	log_init(NULL, NULL);
	free(w);
	return 0;
}

static void
set(struct world *w, unsigned table, uint32_t slot, const char *text)
{
	struct msg_slot	 m = { .table = (uint16_t)table, .slot = slot,
			    .data = (const uint8_t *)text,
			    .len = strlen(text) };

	assert_int_equal(slots_set(&w->s, &m), 0);
}

/* As another start of netmond reads it. */
static int
read_anew(struct world *w)
{
	slots_clear(&w->s);
	memset(&w->k, 0, sizeof(w->k));
	w->said[0] = '\0';
	return keep_read(&w->k, w->path, &w->s);
}

static size_t
kept(const struct world *w)
{
	struct msg_slot	 m = { .table = MSG_SAVE_USUAL };
	size_t		 n = 0;

	for (; slots_next(&w->s, &m); m.slot++)
		n++;
	return n;
}

static void
what_is_usual_comes_back(void **state)
{
	struct world	*w = *state;
	struct msg_slot	 m = { .table = MSG_SAVE_USUAL };
	struct stat	 st;

	assert_int_equal(read_anew(w), 0);	/* there is none */
	assert_string_equal(w->said, "");
	set(w, 3, 1, "not this");
	assert_int_equal(keep_write(&w->k, w->path, &w->s), 0);
	assert_int_equal(access(w->path, F_OK), -1);	/* nothing to keep */
	set(w, MSG_SAVE_USUAL, 1, "one");
	set(w, MSG_SAVE_USUAL, MSG_SAVE_SLOTS - 1, "last");
	assert_int_equal(keep_write(&w->k, w->path, &w->s), 0);
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(read_anew(w), 0);
	assert_int_equal(kept(w), 2);
	assert_true(slots_next(&w->s, &m));
	assert_int_equal(m.slot, 1);
	assert_memory_equal(m.data, "one", m.len);
	m.slot++;
	assert_true(slots_next(&w->s, &m));
	assert_int_equal(m.slot, MSG_SAVE_SLOTS - 1);
	/* What did not change is not written again. */
	assert_int_equal(unlink(w->path), 0);
	assert_int_equal(keep_write(&w->k, w->path, &w->s), 0);
	assert_int_equal(access(w->path, F_OK), -1);
}

/* A reload named another file. */
static void
another_file_has_it_all(void **state)
{
	struct world	*w = *state;
	char		 other[80];

	snprintf(other, sizeof(other), "%s.other", w->path);
	set(w, MSG_SAVE_USUAL, 1, "one");
	assert_int_equal(keep_write(&w->k, w->path, &w->s), 0);
	assert_int_equal(keep_write(&w->k, other, &w->s), 0);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(unlink(w->path), 0);
	assert_int_equal(keep_write(&w->k, w->path, &w->s), 0);
	read_anew(w);
	assert_int_equal(keep_write(&w->k, other, &w->s), 0);
	assert_int_equal(unlink(other), 0);
}

static void
flip(const char *path, off_t at)
{
	unsigned char	 c;
	int		 fd = open(path, O_RDWR);

	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 0x10;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

static void
what_is_damaged_is_not_taken(void **state)
{
	struct world	*w = *state;
	struct stat	 st;
	off_t		 i;

	set(w, MSG_SAVE_USUAL, 1, "one");
	set(w, MSG_SAVE_USUAL, 2, "two");
	assert_int_equal(keep_write(&w->k, w->path, &w->s), 0);
	assert_int_equal(stat(w->path, &st), 0);
	for (i = 0; i < st.st_size; i++) {
		flip(w->path, i);
		assert_int_equal(read_anew(w), -1);
		assert_int_equal(kept(w), 0);
		assert_non_null(strstr(w->said, "begins anew"));
		flip(w->path, i);
	}
	for (i = st.st_size - 1; i >= 0; i--) {
		assert_int_equal(truncate(w->path, i), 0);
		assert_int_equal(read_anew(w), -1);
		assert_int_equal(kept(w), 0);
	}
}

static void
what_others_may_have_written_is_not_taken(void **state)
{
	struct world	*w = *state;
	char		 link[72];

	set(w, MSG_SAVE_USUAL, 1, "one");
	assert_int_equal(keep_write(&w->k, w->path, &w->s), 0);
	assert_int_equal(chmod(w->path, 0620), 0);
	assert_int_equal(read_anew(w), -1);
	assert_int_equal(kept(w), 0);
	assert_non_null(strstr(w->said, "written by others"));
	assert_int_equal(chmod(w->path, 0600), 0);
	snprintf(link, sizeof(link), "%s.link", w->path);
	assert_int_equal(symlink(w->path, link), 0);
	keep_read(&w->k, link, &w->s);
	assert_int_equal(kept(w), 0);
	unlink(link);
	if (geteuid() == 0) {
		assert_int_equal(chown(w->path, 1, 1), 0);
		assert_int_equal(read_anew(w), -1);
		assert_int_equal(kept(w), 0);
		assert_non_null(strstr(w->said, "another user's"));
	}
	assert_int_equal(unlink(w->path), 0);
	assert_int_equal(mkfifo(w->path, 0600), 0);
	assert_int_equal(read_anew(w), -1);	/* and does not wait */
	assert_non_null(strstr(w->said, "no regular file"));
}

static void
what_cannot_be_written_is_said_once(void **state)
{
	struct world	*w = *state;
	char		 away[80];

	snprintf(away, sizeof(away), "%s/there/state", w->dir);
	set(w, MSG_SAVE_USUAL, 1, "one");
	assert_int_equal(keep_write(&w->k, away, &w->s), -1);
	assert_non_null(strstr(w->said, "is not kept"));
	w->said[0] = '\0';
	assert_int_equal(keep_write(&w->k, away, &w->s), -1);
	assert_string_equal(w->said, "");
	assert_int_equal(keep_write(&w->k, w->path, &w->s), 0);
	assert_non_null(strstr(w->said, "kept again"));
	/* What a crash left beside it is in nobody's way. */
	snprintf(away, sizeof(away), "%s.new", w->path);
	assert_int_equal(close(open(away, O_WRONLY | O_CREAT, 0666)), 0);
	set(w, MSG_SAVE_USUAL, 1, "two");
	assert_int_equal(keep_write(&w->k, w->path, &w->s), 0);
	assert_int_equal(access(away, F_OK), -1);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(what_is_usual_comes_back),
		T(another_file_has_it_all),
		T(what_is_damaged_is_not_taken),
		T(what_others_may_have_written_is_not_taken),
		T(what_cannot_be_written_is_said_once),
	};

	return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
