#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/addr.h"
#include "sandbox/compat.h"
#include "ui/command.h"
#include "ui/view.h"

#define WORDS_WIDTH	79

enum token_kind {
	T_END,		/* the end of a table */
	T_DONE,		/* the command may end here */
	T_WORD,
	T_ARG,		/* any text, appended to the arguments */
	T_ARG_HOST,	/* the same, written as the daemon keeps hosts */
	T_ARG_ADDR,	/* an address, with a port or without, the same */
	T_ARG_WORD,	/* this word, appended to the arguments */
	T_ARG_NUMBER,	/* 1 .. value, appended to the arguments */
	T_ARG_FROM_0,	/* 0 .. value, the same */
	T_NUMBER,	/* 1 .. 2^32 - 2, into show.top */
	T_FILE,		/* any text, into file */
	T_TIME,		/* the same, into the time of that value */
	T_REST		/* everything that is left goes to argc, argv */
};

enum token_sets {
	SETS_NOTHING, SETS_ACTION, SETS_SUBJECT, SETS_WINDOW, SETS_SORT,
	SETS_NUMBER, SETS_FORM, SETS_DIALECT
};

struct token {
	enum token_kind	 kind;
	const char	*word;
	const struct token *next;
	enum token_sets	 sets;
	uint32_t	 value;
	const char	*help;
};

#define DONE	{ T_DONE, NULL, NULL, SETS_NOTHING, 0, NULL }
#define END	{ T_END, NULL, NULL, SETS_NOTHING, 0, NULL }
#define WORD(w, n, s, v, h)	{ T_WORD, w, n, SETS_##s, v, h }

static const struct token nothing[] = { DONE, END };
static const struct token rest[] = {
	{ T_REST, NULL, nothing, SETS_NOTHING, 0, "..." },
	END
};
static const struct token file_name[] = {
	{ T_FILE, NULL, nothing, SETS_NOTHING, 0, "FILE" },
	END
};

/* What a history log has of a time; and a table of many times. */
static const struct token at_more[];
static const struct token at_file[] = {
	{ T_FILE, NULL, at_more, SETS_NOTHING, 0, "FILE" },
	END
};
static const struct token at_more[] = {
	DONE,
	WORD("in", at_file, NOTHING, 0, "history log"),
	END
};
static const struct token at_time[] = {
	{ T_TIME, NULL, at_more, SETS_NOTHING, TIME_AT, "TIME" },
	END
};
#define AT	WORD("at", at_time, NOTHING, 0, "a time that is past")
static const struct token compare_more[];
static const struct token compare_file[] = {
	{ T_FILE, NULL, compare_more, SETS_NOTHING, 0, "FILE" },
	END
};
static const struct token compare_with[] = {
	{ T_TIME, NULL, compare_more, SETS_NOTHING, TIME_WITH, "TIME" },
	END
};
static const struct token compare_more[] = {
	DONE,
	WORD("with", compare_with, NOTHING, 0, "a day before"),
	WORD("in", compare_file, NOTHING, 0, "history log"),
	END
};
static const struct token compare[] = {
	{ T_TIME, NULL, compare_more, SETS_NOTHING, TIME_AT, "TIME" },
	END
};
static const struct token history[];
static const struct token history_since[] = {
	{ T_TIME, NULL, history, SETS_NOTHING, TIME_SINCE, "TIME" },
	END
};
static const struct token history_until[] = {
	{ T_TIME, NULL, history, SETS_NOTHING, TIME_UNTIL, "TIME" },
	END
};
static const struct token history_step[] = {
	{ T_TIME, NULL, history, SETS_NOTHING, TIME_STEP, "10m" },
	END
};
static const struct token history_file[] = {
	{ T_FILE, NULL, history, SETS_NOTHING, 0, "FILE" },
	END
};
static const struct token history[] = {
	DONE,
	WORD("since", history_since, NOTHING, 0, "a day ago"),
	WORD("until", history_until, NOTHING, 0, "now"),
	WORD("by", history_step, NOTHING, 0, "steps, of an hour"),
	WORD("in", history_file, NOTHING, 0, "history log"),
	END
};

