#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/series.h"
#include "sandbox/compat.h"

#define BUCKET_FILL	8	/* keys of a bucket, until there are more */
#define ROOM_ALL	256	/* keys that are all looked at for room */
#define ROOM_SOME	32	/* of more keys */

#define FROZEN_US	86400000000ULL	/* a limit, while it fires */

/* ---- memory ---- */

void *
series_take(struct alert_set *a, size_t n)
{
	void	*p;

	if (!mem_take(a->mem, MEM_METERS, n))
		return NULL;
	if ((p = calloc(1, n)) == NULL)
		mem_give(a->mem, MEM_METERS, n);
	return p;
}

void
series_give(struct alert_set *a, void *p, size_t n)
{
	if (p == NULL)
		return;
	mem_give(a->mem, MEM_METERS, n);
	free(p);
}

static size_t
ring_size(const struct alert_rule *r)
{
	return (r->slices + 1) * sizeof(uint64_t);
}

static size_t
hist_size(const struct alert_rule *r)
{
	return (r->slices + 1) * HIST_BUCKETS * sizeof(uint32_t);
}

static void
series_free(struct alert_set *a, struct alert_rule *r, struct series *s)
{
	unsigned	 i;

	if (s == NULL)
		return;
	if (s->slot < SERIES_SLOTS) {
		a->nslots -= a->slot_used[s->slot];
		a->slot_used[s->slot] = 0;
		a->slot_gone[s->slot] = 1;
	}
	for (i = 0; i < RINGS; i++)
		series_give(a, s->ring[i], ring_size(r));
	series_give(a, s->usual, sizeof(*s->usual));
	series_give(a, s->hist, hist_size(r));
	series_give(a, s->hist_sum, HIST_BUCKETS * sizeof(uint64_t));
	series_give(a, s, sizeof(*s));
}

uint32_t
series_slot(struct alert_set *a)
{
	uint32_t	 i;

	/* With many keys most find none, and often. */
	for (i = 1; a->nslots < SERIES_SLOTS - 1 && i < SERIES_SLOTS; i++)
		if (!a->slot_used[i]) {
			a->nslots++;
			a->slot_used[i] = 1;
			a->slot_gone[i] = 0;
			return i;
		}
	return SERIES_SLOTS;
}

static struct series *
series_alloc(struct alert_set *a, struct alert_rule *r)
{
	struct series	*s;
	unsigned	 i;
	bool		 ok = true;

	if ((s = series_take(a, sizeof(*s))) == NULL)
		return NULL;
	s->slot = SERIES_SLOTS;
	for (i = 0; i < RINGS; i++)
		if (r->rings[i])
			ok &= (s->ring[i] =
			    series_take(a, ring_size(r))) != NULL;
	if (r->hist) {
		ok &= (s->hist = series_take(a, hist_size(r))) != NULL;
		ok &= (s->hist_sum = series_take(a,
		    HIST_BUCKETS * sizeof(uint64_t))) != NULL;
	}
	if (r->conf->usual)
		ok &= (s->usual = series_take(a, sizeof(*s->usual))) != NULL;
	if (!ok) {
		series_free(a, r, s);
		return NULL;
	}
	s->limit = r->conf->value;
	if (s->usual != NULL) {
		usual_begin(&r->usual, s->usual);
		/* It may be one of these; nothing is less than no past. */
		if (series_upward(r->conf))
			usual_raise(s->usual, &r->dropped);
		s->usual->sum = 0;
		series_limit(a, r, s);
	}
	return s;
}

/* ---- series of a rule ---- */

static struct series **
bucket_of(struct alert_rule *r, uint64_t hash)
{
	return r->many != NULL ? &r->many[hash % r->nmany] :
	    &r->few[hash % SERIES_BUCKETS];
}

static void
chain(struct alert_rule *r, struct series *s)
{
	struct series	**b = bucket_of(r, s->hash);

	s->chain = *b;
	*b = s;
}

/* Strangers may choose the keys. Without memory the chains grow. */
static void
grow(struct alert_set *a, struct alert_rule *r)
{
	struct series	**old = r->many, **new, *s;
	size_t		  n = old != NULL ? r->nmany : SERIES_BUCKETS;

	if (r->nkeys < n * BUCKET_FILL ||
	    (new = series_take(a, n * BUCKET_FILL * sizeof(*new))) == NULL)
		return;
	r->many = new;
	r->nmany = n * BUCKET_FILL;
	for (s = r->first; s != NULL; s = s->next)
		chain(r, s);
	if (old != NULL)
		series_give(a, old, n * sizeof(*old));
	else
		memset(r->few, 0, sizeof(r->few));
}

