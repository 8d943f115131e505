#include <string.h>

#include "analyzer/link.h"
#include "sandbox/compat.h"

enum layer
link_ether(struct cursor *c)
{
	if (!layer_need(c, 14, PACKET_LINK_SHORT))
		return LAYER_NONE;
	c->type = be16(c->d + 12);
	layer_skip(c, 14);
	if (c->type == LAYER_TYPE_IP4)
		return LAYER_IP4;
	return LAYER_TYPE;
}

static enum layer
link_behind(struct cursor *c, uint32_t skip, uint8_t layer)
{
	if (!layer_need(c, skip, PACKET_LINK_SHORT))
		return LAYER_NONE;
	layer_skip(c, skip);
	return layer;
}

/* What an EtherType means, behind so many bytes that say nothing to us. */
static const struct {
	uint16_t	 type;
	uint8_t		 skip;
	uint8_t		 layer;
} types[] = {
	{ LAYER_TYPE_IP4,	0,	LAYER_IP4 },
	{ LAYER_TYPE_IP6,	0,	LAYER_IP6 },
	{ 0x8100,		0,	LAYER_VLAN },
	{ 0x88a8,		0,	LAYER_VLAN },
	{ 0x9100,		0,	LAYER_VLAN },
	{ 0x9200,		0,	LAYER_VLAN },
	{ 0x8847,		0,	LAYER_MPLS },
	{ 0x8848,		0,	LAYER_MPLS },
	{ 0x8864,		0,	LAYER_PPPOE },
	{ 0x880b,		0,	LAYER_PPP },
	{ 0x6558,		0,	LAYER_ETHER },
	{ 0x88be,		0,	LAYER_ERSPAN2 },
	{ 0x22eb,		0,	LAYER_ERSPAN3 },
	{ 0x8903,		2,	LAYER_ETHER },	/* FabricPath */
	{ 0x88e7,		4,	LAYER_ETHER },	/* 802.1ah I-tag */
	{ 0x8926,		4,	LAYER_TYPED },	/* VN-tag */
	{ 0x892f,		4,	LAYER_TYPED },	/* HSR (IEC 62439-3) */
	{ 0x893f,		6,	LAYER_TYPED },	/* 802.1BR E-tag */
	{ 0x8909,		6,	LAYER_TYPED },	/* Cisco metadata */
	{ 0x88e5,		0,	LAYER_MACSEC },
	{ 0x894f,		0,	LAYER_NSH },
};

enum layer
link_type(struct cursor *c)
{
	size_t	 i;

	for (i = 0; i < nitems(types); i++)
		if (types[i].type == c->type)
			return link_behind(c, types[i].skip, types[i].layer);
	if (c->type <= LAYER_TYPE_MAX_LEN)
		return LAYER_LLC;
	return layer_end(c, PACKET_NOT_IP);
}

/* An EtherType alone. */
enum layer
link_typed(struct cursor *c)
{
	if (!layer_need(c, 2, PACKET_LINK_SHORT))
		return LAYER_NONE;
	c->type = be16(c->d);
	layer_skip(c, 2);
	return LAYER_TYPE;
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
		p->vlan[p->nvlan] = be16(c->d) & 0xfff;
	p->nvlan++;
	c->type = be16(c->d + 2);
	layer_skip(c, 4);
	return LAYER_TYPE;
}

/*
 * IEEE 802.2: IP under its own number or SNAP with a type of Ethernet, which
 * RFC 1042 and the tables of bridges (802.1H) write in two ways.
 */
enum layer
link_llc(struct cursor *c)
{
	static const uint8_t	 ip[3] = { 6, 6, 3 };
	static const uint8_t	 snap[5] = { 0xaa, 0xaa, 3, 0, 0 };

	if (!layer_need(c, 3, PACKET_NOT_IP))
		return LAYER_NONE;
	if (memcmp(c->d, ip, sizeof(ip)) == 0)
		return link_behind(c, sizeof(ip), LAYER_IP4);
	if (!layer_need(c, 8, PACKET_NOT_IP))
		return LAYER_NONE;
	if (memcmp(c->d, snap, sizeof(snap)) != 0 ||
	    (c->d[5] != 0 && c->d[5] != 0xf8))
		return layer_end(c, PACKET_NOT_IP);
	c->type = be16(c->d + 6);
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
	c->type = be16(c->d + 14);
	layer_skip(c, 16);
	return c->type == 4 ? LAYER_LLC : LAYER_TYPE;
}

