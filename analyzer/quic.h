/*
 * quic: the Initial packets of QUIC versions 1 and 2, opened (RFC 9000,
 * sections 16, 17.2 and 19; RFC 9001, section 5; RFC 9369, section 3). Their
 * keys come from a connection ID that stands in them, so that anybody can
 * open, and make, them; what has no right tag is not believed all the same.
 *
 * Nothing is kept: packets are spans of the caller's datagram, pieces spans
 * of what quic_open has written.
 */
#ifndef ANALYZER_QUIC_H
#define ANALYZER_QUIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/aes.h"
#include "analyzer/be.h"

#define QUIC_V1		0x00000001U
#define QUIC_V2		0x6b3343cfU
#define QUIC_CID_MAX	20
#define QUIC_PACKET_MAX	16384	/* longest one opened */

struct quic_cid {
	uint8_t		 len;
	uint8_t		 b[QUIC_CID_MAX];	/* zero behind len */
};

struct quic_packet {
	const uint8_t	*p;		/* as it came */
	size_t		 len;		/* 0: not all there, or too long */
	size_t		 number;	/* where its packet number begins */
	uint32_t	 version;
	struct quic_cid	 dst;
	struct quic_cid	 src;
};

/*
 * Whether a datagram begins as one with an Initial does. The fixed bit may be
 * greased (RFC 9287).
 */
static inline bool
quic_looks(const uint8_t *p, size_t len)
{
	uint32_t	 version;

	if (len < 7 || !(p[0] & 0x80))
		return false;
	version = be32(p + 1);
	return (version == QUIC_V1 && (p[0] & 0x30) == 0) ||
	    (version == QUIC_V2 && (p[0] & 0x30) == 0x10);
}

/*
 * The next Initial of a datagram from *at on, which moves behind it; others
 * that are coalesced are passed over. False: there is none.
 */
bool		 quic_next(const uint8_t *, size_t len, size_t *at,
		    struct quic_packet *);

/* What protects a client's Initials. */
struct quic_keys {
	uint32_t	 version;
	uint8_t		 key[AES_KEY];
	uint8_t		 nonce[AES_NONCE];
	uint8_t		 header[AES_KEY];
};
/* From the first destination ID of a client, or that of a Retry. */
void		 quic_keys(struct quic_keys *, uint32_t version,
		    const struct quic_cid *);

/* Frames of an opened packet, still to be looked at. */
struct quic_frames {
	const uint8_t	*p;
	size_t		 len;
};
/* False: these are not its keys, or it is no packet of theirs. */
bool		 quic_open(const struct quic_packet *,
		    const struct quic_keys *, uint8_t room[QUIC_PACKET_MAX],
		    struct quic_frames *);

struct quic_piece {
	const uint8_t	*p;
	size_t		 len;
	uint64_t	 off;		/* in what both sides say of TLS */
};
/* The next CRYPTO frame; false: none, or what no Initial may hold. */
bool		 quic_piece(struct quic_frames *, struct quic_piece *);

#endif
