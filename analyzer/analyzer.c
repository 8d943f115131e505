/*
 * netmond-analyzer: packets in; statistics, alerts, events and streams out.
 * The shell: handlers, timers, clocks. Everything else is in the modules.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/conn.h"
#include "analyzer/live.h"
#include "analyzer/rows.h"
#include "analyzer/said.h"
#include "analyzer/save.h"
#include "analyzer/seen.h"
#include "analyzer/show.h"
#include "analyzer/state.h"
#include "analyzer/stream.h"
#include "sandbox/crash.h"
#include "sandbox/log.h"
#include "sandbox/vis.h"

#define AHEAD		16		/* packets parsed before their turn */
#define TICK_BUSY_US	50000
#define TICK_IDLE_US	500000
#define FRAG_LIMIT	(16 * 1024 * 1024)
#define FRAG_SHARE	16	/* of the memory: a flood must not blind us */
#define OWN_LINGER_US	5000000ULL
#define BACK_US		1000000ULL	/* a jump, not just another queue */
#define QUEUED_US	60000000ULL	/* no packet waits longer for us */

/* ---- out to the mirror ---- */

#define EVENTS_HIGH	(4 * 1024 * 1024)	/* queued: no more events */
#define OFFLINE_HIGH	(256 * 1024)

static bool
send_batch(struct analyzer *az, struct event_batch *b, uint16_t type)
{
	struct chan	*ch = az->proc->chan[ROLE_MIRROR];

	if (!az->proc->linked[ROLE_MIRROR] && !az->offline)
		return false;
	/* Event lines go first; streams were let in one by one. */
	if (!az->offline && type == MSG_EVENT &&
	    chan_queued(ch) > EVENTS_HIGH)
		return false;
	if (chan_send_raw(ch, type, 0, b->frame, b->body.len) == -1)
		return false;
	if (az->offline && !chan_ready(ch) && !az->paused && !az->ended) {
		az->paused = true;
		chan_pause(az->proc->chan[ROLE_CAPTURE]);
	}
	return true;
}

static bool
flush_events(void *arg, struct event_batch *b)
{
	return send_batch(arg, b, MSG_EVENT);
}

static bool
flush_streams(void *arg, struct event_batch *b)
{
	return send_batch(arg, b, MSG_STREAM);
}

static void
flush_batches(struct analyzer *az)
{
	uint32_t	 lost;

	if ((lost = event_batch_flush(az->streams)) > 0)
		tally_add(&az->proc->tally, TALLY_STREAM_DROPPED, lost);
	if ((lost = event_batch_flush(az->events)) > 0)
		tally_add(&az->proc->tally, TALLY_EVENT_DROPPED, lost);
}

static void
analyzer_drained(struct proc *p, enum role peer)
{
	struct analyzer	*az = p->state;

	if (peer == ROLE_MIRROR && az->paused) {
		az->paused = false;
		chan_resume(p->chan[ROLE_CAPTURE]);
	}
}

/* ---- alerts out ---- */

static void
on_alert(void *arg, const struct alert_event *e)
{
	struct analyzer		*az = arg;
	struct msg_event	 ev;
	struct buf		 b;
	uint8_t			 rows[8192];

	if (e->kind == ALERT_EV_FIRED)
		tally_add(&az->proc->tally, TALLY_ALERT_FIRED, 1);
	if (e->kind == ALERT_EV_CLEARED)
		tally_add(&az->proc->tally, TALLY_ALERT_CLEARED, 1);
	buf_writer(&b, rows, sizeof(rows));
	alert_event_rows(e, &b);
	buf_put(chan_begin(az->proc->chan[ROLE_PARENT], MSG_ALERT, 0), rows,
	    b.len);
	chan_end(az->proc->chan[ROLE_PARENT]);
	if (!(az->event_types & CONF_EV_ALERT))
		return;
	event_flow(&ev, EVENT_ALERT, e->time_us, NULL);
	ev.tx_id = e->number;
	ev.rows.p = rows;
	ev.rows.n = b.len;
	tally_add(&az->proc->tally, TALLY_EVENT_SENT, 1);
	if (event_put(az->events, &ev) > 0)
		tally_add(&az->proc->tally, TALLY_EVENT_DROPPED, 1);
}

