#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/flow.h"
#include "analyzer/flowfirst.h"
#include "analyzer/flowgone.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"
#include "tests/lib/pcapgen.h"

#define F	PACKET_TCP_FIN
#define S	PACKET_TCP_SYN
#define R	PACKET_TCP_RST
#define P	PACKET_TCP_PSH
#define A	PACKET_TCP_ACK

#define CISN	0xfffffff0U	/* wraps soon */
#define SISN	5000U

struct world {
	struct flow	*flow;		/* the last that was opened */
	struct mem		 mem;
	struct flow_table	*t;
	char			 log[8192];	/* what the reader was told */
	unsigned		 opened, closed, lost, rtts, unread;
	uint32_t		 rtt_us;	/* the last one */
	enum flow_how		 how;
	struct flow_info	 last;		/* that closed */
	uint64_t		 now, eof_us;
	uint16_t		 iface;
	uint8_t			 ttl;
	uint16_t		 ip_id;
	bool			 shut;		/* no window is granted */
	int			 over;		/* the interface, if not 0 */
	uint8_t			 mask;		/* the translator, if not 9 */
	bool			 here;		/* nobody translates */
	bool			 six;		/* addresses as NAT64 shows */
	uint16_t		 tuple;		/* added to the client's port */
	size_t			 cut;		/* bytes off each packet */
	size_t			 shed;		/* bytes, when one is opened */
	bool			 refuse;	/* no reader */
	uint32_t		 frame;		/* length of all, or 0 */
	struct packet_volume	 volume;	/* all that was told */
	unsigned		 told;
	unsigned		 met;		/* connections */
	struct addr		 near;		/* the client of the last one */
	enum flow_want		 want;
};

static struct pcapgen	 g;

static void PRINTFLIKE(2, 3)
note(struct world *w, const char *fmt, ...)
{
	size_t	 at = strlen(w->log);
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(w->log + at, sizeof(w->log) - at, fmt, ap);
	va_end(ap);
}

static void *
on_open(void *arg, struct flow *f, uint64_t ts)
{
	struct world	*w = arg;

	(void)f;
	flow_shed(w->t, w->shed, ts);
	return w->refuse ? NULL : w;
}

static enum flow_want
on_data(void *arg, int dir, uint64_t off, const uint8_t *p, size_t len,
    uint64_t ts, uint64_t acked)
{
	struct world	*w = arg;

	(void)off;
	(void)ts;
	(void)acked;
	note(w, "%.*s%c", (int)len, (const char *)p, "><"[dir]);
	return w->want;
}

static enum flow_want
on_gap(void *arg, int dir, uint64_t off, uint64_t len, uint64_t ts,
    enum reass_why why)
{
	(void)off;
	(void)ts;
	(void)why;
	note(arg, "-%u-%c", (unsigned)len, "><"[dir]);
	return FLOW_WANT;
}

static void
on_eof(void *arg, int dir, enum flow_how how, uint64_t ts)
{
	struct world	*w = arg;

	w->eof_us = ts;
	note(arg, "$%u%c", (unsigned)how, "><"[dir]);
}

static void
on_free(void *arg)
{
	note(arg, ".");
}

/* Readers that were asked for ahead, by depth; no reader may change for it. */
static unsigned	 expected[FLOW_DEPTHS];

static void
on_expect(const void *reader, unsigned depth)
{
	assert_non_null(reader);
	expected[depth]++;
}

static void
on_opened(void *arg, struct flow *f)
{
	struct world	*w = arg;

	w->opened++;
	w->flow = f;
}

static void
on_closed(void *arg, struct flow *f, enum flow_how how)
{
	struct world	*w = arg;

	w->closed++;
	w->how = how;
	flow_info(w->t, f, &w->last);
}

static void
on_lost(void *arg, struct flow *f, int dir, uint64_t n, enum reass_why why)
{
	(void)f;
	(void)dir;
	(void)why;
	((struct world *)arg)->lost += (unsigned)n;
}

static void
on_rtt(void *arg, struct flow *f, int dir, uint32_t us, bool handshake)
{
	struct world	*w = arg;

	(void)f;
	(void)dir;
	(void)handshake;
	w->rtts++;
	w->rtt_us = us;
}

static void
on_unread(void *arg, struct flow *f)
{
	(void)f;
	((struct world *)arg)->unread++;
}

static void
on_volume(void *arg, struct flow *f, const struct packet_volume *v, bool *met)
{
	struct world	*w = arg;
	unsigned	 d;

	for (d = 0; d < 2; d++) {
		w->volume.bytes[d] += v->bytes[d];
		w->volume.packets[d] += v->packets[d];
	}
	w->told++;
	w->met += !*met;
	*met = true;
	w->near = flow_near_client(f)->addr;
}

static const struct flow_ops	 ops = { on_opened, on_closed,
				    on_lost, on_rtt, on_unread, on_volume };
static const struct flow_feed	 fd = { on_open, on_data, on_gap, on_eof,
				    on_free, on_expect };
static const struct hash_key	 key = { 1, 2 };

static void
begin_with(struct world *w, uint64_t limit, uint32_t max_flows)
{
	struct flow_config	 c;

	memset(w, 0, sizeof(*w));
	w->mem.limit = limit;
	w->now = 1000000000;
	flow_config_default(&c);
	c.max_flows = max_flows;
	w->t = flow_table_new(&c, &key, &w->mem, &ops, &fd, w);
	assert_non_null(w->t);
}

static void
begin(struct world *w)
{
	begin_with(w, 64 << 20, 0);
}

static void
end(struct world *w)
{
	flow_table_free(w->t);
	assert_true(w->mem.used == 0);
}

static void
make_six(struct addr *a)
{
	static const uint8_t	 prefix[12] = { 0, 0x64, 0xff, 0x9b };

	memcpy(a->b, prefix, sizeof(prefix));
}

static enum flow_verdict
raw(struct world *w, struct pcapgen_seg *s, bool bad)
{
	struct packet	 p;

	s->ttl = w->ttl;
	s->id = w->ip_id;
	pcapgen_tcp(&g, s);
	if (bad)
		g.p[36] ^= 0x55;
	memset(&p, 0, sizeof(p));
	p.dlt = 101;
	p.iface = w->iface;
	p.ts_us = w->now += 1000;
	p.wirelen = w->frame > 0 ? w->frame : (uint32_t)g.len;
	assert_int_equal(packet_parse(&p, guard_copy(g.p, g.len - w->cut),
	    g.len - w->cut), PACKET_OK);
	if (w->shut)
		p.win = 0;
	if (w->six) {
		make_six(&p.key.a.addr);
		make_six(&p.key.b.addr);
	}
	return flow_packet(w->t, &p);
}

/* From client (or server) port 4000 (80), sequence relative to the ISN. */
static enum flow_verdict
seg(struct world *w, char who, uint8_t flags, uint32_t seq, uint32_t ack,
    const char *data)
{
	struct pcapgen_seg	 s = { .flags = flags, .data = data,
				    .len = strlen(data) };

	s.src = who == 'c' ? 1 : 2;
	s.dst = who == 'c' ? 2 : 1;
	s.sport = who == 'c' ? (uint16_t)(4000 + w->tuple) : 80;
	s.dport = who == 'c' ? 80 : (uint16_t)(4000 + w->tuple);
	s.seq = seq + (who == 'c' ? CISN : SISN);
	s.ack = flags & A ? ack + (who == 'c' ? SISN : CISN) : 0;
	return raw(w, &s, false);
}

static void
shake(struct world *w)
{
	seg(w, 'c', S, 0, 0, "");
	seg(w, 's', S | A, 0, 1, "");
	seg(w, 'c', A, 1, 1, "");
}

static uint64_t
count(const struct world *w, enum flow_count c)
{
	return flow_count(w->t, c);
}

static void
take_info(void *arg, struct flow *f)
{
	struct world		*w = ((void **)arg)[0];
	struct flow_info	*i = ((void **)arg)[1];

	flow_info(w->t, f, i);
}

/* Of the only connection. */
static void
info_of(struct world *w, struct flow_info *i)
{
	void		*arg[2] = { w, i };
	uint64_t	 cursor = 0;

	assert_false(flow_walk(w->t, &cursor, 100000, take_info, arg));
}

static void
a_connection_is_told_from_open_to_close(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	assert_int_equal(w.opened, 0);
	seg(&w, 'c', P | A, 1, 1, "hello");
	assert_int_equal(w.opened, 1);
	seg(&w, 's', P | A, 1, 6, "world");
	seg(&w, 'c', F | A, 6, 6, "");
	seg(&w, 's', F | A, 6, 7, "!");
	assert_string_equal(w.log, "hello>world<$0>!<$0<.");
	assert_int_equal(w.closed, 1);
	assert_int_equal(w.how, FLOW_EOF_FIN);
	assert_true(w.rtts >= 3);
	seg(&w, 'c', A, 7, 8, "");
	assert_int_equal(flow_live(w.t), 1);
	assert_true(count(&w, FLOW_C_PAYLOAD) == 11);
	flow_tick(w.t, w.now + FLOW_LINGER_US * 3);
	flow_tick(w.t, w.now + FLOW_LINGER_US * 6);
	assert_int_equal(flow_live(w.t), 0);
	end(&w);
}

static void
the_connection_of_the_last_packet_is_known(void **state)
{
	struct world	 w;
	uint64_t	 id;

	(void)state;
	begin(&w);
	seg(&w, 'c', R, 0, 0, "");	/* of none */
	assert_true(flow_last_id(w.t) == 0);
	shake(&w);
	id = flow_last_id(w.t);
	assert_true(id != 0);
	w.tuple = 1;
	shake(&w);
	assert_true(flow_last_id(w.t) != id && flow_last_id(w.t) != 0);
	w.tuple = 0;
	seg(&w, 's', P | A, 1, 1, "hello");
	assert_true(flow_last_id(w.t) == id);
	seg(&w, 'c', S | F, 1, 1, "");
	assert_true(flow_last_id(w.t) == 0);
	end(&w);
}

static void
come_and_go(struct world *w, uint16_t tuple)
{
	w->tuple = tuple;
	shake(w);
	seg(w, 'c', F | A, 1, 1, "");
	seg(w, 's', F | A, 1, 2, "");
}

/* n of them in a fifth of a second; the last packet is at *last. */
static void
crowd(struct world *w, unsigned n, uint64_t *last)
{
	const uint64_t	 began = w->now;
	unsigned	 i;

	for (i = 0; i < n; i++) {
		w->now = began + i * 200000ULL / n;
		come_and_go(w, (uint16_t)i);
	}
	*last = w->now;
}

static void
stragglers_of_many_that_ended_begin_nothing(void **state)
{
	const unsigned	 many = 2 * FLOWGONE_FROM;
	struct world	 w;
	uint64_t	 last;
	unsigned	 i;

	(void)state;
	begin(&w);
	crowd(&w, many, &last);
	flow_tick(w.t, last + FLOWGONE_AFTER_US);
	flow_tick(w.t, last + FLOWGONE_AFTER_US);
	assert_int_equal(flow_live(w.t), FLOWGONE_FROM);
	for (i = 0; i < many; i++) {
		w.tuple = (uint16_t)i;
		w.now = last + FLOWGONE_AFTER_US;
		w.iface = 0;
		assert_int_equal(seg(&w, 'c', A, 2, 2, ""), FLOW_COUNTED);
		w.iface = 1;
		assert_int_equal(seg(&w, 's', F | A, 1, 2, ""), FLOW_AGAIN);
	}
	assert_true(count(&w, FLOW_C_NEW) == many);
	assert_true(count(&w, FLOW_C_MIDSTREAM) == 0);
	assert_true(count(&w, FLOW_C_SEEN_AGAIN) == many);
	assert_true(count(&w, FLOW_C_FORGOTTEN) == 0);
	w.tuple = 0;
	w.iface = 0;
	w.now = last + 3 * FLOW_LINGER_US;
	for (i = 0; i < 3; i++)
		flow_tick(w.t, w.now);
	assert_int_equal(flow_live(w.t), 0);
	assert_int_equal(seg(&w, 'c', A, 2, 2, ""), FLOW_COUNTED);
	assert_int_equal(flow_live(w.t), 1);
	end(&w);
}

static void
more_that_ended_than_are_remembered_are_counted(void **state)
{
	struct world	 w;
	uint64_t	 last;

	(void)state;
	begin_with(&w, 4 << 20, 0);
	crowd(&w, 4 * FLOWGONE_FROM, &last);
	flow_tick(w.t, last + FLOWGONE_AFTER_US);
	assert_true(count(&w, FLOW_C_SHED_CLOSED) == 0);
	assert_true(count(&w, FLOW_C_FORGOTTEN) > 0);
	end(&w);
}

static void
a_block_that_is_later_than_the_end_begins_nothing(void **state)
{
	struct world	 w;
	uint64_t	 last;
	unsigned	 i;

	(void)state;
	begin(&w);
	crowd(&w, 2 * FLOWGONE_FROM, &last);
	flow_tick(w.t, last + FLOWGONE_AFTER_US);
	flow_tick(w.t, last + FLOWGONE_AFTER_US);
	for (i = 0; i < FLOWGONE_FROM; i++) {
		w.tuple = (uint16_t)i;
		w.now = last - 200000;
		seg(&w, 'c', A, 2, 2, "");
	}
	assert_int_equal(flow_live(w.t), FLOWGONE_FROM);
	end(&w);
}

/* Those that end first may have the latest time. */
static void
each_that_is_forgotten_is_counted(void **state)
{
	const unsigned	 many = 4 * FLOWGONE_FROM;
	struct world	 w;
	uint64_t	 last = 1000200000;
	unsigned	 i;

	(void)state;
	begin_with(&w, 4 << 20, 0);
	for (i = 0; i < many; i++) {
		w.now = last - i * 200000ULL / many;
		come_and_go(&w, (uint16_t)i);
	}
	for (i = 0; i < 16; i++)
		flow_tick(w.t, last + 2 * FLOWGONE_AFTER_US);
	assert_int_equal(flow_live(w.t), FLOWGONE_FROM);
	for (i = 0; i < many; i++) {
		w.tuple = (uint16_t)i;
		w.now = last;
		seg(&w, 'c', A, 2, 2, "");
	}
	assert_true(count(&w, FLOW_C_SHED_CLOSED) == 0);
	assert_true(count(&w, FLOW_C_FORGOTTEN) > 0);
	assert_int_equal(flow_live(w.t) - FLOWGONE_FROM,
	    count(&w, FLOW_C_FORGOTTEN));
	end(&w);
}

static void
stragglers_of_one_that_had_to_make_room_begin_nothing(void **state)
{
	struct world	 w;

	(void)state;
	begin_with(&w, 64 << 20, 2);
	come_and_go(&w, 1);
	come_and_go(&w, 2);
	w.tuple = 3;
	shake(&w);
	assert_true(count(&w, FLOW_C_SHED_CLOSED) == 1);
	w.tuple = 1;
	assert_int_equal(seg(&w, 'c', A, 2, 2, ""), FLOW_COUNTED);
	assert_true(count(&w, FLOW_C_SHED_CLOSED) == 1);
	end(&w);
}

static void
a_missed_start_waits_for_earlier_bytes_and_then_goes(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 'c', P | A, 14, 1, "def");
	seg(&w, 'c', P | A, 11, 1, "abc");
	seg(&w, 's', P | A, 1, 17, "answer");
	assert_string_equal(w.log, "");
	flow_tick(w.t, w.now + FLOW_HOLE_US);
	assert_string_equal(w.log, "abc>def>answer<");
	assert_true(count(&w, FLOW_C_MIDSTREAM) == 1);
	assert_true(count(&w, FLOW_C_UNSEEN) == 0);
	end(&w);
}

static void
one_byte_before_a_missed_start_is_data_or_a_probe(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 'c', P | A, 12, 1, "bcd");
	seg(&w, 'c', P | A, 11, 1, "a");
	seg(&w, 's', A, 1, 15, "");
	flow_tick(w.t, w.now + FLOW_HOLE_US);
	assert_string_equal(w.log, "a>bcd>");
	end(&w);
	begin(&w);
	seg(&w, 'c', A, 11, 1, "");
	seg(&w, 'c', A, 10, 1, "z");	/* keep-alive */
	seg(&w, 's', A, 1, 11, "");
	seg(&w, 'c', P | A, 11, 1, "abcd");
	flow_tick(w.t, w.now + FLOW_HOLE_US);
	assert_string_equal(w.log, "abcd>");
	end(&w);
}

static void
a_probe_seen_first_begins_a_byte_early(void **state)
{
	struct pcapgen_seg	 zero = { .src = 1, .dst = 2, .sport = 4000,
	    .dport = 80, .seq = CISN + 10, .ack = SISN + 1, .flags = A,
	    .data = "", .len = 1 };
	struct world		 w;
	int			 how;

	(void)state;
	for (how = 0; how < 3; how++) {
		begin(&w);
		if (how == 2)
			raw(&w, &zero, false);
		else
			seg(&w, 'c', A, 10, 1, "");
		if (how == 0)		/* or the peer is not seen to answer */
			seg(&w, 's', A, 1, 11, "");
		if (how == 1)
			seg(&w, 'c', A, 11, 1, "");
		seg(&w, 'c', P | A, 11, 1, "abcd");
		seg(&w, 's', P | A, 1, 15, "ok");
		flow_tick(w.t, w.now + 2 * FLOW_HOLE_US);
		assert_string_equal(w.log, "abcd>ok<");
		assert_int_equal(w.lost, 0);
		end(&w);
	}
}

static void
data_before_a_bare_ack_waits_for_earlier(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 'c', A, 100, 1, "");
	seg(&w, 'c', P | A, 14, 1, "def");
	seg(&w, 'c', P | A, 11, 1, "abc");
	seg(&w, 's', A, 1, 17, "");
	flow_tick(w.t, w.now + FLOW_HOLE_US);
	assert_string_equal(w.log, "abc>def>");
	end(&w);
}

/* Packets of one connection on two interfaces, read one after the other. */
static void
an_end_that_comes_first_is_not_the_whole(void **state)
{
	struct world	 w;
	int		 syn;

	(void)state;
	for (syn = 0; syn < 2; syn++) {
		begin(&w);
		seg(&w, 'c', syn ? S : A, !syn, 1, "");
		seg(&w, 's', F | A, 7, 6, "");
		if (syn)
			seg(&w, 's', S | A, 0, 1, "");
		seg(&w, 'c', P | A, 1, 1, "hello");
		seg(&w, 's', P | A, 1, 6, "world!");
		seg(&w, 'c', F | A, 6, 8, "");
		flow_tick(w.t, w.now + FLOW_HOLE_US);
		assert_string_equal(w.log, syn ?
		    "hello>world!<$0<$0>." : "hello>world!<$0>$0<.");
		assert_int_equal(w.lost, 0);
		assert_int_equal(w.how, FLOW_EOF_FIN);
		end(&w);
	}
}

/* Nothing comes before it: it ends all the same. */
static void
an_end_that_comes_alone_ends_it(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 's', A, 7, 6, "");
	seg(&w, 's', F | A, 7, 6, "");
	seg(&w, 'c', F | A, 6, 8, "");
	assert_int_equal(w.closed, 0);
	flow_tick(w.t, w.now + FLOW_HOLE_US);
	assert_int_equal(w.closed, 1);
	assert_int_equal(w.how, FLOW_EOF_FIN);
	assert_int_equal(w.lost, 0);
	end(&w);
}

static void
the_next_one_of_a_tuple_may_begin_with_its_answer(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', F | A, 1, 1, "");
	seg(&w, 's', F | A, 1, 2, "");
	assert_int_equal(w.closed, 1);
	seg(&w, 's', S | A, 70000000, 30000001, "");
	seg(&w, 's', P | A, 70000001, 30000006, "world");
	w.now -= 4000;
	seg(&w, 'c', S, 30000000, 0, "");
	seg(&w, 'c', P | A, 30000001, 70000001, "hello");
	flow_tick(w.t, w.now + 2 * FLOW_HOLE_US);
	assert_string_equal(w.log, "world<hello>");
	assert_int_equal(w.lost, 0);
	end(&w);
}

static void
a_hole_becomes_a_gap_when_acked_and_50_ms_old(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', P | A, 6, 1, "fg");
	flow_tick(w.t, w.now + FLOW_HOLE_US);
	assert_string_equal(w.log, "ab>");	/* may be sent again */
	seg(&w, 's', A, 1, 8, "");
	assert_string_equal(w.log, "ab>");
	flow_tick(w.t, w.now + FLOW_HOLE_US - 3000);
	assert_string_equal(w.log, "ab>");
	flow_tick(w.t, w.now + FLOW_HOLE_US * 2);
	assert_string_equal(w.log, "ab>-3->fg>");
	assert_true(count(&w, FLOW_C_UNSEEN) == 3);
	assert_int_equal(w.lost, 3);
	end(&w);
}

static void
gaps_count_connections_and_cut_ones_not(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	w.cut = 2;
	seg(&w, 'c', P | A, 1, 1, "abcd");
	w.cut = 0;
	assert_true(count(&w, FLOW_C_CUT) == 2);
	assert_true(count(&w, FLOW_C_GAP) == 0);
	seg(&w, 'c', P | A, 8, 1, "hi");
	seg(&w, 'c', P | A, 13, 1, "mn");
	seg(&w, 's', P | A, 4, 15, "de");
	seg(&w, 'c', A, 15, 6, "");
	flow_tick(w.t, w.now + FLOW_HOLE_US * 2);
	assert_true(count(&w, FLOW_C_UNSEEN) == 9);
	assert_true(count(&w, FLOW_C_GAP) == 1);
	end(&w);
}

