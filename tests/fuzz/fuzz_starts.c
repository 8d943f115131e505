#include <stdlib.h>
#include <string.h>

#include "ui/recording_starts.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * Pieces, each behind a byte: how long it is, 0xff for bytes that are missing.
 * A copy of each, so that no byte behind it is read.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct starts	 s = { 0 };
	uint8_t		*copy;
	size_t		 len;

	for (; n > 0; p += len, n -= len) {
		len = *p++;
		n--;
		if (len == 0xff) {
			starts_lost(&s);
			len = 0;
			continue;
		}
		if (len > n)
			len = n;
		if ((copy = malloc(len + 1)) == NULL)
			return 0;
		memcpy(copy + 1, p, len);
		/* One starts where it looks so, and is begun then. */
		if (starts_piece(&s, copy + 1, len) &&
		    !starts_like_request(copy + 1, len))
			abort();
		free(copy);
	}
	return 0;
}
