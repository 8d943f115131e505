/*
 * Our parser of messages against http_parser: heads and where the body ends,
 * over generated and mutated ones. HTTP_DIFF_ROUNDS sets how many (soak).
 *
 * Each intended difference has a number and is counted where it is let
 * through; a closing test demands that most inputs were compared in full and
 * that every number was met, so that none of this can pass by looking away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/body.h"
#include "analyzer/http.h"
#include "sandbox/compat.h"
#include "tests/lib/oracle.h"

#define ROUNDS	200000

#define DIFFS(D)							\
	D(D1,  "method: any token for us, a list for http_parser")	\
	D(D2,  "version: a digit, a dot and a digit, so spelt, for us")	\
	D(D3,  "HTTP/0.9, a line without version, is none for us")	\
	D(D4,  "status: three digits for us (RFC 9112, 4), any number")	\
	D(D5,  "ambiguous framing or names: read and marked by us")	\
	D(D6,  "target: any bytes for us, a URL for http_parser")	\
	D(D7,  "start line with odd blanks: read and marked by us")	\
	D(D8,  "blank in front; CR and any byte ends http_parser's line")\
	D(D9,  "bytes above 126 and controls in values: marked or let")	\
	D(D10, "TAB at the end of a value or in a list: trimmed by us")	\
	D(D11, "http_parser takes Content-LengthX for Content-Length")	\
	D(D12, "Content-Length of 900000000000000000 and more")		\
	D(D13, "chunk framing with bare LF or blanks: marked lax")	\
	D(D14, "chunk extensions and trailers: any line for us")	\
	D(D15, "http_parser skips the two bytes after a chunk unseen")	\
	D(D16, "http_parser takes bytes above 127 in a chunk size for 0")

enum diff {
#define D(name, why)	name,
	DIFFS(D)
#undef D
	DIFF_MAX
};

/* What became of the inputs. */
static struct {
	uint64_t	 heads;		/* all that was asked */
	uint64_t	 agreed;	/* both read it, all of it compared */
	uint64_t	 refused;	/* by both */
	uint64_t	 waiting;	/* both, for more bytes */
	uint64_t	 bodies;	/* both said where the message ends */
	uint64_t	 broken;	/* both refused the body's framing */
	uint64_t	 diff[DIFF_MAX];
} seen;

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

static uint32_t
rounds(void)
{
	const char	*s = getenv("HTTP_DIFF_ROUNDS");
	unsigned long	 n = s == NULL ? 0 : strtoul(s, NULL, 10);

	return n > 0 && n < UINT32_MAX ? (uint32_t)n : ROUNDS;
}

struct input {
	char		 b[2048];
	size_t		 n;
	size_t		 head;		/* bytes before the body */
	bool		 request;
};

static void
add(struct input *in, const char *s)
{
	size_t	 n = strlen(s);

	assert_true(in->n + n <= sizeof(in->b) - 16);
	memcpy(in->b + in->n, s, n);
	in->n += n;
}

static void
generate(uint32_t *seed, struct input *in)
{
	static const char *const methods[] = {
		"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE",
		"PATCH", "PROPFIND", "M-SEARCH", "NOTIFY"
	};
	static const char *const targets[] = {
		"/", "/a/b?c=d", "http://h.example/x", "*", "/%41#f"
	};
	static const char *const lines[] = {
		"X: y", "Empty:", "Connection: close",
		"User-Agent: a (b; c) d/1.0", "Accept: */*", "Cookie: a=b",
		"Expect: 100-continue", "Date: x", "Via: 1.1 p"
	};
	static const char *const hosts[] = {
		"Host: a.example", "host:  B.example:81 ", "HOST:c", "X: z",
		"Host: d", "Host:", "Host:\te.example", "Host: [::1]:80",
		"Host: f.example", "Host: g", "Host: 10.0.0.1:8080",
		"Host: h", "Host: a\r\nHost: b", "Folded: a\r\n b"
	};
	static const char *const framing[] = {
		"Content-Length: 12", "Content-Length: 0",
		"Content-Length:\t7", "Transfer-Encoding: chunked",
		"transfer-encoding: gzip, chunked",
		"Content-Length: 900000000000000000",
		"Content-Length: 3\r\nContent-Length: 4",
		"Content-Length: 3\r\nTransfer-Encoding: chunked"
	};
	char	 s[128];
	unsigned i, count;

	memset(in, 0, sizeof(*in));
	in->request = roll(seed, 2) == 0;
	if (in->request)
		(void)snprintf(s, sizeof(s), "%s %s HTTP/1.%u\r\n",
		    pick(seed, methods, nitems(methods)),
		    pick(seed, targets, nitems(targets)), roll(seed, 2));
	else
		(void)snprintf(s, sizeof(s), "HTTP/1.%u %u OK\r\n",
		    roll(seed, 2), 100 + roll(seed, 500));
	add(in, s);
	count = roll(seed, 5);
	add(in, pick(seed, hosts, nitems(hosts)));
	add(in, "\r\n");
	for (i = 0; i < count; i++) {
		add(in, pick(seed, lines, nitems(lines)));
		add(in, "\r\n");
	}
	if (roll(seed, 2) == 0) {
		add(in, pick(seed, framing, nitems(framing)));
		add(in, "\r\n");
	}
	add(in, "\r\n");
	in->head = in->n;
}

