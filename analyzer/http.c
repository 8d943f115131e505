#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "analyzer/http.h"
#include "analyzer/octet.h"
#include "sandbox/compat.h"

struct cursor {
	const uint8_t	*p;
	const uint8_t	*end;
	bool		 crlf;		/* a line ended so */
};

static inline bool
blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* name is in lower case. */
static bool
same(const uint8_t *p, const char *name, size_t len)
{
	size_t	 i;

	for (i = 0; i < len; i++)
		if (octet_lower(p[i]) != (uint8_t)name[i])
			return false;
	return true;
}

/*
 * The same of a token, at least four bytes long, by words: setting bit 5
 * lowers its letters and leaves '-' and digits alone.
 */
static bool
same_token(const uint8_t *p, const char *name, size_t len)
{
	const uint64_t	 low = 0x2020202020202020;
	uint64_t	 x, y;
	uint32_t	 a, b;

	for (; len > 8; p += 8, name += 8, len -= 8) {
		memcpy(&x, p, 8);
		memcpy(&y, name, 8);
		if ((x | low) != y)
			return false;
		if (len < 16) {		/* the last eight, some once more */
			p -= 16 - len;
			name -= 16 - len;
			len = 16;
		}
	}
	if (len == 8) {
		memcpy(&x, p, 8);
		memcpy(&y, name, 8);
		return (x | low) == y;
	}
	memcpy(&a, p, 4);
	memcpy(&b, name, 4);
	if ((a | (uint32_t)low) != b)
		return false;
	memcpy(&a, p + len - 4, 4);
	memcpy(&b, name + len - 4, 4);
	return (a | (uint32_t)low) == b;
}

