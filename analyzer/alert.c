#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/alert.h"
#include "analyzer/hist.h"
#include "sandbox/compat.h"

#define SLICE_MIN_US	250000ULL
#define SLICE_MAX_US	5000000ULL
#define HIST_SLICES	24	/* rules on percentiles: coarser */
#define KEY_BUCKETS	64
#define SLOTS_MAX	4096	/* saved series */
#define SEEN_MAX	65536	/* keys that "new KEY" remembers */
#define MINUTE_US	60000000ULL

/* Rings of a series: the counted, the whole of a ratio, the "at least". */
enum ring { RING_NUM, RING_DEN, RING_LEAST, RINGS };

struct series {
	struct series	*chain;
	struct series	*next;		/* all of a rule */
	uint64_t	 hash;
	uint64_t	*ring[RINGS];	/* one more than the slices of SPAN */
	uint64_t	 sum[RINGS];
	uint32_t	*hist;		/* slices of buckets */
	uint64_t	*hist_sum;
	uint64_t	 slice;		/* newest slice that is in the ring */
	double		 value;
	double		 complete;
	double		 peak;
	double		 worse;		/* the next "worse" is at twice this */
	uint64_t	 since_us;	/* of the state */
	uint64_t	 fired_us;
	uint64_t	 repeat_us;	/* when the next one is due */
	uint64_t	 fired_total;
	enum alert_state state;
	enum alert_state before;	/* it was blind */
	bool		 quiet;		/* fired inside a storm */
	bool		 restarted;
	bool		 dirty;
	uint32_t	 slot;		/* saved as, SLOTS_MAX: not */
	char		 id[ALERT_ID_MAX];
	char		 key[ALERT_KEY_MAX];
};

struct rule {
	const struct conf_alert *conf;
	unsigned	 number;
	uint32_t	 feeds;		/* bit per metric */
	uint64_t	 slice_us;
	uint32_t	 slices;
	uint64_t	 slice;		/* the running one */
	uint64_t	 start_us;	/* watching since */
	bool		 rings[RINGS];
	bool		 hist;
	bool		 instant;
	struct series	*bucket[KEY_BUCKETS];
	struct series	*first;
	unsigned	 nkeys;
	uint64_t	 other_keys;
	uint64_t	 fired_total;
	uint64_t	 minute_us;	/* storm: begin of the minute */
	unsigned	 in_minute;
	uint64_t	*seen;		/* "new KEY": hashes */
	uint32_t	 seen_size;
	uint32_t	 nseen;
};

struct alert_set {
	struct rule	*rule;
	unsigned	 n;
	uint32_t	 feeds;
	const struct alert_ops *ops;
	void		*arg;
	struct mem	*mem;
	const struct hash_key *seed;
	uint64_t	 now_us;
	uint64_t	 next_us;
	uint64_t	 next_id;
	bool		 id_dirty;
	char		 prefix[ALERT_ID_MAX / 2];
	uint8_t		 slot_used[SLOTS_MAX];
	uint8_t		 slot_gone[SLOTS_MAX];
};

static const char *const state_names[ALERT_STATES] = {
	"ok", "pending", "firing", "clearing", "unknown"
};
static const char *const event_names[ALERT_EV_KINDS] = {
	"fired", "cleared", "repeated", "worse", "unknown", "ended", "storm"
};

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

/* ---- memory ---- */

static void *
take(struct alert_set *a, size_t n)
{
	void	*p;

	if (!mem_take(a->mem, MEM_METERS, n))
		return NULL;
	if ((p = calloc(1, n)) == NULL)
		mem_give(a->mem, MEM_METERS, n);
	return p;
}

static void
give(struct alert_set *a, void *p, size_t n)
{
	if (p == NULL)
		return;
	mem_give(a->mem, MEM_METERS, n);
	free(p);
}

static size_t
ring_size(const struct rule *r)
{
	return (r->slices + 1) * sizeof(uint64_t);
}

static size_t
hist_size(const struct rule *r)
{
	return (r->slices + 1) * HIST_BUCKETS * sizeof(uint32_t);
}

static void
series_free(struct alert_set *a, struct rule *r, struct series *s)
{
	unsigned	 i;

	if (s == NULL)
		return;
	if (s->slot < SLOTS_MAX) {
		a->slot_used[s->slot] = 0;
		a->slot_gone[s->slot] = 1;
	}
	for (i = 0; i < RINGS; i++)
		give(a, s->ring[i], ring_size(r));
	give(a, s->hist, hist_size(r));
	give(a, s->hist_sum, HIST_BUCKETS * sizeof(uint64_t));
	give(a, s, sizeof(*s));
}

static uint32_t
new_slot(struct alert_set *a)
{
	uint32_t	 i;

	for (i = 1; i < SLOTS_MAX; i++)
		if (!a->slot_used[i]) {
			a->slot_used[i] = 1;
			a->slot_gone[i] = 0;
			return i;
		}
	return SLOTS_MAX;
}

