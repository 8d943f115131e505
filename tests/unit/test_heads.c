#include <string.h>

#include "analyzer/heads.h"
#include "sandbox/pcapng.h"
#include "tests/lib/cmocka_first.h"

#define LIMIT	(1 << 20)
#define K	77		/* a key */
#define HOST	5

static void
fresh(struct heads *h, struct mem *mem, size_t size)
{
	memset(mem, 0, sizeof(*mem));
	mem->limit = LIMIT;
	heads_init(h, mem, size);
	assert_true(heads_keeps(h));
}

static void
end(struct heads *h)
{
	struct mem	*mem = h->mem;

	heads_clear(h);
	assert_true(mem->used == 0);
	assert_false(heads_keeps(h));
}

/* A packet at that time; its bytes tell it, too. */
static void
packet(struct heads *h, uint64_t us, uint64_t flow, size_t len)
{
	static uint8_t		 bytes[UINT16_MAX];
	struct heads_packet	 p = { us, us + 1000, 1500, (uint16_t)(us % 7),
				    1, bytes, len };

	memset(bytes, (int)(us & 0xff), len);
	heads_put(h, &p);
	heads_own(h, flow);
}

/* How many are given; they are whole and one behind the other. */
static size_t
given(const struct heads *h, uint64_t *first, uint64_t *last)
{
	struct heads_cursor	 at = { 0, 0 };
	struct heads_packet	 p;
	size_t			 n, i;

	*first = *last = 0;
	for (n = 0; heads_next(h, &at, &p); n++) {
		assert_true(n == 0 || p.us > *last);
		assert_true(p.ts_us == p.us + 1000);
		assert_int_equal(p.wire, 1500);
		assert_int_equal(p.iface, p.us % 7);
		for (i = 0; i < p.len; i++)
			assert_int_equal(p.p[i], p.us & 0xff);
		*last = p.us;
		if (n == 0)
			*first = p.us;
	}
	return n;
}

static struct heads_found
choose(struct heads *h, uint64_t from_us, uint64_t key, uint32_t host)
{
	struct heads_want	 w = { .from_us = from_us, .all = key == 0,
				    .key = key, .host = host,
				    .budget = SIZE_MAX };
	struct heads_found	 f;

	heads_choose(h, &w, &f);
	return f;
}

static void
the_last_ones_are_kept_whole_and_in_order(void **state)
{
	struct heads		 h;
	struct heads_found	 f;
	struct mem		 mem;
	uint64_t		 us, first, last;

	(void)state;
	fresh(&h, &mem, HEADS_ROOM);
	assert_int_equal(given(&h, &first, &last), 0);
	for (us = 1; us < 20000; us++) {
		packet(&h, us, 1, us * 31 % (HEADS_CAP + 1));
		if (us % 3 == 0)
			heads_mark(&h, us, 1, K, 0);
		if (us % 97 != 0)
			continue;
		f = choose(&h, 0, 0, 0);
		assert_true(given(&h, &first, &last) == f.packets);
		assert_true(last == us && us - first + 1 == f.packets);
		assert_true(f.since_us == first && h.lost == (first > 1));
	}
	assert_true(f.packets > 60);
	assert_true(mem.used == HEADS_ROOM);
	end(&h);
}

static void
a_longer_head_is_cut(void **state)
{
	struct heads		 h;
	struct heads_cursor	 at = { 0, 0 };
	struct heads_packet	 p;
	struct mem		 mem;

	(void)state;
	fresh(&h, &mem, HEADS_ROOM);
	packet(&h, 1, 1, HEADS_CAP + 1);
	choose(&h, 0, 0, 0);
	assert_true(heads_next(&h, &at, &p));
	assert_int_equal(p.len, HEADS_CAP);
	end(&h);
}

static void
those_that_counted_are_found(void **state)
{
	struct heads		 h;
	struct heads_found	 f;
	struct mem		 mem;
	uint64_t		 first, last;

	(void)state;
	fresh(&h, &mem, HEADS_ROOM);
	packet(&h, 100, 1, 54);
	packet(&h, 101, 2, 54);
	packet(&h, 102, 3, 54);
	packet(&h, 103, 0, 54);
	heads_mark(&h, 103, 1, K, HOST);
	heads_mark(&h, 104, 2, K + 1, HOST);
	heads_mark(&h, 105, 3, K, HOST + 1);
	packet(&h, 106, 1, 54);
	packet(&h, 107, 2, 54);
	heads_mark(&h, 108, 1, K, HOST);

	f = choose(&h, 0, K, 0);
	assert_true(f.packets == 3 && f.flows == 2 && !f.of_host && !f.some);
	assert_int_equal(given(&h, &first, &last), 3);
	assert_true(first == 100 && last == 106);
	f = choose(&h, 0, K, HOST);
	assert_true(f.packets == 2 && f.flows == 1 && f.of_host);
	/* A host that nothing counted for lately tells nothing. */
	f = choose(&h, 0, K, HOST + 2);
	assert_true(f.packets == 3 && !f.of_host);
	f = choose(&h, 0, K + 2, 0);
	assert_true(f.packets == 0 && f.flows == 0);
	assert_int_equal(given(&h, &first, &last), 0);
	f = choose(&h, 0, 0, 0);
	assert_true(f.packets == 6);
	end(&h);
}

