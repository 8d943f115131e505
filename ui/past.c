#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/conf.h"
#include "sandbox/vis.h"
#include "ui/client.h"
#include "ui/past.h"

#define PIECE		(256 * 1024)	/* read at a time; more than a unit */
#define STEP_BACK_US	3600000000ULL	/* of the clock, between two files */

/* ---- times ---- */

/* A number of at most n digits; where it ends, NULL when there is none. */
static const char *
digits(const char *s, unsigned n, unsigned *v)
{
	const char	*begin = s;

	for (*v = 0; n > 0 && *s >= '0' && *s <= '9'; s++, n--)
		*v = *v * 10 + (unsigned)(*s - '0');
	return s == begin ? NULL : s;
}

int
past_span(const char *s, uint64_t *us)
{
	static const struct {
		char		 unit;
		uint64_t	 seconds;
	}		 units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 },
			    { 'd', 86400 } };
	unsigned	 n;
	size_t		 i;

	if ((s = digits(s, 6, &n)) == NULL || *s == '\0' || s[1] != '\0' ||
	    n == 0)
		return -1;
	for (i = 0; i < nitems(units); i++)
		if (*s == units[i].unit) {
			*us = n * units[i].seconds * 1000000;
			return 0;
		}
	return -1;
}

/* 03:12 or 03:12:30; where it ends. */
static const char *
clock_of(const char *s, unsigned *seconds)
{
	unsigned	 hour, minute, second = 0;

	if ((s = digits(s, 2, &hour)) == NULL || *s != ':' ||
	    (s = digits(s + 1, 2, &minute)) == NULL || (*s == ':' &&
	    (s = digits(s + 1, 2, &second)) == NULL))
		return NULL;
	*seconds = (hour * 60 + minute) * 60 + second;
	return hour < 24 && minute < 60 && second < 60 ? s : NULL;
}

static int
date(const char *s, uint64_t *us)
{
	struct tm	 tm = { 0 };
	unsigned	 year, month, day, seconds = 0;
	time_t		 t;

	if ((s = digits(s, 4, &year)) == NULL || *s != '-' ||
	    (s = digits(s + 1, 2, &month)) == NULL || *s != '-' ||
	    (s = digits(s + 1, 2, &day)) == NULL || year < 1970 ||
	    month < 1 || month > 12 || day < 1 || day > 31)
		return -1;
	if ((*s == 'T' || *s == ' ') &&
	    (s = clock_of(s + 1, &seconds)) == NULL)
		return -1;
	if (strcmp(s, "") != 0 && strcmp(s, "Z") != 0)
		return -1;
	tm.tm_year = (int)year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)day;
	if ((t = timegm(&tm)) == -1 || tm.tm_mday != (int)day)
		return -1;
	*us = ((uint64_t)t + seconds) * 1000000;
	return 0;
}

int
past_time(const char *s, uint64_t now_us, uint64_t *us)
{
	const char	*end;
	uint64_t	 now = now_us / 1000000;
	unsigned	 seconds;

	if (past_span(s, us) == 0) {
		*us = *us < now_us ? now_us - *us : 0;
		return 0;
	}
	if ((end = clock_of(s, &seconds)) == NULL || *end != '\0')
		return date(s, us);
	now -= now % 86400 < seconds ? now % 86400 + 86400 : now % 86400;
	*us = (now + seconds) * 1000000;
	return 0;
}

/* ---- files ---- */

struct reader {
	struct past	*past;
	struct period_keys keys;
	bool		 keyed;
	bool		 met;		/* any unit, in any file */
	bool		 enough;
	bool		 found;		/* a file that was rotated */
	uint8_t		 piece[PIECE];
};

static void
use(struct reader *r, const struct period *u)
{
	struct past	*p = r->past;

	if (u->type == PERIOD_KEYS)
		r->keyed = period_get_keys(u, &r->keys) == 0;
	else if (u->to_us <= p->since_us)
		p->before_us = u->to_us;
	else if (r->keyed && u->from_us < p->until_us)
		r->enough = !p->fn(p->arg, u, &r->keys);
}

/* The whole units among n bytes; how many of these are done with. */
static size_t
use_all(struct reader *r, size_t n, int *error)
{
	struct period	 u;
	size_t		 at = 0;
	int		 len;

	while (at < n && !r->enough) {
		if ((len = period_get(r->piece + at, n - at, &u)) == 0)
			break;
		if (len > 0) {
			r->met = true;
			use(r, &u);
			at += (size_t)len;
			continue;
		}
		*error = errno;
		at = period_seek(r->piece, n, at + 1);
	}
	return at;
}

static int
read_fd(struct reader *r, int fd)
{
	size_t	 n = 0, used;
	ssize_t	 got;
	int	 error = 0;

	r->keyed = false;
	while ((got = read(fd, r->piece + n, sizeof(r->piece) - n)) > 0 &&
	    !r->enough) {
		n += (size_t)got;
		used = use_all(r, n, &error);
		memmove(r->piece, r->piece + used, n - used);
		n -= used;
	}
	if (got == -1)
		return -1;
	/* What only seems to begin a long unit hides none behind it. */
	while (n > 0 && !r->enough) {
		used = period_seek(r->piece, n, 1);
		n -= used;
		memmove(r->piece, r->piece + used, n);
		used = use_all(r, n, &error);
		n -= used;
		memmove(r->piece, r->piece + used, n);
	}
	if ((error == ENOTSUP && !r->keyed) || (error != 0 && !r->met)) {
		errno = error;
		return -1;
	}
	return 0;
}

