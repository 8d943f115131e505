/* What children say, and what it does to them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "parent/child.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"
#include "sandbox/vis.h"

#define LINES_BURST	1000	/* of a child, at a time */
#define LINE_EVERY_US	500000	/* and then */

static void
tell_time(struct supervise *s, const struct msg_lost_time *m)
{
	struct chan	*ch = supervise_chan(s, ROLE_ANALYZER);

	if (ch == NULL)
		return;
	msg_put_lost_time(chan_begin(ch, MSG_LOST_TIME, 0), m);
	chan_end(ch);
}

void
heard_tell_gone(struct supervise *s)
{
	const struct child	*c = &s->child[ROLE_CAPTURE];

	if (c->away_from_us != 0)
		tell_time(s, &(struct msg_lost_time){ .role = ROLE_CAPTURE,
		    .from_us = c->away_from_us, .to_us = MSG_LOST_STILL });
}

/* Times without a child, for the analyzer as soon as it can hear of them. */
static void
tell_away(struct supervise *s)
{
	size_t	 i;

	if (s->naway == 0 || supervise_chan(s, ROLE_ANALYZER) == NULL)
		return;
	for (i = 0; i < s->naway; i++)
		tell_time(s, &s->away[i]);
	s->naway = 0;
}

static int
on_ready(struct chan *ch, struct frame *f, void *arg)
{
	struct child		*c = arg;
	struct msg_ready	 m;
	struct msg_lost_time	*a;
	uint64_t		 now = proc_mono_us();

	(void)ch;
	if (msg_get_ready(&f->body, &m) == -1 || c->state != CHILD_STARTING)
		return -1;
	c->state = CHILD_READY;
	c->ready_us = c->heard_us = c->tally_us = now;
	vis_str(VIS_LOG, c->jail, sizeof(c->jail), m.text);
	log_info("%s ready, pid %u, %s", role_name(c->role), m.pid, c->jail);
	if (c->away_from_us != 0 && now > c->away_from_us) {
		c->lost_us += now - c->away_from_us;
		if (c->s->naway < CHILD_AWAY_MAX) {
			a = &c->s->away[c->s->naway++];
			a->role = c->role;
			a->from_us = c->away_from_us;
			a->to_us = now;
		}
	}
	c->away_from_us = 0;
	c->s->conf.ops->fresh(c->role, c->s->conf.arg);
	tell_away(c->s);
	if (c->role == ROLE_ANALYZER)
		heard_tell_gone(c->s);
	/* Who gave up meanwhile, without a launcher say, is not ready. */
	if (!c->s->all_ready && !c->s->stopping &&
	    supervise_all_ready(c->s)) {
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
	c->heard_us = c->tally_us = proc_mono_us();
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
		if (slots_set(&c->slots, &m) == 0)
			continue;
		tally_add(c->s->conf.tally, TALLY_PAR_UNSAVED, 1);
		log_debug("%s: no room for a saved slot", role_name(c->role));
	}
	return 0;
}

/* A child may be taken over: it must not fill the disks of the log. */
static bool
may_say(struct child *c)
{
	uint64_t	 held = 0;

	if (supervise_special(c->s))
		return true;
	if (!log_burst(&c->lines, proc_mono_us(), LINE_EVERY_US, LINES_BURST,
	    &held)) {
		tally_add(c->s->conf.tally, TALLY_PAR_LINES_HELD, 1);
		return false;
	}
	if (held > 0)
		log_warnx("%s: %" PRIu64 " lines held back, it says too many",
		    role_name(c->role), held);
	return true;
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
	if (!may_say(c))
		return 0;
	vis_str(VIS_TERM, line, sizeof(line), m.text);
	log_relay(m.number < LOG_LEVEL_WARNING ? LOG_LEVEL_WARNING :
	    m.number > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG :
	    (enum log_level)m.number, "%s: %s", role_name(c->role), line);
	/* Under -r a record or log that is not written whole is a failure. */
	if (m.number <= LOG_LEVEL_WARNING && c->role == ROLE_MIRROR &&
	    c->s->conf.hello & HELLO_OFFLINE)
		c->s->conf.ops->bad_input(NULL, c->s->conf.arg);
	return 0;
}

static int
on_crash(struct chan *ch, struct frame *f, void *arg)
{
	struct child		*c = arg;
	struct msg_crash	 m;
	char			 where[48];

	(void)ch;
	if (msg_get_crash(&f->body, &m) == -1)
		return -1;
	if ((int)m.code > 0)
		snprintf(where, sizeof(where), "at address 0x%" PRIx64,
		    m.addr);
	else
		snprintf(where, sizeof(where), "sent by process %" PRIu64,
		    m.addr);
	snprintf(c->crash, sizeof(c->crash), ", last words: signal %u code %d"
	    " %s, packet %" PRIu64, m.signal, (int)m.code, where, m.packet);
	return 0;
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
		if (!supervise_special(c->s))
			return -1;	/* live, there is no such input */
		c->s->conf.ops->bad_input(text, c->s->conf.arg);
		return 0;
	}
	if (!neighbours(c->role, m.number))
		return -1;
	child_put_down(&c->s->child[m.number], "%s reports: %s",
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
	if (c->s->stopping)
		supervise_stop_next(c->s);
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
on_trouble(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;
	uint32_t	 was = c->trouble.number;

	(void)ch;
	if (msg_get_text(&f->body, &c->trouble) == -1) {
		c->trouble.number = 0;
		return -1;
	}
	if (was == 0)
		c->trouble_us = proc_wall_us();
	return 0;
}

static int
on_file_wanted(struct chan *ch, struct frame *f, void *arg)
{
	struct child	*c = arg;

	return c->s->conf.ops->file_wanted(ch, f, c->s->conf.arg);
}

const struct handler heard_from_child[] = {
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
	{ MSG_TROUBLE,		on_trouble },
	{ MSG_FILE_WANTED,	on_file_wanted },
	{ 0,			NULL }
};

void
heard_fault(struct chan *ch, enum chan_fault fault, const char *why,
    void *arg)
{
	struct child	*c = arg;

	(void)ch;
	if (fault == CHAN_BAD)
		child_put_down(c, "bad message: %s", why);
	else if (!c->said_bye)
		child_put_down(c, "channel: %s", why);
}
