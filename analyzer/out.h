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
/*
 * The mirror is another one, or we are: what the one before us had not sent, or
 * the one before it had not seen to, is lost. Asks it how much that is.
 */
void		 out_relinked(struct analyzer *);
/* It awaits the event of this number, or did before it answered that. */
void		 out_done(struct analyzer *, uint64_t next);
/* The queue to a peer is short again. */
void		 out_drained(struct proc *, enum role peer);
extern const struct alert_ops	 out_alert_ops;
/* The counters, for logs that want them. */
void		 out_stats(struct analyzer *);

#endif
