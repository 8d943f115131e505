/* HTTP on a session: texts that are kept, and talk that is not as it should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/session.h"
#include "sandbox/compat.h"
#include "tests/lib/guard.h"

struct seen {
	char		 log[8192];
	size_t		 n;
	uint64_t	 token;
	bool		 odd;
	struct session	*s;
	struct mem	 mem;
	uint64_t	 off[2];
	uint64_t	 ts;
};

static void	say(struct seen *, const char *, ...) PRINTFLIKE(2, 3);

static void
say(struct seen *w, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	w->n += (size_t)vsnprintf(w->log + w->n, sizeof(w->log) - w->n, fmt,
	    ap);
	va_end(ap);
	assert_true(w->n < sizeof(w->log));
}

static uint64_t
on_request(void *arg, const struct session_request *r)
{
	struct seen	*w = arg;

	say(w, "Q %.*s %.*s\n", (int)r->head->method.len,
	    (const char *)r->head->method.p, (int)r->section_len,
	    (const char *)r->section);
	return ++w->token;
}

static void
on_response(void *arg, const struct session_response *r)
{
	say(arg, "R %u %s\n", r->head->status, r->interim ? "interim" :
	    session_pair_name(r->pair));
}

static void
span(struct seen *w, const char *name, const struct http_span *v)
{
	if (v->p != NULL && v->len > 40)
		say(w, " %s %c*%zu", name, *v->p, v->len);
	else if (v->p != NULL)
		say(w, " %s %.*s", name, (int)v->len, (const char *)v->p);
}

static void
on_transaction(void *arg, const struct session_tx *tx)
{
	const struct session_text	*t = tx->text;
	struct seen			*w = arg;

	say(w, "T %d %u", (int)tx->token, tx->status);
	if (t != NULL) {
		span(w, "to", &t->target);
		span(w, "at", &t->host);
		span(w, "by", &t->user_agent);
		span(w, "from", &t->referer);
		span(w, "type", &t->content_type);
	}
	say(w, "\n");
}

static void
on_anomaly(void *arg, enum session_anomaly a)
{
	struct seen	*w = arg;

	if (w->odd)
		say(w, "! %s\n", session_anomaly_name(a));
}

static const struct session_ops	 ops = {
	.request = on_request, .response = on_response,
	.transaction = on_transaction, .anomaly = on_anomaly
};
static const struct session_conf keeps = { .ops = &ops, .depth = 1,
	.keep_strings = true };
static const struct session_conf plain = { .ops = &ops, .depth = 1 };

static void
begin(struct seen *w, const struct session_conf *c, unsigned met)
{
	memset(w, 0, sizeof(*w));
	w->mem.limit = 1 << 20;
	w->ts = 1000000;
	w->s = session_new(c, w, &w->mem, met);
	assert_non_null(w->s);
}

static void
data_n(struct seen *w, unsigned dir, const char *text, size_t n)
{
	session_acked(w->s, dir, w->off[!dir]);
	session_data(w->s, dir, w->off[dir], guard_copy(text, n), n, w->ts);
	w->off[dir] += n;
	w->ts += 1000;
}

static void
data(struct seen *w, unsigned dir, const char *text)
{
	data_n(w, dir, text, strlen(text));
}

static void
gap(struct seen *w, unsigned dir, size_t n)
{
	session_gap(w->s, dir, w->off[dir], n, w->ts);
	w->off[dir] += n;
}

static void
check(struct seen *w, const char *want)
{
	session_eof(w->s, 0, SESSION_END, w->ts);
	session_free(w->s);
	assert_int_equal(w->mem.used, 0);
	assert_string_equal(w->log, want);
}

#define GET(p)	"GET " p " HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static void
texts_are_kept_until_the_answer(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, &keeps, SESSION_SYN_SEEN);
	data(&w, 0, "GET /a?b HTTP/1.1\r\nHost: A.example\r\n"
	    "User-Agent: ua\r\nReferer: http://r/\r\n\r\n");
	data(&w, 1, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	    "Content-Length: 2\r\n\r\nok");
	data(&w, 0, GET("/") GET("/2"));
	data(&w, 1, OK OK);
	check(&w, "Q GET /a\nR 200 paired\n"
	    "T 1 200 to /a?b at a.example by ua from http://r/ type "
	    "text/html\n"
	    "Q GET /\nQ GET /2\nR 200 paired\nT 2 200 to / at a\n"
	    "R 200 paired\nT 3 200 to /2 at a\n");
}

static void
long_texts_are_cut(void **state)
{
	static char	 in[16384];
	struct seen	 w;
	size_t		 n;

	(void)state;
	n = (size_t)snprintf(in, sizeof(in), "GET /");
	memset(in + n, 'x', 9000);
	n += 9000;
	n += (size_t)snprintf(in + n, sizeof(in) - n,
	    " HTTP/1.1\r\nHost: a\r\nUser-Agent: ");
	memset(in + n, 'u', 300);
	n += 300;
	n += (size_t)snprintf(in + n, sizeof(in) - n, "\r\nReferer: ");
	memset(in + n, 'r', 600);
	n += 600;
	memcpy(in + n, "\r\n\r\n", 5);
	begin(&w, &keeps, SESSION_SYN_SEEN);
	data(&w, 0, in);
	data(&w, 1, OK);
	data(&w, 0, GET("/small"));		/* reuses the room */
	data(&w, 1, OK);
	assert_true(session_held(w.s) < 16384);
	session_eof(w.s, 0, SESSION_END, w.ts);
	session_free(w.s);
	assert_int_equal(w.mem.used, 0);
	assert_non_null(strstr(w.log,
	    "T 1 200 to /*8192 at a by u*256 from r*512\n"));
	assert_non_null(strstr(w.log, "T 2 200 to /small at a\n"));
}