/* The first hole is filled, another opens before the first one's time. */
static void
a_hole_is_as_old_as_itself(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 's', A, 1, 5, "");
	seg(&w, 'c', P | A, 3, 1, "cd");
	w.now += FLOW_HOLE_US - 4000;
	seg(&w, 's', A, 1, 7, "");
	flow_tick(w.t, w.now + 4000);
	assert_string_equal(w.log, "ab>cd>");
	w.now += 4000;
	seg(&w, 'c', P | A, 5, 1, "ef");
	assert_string_equal(w.log, "ab>cd>ef>");
	assert_true(count(&w, FLOW_C_UNSEEN) == 0);
	end(&w);
}

static void
a_late_block_fills_the_hole(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 's', A, 1, 4, "");		/* acked before it is seen */
	seg(&w, 'c', P | A, 4, 1, "de");
	w.now += 20000;
	seg(&w, 'c', P | A, 1, 1, "abc");
	flow_tick(w.t, w.now + FLOW_HOLE_US * 2);
	assert_string_equal(w.log, "abc>de>");
	assert_true(count(&w, FLOW_C_UNSEEN) == 0);
	end(&w);
}

/* An interface for each direction, whose packets were written in blocks. */
static void
a_direction_that_comes_in_a_block_is_no_loss(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	w.now += FLOW_HOLE_US * 3;
	seg(&w, 'c', P | A, 3, 4, "cd");
	w.now += FLOW_HOLE_US * 3;
	seg(&w, 'c', P | A, 5, 7, "ef");
	seg(&w, 's', P | A, 4, 5, "QRS");	/* and overtaken in it */
	seg(&w, 's', P | A, 1, 3, "NOP");
	assert_string_equal(w.log, "ab>cd>ef>NOP<QRS<");
	assert_true(count(&w, FLOW_C_UNSEEN) == 0);
	end(&w);
}

static void
what_nothing_follows_becomes_a_gap_after_a_second(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', A, 3, 4, "");
	flow_tick(w.t, w.now + FLOW_HOLE_ALONE_US - 2000);
	assert_string_equal(w.log, "ab>");
	flow_tick(w.t, w.now + FLOW_HOLE_ALONE_US * 2);
	assert_string_equal(w.log, "ab>-3-<");
	end(&w);
}

/* Its loss was long known, and says nothing of what is behind it. */
static void
an_old_loss_takes_nothing_that_was_overtaken(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 's', A, 1, 5, "");
	w.now += FLOW_HOLE_MAX_US * 2;
	seg(&w, 'c', P | A, 7, 1, "gh");
	seg(&w, 'c', P | A, 5, 1, "ef");
	seg(&w, 's', A, 1, 9, "");
	flow_tick(w.t, w.now + FLOW_HOLE_US);
	flow_tick(w.t, w.now + FLOW_HOLE_US * 2);
	assert_string_equal(w.log, "ab>-2->ef>gh>");
	end(&w);
}

static void
the_end_of_input_gives_up_the_holes(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', P | A, 6, 1, "fg");
	seg(&w, 's', A, 1, 12, "");		/* four more were acked */
	flow_flush(w.t, w.now);
	assert_string_equal(w.log, "ab>-3->fg>-4->$2>$2<.");
	assert_int_equal(w.closed, 1);
	assert_int_equal(flow_live(w.t), 0);
	end(&w);
}

static void
bad_checksums_are_ignored_once_good_ones_were_seen(void **state)
{
	struct pcapgen_seg	 s = { .src = 1, .dst = 2, .sport = 4000,
				    .dport = 80, .seq = CISN + 1,
				    .ack = SISN + 1, .flags = P | A,
				    .data = "evil!", .len = 5 };
	struct world		 w;

	(void)state;
	begin(&w);
	shake(&w);
	assert_int_equal(raw(&w, &s, true), FLOW_IGNORED);
	seg(&w, 'c', P | A, 1, 1, "good!");
	seg(&w, 's', A, 1, 6, "");
	flow_flush(w.t, w.now);
	assert_string_equal(w.log, "good!>$2>$2<.");
	assert_true(count(&w, FLOW_C_BAD_SUM) == 1);
	end(&w);
}

static void
a_bad_checksum_that_the_peer_accepts_is_believed(void **state)
{
	struct pcapgen_seg	 s = { .src = 1, .dst = 2, .sport = 4000,
				    .dport = 80, .seq = CISN + 1,
				    .ack = SISN + 1, .flags = P | A,
				    .data = "edited", .len = 6 };
	struct world		 w;

	(void)state;
	begin(&w);
	shake(&w);
	raw(&w, &s, true);
	assert_string_equal(w.log, "");
	seg(&w, 's', A, 1, 7, "");
	assert_string_equal(w.log, "edited>");
	assert_true(count(&w, FLOW_C_SUM_DISTRUST) == 1);
	end(&w);
}

static void
offloaded_checksums_do_not_matter(void **state)
{
	struct pcapgen_seg	 s = { .src = 1, .dst = 2, .sport = 4000,
				    .dport = 80, .seq = CISN, .flags = S };
	struct world		 w;

	(void)state;
	begin(&w);
	raw(&w, &s, true);
	seg(&w, 's', S | A, 0, 1, "");
	s.seq++;
	s.ack = SISN + 1;
	s.flags = P | A;
	s.data = "data";
	s.len = 4;
	raw(&w, &s, true);
	assert_string_equal(w.log, "data>");
	assert_true(count(&w, FLOW_C_BAD_SUM) == 0);
	end(&w);
}

static void
what_is_out_of_window_is_ignored(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	assert_int_equal(seg(&w, 'c', P | A, 900000000, 1, "zz"),
	    FLOW_IGNORED);
	assert_int_equal(seg(&w, 's', R | A, 500000000, 3, ""), FLOW_IGNORED);
	assert_int_equal(seg(&w, 's', A, 1, 800000000, ""), FLOW_IGNORED);
	seg(&w, 'c', P | A, 3, 1, "cd");
	assert_string_equal(w.log, "ab>cd>");
	assert_true(count(&w, FLOW_C_OUT_OF_WINDOW) == 1);
	assert_true(count(&w, FLOW_C_BAD_RST) == 1);
	assert_true(count(&w, FLOW_C_BAD_ACK) == 1);
	end(&w);
}

static void
a_loss_beyond_the_window_is_survived(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 's', P | A, 1, 1, "ab");
	seg(&w, 's', P | A, 50000003, 1, "yz");	/* 50 MB were not captured */
	seg(&w, 'c', A, 1, 50000005, "");
	seg(&w, 's', P | A, 50000005, 1, "!!");
	assert_string_equal(w.log, "ab<-50000002-<!!<");
	end(&w);
}

static void
a_loss_beyond_the_window_both_ways_is_survived(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 's', P | A, 1, 3, "cd");
	seg(&w, 'c', P | A, 50000003, 70000003, "q1");
	seg(&w, 's', P | A, 70000003, 50000005, "r1");
	seg(&w, 'c', P | A, 50000005, 70000005, "q2");
	seg(&w, 's', P | A, 70000005, 50000007, "r2");
	assert_string_equal(w.log, "ab>cd<-70000002-<-50000002->q2>r2<");
	end(&w);
}

/* So far that it seems to lie behind. */
static void
a_loss_of_gigabytes_is_survived(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 's', P | A, 1, 1, "ab");
	seg(&w, 's', P | A, 4000000003U, 1, "yz");
	seg(&w, 'c', A, 1, 4000000005U, "");
	seg(&w, 's', P | A, 4000000005U, 1, "!!");
	seg(&w, 'c', P | A, 3500000001U, 3800000007U, "q1");
	seg(&w, 's', P | A, 3800000007U, 3500000003U, "r1");
	seg(&w, 'c', P | A, 3500000003U, 3800000009U, "q2");
	assert_string_equal(w.log,
	    "ab<-4000000002-<!!<-4094967298-<-3500000002->q2>");
	end(&w);
}

static void
what_both_made_up_does_not_lead_away(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', P | A, 50000003, 70000003, "q1");
	seg(&w, 's', P | A, 70000003, 50000005, "r1");
	seg(&w, 'c', P | A, 3, 1, "cd");
	seg(&w, 'c', P | A, 50000005, 70000005, "q2");
	seg(&w, 'c', P | A, 5, 1, "ef");
	assert_string_equal(w.log, "ab>cd>ef>");
	end(&w);
}

/* Gone on by odd ones both ways, which far says the numbers of. */
static void
go_far(struct world *w)
{
	seg(w, 'c', P | A, 50000003, 70000003, "q1");
	seg(w, 's', P | A, 70000003, 50000005, "r1");
	seg(w, 'c', P | A, 50000005, 70000005, "q2");
}

static void
nothing_goes_on_far_behind_a_fin(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', F | A, 3, 1, "");
	go_far(&w);
	seg(&w, 's', P | A, 1, 4, "cd");
	assert_string_equal(w.log, "ab>$0>cd<");
	assert_int_equal(w.lost, 0);
	end(&w);
}

static void
what_goes_on_far_off_elsewhere_is_another_network(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	w.iface = 2;
	go_far(&w);
	w.iface = 0;
	seg(&w, 's', P | A, 1, 3, "cd");
	assert_string_equal(w.log, "ab>cd<");
	assert_int_equal(w.lost, 0);
	end(&w);
}

static void
a_loss_of_gigabytes_is_survived_by_a_lone_half(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 's', P | A, 1, 1, "ab");
	flow_tick(w.t, w.now + FLOW_HOLE_MAX_US);
	seg(&w, 's', P | A, 3000000003U, 1, "yz");
	seg(&w, 's', P | A, 3000000005U, 1, "cd");
	assert_string_equal(w.log, "ab<-3000000002-<cd<");
	end(&w);
}

static void
a_reset_ends_it_unless_it_goes_on(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', R, 3, 0, "junk");
	assert_int_equal(w.closed, 0);
	seg(&w, 'c', P | A, 3, 1, "cd");
	assert_string_equal(w.log, "ab>cd>");
	assert_true(count(&w, FLOW_C_AFTER_RST) == 1);
	assert_true(count(&w, FLOW_C_RST_DATA) == 1);
	seg(&w, 's', R | A, 1, 5, "");
	flow_tick(w.t, w.now + FLOW_LINGER_US);
	flow_tick(w.t, w.now + FLOW_LINGER_US);
	assert_string_equal(w.log, "ab>cd>$1<$1>.");
	assert_int_equal(w.how, FLOW_EOF_RST);
	end(&w);
}

static void
a_reset_is_how_it_ended_whatever_comes_next(void **state)
{
	struct world	 w;
	uint64_t	 at;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', R | A, 3, 1, "");
	at = w.now;
	w.now += 500000;
	seg(&w, 'c', S, 77777777, 0, "");	/* the same ports at once */
	assert_int_equal(w.closed, 1);
	assert_int_equal(w.how, FLOW_EOF_RST);
	assert_true(w.eof_us == at);
	assert_true(count(&w, FLOW_C_CLOSED_RST) == 1);
	assert_true(count(&w, FLOW_C_REUSED) == 1);
	assert_int_equal(w.last.half[0].packets, 4);
	assert_int_equal(w.last.tcp_flags, S | A | P | R);
	seg(&w, 's', S | A, 88888888, 77777778, "");
	seg(&w, 'c', A | 0x40, 77777778, 88888889, "");	/* ECE */
	flow_flush(w.t, w.now);
	assert_int_equal(w.last.half[0].packets, 2);
	assert_int_equal(w.last.half[1].packets, 1);
	assert_int_equal(w.last.tcp_flags, S | A | 0x40);
	end(&w);
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', R | A, 3, 1, "");
	at = w.now;
	flow_flush(w.t, w.now + 500000);
	assert_int_equal(w.how, FLOW_EOF_RST);
	assert_true(w.eof_us == at);
	end(&w);
}

static void
data_without_ack_and_after_fin_is_ignored(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	assert_int_equal(seg(&w, 'c', P, 1, 0, "xx"), FLOW_IGNORED);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', F | A, 3, 1, "");
	assert_int_equal(seg(&w, 'c', P | A, 4, 1, "cd"), FLOW_IGNORED);
	seg(&w, 's', P | A, 1, 4, "ok");
	assert_string_equal(w.log, "ab>$0>ok<");
	assert_true(count(&w, FLOW_C_NO_ACK) == 1);
	assert_true(count(&w, FLOW_C_AFTER_FIN) == 1);
	assert_int_equal(seg(&w, 'c', S | F, 1, 0, ""), FLOW_IGNORED);
	assert_true(count(&w, FLOW_C_BAD_FLAGS) == 1);
	end(&w);
}

static void
syn_data_counts_when_it_is_accepted(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 'c', S, 0, 0, "fast");
	assert_string_equal(w.log, "");
	seg(&w, 's', S | A, 0, 5, "");
	assert_string_equal(w.log, "fast>");
	end(&w);
	begin(&w);
	seg(&w, 'c', S, 0, 0, "fast");
	seg(&w, 's', S | A, 0, 1, "");
	seg(&w, 'c', P | A, 1, 1, "slow");
	assert_string_equal(w.log, "slow>");
	assert_true(count(&w, FLOW_C_SYN_DATA_REFUSED) == 1);
	end(&w);
}

static void
a_tuple_used_again_is_a_new_connection(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "one");
	seg(&w, 'c', S, 77777777, 0, "");
	assert_int_equal(w.closed, 0);		/* anybody can send a SYN */
	seg(&w, 's', S | A, 88888888, 77777778, "");
	assert_int_equal(w.closed, 1);
	assert_int_equal(w.how, FLOW_EOF_REUSE);
	seg(&w, 'c', P | A, 77777778, 88888889, "two");
	assert_string_equal(w.log, "one>$4>$4<.two>");
	assert_int_equal(w.opened, 2);
	assert_true(count(&w, FLOW_C_REUSED) == 1);
	end(&w);
}

static void
one_two(struct world *w)
{
	seg(w, 'c', P | A, 1, 1, "one");
	seg(w, 's', P | A, 1, 4, "two");
}

static void
talk_and_end(struct world *w)
{
	one_two(w);
	seg(w, 'c', F | A, 4, 4, "");
	seg(w, 's', F | A, 4, 5, "");
}

/* Sends a connection whole, or without its end. */
static void
conversation(struct world *w, bool ends)
{
	shake(w);
	if (ends)
		talk_and_end(w);
	else
		one_two(w);
	seg(w, 'c', A, ends ? 5 : 4, ends ? 5 : 4, "");
}

/* tcpreplay sends the same numbers each time; a late copy has them, too. */
static void
what_is_sent_whole_again_is_a_new_connection(void **state)
{
	static const struct {
		bool		 ends;
		uint64_t	 after_us;
		unsigned	 opened;
	} tests[] = {
		{ true, 20000, 1 },
		{ true, FLOWGONE_AFTER_US - 1000, 1 },
		{ true, FLOWGONE_AFTER_US, 2 },
		{ true, 60 * 1000000ULL, 2 },
		{ false, FLOWGONE_AFTER_US, 1 },
		{ false, FLOW_LINGER_US - 1000, 1 },
		{ false, FLOW_LINGER_US, 2 },
	};
	struct world	 w;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(tests); i++) {
		begin(&w);
		conversation(&w, tests[i].ends);
		w.now += tests[i].after_us;
		conversation(&w, tests[i].ends);
		assert_int_equal(w.opened, tests[i].opened);
		end(&w);
	}
}

/* As entries go when there is time for it, which a short file leaves none. */
static void
what_comes_long_after_the_end_is_another_one(void **state)
{
	struct world	 w;
	unsigned	 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin(&w);
		shake(&w);
		talk_and_end(&w);
		w.now += FLOW_LINGER_US - 2000 + i * 1000;
		talk_and_end(&w);
		flow_flush(w.t, w.now);
		assert_int_equal(w.opened, 1 + i);
		assert_string_equal(w.log, i == 0 ? "one>two<$0>$0<." :
		    "one>two<$0>$0<.one>two<$2>$2<.");
		end(&w);
	}
}

/* Its FIN is sent again when stragglers are over; the answer is read first. */
static void
an_end_that_is_sent_again_ends_no_other_one(void **state)
{
	static const struct {
		uint64_t	 after_us;
		bool		 tick;	/* its entry is gone by then */
		const char	*data;
		unsigned	 opened;
	} tests[] = {
		{ FLOW_LINGER_US, false, "", 1 },
		{ FLOW_LINGER_US, true, "", 1 },
		{ FLOWGONE_KNOWN_US - 1000000, true, "", 1 },
		{ FLOWGONE_KNOWN_US + 1000000, true, "", 2 },
		{ FLOW_LINGER_US, true, "x", 2 },
	};
	struct world	 w;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(tests); i++) {
		begin(&w);
		shake(&w);
		talk_and_end(&w);
		w.now += tests[i].after_us;
		if (tests[i].tick)
			flow_tick(w.t, w.now);
		assert_int_equal(flow_live(w.t), !tests[i].tick);
		seg(&w, 'c', A, 5, 5, tests[i].data);
		seg(&w, 's', F | A, 4, 5, "");
		flow_flush(w.t, w.now);
		assert_int_equal(w.opened, tests[i].opened);
		assert_int_equal(w.closed, tests[i].opened);
		assert_int_equal(count(&w, FLOW_C_STRAY),
		    2 - tests[i].opened);
		end(&w);
	}
}

static void
a_syn_again_after_a_refusal_is_the_same(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 'c', S, 0, 0, "");
	seg(&w, 's', R | A, 0, 1, "");
	w.now += FLOW_LINGER_US;
	seg(&w, 'c', S, 0, 0, "");
	assert_true(count(&w, FLOW_C_REUSED) == 0);
	end(&w);
}

/* Interfaces hand over their blocks in any order. */
static void
a_handshake_seen_backwards_is_no_start_missed(void **state)
{
	struct flow_info	 i;
	struct world		 w;

	(void)state;
	begin(&w);
	seg(&w, 'c', A, 1, 1, "");
	seg(&w, 's', S | A, 0, 1, "");
	info_of(&w, &i);
	assert_true(i.midstream);
	seg(&w, 'c', S, 0, 0, "");
	info_of(&w, &i);
	assert_false(i.midstream);
	end(&w);
}

static void
a_stray_syn_harms_nothing(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "one");
	seg(&w, 'c', S, 77777777, 0, "");
	seg(&w, 'c', P | A, 4, 1, "two");
	assert_string_equal(w.log, "one>two>");
	assert_true(count(&w, FLOW_C_BAD_SYN) == 1);
	assert_int_equal(seg(&w, 'x', R, 1, 0, ""), FLOW_COUNTED);
	end(&w);
}

static void
another_interface_is_counted_once(void **state)
{
	struct flow_info	 i;
	struct world		 w;
	void			*arg[2] = { &w, &i };
	uint64_t		 cursor = 0;
	int			 n;
	static const char *const what[] = { "ab", "cd" };
	enum flow_verdict	 v[2];

	(void)state;
	begin(&w);
	for (n = 0; n < 2; n++) {
		w.iface = (uint16_t)n;
		v[n] = seg(&w, 'c', S, 0, 0, "");
	}
	assert_int_equal(v[0], FLOW_COUNTED);
	assert_int_equal(v[1], FLOW_AGAIN);
	for (n = 1; n >= 0; n--) {
		w.iface = (uint16_t)n;
		seg(&w, 's', S | A, 0, 1, "");
	}
	for (n = 0; n < 4; n++) {
		w.iface = n & 1;
		v[n & 1] = seg(&w, 'c', P | A, 1 + 2 * (uint32_t)(n / 2), 1,
		    what[n / 2]);
		assert_int_equal(v[n & 1], n & 1 ? FLOW_AGAIN : FLOW_COUNTED);
	}
	assert_string_equal(w.log, "ab>cd>");
	assert_true(count(&w, FLOW_C_SIGHTINGS) == 1);
	assert_true(count(&w, FLOW_C_RETRANS) == 0);
	assert_false(flow_walk(w.t, &cursor, 100000, take_info, arg));
	assert_int_equal(i.nseen, 1);
	assert_int_equal(i.seen[0].iface, 1);
	assert_int_equal(i.half[0].iface, 0);
	assert_int_equal(i.half[1].iface, 0);
	end(&w);
}

#define OTHER	77777777	/* where another network's client begins */

/* Of the connection that another network has of the same tuple. */
static enum flow_verdict
there(struct world *w, unsigned iface, char who, uint8_t flags, uint32_t seq,
    uint32_t ack, const char *data)
{
	enum flow_verdict	 v;

	w->iface = (uint16_t)iface;
	v = seg(w, who, flags, seq + OTHER, ack + OTHER, data);
	w->iface = 0;
	return v;
}

