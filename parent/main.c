#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "parent/alerts.h"
#include "parent/control.h"
#include "parent/files.h"
#include "parent/launcher.h"
#include "parent/listen.h"
#include "parent/notify.h"
#include "parent/options.h"
#include "parent/reload.h"
#include "parent/supervise.h"
#include "parent/syslog.h"
#include "sandbox/jail.h"
#include "sandbox/log.h"
#include "sandbox/priv.h"
#include "sandbox/proc.h"
#include "sandbox/vis.h"

#define STATUS_CONFIG	2

struct parent {
	struct options	 opt;
	struct conf	*conf;
	struct priv	 priv;
	struct launcher	 launcher;
	struct event_base *base;
	struct supervise *supervise;
	struct control	*control;
	struct alerts	*alerts;
	struct reload	*reload;
	struct syslog	 syslog;
	struct notify	 notify;
	struct tally	 tally;
	int		 listen_fd;
	int		 input_fd;
	int		 waiting_fd;	/* who started us in the background */
	uint64_t	 epoch;
	uint64_t	 start_us;
	bool		 ready;
	bool		 bad_input;
	bool		 interrupted;
	bool		 hup_waits;	/* SIGHUP: not yet obeyed */
	bool		 hup_runs;	/* the reload under way is its own */
	unsigned	 judged;	/* -n: 1 << role */
	bool		 refused;
	int		 status;
	struct listen	 listen;
	char		 jail[32];
};

static bool
is_live(const struct parent *p)
{
	return !p->opt.check && p->opt.input == NULL;
}

/* ---- log ---- */

/* Whoever reads our standard error may have stopped: we go on. */
static void
say_here(struct parent *p, const char *line)
{
	struct pollfd	 pfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (is_live(p) && poll(&pfd, 1, 0) == 0)
		tally_add(&p->tally, TALLY_PAR_LOG_LOST, 1);
	else
		dprintf(STDERR_FILENO, "netmond: %s\n", line);
}

/*
 * Before READY a person is still looking at the terminal: what went wrong is
 * said there too.
 */
static void
say(enum log_level level, const char *line, void *arg)
{
	struct parent	*p = arg;

	if (p->opt.debug || ((!p->ready || !is_live(p)) &&
	    level <= LOG_LEVEL_WARNING))
		say_here(p, line);
	if (is_live(p))
		syslog_send(&p->syslog, level, line);
}

/* Alerts of a file are in its report. */
static void
say_alert(enum log_level level, const char *line, void *arg)
{
	struct parent	*p = arg;

	if (is_live(p))
		say(level, line, arg);
}

static void
say_line(const char *line, void *arg)
{
	(void)arg;
	log_warnx("%s", line);
}

/* ---- stop ---- */

static void
stop(struct parent *p, int status)
{
	if (supervise_stopping(p->supervise))
		return;
	notify_send(&p->notify, "STOPPING=1\nSTATUS=ending");
	control_close(p->control);
	supervise_stop(p->supervise, status);
}

static void
on_terminate(void *arg)
{
	log_notice("ending: asked by netmonctl");
	stop(arg, 0);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	stop(arg, 0);
}

/* Whoever watches the terminal gets a summary, if it is there in a second. */
static void
end_with_summary(struct parent *p)
{
	struct timeval	 tv = { 1, 0 };

	if ((p->opt.debug || p->opt.foreground) &&
	    supervise_all_ready(p->supervise) &&
	    p->launcher.pid != 0 &&
	    event_base_once(p->base, -1, EV_TIMEOUT, on_late, p, &tv) == 0 &&
	    control_adopt(p->control, p->launcher.channel[ROLE_CLIENT]) == 0)
		supervise_render(p->supervise);
	else
		stop(p, 0);
}

static void
on_signal_end(evutil_socket_t sig, short what, void *arg)
{
	struct parent	*p = arg;

	(void)what;
	if (sig == SIGINT && p->interrupted) {
		supervise_kill(p->supervise);
		p->status = 0;
		event_base_loopbreak(p->base);
		return;
	}
	log_notice("ending: signal %s", sig == SIGINT ? "INT" : "TERM");
	supervise_hurry(p->supervise);
	if (sig == SIGINT && is_live(p) &&
	    !supervise_stopping(p->supervise)) {
		p->interrupted = true;
		end_with_summary(p);
		return;
	}
	p->interrupted = p->interrupted || sig == SIGINT;
	stop(p, 0);
}

