#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ui/command.h"
#include "ui/view.h"

#define WORDS_MAX	32

static struct out	 why;

/* Splits a line at blanks and parses it. */
static int
parse(const char *line, struct command *c)
{
	static char	 b[2048];
	static char	*words[WORDS_MAX];
	char		*p;
	int		 n = 0;

	assert_true(strlen(line) < sizeof(b));
	memcpy(b, line, strlen(line) + 1);
	for (p = b; *p != '\0' && n < WORDS_MAX;) {
		words[n++] = p;
		p += strcspn(p, " ");
		if (*p == ' ')
			*p++ = '\0';
	}
	out_reset(&why);
	return command_parse(n, words, c, &why);
}

static int
setup(void **state)
{
	(void)state;
	out_init(&why);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	out_clear(&why);
	return 0;
}

static void
hosts_are_asked_for_as_they_are_kept(void **state)
{
	struct command	 c;

	(void)state;
	assert_int_equal(parse("show host WWW.Example.", &c), 0);
	assert_string_equal(c.show.args[0], "www.example");
	assert_int_equal(parse("show flows host LIVE1 interface ETH0", &c), 0);
	assert_string_equal(c.show.args[1], "live1");
	assert_string_equal(c.show.args[3], "ETH0");
	assert_int_equal(parse("why host A.B.", &c), 0);
	assert_string_equal(c.show.args[1], "a.b");
	assert_int_equal(parse("show host .", &c), 0);
	assert_string_equal(c.show.args[0], ".");
}

static void
words_may_be_shortened(void **state)
{
	struct command	 c;

	(void)state;
	assert_int_equal(parse("s int", &c), 0);
	assert_int_equal(c.action, ACT_SHOW);
	assert_int_equal(c.show.subject, SHOW_INTERFACES);
	assert_int_equal(parse("sh cap", &c), 0);
	assert_int_equal(c.show.subject, SHOW_CAPTURE);
	assert_int_equal(parse("show metric prom", &c), 0);
	assert_int_equal(c.action, ACT_METRICS);
	assert_int_equal(c.dialect, METRICS_PROMETHEUS);
}

static void
show_alone_is_the_summary(void **state)
{
	struct command	 c;

	(void)state;
	assert_int_equal(parse("s", &c), 0);
	assert_int_equal(c.action, ACT_SHOW);
	assert_int_equal(c.show.subject, SHOW_SUMMARY);
}

static void
an_exact_word_beats_a_longer_one(void **state)
{
	struct command	 c;

	(void)state;
	assert_int_equal(parse("show host www.example.com", &c), 0);
	assert_int_equal(c.show.subject, SHOW_HOST);
	assert_string_equal(c.show.args[0], "www.example.com");
	assert_int_equal(parse("show hosts", &c), 0);
	assert_int_equal(c.show.subject, SHOW_HOSTS);
	assert_int_equal(parse("show hos", &c), -1);
}

static void
options_come_in_any_order(void **state)
{
	struct command	 c;

	(void)state;
	assert_int_equal(parse("s hosts window 10m by p95 top 7", &c), 0);
	assert_int_equal(c.show.window, WINDOW_10M);
	assert_int_equal(c.show.sort, SORT_P95);
	assert_int_equal(c.show.top, 7);
	assert_int_equal(parse("s hosts top 7 window total", &c), 0);
	assert_int_equal(c.show.window, WINDOW_TOTAL);
	assert_int_equal(c.show.sort, SORT_REQUESTS);
}

static void
numbers_have_bounds(void **state)
{
	struct command	 c;

	(void)state;
	assert_int_equal(parse("s hosts top 0", &c), -1);
	assert_int_equal(parse("s hosts top 1", &c), 0);
	assert_int_equal(parse("s hosts top 4294967294", &c), 0);
	assert_int_equal(parse("s hosts top 4294967295", &c), -1);
	assert_int_equal(parse("s hosts top x\033[1m", &c), -1);
	assert_string_equal(why.p, "number is invalid: x\\x1b[1m\n"
	    "valid: 1 to 4294967294\n");
	assert_int_equal(parse("s hosts top", &c), -1);
	assert_int_equal(parse("why port 65535", &c), 0);
	assert_string_equal(c.show.args[1], "65535");
	assert_int_equal(parse("why port 65536", &c), -1);
	assert_int_equal(parse("why port 0", &c), -1);
	assert_int_equal(parse("why port http", &c), -1);
	assert_int_equal(parse("s flows server 10.2.0.2:80", &c), 0);
	assert_string_equal(c.show.args[1], "10.2.0.2:80");
	assert_int_equal(parse("s flows client [fd02::2]:80", &c), 0);
	assert_int_equal(parse("s flows client fd02::2", &c), 0);
	assert_int_equal(parse("s flows client www.test", &c), -1);
	assert_string_equal(why.p, "no address: www.test\n"
	    "valid: an address, or one with a port as it is shown\n");
	assert_int_equal(parse("s flows client 10.1.0.0/24", &c), -1);
	assert_int_equal(parse("s flows vlan 0", &c), 0);
	assert_string_equal(c.show.args[1], "0");
	assert_int_equal(parse("s flows vlan 4094", &c), 0);
	assert_int_equal(parse("s flows vlan 4095", &c), -1);
	assert_int_equal(parse("s flows state half", &c), 0);
	assert_string_equal(c.show.args[1], "half-open");
	assert_int_equal(parse("s flows state listen", &c), -1);
}

