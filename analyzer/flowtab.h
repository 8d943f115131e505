/*
 * flowtab: where flow keeps its entries. Private to flow and its parts.
 *
 * Entries lie in chunks and never move; a slot number names one. They are
 * found by linear hashing (Litwin, 1980), so that growing splits one bucket
 * at a time, and stand in one list per class, oldest first, for ageing and
 * shedding. A visit to the head of a list gives a touched entry a second
 * chance, so a packet never touches its neighbours. Chunks are charged to
 * MEM_FLOWS, at most three quarters of the limit, and are never given back.
 */
#ifndef ANALYZER_FLOWTAB_H
#define ANALYZER_FLOWTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/flowtype.h"
#include "analyzer/packet.h"
#include "analyzer/reass.h"
#include "sandbox/addr.h"
#include "sandbox/compat.h"
#include "sandbox/hash.h"
#include "sandbox/mem.h"

#define FLOWTAB_NONE		UINT32_MAX
#define FLOWTAB_CHUNK_SHIFT	13	/* entries: two megabytes */
#define FLOWTAB_CHUNK_SMALL	10	/* where the ceiling is low */
#define FLOWTAB_TAILS_MAX	(8 << 20)
#define FLOWTAB_TAILS_FREE	64
#define FLOWTAB_SEGMENT		4096	/* buckets */
#define FLOWTAB_PLACES		4096	/* a power of two */
#define FLOWTAB_NAT_WAYS	4
#define FLOWTAB_MASKS		64	/* addresses of translators */
#define FLOWTAB_LOCAL		1024	/* addresses of this host */
#define FLOWTAB_LOUD		4096	/* entries with a volume to tell */
#define FLOWTAB_FAR		(16 << 20)	/* bytes; a window untold */

enum flowtab_list {		/* in the order of shedding */
	FLOWTAB_CLOSED,
	FLOWTAB_ENDING,		/* by a reset, or a FIN of half of it */
	FLOWTAB_HALF,
	FLOWTAB_QUIET,		/* open, and nothing was told of it yet */
	FLOWTAB_PLAIN,
	FLOWTAB_ALIAS,
	FLOWTAB_READ,
	FLOWTAB_LISTS,
	FLOWTAB_FREE = 0xff
};

/* flow_half.flags */
#define HALF_SEEN	0x0001	/* a packet of it was seen */
#define HALF_SYN	0x0002	/* base comes from its SYN */
#define HALF_BASE	0x0004	/* base comes from the peer's acks */
#define HALF_ACKED	0x0008	/* ack is valid */
#define HALF_FIN	0x0010	/* fin_seq is valid */
#define HALF_FIN_DONE	0x0020	/* everything before it was handed out */
#define HALF_SYN_DATA	0x0040	/* its SYN carried data */
#define HALF_SUM_GOOD	0x0080	/* TCP checksums are believed */
#define HALF_SUM_OFF	0x0100	/* and were found not to be worth it */
#define HALF_IP_GOOD	0x0200	/* IP header checksums are believed */
#define HALF_EOF	0x0400	/* the reader was told */
#define HALF_UNREAD	0x0800	/* of half 0: no memory for a reader */
#define HALF_GAP	0x1000	/* bytes of it were never seen */
#define HALF_SAME	0x2000	/* of half 0: others may have this tuple */
#define HALF_REUSED	0x4000	/* of half 0: one before had it, just now */
#define HALF_TWICE	0x8000	/* its home shows it with other numbers, too */

struct flow_half {
	struct reass	 r;
	uint64_t	 bytes;
	uint32_t	 packets;
	uint32_t	 lost;
	uint32_t	 ack;		/* highest one it sent */
	uint32_t	 win;		/* last one it sent, scaled if known */
	uint32_t	 fin_seq;
	uint16_t	 place;		/* home; 0: none yet */
	uint16_t	 flags;
	uint16_t	 retrans;
	uint16_t	 ooo;
	uint16_t	 dup_acks;
	uint8_t		 wscale;
	uint8_t		 sum_bad;	/* bad ones in a row */
};

