#include <endian.h>
#include <string.h>

#include "analyzer/packet.h"
#include "sandbox/compat.h"

#define ETHERTYPE_IP4		0x0800
#define ETHERTYPE_IP6		0x86dd
#define ETHERTYPE_MAX_LEN	1500	/* up to here it is an LLC length */

#define PROTO_HOPOPTS		0
#define PROTO_IPIP		4
#define PROTO_TCP		6
#define PROTO_UDP		17
#define PROTO_IP6		41
#define PROTO_ROUTING		43
#define PROTO_FRAGMENT		44
#define PROTO_GRE		47
#define PROTO_AH		51
#define PROTO_DSTOPTS		60
#define PROTO_MOBILITY		135
#define PROTO_MPLS		137
#define PROTO_HIP		139
#define PROTO_SHIM6		140

#define IP4_HDR			20
#define IP6_HDR			40
#define UDP_HDR			8
#define TCP_HDR			20

/* What is parsed next; NONE ends with the reason set. */
enum layer {
	LAYER_NONE,
	LAYER_ETHER,
	LAYER_TYPE,		/* by cursor.type */
	LAYER_VLAN,
	LAYER_LLC,
	LAYER_SLL,
	LAYER_SLL2,
	LAYER_NULL,
	LAYER_HDLC,
	LAYER_PPPOE,
	LAYER_PPP,
	LAYER_MPLS,
	LAYER_ERSPAN2,
	LAYER_ERSPAN3,
	LAYER_IP,		/* by its version */
	LAYER_IP4,
	LAYER_IP6,
	LAYER_PROTO,		/* by packet.proto */
	LAYER_GRE,
	LAYER_UDP,
	LAYER_VXLAN,
	LAYER_VXLAN_GPE,
	LAYER_GENEVE,
	LAYER_TEREDO,
	LAYER_GTP,
	LAYER_TCP,
	LAYERS
};

/* cap bytes can be read at d; len of them were on the wire. cap <= len. */
struct cursor {
	struct packet		*p;
	const uint8_t		*d;
	uint32_t		 cap;
	uint32_t		 len;
	uint16_t		 type;
	enum packet_reason	 why;
};

static inline uint16_t
be16(const uint8_t *d)
{
	return (uint16_t)(d[0] << 8 | d[1]);
}

static inline uint32_t
be32(const uint8_t *d)
{
	return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 |
	    (uint32_t)d[2] << 8 | d[3];
}

static enum layer
end(struct cursor *c, enum packet_reason why)
{
	c->why = why;
	return LAYER_NONE;
}

/* Whether n bytes can be read; if not, says whose fault it is. */
static inline bool
need(struct cursor *c, uint32_t n, enum packet_reason why)
{
	if (n <= c->cap)
		return true;
	c->why = n <= c->len ? PACKET_SNAPLEN : why;
	return false;
}

static inline void
skip(struct cursor *c, uint32_t n)
{
	c->d += n;
	c->cap -= n;
	c->len -= n;
}

/* Whether one more tunnel may be entered. */
static bool
enter(struct cursor *c, enum packet_tunnel kind, uint32_t id)
{
	struct packet	*p = c->p;

	if (p->depth == PACKET_DEPTH_MAX) {
		c->why = PACKET_TUNNEL_DEPTH;
		return false;
	}
	p->tunnel[p->depth++] = (uint8_t)kind;
	p->tunnel_id = p->tunnel_id * 31 + id * 16 + kind + 1;
	return true;
}

static enum layer
parse_ether(struct cursor *c)
{
	if (!need(c, 14, PACKET_LINK_SHORT))
		return LAYER_NONE;
	c->type = be16(c->d + 12);
	skip(c, 14);
	if (c->type == ETHERTYPE_IP4)
		return LAYER_IP4;
	return LAYER_TYPE;
}

static const struct {
	uint16_t	 type;
	uint8_t		 layer;
} types[] = {
	{ ETHERTYPE_IP4,	LAYER_IP4 },
	{ ETHERTYPE_IP6,	LAYER_IP6 },
	{ 0x8100,		LAYER_VLAN },
	{ 0x88a8,		LAYER_VLAN },
	{ 0x9100,		LAYER_VLAN },
	{ 0x9200,		LAYER_VLAN },
	{ 0x8847,		LAYER_MPLS },
	{ 0x8848,		LAYER_MPLS },
	{ 0x8864,		LAYER_PPPOE },
	{ 0x880b,		LAYER_PPP },
	{ 0x6558,		LAYER_ETHER },
	{ 0x88be,		LAYER_ERSPAN2 },
	{ 0x22eb,		LAYER_ERSPAN3 },
};

