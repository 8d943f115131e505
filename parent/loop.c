#include <signal.h>

#include "parent/parent.h"

#define LOOK_US	5000000		/* whether files are where they were */

/* ---- stop ---- */

void
parent_stop(struct parent *p, int status)
{
	if (supervise_stopping(p->supervise))
		return;
	notify_send(&p->notify, "STOPPING=1\nSTATUS=ending");
	control_close(p->control);
	supervise_stop(p->supervise, status);
}

/* Of -n and -r an answer is wanted, not only an end. */
static int
status_of_end(const struct parent *p)
{
	if (parent_live(p) || p->delivered)
		return 0;
	if (!supervise_stopping(p->supervise))
		log_warnx("ended by a signal before %s", p->opt.check ?
		    "all was checked" : "the report was written");
	return 1;
}

/* Its reader has stopped, or this machine is too busy. */
static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct parent	*p = arg;

	(void)fd;
	(void)what;
	if (supervise_stopping(p->supervise))
		return;
	log_warnx("the report could not be written in time");
	parent_stop(p, 1);
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
		parent_stop(p, 0);
}

/* -r: what was read until now is reported, if that is done in time. */
static bool
end_with_report(struct parent *p)
{
	struct timeval	 tv = { 1, 500000 };

	if (p->opt.input == NULL || p->opt.check ||
	    !supervise_all_ready(p->supervise) ||
	    event_base_once(p->base, -1, EV_TIMEOUT, on_late, p, &tv) == -1)
		return false;
	parent_tell(p, ROLE_CAPTURE, MSG_ENOUGH);
	return true;
}

static void
on_signal_end(evutil_socket_t sig, short what, void *arg)
{
	struct parent	*p = arg;

	(void)what;
	if (sig == SIGINT && p->interrupted) {
		p->status = status_of_end(p);
		supervise_kill(p->supervise);
		event_base_loopbreak(p->base);
		return;
	}
	log_notice("ending: signal %s", sig == SIGINT ? "INT" : "TERM");
	supervise_hurry(p->supervise);
	if (sig == SIGINT && parent_live(p) &&
	    !supervise_stopping(p->supervise)) {
		p->interrupted = true;
		end_with_summary(p);
		return;
	}
	if (!p->interrupted && !supervise_stopping(p->supervise) &&
	    end_with_report(p)) {
		p->interrupted = true;
		return;
	}
	p->interrupted = p->interrupted || sig == SIGINT;
	parent_stop(p, status_of_end(p));
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

void
parent_start_clock(struct parent *p)
{
	struct timeval	 tv;

	if (p->conf->timeout_us == 0)
		return;
	tv.tv_sec = (time_t)(p->conf->timeout_us / 1000000);
	tv.tv_usec = (suseconds_t)(p->conf->timeout_us % 1000000);
	event_base_once(p->base, -1, EV_TIMEOUT, on_timeout, p, &tv);
}

/* ---- events ---- */

static void
on_hup(evutil_socket_t sig, short what, void *arg)
{
	struct parent	*p = arg;

	(void)sig;
	(void)what;
	p->hup_waits = true;
	parent_obey_hup(p);
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
	parent_send_files(arg);
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	parent_send_gone(arg);
}

static void
on_keep(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	parent_keep(arg);
}

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
	parent_obey_hup(p);
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

void
parent_add_events(struct parent *p)
{
	add_event(p, SIGCHLD, EV_SIGNAL, on_chld, 0);
	add_event(p, SIGTERM, EV_SIGNAL, on_signal_end, 0);
	add_event(p, SIGINT, EV_SIGNAL, on_signal_end, 0);
	if (parent_live(p)) {
		add_event(p, SIGHUP, EV_SIGNAL, on_hup, 0);
		add_event(p, SIGUSR1, EV_SIGNAL, on_usr1, 0);
		add_event(p, -1, 0, on_look, LOOK_US);
		add_event(p, -1, 0, on_keep, KEEP_EVERY_US);
	}
	add_event(p, -1, 0, on_second, 1000000);
	if (p->notify.watchdog_us > 0)
		add_event(p, -1, 0, on_watchdog, p->notify.watchdog_us / 2);
}
