#include <errno.h>
#include <stdlib.h>

#include "mirror/sink_answer.h"
#include "mirror/sink_dial.h"
#include "mirror/sink_out.h"
#include "mirror/sink_tcp.h"
#include "sandbox/compat.h"

static const char *const lost_names[] = {
#define R(name, text)	text,
	SINK_TCP_REASONS(R)
#undef R
};

const char *
sink_lost_name(enum sink_lost r)
{
	return lost_names[r];
}

struct sink_tcp *
sink_tcp_new(const struct sink_tcp_conf *conf)
{
	struct sink_tcp	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->conf = *conf;
	TAILQ_INIT(&s->outs);
	TAILQ_INIT(&s->dirty);
	TAILQ_INIT(&s->waiting);
	s->readable = sink_readable;
	s->writable = sink_writable;
	return s;
}

/* ---- data ---- */

static void
leg_lose(struct sink_tcp *s, struct sink_leg *leg, enum sink_lost why,
    uint64_t bytes, uint64_t requests)
{
	leg->reason = (uint8_t)why;
	out_lose(s, leg->counted, why, bytes, requests);
}

static void
open_out(struct sink_tcp *s, struct sink_leg *leg, const struct chunk *c)
{
	struct sink_out	*o = NULL;
	enum sink_lost	 why;

	leg->waits = false;
	if (dial_allowed(s, &why)) {
		why = SINK_LOST_SYSTEM;
		o = out_new(s);
	}
	if (o == NULL) {
		leg->waits = true;
		leg_lose(s, leg, why, 0, 0);
		return;
	}
	o->leg = leg;
	o->http = c->part == FRAMER_REQUEST;
	o->batch = s->batch;
	leg->out = o;
	dial_or_wait(o);
}

static bool
may_start(const struct sink_leg *leg, const struct chunk *c)
{
	if (c->part == FRAMER_REQUEST || c->part == FRAMER_RESPONSE)
		return true;
	return c->part == FRAMER_OPAQUE && !leg->started &&
	    (c->flags & CHUNK_GAP) == 0;
}

static void
overflow(struct sink_tcp *s, struct sink_leg *leg, const struct chunk *c)
{
	struct sink_out	*o = leg->out;

	leg_lose(s, leg, SINK_LOST_QUEUE, out_waiting(o) + c->len,
	    out_unheard(o) + (c->part == FRAMER_REQUEST));
	leg->dead = true;
	out_drop(o);
}

static void
ask(struct sink_tcp *s, struct sink_leg *leg, const struct chunk *c)
{
	struct backlog		*b = &leg->out->bytes;
	struct compare_request	 r = { .id = c->id, .sure = c->asked != 0,
	    .head = c->data, .len = c->len, .place = b->answer.asked,
	    .at = backlog_added_to(b) };

	backlog_asked(b, c->data, c->len);
	s->stats.requests++;
	if (s->conf.compare == NULL)
		return;
	if (b->answer.lost)
		compare_stop(s->conf.compare, &leg->out->compared,
		    COMPARE_LIMIT);
	compare_asked(s->conf.compare, &leg->compare, &leg->out->compared, &r);
}

/*
 * All is answered, and the target said that it closes, or nothing there can be
 * compared any more: the next head opens anew.
 */
static bool
is_spent(const struct sink_out *o, bool sure)
{
	const struct reply	*a = &o->bytes.answer;

	return (a->closes || (o->compared.stopped && sure)) &&
	    out_waiting(o) == 0 && reply_open(a) == 0;
}

void
sink_tcp_data(struct sink_tcp *s, struct sink_leg *leg,
    const struct chunk *c)
{
	struct sink_out	*o;

	if (leg->dead) {
		leg_lose(s, leg, (enum sink_lost)leg->reason, c->len,
		    c->part == FRAMER_REQUEST);
		return;
	}
	if (leg->out != NULL && c->part == FRAMER_REQUEST &&
	    is_spent(leg->out, c->asked != 0))
		out_let_go(leg->out);
	if (leg->out == NULL && may_start(leg, c))
		open_out(s, leg, c);
	leg->started = true;
	if ((o = leg->out) == NULL) {
		leg_lose(s, leg, leg->waits ? (enum sink_lost)leg->reason :
		    SINK_LOST_GAP, c->len, c->part == FRAMER_REQUEST);
		return;
	}
	if (c->len > s->conf.limit - s->stats.queued ||
	    backlog_room(&o->bytes, c->len) == -1) {
		overflow(s, leg, c);
		return;
	}
	if (c->part == FRAMER_REQUEST)
		ask(s, leg, c);
	backlog_add(&o->bytes, c->data, c->len);
	if (s->stats.queued > s->stats.high)
		s->stats.high = s->stats.queued;
	if (c->part == FRAMER_REQUEST || c->part == FRAMER_RESPONSE)
		o->in_message = true;
	if (o->state == UP)
		out_to_flush(o);
}

