#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/conf.h"
#include "sandbox/proc.h"
#include "sandbox/vis.h"
#include "ui/client.h"
#include "ui/fmt.h"
#include "ui/history.h"
#include "ui/past.h"
#include "ui/view.h"

#define SECOND		1000000ULL
#define DAY		(86400 * SECOND)
#define HOUR		(3600 * SECOND)
#define STEPS_MAX	100000
#define STEP_HOSTS	64
#define HOST_TEXT	256

static int
bad_time(const char *word, const char *forms, char *why, size_t size)
{
	char	 v[256];

	snprintf(why, size, "no time: %s; valid: %s",
	    vis_str(VIS_TERM, v, sizeof(v), word), forms);
	return CLIENT_USAGE;
}

/* One of the times of a command; what else when it was not given. */
static int
time_of(const struct command *c, enum command_time which, uint64_t now_us,
    uint64_t otherwise, uint64_t *us, char *why, size_t size)
{
	*us = otherwise;
	if (c->time[which] == NULL)
		return CLIENT_OK;
	if (which == TIME_STEP) {
		if (past_span(c->time[which], us) == 0)
			return CLIENT_OK;
		return bad_time(c->time[which], "30s 10m 1h 1d", why, size);
	}
	if (past_time(c->time[which], now_us, us) == 0)
		return CLIENT_OK;
	return bad_time(c->time[which], "03:12 03:12:30 2026-11-30 "
	    "2026-11-30T03:12 in UTC, or 90m 2h 1d ago", why, size);
}

static const char *
file_of(const struct command *c)
{
	return c->file != NULL ? c->file : CONF_HISTORY;
}

/* ---- at a time ---- */

struct at {
	struct doc	*d;
	enum show_subject subject;
	uint64_t	 us;
	uint64_t	 before_us;	/* the last end, 0: none */
	uint64_t	 after_us;	/* the first begin behind it */
	bool		 found;
	bool		 missing;	/* but not what is asked for */
};

static void
take(struct at *a, const struct period *u, const struct period_keys *k)
{
	static const char *const summary[] = { "summary", "alerts", "hosts",
				    NULL };
	static const char *const report[] = { "summary", "interfaces",
				    "hosts", "methods", "status", "names",
				    "clients", "sections", "capture",
				    "alerts", NULL };
	const char		*one[] = { view_subject(a->subject)->name,
				    NULL };
	const char *const	*name = a->subject == SHOW_SUMMARY ? summary :
				    a->subject == SHOW_REPORT ? report : one;

	doc_reset(a->d);
	a->found = true;
	a->missing = past_rows(a->d, u, k, PERIOD_COMPLETE) == -1;
	for (; *name != NULL; name++)
		if (past_rows(a->d, u, k, *name) == -1 &&
		    a->subject != SHOW_REPORT)
			a->missing = true;
}

static bool
look(void *arg, const struct period *u, const struct period_keys *k)
{
	struct at	*a = arg;

	if (u->from_us <= a->us && a->us < u->to_us)
		take(a, u, k);
	else if (u->to_us <= a->us && u->to_us > a->before_us)
		a->before_us = u->to_us;
	else if (u->from_us > a->us && u->from_us < a->after_us)
		a->after_us = u->from_us;
	return true;
}

static int
not_kept(const struct at *a, const char *file, char *why, size_t size)
{
	char	 at[FMT_MAX], before[FMT_MAX], after[FMT_MAX], v[512];

	vis_str(VIS_TERM, v, sizeof(v), file);
	fmt_time(at, a->us);
	fmt_time(before, a->before_us);
	fmt_time(after, a->after_us);
	if (a->before_us == 0 && a->after_us == UINT64_MAX)
		snprintf(why, size, "%s: nothing was kept yet", v);
	else if (a->before_us == 0)
		snprintf(why, size, "%s: nothing was kept at %s, it begins at "
		    "%s", v, at, after);
	else if (a->after_us == UINT64_MAX)
		snprintf(why, size, "%s: nothing was kept at %s, it ends at "
		    "%s", v, at, before);
	else
		snprintf(why, size, "%s: nothing was kept at %s, but until %s "
		    "and from %s on", v, at, before, after);
	return CLIENT_REFUSED;
}

