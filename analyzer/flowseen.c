#include <stdlib.h>
#include <string.h>

#include "analyzer/flowlife.h"
#include "analyzer/flowseen.h"

#define TTL_HOPS	4		/* between two sightings */

/* ---- other places ---- */

static struct flow_extra *
extra_of(struct flow_table *t, struct flow *f)
{
	size_t	 cost = sizeof(*f->extra) + 16;

	if (f->extra != NULL || !mem_take(t->mem, MEM_FLOWS, cost))
		return f->extra;
	if ((f->extra = calloc(1, sizeof(*f->extra))) == NULL)
		mem_give(t->mem, MEM_FLOWS, cost);
	return f->extra;
}

/* Notes a packet at another place, under key (as client to server there). */
static void
sight(struct flow_table *t, struct flow *f, const struct packet *p, int dir)
{
	struct flow_extra	*x;
	struct flow_seen	*s;
	struct flow_key		 key = p->key;
	uint32_t		 place = packet_place(p), i;

	if (dir != flowseg_client(f)) {
		key.a = p->key.b;
		key.b = p->key.a;
	}
	if ((x = extra_of(t, f)) == NULL)
		return;
	for (i = 0; i < x->nseen; i++)
		if (x->seen[i].place == place &&
		    memcmp(&x->seen[i].key, &key, sizeof(key)) == 0)
			break;
	if (i == FLOW_SIGHTINGS)
		return;
	s = &x->seen[i];
	if (i == x->nseen) {
		x->nseen++;
		s->key = key;
		s->place = place;
		s->iface = p->iface;
		memcpy(s->vlan, p->vlan, sizeof(s->vlan));
		s->nvlan = p->nvlan > 2 ? 2 : p->nvlan;
		t->count[FLOW_C_SIGHTINGS]++;
		if (t->ops->sighting != NULL)
			t->ops->sighting(t->arg, f, p);
	}
	s->packets++;
	s->bytes += p->wirelen;
}

/* Whether this is another sighting of a half-flow that has its home. */
void
flowseen_locate(struct seg *s)
{
	struct flow_half	*h = s->h;
	struct flow_extra	*x;
	uint16_t		 at = flowtab_place(s->t, s->p);

	if (h->place == at || h->place == 0) {
		h->place = at;
		x = s->f->extra;
		if (x != NULL && x->has_end[s->dir] && s->p->wire > 0 &&
		    reass_seq_leq(s->p->seq + s->p->wire, x->end[s->dir]))
			s->again = true;	/* the other place was first */
		return;
	}
	s->again = true;
	if (h->bytes == 0 && at == s->o->place) {
		h->place = at;		/* one place for both, in order */
		return;
	}
	sight(s->t, s->f, s->p, s->dir);
}

/* ---- the same connection behind NAT ---- */

static uint16_t
port_of(const struct flow *f, int side)
{
	return side == 0 ? f->key.a.port : f->key.b.port;
}

static bool
places_differ(const struct flow *a, const struct flow *b)
{
	return a->half[flowseg_client(a)].place !=
	    b->half[flowseg_client(b)].place;
}

/*
 * What one direction lost on its way from a to b, the other lost from b to a.
 * A bridge that filters shows one of them before and after it was routed, and
 * the first sighting counts: of that direction nothing may seem lost.
 */
static bool
hop_apart(const struct flow *a, const struct flow *b)
{
	int	 d, e;

	d = a->ttl[0] - b->ttl[0];
	e = a->ttl[1] - b->ttl[1];
	if (abs(d) > TTL_HOPS || abs(e) > TTL_HOPS)
		return false;
	return d * e < 0 || ((d == 0) != (e == 0) && places_differ(a, b));
}

/* Of the clients or of the servers. */
static bool
share_port(const struct flow *a, const struct flow *b)
{
	int	 c = flowseg_client(a), d = flowseg_client(b);

	return port_of(a, c) == port_of(b, d) ||
	    port_of(a, !c) == port_of(b, !d);
}

