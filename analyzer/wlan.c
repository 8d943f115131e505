#include "analyzer/wlan.h"

/* Frame control (IEEE 802.11-2020, 9.2.4.1), first byte and second. */
#define FC_KIND		0x0f		/* version and type */
#define FC_DATA		0x08
#define FC_EMPTY	0x40
#define FC_QOS		0x80
#define FC_FOUR		0x03		/* to and from a distribution system */
#define FC_SECRET	0x40
#define FC_ORDER	0x80

#define FRAGMENT	0x0f		/* in byte 22 */
#define HDR_MIN		24
#define SUBFRAME_HDR	14

#define RADIOTAP_TSFT	0x01		/* bits of present */
#define RADIOTAP_FLAGS	0x02
#define RADIOTAP_MORE	0x80000000U
#define RADIOTAP_PAD	0x20		/* of the flags */

#define PRISM_LEN	144
#define AVS_MAGIC	0x80211000U	/* and a version of one digit */

/* A word that says that the header is padded goes from radio to frame. */
#define PADDED		1

/*
 * Several packets in one frame (9.3.2.2): only the first of these is read,
 * the sending of more to one receiver is rare in what is not encrypted.
 */
static enum layer
subframe(struct cursor *c)
{
	uint32_t	 len;

	if (!layer_need(c, SUBFRAME_HDR, PACKET_LINK_SHORT))
		return LAYER_NONE;
	len = be16(c->d + 12);
	layer_skip(c, SUBFRAME_HDR);
	if (len < c->len)
		c->len = len;
	if (c->cap > c->len)
		c->cap = c->len;
	return LAYER_LLC;
}

enum layer
wlan_frame(struct cursor *c)
{
	uint32_t	 n = HDR_MIN;
	bool		 several = false;

	if (!layer_need(c, 2, PACKET_LINK_SHORT))
		return LAYER_NONE;
	if ((c->d[0] & FC_KIND) != FC_DATA || c->d[0] & FC_EMPTY)
		return layer_end(c, PACKET_NOT_IP);
	if (c->d[1] & FC_SECRET)
		return layer_end(c, PACKET_ENCRYPTED);
	if ((c->d[1] & FC_FOUR) == FC_FOUR)
		n += 6;
	if (c->d[0] & FC_QOS) {
		if (!layer_need(c, n + 2, PACKET_LINK_SHORT))
			return LAYER_NONE;
		several = (c->d[n] & 0x80) != 0;
		n += c->d[1] & FC_ORDER ? 6 : 2;
	}
	if (c->type == PADDED)
		n = (n + 3) & ~3U;
	if (!layer_need(c, n, PACKET_LINK_SHORT))
		return LAYER_NONE;
	if (c->d[22] & FRAGMENT)
		return layer_end(c, PACKET_NOT_IP);
	layer_skip(c, n);
	return several ? subframe(c) : LAYER_LLC;
}

/* radiotap.org: words of what is present, then the fields, aligned. */
enum layer
wlan_radiotap(struct cursor *c)
{
	uint32_t	 len, present, at = 8;

	if (!layer_need(c, 8, PACKET_LINK_SHORT))
		return LAYER_NONE;
	len = layer_le16(c->d + 2);
	present = layer_le32(c->d + 4);
	if (c->d[0] != 0 || len < 8)
		return layer_end(c, PACKET_LINK_SHORT);
	if (!layer_need(c, len, PACKET_LINK_SHORT))
		return LAYER_NONE;
	while (layer_le32(c->d + at - 4) & RADIOTAP_MORE && at + 4 <= len)
		at += 4;
	if (present & RADIOTAP_TSFT)
		at = ((at + 7) & ~7U) + 8;
	c->type = present & RADIOTAP_FLAGS && at < len &&
	    c->d[at] & RADIOTAP_PAD ? PADDED : 0;
	layer_skip(c, len);
	return LAYER_WLAN;
}

/* Some drivers say Prism and write the other header, which has a magic. */
enum layer
wlan_prism(struct cursor *c)
{
	uint32_t	 len = PRISM_LEN;

	if (!layer_need(c, 8, PACKET_LINK_SHORT))
		return LAYER_NONE;
	if ((be32(c->d) & ~0xfU) == AVS_MAGIC)
		len = be32(c->d + 4);
	if (len < 8)
		return layer_end(c, PACKET_LINK_SHORT);
	if (!layer_need(c, len, PACKET_LINK_SHORT))
		return LAYER_NONE;
	layer_skip(c, len);
	c->type = 0;
	return LAYER_WLAN;
}