static void
unknown_words_list_the_valid_ones(void **state)
{
	struct command	 c;

	(void)state;
	assert_int_equal(parse("sh x", &c), -1);
	assert_string_equal(why.p,
	    "unknown word: x\n"
	    "valid words: alerts capture clients config errors flows host "
	    "history hosts\n"
	    "             interfaces memory methods metrics mirrors names "
	    "processes rules\n"
	    "             sections sites status summary talkers tally "
	    "transactions version\n");
	assert_int_equal(parse("s m", &c), -1);
	assert_string_equal(why.p, "ambiguous word: m\n"
	    "valid words: memory methods metrics mirrors\n");
	assert_int_equal(parse("show version now", &c), -1);
	assert_string_equal(why.p, "unexpected word: now\n"
	    "the command ends before it\n");
	assert_int_equal(parse("show host", &c), -1);
	assert_string_equal(why.p, "word missing\nvalid words: NAME\n");
	assert_int_equal(parse("\033]0;x\007", &c), -1);
	assert_memory_equal(why.p, "unknown word: \\x1b]0;x\\x07\n", 27);
}

static void
only_show_starts_with_s(void **state)
{
	struct out	 o;
	const char	*p;

	(void)state;
	out_init(&o);
	command_help(&o);
	for (p = o.p; p != NULL && *p != '\0'; p = strchr(p, '\n') + 1)
		assert_true(p[2] != 's' || strncmp(p + 2, "show ", 5) == 0);
	out_clear(&o);
}

static void
an_empty_word_is_no_abbreviation(void **state)
{
	char		 empty[] = "", *argv[] = { empty };
	struct command	 c;

	(void)state;
	out_reset(&why);
	assert_int_equal(command_parse(1, argv, &c, &why), -1);
}

static void
arguments_are_limited(void **state)
{
	static char	 name[MSG_ARG_MAX + 1];
	char		 show[] = "show", host[] = "host";
	char		*argv[] = { show, host, name };
	struct command	 c;

	(void)state;
	memset(name, 'a', MSG_ARG_MAX - 1);
	assert_int_equal(command_parse(3, argv, &c, &why), 0);
	memset(name, 'a', MSG_ARG_MAX);
	assert_int_equal(command_parse(3, argv, &c, &why), -1);
}

static void
the_rest_of_a_line_keeps_its_options(void **state)
{
	struct command	 c;

	(void)state;
	assert_int_equal(parse("alerts -f -p", &c), 0);
	assert_int_equal(c.action, ACT_ALERTS);
	assert_int_equal(c.argc, 3);
	assert_string_equal(c.argv[0], "alerts");
	assert_string_equal(c.argv[2], "-p");
	assert_int_equal(parse("alerts", &c), 0);
	assert_int_equal(c.argc, 1);
	assert_int_equal(parse("hook mask -- prog -x", &c), 0);
	assert_int_equal(c.argc, 5);
}

