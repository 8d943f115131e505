/* HTTP/2 on a session: what is told, whatever the cuts, losses and lies. */
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

struct seen {
	char		 log[65536];
	size_t		 n;
	uint64_t	 token;
	struct session	*s;
	struct mem	 mem;
	uint64_t	 off[2];
	struct session_tx last;
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

	assert_int_equal(r->id, w->token + 1);
	say(w, "Q%u %.*s %.*s %.*s\n", r->dir, (int)r->head->method.len,
	    (const char *)r->head->method.p, (int)r->host_len,
	    (const char *)r->host, (int)r->head->target.len,
	    (const char *)r->head->target.p);
	return ++w->token;
}

static void
on_response(void *arg, const struct session_response *r)
{
	say(arg, "R%u %u %s %d\n", r->dir, r->head->status, r->interim ?
	    "interim" : session_pair_name(r->pair), (int)r->id);
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
on_transaction(void *arg, const struct session_tx *x)
{
	struct seen	*w = arg;

	say(w, "T %d %u %s %d/%d %s%u%s%s%s%s\n", (int)x->id, x->status,
	    session_pair_name(x->pair), (int)x->req_body, (int)x->resp_body,
	    x->minor == HTTP_TWO_0 ? "" : "1.", x->minor == HTTP_TWO_0 ? 2 :
	    x->minor, x->flags & SESSION_TX_GAP ? " gap" : "",
	    x->flags & SESSION_TX_REQ_OPEN ? " asking" : "",
	    x->flags & SESSION_TX_RESP_OPEN ? " cut" : "",
	    x->flags & SESSION_TX_UPGRADED ? " upgraded" : "");
	w->last = *x;
}

static void
on_anomaly(void *arg, enum session_anomaly a)
{
	say(arg, "! %s\n", session_anomaly_name(a));
}

static void
on_proto(void *arg, enum session_proto p)
{
	say(arg, "P %s\n", session_proto_name(p));
}

static void
on_mark(void *arg, unsigned dir, uint64_t off, enum session_mark m,
    uint64_t id)
{
	say(arg, "M%u %d %d %d\n", dir, (int)off, m, (int)id);
}

static const struct session_ops	 ops = {
	.request = on_request, .response = on_response,
	.resolved = on_resolved, .transaction = on_transaction,
	.anomaly = on_anomaly, .proto = on_proto, .mark = on_mark
};
static struct session_conf	 conf = { .ops = &ops };

static void
begin(struct seen *w)
{
	memset(w, 0, sizeof(*w));
	w->mem.limit = 1 << 20;
	w->s = session_new(&conf, w, &w->mem, SESSION_SYN_SEEN);
	assert_non_null(w->s);
}

static void
end(struct seen *w)
{
	session_eof(w->s, 0, SESSION_END, 2000000);
	session_free(w->s);
	assert_int_equal(w->mem.used, 0);
}

static void
check(struct seen *w, const char *want)
{
	end(w);
	assert_string_equal(w->log, want);
}

/* ---- a talk: what each side says, in turn ---- */

enum { DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW,
    MORE };
#define END	0x01
#define HEAD	0x04		/* all fields are there */
#define PADDED	0x08
#define WEIGHT	0x20

struct talk {
	uint8_t		 b[65536];
	size_t		 n;
	struct {
		size_t	 at;
		unsigned dir;
	}		 turn[64];
	size_t		 turns;
};

static struct talk	 t;

static void
bytes(unsigned dir, const void *p, size_t n)
{
	if (t.turns == 0 || t.turn[t.turns - 1].dir != dir) {
		assert_true(t.turns < nitems(t.turn));
		t.turn[t.turns].at = t.n;
		t.turn[t.turns++].dir = dir;
	}
	assert_true(n <= sizeof(t.b) - t.n);
	memcpy(t.b + t.n, p, n);
	t.n += n;
}

static void
text(unsigned dir, const char *s)
{
	bytes(dir, s, strlen(s));
}

static void
frame(unsigned dir, unsigned type, unsigned flags, uint32_t id, const void *p,
    size_t n)
{
	const uint8_t	 h[9] = {
		(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n,
		(uint8_t)type, (uint8_t)flags, (uint8_t)(id >> 24),
		(uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id
	};

	bytes(dir, h, sizeof(h));
	bytes(dir, p, n);
}

/* "name value\n" as fields that come into the table; bytes written. */
static size_t
fields(uint8_t *out, const char *s)
{
	size_t	 n = 0, len;

	for (; *s != '\0'; s += len + 1) {
		len = strcspn(s, " ");
		out[n++] = 0x40;
		out[n++] = (uint8_t)len;
		memcpy(out + n, s, len);
		n += len;
		s += len + 1;
		len = strcspn(s, "\n");
		assert_true(len < 127);
		out[n++] = (uint8_t)len;
		memcpy(out + n, s, len);
		n += len;
	}
	return n;
}

static void
heads(unsigned dir, unsigned flags, uint32_t id, const char *s)
{
	uint8_t	 b[2048];

	frame(dir, HEADERS, flags | HEAD, id, b, fields(b, s));
}

static void
data(unsigned dir, unsigned flags, uint32_t id, const char *s)
{
	frame(dir, DATA, flags, id, s, strlen(s));
}

#define PREFACE	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static void
greet(void)
{
	memset(&t, 0, sizeof(t));
	text(0, PREFACE);
	frame(0, SETTINGS, 0, 0, "\0\4\0\1\0\0", 6);
	frame(1, SETTINGS, 0, 0, "", 0);
	frame(1, SETTINGS, 1, 0, "", 0);
	frame(0, SETTINGS, 1, 0, "", 0);
}

#define GET(path) ":method GET\n:scheme http\n:path " path "\n" \
		":authority A.example\n"

static void
some(struct seen *w, unsigned dir, const uint8_t *p, size_t n)
{
	session_data(w->s, dir, w->off[dir], guard_copy(p, n), n, 1000000 +
	    w->off[dir]);
	w->off[dir] += n;
}

static size_t
turn_len(size_t i)
{
	return (i + 1 < t.turns ? t.turn[i + 1].at : t.n) - t.turn[i].at;
}

/* Plays all; cut: where each turn is cut in two; step: then in such pieces. */
static void
play(struct seen *w, size_t cut, size_t step)
{
	const uint8_t	*p;
	size_t		 i, at, k, len;

	for (i = 0; i < t.turns; i++) {
		len = turn_len(i);
		p = t.b + t.turn[i].at;
		for (at = 0; at < len; at += k) {
			k = at == 0 && cut > 0 ? cut : step;
			if (k > len - at)
				k = len - at;
			some(w, t.turn[i].dir, p + at, k);
		}
	}
}

static void
same_at_every_cut(const char *want)
{
	struct seen	 w;
	size_t		 i, cut, most = 0;

	for (i = 0; i < t.turns; i++)
		if (turn_len(i) > most)
			most = turn_len(i);
	for (cut = 0; cut < most; cut++) {
		begin(&w);
		play(&w, cut, SIZE_MAX);
		check(&w, want);
	}
	begin(&w);
	play(&w, 0, 1);
	check(&w, want);
}

/* ---- messages ---- */

static void
streams_pair_by_their_number(void **state)
{
	(void)state;
	greet();
	heads(0, END, 1, GET("/a"));
	heads(0, 0, 3, ":method POST\n:path /b\n:scheme http\nhost b.example\n"
	    "content-type x\n");
	data(0, 0, 3, "body");
	heads(0, END, 5, ":method GET\n:path /c\n:authority c:8080\n");
	heads(1, 0, 5, ":status 404\ncontent-type text/plain\n");
	data(1, 0, 5, "not");
	heads(1, END, 1, ":status 204\n");
	data(1, END, 5, " here");
	data(0, END, 3, "more");
	frame(1, PING, 0, 0, "12345678", 8);
	frame(1, WINDOW, 0, 0, "\0\0\1\0", 4);
	heads(1, 0, 3, ":status 200\n");
	data(1, END, 3, "");
	same_at_every_cut("P http2\n"
	    "Q0 GET a.example /a\nQ0 POST b.example /b\nQ0 GET c:8080 /c\n"
	    "R1 404 paired 3\nR1 204 paired 1\nT 1 204 paired 0/0 2\n"
	    "T 3 404 paired 0/8 2\nR1 200 paired 2\nT 2 200 paired 8/0 2\n");
}

/* RFC 9113, section 8.1: the server may answer what it has not heard whole. */
static void
an_answer_may_end_before_its_request(void **state)
{
	(void)state;
	greet();
	heads(0, 0, 1, ":method PUT\n:path /1\n:scheme http\nhost a\n");
	data(0, 0, 1, "one");
	heads(0, 0, 3, ":method PUT\n:path /3\n:scheme http\nhost a\n");
	heads(0, 0, 5, ":method PUT\n:path /5\n:scheme http\nhost a\n");
	heads(1, END, 1, ":status 413\n");
	heads(1, 0, 3, ":status 403\n");
	data(1, END, 3, "no");
	heads(1, END, 5, ":status 400\n");
	data(0, 0, 3, "three");
	data(0, END, 1, "more");
	frame(1, RST, 0, 3, "\0\0\0\0", 4);
	same_at_every_cut("P http2\nQ0 PUT a /1\nQ0 PUT a /3\nQ0 PUT a /5\n"
	    "R1 413 paired 1\nR1 403 paired 2\nR1 400 paired 3\n"
	    "T 1 413 paired 7/0 2\nT 2 403 paired 5/2 2 asking\n"
	    "T 3 400 paired 0/0 2 asking\n");
	/* and be read before it begins */
	greet();
	heads(1, END, 1, ":status 413\n");
	heads(0, 0, 1, ":method PUT\n:path /1\n:scheme http\nhost a\n");
	data(0, END, 1, "body");
	same_at_every_cut("P http2\nR1 413 late 0\nQ0 PUT a /1\n"
	    "L 413 paired 1\nT 1 413 paired 4/0 2\n");
}

static void
a_block_goes_on_over_frames(void **state)
{
	uint8_t	 b[512], p[1024];
	size_t	 n;

	(void)state;
	greet();
	n = fields(b, GET("/long"));
	/* padded, with a priority, and cut in four */
	memcpy(p, "\3\0\0\0\0\x10", 6);
	memcpy(p + 6, b, 10);
	memset(p + 16, 0, 3);
	frame(0, HEADERS, PADDED | WEIGHT | END, 1, p, 19);
	frame(0, MORE, 0, 1, b + 10, 1);
	frame(0, MORE, 0, 1, "", 0);
	frame(0, MORE, HEAD, 1, b + 11, n - 11);
	heads(1, 0, 1, ":status 200\n");
	data(1, 0, 1, "ab");
	frame(1, DATA, PADDED, 1, "\3cd\0\0\0", 6);
	frame(1, DATA, PADDED, 1, "\2\0\0", 3);
	frame(1, DATA, PADDED | END, 1, "\0", 1);
	same_at_every_cut("P http2\nQ0 GET a.example /long\nR1 200 paired 1\n"
	    "T 1 200 paired 0/4 2\n");
}

static void
interim_answers_and_trailers_are_no_messages(void **state)
{
	(void)state;
	greet();
	heads(0, 0, 1, ":method PUT\n:path /\n:authority a\n");
	heads(1, 0, 1, ":status 100\n");
	heads(1, 0, 1, ":status 103\nlink x\n");
	data(0, 0, 1, "x");
	heads(0, END, 1, "grpc-trailer 1\n");
	heads(1, 0, 1, ":status 200\n");
	data(1, 0, 1, "abc");
	heads(1, END, 1, "grpc-status 0\n");
	same_at_every_cut("P http2\nQ0 PUT a /\nR1 100 interim 0\n"
	    "R1 103 interim 0\nR1 200 paired 1\nT 1 200 paired 1/3 2\n");
}

static void
a_promise_is_a_request(void **state)
{
	uint8_t	 b[512] = { 0, 0, 0, 2 };
	size_t	 n;

	(void)state;
	greet();
	heads(0, END, 1, GET("/"));
	n = 4 + fields(b + 4, GET("/style"));
	frame(1, PUSH, HEAD, 1, b, n);
	heads(1, 0, 1, ":status 200\n");
	heads(1, END, 2, ":status 201\n");
	data(1, END, 1, "x");
	same_at_every_cut("P http2\nQ0 GET a.example /\n"
	    "Q0 GET a.example /style\nR1 200 paired 1\nR1 201 paired 2\n"
	    "T 2 201 paired 0/0 2\nT 1 200 paired 0/1 2\n");
}

static void
what_is_reset_or_given_up_is_over(void **state)
{
	(void)state;
	greet();
	heads(0, END, 1, GET("/1"));
	heads(0, 0, 3, ":method POST\n:path /3\n:authority a\n");
	heads(0, END, 5, GET("/5"));
	heads(0, END, 7, GET("/7"));
	heads(1, 0, 1, ":status 200\n");
	data(1, 0, 1, "ab");
	frame(0, RST, 0, 1, "\0\0\0\10", 4);
	frame(1, RST, 0, 3, "\0\0\0\2", 4);
	frame(1, RST, 0, 9, "\0\0\0\2", 4);
	frame(1, GOAWAY, 0, 0, "\0\0\0\5\0\0\0\0more", 12);
	heads(1, END, 5, ":status 200\n");
	same_at_every_cut("P http2\nQ0 GET a.example /1\nQ0 POST a /3\n"
	    "Q0 GET a.example /5\nQ0 GET a.example /7\nR1 200 paired 1\n"
	    "! body-cut-by-end\nT 1 200 paired 0/2 2 cut\n"
	    "T 2 0 no-response 0/0 2 asking\nT 4 0 no-response 0/0 2\n"
	    "R1 200 paired 3\nT 3 200 paired 0/0 2\n");
}

static void
the_end_of_a_connection_ends_all(void **state)
{
	struct seen	 w;
	uint64_t	 since = 0;

	(void)state;
	greet();
	heads(0, END, 1, GET("/1"));
	heads(0, END, 3, GET("/3"));
	heads(1, 0, 3, ":status 200\n");
	data(1, 0, 3, "ab");
	begin(&w);
	play(&w, 0, SIZE_MAX);
	assert_int_equal(session_waiting(w.s, &since), 1);
	assert_true(since > 1000000);
	assert_int_equal(session_under_way(w.s), 2);
	assert_int_equal(session_client(w.s), 0);
	assert_false(session_over(w.s));
	session_eof(w.s, 1, SESSION_FIN, 2000000);
	check(&w, "P http2\nQ0 GET a.example /1\nQ0 GET a.example /3\n"
	    "R1 200 paired 2\nT 1 0 no-response 0/0 2\n! body-cut-by-end\n"
	    "T 2 200 paired 0/2 2 cut\n");
	/* a client that ends may get answers still */
	begin(&w);
	play(&w, 0, SIZE_MAX);
	session_eof(w.s, 0, SESSION_FIN, 2000000);
	t.turns = 0;
	t.n = 0;
	data(1, END, 3, "c");
	play(&w, 0, SIZE_MAX);
	check(&w, "P http2\nQ0 GET a.example /1\nQ0 GET a.example /3\n"
	    "R1 200 paired 2\nT 2 200 paired 0/3 2\n"
	    "T 1 0 no-response 0/0 2\n");
	/* in the middle of a block */
	begin(&w);
	greet();
	heads(0, END, 1, GET("/1"));
	play(&w, 0, SIZE_MAX);
	session_data(w.s, 1, w.off[1], (const uint8_t *)"\0\0\2\1\4\0\0\0\1x",
	    10, 1);
	check(&w, "P http2\nQ0 GET a.example /1\n! head-cut-by-end\n"
	    "T 1 0 no-response 0/0 2\n");
}

/* Two interfaces, or a server that greets before it is asked. */
static void
the_order_of_directions_does_not_matter(void **state)
{
	struct seen	 w;
	size_t		 i;

	(void)state;
	greet();
	heads(0, END, 1, GET("/1"));
	heads(0, END, 3, GET("/3"));
	heads(1, END, 3, ":status 200\n");
	heads(1, 0, 1, ":status 201\n");
	data(1, END, 1, "abc");
	for (i = 1; i <= 9; i++) {
		begin(&w);
		some(&w, 1, t.b + t.turn[1].at, i);
		assert_string_equal(w.log, "");
		some(&w, 0, t.b, turn_len(0));
		some(&w, 1, t.b + t.turn[1].at + i, turn_len(1) - i);
		some(&w, 0, t.b + t.turn[2].at, turn_len(2));
		some(&w, 1, t.b + t.turn[3].at, turn_len(3));
		check(&w, "P http2\nQ0 GET a.example /1\n"
		    "Q0 GET a.example /3\nR1 200 paired 2\n"
		    "T 2 200 paired 0/0 2\nR1 201 paired 1\n"
		    "T 1 201 paired 0/3 2\n");
	}
	/* answers before their requests */
	begin(&w);
	some(&w, 0, t.b, turn_len(0));
	some(&w, 1, t.b + t.turn[1].at, turn_len(1));
	some(&w, 1, t.b + t.turn[3].at, turn_len(3) - 1);
	some(&w, 0, t.b + t.turn[2].at, turn_len(2));
	some(&w, 1, t.b + t.turn[3].at + turn_len(3) - 1, 1);
	check(&w, "P http2\nR1 200 late 0\nR1 201 late 0\n"
	    "Q0 GET a.example /1\nL 201 paired 1\nQ0 GET a.example /3\n"
	    "L 200 paired 2\nT 2 200 paired 0/0 2\nT 1 201 paired 0/3 2\n");
	/* and such as have none */
	begin(&w);
	greet();
	heads(1, 0, 7, ":status 200\n");
	frame(1, RST, 0, 7, "\0\0\0\2", 4);
	heads(1, END, 2, ":status 500\n");
	play(&w, 0, SIZE_MAX);
	check(&w, "P http2\nR1 200 late 0\nR1 500 no-request 0\n"
	    "T 0 500 no-request 0/0 2\nL 200 no-request 0\n"
	    "T 0 200 no-request 0/0 2 cut\n");
}

static void
what_only_looks_like_a_greeting_is_another_protocol(void **state)
{
	struct seen	 w;

	(void)state;
	memset(&t, 0, sizeof(t));
	frame(1, SETTINGS, 0, 0, "\0\0\0\0\0\0", 6);
	text(0, "hello\r\n");
	text(1, "world\r\n");
	begin(&w);
	play(&w, 0, SIZE_MAX);
	check(&w, "P other\n");
	memset(&t, 0, sizeof(t));
	frame(1, SETTINGS, 0, 0, "\0\0\0\0\0\0", 6);
	while (t.n < 6000)
		data(1, 0, 1, "0123456789012345678901234567890123456789");
	begin(&w);
	play(&w, 0, 100);
	check(&w, "P other\n");
}

/* ---- upgrade ---- */

#define ASKS	"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, " \
		"HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"
#define SWITCH	"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n" \
		"Upgrade: h2c\r\n\r\n"

static void
the_request_that_asked_is_stream_1(void **state)
{
	struct seen	 w;

	(void)state;
	memset(&t, 0, sizeof(t));
	text(0, ASKS);
	text(1, SWITCH);
	frame(1, SETTINGS, 0, 0, "", 0);
	text(0, PREFACE);
	frame(0, SETTINGS, 0, 0, "", 0);
	heads(0, END, 3, GET("/y"));
	heads(1, END, 3, ":status 204\n");
	heads(1, 0, 1, ":status 404\n");
	data(1, END, 1, "abc");
	same_at_every_cut("P http\nQ0 GET a /x\nR1 101 interim 0\nP http2\n"
	    "Q0 GET a.example /y\nR1 204 paired 2\nT 2 204 paired 0/0 2\n"
	    "R1 404 paired 1\nT 1 404 paired 0/3 1.1 upgraded\n");
	/* the preface was seen first */
	begin(&w);
	some(&w, 0, t.b, turn_len(0));
	some(&w, 0, t.b + t.turn[2].at, turn_len(2));
	some(&w, 1, t.b + t.turn[1].at, turn_len(1));
	some(&w, 1, t.b + t.turn[3].at, turn_len(3));
	check(&w, "P http\nQ0 GET a /x\nQ0 GET a.example /y\n"
	    "R1 101 interim 0\nP http2\n"
	    "R1 204 paired 2\nT 2 204 paired 0/0 2\n"
	    "R1 404 paired 1\nT 1 404 paired 0/3 1.1 upgraded\n");
	/* the request was never seen */
	begin(&w);
	some(&w, 1, t.b + t.turn[1].at, turn_len(1));
	check(&w, "P http\nR1 101 late 0\nP http2\nL 101 no-request 0\n"
	    "T 0 101 no-request 0/0 1.1 upgraded\n");
	/* refused */
	memset(&t, 0, sizeof(t));
	text(0, ASKS);
	text(1, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	text(0, "GET /y HTTP/1.1\r\nHost: a\r\n\r\n");
	same_at_every_cut("P http\nQ0 GET a /x\nR1 200 paired 1\n"
	    "T 1 200 paired 0/0 1.1\nQ0 GET a /y\n"
	    "T 2 0 no-response 0/0 1.1\n");
}

/* To mirrors it is opaque from the preface or the 101 on. */
static void
it_has_no_marks_but_those_of_the_upgrade(void **state)
{
	struct seen	 w;

	(void)state;
	memset(&t, 0, sizeof(t));
	text(0, "GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade\r\n"
	    "Host: a\r\n\r\n");
	text(1, SWITCH);
	text(0, PREFACE);
	frame(0, SETTINGS, 0, 0, "", 0);
	frame(1, SETTINGS, 0, 0, "", 0);
	heads(1, END, 1, ":status 200\n");
	conf.marks = true;
	begin(&w);
	play(&w, 0, SIZE_MAX);
	conf.marks = false;
	check(&w, "P http\nM0 0 0 1\nM0 62 1 1\nQ0 GET a /\nM0 62 2 1\n"
	    "M1 0 0 1\nM1 71 1 1\nR1 101 interim 0\nM1 71 2 1\nM0 62 3 0\n"
	    "M1 71 3 0\nP http2\nR1 200 paired 1\n"
	    "T 1 200 paired 0/0 1.1 upgraded\n");
}

/* ---- losses ---- */

/*
 * With every byte of the answers lost in turn, one or many: either all is
 * told as without the loss, or the rest is given up as lost in a gap.
 */
static void
a_loss_is_data_or_the_end(void **state)
{
	static const char	 whole[] =
	    "P http2\nQ0 GET a.example /1\nQ0 GET a.example /3\n"
	    "R1 200 paired 1\nT 1 200 paired 0/20 2%s\nR1 201 paired 2\n"
	    "T 2 201 paired 0/0 2\n";
	char			 want[512];
	struct seen		 w;
	size_t			 at, n, len, first, passed = 0;
	const uint8_t		*p;

	(void)state;
	greet();
	heads(0, END, 1, GET("/1"));
	heads(0, END, 3, GET("/3"));
	heads(1, 0, 1, ":status 200\n");
	data(1, END, 1, "01234567890123456789");
	heads(1, END, 3, ":status 201\n");
	p = t.b + t.turn[3].at;
	len = turn_len(3);
	first = 9 + 13 + 9;		/* of the data */
	snprintf(want, sizeof(want), whole, " gap");
	for (at = 0; at < len; at++) {
		for (n = 1; n <= len - at; n++) {
			begin(&w);
			some(&w, 0, t.b, turn_len(0));
			some(&w, 1, t.b + t.turn[1].at, turn_len(1));
			some(&w, 0, t.b + t.turn[2].at, turn_len(2));
			some(&w, 1, p, at);
			session_gap(w.s, 1, w.off[1], n, 1500000);
			w.off[1] += n;
			some(&w, 1, p + at + n, len - at - n);
			end(&w);
			if (at >= first && at + n <= first + 20) {
				assert_string_equal(w.log, want);
				passed++;
				continue;
			}
			assert_non_null(strstr(w.log,
			    "! http2-lost-in-gap\n"));
			assert_non_null(strstr(w.log, "T 2 0 gap 0/0 2 gap"));
			assert_null(strstr(w.log, "bad-http2"));
		}
	}
	assert_int_equal(passed, 20 * 21 / 2);
}

static void
padding_may_be_lost_too(void **state)
{
	struct seen	 w;
	size_t		 at;

	(void)state;
	for (at = 0; at < 8; at++) {
		greet();
		heads(0, END, 1, GET("/1"));
		heads(1, 0, 1, ":status 200\n");
		frame(1, DATA, PADDED | END, 1, "\3abcd\0\0\0", 8);
		begin(&w);
		some(&w, 0, t.b, turn_len(0));
		some(&w, 1, t.b + t.turn[1].at, turn_len(1));
		some(&w, 0, t.b + t.turn[2].at, turn_len(2));
		some(&w, 1, t.b + t.turn[3].at, turn_len(3) - 8 + at);
		session_gap(w.s, 1, w.off[1], 1, 1500000);
		w.off[1]++;
		some(&w, 1, t.b + t.n - 8 + at + 1, 8 - at - 1);
		check(&w, at == 0 ? "P http2\nQ0 GET a.example /1\n"
		    "R1 200 paired 1\nT 1 200 paired 0/0 2 gap\n" :
		    "P http2\nQ0 GET a.example /1\n"
		    "R1 200 paired 1\nT 1 200 paired 0/4 2 gap\n");
	}
}

/* A connection that was met in its middle, as after a start of netmond. */
static void
met_late_it_is_read_if_both_begin(void **state)
{
	struct seen	 w;
	unsigned	 i;

	(void)state;
	greet();
	heads(0, END, 1, GET("/1"));
	heads(1, END, 1, ":status 200\n");
	for (i = 0; i < 2; i++) {
		begin(&w);
		session_free(w.s);
		w.s = session_new(&conf, &w, &w.mem, 0);
		assert_non_null(w.s);
		w.off[0] = w.off[1] = 1000;
		if (i == 1)
			t.b[t.turn[1].at + 3] = PING;
		play(&w, 0, SIZE_MAX);
		check(&w, i == 0 ? "P http2\nQ0 GET a.example /1\n"
		    "R1 200 paired 1\nT 1 200 paired 0/0 2\n" :
		    "P http2\n! http2-lost-in-gap\n");
	}
}

/* ---- hostile ---- */

/* What ends the reading, and the counter that says so. */
static void
what_is_no_frame_ends_the_reading(void **state)
{
	static const struct {
		unsigned	 dir, type, flags;
		uint32_t	 id;
		size_t		 len;
	}		 bad[] = {
		{ 0, DATA, 0, 0, 1 }, { 1, HEADERS, HEAD, 0, 0 },
		{ 0, PRIORITY, 0, 0, 5 }, { 0, RST, 0, 0, 4 },
		{ 0, RST, 0, 1, 5 }, { 1, SETTINGS, 0, 1, 0 },
		{ 1, SETTINGS, 0, 0, 5 }, { 1, SETTINGS, 1, 0, 6 },
		{ 0, PUSH, HEAD, 1, 5 }, { 1, PUSH, HEAD, 0, 5 },
		{ 1, PUSH, HEAD, 1, 3 }, { 1, PUSH, HEAD, 1, 4 },
		{ 0, PING, 0, 1, 8 }, { 0, PING, 0, 0, 7 },
		{ 0, GOAWAY, 0, 0, 7 }, { 1, GOAWAY, 0, 1, 8 },
		{ 0, WINDOW, 0, 0, 5 }, { 0, MORE, HEAD, 1, 1 },
		{ 0, MORE, HEAD, 0, 1 }, { 0, DATA, PADDED, 1, 0 },
		{ 0, HEADERS, HEAD | PADDED, 1, 0 },
		{ 0, HEADERS, HEAD | WEIGHT, 1, 4 },
		{ 0, HEADERS, HEAD, 1, 1 }	/* field 0 */
	};
	static const uint8_t	 zero[16] = { 0x80 };
	struct seen		 w;
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(bad); i++) {
		greet();
		frame(bad[i].dir, bad[i].type, bad[i].flags, bad[i].id,
		    bad[i].type == PUSH ? zero + 1 : zero, bad[i].len);
		heads(0, END, 1, GET("/"));
		begin(&w);
		play(&w, 0, SIZE_MAX);
		assert_true(session_over(w.s));
		end(&w);
		if (strcmp(w.log, "P http2\n! bad-http2\n") != 0)
			fail_msg("%zu: %s", i, w.log);
	}
	/* padding that is longer than its frame */
	greet();
	frame(0, DATA, PADDED, 1, "\2ab", 3);
	frame(0, DATA, PADDED, 1, "\3ab", 3);
	same_at_every_cut("P http2\n! bad-http2\n");
	greet();
	frame(0, HEADERS, PADDED | HEAD, 1, "\3ab", 3);
	same_at_every_cut("P http2\n! bad-http2\n");
	/* something else within a block; another block */
	greet();
	frame(0, HEADERS, 0, 1, "", 0);
	frame(0, PING, 0, 0, "12345678", 8);
	same_at_every_cut("P http2\n! bad-http2\n");
	greet();
	frame(0, HEADERS, 0, 1, "", 0);
	frame(0, MORE, HEAD, 3, "", 0);
	same_at_every_cut("P http2\n! bad-http2\n");
	/* half a preface; no SETTINGS, or those of the other side */
	memset(&t, 0, sizeof(t));
	text(0, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
	same_at_every_cut("P http2\n! bad-http2\n");
	memset(&t, 0, sizeof(t));
	text(0, PREFACE);
	frame(0, PING, 0, 0, "12345678", 8);
	same_at_every_cut("P http2\n! bad-http2\n");
	memset(&t, 0, sizeof(t));
	text(0, PREFACE);
	frame(1, SETTINGS, 1, 0, "", 0);
	same_at_every_cut("P http2\n! bad-http2\n");
}

/* Breaches that only one message pays for. */
static void
some_breaches_are_only_counted(void **state)
{
	(void)state;
	greet();
	heads(0, END, 3, GET("/3"));
	heads(0, END, 1, GET("/1"));		/* an older number */
	heads(0, END, 4, GET("/4"));		/* a server's */
	heads(0, END, 3, GET("/3"));		/* once more: trailers */
	frame(0, 0xfa, 0xff, 77, "grease", 6);
	frame(0, PRIORITY, 0, 9, "\0\0\0\0\1", 5);
	data(0, END, 9, "nothing");
	heads(1, 0, 3, ":status 200\n");
	heads(1, 0, 3, ":status 500\n");
	heads(1, END, 3, ":status x\n");
	heads(1, END, 3, ":status 200\n");	/* after the end */
	same_at_every_cut("P http2\nQ0 GET a.example /3\n! bad-http2\n"
	    "! bad-http2\nR1 200 paired 1\n! bad-http2\n"
	    "T 1 200 paired 0/0 2\nR1 200 no-request 0\n"
	    "T 0 200 no-request 0/0 2\n");
}

static void
odd_heads_are_told_with_their_flaws(void **state)
{
	struct seen	 w;

	(void)state;
	greet();
	heads(0, END, 1, ":method GET\n:path /\n:authority a\nhost a\n");
	heads(0, END, 3, ":method GET\n:path /\n:authority a\nhost b\n");
	heads(0, END, 5, ":method GET\n:path /\n");
	heads(0, END, 7, ":method G(T\n:path /a b\n:authority a\n");
	heads(0, END, 9, ":method CONNECT\n:authority to:443\n");
	heads(0, END, 11, ":method GET\n:authority a\n");
	heads(0, END, 13, ":method GET\n:method PUT\n:path /\n:authority a\n"
	    "transfer-encoding chunked\n:status 200\n");
	heads(0, END, 15, ":method GET\n:path /\r\n:authority a\t\1\n");
	heads(0, END, 17, ":method POST\n:path /\n:authority a\n"
	    "content-length 1\ncontent-length 2\n");
	heads(1, END, 1, ":status 999\n");
	heads(1, END, 3, ":status 99\n");
	begin(&w);
	play(&w, 0, SIZE_MAX);
	session_eof(w.s, 0, SESSION_END, 2000000);
	*strstr(w.log, "T 3") = '\0';
	session_free(w.s);
	assert_string_equal(w.log, "P http2\nQ0 GET a /\n"
	    "! duplicate-host\n! ambiguous\nQ0 GET a /\n"
	    "! no-host\nQ0 GET  /\n"
	    "! odd-start-line\nQ0 G(T a /a b\n"
	    "Q0 CONNECT to:443 to:443\n"
	    "! odd-start-line\nQ0 GET a \n"
	    "! odd-start-line\n! odd-coding\n! ambiguous\nQ0 GET a /\n"
	    "! bare-cr\n! control-character\n! bad-host\n! ambiguous\n"
	    "Q0 GET a\t\1 /\r\n"
	    "! conflicting-length\n! ambiguous\nQ0 POST a /\n"
	    "! odd-status\nR1 999 paired 1\nT 1 999 paired 0/0 2\n"
	    "T 2 0 no-response 0/0 2\n");
}

static void
too_many_streams_are_counted_and_not_kept(void **state)
{
	struct seen	 w;

	(void)state;
	conf.queue_max = 2;
	greet();
	heads(0, END, 1, GET("/1"));
	heads(0, END, 3, GET("/3"));
	heads(0, END, 5, GET("/5"));
	heads(1, 0, 9, ":status 203\n");
	heads(1, END, 5, ":status 205\n");
	heads(1, END, 1, ":status 201\n");
	heads(1, END, 5, ":status 206\n");
	begin(&w);
	play(&w, 0, SIZE_MAX);
	conf.queue_max = 0;
	check(&w, "P http2\nQ0 GET a.example /1\nQ0 GET a.example /3\n"
	    "Q0 GET a.example /5\n! too-many-unanswered\n"
	    "T 3 0 limit 0/0 2\n"
	    "! too-many-early-responses\nR1 203 limit 0\n"
	    "T 0 203 limit 0/0 2 cut\n"
	    "! too-many-early-responses\nR1 205 limit 0\n"
	    "T 0 205 limit 0/0 2 cut\n"
	    "R1 201 paired 1\nT 1 201 paired 0/0 2\n"
	    "R1 206 limit 0\nT 0 206 limit 0/0 2\n"
	    "T 2 0 no-response 0/0 2\n");
}

static void
a_flood_of_fields_ends_the_reading(void **state)
{
	static uint8_t	 big[20000];
	struct seen	 w;
	unsigned	 i;

	(void)state;
	/* data of 16 MB is only counted */
	greet();
	heads(0, 0, 1, ":method PUT\n:path /\n:authority a\n");
	begin(&w);
	play(&w, 0, SIZE_MAX);
	some(&w, 0, (const uint8_t *)"\xff\xff\xff\0\1\0\0\0\1", 9);
	for (i = 0; i < 838; i++)
		some(&w, 0, big, sizeof(big));
	assert_true(session_held(w.s) < 2000);
	some(&w, 0, big, 0xffffff - 838 * sizeof(big));
	check(&w, "P http2\nQ0 PUT a /\nT 1 0 no-response 16777215/0 2\n");
	/* one frame, or many that go on */
	greet();
	begin(&w);
	play(&w, 0, SIZE_MAX);
	some(&w, 0, (const uint8_t *)"\1\0\1\1\4\0\0\0\1", 9);
	check(&w, "P http2\n! head-too-long\n");
	greet();
	begin(&w);
	play(&w, 0, SIZE_MAX);
	some(&w, 0, (const uint8_t *)"\0\1\0\1\0\0\0\0\1", 9);
	some(&w, 0, big, 256);
	for (i = 0; i < 300 && !session_over(w.s); i++) {
		some(&w, 0, (const uint8_t *)"\0\1\0\11\0\0\0\0\1", 9);
		some(&w, 0, big, 256);
		assert_true(session_held(w.s) < 70000);
	}
	check(&w, "P http2\n! head-too-long\n");
	/* a table that no one may ask for */
	greet();
	frame(0, HEADERS, HEAD | END, 1, "\x3f\xe2\xff\x03", 4);
	same_at_every_cut("P http2\n! head-too-long\n");
}

/* Each allocation refused in turn: nothing is lost, told twice or leaked. */
static void
memory_refused_is_no_failure(void **state)
{
	struct seen	 w;
	uint64_t	 limit;
	unsigned	 refused = 0, i;
	const char	*p;

	(void)state;
	conf.keep_strings = true;
	for (i = 0; i < 2; i++) {
		greet();
		if (i == 1) {
			memset(&t, 0, sizeof(t));
			text(0, ASKS);
			text(1, SWITCH);
			frame(1, SETTINGS, 0, 0, "", 0);
			text(0, PREFACE);
			frame(0, SETTINGS, 0, 0, "", 0);
		}
		heads(0, END, 3, GET("/1"));
		frame(0, HEADERS, END, 5, "\x82\x84", 2);
		frame(0, MORE, HEAD, 5, "\x01\1a", 3);
		heads(0, END, 7, GET("/7"));
		heads(1, END, 3, ":status 200\ncontent-type x\n");
		for (limit = 400; limit < 6000; limit += 8) {
			begin(&w);
			w.mem.limit = limit;
			play(&w, 0, 3);
			end(&w);
			refused += strstr(w.log, "no-memory") != NULL;
			for (p = w.log; (p = strstr(p, "Q0")) != NULL; p++)
				w.token--;
			assert_int_equal(w.token, 0);
		}
	}
	conf.keep_strings = false;
	assert_true(refused > 50);
}

static void
a_free_in_the_middle_leaks_nothing(void **state)
{
	struct seen	 w;

	(void)state;
	conf.keep_strings = true;
	greet();
	heads(0, 0, 1, GET("/1"));
	heads(1, 0, 1, ":status 200\ncontent-type x\n");
	frame(1, HEADERS, 0, 1, "abc", 3);
	begin(&w);
	play(&w, 0, SIZE_MAX);
	conf.keep_strings = false;
	assert_int_equal(w.mem.used, session_held(w.s));
	session_free(w.s);
	assert_int_equal(w.mem.used, 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(streams_pair_by_their_number),
		cmocka_unit_test(an_answer_may_end_before_its_request),
		cmocka_unit_test(a_block_goes_on_over_frames),
		cmocka_unit_test(interim_answers_and_trailers_are_no_messages),
		cmocka_unit_test(a_promise_is_a_request),
		cmocka_unit_test(what_is_reset_or_given_up_is_over),
		cmocka_unit_test(the_end_of_a_connection_ends_all),
		cmocka_unit_test(the_order_of_directions_does_not_matter),
		cmocka_unit_test(
		    what_only_looks_like_a_greeting_is_another_protocol),
		cmocka_unit_test(the_request_that_asked_is_stream_1),
		cmocka_unit_test(it_has_no_marks_but_those_of_the_upgrade),
		cmocka_unit_test(a_loss_is_data_or_the_end),
		cmocka_unit_test(padding_may_be_lost_too),
		cmocka_unit_test(met_late_it_is_read_if_both_begin),
		cmocka_unit_test(what_is_no_frame_ends_the_reading),
		cmocka_unit_test(some_breaches_are_only_counted),
		cmocka_unit_test(odd_heads_are_told_with_their_flaws),
		cmocka_unit_test(too_many_streams_are_counted_and_not_kept),
		cmocka_unit_test(a_flood_of_fields_ends_the_reading),
		cmocka_unit_test(memory_refused_is_no_failure),
		cmocka_unit_test(a_free_in_the_middle_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
