/*
 * eve_rows: the events that come as rows, as objects of a JSON line: alerts
 * with what led to them, and statistics under Suricata's names. Pure.
 */
#ifndef MIRROR_EVE_ROWS_H
#define MIRROR_EVE_ROWS_H

#include "mirror/line.h"
#include "sandbox/conf.h"
#include "sandbox/msg.h"

/* The rule's place in the configuration is its number. */
void		 eve_alert(struct line *, const struct msg_event *,
		    const struct conf *);
void		 eve_stats(struct line *, const struct msg_event *);
/* Every tally by our own name. */
void		 eve_stats_extras(struct line *, const struct msg_event *);

#endif
