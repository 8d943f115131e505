/*
 * quicsaid: the hellos of QUIC, passed on to rules, meter and events. They
 * have no flow: flows are TCP.
 */
#ifndef ANALYZER_QUICSAID_H
#define ANALYZER_QUICSAID_H

#include "analyzer/state.h"

/* A packet whose reason was PACKET_QUIC. */
void	 quicsaid_packet(struct analyzer *, const struct packet *);
/* Moves what the table has counted to the tally. */
void	 quicsaid_collect(struct analyzer *);

#endif
