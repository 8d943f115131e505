#include <string.h>

#include "analyzer/link.h"
#include "sandbox/compat.h"

enum layer
link_ether(struct cursor *c)
{
	if (!layer_need(c, 14, PACKET_LINK_SHORT))
		return LAYER_NONE;
	c->type = layer_be16(c->d + 12);
	layer_skip(c, 14);
	if (c->type == LAYER_TYPE_IP4)
		return LAYER_IP4;
	return LAYER_TYPE;
}

static const struct {
	uint16_t	 type;
	uint8_t		 layer;
} types[] = {
	{ LAYER_TYPE_IP4,	LAYER_IP4 },
	{ LAYER_TYPE_IP6,	LAYER_IP6 },
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

enum layer
link_type(struct cursor *c)
{
	size_t	 i;

	for (i = 0; i < nitems(types); i++)
		if (types[i].type == c->type)
			return types[i].layer;
	if (c->type <= LAYER_TYPE_MAX_LEN)
		return LAYER_LLC;
	return layer_end(c, PACKET_NOT_IP);
}

enum layer
link_vlan(struct cursor *c)
{
	struct packet	*p = c->p;

	if (!layer_need(c, 4, PACKET_VLAN_SHORT))
		return LAYER_NONE;
	if (p->nvlan == PACKET_VLAN_MAX)
		return layer_end(c, PACKET_VLAN_DEPTH);
	if (p->nvlan < 2)
		p->vlan[p->nvlan] = layer_be16(c->d) & 0xfff;
	p->nvlan++;
	c->type = layer_be16(c->d + 2);
	layer_skip(c, 4);
	return LAYER_TYPE;
}

/* IEEE 802.2 with SNAP; anything else carries no IP. */
enum layer
link_llc(struct cursor *c)
{
	static const uint8_t	 snap[6] = { 0xaa, 0xaa, 3, 0, 0, 0 };

	if (!layer_need(c, 8, PACKET_NOT_IP))
		return LAYER_NONE;
	if (memcmp(c->d, snap, sizeof(snap)) != 0)
		return layer_end(c, PACKET_NOT_IP);
	c->type = layer_be16(c->d + 6);
	layer_skip(c, 8);
	if (c->type <= LAYER_TYPE_MAX_LEN)
		return layer_end(c, PACKET_NOT_IP);
	return LAYER_TYPE;
}

enum layer
link_sll(struct cursor *c)
{
	if (!layer_need(c, 16, PACKET_LINK_SHORT))
		return LAYER_NONE;
	c->type = layer_be16(c->d + 14);
	layer_skip(c, 16);
	return c->type == 4 ? LAYER_LLC : LAYER_TYPE;
}

enum layer
link_sll2(struct cursor *c)
{
	if (!layer_need(c, 20, PACKET_LINK_SHORT))
		return LAYER_NONE;
	c->type = layer_be16(c->d);
	c->p->link = layer_be32(c->d + 4);
	layer_skip(c, 20);
	return c->type == 4 ? LAYER_LLC : LAYER_TYPE;
}

/* BSD loopback: the address family in either byte order. */
enum layer
link_null(struct cursor *c)
{
	uint32_t	 af;

	if (!layer_need(c, 4, PACKET_LINK_SHORT))
		return LAYER_NONE;
	af = layer_be32(c->d);
	if (af > 0xffff)
		af = __builtin_bswap32(af);
	layer_skip(c, 4);
	if (af == 2)
		return LAYER_IP4;
	if (af == 10 || af == 24 || af == 28 || af == 30)
		return LAYER_IP6;
	return layer_end(c, PACKET_NOT_IP);
}

enum layer
link_hdlc(struct cursor *c)
{
	if (!layer_need(c, 4, PACKET_LINK_SHORT))
		return LAYER_NONE;
	c->type = layer_be16(c->d + 2);
	layer_skip(c, 4);
	return LAYER_TYPE;
}

/* With or without address and control, and protocol field compression. */
enum layer
link_ppp(struct cursor *c)
{
	uint32_t	 n = 0;
	uint16_t	 proto;

	if (!layer_need(c, 2, PACKET_PPP_BAD))
		return LAYER_NONE;
	if (c->d[0] == 0xff && c->d[1] == 0x03)
		n = 2;
	else if ((c->d[0] == 0x0f || c->d[0] == 0x8f) && c->d[1] == 0)
		return LAYER_HDLC;
	if (!layer_need(c, n + 2, PACKET_PPP_BAD))
		return LAYER_NONE;
	if (c->d[n] & 1) {
		proto = c->d[n];
		n += 1;
	} else {
		proto = layer_be16(c->d + n);
		n += 2;
	}
	layer_skip(c, n);
	if (proto == 0x0021)
		return LAYER_IP4;
	if (proto == 0x0057)
		return LAYER_IP6;
	if (proto == 0x0281 || proto == 0x0283)
		return LAYER_MPLS;
	return layer_end(c, PACKET_NOT_IP);
}

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

enum layer
link_first(unsigned dlt)
{
	size_t	 i;

	for (i = 0; i < nitems(dlts); i++)
		if (dlts[i].dlt == dlt)
			return dlts[i].layer;
	return LAYER_NONE;
}
