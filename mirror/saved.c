#include "mirror/counters.h"
#include "mirror/saved.h"

#define SAVE_TABLE	1		/* of open connections */
#define SAVE_COUNTERS	2		/* a slot per mirror */
#define SAVE_STATUSES	3
#define SAVE_HDR	32		/* more than a slot's own header */

void
saved_send(struct mirror_state *ms)
{
	struct chan	*ch = ms->proc->chan[ROLE_PARENT];
	struct buf	*b;

	if (ms->save.len == 0)
		return;
	if ((b = chan_begin(ch, MSG_SAVE, 0)) != NULL) {
		buf_put(b, ms->save.r, ms->save.len);
		chan_end(ch);
	}
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
	}
	saved_counters(ms);
}

/* Whichever mirror it is of: the order may have changed. */
static void
restore_counters(struct mirror_state *ms, const struct msg_slot *m)
{
	struct buf	 b;
	size_t		 i;
	int		 r = -1;

	for (i = 0; i < ms->ncopies && r == -1; i++) {
		buf_reader(&b, m->data, m->len);
		r = m->table == SAVE_COUNTERS ?
		    counters_get(&b, ms->copies[i]) :
		    counters_get_statuses(&b, ms->copies[i]);
	}
}

void
saved_restore(struct mirror_state *ms, const struct msg_slot *m)
{
	struct gap_open		 o;
	struct buf		 b;

	if (m->table == SAVE_COUNTERS || m->table == SAVE_STATUSES)
		restore_counters(ms, m);
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
