/*
 * parse: netmond.conf(5) to a fresh struct conf.
 *
 * The grammar is in parse.y, what it calls in the files that parser.h names.
 * Nothing but files is touched: no globals, no log. Every error of every
 * file goes to say as one line "file:line: text" (no newline, escaped
 * already); parsing goes on to the end, so that one run names them all. What
 * comes back has passed conf_finish and conf_check. The caller frees it with
 * conf_free.
 */
#ifndef PARENT_PARSE_H
#define PARENT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/conf.h"

#define PARSE_FILE_MAX		(1024 * 1024)	/* bytes of one file */
#define PARSE_INCLUDE_MAX	16		/* files open at a time */
#define PARSE_LINE_MAX		1024		/* of an error */

/* -D name=value: wins over the same macro in a file. */
struct parse_macro {
	const char	*name;
	const char	*value;
};

typedef void	 parse_say_fn(const char *line, void *arg);

/* Tells what a configuration without errors lacks beside it. */
typedef void	 parse_look_fn(const struct conf *, conf_fault_fn *, void *arg);

/* A parse_say_fn: the line and a newline to the FILE * in arg. */
void		 parse_say_file(const char *line, void *arg);

/*
 * NULL when there was any error (at least one line was said then), with
 * errno ENOMEM when memory ran out and EINVAL for all else. Files
 * must be owned by root or the running user and not be writable by others.
 * anywhere (-r): records and logs may lie outside the folders of roots_check.
 * look (-n): what it tells is said like an error and is none; NULL for none.
 * rest: with errors, the filter in a configuration of defaults, for capture
 * to judge it all the same; NULL when there is none.
 */
struct conf	*parse_conf(const char *path, const struct parse_macro *,
		    size_t n, bool anywhere, parse_look_fn *look,
		    struct conf **rest, parse_say_fn *, void *arg);
/* The same out of memory; name stands for the file, include is refused. */
struct conf	*parse_text(const char *name, const char *text, size_t len,
		    const struct parse_macro *, size_t n, parse_say_fn *,
		    void *arg);

/*
 * Words of the grammar for options of the command line: 0, or -1 with a
 * text in why. Ports are "80", "8000-8010", several with commas or spaces.
 * A time without a unit is seconds.
 */
#define PARSE_MACRO_WHY	"cannot name a macro, use letters, digits and _"
bool		 parse_macro_name(const char *);
int		 parse_ports(const char *, struct conf_ports *, char *why,
		    size_t size);
int		 parse_time(const char *, uint64_t *us, char *why, size_t size);
int		 parse_size(const char *, uint64_t *bytes, char *why,
		    size_t size);

#endif
