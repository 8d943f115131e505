#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/record.h"
#include "mirror/reply.h"
#include "sandbox/compat.h"
#include "sandbox/hash.h"
#include "sandbox/proc.h"
#include "sandbox/vis.h"
#include "ui/client.h"
#include "ui/replay.h"

#define CONNECTIONS	256
#define ANSWER_US	5000000		/* without an answer: gone on without */
#define DIAL_US		5000000
#define STATUS_BAD	65
#define STATUS_AWAY	69

/* One piece of what a client sent. */
struct piece {
	uint64_t	 ts_us;
	const uint8_t	*p;
	uint32_t	 len;
	uint32_t	 conn;
	uint32_t	 next;		/* of the same connection, 0 none */
	bool		 start;		/* a request begins here */
};

struct conn {
	char		 key[2 * RECORD_ADDR_MAX];	/* from, then to */
	uint32_t	 hash_next;	/* index + 1 */
	uint32_t	 first;		/* index + 1 of pieces */
	uint32_t	 last;
	uint32_t	 at;		/* next to be sent, index + 1 */
	uint32_t	 due;		/* pieces up to here are due */
	uint64_t	 last_us;
	int		 fd;
	bool		 connecting;
	bool		 failed;
	bool		 skip;		/* to the next start */
	uint32_t	 off;		/* of piece at, already sent */
	uint64_t	 since_us;	/* of the dial, or the request */
	struct reply	 reply;
};

struct replay {
	/* options */
	bool		 dry;
	bool		 max;
	double		 speed;
	uint64_t	 maxwait_us;
	size_t		 limit;
	const char	*report;
	/* the recording */
	struct piece	*piece;
	size_t		 npieces;
	size_t		 piece_room;
	struct conn	*conn;
	size_t		 nconns;
	size_t		 conn_room;
	uint32_t	*bucket;
	size_t		 nbuckets;
	uint64_t	 requests;
	uint64_t	 recorded[REPLY_STATUS];
	uint64_t	 gaps;
	uint64_t	 cut;		/* files that end in the middle */
	/* the target */
	struct addrinfo	*target;
	/* the run */
	size_t		 open;
	uint32_t	*live;		/* connections with a socket */
	uint64_t	 sent;		/* requests */
	uint64_t	 sent_bytes;
	uint64_t	 failed;	/* requests */
	uint64_t	 answers;
	uint64_t	 status[REPLY_STATUS];
	uint64_t	 dial_errors;
	uint64_t	 took_us;
	uint32_t	*drift_us;
	size_t		 ndrift;
	int		 last_error;
};

/* ---- reading recordings ---- */

static bool
is_request(const uint8_t *p, size_t n)
{
	const uint8_t	*sp, *nl;
	size_t		 line, i;

	for (i = 0; i < n && i < 20 && p[i] >= 'A' && p[i] <= 'Z'; i++)
		continue;
	if (i == 0 || i >= n || p[i] != ' ')
		return false;
	nl = memchr(p, '\n', n);
	line = nl == NULL ? n : (size_t)(nl - p);
	sp = memrchr(p, ' ', line);
	if (nl == NULL)
		return true;	/* a long start line, cut by the writer */
	return line - (size_t)(sp - p) > 6 && memcmp(sp + 1, "HTTP/1", 6) ==
	    0;
}

static unsigned
status_of(const uint8_t *p, size_t n)
{
	if (n < 12 || memcmp(p, "HTTP/1.", 7) != 0 || p[9] < '1' ||
	    p[9] > '5')
		return 0;
	return (unsigned)((p[9] - '0') * 100 + (p[10] - '0') * 10 +
	    (p[11] - '0'));
}

static size_t
bucket_of(const struct replay *r, const char *key)
{
	static const struct hash_key	 hk = { 1, 2 };

	return hash_bytes(&hk, key, strlen(key)) % r->nbuckets;
}

static void
rehash(struct replay *r)
{
	size_t	 i, b;

	free(r->bucket);
	r->nbuckets = r->conn_room * 2;
	if ((r->bucket = calloc(r->nbuckets, sizeof(*r->bucket))) == NULL)
		abort();
	for (i = 0; i < r->nconns; i++) {
		b = bucket_of(r, r->conn[i].key);
		r->conn[i].hash_next = r->bucket[b];
		r->bucket[b] = (uint32_t)i + 1;
	}
}

