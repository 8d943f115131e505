#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/mem.h"
#include "ui/fmt.h"
#include "ui/view.h"

#define FOLD_INDENT	2

#define KINDS(...)	.kinds = { __VA_ARGS__ },			\
	.nkinds = sizeof((enum row_kind[]){ __VA_ARGS__ }) /		\
	    sizeof(enum row_kind)
#define SUBJECT(s, n)	[SHOW_##s] = { .subject = SHOW_##s, .name = n
#define TRAFFIC		.traffic = true
#define NESTED		.nested = true

static const struct view_subject subjects[SHOW_SUBJECTS] = {
	SUBJECT(SUMMARY, "summary"), TRAFFIC, KINDS(ROW_DAEMON,
	    ROW_COMPLETE, ROW_SUMMARY, ROW_ADVICE, ROW_ALERT, ROW_HOST,
	    ROW_MEMORY) },
	SUBJECT(HOSTS, "hosts"), TRAFFIC, KINDS(ROW_COMPLETE, ROW_HOST,
	    ROW_OTHER) },
	SUBJECT(HOST, "host"), TRAFFIC, NESTED, KINDS(ROW_COMPLETE,
	    ROW_HOST) },
	SUBJECT(SECTIONS, "sections"), TRAFFIC, KINDS(ROW_COMPLETE,
	    ROW_SECTION, ROW_OTHER) },
	SUBJECT(METHODS, "methods"), TRAFFIC, KINDS(ROW_COMPLETE,
	    ROW_METHOD, ROW_OTHER) },
	SUBJECT(STATUS, "status"), TRAFFIC, KINDS(ROW_COMPLETE, ROW_STATUS,
	    ROW_OTHER) },
	SUBJECT(CLIENTS, "clients"), TRAFFIC, KINDS(ROW_COMPLETE,
	    ROW_CLIENT, ROW_OTHER) },
	SUBJECT(TALKERS, "talkers"), TRAFFIC, KINDS(ROW_COMPLETE,
	    ROW_TALKER, ROW_OTHER) },
	SUBJECT(SITES, "sites"), TRAFFIC, KINDS(ROW_COMPLETE,
	    ROW_SITE, ROW_OTHER) },
	SUBJECT(NAMES, "names"), TRAFFIC, NESTED, KINDS(ROW_COMPLETE,
	    ROW_NAME, ROW_OTHER) },
	SUBJECT(FLOWS, "flows"), TRAFFIC, NESTED, KINDS(ROW_COMPLETE,
	    ROW_FLOW, ROW_OTHER) },
	SUBJECT(INTERFACES, "interfaces"), TRAFFIC, KINDS(ROW_COMPLETE,
	    ROW_INTERFACE) },
	SUBJECT(CAPTURE, "capture"), KINDS(ROW_COMPLETE, ROW_CAPTURE,
	    ROW_TUNNEL, ROW_ADVICE) },
	SUBJECT(ALERTS, "alerts"), KINDS(ROW_COMPLETE, ROW_ALERT) },
	SUBJECT(RULES, "rules"), KINDS(ROW_COMPLETE, ROW_RULE) },
	SUBJECT(MIRRORS, "mirrors"), NESTED, KINDS(ROW_COMPLETE,
	    ROW_MIRROR) },
	SUBJECT(ERRORS, "errors"), KINDS(ROW_COMPLETE, ROW_ERROR) },
	SUBJECT(MEMORY, "memory"), KINDS(ROW_COMPLETE, ROW_MEMORY) },
	SUBJECT(PROCESSES, "processes"), KINDS(ROW_COMPLETE, ROW_PROCESS) },
	SUBJECT(CONFIG, "config"), KINDS(ROW_TEXT) },
	SUBJECT(VERSION, "version"), KINDS(ROW_DAEMON) },
	SUBJECT(METRICS, "metrics"), KINDS(ROW_DAEMON, ROW_COMPLETE,
	    ROW_PROCESS, ROW_TALLY, ROW_INTERFACE, ROW_HOST_REQUESTS,
	    ROW_HOST_RESPONSES, ROW_BUCKET, ROW_ALERT, ROW_MIRROR,
	    ROW_MEMORY) },
	SUBJECT(TALLY, "tally"), KINDS(ROW_COMPLETE, ROW_TALLY) },
	SUBJECT(TRANSACTIONS, "transactions"), TRAFFIC, KINDS(ROW_COMPLETE,
	    ROW_TRANSACTION) },
	SUBJECT(REPORT, "report"), TRAFFIC, KINDS(ROW_DAEMON, ROW_COMPLETE,
	    ROW_SUMMARY, ROW_INTERFACE, ROW_HOST, ROW_OTHER, ROW_METHOD,
	    ROW_STATUS, ROW_NAME, ROW_CAPTURE, ROW_ADVICE, ROW_TUNNEL,
	    ROW_ALERT, ROW_MIRROR, ROW_ERROR, ROW_MEMORY, ROW_CLIENT,
	    ROW_TALKER, ROW_SITE, ROW_BUCKET) },
	SUBJECT(WHY, "why"), KINDS(ROW_COMPLETE, ROW_TEXT) },
	SUBJECT(CHECK, "check"), KINDS(ROW_COMPLETE, ROW_ALERT) },
	SUBJECT(TOP, "top"), TRAFFIC, KINDS(ROW_DAEMON, ROW_COMPLETE,
	    ROW_SUMMARY, ROW_MEMORY, ROW_ALERT, ROW_INTERFACE, ROW_HOST,
	    ROW_OTHER, ROW_NAME, ROW_TALKER, ROW_MIRROR, ROW_MONITOR) },
};

