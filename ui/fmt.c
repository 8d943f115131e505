#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "ui/fmt.h"

/* Divides by base until under it; the index of the prefix. */
static unsigned
scale(double *v, double base, double full, unsigned max)
{
	unsigned	 i;

	for (i = 0; i < max && *v >= full; i++)
		*v /= base;
	return i;
}

const char *
fmt_count(char b[FMT_MAX], double v)
{
	static const char	 prefix[] = "kMGTPE";
	unsigned		 i;

	if (v < 99999.5) {
		if (v == floor(v))
			snprintf(b, FMT_MAX, "%.0f", v);
		else
			snprintf(b, FMT_MAX, "%.1f", v);
		return b;
	}
	v /= 1000;
	i = scale(&v, 1000, 999.95, 5);
	snprintf(b, FMT_MAX, "%.1f%c", v, prefix[i]);
	return b;
}

const char *
fmt_rate(char b[FMT_MAX], double v)
{
	static const char	 prefix[] = " kMGTPE";
	unsigned		 i;

	i = scale(&v, 1000, 999.95, 6);
	if (i == 0)
		snprintf(b, FMT_MAX, v == 0 ? "0" : "%.1f", v);
	else
		snprintf(b, FMT_MAX, "%.1f%c", v, prefix[i]);
	return b;
}

const char *
fmt_si(char b[FMT_MAX], double v)
{
	static const char *const prefix[] = { "", "k", "M", "G", "T", "P" };
	unsigned		 i;

	i = scale(&v, 1000, 999.95, 5);
	if (i == 0 && v == floor(v))
		snprintf(b, FMT_MAX, "%.0f ", v);
	else
		snprintf(b, FMT_MAX, "%.1f %s", v, prefix[i]);
	return b;
}

const char *
fmt_bytes(char b[FMT_MAX], double v)
{
	static const char *const prefix[] = { "B", "KiB", "MiB", "GiB", "TiB",
	    "PiB", "EiB" };
	unsigned		 i;

	i = scale(&v, 1024, 1023.95, 6);
	snprintf(b, FMT_MAX, i == 0 ? "%.0f %s" : "%.1f %s", v, prefix[i]);
	return b;
}

static const char *
days(char b[FMT_MAX], uint64_t s)
{
	snprintf(b, FMT_MAX, "%" PRIu64 "d %02" PRIu64 ":%02" PRIu64,
	    s / 86400, s / 3600 % 24, s / 60 % 60);
	return b;
}

/* Minutes and more; s is at least a minute. */
static const char *
long_span(char b[FMT_MAX], double v)
{
	uint64_t	 s = (uint64_t)(v < 1e15 ? v + 0.5 : 1e15);

	if (s < 3600)
		snprintf(b, FMT_MAX, "%" PRIu64 "m%" PRIu64 "s", s / 60,
		    s % 60);
	else if (s < 86400)
		snprintf(b, FMT_MAX, "%" PRIu64 "h%" PRIu64 "m", s / 3600,
		    s / 60 % 60);
	else
		return days(b, s);
	return b;
}

const char *
fmt_seconds(char b[FMT_MAX], double v)
{
	if (v <= 0)
		snprintf(b, FMT_MAX, "-");
	else if (v < 0.0009995)
		snprintf(b, FMT_MAX, "%.0f us", v * 1e6);
	else if (v < 0.09995)
		snprintf(b, FMT_MAX, "%.1f ms", v * 1000);
	else if (v < 0.9995)
		snprintf(b, FMT_MAX, "%.0f ms", v * 1000);
	else if (v < 59.995)
		snprintf(b, FMT_MAX, "%.2f s", v);
	else
		return long_span(b, v);
	return b;
}

const char *
fmt_span(char b[FMT_MAX], double v)
{
	uint64_t	 s = v <= 0 ? 0 : (uint64_t)(v < 1e15 ? v + 0.5 : 1e15);

	if (v > 0 && v < 1)
		snprintf(b, FMT_MAX, "%.0fms", v * 1000);
	else if (s < 180 || (s <= 600 && s % 60 == 0))
		snprintf(b, FMT_MAX, "%" PRIu64 "s", s);
	else
		return long_span(b, v);
	return b;
}

