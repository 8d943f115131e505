#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/hash.h"
#include "ui/client.h"
#include "ui/recording.h"
#include "ui/recording_gaps.h"
#include "ui/recording_starts.h"

#define REUSE_US	30000000	/* no port is taken again before */

void *
recording_room(void *p, size_t n, size_t size)
{
	if ((p = reallocarray(p, n, size)) != NULL)
		return p;
	fprintf(stderr, "netmonctl: out of memory\n");
	exit(CLIENT_OS);
}

/* ---- what it is ---- */

/* Of a final answer, as they are counted of the target's; else 0. */
static unsigned
status_of(const uint8_t *p, size_t n)
{
	unsigned	 status;

	if (n < 12 || memcmp(p, "HTTP/1.", 7) != 0 || p[9] < '1' ||
	    p[9] > '5' || p[10] < '0' || p[10] > '9' || p[11] < '0' ||
	    p[11] > '9')
		return 0;
	status = (unsigned)((p[9] - '0') * 100 + (p[10] - '0') * 10 +
	    (p[11] - '0'));
	return status >= 200 || status == 101 ? status : 0;
}

/* ---- connections ---- */

static size_t
bucket_of(const struct recording *r, const char *key)
{
	static const struct hash_key	 hk = { 1, 2 };

	return hash_bytes(&hk, key, strlen(key)) % r->nbuckets;
}

static void
rehash(struct recording *r)
{
	size_t	 i, b;

	free(r->bucket);
	r->nbuckets = r->conn_room * 2;
	r->bucket = recording_room(NULL, r->nbuckets, sizeof(*r->bucket));
	memset(r->bucket, 0, r->nbuckets * sizeof(*r->bucket));
	for (i = 0; i < r->nconns; i++) {
		b = bucket_of(r, r->conn[i].key);
		r->conn[i].hash_next = r->bucket[b];
		r->bucket[b] = (uint32_t)i + 1;
	}
}

/* Index + 1 of the connection, made when new and make; 0: none. */
static uint32_t
conn_of(struct recording *r, const char *key, bool make)
{
	struct recorded	*c;
	uint32_t	 i;
	size_t		 b;

	if (r->nconns > 0)
		for (i = r->bucket[bucket_of(r, key)]; i != 0;
		    i = r->conn[i - 1].hash_next)
			if (strcmp(r->conn[i - 1].key, key) == 0)
				return i;
	if (!make)
		return 0;
	if (r->nconns == r->conn_room) {
		r->conn_room = r->conn_room == 0 ? 256 : r->conn_room * 2;
		r->conn = recording_room(r->conn, r->conn_room, sizeof(*c));
		rehash(r);
	}
	c = &r->conn[r->nconns++];
	memset(c, 0, sizeof(*c));
	compat_strlcpy(c->key, key, sizeof(c->key));
	b = bucket_of(r, key);
	c->hash_next = r->bucket[b];
	r->bucket[b] = (uint32_t)r->nconns;
	return (uint32_t)r->nconns;
}

/* ---- files ---- */

static void
add_piece(struct recording *r, uint32_t conn, const struct record *rec,
    const uint8_t *body)
{
	struct piece	*p;
	struct recorded	*c = &r->conn[conn - 1];

	if (r->npieces == r->piece_room) {
		r->piece_room = r->piece_room == 0 ? 1024 :
		    r->piece_room * 2;
		r->piece = recording_room(r->piece, r->piece_room, sizeof(*p));
	}
	p = &r->piece[r->npieces++];
	p->ts_us = rec->ts_ns / 1000;
	p->p = body;
	p->len = (uint32_t)rec->len;
	p->conn = conn - 1;
	p->next = 0;
	p->start = p->fresh = false;
	/* The order of a connection is that of its records. */
	if (p->ts_us < c->last_us)
		p->ts_us = c->last_us;
	c->last_us = p->ts_us;
}

