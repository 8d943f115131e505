/*
 * view_metrics: OpenMetrics 1.0 and the older text format 0.0.4 out of the
 * rows of SHOW_METRICS. Families that are one field of one kind are rows of
 * a table here; every tally becomes a family by itself. Label values are
 * closed sets, except host, which the daemon caps.
 */
#include <inttypes.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/tally.h"
#include "ui/fmt.h"
#include "ui/view.h"

#define PREFIX		"netmond_"
#define LABELS_MAX	2

enum type { GAUGE, COUNTER, HISTOGRAM, STATESET };

struct metrics {
	struct out	*o;
	const struct doc *d;
	bool		 open;		/* OpenMetrics */
};

struct family {
	const char	*name;		/* after the prefix, before _total */
	enum type	 type;
	const char	*unit;		/* NULL for none */
	const char	*help;
};

/* One field of one kind; neighbours of one name make one family. */
struct source {
	struct family	 f;
	enum row_kind	 kind;
	const char	*key;
	struct {
		const char	*name;
		const char	*key;
	}		 label[LABELS_MAX];
	const char	*constant;	/* reason="kernel" */
};

#define IFACE	ROW_INTERFACE
#define BY_IFACE	{ { "interface", "name" } }
#define BY_MIRROR	{ { "mirror", "mirror" } }
#define BY_POOL		{ { "process", "process" }, { "pool", "pool" } }