/* Index + 1 of the connection, made when new and make; 0: none. */
static uint32_t
conn_of(struct replay *r, const char *key, bool make)
{
	struct conn	*c;
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
		r->conn = realloc(r->conn, r->conn_room * sizeof(*c));
		if (r->conn == NULL)
			abort();
		rehash(r);
	}
	c = &r->conn[r->nconns++];
	memset(c, 0, sizeof(*c));
	c->fd = -1;
	compat_strlcpy(c->key, key, sizeof(c->key));
	b = bucket_of(r, key);
	c->hash_next = r->bucket[b];
	r->bucket[b] = (uint32_t)r->nconns;
	return (uint32_t)r->nconns;
}

static void
add_piece(struct replay *r, uint32_t conn, const struct record *rec,
    const uint8_t *body)
{
	struct piece	*p;
	struct conn	*c = &r->conn[conn - 1];

	if (r->npieces == r->piece_room) {
		r->piece_room = r->piece_room == 0 ? 1024 :
		    r->piece_room * 2;
		r->piece = realloc(r->piece, r->piece_room * sizeof(*p));
		if (r->piece == NULL)
			abort();
	}
	p = &r->piece[r->npieces++];
	p->ts_us = rec->ts_ns / 1000;
	p->p = body;
	p->len = (uint32_t)rec->len;
	p->conn = conn - 1;
	p->next = 0;
	p->start = is_request(body, rec->len);
	r->requests += p->start;
	/* The order of a connection is that of its records. */
	if (p->ts_us < c->last_us)
		p->ts_us = c->last_us;
	c->last_us = p->ts_us;
}

static void
take_record(struct replay *r, enum record_format f, const struct record *rec,
    const uint8_t *scratch)
{
	char		 key[2 * RECORD_ADDR_MAX];
	const uint8_t	*body = rec->body;
	uint8_t		*copy;
	unsigned	 status;
	uint32_t	 c;

	if (body == scratch) {		/* it was repaired */
		if ((copy = malloc(rec->len + 1)) == NULL)
			abort();
		memcpy(copy, body, rec->len);
		body = copy;
	}
	if (f == RECORD_F_GOR)
		snprintf(key, sizeof(key), "%.16s", rec->id);
	else
		snprintf(key, sizeof(key), "%s %s", rec->from, rec->to);
	if (f == RECORD_F_GOR && rec->type == RECORD_REPLAYED)
		return;
	c = conn_of(r, key, false);
	if (c == 0 && (f == RECORD_F_GOR ? rec->type == RECORD_REQUEST :
	    is_request(body, rec->len)))
		c = conn_of(r, key, true);
	if (c != 0 && (f != RECORD_F_GOR || rec->type == RECORD_REQUEST))
		add_piece(r, c, rec, body);
	else if ((status = status_of(body, rec->len)) != 0)
		r->recorded[status]++;
}

static int
read_records(struct replay *r, const char *name, const uint8_t *p, size_t n)
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
		return STATUS_BAD;
	}
	if ((scratch = malloc(RECORD_READ_MAX)) == NULL)
		return 71;
	for (at = 0; at < n; at += (size_t)got) {
		got = record_get((enum record_format)f, p + at, n - at, true,
		    &rec, scratch);
		if (got > 0) {
			take_record(r, (enum record_format)f, &rec, scratch);
			continue;
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
		return STATUS_BAD;
	}
	free(scratch);
	return 0;
}