/* The first control character but TAB, or NULL. */
static inline const uint8_t *
find_ctl(const uint8_t *p, const uint8_t *end)
{
#ifdef __SSE2__
	const __m128i	 limit = _mm_set1_epi8(0x1f);
	const __m128i	 tab = _mm_set1_epi8('\t');
	__m128i		 v, hit;
	int		 mask;

	for (; end - p >= 16; p += 16) {
		v = _mm_loadu_si128((const __m128i *)(const void *)p);
		hit = _mm_cmpeq_epi8(_mm_min_epu8(v, limit), v);
		hit = _mm_andnot_si128(_mm_cmpeq_epi8(v, tab), hit);
		if ((mask = _mm_movemask_epi8(hit)) != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	for (; p < end; p++)
		if (*p < 0x20 && *p != '\t')
			return p;
	return NULL;
}

/* One line without its end. False: its end is not here. */
static inline bool
next_line(struct cursor *c, struct http_span *line, uint32_t *flaws)
{
	const uint8_t	*q;

	line->p = c->p;
	for (q = c->p; (q = find_ctl(q, c->end)) != NULL; q++) {
		if (*q == '\r') {
			if (q + 1 == c->end)
				return false;
			if (q[1] == '\n') {
				line->len = (size_t)(q - line->p);
				c->p = q + 2;
				c->crlf = true;
				return true;
			}
			*flaws |= HTTP_F_BARE_CR;
		} else if (*q == '\n') {
			*flaws |= HTTP_F_BARE_LF;
			line->len = (size_t)(q - line->p);
			c->p = q + 1;
			return true;
		} else
			*flaws |= *q == '\0' ? HTTP_F_NUL : HTTP_F_CTL;
	}
	return false;
}

/* Empty lines before a start line. */
static const uint8_t *
skip_empty(const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		if (*p == '\n')
			p++;
		else if (*p == '\r' && p + 1 < end && p[1] == '\n')
			p += 2;
		else
			break;
	}
	return p;
}

static const struct {
	const char	*name;
	uint8_t		 len;
} methods[HTTP_METHOD_OTHER] = {
	[HTTP_GET] = { "GET", 3 }, [HTTP_HEAD] = { "HEAD", 4 },
	[HTTP_POST] = { "POST", 4 }, [HTTP_PUT] = { "PUT", 3 },
	[HTTP_DELETE] = { "DELETE", 6 }, [HTTP_CONNECT] = { "CONNECT", 7 },
	[HTTP_OPTIONS] = { "OPTIONS", 7 }, [HTTP_TRACE] = { "TRACE", 5 },
	[HTTP_PATCH] = { "PATCH", 5 }
};

static enum http_method
method_id(const uint8_t *p, size_t len)
{
	unsigned	 i;

	for (i = 0; i < HTTP_METHOD_OTHER; i++)
		if (methods[i].len == len &&
		    memcmp(methods[i].name, p, len) == 0)
			break;
	return (enum http_method)i;
}

/* "HTTP/1.x"; whoever says another version means 1.0 (RFC 9110, 2.5). */
static bool
version(const uint8_t *p, struct http_head *h)
{
	if (memcmp(p, "HTTP/", 5) != 0 || !octet_is(p[5], OCTET_DIGIT) ||
	    p[6] != '.' || !octet_is(p[7], OCTET_DIGIT))
		return false;
	if (p[5] == '1')
		h->minor = p[7] - '0';
	else
		h->flaws |= HTTP_F_START_LINE;
	return true;
}

/* Clients take more blanks than one for an answer too. */
static bool
status_line(const struct http_span *line, struct http_head *h)
{
	const uint8_t	*p = line->p, *end = p + line->len;

	if (line->len < 12 || !version(p, h) || p[8] != ' ')
		return false;
	for (p += 9; p < end && *p == ' '; p++)
		h->flaws |= HTTP_F_START_LINE;
	if (end - p < 3 || !octet_is(p[0], OCTET_DIGIT) ||
	    !octet_is(p[1], OCTET_DIGIT) || !octet_is(p[2], OCTET_DIGIT) ||
	    (end - p > 3 && p[3] != ' '))
		return false;
	h->status = (uint16_t)((p[0] - '0') * 100 + (p[1] - '0') * 10 +
	    (p[2] - '0'));
	if (h->status < 100 || h->status > 599)
		h->flaws |= HTTP_F_STATUS;
	return true;
}

/* Targets that an unknown method may have; known ones may have any. */
static bool
plain_target(const uint8_t *p, size_t len)
{
	size_t	 i;

	if (len > 0 && (*p == '/' || *p == '*'))
		return true;
	for (i = 0; i < len && (octet_is(p[i], OCTET_ALPHA | OCTET_DIGIT) ||
	    p[i] == '+' || p[i] == '-' || p[i] == '.'); i++)
		;
	return i > 0 && len - i >= 3 && memcmp(p + i, "://", 3) == 0;
}

/* The length of a token that is followed by something that is none. */
static inline size_t
token_run(const uint8_t *p)
{
	size_t	 n = 0;

	while (octet_is(p[n], OCTET_TOKEN) && octet_is(p[n + 1], OCTET_TOKEN))
		n += 2;
	return n + octet_is(p[n], OCTET_TOKEN);
}

static size_t
token_len(const uint8_t *p, const uint8_t *end, size_t max)
{
	size_t	 n;

	for (n = 0; n < max && p + n < end && octet_is(p[n], OCTET_TOKEN); n++)
		;
	return n;
}

static bool
request_line(const struct http_span *line, struct http_head *h)
{
	const uint8_t	*p = line->p, *end = p + line->len;
	size_t		 n;

	n = token_len(p, end, HTTP_METHOD_MAX + 1);
	if (n == 0 || n > HTTP_METHOD_MAX || p + n == end || !blank(p[n]))
		return false;
	h->method.p = p;
	h->method.len = n;
	h->method_id = (uint8_t)method_id(p, n);
	p += n;
	if (p[0] == '\t' || (p + 1 < end && blank(p[1])))
		h->flaws |= HTTP_F_START_LINE;
	while (p < end && blank(*p))
		p++;
	if (end > p && (blank(end[-1]) || end[-1] == '\r'))
		h->flaws |= HTTP_F_START_LINE;
	while (end > p && (blank(end[-1]) || end[-1] == '\r'))
		end--;
	if (end - p < 8 || !version(end - 8, h) ||
	    (h->method.len == 3 && memcmp(h->method.p, "PRI", 3) == 0))
		return false;
	end -= 8;
	if (end > p && !blank(end[-1]))
		return false;
	if (end == p || end[-1] == '\t' || (end - p > 1 && blank(end[-2])))
		h->flaws |= HTTP_F_START_LINE;
	while (end > p && blank(end[-1]))
		end--;
	h->target.p = p;
	h->target.len = (size_t)(end - p);
	if (memchr(p, ' ', h->target.len) != NULL ||
	    memchr(p, '\t', h->target.len) != NULL)
		h->flaws |= HTTP_F_START_LINE;
	h->is_request = true;
	return h->method_id != HTTP_METHOD_OTHER ||
	    plain_target(p, h->target.len);
}

/* The parts of a comma list, trimmed. False at its end. */
static bool
next_part(struct http_span *list, struct http_span *part)
{
	const uint8_t	*comma;
	size_t		 n;

	if (list->len == 0)
		return false;
	comma = memchr(list->p, ',', list->len);
	n = comma == NULL ? list->len : (size_t)(comma - list->p);
	part->p = list->p;
	part->len = n;
	n += comma != NULL;
	list->p += n;
	list->len -= n;
	while (part->len > 0 && blank(part->p[0])) {
		part->p++;
		part->len--;
	}
	while (part->len > 0 && blank(part->p[part->len - 1]))
		part->len--;
	return true;
}

/* A number alone that fits easily, as it nearly always is. */
static bool
plain_number(const struct http_span *v, uint64_t *n)
{
	size_t	 i;

	*n = 0;
	for (i = 0; i < v->len && i < 18 && octet_is(v->p[i], OCTET_DIGIT); i++)
		*n = *n * 10 + (v->p[i] - '0');
	return i > 0 && i == v->len;
}

static void
set_length(struct http_head *h, struct http_span v)
{
	struct http_span part;
	uint64_t	 n;
	size_t		 i;
	uint8_t		 last = v.len > 0 ? v.p[v.len - 1] : 0;
	bool		 any = false;

	if (!h->has_length && plain_number(&v, &n)) {
		h->content_length = n;
		h->has_length = true;
		return;
	}
	while (next_part(&v, &part)) {
		any = true;
		for (n = 0, i = 0; i < part.len &&
		    octet_is(part.p[i], OCTET_DIGIT) &&
		    n < UINT64_C(900000000000000000); i++)
			n = n * 10 + (part.p[i] - '0');
		if (i == 0 || i < part.len) {
			h->flaws |= HTTP_F_CL_BAD;
			continue;
		}
		if (h->has_length)
			h->flaws |= n == h->content_length ?
			    HTTP_F_CL_DUP : HTTP_F_CL_DIFF;
		else
			h->content_length = n;
		h->has_length = true;
	}
	if (!any || last == ',')
		h->flaws |= HTTP_F_CL_BAD;
}

static void
set_coding(struct http_head *h, struct http_span v)
{
	static const char *const known[] = {
		"gzip", "x-gzip", "deflate", "compress", "x-compress"
	};
	struct http_span part;
	size_t		 i;

	if (h->has_coding || v.len == 0 || v.p[v.len - 1] == ',')
		h->flaws |= HTTP_F_TE_ODD;
	while (next_part(&v, &part)) {
		if (part.len == 8 && same(part.p, "identity", 8))
			continue;
		if (h->chunked)
			h->flaws |= HTTP_F_TE_ODD;
		h->has_coding = true;
		if (part.len == 7 && same(part.p, "chunked", 7)) {
			h->chunked = true;
			continue;
		}
		for (i = 0; i < nitems(known); i++)
			if (part.len == strlen(known[i]) &&
			    same(part.p, known[i], part.len))
				break;
		if (i == nitems(known))
			h->flaws |= HTTP_F_TE_ODD;
	}
}

static void
set_connection(struct http_head *h, struct http_span v)
{
	struct http_span part;

	while (next_part(&v, &part)) {
		if (part.len == 5 && same(part.p, "close", 5))
			h->connection |= HTTP_CN_CLOSE;
		else if (part.len == 10 && same(part.p, "keep-alive", 10))
			h->connection |= HTTP_CN_KEEP;
		else if (part.len == 7 && same(part.p, "upgrade", 7))
			h->connection |= HTTP_CN_UPGRADE;
	}
}

static void
set_host(struct http_head *h, struct http_span v)
{
	size_t	 i;

	if (h->host.p != NULL) {
		h->flaws |= HTTP_F_HOST_DUP;
		return;
	}
	h->host = v;
	for (i = 0; i + 1 < v.len; i += 2)
		if (!octet_is(v.p[i], OCTET_HOST) ||
		    !octet_is(v.p[i + 1], OCTET_HOST))
			break;
	if (i + 1 < v.len || (i < v.len && !octet_is(v.p[i], OCTET_HOST)) ||
	    v.len > HTTP_NAME_MAX)
		h->flaws |= HTTP_F_HOST_BAD;
}

static void
set_expect(struct http_head *h, struct http_span v)
{
	if (v.len == 12 && same(v.p, "100-continue", 12))
		h->expect_100 = true;
}

static void
add_line(struct http_lines *l, struct http_span v)
{
	if (l->n == HTTP_LINES)
		memmove(l->v, l->v + 1, --l->n * sizeof(l->v[0]));
	l->v[l->n++] = v;
}

static void
set_forwarded(struct http_head *h, struct http_span v)
{
	add_line(&h->forwarded, v);
}

static void
set_forwarded_for(struct http_head *h, struct http_span v)
{
	add_line(&h->x_forwarded_for, v);
}

/* Fields that matter, by length of the name; a setter or a span to fill. */
struct field {
	const char	*name;
	size_t		 len;
	void		(*set)(struct http_head *, struct http_span);
	size_t		 span;
};

#define SET(n, f)	{ n, sizeof(n) - 1, f, 0 }
#define KEEP(n, m)	{ n, sizeof(n) - 1, NULL,			\
			    offsetof(struct http_head, m) }

