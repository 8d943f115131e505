/*
 * HTTP/2: frames of both directions behind a preface or an upgrade, in pieces
 * and with gaps. What is told is the same however it is cut, each request and
 * each response is reported once, and all memory is given back.
 *
 * Input: a byte of flags, then records of a control byte, a length byte and
 * that many bytes. Bit 0 of the control is the direction, bits 1 and 2 say a
 * gap when both are set.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/session.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct count {
	uint64_t	 requests;
	uint64_t	 responses;
	uint64_t	 late;
	uint64_t	 resolved;
	uint64_t	 tx_req;
	uint64_t	 tx_resp;
	uint64_t	 bytes;
	uint64_t	 hash;
};

static void
mix(struct count *c, uint64_t x)
{
	c->hash = (c->hash ^ x) * 0x100000001b3;
}

static uint64_t
on_request(void *arg, const struct session_request *r)
{
	struct count	*c = arg;
	size_t		 i;

	if (r->host_len > HTTP_HOST_MAX || r->section_len > HTTP_SECTION_MAX)
		abort();
	for (i = 0; i < r->head->target.len; i++)
		mix(c, r->head->target.p[i]);
	for (i = 0; i < r->head->method.len; i++)
		mix(c, r->head->method.p[i]);
	for (i = 0; i < r->head->x_forwarded_for.n; i++)
		mix(c, r->head->x_forwarded_for.v[i].len);
	return ++c->requests;
}

static void
on_response(void *arg, const struct session_response *r)
{
	struct count	*c = arg;

	mix(c, r->head->status);
	if (r->interim)
		return;
	c->responses++;
	c->late += r->pair == SESSION_LATE;
	if ((r->pair == SESSION_PAIRED) != (r->token != 0))
		abort();
}

static void
on_resolved(void *arg, uint64_t number, uint16_t status,
    enum session_pair pair, uint64_t token, uint64_t now)
{
	struct count	*c = arg;

	(void)status;
	(void)now;
	c->resolved++;
	if (number == 0 || (pair == SESSION_PAIRED) != (token != 0))
		abort();
}

static void
on_transaction(void *arg, const struct session_tx *tx)
{
	struct count	*c = arg;

	c->tx_req += tx->token != 0;
	c->tx_resp += tx->number != 0;
	c->bytes += tx->req_body + tx->resp_body;
	mix(c, tx->id << 20 ^ tx->status << 8 ^ tx->flags);
	mix(c, tx->req_body ^ tx->resp_body << 32);
	if (tx->token == 0 && tx->number == 0)
		abort();
	if ((tx->pair == SESSION_PAIRED) != (tx->token && tx->number))
		abort();
}

static void
on_anomaly(void *arg, enum session_anomaly a)
{
	mix(arg, a);
}

static void
give(struct session *s, unsigned dir, uint64_t off, const uint8_t *p,
    size_t n, size_t step)
{
	uint8_t	*copy;
	size_t	 at, k;

	for (at = 0; at < n; at += k) {
		k = n - at < step ? n - at : step;
		if ((copy = malloc(k)) == NULL)
			return;
		memcpy(copy, p + at, k);
		session_data(s, dir, off + at, copy, k, 1000000);
		free(copy);
	}
}

static void
play(struct session *s, const uint8_t *p, size_t len, size_t step, bool up)
{
	static const char	 preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	static const char	 asks[] = "GET / HTTP/1.1\r\nHost: a\r\n"
	    "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n";
	static const char	 may[] =
	    "HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n";
	uint64_t		 off[2] = { 0, 0 };
	unsigned		 dir;
	size_t			 n;

	if (up) {
		give(s, 0, 0, (const uint8_t *)asks, sizeof(asks) - 1, step);
		give(s, 1, 0, (const uint8_t *)may, sizeof(may) - 1, step);
		off[0] = sizeof(asks) - 1;
		off[1] = sizeof(may) - 1;
	}
	give(s, 0, off[0], (const uint8_t *)preface, sizeof(preface) - 1,
	    step);
	off[0] += sizeof(preface) - 1;
	for (; len >= 2; p += n, len -= n) {
		dir = p[0] & 1;
		n = p[1];
		if ((p[0] & 6) == 6) {
			session_gap(s, dir, off[dir], n, 1000000);
			off[dir] += n;
			n = 2;
			continue;
		}
		p += 2;
		len -= 2;
		if (n > len)
			n = len;
		give(s, dir, off[dir], p, n, step);
		off[dir] += n;
	}
	session_eof(s, 0, SESSION_END, 1000000);
}

static void
run(const uint8_t *p, size_t len, size_t step, struct count *c)
{
	static const struct session_ops	 ops = {
		.request = on_request, .response = on_response,
		.resolved = on_resolved, .transaction = on_transaction,
		.anomaly = on_anomaly
	};
	struct session_conf		 conf = { 0 };
	struct mem			 mem = { 0 };
	struct session			*s;

	memset(c, 0, sizeof(*c));
	conf.ops = &ops;
	conf.head_max = p[0] & 1 ? 2048 : 0;
	conf.queue_max = p[0] & 2 ? 4 : 0;
	conf.keep_strings = (p[0] & 4) != 0;
	conf.depth = 1;
	mem.limit = p[0] & 8 ? 4000 : 4000000;
	if ((s = session_new(&conf, c, &mem, SESSION_SYN_SEEN)) == NULL)
		return;
	play(s, p + 1, len - 1, step, (p[0] & 16) != 0);
	if (c->tx_req != c->requests || c->tx_resp != c->responses ||
	    c->late != c->resolved)
		abort();
	session_free(s);
	if (mem.used != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct count	 whole, cut;

	if (len < 1)
		return 0;
	run(p, len, SIZE_MAX, &whole);
	run(p, len, 1, &cut);
	/* What is refused depends on how much is collected. */
	if (!(p[0] & 8) && (whole.hash != cut.hash ||
	    whole.bytes != cut.bytes))
		abort();
	return 0;
}
