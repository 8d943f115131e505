#include <stdlib.h>
#include <string.h>

#include "analyzer/flowgone.h"
#include "analyzer/flowlife.h"
#include "analyzer/flowmask.h"
#include "analyzer/flowvol.h"
#include "sandbox/compat.h"

#define FAR_US		60000000ULL	/* further ahead: the clock jumped */
#define RESERVE_MAX	(8ULL << 20)
#define SECOND_CHANCES	16
#define RESTS		64		/* parts of the time in a list */
#define READ_COST	(sizeof(struct flow_read) + 16)

/* Packet time may have jumped back: then count from the jump on. */
static uint64_t
age_of(uint64_t now_us, uint64_t then_us)
{
	if (then_us > now_us)
		return then_us - now_us > FAR_US ? UINT64_MAX : 0;
	return now_us - then_us;
}

static int
reader_dir(const struct flow *f, int dir)
{
	return f->flags & FLOW_F_RDIR1 ? !dir : dir;
}

/* ---- the list of flows with holes ---- */

static void
due_remove(struct flow_table *t, struct flow *f)
{
	struct flow_read	*rd = f->read;

	if (rd == NULL || !rd->due)
		return;
	rd->due = false;
	if (rd->due_prev != FLOWTAB_NONE)
		flowtab_at(t, rd->due_prev)->read->due_next = rd->due_next;
	else
		t->due.head = rd->due_next;
	if (rd->due_next != FLOWTAB_NONE)
		flowtab_at(t, rd->due_next)->read->due_prev = rd->due_prev;
	else
		t->due.tail = rd->due_prev;
}

static void
due_add(struct flow_table *t, struct flow *f, uint64_t now_us)
{
	struct flow_read	*rd = f->read;

	rd->due = true;
	rd->due_us = now_us + FLOW_HOLE_US;
	rd->due_next = FLOWTAB_NONE;
	rd->due_prev = t->due.tail;
	if (rd->due_prev != FLOWTAB_NONE)
		flowtab_at(t, rd->due_prev)->read->due_next = f->slot;
	else
		t->due.head = f->slot;
	t->due.tail = f->slot;
}

static inline uint64_t
unseen(const struct flow *f, int dir)
{
	const struct flow_half	*h = &f->half[dir], *o = &f->half[!dir];
	int32_t			 a, fin;

	if (!(o->flags & HALF_ACKED) || !(h->flags & HALF_SEEN))
		return 0;
	a = reass_seq_diff(o->ack, reass_next_seq(&h->r));
	if (a <= 0)
		return 0;
	if (h->flags & HALF_FIN) {
		fin = reass_seq_diff(h->fin_seq, reass_next_seq(&h->r));
		if (a > fin)
			a = fin;
	} else if (a == 1 && !reass_waits(&h->r))
		a = 0;		/* a FIN that was not seen */
	return a > 0 ? (uint64_t)a : 0;
}

uint64_t
flowlife_unseen(const struct flow *f, int dir)
{
	return unseen(f, dir);
}

static inline bool
half_pending(const struct flow *f, int dir)
{
	const struct reass	*r = &f->half[dir].r;

	return reass_waits(r) || r->flags & REASS_HELD || unseen(f, dir) > 0;
}

/*
 * Since when bytes wait behind the missing ones, or, while none do, since when
 * they are missing; if nobody noticed yet, from now on.
 */
static uint64_t
hole_since(struct flow *f, int dir, uint64_t now_us)
{
	uint64_t	*since = &f->read->hole_us[dir];

	if (reass_waits(&f->half[dir].r))
		return reass_hole_us(&f->half[dir].r);
	if (*since == 0)
		*since = now_us;
	return *since;
}

/* Bytes of a half went out, or were given up: what is missing is another. */
static void
hole_over(struct flow_table *t, struct flow *f, int dir)
{
	f->read->hole_us[dir] = 0;
	if (t->env.tail == NULL)
		f->read->tail_len[dir] = 0;
}

