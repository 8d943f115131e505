/*
 * flowmask: who translates. Addresses that connections of others have for
 * their client are learned where both sides of one were seen. Those of this
 * host, which a router masquerades by, are known before. Private to flow and
 * its parts.
 */
#ifndef ANALYZER_FLOWMASK_H
#define ANALYZER_FLOWMASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/flowtab.h"

/* The addresses of this host, instead of those told before. */
void		 flowmask_set_local(struct flow_table *, const struct addr *,
    size_t n);
/* Connections of others have this address for their client there. */
void		 flowmask_note(struct flow_table *, const struct addr *,
    uint16_t place);
/*
 * Two clients of one connection that made as many hops, as on a bridge that
 * translates: the one that is of this host masks the other.
 */
void		 flowmask_note_flat(struct flow_table *, const struct addr *,
    const struct addr *);
/*
 * Whether the client may be another one: its address is of this host, or it
 * masked others here and the hop count, or the SYN of a SYN proxy, says that
 * it is not from here. Nothing is told then before the other side of the
 * translation was due: its block may come later.
 */
bool		 flowmask_doubts(struct flow_table *,
    const struct flow *);
/*
 * No other side came in that time. Where it never does, as on an interface
 * that is not watched, or for this host's own programs, connections from an
 * address of this host wait no more.
 */
void		 flowmask_alone(struct flow_table *, const struct flow *);

#endif
