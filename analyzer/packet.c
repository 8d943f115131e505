#include <endian.h>
#include <string.h>

#include "analyzer/layer.h"
#include "analyzer/link.h"
#include "analyzer/packet.h"
#include "analyzer/pseudo.h"
#include "analyzer/tunnel.h"
#include "analyzer/wlan.h"

#define PROTO_HOPOPTS		0
#define PROTO_IPIP		4
#define PROTO_TCP		6
#define PROTO_UDP		17
#define PROTO_IP6		41
#define PROTO_ROUTING		43
#define PROTO_FRAGMENT		44
#define PROTO_GRE		47
#define PROTO_ESP		50
#define PROTO_AH		51
#define PROTO_DSTOPTS		60
#define PROTO_ETHERIP		97
#define PROTO_MOBILITY		135
#define PROTO_MPLS		137
#define PROTO_HIP		139
#define PROTO_SHIM6		140

#define IP4_HDR			20
#define TCP_HDR			20

static enum layer
parse_ip(struct cursor *c)
{
	if (!layer_need(c, 1, PACKET_IP4_SHORT))
		return LAYER_NONE;
	if (c->d[0] >> 4 == 4)
		return LAYER_IP4;
	if (c->d[0] >> 4 == 6)
		return LAYER_IP6;
	return layer_end(c, PACKET_IP_VERSION);
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

/* The carry comes round to the low end. */
static inline uint64_t
sum_two(uint64_t a, uint64_t b)
{
	return a + b + (a + b < b);
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
		sum = sum_two(sum, q);
	}
	q = 0;
	if (n >= 4) {
		memcpy(&x, d, 4);
		q = x;
		d += 4;
		n -= 4;
	}
	if (n >= 2) {
		memcpy(&y, d, 2);
		q += y;
		d += 2;
		n -= 2;
	}
	if (n == 1) {
		y = 0;
		memcpy(&y, d, 1);
		q += y;
	}
	return sum_two(sum, q);
}

/* What fold would make 0xffff: of the whole, as of words, 0xffff is a part. */
static inline bool
all_ones(uint64_t sum)
{
	return sum != 0 && sum % 0xffff == 0;
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
	if (!all_ones(sum_bytes(d, hdr))) {
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
}

static enum layer
parse_ip4(struct cursor *c)
{
	struct packet	*p = c->p;
	uint32_t	 hdr, total;
	uint16_t	 frag;

	if (!layer_need(c, IP4_HDR, PACKET_IP4_SHORT))
		return LAYER_NONE;
	if (c->d[0] >> 4 != 4)
		return layer_end(c, PACKET_IP_VERSION);
	hdr = (c->d[0] & 15) * 4;
	total = be16(c->d + 2);
	if (hdr < IP4_HDR)
		return layer_end(c, PACKET_IP4_IHL);
	if (total != 0 && total < hdr)
		return layer_end(c, PACKET_IP4_LENGTH);
	if (!layer_need(c, hdr, PACKET_IP4_IHL))
		return LAYER_NONE;
	ip_cut(c, total, total == 0);
	ip_found(c, 4, c->d[8]);
	ip4_check(p, c->d, hdr);
	addr_from4(&p->key.a.addr, c->d + 12);
	addr_from4(&p->key.b.addr, c->d + 16);
	p->proto = c->d[9];
	frag = be16(c->d + 6);
	p->frag_id = be16(c->d + 4);
	layer_skip(c, hdr);
	p->l4 = c->d;
	p->l4_cap = c->cap;
	p->l4_len = c->len;
	if ((frag & 0x3fff) != 0) {
		p->frag_off = (frag & 0x1fff) * 8;
		p->frag_more = frag >> 13 & 1;
		return layer_end(c, PACKET_FRAGMENT);
	}
	return p->proto == PROTO_TCP ? LAYER_TCP : LAYER_PROTO;
}

static enum layer
parse_ip6(struct cursor *c)
{
	struct packet	*p = c->p;
	uint32_t	 total;

	if (!layer_need(c, LAYER_IP6_HDR, PACKET_IP6_SHORT))
		return LAYER_NONE;
	if (c->d[0] >> 4 != 6)
		return layer_end(c, PACKET_IP_VERSION);
	total = be16(c->d + 4);
	ip_cut(c, total + LAYER_IP6_HDR, total == 0 &&
	    (c->d[6] == PROTO_HOPOPTS || c->d[6] == PROTO_TCP));
	ip_found(c, 6, c->d[7]);
	memcpy(&p->key.a.addr, c->d + 8, 16);
	memcpy(&p->key.b.addr, c->d + 24, 16);
	p->proto = c->d[6];
	layer_skip(c, LAYER_IP6_HDR);
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
		return layer_end(c, PACKET_IP6_EXT_DEPTH);
	if (!layer_need(c, 8, kind == PROTO_FRAGMENT ? PACKET_FRAG_BAD :
	    PACKET_IP6_EXT_BAD))
		return LAYER_NONE;
	n = ext_len(kind, c->d);
	if (!layer_need(c, n, PACKET_IP6_EXT_BAD))
		return LAYER_NONE;
	p->proto = c->d[0];
	if (kind == PROTO_FRAGMENT) {
		p->frag_off = be16(c->d + 2) & 0xfff8;
		p->frag_more = c->d[3] & 1;
		p->frag_id = be32(c->d + 4);
	}
	layer_skip(c, n);
	p->l4 = c->d;
	p->l4_cap = c->cap;
	p->l4_len = c->len;
	if (kind == PROTO_FRAGMENT && (p->frag_off != 0 || p->frag_more))
		return layer_end(c, PACKET_FRAGMENT);
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
		return tunnel_enter(c, PACKET_TUNNEL_IPIP, 0) ? LAYER_IP4 :
		    LAYER_NONE;
	case PROTO_IP6:
		return tunnel_enter(c, PACKET_TUNNEL_SIT, 0) ? LAYER_IP6 :
		    LAYER_NONE;
	case PROTO_MPLS:
		return LAYER_MPLS;
	case PROTO_ETHERIP:
		return LAYER_ETHERIP;
	case PROTO_ESP:
		return layer_end(c, PACKET_ENCRYPTED);
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
	return layer_end(c, PACKET_NOT_TCP);
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
		if (d[i] == 3 && n == 3)
			p->wscale = d[i + 2] > 14 ? 14 : d[i + 2];
	}
}

