#include <errno.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/period.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

static uint8_t	 mem[256 * 1024];

/* A unit with this body behind at; where it ends. */
static size_t
put(size_t at, enum period_type type, uint64_t from, const uint8_t *body,
    size_t len)
{
	const struct period	 u = { type, from, from + 10, body, len };

	period_header(&u, mem + at);
	memcpy(mem + at + PERIOD_HDR, body, len);
	return at + PERIOD_HDR + len;
}

static void
a_unit_comes_back_and_is_refused_when_changed(void **state)
{
	const uint8_t	 body[] = "some rows";
	struct period	 u;
	size_t		 n = put(0, PERIOD_ROWS, 1000, body, sizeof(body)), i;
	const uint8_t	*p;

	(void)state;
	p = guard_copy(mem, n);
	assert_int_equal(period_get(p, n, &u), n);
	assert_int_equal(u.type, PERIOD_ROWS);
	assert_int_equal(u.from_us, 1000);
	assert_int_equal(u.to_us, 1010);
	assert_int_equal(u.len, sizeof(body));
	assert_memory_equal(u.body, body, sizeof(body));
	for (i = 0; i < n; i++)
		assert_int_equal(period_get(guard_copy(mem, i), i, &u), 0);
	for (i = 0; i < n; i++) {
		mem[i] ^= 0x10;
		assert_true(period_get(guard_copy(mem, n), n, &u) <= 0);
		mem[i] ^= 0x10;
	}
}

static void
one_of_the_other_byte_order_is_named(void **state)
{
	const uint8_t	 body[] = "x";
	struct period	 u;
	size_t		 n = put(0, PERIOD_KEYS, 1, body, 1), i;
	uint8_t		 c;

	(void)state;
	for (i = 0; i < 4; i++) {
		c = mem[i];
		mem[i] = mem[7 - i];
		mem[7 - i] = c;
	}
	assert_int_equal(period_get(mem, n, &u), -1);
	assert_int_equal(errno, ENOTSUP);
}

static void
what_is_behind_the_last_whole_unit_goes(void **state)
{
	const uint8_t	 body[] = "0123456789";
	size_t		 one, two, n;

	(void)state;
	one = put(0, PERIOD_KEYS, 1, body, sizeof(body));
	two = put(one, PERIOD_ROWS, 2, body, sizeof(body));
	for (n = 0; n <= two; n++)
		assert_int_equal(period_good(guard_copy(mem, n), n, true),
		    n == two ? two : n >= one ? one : 0);
	/* The end of a longer file: it begins within a unit. */
	for (n = 1; n < one; n++)
		assert_int_equal(period_good(guard_copy(mem + n, two - n),
		    two - n, false), two - n);
	assert_int_equal(period_good(mem + 1, one - 1, false), one - 1);
	/* Junk between two is passed over. */
	memset(mem + two, 0xa5, 100);
	n = put(two + 100, PERIOD_ROWS, 3, body, sizeof(body));
	assert_int_equal(period_good(guard_copy(mem, n), n, true), n);
	/* What never was a history log is not ours to cut. */
	memset(mem, 'x', 100);
	assert_int_equal(period_good(guard_copy(mem, 100), 100, true), 100);
	put(100, PERIOD_ROWS, 3, body, sizeof(body));
	for (n = 101; n < 100 + one; n++)
		assert_int_equal(period_good(guard_copy(mem, n), n, true),
		    100);
}

static void
chunks_are_found_by_name_and_taken_back(void **state)
{
	struct period	 u = { PERIOD_ROWS, 0, 0, NULL, 0 };
	uint8_t		 body[200];
	const uint8_t	*p;
	struct buf	 b;
	size_t		 at, n;

	(void)state;
	buf_writer(&b, body, sizeof(body));
	at = period_begin_chunk(&b, "hosts");
	buf_put(&b, "abc", 3);
	period_end_chunk(&b, at, true);
	at = period_begin_chunk(&b, "names");
	buf_put(&b, "no", 2);
	period_end_chunk(&b, at, false);
	at = period_begin_chunk(&b, "empty");
	period_end_chunk(&b, at, true);
	at = period_begin_chunk(&b, "large");
	buf_put(&b, mem, sizeof(body));
	period_end_chunk(&b, at, true);
	assert_false(b.err);
	u.body = guard_copy(body, b.len);
	u.len = b.len;
	p = period_chunk(&u, "hosts", &n);
	assert_int_equal(n, 3);
	assert_memory_equal(p, "abc", 3);
	assert_null(period_chunk(&u, "names", &n));
	assert_null(period_chunk(&u, "large", &n));
	assert_non_null(period_chunk(&u, "empty", &n));
	assert_int_equal(n, 0);
}

/* ---- another version ---- */

static void
put_field(struct buf *b, const char *key, enum row_type type)
{
	buf_put_str(b, key);
	buf_put_u8(b, (uint8_t)type);
}

/*
 * Of a version that had a kind we do not know, its kinds in another order,
 * another field in one, one less, and one of another type.
 */
