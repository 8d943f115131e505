/* The first page of netmonctl top, part by part. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/compat.h"
#include "ui/fmt.h"
#include "ui/screen_top.h"
#include "ui/view.h"

#define MIDDLE_HEIGHT	30	/* from here on interfaces are shown */
#define FULL_HEIGHT	36	/* and sections, names, mirrors, events */
#define ALERTS_MAX	3
#define NAME_MIN	8	/* of a rule */
#define NAME_MAX	14
#define LOW_HEIGHT	20	/* below it one alert is shown */
#define INTERFACES_MAX	5
#define SECTIONS_MAX	5
#define NAMES_MAX	3
#define EVENTS_MAX	3

static const struct pen_column interface_columns[] = {
	{ "PPS",	7, 5, pen_rate,	   "packets_per_second" },
	{ "WIRE b/s",	9, 0, pen_bps,	   "wire_bits_per_second" },
	{ "HTTP r/s",	9, 4, pen_rate,  "requests_per_second" },
	{ "TLS h/s",	8, 3, pen_rate,  "handshakes_per_second" },
	{ "RTT ms",	7, 2, pen_ms,	   "rtt_seconds" },
	{ "RETX%",	6, 1, pen_percent, "retransmit_ratio" },
	{ "DROPS",	6, 0, pen_drops,  "kernel_drops" },
};
static const struct pen_column host_columns[] = {
	{ "REQ",	6, 0, pen_count,  "requests" },
	{ "R/S",	6, 0, pen_rate,  "requests_per_second" },
	{ "RESP",	6, 6, pen_count,  "responses" },
	{ "2xx",	5, 5, pen_count,  "status_2xx" },
	{ "3xx",	5, 4, pen_count,  "status_3xx" },
	{ "4xx",	5, 7, pen_count,  "status_4xx" },
	{ "5xx",	5, 0, pen_count,  "status_5xx" },
	{ "P50 ms",	7, 3, pen_ms,	   "response_p50_seconds" },
	{ "P95 ms",	7, 8, pen_ms,	   "response_p95_seconds" },
	{ "BODY",	6, 2, pen_bytes,  "response_body_bytes" },
	{ "CLIENTS",	7, 1, pen_count,  "clients" },
};
static const struct pen_column mirror_columns[] = {
	{ "SENT",	6, 0, pen_bytes,  "sent_bytes" },
	{ "DROP",	6, 0, pen_count,  "dropped_connections" },
	{ "QUEUE",	6, 0, pen_queue,  "queue_bytes" },
};

static size_t
count_state(const struct doc *d, const char *state)
{
	struct row	 r;
	size_t		 i, n = 0;

	for (i = doc_next(d, 0, d->n, ROW_ALERT, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_ALERT, 0)) {
		doc_get(d, i, &r);
		n += doc_is(&r, "state", state);
	}
	return n;
}

/* A rule has a row for each of its keys, one after the other. */
static size_t
count_rules(const struct doc *d)
{
	struct row	 r;
	const char	*t, *last = "";
	size_t		 i, k, n = 0, len = 0;

	for (i = doc_next(d, 0, d->n, ROW_ALERT, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_ALERT, 0)) {
		doc_get(d, i, &r);
		t = doc_text(&r, "rule", &k);
		n += k != len || memcmp(t, last, k) != 0;
		last = t;
		len = k;
	}
	return n;
}

static uint64_t
last_alert(const struct doc *d)
{
	struct row	 r;
	uint64_t	 last = 0;
	size_t		 i;

	for (i = doc_next(d, 0, d->n, ROW_ALERT_EVENT, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_ALERT_EVENT, 0)) {
		doc_get(d, i, &r);
		if (doc_u64(&r, "time") > last)
			last = doc_u64(&r, "time");
	}
	return last;
}

