#include "analyzer/evidence.h"
#include "analyzer/out.h"
#include "analyzer/rows.h"
#include "analyzer/show.h"
#include "analyzer/stream.h"

#define EVENTS_HIGH	(4 * 1024 * 1024)	/* queued: no more events */

/* ---- to the mirror ---- */

/* Event lines go first; streams were let in one by one. */
static bool
takes_events(const struct analyzer *az)
{
	return az->offline || (az->proc->linked[ROLE_MIRROR] &&
	    chan_queued(az->proc->chan[ROLE_MIRROR]) <= EVENTS_HIGH);
}

static bool
send_batch(struct analyzer *az, struct event_batch *b, uint16_t type)
{
	struct chan	*ch = az->proc->chan[ROLE_MIRROR];

	if (!az->proc->linked[ROLE_MIRROR] && !az->offline)
		return false;
	if (type == MSG_EVENT && !takes_events(az))
		return false;
	if (chan_send_raw(ch, type, 0, b->frame, b->body.len) == -1)
		return false;
	if (az->offline && !chan_ready(ch) && !az->paused && !az->ended) {
		az->paused = true;
		chan_pause(az->proc->chan[ROLE_CAPTURE]);
	}
	return true;
}

/* Which event comes next, and how many could not. */
static void
say_from(struct analyzer *az)
{
	struct msg_events_from	 m = { .next = az->told.next,
	    .lost = az->told.lost, .replaced = az->told.replaced };
	struct chan		*ch = az->proc->chan[ROLE_MIRROR];

	msg_put_events_from(chan_begin(ch, MSG_EVENTS_FROM, 0), &m);
	chan_end(ch);
	az->told.unsaid = false;
}

bool
out_events(void *arg, struct event_batch *b)
{
	struct analyzer	*az = arg;

	if (az->told.unsaid && !az->told.asked && takes_events(az) &&
	    !az->offline)
		say_from(az);
	if (!send_batch(az, b, MSG_EVENT)) {
		az->told.lost += b->count;
		az->told.unsaid = true;
		return false;
	}
	az->told.next += b->count;
	return true;
}

void
out_relinked(struct analyzer *az)
{
	if (az->offline)
		return;
	az->told.from = az->told.next;
	az->told.asked = true;
	say_from(az);
}

/* Mirror began with from; it had all before got of our predecessors. */
static void
count_lost(struct analyzer *az, uint64_t got)
{
	uint64_t	 from = az->told.from;

	if (got < az->told.done)
		got = az->told.done;	/* it knows of none */
	if (got < from)
		tally_add(&az->proc->tally, TALLY_EVENT_DROPPED, from - got);
	az->told.done = from;
	az->told.asked = false;
	az->told.replaced = false;
}

void
out_done(struct analyzer *az, uint64_t next)
{
	if (az->told.asked)
		count_lost(az, next);
	else if (next <= az->told.next)
		az->told.done = next;
}

bool
out_streams(void *arg, struct event_batch *b)
{
	struct msg_stream	 first;
	struct buf		 r;

	if (send_batch(arg, b, MSG_STREAM))
		return true;
	buf_reader(&r, b->frame + FRAME_HDR, b->body.len);
	if (msg_get_stream(&r, &first) == 0)
		stream_lost(arg, first.ts_us);
	return false;
}

void
out_flush(struct analyzer *az)
{
	uint32_t	 lost;

	if ((lost = event_batch_flush(az->streams)) > 0)
		tally_add(&az->proc->tally, TALLY_STREAM_DROPPED, lost);
	if ((lost = event_batch_flush(az->events)) > 0)
		tally_add(&az->proc->tally, TALLY_EVENT_DROPPED, lost);
}

void
out_drained(struct proc *p, enum role peer)
{
	struct analyzer	*az = p->state;

	if (peer == ROLE_MIRROR)
		stream_resume(az);
	if (peer == ROLE_MIRROR && az->paused) {
		az->paused = false;
		chan_resume(p->chan[ROLE_CAPTURE]);
	}
}

/* ---- alerts ---- */

#define ALERT_ROWS	8192

/*
 * It may fire while an answer is being composed on the same channel, as
 * talkers are told what they are asked for: it has a frame of its own.
 */
static void
on_alert(void *arg, const struct alert_event *told)
{
	struct analyzer		*az = arg;
	struct alert_event	 with = *told, *e = &with;
	struct msg_event	 ev;
	struct buf		 b;
	uint8_t			 frame[FRAME_HDR + ALERT_ROWS];

	if (e->kind == ALERT_EV_FIRED) {
		tally_add(&az->proc->tally, TALLY_ALERT_FIRED, 1);
		e->evidence = evidence_take(az, e);
	}
	if (e->kind == ALERT_EV_CLEARED)
		tally_add(&az->proc->tally, TALLY_ALERT_CLEARED, 1);
	buf_writer(&b, frame + FRAME_HDR, ALERT_ROWS);
	alert_event_rows(e, &b);
	chan_send_raw(az->proc->chan[ROLE_PARENT], MSG_ALERT, 0, frame,
	    b.len);
	az->alert_said = true;
	if (!(az->event_types & CONF_EV_ALERT))
		return;
	event_flow(&ev, EVENT_ALERT, e->time_us, NULL);
	ev.tx_id = e->number;
	ev.rows.p = frame + FRAME_HDR;
	ev.rows.n = b.len;
	tally_add(&az->proc->tally, TALLY_EVENT_SENT, 1);
	if (event_put(az->events, &ev) > 0)
		tally_add(&az->proc->tally, TALLY_EVENT_DROPPED, 1);
}

static void
alert_view(void *arg, const char *on, uint64_t now_us, uint64_t span_us,
    struct alert_view *v)
{
	show_view(arg, on, now_us, span_us, v);
}

static unsigned
alert_top(void *arg, const struct conf_alert *c, const char *key,
    struct alert_top top[ALERT_TOP])
{
	if (*key != '\0')
		return 0;
	return show_top(arg, c, top);
}

static uint64_t
alert_time(void *arg, uint64_t us)
{
	return state_print_time(arg, us);
}

const struct alert_ops	 out_alert_ops = {
	.event		= on_alert,
	.view		= alert_view,
	.top		= alert_top,
	.print_time	= alert_time,
	.counted	= evidence_counted,
};

/* The counters, for logs that want them. */
void
out_stats(struct analyzer *az)
{
	struct msg_event	 e;
	struct buf		 b;
	uint8_t			 rows[8192];

	az->stats_us = az->now;
	buf_writer(&b, rows, sizeof(rows));
	rows_tallies(az, &b);
	event_flow(&e, EVENT_STATS, state_print_time(az, az->now), NULL);
	e.start_us = az->offline ? az->meter->first_us :
	    az->proc->hello.epoch;
	e.rows.p = rows;
	e.rows.n = b.len;
	tally_add(&az->proc->tally, TALLY_EVENT_SENT, 1);
	if (event_put(az->events, &e) > 0)
		tally_add(&az->proc->tally, TALLY_EVENT_DROPPED, 1);
}
