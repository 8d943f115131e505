#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/session.h"
#include "sandbox/compat.h"
#include "tests/lib/guard.h"

/* What was called back, as text: one line for each event. */
struct seen {
	char		 log[16384];
	size_t		 n;
	uint64_t	 token;
	bool		 marks;
	bool		 odd;
	unsigned	 ambiguous;	/* transactions that are */
	uint8_t		 minor;		/* of the last transaction */
	uint64_t	 req_us;
	uint64_t	 resp_us;
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
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(w->log + w->n, sizeof(w->log) - w->n, fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < sizeof(w->log) - w->n);
	w->n += (size_t)n;
}

static uint64_t
on_request(void *arg, const struct session_request *r)
{
	struct seen	*w = arg;

	say(w, "Q %.*s %.*s %.*s%s\n", (int)r->head->method.len,
	    (const char *)r->head->method.p, (int)r->host_len,
	    (const char *)r->host, (int)r->section_len,
	    (const char *)r->section, r->flags & SESSION_TX_GAP ? " gap" : "");
	assert_int_equal(r->id, w->token + 1);
	return ++w->token;
}

static void
on_response(void *arg, const struct session_response *r)
{
	struct seen	*w = arg;

	say(w, "R %u %s\n", r->head->status, r->interim ? "interim" :
	    r->pair == SESSION_PAIRED ? "paired" : session_pair_name(r->pair));
}

static void
on_resolved(void *arg, uint64_t number, uint16_t status,
    enum session_pair pair, uint64_t token, uint64_t now)
{
	(void)number;
	(void)now;
	say(arg, "L %u %s %d\n", status, session_pair_name(pair), (int)token);
}

static void
on_transaction(void *arg, const struct session_tx *tx)
{
	struct seen	*w = arg;

	w->minor = tx->minor;
	w->req_us = tx->req_us;
	w->resp_us = tx->resp_us;
	say(w, "T %d %u %s %d/%d%s%s%s\n", (int)tx->token, tx->status,
	    session_pair_name(tx->pair), (int)tx->req_body,
	    (int)tx->resp_body, tx->flags & SESSION_TX_GAP ? " gap" : "",
	    tx->flags & SESSION_TX_RESP_OPEN ? " cut" : "",
	    tx->flags & SESSION_TX_LATE ? " late" : "");
	w->ambiguous += (tx->flags & SESSION_TX_AMBIGUOUS) != 0;
}

static void
on_rest(void *arg, uint64_t token, uint64_t bytes)
{
	say(arg, "B %d %d\n", (int)token, (int)bytes);
}

static void
on_hello(void *arg, const struct session_hello *h)
{
	say(arg, "H %.*s%s\n", (int)h->name_len, (const char *)h->name,
	    h->again ? " again" : "");
}

static void
on_handshake(void *arg, const struct session_tls *t)
{
	if (t->done_us != 0)
		say(arg, "E %x\n", t->version);
}

static void
on_mark(void *arg, unsigned dir, uint64_t off, enum session_mark m,
    uint64_t id)
{
	struct seen	*w = arg;

	if (w->marks)
		say(w, "M%u %d %d %d\n", dir, (int)off, m, (int)id);
}

static void
on_anomaly(void *arg, enum session_anomaly a)
{
	struct seen	*w = arg;

	if (w->odd)
		say(w, "! %s\n", session_anomaly_name(a));
}

static void
on_proto(void *arg, enum session_proto p)
{
	say(arg, "P %s\n", session_proto_name(p));
}

static const struct session_ops	ops = {
	.request = on_request, .response = on_response,
	.resolved = on_resolved, .transaction = on_transaction,
	.rest = on_rest,
	.hello = on_hello, .handshake = on_handshake, .mark = on_mark,
	.anomaly = on_anomaly, .proto = on_proto
};
static const struct session_conf	conf = {
	.ops = &ops, .depth = 1, .marks = true, .queue_max = 4
};

static void
begin(struct seen *w, unsigned how_met)
{
	memset(w, 0, sizeof(*w));
	w->mem.limit = 1 << 20;
	w->ts = 1000000;
	w->s = session_new(&conf, w, &w->mem, how_met);
	assert_non_null(w->s);
}

static void
data_n(struct seen *w, unsigned dir, const void *p, size_t n)
{
	session_data(w->s, dir, w->off[dir], guard_copy(p, n), n, w->ts);
	w->off[dir] += n;
}

/* A segment, acknowledging all that was seen of the other side. */
static void
data(struct seen *w, unsigned dir, const char *text)
{
	session_acked(w->s, dir, w->off[!dir]);
	data_n(w, dir, text, strlen(text));
	w->ts += 1000;
}

static void
gap(struct seen *w, unsigned dir, size_t n)
{
	session_gap(w->s, dir, w->off[dir], n, w->ts);
	w->off[dir] += n;
}

static void
end(struct seen *w)
{
	session_eof(w->s, 0, SESSION_END, w->ts);
	session_free(w->s);
	assert_int_equal(w->mem.used, 0);
}

static void
check(struct seen *w, const char *want)
{
	end(w);
	assert_string_equal(w->log, want);
}

#define GET(p)	"GET " p " HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK(n, b) "HTTP/1.1 200 OK\r\nContent-Length: " n "\r\n\r\n" b

/* A talk: lines of direction and bytes, given whole and in pieces. */
struct say {
	unsigned	 dir;
	const char	*text;
};

static void
play(struct seen *w, const struct say *t, size_t n, size_t cut, size_t step)
{
	size_t	 i, len, at, k;

	for (i = 0; i < n; i++) {
		len = strlen(t[i].text);
		session_acked(w->s, t[i].dir, w->off[!t[i].dir]);
		for (at = 0; at < len; at += k) {
			k = at == 0 && cut > 0 ? cut : step;
			if (k > len - at)
				k = len - at;
			data_n(w, t[i].dir, t[i].text + at, k);
		}
		w->ts += 1000;
	}
}

/* Whole, byte by byte, and cut once at every byte: the same events. */
static void
same_at_every_cut(const struct say *t, size_t n, const char *want)
{
	struct seen	 w;
	size_t		 i, cut, most = 0;

	for (i = 0; i < n; i++)
		if (strlen(t[i].text) > most)
			most = strlen(t[i].text);
	for (cut = 0; cut < most; cut++) {
		begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
		play(&w, t, n, cut, SIZE_MAX);
		check(&w, want);
	}
	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	play(&w, t, n, 0, 1);
	check(&w, want);
}

