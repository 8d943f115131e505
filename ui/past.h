/*
 * past: the periods of a history log, out of FILE and of those that were
 * rotated from it, oldest first. Files are read piece by piece; what is no
 * period is passed over.
 */
#ifndef UI_PAST_H
#define UI_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/period.h"
#include "ui/doc.h"

struct past {
	const char	*file;
	uint64_t	 since_us;	/* periods that end behind this */
	uint64_t	 until_us;	/* and begin before this */
	/* Each of them; false: enough. */
	bool		(*fn)(void *arg, const struct period *,
			    const struct period_keys *);
	void		*arg;
	uint64_t	 before_us;	/* the last end by since_us, 0: none */
};
/* 0, or an exit status of netmonctl with a line for the user in why. */
int		 past_read(struct past *, char *why, size_t size);
/*
 * Adds the rows of a chunk. 0; -1 when it was not kept, is none, or without
 * memory.
 */
int		 past_rows(struct doc *, const struct period *,
		    const struct period_keys *, const char *chunk);

/*
 * A time of the user, in UTC: 03:12 and 03:12:30, the last such moment before
 * now; 2026-11-30, 2026-11-30T03:12 and 2026-11-30T03:12:30, with Z or
 * without; 90m, 2h or 1d: so long ago. -1 when it is none.
 */
int		 past_time(const char *, uint64_t now_us, uint64_t *us);
/* A span of the user: 30s, 10m, 1h, 1d. -1 when it is none, or 0. */
int		 past_span(const char *, uint64_t *us);

#endif
