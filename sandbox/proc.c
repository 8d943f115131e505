#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/crash.h"
#include "sandbox/jail.h"
#include "sandbox/life.h"
#include "sandbox/log.h"
#include "sandbox/policy.h"
#include "sandbox/priv.h"
#include "sandbox/proc.h"

/* What may wait for the mirror: bursts that it has no time for at once. */
#define STREAMS_HIGH	(16 * 1024 * 1024)
#define STREAMS_LIMIT	(24 * 1024 * 1024)
/* Packets wait in the batch they are in, and in the kernel, not in a queue. */
#define PACKETS_HIGH	1
#define OFFLINE_WAIT_MS	(600 * 1000)
#define OWN_MEMORY	(512ULL << 20)	/* besides what is configured */

_Static_assert(PROC_FD_PARENT == POLICY_FD_PARENT &&
    PROC_FD_LINK1 == POLICY_FD_LINK1 && PROC_FD_LINK2 == POLICY_FD_LINK2,
    "policy.c pins these numbers");

void
proc_standard_fds(void)
{
	int	 fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY :
		    O_RDONLY) == -1)
			_exit(1);	/* there is nowhere to say it */
}

uint64_t
proc_mono_us(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
proc_wall_us(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

struct event_base *
proc_event_base(void)
{
	struct event_config	*ec;
	struct event_base	*base;

	if ((ec = event_config_new()) == NULL)
		fatalx("event loop: out of memory");
	event_config_set_flag(ec,
	    EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	base = event_base_new_with_config(ec);
	event_config_free(ec);
	if (base == NULL)
		fatal("event loop");
	return base;
}

/* ---- what a role says to the parent ---- */

/*
 * These frames may come while an answer is being composed on the same
 * channel, so they have a buffer of their own.
 */
void
life_text(struct proc *p, uint16_t type, uint32_t number, const char *text)
{
	struct msg_text	 m;
	struct buf	 b;

	m.number = number;
	compat_strlcpy(m.text, text, sizeof(m.text));
	buf_writer(&b, p->priv->small + FRAME_HDR, LIFE_SMALL);
	msg_put_text(&b, &m);
	if (!b.err)
		chan_send_raw(p->chan[ROLE_PARENT], type, 0, p->priv->small,
		    b.len);
}

static void
log_to_parent(enum log_level level, const char *line, void *arg)
{
	struct proc	*p = arg;

	life_text(p, MSG_LOG, level, line);
	if (level == LOG_LEVEL_ERR)
		chan_drain(p->chan[ROLE_PARENT], 500);
}

void
proc_send_tally(struct proc *p)
{
	struct buf	 b;

	buf_writer(&b, p->priv->big + FRAME_HDR, FRAME_BODY_MAX);
	tally_pack(&p->tally, &b);
	if (!b.err)
		chan_send_raw(p->chan[ROLE_PARENT], MSG_TALLY, 0,
		    p->priv->big, b.len);
}

void
proc_bad_input(struct proc *p, const char *fmt, ...)
{
	char	 text[MSG_TEXT_MAX];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	life_text(p, MSG_FAULT, p->ops->role, text);
}

void
proc_monitor(struct proc *p, const char *type, const char *fmt, ...)
{
	struct msg_monitor	 m;
	struct buf		 b;
	va_list			 ap;

	m.ts_us = proc_wall_us();
	compat_strlcpy(m.type, type, sizeof(m.type));
	va_start(ap, fmt);
	vsnprintf(m.text, sizeof(m.text), fmt, ap);
	va_end(ap);
	buf_writer(&b, p->priv->small + FRAME_HDR, LIFE_SMALL);
	msg_put_monitor(&b, &m);
	if (!b.err)
		chan_send_raw(p->chan[ROLE_PARENT], MSG_MONITOR, 0,
		    p->priv->small, b.len);
}

void
proc_exit(struct proc *p, int status, const char *fmt, ...)
{
	char	 text[MSG_TEXT_MAX];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_to_parent(LOG_LEVEL_ERR, text, p);
	exit(status);
}

static int
wait_ms(const struct proc *p, int live_ms)
{
	return p->hello.flags & HELLO_OFFLINE ? OFFLINE_WAIT_MS : live_ms;
}

void
proc_bye(struct proc *p)
{
	enum role	 r;

	/* The data's way only: who comes before has ended and reads no more. */
	for (r = p->ops->role + 1; r <= ROLE_LAST_CHILD; r++)
		if (p->chan[r] != NULL && p->linked[r])
			chan_drain(p->chan[r], wait_ms(p, 1000));
	if (p->priv->ev_tick != NULL)
		event_del(p->priv->ev_tick);
	proc_send_tally(p);
	chan_send(p->chan[ROLE_PARENT], MSG_BYE, 0);
	chan_drain(p->chan[ROLE_PARENT], wait_ms(p, 1000));
	event_base_loopbreak(p->base);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct proc	*p = arg;

	(void)fd;
	(void)what;
	if (p->ops->tick != NULL)
		p->ops->tick(p);
	proc_send_tally(p);
}

/* ---- start ---- */

static size_t
add_handlers(struct handler *to, size_t n, const struct handler *from)
{
	for (; from != NULL && from->type != 0; from++) {
		if (n >= LIFE_HANDLERS - 1)
			fatalx("too many handlers");
		to[n++] = *from;
	}
	return n;
}

/* Our handlers stand first and win. */
static void
build_table(struct proc *p, enum role peer)
{
	static const struct handler	 show = { MSG_SHOW, life_on_show };
	static const struct handler	 end = {
		MSG_DATA_END, life_on_data_end
	};
	struct handler			*t = p->priv->table[peer];
	size_t				 n;

	n = add_handlers(t, 0,
	    peer == ROLE_PARENT ? life_from_parent : life_from_neighbour);
	if (life_handler(p, peer, MSG_SHOW) != NULL)
		t[n++] = show;
	if (life_handler(p, peer, MSG_DATA_END) != NULL)
		t[n++] = end;
	n = add_handlers(t, n, p->ops->from[peer]);
	if (peer == ROLE_PARENT)
		add_handlers(t, n, life_from_parent_rest);
}

static void
open_chan(struct proc *p, enum role peer, int fd)
{
	struct chan_conf	 c;

	build_table(p, peer);
	memset(&c, 0, sizeof(c));
	c.fd = fd;
	c.self = p->ops->role;
	c.peer = peer;
	c.flags = peer == ROLE_PARENT ? CHAN_FDS : CHAN_BATCHES;
	if (p->ops->role == ROLE_ANALYZER && peer == ROLE_MIRROR) {
		c.high_mark = STREAMS_HIGH;
		c.limit = STREAMS_LIMIT;
	}
	c.generation = p->generation;
	c.handlers = p->priv->table[peer];
	c.fault = life_on_fault;
	c.drained = life_on_drained;
	if (p->ops->role == ROLE_CAPTURE && peer == ROLE_ANALYZER)
		c.high_mark = PACKETS_HIGH;
	c.out = p->priv->out[peer];
	c.in = p->priv->in[peer];
	c.tally = &p->tally;
	c.arg = p;
	if ((p->chan[peer] = chan_new(p->base, &c)) == NULL)
		fatalx("channel: out of memory");
	chan_gate(p->chan[peer], true,
	    peer == ROLE_PARENT ? MSG_HELLO : MSG_LINK);
}

/* Neighbours by role: descriptors 4 and 5; data flows one way. */
static const struct {
	enum role	 self;
	enum role	 peer;
	int		 fd;
	int		 shm;
	bool		 sends;
} links[] = {
	{ ROLE_CAPTURE,	 ROLE_ANALYZER,	PROC_FD_LINK1, PROC_FD_SHM1, true },
	{ ROLE_ANALYZER, ROLE_CAPTURE,	PROC_FD_LINK1, PROC_FD_SHM1, false },
	{ ROLE_ANALYZER, ROLE_MIRROR,	PROC_FD_LINK2, PROC_FD_SHM2, true },
	{ ROLE_MIRROR,	 ROLE_ANALYZER,	PROC_FD_LINK1, PROC_FD_SHM1, false },
};

/*
 * Before the numbers are used again, and before the jail. An errno when one is
 * there that cannot be used; where the launcher got none, it has said so.
 */
static int
map_shared(struct proc *p)
{
	struct shm	*s;
	size_t		 i;
	int		 error = 0;

	for (i = 0; i < nitems(links); i++) {
		if (links[i].self != p->ops->role)
			continue;
		s = shm_map(links[i].shm);
		if (s == NULL && errno != EBADF)
			error = errno;
		if (links[i].sends)
			p->priv->out[links[i].peer] = s;
		else
			p->priv->in[links[i].peer] = s;
	}
	return error;
}

static void
close_others(enum role role)
{
	unsigned	 first = PROC_FD_LINK2;

	if (role == ROLE_ANALYZER)
		first++;
	syscall(SYS_close_range, first, ~0U, 0);
}

static void
ignore_signals(void)
{
	static const int	 signals[] = {
		SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGXFSZ
	};
	size_t			 i;

	for (i = 0; i < nitems(signals); i++)
		signal(signals[i], SIG_IGN);
}

static void
open_base(struct proc *p)
{
	/* Keeps the number free for the socket that the filter knows. */
	if (p->ops->role == ROLE_CAPTURE &&
	    dup2(STDIN_FILENO, POLICY_FD_NETLINK) == -1)
		fatal("descriptor %d", POLICY_FD_NETLINK);
	p->base = proc_event_base();
}

static void
begin(struct proc *p, int argc, char **argv)
{
	char		 name[16];
	const char	*errstr = NULL;
	socklen_t	 len;
	int		 type = 0, error;

	len = sizeof(type);
	if (argc == 2)
		p->generation = (uint32_t)compat_strtonum(argv[1], 1,
		    UINT32_MAX, &errstr);
	if (argc != 2 || errstr != NULL || getsockopt(PROC_FD_PARENT,
	    SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    type != SOCK_SEQPACKET) {
		dprintf(STDERR_FILENO, "%s is started by netmond\n", argv[0]);
		exit(64);
	}
	error = map_shared(p);
	close_others(p->ops->role);
	ignore_signals();
	snprintf(name, sizeof(name), "netmond-%.7s", role_name(p->ops->role));
	prctl(PR_SET_NAME, name);
	log_procinit(role_name(p->ops->role));
	open_base(p);
	open_chan(p, ROLE_PARENT, PROC_FD_PARENT);
	log_init(log_to_parent, p);
	crash_init(PROC_FD_PARENT, p->ops->role, p->generation);
	if (error != 0)
		log_warnx("no shared memory: %s; sockets carry all, slower",
		    strerror(error));
}

/* Until HELLO, CONF and the last RESTORE came; not a frame further. */
static void
wait_for_start(struct proc *p)
{
	struct pollfd	 pfd;

	while (!p->priv->started || p->conf == NULL) {
		pfd.fd = PROC_FD_PARENT;
		pfd.events = POLLIN;
		if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
			fatal("poll");
		chan_receive(p->chan[ROLE_PARENT], 1);
	}
}

static void
make_seed(struct proc *p)
{
	if (p->hello.flags & HELLO_OFFLINE) {
		p->seed.k0 = 0x6e65746d6f6e6430ULL;
		p->seed.k1 = 0x2d722d2d66697865ULL;
	} else if (getrandom(&p->seed, sizeof(p->seed), 0) !=
	    sizeof(p->seed))
		fatal("getrandom");
}

/*
 * Far more than a role needs, and half of this machine, for a reload may give
 * it more.
 */
static uint64_t
own_memory(const struct conf *c)
{
	struct sysinfo	 si;
	uint64_t	 n = OWN_MEMORY + 2 * c->memory_limit, half;
	size_t		 i;

	for (i = 0; i < c->nmirrors; i++)
		n += 2 * c->mirrors[i].queue;
	if (sysinfo(&si) == -1)
		return 0;
	half = (uint64_t)si.totalram * si.mem_unit / 2;
	return n > half ? n : half;
}

static void
lock(struct proc *p)
{
	struct jail	 j;
	char		 why[160];
	size_t		 i;

	if (priv_role(p->ops->role == ROLE_CAPTURE) == -1)
		fatal("privileges");
	memset(&j, 0, sizeof(j));
	j.role = p->ops->role;
	j.memory = (8ULL << 30) + 2 * (p->conf->memory_limit +
	    p->conf->ring_total);
	/* Taken over, it shall not have all of this machine. */
	if (!(p->hello.flags & HELLO_OFFLINE))
		j.data = own_memory(p->conf);
	for (i = 0; j.role == ROLE_MIRROR && i < p->conf->nmirrors; i++) {
		if (!p->conf->mirrors[i].has_forward)
			continue;
		if (j.nports == JAIL_PORTS_MAX) {
			j.any_port = true;
			break;
		}
		j.ports[j.nports++] = p->conf->mirrors[i].target.port;
	}
	if (jail_enter(&j, why, sizeof(why)) == -1)
		fatalx("%s", why);
	p->priv->landlock = j.landlock;
}

static void
restore(struct proc *p)
{
	struct msg_slot	 slot;
	struct buf	 b;

	buf_reader(&b, p->priv->restore, p->priv->restorelen);
	while (p->ops->restore != NULL && buf_left(&b) > 0) {
		if (msg_get_slot(&b, &slot) == -1)
			fatalx("parent: a saved slot is malformed");
		p->ops->restore(p, &slot);
	}
	free(p->priv->restore);
	p->priv->restore = NULL;
}

static void
send_ready(struct proc *p)
{
	struct msg_ready	 m;

	memset(&m, 0, sizeof(m));
	m.pid = (uint32_t)getpid();
	m.landlock = (uint32_t)p->priv->landlock;
	if (m.landlock > 0)
		snprintf(m.text, sizeof(m.text), "seccomp, landlock %u",
		    m.landlock);
	else
		compat_strlcpy(m.text, "seccomp", sizeof(m.text));
	msg_put_ready(chan_begin(p->chan[ROLE_PARENT], MSG_READY, 0), &m);
	chan_end(p->chan[ROLE_PARENT]);
}

static void
start_running(struct proc *p)
{
	struct timeval	 second = { 1, 0 };
	size_t		 i;

	p->priv->ev_tick = event_new(p->base, -1, EV_PERSIST, on_tick, p);
	if (p->priv->ev_tick == NULL ||
	    event_add(p->priv->ev_tick, &second) == -1)
		fatalx("event: out of memory");
	if (p->check)
		return;
	p->priv->running = true;
	for (i = 0; i < nitems(links); i++)
		if (links[i].self == p->ops->role)
			life_send_link(p, links[i].peer);
	if (p->ops->run != NULL)
		p->ops->run(p);
}

int
proc_main(int argc, char **argv, const struct proc_ops *ops)
{
	struct proc	 p;
	size_t		 i;

	memset(&p, 0, sizeof(p));
	p.ops = ops;
	if ((p.priv = calloc(1, sizeof(*p.priv))) == NULL)
		return 1;
	TAILQ_INIT(&p.priv->held);
	begin(&p, argc, argv);
	wait_for_start(&p);
	make_seed(&p);
	for (i = 0; i < nitems(links); i++)
		if (links[i].self == ops->role)
			open_chan(&p, links[i].peer, links[i].fd);
	if (!p.check && ops->init != NULL)
		ops->init(&p);
	restore(&p);
	lock(&p);
	send_ready(&p);
	start_running(&p);
	if (event_base_dispatch(p.base) == -1)
		fatal("event loop");
	return p.priv->status;
}
