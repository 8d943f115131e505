#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sandbox/proc.h"
#include "ui/client.h"
#include "ui/play.h"

#define DIAL_US		5000000
#define SERVE_EVERY	32		/* pieces that are due at once */

struct play_conn {
	uint32_t	 at;		/* next to be sent, index + 1 */
	uint32_t	 due;		/* pieces up to here are due */
	int		 fd;
	bool		 connecting;
	bool		 skip;		/* to the next start */
	bool		 begun;		/* piece at: its request is counted */
	bool		 half;		/* all is said, its end is waited for */
	uint32_t	 off;		/* of piece at, already sent */
	uint64_t	 since_us;	/* of the dial, or the last byte sent */
	const struct addrinfo *to;	/* the address that was dialled */
	struct reply	 reply;
};

/* ---- one connection ---- */

static void
on_status(void *arg, unsigned status)
{
	struct play	*pl = arg;

	pl->answers++;
	pl->status[status]++;
}

static void
conn_close(struct play *pl, struct play_conn *c)
{
	struct linger	 l = { .l_onoff = 1, .l_linger = 0 };
	size_t		 i;

	if (c->fd == -1)
		return;
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(c->fd);
	c->fd = -1;
	c->connecting = c->half = false;
	reply_clear(&c->reply);
	for (i = 0; pl->live[i] != (uint32_t)(c - pl->conn); i++)
		continue;
	pl->live[i] = pl->live[--pl->open];
}

static const struct piece *
piece_of(const struct play *pl, uint32_t index)
{
	return &pl->rec->piece[index - 1];
}

/* The piece that is sent next. */
static const struct piece *
at(const struct play *pl, const struct play_conn *c)
{
	return piece_of(pl, c->at);
}

static void
next_piece(struct play *pl, struct play_conn *c)
{
	const struct piece	*p = at(pl, c);

	if (c->at == c->due)
		c->due = 0;
	c->at = p->next;
	c->off = 0;
	c->begun = false;
}

/* The rest of the message is lost with the connection. */
static void
conn_fail(struct play *pl, struct play_conn *c, int error)
{
	pl->last_error = error;
	if (!c->connecting)
		pl->failed += reply_open(&c->reply);
	c->skip = true;
	if (c->begun || c->off > 0)
		next_piece(pl, c);
	conn_close(pl, c);
}

/*
 * A name may stand for several addresses. The next is taken while none has
 * answered a dial: whether c, which could not be connected, shall try again.
 */
static bool
next_address(struct play *pl, struct play_conn *c)
{
	if (c->to == pl->target) {
		if (pl->sent > 0 || c->to->ai_next == NULL)
			return false;
		pl->target = c->to->ai_next;
	}
	conn_close(pl, c);
	return true;
}

