/*
 * Heads: parsing in one piece, finding the end in several, and the guess
 * about the first bytes must agree; host and section keep their bounds. Who
 * asks, as proxies say it, and what may stand before a head.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/forwarded.h"
#include "analyzer/http.h"
#include "analyzer/prefix.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_names(const struct http_head *h)
{
	uint8_t		 host[HTTP_HOST_MAX], section[HTTP_SECTION_MAX];
	unsigned	 depth;
	size_t		 n;

	if (http_host(h, host) > sizeof(host))
		abort();
	if (!h->is_request)
		return;
	for (depth = 0; depth <= HTTP_DEPTH_MAX; depth++) {
		n = http_section(h, depth, section);
		if (n == 0 || n > sizeof(section))
			abort();
	}
}

static void
check_asker(const struct http_head *h)
{
	static struct conf	 c;
	struct addr		 a;

	if (c.nproxies == 0) {
		c.proxies[0].bits = 8;
		if (addr_parse("10.0.0.0", &c.proxies[0].addr) == -1)
			abort();
		c.nproxies = 1;
	}
	(void)forwarded_client(&c, h, &a);
}

static void
check_prefix(const uint8_t *p, size_t len)
{
	struct endpoint	 e;
	size_t		 n = prefix_len(p, len);

	if (n != PREFIX_MORE && n > len)
		abort();
	if (n > 0 && n != PREFIX_MORE)
		(void)prefix_source(p, n, &e);
}

static size_t
end_by(const uint8_t *p, size_t len, size_t step)
{
	uint8_t	 state = 0;
	size_t	 i, n, end;

	for (i = 0; i < len; i += n) {
		n = len - i < step ? len - i : step;
		if ((end = http_end(&state, p + i, n)) > 0)
			return i + end;
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct http_head h;
	enum http_guess	 g;
	uint8_t		*copy;
	ssize_t		 r;
	size_t		 end;

	if ((copy = malloc(len + 1)) == NULL)
		return 0;
	if (len > 0)
		memcpy(copy, p, len);
	r = http_parse(copy, len, &h);
	g = http_guess(copy, len);
	end = end_by(copy, len, SIZE_MAX);
	if (end != end_by(copy, len, 1) || end != end_by(copy, len, 3))
		abort();
	if (r > 0 && ((size_t)r != end || g == HTTP_NO || g == HTTP_MAYBE))
		abort();
	if (r == 0 && end != 0)
		abort();
	if (r > 0) {
		check_names(&h);
		check_asker(&h);
	}
	if (len > 0)
		check_prefix(copy, len);
	free(copy);
	return 0;
}
