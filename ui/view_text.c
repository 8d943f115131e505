/*
 * view_text: what a terminal or a pipe gets. Summary, capture and the lines
 * of text have layouts of their own; everything else is a table per kind.
 */
#include <inttypes.h>
#include <string.h>

#include "sandbox/compat.h"
#include "ui/event.h"
#include "ui/fmt.h"
#include "ui/view.h"

#define TOP_HOSTS	5
#define TAB_WIDTH	8
#define STATE_COLUMN	75	/* "cause" ends at 80 */

struct ctx {
	struct out	*o;
	const struct doc *d;
	const struct view_opt *opt;
	const struct view_subject *subject;
	const char	*star;		/* "*" or "" */
};

static void
put_text(struct out *o, const struct row *r, const char *key)
{
	const char	*s;
	size_t		 n;

	s = doc_text(r, key, &n);
	out_vis(o, VIS_TERM, s, n);
}

static bool
has_text(const struct row *r, const char *key)
{
	size_t	 n;

	(void)doc_text(r, key, &n);
	return n > 0;
}

static void
daemon_line(struct ctx *c, const struct row *r)
{
	char	 b[FMT_MAX];

	out_str(c->o, "netmond ");
	put_text(c->o, r, "version");
	if (doc_bool(r, "offline")) {
		out_str(c->o, ", input ");
		put_text(c->o, r, "input");
		out_char(c->o, '\n', 1);
		return;
	}
	out_printf(c->o, ", up %s, ", fmt_uptime(b,
	    doc_num(r, "uptime_seconds")));
	put_text(c->o, r, "hostname");
	if (has_text(r, "config")) {
		out_str(c->o, ", config ");
		put_text(c->o, r, "config");
		if (doc_u64(r, "config_time") != 0)
			out_printf(c->o, " loaded %s",
			    fmt_time(b, doc_u64(r, "config_time")));
	} else
		out_str(c->o, ", no configuration file");
	out_char(c->o, '\n', 1);
}

static void
capture_line(struct ctx *c, const struct row *s)
{
	struct row	 r;
	char		 pps[FMT_MAX], bps[FMT_MAX], ratio[FMT_MAX];
	char		 gaps[FMT_MAX];

	out_str(c->o, "capture   ");
	if (doc_u64(s, "capture_away_time") != 0)
		out_printf(c->o, "away since %s", row_clock(pps,
		    doc_u64(s, "capture_away_time")));
	else if (doc_bool(s, "starting"))
		out_str(c->o, "starting");
	else
		out_printf(c->o, "%" PRIu64 " interface%s",
		    doc_u64(s, "interfaces"),
		    doc_u64(s, "interfaces") == 1 ? "" : "s");
	out_printf(c->o, ", %spps%s, %sb/s%s",
	    fmt_si(pps, doc_num(s, "packets_per_second")), c->star,
	    fmt_si(bps, doc_num(s, "wire_bits_per_second")), c->star);
	if (doc_find(c->d, ROW_COMPLETE, &r) != -1)
		out_printf(c->o, ", complete %s (kernel drops %" PRIu64
		    ", gaps %s)", fmt_ratio(ratio, doc_num(&r, "ratio")),
		    doc_u64(&r, "kernel_drops"),
		    fmt_bytes(gaps, doc_num(&r, "gap_bytes")));
	out_char(c->o, '\n', 1);
}

