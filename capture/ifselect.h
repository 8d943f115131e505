/*
 * ifselect: which interfaces are opened. Pure.
 *
 * With `interface` lines in the configuration, those that are named or
 * matched and not excluded. Without, every interface that is up and not
 * excluded, as the smallest set that still shows every packet:
 *
 *   a VLAN or macvlan is covered by the device below it, which shows the
 *   same frames with their tags;
 *   a port of a bond or team is covered by the bond;
 *   a bridge is covered by its ports, once all that are up are open or
 *   covered themselves (frames between ports never show on the bridge);
 *
 * An interface that is excluded, down, or could not be opened covers nothing.
 * Tunnels are opened beside the device that carries them, because what
 * carries them may hide what is inside. So are an ipvlan, which hands packets
 * to its sisters past the device below, and a VRF, which is the loopback of
 * its ports' own addresses.
 */
#ifndef CAPTURE_IFSELECT_H
#define CAPTURE_IFSELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/conf.h"

enum ifselect {
	IFSELECT_OPEN,
	IFSELECT_DOWN,		/* would be opened if it were up */
	IFSELECT_COVERED,
	IFSELECT_EXCLUDED	/* by the configuration, or of no use */
};

struct ifselect_if {
	const char	*name;
	const char	*kind;		/* of IFLA_INFO_KIND, "" none */
	uint32_t	 index;
	uint32_t	 link;		/* IFLA_LINK in this namespace, or 0 */
	uint32_t	 master;	/* or 0 */
	uint16_t	 arphrd;	/* hardware type, ARPHRD_ of if_arp.h */
	bool		 up;
	bool		 failed;	/* opening it was refused */
	/* answer */
	enum ifselect	 select;
};

/* Fills in the answer of each of n interfaces; their order does not matter. */
void	 ifselect(const struct conf *, struct ifselect_if *, size_t n);
/* The interface line that holds for a name, NULL for the defaults. */
const struct conf_interface *
	 ifselect_conf(const struct conf *, const char *name);
/*
 * The ring of one interface: its own override, or a share of the total for
 * shares interfaces, of which granted bytes are taken already. One alone
 * gets half, so that the next one finds room; rings are never made anew.
 * Each has the minimum, also past the total; but far past it (hundreds of
 * interfaces) the least that works.
 */
uint64_t ifselect_ring(const struct conf *, const struct conf_interface *,
	    size_t shares, uint64_t granted);
#define IFSELECT_RING_BLOCK	(256 * 1024)
#define IFSELECT_RING_MIN	(2 * 1024 * 1024)
/* One block is filled while the other one is read. */
#define IFSELECT_RING_LEAST	(2 * IFSELECT_RING_BLOCK)
#define IFSELECT_RING_FAR	4	/* times the total */

#endif
