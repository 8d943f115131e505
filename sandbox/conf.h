/*
 * conf: the configuration as every process holds it.
 *
 * A struct conf is plain data: fixed texts and counted arrays that conf_free
 * releases. parse.y fills a fresh one, conf_check judges it, conf_pack and
 * conf_unpack carry it to the children, conf_print writes it in canonical
 * form, which parses to the same again. No file is ever opened here.
 * Times are microseconds, sizes bytes, ratios parts (0.05 for 5 %).
 */
#ifndef SANDBOX_CONF_H
#define SANDBOX_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sandbox/addr.h"
#include "sandbox/buf.h"

#define CONF_NAME_MAX	64	/* names of rules, mirrors, tags, labels */
#define CONF_PATH_MAX	256
#define CONF_MIRRORS_MAX	64	/* bits of a mask */
#define CONF_GLOB_MAX	128
#define CONF_FILTER_MAX	4096	/* BPF text */
#define CONF_PLACE_MAX	(CONF_PATH_MAX + 16)
#define CONF_HEADER_MAX	1024	/* value of a header that a hook sets */
#define CONF_LIST_MAX	256	/* entries of any list */
#define CONF_PACK_MAX	(1024 * 1024)
#define CONF_WHY_MAX	256

#define CONF_SOCKET	"/run/netmond/control.sock"
#define CONF_USER	"_netmon"
#define CONF_STATE_DIR	"/var/db/netmond"
#define CONF_LOG_DIR	"/var/log/netmond"
#define CONF_HISTORY	CONF_LOG_DIR "/history"	/* where it is looked for */
#define CONF_GAPS	".gaps"	/* what is not in FILE is in FILE.gaps */
#define CONF_STAMP_LEN	16	/* "20261120T183012Z", when FILE was put away */

struct conf_ports {		/* inclusive ranges; n == 0: any */
	struct conf_range {
		uint16_t	 lo;
		uint16_t	 hi;
	}		 range[16];
	uint8_t		 n;
};

/* Kinds of tunnels, in the order of WORDS_DECAP. */
#define CONF_TUNNELS	14
#define CONF_TUNNELS_ALL	((1U << CONF_TUNNELS) - 1)

struct conf_interface {
	char		 name[CONF_GLOB_MAX];	/* name, or glob when match */
	char		 label[CONF_NAME_MAX];
	bool		 match;
	bool		 exclude;		/* no interface */
	bool		 promiscuous;
	uint32_t	 snaplen;		/* 0: whole packets */
	uint64_t	 ring;			/* 0: a share of ring total */
	uint16_t	 closed;	/* tunnels not entered: 1 << kind */
};

enum conf_proto {
	CONF_HTTP,
	CONF_TLS
};

struct conf_service {
	uint8_t		 proto;		/* enum conf_proto */
	struct conf_ports ports;
};

#define CONF_RULE_METHODS	16
#define CONF_RULE_STATUSES	16

/* What a rule says of the head of a request; see target.h. */
struct conf_request {
	char		 host[CONF_GLOB_MAX];	/* "" any */
	char		 path[CONF_GLOB_MAX];	/* "" any */
	char		 methods[CONF_RULE_METHODS][16];
	uint8_t		 nmethods;
};

struct conf_rule {		/* match and ignore, last match wins */
	bool		 ignore;
	bool		 quick;
	char		 on[CONF_GLOB_MAX];	/* "" any */
	bool		 has_from;
	bool		 has_to;
	struct addr	 from;
	struct addr	 to;
	uint8_t		 from_bits;
	uint8_t		 to_bits;
	struct conf_ports ports;
	int32_t		 vlan;			/* -1 any */
	struct conf_request asks;
	struct conf_status {	/* 5xx is 500 to 599 */
		uint16_t	 lo;
		uint16_t	 hi;
	}		 status[CONF_RULE_STATUSES];
	uint8_t		 nstatus;
	char		 tag[CONF_NAME_MAX];
};

#define CONF_NETS	64		/* in one list */

struct conf_net {
	struct addr	 addr;
	uint8_t		 bits;
};

enum conf_clients { CONF_CLIENTS_FULL, CONF_CLIENTS_PREFIX, CONF_CLIENTS_HASH };
enum conf_query { CONF_QUERY_NONE, CONF_QUERY_KEYS, CONF_QUERY_FULL };

