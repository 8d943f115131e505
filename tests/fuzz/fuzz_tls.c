/* TLS: both hellos, certificates, and record walking at any cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/cert.h"
#include "analyzer/tls.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Bytes of content, or -1 for no TLS. */
static long
content(const uint8_t *p, size_t len, size_t step)
{
	struct tls_reader	 r = { 0 };
	struct tls_piece	 t;
	size_t			 i, n, used;
	long			 all = 0;
	int			 a;

	for (i = 0; i < len; i += n) {
		n = len - i < step ? len - i : step;
		while (n > 0) {
			a = tls_records(&r, p + i, n, &used, &t);
			if (a == -1)
				return -1;
			if (used > n || (used == 0 && a == 0))
				abort();
			if (a == 1)
				all += (long)t.len;
			i += used;
			n -= used;
		}
	}
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static const char	 name[] = "www.example";
	struct tls_hello h;
	struct tls_span	 cert;
	struct cert	 read;
	uint8_t		*copy;
	size_t		 want;
	unsigned	 i;

	if (len == 0 || (copy = malloc(len)) == NULL)
		return 0;
	memcpy(copy, p, len);
	(void)tls_guess(copy, len);
	if (tls_client_hello(copy, len, &h) == 0) {
		if (h.nalpn > TLS_ALPN_MAX || h.name.len > len)
			abort();
		for (i = 0; i < h.nalpn; i++)
			if (h.alpn[i].p + h.alpn[i].len > copy + len)
				abort();
	}
	(void)tls_server_hello(copy, len, &h);
	want = tls_certificate(copy, len, &cert);
	if (want > 0 && want <= len) {
		if (cert.p != copy + want - cert.len)
			abort();
		(void)cert_read(&read, cert.p, cert.len,
		    (const uint8_t *)name, sizeof(name) - 1);
	}
	if (content(copy, len, SIZE_MAX) != content(copy, len, 1))
		abort();
	free(copy);
	return 0;
}
