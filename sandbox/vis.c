#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/vis.h"

struct range {
	unsigned	 lo;
	unsigned	 hi;
};

/* Characters that steer a terminal, a line or the order of a text. */
static const struct range hidden[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
	{ 0x061c, 0x061c }, { 0x180e, 0x180e }, { 0x200b, 0x200f },
	{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb }, { 0xfffe, 0xffff }, { 0xe0000, 0xe007f },
};

static const struct range wide[] = {
	{ 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0xa4cf },
	{ 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },
	{ 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1faff },
	{ 0x20000, 0x3fffd },
};

static bool	 ascii_only;

void
vis_ascii_only(void)
{
	ascii_only = true;
}

static bool
in_ranges(const struct range *r, size_t n, unsigned c)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (c >= r[i].lo && c <= r[i].hi)
			return true;
	return false;
}

int
vis_width(unsigned c)
{
	if (c >= 0x0300 && c <= 0x036f)
		return 0;
	return in_ranges(wide, nitems(wide), c) ? 2 : 1;
}

size_t
vis_utf8(const void *src, size_t n, unsigned *cp)
{
	static const unsigned	 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t		*p = src;
	size_t			 i, len;
	unsigned		 c;

	if (n == 0)
		return 0;
	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
		return 0;
	c = p[0] & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return len;
}

static const char *
named(enum vis_form form, unsigned c)
{
	static const struct {
		unsigned	 c;
		const char	*out[VIS_FORMS];
	} table[] = {
		{ '\\',	{ "\\\\", "\\\\", "\\\\", "\\\\", "\\\\", NULL } },
		{ '"',	{ NULL, "\\\"", "\\\"", "\\\"", "\\\"", "&quot;" } },
		{ ',',	{ [VIS_ITEM] = "\\x2c" } },
		{ '|',	{ [VIS_ITEM] = "\\x7c" } },
		{ '\'',	{ [VIS_HTML] = "&#39;" } },
		{ '&',	{ [VIS_HTML] = "&amp;" } },
		{ '<',	{ [VIS_HTML] = "&lt;" } },
		{ '>',	{ [VIS_HTML] = "&gt;" } },
	};
	size_t	 i;

	for (i = 0; i < nitems(table); i++)
		if (table[i].c == c)
			return table[i].out[form];
	return NULL;
}

/* A character by its number. */
static void
numbered(enum vis_form form, unsigned c, char out[VIS_MAX + 1])
{
	c &= 0x1fffff;
	if (form == VIS_JSON && c < 0x10000)
		snprintf(out, VIS_MAX + 1, "\\u%04x", c);
	else if (c < 0x80)
		snprintf(out, VIS_MAX + 1, form == VIS_LABEL ?
		    "\\\\x%02x" : "\\x%02x", c);
	else if (form == VIS_JSON || form == VIS_LABEL)
		snprintf(out, VIS_MAX + 1, "\\\\u{%x}", c);
	else
		snprintf(out, VIS_MAX + 1, "\\u{%x}", c);
}

/* One that is shown, where only ASCII may be. */
static void
in_ascii(enum vis_form form, unsigned c, char out[VIS_MAX + 1])
{
	if (form == VIS_JSON && c >= 0x10000)
		snprintf(out, VIS_MAX + 1, "\\u%04x\\u%04x",
		    (0xd7c0 + (c >> 10)) & 0xffff, 0xdc00 | (c & 0x3ff));
	else
		numbered(form, c, out);
}

/* One character (or one stray byte) of src as text in out; bytes used. */
static size_t
one(enum vis_form form, const uint8_t *src, size_t n, char out[VIS_MAX + 1])
{
	const char	*s;
	unsigned	 c;
	size_t		 len;

	if ((len = vis_utf8(src, n, &c)) == 0) {
		snprintf(out, VIS_MAX + 1,
		    form == VIS_JSON || form == VIS_LABEL ?
		    "\\\\x%02x" : "\\x%02x", (unsigned)src[0]);
		return 1;
	}
	if (in_ranges(hidden, nitems(hidden), c)) {
		numbered(form, c, out);
		return len;
	}
	if (ascii_only && c >= 0x80 && form <= VIS_JSON) {
		in_ascii(form, c, out);
		return len;
	}
	if ((s = named(form, c)) != NULL) {
		compat_strlcpy(out, s, VIS_MAX + 1);
		return len;
	}
	memcpy(out, src, len);
	out[len] = '\0';
	return len;
}

size_t
vis_plain(const void *src, size_t n)
{
	const uint8_t	*p = src;
	size_t		 i;

	for (i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] > 0x7e || p[i] == '\\' ||
		    p[i] == '"' || p[i] == '\'' || p[i] == '&' ||
		    p[i] == '<' || p[i] == '>' || p[i] == ',' || p[i] == '|')
			break;
	return i;
}

size_t
vis_put(enum vis_form form, char *dst, size_t size, const void *src, size_t n)
{
	const uint8_t	*p = src;
	char		 out[VIS_MAX + 1];
	size_t		 i, used, len, at;

	if (size == 0)
		return 0;
	at = 0;
	for (i = 0; i < n; i += used) {
		used = vis_plain(p + i, n - i);
		if (used >= size - at)
			used = size - at - 1;
		if (used > 0) {
			memcpy(dst + at, p + i, used);
			at += used;
			continue;
		}
		used = one(form, p + i, n - i, out);
		len = strlen(out);
		if (len >= size - at)
			break;
		memcpy(dst + at, out, len);
		at += len;
	}
	dst[at] = '\0';
	return i;
}

const char *
vis_str(enum vis_form form, char *dst, size_t size, const char *src)
{
	vis_put(form, dst, size, src, strlen(src));
	return dst;
}
