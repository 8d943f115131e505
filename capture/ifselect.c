#include <net/if_arp.h>

#include <string.h>

#include "capture/ifselect.h"
#include "sandbox/compat.h"

#define ARPHRD_IP6GRE_	823	/* newer than some headers */
#define ARPHRD_RAWIP_	519
#define PASSES		8	/* depth of stacks: VLAN on bridge on bond */

static bool
line_matches(const struct conf_interface *c, const char *name)
{
	if (c->match || c->exclude)
		return conf_glob(c->name, name, strlen(name));
	return strcmp(c->name, name) == 0;
}

/* A name beats a glob; among globs the first line holds. */
const struct conf_interface *
ifselect_conf(const struct conf *c, const char *name)
{
	const struct conf_interface	*i, *glob = NULL;
	size_t				 n;

	for (n = 0; n < c->ninterfaces; n++) {
		i = &c->interfaces[n];
		if (i->exclude || !line_matches(i, name))
			continue;
		if (!i->match)
			return i;
		if (glob == NULL)
			glob = i;
	}
	return glob;
}

static bool
excluded(const struct conf *c, const char *name)
{
	size_t	 n;

	for (n = 0; n < c->ninterfaces; n++)
		if (c->interfaces[n].exclude &&
		    line_matches(&c->interfaces[n], name))
			return true;
	return false;
}

static bool
chosen_by_name(const struct conf *c)
{
	size_t	 n;

	for (n = 0; n < c->ninterfaces; n++)
		if (!c->interfaces[n].exclude)
			return true;
	return false;
}

/* Hardware that carries IP: not CAN, netlink taps, vsock taps, 802.15.4. */
static bool
carries_ip(uint16_t arphrd)
{
	static const uint16_t	 types[] = {
		ARPHRD_ETHER, ARPHRD_LOOPBACK, ARPHRD_PPP, ARPHRD_NONE,
		ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_SIT, ARPHRD_IPGRE,
		ARPHRD_IP6GRE_, ARPHRD_RAWIP_, ARPHRD_INFINIBAND,
		ARPHRD_IEEE80211, ARPHRD_IEEE80211_PRISM,
		ARPHRD_IEEE80211_RADIOTAP, ARPHRD_HDLC, ARPHRD_RAWHDLC,
		ARPHRD_FDDI, ARPHRD_ATM, ARPHRD_SLIP, ARPHRD_VOID
	};
	size_t	 i;

	for (i = 0; i < nitems(types); i++)
		if (types[i] == arphrd)
			return true;
	return false;
}

/* ---- covering ---- */

enum cover { BELOW, BY_MASTER, BY_PORTS };

static const struct {
	const char	*kind;
	enum cover	 how;
} covers[] = {
	{ "vlan",	BELOW },
	{ "macvlan",	BELOW },
	{ "macvtap",	BELOW },
	{ "bond",	BY_MASTER },
	{ "team",	BY_MASTER },
	{ "bridge",	BY_PORTS }
};

static bool
kind_is(const char *kind, enum cover how)
{
	size_t	 i;

	for (i = 0; i < nitems(covers); i++)
		if (covers[i].how == how && strcmp(covers[i].kind, kind) == 0)
			return true;
	return false;
}

static struct ifselect_if *
find(struct ifselect_if *v, size_t n, uint32_t index)
{
	size_t	 i;

	for (i = 0; index != 0 && i < n; i++)
		if (v[i].index == index)
			return &v[i];
	return NULL;
}

/* Every packet of it is seen: here or on what covers it. */
static bool
seen(const struct ifselect_if *i)
{
	return (i->select == IFSELECT_OPEN && !i->failed) ||
	    i->select == IFSELECT_COVERED;
}

static bool
ports_cover(struct ifselect_if *v, size_t n, const struct ifselect_if *master)
{
	size_t	 i, ports = 0;

	for (i = 0; i < n; i++) {
		if (v[i].master != master->index || !v[i].up)
			continue;
		if (!seen(&v[i]))
			return false;
		ports++;
	}
	return ports > 0;
}

static bool
cover(struct ifselect_if *v, size_t n, struct ifselect_if *i)
{
	struct ifselect_if	*by;

	if (kind_is(i->kind, BELOW) && (by = find(v, n, i->link)) != NULL &&
	    by != i && seen(by))
		return true;
	if ((by = find(v, n, i->master)) != NULL && by != i &&
	    kind_is(by->kind, BY_MASTER) && seen(by))
		return true;
	return kind_is(i->kind, BY_PORTS) && ports_cover(v, n, i);
}

/*
 * Starting from all open, what is covered by something seen is taken out.
 * No two interfaces cover each other: BELOW and BY_MASTER point down and up
 * at devices of other kinds, and the kernel has no loops of them.
 */
static void
reduce(struct ifselect_if *v, size_t n)
{
	size_t	 i;
	int	 pass;
	bool	 changed = true;

	for (pass = 0; changed && pass < PASSES; pass++) {
		changed = false;
		for (i = 0; i < n; i++) {
			if (v[i].select != IFSELECT_OPEN ||
			    !cover(v, n, &v[i]))
				continue;
			v[i].select = IFSELECT_COVERED;
			changed = true;
		}
	}
}

void
ifselect(const struct conf *c, struct ifselect_if *v, size_t n)
{
	size_t	 i;
	bool	 named = chosen_by_name(c);

	for (i = 0; i < n; i++) {
		if (excluded(c, v[i].name) ||
		    (named && ifselect_conf(c, v[i].name) == NULL) ||
		    (!named && !carries_ip(v[i].arphrd)))
			v[i].select = IFSELECT_EXCLUDED;
		else
			v[i].select = v[i].up ? IFSELECT_OPEN : IFSELECT_DOWN;
	}
	if (!named)
		reduce(v, n);
}

uint64_t
ifselect_ring(const struct conf *c, const struct conf_interface *ci,
    size_t shares, uint64_t granted)
{
	uint64_t	 share, left, least;

	if (ci != NULL && ci->ring != 0)
		return ci->ring < IFSELECT_RING_MIN ? IFSELECT_RING_MIN :
		    ci->ring;
	share = c->ring_total / (shares < 2 ? 2 : shares);
	share -= share % IFSELECT_RING_BLOCK;
	left = granted < c->ring_total ? c->ring_total - granted : 0;
	if (share > left)	/* a late one: others may follow it */
		share = left / 2;
	least = granted < IFSELECT_RING_FAR * c->ring_total ?
	    IFSELECT_RING_MIN : IFSELECT_RING_LEAST;
	return share < least ? least : share;
}
