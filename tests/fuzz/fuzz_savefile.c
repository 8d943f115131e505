#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/savefile.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static volatile uint8_t	 touched;

/* The file in steps; every packet's bytes are touched at both ends. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct savefile_record	 r;
	struct savefile		*f;
	enum savefile_result	 res;
	uint8_t			*to;
	size_t			 room, step = n > 0 ? 1 + p[n - 1] * 16 : 1;

	if ((f = savefile_new()) == NULL)
		return 0;
	while ((res = savefile_next(f, &r)) != SAVEFILE_END &&
	    res != SAVEFILE_ERROR) {
		if (res == SAVEFILE_PACKET && r.packet.caplen > 0)
			touched = r.packet.data[0] ^
			    r.packet.data[r.packet.caplen - 1];
		if (res != SAVEFILE_MORE)
			continue;
		to = savefile_space(f, &room);
		if (room == 0)
			abort();
		room = room < step ? room : step;
		room = room < n ? room : n;
		memcpy(to, p, room);
		savefile_filled(f, room);
		p += room;
		n -= room;
	}
	savefile_free(f);
	return 0;
}
