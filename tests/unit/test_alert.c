#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/alert.h"
#include "analyzer/series.h"
#include "analyzer/series.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

#define S	1000000ULL
#define BEGIN	(1000 * S)
/* A half hour begins, and there was time before it. */
#define DAY_S	(1800 * 100000 - 1000)
#define BEGIN_DAY	(BEGIN + DAY_S * S)

/* A set of rules, a clock, and every event as a word. */
struct world {
	struct conf	 conf;
	struct conf_alert rule[4];
	struct mem	 mem;
	struct hash_key	 seed;
	struct alert_set *set;
	uint64_t	 now;
	uint64_t	 lossy_us;	/* until then little was seen */
	double		 complete;
	double		 watched;
	bool		 gone;
	char		 said[512];
	char		 told[512];	/* who counted */
	struct alert_event last;
	unsigned	 looks;		/* how often it was asked to look */
	char		 last_id[ALERT_ID_MAX];
};

static void
on_event(void *arg, const struct alert_event *e)
{
	struct world	*w = arg;
	size_t		 n = strlen(w->said);

	snprintf(w->said + n, sizeof(w->said) - n, "%s%s%s%s",
	    n == 0 ? "" : " ", alert_event_name(e->kind),
	    *e->key == '\0' ? "" : ":", e->key);
	w->last = *e;
	compat_strlcpy(w->last_id, e->id, sizeof(w->last_id));
}

static void
on_view(void *arg, const char *on, uint64_t now_us, uint64_t span_us,
    struct alert_view *v)
{
	struct world	*w = arg;

	(void)on;
	(void)span_us;
	w->looks++;
	v->gone = w->gone;
	v->complete = now_us < w->lossy_us ? 0.5 : w->complete;
	v->watched = w->watched;
}

static unsigned
on_top(void *arg, const struct conf_alert *c, const char *key,
    struct alert_top top[ALERT_TOP])
{
	(void)arg;
	(void)c;
	(void)key;
	compat_strlcpy(top[0].host, "a.example", sizeof(top[0].host));
	top[0].share = 0.61;
	return 1;
}

static uint64_t
on_time(void *arg, uint64_t us)
{
	(void)arg;
	return us;
}

static void
on_counted(void *arg, const struct conf_alert *c, const char *key,
    const struct alert_what *what)
{
	struct world	*w = arg;
	size_t		 n = strlen(w->told);

	snprintf(w->told + n, sizeof(w->told) - n, "%s%s:%s=%u",
	    n == 0 ? "" : " ", c->name, key, (unsigned)what->flow);
}

static const struct alert_ops test_ops = {
	on_event, on_view, on_top, on_time, on_counted
};

static struct conf_alert *
begin(struct world *w, enum conf_metric metric, enum conf_op op, double value,
    uint64_t span_s)
{
	struct conf_alert	*c = &w->rule[0];

	memset(w, 0, sizeof(*w));
	w->conf.alerts = w->rule;
	w->conf.nalerts = 1;
	w->mem.limit = 64 << 20;
	w->complete = w->watched = 1.0;
	w->now = BEGIN;
	compat_strlcpy(c->name, "r", sizeof(c->name));
	c->metric = (uint8_t)metric;
	c->op = (uint8_t)op;
	c->value = value;
	c->span_us = span_s * S;
	c->severity = SEV_WARNING;
	c->max_keys = 256;
	return c;
}

static void
start(struct world *w)
{
	w->set = alert_new(&w->conf, "41", &test_ops, w, &w->mem, &w->seed,
	    w->now);
	assert_non_null(w->set);
	alert_slices(w->set, w->now);
}

static void
end(struct world *w)
{
	alert_free(w->set);
	assert_int_equal(w->mem.used, 0);
}

static void
to(struct world *w, double seconds)
{
	w->now = BEGIN + (uint64_t)(seconds * 1e6);
	alert_slices(w->set, w->now);
}

static void
hits(struct world *w, const char *host, unsigned status, uint64_t n)
{
	struct alert_what	 what;

	memset(&what, 0, sizeof(what));
	what.iface = "eth0";
	what.tag = "dmz";
	what.host = (const uint8_t *)host;
	what.host_len = strlen(host);
	what.status = status;
	what.vlan = -1;
	if (status == 0)
		alert_count(w->set, METRIC_REQUESTS, &what, n);
	else
		alert_count(w->set, METRIC_RESPONSES, &what, n);
	alert_count(w->set, METRIC_MESSAGES, &what, n);
}

static void
said(struct world *w, const char *words)
{
	assert_string_equal(w->said, words);
	w->said[0] = '\0';
}

struct rows {
	uint8_t		 mem[16384];
	struct buf	 b;
	unsigned	 n;
};

static bool
next_row(void *arg, struct row_writer *rw)
{
	struct rows	*r = arg;

	row_begin(rw, &r->b, ROW_ALERT, 0);
	r->n++;
	return true;
}

static void
has(const struct row *row, const char *field, const char *want)
{
	const struct row_value	*v = row_value(row, field);

	assert_int_equal(v->s.n, strlen(want));
	assert_memory_equal(v->s.p, want, strlen(want));
}

/* The only row that is left of the rule; it points into r. */
static void
only_row(struct world *w, struct rows *r, struct row *row)
{
	struct buf	 b;

	r->n = 0;
	buf_writer(&r->b, r->mem, sizeof(r->mem));
	assert_true(alert_rows(w->set, true, NULL, next_row, r));
	assert_int_equal(r->n, 1);
	buf_reader(&b, r->mem, r->b.len);
	assert_int_equal(row_get(&b, row), 0);
}

static void
is_row(struct world *w, const char *key, const char *state, const char *why)
{
	struct rows	 r;
	struct row	 row;

	only_row(w, &r, &row);
	has(&row, "key", key);
	has(&row, "state", state);
	has(&row, "reason", why);
}

static void
a_count_fires_at_the_very_message(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, METRIC_MESSAGES, OP_GE, 100, 120);
	start(&w);
	to(&w, 0.3);
	hits(&w, "a", 0, 99);
	said(&w, "");
	hits(&w, "a", 0, 1);
	said(&w, "fired");
	assert_int_equal(w.last.time_us, BEGIN + 300000);
	assert_true(w.last.value == 100);
	assert_int_equal(w.last.ntop, 1);
	assert_string_equal(w.last_id, "41-1");
	hits(&w, "a", 0, 50);
	said(&w, "");
	end(&w);
}

static void
more_than_fires_above_only(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, METRIC_MESSAGES, OP_GT, 100, 120);
	start(&w);
	hits(&w, "a", 0, 100);
	said(&w, "");
	hits(&w, "a", 0, 1);
	said(&w, "fired");
	end(&w);
}

static void
it_clears_when_the_window_empties_on_an_idle_link(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, METRIC_MESSAGES, OP_GE, 100, 120);
	start(&w);
	to(&w, 0.5);
	hits(&w, "a", 0, 100);
	said(&w, "fired");
	to(&w, 119);
	said(&w, "");
	to(&w, 123);
	said(&w, "cleared");
	assert_in_range(w.last.after_us, 120 * S, 123 * S);
	assert_string_equal(w.last_id, "41-1");
	to(&w, 100000);
	said(&w, "");
	hits(&w, "a", 0, 100);
	said(&w, "fired");
	assert_string_equal(w.last_id, "41-2");
	end(&w);
}

/* Ten minutes of 99, 101, 99, ... in every window: one fired, no cleared. */
static void
a_wobble_makes_no_second_alert(void **state)
{
	struct world	 w;
	unsigned	 i;

	(void)state;
	begin(&w, METRIC_MESSAGES, OP_GE, 100, 10);
	start(&w);
	for (i = 0; i < 600; i++) {
		to(&w, i + 0.1);
		hits(&w, "a", 0, i / 10 % 2 == 0 ? 10 : 9);
	}
	said(&w, "fired");
	to(&w, 700);
	said(&w, "cleared");
	end(&w);
}

static void
compat_clears_at_once_below_the_limit(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	unsigned		 i;

	(void)state;
	c = begin(&w, METRIC_MESSAGES, OP_GE, 100, 10);
	c->compat = true;
	start(&w);
	for (i = 0; i < 10; i++) {
		to(&w, i + 0.1);
		hits(&w, "a", 0, 10);
	}
	to(&w, 10.05);
	said(&w, "fired");
	to(&w, 10.6);		/* 90 are left: not under 90 % */
	said(&w, "cleared");
	end(&w);
}

