/*
 * flowtrust: what the receiver of a segment would believe: checksums, the
 * window, resets, and nothing after a FIN. Private to flow.
 */
#ifndef ANALYZER_FLOWTRUST_H
#define ANALYZER_FLOWTRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/flowseg.h"

#define FLOWTRUST_SLACK		(1 << 20)	/* moved where we did not see */
#define FLOWTRUST_WIN_MIN	65535		/* a scale may be unseen */
#define FLOWTRUST_BEHIND	(64 << 20)	/* none comes so late */

/* Whether the receiver throws this away for a bad checksum. */
bool		 flowtrust_bad_sum(struct seg *);
/* How far ahead of next the sender of h may be, by what o granted. */
int64_t		 flowtrust_window(const struct flow_half *h,
    const struct flow_half *o);
/* Whether ahead is in it; hardly anything is further than it always allows. */
static inline bool
flowtrust_in_reach(const struct flow_half *h, const struct flow_half *o,
    int64_t ahead)
{
	if (ahead < -FLOWTRUST_BEHIND)
		return false;
	return ahead <= FLOWTRUST_WIN_MIN + FLOWTRUST_SLACK ||
	    ahead <= flowtrust_window(h, o);
}

/* Whether the receiver would take it; odd ones are remembered. */
bool		 flowtrust_in_window(struct seg *);
/* Goes on at seq after loss on a scale that no window explains. */
void		 flowtrust_resync(struct seg *, int dir, uint32_t seq);
/* What the sender said after its FIN is not for anyone. */
bool		 flowtrust_after_fin(struct seg *);
bool		 flowtrust_rst_valid(const struct seg *);

#endif