/* gogetway: whether a connection begins; not with what answers on one. */
static bool
opens(struct recording *r, const struct record *rec, const uint8_t *body)
{
	char	 back[2 * RECORD_ADDR_MAX];

	snprintf(back, sizeof(back), "%s %s", rec->to, rec->from);
	return starts_like_request(body, rec->len) &&
	    conn_of(r, back, false) == 0;
}

static void
take_record(struct recording *r, enum record_format f, const struct record *rec,
    const uint8_t *scratch)
{
	char		 key[2 * RECORD_ADDR_MAX];
	const uint8_t	*body = rec->body;
	uint8_t		*copy;
	unsigned	 status;
	uint32_t	 c;

	if (f == RECORD_F_GOR && rec->type == RECORD_REPLAYED)
		return;
	if (body == scratch) {		/* it was repaired */
		copy = recording_room(NULL, rec->len + 1, 1);
		memcpy(copy, body, rec->len);
		body = copy;
	}
	if (f == RECORD_F_GOR)
		snprintf(key, sizeof(key), "%.16s", rec->id);
	else
		snprintf(key, sizeof(key), "%s %s", rec->from, rec->to);
	c = conn_of(r, key, false);
	if (c == 0 && (f == RECORD_F_GOR ? rec->type == RECORD_REQUEST :
	    opens(r, rec, body))) {
		c = conn_of(r, key, true);
		r->conn[c - 1].messages = f == RECORD_F_GOR;
	}
	if (c != 0 && (f != RECORD_F_GOR || rec->type == RECORD_REQUEST))
		add_piece(r, c, rec, body);
	else if ((status = status_of(body, rec->len)) != 0)
		r->status[status]++;
}

static void
note_time(struct recording *r, uint64_t ts_us)
{
	if (ts_us < r->first_us)
		r->first_us = ts_us;
	if (ts_us > r->last_us)
		r->last_us = ts_us;
}

static int
read_records(struct recording *r, const char *name, const uint8_t *p, size_t n)
{
	struct record	 rec;
	uint8_t		*scratch;
	ssize_t		 got;
	size_t		 at;
	int		 f;

	if (n == 0)
		return 0;
	if ((f = record_detect(p, n)) == -1) {
		fprintf(stderr, "netmonctl: %s: offset 0: neither a gogetway "
		    "nor a gor recording\n", name);
		return CLIENT_DATA;
	}
	scratch = recording_room(NULL, RECORD_READ_MAX, 1);
	for (at = 0; at < n; at += (size_t)got) {
		got = record_get((enum record_format)f, p + at, n - at, true,
		    &rec, scratch);
		if (got > 0) {
			note_time(r, rec.ts_ns / 1000);
			take_record(r, (enum record_format)f, &rec, scratch);
			continue;
		}
		if (got == 0 && at == 0) {
			fprintf(stderr, "netmonctl: %s: the only record is "
			    "cut, at offset 0; nothing was sent\n", name);
			free(scratch);
			return CLIENT_DATA;
		}
		if (got == 0) {
			fprintf(stderr, "netmonctl: %s: the last record is "
			    "cut, at offset %zu; not sent\n", name, at);
			r->cut++;
			break;
		}
		fprintf(stderr, "netmonctl: %s: no record at offset %zu, the "
		    "next may be at %zu; nothing was sent\n", name, at, at +
		    record_skip((enum record_format)f, p + at, n - at));
		free(scratch);
		return CLIENT_DATA;
	}
	free(scratch);
	return 0;
}

/* A pipe has no size and cannot be mapped. */
static const uint8_t *
read_all(int fd, size_t *n)
{
	uint8_t	*p = NULL;
	size_t	 room = 0;
	ssize_t	 got;

	*n = 0;
	do {
		if (*n == room) {
			room = room == 0 ? RECORD_READ_MAX : room * 2;
			p = recording_room(p, room, 1);
		}
		got = read(fd, p + *n, room - *n);
		*n += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got == -1 && errno == EINTR));
	if (got == 0)
		return p;
	free(p);
	return NULL;
}