/* flow.flags */
#define FLOW_F_TOUCHED	0x0001	/* since it was put in its list */
#define FLOW_F_MID	0x0002	/* start missed */
#define FLOW_F_CLIENT1	0x0004	/* half 1 is the client's */
#define FLOW_F_RDIR1	0x0008	/* half 1 is the reader's direction 0 */
#define FLOW_F_KNOWN	0x0010	/* a SYN told the client */
#define FLOW_F_SKIP	0x0020	/* nobody reads */
#define FLOW_F_DROP	0x0040	/* the reader wants to be freed */
#define FLOW_F_OPENED	0x0080
#define FLOW_F_RST	0x0100	/* a reset that may still be disproved */
#define FLOW_F_HS0	0x0200	/* hs_us[0] is the time of the SYN */
#define FLOW_F_HS1	0x0400	/* hs_us[1] is the time of the SYN-ACK */
#define FLOW_F_OOW	0x0800	/* << dir: other_seq is an odd segment's end */
#define FLOW_F_RE	0x2000	/* << dir: other_seq is an odd SYN's seq */
#define FLOW_F_NAT	0x8000	/* another tuple is this connection, too */

/* A segment with a bad checksum, until the peer accepts it or a good one. */
struct flow_suspect {
	struct flow_suspect	*next;
	uint64_t		 ts_us;
	uint32_t		 seq;
	uint32_t		 ack;
	uint32_t		 len;
	uint32_t		 wire;
	int			 dir;
	uint8_t			 bytes[];
};

#define FLOWTAB_SUSPECTS	8

/* What the numbers of IP of a half's last two packets are to each other. */
enum flow_ids { FLOW_IDS_NONE, FLOW_IDS_DIFFER, FLOW_IDS_COUNT };

/* What only flows with a reader need. */
struct flow_read {
	void			*reader;
	struct flow_suspect	*suspects;	/* in order of arrival */
	uint64_t		 hole_us[2];	/* since when bytes are
						 * missing; 0: not known */
	uint64_t		 due_us;	/* when holes are looked at */
	uint32_t		 due_prev;
	uint32_t		 due_next;
	uint32_t		 tail;		/* number in flow_table.tails */
	uint32_t		 tail_id;
	uint16_t		 tail_len[2];
	uint16_t		 ip_id[2];	/* of a half's last packet */
	uint8_t			 ttl[2];	/* of its last new bytes */
	uint8_t			 ids[2];	/* enum flow_ids */
	bool			 due;
	uint8_t			 reset;	/* the half that reset it last */
	struct {
		uint32_t	 seq;
		uint32_t	 us;	/* 0: nothing measured now */
		uint32_t	 srtt;
		uint16_t	 len;	/* of what is measured */
		uint16_t	 passed;	/* the longest that was acked */
	}			 rtt[2];	/* by the sender of the data */
	struct {
		uint32_t	 seq;
		uint16_t	 len;
		uint16_t	 n;	/* times; 0: it was acked */
	}			 stuck[2];	/* what is sent again */
};

/* Numbers that another place showed before the home, but for a hole. */
struct flow_first {
	uint32_t		 begin;
	uint32_t		 end;		/* none: begin */
	uint32_t		 hole;
	uint32_t		 hole_end;
};

/* The place that shows the bytes of a half first, where it is not its home. */
struct flow_lead {
	uint32_t		 place;
	uint32_t		 alias;		/* tuple there, as in a seg */
	uint32_t		 end;		/* of what was shown there */
	bool			 met;
};

/* What only flows that were seen elsewhere need. */
struct flow_extra {
	uint64_t		 twin_id;	/* alias: the connection */
	uint32_t		 twin;
	int			 flip;		/* its half is d ^ flip */
	uint32_t		 nseen;
	struct flow_first	 first[2];
	struct flow_lead	 lead[2];
	uint32_t		 was_ack[2];	/* the last one before a move */
	uint32_t		 behind[2];	/* packets of then, to come */
	uint8_t			 renumbered;	/* 1 << of seen; alias: all */
	bool			 shifted;	/* shift is known */
	uint32_t		 shift;		/* the server's numbers there,
						 * less those at home */
	struct flow_seen	 seen[FLOW_SIGHTINGS];
};

