/*
 * mirror: everything that leaves. It answers SHOW MIRRORS and MEMORY, MIRROR
 * and ROTATE; takes STREAM and EVENT from the analyzer; writes to the files
 * that the parent passes (FILE) and to the configured targets, through the
 * hooks of the configuration and the programs that attach (PROVIDER).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/copy.h"
#include "mirror/counters.h"
#include "mirror/eve.h"
#include "mirror/leg.h"
#include "mirror/show.h"
#include "mirror/streams.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"

#define TICK_MS		100
#define ORPHANS_US	2000000		/* for open connections to be re-sent */
#define STOP_US		1500000		/* for answers, when told to stop */
#define OPEN_MAX	3800		/* outgoing connections of all */
#define TAIL_MAX	(8 * 1024 * 1024)
#define SAVE_TABLE	1		/* of open connections */
#define SAVE_COUNTERS	2		/* a slot per mirror */
#define SAVE_STATUSES	3
#define SAVE_MAX	(32 * 1024)
#define SAVE_HDR	32		/* more than a slot's own header */
#define OFFLINE_FRAMES	16		/* between two flushes */
#define FILES_WAIT_US	2000000

struct events {
	struct conf_log	 conf;
	struct mirror_state *ms;
	unsigned	 index;
	struct sink_file *file;
};

struct mirror_state {
	struct proc	*proc;
	struct mem	 mem;
	struct copy_env	 env;
	struct copy_ops	 ops;
	struct copy	**copies;
	size_t		 ncopies;
	struct events	*events;
	size_t		 nevents;
	struct provider	**providers;
	size_t		 nproviders;
	struct streams	*streams;
	struct event	*tick;
	uint64_t	 linked_us;	/* mono; 0: orphans are done */
	uint64_t	 linked_packet_us;
	uint64_t	 stop_us;
	uint64_t	 start_us;
	unsigned	 frames;
	bool		 absence_told;
	bool		 holding;	/* the analyzer's link is paused */
	struct buf	 save;		/* slots for the next SAVE */
	uint8_t		 save_bytes[SAVE_MAX];
	char		 line[EVE_LINE_MAX];
};

static void
set_clock(struct mirror_state *ms)
{
	ms->env.now_us = proc_mono_us();
	ms->env.wall_us = proc_wall_us();
}

/* ---- what copies ask of the shell ---- */

static void
want_file(void *arg, unsigned index, bool gaps, bool rotate)
{
	struct mirror_state	*ms = arg;
	struct msg_file		 m = { .kind = gaps ? FILE_GAPS : FILE_RECORD,
	    .index = index, .flags = rotate ? FILE_ROTATE : 0 };
	struct chan		*ch = ms->proc->chan[ROLE_PARENT];

	msg_put_file(chan_begin(ch, MSG_FILE_WANTED, 0), &m);
	chan_end(ch);
}

static void
own_tuple(void *arg, const struct endpoint *source,
    const struct endpoint *target, bool gone)
{
	struct mirror_state	*ms = arg;
	struct msg_own_tuple	 m = { .source = *source, .target = *target,
	    .gone = gone };
	struct chan		*ch = ms->proc->chan[ROLE_ANALYZER];

	/* A file holds no packets of what is sent now. */
	if (!ms->proc->linked[ROLE_ANALYZER] || ms->env.offline)
		return;
	msg_put_own_tuple(chan_begin(ch, MSG_OWN_TUPLE, 0), &m);
	chan_end(ch);
}

static struct leg *
find_leg(void *arg, uint64_t flow, struct copy *c)
{
	struct mirror_state	*ms = arg;

	return streams_find(ms->streams, flow, c);
}

static void
say(void *arg, const char *text)
{
	struct mirror_state	*ms = arg;
	struct msg_monitor	 m = { .ts_us = proc_wall_us(),
	    .type = "mirror" };
	struct chan		*ch = ms->proc->chan[ROLE_PARENT];

	log_notice("%s", text);
	snprintf(m.text, sizeof(m.text), "%s", text);
	msg_put_monitor(chan_begin(ch, MSG_MONITOR, 0), &m);
	chan_end(ch);
}