static const struct source sources[] = {
	{ { "capture_packets", COUNTER, NULL,
	    "frames accepted from the kernel" },
	    IFACE, "packets_total", BY_IFACE, NULL },
	{ { "capture_bytes", COUNTER, "bytes", "their bytes on the wire" },
	    IFACE, "wire_bytes_total", BY_IFACE, NULL },
	/* Of all: what goes with a process has no interface any more. */
	{ { "capture_lost_packets", COUNTER, NULL,
	    "frames not analysed, by reason" },
	    ROW_COMPLETE, "queue_drops", { { NULL, NULL } },
	    "interface=\"\",reason=\"queue\"" },
	{ { "capture_lost_packets", COUNTER, NULL, NULL },
	    ROW_COMPLETE, "shed", { { NULL, NULL } },
	    "interface=\"\",reason=\"memory\"" },
	{ { "capture_lost_packets", COUNTER, NULL, NULL },
	    ROW_COMPLETE, "unopened", { { NULL, NULL } },
	    "interface=\"\",reason=\"unopened\"" },
	{ { "capture_lost_packets", COUNTER, NULL,
	    "frames not analysed, by reason" },
	    IFACE, "kernel_drops", BY_IFACE, "reason=\"kernel\"" },
	{ { "capture_lost_packets", COUNTER, NULL, NULL },
	    IFACE, "truncated", BY_IFACE, "reason=\"truncated\"" },
	{ { "tcp_gap_bytes", COUNTER, "bytes",
	    "bytes of streams that were never seen" },
	    IFACE, "gap_bytes", BY_IFACE, NULL },
	{ { "complete_ratio", GAUGE, "ratio",
	    "share of the traffic that was analysed, since the start" },
	    IFACE, "complete_ratio", BY_IFACE, NULL },
	{ { "overall_complete_ratio", GAUGE, "ratio",
	    "the same over all interfaces" },
	    ROW_COMPLETE, "ratio", { { NULL, NULL } }, NULL },
	{ { "unwatched_seconds", COUNTER, "seconds",
	    "time during which nobody captured or analysed" },
	    ROW_COMPLETE, "unwatched_seconds", { { NULL, NULL } }, NULL },
	{ { "http_requests", COUNTER, NULL,
	    "requests by host and method; other sums the rest" },
	    ROW_HOST_REQUESTS, "count", { { "host", "host" },
	    { "method", "method" } }, NULL },
	{ { "http_responses", COUNTER, NULL,
	    "responses by host and class of status; other sums the rest" },
	    ROW_HOST_RESPONSES, "count", { { "host", "host" },
	    { "class", "class" } }, NULL },
	{ { "mirror_connections", COUNTER, NULL, "connections mirrored" },
	    ROW_MIRROR, "connections", BY_MIRROR, NULL },
	{ { "mirror_sent_bytes", COUNTER, "bytes", "bytes forwarded" },
	    ROW_MIRROR, "sent_bytes", BY_MIRROR, NULL },
	{ { "mirror_recorded_bytes", COUNTER, "bytes", "bytes recorded" },
	    ROW_MIRROR, "recorded_bytes", BY_MIRROR, NULL },
	{ { "mirror_lost_connections", COUNTER, NULL,
	    "connections not mirrored in full" },
	    ROW_MIRROR, "dropped_connections", BY_MIRROR, NULL },
	{ { "mirror_lost_bytes", COUNTER, "bytes", "their bytes" },
	    ROW_MIRROR, "dropped_bytes", BY_MIRROR, NULL },
	{ { "mirror_ignored_requests", COUNTER, NULL,
	    "requests that rules leave out" },
	    ROW_MIRROR, "ignored_requests", BY_MIRROR, NULL },
	{ { "mirror_ignored_bytes", COUNTER, "bytes", "their bytes" },
	    ROW_MIRROR, "ignored_bytes", BY_MIRROR, NULL },
	{ { "mirror_unjudged_requests", COUNTER, NULL,
	    "requests that rules cannot judge" },
	    ROW_MIRROR, "unjudged_requests", BY_MIRROR, NULL },
	{ { "mirror_unjudged_bytes", COUNTER, "bytes",
	    "their bytes, and those of what is no request" },
	    ROW_MIRROR, "unjudged_bytes", BY_MIRROR, NULL },
	{ { "mirror_compared_answers", COUNTER, NULL,
	    "answers of the target set against the service's, by result" },
	    ROW_MIRROR, "same", BY_MIRROR, "result=\"same\"" },
	{ { "mirror_compared_answers", COUNTER, NULL, NULL },
	    ROW_MIRROR, "status_differs", BY_MIRROR, "result=\"status\"" },
	{ { "mirror_compared_answers", COUNTER, NULL, NULL },
	    ROW_MIRROR, "length_differs", BY_MIRROR, "result=\"length\"" },
	{ { "mirror_slower_answers", COUNTER, NULL,
	    "compared answers that the target took much longer for" },
	    ROW_MIRROR, "slower", BY_MIRROR, NULL },
	{ { "mirror_not_compared", COUNTER, NULL,
	    "requests whose answers could not be compared" },
	    ROW_MIRROR, "not_compared", BY_MIRROR, NULL },
	{ { "mirror_errors", COUNTER, NULL, "errors of hooks and sinks" },
	    ROW_MIRROR, "errors", BY_MIRROR, NULL },
	{ { "mirror_queue_bytes", GAUGE, "bytes", "bytes that wait" },
	    ROW_MIRROR, "queue_bytes", BY_MIRROR, NULL },
	{ { "memory_bytes", GAUGE, "bytes", "memory in use, by pool" },
	    ROW_MEMORY, "used_bytes", BY_POOL, NULL },
	{ { "memory_limit_bytes", GAUGE, "bytes",
	    "ceiling of a pool; 0 for none of its own" },
	    ROW_MEMORY, "limit_bytes", BY_POOL, NULL },
	{ { "memory_refused", COUNTER, NULL,
	    "allocations refused at a ceiling" },
	    ROW_MEMORY, "refused", BY_POOL, NULL },
	{ { "process_restarts", COUNTER, NULL, "times a role was replaced" },
	    ROW_PROCESS, "restarts", { { "process", "process" } }, NULL },
	{ { "process_lost_seconds", COUNTER, "seconds",
	    "time without this role" },
	    ROW_PROCESS, "lost_seconds", { { "process", "process" } },
	    NULL },
};

static void
head(struct metrics *m, const struct family *f)
{
	static const char *const types[][2] = {
		[GAUGE]		= { "gauge", "gauge" },
		[COUNTER]	= { "counter", "counter" },
		[HISTOGRAM]	= { "histogram", "histogram" },
		[STATESET]	= { "gauge", "stateset" },
	};
	/* 0.0.4 names the sample, OpenMetrics the family. */
	const char	*suffix = !m->open && f->type == COUNTER ? "_total" :
			    "";

	out_printf(m->o, "# TYPE %s%s%s %s\n", PREFIX, f->name, suffix,
	    types[f->type][m->open]);
	if (m->open && f->unit != NULL)
		out_printf(m->o, "# UNIT %s%s %s\n", PREFIX, f->name,
		    f->unit);
	out_printf(m->o, "# HELP %s%s%s %s\n", PREFIX, f->name, suffix,
	    f->help);
}

