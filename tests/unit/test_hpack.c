/*
 * HPACK against the examples of RFC 7541, appendix C, and against what
 * libnghttp2 makes of the same fields.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <nghttp2/nghttp2.h>

#include "analyzer/hpack.h"
#include "sandbox/compat.h"
#include "tests/lib/guard.h"

struct heard {
	char		 log[131072];
	size_t		 n;
	struct hpack	 h;
	struct mem	 mem;
	uint8_t		 text[65536];
};

static size_t	 most;		/* bytes of a value that are wanted */

static size_t
wants(const struct http_span *name)
{
	return name->len > 0 && name->p[0] == '-' ? 0 : most;
}

static void
on_field(void *arg, const struct hpack_field *f)
{
	struct heard	*w = arg;

	w->n += (size_t)snprintf(w->log + w->n, sizeof(w->log) - w->n,
	    "%.*s: %.*s%s\n", (int)f->name.len, (const char *)f->name.p,
	    (int)f->value.len, (const char *)f->value.p,
	    f->whole > f->value.len ? "..." : "");
	assert_true(w->n < sizeof(w->log));
}

static const struct hpack_ops	 ops = { wants, on_field };

static void
begin(struct heard *w)
{
	memset(w, 0, sizeof(*w));
	w->mem.limit = 1 << 20;
	most = 8192;
	hpack_init(&w->h);
}

static void
end(struct heard *w)
{
	assert_int_equal(w->mem.used, hpack_held(&w->h));
	hpack_clear(&w->h, &w->mem);
	assert_int_equal(w->mem.used, 0);
}

static enum hpack_answer
block(struct heard *w, const uint8_t *p, size_t n)
{
	w->n = 0;
	w->log[0] = '\0';
	return hpack_block(&w->h, &w->mem, guard_copy(p, n), n, w->text,
	    sizeof(w->text), &ops, w);
}

static size_t
unhex(const char *hex, uint8_t *out)
{
	size_t		 n = 0;
	unsigned	 x;

	for (; *hex != '\0'; hex += *hex == ' ') {
		if (*hex == ' ')
			continue;
		assert_int_equal(sscanf(hex, "%2x", &x), 1);
		out[n++] = (uint8_t)x;
		hex += 2;
	}
	return n;
}

static enum hpack_answer
hex(struct heard *w, const char *text)
{
	uint8_t	 b[512];

	return block(w, b, unhex(text, b));
}

/* ---- RFC 7541, appendix C ---- */

struct example {
	const char	*plain;		/* hex; NULL: none */
	const char	*coded;
	const char	*fields;
	uint32_t	 size;		/* of the table afterwards */
};

static void
examples(const struct example *x, size_t n, uint32_t max, bool coded)
{
	struct heard	 w;
	size_t		 i;

	begin(&w);
	w.h.max = max;
	for (i = 0; i < n; i++) {
		assert_int_equal(hex(&w, coded ? x[i].coded : x[i].plain),
		    HPACK_OK);
		assert_string_equal(w.log, x[i].fields);
		assert_int_equal(w.h.size, x[i].size);
	}
	end(&w);
}

static void
the_requests_of_the_standard(void **state)
{
	static const struct example	 x[] = {
		{ "828684410f7777772e6578616d706c652e636f6d",
		    "828684418cf1e3c2e5f23a6ba0ab90f4ff",
		    ":method: GET\n:scheme: http\n:path: /\n"
		    ":authority: www.example.com\n", 57 },
		{ "828684be58086e6f2d6361636865",
		    "828684be5886a8eb10649cbf",
		    ":method: GET\n:scheme: http\n:path: /\n"
		    ":authority: www.example.com\n"
		    "cache-control: no-cache\n", 110 },
		{ "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
		    "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
		    ":method: GET\n:scheme: https\n:path: /index.html\n"
		    ":authority: www.example.com\n"
		    "custom-key: custom-value\n", 164 }
	};

	(void)state;
	examples(x, nitems(x), 4096, false);
	examples(x, nitems(x), 4096, true);
}

#define DATE1	"date: Mon, 21 Oct 2013 20:13:21 GMT\n"
#define DATE2	"date: Mon, 21 Oct 2013 20:13:22 GMT\n"
#define WHERE	"location: https://www.example.com\n"

