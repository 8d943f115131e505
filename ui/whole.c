#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "ui/whole.h"

/* Whether a name still is that of an open file. */
static bool
is_named(int fd, const char *name)
{
	struct stat	 a, b;

	return fstat(fd, &a) == 0 && lstat(name, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* What one that was killed left, if it is that: no lock is on it any more. */
static int
take_away(const char *name)
{
	int	 fd, r = 0;

	fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		errno = errno == EWOULDBLOCK ? EBUSY : errno;
		r = -1;
	} else if (is_named(fd, name))
		r = unlink(name);
	close(fd);
	return r;
}

/* A new file under that name, locked. */
static int
create(const char *name)
{
	int	 fd;

	for (;;) {
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd == -1) {
			if (errno != EEXIST || take_away(name) == -1)
				return -1;
			continue;
		}
		/* Another one may have thought that nobody writes it. */
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_named(fd, name))
			return fd;
		close(fd);
	}
}

static int
replace(struct out *o, const char *path)
{
	char		*name = NULL;
	int		 fd, saved;

	if (asprintf(&name, "%s.new", path) == -1)
		return -1;
	if ((fd = create(name)) == -1) {
		free(name);
		return -1;
	}
	if (out_flush(o, fd) == -1 || fchmod(fd, 0644) == -1 ||
	    fsync(fd) == -1 || rename(name, path) == -1) {
		saved = errno;
		unlink(name);
		close(fd);
		free(name);
		errno = saved;
		return -1;
	}
	free(name);
	return close(fd);
}

/*
 * A rename would put a file in the place of a device or a link, /dev/stdout
 * for example. What ends us, a timer that has waited enough say, does so when
 * the temporary file is gone.
 */
int
whole_write(struct out *o, const char *path)
{
	static const int	 ends[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ
	};
	struct stat		 st;
	sigset_t		 set, before;
	size_t			 i;
	int			 r;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : ENOTSUP;
		return -1;
	}
	sigemptyset(&set);
	for (i = 0; i < nitems(ends); i++)
		sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, &before);
	r = replace(o, path);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
