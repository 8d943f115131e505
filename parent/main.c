#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "parent/files.h"
#include "parent/parent.h"
#include "sandbox/jail.h"
#include "sandbox/mem.h"
#include "sandbox/vis.h"

/* ---- log ---- */

/* Whoever reads our standard error may have stopped: we go on. */
static void
say_here(struct parent *p, const char *line)
{
	struct pollfd	 pfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (parent_live(p) && poll(&pfd, 1, 0) == 0)
		tally_add(&p->tally, TALLY_PAR_LOG_LOST, 1);
	else
		dprintf(STDERR_FILENO, "netmond: %s\n", line);
}

/*
 * Before READY a person is still looking at the terminal: what went wrong is
 * said there too, unless terminal and syslog are one journal.
 */
static void
say(enum log_level level, const char *line, void *arg)
{
	struct parent	*p = arg;
	bool		 told = false;

	if (parent_live(p))
		told = syslog_send(&p->syslog, level, line) && p->journal;
	if (p->opt.debug || (!told && (!p->ready || !parent_live(p)) &&
	    level <= LOG_LEVEL_WARNING))
		say_here(p, line);
}

/* Alerts of a file are in its report. */
void
parent_say_alert(enum log_level level, const char *line, void *arg)
{
	struct parent	*p = arg;

	if (parent_live(p))
		say(level, line, arg);
}

static void
say_line(const char *line, void *arg)
{
	(void)arg;
	log_warnx("%s", line);
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
	sc.ops = &parent_supervise_ops;
	sc.arg = p;
	p->supervise = supervise_new(&sc);
	p->alerts = alerts_new(p->epoch);
	p->reload = reload_new(&parent_reload_ops, p);
	memset(&cc, 0, sizeof(cc));
	cc.base = p->base;
	cc.supervise = p->supervise;
	cc.alerts = p->alerts;
	cc.tally = &p->tally;
	cc.epoch = p->epoch;
	cc.start_us = p->start_us;
	cc.jail = p->jail;
	cc.obey_own_user = p->priv.way != PRIV_ROOT;
	cc.ops = &parent_control_ops;
	cc.arg = p;
	p->control = control_new(&cc);
	if (p->supervise == NULL || p->alerts == NULL || p->reload == NULL ||
	    p->control == NULL || (p->listen_fd != -1 &&
	    control_serve(p->control, p->listen_fd) == -1))
		fatalx("out of memory");
	control_set_conf(p->control, p->conf, p->epoch);
	parent_add_events(p);
}

/*
 * A rule sits on the folder above, so that a folder may be made anew. "-"
 * and no path at all, of a mirror without a record, have none.
 */
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
	struct roots		 roots;
	char			*real;
	size_t			 i;

	add_root(j, names, "/etc", 0, false);
	add_root(j, names, OPTIONS_FOLDER, 0, false);
	add_root(j, names, "/usr/share/zoneinfo", 0, false);
	add_root(j, names, "/dev/null", 0, true);
	if (p->conf->file[0] != '\0' &&
	    (real = realpath(p->conf->file, NULL)) != NULL) {
		add_root(j, names, real, 2, false);
		free(real);
	}
	if (p->opt.input == NULL) {
		roots_of(p->conf, &roots);
		for (i = 0; i < roots.n; i++)
			add_root(j, names, roots.dir[i], 1, true);
		return;
	}
	for (i = 0; i < p->conf->nmirrors; i++)
		add_root(j, names, p->conf->mirrors[i].path, 1, true);
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
	listen_mine(p->listen_fd);
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

void
parent_release_starter(struct parent *p, int status)
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

/* -n may run where netmond will not: a missing user is told, and no error. */
static void
check_user(const struct conf *c)
{
	struct priv	 other;
	char		 why[256];

	memset(&other, 0, sizeof(other));
	if (priv_find(&other, false, c->user, c->group, why, sizeof(why)) ==
	    PRIV_FAILED)
		log_warnx("%s; netmond will not start here before", why);
}

