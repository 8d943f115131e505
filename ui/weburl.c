#include <stdio.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/vis.h"
#include "ui/weburl.h"

#define PAST		4	/* names of times come first */

#define SHOWN(n)	{ "show", n }, false
#define SHOWN_ONE(n)	{ "show", n }, true

/*
 * Neither the configuration nor what changes anything. In the order in which
 * somebody with a problem goes through them.
 */
const struct weburl_page weburl_pages[] = {
	{ "summary",	"summary",	true,	true,	SHOWN("summary") },
	{ "alerts",	"alerts",	false,	true,	SHOWN_ONE("alerts") },
	{ "why",	"why",		false,	false,	{ "why", NULL },
	    false },
	{ "hosts",	"hosts",	true,	true,	SHOWN("hosts") },
	{ "host",	NULL,		true,	false,	SHOWN_ONE("host") },
	{ "sections",	"sections",	true,	true,	SHOWN_ONE("sections") },
	{ "methods",	"methods",	true,	true,	SHOWN("methods") },
	{ "status",	"status",	true,	true,	SHOWN("status") },
	{ "errors",	"errors",	false,	false,	SHOWN("errors") },
	{ "clients",	"clients",	true,	true,	SHOWN("clients") },
	{ "talkers",	"talkers",	true,	true,	SHOWN("talkers") },
	{ "sites",	"sites",	true,	true,	SHOWN("sites") },
	{ "names",	"names",	true,	true,	SHOWN("names") },
	{ "flows",	"flows",	false,	false,	SHOWN("flows") },
	{ "transactions", "transactions", false, false,
	    SHOWN("transactions") },
	{ "interfaces",	"interfaces",	true,	true,	SHOWN("interfaces") },
	{ "capture",	"capture",	true,	true,	SHOWN("capture") },
	{ "rules",	"rules",	false,	false,	SHOWN("rules") },
	{ "mirrors",	"mirrors",	false,	false,	SHOWN_ONE("mirrors") },
	{ "memory",	"memory",	false,	false,	SHOWN("memory") },
	{ "processes",	"processes",	false,	false,	SHOWN("processes") },
	{ "tally",	NULL,		false,	false,	SHOWN("tally") },
	{ "version",	NULL,		false,	false,	SHOWN("version") },
	{ "history",	"history",	false,	false,	SHOWN("history") },
	{ "compare",	NULL,		false,	true,	{ "compare", NULL },
	    false },
	{ "report",	"report",	true,	true,
	    { "report", "html" }, false },
	{ "metrics",	NULL,		false,	false,	SHOWN("metrics") },
	{ NULL,		NULL,		false,	false,	{ NULL, NULL }, false }
};

