#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "parent/child.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"

#define TICK_US		250000
#define SILENT_US	5000000		/* without TALLY */
#define START_US	15000000	/* without READY */
#define LAUNCH_US	5000000		/* without LAUNCHED */
#define LEAVE_US	2000000		/* at the stop, since it was killed */
#define OFFLINE_FACTOR	12		/* -r: a busy machine may be slow */
#define ANSWERS_MAX	16		/* that a lost launcher may have left */

/* Until when each may take, since the start of the stop. */
static const uint64_t	 stop_us[ROLE_MAX] = {
	[ROLE_CAPTURE]	= 1200000,
	[ROLE_ANALYZER]	= 1600000,
	[ROLE_MIRROR]	= 1900000,
};

bool
supervise_special(const struct supervise *s)
{
	return (s->conf.hello & (HELLO_CHECK | HELLO_OFFLINE)) != 0;
}

void
supervise_fail(struct supervise *s, int status)
{
	s->status = s->status == 0 ? status : s->status;
	if (!s->stopping)
		supervise_stop(s, s->status);
}

void
supervise_no_launcher(struct supervise *s, enum role role)
{
	log_warnx("no launcher to start %s%s: ending", role_name(role),
	    s->all_ready ? " anew" : "");
	supervise_fail(s, s->all_ready ? 1 : EX_OSERR);
}

void
supervise_launch(struct supervise *s, enum role role, uint32_t generation)
{
	struct msg_launch	 m;

	m.role = role;
	m.generation = generation;
	msg_put_launch(chan_begin(s->launcher, MSG_LAUNCH, 0), &m);
	chan_end(s->launcher);
}

int
supervise_send_conf(struct supervise *s, enum role role,
    const struct conf *conf)
{
	struct child	*c = &s->child[role];
	struct buf	 b, *out;
	uint8_t		*packed;
	size_t		 at = 0, n;
	int		 r = -1;

	if (c->chan == NULL || (packed = malloc(CONF_PACK_MAX)) == NULL)
		return -1;
	buf_writer(&b, packed, CONF_PACK_MAX);
	conf_pack(conf, &b);
	if (b.err)
		goto done;
	do {
		n = b.len - at;
		if (n > FRAME_BODY_MAX)
			n = FRAME_BODY_MAX;
		out = chan_begin(c->chan, MSG_CONF, 0);
		buf_put(out, packed + at, n);
		at += n;
		r = chan_end_flags(c->chan, at < b.len ? FRAME_MORE : 0);
	} while (r == 0 && at < b.len);
 done:
	free(packed);
	return r;
}

/* ---- the launcher answers ---- */

static int
take_early(struct supervise *s, pid_t pid, int *status)
{
	size_t	 i;

	for (i = 0; i < CHILD_EARLY_MAX; i++) {
		if (s->early[i].pid != pid)
			continue;
		*status = s->early[i].status;
		s->early[i].pid = 0;
		return 0;
	}
	return -1;
}

static void
no_renderer(struct supervise *s, int error)
{
	log_warnx("cannot start netmonctl: %s", strerror(error));
	s->conf.ops->rendered(1 << 8, s->conf.arg);
}

static void
renderer_started(struct supervise *s, pid_t pid)
{
	int	 status;

	s->rendering = false;
	if (pid <= 0) {
		no_renderer(s, -pid);
	} else if (take_early(s, pid, &status) == 0) {
		s->conf.ops->rendered(status, s->conf.arg);
	} else {
		s->renderer = pid;	/* from now on it may be killed */
		if (s->render_not)
			supervise_render_not(s);
	}
}

static int
on_launched(struct chan *ch, struct frame *f, void *arg)
{
	struct supervise	*s = arg;
	struct msg_launched	 m;
	struct child		*c;
	int			 status;

	(void)ch;
	if (msg_get_launched(&f->body, &m) == -1)
		return -1;
	if (m.role == ROLE_CLIENT) {
		renderer_started(s, m.pid);
		return 0;
	}
	if (m.role < ROLE_FIRST_CHILD || m.role > ROLE_LAST_CHILD)
		return -1;
	c = &s->child[m.role];
	if (m.generation != c->generation)
		return 0;
	if (m.pid <= 0) {
		snprintf(c->why, sizeof(c->why), "cannot be started: %s",
		    strerror(-m.pid));
		child_lost(c, 1 << 8);
		return 0;
	}
	c->pid = m.pid;
	if (take_early(s, m.pid, &status) == 0)
		child_lost(c, status);
	else if (s->stopping && !c->stop_sent) {
		c->wanted = true;	/* it has done nothing yet */
		kill(c->pid, SIGKILL);
	}
	return 0;
}