static void
count_gaps(struct replay *r, const char *name)
{
	char	 path[4096], line[2048];
	FILE	*f;

	snprintf(path, sizeof(path), "%s.gaps", name);
	if ((f = fopen(path, "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		r->gaps += strchr(line, '\n') != NULL;
	fclose(f);
}

static int
read_file(struct replay *r, const char *name)
{
	struct stat	 st;
	void		*p = NULL;
	int		 fd, status;

	if ((fd = open(name, O_RDONLY | O_CLOEXEC)) == -1 ||
	    fstat(fd, &st) == -1 || (st.st_size > 0 && (p = mmap(NULL,
	    (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) ==
	    MAP_FAILED)) {
		fprintf(stderr, "netmonctl: %s: %s\n", name,
		    strerror(errno));
		if (fd != -1)
			close(fd);
		return STATUS_BAD;
	}
	close(fd);
	/* It stays mapped: the pieces point into it. */
	status = read_records(r, name, p, (size_t)st.st_size);
	count_gaps(r, name);
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

/* In the order of time, and each connection's pieces in a chain. */
static void
arrange(struct replay *r)
{
	struct conn	*c;
	size_t		 i;

	for (i = 0; i < r->npieces; i++)
		r->piece[i].next = (uint32_t)i;
	qsort(r->piece, r->npieces, sizeof(*r->piece), by_time);
	for (i = 0; i < r->npieces; i++) {
		r->piece[i].next = 0;
		c = &r->conn[r->piece[i].conn];
		if (c->last != 0)
			r->piece[c->last - 1].next = (uint32_t)i + 1;
		else
			c->first = c->at = (uint32_t)i + 1;
		c->last = (uint32_t)i + 1;
	}
}

/* ---- one connection ---- */

static void
on_status(void *arg, unsigned status)
{
	struct replay	*r = arg;

	r->answers++;
	r->status[status]++;
}

static void
conn_close(struct replay *r, struct conn *c)
{
	struct linger	 l = { .l_onoff = 1, .l_linger = 0 };
	size_t		 i;

	if (c->fd == -1)
		return;
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(c->fd);
	c->fd = -1;
	c->connecting = false;
	reply_clear(&c->reply);
	for (i = 0; r->live[i] != (uint32_t)(c - r->conn); i++)
		continue;
	r->live[i] = r->live[--r->open];
}

/* The rest of the message is lost with the connection. */
static void
conn_fail(struct replay *r, struct conn *c, int error)
{
	r->last_error = error;
	if (!c->connecting)
		r->failed += reply_open(&c->reply);
	c->skip = true;
	c->off = 0;
	conn_close(r, c);
}

static void
dial(struct replay *r, struct conn *c)
{
	int	 one = 1;

	c->fd = socket(r->target->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (c->fd == -1) {
		r->last_error = errno;
		r->dial_errors++;
		c->skip = true;
		return;
	}
	r->live[r->open++] = (uint32_t)(c - r->conn);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	reply_init(&c->reply);
	c->connecting = true;
	c->since_us = proc_mono_us();
	c->off = 0;
	if (connect(c->fd, r->target->ai_addr, r->target->ai_addrlen) == -1 &&
	    errno != EINPROGRESS) {
		r->dial_errors++;
		conn_fail(r, c, errno);
	}
}

static void
next_piece(struct replay *r, struct conn *c)
{
	struct piece	*p = &r->piece[c->at - 1];

	if (c->at == c->due)
		c->due = 0;
	c->at = p->next;
	c->off = 0;
}

/* A request that cannot be sent. */
static void
skip_piece(struct replay *r, struct conn *c)
{
	r->failed += r->piece[c->at - 1].start;
	next_piece(r, c);
}

/* Sends what is due; false when it must wait. */
static bool
send_piece(struct replay *r, struct conn *c)
{
	struct piece	*p = &r->piece[c->at - 1];
	ssize_t		 n;

	if (p->start && c->off == 0) {
		/* A client asks when it has been answered. */
		if (reply_open(&c->reply) > 0 && !c->reply.lost)
			return false;
		reply_asked(&c->reply, p->p, p->len);
		c->since_us = proc_mono_us();
		r->sent++;
	}
	while (c->off < p->len) {
		n = send(c->fd, p->p + c->off, p->len - c->off, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return false;
		if (n == -1) {
			conn_fail(r, c, errno);
			return true;
		}
		c->off += (uint32_t)n;
		r->sent_bytes += (uint64_t)n;
	}
	next_piece(r, c);
	return true;
}

/* A connection to give up for another: answered, and nothing due. */
static bool
make_room(struct replay *r)
{
	struct conn	*c;
	size_t		 i;

	for (i = 0; i < r->open; i++) {
		c = &r->conn[r->live[i]];
		if (!c->connecting && c->due == 0 && c->off == 0 &&
		    reply_open(&c->reply) == 0) {
			conn_close(r, c);
			return true;
		}
	}
	return false;
}

/* Everything that can be done now; false when it waits for room. */
static bool
pump(struct replay *r, struct conn *c)
{
	while (c->due != 0 && c->at != 0) {
		/* The target said that it closes: the next one opens anew. */
		if (c->fd != -1 && c->reply.closes && c->off == 0 &&
		    reply_open(&c->reply) == 0 && r->piece[c->at - 1].start)
			conn_close(r, c);
		if (c->fd == -1) {
			if (c->skip && !r->piece[c->at - 1].start) {
				skip_piece(r, c);
				continue;
			}
			c->skip = false;
			if (r->open >= r->limit && !make_room(r))
				return false;
			dial(r, c);
			if (c->fd == -1) {
				skip_piece(r, c);
				continue;
			}
		}
		if (c->connecting || !send_piece(r, c))
			return true;
	}
	if (c->at == 0 && c->fd != -1 && !c->connecting &&
	    reply_open(&c->reply) == 0)
		conn_close(r, c);
	return true;
}

static void
on_readable(struct replay *r, struct conn *c)
{
	uint8_t	 in[65536];
	ssize_t	 n;

	n = recv(c->fd, in, sizeof(in), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		reply_data(&c->reply, in, (size_t)n, on_status, r);
		return;
	}
	reply_eof(&c->reply);
	if (n == 0 && reply_open(&c->reply) == 0 && c->off == 0) {
		c->skip = c->at != 0;	/* a body that had still to come */
		conn_close(r, c);
	} else
		conn_fail(r, c, n == 0 ? ECONNRESET : errno);
}

static void
on_connected(struct replay *r, struct conn *c)
{
	socklen_t	 len = sizeof(int);
	int		 error = 0;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		r->dial_errors++;
		conn_fail(r, c, error);
		skip_piece(r, c);
		return;
	}
	c->connecting = false;
}

/* Late dials and answers. */
static void
check_time(struct replay *r, struct conn *c, uint64_t now)
{
	if (c->connecting && now - c->since_us > DIAL_US) {
		r->dial_errors++;
		conn_fail(r, c, ETIMEDOUT);
		skip_piece(r, c);
	} else if (!c->connecting && reply_open(&c->reply) > 0 &&
	    now - c->since_us > ANSWER_US)
		conn_fail(r, c, ETIMEDOUT);
}

/* ---- the run ---- */

static void
serve(struct replay *r, struct pollfd *p, int wait_ms)
{
	uint32_t	*who = (uint32_t *)(p + r->limit);
	struct conn	*c;
	uint64_t	 now;
	size_t		 i, n = r->open;

	for (i = 0; i < n; i++) {
		c = &r->conn[r->live[i]];
		who[i] = r->live[i];
		p[i].fd = c->fd;
		p[i].events = POLLIN;
		if (c->connecting || c->off > 0)
			p[i].events |= POLLOUT;
		p[i].revents = 0;
	}
	poll(p, n, wait_ms);
	now = proc_mono_us();
	for (i = 0; i < n; i++) {
		c = &r->conn[who[i]];
		if (c->fd == -1 || c->fd != p[i].fd)
			continue;
		if (p[i].revents != 0 && c->connecting)
			on_connected(r, c);
		else if (p[i].revents & (POLLIN | POLLHUP | POLLERR))
			on_readable(r, c);
		if (c->fd != -1)
			check_time(r, c, now);
		pump(r, c);
	}
}

static void
note_drift(struct replay *r, uint64_t due, uint64_t now)
{
	uint64_t	 d = now > due ? now - due : 0;

	if (r->drift_us != NULL)
		r->drift_us[r->ndrift++] = d > UINT32_MAX ? UINT32_MAX :
		    (uint32_t)d;
}

/* When piece i is due, given when the one before it was. */
static uint64_t
due_at(const struct replay *r, size_t i, uint64_t before)
{
	uint64_t	 d;

	if (r->max || i == 0)
		return before;
	d = (uint64_t)((double)(r->piece[i].ts_us - r->piece[i - 1].ts_us) /
	    r->speed);
	return before + (r->maxwait_us > 0 && d > r->maxwait_us ?
	    r->maxwait_us : d);
}

static void
run(struct replay *r)
{
	struct pollfd	*p;
	struct conn	*c;
	uint64_t	 due, now, start;
	size_t		 i;
	int		 wait;

	p = calloc(r->limit, sizeof(*p) + sizeof(uint32_t));
	r->live = calloc(r->limit + 1, sizeof(*r->live));
	r->drift_us = calloc(r->npieces + 1, sizeof(*r->drift_us));
	if (p == NULL || r->live == NULL)
		abort();
	start = due = proc_mono_us();
	for (i = 0; i < r->npieces || r->open > 0;) {
		now = proc_mono_us();
		wait = 100;
		if (i < r->npieces) {
			c = &r->conn[r->piece[i].conn];
			if (now < due)
				wait = (int)((due - now + 999) / 1000);
			else {
				c->due = (uint32_t)i + 1;
				if (pump(r, c)) {
					note_drift(r, due, proc_mono_us());
					i++;
					if (i < r->npieces)
						due = due_at(r, i, due);
					wait = i % 32 == 0 ? 0 : -2;
				} else
					wait = 10;
			}
		}
		if (wait != -2)
			serve(r, p, wait > 100 ? 100 : wait);
	}
	r->took_us = proc_mono_us() - start;
	free(p);
}

/* ---- reports ---- */

static int
by_size(const void *a, const void *b)
{
	const uint32_t	*x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint32_t
percentile(const struct replay *r, unsigned percent)
{
	return r->ndrift == 0 ? 0 :
	    r->drift_us[(r->ndrift - 1) * percent / 100];
}

static uint64_t
duration(const struct replay *r)
{
	uint64_t	 at;
	size_t		 i;

	for (i = 0, at = 0; i < r->npieces; i++)
		at = due_at(r, i, at);
	return at;
}

static void
print_plan(const struct replay *r)
{
	uint64_t	 span;

	span = r->npieces == 0 ? 0 : r->piece[r->npieces - 1].ts_us -
	    r->piece[0].ts_us;
	printf("records     %zu\nrequests    %" PRIu64 "\nconnections %zu\n"
	    "span        %.3f s\ngaps        %" PRIu64 "\n"
	    "duration    %.3f s\n", r->npieces, r->requests, r->nconns,
	    (double)span / 1e6, r->gaps, (double)duration(r) / 1e6);
}

static void
print_report(const struct replay *r)
{
	unsigned	 i;

	printf("sent        %" PRIu64 " requests, %" PRIu64 " bytes, in "
	    "%.3f s\nfailed      %" PRIu64 "\nanswers     %" PRIu64 "\n"
	    "drift       p50 %.3f ms, p95 %.3f ms\n", r->sent, r->sent_bytes,
	    (double)r->took_us / 1e6, r->failed, r->answers,
	    (double)percentile(r, 50) / 1e3, (double)percentile(r, 95) / 1e3);
	printf("status      recorded    replayed\n");
	for (i = 100; i < REPLY_STATUS; i++)
		if (r->recorded[i] > 0 || r->status[i] > 0)
			printf("%-11u %8" PRIu64 "    %8" PRIu64 "\n", i,
			    r->recorded[i], r->status[i]);
}

static int
write_report(const struct replay *r)
{
	const char	*sep = "";
	FILE		*f;
	unsigned	 i;

	if ((f = fopen(r->report, "we")) == NULL)
		goto bad;
	fprintf(f, "{\"schema\":\"netmond.replay/1\",\"records\":%zu,"
	    "\"requests\":%" PRIu64 ",\"connections\":%zu,\"gaps\":%" PRIu64
	    ",\"sent\":%" PRIu64 ",\"sent_bytes\":%" PRIu64 ",\"failed\":%"
	    PRIu64 ",\"answers\":%" PRIu64 ",\"seconds\":%.6f,"
	    "\"drift_seconds\":{\"p50\":%.6f,\"p95\":%.6f},\"status\":[",
	    r->npieces, r->requests, r->nconns, r->gaps, r->sent,
	    r->sent_bytes, r->failed, r->answers, (double)r->took_us / 1e6,
	    (double)percentile(r, 50) / 1e6, (double)percentile(r, 95) / 1e6);
	for (i = 100; i < REPLY_STATUS; i++) {
		if (r->recorded[i] == 0 && r->status[i] == 0)
			continue;
		fprintf(f, "%s{\"code\":%u,\"recorded\":%" PRIu64
		    ",\"replayed\":%" PRIu64 "}", sep, i, r->recorded[i],
		    r->status[i]);
		sep = ",";
	}
	fprintf(f, "]}\n");
	if (fclose(f) == 0)
		return 0;
 bad:
	fprintf(stderr, "netmonctl: %s: %s\n", r->report, strerror(errno));
	return -1;
}

static int
outcome(const struct replay *r)
{
	if (r->sent == 0 && r->dial_errors > 0) {
		fprintf(stderr, "netmonctl: target: %s\n",
		    strerror(r->last_error));
		return STATUS_AWAY;
	}
	if (r->failed == 0)
		return 0;
	return r->answers == 0 ? 2 : 1;
}

/* ---- options ---- */

static int
usage(void)
{
	fprintf(stderr, "usage: netmonctl replay [-n] [-c connections] "
	    "[-m maxwait] [-o report] [-x speed]\n"
	    "                        file ... host:port\n");
	return CLIENT_USAGE;
}

/* host:port, [address]:port; names are looked up. */
static int
find_target(struct replay *r, const char *text)
{
	struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM };
	char		 host[256], v[1100];
	const char	*colon, *port;
	size_t		 n;
	int		 error;

	if ((colon = strrchr(text, ':')) == NULL ||
	    (n = (size_t)(colon - text)) >= sizeof(host) || n == 0)
		return usage();
	port = colon + 1;
	if (text[0] == '[' && n > 2 && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	memcpy(host, text, n);
	host[n] = '\0';
	if ((error = getaddrinfo(host, port, &hints, &r->target)) == 0)
		return 0;
	fprintf(stderr, "netmonctl: %s: %s\n", vis_str(VIS_TERM, v, sizeof(v),
	    host), gai_strerror(error));
	return STATUS_AWAY;
}

static int
parse_speed(struct replay *r, const char *s)
{
	char	*end;

	if (strcmp(s, "max") == 0) {
		r->max = true;
		return 0;
	}
	r->speed = strtod(s, &end);
	if (*end == 'x')
		end++;
	return end == s || *end != '\0' || !(r->speed > 0) ||
	    r->speed > 1e6 ? -1 : 0;
}

static int
options(struct replay *r, int argc, char **argv)
{
	const char	*error = NULL;
	int		 ch;

	r->speed = 1;
	r->limit = CONNECTIONS;
	optind = 0;
	while ((ch = getopt(argc, argv, "+c:m:no:x:")) != -1) {
		switch (ch) {
		case 'c':
			r->limit = (size_t)compat_strtonum(optarg, 1, 65000,
			    &error);
			break;
		case 'm':
			r->maxwait_us = (uint64_t)(strtod(optarg, NULL) * 1e6);
			break;
		case 'n':
			r->dry = true;
			break;
		case 'o':
			r->report = optarg;
			break;
		case 'x':
			if (parse_speed(r, optarg) == -1)
				error = "invalid";
			break;
		default:
			return -1;
		}
		if (error != NULL)
			return -1;
	}
	return optind;
}

int
replay_main(int argc, char **argv)
{
	struct replay	*r;
	int		 i, first, status, files;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return CLIENT_OS;
	if ((first = options(r, argc, argv)) == -1)
		return usage();
	/* A dry run needs no target. */
	files = argc - first - 1;
	if (r->dry && argc > first && access(argv[argc - 1], R_OK) == 0)
		files++;
	if (files < 1)
		return usage();
	for (i = 0; i < files; i++)
		if ((status = read_file(r, argv[first + i])) != 0)
			return status;
	arrange(r);
	if (r->dry) {
		print_plan(r);
		return 0;
	}
	if ((status = find_target(r, argv[argc - 1])) != 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	run(r);
	qsort(r->drift_us, r->ndrift, sizeof(*r->drift_us), by_size);
	print_report(r);
	if (r->report != NULL && write_report(r) == -1)
		return CLIENT_REFUSED;
	return outcome(r);
}
