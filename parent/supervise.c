#include <sys/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/slots.h"
#include "parent/supervise.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"
#include "sandbox/vis.h"

#define CHANNEL_LIMIT	(48 * 1024 * 1024)	/* slots go out in one go */
#define TICK_US		250000
#define SILENT_US	5000000		/* without TALLY */
#define START_US	15000000	/* without READY */
#define OFFLINE_FACTOR	12		/* -r: a busy machine may be slow */
#define LIVED_US	1000000
#define DELAY_MIN_US	100000
#define DELAY_MAX_US	30000000
#define EARLY_MAX	8		/* ended before LAUNCHED told the pid */
#define AWAY_MAX	16
#define DRAIN_MAX	100000		/* frames that a lost child left */

/* Until when each may take, since the start of the stop. */
static const uint64_t	 stop_us[ROLE_MAX] = {
	[ROLE_CAPTURE]	= 1200000,
	[ROLE_ANALYZER]	= 1600000,
	[ROLE_MIRROR]	= 1900000,
};

struct child {
	struct supervise *s;
	enum role	 role;
	enum child_state state;
	pid_t		 pid;
	uint32_t	 generation;
	struct chan	*chan;
	struct tally	 tally;
	struct slots	 slots;
	uint64_t	 restarts;
	uint64_t	 asked_us;
	uint64_t	 ready_us;
	uint64_t	 heard_us;
	uint64_t	 heard_wall_us;
	uint64_t	 again_us;	/* WAITING: when */
	uint64_t	 delay_us;
	uint64_t	 away_from_us;	/* wall; 0: it is not away */
	uint64_t	 lost_time_us;
	uint64_t	 lost_us;
	bool		 said_bye;
	bool		 stop_sent;
	bool		 wanted;	/* killed to be started anew */
	char		 why[SUPERVISE_WHY_MAX];	/* we killed it */
	char		 loss[SUPERVISE_WHY_MAX];
	char		 crash[SUPERVISE_WHY_MAX];
	char		 jail[64];
};

struct supervise {
	struct supervise_conf conf;
	const struct conf *running;
	struct chan	*launcher;
	struct child	 child[ROLE_MAX];
	struct event	*ev_tick;
	uint32_t	 generation;
	uint32_t	 verbose;
	uint64_t	 last_tick_us;
	uint64_t	 stop_from_us;
	bool		 all_ready;	/* ops->ready was called */
	bool		 stopping;
	bool		 ended;
	bool		 launcher_lost;
	int		 status;
	pid_t		 renderer;
	struct {
		pid_t	 pid;
		int	 status;
	}		 early[EARLY_MAX];
	struct msg_lost_time away[AWAY_MAX];	/* for the analyzer */
	size_t		 naway;
};

#define EACH(r)	for (r = ROLE_FIRST_CHILD; r <= ROLE_LAST_CHILD; r++)

static void	lost(struct child *, int);
static void	next_to_stop(struct supervise *);

const char *
child_state_name(enum child_state state)
{
	static const char *const names[CHILD_STATES] = {
		"lost", "waiting", "starting", "ready"
	};

	return names[state];
}

uint64_t
supervise_delay(uint64_t last, uint64_t lived)
{
	if (lived >= LIVED_US)
		return 0;
	if (last == 0)
		return DELAY_MIN_US;
	return last > DELAY_MAX_US / 2 ? DELAY_MAX_US : last * 2;
}

static bool
special(const struct supervise *s)
{
	return (s->conf.hello & (HELLO_CHECK | HELLO_OFFLINE)) != 0;
}

/* ---- what children say ---- */

/* Times without a child, for the analyzer as soon as it can hear of them. */
static void
tell_away(struct supervise *s)
{
	struct chan	*ch;
	size_t		 i;

	if (s->naway == 0 || (ch = supervise_chan(s, ROLE_ANALYZER)) == NULL)
		return;
	for (i = 0; i < s->naway; i++) {
		msg_put_lost_time(chan_begin(ch, MSG_LOST_TIME, 0),
		    &s->away[i]);
		chan_end(ch);
	}
	s->naway = 0;
}

