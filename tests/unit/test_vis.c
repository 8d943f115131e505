#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/vis.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

struct pair {
	enum vis_form	 form;
	const char	*in;
	const char	*out;
};

static void
each_form_escapes_what_it_must(void **state)
{
	static const struct pair	 table[] = {
		{ VIS_TERM, "a.example", "a.example" },
		{ VIS_TERM, "\x1b[2J", "\\x1b[2J" },
		{ VIS_TERM, "a\\b", "a\\\\b" },
		{ VIS_TERM, "\xff", "\\xff" },
		{ VIS_TERM, "\xc3\xa9", "\xc3\xa9" },
		{ VIS_TERM, "\xc2\x9b", "\\u{9b}" },
		{ VIS_TERM, "\xe2\x80\xae", "\\u{202e}" },
		{ VIS_TERM, "\xe2\x81\xa6", "\\u{2066}" },
		{ VIS_TERM, "\xc0\xaf", "\\xc0\\xaf" },
		{ VIS_TERM, "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ VIS_TERM, "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ VIS_LOG, "a\"b\n", "a\\\"b\\x0a" },
		{ VIS_ITEM, "a,\"b|\xff\\", "a\\x2c\\\"b\\x7c\\xff\\\\" },
		{ VIS_LOG, "a,b|c", "a,b|c" },
		{ VIS_JSON, "a\"\\\n\x7f", "a\\\"\\\\\\u000a\\u007f" },
		{ VIS_JSON, "\xe2\x80\xa8", "\\u2028" },
		{ VIS_JSON, "\x80", "\\\\x80" },
		{ VIS_LABEL, "a\"\n", "a\\\"\\\\x0a" },
		{ VIS_HTML, "<a href='&'>", "&lt;a href=&#39;&amp;&#39;&gt;" },
	};
	char	 out[128];
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(table); i++)
		assert_string_equal(vis_str(table[i].form, out, sizeof(out),
		    table[i].in), table[i].out);
}

static void
output_is_never_cut_inside_a_unit(void **state)
{
	static const char	 in[] = "\x1b\xc3\xa9";
	static const char *const want[] = { "", "", "", "", "\\x1b", "\\x1b",
		"\\x1b\xc3\xa9" };
	char			 out[16];
	size_t			 size;

	(void)state;
	for (size = 1; size <= nitems(want); size++) {
		vis_put(VIS_TERM, out, size, in, 3);
		assert_string_equal(out, size - 1 < nitems(want) ?
		    want[size - 1] : want[6]);
	}
}

/* The promise of the header, checked over random bytes. */
static void
random_bytes_come_out_clean(void **state)
{
	uint8_t		 in[64];
	char		 out[64 * VIS_MAX + 1];
	size_t		 i, k, n, len;
	unsigned	 c;
	int		 form;

	(void)state;
	srandom(1);
	for (i = 0; i < 20000; i++) {
		n = (size_t)random() % sizeof(in);
		for (k = 0; k < n; k++)
			in[k] = (uint8_t)random();
		form = (int)(random() % VIS_FORMS);
		assert_int_equal(vis_put((enum vis_form)form, out,
		    sizeof(out), guard_copy(in, n), n), n);
		for (k = 0; out[k] != '\0'; k += len) {
			len = vis_utf8(out + k, strlen(out + k), &c);
			assert_true(len > 0);
			assert_true(c >= 0x20 && (c < 0x7f || c > 0x9f));
			assert_true(c < 0x2028 || c > 0x202e);
			assert_true(c < 0x2066 || c > 0x2069);
		}
	}
}

/* The last one: there is no way back. */
static void
a_terminal_without_utf8_gets_ascii(void **state)
{
	static const char	 in[] = "a\xc4\x9b" "2J\xf0\x9f\x98\x80\xff";
	static const struct {
		enum vis_form	 form;
		const char	*out;
	} t[] = {
		{ VIS_TERM, "a\\u{11b}2J\\u{1f600}\\xff" },
		{ VIS_LOG, "a\\u{11b}2J\\u{1f600}\\xff" },
		{ VIS_JSON, "a\\u011b2J\\ud83d\\ude00\\\\xff" },
	};
	char			 out[64];
	size_t			 i;

	(void)state;
	vis_ascii_only();
	for (i = 0; i < nitems(t); i++)
		assert_string_equal(vis_str(t[i].form, out, sizeof(out), in),
		    t[i].out);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(each_form_escapes_what_it_must),
		cmocka_unit_test(output_is_never_cut_inside_a_unit),
		cmocka_unit_test(random_bytes_come_out_clean),
		cmocka_unit_test(a_terminal_without_utf8_gets_ascii),
	};

	return cmocka_run_group_tests_name("vis", tests, NULL, NULL);
}
