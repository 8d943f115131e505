#include <inttypes.h>
#include <string.h>

#include "sandbox/compat.h"
#include "ui/event.h"
#include "ui/fmt.h"

#define TOP_MAX		3

static void
put_text(struct out *o, const struct row *r, const char *key)
{
	const char	*s;
	size_t		 n;

	s = doc_text(r, key, &n);
	out_vis(o, VIS_LOG, s, n);
}

/* Quoted only when a blank or a quote would break the pair. */
static const char *
quote_for(const char *s, size_t n)
{
	return memchr(s, ' ', n) != NULL || memchr(s, '"', n) != NULL ||
	    memchr(s, '=', n) != NULL ? "\"" : "";
}

static void
put_pair(struct out *o, const char *name, const struct row *r,
    const char *key)
{
	const char	*s, *quote;
	size_t		 n;

	s = doc_text(r, key, &n);
	if (n == 0)
		return;
	quote = quote_for(s, n);
	out_printf(o, " %s=%s", name, quote);
	out_vis(o, VIS_LOG, s, n);
	out_str(o, quote);
}

/* Plain numbers: a line is read by programs too, as syslog's is. */
static void
put_number(struct out *o, const char *name, const struct row *r,
    const char *key)
{
	const char	*unit;
	char		 b[FMT_MAX];
	double		 v = doc_num(r, key);
	size_t		 n;

	unit = doc_text(r, "unit", &n);
	if (n == 5 && memcmp(unit, "ratio", 5) == 0)
		out_printf(o, " %s=%s", name, row_ratio(b, v));
	else if (n == 7 && memcmp(unit, "seconds", 7) == 0)
		out_printf(o, " %s=%s", name, row_seconds(b, v));
	else
		out_printf(o, " %s=%s", name, fmt_double(b, v));
}

/*
 * Hosts with their share, or the keys that were new; with dots when these are
 * not all.
 */
static void
put_list(struct out *o, const struct doc *d, size_t i, enum row_kind kind,
    const char *name, double all)
{
	const char	*s, *quote;
	bool		 top = kind == ROW_CONTRIBUTOR;
	struct out	 list;
	struct row	 r;
	size_t		 k, n = 0, len, to = doc_end(d, i);
	unsigned	 level = d->rows[i].level + 1u;

	out_init(&list);
	for (k = doc_next(d, i + 1, to, kind, level);
	    k < to && (!top || n < TOP_MAX);
	    k = doc_next(d, k + 1, to, kind, level)) {
		doc_get(d, k, &r);
		out_str(&list, n++ > 0 ? "," : "");
		s = doc_text(&r, top ? "host" : "key", &len);
		out_vis(&list, VIS_ITEM, s, len);
		if (top)
			out_printf(&list, ":%u%%",
			    row_percent(doc_num(&r, "share")));
	}
	if (n > 0) {
		out_str(&list, all > (double)n ? ",..." : "");
		quote = quote_for(list.p, list.len);
		out_printf(o, " %s=%s%s%s", name, quote, list.p, quote);
	}
	o->err |= list.err;
	out_clear(&list);
}

/* The two sentences of a rule with compat: count and time, time. */
static void
compat_text(struct out *o, const struct row *r)
{
	char	 t[FMT_MAX], b[FMT_MAX];

	fmt_zulu(t, doc_u64(r, "time"), 3);
	if (doc_is(r, "event", "cleared"))
		out_printf(o, "High traffic alert recovered, triggered at %s",
		    t);
	else
		out_printf(o, "High traffic generated an alert - hits = %s, "
		    "triggered at %s", fmt_double(b, doc_num(r, "value")), t);
}

static void
alert_text(struct out *o, const struct doc *d, size_t i, const struct row *r)
{
	char	 b[FMT_MAX];
	bool	 cleared = doc_is(r, "event", "cleared");

	if (doc_u64(r, "missed") > 0)
		out_printf(o, "missed=%" PRIu64 " ", doc_u64(r, "missed"));
	if (doc_bool(r, "compat") && (cleared || doc_is(r, "event",
	    "fired"))) {
		compat_text(o, r);
	} else {
		put_text(o, r, "event");
		out_char(o, ' ', 1);
		put_text(o, r, "rule");
		put_pair(o, "id", r, "id");
		put_pair(o, "key", r, "key");
		put_number(o, "value", r, "value");
		put_number(o, "limit", r, "limit");
		out_printf(o, " span=%s",
		    fmt_span(b, doc_num(r, "span_seconds")));
		if (doc_num(r, "after_seconds") > 0)
			out_printf(o, " after=%s",
			    fmt_span(b, doc_num(r, "after_seconds")));
		if (cleared || doc_is(r, "event", "ended"))
			put_number(o, "peak", r, "peak");
		else
			out_printf(o, " complete=%s",
			    fmt_ratio(b, doc_num(r, "complete")));
		put_list(o, d, i, ROW_CONTRIBUTOR, "top", 0);
		put_list(o, d, i, ROW_NEW_KEY, "new", doc_num(r, "value"));
		if (doc_u64(r, "evidence_packets") > 0)
			out_printf(o, " evidence=%" PRIu64,
			    doc_u64(r, "evidence_packets"));
		if (doc_bool(r, "restarted"))
			out_str(o, " restarted=yes");
	}
	out_printf(o, " seq=%" PRIu64 ".%" PRIu64, doc_u64(r, "epoch"),
	    doc_u64(r, "seq"));
}

