/* The normal forms of http: the host and the section of a request. */
#include <string.h>

#include "analyzer/http.h"
#include "analyzer/octet.h"
#include "sandbox/compat.h"

/*
 * octet_lower of eight bytes: of each, the upper bit of two sums tells whether
 * it is 'A' or more, and more than 'Z'.
 */
static inline uint64_t
lower_word(uint64_t x)
{
	const uint64_t	 all = 0x0101010101010101;
	uint64_t	 low = x & 0x7f * all, from, past;

	from = low + (0x80 - 'A') * all;
	past = low + (0x7f - 'Z') * all;
	return x | (from & ~past & ~x & 0x80 * all) >> 2;
}

/* Splits "host:port"; port is empty when there is none. */
static void
split_port(struct http_span a, struct http_span *host, struct http_span *port)
{
	const uint8_t	*c;

	*host = a;
	port->p = a.p + a.len;
	port->len = 0;
	if (a.p[0] == '[') {
		if ((c = memchr(a.p, ']', a.len)) == NULL)
			return;
		c++;
		if (c == a.p + a.len || *c != ':')
			return;
	} else if ((c = memchr(a.p, ':', a.len)) == NULL ||
	    memchr(c + 1, ':', a.len - (size_t)(c + 1 - a.p)) != NULL)
		return;			/* none, or a bare IPv6 address */
	host->len = (size_t)(c - a.p);
	port->p = c + 1;
	port->len = a.len - host->len - 1;
}

static size_t
put_lower(uint8_t *out, size_t used, size_t max, const struct http_span *s)
{
	size_t		 i, n = s->len < max - used ? s->len : max - used;
	uint64_t	 x;

	out += used;
	for (i = 0; n - i >= sizeof(x); i += sizeof(x)) {
		memcpy(&x, s->p + i, sizeof(x));
		x = lower_word(x);
		memcpy(out + i, &x, sizeof(x));
	}
	for (; i < n; i++)
		out[i] = octet_lower(s->p[i]);
	return used + n;
}

/* Authority without user; false when there is nothing left. */
static bool
cut_user(struct http_span *a)
{
	const uint8_t	*at;

	if (a->len == 0 || memchr(a->p, '\n', a->len) != NULL)
		return false;
	if ((at = memrchr(a->p, '@', a->len)) != NULL) {
		a->len -= (size_t)(at + 1 - a->p);
		a->p = at + 1;
	}
	return a->len > 0;
}

/* Whether an authority names a host: no empty labels, whole brackets. */
static bool
names_host(const struct http_span *a)
{
	struct http_span host, port;
	size_t		 i;

	split_port(*a, &host, &port);
	if (host.len == 0 || host.p[0] == '.')
		return false;
	if (host.p[0] == '[')
		return host.p[host.len - 1] == ']';
	for (i = 0; i < host.len; i++)
		if (!octet_is(host.p[i], OCTET_HOST) || (host.p[i] == '.' &&
		    i + 1 < host.len && host.p[i + 1] == '.'))
			return false;
	return true;
}

static bool
same_text(const struct http_span *a, const struct http_span *b)
{
	size_t	 i;

	if (a->len != b->len)
		return false;
	for (i = 0; i < a->len; i++)
		if (octet_lower(a->p[i]) != octet_lower(b->p[i]))
			return false;
	return true;
}

/* The name of an authority, without user and trailing dot, and its port. */
static bool
name_and_port(struct http_span a, struct http_span *name,
    struct http_span *port)
{
	if (!cut_user(&a) || !names_host(&a))
		return false;
	split_port(a, name, port);
	if (name->len > 1 && name->p[name->len - 1] == '.')
		name->len--;
	return true;
}

bool
http_two_hosts(const struct http_head *h)
{
	struct http_span a, path, name[2], port[2];

	if (!http_absolute(h, &a, &path) ||
	    !name_and_port(a, &name[0], &port[0]) ||
	    !name_and_port(h->host, &name[1], &port[1]))
		return false;
	return !same_text(&name[0], &name[1]) || (port[0].len > 0 &&
	    port[1].len > 0 && !same_text(&port[0], &port[1]));
}

size_t
http_host(const struct http_head *h, uint8_t out[HTTP_HOST_MAX])
{
	struct http_span a, path, host, port;
	size_t		 n;

	if (!http_absolute(h, &a, &path) || !cut_user(&a) || !names_host(&a)) {
		a = h->host;
		if (!cut_user(&a))
			return 0;
	}
	split_port(a, &host, &port);
	if (host.len > 1 && host.p[host.len - 1] == '.')
		host.len--;
	n = put_lower(out, 0, HTTP_HOST_MAX, &host);
	if (port.len > 0 && (port.len != 2 || memcmp(port.p, "80", 2) != 0) &&
	    n < HTTP_HOST_MAX) {
		out[n++] = ':';
		n = put_lower(out, n, HTTP_HOST_MAX, &port);
	}
	return n;
}

/* One byte of a path, decoded if unreserved; source bytes used. */
static size_t
path_byte(const uint8_t *p, const uint8_t *end, uint8_t out[3], size_t *n)
{
	static const char	 digits[] = "0123456789ABCDEF";
	int			 a, b;

	*n = 1;
	out[0] = *p;
	if (*p != '%' || end - p < 3 || (a = compat_hex(p[1])) == -1 ||
	    (b = compat_hex(p[2])) == -1)
		return 1;
	out[0] = (uint8_t)(a << 4 | b);
	if (octet_is(out[0], OCTET_UNRESERVED))
		return 3;
	out[0] = '%';
	out[1] = (uint8_t)digits[a];
	out[2] = (uint8_t)digits[b];
	*n = 3;
	return 3;
}

static size_t
put_text(uint8_t *out, const char *text)
{
	size_t	 n = strlen(text);

	memcpy(out, text, n);
	return n;
}

static bool
in_path(const uint8_t *p, const uint8_t *end)
{
	return p < end && *p != '?' && *p != '#';
}

size_t
http_section(const struct http_head *h, unsigned depth,
    uint8_t out[HTTP_SECTION_MAX])
{
	struct http_span auth, path = h->target;
	const uint8_t	*p, *end;
	uint8_t		 c[3];
	size_t		 used = 0, n;

	if (h->method_id == HTTP_CONNECT)
		return put_text(out, "(connect)");
	if (path.len == 1 && path.p[0] == '*')
		return put_text(out, "*");
	(void)http_absolute(h, &auth, &path);
	end = path.p + path.len;
	for (p = path.p; depth > 0; depth--) {
		while (in_path(p, end) && *p == '/')
			p++;
		if (!in_path(p, end) || used == HTTP_SECTION_MAX)
			break;
		out[used++] = '/';
		while (in_path(p, end) && *p != '/') {
			if (*p != '%' && used < HTTP_SECTION_MAX) {
				out[used++] = *p++;
				continue;
			}
			p += path_byte(p, end, c, &n);
			if (n > HTTP_SECTION_MAX - used)
				return used;
			memcpy(out + used, c, n);
			used += n;
		}
	}
	return used > 0 ? used : put_text(out, "/");
}
