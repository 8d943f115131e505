#include <stdbool.h>
#include <string.h>

#include "analyzer/be.h"
#include "analyzer/dns.h"

#define HEAD		12
#define IS_ANSWER	0x8000		/* flags */
#define OPCODE		0x7800
#define RCODE		0x000f
#define TYPE_A		1
#define TYPE_AAAA	28
#define CLASS_IN	1
#define RR_FIXED	10		/* type, class, TTL, length */
#define LABEL_MAX	63

static bool
is_host(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_';
}

/* The name of the question, which nothing stands before to point to. */
static bool
question(const uint8_t *p, size_t len, size_t *at, struct dns_answer *a)
{
	size_t	 n, i;
	uint8_t	 c;

	a->name_len = 0;
	for (;;) {
		if (*at >= len)
			return false;
		if ((n = p[(*at)++]) == 0)
			break;
		if (n > LABEL_MAX || n > len - *at ||
		    a->name_len + n + 1 > DNS_NAME_MAX)
			return false;
		if (a->name_len > 0)
			a->name[a->name_len++] = '.';
		for (i = 0; i < n; i++) {
			c = p[(*at)++];
			if (c >= 'A' && c <= 'Z')
				c |= 0x20;
			if (!is_host(c))
				return false;
			a->name[a->name_len++] = (char)c;
		}
	}
	a->name[a->name_len] = '\0';
	*at += 4;
	return a->name_len > 0 && *at <= len &&
	    be16(p + *at - 2) == CLASS_IN;
}

/* Over a name, which may end in a pointer; false: it is cut. */
static bool
skip_name(const uint8_t *p, size_t len, size_t *at)
{
	uint8_t	 n;

	while (*at < len) {
		n = p[(*at)++];
		if (n == 0)
			return true;
		if (n > LABEL_MAX) {
			(*at)++;
			return *at <= len;
		}
		*at += n;
	}
	return false;
}

static void
record(const uint8_t *rr, const uint8_t *data, size_t n, struct dns_answer *a)
{
	const uint16_t	 type = be16(rr);

	if (be16(rr + 2) != CLASS_IN || a->naddrs == DNS_ADDRS)
		return;
	if (type == TYPE_A && n == 4)
		addr_from4(&a->addr[a->naddrs], data);
	else if (type == TYPE_AAAA && n == sizeof(a->addr[0].b))
		memcpy(a->addr[a->naddrs].b, data, n);
	else
		return;
	a->ttl[a->naddrs++] = be32(rr + 4);
}

int
dns_parse(const uint8_t *p, size_t len, struct dns_answer *a)
{
	const uint8_t	*rr;
	size_t		 at = HEAD, n;
	unsigned	 left;

	a->naddrs = 0;
	if (len < HEAD ||
	    (be16(p + 2) & (IS_ANSWER | OPCODE | RCODE)) != IS_ANSWER ||
	    be16(p + 4) != 1 || !question(p, len, &at, a))
		return -1;
	for (left = be16(p + 6); left > 0; left--) {
		if (!skip_name(p, len, &at) || len - at < RR_FIXED)
			break;
		rr = p + at;
		at += RR_FIXED;
		n = be16(rr + 8);
		if (n > len - at)
			break;
		record(rr, p + at, n, a);
		at += n;
	}
	return 0;
}
