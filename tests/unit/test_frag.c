#include <stdlib.h>
#include <string.h>

#include "analyzer/frag.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"
#include "tests/lib/pcapgen.h"

static struct pcapgen		 g;
static struct mem		 mem;
static struct frag_table	*ft;
static const struct hash_key	 key = { 1, 2 };
static uint8_t			 whole[8192];
static size_t			 whole_len;
static uint64_t			 given;		/* bytes on the wire */
static uint64_t			 found;		/* whole again, or lost */

static void
on_lost(void *arg, const struct packet *p)
{
	assert_null(arg);
	assert_int_equal(p->l4_cap, 0);
	found += p->wirelen;
}

static void
begin(size_t limit, int v6, size_t payload)
{
	static uint8_t		 data[8192];
	struct pcapgen_seg	 s = {
		.v6 = v6, .src = 1, .dst = 2, .sport = 1, .dport = 80,
		.seq = 3, .flags = PACKET_TCP_ACK, .data = data,
		.len = payload
	};
	size_t			 i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	given = found = 0;
	memset(&mem, 0, sizeof(mem));
	mem.limit = 1 << 20;
	ft = frag_table_new(&mem, &key, limit, on_lost, NULL);
	assert_non_null(ft);
	pcapgen_tcp(&g, &s);
	whole_len = g.len - (v6 ? 40 : 20);
	memcpy(whole, g.p + (v6 ? 40 : 20), whole_len);
}

static enum packet_reason
give(struct packet *p)
{
	enum packet_reason	 r;

	given += p->wirelen;
	if ((r = frag_put(ft, p)) != PACKET_FRAGMENT)
		found += p->wirelen;
	return r;
}

/* Of each byte that came it is known what became of it. */
static void
end(void)
{
	frag_flush(ft);
	assert_int_equal(found, given);
	frag_table_free(ft);
	assert_true(mem.used == 0);
}

/* One fragment of whole, [from, to); id tells datagrams apart. */
static enum packet_reason
put_at(struct packet *p, int v6, size_t from, size_t to, uint16_t id,
    uint64_t ts, const uint8_t *bytes)
{
	uint8_t	 fh[8] = { 6, 0, 0, 0, 0, 0, 0, 0 };
	bool	 more = to < whole_len;

	pcapgen_set(&g, bytes + from, to - from);
	if (v6) {
		fh[2] = (uint8_t)(from >> 8);
		fh[3] = (uint8_t)((from & 0xf8) | more);
		fh[6] = (uint8_t)(id >> 8);
		fh[7] = (uint8_t)id;
		pcapgen_front(&g, fh, 8);
		pcapgen_ip6(&g, 44);
	} else
		pcapgen_ip4(&g, 6, (uint16_t)(from / 8 | (more ? 0x2000 : 0)),
		    id);
	memset(p, 0, sizeof(*p));
	p->dlt = 101;
	p->ts_us = ts;
	if (packet_parse(p, guard_copy(g.p, g.len), g.len) != PACKET_FRAGMENT)
		return PACKET_NO_DATA;
	return give(p);
}

static enum packet_reason
put(struct packet *p, int v6, size_t from, size_t to, uint16_t id)
{
	return put_at(p, v6, from, to, id, 1, whole);
}

static void
is_whole(const struct packet *p)
{
	assert_int_equal(p->l4_len, whole_len);
	assert_memory_equal(p->l4, whole, whole_len);
	assert_int_equal(packet_checksum(p), PACKET_SUM_GOOD);
}

static void
fragments_in_any_order_make_the_datagram(void **state)
{
	static const int	 orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 },
				    { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 },
				    { 2, 1, 0 } };
	struct packet		 p;
	size_t			 at[4] = { 0, 8, 504, 0 };
	int			 i, j, v6, k;

	(void)state;
	for (v6 = 0; v6 < 2; v6++)
		for (i = 0; i < 6; i++) {
			begin(1 << 20, v6, 1000);
			at[3] = whole_len;
			for (j = 0; j < 3; j++) {
				k = orders[i][j];
				assert_int_equal(put(&p, v6, at[k], at[k + 1],
				    9), j < 2 ? PACKET_FRAGMENT : PACKET_OK);
			}
			is_whole(&p);
			assert_int_equal(frag_count(ft, FRAG_DONE), 1);
			assert_int_equal(frag_count(ft, FRAG_SEEN), 3);
			end();
		}
}

