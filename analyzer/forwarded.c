#include <string.h>
#include <strings.h>

#include "analyzer/forwarded.h"

bool
forwarded_trusts(const struct conf *c, const struct addr *a)
{
	size_t	 i;

	for (i = 0; i < c->nproxies; i++)
		if (addr_in(a, &c->proxies[i].addr, c->proxies[i].bits))
			return true;
	return false;
}

static struct http_span
trim(struct http_span s)
{
	while (s.len > 0 && (*s.p == ' ' || *s.p == '\t')) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* What stands behind the last separator is taken off the list. */
static struct http_span
take_last(struct http_span *list, char separator)
{
	struct http_span	 part;
	size_t			 n = list->len;

	while (n > 0 && list->p[n - 1] != (uint8_t)separator)
		n--;
	part.p = list->p + n;
	part.len = list->len - n;
	list->len = n > 0 ? n - 1 : 0;
	return trim(part);
}

/* The node of an element "for=node;by=node;proto=http" (RFC 7239, 4). */
static struct http_span
node_of(struct http_span element)
{
	struct http_span	 pair;

	while (element.len > 0) {
		pair = take_last(&element, ';');
		if (pair.len > 4 &&
		    strncasecmp((const char *)pair.p, "for=", 4) == 0) {
			pair.p += 4;
			pair.len -= 4;
			return pair;
		}
	}
	return (struct http_span){ NULL, 0 };
}

/* Address, address:port, [address] or [address]:port, perhaps in quotes. */
static bool
parse_node(struct http_span s, struct addr *a)
{
	char	 text[ADDR_TEXT_MAX], *end;

	if (s.len > 1 && s.p[0] == '"' && s.p[s.len - 1] == '"') {
		s.p++;
		s.len -= 2;
	}
	if (s.len > 0 && s.p[0] == '[') {
		s.p++;
		s.len--;
		if ((end = memchr(s.p, ']', s.len)) == NULL)
			return false;
		s.len = (size_t)((const uint8_t *)end - s.p);
	}
	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	if (strlen(text) != s.len)
		return false;
	end = strchr(text, ':');
	if (end != NULL && strchr(end + 1, ':') == NULL)
		*end = '\0';
	return addr_parse(text, a) == 0;
}

/* Goes on before what a later line said; false: no further. */
static bool
walk(const struct conf *c, struct http_span list, bool plain, struct addr *a,
    bool *any)
{
	struct http_span	 part;
	struct addr		 one;

	while (list.len > 0) {
		part = take_last(&list, ',');
		if (!parse_node(plain ? part : node_of(part), &one))
			return false;
		*a = one;
		*any = true;
		if (!forwarded_trusts(c, &one))
			return false;
	}
	return true;
}

bool
forwarded_client(const struct conf *c, const struct http_head *h,
    struct addr *a)
{
	bool			 plain = h->x_forwarded_for.n > 0;
	const struct http_lines	*lines = plain ? &h->x_forwarded_for :
				    &h->forwarded;
	bool			 any = false;
	unsigned		 i;

	for (i = lines->n; i > 0; i--)
		if (!walk(c, lines->v[i - 1], plain, a, &any))
			break;
	return any;
}
