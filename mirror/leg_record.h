/*
 * leg_record: the record side of a connection: what passed the hooks becomes
 * records of the mirror's format in its file, and what the file refuses a
 * hole. In gogetway and raw each piece is one at once; in gor a message
 * gathers until it is complete, at most as much as the queue of the mirror and
 * charged to MEM_STREAMS.
 */
#ifndef MIRROR_LEG_RECORD_H
#define MIRROR_LEG_RECORD_H

#include "mirror/copytype.h"

/* The file of a copy that records. -1: no memory. */
int		 leg_record_open(struct copy *);

void		 leg_record_chunk(struct leg *, const struct chunk *);
/* A message that the rules leave out begins: what is missing ends there. */
void		 leg_record_ignored(struct leg *, const struct chunk *);
/* The message whose head came last is complete. */
void		 leg_record_end(struct leg *, unsigned dir);
/* No more will come. */
void		 leg_record_finish(struct leg *);

#endif
