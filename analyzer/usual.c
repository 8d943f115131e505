#include <string.h>

#include "analyzer/usual.h"

#define DAY_SPANS	(86400000000ULL / USUAL_SPAN_US)
#define NEIGHBOURS	2		/* half hours that are averaged */
#define UNKNOWN		(-1.0f)
/* Our clock is so far ahead: what was before this host began is not below 0. */
#define AHEAD_US	(8 * USUAL_SPANS * USUAL_SPAN_US)
#define FORGOTTEN	(2 * USUAL_SPANS)	/* away for so many */

static unsigned
place(uint64_t span)
{
	return (unsigned)(span % USUAL_SPANS);
}

void
usual_begin(const struct usual_clock *c, struct usual *u)
{
	unsigned	 i;

	for (i = 0; i < USUAL_SPANS; i++)
		u->rate[i] = c->known[i] ? 0.0f : UNKNOWN;
	u->sum = 0;
}

void
usual_raise(struct usual *u, const struct usual *other)
{
	unsigned	 i;

	for (i = 0; i < USUAL_SPANS; i++)
		if (u->rate[i] >= 0 && u->rate[i] < other->rate[i])
			u->rate[i] = other->rate[i];
	if (u->sum < other->sum)
		u->sum = other->sum;
}

/* At a time of our own clock. */
static bool
pass(struct usual_clock *c, uint64_t now_us, bool seen)
{
	const uint64_t	 now = now_us / USUAL_SPAN_US;
	uint64_t	 until = now_us;

	if (c->last_us == 0) {
		c->span = now;
		c->last_us = now_us;
		return false;
	}
	/* Longer away than anything is kept: that much again is unknown. */
	if (now > c->span + FORGOTTEN) {
		c->span = now - USUAL_SPANS;
		c->last_us = c->span * USUAL_SPAN_US;
		c->watched_us = 0;
		memset(c->known, 0, sizeof(c->known));
	}
	if (now > c->span)
		until = (c->span + 1) * USUAL_SPAN_US;
	if (until > c->last_us) {
		if (seen)
			c->watched_us += until - c->last_us;
		c->last_us = until;
	}
	if (now <= c->span)
		return false;
	c->known[place(c->span)] = c->watched_us >= USUAL_SPAN_US / 2;
	return true;
}

bool
usual_pass(struct usual_clock *c, uint64_t now_us, bool seen)
{
	return pass(c, now_us + AHEAD_US, seen);
}

void
usual_end(const struct usual_clock *c, struct usual *u)
{
	const unsigned	 at = place(c->span);

	u->rate[at] = c->known[at] ? (float)((double)u->sum * 1e6 /
	    (double)c->watched_us) : UNKNOWN;
	u->sum = 0;
}

void
usual_next(struct usual_clock *c)
{
	c->span++;
	c->watched_us = 0;
}

/* The mean of so many half hours up to one, of those that are known. */
static double
mean(const struct usual *u, uint64_t last, unsigned many)
{
	double		 sum = 0;
	unsigned	 i, n = 0;
	float		 rate;

	for (i = 0; i < many; i++) {
		if ((rate = u->rate[place(last - i)]) < 0)
			continue;
		sum += (double)rate;
		n++;
	}
	return n > 0 ? sum / n : -1;
}

double
usual_level(const struct usual_clock *c, const struct usual *u,
    uint64_t now_us, uint64_t over_us, bool larger)
{
	const uint64_t	 now = now_us + AHEAD_US;
	uint64_t	 before, ago;
	double		 hour, day;

	if (over_us > AHEAD_US)
		return -1;
	/* The half hour that what is judged began in is no other time. */
	before = (now - over_us) / USUAL_SPAN_US;
	if (before > c->span || c->span - before > USUAL_SPANS / 2)
		return -1;
	hour = mean(u, before - 1, NEIGHBOURS);
	/* Those two whose middle is nearest to a day ago; else all there is. */
	ago = (now + USUAL_SPAN_US / 2) / USUAL_SPAN_US - DAY_SPANS;
	if ((day = mean(u, ago, NEIGHBOURS)) < 0)
		day = mean(u, before - 1, DAY_SPANS);
	if (hour < 0)
		hour = day;
	return (larger == (hour > day) ? hour : day) * (double)over_us / 1e6;
}

static uint64_t
next_at(uint64_t now_us, uint64_t into_us)
{
	const uint64_t	 back = USUAL_SPAN_US - into_us % USUAL_SPAN_US;

	return ((now_us + back) / USUAL_SPAN_US + 1) * USUAL_SPAN_US - back;
}

uint64_t
usual_changes(uint64_t now_us, uint64_t over_us)
{
	const uint64_t	 hour = next_at(now_us, over_us);
	const uint64_t	 day = next_at(now_us, USUAL_SPAN_US / 2);

	return hour < day ? hour : day;
}

/*
 * A rate as the upper half of a float: exact to 1 in 128, which is enough for
 * what is compared with a multiple of it. By age: another start of the host
 * has another clock.
 */
void
usual_put(const struct usual_clock *c, const struct usual *u, uint64_t now_us,
    uint64_t wall_us, struct buf *b)
{
	uint32_t	 bits;
	unsigned	 i;

	buf_put_u64(b, wall_us - (now_us + AHEAD_US - c->last_us));
	buf_put_u32(b, (uint32_t)c->watched_us);
	buf_put_u64(b, u->sum);
	for (i = 1; i < USUAL_SPANS; i++) {
		memcpy(&bits, &u->rate[place(c->span - i)], sizeof(bits));
		buf_put_u16(b, (uint16_t)(bits >> 16));
	}
}

int
usual_get(struct usual_clock *c, struct usual *u, uint64_t now_us,
    uint64_t wall_us, struct buf *b)
{
	uint64_t	 away;
	uint32_t	 bits;
	unsigned	 at, i;

	memset(c, 0, sizeof(*c));
	c->kept_us = buf_get_u64(b);
	/* A clock that was set back tells nothing: it was not long. */
	away = wall_us > c->kept_us ? wall_us - c->kept_us : 0;
	if (away > FORGOTTEN * USUAL_SPAN_US)
		away = FORGOTTEN * USUAL_SPAN_US;
	c->last_us = now_us + AHEAD_US - away;
	c->span = c->last_us / USUAL_SPAN_US;
	c->watched_us = buf_get_u32(b);
	u->sum = buf_get_u64(b);
	u->rate[place(c->span)] = UNKNOWN;
	for (i = 1; i < USUAL_SPANS; i++) {
		at = place(c->span - i);
		bits = (uint32_t)buf_get_u16(b) << 16;
		memcpy(&u->rate[at], &bits, sizeof(bits));
		if (!(u->rate[at] >= 0 && u->rate[at] < 1e18f))
			u->rate[at] = UNKNOWN;
		c->known[at] = u->rate[at] >= 0;
	}
	if (b->err || c->watched_us > 2 * USUAL_SPAN_US)
		return -1;
	/* Our half hours may begin anew each time: it must end some day. */
	if (c->watched_us > USUAL_SPAN_US) {
		u->sum = (uint64_t)((double)u->sum * (double)USUAL_SPAN_US /
		    (double)c->watched_us);
		c->watched_us = USUAL_SPAN_US;
	}
	while (usual_pass(c, now_us, false)) {
		usual_end(c, u);
		usual_next(c);
	}
	return 0;
}