const struct view_subject view_history = {
	.subject = SHOW_SUBJECTS, .name = "history", KINDS(ROW_PERIOD)
};

const struct view_subject view_compare = {
	.subject = SHOW_SUBJECTS, .name = "compare", KINDS(ROW_CHANGE)
};

const struct view_subject *
view_subject(enum show_subject s)
{
	return &subjects[s];
}

bool
view_single(enum row_kind kind)
{
	return kind == ROW_DAEMON || kind == ROW_COMPLETE ||
	    kind == ROW_SUMMARY || kind == ROW_CAPTURE;
}

bool
view_lossy(const struct doc *d)
{
	struct row	 r;

	return doc_find(d, ROW_COMPLETE, &r) != -1 && doc_bool(&r, "lossy");
}

size_t
view_width(const char *s)
{
	size_t		 left = strlen(s), used, width = 0;
	unsigned	 c;

	for (; left > 0; s += used, left -= used) {
		if ((used = vis_utf8(s, left, &c)) == 0) {
			used = 1;
			width++;
		} else
			width += (size_t)vis_width(c);
	}
	return width;
}

/*
 * Bytes of s that fill at most width columns; *taken gets the columns. A
 * character that would pass the end is left out whole.
 */
static size_t
prefix(const char *s, size_t n, size_t width, size_t *taken)
{
	size_t		 i, used, w;
	unsigned	 c;

	*taken = 0;
	for (i = 0; i < n; i += used) {
		if ((used = vis_utf8(s + i, n - i, &c)) == 0)
			used = w = 1;
		else
			w = (size_t)vis_width(c);
		if (*taken + w > width)
			break;
		*taken += w;
	}
	return i;
}

/* The first byte of the longest tail that fits into width columns. */
static const char *
suffix(const char *s, size_t n, size_t all, size_t width)
{
	size_t		 used, w;
	unsigned	 c;

	while (n > 0 && all > width) {
		if ((used = vis_utf8(s, n, &c)) == 0)
			used = w = 1;
		else
			w = (size_t)vis_width(c);
		s += used;
		n -= used;
		all -= w < all ? w : all;
	}
	return s;
}

void
view_cut(struct out *o, const char *s, size_t n, size_t width)
{
	struct out	 t;
	const char	*tail;
	size_t		 all, head, taken;

	out_init(&t);
	out_vis(&t, VIS_TERM, s, n);
	if (t.len == 0)
		goto done;
	all = view_width(t.p);
	if (width == 0 || all <= width) {
		out_put(o, t.p, t.len);
		goto done;
	}
	head = prefix(t.p, t.len, width / 2, &taken);
	tail = suffix(t.p, t.len, all, width - width / 2 - 1);
	out_put(o, t.p, head);
	out_char(o, '~', 1);
	out_str(o, tail);
 done:
	if (t.err)
		o->err = true;
	out_clear(&t);
}

