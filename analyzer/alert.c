#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/alert.h"
#include "analyzer/hist.h"
#include "analyzer/series.h"
#include "sandbox/compat.h"

#define SLICE_MIN_US	250000ULL
#define SLICE_MAX_US	5000000ULL
#define HIST_SLICES	24	/* rules on percentiles: coarser */
#define SEEN_MAX	65536	/* keys that "new KEY" remembers */
#define MINUTE_US	60000000ULL
#define IDLE_TOLD	1000	/* at most, in one idle stretch */

static const char *const state_names[ALERT_STATES] = {
	"ok", "pending", "firing", "clearing", "unknown"
};
static const char *const event_names[ALERT_EV_KINDS] = {
	"fired", "cleared", "repeated", "worse", "unknown", "known", "ended",
	"storm"
};

static const char *const blind_texts[ALERT_BLINDS] = {
	[ALERT_SEES]		= "",
	[ALERT_BLIND_DOWN]	= "no interface is up",
	[ALERT_BLIND_WAS_DOWN]	= "no interface was up within the span",
	[ALERT_BLIND_PROCESS]	= "a process was lost within the span",
	[ALERT_BLIND_LOSS]	= "too much was lost within the span"
};

const char *
alert_blind_text(enum alert_blind b)
{
	return b < ALERT_BLINDS ? blind_texts[b] : "";
}

const char *
alert_state_name(enum alert_state s)
{
	return s < ALERT_STATES ? state_names[s] : "ok";
}

const char *
alert_event_name(enum alert_event_kind k)
{
	return k < ALERT_EV_KINDS ? event_names[k] : "";
}

/* ---- judging ---- */

/* Before a whole SPAN was seen only growing counts can be judged. */
static bool
warm(const struct alert_set *a, const struct alert_rule *r)
{
	const struct conf_alert	*c = r->conf;

	if (series_upward(c) && !series_is_time(c) && c->metric != METRIC_RATIO)
		return true;
	return a->now_us >= r->start_us + c->span_us;
}

/*
 * Nothing is not more than what is usually nothing, and of what is usually
 * next to nothing it is not less.
 */
static bool
is_usual(const struct conf_alert *c, const struct series *s)
{
	if (!c->usual)
		return false;
	return series_upward(c) ? s->value <= 0 : s->level < USUAL_OFTEN;
}

static bool
condition(const struct alert_set *a, const struct alert_rule *r,
    const struct series *s)
{
	const struct conf_alert	*c = r->conf;

	if (!warm(a, r) || s->limit < 0 || is_usual(c, s) ||
	    !series_holds(c->op, s->value, s->limit))
		return false;
	if (c->at_least > 0 && s->sum[RING_LEAST] < c->at_least)
		return false;
	return series_has_value(r, s);
}

static bool
clear_condition(const struct alert_rule *r, const struct series *s)
{
	const struct conf_alert	*c = r->conf;
	double			 limit;

	if (is_usual(c, s))
		return true;
	if (c->has_clear)
		return series_holds(c->clear_op, s->value, c->clear_value);
	if (c->compat)
		return !series_holds(c->op, s->value, s->limit);
	if (series_upward(c))	/* nothing is below 90 % of 0 */
		return s->limit > 0 ? s->value < 0.9 * s->limit :
		    s->value <= 0;
	limit = 1.1 * s->limit;
	/* Most parts end at 1; of counts that are none a ratio may be more. */
	if ((c->metric == METRIC_COMPLETENESS || c->metric == METRIC_RATIO) &&
	    limit >= 1.0 && s->limit <= 1.0) {
		if (s->value >= 1.0)
			return !series_holds(c->op, s->value, s->limit);
		limit = (1.0 + s->limit) / 2;
	}
	return s->value > limit;
}

static uint64_t
clear_hold(const struct alert_rule *r)
{
	if (r->conf->has_clear)
		return r->conf->clear_for_us;
	return r->conf->compat ? 0 : r->slice_us;
}

/* ---- saying ---- */

uint64_t
alert_printed(struct alert_set *a, uint64_t us)
{
	return us == 0 ? 0 : a->ops->print_time(a->arg, us);
}

