/*
 * hold: how much waits, and when the analyzer must: its link is paused while
 * files have not been answered yet (their records would be refused), and
 * under -r, where nothing is shed, while queues are half full: pressure goes
 * back to the file.
 */
#ifndef MIRROR_HOLD_H
#define MIRROR_HOLD_H

#include "mirror/state.h"

/* Pauses or resumes the link. */
void		 hold_decide(struct mirror_state *);
bool		 hold_for_files(const struct mirror_state *);
/* Bytes in all queues; limit may be NULL. */
uint64_t	 hold_queued(const struct mirror_state *, uint64_t *limit);

#endif