int
history_at(struct doc *d, const struct command *c, enum command_time which,
    char *why, size_t size)
{
	struct at	 a = { .d = d, .after_us = UINT64_MAX,
			    .subject = (enum show_subject)c->show.subject };
	struct past	 p = { .file = file_of(c), .fn = look, .arg = &a };
	uint64_t	 now = proc_wall_us();
	int		 status;

	status = time_of(c, TIME_AT, now, 0, &a.us, why, size);
	if (status == CLIENT_OK && which == TIME_WITH)
		status = time_of(c, TIME_WITH, now, a.us < DAY ? 0 :
		    a.us - DAY, &a.us, why, size);
	if (status != CLIENT_OK)
		return status;
	p.since_us = a.us;
	p.until_us = a.us + 1;
	if ((status = past_read(&p, why, size)) != CLIENT_OK)
		return status;
	if (!a.found) {
		p.since_us = 0;
		p.until_us = UINT64_MAX;
		if ((status = past_read(&p, why, size)) != CLIENT_OK)
			return status;
	}
	if (!a.found)
		return not_kept(&a, p.file, why, size);
	if (a.missing) {
		snprintf(why, size, "this was not kept then: too much for a "
		    "period, or by another version");
		return CLIENT_REFUSED;
	}
	return CLIENT_OK;
}

void
history_head(struct out *o, const struct doc *d)
{
	struct row	 r;
	char		 at[FMT_MAX], span[FMT_MAX], part[FMT_MAX];
	uint64_t	 from_us;
	double		 back_us;

	if (doc_find(d, ROW_COMPLETE, &r) == -1)
		return;
	from_us = doc_u64(&r, "time");
	back_us = doc_num(&r, "window_seconds") * 1e6;
	from_us = back_us >= 0 && back_us < (double)from_us ?
	    from_us - (uint64_t)back_us : 0;
	out_printf(o, "from %s for %s   complete %s\n",
	    fmt_time(at, from_us), fmt_span(span, back_us / 1e6),
	    fmt_ratio(part, doc_num(&r, "ratio")));
}

/* ---- steps ---- */

struct busy {
	char		 host[HOST_TEXT];
	uint64_t	 requests;
};

struct step {
	uint64_t	 begin_us;	/* 0: none yet */
	double		 seconds;
	double		 unkept;
	double		 seen;		/* seconds, by how complete they are */
	double		 peak;
	double		 p95;
	uint64_t	 requests;
	uint64_t	 responses;
	uint64_t	 errors[2];
	uint64_t	 tls;
	uint64_t	 quic;
	uint64_t	 bytes;
	uint64_t	 alerts;
	struct busy	 busy[STEP_HOSTS];
	size_t		 nbusy;
};

struct steps {
	struct doc	*d;
	struct doc	 rows;		/* of a period */
	struct past	 past;
	struct step	 now;
	uint64_t	 step_us;
	uint64_t	 end_us;	/* of the last period, 0: none */
	uint64_t	 longest_us;	/* of periods */
	uint64_t	 firing;	/* alerts, when the last one ended */
	uint64_t	 fired;		/* until then, since netmond started */
	size_t		 n;
	bool		 failed;	/* no memory, or too many */
};

static const struct busy *
busiest(const struct step *s)
{
	static const struct busy	 nobody;
	const struct busy		*b = &nobody;
	size_t				 i;

	for (i = 0; i < s->nbusy; i++)
		if (s->busy[i].requests > b->requests)
			b = &s->busy[i];
	return b;
}

static double
over(double n, double seconds)
{
	return seconds > 0 ? n / seconds : 0;
}

