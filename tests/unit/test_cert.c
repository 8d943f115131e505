/* What certificates say of a name: made here, cut anywhere, out of date. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/cert.h"
#include "sandbox/compat.h"
#include "tests/lib/guard.h"

struct der {
	uint8_t	 b[2048];
	size_t	 n;
};

static void
put(struct der *d, const void *p, size_t n)
{
	assert_true(d->n + n <= sizeof(d->b));
	memcpy(d->b + d->n, p, n);
	d->n += n;
}

/* Puts a tag and a length before what was written since at. */
static void
wrap(struct der *d, size_t at, uint8_t tag)
{
	size_t	 len = d->n - at, n = 2;
	uint8_t	 head[4] = { tag, (uint8_t)len };

	if (len > 0xff) {
		head[1] = 0x82;
		head[2] = (uint8_t)(len >> 8);
		head[3] = (uint8_t)len;
		n = 4;
	} else if (len > 0x7f) {
		head[1] = 0x81;
		head[2] = (uint8_t)len;
		n = 3;
	}
	memmove(d->b + at + n, d->b + at, len);
	memcpy(d->b + at, head, n);
	d->n += n;
}

static void
leaf(struct der *d, uint8_t tag, const char *text)
{
	size_t	 at = d->n;

	put(d, text, strlen(text));
	wrap(d, at, tag);
}

/* A common name and what comes before it in the subject. */
static void
subject(struct der *d, const char *name)
{
	size_t	 at = d->n, set, pair;

	if (name != NULL) {
		set = pair = d->n;
		leaf(d, 0x06, "\x55\x04\x0a");
		leaf(d, 0x0c, "other.example");
		wrap(d, pair, 0x30);
		wrap(d, set, 0x31);
		set = pair = d->n;
		leaf(d, 0x06, "\x55\x04\x03");
		leaf(d, 0x0c, name);
		wrap(d, pair, 0x30);
		wrap(d, set, 0x31);
	}
	wrap(d, at, 0x30);
}

/* An extension; names with commas between. */
static void
alt_names(struct der *d, const char *names, bool critical)
{
	size_t		 at = d->n, value, n;
	const char	*p;
	char		 one[64];

	leaf(d, 0x06, "\x55\x1d\x11");
	if (critical)
		put(d, "\1\1\xff", 3);
	value = d->n;
	leaf(d, 0x81, "b.example");	/* an address of mail */
	for (p = names; *p != '\0'; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		memcpy(one, p, n);
		one[n] = '\0';
		leaf(d, 0x82, one);
	}
	wrap(d, value, 0x30);
	wrap(d, value, 0x04);
	wrap(d, at, 0x30);
}

struct made {
	const char	*common;
	const char	*alt;		/* NULL: no such extension */
	const char	*from;
	const char	*until;
	bool		 old;		/* version 1 does not say so */
	bool		 critical;
};

static void
make(struct der *d, const struct made *m)
{
	size_t	 at;

	d->n = 0;
	if (!m->old)
		put(d, "\xa0\3\2\1\2", 5);
	put(d, "\2\1\7\x30\0\x30\0", 7);	/* number, algorithm, issuer */
	at = d->n;
	leaf(d, strlen(m->from) == 13 ? 0x17 : 0x18, m->from);
	leaf(d, strlen(m->until) == 13 ? 0x17 : 0x18, m->until);
	wrap(d, at, 0x30);
	subject(d, m->common);
	put(d, "\x30\0", 2);			/* the key */
	if (m->alt != NULL) {
		at = d->n;
		put(d, "\x30\7\6\3\x55\x1d\x0f\4\0", 9);
		alt_names(d, m->alt, m->critical);
		wrap(d, at, 0x30);
		wrap(d, at, 0xa3);
	}
	wrap(d, 0, 0x30);
	put(d, "\x30\0\3\1\0", 5);		/* who signed it, and how */
	wrap(d, 0, 0x30);
}

static enum cert_says
says(const struct made *m, const char *name, int64_t now)
{
	struct der	 d;
	struct cert	 c;

	make(&d, m);
	(void)cert_read(&c, guard_copy(d.b, d.n), d.n, (const uint8_t *)name,
	    strlen(name));
	return cert_says(&c, now);
}

#define FROM	"260101000000Z"
#define UNTIL	"270101000000Z"
#define NOW	1780000000		/* 2026-05-28 */

static void
one_of_its_names_is_enough(void **state)
{
	static const struct {
		const char	*alt;
		const char	*name;
		enum cert_says	 want;
	}		 t[] = {
		{ "a.example", "a.example", CERT_NAME },
		{ "A.EXAMPLE.", "a.example", CERT_NAME },
		{ "x.example,a.example,y.example", "a.example", CERT_NAME },
		{ "a.example", "b.example", CERT_OTHERS },
		{ "a.example", "aa.example", CERT_OTHERS },
		{ "a.example", "a.exampl", CERT_OTHERS },
		{ "*.example", "a.example", CERT_NAME },
		{ "*.example", "example", CERT_OTHERS },
		{ "*.example", ".example", CERT_OTHERS },
		{ "*.example", "a.b.example", CERT_OTHERS },
		{ "*.b.example", "a.b.example", CERT_NAME },
		{ "*a.example", "xa.example", CERT_OTHERS },
		{ "a.*.example", "a.b.example", CERT_OTHERS },
		{ "*", "a", CERT_OTHERS },
		{ "*.", "a.", CERT_OTHERS },
		{ "", "a.example", CERT_OTHERS },
	};
	struct made	 m = { "a.example", NULL, FROM, UNTIL, false, false };
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		m.common = t[i].alt[0] == '\0' ? NULL : "other.example";
		m.alt = t[i].alt;
		m.critical = i & 1;
		if (says(&m, t[i].name, NOW) != t[i].want)
			fail_msg("%s of %s", t[i].alt, t[i].name);
	}
}

