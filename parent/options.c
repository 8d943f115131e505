#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/here.h"
#include "parent/options.h"
#include "sandbox/compat.h"
#include "sandbox/proc.h"

static int
usage(void)
{
	fprintf(stderr, "usage: netmond [-dFnv] [-D macro=value] [-f file] "
	    "[-i interface] [-o text|json|csv|html]\n"
	    "               [-p ports] [-r file] [-t seconds] "
	    "[filter ...]\n");
	return -1;
}

static int
bad(const char *option, const char *value, const char *why)
{
	fprintf(stderr, "netmond: %s %s: %s\n", option, value, why);
	return -1;
}

static int
set_macro(struct options *o, char *arg)
{
	char	*eq;

	if ((eq = strchr(arg, '=')) == NULL || eq == arg)
		return bad("-D", arg, "must be macro=value");
	if (o->nmacros >= OPTIONS_LIST_MAX)
		return bad("-D", arg, "too many");
	*eq = '\0';
	if (!parse_macro_name(arg))
		return bad("-D", arg, PARSE_MACRO_WHY);
	o->macros[o->nmacros].name = arg;
	o->macros[o->nmacros++].value = eq + 1;
	return 0;
}

static int
set_interface(struct options *o, char *arg)
{
	if (*arg == '\0' || strlen(arg) >= CONF_GLOB_MAX)
		return bad("-i", arg, "not a name");
	if (o->ninterfaces >= OPTIONS_LIST_MAX)
		return bad("-i", arg, "too many");
	o->interfaces[o->ninterfaces++] = arg;
	return 0;
}

static int
set_ports(struct options *o, char *arg)
{
	char	 why[CONF_WHY_MAX];

	if (parse_ports(arg, &o->ports, why, sizeof(why)) == -1)
		return bad("-p", arg, why);
	o->has_ports = true;
	return 0;
}

static int
set_timeout(struct options *o, char *arg)
{
	char	 why[CONF_WHY_MAX];

	if (parse_time(arg, &o->timeout_us, why, sizeof(why)) == -1 ||
	    conf_limit(LIMIT_TIMEOUT, o->timeout_us, why, sizeof(why)) == -1)
		return bad("-t", arg, why);
	o->has_timeout = true;
	return 0;
}

static int
set_output(struct options *o, char *arg)
{
	static const char *const words[] = {
		[LAUNCHER_TEXT]	= "text",
		[LAUNCHER_JSON]	= "json",
		[LAUNCHER_CSV]	= "csv",
		[LAUNCHER_HTML]	= "html"
	};
	size_t	 i;

	for (i = 0; i < nitems(words); i++)
		if (strcmp(arg, words[i]) == 0) {
			o->form = (enum launcher_form)i;
			return 0;
		}
	return bad("-o", arg, "must be text, json, csv or html");
}

static int
set_file(struct options *o, char *arg)
{
	o->file = arg;
	return 0;
}

static int
set_input(struct options *o, char *arg)
{
	if (strlen(arg) >= CONF_PATH_MAX)
		return bad("-r", arg, "path too long");
	o->input = arg;
	return 0;
}

static const struct {
	int	 letter;
	int	(*set)(struct options *, char *);
} with_value[] = {
	{ 'D', set_macro }, { 'f', set_file }, { 'i', set_interface },
	{ 'o', set_output }, { 'p', set_ports }, { 'r', set_input },
	{ 't', set_timeout },
};

static int
set_value(struct options *o, int letter, char *arg)
{
	size_t	 i;

	for (i = 0; i < nitems(with_value); i++)
		if (with_value[i].letter == letter)
			return with_value[i].set(o, arg);
	return usage();
}

/* The words of a filter are one BPF expression. */
static int
join_filter(struct options *o, int argc, char **argv)
{
	size_t	 n = 0;
	int	 i;

	for (i = 0; i < argc; i++) {
		n += (size_t)snprintf(o->filter + n, sizeof(o->filter) - n,
		    "%s%s", i > 0 ? " " : "", argv[i]);
		if (n >= sizeof(o->filter))
			return bad("filter", argv[i], "expression too long");
	}
	return 0;
}

/*
 * No default file is read under -r, and it need not be there. Talkers take a
 * tenth of the time of short connections: of a file, who wants them says so.
 */