static void
keep_alive_pairs_in_order(void **state)
{
	static const struct say	 t[] = {
		{ 0, GET("/x/y") }, { 1, OK("3", "abc") },
		{ 0, "POST /p HTTP/1.1\r\nHost: B.\r\nContent-Length: 4\r\n"
		    "\r\nbody" },
		{ 1, "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "5\r\nhello\r\n0\r\nHost: evil\r\n\r\n" }
	};

	(void)state;
	same_at_every_cut(t, nitems(t),
	    "P http\nQ GET a /x\nR 200 paired\nT 1 200 paired 0/3\n"
	    "Q POST b /p\nR 404 paired\nT 2 404 paired 4/5\n");
}

/* Also where the first bytes are too few to know what they are. */
static void
a_time_is_that_of_the_first_byte(void **state)
{
	static const char	 *const t[] = { "\r\n" GET("/"), OK("0", "") };
	struct seen		 w;
	size_t			 cut, len;
	unsigned		 d;

	(void)state;
	for (cut = 0; cut < strlen(t[0]); cut++) {
		begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
		for (d = 0; d < 2; d++) {
			session_acked(w.s, d, w.off[!d]);
			len = cut < strlen(t[d]) ? cut : 1;
			data_n(&w, d, t[d], len);
			w.ts += 1000;
			data_n(&w, d, t[d] + len, strlen(t[d]) - len);
			w.ts += 1000;
		}
		/* An empty line before it is not its first byte. */
		assert_int_equal(w.req_us, cut > 2 ? 1000000 : 1001000);
		assert_int_equal(w.resp_us, cut > 0 ? 1002000 : 1003000);
		end(&w);
	}
}

/* The request comes late; the answer holds what looks like another one. */
static void
an_answer_within_an_early_answer_is_its_body(void **state)
{
	static const char	 head[] =
	    "HTTP/1.1 201 x\r\nContent-Length: 21\r\n\r\n";
	static const char	 body[] = "\r\nHTTP/1.1 200 OK\r\n\r\n";
	struct seen		 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	session_acked(w.s, 1, strlen(GET("/a/")));
	data_n(&w, 1, head, strlen(head));
	data_n(&w, 1, body, strlen(body));
	session_data(w.s, 0, 0, (const uint8_t *)GET("/a/"),
	    strlen(GET("/a/")), w.ts);
	check(&w, "P http\nR 201 late\nQ GET a /a\nL 201 paired 1\n"
	    "T 1 201 paired 0/21 late\n");
}

/* A probe that brings a byte again, or the last of a body. */
static void
what_joins_before_a_head_is_no_part_of_it(void **state)
{
	static const char *const before[] = { "k", "token", "H", "HTTP", "G" };
	static const char *const after[] = { "", "!", "\r" };
	struct seen		 w;
	size_t			 i, k;
	char			 text[16];

	(void)state;
	for (i = 0; i < nitems(before); i++)
		for (k = 0; k < nitems(after); k++) {
			snprintf(text, sizeof(text), "%s%s", before[i],
			    after[k]);
			begin(&w, 0);
			data(&w, 0, text);
			data(&w, 1, text);
			data(&w, 0, GET("/a"));
			data(&w, 1, OK("1", "x"));
			data(&w, 0, GET("/b"));
			data(&w, 1, OK("0", ""));
			end(&w);
			assert_non_null(strstr(w.log, "Q GET a /a\n"));
			assert_non_null(strstr(w.log, "Q GET a /b\n"));
			assert_non_null(strstr(w.log, "T 1 200 paired 0/1"));
			assert_non_null(strstr(w.log, "T 2 200 paired 0/0"));
		}
	begin(&w, 0);			/* but what is split is one */
	data(&w, 0, "GE");
	data(&w, 0, "T / HTTP/1.1\r\nHost: a\r\n\r\n");
	check(&w, "P http\nQ GET a /\nT 1 0 no-response 0/0\n");
	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	data(&w, 0, "M-");
	data(&w, 0, GET("/a"));
	check(&w, "P http\nQ M-GET a /a\nT 1 0 no-response 0/0\n");
}

/* Refused at once, or seen on another interface after the answer. */
static void
a_body_that_goes_on_after_its_answer_is_told(void **state)
{
	static const struct say	 t[] = {
		{ 0, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
		    "\r\nabcd" },
		{ 1, OK("1", "x") },
		{ 0, "efghi" },
		{ 0, GET("/b") }, { 1, OK("0", "") },
		{ 0, "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
		    "\r\nabcd" },
		{ 1, OK("0", "") },
		{ 0, "ef" }
	};
	static const char	 late[] =
	    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
	struct seen		 w;

	(void)state;
	same_at_every_cut(t, nitems(t), "P http\nQ POST a /a\n"
	    "R 200 paired\nT 1 200 paired 4/1\nB 1 5\n"
	    "Q GET a /b\nR 200 paired\nT 2 200 paired 0/0\n"
	    "Q POST a /c\nR 200 paired\nT 3 200 paired 4/0\nB 3 2\n");
	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	session_acked(w.s, 1, strlen(late));
	data_n(&w, 1, OK("0", ""), strlen(OK("0", "")));
	data_n(&w, 0, late, strlen(late));
	check(&w, "P http\nR 200 late\nQ POST a /\nL 200 paired 1\n"
	    "T 1 200 paired 0/0 late\nB 1 3\n");
}

static void
pipelined_requests_pair_in_order(void **state)
{
	static const struct say	 t[] = {
		{ 0, GET("/1") GET("/2") GET("/3") },
		{ 1, OK("1", "a") "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n"
		    OK("0", "") }
	};

	(void)state;
	same_at_every_cut(t, nitems(t),
	    "P http\nQ GET a /1\nQ GET a /2\nQ GET a /3\n"
	    "R 200 paired\nT 1 200 paired 0/1\nR 304 paired\n"
	    "T 2 304 paired 0/0\nR 200 paired\nT 3 200 paired 0/0\n");
}

static void
head_and_interim_have_no_body(void **state)
{
	static const struct say	 t[] = {
		{ 0, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 1, OK("500", "") },
		{ 0, "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		    "Content-Length: 2\r\n\r\n" },
		{ 1, "HTTP/1.1 100 Continue\r\n\r\n" }, { 0, "hi" },
		{ 1, "HTTP/1.1 201 x\r\nContent-Length: 0\r\n\r\n" }
	};

	(void)state;
	same_at_every_cut(t, nitems(t),
	    "P http\nQ HEAD a /\nR 200 paired\nT 1 200 paired 0/0\n"
	    "Q PUT a /\nR 100 interim\nR 201 paired\nT 2 201 paired 2/0\n");
}

#define PUT4	"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" \
		"Content-Length: 4\r\n\r\n"

/*
 * An answer that is seen late: that the client has read it tells. What looks
 * like a request then is one, but might be the body after a 100 that is lost.
 */
static void
answered_late(const char *answer, const char *then, size_t cut,
    const char *want)
{
	struct seen	 w;

	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, PUT4);
	session_acked(w.s, 0, strlen(answer));
	data_n(&w, 0, then, cut);
	data(&w, 1, answer);
	data(&w, 0, then + cut);
	data(&w, 1, OK("0", ""));
	check(&w, want);
}

static void
all_answered_late(void)
{
	static const char	 no[] = "HTTP/1.1 417 x\r\n"
				    "Content-Length: 0\r\n\r\n";
	size_t			 cut;

	answered_late(no, GET("/b"), strlen(GET("/b")),
	    "P http\nQ PUT a /\nQ GET a /b\nR 417 paired\n"
	    "T 1 417 paired 0/0\nR 200 gap\nT 0 200 gap 0/0\n"
	    "T 2 0 no-response 0/0\n");
	for (cut = strlen("GET /b HTTP/1.1\r"); cut > 0; cut--)
		answered_late(no, GET("/b"), cut, "P http\nQ PUT a /\n"
		    "R 417 paired\nT 1 417 paired 0/0\nQ GET a /b\n"
		    "R 200 paired\nT 2 200 paired 0/0\n");
	for (cut = 4; cut > 0; cut--)
		answered_late("HTTP/1.1 100 x\r\n\r\n", "GET " GET("/b"), cut,
		    "P http\nQ PUT a /\nR 100 interim\nQ GET a /b\n"
		    "R 200 paired\nT 1 200 paired 4/0\n"
		    "T 2 0 no-response 0/0\n");
}

static void
a_refused_expectation_has_no_body(void **state)
{
	static const char	 refused[] = "Q PUT a /\nR 417 paired\n"
	    "T 1 417 paired 0/0\nQ GET a /after\nR 200 paired\n"
	    "T 2 200 paired 0/0\n";
	static const char	 sent[] = "Q PUT a /\nR 417 paired\n"
	    "T 1 417 paired 0/0\nB 1 3\nQ GET a /x\n";
	static const char	*next[] = { GET("/after"),
				    "\1\2\3" GET("/x") };
	struct seen		 w;
	size_t			 i, cut;

	(void)state;
	for (i = 0; i < nitems(next); i++)
		for (cut = 0; cut <= strlen(next[i]); cut++) {
			begin(&w, SESSION_SYN_SEEN);
			data(&w, 0, "PUT / HTTP/1.1\r\nHost: a\r\nExpect: "
			    "100-continue\r\nContent-Length: 3\r\n\r\n");
			data(&w, 1, "HTTP/1.1 417 x\r\n"
			    "Content-Length: 0\r\n\r\n");
			data_n(&w, 0, next[i], cut);
			data(&w, 0, next[i] + cut);
			if (i == 0)
				data(&w, 1, OK("0", ""));
			if (strstr(w.log, i == 0 ? refused : sent) == NULL)
				fail_msg("%zu at %zu: %s", i, cut, w.log);
			end(&w);
		}
	all_answered_late();
}

/* So the end of the connection cuts none short, but for one that began. */
static void
a_refused_expectation_may_be_the_last(void **state)
{
	static const struct { const char *answer, *then; bool cut; } c[] = {
		{ "HTTP/1.1 417 x\r\nContent-Length: 0\r\n\r\n", "", false },
		{ "HTTP/1.1 417 x\r\nContent-Length: 0\r\n\r\n", "\1\2",
		    true },
		{ "HTTP/1.1 100 x\r\n\r\n", "", true },
		{ "", "", true }
	};
	struct seen	 w;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(c); i++) {
		begin(&w, SESSION_SYN_SEEN);
		w.odd = true;
		data(&w, 0, "PUT / HTTP/1.1\r\nHost: a\r\nExpect: "
		    "100-continue\r\nContent-Length: 3\r\n\r\n");
		data(&w, 1, c[i].answer);
		data(&w, 0, c[i].then);
		session_eof(w.s, 0, SESSION_FIN, w.ts);
		session_eof(w.s, 1, SESSION_FIN, w.ts);
		end(&w);
		if ((strstr(w.log, "body-cut") != NULL) != c[i].cut)
			fail_msg("%zu: %s", i, w.log);
	}
}

/* So a loss of as many bytes is its body, and hides no request. */
static void
a_granted_expectation_has_a_body(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, "PUT / HTTP/1.1\r\nHost: a\r\nExpect: "
	    "100-continue\r\nContent-Length: 50\r\n\r\n");
	data(&w, 1, "HTTP/1.1 100 x\r\n\r\n");
	gap(&w, 0, 50);
	data(&w, 1, OK("0", ""));
	data(&w, 0, GET("/x"));
	data(&w, 1, OK("0", ""));
	check(&w, "P http\nQ PUT a /\nR 100 interim\nR 200 paired\n"
	    "T 1 200 paired 50/0 gap\nQ GET a /x\nR 200 paired\n"
	    "T 2 200 paired 0/0\n");
}

/* What the server had says so, too, when its packets come first. */
static void
a_body_that_the_server_had_is_a_body(void **state)
{
	static const char	 put[] = "PUT / HTTP/1.1\r\nHost: a\r\n"
	    "Expect: 100-continue\r\nContent-Length: 29\r\n\r\n";
	struct seen		 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	session_acked(w.s, 1, strlen(put));
	data_n(&w, 1, "HTTP/1.1 100 x\r\n\r\n", 18);
	session_acked(w.s, 1, strlen(put) + 29);
	data_n(&w, 1, OK("0", ""), strlen(OK("0", "")));
	data_n(&w, 0, put, strlen(put));
	data_n(&w, 0, GET("/no"), strlen(GET("/no")));
	end(&w);
	assert_non_null(strstr(w.log, "Q PUT a /\n"));
	assert_null(strstr(w.log, "Q GET"));
}

/* What was held is part of the body that has a hole. */
static void
a_hole_in_what_may_be_a_head_is_in_the_body(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, "PUT / HTTP/1.1\r\nHost: a\r\nExpect: "
	    "100-continue\r\nContent-Length: 1000\r\n\r\n");
	data(&w, 1, "HTTP/1.1 417 x\r\nContent-Length: 0\r\n\r\n");
	data(&w, 0, "GET");
	gap(&w, 0, 990);
	data(&w, 0, "1234567" GET("/x"));
	if (strstr(w.log, "\nQ GET a /x gap\n") == NULL)
		fail_msg("%s", w.log);
	end(&w);
}

static void
one_joined_in_a_long_body_is_read_when_it_asks_again(void **state)
{
	static char	 body[400000];
	struct seen	 w;

	(void)state;
	memset(body, 'x', sizeof(body));
	begin(&w, 0);
	data_n(&w, 1, body, sizeof(body));
	data(&w, 0, GET("/next"));
	data(&w, 1, OK("0", ""));
	assert_non_null(strstr(w.log, "Q GET a /next\n"));
	assert_non_null(strstr(w.log, "R 200 paired\n"));
	end(&w);
}

static void
until_close_ends_with_the_connection(void **state)
{
	static const struct say	 t[] = {
		{ 0, GET("/") },
		{ 1, "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 404 x\r\n\r\n" }
	};

	(void)state;
	same_at_every_cut(t, nitems(t),
	    "P http\nQ GET a /\nR 200 paired\nT 1 200 paired 0/18\n");
}