struct flow {
	struct flow_key		 key;		/* half 0 to half 1 */
	uint32_t		 hash;
	uint32_t		 chain;
	uint32_t		 prev;
	uint32_t		 next;
	uint32_t		 slot;
	uint8_t			 state;
	uint8_t			 list;
	uint16_t		 flags;
	uint8_t			 ttl[2];	/* of a half; 0: not noted */
	uint8_t			 tunnel;
	uint8_t			 tcp_flags;	/* all that were counted */

	uint64_t		 id;
	uint64_t		 first_us;
	uint64_t		 last_us;
	struct flow_read	*read;
	struct flow_extra	*extra;
	uint32_t		 hs_us[2];	/* handshake round trips */
	uint32_t		 other_seq[2];
	uint16_t		 zero_win[2];
	uint32_t		 hole_bytes;	/* unread flows: skipped */

	struct flow_half	 half[2];
};

_Static_assert(sizeof(struct flow) == 256 || sizeof(void *) == 4,
    "four cache lines");

/* What ops->volume was not told yet, by slot. */
struct flowtab_volume {
	uint32_t		 bytes[2];	/* by half */
	uint16_t		 packets[2];
	bool			 met;		/* of who is told */
};

struct flowtab_place {
	uint32_t	 place;		/* packet_place */
	uint16_t	 iface;
	uint16_t	 vlan[2];
	uint8_t		 nvlan;
	uint8_t		 used;
};

struct flowtab_nat {
	uint32_t	 slot;
	uint32_t	 tag;
};

/* Where connections of others have this address for their client. */
struct flowtab_mask {
	struct addr	 addr;
	uint16_t	 place;		/* 0: none */
};

struct flowtab_local {
	struct addr	 addr;
	/* In doubt for nothing, in a row; and without a hop. */
	uint8_t		 alone[2];
};

struct flow_gone;		/* of flowgone */

struct flow_table {
	struct flow_config	 cfg;
	const struct hash_key	*key;
	struct mem		*mem;
	const struct flow_ops	*ops;
	const struct flow_feed	*feed;
	void			*arg;
	struct reass_env	 env;
	uint64_t		 count[FLOW_COUNT_MAX];
	uint64_t		 next_id;
	uint64_t		 npackets;

	struct flow		**chunk;
	/* Apart from the entries, which fill large pages to the last byte. */
	struct flowtab_volume	**volume;
	uint32_t		 nchunks;
	uint32_t		 chunk_shift;
	uint32_t		 nused;		/* slots that were ever taken */
	uint32_t		 free;		/* slots, by flow.next */
	uint32_t		 busy;		/* slot in use: never shed */
	bool			 ending;	/* one ends: nothing is shed,
						 * which might be that one */
	uint64_t		 last_id;	/* of the packet at hand */
	size_t			 nlive;

	uint32_t		**segment;
	uint32_t		 nsegments;
	uint32_t		 nbuckets;
	uint32_t		 mask;		/* of the level being split */

	struct {
		uint32_t	 head, tail, n;
		uint64_t	 look_us;	/* it rests until then */
	}			 list[FLOWTAB_LISTS];
	struct { uint32_t head, tail; } due;

	/*
	 * The last bytes that went out, of the flows that were fed last: one
	 * ring for all, so that a tail costs an idle flow nothing.
	 */
	uint8_t			*tails;
	uint32_t		*tail_id;	/* whose it is */
	uint32_t		 ntails;
	uint32_t		 tail_at;
	uint32_t		 tail_ids;
	/* Given back, the last one on top, which the cache still has. */
	uint32_t		 tail_free[FLOWTAB_TAILS_FREE];
	uint32_t		 ntail_free;

	struct flowtab_nat	*nat;
	uint32_t		 nat_mask;
	struct flow_gone	*gone;
	uint32_t		 gone_mask;

	struct flowtab_mask	 masks[FLOWTAB_MASKS];
	size_t			 nlocal;
	struct flowtab_local	 local[FLOWTAB_LOCAL];	/* sorted */

