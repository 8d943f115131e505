#include <string.h>

#include "analyzer/tls.h"

#define RECORD_MAX	(16384 + 2048)
#define HELLO_CLIENT	1
#define HELLO_SERVER	2
#define CERTIFICATE	11
#define CERT_AT		10	/* message header, two lengths */

enum extension {
	X_SERVER_NAME = 0, X_ALPN = 16, X_TICKET = 35, X_PSK = 41,
	X_VERSIONS = 43, X_ECH = 0xfe0d
};

/* A reader whose reads past the end stick. */
struct in {
	const uint8_t	*p;
	size_t		 len;
	bool		 bad;
};

static const uint8_t *
take(struct in *in, size_t n)
{
	const uint8_t	*p = in->p;

	if (n > in->len) {
		in->bad = true;
		in->p += in->len;
		in->len = 0;
		return NULL;
	}
	in->p += n;
	in->len -= n;
	return p;
}

static unsigned
number(struct in *in, size_t n)
{
	const uint8_t	*p;
	unsigned	 v = 0;

	if ((p = take(in, n)) == NULL)
		return 0;
	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

/* A vector with a length of n bytes; what is there when that lies. */
static struct in
vector(struct in *in, size_t n)
{
	struct in	 v;
	size_t		 len;

	len = number(in, n);
	v.bad = len > in->len;
	if (v.bad) {
		in->bad = true;
		len = in->len;
	}
	v.len = len;
	v.p = in->p;
	in->p += len;
	in->len -= len;
	return v;
}

static bool
is_header(const uint8_t *p)
{
	unsigned	 len = (unsigned)(p[3] << 8 | p[4]);

	return p[0] >= TLS_CHANGE_CIPHER && p[0] <= TLS_HEARTBEAT &&
	    p[1] == 3 && p[2] <= 4 && len > 0 && len <= RECORD_MAX;
}

/* The start of a hello in the first record; it may be cut anywhere. */
static enum tls_guess
guess_hello(const uint8_t *p, size_t len)
{
	unsigned	 record = (unsigned)(p[3] << 8 | p[4]);
	size_t		 n;

	if (len < 6)
		return TLS_MAYBE;
	if (p[5] != HELLO_CLIENT && p[5] != HELLO_SERVER)
		return TLS_OTHER;
	n = record < 6 ? record : 6;
	if (len < 5 + n)
		return TLS_MAYBE;
	if ((n > 1 && p[6] != 0) || (n > 4 && p[9] != 3) ||
	    (n > 5 && p[10] > 4))
		return TLS_OTHER;
	return p[5] == HELLO_CLIENT ? TLS_CLIENT : TLS_SERVER;
}

enum tls_guess
tls_guess(const uint8_t *p, size_t len)
{
	uint8_t	 h[5] = { TLS_CHANGE_CIPHER, 3, 0, 0, 1 };

	memcpy(h, p, len < 5 ? len : 5);
	if (!is_header(h))
		return TLS_NO;
	if (len < 5)
		return TLS_MAYBE;
	return p[0] == TLS_HANDSHAKE ? guess_hello(p, len) : TLS_OTHER;
}

static void
on_name(struct tls_hello *h, struct in x)
{
	struct in	 list, name;
	unsigned	 type;

	if (x.len == 0)
		return;			/* the server's acknowledgement */
	list = vector(&x, 2);
	while (list.len > 0) {
		type = number(&list, 1);
		name = vector(&list, 2);
		if (type != 0 || h->name.p != NULL)
			continue;
		h->name.p = name.p;
		h->name.len = name.len;
		h->bad = h->bad || name.bad;
	}
}

static void
on_alpn(struct tls_hello *h, struct in x)
{
	struct in	 list, one;

	list = vector(&x, 2);
	while (list.len > 0) {
		one = vector(&list, 1);
		if (h->nalpn == TLS_ALPN_MAX || one.len == 0)
			continue;
		h->alpn[h->nalpn].p = one.p;
		h->alpn[h->nalpn++].len = one.len;
	}
}

static void
on_client_versions(struct tls_hello *h, struct in x)
{
	struct in	 list;
	unsigned	 v;

	list = vector(&x, 1);
	while (list.len >= 2) {
		v = number(&list, 2);
		if (v >> 8 == 3 && v > h->version)
			h->version = (uint16_t)v;
	}
}

static void
client_extension(struct tls_hello *h, unsigned type, struct in x)
{
	switch (type) {
	case X_SERVER_NAME:
		on_name(h, x);
		break;
	case X_ALPN:
		on_alpn(h, x);
		break;
	case X_VERSIONS:
		on_client_versions(h, x);
		break;
	case X_TICKET:
		h->ticket = h->ticket || x.len > 0;
		h->resumes = h->resumes || h->ticket;
		break;
	case X_PSK:
		h->resumes = true;
		break;
	case X_ECH:
		h->ech = x.len > 0 && x.p[0] == 0;
		break;
	}
}

static void
server_extension(struct tls_hello *h, unsigned type, struct in x)
{
	if (type == X_VERSIONS && x.len >= 2)
		h->version = (uint16_t)number(&x, 2);
	else if (type == X_ALPN)
		on_alpn(h, x);
	else if (type == X_PSK)
		h->resumes = true;
}

static void
extensions(struct tls_hello *h, struct in *in,
    void (*on)(struct tls_hello *, unsigned, struct in))
{
	struct in	 all, x;
	unsigned	 type;

	if (in->len == 0)
		return;
	all = vector(in, 2);
	while (all.len > 0) {
		type = number(&all, 2);
		x = vector(&all, 2);
		if (!all.bad || x.len > 0)
			on(h, type, x);
	}
	h->bad = h->bad || all.bad || in->bad;
}

/* Message header, version and random of either hello; -1: it is none. */
static int
open_hello(struct in *in, const uint8_t *p, size_t len, uint8_t type,
    struct tls_hello *h, const uint8_t **random)
{
	memset(h, 0, sizeof(*h));
	in->p = p;
	in->len = len;
	in->bad = false;
	if (number(in, 1) != type)
		return -1;
	*in = vector(in, 3);
	h->bad = in->bad;
	in->bad = false;
	h->version = (uint16_t)number(in, 2);
	if (h->version >> 8 != 3 || (*random = take(in, 32)) == NULL)
		return -1;
	return 0;
}

static bool
session(struct tls_hello *h, const struct in *id)
{
	h->session.p = id->p;
	h->session.len = id->len;
	return id->len <= TLS_SESSION_MAX;
}

int
tls_client_hello(const uint8_t *p, size_t len, struct tls_hello *h)
{
	struct in	 in, id;
	const uint8_t	*random;
	bool		 old;

	if (open_hello(&in, p, len, HELLO_CLIENT, h, &random) == -1)
		return -1;
	id = vector(&in, 1);
	if (!session(h, &id))
		return -1;
	(void)vector(&in, 2);
	(void)vector(&in, 1);
	if (in.bad)
		h->bad = true;
	extensions(h, &in, client_extension);
	old = h->version < 0x0304;
	h->resumes = h->resumes || (old && id.len > 0);
	return 0;
}

int
tls_server_hello(const uint8_t *p, size_t len, struct tls_hello *h)
{
	/* RFC 8446, 4.1.3: SHA-256 of "HelloRetryRequest" */
	static const uint8_t	 retry[32] = {
		0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d,
		0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16,
		0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8,
		0x33, 0x9c
	};
	struct in		 in, id;
	const uint8_t		*random;

	if (open_hello(&in, p, len, HELLO_SERVER, h, &random) == -1)
		return -1;
	h->retry = memcmp(random, retry, sizeof(retry)) == 0;
	id = vector(&in, 1);
	if (!session(h, &id))
		return -1;
	(void)number(&in, 2);		/* the cipher suite, */
	(void)number(&in, 1);		/* the compression */
	if (in.bad)
		return -1;
	extensions(h, &in, server_extension);
	return 0;
}

size_t
tls_certificate(const uint8_t *p, size_t len, struct tls_span *cert)
{
	struct in	 in = { p, len, false };
	size_t		 message, list, n;

	if (len > 0 && number(&in, 1) != CERTIFICATE)
		return 0;
	if (len < CERT_AT)
		return CERT_AT;
	message = number(&in, 3);
	list = number(&in, 3);
	n = number(&in, 3);
	if (n == 0 || n + 3 > list || list + 3 > message ||
	    CERT_AT + n > TLS_HELLO_MAX)
		return 0;
	cert->p = p + CERT_AT;
	cert->len = n;
	return CERT_AT + n;
}

size_t
tls_name(const struct tls_hello *h, uint8_t *out, size_t max)
{
	const uint8_t	*p = h->name.p;
	size_t		 i, n = h->name.len;

	if (n > 1 && p[n - 1] == '.')
		n--;
	if (n > max)
		n = max;
	for (i = 0; i < n; i++)
		out[i] = p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i];
	return n;
}

