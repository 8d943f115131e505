#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/msg.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

#define M(name, num, from, to, min, max)	MSG_##name,
static const uint16_t	 types[] = { MSG_TABLE(M) };
#undef M

static void
every_type_is_found_and_the_table_is_sorted(void **state)
{
	const struct msg_desc	*d;
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(types); i++) {
		assert_true(i == 0 || types[i] > types[i - 1]);
		assert_non_null(d = msg_desc(types[i]));
		assert_int_equal(d->type, types[i]);
		assert_true(d->min <= d->max && d->max <= FRAME_BODY_MAX);
	}
	assert_null(msg_desc(0xffff));
	assert_string_equal(msg_name(MSG_PACKETS), "PACKETS");
	assert_string_equal(msg_name(0), "unknown");
}

static void
directions_are_kept(void **state)
{
	static const struct {
		uint16_t	 type;
		enum role	 from;
		enum role	 to;
		bool		 ok;
	} table[] = {
		{ MSG_PACKETS, ROLE_CAPTURE, ROLE_ANALYZER, true },
		{ MSG_PACKETS, ROLE_ANALYZER, ROLE_CAPTURE, false },
		{ MSG_PACKETS, ROLE_CLIENT, ROLE_PARENT, false },
		{ MSG_TERMINATE, ROLE_CLIENT, ROLE_PARENT, true },
		{ MSG_TERMINATE, ROLE_ANALYZER, ROLE_PARENT, false },
		{ MSG_SHOW, ROLE_CLIENT, ROLE_PARENT, true },
		{ MSG_SHOW, ROLE_PARENT, ROLE_ANALYZER, true },
		{ MSG_CONF, ROLE_CLIENT, ROLE_PARENT, false },
		{ MSG_ROW, ROLE_MIRROR, ROLE_PARENT, true },
		{ MSG_ROW, ROLE_CLIENT, ROLE_PARENT, false },
		{ MSG_ROW, ROLE_LAUNCHER, ROLE_PARENT, false },
		{ MSG_LINK, ROLE_PARENT, ROLE_CAPTURE, false },
		{ MSG_LAUNCH, ROLE_CAPTURE, ROLE_LAUNCHER, false },
		{ MSG_FILE_WANTED, ROLE_MIRROR, ROLE_PARENT, true },
		{ MSG_FILE_WANTED, ROLE_ANALYZER, ROLE_PARENT, false },
		{ MSG_FILE_WANTED, ROLE_CAPTURE, ROLE_PARENT, false },
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(table); i++)
		assert_int_equal(msg_allowed(msg_desc(table[i].type),
		    table[i].from, table[i].to), table[i].ok);
}

static void
a_packet_round_trips_and_a_cut_one_is_refused(void **state)
{
	uint8_t			 mem[64];
	struct msg_packet	 m, got;
	struct buf		 b, r;
	size_t			 n;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.ts_us = 1700000000000000ULL;
	m.wirelen = 1514;
	m.caplen = 4;
	m.iface = 3;
	m.data = (const uint8_t *)"abcd";
	buf_writer(&b, mem, sizeof(mem));
	msg_put_packet(&b, &m);
	assert_int_equal(b.len, MSG_PACKET_HDR + 4);
	for (n = 0; n < b.len; n++) {
		buf_reader(&r, guard_copy(mem, n), n);
		assert_int_equal(msg_get_packet(&r, &got), -1);
	}
	buf_reader(&r, guard_copy(mem, n), n);
	assert_int_equal(msg_get_packet(&r, &got), 0);
	assert_true(got.ts_us == m.ts_us && got.wirelen == m.wirelen);
	assert_memory_equal(got.data, "abcd", 4);
}

static void
a_show_keeps_its_words_and_its_bounds(void **state)
{
	static uint8_t		 mem[FRAME_BODY_MAX];
	static struct msg_show	 m, got;
	struct buf		 b, r;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.subject = SHOW_HOST;
	m.window = WINDOW_10M;
	m.nargs = 1;
	compat_strlcpy(m.args[0], "www.example.com", sizeof(m.args[0]));
	buf_writer(&b, mem, sizeof(mem));
	msg_put_show(&b, &m);
	buf_reader(&r, guard_copy(mem, b.len), b.len);
	assert_int_equal(msg_get_show(&r, &got), 0);
	assert_string_equal(got.args[0], "www.example.com");
	m.subject = SHOW_SUBJECTS;
	buf_writer(&b, mem, sizeof(mem));
	msg_put_show(&b, &m);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_show(&r, &got), -1);
	m.subject = SHOW_HOST;
	m.nargs = MSG_ARGS_MAX + 1;
	buf_writer(&b, mem, sizeof(mem));
	msg_put_show(&b, &m);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_show(&r, &got), -1);
}