	uint32_t		 nloud;
	uint32_t		 loud[FLOWTAB_LOUD];	/* slots */

	uint32_t		 nplaces;
	uint32_t		 last_place;
	uint16_t		 place_at[FLOWTAB_PLACES * 2];
	struct flowtab_place	 place[FLOWTAB_PLACES];
};

static inline struct flow *
flowtab_at(const struct flow_table *t, uint32_t slot)
{
	return &t->chunk[slot >> t->chunk_shift]
	    [slot & ((1U << t->chunk_shift) - 1)];
}

/* Asks for the memory of a whole entry. */
static inline void
flowtab_fetch(const struct flow *f)
{
	compat_prefetch(&f->key);
	compat_prefetch(&f->id);
	compat_prefetch(&f->half[0]);
	compat_prefetch(&f->half[1]);
}

static inline struct flowtab_volume *
flowtab_volume(const struct flow_table *t, uint32_t slot)
{
	return &t->volume[slot >> t->chunk_shift]
	    [slot & ((1U << t->chunk_shift) - 1)];
}

/* And for what is gathered of it. */
static inline void
flowtab_expect_slot(const struct flow_table *t, uint32_t slot)
{
	flowtab_fetch(flowtab_at(t, slot));
	if (t->cfg.volumes)
		compat_prefetch(flowtab_volume(t, slot));
}

int		 flowtab_init(struct flow_table *);
void		 flowtab_clear(struct flow_table *);
uint32_t	 flowtab_hash(const struct flow_table *,
    const struct flow_key *);
/*
 * Ask for memory, some time after each other: the bucket; the first entry in
 * it, if any; what hangs off that, false when it has no reader (yet).
 */
void		 flowtab_expect(const struct flow_table *, uint32_t hash);
const struct flow *flowtab_expect_entry(const struct flow_table *,
    uint32_t hash);
bool		 flowtab_expect_reader(const struct flow_table *,
    const struct flow *, uint32_t hash);
/* And that of its reader, which it need not have. */
void		 flowtab_expect_feed(const struct flow_table *,
    const struct flow *, unsigned depth);
/* Lends half dir of a flow with a reader its tail until flowtab_unlend. */
void		 flowtab_lend(struct flow_table *, struct flow_read *, int dir);
void		 flowtab_unlend(struct flow_table *);
/* It needs none any more. */
void		 flowtab_return(struct flow_table *, struct flow_read *);
/* The same before another flow's bytes go out: what was kept is forgotten. */
void		 flowtab_recall(struct flow_table *);
/* dir: 0 when p's a is the flow's a. */
struct flow	*flowtab_find(const struct flow_table *,
    const struct flow_key *, uint32_t hash, int *dir);
/* The next entry of the same tuple behind one of HALF_SAME. */
struct flow	*flowtab_more(const struct flow_table *, const struct flow *,
    const struct flow_key *, int *dir);
/* A zeroed entry with its slot, not yet anywhere; NULL: none left. */
struct flow	*flowtab_take(struct flow_table *);
void		 flowtab_give(struct flow_table *, struct flow *);
void		 flowtab_insert(struct flow_table *, struct flow *);
void		 flowtab_remove(struct flow_table *, struct flow *);
/* At the end of list; from wherever it was. FLOWTAB_FREE: in none. */
void		 flowtab_list(struct flow_table *, struct flow *,
    enum flowtab_list);
struct flowtab_place flowtab_place_of(const struct packet *);
/* The number of a packet's place, from 1; 0 when the table is full. */
uint16_t	 flowtab_place(struct flow_table *, const struct packet *);
/*
 * Remembers a flow by nby numbers, at most four, that no translation changes;
 * the slots of others that most likely have the same ones are written to twin,
 * and their count is returned.
 */
size_t		 flowtab_nat_put(struct flow_table *, const struct flow *,
    const uint32_t *by, size_t nby, uint32_t twin[FLOWTAB_NAT_WAYS]);
/* Asks for the memory of that, some time before. */
void		 flowtab_nat_expect(const struct flow_table *,
    const uint32_t *by, size_t nby);

#endif
