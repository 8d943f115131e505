#include <sys/stat.h>
#include <sys/wait.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "parent/files.h"
#include "parent/parent.h"
#include "sandbox/compat.h"

void
parent_tell(struct parent *p, enum role role, uint16_t type)
{
	struct chan	*ch = supervise_chan(p->supervise, role);

	if (ch != NULL)
		chan_send(ch, type, 0);
}

void
parent_send_files(struct parent *p)
{
	struct chan	*ch = supervise_chan(p->supervise, ROLE_MIRROR);

	if (ch != NULL)
		files_send_all(&p->files, p->conf, ch, proc_wall_us());
}

void
parent_send_gone(struct parent *p)
{
	struct chan	*ch = supervise_chan(p->supervise, ROLE_MIRROR);

	if (ch != NULL)
		files_send_gone(&p->files, p->conf, ch, proc_wall_us());
}

/* ---- children ---- */

/* What capture does not take is the filter; words replace that of the file. */
static int
filter_status(const struct parent *p)
{
	return p->opt.filter[0] != '\0' ? EX_USAGE : STATUS_CONFIG;
}

void
parent_keep(struct parent *p)
{
	if (parent_live(p) && p->conf->state[0] != '\0' &&
	    keep_write(&p->keep, p->conf->state,
	    supervise_slots(p->supervise, ROLE_ANALYZER)) == -1)
		tally_add(&p->tally, TALLY_PAR_STATE_LOST, 1);
}

static void
on_gone(int status, void *arg)
{
	struct parent	*p = arg;

	parent_keep(p);
	if (status == STATUS_CONFIG && !p->opt.check)
		status = filter_status(p);
	p->status = status;
	event_base_loopbreak(p->base);
}

static void
on_ready(void *arg)
{
	struct parent	*p = arg;
	enum role	 r;

	if (p->opt.check) {
		for (r = ROLE_FIRST_CHILD; r <= ROLE_LAST_CHILD; r++)
			parent_tell(p, r, MSG_CHECK);
		return;
	}
	if (!parent_live(p)) {
		if (control_adopt(p->control,
		    p->launcher.channel[ROLE_CLIENT]) == -1 || p->nothing)
			parent_stop(p, 1);
		else
			supervise_render(p->supervise);
		return;
	}
	log_notice("netmond %s ready, control socket %s", NETMON_VERSION,
	    p->listen.path);
	p->ready = true;
	parent_release_starter(p, 0);
	notify_send(&p->notify, "READY=1\nSTATUS=watching");
	parent_start_clock(p);
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
		parent_send_files(p);
	if (role == ROLE_CAPTURE && p->input_fd != -1)
		send_input(p);
	reload_fresh(p->reload, role, proc_mono_us());
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

	if (!good && !p->nothing)
		log_warnx("the report could not be written");
	p->delivered = good && !p->bad_input;
	parent_stop(p, p->delivered ? 0 : 1);
}

/* text: the input of -r ended badly; NULL: what it was written to did. */
static void
on_bad_input(const char *text, void *arg)
{
	struct parent		*p = arg;
	const struct tally	*t;

	p->bad_input = true;
	if (text == NULL)
		return;
	log_warnx("%s", text);
	t = supervise_tally(p->supervise, ROLE_CAPTURE);
	/* "complete 100%" would mislead a person; a program has "packets". */
	if (t->v[TALLY_CAP_PACKETS] + t->v[TALLY_CAP_FILTERED] == 0 &&
	    p->opt.form != LAUNCHER_JSON && p->opt.form != LAUNCHER_CSV) {
		p->nothing = true;
		supervise_render_not(p->supervise);
	}
}

/* -n: each role has looked at its part. */
static void
on_checked(struct parent *p, enum role role, const char *why)
{
	if (why != NULL) {
		if (role == ROLE_CAPTURE && p->conf->filter_at[0] != '\0')
			log_warnx("%s", why);	/* it begins with the place */
		else
			log_warnx("%s: %s", role_name(role), why);
		if (p->refused != STATUS_CONFIG)
			p->refused = role == ROLE_CAPTURE ?
			    filter_status(p) : STATUS_CONFIG;
	}
	p->judged |= 1U << role;
	if (p->judged == (1U << ROLE_CAPTURE | 1U << ROLE_ANALYZER |
	    1U << ROLE_MIRROR))
		parent_stop(p, p->refused);
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
	int		 r;

	r = files_wanted(&p->files, p->conf, ch, f, proc_mono_us(),
	    proc_wall_us());
	tally_add(&p->tally, TALLY_PAR_FILES_HELD, r == 1);
	return r == -1 ? -1 : 0;
}

const struct supervise_ops parent_supervise_ops = {
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

/* ---- clients ---- */

static void
on_terminate(void *arg)
{
	log_notice("ending: asked by netmonctl");
	parent_stop(arg, 0);
}

static void
set_verbose(uint32_t n, void *arg)
{
	struct parent	*p = arg;

	supervise_verbose(p->supervise, n);
}

const struct control_ops parent_control_ops = {
	.reload		= parent_reload,
	.verbose	= set_verbose,
	.terminate	= on_terminate,
	.say		= parent_say_alert,
};
