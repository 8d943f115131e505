#include <stdlib.h>
#include <string.h>

#include "analyzer/flowfirst.h"
#include "analyzer/flowlife.h"
#include "analyzer/flowmask.h"
#include "analyzer/flowsame.h"
#include "analyzer/flowseen.h"
#include "sandbox/compat.h"

#define TTL_HOPS	4		/* between two sightings */
#define MEET_PACKETS	16		/* of a half, or */
#define MEET_US		2000000		/* of a flow, that are compared */
#define MEET_BYTES	64		/* of each; snap lengths differ */
#define MEET_NUMBER	65536		/* below it tells nothing */

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

/*
 * What is known of a tuple (as client to server there) at a place; NULL
 * without room.
 */
static struct flow_seen *
seen_as(struct flow_table *t, struct flow *f, const struct flow_key *key,
    const struct flowtab_place *at)
{
	struct flow_extra	*x;
	struct flow_seen	*s;
	uint32_t		 i;

	if ((x = extra_of(t, f)) == NULL)
		return NULL;
	for (i = 0; i < x->nseen; i++)
		if (x->seen[i].place == at->place &&
		    memcmp(&x->seen[i].key, key, sizeof(*key)) == 0)
			return &x->seen[i];
	if (i == FLOW_SIGHTINGS)
		return NULL;
	s = &x->seen[x->nseen++];
	s->key = *key;
	s->place = at->place;
	s->iface = at->iface;
	memcpy(s->vlan, at->vlan, sizeof(s->vlan));
	s->nvlan = at->nvlan;
	t->count[FLOW_C_SIGHTINGS]++;
	return s;
}

/* The same of a packet. */
static struct flow_seen *
seen_at(struct flow_table *t, struct flow *f, const struct packet *p, int dir,
    const struct flowtab_place *at)
{
	struct flow_key	 key = p->key;

	if (dir != flowseg_client(f)) {
		key.a = p->key.b;
		key.b = p->key.a;
	}
	return seen_as(t, f, &key, at);
}

/* Notes a packet at another place; NULL without room. */
static struct flow_seen *
sight(struct flow_table *t, struct flow *f, const struct packet *p, int dir)
{
	const struct flowtab_place	 at = flowtab_place_of(p);
	struct flow_seen		*s = seen_at(t, f, p, dir, &at);

	if (s != NULL) {
		s->packets++;
		s->bytes += p->wirelen;
		if (dir == flowseg_client(f))
			s->ttl = p->ttl;
	}
	return s;
}

/*
 * The SYN of a connection of which nothing was told was elsewhere before it
 * was at its home: interfaces hand over their blocks in any order.
 */
static bool
earlier_syn(const struct seg *s)
{
	return s->p->flags & PACKET_TCP_SYN &&
	    !(s->p->flags & PACKET_TCP_ACK) &&
	    !(s->f->flags & FLOW_F_OPENED) && s->f->read == NULL &&
	    s->dir == flowseg_client(s->f) && s->h->flags & HALF_SYN &&
	    s->h->r.base == s->p->seq + 1 && s->p->ts_us < s->f->first_us;
}

/*
 * The home is here from now on; it was shown where it was before, too: what it
 * showed there comes here again.
 */
static void
move_half(struct seg *s, uint16_t at)
{
	struct flow_half	*h = s->h;
	struct flow_extra	*x;
	uint32_t		 here = 1;	/* were shown here by now */

	(void)seen_at(s->t, s->f, s->p, s->dir, &s->t->place[h->place]);
	h->place = at;
	if ((x = s->f->extra) == NULL)
		return;
	here += h->flags & HALF_SYN && !(s->p->flags & PACKET_TCP_SYN);
	x->was_ack[s->dir] = h->ack;
	x->behind[s->dir] = s->again && h->packets > here &&
	    h->flags & HALF_ACKED ? h->packets - here : 0;
}

/* It came before the home had moved here. */
static bool
came_before(struct seg *s)
{
	struct flow_extra	*x = s->f->extra;

	if (x == NULL || x->behind[s->dir] == 0 ||
	    (s->p->flags & (PACKET_TCP_SYN | PACKET_TCP_RST |
	    PACKET_TCP_ACK)) != PACKET_TCP_ACK)
		return false;
	if (s->p->wire > 0 || reass_seq_lt(x->was_ack[s->dir], s->p->ack)) {
		x->behind[s->dir] = 0;
		return false;
	}
	x->behind[s->dir]--;
	return true;
}

