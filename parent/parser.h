/*
 * parser: what the files of the grammar share, and nobody else. All state is
 * in struct parser. Actions fill the entry at hand (p->alert and so on),
 * which joins the configuration when its statement ends; what needs more
 * than one line to judge is left to conf_check_all, whose faults get the
 * entry's line.
 *
 *	parse.y		the grammar and its words
 *	parser.c	one parse: errors, entries, result
 *	parse_file.c	files, macros, memory
 *	parse_lex.c	tokens
 *	parse_get.c	values
 *	parse_rule.c	interface, service, match, ignore, privacy,
 *			trusted proxies, inside
 *	parse_alert.c	alert
 *	parse_mirror.c	mirror, log
 *
 * After a failed allocation no_memory is set and texts and lists may be
 * NULL: every function takes that for "not given".
 */
#ifndef PARENT_PARSER_H
#define PARENT_PARSER_H

#include <sys/queue.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/parse.h"
#include "sandbox/compat.h"
#include "sandbox/conf.h"

struct list {
	char		*v[CONF_LIST_MAX];
	unsigned	 line[CONF_LIST_MAX];
	size_t		 n;
	bool		 full;		/* more did not fit; said once */
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
	struct conf_rule_header	 headers[CONF_RULE_HEADERS];
	uint8_t			 nheaders;	/* in a mirror */
};

struct place {
	const char	*file;
	unsigned	 line;		/* 0: not of the file */
	bool		 wrong;		/* has had an error already */
};

struct macro;
struct text;

struct parser {
	parse_say_fn	*say;
	void		*arg;
	size_t		 errors;
	bool		 overflow;	/* too many errors: the end */
	bool		 no_include;
	bool		 no_memory;
	bool		 anywhere;	/* files may lie: -r */
	parse_look_fn	*look;
	struct conf	**rest;		/* what to judge after errors */
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
	bool		 full[CONF_PARTS];	/* more did not fit; said */
	/* the entry at hand */
	struct conf_interface interface;
	struct list	*names;
	struct rule_lists rule;
	struct conf_alert alert;
	struct conf_select *select;
	struct conf_mirror mirror;
	unsigned	 mirror_lines[CONF_MIRROR_RULES];
	struct conf_log	 log;
	uint8_t		 log_kind;	/* enum conf_log_format: of its line */
	struct conf_rotate *rotate;
	uint16_t	*mode;
};

/* ---- parse.y ---- */

#define LEX_VALUE	0x01	/* the word behind it is a value */
#define LEX_RAW		0x02	/* the rest of the line is one value */

struct keyword {
	const char	*word;
	int		 token;
	int		 flags;		/* LEX_* */
};
const struct keyword	*parse_keyword(const char *);
int		 yyparse(struct parser *);

/* ---- parser.c ---- */

/* An error at the token that was read last. */
/* The default stands in: the rest of the entry is judged all the same. */
void		 parse_fault(struct parser *, const char *why);
void		 parse_fail(struct parser *, const char *, ...)
		    PRINTFLIKE(2, 3);
/* Notes where the entry with this index came from: the statement at hand. */
void		 parse_placed(struct parser *, enum conf_part, size_t index);
/*
 * Fills entry, a new one of the configuration (NULL: there is no room) out
 * of size bytes at from. n is how many there are with it: a pointer, as
 * adding has changed it.
 */
void		 parse_join(struct parser *, enum conf_part, void *entry,
		    const void *from, size_t size, const size_t *n);

/* ---- parse_file.c ---- */

/* Zeroed memory that lives as long as the parser; NULL without any. */
void		*source_keep(struct parser *, size_t);
char		*source_text(struct parser *, const char *, size_t n);
void		 source_free(struct parser *);
struct list	*list_new(struct parser *);
void		 list_add(struct parser *, struct list *, char *);
/* A macro; fixed ones (-D) win. */
void		 source_define(struct parser *, const char *name,
		    const char *value, bool fixed);
/* The value of a macro, NULL for an unknown one. */
const char	*source_macro(struct parser *, const char *name);
/* Reads from text before what was read so far; NULL without memory. */
struct source	*source_push(struct parser *, const char *name,
		    const char *text, size_t len);
/* The same from a file, - for standard input; -1 with a text in *why. */
int		 source_open(struct parser *, const char *name,
		    const char **why);
/* A relative path starts from the folder of the file that includes it. */
void		 source_include(struct parser *, const char *path);

/* ---- parse_lex.c ---- */

/* Tokens beside single characters; parse.y gives keywords their own. */
enum lex {
	LEX_END = 0,
	LEX_ERROR = 256,
	LEX_STRING = 258,
	LEX_NAME,
	LEX_GE,
	LEX_GT,
	LEX_LE,
	LEX_LT
};
/* The next token; its text, if it has one, goes to *v. */
int		 lex_token(struct parser *, char **v);
/* After an error: the rest of what is wrong is swallowed. */
void		 lex_recover(struct parser *);

