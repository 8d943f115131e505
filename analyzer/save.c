#include <stdlib.h>
#include <string.h>

#include "analyzer/save.h"
#include "sandbox/chan.h"

#define FRAME_FILL	(64 * 1024)
#define META_VALUES	7	/* in slot 0 of SAVE_META */
#define META_IFACES	8192	/* and behind it: drops of an interface */

_Static_assert(CONF_LIST_MAX < META_IFACES &&
    META_IFACES + MSG_IFACES_MAX <= MSG_SAVE_SLOTS, "slots of SAVE_META");

/* A frame of slots that is being filled. */
struct out {
	struct chan	*ch;
	struct buf	*b;
};

static void
put(struct out *o, uint16_t table, uint32_t slot, const uint8_t *p,
    size_t len)
{
	struct msg_slot	 m;

	if (o->b != NULL && o->b->len >= FRAME_FILL) {
		chan_end(o->ch);
		o->b = NULL;
	}
	if (o->b == NULL)
		o->b = chan_begin(o->ch, MSG_SAVE, 0);
	m.table = table;
	m.slot = slot;
	m.data = p;
	m.len = len;
	msg_put_slot(o->b, &m);
}

/* ---- entries that went ---- */

static void
on_gone(void *arg, const struct sketch_kind *k, const struct sketch_entry *e)
{
	struct analyzer	*az = arg;
	ptrdiff_t	 kind;

	kind = k - az->meter->kind;
	if (e->id < MSG_SAVE_SLOTS && az->gone[kind] != NULL)
		az->gone[kind][e->id / 8] |= (uint8_t)(1 << e->id % 8);
}

void
save_init(struct analyzer *az)
{
	unsigned	 k;

	for (k = 0; k < METER_KINDS; k++) {
		if (k == METER_HOST_CLIENT || az->gone[k] != NULL)
			continue;
		az->gone[k] = calloc(1, MSG_SAVE_SLOTS / 8);
		az->meter->kind[k].tracked = true;
		az->meter->kind[k].gone = on_gone;
		az->meter->kind[k].arg = az;
	}
}

static void
save_gone(struct analyzer *az, struct out *o, unsigned k)
{
	uint32_t	 i;

	for (i = 0; az->gone[k] != NULL && i < MSG_SAVE_SLOTS; i++) {
		if (az->gone[k][i / 8] == 0) {
			i |= 7;
			continue;
		}
		if (az->gone[k][i / 8] & 1 << i % 8)
			put(o, (uint16_t)k, i, NULL, 0);
	}
	if (az->gone[k] != NULL)
		memset(az->gone[k], 0, MSG_SAVE_SLOTS / 8);
}

/* ---- what changed ---- */

static bool
worth(const struct sketch_entry *e)
{
	if (e->id >= MSG_SAVE_SLOTS)
		return false;
	return e->home->owner == NULL || e->home->owner->id < MSG_SAVE_SLOTS;
}

static void
save_kind(struct analyzer *az, struct out *o, unsigned k)
{
	struct sketch_kind	*kind = &az->meter->kind[k];
	struct sketch_entry	*e;
	uint8_t			 data[MSG_SAVE_MAX];
	size_t			 len;

	while ((e = sketch_dirty(kind)) != NULL) {
		if (k == METER_HOST_CLIENT || !worth(e) ||
		    (len = meter_pack(e, data, sizeof(data))) == 0)
			continue;
		put(o, (uint16_t)k, e->id, data, len);
	}
}

static void
save_alerts(struct analyzer *az, struct out *o)
{
	struct alert_saving	 at = { 0 };
	uint8_t			 data[MSG_SAVE_MAX];
	uint32_t		 slot;
	size_t			 len;

	while (alert_save(az->alerts, &at, &slot, data, sizeof(data), &len)) {
		put(o, at.usual ? MSG_SAVE_USUAL : SAVE_ALERTS, slot,
		    len == 0 ? NULL : data, len);
		if (len == 0 && !at.usual)
			put(o, MSG_SAVE_USUAL, slot, NULL, 0);
	}
	az->alert_said = false;
}

void
save_said(struct analyzer *az)
{
	struct out	 o = { az->proc->chan[ROLE_PARENT], NULL };

	if (az->offline || !az->alert_said || !chan_ready(o.ch))
		return;
	save_alerts(az, &o);
	if (o.b != NULL)
		chan_end(o.ch);
}

static void
save_named(struct analyzer *az, struct out *o)
{
	uint8_t		 data[MSG_SAVE_MAX];
	unsigned	 i;
	size_t		 len;

	for (i = 0; i < az->named->n; i++)
		if (az->named->host[i].dirty && (len = named_pack(
		    &az->named->host[i], data, sizeof(data))) > 0)
			put(o, SAVE_NAMED, i, data, len);
}

