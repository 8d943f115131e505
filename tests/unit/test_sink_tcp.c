#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mirror/sink_tcp.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"

#define REQUEST		"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define LEG		{ .counted = &(bool){ false } }
#define ANSWER		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static struct event_base *base;
static struct sink_tcp	*sink;
static struct endpoint	 target, own;
static int		 listener;
static uint64_t		 lost[SINK_LOST_MAX], connections, errors, backs;
static uint64_t		 lost_requests[SINK_LOST_MAX];
static int		 own_open;
static uint64_t		 clock_us = 1000000;
static struct mem	 mem = { .limit = 1 << 20 };
static struct compare	*compare;	/* of the next fresh() */

static void
on_lost(void *arg, enum sink_lost why, uint64_t bytes, uint64_t requests,
    bool first)
{
	(void)arg;
	lost[why] += bytes;
	lost_requests[why] += requests;
	connections += first;
}

static void
on_own(void *arg, const struct endpoint *source, const struct endpoint *to,
    bool gone)
{
	(void)arg;
	assert_int_equal(endpoint_cmp(to, &target), 0);
	assert_int_not_equal(source->port, 0);
	own = *source;
	own_open += gone ? -1 : 1;
}

static void
on_error(void *arg, enum sink_lost why, int error)
{
	(void)arg;
	(void)why;
	(void)error;
	errors++;
}

static void
on_back(void *arg)
{
	(void)arg;
	backs++;
}

static uint64_t
on_clock(void)
{
	return clock_us;
}

static void
listen_on(const char *where)
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET };
	socklen_t		 len = sizeof(sin);
	char			 s[32];

	listener = socket(AF_INET, SOCK_STREAM, 0);
	sin.sin_addr.s_addr = inet_addr(where);
	assert_int_equal(bind(listener, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sin,
	    &len), 0);
	assert_int_equal(listen(listener, 64), 0);
	snprintf(s, sizeof(s), "%s:%u", where, ntohs(sin.sin_port));
	assert_int_equal(endpoint_parse(s, &target), 0);
}

static void
fresh(uint64_t limit, unsigned max_open)
{
	struct sink_tcp_conf	 c = { .timeout_us = 5000000,
	    .limit = limit, .backoff_min_us = 100000,
	    .backoff_max_us = 5000000, .max_open = max_open,
	    .compare = compare, .clock = on_clock, .lost = on_lost,
	    .own = on_own, .error = on_error, .back = on_back };

	base = event_base_new();
	listen_on("127.0.0.1");
	c.base = base;
	c.target = target;
	memset(lost, 0, sizeof(lost));
	memset(lost_requests, 0, sizeof(lost_requests));
	connections = errors = backs = 0;
	own_open = 0;
	sink = sink_tcp_new(&c);
	sink_tcp_tick(sink, clock_us);
}

static void
done(void)
{
	sink_tcp_free(sink);
	assert_int_equal(own_open, 0);
	event_base_free(base);
	if (listener != -1)
		close(listener);
}

static void
pass(uint64_t us)
{
	clock_us += us;
	sink_tcp_tick(sink, clock_us);
}

/* Lets events happen for some milliseconds. */
static void
turn(void)
{
	struct timespec	 ts = { .tv_nsec = 2000000 };
	int		 i;

	for (i = 0; i < 10; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		sink_tcp_flush(sink);
		nanosleep(&ts, NULL);
	}
}

static void
put(struct sink_leg *leg, enum framer_part part, const char *s)
{
	struct chunk	 c = { .data = (const uint8_t *)s,
	    .len = strlen(s), .part = (uint8_t)part };

	sink_tcp_data(sink, leg, &c);
	sink_tcp_flush(sink);
}

static void
ask(struct sink_leg *leg)
{
	put(leg, FRAMER_REQUEST, REQUEST);
	sink_tcp_end(sink, leg);
}