static void
two_networks_with_one_tuple_have_a_connection_each(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "a1");
	assert_int_equal(there(&w, 2, 'c', S, 0, 0, ""), FLOW_COUNTED);
	assert_int_equal(there(&w, 3, 'c', S, 0, 0, ""), FLOW_AGAIN);
	assert_int_equal(there(&w, 3, 's', S | A, 0, 1, ""), FLOW_COUNTED);
	seg(&w, 's', P | A, 1, 3, "a2");
	there(&w, 2, 's', S | A, 0, 1, "");
	there(&w, 2, 'c', P | A, 1, 1, "b1");
	assert_int_equal(there(&w, 3, 'c', P | A, 1, 1, "b1"), FLOW_AGAIN);
	there(&w, 3, 's', P | A, 1, 3, "b2");
	seg(&w, 'c', F | A, 3, 3, "");
	seg(&w, 's', F | A, 3, 4, "");
	assert_int_equal(w.closed, 1);
	there(&w, 2, 'c', P | A, 3, 3, "b3");
	assert_string_equal(w.log, "a1>a2<b1>b2<$0>$0<.b3>");
	/* Each begins its tuple anew without the other. */
	seg(&w, 'c', S, 5000000, 0, "");
	seg(&w, 's', S | A, 5000000, 5000001, "");
	seg(&w, 'c', P | A, 5000001, 5000001, "c1");
	there(&w, 3, 'c', P | A, 5, 3, "b4");
	assert_string_equal(w.log, "a1>a2<b1>b2<$0>$0<.b3>c1>b4>");
	assert_int_equal(w.opened, 3);
	assert_true(count(&w, FLOW_C_BAD_SYN) == 0);
	end(&w);
}

/*
 * Hosts that share a kernel begin one tuple with numbers near each other. The
 * blocks of an interface behind the first one are read before its own.
 */
static void
numbers_near_each_other_do_not_mix_two_networks(void **state)
{
	const uint32_t	 o = 100000;
	struct world	 w;

	(void)state;
	begin(&w);
	w.iface = 1;
	seg(&w, 'c', S, 0, 0, "");
	seg(&w, 's', S | A, 0, 1, "");
	w.now -= 8000;
	w.iface = 0;
	seg(&w, 'c', S, 0, 0, "");
	seg(&w, 's', S | A, 0, 1, "");
	w.iface = 2;
	seg(&w, 'c', S, o, 0, "");
	seg(&w, 's', S | A, o, o + 1, "");
	w.iface = 3;			/* of either one, so far */
	seg(&w, 'c', P | A, 1, 1, "a1");
	w.iface = 2;
	seg(&w, 'c', P | A, o + 1, o + 1, "b1");
	w.iface = 1;
	seg(&w, 'c', P | A, 3, 1, "a2");
	seg(&w, 's', P | A, 1, 5, "a3");
	w.iface = 0;
	seg(&w, 'c', P | A, 3, 1, "a2");
	seg(&w, 's', P | A, 1, 5, "a3");
	assert_string_equal(w.log, "a1>b1>a2>a3<");
	assert_int_equal(w.opened, 2);
	end(&w);
}

/*
 * The home moves to where the SYN was first, and is remembered where it was;
 * when it comes back, that is the home and no other place.
 */
static void
a_home_that_moved_was_there(void **state)
{
	struct flow_info	 i;
	struct world		 w;
	void			*arg[2] = { &w, &i };
	uint64_t		 cursor = 0;

	(void)state;
	begin(&w);
	w.iface = 1;
	seg(&w, 'c', S, 0, 0, "");
	w.now -= 8000;
	w.iface = 0;
	seg(&w, 'c', S, 0, 0, "");
	assert_false(flow_walk(w.t, &cursor, 100000, take_info, arg));
	assert_int_equal(i.half[0].iface, 0);
	assert_int_equal(i.nseen, 1);
	assert_int_equal(i.seen[0].iface, 1);
	w.iface = 1;
	seg(&w, 's', S | A, 0, 1, "");
	seg(&w, 'c', P | A, 1, 1, "ask");
	cursor = 0;
	assert_false(flow_walk(w.t, &cursor, 100000, take_info, arg));
	assert_int_equal(i.half[0].iface, 1);
	assert_int_equal(i.half[1].iface, 1);
	assert_int_equal(i.nseen, 1);
	assert_int_equal(i.seen[0].iface, 0);
	end(&w);
}

static void
a_stray_syn_elsewhere_takes_nothing_away(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "one");
	there(&w, 2, 'c', S, 0, 0, "");
	seg(&w, 'c', P | A, 4, 1, "two");
	w.iface = 2;			/* its way leads through there now */
	seg(&w, 'c', P | A, 7, 1, "three");
	assert_string_equal(w.log, "one>two>three>");
	assert_int_equal(w.opened, 1);
	end(&w);
}

/* Interfaces hand over their blocks in any order. */
static void
a_late_block_of_the_connection_before_begins_none(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "one");
	seg(&w, 'c', R | A, 4, 1, "");
	there(&w, 0, 'c', S, 0, 0, "");
	there(&w, 0, 's', S | A, 0, 1, "");
	there(&w, 0, 'c', A, 1, 1, "");
	w.now -= 8000;
	w.iface = 1;
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "one");
	there(&w, 0, 'c', P | A, 1, 1, "two");
	assert_string_equal(w.log, "one>$1>$1<.two>");
	assert_int_equal(w.opened, 2);
	end(&w);
}

static void
a_clock_that_is_set_back_makes_no_late_blocks(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', R | A, 1, 1, "");
	there(&w, 0, 'c', S, 0, 0, "");
	there(&w, 0, 's', S | A, 0, 1, "");
	there(&w, 0, 'c', R | A, 1, 1, "");
	w.now -= 100000000;
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "new");
	assert_string_equal(w.log, "new>");
	end(&w);
}

/* What is left of an older one there is no sight of the one here. */
static void
strays_elsewhere_do_not_join_two_networks(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "a1");
	there(&w, 2, 'c', A, 500, 500, "");
	there(&w, 2, 's', R, 500, 500, "");
	assert_true(count(&w, FLOW_C_SIGHTINGS) == 0);
	there(&w, 2, 'c', S, 40000000, 0, "");
	there(&w, 2, 's', S | A, 40000000, 40000001, "");
	there(&w, 2, 'c', P | A, 40000001, 40000001, "b1");
	seg(&w, 's', P | A, 1, 3, "a2");
	assert_string_equal(w.log, "a1>b1>a2<");
	assert_int_equal(w.opened, 2);
	assert_true(count(&w, FLOW_C_BAD_SYN) == 0);
	end(&w);
}

static void
entries_of_one_tuple_are_limited(void **state)
{
	struct world	 w;
	uint32_t	 n;

	(void)state;
	begin(&w);
	shake(&w);
	for (n = 1; n < 40; n++) {
		w.iface = (uint16_t)n;
		seg(&w, 'c', S, n * 50000000, 0, "");
		assert_int_equal(flow_live(w.t), n < 8 ? n + 1 : 8);
	}
	end(&w);
}

static void
another_interface_helps_when_the_home_lost_something(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	w.iface = 1;
	assert_int_equal(seg(&w, 'c', P | A, 3, 1, "cd"), FLOW_COUNTED);
	w.iface = 0;
	assert_int_equal(seg(&w, 'c', P | A, 3, 1, "cd"), FLOW_AGAIN);
	seg(&w, 'c', P | A, 5, 1, "ef");
	assert_string_equal(w.log, "ab>cd>ef>");
	assert_true(count(&w, FLOW_C_RETRANS) == 0);
	assert_true(count(&w, FLOW_C_ELSEWHERE) == 1);
	end(&w);
}

/*
 * From the server by a router whose home is interface 0, the client's: counts
 * at one of both.
 */
static void
routed(struct world *w, uint32_t seq, const char *data)
{
	enum flow_verdict	 far, near;

	w->iface = 1;
	far = seg(w, 's', P | A, seq, 1, data);
	w->iface = 0;
	near = seg(w, 's', P | A, seq, 1, data);
	assert_int_not_equal(far, near);
	assert_true(far == FLOW_COUNTED || near == FLOW_COUNTED);
}

static void
what_another_place_shows_first_is_judged_there(void **state)
{
	struct flow_info	 i;
	struct world		 w;

	(void)state;
	begin(&w);
	shake(&w);
	routed(&w, 1, "ab");
	routed(&w, 3, "cd");
	assert_true(count(&w, FLOW_C_RETRANS) == 0);
	seg(&w, 'c', A, 1, 5, "");
	w.now += 200000;
	routed(&w, 3, "cd");
	routed(&w, 1, "abcd");
	assert_true(count(&w, FLOW_C_RETRANS) == 2);
	seg(&w, 'c', A, 1, 5, "");
	routed(&w, 7, "gh");
	w.now += 200000;
	routed(&w, 5, "ef");
	assert_true(count(&w, FLOW_C_RETRANS) == 3);
	assert_true(count(&w, FLOW_C_OUT_OF_ORDER) == 1);
	seg(&w, 'c', A, 1, 9, "");
	info_of(&w, &i);
	assert_int_equal(i.half[1].packets, 7);	/* and the SYN-ACK */
	assert_int_equal(i.half[1].retrans, 3);
	assert_int_equal(w.rtts, 3);
	assert_string_equal(w.log, "ab<cd<ef<gh<");
	end(&w);
}

/* Blocks of packets come in any order: the home may be the first one, too. */
static void
no_place_takes_what_another_has_shown_for_sent_again(void **state)
{
	struct world	 w;
	unsigned	 n;

	(void)state;
	begin(&w);
	shake(&w);
	routed(&w, 1, "ab");
	for (n = 0; n < 2; n++) {
		w.iface = (uint16_t)n;
		seg(&w, 's', P | A, 3, 1, "cd");
		w.now += 100000;
	}
	w.iface = 0;			/* it missed ef */
	seg(&w, 's', P | A, 7, 1, "gh");
	w.now += 100000;
	w.iface = 1;
	seg(&w, 's', P | A, 5, 1, "ef");
	seg(&w, 's', P | A, 7, 1, "gh");
	assert_true(count(&w, FLOW_C_RETRANS) == 0);
	assert_int_equal(seg(&w, 's', P | A, 7, 1, "gh"), FLOW_AGAIN);
	assert_true(count(&w, FLOW_C_RETRANS) == 1);
	w.iface = 0;
	assert_int_equal(seg(&w, 's', P | A, 7, 1, "gh"), FLOW_COUNTED);
	assert_true(count(&w, FLOW_C_RETRANS) == 1);
	assert_string_equal(w.log, "ab<cd<ef<gh<");
	end(&w);
}

static bool
first_at(struct seg *s, struct packet *p, uint32_t seq, uint32_t n, bool home)
{
	p->seq = seq;
	p->wire = n;
	if (home)
		return flowfirst_shown(s);
	flowfirst_note(s);
	return true;
}

/* The other place is always a bit ahead, for gigabytes. */
static void
a_hole_long_ago_is_none(void **state)
{
	const uint32_t		 n = 1 << 20;
	struct flow_extra	 x = { 0 };
	struct flow		 f = { .extra = &x };
	struct packet		 p = { 0 };
	struct seg		 s = { .f = &f, .p = &p };
	uint32_t		 at;

	(void)state;
	first_at(&s, &p, 0, 10, false);
	first_at(&s, &p, 20, n - 20, false);
	for (at = n; at < 0xa0000000U; at += n) {
		first_at(&s, &p, at, n, false);
		assert_true(first_at(&s, &p, at - n, n, true) == (at > n));
	}
	first_at(&s, &p, at + 10, 10, false);
	assert_true(first_at(&s, &p, at - n, n, true));
	assert_false(first_at(&s, &p, at, 10, true));
	assert_true(first_at(&s, &p, at + 10, 10, true));
}

/* The place that led was away, and is the second one then. */
static void
who_led_and_went_away_leads_no_more(void **state)
{
	struct world	 w;
	uint32_t	 at = 5;
	int		 i;

	(void)state;
	begin(&w);
	w.want = FLOW_SKIP;
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 's', A, 1, 3, "");
	w.now += 2000000;
	w.iface = 1;
	assert_int_equal(seg(&w, 'c', P | A, 3, 1, "cd"), FLOW_COUNTED);
	w.iface = 0;
	for (i = 0; i < 40; i++, at += 60 << 20)
		assert_int_equal(seg(&w, 'c', A, at, 1, "ef"), FLOW_COUNTED);
	for (i = 0; i < 4; i++, at += 2) {
		w.iface = 0;
		seg(&w, 'c', A, at, 1, "gh");
		w.iface = 1;
		assert_int_equal(seg(&w, 'c', A, at, 1, "gh"), FLOW_AGAIN);
	}
	assert_true(count(&w, FLOW_C_RETRANS) == 0);
	w.iface = 0;
	assert_int_equal(seg(&w, 'c', A, at - 2, 1, "gh"), FLOW_COUNTED);
	w.iface = 1;
	assert_int_equal(seg(&w, 'c', A, at - 2, 1, "gh"), FLOW_AGAIN);
	assert_true(count(&w, FLOW_C_RETRANS) == 1);
	end(&w);
}

/* By a router: the server's side shows what the server says first. */
static void
data_that_acknowledges_is_timed_where_it_is_first(void **state)
{
	struct world	 w;
	unsigned	 n, was;

	(void)state;
	begin(&w);
	shake(&w);
	was = w.rtts;
	for (n = 0; n < 3; n++) {
		seg(&w, 'c', P | A, 1 + n * 3, 1 + n * 2, "ask");
		w.now += 20000;
		w.iface = 1;
		seg(&w, 's', P | A, 1 + n * 2, 4 + n * 3, "so");
		w.iface = 0;
		seg(&w, 's', P | A, 1 + n * 2, 4 + n * 3, "so");
		assert_int_equal(w.rtts, was + 1 + 2 * n);
		assert_int_equal(w.rtt_us, 21000);
		w.now += 9000;
		seg(&w, 'c', A, 4 + n * 3, 3 + n * 2, "");
		assert_int_equal(w.rtts, was + 2 + 2 * n);
		assert_int_equal(w.rtt_us, 11000);
	}
	w.now += 9000000;
	seg(&w, 's', A, 7, 10, "");
	assert_int_equal(w.rtts, was + 6);
	end(&w);
}

/* One packet of a connection as it looks before and after translation. */
static enum flow_verdict
nat(struct world *w, int after, char who, uint8_t flags, uint32_t seq,
    uint32_t ack, const char *data)
{
	struct pcapgen_seg	 s = { .flags = flags, .data = data,
				    .len = strlen(data) };
	uint8_t			 mask = w->mask > 0 ? w->mask : 9;
	uint8_t			 client = after ? mask : 1;
	uint16_t		 port = after ? 61000 : 4000;

	w->iface = (uint16_t)(w->over > 0 ? w->over : after);
	w->ttl = (uint8_t)((who == 'c') == (after != 0) ? 63 : 64);
	if (w->here)
		w->ttl = who == 'c' ? 64 : 60;
	s.src = who == 'c' ? client : 2;
	s.dst = who == 'c' ? 2 : client;
	s.sport = who == 'c' ? port : 80;
	s.dport = who == 'c' ? 80 : port;
	s.seq = seq;
	s.ack = ack;
	return raw(w, &s, false);
}

static void
both_sides_of_a_translation_are_one_connection(void **state)
{
	struct world	 w;
	uint64_t	 id;

	(void)state;
	begin(&w);
	nat(&w, 0, 'c', S, 111, 0, "");
	nat(&w, 1, 'c', S, 111, 0, "");
	nat(&w, 1, 's', S | A, 222, 112, "");
	nat(&w, 0, 's', S | A, 222, 112, "");
	assert_true(count(&w, FLOW_C_NAT) == 1);
	nat(&w, 0, 'c', P | A, 112, 223, "ask");
	id = flow_last_id(w.t);
	assert_int_equal(nat(&w, 1, 'c', P | A, 112, 223, "ask"), FLOW_AGAIN);
	assert_true(id != 0 && flow_last_id(w.t) == id);
	assert_int_equal(nat(&w, 1, 's', P | A, 223, 115, "say"),
	    FLOW_COUNTED);
	assert_int_equal(nat(&w, 0, 's', P | A, 223, 115, "say"), FLOW_AGAIN);
	assert_string_equal(w.log, "ask>say<");
	assert_int_equal(w.opened, 1);
	assert_true(count(&w, FLOW_C_SIGHTINGS) == 1);
	flow_flush(w.t, w.now);
	assert_int_equal(w.closed, 1);
	end(&w);
}

static void
what_it_brought_is_told_once(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	flow_tell_volumes(w.t);
	assert_int_equal(w.told, 0);	/* more is known of it soon */
	seg(&w, 'c', P | A, 1, 1, "hello");
	flow_tell_volumes(w.t);
	assert_int_equal(w.told, 1);
	assert_int_equal(w.volume.packets[0], 3);
	assert_int_equal(w.volume.packets[1], 1);
	assert_int_equal(w.volume.bytes[0], 3 * 40 + 5);
	assert_int_equal(w.volume.bytes[1], 40);
	flow_tell_volumes(w.t);
	assert_int_equal(w.told, 1);
	seg(&w, 'c', P | A, 1, 1, "hello");	/* it was on the wire, too */
	seg(&w, 's', F | A, 1, 6, "");
	seg(&w, 'c', F | A, 6, 2, "");
	seg(&w, 's', A, 2, 7, "");
	flow_tell_volumes(w.t);
	assert_int_equal(w.told, 2);
	assert_int_equal(w.volume.packets[0] + w.volume.packets[1], 8);
	assert_int_equal(w.met, 1);
	end(&w);
}

/*
 * A block of one side of a router ends behind the SYN, and one of the other is
 * read next: the home moves to that when it shows what the first had not. No
 * clock tells which of both SYNs was first.
 */
static void
what_a_home_had_not_shown_when_it_moves_counts(void **state)
{
	struct world	 w;
	unsigned	 first;

	(void)state;
	for (first = 0; first < 2; first++) {
		begin(&w);
		w.iface = (uint16_t)first;
		seg(&w, 'c', S, 0, 0, "");
		w.iface = !first;
		w.now -= first * 1000;
		assert_int_equal(seg(&w, 'c', S, 0, 0, ""), FLOW_AGAIN);
		assert_int_equal(seg(&w, 's', S | A, 0, 1, ""), FLOW_COUNTED);
		assert_int_equal(seg(&w, 'c', A, 1, 1, ""), FLOW_COUNTED);
		seg(&w, 'c', P | A, 1, 1, "hello");
		w.iface = (uint16_t)first;
		assert_int_equal(seg(&w, 's', S | A, 0, 1, ""), FLOW_AGAIN);
		assert_int_equal(seg(&w, 'c', A, 1, 1, ""), FLOW_AGAIN);
		assert_int_equal(seg(&w, 'c', P | A, 1, 1, "hello"),
		    FLOW_AGAIN);
		flow_tell_volumes(w.t);
		assert_int_equal(w.volume.packets[0], 3);
		assert_int_equal(w.volume.packets[1], 1);
		end(&w);
	}
}

/* The far side of a router is read first: the home moves to where it began. */
static void
what_counted_before_a_home_moved_does_not_again(void **state)
{
	struct world	 w;
	int		 i;

	(void)state;
	begin(&w);
	w.iface = 1;
	shake(&w);
	w.iface = 0;
	w.now -= 4000;
	for (i = 0; i < 2; i++) {
		assert_int_equal(seg(&w, 'c', S, 0, 0, ""), FLOW_AGAIN);
		assert_int_equal(seg(&w, 's', S | A, 0, 1, ""), FLOW_AGAIN);
		assert_int_equal(seg(&w, 'c', A, 1, 1, ""), FLOW_AGAIN);
		w.iface = 1;
		w.now -= 2500;
	}
	w.iface = 0;
	seg(&w, 'c', P | A, 1, 1, "hello");
	assert_int_equal(seg(&w, 's', A, 1, 6, ""), FLOW_COUNTED);
	w.shut = true;		/* it has no room, and has it again */
	assert_int_equal(seg(&w, 's', A, 1, 6, ""), FLOW_COUNTED);
	w.shut = false;
	assert_int_equal(seg(&w, 's', A, 1, 6, ""), FLOW_COUNTED);
	flow_tell_volumes(w.t);
	assert_int_equal(w.volume.packets[0], 3);
	assert_int_equal(w.volume.packets[1], 4);
	end(&w);
}

/* Its home missed the SYN-ACK, so that it moves at the ACK; nothing is said. */
static void
the_end_of_a_home_that_moved_counts(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 'c', S, 0, 0, "");
	w.iface = 1;
	seg(&w, 'c', S, 0, 0, "");
	seg(&w, 's', S | A, 0, 1, "");
	w.iface = 0;
	assert_int_equal(seg(&w, 'c', A, 1, 1, ""), FLOW_COUNTED);
	w.iface = 1;
	assert_int_equal(seg(&w, 'c', A, 1, 1, ""), FLOW_AGAIN);
	w.iface = 0;
	assert_int_equal(seg(&w, 'c', F | A, 1, 1, ""), FLOW_AGAIN);
	w.iface = 1;
	assert_int_equal(seg(&w, 'c', F | A, 1, 1, ""), FLOW_COUNTED);
	flow_flush(w.t, w.now);
	assert_int_equal(w.last.half[0].packets, 3);
	assert_int_equal(w.last.half[1].packets, 1);
	end(&w);
}

/*
 * What another interface showed first counted there; what is sent again after
 * its home has shown it, too, counts at home.
 */
