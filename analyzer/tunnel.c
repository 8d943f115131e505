#include "analyzer/quic.h"
#include "analyzer/tunnel.h"
#include "sandbox/compat.h"

#define UDP_HDR			8
#define NAT_T			4500	/* ESP in UDP */

/* Whether one more tunnel may be entered; a closed one is only noted. */
bool
tunnel_enter(struct cursor *c, enum packet_tunnel kind, uint32_t id)
{
	struct packet	*p = c->p;

	if (p->depth == PACKET_DEPTH_MAX) {
		c->why = PACKET_TUNNEL_DEPTH;
		return false;
	}
	p->tunnel[p->depth++] = (uint8_t)kind;
	if (p->closed & 1U << (kind - 1)) {
		c->why = PACKET_NOT_TCP;
		return false;
	}
	p->tunnel_id = p->tunnel_id * 31 + id * 16 + kind + 1;
	return true;
}

enum layer
tunnel_pppoe(struct cursor *c)
{
	uint32_t	 len;

	if (!layer_need(c, 6, PACKET_PPPOE_BAD))
		return LAYER_NONE;
	len = be16(c->d + 4);
	if (c->d[0] != 0x11 || c->d[1] != 0 || len < 2)
		return layer_end(c, PACKET_PPPOE_BAD);
	if (!tunnel_enter(c, PACKET_TUNNEL_PPPOE, 0))
		return LAYER_NONE;
	layer_skip(c, 6);
	if (len < c->len)
		c->len = len;
	if (c->cap > c->len)
		c->cap = c->len;
	return LAYER_PPP;
}

/* Below the bottom label: IP, or Ethernet behind a control word or not. */
enum layer
tunnel_mpls(struct cursor *c)
{
	unsigned	 n = 0;
	bool		 bottom;

	do {
		if (!layer_need(c, 4, PACKET_MPLS_BAD))
			return LAYER_NONE;
		if (n++ == PACKET_LABEL_MAX)
			return layer_end(c, PACKET_MPLS_DEPTH);
		bottom = c->d[2] & 1;
		layer_skip(c, 4);
	} while (!bottom);
	if (!tunnel_enter(c, PACKET_TUNNEL_MPLS, 0) ||
	    !layer_need(c, 1, PACKET_MPLS_BAD))
		return LAYER_NONE;
	if (c->d[0] >> 4 == 4 || c->d[0] >> 4 == 6)
		return LAYER_IP;
	if (c->d[0] >> 4 == 0 && c->len > 18 && c->cap > 18) {
		if (be32(c->d) == 0 || be16(c->d + 12) < 0x0600)
			layer_skip(c, 4);
		return LAYER_ETHER;
	}
	return layer_end(c, PACKET_NOT_IP);
}

/* To a cache: IPv4 behind a redirect header, which version 1 has not. */
static enum layer
wccp(struct cursor *c)
{
	if (!layer_need(c, 1, PACKET_GRE_BAD))
		return LAYER_NONE;
	if (c->d[0] >> 4 != 4) {
		if (!layer_need(c, 4, PACKET_GRE_BAD))
			return LAYER_NONE;
		layer_skip(c, 4);
	}
	return LAYER_IP;
}