/* Where it was first is the home, and its clock begins there. */
static void
move_home(struct seg *s, uint16_t at)
{
	struct flow	*f = s->f;

	move_half(s, at);
	f->first_us = s->p->ts_us;
	if (f->flags & FLOW_F_HS0)
		f->hs_us[0] = (uint32_t)s->p->ts_us;
	f->ttl[s->dir] = s->p->ttl;
}

static void
note_shift(struct flow_extra *x, uint32_t there, uint32_t here)
{
	x->shift = there - here;
	x->shifted = true;
}

/*
 * Where a home moved away from, the numbers are others than here, too: what
 * was seen so far is all there. base: that of the server here.
 */
static void
renumber(struct seg *s, uint32_t base)
{
	struct flow_extra	*x = s->f->extra;
	uint32_t		 i;

	if (x == NULL)
		return;
	for (i = 0; i < x->nseen; i++)
		if (x->seen[i].place != packet_place(s->p))
			x->renumbered |= (uint8_t)(1U << i);
	note_shift(x, s->h->r.base, base);
}

static bool
seq_near(uint32_t a, uint32_t b)
{
	return abs(reass_seq_diff(a, b)) <= FLOWSEG_NEAR;
}

/*
 * The first of its half, but elsewhere than the other half, whose home has
 * acknowledged it by another number: the home missed the one that it means.
 */
static bool
missed_at_home(struct seg *s)
{
	if ((s->h->flags & (HALF_SEEN | HALF_BASE)) != HALF_BASE ||
	    s->h->place == s->o->place ||
	    seq_near(s->h->r.base, s->p->seq + 1))
		return false;
	s->h->place = s->o->place;
	s->again = true;
	return true;
}

bool
flowseen_renumbers(struct seg *s)
{
	struct flow_seen	*seen;

	if (!(s->p->flags & PACKET_TCP_ACK) ||
	    !(s->o->flags & HALF_SYN) || s->p->ack != s->o->r.base)
		return false;
	if (!s->again && !missed_at_home(s))
		return false;
	if (s->h->place == flowtab_place(s->t, s->p)) {
		if (s->h->bytes > 0)
			return false;
		renumber(s, s->p->seq + 1);
		return true;
	}
	if ((seen = sight(s->t, s->f, s->p, s->dir)) != NULL) {
		s->f->extra->renumbered |=
		    (uint8_t)(1U << (seen - s->f->extra->seen));
		note_shift(s->f->extra, s->p->seq + 1, s->h->r.base);
	}
	return true;
}

bool
flowseen_renumbered(struct seg *s)
{
	struct flow_extra	*x = s->f->extra;
	uint32_t		 i, place;

	if (!s->again || x == NULL || x->renumbered == 0)
		return false;
	place = packet_place(s->p);
	for (i = 0; i < x->nseen; i++)
		if (x->renumbered & 1U << i && x->seen[i].place == place)
			break;
	if (i == x->nseen)
		return false;
	if (!flowsame_fits(s->f, s->p, s->dir))
		(void)sight(s->t, s->f, s->p, s->dir);
	return true;
}

void
flowseen_shift(const struct seg *s, const struct flow_extra *x,
    struct packet *p)
{
	*p = *s->p;
	if (s->dir != flowseg_client(s->f))
		p->seq -= x->shift;
	else if (p->flags & PACKET_TCP_ACK)
		p->ack -= x->shift;
}

bool
flowseen_shifted(const struct seg *s, struct flow_extra *x)
{
	const uint8_t	 both = PACKET_TCP_SYN | PACKET_TCP_ACK;

	if ((s->p->flags & both) == both && s->h->flags & HALF_SYN)
		note_shift(x, s->p->seq + 1, s->h->r.base);
	return x->shifted;
}

/*
 * The home of the server's half has moved here, where its SYN-ACK was missed.
 * A SYN proxy has told the number of that in the SYN that it sent itself.
 */
