/*
 * What a mirror that does not keep up is told: where it was left behind, that
 * frames were lost, and, when it reads again, of what goes on.
 */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/flowtab.h"
#include "analyzer/stream.h"
#include "tests/lib/cmocka_first.h"

#define HIGH	(128 * 1024)
#define SIZE	(32 * 1024)

struct fix {
	struct analyzer	 az;
	struct proc	 proc;
	struct conf	 conf;
	struct flow	 flow[3];
	struct conn	 conn[3];
	int		 mirror;	/* its end of the link */
	char		 heard[4096];
	uint8_t		 in[FRAME_MAX];
	uint8_t		 data[SIZE];
};

static bool
flush(void *arg, struct event_batch *b)
{
	struct fix	*x = arg;

	if (chan_send_raw(x->proc.chan[ROLE_MIRROR], MSG_STREAM, 0, b->frame,
	    b->body.len) == 0)
		return true;
	stream_lost(&x->az, 1);
	return false;
}

static struct fix *
begin(size_t limit)
{
	struct fix	*x = calloc(1, sizeof(*x));
	struct chan_conf c = { .self = ROLE_ANALYZER, .peer = ROLE_MIRROR,
	    .high_mark = HIGH, .limit = limit };
	int		 sv[2];
	size_t		 i;

	assert_non_null(x);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, sv), 0);
	c.fd = sv[0];
	x->mirror = sv[1];
	x->az.proc = &x->proc;
	x->proc.conf = &x->conf;
	x->conf.nmirrors = 1;
	x->proc.base = event_base_new();
	x->proc.linked[ROLE_MIRROR] = true;
	x->proc.chan[ROLE_MIRROR] = chan_new(x->proc.base, &c);
	x->az.streams = aligned_alloc(FRAME_ALIGN, sizeof(*x->az.streams));
	assert_non_null(x->proc.chan[ROLE_MIRROR]);
	assert_non_null(x->az.streams);
	event_batch_init(x->az.streams, flush, x);
	TAILQ_INIT(&x->az.mirrored);
	TAILQ_INIT(&x->az.skipped);
	for (i = 0; i < 3; i++) {
		x->flow[i].id = i + 1;
		x->conn[i].az = &x->az;
		x->conn[i].flow = &x->flow[i];
		x->conn[i].mirrors = x->conn[i].mirror_dirs = 3;
	}
	return x;
}

static void
end(struct fix *x)
{
	chan_free(x->proc.chan[ROLE_MIRROR]);
	event_base_free(x->proc.base);
	close(x->mirror);
	free(x->az.streams);
	free(x);
}

static void
open_conn(struct fix *x, unsigned i)
{
	stream_open(&x->conn[i], 0);
}

static void
send_data(struct fix *x, unsigned i, uint64_t ts_us)
{
	x->az.ts = x->az.max_ts = ts_us;
	stream_data(&x->conn[i], 0, x->conn[i].offset[0], x->data, SIZE);
	x->conn[i].offset[0] += SIZE;
}

/* Until the mirror is behind. */
static void
fill(struct fix *x, uint64_t ts_us)
{
	unsigned	 n;

	for (n = 0; x->az.behind.since_us == 0; n++) {
		assert_in_range(n, 0, 100);
		send_data(x, 0, ts_us);
		(void)event_batch_flush(x->az.streams);
	}
}

static void
note(struct fix *x, const struct msg_stream *m)
{
	static const char	 kind[] = "OdmGC";
	size_t			 n = strlen(x->heard);

	if (m->kind == STREAM_DATA)
		return;
	if (m->kind == STREAM_ANSWER) {
		snprintf(x->heard + n, sizeof(x->heard) - n,
		    "A%u(%u %u %u %u %d) ", (unsigned)m->id,
		    (unsigned)m->value, m->answer, m->status,
		    (unsigned)m->offset, (int)m->wait_us);
		return;
	}
	snprintf(x->heard + n, sizeof(x->heard) - n, "%c%u", kind[m->kind],
	    (unsigned)m->id);
	n = strlen(x->heard);
	if (m->kind == STREAM_GAP && m->offset == STREAM_SOME)
		strcat(x->heard, "(some)");
	else if (m->kind == STREAM_GAP)
		snprintf(x->heard + n, sizeof(x->heard) - n, "(%u %u-%u)",
		    (unsigned)m->offset, (unsigned)m->ts_us,
		    (unsigned)m->value);
	else if (m->flags & STREAM_MIDSTREAM || m->value == STREAM_BEHIND)
		strcat(x->heard, m->kind != STREAM_OPEN ? "behind" :
		    m->flags & STREAM_UNREAD ? "unread" :
		    m->flags & STREAM_LATE ? "late" : "mid");
	strcat(x->heard, " ");
}