void
flowlife_watch(struct flow_table *t, struct flow *f, uint64_t now_us)
{
	struct flow_read	*rd = f->read;
	int			 d;

	if (rd == NULL || rd->due || f->flags & FLOW_F_SKIP)
		return;
	for (d = 0; d < 2; d++)
		if (half_pending(f, d)) {
			(void)hole_since(f, d, now_us);
			if (!rd->due)
				due_add(t, f, now_us);
		}
}

/* ---- the reader ---- */

static size_t
suspect_cost(const struct flow_suspect *sp)
{
	return sizeof(*sp) + sp->len + 16;
}

static void
suspects_free(struct flow_table *t, struct flow_read *rd)
{
	struct flow_suspect	*sp;

	while ((sp = rd->suspects) != NULL) {
		rd->suspects = sp->next;
		mem_give(t->mem, MEM_SEGMENTS, suspect_cost(sp));
		free(sp);
	}
}

static void
unread(struct flow_table *t, struct flow *f, uint8_t flags)
{
	t->count[FLOW_C_UNREAD]++;
	f->half[0].flags |= HALF_UNREAD;
	f->flags |= flags;
	if (t->ops->unread != NULL)
		t->ops->unread(t->arg, f);
}

bool
flowlife_store(struct flow_table *t, struct flow *f)
{
	struct flow_read	*rd;
	int			 d;

	if (!mem_take(t->mem, MEM_FLOWS, READ_COST)) {
		flowlife_relieve(t, f->last_us);
		if (!mem_take(t->mem, MEM_FLOWS, READ_COST))
			goto none;
	}
	if ((rd = malloc(sizeof(*rd))) == NULL) {
		mem_give(t->mem, MEM_FLOWS, READ_COST);
		goto none;
	}
	*rd = (struct flow_read){ 0 };
	f->read = rd;
	for (d = 0; d < 2; d++)
		f->half[d].r.flags |= REASS_READ;
	flowtab_list(t, f, flowlife_class(f));
	return true;
 none:
	unread(t, f, FLOW_F_SKIP);
	return false;
}

/* Nobody wants bytes any more; the reader may stay for the end. */
static void
stores_free(struct flow_table *t, struct flow *f)
{
	int	 d;

	due_remove(t, f);
	for (d = 0; d < 2; d++) {
		/* What came is known, and what is missing may still come. */
		f->hole_bytes += (uint32_t)reass_pass(&f->half[d].r, &t->env);
		f->half[d].r.flags = 0;
	}
	suspects_free(t, f->read);
}

static void
read_free(struct flow_table *t, struct flow *f)
{
	if (f->read == NULL)
		return;
	stores_free(t, f);
	if (f->read->reader != NULL)
		t->feed->free(f->read->reader);
	flowtab_return(t, f->read);
	free(f->read);
	f->read = NULL;
	mem_give(t->mem, MEM_FLOWS, READ_COST);
}

static void
say_opened(struct flow_table *t, struct flow *f)
{
	if (f->flags & FLOW_F_OPENED)
		return;
	f->flags |= FLOW_F_OPENED;
	if (f->flags & FLOW_F_CLIENT1)
		f->flags |= FLOW_F_RDIR1;
	t->count[FLOW_C_NEW]++;
	if (f->flags & FLOW_F_MID)
		t->count[FLOW_C_MIDSTREAM]++;
	if (t->ops->opened != NULL)
		t->ops->opened(t->arg, f);
}

/* A half that ended before there was anything to read. */
static void
say_ended(struct flow_table *t, struct flow *f, uint64_t ts_us)
{
	int	 d;

	for (d = 0; d < 2; d++)
		if (f->half[d].flags & HALF_EOF)
			t->feed->eof(f->read->reader, reader_dir(f, d),
			    FLOW_EOF_FIN, ts_us);
}

