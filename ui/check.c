#include <stdio.h>
#include <string.h>

#include "sandbox/compat.h"
#include "ui/check.h"
#include "ui/fmt.h"

static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

/* A rule that fires is as bad as its severity says. */
static enum check_status
status_of(const struct row *r)
{
	if (doc_is(r, "state", "unknown"))
		return CHECK_UNKNOWN;
	if (!doc_fires(r))
		return CHECK_OK;
	return doc_is(r, "severity", "error") ? CHECK_CRITICAL :
	    CHECK_WARNING;
}

/* CRITICAL, WARNING, UNKNOWN, OK: which one of two rows to report. */
static int
rank(enum check_status s)
{
	static const int	 order[] = { 0, 2, 3, 1 };

	return order[s];
}

static bool
fires_below(const struct row *r)
{
	const char	*op;
	size_t		 n;

	op = doc_text(r, "op", &n);
	return n > 0 && *op == '<';
}

static bool
worse(const struct row *a, const struct row *b)
{
	double	 x = doc_num(a, "value"), y = doc_num(b, "value");
	int	 ra = rank(status_of(a)), rb = rank(status_of(b));

	if (ra != rb)
		return ra > rb;
	return fires_below(a) ? x < y : x > y;
}

static bool
is_ratio(const struct row *r)
{
	return doc_is(r, "unit", "ratio");
}

/*
 * Performance data: label=value[unit];warn;crit;min;max. A limit is a range of
 * what is well: "5" is 0 to 5, "95:" is 95 and above.
 */
static void
performance(struct out *o, const struct row *r, enum check_status bad)
{
	double	 scale = is_ratio(r) ? 100 : 1;
	char	 v[FMT_MAX], b[FMT_MAX], l[FMT_MAX + 2];

	fmt_short(v, scale * doc_num(r, "value"));
	*l = '\0';
	if (doc_has_limit(r))
		snprintf(l, sizeof(l), "%s%s", fmt_short(b, scale *
		    doc_num(r, "limit")), fires_below(r) ? ":" : "");
	out_printf(o, " | %s=%s%s;%s;%s;0;%s\n",
	    is_ratio(r) ? "ratio" : "value", v,
	    is_ratio(r) ? "%" : doc_is(r, "unit", "seconds") ? "s" :
	    doc_is(r, "unit", "bytes") ? "B" : "",
	    bad == CHECK_WARNING ? l : "", bad == CHECK_CRITICAL ? l : "",
	    is_ratio(r) ? "100" : "");
}

static void
report(struct out *o, const struct doc *d, const struct row *r,
    enum check_status status)
{
	struct row	 complete;
	const char	*unit, *key;
	char		 b[FMT_MAX];
	double		 ratio = doc_num(r, "complete");
	size_t		 n, len;

	out_printf(o, "%s ", words[status]);
	key = doc_text(r, "rule", &len);
	out_vis(o, VIS_ITEM, key, len);	/* "|" begins performance data */
	unit = doc_text(r, "unit", &n);
	out_printf(o, " %s", fmt_by_unit(b, unit, n, doc_num(r, "value")));
	out_printf(o, " (limit %s)", doc_has_limit(r) ? fmt_by_unit(b, unit, n,
	    doc_num(r, "limit")) : "-");
	key = doc_text(r, "key", &len);
	if (len > 0) {
		out_str(o, " worst=");
		out_vis(o, VIS_ITEM, key, len);
	}
	if (ratio == 0 && doc_find(d, ROW_COMPLETE, &complete) != -1)
		ratio = doc_num(&complete, "ratio");
	out_printf(o, " complete=%s", fmt_ratio(b, ratio));
	key = doc_text(r, "reason", &len);
	if ((status == CHECK_UNKNOWN || !doc_has_limit(r)) && len > 0) {
		out_str(o, ": ");
		out_vis(o, VIS_ITEM, key, len);
	}
	performance(o, r, doc_is(r, "severity", "error") ? CHECK_CRITICAL :
	    CHECK_WARNING);
}

enum check_status
check_judge(struct out *o, const struct doc *d, const char *name)
{
	struct row	 r, worst;
	bool		 some = false;
	size_t		 i;

	for (i = doc_next(d, 0, d->n, ROW_ALERT, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_ALERT, 0)) {
		doc_get(d, i, &r);
		if (!doc_is(&r, "rule", name))
			continue;
		if (!some || worse(&r, &worst))
			worst = r;
		some = true;
	}
	if (!some) {
		out_str(o, "UNKNOWN ");
		out_vis(o, VIS_ITEM, name, strlen(name));
		out_str(o, ": no such rule\n");
		return CHECK_UNKNOWN;
	}
	report(o, d, &worst, status_of(&worst));
	return status_of(&worst);
}
