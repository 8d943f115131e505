/*
 * flowsame: a tuple that two networks use, behind different interfaces or
 * tags. A SYN of another number, at a place that never showed the connection,
 * begins an entry beside it; a packet belongs to the one whose numbers it
 * fits, or that was shown where it is. Private to flow and its parts.
 */
#ifndef ANALYZER_FLOWSAME_H
#define ANALYZER_FLOWSAME_H

#include <stdbool.h>

#include "analyzer/flowseg.h"

#define FLOWSAME_MAX	8		/* entries of one tuple */

/* Whether the numbers of a packet, from half dir, may be its next ones. */
bool		 flowsame_fits(const struct flow *, const struct packet *,
    int dir);
/*
 * Whether the packet is a late one of the connection that had the tuple before:
 * interfaces hand over their blocks in any order.
 */
bool		 flowsame_before(const struct seg *);
/* Whether the packet begins a connection of another network. */
bool		 flowsame_begins(const struct seg *);
/* f, of HALF_SAME, or the entry behind it that p belongs to, and p's dir. */
struct flow	*flowsame_choose(struct flow_table *, struct flow *f,
    const struct packet *p, int *dir);

#endif
