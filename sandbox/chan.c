#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/chan.h"
#include "sandbox/compat.h"
#include "sandbox/msg.h"

#define HIGH_MARK	(256 * 1024)
#define LIMIT		(4 * 1024 * 1024)
#define PER_EVENT	64	/* frames handled before others get a turn */
#define SPARE_MIN	(16 * 1024)	/* of batches; less is malloc's own */
#define SPARE_MAX	(512 * 1024)	/* kept for the next full socket */

struct queued {
	TAILQ_ENTRY(queued)	 entry;
	size_t			 len;
	size_t			 room;
	int			 fd;
	uint8_t			 data[];
};

TAILQ_HEAD(queued_list, queued);

struct chan {
	struct chan_conf	 conf;
	struct event_base	*base;
	struct event		*ev_read;
	struct event		*ev_write;
	struct event		*ev_fault;	/* found while sending */
	struct queued_list	 queue;
	size_t			 queued;
	struct queued_list	 spare;		/* big ones, to be used again */
	size_t			 spared;
	bool			 was_high;
	uint8_t			*rx;		/* FRAME_MAX + 1 bytes */
	uint8_t			*tx;		/* FRAME_MAX bytes */
	struct buf		 out;
	uint16_t		 out_type;
	uint32_t		 out_request;
	int			 busy;		/* depth of our callbacks */
	bool			 dead;		/* freed while busy */
	bool			 broken;	/* the peer is gone */
	bool			 paused;
	bool			 deaf;
	bool			 gated;
	bool			 sharing;	/* large frames use out */
	bool			 no_slot;	/* until SHM_ROOM comes */
	uint16_t		 gate_except;
	enum chan_fault		 late_fault;
	int			 late_errno;
};

static void	on_read(evutil_socket_t, short, void *);
static void	on_write(evutil_socket_t, short, void *);
static void	on_fault(evutil_socket_t, short, void *);

static void
count(struct chan *ch, enum tally_id id)
{
	if (ch->conf.tally != NULL)
		tally_add(ch->conf.tally, id, 1);
}

struct chan *
chan_new(struct event_base *base, const struct chan_conf *conf)
{
	struct chan	*ch;

	if ((ch = calloc(1, sizeof(*ch))) == NULL)
		return NULL;
	TAILQ_INIT(&ch->queue);
	TAILQ_INIT(&ch->spare);
	ch->conf = *conf;
	ch->base = base;
	if (ch->conf.high_mark == 0)
		ch->conf.high_mark = HIGH_MARK;
	if (ch->conf.limit == 0)
		ch->conf.limit = LIMIT;
	ch->rx = aligned_alloc(FRAME_ALIGN, FRAME_MAX + FRAME_ALIGN);
	ch->tx = aligned_alloc(FRAME_ALIGN, FRAME_MAX);
	ch->ev_read = event_new(base, conf->fd, EV_READ | EV_PERSIST, on_read,
	    ch);
	ch->ev_write = event_new(base, conf->fd, EV_WRITE, on_write, ch);
	ch->ev_fault = event_new(base, -1, 0, on_fault, ch);
	if (ch->rx == NULL || ch->tx == NULL || ch->ev_read == NULL ||
	    ch->ev_write == NULL || ch->ev_fault == NULL ||
	    event_add(ch->ev_read, NULL) == -1) {
		ch->conf.flags |= CHAN_KEEP_FD;
		chan_free(ch);
		return NULL;
	}
	return ch;
}

/*
 * Batches wait in memory that is warm: the one that was given back last.
 * malloc would return it to the kernel, and each page would be made anew.
 */
static struct queued *
queued_new(struct chan *ch, size_t len)
{
	struct queued	*q;
	size_t		 room = len;

	if (len >= SPARE_MIN && (ch->conf.flags & CHAN_BATCHES)) {
		if ((q = TAILQ_FIRST(&ch->spare)) != NULL && q->room >= len) {
			TAILQ_REMOVE(&ch->spare, q, entry);
			ch->spared -= q->room;
			return q;
		}
		room = len <= FRAME_MAX / 2 + SPARE_MIN ?
		    FRAME_MAX / 2 + SPARE_MIN : FRAME_MAX;
	}
	if ((q = malloc(sizeof(*q) + room)) != NULL)
		q->room = room;
	return q;
}

