#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ui/recording_starts.h"

#define METHOD_MAX	32
#define CUT_MIN		512	/* no writer cuts lines to less */

enum {
	BETWEEN,		/* a request follows */
	UNKNOWN,		/* what looks like one is one */
	IN_LINE,
	IN_FIELDS,
	IN_BODY,
	IN_SIZE,		/* line with the size of a chunk */
	IN_CHUNK,
	IN_CHUNK_END,
	IN_TRAILER
};

static bool
is_token(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool
starts_like_request(const uint8_t *p, size_t n)
{
	const uint8_t	*sp, *nl;
	size_t		 line, i;

	for (i = 0; i < n && i < METHOD_MAX && is_token(p[i]); i++)
		continue;
	if (i == 0 || i >= n || p[i] != ' ')
		return false;
	if ((nl = memchr(p, '\n', n)) == NULL)
		return n >= CUT_MIN;	/* a long line, cut by the writer */
	line = (size_t)(nl - p);
	sp = memrchr(p, ' ', line);
	return line - (size_t)(sp - p) > 6 && memcmp(sp + 1, "HTTP/1", 6) ==
	    0;
}

void
starts_lost(struct starts *s)
{
	memset(s, 0, sizeof(*s));
	s->state = UNKNOWN;
}

bool
starts_inside(const struct starts *s)
{
	return s->state > UNKNOWN;
}

static void
begin(struct starts *s)
{
	memset(s, 0, sizeof(*s));
	s->state = IN_LINE;
}

static void
on_field(struct starts *s)
{
	const char	*v;

	if ((v = reply_field(&s->line, "content-length")) != NULL)
		s->left = strtoull(v, NULL, 10);
	else if ((v = reply_field(&s->line, "transfer-encoding")) != NULL)
		s->chunked = strcasestr(v, "chunked") != NULL;
	else if ((v = reply_field(&s->line, "expect")) != NULL)
		s->expects = strncasecmp(v, "100-continue", 12) == 0;
}

/* A whole line without its end is in s->line.s. */
static void
on_line(struct starts *s)
{
	switch (s->state) {
	case IN_LINE:
		s->state = IN_FIELDS;
		break;
	case IN_FIELDS:
		if (s->line.n > 0)
			on_field(s);
		else if (s->chunked)
			s->state = IN_SIZE;
		else
			s->state = s->left > 0 ? IN_BODY : BETWEEN;
		break;
	case IN_SIZE:
		s->left = strtoull(s->line.s, NULL, 16);
		s->state = s->left == 0 ? IN_TRAILER : IN_CHUNK;
		break;
	case IN_CHUNK_END:
		s->state = IN_SIZE;
		break;
	default:
		if (s->line.n == 0)
			s->state = BETWEEN;
		break;
	}
}

static size_t
take_line(struct starts *s, const uint8_t *p, size_t n)
{
	size_t	 used;
	bool	 whole;

	used = reply_line(&s->line, p, n, &whole);
	if (whole) {
		on_line(s);
		s->line.n = 0;
	}
	return used;
}

static size_t
take_body(struct starts *s, size_t n)
{
	if (n > s->left)
		n = (size_t)s->left;
	s->left -= n;
	s->expects = false;
	if (s->left == 0)
		s->state = s->state == IN_BODY ? BETWEEN : IN_CHUNK_END;
	return n;
}

/* Bytes that lie between two requests; a request that begins there. */
static size_t
between(struct starts *s, const uint8_t *p, size_t n)
{
	if (*p == '\r' || *p == '\n')
		return 1;
	if (!starts_like_request(p, n)) {
		starts_lost(s);
		return n;
	}
	begin(s);
	return 0;
}

bool
starts_piece(struct starts *s, const uint8_t *p, size_t n)
{
	bool	 start = false;
	size_t	 used;

	if (n > 0 && (s->state == BETWEEN || s->state == UNKNOWN ||
	    (s->expects && s->state >= IN_BODY)))
		start = starts_like_request(p, n);
	if (start)
		begin(s);
	for (; n > 0 && s->state != UNKNOWN; p += used, n -= used) {
		if (s->state == BETWEEN)
			used = between(s, p, n);
		else if (s->state == IN_BODY || s->state == IN_CHUNK)
			used = take_body(s, n);
		else
			used = take_line(s, p, n);
	}
	return start;
}