static const struct handler from_launcher[] = {
	{ MSG_LAUNCHED,		on_launched },
	{ 0,			NULL }
};

static void
on_launcher_fault(struct chan *ch, enum chan_fault fault, const char *why,
    void *arg)
{
	struct supervise	*s = arg;

	(void)ch;
	/* Its end is told by waitpid; a bad one is ended. */
	if (fault == CHAN_BAD && s->conf.launcher->pid != 0) {
		log_warnx("launcher: bad message: %s", why);
		kill(s->conf.launcher->pid, SIGKILL);
	}
}

/* ---- what ended ---- */

/* Whose start was asked of it without an answer, or will be. */
static const struct child *
waits_for_launcher(const struct supervise *s)
{
	enum role	 r;

	EACH(r)
		if (s->child[r].state != CHILD_OFF && s->child[r].pid == 0)
			return &s->child[r];
	return NULL;
}

static void
launcher_ended(struct supervise *s, int status)
{
	const struct child	*c;
	char			 cause[80];
	bool			 asked_to = s->stopping;

	s->conf.launcher->pid = 0;
	s->launcher_lost = true;
	chan_receive(s->launcher, ANSWERS_MAX);
	c = waits_for_launcher(s);
	child_describe(cause, sizeof(cause), status);
	if (!asked_to)
		log_warnx("lost launcher: %s%s", cause, !s->all_ready ?
		    "; cannot start without it" : c == NULL && !s->stopping ?
		    "; going on, but the next lost child ends netmond" : "");
	if (s->stopping)
		supervise_stop_next(s);
	else if (!s->all_ready)
		supervise_fail(s, EX_OSERR);
	else if (c != NULL)
		supervise_no_launcher(s, c->role);
	if (s->rendering)
		no_renderer(s, ECONNRESET);
}

void
supervise_reap(struct supervise *s)
{
	enum role	 r;
	size_t		 i;
	pid_t		 pid;
	int		 status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		EACH(r)
			if (s->child[r].pid == pid)
				break;
		if (r <= ROLE_LAST_CHILD) {
			child_lost(&s->child[r], status);
		} else if (pid == s->renderer) {
			s->renderer = 0;
			s->conf.ops->rendered(status, s->conf.arg);
		} else if (pid == s->conf.launcher->pid) {
			launcher_ended(s, status);
		} else {
			for (i = 0; i < CHILD_EARLY_MAX - 1; i++)
				if (s->early[i].pid == 0)
					break;
			s->early[i].pid = pid;
			s->early[i].status = status;
		}
	}
}

/* ---- heartbeat ---- */

/* A launcher that does not answer may never; its end is told by waitpid. */
static void
launcher_silent(struct supervise *s, uint64_t us)
{
	if (s->conf.launcher->pid == 0)
		return;
	log_warnx("launcher: no answer in %u s", (unsigned)(us / 1000000));
	kill(s->conf.launcher->pid, SIGKILL);
}

static void
look_after(struct child *c, uint64_t now)
{
	uint64_t	 silent = SILENT_US, start = START_US;
	uint64_t	 launch = LAUNCH_US;

	if (c->s->conf.hello & HELLO_OFFLINE) {
		silent *= OFFLINE_FACTOR;
		start *= OFFLINE_FACTOR;
		launch *= OFFLINE_FACTOR;
	}
	if (c->state == CHILD_WAITING && now >= c->again_us)
		child_launch(c);
	else if (c->wanted && now > c->asked_us + PROC_STOP_SECONDS * 1000000)
		child_put_down(c, "did not end in time");
	else if (c->state == CHILD_READY && now > c->heard_us + silent)
		child_put_down(c, "silent for %u s",
		    (unsigned)(silent / 1000000));
	else if (c->state == CHILD_STARTING && c->pid == 0) {
		if (now > c->asked_us + launch)
			launcher_silent(c->s, launch);
	} else if (c->state == CHILD_STARTING && now > c->asked_us + start)
		child_put_down(c, "not ready after %u s",
		    (unsigned)(start / 1000000));
}

