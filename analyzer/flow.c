#include <stdlib.h>
#include <string.h>

#include "analyzer/flow.h"
#include "analyzer/flowlife.h"
#include "analyzer/flowtab.h"

#define NEAR		(1 << 20)	/* reordering at a start, in bytes */
#define SLACK		(1 << 20)	/* window moved where we did not see */
#define WIN_MIN		65535		/* a scale may not have been seen */
#define FAR		(16 << 20)	/* a window that nobody told */
#define SUM_DISTRUST	4		/* bad in a row until not believed */
#define SUM_WIRE_MAX	1600		/* larger ones were put together */
#define TTL_HOPS	4		/* between two sightings */
#define HOUSEKEEPING	63		/* packets; a mask */
#define BUDGET		16

/* One packet on its way through. */
struct seg {
	struct flow_table	*t;
	const struct packet	*p;
	struct flow		*f;
	struct flow_half	*h;	/* the sender's */
	struct flow_half	*o;	/* the other one */
	int			 dir;
	bool			 again;	/* not at its home */
	bool			 fresh;	/* brought new bytes */
};

static inline void
bump(uint16_t *n)
{
	if (*n != UINT16_MAX)
		(*n)++;
}

static int
client_of(const struct flow *f)
{
	return f->flags & FLOW_F_CLIENT1 ? 1 : 0;
}

/* A round trip that began at the low half of a time stamp. */
static uint32_t
since_low(uint64_t now_us, uint32_t then)
{
	uint32_t	 d = (uint32_t)now_us - then;

	return d > INT32_MAX ? 0 : d;
}

/* ---- entries ---- */

static struct flow *
entry_new(struct flow_table *t, uint64_t now_us)
{
	struct flow	*f;
	unsigned	 n;

	if ((f = flowtab_take(t)) != NULL)
		return f;
	for (n = 0; n < 2; n++) {
		if (!flowlife_shed(t, now_us, false))
			break;
		if ((f = flowtab_take(t)) != NULL)
			return f;
	}
	t->count[FLOW_C_NO_ROOM]++;
	return NULL;
}

/* Whether the receiver of this packet is the client, as far as can be seen. */
static bool
from_server(const struct packet *p)
{
	if (p->flags & PACKET_TCP_SYN)
		return p->flags & PACKET_TCP_ACK;
	return p->key.a.port < p->key.b.port;
}

/* The end of something that was never seen. */
static bool
stray(const struct packet *p)
{
	return p->flags & PACKET_TCP_RST ||
	    (p->flags & PACKET_TCP_FIN && p->wire == 0);
}

static struct flow *
create(struct flow_table *t, const struct packet *p, uint32_t hash, int *dir)
{
	struct flow	*f;

	if ((f = entry_new(t, p->ts_us)) == NULL)
		return NULL;
	f->key = p->key;
	f->hash = hash;
	*dir = 0;
	if (from_server(p)) {
		f->key.a = p->key.b;
		f->key.b = p->key.a;
		*dir = 1;
	}
	f->id = ++t->next_id;
	f->first_us = f->last_us = p->ts_us;
	f->tunnel = p->depth > 0 ? p->tunnel[0] : PACKET_TUNNEL_NONE;
	f->state = p->flags & PACKET_TCP_SYN ? FLOW_SYN : FLOW_OPEN;
	if (p->flags & PACKET_TCP_SYN)
		f->flags |= FLOW_F_KNOWN;
	else
		f->flags |= FLOW_F_MID;
	f->half[0].wscale = f->half[1].wscale = PACKET_NO_WSCALE;
	flowtab_insert(t, f);
	flowtab_list(t, f, flowlife_class(f));
	return f;
}

static void
aim(struct seg *s, struct flow *f, int dir)
{
	s->f = f;
	s->dir = dir;
	s->h = &f->half[dir];
	s->o = &f->half[!dir];
}

/* The tuple begins anew: the old connection ends here. */
static bool
restart(struct seg *s)
{
	uint32_t	 hash = s->f->hash;
	struct flow	*f;
	int		 dir;

	s->t->count[FLOW_C_REUSED]++;
	s->t->busy = FLOWTAB_NONE;
	flowlife_drop(s->t, s->f, FLOW_EOF_REUSE, s->p->ts_us);
	if ((f = create(s->t, s->p, hash, &dir)) == NULL)
		return false;
	s->t->busy = f->slot;
	aim(s, f, dir);
	s->again = false;
	s->h->place = flowtab_place(s->t, s->p);
	return true;
}