static void
tunnels_are_left_alone(void **state)
{
	static const struct say	 t[] = {
		{ 0, "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n" },
		{ 1, "HTTP/1.1 407 x\r\nContent-Length: 1\r\n\r\nx" },
		{ 0, "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n" },
		{ 1, "HTTP/1.1 200 x\r\n\r\n" }, { 0, GET("/inner") },
		{ 1, OK("0", "") }
	};

	(void)state;
	same_at_every_cut(t, nitems(t),
	    "P http\nQ CONNECT b:443 (connect)\nR 407 paired\n"
	    "T 1 407 paired 0/1\nQ CONNECT b:443 (connect)\nR 200 paired\n"
	    "T 2 200 paired 0/0\nP tunnel\n");
}

static void
upgrades_are_left_alone(void **state)
{
	static const struct say	 t[] = {
		{ 0, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
		    "Upgrade: websocket\r\n\r\n" },
		{ 1, "HTTP/1.1 101 x\r\nUpgrade: WebSocket\r\n\r\n\x81\x02hi" },
		{ 0, GET("/frame") }
	};

	(void)state;
	same_at_every_cut(t, nitems(t),
	    "P http\nQ GET a /ws\nR 101 paired\nT 1 101 paired 0/0\n"
	    "P websocket\n");
}

static void
http2_is_told_by_its_preface(void **state)
{
	static const struct say	 t[] = {
		{ 0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" }
	};

	(void)state;
	same_at_every_cut(t, nitems(t), "P http2\n");
}

static void
other_protocols_say_nothing(void **state)
{
	static const struct say	 t[] = {
		{ 1, "220 mail ESMTP\r\n" }, { 0, "EHLO a\r\n" },
		{ 1, "250 ok\r\n" }, { 0, "GET / RTSP/1.0\r\n\r\n" }
	};

	(void)state;
	same_at_every_cut(t, nitems(t), "P other\n");
}

static void
prefixes_are_skipped(void **state)
{
	static const struct say	 proxy[] = {
		{ 0, "PROXY TCP4 1.2.3.4 5.6.7.8 1 80\r\n" GET("/") },
		{ 1, OK("0", "") }
	};
	static const char	 want[] =
	    "P http\nQ GET a /\nR 200 paired\nT 1 200 paired 0/0\n";
	struct seen		 w;

	(void)state;
	same_at_every_cut(proxy, nitems(proxy), want);
	begin(&w, SESSION_SYN_SEEN);
	data_n(&w, 0, "\x05\x01\x00", 3);
	data_n(&w, 1, "\x05\x00", 2);
	data_n(&w, 0, "\x05\x01\x00\x01\x01\x02\x03\x04\x00\x50", 10);
	data_n(&w, 1, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10);
	data(&w, 0, GET("/"));
	data(&w, 1, OK("0", ""));
	check(&w, want);
}

/* A PROXY header that says it is longer than any head may be. */
static void
an_endless_prefix_is_given_back(void **state)
{
	static uint8_t	 long_one[16 + 65535] =
	    "\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff";
	struct seen	 w;
	size_t		 at, n, empty;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	empty = session_held(w.s);
	for (at = 0; at < sizeof(long_one); at += n) {
		n = sizeof(long_one) - at < 1460 ? sizeof(long_one) - at :
		    1460;
		data_n(&w, 0, long_one + at, n);
	}
	assert_int_equal(session_held(w.s), empty);
	data(&w, 0, GET("/"));
	data(&w, 1, OK("0", ""));
	check(&w, "P http\nQ GET a /\nR 200 paired\nT 1 200 paired 0/0\n");
}

static void
what_waits_for_an_answer_is_known(void **state)
{
	struct seen	 w;
	uint64_t	 since = 0;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	assert_true(session_waiting(w.s, &since) == 0);
	data(&w, 0, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
	    "\r\n");
	assert_true(session_waiting(w.s, &since) == 0);
	data(&w, 0, "ab");
	assert_true(session_waiting(w.s, &since) == 1);
	assert_true(since == 1001000);
	data(&w, 0, GET("/b") GET("/c"));
	assert_true(session_waiting(w.s, &since) == 3);
	data(&w, 1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	assert_true(session_waiting(w.s, &since) == 2);
	assert_true(since == 1002000);
	data(&w, 1, "ab" OK("0", "") OK("0", ""));
	assert_true(session_waiting(w.s, &since) == 0);
	check(&w, "P http\nQ POST a /\nQ GET a /b\nQ GET a /c\nR 200 paired\n"
	    "T 1 200 paired 2/2\nR 200 paired\nT 2 200 paired 0/0\n"
	    "R 200 paired\nT 3 200 paired 0/0\n");
}

static void
late_request_claims_its_response(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	session_acked(w.s, 1, strlen(GET("/")));
	data_n(&w, 1, OK("0", ""), strlen(OK("0", "")));
	w.ts += 40000;
	session_data(w.s, 0, 0, (const uint8_t *)GET("/"), strlen(GET("/")),
	    w.ts);
	check(&w, "P http\nR 200 late\nQ GET a /\nL 200 paired 1\n"
	    "T 1 200 paired 0/0 late\n");
}

/* The answers stay two ahead of the requests that come to light. */
static void
late_requests_claim_their_responses_in_order(void **state)
{
	struct seen	 w;
	size_t		 n = strlen(GET("/"));
	char		 want[2048] = "P http\n";
	unsigned	 i;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	for (i = 1; i <= 20; i++) {
		session_acked(w.s, 1, i * n);
		data_n(&w, 1, OK("0", ""), strlen(OK("0", "")));
		if (i > 2)
			data_n(&w, 0, GET("/"), n);
		snprintf(want + strlen(want), sizeof(want) - strlen(want),
		    i <= 2 ? "R 200 late\n" : "R 200 late\nQ GET a /\n"
		    "L 200 paired %u\nT %u 200 paired 0/0 late\n", i - 2,
		    i - 2);
	}
	check(&w, strcat(want, "L 200 no-request 0\nT 0 200 no-request 0/0\n"
	    "L 200 no-request 0\nT 0 200 no-request 0/0\n"));
}

static void
response_waits_only_so_long(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data_n(&w, 1, OK("0", ""), strlen(OK("0", "")));
	w.ts += 50000;
	data_n(&w, 1, "", 0);
	assert_string_equal(w.log, "P http\nR 200 late\n");
	w.ts++;
	data_n(&w, 1, "", 0);
	check(&w, "P http\nR 200 late\nL 200 no-request 0\n"
	    "T 0 200 no-request 0/0\n");
}

/* The server had it, so the request was sent, and is still to come. */
static void
response_waits_longer_for_a_request_that_was_acknowledged(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	session_acked(w.s, 1, strlen(GET("/")));
	data_n(&w, 1, OK("0", ""), strlen(OK("0", "")));
	w.ts += 500000;
	data_n(&w, 1, "", 0);
	data_n(&w, 0, GET("/"), strlen(GET("/")));
	check(&w, "P http\nR 200 late\nQ GET a /\nL 200 paired 1\n"
	    "T 1 200 paired 0/0 late\n");
}

static void
gap_in_a_known_length_keeps_in_step(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, GET("/1"));
	data(&w, 1, OK("1000", "abc"));
	gap(&w, 1, 990);
	data(&w, 1, "1234567");
	data(&w, 0, GET("/2"));
	data(&w, 1, OK("0", ""));
	check(&w, "P http\nQ GET a /1\nR 200 paired\n"
	    "T 1 200 paired 0/1000 gap\nQ GET a /2\nR 200 paired\n"
	    "T 2 200 paired 0/0\n");
}

static void
lost_response_is_not_replaced_by_the_next(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, GET("/a"));
	session_acked(w.s, 0, 300);
	data_n(&w, 0, GET("/b"), strlen(GET("/b")));
	gap(&w, 1, 300);
	data(&w, 1, "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n");
	check(&w, "P http\nQ GET a /a\nQ GET a /b\nT 1 0 gap 0/0\n"
	    "R 404 paired\nT 2 404 paired 0/0 gap\n");
}

static void
lost_request_leaves_its_response_alone(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data_n(&w, 0, "GET /a HT", 9);
	gap(&w, 0, 30);
	data(&w, 1, OK("2", "hi"));
	data(&w, 0, GET("/b"));
	data(&w, 1, "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n");
	check(&w, "P http\nR 200 gap\nT 0 200 gap 0/2\nQ GET a /b gap\n"
	    "R 404 paired\nT 1 404 paired 0/0 gap\n");
}

static void
torn_chunks_find_the_next_head(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, GET("/a"));
	data(&w, 1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5\r\nhe");
	gap(&w, 1, 10);
	data(&w, 1, "xx\r\nHTTP/1.1 but not quite\r\n0\r\n\r\n");
	data(&w, 0, GET("/b"));
	data(&w, 1, "HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n");
	check(&w, "P http\nQ GET a /a\nR 200 paired\n"
	    "T 1 200 paired 0/2 gap cut\nQ GET a /b\nR 302 paired\n"
	    "T 2 302 paired 0/0 gap\n");
}

#define SIZED	"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n"
#define POST(h)	"POST /a HTTP/1.1\r\nHost: a\r\n" h "\r\n"
#define CHUNKS	"Transfer-Encoding: chunked\r\n"

/* In its head, in its body, or both: the tally and the transaction agree. */
static void
an_ambiguous_message_counts_once(void **state)
{
	static const struct {
		const char	*ask, *answer;
		unsigned	 anomalies, transactions;
	} c[] = {
		{ POST(CHUNKS) "+1\r\na\r\n0\r\n\r\n", OK("0", ""), 1, 1 },
		{ POST(CHUNKS) "1;\na\r\n0\r\n\r\n", OK("0", ""), 1, 1 },
		{ POST(CHUNKS) "1 \r\na\r\n0\r\n\r\n", OK("0", ""), 0, 0 },
		{ POST(SIZED) "0x1\r\n", OK("0", ""), 1, 1 },
		{ GET("/a"), "HTTP/1.1 200 OK\r\n" CHUNKS "\r\n1\r\nabc", 1,
		    1 },
		{ GET("/a"), "HTTP/1.1 200 OK\r\n" SIZED "\r\nwhatever", 1,
		    1 },
		{ POST(SIZED) "0\n\n", "HTTP/1.1 200 OK\r\n" CHUNKS "\r\n"
		    "1\na\n0\n\n", 2, 1 }
	};
	struct seen	 w;
	const char	*p;
	unsigned	 n;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(c); i++) {
		begin(&w, SESSION_SYN_SEEN);
		w.odd = true;
		data(&w, 0, c[i].ask);
		data(&w, 1, c[i].answer);
		end(&w);
		for (n = 0, p = w.log; (p = strstr(p, "! ambiguous")) != NULL;
		    p++)
			n++;
		if (n != c[i].anomalies || w.ambiguous != c[i].transactions)
			fail_msg("%zu: %u, %u\n%s", i, n, w.ambiguous, w.log);
	}
}

