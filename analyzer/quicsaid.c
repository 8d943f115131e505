#include <string.h>

#include "analyzer/live.h"
#include "analyzer/quicsaid.h"
#include "analyzer/said.h"
#include "analyzer/side.h"
#include "analyzer/talkers.h"

#define SHARE		64	/* of the memory that hellos may hold */

/* Two tags are known; -1: none. */
static int32_t
vlan(const struct packet *p, unsigned i)
{
	return i < p->nvlan ? p->vlan[i] : -1;
}

static bool
ignored(struct analyzer *az, const struct packet *p)
{
	struct rule_flow	 r;

	r.iface = side_iface_name(az, p->iface);
	r.client = p->key.a.addr;
	r.server = p->key.b.addr;
	r.port = p->key.b.port;
	r.vlan[0] = vlan(p, 0);
	r.vlan[1] = vlan(p, 1);
	return rule_ignores_flow(az->rules, &r);
}

static void
tell(struct analyzer *az, const struct packet *p, const struct quic_hello *h,
    const uint8_t *name, size_t len)
{
	struct event_flow	 f = { 0 };
	struct event_text	 text;
	struct msg_event	 e;

	if (!(az->event_types & CONF_EV_TLS) && !live_wants(az, EVENT_QUIC))
		return;
	f.id = h->id;
	f.iface = side_iface_name(az, p->iface);
	f.vlan[0] = vlan(p, 0);
	f.vlan[1] = vlan(p, 1);
	f.client = f.real_client = p->key.a;
	f.server = p->key.b;
	f.hidden = side_hide(az, &p->key.a.addr, &f.client.addr);
	event_flow(&e, EVENT_QUIC, state_print_time(az, h->ts_us), &f);
	event_quic(&e, &text, h, name, len);
	if (az->event_types & CONF_EV_TLS)
		said_event(az, &e);
	live_say(az, &e);
}

static void
on_hello(void *arg, const struct packet *p, const struct quic_hello *h)
{
	struct analyzer		*az = arg;
	struct iface		*i = state_iface(az, p->iface);
	struct meter_hello	 m;
	struct meter_cache	 cache;
	struct addr		 client;
	uint8_t			 name[HTTP_HOST_MAX];

	memset(&m, 0, sizeof(m));
	m.name = name;
	m.len = tls_name(h->tls, name, sizeof(name));
	talkers_name(az, p, name, m.len);
	if (ignored(az, p))
		return;
	m.ech = h->tls->ech;
	m.quic = h->version;
	if (h->tls->nalpn > 0) {
		m.alpn = h->tls->alpn[0].p;
		m.alpn_len = h->tls->alpn[0].len;
	}
	tally_add(&az->proc->tally, TALLY_QUIC_HELLOS, 1);
	if (m.len == 0)
		tally_add(&az->proc->tally, TALLY_QUIC_NO_NAME, 1);
	if (m.ech)
		tally_add(&az->proc->tally, TALLY_QUIC_ECH, 1);
	(void)side_hide(az, &p->key.a.addr, &client);
	meter_client(az->meter, &cache, &client);
	meter_hello(az->meter, i == NULL ? NULL : i->entry, &cache, &client,
	    &m);
	tell(az, p, h, name, m.len);
}

void
quicsaid_packet(struct analyzer *az, const struct packet *p)
{
	if (az->quic == NULL)
		az->quic = quichello_new(&az->mem, &az->proc->seed,
		    az->mem.limit / SHARE, on_hello, az);
	if (az->quic == NULL)
		tally_add(&az->proc->tally, TALLY_QUIC_SHED, 1);
	else
		quichello_put(az->quic, p);
}

void
quicsaid_collect(struct analyzer *az)
{
	static const enum tally_id	 id[QUICHELLO_COUNTS] = {
		[QUICHELLO_INITIALS]	= TALLY_QUIC_INITIALS,
		[QUICHELLO_UNREAD]	= TALLY_QUIC_UNREAD,
		[QUICHELLO_SKIPPED]	= TALLY_QUIC_SKIPPED,
		[QUICHELLO_CUT]		= TALLY_QUIC_CUT,
		[QUICHELLO_AGAIN]	= TALLY_QUIC_AGAIN,
		[QUICHELLO_LOST]	= TALLY_QUIC_LOST,
		[QUICHELLO_SHED]	= TALLY_QUIC_SHED,
		[QUICHELLO_BAD]		= TALLY_QUIC_BAD,
	};
	uint64_t			 n;
	unsigned			 i;

	for (i = 0; i < QUICHELLO_COUNTS && az->quic != NULL; i++) {
		n = quichello_count(az->quic, (enum quichello_count)i);
		tally_add(&az->proc->tally, id[i], n - az->quic_seen[i]);
		az->quic_seen[i] = n;
	}
}