static enum layer
parse_type(struct cursor *c)
{
	size_t	 i;

	for (i = 0; i < nitems(types); i++)
		if (types[i].type == c->type)
			return types[i].layer;
	if (c->type <= ETHERTYPE_MAX_LEN)
		return LAYER_LLC;
	return end(c, PACKET_NOT_IP);
}

static enum layer
parse_vlan(struct cursor *c)
{
	struct packet	*p = c->p;

	if (!need(c, 4, PACKET_VLAN_SHORT))
		return LAYER_NONE;
	if (p->nvlan == PACKET_VLAN_MAX)
		return end(c, PACKET_VLAN_DEPTH);
	if (p->nvlan < 2)
		p->vlan[p->nvlan] = be16(c->d) & 0xfff;
	p->nvlan++;
	c->type = be16(c->d + 2);
	skip(c, 4);
	return LAYER_TYPE;
}

/* IEEE 802.2 with SNAP; anything else carries no IP. */
static enum layer
parse_llc(struct cursor *c)
{
	static const uint8_t	 snap[6] = { 0xaa, 0xaa, 3, 0, 0, 0 };

	if (!need(c, 8, PACKET_NOT_IP))
		return LAYER_NONE;
	if (memcmp(c->d, snap, sizeof(snap)) != 0)
		return end(c, PACKET_NOT_IP);
	c->type = be16(c->d + 6);
	skip(c, 8);
	if (c->type <= ETHERTYPE_MAX_LEN)
		return end(c, PACKET_NOT_IP);
	return LAYER_TYPE;
}

static enum layer
parse_sll(struct cursor *c)
{
	if (!need(c, 16, PACKET_LINK_SHORT))
		return LAYER_NONE;
	c->type = be16(c->d + 14);
	skip(c, 16);
	return c->type == 4 ? LAYER_LLC : LAYER_TYPE;
}

static enum layer
parse_sll2(struct cursor *c)
{
	if (!need(c, 20, PACKET_LINK_SHORT))
		return LAYER_NONE;
	c->type = be16(c->d);
	c->p->link = be32(c->d + 4);
	skip(c, 20);
	return c->type == 4 ? LAYER_LLC : LAYER_TYPE;
}

/* BSD loopback: the address family in either byte order. */
static enum layer
parse_null(struct cursor *c)
{
	uint32_t	 af;

	if (!need(c, 4, PACKET_LINK_SHORT))
		return LAYER_NONE;
	af = be32(c->d);
	if (af > 0xffff)
		af = __builtin_bswap32(af);
	skip(c, 4);
	if (af == 2)
		return LAYER_IP4;
	if (af == 10 || af == 24 || af == 28 || af == 30)
		return LAYER_IP6;
	return end(c, PACKET_NOT_IP);
}

static enum layer
parse_hdlc(struct cursor *c)
{
	if (!need(c, 4, PACKET_LINK_SHORT))
		return LAYER_NONE;
	c->type = be16(c->d + 2);
	skip(c, 4);
	return LAYER_TYPE;
}

static enum layer
parse_pppoe(struct cursor *c)
{
	uint32_t	 len;

	if (!need(c, 6, PACKET_PPPOE_BAD))
		return LAYER_NONE;
	len = be16(c->d + 4);
	if (c->d[0] != 0x11 || c->d[1] != 0 || len < 2)
		return end(c, PACKET_PPPOE_BAD);
	if (!enter(c, PACKET_TUNNEL_PPPOE, 0))
		return LAYER_NONE;
	skip(c, 6);
	if (len < c->len)
		c->len = len;
	if (c->cap > c->len)
		c->cap = c->len;
	return LAYER_PPP;
}

/* With or without address and control, and protocol field compression. */
static enum layer
parse_ppp(struct cursor *c)
{
	uint32_t	 n = 0;
	uint16_t	 proto;

	if (!need(c, 2, PACKET_PPP_BAD))
		return LAYER_NONE;
	if (c->d[0] == 0xff && c->d[1] == 0x03)
		n = 2;
	else if ((c->d[0] == 0x0f || c->d[0] == 0x8f) && c->d[1] == 0)
		return LAYER_HDLC;
	if (!need(c, n + 2, PACKET_PPP_BAD))
		return LAYER_NONE;
	if (c->d[n] & 1) {
		proto = c->d[n];
		n += 1;
	} else {
		proto = be16(c->d + n);
		n += 2;
	}
	skip(c, n);
	if (proto == 0x0021)
		return LAYER_IP4;
	if (proto == 0x0057)
		return LAYER_IP6;
	if (proto == 0x0281 || proto == 0x0283)
		return LAYER_MPLS;
	return end(c, PACKET_NOT_IP);
}