/* RFC 2784 and 2890; version 1 is PPTP's (RFC 2637). */
enum layer
tunnel_gre(struct cursor *c)
{
	uint32_t	 n = 4, key = 0;
	uint16_t	 flags;

	if (!layer_need(c, 4, PACKET_GRE_BAD))
		return LAYER_NONE;
	flags = be16(c->d);
	c->type = be16(c->d + 2);
	if ((flags & 7) > 1 || flags & 0x4000)
		return layer_end(c, PACKET_GRE_BAD);
	if (flags & 0x8000)
		n += 4;
	if (flags & 0x2000) {
		if (!layer_need(c, n + 4, PACKET_GRE_BAD))
			return LAYER_NONE;
		key = (flags & 7) == 0 ? be32(c->d + n) : 0;
		n += 4;
	}
	if (flags & 0x1000)
		n += 4;
	if ((flags & 7) == 1 && flags & 0x0080)
		n += 4;
	if (!layer_need(c, n, PACKET_GRE_BAD) ||
	    !tunnel_enter(c, PACKET_TUNNEL_GRE, key))
		return LAYER_NONE;
	layer_skip(c, n);
	if (c->len == 0 || c->type <= LAYER_TYPE_MAX_LEN)
		return layer_end(c, PACKET_NOT_IP);
	if (c->type == 0x88be && !(flags & 0x1000))
		return LAYER_ETHER;	/* ERSPAN type I has no header */
	if (c->type == 0x883e)
		return wccp(c);
	return LAYER_TYPE;
}

enum layer
tunnel_erspan2(struct cursor *c)
{
	if (!layer_need(c, 8, PACKET_GRE_BAD))
		return LAYER_NONE;
	layer_skip(c, 8);
	return LAYER_ETHER;
}

enum layer
tunnel_erspan3(struct cursor *c)
{
	uint32_t	 n = 12;

	if (!layer_need(c, n, PACKET_GRE_BAD))
		return LAYER_NONE;
	if (c->d[11] & 1)
		n += 8;
	if (!layer_need(c, n, PACKET_GRE_BAD))
		return LAYER_NONE;
	layer_skip(c, n);
	return LAYER_ETHER;
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
	{ 1701,	LAYER_L2TP,		true },
	{ 4341,	LAYER_LISP,		false },
	{ 5072,	LAYER_AYIYA,		true },
	{ 6635,	LAYER_MPLS,		false },
	{ 37008, LAYER_TZSP,		false },
};

/* A datagram is as long as UDP says, if it is not cut into packets later. */
static enum layer
quic(struct cursor *c, uint32_t len)
{
	struct packet	*p = c->p;

	if (len >= UDP_HDR && len - UDP_HDR < c->len)
		c->len = len - UDP_HDR;
	p->payload = c->d;
	p->len = c->cap < c->len ? c->cap : c->len;
	p->wire = c->len;
	return layer_end(c, PACKET_QUIC);
}

enum layer
tunnel_udp(struct cursor *c)
{
	struct packet	*p = c->p;
	uint32_t	 len;
	size_t		 i;

	if (!layer_need(c, UDP_HDR, PACKET_UDP_SHORT))
		return LAYER_NONE;
	p->key.a.port = be16(c->d);
	p->key.b.port = be16(c->d + 2);
	len = be16(c->d + 4);
	layer_skip(c, UDP_HDR);
	for (i = 0; i < nitems(ports); i++)
		if (p->key.b.port == ports[i].port ||
		    (ports[i].both && p->key.a.port == ports[i].port))
			return ports[i].layer;
	/* An SPI is not 0 (RFC 3948, 2.2): the key exchange has 0 there. */
	if ((p->key.a.port == NAT_T || p->key.b.port == NAT_T) &&
	    c->cap >= 4 && be32(c->d) != 0)
		return layer_end(c, PACKET_ENCRYPTED);
	if (quic_looks(c->d, c->cap))
		return quic(c, len);
	return layer_end(c, PACKET_NOT_TCP);
}

enum layer
tunnel_vxlan(struct cursor *c)
{
	if (!layer_need(c, 8, PACKET_VXLAN_BAD))
		return LAYER_NONE;
	if (!(c->d[0] & 0x08))
		return layer_end(c, PACKET_VXLAN_BAD);
	if (!tunnel_enter(c, PACKET_TUNNEL_VXLAN, be32(c->d + 4) >> 8))
		return LAYER_NONE;
	layer_skip(c, 8);
	return LAYER_ETHER;
}

