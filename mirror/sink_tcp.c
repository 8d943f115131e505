#include <sys/queue.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/sink_tcp.h"
#include "sandbox/compat.h"

#define WAITING_MAX	65536	/* connections that wait for a socket */

enum out_state { WAITING, CONNECTING, UP, DRAINING, HALF_CLOSED };

struct sink_out {
	TAILQ_ENTRY(sink_out) entry;
	TAILQ_ENTRY(sink_out) next_dirty;
	struct sink_tcp	*sink;
	struct sink_leg	*leg;		/* NULL when it has gone */
	struct event	*rd;
	struct event	*wr;
	struct reply	 answer;
	struct endpoint	 local;
	int		 fd;
	uint8_t		 state;
	bool		 dirty;		/* to be written at the next flush */
	bool		 draining;	/* the leg has gone: end it well */
	bool		 counted;	/* what the leg's was */
	bool		 http;		/* answers can be counted */
	bool		 in_message;	/* the last one is not complete */
	bool		 keeps;		/* what is not answered yet */
	int		 error;		/* of a write; there may be answers */
	uint64_t	 since_us;	/* of the state, or last progress */
	uint8_t		*buf;		/* from kept to off are kept, */
	size_t		 kept;		/* off to len wait */
	size_t		 off;
	size_t		 len;
	size_t		 room;
	uint64_t	 start;		/* of buf, in the connection */
	uint64_t	*head;		/* of request i, at i modulo the room */
	size_t		 head_room;
	uint64_t	 batch;		/* more wait for that many answers */
};

TAILQ_HEAD(outs, sink_out);

struct sink_tcp {
	struct sink_tcp_conf conf;
	struct sink_tcp_stats stats;
	struct outs	 outs;
	struct outs	 dirty;
	struct outs	 waiting;	/* for a socket to be free */
	size_t		 nwaiting;
	uint64_t	 now_us;
	uint64_t	 delay_us;	/* of the back-off, 0: it is there */
	uint64_t	 next_us;
	unsigned	 dialling;
	bool		 was_up;
	uint64_t	 batch;		/* answers of the last one it closed */
	uint8_t		 in[65536];	/* answers, read and thrown away */
};

static const char *const lost_names[] = {
#define R(name, text)	text,
	SINK_TCP_REASONS(R)
#undef R
};

const char *
sink_lost_name(enum sink_lost r)
{
	return lost_names[r];
}

struct sink_tcp *
sink_tcp_new(const struct sink_tcp_conf *conf)
{
	struct sink_tcp	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->conf = *conf;
	TAILQ_INIT(&s->outs);
	TAILQ_INIT(&s->dirty);
	TAILQ_INIT(&s->waiting);
	return s;
}

static void	 start_waiting(struct sink_tcp *);

/* ---- loss ---- */

static void
lose(struct sink_tcp *s, bool *counted, enum sink_lost why, uint64_t bytes,
    uint64_t requests)
{
	bool	 first;

	first = !*counted;
	*counted = true;
	s->conf.lost(s->conf.arg, why, bytes, requests, first);
}

static void
leg_lose(struct sink_tcp *s, struct sink_leg *leg, enum sink_lost why,
    uint64_t bytes, uint64_t requests)
{
	leg->reason = (uint8_t)why;
	lose(s, &leg->counted, why, bytes, requests);
}

/* Requests that nobody will answer any more. */
static uint64_t
unheard(const struct sink_out *o)
{
	return o->http ? reply_unheard(&o->answer) : 0;
}

static void
forget(struct sink_out *o)
{
	o->sink->stats.kept -= o->off - o->kept;
	o->kept = o->off;
	o->keeps = false;
}