static int
taken(void)
{
	int	 fd;

	fcntl(listener, F_SETFL, O_NONBLOCK);
	turn();
	fd = accept(listener, NULL, NULL);
	if (fd != -1)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static const char *
heard(int fd)
{
	static char	 s[65536];
	ssize_t		 n;

	turn();
	n = recv(fd, s, sizeof(s) - 1, 0);
	if (n == -1)
		return errno == EAGAIN ? "wait" : "reset";
	s[n] = '\0';
	return s;
}

static void
answer(int fd)
{
	uint64_t	 before = sink_tcp_stats(sink)->answers;
	int		 i;

	assert_int_equal(send(fd, ANSWER, strlen(ANSWER), 0),
	    strlen(ANSWER));
	/* A busy machine delivers late. */
	for (i = 0; i < 100 && sink_tcp_stats(sink)->answers == before; i++)
		turn();
}

static void
a_request_is_answered_and_then_reset(void **state)
{
	struct sink_leg	 leg = LEG;
	int		 fd;

	(void)state;
	fresh(65536, 10);
	ask(&leg);
	assert_int_equal(own_open, 1);
	fd = taken();
	assert_string_equal(heard(fd), REQUEST);
	sink_tcp_close(sink, &leg);
	assert_string_equal(heard(fd), "wait");
	answer(fd);
	assert_string_equal(heard(fd), "reset");
	assert_true(sink_tcp_idle(sink));
	assert_int_equal(sink_tcp_stats(sink)->answers, 1);
	assert_int_equal(sink_tcp_stats(sink)->answer_bytes, strlen(ANSWER));
	assert_int_equal(sink_tcp_stats(sink)->status[200], 1);
	assert_int_equal(connections, 0);
	close(fd);
	done();
}

static void
without_an_answer_it_is_half_closed_and_then_closed(void **state)
{
	struct sink_leg	 leg = LEG;
	int		 fd;

	(void)state;
	fresh(65536, 10);
	ask(&leg);
	fd = taken();
	assert_string_equal(heard(fd), REQUEST);
	sink_tcp_close(sink, &leg);
	pass(4900000);
	assert_string_equal(heard(fd), "wait");
	pass(200000);
	assert_string_equal(heard(fd), "");
	assert_false(sink_tcp_idle(sink));
	pass(5000000);
	assert_true(sink_tcp_idle(sink));
	assert_int_equal(sink_tcp_stats(sink)->unanswered, 1);
	close(fd);
	done();
}

static void
only_a_head_opens_a_connection(void **state)
{
	struct sink_leg	 leg = LEG;

	(void)state;
	fresh(65536, 10);
	put(&leg, FRAMER_BODY, "x=1");
	put(&leg, FRAMER_UNMARKED, "\r\n");
	assert_int_equal(sink_tcp_stats(sink)->open, 0);
	assert_int_equal(lost[SINK_LOST_GAP], 5);
	ask(&leg);
	assert_int_equal(sink_tcp_stats(sink)->open, 1);
	sink_tcp_close(sink, &leg);
	done();
}

static void
after_a_gap_the_next_head_opens_a_new_one(void **state)
{
	struct sink_leg	 leg = LEG;
	int		 a, b;

	(void)state;
	fresh(65536, 10);
	ask(&leg);
	put(&leg, FRAMER_REQUEST, REQUEST);	/* its body is lost */
	a = taken();
	heard(a);
	sink_tcp_gap(sink, &leg);
	put(&leg, FRAMER_BODY, "rest");
	assert_int_equal(lost[SINK_LOST_GAP], 4);
	ask(&leg);
	b = taken();
	assert_string_equal(heard(b), REQUEST);
	/* The whole request of the first one still gets its answer. */
	answer(a);
	assert_string_equal(heard(a), "reset");
	assert_int_equal(sink_tcp_stats(sink)->answers, 1);
	close(a);
	close(b);
	sink_tcp_close(sink, &leg);
	done();
}

static void
over_the_limit_a_connection_loses_its_rest(void **state)
{
	struct sink_leg	 leg = LEG, other = LEG;
	char		 body[101];

	(void)state;
	fresh(strlen(REQUEST) + 100, 10);
	memset(body, 'x', 100);
	body[100] = '\0';
	put(&leg, FRAMER_REQUEST, REQUEST);	/* not yet connected */
	put(&leg, FRAMER_BODY, body);
	assert_int_equal(connections, 0);
	put(&leg, FRAMER_BODY, "y");
	assert_int_equal(lost[SINK_LOST_QUEUE], strlen(REQUEST) + 101);
	assert_int_equal(connections, 1);
	ask(&leg);
	assert_int_equal(sink_tcp_stats(sink)->open, 0);
	assert_int_equal(connections, 1);
	/* Others are not touched. */
	ask(&other);
	assert_int_equal(sink_tcp_stats(sink)->open, 1);
	sink_tcp_close(sink, &other);
	done();
}

static void
a_refusing_target_is_tried_by_one_at_a_time(void **state)
{
	struct sink_leg	 a = LEG, b = LEG, c = LEG;
	int		 fd;

	(void)state;
	fresh(65536, 10);
	close(listener);
	listener = -1;
	ask(&a);
	turn();
	assert_int_equal(lost[SINK_LOST_REFUSED], strlen(REQUEST));
	assert_string_equal(sink_tcp_state(sink), "retry");
	ask(&b);
	assert_int_equal(lost[SINK_LOST_BACKOFF], strlen(REQUEST));
	pass(100000);
	ask(&a);
	ask(&b);			/* a is trying */
	assert_int_equal(lost[SINK_LOST_BACKOFF], 2 * strlen(REQUEST));
	turn();
	assert_int_equal(connections, 2);
	/* Twice as long, and never longer than the most. */
	pass(150000);
	ask(&b);
	assert_int_equal(lost[SINK_LOST_BACKOFF], 3 * strlen(REQUEST));
	pass(60000);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	fd = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &fd, sizeof(fd));
	{
		struct sockaddr_in	 sin = { .sin_family = AF_INET,
		    .sin_port = htons(target.port) };

		sin.sin_addr.s_addr = inet_addr("127.0.0.1");
		assert_int_equal(bind(listener, (struct sockaddr *)&sin,
		    sizeof(sin)), 0);
		assert_int_equal(listen(listener, 5), 0);
	}
	ask(&c);
	fd = taken();
	assert_true(fd != -1);
	assert_int_equal(backs, 1);
	assert_string_equal(heard(fd), REQUEST);
	assert_string_equal(sink_tcp_state(sink), "up");
	close(fd);
	sink_tcp_close(sink, &c);
	done();
}