/* ---- slots saved with the parent ---- */

/*
 * Slots gather in a buffer of their own during a frame, because log lines
 * and questions to the parent may come in between.
 */
static void
save_end(struct mirror_state *ms)
{
	struct chan	*ch = ms->proc->chan[ROLE_PARENT];
	struct buf	*b;

	if (ms->save.len == 0)
		return;
	if ((b = chan_begin(ch, MSG_SAVE, 0)) != NULL) {
		buf_put(b, ms->save.r, ms->save.len);
		chan_end(ch);
	}
	ms->save.len = 0;
}

static void
save_slot(struct mirror_state *ms, uint16_t table, unsigned slot,
    const struct buf *b)
{
	struct msg_slot	 m = { .table = table, .slot = slot, .data = b->r,
	    .len = b->len };

	if (buf_room(&ms->save) < m.len + SAVE_HDR)
		save_end(ms);
	msg_put_slot(&ms->save, &m);
}

static void
save_open(void *arg, unsigned slot, const struct gap_open *o)
{
	struct mirror_state	*ms = arg;
	uint8_t			 data[MSG_SAVE_MAX];
	struct buf		 b;

	if (ms->env.offline)
		return;
	buf_writer(&b, data, sizeof(data));
	if (o != NULL)
		gap_open_put(&b, o);
	save_slot(ms, SAVE_TABLE, slot, &b);
}

/* Before they are shown, so that none that was seen ever goes back. */
static void
save_counters(struct mirror_state *ms)
{
	uint8_t		 data[MSG_SAVE_MAX];
	struct buf	 b;
	unsigned	 i;

	for (i = 0; i < ms->ncopies && !ms->env.offline; i++) {
		buf_writer(&b, data, sizeof(data));
		counters_put(&b, ms->copies[i]);
		save_slot(ms, SAVE_COUNTERS, i, &b);
		buf_writer(&b, data, sizeof(data));
		counters_put_statuses(&b, ms->copies[i]);
		save_slot(ms, SAVE_STATUSES, i, &b);
	}
	save_end(ms);
}

/* Slots of mirrors that are no more. */
static void
forget_counters(struct mirror_state *ms, size_t nold)
{
	uint8_t		 data[1];
	struct buf	 b;
	size_t		 i;

	buf_writer(&b, data, sizeof(data));
	for (i = ms->ncopies; i < nold && !ms->env.offline; i++) {
		save_slot(ms, SAVE_COUNTERS, (unsigned)i, &b);
		save_slot(ms, SAVE_STATUSES, (unsigned)i, &b);
	}
	save_counters(ms);
}

/* Whichever mirror it is of: the order may have changed. */
static void
restore_counters(struct mirror_state *ms, const struct msg_slot *m)
{
	struct buf	 b;
	size_t		 i;
	int		 r = -1;

	for (i = 0; i < ms->ncopies && r == -1; i++) {
		buf_reader(&b, m->data, m->len);
		r = m->table == SAVE_COUNTERS ?
		    counters_get(&b, ms->copies[i]) :
		    counters_get_statuses(&b, ms->copies[i]);
	}
}

static void
mirror_restore(struct proc *p, const struct msg_slot *m)
{
	struct mirror_state	*ms = p->state;
	struct gap_open		 o;
	struct buf		 b;

	if (m->table == SAVE_COUNTERS || m->table == SAVE_STATUSES)
		restore_counters(ms, m);
	if (m->table != SAVE_TABLE)
		return;
	buf_reader(&b, m->data, m->len);
	if (gap_open_get(&b, &o) == 0)
		streams_restore(ms->streams, m->slot, &o);
}

/* ---- event logs ---- */

