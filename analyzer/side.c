#include <string.h>

#include "analyzer/forwarded.h"
#include "analyzer/prefix.h"
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

/* Its real ends: 0 is the client. */
static const struct endpoint *
end_of(const struct conn *c, unsigned end)
{
	return flow_end(c->flow, c->swapped ? !end : end);
}

void
side_set(struct conn *c)
{
	c->fronted = false;
	c->client = *end_of(c, 0);
	c->hidden = side_hide(c->az, &end_of(c, 0)->addr, &c->client.addr);
	meter_client(c->az->meter, &c->cache, &c->client.addr);
}

const struct endpoint *
side_server(const struct conn *c)
{
	return end_of(c, 1);
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
side_prefix(struct conn *c, unsigned dir, const uint8_t *p, size_t len)
{
	const struct conf	*conf = c->az->proc->conf;
	struct endpoint		 e;

	if (conf->nproxies == 0 || !prefix_source(p, len, &e))
		return;
	side_client_is(c, dir);
	if (!forwarded_trusts(conf, &end_of(c, 0)->addr))
		return;
	tally_add(&c->az->proc->tally, TALLY_PROXY_CONNECTIONS, 1);
	c->fronted = true;
	c->trusted = forwarded_trusts(conf, &e.addr);
	c->client = e;
	(void)side_hide(c->az, &e.addr, &c->client.addr);
	meter_client(c->az->meter, &c->cache, &c->client.addr);
}

void
side_request(struct conn *c, const struct session_request *r)
{
	const struct conf	*conf = c->az->proc->conf;
	struct tally		*y = &c->az->proc->tally;
	struct addr		 a, kept;

	if (conf->nproxies == 0 || !(c->fronted ? c->trusted :
	    forwarded_trusts(conf, &end_of(c, 0)->addr)))
		return;
	if (!forwarded_client(conf, r->head, &a)) {
		tally_add(y, TALLY_PROXY_SILENT, 1);
		return;
	}
	tally_add(y, TALLY_PROXY_REQUESTS, 1);
	side_hide(c->az, &a, &kept);
	c->via = true;
	if (!via_put(&c->az->via, &c->az->mem, flow_id(c->flow), r->id,
	    &kept))
		tally_add(y, TALLY_PROXY_FORGOTTEN, 1);
}

const struct addr *
side_asked_via(const struct conn *c, uint64_t id)
{
	const struct addr	*a = NULL;

	if (c->via)
		a = via_find(&c->az->via, flow_id(c->flow), id);
	return a == NULL && c->fronted ? &c->client.addr : a;
}

const struct addr *
side_asker(struct conn *c, uint64_t id)
{
	const struct addr	*a = side_asked_via(c, id);

	if (a == NULL)
		a = &c->client.addr;
	if (c->via)
		meter_client(c->az->meter, &c->cache, a);
	return a;
}

void
side_rule(const struct conn *c, struct rule_flow *r)
{
	r->iface = side_iface_name(c->az, c->iface);
	r->client = end_of(c, 0)->addr;
	r->server = end_of(c, 1)->addr;
	r->port = end_of(c, 1)->port;
	r->vlan[0] = c->vlan[0];
	r->vlan[1] = c->vlan[1];
}

void
side_what(const struct conn *c, uint64_t id, struct alert_what *w)
{
	const struct addr	*asker = side_asked_via(c, id);

	memset(w, 0, sizeof(*w));
	w->flow = flow_id(c->flow);
	w->iface = side_iface_name(c->az, c->iface);
	w->client = asker != NULL ? asker : &c->client.addr;
	w->server = &end_of(c, 1)->addr;
	w->port = end_of(c, 1)->port;
	w->vlan = c->vlan[0];
}

void
side_event(const struct conn *c, uint64_t id, struct event_flow *f)
{
	f->id = flow_id(c->flow);
	f->iface = side_iface_name(c->az, c->iface);
	f->vlan[0] = c->vlan[0];
	f->vlan[1] = c->vlan[1];
	f->client = c->client;
	f->real_client = *end_of(c, 0);
	f->server = *end_of(c, 1);
	f->hidden = c->hidden;
	if (c->fronted) {
		f->client = f->real_client;
		f->hidden = side_hide(c->az, &f->real_client.addr,
		    &f->client.addr);
	}
	f->asker = side_asked_via(c, id);
}
