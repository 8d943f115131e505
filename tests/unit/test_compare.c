#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/compare.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

#define MS	1000
#define OK2	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

/* One observed connection with its outgoing one, and the target's words. */
struct pair {
	struct compare	*c;
	struct compare_leg *leg;
	struct compare_out out;
	struct reply	 answers;
	uint64_t	 at;		/* bytes put */
	uint64_t	 id;		/* of the last request */
	uint64_t	 now_us;
};

static struct mem	 mem;

static void
on_seen(void *arg, unsigned status)
{
	(void)arg;
	(void)status;
}

static void
on_whole(void *arg, const struct reply *a)
{
	struct pair	*p = arg;

	compare_answered(p->c, &p->out, a->done, a);
}

static void
fresh_out(struct pair *p)
{
	compare_out_init(&p->out);
	reply_init(&p->answers);
	p->answers.whole = on_whole;
	p->answers.arg = p;
	p->at = 0;
}

static void
fresh(struct pair *p)
{
	memset(&mem, 0, sizeof(mem));
	mem.limit = 64 << 20;
	memset(p, 0, sizeof(*p));
	p->c = compare_new(&mem);
	p->now_us = 1000 * MS;
	compare_set(p->c, 1, 77);
	fresh_out(p);
}

static void
done(struct pair *p)
{
	compare_stop(p->c, &p->out, COMPARE_LOST);
	compare_leg_end(p->c, &p->leg);
	assert_int_equal(compare_open(p->c), 0);
	compare_free(p->c);
	reply_clear(&p->answers);
	assert_int_equal(mem.used, 0);
}

static void
put(struct pair *p, const char *line, bool sure)
{
	struct compare_request	 r;
	char			 head[512];
	size_t			 n;

	n = (size_t)snprintf(head, sizeof(head),
	    "%s HTTP/1.1\r\nHost: a\r\n\r\n", line);
	r.id = ++p->id;
	r.sure = sure;
	r.head = guard_copy(head, n);
	r.len = n;
	r.place = p->answers.asked;
	r.at = p->at;
	reply_asked(&p->answers, r.head, n);
	compare_asked(p->c, &p->leg, &p->out, &r);
	p->at += n;
}

static void
ask(struct pair *p, const char *line)
{
	put(p, line, true);
	compare_sent(&p->out, p->at, p->now_us);
}

/* What the service answered to a request. */
static void
serve(struct pair *p, uint64_t id, enum stream_answer how, unsigned status,
    uint64_t body, uint64_t wait_us)
{
	struct msg_stream	 m = { .kind = STREAM_ANSWER, .value = id,
	    .answer = (uint8_t)how, .status = (uint16_t)status,
	    .offset = body, .wait_us = wait_us };

	compare_answer(p->c, &p->leg, &m);
}

static void
target(struct pair *p, const char *text)
{
	reply_data(&p->answers, guard_copy(text, strlen(text)), strlen(text),
	    on_seen, NULL);
	compare_heard(p->c, &p->out, &p->answers);
}

static void
target_at(struct pair *p, uint64_t after_us, const char *text)
{
	p->answers.now_us = p->now_us + after_us;
	target(p, text);
}

#define WHOLE(p, id, status, body) \
	serve(p, id, ANSWER_WHOLE, status, body, 5 * MS)

/* compared same status length slower not-compared */
static void
counts(const struct pair *p, const char *want)
{
	const struct compare_counts	*n = &compare_stats(p->c)->all;
	char				 s[160];

	snprintf(s, sizeof(s), "%ju %ju %ju %ju %ju %ju",
	    (uintmax_t)n->compared, (uintmax_t)n->same,
	    (uintmax_t)n->status_differs, (uintmax_t)n->length_differs,
	    (uintmax_t)n->slower, (uintmax_t)n->not_compared);
	assert_string_equal(s, want);
}

static uint64_t
reason(const struct pair *p, enum compare_reason r)
{
	return compare_stats(p->c)->reason[r];
}

