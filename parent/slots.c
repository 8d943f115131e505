#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parent/slots.h"

#define FRAME_FILL	(64 * 1024)

struct slot {
	size_t	 len;
	uint8_t	 data[];
};

void
slots_clear(struct slots *s)
{
	size_t	 t, i;

	for (t = 0; t < MSG_SAVE_TABLES; t++) {
		for (i = 0; s->table[t] != NULL && i < MSG_SAVE_SLOTS; i++)
			free(s->table[t][i]);
		free(s->table[t]);
		s->table[t] = NULL;
	}
	s->bytes = 0;
}

int
slots_set(struct slots *s, const struct msg_slot *m)
{
	struct slot	*new = NULL, **at;
	size_t		 old;

	if (s->table[m->table] == NULL && (s->table[m->table] =
	    calloc(MSG_SAVE_SLOTS, sizeof(struct slot *))) == NULL)
		return -1;
	at = &s->table[m->table][m->slot];
	old = *at == NULL ? 0 : (*at)->len;
	if (m->len > SLOTS_BYTES_MAX - (s->bytes - old))
		return -1;
	if (m->len > 0) {
		if ((new = malloc(sizeof(*new) + m->len)) == NULL)
			return -1;
		new->len = m->len;
		memcpy(new->data, m->data, m->len);
	}
	free(*at);
	*at = new;
	s->bytes = s->bytes - old + m->len;
	return 0;
}

bool
slots_next(const struct slots *s, struct msg_slot *m)
{
	struct slot	*const *t = s->table[m->table];

	while (t != NULL && m->slot < MSG_SAVE_SLOTS && t[m->slot] == NULL)
		m->slot++;
	if (t == NULL || m->slot >= MSG_SAVE_SLOTS)
		return false;
	m->data = t[m->slot]->data;
	m->len = t[m->slot]->len;
	return true;
}

void
slots_send(const struct slots *s, struct chan *ch)
{
	struct msg_slot	 m;
	struct buf	*b;

	b = chan_begin(ch, MSG_RESTORE, 0);
	for (m.table = 0; m.table < MSG_SAVE_TABLES; m.table++)
		for (m.slot = 0; slots_next(s, &m); m.slot++) {
			msg_put_slot(b, &m);
			if (b->len < FRAME_FILL)
				continue;
			chan_end_flags(ch, FRAME_MORE);
			b = chan_begin(ch, MSG_RESTORE, 0);
		}
	chan_end(ch);
}
