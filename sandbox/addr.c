#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/addr.h"
#include "sandbox/compat.h"

static const uint8_t	 mapped[12] = { [10] = 0xff, [11] = 0xff };

void
addr_from4(struct addr *a, const uint8_t v4[4])
{
	memcpy(a->b, mapped, sizeof(mapped));
	memcpy(a->b + 12, v4, 4);
}

bool
addr_is4(const struct addr *a)
{
	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

bool
addr_is_zero(const struct addr *a)
{
	static const struct addr	 zero;

	return addr_cmp(a, &zero) == 0;
}

int
addr_cmp(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

/*
 * RFC 6052, section 2.2: the four bytes follow a prefix of 32, 40, 48, 56, 64
 * or 96 bits, and leave the ninth byte out.
 */
static bool
embeds(const struct addr *a, const struct addr *v4)
{
	static const uint8_t	 at[] = { 4, 5, 6, 7, 8, 11 };
	uint8_t			 b[15];
	size_t			 i;

	memcpy(b, a->b, 8);
	memcpy(b + 8, a->b + 9, 7);
	for (i = 0; i < nitems(at); i++)
		if (memcmp(b + at[i], v4->b + 12, 4) == 0)
			return true;
	return false;
}

bool
addr_meets(const struct addr *a, const struct addr *b)
{
	if (addr_is4(a) == addr_is4(b))
		return addr_cmp(a, b) == 0;
	return addr_is4(a) ? embeds(b, a) : embeds(a, b);
}

bool
addr_in(const struct addr *a, const struct addr *net, unsigned bits)
{
	struct addr	 x, y;

	if (addr_is4(a) != addr_is4(net))
		return false;
	x = *a;
	y = *net;
	addr_mask(&x, bits);
	addr_mask(&y, bits);
	return addr_cmp(&x, &y) == 0;
}

void
addr_mask(struct addr *a, unsigned bits)
{
	unsigned	 i, from;

	from = (addr_is4(a) ? 96 : 0) + bits;
	for (i = 0; i < sizeof(a->b); i++) {
		if (from >= (i + 1) * 8)
			continue;
		if (from <= i * 8)
			a->b[i] = 0;
		else
			a->b[i] &= (uint8_t)(0xff << (8 - (from - i * 8)));
	}
}

int
addr_parse(const char *s, struct addr *a)
{
	uint8_t	 v4[4];

	if (inet_pton(AF_INET, s, v4) == 1) {
		addr_from4(a, v4);
		return 0;
	}
	return inet_pton(AF_INET6, s, a->b) == 1 ? 0 : -1;
}

int
addr_parse_net(const char *s, struct addr *a, unsigned *bits)
{
	char		 text[ADDR_TEXT_MAX];
	const char	*slash, *err;
	size_t		 n;
	unsigned	 all;

	slash = strchr(s, '/');
	n = slash == NULL ? strlen(s) : (size_t)(slash - s);
	if (n >= sizeof(text))
		return -1;
	memcpy(text, s, n);
	text[n] = '\0';
	if (addr_parse(text, a) == -1)
		return -1;
	all = addr_is4(a) ? 32 : 128;
	*bits = all;
	if (slash != NULL) {
		*bits = (unsigned)compat_strtonum(slash + 1, 0, all, &err);
		if (err != NULL)
			return -1;
	}
	return 0;
}

/* Digits of v at s, no NUL; how many. */
static size_t
put_decimal(char *s, unsigned v)
{
	char	 digits[10];
	size_t	 n = 0, i;

	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	for (i = 0; i < n; i++)
		s[i] = digits[n - 1 - i];
	return n;
}

/* inet_ntop(3) goes through printf; this is done for each connection. */
static void
print4(const uint8_t v4[4], char s[ADDR_TEXT_MAX])
{
	size_t	 i, n = 0;

	for (i = 0; i < 4; i++) {
		n += put_decimal(s + n, v4[i]);
		s[n++] = '.';
	}
	s[n - 1] = '\0';
}

const char *
addr_print(const struct addr *a, char *s, size_t size)
{
	char	 t[ADDR_TEXT_MAX];

	t[0] = '\0';
	if (addr_is4(a))
		print4(a->b + 12, t);
	else
		inet_ntop(AF_INET6, a->b, t, sizeof(t));
	if (compat_strlcpy(s, t, size) >= size && size > 0)
		s[0] = '\0';
	return s;
}

int
endpoint_cmp(const struct endpoint *x, const struct endpoint *y)
{
	int	 c;

	if ((c = addr_cmp(&x->addr, &y->addr)) != 0)
		return c;
	return x->port < y->port ? -1 : x->port > y->port;
}

const char *
endpoint_print(const struct endpoint *e, char *s, size_t size)
{
	char	 t[ENDPOINT_TEXT_MAX];
	bool	 is4 = addr_is4(&e->addr);
	size_t	 n = 0;

	if (!is4)
		t[n++] = '[';
	addr_print(&e->addr, t + n, ADDR_TEXT_MAX);
	n += strlen(t + n);
	if (!is4)
		t[n++] = ']';
	t[n++] = ':';
	n += put_decimal(t + n, e->port);
	t[n] = '\0';
	compat_strlcpy(s, t, size);
	return s;
}

int
endpoint_parse(const char *s, struct endpoint *e)
{
	char		 t[ENDPOINT_TEXT_MAX], *colon, *host;
	const char	*err;

	if (compat_strlcpy(t, s, sizeof(t)) >= sizeof(t) ||
	    (colon = strrchr(t, ':')) == NULL)
		return -1;
	*colon = '\0';
	host = t;
	if (t[0] == '[') {
		if (colon == t || colon[-1] != ']')
			return -1;
		colon[-1] = '\0';
		host = t + 1;
	}
	e->port = (uint16_t)compat_strtonum(colon + 1, 0, 65535, &err);
	if (err != NULL)
		return -1;
	return addr_parse(host, &e->addr);
}

void
endpoint_put(struct buf *b, const struct endpoint *e)
{
	buf_put(b, e->addr.b, sizeof(e->addr.b));
	buf_put_u16(b, e->port);
}

void
endpoint_get(struct buf *b, struct endpoint *e)
{
	buf_get(b, e->addr.b, sizeof(e->addr.b));
	e->port = buf_get_u16(b);
}

uint64_t
addr_hash(const struct addr *a, const struct hash_key *key)
{
	if (!addr_is4(a))
		return hash_bytes(key, a->b, sizeof(a->b));
	/* 1, or whatever is always the same */
	return hash_two(key, addr_four(a), 1);
}

uint64_t
flow_key_hash(const struct flow_key *k, const struct hash_key *key)
{
	uint8_t			 raw[36];
	const struct endpoint	*lo, *hi;

	lo = &k->a;
	hi = &k->b;
	if (endpoint_cmp(lo, hi) > 0) {
		lo = &k->b;
		hi = &k->a;
	}
	memcpy(raw, lo->addr.b, 16);
	memcpy(raw + 16, hi->addr.b, 16);
	memcpy(raw + 32, &lo->port, 2);
	memcpy(raw + 34, &hi->port, 2);
	return hash_bytes(key, raw, sizeof(raw));
}

int
flow_key_cmp(const struct flow_key *x, const struct flow_key *y)
{
	int	 c;

	if ((c = endpoint_cmp(&x->a, &y->a)) != 0)
		return c;
	return endpoint_cmp(&x->b, &y->b);
}