/* Below the bottom label: IP, or Ethernet behind a control word or not. */
static enum layer
parse_mpls(struct cursor *c)
{
	unsigned	 n = 0;
	bool		 bottom;

	do {
		if (!need(c, 4, PACKET_MPLS_BAD))
			return LAYER_NONE;
		if (n++ == PACKET_LABEL_MAX)
			return end(c, PACKET_MPLS_DEPTH);
		bottom = c->d[2] & 1;
		skip(c, 4);
	} while (!bottom);
	if (!enter(c, PACKET_TUNNEL_MPLS, 0) || !need(c, 1, PACKET_MPLS_BAD))
		return LAYER_NONE;
	if (c->d[0] >> 4 == 4 || c->d[0] >> 4 == 6)
		return LAYER_IP;
	if (c->d[0] >> 4 == 0 && c->len > 18 && c->cap > 18) {
		if (be32(c->d) == 0 || be16(c->d + 12) < 0x0600)
			skip(c, 4);
		return LAYER_ETHER;
	}
	return end(c, PACKET_NOT_IP);
}

static enum layer
parse_erspan2(struct cursor *c)
{
	if (!need(c, 8, PACKET_GRE_BAD))
		return LAYER_NONE;
	skip(c, 8);
	return LAYER_ETHER;
}

static enum layer
parse_erspan3(struct cursor *c)
{
	uint32_t	 n = 12;

	if (!need(c, n, PACKET_GRE_BAD))
		return LAYER_NONE;
	if (c->d[11] & 1)
		n += 8;
	if (!need(c, n, PACKET_GRE_BAD))
		return LAYER_NONE;
	skip(c, n);
	return LAYER_ETHER;
}

static enum layer
parse_ip(struct cursor *c)
{
	if (!need(c, 1, PACKET_IP4_SHORT))
		return LAYER_NONE;
	if (c->d[0] >> 4 == 4)
		return LAYER_IP4;
	if (c->d[0] >> 4 == 6)
		return LAYER_IP6;
	return end(c, PACKET_IP_VERSION);
}

/* Sums by words of the machine: RFC 1071, section 2, parts A to C. */
typedef uint64_t vec __attribute__((vector_size(16)));

static uint64_t
sum_long(const uint8_t *d, size_t n)
{
	vec		 a = { 0, 0 }, b = { 0, 0 }, v, w;
	const vec	 low = { 0xffffffff, 0xffffffff };

	for (; n >= 32; n -= 32, d += 32) {
		memcpy(&v, d, 16);
		memcpy(&w, d + 16, 16);
		a += (v & low) + (v >> 32);
		b += (w & low) + (w >> 32);
	}
	a += b;
	return a[0] + a[1];
}

static inline uint64_t
sum_bytes(const uint8_t *d, size_t n)
{
	uint64_t	 sum = 0, q;
	uint32_t	 x;
	uint16_t	 y;

	if (n >= 96) {
		sum = sum_long(d, n);
		d += n & ~(size_t)31;
		n &= 31;
	}
	for (; n >= 8; n -= 8, d += 8) {
		memcpy(&q, d, 8);
		sum += (q & 0xffffffff) + (q >> 32);
	}
	if (n >= 4) {
		memcpy(&x, d, 4);
		sum += x;
		d += 4;
		n -= 4;
	}
	if (n >= 2) {
		memcpy(&y, d, 2);
		sum += y;
		d += 2;
		n -= 2;
	}
	if (n == 1) {
		y = 0;
		memcpy(&y, d, 1);
		sum += y;
	}
	return sum;
}

static uint16_t
fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static void
ip4_check(struct packet *p, const uint8_t *d, uint32_t hdr)
{
	if (be16(d + 10) == 0)
		return;		/* left to a network card */
	if (fold(sum_bytes(d, hdr)) != 0xffff) {
		p->marks |= PACKET_IPSUM_BAD;
		p->marks &= (uint8_t)~PACKET_IPSUM_GOOD;
	} else if (!(p->marks & PACKET_IPSUM_BAD))
		p->marks |= PACKET_IPSUM_GOOD;
}

