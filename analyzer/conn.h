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

struct analyzer;

/* What was said on a connection, for show flows. */
struct conn_said {
	const char	*proto;		/* "" not known */
	const uint8_t	*host;		/* the last one */
	size_t		 host_len;
	uint64_t	 requests;
	unsigned	 hand;		/* SIDE_HAND.. */
	unsigned	 cert;		/* enum cert_says */
};

/*
 * Whether a mirror made it: such a connection is neither mirrored nor counted
 * nor shown.
 */
bool	 conn_made_here(struct analyzer *, const struct flow *);
/* Also of one that has ended, while that is remembered. */
void	 conn_said(const struct analyzer *, const struct flow_info *,
	    struct conn_said *);
const char *conn_proto(const void *reader);
/*
 * The host that was asked for last, or the TLS name, also of one that has
 * ended; len 0: none.
 */
void	 conn_name(const struct analyzer *, const struct flow *,
	    const uint8_t **, size_t *len, bool *tls);
/* As those of session; of those that are counted. */
uint64_t conn_waiting(const void *reader, uint64_t *since_us);
uint64_t conn_under_way(const void *reader);
/* Whether conn_proto will stand; so it does without one. */
bool	 conn_settled(const void *reader);
/* Whether service lines, rules or the mirror's own traffic leave it out. */
bool	 conn_ignored(const void *reader);
bool	 conn_own(const void *reader);

#endif