static void
name(struct metrics *m, const struct family *f, const char *suffix)
{
	out_printf(m->o, "%s%s%s", PREFIX, f->name, suffix);
}

/* sep is '{' before the first label; returns what comes before the next. */
static char
label(struct metrics *m, char sep, const char *key, const char *p, size_t n)
{
	out_printf(m->o, "%c%s=\"", sep, key);
	out_vis(m->o, VIS_LABEL, p, n);
	out_char(m->o, '"', 1);
	return ',';
}

static void
value(struct metrics *m, char sep, const struct row_value *v)
{
	char	 b[FMT_MAX];

	if (sep == ',')
		out_char(m->o, '}', 1);
	if (v->type == ROW_U64)
		out_printf(m->o, " %" PRIu64 "\n", v->u);
	else
		out_printf(m->o, " %s\n", fmt_double(b, fmt_number(v)));
}

static void
value_u64(struct metrics *m, char sep, uint64_t u)
{
	struct row_value	 v = { .type = ROW_U64, .u = u };

	value(m, sep, &v);
}

static void
source_row(struct metrics *m, const struct source *s, const struct row *r)
{
	const struct row_value	*v = row_value(r, s->key);
	const char		*p;
	char			 sep = '{';
	size_t			 i, n;

	if (v == NULL)
		return;
	name(m, &s->f, s->f.type == COUNTER ? "_total" : "");
	for (i = 0; i < LABELS_MAX && s->label[i].name != NULL; i++) {
		p = doc_text(r, s->label[i].key, &n);
		sep = label(m, sep, s->label[i].name, p, n);
	}
	if (s->constant != NULL) {
		out_printf(m->o, "%c%s", sep, s->constant);
		sep = ',';
	}
	value(m, sep, v);
}

static void
put_sources(struct metrics *m)
{
	const struct doc	*d = m->d;
	const struct source	*s;
	struct row		 r;
	const char		*last = "";
	size_t			 i, k;

	for (k = 0; k < nitems(sources); k++) {
		s = &sources[k];
		i = doc_next(d, 0, d->n, s->kind, 0);
		if (i < d->n && strcmp(last, s->f.name) != 0) {
			/* A family that only has other rows is not begun. */
			if (s->f.help == NULL)
				continue;
			head(m, &s->f);
			last = s->f.name;
		}
		for (; i < d->n; i = doc_next(d, i + 1, d->n, s->kind, 0)) {
			doc_get(d, i, &r);
			source_row(m, s, &r);
			if (view_single(s->kind))
				break;
		}
	}
}

static void
put_daemon(struct metrics *m, double seconds)
{
	static const struct family start = { "start_time_seconds", GAUGE,
	    "seconds", "when the daemon started" };
	static const struct family scrape = { "scrape_seconds", GAUGE,
	    "seconds", "time needed to collect this text" };
	struct row_value v = { .type = ROW_DOUBLE };
	struct row	 r;
	const char	*p, *dot;
	char		 sep;
	size_t		 n, node;

	if (doc_find(m->d, ROW_DAEMON, &r) != -1) {
		/* The family has the name of the program, without more. */
		out_printf(m->o, "# TYPE netmond%s\n# HELP netmond%s build "
		    "and host of this daemon\nnetmond_info",
		    m->open ? " info" : "_info gauge",
		    m->open ? "" : "_info");
		p = doc_text(&r, "version", &n);
		sep = label(m, '{', "version", p, n);
		p = doc_text(&r, "hostname", &n);
		dot = n > 0 ? memchr(p, '.', n) : NULL;
		node = dot == NULL ? n : (size_t)(dot - p);
		sep = label(m, sep, "nodename", p, node);
		sep = label(m, sep, "domainname", dot == NULL ? "" : dot + 1,
		    dot == NULL ? 0 : n - node - 1);
		sep = label(m, sep, "format", "1", 1);
		value_u64(m, sep, 1);
		head(m, &start);
		name(m, &start, "");
		v.d = (double)(doc_u64(&r, "start_time") / 1000) / 1000;
		value(m, '{', &v);
	}
	if (seconds <= 0)
		return;
	head(m, &scrape);
	name(m, &scrape, "");
	v.d = seconds;
	value(m, '{', &v);
}