size_t
tls_alpns(const struct tls_hello *h, uint8_t *out, size_t max)
{
	const struct tls_span	*a = h->alpn;
	size_t			 n = 0;

	for (; a < h->alpn + h->nalpn; a++) {
		if (a->len + 1 > max - n)
			continue;
		if (n > 0)
			out[n++] = ',';
		memcpy(out + n, a->p, a->len);
		n += a->len;
	}
	return n;
}

#define A(number, text)	number,
static const uint8_t alerts[TLS_ALERT_OTHER] = { TLS_ALERTS(A) };
#undef A

enum tls_alert_at
tls_alert_at(unsigned number)
{
	unsigned	 i;

	for (i = 0; i < TLS_ALERT_OTHER; i++)
		if (alerts[i] == number)
			break;
	return (enum tls_alert_at)i;
}

int
tls_records(struct tls_reader *r, const uint8_t *p, size_t len,
    size_t *used, struct tls_piece *piece)
{
	size_t	 n = 0;

	*used = 0;
	if (r->have < sizeof(r->head)) {
		n = sizeof(r->head) - r->have;
		if (n > len)
			n = len;
		memcpy(r->head + r->have, p, n);
		r->have += (uint8_t)n;
		*used = n;
		if (r->have < sizeof(r->head))
			return 0;
		if (!is_header(r->head))
			return -1;
		r->left = (uint16_t)(r->head[3] << 8 | r->head[4]);
	}
	if (n == len)
		return 0;
	piece->type = r->head[0];
	piece->first = r->left == (r->head[3] << 8 | r->head[4]);
	piece->p = p + n;
	piece->len = len - n < r->left ? len - n : r->left;
	r->left -= (uint16_t)piece->len;
	*used = n + piece->len;
	if (r->left == 0)
		r->have = 0;
	return 1;
}