/*
 * Cuts the cursor to the length that the IP header states, so that padding
 * below is not taken for payload. Zero is a frame that the kernel has not cut
 * into packets yet; more than the wire had is believed as far as it goes.
 */
static void
ip_cut(struct cursor *c, uint32_t total, bool super)
{
	if (super)
		c->p->marks |= PACKET_SUPER;
	else if (total > c->len)
		c->p->marks |= PACKET_LONG;
	else
		c->len = total;
	if (c->cap > c->len)
		c->cap = c->len;
}

static void
ip_found(struct cursor *c, uint8_t version, uint8_t ttl)
{
	struct packet	*p = c->p;

	p->version = version;
	p->ttl = ttl;
	p->key.a.port = p->key.b.port = 0;
	p->l3 = c->d;
	p->l3_cap = c->cap;
}

static enum layer
parse_ip4(struct cursor *c)
{
	struct packet	*p = c->p;
	uint32_t	 hdr, total;
	uint16_t	 frag;

	if (!need(c, IP4_HDR, PACKET_IP4_SHORT))
		return LAYER_NONE;
	if (c->d[0] >> 4 != 4)
		return end(c, PACKET_IP_VERSION);
	hdr = (c->d[0] & 15) * 4;
	total = be16(c->d + 2);
	if (hdr < IP4_HDR)
		return end(c, PACKET_IP4_IHL);
	if (total != 0 && total < hdr)
		return end(c, PACKET_IP4_LENGTH);
	if (!need(c, hdr, PACKET_IP4_IHL))
		return LAYER_NONE;
	ip_cut(c, total, total == 0);
	ip_found(c, 4, c->d[8]);
	ip4_check(p, c->d, hdr);
	addr_from4(&p->key.a.addr, c->d + 12);
	addr_from4(&p->key.b.addr, c->d + 16);
	p->proto = c->d[9];
	frag = be16(c->d + 6);
	p->frag_id = be16(c->d + 4);
	skip(c, hdr);
	p->l4 = c->d;
	p->l4_cap = c->cap;
	p->l4_len = c->len;
	if ((frag & 0x3fff) != 0) {
		p->frag_off = (frag & 0x1fff) * 8;
		p->frag_more = frag >> 13 & 1;
		return end(c, PACKET_FRAGMENT);
	}
	return p->proto == PROTO_TCP ? LAYER_TCP : LAYER_PROTO;
}

static enum layer
parse_ip6(struct cursor *c)
{
	struct packet	*p = c->p;
	uint32_t	 total;

	if (!need(c, IP6_HDR, PACKET_IP6_SHORT))
		return LAYER_NONE;
	if (c->d[0] >> 4 != 6)
		return end(c, PACKET_IP_VERSION);
	total = be16(c->d + 4);
	ip_cut(c, total + IP6_HDR, total == 0 &&
	    (c->d[6] == PROTO_HOPOPTS || c->d[6] == PROTO_TCP));
	ip_found(c, 6, c->d[7]);
	memcpy(&p->key.a.addr, c->d + 8, 16);
	memcpy(&p->key.b.addr, c->d + 24, 16);
	p->proto = c->d[6];
	skip(c, IP6_HDR);
	p->l4 = c->d;
	p->l4_cap = c->cap;
	p->l4_len = c->len;
	return p->proto == PROTO_TCP ? LAYER_TCP : LAYER_PROTO;
}

/* Length in bytes of the extension header at d, by its kind. */
static uint32_t
ext_len(uint8_t proto, const uint8_t *d)
{
	if (proto == PROTO_FRAGMENT)
		return 8;
	if (proto == PROTO_AH)
		return ((uint32_t)d[1] + 2) * 4;
	return ((uint32_t)d[1] + 1) * 8;
}

static enum layer
parse_ext(struct cursor *c)
{
	struct packet	*p = c->p;
	uint32_t	 n;
	uint8_t		 kind = p->proto;

	if (p->nexts++ == PACKET_EXT_MAX)
		return end(c, PACKET_IP6_EXT_DEPTH);
	if (!need(c, 8, kind == PROTO_FRAGMENT ? PACKET_FRAG_BAD :
	    PACKET_IP6_EXT_BAD))
		return LAYER_NONE;
	n = ext_len(kind, c->d);
	if (!need(c, n, PACKET_IP6_EXT_BAD))
		return LAYER_NONE;
	p->proto = c->d[0];
	if (kind == PROTO_FRAGMENT) {
		p->frag_off = be16(c->d + 2) & 0xfff8;
		p->frag_more = c->d[3] & 1;
		p->frag_id = be32(c->d + 4);
	}
	skip(c, n);
	p->l4 = c->d;
	p->l4_cap = c->cap;
	p->l4_len = c->len;
	if (kind == PROTO_FRAGMENT && (p->frag_off != 0 || p->frag_more))
		return end(c, PACKET_FRAGMENT);
	return LAYER_PROTO;
}

