#include "analyzer/clock.h"
#include "analyzer/collect.h"
#include "analyzer/history.h"
#include "analyzer/talkers.h"
#include "sandbox/log.h"

#define SILENT_US	2500000ULL	/* capture speaks each second */
#define STILL_US	3000000ULL	/* we look far more often */
#define BACK_US		1000000ULL	/* a jump, not just another queue */
#define QUEUED_US	60000000ULL	/* no packet waits longer for us */

/* A slice ends: what belongs to it must be in it. */
static void
end_slice(struct analyzer *az, uint64_t now)
{
	collect_all(az);
	if (now >= az->meter->slice_end_us)
		talkers_tell(az);
}

/* Each packet does, and next to nothing ends at it. */
static inline void
step(struct analyzer *az, uint64_t now)
{
	if (now >= az->meter->slice_end_us ||
	    now >= alert_next_us(az->alerts))
		end_slice(az, now);
	az->now = now;
	meter_advance(az->meter, now);
	alert_slices(az->alerts, now);
}

static void
end_periods(struct analyzer *az, uint64_t now)
{
	while (now >= az->history.next_us) {
		step(az, az->history.next_us);
		history_take(az, now);
	}
}

static void
advance(struct analyzer *az, uint64_t now)
{
	if (now < az->now)
		return;
	if (now >= az->history.next_us)
		end_periods(az, now);
	step(az, now);
}

/*
 * Who was stopped, as by a frozen container, does not know yet what was lost
 * meanwhile: until then nobody has watched. Where capture is away that is part
 * of it; and it could not be heard.
 */
static void
stood_still(struct analyzer *az, uint64_t now)
{
	log_warnx("stood still for %.1f s: stopped, or without a processor",
	    (double)(now - az->mono) / 1e6);
	if (az->away_us != 0)
		return;
	meter_lost_time(az->meter, az->mono, now, 0);
	if (az->heard_us != 0)
		az->heard_us = now;
}

void
clock_anchor(struct analyzer *az)
{
	uint64_t	 now;

	if (az->offline)
		return;
	now = proc_mono_us();
	if (az->mono != 0 && now - az->mono > STILL_US)
		stood_still(az, now);
	az->mono = now;
	az->wall_off = proc_wall_us() - az->mono;
}

void
clock_heard(struct analyzer *az)
{
	if (az->silent) {
		meter_lost_time(az->meter, az->heard_us, az->mono, 0);
		az->silent = false;
		az->away_us = 0;
	}
	az->heard_us = az->mono;
}

static bool
watches(const struct analyzer *az)
{
	uint32_t	 i;

	for (i = 0; i < az->nifaces; i++)
		if (az->ifaces[i].info.state == IFACE_UP)
			return true;
	return false;
}

/* It may hang: until it is heard, or replaced, nobody watches. */
static void
hear_capture(struct analyzer *az)
{
	if (az->heard_us == 0 || az->away_us != 0 ||
	    az->mono - az->heard_us < SILENT_US || !watches(az))
		return;
	az->silent = true;
	az->away_us = az->heard_us;
	meter_away(az->meter, az->heard_us);
}

void
clock_catch_up(struct analyzer *az)
{
	collect_all(az);
	if (az->offline)
		return;
	clock_anchor(az);
	hear_capture(az);
	advance(az, az->mono);
}

/* Offline: the packet's time is the only one there is. */
static void
file_time(struct analyzer *az, struct packet *p)
{
	if (p->ts_us < az->max_ts)
		tally_add(&az->proc->tally, TALLY_PKT_TIME_BACK, 1);
	if (p->ts_us + BACK_US < az->max_ts)
		p->ts_us = az->max_ts;
	if (p->ts_us > az->max_ts)
		az->max_ts = p->ts_us;
	az->ts = p->ts_us;
	advance(az, az->max_ts);
}

/*
 * Live: from here on the packet has its time on the monotonic clock, so that
 * nothing that lasts is changed by a step of the other. What was captured
 * before such a step, and says so after it, came now.
 */
static void
live_time(struct analyzer *az, struct packet *p)
{
	uint64_t	 mapped = p->ts_us - az->wall_off;

	if (p->ts_us + BACK_US < az->max_ts)
		tally_add(&az->proc->tally, TALLY_PKT_TIME_BACK, 1);
	az->max_ts = az->ts = p->ts_us;
	if (mapped > az->mono || az->mono - mapped > QUEUED_US)
		mapped = az->mono;
	p->ts_us = mapped;
	advance(az, mapped);
}

void
clock_packet(struct analyzer *az, struct packet *p)
{
	if (az->offline)
		file_time(az, p);
	else
		live_time(az, p);
}
