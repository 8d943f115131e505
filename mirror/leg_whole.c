#include <stdlib.h>
#include <string.h>

#include "mirror/leg_whole.h"
#include "mirror/told.h"

#define KEPT	4096		/* room that a connection keeps */
#define PART	4		/* of the queue that a message may have */

static void
forget(struct leg *l, struct leg_whole *w)
{
	free(w->msg);
	if (w->room > 0)
		mem_give(l->copy->env->mem, MEM_STREAMS, w->room);
	w->msg = NULL;
	w->len = w->room = 0;
}

static void
lose(struct leg *l, enum sink_lost why, uint64_t bytes, uint64_t requests)
{
	told_connection(l->copy, &l->counted);
	told_lost(l->copy, why, bytes, requests);
}

/* What is lost of a message is all of it. */
static bool
grow(struct leg *l, struct leg_whole *w, size_t n, enum sink_lost *why)
{
	struct mem	*mem = l->copy->env->mem;
	uint8_t		*p;
	size_t		 room;

	*why = SINK_LOST_LARGE;
	if (w->len + n > l->copy->conf.queue / PART)
		return false;
	for (room = w->room == 0 ? 1024 : w->room; room < w->len + n;)
		room *= 2;
	if (room == w->room)
		return true;
	*why = SINK_LOST_MEMORY;
	if (!mem_take(mem, MEM_STREAMS, room - w->room))
		return false;
	if ((p = realloc(w->msg, room)) == NULL) {
		mem_give(mem, MEM_STREAMS, room - w->room);
		return false;
	}
	w->msg = p;
	w->room = room;
	return true;
}

void
leg_whole_lose(struct leg *l, unsigned dir, enum sink_lost why)
{
	struct leg_whole	*w = &l->whole[dir];

	if (w->open)
		lose(l, why, w->len, w->part == FRAMER_REQUEST);
	w->open = false;
	w->why = (uint8_t)why;
	forget(l, w);
}

static void
begin(struct leg *l, const struct chunk *c)
{
	struct leg_whole	*w = &l->whole[c->dir];

	/* The one before had no end. */
	if (w->open)
		leg_whole_lose(l, c->dir, SINK_LOST_CUT);
	w->open = true;
	w->part = c->part;
	w->id = c->id;
	w->asked = c->asked;
	w->head = c->len;
	w->len = 0;
}

void
leg_whole_chunk(struct leg *l, const struct chunk *c)
{
	struct leg_whole	*w = &l->whole[c->dir];
	enum sink_lost		 why;

	if (c->part == FRAMER_REQUEST || c->part == FRAMER_RESPONSE)
		begin(l, c);
	if (w->open && grow(l, w, c->len, &why)) {
		memcpy(w->msg + w->len, c->data, c->len);
		w->len += c->len;
		return;
	}
	if (w->open)
		leg_whole_lose(l, c->dir, why);
	lose(l, (enum sink_lost)w->why, c->len, 0);
}

/* The target may see another end of it, and of what follows. */
static void
leave_unjudged(struct leg *l, struct leg_whole *w)
{
	l->copy->stats.unjudged_requests++;
	l->copy->stats.unjudged_bytes += w->len;
	told_connection(l->copy, &l->counted);
}

void
leg_whole_end(struct leg *l, const struct chunk *end)
{
	struct leg_whole	*w = &l->whole[end->dir];
	struct chunk		 c = { .data = w->msg, .len = w->len,
	    .dir = end->dir, .part = w->part, .id = w->id,
	    .asked = w->asked };

	if (!w->open)
		return;
	if (end->asked == 0 && w->part == FRAMER_REQUEST)
		leave_unjudged(l, w);
	else
		sink_tcp_whole(l->copy->tcp, &l->tcp[end->dir], &c, w->head);
	w->open = false;
	w->len = 0;
	if (w->room > KEPT)
		forget(l, w);
}