/* Any allocation refused: every request and answer is told all the same. */
static void
without_room_for_texts_all_is_counted(void **state)
{
	struct seen	 w;
	uint64_t	 least, more;
	unsigned	 bare = 0;

	(void)state;
	begin(&w, &keeps, SESSION_SYN_SEEN);
	least = w.mem.used;
	check(&w, "");
	for (more = 0; more < 3000; more += 50) {
		begin(&w, &keeps, SESSION_SYN_SEEN);
		w.mem.limit = least + more;
		data(&w, 0, GET("/1") GET("/2"));
		data(&w, 1, OK OK);
		bare += strstr(w.log, "T 1 200\n") != NULL;
		session_eof(w.s, 0, SESSION_END, w.ts);
		session_free(w.s);
		assert_int_equal(w.mem.used, 0);
		assert_non_null(strstr(w.log, "Q GET /1\n"));
		assert_non_null(strstr(w.log, "Q GET /2\n"));
		assert_non_null(strstr(w.log, "T 1 "));
		assert_non_null(strstr(w.log, "T 2 "));
	}
	assert_true(bare > 0);
}

static void
open_requests_give_their_texts_back(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, &keeps, SESSION_SYN_SEEN);
	data(&w, 0, GET("/1") GET("/2") GET("/3"));
	session_free(w.s);		/* shed, nothing told */
	assert_int_equal(w.mem.used, 0);
}

/* An answer without a length ends where the next one that was asked begins. */
static void
an_answer_without_end_gives_way_to_the_next(void **state)
{
	struct seen	 w;
	size_t		 cut;

	(void)state;
	for (cut = 0; cut <= strlen(OK); cut++) {
		begin(&w, &plain, SESSION_SYN_SEEN);
		data(&w, 0, GET("/1"));
		data(&w, 1, "HTTP/1.1 200 OK\r\n\r\nsome text");
		data(&w, 0, GET("/2"));
		data_n(&w, 1, OK, cut);
		data(&w, 1, OK + cut);
		check(&w, "Q GET /1\nR 200 paired\nQ GET /2\nT 1 200\n"
		    "R 200 paired\nT 2 200\n");
	}
}

static void
text_that_looks_like_an_answer_is_text(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, &plain, SESSION_SYN_SEEN);
	data(&w, 0, GET("/1"));
	data(&w, 1, "HTTP/1.1 200 OK\r\n\r\nas in\n");
	data(&w, 1, "HTTP/1.1 404 quoted\r\n\r\n");	/* nobody asked */
	data(&w, 0, GET("/2"));
	data(&w, 1, "Hello");
	check(&w, "Q GET /1\nR 200 paired\nQ GET /2\nT 1 200\nT 2 0\n");
}

/* Of a connection whose requests take another way only answers are seen. */
static void
what_the_server_took_asks_for_an_answer_too(void **state)
{
	static const unsigned	 met[] = { SESSION_SYN_SEEN, 0 };
	static const char	 next[] = "HTTP/1.1 301 Moved\r\n\r\n";
	struct seen		 w;
	size_t			 i, cut;

	(void)state;
	for (i = 0; i < nitems(met) * sizeof(next); i++) {
		cut = i / nitems(met);
		begin(&w, &plain, met[i % nitems(met)]);
		/* counted from the first */
		w.off[0] = met[i % nitems(met)] ? 30 : 0;
		data(&w, 1, "HTTP/1.1 200 OK\r\n\r\n");
		data(&w, 1, "HTTP/1.1 404 quoted\r\n\r\n");
		w.off[0] += 30;
		data_n(&w, 1, next, cut);
		data(&w, 1, next + cut);
		w.off[0] += 30;
		data(&w, 1, "text\nHTTP/1.1 404 quoted\r\n\r\n");
		check(&w, "R 200 late\nR 301 late\nT 0 200\nT 0 301\n");
	}
}

static void
garbage_between_messages_is_told(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, &plain, SESSION_SYN_SEEN);
	data(&w, 0, GET("/1"));
	data(&w, 1, OK);
	w.odd = true;
	data(&w, 0, "\1\2\3 this is no head\r\n");
	data(&w, 0, GET("/2"));
	data(&w, 1, "XX");
	data(&w, 1, "YY\r\n" OK);
	check(&w, "Q GET /1\nR 200 paired\nT 1 200\n"
	    "! bytes-between-messages\n! found-again\nQ GET /2\n"
	    "! bytes-between-messages\n! found-again\n"
	    "R 200 gap\nT 0 200\nT 2 0\n");
}

