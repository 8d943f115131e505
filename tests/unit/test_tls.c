#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/tls.h"
#include "sandbox/compat.h"
#include "tests/lib/guard.h"

/* A writer of nested vectors: open returns where the length goes. */
struct out {
	uint8_t	 b[1024];
	size_t	 n;
};

static void
put(struct out *o, const void *p, size_t n)
{
	memcpy(o->b + o->n, p, n);
	o->n += n;
}

static void
put_u(struct out *o, unsigned v, size_t n)
{
	while (n-- > 0)
		o->b[o->n++] = (uint8_t)(v >> n * 8);
}

static void
close_vec(struct out *o, size_t at, size_t n)
{
	size_t	 end = o->n, len = end - at - n;

	o->n = at;
	put_u(o, (unsigned)len, n);
	o->n = end;
}

static void
extension(struct out *o, unsigned type, const void *p, size_t n)
{
	put_u(o, type, 2);
	put_u(o, (unsigned)n, 2);
	put(o, p, n);
}

static void
hello(struct out *o, uint8_t type, unsigned version, size_t id_len)
{
	memset(o, 0, sizeof(*o));
	put_u(o, type, 1);
	o->n += 3;
	put_u(o, version, 2);
	o->n += 32;
	put_u(o, (unsigned)id_len, 1);
	o->n += id_len;
}

static size_t
client(struct out *o, unsigned version, size_t id_len)
{
	hello(o, 1, version, id_len);
	put(o, "\x00\x02\x13\x01\x01\x00", 6);
	o->n += 2;
	return o->n - 2;
}

static void
finish(struct out *o, size_t ext)
{
	close_vec(o, ext, 2);
	close_vec(o, 1, 3);
}

static int
read_client(const struct out *o, struct tls_hello *h)
{
	return tls_client_hello(guard_copy(o->b, o->n), o->n, h);
}

static void
modern(struct out *o)
{
	size_t	 x = client(o, 0x0303, 32);

	extension(o, 0, "\x00\x10\x00\x00\x0dwww.a.example", 18);
	extension(o, 16, "\x00\x0c\x02h2\x08http/1.1", 14);
	extension(o, 43, "\x06\x0a\x0a\x03\x04\x03\x03", 7);
	extension(o, 0xfe0d, "\x00\x01\x02", 3);
	extension(o, 42, "", 0);
	extension(o, 41, "\x00\x00", 2);
	finish(o, x);
}

static void
client_hello_is_read(void **state)
{
	struct tls_hello h;
	struct out	 o;

	(void)state;
	modern(&o);
	assert_int_equal(read_client(&o, &h), 0);
	assert_int_equal(h.name.len, 13);
	assert_memory_equal(h.name.p, "www.a.example", 13);
	assert_int_equal(h.nalpn, 2);
	assert_memory_equal(h.alpn[1].p, "http/1.1", 8);
	assert_int_equal(h.version, 0x0304);
	assert_true(h.ech && h.resumes);
	assert_false(h.bad);
}

static void
old_hello_without_extensions_is_read(void **state)
{
	struct tls_hello h;
	struct out	 o;
	size_t		 x;

	(void)state;
	x = client(&o, 0x0301, 0);
	o.n = x;
	close_vec(&o, 1, 3);
	assert_int_equal(read_client(&o, &h), 0);
	assert_null(h.name.p);
	assert_int_equal(h.version, 0x0301);
	assert_false(h.resumes || h.ech || h.bad);
	client(&o, 0x0303, 32);
	finish(&o, o.n - 2);
	assert_int_equal(read_client(&o, &h), 0);
	assert_true(h.resumes);
}

static void
lying_lengths_are_marked(void **state)
{
	struct tls_hello h;
	struct out	 o;
	size_t		 n;

	(void)state;
	modern(&o);
	for (n = 0; n < o.n; n++) {
		if (tls_client_hello(guard_copy(o.b, n), n, &h) == 0)
			assert_true(h.bad);
	}
}