static double
alert_complete(void *arg, const char *on, uint64_t span_us, bool *gone)
{
	return show_complete(arg, on, span_us, gone);
}

static unsigned
alert_top(void *arg, const struct conf_alert *c, const char *key,
    struct alert_top top[ALERT_TOP])
{
	if (*key != '\0')
		return 0;
	return show_top(arg, c->span_us, top);
}

static uint64_t
alert_time(void *arg, uint64_t us)
{
	return state_print_time(arg, us);
}

static const struct alert_ops alert_ops = {
	.event		= on_alert,
	.complete	= alert_complete,
	.top		= alert_top,
	.print_time	= alert_time,
};

/* The counters, for logs that want them. */
static void
send_stats(struct analyzer *az)
{
	struct msg_event	 e;
	struct buf		 b;
	uint8_t			 rows[8192];

	az->stats_us = az->now;
	buf_writer(&b, rows, sizeof(rows));
	rows_tallies(az, &b);
	event_flow(&e, EVENT_STATS, state_print_time(az, az->now), NULL);
	e.start_us = az->offline ? az->meter->first_us :
	    az->proc->hello.epoch;
	e.rows.p = rows;
	e.rows.n = b.len;
	tally_add(&az->proc->tally, TALLY_EVENT_SENT, 1);
	if (event_put(az->events, &e) > 0)
		tally_add(&az->proc->tally, TALLY_EVENT_DROPPED, 1);
}

/* ---- counting ---- */

/* What was gathered for an interface goes to the meter. */
static void
flush_iface(struct analyzer *az, struct iface *i)
{
	struct alert_what	 w;

	i->touched = false;
	meter_add(az->meter, i->entry, MC_PACKETS, i->packets);
	meter_add(az->meter, i->entry, MC_BYTES, i->bytes);
	meter_add(az->meter, i->entry, MC_SEEN_AGAIN, i->again);
	meter_add(az->meter, i->entry, MC_PAYLOAD, i->payload);
	meter_add(az->meter, i->entry, MC_CUT_PACKETS, i->cut);
	meter_add(az->meter, i->entry, MC_SHED, i->shed);
	meter_add(az->meter, i->entry, MC_SEGMENTS, i->segments);
	meter_add(az->meter, i->entry, MC_RETRANS, i->retrans);
	memset(&w, 0, sizeof(w));
	w.iface = i->info.name;
	w.vlan = -1;
	alert_count(az->alerts, METRIC_PACKETS, &w, i->packets);
	alert_count(az->alerts, METRIC_BYTES, &w, i->bytes);
	if (i->retrans > 0)
		alert_count(az->alerts, METRIC_RETRANSMITS, &w, i->retrans);
	i->packets = i->bytes = i->again = i->payload = i->cut =
	    i->shed = i->segments = i->retrans = 0;
}

static void
add_delta(struct analyzer *az, unsigned counter, uint64_t now, uint64_t *seen)
{
	if (now > *seen && az->meter->total != NULL)
		sketch_add(az->meter->total, counter, now - *seen);
	*seen = now;
}

/* Connections that were being read and were given up for memory. */
static void
count_given_up(struct analyzer *az)
{
	uint64_t	 now, seen;

	now = flow_count(az->flows, FLOW_C_SHED_READ);
	seen = az->flow_seen[FLOW_C_SHED_READ];
	if (now > seen)
		meter_add(az->meter, NULL, MC_SHED, now - seen);
}

