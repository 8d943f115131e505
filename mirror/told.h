/*
 * told: what people are told of a copy (its errors, some of them as log lines
 * and the last one as a column), and what is counted as lost. An error stops a
 * mirror with `on error abort` at the next tick.
 */
#ifndef MIRROR_TOLD_H
#define MIRROR_TOLD_H

#include "mirror/copytype.h"
#include "sandbox/compat.h"

void		 told_say(struct copy *, const char *fmt, ...)
		    PRINTFLIKE(2, 3);
/* Without a log_trouble somebody else says it. */
void		 told_trouble(struct copy *, struct log_trouble *,
		    const char *fmt, ...) PRINTFLIKE(3, 4);
/* A disk lost what it had taken of a record; arg is the copy. */
void		 told_disk(void *arg);
/* A connection with loss, once. */
void		 told_connection(struct copy *, bool *counted);
/* Of the forward side. */
void		 told_lost(struct copy *, enum sink_lost, uint64_t bytes,
		    uint64_t requests);

#endif
