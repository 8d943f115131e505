#include <stdbool.h>
#include <string.h>

#include "analyzer/cert.h"
#include "sandbox/compat.h"

enum tag {			/* X.690, 8.1.2 */
	T_BOOLEAN = 0x01, T_OCTETS = 0x04, T_OID = 0x06, T_UTC = 0x17,
	T_TIME = 0x18, T_SEQUENCE = 0x30, T_SET = 0x31, T_DNS_NAME = 0x82,
	T_VERSION = 0xa0, T_EXTENSIONS = 0xa3
};

struct der {
	const uint8_t	*p;
	size_t		 len;
};

static const uint8_t	 alt_names[] = { 0x55, 0x1d, 0x11 };	/* 2.5.29.17 */
static const uint8_t	 common_name[] = { 0x55, 0x04, 0x03 };	/* 2.5.4.3 */

/*
 * Takes the next element off in: its content, and its tag as the return
 * value; 0: there is none, or it is none of DER (X.690, 8.1.3).
 */
static unsigned
next(struct der *in, struct der *x)
{
	size_t	 len, n = 0;
	uint8_t	 tag;

	if (in->len < 2)
		return 0;
	tag = in->p[0];
	len = in->p[1];
	in->p += 2;
	in->len -= 2;
	if (len >= 0x80) {
		n = len - 0x80;
		if (n == 0 || n > 3 || n > in->len)
			return 0;
		for (len = 0; n > 0; n--, in->p++, in->len--)
			len = len << 8 | in->p[0];
	}
	if (len > in->len)
		return 0;
	x->p = in->p;
	x->len = len;
	in->p += len;
	in->len -= len;
	return tag;
}

static bool
enter(struct der *in, unsigned tag, struct der *x)
{
	return next(in, x) == tag;
}

static bool
is_oid(const struct der *x, const uint8_t oid[3])
{
	return x->len == 3 && memcmp(x->p, oid, 3) == 0;
}

/* ---- names ---- */

static bool
same(const uint8_t *sent, const uint8_t *name, size_t len)
{
	size_t	 i;
	uint8_t	 c;

	for (i = 0; i < len; i++) {
		c = sent[i] >= 'A' && sent[i] <= 'Z' ? sent[i] | 0x20 :
		    sent[i];
		if (c != name[i])
			return false;
	}
	return true;
}

bool
cert_can_name(const uint8_t *name, size_t len)
{
	size_t	 i;

	for (i = 0; i < len; i++)
		if (name[i] != '.' && (name[i] < '0' || name[i] > '9'))
			return memchr(name, ':', len) == NULL;
	return false;
}

/* A first label "*" is any one label (RFC 9525, 6.3). */
static bool
fits(struct der sent, const uint8_t *name, size_t len)
{
	const uint8_t	*dot;

	if (sent.len > 1 && sent.p[sent.len - 1] == '.')
		sent.len--;
	if (sent.len > 2 && sent.p[0] == '*' && sent.p[1] == '.') {
		if ((dot = memchr(name, '.', len)) == NULL || dot == name)
			return false;
		len -= (size_t)(dot - name);
		name = dot;
		sent.p++;
		sent.len--;
	}
	return sent.len == len && same(sent.p, name, len);
}

/* Those of subjectAltName; *any: there is one (RFC 5280, 4.2.1.6). */
static bool
in_alt_names(struct der value, const uint8_t *name, size_t len, bool *any)
{
	struct der	 all, x;
	unsigned	 tag;
	bool		 found = false;

	if (!enter(&value, T_SEQUENCE, &all))
		return false;
	while ((tag = next(&all, &x)) != 0) {
		if (tag != T_DNS_NAME)
			continue;
		*any = true;
		found = found || fits(x, name, len);
	}
	return found;
}

