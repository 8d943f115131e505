/*
 * What is read: files, pipes, included files and the texts of macros; and
 * the memory of a parse, which is freed at its end.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/parser.h"
#include "sandbox/compat.h"

#define PIPE_WAIT_MS	2000	/* for a configuration out of a pipe */

/* Everything allocated while parsing. */
struct text {
	SLIST_ENTRY(text)	 entry;
	max_align_t		 align;
};

struct macro {
	SLIST_ENTRY(macro)	 entry;
	const char		*name;
	const char		*value;
	bool			 fixed;		/* by -D */
};

void *
source_keep(struct parser *p, size_t size)
{
	struct text	*t;

	if ((t = calloc(1, sizeof(*t) + size)) == NULL)
		return NULL;
	SLIST_INSERT_HEAD(&p->texts, t, entry);
	return t + 1;
}

char *
source_text(struct parser *p, const char *s, size_t n)
{
	char	*copy;

	if ((copy = source_keep(p, n + 1)) == NULL) {
		p->no_memory = true;
		return NULL;
	}
	memcpy(copy, s, n);
	return copy;
}

struct list *
list_new(struct parser *p)
{
	struct list	*l;

	if ((l = source_keep(p, sizeof(*l))) == NULL)
		p->no_memory = true;
	return l;
}

void
list_add(struct parser *p, struct list *l, char *s)
{
	if (l == NULL || s == NULL)
		return;
	if (l->n < nitems(l->v)) {
		l->line[l->n] = p->tok_line;
		l->v[l->n++] = s;
	} else if (!l->full) {
		parse_fail(p, "a list has at most %zu entries", nitems(l->v));
		l->full = true;
	}
}

void
source_free(struct parser *p)
{
	struct text	*t;

	while ((t = SLIST_FIRST(&p->texts)) != NULL) {
		SLIST_REMOVE_HEAD(&p->texts, entry);
		free(t);
	}
}

/* ---- files and macros ---- */

static struct macro *
macro_find(struct parser *p, const char *name)
{
	struct macro	*m;

	SLIST_FOREACH(m, &p->macros, entry)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

const char *
source_macro(struct parser *p, const char *name)
{
	struct macro	*m = macro_find(p, name);

	return m == NULL ? NULL : m->value;
}

bool
parse_macro_name(const char *s)
{
	static const char	 ok[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return (*s < '0' || *s > '9') && *s != '\0' &&
	    s[strspn(s, ok)] == '\0';
}

void
source_define(struct parser *p, const char *name, const char *value, bool fixed)
{
	struct macro	*m;

	if (name == NULL || value == NULL)
		return;
	if (!parse_macro_name(name)) {
		parse_fail(p, "\"%s\" " PARSE_MACRO_WHY, name);
		return;
	}
	if ((m = macro_find(p, name)) == NULL) {
		if ((m = source_keep(p, sizeof(*m))) == NULL) {
			p->no_memory = true;
			return;
		}
		m->name = name;
		SLIST_INSERT_HEAD(&p->macros, m, entry);
	} else if (m->fixed && !fixed)
		return;
	m->value = value;
	m->fixed = fixed;
}

struct source *
source_push(struct parser *p, const char *name, const char *text, size_t len)
{
	struct source	*s;

	if ((s = source_keep(p, sizeof(*s))) == NULL) {
		p->no_memory = true;
		return NULL;
	}
	s->name = name;
	s->text = text;
	s->len = len;
	s->line = 1;
	s->up = p->src;
	p->src = s;
	return s;
}

static const char *
stat_fault(const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return "is a folder, not a file";
	if (!S_ISREG(st->st_mode))
		return NULL;
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "must belong to root or to the user that runs netmond";
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "others can write it, use chmod go-w";
	if (st->st_size > PARSE_FILE_MAX)
		return "is larger than 1M";
	return NULL;
}

/* The whole of a file; NULL with a text. */
static char *
slurp(struct parser *p, int fd, size_t *len, const char **why)
{
	struct pollfd	 pfd = { fd, POLLIN, 0 };
	struct stat	 st;
	char		*text;
	ssize_t		 n;

	*len = 0;
	*why = "out of memory";
	if ((text = source_keep(p, PARSE_FILE_MAX + 1)) == NULL) {
		p->no_memory = true;
		return NULL;
	}
	for (;;) {
		n = read(fd, text + *len, PARSE_FILE_MAX + 1 - *len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN &&
		    poll(&pfd, 1, PIPE_WAIT_MS) == 1)
			continue;
		if (n <= 0)
			break;
		*len += (size_t)n;
		if (*len > PARSE_FILE_MAX) {
			*why = "is larger than 1M";
			return NULL;
		}
	}
	*why = n == -1 ? strerror(errno) : NULL;
	/* An empty file means the defaults, a forgotten writer does not. */
	if (n == 0 && *len == 0 && fstat(fd, &st) == 0 &&
	    S_ISFIFO(st.st_mode)) {
		*why = "is a pipe without a writer";
		n = -1;
	}
	return n == -1 ? NULL : text;
}

/* -1 with a text in *why. */
int
source_open(struct parser *p, const char *name, const char **why)
{
	struct source	*s;
	struct stat	 st;
	char		*text = NULL;
	size_t		 len;
	int		 fd;

	fd = strcmp(name, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
	    open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1) {
		*why = strerror(errno);
		goto out;
	}
	for (s = p->src; s != NULL; s = s->up)
		if (!s->macro && S_ISREG(st.st_mode) &&
		    s->dev == st.st_dev && s->ino == st.st_ino) {
			*why = "includes itself";
			goto out;
		}
	if ((*why = stat_fault(&st)) == NULL)
		text = slurp(p, fd, &len, why);
	if (text != NULL && (s = source_push(p, name, text, len)) != NULL) {
		s->dev = st.st_dev;
		s->ino = st.st_ino;
	}
 out:
	if (fd != -1)
		close(fd);
	return text == NULL ? -1 : 0;
}

void
source_include(struct parser *p, const char *path)
{
	const char	*slash, *why = NULL;
	char		*name;
	size_t		 n;

	if (path == NULL)
		return;
	if (p->no_include || p->files >= PARSE_INCLUDE_MAX) {
		parse_fail(p, p->no_include ? "include is not possible here" :
		    "includes are nested too deeply");
		return;
	}
	slash = path[0] == '/' ? NULL : strrchr(p->tok_file, '/');
	n = slash == NULL ? 0 : (size_t)(slash - p->tok_file) + 1;
	if ((name = source_keep(p, n + strlen(path) + 1)) == NULL) {
		p->no_memory = true;
		return;
	}
	memcpy(name, p->tok_file, n);
	memcpy(name + n, path, strlen(path));
	if (source_open(p, name, &why) == 0)
		p->files++;
	else if (!p->no_memory)		/* that is said at the end */
		parse_fail(p, "%s: %s", name, why);
}
