#include "analyzer/link.h"
#include "analyzer/pseudo.h"
#include "sandbox/compat.h"

#define NFLOG_PAYLOAD	9

/* A header that says its own length and the link type of what follows. */
static enum layer
wrapped(struct cursor *c, uint32_t len, uint32_t min, uint32_t dlt)
{
	if (len < min)
		return layer_end(c, PACKET_LINK_SHORT);
	if (!layer_need(c, len, PACKET_LINK_SHORT))
		return LAYER_NONE;
	layer_skip(c, len);
	c->type = 0;
	return link_first(c, dlt);
}

/* Per-Packet Information, as CACE wrote it. */
enum layer
pseudo_ppi(struct cursor *c)
{
	if (!layer_need(c, 8, PACKET_LINK_SHORT))
		return LAYER_NONE;
	return wrapped(c, layer_le16(c->d + 2), 8, layer_le32(c->d + 4));
}

/* Of macOS; a record of another kind than 1 holds no packet. */
enum layer
pseudo_pktap(struct cursor *c)
{
	if (!layer_need(c, 12, PACKET_LINK_SHORT))
		return LAYER_NONE;
	if (layer_le32(c->d + 4) != 1)
		return layer_end(c, PACKET_NOT_IP);
	return wrapped(c, layer_le32(c->d), 12, layer_le32(c->d + 8));
}

/* The log of pf: its length does not count the padding to a word. */
enum layer
pseudo_pflog(struct cursor *c)
{
	uint32_t	 len;

	if (!layer_need(c, 1, PACKET_LINK_SHORT))
		return LAYER_NONE;
	len = (c->d[0] + 3U) & ~3U;
	return wrapped(c, len, 4, PACKET_DLT_RAW);
}

/*
 * The log of netfilter: attributes in the order of the machine that wrote
 * them, the packet in one of these. The first is short, which shows the order.
 */
enum layer
pseudo_nflog(struct cursor *c)
{
	uint32_t	 len, type;
	bool		 big;

	if (!layer_need(c, 8, PACKET_LINK_SHORT))
		return LAYER_NONE;
	layer_skip(c, 4);
	big = be16(c->d) < layer_le16(c->d);
	for (;;) {
		if (!layer_need(c, 4, PACKET_LINK_SHORT))
			return LAYER_NONE;
		len = big ? be16(c->d) : layer_le16(c->d);
		type = big ? be16(c->d + 2) : layer_le16(c->d + 2);
		if (len < 4)
			return layer_end(c, PACKET_LINK_SHORT);
		if ((type & 0x7fff) == NFLOG_PAYLOAD)
			break;
		len = (len + 3) & ~3U;
		if (!layer_need(c, len, PACKET_LINK_SHORT))
			return LAYER_NONE;
		layer_skip(c, len);
	}
	if (len < c->len)
		c->len = len;
	if (c->cap > c->len)
		c->cap = c->len;
	layer_skip(c, 4);
	return LAYER_IP;
}

/*
 * Of Endace's cards ("ERF Types Reference Guide"): the type, whose highest bit
 * tells of headers of 8 bytes behind this one, as theirs do of others; before
 * Ethernet there are two bytes more.
 * Types of a kind differ in what stands where the count of losses would.
 */
enum layer
pseudo_erf(struct cursor *c)
{
	static const struct {
		uint8_t	 type;
		uint8_t	 skip;
		uint8_t	 dlt;
	} types[] = {
		{ 1,	0,	PACKET_DLT_C_HDLC },
		{ 10,	0,	PACKET_DLT_C_HDLC },
		{ 15,	0,	PACKET_DLT_C_HDLC },
		{ 19,	0,	PACKET_DLT_C_HDLC },
		{ 2,	2,	PACKET_DLT_EN10MB },
		{ 11,	2,	PACKET_DLT_EN10MB },
		{ 16,	2,	PACKET_DLT_EN10MB },
		{ 20,	2,	PACKET_DLT_EN10MB },
		{ 22,	0,	PACKET_DLT_IPV4 },
		{ 23,	0,	PACKET_DLT_IPV6 }
	};
	uint8_t	 type, more;
	size_t	 i;

	if (!layer_need(c, 16, PACKET_LINK_SHORT))
		return LAYER_NONE;
	type = c->d[8] & 0x7f;
	more = c->d[8];
	for (layer_skip(c, 16); more & 0x80; layer_skip(c, 8)) {
		if (!layer_need(c, 8, PACKET_LINK_SHORT))
			return LAYER_NONE;
		more = c->d[0];
	}
	for (i = 0; i < nitems(types); i++)
		if (types[i].type == type)
			return wrapped(c, types[i].skip, 0, types[i].dlt);
	return layer_end(c, PACKET_NOT_IP);
}