/* The Host of a head may be in what is missing of it. */
static void
a_torn_head_is_not_one_without_host(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	w.odd = true;
	data(&w, 0, "GET /a HTTP/1.1\r\nAccept: x\r\n");
	gap(&w, 0, 40);
	check(&w, "! head-lost-in-gap\nP http\nQ GET  /a gap\n"
	    "T 1 0 no-response 0/0 gap\n");
	begin(&w, SESSION_SYN_SEEN);
	w.odd = true;
	data(&w, 0, "GET /a HTTP/1.1\r\nAccept: x\r\nHo");
	check(&w, "! head-cut-by-end\nP http\nQ GET  /a\n"
	    "T 1 0 no-response 0/0\n");
	begin(&w, SESSION_SYN_SEEN);
	w.odd = true;
	data(&w, 0, "GET /a HTTP/1.1\r\nAccept: x\r\n\r\n");
	check(&w, "P http\n! no-host\nQ GET  /a\n"
	    "T 1 0 no-response 0/0\n");
}

static void
head_torn_by_the_end_still_counts(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, GET("/a"));
	data(&w, 1, "HTTP/1.1 200 OK\r\nServer: x\r\nConte");
	session_eof(w.s, 1, SESSION_FIN, w.ts);
	check(&w, "P http\nQ GET a /a\nR 200 paired\nT 1 200 paired 0/0\n");
}

static void
unanswered_requests_are_bounded(void **state)
{
	struct seen	 w;
	int		 i;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	for (i = 0; i < 6; i++)
		data(&w, 0, GET("/"));
	for (i = 0; i < 6; i++)
		data(&w, 1, OK("0", ""));
	end(&w);
	assert_non_null(strstr(w.log, "T 5 0 limit 0/0\n"));
	assert_non_null(strstr(w.log, "T 4 200 paired 0/0\nR 200 limit\n"));
	assert_int_equal(w.token, 6);
}

static void
midstream_response_is_not_given_to_a_newer_request(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, 0);
	data(&w, 1, OK("0", ""));
	data(&w, 0, GET("/new"));
	data(&w, 1, "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n");
	check(&w, "P http\nR 200 late\nQ GET a /new\n"
	    "L 200 no-request 0\nT 0 200 no-request 0/0\nR 404 paired\n"
	    "T 1 404 paired 0/0\n");
}

/* The first request was lost before there was anybody to tell it to. */
static void
a_stream_that_begins_late_has_lost_its_start(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	w.off[0] = 40;
	session_acked(w.s, 0, 0);
	data_n(&w, 0, GET("/2"), strlen(GET("/2")));
	session_acked(w.s, 0, 0);
	data_n(&w, 0, GET("/3"), strlen(GET("/3")));
	data(&w, 1, OK("0", ""));
	data(&w, 1, OK("0", ""));
	check(&w, "P http\nQ GET a /2 gap\nQ GET a /3\nR 200 gap\n"
	    "T 0 200 gap 0/0\nR 200 gap\nT 0 200 gap 0/0\n"
	    "T 1 0 no-response 0/0 gap\nT 2 0 no-response 0/0\n");
}

/*
 * A request of a connection met under way, which had read nothing: what came
 * to light of the other side before it does not tell how far it had read.
 */
static void
an_answer_seen_early_makes_no_wrong_pair(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, 0);
	session_acked(w.s, 1, strlen(GET("/1")));
	data_n(&w, 1, OK("0", ""), strlen(OK("0", "")));
	w.ts += 15000;
	session_acked(w.s, 0, 0);
	data_n(&w, 0, GET("/1"), strlen(GET("/1")));
	data(&w, 0, GET("/2"));
	data(&w, 1, "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n");
	check(&w, "P http\nR 200 late\nQ GET a /1\nL 200 no-request 0\n"
	    "T 0 200 no-request 0/0\nQ GET a /2\nT 1 0 gap 0/0\n"
	    "R 404 paired\nT 2 404 paired 0/0 gap\n");
}

/*
 * The same connection later: the request of an answer seen early is the one
 * whose sender had read all before it, and whose bytes the server had.
 */
static void
a_late_request_of_a_connection_met_under_way_claims_its_response(void **state)
{
	struct seen	 w;
	size_t		 n = strlen(GET("/1"));

	(void)state;
	begin(&w, 0);
	session_acked(w.s, 0, 0);
	data_n(&w, 0, GET("/1"), n);
	data(&w, 1, OK("0", ""));
	w.ts += 1000;
	session_acked(w.s, 1, 2 * n);
	data_n(&w, 1, OK("2", "ok"), strlen(OK("2", "ok")));
	w.ts += 1000;
	session_acked(w.s, 0, strlen(OK("0", "")));
	data_n(&w, 0, GET("/2"), n);
	check(&w, "P http\nQ GET a /1\nR 200 paired\nT 1 200 paired 0/0\n"
	    "R 200 late\nQ GET a /2\nL 200 paired 2\n"
	    "T 2 200 paired 0/2 late\n");
}

/* One of two answers was given up, and whose the other is nothing tells. */
static void
an_answer_behind_one_given_up_makes_no_wrong_pair(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, 0);
	data_n(&w, 1, OK("0", ""), strlen(OK("0", "")));
	w.ts += 60000;
	session_acked(w.s, 1, strlen(GET("/1")));
	data_n(&w, 1, OK("0", ""), strlen(OK("0", "")));
	w.ts -= 70000;
	session_acked(w.s, 0, 0);
	data_n(&w, 0, GET("/1"), strlen(GET("/1")));
	end(&w);
	assert_non_null(strstr(w.log, "Q GET a /1\n"));
	assert_null(strstr(w.log, "paired"));
}

static void
long_heads_are_cut_and_counted(void **state)
{
	struct seen	 w;
	char		*big;
	size_t		 n = 1 << 20;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	assert_non_null(big = malloc(n));
	memset(big, 'a', n);
	w.odd = true;
	data(&w, 0, "GET /");
	data_n(&w, 0, big, n);
	data(&w, 0, " HTTP/1.1\r\nHost: h\r\nX: ");
	data_n(&w, 0, big, n);
	data(&w, 0, "\r\nContent-Length: 2\r\n\r\nhi" GET("/next"));
	assert_true(w.mem.used < 100000);
	free(big);
	end(&w);
	assert_non_null(strstr(w.log, "! head-too-long\n"));
	assert_non_null(strstr(w.log, "Q GET h /aaa"));
	assert_non_null(strstr(w.log, "Q GET a /next\n"));
	assert_null(strstr(w.log, "between"));
}

/* Many fields of no interest before those that tell of the body. */
static void
the_length_is_read_behind_a_long_head(void **state)
{
	struct seen	 w;
	unsigned	 dir, i;

	(void)state;
	for (dir = 0; dir < 2; dir++) {
		begin(&w, SESSION_SYN_SEEN);
		w.odd = true;
		if (dir == 0)
			data(&w, 0, "POST / HTTP/1.1\r\nHost: h\r\n");
		else {
			data(&w, 0, GET("/") GET("/next"));
			data(&w, 1, "HTTP/1.1 200 x\r\n");
		}
		for (i = 0; i < 20000; i++)
			data(&w, dir, "Cookie: value\r\n");
		data(&w, dir, "Content-Length: 34\r\n\r\n"
		    "GET /body HTTP/1.1\r\nHost: body\r\n\r\n");
		data(&w, dir, dir == 0 ? GET("/next") : OK("0", ""));
		end(&w);
		assert_non_null(strstr(w.log, "! head-too-long\n"));
		assert_non_null(strstr(w.log, "Q GET a /next\n"));
		assert_null(strstr(w.log, "Q GET body"));
		assert_true(dir == 0 || strstr(w.log, "T 2 200 paired 0/0"));
	}
}

static void
too_many_fields_are_dropped_and_counted(void **state)
{
	struct seen	 w;
	int		 i;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, "GET / HTTP/1.1\r\nHost: h\r\n");
	for (i = 0; i < 20000; i++)
		data(&w, 0, "X-Name: value\r\n");
	data(&w, 0, "\r\n" GET("/next"));
	end(&w);
	assert_non_null(strstr(w.log, "Q GET h /\n"));
	assert_non_null(strstr(w.log, "Q GET a /next\n"));
}

static void
marks_tell_heads_and_ends(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	w.marks = true;
	data(&w, 0, "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi");
	data(&w, 1, "HTTP/1.0 204 x\r\n\r\n");
	check(&w, "P http\nM0 0 0 1\nM0 38 1 1\nQ POST  /\nM0 40 2 1\n"
	    "M1 0 0 1\nM1 18 1 1\nR 204 paired\nM1 18 2 1\n"
	    "T 1 204 paired 2/0\n");
}

/* To whom an answer belongs its mark tells, or that it is not known. */
static void
marks_tell_whose_answer_it_is(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	w.marks = true;
	data(&w, 0, GET("/1"));
	gap(&w, 1, 300);
	data(&w, 0, GET("/2"));
	data(&w, 1, OK("0", ""));
	assert_non_null(strstr(w.log, "M1 338 1 2\n"));
	data(&w, 0, GET("/3"));
	data(&w, 1, "HTTP/1.1 103 x\r\n\r\n");
	assert_non_null(strstr(w.log, "M1 356 1 3\n"));
	data(&w, 0, GET("/4"));
	data(&w, 1, "HTTP/1.1 103 x\r\n\r\n" OK("0", ""));
	assert_non_null(strstr(w.log, "M1 374 1 0\n"));
	assert_non_null(strstr(w.log, "M1 412 1 3\n"));
	end(&w);
	begin(&w, SESSION_SYN_SEEN);
	w.marks = true;
	data(&w, 0, GET("/1"));
	gap(&w, 0, 30);
	data(&w, 0, GET("/3"));
	data(&w, 1, OK("0", "") OK("0", ""));
	assert_non_null(strstr(w.log, "M1 38 1 1\n"));
	assert_non_null(strstr(w.log, "M1 76 1 0\n"));
	end(&w);
}

