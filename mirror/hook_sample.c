/*
 * A part of the connections: by client, so that one client is always or
 * never taken, or by connection. The choice is the same after a restart and
 * in every mirror, because the key of the hash is fixed.
 */
#include <string.h>

#include "mirror/hook.h"
#include "sandbox/hash.h"

static bool
sample_wanted(const struct conf_mirror *m, enum hook_side side)
{
	(void)side;
	return m->sample != SAMPLE_NONE && m->sample_part < 1;
}

static bool
sample_connection(const struct conf_mirror *m, const struct endpoint *client,
    const struct endpoint *server)
{
	static const struct hash_key	 key = { 0x6e65746d6f6e, 0x73616d706c };
	uint8_t				 b[36];
	size_t				 n;
	uint64_t			 h;

	memcpy(b, client->addr.b, 16);
	n = 16;
	if (m->sample == SAMPLE_CONNECTION) {
		memcpy(b + 16, server->addr.b, 16);
		b[32] = (uint8_t)(client->port >> 8);
		b[33] = (uint8_t)client->port;
		b[34] = (uint8_t)(server->port >> 8);
		b[35] = (uint8_t)server->port;
		n = sizeof(b);
	}
	h = hash_bytes(&key, b, n);
	return (double)(h >> 11) * 0x1p-53 < m->sample_part;
}

const struct hook_ops	 hook_sample = {
	.name		= "sample",
	.wanted		= sample_wanted,
	.connection	= sample_connection,
};