static enum layer
parse_proto(struct cursor *c)
{
	switch (c->p->proto) {
	case PROTO_TCP:
		return LAYER_TCP;
	case PROTO_UDP:
		return LAYER_UDP;
	case PROTO_GRE:
		return LAYER_GRE;
	case PROTO_IPIP:
		return enter(c, PACKET_TUNNEL_IPIP, 0) ? LAYER_IP4 :
		    LAYER_NONE;
	case PROTO_IP6:
		return enter(c, PACKET_TUNNEL_SIT, 0) ? LAYER_IP6 : LAYER_NONE;
	case PROTO_MPLS:
		return LAYER_MPLS;
	case PROTO_HOPOPTS:
	case PROTO_ROUTING:
	case PROTO_FRAGMENT:
	case PROTO_AH:
	case PROTO_DSTOPTS:
	case PROTO_MOBILITY:
	case PROTO_HIP:
	case PROTO_SHIM6:
		if (c->p->version == 6 || c->p->proto == PROTO_AH)
			return parse_ext(c);
		break;
	}
	return end(c, PACKET_NOT_TCP);
}

/* RFC 2784 and 2890; version 1 is PPTP's (RFC 2637). */
static enum layer
parse_gre(struct cursor *c)
{
	uint32_t	 n = 4, key = 0;
	uint16_t	 flags;

	if (!need(c, 4, PACKET_GRE_BAD))
		return LAYER_NONE;
	flags = be16(c->d);
	c->type = be16(c->d + 2);
	if ((flags & 7) > 1 || flags & 0x4000)
		return end(c, PACKET_GRE_BAD);
	if (flags & 0x8000)
		n += 4;
	if (flags & 0x2000) {
		if (!need(c, n + 4, PACKET_GRE_BAD))
			return LAYER_NONE;
		key = (flags & 7) == 0 ? be32(c->d + n) : 0;
		n += 4;
	}
	if (flags & 0x1000)
		n += 4;
	if ((flags & 7) == 1 && flags & 0x0080)
		n += 4;
	if (!need(c, n, PACKET_GRE_BAD) || !enter(c, PACKET_TUNNEL_GRE, key))
		return LAYER_NONE;
	skip(c, n);
	if (c->len == 0 || c->type <= ETHERTYPE_MAX_LEN)
		return end(c, PACKET_NOT_IP);
	if (c->type == 0x88be && !(flags & 0x1000))
		return LAYER_ETHER;	/* ERSPAN type I has no header */
	return LAYER_TYPE;
}

static const struct {
	uint16_t	 port;
	uint8_t		 layer;
	bool		 both;		/* a source port tells it, too */
} ports[] = {
	{ 4789,	LAYER_VXLAN,		false },
	{ 8472,	LAYER_VXLAN,		false },
	{ 4790,	LAYER_VXLAN_GPE,	false },
	{ 6081,	LAYER_GENEVE,		false },
	{ 3544,	LAYER_TEREDO,		true },
	{ 2152,	LAYER_GTP,		true },
};

static enum layer
parse_udp(struct cursor *c)
{
	struct packet	*p = c->p;
	size_t		 i;

	if (!need(c, UDP_HDR, PACKET_UDP_SHORT))
		return LAYER_NONE;
	p->key.a.port = be16(c->d);
	p->key.b.port = be16(c->d + 2);
	skip(c, UDP_HDR);
	for (i = 0; i < nitems(ports); i++)
		if (p->key.b.port == ports[i].port ||
		    (ports[i].both && p->key.a.port == ports[i].port))
			return ports[i].layer;
	return end(c, PACKET_NOT_TCP);
}

static enum layer
parse_vxlan(struct cursor *c)
{
	if (!need(c, 8, PACKET_VXLAN_BAD))
		return LAYER_NONE;
	if (!(c->d[0] & 0x08))
		return end(c, PACKET_VXLAN_BAD);
	if (!enter(c, PACKET_TUNNEL_VXLAN, be32(c->d + 4) >> 8))
		return LAYER_NONE;
	skip(c, 8);
	return LAYER_ETHER;
}