static const struct field fields[] = {
	SET("host", set_host),
	SET("expect", set_expect),
	KEEP("referer", referer),
	KEEP("upgrade", upgrade),
	SET("forwarded", set_forwarded),
	KEEP("user-agent", user_agent),
	SET("connection", set_connection),
	KEEP("content-type", content_type),
	SET("content-length", set_length),
	SET("x-forwarded-for", set_forwarded_for),
	SET("proxy-connection", set_connection),
	SET("transfer-encoding", set_coding),
	{ NULL, SIZE_MAX, NULL, 0 }
};

#define NAME_MAX_KNOWN	17

/* Index of the first field whose name has that length. */
static const uint8_t	by_len[NAME_MAX_KNOWN + 2] = {
	[0] = 12, [1] = 12, [2] = 12, [3] = 12, [4] = 0, [5] = 12, [6] = 1,
	[7] = 2, [8] = 12, [9] = 4, [10] = 5, [11] = 12, [12] = 7, [13] = 12,
	[14] = 8, [15] = 9, [16] = 10, [17] = 11, [18] = 12
};

static inline const struct field *
find_field(const uint8_t *p, size_t len)
{
	const struct field	*f;

	if (len > NAME_MAX_KNOWN)
		return NULL;
	for (f = &fields[by_len[len]]; f->len == len; f++)
		if ((p[0] | 0x20) == (uint8_t)f->name[0] &&
		    same_token(p, f->name, len))
			return f;
	return NULL;
}

