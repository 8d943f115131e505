#include <string.h>

#include "analyzer/http.h"
#include "mirror/headline.h"
#include "mirror/rules.h"
#include "sandbox/target.h"

/* Where another server may see another request, besides what is ambiguous. */
#define UNCLEAR		(HTTP_F_NO_COLON | HTTP_F_START_LINE | HTTP_F_HOST_BAD)

struct asked {
	struct target	 target;
	size_t		 bare_len;	/* of the host without its port */
	uint8_t		 host[HTTP_HOST_MAX];
	uint8_t		 path[TARGET_PATH_MAX];
	const uint8_t	*head;
	size_t		 head_len;
};

enum holds { NO, YES, UNSURE };

bool
rules_wanted(const struct conf_mirror *m, bool record)
{
	size_t	 i;

	for (i = 0; i < m->nrules; i++)
		if (m->rules[i].record == record)
			return true;
	return false;
}

/* "a:8080" is the host a, too; "[::1]" has no port. */
static size_t
without_port(const uint8_t *host, size_t n)
{
	const uint8_t	*colon;

	colon = n == 0 ? NULL : memrchr(host, ':', n);
	if (colon == NULL || memchr(colon, ']', n - (size_t)(colon - host)) !=
	    NULL || (host[0] != '[' && memchr(host, ':',
	    (size_t)(colon - host)) != NULL))
		return n;
	return (size_t)(colon - host);
}

/* False: it is not clear what is asked for. */
static bool
read_head(struct asked *a, const uint8_t *p, size_t n, bool paths)
{
	struct http_head	 h;
	struct target		*t = &a->target;

	if (http_parse(p, n, &h) != (ssize_t)n || !h.is_request ||
	    http_ambiguous(&h) || (h.flaws & UNCLEAR) != 0)
		return false;
	a->head = p;
	a->head_len = n;
	t->host = a->host;
	t->host_len = http_host(&h, a->host);
	a->bare_len = without_port(t->host, t->host_len);
	t->method = h.method.p;
	t->method_len = h.method.len;
	return target_path(h.target.p, h.target.len, a->path, t) || !paths;
}

static bool
matches(const struct conf_request *r, const struct asked *a)
{
	struct target	 bare = a->target;

	bare.host_len = a->bare_len;
	return target_matches(r, &a->target) || target_matches(r, &bare);
}

/* ---- header lines ---- */

static uint8_t
alike(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

/* Some servers give X_A and X.A to a program by the name of X-A. */
static enum holds
is_named(const uint8_t *p, size_t n, const char *name)
{
	size_t	 i;

	if (headline_is(p, n, name))
		return YES;
	if (strlen(name) != n)
		return NO;
	for (i = 0; i < n; i++)
		if (alike(p[i]) != alike((uint8_t)name[i]))
			return NO;
	return UNSURE;
}

/* What stands between the colon and the end of a line. */
static enum holds
is_value(const char *glob, const uint8_t *p, size_t n)
{
	size_t	 i;

	if (*glob == '\0')
		return YES;
	while (n > 0 && (p[n - 1] == '\r' || p[n - 1] == '\n'))
		n--;
	while (n > 0 && headline_is_blank(p[n - 1]))
		n--;
	for (; n > 0 && headline_is_blank(*p); n--)
		p++;
	/* Servers part over what else is a blank, and over bytes of 8 bits. */
	for (i = 0; i < n; i++)
		if ((p[i] < ' ' && p[i] != '\t') || p[i] >= 0x7f)
			return UNSURE;
	return conf_glob(glob, (const char *)p, n) ? YES : NO;
}

/* Of a header that comes twice a server may look at any one. */
static enum holds
has_header(const struct conf_rule_header *h, const struct asked *a)
{
	const uint8_t	*p = a->head;
	enum holds	 named, v = NO;
	size_t		 line, name, left, n = 0;
	bool		 start = true;

	for (left = a->head_len; (line = headline_next(p, left, start,
	    &name)) > 0; left -= line, p += line) {
		/* Empty lines may stand before the first one. */
		named = start ? NO : is_named(p, name, h->name);
		start = start && line <= 2;
		if (named == UNSURE)
			return UNSURE;
		if (named == NO)
			continue;
		v = is_value(h->value, p + name + 1, line - name - 1);
		if (v == UNSURE || (n++ > 0 && h->value[0] != '\0'))
			return UNSURE;
	}
	return v;
}

static enum holds
has_headers(const struct conf_mirror_rule *r, const struct asked *a)
{
	enum holds	 v, all = YES;
	size_t		 i;

	for (i = 0; i < r->nheaders && all != NO; i++) {
		v = has_header(&r->headers[i], a);
		if (v != YES)
			all = v;
	}
	return all;
}

/* Whether a side has a rule about paths; *match: one that says match. */
static bool
look_at(const struct conf_mirror *m, bool record, bool *match)
{
	const struct conf_mirror_rule	*r;
	bool				 paths = false;

	*match = false;
	for (r = m->rules; r < m->rules + m->nrules; r++) {
		if (r->record != record)
			continue;
		*match = *match || !r->ignore;
		paths = paths || r->asks.path[0] != '\0';
	}
	return paths;
}

enum rules_verdict
rules_judge(const struct conf_mirror *m, bool record, const uint8_t *p,
    size_t n)
{
	static struct asked		 a;	/* no pages of stack */
	const struct conf_mirror_rule	*r;
	enum holds			 v;
	bool				 match, paths, copy;

	paths = look_at(m, record, &match);
	if (!read_head(&a, p, n, paths))
		return RULES_UNJUDGED;
	copy = !match;
	for (r = m->rules; r < m->rules + m->nrules; r++) {
		if (r->record != record || !matches(&r->asks, &a))
			continue;
		if ((v = has_headers(r, &a)) == UNSURE)
			return RULES_UNJUDGED;
		if (v == NO)
			continue;
		copy = !r->ignore;
		if (r->quick)
			break;
	}
	return copy ? RULES_COPY : RULES_IGNORE;
}
