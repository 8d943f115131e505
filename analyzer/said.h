/*
 * said: what sessions tell, passed on to rules, meter, alerts, events and
 * the recent requests.
 */
#ifndef ANALYZER_SAID_H
#define ANALYZER_SAID_H

#include "analyzer/side.h"

/* For session_new; arg is the struct conn. */
extern const struct session_ops	 said_ops;

/* What the sessions shall keep, by configuration. */
void	 said_session_conf(struct session_conf *, const struct conf *);
/*
 * Bytes for recent requests. A report of a file holds them only when the
 * configuration asks for more than the default.
 */
size_t	 said_recent_size(const struct conf *);
/* Sends an event to the logs, counted. */
void	 said_event(struct analyzer *, const struct msg_event *);

#endif
