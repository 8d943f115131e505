/*
 * slots: the numbers under which open connections are saved with the parent.
 */
#ifndef MIRROR_SLOTS_H
#define MIRROR_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/gaps.h"
#include "sandbox/msg.h"
#include "sandbox/tally.h"

#define SLOTS_WORDS	(MSG_SAVE_SLOTS / 64)

struct slots {
	/* A slot to save; NULL deletes it. */
	void		(*save)(void *arg, unsigned slot,
			    const struct gap_open *);
	void		*arg;
	struct tally	*tally;
	uint64_t	 used[SLOTS_WORDS];
	unsigned	 next;
};

static inline bool
slots_bit(const uint64_t bits[SLOTS_WORDS], unsigned slot)
{
	return bits[slot / 64] >> (slot % 64) & 1;
}

/* A free one, taken; -1 when there is none, which is counted. */
int		 slots_take(struct slots *);
/* One that is in use already: it was restored. */
void		 slots_mark(struct slots *, unsigned slot);
void		 slots_give(struct slots *, unsigned slot);

#endif
