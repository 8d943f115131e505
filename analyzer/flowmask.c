#include <stdlib.h>

#include "analyzer/flowmask.h"

#define ALONE_MAX	16	/* connections in a row */

static int
by_addr(const void *a, const void *b)
{
	return addr_cmp(&((const struct flowtab_local *)a)->addr,
	    &((const struct flowtab_local *)b)->addr);
}

void
flowmask_set_local(struct flow_table *t, const struct addr *a, size_t n)
{
	size_t	 i;

	if (n > FLOWTAB_LOCAL)
		n = FLOWTAB_LOCAL;
	for (i = 0; i < n; i++)
		t->local[i] = (struct flowtab_local){ a[i], { 0 } };
	t->nlocal = n;
	qsort(t->local, n, sizeof(t->local[0]), by_addr);
}

static struct flowtab_local *
local_of(struct flow_table *t, const struct addr *a)
{
	const struct flowtab_local	 key = { *a, { 0 } };

	return t->nlocal == 0 ? NULL : bsearch(&key, t->local, t->nlocal,
	    sizeof(t->local[0]), by_addr);
}

static struct flowtab_mask *
mask_of(struct flow_table *t, const struct addr *a)
{
	return &t->masks[addr_hash(a, t->key) % FLOWTAB_MASKS];
}

void
flowmask_note(struct flow_table *t, const struct addr *a, uint16_t place)
{
	struct flowtab_mask	*m = mask_of(t, a);
	struct flowtab_local	*l = local_of(t, a);

	t->count[FLOW_C_MASK_GONE] += m->place != 0 &&
	    addr_cmp(&m->addr, a) != 0;
	m->addr = *a;
	m->place = place;
	if (l != NULL)
		l->alone[0] = 0;
}

void
flowmask_note_flat(struct flow_table *t, const struct addr *a,
    const struct addr *b)
{
	struct flowtab_local	*l = local_of(t, a), *m = local_of(t, b);

	if ((l == NULL) == (m == NULL))
		return;
	(l != NULL ? l : m)->alone[1] = 0;
}

/* What has made no hop yet comes from here. */
static bool
starts_here(uint8_t ttl)
{
	return ttl == 0 || ttl == 32 || ttl == 64 || ttl == 128 || ttl == 255;
}

static bool
masks(struct flow_table *t, const struct addr *a, uint16_t place, bool here)
{
	const struct flowtab_mask	*m = mask_of(t, a);
	const struct flowtab_local	*l;

	if (!here && m->place != 0 && m->place == place &&
	    addr_cmp(&m->addr, a) == 0)
		return true;
	return (l = local_of(t, a)) != NULL && l->alone[here] < ALONE_MAX;
}

static int
client_half(const struct flow *f)
{
	return f->flags & FLOW_F_CLIENT1 ? 1 : 0;
}

static const struct addr *
client_addr(const struct flow *f)
{
	return client_half(f) ? &f->key.b.addr : &f->key.a.addr;
}

/* A SYN proxy's own SYN, which tells a number that it gave to somebody. */
static bool
is_for_another(const struct flow *f, int server)
{
	return f->other_seq[server] != 0 &&
	    !(f->flags & (FLOW_F_RE | FLOW_F_OOW) << server);
}

/* Of this host itself, as far as hops tell. */
static bool
is_here(const struct flow *f)
{
	const int	 c = client_half(f);

	return starts_here(f->ttl[c]) && !is_for_another(f, !c);
}

bool
flowmask_doubts(struct flow_table *t, const struct flow *f)
{
	const int	 c = client_half(f);

	return !(f->flags & (FLOW_F_OPENED | FLOW_F_NAT)) &&
	    f->half[c].flags & HALF_SYN &&
	    masks(t, client_addr(f), f->half[c].place, is_here(f));
}

void
flowmask_alone(struct flow_table *t, const struct flow *f)
{
	const bool		 here = is_here(f);
	struct flowtab_local	*l;

	if (flowmask_doubts(t, f) &&
	    (l = local_of(t, client_addr(f))) != NULL &&
	    l->alone[here] < ALONE_MAX)
		l->alone[here]++;
}
