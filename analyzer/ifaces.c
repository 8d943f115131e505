#include <string.h>

#include "analyzer/clock.h"
#include "analyzer/collect.h"
#include "analyzer/ifaces.h"
#include "analyzer/stream.h"
#include "sandbox/log.h"

#define GONE_KEPT	64
#define GONE_US		600000000ULL	/* the longest window */

/* decap, of the interface line that fits. */
void
ifaces_set_closed(const struct conf *c, struct iface *i)
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

/* ---- those that are gone ---- */

/* Nobody knows it any more; what it counted stays with its name. */
static void
forget(struct analyzer *az, struct iface *i)
{
	if (i->touched)
		collect_iface(az, i);
	memset(i, 0, sizeof(*i));
}

static bool
is_gone(const struct iface *i)
{
	return i->known && i->info.state == IFACE_GONE;
}

static struct iface *
gone_named(struct analyzer *az, const char *name)
{
	uint32_t	 k;

	for (k = 0; k < az->nifaces; k++)
		if (is_gone(&az->ifaces[k]) &&
		    strcmp(az->ifaces[k].info.name, name) == 0)
			return &az->ifaces[k];
	return NULL;
}

static void
age_gone(struct analyzer *az)
{
	struct iface	*i, *oldest;
	uint32_t	 k, n;

	do {
		oldest = NULL;
		n = 0;
		for (k = 0; k < az->nifaces; k++) {
			i = &az->ifaces[k];
			if (!is_gone(i))
				continue;
			n++;
			if (oldest == NULL || i->gone_us < oldest->gone_us)
				oldest = i;
		}
		if (n <= GONE_KEPT || az->now - oldest->gone_us < GONE_US)
			return;
		forget(az, oldest);
	} while (true);
}

static bool
is_in_windows(const struct analyzer *az, const struct sketch_entry *e)
{
	uint64_t	 v[MC_MAX];

	meter_sum(az->meter, e, WINDOW_10M, v);
	return v[MC_PACKETS] > 0;
}

/*
 * Of names that nobody bears, those of before a rename or an analyzer: all
 * but so many go, and none that a window shows, unless there is no room.
 */
static void
drop_unborne(struct analyzer *az, uint32_t keep, bool full)
{
	const struct sketch	*s = az->meter->ifaces;
	struct sketch_entry	*e;
	uint32_t		 n, unborne = 0;

	if (s == NULL || s->n <= az->nifaces + keep)
		return;		/* cannot be so many */
	for (n = s->n; n > 0; n--) {
		e = s->heap[n - 1];
		if (state_is_borne(az, e, NULL) || meter_iface_is_other(e) ||
		    ++unborne <= keep || (!full && is_in_windows(az, e)))
			continue;
		meter_iface_forget(az->meter, e);
	}
}

/*
 * Hosts of containers make thousands a day. What left every window is shown
 * no more, but for the last few.
 */
void
ifaces_age(struct analyzer *az)
{
	age_gone(az);
	drop_unborne(az, GONE_KEPT, false);
}

static struct sketch_entry *
entry_of(struct analyzer *az, const char *name)
{
	struct sketch_entry	*e;

	if ((e = meter_iface(az->meter, name)) != NULL)
		return e;
	drop_unborne(az, 0, true);
	return meter_iface(az->meter, name);
}

/* ---- from capture ---- */

/* A number or a name that is borne anew: whoever had it before is over. */
static void
succeed(struct analyzer *az, struct iface *i, const char *name)
{
	struct iface	*old;

	if (is_gone(i))
		forget(az, i);
	if ((old = gone_named(az, name)) != NULL)
		forget(az, old);
}

