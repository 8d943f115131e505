/*
 * conn: one connection as the analyzer sees it: its session, what rules and
 * privacy say about it, and where it is counted, told and mirrored to.
 *
 * conn_ops and conn_feed go to flow_table_new with the struct analyzer as
 * argument. A conn is owned by the flow table through the feed.
 */
#ifndef ANALYZER_CONN_H
#define ANALYZER_CONN_H

#include "analyzer/flow.h"
#include "analyzer/session.h"
#include "analyzer/state.h"

extern const struct flow_ops	 conn_ops;
extern const struct flow_feed	 conn_feed;

/* What the sessions shall keep, by configuration. */
void	 conn_session_conf(struct session_conf *, const struct conf *);
/*
 * Bytes for recent requests. A report of a file holds them only when the
 * configuration asks for more than the default.
 */
size_t	 conn_recent_size(const struct conf *);
/* A fresh mirror: opens all mirrored connections again. */
void	 conn_reopen_streams(struct analyzer *);
/* After a reload: connections go to the mirrors that observe them now. */
void	 conn_new_mirrors(struct analyzer *);
/* The protocol and the last host of a connection, for show flows. */
const char *conn_proto(const void *reader);
size_t	 conn_host(const void *reader, const uint8_t **host);
uint64_t conn_requests(const void *reader);

#endif