static enum layer
parse_tcp(struct cursor *c)
{
	struct packet	*p = c->p;
	uint32_t	 hdr;

	if (!layer_need(c, TCP_HDR, PACKET_TCP_SHORT))
		return LAYER_NONE;
	p->key.a.port = be16(c->d);
	p->key.b.port = be16(c->d + 2);
	p->seq = be32(c->d + 4);
	p->ack = be32(c->d + 8);
	p->flags = c->d[13];
	p->win = be16(c->d + 14);
	hdr = (c->d[12] >> 4) * 4U;
	if (hdr < TCP_HDR)
		return layer_end(c, PACKET_TCP_OFFSET);
	if (!layer_need(c, hdr, PACKET_TCP_OFFSET))
		return LAYER_NONE;
	if (p->flags & PACKET_TCP_SYN)
		tcp_options(p, c->d + TCP_HDR, hdr - TCP_HDR);
	p->payload = c->d + hdr;
	p->len = c->cap - hdr;
	p->wire = c->len - hdr;
	if (c->cap < c->len)
		p->marks |= PACKET_CUT;
	return layer_end(c, PACKET_OK);
}

static enum layer	(*const parsers[LAYERS])(struct cursor *) = {
	[LAYER_ETHER]	  = link_ether,
	[LAYER_TYPE]	  = link_type,
	[LAYER_TYPED]	  = link_typed,
	[LAYER_VLAN]	  = link_vlan,
	[LAYER_LLC]	  = link_llc,
	[LAYER_SLL]	  = link_sll,
	[LAYER_SLL2]	  = link_sll2,
	[LAYER_NULL]	  = link_null,
	[LAYER_HDLC]	  = link_hdlc,
	[LAYER_PPPOE]	  = tunnel_pppoe,
	[LAYER_PPP]	  = link_ppp,
	[LAYER_FRAME_RELAY] = link_frame_relay,
	[LAYER_MACSEC]	  = link_macsec,
	[LAYER_NSH]	  = link_nsh,
	[LAYER_WLAN]	  = wlan_frame,
	[LAYER_PRISM]	  = wlan_prism,
	[LAYER_RADIOTAP]  = wlan_radiotap,
	[LAYER_PPI]	  = pseudo_ppi,
	[LAYER_PKTAP]	  = pseudo_pktap,
	[LAYER_PFLOG]	  = pseudo_pflog,
	[LAYER_NFLOG]	  = pseudo_nflog,
	[LAYER_ERF]	  = pseudo_erf,
	[LAYER_MPLS]	  = tunnel_mpls,
	[LAYER_ERSPAN2]	  = tunnel_erspan2,
	[LAYER_ERSPAN3]	  = tunnel_erspan3,
	[LAYER_IP]	  = parse_ip,
	[LAYER_IP4]	  = parse_ip4,
	[LAYER_IP6]	  = parse_ip6,
	[LAYER_PROTO]	  = parse_proto,
	[LAYER_GRE]	  = tunnel_gre,
	[LAYER_UDP]	  = tunnel_udp,
	[LAYER_VXLAN]	  = tunnel_vxlan,
	[LAYER_VXLAN_GPE] = tunnel_vxlan_gpe,
	[LAYER_GENEVE]	  = tunnel_geneve,
	[LAYER_TEREDO]	  = tunnel_teredo,
	[LAYER_GTP]	  = tunnel_gtp,
	[LAYER_L2TP]	  = tunnel_l2tp,
	[LAYER_ETHERIP]	  = tunnel_etherip,
	[LAYER_LISP]	  = tunnel_lisp,
	[LAYER_AYIYA]	  = tunnel_ayiya,
	[LAYER_TZSP]	  = tunnel_tzsp,
	[LAYER_TCP]	  = parse_tcp,
};

bool
packet_dlt_known(unsigned dlt)
{
	return link_known(dlt);
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
	first = p->dlt == PACKET_DLT_EN10MB ? LAYER_ETHER :
	    link_first(&c, p->dlt);
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
	p->closed = o.closed;
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
	sum = sum_two(sum, sum_bytes(p->key.a.addr.b, 16));
	return sum_two(sum, sum_bytes(p->key.b.addr.b, 16));
}

enum packet_sum
packet_checksum(const struct packet *p)
{
	uint64_t	 pseudo;
	uint16_t	 field;

	if (p->l4_cap < p->l4_len || p->l4_len < TCP_HDR)
		return PACKET_SUM_UNKNOWN;
	pseudo = pseudo_sum(p, p->l4_len);
	if (all_ones(sum_two(sum_bytes(p->l4, p->l4_len), pseudo)))
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

static const char	*const reason_text[] = {
#define M(name, text, help)	[PACKET_##name] = text,
	PACKET_REASONS(M)
#undef M
};

const char *
packet_reason_name(enum packet_reason r)
{
	return reason_text[r];
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
