/*
 * netmond-analyzer: packets in; statistics, alerts, events and streams out.
 * The shell: handlers, timers, life. Everything else is in the modules.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/clock.h"
#include "analyzer/collect.h"
#include "analyzer/conn.h"
#include "analyzer/evidence.h"
#include "analyzer/history.h"
#include "analyzer/ifaces.h"
#include "analyzer/intake.h"
#include "analyzer/live.h"
#include "analyzer/out.h"
#include "analyzer/said.h"
#include "analyzer/save.h"
#include "analyzer/seen.h"
#include "analyzer/show.h"
#include "analyzer/state.h"
#include "analyzer/stream.h"
#include "analyzer/talkers.h"
#include "sandbox/log.h"

#define TICK_BUSY_US	50000
#define TICK_IDLE_US	500000
#define FRAG_LIMIT	(16 * 1024 * 1024)
#define FRAG_SHARE	16	/* of the memory: a flood must not blind us */
#define OFFLINE_HIGH	(256 * 1024)

static int
analyzer_on_data_end(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct analyzer		*az = p->state;
	struct msg_data_end	 m;

	(void)ch;
	if (msg_get_data_end(&f->body, &m) == -1)
		return -1;
	az->ended = true;
	az->damaged = m.error != 0;
	frag_flush(az->frags);
	if (az->quic != NULL)
		quichello_flush(az->quic);
	flow_flush(az->flows, az->max_ts);
	collect_all(az);
	if (az->event_types & CONF_EV_STATS)
		out_stats(az);
	stream_tell_unread(az);
	out_flush(az);
	msg_put_data_end(chan_begin(p->chan[ROLE_MIRROR], MSG_DATA_END, 0),
	    &m);
	chan_end(p->chan[ROLE_MIRROR]);
	return 0;
}

/* ---- requests ---- */

static int
analyzer_on_show(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	struct analyzer	*az = p->state;
	struct msg_show	 m;

	if (msg_get_show(&f->body, &m) == -1)
		return -1;
	clock_catch_up(az);
	out_flush(az);
	save_send(az);
	proc_send_tally(p);
	show_answer(az, &m, ch, f->request);
	return 0;
}

static int
analyzer_on_reset(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	struct analyzer	*az = p->state;
	struct msg_show	 m;
	struct iface	*i;
	uint32_t	 k;

	if (msg_get_show(&f->body, &m) == -1)
		return -1;
	clock_catch_up(az);
	history_end(az);
	talkers_tell(az);
	meter_reset(az->meter);
	named_reset(az->named);
	memset(az->mem.refused, 0, sizeof(az->mem.refused));
	for (k = 0; k < az->nifaces; k++)
		if ((i = state_iface(az, (uint16_t)k)) != NULL)
			i->entry = meter_iface(az->meter, i->info.name);
	memset(az->rules->hits, 0, (p->conf->nrules + 1) *
	    sizeof(az->rules->hits[0]));
	log_notice("counters reset");
	save_send(az);
	chan_send(ch, MSG_END, f->request);
	return 0;
}

static int
analyzer_on_lost_time(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct analyzer		*az = p->state;
	struct msg_lost_time	 m;

	(void)ch;
	if (msg_get_lost_time(&f->body, &m) == -1)
		return -1;
	if (m.role == ROLE_MIRROR || az->offline)
		return 0;
	if (m.role == ROLE_CAPTURE) {
		az->away_us = m.to_us == MSG_LOST_STILL ? m.from_us : 0;
		az->silent = false;
	}
	if (m.to_us == MSG_LOST_STILL) {
		meter_away(az->meter, m.from_us);
		return 0;
	}
	/* Of an analyzer mirror knows itself. */
	if (m.role == ROLE_CAPTURE)
		stream_missed(az, state_print_time(az, m.from_us),
		    state_print_time(az, m.to_us));
	meter_lost_time(az->meter, m.from_us, m.to_us,
	    m.role == ROLE_CAPTURE ? az->linked_us : az->run_us);
	return 0;
}

