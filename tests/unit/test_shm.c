#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/chan.h"
#include "sandbox/msg.h"
#include "sandbox/shm.h"
#include "tests/lib/cmocka_first.h"

#define LARGE	(60 * 1024)	/* body of a frame that goes through memory */

/* A sender and a receiver that have mapped the same memory, as two roles do. */
struct world {
	struct event_base	*base;
	struct chan		*tx;
	struct chan		*rx;
	struct tally		 tally;
	int			 fd[2];		/* sender, receiver */
	int			 memory;
	struct shm		*out;
	struct shm		*in;
	unsigned		 got;
	bool			 wrong;
	int			 faults;
	int			 drained;
};

static uint8_t	 frame[FRAME_MAX];

/* Number n: its body is n and then only bytes that tell n. */
static int
on_packets(struct chan *ch, struct frame *f, void *arg)
{
	struct world	*w = arg;
	size_t		 i;

	(void)ch;
	for (i = 0; i < f->body.len; i++)
		w->wrong |= f->body.r[i] != (uint8_t)w->got;
	w->got++;
	return 0;
}

static void
on_fault(struct chan *ch, enum chan_fault fault, const char *why, void *arg)
{
	(void)ch;
	(void)fault;
	(void)why;
	((struct world *)arg)->faults++;
}

static void
on_drained(struct chan *ch, void *arg)
{
	(void)ch;
	((struct world *)arg)->drained++;
}

static const struct handler handlers[] = {
	{ MSG_PACKETS,	on_packets },
	{ 0,		NULL }
};

static int
setup(void **state)
{
	static struct world	 w;
	struct chan_conf	 c;

	memset(&w, 0, sizeof(w));
	w.base = event_base_new();
	assert_int_not_equal(w.memory = shm_create(), -1);
	assert_non_null(w.out = shm_map(w.memory));
	assert_non_null(w.in = shm_map(w.memory));
	assert_int_equal(socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, w.fd), 0);
	memset(&c, 0, sizeof(c));
	c.fault = on_fault;
	c.drained = on_drained;
	c.tally = &w.tally;
	c.arg = &w;
	c.fd = w.fd[0];
	c.self = ROLE_CAPTURE;
	c.peer = ROLE_ANALYZER;
	c.out = w.out;
	assert_non_null(w.tx = chan_new(w.base, &c));
	c.fd = w.fd[1];
	c.self = ROLE_ANALYZER;
	c.peer = ROLE_CAPTURE;
	c.out = NULL;
	c.in = w.in;
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
	close(w->memory);
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
send_packets(struct world *w, unsigned number, size_t len)
{
	memset(frame, (int)number, sizeof(frame));
	return chan_send_raw(w->tx, MSG_PACKETS, 0, frame, len);
}

/* What lies in the socket for the receiver: a name is small, a frame not. */
static ssize_t
peek(struct world *w)
{
	static uint8_t	 p[FRAME_MAX];

	return recv(w->fd[1], p, sizeof(p), MSG_PEEK | MSG_DONTWAIT);
}

static void
a_large_frame_goes_through_memory_and_arrives(void **state)
{
	struct world	*w = *state;

	chan_share(w->tx, true);
	assert_int_equal(send_packets(w, 0, LARGE), 0);
	assert_int_equal(peek(w), FRAME_HDR + MSG_SHARED);
	assert_int_equal(send_packets(w, 1, 100), 0);
	assert_int_equal(send_packets(w, 2, FRAME_BODY_MAX), 0);
	spin(w);
	assert_int_equal(w->got, 3);
	assert_false(w->wrong);
	assert_int_equal(w->faults, 0);
}

static void
nothing_goes_through_memory_before_it_is_shared(void **state)
{
	struct world	*w = *state;

	assert_int_equal(send_packets(w, 0, LARGE), 0);
	assert_int_equal(peek(w), FRAME_HDR + LARGE);
	spin(w);
	assert_int_equal(w->got, 1);
}