static void
what_is_sent_again_counts_where_the_home_was_second(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	w.ip_id = 1;
	shake(&w);
	w.iface = 1;
	w.ip_id = 2;
	assert_int_equal(seg(&w, 'c', P | A, 1, 1, "hello"), FLOW_COUNTED);
	w.ip_id = 3;
	assert_int_equal(seg(&w, 'c', P | A, 6, 1, "world"), FLOW_COUNTED);
	w.iface = 0;
	w.ip_id = 2;
	assert_int_equal(seg(&w, 'c', P | A, 1, 1, "hello"), FLOW_AGAIN);
	w.ip_id = 3;
	assert_int_equal(seg(&w, 'c', P | A, 6, 1, "world"), FLOW_AGAIN);
	w.ip_id = 4;
	assert_int_equal(seg(&w, 'c', P | A, 6, 1, "world"), FLOW_COUNTED);
	w.iface = 1;
	assert_int_equal(seg(&w, 'c', P | A, 6, 1, "world"), FLOW_AGAIN);
	flow_tell_volumes(w.t);
	assert_int_equal(w.volume.packets[0], 2 + 3);
	end(&w);
}

/* Of what the other interface did not show, nothing counted there. */
static void
what_only_the_home_showed_counts_there(void **state)
{
	static const char	 text[] = "abcdefghi";
	static const int	 other[] = { 3, 5, 4, 8, 6, 2, 7 };
	struct world		 w;
	char			 one[2] = "";
	size_t			 i;

	(void)state;
	begin(&w);
	shake(&w);
	w.iface = 1;
	for (i = 0; i < nitems(other); i++) {
		one[0] = text[other[i]];
		assert_int_equal(seg(&w, 'c', A, 1 + (uint32_t)other[i], 1,
		    one), FLOW_COUNTED);
	}
	w.iface = 0;
	for (i = 0; i < sizeof(text) - 1; i++) {
		one[0] = text[i];
		assert_int_equal(seg(&w, 'c', A, 1 + (uint32_t)i, 1, one),
		    i >= 2 ? FLOW_AGAIN : FLOW_COUNTED);
	}
	flow_tell_volumes(w.t);
	assert_string_equal(w.log, "a>b>c>d>e>f>g>h>i>");
	assert_int_equal(w.volume.packets[0], 2 + 9);
	end(&w);
}

/* Nobody reads, so that next is behind what was overtaken. */
static void
what_was_overtaken_unread_is_no_copy(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	w.want = FLOW_SKIP;
	w.ip_id = 1;
	shake(&w);
	w.ip_id = 2;
	seg(&w, 'c', P | A, 1, 1, "one");
	w.ip_id = 3;
	seg(&w, 'c', P | A, 4, 1, "two");
	w.ip_id = 5;
	seg(&w, 'c', P | A, 12, 1, "four");
	w.ip_id = 4;
	assert_int_equal(seg(&w, 'c', P | A, 7, 1, "three"), FLOW_COUNTED);
	w.ip_id = 6;
	seg(&w, 'c', P | A, 16, 1, "five");
	assert_int_equal(seg(&w, 'c', P | A, 16, 1, "five"), FLOW_AGAIN);
	flow_tell_volumes(w.t);
	assert_int_equal(w.volume.packets[0], 2 + 5);
	end(&w);
}

/* What the other interface showed first waited for it. */
static void
what_waited_when_nobody_reads_any_more_is_known(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	w.want = FLOW_SKIP;
	shake(&w);
	w.iface = 1;
	assert_int_equal(seg(&w, 'c', P | A, 7, 1, "three"), FLOW_COUNTED);
	w.iface = 0;
	assert_int_equal(seg(&w, 'c', P | A, 1, 1, "one"), FLOW_COUNTED);
	assert_int_equal(seg(&w, 'c', P | A, 4, 1, "two"), FLOW_COUNTED);
	assert_int_equal(seg(&w, 'c', P | A, 7, 1, "three"), FLOW_AGAIN);
	assert_int_equal(seg(&w, 'c', F | A, 12, 1, ""), FLOW_COUNTED);
	flow_tell_volumes(w.t);
	assert_int_equal(w.volume.packets[0], 2 + 4);
	assert_string_equal(w.log, "one>$0>");
	flow_flush(w.t, w.now);
	assert_int_equal(w.lost, 0);
	end(&w);
}

/* A capture file may say whatever it likes. */
static void
frames_of_gigabytes_do_not_wrap(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	w.frame = 2000000000U;
	seg(&w, 'c', P | A, 1, 1, "a");
	w.frame = 4000000000U;
	seg(&w, 'c', P | A, 2, 1, "b");
	flow_tell_volumes(w.t);
	assert_true(w.volume.bytes[0] == 80 + 2000000000ULL +
	    4000000000ULL);
	end(&w);
}

static void
what_is_not_told_yet_is_told_when_it_goes(void **state)
{
	struct flow_config	 c;
	struct world		 w;

	(void)state;
	begin(&w);
	seg(&w, 'c', S, 0, 0, "");
	flow_tell_volumes(w.t);
	assert_int_equal(w.told, 0);
	flow_tick(w.t, w.now + 60000000);
	flow_tick(w.t, w.now + 120000000);
	assert_int_equal(flow_live(w.t), 0);
	assert_int_equal(w.told, 1);
	assert_int_equal(w.volume.packets[0], 1);
	/* nobody wants to know */
	flow_config_default(&c);
	c.volumes = false;
	flow_table_config(w.t, &c);
	come_and_go(&w, 1);
	flow_tell_volumes(w.t);
	assert_int_equal(w.told, 1);
	end(&w);
}

/*
 * It spoke once more after its place in the list was known, and behind it there
 * is always one that waits for its answer.
 */
static void
an_idle_one_goes_in_time_whatever_is_behind_it(void **state)
{
	const uint64_t	 idle = 300 * 1000000ULL;
	struct world	 w;
	uint64_t	 last;
	unsigned	 i;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "GET");
	flow_tick(w.t, w.now);
	w.now += 1000000;
	seg(&w, 's', P | A, 1, 4, "OK");
	seg(&w, 'c', A, 4, 3, "");
	last = w.now;
	for (i = 0; count(&w, FLOW_C_CLOSED_IDLE) == 0 && i < 20000; i++) {
		w.tuple = (uint16_t)(2 + i);
		shake(&w);
		seg(&w, 'c', P | A, 1, 1, "x");
		w.tuple = (uint16_t)(1 + i);
		if (i > 0)
			seg(&w, 'c', R | A, 2, 1, "");
		flow_tick(w.t, w.now);
		w.now += 46000;
		*w.log = '\0';
	}
	assert_in_range(w.now - last, idle, idle + idle / 32);
	end(&w);
}

static void
how_long_an_idle_one_stays_may_change(void **state)
{
	struct flow_config	 c;
	struct world		 w;
	const uint64_t		 idle = 300 * 1000000ULL;

	(void)state;
	begin(&w);
	shake(&w);
	flow_tick(w.t, w.now + FLOW_QUIET_US * 2);
	flow_tick(w.t, w.now + idle - 1000000);
	assert_int_equal(flow_live(w.t), 1);
	flow_config_default(&c);
	c.idle_us = idle / 2;
	flow_table_config(w.t, &c);
	flow_tick(w.t, w.now + idle / 2 - 1000000);
	assert_int_equal(flow_live(w.t), 1);
	flow_tick(w.t, w.now + idle / 2 + idle / 32);
	assert_int_equal(flow_live(w.t), 0);
	/* and the clock may go far back */
	shake(&w);
	flow_tick(w.t, w.now + FLOW_QUIET_US * 2);
	flow_tick(w.t, w.now + 1000000);
	w.now -= idle;
	flow_tick(w.t, w.now);
	flow_tick(w.t, w.now + idle / 2 - 1000000);
	assert_int_equal(flow_live(w.t), 1);
	flow_tick(w.t, w.now + idle / 2 + idle / 32);
	assert_int_equal(flow_live(w.t), 0);
	end(&w);
}

/* While room is short those that speak are told from the one that does not. */
static void
the_idle_one_goes_first_where_there_is_little_room(void **state)
{
	const unsigned	 many = 60, silent = many - 1;
	struct world	 w;
	unsigned	 i, round;

	(void)state;
	begin_with(&w, 64 << 20, many);
	for (round = 0; round < 40; round++) {
		for (i = 0; i < many; i++) {
			w.tuple = (uint16_t)i;
			if (round == 0)
				shake(&w);
			else if (i != silent)
				seg(&w, 'c', A, 1, 1, "");
		}
		flow_tick(w.t, w.now + (round == 0) * FLOW_QUIET_US);
	}
	assert_int_equal(w.closed, 0);
	w.tuple = (uint16_t)many;
	seg(&w, 'c', S, 0, 0, "");
	assert_int_equal(w.closed, 1);
	assert_int_equal(w.how, FLOW_EOF_SHED);
	assert_int_equal(w.last.key.a.port, 4000 + silent);
	end(&w);
}

/* More connections at once than are remembered to have something to tell. */
static void
volumes_of_very_many_are_all_told(void **state)
{
	const unsigned	 many = 10000;
	struct world	 w;
	unsigned	 i;

	(void)state;
	begin(&w);
	for (i = 0; i < many; i++) {
		w.tuple = (uint16_t)i;
		seg(&w, 'c', S, 0, 0, "");
		w.now -= 999;
	}
	assert_true(w.told > 0);
	for (i = 0; i < many; i++) {
		w.tuple = (uint16_t)i;
		seg(&w, 's', S | A, 0, 1, "");
		seg(&w, 'c', P | A, 1, 1, "x");
		w.now -= 1998;
	}
	flow_tell_volumes(w.t);
	assert_int_equal(w.volume.packets[0], 2 * many);
	assert_int_equal(w.volume.packets[1], many);
	assert_int_equal(w.met, many);
	end(&w);
}

/* Whatever side of the translation is read first, and it counts once. */
static void
behind_nat_the_volume_is_of_the_client_itself(void **state)
{
	static const uint8_t	 inside[4] = { 10, 0, 0, 1 };
	struct world		 w;
	struct addr		 client;
	int			 first;

	(void)state;
	addr_from4(&client, inside);
	for (first = 0; first < 2; first++) {
		begin(&w);
		nat(&w, first, 'c', S, 100111, 0, "");
		nat(&w, first, 's', S | A, 200222, 100112, "");
		nat(&w, first, 'c', P | A, 100112, 200223, "ask");
		nat(&w, first, 's', P | A, 200223, 100115, "say");
		nat(&w, !first, 'c', S, 100111, 0, "");
		nat(&w, !first, 's', S | A, 200222, 100112, "");
		assert_true(count(&w, FLOW_C_NAT) == 1);
		nat(&w, !first, 'c', P | A, 100112, 200223, "ask");
		nat(&w, !first, 's', P | A, 200223, 100115, "say");
		/* the other side shows these first */
		nat(&w, !first, 's', P | A, 200226, 100115, "more");
		nat(&w, first, 's', P | A, 200226, 100115, "more");
		flow_tell_volumes(w.t);
		assert_int_equal(w.volume.packets[0], 2);
		assert_int_equal(w.volume.packets[1], 3);
		assert_int_equal(addr_cmp(&w.near, &client), 0);
		end(&w);
	}
}

/* A whole connection as one side of the translation shows it. */
static void
nat_all(struct world *w, int after, uint32_t isn)
{
	nat(w, after, 'c', S, isn, 0, "");
	nat(w, after, 's', S | A, isn + 7, isn + 1, "");
	nat(w, after, 'c', P | A, isn + 1, isn + 8, "ask");
	nat(w, after, 's', P | A, isn + 8, isn + 4, "say");
	nat(w, after, 'c', F | A, isn + 4, isn + 11, "");
	nat(w, after, 's', F | A, isn + 11, isn + 5, "");
	nat(w, after, 'c', A, isn + 5, isn + 12, "");
}

/* That an address masks others was learned from the first one. */
static void
behind_nat_the_client_is_told_whoever_is_read_first(void **state)
{
	struct world	 w;
	struct addr	 inside;
	uint64_t	 began;

	(void)state;
	addr_from4(&inside, (const uint8_t[]){ 10, 0, 0, 1 });
	begin(&w);
	nat_all(&w, 0, 100111);
	nat_all(&w, 1, 100111);
	assert_int_equal(w.opened, 1);
	w.now += 10000000;
	flow_tick(w.t, w.now);
	began = w.now;
	w.log[0] = '\0';
	w.now += 100;
	nat_all(&w, 1, 500555);
	assert_string_equal(w.log, "");		/* whose it is may come */
	assert_true(count(&w, FLOW_C_MASKED) == 1);
	flow_tell_volumes(w.t);
	w.now = began;
	nat_all(&w, 0, 500555);
	flow_tell_volumes(w.t);
	assert_int_equal(w.met, 2);
	assert_int_equal(w.volume.packets[0], 2 * 4);
	assert_int_equal(w.volume.packets[1], 2 * 3);
	assert_int_equal(addr_cmp(&w.near, &inside), 0);
	assert_string_equal(w.log, "ask>say<$0>$0<.");
	assert_int_equal(w.opened, 2);
	assert_int_equal(w.closed, 2);
	assert_int_equal(addr_cmp(&w.last.key.a.addr, &inside), 0);
	assert_true(count(&w, FLOW_C_NAT) == 2);
	end(&w);
}

static void
what_is_not_masked_does_not_wait_long(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	nat_all(&w, 0, 100111);
	nat_all(&w, 1, 100111);
	w.now += 10000000;
	flow_tick(w.t, w.now);
	w.log[0] = '\0';
	nat_all(&w, 1, 500555);
	assert_string_equal(w.log, "");
	flow_tick(w.t, w.now + FLOW_HOLE_US - 10000);
	assert_string_equal(w.log, "");
	flow_tick(w.t, w.now + FLOW_HOLE_US + 10000);
	assert_string_equal(w.log, "ask>say<$0>$0<.");
	assert_int_equal(w.opened, 2);
	end(&w);
}

/* 10.0.0.9, the address that nat() translates to, and others around it. */
static void
tell_local(struct world *w)
{
	struct addr	 a[3];

	addr_from4(&a[0], (const uint8_t[]){ 192, 0, 2, 1 });
	addr_from4(&a[1], (const uint8_t[]){ 10, 0, 0, 9 });
	addr_from4(&a[2], (const uint8_t[]){ 10, 0, 0, 3 });
	flow_set_local(w->t, a, nitems(a));
}

/* What it showed before it was known for another one does not count. */
static void
what_only_an_alias_showed_counts_at_home(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	tell_local(&w);
	nat(&w, 0, 'c', S, 100111, 0, "");
	nat(&w, 1, 'c', S, 100111, 0, "");
	nat(&w, 1, 's', S | A, 200222, 100112, "");
	nat(&w, 1, 'c', P | A, 100112, 200223, "ask");
	nat(&w, 0, 's', S | A, 200222, 100112, "");
	assert_true(count(&w, FLOW_C_NAT) == 1);
	assert_int_equal(nat(&w, 1, 'c', P | A, 100115, 200223, "more"),
	    FLOW_COUNTED);
	assert_int_equal(nat(&w, 0, 'c', P | A, 100112, 200223, "ask"),
	    FLOW_COUNTED);
	assert_int_equal(nat(&w, 0, 'c', P | A, 100115, 200223, "more"),
	    FLOW_AGAIN);
	flow_tell_volumes(w.t);
	assert_string_equal(w.log, "ask>more>");
	assert_int_equal(w.volume.packets[0], 3);
	assert_int_equal(w.volume.packets[1], 1);
	end(&w);
}

/* An ACK, or the first data, tells that its tuple is another one's. */
static void
what_makes_an_alias_known_counts_once(void **state)
{
	struct world	 w;
	int		 met;

	(void)state;
	for (met = 0; met < 2; met++) {
		begin(&w);
		if (!met) {
			nat(&w, 0, 'c', S, 100111, 0, "");
			nat(&w, 1, 'c', S, 100111, 0, "");
			nat(&w, 0, 's', S | A, 200222, 100112, "");
		}
		nat(&w, 0, 'c', A, 100112, 200223, met ? "ask" : "");
		assert_int_equal(nat(&w, 1, 'c', A, 100112, 200223,
		    met ? "ask" : ""), FLOW_AGAIN);
		assert_true(count(&w, FLOW_C_NAT) == 1);
		nat(&w, 0, 'c', A, met ? 100115 : 100112, 200223, "more");
		flow_flush(w.t, w.now);
		flow_tell_volumes(w.t);
		assert_int_equal(w.volume.packets[0], met ? 2 : 3);
		end(&w);
	}
}

/* Nothing was to be learned: the first one, its outer side read first. */
static void
an_address_of_this_host_masks_from_the_start(void **state)
{
	struct world	 w;
	struct addr	 inside;

	(void)state;
	addr_from4(&inside, (const uint8_t[]){ 10, 0, 0, 1 });
	begin(&w);
	tell_local(&w);
	w.now += 100;
	nat_all(&w, 1, 100111);
	assert_string_equal(w.log, "");
	assert_true(count(&w, FLOW_C_MASKED) == 1);
	flow_tell_volumes(w.t);
	w.now = 1000000000;
	nat_all(&w, 0, 100111);
	flow_tell_volumes(w.t);
	assert_string_equal(w.log, "ask>say<$0>$0<.");
	assert_int_equal(w.opened, 1);
	assert_int_equal(addr_cmp(&w.last.key.a.addr, &inside), 0);
	assert_int_equal(addr_cmp(&w.near, &inside), 0);
	assert_int_equal(w.volume.packets[0], 4);
	/* it is no such address any more, but what was seen is known */
	flow_set_local(w.t, NULL, 0);
	w.now += 10000000;
	flow_tick(w.t, w.now);
	nat_all(&w, 1, 200222);
	assert_true(count(&w, FLOW_C_MASKED) == 2);
	end(&w);
}

/* Nothing is said on it, so there is nothing to hold but its end. */
static void
an_end_waits_for_its_other_side_too(void **state)
{
	struct world	 w;
	struct addr	 inside;
	int		 side;

	(void)state;
	addr_from4(&inside, (const uint8_t[]){ 10, 0, 0, 1 });
	begin(&w);
	tell_local(&w);
	w.now += 100;
	for (side = 1; side >= 0; side--) {
		nat(&w, side, 'c', S, 100111, 0, "");
		nat(&w, side, 's', S | A, 200222, 100112, "");
		nat(&w, side, 'c', A, 100112, 200223, "");
		nat(&w, side, 'c', F | A, 100112, 200223, "");
		nat(&w, side, 's', F | A, 200223, 100113, "");
		assert_int_equal(w.opened, !side);
		w.now = 1000000000;
	}
	assert_int_equal(w.closed, 1);
	assert_int_equal(addr_cmp(&w.last.key.a.addr, &inside), 0);
	assert_true(count(&w, FLOW_C_MASKED) == 1);
	assert_true(count(&w, FLOW_C_NAT) == 1);
	w.now += 10000000;
	flow_tick(w.t, w.now);
	nat(&w, 1, 'c', S, 300333, 0, "");
	nat(&w, 1, 's', S | A, 400444, 300334, "");
	nat(&w, 1, 's', F | A, 400445, 300334, "");
	nat(&w, 1, 'c', F | A, 300334, 400446, "");
	assert_int_equal(w.closed, 1);
	flow_tick(w.t, w.now + FLOW_HOLE_US + 10000);
	assert_int_equal(w.closed, 2);
	end(&w);
}

/*
 * A program on the router asks by itself, or passes on what it was asked: as
 * long as nobody knows, it waits for a moment, and is told for what it is.
 */
static void
what_this_host_begins_itself_is_its_own(void **state)
{
	struct world	 w;
	struct addr	 router;
	unsigned	 i;

	(void)state;
	addr_from4(&router, (const uint8_t[]){ 10, 0, 0, 9 });
	begin(&w);
	tell_local(&w);
	w.here = true;
	for (i = 1; i <= 40; i++) {
		w.now += 10000000;
		flow_tick(w.t, w.now);
		nat_all(&w, 1, i * 100111);
		assert_int_equal(w.opened, i <= 16 ? i - 1 : i);
		flow_tick(w.t, w.now + FLOW_HOLE_US + 10000);
		assert_int_equal(w.opened, i);
		assert_int_equal(addr_cmp(&w.last.key.a.addr, &router), 0);
	}
	assert_true(count(&w, FLOW_C_MASKED) == 16);
	w.now += 10000000;
	flow_tick(w.t, w.now);
	nat_all(&w, 0, 500555);
	nat_all(&w, 1, 700777);
	assert_int_equal(w.opened, 42);
	assert_true(count(&w, FLOW_C_NAT) == 0);
	end(&w);
}

/* A bridge that translates makes no hop of it. */
static void
a_bridge_masks_without_a_hop(void **state)
{
	struct world	 w;
	struct addr	 inside;
	uint64_t	 began;

	(void)state;
	addr_from4(&inside, (const uint8_t[]){ 10, 0, 0, 1 });
	begin(&w);
	tell_local(&w);
	w.here = true;
	began = w.now;
	w.now += 100;
	nat_all(&w, 1, 500555);
	assert_string_equal(w.log, "");
	w.now = began;
	nat_all(&w, 0, 500555);
	assert_int_equal(w.opened, 1);
	assert_int_equal(addr_cmp(&w.last.key.a.addr, &inside), 0);
	assert_true(count(&w, FLOW_C_NAT) == 1);
	/* All of it that was shown elsewhere before is a sighting. */
	assert_int_equal(w.last.nseen, 1);
	assert_int_equal(w.last.seen[0].packets, 7);
	assert_int_equal(addr_cmp(&w.last.seen[0].key.a.addr, &inside) == 0,
	    0);
	end(&w);
}

