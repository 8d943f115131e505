#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parent/reload.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"

/* What the state machine did, one word each. */
struct world {
	char		 log[512];
	const char	*text;		/* of the file that load reads */
	const char	*filter;	/* it is wrong, but for this */
	enum role	 away;		/* prepare fails for it */
	struct conf	*running;
	struct reload	*reload;
};

static void
note(struct world *w, const char *word, enum role role)
{
	size_t	 n = strlen(w->log);

	snprintf(w->log + n, sizeof(w->log) - n, "%s%s-%c", n ? " " : "", word,
	    role_name(role)[0]);
}

static struct conf *
load(const char *path, struct conf **rest, parse_say_fn *say, void *say_arg,
    void *arg)
{
	struct world	*w = arg;

	if (w->filter != NULL) {
		say("new:1: nonsense", say_arg);
		*rest = parse_text(path, w->filter, strlen(w->filter), NULL, 0,
		    say, say_arg);
		return NULL;
	}
	return parse_text(path, w->text, strlen(w->text), NULL, 0, say,
	    say_arg);
}

static int
prepare(enum role role, const struct conf *c, void *arg)
{
	struct world	*w = arg;

	assert_non_null(c);
	if (role == w->away)
		return -1;
	note(w, "prepare", role);
	return 0;
}

static void
commit(enum role role, void *arg)
{
	note(arg, "commit", role);
}

static void
undo(enum role role, void *arg)
{
	note(arg, "abort", role);
}

static void
done(const struct reload_result *r, void *arg)
{
	struct world	*w = arg;
	size_t		 i, n;

	assert_int_equal(r->cookie, 77);
	assert_false(reload_busy(w->reload));
	n = strlen(w->log);
	n += (size_t)snprintf(w->log + n, sizeof(w->log) - n, " %s",
	    r->ok ? "ok" : "failed");
	if (r->restart & (1U << ROLE_MIRROR))
		n += (size_t)snprintf(w->log + n, sizeof(w->log) - n,
		    " restart");
	for (i = 0; i < r->errors.n; i++)
		n += (size_t)snprintf(w->log + n, sizeof(w->log) - n, " [%s]",
		    r->errors.v[i]);
	for (i = 0; i < r->changes.n; i++)
		n += (size_t)snprintf(w->log + n, sizeof(w->log) - n, " [%s]",
		    r->changes.v[i]);
	assert_int_equal(r->ok, r->conf != NULL);
	if (r->ok) {
		conf_free(w->running);
		w->running = r->conf;
	}
}

static void
silent(enum role role, void *arg)
{
	note(arg, "silent", role);
}

static const struct reload_ops	 ops = {
	load, prepare, commit, undo, silent, done
};

static int
setup(void **state)
{
	struct world	*w = calloc(1, sizeof(*w));

	w->away = ROLE_MAX;
	w->running = parse_text("old", "", 0, NULL, 0, parse_say_file, stderr);
	w->reload = reload_new(&ops, w);
	*state = w;
	return w->running == NULL || w->reload == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct world	*w = *state;

	reload_free(w->reload);
	conf_free(w->running);
	free(w);
	return 0;
}

static int
start(struct world *w, const char *text)
{
	w->text = text;
	return reload_start(w->reload, "new", w->running, 77, 1000);
}

static void
all_prepared_is_in_force(void **state)
{
	struct world	*w = *state;

	assert_int_equal(start(w, "window 20s\n"), 0);
	assert_true(reload_busy(w->reload));
	assert_int_equal(start(w, "window 30s\n"), -1);
	reload_prepared(w->reload, ROLE_ANALYZER);
	reload_prepared(w->reload, ROLE_ANALYZER);
	reload_prepared(w->reload, ROLE_MIRROR);
	assert_true(reload_busy(w->reload));
	assert_int_equal(w->running->window_us, 10000000);
	reload_prepared(w->reload, ROLE_CAPTURE);
	assert_int_equal(w->running->window_us, 20000000);
	assert_string_equal(w->log, "prepare-c prepare-a prepare-m "
	    "commit-c commit-a commit-m ok [- window 10s] [+ window 20s]");
}

static void
a_filter_is_judged_beside_other_errors(void **state)
{
	struct world	*w = *state;

	w->filter = "filter tcp or or\n";
	assert_int_equal(start(w, ""), 0);
	reload_refused(w->reload, ROLE_CAPTURE, "new:1: filter: bad");
	assert_string_equal(w->log, "prepare-c failed [new:1: nonsense] "
	    "[new:1: filter: bad]");
	w->log[0] = '\0';
	assert_int_equal(start(w, ""), 0);
	reload_prepared(w->reload, ROLE_CAPTURE);
	assert_string_equal(w->log, "prepare-c abort-c failed "
	    "[new:1: nonsense]");
	w->log[0] = '\0';
	assert_int_equal(start(w, ""), 0);
	reload_lost(w->reload, ROLE_CAPTURE);
	assert_string_equal(w->log, "prepare-c failed [new:1: nonsense]");
	w->log[0] = '\0';
	w->away = ROLE_CAPTURE;
	assert_int_equal(start(w, ""), 0);
	assert_string_equal(w->log, " failed [new:1: nonsense]");
	w->away = ROLE_MAX;
	w->filter = NULL;
	w->log[0] = '\0';
	assert_int_equal(start(w, "window 20s\n"), 0);
	assert_string_equal(w->log, "prepare-c prepare-a prepare-m");
}

