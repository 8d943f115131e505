/*
 * intake: batches of packets in: parsed some ahead of their turn, so that the
 * memory they want is there, then counted by reason and given to flow.
 */
#ifndef ANALYZER_INTAKE_H
#define ANALYZER_INTAKE_H

#include "analyzer/state.h"

int		 analyzer_on_packets(struct chan *, struct frame *, void *);

#endif