static void
want_events(void *arg, bool rotate)
{
	struct events	*e = arg;
	struct msg_file	 m = { .kind = FILE_EVENTS, .index = e->index,
	    .flags = rotate ? FILE_ROTATE : 0 };
	struct chan	*ch = e->ms->proc->chan[ROLE_PARENT];

	msg_put_file(chan_begin(ch, MSG_FILE_WANTED, 0), &m);
	chan_end(ch);
}

static void
event_refused(void *arg, const struct sink_note *note, size_t bytes)
{
	struct events	*e = arg;

	(void)note;
	(void)bytes;
	tally_add(&e->ms->proc->tally, TALLY_MIR_EVENTS_LOST, 1);
}

static void
write_event(struct mirror_state *ms, struct events *e,
    const struct msg_event *m)
{
	struct sink_note	 note = { 0 };
	int			 n;

	n = eve_line(ms->line, sizeof(ms->line), m, &e->conf, ms->proc->conf);
	if (n == 0)
		return;
	if (n == -1 || sink_file_put(e->file, &note, ms->line, (size_t)n,
	    NULL, 0, NULL, 0) == -1)
		tally_add(&ms->proc->tally, TALLY_MIR_EVENTS_LOST, 1);
	else
		tally_add(&ms->proc->tally, TALLY_MIR_EVENTS, 1);
}

static int
mirror_on_event(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct msg_event	 m;
	size_t			 i;

	(void)ch;
	set_clock(ms);
	while (buf_left(&f->body) > 0) {
		if (msg_get_event(&f->body, &m) == -1)
			return -1;
		for (i = 0; i < ms->nevents; i++)
			write_event(ms, &ms->events[i], &m);
	}
	for (i = 0; i < ms->nevents && !ms->env.offline; i++)
		sink_file_flush(ms->events[i].file);
	return 0;
}

static struct events *
events_new(struct mirror_state *ms, const struct conf *conf)
{
	struct sink_file_conf	 f = { .base = ms->proc->base,
	    .kind = SINK_LINES, .limit = SINK_FILE_BATCH,
	    .wait = ms->env.offline, .ask = want_events,
	    .refused = event_refused };
	struct events		*e;
	size_t			 i;

	if ((e = calloc(conf->nlogs + 1, sizeof(*e))) == NULL)
		return NULL;
	for (i = 0; i < conf->nlogs; i++) {
		e[i].conf = conf->logs[i];
		e[i].ms = ms;
		e[i].index = (unsigned)i;
		f.rotate = conf->logs[i].rotate;
		f.arg = &e[i];
		if ((e[i].file = sink_file_new(&f)) == NULL)
			fatal("mirror: event log");
	}
	return e;
}

static void
events_free(struct events *e, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		sink_file_free(e[i].file);
	free(e);
}

/* ---- mirrored bytes ---- */

static bool
too_full(const struct mirror_state *ms)
{
	size_t	 i;

	for (i = 0; i < ms->ncopies; i++)
		if (copy_queued(ms->copies[i]) > ms->copies[i]->conf.queue / 2)
			return true;
	return false;
}

static bool
file_missing(const struct sink_file *f)
{
	return f != NULL && !sink_file_is_open(f) && sink_file_error(f) == 0;
}

/* Files that have not been answered yet: their records would be refused. */
static bool
files_missing(const struct mirror_state *ms)
{
	const struct copy	*c;
	size_t			 i;

	for (i = 0; i < ms->ncopies; i++) {
		c = ms->copies[i];
		if (file_missing(c->file) || file_missing(c->gaps))
			return true;
	}
	for (i = 0; i < ms->nevents; i++)
		if (file_missing(ms->events[i].file))
			return true;
	return false;
}

/* Under -r nothing is shed: pressure goes back to the file. */
static void
hold_or_resume(struct mirror_state *ms)
{
	struct chan	*ch = ms->proc->chan[ROLE_ANALYZER];
	bool		 hold;

	hold = (ms->env.offline && too_full(ms)) || (files_missing(ms) &&
	    ms->env.now_us - ms->start_us < FILES_WAIT_US);
	if (hold == ms->holding)
		return;
	ms->holding = hold;
	if (hold)
		chan_pause(ch);
	else
		chan_resume(ch);
}