static struct series *
series_find(struct alert_rule *r, uint64_t hash, const char *key)
{
	struct series	*s;

	for (s = *bucket_of(r, hash); s != NULL; s = s->chain)
		if (s->hash == hash && strcmp(s->key, key) == 0)
			return s;
	return NULL;
}

void
series_drop(struct alert_set *a, struct alert_rule *r, struct series *gone)
{
	struct series	**pp;

	pp = bucket_of(r, gone->hash);
	while (*pp != gone)
		pp = &(*pp)->chain;
	*pp = gone->chain;
	if (gone->prev != NULL)
		gone->prev->next = gone->next;
	else
		r->first = gone->next;
	if (gone->next != NULL)
		gone->next->prev = gone->prev;
	if (r->hand == gone)
		r->hand = gone->next;
	r->nkeys--;
	series_free(a, r, gone);
}

void
series_clear(struct alert_set *a, struct alert_rule *r)
{
	while (r->first != NULL)
		series_drop(a, r, r->first);
	series_give(a, r->many, r->nmany * sizeof(*r->many));
	r->many = NULL;
	r->nmany = 0;
}

static uint64_t
activity(const struct series *s)
{
	return s->hist_sum != NULL ? hist_count(s->hist_sum) :
	    s->sum[RING_NUM] + s->sum[RING_DEN];
}

/* The least active key that nobody waits for; of many, of the next ones. */
static bool
make_room(struct alert_set *a, struct alert_rule *r)
{
	struct series	*s = r->hand, *least = NULL;
	uint64_t	 has, few = UINT64_MAX;
	unsigned	 i, n = ROOM_SOME;

	if (r->nkeys <= ROOM_ALL) {
		s = r->first;
		n = r->nkeys;
	}
	for (i = 0; i < n; i++) {
		if (s == NULL)
			s = r->first;
		if (s->state == ALERT_OK && (has = activity(s)) < few) {
			least = s;
			few = has;
		}
		s = s->next;
	}
	r->hand = s;
	r->other_keys++;
	if (least == NULL)
		return false;
	if (least->usual != NULL)
		usual_raise(&r->dropped, least->usual);
	series_drop(a, r, least);
	return true;
}

struct series *
series_get(struct alert_set *a, struct alert_rule *r, const char *key)
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
	grow(a, r);
	chain(r, s);
	if ((s->next = r->first) != NULL)
		s->next->prev = s;
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
void
series_move(const struct alert_rule *r, struct series *s)
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

void
series_add(const struct alert_rule *r, struct series *s, enum ring ring,
    uint64_t n)
{
	series_move(r, s);
	if (s->ring[ring] == NULL)
		return;
	s->dirty = true;
	s->ring[ring][s->slice % (r->slices + 1U)] += n;
	s->sum[ring] += n;
	/* What is counted while much is lost says nothing of other times. */
	if (s->usual != NULL && ring == RING_NUM && r->blind == ALERT_SEES)
		s->usual->sum += n;
}

void
series_level(const struct alert_rule *r, struct series *s, double level)
{
	const double	 limit = level * r->conf->value;

	s->level = level;
	/* To a thousandth: people read it. */
	s->limit = level < 0 ? level : limit < 1e12 ?
	    (double)(uint64_t)(limit * 1000 + 0.5) / 1000 : limit;
}

/*
 * What it had at other times, so many times. What fires must not become usual
 * by lasting, for a day.
 */
void
series_limit(const struct alert_set *a, const struct alert_rule *r,
    struct series *s)
{
	double	 level;

	if (s->usual == NULL ||
	    (series_fires(s) && a->now_us - s->fired_us < FROZEN_US))
		return;
	level = usual_level(&r->usual, s->usual, a->now_us, r->conf->span_us,
	    series_upward(r->conf));
	/* What fires needs a limit to clear at. */
	if (level >= 0 || !series_fires(s))
		series_level(r, s, level);
}

/* Half hours that are over. */
void
series_pass(const struct alert_set *a, struct alert_rule *r)
{
	struct series	*s;

	if (!r->conf->usual)
		return;
	while (usual_pass(&r->usual, a->now_us, r->blind == ALERT_SEES)) {
		for (s = r->first; s != NULL; s = s->next) {
			usual_end(&r->usual, s->usual);
			s->dirty = true;
		}
		usual_end(&r->usual, &r->dropped);
		usual_next(&r->usual);
	}
}