/* Trims a value; a folded one may hold line ends at its borders. */
static struct http_span
trim(struct http_span v)
{
	while (v.len > 0 && (blank(v.p[0]) || v.p[0] == '\r' ||
	    v.p[0] == '\n')) {
		v.p++;
		v.len--;
	}
	while (v.len > 0 && (blank(v.p[v.len - 1]) ||
	    v.p[v.len - 1] == '\r' || v.p[v.len - 1] == '\n'))
		v.len--;
	return v;
}

static inline void
apply(struct http_head *h, const struct field *f, struct http_span v)
{
	struct http_span *to;

	if (f == NULL)
		return;
	v = trim(v);
	if (f->set != NULL) {
		f->set(h, v);
		return;
	}
	to = (struct http_span *)(void *)((uint8_t *)h + f->span);
	if (to->p == NULL)
		*to = v;
}

enum http_method
http_method_id(const struct http_span *name)
{
	return method_id(name->p, name->len);
}

void
http_field(struct http_head *h, const struct http_span *name,
    struct http_span v)
{
	apply(h, find_field(name->p, name->len), v);
}

/* The name of a header line; value through *v. NULL: of no interest. */
static const struct field *
field_line(struct http_head *h, const struct http_span *line,
    struct http_span *v)
{
	const uint8_t	*p = line->p, *end = p + line->len, *colon;
	size_t		 n;

