#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/listen.h"
#include "parent/roots.h"
#include "sandbox/compat.h"
#include "sandbox/conf.h"
#include "sandbox/log.h"

#define BACKLOG		32
#define LOCK_TRIES	40
#define LOCK_WAIT_US	50000

/* ---- the socket ---- */

/* Missing folder: made, for the user that we become. 0 or an errno. */
static int
make_folder(const char *dir, const struct priv *p)
{
	mode_t	 old;
	int	 fd, e;

	/* For all: who may do what is said by the mode of the socket. */
	old = umask(022);
	e = mkdir(dir, 0755) == -1 ? errno : 0;
	umask(old);
	if (e != 0)
		return e == EEXIST ? 0 : e;
	if (p->way != PRIV_ROOT)
		return 0;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return 0;
	if (fchown(fd, p->uid, p->gid) == -1)
		log_warn("%s", dir);
	close(fd);
	return 0;
}

/* Whether somebody answers at the address; a stale socket goes away. */
static int
make_way(const struct sockaddr_un *sun, char *why, size_t size)
{
	struct stat	 st;
	int		 fd, r, e;

	if (lstat(sun->sun_path, &st) == -1)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, size, "%s: exists and is not a socket",
		    sun->sun_path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	r = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	e = errno;
	close(fd);
	if (r == 0 || e == EAGAIN || e == EPROTOTYPE) {
		snprintf(why, size, "%s: a daemon already answers there",
		    sun->sun_path);
		return -1;
	}
	if (e != ECONNREFUSED || unlink(sun->sun_path) == 0 || errno == ENOENT)
		return 0;
	snprintf(why, size, "control socket %s: nobody listens there, but it "
	    "cannot be removed: %s", sun->sun_path, strerror(errno));
	return -1;
}

/* By descriptor, so that nobody can put another file in its place. */
static int
give_to(const char *path, const struct priv *p)
{
	struct stat	 st;
	int		 fd, r = -1;

	if ((fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
		r = fchownat(fd, "", p->uid, p->extra, AT_EMPTY_PATH);
	close(fd);
	return r;
}

static int
bind_at(const struct sockaddr_un *sun, const struct priv *p, char *why,
    size_t size)
{
	mode_t	 old;
	bool	 bound;
	int	 fd, r, saved;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	old = umask(0117);
	r = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));
	umask(old);
	bound = r == 0;
	if (r == 0 && p->way == PRIV_ROOT) {
		if ((r = give_to(sun->sun_path, p)) == -1)
			snprintf(why, size, "control socket %s: cannot be "
			    "given to netmond's user and group: %s (without "
			    "CAP_CHOWN, start netmond as that user)",
			    sun->sun_path, strerror(errno));
	} else if (r == 0 && p->extra != p->gid && give_to(sun->sun_path, p) ==
	    -1)
		log_warn("control socket: its group cannot read: netmond is "
		    "started as no member of it (SupplementaryGroups= of a "
		    "unit)");
	if (r == 0)
		r = listen(fd, BACKLOG);
	if (r == 0)
		return fd;
	saved = errno;
	if (bound)
		unlink(sun->sun_path);
	close(fd);
	errno = saved;
	return -1;
}

void
listen_mine(int fd)
{
	if (listen(fd, BACKLOG) == -1)
		log_warn("control socket");
}

/*
 * Two daemons that start at once must not both find it stale. Whoever may
 * read the folder may hold the lock too: it is waited for, not for ever.
 */
static int
lock_folder(const char *dir, unsigned tries)
{
	int	 fd;

	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	while (flock(fd, LOCK_EX | LOCK_NB) == -1 && --tries > 0)
		usleep(LOCK_WAIT_US);
	return fd;
}

static int
bind_anew(struct listen *l, const char *dir, const struct priv *p,
    unsigned tries, char *why, size_t size)
{
	struct sockaddr_un	 sun;
	int			 fd = -1, lock;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	compat_strlcpy(sun.sun_path, l->path, sizeof(sun.sun_path));
	why[0] = '\0';
	if ((lock = lock_folder(dir, tries)) != -1) {
		if (make_way(&sun, why, size) == 0)
			fd = bind_at(&sun, p, why, size);
		if (fd == -1 && why[0] == '\0')
			snprintf(why, size, "control socket %s: %s", l->path,
			    strerror(errno));
		close(lock);
	} else
		snprintf(why, size, "%s: %s", dir, strerror(errno));
	if (fd != -1 && lstat(l->path, &l->bound) == -1)
		memset(&l->bound, 0, sizeof(l->bound));
	return fd;
}

int
listen_open(struct listen *l, const char *path, const struct priv *p,
    char *why, size_t size)
{
	struct sockaddr_un	 sun;
	struct stat		 st;
	char			 dir[CONF_PATH_MAX];
	int			 e;

	if (compat_strlcpy(l->path, path, sizeof(l->path)) >=
	    sizeof(sun.sun_path)) {
		snprintf(why, size, "control socket %s: %s", path,
		    strerror(ENAMETOOLONG));
		return -1;
	}
	roots_folder(path, dir, sizeof(dir));
	/* A read-only file system says so also of a folder that is there. */
	if ((e = make_folder(dir, p)) != 0 && stat(dir, &st) == -1) {
		snprintf(why, size, "control socket: the folder %s cannot be "
		    "made: %s", dir, strerror(e));
		return -1;
	}
	return bind_anew(l, dir, p, LOCK_TRIES, why, size);
}

/* ---- while netmond runs ---- */

static bool
same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int
listen_again(struct listen *l, const struct priv *p)
{
	struct stat	 st;
	char		 dir[CONF_PATH_MAX], why[CONF_PATH_MAX + 80];
	int		 fd;

	if (lstat(l->path, &st) == -1)
		memset(&st, 0, sizeof(st));
	else if (same(&st, &l->bound)) {
		l->lost = false;
		return -1;
	} else if (l->lost && same(&st, &l->other))
		return -1;		/* asked already: not ours */
	l->other = st;
	roots_folder(l->path, dir, sizeof(dir));
	fd = bind_anew(l, dir, p, 1, why, sizeof(why));
	if (fd != -1)
		log_warnx("control socket %s was removed: it is there again",
		    l->path);
	else if (!l->lost)
		log_warnx("control socket %s was removed or replaced, only "
		    "signals reach this netmond: %s", l->path, why);
	l->lost = fd == -1;
	return fd;
}

void
listen_remove(const struct listen *l)
{
	struct stat	 st;

	if (l->path[0] != '\0' && lstat(l->path, &st) == 0 &&
	    same(&st, &l->bound))
		unlink(l->path);
}
