#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mirror/hook.h"
#include "sandbox/compat.h"

#define WINDOW	256		/* longer than most header lines */

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

/* Bytes up to and with the end of the line at p. */
static size_t
line_length(const uint8_t *p, size_t n)
{
	const uint8_t	*nl, *cr;
	size_t		 i, k, end;

	/* In windows: a head of lone CRs is not searched for each of them. */
	for (i = 0; i < n; i += k) {
		k = n - i < WINDOW ? n - i : WINDOW;
		if ((nl = memchr(p + i, '\n', k)) != NULL)
			k = (size_t)(nl - p) - i;
		if ((cr = memchr(p + i, '\r', k)) != NULL) {
			end = (size_t)(cr - p) + 1;
			return end < n && p[end] == '\n' ? end + 1 : end;
		}
		if (nl != NULL)
			return i + k + 1;
	}
	return n;
}

bool
hook_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

size_t
hook_header_line(const uint8_t *p, size_t n, bool start, size_t *name)
{
	const uint8_t	*colon;
	size_t		 len;

	*name = 0;
	if (n == 0)
		return 0;
	len = line_length(p, n);
	if (!start && p[0] != '\r' && p[0] != '\n' && !hook_is_blank(p[0]))
		while (len < n && hook_is_blank(p[len]))
			len += line_length(p + len, n - len);
	if ((colon = memchr(p, ':', len)) != NULL)
		*name = (size_t)(colon - p);
	while (*name > 0 && hook_is_blank(p[*name - 1]))
		--*name;
	return len;
}

bool
hook_name_is(const uint8_t *p, size_t n, const char *name)
{
	while (n > 0 && hook_is_blank(*p)) {
		p++;
		n--;
	}
	/* Most names differ in their first letter. */
	return n > 0 && ((*p ^ (uint8_t)*name) & ~0x20) == 0 &&
	    strlen(name) == n && strncasecmp((const char *)p, name, n) == 0;
}
