#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/copy.h"
#include "sandbox/compat.h"
#include "sandbox/log.h"
#include "sandbox/vis.h"

#define SAY_EVERY_US	10000000

/* ---- what people are told ---- */

static void PRINTFLIKE(2, 3)
trouble(struct copy *c, const char *fmt, ...)
{
	char	 line[COPY_ERROR_MAX + 2 * CONF_NAME_MAX], name[128];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(c->error, sizeof(c->error), fmt, ap);
	va_end(ap);
	c->error_us = c->env->wall_us;
	if (c->conf.abort_on_error)
		c->abort = true;
	if (c->said_us != 0 && c->env->now_us - c->said_us < SAY_EVERY_US)
		return;
	c->said_us = c->env->now_us;
	snprintf(line, sizeof(line), "mirror %s: %s",
	    vis_str(VIS_LOG, name, sizeof(name), c->conf.name), c->error);
	c->env->ops->say(c->env->ops->arg, line);
}

static void
count_connection(struct copy *c, bool *counted)
{
	if (*counted)
		return;
	*counted = true;
	c->stats.dropped_connections++;
	tally_add(c->env->tally, TALLY_MIR_DROPPED, 1);
}

static void
count_lost(struct copy *c, enum sink_lost why, uint64_t bytes,
    uint64_t requests)
{
	c->stats.lost[why] += bytes;
	c->stats.lost_requests[why] += requests;
	c->stats.dropped_bytes += bytes;
	tally_add(c->env->tally, TALLY_MIR_DROPPED_BYTES, bytes);
}

/* ---- forward ---- */

static void
on_lost(void *arg, enum sink_lost why, uint64_t bytes, uint64_t requests,
    bool first)
{
	struct copy	*c = arg;

	count_lost(c, why, bytes, requests);
	if (first) {
		c->stats.dropped_connections++;
		tally_add(c->env->tally, TALLY_MIR_DROPPED, 1);
	}
}

static void
on_own(void *arg, const struct endpoint *source,
    const struct endpoint *target, bool gone)
{
	struct copy	*c = arg;

	c->env->ops->own(c->env->ops->arg, source, target, gone);
}

static void
on_tcp_error(void *arg, enum sink_lost why, int error)
{
	struct copy	*c = arg;
	char		 target[ENDPOINT_TEXT_MAX];

	tally_add(c->env->tally, TALLY_MIR_ERRORS, 1);
	trouble(c, "%s %s: %s, statistics unaffected", sink_lost_name(why),
	    endpoint_print(&c->conf.target, target, sizeof(target)),
	    error == 0 ? "closed by the target" : strerror(error));
}

static void
on_back(void *arg)
{
	struct copy	*c = arg;
	char		 line[256], name[128], target[ENDPOINT_TEXT_MAX];

	c->said_us = 0;
	snprintf(line, sizeof(line), "mirror %s: %s is there again",
	    vis_str(VIS_LOG, name, sizeof(name), c->conf.name),
	    endpoint_print(&c->conf.target, target, sizeof(target)));
	c->env->ops->say(c->env->ops->arg, line);
}

static int
tcp_open(struct copy *c)
{
	struct sink_tcp_conf	 t = { .base = c->env->base,
	    .target = c->conf.target, .has_source = c->conf.has_source,
	    .source = c->conf.source, .timeout_us = c->conf.timeout_us,
	    .limit = c->conf.queue, .backoff_min_us = c->conf.reconnect_min_us,
	    .backoff_max_us = c->conf.reconnect_max_us,
	    .max_open = c->env->max_open, .lost = on_lost, .own = on_own,
	    .error = on_tcp_error, .back = on_back, .arg = c };

	if ((c->tcp = sink_tcp_new(&t)) == NULL)
		return -1;
	sink_tcp_tick(c->tcp, c->env->now_us);
	return 0;
}

/* ---- gap lines ---- */

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

/* Lines that the disk did not take before. */
static void
retry_pending(struct copy *c)
{
	const uint8_t	*nl;
	size_t		 n;

	while (c->npending > 0) {
		nl = memchr(c->pending, '\n', c->npending);
		n = (size_t)(nl - c->pending) + 1;
		if (put_gap_line(c, c->pending, n) == -1)
			return;
		c->npending -= n;
		memmove(c->pending, c->pending + n, c->npending);
	}
}

void
copy_write_gap(struct copy *c, const struct gap *g)
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

