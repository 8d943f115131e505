/*
 * layer: one layer of headers after the other: what comes next, and a cursor
 * over what is left. Private to packet and its parts.
 *
 * A function for a layer returns the next one; LAYER_NONE when why is set.
 */
#ifndef ANALYZER_LAYER_H
#define ANALYZER_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/be.h"
#include "analyzer/packettype.h"

#define LAYER_TYPE_IP4		0x0800
#define LAYER_TYPE_IP6		0x86dd
#define LAYER_TYPE_MAX_LEN	1500	/* up to here it is an LLC length */

#define LAYER_IP6_HDR		40

enum layer {
	LAYER_NONE,
	LAYER_ETHER,
	LAYER_TYPE,		/* by cursor.type */
	LAYER_TYPED,		/* which is to be read first */
	LAYER_VLAN,
	LAYER_LLC,
	LAYER_SLL,
	LAYER_SLL2,
	LAYER_NULL,
	LAYER_HDLC,
	LAYER_PPPOE,
	LAYER_PPP,
	LAYER_FRAME_RELAY,
	LAYER_MACSEC,
	LAYER_NSH,
	LAYER_WLAN,
	LAYER_PRISM,
	LAYER_RADIOTAP,
	LAYER_PPI,
	LAYER_PKTAP,
	LAYER_PFLOG,
	LAYER_NFLOG,
	LAYER_ERF,
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
	LAYER_L2TP,
	LAYER_ETHERIP,
	LAYER_LISP,
	LAYER_AYIYA,
	LAYER_TZSP,
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

/* Some writers of captures use the order of little machines. */
static inline uint16_t
layer_le16(const uint8_t *d)
{
	return (uint16_t)(d[1] << 8 | d[0]);
}

static inline uint32_t
layer_le32(const uint8_t *d)
{
	return __builtin_bswap32(be32(d));
}

static inline enum layer
layer_end(struct cursor *c, enum packet_reason why)
{
	c->why = why;
	return LAYER_NONE;
}

/* Whether n bytes can be read; if not, says whose fault it is. */
static inline bool
layer_need(struct cursor *c, uint32_t n, enum packet_reason why)
{
	if (n <= c->cap)
		return true;
	c->why = n <= c->len ? PACKET_SNAPLEN : why;
	return false;
}

static inline void
layer_skip(struct cursor *c, uint32_t n)
{
	c->d += n;
	c->cap -= n;
	c->len -= n;
}

#endif
