#include <stdlib.h>
#include <string.h>

#include "analyzer/named.h"
#include "sandbox/buf.h"

#define OTHER		"other"		/* of slot 0 */

struct named *
named_new(unsigned max)
{
	struct named	*n;

	if ((n = calloc(1, sizeof(*n))) == NULL)
		return NULL;
	n->max = max;
	n->n = 1;
	memcpy(n->host[0].name, OTHER, sizeof(OTHER) - 1);
	n->host[0].len = sizeof(OTHER) - 1;
	return n;
}

static struct named_host *
find(struct named *n, const uint8_t *host, size_t len)
{
	unsigned	 i;

	for (i = 1; len > 0 && i < n->n; i++)
		if (n->host[i].len == len &&
		    memcmp(n->host[i].name, host, len) == 0)
			return &n->host[i];
	return &n->host[0];
}

/* Whether a host may have a label; one that is called other may not. */
static bool
nameable(const struct named *n, const uint8_t *host, size_t len)
{
	return n->n <= n->max && n->n <= NAMED_MAX && len > 0 &&
	    len <= NAMED_LEN && (len != sizeof(OTHER) - 1 ||
	    memcmp(host, OTHER, len) != 0);
}

void
named_request(struct named *n, const uint8_t *host, size_t len,
    uint64_t asked, unsigned method)
{
	struct named_host	*h = find(n, host, len);

	if (h == &n->host[0] && asked >= NAMED_MIN &&
	    nameable(n, host, len)) {
		h = &n->host[n->n++];
		memcpy(h->name, host, len);
		h->len = (uint8_t)len;
	}
	h->requests[method < METER_METHODS ? method : METER_METHODS - 1]++;
	h->dirty = true;
}

void
named_response(struct named *n, const uint8_t *host, size_t len,
    unsigned status)
{
	struct named_host	*h = find(n, host, len);
	unsigned		 class = status / 100;

	h->responses[class >= 2 && class <= 5 ? class - 2 :
	    NAMED_CLASSES - 1]++;
	h->dirty = true;
}

void
named_reset(struct named *n)
{
	unsigned	 i;

	for (i = 0; i < n->n; i++) {
		memset(n->host[i].requests, 0, sizeof(n->host[i].requests));
		memset(n->host[i].responses, 0, sizeof(n->host[i].responses));
		n->host[i].dirty = true;
	}
}

const char *
named_class(unsigned i)
{
	static const char *const names[NAMED_CLASSES] = { "2xx", "3xx", "4xx",
	    "5xx", OTHER };

	return names[i];
}

size_t
named_pack(struct named_host *h, uint8_t *p, size_t size)
{
	struct buf	 b;
	unsigned	 i;

	buf_writer(&b, p, size);
	buf_put_u8(&b, h->len);
	buf_put(&b, h->name, h->len);
	for (i = 0; i < METER_METHODS; i++)
		buf_put_u64(&b, h->requests[i]);
	for (i = 0; i < NAMED_CLASSES; i++)
		buf_put_u64(&b, h->responses[i]);
	h->dirty = false;
	return b.err ? 0 : b.len;
}

int
named_unpack(struct named *n, unsigned slot, const uint8_t *p, size_t len)
{
	struct named_host	 h;
	struct buf		 b;
	unsigned		 i;

	memset(&h, 0, sizeof(h));
	buf_reader(&b, p, len);
	h.len = buf_get_u8(&b);
	buf_get(&b, h.name, h.len);
	for (i = 0; i < METER_METHODS; i++)
		h.requests[i] = buf_get_u64(&b);
	for (i = 0; i < NAMED_CLASSES; i++)
		h.responses[i] = buf_get_u64(&b);
	if (buf_end(&b) == -1 || slot > NAMED_MAX)
		return -1;
	n->host[slot] = h;
	if (slot >= n->n)
		n->n = slot + 1;
	return 0;
}
