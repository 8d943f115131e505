#include <stdlib.h>
#include <string.h>

#include "mirror/logs.h"
#include "mirror/passed.h"
#include "mirror/saved.h"
#include "sandbox/log.h"
#include "sandbox/pcapng.h"
#include "sandbox/period.h"

static void
want_file(void *arg, bool rotate)
{
	struct event_log	*e = arg;

	passed_want(e->ms, FILE_EVENTS, e->index, rotate);
}

static void
refused(void *arg, const struct sink_note *note, size_t bytes)
{
	struct event_log	*e = arg;

	(void)note;
	(void)bytes;
	e->keyed = false;
	tally_add(&e->ms->proc->tally, TALLY_MIR_EVENTS_LOST, 1);
}

/* What the rows mean a file says before the first of them. */
static size_t
make_keys(uint8_t *p, size_t size, uint64_t at_us)
{
	struct period	 u = { PERIOD_KEYS, at_us, at_us, p + PERIOD_HDR, 0 };
	struct buf	 b;

	buf_writer(&b, p + PERIOD_HDR, size - PERIOD_HDR);
	period_put_keys(&b);
	u.len = b.len;
	period_header(&u, p);
	return PERIOD_HDR + u.len;
}

static void
write_period(struct mirror_state *ms, struct event_log *e,
    const struct msg_event *m)
{
	const struct period	 u = { PERIOD_ROWS, m->start_us, m->end_us,
	    m->rows.p, m->rows.n };
	struct sink_note	 note = { 0 };
	uint8_t			 keys[PERIOD_HDR + PERIOD_BODY_MAX];
	uint8_t			 head[PERIOD_HDR];
	size_t			 nkeys = 0;

	if (m->kind != EVENT_HISTORY || m->tx_id != e->conf.every_us)
		return;
	if (u.len <= PERIOD_BODY_MAX && u.from_us <= u.to_us) {
		period_header(&u, head);
		if (!e->keyed)
			nkeys = make_keys(keys, sizeof(keys), u.from_us);
		if (sink_file_put(e->file, &note, keys, nkeys, head,
		    sizeof(head), u.body, u.len) == 0) {
			e->keyed = true;
			return;
		}
	}
	tally_add(&ms->proc->tally, TALLY_MIR_EVENTS_LOST, 1);
}

static void
write_section(struct mirror_state *ms, struct event_log *e,
    const struct msg_event *m)
{
	struct sink_note	 note = { 0 };

	if (m->kind != EVENT_EVIDENCE)
		return;
	/* What says another length would hide what follows it. */
	if (pcapng_section(m->rows.p, m->rows.n) != (int64_t)m->rows.n ||
	    sink_file_put(e->file, &note, m->rows.p, m->rows.n, NULL, 0,
	    NULL, 0) == -1)
		tally_add(&ms->proc->tally, TALLY_MIR_EVENTS_LOST, 1);
}

static void
write_event(struct mirror_state *ms, struct event_log *e,
    const struct msg_event *m)
{
	struct eve_origin	 from = { .node = ms->node,
	    .epoch = ms->proc->hello.epoch,
	    .seq = ms->place - e->skipped + 1 };
	struct sink_note	 note = { 0 };
	int			 n;

	if (e->conf.format == LOG_HISTORY) {
		write_period(ms, e, m);
		return;
	}
	if (e->conf.format == LOG_EVIDENCE) {
		write_section(ms, e, m);
		return;
	}
	n = eve_line(ms->line, sizeof(ms->line), m, &e->conf, ms->proc->conf,
	    ms->env.offline ? NULL : &from);
	if (n == 0) {
		e->skipped++;
		return;
	}
	if (n == -1 || sink_file_put(e->file, &note, ms->line, (size_t)n,
	    NULL, 0, NULL, 0) == -1)
		tally_add(&ms->proc->tally, TALLY_MIR_EVENTS_LOST, 1);
}

