#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/conf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What unpacks packs to the same bytes; what passes the check prints. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static uint8_t	 out[CONF_PACK_MAX];
	struct conf	*c;
	struct buf	 b;
	char		 why[CONF_WHY_MAX], *text = NULL;
	size_t		 len = 0;
	FILE		*f;

	buf_reader(&b, p, n);
	if ((c = conf_unpack(&b)) == NULL)
		return 0;
	buf_writer(&b, out, sizeof(out));
	conf_pack(c, &b);
	if (b.err || b.len != n || memcmp(out, p, n) != 0)
		abort();
	if (conf_check(c, why, sizeof(why)) == 0 &&
	    (f = open_memstream(&text, &len)) != NULL) {
		conf_print(c, f, true);
		fclose(f);
		free(text);
	}
	conf_free(c);
	return 0;
}
