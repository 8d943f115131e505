#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "parent/files.h"
#include "sandbox/compat.h"
#include "sandbox/log.h"

#define SAME_SECOND_MAX	99	/* rotations of one file in one second */
#define ROTATE_BURST	1000	/* that mirror may ask for, at a time */
#define ROTATE_EVERY_US	500000	/* and then */

/* ---- rotation ---- */

static void
old_name(char *to, size_t size, const char *path, const char *stamp, int n)
{
	if (n == 0)
		snprintf(to, size, "%s.%s", path, stamp);
	else
		snprintf(to, size, "%s.%s-%02d", path, stamp, n);
}

/* Moves FILE out of the way; it keeps every byte. */
static int
rotate(const char *path, uint64_t now_us)
{
	char		 to[PATH_MAX], stamp[CONF_STAMP_LEN + 1];
	struct stat	 st;
	struct tm	 tm;
	time_t		 t = (time_t)(now_us / 1000000);
	int		 i;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm) !=
	    CONF_STAMP_LEN) {
		errno = EINVAL;
		return -1;
	}
	/* Behind the last of this second, also when earlier ones are gone. */
	for (i = SAME_SECOND_MAX; i >= 0; i--) {
		old_name(to, sizeof(to), path, stamp, i);
		if (lstat(to, &st) == 0 || errno != ENOENT)
			break;
	}
	if (i == SAME_SECOND_MAX) {
		errno = EEXIST;
		return -1;
	}
	old_name(to, sizeof(to), path, stamp, i + 1);
	return rename(path, to);
}

/* A rotated file; there may be as many as ran up while none was pruned. */
struct old {
	char		 stamp[CONF_STAMP_LEN + sizeof("-NN")];
	uint64_t	 size;
};

static int
old_cmp(const void *a, const void *b)
{
	const struct old	*x = a, *y = b;

	return strcmp(x->stamp, y->stamp);
}

/* The rotated files of base in dir, oldest first. */
static struct old *
list_old(DIR *d, const char *base, size_t *n)
{
	struct dirent	*e;
	struct stat	 st;
	struct old	*v = NULL, *more;
	size_t		 len = strlen(base);

	*n = 0;
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, base, len) != 0 ||
		    e->d_name[len] != '.' ||
		    !conf_stamp(e->d_name + len + 1) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
		    -1 || !S_ISREG(st.st_mode))
			continue;
		if ((*n & (*n - 1)) == 0) {
			more = realloc(v, (*n == 0 ? 1 : *n * 2) *
			    sizeof(*v));
			if (more == NULL) {
				log_warnx("%s: out of memory, some old files "
				    "stay", base);
				break;
			}
			v = more;
		}
		compat_strlcpy(v[*n].stamp, e->d_name + len + 1,
		    sizeof(v[*n].stamp));
		v[(*n)++].size = (uint64_t)st.st_size;
	}
	if (v != NULL)
		qsort(v, *n, sizeof(*v), old_cmp);
	return v;
}

/* The file that is being written counts for both limits. */
static size_t
prune_dir(DIR *d, const char *base, const struct conf_rotate *r)
{
	char		 name[NAME_MAX + 1];
	struct stat	 st;
	struct old	*v;
	uint64_t	 bytes = 0;
	size_t		 i, n, left, gone = 0;

	v = list_old(d, base, &n);
	if (fstatat(dirfd(d), base, &st, AT_SYMLINK_NOFOLLOW) == 0)
		bytes = (uint64_t)st.st_size;
	for (i = 0; i < n; i++)
		bytes += v[i].size;
	left = n + 1;
	for (i = 0; i < n; i++) {
		if ((r->keep == 0 || left <= r->keep) &&
		    (r->max == 0 || bytes <= r->max))
			break;
		snprintf(name, sizeof(name), "%s.%s", base, v[i].stamp);
		if (unlinkat(dirfd(d), name, 0) == -1) {
			log_warn("%s: cannot delete", name);
			continue;
		}
		bytes -= v[i].size;
		left--;
		gone++;
	}
	free(v);
	return gone;
}

size_t
files_prune(const char *path, const struct conf_rotate *r)
{
	char		 dir[CONF_PATH_MAX];
	const char	*base;
	size_t		 n;
	DIR		*d;

	if (r->keep == 0 && r->max == 0)
		return 0;
	roots_folder(path, dir, sizeof(dir));
	base = strrchr(path, '/');
	base = base == NULL ? path : base + 1;
	if (path[0] != '/' && strchr(path, '/') == NULL)
		compat_strlcpy(dir, ".", sizeof(dir));
	if ((d = opendir(dir)) == NULL) {
		log_warn("%s: cannot read the folder", dir);
		return 0;
	}
	n = prune_dir(d, base, r);
	closedir(d);
	return n;
}

/* ---- opening ---- */

struct wanted {
	char			 path[CONF_PATH_MAX];
	struct conf_rotate	 rotate;
	mode_t			 mode;
};