/* 1 while a thing is in its good state. */
static void
put_states(struct metrics *m)
{
	static const struct {
		struct family	 f;
		enum row_kind	 kind;
		const char	*label;
		const char	*key;
		const char	*good;
	} table[] = {
		{ { "interface_up", GAUGE, NULL, "1 while it is captured" },
		    ROW_INTERFACE, "interface", "name", "up" },
		{ { "process_ready", GAUGE, NULL, "1 while the role works" },
		    ROW_PROCESS, "process", "process", "ready" },
		{ { "mirror_up", GAUGE, NULL, "1 while its state is up" },
		    ROW_MIRROR, "mirror", "mirror", "up" },
	};
	const struct doc	*d = m->d;
	struct row		 r;
	const char		*p;
	size_t			 i, k, n;

	for (k = 0; k < nitems(table); k++) {
		if (doc_find(d, table[k].kind, NULL) == -1)
			continue;
		head(m, &table[k].f);
		for (i = doc_next(d, 0, d->n, table[k].kind, 0); i < d->n;
		    i = doc_next(d, i + 1, d->n, table[k].kind, 0)) {
			doc_get(d, i, &r);
			p = doc_text(&r, table[k].key, &n);
			name(m, &table[k].f, "");
			value_u64(m, label(m, '{', table[k].label, p, n),
			    doc_is(&r, "state", table[k].good));
		}
	}
}

/* The same numbers with more labels. */
static bool
is_source(const char *family)
{
	size_t	 i;

	for (i = 0; i < nitems(sources); i++)
		if (strcmp(sources[i].f.name, family) == 0)
			return true;
	return false;
}

static void
put_tally(struct metrics *m, enum tally_id id)
{
	const struct doc	*d = m->d;
	struct family		 f = { NULL, GAUGE, NULL, NULL };
	struct row		 r;
	char			 tally[TALLY_NAME_MAX];
	const char		*p;
	size_t			 i, len, n;
	bool			 begun = false;

	f.name = tally_name(id, tally);
	if (is_source(f.name))
		return;
	f.help = tally_help(id);
	if (tally_kind(id) == TALLY_KIND_COUNTER)
		f.type = COUNTER;
	len = strlen(tally);
	if (len > 6 && strcmp(tally + len - 6, "_bytes") == 0)
		f.unit = "bytes";
	for (i = doc_next(d, 0, d->n, ROW_TALLY, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_TALLY, 0)) {
		doc_get(d, i, &r);
		if (!doc_is(&r, "name", tally))
			continue;
		if (!begun)
			head(m, &f);
		begun = true;
		p = doc_text(&r, "process", &n);
		name(m, &f, f.type == COUNTER ? "_total" : "");
		value(m, n == 0 ? '{' : label(m, '{', "process", p, n),
		    row_value(&r, "value"));
	}
}

/* Buckets come one by one; le 0 is the last, without an upper end. */
static void
put_buckets(struct metrics *m)
{
	static const struct family f = { "http_response_seconds", HISTOGRAM,
	    "seconds", "request head to response head; the sum is estimated "
	    "from the upper ends of the buckets" };
	const struct doc	*d = m->d;
	struct row		 r;
	char			 le[FMT_MAX];
	uint64_t		 sum = 0;
	double			 seconds = 0, last = 0;
	size_t			 i;

	if (doc_find(d, ROW_BUCKET, NULL) == -1)
		return;
	head(m, &f);
	for (i = doc_next(d, 0, d->n, ROW_BUCKET, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_BUCKET, 0)) {
		doc_get(d, i, &r);
		sum += doc_u64(&r, "count");
		if (doc_num(&r, "le_seconds") > 0)
			last = doc_num(&r, "le_seconds");
		seconds += last * doc_num(&r, "count");
		if (doc_num(&r, "le_seconds") == 0)
			continue;
		fmt_double(le, last);
		name(m, &f, "_bucket");
		out_printf(m->o, "{le=\"%s%s\"} %" PRIu64 "\n", le,
		    strpbrk(le, ".e") == NULL ? ".0" : "", sum);
	}
	name(m, &f, "_bucket");
	out_printf(m->o, "{le=\"+Inf\"} %" PRIu64 "\n", sum);
	name(m, &f, "_sum");
	out_printf(m->o, " %s\n", fmt_double(le, seconds));
	name(m, &f, "_count");
	out_printf(m->o, " %" PRIu64 "\n", sum);
}

