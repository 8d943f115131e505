#include <string.h>

#include "analyzer/event.h"
#include "analyzer/quic.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"

struct sink {
	struct event_batch b;
	unsigned	 frames;
	unsigned	 records;
	bool		 refuse;
	struct msg_event last;
	uint8_t		 copy[FRAME_MAX];
};

/* Reads a batch back as the mirror will. */
static bool
take(void *arg, struct event_batch *b)
{
	struct sink	*s = arg;
	struct buf	 r;

	if (s->refuse)
		return false;
	memcpy(s->copy, b->frame + FRAME_HDR, b->body.len);
	buf_reader(&r, s->copy, b->body.len);
	for (; buf_left(&r) > 0; s->records++)
		assert_int_equal(msg_get_event(&r, &s->last), 0);
	assert_true(b->body.len <= FRAME_BODY_MAX);
	s->frames++;
	return true;
}

static struct sink sink;

static struct sink *
begin(void)
{
	memset(&sink, 0, sizeof(sink));
	event_batch_init(&sink.b, take, &sink);
	return &sink;
}

static void
records_are_batched_and_none_is_lost(void **state)
{
	struct sink	*s = begin();
	struct msg_event e;
	unsigned	 i, lost = 0;

	(void)state;
	for (i = 0; i < 5000; i++) {
		event_flow(&e, EVENT_HTTP, i, NULL);
		e.tx_id = i;
		lost += event_put(&s->b, &e);
	}
	lost += event_batch_flush(&s->b);
	assert_int_equal(lost, 0);
	assert_int_equal(s->records, 5000);
	assert_in_range(s->frames, 2, 100);
	assert_int_equal(s->last.tx_id, 4999);
	assert_int_equal(event_batch_flush(&s->b), 0);
}

static void
what_the_mirror_does_not_take_is_counted(void **state)
{
	struct sink	*s = begin();
	struct msg_event e;
	unsigned	 i, lost = 0;

	(void)state;
	s->refuse = true;
	event_flow(&e, EVENT_HTTP, 1, NULL);
	for (i = 0; i < 3000; i++)
		lost += event_put(&s->b, &e);
	lost += event_batch_flush(&s->b);
	assert_int_equal(lost, 3000);
}

static void
long_stream_data_fits_by_starting_a_new_frame(void **state)
{
	static uint8_t	 data[EVENT_BATCH];
	struct sink	*s = begin();
	struct msg_stream m;
	uint32_t	 lost = 0;
	unsigned	 i;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.kind = STREAM_DATA;
	m.data = data;
	m.len = sizeof(data);
	s->refuse = true;		/* only count what was handed out */
	for (i = 0; i < 10; i++)
		lost += event_put_stream(&s->b, &m);
	lost += event_batch_flush(&s->b);
	assert_int_equal(lost, 10);
}

/* The DATA in the batch as the mirror reads it; the number of its records. */
static unsigned
read_data(const struct event_batch *b, uint8_t *out, size_t *len)
{
	struct msg_stream	 m;
	struct buf		 r;
	unsigned		 n = 0;

	*len = 0;
	buf_reader(&r, b->frame + FRAME_HDR, b->body.len);
	while (buf_left(&r) > 0) {
		assert_int_equal(msg_get_stream(&r, &m), 0);
		if (m.kind != STREAM_DATA)
			continue;
		memcpy(out + *len, m.data, m.len);
		*len += m.len;
		n++;
	}
	return n;
}

static void
only_what_goes_on_at_once_joins_a_piece(void **state)
{
	static const struct {
		uint64_t	 id, offset, ts_us;
		uint8_t		 dir;
		bool		 mark;
		size_t		 len;
		unsigned	 records;
	} t[] = {
		{ 7, 100, 5000, 0, false, 50, 1 },
		{ 7, 100, 5000 + EVENT_JOIN_US, 0, false, 50, 1 },
		{ 7, 100, 5001 + EVENT_JOIN_US, 0, false, 50, 2 },
		{ 7, 100, 4999, 0, false, 50, 2 },
		{ 7, 101, 5000, 0, false, 50, 2 },
		{ 7, 99, 5000, 0, false, 50, 2 },
		{ 8, 100, 5000, 0, false, 50, 2 },
		{ 7, 100, 5000, 1, false, 50, 2 },
		{ 7, 100, 5000, 0, true, 50, 2 },
		{ 7, 100, 5000, 0, false, EVENT_JOIN_MAX - 100, 1 },
		{ 7, 100, 5000, 0, false, EVENT_JOIN_MAX - 99, 2 },
	};
	static uint8_t		 data[EVENT_JOIN_MAX], out[2 * EVENT_JOIN_MAX];
	struct sink		*s = begin();
	struct msg_stream	 m, mark;
	size_t			 i, len;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (i = 0; i < nitems(t); i++) {
		memset(&m, 0, sizeof(m));
		event_batch_init(&s->b, take, s);
		m.kind = STREAM_DATA;
		m.id = 7;
		m.ts_us = 5000;
		m.data = data;
		m.len = 100;
		assert_int_equal(event_put_stream(&s->b, &m), 0);
		mark = m;
		mark.kind = STREAM_MARK;
		if (t[i].mark)
			assert_int_equal(event_put_stream(&s->b, &mark), 0);
		m.id = t[i].id;
		m.offset = t[i].offset;
		m.ts_us = t[i].ts_us;
		m.dir = t[i].dir;
		m.len = t[i].len;
		m.data = data + sizeof(data) - m.len;
		assert_int_equal(event_put_stream(&s->b, &m), 0);
		assert_int_equal(read_data(&s->b, out, &len), t[i].records);
		assert_int_equal(len, 100 + t[i].len);
		assert_memory_equal(out, data, 100);
		assert_memory_equal(out + 100, m.data, m.len);
	}
}

