/*
 * event: one alert or monitor event as a line of text. Pure.
 */
#ifndef UI_EVENT_H
#define UI_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "ui/doc.h"
#include "ui/out.h"

enum event_prefix {
	EVENT_PLAIN,
	EVENT_PRI,		/* <pri> before the line, for logger */
	EVENT_RFC5424		/* a whole message of RFC 5424, section 6 */
};

struct event_origin {
	const char	*hostname;	/* for RFC 5424 */
	long		 pid;		/* of the daemon, 0 unknown */
	unsigned	 facility;	/* of its log lines: RFC 5424, 6.2.1 */
};

/* Row i and its children; a line feed ends it. */
void		 event_line(struct out *, const struct doc *, size_t i);
void		 event_prefixed(struct out *, const struct doc *, size_t i,
		    enum event_prefix, const struct event_origin *);
/* One line that says that numbers start anew; epoch: of hello. */
void		 event_restarted(struct out *, uint64_t epoch,
		    enum event_prefix, const struct event_origin *);

#endif
