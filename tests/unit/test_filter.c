#include <sys/socket.h>

#include <netdb.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/filter.h"
#include "sandbox/compat.h"

static unsigned	 resolver;	/* times that libpcap asked for a name */

/* libpcap is linked here to these instead of libc's. */
int
getaddrinfo(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **res)
{
	(void)hints;
	*res = NULL;
	/* an IPv6 address or a number is read by libc without asking */
	if ((node == NULL || strchr(node, ':') == NULL) &&
	    (service == NULL || service[strspn(service, "0123456789")]))
		resolver++;
	return EAI_NONAME;
}

struct netent *
getnetbyname(const char *name)
{
	(void)name;
	resolver++;
	return NULL;
}

struct protoent *
getprotobyname(const char *name)
{
	(void)name;
	resolver++;
	return NULL;
}

static int
compile(const char *text, struct bpf_program *code)
{
	pcap_t	*p = pcap_open_dead(DLT_EN10MB, 262144);
	int	 r;

	assert_non_null(p);
	r = pcap_compile(p, code, text, 1, PCAP_NETMASK_UNKNOWN);
	pcap_close(p);
	return r;
}

static void
numbers_pass_and_never_reach_the_resolver(void **state)
{
	static const char *const texts[] = {
		"port 80", "tcp port 80 or udp port 53", "host 192.0.2.1",
		"net 10.0.0.0/8", "net 10", "net 192.168", "src net 10.1.2",
		"portrange 80-90",
		"net 10.0.0.0 mask 255.0.0.0",
		"ether host 00:11:22:33:44:55", "ether src 0:1:2:3:4:5",
		"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
		"tcp[12:1] & 0xf0 > 0x50", "ip[2:2] - 20 > 5",
		"ip proto 47", "ip6 proto 44", "vlan 5 and mpls and ip",
		"vlan and not (port 22)", "ether proto 0x8864",
		"greater 100 and less 1500", "not broadcast", "", "  ",
		"icmp6 and ip6[40] == 135", "len > 100", "!tcp || udp",
		("tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - "
		"((tcp[12]&0xf0)>>2)) != 0)"), "dst port 443 and inbound",
	};
	struct bpf_program	 code;
	char			 why[256] = "";
	size_t			 i;

	(void)state;
	resolver = 0;
	for (i = 0; i < nitems(texts); i++) {
		if (filter_check(texts[i], why, sizeof(why)) == -1)
			fail_msg("%s: %s", texts[i], why);
		if (strstr(texts[i], "inbound") == NULL) {
			if (compile(texts[i], &code) != 0)
				fail_msg("%s", texts[i]);
			pcap_freecode(&code);
		}
	}
	assert_int_equal(resolver, 0);
}

static void
the_guard_of_this_test_works(void **state)
{
	struct bpf_program	 code;

	(void)state;
	resolver = 0;
	assert_int_not_equal(compile("port http", &code), 0);
	assert_int_not_equal(resolver, 0);
	resolver = 0;
	assert_int_not_equal(compile("host web", &code), 0);
	assert_int_not_equal(resolver, 0);
}

static void
names_are_refused(void **state)
{
	static const char *const texts[] = {
		"port http", "host foo", "host foo.example", "net loopback",
		"tcp port 80 and host web", "portrange http-https",
		"portrange 80-https", "port 80-90", "ip proto \\tcp",
		"ether proto \\ip", "gateway fw", "ether host printer",
		"host 1.2.3.4.5", "host 1.2.3.400", "host 1..2", "host a:b",
		"host ::1::2", "host \"web\"", "host $web", "host web_1",
		"host caf\xc3\xa9", "host fe80::1%eth0x", "host .", "proto foo",
		"host 00:11:22:33:44", "host 00:11:22:33:44:55:66",
		"host aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaa",
		"tcp[foo] = 1", "host 0x", "host 123456789012",
	};
	char	 why[256];
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(texts); i++) {
		why[0] = '\0';
		if (filter_check(texts[i], why, sizeof(why)) != -1)
			fail_msg("%s", texts[i]);
		if (strstr(why, "use numbers") == NULL)
			fail_msg("%s: %s", texts[i], why);
	}
}

/* Any run of words that the check lets through asks nobody. */
static void
nothing_that_passes_asks_the_resolver(void **state)
{
	static const char *const parts[] = {
		"host", "net", "port", "portrange", "proto", "src", "dst",
		"ether", "ip", "ip6", "tcp", "udp", "and", "or", "not", "(",
		")", "10", "10.1", "1.2.3.4", "80-90", "0x50", "web", "vlan",
		"00:11:22:33:44:55", "[", "]", "-", ":", "/", "mask",
		"broadcast", "1-2-3-4-5-6", "1.2.3.4.5.6", "arp", "len",
		"icmp-echo", "tcp-syn", "multicast", "protochain", "aarp",
		"decnet", "iso", "::1", "2001:db8::1", "isis",
		"llc", "wlan", "geneve", "mpls"
	};
	struct bpf_program	 code;
	char			 text[256], why[256];
	unsigned		 seed = 1, i, n, passed = 0;

	(void)state;
	resolver = 0;
	for (i = 0; i < 60000; i++) {
		text[0] = '\0';
		for (n = 0; n < 1 + i % 4; n++) {
			seed = seed * 1103515245 + 12345;
			snprintf(text + strlen(text),
			    sizeof(text) - strlen(text), "%s ",
			    parts[(seed >> 16) % nitems(parts)]);
		}
		if (filter_check(text, why, sizeof(why)) == -1)
			continue;
		passed++;
		if (compile(text, &code) == 0)
			pcap_freecode(&code);
		if (resolver != 0)
			fail_msg("%s", text);
	}
	assert_true(passed > 1000);
}

