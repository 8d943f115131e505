/*
 * logs: the event logs of the configuration: each event of the analyzer
 * becomes a line of every log that takes it.
 */
#ifndef MIRROR_LOGS_H
#define MIRROR_LOGS_H

#include "mirror/state.h"

/* One per log of the configuration, from those of before; never NULL. */
struct event_log *logs_new(struct mirror_state *, const struct conf *);
void		 logs_free(struct event_log *, size_t n);

int		 logs_on_event(struct chan *, struct frame *, void *);
int		 logs_on_events_from(struct chan *, struct frame *, void *);
void		 logs_flush(struct mirror_state *);
void		 logs_tick(struct mirror_state *);

#endif
