/* The statement alert. */
#include <stdio.h>
#include <string.h>

#include "parent/parser.h"

void
alert_begin(struct parser *p, const char *name)
{
	conf_alert_defaults(&p->alert);
	p->select = &p->alert.select;
	get_text(p, "the name", p->alert.name, sizeof(p->alert.name), name);
}

unsigned
alert_metric(struct parser *p, const char *s)
{
	char	 all[CONF_WHY_MAX];
	int	 i;

	if (s == NULL || (i = conf_word_find(WORDS_METRIC, s)) == -1) {
		get_words(WORDS_METRIC, all, sizeof(all));
		parse_fail(p, "unknown metric \"%s\", valid: %s",
		    s == NULL ? "" : s, all);
		return METRIC_REQUESTS;
	}
	if (conf_metric_times((unsigned)i)) {
		parse_fail(p, "%s needs a percentile, like p95 %s", s, s);
		return METRIC_REQUESTS;
	}
	return (unsigned)i;
}

void
alert_percentile(struct parser *p, const char *pnn, const char *metric)
{
	const char	*end;
	uint64_t	 v = 0;
	int		 i;

	i = conf_word_find(WORDS_METRIC, metric);
	if (i == -1 || !conf_metric_times((unsigned)i)) {
		parse_fail(p, "\"%s\" has no percentiles, use response-time or "
		    "connect-time", metric);
		i = METRIC_RESPONSE_TIME;
	}
	if (*pnn != 'p' || get_digits(pnn + 1, &v, &end) == -1 ||
	    *end != '\0' || v < 1 || v > 99) {
		parse_fail(p, "\"%s\" is not a percentile, use p1 to p99", pnn);
		v = 95;
	}
	p->alert.metric = (uint8_t)i;
	p->alert.percentile = (uint8_t)v;
}

void
alert_ratio(struct parser *p, unsigned metric)
{
	p->alert.ratio_metric = (uint8_t)metric;
}

void
alert_of(struct parser *p, const char *of)
{
	struct conf_alert	*a = &p->alert;

	p->select = &a->select;
	if (a->ratio_metric == METRIC_MAX) {
		a->ratio_metric = a->ratio.status.lo != 0 ?
		    METRIC_RESPONSES : METRIC_REQUESTS;
		if (a->ratio.status.lo == 0 && a->ratio.method[0] == '\0' &&
		    a->ratio.host[0] == '\0' && a->ratio.tag[0] == '\0' &&
		    a->ratio.on[0] == '\0')
			parse_fail(p, "ratio of what? Use ratio status 5xx, or "
			    "ratio errors of responses");
	}
	if (of != NULL)
		a->ratio_of = (uint8_t)alert_metric(p, of);
	else if (a->ratio_metric == METRIC_ERRORS)
		a->ratio_of = METRIC_RESPONSES;
	else if (a->ratio_metric == METRIC_RETRANSMITS ||
	    a->ratio_metric == METRIC_DROPS)
		a->ratio_of = METRIC_PACKETS;
	else
		a->ratio_of = a->ratio_metric;
}

void
alert_value(struct parser *p, double *to, const char *s)
{
	unsigned	 metric = p->alert.metric;
	char		 why[CONF_WHY_MAX];
	const char	*end;
	uint64_t	 v = 0;

	if (s == NULL)
		return;
	if (conf_metric_parts(metric)) {
		get_part(p, to, s);
		return;
	}
	if (conf_metric_times(metric)) {
		if (parse_time(s, &v, why, sizeof(why)) == -1)
			parse_fail(p, "%s", why);
		*to = (double)v / 1e6;
		return;
	}
	if (conf_metric_bytes(metric)) {
		if (parse_size(s, &v, why, sizeof(why)) == -1)
			parse_fail(p, "%s", why);
	} else if (get_digits(s, &v, &end) == -1 || *end != '\0')
		parse_fail(p, "\"%s\" is not a number; %s are counted without "
		    "a unit", s, conf_metric_name((enum conf_metric)metric));
	*to = (double)v;
}

void
alert_usual(struct parser *p, const char *part, const char *what)
{
	if (what == NULL || strcmp(what, "usual") != 0)
		parse_fail(p, "\"of %s\" is no limit, use a number, or a part "
		    "of what is usual, like 300%% of usual",
		    what == NULL ? "" : what);
	p->alert.usual = true;
	if (part != NULL)
		get_part(p, &p->alert.value, part);
}

void
alert_status(struct parser *p, const char *s)
{
	if (s != NULL)
		(void)get_status(p, &p->select->status, s);
}

void
alert_end(struct parser *p)
{
	parse_join(p, CONF_ALERT, conf_add_alert(p->conf), &p->alert,
	    sizeof(p->alert), &p->conf->nalerts);
}