/* Those that are there, or that the configuration names. */
static size_t
count_interfaces(const struct doc *d)
{
	struct row	 r;
	size_t		 i, n = 0;

	for (i = doc_next(d, 0, d->n, ROW_INTERFACE, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_INTERFACE, 0)) {
		doc_get(d, i, &r);
		n += !doc_is(&r, "state", "gone") || !doc_is(&r, "error", "");
	}
	return n;
}

static void
draw_capture(struct pen *p)
{
	struct row	 c, s;
	struct out	 part;
	char		 pps[FMT_MAX], bps[FMT_MAX], b[FMT_MAX];
	const struct doc *d = p->d;
	size_t		 all = count_interfaces(d);
	bool		 complete = doc_find(d, ROW_COMPLETE, &c) != -1;

	out_init(&part);
	out_str(&p->line, "CAPTURE ");
	if (complete)
		out_printf(&p->line, " complete %s  ",
		    fmt_ratio(b, doc_num(&c, "ratio")));
	if (doc_find(d, ROW_SUMMARY, &s) != -1) {
		out_printf(&part, " %" PRIu64 " of %zu interfaces",
		    doc_u64(&s, "interfaces"), all);
		pen_part(p, &part);
		out_printf(&part, "   %spps%s   %sb/s%s",
		    fmt_si(pps, doc_num(&s, "packets_per_second")), p->star,
		    fmt_si(bps, doc_num(&s, "wire_bits_per_second")),
		    p->star);
		pen_part(p, &part);
	}
	if (complete) {
		out_printf(&part, "   drops %" PRIu64,
		    doc_u64(&c, "kernel_drops") + doc_u64(&c, "queue_drops"));
		pen_part(p, &part);
		out_printf(&part, "   gaps %s", fmt_bytes(b,
		    doc_num(&c, "gap_bytes")));
		pen_part(p, &part);
	}
	pen_end(p, *p->star != '\0' ? LOOK_LOSSY : LOOK_PLAIN);
}

static void
draw_memory(struct pen *p)
{
	const struct doc *d = p->d;
	struct row	 r;
	struct out	 part;

	out_str(&p->line, "MEMORY   ");
	view_memory(&p->line, d);
	out_init(&part);
	if (doc_find(d, ROW_SUMMARY, &r) != -1) {
		out_printf(&part, "   flows %" PRIu64, doc_u64(&r, "flows"));
		pen_part(p, &part);
		out_printf(&part, "   parse errors %" PRIu64, doc_u64(&r,
		    "parse_errors"));
		pen_part(p, &part);
	}
	if (doc_find(d, ROW_COMPLETE, &r) != -1) {
		out_printf(&part, "   shed %" PRIu64, doc_u64(&r, "shed"));
		pen_part(p, &part);
	}
	pen_end(p, LOOK_PLAIN);
}

/* What is said of a firing rule as far as there is room for it. */
static void
alert_more(struct pen *p, const struct row *r, const char *unit, size_t n)
{
	struct out	 part;
	char		 b[FMT_MAX];
	const char	*t;
	size_t		 k;

	out_init(&part);
	out_printf(&part, "   for %s", fmt_span(b, doc_num(r, "for_seconds")));
	pen_part(p, &part);
	out_printf(&part, "   peak %s", fmt_by_unit(b, unit, n,
	    doc_num(r, "peak")));
	pen_part(p, &part);
	t = doc_text(r, "id", &k);
	out_str(&part, "   id ");
	out_vis(&part, VIS_TERM, t, k);
	pen_part(p, &part);
}

/* The name of a rule gives way to its numbers. */
static size_t
name_width(const struct pen *p, const struct out *numbers)
{
	size_t	 taken = view_width(p->line.p) + view_width(numbers->p);

	if (p->s->width < taken + NAME_MIN)
		return NAME_MIN;
	return p->s->width < taken + NAME_MAX ? p->s->width - taken : NAME_MAX;
}