static void
for_waits_and_forgets(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	unsigned		 i;

	(void)state;
	c = begin(&w, METRIC_REQUESTS, OP_GE, 10, 10);
	c->for_us = 5 * S;
	start(&w);
	to(&w, 1);
	hits(&w, "a", 0, 10);
	to(&w, 5);
	said(&w, "");
	for (i = 5; i < 8; i++)
		to(&w, i);
	said(&w, "fired");
	end(&w);
	c->for_us = 30 * S;	/* the window empties before that */
	w.now = BEGIN;
	start(&w);
	hits(&w, "a", 0, 10);
	to(&w, 60);
	said(&w, "");
	end(&w);
}

static void
a_clear_band_of_its_own_is_used(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	unsigned		 i;

	(void)state;
	c = begin(&w, METRIC_MESSAGES, OP_GE, 100, 10);
	c->has_clear = true;
	c->clear_op = OP_LT;
	c->clear_value = 50;
	c->clear_for_us = 5 * S;
	start(&w);
	hits(&w, "a", 0, 100);
	said(&w, "fired");
	for (i = 1; i < 30; i++) {
		to(&w, i + 0.1);
		hits(&w, "a", 0, 6);
	}
	said(&w, "");			/* 60 in each window */
	to(&w, 36.2);	/* under 50 since 31.25 */
	said(&w, "");
	to(&w, 36.3);
	said(&w, "cleared");
	assert_int_equal((int)w.last.limit, 50);
	end(&w);
}

static void
small_values_do_not_fire_before_a_whole_span(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, METRIC_REQUESTS, OP_LT, 5, 20);
	start(&w);
	to(&w, 19);
	said(&w, "");
	to(&w, 21);
	said(&w, "fired");
	assert_int_equal(w.last.ntop, 0);
	hits(&w, "a", 0, 5);
	to(&w, 23);
	said(&w, "");			/* 5 is not above 110 % */
	hits(&w, "a", 0, 5);
	to(&w, 25);
	said(&w, "cleared");
	end(&w);
}

static void
a_ratio_needs_enough_to_divide(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	unsigned		 i;

	(void)state;
	c = begin(&w, METRIC_RATIO, OP_GT, 0.05, 10);
	c->ratio.status.lo = 500;
	c->ratio.status.hi = 599;
	c->ratio_of = METRIC_RESPONSES;
	c->key = KEY_HOST;
	c->at_least = 20;
	c->at_least_metric = METRIC_REQUESTS;
	start(&w);
	for (i = 0; i < 15; i++) {
		to(&w, i);
		hits(&w, "bad", 0, 10);
		hits(&w, "bad", 502, 1);
		hits(&w, "bad", 200, 9);
		hits(&w, "good", 0, 10);
		hits(&w, "good", 200, 10);
		hits(&w, "few", 0, 1);
		hits(&w, "few", 500, 1);
	}
	said(&w, "fired:bad");
	assert_true(w.last.value > 0.09 && w.last.value < 0.11);
	end(&w);
}

/* Requests have no status, and most of them are of a host that is known. */
static void
what_at_least_counts_need_not_be_selected(void **state)
{
	struct conf_alert	*c;
	struct world		 w;

	(void)state;
	c = begin(&w, METRIC_RESPONSES, OP_GE, 2, 10);
	c->select.status.lo = 500;
	c->select.status.hi = 599;
	c->at_least = 20;
	c->at_least_metric = METRIC_REQUESTS;
	start(&w);
	hits(&w, "bad", 0, 19);
	hits(&w, "bad", 502, 3);
	said(&w, "");
	hits(&w, "bad", 0, 1);
	said(&w, "fired");
	assert_int_equal((int)w.last.value, 3);
	end(&w);

	c = begin(&w, METRIC_NEW, OP_GE, 1, 10);
	c->key = KEY_HOST;
	c->at_least = 20;
	c->at_least_metric = METRIC_REQUESTS;
	start(&w);
	hits(&w, "one", 0, 19);
	said(&w, "");
	hits(&w, "one", 0, 1);
	said(&w, "fired");
	assert_int_equal((int)w.last.value, 1);
	end(&w);
}

/* The last of those in the span; no more than so many. */
static void
what_is_new_is_named(void **state)
{
	static const char *const names[] = { "old", "a", "b", "c", "d", "e",
	    "f" };
	struct conf_alert	*c;
	struct world		 w;
	uint8_t			 mem[2048];
	struct buf		 b;
	struct row		 row;
	unsigned		 i, n;

	(void)state;
	for (n = 2; n <= 6; n += 4) {
		c = begin(&w, METRIC_NEW, OP_GE, n, 10);
		c->key = KEY_HOST;
		start(&w);
		hits(&w, names[0], 0, 1);
		to(&w, 20);
		for (i = 1; i <= n; i++) {
			said(&w, "");
			hits(&w, names[i], 0, 3);
		}
		said(&w, "fired");
		assert_int_equal((int)w.last.value, n);
		buf_writer(&b, mem, sizeof(mem));
		alert_event_rows(&w.last, &b);
		buf_reader(&b, mem, b.len);
		for (i = n == 2 ? 1 : 2; buf_left(&b) > 0;) {
			assert_int_equal(row_get(&b, &row), 0);
			if (row.kind == ROW_NEW_KEY)
				assert_memory_equal(row.v[0].s.p, names[i++],
				    1);
		}
		assert_int_equal(i, n + 1);
		end(&w);
	}
}

static void
a_percentile_is_taken_over_the_span(void **state)
{
	struct alert_what	 what = { .iface = "eth0", .vlan = -1 };
	struct conf_alert	*c;
	struct world		 w;
	unsigned		 i;

	(void)state;
	c = begin(&w, METRIC_RESPONSE_TIME, OP_GT, 0.8, 24);
	c->percentile = 95;
	start(&w);
	for (i = 0; i < 30; i++) {
		to(&w, i);
		alert_sample(w.set, METRIC_RESPONSE_TIME, &what, 10000);
	}
	said(&w, "");
	for (; i < 40; i++) {
		to(&w, i);
		alert_sample(w.set, METRIC_RESPONSE_TIME, &what, 2000000);
	}
	said(&w, "fired");
	assert_in_range((uint64_t)(w.last.value * 1000), 1500, 2500);
	to(&w, 90);
	said(&w, "cleared");
	end(&w);
}

static void
nobody_recovers_because_nothing_is_seen(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, METRIC_MESSAGES, OP_GE, 100, 10);
	start(&w);
	hits(&w, "a", 0, 100);
	said(&w, "fired");
	w.complete = 0.5;
	to(&w, 30);
	said(&w, "unknown");
	assert_string_not_equal(w.last_id, "");
	assert_true(w.last.first_us > 0 && w.last.peak >= 100);
	to(&w, 60);
	said(&w, "");
	w.complete = 1.0;
	to(&w, 70);
	said(&w, "cleared");
	/* The alert is over: what follows is not told of it. */
	w.gone = true;
	to(&w, 75);
	said(&w, "unknown");
	assert_string_equal(w.last_id, "");
	assert_true(w.last.first_us == 0 && w.last.after_us == 0);
	assert_true(w.last.peak == 0);
	w.gone = false;
	to(&w, 83);
	said(&w, "");
	to(&w, 90);
	said(&w, "known");
	assert_string_equal(w.last_id, "");
	assert_true(w.last.first_us == 0 && w.last.peak == 0);
	end(&w);
}

static void
after_an_outage_a_whole_span_is_waited_for(void **state)
{
	struct world	 w;
	int		 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin(&w, METRIC_MESSAGES, i == 0 ? OP_GE : OP_LT,
		    i == 0 ? 100 : 1, 10);
		start(&w);
		hits(&w, "a", 0, 100);
		said(&w, i == 0 ? "fired" : "");
		w.gone = true;
		to(&w, 30);
		said(&w, "unknown");
		w.gone = false;
		to(&w, 38);
		said(&w, "");
		to(&w, 45);
		said(&w, i == 0 ? "cleared" : "fired");
		end(&w);
	}
}

/* Nothing was counted yet by any key: the rule knows of the outage. */
static void
a_key_met_after_an_outage_waits_for_a_whole_span(void **state)
{
	struct conf_alert	*c;
	struct world		 w;

	(void)state;
	c = begin(&w, METRIC_MESSAGES, OP_LT, 5, 10);
	c->key = KEY_HOST;
	start(&w);
	w.gone = true;
	to(&w, 30);
	is_row(&w, "", "unknown", "no interface is up");
	w.gone = false;
	to(&w, 31);
	hits(&w, "a", 0, 2);
	to(&w, 39);
	said(&w, "");
	is_row(&w, "a", "unknown", "no interface was up within the span");
	to(&w, 41);
	said(&w, "fired:a");
	is_row(&w, "a", "firing", "");
	end(&w);
}

