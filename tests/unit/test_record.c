#include <stdlib.h>
#include <string.h>

#include "mirror/record.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

#define T0	1700000000000000ull

static const char v1[] =
    "2d2d62656e62656e732d2d0a7400002a36fe9c9717011b000000000000003139322e302e"
    "322e313a34303030302e2e2e3139322e302e322e323a38300a474554202f20485454502f"
    "312e310d0a486f73743a20610d0a0d0a";
static const char v2[] =
    "2d2d62656e62656e732d2d0a7400002a36fe9c97170119000000000000003139322e302e"
    "322e313a34303030302e2e2e3139322e302e322e323a38300a474554202f20485454502f"
    "312e310d0a486f73743a20610d0a"
    "2d2d62656e62656e732d2d0a7401002a36fe9c97170115000000000000003139322e302e"
    "322e313a34303030302e2e2e3139322e302e322e323a38300a7472616365706172656e74"
    "3a2030302d310d0a0d0a";
static const char v3[] =
    "2d2d62656e62656e732d2d0a7400002a36fe9c9717012f000000000000003139322e302e"
    "322e313a34303030302e2e2e3139322e302e322e323a38300a474554202f20485454502f"
    "312e310d0a486f73743a20610d0a0a7472616365706172656e743a2030302d310d0a0d0a";
static const char v3_text[] =
    "GET / HTTP/1.1\r\nHost: a\r\ntraceparent: 00-1\r\n\r\n";

