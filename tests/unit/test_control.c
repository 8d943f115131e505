/*
 * The control socket against a client that speaks raw frames. No child is
 * running: what they would answer is ERROR 75.
 */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/client.h"
#include "sandbox/row.h"
#include "tests/lib/cmocka_first.h"

struct fix {
	struct event_base *base;
	struct launcher	 launcher;
	struct supervise *supervise;
	struct control	*control;
	struct alerts	*alerts;
	struct conf	*conf;
	struct tally	 tally;
	int		 fd;		/* the client's end */
	unsigned	 lines;		/* of the log */
	char		 line[ALERTS_LINE_MAX];
	enum log_level	 level;
	uint8_t		 rx[FRAME_MAX];
};

static int
no_reload(const char *path, uint64_t cookie, void *arg)
{
	(void)path;
	(void)cookie;
	(void)arg;
	fail_msg("a client without rights reached the reload");
	return -1;
}

static void
no_verbose(uint32_t n, void *arg)
{
	(void)n;
	(void)arg;
	fail_msg("a client without rights reached the log level");
}

static void
no_terminate(void *arg)
{
	(void)arg;
	fail_msg("a client without rights ended the daemon");
}

static void
note(enum log_level level, const char *line, void *arg)
{
	struct fix	*x = arg;

	x->lines++;
	x->level = level;
	compat_strlcpy(x->line, line, sizeof(x->line));
}

static const struct control_ops ops = {
	no_reload, no_verbose, no_terminate, note
};

static int
setup(void **state)
{
	static const struct supervise_ops none;
	struct supervise_conf	 sc;
	struct control_conf	 cc;
	struct fix		*x = calloc(1, sizeof(*x));
	int			 fd[2], l[2];

	x->base = event_base_new();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
	    0, l), 0);
	x->launcher.fd = l[0];
	memset(&sc, 0, sizeof(sc));
	sc.base = x->base;
	sc.launcher = &x->launcher;
	sc.tally = &x->tally;
	sc.ops = &none;
	x->supervise = supervise_new(&sc);
	x->alerts = alerts_new(77);
	x->conf = conf_new();
	memset(&cc, 0, sizeof(cc));
	cc.base = x->base;
	cc.supervise = x->supervise;
	cc.alerts = x->alerts;
	cc.tally = &x->tally;
	cc.epoch = 77;
	cc.jail = "seccomp";
	cc.ops = &ops;
	cc.arg = x;
	x->control = control_new(&cc);
	control_set_conf(x->control, x->conf, 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
	    0, fd), 0);
	x->fd = fd[0];
	assert_int_equal(control_adopt(x->control, fd[1]), 0);
	*state = x;
	return 0;
}

static int
teardown(void **state)
{
	struct fix	*x = *state;

	control_free(x->control);
	supervise_free(x->supervise);
	alerts_free(x->alerts);
	conf_free(x->conf);
	event_base_free(x->base);
	close(x->fd);
	free(x);
	return 0;
}

static void
turn(struct fix *x)
{
	int	 i;

	for (i = 0; i < 4; i++)
		event_base_loop(x->base, EVLOOP_NONBLOCK);
}

/* Sends a frame whose body is in b (NULL: none). */
static void
ask(struct fix *x, uint16_t type, uint32_t request, const struct buf *b)
{
	static uint8_t	 out[FRAME_MAX];
	struct frame	 f;
	size_t		 n = b == NULL ? 0 : b->len;

	memset(&f, 0, sizeof(f));
	f.type = type;
	f.request = request;
	frame_put_header(out, &f, n);
	if (n > 0)
		memcpy(out + FRAME_HDR, b->r, n);
	assert_int_equal(send(x->fd, out, FRAME_HDR + n, 0), FRAME_HDR + n);
	turn(x);
}

/* The next frame's type, 0 when there is none, -1 when we were closed. */
static int
next(struct fix *x, struct frame *f)
{
	ssize_t	 n;

	n = recv(x->fd, x->rx, sizeof(x->rx), MSG_DONTWAIT);
	if (n == -1)
		return 0;
	if (n == 0)
		return -1;
	assert_int_equal(frame_get(f, x->rx, (size_t)n), 0);
	return f->type;
}

static void
greet(struct fix *x, uint32_t version)
{
	static uint8_t	 body[256];
	struct msg_hello m;
	struct frame	 f;
	struct buf	 b;

	memset(&m, 0, sizeof(m));
	m.version = version;
	buf_writer(&b, body, sizeof(body));
	msg_put_hello(&b, &m);
	b.r = body;
	ask(x, MSG_HELLO, 0, &b);
	assert_int_equal(next(x, &f), MSG_HELLO);
	assert_int_equal(msg_get_hello(&f.body, &m), 0);
	assert_int_equal(m.version, MSG_VERSION);
}

