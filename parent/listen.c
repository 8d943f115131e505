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
#include "sandbox/compat.h"
#include "sandbox/conf.h"
#include "sandbox/log.h"

#define BACKLOG	32

/* ---- the socket ---- */

static int
folder_of(const char *path, char *dir, size_t size)
{
	const char	*slash = strrchr(path, '/');

	if (*path != '/' || slash == NULL)
		return -1;
	if (compat_strlcpy(dir, path, size) >= size)
		return -1;
	dir[slash == path ? 1 : slash - path] = '\0';
	return 0;
}

/* Missing folder: made, for the user that we become. */
static void
make_folder(const char *dir, const struct priv *p)
{
	int	 fd;

	if (mkdir(dir, 0755) == -1 || p->way != PRIV_ROOT)
		return;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	if (fchown(fd, p->uid, p->gid) == -1)
		log_warn("%s", dir);
	close(fd);
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
	if (e == ECONNREFUSED)
		unlink(sun->sun_path);
	return 0;
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
bind_at(const struct sockaddr_un *sun, const struct priv *p)
{
	mode_t	 old;
	int	 fd, r;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	old = umask(0117);
	r = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));
	umask(old);
	if (r == 0 && p->way == PRIV_ROOT)
		r = give_to(sun->sun_path, p);
	if (r == 0)
		r = listen(fd, BACKLOG);
	if (r == 0)
		return fd;
	close(fd);
	return -1;
}

int
listen_open(const char *path, const struct priv *p, char *why, size_t size)
{
	struct sockaddr_un	 sun;
	char			 dir[CONF_PATH_MAX];
	int			 fd = -1, lock;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	why[0] = '\0';
	errno = ENAMETOOLONG;
	if (folder_of(path, dir, sizeof(dir)) == -1 ||
	    compat_strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		goto fail;
	make_folder(dir, p);
	/* Two daemons that start at once must not both find it stale. */
	lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock == -1)
		goto fail;
	flock(lock, LOCK_EX);
	if (make_way(&sun, why, size) == 0)
		fd = bind_at(&sun, p);
	close(lock);
	if (fd != -1)
		return fd;
 fail:
	if (why[0] == '\0')
		snprintf(why, size, "control socket %s: %s", path,
		    strerror(errno));
	return -1;
}
