/*
 * clock: moves the two clocks that state.h explains.
 */
#ifndef ANALYZER_CLOCK_H
#define ANALYZER_CLOCK_H

#include "analyzer/state.h"

/* Live: the clocks of this moment; packet time is the wall clock's. */
void		 clock_anchor(struct analyzer *);
/* Capture has said something, which it does each second at least. */
void		 clock_heard(struct analyzer *);
/* Everything counted so far is collected, and live it is now. */
void		 clock_catch_up(struct analyzer *);
/* Moves both clocks to a packet's time, and that to the mapped one. */
void		 clock_packet(struct analyzer *, struct packet *);

#endif
