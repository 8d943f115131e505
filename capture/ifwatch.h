/*
 * ifwatch: what the kernel says about its interfaces and their addresses
 * (rtnetlink(7)).
 *
 * One socket gives events; a dump gives everything, of links with the 64-bit
 * counters. The caller asks for a dump of these at the start, each second, and
 * when events were lost; of addresses, behind it, at the start and when events
 * were lost: the kernel does one dump at a time. ifwatch_parse is pure and
 * bounded: a message or attribute that lies about its length ends the parsing.
 */
#ifndef CAPTURE_IFWATCH_H
#define CAPTURE_IFWATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/addr.h"

#define IFWATCH_NAME_MAX	32
#define IFWATCH_KIND_MAX	16

struct ifwatch_link {
	uint32_t	 index;
	uint32_t	 flags;		/* IFF_ */
	uint32_t	 link;		/* IFLA_LINK of this namespace, or 0 */
	uint32_t	 master;	/* or 0 */
	uint16_t	 arphrd;
	bool		 carrier;
	bool		 has_stats;
	bool		 xdp;		/* a program is attached */
	char		 name[IFWATCH_NAME_MAX];	/* raw bytes */
	char		 kind[IFWATCH_KIND_MAX];
	uint64_t	 rx_packets;
	uint64_t	 rx_bytes;
	uint64_t	 rx_dropped;
	uint64_t	 tx_packets;
	uint64_t	 tx_bytes;
};

struct ifwatch_addr {
	uint32_t	 index;		/* of its interface */
	struct addr	 addr;
};

enum ifwatch_event {
	IFWATCH_LINK,		/* there, or changed */
	IFWATCH_GONE,		/* index and name are set */
	IFWATCH_ADDR,		/* there, or changed */
	IFWATCH_ADDR_GONE,
	IFWATCH_DONE,		/* the dump is complete */
	IFWATCH_BROKEN		/* the dump is to be asked for again */
};

enum ifwatch_what { IFWATCH_NOTHING, IFWATCH_LINKS, IFWATCH_ADDRS };

/*
 * A link or an address is told, or neither. dump: the event belongs to a dump
 * that was asked for.
 */
typedef void	 ifwatch_fn(enum ifwatch_event, const struct ifwatch_link *,
		    const struct ifwatch_addr *, bool dump, void *arg);

/* Non-blocking; -1 with errno. */
int	 ifwatch_open(void);
/* Asks for a dump of what under this number, not 0. -1 with errno. */
int	 ifwatch_ask(int fd, enum ifwatch_what, uint32_t seq);
/*
 * Reads and tells all that is there. -1 with ENOBUFS when events were lost,
 * another errno when the socket is of no use.
 */
int	 ifwatch_read(int fd, uint32_t seq, ifwatch_fn *, void *arg);
/* One datagram of n bytes. */
void	 ifwatch_parse(const uint8_t *p, size_t n, uint32_t seq, ifwatch_fn *,
	    void *arg);

#endif