uint64_t
series_counts(const struct conf_alert *c)
{
	static const struct hash_key	 key;
	const uint8_t			 v[2] = { c->metric, c->key };

	return hash_bytes(&key, &c->select, sizeof(c->select)) ^
	    hash_bytes(&key, v, sizeof(v));
}

static bool
counts_same(const struct alert_rule *r, const struct alert_rule *other)
{
	return r->conf->usual && other->conf->usual &&
	    strcmp(r->conf->name, other->conf->name) == 0 &&
	    r->counts == other->counts;
}

void
series_inherit(struct alert_set *a, struct alert_rule *r,
    const struct alert_rule *other)
{
	const struct series	*had;
	struct series		*s;

	if (!counts_same(r, other))
		return;
	r->usual = other->usual;
	r->dropped = other->dropped;
	for (had = other->first; had != NULL; had = had->next)
		if ((s = series_get(a, r, had->key)) != NULL) {
			*s->usual = *had->usual;
			s->dirty = true;
		}
}

uint64_t
series_limits_us(const struct alert_rule *r, uint64_t now_us)
{
	const struct series	*s;
	uint64_t		 us;

	us = usual_changes(now_us, r->conf->span_us);
	for (s = r->first; s != NULL; s = s->next)
		if (series_fires(s) && s->fired_us + FROZEN_US > now_us &&
		    s->fired_us + FROZEN_US < us)
			us = s->fired_us + FROZEN_US;
	return us;
}

/* ---- what a rule looks at ---- */

static bool
same(const char *want, const char *have)
{
	return *want == '\0' || (have != NULL && strcmp(want, have) == 0);
}

bool
series_selects(const struct conf_select *c, const struct alert_what *w)
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

static bool
put_server(char *s, const struct alert_what *w)
{
	struct endpoint	 e;

	if (w->server == NULL)
		return false;
	e.addr = *w->server;
	e.port = w->port;
	endpoint_print(&e, s, ALERT_KEY_MAX);
	return true;
}

bool
series_key(enum conf_key key, const struct alert_what *w, char *s)
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
		if (w->client == NULL)
			return false;
		addr_print(w->client, s, ALERT_KEY_MAX);
		return true;
	case KEY_SERVER:
		return put_server(s, w);
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

/* ---- values ---- */

bool
series_holds(uint8_t op, double v, double limit)
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

bool
series_upward(const struct conf_alert *c)
{
	return c->op == OP_GE || c->op == OP_GT;
}

bool
series_is_time(const struct conf_alert *c)
{
	return c->metric == METRIC_RESPONSE_TIME ||
	    c->metric == METRIC_CONNECT_TIME;
}

bool
series_fires(const struct series *s)
{
	enum alert_state	 state = s->state;

	if (state == ALERT_UNKNOWN)
		state = s->before;
	return state == ALERT_FIRING || state == ALERT_CLEARING;
}

double
series_value(const struct alert_rule *r, const struct series *s)
{
	const struct conf_alert	*c = r->conf;

	if (c->metric == METRIC_COMPLETENESS)
		return s->complete;
	if (series_is_time(c))
		return (double)hist_quantile_us(s->hist_sum,
		    c->percentile / 100.0) / 1e6;
	if (c->metric != METRIC_RATIO)
		return (double)s->sum[RING_NUM];
	if (s->sum[RING_DEN] == 0)
		return 0.0;
	return (double)s->sum[RING_NUM] / (double)s->sum[RING_DEN];
}

bool
series_has_value(const struct alert_rule *r, const struct series *s)
{
	if (series_is_time(r->conf))
		return hist_count(s->hist_sum) > 0;
	return r->conf->metric != METRIC_RATIO || s->sum[RING_DEN] > 0;
}

void
series_peak(const struct alert_rule *r, struct series *s)
{
	if (!series_has_value(r, s))
		return;
	if (series_upward(r->conf) ? s->value > s->peak : s->value < s->peak) {
		s->peak = s->value;
		s->dirty = true;
	}
}

void
series_look(const struct alert_rule *r, struct series *s)
{
	series_move(r, s);
	s->value = series_value(r, s);
	if (s->state == ALERT_FIRING || s->state == ALERT_CLEARING)
		series_peak(r, s);
}
