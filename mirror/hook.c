#include <stdlib.h>
#include <string.h>

#include "mirror/hook.h"
#include "sandbox/compat.h"

/* THE TABLE of built-in hooks, in the order in which they run. */
static const struct hook_ops *const table[] = {
	&hook_direction,
	&hook_sample,
	&hook_strip_header,
	&hook_set_header,
};

void
hook_chain_init(struct hook_chain *c, const struct conf_mirror *conf,
    enum hook_side side)
{
	size_t	 i;

	memset(c, 0, sizeof(*c));
	c->conf = conf;
	c->side = side;
	for (i = 0; i < nitems(table); i++)
		if (table[i]->wanted(conf, side))
			c->hook[c->n++] = table[i];
}

void
hook_chain_clear(struct hook_chain *c)
{
	size_t	 i;

	for (i = 0; i < c->n; i++)
		free(c->buf[i].p);
	memset(c, 0, sizeof(*c));
}

bool
hook_chain_connection(const struct hook_chain *c,
    const struct endpoint *client, const struct endpoint *server)
{
	size_t	 i;

	for (i = 0; i < c->n; i++)
		if (c->hook[i]->connection != NULL &&
		    !c->hook[i]->connection(c->conf, client, server))
			return false;
	return true;
}

enum hook_verdict
hook_chain_run(struct hook_chain *c, const struct chunk **chunk,
    struct chunk *room)
{
	enum hook_verdict	 v, all;
	const uint8_t		*data;
	size_t			 i, len;

	all = HOOK_KEEP;
	for (i = 0; i < c->n; i++) {
		if (c->hook[i]->chunk == NULL)
			continue;
		v = c->hook[i]->chunk(c->conf, c->side, *chunk, &c->buf[i],
		    &data, &len);
		if (v == HOOK_KEEP)
			continue;
		if (v != HOOK_CHANGED)
			return v;
		if (*chunk != room)
			*room = **chunk;
		room->data = data;
		room->len = len;
		*chunk = room;
		all = v;
	}
	return all;
}

int
hook_buf_room(struct hook_buf *b, size_t n)
{
	uint8_t	*p;

	if (n <= b->room)
		return 0;
	if (n > HOOK_BUF_MAX || (p = realloc(b->p, n)) == NULL)
		return -1;
	b->p = p;
	b->room = n;
	return 0;
}
