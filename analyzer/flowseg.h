/*
 * flowseg: one segment on its way through flow, which its parts (flowseen,
 * flowtrust, flowfeed, flowack, flowsyn) hand to each other, and the entry it
 * belongs to: how one begins, and begins anew. Private to flow and its parts.
 */
#ifndef ANALYZER_FLOWSEG_H
#define ANALYZER_FLOWSEG_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/flowtab.h"
#include "analyzer/flowtype.h"
#include "analyzer/packet.h"

#define FLOWSEG_NEAR	(1 << 20)	/* reordering at a start, in bytes */
#define FLOWSEG_IDS	64		/* numbers of IP, as one host counts */
#define FLOWSEG_COPY_US	1000		/* nobody sends again that soon */

struct seg {
	struct flow_table	*t;
	const struct packet	*p;
	struct flow		*f;
	struct flow_half	*h;	/* the sender's */
	struct flow_half	*o;	/* the other one */
	int			 dir;
	uint32_t		 alias;	/* slot + 1 of a tuple of its own */
	bool			 again;	/* not at its home */
	bool			 fresh;	/* brought new bytes */
	bool			 counted;	/* as a packet of h */
};

static inline void
flowseg_bump(uint16_t *n)
{
	if (*n != UINT16_MAX)
		(*n)++;
}

/* It is one of the packets of its half. */
static inline void
flowseg_count(struct seg *s)
{
	s->h->packets++;
	s->f->tcp_flags |= s->p->flags;
	s->counted = true;
}

/*
 * Another place than the home shows the bytes of the half first, as a router
 * does whose home is the client's side. It tells what is sent again then: at
 * the home all would look so.
 */
static inline bool
flowseg_is_led(const struct seg *s)
{
	return s->f->extra != NULL && s->f->extra->lead[s->dir].met;
}

/* Whether the packet is at that place. */
static inline bool
flowseg_leads(const struct seg *s)
{
	return s->again && flowseg_is_led(s) &&
	    s->f->extra->lead[s->dir].place == packet_place(s->p) &&
	    s->f->extra->lead[s->dir].alias == s->alias;
}

/* The last bytes of their half, and nobody sends them again that soon. */
static inline bool
flowseg_just_sent(const struct seg *s)
{
	const struct flow_read	*rd = s->f->read;
	const uint32_t		 end = s->p->seq + s->p->wire;

	return s->p->wire > 0 && end == reass_next_seq(&s->h->r) &&
	    rd->rtt[s->dir].us != 0 && rd->rtt[s->dir].seq == end &&
	    ((uint32_t)s->p->ts_us | 1) - rd->rtt[s->dir].us < FLOWSEG_COPY_US;
}

/* Nobody reads, and bytes were jumped over: these may be among them. */
static inline bool
flowseg_jumped(const struct seg *s)
{
	return s->p->wire > 0 && !(s->h->r.flags & REASS_READ) &&
	    s->f->hole_bytes >= s->p->wire;
}

/*
 * A packet with nothing new that was shown before: by a router with one leg,
 * from a hop away, or by a mirror port, as it was. One that is sent again
 * comes the same way and has another number (RFC 6864, section 4), a higher
 * one where the sender counts.
 */
static inline bool
flowseg_is_copy(const struct seg *s)
{
	const struct flow_read	*rd = s->f->read;
	const uint16_t		 id = (uint16_t)s->p->frag_id;
	uint16_t		 back;

	if (rd == NULL || flowseg_is_led(s) != flowseg_leads(s))
		return false;
	if (rd->ttl[s->dir] != 0 && s->p->ttl != rd->ttl[s->dir])
		return true;
	back = (uint16_t)(rd->ip_id[s->dir] - id);
	if (id != 0 && rd->ids[s->dir] == FLOW_IDS_COUNT)
		return back == 0 || (back < FLOWSEG_IDS && !flowseg_jumped(s));
	return back == 0 && ((id != 0 && rd->ids[s->dir] != FLOW_IDS_NONE) ||
	    flowseg_just_sent(s));
}

/* How many numbers of IP after the last one of its half; 0: not known. */
static inline int
flowseg_id_ahead(const struct seg *s)
{
	const struct flow_read	*rd = s->f->read;
	const uint16_t		 id = (uint16_t)s->p->frag_id;

	if (rd == NULL || id == 0 || rd->ids[s->dir] != FLOW_IDS_COUNT ||
	    flowseg_is_led(s) != flowseg_leads(s))
		return 0;
	return (int16_t)(uint16_t)(id - rd->ip_id[s->dir]);
}

/* It is the last one of its half, or a late one. */
static inline void
flowseg_note_id(struct seg *s)
{
	struct flow_read	*rd = s->f->read;
	const uint16_t		 id = (uint16_t)s->p->frag_id;
	uint16_t		 ahead;

	if (rd == NULL || flowseg_is_led(s) != flowseg_leads(s))
		return;
	ahead = (uint16_t)(id - rd->ip_id[s->dir]);
	if (rd->ids[s->dir] == FLOW_IDS_COUNT && id != 0 &&
	    (uint16_t)-ahead < FLOWSEG_IDS)
		return;
	rd->ids[s->dir] = id == 0 || rd->ip_id[s->dir] == 0 || ahead == 0 ?
	    FLOW_IDS_NONE : ahead < FLOWSEG_IDS ? FLOW_IDS_COUNT :
	    FLOW_IDS_DIFFER;
	rd->ip_id[s->dir] = id;
}

/* It was counted before. */
static inline void
flowseg_copy(struct seg *s)
{
	if (s->again)
		return;
	s->again = true;
	s->t->count[FLOW_C_SEEN_AGAIN]++;
	if (s->counted)
		s->h->packets--;
	s->counted = false;
}

/*
 * A SYN-ACK, and of a SYN that is known: whatever its own number, no other
 * connection begins with it.
 */
static inline bool
flowseg_answers(const struct seg *s)
{
	const uint8_t	 both = PACKET_TCP_SYN | PACKET_TCP_ACK;

	return (s->p->flags & both) == both &&
	    s->o->flags & (HALF_SYN | HALF_BASE) && s->p->ack == s->o->r.base;
}

/* The half of the client, as far as known. */
static inline int
flowseg_client(const struct flow *f)
{
	return f->flags & FLOW_F_CLIENT1 ? 1 : 0;
}

/* A round trip that began at the low half of a time stamp. */
static inline uint32_t
flowseg_since_low(uint64_t now_us, uint32_t then)
{
	uint32_t	 d = (uint32_t)now_us - then;

	return d > INT32_MAX ? 0 : d;
}

static inline void
flowseg_aim(struct seg *s, struct flow *f, int dir)
{
	s->f = f;
	s->dir = dir;
	s->h = &f->half[dir];
	s->o = &f->half[!dir];
}

/* The entry of a packet that has none; dir: the sender's. NULL: no room. */
struct flow	*flowseg_create(struct flow_table *, const struct packet *,
    uint32_t hash, int *dir);
/* The tuple begins anew: the old connection ends here. False: no room. */
bool		 flowseg_restart(struct seg *);
/* The same beside it, for another network: the old one lives on. */
bool		 flowseg_beside(struct seg *);

#endif