enum layer
link_sll2(struct cursor *c)
{
	if (!layer_need(c, 20, PACKET_LINK_SHORT))
		return LAYER_NONE;
	c->type = be16(c->d);
	c->p->link = be32(c->d + 4);
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
	af = be32(c->d);
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
	c->type = be16(c->d + 2);
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
		proto = be16(c->d + n);
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

/* RFC 2427, after an address of two to four bytes; Cisco's form after it. */
enum layer
link_frame_relay(struct cursor *c)
{
	uint32_t	 n = 0;

	do {
		if (!layer_need(c, n + 2, PACKET_LINK_SHORT))
			return LAYER_NONE;
	} while (!(c->d[n++] & 1) && n < 4);
	if (c->d[n] != 3)
		return link_behind(c, n, LAYER_TYPED);
	n++;
	if (!layer_need(c, n + 2, PACKET_LINK_SHORT))
		return LAYER_NONE;
	if (c->d[n] == 0)	/* padding */
		n++;
	switch (c->d[n++]) {
	case 0xcc:
		return link_behind(c, n, LAYER_IP4);
	case 0x8e:
		return link_behind(c, n, LAYER_IP6);
	case 0xcf:
		return link_behind(c, n, LAYER_PPP);
	case 0x80:		/* SNAP, of which the last two are the type */
		return link_behind(c, n + 3, LAYER_TYPED);
	}
	return layer_end(c, PACKET_NOT_IP);
}

/* IEEE 802.1AE: what is only signed can be read. */
enum layer
link_macsec(struct cursor *c)
{
	if (!layer_need(c, 6, PACKET_LINK_SHORT))
		return LAYER_NONE;
	if (c->d[0] & 0x0c)
		return layer_end(c, PACKET_ENCRYPTED);
	return link_behind(c, c->d[0] & 0x20 ? 14 : 6, LAYER_TYPED);
}

/* RFC 8300, section 2.2. */
enum layer
link_nsh(struct cursor *c)
{
	static const uint8_t	 next[] = { LAYER_NONE, LAYER_IP4, LAYER_IP6,
				    LAYER_ETHER, LAYER_NSH, LAYER_MPLS };
	uint32_t		 n;
	uint8_t			 proto;

	if (!layer_need(c, 8, PACKET_LINK_SHORT))
		return LAYER_NONE;
	n = (c->d[1] & 0x3f) * 4U;
	proto = c->d[3];
	if (proto == 0 || proto >= nitems(next) || n < 8)
		return layer_end(c, PACKET_NOT_IP);
	return link_behind(c, n, next[proto]);
}

/* The first layer of a link type, behind so many bytes. */
static const struct {
	uint16_t	 dlt;
	uint8_t		 skip;
	uint8_t		 layer;
} dlts[] = {
	{ PACKET_DLT_EN10MB,		0,	LAYER_ETHER },
	{ PACKET_DLT_NULL,		0,	LAYER_NULL },
	{ PACKET_DLT_LOOP,		0,	LAYER_NULL },
	{ PACKET_DLT_RAW,		0,	LAYER_IP },
	{ PACKET_DLT_RAW12,		0,	LAYER_IP },
	{ PACKET_DLT_RAW14,		0,	LAYER_IP },
	{ PACKET_DLT_IPV4,		0,	LAYER_IP4 },
	{ PACKET_DLT_IPV6,		0,	LAYER_IP6 },
	{ PACKET_DLT_SLL,		0,	LAYER_SLL },
	{ PACKET_DLT_SLL2,		0,	LAYER_SLL2 },
	{ PACKET_DLT_PPP,		0,	LAYER_PPP },
	{ PACKET_DLT_PPP_SERIAL,	0,	LAYER_PPP },
	{ PACKET_DLT_PPP_ETHER,		0,	LAYER_PPPOE },
	{ PACKET_DLT_C_HDLC,		0,	LAYER_HDLC },
	{ PACKET_DLT_PPP_WITH_DIR,	1,	LAYER_PPP },
	{ PACKET_DLT_HDLC_WITH_DIR,	1,	LAYER_HDLC },
	{ PACKET_DLT_FRELAY,		0,	LAYER_FRAME_RELAY },
	{ PACKET_DLT_FRELAY_WITH_DIR,	1,	LAYER_FRAME_RELAY },
	{ PACKET_DLT_FDDI,		13,	LAYER_LLC },
	{ PACKET_DLT_ATM_RFC1483,	0,	LAYER_LLC },
	{ PACKET_DLT_IP_OVER_FC,	16,	LAYER_LLC },
	{ PACKET_DLT_MPLS,		0,	LAYER_MPLS },
	{ PACKET_DLT_ENC,		12,	LAYER_IP },
	{ PACKET_DLT_IPNET,		24,	LAYER_IP },
	{ PACKET_DLT_NETANALYZER,	4,	LAYER_ETHER },
	{ PACKET_DLT_MPACKET,		8,	LAYER_ETHER },
	{ PACKET_DLT_DSA_BRCM,		16,	LAYER_TYPED },
	{ PACKET_DLT_DSA_BRCM_FRONT,	4,	LAYER_ETHER },
	{ PACKET_DLT_DSA,		16,	LAYER_TYPED },
	{ PACKET_DLT_EDSA,		20,	LAYER_TYPED },
	{ PACKET_DLT_WLAN,		0,	LAYER_WLAN },
	{ PACKET_DLT_PRISM,		0,	LAYER_PRISM },
	{ PACKET_DLT_AVS,		0,	LAYER_PRISM },
	{ PACKET_DLT_RADIOTAP,		0,	LAYER_RADIOTAP },
	{ PACKET_DLT_PPI,		0,	LAYER_PPI },
	{ PACKET_DLT_PKTAP,		0,	LAYER_PKTAP },
	{ PACKET_DLT_PFLOG,		0,	LAYER_PFLOG },
	{ PACKET_DLT_NFLOG,		0,	LAYER_NFLOG },
	{ PACKET_DLT_ERF,		0,	LAYER_ERF },
};

bool
link_known(unsigned dlt)
{
	size_t	 i;

	for (i = 0; i < nitems(dlts); i++)
		if (dlts[i].dlt == dlt)
			return true;
	return false;
}

enum layer
link_first(struct cursor *c, unsigned dlt)
{
	size_t	 i;

	for (i = 0; i < nitems(dlts); i++)
		if (dlts[i].dlt == dlt)
			return link_behind(c, dlts[i].skip, dlts[i].layer);
	return layer_end(c, PACKET_DLT);
}
