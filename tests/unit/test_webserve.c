#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/compat.h"
#include "sandbox/policy.h"
#include "ui/webmsg.h"
#include "ui/webserve.h"

#define PAGE	(20U << 20)	/* two are more than one address may keep */

/* It asks us, as if we were the other half. */
static struct server {
	pid_t			 pid;
	int			 half;
	struct sockaddr_in	 at;
} server;

static void
serve(int half, int listener)
{
	struct webserve_conf	 conf = { .nlisten = 1, .nnets = 1,
				    .node = "fw" };

	if (addr_parse_net("127.0.0.0/8", &conf.net[0].addr,
	    &conf.net[0].bits) == -1)
		_exit(1);
	conf.listen[0] = fcntl(listener, F_DUPFD, 16);
	if (dup2(half, POLICY_FD_PARENT) == -1 ||
	    fcntl(POLICY_FD_PARENT, F_SETFL, O_NONBLOCK) == -1)
		_exit(1);
	_exit(webserve_run(&conf));
}

static int
setup(void **state)
{
	socklen_t	 len = sizeof(server.at);
	int		 fd[2], l;

	(void)state;
	memset(&server.at, 0, sizeof(server.at));
	server.at.sin_family = AF_INET;
	server.at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(l, (struct sockaddr *)&server.at, len), 0);
	assert_int_equal(listen(l, 8), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&server.at, &len),
	    0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	fflush(NULL);
	server.pid = fork();
	assert_true(server.pid != -1);
	if (server.pid == 0) {
		close(fd[0]);
		serve(fd[1], l);
	}
	close(l);
	close(fd[1]);
	server.half = fd[0];
	alarm(60);
	return 0;
}

static int
teardown(void **state)
{
	int	 status;

	(void)state;
	close(server.half);
	assert_int_equal(waitpid(server.pid, &status, 0), server.pid);
	assert_int_equal(status, 0);
	alarm(0);
	return 0;
}

/* A connection from 127.0.0.host that says a head. */
static int
say(uint32_t host, const char *head)
{
	struct sockaddr_in	 from = { .sin_family = AF_INET };
	const int		 small = 4096;
	int			 fd = socket(AF_INET, SOCK_STREAM, 0);

	from.sin_addr.s_addr = htonl((127U << 24) + host);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small,
	    sizeof(small)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&server.at,
	    sizeof(server.at)), 0);
	assert_int_equal(write(fd, head, strlen(head)), strlen(head));
	return fd;
}

/* What is asked for is answered with a page of n bytes. */
static void
answer(uint64_t n)
{
	struct webmsg_request	 r;
	struct webmsg_answer	 a = { .status = 200, .len = n };
	int			 page;

	assert_int_equal(webmsg_recv(server.half, &r, sizeof(r), &page),
	    sizeof(r));
	assert_int_equal(page, -1);
	a.id = r.id;
	page = memfd_create("page", 0);
	assert_int_equal(ftruncate(page, (off_t)n), 0);
	assert_int_equal(webmsg_send(server.half, &a, sizeof(a), page), 0);
	close(page);
}

/* The first bytes of what is said to it; the status. */
static int
status_of(int fd)
{
	char	 b[13] = "";

	assert_int_equal(recv(fd, b, sizeof(b) - 1, MSG_WAITALL),
	    sizeof(b) - 1);
	return atoi(b + strlen("HTTP/1.1 "));
}

static const char	 get[] = "GET / HTTP/1.1\r\nHost: fw\r\n\r\n";
static const char	 at_us[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

static void
who_reads_slowly_keeps_the_pages_of_one_address(void **state)
{
	int	 fd[4];
	size_t	 i;

	(void)state;
	fd[0] = say(2, at_us);
	answer(PAGE);
	assert_int_equal(status_of(fd[0]), 200);
	fd[1] = say(2, at_us);
	answer(PAGE);
	assert_int_equal(status_of(fd[1]), 503);
	for (i = 2; i < nitems(fd); i++) {
		fd[i] = say((uint32_t)i + 1, at_us);
		answer(PAGE);
		assert_int_equal(status_of(fd[i]), 200);
	}
	close(fd[0]);
	fd[0] = say(5, at_us);
	answer(PAGE);
	assert_int_equal(status_of(fd[0]), 200);
	for (i = 0; i < nitems(fd); i++)
		close(fd[i]);
}

/* What is asked for next; its number. */
static uint32_t
asked(const char *what)
{
	struct webmsg_request	 r;
	int			 page;

	assert_int_equal(webmsg_recv(server.half, &r, sizeof(r), &page),
	    sizeof(r));
	assert_int_equal(r.len, strlen(what));
	assert_memory_equal(r.target, what, r.len);
	return r.id;
}

static void
answer_nothing(uint32_t id)
{
	const struct webmsg_answer	 a = { .id = id, .status = 200 };
	int				 page = memfd_create("page", 0);

	assert_int_equal(webmsg_send(server.half, &a, sizeof(a), page), 0);
	close(page);
}

/* They may ask for what takes long, and go away meanwhile. */
static void
many_of_one_address_do_not_keep_others_from_asking(void **state)
{
	static const char	 much[] = "GET /much HTTP/1.1\r\n"
				    "Host: 127.0.0.1\r\n\r\n";
	const struct linger	 reset = { .l_onoff = 1 };
	uint32_t		 id[3];
	int			 fd[14], one;
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(fd); i++)
		fd[i] = say(2, much);
	one = say(3, "GET /one HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	id[0] = asked("/much");
	id[1] = asked("/much");
	id[2] = asked("/one");
	assert_int_equal(setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &reset,
	    sizeof(reset)), 0);
	close(fd[0]);
	for (i = 0; i < nitems(id); i++)
		answer_nothing(id[i]);
	assert_int_equal(status_of(one), 200);
	for (i = 2; i < nitems(fd); i++)
		answer_nothing(asked("/much"));
	for (i = 1; i < nitems(fd); i++) {
		assert_int_equal(status_of(fd[i]), 200);
		close(fd[i]);
	}
	close(one);
}