/* Counts that the modules below keep themselves. */
static void
collect(struct analyzer *az)
{
	struct sketch_entry	*t = az->meter->total;
	unsigned		 i;

	for (i = 0; i < az->nifaces; i++)
		if (az->ifaces[i].touched)
			flush_iface(az, &az->ifaces[i]);
	for (i = 0; i < PACKET_REASON_MAX; i++)
		if (az->reasons[i] > 0 && t != NULL)
			sketch_add(t, MC_REASON + i, az->reasons[i]);
	for (i = 0; i < PACKET_TUNNEL_MAX; i++)
		if (az->tunnels[i] > 0 && t != NULL)
			sketch_add(t, MC_TUNNEL + i, az->tunnels[i]);
	memset(az->reasons, 0, sizeof(az->reasons));
	memset(az->tunnels, 0, sizeof(az->tunnels));
	count_given_up(az);
	for (i = 0; i < FLOW_COUNT_MAX; i++)
		add_delta(az, MC_FLOW + i, flow_count(az->flows,
		    (enum flow_count)i), &az->flow_seen[i]);
	for (i = 0; i < REASS_COUNT_MAX; i++)
		add_delta(az, MC_REASS + i, flow_reass_count(az->flows,
		    (enum reass_count)i), &az->reass_seen[i]);
	for (i = 0; i < FRAG_COUNT_MAX; i++)
		add_delta(az, MC_FRAG + i, frag_count(az->frags,
		    (enum frag_count)i), &az->frag_seen[i]);
	meter_flush(az->meter);
}

/* ---- time ---- */

static void
advance(struct analyzer *az, uint64_t now)
{
	if (now < az->now)
		return;
	/* A slice ends: what belongs to it must be in it. */
	if (now >= az->meter->slice_end_us ||
	    now >= alert_next_us(az->alerts))
		collect(az);
	az->now = now;
	meter_advance(az->meter, now);
	alert_slices(az->alerts, now);
}

/* Live: the clocks of this moment; packet time is the wall clock's. */
static void
anchor(struct analyzer *az)
{
	if (az->offline)
		return;
	az->mono = proc_mono_us();
	az->wall_off = proc_wall_us() - az->mono;
}

static void
catch_up(struct analyzer *az)
{
	collect(az);
	if (az->offline)
		return;
	anchor(az);
	advance(az, az->mono);
}

/* Offline: the packet's time is the only one there is. */
static void
file_time(struct analyzer *az, struct packet *p)
{
	if (p->ts_us < az->max_ts)
		tally_add(&az->proc->tally, TALLY_PKT_TIME_BACK, 1);
	if (p->ts_us + BACK_US < az->max_ts)
		p->ts_us = az->max_ts;
	if (p->ts_us > az->max_ts)
		az->max_ts = p->ts_us;
	az->ts = p->ts_us;
	advance(az, az->max_ts);
}

/*
 * Live: from here on the packet has its time on the monotonic clock, so that
 * nothing that lasts is changed by a step of the other. What was captured
 * before such a step, and says so after it, came now.
 */
static void
live_time(struct analyzer *az, struct packet *p)
{
	uint64_t	 mapped = p->ts_us - az->wall_off;

	if (p->ts_us + BACK_US < az->max_ts)
		tally_add(&az->proc->tally, TALLY_PKT_TIME_BACK, 1);
	az->max_ts = az->ts = p->ts_us;
	if (mapped > az->mono || az->mono - mapped > QUEUED_US)
		mapped = az->mono;
	p->ts_us = mapped;
	advance(az, mapped);
}

/* ---- packets in ---- */

static void
bad_packet(struct analyzer *az, const struct packet *p, const struct iface *i,
    enum packet_reason r)
{
	tally_add(&az->proc->tally, TALLY_PKT_BAD, 1);
	if (az->bad_example[r][0] == '\0')
		snprintf(az->bad_example[r], sizeof(az->bad_example[r]),
		    "%u bytes on %.32s", p->wirelen, i->info.name);
	if (r == PACKET_TUNNEL_DEPTH)
		tally_add(&az->proc->tally, TALLY_PKT_TOO_DEEP, 1);
}

static void
tcp_packet(struct analyzer *az, struct packet *p, struct iface *i)
{
	uint64_t	 payload, retrans;

	payload = flow_count(az->flows, FLOW_C_PAYLOAD);
	retrans = flow_count(az->flows, FLOW_C_RETRANS);
	switch (flow_packet(az->flows, p)) {
	case FLOW_AGAIN:
		i->again++;
		tally_add(&az->proc->tally, TALLY_PKT_SEEN_AGAIN, 1);
		break;
	case FLOW_NO_ROOM:
		i->shed++;
		break;
	default:
		i->segments++;
		break;
	}
	i->payload += flow_count(az->flows, FLOW_C_PAYLOAD) - payload;
	i->retrans += flow_count(az->flows, FLOW_C_RETRANS) - retrans;
}