static void
the_past_has_words_of_its_own(void **state)
{
	struct command	 c;

	(void)state;
	assert_int_equal(parse("show hosts at 03:12", &c), 0);
	assert_string_equal(c.time[TIME_AT], "03:12");
	assert_int_equal(c.show.subject, SHOW_HOSTS);
	assert_int_equal(parse("report html at 2h in /tmp/h", &c), 0);
	assert_string_equal(c.time[TIME_AT], "2h");
	assert_string_equal(c.file, "/tmp/h");
	/* There is one order, and one length, of what was kept. */
	assert_int_equal(parse("show hosts top 3 at 03:12", &c), -1);
	assert_int_equal(parse("show flows at 03:12", &c), -1);
	assert_int_equal(parse("show hosts at", &c), -1);
	assert_int_equal(parse("compare 03:12 with 02:12 in f", &c), 0);
	assert_int_equal(c.action, ACT_COMPARE);
	assert_string_equal(c.time[TIME_AT], "03:12");
	assert_string_equal(c.time[TIME_WITH], "02:12");
	assert_int_equal(parse("compare", &c), -1);
	assert_int_equal(parse("show history", &c), 0);
	assert_int_equal(c.action, ACT_HISTORY);
	assert_null(c.time[TIME_SINCE]);
	assert_int_equal(parse("s hist by 10m in f until 6:00 since 22:00",
	    &c), 0);
	assert_string_equal(c.time[TIME_SINCE], "22:00");
	assert_string_equal(c.time[TIME_UNTIL], "6:00");
	assert_string_equal(c.time[TIME_STEP], "10m");
	assert_string_equal(c.file, "f");
}

static void
every_other_command_parses(void **state)
{
	static const struct {
		const char		*line;
		enum command_action	 action;
	} table[] = {
		{ "top", ACT_TOP }, { "mon alert", ACT_MONITOR },
		{ "why port 80 host x", ACT_WHY }, { "why", ACT_WHY },
		{ "check rule", ACT_CHECK }, { "reload", ACT_RELOAD },
		{ "load /etc/x", ACT_LOAD }, { "log verbose", ACT_LOG },
		{ "help", ACT_HELP },
		{ "log brief", ACT_LOG }, { "reset counters", ACT_RESET },
		{ "mirror shadow rot", ACT_MIRROR },
		{ "rotate logs", ACT_ROTATE }, { "report json", ACT_REPORT },
		{ "report html window 1m", ACT_REPORT },
		{ "terminate", ACT_TERMINATE }, { "replay -n x", ACT_REPLAY },
		{ "show flows host a port 80", ACT_SHOW },
		{ "show sections www.example.com window 1m", ACT_SHOW },
	};
	struct command	 c;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(table); i++) {
		assert_int_equal(parse(table[i].line, &c), 0);
		assert_int_equal(c.action, table[i].action);
	}
	assert_int_equal(parse("show clients by bytes top 3", &c), 0);
	assert_int_equal(c.show.sort, SORT_BYTES);
	assert_int_equal(c.show.top, 3);
	assert_int_equal(parse("show names by p95", &c), -1);
	assert_int_equal(parse("show flows by bytes", &c), 0);
	assert_int_equal(c.show.sort, SORT_BYTES);
	assert_int_equal(parse("reset counters mir", &c), 0);
	assert_string_equal(c.show.args[0], "mirrors");
	assert_int_equal(parse("reset counters hosts", &c), -1);
	assert_int_equal(parse("log verbose", &c), 0);
	assert_int_equal(c.number, MSG_VERBOSE_ALL);
	assert_int_equal(parse("log verbose ana", &c), 0);
	assert_int_equal(c.number, MSG_VERBOSE(ROLE_ANALYZER));
	assert_int_equal(parse("log brief ana", &c), 0);
	assert_int_equal(c.number, MSG_BRIEF(MSG_VERBOSE(ROLE_ANALYZER)));
	assert_int_equal(parse("log verbose launcher", &c), -1);
	assert_int_equal(parse("mirror shadow rot", &c), 0);
	assert_string_equal(c.show.args[1], "rotate");
	assert_int_equal(parse("show flows host a port 80", &c), 0);
	assert_int_equal(c.show.nargs, 4);
	assert_int_equal(parse("show flows host a top 9 port 80", &c), 0);
	assert_int_equal(c.show.nargs, 4);
	assert_int_equal(c.show.top, 9);
	assert_int_equal(parse("re", &c), -1);
	assert_int_equal(parse("", &c), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_may_be_shortened),
		cmocka_unit_test(hosts_are_asked_for_as_they_are_kept),
		cmocka_unit_test(show_alone_is_the_summary),
		cmocka_unit_test(an_exact_word_beats_a_longer_one),
		cmocka_unit_test(options_come_in_any_order),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(unknown_words_list_the_valid_ones),
		cmocka_unit_test(only_show_starts_with_s),
		cmocka_unit_test(an_empty_word_is_no_abbreviation),
		cmocka_unit_test(arguments_are_limited),
		cmocka_unit_test(the_rest_of_a_line_keeps_its_options),
		cmocka_unit_test(the_past_has_words_of_its_own),
		cmocka_unit_test(every_other_command_parses),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