/* The gap reaches to offset; what was captured at next_us is there again. */
static void
gap_finish(struct leg *l, unsigned dir, uint64_t offset, uint64_t next_us)
{
	struct leg_record	*r = &l->rec[dir];
	struct gap		 g = { .mirror = l->copy->conf.name,
	    .flow = l->flow, .dir = (uint8_t)dir, .reason = r->reason,
	    .offset = r->offset, .last_us = r->before_us,
	    .next_us = next_us };

	r->waits = false;
	if (!r->gap)
		return;
	r->gap = false;
	g.from = dir == STREAM_TO_OBSERVED ? *l->client : *l->server;
	g.to = dir == STREAM_TO_OBSERVED ? *l->server : *l->client;
	g.length = offset > r->offset ? offset - r->offset : 0;
	copy_write_gap(l->copy, &g);
}

static void
look_after_flush(struct leg *l)
{
	if (l->listed)
		return;
	l->listed = true;
	l->next_resumed = l->copy->resumed;
	l->copy->resumed = l;
}

static void
gap_begin(struct leg *l, unsigned dir, enum gap_reason why, uint64_t offset)
{
	struct leg_record	*r = &l->rec[dir];

	r->waits = true;
	r->msg_type = 0;
	r->len = 0;
	r->resumed = false;
	if (r->closed)
		look_after_flush(l);
	if (r->gap)
		return;
	r->gap = true;
	r->reason = (uint8_t)why;
	r->offset = offset;
	r->before_us = r->last_us;
	count_connection(l->copy, &l->counted);
}

/* The gap ends with this chunk, if the file takes it. */
static void
gap_resume(struct leg *l, unsigned dir, uint64_t offset, uint64_t next_us)
{
	struct leg_record	*r = &l->rec[dir];

	r->waits = false;
	if (!r->gap || r->resumed)
		return;
	if (l->copy->file == NULL) {
		gap_finish(l, dir, offset, next_us);
		return;
	}
	r->resumed = true;
	r->resume_offset = offset;
	r->resume_us = next_us;
	look_after_flush(l);
}

/* The file was flushed: what has resumed and what has ended is settled. */
static void
settle_gaps(struct copy *c)
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
				gap_finish(l, dir, r->resume_offset,
				    r->resume_us);
			else if (r->gap && r->closed)
				gap_finish(l, dir, r->next,
				    c->env->packet_us);
			r->resumed = false;
		}
	}
}

/* ---- record ---- */

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
	trouble(c, "record %.80s: %s", name, strerror(error));
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
	gap_begin(l, note->dir, GAP_FILE, note->offset);
}

static int
files_open(struct copy *c)
{
	struct sink_file_conf	 f = { .base = c->env->base,
	    .kind = (enum sink_file_kind)c->conf.format,
	    .rotate = c->conf.rotate, .limit = c->conf.queue,
	    .wait = c->env->offline, .ask = on_want_file,
	    .refused = on_refused, .arg = c };

	if ((c->file = sink_file_new(&f)) == NULL)
		return -1;
	/* Beside standard output there is no file. */
	if (strcmp(c->conf.path, "-") == 0)
		return 0;
	f.kind = SINK_LINES;
	f.ask = on_want_gaps;
	f.refused = on_gap_refused;
	memset(&f.rotate, 0, sizeof(f.rotate));
	return (c->gaps = sink_file_new(&f)) == NULL ? -1 : 0;
}

static void
refused_now(struct leg *l, unsigned dir, uint64_t offset, size_t bytes)
{
	struct copy	*c = l->copy;

	tally_add(c->env->tally, TALLY_MIR_RECORDS_LOST, 1);
	c->stats.dropped_bytes += bytes;
	file_trouble(c);
	gap_begin(l, dir, sink_file_is_open(c->file) &&
	    sink_file_error(c->file) == 0 ? GAP_QUEUE : GAP_FILE, offset);
}

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

/* gor: a record is a whole message, so it gathers. */
static void
gor_add(struct leg *l, const struct chunk *c)
{
	struct leg_record	*r = &l->rec[c->dir];
	uint8_t			*p;
	size_t			 room;

	if (c->part == FRAMER_REQUEST || c->part == FRAMER_RESPONSE) {
		r->len = 0;
		r->msg_type = c->part == FRAMER_REQUEST ? RECORD_REQUEST :
		    RECORD_RESPONSE;
		r->msg_us = c->seen_us;
		r->msg_id = c->id;
		r->msg_offset = c->offset;
		if (c->part == FRAMER_REQUEST)
			l->asked_us[c->id % nitems(l->asked_us)] = c->seen_us;
	}
	if (r->msg_type == 0) {
		gap_begin(l, c->dir, GAP_FORMAT, c->offset);
		return;
	}
	if (c->len > l->copy->conf.queue - r->len) {
		gap_begin(l, c->dir, GAP_QUEUE, r->msg_offset);
		return;
	}
	for (room = r->room == 0 ? 1024 : r->room; room < r->len + c->len;)
		room *= 2;
	if (room > r->room) {
		if ((p = realloc(r->msg, room)) == NULL) {
			gap_begin(l, c->dir, GAP_QUEUE, r->msg_offset);
			return;
		}
		r->msg = p;
		r->room = room;
	}
	memcpy(r->msg + r->len, c->data, c->len);
	r->len += c->len;
}

