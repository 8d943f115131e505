/* One child: how it is started, what its loss means, when it comes back. */
#include <sys/wait.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parent/child.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"

#define CHANNEL_LIMIT	(48 * 1024 * 1024)	/* slots go out in one go */
#define LIVED_US	1000000
#define DELAY_MIN_US	100000
#define STUCK_US	2000000		/* since we killed it */
#define DELAY_MAX_US	30000000
#define DRAIN_MAX	100000		/* frames that a lost child left */

const char *
child_state_name(enum child_state state)
{
	static const char *const names[CHILD_STATES] = {
		"lost", "waiting", "starting", "ready"
	};

	return names[state];
}

uint64_t
child_delay(uint64_t last, uint64_t lived)
{
	if (lived >= LIVED_US)
		return 0;
	if (last == 0)
		return DELAY_MIN_US;
	return last > DELAY_MAX_US / 2 ? DELAY_MAX_US : last * 2;
}

/* Waiting for a disk, say, it does not end before that is over. */
static void
look_if_stuck(struct child *c, uint64_t now)
{
	if (c->killed_us == 0)
		c->killed_us = now;
	if (c->stuck || now < c->killed_us + STUCK_US)
		return;
	c->stuck = true;
	compat_strlcpy(c->loss, c->why, sizeof(c->loss));
	log_warnx("%s, pid %ld: %s; it was killed, but hangs in the kernel: "
	    "does a disk hang?", role_name(c->role), (long)c->pid, c->why);
}

void
child_put_down(struct child *c, const char *fmt, ...)
{
	va_list	 ap;

	if (c->pid == 0)
		return;
	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	kill(c->pid, SIGKILL);
	look_if_stuck(c, proc_mono_us());
}

static struct chan *
new_channel(struct child *c)
{
	const struct chan_conf	 cc = {
		.fd = c->s->conf.launcher->channel[c->role],
		.self = ROLE_PARENT,
		.peer = c->role,
		.flags = CHAN_KEEP_FD,
		.limit = CHANNEL_LIMIT,
		.handlers = heard_from_child,
		.fault = heard_fault,
		.tally = c->s->conf.tally,
		.arg = c
	};

	return chan_new(c->s->conf.base, &cc);
}

static void
send_hello(struct child *c)
{
	struct msg_hello	 m;

	memset(&m, 0, sizeof(m));
	m.version = MSG_VERSION;
	m.flags = c->s->conf.hello;
	if (c->restarts > 0)
		m.flags |= HELLO_RESTARTED;
	m.verbose = c->s->verbose;
	m.epoch = c->s->conf.epoch;
	m.mono_us = proc_mono_us();
	m.wall_us = proc_wall_us();
	compat_strlcpy(m.text, NETMON_VERSION, sizeof(m.text));
	msg_put_hello(chan_begin(c->chan, MSG_HELLO, 0), &m);
	chan_end(c->chan);
}

void
child_launch(struct child *c)
{
	struct supervise	*s = c->s;

	chan_free(c->chan);
	if ((c->chan = new_channel(c)) == NULL) {
		log_warnx("%s: out of memory", role_name(c->role));
		supervise_fail(s, 1);
		return;
	}
	c->generation = ++s->generation;
	chan_set_generation(c->chan, c->generation);
	c->state = CHILD_STARTING;
	c->pid = 0;
	c->said_bye = c->stop_sent = c->stuck = false;
	c->killed_us = 0;
	c->why[0] = c->crash[0] = '\0';
	c->trouble.number = 0;
	c->asked_us = proc_mono_us();
	send_hello(c);
	if (supervise_send_conf(s, c->role, s->running) == -1) {
		/* Else its end of the channel went with the launcher. */
		if (chan_ready(c->chan))
			log_warnx("configuration does not fit a message");
		else
			supervise_no_launcher(s, c->role);
		supervise_fail(s, 1);
		return;
	}
	tally_pack(&c->tally, chan_begin(c->chan, MSG_RESTORE_TALLY, 0));
	chan_end(c->chan);
	slots_send(&c->slots, c->chan);
	log_debug("%s: generation %u asked for", role_name(c->role),
	    c->generation);
	supervise_launch(s, c->role, c->generation);
}

void
child_describe(char *s, size_t size, int status)
{
	if (WIFSIGNALED(status))
		snprintf(s, size, "signal %d (%s)", WTERMSIG(status),
		    WTERMSIG(status) == SIGSYS ? "forbidden system call" :
		    strsignal(WTERMSIG(status)));
	else
		snprintf(s, size, "exit status %d", WEXITSTATUS(status));
}

