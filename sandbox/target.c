#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/target.h"

static bool
in_scheme(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

size_t
target_authority(const uint8_t *p, size_t len, size_t *begin)
{
	size_t	 i = 0;

	*begin = 0;
	if (len == 0 || p[0] == '/')
		return 0;
	while (i < len && in_scheme(p[i]))
		i++;
	if (i > 0 && len - i >= 3 && memcmp(p + i, "://", 3) == 0)
		*begin = i + 3;
	for (i = *begin; i < len; i++)
		if (p[i] == '/' || p[i] == '?' || p[i] == '#')
			break;
	return i;
}

/* ---- the path ---- */

/* Whether a byte stands for itself in any path, whatever is before it. */
static bool
is_plain(uint8_t c)
{
	return c > ' ' && c != 0x7f && c != '%' && c != '\\';
}

/* Most paths are as they are compared: /a/b. */
static bool
is_normal(const uint8_t *p, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (!is_plain(p[i]) || (i > 0 && p[i - 1] == '/' &&
		    (p[i] == '/' || p[i] == '.')))
			return false;
	return true;
}

/* Into buf; its length. */
static size_t
decode(const uint8_t *p, size_t n, uint8_t *buf, bool *sure)
{
	size_t	 i, out;
	int	 a, b;

	for (i = 0, out = 0; i < n; i++, out++) {
		buf[out] = p[i];
		if (is_plain(p[i]))
			continue;
		if (p[i] != '%' || n - i < 3 ||
		    (a = compat_hex(p[i + 1])) == -1 ||
		    (b = compat_hex(p[i + 2])) == -1) {
			*sure = false;
			continue;
		}
		buf[out] = (uint8_t)(a << 4 | b);
		if (buf[out] == '\0' || buf[out] == '\\')
			*sure = false;
		i += 2;
	}
	return out;
}

static bool
is_dots(const uint8_t *p, size_t n)
{
	return (n == 1 || n == 2) && p[0] == '.' && p[n - 1] == '.';
}

/* One slash for several, no dot segments; what is left of n. */
static size_t
fold(uint8_t *buf, size_t n, bool *sure)
{
	size_t	 at, begin, len, out;

	for (at = 0, out = 0; at < n;) {
		while (at < n && buf[at] == '/')
			at++;
		for (begin = at; at < n && buf[at] != '/';)
			at++;
		len = at - begin;
		if (is_dots(buf + begin, len)) {
			*sure = false;
			while (len == 2 && out > 0 && buf[--out] != '/')
				continue;
			if (at < n)
				continue;
			len = 0;
		}
		buf[out++] = '/';
		memmove(buf + out, buf + begin, len);
		out += len;
	}
	return out;
}

bool
target_path(const uint8_t *p, size_t n, uint8_t buf[TARGET_PATH_MAX],
    struct target *t)
{
	size_t	 begin, end, i;
	bool	 sure = true;

	end = target_authority(p, n, &begin);
	if (begin > 0) {
		p += end;
		n -= end;
	}
	for (i = 0; i < n && p[i] != '?' && p[i] != '#';)
		i++;
	n = i;
	t->path = p;
	t->path_len = n;
	if (begin > 0 && n == 0) {
		t->path = (const uint8_t *)"/";
		t->path_len = 1;
		return true;
	}
	if (n == 0 || p[0] != '/')
		return n == 1 && p[0] == '*';
	if (is_normal(p, n))
		return true;
	if (n > TARGET_PATH_MAX)
		return false;
	if (n > 1 && p[1] == '/')
		sure = false;
	t->path = buf;
	t->path_len = fold(buf, decode(p, n, buf, &sure), &sure);
	return sure;
}

/* ---- conditions ---- */

static bool
has_method(const struct conf_request *r, const struct target *t)
{
	unsigned	 i;

	for (i = 0; i < r->nmethods; i++)
		if (strlen(r->methods[i]) == t->method_len &&
		    memcmp(r->methods[i], t->method, t->method_len) == 0)
			return true;
	return r->nmethods == 0;
}

bool
target_matches(const struct conf_request *r, const struct target *t)
{
	if (r->host[0] != '\0' &&
	    !conf_glob(r->host, (const char *)t->host, t->host_len))
		return false;
	if (r->path[0] != '\0' &&
	    !conf_glob(r->path, (const char *)t->path, t->path_len))
		return false;
	return has_method(r, t);
}
