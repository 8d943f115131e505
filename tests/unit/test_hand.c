/* TLS handshakes on a session: what is told, and what hostile ones cost. */
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
	char		 log[4096];
	size_t		 n;
	struct session	*s;
	struct mem	 mem;
	uint64_t	 off[2];
	struct session_tls last;
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

static void
on_hello(void *arg, const struct session_hello *h)
{
	say(arg, "H%u %.*s%s\n", h->dir, (int)h->name_len,
	    (const char *)h->name, h->again ? " again" : "");
}

static void
on_handshake(void *arg, const struct session_tls *t)
{
	static const char *const fail[] = {
		[SESSION_TLS_ALERT] = "alert", [SESSION_TLS_CLOSED] = "closed",
		[SESSION_TLS_RESET] = "reset", [SESSION_TLS_SEALED] = "sealed",
		[SESSION_TLS_PLAIN] = "plain"
	};

	if (t->fail != SESSION_TLS_NONE)
		say(arg, "F %s %s %u\n", t->by_client ? "client" : "server",
		    fail[t->fail], t->alert);
	say(arg, "%c %x%s \"%.*s\" \"%.*s\"\n", t->done_us != 0 ? 'E' : 'U',
	    t->version, t->resumed ? " resumed" : "", (int)t->name.len,
	    (const char *)t->name.p, (int)t->alpn.len,
	    (const char *)t->alpn.p);
	((struct seen *)arg)->last = *t;
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

static const struct session_ops	 ops = {
	.hello = on_hello, .handshake = on_handshake,
	.anomaly = on_anomaly, .proto = on_proto
};
static const struct session_ops	 deaf = { .anomaly = on_anomaly };
static const struct session_conf conf = { .ops = &ops, .depth = 1 };
static const struct session_conf no_ears = { .ops = &deaf, .depth = 1 };

static void
begin_with(struct seen *w, const struct session_conf *c, uint64_t limit)
{
	memset(w, 0, sizeof(*w));
	w->mem.limit = limit;
	w->s = session_new(c, w, &w->mem, SESSION_SYN_SEEN);
	assert_non_null(w->s);
}

static void
begin(struct seen *w)
{
	begin_with(w, &conf, 1 << 20);
}

static void
check(struct seen *w, const char *want)
{
	session_eof(w->s, 0, SESSION_END, 2000000);
	session_free(w->s);
	assert_int_equal(w->mem.used, 0);
	assert_string_equal(w->log, want);
}

static void
send(struct seen *w, unsigned dir, const uint8_t *p, size_t n)
{
	session_data(w->s, dir, w->off[dir], guard_copy(p, n), n, 1000000);
	w->off[dir] += n;
}

/* One record of up to 16384 bytes. */
static void
record(struct seen *w, unsigned dir, uint8_t type, const void *p, size_t n)
{
	static uint8_t	 r[5 + 16384];

	r[0] = type;
	r[1] = 3;
	r[2] = 1;
	r[3] = (uint8_t)(n >> 8);
	r[4] = (uint8_t)n;
	memcpy(r + 5, p, n);
	send(w, dir, r, 5 + n);
}

#define CHANGE	20
#define ALERT	21
#define HELLO	22
#define DATA	23

/* A client hello that names a server; bytes are as in RFC 8446, 4.1.2. */
static size_t
client_hello(uint8_t *m, const char *name)
{
	size_t	 len = strlen(name), n = 38;

	memset(m, 0, 38);
	m[0] = 1;
	m[4] = m[5] = 3;
	memcpy(m + n, "\0\0\2\x13\1\1\0", 7);
	n += 7;
	memcpy(m + n, (const uint8_t[]){ 0, (uint8_t)(len + 9), 0, 0, 0,
	    (uint8_t)(len + 5), 0, (uint8_t)(len + 3), 0, 0, (uint8_t)len },
	    11);
	memcpy(m + n + 11, name, len);
	n += 11 + len;
	m[3] = (uint8_t)(n - 4);
	return n;
}

static void
greet(struct seen *w, const char *name)
{
	uint8_t	 m[512];

	record(w, 0, HELLO, m, client_hello(m, name));
}

/* A server hello; version 0x0304 is said in an extension. */
static void
answer(struct seen *w, unsigned version, bool retry)
{
	static const uint8_t	 again[32] = {
		0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d,
		0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16,
		0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8,
		0x33, 0x9c
	};
	uint8_t			 m[64] = { 2, 0, 0, 0, 3, 3 };
	size_t			 n = 42;

	if (retry)
		memcpy(m + 6, again, 32);
	m[39] = 0x13;
	m[40] = 1;
	if (version >= 0x0304) {
		memcpy(m + n, "\0\6\0\x2b\0\2", 6);
		m[n + 6] = (uint8_t)(version >> 8);
		m[n + 7] = (uint8_t)version;
		n += 8;
	}
	m[3] = (uint8_t)(n - 4);
	record(w, 1, HELLO, m, n);
}

/* What 1.3 makes of a Finished: type, length, 32 bytes, type and tag. */
static void
seal(struct seen *w)
{
	static const uint8_t	 sealed[53];

	record(w, 0, DATA, sealed, sizeof(sealed));
}

static void
tls13_is_done_when_the_client_sends_data(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "A.Example.");
	answer(&w, 0x0304, false);
	record(&w, 1, CHANGE, "\1", 1);
	record(&w, 1, DATA, "encrypted extensions", 20);
	record(&w, 0, CHANGE, "\1", 1);
	assert_null(strstr(w.log, "E "));
	seal(&w);
	assert_true(session_held(w.s) < 600);
	record(&w, 0, DATA, "request", 7);
	check(&w, "P tls\nH0 a.example\nE 304 \"a.example\" \"\"\n");
}

