#include <string.h>

#include "analyzer/collect.h"
#include "analyzer/quicsaid.h"

/* What was gathered for an interface goes to the meter. */
void
collect_iface(struct analyzer *az, struct iface *i)
{
	struct alert_what	 w;

	i->touched = false;
	meter_add(az->meter, i->entry, MC_PACKETS, i->packets);
	meter_add(az->meter, i->entry, MC_BYTES, i->bytes);
	meter_add(az->meter, i->entry, MC_SEEN_AGAIN, i->again);
	meter_add(az->meter, i->entry, MC_PAYLOAD, i->payload);
	meter_add(az->meter, i->entry, MC_CUT_PACKETS, i->cut);
	meter_add(az->meter, i->entry, MC_CUT_BYTES, i->unread);
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
	    i->unread = i->shed = i->segments = i->retrans = 0;
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
void
collect_all(struct analyzer *az)
{
	struct sketch_entry	*t = az->meter->total;
	unsigned		 i;

	for (i = 0; i < az->nifaces; i++)
		if (az->ifaces[i].touched)
			collect_iface(az, &az->ifaces[i]);
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
	quicsaid_collect(az);
	meter_flush(az->meter);
}