void
sink_tcp_flush(struct sink_tcp *s)
{
	struct sink_out	*o;

	while ((o = TAILQ_FIRST(&s->dirty)) != NULL) {
		TAILQ_REMOVE(&s->dirty, o, next_dirty);
		o->dirty = false;
		out_flush(o);
	}
	dial_waiting(s);
}

void
sink_tcp_end(struct sink_tcp *s, struct sink_leg *leg)
{
	(void)s;
	if (leg->out != NULL)
		leg->out->in_message = false;
}

void
sink_tcp_whole(struct sink_tcp *s, struct sink_leg *leg,
    const struct chunk *c, size_t head)
{
	struct chunk	 part = *c;

	if (c->len > s->conf.limit - s->stats.queued) {
		out_lose(s, leg->counted, SINK_LOST_QUEUE, c->len,
		    c->part == FRAMER_REQUEST);
		return;
	}
	part.len = head;
	sink_tcp_data(s, leg, &part);
	part.part = FRAMER_BODY;
	part.data += head;
	part.len = c->len - head;
	if (part.len > 0)
		sink_tcp_data(s, leg, &part);
	sink_tcp_end(s, leg);
}

void
sink_tcp_gap(struct sink_tcp *s, struct sink_leg *leg)
{
	(void)s;
	leg->waits = true;
	leg->reason = SINK_LOST_GAP;
	if (leg->out != NULL)
		out_let_go(leg->out);
}

void
sink_tcp_close(struct sink_tcp *s, struct sink_leg *leg)
{
	(void)s;
	if (leg->out != NULL)
		out_let_go(leg->out);
}

/* ---- time ---- */

static void
check(struct sink_tcp *s, struct sink_out *o)
{
	uint64_t	 age = s->now_us - o->since_us;

	if (o->state == CONNECTING) {
		if (age >= s->conf.timeout_us)
			dial_failed(o, SINK_LOST_TIMEOUT, ETIMEDOUT);
	} else if (out_waiting(o) > 0) {
		if (age >= SINK_TCP_STALL_US)
			out_fail(o, SINK_LOST_STALLED, ETIMEDOUT);
	} else if (o->state == DRAINING) {
		if (age >= s->conf.timeout_us)
			out_half_close(o);
	} else if (o->state == HALF_CLOSED && age >= s->conf.timeout_us)
		out_reset(o);
}

void
sink_tcp_tick(struct sink_tcp *s, uint64_t now_us)
{
	struct sink_out	*o, *next;

	s->now_us = now_us;
	TAILQ_FOREACH_SAFE(o, &s->outs, entry, next)
		check(s, o);
	dial_waiting(s);
}

void
sink_tcp_tell(struct sink_tcp *s)
{
	struct sink_out	*o;

	TAILQ_FOREACH(o, &s->outs, entry)
		s->conf.own(s->conf.arg, &o->local, &s->conf.target, false);
}

void
sink_tcp_free(struct sink_tcp *s)
{
	struct sink_out	*o;

	if (s == NULL)
		return;
	while ((o = TAILQ_FIRST(&s->waiting)) != NULL ||
	    (o = TAILQ_FIRST(&s->outs)) != NULL) {
		if (out_waiting(o) == 0) {
			out_reset(o);
			continue;
		}
		out_lose(s, out_counted(o), SINK_LOST_STOPPED, out_waiting(o),
		    out_unheard(o));
		out_drop(o);
	}
	free(s);
}

const char *
sink_tcp_state(const struct sink_tcp *s)
{
	if (s->delay_us > 0)
		return "retry";
	if (s->stats.open > s->dialling || s->was_up)
		return "up";
	return s->dialling > 0 ? "connecting" : "idle";
}

const struct sink_tcp_stats *
sink_tcp_stats(const struct sink_tcp *s)
{
	return &s->stats;
}

void
sink_tcp_set_stats(struct sink_tcp *s, const struct sink_tcp_stats *stats)
{
	s->stats = *stats;
}

bool
sink_tcp_idle(const struct sink_tcp *s)
{
	return TAILQ_EMPTY(&s->outs) && TAILQ_EMPTY(&s->waiting);
}
