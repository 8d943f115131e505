/*
 * leg: a mirror's part of one connection. Each chunk goes through the hooks
 * of both sides, built-in ones first, a program behind them, and what is left
 * to the sinks, each side on its own copy. The leg is owned by its stream,
 * which waits with its end until no program has anything of it any more.
 */
#ifndef MIRROR_LEG_H
#define MIRROR_LEG_H

#include "mirror/copytype.h"

/* Whether the direction hook lets a side see this direction at all. */
bool		 leg_takes(const struct copy *, enum hook_side, uint8_t dir);
/* midstream: its start was not seen, or this process is new. */
void		 leg_open(struct leg *, struct copy *, bool midstream);
void		 leg_chunk(struct leg *, const struct chunk *);
void		 leg_end(struct leg *, const struct chunk *);
void		 leg_gap(struct leg *, const struct chunk *, uint64_t len,
		    enum gap_reason);
/* What the service answered, to whoever compares. */
void		 leg_answer(struct leg *, const struct msg_stream *);
void		 leg_close(struct leg *);
/* All ways out of a provider's queue; arg of provider_conf.done. */
void		 leg_judged(const struct provider_item *, enum hook_verdict);

#endif