/* What is told of many keys, or while nothing fires, is of no alert. */
static void
of_none(struct alert_event *e)
{
	e->id = "";
	e->first_us = e->after_us = 0;
	e->peak = 0;
	e->restarted = false;
}

/* The last keys that were new, of the span; the newest is the last. */
static void
name_fresh(const struct alert_set *a, const struct alert_rule *r,
    struct alert_event *e)
{
	const struct fresh_key	*f;
	uint32_t		 i;

	if (r->fresh == NULL)
		return;
	for (i = r->nseen < ALERT_FRESH ? 0 : r->nseen - ALERT_FRESH;
	    i < r->nseen; i++) {
		f = &r->fresh[i % ALERT_FRESH];
		if (a->now_us - f->us <= r->conf->span_us)
			e->fresh[e->nfresh++] = f->key;
	}
}

static void
emit(struct alert_set *a, struct alert_rule *r, struct series *s,
    enum alert_event_kind kind)
{
	struct alert_event	 e;

	memset(&e, 0, sizeof(e));
	e.rule = r->conf;
	e.number = r->number;
	e.kind = kind;
	e.id = s->id;
	e.key = s->key;
	e.time_us = alert_printed(a, a->now_us);
	e.value = s->value;
	e.limit = kind == ALERT_EV_CLEARED && r->conf->has_clear ?
	    r->conf->clear_value : s->limit < 0 ? 0 : s->limit;
	e.first_us = alert_printed(a, s->fired_us);
	e.last_us = e.time_us;
	if (s->fired_us != 0 && a->now_us > s->fired_us)
		e.after_us = a->now_us - s->fired_us;
	e.peak = s->peak;
	e.complete = s->complete;
	e.restarted = s->restarted;
	e.count = r->in_minute;
	/* Nobody contributes to what is too little. */
	if ((kind == ALERT_EV_FIRED || kind == ALERT_EV_REPEATED ||
	    kind == ALERT_EV_WORSE) && series_upward(r->conf)) {
		e.ntop = a->ops->top(a->arg, r->conf, s->key, e.top);
		name_fresh(a, r, &e);
	}
	if ((kind == ALERT_EV_UNKNOWN || kind == ALERT_EV_KNOWN) &&
	    !series_fires(s))
		of_none(&e);
	if (kind == ALERT_EV_STORM) {
		of_none(&e);
		e.key = "";
		e.peak = e.value = (double)e.count;
		e.limit = ALERT_STORM;
	}
	a->ops->event(a->arg, &e);
}

static void
enter(struct alert_set *a, struct series *s, enum alert_state state)
{
	s->state = state;
	s->since_us = a->now_us;
	s->dirty = true;
}

/* What was a storm becomes one event. */
static void
tell_storm(struct alert_set *a, struct alert_rule *r)
{
	if (r->in_minute > ALERT_STORM && r->first != NULL)
		emit(a, r, r->first, ALERT_EV_STORM);
	r->in_minute = 0;
}

static void
storm_over(struct alert_set *a, struct alert_rule *r)
{
	if (a->now_us >= r->minute_us + MINUTE_US)
		tell_storm(a, r);
}

/* Counts firings of the minute; true when they have become a storm. */
static bool
in_storm(struct alert_set *a, struct alert_rule *r)
{
	storm_over(a, r);
	if (r->in_minute == 0)
		r->minute_us = a->now_us;
	return ++r->in_minute > ALERT_STORM;
}

static void
fire(struct alert_set *a, struct alert_rule *r, struct series *s)
{
	snprintf(s->id, sizeof(s->id), "%s-%llu", a->prefix,
	    (unsigned long long)a->next_id++);
	a->id_dirty = true;
	s->quiet = in_storm(a, r);
	s->peak = s->worse = s->value;
	s->fired_us = a->now_us;
	s->repeat_us = a->now_us + r->conf->repeat_us;
	s->fired_total++;
	r->fired_total++;
	enter(a, s, ALERT_FIRING);
	if (!s->quiet)
		emit(a, r, s, ALERT_EV_FIRED);
}