#define CONF_PRIVACY_HEADERS	16

struct conf_privacy {
	uint8_t		 clients;		/* enum conf_clients */
	uint8_t		 prefix4;
	uint8_t		 prefix6;
	uint8_t		 query;			/* enum conf_query */
	char		 headers[CONF_PRIVACY_HEADERS][CONF_NAME_MAX];
	uint8_t		 nheaders;
};

struct conf_stats {
	uint8_t		 section_depth;		/* 0 to 4 */
	uint32_t	 top_hosts;		/* shown by default */
	uint32_t	 max_hosts;		/* kept */
	uint32_t	 max_sections;		/* kept, per host */
	uint32_t	 max_clients;
	uint32_t	 max_names;
	uint32_t	 max_talkers;
	uint32_t	 metric_hosts;		/* with a label of their own */
	uint64_t	 transactions;		/* bytes of their ring */
};

enum conf_metric {
	METRIC_MESSAGES, METRIC_REQUESTS, METRIC_RESPONSES, METRIC_BYTES,
	METRIC_PACKETS, METRIC_TRAFFIC, METRIC_CONNECTIONS, METRIC_HANDSHAKES,
	METRIC_ERRORS, METRIC_RETRANSMITS, METRIC_RATIO, METRIC_RESPONSE_TIME,
	METRIC_CONNECT_TIME, METRIC_COMPLETENESS, METRIC_DROPS, METRIC_NEW,
	METRIC_MAX
};
enum conf_op { OP_GE, OP_GT, OP_LE, OP_LT };
enum conf_key {
	KEY_NONE, KEY_HOST, KEY_SECTION, KEY_CLIENT, KEY_SERVER,
	KEY_INTERFACE, KEY_VLAN, KEY_SERVICE, KEY_SNI, KEY_STATUS, KEY_TAG,
	KEY_MAX
};
enum conf_severity { SEV_ERROR, SEV_WARNING, SEV_NOTICE, SEV_INFO };

/* What a metric counts only: [on IF] [tag T] [host GLOB] [status 5xx] ... */
struct conf_select {
	char		 on[CONF_GLOB_MAX];
	char		 host[CONF_GLOB_MAX];
	char		 tag[CONF_NAME_MAX];
	char		 method[16];
	struct conf_status status;		/* lo 0: any */
};

struct conf_alert {
	char		 name[CONF_NAME_MAX];
	uint8_t		 metric;		/* enum conf_metric */
	uint8_t		 percentile;		/* p95: 95 */
	struct conf_select ratio;		/* X of "ratio X of Y" */
	uint8_t		 ratio_metric;		/* enum conf_metric of X */
	uint8_t		 ratio_of;		/* enum conf_metric of Y */
	struct conf_select select;
	uint8_t		 op;			/* enum conf_op */
	double		 value;		/* count, bytes, part, seconds */
	bool		 usual;		/* value is a multiple of the usual */
	uint64_t	 span_us;
	uint8_t		 key;			/* enum conf_key */
	uint64_t	 for_us;
	bool		 has_clear;
	uint8_t		 clear_op;
	double		 clear_value;
	uint64_t	 clear_for_us;
	uint64_t	 at_least;		/* 0: none */
	uint8_t		 at_least_metric;
	bool		 unless_lossy;
	uint64_t	 repeat_us;		/* 0: never */
	uint8_t		 severity;
	uint32_t	 max_keys;		/* default 256 */
	bool		 compat;
};

enum conf_dir { DIR_REQUESTS, DIR_RESPONSES, DIR_BOTH };
enum conf_record { RECORD_GOGETWAY, RECORD_GOR, RECORD_RAW };
enum conf_sample { SAMPLE_NONE, SAMPLE_CLIENT, SAMPLE_CONNECTION };

#define CONF_MIRROR_HEADERS	8
#define CONF_MIRROR_STRIPS	16
#define CONF_MIRROR_RULES	32
#define CONF_RULE_HEADERS	4

struct conf_rotate {
	uint64_t	 size;			/* 0: not by size */
	uint64_t	 age_us;		/* 0: not by age */
	uint32_t	 keep;			/* files, 0: all */
	uint64_t	 max;			/* bytes of all, 0: no cap */
};