static bool
reader_open(struct flow_table *t, struct flow *f, uint64_t ts_us)
{
	struct flow_read	*rd = f->read;

	say_opened(t, f);
	rd->reader = t->feed->open(t->arg, f, ts_us);
	if (rd->reader == NULL) {
		flowlife_relieve(t, ts_us);
		rd->reader = t->feed->open(t->arg, f, ts_us);
	}
	if (rd->reader == NULL) {
		unread(t, f, FLOW_F_SKIP | FLOW_F_DROP);
		return false;
	}
	say_ended(t, f, ts_us);
	return true;
}

/* An acknowledgement as an offset of the stream it is about. */
static uint64_t
acked_offset(const struct flow *f, int dir, uint64_t off, uint32_t ack)
{
	const struct flow_half	*h = &f->half[dir], *o = &f->half[!dir];
	int64_t			 a;

	if (!(o->flags & (HALF_SEEN | HALF_BASE)))
		return UINT64_MAX;
	if (h->flags & HALF_SYN_DATA && off == 0)
		return 0;
	a = (int64_t)o->r.next + reass_ahead(&o->r, ack);
	return a > 0 ? (uint64_t)a : 0;
}

static bool
wanted(struct flow *f, enum flow_want want)
{
	if (want == FLOW_WANT)
		return true;
	f->flags |= FLOW_F_SKIP;
	if (want == FLOW_DONE)
		f->flags |= FLOW_F_DROP;
	return false;
}

static bool
on_deliver(void *arg, uint64_t off, const uint8_t *p, size_t len,
    uint64_t ts_us, uint32_t tag)
{
	struct flowlife_call	*c = arg;
	struct flow		*f = c->f;

	if (f->flags & FLOW_F_SKIP)
		return false;
	hole_over(c->t, f, c->dir);
	if (f->half[c->dir].flags & HALF_EOF)
		return true;
	if (f->read->reader == NULL && !reader_open(c->t, f, ts_us))
		return false;
	return wanted(f, c->t->feed->data(f->read->reader,
	    reader_dir(f, c->dir), off, p, len, ts_us,
	    acked_offset(f, c->dir, off, tag)));
}

void
flowlife_lost(struct flow_table *t, struct flow *f, int dir, uint64_t bytes,
    enum reass_why why)
{
	uint32_t	*lost = &f->half[dir].lost;

	*lost = bytes > UINT32_MAX - *lost ? UINT32_MAX :
	    *lost + (uint32_t)bytes;
	if (why == REASS_WHY_CUT)
		t->count[FLOW_C_CUT] += bytes;
	else {
		if (!((f->half[0].flags | f->half[1].flags) & HALF_GAP))
			t->count[FLOW_C_GAP]++;
		f->half[dir].flags |= HALF_GAP;
		t->count[FLOW_C_UNSEEN] += bytes;
	}
	if (t->ops->lost != NULL)
		t->ops->lost(t->arg, f, reader_dir(f, dir), bytes, why);
}

void
flowlife_missed(struct flow_table *t, struct flow *f, int dir, uint32_t ack)
{
	struct flow_half	*h = &f->half[dir];
	int64_t			 a = reass_ahead(&h->r, ack);

	if (h->flags & HALF_SEEN || !(h->flags & HALF_BASE) || a <= 0 ||
	    a > 4 * (int64_t)FLOWTAB_FAR)
		return;
	h->r.next += (uint64_t)a;
	flowlife_lost(t, f, dir, (uint64_t)a, REASS_WHY_LOST);
}

static void
on_gap(void *arg, uint64_t off, uint64_t len, uint64_t ts_us,
    enum reass_why why)
{
	struct flowlife_call	*c = arg;
	struct flow		*f = c->f;

	flowlife_lost(c->t, f, c->dir, len, why);
	if (f->flags & FLOW_F_SKIP || f->read == NULL)
		return;
	hole_over(c->t, f, c->dir);
	if (f->read->reader == NULL || f->half[c->dir].flags & HALF_EOF)
		return;
	(void)wanted(f, c->t->feed->gap(f->read->reader,
	    reader_dir(f, c->dir), off, len, ts_us, why));
}

void
flowlife_init(struct flow_table *t)
{
	t->env.mem = t->mem;
	t->env.deliver = on_deliver;
	t->env.gap = on_gap;
}