/*
 * A body may hold what looks like a request: behind a loss none is sure, until
 * the client has read the answer to all that was before.
 */
static void
marks_tell_whether_a_request_is_one(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	w.marks = true;
	data(&w, 0, GET("/1"));
	gap(&w, 0, 100);
	data(&w, 0, GET("/2"));
	data(&w, 0, GET("/3"));
	assert_non_null(strstr(w.log, "M0 28 1 1\n"));
	assert_non_null(strstr(w.log, "M0 156 1 0\n"));
	assert_non_null(strstr(w.log, "M0 184 1 0\n"));
	end(&w);
	begin(&w, SESSION_SYN_SEEN);
	w.marks = true;
	gap(&w, 0, 100);
	data(&w, 0, GET("/1"));
	data(&w, 1, OK("0", ""));	/* to it, or to what was lost */
	data(&w, 0, GET("/2"));
	data(&w, 1, OK("0", ""));
	data(&w, 0, GET("/3"));
	data(&w, 0, GET("/4"));
	assert_non_null(strstr(w.log, "M0 128 1 0\n"));
	assert_non_null(strstr(w.log, "M0 156 1 0\n"));
	assert_non_null(strstr(w.log, "M0 184 1 3\n"));
	assert_non_null(strstr(w.log, "M0 212 1 4\n"));
	end(&w);
	/* The next capture begins in the middle, and with an answer. */
	begin(&w, 0);
	w.marks = true;
	data(&w, 1, OK("0", ""));
	data(&w, 0, GET("/1"));
	data(&w, 1, OK("0", ""));
	data(&w, 0, GET("/2"));
	assert_non_null(strstr(w.log, "M0 28 1 0\n"));
	assert_non_null(strstr(w.log, "M0 56 1 2\n"));
	end(&w);
	/* Nor is what comes behind a body that others may end elsewhere. */
	begin(&w, SESSION_SYN_SEEN);
	w.marks = true;
	data(&w, 0, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GET("/2"));
	data(&w, 0, GET("/3"));
	assert_non_null(strstr(w.log, "M0 74 1 1\n"));
	assert_non_null(strstr(w.log, "M0 107 1 0\n"));
	assert_non_null(strstr(w.log, "M0 135 1 0\n"));
	end(&w);
	begin(&w, SESSION_SYN_SEEN);
	w.marks = true;
	data(&w, 0, "PUT / HTTP/1.1\r\nHost: a\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n0;x\n\n" GET("/2"));
	assert_non_null(strstr(w.log, "M0 55 1 1\n"));
	assert_non_null(strstr(w.log, "M0 60 2 0\n"));
	assert_non_null(strstr(w.log, "M0 88 1 0\n"));
	end(&w);
	/* Refused, it may send its body all the same. */
	begin(&w, SESSION_SYN_SEEN);
	w.marks = true;
	data(&w, 0, "PUT / HTTP/1.1\r\nContent-Length: 99\r\n"
	    "Expect: 100-continue\r\n\r\n");
	data(&w, 1, OK("0", ""));
	data(&w, 0, GET("/2"));
	assert_null(strstr(w.log, " 1 2\n"));
	assert_non_null(strstr(w.log, "M0 60 2 0\n"));
	end(&w);
	/* A length keeps in step over a loss. */
	begin(&w, SESSION_SYN_SEEN);
	w.marks = true;
	data(&w, 0, "PUT / HTTP/1.1\r\nContent-Length: 50\r\n\r\n");
	gap(&w, 0, 50);
	data(&w, 0, GET("/2"));
	assert_non_null(strstr(w.log, " 1 2\n"));
	end(&w);
}

/* As in the logs of servers. */
static void
the_version_is_that_of_the_request(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, "GET / HTTP/1.0\r\n\r\n");
	data(&w, 1, OK("0", ""));
	assert_non_null(strstr(w.log, "T 1 200 paired 0/0\n"));
	assert_int_equal(w.minor, 0);
	end(&w);
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, GET("/"));
	end(&w);
	assert_non_null(strstr(w.log, "T 1 0 no-response 0/0\n"));
	assert_int_equal(w.minor, 1);
}

/* What follows is another protocol; the answer that said so is whole. */
static void
marks_tell_the_end_of_a_switch(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	w.marks = true;
	data(&w, 0, "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n"
	    "Upgrade: x\r\n\r\n");
	data(&w, 1, "HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\n");
	assert_non_null(strstr(w.log, "M1 0 0 1\nM1 30 1 1\n"));
	assert_non_null(strstr(w.log, "M1 30 2 1\n"));
	assert_non_null(strstr(w.log, "M1 30 3 0\n"));
	end(&w);
}

/* Where the trailer begins is marked once, wherever the pieces are cut. */
static void
marks_tell_trailers(void **state)
{
	static const char	 in[] =
	    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n2\r\nhi\r\n0\r\nCookie: a\r\nX: b\r\n\r\n"
	    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n0\r\n\r\n";
	static const struct say	 talk[] = { { 0, in } };
	struct seen		 w;
	size_t			 i, k;

	(void)state;
	for (i = 1; i < sizeof(in) - 1; i++)
		for (k = 1; k < sizeof(in) - 1; k += 7) {
			begin(&w, SESSION_SYN_SEEN);
			w.marks = true;
			play(&w, talk, 1, i, k);
			check(&w, "P http\nM0 0 0 1\nM0 56 1 1\n"
			    "Q POST h /\nM0 66 5 1\nM0 85 2 1\nM0 85 0 2\n"
			    "M0 141 1 2\nQ POST h /\nM0 146 2 2\n"
			    "T 1 0 no-response 2/0\n"
			    "T 2 0 no-response 0/0\n");
		}
}

static void
memory_refused_is_no_failure(void **state)
{
	struct session_conf	 c = { .ops = &ops, .keep_strings = true };
	struct mem		 none = { .limit = 10 };
	struct seen		 w;

	(void)state;
	assert_null(session_new(&conf, &w, &none, 0));
	assert_int_equal(none.used, 0);
	memset(&w, 0, sizeof(w));
	w.mem.limit = 1 << 20;
	w.s = session_new(&c, &w, &w.mem, SESSION_SYN_SEEN);
	w.mem.limit = w.mem.used + 150;		/* a request, its answer */
	w.odd = true;
	data(&w, 0, GET("/") GET("/") "GET / HT");
	data(&w, 1, OK("0", "") OK("0", ""));
	end(&w);
	assert_non_null(strstr(w.log, "! no-memory\n"));
	assert_non_null(strstr(w.log, "T 1 200 paired 0/0\n"));
	assert_non_null(strstr(w.log, "T 2 0 limit 0/0\n"));
}

/* The request is kept, its answer finds no room: that is a loss, once. */
static void
an_answer_without_memory_is_lost(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, GET("/1"));
	w.mem.limit = w.mem.used;
	w.odd = true;
	data(&w, 1, OK("0", ""));
	assert_non_null(strstr(w.log, "! no-memory\n"));
	w.mem.limit = 1 << 20;
	data(&w, 0, GET("/2"));
	data(&w, 1, OK("0", ""));
	end(&w);
	assert_null(strstr(w.log, "T 1 200"));
	assert_non_null(strstr(w.log, "T 1 0 gap"));
	assert_null(strstr(w.log, "T 2 0"));
}

static void
session_is_small(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, GET("/"));
	data(&w, 1, OK("0", ""));
	assert_true(session_held(w.s) <= 320);
	assert_int_equal(w.mem.used, session_held(w.s));
	end(&w);
}

/* A minimal client hello for name "a.b", in records of step bytes. */
static size_t
client_hello(uint8_t *out, size_t step)
{
	static const uint8_t	 tail[] =
	    "\x00\x00\x02\x13\x01\x01\x00\x00\x0c\x00\x00\x00\x08\x00\x06\x00"
	    "\x00\x03" "A.b";
	uint8_t			 m[128] = { 1, 0, 0, 0, 3, 3 };
	size_t			 len = 38 + sizeof(tail) - 1, n, o = 0, i;

	memcpy(m + 38, tail, sizeof(tail) - 1);
	m[3] = (uint8_t)(len - 4);
	for (i = 0; i < len; i += n) {
		n = len - i < step ? len - i : step;
		memcpy(out + o, "\x16\x03\x01\x00", 4);
		out[o + 4] = (uint8_t)n;
		memcpy(out + o + 5, m + i, n);
		o += 5 + n;
	}
	return o;
}

static void
hello_is_read_over_records_and_segments(void **state)
{
	struct seen	 w;
	uint8_t		 in[1024];
	size_t		 step, cut, n, k, i;

	(void)state;
	for (step = 1; step < 70; step += 11) {
		n = client_hello(in, step);
		for (cut = 1; cut <= n; cut += 7) {
			begin(&w, SESSION_SYN_SEEN);
			for (i = 0; i < n; i += k) {
				k = n - i < cut ? n - i : cut;
				data_n(&w, 0, in + i, k);
			}
			check(&w, "P tls\nH a.b\n");
		}
	}
}

static void
hello_is_found_behind_starttls_and_connect(void **state)
{
	struct seen	 w;
	uint8_t		 in[256], both[300];
	size_t		 i, k, cut, n = client_hello(in, 200);

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 1, "220 hi\r\n");
	data(&w, 0, "STARTTLS\r\n");
	data_n(&w, 0, in, n);
	check(&w, "P other\nP tls\nH a.b\n");
	memcpy(both, "STARTTLS\r\n", 10);
	memcpy(both + 10, in, n);
	for (cut = 1; cut < n; cut++) {
		begin(&w, SESSION_SYN_SEEN);
		for (i = 0; i < n + 10; i += k) {
			k = n + 10 - i < cut ? n + 10 - i : cut;
			data_n(&w, 0, both + i, k);
		}
		check(&w, "P other\nP tls\nH a.b\n");
		begin(&w, SESSION_SYN_SEEN);
		data(&w, 0, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n");
		data(&w, 1, "HTTP/1.1 200 x\r\n\r\n");
		data_n(&w, 0, in, cut);
		data_n(&w, 0, in + cut, n - cut);
		check(&w, "P http\nQ CONNECT a (connect)\nR 200 paired\n"
		    "T 1 200 paired 0/0\nP tunnel\nH a.b\n");
	}
}

