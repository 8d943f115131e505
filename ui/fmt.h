/*
 * fmt: numbers and times as people read them. Pure: no clock, no zone file,
 * no locale; times are UTC. Every function writes into b and returns it.
 */
#ifndef UI_FMT_H
#define UI_FMT_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox/row.h"

#define FMT_MAX	48

/* 1202, 412.3k, 41.2M: plain up to 99999, then one decimal. */
const char	*fmt_count(char b[FMT_MAX], double);
/* 0, 226.3, 18.9k: one decimal under 1000. */
const char	*fmt_rate(char b[FMT_MAX], double);
/* "41.2 k", "218.4 M", "312 ": value, blank, SI prefix; add the unit. */
const char	*fmt_si(char b[FMT_MAX], double);
/* 812 B, 48.2 KiB, 38.1 MiB */
const char	*fmt_bytes(char b[FMT_MAX], double);
/* 400 us, 7.1 ms, 71.0 ms, 410 ms, 1.20 s, 9m4s, 3h12m, 3d 04:12; 0 is "-" */
const char	*fmt_seconds(char b[FMT_MAX], double);
/* The same as a span: 10s, 120s, 3m32s, 9m4s; 0 is "0s". */
const char	*fmt_span(char b[FMT_MAX], double);
/* How long something runs: 00:00:07, 04:12, 3d 04:12. */
const char	*fmt_uptime(char b[FMT_MAX], double);
/*
 * 0.9998 as 99.98%; never 100.00% for less than 1, so that a loss shows.
 */
const char	*fmt_ratio(char b[FMT_MAX], double);
/*
 * Shortest text that reads back as the same double; JSON and metrics. What is
 * whole has no exponent: people read counts too.
 */
const char	*fmt_double(char b[FMT_MAX], double);
/*
 * Digits, without printf: long documents have hundreds of thousands. They end
 * with the text at b + FMT_MAX - 1 and begin where the result points to.
 */
const char	*fmt_u64(char b[FMT_MAX], uint64_t);
/* To read, not to compute with: rounded to a few digits, never an exponent. */
const char	*fmt_short(char b[FMT_MAX], double);
/* A value and limit of an alert by its unit: count bytes ratio seconds. */
const char	*fmt_by_unit(char b[FMT_MAX], const char *unit, size_t n,
		    double);

/* Broken-down UTC of microseconds since 1970. */
struct fmt_time {
	unsigned	 year, month, day, hour, minute, second, us;
};
void		 fmt_utc(struct fmt_time *, uint64_t us);
/* 2026-11-20 18:30:12 UTC; "-" for 0 */
const char	*fmt_time(char b[FMT_MAX], uint64_t us);
/* 2026-11-20T18:30:12.123456+0000 */
const char	*fmt_iso(char b[FMT_MAX], uint64_t us);
/* 2026-11-20T18:30:12.123Z, digits 3 or 6 */
const char	*fmt_zulu(char b[FMT_MAX], uint64_t us, int digits);

/* Any value by the type and unit of its field; texts are not for this. */
const char	*fmt_value(char b[FMT_MAX], const struct row_field *,
		    const struct row_value *);
/* A number of any type. */
double		 fmt_number(const struct row_value *);

#endif
