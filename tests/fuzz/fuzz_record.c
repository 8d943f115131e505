#include <stdlib.h>
#include <string.h>

#include "mirror/record.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Reads the input as a file of one format, with resynchronisation. */
static void
walk(enum record_format f, const uint8_t *p, size_t n, uint8_t *scratch)
{
	struct record	 r;
	ssize_t		 got;
	size_t		 skip;

	while (n > 0) {
		got = record_get(f, p, n, true, &r, scratch);
		if (got == 0)
			return;
		if (got > 0) {
			if ((size_t)got > n || r.len > n)
				abort();
			p += got;
			n -= (size_t)got;
			continue;
		}
		skip = record_skip(f, p, n);
		if (skip == 0 || skip > n)
			abort();
		p += skip;
		n -= skip;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t	*scratch;

	if ((scratch = malloc(n + 1)) == NULL)
		return 0;
	record_detect(p, n);
	walk(RECORD_F_GOGETWAY, p, n, scratch);
	walk(RECORD_F_GOR, p, n, scratch);
	if (record_good(RECORD_F_GOGETWAY, p, n, true) > n ||
	    record_good(RECORD_F_GOR, p, n, false) > n)
		abort();
	if (n > 0 && (record_cut(p, n) == 0 || record_cut(p, n) > n))
		abort();
	free(scratch);
	return 0;
}
