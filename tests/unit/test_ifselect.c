#include <net/if_arp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture/ifselect.h"
#include "sandbox/compat.h"

#define IF(n, k, i, l, m) { .name = n, .kind = k, .index = i, .link = l, \
	    .master = m, .arphrd = ARPHRD_ETHER, .up = true }

static struct conf *
conf_with(const char *const *names, size_t n)
{
	struct conf		*c = conf_new();
	struct conf_interface	*ci;
	size_t			 i;

	assert_non_null(c);
	for (i = 0; i < n; i++) {
		assert_non_null(ci = conf_add_interface(c));
		/* "!glob" excludes, "~glob" matches, others name */
		ci->exclude = names[i][0] == '!';
		ci->match = names[i][0] == '~';
		compat_strlcpy(ci->name, names[i] + (ci->exclude || ci->match),
		    sizeof(ci->name));
	}
	return c;
}

/* Letters of the answers: Open, Down, Covered, eXcluded. */
static void
expect(const char *const *names, size_t n, struct ifselect_if *v, size_t nv,
    const char *answers)
{
	struct conf	*c = conf_with(names, n);
	size_t		 i, r;

	for (r = 0; r < nv; r++) {	/* the order does not matter */
		struct ifselect_if	 first = v[0];

		ifselect(c, v, nv);
		for (i = 0; i < nv; i++)
			if ("ODCX"[v[i].select] !=
			    answers[(i + r) % nv])
				fail_msg("%s: %c, not %c (turn %zu)",
				    v[i].name, "ODCX"[v[i].select],
				    answers[(i + r) % nv], r);
		memmove(v, v + 1, (nv - 1) * sizeof(*v));
		first.select = IFSELECT_OPEN;
		v[nv - 1] = first;
	}
	conf_free(c);
}

static void
everything_up_is_opened_without_lines(void **state)
{
	struct ifselect_if	 v[] = {
		IF("lo", "", 1, 0, 0), IF("eth0", "", 2, 0, 0),
		IF("eth1", "", 3, 0, 0), IF("can0", "", 4, 0, 0),
		IF("ppp0", "ppp", 5, 0, 0)
	};

	(void)state;
	v[0].arphrd = ARPHRD_LOOPBACK;
	v[2].up = false;
	v[3].arphrd = ARPHRD_CAN;
	v[4].arphrd = ARPHRD_PPP;
	expect(NULL, 0, v, nitems(v), "OODXO");
}

static void
a_vlan_is_covered_by_its_parent(void **state)
{
	struct ifselect_if	 v[] = {
		IF("eth0.10", "vlan", 5, 2, 0), IF("eth0", "", 2, 0, 0),
		IF("mv0", "macvlan", 6, 2, 0), IF("eth0.10.5", "vlan", 7, 5, 0)
	};
	static const char *const no[] = { "!eth0" };

	(void)state;
	expect(NULL, 0, v, nitems(v), "COCC");
	/* without the parent each is opened, but for the one on top */
	expect(no, 1, v, nitems(v), "OXOC");
	v[1].failed = true;
	expect(NULL, 0, v, nitems(v), "OOOC");
	v[1].failed = false;
	v[1].up = false;
	expect(NULL, 0, v, nitems(v), "ODOC");
}

static void
a_bridge_is_covered_by_its_ports(void **state)
{
	struct ifselect_if	 v[] = {
		IF("br0", "bridge", 10, 0, 0), IF("eth0", "", 2, 0, 10),
		IF("eth1", "", 3, 0, 10), IF("br0.7", "vlan", 11, 10, 0)
	};
	static const char *const no[] = { "!eth1" };

	(void)state;
	expect(NULL, 0, v, nitems(v), "COOC");
	expect(no, 1, v, nitems(v), "OOXC");
	v[1].up = v[2].up = false;
	expect(NULL, 0, v, nitems(v), "ODDC");
}

static void
bond_ports_are_covered_by_the_bond(void **state)
{
	struct ifselect_if	 v[] = {
		IF("bond0", "bond", 10, 0, 0), IF("eth0", "", 2, 0, 10),
		IF("eth1", "", 3, 0, 10), IF("bond0.7", "vlan", 11, 10, 0)
	};

	(void)state;
	expect(NULL, 0, v, nitems(v), "OCCC");
	v[0].up = false;
	expect(NULL, 0, v, nitems(v), "DOOO");
}

static void
what_others_do_not_show_is_opened(void **state)
{
	struct ifselect_if	 v[] = {
		IF("eth0", "", 2, 0, 20), IF("iv0", "ipvlan", 3, 2, 0),
		IF("ivt0", "ipvtap", 4, 2, 0), IF("iv0.7", "vlan", 5, 3, 0),
		IF("vrf0", "vrf", 20, 0, 0)
	};

	(void)state;
	expect(NULL, 0, v, nitems(v), "OOOCO");
}

