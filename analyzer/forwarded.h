/*
 * forwarded: who asks, as trusted proxies say: the fields X-Forwarded-For and
 * Forwarded (RFC 7239) of a request.
 */
#ifndef ANALYZER_FORWARDED_H
#define ANALYZER_FORWARDED_H

#include <stdbool.h>

#include "analyzer/http.h"
#include "sandbox/addr.h"
#include "sandbox/conf.h"

bool		 forwarded_trusts(const struct conf *, const struct addr *);
/*
 * Each proxy adds at the end of the list whom it was asked by: it is the last
 * address that is no trusted proxy, or the first of all. X-Forwarded-For is
 * asked first. False: no address stands there.
 */
bool		 forwarded_client(const struct conf *,
		    const struct http_head *, struct addr *);

#endif