static bool
in_extensions(struct der in, const uint8_t *name, size_t len, bool *any)
{
	struct der	 all, one, id, value;
	unsigned	 tag;

	if (!enter(&in, T_SEQUENCE, &all))
		return false;
	while (enter(&all, T_SEQUENCE, &one)) {
		if (!enter(&one, T_OID, &id) || !is_oid(&id, alt_names))
			continue;
		if ((tag = next(&one, &value)) == T_BOOLEAN)
			tag = next(&one, &value);
		if (tag == T_OCTETS)
			return in_alt_names(value, name, len, any);
	}
	return false;
}

static bool
in_subject(struct der all, const uint8_t *name, size_t len)
{
	struct der	 set, pair, id, value;
	bool		 found = false;

	while (enter(&all, T_SET, &set))
		while (enter(&set, T_SEQUENCE, &pair))
			if (enter(&pair, T_OID, &id) &&
			    is_oid(&id, common_name) && next(&pair, &value))
				found = fits(value, name, len);
	return found;
}

/* ---- time ---- */

/* Days since 1970 of a date in the Gregorian calendar. */
static int64_t
days(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	m += m <= 2 ? 9 : -3;
	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + d -
	    719469;
}

/* YYMMDDhhmmssZ or YYYYMMDDhhmmssZ, always UTC (RFC 5280, 4.1.2.5). */
static bool
moment(struct der *in, int64_t *s)
{
	struct der	 x;
	unsigned	 tag;
	size_t		 i, n, year;
	int64_t		 v[7] = { 0 };	/* by two digits: century, year, ... */

	tag = next(in, &x);
	year = tag == T_TIME ? 0 : 1;
	n = 7 - year;
	if ((tag != T_UTC && tag != T_TIME) || x.len != 2 * n + 1)
		return false;
	for (i = 0; i < 2 * n; i++) {
		if (x.p[i] < '0' || x.p[i] > '9')
			return false;
		v[year + i / 2] = v[year + i / 2] * 10 + x.p[i] - '0';
	}
	if (tag == T_UTC)
		v[0] = v[1] < 50 ? 20 : 19;
	*s = days(v[0] * 100 + v[1], v[2], v[3]) * 86400 + v[4] * 3600 +
	    v[5] * 60 + v[6];
	return true;
}

int
cert_read(struct cert *c, const uint8_t *der, size_t len, const uint8_t *name,
    size_t name_len)
{
	struct der	 in = { der, len }, all, body, x, times, subject;
	unsigned	 tag;
	bool		 any = false;

	memset(c, 0, sizeof(*c));
	if (!enter(&in, T_SEQUENCE, &all) || !enter(&all, T_SEQUENCE, &body))
		return -1;
	if (body.len > 0 && body.p[0] == T_VERSION)
		(void)next(&body, &x);
	if (!next(&body, &x) || !next(&body, &x) || !next(&body, &x) ||
	    !enter(&body, T_SEQUENCE, &times) ||
	    !moment(&times, &c->from) || !moment(&times, &c->until) ||
	    !enter(&body, T_SEQUENCE, &subject) || !next(&body, &x))
		return -1;	/* after number, algorithm and issuer */
	while ((tag = next(&body, &x)) != 0)
		if (tag == T_EXTENSIONS)
			c->fits = in_extensions(x, name, name_len, &any);
	if (!any)
		c->fits = in_subject(subject, name, name_len);
	c->seen = true;
	return 0;
}

enum cert_says
cert_says(const struct cert *c, int64_t now)
{
	if (!c->seen)
		return CERT_NONE;
	if (!c->fits)
		return CERT_OTHERS;
	return now > c->until ? CERT_EXPIRED : now < c->from ? CERT_EARLY :
	    CERT_NAME;
}

const char *
cert_text(enum cert_says c)
{
#define A(name, text)	[CERT_##name] = text,
	static const char *const texts[] = { [CERT_NONE] = "", CERT_SAYS(A) };
#undef A

	return texts[(size_t)c < nitems(texts) ? c : CERT_NONE];
}