_Static_assert(PACKET_TUNNEL_MAX == CONF_TUNNELS + 1, "and none");

/* Whether it came through a tunnel that is not to be looked into. */
static bool
in_closed(const struct packet *p, const struct iface *i)
{
	unsigned	 k;

	for (k = 0; k < p->depth && k < PACKET_DEPTH_MAX; k++)
		if (p->tunnel[k] != PACKET_TUNNEL_NONE &&
		    i->closed & 1U << (p->tunnel[k] - 1))
			return true;
	return false;
}

static void
one_packet(struct analyzer *az, struct packet *p, enum packet_reason r,
    struct iface *i)
{
	unsigned	 k;

	if (az->offline)
		file_time(az, p);
	else
		live_time(az, p);
	i->packets++;
	i->bytes += p->wirelen;
	i->touched = true;
	for (k = 0; k < p->depth && k < PACKET_DEPTH_MAX; k++)
		if (p->tunnel[k] < PACKET_TUNNEL_MAX)
			az->tunnels[p->tunnel[k]]++;
	if (p->depth > 0 && i->closed != 0 && in_closed(p, i))
		r = PACKET_NOT_TCP;
	if (r == PACKET_FRAGMENT)
		r = frag_put(az->frags, p);
	az->reasons[r]++;
	if (r == PACKET_OK)
		tcp_packet(az, p, i);
	else if (r == PACKET_NOT_TCP || r == PACKET_NOT_IP)
		tally_add(&az->proc->tally, TALLY_PKT_NOT_TCP, 1);
	else if (r != PACKET_FRAGMENT)
		bad_packet(az, p, i, r);
}

struct ahead {
	struct packet	 p;
	enum packet_reason r;
	struct iface	*i;
	uint64_t	 number;
};

/* An id that was never announced: counted, not parsed. */
static struct iface *
packet_iface(struct analyzer *az, uint16_t id)
{
	return state_iface(az, id);
}

static int
parse_some(struct analyzer *az, struct buf *b, struct ahead *a,
    uint64_t number, uint32_t n)
{
	struct msg_packet	 m;
	uint32_t		 k;

	for (k = 0; k < n; k++) {
		if (msg_get_packet(b, &m) == -1)
			return -1;
		crash_mark(number + k);
		tally_add(&az->proc->tally, TALLY_PKT_SEEN, 1);
		tally_add(&az->proc->tally, TALLY_PKT_BYTES, m.wirelen);
		a[k].number = number + k;
		if ((a[k].i = packet_iface(az, m.iface)) == NULL)
			continue;
		a[k].p.ts_us = m.ts_us;
		a[k].p.iface = m.iface;
		a[k].p.wirelen = m.wirelen;
		a[k].p.dlt = (uint16_t)a[k].i->info.linktype;
		if (m.caplen < m.wirelen) {
			a[k].i->cut++;
			tally_add(&az->proc->tally, TALLY_PKT_TRUNCATED, 1);
		}
		a[k].r = packet_parse(&a[k].p, m.data, m.caplen);
		if (a[k].r == PACKET_OK)
			flow_prefetch(az->flows, &a[k].p);
	}
	return 0;
}

/* The memory that each packet will want, while others are parsed. */
static void
prefetch_some(struct analyzer *az, const struct ahead *a, uint32_t n)
{
	uint32_t	 k;

	for (k = 0; k < n; k++)
		if (a[k].i != NULL && a[k].r == PACKET_OK)
			flow_prefetch_entry(az->flows, &a[k].p);
	for (k = 0; k < n; k++)
		if (a[k].i != NULL && a[k].r == PACKET_OK)
			flow_prefetch_reader(az->flows, &a[k].p);
}

