#include <sys/socket.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/chan.h"
#include "sandbox/compat.h"
#include "sandbox/msg.h"
#include "tests/lib/cmocka_first.h"

struct world {
	struct event_base	*base;
	struct chan		*tx;
	struct chan		*rx;
	struct tally		 tally;
	int			 got;
	uint32_t		 last;
	int			 faults;
	enum chan_fault		 fault;
	int			 drained;
	int			 raw;		/* the sending descriptor */
	int			 fd;
};

static int
on_number(struct chan *ch, struct frame *f, void *arg)
{
	struct world	*w = arg;

	(void)ch;
	w->got++;
	return msg_get_number(&f->body, &w->last);
}

static int
on_file(struct chan *ch, struct frame *f, void *arg)
{
	struct world	*w = arg;

	(void)ch;
	w->fd = f->fd;
	f->fd = -1;
	return 0;
}

static int
on_stop(struct chan *ch, struct frame *f, void *arg)
{
	(void)f;
	((struct world *)arg)->rx = NULL;
	chan_free(ch);
	return 0;
}

static int
on_link(struct chan *ch, struct frame *f, void *arg)
{
	struct msg_link	 l;

	(void)arg;
	if (msg_get_link(&f->body, &l) == -1)
		return -1;
	chan_relink(ch);
	return 0;
}

static void
on_fault(struct chan *ch, enum chan_fault fault, const char *why, void *arg)
{
	struct world	*w = arg;

	(void)ch;
	(void)why;
	w->faults++;
	w->fault = fault;
}

static void
on_drained(struct chan *ch, void *arg)
{
	(void)ch;
	((struct world *)arg)->drained++;
}

static const struct handler handlers[] = {
	{ MSG_VERBOSE,	on_number },
	{ MSG_FILE,	on_file },
	{ MSG_STOP,	on_stop },
	{ 0,		NULL }
};

static int
setup(void **state)
{
	static struct world	 w;
	struct chan_conf	 c;
	int			 sv[2];

	memset(&w, 0, sizeof(w));
	w.fd = -1;
	w.base = event_base_new();
	assert_int_equal(socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv), 0);
	memset(&c, 0, sizeof(c));
	c.fault = on_fault;
	c.drained = on_drained;
	c.tally = &w.tally;
	c.arg = &w;
	c.fd = sv[0];
	c.self = ROLE_PARENT;
	c.peer = ROLE_CAPTURE;
	c.high_mark = 1000;
	c.limit = 300000;
	w.raw = sv[0];
	assert_non_null(w.tx = chan_new(w.base, &c));
	c.fd = sv[1];
	c.self = ROLE_CAPTURE;
	c.peer = ROLE_PARENT;
	c.flags = CHAN_FDS;
	c.handlers = handlers;
	assert_non_null(w.rx = chan_new(w.base, &c));
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world	*w = *state;

	chan_free(w->tx);
	chan_free(w->rx);
	if (w->fd != -1)
		close(w->fd);
	event_base_free(w->base);
	return 0;
}