static void
a_common_name_counts_where_there_is_no_other(void **state)
{
	struct made	 m = { "a.example", NULL, FROM, UNTIL, true, false };

	(void)state;
	assert_int_equal(says(&m, "a.example", NOW), CERT_NAME);
	assert_int_equal(says(&m, "other.example", NOW), CERT_OTHERS);
	m.alt = "";
	assert_int_equal(says(&m, "a.example", NOW), CERT_NAME);
	m.alt = "b.example";
	assert_int_equal(says(&m, "a.example", NOW), CERT_OTHERS);
}

static void
it_is_valid_between_two_moments(void **state)
{
	static const struct {
		const char	*from;
		const char	*until;
		int64_t		 first;
		int64_t		 last;
	}		 t[] = {
		{ "700101000000Z", "700101000001Z", 0, 1 },
		{ "490101000000Z", "500101000000Z", 2493072000, -631152000 },
		{ "000229000000Z", "000301000000Z", 951782400, 951868800 },
		{ "19991231235959Z", "20380119031408Z", 946684799,
		  2147483648 },
		{ "21000228235959Z", "21000301000000Z", 4107542399,
		  4107542400 },
		{ "20000101000000Z", "99991231235959Z", 946684800,
		  253402300799 },
	};
	struct made	 m = { "a.example", NULL, NULL, NULL, false, false };
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		m.from = t[i].from;
		m.until = t[i].until;
		assert_int_equal(says(&m, "a.example", t[i].last + 1),
		    CERT_EXPIRED);
		assert_int_equal(says(&m, "b.example", t[i].last + 1),
		    CERT_OTHERS);
		if (t[i].first > t[i].last)
			continue;
		assert_int_equal(says(&m, "a.example", t[i].first - 1),
		    CERT_EARLY);
		assert_int_equal(says(&m, "a.example", t[i].first),
		    CERT_NAME);
		assert_int_equal(says(&m, "a.example", t[i].last), CERT_NAME);
	}
	m.from = "260101000000+";	/* only Z is allowed */
	assert_int_equal(says(&m, "a.example", NOW), CERT_NAME);
	m.from = "26010100000xZ";
	assert_int_equal(says(&m, "a.example", NOW), CERT_NONE);
	m.from = "2601010000Z";
	assert_int_equal(says(&m, "a.example", NOW), CERT_NONE);
}

/* What is cut is not read, and what lies about its length reads no more. */
static void
one_that_is_cut_or_changed_reads_nothing_else(void **state)
{
	struct made	 m = { "a.example", "a.example,b.example", FROM,
			    UNTIL, false, true };
	struct der	 d;
	const uint8_t	*name = (const uint8_t *)"a.example";
	struct cert	 c;
	size_t		 i;
	unsigned	 bit;
	bool		 read;

	(void)state;
	make(&d, &m);
	assert_int_equal(cert_read(&c, d.b, d.n, name, 9), 0);
	assert_true(c.seen && c.fits);
	for (i = 0; i < d.n; i++) {
		assert_int_equal(cert_read(&c, guard_copy(d.b, i), i, name,
		    9), -1);
		assert_false(c.seen);
		for (bit = 0; bit < 8; bit++) {
			d.b[i] ^= (uint8_t)(1 << bit);
			read = cert_read(&c, guard_copy(d.b, d.n), d.n, name,
			    9) == 0;
			assert_int_equal(read, c.seen);
			d.b[i] ^= (uint8_t)(1 << bit);
		}
	}
}

static void
an_address_is_named_in_another_way(void **state)
{
	static const char *const no[] = { "192.0.2.1", "2001:db8::1", "", "1" };
	static const char *const yes[] = { "a", "1.example", "a.1" };
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(no); i++)
		assert_false(cert_can_name((const uint8_t *)no[i],
		    strlen(no[i])));
	for (i = 0; i < nitems(yes); i++)
		assert_true(cert_can_name((const uint8_t *)yes[i],
		    strlen(yes[i])));
	assert_string_equal(cert_text(CERT_NONE), "");
	assert_string_equal(cert_text(CERT_OTHERS), "for other names");
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(one_of_its_names_is_enough),
		cmocka_unit_test(a_common_name_counts_where_there_is_no_other),
		cmocka_unit_test(it_is_valid_between_two_moments),
		cmocka_unit_test(one_that_is_cut_or_changed_reads_nothing_else),
		cmocka_unit_test(an_address_is_named_in_another_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