static struct series *
series_alloc(struct alert_set *a, struct rule *r)
{
	struct series	*s;
	unsigned	 i;
	bool		 ok = true;

	if ((s = take(a, sizeof(*s))) == NULL)
		return NULL;
	s->slot = SLOTS_MAX;
	for (i = 0; i < RINGS; i++)
		if (r->rings[i])
			ok &= (s->ring[i] = take(a, ring_size(r))) != NULL;
	if (r->hist) {
		ok &= (s->hist = take(a, hist_size(r))) != NULL;
		ok &= (s->hist_sum = take(a,
		    HIST_BUCKETS * sizeof(uint64_t))) != NULL;
	}
	if (!ok) {
		series_free(a, r, s);
		return NULL;
	}
	return s;
}

/* ---- series of a rule ---- */

static struct series *
series_find(const struct rule *r, uint64_t hash, const char *key)
{
	struct series	*s;

	for (s = r->bucket[hash % KEY_BUCKETS]; s != NULL; s = s->chain)
		if (s->hash == hash && strcmp(s->key, key) == 0)
			return s;
	return NULL;
}

static void
series_drop(struct alert_set *a, struct rule *r, struct series *gone)
{
	struct series	**pp;

	pp = &r->bucket[gone->hash % KEY_BUCKETS];
	while (*pp != gone)
		pp = &(*pp)->chain;
	*pp = gone->chain;
	for (pp = &r->first; *pp != gone; )
		pp = &(*pp)->next;
	*pp = gone->next;
	r->nkeys--;
	series_free(a, r, gone);
}

/* The least active key that nobody waits for. */
static bool
make_room(struct alert_set *a, struct rule *r)
{
	struct series	*s, *least = NULL;

	for (s = r->first; s != NULL; s = s->next)
		if (s->state == ALERT_OK && (least == NULL ||
		    s->sum[RING_NUM] + s->sum[RING_DEN] <
		    least->sum[RING_NUM] + least->sum[RING_DEN]))
			least = s;
	r->other_keys++;
	if (least == NULL)
		return false;
	series_drop(a, r, least);
	return true;
}

static struct series *
series_get(struct alert_set *a, struct rule *r, const char *key)
{
	struct series	*s;
	uint64_t	 hash;
	uint32_t	 max;

	hash = hash_bytes(a->seed, key, strlen(key));
	if ((s = series_find(r, hash, key)) != NULL)
		return s;
	max = r->conf->key == KEY_NONE || r->conf->max_keys == 0 ? 256 :
	    r->conf->max_keys;
	if (r->nkeys >= max && !make_room(a, r))
		return NULL;
	if ((s = series_alloc(a, r)) == NULL) {
		r->other_keys++;
		return NULL;
	}
	compat_strlcpy(s->key, key, sizeof(s->key));
	s->hash = hash;
	s->slice = r->slice;
	s->complete = 1.0;
	s->since_us = a->now_us;
	s->chain = r->bucket[hash % KEY_BUCKETS];
	r->bucket[hash % KEY_BUCKETS] = s;
	s->next = r->first;
	r->first = s;
	r->nkeys++;
	return s;
}

static void
clear_hist_slice(struct series *s, uint32_t at)
{
	uint32_t	*h = s->hist + (size_t)at * HIST_BUCKETS;
	unsigned	 i;

	for (i = 0; i < HIST_BUCKETS; i++) {
		s->hist_sum[i] -= h[i];
		h[i] = 0;
	}
}

/* Brings the ring up to the running slice. */
static void
series_move(const struct rule *r, struct series *s)
{
	uint64_t	 steps;
	uint32_t	 at;
	unsigned	 i;

	steps = r->slice - s->slice;
	if (steps > r->slices + 1U) {
		steps = r->slices + 1U;
		s->slice = r->slice - steps;
	}
	for (; steps > 0; steps--) {
		at = (uint32_t)(++s->slice % (r->slices + 1U));
		for (i = 0; i < RINGS; i++) {
			if (s->ring[i] == NULL)
				continue;
			s->sum[i] -= s->ring[i][at];
			s->ring[i][at] = 0;
		}
		if (s->hist != NULL)
			clear_hist_slice(s, at);
	}
}

static void
series_add(const struct rule *r, struct series *s, enum ring ring, uint64_t n)
{
	series_move(r, s);
	if (s->ring[ring] == NULL)
		return;
	s->dirty = true;
	s->ring[ring][s->slice % (r->slices + 1U)] += n;
	s->sum[ring] += n;
}

/* ---- what a rule looks at ---- */

static bool
same(const char *want, const char *have)
{
	return *want == '\0' || (have != NULL && strcmp(want, have) == 0);
}

