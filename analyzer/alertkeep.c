/* The rows of alert, and what of it outlives the process. */
#include <math.h>
#include <string.h>

#include "analyzer/alert.h"
#include "analyzer/series.h"

/* ---- showing ---- */

static const char *
unit_name(const struct conf_alert *c)
{
	switch (c->metric) {
	case METRIC_BYTES:
	case METRIC_TRAFFIC:
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
put_row(struct alert_set *a, const struct alert_rule *r, const struct series *s,
    struct row_writer *w)
{
	const struct conf_alert	*c = r->conf;
	uint64_t		 span;

	span = s != NULL && a->now_us > s->since_us ?
	    a->now_us - s->since_us : 0;
	row_str(w, c->name);
	row_str(w, s == NULL ? "" : s->id);
	row_str(w, alert_state_name(s != NULL ? s->state :
	    r->blind != ALERT_SEES ? ALERT_UNKNOWN : ALERT_OK));
	row_str(w, conf_metric_name((enum conf_metric)c->metric));
	row_str(w, s == NULL ? "" : s->key);
	row_double(w, s == NULL ? 0.0 : s->value);
	row_double(w, s != NULL && s->limit >= 0 ? s->limit :
	    c->usual ? 0 : c->value);
	row_str(w, conf_op_name((enum conf_op)c->op));
	row_double(w, (double)c->span_us / 1e6);
	row_u64(w, s == NULL ? 0 : alert_printed(a, s->since_us));
	row_double(w, (double)span / 1e6);
	row_double(w, s == NULL ? 0.0 : s->peak);
	row_double(w, s == NULL ? r->complete : s->complete);
	row_str(w, conf_severity_name((enum conf_severity)c->severity));
	row_u64(w, r->fired_total);
	row_u64(w, r->other_keys);
	row_str(w, unit_name(c));
	row_str(w, s == NULL || s->state == ALERT_UNKNOWN ?
	    alert_blind_text(r->blind) : s->limit < 0 ?
	    "what is usual is not known yet" : "");
	row_double(w, c->usual ? c->value : 0);
}

/* Of limits that are not all the same, how much of its own it is. */
static double
of_limit(const struct alert_rule *r, const struct series *s)
{
	if (!r->conf->usual)
		return s->value;
	if (s->limit > 0)
		return s->value / s->limit;
	return series_upward(r->conf) ? 0 : HUGE_VAL;
}

static bool
is_worse(const struct alert_rule *r, const struct series *s,
    const struct series *than)
{
	const bool	 has = series_has_value(r, s);

	if (has != series_has_value(r, than))
		return has;
	return series_upward(r->conf) ? of_limit(r, s) > of_limit(r, than) :
	    of_limit(r, s) < of_limit(r, than);
}

/* The key that is nearest to its limit stands for those that are ok. */
static const struct series *
worst(const struct alert_rule *r)
{
	const struct series	*s, *w = NULL;

	for (s = r->first; s != NULL; s = s->next)
		if (w == NULL || is_worse(r, s, w))
			w = s;
	return w;
}

static bool
rule_rows(struct alert_set *a, struct alert_rule *r, bool active_only,
    bool (*row)(void *arg, struct row_writer *), void *arg)
{
	const struct series	*shown;
	struct row_writer	 w;
	struct series		*s;

	for (s = r->first; s != NULL; s = s->next)
		series_look(r, s);
	shown = worst(r);
	for (s = r->first; s != NULL; s = s->next) {
		if (s->state == ALERT_OK && (active_only || s != shown))
			continue;
		if (!row(arg, &w))
			return false;
		put_row(a, r, s, &w);
		row_end(&w);
	}
	if (r->first != NULL || (active_only && r->blind == ALERT_SEES))
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
	const bool		 storm = e->kind == ALERT_EV_STORM;
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
	row_double(&w, e->value);
	row_double(&w, e->limit);
	row_double(&w, storm ? ALERT_STORM_S : (double)c->span_us / 1e6);
	row_u64(&w, e->first_us);
	row_u64(&w, e->last_us);
	row_double(&w, (double)e->after_us / 1e6);
	row_double(&w, e->peak);
	row_double(&w, e->complete);
	row_str(&w, conf_severity_name((enum conf_severity)c->severity));
	row_bool(&w, e->restarted);
	row_bool(&w, c->compat);
	row_str(&w, storm ? "count" : unit_name(c));
	row_u64(&w, 0);
	row_u64(&w, e->evidence);
	row_end(&w);
	for (i = 0; i < e->ntop; i++) {
		row_begin(&w, b, ROW_CONTRIBUTOR, 1);
		row_str(&w, e->top[i].host);
		row_double(&w, e->top[i].share);
		row_end(&w);
	}
	for (i = 0; i < e->nfresh; i++) {
		row_begin(&w, b, ROW_NEW_KEY, 1);
		row_str(&w, e->fresh[i]);
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

/* ---- keeping over a loss of the process, and over a restart ---- */

#define NO_LEVEL	(-2.0)	/* of a rule that needs none */

static void
put_ring(const struct alert_rule *r, const struct series *s, struct buf *b)
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
get_ring(const struct alert_rule *r, struct series *s, struct buf *b)
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
put_series(const struct alert_rule *r, const struct series *s, struct buf *b)
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
	buf_put_u64(b, r->gone_us);
	buf_put_u64(b, s->slice);
	buf_put_double(b, s->usual != NULL ? s->level : NO_LEVEL);
	if (s->ring[RING_NUM] != NULL && r->conf->metric != METRIC_RATIO)
		put_ring(r, s, b);
}

static void
put_usual(struct alert_set *a, const struct alert_rule *r,
    const struct series *s, struct buf *b)
{
	buf_put_str(b, r->conf->name);
	buf_put_str(b, s->key);
	buf_put_u64(b, r->counts);
	usual_put(&r->usual, s->usual, a->now_us, alert_printed(a, a->now_us),
	    b);
}

/* Worth keeping: it ever did something, or counts right now. */
static bool
worth(const struct series *s)
{
	return s->state != ALERT_OK || s->fired_total > 0 ||
	    s->sum[RING_NUM] > 0 || s->usual != NULL;
}

static bool
save_series(struct alert_set *a, const struct alert_rule *r, struct series *s,
    struct buf *b)
{
	if (!s->dirty || !worth(s))
		return false;
	s->dirty = false;
	if (s->slot == SERIES_SLOTS &&
	    (s->slot = series_slot(a)) == SERIES_SLOTS)
		return false;
	put_series(r, s, b);
	return !b->err;
}

/* The next one of the rule at hand. */
static struct series *
next_saved(struct alert_set *a, struct alert_saving *at, uint8_t *p,
    size_t size, size_t *len)
{
	const struct alert_rule	*r = &a->rule[at->rule];
	struct series		*s;
	struct buf		 b;

	for (s = at->next != NULL ? at->next : r->first; s != NULL;
	    s = s->next) {
		buf_writer(&b, p, size);
		if (!save_series(a, r, s, &b))
			continue;
		*len = b.len;
		break;
	}
	at->next = s != NULL ? s->next : NULL;
	at->rule += at->next == NULL;
	return s;
}

/* What is usual goes behind the state, in a slot of the same number. */
static bool
save_usual(struct alert_set *a, struct alert_saving *at, uint32_t *slot,
    uint8_t *p, size_t size, size_t *len)
{
	const struct series	*s = at->with_usual;
	struct buf		 b;

	at->with_usual = NULL;
	at->usual = true;
	*slot = s->slot;
	buf_writer(&b, p, size);
	put_usual(a, at->of, s, &b);
	*len = b.err ? 0 : b.len;
	return true;
}

bool
alert_save(struct alert_set *a, struct alert_saving *at, uint32_t *slot,
    uint8_t *p, size_t size, size_t *len)
{
	struct series	*s;
	struct buf	 b;

	*len = 0;
	at->usual = false;
	if (at->with_usual != NULL)
		return save_usual(a, at, slot, p, size, len);
	if (a->id_dirty) {
		a->id_dirty = false;
		buf_writer(&b, p, size);
		buf_put_u64(&b, a->next_id);
		*slot = 0;
		*len = b.len;
		return true;
	}
	while (++at->slot < SERIES_SLOTS)
		if (a->slot_gone[at->slot]) {
			a->slot_gone[at->slot] = 0;
			*slot = at->slot;
			return true;
		}
	at->slot = SERIES_SLOTS - 1;
	while (at->rule < a->n) {
		at->of = &a->rule[at->rule];
		if ((s = next_saved(a, at, p, size, len)) == NULL)
			continue;
		*slot = s->slot;
		at->with_usual = s->usual != NULL &&
		    at->of->usual.last_us != 0 ? s : NULL;
		return true;
	}
	return false;
}

static struct alert_rule *
rule_named(struct alert_set *a, const char *name)
{
	unsigned	 i;

	for (i = 0; i < a->n; i++)
		if (strcmp(a->rule[i].conf->name, name) == 0)
			return &a->rule[i];
	return NULL;
}

static int
get_series(struct alert_set *a, struct alert_rule *r, struct series *s,
    struct buf *b)
{
	uint64_t	 slice;
	double		 level;

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
	r->gone_us = buf_get_u64(b);
	slice = buf_get_u64(b);
	level = buf_get_double(b);
	if (s->usual != NULL && level > NO_LEVEL)
		series_level(r, s, level);
	if (b->err || s->state >= ALERT_STATES || s->before >= ALERT_STATES)
		return -1;
	s->restarted = series_fires(s);
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

/* The rule that a slot is of, NULL: of none that there is; and the key. */
static struct alert_rule *
rule_of(struct alert_set *a, struct buf *b, char key[ALERT_KEY_MAX])
{
	char	 name[CONF_NAME_MAX];

	buf_get_str(b, name, sizeof(name));
	buf_get_str(b, key, ALERT_KEY_MAX);
	return b->err ? NULL : rule_named(a, name);
}

/* The series of that rule, if any, which has the slot from now on. */
static struct series *
series_of(struct alert_set *a, uint32_t slot, struct alert_rule *r,
    const char *key)
{
	struct series	*s;

	if (r == NULL || (s = series_get(a, r, key)) == NULL) {
		if (!a->slot_used[slot])
			a->slot_gone[slot] = 1;
		return NULL;
	}
	if (s->slot != SERIES_SLOTS)
		return s;
	s->slot = slot;
	a->nslots += !a->slot_used[slot];
	a->slot_used[slot] = 1;
	return s;
}

int
alert_restore(struct alert_set *a, uint32_t slot, const uint8_t *p,
    size_t len)
{
	char			 key[ALERT_KEY_MAX];
	struct series		*s;
	struct alert_rule	*r;
	struct buf		 b;

	buf_reader(&b, p, len);
	if (slot == 0) {
		a->next_id = buf_get_u64(&b);
		return b.err ? -1 : 0;
	}
	if (slot >= SERIES_SLOTS)
		return -1;
	r = rule_of(a, &b, key);
	if (b.err)
		return -1;
	if ((s = series_of(a, slot, r, key)) == NULL ||
	    get_series(a, r, s, &b) == 0)
		return 0;
	series_drop(a, r, s);
	if (r->conf->key == KEY_NONE)
		series_get(a, r, "");
	return -1;
}

int
alert_restore_usual(struct alert_set *a, uint32_t slot, const uint8_t *p,
    size_t len)
{
	char			 key[ALERT_KEY_MAX];
	struct usual_clock	 clock;
	struct alert_rule	*r;
	struct series		*s;
	struct usual		 u;
	struct buf		 b;
	uint64_t		 what;

	buf_reader(&b, p, len);
	if (slot == 0 || slot >= SERIES_SLOTS)
		return -1;
	r = rule_of(a, &b, key);
	what = buf_get_u64(&b);
	if (b.err)
		return -1;
	/* Of another one of that name there are other keys, if any. */
	if (r != NULL && (!r->conf->usual || what != r->counts))
		r = NULL;
	if ((s = series_of(a, slot, r, key)) == NULL)
		return 0;
	if (usual_get(&clock, &u, a->now_us, alert_printed(a, a->now_us),
	    &b) == -1)
		return -1;
	/* The others were saved when they last counted. */
	if (clock.kept_us >= r->usual.kept_us)
		r->usual = clock;
	*s->usual = u;
	series_limit(a, r, s);
	return 0;
}
