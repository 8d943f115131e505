/*
 * The grammar of netmond.conf(5) and its lexer. All state is in struct
 * parser. Actions fill the entry at hand (p->alert and so on), which joins
 * the configuration when its statement ends; what needs more than one line
 * to judge is left to conf_check_all, whose faults get the entry's line.
 */
%define api.pure full
%define parse.error custom
%define parse.lac full
%param { struct parser *p }
%expect 0

%code requires {
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/parse.h"
#include "sandbox/conf.h"

struct parser;
struct list;
}

%code {
#include <sys/queue.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/vis.h"

#define ERRORS_MAX	200	/* of one run; then we stop */
#define EXPANSIONS_MAX	256	/* macros used in one line */
#define PIPE_WAIT_MS	2000	/* for a configuration out of a pipe */

struct list {
	char		*v[CONF_LIST_MAX];
	unsigned	 line[CONF_LIST_MAX];
	size_t		 n;
	bool		 full;		/* more did not fit; said once */
};

/* Everything allocated while parsing, freed at the end. */
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

/* A file, or the text of a macro that is being read. */
struct source {
	struct source	*up;
	const char	*name;
	const char	*text;
	size_t		 len;
	size_t		 off;
	unsigned	 line;
	bool		 macro;
	bool		 ended;		/* its last newline was given */
	dev_t		 dev;
	ino_t		 ino;
};

/* A rule whose lists are multiplied out when it is complete. */
struct rule_lists {
	struct conf_rule	 rule;
	struct list		*on, *from, *to, *host, *path;
};

struct place {
	const char	*file;
	unsigned	 line;		/* 0: has had an error already */
};

struct parser {
	parse_say_fn	*say;
	void		*arg;
	size_t		 errors;
	bool		 overflow;	/* ERRORS_MAX was reached */
	bool		 no_include;
	bool		 no_memory;
	struct conf	*conf;
	SLIST_HEAD(, text) texts;
	SLIST_HEAD(, macro) macros;
	/* lexer */
	struct source	*src;
	unsigned	 files;
	unsigned	 expansions;
	int		 depth;		/* of { that were read */
	int		 open;		/* of blocks that the grammar is in */
	int		 group;		/* depth of a { of values, 0 none */
	bool		 value;		/* the next word is a value */
	bool		 raw;		/* the rest of the line is one */
	bool		 closing;	/* a newline was put before } */
	bool		 skip;		/* to the end of a wrong block */
	bool		 start;		/* a statement begins */
	const char	*tok_file;
	unsigned	 tok_line;
	char		 tok_text[48];
	int		 tok;
	/* the statement */
	struct place	 stmt;
	size_t		 stmt_errors;
	struct place	 places[CONF_PARTS][CONF_LIST_MAX];
	/* the entry at hand */
	struct conf_interface interface;
	struct list	*names;
	struct rule_lists rule;
	struct conf_alert alert;
	struct conf_select *select;
	struct conf_mirror mirror;
	struct conf_log	 log;
	struct conf_rotate *rotate;
	uint16_t	*mode;
};
}

%union {
	char		*s;
	struct list	*list;
	unsigned	 n;
}

%token END 0		"end of file"
%token <s> STRING	"a value"
%token <s> NAME		"NAME = value"

%token
	K_ALERT "alert" K_AT "at" K_BOTH "both" K_BY "by"
	K_CLEAR "clear" K_CLIENTS "clients" K_COMPAT "compat"
	K_CONTROL "control" K_DECAP "decap" K_DEPTH "depth" K_ERROR "error"
	K_EXTRAS "extras" K_FACILITY "facility" K_FILES "files"
	K_FILTER "filter" K_FOR "for" K_FORMAT "format" K_FORWARD "forward"
	K_FROM "from" K_GROUP "group" K_HEADER "header" K_HEADERS "headers"
	K_HOOK "hook" K_HOST "host" K_HOSTS "hosts" K_IGNORE "ignore"
	K_INCLUDE "include" K_INTERFACE "interface" K_KEEP "keep"
	K_KEYS "keys" K_LABEL "label" K_LEAST "least" K_LIMIT "limit"
	K_LOG "log" K_LOSSY "lossy" K_MATCH "match" K_MAX "max"
	K_MEMORY "memory" K_METHOD "method" K_MIRROR "mirror" K_MODE "mode"
	K_NAMES "names" K_NEW "new" K_NO "no" K_OBSERVE "observe" K_OF "of"
	K_ON "on" K_OR "or" K_OVER "over" K_PATH "path" K_PER "per"
	K_PORT "port" K_PRIVACY "privacy" K_PROMISCUOUS "promiscuous"
	K_QUERY "query" K_QUEUE "queue" K_QUICK "quick" K_RATIO "ratio"
	K_RECONNECT "reconnect" K_RECORD "record" K_REPEAT "repeat"
	K_REQUESTS "requests" K_RESPONSES "responses" K_RING "ring"
	K_ROTATE "rotate" K_SAMPLE "sample" K_SECTION "section"
	K_SECTIONS "sections" K_SERVICE "service" K_SET "set"
	K_SEVERITY "severity" K_SNAPLEN "snaplen" K_SOCKET "socket"
	K_STATS "stats" K_STATUS "status" K_STRIP "strip" K_SYSLOG "syslog"
	K_TAG "tag" K_TIMEOUT "timeout" K_TO "to" K_TOP "top"
	K_TOTAL "total" K_TRANSACTIONS "transactions" K_TYPES "types"
	K_UNLESS "unless" K_USER "user" K_VLAN "vlan" K_WHEN "when"
	K_WINDOW "window"
	O_GE ">=" O_GT ">" O_LE "<=" O_LT "<"

%type <list>	list values
%type <n>	op dir metric
%type <s>	optuser optgroup
%type <n>	matchword

%precedence SHORT
%precedence K_FOR

%code {
static int	 yylex(YYSTYPE *, struct parser *);
static void	 yyerror(struct parser *, const char *);
static void	 fail(struct parser *, const char *, ...) PRINTFLIKE(2, 3);
static void	 set_macro(struct parser *, const char *, const char *, bool);
static void	 include_file(struct parser *, const char *);
static struct list *list_new(struct parser *);
static void	 list_add(struct parser *, struct list *, char *);
static void	 set_text(struct parser *, const char *, char *, size_t,
		    const char *);
static void	 get_time(struct parser *, enum conf_limit, uint64_t *,
		    const char *);
static void	 get_size(struct parser *, enum conf_limit, uint64_t *,
		    const char *);
static void	 get_u32(struct parser *, enum conf_limit, uint32_t *,
		    const char *);
static void	 get_u8(struct parser *, enum conf_limit, uint8_t *,
		    const char *);
static void	 get_u64(struct parser *, enum conf_limit, uint64_t *,
		    const char *);
static void	 get_word(struct parser *, enum conf_words, const char *,
		    uint8_t *, const char *);
static void	 get_list(struct parser *, const char *, char *, size_t,
		    size_t, uint8_t *, const struct list *);
static void	 get_ports(struct parser *, struct conf_ports *,
		    const struct list *);
static unsigned	 get_metric(struct parser *, const char *);
static void	 get_addr(struct parser *, struct addr *, const char *);
static void	 get_mode(struct parser *, const char *);
static void	 rule_list(struct parser *, struct list **, const char *,
		    struct list *);
static void	 rule_statuses(struct parser *, const struct list *);
static void	 rule_end(struct parser *, bool);
static void	 interface_end(struct parser *, bool, bool);
static void	 service_end(struct parser *, const char *, struct list *);
static void	 alert_begin(struct parser *, const char *);
static void	 alert_percentile(struct parser *, const char *, const char *);
static void	 alert_ratio(struct parser *, unsigned);
static void	 alert_of(struct parser *, const char *);
static void	 alert_value(struct parser *, double *, const char *);
static void	 alert_status(struct parser *, const char *);
static void	 alert_end(struct parser *);
static void	 set_header(struct parser *, const char *, const char *);
static void	 strip_headers(struct parser *, const char *,
		    char (*)[CONF_NAME_MAX], uint8_t *, const struct list *);
static void	 on_error(struct parser *, const char *);
static void	 sample(struct parser *, const char *, const char *);
static void	 mirror_begin(struct parser *, const char *);
static void	 mirror_end(struct parser *);
static void	 log_begin(struct parser *, const char *, const char *);
static void	 log_types(struct parser *, const struct list *);
static void	 log_end(struct parser *);
static void	 rotate_one(struct parser *, const char *);
static void	 clients_prefix(struct parser *, const char *, const char *,
		    const char *);
static void	 target(struct parser *, const char *, const char *);
static void	 privacy_headers(struct parser *, const struct list *);
static void	 yes_no(struct parser *, const char *, bool *);
}

%%

grammar
	: %empty
	| grammar '\n'
	| grammar K_INCLUDE STRING '\n'		{ include_file(p, $3); }
	| grammar statement '\n'
	| grammar error '\n'			{ yyerrok; }
	;

statement
	: NAME '=' STRING		{ set_macro(p, $1, $3, false); }
	| global
	| interface
	| service
	| rule
	| K_PRIVACY open privacy close
	| K_STATS open stats close
	| alert
	| mirror
	| log
	;

open	: '{'				{ p->open++; }
	;
close	: '}'				{ p->open--; }
	;
sep	: ','
	| '\n'
	;

list	: STRING			{
		$$ = list_new(p);
		list_add(p, $$, $1);
	}
	| open values close		{ $$ = $2; }
	;