static void
queued_free(struct chan *ch, struct queued *q)
{
	if (!(ch->conf.flags & CHAN_BATCHES) || q->room < SPARE_MIN ||
	    q->room > SPARE_MAX - ch->spared) {
		free(q);
		return;
	}
	TAILQ_INSERT_HEAD(&ch->spare, q, entry);
	ch->spared += q->room;
}

/* The first one leaves the queue. */
static void
unqueue(struct chan *ch, struct queued *q)
{
	TAILQ_REMOVE(&ch->queue, q, entry);
	ch->queued -= q->len;
	if (q->fd != -1)
		close(q->fd);
	queued_free(ch, q);
}

void
chan_forget(struct chan *ch)
{
	struct queued	*q;

	while ((q = TAILQ_FIRST(&ch->queue)) != NULL)
		unqueue(ch, q);
	while ((q = TAILQ_FIRST(&ch->spare)) != NULL) {
		TAILQ_REMOVE(&ch->spare, q, entry);
		free(q);
	}
	ch->spared = 0;
}

static void
free_event(struct event **ev)
{
	if (*ev != NULL)
		event_free(*ev);
	*ev = NULL;
}

void
chan_free(struct chan *ch)
{
	if (ch == NULL)
		return;
	free_event(&ch->ev_read);
	free_event(&ch->ev_write);
	free_event(&ch->ev_fault);
	chan_forget(ch);
	if (ch->conf.fd != -1 && !(ch->conf.flags & CHAN_KEEP_FD))
		close(ch->conf.fd);
	ch->conf.fd = -1;
	ch->dead = true;
	if (ch->busy > 0)
		return;
	free(ch->rx);
	free(ch->tx);
	free(ch);
}

static void
enter(struct chan *ch)
{
	ch->busy++;
}

/* False when the channel was freed meanwhile: it must not be touched. */
static bool
leave(struct chan *ch)
{
	if (--ch->busy > 0 || !ch->dead)
		return !ch->dead;
	free(ch->rx);
	free(ch->tx);
	free(ch);
	return false;
}

/* ---- sending ---- */

/* Faults of the sending side are told from the loop, never to the sender. */
static void
fault_later(struct chan *ch, enum chan_fault fault, int error)
{
	if (ch->broken)
		return;
	ch->broken = true;
	ch->late_fault = fault;
	ch->late_errno = error;
	event_active(ch->ev_fault, EV_TIMEOUT, 0);
}

static void
on_fault(evutil_socket_t fd, short what, void *arg)
{
	struct chan	*ch = arg;

	(void)fd;
	(void)what;
	if (ch->conf.fault == NULL)
		return;
	enter(ch);
	ch->conf.fault(ch, ch->late_fault, strerror(ch->late_errno),
	    ch->conf.arg);
	leave(ch);
}