static void
a_retry_asks_for_a_second_hello(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "a.example");
	answer(&w, 0x0304, true);
	record(&w, 0, CHANGE, "\1", 1);
	greet(&w, "a.example");
	answer(&w, 0x0304, false);
	seal(&w);
	check(&w, "P tls\nH0 a.example\nH0 a.example again\n"
	    "E 304 \"a.example\" \"\"\n");
}

static void
tls12_without_a_full_handshake_is_done_by_data(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "b.example");
	answer(&w, 0x0303, false);
	record(&w, 0, DATA, "too early", 9);	/* neither has finished */
	record(&w, 1, CHANGE, "\1", 1);
	record(&w, 1, HELLO, "finished", 8);
	assert_null(strstr(w.log, "E "));
	record(&w, 0, DATA, "data", 4);
	check(&w, "P tls\nH0 b.example\nE 303 \"b.example\" \"\"\n");
}

static void
the_finished_of_the_other_side_is_enough(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "c.example");
	answer(&w, 0x0303, false);
	record(&w, 0, CHANGE, "\1", 1);
	record(&w, 0, HELLO, "finished", 8);
	record(&w, 0, DATA, "data", 4);
	check(&w, "P tls\nH0 c.example\nE 303 \"c.example\" \"\"\n");
}

/* A hello of either side that says a session of 32 bytes. */
static void
with_session(struct seen *w, unsigned dir, uint8_t fill)
{
	uint8_t	 m[80] = { dir == 0 ? 1 : 2, 0, 0, 0, 3, 3 };
	size_t	 n = 38;

	m[n++] = 32;
	memset(m + n, fill, 32);
	n += 32;
	if (dir == 0) {
		memcpy(m + n, "\0\2\x13\1\1\0", 6);
		n += 6;
	} else {
		memcpy(m + n, "\x13\1\0", 3);
		n += 3;
	}
	m[3] = (uint8_t)(n - 4);
	record(w, dir, HELLO, m, n);
}

static void
before_13_a_session_said_again_is_resumed(void **state)
{
	struct seen	 w;
	uint8_t		 fill;

	(void)state;
	for (fill = 7; fill <= 8; fill++) {
		begin(&w);
		with_session(&w, 0, 7);
		with_session(&w, 1, fill);
		record(&w, 1, CHANGE, "\1", 1);
		record(&w, 1, HELLO, "finished", 8);
		record(&w, 0, CHANGE, "\1", 1);
		record(&w, 0, HELLO, "finished", 8);
		check(&w, fill == 7 ? "P tls\nH0 \nE 303 resumed \"\" \"\"\n" :
		    "P tls\nH0 \nE 303 \"\" \"\"\n");
	}
}

/* The client has a ticket; size 0: it only says that it takes them. */
static void
offer_ticket(struct seen *w, uint8_t size)
{
	uint8_t	 m[64] = { 1, 0, 0, 0, 3, 3 };
	size_t	 n = 38;

	memcpy(m + n, "\0\0\2\xc0\x2f\1\0", 7);
	n += 7;
	memcpy(m + n, (const uint8_t[]){ 0, (uint8_t)(size + 4), 0, 35, 0,
	    size }, 6);
	n += 6 + size;
	m[3] = (uint8_t)(n - 4);
	record(w, 0, HELLO, m, n);
}

