/* Who asks, by what trusted proxies say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/forwarded.h"
#include "sandbox/compat.h"
#include "tests/lib/guard.h"

static void
trust(struct conf *c, const char *net)
{
	unsigned	 bits;

	assert_int_equal(addr_parse_net(net, &c->proxies[c->nproxies].addr,
	    &bits), 0);
	c->proxies[c->nproxies++].bits = (uint8_t)bits;
}

static void
the_last_that_is_no_proxy_asks(void **state)
{
	static const struct {
		const char	*fields;
		const char	*want;		/* NULL: nobody */
	}		 t[] = {
		{ "", NULL },
		{ "X-Forwarded-For: 198.51.100.1\r\n", "198.51.100.1" },
		{ "x-forwarded-for:198.51.100.1:4711\r\n", "198.51.100.1" },
		{ "X-Forwarded-For: 1.2.3.4, 198.51.100.1\r\n",
		    "198.51.100.1" },
		{ "X-Forwarded-For: 1.2.3.4 ,\t198.51.100.1, 10.0.0.9,"
		    "10.255.0.1 \r\n", "198.51.100.1" },
		{ "X-Forwarded-For: 10.0.0.8, 10.0.0.9\r\n", "10.0.0.8" },
		{ "X-Forwarded-For: unknown, 10.0.0.9\r\n", "10.0.0.9" },
		{ "X-Forwarded-For: unknown\r\n", NULL },
		{ "X-Forwarded-For: 198.51.100.1, \r\n", NULL },
		{ "X-Forwarded-For: ,\r\n", NULL },
		{ "X-Forwarded-For:\r\n", NULL },
		{ "X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1" },
		{ "X-Forwarded-For: [2001:db8::1]:80, fd00::7\r\n",
		    "2001:db8::1" },
		{ "X-Forwarded-For: [2001:db8::1\r\n", NULL },
		{ "X-Forwarded-For: 999.1.1.1\r\n", NULL },
		{ "X-Forwarded-For: 1111:2222:3333:4444:5555:6666:7777:8888:"
		    "9999:aaaa:bbbb\r\n", NULL },
		{ "X-Forwarded-For: 192.0.2.9\r\nA: b\r\n"
		    "X-Forwarded-For: 198.51.100.1\r\n", "198.51.100.1" },
		{ "X-Forwarded-For: 192.0.2.9, 198.51.100.1\r\n"
		    "X-Forwarded-For: \r\nX-Forwarded-For: 10.0.0.1\r\n"
		    "X-Forwarded-For: 10.0.0.2, 10.0.0.3\r\n",
		    "198.51.100.1" },
		{ "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.0.0.1\r\n"
		    "X-Forwarded-For: 10.0.0.2\r\n"
		    "X-Forwarded-For: 10.0.0.3\r\n"
		    "X-Forwarded-For: 10.0.0.4\r\n", "10.0.0.1" },
		{ "Forwarded: for=198.51.100.1\r\n", "198.51.100.1" },
		{ "Forwarded: for=198.51.100.1\r\n"
		    "Forwarded: for=10.0.0.1\r\n", "198.51.100.1" },
		{ "Forwarded: For=\"[2001:db8::1]:4711\"\r\n",
		    "2001:db8::1" },
		{ "Forwarded: for=1.2.3.4;proto=http;by=10.0.0.1, "
		    "proto=https; for=198.51.100.1 ;host=a,for=10.0.0.1\r\n",
		    "198.51.100.1" },
		{ "Forwarded: for=_hidden, for=10.0.0.1\r\n", "10.0.0.1" },
		{ "Forwarded: for=unknown\r\n", NULL },
		{ "Forwarded: by=198.51.100.1\r\n", NULL },
		{ "Forwarded: for=\"\r\n", NULL },
		{ "Forwarded: for=198.51.100.1\r\n"
		    "X-Forwarded-For: 198.51.100.2\r\n", "198.51.100.2" },
	};
	static struct conf	 c;
	struct http_head	 h;
	struct addr		 a;
	const uint8_t		*p;
	char			 text[512], s[ADDR_TEXT_MAX];
	size_t			 i, n;
	bool			 found;

	(void)state;
	trust(&c, "10.0.0.0/8");
	trust(&c, "fd00::/16");
	for (i = 0; i < nitems(t); i++) {
		n = (size_t)snprintf(text, sizeof(text),
		    "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", t[i].fields);
		p = guard_copy(text, n);
		assert_int_equal(http_parse(p, n, &h), n);
		found = forwarded_client(&c, &h, &a);
		if (found != (t[i].want != NULL) || (found &&
		    strcmp(addr_print(&a, s, sizeof(s)), t[i].want) != 0))
			fail_msg("%s: %s", t[i].fields, found ? s : "none");
	}
}

static void
only_what_is_listed_is_trusted(void **state)
{
	static struct conf	 c;
	struct addr		 a;

	(void)state;
	assert_int_equal(addr_parse("10.1.2.3", &a), 0);
	assert_false(forwarded_trusts(&c, &a));
	trust(&c, "192.0.2.1");
	assert_false(forwarded_trusts(&c, &a));
	trust(&c, "10.1.2.0/24");
	assert_true(forwarded_trusts(&c, &a));
	assert_int_equal(addr_parse("::a01:203", &a), 0);
	assert_false(forwarded_trusts(&c, &a));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_last_that_is_no_proxy_asks),
		cmocka_unit_test(only_what_is_listed_is_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
