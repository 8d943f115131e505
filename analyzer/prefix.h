/*
 * prefix: what may stand before the first message of a stream: the PROXY
 * protocol, versions 1 and 2 (haproxy's proxy-protocol.txt), and SOCKS 4, 4a
 * and 5, both sides (RFC 1928, 1929). Keeps and copies nothing.
 */
#ifndef ANALYZER_PREFIX_H
#define ANALYZER_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/addr.h"

#define PREFIX_MORE	SIZE_MAX

/* Length of such a prefix (len > 0); 0: none; PREFIX_MORE: not all here. */
size_t		 prefix_len(const uint8_t *, size_t len);
/* Whose connection it is, as the PROXY protocol says; false: it does not. */
bool		 prefix_source(const uint8_t *, size_t len,
		    struct endpoint *);

#endif
