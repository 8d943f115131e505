/*
 * flow: the table of TCP connections.
 *
 * One entry of 256 bytes holds both directions; reassembly stores, sessions
 * and other sightings are added on demand. Entries are found by a seeded hash
 * of the tuple; the table grows one bucket at a time. All memory is charged to
 * the struct mem given at flow_table_new; at the ceiling, or when MEM_FLOWS
 * holds three quarters of it, the least valuable entries go first (closed,
 * half-open, idle without a reader, any without a reader, idle with a reader),
 * each counted by reason.
 *
 * The table reads no clock: time is the ts_us of packets and the now_us of
 * flow_tick, which may differ by some blocks and may even jump back.
 *
 * Direction 0 is client to server as far as known when the connection is
 * first shown to the reader, and never changes afterwards; flow_set_client
 * corrects what flow_info says.
 *
 * Count once: a packet of a half-flow at another place (interface, tags,
 * tunnel) than the half-flow's home is only counted (FLOW_AGAIN), unless it
 * brings bytes that its home has not shown, which are taken. A tuple that
 * shows both initial sequence numbers of another one within 1 s, with an
 * address in common and a different hop count, is the same connection behind
 * NAT: it is no connection of its own, and its packets are sightings of that
 * one's. Where not both numbers were seen, a segment with data tells instead,
 * that both tuples showed: of the first ones only, so a sighting that begins
 * later than that counts as a connection. Two networks may use one tuple: a
 * SYN of another number where the connection was never shown begins another.
 * A SYN-ACK of another number that answers the same SYN is the far side of a
 * SYN proxy: what is seen there is the connection once more, by other numbers.
 *
 * A hole becomes a gap when the peer has acknowledged it and what follows it
 * has waited for 50 ms of packet time, after 1 s when the peer or what follows
 * is not seen, after 10 s in any case, at a limit, at the end of the
 * connection and at flow_flush.
 */
#ifndef ANALYZER_FLOW_H
#define ANALYZER_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/flowtype.h"
#include "analyzer/packet.h"
#include "analyzer/reass.h"
#include "sandbox/addr.h"
#include "sandbox/hash.h"
#include "sandbox/mem.h"

/* 300 s, 30 s, no limit, 1 MiB, 1024, true, true */
void		 flow_config_default(struct flow_config *);

/* NULL without memory; key, mem, ops and feed must outlive the table. */
struct flow_table *flow_table_new(const struct flow_config *,
    const struct hash_key *, struct mem *, const struct flow_ops *,
    const struct flow_feed *, void *arg);
/* Frees everything without a callback but feed->free. */
void		 flow_table_free(struct flow_table *);
/*
 * The addresses of this host, no loopback: what comes from one of them and has
 * made a hop is another one's connection, translated here, and waits for its
 * other side to be read. At most 1024; instead of those told before.
 */
void		 flow_set_local(struct flow_table *, const struct addr *,
    size_t n);
/* Live flows keep what they began with. */
void		 flow_table_config(struct flow_table *,
    const struct flow_config *);

/*
 * Optional: touches the memory that flow_packet will want for p. A caller with
 * a batch takes each of these steps for all of it in turn; the first also
 * spares flow_packet the hash.
 */
void		 flow_expect(const struct flow_table *, struct packet *);
/* So few that the processor's cache holds them: the rest need not be asked. */
bool		 flow_few(const struct flow_table *);
/* Perhaps p's flow; NULL: there is none. Good until the next flow_packet. */
const struct flow *flow_expect_entry(const struct flow_table *,
    const struct packet *);
/* False: it is not p's flow, or has no reader yet. */
bool		 flow_expect_reader(const struct flow_table *,
    const struct flow *, const struct packet *);
/* Of a flow that has a reader: flow_feed.expect, depth by depth. */
void		 flow_expect_feed(const struct flow_table *,
    const struct flow *, unsigned depth);
/* One TCP segment: p as packet_parse (or frag_put) left it at PACKET_OK. */
enum flow_verdict flow_packet(struct flow_table *, const struct packet *p);
/*
 * Holes that are due and flows that are old; a few ms at most per call. Also
 * runs by itself, a little per packet. Call it when idle, about every 50 ms.
 */
void		 flow_tick(struct flow_table *, uint64_t now_us);
/* End of input: gives up the holes and closes every connection. */
void		 flow_flush(struct flow_table *, uint64_t now_us);
/*
 * Calls ops->volume for all that have something to tell, but for those that
 * nothing was said on yet: what they brought is told later.
 */
void		 flow_tell_volumes(struct flow_table *);
/* Frees at least n bytes of flows and readers if it can; bytes freed. */
size_t		 flow_shed(struct flow_table *, size_t n, uint64_t now_us);

/*
 * Visits flows from *cursor on (0: from the start), at most max slots; false
 * when the end was reached. Flows may come and go between calls; each one that
 * stays is visited once.
 */
bool		 flow_walk(struct flow_table *, uint64_t *cursor, size_t max,
    void (*)(void *arg, struct flow *), void *arg);

void		 flow_info(const struct flow_table *, const struct flow *,
    struct flow_info *);
uint64_t	 flow_id(const struct flow *);
/*
 * Of the packet that flow_packet has at hand, or had last; 0 when that belongs
 * to none.
 */
uint64_t	 flow_last_id(const struct flow_table *);
/* What feed->open returned, or NULL. */
void		*flow_reader(const struct flow *);
/* 0: the client, whom direction 0 of the reader comes from; 1: the server. */
const struct endpoint *flow_end(const struct flow *, unsigned);
/*
 * The client where it was seen nearest to itself, by the hop count: behind
 * NAT of its source it is another one elsewhere.
 */
const struct endpoint *flow_near_client(const struct flow *);
/* Client to server, copied. */
void		 flow_key(const struct flow *, struct flow_key *);
/* Home interface of a direction, 0xffff when that was never seen. */
uint16_t	 flow_iface(const struct flow_table *, const struct flow *,
    int dir);
/*
 * The same of the client's direction, or of the other when that was not
 * seen, with its tags; -1: none.
 */
uint16_t	 flow_home(const struct flow_table *, const struct flow *,
    int32_t vlan[2]);
uint64_t	 flow_first_us(const struct flow *);
/* Whether the start of the connection was missed. */
bool		 flow_midstream(const struct flow *);
/* Whether a SYN told who the client is. */
bool		 flow_client_known(const struct flow *);
/* Content told that the sender of direction dir is the client. */
void		 flow_set_client(struct flow *, int dir);

size_t		 flow_live(const struct flow_table *);
uint64_t	 flow_count(const struct flow_table *, enum flow_count);
uint64_t	 flow_reass_count(const struct flow_table *, enum reass_count);
const char	*flow_count_name(enum flow_count);

#endif