static void
clear(struct alert_set *a, struct alert_rule *r, struct series *s)
{
	enter(a, s, ALERT_OK);
	if (!s->quiet)
		emit(a, r, s, ALERT_EV_CLEARED);
	s->quiet = s->restarted = false;
}

static void
while_firing(struct alert_set *a, struct alert_rule *r, struct series *s)
{
	bool	 worse;

	series_peak(r, s);
	worse = series_upward(r->conf) ? s->value >= 2 * s->worse :
	    s->value * 2 <= s->worse;
	if (worse && s->worse > 0 && series_has_value(r, s)) {
		s->worse = s->value;
		if (!s->quiet)
			emit(a, r, s, ALERT_EV_WORSE);
	} else if (r->conf->repeat_us > 0 && a->now_us >= s->repeat_us) {
		s->repeat_us = a->now_us + r->conf->repeat_us;
		if (!s->quiet)
			emit(a, r, s, ALERT_EV_REPEATED);
	}
}

/* One step of the state machine, at a->now_us. */
static void
step(struct alert_set *a, struct alert_rule *r, struct series *s, bool cond)
{
	switch (s->state) {
	case ALERT_OK:
		if (!cond)
			break;
		if (r->conf->for_us == 0)
			fire(a, r, s);
		else
			enter(a, s, ALERT_PENDING);
		break;
	case ALERT_PENDING:
		if (!cond)
			enter(a, s, ALERT_OK);
		else if (a->now_us - s->since_us >= r->conf->for_us)
			fire(a, r, s);
		break;
	case ALERT_FIRING:
		while_firing(a, r, s);
		if (!clear_condition(r, s))
			break;
		if (clear_hold(r) == 0)
			clear(a, r, s);
		else
			enter(a, s, ALERT_CLEARING);
		break;
	case ALERT_CLEARING:
		series_peak(r, s);
		if (!clear_condition(r, s))
			enter(a, s, ALERT_FIRING);
		else if (a->now_us - s->since_us >= clear_hold(r))
			clear(a, r, s);
		break;
	default:
		break;
	}
}

/* Blind: nobody can tell; what fired goes on firing. */
static bool
blinded(struct alert_set *a, struct alert_rule *r, struct series *s, bool blind,
    bool cond)
{
	if (cond && series_upward(r->conf) && !r->conf->unless_lossy)
		blind = false;
	if (!blind) {
		if (s->state == ALERT_UNKNOWN) {
			enter(a, s, s->before);
			if (s->before == ALERT_PENDING ||
			    s->before == ALERT_CLEARING)
				s->state = s->before == ALERT_PENDING ?
				    ALERT_OK : ALERT_FIRING;
		}
		return false;
	}
	if (s->state == ALERT_UNKNOWN)
		return true;
	s->before = s->state;
	enter(a, s, ALERT_UNKNOWN);
	if (r->conf->key == KEY_NONE || series_fires(s))
		emit(a, r, s, ALERT_EV_UNKNOWN);
	return true;
}

/*
 * Whether the rule can be judged now: known of the rule, so that it holds for
 * keys that are first met later.
 */
static void
look(struct alert_set *a, struct alert_rule *r)
{
	uint8_t			 metric = r->conf->metric;
	struct alert_view	 v;
	struct series		*s;

	a->ops->view(a->arg, r->conf->select.on, a->now_us, r->conf->span_us,
	    &v);
	r->complete = v.complete;
	if (v.gone) {
		r->gone_us = a->now_us;
		for (s = r->first; s != NULL; s = s->next)
			s->dirty = true;
	}
	r->blind = ALERT_SEES;
	if (v.gone)
		r->blind = ALERT_BLIND_DOWN;
	else if (metric == METRIC_COMPLETENESS)
		return;		/* what was lost is what it is about */
	else if (r->gone_us != 0 &&
	    a->now_us < r->gone_us + r->conf->span_us)
		r->blind = ALERT_BLIND_WAS_DOWN;
	else if (metric != METRIC_DROPS && v.complete < ALERT_ENOUGH)
		r->blind = v.watched < ALERT_ENOUGH ? ALERT_BLIND_PROCESS :
		    ALERT_BLIND_LOSS;
}

