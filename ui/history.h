/*
 * history: what netmonctl shows of a history log (past.h): a document of the
 * daemon as it was at a time, and a table of steps of time.
 */
#ifndef UI_HISTORY_H
#define UI_HISTORY_H

#include <stddef.h>

#include "ui/command.h"
#include "ui/doc.h"
#include "ui/out.h"

/*
 * The document of a command with TIME_AT: what the daemon would have answered
 * then, or at TIME_WITH (a day before). Of a report, what was kept. An exit
 * status, with a line for the user in why.
 */
int	 history_at(struct doc *, const struct command *, enum command_time,
	    char *why, size_t size);
/* The line "from 2026-11-20 18:30:12 UTC for 60s   complete 100%" of it. */
void	 history_head(struct out *, const struct doc *);
/* ROW_PERIODs: TIME_SINCE (a day) to TIME_UNTIL (now) by TIME_STEP (1h). */
int	 history_table(struct doc *, const struct command *, char *why,
	    size_t size);

#endif