/* Numbers that are missing went down with a child or a link. */
static void
check_number(struct analyzer *az, uint64_t number, uint32_t count)
{
	uint64_t	 lost;

	if (az->number != 0 && number > az->number) {
		lost = number - az->number;
		tally_add(&az->proc->tally, TALLY_PKT_LOST_LINK, lost);
		meter_add(az->meter, NULL, MC_QUEUE_DROPS, lost);
		meter_add(az->meter, NULL, MC_LINK_LOST, lost);
	}
	az->number = number + count;
}

static int
analyzer_on_packets(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	struct analyzer	*az = p->state;
	struct ahead	 a[AHEAD];
	uint64_t	 number;
	uint32_t	 count, n, k;

	(void)ch;
	number = buf_get_u64(&f->body);
	count = buf_get_u32(&f->body);
	buf_get_u32(&f->body);
	if (f->body.err)
		return -1;
	anchor(az);
	check_number(az, number, count);
	for (; count > 0; count -= n, number += n) {
		n = count < AHEAD ? count : AHEAD;
		if (parse_some(az, &f->body, a, number, n) == -1)
			return -1;
		prefetch_some(az, a, n);
		for (k = 0; k < n; k++) {
			crash_mark(a[k].number);
			if (a[k].i != NULL)
				one_packet(az, &a[k].p, a[k].r, a[k].i);
		}
	}
	collect(az);
	flush_batches(az);
	return buf_end(&f->body);
}

/* decap, of the interface line that fits. */
static void
set_closed(const struct conf *c, struct iface *i)
{
	const struct conf_interface	*ci;
	size_t				 k;

	i->closed = 0;
	for (k = 0; k < c->ninterfaces; k++) {
		ci = &c->interfaces[k];
		if (!ci->exclude && (ci->match ? conf_glob(ci->name,
		    i->info.name, strlen(i->info.name)) :
		    strcmp(ci->name, i->info.name) == 0))
			i->closed = ci->closed;
	}
}

static int
analyzer_on_iface(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct analyzer		*az = p->state;
	struct msg_iface	 m;
	struct iface		*i;

	(void)ch;
	if (msg_get_iface(&f->body, &m) == -1)
		return -1;
	if (m.id >= ANALYZER_IFACES) {
		log_debug("interface %u: too many", m.id);
		return 0;
	}
	i = &az->ifaces[m.id];
	if (i->touched)
		flush_iface(az, i);
	i->info = m;
	i->known = true;
	i->entry = meter_iface(az->meter, m.name);
	set_closed(p->conf, i);
	if (m.id >= az->nifaces)
		az->nifaces = m.id + 1U;
	if (m.linktype <= 0xffff && !packet_dlt_known(m.linktype) &&
	    m.state == IFACE_UP)
		log_warnx("interface %s: link type %u is not known",
		    m.name, m.linktype);
	return 0;
}

static void
count_drops(struct analyzer *az, struct iface *i,
    const struct msg_capstat *s)
{
	struct alert_what	 w;
	uint64_t		 was, n;

	was = i->has_stat ? i->stat.dropped : 0;
	n = s->dropped > was ? s->dropped - was : 0;
	meter_add(az->meter, i->entry, MC_KERNEL_DROPS, n);
	if (n == 0)
		return;
	proc_monitor(az->proc, "drops", "%s: the kernel dropped %llu packets",
	    i->info.name, (unsigned long long)n);
	memset(&w, 0, sizeof(w));
	w.iface = i->info.name;
	w.vlan = -1;
	alert_count(az->alerts, METRIC_DROPS, &w, n);
}

/* What the kernel says that passed; it may begin anew at 0. */
static void
count_link(struct analyzer *az, struct iface *i, const struct msg_capstat *s)
{
	if (s->rx_bytes > i->stat.rx_bytes)
		meter_add(az->meter, i->entry, MC_RX_BYTES,
		    s->rx_bytes - i->stat.rx_bytes);
	if (s->tx_bytes > i->stat.tx_bytes)
		meter_add(az->meter, i->entry, MC_TX_BYTES,
		    s->tx_bytes - i->stat.tx_bytes);
}

