/*
 * packettype: the types of packet's contract, which packet.h explains. Apart,
 * so that the parts of packet can share them.
 */
#ifndef ANALYZER_PACKETTYPE_H
#define ANALYZER_PACKETTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/addr.h"

#define PACKET_DEPTH_MAX	4	/* tunnels inside tunnels */
#define PACKET_VLAN_MAX		16	/* tags skipped; two are kept */
#define PACKET_LABEL_MAX	16	/* MPLS labels skipped */
#define PACKET_EXT_MAX		8	/* IPv6 extension headers */

/* Link types that packet_parse knows (libpcap's LINKTYPE numbers). */
#define PACKET_DLT_NULL		0
#define PACKET_DLT_EN10MB	1
#define PACKET_DLT_PPP		9
#define PACKET_DLT_FDDI		10
#define PACKET_DLT_RAW12	12
#define PACKET_DLT_RAW14	14
#define PACKET_DLT_PPP_SERIAL	50
#define PACKET_DLT_PPP_ETHER	51
#define PACKET_DLT_ATM_RFC1483	100
#define PACKET_DLT_RAW		101
#define PACKET_DLT_C_HDLC	104
#define PACKET_DLT_WLAN		105
#define PACKET_DLT_FRELAY	107
#define PACKET_DLT_LOOP		108
#define PACKET_DLT_ENC		109
#define PACKET_DLT_SLL		113
#define PACKET_DLT_PFLOG	117
#define PACKET_DLT_PRISM	119
#define PACKET_DLT_IP_OVER_FC	122
#define PACKET_DLT_RADIOTAP	127
#define PACKET_DLT_AVS		163
#define PACKET_DLT_PPI		192
#define PACKET_DLT_ERF		197
#define PACKET_DLT_PPP_WITH_DIR	204
#define PACKET_DLT_HDLC_WITH_DIR 205
#define PACKET_DLT_FRELAY_WITH_DIR 206
#define PACKET_DLT_MPLS		219
#define PACKET_DLT_IPNET	226
#define PACKET_DLT_IPV4		228
#define PACKET_DLT_IPV6		229
#define PACKET_DLT_NFLOG	239
#define PACKET_DLT_NETANALYZER	240
#define PACKET_DLT_PKTAP	258
#define PACKET_DLT_MPACKET	274
#define PACKET_DLT_SLL2		276
#define PACKET_DLT_DSA_BRCM	281
#define PACKET_DLT_DSA_BRCM_FRONT 282
#define PACKET_DLT_DSA		283
#define PACKET_DLT_EDSA		284

/*	  name		text (tally and row name)	what it means */
#define PACKET_REASONS(M)						\
	M(OK,		"tcp",			"a TCP segment")	\
	M(FRAGMENT,	"fragment",		"an IP fragment")	\
	M(NOT_IP,	"not-ip",		"no IP inside")		\
	M(NOT_TCP,	"not-tcp",		"IP, but not TCP")	\
	M(QUIC,		"quic",			"an Initial of QUIC")	\
	M(ENCRYPTED,	"encrypted",		"MACsec, WLAN or IPsec") \
	M(NO_DATA,	"empty",		"frame without bytes")	\
	M(DLT,		"link-type",		"unknown link type")	\
	M(SNAPLEN,	"snaplen",		"headers cut by snaplen") \
	M(LINK_SHORT,	"link-short",		"link header too short") \
	M(VLAN_SHORT,	"vlan-short",		"VLAN tag too short")	\
	M(VLAN_DEPTH,	"vlan-depth",		"too many VLAN tags")	\
	M(PPPOE_BAD,	"pppoe-bad",		"malformed PPPoE header") \
	M(PPP_BAD,	"ppp-bad",		"malformed PPP header")	\
	M(MPLS_BAD,	"mpls-bad",		"malformed MPLS stack")	\
	M(MPLS_DEPTH,	"mpls-depth",		"too many MPLS labels")	\
	M(GRE_BAD,	"gre-bad",		"malformed GRE header")	\
	M(VXLAN_BAD,	"vxlan-bad",		"malformed VXLAN header") \
	M(GENEVE_BAD,	"geneve-bad",		"malformed Geneve header") \
	M(GTP_BAD,	"gtp-bad",		"malformed GTP-U header") \
	M(TUNNEL_DEPTH,	"tunnel-depth",		"too many tunnels")	\
	M(IP_VERSION,	"ip-version",		"IP version is not 4 or 6") \
	M(IP4_SHORT,	"ip4-short",		"IPv4 header too short") \
	M(IP4_IHL,	"ip4-ihl",		"IPv4 header length lies") \
	M(IP4_LENGTH,	"ip4-length",		"IPv4 total length lies") \
	M(IP6_SHORT,	"ip6-short",		"IPv6 header too short") \
	M(IP6_LENGTH,	"ip6-length",		"IPv6 payload length lies") \
	M(IP6_EXT_BAD,	"ip6-ext-bad",		"malformed extension header") \
	M(IP6_EXT_DEPTH, "ip6-ext-depth",	"too many extension headers") \
	M(FRAG_BAD,	"fragment-bad",		"malformed fragment header") \
	M(UDP_SHORT,	"udp-short",		"UDP header too short")	\
	M(TCP_SHORT,	"tcp-short",		"TCP header too short")	\
	M(TCP_OFFSET,	"tcp-offset",		"TCP data offset lies")

