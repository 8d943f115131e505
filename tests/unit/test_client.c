#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/compat.h"
#include "ui/client.h"

/* The daemon's end of a pair; answers are written before they are read. */
struct peer {
	struct client	 c;
	struct doc	 doc;
	int		 fd;
};

static int
setup(void **state)
{
	static struct peer	 p;
	int			 fds[2];

	memset(&p, 0, sizeof(p));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	assert_int_equal(client_init(&p.c), CLIENT_OK);
	assert_int_equal(client_take(&p.c, fds[0]), CLIENT_OK);
	p.c.timeout_ms = 100;
	p.fd = fds[1];
	doc_init(&p.doc);
	*state = &p;
	return 0;
}

static int
teardown(void **state)
{
	struct peer	*p = *state;

	if (p->c.fd != -1)
		close(p->c.fd);
	client_free(&p->c);
	doc_clear(&p->doc);
	if (p->fd != -1)
		close(p->fd);
	return 0;
}

static void
say(struct peer *p, uint16_t type, uint32_t request, const struct buf *b)
{
	static uint8_t	 tx[FRAME_MAX];
	struct frame	 f;
	size_t		 n = b == NULL ? 0 : b->len;

	memset(&f, 0, sizeof(f));
	f.type = type;
	f.request = request;
	frame_put_header(tx, &f, n);
	if (n > 0)
		memcpy(tx + FRAME_HDR, b->r, n);
	assert_int_equal(send(p->fd, tx, FRAME_HDR + n, 0),
	    (ssize_t)(FRAME_HDR + n));
}

static void
hello(struct peer *p, uint32_t version)
{
	static uint8_t	 bytes[1024];
	struct msg_hello h;
	struct buf	 b;

	memset(&h, 0, sizeof(h));
	h.version = version;
	compat_strlcpy(h.text, "9.9\033", sizeof(h.text));
	buf_writer(&b, bytes, sizeof(bytes));
	msg_put_hello(&b, &h);
	buf_reader(&b, bytes, b.len);

	say(p, MSG_HELLO, 0, &b);
}

static void
row(struct peer *p, uint32_t request, const char *text)
{
	static uint8_t	 bytes[1024];
	struct row_writer w;
	struct buf	 b, r;

	buf_writer(&b, bytes, sizeof(bytes));
	row_begin(&w, &b, ROW_TEXT, 0);
	row_str(&w, text);
	row_str(&w, "");
	assert_int_equal(row_end(&w), 0);
	buf_reader(&r, bytes, b.len);
	r.len = b.len;
	say(p, MSG_ROW, request, &r);
}

static void
the_first_frame_is_a_greeting(void **state)
{
	struct peer	*p = *state;
	struct msg_hello h;
	struct frame	 f;
	uint8_t		 rx[4096];
	ssize_t		 n;

	n = recv(p->fd, rx, sizeof(rx), 0);
	assert_true(n > 0);
	assert_int_equal(frame_get(&f, rx, (size_t)n), 0);
	assert_int_equal(f.type, MSG_HELLO);
	assert_int_equal(msg_get_hello(&f.body, &h), 0);
	assert_int_equal(h.version, MSG_VERSION);
}

static void
rows_come_until_end_and_strays_are_skipped(void **state)
{
	struct peer	*p = *state;

	hello(p, MSG_VERSION);
	row(p, 7, "of another request");
	row(p, 1, "one");
	row(p, 1, "two");
	say(p, MSG_END, 1, NULL);
	assert_int_equal(client_ask(&p->c, MSG_RELOAD, NULL, &p->doc),
	    CLIENT_OK);
	assert_int_equal(p->doc.n, 2);
	assert_int_equal(p->c.hello.version, MSG_VERSION);
}

static void
another_version_is_named(void **state)
{
	struct peer	*p = *state;

	hello(p, MSG_VERSION + 1);
	assert_int_equal(client_ask(&p->c, MSG_RELOAD, NULL, &p->doc),
	    CLIENT_DATA);
	assert_non_null(strstr(p->c.why, "daemon speaks version 2 of"));
	assert_non_null(strstr(p->c.why, "; use the netmonctl that"));
}

/* Its greeting is longer or shorter, and it goes before it is asked. */
static void
another_version_is_named_when_it_hung_up(void **state)
{
	static uint8_t	 bytes[] = { 0, 0, 0, 0, 'n', 'e', 'w' };
	struct peer	*p = *state;
	struct buf	 b;

	buf_reader(&b, bytes, sizeof(bytes));
	say(p, MSG_HELLO, 0, &b);
	close(p->fd);
	p->fd = -1;
	assert_int_equal(client_ask(&p->c, MSG_RELOAD, NULL, &p->doc),
	    CLIENT_DATA);
	assert_non_null(strstr(p->c.why, "daemon speaks version 0 of"));
	assert_non_null(strstr(p->c.why, "; restart the daemon"));
}