static void
alert_line(struct pen *p, const struct row *r, bool firing)
{
	struct out	 part;
	char		 v[FMT_MAX], l[FMT_MAX];
	const char	*unit, *t;
	size_t		 n, k;

	out_init(&part);
	out_str(&p->line, firing ? "  FIRING   " : "  ");
	if (!firing)
		pen_name(p, r, "state", 9);
	unit = doc_text(r, "unit", &n);
	out_printf(&part, " %s of %s", fmt_by_unit(v, unit, n,
	    doc_num(r, "value")), doc_has_limit(r) ? fmt_by_unit(l, unit, n,
	    doc_num(r, "limit")) : "-");
	pen_name(p, r, "rule", name_width(p, &part));
	pen_part(p, &part);
	t = doc_text(r, "metric", &k);
	out_char(&part, ' ', 1);
	out_vis(&part, VIS_TERM, t, k);
	pen_part(p, &part);
	out_printf(&part, " in %s", fmt_span(v, doc_num(r, "span_seconds")));
	pen_part(p, &part);
	t = doc_text(r, "key", &k);
	if (k > 0) {
		out_str(&part, "   ");
		view_cut(&part, t, k, 24);
		pen_part(p, &part);
	}
	if (firing)
		alert_more(p, r, unit, n);
	pen_end(p, firing ? LOOK_BAD : LOOK_PLAIN);
}

static void
draw_states(struct pen *p)
{
	const struct doc *d = p->d;
	struct out	 part;
	char		 b[FMT_MAX];
	size_t		 rules = count_rules(d);

	out_init(&part);
	out_printf(&p->line, "ALERTS   %zu firing", count_state(d, "firing") +
	    count_state(d, "clearing"));
	out_printf(&part, "   %zu pending", count_state(d, "pending"));
	pen_part(p, &part);
	out_printf(&part, "   %zu unknown", count_state(d, "unknown"));
	pen_part(p, &part);
	out_printf(&part, "   %zu rule%s", rules, rules == 1 ? "" : "s");
	pen_part(p, &part);
	if (last_alert(d) != 0) {
		out_printf(&part, "   last %s", row_clock(b, last_alert(d)));
		pen_part(p, &part);
	}
}

/* Firing ones first, then whatever is not ok, then the others. */
static void
draw_alerts(struct pen *p)
{
	const struct doc *d = p->d;
	struct row	 r;
	size_t		 i, shown = 0;
	size_t		 max = p->s->height < LOW_HEIGHT ? 1 : ALERTS_MAX;
	bool		 firing, ok;
	int		 round;

	draw_states(p);
	pen_end(p, count_state(d, "firing") > 0 ? LOOK_BAD : LOOK_PLAIN);
	for (round = 0; round < 3; round++) {
		for (i = doc_next(d, 0, d->n, ROW_ALERT, 0); i < d->n;
		    i = doc_next(d, i + 1, d->n, ROW_ALERT, 0)) {
			doc_get(d, i, &r);
			firing = doc_is(&r, "state", "firing");
			ok = doc_is(&r, "state", "ok");
			if (round != (firing ? 0 : ok ? 2 : 1) ||
			    shown == max)
				continue;
			alert_line(p, &r, firing);
			shown++;
		}
	}
}

static void
draw_interfaces(struct pen *p, size_t max)
{
	const struct pen_column *c = interface_columns;
	const struct doc *d = p->d;
	struct row	 r;
	bool		 shown[PEN_COLUMNS];
	unsigned	 name;
	size_t		 i, n = 0, nc = nitems(interface_columns);

	name = pen_choose(c, nc, p->s->width, 13, shown);
	pen_rule(p);
	out_printf(&p->line, "%-*s %-12s", (int)name, "INTERFACE", "STATE");
	pen_titles(p, c, nc, shown);
	pen_end(p, LOOK_HEAD);
	for (i = doc_next(d, 0, d->n, ROW_INTERFACE, 0); i < d->n && n < max;
	    i = doc_next(d, i + 1, d->n, ROW_INTERFACE, 0), n++) {
		doc_get(d, i, &r);
		pen_name(p, &r, "name", name);
		out_char(&p->line, ' ', 1);
		pen_name(p, &r, "state", 12);
		pen_cells(p, c, nc, shown, &r, !doc_is(&r, "state", "up"));
		pen_end(p, LOOK_PLAIN);
	}
}

