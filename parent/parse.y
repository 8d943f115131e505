/*
 * The grammar of netmond.conf(5): its tokens, its words, its syntax errors.
 * What actions call is in the files that parser.h names.
 */
%define api.pure full
%define parse.error custom
%define parse.lac full
%param { struct parser *p }
%expect 0
%initial-action { $<s>$ = NULL; }

%code requires {
#include "parent/parser.h"
}

%code {
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
}

%union {
	char		*s;
	struct list	*list;
	unsigned	 n;
}

/* The numbers are those of enum lex. */
%token END 0		"end of file"
%token <s> STRING 258	"a value"
%token <s> NAME 259	"NAME = value"

%token
	K_ALERT "alert" K_AT "at" K_BOTH "both" K_BY "by"
	K_CLEAR "clear" K_CLIENTS "clients" K_COMPARE "compare"
	K_COMPAT "compat"
	K_CONTROL "control" K_DECAP "decap" K_DEPTH "depth" K_ERROR "error"
	K_EVERY "every" K_EXTRAS "extras" K_FACILITY "facility" K_FILES "files"
	K_FILTER "filter" K_FOR "for" K_FORMAT "format" K_FORWARD "forward"
	K_FROM "from" K_GROUP "group" K_HEADER "header" K_HEADERS "headers"
	K_HOOK "hook" K_HOST "host" K_HOSTS "hosts" K_IGNORE "ignore"
	K_INCLUDE "include" K_INSIDE "inside" K_INTERFACE "interface"
	K_KEEP "keep"
	K_KEYS "keys" K_LABEL "label" K_LEAST "least" K_LIMIT "limit"
	K_LOG "log" K_LOSSY "lossy" K_MATCH "match" K_MAX "max"
	K_MEMORY "memory" K_MESSAGES "messages" K_METHOD "method"
	K_METRICS "metrics"
	K_MIRROR "mirror" K_MODE "mode"
	K_NAMES "names" K_NEW "new" K_NO "no" K_OBSERVE "observe" K_OF "of"
	K_ON "on" K_OR "or" K_OVER "over" K_PATH "path" K_PER "per"
	K_PORT "port" K_PRIVACY "privacy" K_PROMISCUOUS "promiscuous"
	K_PROXIES "proxies"
	K_QUERY "query" K_QUEUE "queue" K_QUICK "quick" K_RATIO "ratio"
	K_RECONNECT "reconnect" K_RECORD "record" K_REPEAT "repeat"
	K_REQUESTS "requests" K_RESPONSES "responses" K_RING "ring"
	K_ROTATE "rotate" K_SAMPLE "sample" K_SECTION "section"
	K_SECTIONS "sections" K_SERVICE "service" K_SET "set"
	K_SEVERITY "severity" K_SNAPLEN "snaplen" K_SOCKET "socket"
	K_STATE "state"
	K_STATS "stats" K_STATUS "status" K_STRIP "strip" K_SYSLOG "syslog"
	K_TAG "tag" K_TALKERS "talkers" K_TIMEOUT "timeout" K_TO "to"
	K_TOP "top" K_TOTAL "total" K_TRANSACTIONS "transactions"
	K_TRUSTED "trusted" K_TYPES "types"
	K_UNLESS "unless" K_USER "user" K_VLAN "vlan" K_WHEN "when"
	K_WINDOW "window"
	O_GE 260 ">=" O_GT 261 ">" O_LE 262 "<=" O_LT 263 "<"

%type <list>	list values
%type <n>	op dir metric
%type <s>	optuser optgroup
%type <n>	matchword

%precedence SHORT
%precedence K_FOR

%code {
static int	 yylex(YYSTYPE *, struct parser *);
static void	 yyerror(struct parser *, const char *);
}

%%

grammar
	: %empty
	| grammar '\n'
	| grammar K_INCLUDE STRING '\n'		{ source_include(p, $3); }
	| grammar statement '\n'
	| grammar error '\n'			{ yyerrok; }
	;