static void
before_13_a_ticket_is_taken_when_no_certificate_comes(void **state)
{
	static const struct {
		uint8_t		 ticket;
		uint8_t		 after;	/* message of the server, 0 none */
		bool		 resumed;
	}		 t[] = {
		{ 9, 0, true },		/* its cipher changes */
		{ 9, 4, true },		/* it gives another ticket first */
		{ 9, 11, false },	/* a certificate */
		{ 9, 22, false },	/* the state of one */
		{ 0, 0, false },
		{ 0, 4, false },
	};
	uint8_t		 m[64] = { 2, 0, 0, 38, 3, 3 };
	struct seen	 w;
	size_t		 i, len;
	int		 apart;

	(void)state;
	m[39] = 0xc0;
	m[40] = 0x2f;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		for (apart = 0; apart < 2; apart++) {
			len = t[i].after == 0 ? 0 : 5;
			memcpy(m + 42, (const uint8_t[]){ t[i].after, 0, 0, 1,
			    0 }, 5);
			begin(&w);
			offer_ticket(&w, t[i].ticket);
			record(&w, 1, HELLO, m, apart ? 42 : 42 + len);
			if (apart && len > 0)
				record(&w, 1, HELLO, m + 42, len);
			record(&w, 1, CHANGE, "\1", 1);
			record(&w, 1, HELLO, "finished", 8);
			record(&w, 0, CHANGE, "\1", 1);
			record(&w, 0, HELLO, "finished", 8);
			check(&w, t[i].resumed ?
			    "P tls\nH0 \nE 303 resumed \"\" \"\"\n" :
			    "P tls\nH0 \nE 303 \"\" \"\"\n");
		}
}

static void
a_hello_that_is_too_long_is_not_collected(void **state)
{
	static uint8_t	 m[16000] = { 2, 2, 0, 0, 3, 3 };
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "m.example");
	record(&w, 1, HELLO, m, sizeof(m));
	assert_true(session_held(w.s) < 1024);
	check(&w, "P tls\nH0 m.example\n! tls-hello-too-long\n"
	    "U 0 \"m.example\" \"\"\n");
}

static void
a_hello_of_60000_bytes_is_read_from_many_records(void **state)
{
	static uint8_t	 m[4 + 60000];
	struct seen	 w;
	size_t		 n, at, k;

	(void)state;
	n = client_hello(m, "d.example");	/* then one big extension */
	k = sizeof(m) - n - 4;
	m[n] = m[n + 1] = 0xee;
	m[n + 2] = (uint8_t)(k >> 8);
	m[n + 3] = (uint8_t)k;
	at = 38 + 7;
	k = sizeof(m) - at - 2;
	m[at] = (uint8_t)(k >> 8);
	m[at + 1] = (uint8_t)k;
	m[2] = 60000 >> 8;
	m[3] = 60000 & 255;
	begin(&w);
	for (at = 0; at < sizeof(m); at += k) {
		k = sizeof(m) - at < 16384 ? sizeof(m) - at : 16384;
		record(&w, 0, HELLO, m + at, k);
	}
	assert_true(session_held(w.s) < 1024);
	check(&w, "P tls\nH0 d.example\nU 0 \"d.example\" \"\"\n");
}

static void
hellos_that_lie_are_bad_tls(void **state)
{
	struct seen	 w;
	uint8_t		 m[512];
	size_t		 n;

	(void)state;
	begin(&w);				/* a client's, cut short */
	record(&w, 0, HELLO, "\1\0\0\6\3\3abcd", 10);
	check(&w, "P tls\n! bad-tls\n");

	begin(&w);				/* a server's */
	greet(&w, "e.example");
	record(&w, 1, HELLO, "\2\0\0\6\3\3abcd", 10);
	check(&w, "P tls\nH0 e.example\n! bad-tls\n"
	    "U 0 \"e.example\" \"\"\n");

	begin(&w);				/* a name over its field */
	n = client_hello(m, "f.example");
	m[38 + 7 + 10] = 200;
	record(&w, 0, HELLO, m, n);
	check(&w, "P tls\n! bad-tls\nH0 f.example\n"
	    "U 0 \"f.example\" \"\"\n");

	begin(&w);				/* another message */
	greet(&w, "g.example");
	record(&w, 1, HELLO, "\x0e\0\0\0", 4);
	record(&w, 1, HELLO, "\x0b\0\0\1x", 5);
	check(&w, "P tls\nH0 g.example\nU 0 \"g.example\" \"\"\n");
}

static void
bytes_that_are_no_records_end_it(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "h.example");
	send(&w, 1, (const uint8_t *)"\0\0\0\0\0\0\0\0", 8);
	send(&w, 1, (const uint8_t *)"more", 4);
	check(&w, "P tls\nH0 h.example\n! bad-tls\n"
	    "F server plain 0\nU 0 \"h.example\" \"\"\n");

	begin(&w);				/* behind the hello */
	greet(&w, "h.example");
	send(&w, 0, (const uint8_t *)"\0\0\0\0\0\0\0\0", 8);
	check(&w, "P tls\nH0 h.example\nU 0 \"h.example\" \"\"\n");
}