static void
flush_all(struct mirror_state *ms)
{
	size_t	 i;

	/* Opened ones are saved before, ended ones after their records. */
	save_end(ms);
	for (i = 0; i < ms->ncopies; i++)
		copy_flush(ms->copies[i]);
	streams_reap(ms->streams);
	save_end(ms);
}

/* One line for all connections that came and went while nobody looked. */
static void
tell_absence(struct mirror_state *ms, uint64_t next_us)
{
	size_t	 i;

	for (i = 0; i < ms->ncopies && !ms->absence_told; i++)
		if (ms->copies[i]->file != NULL)
			streams_restored_last(ms->streams, ms->copies[i],
			    ms->copies[i]->tail_us, next_us);
	ms->absence_told = true;
}

static void
take_stream(struct mirror_state *ms, const struct msg_stream *m)
{
	if (m->ts_us > ms->env.packet_us)
		ms->env.packet_us = m->ts_us;
	if (ms->linked_packet_us == 0) {
		ms->linked_packet_us = ms->env.packet_us;
		tell_absence(ms, ms->linked_packet_us);
	}
	tally_add(&ms->proc->tally, TALLY_MIR_BYTES, m->len);
	streams_take(ms->streams, m);
}

static int
mirror_on_stream(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct msg_stream	 m[2];
	unsigned		 i = 0;

	(void)ch;
	set_clock(ms);
	if (msg_get_stream(&f->body, &m[0]) == -1)
		return -1;
	/* The next one's connection comes into the cache meanwhile. */
	for (; buf_left(&f->body) > 0; i = !i) {
		if (msg_get_stream(&f->body, &m[!i]) == -1)
			return -1;
		streams_prefetch(ms->streams, &m[!i]);
		take_stream(ms, &m[i]);
	}
	take_stream(ms, &m[i]);
	/* Live, what has come shall be seen; from a file it can gather. */
	if (!ms->env.offline || ++ms->frames % OFFLINE_FRAMES == 0)
		flush_all(ms);
	if (ms->env.offline)
		hold_or_resume(ms);
	return 0;
}

static int
mirror_on_data_end(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct msg_data_end	 m;

	(void)ch;
	if (msg_get_data_end(&f->body, &m) == -1)
		return -1;
	set_clock(ms);
	streams_close_all(ms->streams, false);
	flush_all(ms);
	return 0;
}

static void
mirror_linked(struct proc *p, enum role peer)
{
	struct mirror_state	*ms = p->state;
	size_t			 i;

	if (peer != ROLE_ANALYZER)
		return;
	set_clock(ms);
	streams_close_all(ms->streams, true);
	flush_all(ms);
	for (i = 0; i < ms->ncopies; i++)
		if (ms->copies[i]->tcp != NULL)
			sink_tcp_tell(ms->copies[i]->tcp);
	if (ms->linked_us == 0)
		ms->linked_us = ms->env.now_us;
	ms->linked_packet_us = 0;
}

/* ---- files and providers that the parent passes ---- */

/* When each connection of the mirror before was last recorded. */
static void
read_tail(struct mirror_state *ms, struct copy *c)
{
	struct record	 r;
	uint8_t		*p;
	ssize_t		 got;
	size_t		 n, at;
	bool		 whole;

	if (c->conf.format != RECORD_GOGETWAY ||
	    (p = sink_file_tail(c->file, TAIL_MAX, &n, &whole)) == NULL)
		return;
	for (at = 0; at < n; at += (size_t)got) {
		got = record_get(RECORD_F_GOGETWAY, p + at, n - at, true, &r,
		    NULL);
		if (got == 0)
			break;
		if (got == -1) {
			got = (ssize_t)record_skip(RECORD_F_GOGETWAY, p + at,
			    n - at);
			continue;
		}
		if (r.ts_ns / 1000 > c->tail_us)
			c->tail_us = r.ts_ns / 1000;
		/* Responses are recorded the other way round. */
		streams_restored_at(ms->streams, c->conf.name, r.from, r.to,
		    r.ts_ns / 1000);
		streams_restored_at(ms->streams, c->conf.name, r.to, r.from,
		    r.ts_ns / 1000);
	}
	free(p);
}

