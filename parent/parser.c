/* One parse from begin to end: its errors, its entries, its result. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parent/parser.h"
#include "parent/roots.h"
#include "sandbox/vis.h"

#define ERRORS_MAX	200	/* of one run; then we stop */

static void
say_place(struct parser *p, const char *file, unsigned line, const char *why)
{
	char	 text[PARSE_LINE_MAX], safe[PARSE_LINE_MAX];

	if (line == 0)
		snprintf(text, sizeof(text), "%s: %s", file, why);
	else
		snprintf(text, sizeof(text), "%s:%u: %s", file, line, why);
	p->say(vis_str(VIS_TERM, safe, sizeof(safe), text), p->arg);
}

static void
say_at(struct parser *p, const char *file, unsigned line, const char *why)
{
	if (p->errors++ >= ERRORS_MAX) {
		if (!p->overflow)
			p->say("too many errors, the rest is not shown",
			    p->arg);
		p->overflow = true;
	} else
		say_place(p, file, line, why);
}

void
parse_fault(struct parser *p, const char *why)
{
	if (p->no_memory)
		return;
	say_at(p, p->tok_file, p->tok_line, why);
	p->stmt_errors++;
}

void
parse_fail(struct parser *p, const char *fmt, ...)
{
	char	 why[PARSE_LINE_MAX - 64];	/* the place comes before */
	va_list	 ap;

	/* What is missing since then is no error of the file. */
	if (p->no_memory)
		return;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	say_at(p, p->tok_file, p->tok_line, why);
}

void
parse_placed(struct parser *p, enum conf_part part, size_t index)
{
	p->places[part][index] = p->stmt;
	p->places[part][index].wrong = p->errors != p->stmt_errors;
}

void
parse_join(struct parser *p, enum conf_part part, void *entry, const void *from,
    size_t size, const size_t *n)
{
	if (entry == NULL) {
		if (!p->full[part])
			parse_fail(p, "more than %d entries of one kind",
			    CONF_LIST_MAX);
		p->full[part] = true;
		return;
	}
	memcpy(entry, from, size);
	parse_placed(p, part, *n - 1);
}

static void
on_fault(enum conf_part part, size_t index, const char *why, void *arg)
{
	struct parser		*p = arg;
	const struct place	*at = &p->places[part][index];

	if (at->line != 0 && !at->wrong)
		say_at(p, at->file, at->line, why);
	else if (part == CONF_GLOBAL && p->errors == 0)
		say_at(p, p->conf->file, 0, why);
	/* An entry with errors of its own, or the built-in alert. */
}

/* A path is right or wrong whatever stands beside it. */
static void
on_path_fault(enum conf_part part, size_t index, const char *why, void *arg)
{
	struct parser		*p = arg;
	const struct place	*at = &p->places[part][index];

	say_at(p, at->file, at->line, why);
}

/* Of a configuration that is right. */
static void
on_lack(enum conf_part part, size_t index, const char *why, void *arg)
{
	struct parser		*p = arg;
	const struct place	*at = &p->places[part][index];

	say_place(p, at->file, at->line, why);
}

static struct parser *
parser_new(const char *name, const struct parse_macro *m, size_t n,
    parse_say_fn *say, void *arg)
{
	struct parser	*p;
	size_t		 i;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	SLIST_INIT(&p->texts);
	SLIST_INIT(&p->macros);
	p->say = say;
	p->arg = arg;
	p->start = true;
	p->tok_file = name;
	if ((p->conf = conf_new()) == NULL)
		p->no_memory = true;
	else
		get_text(p, "the path", p->conf->file, sizeof(p->conf->file),
		    name);
	for (i = 0; i < n; i++)
		source_define(p, m[i].name, m[i].value, true);
	return p;
}

/* The filter of a configuration that is wrong otherwise. */
static struct conf *
filter_alone(const struct conf *c)
{
	struct conf	*f;

	if (c->filter[0] == '\0' || (f = conf_new()) == NULL)
		return NULL;
	memcpy(f->filter, c->filter, sizeof(f->filter));
	memcpy(f->filter_at, c->filter_at, sizeof(f->filter_at));
	if (conf_finish(f) == 0)
		return f;
	conf_free(f);
	return NULL;
}

/* Parses what was pushed, judges it, and frees the parser. */
static struct conf *
parser_run(struct parser *p)
{
	struct conf	*c;
	int		 cause;

	if (!p->no_memory && p->src != NULL) {
		(void)yyparse(p);
		if (conf_finish(p->conf) == -1)
			p->no_memory = true;
		else {
			conf_check_all(p->conf, on_fault, p);
			if (!p->anywhere)
				roots_check(p->conf, on_path_fault, p);
		}
	}
	if (p->no_memory)
		say_at(p, p->tok_file, 0, "out of memory");
	if (p->errors == 0 && p->look != NULL)
		p->look(p->conf, on_lack, p);
	c = p->conf;
	cause = p->no_memory ? ENOMEM : EINVAL;
	if (p->errors > 0) {
		if (p->rest != NULL && !p->no_memory)
			*p->rest = filter_alone(c);
		conf_free(c);
		c = NULL;
	}
	source_free(p);
	free(p);
	errno = cause;
	return c;
}

struct conf *
parse_conf(const char *path, const struct parse_macro *m, size_t n,
    bool anywhere, parse_look_fn *look, struct conf **rest,
    parse_say_fn *say, void *arg)
{
	struct parser	*p;
	const char	*why = NULL;

	*rest = NULL;
	if ((p = parser_new(path, m, n, say, arg)) == NULL) {
		say("out of memory", arg);
		errno = ENOMEM;
		return NULL;
	}
	if (!p->no_memory && source_open(p, path, &why) == -1 &&
	    !p->no_memory)
		say_at(p, path, 0, why);
	p->files = 1;
	p->anywhere = anywhere;
	p->look = look;
	p->rest = rest;
	return parser_run(p);
}

struct conf *
parse_text(const char *name, const char *text, size_t len,
    const struct parse_macro *m, size_t n, parse_say_fn *say, void *arg)
{
	struct parser	*p;

	if ((p = parser_new(name, m, n, say, arg)) == NULL) {
		say("out of memory", arg);
		errno = ENOMEM;
		return NULL;
	}
	p->no_include = p->anywhere = true;
	if (!p->no_memory)
		(void)source_push(p, name, text, len);
	return parser_run(p);
}

void
parse_say_file(const char *line, void *arg)
{
	fprintf(arg, "%s\n", line);
}
