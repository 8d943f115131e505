#include <string.h>
#include <strings.h>

#include "sandbox/addr.h"
#include "sandbox/compat.h"
#include "ui/webhead.h"

#define OPENMETRICS	"application/openmetrics-text"
#define SCHEME		"http://"

struct span {
	const char	*p;
	size_t		 n;
};

static bool
is(const struct span *s, const char *word)
{
	return s->n == strlen(word) && strncasecmp(s->p, word, s->n) == 0;
}

size_t
webhead_end(const char *p, size_t n)
{
	const char	*nl = p, *end = p + n;

	while ((nl = memchr(nl, '\n', (size_t)(end - nl))) != NULL) {
		nl++;
		if (nl < end && *nl == '\n')
			return (size_t)(nl + 1 - p);
		if (end - nl > 1 && nl[0] == '\r' && nl[1] == '\n')
			return (size_t)(nl + 2 - p);
	}
	return 0;
}

/* The next line without its end; p and n go behind it. */
static bool
line(const char **p, size_t *n, struct span *l)
{
	const char	*nl = memchr(*p, '\n', *n);

	if (nl == NULL)
		return false;
	l->p = *p;
	l->n = (size_t)(nl - *p);
	*n -= l->n + 1;
	*p = nl + 1;
	if (l->n > 0 && l->p[l->n - 1] == '\r')
		l->n--;
	return true;
}

/* What is in front of a byte; the line goes behind it. */
static bool
upto(struct span *l, char c, struct span *word)
{
	const char	*end = memchr(l->p, c, l->n);

	if (end == NULL)
		return false;
	word->p = l->p;
	word->n = (size_t)(end - l->p);
	l->n -= word->n + 1;
	l->p = end + 1;
	return true;
}

/* No control characters: a line is text (RFC 9112, section 2.2). */
static bool
is_text(const struct span *l)
{
	size_t	 i;

	for (i = 0; i < l->n; i++)
		if (((unsigned char)l->p[i] < ' ' && l->p[i] != '\t') ||
		    l->p[i] == 0x7f)
			return false;
	return true;
}

/* "name:80", "[::1]:80" */
static void
cut_port(struct span *v)
{
	const char	*from = v->p, *colon;
	size_t		 n = v->n;

	if (n > 0 && *from == '[' && (from = memchr(from, ']', n)) == NULL)
		return;
	n -= (size_t)(from - v->p);
	if ((colon = memchr(from, ':', n)) != NULL)
		v->n = (size_t)(colon - v->p);
}

static void
take_host(struct span v, struct webhead *h)
{
	cut_port(&v);
	h->host = v.p;
	h->host_len = v.n;
}

/* A whole URL says itself which host is meant (RFC 9112, section 3.2.2). */
static void
cut_origin(struct span *t, struct webhead *h)
{
	const size_t	 n = strlen(SCHEME);
	struct span	 host;
	const char	*slash;

	if (t->n < n || strncasecmp(t->p, SCHEME, n) != 0)
		return;
	host.p = t->p + n;
	slash = memchr(host.p, '/', t->n - n);
	host.n = slash == NULL ? t->n - n : (size_t)(slash - host.p);
	t->p = host.p + host.n;
	t->n -= n + host.n;
	take_host(host, h);
}

static int
request(struct span *l, struct webhead *h)
{
	struct span	 method, target;

	if (!is_text(l) || !upto(l, ' ', &method) || !upto(l, ' ', &target) ||
	    method.n == 0)
		return 400;
	if (l->n != 8 || memcmp(l->p, "HTTP/1.", 7) != 0 || l->p[7] < '0' ||
	    l->p[7] > '9')
		return memchr(l->p, ' ', l->n) != NULL ||
		    l->n < 5 || memcmp(l->p, "HTTP/", 5) != 0 ? 400 : 505;
	h->head = method.n == 4 && memcmp(method.p, "HEAD", 4) == 0;
	if (!h->head && (method.n != 3 || memcmp(method.p, "GET", 3) != 0))
		return 405;
	cut_origin(&target, h);
	if (target.n == 0 || *target.p != '/')
		return 400;
	h->target = target.p;
	h->target_len = target.n;
	return 0;
}

static bool
contains(const struct span *v, const char *word)
{
	const size_t	 n = strlen(word);
	size_t		 i;

	for (i = 0; i + n <= v->n; i++)
		if (strncasecmp(v->p + i, word, n) == 0)
			return true;
	return false;
}

static int
field(struct span *l, struct webhead *h)
{
	struct span	 name;

	if (!is_text(l) || !upto(l, ':', &name) || name.n == 0 ||
	    memchr(name.p, ' ', name.n) != NULL ||
	    memchr(name.p, '\t', name.n) != NULL)
		return 400;
	for (; l->n > 0 && (*l->p == ' ' || *l->p == '\t'); l->n--)
		l->p++;
	while (l->n > 0 && (l->p[l->n - 1] == ' ' || l->p[l->n - 1] == '\t'))
		l->n--;
	if (is(&name, "accept"))
		h->openmetrics |= contains(l, OPENMETRICS);
	if (!is(&name, "host"))
		return 0;
	if (h->hosts++ > 0)
		return 400;
	if (h->host == NULL)
		take_host(*l, h);
	return 0;
}

int
webhead_parse(const char *p, size_t n, struct webhead *h)
{
	struct span	 l;
	int		 status;

	memset(h, 0, sizeof(*h));
	if (!line(&p, &n, &l))
		return 400;
	status = request(&l, h);
	while (status == 0 && line(&p, &n, &l) && l.n > 0)
		status = field(&l, h);
	return status == 0 && h->hosts == 0 ? 400 : status;
}

bool
webhead_ours(const struct webhead *h, const char *const *names, size_t n)
{
	struct span	 s = { h->host, h->host_len };
	struct addr	 a;
	char		 text[ADDR_TEXT_MAX];
	size_t		 i;

	if (s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']') {
		s.p++;
		s.n -= 2;
	}
	if (s.n < sizeof(text)) {
		memcpy(text, s.p, s.n);
		text[s.n] = '\0';
		if (addr_parse(text, &a) == 0)
			return true;
	}
	if (s.n > 0 && s.p[s.n - 1] == '.')
		s.n--;
	for (i = 0; i < n; i++)
		if (is(&s, names[i]))
			return true;
	return is(&s, "localhost");
}
