/*
 * counters: those of one mirror as bytes, so that the mirror process after a
 * lost one goes on from them. Pure but for the copy and its sinks.
 */
#ifndef MIRROR_COUNTERS_H
#define MIRROR_COUNTERS_H

#include "mirror/copy.h"
#include "sandbox/buf.h"

/* Each fits into one saved slot and begins with the mirror's name. */
void		 counters_put(struct buf *, const struct copy *);
void		 counters_put_statuses(struct buf *, const struct copy *);
/* Nothing where nothing is compared. Without sections: they begin anew. */
void		 counters_put_compare(struct buf *, const struct copy *);
/* -1: it is not of this mirror, or damaged; then nothing is changed. */
int		 counters_get(struct buf *, struct copy *);
int		 counters_get_statuses(struct buf *, struct copy *);
int		 counters_get_compare(struct buf *, struct copy *);
/* To nothing; what is now (queues, connections) stays. */
void		 counters_clear(struct copy *);

#endif