/* -t */
static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct parent	*p = arg;

	(void)fd;
	(void)what;
	log_notice("ending: time is over");
	end_with_summary(p);
}

static void
on_gone(int status, void *arg)
{
	struct parent	*p = arg;

	p->status = status;
	event_base_loopbreak(p->base);
}

/* ---- reload ---- */

static struct conf *
reload_load(const char *path, parse_say_fn *fn, void *fn_arg, void *arg)
{
	struct parent	*p = arg;
	struct conf	*c;

	/* The default file need not be there, as at the start. */
	if (p->opt.file == NULL && strcmp(path, CONF_PATH) == 0)
		path = NULL;
	c = options_load(&p->opt, path, fn, fn_arg);
	if (c == NULL || p->launcher.pid != 0 ||
	    reload_restarts(p->conf, c) == 0)
		return c;
	fn("other targets need a fresh mirror, and the launcher was lost: "
	    "restart netmond", fn_arg);
	conf_free(c);
	return NULL;
}

static int
reload_prepare(enum role role, const struct conf *conf, void *arg)
{
	struct parent	*p = arg;
	struct chan	*ch = supervise_chan(p->supervise, role);

	if (ch == NULL ||
	    supervise_send_conf(p->supervise, role, conf) == -1)
		return -1;
	return chan_send(ch, MSG_PREPARE, 0);
}

static void
tell(struct parent *p, enum role role, uint16_t type)
{
	struct chan	*ch = supervise_chan(p->supervise, role);

	if (ch != NULL)
		chan_send(ch, type, 0);
}

static void
reload_commit(enum role role, void *arg)
{
	tell(arg, role, MSG_COMMIT);
}

static void
reload_abort(enum role role, void *arg)
{
	tell(arg, role, MSG_ABORT);
}

static void
send_files(struct parent *p)
{
	struct chan	*ch = supervise_chan(p->supervise, ROLE_MIRROR);

	if (ch != NULL)
		files_send_all(p->conf, ch, proc_wall_us());
}

static void
take_conf(struct parent *p, const struct reload_result *r)
{
	struct conf	*old = p->conf;
	enum role	 role;

	p->conf = r->conf;
	supervise_set_conf(p->supervise, p->conf);
	control_set_conf(p->control, p->conf, proc_wall_us());
	p->syslog.facility = conf_facility(p->conf->facility);
	conf_free(old);
	for (role = ROLE_FIRST_CHILD; role <= ROLE_LAST_CHILD; role++)
		if (r->restart & 1U << role)
			supervise_restart(p->supervise, role);
	if (!(r->restart & 1U << ROLE_MIRROR))
		send_files(p);
}

static void
reload_done(const struct reload_result *r, void *arg)
{
	struct parent	*p = arg;
	size_t		 i;

	tally_add(&p->tally, r->ok ? TALLY_PAR_RELOADS :
	    TALLY_PAR_RELOADS_BAD, 1);
	for (i = 0; !r->ok && i < r->errors.n; i++)
		log_warnx("reload: %s", r->errors.v[i]);
	if (r->ok) {
		take_conf(p, r);
		log_notice("reload: in force, %zu lines changed",
		    r->changes.n);
	} else
		log_warnx("reload: keeping the running configuration");
	control_event(p->control, "config", r->ok ? "reload in force" :
	    "reload refused");
	control_reloaded(p->control, r);
	p->hup_runs = false;
	notify_send(&p->notify, "READY=1\nSTATUS=%s", r->ok ?
	    "watching" : "watching; last reload refused");
}

static const struct reload_ops reload_ops = {
	.load		= reload_load,
	.prepare	= reload_prepare,
	.commit		= reload_commit,
	.abort		= reload_abort,
	.done		= reload_done,
};