enum layer
tunnel_vxlan_gpe(struct cursor *c)
{
	static const uint8_t	 next[] = { LAYER_NONE, LAYER_IP4, LAYER_IP6,
				    LAYER_ETHER, LAYER_NSH };
	uint8_t			 proto;

	if (!layer_need(c, 8, PACKET_VXLAN_BAD))
		return LAYER_NONE;
	proto = c->d[0] & 0x04 ? c->d[3] : 3;
	if (!(c->d[0] & 0x08))
		return layer_end(c, PACKET_VXLAN_BAD);
	if (proto == 0 || proto >= nitems(next))
		return layer_end(c, PACKET_NOT_TCP);
	if (!tunnel_enter(c, PACKET_TUNNEL_VXLAN, be32(c->d + 4) >> 8))
		return LAYER_NONE;
	layer_skip(c, 8);
	return next[proto];
}

enum layer
tunnel_geneve(struct cursor *c)
{
	uint32_t	 n;

	if (!layer_need(c, 8, PACKET_GENEVE_BAD))
		return LAYER_NONE;
	n = 8 + (c->d[0] & 0x3f) * 4;
	if (c->d[0] >> 6 != 0)
		return layer_end(c, PACKET_GENEVE_BAD);
	if (!layer_need(c, n, PACKET_GENEVE_BAD))
		return LAYER_NONE;
	c->type = be16(c->d + 2);
	if (!tunnel_enter(c, PACKET_TUNNEL_GENEVE, be32(c->d + 4) >> 8))
		return LAYER_NONE;
	layer_skip(c, n);
	if (c->type <= LAYER_TYPE_MAX_LEN)
		return layer_end(c, PACKET_NOT_IP);
	return LAYER_TYPE;
}

/* RFC 4380, section 5.1.1: authentication and origin may stand in front. */
enum layer
tunnel_teredo(struct cursor *c)
{
	uint32_t	 n;

	if (!layer_need(c, 4, PACKET_NOT_TCP))
		return LAYER_NONE;
	if (be16(c->d) == 1) {
		n = 4 + c->d[2] + (uint32_t)c->d[3] + 9;
		if (!layer_need(c, n + 2, PACKET_NOT_TCP))
			return LAYER_NONE;
		layer_skip(c, n);
	}
	if (be16(c->d) == 0) {
		if (!layer_need(c, 8, PACKET_NOT_TCP))
			return LAYER_NONE;
		layer_skip(c, 8);
	}
	if (!layer_need(c, LAYER_IP6_HDR, PACKET_NOT_TCP))
		return LAYER_NONE;
	if (c->d[0] >> 4 != 6)
		return layer_end(c, PACKET_NOT_TCP);
	return tunnel_enter(c, PACKET_TUNNEL_TEREDO, 0) ? LAYER_IP6 :
	    LAYER_NONE;
}

/* 3GPP TS 29.281, section 5: G-PDU only. */
enum layer
tunnel_gtp(struct cursor *c)
{
	uint32_t	 n = 8;
	uint8_t		 flags, ext;

	if (!layer_need(c, 8, PACKET_NOT_TCP))
		return LAYER_NONE;
	flags = c->d[0];
	if (flags >> 4 != 3 || c->d[1] != 255)
		return layer_end(c, PACKET_NOT_TCP);
	if (flags & 7) {
		n = 12;
		if (!layer_need(c, n, PACKET_GTP_BAD))
			return LAYER_NONE;
		ext = flags & 4 ? c->d[11] : 0;
		while (ext != 0) {
			if (!layer_need(c, n + 4, PACKET_GTP_BAD))
				return LAYER_NONE;
			if (c->d[n] == 0)
				return layer_end(c, PACKET_GTP_BAD);
			if (!layer_need(c, n + c->d[n] * 4U, PACKET_GTP_BAD))
				return LAYER_NONE;
			n += c->d[n] * 4U;
			ext = c->d[n - 1];
		}
	}
	if (!tunnel_enter(c, PACKET_TUNNEL_GTP, 0))
		return LAYER_NONE;
	layer_skip(c, n);
	return LAYER_IP;
}

