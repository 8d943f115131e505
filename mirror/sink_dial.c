#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <string.h>

#include "mirror/sink_dial.h"

#define WAITING_MAX	65536	/* connections that wait for a socket */

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

bool
dial_allowed(const struct sink_tcp *s, enum sink_lost *why)
{
	*why = SINK_LOST_BACKOFF;
	if (s->delay_us > 0 && (s->now_us < s->next_us || s->dialling > 0))
		return false;
	*why = SINK_LOST_LIMIT;
	return s->nwaiting < WAITING_MAX;
}

/* ---- the dial ---- */

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

static int
own_endpoint(int fd, struct endpoint *e)
{
	struct sockaddr_storage		 ss;
	const struct sockaddr_in6	*six = (struct sockaddr_in6 *)&ss;
	const struct sockaddr_in	*sin = (struct sockaddr_in *)&ss;
	socklen_t			 len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	memset(e, 0, sizeof(*e));
	if (ss.ss_family == AF_INET) {
		addr_from4(&e->addr, (const uint8_t *)&sin->sin_addr);
		e->port = ntohs(sin->sin_port);
	} else {
		memcpy(e->addr.b, &six->sin6_addr, 16);
		e->port = ntohs(six->sin6_port);
	}
	return 0;
}

/* Binds, and tells the analyzer the tuple before there is a packet of it. */
static int
bind_and_tell(struct sink_tcp *s, struct sink_out *o)
{
	struct sockaddr_storage	 ss;
	struct endpoint		 any;
	socklen_t		 len;

	memset(&any, 0, sizeof(any));
	if (s->conf.has_source)
		any.addr = s->conf.source;
	else if (addr_is4(&s->conf.target.addr))
		addr_from4(&any.addr, (const uint8_t [4]){ 0, 0, 0, 0 });
	len = to_sockaddr(&any, &ss);
	if (bind(o->fd, (struct sockaddr *)&ss, len) == -1 ||
	    own_endpoint(o->fd, &o->local) == -1)
		return -1;
	/* An address that is not chosen yet is told as none. */
	if (!s->conf.has_source)
		memset(&o->local.addr, 0, sizeof(o->local.addr));
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
	    s->readable, o);
	o->wr = event_new(s->conf.base, o->fd, EV_WRITE, s->writable, o);
	if (o->rd == NULL || o->wr == NULL) {
		errno = ENOMEM;
		return -1;
	}
	return event_add(o->wr, NULL);
}

void
dial_failed(struct sink_out *o, enum sink_lost why, int error)
{
	target_away(o->sink);
	out_fail(o, why, error);
}

/* Ours to mend, not the target's. */
static bool
is_system(int error)
{
	return error == EMFILE || error == EADDRNOTAVAIL || error == ENOMEM ||
	    error == ENOBUFS || error == EADDRINUSE;
}

/* A socket is free: o gets it. */
static void
start(struct sink_tcp *s, struct sink_out *o)
{
	TAILQ_INSERT_TAIL(&s->outs, o, entry);
	s->stats.open++;
	s->dialling++;
	o->state = CONNECTING;
	o->since_us = s->now_us;
	if (dial(s, o) == 0)
		return;
	if (is_system(errno))
		out_fail(o, SINK_LOST_SYSTEM, errno);
	else
		dial_failed(o, SINK_LOST_REFUSED, errno);
}

void
dial_or_wait(struct sink_out *o)
{
	if (o->sink->stats.open < o->sink->conf.max_open)
		start(o->sink, o);
	else
		out_wait(o);
}

void
dial_waiting(struct sink_tcp *s)
{
	struct sink_out	*o;
	enum sink_lost	 why;

	while (s->stats.open < s->conf.max_open &&
	    (o = TAILQ_FIRST(&s->waiting)) != NULL) {
		if (!dial_allowed(s, &why)) {
			out_fail(o, why, ECONNREFUSED);
			continue;
		}
		TAILQ_REMOVE(&s->waiting, o, entry);
		s->nwaiting--;
		start(s, o);
	}
}

/*
 * Nobody listens on this machine, and the port that the kernel chose was the
 * target's: TCP connects it with itself, and the target could not come back.
 */
static bool
is_self(const struct sink_out *o)
{
	struct endpoint	 e;

	return own_endpoint(o->fd, &e) == 0 &&
	    endpoint_cmp(&e, &o->sink->conf.target) == 0;
}

int
dial_done(struct sink_out *o)
{
	struct sink_tcp	*s = o->sink;
	socklen_t	 len = sizeof(int);
	int		 error;

	if (getsockopt(o->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error == 0 && is_self(o))
		error = ECONNREFUSED;
	if (error != 0) {
		dial_failed(o, SINK_LOST_REFUSED, error);
		return -1;
	}
	o->state = UP;
	o->since_us = s->now_us;
	s->dialling--;
	s->stats.connections++;
	target_there(s);
	event_add(o->rd, NULL);
	return 0;
}
