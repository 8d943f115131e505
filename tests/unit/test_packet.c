#include <string.h>

#include "analyzer/packet.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"
#include "tests/lib/pcapgen.h"

static struct pcapgen	 g;

static const struct pcapgen_seg	 get = {
	.src = 1, .dst = 2, .sport = 4000, .dport = 80, .seq = 7, .ack = 9,
	.flags = PACKET_TCP_ACK | PACKET_TCP_PSH, .data = "GET /", .len = 5
};

static enum packet_reason
parse(struct packet *p, uint16_t dlt)
{
	memset(p, 0, sizeof(*p));
	p->dlt = dlt;
	p->wirelen = (uint32_t)g.len;
	return packet_parse(p, guard_copy(g.p, g.len), g.len);
}

static void
is_the_get(const struct packet *p)
{
	assert_int_equal(p->key.a.port, 4000);
	assert_int_equal(p->key.b.port, 80);
	assert_int_equal(p->seq, 7);
	assert_int_equal(p->ack, 9);
	assert_int_equal(p->len, 5);
	assert_int_equal(p->wire, 5);
	assert_memory_equal(p->payload, "GET /", 5);
	assert_int_equal(packet_checksum(p), PACKET_SUM_GOOD);
}

/* Every shorter frame gives a reason, and no byte behind it is read. */
static void
cut_everywhere(uint16_t dlt)
{
	struct packet	 p;
	size_t		 n, payload = 5;

	for (n = 0; n < g.len; n++) {
		memset(&p, 0, sizeof(p));
		p.dlt = dlt;
		p.wirelen = (uint32_t)g.len;
		if (packet_parse(&p, guard_copy(g.p, n), n) != PACKET_OK)
			continue;
		assert_true(n >= g.len - payload);
		assert_int_equal(p.len, n - (g.len - payload));
		assert_int_equal(p.wire, payload);
		assert_true(p.marks & PACKET_CUT);
	}
	for (n = 0; n < g.len - payload; n++) {
		memset(&p, 0, sizeof(p));
		p.dlt = dlt;
		assert_int_not_equal(packet_parse(&p, guard_copy(g.p, n), n),
		    PACKET_OK);
	}
}

static void
inner(int v6)
{
	struct pcapgen_seg	 s = get;

	s.v6 = v6;
	pcapgen_tcp(&g, &s);
}

static void
found(uint16_t dlt)
{
	struct packet	 p;

	assert_int_equal(parse(&p, dlt), PACKET_OK);
	is_the_get(&p);
	cut_everywhere(dlt);
}

static void
ethernet_carries_both_versions(void **state)
{
	(void)state;
	inner(0);
	pcapgen_ether(&g, 0x0800);
	found(1);
	inner(1);
	pcapgen_ether(&g, 0x86dd);
	found(1);
}

static void
every_link_type_is_read(void **state)
{
	static const struct {
		uint16_t	 dlt;
		int		 v6;
		uint8_t		 hdr[28];
		size_t		 len;
	}			 links[] = {
		{ 101, 0, { 0 }, 0 }, { 12, 1, { 0 }, 0 }, { 14, 0, { 0 }, 0 },
		{ 228, 0, { 0 }, 0 }, { 229, 1, { 0 }, 0 },
		{ 0, 0, { 2, 0, 0, 0 }, 4 }, { 0, 1, { 0, 0, 0, 30 }, 4 },
		{ 108, 0, { 0, 0, 0, 2 }, 4 },
		{ 113, 0, { [14] = 8, [15] = 0 }, 16 },
		{ 276, 1, { 0x86, 0xdd, [7] = 3 }, 20 },
		{ 9, 0, { 0xff, 3, 0, 0x21 }, 4 }, { 9, 1, { 0x57 }, 1 },
		{ 50, 0, { 0x0f, 0, 8, 0 }, 4 },
		{ 104, 1, { 0x0f, 0, 0x86, 0xdd }, 4 },
		{ 204, 0, { 1, 0xff, 3, 0, 0x21 }, 5 },
		{ 205, 1, { 1, 0x0f, 0, 0x86, 0xdd }, 5 },
		{ 206, 0, { 1, 0x18, 0x41, 3, 0xcc }, 5 },
		{ 107, 1, { 0x18, 0x41, 3, 0, 0x8e }, 5 },
		{ 107, 0, { 0x18, 0x40, 1, 3, 0x80, 0, 0, 0, 8, 0 }, 10 },
		{ 107, 0, { 0x18, 0x40, 0, 1, 8, 0 }, 6 },
		{ 107, 0, { 0x18, 0x41, 3, 0xcf, 0, 0x21 }, 6 },
		{ 10, 0, { [13] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 }, 21 },
		{ 100, 0, { 0xaa, 0xaa, 3, 0, 0, 0xf8, 8, 0 }, 8 },
		{ 122, 0, { [16] = 6, 6, 3 }, 19 },
		{ 219, 0, { 0, 1, 1, 64 }, 4 },
		{ 109, 0, { 2 }, 12 }, { 226, 1, { 1, 26 }, 24 },
		{ 240, 0, { [16] = 8 }, 18 }, { 274, 0, { [20] = 8 }, 22 },
		{ 281, 0, { [16] = 8 }, 18 }, { 282, 0, { [16] = 8 }, 18 },
		{ 283, 0, { [16] = 8 }, 18 }, { 284, 0, { [20] = 8 }, 22 },
		{ 258, 1, { 16, 0, 0, 0, 1, 0, 0, 0, 12 }, 16 },
		{ 117, 0, { 21, 2 }, 24 },
		{ 239, 0, { 2, 0, 0, 0, 5, 0, 10, [12] = 49, 0, 9 }, 16 },
		{ 239, 1, { 10, 0, 0, 0, 0, 8, 0, 1, [12] = 0, 69, 0, 9 },
		    16 },
		{ 192, 0, { 0, 0, 12, 0, 101 }, 12 },
	};
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		inner(links[i].v6);
		pcapgen_front(&g, links[i].hdr, links[i].len);
		found(links[i].dlt);
		assert_true(packet_dlt_known(links[i].dlt));
	}
	assert_false(packet_dlt_known(9999));
}

