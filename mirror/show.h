/*
 * show: the mirror's rows: a ROW_MIRROR with its reasons, statuses and files
 * per mirror, and ROW_MEMORY per pool.
 */
#ifndef MIRROR_SHOW_H
#define MIRROR_SHOW_H

#include "mirror/copy.h"
#include "sandbox/answer.h"
#include "sandbox/mem.h"

void	 show_mirror(struct answer *, const struct copy *);
void	 show_memory(struct answer *, const struct mem *, size_t streams,
	    uint64_t queued, uint64_t queue_limit);

#endif