static void
an_alert_answers_without_a_hello(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "i.example");
	record(&w, 1, ALERT, "\2\x28", 2);
	check(&w, "P tls\nH0 i.example\nF server alert 40\n"
	    "U 0 \"i.example\" \"\"\n");
}

static void
records_met_in_the_middle_say_nothing(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	record(&w, 0, DATA, "abcdefgh", 8);
	record(&w, 1, DATA, "abcdefgh", 8);
	check(&w, "P tls\n");
}

static void
the_server_may_be_seen_first(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	answer(&w, 0x0303, false);
	greet(&w, "j.example");
	record(&w, 0, CHANGE, "\1", 1);
	record(&w, 0, HELLO, "finished", 8);
	record(&w, 1, CHANGE, "\1", 1);
	record(&w, 1, HELLO, "finished", 8);
	check(&w, "P tls\nH0 j.example\nE 303 \"j.example\" \"\"\n");
}

/* What is not finished is told when no more of it can be seen. */
static void
an_open_handshake_is_told_at_the_end(void **state)
{
	static const enum session_how	 hows[] = {
		SESSION_RST, SESSION_IDLE, SESSION_END
	};
	struct seen			 w;
	size_t				 i;

	(void)state;
	for (i = 0; i < nitems(hows); i++) {
		begin(&w);
		greet(&w, "n.example");
		answer(&w, 0x0304, false);
		assert_null(strstr(w.log, "U "));
		session_eof(w.s, 1, hows[i], 2000000);
		check(&w, hows[i] == SESSION_RST ?
		    "P tls\nH0 n.example\nF server reset 0\n"
		    "U 304 \"n.example\" \"\"\n" :
		    "P tls\nH0 n.example\nU 304 \"n.example\" \"\"\n");
		assert_true(w.last.offered == 0x0303);
		assert_true(w.last.server_us == 1000000);
	}
	begin(&w);
	greet(&w, "o.example");
	session_eof(w.s, 0, SESSION_FIN, 2000000);
	assert_null(strstr(w.log, "U "));
	session_eof(w.s, 1, SESSION_FIN, 2000000);
	check(&w, "P tls\nH0 o.example\nF client closed 0\n"
	    "U 0 \"o.example\" \"\"\n");
}

static void
a_server_alone_is_told_too(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	answer(&w, 0x0303, false);
	record(&w, 1, HELLO, "\x0b\0\0\1x", 5);
	check(&w, "P tls\nU 303 \"\" \"\"\n");
	assert_true(w.last.offered == 0 && w.last.hello_us == 0);
}

static void
a_gap_ends_what_can_be_seen(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "p.example");
	answer(&w, 0x0303, false);
	session_gap(w.s, 1, w.off[1], 1000, 1000000);
	assert_non_null(strstr(w.log, "U 303 \"p.example\" \"\"\n"));
	assert_true(session_held(w.s) < 600);
	check(&w, "P tls\nH0 p.example\nU 303 \"p.example\" \"\"\n");
}

/* Loses n bytes of the client. */
static void
lose(struct seen *w, size_t n)
{
	session_gap(w->s, 0, w->off[0], n, 1000000);
	w->off[0] += n;
}

static void
finish(struct seen *w)
{
	answer(w, 0x0304, false);
	record(w, 0, CHANGE, "\1", 1);
	seal(w);
}

/* At the name there are 11 bytes of headers before its first. */
static void
a_hello_counts_if_it_has_named_its_server_before_a_loss(void **state)
{
	static const char	*name = "r.example";
	struct seen		 w;
	uint8_t			 m[512], r[517] = { HELLO, 3, 1 };
	size_t			 n = client_hello(m, name), cut, left;
	bool			 told;

	(void)state;
	memset(m + n, 0, 6);			/* an extension behind it */
	n += 6;
	m[46] = (uint8_t)(m[46] + 6);
	m[3] = (uint8_t)(n - 4);
	r[4] = (uint8_t)n;
	memcpy(r + 5, m, n);
	for (cut = 12; cut < n + 5; cut++)
		for (left = 0; left < n + 5 - cut; left += 3) {
			told = cut > 5 + 38 + 7 + 11 + strlen(name);
			begin(&w);
			send(&w, 0, r, cut);
			lose(&w, n + 5 - cut - left);
			send(&w, 0, r + n + 5 - left, left);
			finish(&w);
			check(&w, told ? "P tls\n! tls-hello-lost-in-gap\n"
			    "H0 r.example\nE 304 \"r.example\" \"\"\n" :
			    "P tls\n! tls-hello-lost-in-gap\n"
			    "E 304 \"\" \"\"\n");
		}
}

