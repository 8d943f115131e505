/* DNS: a message of UDP, whole and cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/dns.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
parse(const uint8_t *p, size_t len, struct dns_answer *a)
{
	uint8_t	*exact = malloc(len > 0 ? len : 1);
	int	 rc;

	if (exact == NULL)
		return -1;
	memcpy(exact, p, len);
	rc = dns_parse(exact, len, a);
	free(exact);
	if (rc == 0 && (a->name_len == 0 || a->name_len > DNS_NAME_MAX ||
	    strlen(a->name) != a->name_len || a->naddrs > DNS_ADDRS))
		abort();
	return rc;
}

/* A shorter message has no more, and begins the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static struct dns_answer	 whole, cut;
	size_t				 n;

	if (parse(p, len, &whole) == -1)
		return 0;
	for (n = 0; n < len; n += 1 + n / 8)
		if (parse(p, n, &cut) == 0 && (cut.naddrs > whole.naddrs ||
		    strcmp(cut.name, whole.name) != 0 ||
		    memcmp(cut.addr, whole.addr,
		    cut.naddrs * sizeof(cut.addr[0])) != 0))
			abort();
	return 0;
}
