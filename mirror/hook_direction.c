/* Which direction a side takes; requests only is the default of both. */
#include "mirror/hook.h"

static bool
direction_wanted(const struct conf_mirror *m, enum hook_side side)
{
	(void)m;
	(void)side;
	return true;
}

static enum hook_verdict
direction_chunk(const struct conf_mirror *m, enum hook_side side,
    const struct chunk *c, struct hook_buf *b, const uint8_t **data,
    size_t *len)
{
	unsigned	 dir;

	(void)b;
	(void)data;
	(void)len;
	dir = side == HOOK_FORWARD ? m->forward_dir : m->record_dir;
	if (c->dir == STREAM_UNKNOWN)
		return HOOK_DROP;
	if ((dir == DIR_REQUESTS && c->dir != STREAM_TO_OBSERVED) ||
	    (dir == DIR_RESPONSES && c->dir != STREAM_FROM_OBSERVED))
		return HOOK_DROP;
	return HOOK_KEEP;
}

const struct hook_ops	 hook_direction = {
	.name	= "direction",
	.wanted	= direction_wanted,
	.chunk	= direction_chunk,
};