static struct conf *
read_file(const struct options *o, const char *path, struct conf **rest,
    parse_say_fn *say, void *arg)
{
	struct conf	*c;

	if (path == NULL)
		path = o->file;
	if (path == NULL && o->input == NULL && access(OPTIONS_FILE, F_OK) == 0)
		path = OPTIONS_FILE;
	if (path != NULL)
		return parse_conf(path, o->macros, o->nmacros,
		    o->input != NULL, o->check ? here_look : NULL, rest, say,
		    arg);
	if ((c = conf_new()) == NULL || conf_finish(c) == -1) {
		conf_free(c);
		say("out of memory", arg);
		errno = ENOMEM;
		return NULL;
	}
	if (o->input != NULL)
		c->stats.max_talkers = 0;
	return c;
}

static int
add_interfaces(const struct options *o, struct conf *c)
{
	struct conf_interface	*f;
	size_t			 i;

	if (o->ninterfaces > 0)
		c->ninterfaces = 0;
	for (i = 0; i < o->ninterfaces; i++) {
		if ((f = conf_add_interface(c)) == NULL)
			return -1;
		compat_strlcpy(f->name, o->interfaces[i], sizeof(f->name));
		f->match = strpbrk(f->name, "*?[") != NULL;
	}
	return 0;
}

static int
add_options(const struct options *o, struct conf *c)
{
	struct conf_service	*s;

	if (add_interfaces(o, c) == -1)
		return -1;
	if (o->has_ports) {
		c->nservices = 0;
		if ((s = conf_add_service(c)) == NULL)
			return -1;
		s->proto = CONF_HTTP;
		s->ports = o->ports;
	}
	if (o->has_timeout)
		c->timeout_us = o->timeout_us;
	if (o->filter[0] != '\0') {
		compat_strlcpy(c->filter, o->filter, sizeof(c->filter));
		c->filter_at[0] = '\0';
	}
	if (o->input != NULL) {
		c->offline = true;
		compat_strlcpy(c->input, o->input, sizeof(c->input));
	}
	return 0;
}

/* Beside defaults it is the options that are wrong. No memory: told later. */
static int
check_options(const struct options *o)
{
	struct conf	*c;
	char		 why[CONF_WHY_MAX];
	int		 rc = 0;

	if ((c = conf_new()) != NULL && conf_finish(c) == 0 &&
	    add_options(o, c) == 0 &&
	    (rc = conf_check(c, why, sizeof(why))) == -1)
		fprintf(stderr, "netmond: command line: %s\n", why);
	conf_free(c);
	return rc;
}

int
options_parse(struct options *o, int argc, char **argv)
{
	int	 ch;

	memset(o, 0, sizeof(*o));
	while ((ch = getopt(argc, argv, "+dD:f:Fi:no:p:r:t:v")) != -1) {
		switch (ch) {
		case 'd':
			o->debug = true;
			break;
		case 'F':
			o->foreground = true;
			break;
		case 'n':
			o->check = true;
			break;
		case 'v':
			o->verbose++;
			break;
		default:
			if (set_value(o, ch, optarg) == -1)
				return -1;
		}
	}
	if (o->check && o->input != NULL)
		return usage();
	if (join_filter(o, argc - optind, argv + optind) == -1)
		return -1;
	return check_options(o);
}

bool
options_background(const struct options *o)
{
	return o->input == NULL && !o->check && !o->debug && !o->foreground;
}

bool
options_take_output(const struct conf *c)
{
	size_t	 i;

	for (i = 0; i < c->nmirrors; i++)
		if (c->mirrors[i].has_record &&
		    strcmp(c->mirrors[i].path, "-") == 0)
			return true;
	for (i = 0; i < c->nlogs; i++)
		if (strcmp(c->logs[i].path, "-") == 0)
			return true;
	return false;
}

struct conf *
options_load(const struct options *o, const char *path, struct conf **rest,
    parse_say_fn *say, void *arg)
{
	struct conf	*c;
	char		 why[CONF_WHY_MAX];

	*rest = NULL;
	c = read_file(o, path, rest, say, arg);
	if (*rest != NULL && o->filter[0] != '\0') {
		conf_free(*rest);	/* it would not be used */
		*rest = NULL;
	}
	if (c == NULL)
		return NULL;
	if (add_options(o, c) == -1) {
		say("too many entries on the command line", arg);
	} else if (conf_check(c, why, sizeof(why)) == -1) {
		say(why, arg);
	} else if (options_background(o) && options_take_output(c)) {
		say("a record or a log to \"-\": there is no standard output "
		    "in the background, name a file or start with -F or -d",
		    arg);
	} else
		return c;
	conf_free(c);
	errno = EINVAL;
	return NULL;
}