/* ---- the service part ---- */

static bool
matches(const char *text, const uint8_t *p, size_t n)
{
	struct bpf_program	 code;
	bool			 r;

	if (compile(text, &code) != 0)
		fail_msg("%s", text);
	r = bpf_filter(code.bf_insns, p, (u_int)n, (u_int)n) != 0;
	pcap_freecode(&code);
	return r;
}

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* An Ethernet frame with IPv4, of a protocol, to a port. */
static void
frame4(uint8_t f[64], unsigned proto, unsigned fragment, unsigned port)
{
	memset(f, 0, 64);
	put16(f + 12, 0x0800);
	f[14] = 0x45;
	put16(f + 16, 46);
	put16(f + 20, fragment);
	f[23] = (uint8_t)proto;
	put16(f + 34, 40000);
	put16(f + 36, port);
}

static void
frame6(uint8_t f[64], unsigned next)
{
	memset(f, 0, 64);
	put16(f + 12, 0x86dd);
	f[14] = 0x60;
	f[20] = (uint8_t)next;
}

static void
a_service_filter_keeps_what_may_carry_it(void **state)
{
	static const unsigned	 types[] = { 0x8100, 0x88a8, 0x9100, 0x8864,
	    0x8847, 0x8848, 0x880b, 0x88e5, 0x88e7, 0x8903, 0x8909, 0x8926,
	    0x892f, 0x893f, 0x894f };
	static const unsigned	 protos[] = { 4, 41, 47, 51, 97, 137 };
	static const unsigned	 nexts[] = { 0, 4, 43, 44, 51, 60, 41, 47, 97,
	    135, 137, 139, 140 };
	static const unsigned	 tunnels[] = { 4789, 6081, 8472, 4790, 3544,
	    2152, 1701, 4341, 5072, 6635, 37008 };
	static const uint8_t	 snap[] = { 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 };
	static const uint8_t	 sap[] = { 6, 6, 3, 0x45 };
	struct conf		*c = conf_new();
	struct conf_service	*s;
	char			 text[FILTER_TEXT_MAX];
	uint8_t			 f[64];
	size_t			 i;

	(void)state;
	assert_non_null(c);
	s = conf_add_service(c);
	s->ports.n = 2;
	s->ports.range[0].lo = s->ports.range[0].hi = 80;
	s->ports.range[1].lo = 8000;
	s->ports.range[1].hi = 8100;
	c->filter[0] = '\0';
	assert_int_equal(filter_build(c, FILTER_ETHER, text, sizeof(text)), 0);
	frame4(f, 6, 0, 80);
	assert_true(matches(text, f, sizeof(f)));
	frame4(f, 6, 0, 8050);
	assert_true(matches(text, f, sizeof(f)));
	frame4(f, 6, 0, 81);
	assert_false(matches(text, f, sizeof(f)));
	frame4(f, 17, 0, 80);
	assert_false(matches(text, f, sizeof(f)));
	frame4(f, 6, 100, 0);			/* a later fragment */
	assert_true(matches(text, f, sizeof(f)));
	frame4(f, 6, 0x2000, 80);		/* the first one */
	assert_true(matches(text, f, sizeof(f)));
	for (i = 0; i < nitems(types); i++) {
		memset(f, 0, sizeof(f));
		put16(f + 12, types[i]);
		assert_true(matches(text, f, sizeof(f)));
	}
	for (i = 0; i < nitems(protos); i++) {
		frame4(f, protos[i], 0, 0);
		assert_true(matches(text, f, sizeof(f)));
	}
	for (i = 0; i < nitems(tunnels); i++) {
		frame4(f, 17, 0, tunnels[i]);
		assert_true(matches(text, f, sizeof(f)));
	}
	for (i = 0; i < nitems(nexts); i++) {
		frame6(f, nexts[i]);
		assert_true(matches(text, f, sizeof(f)));
	}
	memset(f, 0, sizeof(f));
	f[13] = 50;
	assert_false(matches(text, f, sizeof(f)));
	memcpy(f + 14, snap, sizeof(snap));
	assert_true(matches(text, f, sizeof(f)));
	memcpy(f + 14, sap, sizeof(sap));
	assert_true(matches(text, f, sizeof(f)));
	conf_free(c);
}