/* What of a capture's drops is counted: the next analyzer counts the rest. */
static void
save_drops(struct analyzer *az, struct out *o)
{
	uint8_t		 data[MSG_SAVE_MAX];
	struct iface	*f;
	struct buf	 b;
	uint32_t	 i;

	for (i = 0; i < az->nifaces; i++) {
		f = &az->ifaces[i];
		if (!f->unsaved)
			continue;
		f->unsaved = false;
		buf_writer(&b, data, sizeof(data));
		buf_put_u64(&b, f->stat.dropped);
		buf_put_u64(&b, f->stat_ts);
		buf_put_u32(&b, f->capture);
		put(o, SAVE_META, META_IFACES + i, data, b.len);
	}
}

static void
save_meta(struct analyzer *az, struct out *o)
{
	uint8_t		 data[MSG_SAVE_MAX];
	struct buf	 b;
	size_t		 i;

	buf_writer(&b, data, sizeof(data));
	buf_put_u64(&b, az->meter->first_us);
	buf_put_u64(&b, az->meter->lost_us);
	buf_put_u64(&b, az->number);
	buf_put_u64(&b, az->told.next + az->events->count);
	buf_put_u64(&b, az->told.done);
	buf_put_u64(&b, az->max_ts != 0 ? az->max_ts : az->before_ts);
	buf_put_u64(&b, az->told.lost);
	put(o, SAVE_META, 0, data, b.len);
	for (i = 0; i < az->proc->conf->nrules; i++) {
		if (az->rules->hits[i].hits + az->rules->hits[i].connections
		    == 0)
			continue;
		buf_writer(&b, data, sizeof(data));
		buf_put_u64(&b, az->rules->hits[i].hits);
		buf_put_u64(&b, az->rules->hits[i].connections);
		put(o, SAVE_META, (uint32_t)i + 1, data, b.len);
	}
}

void
save_send(struct analyzer *az)
{
	struct out	 o;
	unsigned	 k;

	o.ch = az->proc->chan[ROLE_PARENT];
	/* What changed stays so until the parent reads again. */
	if (az->offline || !chan_ready(o.ch))
		return;
	o.b = NULL;
	for (k = 0; k < METER_KINDS; k++) {
		save_gone(az, &o, k);
		save_kind(az, &o, k);
	}
	save_alerts(az, &o);
	save_named(az, &o);
	save_meta(az, &o);
	save_drops(az, &o);
	if (o.b != NULL)
		chan_end(o.ch);
}

/* ---- and back ---- */

static void
restore_drops(struct iface *i, const struct msg_slot *s)
{
	struct buf	 b;

	buf_reader(&b, s->data, s->len);
	i->stat.dropped = buf_get_u64(&b);
	i->stat_ts = buf_get_u64(&b);
	i->capture = buf_get_u32(&b);
}

static void
restore_meta(struct analyzer *az, const struct msg_slot *s)
{
	struct buf	 b;
	uint64_t	 v[META_VALUES];
	size_t		 i;

	buf_reader(&b, s->data, s->len);
	for (i = 0; i < (s->slot == 0 ? META_VALUES : 2); i++)
		v[i] = buf_get_u64(&b);
	if (b.err)
		return;
	if (s->slot == 0) {
		az->meter->first_us = v[0];
		az->meter->lost_us = v[1];
		az->number = v[2];
		az->told.next = v[3];
		az->told.done = v[4];
		az->before_ts = v[5];
		az->told.lost = v[6];
	} else if (s->slot <= az->proc->conf->nrules) {
		az->rules->hits[s->slot - 1].hits = v[0];
		az->rules->hits[s->slot - 1].connections = v[1];
	}
}

void
save_restore(struct analyzer *az, const struct msg_slot *s)
{
	if (s->len == 0)
		return;
	if (s->table == SAVE_META && s->slot >= META_IFACES +
	    MSG_IFACES_MAX)
		return;
	if (s->table == SAVE_META && s->slot >= META_IFACES)
		restore_drops(&az->ifaces[s->slot - META_IFACES], s);
	else if (s->table == SAVE_META)
		restore_meta(az, s);
	else if (s->table == SAVE_NAMED)
		(void)named_unpack(az->named, s->slot, s->data, s->len);
	else if (s->table == MSG_SAVE_USUAL)
		(void)alert_restore_usual(az->alerts, s->slot, s->data,
		    s->len);
	else if (s->table == SAVE_ALERTS)
		alert_restore(az->alerts, s->slot, s->data, s->len);
	else if (s->table < METER_KINDS && meter_unpack(az->meter,
	    (enum meter_kind)s->table, s->slot, s->data, s->len) == -1 &&
	    az->gone[s->table] != NULL)
		az->gone[s->table][s->slot / 8] |=
		    (uint8_t)(1 << s->slot % 8);
}