static void
the_hello_after_a_retry_is_found_behind_a_loss(void **state)
{
	struct seen	 w;
	int		 late;

	(void)state;
	for (late = 0; late < 2; late++) {
		begin(&w);			/* all of the first */
		answer(&w, 0x0304, true);
		if (late)
			answer(&w, 0x0304, false);
		lose(&w, 200);
		record(&w, 0, CHANGE, "\1", 1);
		greet(&w, "s.example");
		if (!late)
			answer(&w, 0x0304, false);
		seal(&w);
		check(&w, "P tls\n! tls-hello-lost-in-gap\nH0 s.example\n"
		    "E 304 \"s.example\" \"\"\n");
	}
	begin(&w);				/* the end of it and more */
	send(&w, 0, (const uint8_t *)"\x16\3\1\1\0\1\0\0\xfc\3\3", 11);
	lose(&w, 260);
	answer(&w, 0x0304, true);
	greet(&w, "s.example");
	finish(&w);
	check(&w, "P tls\n! tls-hello-lost-in-gap\nH0 s.example\n"
	    "E 304 \"s.example\" \"\"\n");

	begin(&w);				/* no retry: nothing comes */
	send(&w, 0, (const uint8_t *)"\x16\3\1\1\0\1\0\0\xfc\3\3", 11);
	lose(&w, 260);
	answer(&w, 0x0304, false);
	assert_non_null(strstr(w.log, "U 304"));
	check(&w, "P tls\n! tls-hello-lost-in-gap\nU 304 \"\" \"\"\n");
}

static void
a_hello_behind_a_change_of_cipher_counts(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	record(&w, 0, CHANGE, "\1", 1);
	greet(&w, "t.example");
	finish(&w);
	check(&w, "P tls\nH0 t.example\nE 304 \"t.example\" \"\"\n");
}

/* Protocols of a hello, as many as there is room for. */
static void
alpn_is_kept_to_the_end(void **state)
{
	struct seen	 w;
	uint8_t		 m[1024];
	size_t		 n, i, k;
	char		 want[600];

	(void)state;
	for (k = 1; k <= 3; k++) {
		n = client_hello(m, "q.example");
		memcpy(m + n, (const uint8_t[]){ 0, 16, 0, (uint8_t)(2 +
		    k * 101), 0, (uint8_t)(k * 101) }, 6);
		m[n + 2] = (uint8_t)((2 + k * 101) >> 8);
		m[n + 4] = (uint8_t)(k * 101 >> 8);
		for (n += 6, i = 0; i < k; i++, n += 101) {
			m[n] = 100;
			memset(m + n + 1, 'a' + (int)i, 100);
		}
		m[45] = (uint8_t)((n - 47) >> 8);
		m[46] = (uint8_t)(n - 47);
		m[2] = (uint8_t)((n - 4) >> 8);
		m[3] = (uint8_t)(n - 4);
		begin(&w);
		record(&w, 0, HELLO, m, n);
		snprintf(want, sizeof(want), "P tls\nH0 q.example\n"
		    "U 0 \"q.example\" \"%.100s%s%.100s\"\n", m + n -
		    101 * k + 1, k > 1 ? "," : "", k > 1 ?
		    (const char *)m + n - 101 * (k - 1) + 1 : "");
		check(&w, want);
	}
}

/* ---- handshakes that fail ---- */

static void
end(struct seen *w, unsigned dir, enum session_how how)
{
	session_eof(w->s, dir, how, 1500000);
}

static void
a_fatal_alert_in_the_clear_is_a_failure(void **state)
{
	static const uint8_t	 both[] = { 2, 48 };
	struct seen		 w;
	unsigned		 dir, cut;

	(void)state;
	for (dir = 0; dir < 2; dir++)
		for (cut = 0; cut < 7; cut++) {
			uint8_t	 r[7] = { ALERT, 3, 3, 0, 2, 2, 48 };

			begin(&w);
			greet(&w, "a.example");
			answer(&w, 0x0303, false);
			send(&w, dir, r, cut);
			send(&w, dir, r + cut, 7 - cut);
			end(&w, !dir, SESSION_RST);	/* it was told */
			check(&w, dir == 0 ?
			    "P tls\nH0 a.example\nF client alert 48\n"
			    "U 303 \"a.example\" \"\"\n" :
			    "P tls\nH0 a.example\nF server alert 48\n"
			    "U 303 \"a.example\" \"\"\n");
		}
	begin(&w);			/* before the server's hello */
	greet(&w, "a.example");
	record(&w, 1, ALERT, both, 2);
	check(&w, "P tls\nH0 a.example\nF server alert 48\n"
	    "U 0 \"a.example\" \"\"\n");
}

