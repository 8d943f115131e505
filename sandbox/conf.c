#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/conf.h"

#define SECOND	1000000ULL
#define MIB	(1024ULL * 1024)

struct words {
	const char *const	*v;
	size_t			 n;
};

static const char *const metrics[METRIC_MAX] = {
	[METRIC_MESSAGES]	= "messages",
	[METRIC_REQUESTS]	= "requests",
	[METRIC_RESPONSES]	= "responses",
	[METRIC_BYTES]		= "bytes",
	[METRIC_PACKETS]	= "packets",
	[METRIC_TRAFFIC]	= "traffic",
	[METRIC_CONNECTIONS]	= "connections",
	[METRIC_HANDSHAKES]	= "handshakes",
	[METRIC_ERRORS]		= "errors",
	[METRIC_RETRANSMITS]	= "retransmits",
	[METRIC_RATIO]		= "ratio",
	[METRIC_RESPONSE_TIME]	= "response-time",
	[METRIC_CONNECT_TIME]	= "connect-time",
	[METRIC_COMPLETENESS]	= "completeness",
	[METRIC_DROPS]		= "drops",
	[METRIC_NEW]		= "new"
};
static const char *const ops[] = { ">=", ">", "<=", "<" };
static const char *const keys[KEY_MAX] = {
	[KEY_NONE]	= "none",
	[KEY_HOST]	= "host",
	[KEY_SECTION]	= "section",
	[KEY_CLIENT]	= "client",
	[KEY_SERVER]	= "server",
	[KEY_INTERFACE]	= "interface",
	[KEY_VLAN]	= "vlan",
	[KEY_SERVICE]	= "service",
	[KEY_SNI]	= "sni",
	[KEY_STATUS]	= "status",
	[KEY_TAG]	= "tag"
};
static const char *const severities[] = {
	"error", "warning", "notice", "info"
};
static const char *const dirs[] = { "requests", "responses", "both" };
static const char *const records[] = { "gogetway", "gor", "raw" };
static const char *const log_formats[] = { "eve", "combined", "common" };
static const char *const clients[] = { "full", "prefix", "hash" };
static const char *const queries[] = { "none", "keys", "full" };
static const char *const samples[] = { "none", "client", "connection" };
static const char *const events[] = {
	"alert", "http", "tls", "flow", "stats", "anomaly"
};
static const char *const facilities[] = {
	"daemon", "user", "auth", "authpriv", "local0", "local1", "local2",
	"local3", "local4", "local5", "local6", "local7"
};
static const uint8_t facility_numbers[] = {	/* RFC 5424, 6.2.1 */
	3, 1, 4, 10, 16, 17, 18, 19, 20, 21, 22, 23
};
_Static_assert(nitems(facilities) == nitems(facility_numbers), "a number each");
static const char *const protos[] = { "http", "tls" };
static const char *const decaps[CONF_TUNNELS] = {
	"pppoe", "mpls", "gre", "ipip", "6in4", "vxlan", "geneve", "teredo",
	"gtp", "l2tp", "etherip", "lisp", "ayiya", "tzsp"
};
static const char *const headers[] = {
	"user-agent", "referer", "content-type"
};

#define WORDS(t)	{ (t), nitems(t) }
static const struct words words[WORDS_MAX] = {
	[WORDS_METRIC]		= WORDS(metrics),
	[WORDS_OP]		= WORDS(ops),
	[WORDS_KEY]		= WORDS(keys),
	[WORDS_SEVERITY]	= WORDS(severities),
	[WORDS_DIR]		= WORDS(dirs),
	[WORDS_RECORD]		= WORDS(records),
	[WORDS_LOG_FORMAT]	= WORDS(log_formats),
	[WORDS_CLIENTS]		= WORDS(clients),
	[WORDS_QUERY]		= WORDS(queries),
	[WORDS_SAMPLE]		= WORDS(samples),
	[WORDS_EVENT]		= WORDS(events),
	[WORDS_FACILITY]	= WORDS(facilities),
	[WORDS_PROTO]		= WORDS(protos),
	[WORDS_DECAP]		= WORDS(decaps),
	[WORDS_HEADER]		= WORDS(headers)
};