struct conf_set_header {
	char		 name[CONF_NAME_MAX];
	char		 value[CONF_HEADER_MAX];
};

/*
 * What a side copies: the last rule that matches wins; what none matches is
 * copied when the side has no match rule.
 */
struct conf_mirror_rule {
	bool		 record;		/* of this side */
	bool		 ignore;
	bool		 quick;
	struct conf_request asks;
	struct conf_rule_header {		/* all of them */
		char	 name[CONF_NAME_MAX];	/* in lower case */
		char	 value[CONF_GLOB_MAX];	/* "": it is there */
	}		 headers[CONF_RULE_HEADERS];
	uint8_t		 nheaders;
};

struct conf_mirror {
	char		 name[CONF_NAME_MAX];
	struct conf_ports observe;
	bool		 has_forward;
	struct endpoint	 target;
	bool		 has_source;
	struct addr	 source;
	uint8_t		 forward_dir;		/* enum conf_dir */
	uint64_t	 timeout_us;		/* dial, default 5 s */
	uint64_t	 queue;			/* bytes, default 4 MiB */
	bool		 abort_on_error;
	uint64_t	 reconnect_min_us;	/* default 100 ms */
	uint64_t	 reconnect_max_us;	/* default 5 s */
	struct conf_set_header set[CONF_MIRROR_HEADERS];
	uint8_t		 nset;
	char		 forward_strip[CONF_MIRROR_STRIPS][CONF_NAME_MAX];
	uint8_t		 nforward_strip;
	bool		 compare;		/* answers with the service's */
	bool		 messages;		/* whole ones alone */
	char		 forward_hook[CONF_NAME_MAX];
	char		 forward_hook_user[CONF_NAME_MAX];
	bool		 has_record;
	char		 path[CONF_PATH_MAX];	/* "-" is standard output */
	uint8_t		 format;		/* enum conf_record */
	uint8_t		 record_dir;		/* enum conf_dir */
	char		 strip[CONF_MIRROR_STRIPS][CONF_NAME_MAX];
	uint8_t		 nstrip;
	bool		 no_strip;		/* record { no strip } */
	char		 record_hook[CONF_NAME_MAX];
	char		 record_hook_user[CONF_NAME_MAX];
	uint64_t	 hook_timeout_us;	/* default 2 s */
	struct conf_rotate rotate;
	uint16_t	 mode;			/* default 0600 */
	uint8_t		 sample;		/* enum conf_sample */
	double		 sample_part;
	struct conf_mirror_rule rules[CONF_MIRROR_RULES];
	uint8_t		 nrules;
};

enum conf_log_format { LOG_EVE, LOG_COMBINED, LOG_COMMON, LOG_HISTORY,
	LOG_EVIDENCE };

/* Kinds of events a log takes: a bit each. */
#define CONF_EV_ALERT	0x01
#define CONF_EV_HTTP	0x02
#define CONF_EV_TLS	0x04
#define CONF_EV_FLOW	0x08
#define CONF_EV_STATS	0x10
#define CONF_EV_ANOMALY	0x20
#define CONF_EV_ALL	0x3f
#define CONF_EV_HISTORY	0x40	/* of history logs alone */
#define CONF_EV_EVIDENCE 0x80	/* of evidence logs alone */

struct conf_log {
	char		 path[CONF_PATH_MAX];
	uint8_t		 format;		/* enum conf_log_format */
	uint32_t	 types;			/* CONF_EV_* */
	bool		 extras;
	uint64_t	 every_us;		/* LOG_HISTORY: a period, as
						   long as a window */
	struct conf_rotate rotate;
	uint16_t	 mode;			/* default 0640 */
};

