/*
 * Our parser of heads against http_parser, over generated and mutated ones.
 *
 * Intended differences, each with a reason; everything else must agree:
 *  D1 methods: any token is one for us, http_parser knows a list.
 *  D2 versions: only HTTP/0.x and HTTP/1.x, so spelt, are HTTP/1 for us.
 *  D3 HTTP/0.9 (no version in the line) is not recognised by us: a line of
 *     text is no evidence on a port that nobody vouched for.
 *  D4 status: three digits for us (RFC 9112, 4), any number for http_parser.
 *  D5 what http_parser refuses but servers take, or not, each in its way, is
 *     read by us and marked: flaws is not 0 (lines without colon, lengths
 *     that conflict, controls, bare CR, odd spaces, both framings).
 *  D6 targets: any bytes are one for us, http_parser wants a URL.
 *  D7 Upgrade and Connection lists are the session's business, not compared.
 *  D8 white space around the version and inside the start line is an error
 *     for http_parser or not, depending on the place; marked by us.
 *  D9 blanks before a head, CR without LF in a start line, and bytes above
 *     127 in a reason or a target.
 *  D10 http_parser keeps blanks after a value, TAB also after "chunked"
 *     and numbers.
 *  D11 http_parser takes "Transfer-EncodingX" for Transfer-Encoding and
 *     "Content-LengthX" for Content-Length, whatever byte X is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/http.h"
#include "sandbox/compat.h"
#include "tests/lib/oracle.h"

#define SEEDS	200000

static unsigned
roll(uint32_t *seed, unsigned n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % n;
}

static const char *
pick(uint32_t *seed, const char *const *v, unsigned n)
{
	return v[roll(seed, n)];
}

static size_t
generate(uint32_t *seed, char *out, size_t size, bool *request)
{
	static const char *const methods[] = {
		"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE",
		"PATCH", "PROPFIND", "M-SEARCH", "NOTIFY"
	};
	static const char *const targets[] = {
		"/", "/a/b?c=d", "http://h.example/x", "*", "/%41#f"
	};
	static const char *const lines[] = {
		"Host: a.example", "host:  B.example:81 ", "X: y", "Empty:",
		"Content-Length: 12", "Transfer-Encoding: chunked",
		"Transfer-Encoding: gzip, chunked", "Connection: close",
		"User-Agent: a (b; c) d/1.0", "Accept: */*", "Cookie: a=b",
		"Folded: a\r\n b", "Expect: 100-continue", "Date: x"
	};
	size_t	 n;
	unsigned i, count;

	*request = roll(seed, 2) == 0;
	if (*request)
		n = (size_t)snprintf(out, size, "%s %s HTTP/1.%u\r\n",
		    pick(seed, methods, nitems(methods)),
		    pick(seed, targets, nitems(targets)), roll(seed, 2));
	else
		n = (size_t)snprintf(out, size, "HTTP/1.%u %u OK\r\n",
		    roll(seed, 2), 100 + roll(seed, 500));
	count = roll(seed, 7);
	for (i = 0; i < count; i++)
		n += (size_t)snprintf(out + n, size - n, "%s\r\n",
		    pick(seed, lines, nitems(lines)));
	n += (size_t)snprintf(out + n, size - n, "\r\n");
	return n;
}

/* One to three bytes changed, taken out or put in. */
static size_t
mutate(uint32_t *seed, char *p, size_t n)
{
	static const char	 odd[] = "\r\n \t:;,/\0\x01\x7f\x80""0aHG.1-";
	unsigned		 k, at;

	for (k = 1 + roll(seed, 3); k > 0; k--) {
		at = roll(seed, (unsigned)n);
		switch (roll(seed, 3)) {
		case 0:
			p[at] = odd[roll(seed, sizeof(odd) - 1)];
			break;
		case 1:
			memmove(p + at, p + at + 1, n - at - 1);
			n--;
			break;
		default:
			memmove(p + at + 1, p + at, n - at);
			p[at] = odd[roll(seed, sizeof(odd) - 1)];
			n++;
		}
	}
	return n;
}

/* What both took must mean the same. */
static void
agree(const struct http_head *h, const struct oracle *o, bool tab)
{
	size_t	 n = o->host_len;

	assert_int_equal(h->status, o->status);
	if (h->flaws & HTTP_F_START_LINE)
		return;				/* D8 */
	assert_int_equal(h->minor, o->major == 1 ? o->minor : 0);
	if (h->flaws & (HTTP_AMBIGUOUS | HTTP_F_NO_COLON | HTTP_F_BARE_CR))
		return;				/* D5 */
	if (!tab)
		assert_int_equal(h->chunked, o->chunked);
	if (h->has_length)
		assert_int_equal(h->content_length, o->length);
	assert_int_equal(h->host.p != NULL, o->hosts > 0);
	if (o->hosts == 0)
		return;
	while (n > 0 && (o->host[n - 1] == ' ' || o->host[n - 1] == '\t'))
		n--;				/* D10 */
	assert_int_equal(h->host.len, n);
	assert_memory_equal(h->host.p, o->host, n);
}