static ssize_t
send_message(struct chan *ch, const uint8_t *p, size_t len, int fd)
{
	union {
		char		 space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	 align;
	}		 ctl;
	struct msghdr	 m;
	struct iovec	 v;
	struct cmsghdr	*c;
	union {
		const uint8_t	*in;
		void		*out;
	}		 u = { .in = p };

	memset(&m, 0, sizeof(m));
	v.iov_base = u.out;
	v.iov_len = len;
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	if (fd != -1) {
		memset(&ctl, 0, sizeof(ctl));
		m.msg_control = ctl.space;
		m.msg_controllen = sizeof(ctl.space);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(ch->conf.fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t
send_shared(struct chan *ch, const uint8_t *p, size_t len)
{
	uint8_t			 small[FRAME_HDR + MSG_SHARED];
	struct msg_shared	 m;
	struct frame		 f;
	struct buf		 b;
	ssize_t			 n;
	int			 slot;

	if (frame_get(&f, p, len) == -1) {
		errno = EINVAL;		/* ours; no room will mend it */
		return -1;
	}
	if ((slot = shm_put(ch->conf.out, p, len)) == -1) {
		ch->no_slot = true;
		errno = EAGAIN;
		return -1;
	}
	f.flags |= FRAME_SHARED;
	m.slot = (uint32_t)slot;
	m.len = (uint32_t)len;
	buf_writer(&b, small + FRAME_HDR, MSG_SHARED);
	msg_put_shared(&b, &m);
	frame_put_header(small, &f, b.len);
	if ((n = send_message(ch, small, sizeof(small), -1)) == -1)
		shm_take_back(ch->conf.out, slot);
	return n;
}

static ssize_t
send_one(struct chan *ch, const uint8_t *p, size_t len, int fd)
{
	ch->no_slot = false;
	if (ch->sharing && len >= SHM_FRAME_MIN && fd == -1)
		return send_shared(ch, p, len);
	return send_message(ch, p, len, fd);
}

/* What is queued goes on when the socket, or the memory, has room again. */
static void
await_room(struct chan *ch)
{
	if (!ch->no_slot)
		event_add(ch->ev_write, NULL);
}

static bool
would_block(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS ||
	    error == EINTR || error == ENOMEM;
}

static int
enqueue(struct chan *ch, const uint8_t *p, size_t len, int fd)
{
	struct queued	*q;

	if (len > ch->conf.limit - ch->queued ||
	    (q = queued_new(ch, len)) == NULL) {
		count(ch, TALLY_CHAN_QUEUE_FULL);
		if (ch->conf.peer == ROLE_CLIENT ||
		    ch->conf.peer == ROLE_PROVIDER)
			fault_later(ch, CHAN_FULL, ENOBUFS);
		return -1;
	}
	q->len = len;
	q->fd = fd;
	memcpy(q->data, p, len);
	TAILQ_INSERT_TAIL(&ch->queue, q, entry);
	ch->queued += len;
	if (ch->queued > ch->conf.high_mark)
		ch->was_high = true;
	await_room(ch);
	return 0;
}

/* Sends a whole frame; takes fd in every case. */
static int
submit(struct chan *ch, const uint8_t *p, size_t len, int fd)
{
	int	 r = 0;

	if (ch->broken || ch->dead) {
		r = -1;
	} else if (!TAILQ_EMPTY(&ch->queue)) {
		if (enqueue(ch, p, len, fd) == 0)
			return 0;
		r = -1;
	} else if (send_one(ch, p, len, fd) == -1) {
		if (would_block(errno)) {
			if (enqueue(ch, p, len, fd) == 0)
				return 0;
		} else
			fault_later(ch, errno == EPIPE ||
			    errno == ECONNRESET ? CHAN_CLOSED : CHAN_ERROR,
			    errno);
		r = -1;
	}
	if (fd != -1)
		close(fd);
	return r;
}

void
chan_flush(struct chan *ch)
{
	struct queued	*q;

	while ((q = TAILQ_FIRST(&ch->queue)) != NULL) {
		if (send_one(ch, q->data, q->len, q->fd) == -1) {
			if (would_block(errno))
				await_room(ch);
			else
				fault_later(ch, errno == EPIPE ||
				    errno == ECONNRESET ? CHAN_CLOSED :
				    CHAN_ERROR, errno);
			return;
		}
		unqueue(ch, q);
	}
}

static void
send_queued(struct chan *ch)
{
	chan_flush(ch);
	if (ch->was_high && ch->queued < ch->conf.high_mark / 2 + 1) {
		ch->was_high = false;
		if (ch->conf.drained != NULL)
			ch->conf.drained(ch, ch->conf.arg);
	}
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct chan	*ch = arg;

	(void)fd;
	(void)what;
	enter(ch);
	send_queued(ch);
	leave(ch);
}

int
chan_drain(struct chan *ch, int timeout_ms)
{
	struct pollfd	 p;
	int		 step;

	for (;;) {
		chan_flush(ch);
		if (TAILQ_EMPTY(&ch->queue))
			return 0;
		if (ch->broken || timeout_ms <= 0)
			return -1;
		/* Nobody reads here that a slot is free: look again. */
		step = ch->no_slot ? 1 : 10;
		p.fd = ch->conf.fd;
		p.events = ch->no_slot ? 0 : POLLOUT;
		if (poll(&p, 1, timeout_ms < step ? timeout_ms : step) == 0)
			timeout_ms -= step;
		else if (ch->no_slot && p.revents & (POLLHUP | POLLERR))
			return -1;
	}
}

struct buf *
chan_begin(struct chan *ch, uint16_t type, uint32_t request)
{
	ch->out_type = type;
	ch->out_request = request;
	buf_writer(&ch->out, ch->tx + FRAME_HDR, FRAME_BODY_MAX);
	return &ch->out;
}

static int
finish(struct chan *ch, uint16_t flags, int fd)
{
	struct frame	 f;

	if (ch->out.err) {
		if (fd != -1)
			close(fd);
		count(ch, TALLY_CHAN_BAD_FRAMES);
		return -1;
	}
	f.type = ch->out_type;
	f.flags = flags;
	f.request = ch->out_request;
	f.generation = ch->conf.generation;
	frame_put_header(ch->tx, &f, ch->out.len);
	return submit(ch, ch->tx, FRAME_HDR + ch->out.len, fd);
}

int
chan_end(struct chan *ch)
{
	return finish(ch, 0, -1);
}

int
chan_end_flags(struct chan *ch, uint16_t flags)
{
	return finish(ch, flags, -1);
}

int
chan_end_fd(struct chan *ch, int fd)
{
	return finish(ch, 0, fd);
}

int
chan_send(struct chan *ch, uint16_t type, uint32_t request)
{
	chan_begin(ch, type, request);
	return finish(ch, 0, -1);
}

int
chan_send_raw(struct chan *ch, uint16_t type, uint32_t request, uint8_t *p,
    size_t len)
{
	struct frame	 f;

	f.type = type;
	f.flags = 0;
	f.request = request;
	f.generation = ch->conf.generation;
	frame_put_header(p, &f, len);
	return submit(ch, p, FRAME_HDR + len, -1);
}

int
chan_forward(struct chan *ch, const struct frame *f, uint32_t request)
{
	struct buf	*b;

	b = chan_begin(ch, f->type, request);
	buf_put(b, f->body.r, f->body.len);
	return finish(ch, f->flags, -1);
}

/* ---- receiving ---- */

static ssize_t
recv_with_fd(struct chan *ch, int *fd)
{
	union {
		char		 space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	 align;
	}		 ctl;
	struct msghdr	 m;
	struct iovec	 v;
	struct cmsghdr	*c;
	ssize_t		 n;

	memset(&m, 0, sizeof(m));
	v.iov_base = ch->rx;
	v.iov_len = FRAME_MAX + 1;
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	m.msg_control = ctl.space;
	/* One: a second would fit where CMSG_SPACE pads, and stay open. */
	m.msg_controllen = CMSG_LEN(sizeof(int));
	n = recvmsg(ch->conf.fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n == -1)
		return -1;
	for (c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_RIGHTS &&
		    c->cmsg_len == CMSG_LEN(sizeof(int)))
			memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return n;
}

static const struct handler *
find_handler(const struct chan *ch, uint16_t type)
{
	const struct handler	*h;

	for (h = ch->conf.handlers; h != NULL && h->type != 0; h++)
		if (h->type == type)
			return h;
	return NULL;
}

static int
bad(struct chan *ch, const char *why)
{
	count(ch, TALLY_CHAN_BAD_FRAMES);
	ch->deaf = true;
	if (ch->conf.fault != NULL)
		ch->conf.fault(ch, CHAN_BAD, why, ch->conf.arg);
	return -1;
}

static int
handle(struct chan *ch, struct frame *f)
{
	const struct msg_desc	*d;
	const struct handler	*h;
	bool			 opener;

	opener = f->type == MSG_LINK || f->type == MSG_HELLO;
	if ((ch->gated && f->type != ch->gate_except) ||
	    (ch->deaf && !opener)) {
		count(ch, TALLY_CHAN_STALE);
		return 0;
	}
	if ((d = msg_desc(f->type)) == NULL)
		return bad(ch, "unknown type");
	if (!msg_allowed(d, ch->conf.peer, ch->conf.self))
		return bad(ch, "misdirected frame");
	if (f->body.len < d->min || f->body.len > d->max)
		return bad(ch, "length out of bounds");
	if (f->type == MSG_SHM_ROOM) {
		send_queued(ch);
		return 0;
	}
	if ((h = find_handler(ch, f->type)) == NULL)
		return bad(ch, "nobody handles this type");
	if (h->fn(ch, f, ch->conf.arg) == -1)
		return ch->dead ? -1 : bad(ch, "malformed payload");
	return 0;
}

/*
 * One that waits here already will be read after what is free now: a sender
 * that does not read cannot fill our queue by asking.
 */
static void
tell_room(struct chan *ch)
{
	struct queued	*q;
	struct frame	 f;

	q = TAILQ_LAST(&ch->queue, queued_list);
	if (q != NULL && frame_get(&f, q->data, q->len) == 0 &&
	    f.type == MSG_SHM_ROOM)
		return;
	chan_send(ch, MSG_SHM_ROOM, 0);
}

/* The frame that this one stands for, in rx as if the socket had brought it. */
static int
take_shared(struct chan *ch, struct frame *f)
{
	struct msg_shared	 m;

	if (ch->conf.in == NULL || msg_get_shared(&f->body, &m) == -1 ||
	    shm_get(ch->conf.in, m.slot, ch->rx, m.len) == -1)
		return -1;
	if (shm_wanted(ch->conf.in))
		tell_room(ch);
	return frame_get(f, ch->rx, m.len) == -1 || f->flags & FRAME_SHARED ?
	    -1 : 0;
}

/* One frame: 1 handled, 0 nothing there, -1 the channel cannot go on. */
static int
receive_one(struct chan *ch)
{
	struct frame	 f;
	ssize_t		 n;
	int		 fd = -1, r;

	if (ch->conf.flags & CHAN_FDS)
		n = recv_with_fd(ch, &fd);
	else
		n = read(ch->conf.fd, ch->rx, FRAME_MAX + 1);
	if (n == -1 && would_block(errno))
		return 0;
	if (n <= 0 && (n == -1 || ch->conf.peer == ROLE_CLIENT ||
	    ch->conf.peer == ROLE_PROVIDER || ch->conf.self == ROLE_CLIENT ||
	    ch->conf.self == ROLE_PROVIDER || ch->conf.self == ROLE_PARENT)) {
		event_del(ch->ev_read);
		fault_later(ch, CHAN_CLOSED, n == -1 ? errno : EPIPE);
		return -1;
	}
	if (frame_get(&f, ch->rx, (size_t)n) == -1)
		r = bad(ch, n == 0 ? "empty message" : "bad frame header");
	else if (f.flags & FRAME_SHARED && ch->gated) {
		/* For one before us: the slot may be in use again. */
		count(ch, TALLY_CHAN_STALE);
		r = 0;
	} else if (f.flags & FRAME_SHARED && take_shared(ch, &f) == -1)
		r = bad(ch, "bad frame in shared memory");
	else {
		f.fd = fd;
		r = handle(ch, &f);
		fd = f.fd;
	}
	if (fd != -1)
		close(fd);
	return r == -1 ? -1 : 1;
}

int
chan_receive(struct chan *ch, int max)
{
	int	 done;

	enter(ch);
	for (done = 0; done < max; done++) {
		if (ch->dead || ch->paused || receive_one(ch) != 1)
			break;
	}
	leave(ch);
	return done;
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	chan_receive(arg, PER_EVENT);
}

/* ---- state ---- */

bool
chan_ready(const struct chan *ch)
{
	return !ch->broken && ch->queued <= ch->conf.high_mark;
}

size_t
chan_queued(const struct chan *ch)
{
	return ch->queued;
}

void
chan_share(struct chan *ch, bool on)
{
	if (on == ch->sharing || ch->conf.out == NULL)
		return;
	if (on)
		shm_reset(ch->conf.out);
	ch->sharing = on;
	if (ch->no_slot) {
		ch->no_slot = false;
		if (!TAILQ_EMPTY(&ch->queue))
			event_add(ch->ev_write, NULL);
	}
}

void
chan_pause(struct chan *ch)
{
	if (!ch->paused)
		event_del(ch->ev_read);
	ch->paused = true;
}

void
chan_resume(struct chan *ch)
{
	if (ch->paused)
		event_add(ch->ev_read, NULL);
	ch->paused = false;
}

void
chan_set_high_mark(struct chan *ch, size_t bytes)
{
	ch->conf.high_mark = bytes;
}

void
chan_relink(struct chan *ch)
{
	ch->deaf = false;
}

bool
chan_deaf(const struct chan *ch)
{
	return ch->deaf;
}

void
chan_gate(struct chan *ch, bool closed, uint16_t except_type)
{
	ch->gated = closed;
	ch->gate_except = except_type;
}

enum role
chan_peer(const struct chan *ch)
{
	return ch->conf.peer;
}

void
chan_set_generation(struct chan *ch, uint32_t generation)
{
	ch->conf.generation = generation;
}