static void
stacks_reduce_to_what_is_below(void **state)
{
	struct ifselect_if	 v[] = {
		IF("br0", "bridge", 10, 0, 0),
		IF("bond0.7", "vlan", 11, 12, 10),
		IF("bond0", "bond", 12, 0, 0), IF("eth0", "", 2, 0, 12)
	};

	(void)state;
	expect(NULL, 0, v, nitems(v), "CCOC");
}

static void
tunnels_and_pairs_stay_open(void **state)
{
	struct ifselect_if	 v[] = {
		IF("gre1", "gre", 5, 2, 0), IF("eth0", "", 2, 0, 0),
		IF("v0", "veth", 6, 7, 0), IF("v1", "veth", 7, 6, 0)
	};

	(void)state;
	expect(NULL, 0, v, nitems(v), "OOOO");
}

static void
named_interfaces_are_opened_as_named(void **state)
{
	struct ifselect_if	 v[] = {
		IF("eth0", "", 2, 0, 0), IF("eth0.10", "vlan", 5, 2, 0),
		IF("eth1", "", 3, 0, 0), IF("can0", "", 4, 0, 0)
	};
	static const char *const names[] = { "eth0", "eth0.10" };
	static const char *const globs[] = { "~eth*", "!eth1" };
	static const char *const can[] = { "can0" };

	(void)state;
	v[3].arphrd = ARPHRD_CAN;
	expect(names, 2, v, nitems(v), "OOXX");
	expect(globs, 2, v, nitems(v), "OOXX");
	expect(can, 1, v, nitems(v), "XXXO");
	v[0].up = false;
	expect(names, 2, v, nitems(v), "DOXX");
}

static void
a_name_beats_a_glob(void **state)
{
	static const char *const lines[] = { "~eth*", "~e*", "eth1", "!eth2" };
	struct conf	*c = conf_with(lines, 4);

	(void)state;
	assert_ptr_equal(ifselect_conf(c, "eth0"), &c->interfaces[0]);
	assert_ptr_equal(ifselect_conf(c, "eth1"), &c->interfaces[2]);
	assert_ptr_equal(ifselect_conf(c, "enp0"), &c->interfaces[1]);
	assert_null(ifselect_conf(c, "wlan0"));
	conf_free(c);
}

static void
rings_share_the_total_and_have_a_minimum(void **state)
{
	const uint64_t		 mb = 1024 * 1024;
	struct conf		*c = conf_new();
	struct conf_interface	 own;

	(void)state;
	assert_non_null(c);
	c->ring_total = 64 * mb;
	memset(&own, 0, sizeof(own));
	assert_int_equal(ifselect_ring(c, NULL, 2, 0), 32 * mb);
	assert_int_equal(ifselect_ring(c, NULL, 2, 32 * mb), 32 * mb);
	assert_int_equal(ifselect_ring(c, NULL, 3, 0), 21 * mb + mb / 4);
	assert_int_equal(ifselect_ring(c, NULL, 3, 42 * mb + mb / 2),
	    21 * mb + mb / 4);
	assert_int_equal(ifselect_ring(c, NULL, 4, 56 * mb), 4 * mb);
	assert_int_equal(ifselect_ring(c, NULL, 4, 63 * mb), 2 * mb);
	assert_int_equal(ifselect_ring(c, NULL, 4, 90 * mb), 2 * mb);
	assert_int_equal(ifselect_ring(c, NULL, 1000, 0), 2 * mb);
	assert_int_equal(ifselect_ring(c, NULL, 1000, 255 * mb), 2 * mb);
	assert_int_equal(ifselect_ring(c, NULL, 1000, 256 * mb), mb / 2);
	assert_int_equal(ifselect_ring(c, NULL, 1000, 500 * mb), mb / 2);
	assert_int_equal(ifselect_ring(c, NULL, 0, 0), 32 * mb);
	assert_int_equal(ifselect_ring(c, NULL, 1, 0), 32 * mb);
	assert_int_equal(ifselect_ring(c, &own, 2, 0), 32 * mb);
	own.ring = 8 * mb;
	assert_int_equal(ifselect_ring(c, &own, 2, 64 * mb), 8 * mb);
	own.ring = 1;
	assert_int_equal(ifselect_ring(c, &own, 2, 0), 2 * mb);
	conf_free(c);
}

int
main(void)
{
	static const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(everything_up_is_opened_without_lines),
		cmocka_unit_test(a_vlan_is_covered_by_its_parent),
		cmocka_unit_test(a_bridge_is_covered_by_its_ports),
		cmocka_unit_test(bond_ports_are_covered_by_the_bond),
		cmocka_unit_test(what_others_do_not_show_is_opened),
		cmocka_unit_test(stacks_reduce_to_what_is_below),
		cmocka_unit_test(tunnels_and_pairs_stay_open),
		cmocka_unit_test(named_interfaces_are_opened_as_named),
		cmocka_unit_test(a_name_beats_a_glob),
		cmocka_unit_test(rings_share_the_total_and_have_a_minimum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
