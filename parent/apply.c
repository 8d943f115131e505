#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/parent.h"

bool
parent_may_not_read(const struct parent *p, const char *path, char *why,
    size_t size)
{
	char	 who[CONF_NAME_MAX + 8];
	int	 fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd != -1)
		close(fd);
	if (fd != -1 || errno != EACCES)
		return false;
	if (p->priv.way == PRIV_ROOT)
		snprintf(who, sizeof(who), "user %s", p->conf->user);
	else
		snprintf(who, sizeof(who), "uid %u", (unsigned)geteuid());
	snprintf(why, size, "%s: a reload reads it as %s, and only below /etc "
	    "or the folder above that of the first file", path, who);
	return true;
}

static struct conf *
reload_load(const char *path, struct conf **rest, parse_say_fn *fn,
    void *fn_arg, void *arg)
{
	struct parent	*p = arg;
	struct conf	*c;
	char		 why[PARSE_LINE_MAX];
	const char	*file = path;

	/* The default file need not be there, as at the start. */
	if (p->opt.file == NULL && strcmp(path, OPTIONS_FILE) == 0)
		file = NULL;
	c = options_load(&p->opt, file, rest, fn, fn_arg);
	if (c == NULL && parent_may_not_read(p, path, why, sizeof(why)))
		fn(why, fn_arg);
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
reload_commit(enum role role, void *arg)
{
	parent_tell(arg, role, MSG_COMMIT);
}

static void
reload_abort(enum role role, void *arg)
{
	parent_tell(arg, role, MSG_ABORT);
}

static void
reload_silent(enum role role, void *arg)
{
	struct parent	*p = arg;

	supervise_put_down(p->supervise, role, "did not answer to a reload");
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
		parent_send_files(p);
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

const struct reload_ops parent_reload_ops = {
	.load		= reload_load,
	.prepare	= reload_prepare,
	.commit		= reload_commit,
	.abort		= reload_abort,
	.silent		= reload_silent,
	.done		= reload_done,
};

int
parent_reload(const char *path, uint64_t cookie, void *arg)
{
	struct parent	*p = arg;

	if (reload_busy(p->reload) || supervise_stopping(p->supervise))
		return -1;
	if (path == NULL)
		path = p->opt.file != NULL ? p->opt.file : OPTIONS_FILE;
	notify_send(&p->notify, "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)proc_mono_us());
	return reload_start(p->reload, path, p->conf, cookie, proc_mono_us());
}

/*
 * Who sends a signal is not told to try again: it waits for the reload under
 * way, which may have read an older file, and for a process that was lost.
 */
void
parent_obey_hup(struct parent *p)
{
	if (!p->hup_waits || reload_busy(p->reload) ||
	    !supervise_all_ready(p->supervise) ||
	    supervise_stopping(p->supervise))
		return;
	p->hup_waits = false;
	p->hup_runs = true;
	parent_reload(NULL, 0, p);
}
