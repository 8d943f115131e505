#include <stdlib.h>
#include <string.h>

#include "analyzer/flow.h"
#include "analyzer/flowack.h"
#include "analyzer/flowfeed.h"
#include "analyzer/flowgone.h"
#include "analyzer/flowlife.h"
#include "analyzer/flowmask.h"
#include "analyzer/flowsame.h"
#include "analyzer/flowseen.h"
#include "analyzer/flowseg.h"
#include "analyzer/flowsyn.h"
#include "analyzer/flowtab.h"
#include "analyzer/flowtrust.h"
#include "analyzer/flowvol.h"

#define HOUSEKEEPING	63		/* packets; a mask */
#define BUDGET		16
#define FEW		1024		/* entries of 256 bytes */

/* The end of something that was never seen. */
static bool
stray(const struct packet *p)
{
	return p->flags & PACKET_TCP_RST ||
	    (p->flags & PACKET_TCP_FIN && p->wire == 0);
}

/* ---- segments by kind ---- */

/* A keep-alive probe begins a byte early; it may bring one, of no meaning. */
static bool
garbage(const struct packet *p)
{
	return p->wire == 1 && p->len == 1 && p->payload[0] == 0;
}

static bool
probe(const struct packet *p)
{
	return !(p->flags & PACKET_TCP_FIN) && (p->wire == 0 || garbage(p));
}

/* The first packet of a half that has no SYN. */
static void
first_of_half(struct seg *s)
{
	struct flow_half	*h = s->h;
	int64_t			 ahead;

	h->flags |= HALF_SEEN;
	if (!(h->flags & HALF_BASE)) {
		reass_init(&h->r, s->p->seq + garbage(s->p));
		if (s->p->wire == 0 || garbage(s->p))
			h->flags |= HALF_BASE;
		return;
	}
	ahead = reass_ahead(&h->r, s->p->seq);
	if (ahead > FLOWSEG_NEAR || ahead < -FLOWSEG_NEAR) {
		h->flags &= (uint16_t)~HALF_BASE;
		h->r.base = s->p->seq - (uint32_t)h->r.next;
	} else if (ahead < 0 && (ahead < -1 || !probe(s->p))) {
		/* acknowledged before it was shown */
		h->r.base += (uint32_t)ahead;
		if (h->r.next > 0) {
			h->r.base += (uint32_t)h->r.next;
			h->r.next = 0;
			h->lost = 0;
		}
	}
}

/*
 * Of a half that showed nothing else yet, what is before it may be late; or
 * the client may be another one.
 */
static void
hold_end(struct seg *s)
{
	const bool	 doubt = s->h->flags & HALF_SYN;

	if (s->h->r.next != 0 || s->f->flags & FLOW_F_SKIP ||
	    (doubt && !flowmask_doubts(s->t, s->f)) ||
	    (s->f->read == NULL && !flowlife_store(s->t, s->f)))
		return;
	s->t->count[FLOW_C_MASKED] += doubt &&
	    !((s->h->r.flags | s->o->r.flags) & REASS_HELD);
	s->h->r.flags |= REASS_HELD;
}

