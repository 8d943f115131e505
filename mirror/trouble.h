/*
 * trouble: which files cannot be written now, for those who ask the parent:
 * whoever waits for a disk cannot be asked himself.
 */
#ifndef MIRROR_TROUBLE_H
#define MIRROR_TROUBLE_H

#include "mirror/state.h"

/* Tells the parent when it has changed. */
void		 trouble_tell(struct mirror_state *);

#endif
