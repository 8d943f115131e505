#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/sink_file.h"
#include "sandbox/compat.h"
#include "sandbox/log.h"
#include "sandbox/pcapng.h"
#include "sandbox/period.h"
#include "sandbox/vis.h"

#define BEYOND		((off_t)1 << 40)	/* where no file reaches */

struct unit {
	size_t		 end;		/* in the buffer */
	struct sink_note note;
};

struct sink_file {
	struct sink_file_conf conf;
	struct sink_file_stats stats;
	int		 fd;
	bool		 regular;
	bool		 asked;
	bool		 asked_rotate;
	bool		 strange;	/* it was none of ours: the next one */
	bool		 tell;		/* say when it works again */
	int		 error;		/* in the way now */
	int		 suspect;	/* why the disk lost what it took */
	int		 failing;	/* until something is written again */
	const char	*failing_at;
	uint64_t	 now_us;
	uint64_t	 asked_us;
	uint64_t	 retry_us;
	uint64_t	 renew_us;	/* the one that is open is an old one */
	uint64_t	 since_us;	/* of this file */
	uint64_t	 aged_us;	/* its age then */
	uint64_t	 rotate_us;	/* not full before: it was just taken */
	uint64_t	 check_us;	/* the disk is asked then */
	uint64_t	 size;		/* of the file */
	uint8_t		*buf;
	size_t		 room;
	size_t		 len;
	size_t		 sent;		/* of len, by a fifo or socket */
	struct unit	*units;
	size_t		 nunits;
	size_t		 unit_room;
	struct event	*ev;
	struct log_trouble trouble;
	char		 name[CONF_PATH_MAX];
};

static void	 on_writable(evutil_socket_t, short, void *);

struct sink_file *
sink_file_new(const struct sink_file_conf *conf)
{
	struct sink_file	*f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	f->conf = *conf;
	f->fd = -1;
	compat_strlcpy(f->name, conf->name, sizeof(f->name));
	f->conf.name = f->name;
	return f;
}

static void
warn(struct sink_file *f, const char *what, int error)
{
	char		 name[2 * CONF_PATH_MAX];

	if (!log_trouble(&f->trouble, f->now_us))
		return;
	vis_str(VIS_LOG, name, sizeof(name), f->name);
	log_warnx("%s: %s: %s", name, what, strerror(error));
}

static void
say(struct sink_file *f, const char *what, int error)
{
	f->tell = true;
	f->failing = error;
	f->failing_at = what;
	warn(f, what, error);
}

/* The first n units are in the file. */
static void
kept(struct sink_file *f, size_t n)
{
	f->stats.units += n;
	if (n > 0 && f->tell && f->error == 0) {
		f->tell = false;
		f->failing = 0;
		if (!log_trouble_over(&f->trouble, f->now_us))
			return;
		log_notice("%s: writing again", f->name);
	}
}

/* Forgets the buffer; the units from first on are refused. */
static void
refuse_from(struct sink_file *f, size_t first)
{
	size_t	 i, start;

	for (i = first; i < f->nunits; i++) {
		start = i > 0 ? f->units[i - 1].end : 0;
		f->stats.refused++;
		f->conf.refused(f->conf.arg, &f->units[i].note,
		    f->units[i].end - start);
	}
	f->len = f->sent = f->nunits = 0;
}

static void
ask(struct sink_file *f, bool rotate)
{
	if (f->asked)
		return;
	f->asked = true;
	f->asked_rotate = rotate;
	f->asked_us = f->now_us;
	f->conf.ask(f->conf.arg, rotate);
}

static void
drop_fd(struct sink_file *f)
{
	if (f->ev != NULL) {
		event_free(f->ev);
		f->ev = NULL;
	}
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
}

/* Units that lie in the first n bytes of the buffer. */
static size_t
units_within(const struct sink_file *f, size_t n)
{
	size_t	 i;

	for (i = 0; i < f->nunits && f->units[i].end <= n; i++)
		continue;
	return i;
}

