/*
 * leg_whole: the forward side of a connection whose mirror forwards whole
 * messages: what passed the hooks gathers until its message is complete, and
 * goes to the target then, or else none of it does. So a loss costs its own
 * message alone and the target's connection goes on. A message is at most
 * a quarter of what may wait, and what gathers is charged to MEM_STREAMS.
 */
#ifndef MIRROR_LEG_WHOLE_H
#define MIRROR_LEG_WHOLE_H

#include "mirror/copytype.h"

void		 leg_whole_chunk(struct leg *, const struct chunk *);
/*
 * The message whose head came last is complete; it is not sent where others
 * may see another end.
 */
void		 leg_whole_end(struct leg *, const struct chunk *);
/* It will not be: it is lost, with what follows up to the next head. */
void		 leg_whole_lose(struct leg *, unsigned dir, enum sink_lost);

#endif