static void
follow_proxy(struct seg *s)
{
	const uint32_t	 base = s->f->other_seq[s->dir];
	int32_t		 d = reass_seq_diff(s->p->seq, base);

	if (base == 0 || d < 0 || d > FLOWSEG_NEAR ||
	    s->p->flags & PACKET_TCP_SYN || !(s->h->flags & HALF_SYN) ||
	    seq_near(s->h->r.base, s->p->seq))
		return;
	renumber(s, base);
	reass_init(&s->h->r, base);
	s->o->flags &= (uint16_t)~HALF_ACKED;
}

/* An acknowledgement or end that its half had not shown yet. */
static bool
is_news(const struct seg *s)
{
	const struct packet	*p = s->p;
	const struct flow_half	*h = s->h;

	if ((p->flags & (PACKET_TCP_SYN | PACKET_TCP_RST | PACKET_TCP_ACK)) !=
	    PACKET_TCP_ACK ||
	    (s->f->extra != NULL && s->f->extra->renumbered != 0))
		return false;
	return !(h->flags & HALF_ACKED) || reass_seq_lt(h->ack, p->ack) ||
	    (p->flags & PACKET_TCP_FIN && !(h->flags & HALF_FIN));
}

/* Whether this is another sighting of a half-flow that has its home. */
void
flowseen_locate(struct seg *s)
{
	struct flow_half	*h = s->h;
	uint16_t		 at = flowtab_place(s->t, s->p);

	if (h->place == at || h->place == 0) {
		h->place = at;
		s->again = flowfirst_shown(s) || came_before(s);
		return;
	}
	s->again = true;
	if (h->bytes == 0 && at == s->o->place) {
		s->again = !is_news(s);
		move_half(s, at);	/* one place for both, in order */
		follow_proxy(s);
		return;
	}
	if (earlier_syn(s)) {
		move_home(s, at);
		return;
	}
	if (flowsame_fits(s->f, s->p, s->dir))
		(void)sight(s->t, s->f, s->p, s->dir);
}

/* ---- the same connection behind NAT ---- */

/* Two flows that may be one: half i of a is then half j of b. */
struct couple {
	const struct flow	*a;
	const struct flow	*b;
	int			 i;
	int			 j;
	bool			 proxied;	/* the server's differ */
};

static uint16_t
port_of(const struct flow *f, int side)
{
	return side == 0 ? f->key.a.port : f->key.b.port;
}

static bool
places_differ(const struct couple *c)
{
	return c->a->half[c->i].place != c->b->half[c->j].place;
}

/* Difference in the time to live of one direction; false: not known. */
static bool
hops(const struct couple *c, bool back, int *d)
{
	int	 x = c->a->ttl[c->i ^ back], y = c->b->ttl[c->j ^ back];

	*d = x - y;
	return x != 0 && y != 0;
}

static bool
is_split(const struct flow *f)
{
	return f->half[0].place != f->half[1].place;
}

/*
 * What one direction lost on its way from a to b, the other lost from b to a.
 * A bridge that filters shows one of them before and after it was routed, and
 * the first sighting counts: of that direction nothing may seem lost. Where
 * each direction has a place of its own, both may be seen after the router.
 */
static bool
hop_apart(const struct couple *c)
{
	int	 d, e;
	bool	 there = hops(c, false, &d), back = hops(c, true, &e);

	if ((there && abs(d) > TTL_HOPS) || (back && abs(e) > TTL_HOPS))
		return false;
	if (!there || !back)
		return (there && d != 0) || (back && e != 0);
	return d * e < 0 || ((d == 0) != (e == 0) && places_differ(c)) ||
	    (d * e > 0 && (is_split(c->a) || is_split(c->b)));
}

/* Of the clients or of the servers. */
static bool
share_port(const struct couple *c)
{
	return port_of(c->a, c->i) == port_of(c->b, c->j) ||
	    port_of(c->a, !c->i) == port_of(c->b, !c->j);
}

/*
 * Translated by a bridge that filters: no hop, but another interface. The
 * time to live is then the same both ways, and at least one port is kept.
 */
static bool
bridge_apart(const struct couple *c)
{
	int	 d, e;

	if ((hops(c, false, &d) && d != 0) || (hops(c, true, &e) && e != 0))
		return false;
	return places_differ(c) && share_port(c);
}