#define LLC	0xaa, 0xaa, 3, 0, 0, 0, 8, 0

/* A frame of 802.11, and the same behind what radios say of it. */
static void
what_a_radio_hears_is_read(void **state)
{
	static const struct {
		uint16_t		 dlt;
		uint8_t			 hdr[64];
		size_t			 len;
		enum packet_reason	 why;
	}			 t[] = {
		{ 105, { 8, 1, [24] = LLC }, 32, PACKET_OK },
		{ 105, { 8, 3, [30] = LLC }, 38, PACKET_OK },
		{ 105, { 0x88, 2, [26] = LLC }, 34, PACKET_OK },
		{ 105, { 0x88, 0x82, [30] = LLC }, 38, PACKET_OK },
		{ 105, { 0x88, 2, [24] = 0x80, [38] = 1, 0, LLC }, 48,
		    PACKET_OK },
		{ 105, { 8, 0x41, [24] = LLC }, 32, PACKET_ENCRYPTED },
		{ 105, { 0x48, 1, [24] = LLC }, 32, PACKET_NOT_IP },
		{ 105, { 0xd4, 0 }, 10, PACKET_NOT_IP },
		{ 105, { 8, 1, [22] = 1, [24] = LLC }, 32, PACKET_NOT_IP },
		{ 127, { 0, 0, 8, 0, [8] = 8, 1, [32] = LLC }, 40, PACKET_OK },
		{ 127, { 0, 0, 9, 0, 2, 0, 0, 0, 0x20, 0x88, 2, [37] = LLC },
		    45, PACKET_OK },
		{ 127, { 0, 0, 17, 0, 3, 0, 0, 0, [16] = 0x20, 0x88, 2,
		    [45] = LLC }, 53, PACKET_OK },
		{ 127, { 0, 0, 17, 0, 2, 0, 0, 0x80, [12] = 0x20, [17] = 0x88,
		    2, [45] = LLC }, 53, PACKET_OK },
		{ 127, { 0, 0, 7, 0 }, 8, PACKET_LINK_SHORT },
		{ 127, { 9, 0, 8, 0 }, 8, PACKET_LINK_SHORT },
		{ 163, { 0x80, 0x21, 0x10, 1, 0, 0, 0, 12, [12] = 8, 1,
		    [36] = LLC }, 44, PACKET_OK },
		{ 119, { 0x80, 0x21, 0x10, 2, 0, 0, 0, 8, 8, 1, [32] = LLC },
		    40, PACKET_OK },
		{ 119, { 0x80, 0x21, 0x10, 2, 0, 0, 0, 7 }, 8,
		    PACKET_LINK_SHORT },
		{ 192, { 0, 0, 8, 0, 105, 0, 0, 0, 8, 1, [32] = LLC }, 40,
		    PACKET_OK },
		{ 192, { 0, 0, 7, 0, 105 }, 8, PACKET_LINK_SHORT },
		{ 192, { 0, 0, 8, 0, 15, 39 }, 8, PACKET_DLT },
	};
	struct packet		 p;
	uint8_t			 prism[144] = { 0, 0, 0, 0x44 };
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		inner(0);
		pcapgen_front(&g, t[i].hdr, t[i].len);
		if (parse(&p, t[i].dlt) != t[i].why)
			fail_msg("row %zu: %s", i,
			    packet_reason_name(parse(&p, t[i].dlt)));
		if (t[i].why == PACKET_OK)
			found(t[i].dlt);
	}
	inner(0);
	pcapgen_front(&g, t[0].hdr, t[0].len);
	pcapgen_front(&g, prism, sizeof(prism));
	found(119);
}

static void
tags_are_counted_and_two_are_kept(void **state)
{
	uint8_t		 tag[4] = { 0, 0, 0x81, 0 };
	struct packet	 p;
	int		 i;

	(void)state;
	inner(0);
	pcapgen_front(&g, "\x20\x05\x08", 4);
	for (i = 4; i > 0; i--) {
		tag[1] = (uint8_t)i;
		pcapgen_front(&g, tag, 4);
	}
	pcapgen_ether(&g, 0x88a8);
	assert_int_equal(parse(&p, 1), PACKET_OK);
	is_the_get(&p);
	assert_int_equal(p.nvlan, 5);
	assert_int_equal(p.vlan[0], 1);
	assert_int_equal(p.vlan[1], 2);
}

static void
too_many_tags_are_refused(void **state)
{
	struct packet	 p;
	int		 i, n;

	(void)state;
	for (n = PACKET_VLAN_MAX - 1; n <= PACKET_VLAN_MAX + 1; n++) {
		inner(0);
		pcapgen_front(&g, "\0\1\x08", 4);
		for (i = 1; i < n; i++)
			pcapgen_front(&g, "\0\1\x81", 4);
		pcapgen_ether(&g, 0x8100);
		assert_int_equal(parse(&p, 1), n <= PACKET_VLAN_MAX ?
		    PACKET_OK : PACKET_VLAN_DEPTH);
	}
}

