#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mirror/line.h"

void
line_put(struct line *l, const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	if (l->full)
		return;
	va_start(ap, fmt);
	n = vsnprintf(l->p + l->n, l->size - l->n, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= l->size - l->n)
		l->full = true;
	else
		l->n += (size_t)n;
}

void
line_vis(struct line *l, enum vis_form form, const void *p, size_t n)
{
	if (l->full)
		return;
	if (vis_put(form, l->p + l->n, l->size - l->n, p, n) < n)
		l->full = true;
	else
		l->n += strlen(l->p + l->n);
}

void
line_key(struct line *l, const char *k)
{
	line_put(l, "%s\"%s\":", l->comma ? "," : "", k);
	l->comma = true;
}

void
line_open(struct line *l, const char *k)
{
	line_key(l, k);
	line_put(l, "{");
	l->comma = false;
}

void
line_close(struct line *l)
{
	line_put(l, "}");
	l->comma = true;
}

void
line_num(struct line *l, const char *k, uint64_t v)
{
	line_key(l, k);
	line_put(l, "%" PRIu64, v);
}

void
line_double(struct line *l, const char *k, double v)
{
	line_key(l, k);
	if (isfinite(v))
		line_put(l, "%.15g", v);
	else
		line_put(l, "0");
}

void
line_bool(struct line *l, const char *k, bool v)
{
	line_key(l, k);
	line_put(l, v ? "true" : "false");
}

void
line_strn(struct line *l, const char *k, const void *p, size_t n)
{
	line_key(l, k);
	line_put(l, "\"");
	line_vis(l, VIS_JSON, p, n);
	line_put(l, "\"");
}

void
line_str(struct line *l, const char *k, const char *s)
{
	line_strn(l, k, s, strlen(s));
}

void
line_span(struct line *l, const char *k, const struct msg_span *s)
{
	if (s->n > 0)
		line_strn(l, k, s->p, s->n);
}

void
line_time(struct line *l, const char *k, uint64_t us)
{
	time_t		 t = (time_t)(us / 1000000);
	struct tm	 tm;
	char		 s[32];

	if (gmtime_r(&t, &tm) == NULL || strftime(s, sizeof(s),
	    "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		compat_strlcpy(s, "1970-01-01T00:00:00", sizeof(s));
	line_key(l, k);
	line_put(l, "\"%s.%06u+0000\"", s, (unsigned)(us % 1000000));
}