static void
show(struct fix *x, uint32_t subject, uint32_t request)
{
	static uint8_t		 body[1024];
	static struct msg_show	 m;
	struct buf		 b;

	memset(&m, 0, sizeof(m));
	m.subject = subject;
	buf_writer(&b, body, sizeof(body));
	msg_put_show(&b, &m);
	b.r = body;
	ask(x, MSG_SHOW, request, &b);
}

static uint32_t
error_status(struct fix *x, uint32_t request)
{
	static struct msg_text	 m;
	struct frame		 f;

	assert_int_equal(next(x, &f), MSG_ERROR);
	assert_int_equal(f.request, request);
	assert_int_equal(msg_get_text(&f.body, &m), 0);
	return m.number;
}

static void
the_parent_answers_for_itself(void **state)
{
	static const uint32_t	 own[] = {
		SHOW_VERSION, SHOW_PROCESSES, SHOW_TALLY, SHOW_CONFIG
	};
	struct fix		*x = *state;
	struct frame		 f;
	struct row		 r;
	uint32_t		 i;

	greet(x, MSG_VERSION);
	for (i = 0; i < 4; i++) {
		show(x, own[i], 100 + i);
		assert_int_equal(next(x, &f), MSG_ROW);
		assert_int_equal(f.request, 100 + i);
		while (buf_left(&f.body) > 0)
			assert_int_equal(row_get(&f.body, &r), 0);
		assert_int_equal(next(x, &f), MSG_END);
		assert_int_equal(f.request, 100 + i);
		assert_int_equal(next(x, &f), 0);
	}
}

static void
an_owner_that_is_not_there_is_an_error_to_try_again(void **state)
{
	struct fix	*x = *state;

	greet(x, MSG_VERSION);
	show(x, SHOW_HOSTS, 5);
	assert_int_equal(error_status(x, 5), 75);
	show(x, SHOW_MIRRORS, 6);
	assert_int_equal(error_status(x, 6), 75);
}

static void
words_that_change_something_need_root(void **state)
{
	static const uint16_t	 types[] = {
		MSG_RELOAD, MSG_ROTATE, MSG_TERMINATE
	};
	struct fix		*x = *state;
	struct buf		 b;
	uint8_t			 body[64];
	uint32_t		 i;

	greet(x, MSG_VERSION);
	for (i = 0; i < 3; i++) {
		ask(x, types[i], i, NULL);
		assert_int_equal(error_status(x, i), 1);
	}
	buf_writer(&b, body, sizeof(body));
	msg_put_number(&b, 1);
	b.r = body;
	ask(x, MSG_VERBOSITY, 9, &b);
	assert_int_equal(error_status(x, 9), 1);
}

static void
another_version_is_told_so_and_closed(void **state)
{
	struct fix	*x = *state;
	struct frame	 f;

	greet(x, MSG_VERSION + 1);
	assert_int_equal(error_status(x, 0), 65);
	ask(x, MSG_RELOAD, 1, NULL);
	assert_int_equal(next(x, &f), 0);
	assert_int_equal(x->tally.v[TALLY_PAR_CLIENTS], 0);
}

static void
nothing_is_answered_before_hello(void **state)
{
	struct fix	*x = *state;
	struct frame	 f;

	show(x, SHOW_VERSION, 1);
	assert_int_equal(next(x, &f), 0);
	assert_int_equal(x->tally.v[TALLY_PAR_CLIENTS], 0);
	assert_int_equal(x->tally.v[TALLY_PAR_CLIENTS_BAD], 1);
}

static void
a_malformed_frame_costs_the_connection_and_is_counted(void **state)
{
	struct fix	*x = *state;

	greet(x, MSG_VERSION);
	assert_int_equal(x->tally.v[TALLY_PAR_CLIENTS], 1);
	assert_int_equal(send(x->fd, "rubbish", 7, 0), 7);
	turn(x);
	assert_int_equal(x->tally.v[TALLY_PAR_CLIENTS], 0);
	assert_int_equal(x->tally.v[TALLY_PAR_CLIENTS_BAD], 1);
}

