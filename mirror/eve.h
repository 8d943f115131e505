/*
 * eve: one event as one line of an event log. Pure.
 *
 * Format eve is JSON with Suricata's keys (its published schema is closed at
 * the top level, so what is ours sits in the object "netmond", and only with
 * extras). Formats combined and common are the access logs of web servers
 * and take http events only. Whatever a stranger sent is escaped; a line is
 * always one line of valid UTF-8.
 */
#ifndef MIRROR_EVE_H
#define MIRROR_EVE_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox/conf.h"
#include "sandbox/msg.h"

#define EVE_LINE_MAX	(128 * 1024)

/* Where a line comes from; the extras say it. */
struct eve_origin {
	const char	*node;		/* the host */
	uint64_t	 epoch;		/* of the daemon */
	uint64_t	 seq;		/* of the line in its log */
};

/*
 * The line, newline included: its length, 0 when this log does not take this
 * event, -1 when it does not fit or its rows are no rows. The origin may be
 * NULL.
 */
int		 eve_line(char *out, size_t size, const struct msg_event *,
		    const struct conf_log *, const struct conf *,
		    const struct eve_origin *);

#endif