static void
spin(struct world *w)
{
	int	 i;

	for (i = 0; i < 50; i++)
		event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static int
send_number(struct world *w, uint32_t n)
{
	msg_put_number(chan_begin(w->tx, MSG_VERBOSE, 0), n);
	return chan_end(w->tx);
}

static void
a_frame_arrives_as_it_was_sent(void **state)
{
	struct world	*w = *state;

	assert_int_equal(send_number(w, 42), 0);
	spin(w);
	assert_int_equal(w->got, 1);
	assert_int_equal(w->last, 42);
	assert_int_equal(w->faults, 0);
}

static void
a_descriptor_travels_with_its_frame(void **state)
{
	struct world	*w = *state;
	struct msg_file	 m;

	memset(&m, 0, sizeof(m));
	msg_put_file(chan_begin(w->tx, MSG_FILE, 0), &m);
	assert_int_equal(chan_end_fd(w->tx, open("/dev/null", O_RDONLY)), 0);
	spin(w);
	assert_int_not_equal(w->fd, -1);
	assert_int_not_equal(fcntl(w->fd, F_GETFD) & FD_CLOEXEC, 0);
}

/* The number that the next descriptor would get. */
static int
next_fd(void)
{
	int	 fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

static void
send_two_descriptors(int raw, const uint8_t *p, size_t len)
{
	union {
		char		 space[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr	 align;
	}		 ctl;
	struct iovec	 v = { (void *)(uintptr_t)p, len };
	struct msghdr	 m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct cmsghdr	*c;
	int		 fds[2] = { STDIN_FILENO, STDIN_FILENO };

	memset(&ctl, 0, sizeof(ctl));
	m.msg_control = ctl.space;
	m.msg_controllen = sizeof(ctl.space);
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	assert_int_equal(sendmsg(raw, &m, 0), (ssize_t)len);
}

static void
a_second_descriptor_is_not_taken_in(void **state)
{
	struct world	*w = *state;
	struct msg_file	 m;
	struct frame	 f = { .type = MSG_FILE };
	struct buf	 b;
	uint8_t		 out[FRAME_HDR + 2048];
	int		 before = next_fd();

	memset(&m, 0, sizeof(m));
	buf_writer(&b, out + FRAME_HDR, sizeof(out) - FRAME_HDR);
	msg_put_file(&b, &m);
	frame_put_header(out, &f, b.len);
	send_two_descriptors(w->raw, out, FRAME_HDR + b.len);
	spin(w);
	assert_int_equal(w->fd, before);
	assert_int_equal(next_fd(), before + 1);
}

static void
pressure_queues_then_refuses_then_drains(void **state)
{
	struct world	*w = *state;
	uint32_t	 n;

	chan_pause(w->rx);
	for (n = 0; chan_ready(w->tx); n++)
		assert_int_equal(send_number(w, n), 0);
	while (send_number(w, n) == 0)
		n++;
	assert_true(w->tally.v[TALLY_CHAN_QUEUE_FULL] == 1);
	assert_true(chan_queued(w->tx) <= 300000);
	chan_resume(w->rx);
	while ((uint32_t)w->got < n)
		spin(w);
	assert_int_equal(w->last, n - 1);
	assert_true(w->drained > 0);
	assert_true(chan_ready(w->tx));
	assert_int_equal(w->faults, 0);
}

static void
what_is_bad_makes_the_channel_deaf(void **state)
{
	static const struct {
		uint16_t	 type;
		size_t		 len;
	} table[] = {
		{ 0x7777, 0 },		/* unknown */
		{ MSG_READY, 8 },	/* wrong direction */
		{ MSG_VERBOSE, 3 },	/* too short */
		{ MSG_VERBOSE, 5 },	/* too long */
		{ MSG_ABORT, 0 },	/* no handler */
	};
	struct world	*w = *state;
	struct frame	 f;
	uint8_t		 p[FRAME_HDR + 8];
	size_t		 i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		memset(p, 0, sizeof(p));
		memset(&f, 0, sizeof(f));
		f.type = table[i].type;
		frame_put_header(p, &f, table[i].len);
		assert_true(send(w->raw, p, FRAME_HDR + table[i].len, 0) > 0);
		spin(w);
		assert_int_equal(w->faults, (int)i + 1);
		assert_int_equal(w->fault, CHAN_BAD);
		assert_true(chan_deaf(w->rx));
		send_number(w, 1);
		spin(w);
		assert_int_equal(w->got, 0);
		chan_relink(w->rx);
	}
	assert_int_equal(w->tally.v[TALLY_CHAN_STALE], 5);
	send_number(w, 9);
	spin(w);
	assert_int_equal(w->last, 9);
}

static void
an_empty_message_is_a_bad_frame(void **state)
{
	struct world	*w = *state;

	assert_int_equal(send(w->raw, "", 0, 0), 0);
	spin(w);
	assert_int_equal(w->faults, 1);
	assert_int_equal(w->fault, CHAN_BAD);
}

static void
a_gate_lets_only_one_type_through(void **state)
{
	struct world	*w = *state;

	chan_gate(w->rx, true, MSG_HELLO);
	send_number(w, 1);
	spin(w);
	assert_int_equal(w->got, 0);
	assert_int_equal(w->tally.v[TALLY_CHAN_STALE], 1);
	chan_gate(w->rx, false, 0);
	send_number(w, 2);
	spin(w);
	assert_int_equal(w->got, 1);
}

static void
a_handler_may_free_its_channel(void **state)
{
	struct world	*w = *state;

	assert_int_equal(chan_send(w->tx, MSG_STOP, 0), 0);
	send_number(w, 1);
	spin(w);
	assert_null(w->rx);
	assert_int_equal(w->got, 0);
}

static void
a_link_ends_deafness(void **state)
{
	static const struct handler	 links[] = {
		{ MSG_LINK,	on_link },
		{ 0,		NULL }
	};
	struct world		*w = *state;
	struct chan_conf	 c;
	struct chan		*a, *b;
	struct msg_link		 l = { 1, 0, 0 };
	int			 sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
	    sv), 0);
	memset(&c, 0, sizeof(c));
	c.fault = on_fault;
	c.arg = w;
	c.fd = sv[0];
	c.self = ROLE_CAPTURE;
	c.peer = ROLE_ANALYZER;
	assert_non_null(a = chan_new(w->base, &c));
	c.fd = sv[1];
	c.self = ROLE_ANALYZER;
	c.peer = ROLE_CAPTURE;
	c.handlers = links;
	assert_non_null(b = chan_new(w->base, &c));
	assert_int_equal(send(sv[0], "x", 1, 0), 1);
	spin(w);
	assert_true(chan_deaf(b));
	msg_put_link(chan_begin(a, MSG_LINK, 0), &l);
	assert_int_equal(chan_end(a), 0);
	spin(w);
	assert_false(chan_deaf(b));
	chan_free(a);
	chan_free(b);
}

