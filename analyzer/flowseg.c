#include "analyzer/flowseg.h"
#include "analyzer/flowlife.h"

static struct flow *
entry_new(struct flow_table *t, uint64_t now_us)
{
	struct flow	*f;
	unsigned	 n;

	if ((f = flowtab_take(t)) != NULL)
		return f;
	for (n = 0; n < 2; n++) {
		if (!flowlife_shed(t, now_us, false))
			break;
		if ((f = flowtab_take(t)) != NULL)
			return f;
	}
	t->count[FLOW_C_NO_ROOM]++;
	return NULL;
}

/* Whether the receiver of this packet is the client, as far as can be seen. */
static bool
from_server(const struct packet *p)
{
	if (p->flags & PACKET_TCP_SYN)
		return p->flags & PACKET_TCP_ACK;
	return p->key.a.port < p->key.b.port;
}

struct flow *
flowseg_create(struct flow_table *t, const struct packet *p, uint32_t hash,
    int *dir)
{
	struct flow	*f;

	if ((f = entry_new(t, p->ts_us)) == NULL)
		return NULL;
	f->key = p->key;
	f->hash = hash;
	*dir = 0;
	if (from_server(p)) {
		f->key.a = p->key.b;
		f->key.b = p->key.a;
		*dir = 1;
	}
	f->id = ++t->next_id;
	f->first_us = f->last_us = p->ts_us;
	f->tunnel = (uint8_t)(p->depth > 0 ? p->tunnel[0] :
	    PACKET_TUNNEL_NONE);
	f->state = p->flags & PACKET_TCP_SYN ? FLOW_SYN : FLOW_OPEN;
	if (p->flags & PACKET_TCP_SYN)
		f->flags |= FLOW_F_KNOWN;
	else
		f->flags |= FLOW_F_MID;
	f->half[0].wscale = f->half[1].wscale = PACKET_NO_WSCALE;
	flowtab_insert(t, f);
	flowtab_list(t, f, flowlife_class(f));
	return f;
}

/* The packet is the first one of an entry of its own. */
static bool
begin(struct seg *s, uint32_t hash, uint16_t flags)
{
	struct flow	*f;
	int		 dir;

	if ((f = flowseg_create(s->t, s->p, hash, &dir)) == NULL)
		return false;
	f->half[0].flags |= flags;
	s->t->busy = f->slot;
	flowseg_aim(s, f, dir);
	s->again = false;
	s->h->place = flowtab_place(s->t, s->p);
	flowseg_count(s);
	return true;
}

bool
flowseg_restart(struct seg *s)
{
	uint32_t	 hash = s->f->hash;
	uint16_t	 flags = s->f->half[0].flags & HALF_SAME;

	s->t->count[FLOW_C_REUSED]++;
	if (s->counted)
		s->h->packets--;	/* it belongs to the new one */
	s->t->busy = FLOWTAB_NONE;
	flowlife_drop(s->t, s->f, FLOW_EOF_REUSE, s->p->ts_us);
	return begin(s, hash, flags | HALF_REUSED);
}

bool
flowseg_beside(struct seg *s)
{
	s->f->half[0].flags |= HALF_SAME;
	return begin(s, s->f->hash, HALF_SAME);
}
