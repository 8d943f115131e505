#include <string.h>
#include <strings.h>

#include "mirror/headline.h"

#define WINDOW	256		/* longer than most header lines */

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
headline_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

size_t
headline_next(const uint8_t *p, size_t n, bool start, size_t *name)
{
	const uint8_t	*colon;
	size_t		 len;

	*name = 0;
	if (n == 0)
		return 0;
	len = line_length(p, n);
	if (!start && p[0] != '\r' && p[0] != '\n' && !headline_is_blank(p[0]))
		while (len < n && headline_is_blank(p[len]))
			len += line_length(p + len, n - len);
	if ((colon = memchr(p, ':', len)) != NULL)
		*name = (size_t)(colon - p);
	while (*name > 0 && headline_is_blank(p[*name - 1]))
		--*name;
	return len;
}

bool
headline_is(const uint8_t *p, size_t n, const char *name)
{
	while (n > 0 && headline_is_blank(*p)) {
		p++;
		n--;
	}
	/* Most names differ in their first letter. */
	return n > 0 && ((*p ^ (uint8_t)*name) & ~0x20) == 0 &&
	    strlen(name) == n && strncasecmp((const char *)p, name, n) == 0;
}
