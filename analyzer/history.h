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
 * It is az->history.next_us, and nothing of a later time was counted: a period
 * is over. Of those that follow, the ones that ended long before now_us are
 * passed over, as nobody was there to count in them.
 */
void		 history_take(struct analyzer *, uint64_t now_us);
/* Nothing more will be counted in the periods under way: they are kept. */
void		 history_end(struct analyzer *);

#endif