static void
what_is_unknown_says_why(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, METRIC_MESSAGES, OP_GE, 100, 10);
	start(&w);
	w.complete = 0.9;
	to(&w, 1);
	is_row(&w, "", "unknown", "too much was lost within the span");
	w.complete = w.watched = 0.6;
	to(&w, 2);
	is_row(&w, "", "unknown", "a process was lost within the span");
	w.gone = true;
	to(&w, 3);
	is_row(&w, "", "unknown", "no interface is up");
	end(&w);
}

static void
unless_lossy_blocks_firing_and_else_it_fires(void **state)
{
	struct conf_alert	*c;
	struct world		 w;

	(void)state;
	c = begin(&w, METRIC_MESSAGES, OP_GE, 100, 10);
	start(&w);
	w.complete = 0.9;
	hits(&w, "a", 0, 100);
	said(&w, "fired");
	end(&w);
	c->unless_lossy = true;
	w.now = BEGIN;
	start(&w);
	hits(&w, "a", 0, 100);
	said(&w, "unknown");
	to(&w, 5);
	said(&w, "");
	end(&w);
}

static void
completeness_itself_can_be_watched(void **state)
{
	struct conf_alert	*c;
	struct world		 w;

	(void)state;
	c = begin(&w, METRIC_COMPLETENESS, OP_LT, 0.95, 10);
	c->for_us = 10 * S;
	start(&w);
	to(&w, 20);
	w.complete = 0.5;
	to(&w, 25);
	said(&w, "");
	to(&w, 35);
	said(&w, "fired");
	w.complete = 0.96;
	to(&w, 50);
	said(&w, "");
	w.complete = 1.0;
	to(&w, 60);
	said(&w, "cleared");
	w.gone = true;			/* all of nothing is not well */
	to(&w, 62);
	said(&w, "unknown");
	w.gone = false;
	to(&w, 64);
	said(&w, "known");
	w.complete = 0.5;
	to(&w, 75);
	said(&w, "fired");
	end(&w);
}

static void
repeat_and_worse_are_told(void **state)
{
	struct conf_alert	*c;
	struct world		 w;

	(void)state;
	c = begin(&w, METRIC_MESSAGES, OP_GE, 100, 60);
	c->repeat_us = 20 * S;
	start(&w);
	hits(&w, "a", 0, 100);
	said(&w, "fired");
	to(&w, 19);
	said(&w, "");
	to(&w, 22);
	said(&w, "repeated");
	hits(&w, "a", 0, 100);
	to(&w, 24);
	said(&w, "worse");
	assert_true(w.last.peak == 200);
	end(&w);
}

static void
selections_leave_others_out(void **state)
{
	struct conf_alert	*c;
	struct world		 w;

	(void)state;
	c = begin(&w, METRIC_REQUESTS, OP_GE, 10, 10);
	compat_strlcpy(c->select.host, "*.example", sizeof(c->select.host));
	compat_strlcpy(c->select.tag, "dmz", sizeof(c->select.tag));
	compat_strlcpy(c->select.on, "eth*", sizeof(c->select.on));
	start(&w);
	hits(&w, "other.test", 0, 100);
	said(&w, "");
	hits(&w, "a.example", 0, 10);
	said(&w, "fired");
	end(&w);
	compat_strlcpy(c->select.tag, "lan", sizeof(c->select.tag));
	w.now = BEGIN;
	start(&w);
	hits(&w, "a.example", 0, 10);
	said(&w, "");
	end(&w);
}

static unsigned
keys_of(struct world *w)
{
	struct alert_counts	 n;
	unsigned		 i, sum = 0;

	alert_counts(w->set, &n);
	for (i = 0; i < ALERT_STATES; i++)
		sum += n.state[i];
	return sum;
}

static void
keys_are_bounded_and_those_that_fire_stay(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	char			 host[16];
	unsigned		 i;

	(void)state;
	c = begin(&w, METRIC_REQUESTS, OP_GE, 10, 60);
	c->key = KEY_HOST;
	c->max_keys = 8;
	start(&w);
	hits(&w, "hot", 0, 10);
	said(&w, "fired:hot");
	for (i = 0; i < 500; i++) {
		snprintf(host, sizeof(host), "h%u", i);
		hits(&w, host, 0, 1);
		assert_in_range(keys_of(&w), 1, 8);
	}
	said(&w, "");
	to(&w, 63);
	said(&w, "cleared:hot");
	end(&w);
}

static void
many_firings_become_one_storm(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	char			 host[16];
	unsigned		 i, fired = 0;
	struct row		 row;
	struct buf		 b;
	uint8_t			 mem[2048];

	(void)state;
	c = begin(&w, METRIC_REQUESTS, OP_GE, 10, 300);
	c->key = KEY_HOST;
	start(&w);
	for (i = 0; i < 100; i++) {
		to(&w, 1 + i * 0.1);
		snprintf(host, sizeof(host), "h%u", i);
		hits(&w, host, 0, 10);
		fired += w.said[0] != '\0';
		w.said[0] = '\0';
	}
	assert_int_equal(fired, ALERT_STORM);
	to(&w, 70);
	said(&w, "storm");
	assert_string_equal(w.last_id, "");
	assert_int_equal(w.last.count, 100);
	buf_writer(&b, mem, sizeof(mem));
	alert_event_rows(&w.last, &b);
	buf_reader(&b, mem, b.len);
	assert_int_equal(row_get(&b, &row), 0);
	assert_true(row_value(&row, "value")->d == 100);
	assert_true(row_value(&row, "limit")->d == ALERT_STORM);
	assert_true(row_value(&row, "span_seconds")->d == 60);
	end(&w);
}

static void
new_keys_are_counted_once(void **state)
{
	struct conf_alert	*c;
	struct world		 w;

	(void)state;
	c = begin(&w, METRIC_NEW, OP_GE, 3, 60);
	c->key = KEY_HOST;
	start(&w);
	hits(&w, "a", 0, 100);
	hits(&w, "b", 0, 100);
	hits(&w, "a", 0, 100);
	said(&w, "");
	hits(&w, "c", 0, 1);
	said(&w, "fired");
	end(&w);
}

static void
a_reload_keeps_what_did_not_change(void **state)
{
	struct conf_alert	*c;
	struct conf		 conf2;
	struct conf_alert	 rules2[2];
	struct world		 w;

	(void)state;
	c = begin(&w, METRIC_MESSAGES, OP_GE, 100, 120);
	start(&w);
	hits(&w, "a", 0, 60);
	memset(&conf2, 0, sizeof(conf2));
	memset(rules2, 0, sizeof(rules2));
	rules2[0] = *c;
	compat_strlcpy(rules2[0].name, "first", sizeof(rules2[0].name));
	rules2[0].value = 1000;
	rules2[1] = *c;
	conf2.alerts = rules2;
	conf2.nalerts = 2;
	assert_int_equal(alert_reconf(w.set, &conf2), 0);
	hits(&w, "a", 0, 40);
	said(&w, "fired");
	assert_int_equal(w.last.number, 2);
	conf2.nalerts = 1;
	assert_int_equal(alert_reconf(w.set, &conf2), 0);
	said(&w, "ended");
	end(&w);
}

#ifndef NETMON_SAN		/* which ends a process that asks for so much */
/* More rules than there is memory for. */
static void
a_reload_without_memory_changes_nothing(void **state)
{
	struct conf	 conf2;
	struct world	 w;

	(void)state;
	begin(&w, METRIC_MESSAGES, OP_GE, 100, 120);
	start(&w);
	memset(&conf2, 0, sizeof(conf2));
	conf2.nalerts = (size_t)UINT32_MAX << 31;
	assert_int_equal(alert_reconf(w.set, &conf2), -1);
	assert_true(alert_wants(w.set, METRIC_MESSAGES));
	hits(&w, "a", 0, 100);
	said(&w, "fired");
	end(&w);
}
#endif

static void
an_ended_daemon_says_so(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, METRIC_MESSAGES, OP_GE, 100, 120);
	start(&w);
	hits(&w, "a", 0, 100);
	hits(&w, "a", 0, 20);
	alert_end(w.set);
	said(&w, "fired ended");
	assert_int_equal((int)w.last.value, 120);
	assert_int_equal((int)w.last.peak, 120);
	alert_end(w.set);
	said(&w, "");
	end(&w);
}