static void
http_line(struct ctx *c, const struct row *s)
{
	struct row	 r;
	char		 req[FMT_MAX], resp[FMT_MAX], b[FMT_MAX];
	double		 responses = doc_num(s, "responses");

	out_printf(c->o, "http      %s%s requests/s, %s%s responses/s",
	    fmt_rate(req, doc_num(s, "requests_per_second")), c->star,
	    fmt_rate(resp, doc_num(s, "responses_per_second")), c->star);
	if (responses > 0)
		out_printf(c->o, ", 5xx %.1f%%",
		    100 * doc_num(s, "errors_5xx") / responses);
	if (doc_num(s, "response_p95_seconds") > 0)
		out_printf(c->o, ", p95 %s",
		    fmt_seconds(b, doc_num(s, "response_p95_seconds")));
	if (doc_find(c->d, ROW_COMPLETE, &r) != -1 &&
	    has_text(&r, "window")) {
		out_str(c->o, "        ");
		view_window(c->o, &r);
	}
	out_printf(c->o, "\ntls       %s%s handshakes/s",
	    fmt_rate(b, doc_num(s, "tls_handshakes_per_second")), c->star);
	if (doc_u64(s, "tls_failed") > 0)
		out_printf(c->o, ", %" PRIu64 " failed",
		    doc_u64(s, "tls_failed"));
	if (doc_u64(s, "tls_no_name") > 0)
		out_printf(c->o, ", %" PRIu64 " without a name",
		    doc_u64(s, "tls_no_name"));
	if (doc_u64(s, "tls_ech") > 0)
		out_printf(c->o, ", %" PRIu64 " with ech",
		    doc_u64(s, "tls_ech"));
	if (doc_num(s, "quic_connections_per_second") > 0)
		out_printf(c->o, "\nquic      %s%s connections/s",
		    fmt_rate(b, doc_num(s, "quic_connections_per_second")),
		    c->star);
	out_char(c->o, '\n', 1);
	if (doc_u64(s, "parse_errors") > 0)
		out_printf(c->o, "errors    %" PRIu64 " parse errors\n",
		    doc_u64(s, "parse_errors"));
}

static void
alerts_line(struct ctx *c)
{
	static const char *const states[] = { "firing", "clearing",
	    "pending", "unknown", "ok" };
	const struct doc	*d = c->d;
	struct row		 r;
	const char		*comma = " ";
	char			 b[FMT_MAX];
	size_t			 i, s, n;

	if (doc_count(d, 0, d->n, ROW_ALERT, 0) == 0)
		return;
	out_str(c->o, "alerts   ");
	for (s = 0; s < nitems(states); s++) {
		n = 0;
		for (i = doc_next(d, 0, d->n, ROW_ALERT, 0); i < d->n;
		    i = doc_next(d, i + 1, d->n, ROW_ALERT, 0)) {
			doc_get(d, i, &r);
			n += doc_is(&r, "state", states[s]);
		}
		if (n == 0)
			continue;
		out_printf(c->o, "%s%zu %s", comma, n, states[s]);
		comma = ", ";
		for (i = 0; s == 0 && i < d->n; i++) {
			if (d->rows[i].kind != ROW_ALERT)
				continue;
			doc_get(d, i, &r);
			if (!doc_is(&r, "state", states[s]))
				continue;
			out_str(c->o, " (");
			put_text(c->o, &r, "rule");
			out_printf(c->o, " since %s)", row_clock(b,
			    doc_u64(&r, "since_time")));
			break;
		}
	}
	out_char(c->o, '\n', 1);
}

static void
memory_line(struct ctx *c)
{
	if (doc_find(c->d, ROW_MEMORY, NULL) == -1)
		return;
	out_str(c->o, "memory    ");
	view_memory(c->o, c->d);
	out_char(c->o, '\n', 1);
}

static void
top_line(struct ctx *c)
{
	const struct doc	*d = c->d;
	struct row		 r;
	const char		*comma = "top       ", *s;
	size_t			 i, n, len;

	i = doc_next(d, 0, d->n, ROW_HOST, 0);
	for (n = 0; i < d->n && n < TOP_HOSTS; n++) {
		doc_get(d, i, &r);
		out_str(c->o, comma);
		s = doc_text(&r, "host", &len);
		view_cut(c->o, s, len, c->opt->width > 0 ? 32 : 0);
		out_printf(c->o, " %" PRIu64 "%s", doc_u64(&r, "requests"),
		    c->star);
		comma = ", ";
		i = doc_next(d, i + 1, d->n, ROW_HOST, 0);
	}
	if (n > 0)
		out_char(c->o, '\n', 1);
}

static void
empty_line(struct ctx *c)
{
	size_t	 before = c->o->len;

	out_str(c->o, "nothing   ");
	if (view_empty(c->o, c->d))
		out_char(c->o, '\n', 1);
	else
		out_cut(c->o, before);
}