static void
answers_are_set_against_each_other(void **state)
{
	struct pair	 p;

	(void)state;
	fresh(&p);
	ask(&p, "GET /a/1?q");
	ask(&p, "GET /b/2");
	ask(&p, "GET /a");
	WHOLE(&p, 1, 200, 2);		/* before the target */
	target(&p, OK2 "HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n");
	counts(&p, "1 1 0 0 0 0");
	target(&p, "not found" "HTTP/1.1 200 OK\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n"
	    "2;x\r\nhi\r\n3\r\nyou\r\n0\r\n\r\n");
	counts(&p, "1 1 0 0 0 0");
	WHOLE(&p, 3, 200, 4);		/* behind it, and out of turn */
	WHOLE(&p, 2, 200, 9);
	counts(&p, "3 1 1 1 0 0");
	assert_int_equal(compare_open(p.c), 0);
	done(&p);
}

static void
what_was_late_is_slower(void **state)
{
	static const struct {
		uint64_t	 service, target;
		const char	*want;
	} t[] = {
		{ 5 * MS, 15 * MS, "1 1 0 0 0 0" },
		{ 5 * MS, 15 * MS + 1, "1 1 0 0 1 0" },
		{ 20 * MS, 40 * MS + 1, "1 1 0 0 0 0" },
		{ 20 * MS, 40 * MS + 2, "1 1 0 0 1 0" },
		{ 0, 10 * MS, "1 1 0 0 0 0" },
		{ 0, 10 * MS + 1, "1 1 0 0 1 0" },
		{ UINT64_MAX, 90 * MS, "1 1 0 0 0 0" },
	};
	struct pair	 p;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		fresh(&p);
		ask(&p, "GET /");
		serve(&p, 1, ANSWER_WHOLE, 200, 2, t[i].service);
		/* An interim answer and what follows the head do not count. */
		target_at(&p, 1, "HTTP/1.1 100 Continue\r\n\r\n");
		target_at(&p, t[i].target, "HTTP/1.1 2");
		target_at(&p, 900 * MS, OK2 + 10);
		counts(&p, t[i].want);
		done(&p);
	}
}

static void
bodiless_answers_have_no_length(void **state)
{
	struct pair	 p;

	(void)state;
	fresh(&p);
	ask(&p, "HEAD /");
	ask(&p, "GET /");
	ask(&p, "GET /");
	ask(&p, "GET /");
	target(&p, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
	    "HTTP/1.1 304 Not\r\nContent-Length: 1000\r\n\r\n"
	    "HTTP/1.1 204 No\r\n\r\n" "HTTP/1.1 200 OK\r\n\r\nto the end");
	WHOLE(&p, 1, 200, 0);
	WHOLE(&p, 2, 304, 0);
	WHOLE(&p, 3, 204, 0);
	WHOLE(&p, 4, 200, 10);
	counts(&p, "3 3 0 0 0 0");
	reply_eof(&p.answers);
	counts(&p, "4 4 0 0 0 0");
	done(&p);
}

static void
behind_another_protocol_nothing_is_compared(void **state)
{
	static const struct {
		const char	*ask, *answer;
		unsigned	 status;
	} t[] = {
		{ "GET /ws", "HTTP/1.1 101 Switching\r\n\r\n\x81\x02hi", 101 },
		{ "CONNECT a:443", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"
		  "\r\n\x16\x03", 200 },
	};
	struct pair	 p;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		fresh(&p);
		ask(&p, t[i].ask);
		ask(&p, "GET /behind");
		target(&p, t[i].answer);
		WHOLE(&p, 1, t[i].status, 0);
		WHOLE(&p, 2, 200, 0);
		ask(&p, "GET /more");
		counts(&p, "1 1 0 0 0 2");
		assert_int_equal(reason(&p, COMPARE_SWITCHED), 2);
		done(&p);
	}
	/* One that is refused is an answer as any other. */
	fresh(&p);
	ask(&p, "CONNECT a:443");
	ask(&p, "GET /");
	target(&p, "HTTP/1.1 405 No\r\nContent-Length: 1\r\n\r\nx" OK2);
	WHOLE(&p, 1, 405, 1);
	WHOLE(&p, 2, 200, 2);
	counts(&p, "2 2 0 0 0 0");
	done(&p);
}

