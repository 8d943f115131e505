/*
 * out: what leaves the analyzer: batches of events and streams to the mirror,
 * held back as its queue says, alerts to the parent, and counters for logs.
 */
#ifndef ANALYZER_OUT_H
#define ANALYZER_OUT_H

#include <stdbool.h>

#include "analyzer/state.h"

/* Whether a batch could go; az->events and az->streams call these. */
bool		 out_events(void *, struct event_batch *);
bool		 out_streams(void *, struct event_batch *);
/* Both batches, streams first; what does not go is counted. */
void		 out_flush(struct analyzer *);
/* The mirror is another one: what its predecessor had not done is lost. */
void		 out_relinked(struct analyzer *);
/* The queue to a peer is short again. */
void		 out_drained(struct proc *, enum role peer);
extern const struct alert_ops	 out_alert_ops;
/* The counters, for logs that want them. */
void		 out_stats(struct analyzer *);

#endif