/* With a table of 256 bytes, which evicts. */
static void
the_responses_of_the_standard(void **state)
{
	static const struct example	 x[] = {
		{ "4803333032580770726976617465611d4d6f6e2c203231204f6374"
		    "20323031332032303a31333a323120474d546e1768747470733a"
		    "2f2f7777772e6578616d706c652e636f6d",
		    "488264025885aec3771a4b6196d07abe941054d444a8200595040"
		    "b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43"
		    "d3",
		    ":status: 302\ncache-control: private\n" DATE1 WHERE,
		    222 },
		{ "4803333037c1c0bf", "4883640effc1c0bf",
		    ":status: 307\ncache-control: private\n" DATE1 WHERE,
		    222 },
		{ "88c1611d4d6f6e2c203231204f637420323031332032303a31333a"
		    "323220474d54c05a04677a69707738666f6f3d4153444a4b48514b"
		    "425a584f5157454f50495541585157454f49553b206d61782d6167"
		    "653d333630303b2076657273696f6e3d31",
		    "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc0"
		    "5a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af2708"
		    "7f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
		    ":status: 200\ncache-control: private\n" DATE2 WHERE
		    "content-encoding: gzip\n"
		    "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; "
		    "max-age=3600; version=1\n", 215 }
	};

	(void)state;
	examples(x, nitems(x), 256, false);
	examples(x, nitems(x), 256, true);
}

static void
literals_of_the_standard(void **state)
{
	struct heard	 w;

	(void)state;
	begin(&w);
	assert_int_equal(hex(&w, "400a637573746f6d2d6b65790d637573746f6d2d"
	    "686561646572"), HPACK_OK);
	assert_string_equal(w.log, "custom-key: custom-header\n");
	assert_int_equal(w.h.size, 55);
	assert_int_equal(hex(&w, "040c2f73616d706c652f70617468"), HPACK_OK);
	assert_string_equal(w.log, ":path: /sample/path\n");
	assert_int_equal(hex(&w, "100870617373776f726406736563726574"),
	    HPACK_OK);
	assert_string_equal(w.log, "password: secret\n");
	assert_int_equal(w.h.size, 55);
	end(&w);
}

/* ---- libnghttp2 ---- */

static uint32_t	 seed;