/* Was told to be unknown, and nothing that fires or fired tells the end. */
static bool
is_open(const struct alert_rule *r, const struct series *s)
{
	return r->conf->key == KEY_NONE && s->state == ALERT_UNKNOWN &&
	    !series_fires(s);
}

static void
judge(struct alert_set *a, struct alert_rule *r, struct series *s)
{
	bool	 cond, open = is_open(r, s);

	series_move(r, s);
	s->complete = r->complete;
	s->value = series_value(r, s);
	series_limit(a, r, s);
	cond = condition(a, r, s);
	if (blinded(a, r, s, r->blind != ALERT_SEES, cond))
		return;
	step(a, r, s, cond);
	if (open && !series_fires(s))
		emit(a, r, s, ALERT_EV_KNOWN);
}

/* A count crossed its limit inside a slice. */
static void
judge_now(struct alert_set *a, struct alert_rule *r, struct series *s)
{
	if (!r->instant || s->state != ALERT_OK ||
	    s->sum[RING_LEAST] < r->conf->at_least)
		return;
	if (s->limit < 0 || !series_holds(r->conf->op,
	    (double)s->sum[RING_NUM], s->limit))
		return;
	look(a, r);
	judge(a, r, s);
}

/* ---- feeding ---- */

bool
alert_wants(const struct alert_set *a, enum conf_metric m)
{
	return (a->feeds & 1U << m) != 0;
}

bool
alert_looks(const struct alert_set *a, enum conf_metric m)
{
	return (a->looks & 1U << m) != 0;
}

static bool
seen_grow(struct alert_set *a, struct alert_rule *r)
{
	uint64_t	*seen;
	uint32_t	 i, at, size;

	size = r->seen_size == 0 ? 256 : r->seen_size * 2;
	if (size > SEEN_MAX ||
	    (seen = series_take(a, size * sizeof(*seen))) == NULL)
		return false;
	for (i = 0; i < r->seen_size; i++) {
		if (r->seen[i] == 0)
			continue;
		at = (uint32_t)r->seen[i] & (size - 1);
		while (seen[at] != 0)
			at = (at + 1) & (size - 1);
		seen[at] = r->seen[i];
	}
	series_give(a, r->seen, r->seen_size * sizeof(*seen));
	r->seen = seen;
	r->seen_size = size;
	return true;
}

/* Whether a key was never met before; when the memory is full, it was. */
static bool
is_new(struct alert_set *a, struct alert_rule *r, const char *key)
{
	struct fresh_key	*f;
	uint64_t		 h;
	uint32_t		 at;

	h = hash_bytes(a->seed, key, strlen(key)) | 1;
	if (r->nseen * 4 >= r->seen_size * 3 && !seen_grow(a, r)) {
		r->other_keys++;
		return false;
	}
	at = (uint32_t)h & (r->seen_size - 1);
	for (; r->seen[at] != 0; at = (at + 1) & (r->seen_size - 1))
		if (r->seen[at] == h)
			return false;
	r->seen[at] = h;
	if (r->fresh == NULL)
		r->fresh = series_take(a, ALERT_FRESH * sizeof(*r->fresh));
	if (r->fresh != NULL) {
		f = &r->fresh[r->nseen % ALERT_FRESH];
		f->us = a->now_us;
		compat_strlcpy(f->key, key, sizeof(f->key));
	}
	r->nseen++;
	return true;
}

/* Who counted: for what it is that may fire. */
static void
tell(const struct alert_set *a, const struct alert_rule *r,
    const struct series *s, const struct alert_what *w)
{
	if (a->tells && w->flow != 0)
		a->ops->counted(a->arg, r->conf, s->key, w);
}

static void
count_chosen(const struct alert_set *a, const struct alert_rule *r,
    struct series *s, enum conf_metric m, const struct alert_what *w,
    uint64_t n)
{
	const struct conf_alert	*c = r->conf;
	bool			 part;

	part = c->metric == METRIC_RATIO && c->ratio_metric == m &&
	    series_selects(&c->ratio, w);
	if (c->metric == METRIC_RATIO && c->ratio_of == m)
		series_add(r, s, RING_DEN, n);
	if (c->metric != METRIC_NEW && c->metric != m && !part)
		return;
	series_add(r, s, RING_NUM, c->metric == METRIC_NEW ? 1 : n);
	tell(a, r, s, w);
}