/* Options of tables: windows, order and length, in any order. */
#define WINDOWS(n)							\
	WORD("last", n, WINDOW, WINDOW_LAST, "the last window"),	\
	WORD("1m", n, WINDOW, WINDOW_1M, "one minute"),			\
	WORD("10m", n, WINDOW, WINDOW_10M, "ten minutes"),		\
	WORD("total", n, WINDOW, WINDOW_TOTAL, "since the start"), END
#define TOP(n)		{ T_NUMBER, NULL, n, SETS_NOTHING, 0, "number" }, END
#define TOP_AND_WINDOW(top, window)					\
	WORD("top", top, NOTHING, 0, "how many"),			\
	WORD("window", window, NOTHING, 0, "period")
#define BY(n)		WORD("by", n, NOTHING, 0, "order")
#define SORTED(w, n, s)	WORD(w, n, SORT, SORT_##s, NULL)
static const struct token hosts[], window[], peers[];
static const struct token hosts_window[] = { WINDOWS(hosts) };
static const struct token hosts_top[] = { TOP(hosts) };
static const struct token hosts_sort[] = {
	SORTED("requests", hosts, REQUESTS),
	SORTED("bytes", hosts, BYTES),
	SORTED("errors", hosts, ERRORS),
	SORTED("p95", hosts, P95),
	END
};
static const struct token hosts[] = {
	DONE, TOP_AND_WINDOW(hosts_top, hosts_window), BY(hosts_sort), END
};
static const struct token hosts_or_past[] = {
	DONE, TOP_AND_WINDOW(hosts_top, hosts_window), BY(hosts_sort), AT, END
};
static const struct token window_word[] = { WINDOWS(window) };
static const struct token window_top[] = { TOP(window) };
static const struct token window[] = {
	DONE, TOP_AND_WINDOW(window_top, window_word), END
};
static const struct token window_or_past[] = {
	DONE, TOP_AND_WINDOW(window_top, window_word), AT, END
};
/* Clients and names. */
static const struct token peers_window[] = { WINDOWS(peers) };
static const struct token peers_top[] = { TOP(peers) };
static const struct token peers_sort[] = {
	SORTED("requests", peers, REQUESTS),
	SORTED("bytes", peers, BYTES),
	SORTED("errors", peers, ERRORS),
	END
};
static const struct token peers[] = {
	DONE, TOP_AND_WINDOW(peers_top, peers_window), BY(peers_sort), END
};
static const struct token peers_or_past[] = {
	DONE, TOP_AND_WINDOW(peers_top, peers_window), BY(peers_sort), AT, END
};
static const struct token host[] = {
	{ T_ARG_HOST, NULL, window, SETS_NOTHING, 0, "NAME" },
	END
};
static const struct token sections[] = {
	DONE, TOP_AND_WINDOW(window_top, window_word), AT,
	{ T_ARG_HOST, NULL, window, SETS_NOTHING, 0, "HOST" },
	END
};

