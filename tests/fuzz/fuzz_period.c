#include <stdlib.h>
#include <string.h>

#include "sandbox/period.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Rows that come out are ours, whatever keys and rows came in. */
static void
use_rows(const struct period_keys *k, const struct period *u)
{
	static const char *const	 chunk[] = { PERIOD_COMPLETE, "hosts" };
	static uint8_t			 out[4 * PERIOD_BODY_MAX];
	const uint8_t			*p;
	struct buf			 b, r;
	struct row			 row;
	size_t				 i, n;

	for (i = 0; i < 2; i++) {
		buf_writer(&b, out, sizeof(out));
		if ((p = period_chunk(u, chunk[i], &n)) == NULL)
			continue;
		if (period_rows(k, p, n, &b) == -1 || k->same)
			continue;
		buf_reader(&r, out, b.len);
		while (buf_left(&r) > 0)
			if (row_get(&r, &row) == -1)
				abort();
	}
}

/* The input as a file of units, the sums of which need not be right. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct period_keys	 keys;
	struct period			 u;
	bool				 keyed = false;
	size_t				 at;
	uint32_t			 len;

	for (at = 0; at < n; ) {
		if (period_get(p + at, n - at, &u) > (int)(n - at))
			abort();
		at = period_seek(p, n, at + 1);
		if (at > n)
			abort();
	}
	if (period_good(p, n, true) > n || period_good(p, n, false) > n)
		abort();
	/* Pieces, each with its length before it: keys, and chunks. */
	for (at = 0; n - at >= 4; at += len) {
		memcpy(&len, p + at, sizeof(len));
		at += 4;
		len = len % (uint32_t)(n - at + 1);
		u = (struct period){ PERIOD_ROWS, 0, 0, p + at, len };
		if (keyed)
			use_rows(&keys, &u);
		else
			keyed = period_get_keys(&u, &keys) == 0;
	}
	return 0;
}
