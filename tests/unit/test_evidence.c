/* What is kept of packets, and what of that is written when a rule fires. */
#include <stdio.h>
#include <string.h>

#include "analyzer/evidence.h"
#include "analyzer/said.h"
#include "sandbox/compat.h"
#include "sandbox/log.h"
#include "sandbox/pcapng.h"
#include "tests/lib/cmocka_first.h"

#define SECOND	1000000ULL
#define BEGIN	(1000 * SECOND)
#define WALL	1796040000000000ULL

static uint8_t	 file[4 * EVIDENCE_MAX];	/* the sections that came */
static size_t	 nfile, nsections;
static uint64_t	 last_flow;

/* ---- what stands around it ---- */

void
event_flow(struct msg_event *e, enum event_kind kind, uint64_t ts_us,
    const struct event_flow *f)
{
	(void)f;
	memset(e, 0, sizeof(*e));
	e->kind = (uint8_t)kind;
	e->ts_us = ts_us;
}

void
said_event(struct analyzer *az, const struct msg_event *e)
{
	(void)az;
	assert_int_equal(e->kind, EVENT_EVIDENCE);
	assert_true(pcapng_section(e->rows.p, e->rows.n) ==
	    (int64_t)e->rows.n);
	assert_true(e->rows.n <= sizeof(file) - nfile);
	memcpy(file + nfile, e->rows.p, e->rows.n);
	nfile += e->rows.n;
	nsections++;
}

uint64_t
flow_last_id(const struct flow_table *t)
{
	(void)t;
	return last_flow;
}

