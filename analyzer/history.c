#include "analyzer/collect.h"
#include "analyzer/event.h"
#include "analyzer/history.h"
#include "analyzer/show.h"
#include "analyzer/talkers.h"
#include "sandbox/period.h"

#define TOP		10	/* rows of a list */
#define STALE_US	60000000ULL	/* no packet waits longer for us */

static enum show_window
window_of(uint64_t every_us)
{
	return every_us == 60000000 ? WINDOW_1M :
	    every_us == 600000000 ? WINDOW_10M : WINDOW_LAST;
}

/* The first end of a period behind this time. */
static uint64_t
end_after(const struct analyzer *az, uint64_t us)
{
	uint64_t	 first = UINT64_MAX, end, period;
	unsigned	 w;

	for (w = 0; w < WINDOW_MAX; w++) {
		if (az->history.every_us[w] == 0)
			continue;
		period = meter_period_us(az->meter, (enum show_window)w);
		end = (us / period + 1) * period;
		if (end < first)
			first = end;
	}
	return first;
}

void
history_conf(struct analyzer *az, const struct conf *c)
{
	size_t	 i;

	memset(&az->history, 0, sizeof(az->history));
	for (i = 0; i < c->nlogs && !az->offline; i++)
		if (c->logs[i].format == LOG_HISTORY)
			az->history.every_us[window_of(c->logs[i].every_us)] =
			    c->logs[i].every_us;
	az->history.next_us = end_after(az, az->now);
}

static void
keep(struct analyzer *az, enum show_window w)
{
	struct msg_event	 e;
	struct buf		 b;
	uint8_t			 body[PERIOD_BODY_MAX];

	buf_writer(&b, body, sizeof(body));
	show_kept(az, w, TOP, &b);
	event_flow(&e, EVENT_HISTORY, state_print_time(az, az->now), NULL);
	e.end_us = e.ts_us;
	e.start_us = e.end_us - meter_window_us(az->meter, w);
	e.tx_id = az->history.every_us[w];
	e.rows.p = body;
	e.rows.n = b.len;
	tally_add(&az->proc->tally, TALLY_EVENT_SENT, 1);
	if (event_put(az->events, &e) > 0)
		tally_add(&az->proc->tally, TALLY_EVENT_DROPPED, 1);
}

void
history_end(struct analyzer *az)
{
	uint64_t	 begin, period;
	unsigned	 w;

	for (w = 0; w < WINDOW_MAX; w++) {
		if (az->history.every_us[w] == 0)
			continue;
		period = meter_period_us(az->meter, (enum show_window)w);
		begin = az->now - az->now % period;
		if (begin == az->now)
			continue;	/* it was just taken */
		collect_all(az);
		talkers_tell(az);
		meter_only(az->meter, begin);
		keep(az, (enum show_window)w);
	}
	meter_only(az->meter, 0);
}

void
history_take(struct analyzer *az, uint64_t now_us)
{
	uint64_t	 from = az->now;
	unsigned	 w;

	for (w = 0; w < WINDOW_MAX; w++)
		if (az->history.every_us[w] != 0 && az->now %
		    meter_period_us(az->meter, (enum show_window)w) == 0)
			keep(az, (enum show_window)w);
	if (now_us > STALE_US && now_us - STALE_US > from)
		from = now_us - STALE_US;
	az->history.next_us = end_after(az, from);
}
