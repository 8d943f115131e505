#include "capture/addrs.h"

static bool
counts(const struct addr *a)
{
	static const struct addr	 loop = { { [15] = 1 } };

	if (addr_is4(a))
		return a->b[12] != 127;
	return addr_cmp(a, &loop) != 0 &&
	    !(a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
}

/* all->n if it is not there. */
static size_t
find(const struct addrs *all, const struct ifwatch_addr *a)
{
	size_t	 i;

	for (i = 0; i < all->n; i++)
		if (all->v[i].a.index == a->index &&
		    addr_cmp(&all->v[i].a.addr, &a->addr) == 0)
			break;
	return i;
}

bool
addrs_update(struct addrs *all, const struct ifwatch_addr *a, uint32_t dump)
{
	size_t	 i;

	if (!counts(&a->addr))
		return true;
	if ((i = find(all, a)) == MSG_LOCAL_MAX) {
		all->refused = true;
		return false;
	}
	if (i == all->n) {
		all->v[all->n++].a = *a;
		all->changed = true;
	}
	all->v[i].dump = dump;
	return true;
}

/* There is room for one of those that had none: a dump names it again. */
static void
forget(struct addrs *all, size_t i)
{
	all->v[i] = all->v[--all->n];
	all->changed = true;
	all->stale |= all->refused;
	all->refused = false;
}

void
addrs_gone(struct addrs *all, const struct ifwatch_addr *a)
{
	size_t	 i;

	if ((i = find(all, a)) < all->n)
		forget(all, i);
}

void
addrs_sweep(struct addrs *all, uint32_t dump)
{
	size_t	 i = 0;

	all->stale = false;
	while (i < all->n)
		if (all->v[i].dump != dump)
			forget(all, i);
		else
			i++;
}