static void
a_service_filter_keeps_hellos_of_quic(void **state)
{
	static const struct { const char *first; bool passes; } t[] = {
		{ "\xc0\0\0\0\1", true }, { "\xcf\0\0\0\1", true },
		{ "\x83\0\0\0\1", true },	/* the bit is greased */
		{ "\xd0\x6b\x33\x43\xcf", true },
		{ "\x9c\x6b\x33\x43\xcf", true },
		{ "\xd0\0\0\0\1", false },	/* 0-RTT */
		{ "\xe0\0\0\0\1", false },
		{ "\xc0\x6b\x33\x43\xcf", false },
		{ "\xc0\0\0\0\0", false }, { "\x40\0\0\0\1", false },
	};
	struct conf		*c = conf_new();
	struct conf_service	*s;
	char			 text[FILTER_TEXT_MAX];
	uint8_t			 f[80] = { 0 };
	size_t			 i;

	(void)state;
	assert_non_null(c);
	s = conf_add_service(c);
	s->ports.n = 1;
	s->ports.range[0].lo = s->ports.range[0].hi = 80;
	assert_int_equal(filter_build(c, FILTER_ETHER, text, sizeof(text)), 0);
	for (i = 0; i < nitems(t); i++) {
		frame4(f, 17, 0, 4433);
		memcpy(f + 42, t[i].first, 5);
		assert_int_equal(matches(text, f, 64), t[i].passes);
		assert_false(matches(text, f, 46));	/* too short */
		frame6(f, 17);
		memcpy(f + 62, t[i].first, 5);
		assert_int_equal(matches(text, f, 80), t[i].passes);
	}
	conf_free(c);
}

/* Radiotap, NFLOG: libpcap has no or not all words; the text stays. */
static void
other_links_have_no_service_filter(void **state)
{
	struct conf		*c = conf_new();
	struct conf_service	*s;
	char			 text[FILTER_TEXT_MAX];

	(void)state;
	assert_non_null(c);
	s = conf_add_service(c);
	s->ports.n = 1;
	s->ports.range[0].lo = s->ports.range[0].hi = 80;
	c->filter[0] = '\0';
	assert_int_equal(filter_link(127), FILTER_OTHER);
	assert_int_equal(filter_link(239), FILTER_OTHER);
	assert_int_equal(filter_link(12), FILTER_IP);
	assert_int_equal(filter_link(113), FILTER_ETHER);
	assert_int_equal(filter_build(c, FILTER_OTHER, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	compat_strlcpy(c->filter, "host 192.0.2.1", sizeof(c->filter));
	assert_int_equal(filter_build(c, FILTER_OTHER, text, sizeof(text)), 0);
	assert_string_equal(text, "host 192.0.2.1");
	assert_int_equal(filter_build(c, FILTER_IP, text, sizeof(text)), 0);
	assert_null(strstr(text, "ether"));
	conf_free(c);
}

static void
the_users_text_narrows_the_service_filter(void **state)
{
	struct conf		*c = conf_new();
	struct conf_service	*s;
	char			 text[FILTER_TEXT_MAX];
	uint8_t			 f[64];

	(void)state;
	assert_non_null(c);
	assert_int_equal(filter_build(c, FILTER_ETHER, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	compat_strlcpy(c->filter, "not src host 0.0.0.0", sizeof(c->filter));
	assert_int_equal(filter_build(c, FILTER_ETHER, text, sizeof(text)), 0);
	assert_string_equal(text, "not src host 0.0.0.0");
	s = conf_add_service(c);
	s->ports.n = 1;
	s->ports.range[0].lo = s->ports.range[0].hi = 80;
	assert_int_equal(filter_build(c, FILTER_ETHER, text, sizeof(text)), 0);
	frame4(f, 6, 0, 80);
	assert_false(matches(text, f, sizeof(f)));
	f[26] = 10;				/* another source */
	assert_true(matches(text, f, sizeof(f)));
	conf_free(c);
}

static void
a_filter_that_does_not_fit_is_an_error(void **state)
{
	struct conf	*c = conf_new();
	char		 text[16];

	(void)state;
	assert_non_null(c);
	compat_strlcpy(c->filter, "port 80 or port 81", sizeof(c->filter));
	assert_int_equal(filter_build(c, FILTER_ETHER, text, sizeof(text)), -1);
	conf_free(c);
}

int
main(void)
{
	static const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(numbers_pass_and_never_reach_the_resolver),
		cmocka_unit_test(the_guard_of_this_test_works),
		cmocka_unit_test(names_are_refused),
		cmocka_unit_test(nothing_that_passes_asks_the_resolver),
		cmocka_unit_test(a_service_filter_keeps_what_may_carry_it),
		cmocka_unit_test(a_service_filter_keeps_hellos_of_quic),
		cmocka_unit_test(other_links_have_no_service_filter),
		cmocka_unit_test(the_users_text_narrows_the_service_filter),
		cmocka_unit_test(a_filter_that_does_not_fit_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
