#include "analyzer/flowvol.h"

#define TELL_BYTES	(1U << 31)
#define YOUNG_PACKETS	8
#define AHEAD		4	/* entries whose memory is asked for */

void
flowvol_tell(struct flow_table *t, struct flow *f)
{
	struct flowtab_volume	*v = flowtab_volume(t, f->slot);
	const int		 c = f->flags & FLOW_F_CLIENT1 ? 1 : 0;
	struct packet_volume	 told;

	if (v->packets[0] + v->packets[1] == 0)
		return;
	told = (struct packet_volume){ { v->bytes[c], v->bytes[!c] },
	    { v->packets[c], v->packets[!c] } };
	v->bytes[0] = v->bytes[1] = v->packets[0] = v->packets[1] = 0;
	/* Those of an alias came before it was known to be one. */
	if (f->state != FLOW_ALIAS && t->ops->volume != NULL)
		t->ops->volume(t->arg, f, &told, &v->met);
}

/*
 * Nothing was said on it yet, or that is held: a moment later more is known of
 * it.
 */
static bool
is_young(const struct flow_table *t, const struct flow *f)
{
	const struct flowtab_volume	*v = flowtab_volume(t, f->slot);
	const uint32_t			 n = v->packets[0] + v->packets[1];

	if ((f->half[0].r.flags | f->half[1].r.flags) & REASS_HELD)
		return n > 0 && !v->met;
	return n > 0 && n < YOUNG_PACKETS &&
	    (f->state == FLOW_SYN || f->state == FLOW_OPEN) &&
	    !v->met && (f->read == NULL || f->read->reader == NULL);
}

/* The memory of those that come soon after number i: they are anywhere. */
static void
expect_ahead(const struct flow_table *t, uint32_t i)
{
	const struct flow	*f;

	if (i + 3 * AHEAD < t->nloud)
		flowtab_expect_slot(t, t->loud[i + 3 * AHEAD]);
	if (i + 2 * AHEAD < t->nloud &&
	    (f = flowtab_at(t, t->loud[i + 2 * AHEAD]))->read != NULL)
		compat_prefetch(f->read);
	if (i + AHEAD < t->nloud)
		flowtab_expect_feed(t, flowtab_at(t, t->loud[i + AHEAD]), 0);
}

void
flowvol_tell_all(struct flow_table *t, bool young)
{
	struct flow	*f;
	uint32_t	 i, kept = 0;

	for (i = 0; i < t->nloud; i++) {
		expect_ahead(t, i);
		f = flowtab_at(t, t->loud[i]);
		if (!young && is_young(t, f))
			t->loud[kept++] = f->slot;
		else
			flowvol_tell(t, f);
	}
	t->nloud = kept;
}

void
flowvol_add(struct flow_table *t, struct flow *f, int dir, uint32_t bytes)
{
	struct flowtab_volume	*v;

	if (!t->cfg.volumes || t->ops->volume == NULL)
		return;
	v = flowtab_volume(t, f->slot);
	if (bytes > UINT32_MAX - v->bytes[dir])
		flowvol_tell(t, f);
	if (v->packets[0] + v->packets[1] == 0) {
		if (t->nloud == FLOWTAB_LOUD)
			flowvol_tell_all(t, true);
		t->loud[t->nloud++] = f->slot;
	}
	v->bytes[dir] += bytes;
	v->packets[dir]++;
	if (v->bytes[dir] >= TELL_BYTES || v->packets[dir] == UINT16_MAX)
		flowvol_tell(t, f);
}