static void
draw_hosts(struct pen *p, size_t max)
{
	const struct pen_column *c = host_columns;
	const struct doc *d = p->d;
	struct row	 r;
	bool		 shown[PEN_COLUMNS];
	unsigned	 name;
	size_t		 i, n = 0, first, nc = nitems(host_columns);

	name = pen_choose(c, nc, p->s->width, 1, shown);
	pen_rule(p);
	out_printf(&p->line, " %-*s", (int)name, "TOP HOSTS");
	pen_titles(p, c, nc, shown);
	pen_end(p, LOOK_HEAD);
	if (max == 0)
		return;
	first = p->s->chosen >= max ? p->s->chosen - max + 1 : 0;
	for (i = doc_next(d, 0, d->n, ROW_HOST, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_HOST, 0), n++) {
		if (n < first || n >= first + max)
			continue;
		doc_get(d, i, &r);
		out_char(&p->line, n == p->s->chosen ? '>' : ' ', 1);
		pen_name(p, &r, "host", name);
		pen_cells(p, c, nc, shown, &r, false);
		pen_end(p, n == p->s->chosen ? LOOK_CHOSEN : LOOK_PLAIN);
	}
}

/* In the place of hosts: why there are none. */
static void
draw_empty(struct pen *p)
{
	if (doc_find(p->d, ROW_HOST, NULL) != -1)
		return;
	out_char(&p->line, ' ', 1);
	if (view_empty(&p->line, p->d))
		pen_end(p, LOOK_PLAIN);
	out_reset(&p->line);
}

/* Of talkers there may be some, too. */
static bool
other_hosts(const struct doc *d, struct row *r)
{
	size_t	 i;

	for (i = doc_next(d, 0, d->n, ROW_OTHER, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_OTHER, 0)) {
		doc_get(d, i, r);
		if (doc_is(r, "what", "hosts"))
			return doc_u64(r, "items") > 0;
	}
	return false;
}

static void
draw_other(struct pen *p)
{
	struct row	 r;
	char		 b[FMT_MAX];

	if (!other_hosts(p->d, &r))
		return;
	out_printf(&p->line, " other %s%" PRIu64 " hosts   %s%s requests",
	    view_least(&r), doc_u64(&r, "items"),
	    fmt_count(b, doc_num(&r, "count")), p->star);
	pen_end(p, LOOK_PLAIN);
}

/* "GET 301  POST 76", cut at the width of its column. */
static void
put_pairs(struct pen *p, size_t i, enum row_kind kind, size_t width)
{
	const struct doc *d = p->detail;
	struct row	 r;
	struct out	 t;
	size_t		 k, to = doc_end(d, i);

	out_init(&t);
	for (k = doc_next(d, i + 1, to, kind, d->rows[i].level + 1u); k < to;
	    k = doc_next(d, k + 1, to, kind, d->rows[i].level + 1u)) {
		doc_get(d, k, &r);
		if (t.len > 0)
			out_str(&t, "  ");
		view_cell(&t, VIS_TERM, &row_desc(kind)->fields[0],
		    &r.v[0], false);
		out_char(&t, ' ', 1);
		view_cell(&t, VIS_TERM, &row_desc(kind)->fields[1],
		    &r.v[1], false);
		if (t.p != NULL && view_width(t.p) >= width)
			break;
	}
	out_printf(&p->line, " %-*.*s", (int)width, (int)width,
	    t.p == NULL ? "" : t.p);
	out_clear(&t);
}

