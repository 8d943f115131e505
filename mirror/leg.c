#include "mirror/hole.h"
#include "mirror/leg.h"
#include "mirror/leg_record.h"
#include "mirror/leg_whole.h"
#include "mirror/told.h"

bool
leg_takes(const struct copy *c, enum hook_side side, uint8_t dir)
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

/* Bytes that a side does not get; the record's holes tell theirs. */
static void
count_lost(struct leg *l, enum hook_side side, const struct chunk *c,
    enum sink_lost why)
{
	if (side == HOOK_RECORD)
		return;
	told_connection(l->copy, &l->counted);
	told_lost(l->copy, why, c->len, c->part == FRAMER_REQUEST);
}

static void
count_hook_error(struct copy *c, enum hook_side side)
{
	const struct provider	*p = c->provider[side];
	const char		*of = side == HOOK_FORWARD ? "forward" :
				    "record";

	c->stats.hook_errors++;
	tally_add(c->env->tally, TALLY_MIR_HOOK_ERRORS, 1);
	if (p != NULL && !provider_attached(p))
		told_trouble(c, &c->hook_trouble[side], "hook of %s: no "
		    "program is attached, use netmonctl hook %s", of,
		    provider_name(p));
	else
		told_trouble(c, &c->hook_trouble[side], "hook of %s failed",
		    of);
}

static enum sink_lost
lost_by(enum gap_reason why)
{
	switch (why) {
	case GAP_PAUSED:
		return SINK_LOST_STOPPED;
	case GAP_UNMARKED:
	case GAP_UNJUDGED:
		return SINK_LOST_BROKEN;
	default:
		return SINK_LOST_GAP;
	}
}

/* Bytes are missing from here on. */
static void
hole_now(struct leg *l, enum hook_side side, const struct chunk *c,
    enum gap_reason why)
{
	if (side == HOOK_RECORD)
		hole_begin(l, c->dir, why, c->offset);
	else if (l->copy->conf.messages)
		leg_whole_lose(l, c->dir, lost_by(why));
	else
		sink_tcp_gap(l->copy->tcp, &l->tcp[c->dir]);
}

/* Ends a hole: the same parts as in the record and at the target. */
static bool
is_start(const struct chunk *c)
{
	return c->part == FRAMER_REQUEST || c->part == FRAMER_RESPONSE ||
	    c->part == FRAMER_OPAQUE;
}

/* A message goes with its head: its rest alone is none. */
static bool
is_dropped(struct leg *l, enum hook_side side, const struct chunk *c,
    enum hook_verdict v)
{
	bool	*gone = &l->gone[side][c->dir];
	bool	 drop = v == HOOK_DROP || c->len == 0;

	if (is_start(c))
		*gone = drop;
	return drop || *gone;
}

static void
to_sink(struct leg *l, enum hook_side side, const struct chunk *c,
    enum hook_verdict v)
{
	if (v == HOOK_FAIL || v == HOOK_HIDE) {
		if (is_start(c))
			l->gone[side][c->dir] = false;
		if (v == HOOK_FAIL)
			count_hook_error(l->copy, side);
		count_lost(l, side, c, SINK_LOST_GAP);
		hole_now(l, side, c, v == HOOK_FAIL ? GAP_HOOK :
		    GAP_UNMARKED);
	} else if (is_dropped(l, side, c, v)) {
		/* The end that comes next is not that of the one before. */
		if (is_start(c) && side == HOOK_FORWARD)
			leg_whole_lose(l, c->dir, SINK_LOST_CUT);
	} else if (side == HOOK_RECORD)
		leg_record_chunk(l, c);
	else if (l->copy->conf.messages)
		leg_whole_chunk(l, c);
	else
		sink_tcp_data(l->copy->tcp, &l->tcp[c->dir], c);
}

/* A message has ended, or bytes are missing. */
static void
to_sink_mark(struct leg *l, enum hook_side side, enum item_kind kind,
    const struct chunk *c, enum gap_reason why)
{
	if (kind == ITEM_END && side == HOOK_RECORD)
		leg_record_end(l, c->dir);
	else if (kind == ITEM_END && l->copy->conf.messages)
		leg_whole_end(l, c);
	else if (kind == ITEM_END)
		sink_tcp_end(l->copy->tcp, &l->tcp[c->dir]);
	else
		hole_now(l, side, c, why);
}

static void
finish_side(struct leg *l, enum hook_side side)
{
	unsigned	 dir;

	if (side == HOOK_RECORD) {
		leg_record_finish(l);
		return;
	}
	for (dir = 0; dir < COPY_DIRS; dir++) {
		leg_whole_lose(l, dir, SINK_LOST_CUT);
		if (l->copy->compare != NULL)
			compare_leg_end(l->copy->compare,
			    &l->tcp[dir].compare);
		sink_tcp_close(l->copy->tcp, &l->tcp[dir]);
	}
}

/* ---- through a program ---- */

