/*
 * alerts: the last events of all alerts, kept in the parent so that they
 * outlive an analyzer. Each gets a sequence number; with the epoch of the
 * daemon it names the event for ever. Memory is fixed: ALERTS_KEPT events of
 * at most ALERTS_BYTES_MAX bytes.
 */
#ifndef PARENT_ALERTS_H
#define PARENT_ALERTS_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox/buf.h"
#include "sandbox/log.h"

#define ALERTS_KEPT		4096
#define ALERTS_BYTES_MAX	4096
#define ALERTS_LINE_MAX		LOG_LINE_MAX

struct alerts;

struct alerts	*alerts_new(uint64_t epoch);
void		 alerts_free(struct alerts *);

/*
 * Keeps the event in the body of an ALERT frame. seq: its number, 0 when there
 * was no memory for it; -1 when the body is not one.
 */
int		 alerts_add(struct alerts *, struct buf *body, uint64_t *seq);
uint64_t	 alerts_epoch(const struct alerts *);
/* Numbers kept: first to last; last 0 while there is none. */
uint64_t	 alerts_first(const struct alerts *);
uint64_t	 alerts_last(const struct alerts *);
/*
 * Packed rows of an event, with missed as the number of lines lost before
 * it. -1 when seq is not kept.
 */
int		 alerts_rows(const struct alerts *, uint64_t seq,
		    uint64_t missed, struct buf *);
/* The daemon's own log line of an event, escaped; its level. */
enum log_level	 alerts_line(const struct alerts *, uint64_t seq, char *line,
		    size_t size);

#endif
