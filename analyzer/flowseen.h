/*
 * flowseen: where a connection was seen: the home of each half, the other
 * places, and tuples that are one connection behind NAT. Private to flow.
 */
#ifndef ANALYZER_FLOWSEEN_H
#define ANALYZER_FLOWSEEN_H

#include "analyzer/flowseg.h"

/* Whether this is another sighting of a half-flow that has its home. */
void		 flowseen_locate(struct seg *);
/*
 * A SYN-ACK of another number: whether it answers this connection's SYN at
 * another place, so that somebody between there and the home changes numbers,
 * as a SYN proxy does. What is seen there from now on is flowseen_renumbered:
 * flowseen_shift makes of it what the home would show. Where that place has
 * just become the home it is the others that are so.
 */
bool		 flowseen_renumbers(struct seg *);
bool		 flowseen_renumbered(struct seg *);
void		 flowseen_shift(const struct seg *, const struct flow_extra *,
    struct packet *);
/* The same of an alias that has x: whether it is known by how much. */
bool		 flowseen_shifted(const struct seg *, struct flow_extra *x);
/*
 * Where both halves begin is known, of one perhaps from what the other has
 * acknowledged: looks for the tuple's twin.
 */
void		 flowseen_pair(struct seg *);
/*
 * A SYN: Linux's SYN proxy leaves the number of its own SYN-ACK to the client
 * in the one that it sends to the server, where no ACK flag covers it
 * (net/netfilter/nf_synproxy_core.c, synproxy_send_server_syn).
 */
void		 flowseen_proxy(struct seg *);
/*
 * A SYN-ACK without its SYN, or one that grants no window, as a SYN proxy's
 * (the same file, synproxy_send_client_synack): both answer one number of a
 * client, and the SYN that would tell more was missed.
 */
void		 flowseen_shut(struct seg *);
/* A SYN-ACK will come to that: asks for the memory. */
void		 flowseen_expect(const struct flow_table *,
    const struct packet *);
/* A SYN was answered by a reset: looks for the same on another side of NAT. */
void		 flowseen_refused(struct seg *);
/*
 * Data of a flow whose start was not seen both ways: looks for a twin that
 * showed the same packet. True: there is one, and the flow is its alias now.
 */
bool		 flowseen_meet(struct seg *);
/*
 * A packet of a tuple that is another one's connection: counts it there and
 * makes it a segment of that one, seen elsewhere. False: that one is gone.
 */
bool		 flowseen_alias(struct seg *);

#endif
