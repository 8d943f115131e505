/*
 * live: requests, handshakes and connections as MONITOR lines, while some
 * client watches them; at most LIVE_PER_SECOND of each kind, the others are
 * counted in a line of their own.
 */
#ifndef ANALYZER_LIVE_H
#define ANALYZER_LIVE_H

#include "analyzer/state.h"

#define LIVE_PER_SECOND	100

/* Whether anybody watches events of this kind. */
bool	 live_wants(const struct analyzer *, enum event_kind);
/* The event as a line, if it is wanted. */
void	 live_say(struct analyzer *, const struct msg_event *);
/* Says what was left out in the last second. */
void	 live_tick(struct analyzer *);

#endif