const char *
fmt_uptime(char b[FMT_MAX], double v)
{
	uint64_t	 s = v <= 0 ? 0 : (uint64_t)(v < 1e15 ? v : 1e15);

	if (s < 86400)
		snprintf(b, FMT_MAX, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
		    s / 3600, s / 60 % 60, s % 60);
	else
		return days(b, s);
	return b;
}

const char *
fmt_ratio(char b[FMT_MAX], double v)
{
	if (v == 1)
		snprintf(b, FMT_MAX, "100%%");
	else if (v < 1 && v > 0.9999)
		snprintf(b, FMT_MAX, "99.99%%");
	else if (v > 0 && v < 0.0001)
		snprintf(b, FMT_MAX, "0.01%%");
	else
		snprintf(b, FMT_MAX, "%.2f%%", v * 100);
	return b;
}

/* Ends at end, which is the end of the text; its start. */
static char *
digits_before(char *end, uint64_t v)
{
	do {
		*--end = (char)('0' + v % 10);
	} while ((v /= 10) != 0);
	return end;
}

/* What was written from the end on begins where b does. */
static char *
to_front(char b[FMT_MAX], const char *p)
{
	return memmove(b, p, (size_t)(b + FMT_MAX - p));
}

const char *
fmt_u64(char b[FMT_MAX], uint64_t v)
{
	b[FMT_MAX - 1] = '\0';
	return digits_before(b + FMT_MAX - 1, v);
}

/* n below 100; what is less than 0.0001 is not written out: "1.5e-05". */
static void
few_millionths(char b[FMT_MAX], uint32_t n)
{
	const char	*unit = n < 10 ? "e-06" : "e-05";

	*b++ = (char)('0' + (n < 10 ? n : n / 10));
	if (n >= 10 && n % 10 != 0) {
		*b++ = '.';
		*b++ = (char)('0' + n % 10);
	}
	memcpy(b, unit, 5);
}

/*
 * Whole millionths, as most times are, need no trying how many digits give
 * the same value back.
 */
static bool
millionths(char b[FMT_MAX], double v)
{
	char		*end = b + FMT_MAX - 1, *p;
	uint32_t	 n;
	unsigned	 places;

	if (v < 0.000001 || v >= 4000)
		return false;
	n = (uint32_t)(v * 1e6 + 0.5);
	if ((double)n / 1e6 != v)
		return false;
	if (n < 100) {
		few_millionths(b, n);
		return true;
	}
	for (places = 6; places > 0 && n % 10 == 0; places--)
		n /= 10;
	*end = '\0';
	for (p = end; places > 0; places--, n /= 10)
		*--p = (char)('0' + n % 10);
	if (p < end)
		*--p = '.';
	to_front(b, digits_before(p, n));
	return true;
}

/* What reads as these digits of v; up to 17 fit. */
static double
print_digits(char b[FMT_MAX], int digits, double v)
{
	int	 n = snprintf(b, FMT_MAX, "%.*g", digits, v);

	return n < FMT_MAX ? strtod(b, NULL) : v;
}

const char *
fmt_double(char b[FMT_MAX], double v)
{
	int	 lo, hi, digits;

	if (!isfinite(v))
		v = 0;
	if (millionths(b, v))
		return b;
	if (v >= 0 && v < 1e15 && v == (double)(uint64_t)v)
		return to_front(b, fmt_u64(b, (uint64_t)v));
	/* The fewest digits that give it back: with one more, they do, too. */
	for (lo = 6, hi = 17; lo < hi;) {
		digits = (lo + hi) / 2;
		if (print_digits(b, digits, v) == v)
			hi = digits;
		else
			lo = digits + 1;
	}
	print_digits(b, hi, v);
	return b;
}

const char *
fmt_short(char b[FMT_MAX], double v)
{
	char	*end;

	if (!isfinite(v))
		v = 0;
	snprintf(b, FMT_MAX, "%.*f", fabs(v) < 1 ? 6 : 3, v);
	if (strchr(b, '.') == NULL)
		return b;
	for (end = b + strlen(b); end[-1] == '0'; end--)
		continue;
	end[end[-1] == '.' ? -1 : 0] = '\0';
	return b;
}

const char *
fmt_by_unit(char b[FMT_MAX], const char *unit, size_t n, double v)
{
	if (n == 5 && memcmp(unit, "ratio", 5) == 0)
		return row_ratio(b, v);
	else if (n == 5 && memcmp(unit, "bytes", 5) == 0)
		return fmt_bytes(b, v);
	else if (n == 7 && memcmp(unit, "seconds", 7) == 0)
		return fmt_seconds(b, v);
	else
		return fmt_double(b, v);
	return b;
}