static void
state_window_and_ids_survive_the_process(void **state)
{
	struct {
		uint32_t	 slot;
		size_t		 len;
		uint8_t		 data[512];
	}		 saved[8];
	struct alert_saving at = { 0 };
	struct world	 w;
	struct rows	 r;
	struct row	 row;
	unsigned	 i, n = 0;

	(void)state;
	begin(&w, METRIC_MESSAGES, OP_GE, 100, 120);
	start(&w);
	for (i = 0; i < 50; i++) {
		to(&w, i);
		hits(&w, "a", 0, 3);
	}
	said(&w, "fired");
	while (n < 8 && alert_save(w.set, &at, &saved[n].slot, saved[n].data,
	    512, &saved[n].len))
		n++;
	assert_int_equal(n, 2);
	end(&w);

	start(&w);
	for (i = 0; i < n; i++)
		assert_int_equal(alert_restore(w.set, saved[i].slot,
		    guard_copy(saved[i].data, saved[i].len), saved[i].len),
		    0);
	only_row(&w, &r, &row);
	assert_int_equal(row_value(&row, "fired_total")->u, 1);
	to(&w, 60);
	said(&w, "");		/* it goes on firing: the window is there */
	to(&w, 200);
	said(&w, "cleared");
	assert_string_equal(w.last_id, "41-1");
	assert_true(w.last.restarted);
	hits(&w, "a", 0, 100);
	said(&w, "fired");
	assert_string_equal(w.last_id, "41-2");
	assert_false(w.last.restarted);
	end(&w);
}

static void
an_outage_before_a_loss_of_the_process_is_known(void **state)
{
	struct alert_saving at = { 0 };
	uint32_t	 slot;
	uint8_t		 data[512];
	size_t		 len;
	struct world	 w;

	(void)state;
	begin(&w, METRIC_MESSAGES, OP_LT, 1, 10);
	start(&w);
	hits(&w, "a", 0, 100);
	w.gone = true;
	to(&w, 29);
	while (alert_save(w.set, &at, &slot, data, sizeof(data), &len))
		continue;
	memset(&at, 0, sizeof(at));
	to(&w, 30);
	w.gone = false;
	to(&w, 31);
	said(&w, "unknown");
	assert_true(alert_save(w.set, &at, &slot, data, sizeof(data), &len));
	end(&w);

	start(&w);
	assert_int_equal(alert_restore(w.set, slot, guard_copy(data, len),
	    len), 0);
	to(&w, 39);
	said(&w, "");
	to(&w, 41);
	said(&w, "fired");
	end(&w);
}

#define CROWD	20000		/* keys */
#define SAVED	4096		/* what is kept of them, with the next id */

static void
crowd(struct world *w, double value, size_t hosts)
{
	struct conf_alert	*c;
	char			 host[24];
	size_t			 i;

	c = begin(w, METRIC_MESSAGES, OP_GE, value, 10);
	c->key = KEY_HOST;
	c->max_keys = CROWD;
	w->mem.limit = 1024 << 20;
	start(w);
	hits(w, "busy", 0, 99);
	for (i = 1; i < hosts; i++) {
		snprintf(host, sizeof(host), "h%zu", i);
		hits(w, host, 0, 1);
	}
}

/* Strangers choose how many there are: each call goes on behind the last. */
static void
a_crowd_of_series_is_saved_in_one_pass(void **state)
{
	static uint8_t		 slots[SAVED];
	struct alert_saving	 at;
	const struct series	*s;
	struct world		 w;
	uint8_t			 data[512];
	uint32_t		 slot;
	size_t			 len, i, n, round;

	(void)state;
	crowd(&w, 1, CROWD);
	for (round = 0; round < 2; round++) {
		to(&w, 5 + 30 * (double)round);
		memset(slots, 0, sizeof(slots));
		memset(&at, 0, sizeof(at));
		s = w.set->rule[0].first;
		for (n = 0; alert_save(w.set, &at, &slot, data, sizeof(data),
		    &len); n++) {
			assert_in_range(slot, 0, SAVED - 1);
			slots[slot]++;
			while (at.next != NULL && s != at.next)
				assert_non_null(s = s->next);
		}
		assert_int_equal(n, round == 0 ? SAVED : SAVED - 1);
		for (i = 1; i < SAVED; i++)
			assert_int_equal(slots[i], 1);
	}
	end(&w);
}

/* Nor does a key take longer to find, and the busy ones stay. */
static void
a_crowd_of_keys_has_short_chains(void **state)
{
	const struct alert_rule	*r;
	const struct series	*s;
	struct world		 w;
	size_t			 i, len, keys = 0;

	(void)state;
	crowd(&w, 100, 3 * CROWD);
	r = &w.set->rule[0];
	assert_int_equal(r->nkeys, CROWD);
	assert_non_null(r->many);
	for (i = 0; i < r->nmany; i++, keys += len) {
		for (len = 0, s = r->many[i]; s != NULL; s = s->chain)
			len++;
		assert_in_range(len, 0, 64);
	}
	assert_int_equal(keys, CROWD);
	said(&w, "");
	hits(&w, "busy", 0, 1);
	said(&w, "fired:busy");
	end(&w);
}

static void
damaged_slots_are_refused(void **state)
{
	struct alert_saving at = { 0 };
	struct world	 w;
	uint8_t		 data[512];
	uint32_t	 slot;
	size_t		 len, n;

	(void)state;
	begin(&w, METRIC_MESSAGES, OP_GE, 100, 120);
	start(&w);
	hits(&w, "a", 0, 100);
	alert_save(w.set, &at, &slot, data, sizeof(data), &len);
	assert_true(alert_save(w.set, &at, &slot, data, sizeof(data), &len));
	for (n = 0; n < len; n++)
		alert_restore(w.set, slot, guard_copy(data, n), n);
	assert_int_equal(alert_restore(w.set, slot, data, 3), -1);
	end(&w);
}

static void
rows_follow_the_table(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	struct rows		 r = { .n = 0 };
	struct row		 row;
	struct buf		 b;
	uint8_t			 mem[2048];

	(void)state;
	c = begin(&w, METRIC_REQUESTS, OP_GE, 10, 60);
	c->key = KEY_HOST;
	start(&w);
	buf_writer(&r.b, r.mem, sizeof(r.mem));
	assert_true(alert_rows(w.set, false, NULL, next_row, &r));
	assert_int_equal(r.n, 1);
	hits(&w, "hot", 0, 12);
	hits(&w, "warm", 0, 5);
	assert_true(alert_rows(w.set, true, "r", next_row, &r));
	assert_int_equal(r.n, 2);
	assert_true(alert_rows(w.set, false, "nobody", next_row, &r));
	assert_int_equal(r.n, 2);
	buf_reader(&b, r.mem, r.b.len);
	assert_int_equal(row_get(&b, &row), 0);
	assert_int_equal(row_get(&b, &row), 0);
	assert_memory_equal(row_value(&row, "state")->s.p, "firing", 6);
	assert_true(row_value(&row, "value")->d == 12);
	buf_writer(&b, mem, sizeof(mem));
	w.last.evidence = 616;
	alert_event_rows(&w.last, &b);
	buf_reader(&b, mem, b.len);
	assert_int_equal(row_get(&b, &row), 0);
	assert_int_equal(row.kind, ROW_ALERT_EVENT);
	assert_true(row_value(&row, "evidence_packets")->u == 616);
	assert_int_equal(row_get(&b, &row), 0);
	assert_int_equal(row.kind, ROW_CONTRIBUTOR);
	assert_int_equal(buf_left(&b), 0);
	end(&w);
}

static void
time_begins_with_the_first_packet_of_a_file(void **state)
{
	struct rows	 r = { .n = 0 };
	struct world	 w;
	struct row	 row;
	struct buf	 b;

	(void)state;
	begin(&w, METRIC_REQUESTS, OP_GE, 10, 60);
	w.now = 0;
	start(&w);
	to(&w, 0);
	to(&w, 30);
	buf_writer(&r.b, r.mem, sizeof(r.mem));
	assert_true(alert_rows(w.set, false, NULL, next_row, &r));
	buf_reader(&b, r.mem, r.b.len);
	assert_int_equal(row_get(&b, &row), 0);
	assert_true(row_value(&row, "for_seconds")->d == 30);
	assert_int_equal(row_value(&row, "since_time")->u, BEGIN);
	end(&w);
}