/* ---- ends ---- */

static void
half_eof(struct flow_table *t, struct flow *f, int dir, enum flow_how how,
    uint64_t ts_us)
{
	struct flow_half	*h = &f->half[dir];

	if (h->flags & HALF_EOF)
		return;
	h->flags |= HALF_EOF;
	if (f->read != NULL && f->read->reader != NULL)
		t->feed->eof(f->read->reader, reader_dir(f, dir), how, ts_us);
}

static void
fin_check(struct flow_table *t, struct flow *f, int dir, uint64_t ts_us)
{
	struct flow_half	*h = &f->half[dir];

	if ((h->flags & (HALF_FIN | HALF_FIN_DONE)) != HALF_FIN ||
	    reass_seq_lt(reass_next_seq(&h->r), h->fin_seq) ||
	    reass_waits(&h->r) ||
	    (f->half[0].r.flags | f->half[1].r.flags) & REASS_HELD)
		return;
	h->flags |= HALF_FIN_DONE;
	half_eof(t, f, dir, FLOW_EOF_FIN, ts_us);
}

void
flowlife_settle(struct flow_table *t, struct flow *f, uint64_t now_us)
{
	if (f->flags & FLOW_F_SKIP && f->read != NULL) {
		if (f->flags & FLOW_F_DROP) {
			read_free(t, f);
			flowtab_list(t, f, flowlife_class(f));
		} else if (f->half[0].r.flags & REASS_READ)
			stores_free(t, f);
	}
	if (!((f->half[0].flags | f->half[1].flags) & HALF_FIN))
		return;
	fin_check(t, f, 0, now_us);
	fin_check(t, f, 1, now_us);
	if (f->half[0].flags & f->half[1].flags & HALF_FIN_DONE)
		flowlife_finish(t, f, FLOW_EOF_FIN, now_us);
}

void
flowlife_release(struct flow_table *t, struct flow *f)
{
	struct flowlife_call	 c = { t, f, 0 };
	struct flow_half	*h;
	uint64_t		 us[2];
	int			 d;

	for (d = 0; d < 2; d++) {
		h = &f->half[d];
		if (h->r.flags & REASS_HELD)
			reass_release(&h->r,
			    !(h->flags & (HALF_SYN | HALF_BASE)));
	}
	for (;;) {
		for (d = 0; d < 2; d++)
			us[d] = reass_next_waits(&f->half[d].r) ?
			    reass_first_us(&f->half[d].r) : UINT64_MAX;
		if (us[0] == UINT64_MAX && us[1] == UINT64_MAX)
			break;
		c.dir = us[1] < us[0];
		reass_step(&f->half[c.dir].r, &t->env, &c, REASS_WHY_LOST);
	}
}

void
flowlife_suspect(struct flow_table *t, struct flow *f, int dir,
    const struct packet *p)
{
	struct flow_suspect	**sp, *new;
	unsigned		 n = 0;
	size_t			 cost = sizeof(*new) + p->len + 16;

	if (p->wire == 0 || !(f->half[dir].flags & HALF_SEEN) ||
	    f->state == FLOW_CLOSED || f->flags & FLOW_F_SKIP ||
	    p->flags & (PACKET_TCP_SYN | PACKET_TCP_RST) ||
	    (f->read == NULL && !flowlife_store(t, f)))
		return;
	for (sp = &f->read->suspects; *sp != NULL; sp = &(*sp)->next)
		if (++n == FLOWTAB_SUSPECTS)
			return;
	if (!mem_take(t->mem, MEM_SEGMENTS, cost))
		return;
	if ((new = malloc(sizeof(*new) + p->len)) == NULL) {
		mem_give(t->mem, MEM_SEGMENTS, cost);
		return;
	}
	new->next = NULL;
	new->ts_us = p->ts_us;
	new->seq = p->seq;
	new->ack = p->ack;
	new->len = p->len;
	new->wire = p->wire;
	new->dir = dir;
	if (p->len > 0)
		memcpy(new->bytes, p->payload, p->len);
	*sp = new;
}

