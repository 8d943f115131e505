#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "ui/play.h"

#define SECOND	1000000ull
#define START	1700000000ull		/* of the recordings, seconds */
#define GET	"GET / HTTP/1.1\r\n\r\n"
#define POST	"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n"
#define UPGRADE	"GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n"

static char		 dir[] = "/tmp/test_play.XXXXXX";
static char		 name[64];
static struct recording	 rec;
static struct play	 play;
static size_t		*heard;		/* bytes, by a target */
static struct sockaddr_in target;
static struct addrinfo	 info = { .ai_family = AF_INET,
    .ai_addr = (struct sockaddr *)&target, .ai_addrlen = sizeof(target) };

/* ---- recordings ---- */

static FILE *
begin(void)
{
	FILE	*f;

	memset(&rec, 0, sizeof(rec));
	memset(&play, 0, sizeof(play));
	play.speed = 1;
	play.maxwait_us = UINT64_MAX;
	play.limit = 16;
	play.answer_us = SECOND;
	f = fopen(name, "w");
	assert_non_null(f);
	return f;
}

static void
end(FILE *f)
{
	assert_int_equal(fclose(f), 0);
	assert_int_equal(recording_read(&rec, name), 0);
	recording_arrange(&rec);
}

static void
put_piece(FILE *f, uint64_t after_us, const char *text, uint16_t port,
    bool answer)
{
	struct endpoint		 a = { .port = port }, b = { .port = 80 };
	struct record_way	 way;
	uint8_t			 head[RECORD_HEAD_MAX];
	size_t			 n;

	addr_from4(&a.addr, (const uint8_t [4]){ 192, 0, 2, 1 });
	addr_from4(&b.addr, (const uint8_t [4]){ 192, 0, 2, 2 });
	record_way(&way, answer ? &b : &a, answer ? &a : &b);
	n = record_put_gogetway(head, START * SECOND + after_us, &way,
	    strlen(text));
	fwrite(head, 1, n, f);
	fwrite(text, 1, strlen(text), f);
}

/* A piece of one connection, after that many microseconds. */
static void
piece(FILE *f, uint64_t after_us, const char *text)
{
	put_piece(f, after_us, text, 40000, false);
}

/* The pieces with which requests begin, a digit for each. */
static void
starts_are(const char *want)
{
	char	 got[32] = "";
	size_t	 i;

	for (i = 0; i < rec.npieces; i++)
		got[i] = rec.piece[i].start ? '1' : '0';
	assert_string_equal(got, want);
	assert_int_equal(rec.nconns, 1);
}

/* ---- targets ---- */

/* Reads a head, then resets. */
static void
resetting(int fd)
{
	struct linger	 l = { .l_onoff = 1, .l_linger = 0 };
	char		 in[1024];

	(void)!read(fd, in, sizeof(in));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

/* Answers each read at once, with its number. */
static void
early(int fd)
{
	static int	 n;
	char		 in[65536], out[64];

	n++;
	while (read(fd, in, sizeof(in)) > 0) {
		snprintf(out, sizeof(out), "HTTP/1.1 20%d \r\n"
		    "Content-Length: 0\r\n\r\n", n % 10);
		(void)!write(fd, out, strlen(out));
	}
}

/* Answers when 100 bytes of a body have come. */
static void
patient(int fd)
{
	static const char	 ok[] = "HTTP/1.1 200 \r\n"
	    "Content-Length: 0\r\n\r\n";
	char			 in[1024];
	ssize_t			 n;
	size_t			 got = 0;

	while (got < strlen(POST) + 100 && (n = read(fd, in, sizeof(in))) > 0)
		got += (size_t)n;
	(void)!write(fd, ok, sizeof(ok) - 1);
	(void)!read(fd, in, sizeof(in));
}

/* Turns to another protocol, and tells how much of it came to its end. */
static void
upgrading(int fd)
{
	static const char	 ok[] = "HTTP/1.1 101 \r\n\r\n";
	char			 in[1024];
	size_t			 got = 0;
	ssize_t			 n;

	(void)!read(fd, in, strlen(UPGRADE));
	(void)!write(fd, ok, sizeof(ok) - 1);
	while ((n = read(fd, in, sizeof(in))) > 0)
		got += (size_t)n;
	if (n == 0)
		*heard = got;
}

/* One connection after the other, in a process of its own. */
static pid_t
serve(void (*target_fn)(int))
{
	socklen_t	 len = sizeof(target);
	pid_t		 pid;
	int		 fd, c;

	memset(&target, 0, sizeof(target));
	target.sin_family = AF_INET;
	target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&target, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&target, &len), 0);
	if ((pid = fork()) == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(60);
		while ((c = accept(fd, NULL, NULL)) != -1) {
			target_fn(c);
			close(c);
		}
		_exit(0);
	}
	close(fd);
	assert_int_not_equal(pid, -1);
	return pid;
}

