#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/pcapng.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

#define AT	0x0123456789abcdefULL

static uint32_t
u32(const uint8_t *p)
{
	uint32_t	 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static size_t
make(uint8_t *p, size_t size, const char *comment, size_t cap)
{
	static const uint8_t	 bytes[64] = "headers";
	struct buf		 b;
	size_t			 at;

	buf_writer(&b, p, size);
	at = pcapng_begin(&b, comment);
	pcapng_iface(&b, 1, "eth0");
	pcapng_packet(&b, 0, AT, bytes, (uint32_t)cap, 1500);
	pcapng_end(&b, at);
	return b.err ? 0 : b.len;
}

/* Each block is as long as both of its ends say. */
static unsigned
blocks(const uint8_t *p, size_t n, uint32_t type[8])
{
	unsigned	 k;
	uint32_t	 len;

	for (k = 0; n > 0; k++, p += len, n -= len) {
		assert_true(k < 8 && n >= 12);
		type[k] = u32(p);
		len = u32(p + 4);
		assert_true(len >= 12 && len % 4 == 0 && len <= n);
		assert_int_equal(u32(p + len - 4), len);
	}
	return k;
}

static void
a_section_is_made_of_blocks_of_any_length(void **state)
{
	static const char *const comments[] = { "", "a", "ab", "abc", "abcd" };
	uint8_t			 p[512];
	uint32_t		 type[8];
	size_t			 i, cap, n;

	(void)state;
	for (i = 0; i < nitems(comments); i++)
		for (cap = 0; cap <= 9; cap++) {
			n = make(p, sizeof(p), comments[i], cap);
			assert_true(n > 0);
			assert_int_equal(blocks(p, n, type), 3);
			assert_int_equal(type[0], 0x0a0d0d0a);
			assert_int_equal(type[1], 1);
			assert_int_equal(type[2], 6);
		}
}

static void
a_packet_has_its_time_and_both_lengths(void **state)
{
	uint8_t		 p[512];
	const uint8_t	*epb;
	size_t		 n;

	(void)state;
	n = make(p, sizeof(p), "", 7);
	epb = p + n - PCAPNG_PACKET(7);
	assert_int_equal(u32(epb), 6);
	assert_int_equal(u32(epb + 8), 0);
	assert_true(u32(epb + 12) == AT >> 32);
	assert_true(u32(epb + 16) == (uint32_t)AT);
	assert_int_equal(u32(epb + 20), 7);
	assert_int_equal(u32(epb + 24), 1500);
	assert_memory_equal(epb + 28, "headers", 8);
}

static void
its_length_is_told_by_its_header_alone(void **state)
{
	uint8_t	 p[1024];
	size_t	 n, k;

	(void)state;
	n = make(p, sizeof(p), "why", 20);
	for (k = 0; k < PCAPNG_HDR; k++)
		assert_true(pcapng_section(guard_copy(p, k), k) == 0);
	assert_true(pcapng_section(guard_copy(p, k), k) == (int64_t)n);
	/* One behind it changes nothing. */
	assert_true(make(p + n, sizeof(p) - n, "next", 20) > 0);
	assert_true(pcapng_section(p, sizeof(p)) == (int64_t)n);
}

static void
other_sections_are_none_of_ours(void **state)
{
	static const struct {
		size_t	 at;
		uint32_t v;
	}		 odd[] = {
		{ 0, 0x0a0d0d0b },	/* another block */
		{ 4, 24 },		/* no room for both its lengths */
		{ 4, 61 },		/* it ends anywhere */
		{ 8, 0x4d3c2b1a },	/* another byte order */
	};
	static const uint64_t	 lengths[] = {
		UINT64_MAX,		/* not told, as others do */
		(1ULL << 40) + 4,	/* no file has it */
		61
	};
	uint8_t			 p[512];
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(odd); i++) {
		make(p, sizeof(p), "", 20);
		memcpy(p + odd[i].at, &odd[i].v, sizeof(odd[i].v));
		assert_true(pcapng_section(p, PCAPNG_HDR) == -1);
	}
	for (i = 1; i < 4; i++)
		assert_true(pcapng_section(guard_copy("a b", i), i) == -1);
	for (i = 0; i < nitems(lengths); i++) {
		make(p, sizeof(p), "", 20);
		memcpy(p + 16, &lengths[i], sizeof(lengths[i]));
		assert_true(pcapng_section(p, PCAPNG_HDR) == -1);
	}
}

static void
what_does_not_fit_is_an_error_and_no_section(void **state)
{
	uint8_t	 p[512];
	size_t	 n, k;

	(void)state;
	n = make(p, sizeof(p), "why", 20);
	for (k = 0; k < n; k++)
		assert_int_equal(make(p, k, "why", 20), 0);
	assert_int_equal(make(p, k, "why", 20), n);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_section_is_made_of_blocks_of_any_length),
		cmocka_unit_test(a_packet_has_its_time_and_both_lengths),
		cmocka_unit_test(its_length_is_told_by_its_header_alone),
		cmocka_unit_test(other_sections_are_none_of_ours),
		cmocka_unit_test(what_does_not_fit_is_an_error_and_no_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
