#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/keep.h"
#include "sandbox/buf.h"
#include "sandbox/compat.h"
#include "sandbox/conf.h"
#include "sandbox/hash.h"
#include "sandbox/log.h"

static const uint8_t	 magic[8] = { 'n', 'e', 't', 'm', 'o', 'n', 0, 1 };

#define SLOT_BYTES	16		/* its number, its length, and room */
#define SIZE_MAX_KEPT	(2 * SLOTS_BYTES_MAX)

static uint64_t
sum_of(const uint8_t *p, size_t n)
{
	static const struct hash_key	 key;

	return hash_bytes(&key, p, n);
}

/* Of a file that has this. */
static uint64_t
sum_there(const char *path, const uint8_t *p, size_t n)
{
	return sum_of(p, n) ^ sum_of((const uint8_t *)path, strlen(path));
}

/* ---- reading ---- */

/* What stands against trusting it, NULL nothing. */
static const char *
fault(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is no regular file";
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "is another user's";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "may be written by others";
	if (st->st_size > SIZE_MAX_KEPT)
		return "is too large";
	return NULL;
}

/* All of it, or NULL; errno 0 where it says itself what is wrong. */
static uint8_t *
slurp(const char *path, size_t *len)
{
	struct stat	 st;
	const char	*why;
	uint8_t		*p = NULL;
	ssize_t		 n;
	int		 fd, saved;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);
	if (fd == -1)
		return NULL;
	*len = 0;
	if (fstat(fd, &st) == -1)
		goto done;
	if ((why = fault(&st)) != NULL) {
		log_warnx("%s %s: what is usual begins anew", path, why);
		errno = 0;
		goto done;
	}
	if ((p = malloc((size_t)st.st_size + 1)) == NULL)
		goto done;
	while ((n = read(fd, p + *len, (size_t)st.st_size - *len)) > 0)
		*len += (size_t)n;
	if (n == -1) {
		free(p);
		p = NULL;
	}
 done:
	saved = errno;
	close(fd);
	errno = saved;
	return p;
}

static int
take(const uint8_t *p, size_t len, struct slots *to)
{
	struct msg_slot	 m = { .table = MSG_SAVE_USUAL };
	struct buf	 b;
	uint64_t	 sum;

	if (len < sizeof(magic) + sizeof(sum) ||
	    memcmp(p, magic, sizeof(magic)) != 0)
		return -1;
	len -= sizeof(sum);
	memcpy(&sum, p + len, sizeof(sum));
	if (sum_of(p, len) != sum)
		return -1;
	buf_reader(&b, p + sizeof(magic), len - sizeof(magic));
	while (buf_left(&b) > 0) {
		m.slot = buf_get_u32(&b);
		m.data = buf_get_bytes(&b, &m.len);
		if (b.err || m.slot >= MSG_SAVE_SLOTS ||
		    m.len > MSG_SAVE_MAX || slots_set(to, &m) == -1)
			return -1;
	}
	return 0;
}

int
keep_read(struct keep *k, const char *path, struct slots *to)
{
	uint8_t	*p;
	size_t	 len;
	int	 r;

	if ((p = slurp(path, &len)) == NULL) {
		if (errno == ENOENT)
			return 0;
		if (errno != 0)
			log_warn("%s: what is usual begins anew", path);
		return -1;
	}
	if ((r = take(p, len, to)) == -1) {
		log_warnx("%s: damaged, or of another version or machine: what "
		    "is usual begins anew", path);
		slots_clear(to);
	} else
		k->last = sum_there(path, p, len);
	free(p);
	return r;
}

/* ---- writing ---- */

static int
put(const char *path, const uint8_t *p, size_t len)
{
	char	 new[CONF_PATH_MAX + sizeof(".new")];
	ssize_t	 n;
	int	 fd, saved;

	snprintf(new, sizeof(new), "%s.new", path);
	if (unlink(new) == -1 && errno != ENOENT)
		return -1;
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd == -1)
		return -1;
	for (n = 0; len > 0 && (n = write(fd, p, len)) > 0; p += n)
		len -= (size_t)n;
	saved = n == 0 && len > 0 ? ENOSPC : errno;
	close(fd);
	if (len == 0 && rename(new, path) == 0)
		return 0;
	if (len == 0)
		saved = errno;
	unlink(new);
	errno = saved;
	return -1;
}

static size_t
fill(const struct slots *s, uint8_t *p, size_t size)
{
	struct msg_slot	 m = { .table = MSG_SAVE_USUAL };
	struct buf	 b;

	buf_writer(&b, p, size);
	buf_put(&b, magic, sizeof(magic));
	for (m.slot = 0; slots_next(s, &m); m.slot++) {
		buf_put_u32(&b, m.slot);
		buf_put_bytes(&b, m.data, m.len);
	}
	buf_put_u64(&b, sum_of(p, b.len));
	return b.err ? 0 : b.len;
}

int
keep_write(struct keep *k, const char *path, const struct slots *s)
{
	struct msg_slot	 m = { .table = MSG_SAVE_USUAL };
	size_t		 len, size = sizeof(magic) + sizeof(uint64_t);
	uint64_t	 sum;
	uint8_t		*p;

	for (m.slot = 0; slots_next(s, &m); m.slot++)
		size += SLOT_BYTES + m.len;
	/* What was kept of rules that are gone stays until there are others. */
	if (size == sizeof(magic) + sizeof(uint64_t))
		return 0;
	if ((p = malloc(size)) == NULL || (len = fill(s, p, size)) == 0)
		goto fail;
	sum = sum_there(path, p, len);
	if (sum != k->last && put(path, p, len) == -1)
		goto fail;
	free(p);
	k->last = sum;
	if (k->fails > 0)
		log_notice("%s: what is usual is kept again", path);
	k->fails = 0;
	return 0;
 fail:
	if (k->fails++ == 0)
		log_warn("%s: what is usual is not kept for another start",
		    path);
	free(p);
	return -1;
}
