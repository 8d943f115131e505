/*
 * flowfeed: the bytes of a segment on their way into reassembly, what they
 * tell of quality, and starts that were missed. Private to flow.
 */
#ifndef ANALYZER_FLOWFEED_H
#define ANALYZER_FLOWFEED_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/flowseg.h"

void		 flowfeed_data(struct seg *);
/* Counts the bytes that were not seen before; returns how many. */
uint32_t	 flowfeed_note_bytes(struct seg *, int64_t ahead);
/* The SYN carried data: whether this says that it was not accepted. */
void		 flowfeed_settle_syn(struct seg *, int dir, bool refused);

#endif
