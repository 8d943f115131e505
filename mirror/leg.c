#include "mirror/hole.h"
#include "mirror/leg.h"
#include "mirror/leg_record.h"
#include "mirror/told.h"

/* Whether the direction hook lets a side see this direction at all. */
static bool
takes(const struct copy *c, enum hook_side side, uint8_t dir)
{
	unsigned	 want;

	want = side == HOOK_FORWARD ? c->conf.forward_dir :
	    c->conf.record_dir;
	return want == DIR_BOTH || (want == DIR_REQUESTS) ==
	    (dir == STREAM_TO_OBSERVED);
}

static bool
side_works(const struct leg *l, enum hook_side side)
{
	const struct copy	*c = l->copy;

	if (!l->wanted[side])
		return false;
	return side == HOOK_FORWARD ? c->tcp != NULL :
	    c->file != NULL || c->provider[HOOK_RECORD] != NULL;
}

/* ---- behind the hooks ---- */

/* A hole in what the shadow gets. */
static void
hide_forward(struct leg *l, const struct chunk *c)
{
	told_connection(l->copy, &l->tcp[c->dir].counted);
	told_lost(l->copy, SINK_LOST_GAP, c->len, c->part == FRAMER_REQUEST);
	sink_tcp_gap(l->copy->tcp, &l->tcp[c->dir]);
}

static void
hide(struct leg *l, enum hook_side side, const struct chunk *c,
    enum gap_reason why)
{
	if (side == HOOK_RECORD)
		hole_begin(l, c->dir, why, c->offset);
	else
		hide_forward(l, c);
}

static void
hook_failed(struct leg *l, enum hook_side side, const struct chunk *c)
{
	struct copy	*cp = l->copy;

	cp->stats.hook_errors++;
	tally_add(cp->env->tally, TALLY_MIR_HOOK_ERRORS, 1);
	told_trouble(cp, "hook of %s failed", side == HOOK_FORWARD ?
	    "forward" : "record");
	hide(l, side, c, GAP_HOOK);
}

static void
to_sink(struct leg *l, enum hook_side side, const struct chunk *c,
    enum hook_verdict v)
{
	if (v == HOOK_FAIL)
		hook_failed(l, side, c);
	else if (v == HOOK_HIDE)
		hide(l, side, c, GAP_UNMARKED);
	else if (v == HOOK_DROP || c->len == 0)
		return;
	else if (side == HOOK_RECORD)
		leg_record_chunk(l, c);
	else
		sink_tcp_data(l->copy->tcp, &l->tcp[c->dir], c);
}

/* A message has ended, or bytes are missing, or all is over. */
static void
to_sink_mark(struct leg *l, enum hook_side side, enum item_kind kind,
    const struct chunk *c)
{
	struct copy	*cp = l->copy;

	if (kind == ITEM_END && side == HOOK_RECORD)
		leg_record_end(l, c->dir);
	else if (kind == ITEM_END)
		sink_tcp_end(cp->tcp, &l->tcp[c->dir]);
	else if (kind == ITEM_GAP && side == HOOK_RECORD)
		hole_begin(l, c->dir, GAP_LOST, c->offset);
	else if (kind == ITEM_GAP)
		sink_tcp_gap(cp->tcp, &l->tcp[c->dir]);
}

static void
finish_side(struct leg *l, enum hook_side side)
{
	unsigned	 dir;

	if (side == HOOK_RECORD) {
		leg_record_finish(l);
		return;
	}
	for (dir = 0; dir < COPY_DIRS; dir++)
		sink_tcp_close(l->copy->tcp, &l->tcp[dir]);
}

/* ---- through a program ---- */

/* Into the provider's queue when there is one. */
static bool
passed_on(struct leg *l, enum hook_side side, enum item_kind kind,
    const struct chunk *c)
{
	struct provider_item	 item;

	if (l->copy->provider[side] == NULL)
		return false;
	item.leg = l;
	item.kind = (uint8_t)kind;
	item.side = (uint8_t)side;
	item.chunk = *c;
	++*l->refs;
	provider_put(l->copy->provider[side], &item);
	return true;
}

