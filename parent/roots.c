/* Where files may lie. */
#include <stdio.h>
#include <string.h>

#include "parent/roots.h"
#include "sandbox/compat.h"

void
roots_folder(const char *path, char *dir, size_t size)
{
	char	*slash;

	compat_strlcpy(dir, path, size);
	slash = strrchr(dir, '/');
	if (slash == NULL || slash == dir)
		compat_strlcpy(dir, "/", size);
	else
		*slash = '\0';
}

void
roots_of(const struct conf *c, struct roots *r)
{
	memset(r, 0, sizeof(*r));
	roots_folder(c->socket, r->dir[0], sizeof(r->dir[0]));
	compat_strlcpy(r->dir[1], CONF_STATE_DIR, sizeof(r->dir[1]));
	compat_strlcpy(r->dir[2], CONF_LOG_DIR, sizeof(r->dir[2]));
	r->n = 3;
}

static bool
dotted(const char *path)
{
	const char	*p;

	for (p = path; (p = strstr(p, "..")) != NULL; p += 2)
		if ((p == path || p[-1] == '/') &&
		    (p[2] == '/' || p[2] == '\0'))
			return true;
	return false;
}

static bool
below(const char *path, const char *dir)
{
	size_t	 n = strlen(dir);

	return n > 1 && strncmp(path, dir, n) == 0 && path[n] == '/';
}

const char *
roots_fault(const struct conf *c, const struct roots *r,
    const char *path)
{
	size_t	 i;

	if (c->offline || strcmp(path, "-") == 0)
		return NULL;
	if (path[0] != '/')
		return "must begin with /";
	if (dotted(path))
		return "must not hold ..";
	if (path[strlen(path) - 1] == '/')
		return "is a folder";
	for (i = 0; i < r->n; i++)
		if (below(path, r->dir[i]))
			return NULL;
	return "lies outside of the folders that netmond may write";
}

struct look {
	const struct conf	*c;
	struct roots		 r;
	conf_fault_fn		*fn;
	void			*arg;
};

/* A path that is not absolute is told by conf_check. */
static size_t
check_one(const struct look *l, enum conf_part part, size_t i,
    const char *path)
{
	const char	*why;
	char		 text[5 * CONF_PATH_MAX];

	if (path[0] != '/' || (why = roots_fault(l->c, &l->r, path)) == NULL)
		return 0;
	snprintf(text, sizeof(text), "\"%s\" %s (%s, %s, %s)", path, why,
	    l->r.dir[0], l->r.dir[1], l->r.dir[2]);
	l->fn(part, i, text, l->arg);
	return 1;
}

size_t
roots_check(const struct conf *c, conf_fault_fn *fn, void *arg)
{
	struct look	 l = { .c = c, .fn = fn, .arg = arg };
	size_t		 i, n = 0;

	roots_of(c, &l.r);
	if (c->state[0] != '\0')
		n += check_one(&l, CONF_GLOBAL, CONF_AT_STATE, c->state);
	for (i = 0; i < c->nmirrors; i++)
		if (c->mirrors[i].has_record)
			n += check_one(&l, CONF_MIRROR, i, c->mirrors[i].path);
	for (i = 0; i < c->nlogs; i++)
		n += check_one(&l, CONF_LOG, i, c->logs[i].path);
	return n;
}