static void
one_refused_aborts_the_others(void **state)
{
	struct world	*w = *state;

	assert_int_equal(start(w, "window 20s\n"), 0);
	reload_prepared(w->reload, ROLE_ANALYZER);
	reload_refused(w->reload, ROLE_CAPTURE, "filter: syntax error");
	assert_int_equal(w->running->window_us, 10000000);
	assert_string_equal(w->log, "prepare-c prepare-a prepare-m abort-a "
	    "abort-m failed [new: capture: filter: syntax error]");
	/* Late answers change nothing. */
	reload_prepared(w->reload, ROLE_MIRROR);
	reload_lost(w->reload, ROLE_MIRROR);
	assert_int_equal(start(w, "window 20s\n"), 0);
}

static void
a_lost_child_aborts(void **state)
{
	struct world	*w = *state;

	assert_int_equal(start(w, "window 20s\n"), 0);
	reload_prepared(w->reload, ROLE_MIRROR);
	reload_lost(w->reload, ROLE_MIRROR);
	assert_string_equal(w->log, "prepare-c prepare-a prepare-m abort-c "
	    "abort-a failed [new: mirror: was lost before it could answer, "
	    "try again]");
}

static void
a_silent_child_aborts_after_a_while(void **state)
{
	struct world	*w = *state;

	assert_int_equal(start(w, "window 20s\n"), 0);
	reload_prepared(w->reload, ROLE_CAPTURE);
	reload_tick(w->reload, 1000 + RELOAD_WAIT_US - 1);
	assert_true(reload_busy(w->reload));
	reload_tick(w->reload, 1000 + RELOAD_WAIT_US);
	assert_false(reload_busy(w->reload));
	assert_string_equal(w->log, "prepare-c prepare-a prepare-m silent-a "
	    "abort-c abort-a abort-m failed [new: analyzer: did not answer]");
}

static void
a_child_that_does_not_run_is_waited_for(void **state)
{
	struct world	*w = *state;

	w->away = ROLE_ANALYZER;
	assert_int_equal(start(w, "window 20s\n"), 0);
	reload_prepared(w->reload, ROLE_CAPTURE);
	reload_prepared(w->reload, ROLE_MIRROR);
	reload_tick(w->reload, 1000 + RELOAD_AWAY_US - 1);
	assert_true(reload_busy(w->reload));
	w->away = ROLE_MAX;
	reload_fresh(w->reload, ROLE_MIRROR, 1000 + RELOAD_AWAY_US - 1);
	reload_fresh(w->reload, ROLE_ANALYZER, 1000 + RELOAD_AWAY_US - 1);
	reload_tick(w->reload, 1000 + RELOAD_AWAY_US + RELOAD_WAIT_US - 2);
	assert_true(reload_busy(w->reload));
	reload_prepared(w->reload, ROLE_ANALYZER);
	assert_string_equal(w->log, "prepare-c prepare-m prepare-a commit-c "
	    "commit-a commit-m ok [- window 10s] [+ window 20s]");
}

static void
a_child_that_does_not_come_aborts(void **state)
{
	struct world	*w = *state;

	w->away = ROLE_ANALYZER;
	assert_int_equal(start(w, "window 20s\n"), 0);
	reload_prepared(w->reload, ROLE_CAPTURE);
	reload_tick(w->reload, 1000 + RELOAD_AWAY_US - 1);
	assert_true(reload_busy(w->reload));
	reload_tick(w->reload, 1000 + RELOAD_AWAY_US);
	assert_string_equal(w->log, "prepare-c prepare-m abort-c abort-m "
	    "failed [new: analyzer: is not running now, try again]");
}

static void
a_bad_file_reaches_no_child_and_names_each_line(void **state)
{
	struct world	*w = *state;

	assert_int_equal(start(w, "window 0\nmemory limit 1\n"), 0);
	assert_string_equal(w->log, " failed [new:1: window must be 1s to 1h] "
	    "[new:2: memory limit must be 8M to 1024G]");
}

static void
what_cannot_change_is_refused(void **state)
{
	struct world	*w = *state;

	assert_int_equal(start(w, "user \"other\"\n"), 0);
	assert_string_equal(w->log, " failed [new: user cannot change while "
	    "netmond runs, restart it]");
	w->log[0] = '\0';
	assert_int_equal(start(w, "control socket \"/run/x\"\n"), 0);
	assert_string_equal(w->log, " failed [new: control socket cannot "
	    "change while netmond runs, restart it]");
	w->log[0] = '\0';
	assert_int_equal(start(w, "control socket "
	    "\"/run/netmond/control.sock\" group \"other\"\n"), 0);
	assert_string_equal(w->log, " failed [new: the group of the control "
	    "socket cannot change while netmond runs, restart it]");
}

