#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ui/json.h"

static void
commas_stand_between_and_nowhere_else(void **state)
{
	struct out	 o;
	struct json	 j;

	(void)state;
	out_init(&o);
	json_init(&j, &o, 0);
	json_object(&j);
	json_key(&j, "a");
	json_array(&j);
	json_u64(&j, 1);
	json_i64(&j, -2);
	json_double(&j, 0.5);
	json_close(&j);
	json_key(&j, "b");
	json_object(&j);
	json_close(&j);
	json_key(&j, "c");
	json_array(&j);
	json_close(&j);
	json_key(&j, "d");
	json_bool(&j, true);
	json_key(&j, "e");
	json_null(&j);
	json_end(&j);
	assert_string_equal(o.p, "{\"a\":[1,-2,0.5],\"b\":{},\"c\":[],"
	    "\"d\":true,\"e\":null}\n");
	out_clear(&o);
}

static void
texts_of_strangers_stay_inside_their_quotes(void **state)
{
	static const char	 in[] = "a\"b\\c\n\x1b[31m\x7f\xff\xe2\x80\xae";
	struct out		 o;
	struct json		 j;

	(void)state;
	out_init(&o);
	json_init(&j, &o, 0);
	json_str(&j, in, sizeof(in) - 1);
	json_end(&j);
	assert_string_equal(o.p, "\"a\\\"b\\\\c\\u000a\\u001b[31m\\u007f"
	    "\\\\xff\\u202e\"\n");
	out_clear(&o);
}

static void
long_texts_are_written_whole(void **state)
{
	static char	 in[100000];
	struct out	 o;
	struct json	 j;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(in); i++)
		in[i] = i % 3 == 0 ? '"' : 'x';
	out_init(&o);
	json_init(&j, &o, 0);
	json_str(&j, in, sizeof(in));
	json_end(&j);
	assert_int_equal(o.len, 3 + sizeof(in) + (sizeof(in) + 2) / 3);
	out_clear(&o);
}

static void
times_are_texts_and_none_is_null(void **state)
{
	struct out	 o;
	struct json	 j;

	(void)state;
	out_init(&o);
	json_init(&j, &o, 0);
	json_array(&j);
	json_time(&j, 1795113012000000ull);
	json_time(&j, 0);
	json_end(&j);
	assert_string_equal(o.p,
	    "[\"2026-11-19T18:30:12.000000+0000\",null]\n");
	out_clear(&o);
}

static void
depth_has_a_limit_that_is_an_error(void **state)
{
	struct out	 o;
	struct json	 j;
	int		 i;

	(void)state;
	out_init(&o);
	json_init(&j, &o, 0);
	for (i = 0; i < JSON_DEPTH; i++)
		json_array(&j);
	assert_false(o.err);
	json_array(&j);
	assert_true(o.err);
	out_clear(&o);
}

static void
breaks_put_one_element_on_a_line(void **state)
{
	struct out	 o;
	struct json	 j;

	(void)state;
	out_init(&o);
	json_init(&j, &o, 1);
	json_object(&j);
	json_key(&j, "a");
	json_array(&j);
	json_u64(&j, 1);
	json_u64(&j, 2);
	json_close(&j);
	json_key(&j, "b");
	json_u64(&j, 3);
	json_end(&j);
	assert_string_equal(o.p, "{\n \"a\":[1,2],\n \"b\":3\n}\n");
	out_clear(&o);
}

#define MANY	100000

/* An array of numbers from 1000000 on, eight bytes each with its comma. */
static void
many_numbers(struct out *o)
{
	struct json	 j;
	unsigned	 i;

	json_init(&j, o, 0);
	json_array(&j);
	for (i = 0; i < MANY; i++)
		json_u64(&j, 1000000 + i);
	json_end(&j);
}

static void
a_long_document_goes_out_in_pieces_and_whole(void **state)
{
	FILE		*f = tmpfile();
	struct out	 o;
	unsigned	 i, n;

	(void)state;
	assert_non_null(f);
	out_init(&o);
	out_stream(&o, fileno(f));
	many_numbers(&o);
	assert_true(o.cap <= 2 * OUT_PIECE);
	assert_int_equal(out_flush(&o, fileno(f)), 0);
	rewind(f);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(fgetc(f), i == 0 ? '[' : ',');
		assert_int_equal(fscanf(f, "%u", &n), 1);
		assert_int_equal(n, 1000000 + i);
	}
	assert_int_equal(fgetc(f), ']');
	assert_int_equal(fgetc(f), '\n');
	assert_int_equal(fgetc(f), EOF);
	fclose(f);
	out_clear(&o);
}

static void
a_reader_that_leaves_early_is_told_at_the_end(void **state)
{
	struct out	 o;
	int		 end[2];

	(void)state;
	assert_int_equal(pipe(end), 0);
	close(end[0]);
	signal(SIGPIPE, SIG_IGN);
	out_init(&o);
	out_stream(&o, end[1]);
	many_numbers(&o);
	errno = 0;
	assert_int_equal(out_flush(&o, end[1]), -1);
	assert_int_equal(errno, EPIPE);
	close(end[1]);
	out_clear(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_stand_between_and_nowhere_else),
		cmocka_unit_test(texts_of_strangers_stay_inside_their_quotes),
		cmocka_unit_test(long_texts_are_written_whole),
		cmocka_unit_test(times_are_texts_and_none_is_null),
		cmocka_unit_test(depth_has_a_limit_that_is_an_error),
		cmocka_unit_test(breaks_put_one_element_on_a_line),
		cmocka_unit_test(a_long_document_goes_out_in_pieces_and_whole),
		cmocka_unit_test(a_reader_that_leaves_early_is_told_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
