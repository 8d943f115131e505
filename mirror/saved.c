#include <string.h>

#include "mirror/counters.h"
#include "mirror/saved.h"
#include "sandbox/hash.h"

#define SAVE_TABLE	1		/* of open connections */
#define SAVE_COUNTERS	2		/* a slot per mirror */
#define SAVE_STATUSES	3
#define SAVE_COMPARE	4
#define SAVE_LOGS	5		/* a slot per event log */
#define SAVE_HDR	32		/* more than a slot's own header */

/* Counters are sent again each second in any case. */
static void
note_unsaved(struct mirror_state *ms)
{
	struct msg_slot	 m;
	struct buf	 b;

	buf_reader(&b, ms->save_bytes, ms->save.len);
	while (buf_left(&b) > 0 && msg_get_slot(&b, &m) == 0)
		if (m.table == SAVE_TABLE) {
			ms->unsaved[m.slot / 64] |= 1ULL << (m.slot % 64);
			ms->behind = true;
		}
}

void
saved_send(struct mirror_state *ms)
{
	struct chan	*ch = ms->proc->chan[ROLE_PARENT];

	if (ms->save.len == 0)
		return;
	buf_put(chan_begin(ch, MSG_SAVE, 0), ms->save.r, ms->save.len);
	if ((ms->stop_us == 0 && !chan_ready(ch)) || chan_end(ch) == -1)
		note_unsaved(ms);
	ms->save.len = 0;
}

static void
save_slot(struct mirror_state *ms, uint16_t table, unsigned slot,
    const struct buf *b)
{
	struct msg_slot	 m = { .table = table, .slot = slot, .data = b->r,
	    .len = b->len };

	if (buf_room(&ms->save) < m.len + SAVE_HDR)
		saved_send(ms);
	msg_put_slot(&ms->save, &m);
}

static void
save_open(void *arg, unsigned slot, const struct gap_open *o)
{
	struct mirror_state	*ms = arg;
	uint8_t			 data[MSG_SAVE_MAX];
	struct buf		 b;

	if (ms->env.offline)
		return;
	buf_writer(&b, data, sizeof(data));
	if (o != NULL)
		gap_open_put(&b, o);
	save_slot(ms, SAVE_TABLE, slot, &b);
}

void
saved_again(struct mirror_state *ms)
{
	uint64_t	 now[SLOTS_WORDS];
	unsigned	 slot;

	if (!ms->behind || chan_queued(ms->proc->chan[ROLE_PARENT]) > 0)
		return;
	memcpy(now, ms->unsaved, sizeof(now));
	memset(ms->unsaved, 0, sizeof(ms->unsaved));
	ms->behind = false;
	for (slot = 0; slot < MSG_SAVE_SLOTS; slot++)
		if (slots_bit(now, slot) && !slots_bit(ms->slots.used, slot))
			save_open(ms, slot, NULL);
	streams_save_these(ms->streams, now);
	saved_send(ms);
}

void
saved_counters(struct mirror_state *ms)
{
	uint8_t		 data[MSG_SAVE_MAX];
	struct buf	 b;
	unsigned	 i;

	for (i = 0; i < ms->ncopies && !ms->env.offline; i++) {
		buf_writer(&b, data, sizeof(data));
		counters_put(&b, ms->copies[i]);
		save_slot(ms, SAVE_COUNTERS, i, &b);
		buf_writer(&b, data, sizeof(data));
		counters_put_statuses(&b, ms->copies[i]);
		save_slot(ms, SAVE_STATUSES, i, &b);
		buf_writer(&b, data, sizeof(data));
		counters_put_compare(&b, ms->copies[i]);
		save_slot(ms, SAVE_COMPARE, i, &b);
	}
	saved_send(ms);
}

void
saved_forget(struct mirror_state *ms, size_t nold)
{
	uint8_t		 data[1];
	struct buf	 b;
	size_t		 i;

	buf_writer(&b, data, sizeof(data));
	for (i = ms->ncopies; i < nold && !ms->env.offline; i++) {
		save_slot(ms, SAVE_COUNTERS, (unsigned)i, &b);
		save_slot(ms, SAVE_STATUSES, (unsigned)i, &b);
		save_slot(ms, SAVE_COMPARE, (unsigned)i, &b);
	}
	saved_counters(ms);
}

/* An index says little: the configuration may be another one by then. */
static uint64_t
log_key(const struct event_log *e)
{
	static const struct hash_key	 key = { 0x6e65746d6f6e, 0x6c6f67 };

	return hash_bytes(&key, e->conf.path, strlen(e->conf.path));
}

void
saved_logs(struct mirror_state *ms, size_t nold)
{
	uint8_t		 data[MSG_SAVE_MAX];
	struct buf	 b;
	size_t		 i;

	for (i = 0; (i < ms->nlogs || i < nold) && !ms->env.offline; i++) {
		buf_writer(&b, data, sizeof(data));
		if (i >= nold && ms->logs[i].conf.format != LOG_EVE)
			continue;
		if (i < ms->nlogs && ms->logs[i].conf.format == LOG_EVE) {
			buf_put_u64(&b, ms->place);
			buf_put_u64(&b, ms->ahead);
			buf_put_u64(&b, log_key(&ms->logs[i]));
			buf_put_u64(&b, ms->logs[i].skipped);
		}
		save_slot(ms, SAVE_LOGS, (unsigned)i, &b);
	}
	saved_send(ms);
}

static void
restore_log(struct mirror_state *ms, const struct msg_slot *m)
{
	uint64_t	 place, ahead, key, skipped;
	struct buf	 b;
	size_t		 i;

	buf_reader(&b, m->data, m->len);
	place = buf_get_u64(&b);
	ahead = buf_get_u64(&b);
	key = buf_get_u64(&b);
	skipped = buf_get_u64(&b);
	if (buf_end(&b) == -1)
		return;
	if (place > ms->place)
		ms->place = place;
	if (ahead > ms->ahead)
		ms->ahead = ahead;
	for (i = 0; i < ms->nlogs; i++)
		if (log_key(&ms->logs[i]) == key)
			ms->logs[i].skipped = skipped;
}

/* Whichever mirror it is of: the order may have changed. */
static void
restore_counters(struct mirror_state *ms, const struct msg_slot *m)
{
	static int	(*const get[])(struct buf *, struct copy *) = {
		[SAVE_COUNTERS] = counters_get,
		[SAVE_STATUSES] = counters_get_statuses,
		[SAVE_COMPARE] = counters_get_compare,
	};
	struct buf	 b;
	size_t		 i;
	int		 r = -1;

	for (i = 0; i < ms->ncopies && r == -1; i++) {
		buf_reader(&b, m->data, m->len);
		r = get[m->table](&b, ms->copies[i]);
	}
}

void
saved_restore(struct mirror_state *ms, const struct msg_slot *m)
{
	struct gap_open		 o;
	struct buf		 b;

	if (m->table == SAVE_COUNTERS || m->table == SAVE_STATUSES ||
	    m->table == SAVE_COMPARE)
		restore_counters(ms, m);
	if (m->table == SAVE_LOGS)
		restore_log(ms, m);
	if (m->table != SAVE_TABLE)
		return;
	buf_reader(&b, m->data, m->len);
	if (gap_open_get(&b, &o) == 0)
		orphans_add(ms->orphans, m->slot, &o);
}

void
saved_init(struct mirror_state *ms)
{
	buf_writer(&ms->save, ms->save_bytes, sizeof(ms->save_bytes));
	ms->slots.save = save_open;
	ms->slots.arg = ms;
	ms->slots.tally = &ms->proc->tally;
}