static void
a_silent_target_is_given_up_after_the_timeout(void **state)
{
	struct sink_leg	 leg = LEG;

	(void)state;
	fresh(65536, 10);
	/* No event is handled, so the dial never ends. */
	ask(&leg);
	pass(4900000);
	assert_int_equal(lost[SINK_LOST_TIMEOUT], 0);
	pass(200000);
	assert_int_equal(lost[SINK_LOST_TIMEOUT], strlen(REQUEST));
	assert_int_equal(connections, 1);
	done();
}

static void
a_target_that_closes_between_two_requests_costs_nothing(void **state)
{
	struct sink_leg	 leg = LEG;
	int		 a, b;

	(void)state;
	fresh(65536, 10);
	ask(&leg);
	a = taken();
	heard(a);
	answer(a);
	close(a);
	turn();
	assert_int_equal(sink_tcp_stats(sink)->open, 0);
	ask(&leg);
	b = taken();
	assert_string_equal(heard(b), REQUEST);
	answer(b);
	assert_int_equal(connections, 0);
	assert_int_equal(sink_tcp_stats(sink)->answers, 2);
	close(b);
	sink_tcp_close(sink, &leg);
	done();
}

#define LAST	"HTTP/1.1 200 OK\r\nConnection: close\r\n" \
		"Content-Length: 2\r\n\r\nhi"