	h->fields++;
	n = token_run(p);	/* the end of the line is no token */
	if (n == line->len || p[n] != ':') {
		if ((colon = memchr(p + n, ':', line->len - n)) == NULL) {
			h->flaws |= HTTP_F_NO_COLON;
			return NULL;
		}
		h->flaws |= HTTP_F_NAME;
		v->p = colon + 1;
	} else
		v->p = p + n + 1;
	v->len = (size_t)(end - v->p);
	if (n == 0) {
		h->flaws |= HTTP_F_NAME;
		return NULL;
	}
	/* "Name :" is that name for lenient receivers; "Na me:" is none. */
	if (v->p != p + n + 1) {
		for (colon = p + n; colon < v->p - 1; colon++)
			if (!blank(*colon))
				return NULL;
	}
	return find_field(p, n);
}

bool
http_idle_line(const uint8_t *p)
{
	size_t	 n = token_run(p);

	return n > 0 && find_field(p, n) == NULL;
}

/* All lines after the start line. 1, or 0 when the end is not here. */
static int
header(struct cursor *c, struct http_head *h)
{
	const struct field	*f = NULL;
	struct http_span	 line, v = { NULL, 0 };

	for (;;) {
		if (!next_line(c, &line, &h->flaws))
			return 0;
		if (line.len > 0 && blank(line.p[0])) {
			h->flaws |= HTTP_F_OBS_FOLD;
			if (f != NULL)
				v.len = (size_t)(line.p + line.len - v.p);
			continue;
		}
		apply(h, f, v);
		if (line.len == 0)
			return 1;
		f = field_line(h, &line, &v);
	}
}

static void
judge(struct http_head *h)
{
	if (h->has_coding && h->has_length)
		h->flaws |= HTTP_F_TE_CL;
	if (h->has_coding && !h->chunked && h->is_request)
		h->flaws |= HTTP_F_TE_ODD;
	if (h->has_coding && h->minor == 0)
		h->flaws |= HTTP_F_TE_10;
	if (h->is_request && h->minor > 0 && h->host.p == NULL)
		h->flaws |= HTTP_F_HOST_NONE;
	if (h->is_request && http_two_hosts(h))
		h->flaws |= HTTP_F_HOST_DUP;
}

ssize_t
http_parse(const uint8_t *p, size_t len, struct http_head *h)
{
	struct cursor	 c;
	struct http_span line;
	bool		 ok;

	memset(h, 0, sizeof(*h));
	c.end = p + len;
	c.p = skip_empty(p, c.end);
	c.crlf = false;
	if (!next_line(&c, &line, &h->flaws))
		return 0;
	if (line.len > 5 && memcmp(line.p, "HTTP/", 5) == 0)
		ok = status_line(&line, h);
	else
		ok = request_line(&line, h);
	if (!ok)
		return -1;
	if (!header(&c, h))
		return 0;
	h->mixed_ends = c.crlf && h->flaws & HTTP_F_BARE_LF;
	judge(h);
	return c.p - p;
}

/* A status line that is only partly here. */
static enum http_guess
guess_status(const uint8_t *p, size_t len)
{
	static const char	 shape[] = "HTTP/d.d ddd";
	const uint8_t		*end = p + len;
	const char		*s;

	for (s = shape; *s != '\0' && p < end; p++, s++) {
		while (*s == 'd' && s[-1] == ' ' && p < end && *p == ' ')
			p++;
		if (p == end)
			return HTTP_MAYBE;
		if (*s == 'd' ? !octet_is(*p, OCTET_DIGIT) :
		    *p != (uint8_t)*s)
			return HTTP_NO;
	}
	if (*s != '\0' || p == end)
		return HTTP_MAYBE;
	return *p == ' ' || *p == '\r' || *p == '\n' ?
	    HTTP_RESPONSE : HTTP_NO;
}

static enum http_guess
guess_request(const uint8_t *p, size_t len)
{
	static const char	 two[] = "PRI * HTTP/2.0\r\n";
	struct http_head	 h;
	struct http_span	 line;
	const uint8_t		*nl, *end = p + len;
	size_t			 n;

	if (len >= 4 && memcmp(p, two, len < 16 ? len : 16) == 0)
		return len < 16 ? HTTP_MAYBE : HTTP_TWO;
	n = token_len(p, end, HTTP_METHOD_MAX + 1);
	if (n == 0 || n > HTTP_METHOD_MAX)
		return HTTP_NO;
	if (n == len)
		return HTTP_MAYBE;
	if (!blank(p[n]))
		return HTTP_NO;
	if ((nl = memchr(p, '\n', len)) == NULL) {
		if (n + 1 < len && method_id(p, n) == HTTP_METHOD_OTHER &&
		    p[n + 1] != '/' && p[n + 1] != '*' && !blank(p[n + 1]) &&
		    !octet_is(p[n + 1], OCTET_ALPHA))
			return HTTP_NO;
		return HTTP_MAYBE;
	}
	line.p = p;
	line.len = (size_t)(nl - p);
	if (line.len > 0 && nl[-1] == '\r')
		line.len--;
	memset(&h, 0, sizeof(h));
	return request_line(&line, &h) ? HTTP_REQUEST : HTTP_NO;
}