struct conf {
	char		 file[CONF_PATH_MAX];	/* its path, "" none */
	char		 user[CONF_NAME_MAX];
	uint64_t	 timeout_us;		/* 0: for ever */
	uint64_t	 memory_limit;
	uint64_t	 window_us;
	char		 filter[CONF_FILTER_MAX];
	char		 filter_at[CONF_PLACE_MAX];	/* its file:line, for
							 * errors; "" of the
							 * command line */
	uint64_t	 ring_total;
	char		 socket[CONF_PATH_MAX];
	char		 group[CONF_NAME_MAX];
	char		 state[CONF_PATH_MAX];	/* for the next start; "" no */
	char		 facility[16];		/* syslog facility word */
	struct conf_net	 proxies[CONF_NETS];	/* that are trusted */
	uint8_t		 nproxies;
	struct conf_net	 inside[CONF_NETS];	/* beside private ones */
	uint8_t		 ninside;
	struct conf_privacy privacy;
	struct conf_stats stats;
	struct conf_interface *interfaces;
	size_t		 ninterfaces;
	struct conf_service *services;
	size_t		 nservices;
	struct conf_rule *rules;
	size_t		 nrules;
	struct conf_alert *alerts;
	size_t		 nalerts;
	struct conf_mirror *mirrors;
	size_t		 nmirrors;
	struct conf_log	*logs;
	size_t		 nlogs;
	/* From the command line, not from the file. */
	char		 input[CONF_PATH_MAX];	/* -r FILE; "" is live */
	bool		 offline;		/* -r: deterministic */
};

/* A configuration with all defaults and no alert; NULL without memory. */
struct conf	*conf_new(void);
void		 conf_free(struct conf *);
/* Appends a zeroed entry to one of the arrays; NULL at CONF_LIST_MAX. */
struct conf_interface	*conf_add_interface(struct conf *);
struct conf_service	*conf_add_service(struct conf *);
struct conf_rule	*conf_add_rule(struct conf *);
struct conf_alert	*conf_add_alert(struct conf *);
struct conf_mirror	*conf_add_mirror(struct conf *);
struct conf_log		*conf_add_log(struct conf *);
/* Default values of one entry, as the parser starts from. */
void		 conf_alert_defaults(struct conf_alert *);
void		 conf_mirror_defaults(struct conf_mirror *);
void		 conf_log_defaults(struct conf_log *);
void		 conf_history_defaults(struct conf_log *);
void		 conf_evidence_defaults(struct conf_log *);
/* Adds the built-in high-traffic rule when there is no alert. */
int		 conf_finish(struct conf *);
/*
 * Judges what one line alone cannot show (duplicates, ranges, what needs
 * what). -1 with a text in why.
 */
int		 conf_check(const struct conf *, char *why, size_t size);
/* The same, telling all faults and the entry of each. Their number. */
enum conf_part {
	CONF_GLOBAL, CONF_INTERFACE, CONF_SERVICE, CONF_RULE, CONF_ALERT,
	CONF_MIRROR, CONF_LOG, CONF_PARTS
};
/* Entries of CONF_GLOBAL. */
enum { CONF_AT_USER, CONF_AT_SOCKET, CONF_AT_STATE, CONF_AT_REST };
typedef void	 conf_fault_fn(enum conf_part, size_t index, const char *why,
		    void *arg);
size_t		 conf_check_all(const struct conf *, conf_fault_fn *,
		    void *arg);
void		 conf_pack(const struct conf *, struct buf *);
/* A fresh configuration out of packed bytes; NULL when they are bad. */
struct conf	*conf_unpack(struct buf *);
/* Canonical text; with defaults marked by a comment when verbose. */
void		 conf_print(const struct conf *, FILE *, bool verbose);

bool		 conf_ports_has(const struct conf_ports *, uint16_t);
/*
 * The shares of memory_limit, in bytes; the mirror role without mirrors has
 * logs to write at most.
 */
uint64_t	 conf_analyzer_memory(const struct conf *);
uint64_t	 conf_mirror_memory(const struct conf *);
/* Whether there is a log of evidence. */
bool		 conf_keeps_evidence(const struct conf *);
/* Whether a mirror forwards there. */
bool		 conf_is_target(const struct conf *, const struct endpoint *);
/* fnmatch(3)-like glob of *, ? and [], without recursion; case as given. */
bool		 conf_glob(const char *glob, const char *text, size_t len);
/* -1 with a text when it is not a glob: empty, or a bad [...]. */
int		 conf_glob_check(const char *glob, char *why, size_t size);
/* Whether it can be the name of a header or a method (RFC 9110, 5.6.2). */
bool		 conf_token(const char *);
/* What is wrong with them; NULL: nothing. */
const char	*conf_mode_fault(unsigned);
const char	*conf_sample_fault(double);
/* What is wrong with one rule of a mirror: -1 with a text. */
int		 conf_mirror_rule_check(const struct conf_mirror *, size_t n,
		    char *why, size_t size);