static void
gor_end(struct leg *l, unsigned dir)
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
		gap_begin(l, dir, GAP_FORMAT, r->msg_offset);
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
}

/* A chunk that passed all hooks of the record side. */
static void
record_chunk(struct leg *l, const struct chunk *c)
{
	struct leg_record	*r = &l->rec[c->dir];
	bool			 start;

	start = c->part == FRAMER_REQUEST || c->part == FRAMER_RESPONSE;
	if (r->waits) {
		if (!start && (c->part != FRAMER_OPAQUE ||
		    l->copy->conf.format == RECORD_GOR)) {
			gap_begin(l, c->dir, GAP_UNMARKED, c->offset);
			return;
		}
		if (l->copy->file != NULL &&
		    !sink_file_ready(l->copy->file)) {
			refused_now(l, c->dir, c->offset, c->len);
			return;
		}
		gap_resume(l, c->dir, c->offset, c->seen_us);
	}
	if (l->copy->file == NULL)
		return;
	if (l->copy->conf.format == RECORD_GOR)
		gor_add(l, c);
	else
		write_pieces(l, c);
}

static void
record_hidden(struct leg *l, const struct chunk *c, enum gap_reason why)
{
	gap_begin(l, c->dir, why, c->offset);
}

/* ---- through the hooks ---- */

static bool
side_works(const struct leg *l, enum hook_side side)
{
	const struct copy	*c = l->copy;

	if (!l->wanted[side])
		return false;
	return side == HOOK_FORWARD ? c->tcp != NULL :
	    c->file != NULL || c->provider[HOOK_RECORD] != NULL;
}

static void
hook_failed(struct leg *l, enum hook_side side, const struct chunk *c)
{
	struct copy	*cp = l->copy;

	cp->stats.hook_errors++;
	tally_add(cp->env->tally, TALLY_MIR_HOOK_ERRORS, 1);
	trouble(cp, "hook of %s failed", side == HOOK_FORWARD ? "forward" :
	    "record");
	if (side == HOOK_RECORD) {
		gap_begin(l, c->dir, GAP_HOOK, c->offset);
		return;
	}
	count_connection(cp, &l->tcp[c->dir].counted);
	count_lost(cp, SINK_LOST_GAP, c->len, c->part == FRAMER_REQUEST);
	sink_tcp_gap(cp->tcp, &l->tcp[c->dir]);
}

static void
to_sink(struct leg *l, enum hook_side side, const struct chunk *c,
    enum hook_verdict v)
{
	if (v == HOOK_DROP || (v != HOOK_FAIL && v != HOOK_HIDE &&
	    c->len == 0))
		return;
	if (v == HOOK_FAIL)
		hook_failed(l, side, c);
	else if (side == HOOK_RECORD && v == HOOK_HIDE)
		record_hidden(l, c, GAP_UNMARKED);
	else if (side == HOOK_RECORD)
		record_chunk(l, c);
	else if (v == HOOK_HIDE) {
		count_connection(l->copy, &l->tcp[c->dir].counted);
		count_lost(l->copy, SINK_LOST_GAP, c->len,
		    c->part == FRAMER_REQUEST);
		sink_tcp_gap(l->copy->tcp, &l->tcp[c->dir]);
	} else
		sink_tcp_data(l->copy->tcp, &l->tcp[c->dir], c);
}

/* A message has ended, or bytes are missing, or all is over. */
static void
to_sink_mark(struct leg *l, enum hook_side side, enum item_kind kind,
    const struct chunk *c)
{
	struct copy	*cp = l->copy;

	if (kind == ITEM_END && side == HOOK_RECORD)
		gor_end(l, c->dir);
	else if (kind == ITEM_END)
		sink_tcp_end(cp->tcp, &l->tcp[c->dir]);
	else if (kind == ITEM_GAP && side == HOOK_RECORD)
		gap_begin(l, c->dir, GAP_LOST, c->offset);
	else if (kind == ITEM_GAP)
		sink_tcp_gap(cp->tcp, &l->tcp[c->dir]);
}

static void
finish_record(struct leg *l)
{
	struct leg_record	*r;
	unsigned		 dir;

	for (dir = 0; dir < COPY_DIRS; dir++) {
		r = &l->rec[dir];
		if (r->msg_type != 0)
			gap_begin(l, dir, GAP_CUT, r->msg_offset);
		r->closed = true;
		if (r->gap)
			look_after_flush(l);
		free(r->msg);
		r->msg = NULL;
		r->len = r->room = 0;
	}
}