static void
say(int fd, const char *s)
{
	assert_int_equal(send(fd, s, strlen(s), 0), strlen(s));
	turn();
}

/* What a closing target has not looked at goes over a new connection. */
static void
requests_behind_a_last_answer_go_again(void **state)
{
	static const char *const	 last[] = { LAST,
	    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
	    "HTTP/1.0 200 OK\r\nContent-Type: a\r\n\r\nhi",
	    "HTTP/1.1 200 OK\r\nContent-Type: a\r\n\r\nhi" };
	struct sink_leg	 leg;
	int		 a, b;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(last); i++) {
		leg = (struct sink_leg)LEG;
		fresh(65536, 1);
		ask(&leg);
		put(&leg, FRAMER_REQUEST, "HEAD /2 H\r\n\r\n");
		sink_tcp_end(sink, &leg);
		a = taken();
		heard(a);
		put(&leg, FRAMER_REQUEST, "POST /3 H\r\n\r\n");
		put(&leg, FRAMER_BODY, "bo");
		say(a, last[i]);
		close(a);
		/* One at a time, as it was the last time. */
		b = taken();
		assert_string_equal(heard(b), "HEAD /2 H\r\n\r\n");
		put(&leg, FRAMER_BODY, "dy");
		sink_tcp_end(sink, &leg);
		assert_string_equal(heard(b), "wait");
		/* No body: it answers HEAD. Then one that is left. */
		say(b, "HTTP/1.1 200 OK\r\nConnection: close\r\n"
		    "Content-Length: 2\r\n\r\n");
		close(b);
		sink_tcp_close(sink, &leg);
		a = taken();
		assert_string_equal(heard(a), "POST /3 H\r\n\r\nbody");
		say(a, LAST);
		close(a);
		assert_int_equal(sink_tcp_stats(sink)->answers, 3);
		assert_int_equal(sink_tcp_stats(sink)->requests, 3);
		assert_int_equal(sink_tcp_stats(sink)->again, 2);
		/* It changes its mind: the rest comes at once. */
		leg = (struct sink_leg)LEG;
		ask(&leg);
		ask(&leg);
		ask(&leg);
		b = taken();
		assert_string_equal(heard(b), REQUEST);
		answer(b);
		assert_string_equal(heard(b), REQUEST REQUEST);
		answer(b);
		answer(b);
		sink_tcp_close(sink, &leg);
		close(b);
		assert_int_equal(sink_tcp_stats(sink)->kept, 0);
		assert_int_equal(sink_tcp_stats(sink)->queued, 0);
		assert_int_equal(connections + errors, 0);
		assert_true(sink_tcp_idle(sink));
		done();
	}
}

/* A write may fail before the last answer is read. */
static void
an_answer_before_a_reset_is_read(void **state)
{
	struct timespec	 ts = { .tv_nsec = 50000000 };
	struct sink_leg	 leg = LEG;
	int		 a, b;

	(void)state;
	fresh(65536, 10);
	ask(&leg);
	a = taken();
	assert_int_equal(send(a, LAST, strlen(LAST), 0), strlen(LAST));
	close(a);
	nanosleep(&ts, NULL);
	put(&leg, FRAMER_REQUEST, REQUEST);
	sink_tcp_end(sink, &leg);
	b = taken();
	assert_string_equal(heard(b), REQUEST);
	answer(b);
	assert_int_equal(sink_tcp_stats(sink)->answers, 2);
	assert_int_equal(connections + errors, 0);
	sink_tcp_close(sink, &leg);
	done();
}

/* Without a word it may have: those are lost, and counted. */
static void
a_close_without_a_word_costs_what_is_not_answered(void **state)
{
	struct sink_leg	 leg = LEG;
	int		 a;

	(void)state;
	fresh(65536, 10);
	ask(&leg);
	ask(&leg);
	ask(&leg);
	a = taken();
	heard(a);
	answer(a);
	close(a);
	turn();
	assert_int_equal(lost_requests[SINK_LOST_RESET], 2);
	assert_int_equal(connections, 1);
	assert_int_equal(sink_tcp_stats(sink)->kept, 0);
	sink_tcp_close(sink, &leg);
	done();
}