/* A proxy behind a proxy, and a mail server: what comes first is no TLS. */
static void
hello_is_found_late_in_a_tunnel(void **state)
{
	static const char *const first[] = {
		"CONNECT b:443 HTTP/1.1\r\nHost: b\r\n\r\n", "STARTTLS\r\n",
		"\x16\x03x" GET("/no")
	};
	struct seen	 w;
	uint8_t		 in[256];
	size_t		 i, cut, n = client_hello(in, 200);

	(void)state;
	for (i = 0; i < nitems(first); i++)
		for (cut = 1; cut < n; cut++) {
			begin(&w, SESSION_SYN_SEEN);
			data(&w, 0, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
			data(&w, 1, "HTTP/1.1 200 x\r\n\r\n");
			data(&w, 1, "220 hi\r\n");
			data(&w, 0, first[i]);
			data(&w, 1, "HTTP/1.1 200 x\r\n\r\n");
			data_n(&w, 0, in, cut);
			data_n(&w, 0, in + cut, n - cut);
			check(&w, "P http\nQ CONNECT a (connect)\n"
			    "R 200 paired\nT 1 200 paired 0/0\nP tunnel\n"
			    "H a.b\n");
		}
}

/* PROXY protocol, version 2, before it in the same segment. */
static void
hello_is_found_behind_other_words_in_a_tunnel(void **state)
{
	static const char	 first[] =
	    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\1\2\3\4\5\6\7\x8\0\1\1\xbb";
	struct seen		 w;
	uint8_t			 in[256];
	size_t			 cut, k = sizeof(first) - 1, n;

	(void)state;
	memcpy(in, first, k);
	n = k + client_hello(in + k, 200);
	for (cut = 1; cut <= n; cut++) {
		begin(&w, SESSION_SYN_SEEN);
		data(&w, 0, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
		data(&w, 1, "HTTP/1.1 200 x\r\n\r\n");
		data_n(&w, 0, in, cut);
		data_n(&w, 0, in + cut, n - cut);
		check(&w, "P http\nQ CONNECT a (connect)\nR 200 paired\n"
		    "T 1 200 paired 0/0\nP tunnel\nH a.b\n");
	}
}

/* Met under way, or the request was lost. */
static void
hello_is_found_behind_a_connect_that_was_not_seen(void **state)
{
	struct seen	 w;
	uint8_t		 in[256];
	size_t		 cut, n = client_hello(in, 200);

	(void)state;
	for (cut = 1; cut < 2 * n; cut++) {
		begin(&w, cut < n ? 0 : SESSION_SYN_SEEN);
		if (cut >= n)
			gap(&w, 0, 40);
		data(&w, 1, "HTTP/1.1 200 established\r\n\r\n");
		data_n(&w, 0, in, cut % n);
		data_n(&w, 0, in + cut % n, n - cut % n);
		end(&w);
		if (strstr(w.log, "P tunnel\nH a.b\n") == NULL)
			fail_msg("at %zu: %s", cut, w.log);
	}
}

/* RFC 2817, as printers have it. */
static void
hello_is_found_after_an_upgrade_to_tls(void **state)
{
	struct seen	 w;
	uint8_t		 in[256];
	size_t		 cut, n = client_hello(in, 200);

	(void)state;
	for (cut = 1; cut < n; cut++) {
		begin(&w, SESSION_SYN_SEEN);
		data(&w, 0, "OPTIONS * HTTP/1.1\r\nHost: a\r\n"
		    "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n");
		data(&w, 1, "HTTP/1.1 101 x\r\nConnection: Upgrade\r\n"
		    "Upgrade: TLS/1.2, HTTP/1.1\r\n\r\n");
		data_n(&w, 0, in, cut);
		data_n(&w, 0, in + cut, n - cut);
		check(&w, "P http\nQ OPTIONS a *\nR 101 paired\n"
		    "T 1 101 paired 0/0\nP tunnel\nH a.b\n");
	}
}

/* The two directions come over two interfaces, one of them late. */
static void
hello_is_found_before_the_last_plain_words(void **state)
{
	struct seen	 w;
	uint8_t		 in[256];
	size_t		 cut, n = client_hello(in, 20);

	(void)state;
	for (cut = 11; cut < n; cut++) {
		begin(&w, SESSION_SYN_SEEN);
		data(&w, 1, "220 hi\r\n");
		data(&w, 0, "STARTTLS\r\n");
		data_n(&w, 0, in, cut);
		data(&w, 1, "220 go\r\n");
		data_n(&w, 0, in + cut, n - cut);
		check(&w, "P other\nP tls\nH a.b\n");
	}
}

/* The client does not wait for the answer to CONNECT, or it was lost. */
static void
hello_is_found_before_the_answer(void **state)
{
	struct seen	 w;
	uint8_t		 in[256];
	size_t		 cut, n = client_hello(in, 200);

	(void)state;
	for (cut = 1; cut < n; cut++) {
		begin(&w, SESSION_SYN_SEEN);
		data(&w, 0, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n");
		data_n(&w, 0, in, cut);
		data_n(&w, 0, in + cut, n - cut);
		check(&w, "P http\nQ CONNECT a (connect)\nP tunnel\nH a.b\n"
		    "T 1 0 no-response 0/0\n");
		begin(&w, SESSION_SYN_SEEN);
		data(&w, 0, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n");
		data_n(&w, 0, in, cut);
		data_n(&w, 0, in + cut, n - cut);
		data(&w, 1, "HTTP/1.1 200 x\r\n\r\n");
		check(&w, "P http\nQ CONNECT a (connect)\nP tunnel\nH a.b\n"
		    "R 200 paired\nT 1 200 paired 0/0\n");
	}
}

static void
handshake_of_tls12_ends_with_both_finished(void **state)
{
	static const char	 server[] =
	    "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
	    "01234567890123456789012345678901" "\x00\xc0\x2f\x00";
	static const char	 done[] =
	    "\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x04xxxx";
	struct seen		 w;
	uint8_t			 in[256];

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data_n(&w, 0, in, client_hello(in, 200));
	data_n(&w, 1, server, sizeof(server) - 1);
	data_n(&w, 0, done, sizeof(done) - 1);
	assert_null(strstr(w.log, "E "));
	data_n(&w, 1, done, sizeof(done) - 1);
	check(&w, "P tls\nH a.b\nE 303\n");
}

static void
http_answer_to_a_hello_is_seen(void **state)
{
	struct seen	 w;
	uint8_t		 in[256];

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data_n(&w, 0, in, client_hello(in, 200));
	data(&w, 1, "H");
	data(&w, 1, "TTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n");
	check(&w, "P tls\nH a.b\nP http\nR 400 late\nL 400 no-request 0\n"
	    "T 0 400 no-request 0/0\n");
}

/* More answers wait than the queue of requests could hold. */
static void
the_oldest_of_too_many_early_answers_is_given_up(void **state)
{
	struct seen	 w;
	unsigned	 i;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	w.odd = true;
	for (i = 0; i < 5; i++)
		data(&w, 1, OK("0", ""));
	assert_non_null(strstr(w.log, "! too-many-early-responses\n"
	    "L 200 no-request 0\n"));
	assert_null(strstr(strstr(w.log, "L 200") + 1, "L 200"));
	end(&w);
}

/* Nobody asked for the second answer; nothing was lost. */
static void
an_unasked_answer_is_no_loss(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, GET("/a"));
	data(&w, 1, OK("0", ""));
	data(&w, 1, "HTTP/1.1 408 x\r\nContent-Length: 0\r\n\r\n");
	w.ts += 200000;
	data_n(&w, 0, "", 0);
	data(&w, 0, GET("/b"));
	data(&w, 1, OK("0", ""));
	data(&w, 0, GET("/c"));
	end(&w);
	assert_null(strstr(w.log, "gap"));
	assert_non_null(strstr(w.log, "T 2 200 paired"));
	assert_non_null(strstr(w.log, "T 3 0 no-response"));
}

/* It asks on when half of the answer is there: what it loses is not known. */
static void
a_client_that_asks_in_the_middle_is_not_one_that_waits(void **state)
{
	const char	*ok = OK("10", "0123456789");
	struct seen	 w;
	size_t		 n = strlen(ok), half = n - 5;
	int		 i;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	data(&w, 0, GET("/"));
	for (i = 0; i < 12; i++) {
		session_acked(w.s, 1, w.off[0]);
		data_n(&w, 1, ok, half);
		data(&w, 0, GET("/"));
		data_n(&w, 1, ok + half, n - half);
	}
	data(&w, 1, ok);
	session_acked(w.s, 0, w.off[1]);
	gap(&w, 0, strlen(GET("/lost")));
	data(&w, 0, GET("/seen"));
	data(&w, 1, "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n");
	data(&w, 1, OK("0", ""));
	end(&w);
	assert_null(strstr(w.log, "404 paired"));
}

/* A snap length that leaves of each head the first line alone. */
static void
heads_cut_behind_their_first_line_count(void **state)
{
	struct seen	 w;
	unsigned	 i;

	(void)state;
	begin(&w, SESSION_SYN_SEEN);
	for (i = 0; i < 3; i++) {
		data(&w, 0, "GET / HTTP/1.1\r\nHos");
		gap(&w, 0, 10);
		data(&w, 1, "HTTP/1.1 200 x\r\nConten");
		gap(&w, 1, 30);
	}
	/* but not where one begins within what was captured */
	data(&w, 1, "body\nHTTP/1.1 500 x\r\nConten");
	gap(&w, 1, 30);
	end(&w);
	assert_int_equal(w.token, 3);
	assert_non_null(strstr(w.log, "R 200"));
	assert_null(strstr(w.log, "R 500"));
}

/* ---- loss: nothing is ever given to the wrong request ---- */

#define HELD_MAX	40

struct link {
	struct session	*s;
	uint32_t	 seed;
	uint64_t	 sent[2];	/* all that was said */
	uint64_t	 lost[2];	/* bytes lost just before now */
	uint64_t	 ts;
	unsigned	 loss;		/* per cent of segments */
	bool		 stalls;	/* one is told some segments later */
	struct held {
		uint64_t	 off;
		uint64_t	 acked;
		uint64_t	 ts;
		size_t		 len;
		char		 p[120];
	}		 held[2][HELD_MAX];
	unsigned	 nheld[2];
	unsigned	 asked;
	unsigned	 target[600];	/* by token: what was asked for */
	unsigned	 pairs;
	unsigned	 wrong;
	unsigned	 told;
};

static unsigned
roll(struct link *l, unsigned n)
{
	l->seed = l->seed * 1664525 + 1013904223;
	return (l->seed >> 8) % n;
}

static uint64_t
link_request(void *arg, const struct session_request *r)
{
	struct link	*l = arg;
	char		 n[8] = "";

	assert_true(r->head->target.len > 1 && r->head->target.len < 8);
	memcpy(n, r->head->target.p + 1, r->head->target.len - 1);
	l->target[++l->asked] = (unsigned)atoi(n);
	return l->asked;
}

static void
link_transaction(void *arg, const struct session_tx *tx)
{
	struct link	*l = arg;

	l->told++;
	if (tx->pair != SESSION_PAIRED)
		return;
	l->pairs++;
	if (l->target[tx->token] + 400 != tx->status)
		l->wrong++;
}

/* A loss is told, and then what came behind it. */
static void
link_go_on(struct link *l, unsigned dir)
{
	struct held	*h = l->held[dir];
	uint64_t	 at;

	if (l->lost[dir] > 0) {
		at = l->nheld[dir] > 0 ? h[0].off : l->sent[dir];
		session_gap(l->s, dir, at - l->lost[dir], l->lost[dir],
		    l->ts);
	}
	l->lost[dir] = 0;
	for (; l->nheld[dir] > 0; l->nheld[dir]--, h++) {
		session_acked(l->s, dir, h->acked);
		session_data(l->s, dir, h->off, (const uint8_t *)h->p, h->len,
		    h->ts);
	}
}

/* The loss is not sure yet: what comes behind it waits. */
static bool
link_hold(struct link *l, unsigned dir, const char *p, size_t n,
    uint64_t acked)
{
	struct held	*h = &l->held[dir][l->nheld[dir]];

	if (!l->stalls || l->lost[dir] == 0 || l->nheld[dir] == HELD_MAX ||
	    roll(l, 8) == 0)
		return false;
	l->nheld[dir]++;
	h->off = l->sent[dir];
	h->acked = acked;
	h->ts = l->ts;
	h->len = n;
	memcpy(h->p, p, n);
	return true;
}

/* One side says something, in segments of which some are lost. */
static void
link_send(struct link *l, unsigned dir, const char *p, size_t len)
{
	uint64_t	 acked = l->sent[!dir];
	size_t		 n;

	for (; len > 0; p += n, len -= n) {
		n = 1 + roll(l, 120);
		if (n > len)
			n = len;
		l->ts += 100;
		if (l->nheld[dir] == 0 && roll(l, 100) < l->loss)
			l->lost[dir] += n;
		else if (!link_hold(l, dir, p, n, acked)) {
			link_go_on(l, dir);
			session_acked(l->s, dir, acked);
			session_data(l->s, dir, l->sent[dir],
			    (const uint8_t *)p, n, l->ts);
		}
		l->sent[dir] += n;
	}
}

static void
link_ask(struct link *l, unsigned k)
{
	char	 m[128];

	snprintf(m, sizeof(m), "GET /%u HTTP/1.1\r\nHost: a\r\nX: %0*u\r\n\r\n",
	    k, 1 + (int)roll(l, 40), 0U);
	link_send(l, 0, m, strlen(m));
}

static void
link_answer(struct link *l, unsigned k)
{
	char	 m[600];
	int	 n = (int)roll(l, 300);

	if (roll(l, 10) == 0)
		link_send(l, 1, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	if (roll(l, 2) == 0)
		snprintf(m, sizeof(m), "HTTP/1.1 %u x\r\n"
		    "Content-Length: %d\r\n\r\n%0*d", k + 400, n + 1, n + 1,
		    0);
	else
		snprintf(m, sizeof(m), "HTTP/1.1 %u x\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n%x\r\n%0*d\r\n0\r\n\r\n",
		    k + 400, n + 1, n + 1, 0);
	link_send(l, 1, m, strlen(m));
}

/* 40 requests, in batches when pipelined; the pairs that were told. */
static unsigned
lossy_talk(uint32_t seed, unsigned loss, unsigned batch, bool syn,
    bool stalls)
{
	static const struct session_ops	 lo = {
		.request = link_request, .transaction = link_transaction
	};
	struct session_conf		 c = { .ops = &lo, .depth = 1 };
	struct mem			 mem = { .limit = 1 << 20 };
	struct link			 l = { .seed = seed, .loss = loss,
					    .stalls = stalls };
	unsigned			 k = 0, i, n;

	l.s = session_new(&c, &l, &mem, syn ? SESSION_SYN_SEEN : 0);
	if (!syn)
		link_answer(&l, 299);
	while (k < 40) {
		n = 1 + roll(&l, batch);
		for (i = 0; i < n; i++)
			link_ask(&l, k + i);
		for (i = 0; i < n; i++)
			link_answer(&l, k + i);
		k += n;
	}
	link_go_on(&l, 0);
	link_go_on(&l, 1);
	session_eof(l.s, 0, SESSION_END, l.ts);
	session_free(l.s);
	assert_int_equal(mem.used, 0);
	if (l.wrong > 0)
		fail_msg("seed %u loss %u batch %u stalls %d: %u wrong pairs",
		    seed, loss, batch, stalls, l.wrong);
	return l.pairs;
}

static void
loss_never_makes_a_wrong_pair(void **state)
{
	unsigned	 seed, all = 0, held = 0, n = 0;

	(void)state;
	for (seed = 1; seed <= 400; seed++) {
		assert_true(lossy_talk(seed, 0, 1, true, false) >= 40);
		assert_true(lossy_talk(seed, 0, 5, true, false) >= 40);
		all += lossy_talk(seed, 3, 1, true, false);
		n += 40;
		(void)lossy_talk(seed, 10, 1, seed % 2, false);
		(void)lossy_talk(seed, 3, 4, seed % 2, false);
		(void)lossy_talk(seed, 15, 6, seed % 2, false);
		held += lossy_talk(seed, 3, 1, true, true);
		(void)lossy_talk(seed, 10, 1, seed % 2, true);
		(void)lossy_talk(seed, 3, 4, seed % 2, true);
		(void)lossy_talk(seed, 15, 6, seed % 2, true);
	}
	/* two losses in a row; a head that is whole only after a loss */
	(void)lossy_talk(1261, 3, 4, true, false);
	(void)lossy_talk(635, 8, 3, true, false);
	(void)lossy_talk(1547, 15, 6, true, false);
	(void)lossy_talk(15827, 15, 6, true, false);
	(void)lossy_talk(774, 25, 8, false, false);
	(void)lossy_talk(11256, 15, 6, false, false);
	/* and what can be paired is paired */
	assert_true(all > n * 9 / 10 && held > n * 9 / 10);
}

static void
names_are_complete(void **state)
{
	unsigned	 i, k;

	(void)state;
	for (i = 0; i < SESSION_ANOMALY_MAX; i++)
		for (k = 0; k < i; k++) {
			assert_string_not_equal(session_anomaly_name(i),
			    session_anomaly_name(k));
			assert_int_not_equal(session_anomaly_tally(i),
			    session_anomaly_tally(k));
		}
	for (i = 0; i <= SESSION_A_STATUS; i++)
		assert_string_equal(session_anomaly_name(i),
		    http_flaw_name(1U << i));
	assert_string_equal(session_proto_name(SESSION_TLS), "tls");
	assert_string_equal(session_pair_name(SESSION_BY_GAP), "gap");
}

static void
bytes_told_twice_are_read_once(void **state)
{
	static const char	 two[] = GET("/x/") GET("/y/");
	struct seen		 w;
	size_t			 half = sizeof(two) / 2, len = sizeof(two) - 1;

	(void)state;
	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	session_data(w.s, 0, 0, guard_copy(two, half), half, w.ts);
	session_data(w.s, 0, 0, guard_copy(two, half), half, w.ts);
	session_data(w.s, 0, 5, guard_copy(two + 5, len - 5), len - 5, w.ts);
	session_gap(w.s, 0, 0, len, w.ts);
	session_gap(w.s, 0, len, 0, w.ts);
	check(&w, "P http\nQ GET a /x\nQ GET a /y\n"
	    "T 1 0 no-response 0/0\nT 2 0 no-response 0/0\n");
}

static void
data_beyond_what_was_told_is_a_gap(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	data(&w, 0, "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 9\r\n\r\nab");
	w.off[0] += 7;
	data(&w, 0, GET("/y/"));
	check(&w, "P http\nQ POST a /\nQ GET a /y\n"
	    "T 1 0 no-response 9/0 gap\nT 2 0 no-response 0/0\n");
}

static void
each_side_ends_by_itself(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	data(&w, 0, GET("/"));
	session_eof(w.s, 0, SESSION_FIN, w.ts);
	session_eof(w.s, 0, SESSION_FIN, w.ts);
	data(&w, 0, GET("/after/"));
	gap(&w, 0, 10);
	data(&w, 1, OK("2", "ok"));
	session_eof(w.s, 1, SESSION_FIN, w.ts);
	check(&w, "P http\nQ GET a /\nR 200 paired\nT 1 200 paired 0/2\n");

	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	data(&w, 0, GET("/") GET("/y/"));
	data(&w, 1, OK("2", "ok"));
	session_eof(w.s, 1, SESSION_FIN, w.ts);
	check(&w, "P http\nQ GET a /\nQ GET a /y\nR 200 paired\n"
	    "T 1 200 paired 0/2\nT 2 0 no-response 0/0\n");
}

static void
a_response_cut_by_the_end_is_marked(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	w.odd = true;
	data(&w, 0, GET("/"));
	data(&w, 1, OK("9", "ok"));
	check(&w, "P http\nQ GET a /\nR 200 paired\n! body-cut-by-end\n"
	    "T 1 200 paired 0/2 cut\n");
}

static void
without_memory_there_is_no_session(void **state)
{
	struct mem	 none;

	(void)state;
	memset(&none, 0, sizeof(none));
	assert_null(session_new(&conf, NULL, &none, 0));
	session_free(NULL);
	assert_string_equal(session_proto_name(SESSION_PROTOS), "unknown");
	assert_string_equal(session_anomaly_name(SESSION_ANOMALY_MAX),
	    "unknown");
	assert_string_equal(session_pair_name((enum session_pair)99),
	    "unknown");
}

static void
lost_tls_bytes_end_the_handshake_alone(void **state)
{
	uint8_t		 b[512];
	struct seen	 w;
	size_t		 n;

	(void)state;
	n = client_hello(b, 4096);
	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	data_n(&w, 0, b, n / 2);
	gap(&w, 0, n - n / 2);
	data_n(&w, 0, "\x17\x03\x03\x00\x04" "abcd", 9);
	end(&w);
	assert_null(strstr(w.log, "Q "));

	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	data_n(&w, 0, b, n);
	data_n(&w, 0, "\x17\x03\x03\x00\x40" "abcd", 9);
	gap(&w, 0, 10);
	gap(&w, 0, 1000);
	end(&w);
	assert_non_null(strstr(w.log, "H "));

	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	gap(&w, 0, 100);
	data_n(&w, 0, b, n);
	end(&w);
	assert_non_null(strstr(w.log, "H "));
}

static void
a_refused_tunnel_stays_http(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	data(&w, 0, "CONNECT b:443 HTTP/1.1\r\nHost: b\r\n\r\n");
	data(&w, 0, GET("/early/"));
	data(&w, 1, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
	data(&w, 1, OK("2", "ok"));
	check(&w, "P http\nQ CONNECT b (connect)\nQ GET a /early\n"
	    "R 403 paired\nT 1 403 paired 0/0\nR 200 paired\n"
	    "T 2 200 paired 0/2\n");
}

static void
what_only_begins_like_tls_is_not(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	data(&w, 0, "CONNECT b:443 HTTP/1.1\r\nHost: b\r\n\r\n");
	data_n(&w, 0, "\x16\x03", 2);
	data_n(&w, 0, "\x09zzz", 4);
	data(&w, 1, "HTTP/1.1 200 Fine\r\n\r\n");
	data_n(&w, 1, "\x16", 1);
	data_n(&w, 1, "\x03\x03\x00\x50\x07zzzzzz", 11);
	end(&w);
	assert_null(strstr(w.log, "H "));
	assert_non_null(strstr(w.log, "R 200 paired"));

	begin(&w, SESSION_SYN_SEEN | SESSION_CLIENT_0);
	data(&w, 1, "220 mail ready\r\n");
	data(&w, 0, "EHLO a\r\n");
	data_n(&w, 0, "\x16", 1);
	data_n(&w, 0, "\x01\x01zz", 4);
	data_n(&w, 0, "more\x16", 5);
	gap(&w, 0, 100000);
	data(&w, 0, "and more");
	check(&w, "P other\n");
}

/* No server needs to refuse it, so it must not hide a request. */
static void
a_method_may_be_long(void **state)
{
#define TEN	"ABCDEFGHIJ"
#define LONG	TEN TEN TEN TEN
	static const struct say	 t[] = {
		{ 0, LONG " /x HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 1, OK("3", "abc") }
	};

	(void)state;
	same_at_every_cut(t, nitems(t), "P http\nQ " LONG " a /x\n"
	    "R 200 paired\nT 1 200 paired 0/3\n");
}

/* What it carries was said elsewhere: between the proxy and its peers. */
static void
icap_is_no_http(void **state)
{
	static const char	 ask[] =
		"REQMOD icap://scan/echo ICAP/1.0\r\nHost: scan\r\n"
		"Encapsulated: req-hdr=0, null-body=30\r\n\r\n";
	static const struct say	 t[] = {
		{ 0, ask }, { 0, GET("/x") }, { 1, "ICAP/1.0 204 No\r\n\r\n" },
		{ 0, ask }, { 0, GET("/y") }, { 1, "ICAP/1.0 200 OK\r\n\r\n" },
		{ 1, OK("3", "abc") }
	};
	struct seen		 w;

	(void)state;
	same_at_every_cut(t, nitems(t), "P other\n");
	begin(&w, 0);			/* joined within a body */
	data(&w, 0, "5\r\nhello\r\n0\r\n\r\n");
	data(&w, 1, "ICAP/1.0 200 OK\r\n\r\n");
	data(&w, 1, OK("3", "abc"));
	data(&w, 0, GET("/x"));
	check(&w, "P other\n");
	begin(&w, 0);
	data(&w, 0, "5\r\nhello\r\n0\r\n\r\n");
	data(&w, 0, ask);
	data(&w, 0, GET("/x"));
	check(&w, "P other\n");
}

static const struct CMUnitTest	 tests[] = {
	cmocka_unit_test(keep_alive_pairs_in_order),
	cmocka_unit_test(a_time_is_that_of_the_first_byte),
	cmocka_unit_test(a_method_may_be_long),
	cmocka_unit_test(what_waits_for_an_answer_is_known),
	cmocka_unit_test(icap_is_no_http),
	cmocka_unit_test(an_answer_within_an_early_answer_is_its_body),
	cmocka_unit_test(what_joins_before_a_head_is_no_part_of_it),
	cmocka_unit_test(a_body_that_goes_on_after_its_answer_is_told),
	cmocka_unit_test(pipelined_requests_pair_in_order),
	cmocka_unit_test(head_and_interim_have_no_body),
	cmocka_unit_test(a_refused_expectation_has_no_body),
	cmocka_unit_test(a_refused_expectation_may_be_the_last),
	cmocka_unit_test(a_granted_expectation_has_a_body),
	cmocka_unit_test(a_body_that_the_server_had_is_a_body),
	cmocka_unit_test(a_hole_in_what_may_be_a_head_is_in_the_body),
	cmocka_unit_test(
	    one_joined_in_a_long_body_is_read_when_it_asks_again),
	cmocka_unit_test(until_close_ends_with_the_connection),
	cmocka_unit_test(tunnels_are_left_alone),
	cmocka_unit_test(upgrades_are_left_alone),
	cmocka_unit_test(http2_is_told_by_its_preface),
	cmocka_unit_test(other_protocols_say_nothing),
	cmocka_unit_test(prefixes_are_skipped),
	cmocka_unit_test(an_endless_prefix_is_given_back),
	cmocka_unit_test(late_request_claims_its_response),
	cmocka_unit_test(late_requests_claim_their_responses_in_order),
	cmocka_unit_test(response_waits_only_so_long),
	cmocka_unit_test(
	    response_waits_longer_for_a_request_that_was_acknowledged),
	cmocka_unit_test(gap_in_a_known_length_keeps_in_step),
	cmocka_unit_test(lost_response_is_not_replaced_by_the_next),
	cmocka_unit_test(lost_request_leaves_its_response_alone),
	cmocka_unit_test(torn_chunks_find_the_next_head),
	cmocka_unit_test(an_ambiguous_message_counts_once),
	cmocka_unit_test(a_torn_head_is_not_one_without_host),
	cmocka_unit_test(head_torn_by_the_end_still_counts),
	cmocka_unit_test(unanswered_requests_are_bounded),
	cmocka_unit_test(
	    midstream_response_is_not_given_to_a_newer_request),
	cmocka_unit_test(a_stream_that_begins_late_has_lost_its_start),
	cmocka_unit_test(an_answer_seen_early_makes_no_wrong_pair),
	cmocka_unit_test(
	    a_late_request_of_a_connection_met_under_way_claims_its_response),
	cmocka_unit_test(an_answer_behind_one_given_up_makes_no_wrong_pair),
	cmocka_unit_test(long_heads_are_cut_and_counted),
	cmocka_unit_test(the_length_is_read_behind_a_long_head),
	cmocka_unit_test(too_many_fields_are_dropped_and_counted),
	cmocka_unit_test(marks_tell_heads_and_ends),
	cmocka_unit_test(marks_tell_whose_answer_it_is),
	cmocka_unit_test(marks_tell_whether_a_request_is_one),
	cmocka_unit_test(marks_tell_the_end_of_a_switch),
	cmocka_unit_test(the_version_is_that_of_the_request),
	cmocka_unit_test(marks_tell_trailers),
	cmocka_unit_test(memory_refused_is_no_failure),
	cmocka_unit_test(an_answer_without_memory_is_lost),
	cmocka_unit_test(session_is_small),
	cmocka_unit_test(hello_is_read_over_records_and_segments),
	cmocka_unit_test(hello_is_found_behind_starttls_and_connect),
	cmocka_unit_test(hello_is_found_late_in_a_tunnel),
	cmocka_unit_test(
	    hello_is_found_behind_other_words_in_a_tunnel),
	cmocka_unit_test(hello_is_found_behind_a_connect_that_was_not_seen),
	cmocka_unit_test(hello_is_found_after_an_upgrade_to_tls),
	cmocka_unit_test(hello_is_found_before_the_last_plain_words),
	cmocka_unit_test(hello_is_found_before_the_answer),
	cmocka_unit_test(handshake_of_tls12_ends_with_both_finished),
	cmocka_unit_test(http_answer_to_a_hello_is_seen),
	cmocka_unit_test(
	    the_oldest_of_too_many_early_answers_is_given_up),
	cmocka_unit_test(an_unasked_answer_is_no_loss),
	cmocka_unit_test(
	    a_client_that_asks_in_the_middle_is_not_one_that_waits),
	cmocka_unit_test(heads_cut_behind_their_first_line_count),
	cmocka_unit_test(loss_never_makes_a_wrong_pair),
	cmocka_unit_test(names_are_complete),
	cmocka_unit_test(bytes_told_twice_are_read_once),
	cmocka_unit_test(data_beyond_what_was_told_is_a_gap),
	cmocka_unit_test(each_side_ends_by_itself),
	cmocka_unit_test(a_response_cut_by_the_end_is_marked),
	cmocka_unit_test(without_memory_there_is_no_session),
	cmocka_unit_test(lost_tls_bytes_end_the_handshake_alone),
	cmocka_unit_test(a_refused_tunnel_stays_http),
	cmocka_unit_test(what_only_begins_like_tls_is_not)
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
