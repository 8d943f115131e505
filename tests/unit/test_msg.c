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
	};

	return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