static void
acquit_one(struct flow_table *t, struct flow *f, struct flow_suspect *sp)
{
	struct flowlife_call	 c = { t, f, sp->dir };
	struct flow_half	*h = &f->half[sp->dir];
	int64_t			 ahead = reass_ahead(&h->r, sp->seq);

	if (ahead + sp->wire <= 0 || ahead > t->env.limit_bytes ||
	    h->flags & HALF_FIN_DONE)
		return;		/* a good copy came */
	if (!(h->flags & HALF_SUM_OFF))
		t->count[FLOW_C_SUM_DISTRUST]++;
	h->flags |= HALF_SUM_OFF;
	h->flags &= (uint16_t)~HALF_IP_GOOD;
	h->bytes += sp->len;
	t->count[FLOW_C_PAYLOAD] += sp->len;
	(void)reass_data(&h->r, &t->env, &c, sp->seq, sp->bytes, sp->len,
	    sp->wire, sp->ts_us, sp->ack);
}

void
flowlife_acquit(struct flow_table *t, struct flow *f, int dir, bool all)
{
	struct flow_suspect	**at, *sp;
	uint32_t		 ack = f->half[!dir].ack;

	if (f->read == NULL)
		return;
	at = &f->read->suspects;
	while ((sp = *at) != NULL) {
		if (sp->dir != dir ||
		    (!all && reass_seq_lt(ack, sp->seq + sp->wire))) {
			at = &sp->next;
			continue;
		}
		*at = sp->next;
		acquit_one(t, f, sp);
		mem_give(t->mem, MEM_SEGMENTS, suspect_cost(sp));
		free(sp);
	}
}

/* Everything that waits, in the order it came; then what is only acked. */
static void
flush(struct flow_table *t, struct flow *f, uint64_t now_us)
{
	struct flowlife_call	 c = { t, f, 0 };
	uint64_t		 us[2], n;
	int			 d;

	flowlife_acquit(t, f, 0, true);
	flowlife_acquit(t, f, 1, true);
	flowlife_release(t, f);
	for (;;) {
		for (d = 0; d < 2; d++)
			us[d] = reass_first_us(&f->half[d].r);
		if (us[0] == UINT64_MAX && us[1] == UINT64_MAX)
			break;
		c.dir = us[1] < us[0];
		reass_step(&f->half[c.dir].r, &t->env, &c, REASS_WHY_LOST);
	}
	for (d = 0; d < 2; d++)
		if ((n = flowlife_unseen(f, d)) > 0) {
			c.dir = d;
			reass_skip_to(&f->half[d].r, &t->env, &c,
			    f->half[d].r.next + n, now_us, REASS_WHY_LOST);
		}
}

static void
count_end(struct flow_table *t, const struct flow *f, enum flow_how how)
{
	if (how == FLOW_EOF_FIN)
		t->count[FLOW_C_CLOSED_FIN]++;
	else if (how == FLOW_EOF_RST)
		t->count[FLOW_C_CLOSED_RST]++;
	else if (how == FLOW_EOF_TIMEOUT)
		t->count[FLOW_C_CLOSED_IDLE]++;
	if (!(f->half[0].flags & f->half[1].flags & HALF_SEEN))
		t->count[FLOW_C_ONE_SIDED]++;
}

/* The end of one that is gone, sent again, and what answers that. */
static bool
is_echo(const struct flow_table *t, const struct flow *f)
{
	const uint16_t	 flags = f->half[0].flags | f->half[1].flags;

	return !(f->flags & FLOW_F_OPENED) && flags & HALF_FIN &&
	    !(flags & HALF_SYN) && f->half[0].bytes + f->half[1].bytes == 0 &&
	    flowgone_knew(t, f);
}