static void
out_free(struct sink_out *o)
{
	struct sink_tcp	*s = o->sink;

	forget(o);
	if (o->state == CONNECTING)
		s->dialling--;
	s->stats.queued -= o->len - o->off;
	if (o->state == WAITING)
		s->nwaiting--;
	else
		s->stats.open--;
	if (o->rd != NULL)
		event_free(o->rd);
	if (o->wr != NULL)
		event_free(o->wr);
	if (o->fd != -1)
		close(o->fd);
	if (o->leg != NULL)
		o->leg->out = NULL;
	if (o->local.port != 0)
		s->conf.own(s->conf.arg, &o->local, &s->conf.target, true);
	reply_clear(&o->answer);
	TAILQ_REMOVE(o->state == WAITING ? &s->waiting : &s->outs, o, entry);
	if (o->dirty)
		TAILQ_REMOVE(&s->dirty, o, next_dirty);
	free(o->head);
	free(o->buf);
	free(o);
}

/* Closes with a reset: no TIME_WAIT, no port kept. */
static void
out_drop(struct sink_out *o)
{
	struct linger	 l = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(o->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	out_free(o);
}

/* In order; what has no answer by now has none. */
static void
out_reset(struct sink_out *o)
{
	o->sink->stats.unanswered += unheard(o);
	out_drop(o);
}

/* Something broke: what waits is lost, and the rest of the message. */
static void
out_fail(struct sink_out *o, enum sink_lost why, int error)
{
	struct sink_tcp	*s = o->sink;
	struct sink_leg	*leg = o->leg;
	uint64_t	 bytes, open;

	bytes = o->len - o->off;
	open = o->http ? reply_open(&o->answer) : 0;
	s->stats.errors++;
	s->conf.error(s->conf.arg, why, error);
	if (leg != NULL) {
		leg->waits = true;
		leg->reason = (uint8_t)why;
	}
	if (bytes > 0 || open > 0 || o->in_message)
		lose(s, leg != NULL ? &leg->counted : &o->counted, why,
		    bytes, unheard(o));
	out_drop(o);
}

/* ---- back-off ---- */

static void
target_away(struct sink_tcp *s)
{
	s->delay_us = s->delay_us == 0 ? s->conf.backoff_min_us :
	    s->delay_us * 2;
	if (s->delay_us > s->conf.backoff_max_us)
		s->delay_us = s->conf.backoff_max_us;
	/* The tick and the wait for a request are within the time, too. */
	s->next_us = s->now_us + s->delay_us - s->delay_us / 16;
}

static void
target_there(struct sink_tcp *s)
{
	if (s->delay_us > 0)
		s->conf.back(s->conf.arg);
	s->delay_us = 0;
	s->was_up = true;
}

/* ---- what is kept until it is answered ---- */

static int
head_room(struct sink_out *o)
{
	uint64_t	*p;
	size_t		 room, i;

	if (reply_open(&o->answer) < o->head_room)
		return 0;
	room = o->head_room == 0 ? 8 : o->head_room * 2;
	if (room > SINK_TCP_KEEP_REQUESTS ||
	    (p = calloc(room, sizeof(*p))) == NULL)
		return -1;
	for (i = o->answer.done; i < o->answer.asked; i++)
		p[i % room] = o->head[i % o->head_room];
	free(o->head);
	o->head = p;
	o->head_room = room;
	return 0;
}

/* A request begins at the end of what is in the buffer. */
static void
asked(struct sink_out *o, const uint8_t *p, size_t n)
{
	if (reply_open(&o->answer) == 0)
		o->keeps = true;
	if (o->keeps && head_room(o) == -1)
		forget(o);
	if (o->keeps)
		o->head[o->answer.asked % o->head_room] = o->start + o->len;
	reply_asked(&o->answer, p, n);
}

/* Where the first request without an answer begins. */
static size_t
open_from(const struct sink_out *o)
{
	uint64_t	 i = o->answer.done;

	return i < o->answer.asked ?
	    (size_t)(o->head[i % o->head_room] - o->start) : o->len;
}

static void
shrink(struct sink_out *o)
{
	if (o->kept < o->len)
		return;
	o->start += o->len;
	o->kept = o->off = o->len = 0;
	if (o->room > 65536) {
		free(o->buf);
		o->buf = NULL;
		o->room = 0;
	}
}

/* The answered ones go. */
static void
release(struct sink_out *o)
{
	size_t	 from;

	if (!o->keeps)
		return;
	from = open_from(o) < o->off ? open_from(o) : o->off;
	o->sink->stats.kept -= from - o->kept;
	o->kept = from;
	shrink(o);
}

static void
sent(struct sink_out *o, size_t n)
{
	struct sink_tcp	*s = o->sink;

	o->off += n;
	o->since_us = s->now_us;
	s->stats.queued -= n;
	s->stats.sent_bytes += n;
	if (!o->keeps) {
		o->kept = o->off;
		return;
	}
	s->stats.kept += n;
	if (o->off - o->kept > SINK_TCP_KEEP ||
	    s->stats.kept > s->conf.limit / 4)
		forget(o);
}

/* ---- writing ---- */

/* A target that closes after so many answers is not sent more at once. */
static size_t
may_send(const struct sink_out *o)
{
	if (o->batch == 0 || !o->keeps || o->answer.done >= o->batch ||
	    o->answer.asked <= o->batch)
		return o->len;
	return (size_t)(o->head[o->batch % o->head_room] - o->start);
}

static void
try_write(struct sink_out *o)
{
	size_t	 end = may_send(o);
	ssize_t	 n;

	while (o->off < end) {
		n = send(o->fd, o->buf + o->off, end - o->off,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN) {
			event_add(o->wr, NULL);
			return;
		}
		if (n == -1 && (errno == EPIPE || errno == ECONNRESET)) {
			/* It is readable: what it said before, and the end. */
			o->error = errno;
			return;
		}
		if (n == -1) {
			out_fail(o, SINK_LOST_RESET, errno);
			return;
		}
		sent(o, (size_t)n);
	}
	shrink(o);
}

static int
out_room(struct sink_out *o, size_t n)
{
	uint8_t	*p;
	size_t	 room;

	/* Moved only when as much room is won. */
	if (o->kept > 0 && o->room - o->len < n &&
	    o->kept >= o->len - o->kept) {
		memmove(o->buf, o->buf + o->kept, o->len - o->kept);
		o->start += o->kept;
		o->off -= o->kept;
		o->len -= o->kept;
		o->kept = 0;
	}
	if (o->room - o->len >= n)
		return 0;
	for (room = o->room == 0 ? 2048 : o->room; room - o->len < n;)
		room *= 2;
	if ((p = realloc(o->buf, room)) == NULL)
		return -1;
	o->buf = p;
	o->room = room;
	return 0;
}

/* ---- the end of a connection ---- */

/* Requests that were forwarded whole and have no answer yet. */
static uint64_t
unanswered(const struct sink_out *o)
{
	uint64_t	 open;

	open = reply_open(&o->answer);
	return open > 0 && o->in_message ? open - 1 : open;
}

/* Looks how far the end of a connection whose leg has gone can be brought. */
static void
drain(struct sink_out *o)
{
	if (o->state == WAITING || o->state == CONNECTING ||
	    o->off < o->len)
		return;
	if (o->http && !o->answer.lost) {
		if (unanswered(o) == 0)
			out_reset(o);
		else if (o->state == UP)
			o->state = DRAINING;
		return;
	}
	if (o->state != HALF_CLOSED) {
		shutdown(o->fd, SHUT_WR);
		o->state = HALF_CLOSED;
		o->since_us = o->sink->now_us;
	}
}

/* The leg goes, the connection stays until it is answered. */
static void
let_go(struct sink_out *o)
{
	o->counted = o->leg->counted;
	o->leg->out = NULL;
	o->leg = NULL;
	o->draining = true;
	if (o->off == o->len)
		o->since_us = o->sink->now_us;
	drain(o);
}

static void
to_flush(struct sink_out *o)
{
	if (o->dirty)
		return;
	o->dirty = true;
	TAILQ_INSERT_TAIL(&o->sink->dirty, o, next_dirty);
}

/* ---- events ---- */

static void
on_status(void *arg, unsigned status)
{
	struct sink_tcp	*s = arg;

	s->stats.answers++;
	s->stats.status[status]++;
}

/* All requests from the first one without an answer on, for n. */
static void
copy_open(struct sink_out *n, const struct sink_out *o)
{
	uint64_t	 i, at, end;

	for (i = o->answer.done; i < o->answer.asked; i++) {
		at = o->head[i % o->head_room] - o->start;
		end = i + 1 == o->answer.asked ? o->len :
		    o->head[(i + 1) % o->head_room] - o->start;
		n->sink->stats.again += at < o->off;
		asked(n, o->buf + at, end - at);
		memcpy(n->buf + n->len, o->buf + at, end - at);
		n->len += end - at;
	}
}

/*
 * The target closes, and says so: what it has not answered it has not looked
 * at. A new connection takes the place of this one. Each has answered one at
 * least, so this comes to an end.
 */
static bool
go_on(struct sink_out *o)
{
	struct sink_tcp	*s = o->sink;
	struct sink_out	*n;
	size_t		 again;

	if (!o->http || !o->keeps || reply_open(&o->answer) == 0 ||
	    !reply_ended(&o->answer))
		return false;
	again = o->off > open_from(o) ? o->off - open_from(o) : 0;
	if (again > s->conf.limit - s->stats.queued ||
	    (n = calloc(1, sizeof(*n))) == NULL)
		return false;
	n->sink = s;
	n->fd = -1;
	if (out_room(n, o->len - open_from(o)) == -1) {
		free(n);
		return false;
	}
	n->leg = o->leg;
	n->draining = o->draining;
	n->counted = o->counted;
	n->http = true;
	n->in_message = o->in_message;
	n->batch = s->batch = o->answer.done;
	reply_init(&n->answer);
	copy_open(n, o);
	s->stats.queued += n->len;
	o->leg = NULL;
	out_drop(o);
	if (n->leg != NULL)
		n->leg->out = n;
	n->state = WAITING;
	TAILQ_INSERT_TAIL(&s->waiting, n, entry);
	s->nwaiting++;
	start_waiting(s);
	return true;
}

static void
on_eof(struct sink_out *o)
{
	reply_eof(&o->answer);
	if (go_on(o))
		return;
	if (o->draining && (!o->http || o->answer.lost ||
	    unanswered(o) == 0)) {
		out_reset(o);
		return;
	}
	/* Between two messages, all answered: the next head opens anew. */
	if (o->off == o->len && !o->in_message && (!o->http ||
	    reply_open(&o->answer) == 0)) {
		if (!o->http && o->leg != NULL)
			o->leg->waits = true;
		out_reset(o);
		return;
	}
	out_fail(o, SINK_LOST_RESET, o->error);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct sink_out	*o = arg;
	struct sink_tcp	*s = o->sink;
	ssize_t		 n;

	(void)what;
	n = recv(fd, s->in, sizeof(s->in), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 0) {
		on_eof(o);
		return;
	}
	if (n == -1) {
		/* Closed with requests unread, behind an answer without end. */
		reply_eof(&o->answer);
		if (go_on(o))
			return;
		if (o->draining && o->state == HALF_CLOSED)
			out_reset(o);
		else
			out_fail(o, SINK_LOST_RESET, errno);
		return;
	}
	if (o->http) {
		reply_data(&o->answer, s->in, (size_t)n, on_status, s);
		release(o);
		if (go_on(o))
			return;
		if (o->batch > 0 && o->answer.done >= o->batch &&
		    !reply_ended(&o->answer)) {
			o->batch = s->batch = 0;
			to_flush(o);
		}
	}
	if (o->draining) {
		drain(o);
		start_waiting(s);
	}
}

static void
connected(struct sink_out *o)
{
	struct sink_tcp	*s = o->sink;

	o->state = UP;
	o->since_us = s->now_us;
	s->dialling--;
	s->stats.connections++;
	target_there(s);
	event_add(o->rd, NULL);
}

static void
dial_failed(struct sink_out *o, enum sink_lost why, int error)
{
	target_away(o->sink);
	out_fail(o, why, error);
}

/* Writes what waits; one that drains may come to its end by it. */
static void
flush_out(struct sink_out *o)
{
	struct sink_tcp	*s = o->sink;
	uint64_t	 errors = s->stats.errors;

	try_write(o);
	/* A failed write has freed it. */
	if (s->stats.errors == errors && o->draining && o->off == o->len)
		drain(o);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct sink_out	*o = arg;
	socklen_t	 len;
	int		 error;

	(void)what;
	if (o->state == CONNECTING) {
		len = sizeof(error);
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
			error = errno;
		if (error != 0) {
			dial_failed(o, SINK_LOST_REFUSED, error);
			return;
		}
		connected(o);
	}
	flush_out(o);
}

/* ---- opening ---- */

static socklen_t
to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss)
{
	struct sockaddr_in6	*six = (struct sockaddr_in6 *)ss;
	struct sockaddr_in	*sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (addr_is4(&e->addr)) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons(e->port);
		memcpy(&sin->sin_addr, e->addr.b + 12, 4);
		return sizeof(*sin);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(e->port);
	memcpy(&six->sin6_addr, e->addr.b, 16);
	return sizeof(*six);
}

