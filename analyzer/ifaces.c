#include <string.h>

#include "analyzer/collect.h"
#include "analyzer/ifaces.h"
#include "sandbox/log.h"

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
	if (m.id >= ANALYZER_IFACES) {
		log_debug("interface %u: too many", m.id);
		return 0;
	}
	i = &az->ifaces[m.id];
	if (i->touched)
		collect_iface(az, i);
	i->info = m;
	i->known = true;
	i->entry = meter_iface(az->meter, m.name);
	ifaces_set_closed(p->conf, i);
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

int
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