/* why: of an ITEM_GAP. -1: there is no room for a chunk. */
static int
put(struct leg *l, enum hook_side side, enum item_kind kind,
    const struct chunk *c, enum gap_reason why)
{
	struct provider_item	 item = { .leg = l, .kind = (uint8_t)kind,
	    .side = (uint8_t)side, .reason = (uint8_t)why, .chunk = *c };

	++*l->refs;
	if (provider_put(l->copy->provider[side], &item) == 0)
		return 0;
	--*l->refs;
	return -1;
}

/*
 * The chunk c and all behind it to the next start of something are lost. The
 * hole takes its place in the queue of a program.
 */
static void
hole_in_turn(struct leg *l, enum hook_side side, const struct chunk *c,
    enum gap_reason why)
{
	struct chunk	 none = *c;

	if (l->copy->provider[side] == NULL) {
		hole_now(l, side, c, why);
		return;
	}
	if (l->shut[side][c->dir])
		return;
	l->shut[side][c->dir] = true;
	none.len = 0;
	put(l, side, ITEM_GAP, &none, why);
}

/* Of at most PROVIDER_CHUNK_MAX. */
static void
put_part(struct leg *l, enum hook_side side, const struct chunk *c)
{
	bool	*shut = &l->shut[side][c->dir];

	if (*shut && !is_start(c)) {
		count_lost(l, side, c, SINK_LOST_GAP);
		return;
	}
	if (put(l, side, ITEM_CHUNK, c, GAP_HOOK) == 0) {
		*shut = false;
		return;
	}
	/* The program is too slow. */
	count_hook_error(l->copy, side);
	count_lost(l, side, c, SINK_LOST_GAP);
	hole_in_turn(l, side, c, GAP_HOOK);
}

/* A chunk, in parts that a program takes at once. */
static void
put_chunk(struct leg *l, enum hook_side side, const struct chunk *c)
{
	struct chunk	 part = *c;
	size_t		 at;

	for (at = 0; at < c->len; at += part.len) {
		part.data = c->data + at;
		part.len = c->len - at;
		if (part.len > PROVIDER_CHUNK_MAX)
			part.len = PROVIDER_CHUNK_MAX;
		part.offset = c->offset + at;
		put_part(l, side, &part);
		/* What follows the first part of a head is no head. */
		if (is_start(c) && c->part != FRAMER_OPAQUE)
			part.part = FRAMER_BODY;
		part.flags &= (uint8_t)~CHUNK_GAP;
	}
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
		    (enum item_kind)item->kind, &item->chunk,
		    (enum gap_reason)item->reason);
}

/* ---- rules ---- */

static bool
is_head(const struct chunk *c)
{
	return c->part == FRAMER_REQUEST || c->part == FRAMER_RESPONSE;
}

static enum gap_reason
unjudged_why(const struct leg *l, const struct chunk *c)
{
	if (is_head(c) || c->part == FRAMER_OPAQUE)
		return GAP_UNJUDGED;
	return c->part != FRAMER_UNMARKED && l->changed ? GAP_PAUSED :
	    GAP_UNMARKED;
}

/* Nobody can say whether the rules want it. */
static void
leave_unjudged(struct leg *l, enum hook_side side, const struct chunk *c)
{
	struct copy_stats	*s = &l->copy->stats;

	s->unjudged_requests += c->part == FRAMER_REQUEST;
	s->unjudged_bytes += c->len;
	told_connection(l->copy, &l->counted);
	/* A whole message less is no hole in what a target reads. */
	if (side == HOOK_RECORD || c->part == FRAMER_OPAQUE ||
	    c->part == FRAMER_UNMARKED)
		hole_in_turn(l, side, c, unjudged_why(l, c));
}

static void
leave_ignored(struct leg *l, enum hook_side side, const struct chunk *c)
{
	struct copy_stats	*s = &l->copy->stats;

	s->ignored_requests += c->part == FRAMER_REQUEST;
	s->ignored_bytes += c->len;
	if (is_head(c) && side == HOOK_RECORD &&
	    l->copy->provider[side] == NULL)
		leg_record_ignored(l, c);
}

static void
remember(struct leg_rules *r, uint64_t id, enum rules_verdict v)
{
	uint64_t	 n = id - r->newest;

	r->copied = n < LEG_JUDGED ? r->copied << n : 0;
	r->ignored = n < LEG_JUDGED ? r->ignored << n : 0;
	r->copied |= v == RULES_COPY;
	r->ignored |= v == RULES_IGNORE;
	r->newest = id;
}

/* Of the request that an answer is to. */
static enum rules_verdict
recall(const struct leg_rules *r, uint64_t id)
{
	uint64_t	 n = r->newest - id;

	if (id == 0 || id > r->newest || n >= LEG_JUDGED)
		return RULES_UNJUDGED;
	if (r->copied >> n & 1)
		return RULES_COPY;
	return r->ignored >> n & 1 ? RULES_IGNORE : RULES_UNJUDGED;
}

