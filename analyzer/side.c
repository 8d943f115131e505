#include <string.h>

#include "analyzer/side.h"

const char *
side_iface_name(struct analyzer *az, uint16_t id)
{
	struct iface	*i = state_iface(az, id);

	return i == NULL ? "" : i->info.name;
}

struct sketch_entry *
side_entry(const struct conn *c)
{
	struct iface	*i = state_iface(c->az, c->iface);

	return i == NULL ? NULL : i->entry;
}

bool
side_hide(struct analyzer *az, const struct addr *real, struct addr *kept)
{
	uint64_t	 day = az->ts / 86400000000ULL + 1;

	if (day != az->day) {
		az->day = day;
		rule_day_key(&az->proc->seed, az->ts, &az->day_key);
	}
	return rule_client(&az->proc->conf->privacy, &az->day_key, real, kept);
}

/* Its real ends: a is the client. */
static void
ends_of(const struct conn *c, struct flow_key *ends)
{
	struct flow_key	 key;

	flow_key(c->flow, &key);
	ends->a = c->swapped ? key.b : key.a;
	ends->b = c->swapped ? key.a : key.b;
}

void
side_set(struct conn *c)
{
	struct flow_key	 ends;

	ends_of(c, &ends);
	c->client = ends.a;
	c->hidden = side_hide(c->az, &ends.a.addr, &c->client.addr);
	meter_client(c->az->meter, &c->cache, &c->client.addr);
}

struct endpoint
side_server(const struct conn *c)
{
	struct flow_key	 ends;

	ends_of(c, &ends);
	return ends.b;
}

void
side_client_is(struct conn *c, unsigned dir)
{
	if (c->swapped == (dir == 1))
		return;
	c->swapped = dir == 1;
	flow_set_client(c->flow, (int)dir);
	side_set(c);
}

void
side_rule(const struct conn *c, struct rule_flow *r)
{
	struct flow_key	 ends;

	ends_of(c, &ends);
	r->iface = side_iface_name(c->az, c->iface);
	r->client = ends.a.addr;
	r->server = ends.b.addr;
	r->port = ends.b.port;
	r->vlan[0] = c->vlan[0];
	r->vlan[1] = c->vlan[1];
}

void
side_what(const struct conn *c, struct flow_key *ends, struct alert_what *w)
{
	ends_of(c, ends);
	memset(w, 0, sizeof(*w));
	w->iface = side_iface_name(c->az, c->iface);
	w->client = &c->client.addr;
	w->server = &ends->b.addr;
	w->port = ends->b.port;
	w->vlan = c->vlan[0];
}

void
side_event(const struct conn *c, struct event_flow *f)
{
	struct flow_key	 ends;

	ends_of(c, &ends);
	f->id = flow_id(c->flow);
	f->iface = side_iface_name(c->az, c->iface);
	f->vlan[0] = c->vlan[0];
	f->vlan[1] = c->vlan[1];
	f->client = c->client;
	f->real_client = c->client;
	f->real_client.addr = ends.a.addr;
	f->server = ends.b;
	f->hidden = c->hidden;
}
