/*
 * copy: one mirror block at work: its sinks, its state and its time. What it
 * does with the bytes of a connection is in leg.h.
 *
 * The copy owns its sinks; a leg is owned by the stream. Providers are shared
 * by name and owned by the shell.
 */
#ifndef MIRROR_COPY_H
#define MIRROR_COPY_H

#include "mirror/copytype.h"

struct copy	*copy_new(struct copy_env *, const struct conf_mirror *,
		    unsigned index);
/* Legs must have been closed. */
void		 copy_free(struct copy *);
void		 copy_set_state(struct copy *, enum copy_state);

void		 copy_flush(struct copy *);
void		 copy_tick(struct copy *);
uint64_t	 copy_queued(const struct copy *);
/* Nothing waits any more. */
bool		 copy_idle(const struct copy *);

#endif