static int
analyzer_on_capstat(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct analyzer		*az = p->state;
	struct msg_capstat	 s;
	struct iface		*i;
	bool			 whole;

	(void)ch;
	while (buf_left(&f->body) > 0) {
		if (msg_get_capstat(&f->body, &s) == -1)
			return -1;
		if ((i = state_iface(az, s.id)) == NULL)
			continue;
		/* What an earlier analyzer saw is not counted twice. */
		whole = i->has_stat || az->fresh_capture;
		if (whole)
			count_drops(az, i, &s);
		if (i->has_stat)
			count_link(az, i, &s);
		i->stat = s;
		i->has_stat = true;
	}
	return 0;
}

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
	frag_flush(az->frags);
	flow_flush(az->flows, az->max_ts);
	collect(az);
	if (az->event_types & CONF_EV_STATS)
		send_stats(az);
	flush_batches(az);
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
	catch_up(az);
	flush_batches(az);
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
	catch_up(az);
	meter_reset(az->meter);
	named_reset(az->named);
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
	meter_lost_time(az->meter, m.from_us, m.to_us);
	return 0;
}

/* Where a tuple is, or a free place for it; NULL: none, or not worth one. */
static struct own_tuple *
own_slot(struct analyzer *az, const struct msg_own_tuple *m)
{
	struct own_tuple	*o, *place = NULL;
	uint32_t		 i, h;

	h = own_hash(m->source.port, m->target.port);
	for (i = 0; i < ANALYZER_OWN_PROBE; i++) {
		o = &az->own[(h + i) % ANALYZER_OWN_MAX];
		if (endpoint_cmp(&o->source, &m->source) == 0 &&
		    endpoint_cmp(&o->target, &m->target) == 0)
			return o;
		if (place == NULL && (o->target.port == 0 ||
		    (o->until_us != 0 && o->until_us < az->now)))
			place = o;
	}
	if (m->gone)
		return NULL;
	if (place != NULL)
		az->nown++;
	return place;
}

static int
analyzer_on_own_tuple(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct analyzer		*az = p->state;
	struct msg_own_tuple	 m;
	struct own_tuple	*o;

	(void)ch;
	if (msg_get_own_tuple(&f->body, &m) == -1)
		return -1;
	if ((o = own_slot(az, &m)) == NULL)
		return 0;
	o->source = m.source;
	o->target = m.target;
	o->until_us = m.gone ? az->now + OWN_LINGER_US : 0;
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
		anchor(az);
		az->ts = proc_wall_us();
		flow_tick(az->flows, az->mono);
		frag_tick(az->frags, az->mono);
		catch_up(az);
		flush_batches(az);
	}
	if (flow_live(az->flows) > 0)
		tv.tv_usec = TICK_BUSY_US;
	event_add(az->ev_tick, &tv);
}

static void
analyzer_tick(struct proc *p)
{
	struct analyzer	*az = p->state;

	catch_up(az);
	live_tick(az);
	if ((az->event_types & CONF_EV_STATS) && !az->offline &&
	    az->now >= az->stats_us + az->proc->conf->window_us)
		send_stats(az);
	save_send(az);
}