static void
count_rule(struct alert_set *a, struct alert_rule *r, enum conf_metric m,
    const struct alert_what *w, uint64_t n)
{
	const struct conf_alert	*c = r->conf;
	char			 key[ALERT_KEY_MAX];
	struct series		*s;
	bool			 chosen, least;

	chosen = series_selects(&c->select, w);
	least = c->at_least > 0 && c->at_least_metric == m &&
	    series_selects(&r->least, w);
	if ((!chosen && !least) ||
	    !series_key((enum conf_key)c->key, w, key))
		return;
	if (c->metric == METRIC_NEW) {
		chosen = chosen && is_new(a, r, key);
		key[0] = '\0';
	}
	if ((!chosen && !least) || (s = series_get(a, r, key)) == NULL)
		return;
	if (chosen)
		count_chosen(a, r, s, m, w, n);
	if (least)
		series_add(r, s, RING_LEAST, n);
	judge_now(a, r, s);
}

void
alert_count(struct alert_set *a, enum conf_metric m,
    const struct alert_what *w, uint64_t n)
{
	struct alert_rule	*r;
	unsigned		 i;

	if (!alert_wants(a, m))
		return;
	for (i = 0; i < a->n; i++) {
		r = &a->rule[i];
		if (!(r->feeds & 1U << m))
			continue;
		if (!r->plain)
			count_rule(a, r, m, w, n);
		else if (r->first != NULL || series_get(a, r, "") != NULL) {
			series_add(r, r->first, RING_NUM, n);
			judge_now(a, r, r->first);
		}
	}
}

void
alert_sample(struct alert_set *a, enum conf_metric m,
    const struct alert_what *w, uint64_t us)
{
	char		 key[ALERT_KEY_MAX];
	struct series	*s;
	struct alert_rule	*r;
	unsigned	 i, b;

	if (!alert_wants(a, m))
		return;
	b = hist_bucket(us);
	for (i = 0; i < a->n; i++) {
		r = &a->rule[i];
		if (r->conf->metric != m ||
		    !series_selects(&r->conf->select, w) ||
		    !series_key((enum conf_key)r->conf->key, w, key) ||
		    (s = series_get(a, r, key)) == NULL)
			continue;
		series_move(r, s);
		s->hist[s->slice % (r->slices + 1U) * HIST_BUCKETS + b]++;
		s->hist_sum[b]++;
		if (series_holds(r->conf->op, (double)us / 1e6,
		    r->conf->value))
			tell(a, r, s, w);
	}
}

/* ---- time ---- */

/* Evaluates the slice that ends at when. */
static void
end_slice(struct alert_set *a, struct alert_rule *r, uint64_t when)
{
	struct series	*s;

	a->now_us = when;
	r->slice = when / r->slice_us;
	look(a, r);
	series_pass(a, r);
	for (s = r->first; s != NULL; s = s->next)
		judge(a, r, s);
	storm_over(a, r);
}

/* When a state has lasted; without an end: never. */
static uint64_t
lasts_until(const struct alert_rule *r, const struct series *s)
{
	if (s->state == ALERT_PENDING)
		return s->since_us + r->conf->for_us;
	if (s->state == ALERT_CLEARING)
		return s->since_us + clear_hold(r);
	if (s->state == ALERT_FIRING && r->conf->repeat_us > 0 && !s->quiet)
		return s->repeat_us;
	return UINT64_MAX;
}

/* While nothing changes: the next slice, at most last, that has to be told. */
static uint64_t
next_told(const struct alert_rule *r, uint64_t last)
{
	const struct series	*s;
	uint64_t		 us = last * r->slice_us, next;

	if (r->in_minute > ALERT_STORM && r->minute_us + MINUTE_US < us)
		us = r->minute_us + MINUTE_US;
	for (s = r->first; s != NULL; s = s->next)
		if (lasts_until(r, s) < us)
			us = lasts_until(r, s);
	if (r->conf->usual) {
		next = series_limits_us(r, r->slice * r->slice_us);
		us = next < us ? next : us;
	}
	next = (us + r->slice_us - 1) / r->slice_us;
	return next > r->slice ? next : r->slice + 1;
}