static bool
selects(const struct conf_select *c, const struct alert_what *w)
{
	if (c->on[0] != '\0' && (w->iface == NULL ||
	    !conf_glob(c->on, w->iface, strlen(w->iface))))
		return false;
	if (c->host[0] != '\0' && (w->host == NULL ||
	    !conf_glob(c->host, (const char *)w->host, w->host_len)))
		return false;
	if (!same(c->tag, w->tag) || !same(c->method, w->method))
		return false;
	return c->status.lo == 0 ||
	    (w->status >= c->status.lo && w->status <= c->status.hi);
}

static bool
put_text(char *s, const uint8_t *p, size_t n, const char *none)
{
	if (p == NULL)
		return false;
	if (n == 0) {
		compat_strlcpy(s, none, ALERT_KEY_MAX);
		return true;
	}
	if (n >= ALERT_KEY_MAX)
		n = ALERT_KEY_MAX - 1;
	memcpy(s, p, n);
	s[n] = '\0';
	return memchr(s, '\0', n) == NULL;
}

static bool
put_str(char *s, const char *p)
{
	if (p == NULL || *p == '\0')
		return false;
	compat_strlcpy(s, p, ALERT_KEY_MAX);
	return true;
}

/* The text of a rule's key; false when this event has none. */
static bool
key_text(enum conf_key key, const struct alert_what *w, char *s)
{
	size_t	 n;

	switch (key) {
	case KEY_NONE:
		*s = '\0';
		return true;
	case KEY_HOST:
		return put_text(s, w->host, w->host_len, "(no host)");
	case KEY_SECTION:
		if (w->section == NULL ||
		    !put_text(s, w->host, w->host_len, "(no host)"))
			return false;
		n = strlen(s);
		snprintf(s + n, ALERT_KEY_MAX - n, "%.*s",
		    (int)w->section_len, (const char *)w->section);
		return true;
	case KEY_CLIENT:
		return put_str(s, w->client);
	case KEY_SERVER:
		if (w->server == NULL)
			return false;
		endpoint_print(w->server, s, ALERT_KEY_MAX);
		return true;
	case KEY_INTERFACE:
		return put_str(s, w->iface);
	case KEY_VLAN:
		if (w->vlan < 0)
			return false;
		snprintf(s, ALERT_KEY_MAX, "%d", (int)w->vlan);
		return true;
	case KEY_SERVICE:
		return put_str(s, w->service);
	case KEY_SNI:
		return put_text(s, w->sni, w->sni_len, "(no name)");
	case KEY_STATUS:
		if (w->status == 0)
			return false;
		snprintf(s, ALERT_KEY_MAX, "%u", w->status);
		return true;
	case KEY_TAG:
		return put_str(s, w->tag);
	default:
		return false;
	}
}

/* ---- judging ---- */

static bool
holds(uint8_t op, double v, double limit)
{
	switch (op) {
	case OP_GE:
		return v >= limit;
	case OP_GT:
		return v > limit;
	case OP_LE:
		return v <= limit;
	default:
		return v < limit;
	}
}

static bool
upward(const struct conf_alert *c)
{
	return c->op == OP_GE || c->op == OP_GT;
}

static bool
is_time(const struct conf_alert *c)
{
	return c->metric == METRIC_RESPONSE_TIME ||
	    c->metric == METRIC_CONNECT_TIME;
}

static double
series_value(const struct rule *r, const struct series *s)
{
	const struct conf_alert	*c = r->conf;

	if (c->metric == METRIC_COMPLETENESS)
		return s->complete;
	if (is_time(c))
		return (double)hist_quantile_us(s->hist_sum,
		    c->percentile / 100.0) / 1e6;
	if (c->metric != METRIC_RATIO)
		return (double)s->sum[RING_NUM];
	if (s->sum[RING_DEN] == 0)
		return 0.0;
	return (double)s->sum[RING_NUM] / (double)s->sum[RING_DEN];
}

/* Before a whole SPAN was seen only growing counts can be judged. */
static bool
warm(const struct alert_set *a, const struct rule *r)
{
	const struct conf_alert	*c = r->conf;

	if (upward(c) && !is_time(c) && c->metric != METRIC_RATIO)
		return true;
	return a->now_us >= r->start_us + c->span_us;
}

static bool
condition(const struct alert_set *a, const struct rule *r,
    const struct series *s)
{
	const struct conf_alert	*c = r->conf;

	if (!warm(a, r) || !holds(c->op, s->value, c->value))
		return false;
	if (c->at_least > 0 && s->sum[RING_LEAST] < c->at_least)
		return false;
	if (is_time(c) && hist_count(s->hist_sum) == 0)
		return false;
	return c->metric != METRIC_RATIO || s->sum[RING_DEN] > 0;
}