static void
monitor_text(struct out *o, const struct row *r)
{
	const char	*type, *text;
	size_t		 n, len;

	type = doc_text(r, "type", &n);
	text = doc_text(r, "text", &len);
	/* "mirror NAME: ..." says its type already. */
	if (len <= n || memcmp(text, type, n) != 0 || text[n] != ' ') {
		put_text(o, r, "type");
		out_char(o, ' ', 1);
	}
	put_text(o, r, "text");
}

static void
body(struct out *o, const struct doc *d, size_t i, const struct row *r)
{
	if (r->kind == ROW_ALERT_EVENT)
		alert_text(o, d, i, r);
	else
		monitor_text(o, r);
}

void
event_line(struct out *o, const struct doc *d, size_t i)
{
	struct row	 r;
	char		 b[FMT_MAX];

	doc_get(d, i, &r);
	out_printf(o, "%s ", fmt_zulu(b, doc_u64(&r, "time"), 3));
	body(o, d, i, &r);
	out_char(o, '\n', 1);
}

#define PRI_NOTICE	5	/* severities: RFC 5424, 6.2.1 */
#define PRI_INFO	6

static unsigned
pri(const struct row *r, const struct event_origin *from)
{
	static const struct {
		const char	*severity;
		unsigned	 number;
	} table[] = {
		{ "error", 3 }, { "warning", 4 }, { "notice", PRI_NOTICE },
		{ "info", PRI_INFO },
	};
	size_t	 i;

	if (r->kind != ROW_ALERT_EVENT)
		return from->facility << 3 | PRI_INFO;
	if (!doc_is(r, "event", "cleared") && !doc_is(r, "event", "ended") &&
	    !doc_is(r, "event", "known"))
		for (i = 0; i < nitems(table); i++)
			if (doc_is(r, "severity", table[i].severity))
				return from->facility << 3 | table[i].number;
	return from->facility << 3 | PRI_NOTICE;
}

/* MSGID: upper case letters of the kind, "ALERT-FIRED". */
static void
msgid(struct out *o, const struct row *r)
{
	const char	*s;
	size_t		 i, n;
	bool		 alert = r->kind == ROW_ALERT_EVENT;

	s = doc_text(r, alert ? "event" : "type", &n);
	if (alert)
		out_str(o, "ALERT-");
	for (i = 0; i < n && i < 24; i++)
		if (s[i] >= 'a' && s[i] <= 'z')
			out_char(o, (char)(s[i] - 'a' + 'A'), 1);
	if (!alert && n == 0)
		out_char(o, '-', 1);
}

/* The header up to MSGID. */
static void
rfc5424_header(struct out *o, unsigned prival, uint64_t us,
    const struct event_origin *from)
{
	char	 b[FMT_MAX];

	out_printf(o, "<%u>1 %s %s netmond ", prival, fmt_zulu(b, us, 6),
	    *from->hostname != '\0' ? from->hostname : "-");
	if (from->pid > 0)
		out_printf(o, "%ld ", from->pid);
	else
		out_str(o, "- ");
}

static void
rfc5424(struct out *o, const struct doc *d, size_t i, const struct row *r,
    const struct event_origin *from)
{
	struct out	 t;
	size_t		 k;

	out_init(&t);
	body(&t, d, i, r);
	rfc5424_header(o, pri(r, from), doc_u64(r, "time"), from);
	msgid(o, r);
	out_str(o, " - ");
	for (k = 0; k < t.len; k++)
		if ((unsigned char)t.p[k] >= 0x80)
			break;
	if (k < t.len)
		out_str(o, "\xef\xbb\xbf");
	out_put(o, t.p, t.len);
	out_char(o, '\n', 1);
	if (t.err)
		o->err = true;
	out_clear(&t);
}

void
event_prefixed(struct out *o, const struct doc *d, size_t i,
    enum event_prefix prefix, const struct event_origin *from)
{
	struct row	 r;

	doc_get(d, i, &r);
	if (prefix == EVENT_RFC5424) {
		rfc5424(o, d, i, &r, from);
		return;
	}
	if (prefix == EVENT_PRI)
		out_printf(o, "<%u>", pri(&r, from));
	event_line(o, d, i);
}

void
event_restarted(struct out *o, uint64_t epoch, enum event_prefix prefix,
    const struct event_origin *from)
{
	char		 b[FMT_MAX];
	unsigned	 prival = from->facility << 3 | PRI_NOTICE;

	if (prefix == EVENT_RFC5424) {
		rfc5424_header(o, prival, epoch, from);
		out_str(o, "RESTARTED - ");
	} else {
		if (prefix == EVENT_PRI)
			out_printf(o, "<%u>", prival);
		out_printf(o, "%s ", fmt_zulu(b, epoch, 3));
	}
	out_printf(o, "daemon restarted seq=%" PRIu64 ".0\n", epoch);
}
