/* What meter answers: sums over windows, and how complete they are. */
#include <string.h>

#include "analyzer/meter.h"

const char *
meter_window_name(enum show_window w)
{
	static const char *const names[WINDOW_MAX] = {
		"last", "1m", "10m", "total"
	};

	return w < WINDOW_MAX ? names[w] : names[WINDOW_LAST];
}

static uint32_t
window_slices(const struct meter *m, enum show_window w)
{
	if (w == WINDOW_10M)
		return m->time.old;
	return w == WINDOW_1M ? m->time.mid : m->time.fine;
}

uint32_t
meter_from(const struct meter *m, enum show_window w)
{
	const uint32_t	 from = sketch_from(&m->time, window_slices(m, w));

	return from < m->only ? m->only : from;
}

void
meter_only(struct meter *m, uint64_t from_us)
{
	m->only = m->time.slice_us == 0 ? 0 :
	    (uint32_t)(from_us / m->time.slice_us);
}

/*
 * Hosts and sections count methods and statuses alone; requests and responses
 * are their sums (1xx but 101 are no responses).
 */
static void
derive(const struct meter *m, const struct sketch_entry *e, uint64_t *v)
{
	unsigned	 i, code;

	if (e->home->kind != &m->kind[METER_HOST] &&
	    e->home->kind != &m->kind[METER_SECTION])
		return;
	for (i = 0; i < METER_METHODS; i++)
		v[MC_REQUESTS] += v[MC_METHOD + i];
	for (i = 0; i < METER_STATUSES; i++) {
		if (v[MC_STATUS + i] == 0)
			continue;
		code = meter_status_code(m, i);
		if (code / 100 != 1 || code == 101)
			v[MC_RESPONSES] += v[MC_STATUS + i];
	}
}

/* There may be very many of them, and they count little. */
static unsigned
counters_of(const struct meter *m, const struct sketch_entry *e)
{
	switch (e == NULL ? METER_ALL : (int)(e->home->kind - m->kind)) {
	case METER_CLIENT:
	case METER_HOST_CLIENT:
	case METER_TALKER:
	case METER_SITE:
	case METER_METHOD:
	case METER_STATUS:
		return MC_BRIEF;
	case METER_SECTION:
		return MC_LAST;
	default:
		return MC_MAX;
	}
}

void
meter_sum(const struct meter *m, const struct sketch_entry *e,
    enum show_window w, uint64_t out[MC_MAX])
{
	unsigned	 n = counters_of(m, e);

	memset(out, 0, n * sizeof(out[0]));
	if (e == NULL)
		return;
	if (w == WINDOW_TOTAL || m->time.slice_us == 0)
		sketch_total(e, out, n);
	else
		sketch_sum(e, meter_from(m, w), out, n);
	derive(m, e, out);
}

void
meter_sum_span(const struct meter *m, const struct sketch_entry *e,
    uint64_t now_us, uint64_t span_us, uint64_t out[MC_MAX])
{
	const struct sketch_time	*t;
	uint64_t			 slices, now;

	memset(out, 0, MC_MAX * sizeof(out[0]));
	if (e == NULL)
		return;
	t = e->home->kind->time;
	if (t->slice_us == 0) {
		meter_sum(m, e, WINDOW_TOTAL, out);
		return;
	}
	slices = (span_us + t->slice_us - 1) / t->slice_us;
	now = now_us / t->slice_us;
	sketch_sum(e, now > slices ? (uint32_t)(now - slices) : 0, out,
	    MC_MAX);
	derive(m, e, out);
}

uint64_t
meter_window_us(const struct meter *m, enum show_window w)
{
	uint64_t	 from;

	from = m->first_us;
	if (w != WINDOW_TOTAL && m->time.slice_us != 0) {
		from = meter_from(m, w) * m->time.slice_us;
		if (from < m->start_us)
			from = m->start_us;
		if (from < m->first_us)
			from = m->first_us;
	}
	return m->now_us > from ? m->now_us - from : 1;
}

uint64_t
meter_period_us(const struct meter *m, enum show_window w)
{
	return sketch_period(&m->time, window_slices(m, w)) *
	    m->time.slice_us;
}

uint64_t
meter_class(const struct meter *m, const uint64_t v[MC_MAX], unsigned class)
{
	uint64_t	 sum = 0;
	unsigned	 i;

	for (i = 0; i < METER_STATUSES; i++)
		if (v[MC_STATUS + i] != 0 &&
		    meter_status_code(m, i) / 100 == class)
			sum += v[MC_STATUS + i];
	return sum;
}

/* ---- completeness ---- */

void
meter_lost_time(struct meter *m, uint64_t from_us, uint64_t to_us,
    uint64_t back_us)
{
	struct meter_lost	*l;

	m->away_us = m->away_end_us = 0;
	if (back_us >= from_us && back_us < to_us)
		to_us = back_us;
	if (to_us <= from_us)
		return;
	l = &m->lost[m->nlost++ % METER_LOST_MAX];
	l->from_us = from_us;
	l->to_us = to_us;
	m->lost_us += to_us - from_us;
}

void
meter_away(struct meter *m, uint64_t from_us)
{
	m->away_us = from_us;
	m->away_end_us = 0;
}

void
meter_back(struct meter *m, uint64_t now_us)
{
	if (m->away_us != 0 && m->away_end_us == 0)
		m->away_end_us = now_us;
}

/* What of the interval that is not over lies behind start. */
static uint64_t
away_since(const struct meter *m, uint64_t start)
{
	uint64_t	 from = m->away_us > start ? m->away_us : start;
	uint64_t	 to = m->away_end_us != 0 ? m->away_end_us : m->now_us;

	return m->away_us != 0 && to > from ? to - from : 0;
}

uint64_t
meter_lost_us(const struct meter *m)
{
	return m->lost_us + away_since(m, 0);
}

uint64_t
meter_unwatched_us(const struct meter *m, uint64_t span_us, bool windows)
{
	const struct meter_lost	*l;
	uint64_t		 start, from, to, sum = 0;
	uint32_t		 i, n;

	start = m->now_us > span_us ? m->now_us - span_us : 0;
	if (windows && m->born_us > start) {
		sum = m->born_us - start;
		start = m->born_us;
	}
	n = m->nlost < METER_LOST_MAX ? m->nlost : METER_LOST_MAX;
	for (i = 0; i < n; i++) {
		l = &m->lost[i];
		from = l->from_us > start ? l->from_us : start;
		to = l->to_us < m->now_us ? l->to_us : m->now_us;
		if (to > from)
			sum += to - from;
	}
	sum += away_since(m, start);
	return sum < span_us ? sum : span_us;
}

static double
share(uint64_t good, uint64_t bad)
{
	return bad == 0 ? 1.0 : (double)good / ((double)good + (double)bad);
}

double
meter_complete(const uint64_t v[MC_MAX], uint64_t span_us,
    uint64_t unwatched_us)
{
	double	 packets, bytes, watched, r;

	packets = share(v[MC_PACKETS], v[MC_KERNEL_DROPS] +
	    v[MC_QUEUE_DROPS] + v[MC_SHED] + v[MC_UNOPENED]);
	bytes = share(v[MC_PAYLOAD], v[MC_GAP_BYTES] + v[MC_CUT_BYTES]);
	watched = span_us == 0 ? 1.0 :
	    1.0 - (double)unwatched_us / (double)span_us;
	r = packets < bytes ? packets : bytes;
	if (watched < r)
		r = watched;
	if (r >= 1.0)
		return 1.0;
	return (double)(uint64_t)(r * 1e6) / 1e6;
}