static bool
three_digits(const char *p, size_t n)
{
	const char	*sp = memchr(p, ' ', n);
	size_t		 i;

	if (sp == NULL)
		return false;
	for (i = 1; sp + i < p + n && sp[i] >= '0' && sp[i] <= '9'; i++)
		;
	return i == 4;
}

static bool
bare_cr(const char *p, size_t n)
{
	size_t	 i;

	for (i = 0; i + 1 < n; i++)
		if (p[i] == '\r' && p[i + 1] != '\n')
			return true;
	return false;
}

/* http_parser took it and we did not: it must be D2, D3, D4, D8 or D9. */
static void
refused_by_us(const char *p, size_t n, const struct oracle *o, bool request)
{
	if (o->major > 1 || (!request && o->major == 0))
		return;
	if (o->major == 0 && o->minor == 9)
		return;
	if (!request && (!three_digits(p, n) || o->status < 100))
		return;
	if (p[0] == ' ' || bare_cr(p, n))
		return;
	if (memmem(p, n, "HTTP/", 5) == NULL)
		return;
	fail_msg("refused: %.*s", (int)n, p);
}

static bool
has_high(const char *p, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] >= 0x7f)
			return true;
	return false;
}

/* D11: a framing field's name with a byte more. */
static bool
near_name(const char *p, size_t n)
{
	static const char *const names[] = {
		"Transfer-Encoding", "Content-Length"
	};
	size_t	 i, k, len;

	for (k = 0; k < nitems(names); k++) {
		len = strlen(names[k]);
		for (i = 0; i + len + 1 < n; i++)
			if (strncasecmp(p + i, names[k], len) == 0 &&
			    p[i + len] != ':')
				return true;
	}
	return false;
}

/* We took it and http_parser did not. */
static void
refused_by_other(const struct http_head *h, const char *p, size_t n)
{
	if (h->flaws & ~(unsigned)(HTTP_F_HOST_NONE | HTTP_F_HOST_BAD))
		return;				/* D5 */
	if (h->is_request && (h->method_id == HTTP_METHOD_OTHER ||
	    h->target.p[0] != '/'))
		return;				/* D1, D6 */
	if (has_high(p, n) || memchr(p, '\t', n) != NULL)
		return;				/* D9, D10 */
	fail_msg("refused by http_parser: %.*s", (int)n, p);
}

static void
compare(const char *p, size_t n, bool request)
{
	struct http_head h;
	struct oracle	 o;
	ssize_t		 r;

	r = http_parse((const uint8_t *)p, n, &h);
	oracle_ask(p, n, request, &o);
	if (r > 0 && (h.is_request != request || near_name(p, n)))
		return;
	if (r > 0 && o.done)
		agree(&h, &o, memchr(p, '\t', n) != NULL);
	else if (r < 0 && o.done)
		refused_by_us(p, n, &o, request);
	else if (r > 0 && !o.done)
		refused_by_other(&h, p, n);
}

static void
generated_heads_are_read_alike(void **state)
{
	struct http_head h;
	struct oracle	 o;
	uint32_t	 seed;
	char		 in[1024];
	size_t		 n;
	bool		 request;

	(void)state;
	for (seed = 1; seed < SEEDS / 10; seed++) {
		uint32_t	 s = seed;

		n = generate(&s, in, sizeof(in), &request);
		assert_int_equal(http_parse((uint8_t *)in, n, &h), n);
		oracle_ask(in, n, request, &o);
		if (h.flaws & (HTTP_F_CL_DUP | HTTP_F_TE_CL | HTTP_F_TE_ODD))
			continue;		/* D5 */
		assert_true(o.done);
		agree(&h, &o, false);
	}
}

static void
mutated_heads_are_read_alike(void **state)
{
	uint32_t	 seed;
	char		 in[1024];
	size_t		 n;
	bool		 request;

	(void)state;
	for (seed = 1; seed < SEEDS; seed++) {
		uint32_t	 s = seed;

		n = generate(&s, in, sizeof(in), &request);
		n = mutate(&s, in, n);
		compare(in, n, request);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generated_heads_are_read_alike),
		cmocka_unit_test(mutated_heads_are_read_alike)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