/* show flows [filter ...], why ...: pairs of a word and a text. */
static const struct token flows[];
static const struct token flows_value[] = {
	{ T_ARG, NULL, flows, SETS_NOTHING, 0, "value" },
	END
};
static const struct token flows_host[] = {
	{ T_ARG_HOST, NULL, flows, SETS_NOTHING, 0, "value" },
	END
};
static const struct token flows_addr[] = {
	{ T_ARG_ADDR, NULL, flows, SETS_NOTHING, 0, "address" },
	END
};
#define FILTER(w, n, h)	{ T_ARG_WORD, w, n, SETS_NOTHING, 0, h }
#define NUMBER(n, max)	{ T_ARG_NUMBER, NULL, n, SETS_NOTHING, max, "number" }
static const struct token flows_top[] = { TOP(flows) };
static const struct token flows_sort[] = {
	SORTED("bytes", flows, BYTES), END
};
static const struct token flows_port[] = { NUMBER(flows, 65535), END };
static const struct token flows_vlan[] = {
	{ T_ARG_FROM_0, NULL, flows, SETS_NOTHING, 4094, "number" },
	END
};
static const struct token flows_state[] = {
	FILTER("half-open", flows, "not answered"),
	FILTER("open", flows, NULL),
	FILTER("closing", flows, "one side has ended"),
	FILTER("closed", flows, "ended a moment ago"),
	END
};
static const struct token flows[] = {
	DONE,
	WORD("top", flows_top, NOTHING, 0, "how many"),
	BY(flows_sort),
	FILTER("host", flows_host, "HTTP host or TLS name"),
	FILTER("client", flows_addr, "address"),
	FILTER("server", flows_addr, "address"),
	FILTER("port", flows_port, "of the server"),
	FILTER("interface", flows_value, NULL),
	FILTER("vlan", flows_vlan, NULL),
	FILTER("state", flows_state, NULL),
	END
};
static const struct token talkers[];
static const struct token talkers_window[] = { WINDOWS(talkers) };
static const struct token talkers_top[] = { TOP(talkers) };
static const struct token talkers_addr[] = {
	{ T_ARG_ADDR, NULL, talkers, SETS_NOTHING, 0, "address" },
	END
};
static const struct token talkers_host[] = {
	{ T_ARG_HOST, NULL, talkers, SETS_NOTHING, 0, "value" },
	END
};
static const struct token talkers_port[] = { NUMBER(talkers, 65535), END };
#define TALKERS								\
	DONE, TOP_AND_WINDOW(talkers_top, talkers_window),		\
	FILTER("client", talkers_addr, "address"),			\
	FILTER("server", talkers_host, "name or address"),		\
	FILTER("port", talkers_port, "of the server")
static const struct token talkers[] = { TALKERS, END };
static const struct token talkers_or_past[] = { TALKERS, AT, END };
static const struct token why[];
static const struct token why_value[] = {
	{ T_ARG, NULL, why, SETS_NOTHING, 0, "value" },
	END
};
static const struct token why_host[] = {
	{ T_ARG_HOST, NULL, why, SETS_NOTHING, 0, "value" },
	END
};
static const struct token why_port[] = { NUMBER(why, 65535), END };
static const struct token why[] = {
	DONE,
	FILTER("port", why_port, NULL),
	FILTER("interface", why_value, NULL),
	FILTER("host", why_host, NULL),
	END
};

static const struct token alerts_which[] = {
	DONE,
	FILTER("active", nothing, "firing, pending or unknown ones"),
	FILTER("all", nothing, "every rule"),
	AT,
	END
};
static const struct token mirror_of[] = {
	DONE,
	{ T_ARG, NULL, nothing, SETS_NOTHING, 0, "NAME" },
	END
};

static const struct token metrics[];
static const struct token metrics_file[] = {
	{ T_FILE, NULL, metrics, SETS_NOTHING, 0, "FILE" },
	END
};
static const struct token metrics[] = {
	DONE,
	WORD("openmetrics", metrics, DIALECT, METRICS_OPENMETRICS, "1.0"),
	WORD("prometheus", metrics, DIALECT, METRICS_PROMETHEUS, "0.0.4"),
	WORD("-O", metrics_file, NOTHING, 0, "to a file"),
	END
};

