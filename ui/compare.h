/*
 * compare: what was more, and what less, at one time of a history log than at
 * another.
 */
#ifndef UI_COMPARE_H
#define UI_COMPARE_H

#include <stddef.h>

#include "ui/command.h"
#include "ui/doc.h"
#include "ui/out.h"

/*
 * ROW_CHANGEs between TIME_WITH (a day before) and TIME_AT: the sums, then
 * hosts, statuses, clients and names, the largest change of each first. head,
 * if not NULL, gets a line about each time. An exit status, with a line for
 * the user in why.
 */
int	 compare_times(struct doc *, const struct command *, struct out *head,
	    char *why, size_t size);

#endif