/* The kernel holds what was killed: it ends when that lets go of it. */
static void
leave_behind(struct child *c)
{
	if (!c->said_bye)
		log_warnx("%s, pid %ld: is left behind, it ends when the "
		    "kernel lets it", role_name(c->role), (long)c->pid);
	c->state = CHILD_OFF;
	c->pid = 0;
	supervise_stop_next(c->s);
}

static void
watch_stop(struct supervise *s, uint64_t now)
{
	struct child	*c;
	enum role	 r;

	EACH(r) {
		c = &s->child[r];
		if ((s->conf.hello & HELLO_OFFLINE && !s->hurry) ||
		    now < s->stop_from_us + stop_us[r])
			continue;
		child_put_down(c, "did not end in time");
		if (c->pid != 0 && now > s->stop_from_us + stop_us[r] +
		    LEAVE_US)
			leave_behind(c);
		/* Asked for, and the launcher does not say what came of it. */
		if (c->state == CHILD_STARTING && c->pid == 0) {
			c->state = CHILD_OFF;
			supervise_stop_next(s);
		}
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct supervise	*s = arg;
	enum role		 r;
	uint64_t		 now = proc_mono_us();

	(void)fd;
	(void)what;
	/* We were stopped ourselves: what children said is still unread. */
	if (now > s->last_tick_us + 2000000)
		EACH(r)
			s->child[r].heard_us = s->child[r].asked_us = now;
	s->last_tick_us = now;
	if (s->stopping) {
		watch_stop(s, now);
		return;
	}
	EACH(r)
		look_after(&s->child[r], now);
}

/* ---- stop ---- */

static void
on_gone(evutil_socket_t fd, short what, void *arg)
{
	struct supervise	*s = arg;

	(void)fd;
	(void)what;
	s->conf.ops->gone(s->status, s->conf.arg);
}

void
supervise_stop_next(struct supervise *s)
{
	struct timeval	 now = { 0, 0 };
	struct child	*c;
	enum role	 r;
	bool		 exiting = false;

	EACH(r) {
		c = &s->child[r];
		if (c->state == CHILD_WAITING)
			c->state = CHILD_OFF;
		if (c->state == CHILD_OFF)
			continue;
		/* It ends with us, should it be there at all. */
		if (c->pid == 0 && s->launcher_lost) {
			c->state = CHILD_OFF;
			continue;
		}
		/* The kernel takes its time for many packet sockets. */
		if (c->said_bye) {
			exiting = true;
			continue;
		}
		if (!c->stop_sent && c->chan != NULL) {
			c->stop_sent = true;
			chan_send(c->chan, MSG_STOP, 0);
		}
		return;
	}
	if (!s->ended && !exiting) {
		s->ended = true;
		event_base_once(s->conf.base, -1, EV_TIMEOUT, on_gone, s,
		    &now);
	}
}

void
supervise_stop(struct supervise *s, int status)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->status = status;
	s->stop_from_us = proc_mono_us();
	supervise_stop_next(s);
}

void
supervise_hurry(struct supervise *s)
{
	/* Once: who asks again and again does not put off the end. */
	if (!s->hurry)
		s->stop_from_us = proc_mono_us();
	s->hurry = true;
}

bool
supervise_stopping(const struct supervise *s)
{
	return s->stopping;
}

void
supervise_kill(struct supervise *s)
{
	enum role	 r;

	EACH(r)
		child_put_down(&s->child[r], "asked to end at once");
	supervise_render_not(s);
}

void
supervise_restart(struct supervise *s, enum role role)
{
	struct child	*c = &s->child[role];

	if (c->pid == 0 || s->stopping)
		return;
	c->wanted = true;
	/* Mirror flushes first; the end of the others would end the data. */
	if (role == ROLE_MIRROR && c->state == CHILD_READY) {
		c->stop_sent = true;
		c->asked_us = proc_mono_us();
		chan_send(c->chan, MSG_STOP, 0);
	} else
		kill(c->pid, SIGKILL);
}

void
supervise_put_down(struct supervise *s, enum role role, const char *why)
{
	child_put_down(&s->child[role], "%s", why);
}

/* ---- the rest ---- */

