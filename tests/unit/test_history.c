#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/period.h"
#include "sandbox/proc.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/rows.h"
#include "ui/client.h"
#include "ui/history.h"

#define SECOND	1000000ULL
#define NOON	1796040000ULL	/* 2026-11-30 12:00:00 UTC */

static char	 file[] = "/tmp/test_history.XXXXXX";
static int	 fd;
static uint64_t	 now_s = NOON;
static struct doc doc;

/* What the client takes for now. */
uint64_t
proc_wall_us(void)
{
	return now_s * SECOND;
}

static void
put(enum period_type type, uint64_t from_us, uint64_t to_us,
    const struct buf *b)
{
	const struct period	 u = { type, from_us, to_us, b->w, b->len };
	uint8_t			 head[PERIOD_HDR];

	period_header(&u, head);
	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	assert_int_equal(write(fd, b->w, b->len), b->len);
}

static void
fresh(void)
{
	static uint8_t	 body[PERIOD_BODY_MAX];
	struct buf	 b;

	assert_int_equal(ftruncate(fd, 0), 0);
	buf_writer(&b, body, sizeof(body));
	period_put_keys(&b);
	put(PERIOD_KEYS, 0, 0, &b);
}

/* A period of 7 requests, so many milliseconds behind noon; NULL: no alerts. */
static void
period_with(uint64_t from_ms, uint64_t to_ms, const char *const *alerts)
{
	static uint8_t	 body[PERIOD_BODY_MAX];
	struct buf	 b;
	size_t		 at;

	buf_writer(&b, body, sizeof(body));
	at = period_begin_chunk(&b, PERIOD_COMPLETE);
	rows_pairs(&b, ROW_COMPLETE, 0, "ratio=1");
	period_end_chunk(&b, at, true);
	at = period_begin_chunk(&b, "summary");
	rows_pairs(&b, ROW_SUMMARY, 0, "requests=7");
	period_end_chunk(&b, at, true);
	at = period_begin_chunk(&b, "alerts");
	for (; alerts != NULL && *alerts != NULL; alerts++)
		rows_pairs(&b, ROW_ALERT, 0, *alerts);
	period_end_chunk(&b, at, alerts != NULL);
	put(PERIOD_ROWS, NOON * SECOND + from_ms * 1000,
	    NOON * SECOND + to_ms * 1000, &b);
}

static void
period(uint64_t from_ms, uint64_t to_ms)
{
	period_with(from_ms, to_ms, NULL);
}

static void
show(const char *since, const char *until, const char *by)
{
	struct command	 c = { .file = file, .time = { [TIME_SINCE] = since,
	    [TIME_UNTIL] = until, [TIME_STEP] = by } };
	char		 why[512];

	assert_int_equal(history_table(&doc, &c, why, sizeof(why)),
	    CLIENT_OK);
}

static double
sum_of(const char *key)
{
	struct row	 r;
	double		 sum = 0;
	size_t		 i;

	for (i = 0; i < doc.n; i++) {
		doc_get(&doc, i, &r);
		sum += doc_num(&r, key);
	}
	return sum;
}

static void
what_was_not_kept_is_told_at_both_ends(void **state)
{
	(void)state;
	fresh();
	period(0, 60000);
	period(60000, 120000);
	period(600000, 660000);
	period(660000, 720000);
	now_s = NOON + 760;
	show("12:00", NULL, "1m");
	assert_true(sum_of("unkept_seconds") == 480);
	assert_true(sum_of("requests") == 28);
	/* It was away then, and had been there before. */
	show("12:05", NULL, "1m");
	assert_true(sum_of("unkept_seconds") == 300);
	/* What is still to come is not missing, what is past is. */
	show("12:00", "12:03", "1m");
	assert_true(sum_of("unkept_seconds") == 60);
	show("12:00", "2026-12-01", "1m");
	assert_true(sum_of("unkept_seconds") == 480);
	/* Nothing is known of the time before the first one. */
	show("11:00", NULL, "1m");
	assert_true(sum_of("unkept_seconds") == 480);
	/* It is away by now. */
	now_s = NOON + 1000;
	show("12:10", "2026-12-01", "1m");
	assert_true(sum_of("unkept_seconds") == 280);
}

/* Ends differ by what the clock is read late. */
static void
a_single_period_of_a_second_is_missed(void **state)
{
	(void)state;
	now_s = NOON + 5;
	fresh();
	period(0, 1000);
	period(1010, 2010);
	period(3000, 4000);
	period(4000, 5000);
	show("12:00", NULL, "1m");
	assert_true(sum_of("unkept_seconds") == 0.99);
	assert_true(sum_of("seconds") == 4);
}

static uint64_t
alerts_of(size_t i)
{
	struct row	 r;

	assert_true(i < doc.n);
	doc_get(&doc, i, &r);
	return doc_u64(&r, "alerts");
}

#define ALERTS(...)	((const char *const []){ __VA_ARGS__, NULL })