values	: %empty			{ $$ = list_new(p); }
	| values STRING			{ list_add(p, $1, $2); $$ = $1; }
	| values sep			{ $$ = $1; }
	| values error sep		{ yyerrok; $$ = $1; }
	;

op	: O_GE				{ $$ = OP_GE; }
	| O_GT				{ $$ = OP_GT; }
	| O_LE				{ $$ = OP_LE; }
	| O_LT				{ $$ = OP_LT; }
	;
dir	: K_REQUESTS			{ $$ = DIR_REQUESTS; }
	| K_RESPONSES			{ $$ = DIR_RESPONSES; }
	| K_BOTH			{ $$ = DIR_BOTH; }
	;

global	: K_USER STRING			{
		set_text(p, "user", p->conf->user, sizeof(p->conf->user), $2);
	}
	| K_TIMEOUT STRING		{
		get_time(p, LIMIT_TIMEOUT, &p->conf->timeout_us, $2);
	}
	| K_MEMORY K_LIMIT STRING	{
		get_size(p, LIMIT_MEMORY, &p->conf->memory_limit, $3);
	}
	| K_WINDOW STRING		{
		get_time(p, LIMIT_WINDOW, &p->conf->window_us, $2);
	}
	| K_FILTER STRING		{
		set_text(p, "filter", p->conf->filter,
		    sizeof(p->conf->filter), $2);
	}
	| K_RING K_TOTAL STRING		{
		get_size(p, LIMIT_RING_TOTAL, &p->conf->ring_total, $3);
	}
	| K_CONTROL K_SOCKET STRING optgroup	{
		if ($3 != NULL && $3[0] != '/')
			fail(p, "control socket \"%s\" must begin with /", $3);
		set_text(p, "socket", p->conf->socket,
		    sizeof(p->conf->socket), $3);
		set_text(p, "group", p->conf->group, sizeof(p->conf->group),
		    $4);
	}
	| K_SYSLOG K_FACILITY STRING	{
		uint8_t	 i = 0;

		get_word(p, WORDS_FACILITY, "facility", &i, $3);
		set_text(p, "facility", p->conf->facility,
		    sizeof(p->conf->facility), conf_word(WORDS_FACILITY, i));
	}
	;
optgroup
	: %empty			{ $$ = NULL; }
	| K_GROUP STRING		{ $$ = $2; }
	;

interface
	: K_INTERFACE list		{ p->names = $2; } optiblock {
		interface_end(p, false, false);
	}
	| K_INTERFACE K_MATCH list	{ p->names = $3; } optiblock {
		interface_end(p, true, false);
	}
	| K_NO K_INTERFACE list		{
		p->names = $3;
		interface_end(p, true, true);
	}
	;
optiblock
	: %empty
	| open iopts close
	;
iopts	: %empty
	| iopts iopt
	| iopts sep
	| iopts error sep		{ yyerrok; }
	;
iopt	: K_SNAPLEN STRING		{
		get_u32(p, LIMIT_SNAPLEN, &p->interface.snaplen, $2);
	}
	| K_PROMISCUOUS			{ p->interface.promiscuous = true; }
	| K_RING STRING			{
		get_size(p, LIMIT_RING, &p->interface.ring, $2);
	}
	| K_DECAP STRING		{
		get_word(p, WORDS_DECAP, "decap", &p->interface.decap, $2);
	}
	| K_LABEL STRING		{
		set_text(p, "label", p->interface.label,
		    sizeof(p->interface.label), $2);
	}
	;

service	: K_SERVICE STRING K_PORT list	{ service_end(p, $2, $4); }
	;

rule	: matchword ropts		{ rule_end(p, $1); }
	;
matchword
	: K_MATCH			{ $$ = false; }
	| K_IGNORE			{ $$ = true; }
	;
ropts	: %empty			{
		memset(&p->rule, 0, sizeof(p->rule));
		p->rule.rule.vlan = -1;
	}
	| ropts ropt
	;
ropt	: K_QUICK			{ p->rule.rule.quick = true; }
	| K_ON list			{ rule_list(p, &p->rule.on, "on", $2); }
	| K_FROM list			{
		rule_list(p, &p->rule.from, "from", $2);
	}
	| K_TO list			{ rule_list(p, &p->rule.to, "to", $2); }
	| K_PORT list			{
		get_ports(p, &p->rule.rule.ports, $2);
	}
	| K_VLAN STRING			{
		uint32_t	 id = 0;

		get_u32(p, LIMIT_VLAN, &id, $2);
		p->rule.rule.vlan = (int32_t)id;
	}
	| K_HOST list			{
		rule_list(p, &p->rule.host, "host", $2);
	}
	| K_PATH list			{
		rule_list(p, &p->rule.path, "path", $2);
	}
	| K_METHOD list			{
		get_list(p, "method", p->rule.rule.methods[0],
		    sizeof(p->rule.rule.methods[0]), CONF_RULE_METHODS,
		    &p->rule.rule.nmethods, $2);
	}
	| K_STATUS list			{ rule_statuses(p, $2); }
	| K_TAG STRING			{
		set_text(p, "tag", p->rule.rule.tag,
		    sizeof(p->rule.rule.tag), $2);
	}
	;

privacy	: %empty
	| privacy popt
	| privacy sep
	| privacy error sep		{ yyerrok; }
	;
popt	: K_CLIENTS STRING		{
		get_word(p, WORDS_CLIENTS, "clients",
		    &p->conf->privacy.clients, $2);
	}
	| K_CLIENTS STRING STRING STRING	{
		clients_prefix(p, $2, $3, $4);
	}
	| K_QUERY STRING		{
		get_word(p, WORDS_QUERY, "query", &p->conf->privacy.query, $2);
	}
	| K_HEADERS list		{ privacy_headers(p, $2); }
	;

stats	: %empty
	| stats sopt
	| stats sep
	| stats error sep		{ yyerrok; }
	;
sopt	: K_SECTION K_DEPTH STRING	{
		get_u8(p, LIMIT_DEPTH, &p->conf->stats.section_depth, $3);
	}
	| K_TOP K_HOSTS STRING		{
		get_u32(p, LIMIT_TOP_HOSTS, &p->conf->stats.top_hosts, $3);
	}
	| K_MAX K_HOSTS STRING		{
		get_u32(p, LIMIT_MAX_HOSTS, &p->conf->stats.max_hosts, $3);
	}
	| K_MAX K_SECTIONS STRING	{
		get_u32(p, LIMIT_MAX_SECTIONS, &p->conf->stats.max_sections,
		    $3);
	}
	| K_MAX K_CLIENTS STRING	{
		get_u32(p, LIMIT_MAX_CLIENTS, &p->conf->stats.max_clients, $3);
	}
	| K_MAX K_NAMES STRING		{
		get_u32(p, LIMIT_MAX_NAMES, &p->conf->stats.max_names, $3);
	}
	| K_TRANSACTIONS STRING		{
		get_size(p, LIMIT_TRANSACTIONS, &p->conf->stats.transactions,
		    $2);
	}
	;

alert	: K_ALERT STRING		{ alert_begin(p, $2); }
	  K_WHEN what condition K_OVER STRING optper aopts {
		get_time(p, LIMIT_SPAN, &p->alert.span_us, $8);
		alert_end(p);
	}
	;
what	: simple selects
	| K_RATIO			{
		p->alert.metric = METRIC_RATIO;
		p->select = &p->alert.ratio;
	} ratio selects optof
	;
simple	: metric			{ p->alert.metric = (uint8_t)$1; }
	| STRING STRING			{ alert_percentile(p, $1, $2); }
	| K_NEW STRING			{
		p->alert.metric = METRIC_NEW;
		get_word(p, WORDS_KEY, "key", &p->alert.key, $2);
	}
	;
metric	: STRING			{ $$ = get_metric(p, $1); }
	| K_REQUESTS			{ $$ = METRIC_REQUESTS; }
	| K_RESPONSES			{ $$ = METRIC_RESPONSES; }
	;
ratio	: %empty			{ alert_ratio(p, METRIC_MAX); }
	| metric			{ alert_ratio(p, $1); }
	;
optof	: %empty			{ alert_of(p, NULL); }
	| K_OF STRING			{ alert_of(p, $2); } selects
	;
selects	: %empty
	| selects select
	;
select	: K_ON STRING			{
		set_text(p, "on", p->select->on, sizeof(p->select->on), $2);
	}
	| K_ON tag
	| tag
	| K_HOST STRING			{
		set_text(p, "host", p->select->host, sizeof(p->select->host),
		    $2);
	}
	| K_METHOD STRING		{
		set_text(p, "method", p->select->method,
		    sizeof(p->select->method), $2);
	}
	| K_STATUS STRING		{ alert_status(p, $2); }
	;
tag	: K_TAG STRING			{
		set_text(p, "tag", p->select->tag, sizeof(p->select->tag), $2);
	}
	;
condition
	: op STRING			{
		p->alert.op = (uint8_t)$1;
		alert_value(p, &p->alert.value, $2);
	}
	| %empty			{
		p->alert.op = OP_GE;
		p->alert.value = 1;
		if (p->alert.metric != METRIC_NEW)
			fail(p, "alert \"%s\" needs a limit, like > 100",
			    p->alert.name);
	}
	;
optper	: %empty
	| K_PER STRING			{
		if (p->alert.metric == METRIC_NEW)
			fail(p, "new %s is counted per %s already",
			    conf_key_name((enum conf_key)p->alert.key),
			    conf_key_name((enum conf_key)p->alert.key));
		else
			get_word(p, WORDS_KEY, "key", &p->alert.key, $2);
	}
	;
