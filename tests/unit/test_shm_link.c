/*
 * Two neighbours over one socket and its memory, that do their parts in any
 * order and are killed at any moment: what one sends after the last handshake
 * arrives, whole, in order and once.
 */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/life.h"
#include "sandbox/proc.h"
#include "tests/lib/cmocka_first.h"

#define SEEDS	100
#define STEPS	600
#define CALM	400	/* steps after which nothing can be on its way */

struct side {
	struct proc	 p;
	struct proc_priv *priv;
	struct proc_ops	 ops;
	struct handler	 table[3];
	enum role	 peer;
	uint32_t	 next;		/* to send, or expected */
	bool		 any;		/* one was received since the link */
};

static struct side	 tx, rx;
static int		 sv[2];
static int		 memory;
static struct shm	*map;
static bool		 without;	/* the receiver could not map it */
static uint32_t		 generation;
static int		 told;		/* faults */
static bool		 wrong;
static uint64_t		 dice;
static uint8_t		 body[FRAME_MAX];

/* proc_link.c tells the parent; here that is an error. */
void
life_text(struct proc *p, uint16_t type, uint32_t number, const char *text)
{
	(void)p;
	(void)type;
	(void)number;
	(void)text;
	told++;
}

static unsigned
roll(unsigned n)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(dice >> 33) % n;
}

/* Number, then bytes that tell it. */
static int
on_packets(struct chan *ch, struct frame *f, void *arg)
{
	uint32_t	 n = buf_get_u32(&f->body);
	size_t		 i;

	(void)ch;
	(void)arg;
	wrong |= f->generation != rx.priv->peer_gen[ROLE_CAPTURE];
	wrong |= rx.any && n != rx.next;
	for (i = 0; i < buf_left(&f->body); i += 97)
		wrong |= f->body.r[f->body.off + i] != (uint8_t)n;
	rx.next = n + 1;
	rx.any = true;
	return 0;
}

static void
on_linked(struct proc *p, enum role peer)
{
	(void)p;
	(void)peer;
	rx.any = false;
}

static void
start(struct side *s, enum role self, enum role peer, int fd)
{
	struct chan_conf	 c;

	memset(s, 0, sizeof(*s));
	assert_non_null(s->priv = calloc(1, sizeof(*s->priv)));
	s->peer = peer;
	s->p.priv = s->priv;
	s->p.ops = &s->ops;
	s->ops.role = self;
	s->p.generation = ++generation;
	s->table[0] = life_from_neighbour[0];
	if (self == ROLE_ANALYZER) {
		s->ops.linked = on_linked;
		s->table[1].type = MSG_PACKETS;
		s->table[1].fn = on_packets;
	}
	s->p.base = event_base_new();
	memset(&c, 0, sizeof(c));
	c.fd = fd;
	c.self = self;
	c.peer = peer;
	c.flags = CHAN_BATCHES | CHAN_KEEP_FD;
	c.generation = s->p.generation;
	c.out = self == ROLE_CAPTURE ? map : NULL;
	c.in = self == ROLE_CAPTURE || without ? NULL : map;
	s->priv->in[peer] = c.in;
	c.handlers = s->table;
	c.fault = life_on_fault;
	c.arg = &s->p;
	assert_non_null(s->p.chan[peer] = chan_new(s->p.base, &c));
	chan_gate(s->p.chan[peer], true, MSG_LINK);
	chan_pause(s->p.chan[peer]);
	life_send_link(&s->p, peer);
}

static void
end(struct side *s)
{
	chan_free(s->p.chan[s->peer]);
	event_base_free(s->p.base);
	free(s->priv);
}

/* Reads some, writes what waits, and rests. */
static void
step(struct side *s)
{
	struct chan	*ch = s->p.chan[s->peer];

	chan_resume(ch);
	chan_receive(ch, 1 + (int)roll(4));
	chan_pause(ch);
	event_base_loop(s->p.base, EVLOOP_NONBLOCK);
}

static void
send_some(void)
{
	struct chan	*ch = tx.p.chan[ROLE_ANALYZER];
	struct buf	 b;
	size_t		 len;
	unsigned	 n;

	for (n = roll(12); n > 0 && tx.p.linked[ROLE_ANALYZER] &&
	    chan_ready(ch); n--) {
		len = roll(4) == 0 ? 100 + roll(100) : SHM_FRAME_MIN + 1000;
		buf_writer(&b, body + FRAME_HDR, FRAME_BODY_MAX);
		memset(body + FRAME_HDR, (int)tx.next, len);
		buf_put_u32(&b, tx.next);
		assert_int_equal(chan_send_raw(ch, MSG_PACKETS, 0, body, len),
		    0);
		tx.next++;
	}
}

/* Dies with a slot that it had taken and not named, or read and not freed. */
static void
kill_one(struct side *s)
{
	enum role	 self = s->ops.role, peer = s->peer;
	int		 fd = sv[self == ROLE_ANALYZER];
	uint8_t		 name[FRAME_HDR + MSG_SHARED];
	uint32_t	 next = s->next;

	if (self == ROLE_CAPTURE && roll(2))
		shm_put(map, body, SHM_FRAME_MIN);
	if (self == ROLE_ANALYZER && roll(2) &&
	    recv(fd, name, sizeof(name), MSG_DONTWAIT) == -1)
		next = 0;
	end(s);
	start(s, self, peer, fd);
	if (self == ROLE_CAPTURE)
		s->next = next;
}

static void
live(unsigned kills)
{
	int	 i;

	for (i = 0; i < STEPS; i++) {
		switch (roll(8)) {
		case 0:
		case 1:
			send_some();
			break;
		case 2:
			if (roll(100) < kills)
				kill_one(roll(2) ? &tx : &rx);
			break;
		default:
			step(roll(2) ? &tx : &rx);
		}
	}
	for (i = 0; i < CALM; i++)
		step(i % 2 ? &tx : &rx);
}

static void
all_that_is_sent_arrives(void **state)
{
	uint64_t	 seed;
	uint32_t	 last;
	int		 i;

	(void)state;
	assert_int_not_equal(memory = shm_create(), -1);
	assert_non_null(map = shm_map(memory));
	for (seed = 0; seed < SEEDS; seed++) {
		dice = seed;
		without = seed % 5 == 4;
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET |
		    SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv), 0);
		start(&tx, ROLE_CAPTURE, ROLE_ANALYZER, sv[0]);
		start(&rx, ROLE_ANALYZER, ROLE_CAPTURE, sv[1]);
		live(20 * (unsigned)(seed % 4));
		last = tx.next;
		for (i = 0; i < CALM && tx.next == last; i++)
			send_some();
		assert_int_not_equal(tx.next, last);
		for (i = 0; i < CALM; i++)
			step(i % 2 ? &tx : &rx);
		if (told != 0 || wrong || rx.next != tx.next)
			fail_msg("seed %d: faults %d, wrong %d, %u of %u",
			    (int)seed, told, wrong, rx.next, tx.next);
		assert_int_equal(chan_queued(tx.p.chan[ROLE_ANALYZER]), 0);
		end(&tx);
		end(&rx);
		close(sv[0]);
		close(sv[1]);
	}
	close(memory);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(all_that_is_sent_arrives),
	};

	return cmocka_run_group_tests_name("shm_link", tests, NULL, NULL);
}
