#include <string.h>

#include "analyzer/meter.h"

/* Client, protocol, port, flags; then the server's address, or its name. */
#define HEAD		(sizeof(struct addr) + 4)
#define NAMED		0x80		/* beside the flags */
#define KEY_MAX		(HEAD + METER_TALK_NAME)

static size_t
put_key(uint8_t *key, const struct meter_talk *t)
{
	size_t	 n = t->name_len;

	memcpy(key, t->client.b, sizeof(t->client.b));
	key += sizeof(t->client.b);
	*key++ = t->proto;
	*key++ = (uint8_t)(t->port >> 8);
	*key++ = (uint8_t)t->port;
	*key++ = (uint8_t)(t->flags | (n > 0 ? NAMED : 0));
	if (n == 0) {
		memcpy(key, t->server.b, sizeof(t->server.b));
		return HEAD + sizeof(t->server.b);
	}
	if (n > METER_TALK_NAME)
		n = METER_TALK_NAME;
	memcpy(key, t->name, n);
	return HEAD + n;
}

int
meter_talk_key(const struct sketch_entry *e, struct meter_talk *t)
{
	const uint8_t	*p = e->key;

	*t = (struct meter_talk){ 0 };
	if (e->klen <= HEAD)
		return -1;
	memcpy(t->client.b, p, sizeof(t->client.b));
	p += sizeof(t->client.b);
	t->proto = p[0];
	t->port = (uint16_t)(p[1] << 8 | p[2]);
	t->flags = p[3] & (METER_CLIENT_INSIDE | METER_SERVER_INSIDE |
	    METER_NAME_DNS);
	if (p[3] & NAMED) {
		t->name = p + 4;
		t->name_len = e->klen - HEAD;
	} else if (e->klen == HEAD + sizeof(t->server.b))
		memcpy(t->server.b, p + 4, sizeof(t->server.b));
	else
		return -1;
	return 0;
}

/* ---- sites ---- */

/* Flags; then the name, or the address. */
#define SITE_HEAD	1

/* Counters of a site that are of no other use there, by who told. */
static const uint16_t told_counter[METER_TOLD_BYS] = {
	[METER_TOLD_BY_HTTP]	= MC_REQUESTS,
	[METER_TOLD_BY_TLS]	= MC_TLS,
	[METER_TOLD_BY_QUIC]	= MC_QUIC,
	[METER_TOLD_BY_DNS]	= MC_RESPONSES,
};

static size_t
put_site(uint8_t *key, const struct meter_talk *t)
{
	size_t	 n = t->name_len;

	key[0] = (uint8_t)((t->flags & METER_SERVER_INSIDE) |
	    (n > 0 ? NAMED : 0));
	if (n == 0) {
		memcpy(key + SITE_HEAD, t->server.b, sizeof(t->server.b));
		return SITE_HEAD + sizeof(t->server.b);
	}
	if (n > METER_TALK_NAME)
		n = METER_TALK_NAME;
	memcpy(key + SITE_HEAD, t->name, n);
	return SITE_HEAD + n;
}

int
meter_site_key(const struct sketch_entry *e, struct meter_talk *t)
{
	const uint8_t	*p = e->key;

	*t = (struct meter_talk){ 0 };
	if (e->klen <= SITE_HEAD)
		return -1;
	t->flags = p[0] & METER_SERVER_INSIDE;
	if (p[0] & NAMED) {
		t->name = p + SITE_HEAD;
		t->name_len = e->klen - SITE_HEAD;
	} else if (e->klen == SITE_HEAD + sizeof(t->server.b))
		memcpy(t->server.b, p + SITE_HEAD, sizeof(t->server.b));
	else
		return -1;
	return 0;
}

uint64_t
meter_site_told(const uint64_t v[MC_MAX], enum meter_told who)
{
	return who == METER_TOLD_BY_NONE ? 0 : v[told_counter[who]];
}

/* ---- counting ---- */

static struct sketch_entry *
add(struct sketch *s, const uint8_t *key, size_t len,
    const uint64_t n[METER_TALKS])
{
	struct sketch_entry	*e;
	unsigned		 i;

	if (s == NULL || (e = sketch_touch(s, key, len, n[2] + n[3])) == NULL)
		return NULL;
	for (i = 0; i < METER_TALKS; i++)
		if (n[i] > 0)
			sketch_add(e, MC_TALKS + i, n[i]);
	return e;
}

void
meter_talk(struct meter *m, const struct meter_talk *t,
    const struct packet_volume *v, unsigned talks)
{
	const uint64_t		 n[] = { talks, v->packets[0] + v->packets[1],
				    v->bytes[0], v->bytes[1] };
	struct sketch_entry	*site;
	uint8_t			 key[KEY_MAX];
	unsigned		 i;

	if (m->conf.max_talkers == 0)
		return;
	for (i = 0; i < METER_TALKS; i++)
		m->talk[i] += n[i];
	(void)add(m->talkers, key, put_key(key, t), n);
	site = add(m->sites, key, put_site(key, t), n);
	if (site != NULL && t->told != METER_TOLD_BY_NONE)
		sketch_add(site, told_counter[t->told], 1);
}