/* What is wrong now; a report has it as advice. */
static void
trouble_lines(struct ctx *c)
{
	const struct doc	*d = c->d;
	struct row		 r;
	size_t			 i;

	for (i = doc_next(d, 0, d->n, ROW_ADVICE, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_ADVICE, 0)) {
		doc_get(d, i, &r);
		out_str(c->o, "trouble   ");
		put_text(c->o, &r, "text");
		out_char(c->o, '\n', 1);
	}
}

static void
draw_summary(struct ctx *c)
{
	struct row	 r;
	size_t		 before = c->o->len;

	if (doc_find(c->d, ROW_DAEMON, &r) != -1)
		daemon_line(c, &r);
	if (doc_find(c->d, ROW_SUMMARY, &r) != -1) {
		capture_line(c, &r);
		http_line(c, &r);
	}
	if (c->subject->subject != SHOW_REPORT)
		trouble_lines(c);
	alerts_line(c);
	memory_line(c);
	top_line(c);
	empty_line(c);
	view_fold(c->o, before, c->opt->width);
}

static void
draw_advice(struct ctx *c)
{
	const struct doc	*d = c->d;
	const char		*head = "advice     ";
	struct row		 r;
	size_t			 i;

	for (i = doc_next(d, 0, d->n, ROW_ADVICE, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_ADVICE, 0)) {
		doc_get(d, i, &r);
		out_str(c->o, head);
		put_text(c->o, &r, "text");
		out_char(c->o, '\n', 1);
		head = "           ";
	}
	if (*head != ' ')
		out_printf(c->o, "%snone\n", head);
}

static void
draw_capture(struct ctx *c)
{
	struct row	 r;
	char		 b[FMT_MAX];
	double		 payload, gaps;

	if (doc_find(c->d, ROW_CAPTURE, &r) == -1)
		return;
	out_str(c->o, "period ");
	put_text(c->o, &r, "period");
	out_printf(c->o, "   frames seen %" PRIu64 "   kernel dropped %" PRIu64
	    "   queue dropped %" PRIu64 "   shed for memory %" PRIu64 "\n",
	    doc_u64(&r, "packets"), doc_u64(&r, "kernel_drops"),
	    doc_u64(&r, "queue_drops"), doc_u64(&r, "shed"));
	payload = doc_num(&r, "payload_bytes");
	gaps = doc_num(&r, "gap_bytes");
	out_printf(c->o, "tcp        payload %s", fmt_bytes(b, payload));
	out_printf(c->o, "   missing %s (%.2f%%) in %" PRIu64
	    " connections   resynchronised %" PRIu64 "\n",
	    fmt_bytes(b, gaps), gaps > 0 ? 100 * gaps / (payload + gaps) : 0,
	    doc_u64(&r, "gap_connections"), doc_u64(&r, "resynchronised"));
	out_printf(c->o, "truncated  %" PRIu64 " frames   bad checksum %"
	    PRIu64 "   fragments lost %" PRIu64 "   too deep tunnels %"
	    PRIu64 "\n", doc_u64(&r, "truncated"),
	    doc_u64(&r, "bad_checksum"), doc_u64(&r, "fragments_lost"),
	    doc_u64(&r, "too_deep"));
	out_printf(c->o, "also       seen again %" PRIu64 "   unwatched %s"
	    "   rings ", doc_u64(&r, "seen_again"),
	    fmt_span(b, doc_num(&r, "unwatched_seconds")));
	out_printf(c->o, "%s\n", fmt_bytes(b, doc_num(&r, "ring_bytes")));
	draw_advice(c);
}

/* A configuration is indented by tabs, which no screen shall see. */
static void
put_line(struct out *o, const struct row *r)
{
	const char	*s, *tab;
	size_t		 n;

	s = doc_text(r, "text", &n);
	while (n > 0 && (tab = memchr(s, '\t', n)) != NULL) {
		out_vis(o, VIS_TERM, s, (size_t)(tab - s));
		out_char(o, ' ', TAB_WIDTH);
		n -= (size_t)(tab + 1 - s);
		s = tab + 1;
	}
	out_vis(o, VIS_TERM, s, n);
}