static bool
clear_condition(const struct rule *r, const struct series *s)
{
	const struct conf_alert	*c = r->conf;
	double			 limit;

	if (c->has_clear)
		return holds(c->clear_op, s->value, c->clear_value);
	if (c->compat)
		return !holds(c->op, s->value, c->value);
	if (upward(c))
		return s->value < 0.9 * c->value;
	limit = 1.1 * c->value;
	if ((c->metric == METRIC_COMPLETENESS || c->metric == METRIC_RATIO) &&
	    limit >= 1.0)
		limit = (1.0 + c->value) / 2;
	return s->value > limit;
}

static uint64_t
clear_hold(const struct rule *r)
{
	if (r->conf->has_clear)
		return r->conf->clear_for_us;
	return r->conf->compat ? 0 : r->slice_us;
}

/* ---- saying ---- */

static uint64_t
printed(struct alert_set *a, uint64_t us)
{
	return us == 0 ? 0 : a->ops->print_time(a->arg, us);
}

static void
emit(struct alert_set *a, struct rule *r, struct series *s,
    enum alert_event_kind kind)
{
	struct alert_event	 e;

	memset(&e, 0, sizeof(e));
	e.rule = r->conf;
	e.number = r->number;
	e.kind = kind;
	e.id = s->id;
	e.key = s->key;
	e.time_us = printed(a, a->now_us);
	e.value = s->value;
	e.limit = r->conf->value;
	e.first_us = printed(a, s->fired_us);
	e.last_us = e.time_us;
	if (s->fired_us != 0 && a->now_us > s->fired_us)
		e.after_us = a->now_us - s->fired_us;
	e.peak = s->peak;
	e.complete = s->complete;
	e.restarted = s->restarted;
	e.count = r->in_minute;
	if (kind == ALERT_EV_FIRED || kind == ALERT_EV_REPEATED ||
	    kind == ALERT_EV_WORSE)
		e.ntop = a->ops->top(a->arg, r->conf, s->key, e.top);
	a->ops->event(a->arg, &e);
}

static void
enter(struct alert_set *a, struct series *s, enum alert_state state)
{
	s->state = state;
	s->since_us = a->now_us;
	s->dirty = true;
}

/* At the end of a minute: what was a storm becomes one event. */
static void
storm_over(struct alert_set *a, struct rule *r)
{
	if (a->now_us < r->minute_us + MINUTE_US)
		return;
	if (r->in_minute > ALERT_STORM && r->first != NULL)
		emit(a, r, r->first, ALERT_EV_STORM);
	r->in_minute = 0;
}

/* Counts firings of the minute; true when they have become a storm. */
static bool
in_storm(struct alert_set *a, struct rule *r)
{
	storm_over(a, r);
	if (r->in_minute == 0)
		r->minute_us = a->now_us;
	return ++r->in_minute > ALERT_STORM;
}

static void
fire(struct alert_set *a, struct rule *r, struct series *s)
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
clear(struct alert_set *a, struct rule *r, struct series *s)
{
	enter(a, s, ALERT_OK);
	if (!s->quiet)
		emit(a, r, s, ALERT_EV_CLEARED);
	s->quiet = s->restarted = false;
}

