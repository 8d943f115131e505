/*
 * compare: whether a target answers as the observed service does.
 *
 * Each request that is put on an outgoing connection is an exchange: what the
 * service answered to it is told by the analyzer (STREAM_ANSWER, by the id of
 * the request), what the target answered by its place among the requests of
 * that connection. Either may come first. When both are there they are set
 * against each other; when either will not come, or nobody can be sure, the
 * exchange is counted under its reason. Nothing is guessed: behind a request
 * that two servers may read differently, or that the service answered before
 * its end, and behind an answer that is broken, nothing of that connection is
 * compared any more.
 *
 * All requests that were put = compared + not_compared + those under way.
 *
 * An exchange is in the list of its leg until the service's answer is known,
 * in that of its outgoing connection as long as there is one, and freed when it
 * is counted. They are charged to MEM_STREAMS, in blocks. Pure: the clock is
 * the caller's.
 */
#ifndef MIRROR_COMPARE_H
#define MIRROR_COMPARE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/http.h"
#include "mirror/reply.h"
#include "sandbox/mem.h"
#include "sandbox/msg.h"

#define COMPARE_OPEN_MAX	16384	/* exchanges under way */
#define COMPARE_SECTIONS	128	/* the rest is other */
#define COMPARE_LAST		8	/* differences that are kept */
#define COMPARE_PATH_MAX	128
#define COMPARE_METHOD_MAX	16
#define COMPARE_SLOWER_US	10000	/* and twice as long */

/* Why an exchange was not compared; of several the first. */
#define COMPARE_REASONS(R)						\
	R(UNSEEN,	"service-unseen")	/* no answer of its */	\
	R(GAP,		"service-gap")		/* lost bytes in it */	\
	R(CUT,		"service-cut")		/* ended too early */	\
	R(OTHER,	"service-switched")	/* no HTTP/1 answer */	\
	R(AMBIGUOUS,	"ambiguous")		/* it or one before */	\
	R(LOST,		"target-lost")		/* connection broke */	\
	R(UNANSWERED,	"target-unanswered")	/* closed without */	\
	R(BROKEN,	"target-broken")	/* its answer, before */ \
	R(SWITCHED,	"target-switched")	/* no HTTP any more */	\
	R(LIMIT,	"limit")		/* too many, no memory */

#define R(name, text)	COMPARE_##name,
enum compare_reason { COMPARE_REASONS(R) COMPARE_REASONS_MAX };
#undef R

/* compared = same + status_differs + length_differs. */
struct compare_counts {
	uint64_t	 compared;
	uint64_t	 same;
	uint64_t	 status_differs;
	uint64_t	 length_differs;	/* of the same status */
	uint64_t	 slower;		/* of all compared */
	uint64_t	 not_compared;
};

struct compare_stats {
	struct compare_counts all;
	uint64_t	 reason[COMPARE_REASONS_MAX];
};

struct compare_section {
	uint16_t	 len;
	uint8_t		 name[HTTP_SECTION_MAX];
	struct compare_counts n;
};

struct compare_side {
	uint16_t	 status;
	uint64_t	 body;		/* content, without framing */
	uint64_t	 wait_us;	/* from the request's first byte to the
				 * answer's; UINT64_MAX: not known */
};

struct compare_difference {
	uint64_t	 wall_us;
	char		 method[COMPARE_METHOD_MAX];
	uint8_t		 path_len;
	uint8_t		 path[COMPARE_PATH_MAX];	/* up to '?' */
	struct compare_side service;
	struct compare_side target;
};

struct compare;
struct exchange;
struct compare_leg;

TAILQ_HEAD(exchanges, exchange);

/* Part of an outgoing connection. */
struct compare_out {
	struct exchanges open;		/* not counted yet, in order */
	struct exchange	*unsent;	/* the first of which nothing went */
	struct exchange	*unheard;	/* the first without an answer */
	bool		 stopped;
	uint8_t		 why;		/* enum compare_reason */
};

/* A request as it is put on a connection. */
struct compare_request {
	uint64_t	 id;		/* of the observed connection */
	bool		 sure;		/* that it is a request */
	const uint8_t	*head;
	size_t		 len;
	uint64_t	 place;		/* among the requests there, from 0 */
	uint64_t	 at;		/* among its bytes */
};

struct compare	*compare_new(struct mem *);
void		 compare_free(struct compare *);
/* How many folders of a path make a section, and the time of the day. */
void		 compare_set(struct compare *, unsigned depth,
		    uint64_t wall_us);
const char	*compare_reason_name(enum compare_reason);
const struct compare_stats *compare_stats(const struct compare *);
void		 compare_set_stats(struct compare *,
		    const struct compare_stats *);
/* To nothing, sections and differences too. */
void		 compare_clear(struct compare *);
/* At i, from 0; NULL behind the last one. Behind the named ones is other. */
const struct compare_section *compare_section(const struct compare *,
		    size_t i);
/* The newest is at 0; NULL behind the oldest. */
const struct compare_difference *compare_last(const struct compare *,
		    size_t i);
size_t		 compare_open(const struct compare *);

/* ---- the observed connection; *leg is NULL at first ---- */

void		 compare_answer(struct compare *, struct compare_leg **,
		    const struct msg_stream *);
/* No more of it will come. */
void		 compare_leg_end(struct compare *, struct compare_leg **);

/* ---- an outgoing connection ---- */

void		 compare_out_init(struct compare_out *);
void		 compare_asked(struct compare *, struct compare_leg **,
		    struct compare_out *, const struct compare_request *);
/* Its bytes before sent_to have gone, by now. */
void		 compare_sent(struct compare_out *, uint64_t sent_to,
		    uint64_t now_us);
/* The answer to the request at a place is whole. */
void		 compare_answered(struct compare *, struct compare_out *,
		    uint64_t place, const struct reply *);
/* After each piece of what the target says: perhaps that was the end. */
void		 compare_heard(struct compare *, struct compare_out *,
		    const struct reply *);
/* Neither what is open nor what follows is compared. */
void		 compare_stop(struct compare *, struct compare_out *,
		    enum compare_reason);
/*
 * Requests from a place on, whose bytes begin at, go again over another
 * connection, as the first ones there.
 */
void		 compare_move(struct compare_out *to, struct compare_out *from,
		    uint64_t place, uint64_t at);

#endif