static void
what_is_kept_has_a_limit(void **state)
{
	static char	 body[8192];
	struct sink_leg	 leg = LEG;
	int		 a, i;

	(void)state;
	fresh(65536, 10);
	memset(body, 'x', sizeof(body) - 1);
	ask(&leg);
	a = taken();
	for (i = 0; i < 3; i++) {
		put(&leg, FRAMER_REQUEST, REQUEST);
		put(&leg, FRAMER_BODY, body);
		sink_tcp_end(sink, &leg);
		heard(a);
		assert_in_range(sink_tcp_stats(sink)->kept, 0, 65536 / 4);
	}
	assert_int_equal(sink_tcp_stats(sink)->kept, 0);
	say(a, LAST);
	close(a);
	turn();
	assert_int_equal(lost_requests[SINK_LOST_RESET], 3);
	/* The next connection keeps again. */
	ask(&leg);
	a = taken();
	assert_string_equal(heard(a), REQUEST);
	assert_int_equal(sink_tcp_stats(sink)->kept, strlen(REQUEST));
	sink_tcp_close(sink, &leg);
	done();
}

/* Each request is answered, unanswered or lost for one reason. */
static void
every_request_is_counted_once(void **state)
{
	static char	 body[5000];
	struct sink_leg	 leg[3] = { LEG, LEG, LEG };
	int		 a;

	(void)state;
	fresh(4096, 10);
	memset(body, 'x', sizeof(body) - 1);
	ask(&leg[0]);
	ask(&leg[0]);
	a = taken();
	heard(a);
	answer(a);
	put(&leg[0], FRAMER_REQUEST, REQUEST);
	put(&leg[0], FRAMER_BODY, body);
	ask(&leg[0]);
	assert_int_equal(lost_requests[SINK_LOST_QUEUE], 3);
	assert_int_equal(sink_tcp_stats(sink)->answers, 1);
	close(a);
	/* One that is never answered. */
	ask(&leg[1]);
	a = taken();
	heard(a);
	sink_tcp_close(sink, &leg[1]);
	pass(6000000);
	pass(6000000);
	assert_int_equal(sink_tcp_stats(sink)->unanswered, 1);
	close(a);
	close(listener);
	listener = -1;
	ask(&leg[2]);
	turn();
	ask(&leg[2]);
	assert_int_equal(lost_requests[SINK_LOST_REFUSED], 1);
	assert_int_equal(lost_requests[SINK_LOST_BACKOFF], 1);
	done();
}

static void
a_reset_in_the_middle_is_counted_once_per_connection(void **state)
{
	struct linger	 l = { 1, 0 };
	struct sink_leg	 leg = LEG;
	int		 fd, i;

	(void)state;
	fresh(65536, 10);
	for (i = 0; i < 3; i++) {
		ask(&leg);
		fd = taken();
		heard(fd);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
		close(fd);
		turn();
	}
	assert_int_equal(connections, 1);
	assert_int_equal(errors, 3);
	assert_int_equal(lost_requests[SINK_LOST_RESET], 3);
	assert_int_equal(sink_tcp_stats(sink)->unanswered, 0);
	sink_tcp_close(sink, &leg);
	done();
}

static void
connections_over_the_limit_wait_for_a_socket(void **state)
{
	struct sink_leg	 leg[3] = { LEG, LEG, LEG };
	int		 fd, i;

	(void)state;
	fresh(65536, 1);
	for (i = 0; i < 3; i++) {
		ask(&leg[i]);
		sink_tcp_close(sink, &leg[i]);
	}
	assert_int_equal(sink_tcp_stats(sink)->open, 1);
	for (i = 0; i < 3; i++) {
		fd = taken();
		assert_string_equal(heard(fd), REQUEST);
		assert_int_equal(accept(listener, NULL, NULL), -1);
		answer(fd);
		close(fd);
	}
	assert_int_equal(sink_tcp_stats(sink)->answers, 3);
	assert_int_equal(connections, 0);
	assert_true(sink_tcp_idle(sink));
	done();
}