/*
 * Translated by a bridge that filters: no hop, but another interface. The
 * time to live is then the same both ways, and at least one port is kept.
 */
static bool
bridge_apart(const struct flow *a, const struct flow *b)
{
	return places_differ(a, b) && a->ttl[0] == b->ttl[0] &&
	    a->ttl[1] == b->ttl[1] && share_port(a, b);
}

static bool
share_address(const struct flow *a, const struct flow *b)
{
	return addr_cmp(&a->key.a.addr, &b->key.a.addr) == 0 ||
	    addr_cmp(&a->key.b.addr, &b->key.b.addr) == 0 ||
	    addr_cmp(&a->key.a.addr, &b->key.b.addr) == 0 ||
	    addr_cmp(&a->key.b.addr, &b->key.a.addr) == 0;
}

static bool
same_behind_nat(const struct flow *a, const struct flow *b)
{
	int		 c = flowseg_client(a), d = flowseg_client(b);
	uint64_t	 apart;

	if (b->id == 0 || b->list == FLOWTAB_FREE || b->state == FLOW_ALIAS ||
	    !(b->half[0].flags & b->half[1].flags & HALF_SYN) ||
	    a->half[c].r.base != b->half[d].r.base ||
	    a->half[!c].r.base != b->half[!d].r.base)
		return false;
	apart = a->first_us > b->first_us ? a->first_us - b->first_us :
	    b->first_us - a->first_us;
	if (apart > FLOW_NAT_US)
		return false;
	if (share_address(a, b))
		return hop_apart(a, b) || bridge_apart(a, b);
	/* Source and destination translated: a port is mostly kept. */
	return places_differ(a, b) && share_port(a, b) && hop_apart(a, b);
}

/* f is no connection of its own: it is twin, seen with another tuple. */
static void
become_alias(struct flow_table *t, struct flow *f, struct flow *twin)
{
	struct flow_extra	*x;

	if ((x = extra_of(t, f)) == NULL)
		return;
	x->twin = twin->slot;
	x->twin_id = twin->id;
	f->flags |= FLOW_F_SKIP | FLOW_F_DROP;	/* data of a SYN may wait */
	flowlife_settle(t, f, f->last_us);
	f->state = FLOW_ALIAS;
	flowtab_list(t, f, FLOWTAB_ALIAS);
	twin->flags |= FLOW_F_NAT;
	t->count[FLOW_C_NAT]++;
}

/* Both initial sequence numbers are known. */
void
flowseen_pair(struct seg *s)
{
	struct flow_table	*t = s->t;
	struct flow		*f = s->f, *g;
	uint32_t		 twin[FLOWTAB_NAT_WAYS];
	size_t			 i, n;

	n = flowtab_nat_put(t, f, twin);
	for (i = 0; i < n; i++) {
		g = flowtab_at(t, twin[i]);
		if (!same_behind_nat(f, g))
			continue;
		if (f->flags & FLOW_F_OPENED)
			continue;
		if (!(g->flags & FLOW_F_OPENED) && g->read == NULL &&
		    f->first_us < g->first_us) {
			become_alias(t, g, f);
			continue;
		}
		become_alias(t, f, g);
		return;
	}
}

enum flow_verdict
flowseen_alias(struct seg *s)
{
	struct flow_table	*t = s->t;
	struct flow		*f = s->f, *twin;
	int			 dir;

	t->count[FLOW_C_SEEN_AGAIN]++;
	twin = flowtab_at(t, f->extra->twin);
	if (twin->id == f->extra->twin_id) {
		dir = s->dir ^ flowseg_client(f) ^ flowseg_client(twin);
		sight(t, twin, s->p, dir);
	}
	if (s->p->flags & PACKET_TCP_RST)
		flowtab_list(t, f, FLOWTAB_CLOSED);
	if (s->p->flags & PACKET_TCP_FIN) {
		s->h->flags |= HALF_FIN;
		if (s->o->flags & HALF_FIN)
			flowtab_list(t, f, FLOWTAB_CLOSED);
	}
	return FLOW_AGAIN;
}
