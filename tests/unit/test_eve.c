#include <stdlib.h>
#include <string.h>

#include "mirror/community.h"
#include "mirror/eve.h"
#include "sandbox/compat.h"
#include "sandbox/row.h"
#include "tests/lib/cmocka_first.h"

#define TS	1795199412123456ull	/* 2026-11-20T18:30:12.123456Z */

static char		 out[EVE_LINE_MAX];
static struct conf	 conf;
static struct conf_log	 eve_log = { .format = LOG_EVE, .types = 0x3f };
static struct conf_log	 extras_log = { .format = LOG_EVE, .types = 0x3f,
	.extras = true };
static struct conf_log	 combined_log = { .format = LOG_COMBINED };
static struct conf_log	 common_log = { .format = LOG_COMMON };

static struct msg_span
span(const char *s)
{
	struct msg_span	 r = { (const uint8_t *)s, strlen(s) };

	return r;
}

static struct msg_event
event(enum event_kind kind)
{
	struct msg_event	 e = { .kind = (uint8_t)kind, .ts_us = TS,
	    .flow_id = 1187254211874312, .iface = "eth1.20",
	    .vlan = { 20, -1 } };

	assert_int_equal(endpoint_parse("198.51.100.0:40022", &e.client), 0);
	assert_int_equal(endpoint_parse("192.0.2.7:80", &e.server), 0);
	e.hide_client = 1;
	return e;
}

static struct msg_event
http(void)
{
	struct msg_event	 e = event(EVENT_HTTP);

	e.tx_id = 2;
	e.status = 200;
	e.response_body = 5120;
	e.request_body = 312;
	e.first_byte_us = 4120;
	e.last_byte_us = 61733;
	e.rtt_us = 18200;
	e.host = span("www.example.com");
	e.uri = span("/shop/cart");
	e.method = span("POST");
	e.protocol = span("HTTP/1.1");
	e.section = span("/shop");
	return e;
}

static const char *
line(const struct msg_event *e, const struct conf_log *log)
{
	int	 n;

	n = eve_line(out, sizeof(out), e, log, &conf, NULL);
	assert_true(n >= 0);
	out[n] = '\0';
	return out;
}