/* What its predecessor left unread on 3, last words included. */
static void
read_rest(struct child *c)
{
	if (c->chan != NULL)
		chan_receive(c->chan, DRAIN_MAX);
}

static void
log_loss(struct child *c, pid_t pid, int status)
{
	char	 cause[80];

	if (pid == 0) {			/* the launcher said why */
		compat_strlcpy(c->loss, c->why, sizeof(c->loss));
		log_warnx("%s %s", role_name(c->role), c->loss);
		return;
	}
	child_describe(cause, sizeof(cause), status);
	if (c->why[0] == '\0' && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGKILL)
		compat_strlcpy(c->why, "not by netmond, did memory run out?",
		    sizeof(c->why));
	snprintf(c->loss, sizeof(c->loss), "%.80s%s%.100s", cause,
	    c->why[0] != '\0' ? ": " : "", c->why);
	log_warnx("lost %s, pid %ld: %s%s", role_name(c->role), (long)pid,
	    c->loss, c->crash);
}

/* A status that the role gave on purpose at the first start. */
static int
first_status(int status)
{
	int	 code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	return code == 2 || (code >= 64 && code <= 78) ? code : 1;
}

/*
 * It has said why, and its status tells the rest: no more lines about it,
 * nor about neighbours that end because of it.
 */
static bool
gave_up(const struct child *c, int status)
{
	return !c->s->all_ready && first_status(status) != 1;
}

static void
start_failed(struct child *c, int status)
{
	struct supervise	*s = c->s;
	enum role		 r;

	supervise_fail(s, first_status(status));
	/* Offline its neighbours would wait for it, and for long. */
	if (!supervise_special(s))
		return;
	if (gave_up(c, status))
		for (r = ROLE_FIRST_CHILD; r <= ROLE_LAST_CHILD; r++)
			s->child[r].wanted = true;
	supervise_kill(s);
}

static void
come_back(struct child *c, uint64_t lived)
{
	c->restarts++;
	c->delay_us = c->wanted ? 0 : child_delay(c->delay_us, lived);
	c->wanted = false;
	if (c->delay_us == 0) {
		child_launch(c);
		return;
	}
	c->state = CHILD_WAITING;
	c->again_us = proc_mono_us() + c->delay_us;
	log_notice("%s comes back in %.1f s", role_name(c->role),
	    (double)c->delay_us / 1e6);
}

static void
clear_gauges(struct tally *t)
{
	size_t	 i;

	for (i = 0; i < TALLY_MAX; i++)
		if (tally_kind(i) == TALLY_KIND_GAUGE)
			t->v[i] = 0;
}

/* Ended as it should: told to, or at the end of the input. */
static bool
was_orderly(const struct child *c, int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 && c->said_bye &&
	    (c->stop_sent || c->s->conf.hello & HELLO_OFFLINE);
}

void
child_lost(struct child *c, int status)
{
	struct supervise	*s = c->s;
	uint64_t		 now = proc_mono_us(), lived = 0;
	bool			 was_ready = c->state == CHILD_READY;
	pid_t			 pid = c->pid;

	read_rest(c);
	if (was_ready && now > c->ready_us)
		lived = now - c->ready_us;
	c->state = CHILD_OFF;
	c->pid = 0;
	c->stuck = false;
	clear_gauges(&c->tally);
	s->conf.ops->lost(c->role, s->conf.arg);
	if (s->stopping) {
		if (!was_orderly(c, status) && !c->wanted)
			log_loss(c, pid, status);
		supervise_stop_next(s);
		return;
	}
	if (was_orderly(c, status) && !c->wanted)
		return;
	if (c->wanted && !s->launcher_lost) {
		log_info("%s is started anew for the new configuration",
		    role_name(c->role));
	} else {
		if (!gave_up(c, status))
			log_loss(c, pid, status);
		tally_add(s->conf.tally, TALLY_PAR_CHILDREN_LOST, 1);
	}
	c->lost_time_us = proc_wall_us();
	if (c->away_from_us == 0)
		c->away_from_us = was_ready && !c->wanted ? c->tally_us : now;
	if (c->role == ROLE_CAPTURE)
		heard_tell_gone(s);
	if (!s->all_ready || supervise_special(s))
		start_failed(c, status);
	else if (s->launcher_lost)
		supervise_no_launcher(s, c->role);
	else
		come_back(c, lived);
}
