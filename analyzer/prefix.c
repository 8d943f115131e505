#include <stdio.h>
#include <string.h>

#include "analyzer/prefix.h"
#include "sandbox/compat.h"

#define MORE	PREFIX_MORE

#define PROXY1_MAX	107	/* of a line, with its end */
#define PROXY2_HDR	16

static const uint8_t	 two[12] = {
	'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'
};

/* The PROXY protocol, version 1 and 2. */
static size_t
prefix_proxy(const uint8_t *p, size_t len)
{
	const uint8_t		*nl;
	size_t			 n;

	if (len > 4 && memcmp(p, two, len < 12 ? len : 12) == 0) {
		if (len < PROXY2_HDR)
			return MORE;
		n = PROXY2_HDR + (size_t)(p[14] << 8 | p[15]);
		return n <= len ? n : MORE;
	}
	if (memcmp(p, "PROXY ", len < 6 ? len : 6) != 0)
		return 0;
	if ((nl = memchr(p, '\n', len)) == NULL)
		return len > PROXY1_MAX ? 0 : MORE;
	return (size_t)(nl - p) + 1;
}

/* "PROXY TCP4 source target port port", its end left out. */
static bool
source_of_line(const uint8_t *p, size_t len, struct endpoint *e)
{
	char		 line[PROXY1_MAX + 1], source[ADDR_TEXT_MAX];
	unsigned	 port;

	if (len > PROXY1_MAX)
		return false;
	memcpy(line, p, len);
	line[len] = '\0';
	if (sscanf(line, "PROXY TCP%*1[46] %45s %*45s %5u", source, &port) !=
	    2 || port > UINT16_MAX || addr_parse(source, &e->addr) == -1)
		return false;
	e->port = (uint16_t)port;
	return true;
}

bool
prefix_source(const uint8_t *p, size_t len, struct endpoint *e)
{
	const uint8_t	*a = p + PROXY2_HDR;

	if (prefix_proxy(p, len) != len)
		return false;
	if (memcmp(p, "PROXY ", 6) == 0)
		return source_of_line(p, len, e);
	len -= PROXY2_HDR;
	if (p[12] != 0x21)		/* version 2, and no health check */
		return false;
	if (p[13] == 0x11 && len >= 12) {
		addr_from4(&e->addr, a);
		e->port = (uint16_t)(a[8] << 8 | a[9]);
	} else if (p[13] == 0x21 && len >= 36) {
		memcpy(e->addr.b, a, sizeof(e->addr.b));
		e->port = (uint16_t)(a[32] << 8 | a[33]);
	} else
		return false;
	return true;
}

/* The address at p[3] of a SOCKS5 request or reply; 0: none. */
static size_t
socks5_address(const uint8_t *p, size_t len)
{
	size_t	 n;

	if (len < 5)
		return MORE;
	if (p[0] != 5 || p[2] != 0)
		return 0;
	n = p[3] == 1 ? 10 : p[3] == 4 ? 22 : p[3] == 3 ? 7U + p[4] : 0;
	return n <= len ? n : MORE;
}

/* RFC 1928, 1929: greeting, perhaps user and password, request. */
static size_t
prefix_socks5(const uint8_t *p, size_t len)
{
	size_t	 n, m;

	if (p[0] != 5 || (len > 1 && (p[1] == 0 || p[1] > 8)))
		return 0;
	if (len < 2 || len <= (n = 2U + p[1]))
		return MORE;
	if (p[n] == 1) {
		if (len < n + 2 || len < n + 3 + p[n + 1])
			return MORE;
		m = n + 3 + p[n + 1] + p[n + 2 + p[n + 1]];
		if (len <= m)
			return MORE;
		n = m;
	}
	if (p[n] != 5 || (len > n + 1 && p[n + 1] != 1))
		return 0;
	m = socks5_address(p + n, len - n);
	return m == 0 || m == MORE ? m : n + m;
}

static size_t
prefix_socks5_answer(const uint8_t *p, size_t len)
{
	size_t	 n = 2, m;

	if (p[0] != 5 || (len > 1 && p[1] != 0 && p[1] != 2))
		return 0;
	if (len > 1 && p[1] == 2)
		n = 4;
	if (len <= n)
		return MORE;
	if (p[n] != 5 || (len > n + 1 && p[n + 1] != 0))
		return 0;
	m = socks5_address(p + n, len - n);
	return m == 0 || m == MORE ? m : n + m;
}

/* SOCKS4 and 4a: CONNECT, and its granted answer. */
static size_t
prefix_socks4(const uint8_t *p, size_t len)
{
	const uint8_t	*z;
	bool		 name;

	if (p[0] == 0 && (len < 2 || p[1] == 0x5a))
		return len < 8 ? MORE : 8;
	if (p[0] != 4 || (len > 1 && p[1] != 1))
		return 0;
	if (len < 9)
		return MORE;
	name = p[4] == 0 && p[5] == 0 && p[6] == 0 && p[7] != 0;
	if ((z = memchr(p + 8, 0, len - 8)) != NULL && name)
		z = memchr(z + 1, 0, (size_t)(p + len - z - 1));
	if (z == NULL)
		return len > 600 ? 0 : MORE;
	return (size_t)(z - p) + 1;
}

size_t
prefix_len(const uint8_t *p, size_t len)
{
	static size_t (*const known[])(const uint8_t *, size_t) = {
		prefix_proxy, prefix_socks5, prefix_socks5_answer,
		prefix_socks4
	};
	size_t	 i, n;
	bool	 more = false;

	for (i = 0; i < nitems(known); i++) {
		n = known[i](p, len);
		if (n == MORE)
			more = true;
		else if (n > 0)
			return n;
	}
	return more ? MORE : 0;
}