static void
a_broken_answer_stops_its_connection(void **state)
{
	static const char *const	 t[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		    "Content-Length: 3\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n"
		    "\r\nhi",
		"HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 1\r\n"
		    "Content-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nX: a\rContent-Length: 1\r\n"
		    "Content-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		    "Content-Length: 2\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n"
		    "\r\n2\r\nhi\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n"
		    "\r\n2\r\nhi\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n"
		    "\r\n2\r\nhi\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		    "\r\n2\r\nhi!\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		    "\r\nzz\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		    "\r\n2 2\r\nhi\r\n0\r\n\r\n",
		"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200x OK\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"SSH-2.0-x\r\n",
	};
	struct pair	 p;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		fresh(&p);
		ask(&p, "GET /first");
		ask(&p, "GET /broken");
		ask(&p, "GET /behind");
		target(&p, OK2);
		target(&p, t[i]);
		target(&p, OK2);
		ask(&p, "GET /later");
		WHOLE(&p, 1, 200, 2);
		WHOLE(&p, 2, 200, 2);
		WHOLE(&p, 3, 200, 2);
		WHOLE(&p, 4, 200, 2);
		counts(&p, "1 1 0 0 0 3");
		assert_int_equal(reason(&p, COMPARE_BROKEN), 3);
		/* Over another connection it goes on. */
		reply_clear(&p.answers);
		fresh_out(&p);
		ask(&p, "GET /new");
		target(&p, OK2);
		WHOLE(&p, 5, 200, 2);
		counts(&p, "2 2 0 0 0 3");
		done(&p);
	}
}

static void
what_the_service_did_goes_first(void **state)
{
	static const enum compare_reason	 want[ANSWER_KINDS] = {
		[ANSWER_NONE] = COMPARE_UNSEEN, [ANSWER_GAP] = COMPARE_GAP,
		[ANSWER_CUT] = COMPARE_CUT, [ANSWER_OTHER] = COMPARE_OTHER,
		[ANSWER_AMBIGUOUS] = COMPARE_AMBIGUOUS
	};
	struct pair	 p;
	unsigned	 how, first;

	(void)state;
	for (first = 0; first < 2; first++)
		for (how = ANSWER_NONE; how < ANSWER_KINDS; how++) {
			fresh(&p);
			ask(&p, "GET /");
			if (first)
				compare_stop(p.c, &p.out, COMPARE_UNANSWERED);
			serve(&p, 1, (enum stream_answer)how, 200, 2, 1);
			counts(&p, "0 0 0 0 0 1");
			assert_int_equal(reason(&p, want[how]), 1);
			target(&p, OK2);
			counts(&p, "0 0 0 0 0 1");
			done(&p);
		}
	/* It ends with nothing told. */
	fresh(&p);
	ask(&p, "GET /");
	target(&p, OK2);
	compare_leg_end(p.c, &p.leg);
	assert_int_equal(reason(&p, COMPARE_UNSEEN), 1);
	done(&p);
	fresh(&p);
	ask(&p, "GET /");
	WHOLE(&p, 1, 200, 2);
	compare_stop(p.c, &p.out, COMPARE_UNANSWERED);
	assert_int_equal(reason(&p, COMPARE_UNANSWERED), 1);
	done(&p);
}