static void
server_hello_is_read(void **state)
{
	static const uint8_t	 retry[4] = { 0xcf, 0x21, 0xad, 0x74 };
	struct tls_hello	 h;
	struct out		 o;
	size_t			 x;

	(void)state;
	hello(&o, 2, 0x0303, 32);
	put(&o, "\x13\x01\x00", 3);
	x = o.n;
	o.n += 2;
	extension(&o, 43, "\x03\x04", 2);
	finish(&o, x);
	assert_int_equal(tls_server_hello(guard_copy(o.b, o.n), o.n, &h), 0);
	assert_int_equal(h.version, 0x0304);
	assert_false(h.retry);
	memcpy(o.b + 6, retry, 4);
	assert_int_equal(tls_server_hello(o.b, o.n, &h), 0);
	assert_false(h.retry);
	assert_int_equal(tls_client_hello(o.b, o.n, &h), -1);
}

static void
first_bytes_are_judged(void **state)
{
	static const struct {
		const char	*p;
		size_t		 len;
		enum tls_guess	 g;
	} c[] = {
		{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11,
		    TLS_CLIENT },
		{ "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03", 11,
		    TLS_SERVER },
		{ "\x16\x03\x01\x00\x01\x01\x16", 7, TLS_CLIENT },
		{ "\x17\x03\x03\x00\x20", 5, TLS_OTHER },
		{ "\x15\x03\x03\x00\x02\x01\x00", 7, TLS_OTHER },
		{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x04\x03", 11,
		    TLS_OTHER },
		{ "\x16", 1, TLS_MAYBE }, { "\x16\x03", 2, TLS_MAYBE },
		{ "\x16\x03\x01\x02\x00", 5, TLS_MAYBE },
		{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03", 10, TLS_MAYBE },
		{ "\x16\x04\x01\x02\x00", 5, TLS_NO },
		{ "\x16\x03\x01\x00\x00", 5, TLS_NO },
		{ "\x16\x03\x01\xff\xff", 5, TLS_NO },
		{ "GET / HTTP/1.1", 14, TLS_NO }, { "\x80\x2e\x01", 3, TLS_NO }
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(c); i++)
		assert_int_equal(tls_guess(guard_copy(c[i].p, c[i].len),
		    c[i].len), c[i].g);
}

static void
records_are_walked_at_every_cut(void **state)
{
	static const char	 in[] = "\x16\x03\x01\x00\x03" "abc"
	    "\x14\x03\x03\x00\x01" "\x01" "\x17\x03\x03\x00\x02" "xy";
	struct tls_reader	 r;
	struct tls_piece	 t;
	size_t			 cut, used, n, end, all = sizeof(in) - 1;
	char			 got[16];
	size_t			 have;
	int			 firsts;

	(void)state;
	for (cut = 1; cut <= all; cut++) {
		memset(&r, 0, sizeof(r));
		for (n = 0, have = 0, firsts = 0; n < all; ) {
			end = n < cut ? cut : all;
			if (tls_records(&r, guard_copy(in + n, end - n),
			    end - n, &used, &t) == 1) {
				memcpy(got + have, t.p, t.len);
				have += t.len;
				firsts += t.first;
			}
			n += used;
		}
		assert_int_equal(have, 6);
		assert_memory_equal(got, "abc\x01xy", 6);
		assert_int_equal(firsts, 3);
	}
	memset(&r, 0, sizeof(r));
	assert_int_equal(tls_records(&r, (const uint8_t *)"GET / HTTP", 10,
	    &used, &t), -1);
}

static void
rare_extensions_are_read_or_ignored(void **state)
{
	static const char	 names[] = "\x00\x0d\x01\x00\x01z\x00\x00\x01"
				    "a\x00\x00\x02" "bb";
	static const char	 alpn[] = "\x00\x16\x00\x01" "a\x01" "b\x01"
				    "c\x01" "d\x01" "e\x01" "f\x01" "g\x01"
				    "h\x01" "i\x01" "j\x00";
	struct tls_hello	 h;
	struct out		 o;
	size_t			 x, i;

	(void)state;
	x = client(&o, 0x0303, 0);
	extension(&o, 0, "", 0);
	extension(&o, 0, names, sizeof(names) - 1);
	extension(&o, 35, "tick", 4);
	extension(&o, 42, "", 0);
	extension(&o, 43, "\x05\x7f\x12\x03\x04\x03", 6);
	extension(&o, 0xfe0d, "\x01", 1);
	extension(&o, 16, alpn, sizeof(alpn) - 1);
	finish(&o, x);
	assert_int_equal(read_client(&o, &h), 0);
	assert_int_equal(h.name.len, 1);
	assert_memory_equal(h.name.p, "a", 1);
	assert_true(h.resumes && !h.ech);
	assert_int_equal(h.version, 0x0304);
	assert_true(h.nalpn <= TLS_ALPN_MAX && h.nalpn > 0);
	for (i = 0; i < h.nalpn; i++)
		assert_int_equal(h.alpn[i].p[0], 'a' + (int)i);
	client(&o, 0x0303, 33);
	close_vec(&o, 1, 3);
	assert_int_equal(read_client(&o, &h), -1);
}

static void
rare_server_hellos_are_read_or_refused(void **state)
{
	struct tls_hello h;
	struct out	 o;
	size_t		 x, n;

	(void)state;
	hello(&o, 2, 0x0303, 0);
	put(&o, "\x13\x01\x00", 3);
	x = o.n;
	o.n += 2;
	extension(&o, 43, "\x03\x04", 2);
	extension(&o, 43, "\x03", 1);
	extension(&o, 16, "\x00\x03\x02h2", 5);
	extension(&o, 41, "\x00\x00", 2);
	extension(&o, 51, "\x00\x1d", 2);
	finish(&o, x);
	assert_int_equal(tls_server_hello(guard_copy(o.b, o.n), o.n, &h), 0);
	assert_int_equal(h.version, 0x0304);
	assert_int_equal(h.nalpn, 1);
	assert_true(h.resumes);
	for (n = 0; n < x; n++)
		assert_int_equal(tls_server_hello(guard_copy(o.b, n), n, &h),
		    -1);
	assert_int_equal(tls_client_hello(guard_copy(o.b, o.n), o.n, &h), -1);
	hello(&o, 2, 0x0303, 33);
	put(&o, "\x13\x01\x00", 3);
	close_vec(&o, 1, 3);
	assert_int_equal(tls_server_hello(guard_copy(o.b, o.n), o.n, &h), -1);
	hello(&o, 2, 0x0403, 0);
	close_vec(&o, 1, 3);
	assert_int_equal(tls_server_hello(guard_copy(o.b, o.n), o.n, &h), -1);
}

static void
each_byte_of_a_header_is_judged(void **state)
{
	static const uint8_t	 good[11] = { 22, 3, 1, 0, 80, 1, 0, 0, 76, 3,
				    3 };
	static const struct {
		size_t		 at;
		uint8_t		 value;
	}			 bad[] = {
		{ 0, 19 }, { 0, 25 }, { 1, 2 }, { 2, 5 }, { 3, 0x50 },
		{ 6, 1 }, { 9, 2 }, { 10, 5 },
	};
	uint8_t			 b[11];
	size_t			 i, n;

	(void)state;
	for (n = 11; n >= 5; n--)
		assert_int_not_equal(tls_guess(guard_copy(good, n), n),
		    TLS_NO);
	for (i = 0; i < nitems(bad); i++) {
		memcpy(b, good, sizeof(b));
		b[bad[i].at] = bad[i].value;
		assert_int_not_equal(tls_guess(guard_copy(b, 11), 11),
		    TLS_CLIENT);
	}
	memcpy(b, good, sizeof(b));
	b[5] = 14;
	assert_int_not_equal(tls_guess(b, 11), TLS_CLIENT);
	b[3] = b[4] = 0;
	assert_int_equal(tls_guess(b, 11), TLS_NO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_hello_is_read),
		cmocka_unit_test(old_hello_without_extensions_is_read),
		cmocka_unit_test(lying_lengths_are_marked),
		cmocka_unit_test(server_hello_is_read),
		cmocka_unit_test(first_bytes_are_judged),
		cmocka_unit_test(records_are_walked_at_every_cut),
		cmocka_unit_test(rare_extensions_are_read_or_ignored),
		cmocka_unit_test(rare_server_hellos_are_read_or_refused),
		cmocka_unit_test(each_byte_of_a_header_is_judged)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
