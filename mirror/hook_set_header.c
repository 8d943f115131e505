/*
 * Sets headers of each request: one of that name is replaced, the new ones
 * are the last lines of the head. The body is never touched.
 */
#include <string.h>

#include "mirror/headline.h"
#include "mirror/hook.h"

static bool
set_wanted(const struct conf_mirror *m, enum hook_side side)
{
	return side == HOOK_FORWARD && m->nset > 0;
}

static bool
is_set(const struct conf_mirror *m, const uint8_t *p, size_t n)
{
	size_t	 i;

	for (i = 0; i < m->nset; i++)
		if (headline_is(p, n, m->set[i].name))
			return true;
	return false;
}

/* All new lines at out; their length. out NULL only counts. */
static size_t
put_lines(const struct conf_mirror *m, uint8_t *out)
{
	const char	*part[4] = { NULL, ": ", NULL, "\r\n" };
	size_t		 i, k, n, at;

	at = 0;
	for (i = 0; i < m->nset; i++) {
		part[0] = m->set[i].name;
		part[2] = m->set[i].value;
		for (k = 0; k < 4; k++) {
			n = strlen(part[k]);
			if (out != NULL)
				memcpy(out + at, part[k], n);
			at += n;
		}
	}
	return at;
}

static enum hook_verdict
set_chunk(const struct conf_mirror *m, enum hook_side side,
    const struct chunk *c, struct hook_buf *b, const uint8_t **data,
    size_t *len)
{
	size_t	 at, line, name, out;
	bool	 first;

	(void)side;
	if (c->part != FRAMER_REQUEST)
		return HOOK_KEEP;
	if (hook_buf_room(b, c->len + put_lines(m, NULL)) == -1)
		return HOOK_FAIL;
	first = true;
	for (at = 0, out = 0; (line = headline_next(c->data + at,
	    c->len - at, first, &name)) > 0; at += line) {
		if (!first && name > 0 && is_set(m, c->data + at, name))
			continue;
		if (!first && (c->data[at] == '\r' || c->data[at] == '\n')) {
			out += put_lines(m, b->p + out);
			memcpy(b->p + out, c->data + at, c->len - at);
			out += c->len - at;
			break;
		}
		if (line > 2)
			first = false;
		memcpy(b->p + out, c->data + at, line);
		out += line;
	}
	*data = b->p;
	*len = out;
	return HOOK_CHANGED;
}

const struct hook_ops	 hook_set_header = {
	.name	= "set-header",
	.wanted	= set_wanted,
	.chunk	= set_chunk,
};
