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

/* How many requests share a word of kinds. */
#define KINDS		32

enum { HAS_BODY, IS_HEAD, IS_CONNECT };

static unsigned
kind_at(const struct reply *a, uint64_t i)
{
	return a->kinds[i % a->room / KINDS] >> (i % KINDS * 2) & 3;
}

static void
set_kind(uint64_t *kinds, size_t room, uint64_t i, unsigned kind)
{
	uint64_t	*word = &kinds[i % room / KINDS];
	unsigned	 at = (unsigned)(i % KINDS * 2);

	*word = (*word & ~((uint64_t)3 << at)) | (uint64_t)kind << at;
}

void
reply_init(struct reply *a)
{
	memset(a, 0, sizeof(*a));
}

void
reply_clear(struct reply *a)
{
	free(a->kinds);
	a->kinds = NULL;
	a->room = 0;
}

static int
grow(struct reply *a)
{
	uint64_t	*p;
	size_t		 room, i;

	room = a->room == 0 ? 64 : a->room * 2;
	if (room > REPLY_OPEN_MAX ||
	    (p = calloc(room / KINDS, sizeof(*p))) == NULL)
		return -1;
	/* The open ones keep theirs, at their places modulo the room. */
	for (i = a->done; i < a->asked; i++)
		set_kind(p, room, i, kind_at(a, i));
	free(a->kinds);
	a->kinds = p;
	a->room = room;
	return 0;
}

void
reply_asked(struct reply *a, const uint8_t *p, size_t n)
{
	unsigned	 kind = HAS_BODY;

	if (a->lost) {
		a->asked++;
		return;
	}
	if (a->asked - a->done >= a->room && grow(a) == -1) {
		a->lost = true;
		a->asked++;
		return;
	}
	if (n >= 5 && memcmp(p, "HEAD ", 5) == 0)
		kind = IS_HEAD;
	else if (n >= 8 && memcmp(p, "CONNECT ", 8) == 0)
		kind = IS_CONNECT;
	set_kind(a->kinds, a->room, a->asked++, kind);
}

/* Of the request that is answered now. */
static unsigned
kind(const struct reply *a)
{
	if (a->done >= a->asked || a->room == 0)
		return HAS_BODY;
	return kind_at(a, a->done);
}

static void
complete(struct reply *a)
{
	if (a->whole != NULL && !a->broken)
		a->whole(a->arg, a);
	a->done++;
	a->state = IN_STATUS;
}

/* Behind this answer comes another protocol. */
static void
switch_over(struct reply *a)
{
	complete(a);
	a->lost = a->switched = true;
	a->state = UNTIL_EOF;
}

static bool
is_digits(const char *s, size_t n)
{
	return n > 0 && strspn(s, "0123456789") == n;
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
	/* HTTP/1.1 200 OK */
	if (!is_digits(a->line.s + 7, 1) || a->line.s[8] != ' ' ||
	    !is_digits(a->line.s + 9, 3) ||
	    (a->line.s[12] != ' ' && a->line.s[12] != '\0'))
		a->broken = true;
	a->status = (uint16_t)status;
	a->chunked = a->has_coding = a->has_length = false;
	a->closes = a->minor0 = a->line.s[7] == '0';
	a->left = a->body = 0;
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
	if (a->has_coding && (a->has_length || a->minor0))
		a->broken = true;
	seen(arg, a->status);
	if (a->status == 101 || (kind(a) == IS_CONNECT &&
	    a->status / 100 == 2))
		switch_over(a);
	else if (kind(a) == IS_HEAD || a->status == 204 || a->status == 304)
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

/* Some end a line at a bare CR, or a text at a NUL, or go on after a fold. */
static bool
is_odd(const struct reply_line *l)
{
	return strlen(l->s) != l->n || strchr(l->s, '\r') != NULL ||
	    l->s[0] == ' ' || l->s[0] == '\t';
}

/* A field that frames, written so that all read it, and read to its end. */
static bool
is_clear(const struct reply_line *l, const char *name)
{
	return l->s[strlen(name)] == ':' && l->n < REPLY_LINE_MAX - 1;
}

/* A number that fits, with nothing but blanks behind it. */
static bool
is_length(const char *v)
{
	size_t	 n = strspn(v, "0123456789");

	return n > 0 && n < 20 && v[n + strspn(v + n, " \t")] == '\0';
}

static void
on_length(struct reply *a, const char *v)
{
	uint64_t	 left = strtoull(v, NULL, 10);

	if (!is_clear(&a->line, "content-length") || !is_length(v) ||
	    (a->has_length && left != a->left))
		a->broken = true;
	a->left = left;
	a->has_length = true;
}

/* "chunked", or other codings and that at last. */
static void
on_coding(struct reply *a, const char *v)
{
	const char	*last = strrchr(v, ',');

	a->chunked = strcasestr(v, "chunked") != NULL;
	last = last == NULL ? v : last + 1;
	last += strspn(last, " \t");
	if (!is_clear(&a->line, "transfer-encoding") || a->has_coding ||
	    a->chunked != (strncasecmp(last, "chunked", 7) == 0 &&
	    last[7 + strspn(last + 7, " \t")] == '\0'))
		a->broken = true;
	a->has_coding = true;
}

static void
on_field(struct reply *a)
{
	const char	*v;

	if (is_odd(&a->line))
		a->broken = true;
	if ((v = reply_field(&a->line, "content-length")) != NULL)
		on_length(a, v);
	else if ((v = reply_field(&a->line, "transfer-encoding")) != NULL)
		on_coding(a, v);
	else if ((v = reply_field(&a->line, "connection")) != NULL)
		a->closes = strcasestr(v, "close") != NULL ||
		    (a->closes && strcasestr(v, "keep-alive") == NULL);
}

/* Of a chunk; extensions may follow. */
static bool
is_size(const char *s)
{
	size_t	 n = strspn(s, "0123456789abcdefABCDEF");
	char	 next = s[n + strspn(s + n, " \t")];

	return n > 0 && n <= 15 && (next == '\0' || next == ';');
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
		if (!is_size(a->line.s))
			a->broken = true;
		a->state = a->left == 0 ? IN_TRAILER : IN_CHUNK;
		break;
	case IN_CHUNK_END:
		if (a->line.n > 0)
			a->broken = true;
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
			if (a->state == IN_STATUS && a->line.n == 0)
				a->head_us = a->now_us;
			used = reply_line(&a->line, p, n, &whole);
			if (whole) {
				on_line(a, seen, arg);
				a->line.n = 0;
			}
			continue;
		}
		used = n < a->left ? n : (size_t)a->left;
		a->left -= used;
		a->body += used;
		if (a->left > 0)
			continue;
		if (a->state == IN_BODY)
			complete(a);
		else
			a->state = IN_CHUNK_END;
	}
	if (a->state == UNTIL_EOF && !a->lost)
		a->body += n;
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