static void
while_firing(struct alert_set *a, struct rule *r, struct series *s)
{
	bool	 worse;

	if (upward(r->conf) ? s->value > s->peak : s->value < s->peak) {
		s->peak = s->value;
		s->dirty = true;
	}
	worse = upward(r->conf) ? s->value >= 2 * s->worse :
	    s->value * 2 <= s->worse;
	if (worse && s->worse > 0) {
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
step(struct alert_set *a, struct rule *r, struct series *s, bool cond)
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
blinded(struct alert_set *a, struct rule *r, struct series *s, bool blind,
    bool cond)
{
	if (cond && upward(r->conf) && !r->conf->unless_lossy)
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
	if (r->conf->key == KEY_NONE || s->before == ALERT_FIRING ||
	    s->before == ALERT_CLEARING)
		emit(a, r, s, ALERT_EV_UNKNOWN);
	return true;
}

static void
judge(struct alert_set *a, struct rule *r, struct series *s)
{
	uint8_t	 metric = r->conf->metric;
	bool	 cond, gone = false, blind;

	series_move(r, s);
	s->complete = a->ops->complete(a->arg, r->conf->select.on,
	    r->conf->span_us, &gone);
	s->value = series_value(r, s);
	cond = condition(a, r, s);
	blind = gone || s->complete < ALERT_BLIND;
	if (metric == METRIC_COMPLETENESS || metric == METRIC_DROPS)
		blind = gone && metric != METRIC_COMPLETENESS;
	if (!blinded(a, r, s, blind, cond))
		step(a, r, s, cond);
}

/* A count crossed its limit inside a slice. */
static void
judge_now(struct alert_set *a, struct rule *r, struct series *s)
{
	if (!r->instant || s->state != ALERT_OK)
		return;
	if (holds(r->conf->op, (double)s->sum[RING_NUM], r->conf->value))
		judge(a, r, s);
}

/* ---- feeding ---- */

bool
alert_wants(const struct alert_set *a, enum conf_metric m)
{
	return (a->feeds & 1U << m) != 0;
}

static bool
seen_grow(struct alert_set *a, struct rule *r)
{
	uint64_t	*seen;
	uint32_t	 i, at, size;

	size = r->seen_size == 0 ? 256 : r->seen_size * 2;
	if (size > SEEN_MAX || (seen = take(a, size * sizeof(*seen))) == NULL)
		return false;
	for (i = 0; i < r->seen_size; i++) {
		if (r->seen[i] == 0)
			continue;
		at = (uint32_t)r->seen[i] & (size - 1);
		while (seen[at] != 0)
			at = (at + 1) & (size - 1);
		seen[at] = r->seen[i];
	}
	give(a, r->seen, r->seen_size * sizeof(*seen));
	r->seen = seen;
	r->seen_size = size;
	return true;
}

/* Whether a key was never met before; when the memory is full, it was. */
static bool
is_new(struct alert_set *a, struct rule *r, const char *key)
{
	uint64_t	 h;
	uint32_t	 at;

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
	r->nseen++;
	return true;
}

static void
count_rule(struct alert_set *a, struct rule *r, enum conf_metric m,
    const struct alert_what *w, uint64_t n)
{
	const struct conf_alert	*c = r->conf;
	char			 key[ALERT_KEY_MAX];
	struct series		*s;

	if (!selects(&c->select, w) ||
	    !key_text((enum conf_key)c->key, w, key))
		return;
	if (c->metric == METRIC_NEW) {
		if (c->key == KEY_NONE || !is_new(a, r, key))
			return;
		key[0] = '\0';
	}
	if ((s = series_get(a, r, key)) == NULL)
		return;
	if (c->metric == METRIC_NEW)
		series_add(r, s, RING_NUM, 1);
	else if (c->metric == m)
		series_add(r, s, RING_NUM, n);
	if (c->metric == METRIC_RATIO && c->ratio_of == m)
		series_add(r, s, RING_DEN, n);
	if (c->metric == METRIC_RATIO && c->ratio_metric == m &&
	    selects(&c->ratio, w))
		series_add(r, s, RING_NUM, n);
	if (c->at_least > 0 && c->at_least_metric == m)
		series_add(r, s, RING_LEAST, n);
	judge_now(a, r, s);
}

void
alert_count(struct alert_set *a, enum conf_metric m,
    const struct alert_what *w, uint64_t n)
{
	unsigned	 i;

	if (!alert_wants(a, m))
		return;
	for (i = 0; i < a->n; i++)
		if (a->rule[i].feeds & 1U << m)
			count_rule(a, &a->rule[i], m, w, n);
}

void
alert_sample(struct alert_set *a, enum conf_metric m,
    const struct alert_what *w, uint64_t us)
{
	char		 key[ALERT_KEY_MAX];
	struct series	*s;
	struct rule	*r;
	unsigned	 i, b;

	if (!alert_wants(a, m))
		return;
	b = hist_bucket(us);
	for (i = 0; i < a->n; i++) {
		r = &a->rule[i];
		if (r->conf->metric != m || !selects(&r->conf->select, w) ||
		    !key_text((enum conf_key)r->conf->key, w, key) ||
		    (s = series_get(a, r, key)) == NULL)
			continue;
		series_move(r, s);
		s->hist[s->slice % (r->slices + 1U) * HIST_BUCKETS + b]++;
		s->hist_sum[b]++;
	}
}

/* ---- time ---- */

/* Evaluates the slice that ends at when. */
static void
end_slice(struct alert_set *a, struct rule *r, uint64_t when)
{
	struct series	*s;

	a->now_us = when;
	r->slice = when / r->slice_us;
	for (s = r->first; s != NULL; s = s->next)
		judge(a, r, s);
	storm_over(a, r);
}

static void
advance_rule(struct alert_set *a, struct rule *r, uint64_t now_us)
{
	uint64_t	 last, steps, most;

	last = now_us / r->slice_us;
	if (r->slice == 0) {
		r->slice = last;
		return;
	}
	/* An idle stretch: after some slices nothing changes any more. */
	most = r->slices + 4 + (r->conf->for_us + clear_hold(r)) / r->slice_us;
	for (steps = 0; r->slice < last && steps < most; steps++)
		end_slice(a, r, (r->slice + 1) * r->slice_us);
	if (r->slice < last)
		end_slice(a, r, last * r->slice_us);
}

void
alert_slices(struct alert_set *a, uint64_t now_us)
{
	uint64_t	 next = UINT64_MAX, end;
	unsigned	 i;

	if (now_us < a->now_us)
		return;
	if (now_us < a->next_us) {
		a->now_us = now_us;
		return;
	}
	for (i = 0; i < a->n; i++) {
		if (a->rule[i].start_us == 0)
			a->rule[i].start_us = now_us;
		advance_rule(a, &a->rule[i], now_us);
		end = (a->rule[i].slice + 1) * a->rule[i].slice_us;
		if (end < next)
			next = end;
	}
	a->now_us = now_us;
	a->next_us = next;
}

uint64_t
alert_next_us(const struct alert_set *a)
{
	return a->next_us;
}

/* ---- life ---- */

static void
rule_init(struct alert_set *a, struct rule *r, const struct conf_alert *c,
    unsigned number)
{
	uint64_t	 part;

	memset(r, 0, sizeof(*r));
	r->conf = c;
	r->number = number;
	r->hist = is_time(c);
	part = c->span_us / (r->hist ? HIST_SLICES : ALERT_SLICES);
	if (part > SLICE_MAX_US && !r->hist)
		part = SLICE_MAX_US;
	r->slice_us = part < SLICE_MIN_US ? SLICE_MIN_US : part;
	r->slices = (uint32_t)((c->span_us + r->slice_us - 1) / r->slice_us);
	if (r->slices == 0)
		r->slices = 1;
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
	r->instant = upward(c) && c->for_us == 0 && r->rings[RING_NUM] &&
	    c->metric != METRIC_RATIO;
	r->start_us = a->now_us;
	r->slice = a->now_us / r->slice_us;
	if (c->key == KEY_NONE || c->metric == METRIC_NEW)
		series_get(a, r, "");
}

static void
rule_clear(struct alert_set *a, struct rule *r)
{
	while (r->first != NULL)
		series_drop(a, r, r->first);
	give(a, r->seen, r->seen_size * sizeof(uint64_t));
	r->seen = NULL;
	r->seen_size = 0;
}

static int
make_rules(struct alert_set *a, const struct conf *c)
{
	unsigned	 i;

	a->n = (unsigned)c->nalerts;
	a->feeds = 0;
	a->next_us = 0;
	if ((a->rule = calloc(a->n + 1U, sizeof(a->rule[0]))) == NULL) {
		a->n = 0;
		return -1;
	}
	for (i = 0; i < a->n; i++) {
		rule_init(a, &a->rule[i], &c->alerts[i], i + 1);
		a->feeds |= a->rule[i].feeds;
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
end_rule(struct alert_set *a, struct rule *r)
{
	struct series	*s;

	for (s = r->first; s != NULL; s = s->next)
		if (s->state == ALERT_FIRING || s->state == ALERT_CLEARING ||
		    (s->state == ALERT_UNKNOWN && s->before >= ALERT_FIRING)) {
			enter(a, s, ALERT_OK);
			if (!s->quiet)
				emit(a, r, s, ALERT_EV_ENDED);
		}
}

int
alert_reconf(struct alert_set *a, const struct conf *c)
{
	struct rule	*old = a->rule;
	unsigned	 nold = a->n, i, k;
	const struct conf_alert *kept;

	if (make_rules(a, c) == -1) {
		a->rule = old;
		a->n = nold;
		return -1;
	}
	for (k = 0; k < nold; k++) {
		for (i = 0; i < a->n; i++)
			if (same_rule(old[k].conf, a->rule[i].conf))
				break;
		if (i == a->n) {
			end_rule(a, &old[k]);
			rule_clear(a, &old[k]);
			continue;
		}
		kept = a->rule[i].conf;
		rule_clear(a, &a->rule[i]);
		a->rule[i] = old[k];
		a->rule[i].conf = kept;
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

/* ---- showing ---- */

static const char *
unit_name(const struct conf_alert *c)
{
	switch (c->metric) {
	case METRIC_BYTES:
		return "bytes";
	case METRIC_RATIO:
	case METRIC_COMPLETENESS:
		return "ratio";
	case METRIC_RESPONSE_TIME:
	case METRIC_CONNECT_TIME:
		return "seconds";
	default:
		return "count";
	}
}

static void
put_row(struct alert_set *a, const struct rule *r, const struct series *s,
    struct row_writer *w)
{
	const struct conf_alert	*c = r->conf;
	uint64_t		 span;

	span = s != NULL && a->now_us > s->since_us ?
	    a->now_us - s->since_us : 0;
	row_str(w, c->name);
	row_str(w, s == NULL ? "" : s->id);
	row_str(w, alert_state_name(s == NULL ? ALERT_OK : s->state));
	row_str(w, conf_metric_name((enum conf_metric)c->metric));
	row_str(w, s == NULL ? "" : s->key);
	row_double(w, s == NULL ? 0.0 : s->value);
	row_double(w, c->value);
	row_str(w, conf_op_name((enum conf_op)c->op));
	row_double(w, (double)c->span_us / 1e6);
	row_u64(w, s == NULL ? 0 : printed(a, s->since_us));
	row_double(w, (double)span / 1e6);
	row_double(w, s == NULL ? 0.0 : s->peak);
	row_double(w, s == NULL ? 1.0 : s->complete);
	row_str(w, conf_severity_name((enum conf_severity)c->severity));
	row_u64(w, r->fired_total);
	row_u64(w, r->other_keys);
	row_str(w, unit_name(c));
}

/* The key that is nearest to its limit stands for those that are ok. */
static const struct series *
worst(const struct rule *r)
{
	const struct series	*s, *w = NULL;

	for (s = r->first; s != NULL; s = s->next)
		if (w == NULL || (upward(r->conf) ? s->value > w->value :
		    s->value < w->value))
			w = s;
	return w;
}

static bool
rule_rows(struct alert_set *a, struct rule *r, bool active_only,
    bool (*row)(void *arg, struct row_writer *), void *arg)
{
	const struct series	*shown;
	struct row_writer	 w;
	struct series		*s;

	for (s = r->first; s != NULL; s = s->next) {
		series_move(r, s);
		s->value = series_value(r, s);
	}
	shown = worst(r);
	for (s = r->first; s != NULL; s = s->next) {
		if (s->state == ALERT_OK && (active_only || s != shown))
			continue;
		if (!row(arg, &w))
			return false;
		put_row(a, r, s, &w);
		row_end(&w);
	}
	if (r->first != NULL || active_only)
		return true;
	if (!row(arg, &w))
		return false;
	put_row(a, r, NULL, &w);
	row_end(&w);
	return true;
}

bool
alert_rows(struct alert_set *a, bool active_only, const char *name,
    bool (*row)(void *arg, struct row_writer *), void *arg)
{
	unsigned	 i;

	for (i = 0; i < a->n; i++)
		if (name == NULL ||
		    strcmp(a->rule[i].conf->name, name) == 0)
			if (!rule_rows(a, &a->rule[i], active_only, row, arg))
				return false;
	return true;
}

void
alert_event_rows(const struct alert_event *e, struct buf *b)
{
	const struct conf_alert	*c = e->rule;
	struct row_writer	 w;
	unsigned		 i;

	row_begin(&w, b, ROW_ALERT_EVENT, 0);
	row_u64(&w, 0);
	row_u64(&w, 0);
	row_u64(&w, e->time_us);
	row_str(&w, alert_event_name(e->kind));
	row_str(&w, c->name);
	row_str(&w, e->id);
	row_str(&w, e->key);
	row_str(&w, conf_metric_name((enum conf_metric)c->metric));
	row_double(&w, e->kind == ALERT_EV_STORM ? (double)e->count :
	    e->value);
	row_double(&w, e->limit);
	row_double(&w, (double)c->span_us / 1e6);
	row_u64(&w, e->first_us);
	row_u64(&w, e->last_us);
	row_double(&w, (double)e->after_us / 1e6);
	row_double(&w, e->peak);
	row_double(&w, e->complete);
	row_str(&w, conf_severity_name((enum conf_severity)c->severity));
	row_bool(&w, e->restarted);
	row_bool(&w, c->compat);
	row_str(&w, unit_name(c));
	row_u64(&w, 0);
	row_end(&w);
	for (i = 0; i < e->ntop; i++) {
		row_begin(&w, b, ROW_CONTRIBUTOR, 1);
		row_str(&w, e->top[i].host);
		row_double(&w, e->top[i].share);
		row_end(&w);
	}
}

void
alert_counts(const struct alert_set *a, struct alert_counts *n)
{
	const struct series	*s;
	unsigned		 i;

	memset(n, 0, sizeof(*n));
	n->rules = a->n;
	for (i = 0; i < a->n; i++)
		for (s = a->rule[i].first; s != NULL; s = s->next)
			n->state[s->state]++;
}

uint64_t
alert_fired(const struct alert_set *a, unsigned rule)
{
	return rule < a->n ? a->rule[rule].fired_total : 0;
}

/* ---- keeping over a loss of the process ---- */

static void
put_ring(const struct rule *r, const struct series *s, struct buf *b)
{
	uint64_t	 v;
	uint32_t	 i;

	/* Newest first; what does not fit is forgotten. */
	for (i = 0; i <= r->slices && i <= s->slice && buf_room(b) >= 10;
	    i++) {
		v = s->ring[RING_NUM][(s->slice - i) % (r->slices + 1U)];
		for (; v > 0x7f; v >>= 7)
			buf_put_u8(b, (uint8_t)(v | 0x80));
		buf_put_u8(b, (uint8_t)v);
	}
}

static void
get_ring(const struct rule *r, struct series *s, struct buf *b)
{
	uint64_t	 v;
	uint32_t	 i;
	unsigned	 shift;
	uint8_t		 c;

	for (i = 0; i <= r->slices && i <= s->slice && buf_left(b) > 0; i++) {
		v = 0;
		shift = 0;
		do {
			c = buf_get_u8(b);
			v |= (uint64_t)(c & 0x7f) << shift;
			shift += 7;
		} while ((c & 0x80) && shift < 64 && !b->err);
		s->ring[RING_NUM][(s->slice - i) % (r->slices + 1U)] = v;
		s->sum[RING_NUM] += v;
	}
}

static void
put_series(const struct rule *r, const struct series *s, struct buf *b)
{
	buf_put_str(b, r->conf->name);
	buf_put_str(b, s->key);
	buf_put_str(b, s->id);
	buf_put_u8(b, (uint8_t)s->state);
	buf_put_u8(b, (uint8_t)s->before);
	buf_put_u8(b, s->quiet);
	buf_put_double(b, s->value);
	buf_put_double(b, s->peak);
	buf_put_double(b, s->worse);
	buf_put_u64(b, s->since_us);
	buf_put_u64(b, s->fired_us);
	buf_put_u64(b, s->repeat_us);
	buf_put_u64(b, s->fired_total);
	buf_put_u64(b, r->start_us);
	buf_put_u64(b, s->slice);
	if (s->ring[RING_NUM] != NULL && r->conf->metric != METRIC_RATIO)
		put_ring(r, s, b);
}

/* Worth keeping: it ever did something, or counts right now. */
static bool
worth(const struct series *s)
{
	return s->state != ALERT_OK || s->fired_total > 0 ||
	    s->sum[RING_NUM] > 0;
}

bool
alert_save(struct alert_set *a, uint32_t *slot, uint8_t *p, size_t size,
    size_t *len)
{
	struct series	*s;
	struct buf	 b;
	unsigned	 i;

	buf_writer(&b, p, size);
	*len = 0;
	if (a->id_dirty) {
		a->id_dirty = false;
		buf_put_u64(&b, a->next_id);
		*slot = 0;
		*len = b.len;
		return true;
	}
	for (*slot = 1; *slot < SLOTS_MAX; (*slot)++)
		if (a->slot_gone[*slot]) {
			a->slot_gone[*slot] = 0;
			return true;
		}
	for (i = 0; i < a->n; i++)
		for (s = a->rule[i].first; s != NULL; s = s->next) {
			if (!s->dirty || !worth(s))
				continue;
			s->dirty = false;
			if (s->slot == SLOTS_MAX &&
			    (s->slot = new_slot(a)) == SLOTS_MAX)
				continue;
			put_series(&a->rule[i], s, &b);
			if (b.err)
				continue;
			*slot = s->slot;
			*len = b.len;
			return true;
		}
	return false;
}

static struct rule *
rule_named(struct alert_set *a, const char *name)
{
	unsigned	 i;

	for (i = 0; i < a->n; i++)
		if (strcmp(a->rule[i].conf->name, name) == 0)
			return &a->rule[i];
	return NULL;
}

static int
get_series(struct alert_set *a, struct rule *r, struct series *s,
    struct buf *b)
{
	uint64_t	 slice;

	buf_get_str(b, s->id, sizeof(s->id));
	s->state = (enum alert_state)buf_get_u8(b);
	s->before = (enum alert_state)buf_get_u8(b);
	s->quiet = buf_get_u8(b) != 0;
	s->value = buf_get_double(b);
	s->peak = buf_get_double(b);
	s->worse = buf_get_double(b);
	s->since_us = buf_get_u64(b);
	s->fired_us = buf_get_u64(b);
	s->repeat_us = buf_get_u64(b);
	s->fired_total = buf_get_u64(b);
	r->start_us = buf_get_u64(b);
	slice = buf_get_u64(b);
	if (b->err || s->state >= ALERT_STATES || s->before >= ALERT_STATES)
		return -1;
	r->fired_total += s->fired_total;
	if (slice > r->slice || s->ring[RING_NUM] == NULL ||
	    r->conf->metric == METRIC_RATIO)
		return 0;
	s->slice = slice;
	get_ring(r, s, b);
	series_move(r, s);
	(void)a;
	return 0;
}

int
alert_restore(struct alert_set *a, uint32_t slot, const uint8_t *p,
    size_t len)
{
	char		 name[CONF_NAME_MAX], key[ALERT_KEY_MAX];
	struct series	*s;
	struct rule	*r;
	struct buf	 b;

	buf_reader(&b, p, len);
	if (slot == 0) {
		a->next_id = buf_get_u64(&b);
		return b.err ? -1 : 0;
	}
	buf_get_str(&b, name, sizeof(name));
	buf_get_str(&b, key, sizeof(key));
	if (b.err || slot >= SLOTS_MAX)
		return -1;
	if ((r = rule_named(a, name)) == NULL ||
	    (s = series_get(a, r, key)) == NULL) {
		a->slot_gone[slot] = 1;
		return 0;
	}
	s->slot = slot;
	a->slot_used[slot] = 1;
	if (get_series(a, r, s, &b) == 0)
		return 0;
	series_drop(a, r, s);
	if (r->conf->key == KEY_NONE)
		series_get(a, r, "");
	return -1;
}