static void
memory_is_bounded_and_a_refusal_is_survived(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	char			 host[16];
	unsigned		 i;

	(void)state;
	c = begin(&w, METRIC_REQUESTS, OP_GE, 10, 60);
	c->key = KEY_HOST;
	w.mem.limit = 8192;
	start(&w);
	for (i = 0; i < 100; i++) {
		snprintf(host, sizeof(host), "h%u", i);
		hits(&w, host, 0, 1);
		assert_true(w.mem.used <= w.mem.limit);
	}
	assert_true(w.mem.refused[MEM_METERS] > 0);
	end(&w);
}

/* Nothing is less than 90 % of nothing. */
static void
a_limit_of_0_clears_at_0(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, METRIC_REQUESTS, OP_GT, 0, 10);
	start(&w);
	hits(&w, "a", 0, 1);
	said(&w, "fired");
	to(&w, 8);
	said(&w, "");
	to(&w, 12);
	said(&w, "cleared");
	end(&w);
}

/* 0 of 0 is not worse than a part, nor is no time a short one. */
static void
nothing_to_divide_is_not_worse(void **state)
{
	struct alert_what	 what = { .iface = "eth0", .vlan = -1 };
	struct conf_alert	*c;
	struct world		 w;
	unsigned		 i;

	(void)state;
	c = begin(&w, METRIC_RATIO, OP_LT, 0.9, 10);
	c->ratio.status.lo = 200;
	c->ratio.status.hi = 299;
	c->ratio_metric = c->ratio_of = METRIC_RESPONSES;
	start(&w);
	for (i = 0; i < 12; i++) {
		to(&w, i);
		hits(&w, "a", 200, 8);
		hits(&w, "a", 500, 2);
	}
	said(&w, "fired");
	to(&w, 60);
	said(&w, "");
	alert_end(w.set);
	said(&w, "ended");
	assert_true(w.last.peak == 0.8);
	end(&w);

	c = begin(&w, METRIC_RESPONSE_TIME, OP_LT, 0.8, 10);
	c->percentile = 50;
	start(&w);
	for (i = 0; i < 12; i++) {
		to(&w, i);
		alert_sample(w.set, METRIC_RESPONSE_TIME, &what, 500000);
	}
	said(&w, "fired");
	to(&w, 60);
	said(&w, "");
	end(&w);
}

/* Of a value that jumps up out of the clear band and down again. */
static void
a_peak_while_it_clears_is_kept(void **state)
{
	struct conf_alert	*c;
	struct world		 w;

	(void)state;
	c = begin(&w, METRIC_REQUESTS, OP_GE, 10, 1);
	c->has_clear = true;
	c->clear_op = OP_LT;
	c->clear_value = 10;
	c->clear_for_us = 5 * S;
	start(&w);
	hits(&w, "a", 0, 10);
	said(&w, "fired");
	to(&w, 2.1);
	hits(&w, "a", 0, 8);
	to(&w, 2.9);
	hits(&w, "a", 0, 8);
	to(&w, 20);
	said(&w, "cleared");
	assert_true(w.last.peak == 16);
	end(&w);
}

/* The rest of a storm is told when there is no minute left to wait. */
static void
a_storm_is_told_at_the_end(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	char			 host[16];
	unsigned		 i;

	(void)state;
	c = begin(&w, METRIC_REQUESTS, OP_GE, 10, 300);
	c->key = KEY_HOST;
	start(&w);
	for (i = 0; i < 30; i++) {
		snprintf(host, sizeof(host), "h%u", i);
		hits(&w, host, 0, 10);
		w.said[0] = '\0';
	}
	alert_end(w.set);
	assert_non_null(strstr(w.said, "storm"));
	w.said[0] = '\0';
	alert_end(w.set);
	said(&w, "");
	end(&w);
}

/* However long it is, no slice of a span is nearly empty. */
static void
a_span_is_cut_in_equal_slices(void **state)
{
	static const uint64_t	 ms[] = { 1000, 1100, 1249, 31000, 61000,
	    601000, 3599000, 3600000 };
	const struct alert_rule	*r;
	struct conf_alert	*c;
	struct world		 w;
	size_t			 i, k;

	(void)state;
	for (i = 0; i < 2 * sizeof(ms) / sizeof(ms[0]); i++) {
		k = i / 2;
		c = begin(&w, i % 2 == 0 ? METRIC_REQUESTS :
		    METRIC_RESPONSE_TIME, OP_GE, 10, 1);
		c->percentile = 95;
		c->span_us = ms[k] * 1000;
		start(&w);
		r = &w.set->rule[0];
		assert_true(r->slices * r->slice_us >= c->span_us);
		assert_true(r->slices * r->slice_us - c->span_us < r->slices);
		assert_true(r->slice_us >= 250000);
		if (i % 2 == 0)
			assert_true(r->slice_us <= 5000000);
		end(&w);
	}
}

/* Of those whose times are taken, too, the least active one makes room. */
static void
the_busiest_keys_of_times_stay(void **state)
{
	struct alert_what	 what = { .iface = "eth0", .vlan = -1 };
	struct conf_alert	*c;
	struct world		 w;
	char			 host[16];
	unsigned		 i, k;

	(void)state;
	c = begin(&w, METRIC_RESPONSE_TIME, OP_GT, 0.8, 10);
	c->percentile = 50;
	c->key = KEY_HOST;
	c->max_keys = 4;
	c->at_least = 50;
	c->at_least_metric = METRIC_RESPONSES;
	start(&w);
	for (i = 0; i < 200; i++) {
		to(&w, i * 0.1);
		snprintf(host, sizeof(host), "h%u", i);
		for (k = i < 4; k < 2; k++) {
			what.host = (const uint8_t *)(k ? host : "busy");
			what.host_len = strlen((const char *)what.host);
			alert_sample(w.set, METRIC_RESPONSE_TIME, &what,
			    2000000);
			alert_count(w.set, METRIC_RESPONSES, &what, 1);
		}
	}
	said(&w, "fired:busy");
	end(&w);
}

/* As a file has it, and a machine that slept. */
static void
what_is_due_in_an_idle_stretch_is_told_then(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	char			 host[16];
	unsigned		 i;

	(void)state;
	c = begin(&w, METRIC_REQUESTS, OP_LT, 1, 1);
	c->repeat_us = 20 * S;
	start(&w);
	to(&w, 3);
	said(&w, "fired");
	to(&w, 70);
	said(&w, "repeated repeated repeated");
	assert_in_range(w.last.time_us, BEGIN + 61 * S, BEGIN + 62 * S);
	end(&w);

	c = begin(&w, METRIC_REQUESTS, OP_GE, 10, 1);
	c->key = KEY_HOST;
	start(&w);
	for (i = 0; i < 30; i++) {
		snprintf(host, sizeof(host), "h%u", i);
		hits(&w, host, 0, 10);
		w.said[0] = '\0';
	}
	to(&w, 9000);
	assert_string_equal(w.said + strlen(w.said) - 5, "storm");
	assert_int_equal(w.last.time_us, BEGIN + 60 * S);
	end(&w);
}

/* Time moves far in one step where a file has a pause. */
static void
a_pause_is_seen_as_it_was_at_each_moment(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, METRIC_REQUESTS, OP_GE, 10, 10);
	start(&w);
	hits(&w, "a", 0, 10);
	w.lossy_us = BEGIN + 10500000;
	to(&w, 100);
	said(&w, "fired unknown cleared");
	assert_in_range(w.last.time_us, w.lossy_us, BEGIN + 11 * S);
	end(&w);
}

/* Of those that are ok a key with nothing to divide is not the worst. */
static void
the_worst_key_has_a_value(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	struct rows		 r = { .n = 0 };
	struct row		 row;
	struct buf		 b;
	unsigned		 i;

	(void)state;
	c = begin(&w, METRIC_RATIO, OP_LT, 0.2, 10);
	c->ratio.status.lo = 200;
	c->ratio.status.hi = 299;
	c->ratio_metric = c->ratio_of = METRIC_RESPONSES;
	c->key = KEY_HOST;
	start(&w);
	hits(&w, "first", 200, 1);
	for (i = 0; i < 30; i++) {
		to(&w, i);
		hits(&w, "busy", i % 2 == 0 ? 200 : 500, 1);
	}
	hits(&w, "last", 200, 1);
	to(&w, 38);
	buf_writer(&r.b, r.mem, sizeof(r.mem));
	assert_true(alert_rows(w.set, false, NULL, next_row, &r));
	assert_int_equal(r.n, 1);
	buf_reader(&b, r.mem, r.b.len);
	assert_int_equal(row_get(&b, &row), 0);
	has(&row, "key", "busy");
	end(&w);
}

