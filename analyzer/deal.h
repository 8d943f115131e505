/*
 * deal: requests and responses put together into transactions and reported,
 * early responses that wait, and what a loss of synchronisation does to them.
 */
#ifndef ANALYZER_DEAL_H
#define ANALYZER_DEAL_H

#include "analyzer/sess.h"

void		 deal_flaws(struct session *s, const struct http_head *h);
/* Tells of the request that was just counted: the caller's token for it. */
uint64_t	 deal_ask(struct session *s, const struct dir *d,
		    const struct http_head *h, const struct http_span *host,
		    unsigned flags);
/* Reports one request, one response or both; either may be NULL. */
void		 deal_report(struct session *s, const struct pair_req *q,
		    const struct resp *r, enum session_pair why);
/* The first open request is over, with this response or without. */
void		 deal_close(struct session *s, const struct resp *r,
		    enum session_pair why);
void		 deal_close_all(struct session *s, enum session_pair why);
/* The oldest waiting response will never find its request. */
void		 deal_give_up(struct session *s, uint64_t ts);
void		 deal_expire(struct session *s, uint64_t ts);
/* The only open request, just queued, may have an answer already. */
void		 deal_claim(struct session *s, const struct dir *d,
		    uint64_t ts);
/* The response at hand is over. */
void		 deal_end_response(struct session *s, struct dir *d,
		    uint64_t ts, bool whole);
/* The request whose body is at hand, if it is still open. */
void		 deal_end_request(struct session *s, struct dir *d,
		    uint64_t ts, bool whole);
/* The message whose body is at hand may be framed differently; once each. */
void		 deal_ambiguous(struct session *s, struct dir *d);
/* Where the next message begins in this direction is not known any more. */
void		 deal_lose(struct session *s, struct dir *d, uint64_t off,
		    uint64_t ts);
void		 deal_stop(struct session *s, struct dir *d);
/* From here on this connection carries something else. */
void		 deal_opaque(struct session *s, struct dir *answers,
		    uint64_t off, enum session_proto proto);
void		 deal_role(struct session *s, struct dir *d, enum speech role);

#endif