static struct sink_file *
file_of(struct mirror_state *ms, const struct msg_file *m)
{
	if (m->kind == FILE_EVENTS)
		return m->index < ms->nevents ? ms->events[m->index].file :
		    NULL;
	if (m->index >= ms->ncopies)
		return NULL;
	if (m->kind == FILE_RECORD)
		return ms->copies[m->index]->file;
	return m->kind == FILE_GAPS ? ms->copies[m->index]->gaps : NULL;
}

static int
mirror_on_file(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct sink_file	*to;
	struct msg_file		 m;
	int			 fd;

	(void)ch;
	if (msg_get_file(&f->body, &m) == -1)
		return -1;
	fd = f->fd;
	f->fd = -1;
	set_clock(ms);
	if ((to = file_of(ms, &m)) == NULL) {
		if (fd != -1)
			close(fd);
		return 0;
	}
	sink_file_tick(to, ms->env.now_us);
	sink_file_take(to, fd, (m.flags & FILE_REGULAR) != 0, m.name,
	    fd == -1 && m.error == 0 ? EBADF : (int)m.error);
	if (m.kind == FILE_RECORD && fd != -1)
		read_tail(ms, ms->copies[m.index]);
	hold_or_resume(ms);
	return 0;
}

static void
attach(struct mirror_state *ms, struct provider *p, int fd)
{
	const struct conf_mirror	*m;
	size_t				 i;

	for (i = 0; i < ms->ncopies; i++) {
		m = &ms->copies[i]->conf;
		if (strcmp(m->record_hook, provider_name(p)) == 0) {
			provider_attach(p, fd, m->name, HOOK_RECORD);
			return;
		}
		if (strcmp(m->forward_hook, provider_name(p)) == 0) {
			provider_attach(p, fd, m->name, HOOK_FORWARD);
			return;
		}
	}
	close(fd);
}

static int
mirror_on_provider(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	char			 name[CONF_NAME_MAX];
	size_t			 i;
	int			 fd;

	(void)ch;
	if (msg_get_path(&f->body, name, sizeof(name)) == -1 || f->fd == -1)
		return -1;
	fd = f->fd;
	f->fd = -1;
	for (i = 0; i < ms->nproviders; i++)
		if (strcmp(provider_name(ms->providers[i]), name) == 0) {
			attach(ms, ms->providers[i], fd);
			return 0;
		}
	close(fd);
	return 0;
}

static void
judged(void *arg, const struct provider_item *item, enum hook_verdict v)
{
	(void)arg;
	leg_judged(item, v);
}

/* The provider of a hook name, made when it is named first. */
static struct provider *
provider_of(struct mirror_state *ms, const char *name,
    const struct conf_mirror *m)
{
	struct provider_conf	 c = { .base = ms->proc->base, .name = name,
	    .timeout_us = m->hook_timeout_us, .limit = m->queue,
	    .done = judged, .arg = ms };
	struct provider		**p;
	size_t			 i;

	if (name[0] == '\0')
		return NULL;
	for (i = 0; i < ms->nproviders; i++)
		if (strcmp(provider_name(ms->providers[i]), name) == 0)
			return ms->providers[i];
	p = reallocarray(ms->providers, ms->nproviders + 1, sizeof(*p));
	if (p == NULL)
		fatal("mirror: hook");
	ms->providers = p;
	if ((p[ms->nproviders] = provider_new(&c)) == NULL)
		fatal("mirror: hook");
	provider_tick(p[ms->nproviders], ms->env.now_us);
	return p[ms->nproviders++];
}

/* ---- requests ---- */