/* A message with a body that is framed, and the next one behind it. */
static void
generate_message(uint32_t *seed, struct input *in)
{
	static const char *const ext[] = {
		"", "", "", ";a", ";a=b", ";a=\"b;c\""
	};
	static const char *const trailers[] = {
		"", "", "X-Sum: 1\r\n", "A: b\r\nC: d\r\n"
	};
	char	 s[256];
	unsigned n;
	bool	 chunked = roll(seed, 3) > 0;

	memset(in, 0, sizeof(*in));
	in->request = roll(seed, 2) == 0;
	add(in, in->request ? "POST /up HTTP/1.1\r\nHost: a.example\r\n" :
	    "HTTP/1.1 200 OK\r\nServer: x\r\n");
	n = roll(seed, 40);
	(void)snprintf(s, sizeof(s), chunked ?
	    "Transfer-Encoding: chunked\r\n\r\n" :
	    "Content-Length: %u\r\n\r\n", n);
	add(in, s);
	in->head = in->n;
	if (!chunked) {
		memset(in->b + in->n, 'x', n);
		in->n += n;
	}
	for (n = chunked ? roll(seed, 4) : 0; n > 0; n--) {
		int	 len = 1 + (int)roll(seed, 20);

		(void)snprintf(s, sizeof(s), roll(seed, 2) ?
		    "%x%s\r\n%.*s\r\n" : "%04X%s\r\n%.*s\r\n", (unsigned)len,
		    pick(seed, ext, nitems(ext)), len,
		    "GET / HTTP/1.1\r\n\r\nabcdef");
		add(in, s);
	}
	if (chunked) {
		(void)snprintf(s, sizeof(s), "0%s\r\n%s\r\n",
		    pick(seed, ext, nitems(ext)),
		    pick(seed, trailers, nitems(trailers)));
		add(in, s);
	}
	add(in, "GET /next HTTP/1.1\r\n\r\n");
}

/* Up to three bytes changed, taken out or put in, from byte from on. */
static void
mutate(uint32_t *seed, struct input *in, size_t from)
{
	static const char	 odd[] = "\r\n \t:;,/\0\x01\x7f\x80""0aHG.1-";
	unsigned		 k, mild = roll(seed, 2);
	size_t			 at;

	for (k = 1 + roll(seed, mild ? 1 : 3); k > 0; k--) {
		at = from + roll(seed, (unsigned)(in->n - from));
		switch (roll(seed, 3)) {
		case 0:
			in->b[at] = odd[roll(seed, sizeof(odd) - 1)];
			break;
		case 1:
			memmove(in->b + at, in->b + at + 1, in->n - at - 1);
			in->n--;
			break;
		default:
			memmove(in->b + at + 1, in->b + at, in->n - at);
			in->b[at] = odd[roll(seed, sizeof(odd) - 1)];
			in->n++;
		}
	}
}

static bool
let(enum diff d)
{
	seen.diff[d]++;
	return true;
}

static void
complain(const char *what, const struct input *in)
{
	fail_msg("%s: %.*s", what, (int)in->n, in->b);
}