static void
a_warning_or_an_encrypted_alert_is_none(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "a.example");
	record(&w, 1, ALERT, "\1\160", 2);
	answer(&w, 0x0303, false);
	record(&w, 0, CHANGE, "\1", 1);
	record(&w, 0, HELLO, "finished", 8);
	record(&w, 1, ALERT, "\2\50 and its tag", 14);
	assert_null(strstr(w.log, "F "));
	end(&w, 1, SESSION_FIN);
	end(&w, 0, SESSION_FIN);	/* it was the server that went */
	check(&w, "P tls\nH0 a.example\nF server closed 0\n"
	    "U 303 \"a.example\" \"\"\n");
}

static void
an_alert_after_the_handshake_is_none(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "a.example");
	answer(&w, 0x0304, false);
	seal(&w);
	record(&w, 1, ALERT, "\2\50", 2);
	end(&w, 1, SESSION_RST);
	check(&w, "P tls\nH0 a.example\nE 304 \"a.example\" \"\"\n");
}

/* As OpenSSL 3.5 says decode error, 50, when a server closes early. */
static void
an_alert_about_an_end_is_not_the_reason(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "a.example");
	end(&w, 1, SESSION_FIN);
	record(&w, 0, ALERT, "\2\62", 2);
	end(&w, 0, SESSION_FIN);
	check(&w, "P tls\nH0 a.example\nF server closed 0\n"
	    "U 0 \"a.example\" \"\"\n");
}

static void
an_end_before_it_is_done_is_a_failure(void **state)
{
	static const struct {
		unsigned		 dir;
		enum session_how	 how;
		unsigned		 version;	/* 0: no answer */
		const char		*want;
	}		 t[] = {
		{ 0, SESSION_RST, 0, "F client reset 0\n" },
		{ 1, SESSION_RST, 0, "F server reset 0\n" },
		{ 0, SESSION_RST, 0x0303, "F client reset 0\n" },
		{ 1, SESSION_RST, 0x0304, "F server reset 0\n" },
		{ 0, SESSION_FIN, 0, "F client closed 0\n" },
		{ 1, SESSION_FIN, 0x0303, "F server closed 0\n" },
		{ 0, SESSION_IDLE, 0x0303, "" },
		{ 1, SESSION_END, 0x0303, "" },
	};
	struct seen	 w;
	char		 want[128];
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		begin(&w);
		greet(&w, "a.example");
		if (t[i].version != 0)
			answer(&w, t[i].version, false);
		end(&w, t[i].dir, t[i].how);
		end(&w, !t[i].dir, t[i].how);
		snprintf(want, sizeof(want), "P tls\nH0 a.example\n%s"
		    "U %x \"a.example\" \"\"\n", t[i].want,
		    t[i].version);
		check(&w, want);
	}
}

/* The client has seen a hello of 1.3, and goes. */
static void
what_13_encrypts_is_known_by_its_length(void **state)
{
	static const uint8_t	 alert[19];
	struct seen		 w;
	size_t			 n;

	(void)state;
	begin(&w);
	greet(&w, "a.example");
	answer(&w, 0x0304, false);
	record(&w, 0, DATA, alert, sizeof(alert));
	end(&w, 1, SESSION_FIN);	/* it has read that alert */
	end(&w, 0, SESSION_FIN);
	check(&w, "P tls\nH0 a.example\nF client sealed 0\n"
	    "U 304 \"a.example\" \"\"\n");

	for (n = 44; n <= 46; n++) {	/* the least of a Finished is 45 */
		static const uint8_t	 sealed[46];

		begin(&w);
		greet(&w, "a.example");
		answer(&w, 0x0304, false);
		record(&w, 0, DATA, sealed, n);
		end(&w, 1, SESSION_RST);
		check(&w, n < 45 ? "P tls\nH0 a.example\n"
		    "F client sealed 0\nU 304 \"a.example\" \"\"\n" :
		    "P tls\nH0 a.example\nE 304 \"a.example\" \"\"\n");
	}
}

static void
where_bytes_are_lost_only_an_alert_tells(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "a.example");
	answer(&w, 0x0303, false);
	lose(&w, 100);
	end(&w, 1, SESSION_RST);
	check(&w, "P tls\nH0 a.example\nU 303 \"a.example\" \"\"\n");
}

static void
an_answer_that_is_not_understood_tells_nothing(void **state)
{
	static const uint8_t	 draft[48] = { 2, 0, 0, 44, 0x7f, 16 };
	struct seen		 w;

	(void)state;
	begin(&w);
	greet(&w, "a.example");
	record(&w, 1, HELLO, draft, sizeof(draft));
	record(&w, 0, DATA, "finished, perhaps", 17);
	end(&w, 0, SESSION_RST);
	check(&w, "P tls\nH0 a.example\n! bad-tls\nU 0 \"a.example\" \"\"\n");

	begin(&w);
	greet(&w, "a.example");
	answer(&w, 0x7f17, false);
	seal(&w);
	check(&w, "P tls\nH0 a.example\nE 7f17 \"a.example\" \"\"\n");
}