/* Days since 1970 to a date: Gregorian calendar, in eras of 400 years. */
void
fmt_utc(struct fmt_time *t, uint64_t us)
{
	uint64_t	 s = us / 1000000, days = s / 86400 + 719468;
	uint64_t	 era = days / 146097, doe = days % 146097;
	uint64_t	 yoe, doy, mp;

	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	t->day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	t->month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	t->year = (unsigned)(yoe + era * 400 + (t->month <= 2));
	t->hour = (unsigned)(s / 3600 % 24);
	t->minute = (unsigned)(s / 60 % 60);
	t->second = (unsigned)(s % 60);
	t->us = (unsigned)(us % 1000000);
}

const char *
fmt_time(char b[FMT_MAX], uint64_t us)
{
	struct fmt_time	 t;

	if (us == 0) {
		snprintf(b, FMT_MAX, "-");
		return b;
	}
	fmt_utc(&t, us);
	snprintf(b, FMT_MAX, "%04u-%02u-%02u %02u:%02u:%02u UTC", t.year,
	    t.month, t.day, t.hour, t.minute, t.second);
	return b;
}

const char *
fmt_iso(char b[FMT_MAX], uint64_t us)
{
	struct fmt_time	 t;

	fmt_utc(&t, us);
	snprintf(b, FMT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%06u+0000",
	    t.year, t.month, t.day, t.hour, t.minute, t.second, t.us);
	return b;
}

const char *
fmt_zulu(char b[FMT_MAX], uint64_t us, int digits)
{
	struct fmt_time	 t;

	fmt_utc(&t, us);
	snprintf(b, FMT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%0*uZ", t.year,
	    t.month, t.day, t.hour, t.minute, t.second, digits,
	    digits == 3 ? t.us / 1000 : t.us);
	return b;
}

double
fmt_number(const struct row_value *v)
{
	switch (v->type) {
	case ROW_U64:
		return (double)v->u;
	case ROW_I64:
		return (double)v->i;
	case ROW_DOUBLE:
		return v->d;
	case ROW_BOOL:
		return v->b;
	case ROW_STR:
		break;
	}
	return 0;
}

static const char *
fmt_plain(char b[FMT_MAX], const struct row_value *v)
{
	if (v->type == ROW_U64)
		snprintf(b, FMT_MAX, "%" PRIu64, v->u);
	else if (v->type == ROW_I64)
		snprintf(b, FMT_MAX, "%" PRId64, v->i);
	else
		return fmt_double(b, fmt_number(v));
	return b;
}

/* bits per second in a column whose title names the unit: "61.0 M" */
static const char *
fmt_bps(char b[FMT_MAX], double v)
{
	size_t	 n;

	fmt_si(b, v);
	n = strlen(b);
	if (n > 0 && b[n - 1] == ' ')
		b[n - 1] = '\0';
	return b;
}

const char *
fmt_value(char b[FMT_MAX], const struct row_field *f,
    const struct row_value *v)
{
	static const struct {
		enum row_unit	 unit;
		const char	*(*fn)(char *, double);
	} table[] = {
		{ ROW_UNIT_COUNT,	fmt_count },
		{ ROW_UNIT_BYTES,	fmt_bytes },
		{ ROW_UNIT_BPS,		fmt_bps },
		{ ROW_UNIT_PER_SECOND,	fmt_rate },
		{ ROW_UNIT_SECONDS,	fmt_seconds },
		{ ROW_UNIT_RATIO,	fmt_ratio },
	};
	size_t	 i;

	if (v->type == ROW_BOOL) {
		snprintf(b, FMT_MAX, "%s", v->b ? "yes" : "no");
		return b;
	}
	if (v->type == ROW_I64 && v->i < 0) {	/* a VLAN that is none */
		snprintf(b, FMT_MAX, "-");
		return b;
	}
	if (f->unit == ROW_UNIT_TIME)
		return fmt_time(b, v->u);
	for (i = 0; i < nitems(table); i++)
		if (table[i].unit == f->unit)
			return table[i].fn(b, fmt_number(v));
	return fmt_plain(b, v);
}