static int
on_ready(struct chan *ch, struct frame *f, void *arg)
{
	struct child		*c = arg;
	struct msg_ready	 m;
	struct msg_lost_time	*a;
	uint64_t		 wall = proc_wall_us();

	(void)ch;
	if (msg_get_ready(&f->body, &m) == -1 || c->state != CHILD_STARTING)
		return -1;
	c->state = CHILD_READY;
	c->ready_us = c->heard_us = proc_mono_us();
	c->heard_wall_us = wall;
	vis_str(VIS_LOG, c->jail, sizeof(c->jail), m.text);
	log_info("%s ready, pid %u, %s", role_name(c->role), m.pid, c->jail);
	if (c->away_from_us != 0 && wall > c->away_from_us) {
		c->lost_us += wall - c->away_from_us;
		if (c->s->naway < AWAY_MAX) {
			a = &c->s->away[c->s->naway++];
			a->role = c->role;
			a->from_us = c->away_from_us;
			a->to_us = wall;
		}
	}
	c->away_from_us = 0;
	c->s->conf.ops->fresh(c->role, c->s->conf.arg);
	tell_away(c->s);
	if (!c->s->all_ready && supervise_all_ready(c->s)) {
		c->s->all_ready = true;
		c->s->conf.ops->ready(c->s->conf.arg);
	}
	return 0;
}

static int
on_tally(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;
	struct tally	 t;
	size_t		 i;

	(void)ch;
	if (tally_unpack(&t, &f->body) == -1)
		return -1;
	/* Counters never go back, whatever a child says. */
	for (i = 0; i < TALLY_MAX; i++)
		if (tally_kind(i) == TALLY_KIND_GAUGE ||
		    t.v[i] > c->tally.v[i])
			c->tally.v[i] = t.v[i];
	c->heard_us = proc_mono_us();
	c->heard_wall_us = proc_wall_us();
	return 0;
}

static int
on_save(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;
	struct msg_slot	 m;

	(void)ch;
	while (buf_left(&f->body) > 0) {
		if (msg_get_slot(&f->body, &m) == -1)
			return -1;
		if (slots_set(&c->slots, &m) == -1)
			log_debug("%s: no room for a saved slot",
			    role_name(c->role));
	}
	return 0;
}

static int
on_log(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;
	struct msg_text	 m;
	char		 line[LOG_LINE_MAX];

	(void)ch;
	if (msg_get_text(&f->body, &m) == -1)
		return -1;
	vis_str(VIS_TERM, line, sizeof(line), m.text);
	if (m.number <= LOG_LEVEL_WARNING)
		log_warnx("%s: %s", role_name(c->role), line);
	/* Under -r a record or log that is not written whole is a failure. */
	if (m.number <= LOG_LEVEL_WARNING && c->role == ROLE_MIRROR &&
	    c->s->conf.hello & HELLO_OFFLINE)
		c->s->conf.ops->bad_input(NULL, c->s->conf.arg);
	if (m.number <= LOG_LEVEL_WARNING)
		return 0;
	if (m.number == LOG_LEVEL_NOTICE)
		log_notice("%s: %s", role_name(c->role), line);
	else if (m.number == LOG_LEVEL_INFO)
		log_info("%s: %s", role_name(c->role), line);
	else
		log_debug("%s: %s", role_name(c->role), line);
	return 0;
}

static int
on_crash(struct chan *ch, struct frame *f, void *arg)
{
	struct child		*c = arg;
	struct msg_crash	 m;

	(void)ch;
	if (msg_get_crash(&f->body, &m) == -1)
		return -1;
	snprintf(c->crash, sizeof(c->crash), ", last words: signal %u code %d"
	    " at address 0x%" PRIx64 ", packet %" PRIu64, m.signal,
	    (int)m.code, m.addr, m.packet);
	return 0;
}

