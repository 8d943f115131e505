#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/hole.h"
#include "mirror/leg_record.h"
#include "mirror/told.h"
#include "sandbox/compat.h"
#include "sandbox/vis.h"

#define GOR_KEPT	4096	/* room that a connection keeps */

/* ---- the file ---- */

static void
on_want_file(void *arg, bool rotate)
{
	struct copy	*c = arg;

	c->env->ops->want(c->env->ops->arg, c->index, false, rotate);
	/* The lines about a record go with it. */
	if (rotate && c->gaps != NULL)
		sink_file_rotate(c->gaps);
}

static void
file_trouble(struct copy *c)
{
	char	 name[2 * CONF_PATH_MAX];
	int	 error;

	if ((error = sink_file_error(c->file)) == 0)
		return;
	tally_add(c->env->tally, TALLY_MIR_ERRORS, 1);
	c->stats.errors++;
	vis_str(VIS_LOG, name, sizeof(name), c->conf.path);
	told_trouble(c, NULL, "record %.80s: %s", name, strerror(error));
}

static void
on_refused(void *arg, const struct sink_note *note, size_t bytes)
{
	struct copy	*c = arg;
	struct leg	*l;

	tally_add(c->env->tally, TALLY_MIR_RECORDS_LOST, 1);
	c->stats.dropped_bytes += bytes;
	file_trouble(c);
	l = c->env->ops->find(c->env->ops->arg, note->flow, c);
	if (l == NULL)
		return;
	if (l->rec[note->dir].last_us > note->ts_us)
		l->rec[note->dir].last_us = note->ts_us;
	hole_begin(l, note->dir, GAP_FILE, note->offset);
}

int
leg_record_open(struct copy *c)
{
	struct sink_file_conf	 f = { .base = c->env->base,
	    .kind = (enum sink_file_kind)c->conf.format,
	    .name = c->conf.path,
	    .rotate = c->conf.rotate, .limit = c->conf.queue,
	    .wait = c->env->offline, .ask = on_want_file,
	    .refused = on_refused, .lost = told_disk, .arg = c };

	if ((c->file = sink_file_new(&f)) == NULL)
		return -1;
	/* Beside standard output there is no file. */
	return strcmp(c->conf.path, "-") == 0 ? 0 : hole_open(c);
}

/* By the file, before it took it. */
static void
refused_now(struct leg *l, unsigned dir, uint64_t offset, size_t bytes)
{
	struct copy	*c = l->copy;

	tally_add(c->env->tally, TALLY_MIR_RECORDS_LOST, 1);
	c->stats.dropped_bytes += bytes;
	file_trouble(c);
	hole_begin(l, dir, sink_file_is_open(c->file) &&
	    sink_file_error(c->file) == 0 ? GAP_QUEUE : GAP_FILE, offset);
}

/* ---- gogetway and raw: pieces ---- */

static void
write_pieces(struct leg *l, const struct chunk *c)
{
	struct copy		*cp = l->copy;
	struct leg_record	*r = &l->rec[c->dir];
	struct sink_note	 note = { .flow = l->flow,
	    .offset = c->offset, .ts_us = c->seen_us, .dir = c->dir };
	uint8_t			 head[RECORD_HEAD_MAX];
	size_t			 at, n, nhead;

	if (cp->conf.format == RECORD_GOGETWAY && r->way.len == 0)
		record_way(&r->way, c->from, c->to);
	for (at = 0; at < c->len; at += n) {
		n = c->len - at;
		nhead = 0;
		if (cp->conf.format == RECORD_GOGETWAY) {
			n = record_cut(c->data + at, n);
			nhead = record_put_gogetway(head, c->seen_us, &r->way,
			    n);
		}
		if (sink_file_put(cp->file, &note, head, nhead, c->data + at,
		    n, NULL, 0) == -1) {
			refused_now(l, c->dir, c->offset, c->len - at);
			return;
		}
	}
	r->last_us = c->seen_us;
}

static bool
is_start(const struct chunk *c)
{
	return c->part == FRAMER_REQUEST || c->part == FRAMER_RESPONSE;
}

/* ---- gor: whole messages, so they gather ---- */

static void
gor_forget(struct leg *l, unsigned dir)
{
	struct leg_record	*r = &l->rec[dir];

	free(r->msg);
	if (r->room > 0)
		mem_give(l->copy->env->mem, MEM_STREAMS, r->room);
	r->msg = NULL;
	r->len = r->room = 0;
}

static int
gor_room(struct leg *l, unsigned dir, size_t n)
{
	struct leg_record	*r = &l->rec[dir];
	struct mem		*mem = l->copy->env->mem;
	uint8_t			*p;
	size_t			 room;

	if (n > l->copy->conf.queue - r->len)
		return -1;
	for (room = r->room == 0 ? 1024 : r->room; room < r->len + n;)
		room *= 2;
	if (room == r->room)
		return 0;
	if (!mem_take(mem, MEM_STREAMS, room - r->room))
		return -1;
	if ((p = realloc(r->msg, room)) == NULL) {
		mem_give(mem, MEM_STREAMS, room - r->room);
		return -1;
	}
	r->msg = p;
	r->room = room;
	return 0;
}