static void
a_malformed_word_for_mirror_costs_the_connection_not_mirror(void **state)
{
	struct fix	*x = *state;
	struct buf	 b;
	uint8_t		 body[8];

	memset(body, 0xff, sizeof(body));
	buf_writer(&b, body, sizeof(body));
	b.len = sizeof(body);
	b.r = body;
	greet(x, MSG_VERSION);
	ask(x, MSG_MIRROR, 1, &b);
	assert_int_equal(x->tally.v[TALLY_PAR_CLIENTS], 0);
	assert_int_equal(x->tally.v[TALLY_PAR_CLIENTS_BAD], 1);
}

/* ---- alerts ---- */

static void
put_top(struct buf *b, const char *host, double share)
{
	struct row_writer	 w;

	row_begin(&w, b, ROW_CONTRIBUTOR, 1);
	row_str(&w, host);
	row_double(&w, share);
	assert_int_equal(row_end(&w), 0);
}

static void
put_event(struct buf *b, const char *event, const char *severity)
{
	struct row_writer	 w;

	row_begin(&w, b, ROW_ALERT_EVENT, 0);
	row_u64(&w, 0);
	row_u64(&w, 0);
	row_u64(&w, 1000000);
	row_str(&w, event);
	row_str(&w, "high traffic\n");
	row_str(&w, "1-1");
	row_str(&w, "");
	row_str(&w, "messages");
	row_double(&w, 7001);
	row_double(&w, 7000);
	row_double(&w, 120);
	row_u64(&w, 0);
	row_u64(&w, 0);
	row_double(&w, strcmp(event, "cleared") == 0 ? 0.1043 : 0);
	row_double(&w, 7001);
	row_double(&w, 0.99996);
	row_str(&w, severity);
	row_bool(&w, false);
	row_bool(&w, false);
	row_str(&w, "count");
	row_u64(&w, 0);
	row_u64(&w, strcmp(event, "fired") == 0 ? 616 : 0);
	assert_int_equal(row_end(&w), 0);
}

static int
give_event(struct fix *x, const struct buf *b)
{
	struct frame	 f;

	memset(&f, 0, sizeof(f));
	buf_reader(&f.body, b->r, b->len);
	return control_alert(x->control, &f);
}

static int
alert(struct fix *x, const char *event, const char *severity)
{
	struct buf	 b;
	uint8_t		 body[1024];

	buf_writer(&b, body, sizeof(body));
	put_event(&b, event, severity);
	put_top(&b, "www.example.com", 0.61);
	put_top(&b, "x, y", 0.28);
	return give_event(x, &b);
}

static void
watch(struct fix *x, uint32_t flags, uint32_t last, uint64_t epoch,
    uint64_t after)
{
	static uint8_t	 body[64];
	struct msg_watch m;
	struct buf	 b;

	m.flags = flags;
	m.last = last;
	m.epoch = epoch;
	m.after = after;
	buf_writer(&b, body, sizeof(body));
	msg_put_watch(&b, &m);
	b.r = body;
	ask(x, MSG_WATCH, 42, &b);
}

/* The number of the next event; 0 none. missed may be NULL. */
static uint64_t
next_seq(struct fix *x, uint64_t *missed)
{
	struct frame	 f;
	struct row	 r;

	if (next(x, &f) != MSG_ROW)
		return 0;
	assert_int_equal(f.request, 42);
	assert_int_equal(row_get(&f.body, &r), 0);
	assert_int_equal(row_value(&r, "epoch")->u, 77);
	if (missed != NULL)
		*missed = row_value(&r, "missed")->u;
	return row_value(&r, "seq")->u;
}

static void
an_alert_is_logged_with_its_severity_and_escaped(void **state)
{
	struct fix	*x = *state;

	assert_int_equal(alert(x, "fired", "error"), 0);
	assert_int_equal(x->lines, 1);
	assert_int_equal(x->level, LOG_LEVEL_ERR);
	assert_null(strchr(x->line, '\n'));
	assert_non_null(strstr(x->line, "fired"));
	assert_non_null(strstr(x->line, "value=7001 limit=7000 span=120s"));
	assert_non_null(strstr(x->line, "complete=99.99%"));
	assert_non_null(strstr(x->line,
	    " top=\"www.example.com:61%,x\\x2c y:28%\" "));
	assert_non_null(strstr(x->line, " evidence=616 seq=77.1"));
	assert_null(strstr(x->line, "peak="));
	assert_int_equal(alert(x, "cleared", "error"), 0);
	assert_non_null(strstr(x->line, " after=0.1043s peak=7001"));
	assert_null(strstr(x->line, "evidence="));
	assert_int_equal(x->level, LOG_LEVEL_NOTICE);
}