static void
without_a_free_slot_frames_wait_and_keep_their_order(void **state)
{
	struct world	*w = *state;
	unsigned	 n, sent = 0;

	chan_share(w->tx, true);
	while (chan_ready(w->tx))
		assert_int_equal(send_packets(w, sent++, LARGE), 0);
	assert_true(sent > SHM_SLOTS);
	assert_int_equal(send_packets(w, sent++, 100), 0);
	/* The descriptor is writable all the time: nobody spins on that. */
	chan_pause(w->rx);
	for (n = 0; n < 50; n++)
		assert_int_not_equal(event_base_loop(w->base,
		    EVLOOP_NONBLOCK), -1);
	assert_true(chan_queued(w->tx) > 0);
	chan_resume(w->rx);
	spin(w);
	assert_int_equal(w->got, sent);
	assert_false(w->wrong);
	assert_int_equal(chan_queued(w->tx), 0);
	assert_true(w->drained > 0);
	assert_int_equal(w->faults, 0);
}

static void
the_last_frames_are_sent_without_a_loop(void **state)
{
	struct world	*w = *state;
	unsigned	 sent = 0;

	chan_share(w->tx, true);
	while (chan_ready(w->tx))
		assert_int_equal(send_packets(w, sent++, LARGE), 0);
	assert_int_equal(chan_drain(w->tx, 5), -1);
	assert_int_equal(chan_receive(w->rx, SHM_SLOTS), SHM_SLOTS);
	assert_int_equal(chan_drain(w->tx, 1000), 0);
	spin(w);
	assert_int_equal(w->got, sent);
	assert_false(w->wrong);
}

static void
nobody_waits_for_a_slot_of_a_peer_that_is_gone(void **state)
{
	struct world	*w = *state;

	chan_share(w->tx, true);
	while (chan_ready(w->tx))
		assert_int_equal(send_packets(w, 0, LARGE), 0);
	chan_free(w->rx);
	w->rx = NULL;
	alarm(20);
	assert_int_equal(chan_drain(w->tx, 1000), -1);
	alarm(0);
}

/* Slots that a lost sender had taken are free for the next one. */
static void
a_new_sender_has_all_slots(void **state)
{
	struct world	*w = *state;
	int		 i;

	memset(frame, 0, sizeof(frame));
	for (i = 0; i < SHM_SLOTS; i++)
		assert_int_equal(shm_put(w->out, frame, LARGE), i);
	assert_int_equal(shm_put(w->out, frame, LARGE), -1);
	chan_share(w->tx, true);
	assert_int_equal(shm_put(w->out, frame, LARGE), 0);
	shm_take_back(w->out, 0);
	assert_int_equal(shm_put(w->out, frame, LARGE), 0);
}

static void
the_receiver_tells_once_and_not_for_each_slot(void **state)
{
	struct world	*w = *state;
	uint32_t	 i;
	int		 told = 0;

	for (i = 0; i < SHM_SLOTS; i++)
		shm_put(w->out, frame, LARGE);
	assert_false(shm_wanted(w->in));
	assert_int_equal(shm_put(w->out, frame, LARGE), -1);
	for (i = 0; i < SHM_SLOTS; i++) {
		assert_int_equal(shm_get(w->in, i, frame, LARGE), 0);
		if (shm_wanted(w->in)) {
			told++;
			assert_int_equal(i + 1, SHM_SLOTS / 2);
		}
	}
	assert_int_equal(told, 1);
}

/* A sender that was taken over asks for room, and reads no answer. */
static void
who_does_not_read_fills_no_queue(void **state)
{
	struct world	*w = *state;
	int		 i, n;

	memset(frame, 0, sizeof(frame));
	chan_share(w->tx, true);
	chan_pause(w->tx);
	for (n = 0; n < 5000; n++) {
		assert_int_equal(send_packets(w, w->got, SHM_FRAME_MIN), 0);
		for (i = 1; i < SHM_SLOTS; i++)
			shm_put(w->out, frame, 1);
		shm_put(w->out, frame, 1);
		for (i = 1; i < SHM_SLOTS; i++)
			shm_take_back(w->out, i);
		assert_int_equal(chan_receive(w->rx, 1), 1);
	}
	assert_true(chan_queued(w->rx) > 0);
	assert_in_range(chan_queued(w->rx), 1, 10 * FRAME_HDR);
	chan_resume(w->tx);
	spin(w);
	assert_int_equal(chan_queued(w->rx), 0);
	assert_int_equal(w->faults, 0);
}