/* -1: it cannot be connected. */
static int
dial_address(struct play *pl, struct play_conn *c)
{
	int	 one = 1;

	c->to = pl->target;
	c->fd = socket(c->to->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (c->fd == -1)
		return -1;
	pl->live[pl->open++] = (uint32_t)(c - pl->conn);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	reply_init(&c->reply);
	c->connecting = true;
	c->since_us = proc_mono_us();
	c->off = 0;
	return connect(c->fd, c->to->ai_addr, c->to->ai_addrlen) == -1 &&
	    errno != EINPROGRESS ? -1 : 0;
}

static void
dial(struct play *pl, struct play_conn *c)
{
	while (dial_address(pl, c) == -1) {
		pl->last_error = errno;
		if (next_address(pl, c))
			continue;
		pl->dial_errors++;
		c->skip = true;
		conn_close(pl, c);
		return;
	}
}

/* A request that cannot be sent. */
static void
skip_piece(struct play *pl, struct play_conn *c)
{
	pl->failed += at(pl, c)->start;
	next_piece(pl, c);
}

/* It could not be connected, after all. */
static void
dial_failed(struct play *pl, struct play_conn *c, int error)
{
	if (next_address(pl, c))
		return;
	pl->dial_errors++;
	conn_fail(pl, c, error);
	skip_piece(pl, c);
}

/* Sends what is due; false when it must wait. */
static bool
send_piece(struct play *pl, struct play_conn *c)
{
	const struct piece	*p = at(pl, c);
	ssize_t			 n;

	if (p->start && !c->begun) {
		/* A client asks when it has been answered. */
		if (reply_open(&c->reply) > 0 && !c->reply.lost)
			return false;
		reply_asked(&c->reply, p->p, p->len);
		c->begun = true;
		c->since_us = proc_mono_us();
		pl->sent++;
	}
	while (c->off < p->len) {
		n = send(c->fd, p->p + c->off, p->len - c->off, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return false;
		if (n == -1) {
			conn_fail(pl, c, errno);
			return true;
		}
		c->off += (uint32_t)n;
		c->since_us = proc_mono_us();
		pl->sent_bytes += (uint64_t)n;
	}
	next_piece(pl, c);
	return true;
}

/* A connection to give up for another: answered, and nothing due. */
static bool
make_room(struct play *pl)
{
	struct play_conn	*c;
	size_t			 i;

	for (i = 0; i < pl->open; i++) {
		c = &pl->conn[pl->live[i]];
		if (!c->connecting && c->due == 0 && c->off == 0 &&
		    reply_open(&c->reply) == 0) {
			conn_close(pl, c);
			/* In another protocol there is no going on. */
			c->skip = true;
			return true;
		}
	}
	return false;
}

/*
 * Whether the target said that it closes, or the record has a gap there: then
 * it would read a request as the rest of the one before.
 */
static bool
opens_anew(const struct play *pl, const struct play_conn *c)
{
	return c->fd != -1 && c->reply.asked > 0 && !c->begun &&
	    reply_open(&c->reply) == 0 && at(pl, c)->start &&
	    (c->reply.closes || at(pl, c)->fresh);
}

/*
 * All is sent and answered. A close would reset the connection: of another
 * protocol the target may not have read it all.
 */
static void
conn_end(struct play *pl, struct play_conn *c)
{
	if (!c->reply.lost)
		conn_close(pl, c);
	else if (!c->half) {
		c->half = true;
		c->since_us = proc_mono_us();
		shutdown(c->fd, SHUT_WR);
	}
}

/* Everything that can be done now; false when it waits for room. */
static bool
pump(struct play *pl, struct play_conn *c)
{
	while (c->due != 0 && c->at != 0) {
		if (opens_anew(pl, c))
			conn_close(pl, c);
		if (c->fd == -1) {
			if (c->skip && !at(pl, c)->start) {
				skip_piece(pl, c);
				continue;
			}
			c->skip = false;
			if (pl->open >= pl->limit && !make_room(pl))
				return false;
			dial(pl, c);
			if (c->fd == -1) {
				skip_piece(pl, c);
				continue;
			}
		}
		if (c->connecting || !send_piece(pl, c))
			return true;
	}
	if (c->at == 0 && c->fd != -1 && !c->connecting &&
	    reply_open(&c->reply) == 0)
		conn_end(pl, c);
	return true;
}

static void
on_readable(struct play *pl, struct play_conn *c)
{
	uint8_t	 in[65536];
	ssize_t	 n;

	n = recv(c->fd, in, sizeof(in), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		reply_data(&c->reply, in, (size_t)n, on_status, pl);
		return;
	}
	reply_eof(&c->reply);
	if (n == 0 && reply_open(&c->reply) == 0 && !c->begun &&
	    c->off == 0) {
		c->skip = c->at != 0;	/* a body that had still to come */
		conn_close(pl, c);
	} else
		conn_fail(pl, c, n == 0 ? ECONNRESET : errno);
}

static void
on_connected(struct play *pl, struct play_conn *c)
{
	socklen_t	 len = sizeof(int);
	int		 error = 0;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		dial_failed(pl, c, error);
		return;
	}
	c->connecting = false;
}

/* The rest of a body that is not due yet: no answer is late before it. */
static bool
body_to_come(const struct play *pl, const struct play_conn *c)
{
	return c->at != 0 && c->due == 0 && !at(pl, c)->start;
}

/* Late dials and answers. */
static void
check_time(struct play *pl, struct play_conn *c, uint64_t now)
{
	if (c->connecting && now - c->since_us > DIAL_US)
		dial_failed(pl, c, ETIMEDOUT);
	else if (!c->connecting && reply_open(&c->reply) > 0 &&
	    !body_to_come(pl, c) && now - c->since_us > pl->answer_us)
		conn_fail(pl, c, ETIMEDOUT);
	else if (c->half && now - c->since_us > pl->answer_us)
		conn_close(pl, c);
}

/* ---- the run ---- */

static void
serve(struct play *pl, int wait_ms)
{
	struct pollfd		*p = pl->poll;
	struct play_conn	*c;
	uint64_t		 now;
	size_t			 i, n = pl->open;

	for (i = 0; i < n; i++) {
		c = &pl->conn[pl->live[i]];
		pl->polled[i] = pl->live[i];
		p[i].fd = c->fd;
		p[i].events = POLLIN;
		if (c->connecting || c->begun || c->off > 0)
			p[i].events |= POLLOUT;
		p[i].revents = 0;
	}
	poll(p, n, wait_ms);
	now = proc_mono_us();
	for (i = 0; i < n; i++) {
		c = &pl->conn[pl->polled[i]];
		if (c->fd == -1 || c->fd != p[i].fd)
			continue;
		if (p[i].revents != 0 && c->connecting)
			on_connected(pl, c);
		else if (p[i].revents & (POLLIN | POLLHUP | POLLERR))
			on_readable(pl, c);
		if (c->fd != -1)
			check_time(pl, c, now);
		pump(pl, c);
	}
}

static int
by_size(const void *a, const void *b)
{
	const uint32_t	*x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
note_drift(struct play *pl, uint64_t due, uint64_t now)
{
	uint64_t	 d = now > due ? now - due : 0;

	pl->drift_us[pl->ndrift++] = d > UINT32_MAX ? UINT32_MAX :
	    (uint32_t)d;
}

/* When piece i is due, given when the one before it was. */
static uint64_t
due_at(const struct play *pl, size_t i, uint64_t before)
{
	const struct piece	*p = &pl->rec->piece[i];
	uint64_t		 d;

	if (pl->max || i == 0)
		return before;
	d = (uint64_t)((double)(p->ts_us - p[-1].ts_us) / pl->speed);
	return before + (d > pl->maxwait_us ? pl->maxwait_us : d);
}

static void
start(struct play *pl, const struct recording *rec)
{
	size_t	 i;

	pl->rec = rec;
	pl->conn = calloc(rec->nconns + 1, sizeof(*pl->conn));
	pl->live = calloc(pl->limit + 1, sizeof(*pl->live));
	pl->drift_us = calloc(rec->npieces + 1, sizeof(*pl->drift_us));
	pl->poll = calloc(pl->limit, sizeof(*pl->poll));
	pl->polled = calloc(pl->limit, sizeof(*pl->polled));
	if (pl->conn == NULL || pl->live == NULL || pl->drift_us == NULL ||
	    pl->poll == NULL || pl->polled == NULL) {
		fprintf(stderr, "netmonctl: out of memory\n");
		exit(CLIENT_OS);
	}
	for (i = 0; i < rec->nconns; i++) {
		pl->conn[i].fd = -1;
		pl->conn[i].at = rec->conn[i].first;
	}
}

/* Piece i is due; false when its connection waits for room. */
static bool
on_due(struct play *pl, size_t i, uint64_t due)
{
	struct play_conn	*c = &pl->conn[pl->rec->piece[i].conn];

	/* It was sent before its time. */
	if (c->at == 0 || c->at > i + 1) {
		note_drift(pl, due, due);
		return true;
	}
	if (body_to_come(pl, c))
		c->since_us = proc_mono_us();
	c->due = (uint32_t)i + 1;
	if (!pump(pl, c))
		return false;
	note_drift(pl, due, proc_mono_us());
	return true;
}

/*
 * A piece waits for room, and none of the connections will ever make it: the
 * rest of a body is due on each of them after the one that waits. The first
 * sends it before its time.
 */
static void
make_progress(struct play *pl)
{
	struct play_conn	*c;
	uint32_t		 next;
	size_t			 i;

	for (i = 0; i < pl->open; i++)
		if (!body_to_come(pl, &pl->conn[pl->live[i]]))
			return;
	if (pl->open == 0)
		return;
	c = &pl->conn[pl->live[0]];
	c->due = c->at;
	while ((next = piece_of(pl, c->due)->next) != 0 &&
	    !piece_of(pl, next)->start)
		c->due = next;
	pump(pl, c);
}

/* Whoever waits for no more gets the numbers as they are. */
static void
interrupt(struct play *pl)
{
	sigset_t	 set;
	size_t		 i;

	if (sigpending(&set) == -1 || (!sigismember(&set, SIGINT) &&
	    !sigismember(&set, SIGTERM)))
		return;
	pl->interrupted = true;
	for (i = 0; i < pl->open; i++)
		pl->failed += reply_open(&pl->conn[pl->live[i]].reply);
}

void
play_run(struct play *pl, const struct recording *rec)
{
	uint64_t	 due, now, begun;
	size_t		 i;
	int		 wait;

	start(pl, rec);
	begun = due = proc_mono_us();
	for (i = 0; !pl->interrupted && (i < rec->npieces || pl->open > 0);) {
		now = proc_mono_us();
		wait = 100;
		if (i < rec->npieces && now < due)
			wait = (int)((due - now + 999) / 1000);
		else if (i < rec->npieces && !on_due(pl, i, due)) {
			make_progress(pl);
			wait = 10;
		} else if (i < rec->npieces) {
			if (++i < rec->npieces)
				due = due_at(pl, i, due);
			/* Answers are looked at now and then. */
			if (i % SERVE_EVERY != 0)
				continue;
			wait = 0;
		}
		serve(pl, wait > 100 ? 100 : wait);
		interrupt(pl);
	}
	pl->took_us = proc_mono_us() - begun;
	qsort(pl->drift_us, pl->ndrift, sizeof(*pl->drift_us), by_size);
}

uint64_t
play_duration(const struct play *pl, const struct recording *rec)
{
	struct play	 how = *pl;
	uint64_t	 at_us = 0;
	size_t		 i;

	how.rec = rec;
	for (i = 0; i < rec->npieces; i++)
		at_us = due_at(&how, i, at_us);
	return at_us;
}