static void
what_was_new_is_logged_beside_the_top(void **state)
{
	struct fix		*x = *state;
	struct row_writer	 w;
	struct buf		 b;
	uint8_t			 body[2048];

	buf_writer(&b, body, sizeof(body));
	put_event(&b, "fired", "error");
	put_top(&b, "a", 0.5);
	row_begin(&w, &b, ROW_NEW_KEY, 1);
	row_str(&w, "new\x1b,");
	assert_int_equal(row_end(&w), 0);
	assert_int_equal(give_event(x, &b), 0);
	assert_non_null(strstr(x->line, " top=a:50% new=new\\x1b\\x2c "
	    "evidence=616 seq="));
}

/* Whoever chooses a host does not choose where the pair ends. */
static void
long_hosts_of_an_alert_are_whole_and_end_in_their_quotes(void **state)
{
	struct fix	*x = *state;
	struct buf	 b;
	uint8_t		 body[2048];
	char		 host[251], want[700];
	size_t		 i;

	for (i = 0; i < sizeof(host) - 1; i++)
		host[i] = i % 2 == 0 ? 'a' : ' ';
	host[i] = '\0';
	buf_writer(&b, body, sizeof(body));
	put_event(&b, "fired", "error");
	put_top(&b, host, 0.5);
	put_top(&b, host, 0.25);
	assert_int_equal(give_event(x, &b), 0);
	snprintf(want, sizeof(want), " top=\"%s:50%%,%s:25%%\" ", host, host);
	assert_non_null(strstr(x->line, want));
	/* As many as there is room for. */
	for (i = 0; i < sizeof(host) - 1; i++)
		host[i] = '"';
	buf_writer(&b, body, sizeof(body));
	put_event(&b, "fired", "error");
	put_top(&b, "first", 0.5);
	for (i = 0; i < 5; i++)
		put_top(&b, host, 0.1);
	assert_int_equal(give_event(x, &b), 0);
	assert_non_null(strstr(x->line, "\\\":10%\" evidence=616 seq="));
}

static void
of_too_many_alerts_the_log_gets_not_all(void **state)
{
	struct fix	*x = *state;
	unsigned	 i;

	for (i = 0; i < 20000; i++)
		assert_int_equal(alert(x, "fired", "error"), 0);
	assert_true(x->lines >= 1000 && x->lines < 2000);
	assert_int_equal(x->lines + x->tally.v[TALLY_PAR_LINES_HELD], 20000);
	assert_int_equal(alerts_last(x->alerts), 20000);
}

static void
a_watcher_gets_the_last_and_what_follows(void **state)
{
	struct fix	*x = *state;
	struct frame	 f;

	greet(x, MSG_VERSION);
	alert(x, "fired", "warning");
	alert(x, "cleared", "warning");
	alert(x, "fired", "warning");
	watch(x, WATCH_ALERTS, 2, 0, 0);
	assert_int_equal(next_seq(x, NULL), 2);
	assert_int_equal(next_seq(x, NULL), 3);
	assert_int_equal(next(x, &f), MSG_END);
	watch(x, WATCH_ALERTS | WATCH_FOLLOW, 0, 0, 0);
	assert_int_equal(next(x, &f), 0);
	alert(x, "cleared", "warning");
	turn(x);
	assert_int_equal(next_seq(x, NULL), 4);
}

static void
a_watcher_goes_on_where_it_was_and_is_told_what_it_missed(void **state)
{
	struct fix	*x = *state;
	struct frame	 f;
	uint64_t	 missed;
	int		 i;

	greet(x, MSG_VERSION);
	for (i = 0; i < 3; i++)
		alert(x, "fired", "warning");
	watch(x, WATCH_ALERTS, 0, 77, 2);
	assert_int_equal(next_seq(x, &missed), 3);
	assert_int_equal(missed, 0);
	assert_int_equal(next(x, &f), MSG_END);
	for (i = 0; i < ALERTS_KEPT + 10; i++)
		alert(x, "fired", "warning");
	watch(x, WATCH_ALERTS, 0, 77, 3);
	assert_int_equal(next_seq(x, &missed), 14);
	assert_int_equal(missed, 10);
	assert_int_equal(next_seq(x, &missed), 15);
	assert_int_equal(missed, 0);
	assert_int_equal(x->tally.v[TALLY_PAR_ALERTS_MISSED], 10);
}

