/*
 * addrs: the addresses of this host, as ifwatch tells them. Whatever comes from
 * one of them was begun here, or translated here, so the analyzer wants to know
 * them, of interfaces that are not watched, too. Loopback and link-local
 * addresses are none: nothing is translated to these.
 */
#ifndef CAPTURE_ADDRS_H
#define CAPTURE_ADDRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/ifwatch.h"
#include "sandbox/addr.h"
#include "sandbox/msg.h"

struct addrs {
	struct {
		struct ifwatch_addr	 a;
		uint32_t		 dump;	/* that named it last */
	}		 v[MSG_LOCAL_MAX];
	size_t		 n;
	bool		 changed;	/* LOCAL is to be sent */
	bool		 stale;		/* a dump is wanted */
	bool		 refused;	/* there were too many */
};

/* dump as of ifaces_update. False: there are too many already. */
bool	 addrs_update(struct addrs *, const struct ifwatch_addr *,
	    uint32_t dump);
void	 addrs_gone(struct addrs *, const struct ifwatch_addr *);
/* After a complete dump: what it did not name is gone. */
void	 addrs_sweep(struct addrs *, uint32_t dump);

#endif