/* ---- what is compared ---- */

static void
ask_numbered(struct sink_leg *leg, uint64_t id, const char *s)
{
	struct chunk	 c = { .data = (const uint8_t *)s, .len = strlen(s),
	    .part = FRAMER_REQUEST, .id = id, .asked = id };

	sink_tcp_data(sink, leg, &c);
	sink_tcp_end(sink, leg);
	sink_tcp_flush(sink);
}

static void
served(struct sink_leg *leg, uint64_t id, uint64_t body)
{
	struct msg_stream	 m = { .kind = STREAM_ANSWER, .value = id,
	    .answer = ANSWER_WHOLE, .status = 200, .offset = body,
	    .wait_us = 1000 };

	compare_answer(compare, &leg->compare, &m);
}

static void
compared(uint64_t same, uint64_t slower, uint64_t not_compared)
{
	const struct compare_counts	*n = &compare_stats(compare)->all;

	assert_int_equal(n->same, same);
	assert_int_equal(n->compared, same);
	assert_int_equal(n->slower, slower);
	assert_int_equal(n->not_compared, not_compared);
	assert_int_equal(n->compared + n->not_compared + compare_open(compare),
	    sink_tcp_stats(sink)->requests);
}

static void
end_compare(struct sink_leg *leg)
{
	compare_leg_end(compare, &leg->compare);
	done();
	assert_int_equal(compare_open(compare), 0);
	compare_free(compare);
	compare = NULL;
	assert_int_equal(mem.used, 0);
}