void
flowlife_finish(struct flow_table *t, struct flow *f, enum flow_how how,
    uint64_t now_us)
{
	bool	 half_open = f->state == FLOW_SYN;
	int	 d, i, first = 0;

	if (f->state == FLOW_CLOSED)
		return;
	if (f->state == FLOW_ALIAS) {
		flowtab_list(t, f, FLOWTAB_CLOSED);
		return;
	}
	t->ending = true;
	if (f->read != NULL && !(f->flags & FLOW_F_SKIP))
		flush(t, f, now_us);
	if (f->hole_bytes > 0) {
		flowlife_lost(t, f, f->half[1].bytes > f->half[0].bytes,
		    f->hole_bytes, REASS_WHY_LOST);
		f->hole_bytes = 0;
	}
	if (how == FLOW_EOF_RST && f->read != NULL)
		first = f->read->reset;
	for (i = 0; i < 2; i++) {
		d = i ^ first;
		if (f->half[!d].flags & HALF_ACKED)
			flowlife_missed(t, f, d, f->half[!d].ack);
		half_eof(t, f, d, how, now_us);
	}
	read_free(t, f);
	if (half_open && !(f->flags & FLOW_F_OPENED))
		t->count[FLOW_C_CLOSED_HALF]++;
	else if (is_echo(t, f))
		t->count[FLOW_C_STRAY]++;
	else {
		say_opened(t, f);
		count_end(t, f, how);
		if (t->ops->closed != NULL)
			t->ops->closed(t->arg, f, how);
	}
	t->ending = false;
	f->state = FLOW_CLOSED;
	flowtab_list(t, f, FLOWTAB_CLOSED);
}

void
flowlife_drop(struct flow_table *t, struct flow *f, enum flow_how how,
    uint64_t now_us)
{
	if (f->flags & FLOW_F_RST) {	/* nothing disproved it */
		how = FLOW_EOF_RST;
		now_us = f->last_us;
	}
	flowlife_finish(t, f, how, now_us);
	flowvol_tell(t, f);
	if (f->extra != NULL) {
		free(f->extra);
		mem_give(t->mem, MEM_FLOWS, sizeof(*f->extra) + 16);
	}
	flowtab_remove(t, f);
	flowtab_give(t, f);
}

/* ---- holes ---- */

static uint64_t
hole_age(struct flow *f, int dir, uint64_t now_us)
{
	return age_of(now_us, hole_since(f, dir, now_us));
}

/*
 * Whether the hole of a half is old enough to be given up. Until something
 * behind it is seen, it may all come later, from another interface.
 */
static bool
hole_ripe(struct flow *f, int dir, uint64_t now_us)
{
	const struct flow_half	*h = &f->half[dir], *o = &f->half[!dir];
	uint64_t		 age, unheard;

	age = hole_age(f, dir, now_us);
	if (!reass_waits(&h->r))
		return age >= FLOW_HOLE_ALONE_US;
	if (age < FLOW_HOLE_US)
		return false;
	if (age >= FLOW_HOLE_MAX_US)
		return true;
	unheard = flowlife_unseen(f, dir);
	if (unheard > 0 && unheard >= reass_hole(&h->r))
		return true;
	return !(o->flags & HALF_SEEN) && age >= FLOW_HOLE_ALONE_US;
}

static void
half_due(struct flow_table *t, struct flow *f, int dir, uint64_t now_us)
{
	struct flowlife_call	 c = { t, f, dir };
	struct flow_half	*h = &f->half[dir];
	uint64_t		 age;

	if (h->r.flags & REASS_HELD) {
		age = hole_age(f, dir, now_us);
		if (age < (h->flags & HALF_SYN_DATA ? FLOW_HOLE_ALONE_US :
		    FLOW_HOLE_US))
			return;
		flowmask_alone(t, f);
		flowlife_release(t, f);
		return;
	}
	while (half_pending(f, dir) && hole_ripe(f, dir, now_us)) {
		if (reass_waits(&h->r))
			reass_skip(&h->r, &t->env, &c, REASS_WHY_LOST);
		else
			reass_skip_to(&h->r, &t->env, &c, h->r.next +
			    flowlife_unseen(f, dir), now_us, REASS_WHY_LOST);
		if (f->flags & FLOW_F_SKIP)
			break;
	}
}

