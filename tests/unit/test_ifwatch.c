#include <sys/socket.h>

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture/ifwatch.h"
#include "tests/lib/guard.h"

static struct seen {
	unsigned		 events[6];
	unsigned		 dumped;
	struct ifwatch_link	 last;
	struct ifwatch_addr	 addr;
} seen;

static void
on_event(enum ifwatch_event what, const struct ifwatch_link *l,
    const struct ifwatch_addr *a, bool dump, void *arg)
{
	(void)arg;
	seen.events[what]++;
	seen.dumped += dump;
	if (l != NULL)
		seen.last = *l;
	if (a != NULL)
		seen.addr = *a;
}

/* ---- messages as the kernel writes them ---- */

static _Alignas(8) uint8_t	 msg[4096];
static size_t			 msg_len;

static struct nlmsghdr *
start(uint16_t type, uint32_t seq, uint32_t index)
{
	struct nlmsghdr		*h = (struct nlmsghdr *)(void *)(msg + msg_len);
	struct ifinfomsg	*i = NLMSG_DATA(h);

	memset(h, 0, NLMSG_SPACE(sizeof(*i)));
	h->nlmsg_type = type;
	h->nlmsg_seq = seq;
	h->nlmsg_len = NLMSG_LENGTH(sizeof(*i));
	i->ifi_index = (int)index;
	i->ifi_flags = IFF_UP | IFF_RUNNING;
	i->ifi_type = 1;
	return h;
}