static void
put_down(struct child *c, const char *fmt, ...) PRINTFLIKE(2, 3);

static void
put_down(struct child *c, const char *fmt, ...)
{
	va_list	 ap;

	if (c->pid == 0)
		return;
	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	kill(c->pid, SIGKILL);
}

static bool
neighbours(enum role a, enum role b)
{
	return a != b && (a == ROLE_ANALYZER || b == ROLE_ANALYZER) &&
	    b >= ROLE_FIRST_CHILD && b <= ROLE_LAST_CHILD;
}

/* A neighbour sent something bad; or, about itself: the input is bad. */
static int
on_fault(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;
	struct msg_text	 m;
	char		 text[SUPERVISE_WHY_MAX];

	(void)ch;
	if (msg_get_text(&f->body, &m) == -1)
		return -1;
	vis_str(VIS_TERM, text, sizeof(text), m.text);
	if (m.number == (uint32_t)c->role) {
		c->s->conf.ops->bad_input(text, c->s->conf.arg);
		return 0;
	}
	if (!neighbours(c->role, m.number))
		return -1;
	put_down(&c->s->child[m.number], "%s reports: %s",
	    role_name(c->role), text);
	return 0;
}

static int
on_bye(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;

	(void)ch;
	(void)f;
	c->said_bye = true;
	return 0;
}

static int
on_prepared(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;

	(void)ch;
	(void)f;
	c->s->conf.ops->judged(c->role, NULL, c->s->conf.arg);
	return 0;
}

static int
on_refused(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;
	struct msg_text	 m;
	char		 text[LOG_LINE_MAX];

	(void)ch;
	if (msg_get_text(&f->body, &m) == -1)
		return -1;
	vis_str(VIS_TERM, text, sizeof(text), m.text);
	c->s->conf.ops->judged(c->role, text, c->s->conf.arg);
	return 0;
}

static int
on_answer(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;

	(void)ch;
	return c->s->conf.ops->answer(c->role, f, c->s->conf.arg);
}

static int
on_alert(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;

	(void)ch;
	return c->s->conf.ops->alert(f, c->s->conf.arg);
}

static int
on_monitor(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;

	(void)ch;
	return c->s->conf.ops->monitor(f, c->s->conf.arg);
}

static int
on_file_wanted(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;

	return c->s->conf.ops->file_wanted(ch, f, c->s->conf.arg);
}

static const struct handler from_child[] = {
	{ MSG_READY,		on_ready },
	{ MSG_TALLY,		on_tally },
	{ MSG_SAVE,		on_save },
	{ MSG_LOG,		on_log },
	{ MSG_CRASH,		on_crash },
	{ MSG_FAULT,		on_fault },
	{ MSG_BYE,		on_bye },
	{ MSG_PREPARED,		on_prepared },
	{ MSG_REFUSED,		on_refused },
	{ MSG_ROW,		on_answer },
	{ MSG_END,		on_answer },
	{ MSG_ERROR,		on_answer },
	{ MSG_ALERT,		on_alert },
	{ MSG_MONITOR,		on_monitor },
	{ MSG_FILE_WANTED,	on_file_wanted },
	{ 0,			NULL }
};

static void
on_child_fault(struct chan *ch, enum chan_fault fault, const char *why,
    void *arg)
{
	struct child	*c = arg;

	(void)ch;
	if (fault == CHAN_BAD)
		put_down(c, "bad message: %s", why);
	else if (!c->said_bye)
		put_down(c, "channel: %s", why);
}

/* ---- start ---- */

static void
fail(struct supervise *s, int status)
{
	s->status = s->status == 0 ? status : s->status;
	if (!s->stopping)
		supervise_stop(s, s->status);
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
		.handlers = from_child,
		.fault = on_child_fault,
		.tally = c->s->conf.tally,
		.arg = c
	};

	return chan_new(c->s->conf.base, &cc);
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

static void
ask_launcher(struct supervise *s, enum role role, uint32_t generation)
{
	struct msg_launch	 m;

	m.role = role;
	m.generation = generation;
	msg_put_launch(chan_begin(s->launcher, MSG_LAUNCH, 0), &m);
	chan_end(s->launcher);
}

