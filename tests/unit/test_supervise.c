#include <sys/socket.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "parent/child.h"
#include "tests/lib/cmocka_first.h"

static void
a_child_that_lived_comes_back_at_once(void **state)
{
	(void)state;
	assert_int_equal(child_delay(0, 1000000), 0);
	assert_int_equal(child_delay(30000000, 1000000), 0);
	assert_int_equal(child_delay(0, 999999), 100000);
}

static void
the_delay_doubles_up_to_thirty_seconds(void **state)
{
	uint64_t	 d = 0, last;
	int		 i;

	(void)state;
	for (i = 0; i < 20; i++) {
		last = d;
		d = child_delay(d, 0);
		assert_true(d == 100000 || d == 2 * last || d == 30000000);
	}
	assert_int_equal(d, 30000000);
}

/* ---- all are ready ---- */

static unsigned	 readies;

static void
count_ready(void *arg)
{
	(void)arg;
	readies++;
}

static void
no_fresh(enum role role, void *arg)
{
	(void)role;
	(void)arg;
}

/* The last of the three says READY. */
static void
last_ready(struct supervise *s)
{
	static const struct supervise_ops ops = {
		.ready = count_ready, .fresh = no_fresh
	};
	static uint8_t		 body[64];
	struct msg_ready	 m;
	struct frame		 f;
	struct buf		 b;
	const struct handler	*h;
	enum role		 r;

	s->conf.ops = &ops;
	for (r = ROLE_FIRST_CHILD; r <= ROLE_LAST_CHILD; r++) {
		s->child[r].s = s;
		s->child[r].role = r;
		s->child[r].state = CHILD_READY;
	}
	s->child[ROLE_MIRROR].state = CHILD_STARTING;
	memset(&m, 0, sizeof(m));
	buf_writer(&b, body, sizeof(body));
	msg_put_ready(&b, &m);
	memset(&f, 0, sizeof(f));
	f.type = MSG_READY;
	buf_reader(&f.body, body, b.len);
	for (h = heard_from_child; h->type != MSG_READY; h++)
		continue;
	assert_int_equal(h->fn(NULL, &f, &s->child[ROLE_MIRROR]), 0);
}

static void
who_gave_up_meanwhile_is_not_ready(void **state)
{
	static struct supervise	 s, stopping = { .stopping = true };

	(void)state;
	readies = 0;
	last_ready(&s);
	assert_int_equal(readies, 1);
	last_ready(&stopping);
	assert_int_equal(readies, 1);
	assert_false(stopping.all_ready);
}

/* ---- the launcher is lost ---- */

static struct event_base *lost_base;
static struct launcher	 launcher;
static int		 gone_status, rendered_status;

static void
on_gone(int status, void *arg)
{
	(void)arg;
	gone_status = status;
	event_base_loopbreak(lost_base);
}

static void
on_rendered(int status, void *arg)
{
	(void)arg;
	rendered_status = status;
}

/* A launcher that takes requests and answers none. */
static struct supervise *
with_launcher(int pair[2])
{
	static const struct supervise_ops ops = {
		.gone = on_gone, .rendered = on_rendered
	};
	struct supervise_conf	 conf = { .launcher = &launcher,
	    .ops = &ops };
	struct supervise	*s;

	assert_non_null(lost_base = event_base_new());
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
	    0, pair), 0);
	launcher.fd = pair[0];
	if ((launcher.pid = fork()) == 0) {
		pause();
		_exit(0);
	}
	assert_true(launcher.pid > 0);
	conf.base = lost_base;
	gone_status = rendered_status = -1;
	alarm(30);
	assert_non_null(s = supervise_new(&conf));
	return s;
}

static void
lose_launcher(struct supervise *s)
{
	kill(launcher.pid, SIGKILL);
	while (launcher.pid != 0)
		supervise_reap(s);
}

static void
end(struct supervise *s, int pair[2])
{
	alarm(0);
	supervise_free(s);
	event_base_free(lost_base);
	close(pair[0]);
	close(pair[1]);
}

/* It made analyzer, which is ready, and did not come to tell its pid. */
static void
a_launcher_lost_before_its_answer_does_not_hang_the_start(void **state)
{
	struct supervise	*s;
	int			 pair[2];

	(void)state;
	s = with_launcher(pair);
	s->child[ROLE_ANALYZER].state = CHILD_READY;
	s->child[ROLE_MIRROR].state = CHILD_STARTING;
	lose_launcher(s);
	event_base_dispatch(lost_base);
	assert_int_equal(gone_status, EX_OSERR);
	end(s, pair);
}