static void
datagrams_are_kept_apart(void **state)
{
	struct packet	 p;

	(void)state;
	begin(1 << 20, 0, 100);
	put(&p, 0, 0, 64, 1);
	assert_int_equal(put(&p, 0, 64, whole_len, 2), PACKET_FRAGMENT);
	assert_int_equal(put(&p, 0, 64, whole_len, 1), PACKET_OK);
	is_whole(&p);
	end();
}

static void
the_first_copy_wins_and_conflicts_count(void **state)
{
	uint8_t		 other[4096];
	struct packet	 p;

	(void)state;
	memset(other, 'E', sizeof(other));
	begin(1 << 20, 0, 100);
	put(&p, 0, 0, 64, 1);
	put_at(&p, 0, 32, 96, 1, 1, other);
	assert_int_equal(frag_count(ft, FRAG_CONFLICT), 1);
	assert_int_equal(put(&p, 0, 64, whole_len, 1), PACKET_OK);
	assert_memory_equal(p.l4, whole, 64);
	assert_memory_equal(p.l4 + 64, other, 32);
	end();
	begin(1 << 20, 1, 100);
	put(&p, 1, 0, 64, 1);
	put_at(&p, 1, 32, 96, 1, 1, other);	/* RFC 5722: all is dropped */
	assert_int_equal(put(&p, 1, 64, whole_len, 1), PACKET_FRAGMENT);
	end();
}

static void
repeated_fragments_are_no_conflict(void **state)
{
	struct packet	 p;

	(void)state;
	begin(1 << 20, 1, 100);
	put(&p, 1, 0, 64, 1);
	put(&p, 1, 0, 64, 1);
	assert_int_equal(frag_count(ft, FRAG_OVERLAP), 1);
	assert_int_equal(frag_count(ft, FRAG_CONFLICT), 0);
	assert_int_equal(put(&p, 1, 64, whole_len, 1), PACKET_OK);
	end();
}

static void
impossible_ends_are_refused(void **state)
{
	struct packet	 p;

	(void)state;
	begin(1 << 20, 0, 1000);
	put(&p, 0, 512, 1000, 1);
	whole_len = 64;		/* a last fragment in front of that */
	put(&p, 0, 8, 64, 1);
	assert_int_equal(frag_count(ft, FRAG_BAD), 1);
	whole_len = 1020;
	pcapgen_set(&g, whole, 200);
	pcapgen_ip4(&g, 6, 65528 / 8, 7);
	memset(&p, 0, sizeof(p));
	p.dlt = 101;
	assert_int_equal(packet_parse(&p, g.p, g.len), PACKET_FRAGMENT);
	give(&p);
	assert_int_equal(frag_count(ft, FRAG_BAD), 2);
	put(&p, 0, 0, 13, 8);
	assert_int_equal(frag_count(ft, FRAG_BAD), 3);
	end();
}

static void
old_datagrams_go_and_are_counted(void **state)
{
	struct packet	 p;

	(void)state;
	begin(1 << 20, 0, 100);
	put_at(&p, 0, 0, 64, 1, 10, whole);
	frag_tick(ft, 10 + FRAG_TIMEOUT_US - 1);
	assert_int_equal(frag_count(ft, FRAG_TIMEOUT), 0);
	frag_tick(ft, 10 + FRAG_TIMEOUT_US);
	assert_int_equal(frag_count(ft, FRAG_TIMEOUT), 1);
	put_at(&p, 0, 0, 64, 1, 10, whole);
	frag_flush(ft);
	assert_int_equal(frag_count(ft, FRAG_TIMEOUT), 2);
	end();
}

static void
at_the_limit_the_oldest_goes_first(void **state)
{
	struct packet	 p;
	uint64_t	 empty;
	uint16_t	 i;

	(void)state;
	begin(4096, 0, 1000);
	empty = mem.used;
	for (i = 1; i <= 50; i++)
		put(&p, 0, 0, 512, i);
	assert_true(frag_count(ft, FRAG_SHED) > 40);
	assert_true(mem.used - empty <= 4096);
	assert_int_equal(put(&p, 0, 512, whole_len, 50), PACKET_OK);
	assert_int_equal(put(&p, 0, 512, whole_len, 1), PACKET_FRAGMENT);
	end();
}