/* Whether a chunk is not copied: a message goes with its head. */
static bool
left_out(struct leg *l, enum hook_side side, const struct chunk *c)
{
	struct leg_rules	*r = &l->rules[side];
	enum rules_verdict	 v = (enum rules_verdict)r->judged[c->dir];

	if (c->part == FRAMER_REQUEST) {
		v = c->asked == 0 ? RULES_UNJUDGED :
		    rules_judge(&l->copy->conf, side == HOOK_RECORD, c->data,
		    c->len);
		remember(r, c->id, v);
	} else if (c->part == FRAMER_RESPONSE)
		v = recall(r, c->asked);
	else if (c->part != FRAMER_BODY && c->part != FRAMER_TRAILER)
		v = RULES_UNJUDGED;
	r->judged[c->dir] = (uint8_t)v;
	if (v == RULES_UNJUDGED)
		leave_unjudged(l, side, c);
	else if (v == RULES_IGNORE)
		leave_ignored(l, side, c);
	return v != RULES_COPY;
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
		l->tcp[dir].counted = &l->counted;
		l->tcp[dir].started = midstream;
		l->rec[dir].waits = midstream;
	}
	if (l->wanted[HOOK_FORWARD] || l->wanted[HOOK_RECORD])
		c->stats.connections++;
}

static void
side_chunk(struct leg *l, enum hook_side side, const struct chunk *c)
{
	struct copy		*cp = l->copy;
	struct chunk		 room;
	enum hook_verdict	 v;

	if (cp->rules[side] && left_out(l, side, c))
		return;
	if (cp->state != COPY_RUNS) {
		count_lost(l, side, c, SINK_LOST_STOPPED);
		hole_in_turn(l, side, c, GAP_PAUSED);
		return;
	}
	v = hook_chain_run(&cp->chain[side], &c, &room);
	if (cp->provider[side] == NULL)
		to_sink(l, side, c, v);
	else if (v == HOOK_KEEP || v == HOOK_CHANGED)
		put_chunk(l, side, c);
	else if (v != HOOK_DROP) {
		count_lost(l, side, c, SINK_LOST_GAP);
		hole_in_turn(l, side, c, GAP_UNMARKED);
	}
}

void
leg_chunk(struct leg *l, const struct chunk *c)
{
	unsigned	 side;

	if (l->copy == NULL || c->dir >= COPY_DIRS)
		return;
	l->rec[c->dir].next = c->offset + c->len;
	for (side = 0; side < HOOK_SIDES; side++)
		if (side_works(l, side) && leg_takes(l->copy, side, c->dir))
			side_chunk(l, side, c);
}

static void
mark(struct leg *l, enum item_kind kind, const struct chunk *c,
    enum gap_reason why)
{
	unsigned	 side;

	if (l->copy == NULL || c->dir >= COPY_DIRS)
		return;
	for (side = 0; side < HOOK_SIDES; side++) {
		if (!side_works(l, side) ||
		    !leg_takes(l->copy, side, c->dir))
			continue;
		/* Of a message that is not there no end is told. */
		if (kind == ITEM_END && l->copy->rules[side] &&
		    l->rules[side].judged[c->dir] != RULES_COPY)
			continue;
		if (l->copy->provider[side] == NULL)
			to_sink_mark(l, side, kind, c, why);
		else if (!l->shut[side][c->dir])
			put(l, side, kind, c, why);
	}
}

void
leg_end(struct leg *l, const struct chunk *c)
{
	mark(l, ITEM_END, c, GAP_LOST);
}

void
leg_gap(struct leg *l, const struct chunk *c, uint64_t len,
    enum gap_reason why)
{
	if (l->copy == NULL || c->dir >= COPY_DIRS)
		return;
	l->rec[c->dir].next = c->offset + len;
	/* What follows is left out, too; it would be without this. */
	if (l->copy->state != COPY_RUNS && why == GAP_LOST)
		why = GAP_PAUSED;
	mark(l, ITEM_GAP, c, why);
}

void
leg_answer(struct leg *l, const struct msg_stream *m)
{
	if (l->copy == NULL || l->copy->compare == NULL ||
	    !side_works(l, HOOK_FORWARD))
		return;
	compare_answer(l->copy->compare,
	    &l->tcp[STREAM_TO_OBSERVED].compare, m);
}

void
leg_close(struct leg *l)
{
	struct chunk	 c = { .from = l->client, .to = l->server,
	    .flags = CHUNK_LAST, .flow = l->flow };
	unsigned	 side;

	if (l->copy == NULL)
		return;
	for (side = 0; side < HOOK_SIDES; side++) {
		if (!side_works(l, side))
			continue;
		if (l->copy->provider[side] == NULL)
			finish_side(l, side);
		else
			put(l, side, ITEM_CLOSE, &c, GAP_LOST);
	}
}