static void
quiet(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

/* ---- an analyzer with a rule and two interfaces ---- */

static struct analyzer	 az;
static struct proc	 process;
static struct conf	 conf;
static struct conf_log	 logs;
static struct conf_alert rule;
static struct alert_event alert;
static struct iface	 ifaces[2];

static int
begin(void **state)
{
	(void)state;
	log_init(quiet, NULL);
	memset(&az, 0, sizeof(az));
	memset(&process, 0, sizeof(process));
	memset(&conf, 0, sizeof(conf));
	memset(&rule, 0, sizeof(rule));
	memset(&alert, 0, sizeof(alert));
	memset(ifaces, 0, sizeof(ifaces));
	conf_evidence_defaults(&logs);
	conf.logs = &logs;
	conf.nlogs = 1;
	conf.memory_limit = az.mem.limit = 64 * 1024 * 1024;
	az.proc = &process;
	az.ifaces = ifaces;
	az.nifaces = 2;
	compat_strlcpy(ifaces[0].info.name, "eth0", 32);
	compat_strlcpy(ifaces[1].info.name, "wan\n1", 32);
	az.now = BEGIN;
	compat_strlcpy(rule.name, "busy", sizeof(rule.name));
	rule.metric = METRIC_REQUESTS;
	rule.op = OP_GE;
	rule.value = 10;
	rule.span_us = 10 * SECOND;
	alert.rule = &rule;
	alert.number = 1;
	alert.id = "41-7";
	alert.key = "";
	alert.value = 12;
	alert.limit = 10;
	evidence_conf(&az, &conf);
	assert_true(heads_keeps(&az.evidence.heads));
	nfile = nsections = 0;
	last_flow = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	conf.nlogs = 0;
	evidence_conf(&az, &conf);
	assert_false(heads_keeps(&az.evidence.heads));
	assert_true(az.mem.used == 0);
	return 0;
}

/* A segment of a connection: so many bytes of headers, then what it says. */
static void
segment(uint64_t flow, uint16_t iface, size_t head)
{
	uint8_t		 bytes[256];
	struct packet	 p = { .ts_us = az.now, .iface = iface, .wirelen = 999,
			    .dlt = PACKET_DLT_EN10MB };

	memset(bytes, 'h', head);
	memset(bytes + head, 'X', sizeof(bytes) - head);
	p.payload = bytes + head;
	az.ts = WALL + az.now;
	evidence_packet(&az, &p, PACKET_OK, bytes);
	last_flow = flow;
}

static void
counts(uint64_t flow, const char *host, const char *key)
{
	struct alert_what	 w = { .flow = flow };

	w.host = (const uint8_t *)host;
	w.host_len = host == NULL ? 0 : strlen(host);
	evidence_counted(&az, &rule, key, &w);
}

static uint64_t
fire(void)
{
	nfile = nsections = 0;
	return evidence_take(&az, &alert);
}

static uint64_t
tallied(enum tally_id id)
{
	return process.tally.v[id];
}

static uint32_t
u32(const uint8_t *p)
{
	uint32_t	 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* How many blocks of a type the file has. */
static unsigned
blocks(uint32_t type)
{
	unsigned	 n = 0;
	size_t		 at;

	for (at = 0; at < nfile; at += u32(file + at + 4))
		n += u32(file + at) == type;
	assert_true(at == nfile);
	return n;
}

/* The comment is the first option of a section. */
static void
says(const char *want)
{
	uint16_t	 len;
	char		 s[4096];

	assert_true(nsections > 0);
	memcpy(&len, file + PCAPNG_HDR + 2, sizeof(len));
	snprintf(s, sizeof(s), "%.*s", len, (char *)file + PCAPNG_HDR + 4);
	if (strstr(s, want) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", want, s);
}

#define IDB	1
#define EPB	6

static void
the_headers_of_those_that_counted_are_written(void **state)
{
	(void)state;
	segment(1, 0, 54);
	segment(2, 0, 54);
	segment(1, 1, 66);
	counts(1, "a.example", "");
	counts(3, "a.example", "");
	counts(3, "b.example", "");
	az.now += 2 * SECOND;
	segment(3, 0, 54);	/* at hand while it fires */
	assert_true(fire() == 3);
	assert_int_equal(nsections, 1);
	assert_int_equal(blocks(IDB), 2);
	assert_int_equal(blocks(EPB), 3);
	assert_null(memmem(file, nfile, "XX", 2));
	assert_non_null(memmem(file, nfile, "wan\\x0a1", 8));
	says("alert \"busy\" fired, id 41-7: requests 12 >= 10 over 10s. "
	    "3 packets of the last 2s, of 2 connections that counted, "
	    "section 1");
	assert_true(tallied(TALLY_EVIDENCE_ALERTS) == 1);
	assert_true(tallied(TALLY_EVIDENCE_PACKETS) == 3);
	assert_true(tallied(TALLY_EVIDENCE_SHORT) == 0);

	/* With a first contributor, for that; with a key, for that. */
	az.now += EVIDENCE_AGAIN_US;
	segment(1, 0, 54);
	segment(3, 0, 54);
	counts(1, "a.example", "");
	counts(3, "", "");
	alert.ntop = 1;
	compat_strlcpy(alert.top[0].host, "(no host)", ALERT_KEY_MAX);
	(void)fire();
	assert_int_equal(blocks(EPB), 1);
	says("of 1 connection that counted for host (no host), which had");
	az.now += EVIDENCE_AGAIN_US;
	segment(1, 0, 54);
	segment(3, 0, 54);
	counts(1, NULL, "k\n");
	alert.ntop = 0;
	alert.key = "k\n";
	(void)fire();
	assert_int_equal(blocks(EPB), 1);
	says("id 41-7, key k\\x0a: requests");
}

static void
what_knows_no_connection_has_all_of_its_interface(void **state)
{
	struct packet	 p = { .iface = 0, .wirelen = 100, .dlt = 1 };
	uint8_t		 bytes[64] = { 0 };

	(void)state;
	rule.metric = METRIC_PACKETS;
	segment(1, 0, 54);
	segment(2, 1, 54);
	/* A datagram has its header; what is none of these, that of IP. */
	p.ts_us = az.now;
	p.l4 = bytes + 34;
	p.l4_cap = 30;
	p.proto = 17;
	evidence_packet(&az, &p, PACKET_NOT_TCP, bytes);
	p.proto = 1;
	evidence_packet(&az, &p, PACKET_NOT_TCP, bytes);
	p.proto = 17;
	evidence_packet(&az, &p, PACKET_FRAGMENT, bytes);
	p.l4 = NULL;
	evidence_packet(&az, &p, PACKET_NOT_IP, bytes);
	(void)fire();
	says("5 packets of the last 0s, of whatever connection, section 1");
	assert_int_equal(u32(file + nfile - PCAPNG_PACKET(34) + 20), 34);
	assert_int_equal(u32(file + nfile - 2 * PCAPNG_PACKET(34) + 20), 34);
	assert_int_equal(u32(file + nfile - 2 * PCAPNG_PACKET(34) -
	    PCAPNG_PACKET(42) + 20), 42);

	az.now += EVIDENCE_AGAIN_US;
	segment(1, 0, 54);
	segment(2, 1, 54);
	segment(2, 1, 54);
	compat_strlcpy(rule.select.on, "wan*", sizeof(rule.select.on));
	(void)fire();
	assert_int_equal(blocks(EPB), 2);
	az.now += EVIDENCE_AGAIN_US;
	segment(1, 0, 54);
	segment(2, 1, 54);
	rule.select.on[0] = '\0';
	rule.key = KEY_INTERFACE;
	alert.key = "eth0";
	(void)fire();
	assert_int_equal(blocks(EPB), 1);

	/* Too little is of nobody. */
	az.now += EVIDENCE_AGAIN_US;
	rule.metric = METRIC_REQUESTS;
	rule.op = OP_LT;
	rule.key = KEY_NONE;
	alert.key = "";
	segment(1, 0, 54);
	(void)fire();
	assert_int_equal(blocks(EPB), 1);
	az.now += EVIDENCE_AGAIN_US;
	rule.metric = METRIC_RATIO;
	rule.ratio_metric = METRIC_RESPONSES;
	segment(1, 0, 54);
	(void)fire();
	assert_int_equal(blocks(EPB), 1);
	az.now += EVIDENCE_AGAIN_US;
	rule.op = OP_GT;
	segment(1, 0, 54);
	(void)fire();
	assert_int_equal(blocks(EPB), 0);
}

static void
nothing_at_all_is_told_too(void **state)
{
	(void)state;
	segment(1, 0, 54);
	counts(1, "a", "");
	az.now += EVIDENCE_US + 1;
	(void)fire();
	assert_int_equal(nsections, 1);
	assert_int_equal(blocks(EPB), 0);
	says(" 0 packets of the last 10s, of 0 connections that counted");
}

static void
of_too_many_the_last_ones_are_written(void **state)
{
	const unsigned	 most = EVIDENCE_MAX / PCAPNG_PACKET(54);
	unsigned	 i;

	(void)state;
	for (i = 0; i < most + 3; i++)
		segment(1, 0, 54);
	counts(1, "a", "");
	(void)fire();
	assert_int_equal(blocks(EPB), most);
	assert_true(nsections > EVIDENCE_MAX / (64 * 1024));
	assert_int_equal(blocks(IDB), nsections);
	says("; 3 older ones were too many");
	assert_true(tallied(TALLY_EVIDENCE_LEFT_OUT) == 3);
	assert_true(tallied(TALLY_EVIDENCE_SHORT) == 0);
}

static void
what_was_driven_out_is_told(void **state)
{
	const size_t	 all = az.evidence.heads.size / 54;
	size_t		 i;

	(void)state;
	for (i = 0; i < all; i++)
		segment(2, 0, 54);
	counts(1, "a", "");
	segment(1, 0, 54);
	(void)fire();
	assert_int_equal(blocks(EPB), 1);
	says(" 1 packets of the last 0s, of 1 connection that counted");
	says("; of those before there was no more memory");
	assert_true(tallied(TALLY_EVIDENCE_SHORT) == 1);
}

static void
neither_a_rule_that_flaps_nor_many_fill_a_disk(void **state)
{
	unsigned	 i;

	(void)state;
	(void)fire();
	assert_int_equal(nsections, 1);
	az.now += EVIDENCE_AGAIN_US - 1;
	assert_true(fire() == 0);
	assert_int_equal(nsections, 0);
	az.now++;
	(void)fire();
	assert_int_equal(nsections, 1);
	assert_true(tallied(TALLY_EVIDENCE_LIMITED) == 1);
	for (i = 1; i <= EVIDENCE_MINUTE; i++) {
		alert.number = 1 + i;
		fire();
		assert_int_equal(nsections, i < EVIDENCE_MINUTE);
	}
	assert_true(tallied(TALLY_EVIDENCE_LIMITED) == 2);
	az.now += 60 * SECOND;
	(void)fire();
	assert_int_equal(nsections, 1);
}

static void
without_memory_or_a_log_nothing_is_kept(void **state)
{
	(void)state;
	conf.nlogs = 0;
	evidence_conf(&az, &conf);
	assert_false(heads_keeps(&az.evidence.heads));
	(void)fire();
	assert_int_equal(nsections, 0);
	assert_true(tallied(TALLY_EVIDENCE_NO_MEMORY) == 0);
	conf.nlogs = 1;
	az.mem.limit = 1000;
	evidence_conf(&az, &conf);
	assert_false(heads_keeps(&az.evidence.heads));
	counts(1, "a", "");
	(void)fire();
	assert_int_equal(nsections, 0);
	assert_true(tallied(TALLY_EVIDENCE_NO_MEMORY) == 1);
	assert_true(tallied(TALLY_EVIDENCE_LIMITED) == 0);
	/* The next reload tries again; a large limit makes no huge ring. */
	az.mem.limit = conf.memory_limit = 64ULL << 30;
	evidence_conf(&az, &conf);
	assert_true(az.mem.used == EVIDENCE_RING);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(the_headers_of_those_that_counted_are_written),
		T(what_knows_no_connection_has_all_of_its_interface),
		T(nothing_at_all_is_told_too),
		T(of_too_many_the_last_ones_are_written),
		T(what_was_driven_out_is_told),
		T(neither_a_rule_that_flaps_nor_many_fill_a_disk),
		T(without_memory_or_a_log_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