/* All that is said to a head. */
static char *
all(const char *head)
{
	static char	 b[8192];
	ssize_t		 n;
	size_t		 have = 0;
	int		 fd = say(1, head);

	while ((n = read(fd, b + have, sizeof(b) - 1 - have)) > 0)
		have += (size_t)n;
	close(fd);
	b[have] = '\0';
	return b;
}

/* RFC 9110, section 9.3.2. */
static void
what_answers_head_has_no_content(void **state)
{
	const char	*b;

	(void)state;
	b = strstr(all("HEAD / HTTP/1.1\r\nHost: evil\r\n\r\n"), "\r\n\r\n");
	assert_string_equal(b, "\r\n\r\n");
	b = strstr(all("HEAD / HTTP/1.1\r\n\r\n"), "\r\n\r\n");
	assert_string_equal(b, "\r\n\r\n");
	b = strstr(all(get), "\r\n\r\n");
	assert_non_null(strstr(b, "does not know itself"));
}

/* Nothing is kept for it, however slowly others are read. */
static void
what_answers_head_needs_no_room(void **state)
{
	int	 fd[2];

	(void)state;
	fd[0] = say(2, at_us);
	answer(PAGE);
	assert_int_equal(status_of(fd[0]), 200);
	fd[1] = say(2, "HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	answer(PAGE);
	assert_int_equal(status_of(fd[1]), 200);
	close(fd[0]);
	close(fd[1]);
}

/* Whoever looks with a browser sees the content alone. */
static void
a_refusal_says_more_than_its_status(void **state)
{
	static const struct {
		int		 status;
		const char	*line, *why;
	}		 bad[] = {
		{ 400, "GET / HTTP/1.1\r\n\r\n", "which host" },
		{ 414, NULL, "address of the page" },
		{ 431, NULL, "cookies" },
		{ 505, "GET / HTTP/2.0\r\nHost: fw\r\n\r\n", "HTTP/1" },
	};
	static char	 head[10000];
	const char	*b;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(bad); i++) {
		if (bad[i].status == 414)
			snprintf(head, sizeof(head), "GET /%0*d HTTP/1.1\r\n"
			    "Host: fw\r\n\r\n", WEBURL_MAX, 0);
		else if (bad[i].status == 431)
			snprintf(head, sizeof(head), "GET / HTTP/1.1\r\n"
			    "Host: fw\r\nCookie: a=%0*d\r\n\r\n", 9000, 0);
		else
			snprintf(head, sizeof(head), "%s", bad[i].line);
		b = all(head);
		assert_int_equal(atoi(b + strlen("HTTP/1.1 ")), bad[i].status);
		assert_non_null(strstr(strstr(b, "\r\n\r\n"), bad[i].why));
	}
}

/* The other half could not keep it, and has logged why. */
static void
a_page_that_is_not_there_is_our_fault(void **state)
{
	struct webmsg_answer	 a = { .status = 200 };
	char			 b[8192];
	ssize_t			 n;
	int			 fd;

	(void)state;
	fd = say(1, at_us);
	a.id = asked("/");
	assert_int_equal(webmsg_send(server.half, &a, sizeof(a), -1), 0);
	n = recv(fd, b, sizeof(b) - 1, MSG_WAITALL);
	assert_true(n > 0);
	b[n] = '\0';
	assert_int_equal(atoi(b + strlen("HTTP/1.1 ")), 500);
	assert_non_null(strstr(b, "logged"));
	assert_null(strstr(b, "http-equiv=\"refresh\""));
	close(fd);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(who_reads_slowly_keeps_the_pages_of_one_address),
		T(many_of_one_address_do_not_keep_others_from_asking),
		T(what_answers_head_has_no_content),
		T(what_answers_head_needs_no_room),
		T(a_refusal_says_more_than_its_status),
		T(a_page_that_is_not_there_is_our_fault),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