int
analyzer_on_iface(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct analyzer		*az = p->state;
	struct msg_iface	 m;
	struct iface		*i;

	(void)ch;
	if (msg_get_iface(&f->body, &m) == -1)
		return -1;
	if (m.id >= MSG_IFACES_MAX) {
		log_debug("interface %u: too many", m.id);
		return 0;
	}
	i = &az->ifaces[m.id];
	if (i->touched)
		collect_iface(az, i);
	if (m.state != IFACE_GONE)
		succeed(az, i, m.name);
	else if (!is_gone(i))
		i->gone_us = az->now;
	i->info = m;
	i->known = true;
	i->entry = entry_of(az, m.name);
	ifaces_set_closed(p->conf, i);
	if (m.id >= az->nifaces)
		az->nifaces = m.id + 1U;
	if (m.state == IFACE_GONE && state_is_borne(az, i->entry, i))
		forget(az, i);	/* another has the name by now */
	if (m.linktype <= 0xffff && !packet_dlt_known(m.linktype) &&
	    m.state == IFACE_UP)
		log_warnx("interface %s: link type %u is not known",
		    m.name, m.linktype);
	return 0;
}

int
analyzer_on_local(struct chan *ch, struct frame *f, void *arg)
{
	static struct msg_local	 m;	/* for small stacks */
	struct proc		*p = arg;
	struct analyzer		*az = p->state;

	(void)ch;
	if (msg_get_local(&f->body, &m) == -1)
		return -1;
	flow_set_local(az->flows, m.addr, m.n);
	return 0;
}

/*
 * Whether there were some. Those of this capture that were counted before, by
 * whatever analyzer, are not again.
 */
static bool
count_drops(struct analyzer *az, struct iface *i,
    const struct msg_capstat *s, uint32_t capture)
{
	struct alert_what	 w;
	uint64_t		 was, n;

	was = i->capture == capture ? i->stat.dropped : 0;
	n = s->dropped > was ? s->dropped - was : 0;
	meter_add(az->meter, i->entry, MC_KERNEL_DROPS, n);
	if (n == 0)
		return false;
	proc_monitor(az->proc, "drops", "%s: the kernel dropped %llu packets",
	    i->info.name, (unsigned long long)n);
	memset(&w, 0, sizeof(w));
	w.iface = i->info.name;
	w.vlan = -1;
	alert_count(az->alerts, METRIC_DROPS, &w, n);
	return true;
}

/* On the loopback each packet goes and comes. */
static uint64_t
passed(const struct iface *i, const struct msg_capstat *s)
{
	return strcmp(i->info.type, "loopback") == 0 ? s->rx_packets :
	    s->rx_packets + s->tx_packets;
}

/* What the kernel says that passed; it may begin anew at 0. */
static void
count_link(struct analyzer *az, struct iface *i, const struct msg_capstat *s)
{
	uint64_t	 was = passed(i, &i->stat), now = passed(i, s);

	/* Nobody looked at these; some may have come while it was open. */
	was += s->received - i->stat.received;
	if (i->info.state == IFACE_FAILED && now > was)
		meter_add(az->meter, i->entry, MC_UNOPENED, now - was);
	if (s->rx_bytes > i->stat.rx_bytes)
		meter_add(az->meter, i->entry, MC_RX_BYTES,
		    s->rx_bytes - i->stat.rx_bytes);
	if (s->tx_bytes > i->stat.tx_bytes)
		meter_add(az->meter, i->entry, MC_TX_BYTES,
		    s->tx_bytes - i->stat.tx_bytes);
}

int
analyzer_on_capstat(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct analyzer		*az = p->state;
	struct msg_capstat	 s;
	struct iface		*i;
	uint64_t		 since = UINT64_MAX;

	(void)ch;
	clock_anchor(az);
	clock_heard(az);
	while (buf_left(&f->body) > 0) {
		if (msg_get_capstat(&f->body, &s) == -1)
			return -1;
		if ((i = state_iface(az, s.id)) == NULL)
			continue;
		if (count_drops(az, i, &s, f->generation) &&
		    i->stat_ts < since)
			since = i->stat_ts;
		if (i->has_stat)
			count_link(az, i, &s);
		i->stat = s;
		i->stat_ts = az->max_ts;
		i->capture = f->generation;
		i->has_stat = i->unsaved = true;
	}
	if (since != UINT64_MAX)
		stream_missed(az, since, az->mono + az->wall_off);
	return 0;
}