static bool
share_address(const struct flow *a, const struct flow *b)
{
	return addr_meets(&a->key.a.addr, &b->key.a.addr) ||
	    addr_meets(&a->key.b.addr, &b->key.b.addr) ||
	    addr_meets(&a->key.a.addr, &b->key.b.addr) ||
	    addr_meets(&a->key.b.addr, &b->key.a.addr);
}

/* What was translated, and how far apart both were seen, fits. */
static bool
translated(const struct couple *c)
{
	if (share_address(c->a, c->b))
		return hop_apart(c) || bridge_apart(c);
	/* Source and destination translated: a port is mostly kept. */
	return places_differ(c) && share_port(c) && hop_apart(c);
}

static bool
within(uint64_t a, uint64_t b, uint64_t us)
{
	return (a > b ? a - b : b - a) <= us;
}

static bool
is_connection(const struct flow *f)
{
	return f->id != 0 && f->list != FLOWTAB_FREE && f->state != FLOW_ALIAS;
}

static bool
is_met(const struct flow_half *h)
{
	return h->flags & (HALF_SEEN | HALF_BASE);
}

/*
 * By both initial sequence numbers. The server's are others on the far side of
 * a SYN proxy, whose SYN there tells both and has a hop count of its own.
 */
static bool
same_start(const struct seg *s, struct couple *c)
{
	const struct flow_half	*a, *b;

	c->i = flowseg_client(c->a);
	c->j = flowseg_client(c->b);
	if (c->a->half[c->i].r.base != c->b->half[c->j].r.base ||
	    !within(c->b->first_us, s->f->first_us, FLOW_NAT_US))
		return false;
	a = &c->a->half[!c->i];
	b = &c->b->half[!c->j];
	if (a->r.base == b->r.base)
		return translated(c);
	/* A start that was missed is near; two that were seen just may be. */
	if (!(a->flags & b->flags & HALF_SYN) && is_met(a) && is_met(b) &&
	    seq_near(a->r.base, b->r.base))
		return false;
	c->proxied = true;
	return share_port(c) && places_differ(c);
}

/*
 * By the sequence number of a SYN alone, where a reset was all the answer: no
 * byte was said, so that nothing can hide behind a number that is made alike.
 */
static bool
same_refusal(const struct seg *s, struct couple *c)
{
	const struct flow_half	*a, *b;

	c->i = flowseg_client(c->a);
	c->j = flowseg_client(c->b);
	a = &c->a->half[c->i];
	b = &c->b->half[c->j];
	return c->b->flags & FLOW_F_RST && b->flags & HALF_SYN &&
	    !(c->b->half[!c->j].flags & (HALF_SEEN | HALF_BASE)) &&
	    a->r.base == b->r.base &&
	    within(c->b->first_us, s->f->first_us, FLOW_NAT_US) &&
	    translated(c);
}

/* By a packet that both showed. */
static bool
same_packet(const struct seg *s, struct couple *c)
{
	const struct flow	*g = c->b;

	c->i = s->dir;
	for (c->j = 0; c->j < 2; c->j++)
		if (g->half[c->j].flags & HALF_ACKED &&
		    seq_near(reass_next_seq(&g->half[c->j].r), s->p->seq) &&
		    seq_near(g->half[c->j].ack, s->p->ack) &&
		    within(g->last_us, s->p->ts_us, FLOW_NAT_US) &&
		    translated(c))
			return true;
	return false;
}

/* ---- who translates ---- */

static const struct addr *
client_addr(const struct flow *f)
{
	return flowseg_client(f) ? &f->key.b.addr : &f->key.a.addr;
}

/* Of two tuples of one connection the one further from the client masks it. */
static void
note_mask(struct flow_table *t, const struct flow *f, const struct flow *g)
{
	const int		 i = flowseg_client(f), j = flowseg_client(g);
	const struct flow	*far = f->ttl[i] < g->ttl[j] ? f : g;
	const struct flow	*near = far == f ? g : f;

	if (f->ttl[i] == 0 || g->ttl[j] == 0 ||
	    addr_cmp(client_addr(far), client_addr(near)) == 0)
		return;
	if (f->ttl[i] == g->ttl[j]) {
		flowmask_note_flat(t, client_addr(far), client_addr(near));
		return;
	}
	flowmask_note(t, client_addr(far),
	    far->half[flowseg_client(far)].place);
}