/* The step is over: it is a row. */
static void
end_step(struct steps *t)
{
	struct step		*s = &t->now;
	const struct busy	*b = busiest(s);
	struct row_writer	 w;
	struct buf		 o;
	uint8_t			 row[1024];

	if (s->begin_us == 0 || t->failed)
		return;
	buf_writer(&o, row, sizeof(row));
	row_begin(&w, &o, ROW_PERIOD, 0);
	row_u64(&w, s->begin_us);
	row_double(&w, s->seconds);
	row_double(&w, s->unkept);
	row_u64(&w, s->requests);
	row_double(&w, over((double)s->requests, s->seconds));
	row_double(&w, s->peak);
	row_u64(&w, s->responses);
	row_u64(&w, s->errors[0]);
	row_u64(&w, s->errors[1]);
	row_double(&w, s->p95);
	row_u64(&w, s->tls);
	row_u64(&w, s->quic);
	row_double(&w, over((double)s->bytes * 8, s->seconds));
	row_u64(&w, s->alerts);
	row_double(&w, over(s->seen, s->seconds + s->unkept));
	row_str(&w, b->host);
	row_u64(&w, b->requests);
	t->failed = row_end(&w) == -1 || doc_add(t->d, row, o.len) == -1 ||
	    ++t->n == STEPS_MAX;
}

/* The step of this moment, also when the clock went back. */
static struct step *
step_at(struct steps *t, uint64_t us)
{
	uint64_t	 begin = us - us % t->step_us;

	if (t->now.begin_us == begin)
		return &t->now;
	end_step(t);
	memset(&t->now, 0, sizeof(t->now));
	t->now.begin_us = begin;
	t->now.alerts = t->firing;
	return &t->now;
}

/* From one time to another nothing was kept. */
static void
not_there(struct steps *t, uint64_t from_us, uint64_t to_us)
{
	struct step	*s;
	uint64_t	 end;

	t->firing = 0;
	for (; from_us < to_us && !t->failed; from_us = end) {
		s = step_at(t, from_us);
		end = s->begin_us + t->step_us;
		if (end > to_us)
			end = to_us;
		s->unkept += (double)(end - from_us) / 1e6;
	}
}

/* For one more host; that with the least makes room. */
static size_t
place(struct step *s)
{
	size_t	 i, least = 0;

	if (s->nbusy < STEP_HOSTS)
		return s->nbusy++;
	for (i = 1; i < s->nbusy; i++)
		if (s->busy[i].requests < s->busy[least].requests)
			least = i;
	return least;
}

static void
add_host(struct step *s, const struct row *r)
{
	const char	*name;
	char		 host[HOST_TEXT];
	size_t		 i, n;

	name = doc_text(r, "host", &n);
	snprintf(host, sizeof(host), "%.*s", (int)n, name);
	for (i = 0; i < s->nbusy && strcmp(s->busy[i].host, host) != 0; i++)
		continue;
	if (i == s->nbusy) {
		i = place(s);
		compat_strlcpy(s->busy[i].host, host, sizeof(s->busy[i].host));
		s->busy[i].requests = 0;
	}
	s->busy[i].requests += doc_u64(r, "requests");
}

/* The alerts that fired, or did when the period before ended. */
static void
add_alerts(struct steps *t, struct step *s)
{
	const struct doc	*d = &t->rows;
	struct row		 r;
	const char		*rule, *last = "";
	uint64_t		 firing = 0, fired = 0;
	size_t			 i, n, last_n = 0;

	for (i = doc_next(d, 0, d->n, ROW_ALERT, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_ALERT, 0)) {
		doc_get(d, i, &r);
		firing += doc_fires(&r);
		/* Each key of a rule tells the sum of the rule. */
		rule = doc_text(&r, "rule", &n);
		if (n != last_n || memcmp(rule, last, n) != 0)
			fired += doc_u64(&r, "fired_total");
		last = rule;
		last_n = n;
	}
	if (fired > t->fired)
		s->alerts += fired - t->fired;
	if (firing > s->alerts)
		s->alerts = firing;
	t->firing = firing;
	t->fired = fired;
}

static void
add_summary(struct step *s, const struct row *r, double seconds)
{
	double	 rate = over(doc_num(r, "requests"), seconds);

	s->requests += doc_u64(r, "requests");
	s->responses += doc_u64(r, "responses");
	s->errors[0] += doc_u64(r, "errors_4xx");
	s->errors[1] += doc_u64(r, "errors_5xx");
	s->tls += doc_u64(r, "tls_handshakes");
	s->quic += doc_u64(r, "quic_connections");
	s->bytes += doc_u64(r, "wire_bytes");
	if (rate > s->peak)
		s->peak = rate;
	if (doc_num(r, "response_p95_seconds") > s->p95)
		s->p95 = doc_num(r, "response_p95_seconds");
}