/* Bytes of s before the last blank that is within width columns; or as fit. */
static size_t
break_at(const char *s, size_t n, size_t width)
{
	size_t	 fits, k, taken;

	fits = prefix(s, n, width, &taken);
	if (fits == n)
		return n;
	for (k = fits; k > 0 && s[k] != ' '; k--)
		continue;
	while (k > 0 && s[k - 1] == ' ')
		k--;
	return k > 0 ? k : fits > 0 ? fits : 1;
}

static void
fold_line(struct out *o, const char *s, size_t n, size_t width)
{
	size_t	 used, indent = 0;

	do {
		used = break_at(s, n, width > indent ? width - indent : 1);
		out_char(o, ' ', indent);
		out_put(o, s, used);
		out_char(o, '\n', 1);
		for (; used < n && s[used] == ' '; used++)
			continue;
		s += used;
		n -= used;
		indent = FOLD_INDENT;
	} while (n > 0);
}

void
view_fold(struct out *o, size_t from, size_t width)
{
	struct out	 t;
	const char	*s, *nl;

	if (width == 0 || o->err || o->len == from)
		return;
	out_init(&t);
	out_put(&t, o->p + from, o->len - from);
	out_cut(o, from);
	for (s = t.p; s != NULL && (nl = strchr(s, '\n')) != NULL; s = nl + 1)
		fold_line(o, s, (size_t)(nl - s), width);
	if (t.err)
		o->err = true;
	out_clear(&t);
}

bool
view_traffic(enum row_kind kind)
{
	return kind != ROW_ALERT && kind != ROW_MIRROR &&
	    kind != ROW_MIRROR_FILE && kind != ROW_COMPARED &&
	    kind != ROW_DIFFERENCE && kind != ROW_MEMORY;
}

bool
view_starred(const struct row_field *f)
{
	/* Losses themselves are not too low, nor what was not counted. */
	static const char *const exact[] = { "interfaces", "count_error",
	    "kernel_drops", "queue_drops", "truncated", "gap_bytes",
	    "ring_bytes" };
	size_t	 i;

	for (i = 0; i < nitems(exact); i++)
		if (strcmp(f->key, exact[i]) == 0)
			return false;
	return f->unit == ROW_UNIT_COUNT || f->unit == ROW_UNIT_BYTES ||
	    f->unit == ROW_UNIT_BPS || f->unit == ROW_UNIT_PER_SECOND;
}

void
view_cell(struct out *o, enum vis_form form, const struct row_field *f,
    const struct row_value *v, bool star)
{
	char	 b[FMT_MAX];

	if (v->type == ROW_STR) {
		out_vis(o, form, v->s.p, v->s.n);
		return;
	}
	out_str(o, fmt_value(b, f, v));
	if (star && view_starred(f))
		out_char(o, '*', 1);
}

static void
losses(struct out *o, const struct row *r)
{
	static const char *const keys[] = { "kernel_drops", "queue_drops",
	    "shed", "gap_bytes", "truncated_bytes", "unwatched_seconds",
	    "unopened" };
	static const char *const names[] = { "kernel drops", "queue drops",
	    "shed", "gaps", "truncated", "unwatched",
	    "on unopened interfaces" };
	const struct row_desc	*d = row_desc(ROW_COMPLETE);
	char			 b[FMT_MAX];
	const char		*comma = "";
	size_t			 i;
	int			 at;

	out_str(o, "* too low, something was missed: ");
	for (i = 0; i < nitems(keys); i++) {
		if (doc_num(r, keys[i]) == 0)
			continue;
		at = row_index(ROW_COMPLETE, keys[i]);
		out_printf(o, "%s%s %s", comma, names[i],
		    fmt_value(b, &d->fields[at], &r->v[at]));
		comma = ", ";
	}
	if (*comma == '\0')
		out_str(o, "see show capture");
	out_char(o, '\n', 1);
}

void
view_window(struct out *o, const struct row *r)
{
	char		 b[FMT_MAX];
	double		 asked = doc_num(r, "asked_seconds");
	double		 seconds = doc_num(r, "window_seconds");
	const char	*s;
	size_t		 n;

	s = doc_text(r, "window", &n);
	if (n == 5 && memcmp(s, "total", n) == 0)
		out_str(o, "since start");
	else if (n == 4 && memcmp(s, "last", n) == 0)
		/* Soon after the start it is shorter. */
		out_printf(o, "window %s",
		    fmt_span(b, seconds < asked ? seconds : asked));
	else {
		out_str(o, "window ");
		out_vis(o, VIS_TERM, s, n);
	}
}