/* 110 % of a part may be more than there is, and of a ratio less. */
static void
a_part_clears_at_the_whole_and_a_ratio_above(void **state)
{
	struct conf_alert	*c;
	struct world		 w;
	unsigned		 i;

	(void)state;
	begin(&w, METRIC_COMPLETENESS, OP_LT, 1, 10);
	start(&w);
	to(&w, 20);
	w.complete = 0.99;
	to(&w, 21);
	said(&w, "fired");
	w.complete = 1.0;
	to(&w, 22);
	said(&w, "cleared");
	end(&w);

	c = begin(&w, METRIC_RATIO, OP_LT, 4, 10);
	c->ratio_metric = METRIC_MESSAGES;
	c->ratio_of = METRIC_RESPONSES;
	start(&w);
	for (i = 0; i < 40; i++) {	/* three of one */
		to(&w, i);
		hits(&w, "a", 200, 1);
		hits(&w, "a", 0, 2);
	}
	said(&w, "fired");
	for (; i < 60; i++) {
		to(&w, i);
		hits(&w, "a", 200, 1);
		hits(&w, "a", 0, 5);
	}
	said(&w, "cleared");
	end(&w);
}

/* A connection's request (status 0), response, or its time. */
static void
by(struct world *w, unsigned flow, const char *host, unsigned status,
    uint64_t us)
{
	struct alert_what	 what;

	memset(&what, 0, sizeof(what));
	what.flow = flow;
	what.host = (const uint8_t *)host;
	what.host_len = strlen(host);
	what.status = status;
	what.vlan = -1;
	if (us != 0)
		alert_sample(w->set, METRIC_RESPONSE_TIME, &what, us);
	else
		alert_count(w->set, status == 0 ? METRIC_REQUESTS :
		    METRIC_RESPONSES, &what, 1);
}

static void
told(struct world *w, const char *words)
{
	assert_string_equal(w->told, words);
	w->told[0] = '\0';
}

static void
who_counted_is_told_for_evidence(void **state)
{
	struct conf_log		 log;
	struct world		 w;
	struct conf_alert	*c;

	(void)state;
	c = begin(&w, METRIC_REQUESTS, OP_GE, 3, 10);
	start(&w);
	by(&w, 1, "a", 0, 0);
	told(&w, "");
	assert_false(alert_looks(w.set, METRIC_REQUESTS));

	/* A reload turns it on for a rule that goes on, and off again. */
	conf_evidence_defaults(&log);
	w.conf.logs = &log;
	w.conf.nlogs = 1;
	assert_int_equal(alert_reconf(w.set, &w.conf), 0);
	assert_true(alert_looks(w.set, METRIC_REQUESTS));
	by(&w, 2, "a", 0, 0);
	by(&w, 0, "a", 0, 0);	/* of many: nobody */
	said(&w, "fired");
	told(&w, "r:=2");
	w.conf.nlogs = 0;
	assert_int_equal(alert_reconf(w.set, &w.conf), 0);
	by(&w, 2, "a", 0, 0);
	told(&w, "");

	/* With its key, before it fires; what is not selected is not. */
	w.conf.nlogs = 1;
	compat_strlcpy(c->name, "k", sizeof(c->name));
	c->key = KEY_HOST;
	compat_strlcpy(c->select.host, "[ab]", sizeof(c->select.host));
	assert_int_equal(alert_reconf(w.set, &w.conf), 0);
	w.said[0] = '\0';
	by(&w, 3, "a", 0, 0);
	by(&w, 4, "b", 0, 0);
	by(&w, 5, "c", 0, 0);
	told(&w, "k:a=3 k:b=4");
	end(&w);
}

static void
what_is_divided_by_and_what_was_fast_are_no_evidence(void **state)
{
	struct conf_log		 log;
	struct world		 w;
	struct conf_alert	*c;

	(void)state;
	conf_evidence_defaults(&log);
	c = begin(&w, METRIC_RATIO, OP_GT, 0.5, 10);
	c->ratio_metric = c->ratio_of = METRIC_RESPONSES;
	c->ratio.status.lo = 500;
	c->ratio.status.hi = 599;
	w.conf.logs = &log;
	w.conf.nlogs = 1;
	start(&w);
	by(&w, 1, "a", 200, 0);
	by(&w, 2, "a", 500, 0);
	told(&w, "r:=2");
	end(&w);

	c = begin(&w, METRIC_RESPONSE_TIME, OP_GT, 0.5, 10);
	c->percentile = 95;
	w.conf.logs = &log;
	w.conf.nlogs = 1;
	start(&w);
	by(&w, 1, "a", 200, 400000);
	by(&w, 2, "a", 200, 600000);
	told(&w, "r:=2");
	end(&w);

	c = begin(&w, METRIC_NEW, OP_GE, 1, 10);
	c->key = KEY_HOST;
	w.conf.logs = &log;
	w.conf.nlogs = 1;
	start(&w);
	by(&w, 1, "a", 0, 0);
	by(&w, 2, "a", 0, 0);
	by(&w, 3, "b", 0, 0);
	told(&w, "r:=1 r:=3");
	end(&w);
}

/* ---- what is usual ---- */

/* A day of traffic, minute by minute: from one second of it to another. */
static void
minutes(struct world *w, double from, double until, uint64_t each)
{
	for (; from < until; from += 60) {
		to(w, from + 30);
		hits(w, "a.example", 0, each);
		to(w, from + 60);
	}
}

static struct conf_alert *
begin_usual(struct world *w, enum conf_op op, double times)
{
	struct conf_alert	*c = begin(w, METRIC_REQUESTS, op, times, 300);

	c->usual = true;
	if (op == OP_GT) {
		c->at_least = 50;
		c->at_least_metric = METRIC_REQUESTS;
	}
	w->now = BEGIN_DAY;
	return c;
}

static void
more_than_usual_fires(void **state)
{
	struct world	 w;

	(void)state;
	begin_usual(&w, OP_GT, 3);
	start(&w);
	/* Nobody knows yet what is usual. */
	minutes(&w, DAY_S, DAY_S + 60, 1000);
	assert_string_equal(w.said, "");
	end(&w);
	begin_usual(&w, OP_GT, 3);
	start(&w);
	minutes(&w, DAY_S, DAY_S + 7200, 20);
	assert_string_equal(w.said, "");
	minutes(&w, DAY_S + 7200, DAY_S + 7500, 50);
	assert_string_equal(w.said, "");
	minutes(&w, DAY_S + 7500, DAY_S + 7560, 400);
	assert_string_equal(w.said, "fired");
	assert_float_equal(w.last.limit, 300, 1);
	/* It lasts, and does not become usual by that. */
	minutes(&w, DAY_S + 7560, DAY_S + 18000, 80);
	assert_string_equal(w.said, "fired");
	minutes(&w, DAY_S + 18000, DAY_S + 18600, 20);
	assert_string_equal(w.said, "fired cleared");
	assert_float_equal(w.last.limit, 300, 1);
	end(&w);
}

static void
less_than_usual_fires(void **state)
{
	struct world	 w;

	(void)state;
	begin_usual(&w, OP_LT, 0.3);
	start(&w);
	minutes(&w, DAY_S, DAY_S + 7200, 20);
	assert_string_equal(w.said, "");
	minutes(&w, DAY_S + 7200, DAY_S + 7500, 4);
	assert_string_equal(w.said, "fired");
	assert_float_equal(w.last.limit, 30, 0.5);
	minutes(&w, DAY_S + 7500, DAY_S + 7860, 20);
	assert_string_equal(w.said, "fired cleared");
	end(&w);
}

/* Nor does what ended for good fire for ever. */
static void
none_is_not_less_than_next_to_nothing(void **state)
{
	static const enum conf_op	 ops[] = { OP_LT, OP_LE };
	struct world			 w;
	unsigned			 i;

	(void)state;
	for (i = 0; i < nitems(ops); i++) {
		begin_usual(&w, ops[i], 0.3);
		start(&w);
		minutes(&w, DAY_S, DAY_S + 7200, 0);
		assert_string_equal(w.said, "");
		/* Fewer than five in the span. */
		minutes(&w, DAY_S + 7200, DAY_S + 7260, 15);
		minutes(&w, DAY_S + 7260, DAY_S + 14400, 0);
		assert_string_equal(w.said, "");
		end(&w);
		begin_usual(&w, ops[i], 0.3);
		start(&w);
		minutes(&w, DAY_S, DAY_S + 7200, 20);
		minutes(&w, DAY_S + 7200, DAY_S + 90000, 0);
		assert_string_equal(w.said, "fired worse");
		minutes(&w, DAY_S + 90000, DAY_S + 104400, 0);
		assert_string_equal(w.said, "fired worse cleared");
		end(&w);
	}
}