static void
an_answer_that_is_no_tls_is_a_failure(void **state)
{
	struct seen	 w;

	(void)state;
	begin(&w);
	greet(&w, "a.example");
	send(&w, 1, (const uint8_t *)"HTTP/1.1 400 Bad Request\r\n", 26);
	assert_non_null(strstr(w.log, "F server plain 0\n"));
	end(&w, 1, SESSION_RST);
	session_free(w.s);

	begin(&w);
	greet(&w, "a.example");
	send(&w, 1, (const uint8_t *)"220 mail ESMTP\r\n", 16);
	check(&w, "P tls\nH0 a.example\n! bad-tls\nF server plain 0\n"
	    "U 0 \"a.example\" \"\"\n");
}

/* A certificate of a.example for all of its century, without a key. */
#define CERTIFICATE							\
	"\x30\x41\x30\x3f\2\1\7\x30\0\x30\0\x30\x1e"			\
	"\x17\15" "700101000000Z" "\x17\15" "490101000000Z"		\
	"\x30\x14\x31\x12\x30\x10\6\3\x55\4\3\x0c\x09" "a.example"	\
	"\x30\0"
#define CERTIFICATE_LEN	(sizeof(CERTIFICATE) - 1)

/* The message with it and with another, of a CA; then more messages. */
static size_t
certificate(uint8_t *m, const char *cert, size_t n)
{
	memcpy(m, (const uint8_t[]){ 11, 0, 0, (uint8_t)(3 + 3 + n + 3 + 4),
	    0, 0, (uint8_t)(3 + n + 3 + 4), 0, 0, (uint8_t)n }, 10);
	memcpy(m + 10, cert, n);
	memcpy(m + 10 + n, "\0\0\4\x30\2\5\0" "\14\0\0\2ke", 13);
	return 10 + n + 13;
}

/* Both sides end the handshake of 1.2. */
static void
agree(struct seen *w)
{
	unsigned	 dir;

	for (dir = 0; dir < 2; dir++) {
		record(w, dir, CHANGE, "\1", 1);
		record(w, dir, HELLO, "finished", 8);
	}
}

static void
a_certificate_is_read_however_it_is_cut(void **state)
{
	struct seen	 w;
	uint8_t		 m[512];
	size_t		 n = certificate(m, CERTIFICATE, CERTIFICATE_LEN);
	size_t		 cut;

	(void)state;
	for (cut = 0; cut <= n; cut++) {
		begin(&w);
		greet(&w, cut & 1 ? "a.example" : "b.example");
		answer(&w, 0x0303, false);
		if (cut > 0)
			record(&w, 1, HELLO, m, cut);
		if (cut < n)
			record(&w, 1, HELLO, m + cut, n - cut);
		assert_true(session_held(w.s) < 800);
		agree(&w);
		assert_true(w.last.cert.seen);
		assert_int_equal(w.last.cert.fits, cut & 1);
		check(&w, cut & 1 ?
		    "P tls\nH0 a.example\nE 303 \"a.example\" \"\"\n" :
		    "P tls\nH0 b.example\nE 303 \"b.example\" \"\"\n");
	}
}

static void
no_certificate_is_read_where_none_is_shown(void **state)
{
	static const struct {
		const char	*name;
		unsigned	 version;
		int		 change;	/* of a byte of the message */
		uint8_t		 to;
		bool		 bad;
	}		 t[] = {
		{ "192.0.2.1", 0x0303, -1, 0, false },
		{ "a.example", 0x0304, -1, 0, false },
		{ "a.example", 0x0303, 0, 22, false },	/* another message */
		{ "a.example", 0x0303, 3, 5, false },	/* lengths that lie */
		{ "a.example", 0x0303, 6, 69, false },
		{ "a.example", 0x0303, 9, 0, false },
		{ "a.example", 0x0303, 10, 0x31, true },	/* not DER */
	};
	struct seen	 w;
	uint8_t		 m[512];
	size_t		 i, n;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		n = certificate(m, CERTIFICATE, CERTIFICATE_LEN);
		if (t[i].change >= 0)
			m[t[i].change] = t[i].to;
		begin(&w);
		greet(&w, t[i].name);
		answer(&w, t[i].version, false);
		record(&w, 1, HELLO, m, n);
		agree(&w);
		assert_int_equal(strstr(w.log, "! bad-tls") != NULL, t[i].bad);
		session_eof(w.s, 0, SESSION_END, 2000000);
		assert_false(w.last.cert.seen);
		session_free(w.s);
		assert_int_equal(w.mem.used, 0);
	}
}

