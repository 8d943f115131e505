/*
 * orphans: what this mirror must tell of the time when none was there: the
 * recorded connections that were open when the mirror before it was lost.
 * Each becomes one line in FILE.gaps, when it is seen again or at the end of
 * the wait; one more line stands for those that came and went meanwhile.
 */
#ifndef MIRROR_ORPHANS_H
#define MIRROR_ORPHANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mirror/copytype.h"
#include "mirror/slots.h"

struct orphans;

/* expected: this process replaces a lost one; else nothing is told. */
struct orphans	*orphans_new(struct slots *, bool expected);

/* Whether anything is to be told. */
bool		 orphans_expected(const struct orphans *);
/* An open connection as it was saved; without memory a gap not listed. */
void		 orphans_add(struct orphans *, unsigned slot,
		    const struct gap_open *);
/* Better last_us from the tail of a record; from and to as in the file. */
void		 orphans_recorded(struct orphans *, const char *mirror,
		    const char *from, const char *to, uint64_t ts_us);

/* A recorded connection whose start was not seen, first seen at next_us. */
void		 orphans_met(struct orphans *, struct leg *,
		    uint64_t next_us);
/* Between the last record of all, 0: none, and the first frame. */
void		 orphans_absence(const struct orphans *, struct copy *,
		    uint64_t last_us, uint64_t next_us);
/* The wait is over: from now on a mid-stream connection is only that. */
void		 orphans_end(struct orphans *, struct copy **, size_t ncopies,
		    uint64_t next_us);

#endif