static void
finish_side(struct leg *l, enum hook_side side)
{
	unsigned	 dir;

	if (side == HOOK_RECORD) {
		finish_record(l);
		return;
	}
	for (dir = 0; dir < COPY_DIRS; dir++)
		sink_tcp_close(l->copy->tcp, &l->tcp[dir]);
}

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

/* ---- legs ---- */

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
		l->tcp[dir].flow = l->flow;
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
		gap_begin(l, c->dir, GAP_PAUSED, c->offset);
	if (side_works(l, HOOK_FORWARD)) {
		count_lost(cp, SINK_LOST_STOPPED, c->len,
		    c->part == FRAMER_REQUEST);
		sink_tcp_gap(cp->tcp, &l->tcp[c->dir]);
	}
}

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

/* ---- life ---- */

struct copy *
copy_new(struct copy_env *env, const struct conf_mirror *conf,
    unsigned index)
{
	struct copy	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->env = env;
	c->conf = *conf;
	c->index = index;
	hook_chain_init(&c->chain[HOOK_FORWARD], &c->conf, HOOK_FORWARD);
	hook_chain_init(&c->chain[HOOK_RECORD], &c->conf, HOOK_RECORD);
	if ((conf->has_forward && tcp_open(c) == -1) ||
	    (conf->has_record && files_open(c) == -1)) {
		copy_free(c);
		return NULL;
	}
	return c;
}

void
copy_free(struct copy *c)
{
	if (c == NULL)
		return;
	sink_tcp_free(c->tcp);
	sink_file_free(c->file);
	if (c->gaps != NULL)
		retry_pending(c);
	sink_file_free(c->gaps);
	hook_chain_clear(&c->chain[HOOK_FORWARD]);
	hook_chain_clear(&c->chain[HOOK_RECORD]);
	free(c->pending);
	free(c);
}

void
copy_set_state(struct copy *c, enum copy_state state)
{
	static const char *const	 names[] = { "started", "paused",
	    "stopped", "stopped by the first error (on error abort)" };
	char				 line[256], name[128];

	if (c->state == state)
		return;
	c->state = (uint8_t)state;
	snprintf(line, sizeof(line), "mirror %s: %s",
	    vis_str(VIS_LOG, name, sizeof(name), c->conf.name),
	    names[state]);
	c->env->ops->say(c->env->ops->arg, line);
}

void
copy_flush(struct copy *c)
{
	if (c->tcp != NULL)
		sink_tcp_flush(c->tcp);
	if (c->file != NULL)
		sink_file_flush(c->file);
	settle_gaps(c);
}

static void
tell(struct copy *c, enum tally_id id, uint64_t now, uint64_t *told)
{
	if (now > *told)
		tally_add(c->env->tally, id, now - *told);
	*told = now;
}

static void
tell_tallies(struct copy *c)
{
	const struct sink_tcp_stats	*t;
	const struct sink_file_stats	*f;

	if (c->tcp != NULL) {
		t = sink_tcp_stats(c->tcp);
		tell(c, TALLY_MIR_SENT_BYTES, t->sent_bytes, &c->told_sent);
		tell(c, TALLY_MIR_REQUESTS, t->requests, &c->told_requests);
		tell(c, TALLY_MIR_ANSWERS, t->answers, &c->told_answers);
	}
	if (c->file != NULL) {
		f = sink_file_stats(c->file);
		tell(c, TALLY_MIR_RECORDS, f->units, &c->told_units);
		tell(c, TALLY_MIR_RECORD_BYTES, f->bytes, &c->told_bytes);
	}
}

void
copy_tick(struct copy *c)
{
	if (c->tcp != NULL) {
		sink_tcp_flush(c->tcp);
		sink_tcp_tick(c->tcp, c->env->now_us);
	}
	if (c->file != NULL) {
		sink_file_tick(c->file, c->env->now_us);
		sink_file_flush(c->file);
		settle_gaps(c);
	}
	if (c->gaps != NULL) {
		sink_file_tick(c->gaps, c->env->now_us);
		retry_pending(c);
	}
	tell_tallies(c);
	if (c->abort && c->state == COPY_RUNS)
		copy_set_state(c, COPY_ABORTED);
	c->abort = false;
}

uint64_t
copy_queued(const struct copy *c)
{
	uint64_t	 n;

	n = c->npending;
	if (c->tcp != NULL)
		n += sink_tcp_stats(c->tcp)->queued;
	if (c->file != NULL)
		n += sink_file_queued(c->file);
	return n;
}

bool
copy_idle(const struct copy *c)
{
	return (c->tcp == NULL || sink_tcp_idle(c->tcp)) &&
	    (c->file == NULL || sink_file_queued(c->file) == 0);
}
