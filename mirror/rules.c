#include <string.h>

#include "analyzer/http.h"
#include "mirror/rules.h"
#include "sandbox/target.h"

/* Where another server may see another request, besides what is ambiguous. */
#define UNCLEAR		(HTTP_F_NO_COLON | HTTP_F_START_LINE | HTTP_F_HOST_BAD)

struct asked {
	struct target	 target;
	size_t		 bare_len;	/* of the host without its port */
	uint8_t		 host[HTTP_HOST_MAX];
	uint8_t		 path[TARGET_PATH_MAX];
};

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
	bool				 match, paths, copy;

	paths = look_at(m, record, &match);
	if (!read_head(&a, p, n, paths))
		return RULES_UNJUDGED;
	copy = !match;
	for (r = m->rules; r < m->rules + m->nrules; r++) {
		if (r->record != record || !matches(&r->asks, &a))
			continue;
		copy = !r->ignore;
		if (r->quick)
			break;
	}
	return copy ? RULES_COPY : RULES_IGNORE;
}