/* Only what has an end: anybody may have put something else there. */
static int
open_file(const char *name, struct stat *st)
{
	int	 fd, error;

	if ((fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK)) == -1)
		return -1;
	if ((error = fstat(fd, st) == -1 ? errno : 0) == 0 &&
	    S_ISREG(st->st_mode))
		return fd;
	close(fd);
	errno = error != 0 ? error : EINVAL;
	return -1;
}

/* Why a file was not read, in errno. */
static int
complain(const char *name, char *why, size_t size)
{
	const int	 error = errno;
	char		 v[PATH_MAX];

	snprintf(why, size, "%s: %s", vis_str(VIS_TERM, v, sizeof(v), name),
	    error == ENOTSUP ? "written on a machine of the other byte order" :
	    error == EINVAL ? "no regular file" :
	    error == EPROTO ? "no history log" :
	    error == ENOENT ? "no such file; \"log history\" in "
	    "netmond.conf(5) makes one, \"in FILE\" reads another" :
	    strerror(error));
	return error == EACCES || error == EPERM ? CLIENT_PERM :
	    CLIENT_REFUSED;
}

/* Since 1970, of the time in a rotated file's name: all in it is older. */
static uint64_t
stamp_us(const char *stamp)
{
	struct tm	 tm;
	time_t		 t;

	memset(&tm, 0, sizeof(tm));
	if (strptime(stamp, "%Y%m%dT%H%M%SZ", &tm) == NULL ||
	    (t = timegm(&tm)) < 0)
		return UINT64_MAX;
	return (uint64_t)t * 1000000;
}

/* Where the stamp of a file that was rotated from base begins; NULL: not. */
static const char *
stamp_of(const char *name, const char *base)
{
	size_t	 n = strlen(base);

	if (strncmp(name, base, n) != 0 || name[n] != '.' ||
	    !conf_stamp(name + n + 1))
		return NULL;
	return name + n + 1;
}

/* One of those that were rotated, unless it has gone by now, or is now. */
static int
read_old(struct reader *r, const char *name, const struct stat *now,
    char *why, size_t size)
{
	struct stat	 st;
	int		 fd, status = CLIENT_OK;

	if ((fd = open_file(name, &st)) == -1)
		return errno == ENOENT ? CLIENT_OK :
		    complain(name, why, size);
	if ((st.st_dev != now->st_dev || st.st_ino != now->st_ino) &&
	    read_fd(r, fd) == -1)
		status = complain(name, why, size);
	r->found = true;
	close(fd);
	return status;
}

static int
read_rotated(struct reader *r, const char *dir, const char *base,
    const struct stat *now, char *why, size_t size)
{
	struct dirent	**list;
	const char	*stamp;
	char		 name[PATH_MAX + NAME_MAX + 2];
	uint64_t	 end;
	int		 i, n, status = CLIENT_OK;

	/* Without a folder to list there is the file itself. */
	n = scandir(dir, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		stamp = stamp_of(list[i]->d_name, base);
		end = stamp == NULL ? 0 : stamp_us(stamp);
		snprintf(name, sizeof(name), "%s/%s", dir, list[i]->d_name);
		free(list[i]);
		if (stamp != NULL && status == CLIENT_OK && !r->enough &&
		    (end > UINT64_MAX - STEP_BACK_US ||
		    end + STEP_BACK_US > r->past->since_us))
			status = read_old(r, name, now, why, size);
	}
	if (n >= 0)
		free(list);
	return status;
}

/* Opened first: it may be rotated while the others are read. */
static int
read_all(struct reader *r, const char *dir, const char *base, char *why,
    size_t size)
{
	struct stat	 now = { 0 };
	int		 fd, error, status;

	fd = open_file(r->past->file, &now);
	error = errno;
	status = read_rotated(r, dir, base, &now, why, size);
	if (fd == -1) {
		errno = error;
		if (status == CLIENT_OK && (error != ENOENT || !r->found))
			status = complain(r->past->file, why, size);
		return status;
	}
	if (status == CLIENT_OK && !r->enough && read_fd(r, fd) == -1)
		status = complain(r->past->file, why, size);
	close(fd);
	return status;
}

int
past_read(struct past *p, char *why, size_t size)
{
	struct reader	*r;
	char		 dir[PATH_MAX];
	const char	*base;
	char		*slash;
	int		 status;

	if ((r = calloc(1, sizeof(*r))) == NULL) {
		snprintf(why, size, "out of memory");
		return CLIENT_OS;
	}
	r->past = p;
	p->before_us = 0;
	compat_strlcpy(dir, p->file, sizeof(dir));
	if ((slash = strrchr(dir, '/')) == NULL)
		compat_strlcpy(dir, ".", sizeof(dir));
	else
		slash[slash == dir] = '\0';
	base = slash == NULL ? p->file : p->file + (slash - dir) + 1;
	status = read_all(r, dir, base, why, size);
	free(r);
	return status;
}

int
past_rows(struct doc *d, const struct period *u, const struct period_keys *k,
    const char *chunk)
{
	const uint8_t	*rows;
	struct buf	 b;
	uint8_t		*p;
	size_t		 n, room = 4 * PERIOD_BODY_MAX;
	int		 failed;

	if ((rows = period_chunk(u, chunk, &n)) == NULL ||
	    (p = malloc(room)) == NULL)
		return -1;
	buf_writer(&b, p, room);
	failed = period_rows(k, rows, n, &b) == -1 ||
	    doc_add(d, p, b.len) == -1;
	free(p);
	return failed ? -1 : 0;
}
