#include <stddef.h>
#include <stdint.h>

#include "sandbox/frame.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct frame	 f;

	if (frame_get(&f, p, n) == 0)
		while (buf_left(&f.body) > 0)
			buf_get_u8(&f.body);
	return 0;
}