static void
a_new_frame_begins_a_new_piece(void **state)
{
	static uint8_t	 data[1000];
	struct sink	*s = begin();
	struct msg_stream m;
	uint64_t	 in = 0;
	uint8_t		 out[64];
	size_t		 len;

	(void)state;
	s->refuse = true;
	memset(&m, 0, sizeof(m));
	m.kind = STREAM_DATA;
	m.data = data;
	m.len = sizeof(data);
	for (; in < 3 * EVENT_BATCH; in += m.len) {
		m.offset = in;
		event_put_stream(&s->b, &m);
		assert_true(s->b.body.len < EVENT_BATCH);
	}
	event_batch_flush(&s->b);
	m.offset = in;
	m.len = sizeof(out);
	assert_int_equal(event_put_stream(&s->b, &m), 0);
	assert_int_equal(read_data(&s->b, out, &len), 1);
	assert_int_equal(len, sizeof(out));
}

static struct http_span
span(const char *text)
{
	struct http_span s = { (const uint8_t *)text, strlen(text) };

	return s;
}

static void
privacy_holds_for_events(void **state)
{
	struct conf_privacy	 p = { .query = CONF_QUERY_NONE };
	struct session_text	 t;
	struct session_tx	 x;
	struct event_text	 room;
	struct msg_event	 e;

	(void)state;
	memset(&t, 0, sizeof(t));
	memset(&x, 0, sizeof(x));
	t.method = span("GET");
	t.host = span("www.example.com");
	t.target = span("/login?password=x");
	t.user_agent = span("curl");
	t.referer = span("http://a.example/?token=y");
	x.text = &t;
	x.id = 3;
	x.status = 200;
	x.req_us = 1000;
	x.resp_us = 5120;
	x.resp_end_us = 62733;
	event_flow(&e, EVENT_HTTP, 1, NULL);
	event_http(&e, &room, &p, &x, "dmz", 0);
	assert_int_equal(e.uri.n, 6);
	assert_memory_equal(e.uri.p, "/login", 6);
	assert_int_equal(e.agent.n, 0);
	assert_int_equal(e.referer.n, 0);
	assert_int_equal(e.first_byte_us, 4120);
	assert_int_equal(e.last_byte_us, 61733);
	assert_int_equal(e.tx_id, 3);
	p.nheaders = 2;
	memcpy(p.headers[0], "User-Agent", 11);
	memcpy(p.headers[1], "referer", 8);
	event_http(&e, &room, &p, &x, "dmz", 0);
	assert_int_equal(e.agent.n, 4);
	assert_int_equal(e.referer.n, 17);
	assert_memory_equal(e.referer.p, "http://a.example/", 17);
}

static void
a_hidden_client_does_not_leak(void **state)
{
	struct event_flow	 f;
	struct msg_event	 e;
	static const struct endpoint none;

	(void)state;
	memset(&f, 0, sizeof(f));
	f.iface = "eth0";
	f.id = UINT64_MAX;
	addr_parse("192.0.2.0", &f.client.addr);
	addr_parse("192.0.2.77", &f.real_client.addr);
	f.hidden = true;
	event_flow(&e, EVENT_TLS, 5, &f);
	assert_int_equal(endpoint_cmp(&e.real_client, &none), 0);
	assert_int_equal(endpoint_cmp(&e.client, &f.client), 0);
	assert_true(e.hide_client);
	assert_true(e.flow_id < 1ULL << 53);
	f.hidden = false;
	event_flow(&e, EVENT_TLS, 5, &f);
	assert_int_equal(endpoint_cmp(&e.real_client, &f.real_client), 0);
	assert_true(addr_is_zero(&e.asker));
	f.asker = &f.server.addr;
	f.server.addr.b[3] = 4;
	event_flow(&e, EVENT_TLS, 5, &f);
	assert_int_equal(addr_cmp(&e.asker, &f.server.addr), 0);
}

