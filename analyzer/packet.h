/*
 * packet: link, tunnel, IP and TCP headers out of the bytes of one frame.
 *
 * The caller fills what it knows of the frame, then calls packet_parse. A
 * tunnel that is closed ends there, as what is not TCP, and the key is that of
 * who sends it.
 * Nothing is copied or allocated: payload points into the caller's bytes and
 * is valid as long as they are. Only data[0..caplen) is ever read. Every way
 * a frame can end is one packet_reason; PACKET_OK means a TCP segment whose
 * key, seq, ack, flags and payload are set; PACKET_QUIC a datagram of UDP whose
 * key and payload are. A header that is cut by snaplen is told apart from one
 * that lies.
 *
 * Sources: IEEE 802.1Q, 802.1ad; RFC 791, 8200, 9293, 2516 (PPPoE), 1662 and
 * 1661 (PPP), 3032 (MPLS), 2784, 2890, 2637 (GRE), 7348 (VXLAN), 8926
 * (Geneve), 2003 (IPIP), 4213 (6in4), 4380 (Teredo), 3GPP 29.281 (GTP-U).
 */
#ifndef ANALYZER_PACKET_H
#define ANALYZER_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/packettype.h"

enum packet_reason packet_parse(struct packet *, const uint8_t *data,
    size_t caplen);
/*
 * Goes on with a datagram (from its IP header on) that frag put together:
 * what was known of the frame is kept from outer.
 */
enum packet_reason packet_parse_ip(struct packet *, const struct packet *outer,
    const uint8_t *data, size_t len);
/* Verifies the TCP checksum; reads the whole segment. */
enum packet_sum packet_checksum(const struct packet *);
/*
 * A number for the place where this packet was seen: interface, tags and
 * tunnels. Equal places are one place, up to collisions of 32 bits.
 */
uint32_t	 packet_place(const struct packet *);
bool		 packet_dlt_known(unsigned dlt);
const char	*packet_reason_name(enum packet_reason);
const char	*packet_tunnel_name(enum packet_tunnel);

#endif
