/* Bodies: any cut of the input gives the same end, size and error. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/body.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static size_t
eat_by(struct body *b, const uint8_t *p, size_t len, size_t step)
{
	size_t	 n, used, all = 0;

	while (len > 0) {
		n = len < step ? len : step;
		if (body_eat(b, p, n, &used) != BODY_MORE)
			return all + used;
		if (used != n)
			abort();
		all += used;
		p += n;
		len -= n;
	}
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct body	 a, b;
	size_t		 step;

	if (len < 2)
		return 0;
	step = 1 + p[0] % 7;
	body_init(&a, (enum body_kind)(p[1] % 4), p[0]);
	b = a;
	p += 2;
	len -= 2;
	if (eat_by(&a, p, len, SIZE_MAX) != eat_by(&b, p, len, step) &&
	    a.error == BODY_OK)
		abort();
	if (a.seen != b.seen || a.error != b.error || a.lax != b.lax ||
	    body_done(&a) != body_done(&b))
		abort();
	(void)body_skip(&a, len);
	return 0;
}