/*
 * The other side is not watched, or this host sets another hop count: after
 * some that waited for nothing no more do, until one was translated.
 */
static void
what_never_has_another_side_waits_no_more(void **state)
{
	struct world	 w;
	unsigned	 i;

	(void)state;
	begin(&w);
	tell_local(&w);
	for (i = 1; i <= 40; i++) {
		w.now += 10000000;
		flow_tick(w.t, w.now);
		nat_all(&w, 1, i * 100111);
		flow_tick(w.t, w.now + FLOW_HOLE_US + 10000);
		assert_int_equal(w.opened, i);
		assert_int_equal(w.closed, i);
	}
	assert_true(count(&w, FLOW_C_MASKED) == 16);
	w.now += 10000000;
	flow_tick(w.t, w.now);
	nat_all(&w, 0, 55555555);
	nat_all(&w, 1, 55555555);
	w.now += 10000000;
	flow_tick(w.t, w.now);
	nat_all(&w, 1, 66666666);
	assert_true(count(&w, FLOW_C_MASKED) == 17);
	end(&w);
}

/* More addresses than are known: the first ones are. */
static void
local_addresses_are_bounded(void **state)
{
	static struct addr	 a[3000];
	struct world		 w;
	unsigned		 i;

	(void)state;
	for (i = 0; i < nitems(a); i++)
		addr_from4(&a[i], (const uint8_t[]){ 172, 16,
		    (uint8_t)(i >> 8), (uint8_t)i });
	addr_from4(&a[1023], (const uint8_t[]){ 10, 0, 0, 9 });
	begin(&w);
	flow_set_local(w.t, a, nitems(a));
	nat_all(&w, 1, 100111);
	assert_true(count(&w, FLOW_C_MASKED) == 1);
	flow_set_local(w.t, a, 1023);
	w.now += 10000000;
	flow_tick(w.t, w.now);
	nat_all(&w, 1, 200222);
	assert_true(count(&w, FLOW_C_MASKED) == 1);
	end(&w);
}

/* A place of the table may be another one's: that is forgotten, and counted. */
static void
translators_that_are_too_many_are_forgotten_and_counted(void **state)
{
	const uint8_t	 many = 65;
	struct world	 w;
	uint64_t	 gone;
	int		 side, i;

	(void)state;
	begin(&w);
	for (side = 0; side < 2; side++) {
		w.mask = 10;
		nat_all(&w, side, 100111);
	}
	for (i = 0; i < many; i++) {
		w.now += 10000000;
		flow_tick(w.t, w.now);
		assert_true(i > 1 || count(&w, FLOW_C_MASK_GONE) == 0);
		w.mask = (uint8_t)(10 + i);
		nat_all(&w, 0, 200222);
		nat_all(&w, 1, 200222);
	}
	assert_true(count(&w, FLOW_C_NAT) == many + 1U);
	gone = count(&w, FLOW_C_MASK_GONE);
	assert_true(gone > 0 && gone < many);
	for (i = 0; i < many; i++) {
		w.now += 10000000;
		flow_tick(w.t, w.now);
		w.mask = (uint8_t)(10 + i);
		nat_all(&w, 1, 300333);
	}
	assert_true(count(&w, FLOW_C_MASKED) == many - gone);
	end(&w);
}

/* Of the inner side the answer is read first, on an interface of its own. */
static void
who_comes_first_is_not_told_by_an_answer(void **state)
{
	struct world	 w;
	struct addr	 inside;
	uint64_t	 began;

	(void)state;
	addr_from4(&inside, (const uint8_t[]){ 10, 0, 0, 1 });
	begin(&w);
	began = w.now;
	w.over = 2;
	w.now = began + 2500;
	nat(&w, 0, 's', S | A, 200222, 100112, "");
	w.over = 0;
	w.now = began + 100;
	nat(&w, 1, 'c', S, 100111, 0, "");
	nat(&w, 1, 's', S | A, 200222, 100112, "");
	nat(&w, 1, 'c', P | A, 100112, 200223, "ask");
	nat(&w, 1, 's', P | A, 200223, 100115, "say");
	w.over = 3;
	w.now = began;
	nat(&w, 0, 'c', S, 100111, 0, "");
	w.now += 1000;
	nat(&w, 0, 'c', P | A, 100112, 200223, "ask");
	w.over = 2;
	nat(&w, 0, 's', P | A, 200223, 100115, "say");
	flow_flush(w.t, w.now);
	assert_int_equal(w.closed, 1);
	assert_true(count(&w, FLOW_C_NAT) == 1);
	assert_string_equal(w.log, "ask>say<$2>$2<.");
	assert_int_equal(addr_cmp(&w.last.key.a.addr, &inside), 0);
	end(&w);
}

/* The SYN was read behind its answer, and the outer side behind both. */
static void
it_begins_with_its_syn_whenever_that_is_read(void **state)
{
	struct world	 w;
	struct addr	 inside;
	uint64_t	 began;

	(void)state;
	addr_from4(&inside, (const uint8_t[]){ 10, 0, 0, 1 });
	begin(&w);
	began = w.now;
	w.over = 2;
	w.now = began + 2500;
	nat(&w, 0, 's', S | A, 200222, 100112, "");
	w.over = 3;
	w.now = began;
	nat(&w, 0, 'c', S, 100111, 0, "");
	w.over = 0;
	w.now = began + 100;
	nat(&w, 1, 'c', S, 100111, 0, "");
	nat(&w, 1, 's', S | A, 200222, 100112, "");
	nat(&w, 1, 'c', P | A, 100112, 200223, "ask");
	flow_flush(w.t, w.now);
	assert_int_equal(w.closed, 1);
	assert_true(count(&w, FLOW_C_NAT) == 1);
	assert_int_equal(addr_cmp(&w.last.key.a.addr, &inside), 0);
	assert_true(w.last.first_us == began + 1000);
	end(&w);
}

/* A SYN proxy sends its own SYN, which comes from here, but for somebody. */
static void
a_syn_proxy_asks_for_others(void **state)
{
	struct world	 w;
	struct addr	 inside;

	(void)state;
	addr_from4(&inside, (const uint8_t[]){ 10, 0, 0, 1 });
	begin(&w);
	tell_local(&w);
	w.now += 10000;
	w.here = true;
	nat(&w, 1, 'c', S, 100111, 200222, "");
	nat(&w, 1, 's', S | A, 301000, 100112, "");
	w.here = false;
	nat(&w, 1, 'c', P | A, 100112, 301001, "ask");
	assert_string_equal(w.log, "");
	w.now -= 10000;
	nat(&w, 0, 'c', S, 100111, 0, "");
	nat(&w, 0, 's', S | A, 200222, 100112, "");
	nat(&w, 0, 'c', A, 100112, 200223, "");
	w.now += 3000;
	nat(&w, 0, 'c', P | A, 100112, 200223, "ask");
	assert_string_equal(w.log, "ask>");
	assert_true(count(&w, FLOW_C_MASKED) == 1);
	assert_true(count(&w, FLOW_C_NAT) == 1);
	flow_flush(w.t, w.now);
	assert_int_equal(w.closed, 1);
	assert_int_equal(addr_cmp(&w.last.key.a.addr, &inside), 0);
	end(&w);
}

/* The server's numbers are others there, but its SYN tells the first ones. */
static void
a_syn_proxy_that_translates_makes_one_connection(void **state)
{
	struct world	 w;
	int		 far_first;

	(void)state;
	for (far_first = 0; far_first < 2; far_first++) {
		begin(&w);
		if (far_first) {
			nat(&w, 1, 'c', S, 100111, 200222, "");
			w.now -= 8000;
		}
		nat(&w, 0, 'c', S, 100111, 0, "");
		nat(&w, 0, 's', S | A, 200222, 100112, "");
		nat(&w, 0, 'c', A, 100112, 200223, "");
		w.now += 8000;
		if (!far_first)
			nat(&w, 1, 'c', S, 100111, 200222, "");
		assert_true(count(&w, FLOW_C_NAT) == 1);
		assert_int_equal(nat(&w, 1, 's', S | A, 301000, 100112, ""),
		    FLOW_AGAIN);
		assert_int_equal(nat(&w, 1, 'c', A, 100112, 301001, ""),
		    FLOW_AGAIN);
		nat(&w, 0, 'c', P | A, 100112, 200223, "ask");
		nat(&w, 1, 'c', P | A, 100112, 301001, "ask");
		assert_int_equal(nat(&w, 1, 's', P | A, 301001, 100115, "say"),
		    FLOW_COUNTED);
		nat(&w, 0, 's', P | A, 200223, 100115, "say");
		assert_string_equal(w.log, "ask>say<");
		assert_int_equal(w.opened, 1);
		flow_flush(w.t, w.now);
		assert_int_equal(w.closed, 1);
		assert_true(count(&w, FLOW_C_UNSEEN) == 0);
		end(&w);
	}
}

static void
a_syn_proxy_that_translates_may_miss_its_own_syn(void **state)
{
	struct world	 w;
	int		 far_first;

	(void)state;
	for (far_first = 0; far_first < 2; far_first++) {
		begin(&w);
		if (far_first)
			nat(&w, 1, 's', S | A, 90301000, 100112, "");
		nat(&w, 0, 'c', S, 100111, 0, "");
		w.shut = true;
		nat(&w, 0, 's', S | A, 200222, 100112, "");
		w.shut = false;
		nat(&w, 0, 'c', A, 100112, 200223, "");
		if (!far_first)
			nat(&w, 1, 's', S | A, 90301000, 100112, "");
		assert_true(count(&w, FLOW_C_NAT) == 1);
		nat(&w, 1, 'c', A, 100112, 90301001, "");
		nat(&w, 0, 'c', P | A, 100112, 200223, "ask");
		nat(&w, 1, 'c', P | A, 100112, 90301001, "ask");
		nat(&w, 1, 's', P | A, 90301001, 100115, "say");
		nat(&w, 0, 's', P | A, 200223, 100115, "say");
		assert_string_equal(w.log, "ask>say<");
		assert_int_equal(w.opened, 1);
		end(&w);
	}
}

/* A bridge that sends a SYN on twice gets two answers. */
static void
a_second_answer_is_no_other_connection(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	nat(&w, 0, 'c', S, 100111, 0, "");
	nat(&w, 0, 's', S | A, 200222, 100112, "");
	nat(&w, 1, 's', S | A, 200222, 100112, "");
	assert_true(count(&w, FLOW_C_NAT) == 1);
	assert_int_equal(nat(&w, 1, 's', S | A, 90000000, 100112, ""),
	    FLOW_AGAIN);
	nat(&w, 1, 'c', S, 100111, 0, "");
	assert_int_equal(nat(&w, 1, 's', S | A, 90000000, 100112, ""),
	    FLOW_AGAIN);
	nat(&w, 0, 'c', A, 100112, 200223, "");
	nat(&w, 1, 'c', P | A, 100112, 200223, "ask");
	nat(&w, 0, 'c', P | A, 100112, 200223, "ask");
	nat(&w, 0, 's', P | A, 200223, 100115, "say");
	assert_true(count(&w, FLOW_C_NAT) == 1);
	assert_string_equal(w.log, "ask>say<");
	assert_int_equal(w.opened, 1);
	end(&w);
}

static void
nor_is_one_after_a_reset(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', R, 1, 0, "");
	seg(&w, 's', S | A, 90000000, 1, "");
	seg(&w, 'c', P | A, 1, 1, "ask");
	seg(&w, 's', P | A, 1, 4, "say");
	assert_string_equal(w.log, "ask>say<");
	assert_int_equal(w.opened, 1);
	assert_true(count(&w, FLOW_C_REUSED) == 0);
	end(&w);
}

/* A packet of a hairpin: 1 asks 2, which is 3 and sees 2 ask. */
static void
pin(struct world *w, uint16_t iface, uint8_t ttl, uint8_t src, uint8_t dst,
    uint8_t flags, uint32_t seq)
{
	bool			 ask = !(flags & A);
	struct pcapgen_seg	 s = { .src = src, .dst = dst,
				    .sport = ask ? 4000 : 80,
				    .dport = ask ? 80 : 4000,
				    .flags = flags, .seq = seq,
				    .ack = ask ? 0 : 100112 };

	w->iface = iface;
	w->ttl = ttl;
	raw(w, &s, false);
}

/* A packet at the one device of a NAT64, which makes 2 of 64:ff9b::2. */
static void
at_nat64(struct world *w, bool six, uint8_t src, uint8_t dst, uint8_t flags,
    uint32_t seq)
{
	w->six = six;
	pin(w, 1, flags & A ? 63 + !six : 63 + six, src, dst, flags, seq);
}

/* tayga has one tun device, which shows both families. */
static void
both_families_at_the_device_of_a_nat64_are_one_connection(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	at_nat64(&w, true, 1, 2, S, 100111);
	at_nat64(&w, false, 9, 2, S, 100111);
	at_nat64(&w, false, 2, 9, S | A, 200222);
	at_nat64(&w, true, 2, 1, S | A, 200222);
	assert_true(count(&w, FLOW_C_NAT) == 1);
	end(&w);
	begin(&w);		/* another server: another connection */
	at_nat64(&w, true, 1, 2, S, 100111);
	at_nat64(&w, false, 9, 3, S, 100111);
	at_nat64(&w, false, 3, 9, S | A, 200222);
	at_nat64(&w, true, 2, 1, S | A, 200222);
	assert_true(count(&w, FLOW_C_NAT) == 0);
	end(&w);
}

/*
 * A bridge that filters and hands each frame up, too, as a promiscuous one
 * does, shows what is translated at one end only after the router both ways.
 */
static void
a_hairpin_that_is_sent_twice_is_one_connection(void **state)
{
	struct pcapgen_seg	 ask = { .src = 2, .dst = 3, .sport = 4000,
				    .dport = 80, .seq = 100112,
				    .ack = 200223, .flags = P | A,
				    .data = "ask", .len = 3 };
	struct pcapgen_seg	 say = { .src = 3, .dst = 2, .sport = 80,
				    .dport = 4000, .seq = 200223,
				    .ack = 100115, .flags = P | A,
				    .data = "say", .len = 3 };
	struct world		 w;

	(void)state;
	begin(&w);
	pin(&w, 1, 64, 1, 2, S, 100111);
	pin(&w, 2, 64, 2, 3, S, 100111);
	pin(&w, 2, 63, 1, 3, S, 100111);
	pin(&w, 2, 64, 3, 2, S | A, 200222);
	pin(&w, 1, 64, 2, 1, S | A, 200222);
	pin(&w, 1, 63, 3, 1, S | A, 200222);
	assert_true(count(&w, FLOW_C_NAT) == 2);
	end(&w);
	begin(&w);		/* the stray answer is read first */
	pin(&w, 2, 64, 2, 3, S, 100111);
	pin(&w, 2, 63, 1, 3, S, 100111);
	pin(&w, 2, 64, 3, 2, S | A, 200222);
	pin(&w, 2, 64, 3, 1, S | A, 90000000);
	w.now -= 8000;
	pin(&w, 1, 64, 1, 2, S, 100111);
	pin(&w, 1, 64, 2, 1, S | A, 200222);
	pin(&w, 1, 63, 3, 1, S | A, 200222);
	assert_true(count(&w, FLOW_C_NAT) == 2);
	end(&w);
	begin(&w);		/* its tuple, too */
	pin(&w, 2, 63, 1, 3, S, 100111);
	pin(&w, 2, 64, 2, 3, S, 100111);
	pin(&w, 2, 64, 3, 2, S | A, 200222);
	pin(&w, 2, 64, 3, 1, S | A, 90000000);
	w.now -= 8000;
	pin(&w, 1, 63, 3, 1, S | A, 200222);
	assert_true(count(&w, FLOW_C_NAT) == 1);
	w.iface = 2;
	w.ttl = 64;
	raw(&w, &ask, false);
	raw(&w, &say, false);
	assert_string_equal(w.log, "ask>say<");
	end(&w);
}

/* By chance the server's two numbers are near each other. */
static void
both_answers_of_a_syn_proxy_may_be_near(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	nat(&w, 1, 'c', S, 100111, 200222, "");
	nat(&w, 1, 's', S | A, 301000, 100112, "");
	nat(&w, 1, 'c', A, 100112, 301001, "");
	w.now -= 8000;
	nat(&w, 0, 'c', S, 100111, 0, "");
	nat(&w, 0, 's', S | A, 200222, 100112, "");
	assert_true(count(&w, FLOW_C_NAT) == 1);
	nat(&w, 0, 'c', A, 100112, 200223, "");
	nat(&w, 0, 'c', P | A, 100112, 200223, "ask");
	nat(&w, 1, 'c', P | A, 100112, 301001, "ask");
	nat(&w, 1, 's', P | A, 301001, 100115, "say");
	nat(&w, 0, 's', P | A, 200223, 100115, "say");
	assert_string_equal(w.log, "ask>say<");
	assert_int_equal(w.opened, 1);
	end(&w);
}

/* Before and after a router that has one leg. */
static void
hop(struct world *w, char who, uint8_t flags, uint32_t seq, uint32_t ack,
    const char *data)
{
	w->ttl = 64;
	seg(w, who, flags, seq, ack, data);
	w->ttl = 63;
	seg(w, who, flags, seq, ack, data);
}

static void
a_copy_from_a_hop_further_is_not_sent_again(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	hop(&w, 'c', S, 0, 0, "");
	hop(&w, 's', S | A, 0, 1, "");
	hop(&w, 'c', A, 1, 1, "");
	hop(&w, 'c', P | A, 1, 1, "ask");
	hop(&w, 's', P | A, 1, 4, "te");
	hop(&w, 's', P | A, 3, 4, "ll");
	hop(&w, 'c', A, 4, 3, "");
	assert_true(count(&w, FLOW_C_RETRANS) == 0);
	assert_true(count(&w, FLOW_C_DUP_ACK) == 0);
	assert_true(count(&w, FLOW_C_SEEN_AGAIN) == 6);
	hop(&w, 's', P | A, 3, 4, "ll");
	assert_true(count(&w, FLOW_C_RETRANS) == 1);
	hop(&w, 'c', A, 4, 3, "");
	assert_true(count(&w, FLOW_C_DUP_ACK) == 1);
	hop(&w, 'c', F | A, 4, 5, "");
	hop(&w, 's', F | A, 5, 5, "");
	assert_string_equal(w.log, "ask>te<ll<$0>$0<.");
	assert_int_equal(w.last.half[0].packets, 6 + 1);
	assert_int_equal(w.last.half[1].packets, 5);
	end(&w);
}

/* As a mirror port shows it that copies both ways. */
static void
twice(struct world *w, uint16_t id, char who, uint8_t flags, uint32_t seq,
    uint32_t ack, const char *data)
{
	w->ip_id = id;
	seg(w, who, flags, seq, ack, data);
	seg(w, who, flags, seq, ack, data);
}

static void
a_copy_with_the_same_number_is_not_sent_again(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	twice(&w, 10, 'c', P | A, 1, 1, "as");
	twice(&w, 11, 'c', P | A, 3, 1, "k");
	assert_true(count(&w, FLOW_C_RETRANS) == 1);	/* no second yet */
	twice(&w, 70, 's', P | A, 1, 4, "te");
	twice(&w, 71, 's', P | A, 3, 4, "ll");
	assert_true(count(&w, FLOW_C_RETRANS) == 2);
	twice(&w, 72, 's', P | A, 3, 4, "ll");
	assert_true(count(&w, FLOW_C_RETRANS) == 3);
	twice(&w, 12, 'c', A, 4, 3, "");
	assert_true(count(&w, FLOW_C_DUP_ACK) == 0);
	assert_string_equal(w.log, "as>k>te<ll<");
	/* Some number none of theirs. */
	twice(&w, 0, 's', P | A, 5, 4, "00");
	twice(&w, 0, 's', P | A, 7, 4, "00");
	assert_int_equal(count(&w, FLOW_C_RETRANS), 5);
	end(&w);
}

/* The same, of copies that follow at once, from the first packet on. */
static void
a_copy_that_follows_at_once_is_not_sent_again(void **state)
{
	struct world	 w;
	size_t		 i;
	const struct {
		char		 who;
		uint8_t		 flags;
		uint32_t	 seq, ack;
		const char	*data;
	} all[] = {
		{ 'c', S, 0, 0, "" }, { 's', S | A, 0, 1, "" },
		{ 'c', A, 1, 1, "" }, { 'c', P | A, 1, 1, "ask" },
		{ 's', P | A, 1, 4, "tell" }, { 's', F | A, 5, 4, "" },
	};

	(void)state;
	begin(&w);		/* of IPv6, say, which has no numbers */
	for (i = 0; i < nitems(all); i++) {
		seg(&w, all[i].who, all[i].flags, all[i].seq, all[i].ack,
		    all[i].data);
		w.now -= 990;
		seg(&w, all[i].who, all[i].flags, all[i].seq, all[i].ack,
		    all[i].data);
	}
	assert_string_equal(w.log, "ask>tell<$0<");
	assert_true(count(&w, FLOW_C_RETRANS) == 0);
	assert_true(count(&w, FLOW_C_SEEN_AGAIN) == 4);
	end(&w);
}