static void
add_period(struct steps *t, struct step *s, double seconds)
{
	const struct doc	*d = &t->rows;
	struct row		 r;
	size_t			 i;

	s->seconds += seconds;
	if (doc_find(d, ROW_COMPLETE, &r) != -1)
		s->seen += doc_num(&r, "ratio") * seconds;
	if (doc_find(d, ROW_SUMMARY, &r) != -1)
		add_summary(s, &r, seconds);
	for (i = doc_next(d, 0, d->n, ROW_HOST, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, ROW_HOST, 0)) {
		doc_get(d, i, &r);
		add_host(s, &r);
	}
}

/* How far ends may be apart that meet: clocks are read late. */
static uint64_t
apart(uint64_t period_us)
{
	return period_us / 2 < SECOND ? period_us / 2 : SECOND;
}

static bool
count(void *arg, const struct period *u, const struct period_keys *k)
{
	struct steps	*t = arg;
	const uint64_t	 long_us = u->to_us - u->from_us;
	struct step	*s;
	bool		 has_alerts;

	/* It was there before, and then until now it was not. */
	if (t->end_us == 0 && t->past.before_us != 0)
		t->end_us = t->past.since_us;
	if (t->end_us != 0 && u->from_us > t->end_us &&
	    u->from_us - t->end_us > apart(long_us))
		not_there(t, t->end_us, u->from_us);
	t->end_us = u->to_us;
	if (long_us > t->longest_us)
		t->longest_us = long_us;
	doc_reset(&t->rows);
	/* A chunk that is not there counts nothing. */
	(void)past_rows(&t->rows, u, k, PERIOD_COMPLETE);
	(void)past_rows(&t->rows, u, k, "summary");
	(void)past_rows(&t->rows, u, k, "hosts");
	has_alerts = past_rows(&t->rows, u, k, "alerts") == 0;
	s = step_at(t, u->from_us);
	add_period(t, s, (double)long_us / 1e6);
	if (has_alerts)
		add_alerts(t, s);
	return !t->failed;
}

/* Behind the last one; the running one is not kept yet. */
static void
count_rest(struct steps *t, uint64_t now_us)
{
	const uint64_t	 running = 2 * t->longest_us + SECOND;
	const uint64_t	 until = t->past.until_us < now_us ?
			    t->past.until_us : now_us;

	if (t->end_us != 0 && until > t->end_us && until - t->end_us >
	    (now_us - until < running ? running : apart(t->longest_us)))
		not_there(t, t->end_us, until);
}

int
history_table(struct doc *d, const struct command *c, char *why, size_t size)
{
	struct steps	*t;
	struct past	*p;
	uint64_t	 now = proc_wall_us();
	int		 status;

	if ((t = calloc(1, sizeof(*t))) == NULL) {
		snprintf(why, size, "out of memory");
		return CLIENT_OS;
	}
	p = &t->past;
	if ((status = time_of(c, TIME_UNTIL, now, now, &p->until_us, why,
	    size)) != CLIENT_OK ||
	    (status = time_of(c, TIME_SINCE, now, p->until_us < DAY ? 0 :
	    p->until_us - DAY, &p->since_us, why, size)) != CLIENT_OK ||
	    (status = time_of(c, TIME_STEP, now, HOUR, &t->step_us, why,
	    size)) != CLIENT_OK) {
		free(t);
		return status;
	}
	t->d = d;
	t->fired = UINT64_MAX;	/* nobody knows */
	doc_init(&t->rows);
	doc_reset(d);
	p->file = file_of(c);
	p->fn = count;
	p->arg = t;
	status = past_read(p, why, size);
	count_rest(t, now);
	end_step(t);
	if (status == CLIENT_OK && t->failed) {
		snprintf(why, size, "out of memory, or more than %d steps: "
		    "take longer ones, with \"by\"", STEPS_MAX);
		status = CLIENT_OS;
	} else if (status == CLIENT_OK && d->n == 0) {
		snprintf(why, size, "nothing was kept in this time, see "
		    "\"since\", \"until\" and \"in\"");
		status = CLIENT_REFUSED;
	}
	doc_clear(&t->rows);
	free(t);
	return status;
}
