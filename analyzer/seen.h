/*
 * seen: what the flow table tells of connections, passed on to meter, alerts
 * and events.
 */
#ifndef ANALYZER_SEEN_H
#define ANALYZER_SEEN_H

#include "analyzer/flow.h"

/* For flow_table_new; arg is the struct analyzer. */
extern const struct flow_ops	 seen_ops;

#endif