/* However small the part is: of what comes often none is seldom. */
static void
silence_is_less_than_any_part(void **state)
{
	static const double	 parts[] = { 0.01, 0 };
	struct world		 w;
	unsigned		 i;

	(void)state;
	for (i = 0; i < nitems(parts); i++) {
		begin_usual(&w, OP_LE, parts[i]);
		start(&w);
		minutes(&w, DAY_S, DAY_S + 7200, 2);
		minutes(&w, DAY_S + 7200, DAY_S + 7800, 0);
		assert_string_equal(w.said, "fired");
		minutes(&w, DAY_S + 7800, DAY_S + 7920, 2);
		assert_string_equal(w.said, "fired cleared");
		end(&w);
	}
}

static void
none_is_not_more_than_nothing(void **state)
{
	struct conf_alert	*c;
	struct world		 w;

	(void)state;
	c = begin_usual(&w, OP_GE, 3);
	c->at_least = 50;
	c->at_least_metric = METRIC_REQUESTS;
	c->select.status.lo = 500;
	c->select.status.hi = 599;
	c->metric = METRIC_RESPONSES;
	start(&w);
	minutes(&w, DAY_S, DAY_S + 7200, 100);
	assert_string_equal(w.said, "");
	end(&w);
}

/* With a capture file one packet may be hours behind the one before. */
static void
silence_is_told_while_nothing_comes(void **state)
{
	static const double	 from[] = { DAY_S + 1500, DAY_S + 90000 };
	static const double	 until = DAY_S + 200040;
	struct world		 w;
	struct alert_event	 e;
	unsigned		 i;

	(void)state;
	for (i = 0; i < nitems(from); i++) {
		begin_usual(&w, OP_LT, 0.3);
		w.rule[0].for_us = 60 * S;
		start(&w);
		minutes(&w, DAY_S, from[i], 20);
		minutes(&w, from[i], until, 0);
		e = w.last;
		assert_non_null(strstr(w.said, "fired"));
		assert_non_null(strstr(w.said, "cleared"));
		end(&w);
		begin_usual(&w, OP_LT, 0.3);
		w.rule[0].for_us = 60 * S;
		start(&w);
		minutes(&w, DAY_S, from[i], 20);
		to(&w, until);
		assert_non_null(strstr(w.said, "fired"));
		assert_non_null(strstr(w.said, "cleared"));
		assert_int_equal(w.last.first_us, e.first_us);
		assert_int_equal(w.last.time_us, e.time_us);
		end(&w);
	}
}

/* Days later, when nobody knows any more what was usual. */
static void
what_fires_keeps_its_limit(void **state)
{
	struct world	 w;

	(void)state;
	begin_usual(&w, OP_LT, 0.3);
	start(&w);
	minutes(&w, DAY_S, DAY_S + 7200, 20);
	minutes(&w, DAY_S + 7200, DAY_S + 7500, 4);
	said(&w, "fired");
	w.complete = 0.5;
	minutes(&w, DAY_S + 7500, DAY_S + 200000, 4);
	said(&w, "unknown");
	w.complete = 1;
	minutes(&w, DAY_S + 200000, DAY_S + 200300, 4);
	said(&w, "");
	minutes(&w, DAY_S + 200300, DAY_S + 200900, 20);
	said(&w, "cleared");
	assert_float_equal(w.last.limit, 30, 0.5);
	end(&w);
}

static void
a_limit_may_be_huge(void **state)
{
	const struct alert_what	 what = { .iface = "eth0", .vlan = -1 };
	struct world		 w;

	(void)state;
	begin_usual(&w, OP_GT, 1000)->metric = METRIC_BYTES;
	start(&w);
	to(&w, DAY_S + 60);
	alert_count(w.set, METRIC_BYTES, &what, 1ULL << 62);
	to(&w, DAY_S + 3600);
	assert_string_equal(w.said, "");
	assert_true(w.set->rule[0].first->limit > 1e20);
	end(&w);
}

static void
what_is_usual_is_of_each_key(void **state)
{
	struct world	 w;
	int		 i;

	(void)state;
	begin_usual(&w, OP_GT, 3)->key = KEY_HOST;
	start(&w);
	for (i = 0; i < 120; i++) {
		to(&w, DAY_S + 60 * i);
		hits(&w, "big", 0, 1000);
		hits(&w, "small", 0, 2);
	}
	assert_string_equal(w.said, "");
	/* As little as before for one is much for the other. */
	to(&w, DAY_S + 7201);
	w.looks = 0;
	hits(&w, "big", 0, 60);
	assert_string_equal(w.said, "");
	hits(&w, "small", 0, 60);
	assert_string_equal(w.said, "fired:small");
	/* What was not there is more than usual from "at least" on. */
	assert_int_equal(w.looks, 1);
	hits(&w, "new", 0, 49);
	assert_string_equal(w.said, "fired:small");
	/* Which is known without a look at all that was lost. */
	assert_int_equal(w.looks, 1);
	hits(&w, "new", 0, 1);
	assert_string_equal(w.said, "fired:small fired:new");
	end(&w);
}

/* Each has its own limit: the largest need not be the nearest to it. */
static void
nearest_to_its_limit_is_what_is_least_usual(void **state)
{
	struct rows	 r = { .n = 0 };
	struct world	 w;
	struct row	 row;
	struct buf	 b;
	unsigned	 i;

	(void)state;
	begin_usual(&w, OP_GT, 3)->key = KEY_HOST;
	start(&w);
	for (i = 0; i < 120; i++) {
		to(&w, DAY_S + 60 * i);
		hits(&w, "big", 0, 100);
		hits(&w, "small", 0, 10);
	}
	to(&w, DAY_S + 7201);
	hits(&w, "small", 0, 60);
	to(&w, DAY_S + 7210);
	buf_writer(&r.b, r.mem, sizeof(r.mem));
	assert_true(alert_rows(w.set, false, NULL, next_row, &r));
	assert_int_equal(r.n, 1);
	buf_reader(&b, r.mem, r.b.len);
	assert_int_equal(row_get(&b, &row), 0);
	has(&row, "key", "small");
	end(&w);
}

/* It may be one that had to go: then it had no more than the most of these. */
static void
a_key_that_made_room_had_a_past(void **state)
{
	struct world	 w;

	(void)state;
	begin_usual(&w, OP_GT, 3);
	w.rule[0].key = KEY_HOST;
	w.rule[0].max_keys = 2;
	start(&w);
	minutes(&w, DAY_S, DAY_S + 3600, 20);
	to(&w, DAY_S + 3601);
	hits(&w, "x", 0, 40);
	to(&w, DAY_S + 4000);
	/* One of both goes, and comes again. */
	hits(&w, "x", 0, 2);
	hits(&w, "y", 0, 3);
	hits(&w, "x", 0, 4);
	to(&w, DAY_S + 4001);
	hits(&w, "a.example", 0, 100);
	assert_string_equal(w.said, "");
	hits(&w, "a.example", 0, 190);
	assert_string_equal(w.said, "");
	hits(&w, "a.example", 0, 20);
	assert_string_equal(w.said, "fired:a.example");
	assert_float_equal(w.last.limit, 300, 1);
	end(&w);
}

/* What was saved, each slot as it was saved last. */
struct kept {
	uint8_t		 p[2][8][512];		/* states; what is usual */
	size_t		 len[2][8];
};

static void
save(struct world *w, struct kept *k)
{
	struct alert_saving at = { 0 };
	uint8_t		 p[512];
	size_t		 len;
	uint32_t	 slot;

	while (alert_save(w->set, &at, &slot, p, sizeof(p), &len)) {
		assert_true(slot < nitems(k->p[0]));
		memcpy(k->p[at.usual][slot], p, len);
		k->len[at.usual][slot] = len;
	}
}

static void
restore(struct world *w, const struct kept *k, int table,
    int (*take)(struct alert_set *, uint32_t, const uint8_t *, size_t))
{
	uint32_t	 slot;

	for (slot = 0; slot < nitems(k->p[table]); slot++)
		if (k->len[table][slot] > 0)
			assert_int_equal(take(w->set, slot, k->p[table][slot],
			    k->len[table][slot]), 0);
}

/* Of a restart: nothing but what is usual is left. */
static void
restart(struct world *w, const struct kept *k)
{
	alert_free(w->set);
	start(w);
	restore(w, k, 1, alert_restore_usual);
}

static void
lose(struct world *w, const struct kept *k)
{
	alert_free(w->set);
	start(w);
	restore(w, k, 0, alert_restore);
	restore(w, k, 1, alert_restore_usual);
}