const char *
conf_word(enum conf_words w, unsigned value)
{
	return value < words[w].n ? words[w].v[value] : NULL;
}

int
conf_word_find(enum conf_words w, const char *text)
{
	size_t	 i;

	for (i = 0; i < words[w].n; i++)
		if (strcmp(words[w].v[i], text) == 0)
			return (int)i;
	return -1;
}

static const char *
word_or(enum conf_words w, unsigned value)
{
	const char	*s;

	return (s = conf_word(w, value)) == NULL ? "unknown" : s;
}

unsigned
conf_facility(const char *name)
{
	int	 i = conf_word_find(WORDS_FACILITY, name);

	return facility_numbers[i == -1 ? 0 : i];
}

const char *
conf_metric_name(enum conf_metric v)
{
	return word_or(WORDS_METRIC, v);
}

const char *
conf_op_name(enum conf_op v)
{
	return word_or(WORDS_OP, v);
}

const char *
conf_key_name(enum conf_key v)
{
	return word_or(WORDS_KEY, v);
}

const char *
conf_severity_name(enum conf_severity v)
{
	return word_or(WORDS_SEVERITY, v);
}

const char *
conf_dir_name(enum conf_dir v)
{
	return word_or(WORDS_DIR, v);
}

const char *
conf_record_name(enum conf_record v)
{
	return word_or(WORDS_RECORD, v);
}

const char *
conf_log_format_name(enum conf_log_format v)
{
	return word_or(WORDS_LOG_FORMAT, v);
}

bool
conf_metric_counts(unsigned metric)
{
	return metric <= METRIC_RETRANSMITS || metric == METRIC_DROPS ||
	    metric == METRIC_NEW;
}

bool
conf_metric_bytes(unsigned metric)
{
	return metric == METRIC_BYTES || metric == METRIC_TRAFFIC;
}

bool
conf_metric_times(unsigned metric)
{
	return metric == METRIC_RESPONSE_TIME || metric == METRIC_CONNECT_TIME;
}

bool
conf_metric_parts(unsigned metric)
{
	return metric == METRIC_RATIO || metric == METRIC_COMPLETENESS;
}

#define K(key)		(1U << KEY_##key)
#define K_FLOW		(K(INTERFACE) | K(VLAN) | K(CLIENT) | K(SERVER))
#define K_HTTP		(K_FLOW | K(HOST) | K(SECTION) | K(TAG) | K(SERVICE))
static const uint16_t metric_keys[METRIC_MAX] = {
	[METRIC_MESSAGES]	= K_HTTP | K(STATUS),
	[METRIC_REQUESTS]	= K_HTTP,
	[METRIC_RESPONSES]	= K_HTTP | K(STATUS),
	[METRIC_BYTES]		= K(INTERFACE),
	[METRIC_PACKETS]	= K(INTERFACE),
	[METRIC_TRAFFIC]	= K(CLIENT) | K(SERVER),
	[METRIC_CONNECTIONS]	= K_FLOW,
	[METRIC_HANDSHAKES]	= K_FLOW | K(SNI) | K(SERVICE),
	[METRIC_ERRORS]		= K_HTTP | K(STATUS),
	[METRIC_RESPONSE_TIME]	= K_HTTP | K(STATUS),
	[METRIC_CONNECT_TIME]	= K_FLOW,
	[METRIC_RETRANSMITS]	= K(INTERFACE),
	[METRIC_DROPS]		= K(INTERFACE),
	[METRIC_NEW]		= K_HTTP | K(SNI)
};

bool
conf_metric_has(unsigned metric, unsigned key)
{
	return key == KEY_NONE || (metric < METRIC_MAX &&
	    metric_keys[metric] & 1U << key);
}

bool
conf_metric_has_method(unsigned metric)
{
	return metric == METRIC_REQUESTS || metric == METRIC_MESSAGES;
}