static void
analyzer_linked(struct proc *p, enum role peer)
{
	struct analyzer	*az = p->state;
	uint32_t	 i;

	if (peer == ROLE_MIRROR) {
		if (az->nown > 0)
			memset(az->own, 0,
			    ANALYZER_OWN_MAX * sizeof(az->own[0]));
		az->nown = 0;
		if (!az->offline)
			stream_reopen_all(az);
		flush_batches(az);
		analyzer_drained(p, peer);
		return;
	}
	collect(az);
	for (i = 0; i < az->nifaces; i++) {
		az->ifaces[i].known = false;
		az->ifaces[i].has_stat = false;
	}
	/* The first capture of a restarted analyzer is the old one. */
	az->fresh_capture = az->had_capture ||
	    !(p->hello.flags & HELLO_RESTARTED);
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

static uint64_t
share_of_memory(const struct conf *c)
{
	return c->nmirrors > 0 ? c->memory_limit / 4 * 3 :
	    c->memory_limit / 16 * 15;
}

static void
make_batches(struct analyzer *az)
{
	az->events = malloc(sizeof(*az->events));
	az->streams = malloc(sizeof(*az->streams));
	az->ifaces = calloc(ANALYZER_IFACES, sizeof(az->ifaces[0]));
	az->own = calloc(ANALYZER_OWN_MAX, sizeof(az->own[0]));
	if (az->events == NULL || az->streams == NULL || az->ifaces == NULL ||
	    az->own == NULL)
		fatalx("out of memory");
	event_batch_init(az->events, flush_events, az);
	event_batch_init(az->streams, flush_streams, az);
}

static void
make_tables(struct analyzer *az)
{
	struct flow_config	 fc;
	struct proc		*p = az->proc;
	uint64_t		 frags = az->mem.limit / FRAG_SHARE;

	flow_config_default(&fc);
	az->frags = frag_table_new(&az->mem, &p->seed,
	    frags < FRAG_LIMIT ? frags : FRAG_LIMIT);
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
	az->mem.limit = share_of_memory(p->conf);
	TAILQ_INIT(&az->mirrored);
	if (!az->offline)
		az->now = proc_mono_us();
	anchor(az);
	set_conf(az, p->conf);
	make_batches(az);
	meter_conf_init(&mc, p->conf);
	snprintf(prefix, sizeof(prefix), "%llx", az->offline ? 0ULL :
	    (unsigned long long)(p->hello.epoch / 1000000 & 0xfffff));
	az->meter = meter_new(&mc, &p->seed, &az->mem);
	az->rules = rule_new(p->conf, 1);
	az->alerts = alert_new(p->conf, prefix, &alert_ops, az, &az->mem,
	    &p->seed, az->now);
	az->named = named_new(p->conf->stats.metric_hosts);
	if (az->meter == NULL || az->rules == NULL || az->alerts == NULL ||
	    az->named == NULL)
		fatalx("out of memory");
	recent_init(&az->recent, &az->mem, said_recent_size(p->conf));
	make_tables(az);
	if (!az->offline) {
		save_init(az);
		meter_advance(az->meter, az->now);
	}
}

static void
analyzer_run(struct proc *p)
{
	struct analyzer	*az = p->state;

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
		flow_flush(az->flows, az->offline ? az->max_ts :
		    proc_wall_us());
	}
	catch_up(az);
	alert_end(az->alerts);
	flush_batches(az);
	save_send(az);
	proc_bye(p);
}

static void
analyzer_commit(struct proc *p, const struct conf *old)
{
	struct analyzer		*az = p->state;
	struct meter_conf	 mc;
	struct rule_set		*rules;
	unsigned		 k;

	catch_up(az);
	for (k = 0; k < az->nifaces; k++)
		set_closed(p->conf, &az->ifaces[k]);
	if ((rules = rule_new(p->conf, az->rules->epoch + 1)) != NULL) {
		rule_carry(rules, az->rules);
		rule_free(az->rules);
		az->rules = rules;
	} else
		fatalx("out of memory");
	if (alert_reconf(az->alerts, p->conf) == -1)
		fatalx("out of memory");
	az->mem.limit = share_of_memory(p->conf);
	if (az->mem.limit < az->mem.used) {
		flow_shed(az->flows, az->mem.used - az->mem.limit,
		    az->max_ts);
		if (az->mem.limit < az->mem.used)
			az->mem.limit = az->mem.used;
	}
	meter_conf_init(&mc, p->conf);
	meter_reconf(az->meter, &mc);
	if (said_recent_size(old) != said_recent_size(p->conf)) {
		recent_clear(&az->recent);
		recent_init(&az->recent, &az->mem, said_recent_size(p->conf));
	}
	az->named->max = p->conf->stats.metric_hosts;
	set_conf(az, p->conf);
	stream_new_mirrors(az);
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
	{ MSG_DATA_END,		analyzer_on_data_end },
	{ 0,			NULL }
};
static const struct handler from_mirror[] = {
	{ MSG_OWN_TUPLE,	analyzer_on_own_tuple },
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
	.drained	= analyzer_drained,
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