statement
	: NAME '=' STRING		{ source_define(p, $1, $3, false); }
	| global
	| interface
	| service
	| rule
	| K_TRUSTED K_PROXIES list	{
		net_list(p, "trusted proxies", p->conf->proxies,
		    &p->conf->nproxies, $3);
	}
	| K_INSIDE list			{
		net_list(p, "networks inside", p->conf->inside,
		    &p->conf->ninside, $2);
	}
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
		get_text(p, "user", p->conf->user, sizeof(p->conf->user), $2);
		parse_placed(p, CONF_GLOBAL, CONF_AT_USER);
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
	| K_FILTER STRING		{ get_filter(p, $2); }
	| K_RING K_TOTAL STRING		{
		get_size(p, LIMIT_RING_TOTAL, &p->conf->ring_total, $3);
	}
	| K_CONTROL K_SOCKET STRING optgroup	{
		get_text(p, "socket", p->conf->socket,
		    sizeof(p->conf->socket), $3);
		get_text(p, "group", p->conf->group, sizeof(p->conf->group),
		    $4);
		parse_placed(p, CONF_GLOBAL, CONF_AT_SOCKET);
	}
	| K_STATE STRING		{
		get_text(p, "state", p->conf->state, sizeof(p->conf->state),
		    $2);
		parse_placed(p, CONF_GLOBAL, CONF_AT_STATE);
	}
	| K_SYSLOG K_FACILITY STRING	{
		uint8_t	 i = 0;

		get_word(p, WORDS_FACILITY, "facility", &i, $3);
		get_text(p, "facility", p->conf->facility,
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
	| K_DECAP list			{ interface_decap(p, $2); }
	| K_LABEL STRING		{
		get_text(p, "label", p->interface.label,
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
ropts	: %empty			{ rule_begin(p); }
	| ropts ropt
	| ropts asks
	;
ropt	: K_ON list			{ rule_list(p, &p->rule.on, "on", $2); }
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
	| K_STATUS list			{ rule_statuses(p, $2); }
	| K_TAG STRING			{
		get_text(p, "tag", p->rule.rule.tag,
		    sizeof(p->rule.rule.tag), $2);
	}
	;
mropts	: %empty			{ rule_begin(p); }
	| mropts asks
	| mropts K_HEADER STRING	{ rule_header(p, $3, NULL); }
	| mropts K_HEADER STRING STRING	{ rule_header(p, $3, $4); }
	;
asks	: K_QUICK			{ p->rule.rule.quick = true; }
	| K_HOST list			{
		rule_list(p, &p->rule.host, "host", $2);
	}
	| K_PATH list			{
		rule_list(p, &p->rule.path, "path", $2);
	}
	| K_METHOD list			{
		struct conf_request	*r = &p->rule.rule.asks;

		get_list(p, "method", r->methods[0], sizeof(r->methods[0]),
		    CONF_RULE_METHODS, &r->nmethods, $2);
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
		privacy_clients(p, $2, $3, $4);
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
	| K_MAX K_TALKERS STRING	{
		get_u32(p, LIMIT_MAX_TALKERS, &p->conf->stats.max_talkers, $3);
	}
	| K_METRICS K_HOSTS STRING	{
		get_u32(p, LIMIT_METRIC_HOSTS, &p->conf->stats.metric_hosts,
		    $3);
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
metric	: STRING			{ $$ = alert_metric(p, $1); }
	| K_MESSAGES			{ $$ = METRIC_MESSAGES; }
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
		get_text(p, "on", p->select->on, sizeof(p->select->on), $2);
	}
	| K_ON tag
	| tag
	| K_HOST STRING			{
		get_host(p, p->select->host, sizeof(p->select->host), $2);
	}
	| K_METHOD STRING		{
		get_text(p, "method", p->select->method,
		    sizeof(p->select->method), $2);
	}
	| K_STATUS STRING		{ alert_status(p, $2); }
	;
tag	: K_TAG STRING			{
		get_text(p, "tag", p->select->tag, sizeof(p->select->tag), $2);
	}
	;
condition
	: op STRING			{
		p->alert.op = (uint8_t)$1;
		alert_value(p, &p->alert.value, $2);
	}
	| op STRING K_OF STRING		{
		p->alert.op = (uint8_t)$1;
		alert_usual(p, $2, $4);
	}
	| %empty			{
		p->alert.op = OP_GE;
		p->alert.value = 1;
		if (p->alert.metric != METRIC_NEW)
			parse_fail(p, "alert \"%s\" needs a limit, like > 100",
			    p->alert.name);
	}
	;
optper	: %empty
	| K_PER STRING			{
		if (p->alert.metric == METRIC_NEW)
			parse_fail(p, "new %s is counted per %s already",
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
	| K_SAMPLE STRING K_BY STRING	{ mirror_sample(p, $2, $4); }
	| K_HOOK K_FORWARD STRING optuser	{
		get_text(p, "hook", p->mirror.forward_hook,
		    sizeof(p->mirror.forward_hook), $3);
		get_text(p, "user", p->mirror.forward_hook_user,
		    sizeof(p->mirror.forward_hook_user), $4);
	}
	| K_HOOK K_RECORD STRING optuser	{
		get_text(p, "hook", p->mirror.record_hook,
		    sizeof(p->mirror.record_hook), $3);
		get_text(p, "user", p->mirror.record_hook_user,
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
forward	: K_TO STRING K_PORT STRING optfrom	{ mirror_target(p, $2, $4); }
	| matchword mropts		{ mirror_rules(p, false, $1); }
	| open fopts close
	| K_COMPARE			{ p->mirror.compare = true; }
	| K_MESSAGES			{ p->mirror.messages = true; }
	| K_SET K_HEADER STRING STRING	{ mirror_set_header(p, $3, $4); }
	| K_STRIP K_HEADER list		{
		mirror_strip(p, "strip", p->mirror.forward_strip,
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
	| K_ON K_ERROR STRING		{ mirror_on_error(p, $3); }
	| K_RECONNECT STRING K_TO STRING	{
		get_time(p, LIMIT_RECONNECT, &p->mirror.reconnect_min_us, $2);
		get_time(p, LIMIT_RECONNECT, &p->mirror.reconnect_max_us, $4);
	}
	;
record	: K_TO STRING			{
		p->mirror.has_record = true;
		get_text(p, "path", p->mirror.path, sizeof(p->mirror.path),
		    $2);
	} optrformat
	| matchword mropts	{ mirror_rules(p, true, $1); }
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
		mirror_strip(p, "strip", p->mirror.strip, &p->mirror.nstrip,
		    $3);
	}
	| fileopt
	;
fileopt	: K_ROTATE STRING		{ file_rotate(p, $2); }
	| K_ROTATE STRING K_OR STRING	{
		file_rotate(p, $2);
		file_rotate(p, $4);
	}
	| K_KEEP STRING optfiles	{
		get_u32(p, LIMIT_KEEP, &p->rotate->keep, $2);
	}
	| K_MAX STRING			{
		get_size(p, LIMIT_MAX_BYTES, &p->rotate->max, $2);
	}
	| K_MODE STRING			{ file_mode(p, $2); }
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
	| K_EXTRAS STRING		{ get_yes_no(p, $2, &p->log.extras); }
	| K_EVERY STRING		{ log_every(p, $2); }
	| fileopt
	;

%%

/* ---- errors ---- */

static void
yyerror(struct parser *p, const char *why)
{
	parse_fail(p, "%s", why);
	lex_recover(p);
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
		parse_fail(p, "the line ends too early, valid here: %s", words);
	else if (k == YYSYMBOL_STRING || k == YYSYMBOL_NAME)
		parse_fail(p, "unknown word \"%s\", valid here: %s",
		    p->tok_text, words);
	else if (p->tok == '}' && p->depth == 0 && p->open == 0)
		parse_fail(p, "} without {");
	else
		parse_fail(p, "\"%s\" is out of place%s, valid here: %s",
		    p->tok_text, quote && p->tok > 255 ?
		    " (in quotes it is a value)" : "", words);
	lex_recover(p);
	return 0;
}

/* ---- words ---- */

_Static_assert((int)STRING == LEX_STRING && (int)O_LT == LEX_LT &&
    (int)YYerror == LEX_ERROR, "the lexer's numbers");

static const struct keyword keywords[] = {	/* sorted */
	{ "alert",	K_ALERT,	LEX_VALUE },
	{ "at",		K_AT,		0 },
	{ "both",	K_BOTH,		0 },
	{ "by",		K_BY,		LEX_VALUE },
	{ "clear",	K_CLEAR,	0 },
	{ "clients",	K_CLIENTS,	LEX_VALUE },
	{ "compare",	K_COMPARE,	0 },
	{ "compat",	K_COMPAT,	0 },
	{ "control",	K_CONTROL,	0 },
	{ "decap",	K_DECAP,	LEX_VALUE },
	{ "depth",	K_DEPTH,	LEX_VALUE },
	{ "error",	K_ERROR,	LEX_VALUE },
	{ "every",	K_EVERY,	LEX_VALUE },
	{ "extras",	K_EXTRAS,	LEX_VALUE },
	{ "facility",	K_FACILITY,	LEX_VALUE },
	{ "files",	K_FILES,	0 },
	{ "filter",	K_FILTER,	LEX_RAW },
	{ "for",	K_FOR,		LEX_VALUE },
	{ "format",	K_FORMAT,	LEX_VALUE },
	{ "forward",	K_FORWARD,	0 },
	{ "from",	K_FROM,		LEX_VALUE },
	{ "group",	K_GROUP,	LEX_VALUE },
	{ "header",	K_HEADER,	LEX_VALUE },
	{ "headers",	K_HEADERS,	LEX_VALUE },
	{ "hook",	K_HOOK,		0 },
	{ "host",	K_HOST,		LEX_VALUE },
	{ "hosts",	K_HOSTS,	LEX_VALUE },
	{ "ignore",	K_IGNORE,	0 },
	{ "include",	K_INCLUDE,	LEX_VALUE },
	{ "inside",	K_INSIDE,	LEX_VALUE },
	{ "interface",	K_INTERFACE,	0 },
	{ "keep",	K_KEEP,		LEX_VALUE },
	{ "keys",	K_KEYS,		LEX_VALUE },
	{ "label",	K_LABEL,	LEX_VALUE },
	{ "least",	K_LEAST,	LEX_VALUE },
	{ "limit",	K_LIMIT,	LEX_VALUE },
	{ "log",	K_LOG,		LEX_VALUE },
	{ "lossy",	K_LOSSY,	0 },
	{ "match",	K_MATCH,	0 },
	{ "max",	K_MAX,		0 },
	{ "memory",	K_MEMORY,	0 },
	{ "messages",	K_MESSAGES,	0 },
	{ "method",	K_METHOD,	LEX_VALUE },
	{ "metrics",	K_METRICS,	0 },
	{ "mirror",	K_MIRROR,	LEX_VALUE },
	{ "mode",	K_MODE,		LEX_VALUE },
	{ "names",	K_NAMES,	LEX_VALUE },
	{ "new",	K_NEW,		LEX_VALUE },
	{ "no",		K_NO,		0 },
	{ "observe",	K_OBSERVE,	0 },
	{ "of",		K_OF,		LEX_VALUE },
	{ "on",		K_ON,		0 },
	{ "or",		K_OR,		LEX_VALUE },
	{ "over",	K_OVER,		LEX_VALUE },
	{ "path",	K_PATH,		LEX_VALUE },
	{ "per",	K_PER,		LEX_VALUE },
	{ "port",	K_PORT,		LEX_VALUE },
	{ "privacy",	K_PRIVACY,	0 },
	{ "promiscuous", K_PROMISCUOUS,	0 },
	{ "proxies",	K_PROXIES,	LEX_VALUE },
	{ "query",	K_QUERY,	LEX_VALUE },
	{ "queue",	K_QUEUE,	LEX_VALUE },
	{ "quick",	K_QUICK,	0 },
	{ "ratio",	K_RATIO,	0 },
	{ "reconnect",	K_RECONNECT,	LEX_VALUE },
	{ "record",	K_RECORD,	0 },
	{ "repeat",	K_REPEAT,	LEX_VALUE },
	{ "requests",	K_REQUESTS,	0 },
	{ "responses",	K_RESPONSES,	0 },
	{ "ring",	K_RING,		0 },
	{ "rotate",	K_ROTATE,	LEX_VALUE },
	{ "sample",	K_SAMPLE,	LEX_VALUE },
	{ "section",	K_SECTION,	0 },
	{ "sections",	K_SECTIONS,	LEX_VALUE },
	{ "service",	K_SERVICE,	LEX_VALUE },
	{ "set",	K_SET,		0 },
	{ "severity",	K_SEVERITY,	LEX_VALUE },
	{ "snaplen",	K_SNAPLEN,	LEX_VALUE },
	{ "socket",	K_SOCKET,	LEX_VALUE },
	{ "state",	K_STATE,	LEX_VALUE },
	{ "stats",	K_STATS,	0 },
	{ "status",	K_STATUS,	LEX_VALUE },
	{ "strip",	K_STRIP,	0 },
	{ "syslog",	K_SYSLOG,	0 },
	{ "tag",	K_TAG,		LEX_VALUE },
	{ "talkers",	K_TALKERS,	LEX_VALUE },
	{ "timeout",	K_TIMEOUT,	LEX_VALUE },
	{ "to",		K_TO,		LEX_VALUE },
	{ "top",	K_TOP,		0 },
	{ "total",	K_TOTAL,	LEX_VALUE },
	{ "transactions", K_TRANSACTIONS, LEX_VALUE },
	{ "trusted",	K_TRUSTED,	0 },
	{ "types",	K_TYPES,	LEX_VALUE },
	{ "unless",	K_UNLESS,	0 },
	{ "user",	K_USER,		LEX_VALUE },
	{ "vlan",	K_VLAN,		LEX_VALUE },
	{ "when",	K_WHEN,		0 },
	{ "window",	K_WINDOW,	LEX_VALUE }
};

static int
keyword_cmp(const void *word, const void *entry)
{
	const struct keyword	*k = entry;

	return strcmp(word, k->word);
}

const struct keyword *
parse_keyword(const char *word)
{
	return bsearch(word, keywords, nitems(keywords), sizeof(keywords[0]),
	    keyword_cmp);
}

static int
yylex(YYSTYPE *v, struct parser *p)
{
	return lex_token(p, &v->s);
}