struct wrap {
	uint8_t		 kind;
	int		 v6;		/* inside */
	uint8_t		 proto;		/* IP protocol, 0: link */
	uint16_t	 port;		/* UDP */
	uint16_t	 ether;		/* link type, or inner frame's */
	uint8_t		 hdr[16];
	size_t		 len;
};

static void
tunnels_are_entered_and_named(void **state)
{
	static const struct wrap	 w[] = {
		{ PACKET_TUNNEL_IPIP, 0, 4, 0, 0, { 0 }, 0 },
		{ PACKET_TUNNEL_SIT, 1, 41, 0, 0, { 0 }, 0 },
		{ PACKET_TUNNEL_GRE, 0, 47, 0, 0, { 0, 0, 8, 0 }, 4 },
		{ PACKET_TUNNEL_GRE, 1, 47, 0, 0, { 0xb0, 0, 0x86, 0xdd, 0, 0,
		    0, 0, 0, 0, 0, 5, 0, 0, 0, 1 }, 16 },
		{ PACKET_TUNNEL_GRE, 0, 47, 0, 0, { 0x30, 0x81, 0x88, 0x0b, 0,
		    9, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1 }, 16 },
		{ PACKET_TUNNEL_GRE, 0, 47, 0, 0x0800, { 0, 0, 0x65, 0x58 },
		    4 },
		{ PACKET_TUNNEL_VXLAN, 0, 17, 4789, 0x0800, { 8, 0, 0, 0, 0,
		    0, 7 }, 8 },
		{ PACKET_TUNNEL_VXLAN, 1, 17, 4790, 0, { 12, 0, 0, 2, 0, 0,
		    7 }, 8 },
		{ PACKET_TUNNEL_GENEVE, 0, 17, 6081, 0x0800, { 1, 0, 0x65,
		    0x58, 0, 0, 9, 0, 1, 2, 3, 0 }, 12 },
		{ PACKET_TUNNEL_TEREDO, 1, 17, 3544, 0, { 0, 0, 1, 2, 3, 4, 5,
		    6 }, 8 },
		{ PACKET_TUNNEL_GTP, 0, 17, 2152, 0, { 0x34, 255, 0, 0, 0, 0,
		    0, 1, 0, 0, 0, 0x85, 1, 0, 0, 0 }, 16 },
	};
	struct packet			 p;
	size_t				 i;

	(void)state;
	for (i = 0; i < sizeof(w) / sizeof(w[0]); i++) {
		inner(w[i].v6);
		if (w[i].ether != 0)
			pcapgen_ether(&g, w[i].ether);
		if (w[i].hdr[1] == 0x81)	/* PPTP carries PPP */
			pcapgen_front(&g, "\x21", 1);
		pcapgen_front(&g, w[i].hdr, w[i].len);
		if (w[i].port != 0)
			pcapgen_udp(&g, 555, w[i].port);
		pcapgen_ip4(&g, w[i].proto, 0, 1);
		pcapgen_ether(&g, 0x0800);
		assert_int_equal(parse(&p, 1), PACKET_OK);
		is_the_get(&p);
		assert_int_equal(p.depth, 1);
		assert_int_equal(p.tunnel[0], w[i].kind);
		assert_string_not_equal(packet_tunnel_name(p.tunnel[0]),
		    "none");
		cut_everywhere(1);
	}
}

/* The datagram ends where UDP says, whatever stands behind it. */
static void
initials_of_quic_are_told_apart(void **state)
{
	static const struct { uint8_t d[20]; uint16_t port; unsigned why; }
	t[] = {
		{ { 0xc3, 0, 0, 0, 1, 0, 0, 'q' }, 443, PACKET_QUIC },
		{ { 0xd3, 0x6b, 0x33, 0x43, 0xcf, 0, 0 }, 4433, PACKET_QUIC },
		{ { 0xe3, 0, 0, 0, 1, 0, 0 }, 443, PACKET_NOT_TCP },
		{ { 0x43, 0, 0, 0, 1, 0, 0 }, 443, PACKET_NOT_TCP },
		{ { 0xc3, 0, 0, 0, 1, 0, 0 }, 4500, PACKET_ENCRYPTED },
	};
	struct packet	 p;
	size_t		 i;
	int		 v6;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		for (v6 = 0; v6 < 2; v6++) {
			pcapgen_set(&g, t[i].d, sizeof(t[i].d));
			pcapgen_udp(&g, 50000, t[i].port);
			g.len += 5;		/* no part of it */
			if (v6)
				pcapgen_ip6(&g, 17);
			else
				pcapgen_ip4(&g, 17, 0, 1);
			pcapgen_ether(&g, v6 ? 0x86dd : 0x0800);
			assert_int_equal(parse(&p, 1), t[i].why);
			if (t[i].why != PACKET_QUIC)
				continue;
			assert_int_equal(p.len, sizeof(t[i].d));
			assert_int_equal(p.wire, sizeof(t[i].d));
			assert_memory_equal(p.payload, t[i].d, p.len);
			assert_int_equal(p.key.a.port, 50000);
			assert_int_equal(p.key.b.port, t[i].port);
			assert_int_equal(p.version, v6 ? 6 : 4);
		}
}