/* What must happen while we may still open things; an exit status. */
static int
acquire(struct parent *p)
{
	enum priv_status	 s;
	char			 why[512];

	if (p->opt.input != NULL && open_input(p) == -1)
		return 1;
	s = priv_find(&p->priv, !parent_live(p), p->conf->user, p->conf->group,
	    why, sizeof(why));
	if (s != PRIV_OK) {
		log_warnx("%s", why);
		return s;
	}
	if (p->opt.check && p->refused == 0)
		check_user(p->conf);
	if (launcher_open(&p->launcher, why, sizeof(why)) == -1) {
		log_warnx("%s", why);
		return EX_OSERR;
	}
	p->launcher.form = p->opt.form;
	p->launcher.aside = options_take_output(p->conf);
	p->launcher.background = options_background(&p->opt);
	p->launcher.large = conf_analyzer_memory(p->conf) >= MEM_AMPLE;
	if (!parent_live(p))
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
	if (launcher_fork(&p->launcher, &p->priv, argc, argv, why,
	    sizeof(why)) == -1) {
		log_warnx("%s", why);
		return EX_OSERR;
	}
	if (priv_parent(&p->priv) == -1) {
		log_warn("capabilities of the parent");
		return EX_OSERR;
	}
	return 0;
}

/* Whoever looks after our processes must find none that is left. */
static void
end_launcher(struct launcher *l)
{
	if (l->pid <= 0)
		return;
	kill(l->pid, SIGKILL);
	while (waitpid(l->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	l->pid = 0;
}

static int
finish(struct parent *p)
{
	if (p->opt.check && p->status == 0)
		fprintf(stderr, "configuration OK\n");
	parent_release_starter(p, p->status);
	control_free(p->control);
	listen_remove(&p->listen);
	supervise_free(p->supervise);
	end_launcher(&p->launcher);
	reload_free(p->reload);
	files_clear(&p->files);
	alerts_free(p->alerts);
	conf_free(p->conf);
	if (parent_live(p))
		log_notice("ended");
	syslog_clear(&p->syslog);
	return p->status;
}

/*
 * The configuration has errors. Its filter, which only capture can judge, is
 * judged all the same, so that one run tells all errors: as under -n.
 */
static void
judge_rest(struct parent *p, struct conf *rest)
{
	p->conf = rest;
	p->opt.check = true;
	p->opt.debug = false;	/* that processes start is no news */
	p->opt.input = NULL;
	p->refused = STATUS_CONFIG;
}

/* -nv */
static int
print_conf(const struct conf *c)
{
	conf_print(c, stdout, true);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	log_warn("standard output");
	return -1;
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
	p->journal = notify_is_journal(STDERR_FILENO);
}

/* While somebody still looks: the first reload may be months away. */
static void
warn_of_reload(const struct parent *p)
{
	char	 why[CONF_PATH_MAX + 160];

	if (parent_live(p) && p->conf->file[0] != '\0' &&
	    parent_may_not_read(p, p->conf->file, why, sizeof(why)))
		log_warnx("%s", why);
}

/*
 * What our starter left open, the lock of a script say, it would hold for
 * ever. Not earlier: -f may name such a descriptor.
 */
static void
close_inherited(int kept)
{
	unsigned	 first = STDERR_FILENO + 1;

	if (kept >= (int)first) {
		if (kept > (int)first)
			syscall(SYS_close_range, first,
			    (unsigned)kept - 1, 0);
		first = (unsigned)kept + 1;
	}
	syscall(SYS_close_range, first, ~0U, 0);
}

int
main(int argc, char **argv)
{
	struct parent	 p;
	struct conf	*rest;
	int		 status;

	prepare_process(&p);
	if (options_parse(&p.opt, argc, argv) == -1)
		return EX_USAGE;
	log_setverbose(p.opt.verbose);
	log_init(say, &p);
	p.conf = options_load(&p.opt, NULL, &rest, say_line, &p);
	if (p.conf == NULL && rest == NULL)
		return errno == ENOMEM ? EX_OSERR : STATUS_CONFIG;
	if (p.conf == NULL)
		judge_rest(&p, rest);
	else if (p.opt.check && p.opt.verbose > 0 &&
	    print_conf(p.conf) == -1)
		return 1;
	if (parent_live(&p))
		close_inherited(p.syslog.fd);
	if ((status = acquire(&p)) != 0)
		return status;
	if (parent_live(&p)) {
		if (p.launcher.background)
			go_to_background(&p);
		notify_init(&p.notify);
	}
	if ((status = give_up(&p, argc, argv)) != 0)
		return status;
	warn_of_reload(&p);
	build(&p);
	lock(&p);
	if (parent_live(&p) && p.conf->state[0] != '\0' &&
	    keep_read(&p.keep, p.conf->state,
	    supervise_slots(p.supervise, ROLE_ANALYZER)) == -1)
		tally_add(&p.tally, TALLY_PAR_STATE_LOST, 1);
	supervise_start(p.supervise, p.conf);
	if (event_base_dispatch(p.base) == -1) {
		log_warn("event loop");
		p.status = EX_OSERR;
	}
	return finish(&p);
}
