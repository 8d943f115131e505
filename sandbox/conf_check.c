/*
 * conf_check: what makes a configuration wrong although each of its words
 * is right. Every text says what to do.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sandbox/compat.h"
#include "sandbox/conf.h"

#define SECOND	1000000ULL
#define HOUR	(3600 * SECOND)
#define DAY	(24 * HOUR)
#define MINUTE	(60 * SECOND)
#define KIB	1024ULL
#define MIB	(1024 * KIB)
#define GIB	(1024 * MIB)

struct check {
	const struct conf *c;
	conf_fault_fn	*fn;
	void		*arg;
	enum conf_part	 part;
	size_t		 index;
	size_t		 faults;
};

static void	 bad(struct check *, const char *, ...) PRINTFLIKE(2, 3);

static void
bad(struct check *k, const char *fmt, ...)
{
	char	 why[CONF_WHY_MAX];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	k->faults++;
	k->fn(k->part, k->index, why, k->arg);
}

int
conf_glob_check(const char *glob, char *why, size_t size)
{
	const char	*s, *first;

	if (*glob == '\0') {
		snprintf(why, size, "an empty pattern matches nothing");
		return -1;
	}
	for (s = glob; *s != '\0'; s++) {
		if (*s != '[')
			continue;
		s++;
		if (*s == '!' || *s == '^')
			s++;
		for (first = s; *s != '\0' && (*s != ']' || s == first); s++) {
			if (s[1] != '-' || s[2] == ']' || s[2] == '\0')
				continue;
			if ((unsigned char)s[2] < (unsigned char)s[0]) {
				snprintf(why, size, "%.3s in pattern %.100s "
				    "is backwards", s, glob);
				return -1;
			}
			s += 2;
		}
		if (*s == '\0') {
			snprintf(why, size, "[ without ] in pattern %.100s",
			    glob);
			return -1;
		}
	}
	return 0;
}

static void
check_glob(struct check *k, const char *word, const char *glob)
{
	char	 why[CONF_WHY_MAX];

	if (conf_glob_check(glob, why, sizeof(why)) == -1)
		bad(k, "%s: %s", word, why);
}

enum kind { NUMBER, SIZE, TIME };

/* Bounds of every number of the grammar; zero: 0 is allowed too ("off"). */
static const struct limit {
	const char	*word;
	enum kind	 kind;
	bool		 zero;
	uint64_t	 lo;
	uint64_t	 hi;
} limits[LIMIT_MAX] = {
	[LIMIT_TIMEOUT]		= { "timeout", TIME, true, 1000, 3650 * DAY },
	[LIMIT_MEMORY]		= { "memory limit", SIZE, false, 8 * MIB,
				    1024 * GIB },
	[LIMIT_WINDOW]		= { "window", TIME, false, SECOND, HOUR },
	[LIMIT_RING_TOTAL]	= { "ring total", SIZE, false, MIB, 64 * GIB },
	[LIMIT_PREFIX4]		= { "IPv4 prefix", NUMBER, true, 0, 32 },
	[LIMIT_PREFIX6]		= { "IPv6 prefix", NUMBER, true, 0, 128 },
	[LIMIT_DEPTH]		= { "section depth", NUMBER, true, 0, 4 },
	[LIMIT_TOP_HOSTS]	= { "top hosts", NUMBER, false, 1, 100000 },
	[LIMIT_MAX_HOSTS]	= { "max hosts", NUMBER, false, 16, 1000000 },
	[LIMIT_MAX_SECTIONS]	= { "max sections", NUMBER, false, 4, 65536 },
	[LIMIT_MAX_CLIENTS]	= { "max clients", NUMBER, false, 16, 1000000 },
	[LIMIT_MAX_TALKERS]	= { "max talkers", NUMBER, false, 0, 1000000 },
	[LIMIT_MAX_NAMES]	= { "max names", NUMBER, false, 16, 1000000 },
	[LIMIT_METRIC_HOSTS]	= { "metrics hosts", NUMBER, true, 1, 200 },
	[LIMIT_TRANSACTIONS]	= { "transactions", SIZE, true, 16 * KIB, GIB },
	[LIMIT_SNAPLEN]		= { "snaplen", NUMBER, true, 64, 262144 },
	[LIMIT_RING]		= { "ring", SIZE, true, 64 * KIB, 16 * GIB },
	[LIMIT_VLAN]		= { "vlan", NUMBER, true, 0, 4094 },
	[LIMIT_SPAN]		= { "over", TIME, false, SECOND, HOUR },
	[LIMIT_EVERY]		= { "every", TIME, false, SECOND, HOUR },
	[LIMIT_FOR]		= { "for", TIME, true, SECOND, DAY },
	[LIMIT_REPEAT]		= { "repeat", TIME, true, SECOND, 30 * DAY },
	[LIMIT_MAX_KEYS]	= { "max keys", NUMBER, false, 1, 65536 },
	[LIMIT_AT_LEAST]	= { "at least", NUMBER, true, 1,
				    1000000000000ULL },
	[LIMIT_DIAL]		= { "timeout", TIME, false, 1000, HOUR },
	[LIMIT_QUEUE]		= { "queue", SIZE, false, 64 * KIB, 4 * GIB },
	[LIMIT_RECONNECT]	= { "reconnect", TIME, false, 1000, HOUR },
	[LIMIT_HOOK_TIMEOUT]	= { "hook timeout", TIME, false, 1000,
				    60 * SECOND },
	[LIMIT_ROTATE_SIZE]	= { "rotate", SIZE, true, 4 * KIB, 1024 * GIB },
	[LIMIT_ROTATE_AGE]	= { "rotate", TIME, true, SECOND, 366 * DAY },
	[LIMIT_KEEP]		= { "keep", NUMBER, true, 1, 100000 },
	[LIMIT_MAX_BYTES]	= { "max", SIZE, true, 4 * KIB, 1024 * GIB }
};