#define SUBJECT(w, n, s)	WORD(w, n, SUBJECT, SHOW_##s, NULL)
static const struct token show[] = {
	DONE,
	SUBJECT("alerts", alerts_which, ALERTS),
	SUBJECT("capture", window_or_past, CAPTURE),
	SUBJECT("clients", peers_or_past, CLIENTS),
	SUBJECT("config", nothing, CONFIG),
	SUBJECT("errors", nothing, ERRORS),
	SUBJECT("flows", flows, FLOWS),
	SUBJECT("host", host, HOST),
	WORD("history", history, ACTION, ACT_HISTORY, NULL),
	SUBJECT("hosts", hosts_or_past, HOSTS),
	SUBJECT("interfaces", window_or_past, INTERFACES),
	SUBJECT("memory", nothing, MEMORY),
	SUBJECT("methods", window_or_past, METHODS),
	WORD("metrics", metrics, ACTION, ACT_METRICS, NULL),
	SUBJECT("mirrors", mirror_of, MIRRORS),
	SUBJECT("names", peers_or_past, NAMES),
	SUBJECT("processes", nothing, PROCESSES),
	SUBJECT("rules", nothing, RULES),
	SUBJECT("sections", sections, SECTIONS),
	SUBJECT("sites", window_or_past, SITES),
	SUBJECT("status", window_or_past, STATUS),
	SUBJECT("summary", window_or_past, SUMMARY),
	SUBJECT("talkers", talkers_or_past, TALKERS),
	SUBJECT("tally", nothing, TALLY),
	SUBJECT("transactions", window, TRANSACTIONS),
	SUBJECT("version", nothing, VERSION),
	END
};

static const struct token check[] = {
	{ T_ARG, NULL, nothing, SETS_NOTHING, 0, "RULE" },
	END
};
/* Numbers of VERBOSITY: of one process, or of all. */
#define OF_ROLES(f)							\
	DONE,								\
	WORD("analyzer", nothing, NUMBER, f(MSG_VERBOSE(ROLE_ANALYZER)), NULL),\
	WORD("capture", nothing, NUMBER, f(MSG_VERBOSE(ROLE_CAPTURE)), NULL),\
	WORD("mirror", nothing, NUMBER, f(MSG_VERBOSE(ROLE_MIRROR)), NULL),\
	WORD("parent", nothing, NUMBER, f(MSG_VERBOSE(ROLE_PARENT)), NULL),\
	END
static const struct token brief_of[] = { OF_ROLES(MSG_BRIEF) };
static const struct token verbose_of[] = { OF_ROLES() };
static const struct token verbosity[] = {
	WORD("brief", brief_of, NUMBER, MSG_BRIEF(MSG_VERBOSE_ALL),
	    "usual messages"),
	WORD("verbose", verbose_of, NUMBER, MSG_VERBOSE_ALL,
	    "debug messages too"),
	END
};
static const struct token reset_what[] = {
	DONE,
	FILTER("mirrors", nothing, "of mirrors"),
	FILTER("traffic", nothing, "all others"),
	END
};
static const struct token reset[] = {
	WORD("counters", reset_what, NOTHING, 0, NULL),
	END
};
static const struct token mirror_word[] = {
	FILTER("start", nothing, NULL),
	FILTER("stop", nothing, NULL),
	FILTER("pause", nothing, NULL),
	FILTER("rotate", nothing, NULL),
	END
};
static const struct token mirror[] = {
	{ T_ARG, NULL, mirror_word, SETS_NOTHING, 0, "NAME" },
	END
};
static const struct token rotate[] = {
	WORD("logs", nothing, NOTHING, 0, NULL),
	END
};
static const struct token report[] = {
	WORD("csv", window_or_past, FORM, FORM_CSV, "all tables"),
	WORD("html", window_or_past, FORM, FORM_HTML, "one page"),
	WORD("json", window_or_past, FORM, FORM_JSON, "one document"),
	WORD("text", window_or_past, FORM, FORM_TEXT, "all tables"),
	END
};