/* The mirror reads all: what it was told but bytes. */
static const char *
hear(struct fix *x)
{
	struct msg_stream	 m;
	struct frame		 f;
	ssize_t			 n;

	x->heard[0] = '\0';
	(void)event_batch_flush(x->az.streams);
	while ((n = recv(x->mirror, x->in, sizeof(x->in), 0)) > 0) {
		assert_int_equal(frame_get(&f, x->in, (size_t)n), 0);
		while (buf_left(&f.body) > 0) {
			assert_int_equal(msg_get_stream(&f.body, &m), 0);
			note(x, &m);
		}
		chan_flush(x->proc.chan[ROLE_MIRROR]);
	}
	return x->heard;
}

static void
what_is_left_out_is_told_and_goes_on(void **state)
{
	struct fix	*x = begin(0);

	(void)state;
	open_conn(x, 0);
	open_conn(x, 1);
	fill(x, 5);
	open_conn(x, 2);		/* it begins meanwhile */
	send_data(x, 1, 7);
	stream_close(&x->conn[0], STREAM_FIN);
	assert_string_equal(hear(x), "O1 O2 C1behind C2behind ");
	stream_tick(&x->az);
	assert_string_equal(hear(x), "G1(1 5-7) O2mid O3mid ");
	send_data(x, 2, 8);
	stream_close(&x->conn[1], STREAM_FIN);
	stream_tick(&x->az);
	assert_string_equal(hear(x), "C2 ");
	end(x);
}

/* Nobody knows what was in it: it ends all, and begins all again. */
static void
a_lost_frame_leaves_no_connection_behind(void **state)
{
	struct fix	*x = begin(HIGH + 10);
	const char	*heard;

	(void)state;
	open_conn(x, 0);
	open_conn(x, 1);
	fill(x, 5);
	stream_close(&x->conn[1], STREAM_FIN);
	while (!x->az.behind.lost) {
		x->az.behind.since_us = 0;
		send_data(x, 0, 6);
		(void)event_batch_flush(x->az.streams);
	}
	hear(x);
	stream_tick(&x->az);
	heard = hear(x);
	assert_non_null(strstr(heard, "C0behind G1(some) O1mid "));
	assert_null(strstr(heard, "O2"));
	end(x);
}

/* A fresh one is told of all anyway. */
static void
a_fresh_mirror_is_not_behind(void **state)
{
	struct fix	*x = begin(0);

	(void)state;
	open_conn(x, 0);
	fill(x, 5);
	chan_forget(x->proc.chan[ROLE_MIRROR]);
	hear(x);
	stream_reopen_all(&x->az);
	stream_tick(&x->az);
	assert_string_equal(hear(x), "O1mid ");
	end(x);
}

/* Each is told of its own. */
static void
a_mirror_that_lacks_nothing_is_told_so(void **state)
{
	struct fix	*x = begin(0);

	(void)state;
	x->conf.nmirrors = 3;
	x->conn[2].mirrors = 1;
	open_conn(x, 0);
	fill(x, 5);
	open_conn(x, 2);
	hear(x);
	stream_tick(&x->az);
	assert_string_equal(hear(x), "G1(1 5-5) G2(some) G3(0 5-5) O1mid "
	    "O3mid ");
	end(x);
}

/* What its connections lack from here on is told before they begin again. */
static void
other_mirrors_come_while_it_is_behind(void **state)
{
	struct fix		*x = begin(0);
	struct conf_mirror	 m[2];

	(void)state;
	memset(m, 0, sizeof(m));	/* they observe all */
	m[0].has_record = true;
	x->conf.mirrors = m;
	x->conn[1].mirrors = x->conn[1].mirror_dirs = 1;
	open_conn(x, 0);
	open_conn(x, 1);
	fill(x, 5);
	stream_close(&x->conn[0], STREAM_FIN);
	x->conf.nmirrors = 2;
	stream_new_mirrors(&x->az, &x->conf);
	send_data(x, 1, 6);
	assert_string_equal(hear(x), "O1 O2 C1behind C2behind ");
	stream_tick(&x->az);
	assert_string_equal(hear(x), "G1(some) G2(some) O2mid ");
	assert_int_equal(x->conn[1].mirrors, 3);
	end(x);
}

/* A new one stands before it, and lacks nothing. */
static void
what_a_mirror_lacks_is_told_of_it_in_another_place(void **state)
{
	struct fix		*x = begin(0);
	struct conf_mirror	 m[3];
	struct conf		 old;

	(void)state;
	memset(m, 0, sizeof(m));	/* they observe all */
	m[0].name[0] = m[2].name[0] = 'a';
	m[1].name[0] = 'b';
	x->conf.mirrors = m;
	x->conn[0].mirrors = x->conn[1].mirrors = 1;
	open_conn(x, 0);
	fill(x, 5);
	open_conn(x, 1);
	old = x->conf;
	x->conf.mirrors = m + 1;
	x->conf.nmirrors = 2;
	stream_new_mirrors(&x->az, &old);
	hear(x);
	stream_tick(&x->az);
	assert_string_equal(hear(x), "G1(0 5-5) G2(1 5-5) O1mid O2mid ");
	end(x);
}