static void
same_text(const struct http_span *v, const char *p, size_t n)
{
	if (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		(void)let(D10);
	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	assert_int_equal(v->len, n);
	assert_memory_equal(v->p, p, n);
}

/* D11: a framing field's name with a byte more. */
static bool
near_name(const struct input *in)
{
	static const char *const names[] = {
		"\nTransfer-Encoding", "\nContent-Length"
	};
	size_t	 i, k, len;

	for (k = 0; k < nitems(names); k++) {
		len = strlen(names[k]);
		for (i = 0; i + len + 1 < in->n; i++)
			if (strncasecmp(in->b + i, names[k], len) == 0 &&
			    in->b[i + len] != ':')
				return let(D11);
	}
	return false;
}

/* What both took must mean the same. True when all of it was compared. */
static bool
agree(const struct http_head *h, const struct oracle *o,
    const struct input *in)
{
	assert_int_equal(h->status, o->status);
	if (h->flaws & HTTP_F_START_LINE && let(D7))
		return false;
	assert_int_equal(h->minor, o->major == 1 ? o->minor : 0);
	if (h->is_request) {
		assert_int_equal(h->method.len, strlen(o->method));
		assert_memory_equal(h->method.p, o->method, h->method.len);
		assert_int_equal(h->target.len, o->target_len);
		assert_memory_equal(h->target.p, o->target, o->target_len);
	}
	if (h->flaws & ((HTTP_AMBIGUOUS & ~HTTP_F_HOST_DUP) |
	    HTTP_F_NO_COLON) && let(D5))
		return false;
	if (near_name(in))
		return false;
	if (memchr(in->b, '\t', in->n) == NULL || !let(D10))
		assert_int_equal(h->chunked, o->chunked);
	assert_int_equal(h->fields, o->fields);
	assert_int_equal(h->has_length, o->has_length);
	if (h->has_length)
		assert_int_equal(h->content_length, o->length);
	assert_int_equal(h->host.p != NULL, o->hosts > 0);
	if (o->hosts > 0)
		same_text(&h->host, o->host, o->host_len);
	return true;
}

static bool
three_digits(const struct input *in)
{
	const char	*sp = memchr(in->b, ' ', in->n);
	size_t		 i;

	if (sp == NULL)
		return false;
	for (i = 1; sp + i < in->b + in->n && sp[i] >= '0' && sp[i] <= '9';
	    i++)
		;
	return i == 4;
}

/* A CR that no LF follows: http_parser does not look, as Debian builds it. */
static bool
bare_cr(const struct input *in)
{
	size_t	 i;

	for (i = 0; i + 1 < in->n; i++)
		if (in->b[i] == '\r' && in->b[i + 1] != '\n')
			return true;
	return false;
}

/* http_parser took it and we did not. */
static void
refused_by_us(const struct input *in, const struct oracle *o)
{
	if (o->major == 0 && o->minor == 9 &&
	    memmem(in->b, in->n, "HTTP/0.9", 8) == NULL && let(D3))
		return;
	if ((o->major > 9 || o->minor > 9) && let(D2))
		return;
	if (!in->request && (!three_digits(in) || o->status < 100) && let(D4))
		return;
	if ((in->b[0] == ' ' || bare_cr(in)) && let(D8))
		return;
	if (memmem(in->b, in->n, "HTTP/", 5) == NULL && let(D2))
		return;
	complain("refused by us", in);
}

static bool
has_high(const struct input *in, size_t from)
{
	size_t	 i;

	for (i = from; i < in->n; i++)
		if ((unsigned char)in->b[i] >= 0x7f)
			return true;
	return false;
}

/* We took it and http_parser did not. */
static void
refused_by_other(const struct http_head *h, const struct input *in)
{
	if (h->flaws & HTTP_F_START_LINE && let(D7))
		return;
	if (h->flaws & (HTTP_F_NUL | HTTP_F_CTL) && let(D9))
		return;
	if (h->flaws & ~(unsigned)(HTTP_F_HOST_NONE | HTTP_F_HOST_BAD |
	    HTTP_F_STATUS) && let(D5))
		return;
	if (near_name(in))
		return;
	if (h->is_request && h->method_id == HTTP_METHOD_OTHER && let(D1))
		return;
	if (h->is_request && h->target.p[0] != '/' && let(D6))
		return;
	if (h->has_length && h->content_length >= 900000000000000000 &&
	    let(D12))
		return;
	if (has_high(in, 0) && let(D9))
		return;
	if (memchr(in->b, '\t', in->n) != NULL && let(D10))
		return;
	complain("refused by http_parser", in);
}

static void
compare(const struct input *in)
{
	struct http_head h;
	struct oracle	 o;
	ssize_t		 r;

	seen.heads++;
	r = http_parse((const uint8_t *)in->b, in->n, &h);
	oracle_ask(in->b, in->n, in->request, &o);
	if (r > 0 && h.is_request != in->request)
		complain("a request and a response are not told apart", in);
	if (r > 0 && o.done)
		seen.agreed += agree(&h, &o, in);
	else if (r > 0)
		refused_by_other(&h, in);
	else if (o.done)
		refused_by_us(in, &o);
	else if (r < 0)
		seen.refused++;
	else
		seen.waiting++;
}

/* Where http_parser stopped lies in an extension or among the trailers. */
static bool
in_margin(const struct input *in, size_t at)
{
	const char	*p = in->b + in->head, *end = in->b + at, *nl;
	bool		 ext = false, last = false;

	for (; (nl = memchr(p, '\n', (size_t)(end - p))) != NULL; p = nl + 1)
		last = last || *p == '0';
	ext = memchr(p, ';', (size_t)(end - p)) != NULL;
	return ext || last;
}

static void
compare_bodies(const struct input *in)
{
	struct http_head	 h;
	struct oracle		 o;
	struct body		 b;
	enum body_answer	 a;
	size_t			 used;
	bool			 same;

	assert_int_equal(http_parse((const uint8_t *)in->b, in->n, &h),
	    in->head);
	body_init(&b, h.chunked ? BODY_CHUNKED : BODY_LENGTH,
	    h.content_length);
	a = body_eat(&b, (const uint8_t *)in->b + in->head, in->n - in->head,
	    &used);
	oracle_message(in->b, in->n, in->request, &o);
	if (a == BODY_DONE && o.ended) {
		same = in->head + used == o.end && b.seen == o.body;
		if (!same && ((b.lax && let(D13)) || (bare_cr(in) && let(D8))))
			return;
		if (!same)
			complain("another end", in);
		seen.bodies++;
	} else if (a == BODY_BAD && o.refused)
		seen.broken++;
	else if (a == BODY_BAD && (b.error == BODY_ECRLF || b.lax) &&
	    let(D15))
		return;
	else if (a == BODY_MORE && !o.ended && !o.refused)
		seen.waiting++;
	else if (b.lax && let(D13))
		return;
	else if (a != BODY_BAD && o.refused && in_margin(in, o.end) &&
	    let(D14))
		return;
	else if (bare_cr(in) && let(D8))
		return;
	else if (a == BODY_BAD && b.error == BODY_ESIZE &&
	    has_high(in, in->head + used) && let(D16))
		return;
	else
		complain(a == BODY_BAD ? "body refused by us" : o.refused ?
		    "body refused by http_parser" : "one has ended", in);
}

static void
generated_heads_are_read_alike(void **state)
{
	struct http_head h;
	struct oracle	 o;
	struct input	 in;
	uint32_t	 i, seed;

	(void)state;
	for (i = 1; i <= rounds() / 10; i++) {
		seed = i;
		generate(&seed, &in);
		assert_int_equal(http_parse((uint8_t *)in.b, in.n, &h), in.n);
		oracle_ask(in.b, in.n, in.request, &o);
		seen.heads++;
		if (h.flaws & (HTTP_F_CL_DUP | HTTP_F_CL_DIFF | HTTP_F_TE_CL |
		    HTTP_F_TE_ODD) && let(D5))
			continue;
		assert_true(o.done);
		seen.agreed += agree(&h, &o, &in);
	}
}

static void
mutated_heads_are_read_alike(void **state)
{
	struct input	 in;
	uint32_t	 i, seed;

	(void)state;
	for (i = 1; i <= rounds(); i++) {
		seed = i;
		generate(&seed, &in);
		mutate(&seed, &in, 0);
		compare(&in);
	}
}

static void
bodies_end_alike(void **state)
{
	struct input	 in;
	uint32_t	 i, seed;
	uint64_t	 n;

	(void)state;
	for (i = 1; i <= rounds() / 4; i++) {
		seed = i;
		generate_message(&seed, &in);
		n = seen.bodies;
		compare_bodies(&in);
		if (seen.bodies != n + 1)
			complain("a whole body does not end", &in);
		mutate(&seed, &in, in.head);
		compare_bodies(&in);
	}
}

/* Runs last: how much of the above was looked at. */
static void
most_is_compared_and_each_difference_is_met(void **state)
{
	static const char *const why[] = {
#define D(name, why)	#name " " why,
		DIFFS(D)
#undef D
	};
	unsigned	 i;

	(void)state;
	print_message("heads %ju agreed %ju refused %ju waiting %ju bodies "
	    "%ju broken %ju\n", (uintmax_t)seen.heads, (uintmax_t)seen.agreed,
	    (uintmax_t)seen.refused, (uintmax_t)seen.waiting,
	    (uintmax_t)seen.bodies, (uintmax_t)seen.broken);
	for (i = 0; i < DIFF_MAX; i++)
		print_message("%8ju %s\n", (uintmax_t)seen.diff[i], why[i]);
	assert_true(seen.heads >= rounds());
	assert_true(seen.agreed >= seen.heads * 3 / 10);
	assert_true(seen.bodies >= rounds() / 4);
	assert_true(seen.refused > 0 && seen.waiting > 0 && seen.broken > 0);
	for (i = 0; i < DIFF_MAX; i++)
		if (seen.diff[i] == 0)
			fail_msg("never met: %s", why[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generated_heads_are_read_alike),
		cmocka_unit_test(mutated_heads_are_read_alike),
		cmocka_unit_test(bodies_end_alike),
		cmocka_unit_test(most_is_compared_and_each_difference_is_met)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