enum http_guess
http_guess(const uint8_t *p, size_t len)
{
	const uint8_t	*end = p + len, *start;

	start = skip_empty(p, end);
	len = (size_t)(end - start);
	if (len == 0 || (len == 1 && *start == '\r'))
		return HTTP_MAYBE;
	if (memcmp(start, "HTTP/", len < 5 ? len : 5) == 0)
		return guess_status(start, len);
	return guess_request(start, len);
}

bool
http_known_request(const uint8_t *p, size_t len)
{
	size_t	 n = token_len(p, p + len, HTTP_METHOD_MAX + 1);

	return n > 0 && n <= HTTP_METHOD_MAX && n < len &&
	    method_id(p, n) != HTTP_METHOD_OTHER &&
	    guess_request(p, len) != HTTP_NO;
}

bool
http_icap(const uint8_t *p, size_t len)
{
	static const char	 name[] = "ICAP/1.0";
	const size_t		 n = sizeof(name) - 1;
	const uint8_t		*nl;

	if (len >= 5 && memcmp(p, name, 5) == 0)
		return true;
	if ((nl = memchr(p, '\n', len)) == NULL)
		return false;
	len = (size_t)(nl - p);
	if (len > 0 && p[len - 1] == '\r')
		len--;
	return len > n && p[len - n - 1] == ' ' &&
	    memcmp(p + len - n, name, n) == 0;
}

enum end_state { E_LEAD, E_LEAD_CR, E_LINE, E_START, E_START_CR };

size_t
http_end(uint8_t *state, const uint8_t *p, size_t len)
{
	const uint8_t	*nl;
	size_t		 i;

	for (i = 0; i < len; i++) {
		if (*state == E_LINE) {
			if ((nl = memchr(p + i, '\n', len - i)) == NULL)
				return 0;
			i = (size_t)(nl - p);
			*state = E_START;
		} else if (p[i] == '\n') {
			if (*state >= E_START)
				return i + 1;
			*state = E_LEAD;
		} else if (p[i] == '\r' && *state == E_LEAD)
			*state = E_LEAD_CR;
		else if (p[i] == '\r' && *state == E_START)
			*state = E_START_CR;
		else
			*state = E_LINE;
	}
	return 0;
}

bool
http_ambiguous(const struct http_head *h)
{
	return (h->flaws & HTTP_AMBIGUOUS) != 0 || h->mixed_ends ||
	    (h->minor == HTTP_TWO_0 && h->flaws & HTTP_F_BARE_LF);
}

const char *
http_flaw_name(enum http_flaw f)
{
	static const char *const names[] = {
		"bare-lf", "bare-cr", "nul", "control-character",
		"folded-line", "line-without-colon", "bad-field-name",
		"odd-start-line", "duplicate-host", "no-host", "bad-host",
		"duplicate-length", "conflicting-length", "bad-length",
		"coding-and-length", "odd-coding", "coding-in-1.0",
		"odd-status"
	};
	unsigned	 i;

	for (i = 0; i < nitems(names); i++)
		if ((unsigned)f == 1U << i)
			return names[i];
	return "unknown";
}

/* Authority and path of a target in absolute form; false for other forms. */
bool
http_absolute(const struct http_head *h, struct http_span *auth,
    struct http_span *path)
{
	const uint8_t	*p = h->target.p, *end;
	size_t		 i;

	if (h->target.len == 0 || !octet_is(*p, OCTET_ALPHA) ||
	    h->method_id == HTTP_CONNECT || !plain_target(p, h->target.len))
		return false;
	end = p + h->target.len;
	p = (const uint8_t *)memchr(p, ':', h->target.len) + 3;
	for (i = 0; p + i < end && p[i] != '/' && p[i] != '?' &&
	    p[i] != '#'; i++)
		;
	auth->p = p;
	auth->len = i;
	path->p = p + i;
	path->len = (size_t)(end - path->p);
	return true;
}