#define COMMAND(w, n, a, h)	WORD(w, n, ACTION, ACT_##a, h)
static const struct token commands[] = {
	COMMAND("alerts", rest, ALERTS,
	    "alert lines: -f follow, -p <pri>, -5 RFC 5424, -a last N"),
	COMMAND("check", check, CHECK,
	    "one alert rule, as one line and an exit status"),
	COMMAND("compare", compare, COMPARE,
	    "a time that is past with another one"),
	COMMAND("help", nothing, HELP, "these words"),
	COMMAND("hook", rest, HOOK, "attach a program to a mirror"),
	COMMAND("load", file_name, LOAD, "load another configuration file"),
	COMMAND("log", verbosity, LOG, "brief or verbose log"),
	COMMAND("mirror", mirror, MIRROR,
	    "start, stop, pause or rotate a mirror"),
	COMMAND("monitor", rest, MONITOR, "events as they happen"),
	COMMAND("reload", nothing, RELOAD, "read the configuration again"),
	COMMAND("replay", rest, REPLAY, "play a recording to a target"),
	COMMAND("report", report, REPORT, "all: csv, html, json or text"),
	COMMAND("reset", reset, RESET, "set statistics to zero"),
	COMMAND("rotate", rotate, ROTATE, "open new log files"),
	COMMAND("show", show, SHOW, "statistics and states"),
	COMMAND("terminate", nothing, TERMINATE, "end the daemon"),
	COMMAND("top", nothing, TOP, "full screen"),
	COMMAND("why", why, WHY, "explain an empty result, step by step"),
	END
};

/* The words of a table that begin so, wrapped under their heading. */
static void
list_words(struct out *o, const struct token *t, const char *begin)
{
	static const char	 head[] = "valid words:";
	size_t			 col = sizeof(head) - 1, n;
	const char		*w;

	out_str(o, head);
	for (; t->kind != T_END; t++) {
		if (t->kind == T_DONE)
			continue;
		w = t->word != NULL ? t->word : t->help;
		if (strncmp(w, begin, strlen(begin)) != 0)
			continue;
		n = strlen(w);
		if (col + 1 + n > WORDS_WIDTH) {
			out_char(o, '\n', 1);
			out_char(o, ' ', sizeof(head) - 1);
			col = sizeof(head) - 1;
		}
		out_printf(o, " %s", w);
		col += 1 + n;
	}
	out_char(o, '\n', 1);
}

static int
refuse(struct out *o, const struct token *table, const char *what,
    const char *word, bool many)
{
	out_str(o, what);
	if (word != NULL) {
		out_str(o, ": ");
		out_vis(o, VIS_TERM, word, strlen(word));
	}
	if (table == nothing)
		out_str(o, "\nthe command ends before it\n");
	else {
		out_char(o, '\n', 1);
		list_words(o, table, many ? word : "");
	}
	return -1;
}

/* Whether the table has a token that takes any text; it comes last. */
static const struct token *
free_text(const struct token *t)
{
	for (; t->kind != T_END; t++)
		if (t->word == NULL && t->kind != T_DONE)
			return t;
	return NULL;
}

/*
 * The token that a word means, NULL for none or (with *many) several. Words
 * of one table that only differ by case do not exist.
 */
static const struct token *
match(const struct token *table, const char *word, bool *many)
{
	const struct token	*t, *found = NULL, *any;
	size_t			 n = strlen(word);

	*many = false;
	for (t = table; t->kind != T_END; t++)
		if (t->word != NULL && strcmp(t->word, word) == 0)
			return t;
	if ((any = free_text(table)) != NULL)
		return any;
	for (t = table; n > 0 && t->kind != T_END; t++) {
		if (t->word == NULL || strncmp(t->word, word, n) != 0)
			continue;
		if (found != NULL) {
			*many = true;
			return NULL;
		}
		found = t;
	}
	return found;
}

static void
set(struct command *c, const struct token *t)
{
	switch (t->sets) {
	case SETS_NOTHING:
		break;
	case SETS_ACTION:
		c->action = (enum command_action)t->value;
		break;
	case SETS_SUBJECT:
		c->show.subject = t->value;
		break;
	case SETS_WINDOW:
		c->show.window = (uint8_t)t->value;
		break;
	case SETS_SORT:
		c->show.sort = (uint8_t)t->value;
		break;
	case SETS_NUMBER:
		c->number = t->value;
		break;
	case SETS_FORM:
		c->form = (enum command_form)t->value;
		break;
	case SETS_DIALECT:
		c->dialect = t->value;
		break;
	}
}

