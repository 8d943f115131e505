#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/hole.h"
#include "mirror/told.h"

/* ---- lines in FILE.gaps ---- */

static void
on_want_gaps(void *arg, bool rotate)
{
	struct copy	*c = arg;

	c->env->ops->want(c->env->ops->arg, c->index, true, rotate);
}

static void
on_gap_refused(void *arg, const struct sink_note *note, size_t bytes)
{
	struct copy	*c = arg;

	(void)note;
	(void)bytes;
	c->gap_refused = true;
}

int
hole_open(struct copy *c)
{
	char			 name[CONF_PATH_MAX + sizeof(CONF_GAPS)];
	struct sink_file_conf	 f = { .base = c->env->base,
	    .kind = SINK_LINES, .name = name, .limit = c->conf.queue,
	    .wait = c->env->offline, .ask = on_want_gaps,
	    .refused = on_gap_refused, .lost = told_disk, .arg = c };

	snprintf(name, sizeof(name), "%s" CONF_GAPS, c->conf.path);
	return (c->gaps = sink_file_new(&f)) == NULL ? -1 : 0;
}

static void
keep_pending(struct copy *c, const char *line, size_t n)
{
	uint8_t	*p;

	if (n > COPY_PENDING_MAX - c->npending ||
	    (p = realloc(c->pending, c->npending + n)) == NULL) {
		c->stats.unlisted++;
		tally_add(c->env->tally, TALLY_MIR_GAPS_UNLISTED, 1);
		return;
	}
	memcpy(p + c->npending, line, n);
	c->pending = p;
	c->npending += n;
}

static int
put_gap_line(struct copy *c, const void *line, size_t n)
{
	struct sink_note	 note = { 0 };

	c->gap_refused = false;
	if (sink_file_put(c->gaps, &note, line, n, NULL, 0, NULL, 0) == -1)
		return -1;
	sink_file_flush(c->gaps);
	return c->gap_refused ? -1 : 0;
}

void
hole_retry(struct copy *c)
{
	const uint8_t	*nl;
	size_t		 at, n;

	for (at = 0; at < c->npending; at += n) {
		nl = memchr(c->pending + at, '\n', c->npending - at);
		n = (size_t)(nl - c->pending) + 1 - at;
		if (put_gap_line(c, c->pending + at, n) == -1)
			break;
	}
	if (at == 0)
		return;
	c->npending -= at;
	memmove(c->pending, c->pending + at, c->npending);
}

void
hole_write(struct copy *c, const struct gap *g)
{
	char	 line[GAPS_LINE_MAX];
	size_t	 n;

	c->stats.gaps++;
	c->stats.gap[g->reason]++;
	tally_add(c->env->tally, TALLY_MIR_GAPS, 1);
	if (c->gaps == NULL)
		return;
	n = gap_line(line, g, c->env->packet_us);
	if (c->npending > 0 || put_gap_line(c, line, n) == -1)
		keep_pending(c, line, n);
}

static void
write_all(struct copy *c, enum gap_reason reason, uint64_t last_us,
    uint64_t next_us, uint64_t connections)
{
	const struct gap	 all = { .mirror = c->conf.name,
	    .reason = (uint8_t)reason, .unsized = true, .all = true,
	    .connections = connections, .last_us = last_us,
	    .next_us = next_us };

	if (c->file != NULL)
		hole_write(c, &all);
}

void
hole_all(struct copy *c, enum gap_reason reason, uint64_t last_us,
    uint64_t next_us)
{
	write_all(c, reason, last_us, next_us, 0);
}

/* ---- connections that find no memory, or no reader ---- */

void
hole_refused(struct copy *c, uint64_t ts_us)
{
	bool	 counted = false;

	told_connection(c, &counted);
	if (c->refused++ == 0)
		c->refused_us = ts_us;
}

void
hole_unread(struct copy *c)
{
	bool	 counted = false;

	told_connection(c, &counted);
	c->unread++;
}

void
hole_tell_refused(struct copy *c)
{
	/* All of them, and for good: between no two records. */
	if (c->unread > 0)
		write_all(c, GAP_PAUSED, 0, 0, c->unread);
	c->unread = 0;
	if (c->refused > 0)
		write_all(c, GAP_QUEUE, c->refused_us, c->env->packet_us,
		    c->refused);
	c->refused = 0;
}

/* ---- an analyzer is away, or we are behind ---- */