static void
an_error_brings_its_status_and_text(void **state)
{
	static uint8_t	 bytes[2048];
	struct peer	*p = *state;
	struct msg_text	 t;
	struct buf	 b, r;

	memset(&t, 0, sizeof(t));
	t.number = CLIENT_PERM;
	compat_strlcpy(t.text, "only root may\033[1m", sizeof(t.text));
	buf_writer(&b, bytes, sizeof(bytes));
	msg_put_text(&b, &t);
	buf_reader(&r, bytes, b.len);
	r.len = b.len;
	say(p, MSG_ERROR, 1, &r);
	assert_int_equal(client_ask(&p->c, MSG_RELOAD, NULL, &p->doc),
	    CLIENT_PERM);
	assert_true(p->c.refused);
	assert_string_equal(p->c.why, "only root may\\x1b[1m");
}

static void
silence_and_the_end_are_told_apart(void **state)
{
	struct peer	*p = *state;

	assert_int_equal(client_ask(&p->c, MSG_RELOAD, NULL, &p->doc),
	    CLIENT_LATE);
	assert_false(p->c.refused);
	close(p->fd);
	p->fd = -1;
	assert_int_equal(client_collect(&p->c, &p->doc), CLIENT_AWAY);
}

/* A daemon that drips rows, in a process of its own. */
static pid_t
drip(struct peer *p)
{
	pid_t	 pid;
	int	 i;

	if ((pid = fork()) != 0)
		return pid;
	for (i = 0; i < 200; i++) {
		usleep(20000);
		row(p, 1, "and on");
	}
	_exit(0);
}

static void
an_answer_without_an_end_is_given_up(void **state)
{
	struct peer	*p = *state;
	pid_t		 pid;
	int		 i;

	for (i = 0; i < 20; i++)
		row(p, 1, "on and on");
	p->c.answer_max = 100;
	assert_int_equal(client_ask(&p->c, MSG_RELOAD, NULL, &p->doc),
	    CLIENT_DATA);
	assert_true(p->doc.len < 200);
	p->c.answer_max = CLIENT_ANSWER_MAX;
	pid = drip(p);
	assert_true(pid > 0);
	close(p->fd);
	p->fd = -1;
	assert_int_equal(client_collect(&p->c, &p->doc), CLIENT_LATE);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
what_is_no_frame_or_no_row_is_refused(void **state)
{
	struct peer	*p = *state;
	uint8_t		 junk[64];
	struct buf	 b;

	memset(junk, 0xff, sizeof(junk));
	assert_int_equal(client_send(&p->c, MSG_RELOAD, NULL), CLIENT_OK);
	assert_int_equal(send(p->fd, junk, sizeof(junk), 0), 64);
	assert_int_equal(client_collect(&p->c, &p->doc), CLIENT_DATA);
	buf_reader(&b, junk, sizeof(junk));
	b.len = sizeof(junk);
	say(p, MSG_ROW, 1, &b);
	assert_int_equal(client_collect(&p->c, &p->doc), CLIENT_DATA);
	say(p, MSG_STOP, 1, NULL);
	assert_int_equal(client_collect(&p->c, &p->doc), CLIENT_DATA);
}

static void
a_socket_that_is_not_there_is_away(void **state)
{
	struct peer	*p = *state;
	static char	 path[256];

	assert_int_equal(client_open(&p->c, "/nonexistent/s"), CLIENT_AWAY);
	memset(path, 'x', sizeof(path) - 1);
	assert_int_equal(client_open(&p->c, path), CLIENT_USAGE);
}

/* connect(2) would wait for as long as it hangs. */
static void
a_full_queue_is_not_waited_for_without_end(void **state)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	struct peer		*p = *state;
	char			 dir[] = "/tmp/test_client.XXXXXX";
	int			 daemon, other;

	assert_non_null(mkdtemp(dir));
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/s", dir);
	daemon = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	other = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	assert_int_equal(bind(daemon, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	assert_int_equal(listen(daemon, 0), 0);
	assert_int_equal(connect(other, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	p->c.timeout_ms = 100;
	alarm(20);
	assert_int_equal(client_open(&p->c, sun.sun_path), CLIENT_LATE);
	alarm(0);
	assert_non_null(strstr(p->c.why, "timed out"));
	close(other);
	close(daemon);
	unlink(sun.sun_path);
	rmdir(dir);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_frame_is_a_greeting),
		T(rows_come_until_end_and_strays_are_skipped),
		T(another_version_is_named),
		T(another_version_is_named_when_it_hung_up),
		T(an_error_brings_its_status_and_text),
		T(silence_and_the_end_are_told_apart),
		T(an_answer_without_an_end_is_given_up),
		T(what_is_no_frame_or_no_row_is_refused),
		T(a_socket_that_is_not_there_is_away),
		T(a_full_queue_is_not_waited_for_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