static void
advance_rule(struct alert_set *a, struct alert_rule *r, uint64_t now_us)
{
	uint64_t	 last, next, steps, most;

	last = now_us / r->slice_us;
	if (r->slice == 0) {
		r->slice = last;
		return;
	}
	/* An idle stretch: after some slices nothing changes any more. */
	most = r->slices + 4 + (r->conf->for_us + clear_hold(r)) / r->slice_us;
	for (steps = 0; r->slice < last; steps++) {
		next = last;
		if (steps < most)
			next = r->slice + 1;
		else if (steps < most + IDLE_TOLD)
			next = next_told(r, last);
		end_slice(a, r, next * r->slice_us);
	}
}

/* With a capture file time begins with its first packet. */
static void
begin(struct alert_rule *r, uint64_t now_us)
{
	struct series	*s;

	r->start_us = now_us;
	for (s = r->first; s != NULL; s = s->next)
		if (s->since_us == 0)
			s->since_us = now_us;
}

static void
end_slices(struct alert_set *a, uint64_t now_us)
{
	uint64_t	 next = UINT64_MAX, end;
	unsigned	 i;

	for (i = 0; i < a->n; i++) {
		if (a->rule[i].start_us == 0)
			begin(&a->rule[i], now_us);
		advance_rule(a, &a->rule[i], now_us);
		end = (a->rule[i].slice + 1) * a->rule[i].slice_us;
		if (end < next)
			next = end;
	}
	a->next_us = next;
}

void
alert_slices(struct alert_set *a, uint64_t now_us)
{
	if (now_us < a->now_us)
		return;
	if (now_us >= a->next_us)
		end_slices(a, now_us);
	a->now_us = now_us;
}

uint64_t
alert_next_us(const struct alert_set *a)
{
	return a->next_us;
}

/* ---- life ---- */

/*
 * Slices of one length that make up the span: one that were a part over would
 * count what is older, nearly all of it.
 */
static void
cut_span(struct alert_rule *r)
{
	const uint64_t	 span = r->conf->span_us;
	uint64_t	 n = r->hist ? HIST_SLICES : ALERT_SLICES;

	if (span < n * SLICE_MIN_US)
		n = span / SLICE_MIN_US;
	else if (!r->hist && span > n * SLICE_MAX_US)
		n = (span + SLICE_MAX_US - 1) / SLICE_MAX_US;
	r->slices = (uint32_t)n;
	r->slice_us = (span + n - 1) / n;
}

static void
rule_init(struct alert_set *a, struct alert_rule *r, const struct conf_alert *c,
    unsigned number)
{
	static const struct conf_select	 any;

	memset(r, 0, sizeof(*r));
	r->conf = c;
	r->number = number;
	r->hist = series_is_time(c);
	cut_span(r);
	r->feeds = 1U << c->metric;
	if (c->metric == METRIC_RATIO)
		r->feeds = 1U << c->ratio_of | 1U << c->ratio_metric;
	if (c->metric == METRIC_NEW)
		r->feeds = 1U << METRIC_REQUESTS | 1U << METRIC_CONNECTIONS |
		    1U << METRIC_HANDSHAKES;
	if (c->at_least > 0)
		r->feeds |= 1U << c->at_least_metric;
	r->rings[RING_NUM] = !r->hist && c->metric != METRIC_COMPLETENESS;
	r->rings[RING_DEN] = c->metric == METRIC_RATIO;
	r->rings[RING_LEAST] = c->at_least > 0;
	r->instant = series_upward(c) && c->for_us == 0 && r->rings[RING_NUM] &&
	    c->metric != METRIC_RATIO;
	r->plain = c->key == KEY_NONE && r->rings[RING_NUM] &&
	    c->metric != METRIC_RATIO && c->metric != METRIC_NEW &&
	    c->at_least == 0 && !a->tells &&
	    memcmp(&c->select, &any, sizeof(any)) == 0;
	r->least = c->select;
	conf_select_known(&r->least, c->at_least_metric);
	r->complete = 1.0;
	r->start_us = a->now_us;
	r->slice = a->now_us / r->slice_us;
	if (c->usual)
		r->counts = series_counts(c);
	if (c->usual && a->now_us != 0)
		(void)usual_pass(&r->usual, a->now_us, false);
	if (c->key == KEY_NONE || c->metric == METRIC_NEW)
		series_get(a, r, "");
}