static void
what_is_too_old_is_left_alone(void **state)
{
	struct heads		 h;
	struct heads_found	 f;
	struct mem		 mem;
	uint64_t		 first, last;

	(void)state;
	fresh(&h, &mem, HEADS_ROOM);
	packet(&h, 100, 1, 54);
	heads_mark(&h, 100, 1, K, 0);
	packet(&h, 101, 2, 54);
	heads_mark(&h, 101, 2, K, 0);
	packet(&h, 102, 1, 54);
	f = choose(&h, 101, K, 0);
	assert_true(f.packets == 1 && f.since_us == 101);
	f = choose(&h, 50, K, 0);
	assert_true(f.packets == 3 && f.since_us == 100);
	f = choose(&h, 101, 0, 0);
	assert_int_equal(given(&h, &first, &last), 2);
	assert_true(first == 101);
	end(&h);
}

static bool
is_third(void *arg, uint16_t iface)
{
	(void)arg;
	return iface == 3;
}

static void
the_newest_fit_a_budget_and_an_interface(void **state)
{
	struct heads_want	 w = { .all = true };
	struct heads		 h;
	struct heads_found	 f;
	struct mem		 mem;
	uint64_t		 us, first, last;

	(void)state;
	fresh(&h, &mem, HEADS_ROOM);
	for (us = 1; us <= 70; us++)
		packet(&h, us, 1, 54);
	for (w.budget = 0; w.budget < 5 * PCAPNG_PACKET(54); w.budget++) {
		heads_choose(&h, &w, &f);
		assert_true(f.packets == w.budget / PCAPNG_PACKET(54));
		assert_true(f.packets + f.left_out == 70);
		assert_true(given(&h, &first, &last) == f.packets);
		assert_true(f.packets == 0 || last == 70);
	}
	w.on = is_third;
	heads_choose(&h, &w, &f);
	assert_true(f.packets == 5 && f.left_out == 5);
	assert_int_equal(given(&h, &first, &last), 5);
	assert_true(first == 38 && last == 66);
	end(&h);
}

/* All of the marks that were put in its place, not a packet. */
static void
a_packet_that_was_driven_out_is_not_written_to(void **state)
{
	struct heads_packet	 p = { 1, 1, 54, 0, 1, NULL, 0 };
	struct heads		 h;
	struct heads_found	 f;
	struct mem		 mem;
	unsigned		 i;

	(void)state;
	fresh(&h, &mem, HEADS_ROOM);
	p.p = (const uint8_t *)"";
	heads_put(&h, &p);
	for (i = 0; i < HEADS_ROOM / 16; i++)
		heads_mark(&h, 2, 9, K, 0);
	heads_own(&h, 4);
	f = choose(&h, 0, K, 0);
	assert_true(f.flows == 1 && f.packets == 0 && h.lost);
	end(&h);
}

static void
of_very_many_connections_the_last_are_looked_at(void **state)
{
	struct heads		 h;
	struct heads_found	 f;
	struct mem		 mem;
	unsigned		 i;

	(void)state;
	fresh(&h, &mem, LIMIT);
	for (i = 1; i <= HEADS_FLOWS; i++)
		heads_mark(&h, 1, i, K, 0);
	packet(&h, 2, 1, 20);
	packet(&h, 3, HEADS_FLOWS + 1, 20);
	f = choose(&h, 0, K, 0);
	assert_true(f.flows == HEADS_FLOWS && !f.some && f.packets == 1);
	heads_mark(&h, 4, HEADS_FLOWS + 1, K, 0);
	f = choose(&h, 0, K, 0);
	assert_true(f.flows == HEADS_FLOWS && f.some && f.packets == 1);
	assert_true(h.n == HEADS_FLOWS + 3);
	end(&h);
}

static void
memory_that_is_refused_keeps_nothing(void **state)
{
	struct heads	 h;
	struct mem	 mem = { .limit = HEADS_ROOM - 1 };

	(void)state;
	heads_init(&h, &mem, HEADS_ROOM);
	assert_false(heads_keeps(&h));
	assert_true(mem.used == 0 && mem.refused[MEM_METERS] == 1);
	heads_clear(&h);
	mem.limit = LIMIT;
	heads_init(&h, &mem, HEADS_ROOM - 8);
	assert_false(heads_keeps(&h));
	heads_init(&h, &mem, HEADS_ROOM);
	assert_true(heads_keeps(&h));
	end(&h);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_last_ones_are_kept_whole_and_in_order),
		cmocka_unit_test(a_longer_head_is_cut),
		cmocka_unit_test(those_that_counted_are_found),
		cmocka_unit_test(what_is_too_old_is_left_alone),
		cmocka_unit_test(the_newest_fit_a_budget_and_an_interface),
		cmocka_unit_test(
		    a_packet_that_was_driven_out_is_not_written_to),
		cmocka_unit_test(
		    of_very_many_connections_the_last_are_looked_at),
		cmocka_unit_test(memory_that_is_refused_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