static void
a_certificate_with_a_loss_is_not_read(void **state)
{
	struct seen	 w;
	uint8_t		 m[512], r[517] = { HELLO, 3, 1 };
	size_t		 n = certificate(m, CERTIFICATE, CERTIFICATE_LEN);
	size_t		 cut;

	(void)state;
	r[4] = (uint8_t)n;
	memcpy(r + 5, m, n);
	for (cut = 5; cut < 10 + CERTIFICATE_LEN; cut++) {
		begin(&w);
		greet(&w, "a.example");
		answer(&w, 0x0303, false);
		send(&w, 1, r, cut);
		session_gap(w.s, 1, w.off[1], 10, 1000000);
		w.off[1] += 10;
		send(&w, 1, r + cut + 10, n + 5 - cut - 10);
		agree(&w);
		assert_false(w.last.cert.seen);
		check(&w, "P tls\nH0 a.example\nE 303 \"a.example\" \"\"\n");
	}
}

static void
nobody_needs_to_listen(void **state)
{
	struct seen	 w;

	(void)state;
	begin_with(&w, &no_ears, 1 << 20);
	greet(&w, "k.example");
	answer(&w, 0x0304, false);
	seal(&w);
	check(&w, "");
}

/* Each allocation refused in its turn; nothing is told twice or kept. */
static void
memory_refused_ends_the_handshake_only(void **state)
{
	struct seen	 w;
	uint8_t		 m[512];
	size_t		 n = client_hello(m, "l.example"), least, limit;
	unsigned	 told = 0, odd = 0;

	(void)state;
	begin(&w);
	least = w.mem.used;
	check(&w, "");
	for (limit = least; limit < least + 2048; limit += 16) {
		begin_with(&w, &conf, limit);
		record(&w, 0, HELLO, m, 20);
		record(&w, 0, HELLO, m + 20, n - 20);
		answer(&w, 0x0304, false);
		seal(&w);
		session_free(w.s);
		assert_int_equal(w.mem.used, 0);
		told += strstr(w.log, "H0 l.example\n") != NULL;
		odd += strstr(w.log, "! no-memory\n") != NULL;
	}
	assert_true(told > 0 && odd > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls13_is_done_when_the_client_sends_data),
		cmocka_unit_test(a_retry_asks_for_a_second_hello),
		cmocka_unit_test(
		    tls12_without_a_full_handshake_is_done_by_data),
		cmocka_unit_test(the_finished_of_the_other_side_is_enough),
		cmocka_unit_test(before_13_a_session_said_again_is_resumed),
		cmocka_unit_test(
		    before_13_a_ticket_is_taken_when_no_certificate_comes),
		cmocka_unit_test(a_hello_that_is_too_long_is_not_collected),
		cmocka_unit_test(
		    a_hello_of_60000_bytes_is_read_from_many_records),
		cmocka_unit_test(hellos_that_lie_are_bad_tls),
		cmocka_unit_test(bytes_that_are_no_records_end_it),
		cmocka_unit_test(an_alert_answers_without_a_hello),
		cmocka_unit_test(records_met_in_the_middle_say_nothing),
		cmocka_unit_test(the_server_may_be_seen_first),
		cmocka_unit_test(an_open_handshake_is_told_at_the_end),
		cmocka_unit_test(a_server_alone_is_told_too),
		cmocka_unit_test(a_gap_ends_what_can_be_seen),
		cmocka_unit_test(
		    a_hello_counts_if_it_has_named_its_server_before_a_loss),
		cmocka_unit_test(
		    the_hello_after_a_retry_is_found_behind_a_loss),
		cmocka_unit_test(a_hello_behind_a_change_of_cipher_counts),
		cmocka_unit_test(alpn_is_kept_to_the_end),
		cmocka_unit_test(a_fatal_alert_in_the_clear_is_a_failure),
		cmocka_unit_test(a_warning_or_an_encrypted_alert_is_none),
		cmocka_unit_test(an_alert_after_the_handshake_is_none),
		cmocka_unit_test(an_alert_about_an_end_is_not_the_reason),
		cmocka_unit_test(an_end_before_it_is_done_is_a_failure),
		cmocka_unit_test(what_13_encrypts_is_known_by_its_length),
		cmocka_unit_test(where_bytes_are_lost_only_an_alert_tells),
		cmocka_unit_test(
		    an_answer_that_is_not_understood_tells_nothing),
		cmocka_unit_test(an_answer_that_is_no_tls_is_a_failure),
		cmocka_unit_test(a_certificate_is_read_however_it_is_cut),
		cmocka_unit_test(no_certificate_is_read_where_none_is_shown),
		cmocka_unit_test(a_certificate_with_a_loss_is_not_read),
		cmocka_unit_test(nobody_needs_to_listen),
		cmocka_unit_test(memory_refused_ends_the_handshake_only)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
