/*
 * keep: what outlives netmond, in a file: what is usual, as the analyzer saved
 * it. Nothing that it needs to run: where the file is damaged, of another
 * version or machine, or gone, that is said, and all begins anew.
 *
 * The file is written beside itself and renamed, so that it is whole or the
 * one before; nobody waits until the disk has it. It is read when it is a
 * regular file of ours or root's that nobody else may write.
 */
#ifndef PARENT_KEEP_H
#define PARENT_KEEP_H

#include <stdint.h>

#include "parent/slots.h"

#define KEEP_EVERY_US	600000000ULL	/* what a crash costs at most */

/* Zeroed before the first use. */
struct keep {
	uint64_t	 last;		/* hash of what is in which file */
	uint64_t	 fails;		/* in a row */
};

/* Into the slots, which are empty. -1: what is there was not taken. */
int		 keep_read(struct keep *, const char *path, struct slots *);
/* -1: it could not be written; said once, and when it works again. */
int		 keep_write(struct keep *, const char *path,
		    const struct slots *);

#endif