static enum layer
parse_vxlan_gpe(struct cursor *c)
{
	static const uint8_t	 next[] = { LAYER_NONE, LAYER_IP4, LAYER_IP6,
				    LAYER_ETHER };
	uint8_t			 proto;

	if (!need(c, 8, PACKET_VXLAN_BAD))
		return LAYER_NONE;
	proto = c->d[0] & 0x04 ? c->d[3] : 3;
	if (!(c->d[0] & 0x08))
		return end(c, PACKET_VXLAN_BAD);
	if (proto == 0 || proto >= nitems(next))
		return end(c, PACKET_NOT_TCP);
	if (!enter(c, PACKET_TUNNEL_VXLAN, be32(c->d + 4) >> 8))
		return LAYER_NONE;
	skip(c, 8);
	return next[proto];
}

static enum layer
parse_geneve(struct cursor *c)
{
	uint32_t	 n;

	if (!need(c, 8, PACKET_GENEVE_BAD))
		return LAYER_NONE;
	n = 8 + (c->d[0] & 0x3f) * 4;
	if (c->d[0] >> 6 != 0)
		return end(c, PACKET_GENEVE_BAD);
	if (!need(c, n, PACKET_GENEVE_BAD))
		return LAYER_NONE;
	c->type = be16(c->d + 2);
	if (!enter(c, PACKET_TUNNEL_GENEVE, be32(c->d + 4) >> 8))
		return LAYER_NONE;
	skip(c, n);
	if (c->type <= ETHERTYPE_MAX_LEN)
		return end(c, PACKET_NOT_IP);
	return LAYER_TYPE;
}

/* RFC 4380, section 5.1.1: authentication and origin may stand in front. */
static enum layer
parse_teredo(struct cursor *c)
{
	uint32_t	 n;

	if (!need(c, 4, PACKET_NOT_TCP))
		return LAYER_NONE;
	if (be16(c->d) == 1) {
		n = 4 + c->d[2] + (uint32_t)c->d[3] + 9;
		if (!need(c, n + 2, PACKET_NOT_TCP))
			return LAYER_NONE;
		skip(c, n);
	}
	if (be16(c->d) == 0) {
		if (!need(c, 8, PACKET_NOT_TCP))
			return LAYER_NONE;
		skip(c, 8);
	}
	if (!need(c, IP6_HDR, PACKET_NOT_TCP))
		return LAYER_NONE;
	if (c->d[0] >> 4 != 6)
		return end(c, PACKET_NOT_TCP);
	return enter(c, PACKET_TUNNEL_TEREDO, 0) ? LAYER_IP6 : LAYER_NONE;
}

/* 3GPP TS 29.281, section 5: G-PDU only. */
static enum layer
parse_gtp(struct cursor *c)
{
	uint32_t	 n = 8;
	uint8_t		 flags, ext;

	if (!need(c, 8, PACKET_NOT_TCP))
		return LAYER_NONE;
	flags = c->d[0];
	if (flags >> 4 != 3 || c->d[1] != 255)
		return end(c, PACKET_NOT_TCP);
	if (flags & 7) {
		n = 12;
		if (!need(c, n, PACKET_GTP_BAD))
			return LAYER_NONE;
		ext = flags & 4 ? c->d[11] : 0;
		while (ext != 0) {
			if (!need(c, n + 4, PACKET_GTP_BAD))
				return LAYER_NONE;
			if (c->d[n] == 0)
				return end(c, PACKET_GTP_BAD);
			if (!need(c, n + c->d[n] * 4U, PACKET_GTP_BAD))
				return LAYER_NONE;
			n += c->d[n] * 4U;
			ext = c->d[n - 1];
		}
	}
	if (!enter(c, PACKET_TUNNEL_GTP, 0))
		return LAYER_NONE;
	skip(c, n);
	return LAYER_IP;
}

/* The options that matter stand in a SYN (RFC 9293, 3.2; RFC 7323, 2). */
static void
tcp_options(struct packet *p, const uint8_t *d, uint32_t len)
{
	uint32_t	 i, n;

	for (i = 0; i < len && d[i] != 0; i += n) {
		n = 1;
		if (d[i] == 1)
			continue;
		if (i + 1 >= len || d[i + 1] < 2 || d[i + 1] > len - i) {
			p->marks |= PACKET_TCP_OPT_BAD;
			return;
		}
		n = d[i + 1];
		if (d[i] == 2 && n == 4)
			p->mss = be16(d + i + 2);
		else if (d[i] == 3 && n == 3)
			p->wscale = d[i + 2] > 14 ? 14 : d[i + 2];
	}
}

