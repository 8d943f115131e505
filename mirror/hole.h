/*
 * hole: what is missing in the record of a connection, from its first byte
 * until the record goes on, and the line that tells it in FILE.gaps.
 *
 * A gap that goes on is settled only when the file was flushed: the disk may
 * refuse the very bytes with which it ends, and then it is still open. Lines
 * that the disk refuses are kept, up to COPY_PENDING_MAX.
 *
 * What a lost analyzer had is missing until the next one speaks, and what we
 * were too slow for until we have caught up: lines of such gaps wait for that.
 */
#ifndef MIRROR_HOLE_H
#define MIRROR_HOLE_H

#include "mirror/copytype.h"

/* The file of the lines. -1: no memory. */
int		 hole_open(struct copy *);
/* A line, of whatever gap; counted in any case. */
void		 hole_write(struct copy *, const struct gap *);
/* Lines that the disk did not take before. */
void		 hole_retry(struct copy *);

/* From offset on, until a message or another protocol begins. */
void		 hole_begin(struct leg *, unsigned dir, enum gap_reason,
		    uint64_t offset);
/* The gap ends with the bytes at offset, if the file takes them. */
void		 hole_resume(struct leg *, unsigned dir, uint64_t offset,
		    uint64_t next_us);
/* To be looked at by hole_settle: it has ended or goes on. */
void		 hole_later(struct leg *);
/* The file was flushed: what goes on and what has ended is settled. */
void		 hole_settle(struct copy *);
/*
 * A line for connections of which nothing was seen: between two frames packets
 * were dropped, or somebody was away.
 */
void		 hole_all(struct copy *, enum gap_reason, uint64_t last_us,
		    uint64_t next_us);
/* There is no memory for a connection, which begins or goes on at ts_us. */
void		 hole_refused(struct copy *, uint64_t ts_us);
/* A reload lets it observe a connection of which nothing is read any more. */
void		 hole_unread(struct copy *);
/* Each second, and at the end: one line for all of each kind. */
void		 hole_tell_refused(struct copy *);
/*
 * The analyzer was lost (ANALYZER), its last frame was of last_us, or it left
 * out what came later, because we were behind (QUEUE).
 */
void		 hole_away(struct copy *, enum gap_reason, uint64_t last_us);
/*
 * What comes from next_us on is told again. One more line stands for
 * connections that came and went meanwhile, if not 0; nobody may know how many.
 */
#define HOLE_SOME	STREAM_SOME
void		 hole_back(struct copy *, uint64_t next_us,
		    uint64_t connections);
/* No more is told: lines that wait for anything are written now. */
void		 hole_end(struct copy *);

#endif
