/*
 * flowgone: connections that ended a moment ago and whose entries had to
 * make room: of each eight bytes, so that its stragglers begin no connection.
 * Few entries are entries that the processor's cache holds. Where there is room
 * they are known for some time more: an end that is sent again is none of
 * another connection. Private to flow and its parts.
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
#define FLOWGONE_KNOWN_US	60000000ULL	/* an end may come again */

int		 flowgone_init(struct flow_table *);
void		 flowgone_clear(struct flow_table *);
/* Asks for the memory of a put, some time before. */
void		 flowgone_expect(const struct flow_table *, uint32_t hash);
/* Notes one that was closed for FLOW_LINGER_US, where nothing newer lies. */
void		 flowgone_note(struct flow_table *, const struct flow *);
/* Did one of its tuple end before it, less than FLOWGONE_KNOWN_US ago? */
bool		 flowgone_knew(const struct flow_table *, const struct flow *);
/* Remembers a closed one; whose place it takes too early is counted. */
void		 flowgone_put(struct flow_table *, const struct flow *);
/* Is it of one that ended in the last FLOW_LINGER_US? again: not at a home. */
bool		 flowgone_find(struct flow_table *, const struct packet *,
    uint32_t hash, bool *again);

#endif