static void
put(struct nlmsghdr *h, uint16_t type, const void *p, size_t n)
{
	struct rtattr	*a = (struct rtattr *)(void *)((uint8_t *)h +
	    NLMSG_ALIGN(h->nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(n);
	memset(RTA_DATA(a), 0, RTA_SPACE(n) - RTA_LENGTH(0));
	memcpy(RTA_DATA(a), p, n);
	h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static void
finish(struct nlmsghdr *h)
{
	msg_len += NLMSG_ALIGN(h->nlmsg_len);
}

static struct nlmsghdr *
vlan(uint16_t type, uint32_t seq)
{
	struct nlmsghdr			*h = start(type, seq, 7);
	struct rtnl_link_stats64	 st;
	uint32_t			 v = 3;
	_Alignas(4) uint8_t		 kind[RTA_SPACE(5)];
	struct rtattr			*a = (struct rtattr *)(void *)kind;

	memset(kind, 0, sizeof(kind));
	memset(&st, 0, sizeof(st));
	st.rx_packets = 11;
	st.tx_bytes = (uint64_t)1 << 40;
	put(h, IFLA_IFNAME, "eth0.10", 8);
	put(h, IFLA_LINK, &v, 4);
	put(h, IFLA_CARRIER, "\1", 1);
	put(h, IFLA_STATS64, &st, sizeof(st));
	a->rta_type = IFLA_INFO_KIND;
	a->rta_len = RTA_LENGTH(5);
	memcpy(RTA_DATA(a), "vlan", 5);
	put(h, IFLA_LINKINFO | NLA_F_NESTED, kind, sizeof(kind));
	return h;
}

static void
parse(uint32_t seq)
{
	memset(&seen, 0, sizeof(seen));
	ifwatch_parse(guard_copy(msg, msg_len), msg_len, seq, on_event, NULL);
}

static void
a_link_is_read_with_all_that_matters(void **state)
{
	(void)state;
	msg_len = 0;
	finish(vlan(RTM_NEWLINK, 0));
	parse(5);
	assert_int_equal(seen.events[IFWATCH_LINK], 1);
	assert_int_equal(seen.dumped, 0);
	assert_string_equal(seen.last.name, "eth0.10");
	assert_string_equal(seen.last.kind, "vlan");
	assert_int_equal(seen.last.index, 7);
	assert_int_equal(seen.last.link, 3);
	assert_int_equal(seen.last.flags, IFF_UP | IFF_RUNNING);
	assert_true(seen.last.carrier);
	assert_true(seen.last.has_stats);
	assert_int_equal(seen.last.rx_packets, 11);
	assert_true(seen.last.tx_bytes == (uint64_t)1 << 40);
}

static bool
has_xdp(uint8_t attached)
{
	_Alignas(4) uint8_t	 xdp[RTA_SPACE(1)];
	struct rtattr		*a = (struct rtattr *)(void *)xdp;
	struct nlmsghdr		*h;

	memset(xdp, 0, sizeof(xdp));
	a->rta_type = IFLA_XDP_ATTACHED;
	a->rta_len = RTA_LENGTH(1);
	memcpy(RTA_DATA(a), &attached, 1);
	msg_len = 0;
	h = start(RTM_NEWLINK, 0, 7);
	put(h, IFLA_IFNAME, "veth0", 6);
	put(h, IFLA_XDP, xdp, sizeof(xdp));
	finish(h);
	parse(5);
	assert_int_equal(seen.events[IFWATCH_LINK], 1);
	return seen.last.xdp;
}

static void
a_program_before_the_capture_is_known(void **state)
{
	(void)state;
	assert_false(has_xdp(XDP_ATTACHED_NONE));
	assert_true(has_xdp(XDP_ATTACHED_DRV));
	assert_true(has_xdp(XDP_ATTACHED_SKB));
}

static void
a_link_of_another_namespace_is_no_parent(void **state)
{
	struct nlmsghdr	*h;
	uint32_t	 v = 9, ns = 0;

	(void)state;
	msg_len = 0;
	h = start(RTM_NEWLINK, 0, 7);
	put(h, IFLA_IFNAME, "veth0", 6);
	put(h, IFLA_LINK, &v, 4);
	put(h, IFLA_LINK_NETNSID, &ns, 4);
	finish(h);
	parse(0);
	assert_int_equal(seen.events[IFWATCH_LINK], 1);
	assert_int_equal(seen.last.link, 0);
}

static void
a_dump_ends_and_may_be_broken(void **state)
{
	struct nlmsghdr	*h;

	(void)state;
	msg_len = 0;
	finish(vlan(RTM_NEWLINK, 5));
	finish(vlan(RTM_DELLINK, 0));
	finish(start(NLMSG_DONE, 5, 1));
	parse(5);
	assert_int_equal(seen.events[IFWATCH_LINK], 1);
	assert_int_equal(seen.events[IFWATCH_GONE], 1);
	assert_int_equal(seen.events[IFWATCH_DONE], 1);
	assert_int_equal(seen.dumped, 2);
	parse(6);			/* the end of an older dump */
	assert_int_equal(seen.events[IFWATCH_DONE], 0);
	msg_len = 0;
	h = start(NLMSG_DONE, 5, 1);
	h->nlmsg_flags = NLM_F_DUMP_INTR;
	finish(h);
	finish(start(NLMSG_ERROR, 5, 1));
	parse(5);
	assert_int_equal(seen.events[IFWATCH_BROKEN], 2);
}

static void
words_of_bridge_ports_are_not_links(void **state)
{
	struct nlmsghdr		*h;
	struct ifinfomsg	*i;

	(void)state;
	msg_len = 0;
	h = vlan(RTM_DELLINK, 0);
	i = NLMSG_DATA(h);
	i->ifi_family = 7;		/* AF_BRIDGE: it left its bridge */
	finish(h);
	parse(0);
	assert_int_equal(seen.events[IFWATCH_GONE], 0);
}

/* ---- addresses ---- */

static struct nlmsghdr *
start_addr(uint16_t type, uint32_t seq, uint8_t family)
{
	struct nlmsghdr		*h = (struct nlmsghdr *)(void *)(msg + msg_len);
	struct ifaddrmsg	*i = NLMSG_DATA(h);

	memset(h, 0, NLMSG_SPACE(sizeof(*i)));
	h->nlmsg_type = type;
	h->nlmsg_seq = seq;
	h->nlmsg_len = NLMSG_LENGTH(sizeof(*i));
	i->ifa_family = family;
	i->ifa_index = 7;
	return h;
}

static bool
told(enum ifwatch_event what, const char *text)
{
	struct addr	 a;

	parse(5);
	assert_int_equal(addr_parse(text, &a), 0);
	return seen.events[what] == 1 && seen.addr.index == 7 &&
	    addr_cmp(&seen.addr.addr, &a) == 0;
}

static void
addresses_come_and_go(void **state)
{
	static const uint8_t	 six[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
	struct nlmsghdr		*h;

	(void)state;
	msg_len = 0;
	h = start_addr(RTM_NEWADDR, 5, AF_INET);
	put(h, IFA_ADDRESS, "\300\0\2\1", 4);
	put(h, IFA_LOCAL, "\300\0\2\1", 4);
	put(h, IFA_LABEL, "eth0", 5);
	finish(h);
	assert_true(told(IFWATCH_ADDR, "192.0.2.1"));
	assert_int_equal(seen.dumped, 1);
	msg_len = 0;
	h = start_addr(RTM_DELADDR, 0, AF_INET6);
	put(h, IFA_ADDRESS, six, sizeof(six));
	finish(h);
	assert_true(told(IFWATCH_ADDR_GONE, "2001:db8::1"));
	assert_int_equal(seen.dumped, 0);
}

/* As on PPP: the other one is that of the provider. */
static void
of_two_ends_the_address_here_is_told(void **state)
{
	struct nlmsghdr	*h;
	int		 first;

	(void)state;
	for (first = 0; first < 2; first++) {
		msg_len = 0;
		h = start_addr(RTM_NEWADDR, 0, AF_INET);
		if (first)
			put(h, IFA_LOCAL, "\300\0\2\1", 4);
		put(h, IFA_ADDRESS, "\300\0\2\376", 4);
		if (!first)
			put(h, IFA_LOCAL, "\300\0\2\1", 4);
		finish(h);
		assert_true(told(IFWATCH_ADDR, "192.0.2.1"));
	}
}

static void
what_is_no_address_of_ip_is_not_told(void **state)
{
	struct nlmsghdr	*h;

	(void)state;
	msg_len = 0;
	finish(start_addr(RTM_NEWADDR, 0, AF_INET));
	h = start_addr(RTM_NEWADDR, 0, AF_INET);
	put(h, IFA_ADDRESS, "\300\0\2", 3);
	finish(h);
	h = start_addr(RTM_NEWADDR, 0, 45);	/* AF_MCTP */
	put(h, IFA_ADDRESS, "\300\0\2\1", 4);
	finish(h);
	parse(0);
	assert_int_equal(seen.events[IFWATCH_ADDR], 0);
}

/* Any cut, and any byte changed, reads inside the bytes and tells no more. */
static void
lies_about_lengths_stay_inside(void **state)
{
	struct nlmsghdr	*h;
	uint8_t		 copy[sizeof(msg)];
	size_t		 n, i, v;

	(void)state;
	msg_len = 0;
	finish(vlan(RTM_NEWLINK, 5));
	h = start_addr(RTM_NEWADDR, 5, AF_INET);
	put(h, IFA_LOCAL, "\300\0\2\1", 4);
	finish(h);
	finish(start(NLMSG_DONE, 5, 1));
	memcpy(copy, msg, msg_len);
	for (n = 0; n < msg_len; n++) {
		memset(&seen, 0, sizeof(seen));
		ifwatch_parse(guard_copy(msg, n), n, 5, on_event, NULL);
		assert_true(seen.events[IFWATCH_LINK] <= 1);
		assert_true(seen.events[IFWATCH_ADDR] <= 1);
	}
	for (i = 0; i < msg_len; i++)
		for (v = 0; v < 256; v += 5) {
			memcpy(msg, copy, msg_len);
			msg[i] = (uint8_t)v;
			parse(5);
			assert_true(strlen(seen.last.name) <
			    IFWATCH_NAME_MAX);
		}
}

static void
a_name_without_an_end_is_cut(void **state)
{
	struct nlmsghdr	*h;
	char		 name[64];

	(void)state;
	memset(name, 'x', sizeof(name));
	msg_len = 0;
	h = start(RTM_NEWLINK, 0, 7);
	put(h, IFLA_IFNAME, name, sizeof(name));
	finish(h);
	parse(0);
	assert_int_equal(strlen(seen.last.name), IFWATCH_NAME_MAX - 1);
}

int
main(void)
{
	static const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_link_is_read_with_all_that_matters),
		cmocka_unit_test(a_program_before_the_capture_is_known),
		cmocka_unit_test(a_link_of_another_namespace_is_no_parent),
		cmocka_unit_test(a_dump_ends_and_may_be_broken),
		cmocka_unit_test(words_of_bridge_ports_are_not_links),
		cmocka_unit_test(addresses_come_and_go),
		cmocka_unit_test(of_two_ends_the_address_here_is_told),
		cmocka_unit_test(what_is_no_address_of_ip_is_not_told),
		cmocka_unit_test(lies_about_lengths_stay_inside),
		cmocka_unit_test(a_name_without_an_end_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