/* What kind and index of f stand for in c; -1 when it is not there. */
static int
look_up(const struct conf *c, const struct msg_file *f, struct wanted *w)
{
	const struct conf_mirror	*m;

	memset(w, 0, sizeof(*w));
	if (f->kind == FILE_EVENTS && f->index < c->nlogs) {
		compat_strlcpy(w->path, c->logs[f->index].path,
		    sizeof(w->path));
		w->rotate = c->logs[f->index].rotate;
		w->mode = c->logs[f->index].mode;
		return 0;
	}
	if ((f->kind != FILE_RECORD && f->kind != FILE_GAPS) ||
	    f->index >= c->nmirrors || !c->mirrors[f->index].has_record)
		return -1;
	m = &c->mirrors[f->index];
	if (f->kind == FILE_GAPS && strcmp(m->path, "-") == 0)
		return -1;
	w->rotate = m->rotate;
	w->mode = m->mode;
	if (compat_strlcpy(w->path, m->path, sizeof(w->path)) +
	    sizeof(CONF_GAPS) > sizeof(w->path))
		return -1;
	if (f->kind == FILE_GAPS)
		memcpy(w->path + strlen(w->path), CONF_GAPS,
		    sizeof(CONF_GAPS));
	return 0;
}

static int
open_socket(const char *path)
{
	struct sockaddr_un	 sun;
	int			 fd, saved;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (compat_strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/*
 * A fifo opened for both ways never blocks and never ends. The mode holds
 * for a file that is made here; one that is there keeps its own.
 */
static int
open_path(const char *path, mode_t mode, struct stat *st)
{
	int	 fd, made = 0;

	if (strcmp(path, "-") == 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else if (lstat(path, st) == 0 && S_ISSOCK(st->st_mode))
		fd = open_socket(path);
	else {
		made = lstat(path, st) == -1;
		fd = open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC |
		    O_NOCTTY | O_NONBLOCK | O_CREAT, mode);
	}
	if (fd == -1)
		return -1;
	if (fstat(fd, st) == -1 || (made && fchmod(fd, mode) == -1)) {
		close(fd);
		return -1;
	}
	if (S_ISREG(st->st_mode) || S_ISFIFO(st->st_mode) ||
	    S_ISSOCK(st->st_mode) || S_ISCHR(st->st_mode))
		return fd;
	close(fd);
	errno = EISDIR;
	return -1;
}

/* 0 where the filesystem does not tell. */
static uint64_t
age_of(int fd, uint64_t now_us)
{
	struct statx	 sx;
	uint64_t	 born;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &sx) == -1 ||
	    (sx.stx_mask & STATX_BTIME) == 0 || sx.stx_btime.tv_sec < 0)
		return 0;
	born = (uint64_t)sx.stx_btime.tv_sec * 1000000 +
	    sx.stx_btime.tv_nsec / 1000;
	return now_us > born ? now_us - born : 0;
}

static bool
is_regular(const char *path)
{
	struct stat	 st;

	return strcmp(path, "-") != 0 && lstat(path, &st) == 0 &&
	    S_ISREG(st.st_mode);
}

int
files_open(const struct conf *c, struct msg_file *f, uint64_t now_us)
{
	struct roots		 roots;
	struct wanted		 w;
	struct stat		 st;
	int			 fd;

	f->error = 0;
	f->size = f->age_us = 0;
	f->name[0] = '\0';
	if (look_up(c, f, &w) == -1) {
		f->error = ENOENT;
		return -1;
	}
	compat_strlcpy(f->name, w.path, sizeof(f->name));
	roots_of(c, &roots);
	if (roots_fault(c, &roots, w.path) != NULL) {
		f->error = EACCES;
		return -1;
	}
	if ((f->flags & FILE_ROTATE) && is_regular(w.path) &&
	    rotate(w.path, now_us) == -1)
		log_warn("%s: cannot rename, going on with it", w.path);
	if ((fd = open_path(w.path, w.mode, &st)) == -1) {
		f->error = (uint32_t)errno;
		/* Who asked says it, not each time that it asks. */
		log_debug("%s: cannot open: %s", w.path, strerror(errno));
		return -1;
	}
	if (f->flags & FILE_ROTATE)
		(void)files_prune(w.path, &w.rotate);
	f->flags &= ~(uint32_t)FILE_REGULAR;
	if (S_ISREG(st.st_mode)) {
		f->flags |= FILE_REGULAR;
		f->size = (uint64_t)st.st_size;
		f->age_us = age_of(fd, now_us);
	}
	log_debug("%s: opened", w.path);
	return fd;
}

/* ---- sending ---- */