/* A step of why; its state stands right, behind the last line of the text. */
static void
put_step(struct ctx *c, struct out *t, const struct row *r)
{
	const char	*last = NULL;
	size_t		 w;

	if (c->opt->width > STATE_COLUMN) {
		out_char(t, '\n', 1);
		view_fold(t, 0, STATE_COLUMN - 2);
		out_cut(t, t->len - 1);
	}
	if (t->p == NULL)
		return;
	last = strrchr(t->p, '\n');
	w = view_width(last != NULL ? last + 1 : t->p);
	out_str(c->o, t->p);
	out_char(c->o, ' ', w + 2 <= STATE_COLUMN ? STATE_COLUMN - w : 2);
	put_text(c->o, r, "state");
}

/* Lines of text. */
static void
draw_lines(struct ctx *c)
{
	const struct doc	*d = c->d;
	struct row		 r;
	struct out		 t;
	size_t			 i, before = c->o->len;

	out_init(&t);
	for (i = doc_next(d, 0, d->n, ROW_TEXT, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_TEXT, 0)) {
		doc_get(d, i, &r);
		out_reset(&t);
		put_line(&t, &r);
		if (c->subject->subject == SHOW_WHY &&
		    has_text(&r, "state"))
			put_step(c, &t, &r);
		else if (t.p != NULL)
			out_str(c->o, t.p);
		out_char(c->o, '\n', 1);
	}
	if (t.err)
		c->o->err = true;
	out_clear(&t);
	/* Lines of a configuration stay what they are. */
	if (c->subject->subject == SHOW_WHY)
		view_fold(c->o, before, c->opt->width);
}

/* Talkers and what they talk to are counted in bytes alone. */
static bool
in_bytes(const struct row *r)
{
	return doc_is(r, "what", "talkers") || doc_is(r, "what", "sites");
}

/* How much the others have. */
static void
put_others(struct ctx *c, const struct row *r)
{
	const uint64_t	 n = doc_u64(r, "count");
	char		 b[FMT_MAX];

	fmt_bytes(b, doc_num(r, "body_bytes"));
	if (in_bytes(r)) {
		out_printf(c->o, ": %s%s", b, c->star);
		return;
	}
	out_printf(c->o, ": %" PRIu64 "%s %s%s", n, c->star,
	    doc_is(r, "what", "names") ? "connection" : "request",
	    n == 1 ? "" : "s");
	if (doc_is(r, "what", "flows"))
		out_printf(c->o, ", %s%s", b, c->star);
}

static void
draw_other(struct ctx *c)
{
	const struct doc	*d = c->d;
	struct row		 r;
	size_t			 i;

	for (i = doc_next(d, 0, d->n, ROW_OTHER, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_OTHER, 0)) {
		doc_get(d, i, &r);
		if (doc_u64(&r, "items") == 0 && doc_u64(&r, "count") == 0 &&
		    !(in_bytes(&r) && doc_u64(&r, "body_bytes") > 0))
			continue;
		out_str(c->o, "other ");
		if (doc_u64(&r, "items") > 0)
			out_printf(c->o, "%s%" PRIu64 " ", view_least(&r),
			    doc_u64(&r, "items"));
		put_text(c->o, &r, "what");
		put_others(c, &r);
		out_char(c->o, '\n', 1);
	}
}

/* Why an interface is not open, under the table. */
static void
draw_interfaces(struct ctx *c)
{
	const struct doc	*d = c->d;
	struct row		 r;
	size_t			 i, before;

	view_table(c->o, d, 0, d->n, ROW_INTERFACE, 0, c->opt,
	    *c->star != '\0', c->subject->nested);
	before = c->o->len;
	for (i = doc_next(d, 0, d->n, ROW_INTERFACE, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_INTERFACE, 0)) {
		doc_get(d, i, &r);
		if (!has_text(&r, "error"))
			continue;
		put_text(c->o, &r, "name");
		out_str(c->o, ": ");
		put_text(c->o, &r, "error");
		out_char(c->o, '\n', 1);
	}
	view_fold(c->o, before, c->opt->width);
}

static void
draw_daemon(struct ctx *c)
{
	struct row	 r;

	if (doc_find(c->d, ROW_DAEMON, &r) != -1)
		daemon_line(c, &r);
}

