/* The mapped clock, and the periods that end as it moves. */
#include <string.h>

#include "analyzer/clock.h"
#include "analyzer/collect.h"
#include "analyzer/history.h"
#include "analyzer/show.h"
#include "analyzer/talkers.h"
#include "tests/lib/cmocka_first.h"

#define SECOND	1000000ULL
#define WALL	(1796040000 * SECOND)

static uint64_t	 mono_us;
static struct msg_event kept[128];
static size_t	 nkept;
static unsigned	 collected, told;	/* times */
static uint64_t	 alert_us;		/* when a slice of alerts ends */

/* ---- what stands around it ---- */

uint64_t
proc_mono_us(void)
{
	return mono_us;
}

uint64_t
proc_wall_us(void)
{
	return WALL + mono_us;
}

void
collect_all(struct analyzer *az)
{
	(void)az;
	collected++;
}

void
talkers_tell(struct analyzer *az)
{
	(void)az;
	told++;
}

uint64_t
alert_next_us(const struct alert_set *a)
{
	(void)a;
	return alert_us;
}

void
alert_slices(struct alert_set *a, uint64_t now_us)
{
	(void)a;
	(void)now_us;
}

void
show_kept(struct analyzer *az, enum show_window w, uint32_t top,
    struct buf *b)
{
	(void)az;
	(void)w;
	(void)top;
	(void)b;
}

void
event_flow(struct msg_event *e, enum event_kind kind, uint64_t ts_us,
    const struct event_flow *f)
{
	(void)f;
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->ts_us = ts_us;
}

uint32_t
event_put(struct event_batch *b, const struct msg_event *e)
{
	(void)b;
	assert_true(nkept < sizeof(kept) / sizeof(kept[0]));
	kept[nkept++] = *e;
	return 0;
}

/* ---- an analyzer that keeps each second ---- */

static struct analyzer	 az;
static struct proc	 process;
static struct conf	 conf;
static struct conf_log	 history;
static struct mem	 mem;
static const struct hash_key seed;

static int
begin(void **state)
{
	struct meter_conf	 mc;

	(void)state;
	memset(&az, 0, sizeof(az));
	memset(&conf, 0, sizeof(conf));
	conf_history_defaults(&history);
	history.every_us = conf.window_us = SECOND;
	conf.logs = &history;
	conf.nlogs = 1;
	conf.memory_limit = mem.limit = 64 * 1024 * 1024;
	conf.stats.max_hosts = conf.stats.max_sections = 8;
	conf.stats.max_clients = conf.stats.max_names = 8;
	meter_conf_init(&mc, &conf);
	az.proc = &process;
	if ((az.meter = meter_new(&mc, &seed, &mem)) == NULL)
		return -1;
	nkept = 0;
	alert_us = UINT64_MAX;
	mono_us = az.now = 1000 * SECOND;
	history_conf(&az, &conf);
	clock_catch_up(&az);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	meter_free(az.meter);
	return 0;
}

static void
each_period_is_kept_once_in_order(void **state)
{
	size_t	 i;

	(void)state;
	mono_us += 999999;
	clock_catch_up(&az);
	assert_int_equal(nkept, 0);
	mono_us += 3 * SECOND;
	clock_catch_up(&az);
	assert_int_equal(nkept, 3);
	for (i = 0; i < nkept; i++) {
		assert_int_equal(kept[i].end_us,
		    WALL + (1001 + i) * SECOND);
		assert_int_equal(kept[i].start_us,
		    kept[i].end_us - SECOND);
	}
	clock_catch_up(&az);
	assert_int_equal(nkept, 3);
}

/* As of a container that was frozen: what was counted before is in time. */
static void
after_a_long_stop_the_first_period_is_kept_and_the_last_ones(void **state)
{
	(void)state;
	mono_us += SECOND / 2;
	clock_catch_up(&az);
	mono_us += 1800 * SECOND;
	clock_catch_up(&az);
	assert_true(nkept >= 2);
	assert_int_equal(kept[0].end_us, WALL + 1001 * SECOND);
	assert_true(kept[1].start_us > WALL + 2000 * SECOND);
	assert_int_equal(kept[nkept - 1].end_us, WALL + 2800 * SECOND);
}

/* To catch up collects once itself; a packet does not. */
static void
what_belongs_to_a_slice_is_in_it_when_it_ends(void **state)
{
	struct packet	 p = { 0 };

	(void)state;
	collected = told = 0;
	mono_us += 1000;
	clock_anchor(&az);
	p.ts_us = WALL + mono_us;
	clock_packet(&az, &p);
	assert_int_equal(az.now, mono_us);
	assert_int_equal(p.ts_us, mono_us);
	assert_int_equal(collected, 0);
	/* one of alerts alone */
	alert_us = mono_us + 1000;
	mono_us += 1000;
	clock_catch_up(&az);
	assert_int_equal(collected, 2);
	assert_int_equal(told, 0);
	/* and one of the meter, a tenth of the window */
	alert_us = UINT64_MAX;
	mono_us += SECOND / 10;
	clock_catch_up(&az);
	assert_int_equal(collected, 4);
	assert_int_equal(told, 1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test_setup_teardown(
		    each_period_is_kept_once_in_order, begin, end),
		cmocka_unit_test_setup_teardown(
		    what_belongs_to_a_slice_is_in_it_when_it_ends, begin, end),
		cmocka_unit_test_setup_teardown(
	after_a_long_stop_the_first_period_is_kept_and_the_last_ones,
		    begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