static void
behind_what_is_ambiguous_nothing_is_compared(void **state)
{
	struct pair	 p;

	(void)state;
	fresh(&p);
	ask(&p, "GET /1");
	ask(&p, "GET /2");		/* the service has its doubts */
	ask(&p, "GET /3");
	serve(&p, 2, ANSWER_AMBIGUOUS, 200, 2, 1);
	WHOLE(&p, 3, 200, 2);
	ask(&p, "GET /4");
	target(&p, OK2 OK2 OK2);
	WHOLE(&p, 1, 200, 2);
	counts(&p, "1 1 0 0 0 3");
	assert_int_equal(reason(&p, COMPARE_AMBIGUOUS), 3);
	done(&p);
	/* The target has answered all of it before the service. */
	fresh(&p);
	ask(&p, "GET /1");
	ask(&p, "GET /2");
	ask(&p, "GET /3");
	target(&p, OK2 OK2 OK2);
	WHOLE(&p, 1, 200, 2);
	serve(&p, 2, ANSWER_AMBIGUOUS, 200, 2, 1);
	WHOLE(&p, 3, 200, 2);
	ask(&p, "GET /4");
	counts(&p, "1 1 0 0 0 3");
	done(&p);
	/* Does a body follow that the service did not wait for? */
	fresh(&p);
	ask(&p, "POST /1");
	serve(&p, 1, ANSWER_EARLY, 413, 2, 1);
	ask(&p, "GET /2");
	target(&p, "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno");
	target(&p, "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
	WHOLE(&p, 2, 200, 2);
	counts(&p, "1 1 0 0 0 1");
	assert_int_equal(reason(&p, COMPARE_AMBIGUOUS), 1);
	done(&p);
	/* What the analyzer is not sure of, and what has two lengths. */
	fresh(&p);
	ask(&p, "GET /1");
	put(&p, "GET /2", false);
	ask(&p, "GET /3");
	target(&p, OK2 OK2 OK2);
	WHOLE(&p, 1, 200, 2);
	counts(&p, "1 1 0 0 0 2");
	done(&p);
	fresh(&p);
	ask(&p, "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n"
	    "X: y");
	ask(&p, "GET /2");
	counts(&p, "0 0 0 0 0 2");
	done(&p);
}

static void
answers_may_come_before_their_request(void **state)
{
	struct pair	 p;
	uint64_t	 id;

	(void)state;
	fresh(&p);
	WHOLE(&p, 1, 200, 2);
	WHOLE(&p, 2, 404, 2);
	ask(&p, "GET /1");
	ask(&p, "GET /2");
	target(&p, OK2 OK2);
	counts(&p, "2 1 1 0 0 0");
	/* The oldest of many has no place, and is not guessed. */
	for (id = 3; id < 8; id++)
		WHOLE(&p, id, 200, 2);
	for (id = 3; id < 8; id++)
		ask(&p, "GET /");
	target(&p, OK2 OK2 OK2 OK2 OK2);
	compare_leg_end(p.c, &p.leg);
	counts(&p, "6 5 1 0 0 1");
	assert_int_equal(reason(&p, COMPARE_UNSEEN), 1);
	done(&p);
	/* Of one that was left out. */
	fresh(&p);
	p.id = 1;
	ask(&p, "GET /2");
	WHOLE(&p, 1, 500, 2);
	WHOLE(&p, 2, 200, 2);
	target(&p, OK2);
	counts(&p, "1 1 0 0 0 0");
	done(&p);
}

static void
nothing_answers_what_was_not_sent(void **state)
{
	struct pair	 p;

	(void)state;
	fresh(&p);
	ask(&p, "GET /1");
	put(&p, "GET /2", true);
	target(&p, OK2 OK2);
	WHOLE(&p, 1, 200, 2);
	WHOLE(&p, 2, 200, 2);
	counts(&p, "1 1 0 0 0 1");
	assert_int_equal(reason(&p, COMPARE_BROKEN), 1);
	done(&p);
}

static void
what_goes_again_is_compared_there(void **state)
{
	struct compare_out	 next;
	struct pair		 p;
	uint64_t		 at;

	(void)state;
	fresh(&p);
	ask(&p, "GET /1");
	at = p.at;
	ask(&p, "GET /2");
	put(&p, "GET /3", true);
	target(&p, OK2);
	compare_out_init(&next);
	compare_move(&next, &p.out, 1, at);
	compare_stop(p.c, &p.out, COMPARE_LOST);	/* it is closed */
	reply_clear(&p.answers);
	fresh_out(&p);
	compare_move(&p.out, &next, 0, 0);
	reply_asked(&p.answers, (const uint8_t *)"GET /2 ", 7);
	reply_asked(&p.answers, (const uint8_t *)"GET /3 ", 7);
	compare_sent(&p.out, 1, p.now_us);
	WHOLE(&p, 1, 200, 2);
	WHOLE(&p, 2, 200, 2);
	WHOLE(&p, 3, 200, 2);
	target(&p, OK2);
	counts(&p, "2 2 0 0 0 0");
	compare_sent(&p.out, 4096, p.now_us);
	target(&p, OK2);
	counts(&p, "3 3 0 0 0 0");
	done(&p);
}

static void
sections_are_bounded(void **state)
{
	const struct compare_section	*s;
	struct pair			 p;
	char				 line[64];
	unsigned			 i;

	(void)state;
	fresh(&p);
	for (i = 0; i < COMPARE_SECTIONS + 3; i++) {
		snprintf(line, sizeof(line), "GET /s%u/x?y", i);
		ask(&p, line);
		target(&p, OK2);
		WHOLE(&p, i + 1, i % 2 == 0 ? 200 : 500, 2);
	}
	ask(&p, "GET /s0");
	target(&p, OK2);
	WHOLE(&p, i + 1, 200, 2);
	s = compare_section(p.c, 0);
	assert_memory_equal(s->name, "/s0", s->len);
	assert_int_equal(s->n.compared, 2);
	s = compare_section(p.c, COMPARE_SECTIONS - 1);
	assert_memory_equal(s->name, "/s127", s->len);
	assert_int_equal(s->n.status_differs, 1);
	s = compare_section(p.c, COMPARE_SECTIONS);
	assert_int_equal(s->len, 0);
	assert_int_equal(s->n.compared, 3);
	assert_null(compare_section(p.c, COMPARE_SECTIONS + 1));
	/* The last differences, newest first. */
	assert_memory_equal(compare_last(p.c, 0)->path, "/s129/x", 7);
	assert_int_equal(compare_last(p.c, 0)->path_len, 7);
	assert_int_equal(compare_last(p.c, 0)->service.status, 500);
	assert_int_equal(compare_last(p.c, 0)->wall_us, 77);
	assert_memory_equal(compare_last(p.c, COMPARE_LAST - 1)->path,
	    "/s115/x", 7);
	assert_null(compare_last(p.c, COMPARE_LAST));
	/* What is under way when all is cleared is of other. */
	ask(&p, "GET /s1");
	compare_clear(p.c);
	assert_null(compare_last(p.c, 0));
	target(&p, OK2);
	WHOLE(&p, p.id, 200, 2);
	assert_int_equal(compare_section(p.c, 0)->len, 0);
	assert_int_equal(compare_section(p.c, 0)->n.same, 1);
	counts(&p, "1 1 0 0 0 0");
	done(&p);
}

static void
what_is_under_way_is_bounded_and_charged(void **state)
{
	struct pair	 p;
	unsigned	 i;

	(void)state;
	fresh(&p);
	for (i = 0; i < COMPARE_OPEN_MAX + 2; i++)
		ask(&p, "GET /");
	assert_int_equal(compare_open(p.c), COMPARE_OPEN_MAX);
	assert_int_equal(reason(&p, COMPARE_LIMIT), 2);
	assert_true(mem.pool[MEM_STREAMS] > COMPARE_OPEN_MAX * 128);
	/* Those without a place shift nobody's answer. */
	for (i = 0; i < COMPARE_OPEN_MAX + 2; i++) {
		target(&p, i == COMPARE_OPEN_MAX - 1 ?
		    "HTTP/1.1 404 N\r\nContent-Length: 2\r\n\r\nhi" : OK2);
		WHOLE(&p, i + 1, i == COMPARE_OPEN_MAX - 1 ? 404 : 200, 2);
	}
	counts(&p, "16384 16384 0 0 0 2");
	done(&p);
	/* Without memory all is counted all the same. */
	fresh(&p);
	mem.limit = 0;
	ask(&p, "GET /");
	WHOLE(&p, 1, 200, 2);
	target(&p, OK2);
	counts(&p, "0 0 0 0 0 1");
	done(&p);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(answers_are_set_against_each_other),
		cmocka_unit_test(what_was_late_is_slower),
		cmocka_unit_test(bodiless_answers_have_no_length),
		cmocka_unit_test(behind_another_protocol_nothing_is_compared),
		cmocka_unit_test(a_broken_answer_stops_its_connection),
		cmocka_unit_test(what_the_service_did_goes_first),
		cmocka_unit_test(behind_what_is_ambiguous_nothing_is_compared),
		cmocka_unit_test(answers_may_come_before_their_request),
		cmocka_unit_test(nothing_answers_what_was_not_sent),
		cmocka_unit_test(what_goes_again_is_compared_there),
		cmocka_unit_test(sections_are_bounded),
		cmocka_unit_test(what_is_under_way_is_bounded_and_charged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
