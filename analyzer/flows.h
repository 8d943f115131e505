/*
 * flows: the connections in the flow table that fit some words. The words
 * are those of `show flows` and `why`: pairs of a key and a value.
 */
#ifndef ANALYZER_FLOWS_H
#define ANALYZER_FLOWS_H

#include "analyzer/flow.h"
#include "analyzer/recent.h"
#include "analyzer/rows.h"

/* The value of a key of the question, NULL when it was not asked for. */
const char	*flows_word(const struct rows *, const char *key);
/*
 * Calls fn for each that fits, also for closed ones that linger; mirrors:
 * also for those that mirrors make.
 */
typedef void	 flows_fn(struct rows *, struct flow *,
		    const struct flow_info *, void *arg);
void		 flows_each(struct rows *, bool mirrors, flows_fn *,
		    void *arg);
/*
 * Whether a request that was seen fits; not by VLAN or state. known: its
 * connection does, which may have been seen elsewhere too, so only the host
 * is left to ask for.
 */
bool		 flows_tx_fits(const struct rows *, const struct recent_tx *,
		    bool known);
/* show flows: closed ones only when they are asked for, no mirror's. */
void		 flows_show(struct rows *);

#endif