static void
the_end_of_a_flow_tells_how(void **state)
{
	struct flow_info	 f;
	struct msg_event	 e;

	(void)state;
	memset(&f, 0, sizeof(f));
	f.state = FLOW_CLOSED;
	f.half[0].packets = 14;
	f.half[1].packets = 18;
	f.half[0].seen = f.half[1].seen = true;
	f.half[1].lost = 7;
	f.tcp_flags = 0x1b;
	event_flow(&e, EVENT_FLOW, 5, NULL);
	event_flow_end(&e, &f, FLOW_EOF_FIN, 3);
	assert_int_equal(e.packets[1], 18);
	assert_int_equal(e.gaps, 2);
	assert_int_equal(e.closed, 2);
	assert_int_equal(e.tx_count, 3);
	assert_memory_equal(e.text.p, "fin", 3);
	assert_int_equal(e.tcp_flags, 0x1b);
}

static void
says(const struct msg_span *s, const char *want)
{
	assert_int_equal(s->n, strlen(want));
	assert_memory_equal(s->p, want, s->n);
}

static void
a_handshake_tells_what_was_chosen(void **state)
{
	const uint8_t		 name[] = "a.example", alpn[] = "h2,http/1.1";
	struct session_tls	 t = {
		.name = { name, 9 }, .alpn = { alpn, 11 },
		.offered = 0x0304, .hello_us = 1000
	};
	struct msg_event	 e;

	(void)state;
	event_flow(&e, EVENT_TLS, 1, NULL);
	event_tls(&e, &t, 0, "client reset", "for other names");
	says(&e.host, "a.example");
	says(&e.alpn, "h2,http/1.1");
	says(&e.text, "TLS 1.3");
	says(&e.failure, "client reset");
	says(&e.certificate, "for other names");
	assert_true(e.protocol.n == 0 && e.gap == 1);

	t.version = 0x0303;
	t.server_us = 2000;
	t.done_us = 3000;
	t.resumed = true;
	event_flow(&e, EVENT_TLS, 1, NULL);
	event_tls(&e, &t, 2000, "", "");
	says(&e.protocol, "TLS 1.2");
	assert_true(e.gap == 0 && e.resumed == 1 && e.last_byte_us == 2000);

	t.offered = 0;
	t.version = 0x7f12;		/* a draft of 1.3 */
	event_flow(&e, EVENT_TLS, 1, NULL);
	event_tls(&e, &t, 0, "", "");
	says(&e.protocol, "unknown");
	assert_true(e.text.n == 0 && e.gap == 1);
}

static void
a_hello_of_quic_has_its_name_and_version(void **state)
{
	const uint8_t		 name[] = "b.example", h3[] = "h3";
	const uint8_t		 h29[] = "h3-29";
	const struct tls_hello	 tls = { .nalpn = 2, .alpn = { { h3, 2 },
				    { h29, 5 } } };
	const struct quic_hello	 h = { .tls = &tls, .version = QUIC_V2 };
	struct event_text	 text;
	struct msg_event	 e;

	(void)state;
	event_flow(&e, EVENT_QUIC, 1, NULL);
	event_quic(&e, &text, &h, name, 9);
	says(&e.host, "b.example");
	says(&e.alpn, "h3,h3-29");
	says(&e.protocol, "QUIC v2");
	assert_true(e.status == QUIC_V2 && !e.gap && !e.resumed);
}

static void
types_are_what_any_log_wants(void **state)
{
	struct conf_log	 logs[2];
	struct conf	 c;

	(void)state;
	memset(&c, 0, sizeof(c));
	memset(logs, 0, sizeof(logs));
	assert_int_equal(event_types(&c), 0);
	c.logs = logs;
	c.nlogs = 2;
	logs[0].types = CONF_EV_ALERT;
	logs[1].types = CONF_EV_HTTP;
	assert_int_equal(event_types(&c), CONF_EV_ALERT | CONF_EV_HTTP);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(records_are_batched_and_none_is_lost),
		cmocka_unit_test(what_the_mirror_does_not_take_is_counted),
		cmocka_unit_test(
		    long_stream_data_fits_by_starting_a_new_frame),
		cmocka_unit_test(only_what_goes_on_at_once_joins_a_piece),
		cmocka_unit_test(a_new_frame_begins_a_new_piece),
		cmocka_unit_test(privacy_holds_for_events),
		cmocka_unit_test(a_hidden_client_does_not_leak),
		cmocka_unit_test(the_end_of_a_flow_tells_how),
		cmocka_unit_test(a_handshake_tells_what_was_chosen),
		cmocka_unit_test(a_hello_of_quic_has_its_name_and_version),
		cmocka_unit_test(types_are_what_any_log_wants),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
