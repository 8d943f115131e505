#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/compat.h"
#include "tests/lib/golden.h"
#include "tests/lib/rows.h"
#include "ui/view.h"

static uint8_t	 bytes[65536];

static void
draw(struct out *o, enum show_subject s, const struct buf *b)
{
	const struct view_opt	 opt = { 0 };
	struct doc		 d;

	doc_init(&d);
	assert_int_equal(doc_add(&d, bytes, b->len), 0);
	out_init(o);
	view_csv.draw(o, view_subject(s), &d, &opt);
	assert_false(o->err);
	doc_clear(&d);
}

static void
test_as_agreed(void **state)
{
	struct buf	 b;
	struct out	 o;

	(void)state;
	buf_writer(&b, bytes, sizeof(bytes));
	rows_answer(&b, SHOW_HOST, true);
	draw(&o, SHOW_HOST, &b);
	assert_int_equal(golden_check("host.csv", o.p), 0);
	out_clear(&o);
}

/* Fields of a line; quotes must be as RFC 4180, section 2, wants them. */
static unsigned
fields(const char **p)
{
	unsigned	 n = 0;

	do {
		n++;
		if (**p == '"') {
			for ((*p)++; **p != '"' || *++*p == '"'; (*p)++)
				assert_true((unsigned char)**p >= ' ');
		} else
			for (; **p != ',' && **p != '\n'; (*p)++)
				assert_true((unsigned char)**p > '"');
		assert_true(**p == ',' || **p == '\n');
	} while (*(*p)++ == ',');
	return n;
}

static void
test_each_table_is_one(void **state)
{
	struct buf	 b;
	struct out	 o;
	const char	*p;
	unsigned	 s, n, rows = 0;

	(void)state;
	for (s = 0; s < SHOW_SUBJECTS; s++) {
		buf_writer(&b, bytes, sizeof(bytes));
		rows_answer(&b, (enum show_subject)s, false);
		draw(&o, (enum show_subject)s, &b);
		for (p = o.p; *p != '\0'; p++) {
			assert_memory_equal(p, "kind,of,", 8);
			n = fields(&p);
			for (; *p != '\n' && *p != '\0'; rows++)
				assert_int_equal(fields(&p), n);
			if (*p == '\0')
				break;
		}
		out_clear(&o);
	}
	assert_true(rows > 50);
}

/* Sightings of many flows: whose each is. */
static void
test_rows_below_name_the_row_above(void **state)
{
	struct buf	 b;
	struct out	 o;

	(void)state;
	buf_writer(&b, bytes, sizeof(bytes));
	rows_pairs(&b, ROW_FLOW, 0, "flow_id=18|client=192.0.2.1:99");
	rows_pairs(&b, ROW_SIGHTING, 1, "interface=br0|vlan=-1");
	rows_pairs(&b, ROW_FLOW, 0, "flow_id=19|client=192.0.2.1:99");
	rows_pairs(&b, ROW_SIGHTING, 1, "interface=br1|vlan=7");
	draw(&o, SHOW_FLOWS, &b);
	assert_non_null(strstr(o.p, "\nsighting,\"18\",\"br0\",-1,"));
	assert_non_null(strstr(o.p, "\nsighting,\"19\",\"br1\",7,"));
	assert_non_null(strstr(o.p, "\nflow,\"\",18,\"192.0.2.1:99\","));
	out_clear(&o);
}

/*
 * Spreadsheets compute what begins so, also where "=" is a full-width one; and
 * where a comma is in numbers, they divide at ";" whatever is quoted.
 */
static void
test_no_formula(void **state)
{
	static const char *const	 hosts[] = { "=1+1", "+1", "-1", "@a",
		"a\"b,c", "\xef\xbc\x9d" "1+1", "a;=1+1;b", "a;\"=1",
		"a;\xef\xbc\xa0" "b", "a; b;c;" };
	static const char *const	 want[] = { "\"'=1+1\"", "\"'+1\"",
		"\"'-1\"", "\"'@a\"", "\"a\"\"b,c\"",
		"\"'\xef\xbc\x9d" "1+1\"", "\"a\\x3b=1+1;b\"",
		"\"a\\x3b\"\"=1\"", "\"a\\x3b\xef\xbc\xa0" "b\"",
		"\"a; b;c;\"" };
	struct row_writer		 w;
	struct buf			 b;
	struct out			 o;
	size_t				 i;

	(void)state;
	for (i = 0; i < nitems(hosts); i++) {
		buf_writer(&b, bytes, sizeof(bytes));
		row_begin(&w, &b, ROW_METHOD, 0);
		row_str(&w, hosts[i]);
		row_u64(&w, 1);
		row_u64(&w, 0);
		assert_int_equal(row_end(&w), 0);
		draw(&o, SHOW_METHODS, &b);
		assert_non_null(strstr(o.p, want[i]));
		out_clear(&o);
	}
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_as_agreed),
		cmocka_unit_test(test_each_table_is_one),
		cmocka_unit_test(test_rows_below_name_the_row_above),
		cmocka_unit_test(test_no_formula),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