/* It had a line of the daemon before this one. */
static void
a_watcher_is_told_what_it_missed_of_a_new_daemon(void **state)
{
	struct fix	*x = *state;
	uint64_t	 missed;
	int		 i;

	greet(x, MSG_VERSION);
	for (i = 0; i < ALERTS_KEPT + 10; i++)
		alert(x, "fired", "warning");
	watch(x, WATCH_ALERTS, 0, 76, 3);
	assert_int_equal(next_seq(x, &missed), 11);
	assert_int_equal(missed, 10);
	assert_int_equal(next_seq(x, &missed), 12);
	assert_int_equal(missed, 0);
}

static bool	 no_memory;

void		*__real_malloc(size_t);
void		*__wrap_malloc(size_t);

void *
__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

/* Its sender did nothing wrong. */
static void
an_alert_without_memory_is_counted(void **state)
{
	struct fix	*x = *state;
	int		 rv;

	no_memory = true;
	rv = alert(x, "fired", "warning");
	no_memory = false;
	assert_int_equal(rv, 0);
	assert_int_equal(alerts_last(x->alerts), 0);
	assert_int_equal(x->tally.v[TALLY_PAR_ALERTS_LOST], 1);
	assert_int_equal(alert(x, "fired", "warning"), 0);
	assert_int_equal(alerts_last(x->alerts), 1);
}

static void
an_event_that_is_none_is_refused(void **state)
{
	struct fix	*x = *state;
	struct frame	 f;

	memset(&f, 0, sizeof(f));
	buf_reader(&f.body, (const uint8_t *)"rubbish!", 8);
	assert_int_equal(control_alert(x->control, &f), -1);
	buf_reader(&f.body, (const uint8_t *)"", 0);
	assert_int_equal(control_alert(x->control, &f), -1);
	assert_int_equal(alerts_last(x->alerts), 0);
	assert_int_equal(x->lines, 0);
}

/* The status of the answer to uid, who would provide the hook "mask". */
static uint32_t
provide_as(struct fix *x, uid_t uid)
{
	static uint8_t		 body[1024];
	static struct msg_show	 m;
	struct buf		 b;

	TAILQ_FIRST(&x->control->clients)->uid = uid;
	memset(&m, 0, sizeof(m));
	m.nargs = 1;
	compat_strlcpy(m.args[0], "mask", sizeof(m.args[0]));
	buf_writer(&b, body, sizeof(body));
	msg_put_show(&b, &m);
	b.r = body;
	ask(x, MSG_HOOK, 1, &b);
	return error_status(x, 1);
}

/* No mirror is there: whoever may provide the hook is told to try again. */
static void
a_hook_of_both_sides_may_have_the_user_of_either(void **state)
{
	struct fix		*x = *state;
	struct conf_mirror	*m = conf_add_mirror(x->conf);

	compat_strlcpy(m->record_hook, "mask", sizeof(m->record_hook));
	compat_strlcpy(m->record_hook_user, "daemon",
	    sizeof(m->record_hook_user));
	compat_strlcpy(m->forward_hook, "mask", sizeof(m->forward_hook));
	compat_strlcpy(m->forward_hook_user, "bin",
	    sizeof(m->forward_hook_user));
	greet(x, MSG_VERSION);
	assert_int_equal(provide_as(x, 1), STATUS_AGAIN);
	assert_int_equal(provide_as(x, 2), STATUS_AGAIN);
	assert_int_equal(provide_as(x, 3), STATUS_REFUSED);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(the_parent_answers_for_itself),
		TEST(an_owner_that_is_not_there_is_an_error_to_try_again),
		TEST(words_that_change_something_need_root),
		TEST(another_version_is_told_so_and_closed),
		TEST(nothing_is_answered_before_hello),
		TEST(a_malformed_frame_costs_the_connection_and_is_counted),
		TEST(
		    a_malformed_word_for_mirror_costs_the_connection_not_mirror
		    ),
		TEST(an_alert_is_logged_with_its_severity_and_escaped),
		TEST(what_was_new_is_logged_beside_the_top),
		TEST(long_hosts_of_an_alert_are_whole_and_end_in_their_quotes),
		TEST(of_too_many_alerts_the_log_gets_not_all),
		TEST(a_watcher_gets_the_last_and_what_follows),
		TEST(
		    a_watcher_goes_on_where_it_was_and_is_told_what_it_missed),
		TEST(a_watcher_is_told_what_it_missed_of_a_new_daemon),
		TEST(an_alert_without_memory_is_counted),
		TEST(an_event_that_is_none_is_refused),
		TEST(a_hook_of_both_sides_may_have_the_user_of_either),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