static const char *const alert_states[] = { "ok", "pending", "clearing",
    "firing", "unknown" };

/*
 * Keys of a rule come from the wire: a rule is as bad as its worst key. Each
 * row carries how often the whole rule has fired.
 */
static size_t
worst_state(const struct doc *d, const struct row *rule, uint64_t *fired)
{
	struct row	 r;
	const char	*p, *q;
	size_t		 i, n, k, s, worst = 0;

	*fired = 0;
	p = doc_text(rule, "rule", &n);
	for (i = doc_next(d, 0, d->n, ROW_ALERT, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_ALERT, 0)) {
		doc_get(d, i, &r);
		q = doc_text(&r, "rule", &k);
		if (k != n || memcmp(p, q, n) != 0)
			continue;
		if (doc_u64(&r, "fired_total") > *fired)
			*fired = doc_u64(&r, "fired_total");
		for (s = worst + 1; s < nitems(alert_states); s++)
			if (doc_is(&r, "state", alert_states[s]))
				worst = s;
	}
	return worst;
}

/* Whether an earlier row has the same rule. */
static bool
seen_rule(const struct doc *d, size_t at, const struct row *rule)
{
	struct row	 r;
	const char	*p, *q;
	size_t		 i, n, k;

	p = doc_text(rule, "rule", &n);
	for (i = doc_next(d, 0, at, ROW_ALERT, 0); i < at;
	    i = doc_next(d, i + 1, at, ROW_ALERT, 0)) {
		doc_get(d, i, &r);
		q = doc_text(&r, "rule", &k);
		if (k == n && memcmp(p, q, n) == 0)
			return true;
	}
	return false;
}

static void
put_alerts(struct metrics *m, bool states)
{
	static const struct family state = { "alert_state", STATESET, NULL,
	    "state of each rule" };
	static const struct family fired = { "alerts", COUNTER, NULL,
	    "alert events by rule" };
	const struct doc	*d = m->d;
	struct row		 r;
	const char		*p;
	uint64_t		 times;
	size_t			 i, n, s, worst;
	char			 sep;

	if (doc_find(d, ROW_ALERT, NULL) == -1)
		return;
	head(m, states ? &state : &fired);
	for (i = doc_next(d, 0, d->n, ROW_ALERT, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_ALERT, 0)) {
		doc_get(d, i, &r);
		if (seen_rule(d, i, &r))
			continue;
		worst = worst_state(d, &r, &times);
		p = doc_text(&r, "rule", &n);
		for (s = 0; states && s < nitems(alert_states); s++) {
			name(m, &state, "");
			sep = label(m, '{', "rule", p, n);
			sep = label(m, sep, m->open ? "netmond_alert_state" :
			    "state", alert_states[s], strlen(alert_states[s]));
			value_u64(m, sep, s == worst);
		}
		if (states)
			continue;
		name(m, &fired, "_total");
		sep = label(m, '{', "rule", p, n);
		value_u64(m, label(m, sep, "event", "fired", 5), times);
	}
}

void
view_metrics(struct out *o, const struct doc *d, enum metrics_dialect dialect,
    double seconds)
{
	struct metrics	 m = { o, d, dialect == METRICS_OPENMETRICS };
	int		 id;

	put_daemon(&m, seconds);
	put_states(&m);
	put_sources(&m);
	put_buckets(&m);
	put_alerts(&m, true);
	put_alerts(&m, false);
	for (id = 0; id < TALLY_MAX; id++)
		put_tally(&m, (enum tally_id)id);
	if (m.open)
		out_str(o, "# EOF\n");
}