static void
other_keys(struct period_keys *k)
{
	uint8_t		 body[512];
	struct period	 u = { PERIOD_KEYS, 0, 0, body, 0 };
	struct buf	 b;

	buf_writer(&b, body, sizeof(body));
	buf_put_str(&b, "gremlin");
	buf_put_u8(&b, 1);
	put_field(&b, "count", ROW_U64);
	buf_put_str(&b, row_desc(ROW_STATUS)->name);
	buf_put_u8(&b, 3);
	put_field(&b, "moon", ROW_STR);
	put_field(&b, "count", ROW_U64);
	put_field(&b, "code", ROW_STR);	/* a number, with us */
	u.len = b.len;
	assert_int_equal(period_get_keys(&u, k), 0);
	assert_false(k->same);
	assert_int_equal(k->n, 2);
}

static void
put_status(struct buf *b, unsigned level, uint64_t count)
{
	buf_put_u8(b, 1);
	buf_put_u8(b, (uint8_t)level);
	buf_put_str(b, "full");
	buf_put_u64(b, count);
	buf_put_str(b, "404");
}

static void
put_gremlin(struct buf *b, unsigned level)
{
	buf_put_u8(b, 0);
	buf_put_u8(b, (uint8_t)level);
	buf_put_u64(b, 1);
}

static void
rows_of_another_version_are_read_by_name(void **state)
{
	struct period_keys	 k;
	uint8_t			 theirs[512], ours[512];
	struct buf		 b, o, r;
	struct row		 row;
	const uint64_t		 want[] = { 7, 9 };
	size_t			 i;

	(void)state;
	other_keys(&k);
	buf_writer(&b, theirs, sizeof(theirs));
	put_status(&b, 0, 7);
	put_gremlin(&b, 0);
	put_status(&b, 1, 8);	/* belongs to what we do not know */
	put_gremlin(&b, 1);
	put_status(&b, 0, 9);
	buf_writer(&o, ours, sizeof(ours));
	assert_int_equal(period_rows(&k, guard_copy(theirs, b.len), b.len,
	    &o), 0);
	buf_reader(&r, ours, o.len);
	for (i = 0; i < nitems(want); i++) {
		assert_int_equal(row_get(&r, &row), 0);
		assert_int_equal(row.kind, ROW_STATUS);
		assert_int_equal(row_value(&row, "count")->u, want[i]);
		assert_int_equal(row_value(&row, "code")->u, 0);
	}
	assert_int_equal(buf_end(&r), 0);
	for (i = 1; i < b.len; i++) {
		buf_writer(&o, ours, sizeof(ours));
		(void)period_rows(&k, guard_copy(theirs, i), i, &o);
	}
	buf_writer(&o, ours, 20);	/* no room */
	assert_int_equal(period_rows(&k, theirs, b.len, &o), -1);
}

static void
our_own_rows_are_taken_as_they_are(void **state)
{
	struct period		 u = { PERIOD_KEYS, 0, 0, mem, 0 };
	struct period_keys	 k;
	struct buf		 b, o;
	uint8_t			 rows[64], ours[64];
	struct row_writer	 w;
	size_t			 i;

	(void)state;
	buf_writer(&b, mem, PERIOD_BODY_MAX);
	period_put_keys(&b);
	assert_false(b.err);
	u.len = b.len;
	assert_int_equal(period_get_keys(&u, &k), 0);
	assert_true(k.same);
	assert_int_equal(k.n, ROW_KINDS);
	for (i = 0; i < k.n; i++) {
		assert_string_equal(row_desc((enum row_kind)
		    k.kind[i].ours)->name, row_desc((enum row_kind)i)->name);
		assert_int_equal(k.kind[i].n,
		    row_desc((enum row_kind)i)->nfields);
	}
	buf_writer(&b, rows, sizeof(rows));
	row_begin(&w, &b, ROW_STATUS, 0);
	row_u64(&w, 200);
	row_u64(&w, 5);
	row_u64(&w, 0);
	assert_int_equal(row_end(&w), 0);
	for (i = 0; i < 2; i++) {	/* as they are, and by name */
		k.same = i == 0;
		buf_writer(&o, ours, sizeof(ours));
		assert_int_equal(period_rows(&k, rows, b.len, &o), 0);
		assert_int_equal(o.len, b.len);
		assert_memory_equal(ours, rows, b.len);
	}
	for (i = 1; i < u.len; i += 7) {
		u.len = i;
		u.body = guard_copy(mem, i);
		(void)period_get_keys(&u, &k);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_unit_comes_back_and_is_refused_when_changed),
		cmocka_unit_test(one_of_the_other_byte_order_is_named),
		cmocka_unit_test(what_is_behind_the_last_whole_unit_goes),
		cmocka_unit_test(chunks_are_found_by_name_and_taken_back),
		cmocka_unit_test(rows_of_another_version_are_read_by_name),
		cmocka_unit_test(our_own_rows_are_taken_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