static uint32_t
dice(uint32_t n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

#define FIELDS	12

/* Fields that come again and again, and bytes of every kind. */
static size_t
some_fields(nghttp2_nv *nv, uint8_t text[FIELDS][2][512], char *log)
{
	static const char *const names[] = {
		":method", ":path", ":status", "cookie", "x-long-name-of-mine",
		"content-type", "a", "-not-wanted", "-nor-this-one"
	};
	size_t		 i, n = 1 + dice(FIELDS), k, len, at = 0;
	const char	*name;

	for (i = 0; i < n; i++) {
		name = names[dice(nitems(names))];
		len = dice(10) == 0 ? dice(500) : dice(12);
		for (k = 0; k < len; k++)
			text[i][1][k] = (uint8_t)(dice(3) > 0 ?
			    '0' + dice(4) : 1 + dice(255));
		text[i][1][len] = '\0';
		nv[i] = (nghttp2_nv){ text[i][0], text[i][1], strlen(name),
		    len, dice(8) == 0 ? NGHTTP2_NV_FLAG_NO_INDEX :
		    NGHTTP2_NV_FLAG_NONE };
		memcpy(text[i][0], name, strlen(name));
		if (name[0] != '-')
			at += (size_t)sprintf(log + at, "%s: %s\n", name,
			    (char *)text[i][1]);
	}
	log[at] = '\0';
	return n;
}

static void
what_nghttp2_encodes_is_decoded(void **state)
{
	static char		 log[16384];
	static uint8_t		 text[FIELDS][2][512], out[65536];
	nghttp2_hd_deflater	*d;
	nghttp2_nv		 nv[FIELDS];
	struct heard		 w;
	ssize_t			 len;
	unsigned		 run, i;
	size_t			 n;

	(void)state;
	for (run = 0; run < 40; run++) {
		begin(&w);
		seed = run;
		assert_int_equal(nghttp2_hd_deflate_new(&d, 65536), 0);
		for (i = 0; i < 100; i++) {
			if (dice(20) == 0)
				nghttp2_hd_deflate_change_table_size(d,
				    dice(2) == 0 ? dice(300) : dice(65537));
			n = some_fields(nv, text, log);
			len = nghttp2_hd_deflate_hd(d, out, sizeof(out), nv,
			    n);
			assert_true(len > 0);
			assert_int_equal(block(&w, out, (size_t)len),
			    HPACK_OK);
			assert_string_equal(w.log, log);
			assert_true(hpack_held(&w.h) <= 3 * HPACK_TABLE_MAX);
		}
		nghttp2_hd_deflate_del(d);
		end(&w);
	}
}

/* Each byte, of which nghttp2 makes a string that is shorter in code. */
static void
every_code_is_that_of_nghttp2(void **state)
{
	nghttp2_hd_deflater	*d;
	nghttp2_nv		 nv = { 0 };
	uint8_t			 name[] = "x", v[64], out[256], got[64];
	unsigned		 c;
	size_t			 len;
	ssize_t			 n;

	(void)state;
	for (c = 0; c < 256; c++) {
		memset(v, '0', sizeof(v));
		v[5] = v[20] = (uint8_t)c;
		nv = (nghttp2_nv){ name, v, 1, sizeof(v),
		    NGHTTP2_NV_FLAG_NO_INDEX };
		assert_int_equal(nghttp2_hd_deflate_new(&d, 4096), 0);
		n = nghttp2_hd_deflate_hd(d, out, sizeof(out), &nv, 1);
		nghttp2_hd_deflate_del(d);
		/* 10 81 f3 (x in code) or 10 01 78, then the value's length */
		assert_true(n > 4 && out[0] == 0x10 && out[3] & 0x80);
		assert_int_equal(out[3] & 0x7f, n - 4);
		assert_true(hpack_huffman(guard_copy(out + 4, (size_t)n - 4),
		    (size_t)n - 4, got, sizeof(got), &len));
		assert_int_equal(len, sizeof(v));
		assert_memory_equal(got, v, sizeof(v));
	}
}

/* ---- what is wrong ---- */

static void
what_is_no_block_is_refused(void **state)
{
	static const char *const bad[] = {
		"80",				/* index 0 */
		"be", "ff01",			/* past the table */
		"ffffffffffff0f", "ff",		/* no end of a number */
		"7f", "0f", "1f", "3f",
		"40", "4001", "400161", "40016102", "400161026f",
		"40ff", "00", "0fff",	/* cut strings */
		"8220",				/* a size after a field */
		"008161ff",			/* a code cut in its middle */
		"00840000000000",
		"0085ffffffffff00",		/* the end of all strings */
		"0082f8ff00"			/* padded with a whole byte */
	};
	struct heard	 w;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(bad); i++) {
		begin(&w);
		if (hex(&w, bad[i]) != HPACK_BAD)
			fail_msg("%s", bad[i]);
		end(&w);
	}
}

static void
a_table_is_as_large_as_it_says_up_to_a_limit(void **state)
{
	struct heard	 w;

	(void)state;
	begin(&w);
	assert_int_equal(hex(&w, "3fe1ff03"), HPACK_OK);
	assert_int_equal(w.h.max, 65536);
	assert_int_equal(hex(&w, "3fe2ff03"), HPACK_LONG);
	end(&w);
	/* smaller and larger again: what was there is gone */
	begin(&w);
	assert_int_equal(hex(&w, "4001610162"), HPACK_OK);
	assert_int_equal(hex(&w, "203f0182"), HPACK_OK);
	assert_int_equal(w.h.size, 0);
	assert_int_equal(hex(&w, "be"), HPACK_BAD);
	end(&w);
	/* one that is larger than the table empties it */
	begin(&w);
	assert_int_equal(hex(&w, "3f0540016101624001610a30313233343536373839"),
	    HPACK_OK);
	assert_string_equal(w.log, "a: b\na: 0123456789\n");
	assert_int_equal(w.h.n, 0);
	end(&w);
}