static size_t
unhex(const char *s, uint8_t *out)
{
	char	 two[3] = { 0 };
	size_t	 i;

	for (i = 0; s[2 * i] != '\0'; i++) {
		memcpy(two, s + 2 * i, 2);
		out[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return i;
}

static void
ends(struct endpoint *from, struct endpoint *to)
{
	assert_int_equal(endpoint_parse("192.0.2.1:40000", from), 0);
	assert_int_equal(endpoint_parse("192.0.2.2:80", to), 0);
}

static void
way_of_ends(struct record_way *w)
{
	struct endpoint	 from, to;

	ends(&from, &to);
	record_way(w, &from, &to);
}

/* The records of a stream piece; step is added to the time of each in ns. */
static size_t
write_all(uint8_t *out, const void *data, size_t n, uint64_t step)
{
	const uint8_t	*p = data;
	struct record_way	 way;
	size_t		 at, len, i, k;

	way_of_ends(&way);
	at = 0;
	for (k = 0; n > 0; k++) {
		len = record_cut(p, n);
		i = record_put_gogetway(out + at, T0, &way, len);
		out[at + 13] = (uint8_t)(out[at + 13] + step * k);
		memcpy(out + at + i, p, len);
		at += i + len;
		p += len;
		n -= len;
	}
	return at;
}

/* What a reader makes of a file, as one stream; counts records. */
static size_t
read_all(const uint8_t *p, size_t n, uint8_t *out, int *records)
{
	static uint8_t	 scratch[RECORD_READ_MAX];
	struct record	 r;
	ssize_t		 got;
	size_t		 at;

	at = 0;
	*records = 0;
	while (n > 0) {
		got = record_get(RECORD_F_GOGETWAY, p, n, true, &r, scratch);
		assert_true(got > 0);
		memcpy(out + at, r.body, r.len);
		at += r.len;
		++*records;
		p += got;
		n -= (size_t)got;
	}
	return at;
}

/* Upstream's writer and reader, as PEERS.md 2.1 tells them. */
static size_t
upstream_expand(const uint8_t *p, size_t n, uint8_t *out)
{
	size_t	 i, at;

	at = 0;
	for (i = 0; i < n; i++) {
		out[at++] = p[i];
		if (n >= 2 && p[i] == '\n' && i + 1 < n && p[i + 1] == 't')
			out[at++] = '\n';
	}
	return at;
}

static size_t
upstream_read(const uint8_t *p, size_t n, uint8_t *out)
{
	const uint8_t	*next, *nl;
	size_t		 at, len, i;
	uint64_t	 want;

	at = 0;
	while (n > 0) {
		assert_memory_equal(p, "--benbens--\nt", 13);
		next = memmem(p + 13, n - 13, "--benbens--\nt", 13);
		len = next == NULL ? n : (size_t)(next - p);
		assert_true(len <= 65536);
		nl = memchr(p + 30, '\n', len - 30);
		assert_non_null(nl);
		for (i = 0, want = 0; i < 8; i++)
			want |= (uint64_t)p[22 + i] << (8 * i);
		assert_int_equal(want, p + len - nl - 1);
		memcpy(out + at, nl + 1, want);
		at += want;
		p += len;
		n -= len;
	}
	return at;
}

static void
vector_one_and_two_are_written_byte_for_byte(void **state)
{
	static const char	 req[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	uint8_t			 want[256], got[512];
	size_t			 n;

	(void)state;
	n = unhex(v1, want);
	assert_int_equal(n, 88);
	assert_int_equal(write_all(got, req, sizeof(req) - 1, 0), n);
	assert_memory_equal(got, want, n);
	n = unhex(v2, want);
	assert_int_equal(n, 168);
	assert_int_equal(write_all(got, v3_text, sizeof(v3_text) - 1, 1), n);
	assert_memory_equal(got, want, n);
}

static void
vectors_are_read_back_to_the_original(void **state)
{
	static const char	*v[] = { v1, v2, v3 };
	static const int	 records[] = { 1, 2, 1 };
	uint8_t			 in[256], out[256];
	size_t			 i, n, len;
	int			 k;

	(void)state;
	for (i = 0; i < nitems(v); i++) {
		n = unhex(v[i], in);
		len = read_all(guard_copy(in, n), n, out, &k);
		assert_int_equal(k, records[i]);
		if (i > 0) {
			assert_int_equal(len, sizeof(v3_text) - 1);
			assert_memory_equal(out, v3_text, len);
		}
	}
}

static void
reader_knows_time_type_and_addresses(void **state)
{
	static uint8_t	 scratch[RECORD_READ_MAX];
	struct record	 r;
	uint8_t		 in[256];
	size_t		 n;

	(void)state;
	n = unhex(v1, in);
	assert_int_equal(record_get(RECORD_F_GOGETWAY, in, n, true, &r,
	    scratch), n);
	assert_int_equal(r.ts_ns, T0 * 1000);
	assert_int_equal(r.type, 1);
	assert_string_equal(r.from, "192.0.2.1:40000");
	assert_string_equal(r.to, "192.0.2.2:80");
	assert_int_equal(r.len, 27);
}

static void
reader_waits_at_every_cut(void **state)
{
	static uint8_t	 scratch[RECORD_READ_MAX];
	struct record	 r;
	uint8_t		 in[256];
	size_t		 n, cut;

	(void)state;
	n = unhex(v1, in);
	for (cut = 0; cut < n; cut++) {
		assert_int_equal(record_get(RECORD_F_GOGETWAY,
		    guard_copy(in, cut), cut, false, &r, scratch), 0);
		assert_int_equal(record_get(RECORD_F_GOGETWAY,
		    guard_copy(in, cut), cut, true, &r, scratch), 0);
	}
}

static void
random_payloads_survive_both_readers(void **state)
{
	static const char	 alphabet[] = "t\n\n\rt--benbens--\ntaX:.";
	static uint8_t		 in[512], file[65536], out[65536];
	size_t			 i, j, n, len, at;
	int			 k;

	(void)state;
	srandom(7);
	for (i = 0; i < 60000; i++) {
		n = (size_t)random() % sizeof(in) + 1;
		for (j = 0; j < n;) {
			if (random() % 32 == 0 && n - j >= 13) {
				memcpy(in + j, "--benbens--\nt", 13);
				j += 13;
			} else
				in[j++] = (uint8_t)(random() % 4 == 0 ?
				    random() : alphabet[(size_t)random() %
				    (sizeof(alphabet) - 1)]);
		}
		at = write_all(file, in, n, 0);
		len = read_all(file, at, out, &k);
		assert_int_equal(len, n);
		assert_memory_equal(out, in, n);
		len = upstream_read(file, at, out);
		assert_int_equal(len, n);
		assert_memory_equal(out, in, n);
	}
}

static void
what_upstream_expanded_is_repaired(void **state)
{
	static uint8_t	 in[256], body[512], file[1024], out[1024];
	struct record_way	 way;
	size_t		 i, j, n, len, at;
	int		 k;

	(void)state;
	way_of_ends(&way);
	srandom(8);
	for (i = 0; i < 60000; i++) {
		n = (size_t)random() % sizeof(in) + 1;
		for (j = 0; j < n; j++)
			in[j] = (uint8_t)"\nt\nta"[random() % 5];
		len = upstream_expand(in, n, body);
		at = record_put_gogetway(file, T0, &way, len);
		memcpy(file + at, body, len);
		len = read_all(file, at + len, out, &k);
		assert_int_equal(len, n);
		assert_memory_equal(out, in, n);
	}
}

static void
a_body_that_upstream_did_not_expand_is_taken_raw(void **state)
{
	static const char	 body[] = "a\ntb\n\ntc";
	static uint8_t		 file[256], out[256];
	struct record_way	 way;
	size_t			 at, len;
	int			 k;

	(void)state;
	way_of_ends(&way);
	at = record_put_gogetway(file, T0, &way, sizeof(body) - 1);
	memcpy(file + at, body, sizeof(body) - 1);
	len = read_all(file, at + sizeof(body) - 1, out, &k);
	assert_int_equal(len, sizeof(body) - 1);
	assert_memory_equal(out, body, len);
}

static void
a_long_piece_is_cut_at_the_cap_and_stays_whole(void **state)
{
	static uint8_t	 in[3 * RECORD_BODY_MAX + 1];
	static uint8_t	 file[4 * RECORD_BODY_MAX], out[sizeof(file)];
	size_t		 at, len;
	int		 k;

	(void)state;
	memset(in, 'x', sizeof(in));
	at = write_all(file, in, RECORD_BODY_MAX, 0);
	read_all(file, at, out, &k);
	assert_int_equal(k, 1);
	at = write_all(file, in, RECORD_BODY_MAX + 1, 0);
	read_all(file, at, out, &k);
	assert_int_equal(k, 2);
	at = write_all(file, in, sizeof(in), 0);
	len = read_all(file, at, out, &k);
	assert_int_equal(k, 4);
	assert_int_equal(len, sizeof(in));
	assert_int_equal(upstream_read(file, at, out), sizeof(in));
}

static void
junk_is_skipped_to_the_next_record(void **state)
{
	static uint8_t	 scratch[RECORD_READ_MAX];
	static uint8_t	 file[1024];
	struct record	 r;
	size_t		 n, skip;

	(void)state;
	memcpy(file, "rubbish --benbens--", 19);
	n = 19 + unhex(v1, file + 19);
	assert_int_equal(record_get(RECORD_F_GOGETWAY, file, n, true, &r,
	    scratch), -1);
	skip = record_skip(RECORD_F_GOGETWAY, file, n);
	assert_int_equal(skip, 19);
	assert_true(record_get(RECORD_F_GOGETWAY, file + skip, n - skip,
	    true, &r, scratch) > 0);
	/* A record that lies about its length. */
	file[19 + 22] = 26;
	assert_int_equal(record_get(RECORD_F_GOGETWAY, file + 19, n - 19,
	    true, &r, scratch), -1);
}

static void
lengths_and_addresses_are_bounded(void **state)
{
	static uint8_t	 scratch[RECORD_READ_MAX];
	uint8_t		 file[512];
	struct record	 r;

	(void)state;
	memset(file, 'a', sizeof(file));
	unhex(v1, file);
	memset(file + 22, 0, 8);
	file[24] = 0x10;		/* 1 MiB: more to come */
	assert_int_equal(record_get(RECORD_F_GOGETWAY, file, 512, false, &r,
	    scratch), 0);
	file[22] = 1;			/* one more */
	assert_int_equal(record_get(RECORD_F_GOGETWAY, file, 512, false, &r,
	    scratch), -1);
	unhex(v1, file);
	memset(file + 30, 'a', sizeof(file) - 30);
	assert_int_equal(record_get(RECORD_F_GOGETWAY, file, 512, false, &r,
	    scratch), -1);
	file[40] = '\n';		/* no dots */
	assert_int_equal(record_get(RECORD_F_GOGETWAY, file, 512, true, &r,
	    scratch), -1);
}

static void
the_good_end_of_a_torn_file_is_behind_its_last_whole_record(void **state)
{
	static uint8_t	 file[8192];
	size_t		 n, one, cut, want;
	int		 i;

	(void)state;
	one = unhex(v1, file);
	for (i = 1, n = one; i < 50; i++, n += one)
		memcpy(file + n, file, one);
	for (cut = 1; cut <= n; cut++) {
		want = cut / one * one;
		assert_int_equal(record_good(RECORD_F_GOGETWAY,
		    guard_copy(file, cut), cut, true), want);
		/* Without the start: the first byte of the window is lost. */
		if (cut > 2 * one)
			assert_int_equal(1 + record_good(RECORD_F_GOGETWAY,
			    guard_copy(file + 1, cut - 1), cut - 1, false),
			    want);
	}
	assert_int_equal(record_good(RECORD_F_GOGETWAY,
	    (const uint8_t *)"a log of others\n", 16, true), 16);
	assert_int_equal(record_good(RECORD_F_RAW, file, 77, true), 77);
}

static size_t
put_gor(uint8_t *out, enum record_type type, const char *id,
    const char *body)
{
	size_t	 n;

	n = record_put_gor(out, type, id, T0, 5);
	memcpy(out + n, body, strlen(body));
	n += strlen(body);
	memcpy(out + n, RECORD_GOR_END, RECORD_GOR_END_LEN);
	return n + RECORD_GOR_END_LEN;
}

static void
gor_records_are_read_back(void **state)
{
	static const char *body[] = { "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	    "", "x", "a\nb\n\n", "\n" };
	struct endpoint	 from, to;
	struct record	 r;
	uint8_t		 file[1024];
	char		 id[RECORD_GOR_ID + 1], again[RECORD_GOR_ID + 1];
	size_t		 i, n, cut;

	(void)state;
	ends(&from, &to);
	record_gor_id(id, &from, &to, 9, 3);
	record_gor_id(again, &from, &to, 9, 3);
	assert_string_equal(id, again);
	assert_int_equal(strlen(id), 24);
	assert_memory_equal(id, "9c400050c0000201", 16);
	for (i = 0; i < nitems(body); i++) {
		n = put_gor(file, RECORD_RESPONSE, id, body[i]);
		for (cut = 0; cut < n; cut++)
			assert_int_equal(record_get(RECORD_F_GOR,
			    guard_copy(file, cut), cut, true, &r, NULL), 0);
		assert_int_equal(record_get(RECORD_F_GOR,
		    guard_copy(file, n), n, true, &r, NULL), n);
		assert_int_equal(r.type, 2);
		assert_int_equal(r.ts_ns, T0 * 1000);
		assert_int_equal(r.latency_ns, 5000);
		assert_string_equal(r.id, id);
		assert_int_equal(r.len, strlen(body[i]));
		assert_memory_equal(r.body, body[i], r.len);
		assert_int_equal(record_detect(file, n), RECORD_F_GOR);
		assert_int_equal(record_good(RECORD_F_GOR, file, n, true), n);
		assert_int_equal(record_good(RECORD_F_GOR, file, n - 1,
		    true), 0);
	}
}

static void
gor_takes_three_fields_and_long_ids(void **state)
{
	static const char in[] = "1 0123456789abcdef0123456789abcdef01234567 "
	    "1700000000000000000\nGET / HTTP/1.0\r\n\r\n" RECORD_GOR_END;
	static const char two[] = "1 abc\nGET" RECORD_GOR_END;
	struct record	 r;
	size_t		 n = sizeof(in) - 1;

	(void)state;
	assert_int_equal(record_get(RECORD_F_GOR, guard_copy(in, n), n, true,
	    &r, NULL), n);
	assert_int_equal(strlen(r.id), 40);
	n = sizeof(two) - 1;
	assert_int_equal(record_get(RECORD_F_GOR, guard_copy(two, n), n,
	    true, &r, NULL), -1);
	assert_int_equal(record_skip(RECORD_F_GOR, (const uint8_t *)two, n),
	    n);
}

static void
a_message_with_the_separator_line_does_not_fit_gor(void **state)
{
	static const char	 in[] = "a" RECORD_GOR_END "b";
	size_t			 n = sizeof(in) - 1;

	(void)state;
	assert_false(record_gor_fits((const uint8_t *)in, n));
	assert_false(record_gor_fits((const uint8_t *)in, n - 2));
	assert_true(record_gor_fits((const uint8_t *)in, n - 3));
	assert_true(record_gor_fits((const uint8_t *)in, 0));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(vector_one_and_two_are_written_byte_for_byte),
		cmocka_unit_test(vectors_are_read_back_to_the_original),
		cmocka_unit_test(reader_knows_time_type_and_addresses),
		cmocka_unit_test(reader_waits_at_every_cut),
		cmocka_unit_test(random_payloads_survive_both_readers),
		cmocka_unit_test(what_upstream_expanded_is_repaired),
		cmocka_unit_test(
		    a_body_that_upstream_did_not_expand_is_taken_raw),
		cmocka_unit_test(
		    a_long_piece_is_cut_at_the_cap_and_stays_whole),
		cmocka_unit_test(junk_is_skipped_to_the_next_record),
		cmocka_unit_test(lengths_and_addresses_are_bounded),
		cmocka_unit_test(
		the_good_end_of_a_torn_file_is_behind_its_last_whole_record),
		cmocka_unit_test(gor_records_are_read_back),
		cmocka_unit_test(gor_takes_three_fields_and_long_ids),
		cmocka_unit_test(
		    a_message_with_the_separator_line_does_not_fit_gor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