static int
analyzer_on_own_tuple(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct analyzer		*az = p->state;
	struct msg_own_tuple	 m;

	(void)ch;
	if (msg_get_own_tuple(&f->body, &m) == -1)
		return -1;
	/* Mirror, taken over, could hide other connections from the count. */
	if (m.gone)
		own_end(az->own, &m.source, &m.target, az->now);
	else if (!conf_is_target(p->conf, &m.target))
		tally_add(&p->tally, TALLY_OWN_REFUSED, 1);
	else if (own_begin(az->own, &m.source, &m.target) == -1)
		tally_add(&p->tally, TALLY_OWN_UNPLACED, 1);
	return 0;
}

static int
analyzer_on_events_done(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	uint64_t	 next = buf_get_u64(&f->body);

	(void)ch;
	if (buf_end(&f->body) == -1)
		return -1;
	out_done(p->state, next);
	return 0;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct analyzer	*az = arg;
	struct timeval	 tv = { 0, TICK_IDLE_US };

	(void)fd;
	(void)what;
	if (!az->offline) {
		clock_anchor(az);
		az->ts = proc_wall_us();
		flow_tick(az->flows, az->mono);
		frag_tick(az->frags, az->mono);
		if (az->quic != NULL)
			quichello_tick(az->quic, az->mono);
		clock_catch_up(az);
		stream_tick(az);
		out_flush(az);
		save_said(az);
	}
	if (flow_live(az->flows) > 0)
		tv.tv_usec = TICK_BUSY_US;
	event_add(az->ev_tick, &tv);
}

static void
analyzer_tick(struct proc *p)
{
	struct analyzer	*az = p->state;

	clock_catch_up(az);
	live_tick(az);
	ifaces_age(az);
	if ((az->event_types & CONF_EV_STATS) && !az->offline &&
	    az->now >= az->stats_us + az->proc->conf->window_us)
		out_stats(az);
	stream_tell_unread(az);
	out_flush(az);		/* also of a file that comes slowly */
	save_send(az);
}

static void
analyzer_linked(struct proc *p, enum role peer)
{
	struct analyzer	*az = p->state;
	uint32_t	 i;

	if (peer == ROLE_MIRROR) {
		/* Its sockets went with it; their last packets may come. */
		own_end_all(az->own, az->now);
		if (!az->offline)
			stream_reopen_all(az);
		out_relinked(az);
		out_flush(az);
		out_drained(p, peer);
		return;
	}
	az->linked_us = proc_mono_us();
	az->heard_us = az->away_us = 0;
	az->silent = false;
	meter_back(az->meter, az->linked_us);
	collect_all(az);
	for (i = 0; i < az->nifaces; i++) {
		az->ifaces[i].known = false;
		az->ifaces[i].has_stat = false;
	}
	if (az->had_capture)
		az->number = 0;
	az->had_capture = true;
}

static void
set_conf(struct analyzer *az, const struct conf *c)
{
	struct session_conf	 s, *new;

	az->event_types = event_types(c);
	said_session_conf(&s, c);
	if (az->sconf != NULL && memcmp(&s, az->sconf, sizeof(s)) == 0)
		return;
	/* Live sessions keep the one that they began with. */
	if ((new = malloc(sizeof(*new))) == NULL)
		return;
	*new = s;
	az->sconf = new;
}

static void
make_batches(struct analyzer *az)
{
	az->events = aligned_alloc(FRAME_ALIGN, sizeof(*az->events));
	az->streams = aligned_alloc(FRAME_ALIGN, sizeof(*az->streams));
	az->ifaces = calloc(MSG_IFACES_MAX, sizeof(az->ifaces[0]));
	az->own = own_new();
	if (az->events == NULL || az->streams == NULL || az->ifaces == NULL ||
	    az->own == NULL)
		fatalx("out of memory");
	event_batch_init(az->events, out_events, az);
	event_batch_init(az->streams, out_streams, az);
}

