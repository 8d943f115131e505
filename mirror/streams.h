/*
 * streams: the mirrored connections that are open now, by flow id. Each has
 * a framer per direction and a leg per mirror that observes it. Recorded ones
 * have a slot with the parent, so that a fresh mirror can name the gap that
 * the loss of this one makes.
 */
#ifndef MIRROR_STREAMS_H
#define MIRROR_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/copy.h"
#include "mirror/framer.h"
#include "mirror/orphans.h"
#include "mirror/slots.h"
#include "sandbox/conf.h"
#include "sandbox/mem.h"
#include "sandbox/msg.h"

struct streams;

struct streams_conf {
	struct mem	*mem;
	struct tally	*tally;
	struct copy	**copies;	/* by index of the configuration */
	size_t		 ncopies;
	struct slots	*slots;
	struct orphans	*orphans;
};

struct streams	*streams_new(const struct streams_conf *);
/* Those that are new have what they observe, from its next message on. */
void		 streams_set_copies(struct streams *, struct copy **, size_t);
/* One record of a STREAM frame. */
void		 streams_take(struct streams *, const struct msg_stream *);
/* Says that a record will be taken soon. */
void		 streams_prefetch(const struct streams *,
		    const struct msg_stream *);
/* After each frame: ended ones go. */
void		 streams_reap(struct streams *);
void		 streams_close_all(struct streams *);
/* The same; what they had yet to bring is lost: GAP_ANALYZER, GAP_BEHIND. */
void		 streams_lose_all(struct streams *, enum gap_reason);
/*
 * No leg uses this copy any more after it. Its connections go on with the heir,
 * if not NULL, where that observes them.
 */
void		 streams_drop_copy(struct streams *, struct copy *,
		    struct copy *heir);
/* Saves again what has moved since. Once a second. */
void		 streams_save(struct streams *);
/* Saves again, whatever it holds, each of these slots that is in use. */
void		 streams_save_these(struct streams *,
		    const uint64_t slots[SLOTS_WORDS]);
struct leg	*streams_find(struct streams *, uint64_t flow, struct copy *);
size_t		 streams_count(const struct streams *);

#endif