/* ---- what becomes of both ---- */

/* What f had shown by itself, its twin has been seen by. */
static void
note_homes(struct flow_table *t, const struct flow *f, struct flow *twin)
{
	const int	 c = flowseg_client(f);
	struct flow_key	 key = f->key;
	struct flow_seen *s;
	int		 i;

	if (c) {
		key.a = f->key.b;
		key.b = f->key.a;
	}
	for (i = 0; i < 2; i++) {
		if (!(f->half[i].flags & HALF_SEEN) || (s = seen_as(t, twin,
		    &key, &t->place[f->half[i].place])) == NULL)
			continue;
		s->packets += f->half[i].packets;
		s->bytes += f->half[i].bytes;
		if (i == c)
			s->ttl = f->ttl[c];
	}
}

/*
 * f is no connection of its own: it is twin, seen with another tuple.
 */
static void
become_alias(struct flow_table *t, struct flow *f, struct flow *twin,
    const struct couple *c)
{
	struct flow_extra	*x;

	if ((x = extra_of(t, f)) == NULL)
		return;
	note_mask(t, f, twin);
	note_homes(t, f, twin);
	x->twin = twin->slot;
	x->twin_id = twin->id;
	x->flip = c->i ^ c->j;
	x->renumbered = c->proxied;
	if (c->proxied && f->half[0].flags & f->half[1].flags & HALF_SYN)
		note_shift(x, f->half[!flowseg_client(f)].r.base,
		    twin->half[!flowseg_client(twin)].r.base);
	f->state = FLOW_ALIAS;
	f->flags |= FLOW_F_SKIP | FLOW_F_DROP;	/* data of a SYN may wait */
	flowlife_settle(t, f, f->last_us);
	f->flags &= (uint16_t)~(FLOW_F_SKIP | FLOW_F_DROP);
	flowtab_list(t, f, f->flags & FLOW_F_RST ? FLOWTAB_CLOSED :
	    FLOWTAB_ALIAS);
	twin->flags |= FLOW_F_NAT;
	t->count[FLOW_C_NAT]++;
}

/*
 * Whether a began before b. When an answer came tells that of none whose SYN is
 * yet to come, but how far it went does.
 */
static bool
is_before(const struct couple *c)
{
	const struct flow	*a = c->a, *b = c->b;
	int			 d;

	if (!(a->half[c->i].flags & b->half[c->j].flags & HALF_SYN) &&
	    hops(c, true, &d) && d != 0)
		return d < 0;
	return a->first_us < b->first_us;
}

/*
 * Whether nothing of b was told, and a began before it: what b may hold until
 * it is told, a brings itself.
 */
static bool
comes_first(const struct couple *c)
{
	const struct flow	*b = c->b;
	int32_t			 d;

	if (b->flags & FLOW_F_OPENED)
		return false;
	d = reass_seq_diff(c->a->half[c->i].r.base, b->half[c->j].r.base);
	return d < 0 || (d == 0 && (b->read == NULL ||
	    (b->half[0].flags & b->half[1].flags & HALF_SYN)) && is_before(c));
}

/*
 * Whether the flow turned out to be one of those that the same numbers have
 * marked; it is marked by them, too, from now on.
 */
static bool
pair(struct seg *s, const uint32_t *by, size_t nby,
    bool (*same)(const struct seg *, struct couple *))
{
	struct flow_table	*t = s->t;
	struct flow		*f = s->f, *g;
	struct couple		 c = { .a = f };
	uint32_t		 twin[FLOWTAB_NAT_WAYS];
	size_t			 i, n;

	n = flowtab_nat_put(t, f, by, nby, twin);
	if (f->flags & FLOW_F_OPENED)
		return false;
	for (i = 0; i < n; i++) {
		c.proxied = false;
		c.b = g = flowtab_at(t, twin[i]);
		if (!is_connection(g) || !same(s, &c))
			continue;
		if (comes_first(&c)) {
			become_alias(t, g, f, &c);
			continue;
		}
		become_alias(t, f, g, &c);
		return f->state == FLOW_ALIAS;
	}
	return false;
}