static struct files_place *
place_of(struct files *fs, const struct msg_file *f)
{
	struct files_place	*v;
	size_t			 i;

	for (i = 0; i < fs->n; i++)
		if (fs->place[i].kind == f->kind &&
		    fs->place[i].index == f->index)
			return &fs->place[i];
	if ((v = reallocarray(fs->place, fs->n + 1, sizeof(*v))) == NULL)
		return NULL;
	fs->place = v;
	v += fs->n++;
	memset(v, 0, sizeof(*v));
	v->kind = f->kind;
	v->index = f->index;
	return v;
}

/* To ask for a name elsewhere may take as long as somebody is away. */
static bool
is_near(int fd)
{
	struct statfs	 fs;

	if (fstatfs(fd, &fs) == -1)
		return false;
	switch ((uint32_t)fs.f_type) {
	case AFS_FS_MAGIC:
	case AFS_SUPER_MAGIC:
	case CEPH_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case CODA_SUPER_MAGIC:
	case FUSE_SUPER_MAGIC:
	case NFS_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case V9FS_MAGIC:
		return false;
	}
	return true;
}

/*
 * Its device and number, as its name is asked for later. There are no more
 * places than the configuration has, whatever mirror asks for.
 */
static void
note(struct files *fs, const struct msg_file *f, int fd)
{
	struct files_place	*p;
	struct stat		 st, named;

	if (f->name[0] == '\0' || (p = place_of(fs, f)) == NULL)
		return;
	p->known = fd != -1 && f->flags & FILE_REGULAR && is_near(fd) &&
	    fstat(fd, &st) == 0 && lstat(f->name, &named) == 0 &&
	    st.st_dev == named.st_dev && st.st_ino == named.st_ino;
	if (p->known) {
		p->dev = st.st_dev;
		p->ino = st.st_ino;
		compat_strlcpy(p->path, f->name, sizeof(p->path));
	}
}

int
files_send(struct files *fs, const struct conf *c, struct chan *ch,
    const struct msg_file *want, uint64_t now_us)
{
	struct msg_file	 f = *want;
	struct buf	*b;
	int		 fd;

	fd = files_open(c, &f, now_us);
	note(fs, &f, fd);
	if ((b = chan_begin(ch, MSG_FILE, 0)) == NULL) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	msg_put_file(b, &f);
	return fd == -1 ? chan_end(ch) : chan_end_fd(ch, fd);
}

void
files_send_all(struct files *fs, const struct conf *c, struct chan *ch,
    uint64_t now_us)
{
	struct msg_file	 f;
	uint32_t	 i;

	fs->n = 0;
	memset(&f, 0, sizeof(f));
	for (i = 0; i < c->nmirrors; i++) {
		if (!c->mirrors[i].has_record)
			continue;
		f.index = i;
		f.kind = FILE_RECORD;
		(void)files_send(fs, c, ch, &f, now_us);
		/* What cannot rotate has no folder to lie in either. */
		if (!is_regular(c->mirrors[i].path))
			continue;
		f.kind = FILE_GAPS;
		(void)files_send(fs, c, ch, &f, now_us);
	}
	f.kind = FILE_EVENTS;
	for (i = 0; i < c->nlogs; i++) {
		f.index = i;
		(void)files_send(fs, c, ch, &f, now_us);
	}
}

/* A folder that cannot be looked into tells nothing. */
static bool
is_gone(const struct files_place *p)
{
	struct stat	 st;

	if (lstat(p->path, &st) == -1)
		return errno == ENOENT;
	return st.st_dev != p->dev || st.st_ino != p->ino;
}

void
files_send_gone(struct files *fs, const struct conf *c, struct chan *ch,
    uint64_t now_us)
{
	const struct files_place *p;
	struct msg_file		 f;
	struct wanted		 w;
	size_t			 i;

	for (i = 0; i < fs->n && chan_queued(ch) == 0; i++) {
		p = &fs->place[i];
		memset(&f, 0, sizeof(f));
		f.kind = p->kind;
		f.index = p->index;
		/* A mirror that is to go has those of another file. */
		if (!p->known || look_up(c, &f, &w) == -1 ||
		    strcmp(p->path, w.path) != 0 || !is_gone(p))
			continue;
		log_notice("%s: was removed or renamed, opening it anew",
		    p->path);
		(void)files_send(fs, c, ch, &f, now_us);
	}
}

int
files_wanted(struct files *fs, const struct conf *c, struct chan *ch,
    struct frame *fr, uint64_t mono_us, uint64_t now_us)
{
	struct msg_file	 f;
	uint64_t	 held;

	if (msg_get_file(&fr->body, &f) == -1)
		return -1;
	/* Each answer that waits has one of our descriptors. */
	if (chan_queued(ch) > 0 || (f.flags & FILE_ROTATE &&
	    !log_burst(&fs->pace, mono_us, ROTATE_EVERY_US, ROTATE_BURST,
	    &held)))
		return 1;
	(void)files_send(fs, c, ch, &f, now_us);
	return 0;
}

void
files_clear(struct files *fs)
{
	free(fs->place);
	memset(fs, 0, sizeof(*fs));
}