static void
launch(struct child *c)
{
	struct supervise	*s = c->s;

	chan_free(c->chan);
	if ((c->chan = new_channel(c)) == NULL) {
		log_warnx("%s: out of memory", role_name(c->role));
		fail(s, 1);
		return;
	}
	c->generation = ++s->generation;
	chan_set_generation(c->chan, c->generation);
	c->state = CHILD_STARTING;
	c->pid = 0;
	c->said_bye = c->stop_sent = false;
	c->why[0] = c->crash[0] = '\0';
	c->asked_us = proc_mono_us();
	send_hello(c);
	if (supervise_send_conf(s, c->role, s->running) == -1) {
		log_warnx("configuration does not fit a message");
		fail(s, 1);
		return;
	}
	tally_pack(&c->tally, chan_begin(c->chan, MSG_RESTORE_TALLY, 0));
	chan_end(c->chan);
	slots_send(&c->slots, c->chan);
	ask_launcher(s, c->role, c->generation);
}

/* ---- the launcher answers ---- */

static int
take_early(struct supervise *s, pid_t pid, int *status)
{
	size_t	 i;

	for (i = 0; i < EARLY_MAX; i++) {
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
		s->renderer = m.pid;
		if (m.pid <= 0)
			no_renderer(s, -m.pid);
		else if (take_early(s, m.pid, &status) == 0)
			s->conf.ops->rendered(status, s->conf.arg);
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
		lost(c, 1 << 8);
		return 0;
	}
	c->pid = m.pid;
	if (take_early(s, m.pid, &status) == 0)
		lost(c, status);
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

/* ---- loss ---- */

static void
describe(char *s, size_t size, int status)
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

	describe(cause, sizeof(cause), status);
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

static void
come_back(struct child *c, uint64_t lived)
{
	c->restarts++;
	c->delay_us = c->wanted ? 0 : supervise_delay(c->delay_us, lived);
	c->wanted = false;
	if (c->delay_us == 0) {
		launch(c);
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

static void
lost(struct child *c, int status)
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
	clear_gauges(&c->tally);
	s->conf.ops->lost(c->role, s->conf.arg);
	if (s->stopping) {
		if (!was_orderly(c, status) && !c->wanted)
			log_loss(c, pid, status);
		next_to_stop(s);
		return;
	}
	if (was_orderly(c, status) && !c->wanted)
		return;
	if (c->wanted && !s->launcher_lost) {
		log_info("%s is started anew for the new configuration",
		    role_name(c->role));
	} else {
		log_loss(c, pid, status);
		tally_add(s->conf.tally, TALLY_PAR_CHILDREN_LOST, 1);
	}
	c->lost_time_us = proc_wall_us();
	if (c->away_from_us == 0)
		c->away_from_us = was_ready && !c->wanted ? c->heard_wall_us :
		    c->lost_time_us;
	if (!s->all_ready || special(s)) {
		fail(s, first_status(status));
		/* Offline its neighbours would wait for it, and for long. */
		if (special(s))
			supervise_kill(s);
	} else if (s->launcher_lost) {
		log_warnx("no launcher to start %s anew: ending",
		    role_name(c->role));
		fail(s, 1);
	} else
		come_back(c, lived);
}

static void
launcher_ended(struct supervise *s, int status)
{
	char	 cause[80];

	s->conf.launcher->pid = 0;
	s->launcher_lost = true;
	if (s->stopping)
		return;
	describe(cause, sizeof(cause), status);
	log_warnx("lost launcher: %s; going on, but the next lost child ends "
	    "netmond", cause);
	if (!s->all_ready)
		fail(s, 1);
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
			lost(&s->child[r], status);
		} else if (pid == s->renderer) {
			s->renderer = 0;
			s->conf.ops->rendered(status, s->conf.arg);
		} else if (pid == s->conf.launcher->pid) {
			launcher_ended(s, status);
		} else {
			for (i = 0; i < EARLY_MAX - 1; i++)
				if (s->early[i].pid == 0)
					break;
			s->early[i].pid = pid;
			s->early[i].status = status;
		}
	}
}