static void
the_group_of_the_user_may_be_named_or_not(void **state)
{
	struct world	*w = *state;

	assert_int_equal(start(w, "control socket "
	    "\"/run/netmond/control.sock\" group \"_netmon\"\n"), 0);
	assert_null(strstr(w->log, "failed"));
}

/* A user's group may be called otherwise than the user. */
static void
the_group_of_a_user_is_that_of_the_machine(void **state)
{
	struct passwd	*pw = getpwnam("nobody");
	struct group	*gr = pw == NULL ? NULL : getgrgid(pw->pw_gid);
	struct conf	*a = conf_new(), *b = conf_new();
	char		 why[CONF_WHY_MAX];

	(void)state;
	if (gr == NULL || strcmp(gr->gr_name, "nobody") == 0)
		skip();
	compat_strlcpy(a->user, "nobody", sizeof(a->user));
	compat_strlcpy(b->user, "nobody", sizeof(b->user));
	compat_strlcpy(b->group, gr->gr_name, sizeof(b->group));
	assert_int_equal(reload_possible(a, b, why, sizeof(why)), 0);
	assert_int_equal(reload_possible(b, a, why, sizeof(why)), 0);
	compat_strlcpy(b->group, "nobody", sizeof(b->group));
	assert_int_equal(reload_possible(a, b, why, sizeof(why)), -1);
	assert_int_equal(reload_possible(b, a, why, sizeof(why)), -1);
	conf_free(a);
	conf_free(b);
}

static void
a_new_target_restarts_the_mirror_alone(void **state)
{
	struct world	*w = *state;

	assert_int_equal(start(w, "mirror m { observe port 80, "
	    "forward to 192.0.2.1 port 80 }\n"), 0);
	reload_prepared(w->reload, ROLE_CAPTURE);
	reload_prepared(w->reload, ROLE_ANALYZER);
	reload_prepared(w->reload, ROLE_MIRROR);
	assert_non_null(strstr(w->log, "ok restart [+ mirror \"m\" {]"));
	w->log[0] = '\0';
	assert_int_equal(start(w, "mirror m { observe port 81, "
	    "forward to 192.0.2.1 port 80 }\n"), 0);
	reload_prepared(w->reload, ROLE_CAPTURE);
	reload_prepared(w->reload, ROLE_ANALYZER);
	reload_prepared(w->reload, ROLE_MIRROR);
	assert_non_null(strstr(w->log, "ok [  mirror \"m\" {] "
	    "[- \tobserve port 80] [+ \tobserve port 81]"));
}

/* Its jail knows the targets, whoever has them. */
static void
a_mirror_that_only_records_restarts_nothing(void **state)
{
	static const char	 m[] = "mirror m { observe port 80, "
	    "forward to 192.0.2.1 port 80 }\n",
	    n[] = "mirror n { observe port 80, record to "
	    "\"/var/db/netmond/n\" }\nmirror o { observe port 81, "
	    "forward to 192.0.2.1 port 80 }\n";
	struct conf		*a, *b;

	(void)state;
	a = parse_text("a", m, strlen(m), NULL, 0, parse_say_file, stderr);
	b = parse_text("b", n, strlen(n), NULL, 0, parse_say_file, stderr);
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(reload_restarts(a, b), 0);
	assert_int_equal(reload_restarts(b, a), 0);
	conf_free(b);
	b = parse_text("none", "", 0, NULL, 0, parse_say_file, stderr);
	assert_int_equal(reload_restarts(a, b), 1U << ROLE_MIRROR);
	assert_int_equal(reload_restarts(b, a), 1U << ROLE_MIRROR);
	conf_free(a);
	conf_free(b);
}

static void
no_change_has_no_lines(void **state)
{
	struct reload_lines	 l = { NULL, 0 };
	struct world		*w = *state;

	assert_int_equal(reload_changes(w->running, w->running, &l), 0);
	assert_int_equal(l.n, 0);
	reload_lines_clear(&l);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(all_prepared_is_in_force),
		T(a_filter_is_judged_beside_other_errors),
		T(one_refused_aborts_the_others),
		T(a_lost_child_aborts),
		T(a_silent_child_aborts_after_a_while),
		T(a_child_that_does_not_run_is_waited_for),
		T(a_child_that_does_not_come_aborts),
		T(a_bad_file_reaches_no_child_and_names_each_line),
		T(what_cannot_change_is_refused),
		T(the_group_of_the_user_may_be_named_or_not),
		T(the_group_of_a_user_is_that_of_the_machine),
		T(a_new_target_restarts_the_mirror_alone),
		T(a_mirror_that_only_records_restarts_nothing),
		T(no_change_has_no_lines)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