/* Whether this is all of what rotation puts behind "FILE.": STAMP[-NN]. */
bool		 conf_stamp(const char *);
/* The bounds of a number of the grammar: -1 with a text outside of them. */
enum conf_limit {
	LIMIT_TIMEOUT, LIMIT_MEMORY, LIMIT_WINDOW, LIMIT_RING_TOTAL,
	LIMIT_PREFIX4, LIMIT_PREFIX6, LIMIT_DEPTH, LIMIT_TOP_HOSTS,
	LIMIT_MAX_HOSTS, LIMIT_MAX_SECTIONS, LIMIT_MAX_CLIENTS,
	LIMIT_MAX_TALKERS,
	LIMIT_MAX_NAMES, LIMIT_METRIC_HOSTS, LIMIT_TRANSACTIONS,
	LIMIT_SNAPLEN, LIMIT_RING,
	LIMIT_VLAN, LIMIT_SPAN, LIMIT_EVERY, LIMIT_FOR, LIMIT_REPEAT,
	LIMIT_MAX_KEYS,
	LIMIT_AT_LEAST, LIMIT_DIAL, LIMIT_QUEUE, LIMIT_RECONNECT,
	LIMIT_HOOK_TIMEOUT, LIMIT_ROTATE_SIZE, LIMIT_ROTATE_AGE, LIMIT_KEEP,
	LIMIT_MAX_BYTES, LIMIT_MAX
};
int		 conf_limit(enum conf_limit, uint64_t, char *why, size_t size);
/* "256M", "10s", "5%": what the grammar reads back; returns s. */
#define CONF_TEXT_MAX	32
const char	*conf_print_size(uint64_t, char s[CONF_TEXT_MAX]);
const char	*conf_print_time(uint64_t us, char s[CONF_TEXT_MAX]);
const char	*conf_print_part(double, char s[CONF_TEXT_MAX]);
/* The text of a value in the unit of its metric. */
const char	*conf_print_value(enum conf_metric, double,
		    char s[CONF_TEXT_MAX]);
/* Whether a METRIC_ is a plain count; one of bytes; a time; a part of 1. */
bool		 conf_metric_counts(unsigned metric);
bool		 conf_metric_bytes(unsigned metric);
bool		 conf_metric_times(unsigned metric);
bool		 conf_metric_parts(unsigned metric);
/* Whether what a METRIC_ counts is known by a KEY_; KEY_NONE always. */
bool		 conf_metric_has(unsigned metric, unsigned key);
bool		 conf_metric_has_method(unsigned metric);
/* Leaves status and method out where they are not known of a METRIC_. */
void		 conf_select_known(struct conf_select *, unsigned metric);

/* The words of the grammar, a table for each enum, values from 0. */
enum conf_words {
	WORDS_METRIC, WORDS_OP, WORDS_KEY, WORDS_SEVERITY, WORDS_DIR,
	WORDS_RECORD, WORDS_LOG_FORMAT, WORDS_CLIENTS, WORDS_QUERY,
	WORDS_SAMPLE, WORDS_EVENT, WORDS_FACILITY, WORDS_PROTO, WORDS_DECAP,
	WORDS_HEADER, WORDS_MAX
};
/* NULL for a value past the end; -1 for a word that is not there. */
const char	*conf_word(enum conf_words, unsigned value);
int		 conf_word_find(enum conf_words, const char *);
/* Words of the grammar for enum values ("messages", ">=", "host", ...). */
/* The number of a facility by its word; daemon for any other. */
unsigned	 conf_facility(const char *);
const char	*conf_metric_name(enum conf_metric);
const char	*conf_op_name(enum conf_op);
const char	*conf_key_name(enum conf_key);
const char	*conf_severity_name(enum conf_severity);
const char	*conf_dir_name(enum conf_dir);
const char	*conf_record_name(enum conf_record);
const char	*conf_log_format_name(enum conf_log_format);

#endif