aopts	: %empty
	| aopts aopt
	| aopts open alines close
	;
alines	: %empty
	| alines aopt
	| alines sep
	| alines error sep		{ yyerrok; }
	;
aopt	: K_FOR STRING			{
		get_time(p, LIMIT_FOR, &p->alert.for_us, $2);
	}
	| clear %prec SHORT
	| clear K_FOR STRING		{
		get_time(p, LIMIT_FOR, &p->alert.clear_for_us, $3);
	}
	| K_AT K_LEAST STRING metric	{
		get_u64(p, LIMIT_AT_LEAST, &p->alert.at_least, $3);
		p->alert.at_least_metric = (uint8_t)$4;
	}
	| K_UNLESS K_LOSSY		{ p->alert.unless_lossy = true; }
	| K_REPEAT STRING		{
		get_time(p, LIMIT_REPEAT, &p->alert.repeat_us, $2);
	}
	| K_SEVERITY STRING		{
		get_word(p, WORDS_SEVERITY, "severity", &p->alert.severity,
		    $2);
	}
	| K_MAX K_KEYS STRING		{
		get_u32(p, LIMIT_MAX_KEYS, &p->alert.max_keys, $3);
	}
	| K_COMPAT			{ p->alert.compat = true; }
	| select
	;
clear	: K_CLEAR op STRING		{
		p->alert.has_clear = true;
		p->alert.clear_op = (uint8_t)$2;
		alert_value(p, &p->alert.clear_value, $3);
	}
	;

mirror	: K_MIRROR STRING		{ mirror_begin(p, $2); }
	  open mlines close		{ mirror_end(p); }
	;
mlines	: %empty
	| mlines mline
	| mlines sep
	| mlines error sep		{ yyerrok; }
	;
mline	: K_OBSERVE K_PORT list		{
		get_ports(p, &p->mirror.observe, $3);
	}
	| K_FORWARD forward
	| K_RECORD record
	| K_SAMPLE STRING K_BY STRING	{ sample(p, $2, $4); }
	| K_HOOK K_FORWARD STRING optuser	{
		set_text(p, "hook", p->mirror.forward_hook,
		    sizeof(p->mirror.forward_hook), $3);
		set_text(p, "user", p->mirror.forward_hook_user,
		    sizeof(p->mirror.forward_hook_user), $4);
	}
	| K_HOOK K_RECORD STRING optuser	{
		set_text(p, "hook", p->mirror.record_hook,
		    sizeof(p->mirror.record_hook), $3);
		set_text(p, "user", p->mirror.record_hook_user,
		    sizeof(p->mirror.record_hook_user), $4);
	}
	| K_HOOK K_TIMEOUT STRING	{
		get_time(p, LIMIT_HOOK_TIMEOUT, &p->mirror.hook_timeout_us,
		    $3);
	}
	;
optuser	: %empty			{ $$ = NULL; }
	| K_USER STRING			{ $$ = $2; }
	;
forward	: K_TO STRING K_PORT STRING optfrom	{ target(p, $2, $4); }
	| open fopts close
	| K_SET K_HEADER STRING STRING	{ set_header(p, $3, $4); }
	| K_STRIP K_HEADER list		{
		strip_headers(p, "strip", p->mirror.forward_strip,
		    &p->mirror.nforward_strip, $3);
	}
	;
optfrom	: %empty
	| K_FROM STRING			{
		p->mirror.has_source = true;
		get_addr(p, &p->mirror.source, $2);
	}
	;
fopts	: %empty
	| fopts fopt
	| fopts sep
	| fopts error sep		{ yyerrok; }
	;
fopt	: dir				{ p->mirror.forward_dir = (uint8_t)$1; }
	| K_TIMEOUT STRING		{
		get_time(p, LIMIT_DIAL, &p->mirror.timeout_us, $2);
	}
	| K_QUEUE STRING		{
		get_size(p, LIMIT_QUEUE, &p->mirror.queue, $2);
	}
	| K_ON K_ERROR STRING		{ on_error(p, $3); }
	| K_RECONNECT STRING K_TO STRING	{
		get_time(p, LIMIT_RECONNECT, &p->mirror.reconnect_min_us, $2);
		get_time(p, LIMIT_RECONNECT, &p->mirror.reconnect_max_us, $4);
	}
	;
record	: K_TO STRING			{
		p->mirror.has_record = true;
		set_text(p, "path", p->mirror.path, sizeof(p->mirror.path),
		    $2);
	} optrformat
	| open			{
		p->rotate = &p->mirror.rotate;
		p->mode = &p->mirror.mode;
	} recopts close
	;
optrformat
	: %empty
	| K_FORMAT STRING		{
		get_word(p, WORDS_RECORD, "format", &p->mirror.format, $2);
	}
	;
recopts	: %empty
	| recopts recopt
	| recopts sep
	| recopts error sep		{ yyerrok; }
	;
recopt	: dir				{ p->mirror.record_dir = (uint8_t)$1; }
	| K_NO K_STRIP			{
		p->mirror.no_strip = true;
		p->mirror.nstrip = 0;
		memset(p->mirror.strip, 0, sizeof(p->mirror.strip));
	}
	| K_STRIP K_HEADER list		{
		strip_headers(p, "strip", p->mirror.strip, &p->mirror.nstrip,
		    $3);
	}
	| fileopt
	;
fileopt	: K_ROTATE STRING		{ rotate_one(p, $2); }
	| K_ROTATE STRING K_OR STRING	{
		rotate_one(p, $2);
		rotate_one(p, $4);
	}
	| K_KEEP STRING optfiles	{
		get_u32(p, LIMIT_KEEP, &p->rotate->keep, $2);
	}
	| K_MAX STRING			{
		get_size(p, LIMIT_MAX_BYTES, &p->rotate->max, $2);
	}
	| K_MODE STRING			{ get_mode(p, $2); }
	;
optfiles
	: %empty
	| K_FILES
	;

log	: K_LOG STRING STRING		{ log_begin(p, $2, $3); }
	  optlformat optlblock		{ log_end(p); }
	;
optlformat
	: %empty
	| K_FORMAT STRING		{
		get_word(p, WORDS_LOG_FORMAT, "format", &p->log.format, $2);
	}
	;
optlblock
	: %empty
	| open lopts close
	;
lopts	: %empty
	| lopts lopt
	| lopts sep
	| lopts error sep		{ yyerrok; }
	;
lopt	: K_TYPES list			{ log_types(p, $2); }
	| K_EXTRAS STRING		{ yes_no(p, $2, &p->log.extras); }
	| fileopt
	;

%%

/* ---- errors ---- */

static void	*keep(struct parser *, size_t);

static void
say_at(struct parser *p, const char *file, unsigned line, const char *why)
{
	char	 text[PARSE_LINE_MAX], safe[PARSE_LINE_MAX];

	if (p->errors++ >= ERRORS_MAX) {
		if (!p->overflow)
			p->say("too many errors, the rest is not shown",
			    p->arg);
		p->overflow = true;
		return;
	}
	if (line == 0)
		snprintf(text, sizeof(text), "%s: %s", file, why);
	else
		snprintf(text, sizeof(text), "%s:%u: %s", file, line, why);
	p->say(vis_str(VIS_TERM, safe, sizeof(safe), text), p->arg);
}

static void
fail(struct parser *p, const char *fmt, ...)
{
	char	 why[PARSE_LINE_MAX];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	say_at(p, p->tok_file, p->tok_line, why);
}

/*
 * The rest of what is wrong is swallowed: deeper blocks whole, so that their
 * lines are not taken for statements. What ends a line ends recovery.
 */
static void
recover(struct parser *p)
{
	p->value = p->raw = false;
	p->skip = p->tok != '\n' && p->tok != ',' && p->tok != '}' &&
	    p->tok != END;
}

static void
yyerror(struct parser *p, const char *why)
{
	fail(p, "%s", why);
	recover(p);
}

/* "a b c" of the tokens that fit, in the order of the grammar. */
static void
expected(const yypcontext_t *ctx, char *s, size_t size, bool *quote)
{
	yysymbol_kind_t	 kind[YYNTOKENS];
	const char	*name;
	size_t		 len = 0;
	int		 i, n;

	*quote = false;
	s[0] = '\0';
	n = yypcontext_expected_tokens(ctx, kind, nitems(kind));
	for (i = 0; i < n && len < size; i++) {
		name = yysymbol_name(kind[i]);
		if (kind[i] == YYSYMBOL_STRING)
			*quote = true;
		if (kind[i] == YYSYMBOL_YYEOF || strcmp(name, "','") == 0)
			continue;
		if (strcmp(name, "'\\n'") == 0)
			name = "(end of line)";
		else if (name[0] == '\'' && name[1] != '\0')
			name = name[1] == '{' ? "{" : name[1] == '}' ? "}" :
			    "=";
		len += (size_t)snprintf(s + len, size - len, "%s%s",
		    len == 0 ? "" : " ", name);
	}
}