static void
an_old_client_is_told_apart_by_its_version_alone(void **state)
{
	uint8_t			 mem[8];
	struct msg_hello	 h;
	struct buf		 b, r;

	(void)state;
	buf_writer(&b, mem, sizeof(mem));
	buf_put_u32(&b, MSG_VERSION + 1);
	buf_reader(&r, guard_copy(mem, b.len), b.len);
	assert_int_equal(msg_get_hello(&r, &h), 0);
	assert_int_equal(h.version, MSG_VERSION + 1);
	buf_reader(&r, mem, 3);
	assert_int_equal(msg_get_hello(&r, &h), -1);
}

static void
slots_outside_their_table_are_refused(void **state)
{
	uint8_t		 mem[2048];
	uint8_t		 big[MSG_SAVE_MAX + 1] = { 0 };
	struct msg_slot	 s, got;
	struct buf	 b, r;
	size_t		 i;
	static const struct {
		uint16_t	 table;
		uint32_t	 slot;
		size_t		 len;
		int		 want;
	} t[] = {
		{ 0, 0, 0, 0 },
		{ MSG_SAVE_TABLES - 1, MSG_SAVE_SLOTS - 1, MSG_SAVE_MAX, 0 },
		{ MSG_SAVE_TABLES, 0, 1, -1 },
		{ 0, MSG_SAVE_SLOTS, 1, -1 },
		{ 0, 0, MSG_SAVE_MAX + 1, -1 },
	};

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		s.table = t[i].table;
		s.slot = t[i].slot;
		s.data = big;
		s.len = t[i].len;
		buf_writer(&b, mem, sizeof(mem));
		msg_put_slot(&b, &s);
		buf_reader(&r, mem, b.len);
		assert_int_equal(msg_get_slot(&r, &got), t[i].want);
	}
}

static void
an_event_round_trips(void **state)
{
	static uint8_t		 mem[4096];
	struct msg_event	 m, got;
	struct buf		 b, r;
	size_t			 n;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.kind = EVENT_HTTP;
	m.status = 200;
	m.vlan[0] = -1;
	m.host.p = (const uint8_t *)"a\0b";
	m.host.n = 3;
	m.bytes[1] = 77;
	m.asker.b[15] = 9;
	buf_writer(&b, mem, sizeof(mem));
	msg_put_event(&b, &m);
	for (n = 0; n < b.len; n++) {
		buf_reader(&r, guard_copy(mem, n), n);
		assert_int_equal(msg_get_event(&r, &got), -1);
	}
	buf_reader(&r, guard_copy(mem, b.len), b.len);
	assert_int_equal(msg_get_event(&r, &got), 0);
	assert_int_equal(got.host.n, 3);
	assert_memory_equal(got.host.p, "a\0b", 3);
	assert_int_equal(got.vlan[0], -1);
	assert_int_equal(got.bytes[1], 77);
	assert_int_equal(got.asker.b[15], 9);
}

/* One row per payload: its bytes are read, written and read again. */
#define PAYLOADS(P)							\
	P(launch) P(launched) P(hello) P(ready) P(file) P(text)		\
	P(crash) P(link) P(iface) P(local) P(capstat) P(data_end)	\
	P(own_tuple) P(lost_time) P(events_from) P(monitor) P(watch) P(show)