int
conf_limit(enum conf_limit which, uint64_t v, char *why, size_t size)
{
	const struct limit	*l = &limits[which];
	char			 lo[CONF_TEXT_MAX], hi[CONF_TEXT_MAX];

	if ((v >= l->lo && v <= l->hi) || (v == 0 && l->zero))
		return 0;
	if (l->kind == SIZE) {
		conf_print_size(l->lo, lo);
		conf_print_size(l->hi, hi);
	} else if (l->kind == TIME) {
		conf_print_time(l->lo, lo);
		conf_print_time(l->hi, hi);
	} else {
		snprintf(lo, sizeof(lo), "%" PRIu64, l->lo);
		snprintf(hi, sizeof(hi), "%" PRIu64, l->hi);
	}
	snprintf(why, size, "%s must be %s to %s", l->word, lo, hi);
	return -1;
}

static void
check_limit(struct check *k, enum conf_limit which, uint64_t v)
{
	char	 why[CONF_WHY_MAX];

	if (conf_limit(which, v, why, sizeof(why)) == -1)
		bad(k, "%s", why);
}

static void
check_ports(struct check *k, const struct conf_ports *p)
{
	size_t	 i;

	if (p->n > nitems(p->range))
		bad(k, "more than %zu ports or ranges", nitems(p->range));
	for (i = 0; i < p->n && i < nitems(p->range); i++)
		if (p->range[i].lo == 0)
			bad(k, "port 0 is not a port, use 1 to 65535");
		else if (p->range[i].lo > p->range[i].hi)
			bad(k, "port range %u-%u is backwards",
			    (unsigned)p->range[i].lo,
			    (unsigned)p->range[i].hi);
}

static bool
ports_meet(const struct conf_ports *a, const struct conf_ports *b,
    unsigned *port)
{
	size_t	 i, j;

	for (i = 0; i < a->n; i++)
		for (j = 0; j < b->n; j++) {
			*port = a->range[i].lo > b->range[j].lo ?
			    a->range[i].lo : b->range[j].lo;
			if (*port <= a->range[i].hi && *port <= b->range[j].hi)
				return true;
		}
	return false;
}