static void
on_fin(struct seg *s)
{
	struct flow		*f = s->f;

	if (s->h->flags & HALF_FIN)
		return;
	s->h->flags |= HALF_FIN;
	s->h->fin_seq = s->p->seq + s->p->wire;
	hold_end(s);
	if (f->state == FLOW_OPEN)
		f->state = FLOW_CLOSING;
	if (!(s->o->flags & HALF_SEEN))
		flowtab_list(s->t, f, FLOWTAB_ENDING);
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

/* What an acceptable segment brings. */
static enum flow_verdict
take(struct seg *s)
{
	if (s->p->wire > 0)
		flowfeed_data(s);
	if (s->p->flags & PACKET_TCP_FIN)
		on_fin(s);
	flowlife_settle(s->t, s->f, s->p->ts_us);
	flowlife_watch(s->t, s->f, s->p->ts_us);
	if (s->fresh && s->f->half[0].flags & HALF_UNREAD)
		return FLOW_NO_ROOM;
	return s->again && !s->fresh ? FLOW_AGAIN : FLOW_COUNTED;
}

/* Data tells so, where the home missed the last step of the handshake. */
static bool
is_open(struct seg *s)
{
	if (s->f->state == FLOW_SYN && s->p->wire > 0 &&
	    s->h->flags & s->o->flags & HALF_SYN)
		flowsyn_done(s);
	return s->f->state == FLOW_OPEN || s->f->state == FLOW_CLOSING;
}

/*
 * Behind NAT the other side of a connection may bring what its home missed:
 * sequence numbers are the same there.
 */
static enum flow_verdict
take_there(struct seg *s)
{
	const uint8_t	 flags = s->p->flags;

	if ((flags & (PACKET_TCP_SYN | PACKET_TCP_RST | PACKET_TCP_ACK)) !=
	    PACKET_TCP_ACK ||
	    (s->p->wire == 0 && !(flags & PACKET_TCP_FIN)) || !is_open(s))
		return FLOW_AGAIN;
	if (!(s->h->flags & HALF_SEEN))
		first_of_half(s);
	if (!flowtrust_in_window(s) || flowtrust_after_fin(s) ||
	    !flowack_take(s))
		return FLOW_AGAIN;
	return take(s);
}

/* The same behind a SYN proxy. */
static enum flow_verdict
take_shifted(struct seg *s, const struct flow_extra *x)
{
	const struct packet	*there = s->p;
	struct packet		 here;
	enum flow_verdict	 v;

	flowseen_shift(s, x, &here);
	s->p = &here;
	v = take_there(s);
	s->p = there;
	return v;
}

static enum flow_verdict
on_alias(struct seg *s)
{
	struct flow_extra	*x = s->f->extra;

	if (!flowseen_alias(s))
		return FLOW_AGAIN;
	if (x->renumbered == 0)
		return take_there(s);
	return flowseen_shifted(s, x) ? take_shifted(s, x) : FLOW_AGAIN;
}

static enum flow_verdict
on_segment(struct seg *s)
{
	const struct packet	*p = s->p;

	if (!(p->flags & PACKET_TCP_ACK)) {
		s->t->count[FLOW_C_NO_ACK]++;
		return FLOW_IGNORED;
	}
	if (!flowsyn_confirm(s))
		return FLOW_NO_ROOM;
	if (s->f->state == FLOW_CLOSED)
		return s->again ? FLOW_AGAIN : FLOW_COUNTED;
	if (!(s->h->flags & HALF_SEEN))
		first_of_half(s);
	else
		flowack_probed(s->h, s->o, s->p->seq);
	if (!flowtrust_in_window(s) || flowtrust_after_fin(s) ||
	    !flowack_take(s))
		return FLOW_IGNORED;
	if (s->f->state == FLOW_SYN) {
		flowsyn_done(s);
		if (s->f->state == FLOW_ALIAS)
			return on_alias(s);
	}
	if (p->flags & PACKET_TCP_URG)
		s->t->count[FLOW_C_URGENT]++;
	revive(s);
	if (p->wire > 0 && !(s->h->flags & s->o->flags & HALF_SYN) &&
	    flowseen_meet(s))
		return on_alias(s);
	return take(s);
}

static enum flow_verdict
on_rst(struct seg *s)
{
	bool	 refused;

	if (s->p->wire > 0)
		s->t->count[FLOW_C_RST_DATA]++;
	if (s->f->state == FLOW_CLOSED)
		return s->again ? FLOW_AGAIN : FLOW_COUNTED;
	if (!flowtrust_rst_valid(s)) {
		s->t->count[FLOW_C_BAD_RST]++;
		return FLOW_IGNORED;
	}
	refused = s->f->state == FLOW_SYN && !(s->h->flags & HALF_SEEN);
	s->f->flags |= FLOW_F_RST;
	if (s->f->read != NULL)
		s->f->read->reset = (uint8_t)s->dir;
	s->f->state = FLOW_CLOSING;
	flowtab_list(s->t, s->f, FLOWTAB_ENDING);
	if (refused)
		flowseen_refused(s);
	return s->again ? FLOW_AGAIN : FLOW_COUNTED;
}

/* A SYN of another connection than the one that the tuple was. */
static bool
begins_anew(const struct seg *s)
{
	const struct flow_half	*h = s->h;
	int32_t			 d = reass_seq_diff(h->r.base, s->p->seq + 1);

	if (!(s->p->flags & PACKET_TCP_SYN))
		return false;
	if (h->flags & HALF_SYN)
		return d != 0 && !flowseg_answers(s);
	if (h->flags & HALF_SEEN)
		return d < 0 || d > FLOWSEG_NEAR;
	return !(s->p->flags & PACKET_TCP_ACK) &&
	    !(h->flags & HALF_BASE && d == 0);
}

static enum flow_verdict
handle(struct seg *s)
{
	const struct packet	*p = s->p;

	if (s->f->state == FLOW_ALIAS && !begins_anew(s)) {
		if (!flowtrust_bad_sum(s))
			return on_alias(s);
		(void)flowseen_alias(s);
		return FLOW_IGNORED;
	}
	if (flowsame_before(s)) {
		s->t->count[FLOW_C_SEEN_AGAIN]++;
		return FLOW_AGAIN;
	}
	if (flowsame_begins(s)) {
		if (!flowseg_beside(s))
			return FLOW_NO_ROOM;
	} else if (s->f->state == FLOW_ALIAS) {
		if (!flowseg_restart(s))
			return FLOW_NO_ROOM;
	} else
		flowseen_locate(s);
	if (flowseen_renumbered(s)) {
		s->t->count[FLOW_C_SEEN_AGAIN]++;
		return flowtrust_bad_sum(s) ? FLOW_IGNORED :
		    take_shifted(s, s->f->extra);
	}
	if (flowtrust_bad_sum(s)) {
		flowlife_suspect(s->t, s->f, s->dir, p);
		return FLOW_IGNORED;
	}
	if (s->again)
		s->t->count[FLOW_C_SEEN_AGAIN]++;
	else if (!s->counted)
		flowseg_count(s);
	if (p->flags & PACKET_TCP_RST)
		return on_rst(s);
	if (p->flags & PACKET_TCP_SYN)
		return flowsyn_take(s);
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

/* What comes of a connection whose entry went soon after its end. */
static bool
straggler(struct flow_table *t, const struct packet *p, uint32_t hash,
    enum flow_verdict *v)
{
	bool	 again;

	if (p->flags & PACKET_TCP_SYN || !flowgone_find(t, p, hash, &again))
		return false;
	t->count[FLOW_C_SEEN_AGAIN] += again;
	*v = again ? FLOW_AGAIN : FLOW_COUNTED;
	return true;
}

/*
 * Closed for longer than stragglers take: what comes now is another one's,
 * whether or not the entry was cleared away since.
 */
static bool
over(const struct flow *f, const struct packet *p)
{
	return f->state == FLOW_CLOSED &&
	    flowlife_since(p->ts_us, f->last_us) >= FLOW_LINGER_US;
}

static enum flow_verdict
judge(struct flow_table *t, const struct packet *p)
{
	struct seg		 s = { .t = t, .p = p };
	struct flow		*f;
	uint32_t		 hash;
	enum flow_verdict	 v;
	int			 dir = 0;

	t->last_id = 0;
	if (bad_flags(p)) {
		t->count[FLOW_C_BAD_FLAGS]++;
		return FLOW_IGNORED;
	}
	hash = p->hashed ? p->hash : flowtab_hash(t, &p->key);
	f = flowtab_find(t, &p->key, hash, &dir);
	if (f != NULL && f->half[0].flags & HALF_SAME)
		f = flowsame_choose(t, f, p, &dir);
	if (f != NULL && over(f, p)) {
		flowgone_note(t, f);
		flowlife_drop(t, f, FLOW_EOF_FIN, f->last_us);
		f = NULL;
	}
	if (f == NULL && straggler(t, p, hash, &v))
		return v;
	if (f == NULL && stray(p)) {
		t->count[FLOW_C_STRAY]++;
		return FLOW_IGNORED;
	}
	if (f == NULL && (f = flowseg_create(t, p, hash, &dir)) == NULL)
		return FLOW_NO_ROOM;
	t->busy = f->slot;
	flowseg_aim(&s, f, dir);
	f->flags |= FLOW_F_TOUCHED;
	t->last_id = f->id;
	v = handle(&s);
	if (s.f != NULL) {
		s.f->last_us = p->ts_us;
		t->last_id = s.f->id;
		if (s.counted || s.fresh)
			flowvol_add(t, s.f, s.dir, p->wirelen);
	}
	t->busy = FLOWTAB_NONE;
	return v;
}

enum flow_verdict
flow_packet(struct flow_table *t, const struct packet *p)
{
	enum flow_verdict	 v = judge(t, p);

	housekeeping(t, p->ts_us);
	return v;
}

void
flow_expect(const struct flow_table *t, struct packet *p)
{
	p->hash = flowtab_hash(t, &p->key);
	p->hashed = true;
	flowtab_expect(t, p->hash);
	if (p->flags & PACKET_TCP_SYN && p->flags & PACKET_TCP_ACK)
		flowseen_expect(t, p);
}

bool
flow_few(const struct flow_table *t)
{
	return t->nused <= FEW;
}

const struct flow *
flow_expect_entry(const struct flow_table *t, const struct packet *p)
{
	return flowtab_expect_entry(t, p->hash);
}

bool
flow_expect_reader(const struct flow_table *t, const struct flow *f,
    const struct packet *p)
{
	return flowtab_expect_reader(t, f, p->hash);
}

void
flow_expect_feed(const struct flow_table *t, const struct flow *f,
    unsigned depth)
{
	flowtab_expect_feed(t, f, depth);
}

void
flow_tell_volumes(struct flow_table *t)
{
	flowvol_tell_all(t, false);
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
	c->volumes = true;
}

void
flow_table_config(struct flow_table *t, const struct flow_config *c)
{
	t->cfg = *c;
	t->env.limit_bytes = c->reass_bytes;
	t->env.limit_segs = c->reass_segs;
}

void
flow_set_local(struct flow_table *t, const struct addr *a, size_t n)
{
	flowmask_set_local(t, a, n);
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
	if (flowtab_init(t) == -1 || flowgone_init(t) == -1) {
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
	flowgone_clear(t);
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
		flowlife_drop(t, f, FLOW_EOF_TIMEOUT, now_us);
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
