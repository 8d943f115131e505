/*
 * quichello: the ClientHellos of QUIC, put together out of Initial packets.
 *
 * A connection is known by its addresses, ports and the ID that the client
 * chose for itself, for a few seconds: pieces of a hello may come in any order
 * and again, and a client that was answered goes on with another destination
 * ID but the same keys. After a Retry it begins anew with other keys. Each
 * hello is told once: its random is remembered, by which the same one is known
 * behind NAT, on other interfaces and after a Retry.
 *
 * Opening costs, and anybody can send what has to be opened: not more than
 * QUICHELLO_RATE in a second of packet time are, the rest are counted. What is
 * held is charged to MEM_SESSIONS and to limit, and the oldest goes first.
 * Before the first Initial nothing is held.
 */
#ifndef ANALYZER_QUICHELLO_H
#define ANALYZER_QUICHELLO_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/packettype.h"
#include "analyzer/tls.h"
#include "sandbox/hash.h"
#include "sandbox/mem.h"

#define QUICHELLO_RATE		10000	/* tried to open in a second */
#define QUICHELLO_KEEP_US	10000000ULL
#define QUICHELLO_LEN_MAX	16384	/* longest hello */
#define QUICHELLO_CONNS		8192	/* known at a time */

enum quichello_count {
	QUICHELLO_INITIALS,	/* of v1 and v2 */
	QUICHELLO_UNREAD,	/* whose tag is wrong for what is known */
	QUICHELLO_SKIPPED,	/* over the rate */
	QUICHELLO_CUT,		/* by snaplen */
	QUICHELLO_AGAIN,	/* hellos told already */
	QUICHELLO_LOST,		/* of which a part never came */
	QUICHELLO_SHED,		/* parts thrown away at a limit */
	QUICHELLO_BAD,		/* what should be a hello is none */
	QUICHELLO_COUNTS
};

struct quic_hello {
	const struct tls_hello *tls;
	uint64_t	 id;		/* random, not 0 */
	uint64_t	 ts_us;		/* of its first packet */
	uint32_t	 version;	/* of QUIC */
};
/* p is the packet that completed it, from the client. */
typedef void	 quichello_fn(void *arg, const struct packet *p,
		    const struct quic_hello *);

struct quichello;

/* limit: bytes held in all, besides what mem allows; NULL without memory. */
struct quichello *quichello_new(struct mem *, const struct hash_key *,
		    size_t limit, quichello_fn *, void *arg);
void		 quichello_free(struct quichello *);
/* Takes a packet whose reason was PACKET_QUIC. */
void		 quichello_put(struct quichello *, const struct packet *);
/* Forgets what is older than QUICHELLO_KEEP_US. */
void		 quichello_tick(struct quichello *, uint64_t now_us);
/* End of input: what is not complete is lost. */
void		 quichello_flush(struct quichello *);
uint64_t	 quichello_count(const struct quichello *,
		    enum quichello_count);

#endif