static void
a_launcher_lost_before_the_report_does_not_hang_the_end(void **state)
{
	struct supervise	*s;
	int			 pair[2];

	(void)state;
	s = with_launcher(pair);
	s->all_ready = true;
	supervise_render(s);
	assert_int_equal(rendered_status, -1);
	lose_launcher(s);
	assert_int_equal(rendered_status, 1 << 8);
	end(s, pair);
}

/* ---- what is said ---- */

static int
hear(struct child *c, uint16_t type, uint32_t number, const char *text)
{
	static uint8_t		 body[2048];
	struct msg_text		 m;
	struct frame		 f;
	struct buf		 b;
	const struct handler	*h;

	memset(&m, 0, sizeof(m));
	m.number = number;
	compat_strlcpy(m.text, text, sizeof(m.text));
	buf_writer(&b, body, sizeof(body));
	msg_put_text(&b, &m);
	memset(&f, 0, sizeof(f));
	f.type = type;
	buf_reader(&f.body, body, b.len);
	for (h = heard_from_child; h->type != type; h++)
		continue;
	return h->fn(NULL, &f, c);
}

static void
count_line(enum log_level level, const char *line, void *arg)
{
	unsigned	*lines = arg;

	(void)level;
	assert_null(strchr(line, '\n'));
	(*lines)++;
}

static void
a_child_that_says_too_much_is_held_back_and_counted(void **state)
{
	static struct supervise	 s;
	static struct tally	 t;
	struct child		*c = &s.child[ROLE_ANALYZER];
	unsigned		 lines = 0, i;

	(void)state;
	s.conf.tally = &t;
	c->s = &s;
	c->role = ROLE_ANALYZER;
	log_init(count_line, &lines);
	for (i = 0; i < 20000; i++)
		assert_int_equal(hear(c, MSG_LOG, LOG_LEVEL_WARNING,
		    "a\nline"), 0);
	assert_true(lines >= 1000 && lines < 2000);
	assert_true(t.v[TALLY_PAR_LINES_HELD] + lines >= 20000);
	/* A file may have much to be said about, and ends. */
	s.conf.hello = HELLO_CHECK;
	for (i = lines = 0; i < 20000; i++)
		hear(c, MSG_LOG, LOG_LEVEL_WARNING, "a line");
	assert_int_equal(lines, 20000);
	log_init(NULL, NULL);
}

static void
what_a_child_saves_without_room_is_counted(void **state)
{
	static struct supervise	 s;
	static struct tally	 t;
	static uint8_t		 body[64];
	struct child		*c = &s.child[ROLE_MIRROR];
	struct msg_slot		 m = { .data = (const uint8_t *)"x", .len = 1 };
	const struct handler	*h;
	struct frame		 f;
	struct buf		 b;
	unsigned		 i;

	(void)state;
	s.conf.tally = &t;
	c->s = &s;
	for (h = heard_from_child; h->type != MSG_SAVE; h++)
		continue;
	for (i = 0; i < 3; i++) {
		buf_writer(&b, body, sizeof(body));
		m.slot = i;
		msg_put_slot(&b, &m);
		memset(&f, 0, sizeof(f));
		buf_reader(&f.body, body, b.len);
		assert_int_equal(h->fn(NULL, &f, c), 0);
		assert_int_equal(t.v[TALLY_PAR_UNSAVED], i == 2);
		c->slots.bytes = SLOTS_BYTES_MAX - 1 + i;
	}
	slots_clear(&c->slots);
}

static void
a_live_child_has_no_bad_input(void **state)
{
	static struct supervise	 s;
	struct child		*c = &s.child[ROLE_CAPTURE];

	(void)state;
	c->s = &s;
	c->role = ROLE_CAPTURE;
	assert_int_equal(hear(c, MSG_FAULT, ROLE_CAPTURE, "cut"), -1);
}

/* ---- slots ---- */

struct got {
	unsigned	 slots;
	unsigned	 frames;
	bool		 last;		/* a frame without FRAME_MORE came */
	uint32_t	 slot;
	char		 text[16];
};

static int
on_restore(struct chan *ch, struct frame *f, void *arg)
{
	struct got	*g = arg;
	struct msg_slot	 m;

	(void)ch;
	g->frames++;
	assert_false(g->last);
	g->last = !(f->flags & FRAME_MORE);
	while (buf_left(&f->body) > 0) {
		assert_int_equal(msg_get_slot(&f->body, &m), 0);
		g->slots++;
		g->slot = m.slot;
		memset(g->text, 0, sizeof(g->text));
		memcpy(g->text, m.data, m.len < 15 ? m.len : 15);
	}
	return 0;
}