static int
lost_room(struct copy *c)
{
	struct gap	*v;
	size_t		 room = c->lost_room == 0 ? 64 : c->lost_room * 2;

	if (c->nlost < c->lost_room)
		return 0;
	if (room > COPY_LOST_MAX ||
	    (v = realloc(c->lost, room * sizeof(*v))) == NULL)
		return -1;
	c->lost = v;
	c->lost_room = room;
	return 0;
}

static void
write_lost(struct copy *c, struct gap *g)
{
	if (c->away && lost_room(c) == 0) {
		c->lost[c->nlost++] = *g;
		return;
	}
	g->next_us = c->away ? c->env->wall_us : c->back_us;
	hole_write(c, g);
}

void
hole_away(struct copy *c, enum gap_reason why, uint64_t last_us)
{
	if (c->file == NULL)
		return;
	if (!c->away || last_us < c->away_us)
		c->away_us = last_us;
	if (!c->away || why == GAP_ANALYZER)
		c->away_why = (uint8_t)why;
	c->away = true;
}

void
hole_back(struct copy *c, uint64_t next_us, uint64_t connections)
{
	size_t	 i;

	if (!c->away)
		return;
	c->away = false;
	c->back_us = next_us;
	for (i = 0; i < c->nlost; i++)
		write_lost(c, &c->lost[i]);
	if (connections > 0 || c->away_why == GAP_ANALYZER)
		write_all(c, (enum gap_reason)c->away_why, c->away_us,
		    next_us, connections == HOLE_SOME ? 0 : connections);
	free(c->lost);
	c->lost = NULL;
	c->nlost = c->lost_room = 0;
}

void
hole_end(struct copy *c)
{
	hole_tell_refused(c);
	hole_back(c, c->env->wall_us, HOLE_SOME);
}

/* ---- the gaps of a connection ---- */

/* The gap reaches to offset; what was captured at next_us is there again. */
static void
finish(struct leg *l, unsigned dir, uint64_t offset, uint64_t next_us)
{
	struct leg_record	*r = &l->rec[dir];
	bool			 to = dir == STREAM_TO_OBSERVED;
	struct gap		 g = { .mirror = l->copy->conf.name,
	    .flow = l->flow, .from = to ? *l->client : *l->server,
	    .to = to ? *l->server : *l->client, .dir = (uint8_t)dir,
	    .reason = r->reason == GAP_BEHIND ? GAP_QUEUE : r->reason,
	    .offset = r->offset,
	    .last_us = r->before_us, .next_us = next_us };

	r->waits = false;
	if (!r->gap)
		return;
	r->gap = false;
	g.length = offset > r->offset ? offset - r->offset : 0;
	if (r->reason == GAP_ANALYZER || r->reason == GAP_BEHIND)
		write_lost(l->copy, &g);
	else
		hole_write(l->copy, &g);
}

void
hole_later(struct leg *l)
{
	if (l->listed)
		return;
	l->listed = true;
	l->next_resumed = l->copy->resumed;
	l->copy->resumed = l;
}

void
hole_begin(struct leg *l, unsigned dir, enum gap_reason why, uint64_t offset)
{
	struct leg_record	*r = &l->rec[dir];

	r->waits = true;
	r->msg_type = 0;
	r->len = 0;
	r->resumed = false;
	if (r->closed)
		hole_later(l);
	if (r->gap)
		return;
	r->gap = true;
	r->reason = (uint8_t)(r->late ? GAP_PAUSED : why);
	if (!r->late)
		r->offset = offset;
	r->late = false;
	r->before_us = r->last_us;
	told_connection(l->copy, &l->counted);
}

void
hole_resume(struct leg *l, unsigned dir, uint64_t offset, uint64_t next_us)
{
	struct leg_record	*r = &l->rec[dir];

	r->waits = false;
	if (!r->gap || r->resumed)
		return;
	if (l->copy->file == NULL) {
		finish(l, dir, offset, next_us);
		return;
	}
	r->resumed = true;
	r->resume_offset = offset;
	r->resume_us = next_us;
	hole_later(l);
}

void
hole_settle(struct copy *c)
{
	struct leg_record	*r;
	struct leg		*l;
	unsigned		 dir;

	while ((l = c->resumed) != NULL) {
		c->resumed = l->next_resumed;
		l->listed = false;
		for (dir = 0; dir < COPY_DIRS; dir++) {
			r = &l->rec[dir];
			if (r->gap && r->resumed)
				finish(l, dir, r->resume_offset,
				    r->resume_us);
			else if (r->gap && r->closed)
				finish(l, dir, r->next, c->env->packet_us);
			r->resumed = false;
		}
	}
}