/* A line that was taken may still be refused: what is written counts. */
static void
flush(struct event_log *e)
{
	uint64_t	 units;

	sink_file_flush(e->file);
	units = sink_file_stats(e->file)->units;
	tally_add(&e->ms->proc->tally, TALLY_MIR_EVENTS, units - e->told);
	e->told = units;
}

void
logs_flush(struct mirror_state *ms)
{
	size_t	 i;

	for (i = 0; i < ms->nlogs; i++)
		flush(&ms->logs[i]);
}

void
logs_tick(struct mirror_state *ms)
{
	size_t	 i;

	for (i = 0; i < ms->nlogs; i++)
		sink_file_tick(ms->logs[i].file, ms->env.now_us);
	logs_flush(ms);
}

static void
tell_done(struct proc *p, uint64_t next)
{
	struct chan	*ch = p->chan[ROLE_ANALYZER];

	if (!p->linked[ROLE_ANALYZER])
		return;
	buf_put_u64(chan_begin(ch, MSG_EVENTS_DONE, 0), next);
	chan_end(ch);
}

int
logs_on_events_from(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct msg_events_from	 m;
	uint64_t		 place, least;

	(void)ch;
	if (msg_get_events_from(&f->body, &m) == -1)
		return -1;
	tell_done(p, ms->next_event);
	ms->next_event = m.next;
	/* An analyzer that was lost may have sent more than the next knows. */
	place = m.next + m.lost + ms->ahead;
	least = ms->place + (m.replaced != 0);
	if (place < least) {
		ms->ahead += least - place;
		place = least;
	}
	ms->place = place;
	return 0;
}

int
logs_on_event(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct msg_event	 m;
	size_t			 i;

	(void)ch;
	state_clock(ms);
	for (; buf_left(&f->body) > 0; ms->next_event++, ms->place++) {
		if (msg_get_event(&f->body, &m) == -1)
			return -1;
		for (i = 0; i < ms->nlogs; i++)
			write_event(ms, &ms->logs[i], &m);
	}
	if (ms->env.offline)
		return 0;
	saved_logs(ms, 0);
	logs_flush(ms);
	tell_done(p, ms->next_event);
	return 0;
}

static enum sink_file_kind
kind_of(const struct conf_log *l)
{
	return l->format == LOG_HISTORY ? SINK_PERIODS :
	    l->format == LOG_EVIDENCE ? SINK_SECTIONS : SINK_LINES;
}

/* It goes on with one that was there before a reload. */
static void
go_on(struct event_log *e)
{
	const struct event_log	*was;
	size_t			 i;

	for (i = 0; i < e->ms->nlogs; i++) {
		was = &e->ms->logs[i];
		if (was->conf.format == e->conf.format &&
		    strcmp(was->conf.path, e->conf.path) == 0)
			e->skipped = was->skipped;
	}
}

static void
disk_lost(void *arg)
{
	struct event_log	*e = arg;

	tally_add(&e->ms->proc->tally, TALLY_MIR_DISK_LOST, 1);
}

struct event_log *
logs_new(struct mirror_state *ms, const struct conf *conf)
{
	struct sink_file_conf	 f = { .base = ms->proc->base,
	    .limit = SINK_FILE_BATCH,
	    .wait = ms->env.offline, .ask = want_file,
	    .refused = refused, .lost = disk_lost };
	struct event_log	*e;
	size_t			 i;

	if ((e = calloc(conf->nlogs + 1, sizeof(*e))) == NULL)
		fatal("mirror: event logs");
	for (i = 0; i < conf->nlogs; i++) {
		e[i].conf = conf->logs[i];
		e[i].ms = ms;
		e[i].index = (unsigned)i;
		go_on(&e[i]);
		f.kind = kind_of(&conf->logs[i]);
		f.name = conf->logs[i].path;
		f.rotate = conf->logs[i].rotate;
		f.arg = &e[i];
		if ((e[i].file = sink_file_new(&f)) == NULL)
			fatal("mirror: event log");
	}
	return e;
}

void
logs_free(struct event_log *e, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++) {
		flush(&e[i]);
		sink_file_free(e[i].file);
	}
	free(e);
}
