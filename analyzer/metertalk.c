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

void
meter_talk(struct meter *m, const struct meter_talk *t,
    const struct packet_volume *v, unsigned talks)
{
	const uint64_t		 n[] = { talks, v->packets[0] + v->packets[1],
				    v->bytes[0], v->bytes[1] };
	struct sketch_entry	*e;
	uint8_t			 key[KEY_MAX];
	unsigned		 i;

	if (m->conf.max_talkers == 0)
		return;
	for (i = 0; i < METER_TALKS; i++)
		m->talk[i] += n[i];
	if (m->talkers == NULL || (e = sketch_touch(m->talkers, key,
	    put_key(key, t), n[2] + n[3])) == NULL)
		return;
	for (i = 0; i < METER_TALKS; i++)
		if (n[i] > 0)
			sketch_add(e, MC_TALKS + i, n[i]);
}
