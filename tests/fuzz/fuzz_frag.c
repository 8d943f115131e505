#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/frag.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * A list of IP datagrams, each after two bytes: time passed, length. The
 * first byte of all: how little memory there is.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *d, size_t n)
{
	static const struct hash_key	 key = { 3, 4 };
	struct mem			 mem;
	struct frag_table		*ft;
	struct packet			 p;
	enum packet_reason		 why;
	uint64_t			 now = 1;
	size_t				 len;

	if (n < 1)
		return 0;
	memset(&mem, 0, sizeof(mem));
	mem.limit = 140000 + (uint64_t)d[0] * 512;
	ft = frag_table_new(&mem, &key, 65536, NULL, NULL);
	for (d++, n--; n > 2; d += len, n -= len) {
		now += (uint64_t)d[0] * d[0] * 1000;
		len = d[1];
		d += 2;
		n -= 2;
		if (len > n)
			len = n;
		memset(&p, 0, sizeof(p));
		p.dlt = PACKET_DLT_RAW;
		p.ts_us = now;
		why = packet_parse(&p, d, len);
		if (why == PACKET_FRAGMENT)
			why = frag_put(ft, &p);
		if (why == PACKET_OK && p.len > 0)
			(void)packet_checksum(&p);
	}
	frag_table_free(ft);
	if (mem.used != 0)
		abort();
	return 0;
}