/* What is sent again that soon has later bytes before it, or a new number. */
static void
what_is_sent_again_at_once_is_no_copy(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	w.ip_id = 10;
	seg(&w, 'c', P | A, 1, 1, "ask");
	w.ip_id = 11;
	w.now -= 900;
	seg(&w, 'c', P | A, 1, 1, "ask");
	assert_true(count(&w, FLOW_C_RETRANS) == 1);
	seg(&w, 's', P | A, 1, 4, "te");
	w.now -= 900;
	seg(&w, 's', P | A, 3, 4, "ll");
	w.now -= 900;
	seg(&w, 's', P | A, 1, 4, "te");
	assert_true(count(&w, FLOW_C_RETRANS) == 2);
	assert_true(count(&w, FLOW_C_SEEN_AGAIN) == 0);
	end(&w);
}

/* Several packets, and then their copies. */
static void
copies_that_follow_together_are_not_sent_again(void **state)
{
	static const char	*const data[] = { "te", "ll", "me" };
	struct world		 w;
	uint16_t		 i, n;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ask");
	w.ip_id = 65500;
	seg(&w, 's', A, 1, 4, "");
	for (n = 0; n < 3; n++)
		for (i = 0; i < 3; i++) {
			w.ip_id = (uint16_t)(65510 + 20 * i);
			if (n == 2)	/* and now it is sent again */
				w.ip_id += 60;
			seg(&w, 's', P | A, 1 + 2U * i, 4, data[i]);
			if (n < 2)
				assert_true(count(&w, FLOW_C_RETRANS) == 0);
		}
	assert_true(count(&w, FLOW_C_RETRANS) == 3);
	assert_true(count(&w, FLOW_C_SEEN_AGAIN) == 3);
	assert_string_equal(w.log, "ask>te<ll<me<");
	end(&w);
}

/* At interface 2, where the server's numbers are others. */
static enum flow_verdict
beyond(struct world *w, char who, uint8_t flags, uint32_t seq, uint32_t ack,
    const char *data)
{
	const uint32_t		 other = 0x60000000;
	enum flow_verdict	 v;
	uint16_t		 here = w->iface;

	w->iface = 2;
	v = seg(w, who, flags, who == 's' ? seq + other : seq,
	    who == 'c' && flags & A ? ack + other : ack, data);
	w->iface = here;
	return v;
}

/* What both sides of a SYN proxy show after the handshakes. */
static void
proxied_talk(struct world *w)
{
	seg(w, 'c', P | A, 1, 1, "ask");
	assert_int_equal(beyond(w, 'c', P | A, 1, 1, "ask"), FLOW_AGAIN);
	assert_int_equal(beyond(w, 's', P | A, 1, 4, "tell"), FLOW_COUNTED);
	assert_int_equal(seg(w, 's', P | A, 1, 4, "tell"), FLOW_AGAIN);
	beyond(w, 's', F | A, 5, 4, "");
	seg(w, 's', F | A, 5, 4, "");
	seg(w, 'c', F | A, 4, 6, "");
	beyond(w, 'c', F | A, 4, 6, "");
	seg(w, 's', A, 6, 5, "");
	assert_int_equal(beyond(w, 's', A, 6, 5, ""), FLOW_AGAIN);
	assert_string_equal(w->log, "ask>tell<$0<$0>.");
	assert_int_equal(w->opened, 1);
	assert_int_equal(w->closed, 1);
	assert_int_equal(w->how, FLOW_EOF_FIN);
	assert_int_equal(w->last.nseen, 1);
	assert_true(count(w, FLOW_C_UNSEEN) == 0);
	assert_true(count(w, FLOW_C_REUSED) == 0);
}

static void
both_sides_of_a_syn_proxy_are_one_connection(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	beyond(&w, 'c', S, 0, 0, "");
	assert_int_equal(beyond(&w, 's', S | A, 0, 1, ""), FLOW_AGAIN);
	assert_int_equal(beyond(&w, 'c', A, 1, 1, ""), FLOW_AGAIN);
	proxied_talk(&w);
	assert_int_equal(w.last.seen[0].iface, 2);
	assert_true(w.last.seen[0].packets == 6);
	end(&w);
}

static void
what_one_side_of_a_syn_proxy_missed_the_other_has(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	beyond(&w, 'c', S, 0, 0, "");
	beyond(&w, 's', S | A, 0, 1, "");
	beyond(&w, 'c', A, 1, 1, "");
	assert_int_equal(beyond(&w, 'c', P | A, 1, 1, "ask"), FLOW_COUNTED);
	assert_int_equal(beyond(&w, 's', P | A, 1, 4, "tell"), FLOW_COUNTED);
	seg(&w, 'c', P | A, 4, 5, "more");
	assert_string_equal(w.log, "ask>tell<more>");
	assert_true(count(&w, FLOW_C_UNSEEN) == 0);
	end(&w);
}

/* Interfaces hand over their blocks in any order. */
/* After the handshake, to the end. */
static void
talk(struct world *w, enum flow_verdict (*show)(struct world *, char, uint8_t,
    uint32_t, uint32_t, const char *), enum flow_verdict want)
{
	assert_int_equal(show(w, 'c', A, 1, 1, ""), want);
	assert_int_equal(show(w, 'c', P | A, 1, 1, "ask"), want);
	assert_int_equal(show(w, 's', P | A, 1, 4, "tell"), want);
	assert_int_equal(show(w, 'c', F | A, 4, 5, ""), want);
	assert_int_equal(show(w, 's', F | A, 5, 5, ""), want);
}

static enum flow_verdict
next_door(struct world *w, char who, uint8_t flags, uint32_t seq, uint32_t ack,
    const char *data)
{
	w->iface = 1;
	return seg(w, who, flags, seq, ack, data);
}

/* One of the handshake was missed; the other place is read when all is over. */
static void
a_start_that_the_home_missed_may_be_read_at_the_end(void **state)
{
	struct world	 w;
	int		 syn;

	(void)state;
	for (syn = 0; syn < 2; syn++) {
		begin(&w);
		if (syn)
			seg(&w, 'c', S, 0, 0, "");
		else
			seg(&w, 's', S | A, 0, 1, "");
		talk(&w, seg, FLOW_COUNTED);
		assert_int_equal(w.closed, 1);
		next_door(&w, 'c', S, 0, 0, "");
		next_door(&w, 's', S | A, 0, 1, "");
		talk(&w, next_door, FLOW_AGAIN);
		assert_string_equal(w.log, "ask>tell<$0>$0<.");
		assert_int_equal(w.opened, 1);
		end(&w);
	}
}

static void
one_that_a_syn_proxy_made_may_be_read_at_the_end(void **state)
{
	struct world	 w;
	int		 syn;

	(void)state;
	for (syn = 0; syn < 2; syn++) {
		begin(&w);
		if (syn)
			beyond(&w, 'c', S, 0, 0, "");
		else
			beyond(&w, 's', S | A, 0, 1, "");
		talk(&w, beyond, FLOW_COUNTED);
		assert_int_equal(w.closed, 1);
		w.iface = 0;
		seg(&w, 'c', S, 0, 0, "");
		seg(&w, 's', S | A, 0, 1, "");
		talk(&w, seg, FLOW_AGAIN);
		assert_string_equal(w.log, "ask>tell<$0>$0<.");
		assert_int_equal(w.opened, 1);
		end(&w);
	}
}

/* The far handshake is read first, and one of both answers is missing. */
static void
a_syn_proxy_of_which_one_answer_was_missed(void **state)
{
	struct pcapgen_seg	 far = { .src = 1, .dst = 2, .sport = 4000,
				    .dport = 80, .flags = S, .seq = CISN,
				    .ack = SISN };
	struct world		 w;
	int			 near;

	(void)state;
	for (near = 0; near < 2; near++) {
		begin(&w);
		w.now += 8000;
		w.iface = 2;
		raw(&w, &far, false);
		w.iface = 0;
		if (near)
			beyond(&w, 's', S | A, 0, 1, "");
		beyond(&w, 'c', A, 1, 1, "");
		beyond(&w, 's', A, 1, 1, "");
		w.now -= 8000;
		seg(&w, 'c', S, 0, 0, "");
		if (!near)
			seg(&w, 's', S | A, 0, 1, "");
		seg(&w, 'c', A, 1, 1, "");
		seg(&w, 's', A, 1, 1, "");
		seg(&w, 'c', P | A, 1, 1, "ask");
		seg(&w, 's', P | A, 1, 4, "tell");
		seg(&w, 'c', A, 4, 5, "");
		w.now += 8000;
		beyond(&w, 'c', P | A, 1, 1, "ask");
		beyond(&w, 's', P | A, 1, 4, "tell");
		beyond(&w, 'c', A, 4, 5, "");
		assert_string_equal(w.log, "ask>tell<");
		assert_int_equal(w.opened, 1);
		assert_true(count(&w, FLOW_C_UNSEEN) == 0);
		end(&w);
	}
}

static void
the_far_side_of_a_syn_proxy_may_be_read_first(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	beyond(&w, 'c', S, 0, 0, "");
	beyond(&w, 's', S | A, 0, 1, "");
	beyond(&w, 'c', A, 1, 1, "");
	w.now -= 8000;
	shake(&w);
	w.now += 3000;
	proxied_talk(&w);
	end(&w);
}

/* A card that is sent a copy of both sides. */
static void
a_syn_proxy_seen_at_one_place_loses_nothing(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	w.iface = 2;
	shake(&w);
	beyond(&w, 'c', S, 0, 0, "");
	beyond(&w, 's', S | A, 0, 1, "");
	beyond(&w, 'c', A, 1, 1, "");
	seg(&w, 'c', P | A, 1, 1, "ask");
	beyond(&w, 'c', P | A, 1, 1, "ask");
	beyond(&w, 's', P | A, 1, 4, "tell");
	seg(&w, 's', P | A, 1, 4, "tell");
	beyond(&w, 'c', A, 4, 5, "");
	seg(&w, 'c', F | A, 4, 5, "");
	beyond(&w, 's', F | A, 5, 5, "");
	seg(&w, 's', F | A, 5, 5, "");
	assert_string_equal(w.log, "ask>tell<$0>$0<.");
	assert_int_equal(w.opened, 1);
	assert_true(count(&w, FLOW_C_UNSEEN) == 0);
	assert_true(count(&w, FLOW_C_REUSED) == 0);
	end(&w);
}

static void
data_behind_a_translation_opens_what_the_home_missed(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	nat(&w, 0, 'c', S, 111, 0, "");
	nat(&w, 1, 'c', S, 111, 0, "");
	nat(&w, 1, 's', S | A, 222, 112, "");
	nat(&w, 0, 's', S | A, 222, 112, "");
	nat(&w, 1, 'c', A, 112, 223, "");
	assert_int_equal(nat(&w, 1, 'c', P | A, 112, 223, "ask"),
	    FLOW_COUNTED);
	nat(&w, 0, 's', P | A, 223, 115, "say");
	assert_string_equal(w.log, "ask>say<");
	assert_true(count(&w, FLOW_C_UNSEEN) == 0);
	end(&w);
}

static void
a_refusal_behind_a_translation_is_one_connection(void **state)
{
	struct world	 w;
	uint32_t	 isn;
	int		 i;

	(void)state;
	for (i = 0; i < 3; i++) {
		begin(&w);
		nat(&w, 0, 'c', S, 900111, 0, "");
		/* With another number it is another one. */
		isn = i == 2 ? 900112 : 900111;
		nat(&w, 1, 'c', S, isn, 0, "");
		if (i == 1)	/* interfaces hand over in any order */
			nat(&w, 0, 's', R | A, 0, 900112, "");
		nat(&w, 1, 's', R | A, 0, isn + 1, "");
		if (i != 1)
			nat(&w, 0, 's', R | A, 0, 900112, "");
		assert_int_equal(count(&w, FLOW_C_NAT), i < 2);
		/* It comes again with another number. */
		nat(&w, 0, 'c', S, 800111, 0, "");
		nat(&w, 1, 'c', S, 800111, 0, "");
		assert_int_equal(w.opened, i < 2 ? 1 : 2);
		assert_int_equal(w.closed, i < 2 ? 1 : 2);
		assert_int_equal(w.how, FLOW_EOF_RST);
		nat(&w, 1, 's', S | A, 222, 800112, "");
		nat(&w, 0, 's', S | A, 222, 800112, "");
		nat(&w, 0, 'c', P | A, 800112, 223, "ask");
		assert_int_equal(nat(&w, 1, 'c', P | A, 800112, 223, "ask"),
		    FLOW_AGAIN);
		assert_string_equal(w.log, "ask>");
		assert_int_equal(w.opened, i < 2 ? 2 : 3);
		end(&w);
	}
}

/*
 * A connection through a translation of its source, the answers to which leave
 * by another interface: what the first one (0), the one of the server (1) and
 * the last one (2) show.
 */
static const struct leg {
	int		 iface;
	unsigned	 ms;
	char		 who;
	uint8_t		 flags;
	uint32_t	 seq, ack;
	const char	*data;
} legs[] = {
	{ 0, 0, 'c', S, 100111, 0, "" },
	{ 0, 2, 'c', A, 100112, 200223, "" },
	{ 0, 2, 'c', P | A, 100112, 200223, "ask" },
	{ 0, 4, 'c', F | A, 100115, 200226, "" },
	{ 0, 6, 'c', A, 100116, 200227, "" },
	{ 1, 0, 'c', S, 100111, 0, "" },
	{ 1, 1, 's', S | A, 200222, 100112, "" },
	{ 1, 2, 'c', A, 100112, 200223, "" },
	{ 1, 2, 'c', P | A, 100112, 200223, "ask" },
	{ 1, 3, 's', P | A, 200223, 100115, "say" },
	{ 1, 4, 'c', F | A, 100115, 200226, "" },
	{ 1, 5, 's', F | A, 200226, 100116, "" },
	{ 1, 6, 'c', A, 100116, 200227, "" },
	{ 2, 1, 's', S | A, 200222, 100112, "" },
	{ 2, 3, 's', P | A, 200223, 100115, "say" },
	{ 2, 5, 's', F | A, 200226, 100116, "" }
};

static void
show_leg(struct world *w, int iface, uint64_t start)
{
	size_t	 i;

	for (i = 0; i < nitems(legs); i++) {
		if (legs[i].iface != iface)
			continue;
		w->now = start + legs[i].ms * 1000 + (unsigned)iface;
		w->over = iface;
		nat(w, iface == 1, legs[i].who, legs[i].flags, legs[i].seq,
		    legs[i].ack, legs[i].data);
	}
}

static void
a_translation_with_answers_elsewhere_is_one_in_any_order(void **state)
{
	static const int	 orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 },
				    { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 },
				    { 2, 1, 0 } };
	static const char *const said[] = { "ask>", "say<", NULL };
	struct world		 w;
	const char		*at;
	uint64_t		 start;
	size_t			 i, k, n;

	(void)state;
	for (i = 0; i < nitems(orders); i++) {
		begin(&w);
		start = w.now;
		for (k = 0; k < 3; k++)
			show_leg(&w, orders[i][k], start);
		assert_int_equal(w.opened, 1);
		assert_true(count(&w, FLOW_C_NAT) == 1);
		for (n = 0; said[n] != NULL; n++) {
			assert_non_null(at = strstr(w.log, said[n]));
			assert_null(strstr(at + 1, said[n]));
		}
		end(&w);
	}
}

static void
begin_translated(struct world *w)
{
	begin(w);
	nat(w, 0, 'c', S, 111, 0, "");
	nat(w, 1, 'c', S, 111, 0, "");
	nat(w, 1, 's', S | A, 222, 112, "");
	nat(w, 0, 's', S | A, 222, 112, "");
	nat(w, 0, 'c', P | A, 112, 223, "a");
	nat(w, 1, 'c', P | A, 112, 223, "a");
	assert_true(count(w, FLOW_C_NAT) == 1);
}

static void
what_home_missed_comes_from_behind_the_translation(void **state)
{
	struct world	 w;

	(void)state;
	begin_translated(&w);
	nat(&w, 1, 'c', P | A, 113, 223, "s");
	nat(&w, 0, 'c', P | A, 114, 223, "k");
	nat(&w, 1, 'c', P | A, 114, 223, "k");
	assert_string_equal(w.log, "a>s>k>");
	flow_flush(w.t, w.now);
	assert_int_equal(w.lost, 0);
	assert_int_equal(w.opened, 1);
	end(&w);
}

/* A SYN or a SYN-ACK that one side did not show. */
static void
another_network_may_use_the_translated_tuple(void **state)
{
	struct pcapgen_seg	 s = { .flags = S, .seq = 77777777, .data = "",
				    .src = 9, .dst = 2, .sport = 61000,
				    .dport = 80 };
	struct world		 w;

	(void)state;
	begin_translated(&w);
	w.iface = 3;
	assert_int_equal(raw(&w, &s, false), FLOW_COUNTED);
	nat(&w, 0, 'c', P | A, 113, 223, "b");
	assert_int_equal(nat(&w, 1, 'c', P | A, 113, 223, "b"), FLOW_AGAIN);
	assert_int_equal(nat(&w, 1, 'c', P | A, 114, 223, "c"), FLOW_COUNTED);
	assert_string_equal(w.log, "a>b>c>");
	end(&w);
}

static void
stragglers_behind_the_translation_were_seen_before(void **state)
{
	struct world	 w;
	uint64_t	 last;
	int		 i;

	(void)state;
	begin_translated(&w);
	for (i = 0; i < 2; i++) {
		nat(&w, i, 'c', F | A, 113, 223, "");
		nat(&w, i, 's', F | A, 223, 114, "");
	}
	w.iface = 0;
	crowd(&w, 2 * FLOWGONE_FROM, &last);
	for (i = 0; i < 3; i++)
		flow_tick(w.t, last + FLOWGONE_AFTER_US);
	assert_int_equal(flow_live(w.t), FLOWGONE_FROM);
	assert_int_equal(nat(&w, 0, 'c', A, 114, 224, ""), FLOW_COUNTED);
	assert_int_equal(nat(&w, 1, 'c', A, 114, 224, ""), FLOW_AGAIN);
	end(&w);
}

static void
half_a_handshake_is_enough_to_know_a_translation(void **state)
{
	struct world	 w;
	int		 miss;

	(void)state;
	for (miss = 0; miss < 4; miss++) {
		begin(&w);
		if (miss != 0)
			nat(&w, 0, 'c', S, 900111, 0, "");
		if (miss != 1)
			nat(&w, 1, 'c', S, 900111, 0, "");
		if (miss != 2)
			nat(&w, 1, 's', S | A, 900222, 900112, "");
		if (miss != 3)
			nat(&w, 0, 's', S | A, 900222, 900112, "");
		nat(&w, 0, 'c', A, 900112, 900223, "");
		nat(&w, 1, 'c', A, 900112, 900223, "");
		assert_int_equal(count(&w, FLOW_C_NAT), 1);
		end(&w);
	}
}

static void
a_direction_that_only_the_other_side_shows_is_read(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	nat(&w, 0, 'c', P | A, 900112, 900223, "ask");
	nat(&w, 1, 'c', P | A, 900112, 900223, "ask");
	nat(&w, 1, 's', P | A, 900223, 900115, "say");
	flow_flush(w.t, w.now);
	assert_int_equal(w.lost, 0);
	assert_non_null(strstr(w.log, "ask>say<"));
	end(&w);
}

static void
bad_checksums_are_refused_behind_a_translation_too(void **state)
{
	struct pcapgen_seg	 s = { .src = 9, .dst = 2, .sport = 61000,
				    .dport = 80, .flags = P | A, .seq = 113,
				    .ack = 223, .data = "EVIL", .len = 4 };
	struct world		 w;

	(void)state;
	begin_translated(&w);
	w.iface = 1;
	w.ttl = 63;
	assert_int_equal(raw(&w, &s, true), FLOW_IGNORED);
	assert_string_equal(w.log, "a>");
	end(&w);
}

static void
show_client(void *arg, struct flow *f)
{
	(void)arg;
	flow_set_client(f, 1);
}

/* Ports suggested the wrong client, and content corrected one of the two. */
static void
a_corrected_client_does_not_turn_the_other_side_round(void **state)
{
	struct pcapgen_seg	 s = { .src = 1, .dst = 2, .sport = 40000,
				    .dport = 50000, .flags = P | A,
				    .seq = 5000000, .ack = 6000000,
				    .data = "ask", .len = 3 };
	struct world		 w;
	uint64_t		 cursor = 0;

	(void)state;
	begin(&w);
	raw(&w, &s, false);
	s.src = 9;
	w.iface = 1;
	w.ttl = 63;
	raw(&w, &s, false);
	assert_true(count(&w, FLOW_C_NAT) == 1);
	flow_walk(w.t, &cursor, 100, show_client, NULL);
	s.seq += 3;
	s.data = "ing";
	raw(&w, &s, false);
	flow_flush(w.t, w.now);
	assert_int_equal(w.lost, 0);
	assert_non_null(strstr(w.log, "ask>ing>"));
	end(&w);
}