#define AGAIN(name)							\
static int								\
again_##name(const uint8_t *p, size_t n, struct buf *out)		\
{									\
	static struct msg_##name m;					\
	struct buf	 r;						\
									\
	memset(&m, 0xee, sizeof(m));					\
	buf_reader(&r, p, n);						\
	if (msg_get_##name(&r, &m) == -1)				\
		return -1;						\
	msg_put_##name(out, &m);					\
	return 0;							\
}
PAYLOADS(AGAIN)
#undef AGAIN

static void
sample(struct buf *b, int role)
{
	buf_put_u32(b, (uint32_t)role);
	buf_put_u32(b, 7);
}

static void
sample_endpoints(struct buf *b)
{
	struct endpoint	 e[2];

	assert_int_equal(endpoint_parse("10.0.0.1:80", &e[0]), 0);
	assert_int_equal(endpoint_parse("[2001:db8::1]:443", &e[1]), 0);
	endpoint_put(b, &e[0]);
	endpoint_put(b, &e[1]);
}

static void
put_launch(struct buf *b)
{
	sample(b, ROLE_MIRROR);
}

static void
put_launched(struct buf *b)
{
	sample(b, ROLE_MIRROR);
	buf_put_u32(b, (uint32_t)-5);
}

static void
put_hello(struct buf *b)
{
	sample(b, MSG_VERSION);
	buf_put_u32(b, 1);
	buf_put_u64(b, 2);
	buf_put_u64(b, 3);
	buf_put_u64(b, 4);
	buf_put_str(b, "0.9.0");
}

static void
put_ready(struct buf *b)
{
	sample(b, 99);
	buf_put_str(b, "eth0");
}

static void
put_file(struct buf *b)
{
	sample(b, FILE_EVENTS);
	buf_put_u32(b, FILE_REGULAR);
	buf_put_u32(b, 2);
	buf_put_u64(b, 1ULL << 40);
	buf_put_u64(b, 1ULL << 41);
	buf_put_str(b, "/var/log/a");
}

static void
put_text(struct buf *b)
{
	buf_put_u32(b, 3);
	buf_put_str(b, "a text");
}

static void
put_crash(struct buf *b)
{
	sample(b, 11);
	buf_put_u64(b, 0xdeadbeef);
	buf_put_u64(b, 12);
}

static void
put_link(struct buf *b)
{
	sample(b, 4);
	buf_put_u32(b, 1);
}

static void
put_iface(struct buf *b)
{
	buf_put_u16(b, 5);
	buf_put_u16(b, IFACE_FAILED);
	sample(b, 2);
	buf_put_u32(b, 65535);
	buf_put_u64(b, 1 << 20);
	buf_put_u32(b, 1);
	buf_put_u16(b, 1);
	buf_put_str(b, "eth0.5");
	buf_put_str(b, "vlan");
	buf_put_str(b, "lan");
	buf_put_str(b, "no such device");
}

static void
put_capstat(struct buf *b)
{
	uint64_t	 i;

	buf_put_u16(b, 5);
	for (i = 0; i < 9; i++)
		buf_put_u64(b, i << 33);
}

static void
put_data_end(struct buf *b)
{
	sample(b, 1);
}

static void
put_local(struct buf *b)
{
	buf_put_u32(b, 2);
	buf_put(b, "0123456789abcdef0123456789ABCDEF", 32);
}

static void
put_own_tuple(struct buf *b)
{
	sample_endpoints(b);
	buf_put_u8(b, 1);
}

static void
put_lost_time(struct buf *b)
{
	buf_put_u32(b, ROLE_ANALYZER);
	buf_put_u64(b, 10);
	buf_put_u64(b, 11);
}

static void
put_events_from(struct buf *b)
{
	buf_put_u64(b, 10);
	buf_put_u64(b, 11);
	buf_put_u32(b, 1);
}

static void
put_monitor(struct buf *b)
{
	buf_put_u64(b, 10);
	buf_put_str(b, "child");
	buf_put_str(b, "analyzer ready");
}

static void
put_watch(struct buf *b)
{
	sample(b, 1);
	buf_put_u64(b, 10);
	buf_put_u64(b, 11);
}

static void
put_show(struct buf *b)
{
	struct msg_show	 m;

	memset(&m, 0, sizeof(m));
	m.nargs = 2;
	compat_strlcpy(m.args[1], "x", sizeof(m.args[1]));
	msg_put_show(b, &m);
}

static void
every_payload_is_read_back_and_refused_at_each_cut(void **state)
{
	static uint8_t	 one[FRAME_BODY_MAX], two[FRAME_BODY_MAX];
	static const struct {
		void	(*put)(struct buf *);
		int	(*again)(const uint8_t *, size_t, struct buf *);
	} t[] = {
#define P(name)	{ put_##name, again_##name },
		PAYLOADS(P)
#undef P
	};
	struct buf	 a, b;
	size_t		 i, n;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		buf_writer(&a, one, sizeof(one));
		t[i].put(&a);
		for (n = 0; n < a.len; n++) {
			buf_writer(&b, two, sizeof(two));
			assert_int_equal(t[i].again(guard_copy(one, n), n, &b),
			    -1);
		}
		buf_writer(&b, two, sizeof(two));
		assert_int_equal(t[i].again(guard_copy(one, n), n, &b), 0);
		assert_int_equal(b.len, a.len);
		assert_memory_equal(one, two, a.len);
	}
}

