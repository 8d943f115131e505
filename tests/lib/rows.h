/*
 * rows: fixed documents for the tests of the client's views.
 *
 * The numbers are those of a small firewall. Names hold what strangers
 * send: escapes, quotes, markup and bytes that are no UTF-8.
 */
#ifndef TESTS_LIB_ROWS_H
#define TESTS_LIB_ROWS_H

#include <stdbool.h>

#include "sandbox/msg.h"
#include "sandbox/row.h"

#define ROWS_TIME	1795113012000000	/* 2026-11-19 18:30:12 UTC */

/* The answer to SHOW subject; lossy sets the mark and a few losses. */
void	 rows_answer(struct buf *, enum show_subject, bool lossy);
/* Two alert events (fired with contributors, cleared), one monitor event. */
void	 rows_events(struct buf *);

/*
 * One row from texts: values in the order of the row table, "-" for zero or
 * an empty text. The words are split at '|'.
 */
void	 rows_put(struct buf *, enum row_kind, unsigned level,
	    const char *values);
/* The same from key=value pairs; those that are missing are zero or empty. */
void	 rows_pairs(struct buf *, enum row_kind, unsigned level,
	    const char *pairs);

#endif
