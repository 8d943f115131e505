#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/packet.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static volatile uint8_t	 sink;		/* what is read is used */

/* First byte: link type; second: how much more was on the wire. */
int
LLVMFuzzerTestOneInput(const uint8_t *d, size_t n)
{
	static const uint16_t	 dlts[] = { 1, 0, 9, 12, 14, 50, 51, 101, 104,
				    108, 113, 228, 229, 276, 9999, 10, 100,
				    105, 107, 117, 119, 122, 127, 163, 192,
				    204, 205, 206, 219, 226, 239, 258, 283 };
	struct packet		 p;
	enum packet_reason	 why;
	uint32_t		 i;

	if (n < 2)
		return 0;
	memset(&p, 0, sizeof(p));
	p.dlt = dlts[d[0] % (sizeof(dlts) / sizeof(dlts[0]))];
	p.wirelen = (uint32_t)(n - 2) + d[1];
	why = packet_parse(&p, d + 2, n - 2);
	if (why >= PACKET_REASON_MAX || packet_reason_name(why) == NULL)
		abort();
	if (why != PACKET_OK && why != PACKET_FRAGMENT)
		return 0;
	if (p.l4_cap > p.l4_len || p.depth > PACKET_DEPTH_MAX)
		abort();
	for (i = 0; i < p.l4_cap; i++)
		sink ^= p.l4[i];
	if (why == PACKET_OK) {
		if (p.len > p.wire || p.payload + p.len > d + n)
			abort();
		(void)packet_checksum(&p);
	}
	(void)packet_place(&p);
	return 0;
}