/* From when it was sent on, which is again over another connection. */
static void
what_goes_again_is_compared_with_its_own_answer(void **state)
{
	struct sink_leg	 leg = LEG;
	int		 a, b;

	(void)state;
	compare = compare_new(&mem);
	fresh(65536, 1);
	ask_numbered(&leg, 1, REQUEST);
	ask_numbered(&leg, 2, "HEAD /2 HTTP/1.1\r\nHost: a\r\n\r\n");
	ask_numbered(&leg, 3, REQUEST);
	a = taken();
	heard(a);
	compared(0, 0, 0);
	pass(100000);
	say(a, LAST);
	close(a);
	b = taken();
	heard(b);
	pass(9000);
	say(b, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	turn();
	served(&leg, 1, 2);
	served(&leg, 2, 0);
	served(&leg, 3, 2);
	compared(2, 1, 0);
	answer(b);
	heard(b);
	answer(b);
	compared(3, 1, 0);
	sink_tcp_close(sink, &leg);
	close(b);
	end_compare(&leg);
}

/* Not for each of those that are in doubt, and not before the answer. */
static void
behind_a_doubt_another_connection_is_compared(void **state)
{
	struct sink_leg	 leg = LEG;
	int		 a, b;

	(void)state;
	compare = compare_new(&mem);
	fresh(65536, 2);
	ask(&leg);			/* nobody is sure of it */
	a = taken();
	heard(a);
	ask_numbered(&leg, 2, REQUEST);
	heard(a);
	answer(a);
	answer(a);
	ask(&leg);
	assert_string_equal(heard(a), REQUEST);
	answer(a);
	served(&leg, 2, 2);
	compared(0, 0, 3);
	ask_numbered(&leg, 4, REQUEST);
	served(&leg, 4, 2);
	assert_string_equal(heard(a), "reset");
	close(a);
	b = taken();
	assert_string_equal(heard(b), REQUEST);
	answer(b);
	compared(1, 0, 3);
	assert_int_equal(connections + errors, 0);
	sink_tcp_close(sink, &leg);
	close(b);
	end_compare(&leg);
}

/* Until the end, which is one only when it is no reset. */
static void
an_answer_that_a_reset_ends_is_not_compared(void **state)
{
	struct linger	 l = { .l_onoff = 1 };
	struct sink_leg	 leg;
	int		 a, reset;

	(void)state;
	for (reset = 0; reset < 2; reset++) {
		leg = (struct sink_leg)LEG;
		compare = compare_new(&mem);
		fresh(65536, 1);
		ask_numbered(&leg, 1, REQUEST);
		served(&leg, 1, 2);
		a = taken();
		heard(a);
		say(a, "HTTP/1.1 200 OK\r\n\r\nhi");
		turn();
		compared(0, 0, 0);
		if (reset)
			setsockopt(a, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
		close(a);
		turn();
		compared(!reset, 0, (uint64_t)reset);
		assert_int_equal(compare_stats(compare)->reason[COMPARE_LOST],
		    reset);
		sink_tcp_close(sink, &leg);
		end_compare(&leg);
	}
}

static void
what_the_target_never_answers_has_its_reason(void **state)
{
	struct sink_leg	 leg = LEG;
	int		 a;

	(void)state;
	compare = compare_new(&mem);
	fresh(65536, 1);
	ask_numbered(&leg, 1, REQUEST);
	served(&leg, 1, 2);
	a = taken();
	heard(a);
	compare_leg_end(compare, &leg.compare);
	sink_tcp_close(sink, &leg);
	pass(6000000);
	pass(6000000);
	compared(0, 0, 1);
	assert_int_equal(
	    compare_stats(compare)->reason[COMPARE_UNANSWERED], 1);
	close(a);
	/* Nobody listens any more. */
	close(listener);
	listener = -1;
	leg = (struct sink_leg)LEG;
	ask_numbered(&leg, 1, REQUEST);
	served(&leg, 1, 2);
	turn();
	compared(0, 0, 2);
	assert_int_equal(compare_stats(compare)->reason[COMPARE_LOST], 1);
	/* What does not get so far is none of those that are compared. */
	ask_numbered(&leg, 2, REQUEST);
	compared(0, 0, 2);
	end_compare(&leg);
}

static void
what_waits_at_the_end_is_counted(void **state)
{
	struct sink_leg	 leg = LEG;

	(void)state;
	fresh(65536, 10);
	ask(&leg);
	done();
	assert_int_equal(lost[SINK_LOST_STOPPED], strlen(REQUEST));
	assert_int_equal(connections, 1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_request_is_answered_and_then_reset),
		cmocka_unit_test(
		    without_an_answer_it_is_half_closed_and_then_closed),
		cmocka_unit_test(only_a_head_opens_a_connection),
		cmocka_unit_test(after_a_gap_the_next_head_opens_a_new_one),
		cmocka_unit_test(over_the_limit_a_connection_loses_its_rest),
		cmocka_unit_test(a_refusing_target_is_tried_by_one_at_a_time),
		cmocka_unit_test(
		    a_silent_target_is_given_up_after_the_timeout),
		cmocka_unit_test(
		    a_target_that_closes_between_two_requests_costs_nothing),
		cmocka_unit_test(
		    a_reset_in_the_middle_is_counted_once_per_connection),
		cmocka_unit_test(requests_behind_a_last_answer_go_again),
		cmocka_unit_test(an_answer_before_a_reset_is_read),
		cmocka_unit_test(
		    a_close_without_a_word_costs_what_is_not_answered),
		cmocka_unit_test(what_is_kept_has_a_limit),
		cmocka_unit_test(every_request_is_counted_once),
		cmocka_unit_test(connections_over_the_limit_wait_for_a_socket),
		cmocka_unit_test(what_waits_at_the_end_is_counted),
		cmocka_unit_test(
		    what_goes_again_is_compared_with_its_own_answer),
		cmocka_unit_test(behind_a_doubt_another_connection_is_compared),
		cmocka_unit_test(an_answer_that_a_reset_ends_is_not_compared),
		cmocka_unit_test(what_the_target_never_answers_has_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