/* What a fresh child would be sent. */
static void
send_and_read(const struct slots *s, struct got *g)
{
	static const struct handler h[] = {
		{ MSG_RESTORE, on_restore }, { 0, NULL }
	};
	struct event_base	*base = event_base_new();
	struct chan_conf	 c;
	struct chan		*a, *b;
	int			 fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
	    0, fd), 0);
	memset(g, 0, sizeof(*g));
	memset(&c, 0, sizeof(c));
	c.fd = fd[0];
	c.self = ROLE_PARENT;
	c.peer = ROLE_ANALYZER;
	c.limit = 64 * 1024 * 1024;
	a = chan_new(base, &c);
	c.fd = fd[1];
	c.self = ROLE_ANALYZER;
	c.peer = ROLE_PARENT;
	c.handlers = h;
	c.arg = g;
	b = chan_new(base, &c);
	slots_send(s, a);
	while (!g->last)
		event_base_loop(base, EVLOOP_NONBLOCK);
	chan_free(a);
	chan_free(b);
	event_base_free(base);
}

static int
set(struct slots *s, uint32_t slot, const char *text, size_t len)
{
	struct msg_slot	 m;

	m.table = 1;
	m.slot = slot;
	m.data = (const uint8_t *)text;
	m.len = len;
	return slots_set(s, &m);
}

static void
a_fresh_child_gets_an_end_even_without_slots(void **state)
{
	struct slots	 s;
	struct got	 g;

	(void)state;
	memset(&s, 0, sizeof(s));
	send_and_read(&s, &g);
	assert_int_equal(g.frames, 1);
	assert_int_equal(g.slots, 0);
}

static void
the_last_value_of_a_slot_is_kept_and_length_zero_deletes(void **state)
{
	struct slots	 s;
	struct got	 g;

	(void)state;
	memset(&s, 0, sizeof(s));
	assert_int_equal(set(&s, 7, "one", 3), 0);
	assert_int_equal(set(&s, 7, "second", 6), 0);
	send_and_read(&s, &g);
	assert_int_equal(g.slots, 1);
	assert_int_equal(g.slot, 7);
	assert_string_equal(g.text, "second");
	assert_int_equal(s.bytes, 6);
	assert_int_equal(set(&s, 7, NULL, 0), 0);
	send_and_read(&s, &g);
	assert_int_equal(g.slots, 0);
	assert_int_equal(s.bytes, 0);
	slots_clear(&s);
}

static void
slots_stop_at_their_bytes(void **state)
{
	static char	 big[MSG_SAVE_MAX];
	struct slots	 s;
	struct msg_slot	 m;
	struct got	 g;
	unsigned	 n = 0, t;

	(void)state;
	memset(&s, 0, sizeof(s));
	m.data = (const uint8_t *)big;
	m.len = sizeof(big);
	for (t = 1; t < MSG_SAVE_TABLES; t++) {
		for (m.slot = 0; m.slot < MSG_SAVE_SLOTS; m.slot++) {
			m.table = (uint16_t)t;
			if (slots_set(&s, &m) == 0)
				n++;
		}
	}
	assert_int_equal(n, SLOTS_BYTES_MAX / sizeof(big));
	assert_int_equal(s.bytes, SLOTS_BYTES_MAX);
	assert_int_equal(set(&s, 3, "still fits in its place", 23), 0);
	send_and_read(&s, &g);
	assert_int_equal(g.slots, n);
	slots_clear(&s);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_child_that_lived_comes_back_at_once),
		cmocka_unit_test(the_delay_doubles_up_to_thirty_seconds),
		cmocka_unit_test(who_gave_up_meanwhile_is_not_ready),
		cmocka_unit_test(
		    a_launcher_lost_before_its_answer_does_not_hang_the_start),
		cmocka_unit_test(
		    a_launcher_lost_before_the_report_does_not_hang_the_end),
		cmocka_unit_test(
		    a_child_that_says_too_much_is_held_back_and_counted),
		cmocka_unit_test(what_a_child_saves_without_room_is_counted),
		cmocka_unit_test(a_live_child_has_no_bad_input),
		cmocka_unit_test(a_fresh_child_gets_an_end_even_without_slots),
		cmocka_unit_test(
		    the_last_value_of_a_slot_is_kept_and_length_zero_deletes),
		cmocka_unit_test(slots_stop_at_their_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