static void
flow_conf(const struct conf *c, struct flow_config *fc)
{
	flow_config_default(fc);
	fc->volumes = c->stats.max_talkers > 0;
}

static void
make_tables(struct analyzer *az)
{
	struct flow_config	 fc;
	struct proc		*p = az->proc;
	uint64_t		 frags = az->mem.limit / FRAG_SHARE;

	flow_conf(p->conf, &fc);
	az->frags = frag_table_new(&az->mem, &p->seed,
	    frags < FRAG_LIMIT ? frags : FRAG_LIMIT, talkers_fragments, az);
	az->flows = flow_table_new(&fc, &p->seed, &az->mem, &seen_ops,
	    &conn_feed, az);
	if (az->frags == NULL || az->flows == NULL)
		fatalx("out of memory");
}

static void
analyzer_init(struct proc *p)
{
	struct analyzer		*az;
	struct meter_conf	 mc;
	char			 prefix[16];

	if ((az = calloc(1, sizeof(*az))) == NULL)
		fatalx("out of memory");
	p->state = az;
	az->proc = p;
	az->offline = p->conf->offline;
	az->told.replaced = (p->hello.flags & HELLO_RESTARTED) != 0;
	az->mem.limit = conf_analyzer_memory(p->conf);
	TAILQ_INIT(&az->mirrored);
	TAILQ_INIT(&az->skipped);
	if (!az->offline)
		az->now = proc_mono_us();
	clock_anchor(az);
	set_conf(az, p->conf);
	make_batches(az);
	meter_conf_init(&mc, p->conf);
	snprintf(prefix, sizeof(prefix), "%llx", az->offline ? 0ULL :
	    (unsigned long long)(p->hello.epoch / 1000000 & 0xfffff));
	az->meter = meter_new(&mc, &p->seed, &az->mem);
	az->rules = rule_new(p->conf, 1);
	az->alerts = alert_new(p->conf, prefix, &out_alert_ops, az, &az->mem,
	    &p->seed, az->now);
	az->named = named_new(p->conf->stats.metric_hosts);
	if (az->meter == NULL || az->rules == NULL || az->alerts == NULL ||
	    az->named == NULL)
		fatalx("out of memory");
	recent_init(&az->recent, &az->mem, said_recent_size(p->conf));
	ended_init(&az->closed, &az->mem);
	make_tables(az);
	history_conf(az, p->conf);
	evidence_conf(az, p->conf);
	if (!az->offline) {
		save_init(az);
		meter_advance(az->meter, az->now);
	}
}

static void
analyzer_run(struct proc *p)
{
	struct analyzer	*az = p->state;

	az->run_us = az->mono = proc_mono_us();
	az->ev_tick = evtimer_new(p->base, on_timer, az);
	if (az->ev_tick == NULL)
		fatalx("out of memory");
	if (!az->offline) {
		on_timer(-1, 0, az);
		return;
	}
	/* What waits for the mirror waits in the file, and stays warm here. */
	chan_set_high_mark(p->chan[ROLE_MIRROR], OFFLINE_HIGH);
	/* Nothing may be lost: no input before mirror can hear of it. */
	az->paused = true;
	chan_pause(p->chan[ROLE_CAPTURE]);
}

static void
analyzer_stop(struct proc *p)
{
	struct analyzer	*az = p->state;

	if (!az->ended) {
		frag_flush(az->frags);
		if (az->quic != NULL)
			quichello_flush(az->quic);
		flow_flush(az->flows, az->offline ? az->max_ts :
		    proc_wall_us());
	}
	clock_catch_up(az);
	history_end(az);
	alert_end(az->alerts);
	stream_resume(az);	/* it may read on, until it is stopped too */
	stream_tell_unread(az);
	out_flush(az);
	save_send(az);
	proc_bye(p);
}

