/*
 * flowsyn: the handshake: SYNs that begin, repeat or contradict a connection,
 * the data they carry, who the client is, round trips. Private to flow.
 */
#ifndef ANALYZER_FLOWSYN_H
#define ANALYZER_FLOWSYN_H

#include <stdbool.h>

#include "analyzer/flowseg.h"

enum flow_verdict flowsyn_take(struct seg *);
/* The first segment after the SYNs. */
void		 flowsyn_done(struct seg *);
/*
 * Data at the start that an odd SYN announced: it was a new connection.
 * False: no room for it.
 */
bool		 flowsyn_confirm(struct seg *);

#endif
