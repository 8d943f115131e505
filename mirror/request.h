/*
 * request: what clients ask of the mirror through the parent: handlers of
 * SHOW, MIRROR, ROTATE and RESET.
 */
#ifndef MIRROR_REQUEST_H
#define MIRROR_REQUEST_H

#include "mirror/state.h"

int	 request_on_show(struct chan *, struct frame *, void *);
int	 request_on_mirror(struct chan *, struct frame *, void *);
/* Event logs; a mirror's record is told by MIRROR. */
int	 request_on_rotate(struct chan *, struct frame *, void *);
/* Statistics only. */
int	 request_on_reset(struct chan *, struct frame *, void *);

#endif