/* The name of an entry of which only the size is known counts all the same. */
static void
what_is_not_wanted_is_counted_and_not_kept(void **state)
{
	struct heard	 w;

	(void)state;
	begin(&w);
	/* "-ab: cde", then its name with "fg", then both, then "a: b" */
	assert_int_equal(hex(&w, "40032d6162036364657e026667bebf4001610162"),
	    HPACK_OK);
	assert_string_equal(w.log, "a: b\n");
	assert_int_equal(w.h.n, 3);
	assert_int_equal(w.h.size, 32 * 3 + 6 + 5 + 2);
	assert_int_equal(w.h.end, 2);
	assert_int_equal(hex(&w, "bec0bf"), HPACK_OK);
	assert_string_equal(w.log, "a: b\n");
	end(&w);
}

static void
a_value_is_cut_at_what_is_wanted(void **state)
{
	struct heard	 w;

	(void)state;
	begin(&w);
	most = 2;
	assert_int_equal(hex(&w, "40016103626364be0001620140"), HPACK_OK);
	assert_string_equal(w.log, "a: bc...\na: bc...\nb: @\n");
	assert_int_equal(w.h.size, 36);
	assert_int_equal(hex(&w, "be"), HPACK_OK);
	assert_string_equal(w.log, "a: bc...\n");
	end(&w);
}

/* A few bytes that stand for many, again and again. */
static void
a_bomb_is_not_unpacked(void **state)
{
	static uint8_t	 b[70000];
	struct heard	 w;
	size_t		 n = 0;

	(void)state;
	begin(&w);
	assert_int_equal(hex(&w, "3fe1ff03"), HPACK_OK);
	n = unhex("400161 7f81f901", b);	/* a: 32000 bytes */
	memset(b + n, 'x', 32000);
	assert_int_equal(block(&w, b, n + 32000), HPACK_OK);
	assert_int_equal(w.h.size, 32033);
	assert_true(hpack_held(&w.h) < 40000);
	memset(b, 0xbe, 9);			/* within the list */
	assert_int_equal(block(&w, b, 7), HPACK_OK);
	assert_int_equal(block(&w, b, 9), HPACK_LONG);
	end(&w);
	/* what is wanted fills the text: the log has no room for it */
	begin(&w);
	most = 3000;
	w.h.max = 65536;
	assert_int_equal(block(&w, b, 1), HPACK_BAD);
	n = unhex("400161 7f81f901", b);
	assert_int_equal(block(&w, b, n + 32000), HPACK_OK);
	memset(b, 0xbe, 2);
	assert_int_equal(hpack_block(&w.h, &w.mem, b, 2, w.text, 6000, &ops,
	    &w), HPACK_OK);
	assert_int_equal(hpack_block(&w.h, &w.mem, b, 2, w.text, 5999, &ops,
	    &w), HPACK_LONG);
	end(&w);
}

static void
a_refusal_of_memory_is_told(void **state)
{
	static const char	 fields[] = "4001610162" "4001630164";
	struct heard		 w;
	uint64_t		 limit;
	enum hpack_answer	 a;

	(void)state;
	for (limit = 0; ; limit += 64) {
		begin(&w);
		w.mem.limit = limit;
		a = hex(&w, fields);
		end(&w);
		if (a == HPACK_OK)
			break;
		assert_int_equal(a, HPACK_NOMEM);
	}
	assert_in_range(limit, 256, 1024);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(the_requests_of_the_standard),
		cmocka_unit_test(the_responses_of_the_standard),
		cmocka_unit_test(literals_of_the_standard),
		cmocka_unit_test(what_nghttp2_encodes_is_decoded),
		cmocka_unit_test(every_code_is_that_of_nghttp2),
		cmocka_unit_test(what_is_no_block_is_refused),
		cmocka_unit_test(a_table_is_as_large_as_it_says_up_to_a_limit),
		cmocka_unit_test(what_is_not_wanted_is_counted_and_not_kept),
		cmocka_unit_test(a_value_is_cut_at_what_is_wanted),
		cmocka_unit_test(a_bomb_is_not_unpacked),
		cmocka_unit_test(a_refusal_of_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
