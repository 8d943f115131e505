/*
 * history: what history logs keep. A period is as long as a window, and is
 * over when the first moment behind it comes: what was counted until then is
 * sent to the mirror. Nothing is kept offline, where there are no windows.
 */
#ifndef ANALYZER_HISTORY_H
#define ANALYZER_HISTORY_H

#include "analyzer/state.h"

/* What this configuration keeps, from the next period on. */
void		 history_conf(struct analyzer *, const struct conf *);
/*
 * The mapped time at which the next period ends, UINT64_MAX for none. One that
 * nobody looked at for long is passed over: nothing was counted.
 */
uint64_t	 history_next(struct analyzer *, uint64_t now_us);
/* It is that time, and nothing of a later one was counted. */
void		 history_take(struct analyzer *);

#endif
