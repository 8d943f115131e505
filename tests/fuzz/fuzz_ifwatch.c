#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/ifwatch.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
on_event(enum ifwatch_event what, const struct ifwatch_link *l,
    const struct ifwatch_addr *a, bool dump, void *arg)
{
	(void)dump;
	(void)arg;
	if ((a != NULL) != (what == IFWATCH_ADDR || what == IFWATCH_ADDR_GONE))
		abort();
	if (l == NULL)
		return;
	if (what != IFWATCH_LINK && what != IFWATCH_GONE)
		abort();
	if (strnlen(l->name, sizeof(l->name)) == sizeof(l->name) ||
	    strnlen(l->kind, sizeof(l->kind)) == sizeof(l->kind))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	ifwatch_parse(p, n, 1, on_event, NULL);
	return 0;
}