void
view_complete(struct out *o, const struct doc *d)
{
	struct row	 r;
	char		 b[FMT_MAX];
	size_t		 n;

	if (doc_find(d, ROW_COMPLETE, &r) == -1)
		return;
	doc_text(&r, "window", &n);
	if (n > 0) {
		view_window(o, &r);
		out_str(o, "   ");
	}
	out_printf(o, "complete %s", fmt_ratio(b, doc_num(&r, "ratio")));
	if (doc_u64(&r, "time") != 0)
		out_printf(o, "   %s", fmt_time(b, doc_u64(&r, "time")));
	out_char(o, '\n', 1);
	if (doc_bool(&r, "lossy"))
		losses(o, &r);
}

/* What a summary without HTTP has instead, and what to ask then. */
static const char *
instead(const struct doc *d, const struct row *s, const char **ask)
{
	struct row	 c;
	double		 packets = doc_num(s, "packets_per_second");

	*ask = "why";
	if (doc_u64(s, "capture_away_time") != 0) {
		*ask = "show processes";
		return "capture is away";
	}
	if (doc_bool(s, "starting")) {
		*ask = "show processes";
		return "capture is starting";
	}
	if (doc_u64(s, "interfaces") == 0) {
		*ask = "show interfaces";
		return "no interface is open";
	}
	if (packets == 0 && doc_find(d, ROW_COMPLETE, &c) != -1 &&
	    doc_u64(&c, "kernel_drops") > 0) {
		*ask = "show capture";
		return "all packets were dropped";
	}
	if (packets == 0)
		return "no packets at all";
	if (doc_num(s, "quic_connections_per_second") > 0) {
		*ask = "show names";
		return doc_num(s, "tls_handshakes_per_second") > 0 ?
		    "no HTTP, only TLS and QUIC" : "no HTTP, only QUIC";
	}
	if (doc_num(s, "tls_handshakes_per_second") > 0) {
		*ask = "show names";
		return "no HTTP, only TLS";
	}
	return "packets, but no HTTP";
}

/* Whether a pool is the first of its process, whose pools share its limit. */
static bool
begins_process(const struct row *r, const struct row *last)
{
	const char	*a, *b;
	size_t		 an, bn;

	a = doc_text(r, "process", &an);
	b = doc_text(last, "process", &bn);
	return an != bn || memcmp(a, b, an) != 0;
}

void
view_memory(struct out *o, const struct doc *d)
{
	struct row	 r = { 0 }, last = { 0 };
	char		 b[FMT_MAX];
	double		 used = 0, limit = 0;
	size_t		 i, processes = 0;
	bool		 begins;

	for (i = doc_next(d, 0, d->n, ROW_MEMORY, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_MEMORY, 0), last = r) {
		doc_get(d, i, &r);
		used += doc_num(&r, "used_bytes");
		begins = processes == 0 || begins_process(&r, &last);
		processes += begins;
		/* What waits in queues has a limit of its own. */
		if (begins || doc_is(&r, "pool", mem_pool_name(MEM_QUEUES)))
			limit += doc_num(&r, "limit_bytes");
	}
	if (processes == 1) {
		view_cell(o, VIS_TERM, &row_desc(ROW_MEMORY)->fields[0],
		    &r.v[0], false);
		out_char(o, ' ', 1);
	}
	out_str(o, fmt_bytes(b, used));
	if (limit > 0)
		out_printf(o, " of %s", fmt_bytes(b, limit));
}

const char *
view_least(const struct row *r)
{
	return doc_bool(r, "at_least") ? "at least " : "";
}

bool
view_empty(struct out *o, const struct doc *d)
{
	struct row	 s, daemon;
	const char	*ask;

	if (doc_find(d, ROW_SUMMARY, &s) == -1 ||
	    doc_num(&s, "requests_per_second") > 0 ||
	    doc_num(&s, "responses_per_second") > 0)
		return false;
	/* Behind the report of a file is nobody who could be asked. */
	if (doc_find(d, ROW_DAEMON, &daemon) != -1 &&
	    doc_bool(&daemon, "offline")) {
		out_str(o, doc_num(&s, "packets_per_second") > 0 ?
		    instead(d, &s, &ask) : "no packets at all");
		return true;
	}
	out_str(o, instead(d, &s, &ask));
	out_printf(o, ", see netmonctl %s", ask);
	return true;
}