static void
values_outside_their_enum_are_refused(void **state)
{
	uint8_t			 mem[2048];
	struct msg_launch	 launch;
	struct msg_lost_time	 lost = { ROLE_ANALYZER, 5, 4 };
	struct msg_iface	 iface;
	struct msg_file		 file;
	static struct msg_local	 local;
	struct buf		 b, r;

	(void)state;
	buf_writer(&b, mem, sizeof(mem));
	sample(&b, ROLE_MAX);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_launch(&r, &launch), -1);
	buf_writer(&b, mem, sizeof(mem));
	msg_put_lost_time(&b, &lost);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_lost_time(&r, &lost), -1);
	memset(&iface, 0, sizeof(iface));
	iface.state = IFACE_FAILED + 1;
	buf_writer(&b, mem, sizeof(mem));
	msg_put_iface(&b, &iface);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_iface(&r, &iface), -1);
	buf_writer(&b, mem, sizeof(mem));
	buf_put_u32(&b, MSG_LOCAL_MAX + 1);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_local(&r, &local), -1);
	memset(&file, 0, sizeof(file));
	file.kind = FILE_EVENTS + 1;
	buf_writer(&b, mem, sizeof(mem));
	msg_put_file(&b, &file);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_file(&r, &file), -1);
	file.kind = FILE_RECORD;
	file.index = CONF_LIST_MAX;
	buf_writer(&b, mem, sizeof(mem));
	msg_put_file(&b, &file);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_file(&r, &file), -1);
}

static void
stream_records_carry_what_their_kind_has(void **state)
{
	uint8_t			 mem[512];
	struct msg_stream	 m, got;
	struct buf		 b, r;
	size_t			 n;

	(void)state;
	for (m.kind = 0; m.kind <= STREAM_KINDS; m.kind++) {
		uint8_t	 kind = m.kind;

		memset(&m, 0, sizeof(m));
		m.kind = kind;
		m.id = 77;
		m.vlan = -1;
		assert_int_equal(endpoint_parse("10.0.0.1:80", &m.server), 0);
		m.data = (const uint8_t *)"bytes";
		m.len = 5;
		m.answer = ANSWER_KINDS - 1;
		m.status = 599;
		m.wait_us = UINT64_MAX - 1;
		buf_writer(&b, mem, sizeof(mem));
		msg_put_stream(&b, &m);
		for (n = 0; n <= b.len; n++) {
			buf_reader(&r, guard_copy(mem, n), n);
			assert_int_equal(msg_get_stream(&r, &got),
			    n == b.len && kind < STREAM_KINDS ? 0 : -1);
		}
		if (kind == STREAM_OPEN)
			assert_int_equal(got.server.port, 80);
		if (kind == STREAM_DATA)
			assert_memory_equal(got.data, "bytes", 5);
		if (kind == STREAM_ANSWER) {
			assert_int_equal(got.answer, ANSWER_KINDS - 1);
			assert_int_equal(got.status, 599);
			assert_true(got.wait_us == UINT64_MAX - 1);
		}
	}
	memset(&m, 0, sizeof(m));
	m.kind = STREAM_ANSWER;
	m.answer = ANSWER_KINDS;
	buf_writer(&b, mem, sizeof(mem));
	msg_put_stream(&b, &m);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_stream(&r, &got), -1);
	memset(&m, 0, sizeof(m));
	m.kind = STREAM_MARK;
	m.mark = MARK_LOST + 1;
	buf_writer(&b, mem, sizeof(mem));
	msg_put_stream(&b, &m);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_stream(&r, &got), -1);
	m.mark = MARK_LOST;
	m.dir = STREAM_UNKNOWN + 1;
	buf_writer(&b, mem, sizeof(mem));
	msg_put_stream(&b, &m);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_stream(&r, &got), -1);
}

static void
a_number_and_a_path_come_back(void **state)
{
	uint8_t		 mem[64];
	char		 path[16];
	struct buf	 b, r;
	uint32_t	 n;

	(void)state;
	buf_writer(&b, mem, sizeof(mem));
	msg_put_number(&b, 42);
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_number(&r, &n), 0);
	assert_int_equal(n, 42);
	buf_writer(&b, mem, sizeof(mem));
	msg_put_path(&b, "/etc/a");
	buf_reader(&r, mem, b.len);
	assert_int_equal(msg_get_path(&r, path, sizeof(path)), 0);
	assert_string_equal(path, "/etc/a");
	buf_reader(&r, mem, b.len - 1);
	assert_int_equal(msg_get_path(&r, path, sizeof(path)), -1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(every_type_is_found_and_the_table_is_sorted),
		cmocka_unit_test(directions_are_kept),
		cmocka_unit_test(a_packet_round_trips_and_a_cut_one_is_refused),
		cmocka_unit_test(a_show_keeps_its_words_and_its_bounds),
		cmocka_unit_test(
		    an_old_client_is_told_apart_by_its_version_alone),
		cmocka_unit_test(slots_outside_their_table_are_refused),
		cmocka_unit_test(an_event_round_trips),
		cmocka_unit_test(
		    every_payload_is_read_back_and_refused_at_each_cut),
		cmocka_unit_test(values_outside_their_enum_are_refused),
		cmocka_unit_test(stream_records_carry_what_their_kind_has),
		cmocka_unit_test(a_number_and_a_path_come_back),
	};

	return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
