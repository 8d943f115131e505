#include <string.h>

#include "mirror/eve_rows.h"
#include "sandbox/compat.h"
#include "sandbox/row.h"

#define GID		90	/* of our alerts */

/* ---- alerts ---- */

static unsigned
rule_number(const struct conf *conf, const struct row_value *name)
{
	size_t	 i;

	for (i = 0; i < conf->nalerts; i++)
		if (strlen(conf->alerts[i].name) == name->s.n &&
		    memcmp(conf->alerts[i].name, name->s.p, name->s.n) == 0)
			return (unsigned)i + 1;
	return 0;
}

static unsigned
severity(const struct row_value *v)
{
	static const char *const	 names[] = { "error", "warning" };
	unsigned			 i;

	for (i = 0; i < nitems(names); i++)
		if (v->s.n == strlen(names[i]) &&
		    memcmp(v->s.p, names[i], v->s.n) == 0)
			return i + 1;
	return 3;
}

static void
put_row_field(struct line *l, const char *as, const struct row *r,
    const char *field)
{
	const struct row_value	*v;

	if ((v = row_value(r, field)) == NULL)
		return;
	switch (v->type) {
	case ROW_STR:
		if (v->s.n > 0)
			line_strn(l, as, v->s.p, v->s.n);
		break;
	case ROW_DOUBLE:
		line_double(l, as, v->d);
		break;
	case ROW_BOOL:
		line_bool(l, as, v->b);
		break;
	case ROW_U64:
		line_num(l, as, v->u);
		break;
	case ROW_I64:
		break;
	}
}

/* The keys that were new, of a rule that looks for such. */
static void
put_new(struct line *l, struct buf *rest)
{
	const struct row_value	*v;
	struct row		 r;
	unsigned		 n = 0;

	while (buf_left(rest) > 0 && row_get(rest, &r) == 0) {
		if (r.kind != ROW_NEW_KEY)
			continue;
		v = row_value(&r, "key");
		if (n++ == 0) {
			line_key(l, "new");
			line_put(l, "[");
		}
		line_put(l, n > 1 ? ",\"" : "\"");
		line_vis(l, VIS_JSON, (const uint8_t *)v->s.p, v->s.n);
		line_put(l, "\"");
	}
	if (n > 0) {
		line_put(l, "]");
		l->comma = true;
	}
}

static void
put_context(struct line *l, const struct row *r, struct buf *rest)
{
	static const char *const	 fields[][2] = {
		{ "id", "id" }, { "state", "event" }, { "key", "key" },
		{ "metric", "metric" }, { "value", "value" },
		{ "limit", "limit" }, { "unit", "unit" },
		{ "span_seconds", "span_seconds" },
		{ "after_seconds", "after_seconds" }, { "peak", "peak" },
		{ "complete", "complete" }, { "restarted", "restarted" },
	};
	struct buf			 again = *rest;
	struct row			 top;
	size_t				 i;
	bool				 first;

	line_open(l, "context");
	for (i = 0; i < nitems(fields); i++)
		put_row_field(l, fields[i][0], r, fields[i][1]);
	line_key(l, "top");
	line_put(l, "[");
	first = true;
	while (buf_left(rest) > 0 && row_get(rest, &top) == 0) {
		if (top.kind != ROW_CONTRIBUTOR)
			continue;
		line_put(l, "%s{", first ? "" : ",");
		l->comma = false;
		put_row_field(l, "host", &top, "host");
		put_row_field(l, "share", &top, "share");
		line_put(l, "}");
		first = false;
	}
	line_put(l, "]");
	l->comma = true;
	put_new(l, &again);
	line_close(l);
}

void
eve_alert(struct line *l, const struct msg_event *e, const struct conf *conf)
{
	const struct row_value	*name, *sev;
	struct buf		 b;
	struct row		 r;

	buf_reader(&b, e->rows.p, e->rows.n);
	if (row_get(&b, &r) == -1 || r.kind != ROW_ALERT_EVENT) {
		l->full = true;
		return;
	}
	name = row_value(&r, "rule");
	sev = row_value(&r, "severity");
	line_open(l, "alert");
	line_str(l, "action", "allowed");
	line_num(l, "gid", GID);
	line_num(l, "signature_id", rule_number(conf, name));
	line_num(l, "rev", 1);
	line_strn(l, "signature", name->s.p, name->s.n);
	line_str(l, "category", "traffic threshold");
	line_num(l, "severity", severity(sev));
	put_context(l, &r, &b);
	line_close(l);
}

/* ---- statistics ---- */

struct stat_name {
	const char	*section;	/* NULL: at the top of stats */
	const char	*key;
	const char	*tally;
};

/* Suricata's names, grouped by section. */
static const struct stat_name stat_names[] = {
	{ "capture",	"kernel_packets",	"cap_packets" },
	{ "capture",	"kernel_drops",		"cap_kernel_drops" },
	{ "capture",	"errors",		"cap_open_errors" },
	{ "decoder",	"pkts",			"pkt_seen" },
	{ "decoder",	"bytes",		"pkt_bytes" },
	{ "decoder",	"invalid",		"pkt_bad" },
	{ "tcp",	"sessions",		"flow_created" },
	{ "tcp",	"reassembly_gap",	"reass_gaps" },
	{ "tcp",	"overlap",		"reass_overlaps" },
};

static bool
find_tally(const struct msg_span *rows, const char *name, uint64_t *v)
{
	const struct row_value	*n;
	struct buf		 b;
	struct row		 r;

	buf_reader(&b, rows->p, rows->n);
	while (buf_left(&b) > 0 && row_get(&b, &r) == 0) {
		if (r.kind != ROW_TALLY)
			continue;
		n = row_value(&r, "name");
		if (n->s.n != strlen(name) ||
		    memcmp(n->s.p, name, n->s.n) != 0)
			continue;
		*v = row_value(&r, "value")->u;
		return true;
	}
	return false;
}

void
eve_stats(struct line *l, const struct msg_event *e)
{
	const char	*section;
	uint64_t	 v;
	size_t		 i;

	line_open(l, "stats");
	line_num(l, "uptime", e->start_us != 0 && e->ts_us > e->start_us ?
	    (e->ts_us - e->start_us) / 1000000 : 0);
	section = NULL;
	for (i = 0; i < nitems(stat_names); i++) {
		if (!find_tally(&e->rows, stat_names[i].tally, &v))
			continue;
		if (section == NULL ||
		    strcmp(section, stat_names[i].section) != 0) {
			if (section != NULL)
				line_close(l);
			section = stat_names[i].section;
			line_open(l, section);
		}
		line_num(l, stat_names[i].key, v);
	}
	if (section != NULL)
		line_close(l);
	line_close(l);
}

void
eve_stats_extras(struct line *l, const struct msg_event *e)
{
	const struct row_value	*n;
	struct buf		 b;
	struct row		 r;
	char			 name[64];

	line_open(l, "tally");
	buf_reader(&b, e->rows.p, e->rows.n);
	while (buf_left(&b) > 0 && row_get(&b, &r) == 0) {
		n = row_value(&r, "name");
		if (r.kind != ROW_TALLY || n->s.n >= sizeof(name))
			continue;
		vis_put(VIS_JSON, name, sizeof(name), n->s.p, n->s.n);
		line_num(l, name, row_value(&r, "value")->u);
	}
	line_close(l);
}
