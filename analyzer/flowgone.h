/*
 * flowgone: connections that ended a moment ago and whose entries had to
 * make room: of each eight bytes, so that its stragglers begin no connection.
 * Few entries are entries that the processor's cache holds. Private to flow
 * and its parts.
 */
#ifndef ANALYZER_FLOWGONE_H
#define ANALYZER_FLOWGONE_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/flowtab.h"
#include "analyzer/packet.h"

/* So many closed entries stay for FLOW_LINGER_US, more only for this time. */
#define FLOWGONE_FROM		2048
#define FLOWGONE_AFTER_US	(2 * FLOW_HOLE_US)

int		 flowgone_init(struct flow_table *);
void		 flowgone_clear(struct flow_table *);
/* Asks for the memory of a put, some time before. */
void		 flowgone_expect(const struct flow_table *, uint32_t hash);
/* Remembers a closed one; whose place it takes too early is counted. */
void		 flowgone_put(struct flow_table *, const struct flow *);
/* Is it of one that ended in the last FLOW_LINGER_US? again: not at a home. */
bool		 flowgone_find(struct flow_table *, const struct packet *,
    uint32_t hash, bool *again);

#endif
