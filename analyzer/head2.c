#include <string.h>

#include "analyzer/head2.h"
#include "analyzer/octet.h"
#include "sandbox/compat.h"

#define PATH_MAX_KEPT	8192

static void	set_method(struct http_head *, const struct hpack_field *);
static void	set_path(struct http_head *, const struct hpack_field *);
static void	set_host(struct http_head *, const struct hpack_field *);
static void	set_status(struct http_head *, const struct hpack_field *);
static void	set_lines(struct http_head *, const struct hpack_field *);
static void	set_coding(struct http_head *, const struct hpack_field *);

/* Fields that matter, by name; set NULL: as in HTTP/1. */
struct field {
	const char	*name;
	uint16_t	 len;
	uint16_t	 most;		/* bytes of the value */
	void		(*set)(struct http_head *, const struct hpack_field *);
};

#define F(n, most, set)	{ n, sizeof(n) - 1, most, set }

static const struct field fields[] = {
	F(":path", PATH_MAX_KEPT, set_path),
	F(":method", HTTP_METHOD_MAX, set_method),
	F(":status", 16, set_status),
	F(":authority", HTTP_HOST_MAX, set_host),
	F("host", HTTP_HOST_MAX, set_host),
	F("user-agent", 1024, NULL),
	F("referer", 4096, NULL),
	F("content-type", 1024, NULL),
	F("content-length", 64, NULL),
	F("forwarded", 8192, set_lines),
	F("x-forwarded-for", 8192, set_lines),
	F("transfer-encoding", 64, set_coding)
};

static const struct field *
find(const struct http_span *name)
{
	size_t	 i;

	for (i = 0; i < nitems(fields); i++)
		if (fields[i].len == name->len &&
		    memcmp(fields[i].name, name->p, name->len) == 0)
			return &fields[i];
	return NULL;
}

static size_t
wants(const struct http_span *name)
{
	const struct field	*f = find(name);

	return f == NULL ? 0 : f->most;
}

/* A pseudo field stands there once. */
static bool
first(struct http_head *h, const struct http_span *had)
{
	if (had->p != NULL)
		h->flaws |= HTTP_F_START_LINE;
	return had->p == NULL;
}

static void
set_method(struct http_head *h, const struct hpack_field *f)
{
	size_t	 i;

	if (!first(h, &h->method))
		return;
	h->method = f->value;
	h->method_id = (uint8_t)http_method_id(&f->value);
	h->is_request = true;
	for (i = 0; i < f->value.len; i++)
		if (!octet_is(f->value.p[i], OCTET_TOKEN))
			break;
	if (i == 0 || i < f->whole)
		h->flaws |= HTTP_F_START_LINE;
}

static void
set_path(struct http_head *h, const struct hpack_field *f)
{
	if (!first(h, &h->target))
		return;
	h->target = f->value;
	if (f->whole == 0 || memchr(f->value.p, ' ', f->value.len) != NULL)
		h->flaws |= HTTP_F_START_LINE;
}

/* What both fields say alike is said once. */
static void
set_host(struct http_head *h, const struct hpack_field *f)
{
	static const struct http_span	 host = {
		(const uint8_t *)"host", 4
	};

	if (h->host.p == NULL || h->host.len != f->value.len ||
	    memcmp(h->host.p, f->value.p, h->host.len) != 0)
		http_field(h, &host, f->value);
}

static void
set_status(struct http_head *h, const struct hpack_field *f)
{
	const uint8_t	*p = f->value.p;

	if (f->whole != 3 || !octet_is(p[0], OCTET_DIGIT) ||
	    !octet_is(p[1], OCTET_DIGIT) || !octet_is(p[2], OCTET_DIGIT) ||
	    h->status != 0) {
		h->flaws |= HTTP_F_START_LINE;
		return;
	}
	h->status = (uint16_t)((p[0] - '0') * 100 + (p[1] - '0') * 10 +
	    (p[2] - '0'));
	if (h->status < 100 || h->status > 599)
		h->flaws |= HTTP_F_STATUS;
}

static void
set_lines(struct http_head *h, const struct hpack_field *f)
{
	static const struct http_span	 nobody = {
		(const uint8_t *)"?", 1
	};

	http_field(h, &f->name, f->whole > f->value.len ? nobody : f->value);
}

/* There is none in HTTP/2; whoever hands it on to HTTP/1 may believe it. */
static void
set_coding(struct http_head *h, const struct hpack_field *f)
{
	(void)f;
	h->flaws |= HTTP_F_TE_ODD;
}

static uint32_t
controls(const struct http_span *v)
{
	uint32_t	 flaws = 0;
	size_t		 i;

	for (i = 0; i < v->len; i++) {
		if (v->p[i] >= 0x20 || v->p[i] == '\t')
			continue;
		flaws |= v->p[i] == '\0' ? HTTP_F_NUL :
		    v->p[i] == '\r' ? HTTP_F_BARE_CR :
		    v->p[i] == '\n' ? HTTP_F_BARE_LF : HTTP_F_CTL;
	}
	return flaws;
}

static void
field(void *arg, const struct hpack_field *x)
{
	struct http_head	*h = arg;
	const struct field	*f = find(&x->name);

	h->fields++;
	h->flaws |= controls(&x->value);
	if (f->set != NULL)
		f->set(h, x);
	else
		http_field(h, &x->name, x->value);
}

const struct hpack_ops	 head2_ops = { wants, field };

void
head2_init(struct http_head *h)
{
	memset(h, 0, sizeof(*h));
	h->minor = HTTP_TWO_0;
}

void
head2_end(struct http_head *h)
{
	if (!h->is_request)
		return;
	if (h->status != 0)
		h->flaws |= HTTP_F_START_LINE;
	if (h->host.p == NULL)
		h->flaws |= HTTP_F_HOST_NONE;
	if (h->target.p != NULL)
		return;
	/* CONNECT names only where to (RFC 9113, 8.5). */
	h->target = h->host;
	if (h->method_id != HTTP_CONNECT)
		h->flaws |= HTTP_F_START_LINE;
	if (h->method_id != HTTP_CONNECT || h->host.p == NULL)
		h->target = (struct http_span){ h->method.p, 0 };
}