void
supervise_verbose(struct supervise *s, uint32_t change)
{
	struct chan	*ch;
	enum role	 r;

	s->verbose &= ~(change >> 16);
	s->verbose |= change & MSG_VERBOSE_ALL;
	log_setverbose((s->verbose & MSG_VERBOSE(ROLE_PARENT)) != 0);
	EACH(r) {
		if ((ch = supervise_chan(s, r)) == NULL)
			continue;
		msg_put_number(chan_begin(ch, MSG_VERBOSE, 0), s->verbose);
		chan_end(ch);
	}
}

void
supervise_render(struct supervise *s)
{
	s->rendering = true;
	supervise_launch(s, ROLE_CLIENT, ++s->generation);
}

void
supervise_render_not(struct supervise *s)
{
	s->render_not = true;
	if (s->renderer > 0)
		kill(s->renderer, SIGKILL);
}

struct chan *
supervise_chan(struct supervise *s, enum role role)
{
	struct child	*c = &s->child[role];

	return c->state == CHILD_READY && !c->stuck ? c->chan : NULL;
}

bool
supervise_all_ready(const struct supervise *s)
{
	enum role	 r;

	EACH(r)
		if (s->child[r].state != CHILD_READY || s->child[r].stuck)
			return false;
	return true;
}

void
supervise_info(const struct supervise *s, enum role role,
    struct child_info *i)
{
	const struct child	*c = &s->child[role];

	memset(i, 0, sizeof(*i));
	if (role == ROLE_LAUNCHER && s->conf.launcher->pid != 0) {
		i->state = CHILD_READY;
		i->pid = s->conf.launcher->pid;
		compat_strlcpy(i->jail, "seccomp", sizeof(i->jail));
		return;
	}
	i->state = c->stuck ? CHILD_OFF : c->state;
	i->generation = c->generation;
	i->restarts = c->restarts;
	i->lost_time_us = c->lost_time_us;
	i->lost_us = c->lost_us;
	compat_strlcpy(i->loss, c->loss, sizeof(i->loss));
	i->pid = c->stuck ? c->pid : 0;
	if (c->away_from_us != 0)
		i->away_us = proc_wall_us() - (proc_mono_us() -
		    c->away_from_us);
	if (i->state != CHILD_READY)
		return;
	i->pid = c->pid;
	i->ready_us = c->ready_us;
	compat_strlcpy(i->jail, c->jail, sizeof(i->jail));
	if (c->trouble.number > 0) {
		i->trouble = &c->trouble;
		i->trouble_us = c->trouble_us;
	}
}

const struct tally *
supervise_tally(const struct supervise *s, enum role role)
{
	return &s->child[role].tally;
}

void
supervise_set_conf(struct supervise *s, const struct conf *conf)
{
	s->running = conf;
}

void
supervise_start(struct supervise *s, const struct conf *conf)
{
	struct timeval	 tick = { 0, TICK_US };
	enum role	 r;

	s->running = conf;
	s->verbose = log_getverbose() ? MSG_VERBOSE_ALL : 0;
	s->last_tick_us = proc_mono_us();
	if (event_add(s->ev_tick, &tick) == -1)
		fatalx("event: out of memory");
	/* A launcher that failed before there was anybody to hear of it. */
	supervise_reap(s);
	if (s->stopping)
		return;
	EACH(r)
		child_launch(&s->child[r]);
}

struct supervise *
supervise_new(const struct supervise_conf *conf)
{
	struct chan_conf	 cc = {
		.fd = conf->launcher->fd,
		.self = ROLE_PARENT,
		.peer = ROLE_LAUNCHER,
		.flags = CHAN_KEEP_FD,
		.handlers = from_launcher,
		.fault = on_launcher_fault
	};
	struct supervise	*s;
	enum role		 r;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->conf = *conf;
	EACH(r) {
		s->child[r].s = s;
		s->child[r].role = r;
	}
	cc.arg = s;
	s->launcher = chan_new(conf->base, &cc);
	s->ev_tick = event_new(conf->base, -1, EV_PERSIST, on_tick, s);
	if (s->launcher == NULL || s->ev_tick == NULL) {
		supervise_free(s);
		return NULL;
	}
	return s;
}

struct slots *
supervise_slots(struct supervise *s, enum role r)
{
	return &s->child[r].slots;
}

void
supervise_free(struct supervise *s)
{
	enum role	 r;

	if (s == NULL)
		return;
	EACH(r) {
		chan_free(s->child[r].chan);
		slots_clear(&s->child[r].slots);
	}
	chan_free(s->launcher);
	if (s->ev_tick != NULL)
		event_free(s->ev_tick);
	free(s);
}
