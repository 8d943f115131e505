/* Clients that wait for alerts and live events. */
#include <inttypes.h>
#include <string.h>

#include "parent/client.h"
#include "sandbox/compat.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"

#define ALERTS_BURST	1000	/* lines of the log, at a time */
#define ALERT_EVERY_US	500000	/* and then */

/* ---- watching ---- */

static void
send_alert(struct client *cl, uint64_t seq, uint64_t missed)
{
	struct buf	*b;

	b = chan_begin(cl->chan, MSG_ROW, cl->watch_request);
	if (alerts_rows(cl->control->conf.alerts, seq, missed, b) == 0)
		chan_end(cl->chan);
}

/* Where a client goes on: the first number to send, and what it missed. */
static uint64_t
resume_at(struct control *c, const struct msg_watch *m, uint64_t *missed)
{
	uint64_t	 first = alerts_first(c->conf.alerts);
	uint64_t	 last = alerts_last(c->conf.alerts), at = last + 1;

	*missed = 0;
	if (m->epoch == alerts_epoch(c->conf.alerts)) {
		at = m->after + 1;
		if (at < first) {
			*missed = first - at;
			at = first;
		}
	} else if (m->epoch != 0) {
		at = first;		/* all that this daemon has seen */
		*missed = first - 1;
	} else if (m->last > 0) {
		at = last >= m->last ? last - m->last + 1 : 1;
		if (at < first)
			at = first;
	}
	return at;
}

int
watch_on_ask(struct chan *ch, struct frame *f, void *arg)
{
	struct client	*cl = arg;
	struct control	*c = cl->control;
	struct msg_watch m;
	uint64_t	 seq, missed;

	if (!cl->greeted || msg_get_watch(&f->body, &m) == -1)
		return -1;
	cl->watch = m.flags;
	cl->watch_request = f->request;
	watch_changed(c);
	seq = resume_at(c, &m, &missed);
	tally_add(c->conf.tally, TALLY_PAR_ALERTS_MISSED, missed);
	for (; m.flags & WATCH_ALERTS && seq <= alerts_last(c->conf.alerts);
	    seq++) {
		send_alert(cl, seq, missed);
		missed = 0;
	}
	if (m.flags & WATCH_FOLLOW)
		return 0;
	cl->watch = 0;
	watch_changed(c);
	chan_send(ch, MSG_END, f->request);
	return 0;
}

static void
send_live(struct control *c)
{
	struct chan	*ch;

	if ((ch = supervise_chan(c->conf.supervise, ROLE_ANALYZER)) == NULL)
		return;
	msg_put_number(chan_begin(ch, MSG_LIVE, 0), c->live);
	chan_end(ch);
}

void
watch_changed(struct control *c)
{
	struct client	*cl;
	uint32_t	 live = 0;

	TAILQ_FOREACH(cl, &c->clients, entry)
		live |= cl->watch & WATCH_LIVE;
	if (live == c->live)
		return;
	c->live = live;
	send_live(c);
}

void
control_fresh(struct control *c, enum role role)
{
	if (role == ROLE_ANALYZER && c->live != 0)
		send_live(c);
}

/* Which watchers want events of this type. */
static uint32_t
flag_of(const char *type)
{
	static const struct {
		const char	*type;
		uint32_t	 flag;
	} table[] = {
		{ "http", WATCH_HTTP }, { "tls", WATCH_TLS },
		{ "flow", WATCH_FLOW }
	};
	size_t	 i;

	for (i = 0; i < nitems(table); i++)
		if (strcmp(table[i].type, type) == 0)
			return table[i].flag;
	return WATCH_MONITOR;
}

/* Clients get all; a log must not be filled by who sends us alerts. */
static void
say_alert(struct control *c, enum log_level level, const char *line)
{
	uint64_t	 held = 0;

	if (!log_burst(&c->alert_rate, proc_mono_us(), ALERT_EVERY_US,
	    ALERTS_BURST, &held)) {
		tally_add(c->conf.tally, TALLY_PAR_LINES_HELD, 1);
		return;
	}
	if (held > 0)
		log_warnx("%" PRIu64 " alerts not logged, they are too many: "
		    "netmonctl alerts has the last ones", held);
	c->conf.ops->say(level, line, c->conf.arg);
}

int
control_alert(struct control *c, struct frame *f)
{
	struct client	*cl;
	uint64_t	 seq;
	char		 line[ALERTS_LINE_MAX];
	enum log_level	 level;

	if (alerts_add(c->conf.alerts, &f->body, &seq) == -1)
		return -1;
	if (seq == 0) {
		tally_add(c->conf.tally, TALLY_PAR_ALERTS_LOST, 1);
		return 0;
	}
	level = alerts_line(c->conf.alerts, seq, line, sizeof(line));
	say_alert(c, level, line);
	TAILQ_FOREACH(cl, &c->clients, entry)
		if (cl->watch & WATCH_ALERTS)
			send_alert(cl, seq, 0);
	return 0;
}

static void
send_monitor(struct control *c, uint64_t ts_us, const char *type,
    const char *text)
{
	struct row_writer	 w;
	struct client		*cl;

	TAILQ_FOREACH(cl, &c->clients, entry) {
		if (!(cl->watch & flag_of(type)))
			continue;
		row_begin(&w, chan_begin(cl->chan, MSG_ROW,
		    cl->watch_request), ROW_MONITOR, 0);
		row_u64(&w, ts_us);
		row_str(&w, type);
		row_str(&w, text);
		if (row_end(&w) == 0)
			chan_end(cl->chan);
	}
}

int
control_monitor(struct control *c, struct frame *f)
{
	struct msg_monitor	 m;

	if (msg_get_monitor(&f->body, &m) == -1)
		return -1;
	send_monitor(c, m.ts_us, m.type, m.text);
	return 0;
}

void
control_event(struct control *c, const char *type, const char *text)
{
	send_monitor(c, proc_wall_us(), type, text);
}