static void
draw_sections(struct pen *p, size_t max)
{
	const struct doc *d = p->detail;
	struct row	 r, host;
	char		 b[PEN_CELL];
	size_t		 i, n = 0, name, pairs;
	unsigned	 level;

	if (d->n == 0 || doc_find(d, ROW_HOST, &host) == -1)
		return;
	for (i = 0; i < d->n && d->rows[i].kind != ROW_SECTION; i++)
		;
	if (i == d->n)
		return;
	level = d->rows[i].level;
	pairs = p->s->width > 70 ? (p->s->width - 42) / 2 : 14;
	name = p->s->width - 2 * (pairs + 1) - 16;
	pen_rule(p);
	out_str(&p->line, " SECTIONS ");
	pen_name(p, &host, "host", name > 10 ? name - 9 : 1);
	out_printf(&p->line, "%6s  %-*s %-*s %7s", "HITS", (int)pairs - 1,
	    "METHODS", (int)pairs, "STATUS", "P95 ms");
	pen_end(p, LOOK_HEAD);
	for (; i < d->n && n < max; n++) {
		doc_get(d, i, &r);
		out_char(&p->line, ' ', 1);
		pen_name(p, &r, "section", name);
		pen_count(b, &r, "hits");
		out_printf(&p->line, "%6s%s", b, *p->star ? "*" : " ");
		put_pairs(p, i, ROW_METHOD, pairs - 1);
		put_pairs(p, i, ROW_STATUS, pairs);
		pen_ms(b, &r, "response_p95_seconds");
		out_printf(&p->line, " %7s", b);
		pen_end(p, LOOK_PLAIN);
		i = doc_next(d, i + 1, d->n, ROW_SECTION, level);
	}
}

static void
put_tls_name(struct pen *p, size_t i, size_t name)
{
	struct row	 r;
	char		 b[PEN_CELL];

	doc_get(p->d, i, &r);
	out_char(&p->line, ' ', 1);
	pen_name(p, &r, "name", name);
	pen_hellos(b, &r, "connections");
	out_printf(&p->line, " %6s  ", b);
	pen_name(p, &r, "version", 8);
	out_char(&p->line, ' ', 1);
	pen_name(p, &r, "alpn", 10);
}

static void
put_mirror(struct pen *p, size_t i, const bool *shown)
{
	struct row	 r;

	doc_get(p->d, i, &r);
	out_char(&p->line, ' ', 1);
	pen_name(p, &r, "mirror", 10);
	out_char(&p->line, ' ', 1);
	pen_name(p, &r, "state", 7);
	pen_cells(p, mirror_columns, nitems(mirror_columns), shown, &r,
	    false);
}

/* Names on the left, mirrors on the right, when there are any. */
static void
draw_names(struct pen *p, size_t max)
{
	static const bool shown[] = { true, true, true };
	const struct doc *d = p->d;
	size_t		 i, m, n, name = p->s->width > 90 ? 30 : 22;

	pen_rule(p);
	out_printf(&p->line, " %-*s %6s  %-8s %-10s", (int)name,
	    "TLS NAMES (claimed)", "CONN", "PROTO", "ALPN");
	if (doc_find(d, ROW_MIRROR, NULL) != -1) {
		out_printf(&p->line, " %-10s %-7s", "MIRROR", "STATE");
		pen_titles(p, mirror_columns, nitems(mirror_columns), shown);
	}
	pen_end(p, LOOK_HEAD);
	i = doc_next(d, 0, d->n, ROW_NAME, 0);
	m = doc_next(d, 0, d->n, ROW_MIRROR, 0);
	for (n = 0; n < max && (i < d->n || m < d->n); n++) {
		if (i < d->n)
			put_tls_name(p, i, name);
		else
			out_char(&p->line, ' ', name + 28);
		if (m < d->n)
			put_mirror(p, m, shown);
		pen_end(p, LOOK_PLAIN);
		i = i < d->n ? doc_next(d, i + 1, d->n, ROW_NAME, 0) : d->n;
		m = m < d->n ? doc_next(d, m + 1, d->n, ROW_MIRROR, 0) : d->n;
	}
}