static void
pppoe_and_mpls_are_entered(void **state)
{
	uint8_t		 pppoe[8] = { 0x11, 0, 0, 5, 0, 0, 0, 0x21 };
	struct packet	 p;

	(void)state;
	inner(0);
	pppoe[5] = (uint8_t)(g.len + 2);
	pcapgen_front(&g, pppoe, 8);
	pcapgen_ether(&g, 0x8864);
	found(1);
	inner(1);
	pcapgen_front(&g, "\0\1\0\x40\0\2\1\x40", 8);
	pcapgen_front(&g, "\0\1\0\x40", 4);
	pcapgen_ether(&g, 0x8847);
	found(1);
	assert_int_equal(parse(&p, 1), PACKET_OK);
	assert_int_equal(p.tunnel[0], PACKET_TUNNEL_MPLS);
	pppoe[0] = 0x12;
	inner(0);
	pcapgen_front(&g, pppoe, 8);
	pcapgen_ether(&g, 0x8864);
	assert_int_equal(parse(&p, 1), PACKET_PPPOE_BAD);
}

static void
tunnels_end_at_the_depth_limit(void **state)
{
	struct packet	 p;
	int		 i, n;

	(void)state;
	for (n = PACKET_DEPTH_MAX - 1; n <= PACKET_DEPTH_MAX + 1; n++) {
		inner(0);
		for (i = 0; i < n; i++)
			pcapgen_ip4(&g, 4, 0, 1);
		assert_int_equal(parse(&p, 101), n <= PACKET_DEPTH_MAX ?
		    PACKET_OK : PACKET_TUNNEL_DEPTH);
	}
}

static void
extension_headers_are_passed_up_to_a_limit(void **state)
{
	static const uint8_t	 opt[8] = { 60, 0, 1, 4, 0, 0, 0, 0 };
	uint8_t			 last[8] = { 6, 0, 1, 4, 0, 0, 0, 0 };
	struct packet		 p;
	int			 i, n;

	(void)state;
	for (n = PACKET_EXT_MAX - 1; n <= PACKET_EXT_MAX + 1; n++) {
		inner(1);
		g.p += 40;
		g.len -= 40;
		pcapgen_front(&g, last, 8);
		for (i = 1; i < n; i++)
			pcapgen_front(&g, opt, 8);
		pcapgen_ip6(&g, 60);
		assert_int_equal(parse(&p, 101), n <= PACKET_EXT_MAX ?
		    PACKET_OK : PACKET_IP6_EXT_DEPTH);
		if (n == 2)
			is_the_get(&p);
	}
	last[1] = 200;
	inner(1);
	g.p += 40;
	g.len -= 40;
	pcapgen_front(&g, last, 8);
	pcapgen_ip6(&g, 60);
	assert_int_equal(parse(&p, 101), PACKET_IP6_EXT_BAD);
}

static void
lying_headers_have_their_reasons(void **state)
{
	static const struct {
		size_t			 at;
		uint8_t			 value;
		enum packet_reason	 why;
	}				 lies[] = {
		{ 0, 0x55, PACKET_IP_VERSION },
		{ 0, 0x44, PACKET_IP4_IHL },
		{ 3, 19, PACKET_IP4_LENGTH },
		{ 3, 30, PACKET_TCP_SHORT },
		{ 9, 1, PACKET_NOT_TCP },
		{ 6, 0x20, PACKET_FRAGMENT },
		{ 32, 0x40, PACKET_TCP_OFFSET },
		{ 32, 0xf0, PACKET_TCP_OFFSET },
	};
	struct packet			 p;
	size_t				 i;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		inner(0);
		g.p[lies[i].at] = lies[i].value;
		assert_int_equal(parse(&p, 228), lies[i].why);
		assert_true(strlen(packet_reason_name(lies[i].why)) > 0);
	}
	inner(0);
	assert_int_equal(parse(&p, 9999), PACKET_DLT);
	g.len = 0;
	assert_int_equal(parse(&p, 1), PACKET_NO_DATA);
}

static void
padding_is_no_payload_and_length_zero_is_a_super_frame(void **state)
{
	struct packet	 p;

	(void)state;
	inner(0);
	memset(g.p + g.len, 'x', 10);
	g.len += 10;
	assert_int_equal(parse(&p, 101), PACKET_OK);
	is_the_get(&p);
	inner(0);
	g.p[2] = g.p[3] = 0;
	assert_int_equal(parse(&p, 101), PACKET_OK);
	assert_int_equal(p.len, 5);
	assert_true(p.marks & PACKET_SUPER);
	inner(0);
	g.p[2] = 4;
	assert_int_equal(parse(&p, 101), PACKET_OK);
	assert_int_equal(p.wire, 5);
	assert_true(p.marks & PACKET_LONG);
}

static void
checksums_are_told_apart(void **state)
{
	struct pcapgen_seg	 s = get;
	struct packet		 p;
	uint8_t			 data[100];
	size_t			 n, i;

	(void)state;
	memset(data, 0xa5, sizeof(data));
	s.data = data;
	for (n = 0; n <= sizeof(data); n++) {
		s.len = n;
		s.v6 = n & 1;
		pcapgen_tcp(&g, &s);
		parse(&p, 101);
		assert_int_equal(packet_checksum(&p), PACKET_SUM_GOOD);
		for (i = 0; i < n; i++) {
			g.p[g.len - 1 - i] ^= 0x10;
			parse(&p, 101);
			assert_int_equal(packet_checksum(&p), PACKET_SUM_BAD);
			g.p[g.len - 1 - i] ^= 0x10;
		}
	}
	inner(0);
	parse(&p, 101);
	assert_true(p.marks & PACKET_IPSUM_GOOD);
	g.p[10] ^= 1;
	parse(&p, 101);
	assert_true(p.marks & PACKET_IPSUM_BAD);
	p.l4_cap--;
	assert_int_equal(packet_checksum(&p), PACKET_SUM_UNKNOWN);
}