static void
rule_clear(struct alert_set *a, struct alert_rule *r)
{
	series_clear(a, r);
	series_give(a, r->seen, r->seen_size * sizeof(uint64_t));
	series_give(a, r->fresh, ALERT_FRESH * sizeof(*r->fresh));
	r->seen = NULL;
	r->fresh = NULL;
	r->seen_size = r->nseen = 0;
}

/* -1: without memory, and nothing is changed. */
static int
make_rules(struct alert_set *a, const struct conf *c)
{
	struct alert_rule	*rule;
	unsigned		 i;

	if ((rule = calloc(c->nalerts + 1, sizeof(*rule))) == NULL)
		return -1;
	a->rule = rule;
	a->n = (unsigned)c->nalerts;
	a->feeds = a->looks = 0;
	a->tells = conf_keeps_evidence(c);
	a->next_us = 0;
	for (i = 0; i < a->n; i++) {
		rule_init(a, &a->rule[i], &c->alerts[i], i + 1);
		a->feeds |= a->rule[i].feeds;
		if (!a->rule[i].plain)
			a->looks |= a->rule[i].feeds;
	}
	return 0;
}

struct alert_set *
alert_new(const struct conf *c, const char *prefix,
    const struct alert_ops *ops, void *arg, struct mem *mem,
    const struct hash_key *seed, uint64_t now_us)
{
	struct alert_set	*a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return NULL;
	a->ops = ops;
	a->arg = arg;
	a->mem = mem;
	a->seed = seed;
	a->now_us = now_us;
	a->next_id = 1;
	compat_strlcpy(a->prefix, prefix, sizeof(a->prefix));
	if (make_rules(a, c) == -1) {
		alert_free(a);
		return NULL;
	}
	return a;
}

void
alert_free(struct alert_set *a)
{
	unsigned	 i;

	if (a == NULL)
		return;
	for (i = 0; i < a->n; i++)
		rule_clear(a, &a->rule[i]);
	free(a->rule);
	free(a);
}

/* Everything that decides what a rule is. */
static bool
same_rule(const struct conf_alert *a, const struct conf_alert *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void
end_rule(struct alert_set *a, struct alert_rule *r)
{
	struct series	*s;

	tell_storm(a, r);	/* its minute will not end */
	for (s = r->first; s != NULL; s = s->next)
		if (series_fires(s)) {
			series_look(r, s);
			enter(a, s, ALERT_OK);
			if (!s->quiet)
				emit(a, r, s, ALERT_EV_ENDED);
		}
}

int
alert_reconf(struct alert_set *a, const struct conf *c)
{
	struct alert_rule	*old = a->rule;
	unsigned	 nold = a->n, i, k;
	const struct conf_alert *kept;
	bool		 plain;

	if (make_rules(a, c) == -1)
		return -1;
	for (k = 0; k < nold; k++) {
		for (i = 0; i < a->n; i++)
			if (same_rule(old[k].conf, a->rule[i].conf))
				break;
		if (i == a->n) {
			end_rule(a, &old[k]);
			for (i = 0; i < a->n; i++)
				series_inherit(a, &a->rule[i], &old[k]);
			rule_clear(a, &old[k]);
			continue;
		}
		kept = a->rule[i].conf;
		plain = a->rule[i].plain;
		rule_clear(a, &a->rule[i]);
		a->rule[i] = old[k];
		a->rule[i].conf = kept;
		a->rule[i].plain = plain;
		a->rule[i].number = i + 1;
	}
	free(old);
	return 0;
}

void
alert_end(struct alert_set *a)
{
	unsigned	 i;

	for (i = 0; i < a->n; i++)
		end_rule(a, &a->rule[i]);
}