/* Made up packets count from zero; sequence numbers are random otherwise. */
static bool
telling(uint32_t a, uint32_t b)
{
	return a >= MEET_NUMBER || b >= MEET_NUMBER;
}

void
flowseen_pair(struct seg *s)
{
	const struct flow	*f = s->f;
	uint32_t		 isn[2];
	int			 c = flowseg_client(f);

	isn[0] = f->half[c].r.base;
	isn[1] = f->half[!c].r.base;
	if (!(f->half[0].flags & f->half[1].flags & HALF_SYN) &&
	    !telling(isn[0], isn[1]))
		return;
	pair(s, isn, nitems(isn), same_start);
}

void
flowseen_proxy(struct seg *s)
{
	uint32_t	 isn[2] = { s->p->seq + 1, s->p->ack + 1 };

	if (s->p->ack != 0 && telling(isn[0], isn[1]))
		pair(s, isn, nitems(isn), same_start);
}

void
flowseen_shut(struct seg *s)
{
	const struct endpoint	*server = s->dir ? &s->f->key.b : &s->f->key.a;
	uint32_t		 by[2];

	by[0] = s->o->r.base;
	by[1] = (uint32_t)hash_bytes(s->t->key, server, sizeof(*server));
	if (telling(by[0], 0))
		pair(s, by, nitems(by), same_start);
}

void
flowseen_expect(const struct flow_table *t, const struct packet *p)
{
	const uint32_t	 isn[2] = { p->ack, p->seq + 1 };

	flowtab_nat_expect(t, isn, nitems(isn));
}

void
flowseen_refused(struct seg *s)
{
	const struct flow_half	*h = &s->f->half[flowseg_client(s->f)];
	uint32_t		 isn = h->r.base;

	if (h->flags & HALF_SYN && telling(isn, 0))
		pair(s, &isn, 1, same_refusal);
}

bool
flowseen_meet(struct seg *s)
{
	const struct packet	*p = s->p;
	uint32_t		 by[4] = { p->seq, p->ack, p->wire };

	if (!telling(p->seq, p->ack) || (s->h->packets > MEET_PACKETS &&
	    !within(s->f->first_us, p->ts_us, MEET_US)))
		return false;
	if (!s->again)
		s->f->ttl[s->dir] = p->ttl;
	by[3] = (uint32_t)hash_bytes(s->t->key, p->payload,
	    p->len < MEET_BYTES ? p->len : MEET_BYTES);
	return pair(s, by, nitems(by), same_packet);
}

/* The connection that f is an alias of; *dir: as in f, then as in that one. */
static struct flow *
root_of(struct flow_table *t, struct flow *f, int *dir)
{
	struct flow_extra	*x = f->extra;
	struct flow		*twin = flowtab_at(t, x->twin);

	while (twin->id == x->twin_id && twin->state == FLOW_ALIAS) {
		x->flip ^= twin->extra->flip;
		x->twin_id = twin->extra->twin_id;
		x->twin = twin->extra->twin;
		twin = flowtab_at(t, x->twin);
	}
	*dir ^= x->flip;
	return twin->id == x->twin_id ? twin : NULL;
}

bool
flowseen_alias(struct seg *s)
{
	struct flow_table	*t = s->t;
	struct flow		*f = s->f, *twin;
	int			 dir = s->dir;

	if (!s->again)
		t->count[FLOW_C_SEEN_AGAIN]++;
	f->last_us = s->p->ts_us;
	if (s->p->flags & PACKET_TCP_RST)
		flowtab_list(t, f, FLOWTAB_CLOSED);
	if (s->p->flags & PACKET_TCP_FIN) {
		s->h->flags |= HALF_FIN;
		if (s->o->flags & HALF_FIN)
			flowtab_list(t, f, FLOWTAB_CLOSED);
	}
	if ((twin = root_of(t, f, &dir)) == NULL)
		return false;
	(void)sight(t, twin, s->p, dir);
	twin->flags |= FLOW_F_TOUCHED;
	t->busy = twin->slot;
	s->alias = f->slot + 1;
	flowseg_aim(s, twin, dir);
	s->again = true;
	s->counted = false;		/* that was of f alone */
	return true;
}