/* ---- where it was seen ---- */

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

	if (dir != client_of(f)) {
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
static void
locate(struct seg *s)
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
hop_apart(const struct flow *a, const struct flow *b)
{
	int	 d, e;

	d = a->ttl[0] - b->ttl[0];
	e = a->ttl[1] - b->ttl[1];
	if (d < 0) {
		d = -d;
		e = -e;
	}
	return d > 0 && d <= TTL_HOPS && e < 0 && e >= -TTL_HOPS;
}

/*
 * Translated by a bridge that filters: no hop, but another interface. The
 * time to live is then the same both ways, and at least one port is kept.
 */
static bool
bridge_apart(const struct flow *a, const struct flow *b)
{
	int	 c = client_of(a), d = client_of(b);

	return a->half[c].place != b->half[d].place &&
	    a->ttl[0] == b->ttl[0] && a->ttl[1] == b->ttl[1] &&
	    (port_of(a, c) == port_of(b, d) ||
	    port_of(a, !c) == port_of(b, !d));
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
	int		 c = client_of(a), d = client_of(b);
	uint64_t	 apart;

	if (b->id == 0 || b->list == FLOWTAB_FREE || b->state == FLOW_ALIAS ||
	    !(b->half[0].flags & b->half[1].flags & HALF_SYN) ||
	    a->half[c].r.base != b->half[d].r.base ||
	    a->half[!c].r.base != b->half[!d].r.base)
		return false;
	apart = a->first_us > b->first_us ? a->first_us - b->first_us :
	    b->first_us - a->first_us;
	return apart <= FLOW_NAT_US && share_address(a, b) &&
	    (hop_apart(a, b) || bridge_apart(a, b));
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
static void
pair_nat(struct seg *s)
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

static enum flow_verdict
on_alias(struct seg *s)
{
	struct flow_table	*t = s->t;
	struct flow		*f = s->f, *twin;
	int			 dir;

	t->count[FLOW_C_SEEN_AGAIN]++;
	twin = flowtab_at(t, f->extra->twin);
	if (twin->id == f->extra->twin_id) {
		dir = s->dir ^ client_of(f) ^ client_of(twin);
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

/* ---- belief ---- */

/*
 * Whether the receiver throws this away for a bad checksum. Where packets are
 * captured, checksums may not be filled in yet, so a half-flow must have shown
 * good ones first, and is not believed any more after several bad ones.
 */
static bool
bad_sum(struct seg *s)
{
	struct flow_half	*h = s->h;

	if (!(h->flags & HALF_IP_GOOD) && s->p->marks & PACKET_IPSUM_GOOD)
		h->flags |= HALF_IP_GOOD;
	if (s->p->marks & PACKET_IPSUM_BAD && h->flags & HALF_IP_GOOD) {
		s->t->count[FLOW_C_BAD_IP_SUM]++;
		return true;
	}
	if (h->flags & HALF_SUM_OFF || !s->t->cfg.checksums)
		return false;
	if (s->p->l4_len > SUM_WIRE_MAX ||
	    (s->f->flags & FLOW_F_SKIP && s->p->wire > 0))
		return false;
	switch (packet_checksum(s->p)) {
	case PACKET_SUM_GOOD:
		h->flags |= HALF_SUM_GOOD;
		h->sum_bad = 0;
		return false;
	case PACKET_SUM_BAD:
		break;
	default:
		return false;
	}
	if (++h->sum_bad >= (h->flags & HALF_SUM_GOOD ? SUM_DISTRUST : 2)) {
		h->flags |= HALF_SUM_OFF;
		if (h->flags & HALF_SUM_GOOD)
			s->t->count[FLOW_C_SUM_DISTRUST]++;
		flowlife_acquit(s->t, s->f, s->dir, true);
		return false;
	}
	if (!(h->flags & HALF_SUM_GOOD))
		return false;
	s->t->count[FLOW_C_BAD_SUM]++;
	return true;
}

/* How far ahead of next the sender of h may be, by what o granted. */
static int64_t
window(const struct flow_half *h, const struct flow_half *o)
{
	int64_t	 a = 0, win = o->win;

	if (!(h->flags & o->flags & HALF_SYN))
		win = o->flags & HALF_SEEN ? 4 * (int64_t)FAR : FAR;
	if (o->flags & HALF_ACKED)
		a = reass_seq_diff(o->ack, reass_next_seq(&h->r));
	if (a < 0)
		a = 0;
	if (win < WIN_MIN)
		win = WIN_MIN;
	return a + win + SLACK;
}

/* Whether ahead is in it; hardly anything is further than it always allows. */
static inline bool
in_reach(const struct flow_half *h, const struct flow_half *o, int64_t ahead)
{
	return ahead <= WIN_MIN + SLACK || ahead <= window(h, o);
}

static uint32_t
scaled(const struct flow_half *h, const struct flow_half *o, uint16_t win)
{
	if (h->wscale == PACKET_NO_WSCALE || o->wscale == PACKET_NO_WSCALE)
		return win;
	return (uint32_t)win << h->wscale;
}

/* ---- bytes ---- */

/* Goes on at seq after loss on a scale that no window explains. */
static void
resync(struct seg *s, int dir, uint32_t seq)
{
	struct flowlife_call	 c = { s->t, s->f, dir };
	struct reass		*r = &s->f->half[dir].r;
	uint64_t		 to = r->next + (seq - reass_next_seq(r));

	r->flags &= (uint16_t)~REASS_HELD;
	if (r->store != NULL)
		reass_skip_to(r, &s->t->env, &c, to, s->p->ts_us,
		    REASS_WHY_LOST);
	else {
		flowlife_lost(s->t, s->f, dir, to - r->next, REASS_WHY_LOST);
		r->next = to;
	}
	s->f->flags &= (uint16_t)~(FLOW_F_OOW << dir);
}

/* Whether the receiver would take it; odd ones are remembered. */
static bool
in_window(struct seg *s)
{
	struct flow	*f = s->f;
	int64_t		 ahead = reass_ahead(&s->h->r, s->p->seq);

	if (in_reach(s->h, s->o, ahead) && ahead >= -(1LL << 30))
		return true;
	if (f->flags & FLOW_F_OOW << s->dir && s->p->wire > 0 &&
	    !(s->o->flags & HALF_SEEN) &&
	    s->p->seq == f->other_seq[s->dir] && ahead > 0) {
		resync(s, s->dir, s->p->seq);
		return true;
	}
	if (s->p->wire > 0 && !(f->flags & FLOW_F_RE << s->dir)) {
		f->other_seq[s->dir] = s->p->seq + s->p->wire;
		f->flags |= (uint16_t)(FLOW_F_OOW << s->dir);
	}
	s->t->count[FLOW_C_OUT_OF_WINDOW]++;
	return false;
}

static uint32_t
note_bytes(struct seg *s, int64_t ahead)
{
	int64_t		 fresh = ahead + s->p->wire;
	uint32_t	 n;

	if (fresh <= 0)
		return 0;
	n = fresh < s->p->wire ? (uint32_t)fresh : s->p->wire;
	if (n > s->p->len)
		n = s->p->len;
	s->h->bytes += n;
	s->t->count[FLOW_C_PAYLOAD] += n;
	return n;
}

static void
note_quality(struct seg *s, int64_t ahead)
{
	struct flow_read	*rd = s->f->read;
	struct flow_half	*h = s->h;
	uint32_t		 wire = s->p->wire;

	if (s->again)
		return;
	if (ahead + wire <= 0) {
		if (ahead == -1 && wire == 1) {
			s->t->count[FLOW_C_KEEPALIVE]++;
			return;
		}
		bump(&h->retrans);
		s->t->count[FLOW_C_RETRANS]++;
		if (rd != NULL)
			rd->rtt[s->dir].us = 0;
	} else if (ahead > 0) {
		bump(&h->ooo);
		s->t->count[FLOW_C_OUT_OF_ORDER]++;
	} else if (rd != NULL && rd->rtt[s->dir].us == 0) {
		rd->rtt[s->dir].seq = s->p->seq + wire;
		rd->rtt[s->dir].us = (uint32_t)s->p->ts_us | 1;
	}
}

/* Nobody reads: what was jumped over may still come. */
static void
skip_unread(struct seg *s, int64_t ahead)
{
	struct flow	*f = s->f;
	uint32_t	 cut = s->p->wire - s->p->len, n;

	if (cut > 0 && ahead + s->p->wire > 0)
		flowlife_lost(s->t, f, s->dir, cut, REASS_WHY_CUT);
	if (ahead > 0)
		f->hole_bytes += (uint32_t)ahead;
	else if (f->hole_bytes > 0 && ahead + s->p->wire <= 0) {
		n = s->p->wire < f->hole_bytes ? s->p->wire : f->hole_bytes;
		f->hole_bytes -= n;
	}
}

/*
 * A start that was missed: what comes first may not be first. While one half
 * waits for that, so does the other, lest an answer overtakes its question.
 */
static void
hold_start(struct seg *s)
{
	struct flow_half	*h = s->h, *o = s->o;

	if (h->r.next != 0 && !(h->flags & HALF_BASE))
		return;		/* it began with bytes that were cut */
	if (!(h->flags & (HALF_SYN | HALF_BASE)) ||
	    (o->r.flags & REASS_HELD && !(o->flags & HALF_SYN_DATA)))
		h->r.flags |= REASS_HELD;
}

/*
 * Data sent before what was thought to be the start. One byte before it is a
 * keep-alive probe, which repeats the last byte sent, unless data that
 * follows that byte was sent already.
 */
static void
rebase_start(struct seg *s, uint32_t seq)
{
	struct flow_half	*h = s->h;
	int64_t			 ahead = reass_ahead(&h->r, seq);

	if (h->flags & HALF_SYN || h->r.next != 0 || ahead >= 0 ||
	    ahead < -NEAR || (s->p->wire <= 1 && ahead == -1 &&
	    !reass_waits(&h->r)))
		return;
	reass_rebase(&h->r, seq);
	h->flags &= (uint16_t)~HALF_BASE;
}

/* The SYN carried data: whether this says that it was not accepted. */
static void
settle_syn_data(struct seg *s, int dir, bool refused)
{
	struct flow_half	*h = &s->f->half[dir];

	if (!(h->flags & HALF_SYN_DATA) || !(h->r.flags & REASS_HELD))
		return;
	if (!refused) {
		flowlife_release(s->t, s->f);
		return;
	}
	s->t->count[FLOW_C_SYN_DATA_REFUSED]++;
	h->r.flags &= (uint16_t)~REASS_HELD;
	h->flags &= (uint16_t)~HALF_SYN_DATA;
	h->bytes = 0;
	reass_clear(&h->r, &s->t->env);
}

static void
feed(struct seg *s)
{
	struct flowlife_call	 c = { s->t, s->f, s->dir };
	struct flow_half	*h = s->h;
	struct flow_extra	*x = s->f->extra;
	const struct packet	*p = s->p;
	enum reass_result	 res;
	int64_t			 ahead;

	rebase_start(s, p->seq);
	if (h->bytes == 0 && !(s->f->flags & FLOW_F_SKIP) &&
	    (s->f->read != NULL || flowlife_store(s->t, s->f)))
		hold_start(s);
	ahead = reass_ahead(&h->r, p->seq);
	if (h->r.flags & REASS_HELD && h->flags & HALF_SYN_DATA)
		settle_syn_data(s, s->dir, ahead == 0);
	note_quality(s, ahead);
	if (h->r.store == NULL)
		skip_unread(s, ahead);
	if (s->f->read != NULL)
		flowtab_lend(s->t, s->f->read);
	res = reass_data(&h->r, &s->t->env, &c, p->seq, p->payload, p->len,
	    p->wire, p->ts_us, p->ack);
	if (s->f->read != NULL)
		flowtab_unlend(s->f->read);
	if (res != REASS_DUPLICATE) {
		s->fresh = note_bytes(s, ahead) > 0;
		if (s->again && x != NULL) {
			x->end[s->dir] = p->seq + p->wire;
			x->has_end[s->dir] = true;
			s->t->count[FLOW_C_ELSEWHERE]++;
		}
	}
}

/* ---- acknowledgements ---- */

static void
rtt_sample(struct seg *s)
{
	struct flow_read	*rd = s->f->read;
	uint32_t		 us;

	if (rd == NULL || rd->rtt[!s->dir].us == 0 ||
	    reass_seq_lt(s->p->ack, rd->rtt[!s->dir].seq))
		return;
	us = since_low(s->p->ts_us, rd->rtt[!s->dir].us & ~1U);
	rd->rtt[!s->dir].us = 0;
	if (rd->rtt[!s->dir].srtt == 0)
		rd->rtt[!s->dir].srtt = us;
	else
		rd->rtt[!s->dir].srtt += us / 8 - rd->rtt[!s->dir].srtt / 8;
	if (s->t->ops->rtt != NULL)
		s->t->ops->rtt(s->t->arg, s->f, s->dir == client_of(s->f), us,
		    false);
}

static void
note_ack_quality(struct seg *s, uint32_t win)
{
	struct flow_half	*h = s->h, *o = s->o;

	if (s->again)
		return;
	if (s->p->win == 0 && h->win != 0 && h->flags & HALF_ACKED) {
		bump(&s->f->zero_win[s->dir]);
		s->t->count[FLOW_C_ZERO_WINDOW]++;
	}
	if (h->flags & HALF_ACKED && s->p->ack == h->ack && s->p->wire == 0 &&
	    win == h->win && !(s->p->flags & PACKET_TCP_FIN) &&
	    reass_seq_lt(h->ack, reass_next_seq(&o->r))) {
		bump(&h->dup_acks);
		s->t->count[FLOW_C_DUP_ACK]++;
	}
	rtt_sample(s);
}

/* The other half was never seen: acknowledgements tell what it sent. */
static void
ack_of_unseen(struct seg *s)
{
	struct flow_half	*o = s->o;
	int64_t			 a;

	if (!(o->flags & HALF_BASE)) {
		reass_init(&o->r, s->p->ack);
		o->flags |= HALF_BASE;
		return;
	}
	a = reass_ahead(&o->r, s->p->ack);
	if (a <= 0 || a > 4 * (int64_t)FAR)
		return;
	o->r.next += (uint64_t)a;
	flowlife_lost(s->t, s->f, !s->dir, (uint64_t)a, REASS_WHY_LOST);
}

/* False: it acknowledges what nobody can have sent. */
static bool
on_ack(struct seg *s)
{
	struct flow_half	*h = s->h, *o = s->o;
	uint32_t		 win = scaled(h, o, s->p->win);
	int64_t			 a;

	if (s->f->state == FLOW_SYN && s->f->flags & FLOW_F_RE << !s->dir &&
	    o->r.next == 0 && s->p->ack == s->f->other_seq[!s->dir] + 1) {
		reass_clear(&o->r, &s->t->env);
		reass_init(&o->r, s->p->ack);	/* the second SYN-ACK won */
		s->f->flags &= (uint16_t)~(FLOW_F_RE << !s->dir);
	}
	if (!(o->flags & HALF_SEEN)) {
		ack_of_unseen(s);
		a = 0;
	} else
		a = reass_ahead(&o->r, s->p->ack);
	if (!in_reach(o, h, a)) {
		if (s->f->flags & FLOW_F_OOW << !s->dir && reass_seq_leq(
		    s->f->other_seq[!s->dir], s->p->ack))
			resync(s, !s->dir, s->f->other_seq[!s->dir]);
		else {
			s->t->count[FLOW_C_BAD_ACK]++;
			return false;
		}
	}
	note_ack_quality(s, win);
	if (!(h->flags & HALF_ACKED) || reass_seq_lt(h->ack, s->p->ack))
		h->ack = s->p->ack;
	h->win = win;
	h->flags |= HALF_ACKED;
	if (s->f->read != NULL && s->f->read->suspects != NULL)
		flowlife_acquit(s->t, s->f, !s->dir, false);
	if (s->f->flags & FLOW_F_SKIP && o->flags & HALF_SEEN && a > 0) {
		a = (int64_t)flowlife_unseen(s->f, !s->dir);
		o->r.next += (uint64_t)a;
		s->f->hole_bytes += (uint32_t)a;
	}
	return true;
}

/* ---- segments by kind ---- */

static void
handshake_done(struct seg *s)
{
	struct flow	*f = s->f;

	f->state = FLOW_OPEN;
	if (f->list == FLOWTAB_HALF)
		flowtab_list(s->t, f, flowlife_class(f));
	if (!(f->flags & FLOW_F_HS1) || s->dir != client_of(f))
		return;
	f->flags &= (uint16_t)~FLOW_F_HS1;
	f->hs_us[1] = since_low(s->p->ts_us, f->hs_us[1]);
	if (s->t->ops->rtt != NULL)
		s->t->ops->rtt(s->t->arg, f, 1, f->hs_us[1], true);
}

/* The first packet of a half that has no SYN. */
static void
first_of_half(struct seg *s)
{
	struct flow_half	*h = s->h;
	int64_t			 ahead;

	h->flags |= HALF_SEEN;
	if (!(h->flags & HALF_BASE)) {
		reass_init(&h->r, s->p->seq);
		if (s->p->wire == 0)
			h->flags |= HALF_BASE;
		return;
	}
	ahead = reass_ahead(&h->r, s->p->seq);
	if (ahead > NEAR || ahead < -NEAR) {
		h->flags &= (uint16_t)~HALF_BASE;
		h->r.base = s->p->seq - (uint32_t)h->r.next;
	} else if (ahead < 0) {	/* acknowledged before it was shown */
		h->r.base += (uint32_t)ahead;
		if (h->r.next > 0) {
			h->r.base += (uint32_t)h->r.next;
			h->r.next = 0;
			h->lost = 0;
		}
	}
}

static void
on_fin(struct seg *s)
{
	struct flow		*f = s->f;

	if (s->h->flags & HALF_FIN)
		return;
	s->h->flags |= HALF_FIN;
	s->h->fin_seq = s->p->seq + s->p->wire;
	if (f->state == FLOW_OPEN)
		f->state = FLOW_CLOSING;
	if (!(s->o->flags & HALF_SEEN))
		flowtab_list(s->t, f, FLOWTAB_CLOSED);
}

/* What the sender said after its FIN is not for anyone. */
static bool
after_fin(struct seg *s)
{
	uint32_t	 end = s->p->seq + s->p->wire;

	if (!(s->h->flags & HALF_FIN) || s->p->wire == 0 ||
	    reass_seq_leq(end, s->h->fin_seq))
		return false;
	s->t->count[FLOW_C_AFTER_FIN]++;
	return true;
}

/* A reset that the connection outlived was not one. */
static void
revive(struct seg *s)
{
	struct flow	*f = s->f;

	if (!(f->flags & FLOW_F_RST) || s->p->wire == 0 ||
	    reass_ahead(&s->h->r, s->p->seq) < 0)
		return;
	f->flags &= (uint16_t)~FLOW_F_RST;
	f->state = FLOW_OPEN;
	s->t->count[FLOW_C_AFTER_RST]++;
	flowtab_list(s->t, f, flowlife_class(f));
}

/* Data at the start that an odd SYN announced: it was a new connection. */
static bool
confirmed_by_data(struct seg *s)
{
	uint32_t	 isn = s->f->other_seq[s->dir];

	if (!(s->f->flags & FLOW_F_RE << s->dir) || s->p->wire == 0 ||
	    s->p->seq != isn + 1)
		return true;
	if (!restart(s))
		return false;
	s->f->flags &= (uint16_t)~FLOW_F_MID;
	s->h->flags |= HALF_SEEN | HALF_SYN;
	reass_init(&s->h->r, isn + 1);
	return true;
}

static enum flow_verdict
on_segment(struct seg *s)
{
	const struct packet	*p = s->p;

	if (!(p->flags & PACKET_TCP_ACK)) {
		s->t->count[FLOW_C_NO_ACK]++;
		return FLOW_IGNORED;
	}
	if (!confirmed_by_data(s))
		return FLOW_NO_ROOM;
	if (s->f->state == FLOW_CLOSED)
		return s->again ? FLOW_AGAIN : FLOW_COUNTED;
	if (!(s->h->flags & HALF_SEEN))
		first_of_half(s);
	if (!in_window(s) || after_fin(s) || !on_ack(s))
		return FLOW_IGNORED;
	if (s->f->state == FLOW_SYN)
		handshake_done(s);
	if (p->flags & PACKET_TCP_URG)
		s->t->count[FLOW_C_URGENT]++;
	revive(s);
	if (p->wire > 0)
		feed(s);
	if (p->flags & PACKET_TCP_FIN)
		on_fin(s);
	flowlife_settle(s->t, s->f, p->ts_us);
	flowlife_watch(s->t, s->f, p->ts_us);
	if (s->fresh && s->f->half[0].flags & HALF_UNREAD)
		return FLOW_NO_ROOM;
	return s->again && !s->fresh ? FLOW_AGAIN : FLOW_COUNTED;
}

static bool
rst_valid(const struct seg *s)
{
	const struct packet	*p = s->p;

	if (s->f->state == FLOW_SYN && !(s->h->flags & HALF_SEEN))
		return p->flags & PACKET_TCP_ACK &&
		    reass_ahead(&s->o->r, p->ack) <= NEAR &&
		    reass_ahead(&s->o->r, p->ack) >= 0;
	if (!(s->h->flags & (HALF_SEEN | HALF_BASE)))
		return true;
	if (p->seq == reass_next_seq(&s->h->r))
		return true;
	if (s->o->flags & HALF_ACKED && p->seq == s->o->ack)
		return true;
	if (s->h->flags & HALF_FIN && p->seq == s->h->fin_seq + 1)
		return true;
	/* what we missed may have moved it */
	return reass_waits(&s->h->r) && reass_ahead(&s->h->r, p->seq) > 0 &&
	    reass_ahead(&s->h->r, p->seq) < window(s->h, s->o);
}

static enum flow_verdict
on_rst(struct seg *s)
{
	if (s->p->wire > 0)
		s->t->count[FLOW_C_RST_DATA]++;
	if (s->f->state == FLOW_CLOSED)
		return s->again ? FLOW_AGAIN : FLOW_COUNTED;
	if (!rst_valid(s)) {
		s->t->count[FLOW_C_BAD_RST]++;
		return FLOW_IGNORED;
	}
	s->f->flags |= FLOW_F_RST;
	s->f->state = FLOW_CLOSING;
	flowtab_list(s->t, s->f, FLOWTAB_CLOSED);
	return s->again ? FLOW_AGAIN : FLOW_COUNTED;
}

/* A SYN for a half whose start is known already, or missed. */
static bool
odd_syn(struct seg *s)
{
	struct flow	*f = s->f;
	uint32_t	 isn = s->p->seq;
	bool		 ack = s->p->flags & PACKET_TCP_ACK;

	if (f->state == FLOW_CLOSED || f->flags & FLOW_F_RST ||
	    (f->state == FLOW_SYN && !ack))
		return restart(s);
	if (ack && f->flags & FLOW_F_RE << !s->dir &&
	    s->p->ack == f->other_seq[!s->dir] + 1)
		return restart(s);
	f->other_seq[s->dir] = isn;
	f->flags &= (uint16_t)~(FLOW_F_OOW << s->dir);
	f->flags |= (uint16_t)(FLOW_F_RE << s->dir);
	s->t->count[FLOW_C_BAD_SYN]++;
	return false;
}

/* Whether the half takes this SYN as its start; *again: it knew it. */
static bool
take_syn(struct seg *s, bool *known)
{
	struct flow_half	*h = s->h;
	uint32_t		 base = s->p->seq + 1;
	int64_t			 back;

	*known = false;
	if (h->flags & HALF_SYN) {
		if (h->r.base == base) {
			*known = true;
			return true;
		}
		return odd_syn(s);
	}
	if (s->f->state == FLOW_CLOSED)
		return restart(s);
	if (h->flags & HALF_SEEN) {	/* data was shown before it */
		back = reass_seq_diff(h->r.base, base);
		if (back != 0 && (h->r.next != 0 || back < 0 || back > NEAR))
			return odd_syn(s);
		if (h->r.next == 0)
			reass_rebase(&h->r, base);
		return true;
	}
	reass_init(&h->r, base);
	return true;
}

static void
syn_times(struct seg *s)
{
	struct flow	*f = s->f;

	if (!(s->p->flags & PACKET_TCP_ACK)) {
		f->hs_us[0] = (uint32_t)s->p->ts_us;
		f->flags |= FLOW_F_HS0;
		return;
	}
	if (f->flags & FLOW_F_HS0) {
		f->flags &= (uint16_t)~FLOW_F_HS0;
		f->hs_us[0] = since_low(s->p->ts_us, f->hs_us[0]);
		if (s->t->ops->rtt != NULL)
			s->t->ops->rtt(s->t->arg, f, 0, f->hs_us[0], true);
	}
	f->hs_us[1] = (uint32_t)s->p->ts_us;
	f->flags |= FLOW_F_HS1;
}

static void
syn_ack(struct seg *s)
{
	struct flow_half	*o = s->o;

	if (!(o->flags & (HALF_SEEN | HALF_BASE))) {
		reass_init(&o->r, s->p->ack);
		o->flags |= HALF_BASE;
	}
	settle_syn_data(s, !s->dir, s->p->ack == o->r.base);
	s->h->ack = s->p->ack;
	s->h->flags |= HALF_ACKED;
}

/* Bytes that came with a SYN wait until the peer accepts them. */
static void
syn_data(struct seg *s)
{
	struct flowlife_call	 c = { s->t, s->f, s->dir };
	const struct packet	*p = s->p;

	s->t->count[FLOW_C_SYN_DATA]++;
	if (s->f->read == NULL && !flowlife_store(s->t, s->f))
		return;
	if (!(p->flags & PACKET_TCP_ACK)) {
		if (s->o->flags & HALF_SEEN)
			return;
		s->h->flags |= HALF_SYN_DATA;
		s->h->r.flags |= REASS_HELD;
	}
	note_bytes(s, 0);
	(void)reass_data(&s->h->r, &s->t->env, &c, p->seq + 1, p->payload,
	    p->len, p->wire, p->ts_us, p->ack);
	flowlife_settle(s->t, s->f, p->ts_us);
	flowlife_watch(s->t, s->f, p->ts_us);
}

/* A SYN-ACK must answer the SYN that was seen (RFC 9293, 3.10.7.3). */
static bool
answers(const struct seg *s)
{
	int64_t	 a;

	if (!(s->p->flags & PACKET_TCP_ACK) || !(s->o->flags & HALF_SYN))
		return true;
	a = reass_seq_diff(s->p->ack, s->o->r.base);
	return a >= 0 && a <= NEAR;
}

static void
syn_repeated(struct seg *s)
{
	if (s->again || s->f->state == FLOW_CLOSED)
		return;
	bump(&s->h->retrans);
	s->t->count[FLOW_C_RETRANS]++;
	if (s->f->flags & (FLOW_F_HS0 | FLOW_F_HS1) &&
	    s->f->state == FLOW_SYN)
		syn_times(s);
}

/* A SYN that came late corrects what ports had suggested. */
static void
name_client(struct seg *s)
{
	struct flow	*f = s->f;
	int		 client;

	if (f->flags & FLOW_F_KNOWN)
		return;
	f->flags |= FLOW_F_KNOWN;
	if (!(s->p->flags & PACKET_TCP_ACK))
		f->flags &= (uint16_t)~FLOW_F_MID;
	client = s->p->flags & PACKET_TCP_ACK ? !s->dir : s->dir;
	if (client)
		f->flags |= FLOW_F_CLIENT1;
}

static enum flow_verdict
on_syn(struct seg *s)
{
	const struct packet	*p = s->p;
	bool			 known;

	if (!answers(s) && !(s->f->flags & FLOW_F_RE << !s->dir)) {
		s->t->count[FLOW_C_BAD_ACK]++;
		return FLOW_IGNORED;
	}
	if (!take_syn(s, &known))
		return FLOW_IGNORED;
	if (known) {
		syn_repeated(s);
		return s->again ? FLOW_AGAIN : FLOW_COUNTED;
	}
	if (!(s->h->flags & HALF_SYN) && s->h->r.base != p->seq + 1)
		reass_init(&s->h->r, p->seq + 1);	/* after a restart */
	s->h->flags |= HALF_SEEN | HALF_SYN;
	s->h->flags &= (uint16_t)~HALF_BASE;
	name_client(s);
	if (s->h->r.flags & REASS_HELD)
		flowlife_release(s->t, s->f);
	s->h->wscale = p->wscale;
	s->h->win = p->win;
	s->f->ttl[(p->flags & PACKET_TCP_ACK) != 0] = p->ttl;
	if (!s->again)
		syn_times(s);
	if (p->flags & PACKET_TCP_ACK)
		syn_ack(s);
	if (s->h->flags & s->o->flags & HALF_SYN)
		pair_nat(s);
	if (p->wire > 0 && s->f->state != FLOW_ALIAS)
		syn_data(s);
	return s->again ? FLOW_AGAIN : FLOW_COUNTED;
}

static enum flow_verdict
handle(struct seg *s)
{
	const struct packet	*p = s->p;

	if (s->f->state == FLOW_ALIAS && !((p->flags & PACKET_TCP_SYN) &&
	    s->h->flags & HALF_SYN && s->h->r.base != p->seq + 1))
		return on_alias(s);
	if (s->f->state == FLOW_ALIAS) {
		if (!restart(s))
			return FLOW_NO_ROOM;
	} else
		locate(s);
	if (bad_sum(s)) {
		flowlife_suspect(s->t, s->f, s->dir, p);
		return FLOW_IGNORED;
	}
	if (s->again)
		s->t->count[FLOW_C_SEEN_AGAIN]++;
	else
		s->h->packets++;
	if (p->flags & PACKET_TCP_RST)
		return on_rst(s);
	if (p->flags & PACKET_TCP_SYN)
		return on_syn(s);
	return on_segment(s);
}

static bool
bad_flags(const struct packet *p)
{
	return p->flags & PACKET_TCP_SYN &&
	    p->flags & (PACKET_TCP_FIN | PACKET_TCP_RST);
}

static void
housekeeping(struct flow_table *t, uint64_t now_us)
{
	if (t->due.head != FLOWTAB_NONE)
		flowlife_holes(t, now_us, BUDGET);
	if ((++t->npackets & HOUSEKEEPING) == 0) {
		flowlife_age(t, now_us, BUDGET);
		flowlife_relieve(t, now_us);
	}
}

enum flow_verdict
flow_packet(struct flow_table *t, const struct packet *p)
{
	struct seg		 s = { .t = t, .p = p };
	struct flow		*f;
	uint32_t		 hash;
	enum flow_verdict	 v;
	int			 dir = 0;

	if (bad_flags(p)) {
		t->count[FLOW_C_BAD_FLAGS]++;
		return FLOW_IGNORED;
	}
	hash = p->hashed ? p->hash : flowtab_hash(t, &p->key);
	f = flowtab_find(t, &p->key, hash, &dir);
	if (f == NULL && stray(p)) {
		t->count[FLOW_C_STRAY]++;
		housekeeping(t, p->ts_us);
		return FLOW_IGNORED;
	}
	if (f == NULL && (f = create(t, p, hash, &dir)) == NULL) {
		housekeeping(t, p->ts_us);
		return FLOW_NO_ROOM;
	}
	t->busy = f->slot;
	aim(&s, f, dir);
	f->flags |= FLOW_F_TOUCHED;
	v = handle(&s);
	if (s.f != NULL)
		s.f->last_us = p->ts_us;
	t->busy = FLOWTAB_NONE;
	housekeeping(t, p->ts_us);
	return v;
}

void
flow_prefetch(const struct flow_table *t, struct packet *p)
{
	p->hash = flowtab_hash(t, &p->key);
	p->hashed = true;
	flowtab_prefetch(t, p->hash, 0);
}

void
flow_prefetch_entry(const struct flow_table *t, const struct packet *p)
{
	flowtab_prefetch(t, p->hash, 1);
}

void
flow_prefetch_reader(const struct flow_table *t, const struct packet *p)
{
	flowtab_prefetch(t, p->hash, 2);
}

/* ---- the table ---- */

void
flow_config_default(struct flow_config *c)
{
	memset(c, 0, sizeof(*c));
	c->idle_us = 300 * 1000000ULL;
	c->syn_us = 30 * 1000000ULL;
	c->reass_bytes = 1 << 20;
	c->reass_segs = 1024;
	c->checksums = true;
}

void
flow_table_config(struct flow_table *t, const struct flow_config *c)
{
	t->cfg = *c;
	t->env.limit_bytes = c->reass_bytes;
	t->env.limit_segs = c->reass_segs;
}

struct flow_table *
flow_table_new(const struct flow_config *c, const struct hash_key *key,
    struct mem *mem, const struct flow_ops *ops, const struct flow_feed *fd,
    void *arg)
{
	struct flow_table	*t;

	if (!mem_take(mem, MEM_FLOWS, sizeof(*t)))
		return NULL;
	if ((t = calloc(1, sizeof(*t))) == NULL) {
		mem_give(mem, MEM_FLOWS, sizeof(*t));
		return NULL;
	}
	t->key = key;
	t->mem = mem;
	t->ops = ops;
	t->feed = fd;
	t->arg = arg;
	flow_table_config(t, c);
	flowlife_init(t);
	if (flowtab_init(t) == -1) {
		flow_table_free(t);
		return NULL;
	}
	return t;
}

void
flow_table_free(struct flow_table *t)
{
	static const struct flow_ops	 quiet;
	struct flow			*f;
	uint32_t			 slot;

	if (t == NULL)
		return;
	t->ops = &quiet;
	for (slot = 0; slot < t->nused; slot++) {
		f = flowtab_at(t, slot);
		if (f->list == FLOWTAB_FREE)
			continue;
		f->flags |= FLOW_F_SKIP | FLOW_F_DROP;
		flowlife_settle(t, f, f->last_us);
		flowlife_drop(t, f, FLOW_EOF_SHED, f->last_us);
	}
	flowtab_clear(t);
	mem_give(t->mem, MEM_FLOWS, sizeof(*t));
	free(t);
}

void
flow_tick(struct flow_table *t, uint64_t now_us)
{
	flowlife_holes(t, now_us, 256);
	flowlife_age(t, now_us, 1024);
	flowlife_relieve(t, now_us);
}

void
flow_flush(struct flow_table *t, uint64_t now_us)
{
	struct flow	*f;
	uint32_t	 slot;

	for (slot = 0; slot < t->nused; slot++) {
		f = flowtab_at(t, slot);
		if (f->list == FLOWTAB_FREE)
			continue;
		flowlife_drop(t, f, f->flags & FLOW_F_RST ? FLOW_EOF_RST :
		    FLOW_EOF_TIMEOUT, now_us);
	}
}

size_t
flow_shed(struct flow_table *t, size_t n, uint64_t now_us)
{
	uint64_t	 before = t->mem->used;

	while (before - t->mem->used < n)
		if (!flowlife_shed(t, now_us, true))
			break;
	return before > t->mem->used ? (size_t)(before - t->mem->used) : 0;
}

bool
flow_walk(struct flow_table *t, uint64_t *cursor, size_t max,
    void (*visit)(void *, struct flow *), void *arg)
{
	uint64_t	 slots = t->nused;
	struct flow	*f;

	for (; *cursor < slots && max > 0; max--, (*cursor)++) {
		f = flowtab_at(t, (uint32_t)*cursor);
		if (f->list != FLOWTAB_FREE && f->state != FLOW_ALIAS)
			visit(arg, f);
	}
	return *cursor < slots;
}

/* ---- what is known of a flow ---- */

static void
half_info(const struct flow_table *t, const struct flow *f, int d,
    struct flow_half_info *i)
{
	const struct flow_half		*h = &f->half[d];
	const struct flowtab_place	*pl = &t->place[h->place];

	i->bytes = h->bytes;
	i->lost = h->lost;
	i->packets = h->packets;
	i->retrans = h->retrans;
	i->ooo = h->ooo;
	i->dup_acks = h->dup_acks;
	i->zero_windows = f->zero_win[d];
	i->seen = (h->flags & HALF_SEEN) != 0;
	i->fin = (h->flags & HALF_FIN) != 0;
	i->iface = h->place != 0 ? pl->iface : 0xffff;
	i->vlan[0] = pl->vlan[0];
	i->vlan[1] = pl->vlan[1];
	i->nvlan = pl->nvlan;
	if (f->read != NULL)
		i->srtt_us = f->read->rtt[!d].srtt;
}

void
flow_info(const struct flow_table *t, const struct flow *f,
    struct flow_info *i)
{
	int	 c = client_of(f);

	memset(i, 0, offsetof(struct flow_info, seen));
	i->id = f->id;
	i->key.a = c ? f->key.b : f->key.a;
	i->key.b = c ? f->key.a : f->key.b;
	i->first_us = f->first_us;
	i->last_us = f->last_us;
	i->state = f->state;
	i->midstream = flow_midstream(f);
	i->client_known = flow_client_known(f);
	i->one_sided = !(f->half[0].flags & f->half[1].flags & HALF_SEEN);
	i->nat = (f->flags & FLOW_F_NAT) != 0;
	i->tunnel = f->tunnel;
	half_info(t, f, c, &i->half[0]);
	half_info(t, f, !c, &i->half[1]);
	if (!(f->flags & FLOW_F_HS0))
		i->half[1].rtt_us = f->hs_us[0];
	if (!(f->flags & FLOW_F_HS1))
		i->half[0].rtt_us = f->hs_us[1];
	if (f->extra != NULL) {
		i->nseen = f->extra->nseen;
		memcpy(i->seen, f->extra->seen,
		    i->nseen * sizeof(i->seen[0]));
	}
	i->reader = flow_reader(f);
}

uint64_t
flow_id(const struct flow *f)
{
	return f->id;
}

void *
flow_reader(const struct flow *f)
{
	return f->read != NULL ? f->read->reader : NULL;
}

void
flow_key(const struct flow *f, struct flow_key *k)
{
	*k = f->key;
	if (f->flags & (f->flags & FLOW_F_OPENED ? FLOW_F_RDIR1 :
	    FLOW_F_CLIENT1)) {
		k->a = f->key.b;
		k->b = f->key.a;
	}
}

uint16_t
flow_iface(const struct flow_table *t, const struct flow *f, int dir)
{
	uint16_t	 at;

	if (f->flags & FLOW_F_RDIR1)
		dir = !dir;
	at = f->half[dir].place;
	return at != 0 ? t->place[at].iface : 0xffff;
}

uint16_t
flow_home(const struct flow_table *t, const struct flow *f, int32_t vlan[2])
{
	const struct flowtab_place	*pl;
	const struct flow_half		*h = &f->half[client_of(f)];
	int				 i;

	if (!(h->flags & HALF_SEEN))
		h = &f->half[!client_of(f)];
	pl = &t->place[h->place];
	for (i = 0; i < 2; i++)
		vlan[i] = pl->nvlan > i ? pl->vlan[i] : -1;
	return h->place != 0 ? pl->iface : 0xffff;
}

uint64_t
flow_first_us(const struct flow *f)
{
	return f->first_us;
}

bool
flow_midstream(const struct flow *f)
{
	return (f->flags & FLOW_F_MID) != 0;
}

bool
flow_client_known(const struct flow *f)
{
	return (f->flags & FLOW_F_KNOWN) != 0;
}

void
flow_set_client(struct flow *f, int dir)
{
	if (f->flags & FLOW_F_RDIR1)
		dir = !dir;
	f->flags &= (uint16_t)~FLOW_F_CLIENT1;
	if (dir)
		f->flags |= FLOW_F_CLIENT1;
	f->flags |= FLOW_F_KNOWN;
}

size_t
flow_live(const struct flow_table *t)
{
	return t->nlive;
}

uint64_t
flow_count(const struct flow_table *t, enum flow_count c)
{
	return t->count[c];
}

uint64_t
flow_reass_count(const struct flow_table *t, enum reass_count c)
{
	return t->env.count[c];
}

static const char	*const count_text[][2] = {
#define M(name, text, help)	[FLOW_C_##name] = { text, help },
	FLOW_COUNTS(M)
#undef M
};

const char *
flow_count_name(enum flow_count c)
{
	return count_text[c][0];
}

const char *
flow_count_help(enum flow_count c)
{
	return count_text[c][1];
}