static void
put_alert_event(struct pen *p, const struct row *r)
{
	char		 b[FMT_MAX];
	const char	*t;
	size_t		 n;

	out_str(&p->line, "alert ");
	t = doc_text(r, "rule", &n);
	view_cut(&p->line, t, n, 30);
	t = doc_text(r, "key", &n);
	if (n > 0) {
		out_char(&p->line, ' ', 1);
		view_cut(&p->line, t, n, 30);
	}
	out_char(&p->line, ' ', 1);
	t = doc_text(r, "event", &n);
	out_vis(&p->line, VIS_TERM, t, n);
	t = doc_text(r, "unit", &n);
	out_printf(&p->line, " at %s", fmt_by_unit(b, t, n,
	    doc_num(r, "value")));
}

static void
put_monitor_event(struct pen *p, const struct row *r)
{
	const char	*t;
	size_t		 n;

	t = doc_text(r, "type", &n);
	out_vis(&p->line, VIS_TERM, t, n);
	out_char(&p->line, ' ', 1);
	t = doc_text(r, "text", &n);
	out_vis(&p->line, VIS_TERM, t, n);
}

void
screen_events(struct pen *p, size_t max)
{
	const struct doc *d = p->d;
	struct row	 r;
	char		 b[FMT_MAX];
	size_t		 i, n = 0;

	if (doc_find(d, ROW_ALERT_EVENT, NULL) == -1 &&
	    doc_find(d, ROW_MONITOR, NULL) == -1)
		return;
	pen_rule(p);
	for (i = d->n; i-- > 0 && n < max;) {
		if (d->rows[i].level != 0 ||
		    (d->rows[i].kind != ROW_ALERT_EVENT &&
		    d->rows[i].kind != ROW_MONITOR))
			continue;
		doc_get(d, i, &r);
		out_printf(&p->line, "%s ", row_clock(b, doc_u64(&r,
		    "time")));
		if (r.kind == ROW_ALERT_EVENT)
			put_alert_event(p, &r);
		else
			put_monitor_event(p, &r);
		pen_end(p, LOOK_PLAIN);
		n++;
	}
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Lines below the hosts, when the screen is high enough for them. */
static size_t
below(const struct pen *p)
{
	const struct doc *d = p->d;
	size_t		 n = 0, k;

	if (p->s->height < FULL_HEIGHT)
		return 0;
	if (p->detail->n > 0)
		n += 2 + SECTIONS_MAX;
	k = doc_count(d, 0, d->n, ROW_NAME, 0);
	if (doc_count(d, 0, d->n, ROW_MIRROR, 0) > k)
		k = doc_count(d, 0, d->n, ROW_MIRROR, 0);
	if (k > 0)
		n += 2 + least(k, NAMES_MAX);
	k = doc_count(d, 0, d->n, ROW_ALERT_EVENT, 0) +
	    doc_count(d, 0, d->n, ROW_MONITOR, 0);
	if (k > 0)
		n += 1 + least(k, EVENTS_MAX);
	return n;
}

void
screen_top(struct pen *p)
{
	const struct doc *d = p->d;
	struct row	 r;
	size_t		 used;

	draw_capture(p);
	draw_memory(p);
	draw_alerts(p);
	if (p->s->height >= MIDDLE_HEIGHT)
		draw_interfaces(p, INTERFACES_MAX);
	used = below(p) + 2 + other_hosts(d, &r);
	draw_hosts(p, p->left > used ? p->left - used : 1);
	draw_empty(p);
	draw_other(p);
	if (p->s->height < FULL_HEIGHT)
		return;
	draw_sections(p, SECTIONS_MAX);
	if (doc_find(d, ROW_NAME, NULL) != -1 ||
	    doc_find(d, ROW_MIRROR, NULL) != -1)
		draw_names(p, NAMES_MAX);
	screen_events(p, EVENTS_MAX);
}