void
conf_select_known(struct conf_select *s, unsigned metric)
{
	if (!conf_metric_has(metric, KEY_STATUS))
		memset(&s->status, 0, sizeof(s->status));
	if (!conf_metric_has_method(metric))
		s->method[0] = '\0';
}

struct conf *
conf_new(void)
{
	struct conf	*c;
	size_t		 i;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	compat_strlcpy(c->user, CONF_USER, sizeof(c->user));
	compat_strlcpy(c->socket, CONF_SOCKET, sizeof(c->socket));
	compat_strlcpy(c->facility, "daemon", sizeof(c->facility));
	c->memory_limit = 256 * MIB;
	c->window_us = 10 * SECOND;
	c->ring_total = 64 * MIB;
	c->privacy.clients = CONF_CLIENTS_FULL;
	c->privacy.prefix4 = 24;
	c->privacy.prefix6 = 48;
	c->privacy.query = CONF_QUERY_NONE;
	for (i = 0; i < nitems(headers); i++)
		compat_strlcpy(c->privacy.headers[i], headers[i],
		    sizeof(c->privacy.headers[i]));
	c->privacy.nheaders = nitems(headers);
	c->stats.section_depth = 1;
	c->stats.top_hosts = 10;
	c->stats.max_hosts = 4096;
	c->stats.max_sections = 64;
	c->stats.max_clients = 4096;
	c->stats.max_talkers = 4096;
	c->stats.max_names = 4096;
	c->stats.transactions = 256 * 1024;
	return c;
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	free(c->interfaces);
	free(c->services);
	free(c->rules);
	free(c->alerts);
	free(c->mirrors);
	free(c->logs);
	free(c);
}

/* One more zeroed entry of size bytes behind the n there are. */
static void *
grow(void *old, size_t n, size_t size, void **entry)
{
	uint8_t	*p;

	*entry = NULL;
	if (n >= CONF_LIST_MAX || (p = realloc(old, (n + 1) * size)) == NULL)
		return old;
	*entry = p + n * size;
	memset(*entry, 0, size);
	return p;
}

#define ADD(type, array, count)						\
struct conf_##type *							\
conf_add_##type(struct conf *c)						\
{									\
	void	*entry;							\
									\
	c->array = grow(c->array, c->count, sizeof(*c->array), &entry);	\
	if (entry != NULL)						\
		c->count++;						\
	return entry;							\
}
ADD(interface, interfaces, ninterfaces)
ADD(service, services, nservices)
ADD(rule, rules, nrules)
ADD(alert, alerts, nalerts)
ADD(mirror, mirrors, nmirrors)
ADD(log, logs, nlogs)
#undef ADD

void
conf_alert_defaults(struct conf_alert *a)
{
	memset(a, 0, sizeof(*a));
	a->metric = METRIC_MESSAGES;
	a->op = OP_GE;
	a->severity = SEV_WARNING;
	a->max_keys = 256;
	a->at_least_metric = METRIC_REQUESTS;
}

void
conf_mirror_defaults(struct conf_mirror *m)
{
	static const char *const strip[] = {
		"authorization", "cookie", "set-cookie", "proxy-authorization"
	};
	size_t	 i;

	memset(m, 0, sizeof(*m));
	m->forward_dir = DIR_REQUESTS;
	m->timeout_us = 5 * SECOND;
	m->queue = 4 * MIB;
	m->reconnect_min_us = SECOND / 10;
	m->reconnect_max_us = 5 * SECOND;
	m->format = RECORD_GOGETWAY;
	m->record_dir = DIR_REQUESTS;
	for (i = 0; i < nitems(strip); i++)
		compat_strlcpy(m->strip[i], strip[i], sizeof(m->strip[i]));
	m->nstrip = nitems(strip);
	m->hook_timeout_us = 2 * SECOND;
	m->mode = 0600;
	m->sample = SAMPLE_NONE;
	m->sample_part = 1.0;
}