#define M(name, text, help)	PACKET_##name,
enum packet_reason { PACKET_REASONS(M) PACKET_REASON_MAX };
#undef M

#define PACKET_TUNNELS(M)						\
	M(NONE,		"none")						\
	M(PPPOE,	"pppoe")					\
	M(MPLS,		"mpls")						\
	M(GRE,		"gre")						\
	M(IPIP,		"ipip")						\
	M(SIT,		"6in4")						\
	M(VXLAN,	"vxlan")					\
	M(GENEVE,	"geneve")					\
	M(TEREDO,	"teredo")					\
	M(GTP,		"gtp")						\
	M(L2TP,		"l2tp")						\
	M(ETHERIP,	"etherip")					\
	M(LISP,		"lisp")						\
	M(AYIYA,	"ayiya")					\
	M(TZSP,		"tzsp")

#define M(name, text)	PACKET_TUNNEL_##name,
enum packet_tunnel { PACKET_TUNNELS(M) PACKET_TUNNEL_MAX };
#undef M

/* struct packet marks */
#define PACKET_SUPER		0x01	/* IP length 0: offloaded super-frame */
#define PACKET_CUT		0x02	/* payload truncated by snaplen */
#define PACKET_LONG		0x04	/* IP claims more than the wire had */
#define PACKET_IPSUM_GOOD	0x08	/* IPv4 header checksum is right */
#define PACKET_IPSUM_BAD	0x10	/* it is wrong, and was filled in */
#define PACKET_TCP_OPT_BAD	0x20	/* TCP options broken; rest unread */

#define PACKET_TCP_FIN		0x01
#define PACKET_TCP_SYN		0x02
#define PACKET_TCP_RST		0x04
#define PACKET_TCP_PSH		0x08
#define PACKET_TCP_ACK		0x10
#define PACKET_TCP_URG		0x20

#define PACKET_NO_WSCALE	0xff

struct packet {
	/* filled in by the caller */
	uint64_t	 ts_us;
	uint32_t	 wirelen;	/* bytes the frame had on the wire */
	uint16_t	 iface;		/* the caller's interface number */
	uint16_t	 dlt;		/* LINKTYPE number */
	uint16_t	 closed;	/* tunnels not entered: 1 << kind - 1 */

	/* where it was seen */
	uint32_t	 link;		/* SLL2 interface index, or 0 */
	uint32_t	 tunnel_id;	/* mix of VNIs and keys; 0: none */
	uint16_t	 vlan[2];	/* outer, next; ids only */
	uint8_t		 nvlan;		/* tags seen, may exceed 2 */
	uint8_t		 depth;		/* tunnels entered */
	uint8_t		 tunnel[PACKET_DEPTH_MAX];	/* enum packet_tunnel */
	uint8_t		 marks;

	/* IP */
	uint8_t		 version;	/* 4, 6, or 0 when there is no IP */
	uint8_t		 proto;
	uint8_t		 ttl;
	struct flow_key	 key;		/* a sent it to b; ports 0 if none */
	const uint8_t	*l4;		/* what follows it (and extensions) */
	uint32_t	 l4_cap;	/* bytes captured from l4 on */
	uint32_t	 l4_len;	/* bytes from l4 on by the IP length */

	/* fragment (reason PACKET_FRAGMENT) */
	uint32_t	 frag_id;
	uint32_t	 frag_off;	/* in bytes */
	uint8_t		 frag_more;
	uint8_t		 nexts;		/* IPv6 extension headers passed */

	/* TCP */
	uint8_t		 flags;
	uint32_t	 seq;
	uint32_t	 ack;
	uint16_t	 win;		/* as sent, not scaled */
	uint8_t		 wscale;	/* PACKET_NO_WSCALE: no option */
	bool		 hashed;	/* hash is set: flow_prefetch did it */
	uint32_t	 hash;
	const uint8_t	*payload;	/* of UDP with PACKET_QUIC */
	uint32_t	 len;		/* payload bytes captured */
	uint32_t	 wire;		/* payload bytes by the IP length */
};

/* What passed, on the wire, in both directions. */
struct packet_volume {
	uint64_t	 bytes[2];
	uint64_t	 packets[2];
};

enum packet_sum {
	PACKET_SUM_UNKNOWN,	/* truncated: nothing can be said */
	PACKET_SUM_GOOD,
	PACKET_SUM_BAD,
	PACKET_SUM_PARTIAL	/* pseudo header only: left to a network card */
};

#endif