/* Each tuple becomes an alias of the one before. */
static void
an_alias_of_an_alias_is_one_of_the_connection(void **state)
{
	struct pcapgen_seg	 s;
	struct world		 w;
	uint64_t		 before;
	int			 k, n = 20;

	(void)state;
	begin(&w);
	for (k = n; k >= 0; k--) {
		s = (struct pcapgen_seg){ .src = 1, .dst = 2, .dport = 80,
		    .sport = (uint16_t)(1000 + k), .flags = S, .seq = 111 };
		w.ttl = (uint8_t)(64 - (k & 1));
		raw(&w, &s, false);
	}
	for (k = 0; k <= n; k++) {
		s = (struct pcapgen_seg){ .src = 2, .dst = 1, .sport = 80,
		    .dport = (uint16_t)(1000 + k), .flags = S | A, .seq = 222,
		    .ack = 112 };
		w.ttl = (uint8_t)(63 + (k & 1));
		raw(&w, &s, false);
	}
	assert_true(count(&w, FLOW_C_NAT) > 1);
	before = count(&w, FLOW_C_SEEN_AGAIN);
	s = (struct pcapgen_seg){ .src = 1, .dst = 2, .sport = 1000,
	    .dport = 80, .flags = P | A, .seq = 112, .ack = 223, .data = "x",
	    .len = 1 };
	raw(&w, &s, false);
	assert_true(count(&w, FLOW_C_SEEN_AGAIN) - before == 1);
	end(&w);
}

/* One interface began a packet later, and is delivered first. */
static void
the_tuple_that_shows_more_of_the_start_stays(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	nat(&w, 1, 'c', P | A, 900115, 900223, "two");
	nat(&w, 0, 'c', P | A, 900112, 900223, "one");
	nat(&w, 0, 'c', P | A, 900115, 900223, "two");
	assert_true(count(&w, FLOW_C_NAT) == 1);
	flow_flush(w.t, w.now);
	assert_int_equal(w.lost, 0);
	assert_non_null(strstr(w.log, "one>two>"));
	end(&w);
}

/* A connection that only its alias keeps alive does not keep others. */
static void
what_an_alias_feeds_does_not_stop_ageing(void **state)
{
	struct pcapgen_seg	 s = { .src = 7, .dst = 2, .sport = 4444,
				    .dport = 80, .flags = P | A,
				    .seq = 900078, .ack = 900099,
				    .data = "hello", .len = 5 };
	struct world		 w;
	int			 i;

	(void)state;
	begin_translated(&w);
	w.iface = 0;
	w.ttl = 64;
	raw(&w, &s, false);
	for (i = 0; i < 700; i++) {
		w.now += 1000000;
		nat(&w, 1, 's', A, 223, 113, "");
		flow_tick(w.t, w.now);
	}
	assert_int_equal(w.closed, 1);
	end(&w);
}

/* The same when source and destination are translated; ports at will. */
static void
full_nat(struct world *w, uint16_t sport, uint16_t dport, int way_back,
    int places)
{
	struct pcapgen_seg	 s = { .flags = S, .seq = 111 };
	int			 i, after, back;

	for (i = 0; i < 4; i++) {
		back = i >= 2;
		after = i == 1 || i == 2;
		w->iface = (uint16_t)(after && places == 2);
		w->ttl = (uint8_t)(back == after ? 64 : 63);
		if (back && !way_back)
			w->ttl = 64;
		s.src = back ? (after ? 3 : 2) : (after ? 9 : 1);
		s.dst = back ? (after ? 9 : 1) : (after ? 3 : 2);
		s.sport = back ? (after ? dport : 8081) : after ? sport : 4000;
		s.dport = back ? (after ? sport : 4000) : after ? dport : 8081;
		s.flags = back ? S | A : S;
		s.seq = back ? 222 : 111;
		s.ack = back ? 112 : 0;
		raw(w, &s, false);
	}
}

static void
both_ends_translated_are_one_connection(void **state)
{
	static const struct {
		uint16_t	 sport, dport;
		int		 back, places, one;
	} t[] = {
		{ 4000, 80, 1, 2, 1 },	/* the client's port is kept */
		{ 61000, 8081, 1, 2, 1 },	/* the server's */
		{ 61000, 80, 1, 2, 0 },	/* neither: it cannot be told */
		{ 4000, 80, 1, 1, 0 },	/* no other place */
		{ 4000, 80, 0, 2, 1 },	/* answers were seen before the hop */
	};
	struct world	 w;
	size_t		 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		begin(&w);
		full_nat(&w, t[i].sport, t[i].dport, t[i].back, t[i].places);
		assert_int_equal(count(&w, FLOW_C_NAT), t[i].one);
		end(&w);
	}
}

static void
joined_under_way_both_sides_are_one_connection(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	nat(&w, 0, 'c', P | A, 900112, 900223, "ask");
	assert_int_equal(nat(&w, 1, 'c', P | A, 900112, 900223, "ask"),
	    FLOW_AGAIN);
	assert_true(count(&w, FLOW_C_NAT) == 1);
	assert_int_equal(nat(&w, 1, 's', P | A, 900223, 900115, "say"),
	    FLOW_COUNTED);
	assert_int_equal(nat(&w, 0, 's', P | A, 900223, 900115, "say"),
	    FLOW_AGAIN);

	/* It ends, and both tuples are used anew. */
	nat(&w, 0, 'c', R | A, 900115, 900226, "");
	nat(&w, 1, 'c', R | A, 900115, 900226, "");
	nat(&w, 0, 'c', S, 971111, 0, "");
	nat(&w, 1, 'c', S, 971111, 0, "");
	nat(&w, 1, 's', S | A, 972222, 971112, "");
	nat(&w, 0, 's', S | A, 972222, 971112, "");
	assert_true(count(&w, FLOW_C_NAT) == 2);
	nat(&w, 0, 'c', P | A, 971112, 972223, "more");
	assert_int_equal(nat(&w, 1, 'c', P | A, 971112, 972223, "more"),
	    FLOW_AGAIN);
	flow_flush(w.t, w.now);
	assert_string_equal(w.log, "ask>say<$1>$1<.more>$2>$2<.");
	assert_int_equal(w.opened, 2);
	assert_int_equal(w.closed, 2);
	end(&w);
}

/* Where only one direction comes by, it is enough. */
static void
joined_under_way_one_direction_tells(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	nat(&w, 1, 's', P | A, 900223, 900115, "say");
	nat(&w, 1, 's', P | A, 900226, 900115, "more");
	assert_int_equal(nat(&w, 0, 's', P | A, 900226, 900115, "more"),
	    FLOW_AGAIN);
	assert_true(count(&w, FLOW_C_NAT) == 1);
	end(&w);
}

static void
joined_under_way_equal_packets_alone_do_not_merge(void **state)
{
	static const struct {
		uint8_t		 src, ttl, iface;
		uint16_t	 sport;
		uint32_t	 seq, ack;
		const char	*data;
		int		 one;
	} t[] = {
		{ 9, 63, 1, 61000, 900112, 900223, "ask", 1 },
		{ 9, 64, 1, 61000, 900112, 900223, "ask", 1 },	/* bridge */
		{ 9, 64, 0, 61000, 900112, 900223, "ask", 0 },	/* no hop */
		{ 9, 50, 1, 61000, 900112, 900223, "ask", 0 },	/* too many */
		{ 9, 63, 1, 61000, 900112, 900224, "ask", 0 },
		{ 9, 63, 1, 61000, 900111, 900223, "ask", 0 },
		{ 9, 63, 1, 61000, 900112, 900223, "asK", 0 },
		{ 9, 63, 1, 61000, 112, 223, "ask", 0 },	/* made up */
	};
	struct pcapgen_seg	 s;
	struct world		 w;
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		begin(&w);
		nat(&w, 0, 'c', P | A, i < 7 ? 900112 : 112,
		    i < 7 ? 900223 : 223, "ask");
		s = (struct pcapgen_seg){ .src = t[i].src, .dst = 2,
		    .sport = t[i].sport, .dport = 80, .flags = P | A,
		    .seq = t[i].seq, .ack = t[i].ack, .data = t[i].data,
		    .len = 3 };
		w.ttl = t[i].ttl;
		w.iface = t[i].iface;
		raw(&w, &s, false);
		assert_int_equal(count(&w, FLOW_C_NAT), t[i].one);
		end(&w);
	}
}

static void
equal_sequence_numbers_alone_do_not_merge(void **state)
{
	struct pcapgen_seg	 s = { .dst = 2, .dport = 80 };
	struct world		 w;
	int			 i;

	(void)state;
	begin(&w);
	for (i = 0; i < 10; i++) {
		s.src = (uint8_t)(10 + i);
		s.dst = 2;
		s.sport = 4000;
		s.dport = 80;
		s.flags = S;
		s.seq = 111;
		s.ack = 0;
		raw(&w, &s, false);
		s.dst = s.src;
		s.src = 2;
		s.sport = 80;
		s.dport = 4000;
		s.flags = S | A;
		s.seq = 222;
		s.ack = 112;
		raw(&w, &s, false);
	}
	assert_true(count(&w, FLOW_C_NAT) == 0);
	end(&w);
}

static void
a_reader_that_is_done_is_freed_and_counting_goes_on(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	w.want = FLOW_DONE;
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	assert_string_equal(w.log, "ab>.");
	seg(&w, 'c', P | A, 3, 1, "cd");
	seg(&w, 'c', P | A, 7, 1, "gh");
	assert_true(count(&w, FLOW_C_PAYLOAD) == 6);
	flow_flush(w.t, w.now);
	assert_string_equal(w.log, "ab>.");
	assert_true(count(&w, FLOW_C_UNSEEN) == 2);
	assert_int_equal(w.closed, 1);
	end(&w);
	begin(&w);
	w.want = FLOW_SKIP;
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', P | A, 3, 1, "cd");
	flow_flush(w.t, w.now);
	assert_string_equal(w.log, "ab>$2>$2<.");
	end(&w);
	begin(&w);
	w.refuse = true;
	shake(&w);
	assert_int_equal(seg(&w, 'c', P | A, 1, 1, "ab"), FLOW_NO_ROOM);
	assert_string_equal(w.log, "");
	assert_true(count(&w, FLOW_C_UNREAD) == 1);
	/* What nobody can read is a loss, packet by packet. */
	assert_int_equal(seg(&w, 's', P | A, 1, 3, "cd"), FLOW_NO_ROOM);
	assert_int_equal(seg(&w, 's', P | A, 1, 3, "cd"), FLOW_COUNTED);
	assert_int_equal(seg(&w, 'c', A, 3, 3, ""), FLOW_COUNTED);
	assert_int_equal(w.unread, 1);
	end(&w);
}

/* Bytes of another connection that go out meanwhile are not taken for its. */
static void
one_is_shed_while_another_is_read(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', P | A, 4, 1, "QQ");
	w.tuple = 1;
	shake(&w);
	w.shed = 1;
	seg(&w, 'c', P | A, 1, 1, "abcdef");
	assert_string_equal(w.log, "ab>-1->QQ>$3>$3<.abcdef>");
	seg(&w, 'c', P | A, 1, 1, "abcdef");
	assert_true(flow_reass_count(w.t, REASS_OLD) == 1);
	assert_true(flow_reass_count(w.t, REASS_CONFLICT) == 0);
	end(&w);
}

/* The one that is read first is not always the one that came first. */
static void
the_interface_of_the_first_syn_is_the_home(void **state)
{
	struct world		 w;
	struct flow_info	 info;
	void			*arg[2] = { &w, &info };
	uint64_t		 cursor = 0;

	(void)state;
	begin(&w);
	w.iface = 2;			/* behind the router */
	seg(&w, 'c', S, 0, 0, "");
	w.iface = 1;
	w.now -= 1500;
	assert_int_equal(seg(&w, 'c', S, 0, 0, ""), FLOW_AGAIN);
	w.now += 30000;
	seg(&w, 's', S | A, 0, 1, "");
	seg(&w, 'c', A, 1, 1, "");
	w.iface = 2;
	assert_int_equal(seg(&w, 's', S | A, 0, 1, ""), FLOW_AGAIN);
	assert_int_equal(seg(&w, 'c', A, 1, 1, ""), FLOW_AGAIN);
	flow_walk(w.t, &cursor, 10, take_info, arg);
	assert_int_equal(info.half[0].iface, 1);
	assert_int_equal(info.half[1].iface, 1);
	assert_int_equal(info.first_us, w.now - 30000 - 4000);
	w.now -= 60000;			/* told already: it stays */
	w.iface = 1;
	seg(&w, 'c', P | A, 1, 1, "ab");
	w.iface = 2;
	assert_int_equal(seg(&w, 'c', S, 0, 0, ""), FLOW_AGAIN);
	cursor = 0;
	flow_walk(w.t, &cursor, 10, take_info, arg);
	assert_int_equal(info.half[0].iface, 1);
	end(&w);
}

/* Much memory is not kept free in the same measure as little. */
static void
the_reserve_has_a_ceiling(void **state)
{
	struct world	 w;
	uint64_t	 used;

	(void)state;
	begin_with(&w, 1 << 30, 0);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	used = w.mem.used;
	w.mem.pool[MEM_SESSIONS] = w.mem.limit / 2;
	w.mem.used = w.mem.limit - (9 << 20);
	flow_tick(w.t, w.now);
	assert_string_equal(w.log, "ab>");
	w.mem.used = w.mem.limit - (7 << 20);
	flow_tick(w.t, w.now);
	assert_string_equal(w.log, "ab>$3>$3<.");
	assert_true(count(&w, FLOW_C_SHED_READ) == 1);
	w.mem.pool[MEM_SESSIONS] = 0;
	w.mem.used -= w.mem.limit - (7 << 20) - used;
	end(&w);
}

/* What one has still to say when it goes finds no memory, either. */
static void
one_that_is_shed_sheds_no_other_nor_itself(void **state)
{
	struct world	 w;
	uint64_t	 used;

	(void)state;
	begin_with(&w, 1 << 30, 0);
	for (w.tuple = 0; w.tuple < 20; w.tuple++) {
		shake(&w);
		seg(&w, 'c', P | A, 5, 1, "waits behind a hole");
	}
	used = w.mem.used;
	w.refuse = true;
	w.mem.pool[MEM_SESSIONS] = w.mem.limit / 2;
	w.mem.used = w.mem.limit;
	assert_true(flow_shed(w.t, 1, w.now) > 0);
	assert_int_equal(w.closed, 1);
	assert_int_equal(w.unread, 1);
	assert_true(count(&w, FLOW_C_SHED_READ) == 1);
	flow_tick(w.t, w.now);		/* 16 of them at most */
	assert_int_equal(w.closed, 17);
	assert_int_equal(w.unread, 17);
	assert_true(count(&w, FLOW_C_SHED_READ) == 17);
	flow_flush(w.t, w.now);
	assert_int_equal(w.closed, 20);
	assert_int_equal(w.unread, 20);
	w.mem.pool[MEM_SESSIONS] = 0;
	w.mem.used -= w.mem.limit - used;
	end(&w);
}

static void
a_reader_is_asked_for_ahead_when_there_is_one(void **state)
{
	struct world	 w;

	(void)state;
	memset(expected, 0, sizeof(expected));
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	flow_expect_feed(w.t, w.flow, 0);
	flow_expect_feed(w.t, w.flow, 2);
	assert_int_equal(expected[0], 1);
	assert_int_equal(expected[1], 0);
	assert_int_equal(expected[2], 1);
	w.refuse = true;
	w.tuple = 1;
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	assert_int_equal(w.opened, 2);
	flow_expect_feed(w.t, w.flow, 0);
	assert_int_equal(expected[0], 1);
	end(&w);
}

static void
of_readers_the_one_that_was_reset_goes_first(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	w.tuple = 1;
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "cd");
	seg(&w, 'c', R | A, 3, 1, "");
	assert_true(flow_shed(w.t, 1, w.now) > 0);
	assert_string_equal(w.log, "ab>cd>$1>$1<.");
	assert_true(count(&w, FLOW_C_SHED_CLOSED) == 1);
	assert_true(count(&w, FLOW_C_SHED_READ) == 0);
	end(&w);
}

static void
flood(struct world *w, uint32_t n)
{
	struct pcapgen_seg	 s = { .src = 7, .dst = 2, .dport = 80,
				    .flags = S };
	uint32_t		 i;

	for (i = 0; i < n; i++) {
		s.src = (uint8_t)(10 + i / 60000);
		s.sport = (uint16_t)(1 + i % 60000);
		s.seq = i * 77;
		raw(w, &s, false);
		w->now -= 999;
	}
}

static void
at_the_limit_half_open_ones_go_before_talkers(void **state)
{
	static const uint32_t	 limits[] = { 99, 100, 101 };
	struct world		 w;
	int			 i;

	(void)state;
	for (i = 0; i < 3; i++) {
		begin_with(&w, 64 << 20, 100);
		shake(&w);
		seg(&w, 'c', P | A, 1, 1, "ab");
		flood(&w, limits[i] - 1);
		assert_true(count(&w, FLOW_C_SHED_HALF) ==
		    (limits[i] > 100 ? 1 : 0));
		seg(&w, 'c', P | A, 3, 1, "cd");
		assert_string_equal(w.log, "ab>cd>");
		end(&w);
	}
}

static void
a_flood_stays_under_the_ceiling(void **state)
{
	struct world	 w;

	(void)state;
	begin_with(&w, 4 << 20, 0);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	flood(&w, 40000);
	assert_true(w.mem.used <= w.mem.limit);
	assert_true(flow_live(w.t) > 8000);
	assert_true(count(&w, FLOW_C_SHED_HALF) > 10000);
	seg(&w, 'c', P | A, 3, 1, "cd");
	assert_string_equal(w.log, "ab>cd>");
	assert_true(flow_shed(w.t, 1, w.now) > 0);
	assert_string_equal(w.log, "ab>cd>$3>$3<.");
	end(&w);
}

/* It is no secret until it ends: that is what a flood of them lives on. */
static void
a_connection_without_a_byte_counts_after_a_while(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	flow_tick(w.t, w.now + FLOW_QUIET_US - 10000);
	assert_int_equal(w.opened, 0);
	flow_tick(w.t, w.now + FLOW_QUIET_US + 10000);
	assert_int_equal(w.opened, 1);
	flow_tick(w.t, w.now + 3 * FLOW_QUIET_US);
	assert_int_equal(w.opened, 1);
	assert_int_equal(w.closed, 0);
	flow_tick(w.t, w.now + 310 * FLOW_QUIET_US);
	assert_int_equal(w.opened, 1);
	assert_int_equal(w.closed, 1);
	end(&w);
}

static void
idle_ones_go_by_class(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	flood(&w, 10);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	flow_tick(w.t, w.now + 31000000);
	flow_tick(w.t, w.now + 31000000);
	assert_int_equal(flow_live(w.t), 1);
	assert_true(count(&w, FLOW_C_CLOSED_HALF) == 10);
	flow_tick(w.t, w.now + 299000000);
	assert_int_equal(flow_live(w.t), 1);
	flow_tick(w.t, w.now + 601000000);
	assert_int_equal(flow_live(w.t), 0);
	assert_true(count(&w, FLOW_C_CLOSED_IDLE) == 1);
	end(&w);
}

static void
time_that_jumps_back_stops_nothing(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', P | A, 5, 1, "ef");
	seg(&w, 's', A, 1, 7, "");
	w.now -= 900000000;
	seg(&w, 's', A, 1, 7, "");
	flow_tick(w.t, w.now + FLOW_HOLE_US * 3);
	flow_tick(w.t, w.now + FLOW_HOLE_US * 6);
	assert_string_equal(w.log, "ab>-2->ef>");
	end(&w);
}

/* Two segments were lost before us; the sender repeats them. */
static void
what_fills_a_hole_late_is_retransmitted(void **state)
{
	struct world	 w;
	int		 late;

	(void)state;
	for (late = 0; late < 2; late++) {
		begin(&w);
		seg(&w, 'c', S, 0, 0, "");
		w.now += 9000;
		seg(&w, 's', S | A, 0, 1, "");	/* a round trip of 10 ms */
		seg(&w, 'c', A, 1, 1, "");	/* and 1 ms */
		seg(&w, 'c', P | A, 1, 1, "ab");
		w.now += 19000;			/* it took its time */
		seg(&w, 's', A, 1, 3, "");
		seg(&w, 'c', P | A, 7, 1, "gh");
		w.now += late ? 10000 : 7000;
		seg(&w, 'c', P | A, 3, 1, "cd");
		seg(&w, 'c', P | A, 5, 1, "ef");
		assert_string_equal(w.log, "ab>cd>ef>gh>");
		assert_int_equal(count(&w, FLOW_C_RETRANS), late ? 2 : 0);
		assert_int_equal(count(&w, FLOW_C_OUT_OF_ORDER), 1);
		end(&w);
	}
}

