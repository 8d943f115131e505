#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mirror/record.h"
#include "sandbox/compat.h"
#include "sandbox/hash.h"

#define MAGIC		"--benbens--\nt"
#define MAGIC_LEN	13
#define FIXED		30	/* magic, time, type, length */

static void
put64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

static uint64_t
get64(const uint8_t *p)
{
	uint64_t	 v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* ---- writing ---- */

size_t
record_cut(const uint8_t *p, size_t n)
{
	const uint8_t	*nl, *q;
	size_t		 max;

	max = n < RECORD_BODY_MAX ? n : RECORD_BODY_MAX;
	for (q = p; (nl = memchr(q, '\n', max - (size_t)(q - p))) != NULL;
	    q = nl + 1) {
		if ((size_t)(nl + 1 - p) >= max)
			break;
		if (nl[1] == 't')
			return (size_t)(nl + 1 - p);
	}
	return max;
}

void
record_way(struct record_way *w, const struct endpoint *from,
    const struct endpoint *to)
{
	char	 a[ENDPOINT_TEXT_MAX], b[ENDPOINT_TEXT_MAX];

	memcpy(w->head, MAGIC, MAGIC_LEN);
	w->head[21] = 1;
	w->len = FIXED + (uint8_t)snprintf((char *)w->head + FIXED,
	    sizeof(w->head) - FIXED, "%s...%s\n",
	    endpoint_print(from, a, sizeof(a)),
	    endpoint_print(to, b, sizeof(b)));
}

size_t
record_put_gogetway(uint8_t out[RECORD_HEAD_MAX], uint64_t ts_us,
    const struct record_way *w, size_t len)
{
	memcpy(out, w->head, w->len);
	put64(out + 13, ts_us * 1000);
	put64(out + 22, len);
	return w->len;
}

size_t
record_put_gor(uint8_t out[RECORD_HEAD_MAX], enum record_type type,
    const char *id, uint64_t ts_us, uint64_t latency_us)
{
	return (size_t)snprintf((char *)out, RECORD_HEAD_MAX,
	    "%d %.64s %" PRIu64 " %" PRIu64 "\n", (int)type, id,
	    ts_us * 1000, latency_us * 1000);
}

void
record_gor_id(char id[RECORD_GOR_ID + 1], const struct endpoint *client,
    const struct endpoint *server, uint64_t flow, uint64_t number)
{
	static const struct hash_key	 key = { 0x676f72, 0x6964 };
	uint64_t			 in[2] = { flow, number };
	const uint8_t			*ip = client->addr.b + 12;

	snprintf(id, RECORD_GOR_ID + 1, "%04x%04x%02x%02x%02x%02x%08x",
	    (unsigned)client->port, (unsigned)server->port, ip[0], ip[1],
	    ip[2], ip[3], (unsigned)hash_bytes(&key, in, sizeof(in)));
}

bool
record_gor_fits(const uint8_t *p, size_t n)
{
	return memmem(p, n, RECORD_GOR_END, RECORD_GOR_END_LEN) == NULL &&
	    (n < RECORD_GOR_END_LEN - 1 || memcmp(p + n -
	    (RECORD_GOR_END_LEN - 1), RECORD_GOR_END,
	    RECORD_GOR_END_LEN - 1) != 0);
}

/* ---- reading ---- */

static bool
is_magic(const uint8_t *p, size_t n)
{
	return memcmp(p, MAGIC, n < MAGIC_LEN ? n : MAGIC_LEN) == 0;
}

int
record_detect(const uint8_t *p, size_t n)
{
	if (n >= MAGIC_LEN && is_magic(p, n))
		return RECORD_F_GOGETWAY;
	if (n >= 4 && p[0] >= '1' && p[0] <= '3' && p[1] == ' ')
		return RECORD_F_GOR;
	return memmem(p, n, MAGIC, MAGIC_LEN) != NULL ?
	    RECORD_F_GOGETWAY : -1;
}

/* Whether upstream's writer expanded this body: no t after a lone newline. */
static bool
is_expanded(const uint8_t *p, size_t n)
{
	bool	 any;
	size_t	 i;

	any = false;
	for (i = 1; i < n; i++) {
		if (p[i] != 't' || p[i - 1] != '\n')
			continue;
		if (i < 2 || p[i - 2] != '\n')
			return false;
		any = true;
	}
	return any;
}

/* Drops one newline before each newline+t; the new length. */
static size_t
repair(const uint8_t *p, size_t n, uint8_t *out)
{
	size_t	 i, at;

	at = 0;
	for (i = 0; i < n; i++) {
		if (p[i] == '\n' && i + 2 < n && p[i + 1] == '\n' &&
		    p[i + 2] == 't')
			continue;
		out[at++] = p[i];
	}
	return at;
}

/* "from...to" into the record; -1 when it is not that. */
static int
get_addresses(const uint8_t *p, size_t n, struct record *r)
{
	const uint8_t	*dots;
	size_t		 a, b;

	if ((dots = memmem(p, n, "...", 3)) == NULL)
		return -1;
	a = (size_t)(dots - p);
	b = n - a - 3;
	if (a >= sizeof(r->from) || b >= sizeof(r->to) ||
	    memchr(p, '\0', n) != NULL)
		return -1;
	memcpy(r->from, p, a);
	r->from[a] = '\0';
	memcpy(r->to, dots + 3, b);
	r->to[b] = '\0';
	return 0;
}

static ssize_t
get_gogetway(const uint8_t *p, size_t n, bool eof, struct record *r,
    uint8_t *scratch)
{
	const uint8_t	*nl;
	uint64_t	 len;
	size_t		 max, at;

	if (n > 0 && !is_magic(p, n))
		return -1;
	if (n < FIXED)
		return 0;
	if (p[21] < 1 || p[21] > 2 || (len = get64(p + 22)) > RECORD_READ_MAX)
		return -1;
	max = n - FIXED < RECORD_ADDR_MAX + 1 ? n - FIXED :
	    RECORD_ADDR_MAX + 1;
	if ((nl = memchr(p + FIXED, '\n', max)) == NULL)
		return max < RECORD_ADDR_MAX + 1 ? 0 : -1;
	if (get_addresses(p + FIXED, (size_t)(nl - p) - FIXED, r) == -1)
		return -1;
	at = (size_t)(nl - p) + 1;
	if (n - at < len)
		return 0;
	/* The body must end where the next record starts. */
	if (n - at - len < MAGIC_LEN && !eof)
		return 0;
	if (n - at - len > 0 && !is_magic(p + at + len, n - at - len))
		return -1;
	r->ts_ns = get64(p + 13);
	r->type = p[21];
	r->body = p + at;
	r->len = len;
	if (scratch != NULL && is_expanded(r->body, r->len)) {
		r->len = repair(r->body, r->len, scratch);
		r->body = scratch;
	}
	return (ssize_t)(at + len);
}

/* The meta line of a gor record, n bytes without its newline. */
static int
get_meta(const uint8_t *p, size_t n, struct record *r)
{
	char		 line[RECORD_HEAD_MAX], id[64];
	unsigned	 type;
	int		 got, end;

	if (n >= sizeof(line))
		return -1;
	memcpy(line, p, n);
	line[n] = '\0';
	r->latency_ns = 0;
	got = sscanf(line, "%1u %63[0-9a-fA-F] %" SCNu64 "%n %" SCNu64 "%n",
	    &type, id, &r->ts_ns, &end, &r->latency_ns, &end);
	if (got < 3 || (size_t)end != n || type < RECORD_REQUEST ||
	    type > RECORD_REPLAYED)
		return -1;
	r->type = (uint8_t)type;
	compat_strlcpy(r->id, id, sizeof(r->id));
	return 0;
}

static ssize_t
get_gor(const uint8_t *p, size_t n, struct record *r)
{
	const uint8_t	*nl, *end;
	size_t		 max;

	max = n < RECORD_HEAD_MAX ? n : RECORD_HEAD_MAX;
	if (n > 0 && (p[0] < '1' || p[0] > '3'))
		return -1;
	if ((nl = memchr(p, '\n', max)) == NULL)
		return max < RECORD_HEAD_MAX ? 0 : -1;
	if (get_meta(p, (size_t)(nl - p), r) == -1)
		return -1;
	/* An empty body leaves the separator right behind the meta line. */
	end = memmem(nl, n - (size_t)(nl - p), RECORD_GOR_END,
	    RECORD_GOR_END_LEN);
	if (end == NULL)
		return n > RECORD_GOR_MAX ? -1 : 0;
	r->from[0] = r->to[0] = '\0';
	r->body = end == nl ? nl : nl + 1;
	r->len = (size_t)(end - r->body);
	return end - p + RECORD_GOR_END_LEN;
}

ssize_t
record_get(enum record_format f, const uint8_t *p, size_t n, bool eof,
    struct record *r, uint8_t *scratch)
{
	if (n == 0)
		return 0;
	memset(r, 0, sizeof(*r));
	switch (f) {
	case RECORD_F_GOGETWAY:
		return get_gogetway(p, n, eof, r, scratch);
	case RECORD_F_GOR:
		return get_gor(p, n, r);
	default:
		r->type = RECORD_REQUEST;
		r->body = p;
		r->len = n;
		return (ssize_t)n;
	}
}

size_t
record_skip(enum record_format f, const uint8_t *p, size_t n)
{
	const uint8_t	*q;

	if (n < 2)
		return n;
	if (f == RECORD_F_GOGETWAY) {
		q = memmem(p + 1, n - 1, MAGIC, MAGIC_LEN);
		if (q != NULL)
			return (size_t)(q - p);
		return n > MAGIC_LEN ? n - MAGIC_LEN + 1 : 1;
	}
	q = memmem(p, n, RECORD_GOR_END, RECORD_GOR_END_LEN);
	if (q != NULL)
		return (size_t)(q - p) + RECORD_GOR_END_LEN;
	return n > RECORD_GOR_END_LEN ? n - RECORD_GOR_END_LEN + 1 : 1;
}

/* gor: behind the last separator. */
static size_t
good_gor(const uint8_t *p, size_t n, bool whole)
{
	const uint8_t	*q, *last;
	size_t		 left;

	last = NULL;
	for (q = p, left = n; left > 0; left = n - (size_t)(q - p)) {
		q = memmem(q, left, RECORD_GOR_END, RECORD_GOR_END_LEN);
		if (q == NULL)
			break;
		q += RECORD_GOR_END_LEN;
		last = q;
	}
	if (last != NULL)
		return (size_t)(last - p);
	return whole && record_detect(p, n) == RECORD_F_GOR ? 0 : n;
}

static size_t
good_gogetway(const uint8_t *p, size_t n, bool whole)
{
	struct record	 r;
	ssize_t		 got;
	size_t		 at;

	at = whole || is_magic(p, n) ? 0 : record_skip(RECORD_F_GOGETWAY, p, n);
	while (at < n) {
		got = get_gogetway(p + at, n - at, true, &r, NULL);
		if (got == 0)
			return at;
		if (got == -1)
			got = (ssize_t)record_skip(RECORD_F_GOGETWAY, p + at,
			    n - at);
		at += (size_t)got;
	}
	return n;
}

size_t
record_good(enum record_format f, const uint8_t *p, size_t n, bool whole)
{
	if (n == 0 || f == RECORD_F_RAW)
		return n;
	return f == RECORD_F_GOR ? good_gor(p, n, whole) :
	    good_gogetway(p, n, whole);
}