void
leg_judged(const struct provider_item *item, enum hook_verdict v)
{
	struct leg	*l = item->leg;

	--*l->refs;
	if (l->copy == NULL)
		return;
	if (item->kind == ITEM_CHUNK)
		to_sink(l, (enum hook_side)item->side, &item->chunk, v);
	else if (item->kind == ITEM_CLOSE)
		finish_side(l, (enum hook_side)item->side);
	else
		to_sink_mark(l, (enum hook_side)item->side,
		    (enum item_kind)item->kind, &item->chunk);
}

/* ---- what comes from the streams ---- */

void
leg_open(struct leg *l, struct copy *c, bool midstream)
{
	unsigned	 side, dir;

	l->copy = c;
	l->slot = -1;
	for (side = 0; side < HOOK_SIDES; side++)
		l->wanted[side] = hook_chain_connection(&c->chain[side],
		    l->client, l->server);
	for (dir = 0; dir < COPY_DIRS; dir++) {
		l->tcp[dir].started = midstream;
		l->rec[dir].waits = midstream;
	}
	if (l->wanted[HOOK_FORWARD] || l->wanted[HOOK_RECORD])
		c->stats.connections++;
}

static void
refuse_paused(struct leg *l, const struct chunk *c)
{
	struct copy	*cp = l->copy;

	if (side_works(l, HOOK_RECORD))
		hole_begin(l, c->dir, GAP_PAUSED, c->offset);
	if (side_works(l, HOOK_FORWARD)) {
		told_lost(cp, SINK_LOST_STOPPED, c->len,
		    c->part == FRAMER_REQUEST);
		sink_tcp_gap(cp->tcp, &l->tcp[c->dir]);
	}
}

void
leg_chunk(struct leg *l, const struct chunk *c)
{
	struct copy		*cp = l->copy;
	const struct chunk	*out;
	struct chunk		 room;
	enum hook_verdict	 v;
	unsigned		 side;

	if (cp == NULL || c->dir >= COPY_DIRS)
		return;
	l->rec[c->dir].next = c->offset + c->len;
	for (side = 0; side < HOOK_SIDES; side++) {
		if (!side_works(l, side) || !takes(cp, side, c->dir))
			continue;
		if (cp->state != COPY_RUNS) {
			refuse_paused(l, c);
			return;
		}
		out = c;
		v = hook_chain_run(&cp->chain[side], &out, &room);
		if ((v == HOOK_KEEP || v == HOOK_CHANGED) &&
		    cp->provider[side] != NULL && out->len > 0)
			passed_on(l, side, ITEM_CHUNK, out);
		else
			to_sink(l, side, out, v);
	}
}

static void
mark(struct leg *l, enum item_kind kind, const struct chunk *c)
{
	unsigned	 side;

	if (l->copy == NULL || c->dir >= COPY_DIRS)
		return;
	for (side = 0; side < HOOK_SIDES; side++)
		if (side_works(l, side) && takes(l->copy, side, c->dir) &&
		    !passed_on(l, side, kind, c))
			to_sink_mark(l, side, kind, c);
}

void
leg_end(struct leg *l, const struct chunk *c)
{
	mark(l, ITEM_END, c);
}

void
leg_gap(struct leg *l, const struct chunk *c, uint64_t len)
{
	if (l->copy == NULL || c->dir >= COPY_DIRS)
		return;
	l->rec[c->dir].next = c->offset + len;
	mark(l, ITEM_GAP, c);
}

void
leg_close(struct leg *l)
{
	struct chunk	 c = { .from = l->client, .to = l->server,
	    .flags = CHUNK_LAST, .flow = l->flow };
	unsigned	 side;

	if (l->copy == NULL)
		return;
	for (side = 0; side < HOOK_SIDES; side++)
		if (side_works(l, side) && !passed_on(l, side, ITEM_CLOSE, &c))
			finish_side(l, side);
}