/* The smallest fragments that there are, of the largest usual packet. */
static void
eight_bytes_at_a_time_are_put_together(void **state)
{
	struct packet	 p;
	size_t		 i;

	(void)state;
	begin(1 << 20, 0, 1480 - 20);
	for (i = 0; i + 8 < whole_len; i += 8)
		assert_int_equal(put(&p, 0, i, i + 8, 1), PACKET_FRAGMENT);
	assert_int_equal(put(&p, 0, i, whole_len, 1), PACKET_OK);
	end();
}

static void
too_many_parts_end_a_datagram(void **state)
{
	struct packet	 p;
	size_t		 i;

	(void)state;
	begin(1 << 20, 0, 5000);
	for (i = 0; i <= FRAG_PARTS_MAX; i++)
		put(&p, 0, i * 16, i * 16 + 8, 1);
	assert_int_equal(frag_count(ft, FRAG_PARTS), 1);
	end();
}

static void
truncated_fragments_are_only_counted(void **state)
{
	struct packet	 p;

	(void)state;
	begin(1 << 20, 0, 100);
	pcapgen_set(&g, whole, 64);
	pcapgen_ip4(&g, 6, 0x2000, 1);
	memset(&p, 0, sizeof(p));
	p.dlt = 101;
	p.wirelen = (uint32_t)g.len;
	assert_int_equal(packet_parse(&p, g.p, g.len - 1), PACKET_FRAGMENT);
	assert_int_equal(give(&p), PACKET_FRAGMENT);
	assert_int_equal(frag_count(ft, FRAG_TRUNCATED), 1);
	end();
}

static void
without_memory_it_does_without(void **state)
{
	struct packet	 p;

	(void)state;
	begin(1 << 20, 0, 100);
	mem.limit = mem.used;
	assert_int_equal(put(&p, 0, 0, 64, 1), PACKET_FRAGMENT);
	assert_true(frag_count(ft, FRAG_NOMEM) > 0);
	end();
}

static void
the_end_of_a_datagram_does_not_move(void **state)
{
	static const struct {
		size_t	 from, to, len;
	}		 t[] = {
		{ 104, 128, 128 },	/* another end, later */
		{ 64, 88, 88 },		/* another end, earlier */
		{ 120, 144, 200 },	/* beyond the end */
	};
	struct packet	 p;
	size_t		 i, len;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		begin(1 << 20, 0, 100);
		len = whole_len;
		put(&p, 0, 64, len, 1);
		whole_len = t[i].len;
		assert_int_equal(put(&p, 0, t[i].from, t[i].to, 1),
		    PACKET_FRAGMENT);
		assert_int_equal(frag_count(ft, FRAG_BAD), 1);
		whole_len = len;
		assert_int_equal(put(&p, 0, 0, 64, 1), PACKET_OK);
		is_whole(&p);
		end();
	}
}

static void
without_memory_there_is_no_table(void **state)
{
	struct mem	 none;

	(void)state;
	memset(&none, 0, sizeof(none));
	assert_null(frag_table_new(&none, &key, 1000, NULL, NULL));
	frag_table_free(NULL);
}

static void
memory_that_ends_in_between_costs_the_datagram(void **state)
{
	struct packet	 p;
	size_t		 left;

	(void)state;
	for (left = 0; left < 600; left += 8) {
		begin(1 << 20, 0, 200);
		mem.limit = mem.used + left;
		put(&p, 0, 0, 64, 1);
		put(&p, 0, 128, 192, 1);
		put(&p, 0, 32, 160, 1);
		if (put(&p, 0, 192, whole_len, 1) == PACKET_OK)
			is_whole(&p);
		else
			assert_true(frag_count(ft, FRAG_NOMEM) > 0);
		end();
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(fragments_in_any_order_make_the_datagram),
		cmocka_unit_test(datagrams_are_kept_apart),
		cmocka_unit_test(the_first_copy_wins_and_conflicts_count),
		cmocka_unit_test(repeated_fragments_are_no_conflict),
		cmocka_unit_test(impossible_ends_are_refused),
		cmocka_unit_test(old_datagrams_go_and_are_counted),
		cmocka_unit_test(at_the_limit_the_oldest_goes_first),
		cmocka_unit_test(eight_bytes_at_a_time_are_put_together),
		cmocka_unit_test(too_many_parts_end_a_datagram),
		cmocka_unit_test(truncated_fragments_are_only_counted),
		cmocka_unit_test(without_memory_it_does_without),
		cmocka_unit_test(the_end_of_a_datagram_does_not_move),
		cmocka_unit_test(without_memory_there_is_no_table),
		cmocka_unit_test(
		    memory_that_ends_in_between_costs_the_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