/* ---- heartbeat ---- */

static void
look_after(struct child *c, uint64_t now)
{
	uint64_t	 silent = SILENT_US, start = START_US;

	if (c->s->conf.hello & HELLO_OFFLINE) {
		silent *= OFFLINE_FACTOR;
		start *= OFFLINE_FACTOR;
	}
	if (c->state == CHILD_WAITING && now >= c->again_us)
		launch(c);
	else if (c->wanted && now > c->asked_us + PROC_STOP_SECONDS * 1000000)
		put_down(c, "did not end in time");
	else if (c->state == CHILD_READY && now > c->heard_us + silent)
		put_down(c, "silent for %u s", (unsigned)(silent / 1000000));
	else if (c->state == CHILD_STARTING && now > c->asked_us + start)
		put_down(c, "not ready after %u s",
		    (unsigned)(start / 1000000));
}

static void
watch_stop(struct supervise *s, uint64_t now)
{
	enum role	 r;

	EACH(r) {
		if (s->child[r].pid == 0 ||
		    s->conf.hello & HELLO_OFFLINE ||
		    now < s->stop_from_us + stop_us[r])
			continue;
		put_down(&s->child[r], "did not end in time");
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

/* The first one that still runs is told to stop; none: the end. */
static void
next_to_stop(struct supervise *s)
{
	struct timeval	 now = { 0, 0 };
	struct child	*c;
	enum role	 r;

	EACH(r) {
		c = &s->child[r];
		if (c->state == CHILD_WAITING)
			c->state = CHILD_OFF;
		if (c->state == CHILD_OFF)
			continue;
		if (c->state == CHILD_STARTING && c->pid == 0 &&
		    s->launcher_lost) {
			c->state = CHILD_OFF;
			continue;
		}
		if (!c->stop_sent && c->chan != NULL) {
			c->stop_sent = true;
			chan_send(c->chan, MSG_STOP, 0);
		}
		return;
	}
	if (!s->ended) {
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
	next_to_stop(s);
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
		put_down(&s->child[r], "asked to end at once");
	if (s->renderer > 0)
		kill(s->renderer, SIGKILL);
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

/* ---- the rest ---- */

void
supervise_verbose(struct supervise *s, uint32_t verbose)
{
	struct chan	*ch;
	enum role	 r;

	s->verbose = verbose;
	EACH(r) {
		if ((ch = supervise_chan(s, r)) == NULL)
			continue;
		msg_put_number(chan_begin(ch, MSG_VERBOSE, 0), verbose);
		chan_end(ch);
	}
}

void
supervise_render(struct supervise *s)
{
	ask_launcher(s, ROLE_CLIENT, ++s->generation);
}

struct chan *
supervise_chan(struct supervise *s, enum role role)
{
	struct child	*c = &s->child[role];

	return c->state == CHILD_READY ? c->chan : NULL;
}

bool
supervise_all_ready(const struct supervise *s)
{
	enum role	 r;

	EACH(r)
		if (s->child[r].state != CHILD_READY)
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
	i->state = c->state;
	i->generation = c->generation;
	i->restarts = c->restarts;
	i->lost_time_us = c->lost_time_us;
	i->lost_us = c->lost_us;
	compat_strlcpy(i->loss, c->loss, sizeof(i->loss));
	if (c->state != CHILD_READY)
		return;
	i->pid = c->pid;
	i->ready_us = c->ready_us;
	compat_strlcpy(i->jail, c->jail, sizeof(i->jail));
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
	s->verbose = (uint32_t)log_getverbose();
	s->last_tick_us = proc_mono_us();
	if (event_add(s->ev_tick, &tick) == -1)
		fatalx("event: out of memory");
	EACH(r)
		launch(&s->child[r]);
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
