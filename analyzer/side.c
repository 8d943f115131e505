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

/* Endpoints, after it became clear which side is the client. */
void
side_set(struct conn *c)
{
	struct flow_key	 key;
	struct endpoint	 server;

	flow_key(c->flow, &key);
	c->client = c->swapped ? key.b : key.a;
	server = c->swapped ? key.a : key.b;
	c->rule.client = c->client.addr;
	c->rule.server = server.addr;
	c->rule.port = server.port;
	c->hidden = side_hide(c->az, &c->rule.client, &c->client.addr);
	meter_client(c->az->meter, &c->cache, &c->client.addr);
}

struct endpoint
side_server(const struct conn *c)
{
	struct endpoint	 e;

	memset(&e, 0, sizeof(e));
	e.addr = c->rule.server;
	e.port = c->rule.port;
	return e;
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
side_what(const struct conn *c, struct alert_what *w)
{
	memset(w, 0, sizeof(*w));
	w->iface = c->rule.iface;
	w->client = &c->client.addr;
	w->server = &c->rule.server;
	w->port = c->rule.port;
	w->vlan = c->rule.vlan[0];
}

void
side_event(const struct conn *c, struct event_flow *f)
{
	f->id = flow_id(c->flow);
	f->iface = c->rule.iface;
	f->vlan[0] = c->rule.vlan[0];
	f->vlan[1] = c->rule.vlan[1];
	f->client = c->client;
	f->real_client = c->client;
	f->real_client.addr = c->rule.client;
	f->server = side_server(c);
	f->hidden = c->hidden;
}