/* RFC 1071 word by word, over a TCP segment in IPv6 at p. */
static uint16_t
plain_sum(const uint8_t *p, size_t len)
{
	uint32_t	 sum = (uint32_t)(len - 40) + 6;
	size_t		 i;

	for (i = 8; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
sums_of_any_bytes_are_those_of_plain_words(void **state)
{
	struct pcapgen_seg	 s = { .v6 = true, .flags = PACKET_TCP_ACK };
	uint8_t			 data[200];
	struct packet		 p;
	uint32_t		 x = 1;
	uint16_t		 sum;
	size_t			 i, n;

	(void)state;
	s.data = data;
	for (n = 0; n < 2000; n++) {
		for (i = 0; i < sizeof(data); i++) {
			x = x * 1103515245 + 12345;
			data[i] = n & 1 ? (uint8_t)(x >> 16) :
			    (uint8_t)(0xff - (x >> 16 & 7) / 7);
		}
		s.len = n % sizeof(data);
		pcapgen_tcp(&g, &s);
		memcpy(g.p + 8, data + sizeof(data) - 32, 32);
		memset(g.p + 56, 0, 2);
		sum = plain_sum(g.p, g.len);
		g.p[56] = (uint8_t)(sum >> 8);
		g.p[57] = (uint8_t)sum;
		assert_int_equal(parse(&p, 101), PACKET_OK);
		assert_int_equal(packet_checksum(&p), PACKET_SUM_GOOD);
		g.p[57] ^= 1;
		assert_int_equal(parse(&p, 101), PACKET_OK);
		assert_int_equal(packet_checksum(&p), PACKET_SUM_BAD);
	}
}

static void
pseudo_header_alone_is_partial(void **state)
{
	struct packet	 p;
	uint32_t	 s;

	(void)state;
	inner(0);
	s = 0x0a00 + 1 + 0x0a00 + 2 + 6 + 25;
	g.p[36] = (uint8_t)(s >> 8);
	g.p[37] = (uint8_t)s;
	assert_int_equal(parse(&p, 101), PACKET_OK);
	assert_int_equal(packet_checksum(&p), PACKET_SUM_PARTIAL);
}

static void
syn_options_are_read_and_broken_ones_marked(void **state)
{
	struct pcapgen_seg	 s = get;
	struct packet		 p;

	(void)state;
	s.flags = PACKET_TCP_SYN;
	s.wscale = 7;
	pcapgen_tcp(&g, &s);
	parse(&p, 101);
	assert_int_equal(p.wscale, 7);
	g.p[41] = 0;
	parse(&p, 101);
	assert_int_equal(p.wscale, PACKET_NO_WSCALE);
	assert_true(p.marks & PACKET_TCP_OPT_BAD);
	assert_int_equal(p.len, 5);
}

static void
places_differ_by_interface_tag_and_tunnel(void **state)
{
	struct packet	 p;
	uint32_t	 plain;

	(void)state;
	inner(0);
	parse(&p, 101);
	plain = packet_place(&p);
	p.iface = 2;
	assert_int_not_equal(packet_place(&p), plain);
	p.iface = 0;
	p.nvlan = 1;
	p.vlan[0] = 10;
	assert_int_not_equal(packet_place(&p), plain);
	p.nvlan = 0;
	p.tunnel_id = 5;
	assert_int_not_equal(packet_place(&p), plain);
}

/* inner, less strip bytes, Ethernet, hdr, UDP, IPv4 or IPv6, Ethernet. */
struct odd {
	uint16_t		 dlt;
	uint8_t			 v6;
	uint8_t			 strip;
	uint8_t			 ether;
	uint16_t		 port;
	uint8_t			 proto;		/* in IPv4 */
	uint8_t			 proto6;	/* in IPv6 */
	uint16_t		 type;		/* in Ethernet */
	uint8_t			 hdr[48];
	size_t			 len;
	enum packet_reason	 why;
};

#define MAC12	2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2
#define SNAP	0xaa, 0xaa, 3, 0, 0, 0

static void
try_odd(const struct odd *o, size_t n)
{
	struct packet	 p;

	for (; n > 0; o++, n--) {
		inner(o->v6);
		g.p += o->strip;
		g.len -= o->strip;
		if (o->ether)
			pcapgen_ether(&g, 0x0800);
		pcapgen_front(&g, o->hdr, o->len);
		if (o->port != 0)
			pcapgen_udp(&g, 555, o->port);
		if (o->proto != 0)
			pcapgen_ip4(&g, o->proto, 0, 1);
		if (o->proto6 != 0)
			pcapgen_ip6(&g, o->proto6 == 255 ? 0 : o->proto6);
		if (o->type != 0)
			pcapgen_ether(&g, o->type);
		if (parse(&p, o->dlt) != o->why)
			fail_msg("row %zu from the end: %s", n,
			    packet_reason_name(parse(&p, o->dlt)));
		if (o->why == PACKET_OK)
			cut_everywhere(o->dlt);
	}
}

static void
rare_link_headers_are_read_or_refused(void **state)
{
	static const struct odd	 t[] = {
		{ .dlt = 1, .hdr = { MAC12, 0, 64, SNAP, 8, 0 }, .len = 22 },
		{ .dlt = 1, .hdr = { MAC12, 0, 64, 0x42, 0x42, 3 }, .len = 22,
		    .why = PACKET_NOT_IP },
		{ .dlt = 1, .hdr = { MAC12, 0, 64, SNAP, 0, 9 }, .len = 22,
		    .why = PACKET_NOT_IP },
		{ .dlt = 113, .hdr = { [15] = 4, SNAP, 8, 0 }, .len = 24 },
		{ .dlt = 276, .hdr = { 0, 4, [20] = 0xaa, 0xaa, 3, 0, 0, 0, 8,
		    0 }, .len = 28 },
		{ .dlt = 0, .hdr = { 7 }, .len = 4, .why = PACKET_NOT_IP },
		{ .dlt = 0, .v6 = 1, .hdr = { 10 }, .len = 4 },
		{ .dlt = 0, .v6 = 1, .hdr = { 24 }, .len = 4 },
		{ .dlt = 0, .v6 = 1, .hdr = { 28 }, .len = 4 },
		{ .dlt = 0, .hdr = { 30 }, .len = 4,
		    .why = PACKET_IP_VERSION },
		{ .dlt = 229, .why = PACKET_IP_VERSION },
		{ .dlt = 197, .hdr = { [8] = 2, 0, 0, 72, 0, 0, 0, 54, 0, 0,
		    MAC12, 8, 0 }, .len = 32 },
		{ .dlt = 197, .hdr = { [8] = 0x90, [16] = 0x85, [24] = 3,
		    [34] = MAC12, 8, 0 }, .len = 48 },
		{ .dlt = 197, .hdr = { [8] = 22 }, .len = 16 },
		{ .dlt = 197, .v6 = 1, .hdr = { [8] = 23 }, .len = 16 },
		{ .dlt = 197, .hdr = { [8] = 1, [16] = 15, 0, 8, 0 },
		    .len = 20 },
		{ .dlt = 197, .hdr = { [8] = 21 }, .len = 16,
		    .why = PACKET_NOT_IP },
		{ .dlt = 9, .hdr = { 0xff, 3, 0xc0, 0x21 }, .len = 4,
		    .why = PACKET_NOT_IP },
		{ .dlt = 9, .hdr = { 0x8f, 0, 8, 0 }, .len = 4 },
		{ .dlt = 9, .hdr = { 2, 0x81, 0, 1, 1, 64 }, .len = 6 },
		{ .dlt = 9, .hdr = { 2, 0x83, 0, 1, 1, 64 }, .len = 6 },
		{ .dlt = 9, .v6 = 1, .hdr = { 0, 0x57 }, .len = 2 },
		{ .dlt = 1, .type = 0x8864, .hdr = { 0x11, 9, 0, 5, 0, 47, 0,
		    0x21 }, .len = 8, .why = PACKET_PPPOE_BAD },
		{ .dlt = 1, .type = 0x8864, .hdr = { 0x11, 0, 0, 5, 0, 1, 0,
		    0x21 }, .len = 8, .why = PACKET_PPPOE_BAD },
		{ .dlt = 1, .type = 0x0806, .why = PACKET_NOT_IP },
		{ .dlt = 1, .type = 0x8926, .hdr = { 0, 0, 0, 1, 8 },
		    .len = 6 },
		{ .dlt = 1, .type = 0x892f, .hdr = { 0, 52, 0, 1, 8 },
		    .len = 6 },
		{ .dlt = 1, .type = 0x893f, .hdr = { [6] = 8 }, .len = 8 },
		{ .dlt = 1, .type = 0x8909, .hdr = { 1, 1, 0, 1, 0, 7, 8 },
		    .len = 8 },
		{ .dlt = 1, .type = 0x88e7, .ether = 1, .hdr = { 0, 0, 0, 5 },
		    .len = 4 },
		{ .dlt = 1, .type = 0x8903, .ether = 1, .hdr = { 0, 32 },
		    .len = 2 },
		{ .dlt = 1, .type = 0x894f, .hdr = { 15, 0xc2, 2, 1 },
		    .len = 8 },
		{ .dlt = 1, .type = 0x894f, .ether = 1, .hdr = { 15, 0xc6, 1,
		    3 }, .len = 24 },
		{ .dlt = 1, .type = 0x894f, .hdr = { 15, 0xc1, 2, 1 },
		    .len = 8, .why = PACKET_NOT_IP },
		{ .dlt = 1, .type = 0x894f, .hdr = { 15, 0xc2, 2, 9 },
		    .len = 8, .why = PACKET_NOT_IP },
		{ .dlt = 1, .type = 0x88e5, .hdr = { 0x0c }, .len = 6,
		    .why = PACKET_ENCRYPTED },
		{ .dlt = 1, .type = 0x88e5, .hdr = { [6] = 8 }, .len = 8 },
		{ .dlt = 1, .type = 0x88e5, .hdr = { 0x20, [14] = 8 },
		    .len = 16 },
		{ .dlt = 107, .hdr = { 0x18, 0x41, 3, 0xb0 }, .len = 4,
		    .why = PACKET_NOT_IP },
		{ .dlt = 258, .hdr = { 12, 0, 0, 0, 2 }, .len = 12,
		    .why = PACKET_NOT_IP },
		{ .dlt = 239, .hdr = { 2, 0, 0, 0, 3, 0, 9 }, .len = 8,
		    .why = PACKET_LINK_SHORT },
		{ .dlt = 239, .hdr = { 2, 0, 0, 0, 5, 0xff, 9, 1 }, .len = 8,
		    .why = PACKET_LINK_SHORT },
	};

	(void)state;
	try_odd(t, sizeof(t) / sizeof(t[0]));
}

static void
rare_tunnels_are_entered_or_refused(void **state)
{
	static const struct odd	 t[] = {
		{ .dlt = 1, .type = 0x8847, .ether = 1, .hdr = { 0, 1, 1, 64,
		    0, 0, 0, 0 }, .len = 8 },
		{ .dlt = 1, .type = 0x8847, .ether = 1, .hdr = { 0, 1, 1, 64 },
		    .len = 4 },
		{ .dlt = 1, .type = 0x8847, .hdr = { 0, 1, 1, 64, 0x50 },
		    .len = 5, .why = PACKET_NOT_IP },
		{ .dlt = 101, .proto = 137, .hdr = { 0, 1, 1, 64 }, .len = 4 },
		{ .dlt = 101, .proto = 47, .ether = 1, .hdr = { 0x10, 0, 0x88,
		    0xbe, 0, 0, 0, 1, 0x10 }, .len = 16 },
		{ .dlt = 101, .proto = 47, .ether = 1, .hdr = { 0, 0, 0x88,
		    0xbe }, .len = 4 },
		{ .dlt = 101, .proto = 47, .ether = 1, .hdr = { 0x10, 0, 0x22,
		    0xeb, 0, 0, 0, 1, 0x20 }, .len = 20 },
		{ .dlt = 101, .proto = 47, .ether = 1, .hdr = { 0x10, 0, 0x22,
		    0xeb, 0, 0, 0, 1, 0x20, [19] = 1 }, .len = 28 },
		{ .dlt = 101, .proto = 47, .hdr = { 0, 2, 8, 0 }, .len = 4,
		    .why = PACKET_GRE_BAD },
		{ .dlt = 101, .proto = 47, .hdr = { 0x40, 0, 8, 0 }, .len = 4,
		    .why = PACKET_GRE_BAD },
		{ .dlt = 101, .proto = 47, .hdr = { 0, 0, 0, 4 }, .len = 4,
		    .why = PACKET_NOT_IP },
		{ .dlt = 101, .proto = 17, .port = 4789, .hdr = { 0 },
		    .len = 8, .why = PACKET_VXLAN_BAD },
		{ .dlt = 101, .proto = 17, .port = 4790, .hdr = { 4, 0, 0, 1 },
		    .len = 8, .why = PACKET_VXLAN_BAD },
		{ .dlt = 101, .proto = 17, .port = 4790, .hdr = { 12 },
		    .len = 8, .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 17, .port = 4790, .hdr = { 12, 0, 0,
		    9 }, .len = 8, .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 17, .port = 4790, .ether = 1,
		    .hdr = { 8 }, .len = 8 },
		{ .dlt = 101, .proto = 17, .port = 6081, .hdr = { 0x40, 0, 8,
		    0 }, .len = 8, .why = PACKET_GENEVE_BAD },
		{ .dlt = 101, .proto = 17, .port = 6081, .hdr = { 0x3f, 0, 8,
		    0 }, .len = 8, .why = PACKET_GENEVE_BAD },
		{ .dlt = 101, .proto = 17, .port = 6081, .hdr = { 0, 0, 0, 9 },
		    .len = 8, .why = PACKET_NOT_IP },
		{ .dlt = 101, .v6 = 1, .proto = 17, .port = 3544,
		    .hdr = { 0, 1 }, .len = 13 },
		{ .dlt = 101, .v6 = 1, .proto = 17, .port = 3544,
		    .hdr = { 0, 1 }, .len = 21 },
		{ .dlt = 101, .proto = 17, .port = 3544,
		    .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 17, .port = 2152, .hdr = { 0x20, 255 },
		    .len = 8, .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 17, .port = 2152, .hdr = { 0x30, 1 },
		    .len = 8, .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 17, .port = 2152, .hdr = { 0x30, 255 },
		    .len = 8 },
		{ .dlt = 101, .proto = 17, .port = 2152, .hdr = { 0x32, 255 },
		    .len = 12 },
		{ .dlt = 101, .proto = 17, .port = 2152, .hdr = { 0x34, 255,
		    [11] = 0x85 }, .len = 16, .why = PACKET_GTP_BAD },
		{ .dlt = 101, .proto = 17, .port = 9, .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 50, .hdr = { 0, 0, 1, 9, [7] = 1 },
		    .len = 16, .why = PACKET_ENCRYPTED },
		{ .dlt = 101, .proto = 17, .port = 4500, .hdr = { 0, 0, 1, 9 },
		    .len = 16, .why = PACKET_ENCRYPTED },
		{ .dlt = 101, .proto = 17, .port = 4500, .hdr = { [4] = 7 },
		    .len = 32, .why = PACKET_NOT_TCP },
	};

	(void)state;
	try_odd(t, sizeof(t) / sizeof(t[0]));
}

static void
tunnels_over_ip_and_udp_are_entered_or_refused(void **state)
{
	static const struct odd	 t[] = {
		{ .dlt = 101, .proto = 17, .port = 1701, .hdr = { 0, 2, 0, 1,
		    0, 1, 0xff, 3, 0, 0x21 }, .len = 10 },
		{ .dlt = 101, .proto = 17, .port = 1701, .hdr = { 0x4a, 2, 0,
		    9, [13] = 2, [16] = 0x21 }, .len = 17 },
		{ .dlt = 101, .proto = 17, .port = 1701, .hdr = { 0xc8, 2 },
		    .len = 12, .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 17, .port = 1701, .hdr = { 0, 3 },
		    .len = 8, .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 97, .ether = 1, .hdr = { 0x30, 0 },
		    .len = 2 },
		{ .dlt = 101, .proto = 97, .ether = 1, .hdr = { 0x20, 0 },
		    .len = 2, .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 17, .port = 4341, .hdr = { 8, 0, 0, 0,
		    0, 0, 5 }, .len = 8 },
		{ .dlt = 101, .v6 = 1, .proto = 17, .port = 5072,
		    .hdr = { 0x20, 0x12, 0x11, 41 }, .len = 16 },
		{ .dlt = 101, .proto = 17, .port = 5072,
		    .hdr = { 0x20, 0x12, 0x10, 4 }, .len = 16,
		    .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 17, .port = 6635, .hdr = { 0, 1, 1,
		    64 }, .len = 4 },
		{ .dlt = 101, .proto = 17, .port = 37008, .ether = 1,
		    .hdr = { 1, 0, 0, 1, 1 }, .len = 5 },
		{ .dlt = 101, .proto = 17, .port = 37008, .ether = 1,
		    .hdr = { 1, 0, 0, 1, 0, 10, 2, 9, 9, 1 }, .len = 10 },
		{ .dlt = 101, .proto = 17, .port = 37008, .ether = 1,
		    .hdr = { 1, 4, 0, 1, 1 }, .len = 5,
		    .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 17, .port = 37008, .hdr = { 1, 0, 0, 1,
		    7, 255 }, .len = 6, .why = PACKET_NOT_TCP },
		{ .dlt = 101, .proto = 17, .port = 4790, .hdr = { 12, 0, 0, 4,
		    [8] = 15, 0xc2, 2, 1 }, .len = 16 },
		{ .dlt = 101, .proto = 47, .hdr = { 0, 0, 0x88, 0x3e },
		    .len = 4 },
		{ .dlt = 101, .proto = 47, .hdr = { 0, 0, 0x88, 0x3e, 0, 1 },
		    .len = 8 },
	};

	(void)state;
	try_odd(t, sizeof(t) / sizeof(t[0]));
}

static void
rare_ip_headers_are_passed_or_refused(void **state)
{
	static const struct odd	 t[] = {
		{ .dlt = 101, .strip = 20, .proto = 51, .hdr = { 6, 1 },
		    .len = 12 },
		{ .dlt = 101, .v6 = 1, .strip = 40, .proto6 = 51,
		    .hdr = { 6, 1 }, .len = 12 },
		{ .dlt = 101, .proto = 60, .why = PACKET_NOT_TCP },
		{ .dlt = 101, .v6 = 1, .strip = 40, .proto6 = 255,
		    .hdr = { 6 }, .len = 8 },
		{ .dlt = 101, .v6 = 1, .strip = 40, .proto6 = 43,
		    .hdr = { 6 }, .len = 8 },
		{ .dlt = 101, .v6 = 1, .strip = 40, .proto6 = 135,
		    .hdr = { 6 }, .len = 8 },
		{ .dlt = 101, .v6 = 1, .strip = 40, .proto6 = 139,
		    .hdr = { 6 }, .len = 8 },
		{ .dlt = 101, .v6 = 1, .strip = 40, .proto6 = 140,
		    .hdr = { 6 }, .len = 8 },
		{ .dlt = 101, .v6 = 1, .strip = 40, .proto6 = 44,
		    .hdr = { 6, 0, 0, 0, 0, 0, 0, 9 }, .len = 8 },
		{ .dlt = 101, .v6 = 1, .strip = 40, .proto6 = 44,
		    .hdr = { 6, 0, 0, 8, 0, 0, 0, 9 }, .len = 8,
		    .why = PACKET_FRAGMENT },
		{ .dlt = 101, .v6 = 1, .strip = 40, .proto6 = 44,
		    .hdr = { 6, 0, 0, 1, 0, 0, 0, 9 }, .len = 8,
		    .why = PACKET_FRAGMENT },
	};
	struct packet		 p;

	(void)state;
	try_odd(t, sizeof(t) / sizeof(t[0]));
	inner(1);			/* length zero: a super-frame */
	g.p[4] = g.p[5] = 0;
	assert_int_equal(parse(&p, 101), PACKET_OK);
	is_the_get(&p);
}

static void
labels_end_at_their_limit(void **state)
{
	struct packet	 p;
	int		 i;

	(void)state;
	inner(0);
	pcapgen_front(&g, "\0\1\1\x40", 4);
	for (i = 0; i < 64; i++)
		pcapgen_front(&g, "\0\1\0\x40", 4);
	pcapgen_ether(&g, 0x8848);
	assert_int_equal(parse(&p, 1), PACKET_MPLS_DEPTH);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(ethernet_carries_both_versions),
		cmocka_unit_test(every_link_type_is_read),
		cmocka_unit_test(what_a_radio_hears_is_read),
		cmocka_unit_test(tags_are_counted_and_two_are_kept),
		cmocka_unit_test(too_many_tags_are_refused),
		cmocka_unit_test(tunnels_are_entered_and_named),
		cmocka_unit_test(initials_of_quic_are_told_apart),
		cmocka_unit_test(pppoe_and_mpls_are_entered),
		cmocka_unit_test(tunnels_end_at_the_depth_limit),
		cmocka_unit_test(extension_headers_are_passed_up_to_a_limit),
		cmocka_unit_test(lying_headers_have_their_reasons),
		cmocka_unit_test(
		    padding_is_no_payload_and_length_zero_is_a_super_frame),
		cmocka_unit_test(checksums_are_told_apart),
		cmocka_unit_test(sums_of_any_bytes_are_those_of_plain_words),
		cmocka_unit_test(pseudo_header_alone_is_partial),
		cmocka_unit_test(syn_options_are_read_and_broken_ones_marked),
		cmocka_unit_test(places_differ_by_interface_tag_and_tunnel),
		cmocka_unit_test(rare_link_headers_are_read_or_refused),
		cmocka_unit_test(rare_tunnels_are_entered_or_refused),
		cmocka_unit_test(
		    tunnels_over_ip_and_udp_are_entered_or_refused),
		cmocka_unit_test(rare_ip_headers_are_passed_or_refused),
		cmocka_unit_test(labels_end_at_their_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
