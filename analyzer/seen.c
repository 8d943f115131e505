#include <string.h>

#include "analyzer/said.h"
#include "analyzer/seen.h"

static void
flow_opened(void *arg, struct flow *f)
{
	struct analyzer		*az = arg;
	struct alert_what	 w;
	struct flow_key		 key;
	struct iface		*i;
	uint16_t		 id;

	id = flow_iface(az->flows, f, 0);
	if (id == 0xffff)
		id = flow_iface(az->flows, f, 1);
	i = state_iface(az, id);
	meter_add(az->meter, i == NULL ? NULL : i->entry, MC_CONNECTIONS, 1);
	if (!alert_wants(az->alerts, METRIC_CONNECTIONS))
		return;
	flow_key(f, &key);
	memset(&w, 0, sizeof(w));
	w.iface = i == NULL ? "" : i->info.name;
	w.server = &key.b.addr;
	w.port = key.b.port;
	w.vlan = -1;
	alert_count(az->alerts, METRIC_CONNECTIONS, &w, 1);
}

static void
tell_flow(struct analyzer *az, const struct flow_info *info,
    enum flow_how how)
{
	const struct flow_half_info *h;
	struct event_flow	 f;
	struct msg_event	 e;
	unsigned		 i;

	h = &info->half[info->half[0].seen ? 0 : 1];
	f.id = info->id;
	f.iface = side_iface_name(az, h->iface);
	for (i = 0; i < 2; i++)
		f.vlan[i] = h->nvlan > i ? h->vlan[i] : -1;
	f.real_client = f.client = info->key.a;
	f.server = info->key.b;
	side_new_day(az);
	f.hidden = rule_client(&az->proc->conf->privacy, &az->day_key,
	    &f.real_client.addr, &f.client.addr);
	event_flow(&e, EVENT_FLOW, info->last_us, &f);
	event_flow_end(&e, info, how,
	    az->last_id == info->id ? az->last_tx : 0);
	if (az->last_id == info->id && (strcmp(az->last_proto, "http") == 0 ||
	    strcmp(az->last_proto, "tls") == 0)) {
		e.protocol.p = (const uint8_t *)az->last_proto;
		e.protocol.n = strlen(az->last_proto);
	}
	said_event(az, &e);
}

static void
flow_closed(void *arg, struct flow *f, enum flow_how how)
{
	struct analyzer		*az = arg;
	struct flow_info	 info;
	struct sketch_entry	*e;
	struct iface		*i;
	uint64_t		 packets, retrans;
	int32_t			 vlan[2];

	/* The totals come from the table itself, packet by packet. */
	i = state_iface(az, flow_home(az->flows, f, vlan));
	e = i == NULL ? NULL : i->entry;
	flow_segments(f, &packets, &retrans);
	if (e != NULL)
		sketch_add(e, MC_SEGMENTS, packets);
	if (e != NULL && retrans > 0)
		sketch_add(e, MC_RETRANS, retrans);
	if (az->event_types & CONF_EV_FLOW) {
		flow_info(az->flows, f, &info);
		tell_flow(az, &info, how);
	}
}

static void
flow_lost(void *arg, struct flow *f, int dir, uint64_t bytes,
    enum reass_why why)
{
	struct analyzer	*az = arg;
	struct iface	*i;
	uint16_t	 id;

	id = flow_iface(az->flows, f, dir);
	if (id == 0xffff)
		id = flow_iface(az->flows, f, !dir);
	i = state_iface(az, id);
	meter_add(az->meter, i == NULL ? NULL : i->entry,
	    why == REASS_WHY_CUT ? MC_CUT_BYTES : MC_GAP_BYTES, bytes);
}

static void
flow_rtt(void *arg, struct flow *f, int dir, uint32_t us, bool handshake)
{
	struct analyzer		*az = arg;
	struct alert_what	 w;
	struct flow_key		 key;
	struct iface		*i;

	if (!handshake || dir != 0)
		return;
	i = state_iface(az, flow_iface(az->flows, f, 0));
	meter_add(az->meter, i == NULL ? NULL : i->entry,
	    MC_RTT + hist_bucket(us), 1);
	if (!alert_wants(az->alerts, METRIC_CONNECT_TIME))
		return;
	flow_key(f, &key);
	memset(&w, 0, sizeof(w));
	w.iface = i == NULL ? "" : i->info.name;
	w.server = &key.b.addr;
	w.port = key.b.port;
	w.vlan = -1;
	alert_sample(az->alerts, METRIC_CONNECT_TIME, &w, us);
}

const struct flow_ops seen_ops = {
	.opened	= flow_opened,
	.closed	= flow_closed,
	.lost	= flow_lost,
	.rtt	= flow_rtt,
};
