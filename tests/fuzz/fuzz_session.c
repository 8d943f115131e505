/*
 * Sessions: any series of data, gaps and ends on two directions. Each request
 * and each response is reported once, each late response is resolved once,
 * and all memory is given back.
 *
 * Input: records of a control byte, a length byte and that many bytes. Bit 0
 * is the direction; bits 1 to 3 say data (0 to 4), gap, acknowledgement, end.
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
};

static uint64_t
on_request(void *arg, const struct session_request *r)
{
	struct count	*c = arg;

	if (r->host_len > HTTP_HOST_MAX || r->section_len > HTTP_SECTION_MAX)
		abort();
	return ++c->requests;
}

static void
on_response(void *arg, const struct session_response *r)
{
	struct count	*c = arg;

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
	if (tx->token == 0 && tx->number == 0)
		abort();
	if ((tx->pair == SESSION_PAIRED) != (tx->token && tx->number))
		abort();
}

static void
on_hello(void *arg, const struct session_hello *h)
{
	(void)arg;
	if (h->name_len > HTTP_HOST_MAX)
		abort();
}

static void
on_mark(void *arg, unsigned dir, uint64_t off, enum session_mark m,
    uint64_t id)
{
	(void)arg;
	(void)off;
	(void)m;
	(void)id;
	if (dir > 1)
		abort();
}

static void
play(struct session *s, const uint8_t *p, size_t len)
{
	uint64_t	 off[2] = { 0, 0 }, ts = 1000000;
	uint8_t		*copy;
	unsigned	 dir, what;
	size_t		 n;

	while (len >= 2) {
		dir = p[0] & 1;
		what = p[0] >> 1 & 7;
		ts += (uint64_t)(p[0] >> 4) * 4000;
		n = p[1];
		p += 2;
		len -= 2;
		if (n > len)
			n = len;
		if (what == 5) {
			session_gap(s, dir, off[dir], n, ts);
			off[dir] += n;
		} else if (what == 6)
			session_acked(s, dir, off[!dir]);
		else if (what == 7)
			session_eof(s, dir, (enum session_how)(n % 4), ts);
		else if ((copy = malloc(n + 1)) != NULL) {
			memcpy(copy, p, n);
			session_data(s, dir, off[dir], copy, n, ts);
			off[dir] += n;
			free(copy);
			p += n;
			len -= n;
		}
	}
	session_eof(s, 0, SESSION_END, ts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static const struct session_ops	 ops = {
		.request = on_request, .response = on_response,
		.resolved = on_resolved, .transaction = on_transaction,
		.hello = on_hello, .mark = on_mark
	};
	struct session_conf		 conf;
	struct count			 c;
	struct mem			 mem;
	struct session			*s;

	if (len < 1)
		return 0;
	memset(&conf, 0, sizeof(conf));
	memset(&c, 0, sizeof(c));
	memset(&mem, 0, sizeof(mem));
	conf.ops = &ops;
	conf.head_max = p[0] & 1 ? 2048 : 0;
	conf.queue_max = p[0] & 2 ? 4 : 0;
	conf.keep_strings = (p[0] & 4) != 0;
	conf.marks = true;
	conf.depth = 2;
	mem.limit = p[0] & 8 ? 6000 : 1000000;
	s = session_new(&conf, &c, &mem, p[0] >> 4);
	if (s == NULL)
		return 0;
	play(s, p + 1, len - 1);
	if (c.tx_req != c.requests || c.tx_resp != c.responses ||
	    c.late != c.resolved)
		abort();
	session_free(s);
	if (mem.used != 0)
		abort();
	return 0;
}
