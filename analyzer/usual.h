/*
 * usual: the level that something has at other times: the larger, or the
 * smaller, of what it had an hour before and what it had a day before (or, as
 * long as that is not known, in the mean). Half hours are kept for a bit more
 * than a day, as rates; one of which less than half was seen is not known.
 * Pure.
 */
#ifndef ANALYZER_USUAL_H
#define ANALYZER_USUAL_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/buf.h"

#define USUAL_SPAN_US	1800000000ULL
#define USUAL_SPANS	52		/* 48 are a day */
#define USUAL_OFTEN	5		/* of fewer there is often none */
#define USUAL_PACKED	((USUAL_SPANS - 1) * 2 + 8 + 4 + 8)	/* bytes */

/* The half hours that all the levels of a rule share; zeroed it begins. */
struct usual_clock {
	uint64_t	 span;		/* the running one, its number */
	uint64_t	 last_us;
	uint64_t	 watched_us;	/* of the running one */
	uint64_t	 kept_us;	/* wall clock of what usual_get read */
	bool		 known[USUAL_SPANS];
};

struct usual {
	float		 rate[USUAL_SPANS];	/* a second; below 0: unknown */
	uint64_t	 sum;			/* of the running one */
};

/* A level that was not there before: nothing, as far as that is known. */
void		 usual_begin(const struct usual_clock *, struct usual *);
/* It had what another one had, where that is more. */
void		 usual_raise(struct usual *, const struct usual *other);
/*
 * Time goes on; seen: since the last call all was watched. True when the
 * running half hour is over: usual_end for each level, and again.
 */
bool		 usual_pass(struct usual_clock *, uint64_t now_us, bool seen);
void		 usual_end(const struct usual_clock *, struct usual *);
/* Behind usual_end of all. */
void		 usual_next(struct usual_clock *);
/*
 * What is usual to be counted within over_us, at now_us. Below 0: not known.
 */
double		 usual_level(const struct usual_clock *, const struct usual *,
		    uint64_t now_us, uint64_t over_us, bool larger);
/* When that may change next while nothing is counted. */
uint64_t	 usual_changes(uint64_t now_us, uint64_t over_us);

/*
 * Over a loss of the process, or a restart, which takes the wall clock to tell
 * how long that was; nobody watched meanwhile. -1 when it is none.
 */
void		 usual_put(const struct usual_clock *, const struct usual *,
		    uint64_t now_us, uint64_t wall_us, struct buf *);
int		 usual_get(struct usual_clock *, struct usual *,
		    uint64_t now_us, uint64_t wall_us, struct buf *);

#endif