void
flowlife_holes(struct flow_table *t, uint64_t now_us, unsigned budget)
{
	struct flow	*f;
	uint64_t	 due;
	int		 d;

	while (budget-- > 0 && t->due.head != FLOWTAB_NONE) {
		f = flowtab_at(t, t->due.head);
		due = f->read->due_us;
		if (now_us < due && due - now_us < FAR_US)
			break;
		due_remove(t, f);
		t->busy = f->slot;
		for (d = 0; d < 2 && !(f->flags & FLOW_F_SKIP); d++)
			half_due(t, f, d, now_us);
		flowlife_settle(t, f, now_us);
		flowlife_watch(t, f, now_us);
		t->busy = FLOWTAB_NONE;
	}
}

/* ---- age and worth ---- */

enum flowtab_list
flowlife_class(const struct flow *f)
{
	if (f->state == FLOW_CLOSED)
		return FLOWTAB_CLOSED;
	if (f->flags & FLOW_F_RST)
		return FLOWTAB_ENDING;
	if (f->state == FLOW_ALIAS)
		return FLOWTAB_ALIAS;
	if (f->read != NULL)
		return FLOWTAB_READ;
	if (f->state == FLOW_SYN)
		return FLOWTAB_HALF;
	/* Without its SYNs it may turn out to be another one's alias. */
	return !(f->flags & FLOW_F_OPENED) &&
	    f->half[0].flags & f->half[1].flags & HALF_SYN ?
	    FLOWTAB_QUIET : FLOWTAB_PLAIN;
}

static enum flow_how
end_of(const struct flow *f)
{
	if (f->state == FLOW_CLOSING && f->list == FLOWTAB_ENDING)
		return FLOW_EOF_FIN;
	return FLOW_EOF_TIMEOUT;
}

static bool
crowded(const struct flow_table *t, int list)
{
	return list == FLOWTAB_CLOSED && t->list[list].n > FLOWGONE_FROM;
}

/*
 * The memory of those behind this one in its list, while it goes: where the
 * one after the next is found, and all of the one after that.
 */
static void
expect_next(const struct flow_table *t, const struct flow *f)
{
	unsigned	 i;

	for (i = 0; i < 2; i++) {
		if (f->next == FLOWTAB_NONE)
			return;
		f = flowtab_at(t, f->next);
	}
	flowtab_expect(t, f->hash);
	if (crowded(t, f->list))
		flowgone_expect(t, f->hash);
	if (f->next == FLOWTAB_NONE)
		return;
	flowtab_fetch(flowtab_at(t, f->next));
}

static void
too_old(struct flow_table *t, struct flow *f, int list)
{
	expect_next(t, f);
	if (crowded(t, list))
		flowgone_put(t, f);
	else if (list == FLOWTAB_CLOSED)
		flowgone_note(t, f);
	if (list != FLOWTAB_QUIET) {
		flowlife_drop(t, f, end_of(f), f->last_us);
		return;
	}
	say_opened(t, f);
	flowtab_list(t, f, flowlife_class(f));
}

/* How long one stays in a list after its last packet. */
static uint64_t
stay_of(const struct flow_table *t, int list)
{
	switch (list) {
	case FLOWTAB_CLOSED:
		return crowded(t, list) ? FLOWGONE_AFTER_US : FLOW_LINGER_US;
	case FLOWTAB_ENDING:
		return FLOW_LINGER_US;
	case FLOWTAB_HALF:
		return t->cfg.syn_us;
	case FLOWTAB_QUIET:
		return FLOW_QUIET_US;
	default:
		return t->cfg.idle_us;
	}
}

/* Nothing will have to go soon, so that it need not be known what is idle. */
static bool
is_roomy(const struct flow_table *t)
{
	return t->mem->used < t->mem->limit / 2 &&
	    (t->cfg.max_flows == 0 || t->nlive < t->cfg.max_flows / 2);
}

/* As long nobody looks at a list whose first was not too old. */
static uint64_t
rest_of(const struct flow_table *t, int list)
{
	return stay_of(t, list) / RESTS;
}