#define BATCHES	400

/* Each batch is filled with its number; sizes go up and down. */
static size_t
batch_size(int n)
{
	static const size_t	 size[] = { 20000, 66000, 100, 120000, 64000 };

	return size[(size_t)n % nitems(size)];
}

static int
on_batch(struct chan *ch, struct frame *f, void *arg)
{
	struct world	*w = arg;
	const uint8_t	*p;
	size_t		 i, len = batch_size(w->got);

	(void)ch;
	assert_int_equal(buf_left(&f->body), len);
	assert_non_null(p = buf_get_span(&f->body, len));
	for (i = 0; i < len; i++)
		if (p[i] != (uint8_t)w->got)
			fail_msg("batch %d is not as it was sent", w->got);
	w->got++;
	return 0;
}

static void
batches_wait_in_memory_that_is_used_again(void **state)
{
	static const struct handler	 batches[] = {
		{ MSG_PACKETS,	on_batch },
		{ 0,		NULL }
	};
	static uint8_t		 frame[FRAME_MAX];
	struct world		*w = *state;
	struct chan_conf	 c;
	struct chan		*a, *b;
	int			 sv[2], n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
	    sv), 0);
	memset(&c, 0, sizeof(c));
	c.fault = on_fault;
	c.flags = CHAN_BATCHES;
	c.arg = w;
	c.fd = sv[0];
	c.self = ROLE_CAPTURE;
	c.peer = ROLE_ANALYZER;
	assert_non_null(a = chan_new(w->base, &c));
	c.fd = sv[1];
	c.self = ROLE_ANALYZER;
	c.peer = ROLE_CAPTURE;
	c.handlers = batches;
	assert_non_null(b = chan_new(w->base, &c));
	for (n = 0; n < BATCHES;) {
		memset(frame, n, sizeof(frame));
		if (chan_send_raw(a, MSG_PACKETS, 0, frame,
		    batch_size(n)) == 0)
			n++;
		if (n % 30 == 0 || !chan_ready(a))
			spin(w);
	}
	spin(w);
	assert_int_equal(w->got, BATCHES);
	assert_int_equal(chan_queued(a), 0);
	assert_int_equal(w->faults, 0);
	chan_free(a);
	chan_free(b);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest	 tests[] = {
		T(a_frame_arrives_as_it_was_sent),
		T(a_descriptor_travels_with_its_frame),
		T(a_second_descriptor_is_not_taken_in),
		T(pressure_queues_then_refuses_then_drains),
		T(what_is_bad_makes_the_channel_deaf),
		T(an_empty_message_is_a_bad_frame),
		T(a_gate_lets_only_one_type_through),
		T(a_handler_may_free_its_channel),
		T(batches_wait_in_memory_that_is_used_again),
		T(a_link_ends_deafness),
	};

	return cmocka_run_group_tests_name("chan", tests, NULL, NULL);
}