static void
chunks_that_lie_are_named(void **state)
{
	static const char *const bad[][2] = {
		{ "x\r\n", "! bad-chunk-size\n" },
		{ "fffffffffffffffff\r\n", "! huge-chunk-size\n" },
		{ "1\r\nab\r\n", "! bad-chunk-end\n" },
		{ "1\na\n0\n\n", "! lax-chunk\n" }
	};
	struct seen	 w;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(bad); i++) {
		begin(&w, &plain, SESSION_SYN_SEEN);
		data(&w, 0, GET("/1"));
		w.odd = true;
		data(&w, 1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
		    "\r\n\r\n");
		data(&w, 1, bad[i][0]);
		session_eof(w.s, 0, SESSION_END, w.ts);
		session_free(w.s);
		assert_non_null(strstr(w.log, bad[i][1]));
		assert_non_null(strstr(w.log, "T 1 200\n"));
	}
}

/* After a loss only a clean head at the start of a line is believed. */
static void
behind_a_loss_a_head_is_searched_for(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, &plain, SESSION_SYN_SEEN);
	data(&w, 0, "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n"
	    "\r\nbody");
	gap(&w, 0, 100);
	data(&w, 0, "middle of a line GET /no HTTP/1.1\r\n");
	data(&w, 0, "X y HTTP/1.1\r\nHost: a\r\n\r\n");	/* too short */
	data(&w, 0, "GET /odd HTTP/1.1\r\nno colon\r\n\r\n");
	data(&w, 0, "GE");
	data(&w, 0, "T /2 HTTP/1.1\r\nHo");
	data(&w, 0, "st: a\r\n\r\n");
	check(&w, "Q POST /1\nQ GET /2\nT 1 0\nT 2 0\n");
}

/* A loss in a head: its start line counts, with the fields before the hole. */
static void
a_head_with_a_hole_counts_once(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, &keeps, SESSION_SYN_SEEN);
	data(&w, 0, "GET /1 HTTP/1.1\r\nHost: a\r\nCook");
	gap(&w, 0, 300);
	data(&w, 0, "e: rest\r\n\r\n");
	data(&w, 0, GET("/2"));
	check(&w, "Q GET /1\nQ GET /2\nT 1 0 to /1 at a\n"
	    "T 2 0 to /2 at a\n");

	begin(&w, &plain, SESSION_SYN_SEEN);
	data(&w, 0, GET("/1") "GET /lo");	/* no whole start line */
	gap(&w, 0, 300);
	data(&w, 0, "st\r\n\r\n" GET("/2"));
	check(&w, "Q GET /1\nQ GET /2\nT 1 0\nT 2 0\n");
}

static void
an_answer_on_the_asking_side_is_no_request(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, &plain, SESSION_SYN_SEEN);
	data(&w, 0, GET("/1"));
	data(&w, 1, OK);
	w.odd = true;
	data(&w, 0, OK);
	data(&w, 1, GET("/wrong/way"));
	check(&w, "Q GET /1\nR 200 paired\nT 1 200\n"
	    "! both-sides-ask\n! bytes-between-messages\n"
	    "! both-sides-ask\n! bytes-between-messages\n");
}

/* The answer to a HEAD that was not seen has a length but no body. */
static void
a_length_without_a_body_is_noticed(void **state)
{
	struct seen	 w;
	size_t		 cut;

	(void)state;
	for (cut = 0; cut <= strlen(OK); cut++) {
		begin(&w, &plain, 0);
		data(&w, 1, "HTTP/1.1 200 OK\r\n"
		    "Content-Length: 500\r\n\r\n");
		data_n(&w, 1, OK, cut);
		data(&w, 1, OK + cut);
		session_eof(w.s, 0, SESSION_END, w.ts);
		session_free(w.s);
		assert_int_equal(w.mem.used, 0);
		assert_non_null(strstr(w.log, "R 200 late\nR 200 late\n"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_kept_until_the_answer),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(without_room_for_texts_all_is_counted),
		cmocka_unit_test(open_requests_give_their_texts_back),
		cmocka_unit_test(an_answer_without_end_gives_way_to_the_next),
		cmocka_unit_test(text_that_looks_like_an_answer_is_text),
		cmocka_unit_test(what_the_server_took_asks_for_an_answer_too),
		cmocka_unit_test(garbage_between_messages_is_told),
		cmocka_unit_test(chunks_that_lie_are_named),
		cmocka_unit_test(behind_a_loss_a_head_is_searched_for),
		cmocka_unit_test(a_head_with_a_hole_counts_once),
		cmocka_unit_test(an_answer_on_the_asking_side_is_no_request),
		cmocka_unit_test(a_length_without_a_body_is_noticed)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