static int
add_arg(struct command *c, const char *word, struct out *o)
{
	size_t	 n = strlen(word);

	if (c->show.nargs == MSG_ARGS_MAX || n >= MSG_ARG_MAX || n == 0) {
		out_str(o, n == 0 ? "empty word\n" : n >= MSG_ARG_MAX ?
		    "word too long\n" : "too many words\n");
		return -1;
	}
	memcpy(c->show.args[c->show.nargs++], word, n + 1);
	return 0;
}

/* Lower case, and without the dot at the end. */
static int
add_host(struct command *c, const char *word, struct out *o)
{
	char	*p;
	size_t	 n;

	if (add_arg(c, word, o) == -1)
		return -1;
	p = c->show.args[c->show.nargs - 1];
	n = strlen(p);
	if (n > 1 && p[n - 1] == '.')
		p[n - 1] = '\0';
	for (; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return 0;
}

/* No name is looked up; a list of nothing would not tell. */
static int
add_addr(struct command *c, const char *word, struct out *o)
{
	struct endpoint	 e;

	if (addr_parse(word, &e.addr) == 0 || endpoint_parse(word, &e) == 0)
		return add_arg(c, word, o);
	out_str(o, "no address: ");
	out_vis(o, VIS_TERM, word, strlen(word));
	out_str(o, "\nvalid: an address, or one with a port as it is shown\n");
	return -1;
}

/* A number of min to max; -1 when it is none. */
static int
number(const char *word, uint32_t min, uint32_t max, uint32_t *to,
    struct out *o)
{
	const char	*err;
	long long	 n;

	n = compat_strtonum(word, min, max, &err);
	*to = (uint32_t)n;
	if (err == NULL)
		return 0;
	out_printf(o, "number is %s: ", err);
	out_vis(o, VIS_TERM, word, strlen(word));
	out_printf(o, "\nvalid: %lu to %lu\n", (unsigned long)min,
	    (unsigned long)max);
	return -1;
}

static int
take(struct command *c, const struct token *t, const char *word,
    struct out *o)
{
	uint32_t	 n;

	set(c, t);
	switch (t->kind) {
	case T_ARG:
		return add_arg(c, word, o);
	case T_ARG_HOST:
		return add_host(c, word, o);
	case T_ARG_ADDR:
		return add_addr(c, word, o);
	case T_ARG_WORD:
		return add_arg(c, t->word, o);
	case T_ARG_NUMBER:
		return number(word, 1, t->value, &n, o) == -1 ? -1 :
		    add_arg(c, word, o);
	case T_ARG_FROM_0:
		return number(word, 0, t->value, &n, o) == -1 ? -1 :
		    add_arg(c, word, o);
	case T_NUMBER:
		return number(word, 1, UINT32_MAX - 1, &c->show.top, o);
	case T_FILE:
		c->file = word;
		return 0;
	case T_TIME:
		c->time[t->value] = word;
		return 0;
	case T_END:
	case T_DONE:
	case T_WORD:
	case T_REST:
		break;
	}
	return 0;
}

int
command_parse(int argc, char **argv, struct command *c, struct out *o)
{
	const struct token	*table = commands, *t;
	bool			 many;
	int			 i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < argc; i++) {
		if (table->kind == T_REST)
			break;
		if ((t = match(table, argv[i], &many)) == NULL)
			return refuse(o, table, many ? "ambiguous word" :
			    table == nothing ? "unexpected word" :
			    "unknown word", argv[i], many);
		if (take(c, t, argv[i], o) == -1)
			return -1;
		table = t->next;
	}
	if (table->kind == T_REST && i > 0) {
		c->argc = argc - i + 1;
		c->argv = argv + i - 1;
		return 0;
	}
	for (t = table; t->kind != T_END; t++)
		if (t->kind == T_DONE)
			return 0;
	return refuse(o, table, "word missing", NULL, false);
}

void
command_help(struct out *o)
{
	const struct token	*t;

	for (t = commands; t->kind != T_END; t++)
		out_printf(o, "  %-10s %s\n", t->word, t->help);
}