static enum layer
parse_tcp(struct cursor *c)
{
	struct packet	*p = c->p;
	uint32_t	 hdr;

	if (!need(c, TCP_HDR, PACKET_TCP_SHORT))
		return LAYER_NONE;
	p->key.a.port = be16(c->d);
	p->key.b.port = be16(c->d + 2);
	p->seq = be32(c->d + 4);
	p->ack = be32(c->d + 8);
	p->flags = c->d[13] & 0x3f;
	p->win = be16(c->d + 14);
	hdr = (c->d[12] >> 4) * 4U;
	if (hdr < TCP_HDR)
		return end(c, PACKET_TCP_OFFSET);
	if (!need(c, hdr, PACKET_TCP_OFFSET))
		return LAYER_NONE;
	if (p->flags & PACKET_TCP_SYN)
		tcp_options(p, c->d + TCP_HDR, hdr - TCP_HDR);
	p->payload = c->d + hdr;
	p->len = c->cap - hdr;
	p->wire = c->len - hdr;
	if (c->cap < c->len)
		p->marks |= PACKET_CUT;
	return end(c, PACKET_OK);
}

static enum layer	(*const parsers[LAYERS])(struct cursor *) = {
	[LAYER_ETHER]	  = parse_ether,
	[LAYER_TYPE]	  = parse_type,
	[LAYER_VLAN]	  = parse_vlan,
	[LAYER_LLC]	  = parse_llc,
	[LAYER_SLL]	  = parse_sll,
	[LAYER_SLL2]	  = parse_sll2,
	[LAYER_NULL]	  = parse_null,
	[LAYER_HDLC]	  = parse_hdlc,
	[LAYER_PPPOE]	  = parse_pppoe,
	[LAYER_PPP]	  = parse_ppp,
	[LAYER_MPLS]	  = parse_mpls,
	[LAYER_ERSPAN2]	  = parse_erspan2,
	[LAYER_ERSPAN3]	  = parse_erspan3,
	[LAYER_IP]	  = parse_ip,
	[LAYER_IP4]	  = parse_ip4,
	[LAYER_IP6]	  = parse_ip6,
	[LAYER_PROTO]	  = parse_proto,
	[LAYER_GRE]	  = parse_gre,
	[LAYER_UDP]	  = parse_udp,
	[LAYER_VXLAN]	  = parse_vxlan,
	[LAYER_VXLAN_GPE] = parse_vxlan_gpe,
	[LAYER_GENEVE]	  = parse_geneve,
	[LAYER_TEREDO]	  = parse_teredo,
	[LAYER_GTP]	  = parse_gtp,
	[LAYER_TCP]	  = parse_tcp,
};

static const struct {
	uint16_t	 dlt;
	uint8_t		 layer;
} dlts[] = {
	{ PACKET_DLT_EN10MB,		LAYER_ETHER },
	{ PACKET_DLT_NULL,		LAYER_NULL },
	{ PACKET_DLT_LOOP,		LAYER_NULL },
	{ PACKET_DLT_RAW,		LAYER_IP },
	{ PACKET_DLT_RAW12,		LAYER_IP },
	{ PACKET_DLT_RAW14,		LAYER_IP },
	{ PACKET_DLT_IPV4,		LAYER_IP4 },
	{ PACKET_DLT_IPV6,		LAYER_IP6 },
	{ PACKET_DLT_SLL,		LAYER_SLL },
	{ PACKET_DLT_SLL2,		LAYER_SLL2 },
	{ PACKET_DLT_PPP,		LAYER_PPP },
	{ PACKET_DLT_PPP_SERIAL,	LAYER_PPP },
	{ PACKET_DLT_PPP_ETHER,		LAYER_PPPOE },
	{ PACKET_DLT_C_HDLC,		LAYER_HDLC },
};

static enum layer
dlt_layer(unsigned dlt)
{
	size_t	 i;

	for (i = 0; i < nitems(dlts); i++)
		if (dlts[i].dlt == dlt)
			return dlts[i].layer;
	return LAYER_NONE;
}

bool
packet_dlt_known(unsigned dlt)
{
	return dlt_layer(dlt) != LAYER_NONE;
}

/* Clears what packet_parse sets; the caller's fields come first. */
static void
reset(struct packet *p)
{
	size_t	 at = offsetof(struct packet, link);

	memset((uint8_t *)p + at, 0, sizeof(*p) - at);
	p->wscale = PACKET_NO_WSCALE;
}

