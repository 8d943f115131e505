#include <string.h>

#include "sandbox/addr.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"

static void
texts_round_trip(void **state)
{
	static const char *const good[] = { "192.0.2.1", "0.0.0.0",
		"10.100.9.255", "255.255.255.255", "::",
		"2001:db8::1", "fe80::1" };
	static const char *const wrong[] = { "", "localhost", "1.2.3",
		"1.2.3.4.5", "192.0.2.1/24", "2001:db8::1%eth0", "01.2.3.4" };
	struct addr	 a;
	char		 s[ADDR_TEXT_MAX];
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(good); i++) {
		assert_int_equal(addr_parse(good[i], &a), 0);
		assert_string_equal(addr_print(&a, s, sizeof(s)), good[i]);
	}
	for (i = 0; i < nitems(wrong); i++)
		assert_int_equal(addr_parse(wrong[i], &a), -1);
}

static void
endpoints_round_trip(void **state)
{
	static const char *const good[] = { "192.0.2.1:80",
		"[2001:db8::1]:65535" };
	static const char *const wrong[] = { "192.0.2.1", "[::1]80",
		"192.0.2.1:65536", ":80", "[::1:80" };
	struct endpoint	 e;
	char		 s[ENDPOINT_TEXT_MAX];
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(good); i++) {
		assert_int_equal(endpoint_parse(good[i], &e), 0);
		assert_string_equal(endpoint_print(&e, s, sizeof(s)), good[i]);
	}
	for (i = 0; i < nitems(wrong); i++)
		assert_int_equal(endpoint_parse(wrong[i], &e), -1);
}

/* RFC 6052, section 2.4 */
static void
what_nat64_makes_of_an_address_meets_it(void **state)
{
	static const char *const six[] = { "2001:db8:c000:221::",
		"2001:db8:1c0:2:21::", "2001:db8:122:c000:2:2100::",
		"2001:db8:122:3c0:0:221::", "2001:db8:122:344:c0:2:2100::",
		"2001:db8:122:344::192.0.2.33", "64:ff9b::192.0.2.33" };
	struct addr	 four, other, a;
	size_t		 i;

	(void)state;
	addr_parse("192.0.2.33", &four);
	addr_parse("192.0.2.34", &other);
	for (i = 0; i < nitems(six); i++) {
		addr_parse(six[i], &a);
		assert_true(addr_meets(&a, &four) && addr_meets(&four, &a));
		assert_true(addr_meets(&a, &a));
		assert_false(addr_meets(&a, &other) || addr_meets(&other, &a));
	}
	assert_true(addr_meets(&four, &four));
	assert_false(addr_meets(&four, &other));
	addr_parse("64:ff9b::192.0.2.33", &other);
	assert_false(addr_meets(&a, &(struct addr){ 0 }));
	addr_parse("2001:db8::192.0.2.33", &a);
	assert_false(addr_meets(&a, &other));	/* both of IPv6 */
}

static void
prefixes_hold_at_every_bit(void **state)
{
	struct addr	 a, net;
	unsigned	 bits;

	(void)state;
	assert_int_equal(addr_parse_net("192.0.2.0/24", &net, &bits), 0);
	assert_int_equal(bits, 24);
	addr_parse("192.0.2.255", &a);
	assert_true(addr_in(&a, &net, 24));
	assert_false(addr_in(&a, &net, 25));
	addr_parse("192.0.3.0", &a);
	assert_false(addr_in(&a, &net, 24));
	assert_true(addr_in(&a, &net, 23));
	assert_true(addr_in(&a, &net, 0));
	addr_parse("2001:db8::1", &a);
	assert_false(addr_in(&a, &net, 0));
	assert_int_equal(addr_parse_net("192.0.2.0/33", &net, &bits), -1);
	assert_int_equal(addr_parse_net("2001:db8::/129", &net, &bits), -1);
	assert_int_equal(addr_parse_net("2001:db8::/32", &net, &bits), 0);
	assert_true(addr_in(&a, &net, bits));
}

static void
both_directions_hash_alike_and_the_key_matters(void **state)
{
	struct hash_key	 k1 = { 1, 2 }, k2 = { 1, 3 };
	struct flow_key	 x, y;

	(void)state;
	memset(&x, 0, sizeof(x));
	assert_int_equal(endpoint_parse("192.0.2.1:4000", &x.a), 0);
	assert_int_equal(endpoint_parse("192.0.2.2:80", &x.b), 0);
	y.a = x.b;
	y.b = x.a;
	assert_true(flow_key_hash(&x, &k1) == flow_key_hash(&y, &k1));
	assert_true(flow_key_hash(&x, &k1) != flow_key_hash(&x, &k2));
	assert_int_not_equal(flow_key_cmp(&x, &y), 0);
}

