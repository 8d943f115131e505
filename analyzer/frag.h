/*
 * frag: IPv4 and IPv6 fragments put together, bounded.
 *
 * The table owns copies of the fragments and the datagram it hands out, which
 * stays valid until the next frag_put. All bytes are charged to MEM_FRAGMENTS
 * and to limit; at a limit the oldest datagram goes first. The first copy of
 * overlapping bytes wins (IPv4) or the datagram is dropped (IPv6, RFC 5722).
 * Fragments from different places (packet_place) are never mixed. Time is
 * packet time, passed in with each packet.
 */
#ifndef ANALYZER_FRAG_H
#define ANALYZER_FRAG_H

#include <stddef.h>
#include <stdint.h>

#include "analyzer/packet.h"
#include "sandbox/hash.h"
#include "sandbox/mem.h"

#define FRAG_PARTS_MAX		256	/* fragments of one datagram */
#define FRAG_TIMEOUT_US		30000000ULL

/*	  name		text (row name)	what it means */
#define FRAG_COUNTS(M)							\
	M(SEEN,		"seen",		"fragments")			\
	M(DONE,		"reassembled",	"datagrams put together")	\
	M(TIMEOUT,	"timeout",	"datagrams never completed")	\
	M(SHED,		"shed",		"datagrams dropped at a limit")	\
	M(OVERLAP,	"overlap",	"overlapping fragments")	\
	M(CONFLICT,	"conflict",	"overlaps with other bytes")	\
	M(BAD,		"bad",		"impossible offsets or lengths") \
	M(TRUNCATED,	"truncated",	"fragments cut by snaplen")	\
	M(PARTS,	"parts",	"too many fragments")		\
	M(NOMEM,	"no-memory",	"fragments without memory")

#define M(name, text, help)	FRAG_##name,
enum frag_count { FRAG_COUNTS(M) FRAG_COUNT_MAX };
#undef M

struct frag_table;

/*
 * Fragments of one datagram that nothing became of: the first one that came,
 * but without its bytes, with those on the wire of all, when the last one came.
 */
typedef void	 frag_lost_fn(void *arg, const struct packet *);

/*
 * limit: bytes held in all, besides what mem allows; NULL without memory. lost
 * may be NULL, and is not called by frag_table_free.
 */
struct frag_table *frag_table_new(struct mem *, const struct hash_key *,
    size_t limit, frag_lost_fn *lost, void *arg);
void		 frag_table_free(struct frag_table *);
/*
 * Takes a packet whose reason was PACKET_FRAGMENT. When it completes a
 * datagram, *p becomes the packet in it and its reason is returned (never
 * PACKET_FRAGMENT); otherwise PACKET_FRAGMENT and *p is unchanged.
 */
enum packet_reason frag_put(struct frag_table *, struct packet *p);
/* Drops what is older than FRAG_TIMEOUT_US. */
void		 frag_tick(struct frag_table *, uint64_t now_us);
/* End of input: what is left counts as timed out. */
void		 frag_flush(struct frag_table *);
uint64_t	 frag_count(const struct frag_table *, enum frag_count);
const char	*frag_count_name(enum frag_count);

#endif