static void
run_to(const struct addrinfo *to, void (*target_fn)(int))
{
	pid_t	 pid;

	pid = serve(target_fn);
	play.target = to;
	/* What never comes to its end fails here. */
	alarm(30);
	play_run(&play, &rec);
	alarm(0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
run(void (*target_fn)(int))
{
	run_to(&info, target_fn);
}

/* ---- tests ---- */

static void
a_request_that_breaks_is_not_begun_again(void **state)
{
	static char	 body[65536];
	FILE		*f;
	int		 i;

	(void)state;
	f = begin();
	fprintf(f, "1 aaaa0050c0000201%08x %llu 0\nPOST / HTTP/1.1\r\n"
	    "Content-Length: 16777216\r\n\r\n", 1, START * 1000000000);
	for (i = 0; i < 256; i++)
		fwrite(body, 1, sizeof(body), f);
	fputs(RECORD_GOR_END, f);
	end(f);
	run(resetting);
	assert_int_equal(play.sent, 1);
	assert_int_equal(play.failed, 1);
	assert_int_equal(play.answers, 0);
}

/* The answer is not late while the body has not been sent. */
static void
a_slow_body_is_sent_to_its_end(void **state)
{
	char	 half[51];
	FILE	*f;

	(void)state;
	memset(half, 'b', sizeof(half) - 1);
	half[sizeof(half) - 1] = '\0';
	f = begin();
	piece(f, 0, POST);
	piece(f, 1000, half);
	piece(f, 700000, half);
	end(f);
	play.answer_us = 300000;
	run(patient);
	assert_int_equal(play.failed, 0);
	assert_int_equal(play.status[200], 1);
}

/* A line about a gap of the connection, after that many milliseconds. */
static void
gap_line_put(FILE *f, unsigned last_ms, unsigned next_ms)
{
	fprintf(f, "{\"time\":\"2023-11-14T22:13:21.000000+0000\","
	    "\"mirror\":\"m\",\"from\":\"192.0.2.1:40000\","
	    "\"to\":\"192.0.2.2:80\",\"flow_id\":1,"
	    "\"direction\":\"to_observed\",\"reason\":\"lost\","
	    "\"offset\":9,\"length\":91,"
	    "\"last_record\":\"2023-11-14T22:13:20.%03u000+0000\","
	    "\"next\":\"2023-11-14T22:13:20.%03u000+0000\"}\n",
	    last_ms, next_ms);
}

/* A target that does not wait for a body reads the next head as the rest. */
static void
behind_a_gap(const char *gaps_name)
{
	char	 gaps[80];
	FILE	*f;

	f = begin();
	piece(f, 0, GET);
	piece(f, 1000, POST);
	piece(f, 2000, "only this");
	piece(f, 900000, GET);
	piece(f, 901000, GET);
	snprintf(gaps, sizeof(gaps), "%s/%s", dir, gaps_name);
	assert_int_equal(fclose(f), 0);
	f = fopen(gaps, "w");
	assert_non_null(f);
	gap_line_put(f, 2, 900);
	/* Of the next file. */
	if (strcmp(gaps_name, "rec.gaps") != 0)
		gap_line_put(f, 950, 960);
	end(f);
	assert_int_equal(unlink(gaps), 0);
	assert_int_equal(rec.gaps, 1);
	run(early);
	assert_int_equal(play.status[201] >= 2, 1);
	assert_int_equal(play.status[202], 2);
	assert_int_equal(play.failed, 0);
}

static void
behind_a_gap_a_request_has_a_new_connection(void **state)
{
	(void)state;
	behind_a_gap("rec.gaps");
}

/* Rotation moves both files, not always in one second, or only one. */
static void
the_gaps_of_a_rotated_file_are_known(void **state)
{
	(void)state;
	snprintf(name, sizeof(name), "%s/rec.20231114T221330Z-01", dir);
	behind_a_gap("rec.gaps.20231114T221330Z");
	behind_a_gap("rec.gaps.20231114T221331Z-02");
	behind_a_gap("rec.gaps");
	unlink(name);
	snprintf(name, sizeof(name), "%s/rec", dir);
}

static void
a_body_may_read_like_a_request(void **state)
{
	FILE	*f;

	(void)state;
	f = begin();
	piece(f, 0, "POST / HTTP/1.1\r\ncontent-length : 16\r\n\r\n");
	piece(f, 1000, "HELLO");
	piece(f, 2000, " HELLO world");
	put_piece(f, 2500, "HTTP/1.1 100 Continue\r\n\r\n",
	    40000, true);
	put_piece(f, 3000, "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n",
	    40000, true);
	put_piece(f, 4000, "OK READY", 40000, true);
	put_piece(f, 5000, GET, 40000, true);
	piece(f, 6000, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
	piece(f, 7000, "12;x=y\r\n");
	piece(f, 8000, GET "\r\n0\r\n");
	piece(f, 9000, "X-Sum: 1\r\n\r\n");
	piece(f, 10000, GET);
	end(f);
	starts_are("10010001");
	/* As of a target's answers, only final ones count. */
	assert_int_equal(rec.status[100], 0);
	assert_int_equal(rec.status[200], 1);
}

/* As from a program that decompresses. */
static void
a_pipe_is_read_to_its_end(void **state)
{
	static const char	 text[] = "1 aaaa0050c000020100000001 1 0\n" GET
	    RECORD_GOR_END;
	char			 path[32];
	int			 p[2];

	(void)state;
	memset(&rec, 0, sizeof(rec));
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], text, sizeof(text) - 1),
	    sizeof(text) - 1);
	close(p[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", p[0]);
	assert_int_equal(recording_read(&rec, path), 0);
	recording_arrange(&rec);
	close(p[0]);
	assert_int_equal(rec.npieces, 1);
	assert_int_equal(rec.requests, 1);
}

static void
a_method_is_any_token(void **state)
{
	FILE	*f;

	(void)state;
	f = begin();
	piece(f, 0, "M-SEARCH / HTTP/1.1\r\n\r\n");
	piece(f, 1000, "get / HTTP/1.0\r\n\r\n");
	end(f);
	starts_are("11");
}

/* The last two: another connection from the same port, long after. */
static void
a_body_may_not_come(void **state)
{
	FILE	*f;

	(void)state;
	f = begin();
	piece(f, 0, "POST / HTTP/1.1\r\nExpect: 100-continue\r\n"
	    "Content-Length: 100\r\n\r\n");
	piece(f, 1000, POST);
	piece(f, 2000, GET);
	piece(f, 61 * SECOND, GET);
	piece(f, 61 * SECOND + 1, GET);
	end(f);
	starts_are("11011");
	assert_true(rec.piece[3].fresh);
	assert_false(rec.piece[4].fresh);
}

/* The body of the first goes on behind the second, which waits for room. */
static void
what_waits_for_room_is_no_standstill(void **state)
{
	char	 half[51];
	FILE	*f;

	(void)state;
	memset(half, 'x', 50);
	half[50] = '\0';
	f = begin();
	piece(f, 0, POST);
	piece(f, 1000, half);
	put_piece(f, 2000, POST, 40001, false);
	put_piece(f, 3000, half, 40001, false);
	piece(f, 4000, half);
	put_piece(f, 5000, half, 40001, false);
	end(f);
	play.limit = 1;
	run(patient);
	assert_int_equal(play.sent, 2);
	assert_int_equal(play.failed, 0);
	assert_int_equal(play.status[200], 2);
}

/* As localhost is, where the target listens on one of its addresses only. */
static void
the_next_address_of_a_name_is_tried(void **state)
{
	struct sockaddr_in	 closed = { .sin_family = AF_INET,
	    .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct addrinfo		 first[2] = {
		{ .ai_family = AF_UNSPEC, .ai_next = &first[1] },
		{ .ai_family = AF_INET, .ai_next = &info,
		    .ai_addr = (struct sockaddr *)&closed,
		    .ai_addrlen = sizeof(closed) }
	};
	FILE			*f;

	(void)state;
	f = begin();
	piece(f, 0, GET);
	piece(f, 1000, GET);
	end(f);
	run_to(first, early);
	assert_int_equal(play.sent, 2);
	assert_int_equal(play.answers, 2);
	assert_int_equal(play.dial_errors, 0);
	assert_int_equal(play.failed, 0);
}

static void
another_protocol_ends_in_order(void **state)
{
	FILE	*f;

	(void)state;
	f = begin();
	piece(f, 0, UPGRADE);
	piece(f, 10000, "some");
	piece(f, 20000, "thing");
	end(f);
	*heard = 0;
	run(upgrading);
	assert_int_equal(*heard, 9);
	assert_int_equal(play.failed, 0);
	assert_int_equal(play.status[101], 1);
}

static void
a_wait_may_be_cut_to_nothing(void **state)
{
	FILE	*f;

	(void)state;
	f = begin();
	piece(f, 0, GET);
	piece(f, 50 * SECOND, GET);
	end(f);
	assert_int_equal(play_duration(&play, &rec), 50 * SECOND);
	play.maxwait_us = SECOND;
	assert_int_equal(play_duration(&play, &rec), SECOND);
	play.maxwait_us = 0;
	assert_int_equal(play_duration(&play, &rec), 0);
}

static void
a_signal_ends_it_with_its_numbers(void **state)
{
	sigset_t	 set, old;
	FILE		*f;

	(void)state;
	f = begin();
	piece(f, 0, GET);
	piece(f, 3600 * SECOND, GET);
	end(f);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, &old), 0);
	assert_int_equal(raise(SIGINT), 0);
	run(early);
	assert_true(play.interrupted);
	assert_int_equal(play.sent, 1);
	assert_int_equal(play.failed + play.answers, 1);
	assert_int_equal(sigwaitinfo(&set, NULL), SIGINT);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static int
setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	heard = mmap(NULL, sizeof(*heard), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (heard == MAP_FAILED)
		return -1;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(name, sizeof(name), "%s/rec", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(name);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_request_that_breaks_is_not_begun_again),
		cmocka_unit_test(a_slow_body_is_sent_to_its_end),
		cmocka_unit_test(behind_a_gap_a_request_has_a_new_connection),
		cmocka_unit_test(the_gaps_of_a_rotated_file_are_known),
		cmocka_unit_test(a_body_may_read_like_a_request),
		cmocka_unit_test(a_pipe_is_read_to_its_end),
		cmocka_unit_test(a_method_is_any_token),
		cmocka_unit_test(a_body_may_not_come),
		cmocka_unit_test(another_protocol_ends_in_order),
		cmocka_unit_test(what_waits_for_room_is_no_standstill),
		cmocka_unit_test(the_next_address_of_a_name_is_tried),
		cmocka_unit_test(a_wait_may_be_cut_to_nothing),
		cmocka_unit_test(a_signal_ends_it_with_its_numbers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
