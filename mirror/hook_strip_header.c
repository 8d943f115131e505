/*
 * Takes headers out of requests and responses, and out of the trailers of
 * chunked ones. What is not known to be a head, a body or another protocol is
 * hidden: it may hold such a header.
 */
#include <string.h>

#include "mirror/headline.h"
#include "mirror/hook.h"

/* The headers that a side strips, and how many. */
static size_t
strip_list(const struct conf_mirror *m, enum hook_side side,
    const char (**list)[CONF_NAME_MAX])
{
	if (side == HOOK_FORWARD) {
		*list = m->forward_strip;
		return m->nforward_strip;
	}
	*list = m->strip;
	return m->no_strip ? 0 : m->nstrip;
}

static bool
strip_wanted(const struct conf_mirror *m, enum hook_side side)
{
	const char	(*list)[CONF_NAME_MAX];

	return strip_list(m, side, &list) > 0;
}

static bool
listed(const char (*list)[CONF_NAME_MAX], size_t nlist, const uint8_t *p,
    size_t n)
{
	size_t	 i;

	for (i = 0; i < nlist; i++)
		if (headline_is(p, n, list[i]))
			return true;
	return false;
}

static enum hook_verdict
strip_chunk(const struct conf_mirror *m, enum hook_side side,
    const struct chunk *c, struct hook_buf *b, const uint8_t **data,
    size_t *len)
{
	const char	(*list)[CONF_NAME_MAX];
	size_t		 nlist, at, line, name, out;
	bool		 first, changed, gone = false;

	if (c->part == FRAMER_UNMARKED)
		return HOOK_HIDE;
	if (c->part != FRAMER_REQUEST && c->part != FRAMER_RESPONSE &&
	    c->part != FRAMER_TRAILER)
		return HOOK_KEEP;
	nlist = strip_list(m, side, &list);
	if (hook_buf_room(b, c->len) == -1)
		return HOOK_FAIL;
	changed = false;
	/* A trailer has no first line. */
	first = c->part != FRAMER_TRAILER;
	for (at = 0, out = 0; (line = headline_next(c->data + at,
	    c->len - at, first, &name)) > 0; at += line) {
		/*
		 * An empty line before the first one is no header line. A
		 * folded one that comes alone belongs to the one before.
		 */
		gone = !first && (listed(list, nlist, c->data + at, name) ||
		    (gone && headline_is_blank(c->data[at])));
		if (gone) {
			changed = true;
			continue;
		}
		if (line > 2)
			first = false;
		memcpy(b->p + out, c->data + at, line);
		out += line;
	}
	if (!changed)
		return HOOK_KEEP;
	*data = b->p;
	*len = out;
	return HOOK_CHANGED;
}

const struct hook_ops	 hook_strip_header = {
	.name	= "strip-header",
	.wanted	= strip_wanted,
	.chunk	= strip_chunk,
};