static void
draw_nothing(struct ctx *c)
{
	(void)c;
}

static const struct {
	enum row_kind	 kind;
	void		(*fn)(struct ctx *);
	bool		 folds;			/* sentences, no columns */
} own[] = {
	{ ROW_DAEMON,	draw_daemon,	true },
	{ ROW_COMPLETE,	draw_nothing,	false },	/* closes every view */
	{ ROW_SUMMARY,	draw_nothing,	false },	/* in draw_summary */
	{ ROW_INTERFACE, draw_interfaces, false },
	{ ROW_CAPTURE,	draw_capture,	true },
	{ ROW_ADVICE,	draw_nothing,	false },	/* in draw_capture */
	{ ROW_OTHER,	draw_other,	true },
	{ ROW_TEXT,	draw_lines,	false },
};

static void
draw_kind(struct ctx *c, enum row_kind kind)
{
	size_t	 i, before = c->o->len;

	for (i = 0; i < nitems(own); i++) {
		if (own[i].kind == kind) {
			own[i].fn(c);
			if (own[i].folds)
				view_fold(c->o, before, c->opt->width);
			return;
		}
	}
	view_table(c->o, c->d, 0, c->d->n, kind, 0, c->opt,
	    *c->star != '\0', c->subject->nested);
}

/* Kinds of the subject in order, then others; a blank line between. */
static void
draw_kinds(struct ctx *c, bool headings)
{
	const struct view_subject *s = c->subject;
	bool			   done[ROW_KINDS] = { false };
	const size_t		   begin = c->o->len;
	size_t			   i, before, drawn = begin;
	enum row_kind		   kind;

	for (i = 0; i < s->nkinds + c->d->n; i++) {
		kind = i < s->nkinds ? s->kinds[i] :
		    (enum row_kind)c->d->rows[i - s->nkinds].kind;
		if (done[kind])
			continue;
		done[kind] = true;	/* one look through all rows each */
		if (doc_find(c->d, kind, NULL) == -1 ||
		    (headings && (kind == ROW_DAEMON || kind == ROW_ADVICE)))
			continue;
		before = c->o->len;
		if (drawn > begin && kind != ROW_OTHER)
			out_char(c->o, '\n', 1);
		if (headings && kind != ROW_OTHER)
			out_printf(c->o, "%s\n", row_desc(kind)->array);
		drawn = c->o->len;
		draw_kind(c, kind);
		if (c->o->len == drawn)	/* it had nothing to say */
			out_cut(c->o, before);
		drawn = c->o->len;
	}
}

static void
draw_report(struct ctx *c)
{
	struct view_subject	 tables = *c->subject;
	struct ctx		 rest = *c;
	size_t			 i, n = 0;

	draw_summary(c);
	out_char(c->o, '\n', 1);
	for (i = 0; i < tables.nkinds; i++)
		if (tables.kinds[i] != ROW_DAEMON &&
		    tables.kinds[i] != ROW_COMPLETE &&
		    tables.kinds[i] != ROW_SUMMARY)
			tables.kinds[n++] = tables.kinds[i];
	tables.nkinds = n;
	rest.subject = &tables;
	draw_kinds(&rest, true);
}

static void
draw(struct out *o, const struct view_subject *s, const struct doc *d,
    const struct view_opt *opt)
{
	struct ctx	 c;
	size_t		 before = o->len;

	c.o = o;
	c.d = d;
	c.opt = opt;
	c.subject = s;
	c.star = s->traffic && view_lossy(d) ? "*" : "";
	if (s->subject == SHOW_REPORT)
		draw_report(&c);
	else if (doc_find(d, ROW_SUMMARY, NULL) != -1)
		draw_summary(&c);
	else
		draw_kinds(&c, false);
	if (o->len == before)
		out_str(o, "nothing to show\n");
	before = o->len;
	if (doc_find(d, ROW_SUMMARY, NULL) == -1 || view_lossy(d))
		view_complete(o, d);
	view_fold(o, before, opt->width);
}

static void
event(struct out *o, const struct doc *d, size_t i)
{
	event_line(o, d, i);
}

const struct view_ops view_text = {
	.name	= "text",
	.draw	= draw,
	.event	= event,
};
