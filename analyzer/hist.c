#include "analyzer/hist.h"

#define FIRST_OCTAVE	4	/* bucket 0 is everything under 16 us */

unsigned
hist_bucket(uint64_t us)
{
	unsigned	 octave, b;

	if (us < 1U << FIRST_OCTAVE)
		return 0;
	octave = 63 - (unsigned)__builtin_clzll(us);
	b = 1 + (octave - FIRST_OCTAVE) * 4 +
	    (unsigned)(us >> (octave - 2) & 3);
	return b < HIST_BUCKETS ? b : HIST_BUCKETS - 1;
}

uint64_t
hist_limit_us(unsigned b)
{
	unsigned	 octave;

	if (b >= HIST_BUCKETS - 1)
		return UINT64_MAX;
	octave = FIRST_OCTAVE + b / 4;
	return (uint64_t)(4 + b % 4) << (octave - 2);
}

uint64_t
hist_count(const uint64_t h[HIST_BUCKETS])
{
	uint64_t	 sum = 0;
	unsigned	 i;

	for (i = 0; i < HIST_BUCKETS; i++)
		sum += h[i];
	return sum;
}

uint64_t
hist_quantile_us(const uint64_t h[HIST_BUCKETS], double q)
{
	uint64_t	 sum, lo, hi;
	double		 want, seen = 0;
	unsigned	 i;

	if ((sum = hist_count(h)) == 0)
		return 0;
	want = q * (double)sum;
	for (i = 0; i < HIST_BUCKETS - 1; i++) {
		if (h[i] > 0 && seen + (double)h[i] >= want)
			break;
		seen += (double)h[i];
	}
	lo = i == 0 ? 0 : hist_limit_us(i - 1);
	if (i == HIST_BUCKETS - 1)
		return lo;
	hi = hist_limit_us(i);
	return lo + (uint64_t)((want - seen) / (double)h[i] *
	    (double)(hi - lo));
}