/* ---- parse_get.c: an error is said, then *to stays as it was ---- */

void		 get_filter(struct parser *, const char *);
void		 get_text(struct parser *, const char *what, char *to,
		    size_t size, const char *);
void		 get_host(struct parser *, char *to, size_t size,
		    const char *);
void		 get_time(struct parser *, enum conf_limit, uint64_t *to,
		    const char *);
void		 get_size(struct parser *, enum conf_limit, uint64_t *to,
		    const char *);
void		 get_u64(struct parser *, enum conf_limit, uint64_t *to,
		    const char *);
void		 get_u32(struct parser *, enum conf_limit, uint32_t *to,
		    const char *);
void		 get_u8(struct parser *, enum conf_limit, uint8_t *to,
		    const char *);
void		 get_word(struct parser *, enum conf_words, const char *what,
		    uint8_t *to, const char *);
void		 get_yes_no(struct parser *, const char *, bool *to);
void		 get_ports(struct parser *, struct conf_ports *,
		    const struct list *);
void		 get_addr(struct parser *, struct addr *to, const char *);
/* "404", "5xx", "400-499"; -1 after an error. */
int		 get_status(struct parser *, struct conf_status *to,
		    const char *);
/* "5%" as a part of 1; -1 after an error. */
int		 get_part(struct parser *, double *to, const char *);
/* Texts of size bytes each, at most max, behind the *n that are there. */
void		 get_list(struct parser *, const char *what, char *to,
		    size_t size, size_t max, uint8_t *n, const struct list *);
/* Digits only, at most UINT64_MAX / 2; -1 or the end through *end. */
int		 get_digits(const char *, uint64_t *, const char **end);
/* "80" or "8000-8010" of len bytes; -1 with a text in why. */
int		 get_port_range(const char *, size_t len, struct conf_range *,
		    char *why, size_t size);
/* All words of a table, for an error. */
void		 get_words(enum conf_words, char *, size_t size);
void		 get_lower(char *);

/* ---- parse_rule.c ---- */

void		 interface_end(struct parser *, bool match, bool exclude);
void		 interface_decap(struct parser *, const struct list *);
void		 service_end(struct parser *, const char *proto,
		    struct list *ports);
void		 rule_begin(struct parser *);
void		 rule_list(struct parser *, struct list **to,
		    const char *word, struct list *);
void		 rule_statuses(struct parser *, const struct list *);
void		 rule_end(struct parser *, bool ignore);
/* The same in a mirror, for one of its sides; value NULL: any. */
void		 rule_header(struct parser *, char *name, const char *value);
void		 mirror_rules(struct parser *, bool record, bool ignore);
/* what: such networks, for a message. */
void		 net_list(struct parser *, const char *what,
		    struct conf_net *, uint8_t *n, const struct list *);
void		 privacy_clients(struct parser *, const char *word,
		    const char *four, const char *six);
void		 privacy_headers(struct parser *, const struct list *);

/* ---- parse_alert.c ---- */

void		 alert_begin(struct parser *, const char *name);
/* A metric that stands alone; METRIC_REQUESTS after an error. */
unsigned	 alert_metric(struct parser *, const char *);
void		 alert_percentile(struct parser *, const char *pnn,
		    const char *metric);
void		 alert_ratio(struct parser *, unsigned metric);
/* After all of X is known; of is NULL without "of Y". */
void		 alert_of(struct parser *, const char *of);
void		 alert_value(struct parser *, double *to, const char *);
void		 alert_usual(struct parser *, const char *part,
		    const char *what);
void		 alert_status(struct parser *, const char *);
void		 alert_end(struct parser *);

/* ---- parse_mirror.c ---- */

void		 mirror_begin(struct parser *, const char *name);
void		 mirror_target(struct parser *, const char *addr,
		    const char *port);
void		 mirror_on_error(struct parser *, const char *);
void		 mirror_set_header(struct parser *, const char *name,
		    const char *value);
void		 mirror_strip(struct parser *, const char *what,
		    char (*to)[CONF_NAME_MAX], uint8_t *n,
		    const struct list *);
void		 mirror_sample(struct parser *, const char *part,
		    const char *by);
void		 mirror_end(struct parser *);
/* For the file at hand: p->rotate and p->mode. */
void		 file_rotate(struct parser *, const char *);
void		 file_mode(struct parser *, const char *);
void		 log_begin(struct parser *, const char *kind,
		    const char *path);
void		 log_types(struct parser *, const struct list *);
void		 log_every(struct parser *, const char *);
void		 log_end(struct parser *);

#endif