/* The n bytes of a file, which stay: pieces point into them. NULL: errno. */
static const uint8_t *
load(const char *name, size_t *n)
{
	struct stat	 st;
	const uint8_t	*p = NULL;
	void		*map;
	int		 fd, saved;

	if ((fd = open(name, O_RDONLY | O_CLOEXEC)) == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		*n = (size_t)st.st_size;
		map = mmap(NULL, *n, PROT_READ, MAP_PRIVATE, fd, 0);
		p = map == MAP_FAILED ? NULL : map;
	} else
		p = read_all(fd, n);
	saved = errno;
	close(fd);
	errno = saved;
	return p;
}

int
recording_read(struct recording *r, const char *name)
{
	const uint8_t	*p;
	size_t		 n;
	int		 status;

	if ((p = load(name, &n)) == NULL) {
		fprintf(stderr, "netmonctl: %s: %s\n", name,
		    strerror(errno));
		return CLIENT_DATA;
	}
	r->first_us = UINT64_MAX;
	r->last_us = 0;
	status = read_records(r, name, p, n);
	recording_gaps(r, name, r->first_us, r->last_us);
	return status;
}

static int
by_time(const void *a, const void *b)
{
	const struct piece	*x = a, *y = b;

	if (x->ts_us != y->ts_us)
		return x->ts_us < y->ts_us ? -1 : 1;
	/* Same time: as recorded. */
	return x->next < y->next ? -1 : x->next > y->next;
}

/* The first piece behind a gap. */
static void
mark_gap(struct recording *r, const struct recorded_gap *g)
{
	struct piece	*p;
	uint32_t	 conn, i;

	if ((conn = conn_of(r, g->key, false)) == 0)
		return;
	for (i = r->conn[conn - 1].first; i != 0; i = p->next) {
		p = &r->piece[i - 1];
		if (p->ts_us >= g->next_us) {
			p->fresh = true;
			return;
		}
	}
}

/*
 * The pieces with which requests begin. Behind a long pause in a message what
 * looks like a request is one of another connection: the client ended there,
 * and its port was taken again.
 */
static void
mark_starts(struct recording *r, const struct recorded *c)
{
	struct starts	 s = { 0 };
	struct piece	*p;
	uint64_t	 last_us = 0;
	uint32_t	 i;
	bool		 fresh = false;

	for (i = c->first; i != 0; i = p->next) {
		p = &r->piece[i - 1];
		if (p->fresh || (starts_inside(&s) && p->ts_us - last_us >
		    REUSE_US && starts_like_request(p->p, p->len))) {
			fresh = true;
			starts_lost(&s);
		}
		last_us = p->ts_us;
		p->start = c->messages || starts_piece(&s, p->p, p->len);
		p->fresh = p->start && fresh;
		if (p->start)
			fresh = false;
		r->requests += p->start;
	}
}

void
recording_arrange(struct recording *r)
{
	struct recorded	*c;
	size_t		 i;

	for (i = 0; i < r->npieces; i++)
		r->piece[i].next = (uint32_t)i;
	if (r->npieces > 0)
		qsort(r->piece, r->npieces, sizeof(*r->piece), by_time);
	for (i = 0; i < r->npieces; i++) {
		r->piece[i].next = 0;
		c = &r->conn[r->piece[i].conn];
		if (c->last != 0)
			r->piece[c->last - 1].next = (uint32_t)i + 1;
		else
			c->first = (uint32_t)i + 1;
		c->last = (uint32_t)i + 1;
	}
	for (i = 0; i < r->ngaps; i++)
		mark_gap(r, &r->gap[i]);
	for (i = 0; i < r->nconns; i++)
		mark_starts(r, &r->conn[i]);
}
