/*
 * recording_gaps: what the lines beside a recording say of its connections.
 *
 * Beside FILE they are in FILE.gaps. Rotation moves both, to FILE.STAMP and
 * FILE.gaps.STAMP: not always in one second, and a gap that ends later is told
 * in a later file. So for FILE.STAMP those of all files from that stamp on
 * count that follow a record of its own.
 */
#ifndef UI_RECORDING_GAPS_H
#define UI_RECORDING_GAPS_H

#include "ui/recording.h"

/* first to last: when the records of the file were captured. */
void		 recording_gaps(struct recording *, const char *file,
		    uint64_t first_us, uint64_t last_us);

#endif