static void
gor_begin(struct leg *l, const struct chunk *c)
{
	struct leg_record	*r = &l->rec[c->dir];

	/* The one before had no end. */
	if (r->msg_type != 0) {
		hole_begin(l, c->dir, GAP_CUT, r->msg_offset);
		hole_resume(l, c->dir, c->offset, c->seen_us);
	}
	r->len = 0;
	r->msg_type = c->part == FRAMER_REQUEST ? RECORD_REQUEST :
	    RECORD_RESPONSE;
	r->msg_us = c->seen_us;
	r->msg_id = c->id;
	r->msg_offset = c->offset;
	if (c->part == FRAMER_REQUEST)
		l->asked_us[c->id % nitems(l->asked_us)] = c->seen_us;
}

static void
gor_add(struct leg *l, const struct chunk *c)
{
	struct leg_record	*r = &l->rec[c->dir];

	if (is_start(c))
		gor_begin(l, c);
	if (r->msg_type == 0)
		hole_begin(l, c->dir, GAP_FORMAT, c->offset);
	else if (gor_room(l, c->dir, c->len) == -1) {
		hole_begin(l, c->dir, GAP_QUEUE, r->msg_offset);
		gor_forget(l, c->dir);
	} else {
		memcpy(r->msg + r->len, c->data, c->len);
		r->len += c->len;
	}
}

void
leg_record_end(struct leg *l, unsigned dir)
{
	struct leg_record	*r = &l->rec[dir];
	struct copy		*c = l->copy;
	struct sink_note	 note = { .flow = l->flow,
	    .offset = r->msg_offset, .ts_us = r->msg_us,
	    .dir = (uint8_t)dir };
	uint8_t			 head[RECORD_HEAD_MAX];
	char			 id[RECORD_GOR_ID + 1];
	uint64_t		 asked;
	size_t			 n;

	if (r->msg_type == 0)
		return;
	if (!record_gor_fits(r->msg, r->len)) {
		hole_begin(l, dir, GAP_FORMAT, r->msg_offset);
		return;
	}
	asked = l->asked_us[r->msg_id % nitems(l->asked_us)];
	record_gor_id(id, l->client, l->server, l->flow, r->msg_id);
	n = record_put_gor(head, (enum record_type)r->msg_type, id,
	    r->msg_us, r->msg_type == RECORD_RESPONSE && asked != 0 &&
	    r->msg_us > asked ? r->msg_us - asked : 0);
	if (sink_file_put(c->file, &note, head, n, r->msg, r->len,
	    RECORD_GOR_END, RECORD_GOR_END_LEN) == -1)
		refused_now(l, dir, r->msg_offset, r->len);
	else
		r->last_us = r->msg_us;
	r->msg_type = 0;
	r->len = 0;
	if (r->room > GOR_KEPT)
		gor_forget(l, dir);
}

/* ---- both ---- */

/* What came before a reload let the mirror observe the connection. */
static void
tell_late(struct leg *l, const struct chunk *c)
{
	struct leg_record	*r = &l->rec[c->dir];

	if (r->late && c->offset > r->offset)
		hole_begin(l, c->dir, GAP_PAUSED, 0);
	r->late = false;
}

void
leg_record_ignored(struct leg *l, const struct chunk *c)
{
	struct leg_record	*r = &l->rec[c->dir];

	/* The one before had no end. */
	if (r->msg_type != 0)
		hole_begin(l, c->dir, GAP_CUT, r->msg_offset);
	if (!r->waits)
		return;
	tell_late(l, c);
	hole_resume(l, c->dir, c->offset, c->seen_us);
}

void
leg_record_chunk(struct leg *l, const struct chunk *c)
{
	struct leg_record	*r = &l->rec[c->dir];

	if (r->waits) {
		tell_late(l, c);
		if (!is_start(c) && (c->part != FRAMER_OPAQUE ||
		    l->copy->conf.format == RECORD_GOR)) {
			hole_begin(l, c->dir, l->changed ? GAP_PAUSED :
			    GAP_UNMARKED, c->offset);
			return;
		}
		if (l->copy->file != NULL &&
		    !sink_file_ready(l->copy->file)) {
			sink_file_refuse(l->copy->file);
			refused_now(l, c->dir, c->offset, c->len);
			return;
		}
		hole_resume(l, c->dir, c->offset, c->seen_us);
	}
	if (l->copy->file == NULL)
		return;
	if (l->copy->conf.format == RECORD_GOR)
		gor_add(l, c);
	else
		write_pieces(l, c);
}

void
leg_record_finish(struct leg *l)
{
	struct leg_record	*r;
	unsigned		 dir;

	for (dir = 0; dir < COPY_DIRS; dir++) {
		r = &l->rec[dir];
		if (r->msg_type != 0)
			hole_begin(l, dir, GAP_CUT, r->msg_offset);
		r->closed = true;
		if (r->gap)
			hole_later(l);
		gor_forget(l, dir);
	}
}