/* Near to the receiver, whose answers come at once, and far from the sender. */
static void
what_is_overtaken_on_a_long_way_is_not_retransmitted(void **state)
{
	struct world	 w;
	int		 late;

	(void)state;
	for (late = 0; late < 2; late++) {
		begin(&w);
		seg(&w, 'c', S, 0, 0, "");
		w.now += 19000;
		seg(&w, 's', S | A, 0, 1, "");
		seg(&w, 'c', A, 1, 1, "");
		seg(&w, 's', P | A, 1, 1, "ab");
		seg(&w, 'c', A, 1, 3, "");
		seg(&w, 's', P | A, 5, 1, "ef");
		w.now += late ? 20000 : 10000;
		seg(&w, 's', P | A, 3, 1, "cd");
		assert_string_equal(w.log, "ab<cd<ef<");
		assert_int_equal(count(&w, FLOW_C_RETRANS), late);
		assert_int_equal(count(&w, FLOW_C_OUT_OF_ORDER), 1);
		end(&w);
	}
}

/* At once or late: who counts its packets tells which one was first. */
static void
numbers_of_ip_tell_what_was_overtaken(void **state)
{
	struct world	 w;
	int		 n;

	(void)state;
	for (n = 0; n < 4; n++) {
		begin(&w);
		shake(&w);
		w.ip_id = 500;
		seg(&w, 'c', P | A, 1, 1, "ab");
		w.ip_id = 501;
		seg(&w, 'c', P | A, 3, 1, "cd");
		w.ip_id = 503;
		seg(&w, 'c', P | A, 7, 1, "gh");
		w.now += n & 2 ? 90000 : 0;
		w.ip_id = n & 1 ? 504 : 502;
		seg(&w, 'c', P | A, 5, 1, "ef");
		assert_int_equal(count(&w, FLOW_C_RETRANS), n & 1);
		end(&w);
	}
}

static void
what_is_sent_again_and_not_acknowledged_is_stuck(void **state)
{
	struct world	 w;
	struct flow_info i;
	int		 n;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 's', P | A, 1, 1, "abc");
	w.now += 1000;
	seg(&w, 'c', A, 1, 4, "");
	seg(&w, 's', P | A, 4, 1, "defghij");
	info_of(&w, &i);
	assert_true(i.half[1].stuck == 0 && i.half[1].passed == 3);
	for (n = 1; n <= 4; n++) {
		w.now += 200000;
		seg(&w, 's', P | A, 4, 1, "defghij");
		info_of(&w, &i);
		assert_true(i.half[1].stuck == n && i.half[0].stuck == 0);
		assert_true(i.half[1].stuck_len == 7);
	}
	seg(&w, 's', P | A, 1, 1, "abc");	/* that is acknowledged */
	seg(&w, 'c', A, 1, 4, "");
	info_of(&w, &i);
	assert_int_equal(i.half[1].stuck, 4);
	seg(&w, 's', P | A, 4, 1, "def");	/* in smaller pieces */
	info_of(&w, &i);
	assert_true(i.half[1].stuck == 5 && i.half[1].stuck_len == 3);
	seg(&w, 'c', A, 1, 7, "");
	info_of(&w, &i);
	assert_int_equal(i.half[1].stuck, 0);
	end(&w);
}

/* Nothing was measured, as in a stream that nobody answered yet. */
static void
without_a_round_trip_a_few_ms_tell(void **state)
{
	struct world	 w;
	int		 late;

	(void)state;
	for (late = 0; late < 2; late++) {
		begin(&w);
		seg(&w, 'c', S, 0, 0, "");
		seg(&w, 'c', A, 1, 1, "");
		seg(&w, 'c', P | A, 3, 1, "cd");
		w.now += late ? 2000 : 1000;
		seg(&w, 'c', P | A, 1, 1, "ab");
		assert_int_equal(count(&w, FLOW_C_RETRANS), late);
		end(&w);
	}
}

static void
quality_is_counted(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', P | A, 5, 1, "ef");
	seg(&w, 's', A, 1, 3, "");
	seg(&w, 's', A, 1, 3, "");
	seg(&w, 'c', A, 2, 1, "b");
	assert_true(count(&w, FLOW_C_RETRANS) == 1);
	assert_true(count(&w, FLOW_C_OUT_OF_ORDER) == 1);
	assert_true(count(&w, FLOW_C_KEEPALIVE) == 1);
	end(&w);
}

static void
a_late_syn_corrects_who_is_the_client(void **state)
{
	struct flow_info	 i;
	struct pcapgen_seg	 s = { .src = 1, .dst = 2, .sport = 70,
				    .dport = 4000, .seq = 11, .ack = 99,
				    .flags = P | A, .data = "ab", .len = 2 };
	struct world		 w;
	void			*arg[2] = { &w, &i };
	uint64_t		 cursor = 0;

	(void)state;
	begin(&w);
	raw(&w, &s, false);
	s.seq = 10;
	s.flags = S;
	s.len = 0;
	raw(&w, &s, false);
	assert_string_equal(w.log, "ab>");
	assert_false(flow_walk(w.t, &cursor, 100000, take_info, arg));
	assert_int_equal(i.key.a.port, 70);
	assert_true(i.client_known);
	assert_false(i.midstream);
	assert_int_equal(i.half[0].bytes, 2);
	assert_true(i.one_sided);
	end(&w);
}

static void
a_suspect_beyond_the_end_is_not_told(void **state)
{
	struct pcapgen_seg	 s = { .src = 1, .dst = 2, .sport = 4000,
				    .dport = 80, .seq = CISN + 3,
				    .ack = SISN + 1, .flags = P | A,
				    .data = "late", .len = 4 };
	struct world		 w;

	(void)state;
	begin(&w);
	shake(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', F | A, 3, 1, "");
	raw(&w, &s, true);
	flow_flush(w.t, w.now);
	assert_string_equal(w.log, "ab>$0>$2<.");
	end(&w);
}

/* RFC 9293, 3.5.1: the server answers for the old one until it is reset. */
static void
one_that_the_server_still_has_is_reset_and_begins(void **state)
{
	static const uint32_t	 old[] = { 2000000, 60000000, 70000000,
				    2000000000, 3000000000U, 0U - 40000000 };
	struct world		 w;
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(old); i++) {
		begin(&w);
		seg(&w, 'c', S, 0, 0, "");
		seg(&w, 's', A, 900000000, old[i], "");
		flow_tick(w.t, w.now += FLOW_HOLE_US);
		seg(&w, 'c', R, old[i], 0, "");
		w.now += 1000000;
		shake(&w);
		seg(&w, 'c', P | A, 1, 1, "ask");
		seg(&w, 's', P | A, 1, 4, "say");
		assert_string_equal(w.log, "ask>say<");
		flow_flush(w.t, w.now);
		assert_int_equal(w.opened, 1);
		assert_int_equal(w.closed, 1);
		assert_int_equal(w.lost, 0);
		end(&w);
	}
}

static void
a_syn_with_data_on_a_closed_tuple_is_a_new_connection(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 'c', P | A, 1, 1, "ab");
	seg(&w, 'c', F | A, 3, 1, "");
	seg(&w, 's', F | A, 1, 4, "");
	flow_tick(w.t, w.now + FLOW_HOLE_US);
	assert_string_equal(w.log, "ab>$0>$0<.");
	seg(&w, 's', S, 0, 0, "xy");
	assert_true(count(&w, FLOW_C_REUSED) == 1);
	flow_flush(w.t, w.now);
	end(&w);
}

static void
acks_of_a_half_that_was_never_seen_are_no_gap(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 's', S | A, 0, 1, "");
	seg(&w, 's', P | A, 1, 11, "one");
	assert_true(count(&w, FLOW_C_UNSEEN) == 0);	/* perhaps late */
	w.now += FLOW_HOLE_ALONE_US;
	seg(&w, 's', P | A, 4, 21, "two");
	assert_string_equal(w.log, "one<two<");
	assert_true(count(&w, FLOW_C_UNSEEN) == 20);
	seg(&w, 'c', P | A, 21, 7, "ask");
	assert_string_equal(w.log, "one<two<ask>");
	flow_flush(w.t, w.now);
	end(&w);
}

/* The client's interface is delivered later, and all of it is there. */
static void
a_half_that_is_shown_later_is_no_loss(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 's', S | A, 0, 1, "");
	seg(&w, 's', P | A, 1, 4, "one");
	seg(&w, 'c', S, 0, 0, "");
	seg(&w, 'c', P | A, 1, 1, "ask");
	flow_flush(w.t, w.now);
	assert_int_equal(w.lost, 0);
	end(&w);
}

static void
a_half_that_was_never_seen_is_lost_at_the_end(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	seg(&w, 's', S | A, 0, 1, "");
	seg(&w, 's', P | A, 1, 4, "one");
	flow_flush(w.t, w.now);
	assert_int_equal(w.lost, 3);
	end(&w);
}

static void
an_alias_with_early_data_keeps_nothing(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	nat(&w, 0, 'c', S, 111, 0, "fast");
	nat(&w, 1, 'c', S, 111, 0, "fast");
	nat(&w, 1, 's', S | A, 222, 116, "");
	nat(&w, 0, 's', S | A, 222, 116, "");
	assert_true(count(&w, FLOW_C_NAT) == 1);
	flow_flush(w.t, w.now);
	assert_int_equal(w.opened, 1);
	end(&w);
}

static void
every_counter_has_a_name(void **state)
{
	int	 i;

	(void)state;
	for (i = 0; i < FLOW_COUNT_MAX; i++)
		assert_true(strlen(flow_count_name(i)) > 0);
}

static const struct CMUnitTest	 tests[] = {
	cmocka_unit_test(one_is_shed_while_another_is_read),
	cmocka_unit_test(the_reserve_has_a_ceiling),
	cmocka_unit_test(the_interface_of_the_first_syn_is_the_home),
	cmocka_unit_test(a_connection_is_told_from_open_to_close),
	cmocka_unit_test(the_connection_of_the_last_packet_is_known),
	cmocka_unit_test(a_missed_start_waits_for_earlier_bytes_and_then_goes),
	cmocka_unit_test(one_byte_before_a_missed_start_is_data_or_a_probe),
	cmocka_unit_test(a_probe_seen_first_begins_a_byte_early),
	cmocka_unit_test(data_before_a_bare_ack_waits_for_earlier),
	cmocka_unit_test(an_end_that_comes_first_is_not_the_whole),
	cmocka_unit_test(an_end_that_comes_alone_ends_it),
	cmocka_unit_test(the_next_one_of_a_tuple_may_begin_with_its_answer),
	cmocka_unit_test(a_hole_becomes_a_gap_when_acked_and_50_ms_old),
	cmocka_unit_test(gaps_count_connections_and_cut_ones_not),
	cmocka_unit_test(a_hole_is_as_old_as_itself),
	cmocka_unit_test(a_late_block_fills_the_hole),
	cmocka_unit_test(a_direction_that_comes_in_a_block_is_no_loss),
	cmocka_unit_test(what_nothing_follows_becomes_a_gap_after_a_second),
	cmocka_unit_test(an_old_loss_takes_nothing_that_was_overtaken),
	cmocka_unit_test(the_end_of_input_gives_up_the_holes),
	cmocka_unit_test(bad_checksums_are_ignored_once_good_ones_were_seen),
	cmocka_unit_test(a_bad_checksum_that_the_peer_accepts_is_believed),
	cmocka_unit_test(offloaded_checksums_do_not_matter),
	cmocka_unit_test(what_is_out_of_window_is_ignored),
	cmocka_unit_test(a_loss_beyond_the_window_is_survived),
	cmocka_unit_test(a_loss_beyond_the_window_both_ways_is_survived),
	cmocka_unit_test(a_loss_of_gigabytes_is_survived),
	cmocka_unit_test(what_both_made_up_does_not_lead_away),
	cmocka_unit_test(a_reset_ends_it_unless_it_goes_on),
	cmocka_unit_test(a_reset_is_how_it_ended_whatever_comes_next),
	cmocka_unit_test(data_without_ack_and_after_fin_is_ignored),
	cmocka_unit_test(syn_data_counts_when_it_is_accepted),
	cmocka_unit_test(a_tuple_used_again_is_a_new_connection),
	cmocka_unit_test(what_is_sent_whole_again_is_a_new_connection),
	cmocka_unit_test(what_comes_long_after_the_end_is_another_one),
	cmocka_unit_test(an_end_that_is_sent_again_ends_no_other_one),
	cmocka_unit_test(a_syn_again_after_a_refusal_is_the_same),
	cmocka_unit_test(a_handshake_seen_backwards_is_no_start_missed),
	cmocka_unit_test(a_stray_syn_harms_nothing),
	cmocka_unit_test(another_interface_is_counted_once),
	cmocka_unit_test(two_networks_with_one_tuple_have_a_connection_each),
	cmocka_unit_test(numbers_near_each_other_do_not_mix_two_networks),
	cmocka_unit_test(a_home_that_moved_was_there),
	cmocka_unit_test(a_stray_syn_elsewhere_takes_nothing_away),
	cmocka_unit_test(a_late_block_of_the_connection_before_begins_none),
	cmocka_unit_test(entries_of_one_tuple_are_limited),
	cmocka_unit_test(another_interface_helps_when_the_home_lost_something),
	cmocka_unit_test(what_another_place_shows_first_is_judged_there),
	cmocka_unit_test(no_place_takes_what_another_has_shown_for_sent_again),
	cmocka_unit_test(a_hole_long_ago_is_none),
	cmocka_unit_test(who_led_and_went_away_leads_no_more),
	cmocka_unit_test(data_that_acknowledges_is_timed_where_it_is_first),
	cmocka_unit_test(both_sides_of_a_translation_are_one_connection),
	cmocka_unit_test(data_behind_a_translation_opens_what_the_home_missed),
	cmocka_unit_test(a_copy_from_a_hop_further_is_not_sent_again),
	cmocka_unit_test(a_copy_with_the_same_number_is_not_sent_again),
	cmocka_unit_test(who_comes_first_is_not_told_by_an_answer),
	cmocka_unit_test(it_begins_with_its_syn_whenever_that_is_read),
	cmocka_unit_test(a_syn_proxy_asks_for_others),
	cmocka_unit_test(a_copy_that_follows_at_once_is_not_sent_again),
	cmocka_unit_test(what_is_sent_again_at_once_is_no_copy),
	cmocka_unit_test(copies_that_follow_together_are_not_sent_again),
	cmocka_unit_test(a_syn_proxy_that_translates_makes_one_connection),
	cmocka_unit_test(a_syn_proxy_that_translates_may_miss_its_own_syn),
	cmocka_unit_test(a_second_answer_is_no_other_connection),
	cmocka_unit_test(nor_is_one_after_a_reset),
	cmocka_unit_test(
	    both_families_at_the_device_of_a_nat64_are_one_connection),
	cmocka_unit_test(a_hairpin_that_is_sent_twice_is_one_connection),
	cmocka_unit_test(both_answers_of_a_syn_proxy_may_be_near),
	cmocka_unit_test(both_sides_of_a_syn_proxy_are_one_connection),
	cmocka_unit_test(what_one_side_of_a_syn_proxy_missed_the_other_has),
	cmocka_unit_test(the_far_side_of_a_syn_proxy_may_be_read_first),
	cmocka_unit_test(a_syn_proxy_of_which_one_answer_was_missed),
	cmocka_unit_test(a_start_that_the_home_missed_may_be_read_at_the_end),
	cmocka_unit_test(one_that_a_syn_proxy_made_may_be_read_at_the_end),
	cmocka_unit_test(a_syn_proxy_seen_at_one_place_loses_nothing),
	cmocka_unit_test(a_refusal_behind_a_translation_is_one_connection),
	cmocka_unit_test(equal_sequence_numbers_alone_do_not_merge),
	cmocka_unit_test(a_reader_that_is_done_is_freed_and_counting_goes_on),
	cmocka_unit_test(at_the_limit_half_open_ones_go_before_talkers),
	cmocka_unit_test(a_flood_stays_under_the_ceiling),
	cmocka_unit_test(a_connection_without_a_byte_counts_after_a_while),
	cmocka_unit_test(idle_ones_go_by_class),
	cmocka_unit_test(time_that_jumps_back_stops_nothing),
	cmocka_unit_test(what_fills_a_hole_late_is_retransmitted),
	cmocka_unit_test(what_is_overtaken_on_a_long_way_is_not_retransmitted),
	cmocka_unit_test(numbers_of_ip_tell_what_was_overtaken),
	cmocka_unit_test(what_is_sent_again_and_not_acknowledged_is_stuck),
	cmocka_unit_test(without_a_round_trip_a_few_ms_tell),
	cmocka_unit_test(quality_is_counted),
	cmocka_unit_test(a_late_syn_corrects_who_is_the_client),
	cmocka_unit_test(a_suspect_beyond_the_end_is_not_told),
	cmocka_unit_test(one_that_the_server_still_has_is_reset_and_begins),
	cmocka_unit_test(a_syn_with_data_on_a_closed_tuple_is_a_new_connection),
	cmocka_unit_test(acks_of_a_half_that_was_never_seen_are_no_gap),
	cmocka_unit_test(a_half_that_is_shown_later_is_no_loss),
	cmocka_unit_test(a_half_that_was_never_seen_is_lost_at_the_end),
	cmocka_unit_test(an_alias_with_early_data_keeps_nothing),
	cmocka_unit_test(
	    a_translation_with_answers_elsewhere_is_one_in_any_order),
	cmocka_unit_test(what_home_missed_comes_from_behind_the_translation),
	cmocka_unit_test(half_a_handshake_is_enough_to_know_a_translation),
	cmocka_unit_test(a_direction_that_only_the_other_side_shows_is_read),
	cmocka_unit_test(bad_checksums_are_refused_behind_a_translation_too),
	cmocka_unit_test(a_corrected_client_does_not_turn_the_other_side_round),
	cmocka_unit_test(an_alias_of_an_alias_is_one_of_the_connection),
	cmocka_unit_test(the_tuple_that_shows_more_of_the_start_stays),
	cmocka_unit_test(what_an_alias_feeds_does_not_stop_ageing),
	cmocka_unit_test(both_ends_translated_are_one_connection),
	cmocka_unit_test(joined_under_way_both_sides_are_one_connection),
	cmocka_unit_test(joined_under_way_one_direction_tells),
	cmocka_unit_test(joined_under_way_equal_packets_alone_do_not_merge),
	cmocka_unit_test(stragglers_of_many_that_ended_begin_nothing),
	cmocka_unit_test(more_that_ended_than_are_remembered_are_counted),
	cmocka_unit_test(a_block_that_is_later_than_the_end_begins_nothing),
	cmocka_unit_test(each_that_is_forgotten_is_counted),
	cmocka_unit_test(stragglers_of_one_that_had_to_make_room_begin_nothing),
	cmocka_unit_test(nothing_goes_on_far_behind_a_fin),
	cmocka_unit_test(what_goes_on_far_off_elsewhere_is_another_network),
	cmocka_unit_test(a_loss_of_gigabytes_is_survived_by_a_lone_half),
	cmocka_unit_test(a_clock_that_is_set_back_makes_no_late_blocks),
	cmocka_unit_test(strays_elsewhere_do_not_join_two_networks),
	cmocka_unit_test(a_reader_is_asked_for_ahead_when_there_is_one),
	cmocka_unit_test(one_that_is_shed_sheds_no_other_nor_itself),
	cmocka_unit_test(another_network_may_use_the_translated_tuple),
	cmocka_unit_test(stragglers_behind_the_translation_were_seen_before),
	cmocka_unit_test(of_readers_the_one_that_was_reset_goes_first),
	cmocka_unit_test(what_it_brought_is_told_once),
	cmocka_unit_test(frames_of_gigabytes_do_not_wrap),
	cmocka_unit_test(what_is_not_told_yet_is_told_when_it_goes),
	cmocka_unit_test(what_a_home_had_not_shown_when_it_moves_counts),
	cmocka_unit_test(what_counted_before_a_home_moved_does_not_again),
	cmocka_unit_test(the_end_of_a_home_that_moved_counts),
	cmocka_unit_test(
	    what_is_sent_again_counts_where_the_home_was_second),
	cmocka_unit_test(what_only_the_home_showed_counts_there),
	cmocka_unit_test(what_was_overtaken_unread_is_no_copy),
	cmocka_unit_test(what_waited_when_nobody_reads_any_more_is_known),
	cmocka_unit_test(what_only_an_alias_showed_counts_at_home),
	cmocka_unit_test(what_makes_an_alias_known_counts_once),
	cmocka_unit_test(an_idle_one_goes_in_time_whatever_is_behind_it),
	cmocka_unit_test(how_long_an_idle_one_stays_may_change),
	cmocka_unit_test(the_idle_one_goes_first_where_there_is_little_room),
	cmocka_unit_test(volumes_of_very_many_are_all_told),
	cmocka_unit_test(behind_nat_the_volume_is_of_the_client_itself),
	cmocka_unit_test(
	    behind_nat_the_client_is_told_whoever_is_read_first),
	cmocka_unit_test(what_is_not_masked_does_not_wait_long),
	cmocka_unit_test(an_address_of_this_host_masks_from_the_start),
	cmocka_unit_test(an_end_waits_for_its_other_side_too),
	cmocka_unit_test(what_this_host_begins_itself_is_its_own),
	cmocka_unit_test(a_bridge_masks_without_a_hop),
	cmocka_unit_test(what_never_has_another_side_waits_no_more),
	cmocka_unit_test(local_addresses_are_bounded),
	cmocka_unit_test(
	    translators_that_are_too_many_are_forgotten_and_counted),
	cmocka_unit_test(every_counter_has_a_name),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