static uint64_t
all_queued(const struct mirror_state *ms, uint64_t *limit)
{
	uint64_t	 n, most;
	size_t		 i;

	for (i = 0, n = 0, most = 0; i < ms->ncopies; i++) {
		n += copy_queued(ms->copies[i]);
		most += ms->copies[i]->conf.queue;
	}
	for (i = 0; i < ms->nproviders; i++)
		n += provider_stats(ms->providers[i])->queued;
	if (limit != NULL)
		*limit = most;
	return n;
}

static int
mirror_on_show(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct answer		 a;
	struct msg_show		 m;
	uint64_t		 limit, queued;
	size_t			 i;
	bool			 memory, any;

	if (msg_get_show(&f->body, &m) == -1)
		return -1;
	any = m.subject != SHOW_MIRRORS || m.nargs == 0;
	memory = m.subject != SHOW_MIRRORS;
	save_counters(ms);
	answer_begin(&a, ch, f->request);
	for (i = 0; i < ms->ncopies && m.subject != SHOW_MEMORY; i++)
		if (m.nargs == 0 || m.subject != SHOW_MIRRORS ||
		    strcmp(m.args[0], ms->copies[i]->conf.name) == 0) {
			show_mirror(&a, ms->copies[i]);
			any = true;
		}
	if (!any) {
		answer_error(ch, f->request, 1, "no mirror of this name");
		return 0;
	}
	if (memory) {
		queued = all_queued(ms, &limit);
		show_memory(&a, &ms->mem, streams_count(ms->streams), queued,
		    limit);
	}
	answer_end(&a);
	return 0;
}

static const struct {
	const char	*word;
	enum copy_state	 state;
} commands[] = {
	{ "start",	COPY_RUNS },
	{ "pause",	COPY_PAUSED },
	{ "stop",	COPY_STOPPED },
};

static int
command(struct mirror_state *ms, struct copy *c, const char *word)
{
	size_t	 i;

	if (strcmp(word, "rotate") == 0) {
		if (c->file != NULL)
			sink_file_rotate(c->file);
		return 0;
	}
	for (i = 0; i < nitems(commands); i++) {
		if (strcmp(word, commands[i].word) != 0)
			continue;
		set_clock(ms);
		copy_set_state(c, commands[i].state);
		return 0;
	}
	return -1;
}

static int
mirror_on_mirror(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct msg_show		 m;
	size_t			 i;

	if (msg_get_show(&f->body, &m) == -1)
		return -1;
	for (i = 0; m.nargs >= 2 && i < ms->ncopies; i++) {
		if (strcmp(ms->copies[i]->conf.name, m.args[0]) != 0)
			continue;
		if (command(ms, ms->copies[i], m.args[1]) == -1)
			break;
		chan_send(ch, MSG_END, f->request);
		return 0;
	}
	answer_error(ch, f->request, 1, m.nargs < 2 || i < ms->ncopies ?
	    "a mirror can be told start, stop, pause or rotate" :
	    "no mirror of this name");
	return 0;
}

static int
mirror_on_rotate(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	size_t			 i;

	for (i = 0; i < ms->nevents; i++)
		sink_file_rotate(ms->events[i].file);
	chan_send(ch, MSG_END, f->request);
	return 0;
}

/* Statistics only. */
static int
mirror_on_reset(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	size_t			 i;

	for (i = 0; i < ms->ncopies; i++)
		counters_clear(ms->copies[i]);
	save_counters(ms);
	log_notice("counters reset");
	chan_send(ch, MSG_END, f->request);
	return 0;
}

/* ---- configuration ---- */

static void
make_copies(struct mirror_state *ms, const struct conf *conf,
    struct copy **old, size_t nold)
{
	const struct conf_mirror	*m;
	struct copy			*c;
	size_t				 i, k;