static int
yyreport_syntax_error(const yypcontext_t *ctx, struct parser *p)
{
	char		 words[PARSE_LINE_MAX - 200];
	yysymbol_kind_t	 k = yypcontext_token(ctx);
	bool		 quote;

	expected(ctx, words, sizeof(words), &quote);
	if (p->tok == '\n')
		fail(p, "the line ends too early, valid here: %s", words);
	else if (k == YYSYMBOL_STRING || k == YYSYMBOL_NAME)
		fail(p, "unknown word \"%s\", valid here: %s", p->tok_text,
		    words);
	else if (p->tok == '}' && p->depth == 0 && p->open == 0)
		fail(p, "} without {");
	else
		fail(p, "\"%s\" is out of place%s, valid here: %s",
		    p->tok_text, quote && p->tok > 255 ?
		    " (in quotes it is a value)" : "", words);
	recover(p);
	return 0;
}

/* ---- memory ---- */

static void *
keep(struct parser *p, size_t size)
{
	struct text	*t;

	if ((t = calloc(1, sizeof(*t) + size)) == NULL)
		return NULL;
	SLIST_INSERT_HEAD(&p->texts, t, entry);
	return t + 1;
}

static char *
keep_text(struct parser *p, const char *s, size_t n)
{
	char	*copy;

	if ((copy = keep(p, n + 1)) == NULL) {
		p->no_memory = true;
		return NULL;
	}
	memcpy(copy, s, n);
	return copy;
}

static struct list *
list_new(struct parser *p)
{
	struct list	*l;

	if ((l = keep(p, sizeof(*l))) == NULL)
		p->no_memory = true;
	return l;
}

