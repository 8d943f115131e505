/*
 * flowack: what an acknowledgement tells: how far the peer is, round trips,
 * and what was sent but not seen. Private to flow.
 */
#ifndef ANALYZER_FLOWACK_H
#define ANALYZER_FLOWACK_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/flowseg.h"

/*
 * h, of which only bare acknowledgements were seen, goes on at seq: where that
 * is a byte later, the first was a keep-alive probe, which begins a byte early.
 */
static inline void
flowack_probed(struct flow_half *h, const struct flow_half *o, uint32_t seq)
{
	if ((h->flags & (HALF_BASE | HALF_SEEN | HALF_SYN)) ==
	    (HALF_BASE | HALF_SEEN) && !(o->flags & HALF_SYN) &&
	    h->r.next == 0 && reass_ahead(&h->r, seq) == 1 &&
	    !reass_waits(&h->r))
		reass_rebase(&h->r, seq);
}

/* False: it acknowledges what nobody can have sent. */
bool		 flowack_take(struct seg *);

#endif
