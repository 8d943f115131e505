#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mirror/reply.h"

enum {
	IN_STATUS,
	IN_FIELDS,
	IN_BODY,
	IN_SIZE,		/* line with the size of a chunk */
	IN_CHUNK,
	IN_CHUNK_END,
	IN_TRAILER,
	UNTIL_EOF
};

size_t
reply_line(struct reply_line *l, const uint8_t *p, size_t n, bool *whole)
{
	const uint8_t	*nl = memchr(p, '\n', n);
	size_t		 len, keep;

	len = nl == NULL ? n : (size_t)(nl - p);
	keep = sizeof(l->s) - 1 - l->n;
	if (keep > len)
		keep = len;
	memcpy(l->s + l->n, p, keep);
	l->n += (uint16_t)keep;
	*whole = nl != NULL;
	if (nl == NULL)
		return n;
	if (l->n > 0 && l->s[l->n - 1] == '\r')
		l->n--;
	l->s[l->n] = '\0';
	return len + 1;
}

const char *
reply_field(const struct reply_line *l, const char *name)
{
	const char	*v = l->s + strlen(name);

	if (strncasecmp(l->s, name, strlen(name)) != 0)
		return NULL;
	v += strspn(v, " \t");
	return *v == ':' ? v + 1 + strspn(v + 1, " \t") : NULL;
}

void
reply_init(struct reply *a)
{
	memset(a, 0, sizeof(*a));
}

void
reply_clear(struct reply *a)
{
	free(a->heads);
	a->heads = NULL;
	a->room = 0;
}

static int
grow(struct reply *a)
{
	uint64_t	*p;
	size_t		 room, i;

	room = a->room == 0 ? 64 : a->room * 2;
	if (room > REPLY_OPEN_MAX ||
	    (p = calloc(room / 64, sizeof(*p))) == NULL)
		return -1;
	/* The open ones keep their bits, at their places modulo the room. */
	for (i = a->done; i < a->asked; i++)
		if (a->heads[i % a->room / 64] >> (i % 64) & 1)
			p[i % room / 64] |= (uint64_t)1 << (i % 64);
	free(a->heads);
	a->heads = p;
	a->room = room;
	return 0;
}

void
reply_asked(struct reply *a, const uint8_t *p, size_t n)
{
	uint64_t	 bit, i;

	if (a->lost) {
		a->asked++;
		return;
	}
	if (a->asked - a->done >= a->room && grow(a) == -1) {
		a->lost = true;
		a->asked++;
		return;
	}
	i = a->asked++;
	bit = (uint64_t)1 << (i % 64);
	if (n >= 5 && memcmp(p, "HEAD ", 5) == 0)
		a->heads[i % a->room / 64] |= bit;
	else
		a->heads[i % a->room / 64] &= ~bit;
}

static bool
is_head(const struct reply *a)
{
	if (a->done >= a->asked || a->room == 0)
		return false;
	return a->heads[a->done % a->room / 64] >> (a->done % 64) & 1;
}

static void
complete(struct reply *a)
{
	a->done++;
	a->state = IN_STATUS;
}

static void
on_status(struct reply *a)
{
	const char	*p;
	unsigned long	 status = 0;

	if (a->line.n == 0)
		return;		/* a stray empty line */
	/* What nobody asked for, a 408 for being idle say, is no answer. */
	if (reply_open(a) > 0 && a->line.n >= 12 &&
	    strncmp(a->line.s, "HTTP/1.", 7) == 0 &&
	    (p = strchr(a->line.s, ' ')) != NULL)
		status = strtoul(p, NULL, 10);
	if (status < 100 || status >= REPLY_STATUS) {
		a->lost = true;
		a->state = UNTIL_EOF;
		return;
	}
	a->status = (uint16_t)status;
	a->chunked = a->has_length = false;
	a->closes = a->line.s[7] == '0';
	a->left = 0;
	a->state = IN_FIELDS;
}

/* The head is complete: what follows? */
static void
on_head(struct reply *a, void (*seen)(void *, unsigned), void *arg)
{
	if (a->status < 200 && a->status != 101) {
		a->closes = false;
		a->state = IN_STATUS;
		return;
	}
	seen(arg, a->status);
	if (a->status == 101) {
		a->done++;
		a->lost = true;
		a->state = UNTIL_EOF;
	} else if (is_head(a) || a->status == 204 || a->status == 304)
		complete(a);
	else if (a->chunked)
		a->state = IN_SIZE;
	else if (!a->has_length)
		a->state = UNTIL_EOF;
	else if (a->left == 0)
		complete(a);
	else
		a->state = IN_BODY;
}

static void
on_field(struct reply *a)
{
	const char	*v;

	if ((v = reply_field(&a->line, "content-length")) != NULL) {
		a->left = strtoull(v, NULL, 10);
		a->has_length = true;
	} else if ((v = reply_field(&a->line, "transfer-encoding")) != NULL)
		a->chunked = strcasestr(v, "chunked") != NULL;
	else if ((v = reply_field(&a->line, "connection")) != NULL)
		a->closes = strcasestr(v, "close") != NULL ||
		    (a->closes && strcasestr(v, "keep-alive") == NULL);
}

/* A whole line without its end is in a->line. */
static void
on_line(struct reply *a, void (*seen)(void *, unsigned), void *arg)
{
	switch (a->state) {
	case IN_STATUS:
		on_status(a);
		break;
	case IN_FIELDS:
		if (a->line.n == 0)
			on_head(a, seen, arg);
		else
			on_field(a);
		break;
	case IN_SIZE:
		a->left = strtoull(a->line.s, NULL, 16);
		a->state = a->left == 0 ? IN_TRAILER : IN_CHUNK;
		break;
	case IN_CHUNK_END:
		a->state = IN_SIZE;
		break;
	case IN_TRAILER:
		if (a->line.n == 0)
			complete(a);
		break;
	default:
		break;
	}
}

void
reply_data(struct reply *a, const uint8_t *p, size_t n,
    void (*seen)(void *, unsigned status), void *arg)
{
	size_t	 used;
	bool	 whole;

	for (; n > 0 && a->state != UNTIL_EOF && !reply_ended(a);
	    p += used, n -= used) {
		if (a->state != IN_BODY && a->state != IN_CHUNK) {
			used = reply_line(&a->line, p, n, &whole);
			if (whole) {
				on_line(a, seen, arg);
				a->line.n = 0;
			}
			continue;
		}
		used = n < a->left ? n : (size_t)a->left;
		a->left -= used;
		if (a->left > 0)
			continue;
		if (a->state == IN_BODY)
			complete(a);
		else
			a->state = IN_CHUNK_END;
	}
}

void
reply_eof(struct reply *a)
{
	if (a->state == UNTIL_EOF && !a->lost) {
		a->closes = true;
		complete(a);
	}
}

uint64_t
reply_open(const struct reply *a)
{
	return a->asked > a->done ? a->asked - a->done : 0;
}

uint64_t
reply_unheard(const struct reply *a)
{
	uint64_t	 open = reply_open(a);

	/* From the body on, its head has been seen. */
	return open > 0 && !a->lost && a->state >= IN_BODY ? open - 1 : open;
}

bool
reply_ended(const struct reply *a)
{
	return a->closes && !a->lost && a->done > 0 && a->state == IN_STATUS &&
	    a->line.n == 0;
}