/*
 * SipHash-1-3 of the bytes 0..n-1 under the key 00..0f: without a word, with
 * a part of one, with whole ones, with both.
 */
static void
hash_matches_the_published_vectors(void **state)
{
	static const struct { size_t n; uint64_t want; } vectors[] = {
		{ 0, 0xabac0158050fc4dcULL }, { 1, 0xc9f49bf37d57ca93ULL },
		{ 7, 0xd3927d989bb11140ULL }, { 8, 0x369095118d299a8eULL },
		{ 9, 0x25a48eb36c063de4ULL }, { 15, 0xd320d86d2a519956ULL },
		{ 16, 0xcc4fdd1a7d908b66ULL }, { 63, 0x9d199062b7bbb3a8ULL }
	};
	struct hash_key	 k = { 0x0706050403020100ULL,
	    0x0f0e0d0c0b0a0908ULL };
	uint8_t		 in[63];
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	for (i = 0; i < nitems(vectors); i++)
		assert_true(hash_bytes(&k, in, vectors[i].n) ==
		    vectors[i].want);
}

/* Tuples that differ little, as those of one client do, must spread. */
static void
two_words_spread_by_their_key(void **state)
{
	struct hash_key	 key = { 0x0123456789abcdefULL, 3 }, other = { 4, 5 };
	unsigned	 in[64] = { 0 }, equal = 0, i;
	uint64_t	 h;

	(void)state;
	for (i = 0; i < 64 * 256; i++) {
		h = hash_two(&key, 0x0a000001ULL << 16 | (1024 + i),
		    0xc0000201ULL << 16 | 80);
		in[h % 64]++;
		equal += h == hash_two(&other, 0x0a000001ULL << 16 |
		    (1024 + i), 0xc0000201ULL << 16 | 80);
	}
	for (i = 0; i < 64; i++)
		assert_in_range(in[i], 256 - 96, 256 + 96);
	assert_int_equal(equal, 0);
}

/* In a table of as many, and of one host's neighbours. */
static void
addresses_spread_by_their_key(void **state)
{
	struct hash_key	 key = { 0x0123456789abcdefULL, 3 }, other = { 4, 5 };
	struct addr	 a[2];
	unsigned	 in[2][64] = { 0 }, equal = 0, i, six;
	uint64_t	 h;

	(void)state;
	assert_int_equal(addr_parse("192.0.2.0", &a[0]), 0);
	assert_int_equal(addr_parse("2001:db8::", &a[1]), 0);
	for (i = 0; i < 64 * 256; i++)
		for (six = 0; six < 2; six++) {
			a[six].b[14] = (uint8_t)(i >> 8);
			a[six].b[15] = (uint8_t)i;
			h = addr_hash(&a[six], &key);
			in[six][h % 64]++;
			equal += h == addr_hash(&a[six], &other);
			equal += h != addr_hash(&a[six], &key);
		}
	for (i = 0; i < 64; i++)
		for (six = 0; six < 2; six++)
			assert_in_range(in[six][i], 256 - 96, 256 + 96);
	assert_int_equal(equal, 0);
}

static void
products_have_128_bits_on_every_machine(void **state)
{
	static const struct { uint64_t a, b, low, high; } rows[] = {
		{ 0, UINT64_MAX, 0, 0 },
		{ UINT64_MAX, UINT64_MAX, 1, UINT64_MAX - 1 },
		{ UINT32_MAX, UINT32_MAX, 0xfffffffe00000001ULL, 0 },
		{ 1ULL << 32, 1ULL << 32, 0, 1 },
		{ 0xffffffff00000001ULL, 0x00000001ffffffffULL,
		    0x2ffffffffULL, 0x1fffffffdULL },
	};
	struct hash_key	 k = { 1, 2 };
	uint64_t	 low, high;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(rows); i++) {
		hash_product(rows[i].a, rows[i].b, &low, &high);
		assert_true(low == rows[i].low && high == rows[i].high);
	}
	assert_true(hash_two(&k, UINT64_MAX - 8, 77) ==
	    0xb87af8fa2c5d41c4ULL);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(texts_round_trip),
		cmocka_unit_test(endpoints_round_trip),
		cmocka_unit_test(what_nat64_makes_of_an_address_meets_it),
		cmocka_unit_test(prefixes_hold_at_every_bit),
		cmocka_unit_test(
		    both_directions_hash_alike_and_the_key_matters),
		cmocka_unit_test(hash_matches_the_published_vectors),
		cmocka_unit_test(two_words_spread_by_their_key),
		cmocka_unit_test(addresses_spread_by_their_key),
		cmocka_unit_test(products_have_128_bits_on_every_machine),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
