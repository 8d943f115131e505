/* What is known of a flow and of the table: the getters of flow. */
#include <string.h>

#include "analyzer/flow.h"
#include "analyzer/flowseg.h"
#include "analyzer/flowtab.h"

static void
half_info(const struct flow_table *t, const struct flow *f, int d,
    struct flow_half_info *i)
{
	const struct flow_half		*h = &f->half[d];
	const struct flowtab_place	*pl = &t->place[h->place];

	i->bytes = h->bytes;
	i->lost = h->lost;
	i->packets = h->packets;
	i->retrans = h->retrans;
	i->ooo = h->ooo;
	i->dup_acks = h->dup_acks;
	i->zero_windows = f->zero_win[d];
	i->seen = (h->flags & HALF_SEEN) != 0;
	i->iface = h->place != 0 ? pl->iface : 0xffff;
	i->vlan[0] = pl->vlan[0];
	i->vlan[1] = pl->vlan[1];
	i->nvlan = pl->nvlan;
	if (f->read != NULL) {
		i->srtt_us = f->read->rtt[!d].srtt;
		i->reset = f->flags & FLOW_F_RST && f->read->reset == d;
		i->stuck = f->read->stuck[d].n;
		i->stuck_len = f->read->stuck[d].len;
		i->passed = f->read->rtt[d].passed;
	}
}

/* A home that moved away and came back is no other place. */
static bool
at_home(const struct flow_table *t, const struct flow *f,
    const struct flow_seen *s, const struct flow_key *key)
{
	return s->place == t->place[f->half[0].place].place &&
	    f->half[0].place == f->half[1].place &&
	    flow_key_cmp(&s->key, key) == 0;
}

static void
sightings(const struct flow_table *t, const struct flow *f,
    struct flow_info *i)
{
	const struct flow_extra	*x = f->extra;
	uint32_t		 n;

	for (n = 0; x != NULL && n < x->nseen; n++)
		if (!at_home(t, f, &x->seen[n], &i->key))
			i->seen[i->nseen++] = x->seen[n];
}

void
flow_info(const struct flow_table *t, const struct flow *f,
    struct flow_info *i)
{
	int	 c = flowseg_client(f);

	memset(i, 0, offsetof(struct flow_info, seen));
	i->id = f->id;
	i->key.a = c ? f->key.b : f->key.a;
	i->key.b = c ? f->key.a : f->key.b;
	i->first_us = f->first_us;
	i->last_us = f->last_us;
	i->state = f->state;
	i->tcp_flags = f->tcp_flags;
	i->midstream = flow_midstream(f);
	i->client_known = flow_client_known(f);
	i->one_sided = !(f->half[0].flags & f->half[1].flags & HALF_SEEN);
	i->nat = (f->flags & FLOW_F_NAT) != 0;
	i->tunnel = f->tunnel;
	half_info(t, f, c, &i->half[0]);
	half_info(t, f, !c, &i->half[1]);
	if (!(f->flags & FLOW_F_HS0))
		i->half[1].rtt_us = f->hs_us[0];
	if (!(f->flags & FLOW_F_HS1))
		i->half[0].rtt_us = f->hs_us[1];
	sightings(t, f, i);
	i->reader = flow_reader(f);
}

uint64_t
flow_id(const struct flow *f)
{
	return f->id;
}

uint64_t
flow_last_id(const struct flow_table *t)
{
	return t->last_id;
}

void *
flow_reader(const struct flow *f)
{
	return f->read != NULL ? f->read->reader : NULL;
}

const struct endpoint *
flow_end(const struct flow *f, unsigned end)
{
	if (f->flags & (f->flags & FLOW_F_OPENED ? FLOW_F_RDIR1 :
	    FLOW_F_CLIENT1))
		end = !end;
	return end == 0 ? &f->key.a : &f->key.b;
}

const struct endpoint *
flow_near_client(const struct flow *f)
{
	const struct flow_extra	*x = f->extra;
	const struct endpoint	*e = flow_end(f, 0);
	uint8_t			 ttl = f->ttl[e == &f->key.a ? 0 : 1];
	uint32_t		 i;

	if (!(f->flags & FLOW_F_NAT) || x == NULL || ttl == 0)
		return e;
	for (i = 0; i < x->nseen; i++)
		if (x->seen[i].ttl > ttl) {
			ttl = x->seen[i].ttl;
			e = &x->seen[i].key.a;
		}
	return e;
}

void
flow_key(const struct flow *f, struct flow_key *k)
{
	k->a = *flow_end(f, 0);
	k->b = *flow_end(f, 1);
}

uint16_t
flow_iface(const struct flow_table *t, const struct flow *f, int dir)
{
	uint16_t	 at;

	if (f->flags & FLOW_F_RDIR1)
		dir = !dir;
	at = f->half[dir].place;
	return at != 0 ? t->place[at].iface : 0xffff;
}

uint16_t
flow_home(const struct flow_table *t, const struct flow *f, int32_t vlan[2])
{
	const struct flowtab_place	*pl;
	const struct flow_half		*h = &f->half[flowseg_client(f)];
	int				 i;

	if (!(h->flags & HALF_SEEN))
		h = &f->half[!flowseg_client(f)];
	pl = &t->place[h->place];
	for (i = 0; i < 2; i++)
		vlan[i] = pl->nvlan > i ? pl->vlan[i] : -1;
	return h->place != 0 ? pl->iface : 0xffff;
}

uint64_t
flow_first_us(const struct flow *f)
{
	return f->first_us;
}

bool
flow_midstream(const struct flow *f)
{
	return (f->flags & FLOW_F_MID) != 0;
}

bool
flow_client_known(const struct flow *f)
{
	return (f->flags & FLOW_F_KNOWN) != 0;
}

void
flow_set_client(struct flow *f, int dir)
{
	if (f->flags & FLOW_F_RDIR1)
		dir = !dir;
	f->flags &= (uint16_t)~FLOW_F_CLIENT1;
	if (dir)
		f->flags |= FLOW_F_CLIENT1;
	f->flags |= FLOW_F_KNOWN;
}

size_t
flow_live(const struct flow_table *t)
{
	return t->nlive;
}

uint64_t
flow_count(const struct flow_table *t, enum flow_count c)
{
	return t->count[c];
}

uint64_t
flow_reass_count(const struct flow_table *t, enum reass_count c)
{
	return t->env.count[c];
}

static const char	*const count_text[] = {
#define M(name, text, help)	[FLOW_C_##name] = text,
	FLOW_COUNTS(M)
#undef M
};

const char *
flow_count_name(enum flow_count c)
{
	return count_text[c];
}
