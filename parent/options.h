/*
 * options: the command line of netmond(8), and what it adds to a
 * configuration, at the start and at each reload.
 */
#ifndef PARENT_OPTIONS_H
#define PARENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "parent/launcher.h"
#include "parent/parse.h"
#include "sandbox/conf.h"

/* The default file, where make install puts it, and its folder. */
#define OPTIONS_FOLDER		NETMON_SYSCONF
#define OPTIONS_FILE		OPTIONS_FOLDER "/netmond.conf"
#define OPTIONS_LIST_MAX	64

struct options {
	bool		 debug;		/* -d: foreground, and stderr */
	bool		 foreground;	/* -F */
	bool		 check;		/* -n */
	enum launcher_form form;	/* -o */
	int		 verbose;	/* -v */
	const char	*file;		/* -f, NULL: the default path */
	const char	*input;		/* -r, NULL: live */
	const char	*interfaces[OPTIONS_LIST_MAX];	/* -i */
	size_t		 ninterfaces;
	struct conf_ports ports;	/* -p */
	bool		 has_ports;
	uint64_t	 timeout_us;	/* -t */
	bool		 has_timeout;
	struct parse_macro macros[OPTIONS_LIST_MAX];	/* -D */
	size_t		 nmacros;
	char		 filter[CONF_FILTER_MAX];	/* "" none */
};

/* -1: usage or an error was printed. argv is cut at the '=' of -D. */
int		 options_parse(struct options *, int argc, char **argv);
/*
 * The whole configuration: path (NULL: -f, else the default file if there is
 * one) with the options in it. NULL after telling say every error; errno is
 * ENOMEM when memory ran out, and rest as parse_conf says.
 */
struct conf	*options_load(const struct options *, const char *path,
		    struct conf **rest, parse_say_fn *say, void *arg);
/* Whether netmond leaves its starter, and with it the standard output. */
bool		 options_background(const struct options *);
/* Whether a record or a log is written to standard output. */
bool		 options_take_output(const struct conf *);

#endif