static void
what_is_usual_survives(void **state)
{
	struct world	 w;
	struct kept	 kept = { 0 };

	(void)state;
	begin_usual(&w, OP_GT, 3);
	start(&w);
	minutes(&w, DAY_S, DAY_S + 7200, 20);
	save(&w, &kept);
	lose(&w, &kept);
	minutes(&w, DAY_S + 7200, DAY_S + 7320, 20);
	assert_string_equal(w.said, "");
	minutes(&w, DAY_S + 7320, DAY_S + 7380, 400);
	assert_string_equal(w.said, "fired");
	assert_float_equal(w.last.limit, 300, 5);
	end(&w);
}

static void
what_is_usual_survives_a_restart(void **state)
{
	struct world		 w;
	struct conf_alert	*c;
	struct kept		 kept = { 0 }, bad;
	size_t			 i;

	(void)state;
	c = begin_usual(&w, OP_GT, 3);
	c->key = KEY_HOST;
	start(&w);
	minutes(&w, DAY_S, DAY_S + 7200, 20);
	save(&w, &kept);
	restart(&w, &kept);
	minutes(&w, DAY_S + 7200, DAY_S + 7320, 20);
	assert_string_equal(w.said, "");
	minutes(&w, DAY_S + 7320, DAY_S + 7380, 400);
	assert_string_equal(w.said, "fired:a.example");
	assert_float_equal(w.last.limit, 300, 5);
	assert_true(w.set->rule[0].usual.kept_us != 0);
	/* Bytes that were damaged, or cut, do no harm. */
	for (i = 0; i < kept.len[1][1]; i++) {
		bad = kept;
		bad.p[1][1][i] ^= 0xff;
		(void)alert_restore_usual(w.set, 1, bad.p[1][1],
		    bad.len[1][1]);
		assert_int_equal(alert_restore_usual(w.set, 1, kept.p[1][1],
		    i), -1);
	}
	assert_int_equal(alert_restore_usual(w.set, SERIES_SLOTS,
	    kept.p[1][1], kept.len[1][1]), -1);
	/* The rule of that name counts something else now. */
	c->metric = METRIC_RESPONSES;
	restart(&w, &kept);
	assert_int_equal(w.set->rule[0].usual.kept_us, 0);
	assert_null(w.set->rule[0].first);
	/* Nor does what was not seen since have too little. */
	c->metric = METRIC_REQUESTS;
	c->usual = false;
	c->op = OP_LT;
	c->at_least = 0;
	w.said[0] = '\0';
	restart(&w, &kept);
	to(&w, DAY_S + 7980);
	assert_string_equal(w.said, "");
	end(&w);
}

/* How much more than usual is too much does not change what is usual. */
static void
what_is_usual_survives_another_limit(void **state)
{
	struct world		 w;
	struct conf_alert	*c, other[2];
	struct conf		 conf;

	(void)state;
	c = begin_usual(&w, OP_GT, 3);
	c->key = KEY_HOST;
	start(&w);
	minutes(&w, DAY_S, DAY_S + 7200, 20);
	conf = w.conf;
	conf.alerts = other;
	other[0] = other[1] = *c;
	other[0].value = 5;
	other[0].span_us = 600 * S;
	compat_strlcpy(other[1].name, "s", sizeof(other[1].name));
	conf.nalerts = 2;
	assert_int_equal(alert_reconf(w.set, &conf), 0);
	minutes(&w, DAY_S + 7200, DAY_S + 7800, 20);
	assert_string_equal(w.said, "");
	hits(&w, "a.example", 0, 850);
	assert_string_equal(w.said, "fired:a.example");
	assert_float_equal(w.last.limit, 1000, 1);
	end(&w);
}

/* What was counted before a loss had its time; that after it has none. */
static void
a_loss_makes_nothing_more_usual(void **state)
{
	struct world	 w;
	struct kept	 kept = { 0 };

	(void)state;
	begin_usual(&w, OP_GT, 3)->key = KEY_HOST;
	start(&w);
	minutes(&w, DAY_S, DAY_S + 7200, 20);
	save(&w, &kept);
	to(&w, DAY_S + 7201);
	hits(&w, "idle", 0, 1);
	save(&w, &kept);
	minutes(&w, DAY_S + 7200, DAY_S + 7800, 20);
	save(&w, &kept);
	w.lossy_us = w.now + 120 * S;
	lose(&w, &kept);
	to(&w, DAY_S + 7920);
	minutes(&w, DAY_S + 7920, DAY_S + 9420, 20);
	minutes(&w, DAY_S + 9420, DAY_S + 9480, 400);
	assert_string_equal(w.said, "fired:a.example");
	assert_float_equal(w.last.limit, 300, 3);
	end(&w);
}

static void
what_was_lost_is_not_usual(void **state)
{
	struct world	 w;

	(void)state;
	begin_usual(&w, OP_GT, 3);
	start(&w);
	w.complete = 0.5;
	minutes(&w, DAY_S, DAY_S + 7200, 10);
	w.complete = 1;
	w.said[0] = '\0';
	minutes(&w, DAY_S + 7200, DAY_S + 7800, 100);
	assert_null(strstr(w.said, "fired"));
	end(&w);
}

#define T(f)	cmocka_unit_test(f)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(a_count_fires_at_the_very_message),
		T(more_than_fires_above_only),
		T(it_clears_when_the_window_empties_on_an_idle_link),
		T(a_wobble_makes_no_second_alert),
		T(compat_clears_at_once_below_the_limit),
		T(for_waits_and_forgets),
		T(a_clear_band_of_its_own_is_used),
		T(small_values_do_not_fire_before_a_whole_span),
		T(a_ratio_needs_enough_to_divide),
		T(what_at_least_counts_need_not_be_selected),
		T(what_is_new_is_named),
		T(a_percentile_is_taken_over_the_span),
		T(nobody_recovers_because_nothing_is_seen),
		T(after_an_outage_a_whole_span_is_waited_for),
		T(a_key_met_after_an_outage_waits_for_a_whole_span),
		T(what_is_unknown_says_why),
		T(unless_lossy_blocks_firing_and_else_it_fires),
		T(completeness_itself_can_be_watched),
		T(repeat_and_worse_are_told),
		T(selections_leave_others_out),
		T(keys_are_bounded_and_those_that_fire_stay),
		T(many_firings_become_one_storm),
		T(new_keys_are_counted_once),
		T(a_reload_keeps_what_did_not_change),
#ifndef NETMON_SAN
		T(a_reload_without_memory_changes_nothing),
#endif
		T(an_ended_daemon_says_so),
		T(state_window_and_ids_survive_the_process),
		T(an_outage_before_a_loss_of_the_process_is_known),
		T(a_crowd_of_series_is_saved_in_one_pass),
		T(a_crowd_of_keys_has_short_chains),
		T(damaged_slots_are_refused),
		T(rows_follow_the_table),
		T(time_begins_with_the_first_packet_of_a_file),
		T(memory_is_bounded_and_a_refusal_is_survived),
		T(a_limit_of_0_clears_at_0),
		T(nothing_to_divide_is_not_worse),
		T(a_peak_while_it_clears_is_kept),
		T(a_storm_is_told_at_the_end),
		T(a_span_is_cut_in_equal_slices),
		T(the_busiest_keys_of_times_stay),
		T(what_is_due_in_an_idle_stretch_is_told_then),
		T(a_pause_is_seen_as_it_was_at_each_moment),
		T(the_worst_key_has_a_value),
		T(a_part_clears_at_the_whole_and_a_ratio_above),
		T(who_counted_is_told_for_evidence),
		T(what_is_divided_by_and_what_was_fast_are_no_evidence),
		T(more_than_usual_fires),
		T(less_than_usual_fires),
		T(none_is_not_less_than_next_to_nothing),
		T(silence_is_less_than_any_part),
		T(none_is_not_more_than_nothing),
		T(silence_is_told_while_nothing_comes),
		T(what_fires_keeps_its_limit),
		T(a_limit_may_be_huge),
		T(what_is_usual_is_of_each_key),
		T(nearest_to_its_limit_is_what_is_least_usual),
		T(a_key_that_made_room_had_a_past),
		T(what_is_usual_survives),
		T(what_is_usual_survives_a_restart),
		T(what_is_usual_survives_another_limit),
		T(a_loss_makes_nothing_more_usual),
		T(what_was_lost_is_not_usual),
	};

	return cmocka_run_group_tests_name("alert", tests, NULL, NULL);
}