/* What is full may have room again; else only another file may do. */
static bool
is_full_disk(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* No more for a while, then perhaps into another file of this name. */
static void
hold(struct sink_file *f, int error)
{
	f->error = error;
	f->retry_us = f->now_us + SINK_FILE_RETRY_US;
	if (!is_full_disk(error))
		f->renew_us = f->retry_us;
}

/* done bytes of the buffer were written, the rest was refused by the disk. */
static void
undo(struct sink_file *f, size_t done, int error)
{
	size_t	 whole, good;

	whole = units_within(f, done);
	good = whole > 0 ? f->units[whole - 1].end : 0;
	hold(f, error);
	say(f, "cannot write", error);
	if (good < done && ftruncate(f->fd, (off_t)(f->size + good)) == -1) {
		/* What is behind the good end stays: take the next file. */
		say(f, "cannot cut back", errno);
		f->renew_us = 0;
		drop_fd(f);
		ask(f, true);
	}
	f->size += good;
	f->stats.bytes += good;
	kept(f, whole);
	refuse_from(f, whole);
}

/* All of the buffer was written, but the disk has it not. */
static void
not_kept(struct sink_file *f, int error)
{
	hold(f, error);
	say(f, "cannot write", error);
	if (ftruncate(f->fd, (off_t)f->size) == -1)
		f->size += f->len;	/* whole units may stay */
	refuse_from(f, 0);
}

static void
flush_regular(struct sink_file *f)
{
	size_t	 done;
	ssize_t	 n;

	for (done = 0; done < f->len; done += (size_t)n) {
		n = write(f->fd, f->buf + done, f->len - done);
		if (n == -1 && errno == EINTR)
			n = 0;
		else if (n <= 0) {
			undo(f, done, n == 0 ? ENOSPC : errno);
			return;
		}
	}
	if (f->suspect != 0 && fdatasync(f->fd) == -1) {
		not_kept(f, errno);
		return;
	}
	f->suspect = 0;
	f->size += done;
	f->stats.bytes += done;
	f->error = 0;
	kept(f, f->nunits);
	f->len = f->nunits = 0;
}

static bool
is_lost(int error)
{
	return error == EIO || error == EROFS || is_full_disk(error);
}

/*
 * What a write gave to the kernel the disk may refuse later. The kernel is
 * asked what became of what it wrote since; this neither waits nor writes
 * (sync_file_range(2), of a range that is empty). From then on nothing counts
 * as written before the disk has it.
 */
static void
check_disk(struct sink_file *f)
{
	int	 error;

	if (f->fd == -1 || !f->regular || f->conf.wait || f->error != 0)
		return;
	f->check_us = f->now_us + SINK_FILE_RETRY_US;
	if (sync_file_range(f->fd, BEYOND, 1,
	    SYNC_FILE_RANGE_WAIT_BEFORE) == 0 || !is_lost(errno))
		return;
	error = errno;
	f->suspect = error;
	hold(f, error);
	say(f, "the disk lost some of what was written last", error);
	f->conf.lost(f->conf.arg);
}

/* The whole units that were sent leave the buffer. */
static void
shift(struct sink_file *f)
{
	size_t	 whole, n, i;

	whole = units_within(f, f->sent);
	if (whole == 0)
		return;
	n = f->units[whole - 1].end;
	kept(f, whole);
	memmove(f->buf, f->buf + n, f->len - n);
	f->len -= n;
	f->sent -= n;
	f->nunits -= whole;
	memmove(f->units, f->units + whole, f->nunits * sizeof(*f->units));
	for (i = 0; i < f->nunits; i++)
		f->units[i].end -= n;
}

static void
reader_gone(struct sink_file *f, int error)
{
	f->error = error;
	f->retry_us = f->now_us + SINK_FILE_RETRY_US;
	say(f, "cannot write", error);
	drop_fd(f);
	refuse_from(f, 0);
}

static void
flush_other(struct sink_file *f)
{
	struct pollfd	 p;
	ssize_t		 n;

	while (f->sent < f->len) {
		n = write(f->fd, f->buf + f->sent, f->len - f->sent);
		if (n >= 0) {
			f->sent += (size_t)n;
			f->size += (uint64_t)n;
			f->stats.bytes += (uint64_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN) {
			reader_gone(f, errno);
			return;
		}
		if (!f->conf.wait)
			break;
		p.fd = f->fd;
		p.events = POLLOUT;
		poll(&p, 1, 1000);
	}
	f->error = 0;
	shift(f);
	if (f->sent < f->len && f->ev != NULL)
		event_add(f->ev, NULL);
}

void
sink_file_flush(struct sink_file *f)
{
	if (f->len == 0)
		return;
	if (f->fd == -1)
		refuse_from(f, 0);
	else if (f->regular)
		flush_regular(f);
	else
		flush_other(f);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sink_file_flush(arg);
}

void
sink_file_free(struct sink_file *f)
{
	if (f == NULL)
		return;
	sink_file_flush(f);
	refuse_from(f, 0);
	check_disk(f);
	drop_fd(f);
	free(f->units);
	free(f->buf);
	free(f);
}

/* ---- taking a file ---- */

uint8_t *
sink_file_tail(const struct sink_file *f, size_t max, size_t *n, bool *whole)
{
	uint64_t	 from;
	uint8_t		*p;
	ssize_t		 got;

	if (f->fd == -1 || !f->regular || f->size == 0)
		return NULL;
	*n = f->size < max ? (size_t)f->size : max;
	*whole = *n == f->size;
	from = f->size - *n;
	if ((p = malloc(*n)) == NULL)
		return NULL;
	got = pread(f->fd, p, *n, (off_t)from);
	if (got != (ssize_t)*n) {
		free(p);
		return NULL;
	}
	return p;
}

static size_t
good_lines(const uint8_t *p, size_t n, bool whole)
{
	const uint8_t	*nl;

	if ((nl = memrchr(p, '\n', n)) != NULL)
		return (size_t)(nl - p) + 1;
	return whole ? 0 : n;
}

static void
cut_end(struct sink_file *f, uint64_t n)
{
	if (ftruncate(f->fd, (off_t)(f->size - n)) == -1) {
		say(f, "cannot repair", errno);
		return;
	}
	log_notice("%s: cut %llu bytes of an unfinished write", f->name,
	    (unsigned long long)n);
	f->size -= n;
	f->stats.repaired += n;
}

/*
 * Sections are found from the begin of the file on: what they hold may look
 * like one. Behind what is none nobody would find ours: the file is left as it
 * is, and the next one wanted.
 */
static void
repair_sections(struct sink_file *f)
{
	uint8_t		 p[PCAPNG_HDR];
	char		 name[2 * CONF_PATH_MAX];
	uint64_t	 at = 0;
	int64_t		 len = 0;
	ssize_t		 n;

	for (; at < f->size; at += (uint64_t)len) {
		if ((n = pread(f->fd, p, sizeof(p), (off_t)at)) == -1) {
			say(f, "cannot repair", errno);
			return;
		}
		len = pcapng_section(p, (size_t)n);
		if (len <= 0 || (uint64_t)len > f->size - at)
			break;
	}
	if (at == f->size)
		return;
	if (len >= 0) {
		cut_end(f, f->size - at);
		return;
	}
	vis_str(VIS_LOG, name, sizeof(name), f->name);
	log_warnx("%s: is no log evidence, going on with the next file", name);
	f->strange = true;
	f->retry_us = f->now_us + SINK_FILE_RETRY_US;
	drop_fd(f);
}

/* Cuts off a unit that is not whole at the end of the file. */
static void
repair(struct sink_file *f)
{
	uint8_t	*p;
	size_t	 n, good;
	bool	 whole;

	if (f->conf.kind == SINK_SECTIONS) {
		repair_sections(f);
		return;
	}
	p = sink_file_tail(f, f->conf.kind == SINK_GOR ?
	    f->conf.limit + SINK_FILE_TAIL : SINK_FILE_TAIL, &n, &whole);
	if (p == NULL)
		return;
	good = f->conf.kind == SINK_LINES ? good_lines(p, n, whole) :
	    f->conf.kind == SINK_PERIODS ? period_good(p, n, whole) :
	    record_good((enum record_format)f->conf.kind, p, n, whole);
	free(p);
	if (good < n)
		cut_end(f, n - good);
}

static int
take_other(struct sink_file *f)
{
	int	 fl;

	if (f->conf.wait)
		return 0;
	if ((fl = fcntl(f->fd, F_GETFL)) == -1 ||
	    fcntl(f->fd, F_SETFL, fl | O_NONBLOCK) == -1)
		return -1;
	if (f->conf.base == NULL)
		return 0;
	f->ev = event_new(f->conf.base, f->fd, EV_WRITE, on_writable, f);
	return f->ev == NULL ? -1 : 0;
}

/* One that is open still is written to: better there than nowhere. */
static void
not_opened(struct sink_file *f, int error)
{
	if (f->fd != -1) {
		f->renew_us = f->now_us + SINK_FILE_RETRY_US;
		if (f->error == 0)
			warn(f, "cannot open, going on with the file before",
			    error);
		return;
	}
	f->error = error;
	f->retry_us = f->now_us + SINK_FILE_RETRY_US;
	say(f, "cannot open", error);
}

void
sink_file_take(struct sink_file *f, int fd, bool regular, const char *name,
    int error)
{
	struct stat	 st;

	compat_strlcpy(f->name, name, sizeof(f->name));
	f->rotate_us = f->now_us + SINK_FILE_RETRY_US;
	if (fd == -1) {
		f->asked = false;
		not_opened(f, error);
		return;
	}
	f->stats.rotated += f->asked && f->fd != -1;
	f->asked = false;
	f->tell = f->tell || f->renew_us != 0;
	sink_file_flush(f);
	refuse_from(f, 0);
	check_disk(f);
	f->renew_us = 0;
	if (f->fd == -1)
		f->failing = 0;
	drop_fd(f);
	f->fd = fd;
	f->regular = regular;
	f->strange = false;
	f->size = 0;
	f->error = 0;
	f->retry_us = 0;
	f->since_us = f->now_us;
	f->aged_us = 0;
	if (regular && fstat(fd, &st) == 0)
		f->size = (uint64_t)st.st_size;
	if (regular)
		repair(f);
	else if (take_other(f) == -1) {
		say(f, "cannot use", errno);
		drop_fd(f);
	}
}

void
sink_file_aged(struct sink_file *f, uint64_t age_us)
{
	f->aged_us = age_us;
}

/* ---- units ---- */

static int
buf_room_for(struct sink_file *f, size_t n)
{
	struct unit	*u;
	uint8_t		*p;
	size_t		 room;

	if (f->nunits == f->unit_room) {
		room = f->unit_room == 0 ? 64 : f->unit_room * 2;
		if ((u = realloc(f->units, room * sizeof(*u))) == NULL)
			return -1;
		f->units = u;
		f->unit_room = room;
	}
	if (f->len + n <= f->room)
		return 0;
	for (room = f->room == 0 ? 4096 : f->room; room < f->len + n;)
		room *= 2;
	if ((p = realloc(f->buf, room)) == NULL)
		return -1;
	f->buf = p;
	f->room = room;
	return 0;
}

static void
append(struct sink_file *f, const void *p, size_t n)
{
	if (n > 0)
		memcpy(f->buf + f->len, p, n);
	f->len += n;
}

/*
 * One that could not be renamed, or not opened, comes back as large as it was:
 * asked for again, but not with every unit.
 */
static bool
is_full(const struct sink_file *f)
{
	if (!f->regular || f->asked || f->conf.rotate.size == 0 ||
	    f->size + f->len < f->conf.rotate.size)
		return false;
	return f->size < f->conf.rotate.size || f->now_us >= f->rotate_us;
}

int
sink_file_put(struct sink_file *f, const struct sink_note *note,
    const void *a, size_t na, const void *b, size_t nb, const void *c,
    size_t nc)
{
	size_t	 n = na + nb + nc;
	size_t	 max;

	max = f->regular || f->conf.wait ? SINK_FILE_BATCH : f->conf.limit;
	if (!sink_file_ready(f))
		goto refuse;
	if (f->len > 0 && n > max - (f->len < max ? f->len : max)) {
		sink_file_flush(f);
		if (f->fd == -1 || f->error != 0 ||
		    (f->len > 0 && n > max - (f->len < max ? f->len : max)))
			goto refuse;
	}
	if (buf_room_for(f, n) == -1)
		goto refuse;
	append(f, a, na);
	append(f, b, nb);
	append(f, c, nc);
	f->units[f->nunits].end = f->len;
	f->units[f->nunits].note = *note;
	f->nunits++;
	if (is_full(f))
		sink_file_rotate(f);
	return 0;
 refuse:
	f->stats.refused++;
	return -1;
}

void
sink_file_refuse(struct sink_file *f)
{
	f->stats.refused++;
}

void
sink_file_rotate(struct sink_file *f)
{
	if (f->regular && f->fd != -1 && f->size + f->len > 0) {
		sink_file_flush(f);
		ask(f, true);
	}
}

void
sink_file_tick(struct sink_file *f, uint64_t now_us)
{
	f->now_us = now_us;
	if (f->since_us == 0) {
		/* The first one comes without asking. */
		f->since_us = now_us;
		if (f->fd == -1 && f->retry_us == 0)
			f->retry_us = now_us + SINK_FILE_RETRY_US;
	}
	/* An answer that never came is asked for again. */
	if (f->fd != -1 && f->asked &&
	    now_us >= f->asked_us + SINK_FILE_RETRY_US) {
		f->asked = false;
		ask(f, f->asked_rotate);
	}
	if (f->fd == -1 && now_us >= f->retry_us) {
		f->asked = false;
		f->retry_us = now_us + SINK_FILE_RETRY_US;
		ask(f, f->strange);
	}
	if (f->renew_us != 0 && now_us >= f->renew_us) {
		f->renew_us = now_us + SINK_FILE_RETRY_US;
		f->conf.ask(f->conf.arg, false);
	}
	if (now_us >= f->check_us)
		check_disk(f);
	if (f->conf.rotate.age_us > 0 && f->fd != -1 && f->regular &&
	    now_us - f->since_us + f->aged_us >= f->conf.rotate.age_us) {
		f->since_us = now_us;
		f->aged_us = 0;
		sink_file_rotate(f);
	}
}

/* ---- what is shown ---- */

bool
sink_file_ready(const struct sink_file *f)
{
	return f->fd != -1 && f->now_us >= f->retry_us;
}

bool
sink_file_is_open(const struct sink_file *f)
{
	return f->fd != -1;
}

int
sink_file_error(const struct sink_file *f)
{
	return f->error != 0 ? f->error : f->suspect;
}

int
sink_file_failing(const struct sink_file *f, const char **what)
{
	*what = f->failing_at;
	return f->failing;
}

uint64_t
sink_file_size(const struct sink_file *f)
{
	return f->size;
}

size_t
sink_file_queued(const struct sink_file *f)
{
	return f->len - f->sent;
}

const char *
sink_file_name(const struct sink_file *f)
{
	return f->name;
}

const struct sink_file_stats *
sink_file_stats(const struct sink_file *f)
{
	return &f->stats;
}

void
sink_file_set_stats(struct sink_file *f, const struct sink_file_stats *stats)
{
	f->stats = *stats;
}