/* A header name or method: tchar of RFC 9110, section 5.6.2. */
bool
conf_token(const char *s)
{
	static const char	 tchar[] = "!#$%&'*+-.^_`|~0123456789"
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return *s != '\0' && s[strspn(s, tchar)] == '\0';
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
conf_stamp(const char *s)
{
	size_t	 i;

	for (i = 0; i < CONF_STAMP_LEN; i++)
		if (i == 8 ? s[i] != 'T' : i == CONF_STAMP_LEN - 1 ?
		    s[i] != 'Z' : !digit(s[i]))
			return false;
	return s[i] == '\0' || (s[i] == '-' && digit(s[i + 1]) &&
	    digit(s[i + 2]) && s[i + 3] == '\0');
}

static void
check_header(struct check *k, const char *name)
{
	if (!conf_token(name))
		bad(k, "\"%s\" is not the name of a header", name);
}

/* Names go to screens and file names: printable, no slash. */
static void
check_name(struct check *k, const char *what, const char *s)
{
	const char	*p;

	if (*s == '\0')
		bad(k, "%s has no name", what);
	for (p = s; *p != '\0'; p++)
		if ((unsigned char)*p < 0x21 || *p == 0x7f || *p == '/' ||
		    *p == '"') {
			bad(k, "\"%s\": a name has no blanks, slashes or "
			    "quotes", s);
			return;
		}
}

static void
check_status(struct check *k, const struct conf_status *s)
{
	if (s->lo < 100 || s->hi > 999 || s->lo > s->hi)
		bad(k, "a status is 100 to 999, or a class like 5xx");
}

static void
check_path(struct check *k, const char *path)
{
	if (path[0] == '\0')
		bad(k, "a file needs a path");
	else if (strcmp(path, "-") != 0 && path[0] != '/')
		bad(k, "path \"%s\" must begin with /", path);
}

static void
check_rotate(struct check *k, const struct conf_rotate *r, const char *path)
{
	bool	 rotates = r->size != 0 || r->age_us != 0;

	check_limit(k, LIMIT_ROTATE_SIZE, r->size);
	check_limit(k, LIMIT_ROTATE_AGE, r->age_us);
	check_limit(k, LIMIT_KEEP, r->keep);
	check_limit(k, LIMIT_MAX_BYTES, r->max);
	if (r->max != 0 && r->size != 0 && r->max < r->size)
		bad(k, "max is less than one file of rotate");
	if ((r->keep != 0 || r->max != 0) && !rotates)
		bad(k, "keep and max need rotate");
	if (rotates && strcmp(path, "-") == 0)
		bad(k, "standard output cannot rotate");
}

const char *
conf_mode_fault(unsigned mode)
{
	if (mode <= 0777 && (mode & 0600) == 0600 && (mode & 02) == 0)
		return NULL;
	return "mode must let the owner read and write and nobody "
	    "else but the group write, like 0640";
}

const char *
conf_sample_fault(double part)
{
	if (part > 0 && part <= 1)
		return NULL;
	return "sample must be more than 0% and at most 100%";
}

static void
check_alone(struct check *k, const char *why)
{
	if (why != NULL)
		bad(k, "%s", why);
}

static void
check_privacy(struct check *k, const struct conf_privacy *p)
{
	size_t	 i, j;

	check_limit(k, LIMIT_PREFIX4, p->prefix4);
	check_limit(k, LIMIT_PREFIX6, p->prefix6);
	for (i = 0; i < p->nheaders; i++) {
		if (conf_word_find(WORDS_HEADER, p->headers[i]) == -1)
			bad(k, "header \"%s\" cannot be kept, only "
			    "user-agent, referer and content-type",
			    p->headers[i]);
		for (j = 0; j < i; j++)
			if (strcmp(p->headers[i], p->headers[j]) == 0)
				bad(k, "header \"%s\" is given twice",
				    p->headers[i]);
	}
}

static void
check_global(struct check *k)
{
	const struct conf	*c = k->c;
	const struct conf_stats	*s = &c->stats;

	k->index = CONF_AT_USER;
	check_name(k, "user", c->user);
	k->index = CONF_AT_SOCKET;
	if (c->socket[0] != '/')
		bad(k, "control socket \"%s\" must begin with /", c->socket);
	if (strlen(c->socket) > 100)
		bad(k, "control socket path is longer than 100 bytes");
	k->index = CONF_AT_STATE;
	if (c->state[0] != '\0' && c->state[0] != '/')
		bad(k, "state \"%s\" must begin with /", c->state);
	if (strcmp(c->state, c->socket) == 0)
		bad(k, "state \"%s\" is the control socket", c->state);
	k->index = CONF_AT_REST;
	check_limit(k, LIMIT_TIMEOUT, c->timeout_us);
	check_limit(k, LIMIT_MEMORY, c->memory_limit);
	check_limit(k, LIMIT_WINDOW, c->window_us);
	check_limit(k, LIMIT_RING_TOTAL, c->ring_total);
	if (conf_word_find(WORDS_FACILITY, c->facility) == -1)
		bad(k, "unknown syslog facility \"%s\"", c->facility);
	check_privacy(k, &c->privacy);
	check_limit(k, LIMIT_DEPTH, s->section_depth);
	check_limit(k, LIMIT_TOP_HOSTS, s->top_hosts);
	check_limit(k, LIMIT_MAX_HOSTS, s->max_hosts);
	check_limit(k, LIMIT_MAX_SECTIONS, s->max_sections);
	check_limit(k, LIMIT_MAX_CLIENTS, s->max_clients);
	check_limit(k, LIMIT_MAX_NAMES, s->max_names);
	check_limit(k, LIMIT_MAX_TALKERS, s->max_talkers);
	check_limit(k, LIMIT_METRIC_HOSTS, s->metric_hosts);
	check_limit(k, LIMIT_TRANSACTIONS, s->transactions);
}

static void
check_interface(struct check *k, size_t n)
{
	const struct conf_interface	*i = &k->c->interfaces[n], *o;
	char				 a[CONF_TEXT_MAX], b[CONF_TEXT_MAX];
	size_t				 j;

	if (i->match || i->exclude)
		check_glob(k, "interface", i->name);
	else if (strpbrk(i->name, "*?[") != NULL)
		bad(k, "\"%s\" is a pattern, write interface match \"%s\"",
		    i->name, i->name);
	else if (i->name[0] == '\0' || strlen(i->name) > 15 ||
	    strpbrk(i->name, "/ \t") != NULL)
		bad(k, "\"%.64s\" is not the name of an interface (1 to 15 "
		    "bytes, no blank or slash)", i->name);
	if (i->label[0] != '\0')
		check_name(k, "label", i->label);
	check_limit(k, LIMIT_SNAPLEN, i->snaplen);
	check_limit(k, LIMIT_RING, i->ring);
	if (i->ring > k->c->ring_total)
		bad(k, "ring %s is more than ring total %s",
		    conf_print_size(i->ring, a),
		    conf_print_size(k->c->ring_total, b));
	for (j = 0; j < n; j++) {
		o = &k->c->interfaces[j];
		if (strcmp(o->name, i->name) != 0)
			continue;
		if (o->exclude != i->exclude)
			bad(k, "interface \"%s\" is wanted and excluded",
			    i->name);
		else if (o->match == i->match)
			bad(k, "interface \"%s\" is given twice", i->name);
	}
}

static void
check_service(struct check *k, size_t n)
{
	const struct conf_service	*s = &k->c->services[n], *o;
	unsigned			 port;
	size_t				 j;

	if (s->ports.n == 0)
		bad(k, "service needs a port");
	check_ports(k, &s->ports);
	for (j = 0; j < n; j++) {
		o = &k->c->services[j];
		if (!ports_meet(&s->ports, &o->ports, &port))
			continue;
		if (o->proto == s->proto)
			bad(k, "port %u is given twice", port);
		else
			bad(k, "port %u is already a port of service %s",
			    port, conf_word(WORDS_PROTO, o->proto));
	}
}

static void
check_net(struct check *k, const struct addr *a, unsigned bits)
{
	if (bits > (addr_is4(a) ? 32U : 128U))
		bad(k, "/%u is longer than an address", bits);
}

/* A pattern that no path can match: see target_path. */
static int
path_check(const char *glob, char *why, size_t size)
{
	const char	*s;

	for (s = strchr(glob, '%'); s != NULL; s = strchr(s + 1, '%'))
		if (compat_hex((uint8_t)s[1]) != -1 &&
		    compat_hex((uint8_t)s[2]) != -1) {
			snprintf(why, size, "%.3s in pattern %.100s: paths "
			    "are compared decoded, write the character itself",
			    s, glob);
			return -1;
		}
	if (strstr(glob, "//") != NULL) {
		snprintf(why, size, "// in pattern %.100s: paths are compared "
		    "with one slash for several", glob);
		return -1;
	}
	return conf_glob_check(glob, why, size);
}

/* -1 with a text. */
static int
request_check(const struct conf_request *r, char *why, size_t size)
{
	char	 text[CONF_WHY_MAX - 8];
	size_t	 i;

	if (r->host[0] != '\0' &&
	    conf_glob_check(r->host, text, sizeof(text)) == -1) {
		snprintf(why, size, "host: %s", text);
		return -1;
	}
	if (r->path[0] != '\0' &&
	    path_check(r->path, text, sizeof(text)) == -1) {
		snprintf(why, size, "path: %s", text);
		return -1;
	}
	for (i = 0; i < r->nmethods; i++)
		if (!conf_token(r->methods[i])) {
			snprintf(why, size, "\"%s\" is not a method",
			    r->methods[i]);
			return -1;
		}
	return 0;
}

static void
check_rule(struct check *k, size_t n)
{
	const struct conf_rule	*r = &k->c->rules[n];
	char			 why[CONF_WHY_MAX];
	size_t			 i;

	if (r->on[0] != '\0')
		check_glob(k, "on", r->on);
	if (r->has_from)
		check_net(k, &r->from, r->from_bits);
	if (r->has_to)
		check_net(k, &r->to, r->to_bits);
	if (r->has_from && r->has_to && addr_is4(&r->from) != addr_is4(&r->to))
		bad(k, "from and to are of different families");
	check_ports(k, &r->ports);
	if (r->vlan != -1)
		check_limit(k, LIMIT_VLAN, (uint64_t)r->vlan);
	if (request_check(&r->asks, why, sizeof(why)) == -1)
		bad(k, "%s", why);
	for (i = 0; i < r->nstatus; i++)
		check_status(k, &r->status[i]);
	if (r->tag[0] != '\0')
		check_name(k, "tag", r->tag);
	if (r->ignore && r->tag[0] != '\0')
		bad(k, "what is ignored has no tag: use match, or leave the "
		    "tag out");
}

static void
check_select(struct check *k, const struct conf_select *s)
{
	if (s->on[0] != '\0')
		check_glob(k, "on", s->on);
	if (s->host[0] != '\0')
		check_glob(k, "host", s->host);
	if (s->tag[0] != '\0')
		check_name(k, "tag", s->tag);
	if (s->method[0] != '\0' && !conf_token(s->method))
		bad(k, "\"%s\" is not a method", s->method);
	if (s->status.lo != 0)
		check_status(k, &s->status);
}

static bool
upward(unsigned op)
{
	return op == OP_GE || op == OP_GT;
}

/* Whether a value is a part of its whole, so that it ends at 1. */
static bool
is_part(const struct conf_alert *a)
{
	static const struct {
		uint8_t	 part;
		uint8_t	 whole;
	} in[] = {
		{ METRIC_REQUESTS,	METRIC_MESSAGES },
		{ METRIC_RESPONSES,	METRIC_MESSAGES },
		{ METRIC_ERRORS,	METRIC_MESSAGES },
		{ METRIC_ERRORS,	METRIC_RESPONSES },
		{ METRIC_RETRANSMITS,	METRIC_PACKETS }
	};
	size_t	 i;

	if (a->metric != METRIC_RATIO)
		return a->metric == METRIC_COMPLETENESS;
	if (a->ratio_metric == a->ratio_of)
		return true;
	for (i = 0; i < nitems(in); i++)
		if (a->ratio_metric == in[i].part &&
		    a->ratio_of == in[i].whole)
			return true;
	return false;
}

static void
check_value(struct check *k, const struct conf_alert *a, const char *word,
    double v)
{
	if (!(v >= 0 && v <= 1e15))
		bad(k, "%s is out of range", word);
	else if (a->metric == METRIC_COMPLETENESS && v > 1)
		bad(k, "%s: completeness is at most 100%%", word);
	else if (is_part(a) && v > 1)
		bad(k, "%s: %s of %s is at most 100%%", word,
		    conf_metric_name((enum conf_metric)a->ratio_metric),
		    conf_metric_name((enum conf_metric)a->ratio_of));
	else if (a->metric == METRIC_RATIO && v > 1000)
		bad(k, "%s: a ratio is at most 100000%%", word);
	else if (conf_metric_times(a->metric) && v > 86400)
		bad(k, "%s: a time is at most 1d", word);
}

/* A rule on what its metric does not know could never fire. */
static void
check_known(struct check *k, unsigned metric, unsigned key,
    const struct conf_select *s)
{
	const char	*name = conf_metric_name((enum conf_metric)metric);

	if (!conf_metric_has(metric, key))
		bad(k, "%s: not told apart by %s", name,
		    conf_key_name((enum conf_key)key));
	if (s->on[0] != '\0' && metric != METRIC_COMPLETENESS &&
	    !conf_metric_has(metric, KEY_INTERFACE))
		bad(k, "%s: not told apart by interface, leave \"on\" out",
		    name);
	if (s->host[0] != '\0' && !conf_metric_has(metric, KEY_HOST))
		bad(k, "%s: no host is known, leave \"host\" out", name);
	if (s->tag[0] != '\0' && !conf_metric_has(metric, KEY_TAG))
		bad(k, "%s: no tag is known, leave \"tag\" out", name);
	if (s->status.lo != 0 && !conf_metric_has(metric, KEY_STATUS))
		bad(k, "%s: no status is known, leave \"status\" out",
		    name);
	if (s->method[0] != '\0' && !conf_metric_has_method(metric))
		bad(k, "%s: no method is known, leave \"method\" out",
		    name);
}

/* Of those that "at least" asks for status and method need not be known. */
static void
check_least(struct check *k, const struct conf_alert *a)
{
	struct conf_select	 s = a->select;

	if (a->at_least == 0)
		return;
	if (!conf_metric_counts(a->at_least_metric) ||
	    a->at_least_metric == METRIC_NEW) {
		bad(k, "at least needs a count, like at least 100 requests");
		return;
	}
	conf_select_known(&s, a->at_least_metric);
	check_known(k, a->at_least_metric, a->key, &s);
}

static void
check_metric(struct check *k, const struct conf_alert *a)
{
	if (conf_metric_times(a->metric) &&
	    (a->percentile < 1 || a->percentile > 99))
		bad(k, "%s needs a percentile, p1 to p99",
		    conf_metric_name(a->metric));
	if (a->metric == METRIC_RATIO && (!conf_metric_counts(a->ratio_metric)
	    || !conf_metric_counts(a->ratio_of) ||
	    a->ratio_metric == METRIC_NEW || a->ratio_of == METRIC_NEW))
		bad(k, "a ratio is of two counts");
	if (a->metric == METRIC_NEW && a->key == KEY_NONE)
		bad(k, "new needs what is new, like new host");
	check_least(k, a);
	if (a->compat && (!conf_metric_counts(a->metric) || !upward(a->op) ||
	    a->has_clear))
		bad(k, "compat is for counts with >= or > and without clear");
	check_select(k, &a->select);
	if (a->metric != METRIC_RATIO) {
		check_known(k, a->metric, a->key, &a->select);
		return;
	}
	check_select(k, &a->ratio);
	check_known(k, a->ratio_metric, a->key, &a->ratio);
	check_known(k, a->ratio_of, a->key, &a->select);
}

/* Both hold at the limit itself: it would fire and clear by turns. */
static bool
meet(const struct conf_alert *a)
{
	return a->clear_value == a->value &&
	    (a->op == OP_GE || a->op == OP_LE) &&
	    (a->clear_op == OP_GE || a->clear_op == OP_LE);
}

static void
check_clear(struct check *k, const struct conf_alert *a)
{
	check_value(k, a, "clear", a->clear_value);
	if (upward(a->op) == upward(a->clear_op))
		bad(k, "clear must look the other way: %s, as the rule has %s",
		    upward(a->op) ? "< or <=" : "> or >=",
		    conf_op_name((enum conf_op)a->op));
	else if (meet(a) || (upward(a->op) ? a->clear_value > a->value :
	    a->clear_value < a->value))
		bad(k, "clear would hold while the alert fires");
	else if (a->clear_op == OP_LT && a->clear_value == 0)
		bad(k, "clear < 0 is never true");
	else if (is_part(a) && a->clear_op == OP_GT && a->clear_value == 1)
		bad(k, "clear > 100%% is never true");
	check_limit(k, LIMIT_FOR, a->clear_for_us);
}

/* What is usual is known of counts and bytes. */
static void
check_usual(struct check *k, const struct conf_alert *a)
{
	if (a->metric == METRIC_NEW || a->metric == METRIC_RATIO ||
	    a->metric == METRIC_COMPLETENESS || conf_metric_times(a->metric))
		bad(k, "%s: what is usual is known of counts and bytes alone",
		    conf_metric_name((enum conf_metric)a->metric));
	else if (upward(a->op) ? a->value <= 1 : a->value >= 1)
		bad(k, "%s %.0f%% of usual is nothing unusual, use %s",
		    conf_op_name((enum conf_op)a->op), a->value * 100,
		    upward(a->op) ? "more than 100%, like 300%" :
		    "less than 100%, like 30%");
	else if (upward(a->op) && a->at_least == 0)
		bad(k, "of usual needs at least, like at least 100 requests: "
		    "what is usually nothing is soon more");
	if (a->has_clear || a->compat)
		bad(k, "what is usual clears at 90%% of the limit it fired at "
		    "(110%% with <), leave \"%s\" out",
		    a->has_clear ? "clear" : "compat");
}

static bool
asks_talkers(const struct conf_alert *a)
{
	return a->metric == METRIC_TRAFFIC ||
	    (a->metric == METRIC_RATIO && (a->ratio_metric == METRIC_TRAFFIC ||
	    a->ratio_of == METRIC_TRAFFIC)) ||
	    (a->at_least > 0 && a->at_least_metric == METRIC_TRAFFIC);
}

static void
check_alert(struct check *k, size_t n)
{
	const struct conf_alert	*a = &k->c->alerts[n];
	size_t			 j;

	check_name(k, "alert", a->name);
	for (j = 0; j < n; j++)
		if (strcmp(k->c->alerts[j].name, a->name) == 0)
			bad(k, "alert \"%s\" is given twice", a->name);
	check_metric(k, a);
	if (k->c->stats.max_talkers == 0 && asks_talkers(a))
		bad(k, "traffic is what talkers bring: raise max talkers, "
		    "which is 0");
	if (a->usual)
		check_usual(k, a);
	else
		check_value(k, a, "the limit", a->value);
	if (a->usual && !(a->value >= 0 && a->value <= 1000))
		bad(k, "the limit is at most 100000%% of usual");
	if (a->value == 0 && a->op != OP_GT && a->op != OP_LE)
		bad(k, "%s 0 is %s", conf_op_name((enum conf_op)a->op),
		    a->op == OP_GE ? "always true" : "never true");
	if (is_part(a) && a->value == 1 && (a->op == OP_GT || a->op == OP_LE))
		bad(k, "%s 100%% is %s", conf_op_name((enum conf_op)a->op),
		    a->op == OP_LE ? "always true" : "never true");
	check_limit(k, LIMIT_SPAN, a->span_us);
	check_limit(k, LIMIT_FOR, a->for_us);
	if (a->has_clear)
		check_clear(k, a);
	check_limit(k, LIMIT_REPEAT, a->repeat_us);
	check_limit(k, LIMIT_MAX_KEYS, a->max_keys);
	check_limit(k, LIMIT_AT_LEAST, a->at_least);
}

static void
check_target(struct check *k, const struct conf_mirror *m)
{
	static const struct addr	 any6;
	static const uint8_t		 zero[4];
	struct addr			 any4;

	addr_from4(&any4, zero);
	if (m->target.port == 0)
		bad(k, "port 0 is not a port, use 1 to 65535");
	if (addr_cmp(&m->target.addr, &any6) == 0 ||
	    addr_cmp(&m->target.addr, &any4) == 0)
		bad(k, "forward needs the address of a host");
	if (m->has_source && addr_is4(&m->source) != addr_is4(&m->target.addr))
		bad(k, "source and target are of different families");
}

static void
check_forward(struct check *k, const struct conf_mirror *m)
{
	size_t	 i;

	if (m->has_forward)
		check_target(k, m);
	check_limit(k, LIMIT_DIAL, m->timeout_us);
	check_limit(k, LIMIT_QUEUE, m->queue);
	check_limit(k, LIMIT_RECONNECT, m->reconnect_min_us);
	check_limit(k, LIMIT_RECONNECT, m->reconnect_max_us);
	if (m->reconnect_min_us > m->reconnect_max_us)
		bad(k, "reconnect begins with the shorter time");
	for (i = 0; i < m->nset; i++) {
		check_header(k, m->set[i].name);
		if (strpbrk(m->set[i].value, "\r\n") != NULL)
			bad(k, "the value of a header is one line");
	}
	for (i = 0; i < m->nforward_strip; i++)
		check_header(k, m->forward_strip[i]);
}

/* Without these, or with others, the target finds other ends. */
static bool
frames(const char *name)
{
	return strcasecmp(name, "content-length") == 0 ||
	    strcasecmp(name, "transfer-encoding") == 0;
}

/* The target must be asked what the service is asked, one by one. */
/* Whether a header is changed that says where a body ends. */
static bool
changes_framing(const struct conf_mirror *m)
{
	bool	 framed = false;
	size_t	 i;

	for (i = 0; i < m->nset; i++)
		framed = framed || frames(m->set[i].name);
	for (i = 0; i < m->nforward_strip; i++)
		framed = framed || frames(m->forward_strip[i]);
	return framed;
}

static void
check_compare(struct check *k, const struct conf_mirror *m)
{
	if (!m->compare)
		return;
	if (!m->has_forward)
		bad(k, "forward compare needs forward to");
	if (m->forward_dir != DIR_REQUESTS)
		bad(k, "forward compare needs forward { requests }, not %s",
		    conf_dir_name(m->forward_dir));
	if (m->forward_hook[0] != '\0')
		bad(k, "forward compare cannot be with hook forward, which "
		    "may change what is asked");
	if (changes_framing(m))
		bad(k, "forward compare cannot be with content-length or "
		    "transfer-encoding set or stripped");
}

static void
check_messages(struct check *k, const struct conf_mirror *m)
{
	if (!m->messages)
		return;
	if (!m->has_forward)
		bad(k, "forward messages needs forward to");
	if (m->forward_dir == DIR_RESPONSES)
		bad(k, "forward messages judges requests: write forward "
		    "{ both } instead of responses");
	if (changes_framing(m))
		bad(k, "forward messages cannot be with content-length or "
		    "transfer-encoding set or stripped");
}

/* Two writers of one file would tear each other's lines. */
static void
check_writers(struct check *k, const char *path)
{
	const struct conf	*c = k->c;
	size_t			 i, n;

	n = path[0] != '\0' && strcmp(c->state, path) == 0;
	for (i = 0; i < c->nmirrors; i++)
		n += c->mirrors[i].has_record &&
		    strcmp(c->mirrors[i].path, path) == 0 &&
		    (k->part == CONF_LOG || i < k->index);
	for (i = 0; i < c->nlogs; i++)
		n += k->part == CONF_LOG && i < k->index &&
		    strcmp(c->logs[i].path, path) == 0;
	if (n > 0)
		bad(k, "\"%s\" is written already by another line", path);
}

static void
check_record(struct check *k, const struct conf_mirror *m)
{
	size_t	 i;

	if (m->has_record) {
		check_path(k, m->path);
		check_writers(k, m->path);
	}
	for (i = 0; i < m->nstrip; i++)
		check_header(k, m->strip[i]);
	check_rotate(k, &m->rotate, m->path);
	check_alone(k, conf_mode_fault(m->mode));
	check_limit(k, LIMIT_HOOK_TIMEOUT, m->hook_timeout_us);
}

/* Whether both may match one request, as far as methods tell. */
static bool
methods_meet(const struct conf_request *a, const struct conf_request *b)
{
	size_t	 i, j;

	for (i = 0; i < a->nmethods; i++)
		for (j = 0; j < b->nmethods; j++)
			if (strcmp(a->methods[i], b->methods[j]) == 0)
				return true;
	return a->nmethods == 0 || b->nmethods == 0;
}

/* Whether a rule says nothing of a header that another one is about. */
static bool
leaves_header(const struct conf_mirror_rule *r,
    const struct conf_mirror_rule *of)
{
	size_t	 i, j;

	for (i = 0; i < of->nheaders; i++) {
		for (j = 0; j < r->nheaders; j++)
			if (strcmp(r->headers[j].name,
			    of->headers[i].name) == 0)
				break;
		if (j == r->nheaders)
			return true;
	}
	return false;
}

/*
 * Whether a match rule that follows an ignore rule takes back what that leaves
 * out without a word about it: an exception names at least the same.
 */
static bool
takes_back(const struct conf_mirror_rule *match,
    const struct conf_mirror_rule *ignore)
{
	const struct conf_request	*m = &match->asks, *i = &ignore->asks;

	if (match->record != ignore->record || match->ignore ||
	    !ignore->ignore || ignore->quick || !methods_meet(m, i))
		return false;
	return (i->host[0] != '\0' && m->host[0] == '\0') ||
	    (i->path[0] != '\0' && m->path[0] == '\0') ||
	    (i->nmethods > 0 && m->nmethods == 0) ||
	    leaves_header(match, ignore);
}

static int
value_check(const char *glob, char *why, size_t size)
{
	static const char	 blanks[] = " \t";

	if (*glob != '\0' && (strchr(blanks, *glob) != NULL ||
	    strchr(blanks, glob[strlen(glob) - 1]) != NULL)) {
		snprintf(why, size, "blank at an end of pattern \"%.100s\": "
		    "values are compared without", glob);
		return -1;
	}
	return *glob == '\0' ? 0 : conf_glob_check(glob, why, size);
}

static int
rule_headers_check(const struct conf_mirror_rule *r, char *why, size_t size)
{
	const struct conf_rule_header	*h;
	char				 text[CONF_WHY_MAX - 16];

	for (h = r->headers; h < r->headers + r->nheaders; h++) {
		if (!conf_token(h->name)) {
			snprintf(why, size, "\"%s\" is not the name of a "
			    "header", h->name);
			return -1;
		}
		if (value_check(h->value, text, sizeof(text)) == -1) {
			snprintf(why, size, "header: %s", text);
			return -1;
		}
	}
	return 0;
}

int
conf_mirror_rule_check(const struct conf_mirror *m, size_t n, char *why,
    size_t size)
{
	const struct conf_mirror_rule	*r = &m->rules[n];
	const char			*side, *word;
	unsigned			 dir;
	size_t				 i;

	side = r->record ? "record" : "forward";
	word = r->ignore ? "ignore" : "match";
	dir = r->record ? m->record_dir : m->forward_dir;
	if (r->asks.host[0] == '\0' && r->asks.path[0] == '\0' &&
	    r->asks.nmethods == 0 && r->nheaders == 0) {
		snprintf(why, size, "%s %s needs a condition: host, path, "
		    "method or header", side, word);
		return -1;
	}
	if (dir == DIR_RESPONSES) {
		snprintf(why, size, "%s %s judges requests: write %s { both } "
		    "instead of responses", side, word, side);
		return -1;
	}
	for (i = 0; i < n; i++)
		if (takes_back(r, &m->rules[i])) {
			snprintf(why, size, "%s match copies what %s ignore "
			    "before it leaves out: write ignore quick, or the "
			    "ignore line last", side, side);
			return -1;
		}
	if (request_check(&r->asks, why, size) == -1)
		return -1;
	return rule_headers_check(r, why, size);
}

static void
check_mirror_rules(struct check *k, const struct conf_mirror *m)
{
	char	 why[CONF_WHY_MAX];
	size_t	 i;

	for (i = 0; i < m->nrules; i++)
		if (conf_mirror_rule_check(m, i, why, sizeof(why)) == -1)
			bad(k, "%s", why);
}

static void
check_mirror(struct check *k, size_t n)
{
	const struct conf_mirror	*m = &k->c->mirrors[n];
	size_t				 j;

	check_name(k, "mirror", m->name);
	for (j = 0; j < n; j++)
		if (strcmp(k->c->mirrors[j].name, m->name) == 0)
			bad(k, "mirror \"%s\" is given twice", m->name);
	if (n >= CONF_MIRRORS_MAX)
		bad(k, "mirror \"%s\" is one too many: there are at most %d",
		    m->name, CONF_MIRRORS_MAX);
	if (m->observe.n == 0)
		bad(k, "mirror \"%s\" needs observe port", m->name);
	check_ports(k, &m->observe);
	check_forward(k, m);
	check_record(k, m);
	if (!m->has_forward && !m->has_record && m->record_hook[0] == '\0')
		bad(k, "mirror \"%s\" does nothing: add forward to, record to "
		    "or hook record", m->name);
	if (m->forward_hook[0] != '\0')
		check_name(k, "hook", m->forward_hook);
	if (m->record_hook[0] != '\0')
		check_name(k, "hook", m->record_hook);
	check_compare(k, m);
	check_messages(k, m);
	check_mirror_rules(k, m);
	check_alone(k, conf_sample_fault(m->sample_part));
}

static void
check_history(struct check *k, const struct conf_log *l)
{
	char	 window[CONF_TEXT_MAX];

	if (l->types != CONF_EV_HISTORY)
		bad(k, "log history has no types");
	if (!l->extras)
		bad(k, "log history has no extras");
	if (strcmp(l->path, "-") == 0)
		bad(k, "log history must be a file");
	if (l->every_us != MINUTE && l->every_us != 10 * MINUTE &&
	    l->every_us != k->c->window_us)
		bad(k, "log history is kept every 1m, every 10m, or every "
		    "%s as the window", conf_print_time(k->c->window_us,
		    window));
}

static void
check_evidence(struct check *k, const struct conf_log *l)
{
	if (l->types != CONF_EV_EVIDENCE)
		bad(k, "log evidence has no types");
	if (!l->extras)
		bad(k, "log evidence has no extras");
	if (strcmp(l->path, "-") == 0)
		bad(k, "log evidence must be a file");
	if (k->c->privacy.clients != CONF_CLIENTS_FULL)
		bad(k, "log evidence holds headers with the addresses of "
		    "clients, which privacy hides: use one or the other");
}

static void
check_log(struct check *k, size_t n)
{
	const struct conf_log	*l = &k->c->logs[n];

	check_path(k, l->path);
	check_writers(k, l->path);
	check_rotate(k, &l->rotate, l->path);
	check_alone(k, conf_mode_fault(l->mode));
	if (l->format == LOG_HISTORY) {
		check_history(k, l);
		return;
	}
	if (l->format == LOG_EVIDENCE) {
		check_evidence(k, l);
		return;
	}
	if (l->types == 0 || l->types > CONF_EV_ALL)
		bad(k, "types must name at least one kind of event");
	if (l->format != LOG_EVE && l->types != CONF_EV_HTTP)
		bad(k, "an access log holds http only");
}

size_t
conf_check_all(const struct conf *c, conf_fault_fn *fn, void *arg)
{
	static void	 (*const one[CONF_PARTS])(struct check *, size_t) = {
		[CONF_INTERFACE] = check_interface,
		[CONF_SERVICE]	 = check_service,
		[CONF_RULE]	 = check_rule,
		[CONF_ALERT]	 = check_alert,
		[CONF_MIRROR]	 = check_mirror,
		[CONF_LOG]	 = check_log
	};
	const size_t	 n[CONF_PARTS] = {
		0, c->ninterfaces, c->nservices, c->nrules, c->nalerts,
		c->nmirrors, c->nlogs
	};
	struct check	 k = { c, fn, arg, CONF_GLOBAL, 0, 0 };
	unsigned	 part;

	check_global(&k);
	for (part = CONF_INTERFACE; part < CONF_PARTS; part++)
		for (k.index = 0; k.index < n[part]; k.index++) {
			k.part = (enum conf_part)part;
			one[part](&k, k.index);
		}
	return k.faults;
}

struct first {
	char	*why;
	size_t	 size;
};

static void
keep_first(enum conf_part part, size_t index, const char *why, void *arg)
{
	struct first	*f = arg;

	(void)part;
	(void)index;
	if (f->size > 0)
		compat_strlcpy(f->why, why, f->size);
	f->size = 0;
}

int
conf_check(const struct conf *c, char *why, size_t size)
{
	struct first	 f = { why, size };

	return conf_check_all(c, keep_first, &f) == 0 ? 0 : -1;
}
