/*
 * flowack: what an acknowledgement tells: how far the peer is, round trips,
 * and what was sent but not seen. Private to flow.
 */
#ifndef ANALYZER_FLOWACK_H
#define ANALYZER_FLOWACK_H

#include <stdbool.h>

#include "analyzer/flowseg.h"

/* False: it acknowledges what nobody can have sent. */
bool		 flowack_take(struct seg *);

#endif