static void
what_fired_is_counted_where_it_fired(void **state)
{
	(void)state;
	now_s = NOON + 720;
	fresh();
	period_with(0, 60000, ALERTS("rule=a|state=ok|fired_total=4",
	    "rule=b|state=ok"));
	/* It fired and was over before the period was. */
	period_with(60000, 120000, ALERTS("rule=a|state=ok|fired_total=5",
	    "rule=b|state=ok"));
	/* Two keys of a rule, one of them about to be over. */
	period_with(120000, 180000, ALERTS("rule=a|state=ok|fired_total=5",
	    "rule=b|key=x|state=firing|fired_total=2",
	    "rule=b|key=y|state=clearing|fired_total=2"));
	/* One fires still. This period has no room for alerts. */
	period_with(180000, 240000, ALERTS("rule=a|state=ok|fired_total=5",
	    "rule=b|key=x|state=firing|fired_total=2"));
	period(240000, 300000);
	period_with(300000, 360000, ALERTS("rule=a|state=ok|fired_total=5",
	    "rule=b|key=x|state=firing|fired_total=2"));
	/* Another netmond, that counts anew. */
	period_with(660000, 720000, ALERTS("rule=a|state=ok|fired_total=1",
	    "rule=b|state=ok"));
	show("12:00", NULL, "1m");
	assert_int_equal(doc.n, 12);
	assert_int_equal(alerts_of(0), 0);
	assert_int_equal(alerts_of(1), 1);
	assert_int_equal(alerts_of(2), 2);
	assert_int_equal(alerts_of(3), 2);
	assert_int_equal(alerts_of(4), 1);
	assert_int_equal(alerts_of(5), 1);
	assert_int_equal(alerts_of(6), 0);
	assert_int_equal(alerts_of(11), 0);
	show("12:00", NULL, "1d");
	assert_int_equal(alerts_of(0), 3);
}

static void
the_head_tells_when_whatever_the_rows_say(void **state)
{
	static const char *const t[][2] = {
		{ "time=1796040060000000|window_seconds=60",
		    "from 2026-11-30 12:00:00 UTC for 60s" },
		{ "time=1796040060000000|window_seconds=1e300", "from - for" },
		{ "window_seconds=60", "from - for" },
	};
	uint8_t		 body[1024];
	struct buf	 b;
	struct out	 o;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_writer(&b, body, sizeof(body));
		rows_pairs(&b, ROW_COMPLETE, 0, t[i][0]);
		doc_reset(&doc);
		assert_int_equal(doc_add(&doc, body, b.len), 0);
		out_init(&o);
		history_head(&o, &doc);
		assert_memory_equal(o.p, t[i][1], strlen(t[i][1]));
		out_clear(&o);
	}
}

/* A second of noon on in which a host was asked for so often. */
static void
second_of(unsigned second, const char *host, unsigned requests)
{
	static uint8_t	 body[PERIOD_BODY_MAX];
	char		 text[64];
	struct buf	 b;
	size_t		 at;

	buf_writer(&b, body, sizeof(body));
	at = period_begin_chunk(&b, PERIOD_COMPLETE);
	rows_pairs(&b, ROW_COMPLETE, 0, "ratio=1");
	period_end_chunk(&b, at, true);
	at = period_begin_chunk(&b, "hosts");
	snprintf(text, sizeof(text), "host=%s|requests=%u", host, requests);
	rows_pairs(&b, ROW_HOST, 0, text);
	period_end_chunk(&b, at, true);
	put(PERIOD_ROWS, (NOON + second) * SECOND, (NOON + second + 1) *
	    SECOND, &b);
}

static void
the_busiest_of_many_hosts_may_come_last(void **state)
{
	struct row	 r;
	char		 host[32];
	unsigned	 i;

	(void)state;
	fresh();
	for (i = 0; i < 200; i++) {
		snprintf(host, sizeof(host), "h%u.example", i);
		second_of(i, host, 1);
	}
	for (; i < 203; i++)
		second_of(i, "late.example", 100);
	now_s = NOON + 203;
	show("12:00", NULL, "1h");
	doc_get(&doc, 0, &r);
	assert_true(doc_is(&r, "busiest_host", "late.example"));
	assert_int_equal(doc_u64(&r, "busiest_host_requests"), 300);
}

static int
setup(void **state)
{
	(void)state;
	doc_init(&doc);
	return (fd = mkstemp(file)) == -1;
}

static int
teardown(void **state)
{
	(void)state;
	doc_clear(&doc);
	close(fd);
	return unlink(file);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(what_was_not_kept_is_told_at_both_ends),
		cmocka_unit_test(a_single_period_of_a_second_is_missed),
		cmocka_unit_test(what_fired_is_counted_where_it_fired),
		cmocka_unit_test(the_busiest_of_many_hosts_may_come_last),
		cmocka_unit_test(the_head_tells_when_whatever_the_rows_say),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