static int
begin_reload(const char *path, uint64_t cookie, void *arg)
{
	struct parent	*p = arg;

	if (reload_busy(p->reload) || supervise_stopping(p->supervise))
		return -1;
	if (path == NULL)
		path = p->opt.file != NULL ? p->opt.file : CONF_PATH;
	notify_send(&p->notify, "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)proc_mono_us());
	return reload_start(p->reload, path, p->conf, cookie, proc_mono_us());
}

/*
 * Who sends a signal is not told to try again: it waits for the reload under
 * way, which may have read an older file, and for a process that was lost.
 */
static void
obey_hup(struct parent *p)
{
	if (!p->hup_waits || reload_busy(p->reload) ||
	    !supervise_all_ready(p->supervise) ||
	    supervise_stopping(p->supervise))
		return;
	p->hup_waits = false;
	p->hup_runs = true;
	begin_reload(NULL, 0, p);
}

static void
on_hup(evutil_socket_t sig, short what, void *arg)
{
	struct parent	*p = arg;

	(void)sig;
	(void)what;
	p->hup_waits = true;
	obey_hup(p);
	if (p->hup_waits)
		log_info("reload: waits until %s", reload_busy(p->reload) ?
		    "the one under way has ended" : "all processes are ready");
}

static void
on_usr1(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	log_info("opening records and logs anew");
	send_files(arg);
}

/* ---- what supervise tells ---- */

static void
release_starter(struct parent *p, int status)
{
	unsigned char	 b = (unsigned char)status;
	ssize_t		 n;
	int		 null;

	if (p->waiting_fd == -1)
		return;
	n = write(p->waiting_fd, &b, 1);
	(void)n;
	close(p->waiting_fd);
	p->waiting_fd = -1;
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		return;
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
}

static void
start_clock(struct parent *p)
{
	struct timeval	 tv;

	if (p->conf->timeout_us == 0)
		return;
	tv.tv_sec = (time_t)(p->conf->timeout_us / 1000000);
	tv.tv_usec = (suseconds_t)(p->conf->timeout_us % 1000000);
	event_base_once(p->base, -1, EV_TIMEOUT, on_timeout, p, &tv);
}

static void
on_ready(void *arg)
{
	struct parent	*p = arg;
	enum role	 r;

	if (p->opt.check) {
		for (r = ROLE_FIRST_CHILD; r <= ROLE_LAST_CHILD; r++)
			tell(p, r, MSG_CHECK);
		return;
	}
	if (!is_live(p)) {
		if (control_adopt(p->control,
		    p->launcher.channel[ROLE_CLIENT]) == -1)
			stop(p, 1);
		else
			supervise_render(p->supervise);
		return;
	}
	log_notice("netmond %s ready, control socket %s", NETMON_VERSION,
	    p->listen.path);
	p->ready = true;
	release_starter(p, 0);
	notify_send(&p->notify, "READY=1\nSTATUS=watching");
	start_clock(p);
}

static void
send_input(struct parent *p)
{
	struct msg_file	 m;
	struct chan	*ch = supervise_chan(p->supervise, ROLE_CAPTURE);
	struct stat	 st;

	memset(&m, 0, sizeof(m));
	m.kind = FILE_INPUT;
	if (fstat(p->input_fd, &st) == 0) {
		m.size = (uint64_t)st.st_size;
		m.flags = S_ISREG(st.st_mode) ? FILE_REGULAR : 0;
	}
	compat_strlcpy(m.name, p->conf->input, sizeof(m.name));
	msg_put_file(chan_begin(ch, MSG_FILE, 0), &m);
	chan_end_fd(ch, p->input_fd);
	p->input_fd = -1;
}

/* For `netmonctl monitor`; the log says it with the cause. */
static void
process_event(struct parent *p, enum role role, const char *what)
{
	char	 text[80];

	snprintf(text, sizeof(text), "%s %s", role_name(role), what);
	control_event(p->control, "process", text);
}

static void
on_fresh(enum role role, void *arg)
{
	struct parent	*p = arg;

	if (p->opt.check)
		return;
	control_fresh(p->control, role);
	process_event(p, role, "ready");
	if (role == ROLE_MIRROR)
		send_files(p);
	if (role == ROLE_CAPTURE && p->input_fd != -1)
		send_input(p);
}

static void
on_lost(enum role role, void *arg)
{
	struct parent	*p = arg;

	if (!supervise_stopping(p->supervise))
		process_event(p, role, "ended");
	control_lost(p->control, role);
	if (reload_busy(p->reload) && p->hup_runs)
		p->hup_waits = true;
	reload_lost(p->reload, role);
}

static void
on_rendered(int status, void *arg)
{
	struct parent	*p = arg;
	bool		 good = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (!good)
		log_warnx("the report could not be written");
	stop(p, good && !p->bad_input ? 0 : 1);
}

static void
on_bad_input(const char *text, void *arg)
{
	struct parent	*p = arg;

	if (text != NULL)
		log_warnx("%s", text);
	p->bad_input = true;
}

/* -n: each role has looked at its part. */
static void
on_checked(struct parent *p, enum role role, const char *why)
{
	if (why != NULL) {
		log_warnx("%s: %s", role_name(role), why);
		p->refused = true;
	}
	p->judged |= 1U << role;
	if (p->judged == (1U << ROLE_CAPTURE | 1U << ROLE_ANALYZER |
	    1U << ROLE_MIRROR))
		stop(p, p->refused ? STATUS_CONFIG : 0);
}

static void
on_judged(enum role role, const char *why, void *arg)
{
	struct parent	*p = arg;

	if (p->opt.check)
		on_checked(p, role, why);
	else if (why == NULL)
		reload_prepared(p->reload, role);
	else
		reload_refused(p->reload, role, why);
}

static int
on_answer(enum role role, struct frame *f, void *arg)
{
	struct parent	*p = arg;

	return control_answer(p->control, role, f);
}

static int
on_alert(struct frame *f, void *arg)
{
	struct parent	*p = arg;

	return control_alert(p->control, f);
}

static int
on_monitor(struct frame *f, void *arg)
{
	struct parent	*p = arg;

	return control_monitor(p->control, f);
}

static int
on_file_wanted(struct chan *ch, struct frame *f, void *arg)
{
	struct parent	*p = arg;

	return files_wanted(p->conf, ch, f, proc_wall_us());
}

static const struct supervise_ops supervise_ops = {
	.ready		= on_ready,
	.fresh		= on_fresh,
	.lost		= on_lost,
	.gone		= on_gone,
	.rendered	= on_rendered,
	.bad_input	= on_bad_input,
	.judged		= on_judged,
	.answer		= on_answer,
	.alert		= on_alert,
	.monitor	= on_monitor,
	.file_wanted	= on_file_wanted,
};

static void
set_verbose(uint32_t n, void *arg)
{
	struct parent	*p = arg;

	supervise_verbose(p->supervise, n);
}

static const struct control_ops control_ops = {
	.reload		= begin_reload,
	.verbose	= set_verbose,
	.terminate	= on_terminate,
	.say		= say_alert,
};

/* ---- events of the parent itself ---- */

static void
watch_socket(struct parent *p)
{
	int	 fd;

	if ((fd = listen_again(&p->listen, &p->priv)) == -1)
		return;
	control_close(p->control);
	if (control_serve(p->control, fd) == -1)
		log_warnx("control socket: out of memory");
}

static void
on_second(evutil_socket_t fd, short what, void *arg)
{
	struct parent	*p = arg;
	uint64_t	 now = proc_mono_us();

	(void)fd;
	(void)what;
	control_tick(p->control, now);
	if (reload_busy(p->reload))
		reload_tick(p->reload, now);
	obey_hup(p);
	if (p->listen.path[0] != '\0' && !supervise_stopping(p->supervise))
		watch_socket(p);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct parent	*p = arg;

	(void)fd;
	(void)what;
	notify_send(&p->notify, "WATCHDOG=1");
}

static void
on_chld(evutil_socket_t sig, short what, void *arg)
{
	struct parent	*p = arg;

	(void)sig;
	(void)what;
	supervise_reap(p->supervise);
}

static void
add_event(struct parent *p, int fd, short what, event_callback_fn fn,
    uint64_t us)
{
	struct event	*ev;
	struct timeval	 tv;

	tv.tv_sec = (time_t)(us / 1000000);
	tv.tv_usec = (suseconds_t)(us % 1000000);
	ev = event_new(p->base, fd, what | EV_PERSIST, fn, p);
	if (ev == NULL || event_add(ev, us > 0 ? &tv : NULL) == -1)
		fatalx("event: out of memory");
}

static void
add_events(struct parent *p)
{
	add_event(p, SIGCHLD, EV_SIGNAL, on_chld, 0);
	add_event(p, SIGTERM, EV_SIGNAL, on_signal_end, 0);
	add_event(p, SIGINT, EV_SIGNAL, on_signal_end, 0);
	if (is_live(p)) {
		add_event(p, SIGHUP, EV_SIGNAL, on_hup, 0);
		add_event(p, SIGUSR1, EV_SIGNAL, on_usr1, 0);
	}
	add_event(p, -1, 0, on_second, 1000000);
	if (p->notify.watchdog_us > 0)
		add_event(p, -1, 0, on_watchdog, p->notify.watchdog_us / 2);
}

/* ---- start ---- */

static void
build(struct parent *p)
{
	struct supervise_conf	 sc;
	struct control_conf	 cc;

	p->base = proc_event_base();
	memset(&sc, 0, sizeof(sc));
	sc.base = p->base;
	sc.launcher = &p->launcher;
	sc.hello = (p->opt.check ? HELLO_CHECK : 0) |
	    (p->opt.input != NULL ? HELLO_OFFLINE : 0);
	if (p->opt.input != NULL)
		p->epoch = 0;		/* same file, same bytes */
	sc.epoch = p->epoch;
	sc.tally = &p->tally;
	sc.ops = &supervise_ops;
	sc.arg = p;
	p->supervise = supervise_new(&sc);
	p->alerts = alerts_new(p->epoch);
	p->reload = reload_new(&reload_ops, p);
	memset(&cc, 0, sizeof(cc));
	cc.base = p->base;
	cc.supervise = p->supervise;
	cc.alerts = p->alerts;
	cc.tally = &p->tally;
	cc.epoch = p->epoch;
	cc.start_us = p->start_us;
	cc.jail = p->jail;
	cc.obey_own_user = p->priv.way != PRIV_ROOT;
	cc.ops = &control_ops;
	cc.arg = p;
	p->control = control_new(&cc);
	if (p->supervise == NULL || p->alerts == NULL || p->reload == NULL ||
	    p->control == NULL || (p->listen_fd != -1 &&
	    control_serve(p->control, p->listen_fd) == -1))
		fatalx("out of memory");
	control_set_conf(p->control, p->conf, p->epoch);
	add_events(p);
}

/* A rule sits on the folder above, so that a folder may be made anew. */
static void
add_root(struct jail *j, char (*names)[CONF_PATH_MAX], const char *path,
    int up, bool write)
{
	char	*name = names[j->nroots], *slash;

	if (*path != '/' || j->nroots >= JAIL_ROOTS_MAX)
		return;
	compat_strlcpy(name, path, CONF_PATH_MAX);
	for (; up > 0; up--) {
		if ((slash = strrchr(name, '/')) == NULL)
			break;
		slash[slash == name ? 1 : 0] = '\0';
	}
	j->roots[j->nroots].path = name;
	j->roots[j->nroots++].write = write;
}

static void
add_roots(struct parent *p, struct jail *j, char (*names)[CONF_PATH_MAX])
{
	struct files_roots	 roots;
	char			*real;
	size_t			 i;

	add_root(j, names, "/etc", 0, false);
	add_root(j, names, "/usr/share/zoneinfo", 0, false);
	add_root(j, names, "/dev/null", 0, true);
	if (p->conf->file[0] != '\0' &&
	    (real = realpath(p->conf->file, NULL)) != NULL) {
		add_root(j, names, real, 2, false);
		free(real);
	}
	if (p->opt.input == NULL) {
		files_roots(p->conf, &roots);
		for (i = 0; i < roots.n; i++)
			add_root(j, names, roots.dir[i], 1, true);
		return;
	}
	for (i = 0; i < p->conf->nmirrors; i++)
		if ((real = realpath(".", NULL)) != NULL) {
			add_root(j, names, p->conf->mirrors[i].path[0] == '/' ?
			    p->conf->mirrors[i].path : real,
			    p->conf->mirrors[i].path[0] == '/', true);
			free(real);
		}
	for (i = 0; i < p->conf->nlogs; i++)
		add_root(j, names, p->conf->logs[i].path, 1, true);
}

static void
lock(struct parent *p)
{
	struct jail	*j;
	char		(*names)[CONF_PATH_MAX], why[160];

	j = calloc(1, sizeof(*j));
	names = calloc(JAIL_ROOTS_MAX, sizeof(*names));
	if (j == NULL || names == NULL)
		fatalx("out of memory");
	j->role = ROLE_PARENT;
	add_roots(p, j, names);
	if (jail_enter(j, why, sizeof(why)) == -1)
		fatalx("%s", why);
	snprintf(p->jail, sizeof(p->jail), j->landlock > 0 ?
	    "seccomp, landlock %d" : "seccomp", j->landlock);
	free(names);
	free(j);
}

/*
 * The one that the user started waits until all are READY, so that its exit
 * status is the truth.
 */
static void
go_to_background(struct parent *p)
{
	unsigned char	 status = 1;
	int		 fd[2], null, st;
	pid_t		 pid;

	if (pipe2(fd, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		fatal("background");
	if (pid > 0) {
		close(fd[1]);
		if (read(fd[0], &status, 1) == 1)
			_exit(status);
		if (waitpid(pid, &st, 0) == pid && WIFEXITED(st))
			_exit(WEXITSTATUS(st));
		_exit(1);
	}
	close(fd[0]);
	p->waiting_fd = fd[1];
	setsid();
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) != -1) {
		dup2(null, STDIN_FILENO);
		close(null);
	}
	/* A relative -f is read again at a reload. */
	if ((p->opt.file == NULL || *p->opt.file == '/') && chdir("/") == -1)
		log_warn("/");
}

static int
open_input(struct parent *p)
{
	char	 name[CONF_PATH_MAX * 4];

	if (strcmp(p->opt.input, "-") == 0)
		p->input_fd = dup(STDIN_FILENO);
	else
		p->input_fd = open(p->opt.input, O_RDONLY | O_CLOEXEC);
	if (p->input_fd != -1)
		return 0;
	log_warn("%s", vis_str(VIS_TERM, name, sizeof(name), p->opt.input));
	return -1;
}

/* What must happen while we may still open things; an exit status. */
static int
acquire(struct parent *p)
{
	enum priv_status	 s;
	char			 why[512];

	if (p->opt.input != NULL && open_input(p) == -1)
		return 1;
	s = priv_find(&p->priv, !is_live(p), p->conf->user, p->conf->group,
	    why, sizeof(why));
	if (s != PRIV_OK) {
		log_warnx("%s", why);
		return s;
	}
	if (launcher_open(&p->launcher, why, sizeof(why)) == -1) {
		log_warnx("%s", why);
		return EX_OSERR;
	}
	p->launcher.json = p->opt.json;
	if (!is_live(p))
		return 0;
	p->listen_fd = listen_open(&p->listen, p->conf->socket, &p->priv, why,
	    sizeof(why));
	if (p->listen_fd == -1) {
		log_warnx("%s", why);
		return EX_OSERR;
	}
	p->syslog.facility = conf_facility(p->conf->facility);
	return 0;
}

static int
give_up(struct parent *p, int argc, char **argv)
{
	enum priv_status	 s;
	char			 why[256];

	if ((s = priv_drop(&p->priv, why, sizeof(why))) != PRIV_OK) {
		log_warnx("%s", why);
		return s;
	}
	if (launcher_fork(&p->launcher, &p->priv, argc, argv) == -1 ||
	    priv_parent(&p->priv) == -1) {
		log_warn("launcher");
		return EX_OSERR;
	}
	return 0;
}

static int
finish(struct parent *p)
{
	if (p->opt.check && p->status == 0)
		fprintf(stderr, "configuration OK\n");
	release_starter(p, p->status);
	control_free(p->control);
	listen_remove(&p->listen);
	supervise_free(p->supervise);
	reload_free(p->reload);
	alerts_free(p->alerts);
	conf_free(p->conf);
	if (is_live(p))
		log_notice("ended");
	syslog_clear(&p->syslog);
	return p->status;
}

static void
prepare_process(struct parent *p)
{
	static const int	 early[] = {
		SIGPIPE, SIGHUP, SIGUSR1, SIGXFSZ
	};
	sigset_t		 none;
	size_t			 i;

	proc_standard_fds();
	memset(p, 0, sizeof(*p));
	p->listen_fd = p->input_fd = p->waiting_fd = -1;
	p->epoch = proc_wall_us();
	p->start_us = proc_mono_us();
	umask(027);
	for (i = 0; i < nitems(early); i++)
		signal(early[i], SIG_IGN);
	/* Whoever started us may have blocked what we are led by. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	log_procinit("netmond");
	syslog_init(&p->syslog, SYSLOG_PATH, &p->tally);
}

int
main(int argc, char **argv)
{
	struct parent	 p;
	int		 status;

	prepare_process(&p);
	if (options_parse(&p.opt, argc, argv) == -1)
		return EX_USAGE;
	log_setverbose(p.opt.verbose);
	log_init(say, &p);
	p.conf = options_load(&p.opt, NULL, say_line, &p);
	if (p.conf == NULL)
		return STATUS_CONFIG;
	if (p.opt.check && p.opt.verbose > 0) {
		conf_print(p.conf, stdout, true);
		fflush(stdout);
	}
	if ((status = acquire(&p)) != 0)
		return status;
	if (is_live(&p)) {
		if (!p.opt.debug && !p.opt.foreground)
			go_to_background(&p);
		notify_init(&p.notify);
	}
	if ((status = give_up(&p, argc, argv)) != 0)
		return status;
	build(&p);
	lock(&p);
	supervise_start(p.supervise, p.conf);
	event_base_dispatch(p.base);
	return finish(&p);
}
