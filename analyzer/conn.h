/*
 * conn: the reader of a connection's bytes: makes its session, asks the rules,
 * feeds session and mirror. conn_feed goes to flow_table_new with the struct
 * analyzer as argument; the flow table owns what conn makes.
 */
#ifndef ANALYZER_CONN_H
#define ANALYZER_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/flow.h"

extern const struct flow_feed	 conn_feed;

/* The protocol and the last host of a connection, for show flows. */
const char *conn_proto(const void *reader);
size_t	 conn_host(const void *reader, const uint8_t **host);
uint64_t conn_requests(const void *reader);
/* Whether service lines, rules or the mirror's own traffic leave it out. */
bool	 conn_ignored(const void *reader);

#endif