/* A sender that was taken over: its frame is not heard, and that is told. */
static void
lies(struct world *w, uint32_t slot, uint32_t len, uint16_t inner, size_t body)
{
	uint8_t			 p[FRAME_HDR + MSG_SHARED];
	struct msg_shared	 m = { slot, len };
	struct frame		 f;
	struct buf		 b;

	memset(&f, 0, sizeof(f));
	f.type = MSG_PACKETS;
	f.flags = inner;
	memset(frame, 0, sizeof(frame));
	frame_put_header(frame, &f, body);
	shm_reset(w->out);
	shm_put(w->out, frame, FRAME_MAX);
	f.flags = FRAME_SHARED;
	buf_writer(&b, p + FRAME_HDR, MSG_SHARED);
	msg_put_shared(&b, &m);
	frame_put_header(p, &f, MSG_SHARED);
	assert_int_equal(send(w->fd[0], p, sizeof(p), 0), sizeof(p));
	w->faults = 0;
	chan_relink(w->rx);
	spin(w);
	assert_int_equal(w->faults, 1);
	assert_int_equal(w->got, 0);
}

static void
a_sender_that_lies_is_told(void **state)
{
	struct world	*w = *state;

	lies(w, SHM_SLOTS, FRAME_HDR + LARGE, 0, LARGE);
	lies(w, UINT32_MAX, FRAME_HDR + LARGE, 0, LARGE);
	lies(w, 0, FRAME_MAX + 1, 0, LARGE);
	lies(w, 0, UINT32_MAX, 0, LARGE);
	lies(w, 0, FRAME_HDR - 1, 0, LARGE);
	lies(w, 0, FRAME_HDR + LARGE, 0, LARGE + 1);
	lies(w, 0, FRAME_HDR + LARGE, FRAME_SHARED, LARGE);
}

static void
a_frame_names_memory_where_there_is_none(void **state)
{
	struct world		*w = *state;
	uint8_t			 p[FRAME_HDR + MSG_SHARED] = { 0 };
	struct frame		 f;

	memset(&f, 0, sizeof(f));
	f.type = MSG_CAPSTAT;
	f.flags = FRAME_SHARED;
	frame_put_header(p, &f, MSG_SHARED);
	/* The other way, where no memory lies. */
	assert_int_equal(send(w->fd[1], p, sizeof(p), 0), sizeof(p));
	spin(w);
	assert_int_equal(w->faults, 1);
}

static void
only_sealed_memory_of_the_size_is_mapped(void **state)
{
	int	 fd;

	(void)state;
	assert_null(shm_map(-1));
	fd = open("/dev/zero", O_RDWR);
	assert_null(shm_map(fd));
	close(fd);
	fd = memfd_create("short", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_null(shm_map(fd));
	close(fd);
	fd = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, 64 * FRAME_MAX), 0);
	assert_null(shm_map(fd));
	close(fd);
	fd = shm_create();
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
}

static void
its_pages_are_there_and_run_no_code(void **state)
{
	struct stat	 sb;
	int		 fd, other;

	(void)state;
	fd = shm_create();
	assert_int_equal(fstat(fd, &sb), 0);
	assert_true(sb.st_blocks * 512 >= sb.st_size);
	/* MFD_NOEXEC_SEAL, where the kernel knows it. */
	if ((other = memfd_create("noexec", 0x0008U)) != -1)
		assert_int_equal(sb.st_mode & 0111, 0);
	close(other);
	close(fd);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(a_large_frame_goes_through_memory_and_arrives),
		TEST(nothing_goes_through_memory_before_it_is_shared),
		TEST(without_a_free_slot_frames_wait_and_keep_their_order),
		TEST(the_last_frames_are_sent_without_a_loop),
		TEST(nobody_waits_for_a_slot_of_a_peer_that_is_gone),
		TEST(a_new_sender_has_all_slots),
		TEST(the_receiver_tells_once_and_not_for_each_slot),
		TEST(who_does_not_read_fills_no_queue),
		TEST(a_sender_that_lies_is_told),
		TEST(a_frame_names_memory_where_there_is_none),
		cmocka_unit_test(only_sealed_memory_of_the_size_is_mapped),
		cmocka_unit_test(its_pages_are_there_and_run_no_code),
	};

	return cmocka_run_group_tests_name("shm", tests, NULL, NULL);
}
