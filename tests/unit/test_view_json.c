#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/golden.h"
#include "tests/lib/rows.h"
#include "ui/view.h"

static uint8_t		 bytes[65536];

static void
draw(struct out *o, enum show_subject s, const uint8_t *p, size_t n)
{
	struct view_opt	 opt = { 0 };
	struct doc	 d;

	doc_init(&d);
	assert_int_equal(doc_add(&d, p, n), 0);
	out_init(o);
	view_json.draw(o, view_subject(s), &d, &opt);
	doc_clear(&d);
}

static void
answer(struct out *o, enum show_subject s)
{
	struct buf	 b;

	buf_writer(&b, bytes, sizeof(bytes));
	rows_answer(&b, s, false);
	draw(o, s, bytes, b.len);
}

static void
the_report_is_as_agreed(void **state)
{
	struct out	 o;

	(void)state;
	answer(&o, SHOW_REPORT);
	assert_int_equal(golden_check("report.json", o.p), 0);
	out_clear(&o);
}

static void
the_same_rows_give_the_same_bytes(void **state)
{
	struct out	 a, b;

	(void)state;
	answer(&a, SHOW_REPORT);
	answer(&b, SHOW_REPORT);
	assert_string_equal(a.p, b.p);
	out_clear(&a);
	out_clear(&b);
}

static void
every_subject_names_its_schema_and_arrays(void **state)
{
	const struct view_subject *s;
	struct out		 o;
	char			 want[64];
	size_t			 k;
	int			 i;

	(void)state;
	for (i = 0; i < SHOW_SUBJECTS; i++) {
		s = view_subject((enum show_subject)i);
		assert_non_null(s->name);
		assert_int_equal(s->subject, i);
		draw(&o, (enum show_subject)i, bytes, 0);
		snprintf(want, sizeof(want), "{\n \"schema\":\"netmond.%s/1\"",
		    s->name);
		assert_memory_equal(o.p, want, strlen(want));
		for (k = 0; k < s->nkinds; k++) {
			snprintf(want, sizeof(want), "\"%s\":[]",
			    row_desc(s->kinds[k])->array);
			if (view_single(s->kinds[k]))
				assert_null(strstr(o.p, want));
			else
				assert_non_null(strstr(o.p, want));
		}
		out_clear(&o);
	}
}

static void
children_are_arrays_even_when_empty(void **state)
{
	struct out	 o;
	struct buf	 b;

	(void)state;
	buf_writer(&b, bytes, sizeof(bytes));
	rows_put(&b, ROW_SECTION, 0, "h|/|1|1|-|-|-");
	draw(&o, SHOW_SECTIONS, bytes, b.len);
	assert_non_null(strstr(o.p, "\"methods\":[],\"status\":[]}"));
	out_clear(&o);
}

static void
a_table_beside_a_number_has_another_key(void **state)
{
	struct out	 o;

	(void)state;
	answer(&o, SHOW_HOST);
	assert_non_null(strstr(o.p, "\"clients\":412,"));
	assert_non_null(strstr(o.p,
	    "\"top_clients\":[{\"client\":\"198.51.100.7\""));
	out_clear(&o);
}

static void
an_event_is_one_line_with_its_contributors(void **state)
{
	struct doc	 d;
	struct buf	 b;
	struct out	 o;

	(void)state;
	buf_writer(&b, bytes, sizeof(bytes));
	rows_events(&b);
	doc_init(&d);
	assert_int_equal(doc_add(&d, bytes, b.len), 0);
	out_init(&o);
	view_json.event(&o, &d, 0);
	assert_ptr_equal(strchr(o.p, '\n'), o.p + o.len - 1);
	assert_non_null(strstr(o.p, "\"top\":[{\"host\":\"www.example.com\","
	    "\"share\":0.61},{\"host\":\"evil\\u000a, host\","
	    "\"share\":0.28}],\"new\":[]}"));
	out_clear(&o);
	doc_clear(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_report_is_as_agreed),
		cmocka_unit_test(the_same_rows_give_the_same_bytes),
		cmocka_unit_test(every_subject_names_its_schema_and_arrays),
		cmocka_unit_test(children_are_arrays_even_when_empty),
		cmocka_unit_test(a_table_beside_a_number_has_another_key),
		cmocka_unit_test(an_event_is_one_line_with_its_contributors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
