/*
 * hist: response times in 96 fixed logarithmic buckets.
 *
 * Four buckets per octave from 16 us to 201 s, so a quantile is wrong by less
 * than 25 %, as much as its bucket is wide; fixed bounds make histograms of any
 * origin add up. A histogram is an array of HIST_BUCKETS counts that the caller
 * owns.
 */
#ifndef ANALYZER_HIST_H
#define ANALYZER_HIST_H

#include <stdint.h>

#define HIST_BUCKETS	96

/* The bucket of a time in microseconds. */
unsigned	 hist_bucket(uint64_t us);
/* The first time that is above the bucket; UINT64_MAX for the last one. */
uint64_t	 hist_limit_us(unsigned bucket);
uint64_t	 hist_count(const uint64_t [HIST_BUCKETS]);
/*
 * The time under which the part q (0 to 1) of all values lies, interpolated
 * in its bucket; 0 when there are none.
 */
uint64_t	 hist_quantile_us(const uint64_t [HIST_BUCKETS], double q);

#endif