/* Its memory need not be fetched; time may have gone back since. */
static bool
rests(const struct flow_table *t, int list, uint64_t now_us)
{
	const uint64_t	 look = t->list[list].look_us;

	return now_us < look && look - now_us <= rest_of(t, list) &&
	    is_roomy(t);
}

static void
age_list(struct flow_table *t, int l, uint64_t now_us, unsigned budget)
{
	struct flow	*f;

	for (; budget > 0 && t->list[l].head != FLOWTAB_NONE; budget--) {
		f = flowtab_at(t, t->list[l].head);
		if (f->last_us > now_us && f->last_us - now_us > FAR_US)
			f->last_us = now_us;
		if (flowlife_since(now_us, f->last_us) >= stay_of(t, l))
			too_old(t, f, l);
		else if (f->flags & FLOW_F_TOUCHED)
			flowtab_list(t, f, l);
		else {
			t->list[l].look_us = now_us + rest_of(t, l);
			break;
		}
	}
}

void
flowlife_age(struct flow_table *t, uint64_t now_us, unsigned budget)
{
	int	 l;

	for (l = 0; l < FLOWTAB_LISTS; l++)
		if (!rests(t, l, now_us))
			age_list(t, l, now_us, budget);
}

/* Whether list l is one to shed from. */
static bool
sheds(const struct flow_table *t, int l, bool readers_only)
{
	const uint32_t	 head = t->list[l].head;

	if (head == FLOWTAB_NONE ||
	    (head == t->busy && t->list[l].tail == t->busy))
		return false;
	return !readers_only || l == FLOWTAB_READ ||
	    (l == FLOWTAB_ENDING && flowtab_at(t, head)->read != NULL);
}

bool
flowlife_shed(struct flow_table *t, uint64_t now_us, bool readers_only)
{
	static const enum flow_count	 reason[FLOWTAB_LISTS] = {
		[FLOWTAB_CLOSED] = FLOW_C_SHED_CLOSED,
		[FLOWTAB_ENDING] = FLOW_C_SHED_CLOSED,
		[FLOWTAB_HALF] = FLOW_C_SHED_HALF,
		[FLOWTAB_QUIET] = FLOW_C_SHED_PLAIN,
		[FLOWTAB_PLAIN] = FLOW_C_SHED_PLAIN,
		[FLOWTAB_ALIAS] = FLOW_C_SHED_PLAIN,
		[FLOWTAB_READ] = FLOW_C_SHED_READ,
	};
	struct flow			*f;
	int				 l = 0, tries;

	if (t->ending)
		return false;
	while (l < FLOWTAB_LISTS && !sheds(t, l, readers_only))
		l++;
	if (l == FLOWTAB_LISTS)
		return false;
	f = flowtab_at(t, t->list[l].head);
	for (tries = 0; f->slot == t->busy || (tries < SECOND_CHANCES &&
	    l >= FLOWTAB_QUIET && f->flags & FLOW_F_TOUCHED); tries++) {
		flowtab_list(t, f, l);
		f = flowtab_at(t, t->list[l].head);
	}
	t->count[reason[l]]++;
	if (l == FLOWTAB_CLOSED)
		flowgone_put(t, f);
	flowtab_recall(t);
	flowlife_drop(t, f, FLOW_EOF_SHED, now_us);
	return true;
}

/* What is kept free for that which comes before the next look. */
static uint64_t
reserve(const struct mem *m)
{
	return m->limit / 16 < RESERVE_MAX ? m->limit / 16 : RESERVE_MAX;
}

void
flowlife_relieve(struct flow_table *t, uint64_t now_us)
{
	struct mem	*m = t->mem;
	unsigned	 n;

	for (n = 0; n < 16; n++) {
		if (m->used <= m->limit - reserve(m) ||
		    m->pool[MEM_SESSIONS] + m->pool[MEM_SEGMENTS] <=
		    m->limit / 16)
			return;
		if (!flowlife_shed(t, now_us, true))
			return;
	}
}