void
conf_log_defaults(struct conf_log *l)
{
	memset(l, 0, sizeof(*l));
	l->format = LOG_EVE;
	l->types = CONF_EV_ALL;
	l->extras = true;
	l->mode = 0640;
}

void
conf_history_defaults(struct conf_log *l)
{
	conf_log_defaults(l);
	l->format = LOG_HISTORY;
	l->types = CONF_EV_HISTORY;
	l->every_us = 60 * SECOND;
}

void
conf_evidence_defaults(struct conf_log *l)
{
	conf_log_defaults(l);
	l->format = LOG_EVIDENCE;
	l->types = CONF_EV_EVIDENCE;
}

bool
conf_keeps_evidence(const struct conf *c)
{
	size_t	 i;

	for (i = 0; i < c->nlogs; i++)
		if (c->logs[i].format == LOG_EVIDENCE)
			return true;
	return false;
}

int
conf_finish(struct conf *c)
{
	struct conf_alert	*a;

	if (c->nalerts > 0)
		return 0;
	if ((a = conf_add_alert(c)) == NULL)
		return -1;
	conf_alert_defaults(a);
	compat_strlcpy(a->name, "high-traffic", sizeof(a->name));
	a->value = 7000;
	a->span_us = 120 * SECOND;
	return 0;
}

uint64_t
conf_mirror_memory(const struct conf *c)
{
	return c->memory_limit / (c->nmirrors > 0 ? 4 : 16);
}

uint64_t
conf_analyzer_memory(const struct conf *c)
{
	return c->memory_limit - conf_mirror_memory(c);
}

bool
conf_is_target(const struct conf *c, const struct endpoint *e)
{
	size_t	 i;

	for (i = 0; i < c->nmirrors; i++)
		if (c->mirrors[i].has_forward &&
		    endpoint_cmp(&c->mirrors[i].target, e) == 0)
			return true;
	return false;
}

bool
conf_ports_has(const struct conf_ports *p, uint16_t port)
{
	size_t	 i;

	for (i = 0; i < p->n; i++)
		if (port >= p->range[i].lo && port <= p->range[i].hi)
			return true;
	return p->n == 0;
}

/*
 * The set that begins behind a '[': whether c is in it (only when it is
 * whole), and its end through *end, NULL when it has none. As in fnmatch(3)
 * a ']' right at the start is a member.
 */
static bool
in_set(const char *s, unsigned char c, const char **end)
{
	const char	*first;
	unsigned char	 lo, hi;
	bool		 in = false, no = false;

	if (*s == '!' || *s == '^') {
		no = true;
		s++;
	}
	for (first = s; *s != '\0' && (*s != ']' || s == first); s++) {
		lo = hi = (unsigned char)*s;
		if (s[1] == '-' && s[2] != ']' && s[2] != '\0') {
			hi = (unsigned char)s[2];
			s += 2;
		}
		if (c >= lo && c <= hi)
			in = true;
	}
	*end = *s == ']' ? s + 1 : NULL;
	return in != no;
}

/* One step of a glob over one byte; the rest of the glob or NULL. */
static const char *
glob_step(const char *g, unsigned char c)
{
	const char	*end;
	bool		 in;

	if (*g == '?')
		return g + 1;
	if (*g == '[') {
		in = in_set(g + 1, c, &end);
		return in ? end : NULL;
	}
	return (unsigned char)*g == c ? g + 1 : NULL;
}

bool
conf_glob(const char *glob, const char *text, size_t len)
{
	const char	*star = NULL, *next;
	size_t		 at = 0, back = 0;

	/* Only the last star can need another try: no recursion. */
	for (;;) {
		if (*glob == '*') {
			star = ++glob;
			back = at;
			continue;
		}
		if (at == len && *glob == '\0')
			return true;
		if (at < len && *glob != '\0' && (next = glob_step(glob,
		    (unsigned char)text[at])) != NULL) {
			glob = next;
			at++;
			continue;
		}
		if (star == NULL || back >= len)
			return false;
		glob = star;
		at = ++back;
	}
}