	ms->copies = calloc(conf->nmirrors + 1, sizeof(*ms->copies));
	if (ms->copies == NULL)
		fatal("mirror: configuration");
	ms->ncopies = conf->nmirrors;
	for (i = 0; i < conf->nmirrors; i++) {
		m = &conf->mirrors[i];
		for (k = 0, c = NULL; k < nold && c == NULL; k++)
			if (old[k] != NULL &&
			    memcmp(&old[k]->conf, m, sizeof(*m)) == 0) {
				c = old[k];
				old[k] = NULL;
			}
		if (c == NULL && (c = copy_new(&ms->env, m,
		    (unsigned)i)) == NULL)
			fatal("mirror %s", m->name);
		c->index = (unsigned)i;
		c->provider[HOOK_RECORD] = provider_of(ms, m->record_hook, m);
		/* Without a target the forward hook is not called. */
		c->provider[HOOK_FORWARD] = m->has_forward ?
		    provider_of(ms, m->forward_hook, m) : NULL;
		ms->copies[i] = c;
	}
}

static unsigned
open_share(const struct conf *conf)
{
	unsigned	 n;
	size_t		 i;

	for (i = 0, n = 0; i < conf->nmirrors; i++)
		n += conf->mirrors[i].has_forward;
	return OPEN_MAX / (n == 0 ? 1 : n);
}

static void
mirror_commit(struct proc *p, const struct conf *before)
{
	struct mirror_state	*ms = p->state;
	struct events		*old_events = ms->events;
	struct copy		**old = ms->copies;
	size_t			 nold = ms->ncopies, nevents = ms->nevents, i;

	(void)before;
	set_clock(ms);
	flush_all(ms);
	ms->env.max_open = open_share(p->conf);
	make_copies(ms, p->conf, old, nold);
	for (i = 0; i < nold; i++)
		if (old[i] != NULL)
			streams_drop_copy(ms->streams, old[i]);
	streams_set_copies(ms->streams, ms->copies, ms->ncopies);
	for (i = 0; i < nold; i++)
		copy_free(old[i]);
	free(old);
	forget_counters(ms, nold);
	ms->events = events_new(ms, p->conf);
	ms->nevents = p->conf->nlogs;
	events_free(old_events, nevents);
	ms->start_us = ms->env.now_us;
}

/* ---- time ---- */

static void
gauges(struct mirror_state *ms)
{
	tally_set(&ms->proc->tally, TALLY_MIR_QUEUE, all_queued(ms, NULL));
}

/* What was open before and did not come again has ended meanwhile. */
static void
restart_over(struct mirror_state *ms)
{
	uint64_t	 next;

	next = ms->linked_packet_us != 0 ? ms->linked_packet_us :
	    ms->env.wall_us;
	streams_restored_end(ms->streams, next);
	tell_absence(ms, next);
	streams_restarted(ms->streams);
	ms->linked_us = 0;
}

static void
stop_if_idle(struct mirror_state *ms)
{
	size_t	 i;

	for (i = 0; i < ms->ncopies; i++)
		if (!copy_idle(ms->copies[i]) &&
		    ms->env.now_us - ms->stop_us < STOP_US)
			return;
	for (i = 0; i < ms->nevents; i++)
		sink_file_flush(ms->events[i].file);
	if (ms->linked_us != 0)
		restart_over(ms);
	save_end(ms);
	for (i = 0; i < ms->ncopies; i++)
		copy_tick(ms->copies[i]);
	gauges(ms);
	event_del(ms->tick);
	proc_bye(ms->proc);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct mirror_state	*ms = arg;
	size_t			 i;

	(void)fd;
	(void)what;
	set_clock(ms);
	for (i = 0; i < ms->nproviders; i++)
		provider_tick(ms->providers[i], ms->env.now_us);
	for (i = 0; i < ms->ncopies; i++)
		copy_tick(ms->copies[i]);
	for (i = 0; i < ms->nevents; i++) {
		sink_file_tick(ms->events[i].file, ms->env.now_us);
		sink_file_flush(ms->events[i].file);
	}
	streams_reap(ms->streams);
	save_end(ms);
	hold_or_resume(ms);
	if (ms->linked_us != 0 && !files_missing(ms) &&
	    ms->env.now_us - ms->linked_us > ORPHANS_US) {
		restart_over(ms);
	}
	if (ms->stop_us != 0)
		stop_if_idle(ms);
}

