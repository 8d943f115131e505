/* What of meter outlives the process: entries packed, and made again. */
#include <string.h>

#include "analyzer/meter.h"

static bool
put_varint(uint8_t *p, size_t size, size_t *at, uint64_t v)
{
	size_t	 n = *at;

	do {
		if (n == size)
			return false;
		p[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
	} while (v != 0);
	*at = n;
	return true;
}

static bool
get_varint(const uint8_t *p, size_t len, size_t *at, uint64_t *v)
{
	unsigned	 shift = 0;

	*v = 0;
	do {
		if (*at == len || shift > 63)
			return false;
		*v |= (uint64_t)(p[*at] & 0x7f) << shift;
		shift += 7;
	} while (p[(*at)++] & 0x80);
	return true;
}

static bool
put_key(uint8_t *p, size_t size, size_t *at, const struct sketch_entry *e)
{
	if (!put_varint(p, size, at, e->klen) || size - *at < e->klen)
		return false;
	memcpy(p + *at, e->key, e->klen);
	*at += e->klen;
	return true;
}

/* Counters of one class; histograms come last and may be left out. */
static void
put_counters(uint8_t *p, size_t size, size_t *at, const uint64_t v[MC_MAX],
    bool times)
{
	size_t		 was;
	unsigned	 i;

	for (i = 1; i < MC_MAX; i++) {
		if (v[i] == 0 || times != (i >= MC_FIRST && i < MC_VERSION))
			continue;
		was = *at;
		if (!put_varint(p, size, at, i) ||
		    !put_varint(p, size, at, v[i])) {
			*at = was;
			return;
		}
	}
}

size_t
meter_pack(const struct sketch_entry *e, uint8_t *p, size_t size)
{
	uint64_t	 v[MC_MAX];
	size_t		 at = 0;

	if (e->home->owner != NULL && !put_key(p, size, &at, e->home->owner))
		return 0;
	if (!put_key(p, size, &at, e) ||
	    !put_varint(p, size, &at, e->count) ||
	    !put_varint(p, size, &at, e->error))
		return 0;
	memset(v, 0, sizeof(v));
	sketch_total(e, v, MC_MAX);
	put_counters(p, size, &at, v, false);
	put_counters(p, size, &at, v, true);
	return at;
}

static bool
get_key(const uint8_t *p, size_t len, size_t *at, const uint8_t **key,
    size_t *klen)
{
	uint64_t	 n;

	if (!get_varint(p, len, at, &n) || n > len - *at)
		return false;
	*klen = (size_t)n;
	*key = p + *at;
	*at += *klen;
	return true;
}

/* The sketch that an entry of this kind lives in. */
static struct sketch *
home_of(struct meter *m, enum meter_kind kind, const uint8_t *p, size_t len,
    size_t *at)
{
	struct sketch_entry	*host;
	const uint8_t		*key;
	size_t			 klen;

	switch (kind) {
	case METER_ALL:
		return m->all;
	case METER_IFACE:
		return m->ifaces;
	case METER_HOST:
		return m->hosts;
	case METER_CLIENT:
		return m->clients;
	case METER_NAME:
		return m->names;
	case METER_TALKER:
		return m->talkers;
	case METER_SITE:
		return m->sites;
	case METER_METHOD:
		return m->methods;
	case METER_STATUS:
		return m->statuses;
	case METER_SECTION:
		if (!get_key(p, len, at, &key, &klen) ||
		    (host = sketch_find(m->hosts, key, klen)) == NULL)
			return NULL;
		return sketch_make_child(host, METER_CHILD_SECTIONS,
		    &m->kind[METER_SECTION], m->conf.max_sections);
	default:
		return NULL;
	}
}

int
meter_unpack(struct meter *m, enum meter_kind kind, uint32_t id,
    const uint8_t *p, size_t len)
{
	struct sketch_entry	*e;
	struct sketch		*s;
	const uint8_t		*key;
	uint64_t		 count, error, index, n;
	size_t			 klen, at = 0;

	if ((s = home_of(m, kind, p, len, &at)) == NULL ||
	    !get_key(p, len, &at, &key, &klen) ||
	    !get_varint(p, len, &at, &count) ||
	    !get_varint(p, len, &at, &error) ||
	    (kind == METER_CLIENT && klen != sizeof(struct addr)))
		return -1;
	m->kind[kind].want = id + 1;
	e = sketch_touch(s, key, klen, count);
	m->kind[kind].want = 0;
	if (e == NULL)
		return -1;
	e->error += error;
	s->evicted += error > 0;	/* it was made at another's place */
	while (at < len) {
		if (!get_varint(p, len, &at, &index) ||
		    !get_varint(p, len, &at, &n) || index == 0 ||
		    index >= MC_MAX)
			return -1;
		sketch_load(e, (unsigned)index, n);
	}
	return 0;
}