static void
analyzer_commit(struct proc *p, const struct conf *old)
{
	struct analyzer		*az = p->state;
	struct meter_conf	 mc;
	struct rule_set		*rules;
	struct flow_config	 fc;
	unsigned		 k;

	clock_catch_up(az);
	for (k = 0; k < az->nifaces; k++)
		ifaces_set_closed(p->conf, &az->ifaces[k]);
	if ((rules = rule_new(p->conf, az->rules->epoch + 1)) != NULL) {
		rule_carry(rules, az->rules);
		rule_free(az->rules);
		az->rules = rules;
	} else
		fatalx("out of memory");
	if (alert_reconf(az->alerts, p->conf) == -1)
		fatalx("out of memory");
	talkers_conf(az, p->conf);
	/* A smaller ring of headers makes room before connections do. */
	if (conf_analyzer_memory(p->conf) < az->mem.limit)
		evidence_conf(az, p->conf);
	az->mem.limit = conf_analyzer_memory(p->conf);
	if (az->mem.limit < az->mem.used) {
		flow_shed(az->flows, az->mem.used - az->mem.limit,
		    az->max_ts);
		if (az->mem.limit < az->mem.used)
			az->mem.limit = az->mem.used;
	}
	meter_conf_init(&mc, p->conf);
	meter_reconf(az->meter, &mc);
	flow_conf(p->conf, &fc);
	flow_table_config(az->flows, &fc);
	history_conf(az, p->conf);
	evidence_conf(az, p->conf);
	if (said_recent_size(old) != said_recent_size(p->conf)) {
		recent_clear(&az->recent);
		recent_init(&az->recent, &az->mem, said_recent_size(p->conf));
	}
	az->named->max = p->conf->stats.metric_hosts;
	set_conf(az, p->conf);
	stream_new_mirrors(az, old);
}

static int
analyzer_check(struct proc *p, const struct conf *c, char *why, size_t size)
{
	(void)p;
	if (c->memory_limit >= 4 * 1024 * 1024)
		return 0;
	snprintf(why, size, "memory limit: at least 4M");
	return -1;
}

static void
analyzer_restore(struct proc *p, const struct msg_slot *s)
{
	save_restore(p->state, s);
}

static int
analyzer_on_live(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	struct analyzer	*az = p->state;

	(void)ch;
	return msg_get_number(&f->body, &az->live.types);
}

static const struct handler from_parent[] = {
	{ MSG_SHOW,		analyzer_on_show },
	{ MSG_LIVE,		analyzer_on_live },
	{ MSG_RESET,		analyzer_on_reset },
	{ MSG_LOST_TIME,	analyzer_on_lost_time },
	{ 0,			NULL }
};
static const struct handler from_capture[] = {
	{ MSG_PACKETS,		analyzer_on_packets },
	{ MSG_CAPSTAT,		analyzer_on_capstat },
	{ MSG_IFACE,		analyzer_on_iface },
	{ MSG_LOCAL,		analyzer_on_local },
	{ MSG_DATA_END,		analyzer_on_data_end },
	{ 0,			NULL }
};
static const struct handler from_mirror[] = {
	{ MSG_OWN_TUPLE,	analyzer_on_own_tuple },
	{ MSG_EVENTS_DONE,	analyzer_on_events_done },
	{ 0,			NULL }
};

static const struct proc_ops ops = {
	.role		= ROLE_ANALYZER,
	.check		= analyzer_check,
	.init		= analyzer_init,
	.run		= analyzer_run,
	.stop		= analyzer_stop,
	.commit		= analyzer_commit,
	.tick		= analyzer_tick,
	.linked		= analyzer_linked,
	.restore	= analyzer_restore,
	.drained	= out_drained,
	.from		= {
		[ROLE_PARENT]	= from_parent,
		[ROLE_CAPTURE]	= from_capture,
		[ROLE_MIRROR]	= from_mirror,
	},
};

int
main(int argc, char **argv)
{
	return proc_main(argc, argv, &ops);
}