static enum packet_reason
run(struct cursor *c, enum layer layer)
{
	while (layer != LAYER_NONE)
		layer = parsers[layer](c);
	return c->why;
}

enum packet_reason
packet_parse(struct packet *p, const uint8_t *data, size_t caplen)
{
	struct cursor	 c;
	enum layer	 first;

	reset(p);
	if (caplen > UINT32_MAX)
		caplen = UINT32_MAX;
	if (p->wirelen < caplen)
		p->wirelen = (uint32_t)caplen;
	c.p = p;
	c.d = data;
	c.cap = (uint32_t)caplen;
	c.len = p->wirelen;
	c.type = 0;
	c.why = PACKET_DLT;
	if (caplen == 0)
		return PACKET_NO_DATA;
	first = p->dlt == PACKET_DLT_EN10MB ? LAYER_ETHER : dlt_layer(p->dlt);
	return run(&c, first);
}

enum packet_reason
packet_parse_ip(struct packet *p, const struct packet *outer,
    const uint8_t *data, size_t len)
{
	struct cursor	 c;
	struct packet	 o = *outer;

	reset(p);
	p->ts_us = o.ts_us;
	p->wirelen = o.wirelen;
	p->iface = o.iface;
	p->dlt = o.dlt;
	p->link = o.link;
	p->tunnel_id = o.tunnel_id;
	memcpy(p->vlan, o.vlan, sizeof(p->vlan));
	p->nvlan = o.nvlan;
	p->depth = o.depth;
	memcpy(p->tunnel, o.tunnel, sizeof(p->tunnel));
	p->marks = o.marks & (PACKET_IPSUM_GOOD | PACKET_IPSUM_BAD);
	c.p = p;
	c.d = data;
	c.cap = c.len = (uint32_t)len;
	c.type = 0;
	c.why = PACKET_NO_DATA;
	return run(&c, LAYER_IP);
}

static uint64_t
pseudo_sum(const struct packet *p, uint32_t len)
{
	uint64_t	 sum = (uint64_t)htobe32(len) + htobe32(PROTO_TCP);

	if (p->version == 4)
		return sum + sum_bytes(p->key.a.addr.b + 12, 4) +
		    sum_bytes(p->key.b.addr.b + 12, 4);
	return sum + sum_bytes(p->key.a.addr.b, 16) +
	    sum_bytes(p->key.b.addr.b, 16);
}

enum packet_sum
packet_checksum(const struct packet *p)
{
	uint64_t	 pseudo;
	uint16_t	 field;

	if (p->l4_cap < p->l4_len || p->l4_len < TCP_HDR)
		return PACKET_SUM_UNKNOWN;
	pseudo = pseudo_sum(p, p->l4_len);
	if (fold(pseudo + sum_bytes(p->l4, p->l4_len)) == 0xffff)
		return PACKET_SUM_GOOD;
	memcpy(&field, p->l4 + 16, 2);
	if (field == fold(pseudo) || field == fold(pseudo_sum(p, 0)))
		return PACKET_SUM_PARTIAL;
	return PACKET_SUM_BAD;
}

uint32_t
packet_place(const struct packet *p)
{
	uint64_t	 x;

	if (p->nvlan == 0 && p->tunnel_id == 0 && p->link == 0)
		return p->iface;
	x = (uint64_t)p->iface << 48 | (uint64_t)p->vlan[0] << 36 |
	    (uint64_t)p->vlan[1] << 24 | (uint64_t)(p->nvlan & 3) << 20;
	x ^= ((uint64_t)p->link << 32 | p->tunnel_id) * 0x9e3779b97f4a7c15ULL;
	x *= 0xff51afd7ed558ccdULL;
	return (uint32_t)(x >> 32) | 0x80000000U;
}

static const char	*const reason_text[][2] = {
#define M(name, text, help)	[PACKET_##name] = { text, help },
	PACKET_REASONS(M)
#undef M
};

const char *
packet_reason_name(enum packet_reason r)
{
	return reason_text[r][0];
}

const char *
packet_reason_help(enum packet_reason r)
{
	return reason_text[r][1];
}

const char *
packet_tunnel_name(enum packet_tunnel t)
{
	static const char *const names[] = {
#define M(name, text)	[PACKET_TUNNEL_##name] = text,
		PACKET_TUNNELS(M)
#undef M
	};

	return names[t];
}
