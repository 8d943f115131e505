#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "ui/goreplay.h"

static void
put_hex(uint8_t *to, const void *from, size_t n)
{
	static const char	 hex[] = "0123456789abcdef";
	const uint8_t		*p = from;
	size_t			 i;

	for (i = 0; i < n; i++) {
		to[2 * i] = (uint8_t)hex[p[i] >> 4];
		to[2 * i + 1] = (uint8_t)hex[p[i] & 15];
	}
}

int
goreplay_put(struct bytes *out, const struct hookmsg_chunk *c)
{
	char	 meta[96];
	uint8_t	*line;
	size_t	 n, len;
	int	 r;

	n = (size_t)snprintf(meta, sizeof(meta), "%d %024" PRIx64 " %" PRIu64
	    " 0\n", c->dir == 2 ? 2 : 1, c->seq, c->ts_ns);
	len = 2 * (n + c->len) + 1;
	if ((line = malloc(len)) == NULL)
		return -1;
	put_hex(line, meta, n);
	put_hex(line + 2 * n, c->data, c->len);
	line[len - 1] = '\n';
	r = bytes_add(out, line, len);
	free(line);
	return r;
}

/* Half of the n bytes, decoded in place; -1 when they are no hex. */
static int
decode(uint8_t *p, size_t n)
{
	size_t	 i;

	if (n == 0 || n % 2 != 0)
		return -1;
	for (i = 0; i < n; i += 2) {
		if (compat_hex(p[i]) == -1 || compat_hex(p[i + 1]) == -1)
			return -1;
		p[i / 2] = (uint8_t)(compat_hex(p[i]) << 4 |
		    compat_hex(p[i + 1]));
	}
	return 0;
}

/* One line, without its newline. */
static int
take_line(uint8_t *p, size_t n, const struct asked_list *asked)
{
	struct asked	*a;
	uint8_t		*nl;
	uint64_t	 seq;
	unsigned	 type;
	char		 meta[96];

	if (n > 0 && p[n - 1] == '\r')
		n--;
	if (decode(p, n) == -1)
		return -1;
	n /= 2;
	if ((nl = memchr(p, '\n', n)) == NULL ||
	    (size_t)(nl - p) >= sizeof(meta))
		return -1;
	memcpy(meta, p, (size_t)(nl - p));
	meta[nl - p] = '\0';
	if (sscanf(meta, "%1u %24" SCNx64, &type, &seq) != 2 ||
	    (a = asked_find(asked, seq)) == NULL || a->answered)
		return -1;
	asked_answer(a, nl + 1, n - (size_t)(nl + 1 - p));
	return 0;
}

uint64_t
goreplay_take(struct bytes *in, const struct asked_list *asked)
{
	uint64_t	 strange = 0;
	uint8_t		*nl;
	size_t		 at, n;

	for (at = 0; (nl = memchr(in->p + at, '\n', in->len - at)) != NULL;
	    at += n + 1) {
		n = (size_t)(nl - in->p) - at;
		strange += take_line(in->p + at, n, asked) == -1;
	}
	bytes_cut(in, at);
	return strange;
}
