/*
 * mirror: everything that leaves. It answers SHOW MIRRORS and MEMORY, MIRROR
 * and ROTATE; takes STREAM and EVENT from the analyzer; writes to the files
 * that the parent passes (FILE) and to the configured targets, through the
 * hooks of the configuration and the programs that attach (PROVIDER).
 */
#include <sys/utsname.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/copy.h"
#include "mirror/hold.h"
#include "mirror/hole.h"
#include "mirror/logs.h"
#include "mirror/orphans.h"
#include "mirror/passed.h"
#include "mirror/request.h"
#include "mirror/saved.h"
#include "mirror/streams.h"
#include "mirror/trouble.h"
#include "sandbox/answer.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"

#define LAST_WORDS	1024	/* frames; a socket holds fewer */
#define TICK_MS		100
#define ORPHANS_US	2000000		/* for open connections to be re-sent */
#define STOP_US		1500000		/* for answers, when told to stop */
#define OPEN_MAX	3800		/* outgoing connections of all */
#define OFFLINE_FRAMES	16		/* between two flushes */

/* ---- what copies ask of the shell ---- */

static void
want_file(void *arg, unsigned index, bool gaps, bool rotate)
{
	passed_want(arg, gaps ? FILE_GAPS : FILE_RECORD, index, rotate);
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

/* ---- mirrored bytes ---- */

static void
flush_all(struct mirror_state *ms)
{
	size_t	 i;

	/* Opened ones are saved before, ended ones after their records. */
	saved_send(ms);
	for (i = 0; i < ms->ncopies; i++)
		copy_flush(ms->copies[i]);
	streams_reap(ms->streams);
	saved_send(ms);
}

/* One line for all connections that came and went while nobody looked. */
static void
tell_absence(struct mirror_state *ms, uint64_t next_us)
{
	size_t	 i;

	for (i = 0; i < ms->ncopies; i++)
		hole_back(ms->copies[i], next_us, HOLE_SOME);
	for (i = 0; i < ms->ncopies && !ms->absence_told; i++)
		orphans_absence(ms->orphans, ms->copies[i],
		    ms->copies[i]->tail_us, next_us);
	ms->absence_told = true;
}

static void
fall_behind(struct mirror_state *ms, uint64_t ts_us)
{
	size_t	 i;

	for (i = 0; i < ms->ncopies; i++)
		hole_away(ms->copies[i], GAP_QUEUE, ts_us);
}

/* One of the mirrors was left behind, and is no more. */
static void
catch_up(struct mirror_state *ms, const struct msg_stream *m)
{
	if (m->id == 0 || m->id > ms->ncopies)
		return;
	hole_away(ms->copies[m->id - 1], GAP_QUEUE, m->ts_us);
	hole_back(ms->copies[m->id - 1], m->value, m->offset);
}

/* Of no connection: of all that there are, or perhaps were. */
static void
take_all(struct mirror_state *ms, const struct msg_stream *m)
{
	size_t	 i;

	if (m->kind == STREAM_CLOSE) {
		fall_behind(ms, m->ts_us);
		streams_lose_all(ms->streams, GAP_BEHIND);
		flush_all(ms);
		return;
	}
	for (i = 0; m->kind == STREAM_GAP && i < ms->ncopies; i++)
		hole_all(ms->copies[i], GAP_LOST, m->ts_us, m->value);
}

static void
take_stream(struct mirror_state *ms, const struct msg_stream *m)
{
	if (m->kind == STREAM_GAP && m->flags & STREAM_QUEUE) {
		catch_up(ms, m);
		return;
	}
	if (m->id == 0) {
		take_all(ms, m);
		return;
	}
	if (m->kind == STREAM_CLOSE && m->value == STREAM_BEHIND)
		fall_behind(ms, m->ts_us);
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
	state_clock(ms);
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
		hold_decide(ms);
	return 0;
}

static void
tell_refused(struct mirror_state *ms)
{
	size_t	 i;

	for (i = 0; i < ms->ncopies; i++)
		hole_tell_refused(ms->copies[i]);
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
	state_clock(ms);
	streams_close_all(ms->streams);
	flush_all(ms);
	tell_refused(ms);
	logs_flush(ms);
	return 0;
}

static void
mirror_linked(struct proc *p, enum role peer)
{
	struct mirror_state	*ms = p->state;
	size_t			 i;

	if (peer != ROLE_ANALYZER)
		return;
	state_clock(ms);
	/* None was lost before the first one has said anything. */
	for (i = 0; i < ms->ncopies && ms->env.packet_us != 0; i++)
		hole_away(ms->copies[i], GAP_ANALYZER, ms->env.packet_us);
	streams_lose_all(ms->streams, GAP_ANALYZER);
	flush_all(ms);
	for (i = 0; i < ms->ncopies; i++)
		if (ms->copies[i]->tcp != NULL)
			sink_tcp_tell(ms->copies[i]->tcp);
	if (ms->linked_us == 0)
		ms->linked_us = ms->env.now_us;
	ms->linked_packet_us = 0;
}

/* ---- configuration ---- */

/*
 * A copy whose block has not changed goes on. Both were unpacked into zeroed
 * memory, so what is equal is so in every byte.
 */
static struct copy *
unchanged(struct copy **old, size_t nold, const struct conf_mirror *m)
{
	struct copy	*c;
	size_t		 i;

	for (i = 0; i < nold; i++) {
		if ((c = old[i]) == NULL ||
		    memcmp(&c->conf, m, sizeof(*m)) != 0)
			continue;
		old[i] = NULL;
		return c;
	}
	return NULL;
}

static struct copy *
make_copy(struct mirror_state *ms, const struct conf_mirror *m,
    unsigned index, struct copy *c)
{
	if (c == NULL && (c = copy_new(&ms->env, m, index)) == NULL)
		fatal("mirror %s", m->name);
	c->index = index;
	c->provider[HOOK_RECORD] = passed_provider(ms, m->record_hook, m);
	/* Without a target the forward hook is not called. */
	c->provider[HOOK_FORWARD] = m->has_forward ?
	    passed_provider(ms, m->forward_hook, m) : NULL;
	return c;
}

static void
make_copies(struct mirror_state *ms, const struct conf *conf,
    struct copy **old, size_t nold)
{
	const struct conf_mirror	*m = conf->mirrors;
	size_t				 i;

	ms->copies = calloc(conf->nmirrors + 1, sizeof(*ms->copies));
	if (ms->copies == NULL)
		fatal("mirror: configuration");
	ms->ncopies = conf->nmirrors;
	for (i = 0; i < conf->nmirrors; i++)
		ms->copies[i] = make_copy(ms, &m[i], (unsigned)i,
		    unchanged(old, nold, &m[i]));
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

/* NULL: there is no mirror of that name any more. */
static struct copy *
named(const struct mirror_state *ms, const char *name)
{
	size_t	 i;

	for (i = 0; i < ms->ncopies; i++)
		if (strcmp(ms->copies[i]->conf.name, name) == 0)
			return ms->copies[i];
	return NULL;
}

/* What its program still has is lost, and told before it goes. */
static void
drop_copy(struct mirror_state *ms, struct copy *c)
{
	unsigned	 side;

	for (side = 0; side < HOOK_SIDES; side++)
		if (c->provider[side] != NULL)
			provider_give_up(c->provider[side]);
	streams_drop_copy(ms->streams, c, named(ms, c->conf.name));
}

static void
mirror_commit(struct proc *p, const struct conf *before)
{
	struct mirror_state	*ms = p->state;
	struct event_log		*old_events = ms->logs;
	struct copy		**old = ms->copies;
	size_t			 nold = ms->ncopies, nevents = ms->nlogs, i;

	(void)before;
	state_clock(ms);
	flush_all(ms);
	ms->env.max_open = open_share(p->conf);
	ms->env.section_depth = p->conf->stats.section_depth;
	ms->mem.limit = conf_mirror_memory(p->conf);
	if (ms->mem.limit < ms->mem.used)
		ms->mem.limit = ms->mem.used;	/* till the next reload */
	make_copies(ms, p->conf, old, nold);
	for (i = 0; i < nold; i++)
		if (old[i] != NULL)
			drop_copy(ms, old[i]);
	streams_set_copies(ms->streams, ms->copies, ms->ncopies);
	for (i = 0; i < nold; i++)
		copy_free(old[i]);
	free(old);
	saved_forget(ms, nold);
	ms->logs = logs_new(ms, p->conf);
	ms->nlogs = p->conf->nlogs;
	logs_free(old_events, nevents);
	saved_logs(ms, nevents);
	ms->start_us = ms->env.now_us;
	hold_decide(ms);
}

/* ---- time ---- */

static void
gauges(struct mirror_state *ms)
{
	tally_set(&ms->proc->tally, TALLY_MIR_QUEUE, hold_queued(ms, NULL));
}

/* What was open before and did not come again has ended meanwhile. */
static void
restart_over(struct mirror_state *ms)
{
	uint64_t	 next;

	next = ms->linked_packet_us != 0 ? ms->linked_packet_us :
	    ms->env.wall_us;
	tell_absence(ms, next);
	orphans_end(ms->orphans, ms->copies, ms->ncopies, next);
	ms->linked_us = 0;
}

static bool
is_idle(const struct mirror_state *ms)
{
	size_t	 i;

	for (i = 0; i < ms->nproviders; i++)
		if (provider_queued(ms->providers[i]) > 0)
			return false;
	for (i = 0; i < ms->ncopies; i++)
		if (!copy_idle(ms->copies[i]))
			return false;
	return true;
}

static void
stop_if_idle(struct mirror_state *ms)
{
	size_t	 i;

	if (!is_idle(ms) && ms->env.now_us - ms->stop_us < STOP_US)
		return;
	for (i = 0; i < ms->nproviders; i++)
		provider_give_up(ms->providers[i]);
	flush_all(ms);
	logs_flush(ms);
	if (ms->linked_us != 0)
		restart_over(ms);
	saved_send(ms);
	for (i = 0; i < ms->ncopies; i++) {
		hole_end(ms->copies[i]);
		copy_tick(ms->copies[i]);
	}
	/* For the one that takes its place at a reload. */
	saved_counters(ms);
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
	state_clock(ms);
	for (i = 0; i < ms->nproviders; i++)
		provider_tick(ms->providers[i], ms->env.now_us);
	for (i = 0; i < ms->ncopies; i++)
		copy_tick(ms->copies[i]);
	logs_tick(ms);
	trouble_tell(ms);
	streams_reap(ms->streams);
	saved_send(ms);
	saved_again(ms);
	hold_decide(ms);
	if (ms->linked_us != 0 && !hold_for_files(ms) &&
	    ms->env.now_us - ms->linked_us > ORPHANS_US)
		restart_over(ms);
	if (ms->stop_us != 0)
		stop_if_idle(ms);
}

static void
mirror_tick(struct proc *p)
{
	struct mirror_state	*ms = p->state;

	streams_save(ms->streams);
	tell_refused(ms);
	saved_counters(ms);
	gauges(ms);
}

/* ---- life ---- */

static void
mirror_init(struct proc *p)
{
	struct mirror_state	*ms;
	struct streams_conf	 sc;
	struct utsname		 u;

	if ((ms = calloc(1, sizeof(*ms))) == NULL)
		fatal("mirror: no memory");
	ms->proc = p;
	p->state = ms;
	saved_init(ms);
	ms->mem.limit = conf_mirror_memory(p->conf);
	ms->ops = (struct copy_ops){ .want = want_file, .own = own_tuple,
	    .find = find_leg, .say = say, .arg = ms };
	if (uname(&u) == 0)
		compat_strlcpy(ms->node, u.nodename, sizeof(ms->node));
	ms->env.base = p->base;
	ms->env.tally = &p->tally;
	ms->env.ops = &ms->ops;
	ms->env.mem = &ms->mem;
	ms->env.offline = (p->hello.flags & HELLO_OFFLINE) != 0;
	ms->env.max_open = open_share(p->conf);
	ms->env.section_depth = p->conf->stats.section_depth;
	ms->env.clock = proc_mono_us;
	state_clock(ms);
	ms->start_us = ms->env.now_us;
	make_copies(ms, p->conf, NULL, 0);
	ms->logs = logs_new(ms, p->conf);
	ms->nlogs = p->conf->nlogs;
	ms->orphans = orphans_new(&ms->slots,
	    (p->hello.flags & HELLO_RESTARTED) != 0);
	memset(&sc, 0, sizeof(sc));
	sc.mem = &ms->mem;
	sc.tally = &p->tally;
	sc.copies = ms->copies;
	sc.ncopies = ms->ncopies;
	sc.slots = &ms->slots;
	sc.orphans = ms->orphans;
	if (ms->orphans == NULL || (ms->streams = streams_new(&sc)) == NULL)
		fatal("mirror: no memory");
}

static void
mirror_restore(struct proc *p, const struct msg_slot *m)
{
	saved_restore(p->state, m);
}

static void
mirror_run(struct proc *p)
{
	struct mirror_state	*ms = p->state;
	struct timeval		 tv = { .tv_usec = TICK_MS * 1000 };

	ms->tick = event_new(p->base, -1, EV_PERSIST, on_tick, ms);
	if (ms->tick == NULL || event_add(ms->tick, &tv) == -1)
		fatalx("mirror: out of memory");
	state_clock(ms);
	ms->start_us = ms->env.now_us;
	hold_decide(ms);
}

static void
mirror_stop(struct proc *p)
{
	struct mirror_state	*ms = p->state;
	size_t			 i;

	/* The analyzer has ended: its last words may not be read yet. */
	if (p->chan[ROLE_ANALYZER] != NULL)
		chan_receive(p->chan[ROLE_ANALYZER], LAST_WORDS);
	state_clock(ms);
	ms->stop_us = ms->env.now_us;
	streams_close_all(ms->streams);
	flush_all(ms);
	for (i = 0; i < ms->nproviders; i++)
		provider_flush(ms->providers[i]);
	stop_if_idle(ms);
}

static const struct handler from_parent[] = {
	{ MSG_FILE,	passed_on_file },
	{ MSG_PROVIDER,	passed_on_provider },
	{ MSG_SHOW,	request_on_show },
	{ MSG_MIRROR,	request_on_mirror },
	{ MSG_ROTATE,	request_on_rotate },
	{ MSG_RESET,	request_on_reset },
	{ 0,		NULL }
};

static const struct handler from_analyzer[] = {
	{ MSG_STREAM,	mirror_on_stream },
	{ MSG_EVENT,	logs_on_event },
	{ MSG_EVENTS_FROM, logs_on_events_from },
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
