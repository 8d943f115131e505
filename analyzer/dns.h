/*
 * dns: the addresses that an answer of a name server gives for the name that
 * was asked (RFC 1035, section 4; RFC 3596). One question; whatever aliases
 * stand between, the name is that of the question, as a client asks it. Pure,
 * without state.
 */
#ifndef ANALYZER_DNS_H
#define ANALYZER_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox/addr.h"

#define DNS_PORT	53
#define DNS_NAME_MAX	253		/* as text (RFC 1035, 2.3.4) */
#define DNS_ADDRS	32		/* of one answer that are told */

struct dns_answer {
	char		 name[DNS_NAME_MAX + 1];	/* lower case */
	size_t		 name_len;
	struct addr	 addr[DNS_ADDRS];
	uint32_t	 ttl[DNS_ADDRS];	/* seconds */
	unsigned	 naddrs;
};

/*
 * A message of UDP. -1: no answer without fault to a question that names a
 * host in letters, digits, hyphens and underscores; a message that is cut
 * gives what is whole.
 */
int	 dns_parse(const uint8_t *, size_t, struct dns_answer *);

#endif