/* Mirror knows itself who has it: for the others it goes on. */
static void
a_reload_opens_none_again(void **state)
{
	struct fix		*x = begin(0);
	struct conf_mirror	 m[2];

	(void)state;
	memset(m, 0, sizeof(m));	/* they observe all */
	m[0].has_record = m[1].has_record = true;
	m[1].record_dir = DIR_BOTH;
	x->conf.mirrors = m;
	stream_find_mirrors(&x->conn[0]);
	open_conn(x, 0);
	x->conf.nmirrors = 2;
	stream_new_mirrors(&x->az, &x->conf);
	assert_string_equal(hear(x), "O1 ");
	assert_int_equal(x->conn[0].mirrors, 3);
	assert_int_equal(x->conn[0].mirror_dirs, 3);
	x->conf.nmirrors = 0;
	stream_new_mirrors(&x->az, &x->conf);
	assert_string_equal(hear(x), "C1 ");
	end(x);
}

/* When it next brings something, so that a reload costs nothing. */
static void
a_reload_takes_up_what_nobody_observed(void **state)
{
	struct fix		*x = begin(0);
	struct conf_mirror	 m;
	unsigned		 i;

	(void)state;
	memset(&m, 0, sizeof(m));	/* it observes all */
	m.has_record = true;
	x->conf.mirrors = &m;
	x->conf.nmirrors = 0;
	for (i = 0; i < 3; i++)
		stream_find_mirrors(&x->conn[i]);
	x->conn[1].own = true;
	x->conf.nmirrors = 1;
	stream_look_again(&x->conn[0]);
	stream_new_mirrors(&x->az, &x->conf);
	assert_string_equal(hear(x), "");
	for (i = 0; i < 2; i++) {
		stream_look_again(&x->conn[0]);
		stream_look_again(&x->conn[1]);
	}
	assert_string_equal(hear(x), "O1late ");
	fill(x, 5);
	stream_look_again(&x->conn[2]);
	assert_string_equal(hear(x), "C1behind ");
	stream_tick(&x->az);
	assert_string_equal(hear(x), "G1(1 5-5) O1mid O3mid ");
	end(x);
}

/* No more will come of it, so nothing would bring it up. */
static void
a_reload_tells_of_what_nobody_reads(void **state)
{
	struct fix		*x = begin(0);
	struct conf_mirror	 m;
	unsigned		 i;

	(void)state;
	memset(&m, 0, sizeof(m));	/* it observes all */
	m.has_record = true;
	x->conf.mirrors = &m;
	x->conf.nmirrors = 0;
	x->conn[2].own = true;
	for (i = 0; i < 3; i++) {
		stream_find_mirrors(&x->conn[i]);
		stream_skip(&x->conn[i]);
		stream_skip(&x->conn[i]);
	}
	for (i = 0; i < 2; i++) {
		x->conf.nmirrors = 1;
		stream_new_mirrors(&x->az, &x->conf);
		stream_new_mirrors(&x->az, &x->conf);
		assert_string_equal(hear(x), "O1unread O2unread ");
		x->conf.nmirrors = 0;
		stream_new_mirrors(&x->az, &x->conf);
		assert_string_equal(hear(x), "C1 C2 ");
	}
	stream_forget(&x->conn[0]);
	x->conf.nmirrors = 1;
	stream_new_mirrors(&x->az, &x->conf);
	stream_forget(&x->conn[1]);
	assert_string_equal(hear(x), "O2unread C2 ");
	assert_true(TAILQ_EMPTY(&x->az.skipped));
	assert_true(TAILQ_EMPTY(&x->az.mirrored));
	end(x);
}

/* Its reader knew the ends the other way round before content told. */
static void
a_reload_goes_on_with_one_whose_server_spoke_first(void **state)
{
	struct fix		*x = begin(0);
	struct conf_mirror	 m;
	struct conn		*c = &x->conn[0];

	(void)state;
	memset(&m, 0, sizeof(m));
	m.has_record = true;
	m.observe.range[0].lo = m.observe.range[0].hi = 80;
	m.observe.n = 1;
	x->conf.mirrors = &m;
	x->flow[0].flags |= FLOW_F_OPENED;
	x->flow[0].key.a.port = 80;
	x->flow[0].key.b.port = 4000;
	stream_find_mirrors(c);
	open_conn(x, 0);
	c->swapped = true;
	flow_set_client(c->flow, 1);
	stream_new_mirrors(&x->az, &x->conf);
	assert_string_equal(hear(x), "O1 ");
	assert_true(c->streaming);
	assert_int_equal(c->server_dir, 1);
	end(x);
}

