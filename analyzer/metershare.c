/* Which hosts have the largest share of what an alert rule counts. */
#include <string.h>

#include "analyzer/meter.h"

/* One that has no place of its own is not told apart from others. */
static uint64_t
requests_of(const struct conf_select *s, const uint64_t v[MC_MAX])
{
	unsigned	 i;

	if (s->status.lo != 0)
		return 0;
	if (s->method[0] == '\0')
		return v[MC_REQUESTS];
	for (i = 0; i < METER_METHODS - 1; i++)
		if (strcmp(s->method, meter_method_name(i)) == 0)
			return v[MC_METHOD + i];
	return 0;
}

static uint64_t
responses_of(const struct meter *m, const struct conf_select *s,
    const uint64_t v[MC_MAX], unsigned from)
{
	uint64_t	 sum = 0;
	unsigned	 i, code;

	if (s->method[0] != '\0')
		return 0;
	if (s->status.lo == 0 && from == 0)
		return v[MC_RESPONSES];
	for (i = 0; i < METER_STATUSES; i++) {
		code = meter_status_code(m, i);
		if (v[MC_STATUS + i] == 0 || code < from ||
		    (code / 100 == 1 && code != 101))
			continue;
		if (s->status.lo == 0 ||
		    (code >= s->status.lo && code <= s->status.hi))
			sum += v[MC_STATUS + i];
	}
	return sum;
}

static uint64_t
part_of(const struct meter *m, enum conf_metric metric,
    const struct conf_select *s, const uint64_t v[MC_MAX])
{
	switch (metric) {
	case METRIC_REQUESTS:
		return requests_of(s, v);
	case METRIC_RESPONSES:
		return responses_of(m, s, v, 0);
	case METRIC_ERRORS:
		return responses_of(m, s, v, 400);
	case METRIC_MESSAGES:
		return requests_of(s, v) + responses_of(m, s, v, 0);
	default:
		return 0;
	}
}

static bool
told_by_host(enum conf_metric metric)
{
	return metric == METRIC_REQUESTS || metric == METRIC_RESPONSES ||
	    metric == METRIC_MESSAGES || metric == METRIC_ERRORS;
}

/* As far back as hosts are kept, also of the grand total. */
static void
host_sum(const struct meter *m, const struct sketch_entry *e,
    uint64_t span_us, uint64_t v[MC_MAX])
{
	const uint64_t	 most = m->time.old * m->time.slice_us;

	if (most == 0)
		meter_sum(m, e, WINDOW_TOTAL, v);
	else
		meter_sum_span(m, e, m->now_us, span_us < most ? span_us :
		    most, v);
}

/* The grand total has no methods and statuses: there hosts are summed. */
static bool
all_are_totals(enum conf_metric metric, const struct conf_select *s)
{
	return metric != METRIC_ERRORS && s->host[0] == '\0' &&
	    s->method[0] == '\0' && s->status.lo == 0;
}

static void
place(struct meter_share *best, unsigned max, const struct sketch_entry *e,
    uint64_t n)
{
	unsigned	 k;

	for (k = max; k > 0 && n > best[k - 1].n; k--) {
		if (k < max)
			best[k] = best[k - 1];
		best[k - 1].host = e;
		best[k - 1].n = n;
	}
}

unsigned
meter_shares(struct meter *m, enum conf_metric metric,
    const struct conf_select *s, uint64_t span_us, struct meter_share *best,
    unsigned max)
{
	const struct sketch_entry	*e;
	uint64_t			 v[MC_MAX], n, all, sum = 0;
	uint32_t			 i;
	unsigned			 k, found;

	memset(best, 0, max * sizeof(*best));
	if (!told_by_host(metric) || s->on[0] != '\0' || s->tag[0] != '\0' ||
	    m->hosts == NULL)
		return 0;
	meter_flush(m);
	for (i = 0; i < m->hosts->n; i++) {
		e = m->hosts->heap[i];
		if (s->host[0] != '\0' && !conf_glob(s->host,
		    (const char *)e->key, e->klen))
			continue;
		host_sum(m, e, span_us, v);
		n = part_of(m, metric, s, v);
		sum += n;
		place(best, max, e, n);
	}
	all = sum;
	if (all_are_totals(metric, s)) {
		host_sum(m, m->total, span_us, v);
		all = part_of(m, metric, s, v);
	}
	for (found = 0; found < max && best[found].n > 0; found++)
		continue;
	for (k = 0; k < found; k++)
		best[k].share = best[k].n >= all ? 1.0 :
		    (double)best[k].n / (double)all;
	return found;
}
