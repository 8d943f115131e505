#include <string.h>

#include "analyzer/conn.h"
#include "analyzer/live.h"
#include "analyzer/said.h"
#include "analyzer/seen.h"
#include "analyzer/stream.h"
#include "analyzer/talkers.h"
#include "sandbox/compat.h"

/* What alerts are told of a connection; it points into key and client. */
struct met {
	struct alert_what	 what;
	struct flow_key		 key;
	struct addr		 client;
};

static void
meet(struct analyzer *az, const struct flow *f, struct met *m)
{
	struct iface	*i;
	int32_t		 vlan[2];

	i = state_iface(az, flow_home(az->flows, f, vlan));
	flow_key(f, &m->key);
	side_hide(az, &m->key.a.addr, &m->client);
	memset(&m->what, 0, sizeof(m->what));
	m->what.flow = flow_id(f);
	m->what.iface = i == NULL ? "" : i->info.name;
	m->what.client = &m->client;
	m->what.server = &m->key.b.addr;
	m->what.port = m->key.b.port;
	m->what.vlan = vlan[0];
}

static void
flow_opened(void *arg, struct flow *f)
{
	struct analyzer	*az = arg;
	struct met	 m;
	struct iface	*i;
	uint16_t	 id;

	if (conn_made_here(az, f)) {
		tally_add(&az->proc->tally, TALLY_OWN_SEEN, 1);
		return;
	}
	id = flow_iface(az->flows, f, 0);
	if (id == 0xffff)
		id = flow_iface(az->flows, f, 1);
	i = state_iface(az, id);
	meter_add(az->meter, i == NULL ? NULL : i->entry, MC_CONNECTIONS, 1);
	if (!alert_wants(az->alerts, METRIC_CONNECTIONS))
		return;
	meet(az, f, &m);
	alert_count(az->alerts, METRIC_CONNECTIONS, &m.what, 1);
}

/* EVE's word for a protocol; what HTTP only led to is HTTP there. */
static const char *
app_proto(const char *proto)
{
	static const char *const	 words[][2] = {
		{ "http", "http" }, { "tls", "tls" }, { "http2", "http2" },
		{ "websocket", "websocket" }, { "upgraded", "http" },
		{ "tunnel", "http" }
	};
	size_t				 i;

	for (i = 0; i < nitems(words); i++)
		if (strcmp(proto, words[i][0]) == 0)
			return words[i][1];
	return "";
}

static void
tell_flow(struct analyzer *az, const struct flow_info *info,
    enum flow_how how)
{
	const struct flow_half_info *h;
	struct event_flow	 f;
	struct msg_event	 e;
	const char		*proto;
	unsigned		 i;

	h = &info->half[info->half[0].seen ? 0 : 1];
	f.id = info->id;
	f.iface = side_iface_name(az, h->iface);
	for (i = 0; i < 2; i++)
		f.vlan[i] = h->nvlan > i ? h->vlan[i] : -1;
	f.real_client = f.client = info->key.a;
	f.server = info->key.b;
	f.hidden = side_hide(az, &f.real_client.addr, &f.client.addr);
	f.asker = NULL;
	event_flow(&e, EVENT_FLOW, info->last_us, &f);
	event_flow_end(&e, info, how,
	    az->last_id == info->id ? az->last_tx : 0);
	if (az->last_id == info->id) {
		proto = app_proto(az->last_proto);
		e.protocol.p = (const uint8_t *)proto;
		e.protocol.n = strlen(proto);
	}
	if (az->event_types & CONF_EV_FLOW)
		said_event(az, &e);
	live_say(az, &e);
}

static void
flow_closed(void *arg, struct flow *f, enum flow_how how)
{
	struct analyzer		*az = arg;
	struct flow_info	 info;

	if (!(az->event_types & CONF_EV_FLOW) && !live_wants(az, EVENT_FLOW))
		return;
	if (conn_made_here(az, f))
		return;
	flow_info(az->flows, f, &info);
	info.first_us = state_print_time(az, info.first_us);
	info.last_us = state_print_time(az, info.last_us);
	tell_flow(az, &info, how);
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
	struct analyzer	*az = arg;
	struct met	 m;
	struct iface	*i;

	if (!handshake || dir != 0 || conn_made_here(az, f))
		return;
	i = state_iface(az, flow_iface(az->flows, f, 0));
	meter_add(az->meter, i == NULL ? NULL : i->entry,
	    MC_RTT + hist_bucket(us), 1);
	if (!alert_wants(az->alerts, METRIC_CONNECT_TIME))
		return;
	meet(az, f, &m);
	alert_sample(az->alerts, METRIC_CONNECT_TIME, &m.what, us);
}

static void
flow_unread(void *arg, struct flow *f)
{
	if (!conn_made_here(arg, f))
		stream_unread(arg, f);
}

const struct flow_ops seen_ops = {
	.opened	= flow_opened,
	.closed	= flow_closed,
	.lost	= flow_lost,
	.rtt	= flow_rtt,
	.unread	= flow_unread,
	.volume	= talkers_volume,
};