static int
fail(char *why, size_t size, int status, const char *what, const char *text)
{
	char	 v[256];

	snprintf(why, size, "%s: %s", what,
	    vis_str(VIS_TERM, v, sizeof(v), text));
	return status;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * A part of the target as text, behind those that are there (RFC 3986,
 * section 2.1; "+" is a blank in what a form sends). NULL: it is none.
 */
static char *
decode(struct weburl *u, const char *s, size_t n, bool form)
{
	char	*begin = u->text + u->used;
	size_t	 i, at = u->used;
	int	 c;

	if (n >= sizeof(u->text) - at)
		return NULL;
	for (i = 0; i < n; i++) {
		c = s[i] == '+' && form ? ' ' : (unsigned char)s[i];
		if (s[i] == '%') {
			if (n - i < 3 || hex(s[i + 1]) < 0 ||
			    hex(s[i + 2]) < 0)
				return NULL;
			c = hex(s[i + 1]) * 16 + hex(s[i + 2]);
			i += 2;
		}
		if (c == 0)
			return NULL;
		u->text[at++] = (char)c;
	}
	u->text[at++] = '\0';
	u->used = at;
	return begin;
}

static int
push(struct weburl *u, char *word)
{
	if (word == NULL || u->argc == WEBURL_WORDS)
		return -1;
	u->argv[u->argc++] = word;
	u->argv[u->argc] = NULL;
	return 0;
}

static const struct weburl_page *
find(const char *name)
{
	const struct weburl_page	*p;

	for (p = weburl_pages; p->name != NULL; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

/* "name=value"; what has no value is a field of a form that stayed empty. */
static int
pair(struct weburl *u, const char *s, size_t n, char *why, size_t size)
{
	/* Not "in" and "-O": files are the operator's own. */
	static const char *const names[] = { "at", "since", "until", "with",
				    "window", "top", "by", "host", "client",
				    "server", "port", "interface", "vlan",
				    "state" };
	const char	*eq = memchr(s, '=', n);
	char		*name, *value;
	size_t		 i;

	if (n == 0)
		return 0;
	name = decode(u, s, eq == NULL ? n : (size_t)(eq - s), true);
	value = eq == NULL ? NULL :
	    decode(u, eq + 1, n - (size_t)(eq + 1 - s), true);
	if (name == NULL || (eq != NULL && value == NULL))
		return fail(why, size, 400, "not understood", "the query");
	for (i = 0; i < nitems(names) && strcmp(names[i], name) != 0; i++)
		continue;
	if (i == nitems(names))
		return fail(why, size, 400, "no such parameter", name);
	u->past |= i < PAST;
	if (value == NULL || *value == '\0')
		return 0;
	if (strcmp(name, "at") == 0)
		u->at = value;
	else if (strcmp(name, "with") == 0)
		u->with = value;
	else if (strcmp(name, "window") == 0)
		u->window = value;
	else if (push(u, name) == -1 || push(u, value) == -1)
		return fail(why, size, 400, "too many words", name);
	return 0;
}

static int
query(struct weburl *u, const char *s, size_t n, char *why, size_t size)
{
	const char	*end;
	size_t		 len;
	int		 status = 0;

	for (; n > 0 && status == 0; s += len, n -= len) {
		end = memchr(s, '&', n);
		len = end == NULL ? n : (size_t)(end - s);
		status = pair(u, s, len, why, size);
		len += end != NULL;
	}
	return status;
}

/* The next segment of a path that begins with a slash; n what is left. */
static char *
segment(struct weburl *u, const char **s, size_t *n)
{
	const char	*begin = *s + 1, *end;
	size_t		 len;

	end = memchr(begin, '/', *n - 1);
	len = end == NULL ? *n - 1 : (size_t)(end - begin);
	*s += len + 1;
	*n -= len + 1;
	return decode(u, begin, len, false);
}

static int
path(struct weburl *u, const char *s, size_t n, char *why, size_t size)
{
	const char	*word;
	char		*name;
	size_t		 i;

	if (n == 0 || *s != '/' || (name = segment(u, &s, &n)) == NULL)
		return fail(why, size, 400, "not understood", "the path");
	if ((strcmp(name, "json") == 0 || strcmp(name, "csv") == 0) && n > 0) {
		u->form = *name == 'j' ? WEBURL_JSON : WEBURL_CSV;
		if ((name = segment(u, &s, &n)) == NULL)
			return fail(why, size, 400, "not understood",
			    "the path");
	}
	if ((u->page = find(*name == '\0' ? "summary" : name)) == NULL)
		return fail(why, size, 404, "no such page", name);
	if (strcmp(u->page->name, "metrics") == 0 && u->form == WEBURL_HTML)
		u->form = WEBURL_METRICS;
	for (i = 0; i < nitems(u->page->words); i++) {
		word = u->page->words[i];
		if (word != NULL)
			(void)push(u, decode(u, word, strlen(word), false));
	}
	if (n == 0)
		return 0;
	if ((name = segment(u, &s, &n)) == NULL || n > 0 ||
	    (*name != '\0' && (!u->page->one || push(u, name) == -1)))
		return fail(why, size, 404, "no such page", u->page->name);
	return 0;
}

/*
 * Of what is past there is one document, of one length. Nor may other words
 * come between: that of a time would be theirs.
 */
static int
add_times(struct weburl *u)
{
	static char	 at[] = "at", with[] = "with", window[] = "window";
	const bool	 two = strcmp(u->page->name, "compare") == 0;

	if (u->at != NULL) {
		u->argc = u->first;
		u->npairs = 0;
	}
	if (u->at != NULL && ((!two && push(u, at) == -1) ||
	    push(u, u->at) == -1))
		return -1;
	if (two && u->with != NULL)
		return push(u, with) == -1 ? -1 : push(u, u->with);
	if (u->at == NULL && u->window != NULL)
		return push(u, window) == -1 ? -1 : push(u, u->window);
	return 0;
}

int
weburl_parse(const char *s, size_t n, struct weburl *u, char *why, size_t size)
{
	const char	*mark;
	size_t		 len;
	int		 status;

	memset(u, 0, sizeof(*u));
	if (n > WEBURL_MAX)
		return fail(why, size, 414, "too long", "the target");
	mark = memchr(s, '?', n);
	len = mark == NULL ? n : (size_t)(mark - s);
	status = path(u, s, len, why, size);
	u->first = u->argc;
	if (status == 0 && mark != NULL)
		status = query(u, mark + 1, n - len - 1, why, size);
	u->npairs = (u->argc - u->first) / 2;
	if (status == 0 && add_times(u) == -1)
		return fail(why, size, 400, "too many words", "the query");
	return status;
}