static void
community_id_is_that_of_other_tools(void **state)
{
	struct endpoint	 a, b;
	char		 id[COMMUNITY_MAX];

	(void)state;
	endpoint_parse("128.232.110.120:34855", &a);
	endpoint_parse("66.35.250.204:80", &b);
	community_id(id, COMMUNITY_TCP, &a, &b);
	assert_string_equal(id, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	community_id(id, COMMUNITY_TCP, &b, &a);
	assert_string_equal(id, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	endpoint_parse("192.168.1.52:54585", &a);
	endpoint_parse("8.8.8.8:53", &b);
	community_id(id, COMMUNITY_UDP, &a, &b);
	assert_string_equal(id, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
}

static void
an_http_event_is_the_documented_line(void **state)
{
	struct msg_event	 e = http();

	(void)state;
	assert_string_equal(line(&e, &eve_log),
	    "{\"timestamp\":\"2026-11-20T18:30:12.123456+0000\","
	    "\"flow_id\":1187254211874312,\"in_iface\":\"eth1.20\","
	    "\"event_type\":\"http\",\"vlan\":[20],"
	    "\"src_ip\":\"198.51.100.0\",\"src_port\":40022,"
	    "\"dest_ip\":\"192.0.2.7\",\"dest_port\":80,\"proto\":\"TCP\","
	    "\"ip_v\":4,\"tx_id\":2,\"app_proto\":\"http\","
	    "\"http\":{\"hostname\":\"www.example.com\","
	    "\"url\":\"/shop/cart\",\"http_method\":\"POST\","
	    "\"protocol\":\"HTTP/1.1\",\"status\":200,\"length\":5120}}\n");
}

static void
extras_sit_in_one_object(void **state)
{
	struct msg_event	 e = http();

	(void)state;
	assert_non_null(strstr(line(&e, &extras_log), ",\"netmond\":{\"v\":1,"
	    "\"section\":\"/shop\",\"ttfb_us\":4120,\"total_us\":61733,"
	    "\"req_body\":312,\"resp_body\":5120,\"complete\":true,"
	    "\"peer_rtt_us\":18200}}\n"));
	assert_null(strstr(line(&e, &eve_log), "netmond"));
}

static void
a_line_says_where_it_comes_from(void **state)
{
	const struct eve_origin	 from = { "fw1", TS, 7 };
	struct msg_event	 e = http();
	int			 n;

	(void)state;
	n = eve_line(out, sizeof(out), &e, &extras_log, &conf, &from);
	assert_true(n > 0);
	out[n] = '\0';
	assert_non_null(strstr(out, ",\"host\":\"fw1\","));
	assert_non_null(strstr(out, ",\"netmond\":{\"v\":1,"
	    "\"epoch\":1795199412123456,\"seq\":7,\"section\":"));
	n = eve_line(out, sizeof(out), &e, &eve_log, &conf, &from);
	out[n] = '\0';
	assert_null(strstr(out, "fw1"));
	assert_null(strstr(out, "netmond"));
	/* What has no extras of its own, too. */
	e = event(EVENT_ANOMALY);
	n = eve_line(out, sizeof(out), &e, &extras_log, &conf, &from);
	out[n] = '\0';
	assert_non_null(strstr(out, ",\"netmond\":{\"v\":1,"
	    "\"epoch\":1795199412123456,\"seq\":7}}\n"));
}

static void
a_hidden_client_has_no_community_id(void **state)
{
	struct msg_event	 e = http();

	(void)state;
	assert_null(strstr(line(&e, &eve_log), "community_id"));
	e.hide_client = 0;
	assert_non_null(strstr(line(&e, &eve_log), "\"community_id\":\"1:"));
}

static void
who_asks_behind_a_proxy_is_xff(void **state)
{
	struct msg_event	 e = http();
	const char		*s;

	(void)state;
	assert_null(strstr(line(&e, &eve_log), "xff"));
	assert_int_equal(addr_parse("203.0.113.9", &e.asker), 0);
	s = line(&e, &eve_log);
	assert_non_null(strstr(s, "\"src_ip\":\"198.51.100.0\""));
	assert_non_null(strstr(s, "\"xff\":\"203.0.113.9\""));
}

static void
a_tls_event_lists_its_protocols(void **state)
{
	struct msg_event	 e = event(EVENT_TLS);

	(void)state;
	e.vlan[0] = -1;
	e.host = span("mail.example.org");
	e.protocol = span("TLS 1.3");
	e.alpn = span("h2,http/1.1");
	e.resumed = 1;
	assert_non_null(strstr(line(&e, &eve_log), "\"tls\":{"
	    "\"sni\":\"mail.example.org\",\"version\":\"TLS 1.3\","
	    "\"client_alpns\":[\"h2\",\"http/1.1\"],"
	    "\"session_resumed\":true}}\n"));
	assert_null(strstr(out, "vlan"));
	e.text = span("TLS 1.3");
	e.last_byte_us = 12000;
	assert_non_null(strstr(line(&e, &extras_log), "},\"netmond\":{\"v\":1,"
	    "\"handshake_us\":12000,\"offered\":\"TLS 1.3\","
	    "\"complete\":true}}\n"));
}

/* As Suricata writes it: the number of the version, in hexadecimal. */
static void
a_quic_event_is_that_of_udp(void **state)
{
	struct msg_event	 e = event(EVENT_QUIC);

	(void)state;
	assert_non_null(strstr(line(&e, &eve_log), "\"event_type\":\"quic\""));
	assert_non_null(strstr(out, "\"proto\":\"UDP\""));
	e.host = span("www.example.org");
	e.status = 1;
	assert_non_null(strstr(line(&e, &eve_log), "\"app_proto\":\"quic\","
	    "\"quic\":{\"version\":\"1\",\"sni\":\"www.example.org\"}}\n"));
	e.host.n = 0;
	e.status = 0x6b3343cf;
	e.alpn = span("h3,h3-29");
	assert_non_null(strstr(line(&e, &extras_log),
	    "\"quic\":{\"version\":\"6b3343cf\"},\"netmond\":{\"v\":1,"
	    "\"client_alpns\":[\"h3\",\"h3-29\"]}}\n"));
	assert_int_equal(eve_line(out, sizeof(out), &e, &common_log,
	    &conf, NULL),
	    0);
}

static void
a_handshake_that_is_not_over_says_so(void **state)
{
	struct msg_event	 e = event(EVENT_TLS);

	(void)state;
	e.text = span("TLS 1.2");
	e.gap = 1;
	assert_non_null(strstr(line(&e, &extras_log), "\"tls\":{"
	    "\"version\":\"UNDETERMINED\"},\"netmond\":{\"v\":1,"
	    "\"offered\":\"TLS 1.2\",\"complete\":false}}\n"));
	e.failure = span("server reset");
	assert_non_null(strstr(line(&e, &extras_log), "\"offered\":\"TLS 1.2\","
	    "\"failure\":\"server reset\",\"complete\":false}}\n"));
	e.certificate = span("expired");
	assert_non_null(strstr(line(&e, &extras_log), "\"failure\":\"server "
	    "reset\",\"certificate\":\"expired\",\"complete\":false}}\n"));
	assert_null(strstr(line(&e, &eve_log), "failure"));
	assert_null(strstr(line(&e, &eve_log), "certificate"));
}

static void
a_flow_event_tells_its_gaps(void **state)
{
	struct msg_event	 e = event(EVENT_FLOW);

	(void)state;
	e.packets[0] = 14;
	e.packets[1] = 18;
	e.bytes[0] = 2210;
	e.bytes[1] = 19322;
	e.start_us = TS - 10000000;
	e.end_us = TS;
	e.closed = 2;
	e.text = span("fin");
	e.protocol = span("http");
	e.tx_count = 3;
	e.tcp_flags = 0x1b;
	e.gaps = 2;
	assert_non_null(strstr(line(&e, &eve_log), "\"app_proto\":\"http\","
	    "\"flow\":{\"pkts_toserver\":14,\"pkts_toclient\":18,"
	    "\"bytes_toserver\":2210,\"bytes_toclient\":19322,"
	    "\"start\":\"2026-11-20T18:30:02.123456+0000\","
	    "\"end\":\"2026-11-20T18:30:12.123456+0000\",\"age\":10,"
	    "\"state\":\"closed\",\"reason\":\"tcp_fin\",\"alerted\":false,"
	    "\"tx_cnt\":3},\"tcp\":{\"tcp_flags\":\"1b\","
	    "\"state\":\"closed\",\"ts_gap\":false,\"tc_gap\":true}}\n"));
}

static struct msg_span
alert_rows(uint8_t *p, size_t size, size_t nnew)
{
	struct row_writer	 w;
	struct msg_span		 s;
	struct buf		 b;
	size_t			 i;

	buf_writer(&b, p, size);
	row_begin(&w, &b, ROW_ALERT_EVENT, 0);
	for (i = 0; i < row_desc(ROW_ALERT_EVENT)->nfields; i++) {
		const struct row_field	*f;

		f = &row_desc(ROW_ALERT_EVENT)->fields[i];
		if (f->type == ROW_STR)
			row_str(&w, strcmp(f->key, "rule") == 0 ? "busy" :
			    strcmp(f->key, "severity") == 0 ? "warning" :
			    strcmp(f->key, "event") == 0 ? "fired" :
			    strcmp(f->key, "id") == 0 ? "41-7" : "");
		else if (f->type == ROW_DOUBLE)
			row_double(&w, strcmp(f->key, "value") == 0 ?
			    50004 : 0.5);
		else if (f->type == ROW_BOOL)
			row_bool(&w, false);
		else
			row_u64(&w, 7);
	}
	assert_int_equal(row_end(&w), 0);
	row_begin(&w, &b, ROW_CONTRIBUTOR, 1);
	row_str(&w, "www.example.com");
	row_double(&w, 0.61);
	assert_int_equal(row_end(&w), 0);
	for (i = 0; i < nnew; i++) {
		row_begin(&w, &b, ROW_NEW_KEY, 1);
		row_str(&w, i == 0 ? "a.example" : "\"b\"");
		assert_int_equal(row_end(&w), 0);
	}
	s.p = p;
	s.n = b.len;
	return s;
}

static void
an_alert_event_carries_its_context(void **state)
{
	static struct conf_alert alerts[2] = { { .name = "other" },
	    { .name = "busy" } };
	struct msg_event	 e = { .kind = EVENT_ALERT, .ts_us = TS,
	    .vlan = { -1, -1 } };
	uint8_t			 rows[1024];

	(void)state;
	conf.alerts = alerts;
	conf.nalerts = 2;
	e.rows = alert_rows(rows, sizeof(rows), 0);
	assert_string_equal(line(&e, &eve_log),
	    "{\"timestamp\":\"2026-11-20T18:30:12.123456+0000\","
	    "\"event_type\":\"alert\",\"alert\":{\"action\":\"allowed\","
	    "\"gid\":90,\"signature_id\":2,\"rev\":1,"
	    "\"signature\":\"busy\",\"category\":\"traffic threshold\","
	    "\"severity\":2,\"context\":{\"id\":\"41-7\","
	    "\"state\":\"fired\",\"value\":50004,\"limit\":0.5,"
	    "\"span_seconds\":0.5,\"after_seconds\":0.5,\"peak\":0.5,"
	    "\"complete\":0.5,\"restarted\":false,"
	    "\"top\":[{\"host\":\"www.example.com\",\"share\":0.61}]}}}\n");
	e.rows = alert_rows(rows, sizeof(rows), 2);
	assert_non_null(strstr(line(&e, &eve_log), "\"share\":0.61}],"
	    "\"new\":[\"a.example\",\"\\\"b\\\"\"]}}}\n"));
	conf.alerts = NULL;
	conf.nalerts = 0;
	e.rows = alert_rows(rows, sizeof(rows), 0);
	e.rows.n--;
	assert_non_null(strstr(line(&e, &eve_log), "\"top\":[]"));
	e.rows.n = 3;
	assert_int_equal(eve_line(out, sizeof(out), &e, &eve_log,
	    &conf, NULL), -1);
}

static void
statistics_use_the_names_of_suricata(void **state)
{
	static const char *const names[] = { "cap_packets",
	    "cap_kernel_drops", "pkt_seen", "some_other" };
	struct msg_event	 e = { .kind = EVENT_STATS, .ts_us = TS,
	    .start_us = TS - 5000000, .vlan = { -1, -1 } };
	struct row_writer	 w;
	struct buf		 b;
	uint8_t			 rows[1024];
	size_t			 i;

	(void)state;
	buf_writer(&b, rows, sizeof(rows));
	for (i = 0; i < nitems(names); i++) {
		row_begin(&w, &b, ROW_TALLY, 0);
		row_str(&w, names[i]);
		row_u64(&w, 100 + i);
		row_str(&w, "packets");
		row_str(&w, "capture");
		assert_int_equal(row_end(&w), 0);
	}
	e.rows.p = rows;
	e.rows.n = b.len;
	assert_string_equal(line(&e, &extras_log),
	    "{\"timestamp\":\"2026-11-20T18:30:12.123456+0000\","
	    "\"event_type\":\"stats\",\"stats\":{\"uptime\":5,"
	    "\"capture\":{\"kernel_packets\":100,\"kernel_drops\":101},"
	    "\"decoder\":{\"pkts\":102}},\"netmond\":{\"v\":1,\"tally\":{"
	    "\"cap_packets\":100,\"cap_kernel_drops\":101,\"pkt_seen\":102,"
	    "\"some_other\":103}}}\n");
}

static void
access_logs_are_those_of_web_servers(void **state)
{
	struct msg_event	 e = http(), t = event(EVENT_TLS);

	(void)state;
	e.agent = span("curl/8 \"x\"");
	assert_string_equal(line(&e, &common_log), "198.51.100.0 - - "
	    "[20/Nov/2026:18:30:12 +0000] \"POST /shop/cart HTTP/1.1\" 200 "
	    "5120\n");
	assert_string_equal(line(&e, &combined_log), "198.51.100.0 - - "
	    "[20/Nov/2026:18:30:12 +0000] \"POST /shop/cart HTTP/1.1\" 200 "
	    "5120 \"-\" \"curl/8 \\\"x\\\"\"\n");
	assert_int_equal(eve_line(out, sizeof(out), &t, &common_log,
	    &conf, NULL),
	    0);
}

static void
a_log_takes_only_its_types(void **state)
{
	struct conf_log		 log = eve_log;
	struct msg_event	 e = http();

	(void)state;
	log.types = CONF_EV_ALERT | CONF_EV_TLS;
	assert_int_equal(eve_line(out, sizeof(out), &e, &log, &conf, NULL), 0);
	log.types |= CONF_EV_HTTP;
	assert_true(eve_line(out, sizeof(out), &e, &log, &conf, NULL) > 0);
}

static void
whatever_a_stranger_sends_stays_one_clean_line(void **state)
{
	static char		 text[256];
	struct conf_log		*logs[] = { &eve_log, &extras_log,
	    &combined_log };
	struct msg_event	 e;
	size_t			 i, k, j;
	int			 n;

	(void)state;
	srandom(3);
	for (i = 0; i < 3000; i++) {
		for (j = 0; j < sizeof(text) - 1; j++)
			text[j] = (char)(random() % 3 == 0 ? random() :
			    "\"\\\n\r\x1b{},:"[random() % 9]);
		e = http();
		e.host.p = e.uri.p = e.method.p = e.agent.p = e.section.p =
		    e.referer.p = e.content_type.p = (uint8_t *)text;
		e.host.n = e.uri.n = e.agent.n = e.referer.n = e.section.n =
		    e.content_type.n = (size_t)random() % sizeof(text);
		e.method.n = e.host.n / 2;
		for (k = 0; k < nitems(logs); k++) {
			n = eve_line(out, sizeof(out), &e, logs[k],
			    &conf, NULL);
			assert_true(n > 0);
			for (j = 0; j + 1 < (size_t)n; j++)
				assert_true((uint8_t)out[j] >= 0x20);
			assert_int_equal(out[n - 1], '\n');
		}
	}
}

static void
a_line_that_does_not_fit_is_refused_whole(void **state)
{
	struct msg_event	 e = http();
	size_t			 n, k;

	(void)state;
	n = strlen(line(&e, &extras_log));
	for (k = 1; k <= n; k++)
		assert_int_equal(eve_line(out, k, &e, &extras_log, &conf, NULL),
		    -1);
	assert_int_equal(eve_line(out, n + 1, &e, &extras_log, &conf, NULL), n);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(community_id_is_that_of_other_tools),
		cmocka_unit_test(an_http_event_is_the_documented_line),
		cmocka_unit_test(extras_sit_in_one_object),
		cmocka_unit_test(a_line_says_where_it_comes_from),
		cmocka_unit_test(a_hidden_client_has_no_community_id),
		cmocka_unit_test(who_asks_behind_a_proxy_is_xff),
		cmocka_unit_test(a_tls_event_lists_its_protocols),
		cmocka_unit_test(a_quic_event_is_that_of_udp),
		cmocka_unit_test(a_handshake_that_is_not_over_says_so),
		cmocka_unit_test(a_flow_event_tells_its_gaps),
		cmocka_unit_test(an_alert_event_carries_its_context),
		cmocka_unit_test(statistics_use_the_names_of_suricata),
		cmocka_unit_test(access_logs_are_those_of_web_servers),
		cmocka_unit_test(a_log_takes_only_its_types),
		cmocka_unit_test(
		    whatever_a_stranger_sends_stays_one_clean_line),
		cmocka_unit_test(a_line_that_does_not_fit_is_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