/* RFC 2661, section 3.1: data messages, which carry PPP. */
enum layer
tunnel_l2tp(struct cursor *c)
{
	uint32_t	 n = 2, id;
	uint16_t	 flags;

	if (!layer_need(c, 6, PACKET_NOT_TCP))
		return LAYER_NONE;
	flags = be16(c->d);
	if ((flags & 15) != 2 || flags & 0x8000)
		return layer_end(c, PACKET_NOT_TCP);
	if (flags & 0x4000)
		n += 2;
	if (!layer_need(c, n + 4, PACKET_NOT_TCP))
		return LAYER_NONE;
	id = be32(c->d + n);
	n += flags & 0x0800 ? 8 : 4;
	if (flags & 0x0200) {
		if (!layer_need(c, n + 2, PACKET_NOT_TCP))
			return LAYER_NONE;
		n += 2U + be16(c->d + n);
	}
	if (!layer_need(c, n, PACKET_NOT_TCP) ||
	    !tunnel_enter(c, PACKET_TUNNEL_L2TP, id))
		return LAYER_NONE;
	layer_skip(c, n);
	return LAYER_PPP;
}

/* RFC 3378: a version alone. */
enum layer
tunnel_etherip(struct cursor *c)
{
	if (!layer_need(c, 2, PACKET_NOT_TCP))
		return LAYER_NONE;
	if (c->d[0] >> 4 != 3)
		return layer_end(c, PACKET_NOT_TCP);
	if (!tunnel_enter(c, PACKET_TUNNEL_ETHERIP, 0))
		return LAYER_NONE;
	layer_skip(c, 2);
	return LAYER_ETHER;
}

/* RFC 9300, section 5.1; the instance if its flag is set. */
enum layer
tunnel_lisp(struct cursor *c)
{
	uint32_t	 id;

	if (!layer_need(c, 8, PACKET_NOT_TCP))
		return LAYER_NONE;
	id = c->d[0] & 0x08 ? be32(c->d + 4) >> 8 : 0;
	if (!tunnel_enter(c, PACKET_TUNNEL_LISP, id))
		return LAYER_NONE;
	layer_skip(c, 8);
	return LAYER_IP;
}

/* draft-massar-v6ops-ayiya-02: identity and signature, then the packet. */
enum layer
tunnel_ayiya(struct cursor *c)
{
	uint32_t	 n;

	if (!layer_need(c, 8, PACKET_NOT_TCP))
		return LAYER_NONE;
	n = 8 + (1U << (c->d[0] >> 4)) + (c->d[1] >> 4) * 4U;
	if ((c->d[2] & 15) != 1 || (c->d[3] != 4 && c->d[3] != 41))
		return layer_end(c, PACKET_NOT_TCP);
	if (!layer_need(c, n, PACKET_NOT_TCP) ||
	    !tunnel_enter(c, PACKET_TUNNEL_AYIYA, 0))
		return LAYER_NONE;
	layer_skip(c, n);
	return LAYER_IP;
}

/* What a router of MikroTik sends of the packets it was told to watch. */
enum layer
tunnel_tzsp(struct cursor *c)
{
	uint32_t	 n = 4;

	if (!layer_need(c, 5, PACKET_NOT_TCP))
		return LAYER_NONE;
	if (c->d[0] != 1 || c->d[1] > 1 || be16(c->d + 2) != 1)
		return layer_end(c, PACKET_NOT_TCP);
	while (c->d[n] != 1) {		/* tags up to the last */
		if (!layer_need(c, n + 2, PACKET_NOT_TCP))
			return LAYER_NONE;
		n += c->d[n] == 0 ? 1 : 2U + c->d[n + 1];
		if (!layer_need(c, n + 1, PACKET_NOT_TCP))
			return LAYER_NONE;
	}
	if (!tunnel_enter(c, PACKET_TUNNEL_TZSP, 0))
		return LAYER_NONE;
	layer_skip(c, n + 1);
	return LAYER_ETHER;
}
