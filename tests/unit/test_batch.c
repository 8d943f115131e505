#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/batch.h"

static uint8_t	 bytes[2 * FRAME_MAX];

static struct msg_packet
packet(uint32_t caplen)
{
	struct msg_packet	 p = { 1700000000000001, caplen + 4, caplen, 7,
	    PACKET_OUTGOING, bytes };

	return p;
}

/* Reads a frame's body back: the number of packets, and the first's number. */
static unsigned
read_back(struct batch *b, uint64_t *first)
{
	struct msg_packet	 p;
	struct buf		 r;
	uint8_t			*f;
	size_t			 len;
	unsigned		 n = 0, count;

	f = batch_frame(b, &len);
	assert_non_null(f);
	buf_reader(&r, f + FRAME_HDR, len);
	*first = buf_get_u64(&r);
	count = buf_get_u32(&r);
	buf_get_u32(&r);
	while (buf_left(&r) > 0) {
		assert_int_equal(msg_get_packet(&r, &p), 0);
		assert_int_equal(p.iface, 7);
		assert_int_equal(p.flags, PACKET_OUTGOING);
		assert_memory_equal(p.data, bytes, p.caplen);
		n++;
	}
	assert_int_equal(buf_end(&r), 0);
	assert_int_equal(n, count);
	return n;
}

static void
packets_come_back_numbered_from_one(void **state)
{
	struct msg_packet	 p = packet(100);
	struct batch		 b;
	uint64_t		 first;

	(void)state;
	assert_int_equal(batch_init(&b), 0);
	assert_int_equal(batch_add(&b, &p), BATCH_TAKEN);
	assert_int_equal(batch_add(&b, &p), BATCH_TAKEN);
	assert_int_equal(read_back(&b, &first), 2);
	assert_int_equal(first, 1);
	batch_next(&b);
	assert_int_equal(batch_add(&b, &p), BATCH_TAKEN);
	assert_int_equal(read_back(&b, &first), 1);
	assert_int_equal(first, 3);
	batch_clear(&b);
}

static void
an_empty_batch_is_no_frame(void **state)
{
	struct batch	 b;
	size_t		 len;

	(void)state;
	assert_int_equal(batch_init(&b), 0);
	assert_null(batch_frame(&b, &len));
	batch_clear(&b);
}

static void
a_batch_closes_by_size_exactly(void **state)
{
	const uint32_t	 room = BATCH_BYTES - MSG_PACKETS_HDR -
	    2 * MSG_PACKET_HDR - 1000;
	struct batch	 b;
	uint32_t	 over;

	(void)state;
	for (over = 0; over < 2; over++) {
		struct msg_packet	 p = packet(1000),
		    q = packet(room + over);

		assert_int_equal(batch_init(&b), 0);
		assert_int_equal(batch_add(&b, &p), BATCH_TAKEN);
		assert_int_equal(batch_add(&b, &q), over ? BATCH_FULL :
		    BATCH_TAKEN);
		batch_clear(&b);
	}
}

static void
a_batch_closes_by_count(void **state)
{
	struct msg_packet	 p = packet(0);
	struct batch		 b;
	uint64_t		 first;
	int			 i;

	(void)state;
	assert_int_equal(batch_init(&b), 0);
	for (i = 0; i < BATCH_PACKETS; i++)
		assert_int_equal(batch_add(&b, &p), BATCH_TAKEN);
	assert_int_equal(batch_add(&b, &p), BATCH_FULL);
	assert_int_equal(read_back(&b, &first), BATCH_PACKETS);
	batch_next(&b);
	assert_int_equal(batch_add(&b, &p), BATCH_TAKEN);
	batch_clear(&b);
}

static void
a_giant_packet_has_a_frame_of_its_own(void **state)
{
	struct msg_packet	 small = packet(10),
	    giant = packet(BATCH_CAPLEN);
	struct batch		 b;
	uint64_t		 first;
	size_t			 len;

	(void)state;
	assert_int_equal(batch_init(&b), 0);
	assert_int_equal(batch_add(&b, &small), BATCH_TAKEN);
	assert_int_equal(batch_add(&b, &giant), BATCH_FULL);
	batch_next(&b);
	assert_int_equal(batch_add(&b, &giant), BATCH_TAKEN);
	assert_int_equal(batch_add(&b, &small), BATCH_FULL);
	assert_int_equal(read_back(&b, &first), 1);
	assert_non_null(batch_frame(&b, &len));
	assert_int_equal(len, FRAME_BODY_MAX);
	batch_clear(&b);
}

static void
a_packet_beyond_a_frame_is_cut(void **state)
{
	struct msg_packet	 p = packet(BATCH_CAPLEN + 1);
	struct batch		 b;
	uint64_t		 first;
	size_t			 len;

	(void)state;
	assert_int_equal(batch_init(&b), 0);
	assert_int_equal(batch_add(&b, &p), BATCH_CUT);
	assert_int_equal(read_back(&b, &first), 1);
	assert_non_null(batch_frame(&b, &len));
	assert_int_equal(len, FRAME_BODY_MAX);
	batch_clear(&b);
}

int
main(void)
{
	static const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(packets_come_back_numbered_from_one),
		cmocka_unit_test(an_empty_batch_is_no_frame),
		cmocka_unit_test(a_batch_closes_by_size_exactly),
		cmocka_unit_test(a_batch_closes_by_count),
		cmocka_unit_test(a_giant_packet_has_a_frame_of_its_own),
		cmocka_unit_test(a_packet_beyond_a_frame_is_cut),
	};
	size_t	 i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
