/* Answers of name servers. */
#include <string.h>

#include "analyzer/dns.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

/* www.example.com? is an alias of cdn.example.net, that has two addresses. */
static const uint8_t	 answer[] =
    "\x12\x34\x81\x80\0\1\0\3\0\0\0\0"
    "\3wWw\7example\3com\0\0\1\0\1"
    "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\x11\3cdn\7example\3net\0"
    "\xc0\x2d\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1"
    "\xc0\x2d\0\1\0\1\0\0\1\x2d\0\4\xc0\0\2\2";
#define LEN	(sizeof(answer) - 1)

static int
parse(const uint8_t *p, size_t len, struct dns_answer *a)
{
	return dns_parse(guard_copy(p, len), len, a);
}

static void
addresses_have_the_name_of_the_question(void **state)
{
	struct dns_answer	 a;
	char			 text[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(parse(answer, LEN, &a), 0);
	assert_string_equal(a.name, "www.example.com");
	assert_int_equal(a.name_len, 15);
	assert_int_equal(a.naddrs, 2);
	assert_string_equal(addr_print(&a.addr[0], text, sizeof(text)),
	    "192.0.2.1");
	assert_string_equal(addr_print(&a.addr[1], text, sizeof(text)),
	    "192.0.2.2");
	assert_int_equal(a.ttl[0], 300);
	assert_int_equal(a.ttl[1], 301);
}

static void
six_has_addresses_too(void **state)
{
	static const uint8_t	 six[] =
	    "\0\0\x80\0\0\1\0\1\0\0\0\0\3x_y\2de\0\0\x1c\0\1"
	    "\xc0\x0c\0\x1c\0\1\0\0\0\1\0\x10"
	    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1";
	struct dns_answer	 a;
	char			 text[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(parse(six, sizeof(six) - 1, &a), 0);
	assert_string_equal(a.name, "x_y.de");
	assert_int_equal(a.naddrs, 1);
	assert_string_equal(addr_print(&a.addr[0], text, sizeof(text)),
	    "2001:db8::1");
}

static void
a_cut_answer_gives_what_is_whole(void **state)
{
	struct dns_answer	 a;
	size_t			 n;

	(void)state;
	for (n = 0; n < LEN; n++) {
		if (parse(answer, n, &a) == 0)
			assert_int_equal(a.naddrs, n >= LEN - 16);
		else
			assert_true(n < 33);
	}
}

/* Each of these is changed at one byte. */
static void
what_is_no_answer_is_refused(void **state)
{
	static const struct { size_t at; uint8_t is; } odd[] = {
		{ 2, 0x01 },	/* a question */
		{ 2, 0xa9 },	/* another operation */
		{ 3, 0x83 },	/* no such name */
		{ 5, 2 },	/* two questions */
		{ 5, 0 },
		{ 12, 0xc0 },	/* a pointer with nothing before it */
		{ 12, 64 },	/* an unknown kind of label */
		{ 13, ' ' },	/* a host that is none */
		{ 13, 0x1b },
		{ 16, 200 },	/* beyond the end */
		{ 32, 3 },	/* not of the internet */
	};
	struct dns_answer	 a;
	uint8_t			 b[sizeof(answer)];
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		memcpy(b, answer, sizeof(b));
		b[odd[i].at] = odd[i].is;
		assert_int_equal(parse(b, LEN, &a), -1);
	}
}

static void
other_records_are_passed_over(void **state)
{
	struct dns_answer	 a;
	uint8_t			 b[sizeof(answer)];

	(void)state;
	memcpy(b, answer, sizeof(b));
	b[LEN - 1 - 4 - 9] = 16;	/* TXT */
	assert_int_equal(parse(b, LEN, &a), 0);
	assert_int_equal(a.naddrs, 1);
	memcpy(b, answer, sizeof(b));
	b[LEN - 1 - 4] = 3;		/* an address of three bytes */
	assert_int_equal(parse(b, LEN, &a), 0);
	assert_int_equal(a.naddrs, 1);
}

static void
more_addresses_than_are_told(void **state)
{
	struct dns_answer	 a;
	uint8_t			 b[33 + 100 * 16];
	size_t			 i;

	(void)state;
	memcpy(b, answer, 33);
	b[7] = 100;
	for (i = 0; i < 100; i++)
		memcpy(b + 33 + i * 16, answer + LEN - 16, 16);
	assert_int_equal(parse(b, sizeof(b), &a), 0);
	assert_int_equal(a.naddrs, DNS_ADDRS);
}

static void
a_name_is_not_longer_than_names_are(void **state)
{
	struct dns_answer	 a;
	uint8_t			 b[12 + 5 * 64 + 5];
	size_t			 i, n = 12;

	(void)state;
	memcpy(b, answer, 12);
	for (i = 0; i < 4; i++, n += 64) {
		b[n] = i == 3 ? 61 : 63;
		memset(b + n + 1, 'a', 63);
	}
	n -= 2;
	memcpy(b + n, "\0\0\1\0\1", 5);
	assert_int_equal(parse(b, n + 5, &a), 0);
	assert_int_equal(a.name_len, DNS_NAME_MAX);
	b[n - 62] = 62;
	memcpy(b + n, "a\0\0\1\0\1", 6);
	assert_int_equal(parse(b, n + 6, &a), -1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(addresses_have_the_name_of_the_question),
		cmocka_unit_test(six_has_addresses_too),
		cmocka_unit_test(a_cut_answer_gives_what_is_whole),
		cmocka_unit_test(what_is_no_answer_is_refused),
		cmocka_unit_test(other_records_are_passed_over),
		cmocka_unit_test(more_addresses_than_are_told),
		cmocka_unit_test(a_name_is_not_longer_than_names_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