/* Binds, and tells the analyzer the tuple before there is a packet of it. */
static int
bind_and_tell(struct sink_tcp *s, struct sink_out *o)
{
	struct sockaddr_storage	 ss;
	struct sockaddr_in6	*six = (struct sockaddr_in6 *)&ss;
	struct sockaddr_in	*sin = (struct sockaddr_in *)&ss;
	struct endpoint		 any;
	socklen_t		 len;

	memset(&any, 0, sizeof(any));
	if (s->conf.has_source)
		any.addr = s->conf.source;
	else if (addr_is4(&s->conf.target.addr))
		addr_from4(&any.addr, (const uint8_t [4]){ 0, 0, 0, 0 });
	len = to_sockaddr(&any, &ss);
	if (bind(o->fd, (struct sockaddr *)&ss, len) == -1)
		return -1;
	len = sizeof(ss);
	if (getsockname(o->fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	/* An address that is not chosen yet is told as none. */
	memset(&o->local, 0, sizeof(o->local));
	if (s->conf.has_source)
		o->local.addr = s->conf.source;
	o->local.port = ntohs(ss.ss_family == AF_INET ? sin->sin_port :
	    six->sin6_port);
	s->conf.own(s->conf.arg, &o->local, &s->conf.target, false);
	return 0;
}

static int
dial(struct sink_tcp *s, struct sink_out *o)
{
	struct sockaddr_storage	 ss;
	socklen_t		 len;
	int			 one = 1;

	len = to_sockaddr(&s->conf.target, &ss);
	o->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (o->fd == -1)
		return -1;
	setsockopt(o->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind_and_tell(s, o) == -1)
		return -1;
	if (connect(o->fd, (struct sockaddr *)&ss, len) == -1 &&
	    errno != EINPROGRESS)
		return -1;
	o->rd = event_new(s->conf.base, o->fd, EV_READ | EV_PERSIST,
	    on_readable, o);
	o->wr = event_new(s->conf.base, o->fd, EV_WRITE, on_writable, o);
	if (o->rd == NULL || o->wr == NULL) {
		errno = ENOMEM;
		return -1;
	}
	return event_add(o->wr, NULL);
}

/* Whether one may be opened now; else why not. */
static bool
may_open(const struct sink_tcp *s, enum sink_lost *why)
{
	*why = SINK_LOST_BACKOFF;
	if (s->delay_us > 0 && (s->now_us < s->next_us || s->dialling > 0))
		return false;
	*why = SINK_LOST_LIMIT;
	return s->nwaiting < WAITING_MAX;
}

/* A socket is free: o gets it. */
static void
start(struct sink_tcp *s, struct sink_out *o)
{
	enum sink_lost	 why;
	int		 error;

	TAILQ_INSERT_TAIL(&s->outs, o, entry);
	s->stats.open++;
	s->dialling++;
	o->state = CONNECTING;
	o->since_us = s->now_us;
	if (dial(s, o) == 0)
		return;
	error = errno;
	why = error == EMFILE || error == EADDRNOTAVAIL || error == ENOMEM ||
	    error == ENOBUFS || error == EADDRINUSE ? SINK_LOST_SYSTEM :
	    SINK_LOST_REFUSED;
	if (why == SINK_LOST_REFUSED)
		target_away(s);
	out_fail(o, why, error);
}

/* The next ones that wait for a socket. */
static void
start_waiting(struct sink_tcp *s)
{
	struct sink_out	*o;
	enum sink_lost	 why;

	while (s->stats.open < s->conf.max_open &&
	    (o = TAILQ_FIRST(&s->waiting)) != NULL) {
		if (!may_open(s, &why)) {
			out_fail(o, why, ECONNREFUSED);
			continue;
		}
		TAILQ_REMOVE(&s->waiting, o, entry);
		s->nwaiting--;
		start(s, o);
	}
}

static void
open_out(struct sink_tcp *s, struct sink_leg *leg, const struct chunk *c)
{
	struct sink_out	*o;
	enum sink_lost	 why;

	if (!may_open(s, &why)) {
		leg->waits = true;
		leg_lose(s, leg, why, 0, 0);
		return;
	}
	if ((o = calloc(1, sizeof(*o))) == NULL) {
		leg->waits = true;
		leg_lose(s, leg, SINK_LOST_SYSTEM, 0, 0);
		return;
	}
	o->sink = s;
	o->leg = leg;
	o->http = c->part == FRAMER_REQUEST;
	o->batch = s->batch;
	o->fd = -1;
	reply_init(&o->answer);
	leg->out = o;
	if (s->stats.open < s->conf.max_open) {
		start(s, o);
		return;
	}
	o->state = WAITING;
	TAILQ_INSERT_TAIL(&s->waiting, o, entry);
	s->nwaiting++;
}

/* ---- data ---- */

static bool
may_start(const struct sink_leg *leg, const struct chunk *c)
{
	if (c->part == FRAMER_REQUEST || c->part == FRAMER_RESPONSE)
		return true;
	return c->part == FRAMER_OPAQUE && !leg->started &&
	    (c->flags & CHUNK_GAP) == 0;
}

static void
overflow(struct sink_tcp *s, struct sink_leg *leg, const struct chunk *c)
{
	struct sink_out	*o = leg->out;

	leg_lose(s, leg, SINK_LOST_QUEUE, o->len - o->off + c->len,
	    unheard(o) + (c->part == FRAMER_REQUEST));
	leg->dead = true;
	out_drop(o);
}

void
sink_tcp_data(struct sink_tcp *s, struct sink_leg *leg,
    const struct chunk *c)
{
	struct sink_out	*o;

	if (leg->dead) {
		leg_lose(s, leg, (enum sink_lost)leg->reason, c->len,
		    c->part == FRAMER_REQUEST);
		return;
	}
	/* The target said that it closes: the next head opens anew. */
	if (leg->out != NULL && c->part == FRAMER_REQUEST &&
	    leg->out->answer.closes && leg->out->off == leg->out->len &&
	    reply_open(&leg->out->answer) == 0)
		let_go(leg->out);
	if (leg->out == NULL && may_start(leg, c)) {
		leg->waits = false;
		open_out(s, leg, c);
	}
	leg->started = true;
	if ((o = leg->out) == NULL) {
		leg_lose(s, leg, leg->waits ? (enum sink_lost)leg->reason :
		    SINK_LOST_GAP, c->len, c->part == FRAMER_REQUEST);
		return;
	}
	if (c->len > s->conf.limit - s->stats.queued ||
	    out_room(o, c->len) == -1) {
		overflow(s, leg, c);
		return;
	}
	if (c->part == FRAMER_REQUEST) {
		asked(o, c->data, c->len);
		s->stats.requests++;
	}
	memcpy(o->buf + o->len, c->data, c->len);
	o->len += c->len;
	s->stats.queued += c->len;
	if (s->stats.queued > s->stats.high)
		s->stats.high = s->stats.queued;
	if (c->part == FRAMER_REQUEST || c->part == FRAMER_RESPONSE)
		o->in_message = true;
	if (o->state == UP)
		to_flush(o);
}

void
sink_tcp_flush(struct sink_tcp *s)
{
	struct sink_out	*o;

	while ((o = TAILQ_FIRST(&s->dirty)) != NULL) {
		TAILQ_REMOVE(&s->dirty, o, next_dirty);
		o->dirty = false;
		flush_out(o);
	}
	start_waiting(s);
}

void
sink_tcp_end(struct sink_tcp *s, struct sink_leg *leg)
{
	(void)s;
	if (leg->out != NULL)
		leg->out->in_message = false;
}

void
sink_tcp_gap(struct sink_tcp *s, struct sink_leg *leg)
{
	(void)s;
	leg->waits = true;
	leg->reason = SINK_LOST_GAP;
	if (leg->out != NULL)
		let_go(leg->out);
}

void
sink_tcp_close(struct sink_tcp *s, struct sink_leg *leg)
{
	(void)s;
	if (leg->out != NULL)
		let_go(leg->out);
}

/* ---- time ---- */

static void
check(struct sink_tcp *s, struct sink_out *o)
{
	uint64_t	 age = s->now_us - o->since_us;

	if (o->state == CONNECTING) {
		if (age >= s->conf.timeout_us)
			dial_failed(o, SINK_LOST_TIMEOUT, ETIMEDOUT);
	} else if (o->off < o->len) {
		if (age >= SINK_TCP_STALL_US)
			out_fail(o, SINK_LOST_STALLED, ETIMEDOUT);
	} else if (o->state == DRAINING) {
		if (age < s->conf.timeout_us)
			return;
		shutdown(o->fd, SHUT_WR);
		o->state = HALF_CLOSED;
		o->since_us = s->now_us;
	} else if (o->state == HALF_CLOSED && age >= s->conf.timeout_us)
		out_reset(o);
}

void
sink_tcp_tick(struct sink_tcp *s, uint64_t now_us)
{
	struct sink_out	*o, *next;

	s->now_us = now_us;
	TAILQ_FOREACH_SAFE(o, &s->outs, entry, next)
		check(s, o);
	start_waiting(s);
}

void
sink_tcp_tell(struct sink_tcp *s)
{
	struct sink_out	*o;

	TAILQ_FOREACH(o, &s->outs, entry)
		s->conf.own(s->conf.arg, &o->local, &s->conf.target, false);
}

void
sink_tcp_free(struct sink_tcp *s)
{
	struct sink_out	*o;

	if (s == NULL)
		return;
	while ((o = TAILQ_FIRST(&s->waiting)) != NULL ||
	    (o = TAILQ_FIRST(&s->outs)) != NULL) {
		if (o->off == o->len) {
			out_reset(o);
			continue;
		}
		lose(s, o->leg != NULL ? &o->leg->counted : &o->counted,
		    SINK_LOST_STOPPED, o->len - o->off, unheard(o));
		out_drop(o);
	}
	free(s);
}

const char *
sink_tcp_state(const struct sink_tcp *s)
{
	if (s->delay_us > 0)
		return "retry";
	if (s->stats.open > s->dialling || s->was_up)
		return "up";
	return s->dialling > 0 ? "connecting" : "idle";
}

const struct sink_tcp_stats *
sink_tcp_stats(const struct sink_tcp *s)
{
	return &s->stats;
}

void
sink_tcp_set_stats(struct sink_tcp *s, const struct sink_tcp_stats *stats)
{
	s->stats = *stats;
}

bool
sink_tcp_idle(const struct sink_tcp *s)
{
	return TAILQ_EMPTY(&s->outs) && TAILQ_EMPTY(&s->waiting);
}