/* As the session told it, and only where a mirror compares. */
static void
what_became_of_a_request_is_told_to_who_compares(void **state)
{
	static const struct {
		unsigned	 pair, flags, status, minor;
		enum stream_answer want;
	} t[] = {
		{ SESSION_PAIRED, 0, 200, 1, ANSWER_WHOLE },
		{ SESSION_PAIRED, SESSION_TX_LATE | SESSION_TX_REQ_OPEN |
		  SESSION_TX_MIDSTREAM, 200, 0, ANSWER_WHOLE },
		{ SESSION_PAIRED, SESSION_TX_REQ_OPEN, 413, 1, ANSWER_EARLY },
		{ SESSION_PAIRED, SESSION_TX_TUNNEL, 200, 1, ANSWER_WHOLE },
		{ SESSION_PAIRED, SESSION_TX_UPGRADED, 101, 1, ANSWER_WHOLE },
		{ SESSION_PAIRED, SESSION_TX_UPGRADED, 200, 1, ANSWER_OTHER },
		{ SESSION_PAIRED, SESSION_TX_RESP_OPEN, 200, 1, ANSWER_CUT },
		{ SESSION_PAIRED, SESSION_TX_RESP_OPEN | SESSION_TX_GAP, 200,
		  1, ANSWER_GAP },
		{ SESSION_PAIRED, SESSION_TX_AMBIGUOUS | SESSION_TX_GAP, 200,
		  1, ANSWER_AMBIGUOUS },
		{ SESSION_BY_GAP, 0, 0, 1, ANSWER_GAP },
		{ SESSION_NO_RESPONSE, 0, 0, 1, ANSWER_NONE },
		{ SESSION_BY_LIMIT, 0, 0, 1, ANSWER_NONE },
	};
	struct conf_mirror	 mirrors[2] = { { .compare = false } };
	struct session_tx	 tx = { .id = 7, .req_us = 10, .resp_us = 25,
	    .resp_body = 3 };
	struct fix		*x = begin(0);
	char			 want[64];
	size_t			 i;

	(void)state;
	x->conf.mirrors = mirrors;
	x->conf.nmirrors = 2;
	tx.minor = 1;
	tx.pair = SESSION_PAIRED;
	stream_answer(&x->conn[0], &tx);	/* not open */
	open_conn(x, 0);
	stream_answer(&x->conn[0], &tx);	/* nobody compares */
	assert_string_equal(hear(x), "O1 ");
	mirrors[1].compare = true;
	for (i = 0; i < nitems(t); i++) {
		tx.pair = (enum session_pair)t[i].pair;
		tx.flags = (uint8_t)t[i].flags;
		tx.status = (uint16_t)t[i].status;
		tx.minor = (uint8_t)t[i].minor;
		stream_answer(&x->conn[0], &tx);
		snprintf(want, sizeof(want), "A1(7 %u %u 3 15) ", t[i].want,
		    t[i].status);
		assert_string_equal(hear(x), want);
	}
	/* Seen before its request: how long it took is not known. */
	tx.resp_us = 9;
	stream_answer(&x->conn[0], &tx);
	assert_string_equal(hear(x), "A1(7 2 0 3 -1) ");
	/* HTTP/2, and an answer without a request, are not told. */
	tx.minor = HTTP_TWO_0;
	stream_answer(&x->conn[0], &tx);
	tx.minor = 1;
	tx.id = 0;
	stream_answer(&x->conn[0], &tx);
	x->conn[0].mirrors = 1;		/* another one compares */
	tx.id = 8;
	stream_answer(&x->conn[0], &tx);
	assert_string_equal(hear(x), "");
	x->conf.mirrors = NULL;
	end(x);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(what_is_left_out_is_told_and_goes_on),
		cmocka_unit_test(a_lost_frame_leaves_no_connection_behind),
		cmocka_unit_test(a_fresh_mirror_is_not_behind),
		cmocka_unit_test(a_mirror_that_lacks_nothing_is_told_so),
		cmocka_unit_test(other_mirrors_come_while_it_is_behind),
		cmocka_unit_test(
		    what_a_mirror_lacks_is_told_of_it_in_another_place),
		cmocka_unit_test(a_reload_opens_none_again),
		cmocka_unit_test(a_reload_takes_up_what_nobody_observed),
		cmocka_unit_test(a_reload_tells_of_what_nobody_reads),
		cmocka_unit_test(
		    a_reload_goes_on_with_one_whose_server_spoke_first),
		cmocka_unit_test(
		    what_became_of_a_request_is_told_to_who_compares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