static void
mirror_tick(struct proc *p)
{
	struct mirror_state	*ms = p->state;

	streams_save(ms->streams);
	save_counters(ms);
	gauges(ms);
}

/* ---- life ---- */

static void
mirror_init(struct proc *p)
{
	struct mirror_state	*ms;
	struct streams_conf	 sc;

	if ((ms = calloc(1, sizeof(*ms))) == NULL)
		fatal("mirror: no memory");
	ms->proc = p;
	p->state = ms;
	buf_writer(&ms->save, ms->save_bytes, sizeof(ms->save_bytes));
	ms->mem.limit = p->conf->memory_limit / 4;
	ms->ops.want = want_file;
	ms->ops.own = own_tuple;
	ms->ops.find = find_leg;
	ms->ops.say = say;
	ms->ops.arg = ms;
	ms->env.base = p->base;
	ms->env.tally = &p->tally;
	ms->env.ops = &ms->ops;
	ms->env.offline = (p->hello.flags & HELLO_OFFLINE) != 0;
	ms->env.max_open = open_share(p->conf);
	set_clock(ms);
	ms->start_us = ms->env.now_us;
	make_copies(ms, p->conf, NULL, 0);
	ms->events = events_new(ms, p->conf);
	ms->nevents = p->conf->nlogs;
	memset(&sc, 0, sizeof(sc));
	sc.mem = &ms->mem;
	sc.tally = &p->tally;
	sc.copies = ms->copies;
	sc.ncopies = ms->ncopies;
	sc.restarted = (p->hello.flags & HELLO_RESTARTED) != 0;
	sc.save = save_open;
	sc.arg = ms;
	if (ms->events == NULL || (ms->streams = streams_new(&sc)) == NULL)
		fatal("mirror: no memory");
}

static void
mirror_run(struct proc *p)
{
	struct mirror_state	*ms = p->state;
	struct timeval		 tv = { .tv_usec = TICK_MS * 1000 };

	ms->tick = event_new(p->base, -1, EV_PERSIST, on_tick, ms);
	if (ms->tick == NULL || event_add(ms->tick, &tv) == -1)
		fatalx("mirror: out of memory");
	set_clock(ms);
	ms->start_us = ms->env.now_us;
	hold_or_resume(ms);
}

static void
mirror_stop(struct proc *p)
{
	struct mirror_state	*ms = p->state;
	size_t			 i;

	set_clock(ms);
	ms->stop_us = ms->env.now_us;
	streams_close_all(ms->streams, false);
	flush_all(ms);
	for (i = 0; i < ms->nproviders; i++)
		provider_flush(ms->providers[i]);
	stop_if_idle(ms);
}

static const struct handler from_parent[] = {
	{ MSG_FILE,	mirror_on_file },
	{ MSG_PROVIDER,	mirror_on_provider },
	{ MSG_SHOW,	mirror_on_show },
	{ MSG_MIRROR,	mirror_on_mirror },
	{ MSG_ROTATE,	mirror_on_rotate },
	{ MSG_RESET,	mirror_on_reset },
	{ 0,		NULL }
};

static const struct handler from_analyzer[] = {
	{ MSG_STREAM,	mirror_on_stream },
	{ MSG_EVENT,	mirror_on_event },
	{ MSG_DATA_END,	mirror_on_data_end },
	{ 0,		NULL }
};

static const struct proc_ops mirror_ops = {
	.role		= ROLE_MIRROR,
	.init		= mirror_init,
	.run		= mirror_run,
	.stop		= mirror_stop,
	.commit		= mirror_commit,
	.tick		= mirror_tick,
	.linked		= mirror_linked,
	.restore	= mirror_restore,
	.from		= { [ROLE_PARENT] = from_parent,
			    [ROLE_ANALYZER] = from_analyzer },
};

int
main(int argc, char **argv)
{
	return proc_main(argc, argv, &mirror_ops);
}
