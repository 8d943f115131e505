/*
 * named: the hosts that metrics name in a label, and how often each was asked
 * and answered. No number ever falls: a host is named once it has been asked
 * NAMED_MIN times (so that a flood of invented ones names none), counts from
 * zero then, and never leaves. Slot 0 sums all others. Pure.
 */
#ifndef ANALYZER_NAMED_H
#define ANALYZER_NAMED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/meter.h"

#define NAMED_MAX	200
#define NAMED_MIN	16
#define NAMED_LEN	255
#define NAMED_CLASSES	5		/* 2xx 3xx 4xx 5xx other */

struct named_host {
	uint64_t	 requests[METER_METHODS];
	uint64_t	 responses[NAMED_CLASSES];
	uint8_t		 name[NAMED_LEN];
	uint8_t		 len;
	bool		 dirty;		/* not saved */
};

struct named {
	unsigned	 max;		/* as configured */
	unsigned	 n;		/* at least 1 */
	struct named_host host[NAMED_MAX + 1];
};

/* NULL without memory; free(3) it. */
struct named	*named_new(unsigned max);
/* asked: how often, with this time, the host was asked. */
void		 named_request(struct named *, const uint8_t *host, size_t len,
		    uint64_t asked, unsigned method);
void		 named_response(struct named *, const uint8_t *host,
		    size_t len, unsigned status);
/* All counts to zero; the names stay. */
void		 named_reset(struct named *);
const char	*named_class(unsigned);
/* One slot for SAVE; the bytes used, 0 when they do not fit. */
size_t		 named_pack(struct named_host *, uint8_t *, size_t);
/* -1: not what named_pack wrote. */
int		 named_unpack(struct named *, unsigned slot, const uint8_t *,
		    size_t);

#endif