static void
list_add(struct parser *p, struct list *l, char *s)
{
	if (l == NULL || s == NULL)
		return;
	if (l->n < nitems(l->v)) {
		l->line[l->n] = p->tok_line;
		l->v[l->n++] = s;
	} else if (!l->full) {
		fail(p, "a list has at most %zu entries", nitems(l->v));
		l->full = true;
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

static bool
macro_name(const char *s)
{
	static const char	 ok[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return (*s < '0' || *s > '9') && *s != '\0' &&
	    s[strspn(s, ok)] == '\0';
}

static void
set_macro(struct parser *p, const char *name, const char *value, bool fixed)
{
	struct macro	*m;

	if (name == NULL || value == NULL)
		return;
	if (!macro_name(name)) {
		fail(p, "\"%s\" cannot name a macro, use letters, digits "
		    "and _", name);
		return;
	}
	if ((m = macro_find(p, name)) == NULL) {
		if ((m = keep(p, sizeof(*m))) == NULL) {
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

static struct source *
source_push(struct parser *p, const char *name, const char *text, size_t len)
{
	struct source	*s;

	if ((s = keep(p, sizeof(*s))) == NULL) {
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
	char		*text;
	ssize_t		 n;

	*len = 0;
	*why = "out of memory";
	if ((text = keep(p, PARSE_FILE_MAX + 1)) == NULL)
		return NULL;
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
	return n == -1 ? NULL : text;
}

/* -1 with a text in *why. */
static int
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

/* A relative path starts from the folder of the file that includes it. */
static void
include_file(struct parser *p, const char *path)
{
	const char	*slash, *why = NULL;
	char		*name;
	size_t		 n;

	if (path == NULL)
		return;
	if (p->no_include || p->files >= PARSE_INCLUDE_MAX) {
		fail(p, p->no_include ? "include is not possible here" :
		    "includes are nested too deeply");
		return;
	}
	slash = path[0] == '/' ? NULL : strrchr(p->tok_file, '/');
	n = slash == NULL ? 0 : (size_t)(slash - p->tok_file) + 1;
	if ((name = keep(p, n + strlen(path) + 1)) == NULL) {
		p->no_memory = true;
		return;
	}
	memcpy(name, p->tok_file, n);
	memcpy(name + n, path, strlen(path));
	if (source_open(p, name, &why) == -1)
		fail(p, "%s: %s", name, why);
	else
		p->files++;
}

/* ---- lexer ---- */

#define KW_VALUE	0x01	/* the word behind it is a value */
#define KW_RAW		0x02	/* the rest of the line is one value */

static const struct keyword {
	const char	*word;
	int		 token;
	int		 flags;
} keywords[] = {	/* sorted */
	{ "alert",	K_ALERT,	KW_VALUE },
	{ "at",		K_AT,		0 },
	{ "both",	K_BOTH,		0 },
	{ "by",		K_BY,		KW_VALUE },
	{ "clear",	K_CLEAR,	0 },
	{ "clients",	K_CLIENTS,	KW_VALUE },
	{ "compat",	K_COMPAT,	0 },
	{ "control",	K_CONTROL,	0 },
	{ "decap",	K_DECAP,	KW_VALUE },
	{ "depth",	K_DEPTH,	KW_VALUE },
	{ "error",	K_ERROR,	KW_VALUE },
	{ "extras",	K_EXTRAS,	KW_VALUE },
	{ "facility",	K_FACILITY,	KW_VALUE },
	{ "files",	K_FILES,	0 },
	{ "filter",	K_FILTER,	KW_RAW },
	{ "for",	K_FOR,		KW_VALUE },
	{ "format",	K_FORMAT,	KW_VALUE },
	{ "forward",	K_FORWARD,	0 },
	{ "from",	K_FROM,		KW_VALUE },
	{ "group",	K_GROUP,	KW_VALUE },
	{ "header",	K_HEADER,	KW_VALUE },
	{ "headers",	K_HEADERS,	KW_VALUE },
	{ "hook",	K_HOOK,		0 },
	{ "host",	K_HOST,		KW_VALUE },
	{ "hosts",	K_HOSTS,	KW_VALUE },
	{ "ignore",	K_IGNORE,	0 },
	{ "include",	K_INCLUDE,	KW_VALUE },
	{ "interface",	K_INTERFACE,	0 },
	{ "keep",	K_KEEP,		KW_VALUE },
	{ "keys",	K_KEYS,		KW_VALUE },
	{ "label",	K_LABEL,	KW_VALUE },
	{ "least",	K_LEAST,	KW_VALUE },
	{ "limit",	K_LIMIT,	KW_VALUE },
	{ "log",	K_LOG,		KW_VALUE },
	{ "lossy",	K_LOSSY,	0 },
	{ "match",	K_MATCH,	0 },
	{ "max",	K_MAX,		0 },
	{ "memory",	K_MEMORY,	0 },
	{ "method",	K_METHOD,	KW_VALUE },
	{ "mirror",	K_MIRROR,	KW_VALUE },
	{ "mode",	K_MODE,		KW_VALUE },
	{ "names",	K_NAMES,	KW_VALUE },
	{ "new",	K_NEW,		KW_VALUE },
	{ "no",		K_NO,		0 },
	{ "observe",	K_OBSERVE,	0 },
	{ "of",		K_OF,		KW_VALUE },
	{ "on",		K_ON,		0 },
	{ "or",		K_OR,		KW_VALUE },
	{ "over",	K_OVER,		KW_VALUE },
	{ "path",	K_PATH,		KW_VALUE },
	{ "per",	K_PER,		KW_VALUE },
	{ "port",	K_PORT,		KW_VALUE },
	{ "privacy",	K_PRIVACY,	0 },
	{ "promiscuous", K_PROMISCUOUS,	0 },
	{ "query",	K_QUERY,	KW_VALUE },
	{ "queue",	K_QUEUE,	KW_VALUE },
	{ "quick",	K_QUICK,	0 },
	{ "ratio",	K_RATIO,	0 },
	{ "reconnect",	K_RECONNECT,	KW_VALUE },
	{ "record",	K_RECORD,	0 },
	{ "repeat",	K_REPEAT,	KW_VALUE },
	{ "requests",	K_REQUESTS,	0 },
	{ "responses",	K_RESPONSES,	0 },
	{ "ring",	K_RING,		0 },
	{ "rotate",	K_ROTATE,	KW_VALUE },
	{ "sample",	K_SAMPLE,	KW_VALUE },
	{ "section",	K_SECTION,	0 },
	{ "sections",	K_SECTIONS,	KW_VALUE },
	{ "service",	K_SERVICE,	KW_VALUE },
	{ "set",	K_SET,		0 },
	{ "severity",	K_SEVERITY,	KW_VALUE },
	{ "snaplen",	K_SNAPLEN,	KW_VALUE },
	{ "socket",	K_SOCKET,	KW_VALUE },
	{ "stats",	K_STATS,	0 },
	{ "status",	K_STATUS,	KW_VALUE },
	{ "strip",	K_STRIP,	0 },
	{ "syslog",	K_SYSLOG,	0 },
	{ "tag",	K_TAG,		KW_VALUE },
	{ "timeout",	K_TIMEOUT,	KW_VALUE },
	{ "to",		K_TO,		KW_VALUE },
	{ "top",	K_TOP,		0 },
	{ "total",	K_TOTAL,	KW_VALUE },
	{ "transactions", K_TRANSACTIONS, KW_VALUE },
	{ "types",	K_TYPES,	KW_VALUE },
	{ "unless",	K_UNLESS,	0 },
	{ "user",	K_USER,		KW_VALUE },
	{ "vlan",	K_VLAN,		KW_VALUE },
	{ "when",	K_WHEN,		0 },
	{ "window",	K_WINDOW,	KW_VALUE }
};

static int
keyword_cmp(const void *word, const void *entry)
{
	const struct keyword	*k = entry;

	return strcmp(word, k->word);
}

static int
peek(const struct source *s, size_t ahead)
{
	return ahead < s->len - s->off ?
	    (unsigned char)s->text[s->off + ahead] : EOF;
}

/* Blanks, comments and joined lines. */
static void
skip_blanks(struct parser *p)
{
	struct source	*s = p->src;

	for (;;) {
		if (peek(s, 0) == ' ' || peek(s, 0) == '\t' ||
		    (peek(s, 0) == '\r' && peek(s, 1) == '\n'))
			s->off++;
		else if (peek(s, 0) == '\\' && peek(s, 1) == '\n') {
			s->off += 2;
			s->line++;
		} else if (peek(s, 0) == '#')
			while (peek(s, 0) != '\n' && peek(s, 0) != EOF)
				s->off++;
		else
			return;
	}
}

static void
token_text(struct parser *p, const char *s, size_t n)
{
	if (n >= sizeof(p->tok_text))
		n = sizeof(p->tok_text) - 1;
	memcpy(p->tok_text, s, n);
	p->tok_text[n] = '\0';
}

/* A text in quotes, without them; \" and \\ stand for " and \. */
static int
lex_quoted(struct parser *p, YYSTYPE *v)
{
	struct source	*s = p->src;
	size_t		 n = 0, i = 1;
	char		*t;
	int		 c;

	if ((t = keep(p, s->len - s->off + 1)) == NULL) {
		p->no_memory = true;
		return END;
	}
	for (; (c = peek(s, i)) != '"'; i++) {
		if (c == EOF || c == '\n') {
			fail(p, "a \" is missing at the end of a value");
			break;
		}
		if ((c < 0x20 && c != '\t') || c == 0x7f) {
			fail(p, "control character 0x%02x in a value",
			    (unsigned)c);
			continue;
		}
		if (c == '\\' && (peek(s, i + 1) == '"' ||
		    peek(s, i + 1) == '\\'))
			c = peek(s, ++i);
		t[n++] = (char)c;
	}
	s->off += c == '"' ? i + 1 : i;
	v->s = t;
	token_text(p, t, n);
	return STRING;
}

static bool
word_char(int c)
{
	return c > 0x20 && c != 0x7f && strchr("\"{},=<>#", c) == NULL;
}

/* filter: the rest of the line, without a comment and blanks at its end. */
static int
lex_raw_line(struct parser *p, YYSTYPE *v)
{
	struct source	*s = p->src;
	size_t		 n = 0;

	for (; peek(s, n) != '\n' && peek(s, n) != '#' && peek(s, n) != EOF;
	    n++)
		if (peek(s, n) == '\0')
			fail(p, "control character 0x00 in a value");
	token_text(p, s->text + s->off, n);
	v->s = keep_text(p, s->text + s->off, n);
	s->off += n;
	while (v->s != NULL && n > 0 && strchr(" \t\r", v->s[n - 1]) != NULL)
		v->s[--n] = '\0';
	return v->s == NULL ? END : STRING;
}

/* $name: its text is read next. */
static int
lex_macro(struct parser *p)
{
	struct source	*s = p->src;
	struct macro	*m;
	char		*name;
	size_t		 n = 1;

	while (peek(s, n) == '_' || (peek(s, n) >= '0' && peek(s, n) <= '9') ||
	    (peek(s, n) >= 'A' && peek(s, n) <= 'Z') ||
	    (peek(s, n) >= 'a' && peek(s, n) <= 'z'))
		n++;
	token_text(p, s->text + s->off, n);
	name = keep_text(p, s->text + s->off + 1, n - 1);
	s->off += n;
	if (name == NULL)
		return END;
	if ((m = macro_find(p, name)) == NULL)
		fail(p, "macro \"%s\" has no value: define it above, or with "
		    "-D", name);
	else if (p->expansions++ >= EXPANSIONS_MAX)
		fail(p, "macro \"%s\" leads to itself or to too many others",
		    name);
	else {
		if ((s = source_push(p, p->tok_file, m->value,
		    strlen(m->value))) == NULL)
			return END;
		s->macro = true;
		return 0;
	}
	p->tok = YYerror;
	recover(p);
	return YYerror;
}

static int
lex_word(struct parser *p, YYSTYPE *v)
{
	struct source		*s = p->src;
	const struct keyword	*k;
	size_t			 n = 0;

	while (word_char(peek(s, n)))
		n++;
	token_text(p, s->text + s->off, n);
	if ((v->s = keep_text(p, s->text + s->off, n)) == NULL)
		return END;
	s->off += n;
	skip_blanks(p);
	if (p->start && peek(s, 0) == '=')
		return NAME;
	if (p->value || p->group != 0)
		return STRING;
	k = bsearch(v->s, keywords, nitems(keywords), sizeof(keywords[0]),
	    keyword_cmp);
	if (k == NULL)
		return STRING;
	p->value = k->flags & KW_VALUE;
	p->raw = k->flags & KW_RAW;
	return k->token;
}

static int
lex_operator(struct parser *p)
{
	struct source	*s = p->src;
	int		 c = peek(s, 0), eq = peek(s, 1) == '=';

	token_text(p, s->text + s->off, eq ? 2 : 1);
	s->off += eq ? 2 : 1;
	if (c == '<')
		return eq ? O_LE : O_LT;
	return eq ? O_GE : O_GT;
}

/* A newline comes before each }, so that the last line of a block ends. */
static int
lex_brace(struct parser *p)
{
	if (peek(p->src, 0) == '{') {
		p->src->off++;
		p->depth++;
		if (p->value && p->group == 0)
			p->group = p->depth;
		p->value = false;
		return '{';
	}
	if (!p->closing) {
		p->closing = true;
		return '\n';
	}
	p->closing = false;
	p->src->off++;
	if (p->group == p->depth)
		p->group = 0;
	if (p->depth > 0)
		p->depth--;
	return '}';
}

/*
 * The end of a source: 0 to read on in the one below. A file ends with a
 * newline, and with a } for each that is missing.
 */
static int
lex_end(struct parser *p)
{
	struct source	*s = p->src;

	if (!s->macro && !s->ended) {
		s->ended = true;
		token_text(p, "end of file", 11);
		if (p->depth > 0)
			fail(p, "the file ends before the } of a block");
		return '\n';
	}
	if (!s->macro && p->depth > 0) {
		p->group = 0;
		p->closing = !p->closing;
		if (p->closing)
			return '\n';
		/* The statement wants its newline behind the last }. */
		s->ended = --p->depth > 0;
		return '}';
	}
	if (s->up == NULL)
		return END;
	p->src = s->up;
	if (!s->macro)
		p->files--;
	return 0;
}

static void
token_place(struct parser *p)
{
	const struct source	*s = p->src;

	while (s->macro && s->up != NULL)
		s = s->up;
	p->tok_file = s->name;
	p->tok_line = s->line;
	if (p->start) {
		p->stmt.file = p->tok_file;
		p->stmt.line = p->tok_line;
		p->stmt_errors = p->errors;
	}
}

static int
lex_newline(struct parser *p)
{
	token_text(p, "end of line", 11);
	p->src->off++;
	p->src->line++;
	if (!p->src->macro)
		p->expansions = 0;
	return '\n';
}

/* One token, 0 when there was none here (a macro began or a source ended). */
static int
lex_one(struct parser *p, YYSTYPE *v)
{
	int	 c;

	skip_blanks(p);
	token_place(p);
	c = peek(p->src, 0);
	if (c == '\n')
		return lex_newline(p);
	if (c == '"')
		return lex_quoted(p, v);
	if (c == '$')
		return lex_macro(p);
	if (c == EOF)
		return -1;
	if (p->raw)
		return lex_raw_line(p, v);
	if (c == '<' || c == '>')
		return lex_operator(p);
	token_text(p, p->src->text + p->src->off, 1);
	if (c == '{' || c == '}')
		return lex_brace(p);
	if (word_char(c))
		return lex_word(p, v);
	p->src->off++;
	if (c == ',' || c == '=')
		return c;
	fail(p, "control character 0x%02x in the file", (unsigned)c);
	return 0;
}

static int
lex_any(struct parser *p, YYSTYPE *v)
{
	bool	 had_value, had_raw;
	int	 tok = 0;

	do {
		had_value = p->value;
		had_raw = p->raw;
		if ((tok = lex_one(p, v)) == -1) {
			if ((tok = lex_end(p)) == END && p->src->up == NULL &&
			    p->src->ended && p->depth == 0)
				return END;
		}
	} while (tok == 0 && !p->no_memory && !p->overflow);
	if (p->no_memory || p->overflow)
		return END;
	/* The value was read, or did not come. */
	if (had_value)
		p->value = false;
	if (had_raw)
		p->raw = false;
	p->start = tok == '\n' && p->depth == 0;
	return tok;
}

static int
yylex(YYSTYPE *v, struct parser *p)
{
	int	 tok;

	v->s = NULL;
	for (;;) {
		tok = lex_any(p, v);
		if (!p->skip || tok == END)
			break;
		/* Out of the block that holds the error, or at its level. */
		if (p->depth > p->open || (tok == '}' && p->depth == p->open))
			continue;
		if (tok == '\n' || (tok == ',' && p->open > 0) || tok == '}')
			p->skip = false;
		break;
	}
	p->tok = tok;
	return tok;
}

/* ---- values ---- */

/* Digits only, at most UINT64_MAX / 2; the end through *end. */
static int
digits(const char *s, uint64_t *v, const char **end)
{
	*v = 0;
	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (*v > (UINT64_MAX / 2 - 9) / 10)
			return -1;
		*v = *v * 10 + (uint64_t)(*s - '0');
	}
	*end = s;
	return 0;
}

struct unit {
	const char	*name;
	uint64_t	 factor;
};

static int
with_unit(const char *s, const struct unit *u, uint64_t *v)
{
	const char	*end;

	if (digits(s, v, &end) == -1)
		return -1;
	for (; u->name != NULL; u++)
		if (strcmp(u->name, end) == 0)
			break;
	if (u->name == NULL || *v > UINT64_MAX / 2 / u->factor)
		return -1;
	*v *= u->factor;
	return 0;
}

int
parse_time(const char *s, uint64_t *us, char *why, size_t size)
{
	static const struct unit	 units[] = {
		{ "", 1000000 }, { "ms", 1000 }, { "s", 1000000 },
		{ "m", 60000000 }, { "h", 3600000000ULL },
		{ "d", 86400000000ULL }, { NULL, 0 }
	};
	uint64_t			 v;

	if (with_unit(s, units, &v) == -1) {
		snprintf(why, size, "\"%.64s\" is not a time, use a number "
		    "with ms, s, m, h or d", s);
		return -1;
	}
	*us = v;
	return 0;
}

int
parse_size(const char *s, uint64_t *bytes, char *why, size_t size)
{
	static const struct unit	 units[] = {
		{ "", 1 }, { "K", 1ULL << 10 }, { "M", 1ULL << 20 },
		{ "G", 1ULL << 30 }, { NULL, 0 }
	};
	uint64_t			 v;

	if (with_unit(s, units, &v) == -1) {
		snprintf(why, size, "\"%.64s\" is not a size, use a number "
		    "of bytes, or with K, M or G", s);
		return -1;
	}
	*bytes = v;
	return 0;
}

/* "80" or "8000-8010" (or with a colon), of len bytes. */
static int
port_range(const char *s, size_t len, struct conf_range *r, char *why,
    size_t size)
{
	char		 t[24];
	const char	*end;
	uint64_t	 lo, hi;

	if (len >= sizeof(t))
		goto bad;
	memcpy(t, s, len);
	t[len] = '\0';
	if (digits(t, &lo, &end) == -1)
		goto bad;
	hi = lo;
	if ((*end == '-' || *end == ':') && digits(end + 1, &hi, &end) == -1)
		goto bad;
	if (*end != '\0')
		goto bad;
	if (lo == 0 || lo > 65535 || hi == 0 || hi > 65535) {
		snprintf(why, size, "port %" PRIu64 " is not a port, use 1 to "
		    "65535", lo == 0 || lo > 65535 ? lo : hi);
		return -1;
	}
	if (lo > hi) {
		snprintf(why, size, "port range %s is backwards", t);
		return -1;
	}
	r->lo = (uint16_t)lo;
	r->hi = (uint16_t)hi;
	return 0;
 bad:
	snprintf(why, size, "\"%.*s\" is not a port, use 1 to 65535 or a "
	    "range like 8000-8010", (int)(len < 64 ? len : 64), s);
	return -1;
}

int
parse_ports(const char *s, struct conf_ports *p, char *why, size_t size)
{
	size_t	 n;

	for (s += strspn(s, ", "); *s != '\0'; s += n + strspn(s + n, ", ")) {
		n = strcspn(s, ", ");
		if (p->n == nitems(p->range)) {
			snprintf(why, size, "more than %zu ports or ranges",
			    nitems(p->range));
			return -1;
		}
		if (port_range(s, n, &p->range[p->n], why, size) == -1)
			return -1;
		p->n++;
	}
	if (p->n == 0) {
		snprintf(why, size, "a port is missing");
		return -1;
	}
	return 0;
}

static void
set_text(struct parser *p, const char *what, char *dst, size_t size,
    const char *src)
{
	if (src == NULL)
		src = "";
	if (strlen(src) >= size)
		fail(p, "%s is longer than %zu bytes", what, size - 1);
	else {
		memset(dst, 0, size);
		memcpy(dst, src, strlen(src));
	}
}

/* Within its bounds it is taken, else the default stays. */
static void
take(struct parser *p, enum conf_limit which, uint64_t v, uint64_t *to)
{
	char	 why[CONF_WHY_MAX];

	if (conf_limit(which, v, why, sizeof(why)) == -1)
		fail(p, "%s", why);
	else
		*to = v;
}

static void
get_time(struct parser *p, enum conf_limit which, uint64_t *to, const char *s)
{
	char		 why[CONF_WHY_MAX];
	uint64_t	 v;

	if (s != NULL && parse_time(s, &v, why, sizeof(why)) == -1)
		fail(p, "%s", why);
	else if (s != NULL)
		take(p, which, v, to);
}

static void
get_size(struct parser *p, enum conf_limit which, uint64_t *to, const char *s)
{
	char		 why[CONF_WHY_MAX];
	uint64_t	 v;

	if (s != NULL && parse_size(s, &v, why, sizeof(why)) == -1)
		fail(p, "%s", why);
	else if (s != NULL)
		take(p, which, v, to);
}

static void
get_u64(struct parser *p, enum conf_limit which, uint64_t *to, const char *s)
{
	const char	*end;
	uint64_t	 v;

	if (s == NULL)
		return;
	if (digits(s, &v, &end) == -1 || *end != '\0')
		fail(p, "\"%s\" is not a number", s);
	else
		take(p, which, v, to);
}

/* The bounds of which are within the type. */
static void
get_u32(struct parser *p, enum conf_limit which, uint32_t *to, const char *s)
{
	uint64_t	 v = *to;

	get_u64(p, which, &v, s);
	*to = (uint32_t)v;
}

static void
get_u8(struct parser *p, enum conf_limit which, uint8_t *to, const char *s)
{
	uint64_t	 v = *to;

	get_u64(p, which, &v, s);
	*to = (uint8_t)v;
}

/* All words of a table, for an error. */
static void
list_words(enum conf_words table, char *s, size_t size)
{
	size_t		 len = 0;
	unsigned	 i;

	s[0] = '\0';
	for (i = 0; conf_word(table, i) != NULL && len < size; i++)
		len += (size_t)snprintf(s + len, size - len, "%s%s",
		    i == 0 ? "" : " ", conf_word(table, i));
}

static void
get_word(struct parser *p, enum conf_words table, const char *what,
    uint8_t *to, const char *s)
{
	char	 all[CONF_WHY_MAX];
	bool	 none;
	int	 i;

	if (s == NULL)
		return;
	i = conf_word_find(table, s);
	/* The first of these is "none": what one gets without the word. */
	none = table == WORDS_KEY || table == WORDS_SAMPLE;
	if (i >= 0 && !(none && i == 0)) {
		*to = (uint8_t)i;
		return;
	}
	list_words(table, all, sizeof(all));
	fail(p, "unknown %s \"%s\", valid: %s", what, s,
	    none ? strchr(all, ' ') + 1 : all);
}

static void
yes_no(struct parser *p, const char *s, bool *to)
{
	if (s == NULL)
		return;
	if (strcmp(s, "yes") == 0)
		*to = true;
	else if (strcmp(s, "no") == 0)
		*to = false;
	else
		fail(p, "\"%s\" is neither yes nor no", s);
}

/* Texts of size bytes each, at most max, behind those that are there. */
static void
get_list(struct parser *p, const char *what, char *to, size_t size,
    size_t max, uint8_t *n, const struct list *l)
{
	size_t	 i, j;

	for (i = 0; l != NULL && i < l->n; i++) {
		for (j = 0; j < *n; j++)
			if (strcmp(to + j * size, l->v[i]) == 0)
				break;
		if (j < *n)
			continue;
		if (*n == max) {
			fail(p, "more than %zu entries of %s", max, what);
			return;
		}
		set_text(p, what, to + *n * size, size, l->v[i]);
		(*n)++;
	}
}

static void
get_ports(struct parser *p, struct conf_ports *to, const struct list *l)
{
	char	 why[CONF_WHY_MAX];
	size_t	 i;

	if (l == NULL)
		return;
	if (l->n == 0)
		fail(p, "a port is missing");
	for (i = 0; i < l->n; i++) {
		p->tok_line = l->line[i];
		if (parse_ports(l->v[i], to, why, sizeof(why)) == -1)
			fail(p, "%s", why);
	}
}

static void
get_addr(struct parser *p, struct addr *to, const char *s)
{
	if (s != NULL && addr_parse(s, to) == -1)
		fail(p, "\"%s\" is not an address, use numbers like 192.0.2.1 "
		    "or 2001:db8::1", s);
}

static void
get_mode(struct parser *p, const char *s)
{
	unsigned	 mode = 0;
	size_t		 i;

	if (s == NULL)
		return;
	for (i = 0; s[i] >= '0' && s[i] <= '7' && i < 4; i++)
		mode = mode * 8 + (unsigned)(s[i] - '0');
	if (s[i] != '\0' || i < 3)
		fail(p, "\"%s\" is not a mode, use three octal digits like "
		    "0640", s);
	else
		*p->mode = (uint16_t)mode;
}

/* "404", "5xx" or "400-499". */
static int
get_status(struct parser *p, struct conf_status *to, const char *s)
{
	const char	*end;
	uint64_t	 lo, hi;

	if (*s >= '1' && *s <= '9' && strcmp(s + 1, "xx") == 0) {
		to->lo = (uint16_t)((*s - '0') * 100);
		to->hi = (uint16_t)(to->lo + 99);
		return 0;
	}
	if (digits(s, &lo, &end) == 0) {
		hi = lo;
		if (*end == '-' && digits(end + 1, &hi, &end) == -1)
			hi = 0;
		if (*end == '\0' && lo >= 100 && lo <= hi && hi <= 999) {
			to->lo = (uint16_t)lo;
			to->hi = (uint16_t)hi;
			return 0;
		}
	}
	fail(p, "\"%s\" is not a status, use 404, 5xx or 400-499", s);
	return -1;
}

/* "5%" or "0.25%" as a part of 1. */
static int
get_part(struct parser *p, double *to, const char *s)
{
	uint64_t	 whole, frac = 0;
	const char	*end, *dot;
	double		 scale = 1;

	if (digits(s, &whole, &end) == -1 || whole > 1000000)
		goto bad;
	if (*end == '.') {
		dot = end + 1;
		if (digits(dot, &frac, &end) == -1 || end - dot > 6)
			goto bad;
		for (; dot < end; dot++)
			scale *= 10;
	}
	if (strcmp(end, "%") != 0)
		goto bad;
	*to = ((double)whole * scale + (double)frac) / (scale * 100);
	return 0;
 bad:
	fail(p, "\"%s\" is not a percentage, use something like 5%% or 0.5%%",
	    s);
	return -1;
}

/* ---- entries ---- */

/* Notes where entry number n of its kind came from. */
static void
placed(struct parser *p, enum conf_part part, size_t n)
{
	p->places[part][n - 1] = p->stmt;
	if (p->errors != p->stmt_errors)
		p->places[part][n - 1].line = 0;
}

/*
 * Entry is a new one of the configuration, NULL when there is no room; n is
 * how many there are with it (a pointer, as adding changes it).
 */
static void
join(struct parser *p, enum conf_part part, void *entry, const void *from,
    size_t size, const size_t *n)
{
	if (entry == NULL) {
		fail(p, "more than %d entries of one kind", CONF_LIST_MAX);
		return;
	}
	memcpy(entry, from, size);
	placed(p, part, *n);
}

static void
interface_end(struct parser *p, bool match, bool exclude)
{
	size_t	 i;

	p->interface.match = match;
	p->interface.exclude = exclude;
	if (p->names != NULL && p->names->n == 0)
		fail(p, "interface needs a name");
	for (i = 0; p->names != NULL && i < p->names->n; i++) {
		set_text(p, "interface", p->interface.name,
		    sizeof(p->interface.name), p->names->v[i]);
		join(p, CONF_INTERFACE, conf_add_interface(p->conf),
		    &p->interface, sizeof(p->interface), &p->conf->ninterfaces);
	}
	memset(&p->interface, 0, sizeof(p->interface));
}

static void
service_end(struct parser *p, const char *proto, struct list *ports)
{
	struct conf_service	 s;

	memset(&s, 0, sizeof(s));
	get_word(p, WORDS_PROTO, "service", &s.proto, proto);
	get_ports(p, &s.ports, ports);
	join(p, CONF_SERVICE, conf_add_service(p->conf), &s, sizeof(s),
	    &p->conf->nservices);
}

static void
rule_list(struct parser *p, struct list **to, const char *word,
    struct list *l)
{
	if (*to != NULL)
		fail(p, "%s is given twice in this rule", word);
	else if (l != NULL && l->n == 0)
		fail(p, "%s needs a value", word);
	*to = l;
}

static void
rule_statuses(struct parser *p, const struct list *l)
{
	struct conf_rule	*r = &p->rule.rule;
	size_t			 i;

	for (i = 0; l != NULL && i < l->n; i++) {
		if (r->nstatus == CONF_RULE_STATUSES) {
			fail(p, "more than %d statuses", CONF_RULE_STATUSES);
			return;
		}
		if (get_status(p, &r->status[r->nstatus], l->v[i]) == 0)
			r->nstatus++;
	}
}

static void
rule_net(struct parser *p, const char *s, bool *has, struct addr *a,
    uint8_t *bits)
{
	unsigned	 n = 0;

	*has = false;
	if (s == NULL || strcmp(s, "any") == 0)
		return;
	if (addr_parse_net(s, a, &n) == -1) {
		fail(p, "\"%s\" is not an address, use numbers like "
		    "192.0.2.0/24 or 2001:db8::/32", s);
		return;
	}
	addr_mask(a, n);
	*bits = (uint8_t)n;
	*has = true;
}

static const char *
nth(const struct list *l, size_t i)
{
	return l == NULL || l->n == 0 ? NULL : l->v[i];
}

static size_t
count(const struct list *l)
{
	return l == NULL || l->n == 0 ? 1 : l->n;
}

/* Rule number i of the product of the lists. */
static void
rule_one(struct parser *p, size_t i)
{
	struct rule_lists	*l = &p->rule;
	struct conf_rule	*r = &l->rule;

	set_text(p, "path", r->path, sizeof(r->path),
	    nth(l->path, i % count(l->path)));
	i /= count(l->path);
	set_text(p, "host", r->host, sizeof(r->host),
	    nth(l->host, i % count(l->host)));
	i /= count(l->host);
	rule_net(p, nth(l->to, i % count(l->to)), &r->has_to, &r->to,
	    &r->to_bits);
	i /= count(l->to);
	rule_net(p, nth(l->from, i % count(l->from)), &r->has_from, &r->from,
	    &r->from_bits);
	i /= count(l->from);
	set_text(p, "on", r->on, sizeof(r->on), nth(l->on, i % count(l->on)));
}

static void
rule_end(struct parser *p, bool ignore)
{
	struct rule_lists	*l = &p->rule;
	size_t			 i, n;

	l->rule.ignore = ignore;
	n = count(l->on) * count(l->from);
	if (n <= CONF_LIST_MAX)
		n *= count(l->to) * count(l->host);
	if (n <= CONF_LIST_MAX)
		n *= count(l->path);
	if (n > CONF_LIST_MAX) {
		fail(p, "the lists make more than %d rules", CONF_LIST_MAX);
		return;
	}
	for (i = 0; i < n && p->errors == p->stmt_errors; i++) {
		rule_one(p, i);
		join(p, CONF_RULE, conf_add_rule(p->conf), &l->rule,
		    sizeof(l->rule), &p->conf->nrules);
	}
}

static void
clients_prefix(struct parser *p, const char *word, const char *four,
    const char *six)
{
	if (strcmp(word, "prefix") != 0) {
		fail(p, "clients is full, hash or prefix 24 48");
		return;
	}
	p->conf->privacy.clients = CONF_CLIENTS_PREFIX;
	get_u8(p, LIMIT_PREFIX4, &p->conf->privacy.prefix4, four);
	get_u8(p, LIMIT_PREFIX6, &p->conf->privacy.prefix6, six);
}

static void
lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

static void
privacy_headers(struct parser *p, const struct list *l)
{
	struct conf_privacy	*v = &p->conf->privacy;
	uint8_t			 kind;
	size_t			 i;

	if (l == NULL)
		return;
	for (i = 0; i < l->n; i++) {
		p->tok_line = l->line[i];
		lower(l->v[i]);
		if (conf_word_find(WORDS_HEADER, l->v[i]) == -1) {
			get_word(p, WORDS_HEADER, "header", &kind, l->v[i]);
			return;
		}
	}
	memset(v->headers, 0, sizeof(v->headers));
	v->nheaders = 0;
	get_list(p, "headers", v->headers[0], sizeof(v->headers[0]),
	    CONF_PRIVACY_HEADERS, &v->nheaders, l);
}

/* ---- alerts ---- */

static void
alert_begin(struct parser *p, const char *name)
{
	conf_alert_defaults(&p->alert);
	p->select = &p->alert.select;
	set_text(p, "the name", p->alert.name, sizeof(p->alert.name), name);
}

/* A metric that stands alone; METRIC_REQUESTS after an error. */
static unsigned
get_metric(struct parser *p, const char *s)
{
	char	 all[CONF_WHY_MAX];
	int	 i;

	if (s == NULL || (i = conf_word_find(WORDS_METRIC, s)) == -1) {
		list_words(WORDS_METRIC, all, sizeof(all));
		fail(p, "unknown metric \"%s\", valid: %s", s == NULL ? "" : s,
		    all);
		return METRIC_REQUESTS;
	}
	if (conf_metric_times((unsigned)i)) {
		fail(p, "%s needs a percentile, like p95 %s", s, s);
		return METRIC_REQUESTS;
	}
	return (unsigned)i;
}

static void
alert_percentile(struct parser *p, const char *pnn, const char *metric)
{
	const char	*end;
	uint64_t	 v = 0;
	int		 i;

	i = conf_word_find(WORDS_METRIC, metric);
	if (i == -1 || !conf_metric_times((unsigned)i)) {
		fail(p, "\"%s\" has no percentiles, use response-time or "
		    "connect-time", metric);
		i = METRIC_RESPONSE_TIME;
	}
	if (*pnn != 'p' || digits(pnn + 1, &v, &end) == -1 || *end != '\0' ||
	    v < 1 || v > 99) {
		fail(p, "\"%s\" is not a percentile, use p1 to p99", pnn);
		v = 95;
	}
	p->alert.metric = (uint8_t)i;
	p->alert.percentile = (uint8_t)v;
}

static void
alert_ratio(struct parser *p, unsigned metric)
{
	p->alert.ratio_metric = (uint8_t)metric;
}

/* After all of X is known; of is NULL without "of Y". */
static void
alert_of(struct parser *p, const char *of)
{
	struct conf_alert	*a = &p->alert;

	p->select = &a->select;
	if (a->ratio_metric == METRIC_MAX) {
		a->ratio_metric = a->ratio.status.lo != 0 ?
		    METRIC_RESPONSES : METRIC_REQUESTS;
		if (a->ratio.status.lo == 0 && a->ratio.method[0] == '\0' &&
		    a->ratio.host[0] == '\0' && a->ratio.tag[0] == '\0' &&
		    a->ratio.on[0] == '\0')
			fail(p, "ratio of what? Use ratio status 5xx, or "
			    "ratio errors of responses");
	}
	if (of != NULL)
		a->ratio_of = (uint8_t)get_metric(p, of);
	else if (a->ratio_metric == METRIC_ERRORS)
		a->ratio_of = METRIC_RESPONSES;
	else if (a->ratio_metric == METRIC_RETRANSMITS ||
	    a->ratio_metric == METRIC_DROPS)
		a->ratio_of = METRIC_PACKETS;
	else
		a->ratio_of = a->ratio_metric;
}

static void
alert_value(struct parser *p, double *to, const char *s)
{
	unsigned	 metric = p->alert.metric;
	char		 why[CONF_WHY_MAX];
	const char	*end;
	uint64_t	 v = 0;

	if (s == NULL)
		return;
	if (conf_metric_parts(metric)) {
		get_part(p, to, s);
		return;
	}
	if (conf_metric_times(metric)) {
		if (parse_time(s, &v, why, sizeof(why)) == -1)
			fail(p, "%s", why);
		*to = (double)v / 1e6;
		return;
	}
	if (metric == METRIC_BYTES) {
		if (parse_size(s, &v, why, sizeof(why)) == -1)
			fail(p, "%s", why);
	} else if (digits(s, &v, &end) == -1 || *end != '\0')
		fail(p, "\"%s\" is not a number; %s are counted without a unit",
		    s, conf_metric_name((enum conf_metric)metric));
	*to = (double)v;
}

static void
alert_status(struct parser *p, const char *s)
{
	if (s != NULL)
		(void)get_status(p, &p->select->status, s);
}

static void
alert_end(struct parser *p)
{
	join(p, CONF_ALERT, conf_add_alert(p->conf), &p->alert,
	    sizeof(p->alert), &p->conf->nalerts);
}

/* ---- mirrors and logs ---- */

static void
mirror_begin(struct parser *p, const char *name)
{
	conf_mirror_defaults(&p->mirror);
	set_text(p, "the name", p->mirror.name, sizeof(p->mirror.name), name);
}

static void
mirror_end(struct parser *p)
{
	join(p, CONF_MIRROR, conf_add_mirror(p->conf), &p->mirror,
	    sizeof(p->mirror), &p->conf->nmirrors);
}

static void
target(struct parser *p, const char *addr, const char *port)
{
	struct conf_range	 r;
	char			 why[CONF_WHY_MAX];

	if (addr == NULL || port == NULL)
		return;
	if (p->mirror.has_forward) {
		fail(p, "a mirror has one target, use a second mirror");
		return;
	}
	p->mirror.has_forward = true;
	get_addr(p, &p->mirror.target.addr, addr);
	if (port_range(port, strlen(port), &r, why, sizeof(why)) == -1)
		fail(p, "%s", why);
	else if (r.lo != r.hi)
		fail(p, "a target has one port");
	else
		p->mirror.target.port = r.lo;
}

static void
on_error(struct parser *p, const char *s)
{
	if (s == NULL)
		return;
	p->mirror.abort_on_error = strcmp(s, "abort") == 0;
	if (strcmp(s, "abort") != 0 && strcmp(s, "drop") != 0)
		fail(p, "on error is drop or abort, not \"%s\"", s);
}

static void
set_header(struct parser *p, const char *name, const char *value)
{
	struct conf_mirror	*m = &p->mirror;

	if (name == NULL || value == NULL)
		return;
	if (!conf_token(name))
		fail(p, "\"%s\" is not the name of a header", name);
	if (m->nset == CONF_MIRROR_HEADERS) {
		fail(p, "a mirror sets at most %d headers",
		    CONF_MIRROR_HEADERS);
		return;
	}
	set_text(p, "the name", m->set[m->nset].name,
	    sizeof(m->set[m->nset].name), name);
	set_text(p, "the value", m->set[m->nset].value,
	    sizeof(m->set[m->nset].value), value);
	m->nset++;
}

/* Names of headers have no case; what is stripped already stays so. */
static void
strip_headers(struct parser *p, const char *what, char (*to)[CONF_NAME_MAX],
    uint8_t *n, const struct list *l)
{
	size_t	 i;

	for (i = 0; l != NULL && i < l->n; i++) {
		lower(l->v[i]);
		if (!conf_token(l->v[i]))
			fail(p, "\"%s\" is not the name of a header",
			    l->v[i]);
	}
	get_list(p, what, to[0], sizeof(to[0]), CONF_MIRROR_STRIPS, n, l);
}

static void
sample(struct parser *p, const char *part, const char *by)
{
	if (part == NULL)
		return;
	get_part(p, &p->mirror.sample_part, part);
	p->mirror.sample = SAMPLE_CLIENT;
	get_word(p, WORDS_SAMPLE, "sample", &p->mirror.sample, by);
}

/* A size, or a time: only times end in ms, s, m, h or d. */
static void
rotate_one(struct parser *p, const char *s)
{
	const char	*end;
	uint64_t	 v;

	if (s == NULL)
		return;
	if (digits(s, &v, &end) == 0 && *end >= 'a' && *end <= 'z')
		get_time(p, LIMIT_ROTATE_AGE, &p->rotate->age_us, s);
	else if (digits(s, &v, &end) == 0)
		get_size(p, LIMIT_ROTATE_SIZE, &p->rotate->size, s);
	else
		fail(p, "rotate takes a size like 64M, a time like 1d, or "
		    "64M or 1d");
}

static void
log_begin(struct parser *p, const char *kind, const char *path)
{
	conf_log_defaults(&p->log);
	p->rotate = &p->log.rotate;
	p->mode = &p->log.mode;
	if (kind == NULL || path == NULL)
		return;
	if (strcmp(kind, "access") == 0)
		p->log.format = LOG_COMBINED;
	else if (strcmp(kind, "events") != 0)
		fail(p, "log events or log access, not \"%s\"", kind);
	set_text(p, "path", p->log.path, sizeof(p->log.path), path);
}

static void
log_types(struct parser *p, const struct list *l)
{
	uint8_t	 bit = 0;
	size_t	 i;

	p->log.types = 0;
	for (i = 0; l != NULL && i < l->n; i++) {
		get_word(p, WORDS_EVENT, "type", &bit, l->v[i]);
		p->log.types |= 1U << bit;
	}
}

static void
log_end(struct parser *p)
{
	const struct conf_log	 fresh = { .types = 0x3f };

	/* Unless types say so, an access log holds what it can. */
	if (p->log.format != LOG_EVE && p->log.types == fresh.types)
		p->log.types = CONF_EV_HTTP;
	join(p, CONF_LOG, conf_add_log(p->conf), &p->log, sizeof(p->log),
	    &p->conf->nlogs);
}

/* ---- entry points ---- */

static void
on_fault(enum conf_part part, size_t index, const char *why, void *arg)
{
	struct parser		*p = arg;
	const struct place	*at = &p->places[part][index];

	if (part == CONF_GLOBAL && p->errors == 0)
		say_at(p, p->conf->file, 0, why);
	else if (part != CONF_GLOBAL && at->line != 0)
		say_at(p, at->file, at->line, why);
	/* An entry with errors of its own, or the built-in alert. */
}

static void
free_texts(struct parser *p)
{
	struct text	*t;

	while ((t = SLIST_FIRST(&p->texts)) != NULL) {
		SLIST_REMOVE_HEAD(&p->texts, entry);
		free(t);
	}
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
		set_text(p, "the path", p->conf->file, sizeof(p->conf->file),
		    name);
	for (i = 0; i < n; i++)
		set_macro(p, m[i].name, m[i].value, true);
	return p;
}

/* Parses what was pushed, judges it, and frees the parser. */
static struct conf *
parser_run(struct parser *p)
{
	struct conf	*c;

	if (!p->no_memory && p->src != NULL) {
		(void)yyparse(p);
		if (conf_finish(p->conf) == -1)
			p->no_memory = true;
		else
			conf_check_all(p->conf, on_fault, p);
	}
	if (p->no_memory)
		say_at(p, p->tok_file, 0, "out of memory");
	c = p->conf;
	if (p->errors > 0) {
		conf_free(c);
		c = NULL;
	}
	free_texts(p);
	free(p);
	return c;
}

struct conf *
parse_conf(const char *path, const struct parse_macro *m, size_t n,
    parse_say_fn *say, void *arg)
{
	struct parser	*p;
	const char	*why = NULL;

	if ((p = parser_new(path, m, n, say, arg)) == NULL) {
		say("out of memory", arg);
		return NULL;
	}
	if (!p->no_memory && source_open(p, path, &why) == -1)
		say_at(p, path, 0, why);
	p->files = 1;
	return parser_run(p);
}

struct conf *
parse_text(const char *name, const char *text, size_t len,
    const struct parse_macro *m, size_t n, parse_say_fn *say, void *arg)
{
	struct parser	*p;

	if ((p = parser_new(name, m, n, say, arg)) == NULL) {
		say("out of memory", arg);
		return NULL;
	}
	p->no_include = true;
	if (!p->no_memory)
		(void)source_push(p, name, text, len);
	return parser_run(p);
}

void
parse_say_file(const char *line, void *arg)
{
	fprintf(arg, "%s\n", line);
}
