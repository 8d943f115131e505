/* Conversations of what is not TCP. */
#include <stdio.h>
#include <string.h>

#include "analyzer/conv.h"
#include "tests/lib/cmocka_first.h"

#define SECOND	1000000ULL
#define UDP	17
#define MANY	64

static const struct hash_key	 key = { 3, 4 };

struct world {
	struct mem		 mem;
	struct conv_table	*t;
	uint64_t		 now;
	struct conv_told	 told[MANY];
	uint8_t			 name[MANY][CONV_NAME];
	unsigned		 n;
	uint64_t		 bytes;		/* of all that was told */
};

static void
on_told(void *arg, const struct conv_told *c)
{
	struct world	*w = arg;

	w->bytes += c->volume.bytes[0] + c->volume.bytes[1];
	if (w->n == MANY)
		return;
	memcpy(w->name[w->n], c->name, c->name_len);
	w->told[w->n++] = *c;
}

static void
begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->mem.limit = 64 << 20;
	w->now = 1000 * SECOND;
	w->t = conv_new(&w->mem, &key, 8 << 20, on_told, w);
	assert_non_null(w->t);
}

static void
end(struct world *w)
{
	conv_free(w->t);
	assert_int_equal(w->mem.used, 0);
}

static void
tell(struct world *w)
{
	w->n = 0;
	conv_tell(w->t);
}

static struct endpoint
at(const char *text)
{
	struct endpoint	 e;

	assert_int_equal(endpoint_parse(text, &e), 0);
	return e;
}

/* A datagram of UDP, 1000 bytes on the wire, with words as its content. */
static bool
say(struct world *w, unsigned iface, unsigned ttl, const char *from,
    const char *to, const char *words)
{
	uint8_t		 l4[8 + 64] = { 0 };
	size_t		 n = strlen(words);
	struct packet	 p = { .ts_us = w->now, .wirelen = 1000,
			    .iface = (uint16_t)iface, .version = 4,
			    .proto = UDP, .ttl = (uint8_t)ttl };

	assert_true(n <= 64);
	memcpy(l4 + 8, words, n);
	p.key.a = at(from);
	p.key.b = at(to);
	p.l4 = l4;
	p.l4_cap = p.l4_len = (uint32_t)(8 + n);
	w->now += 10;
	return conv_packet(w->t, &p);
}

#define INSIDE	"10.0.0.5:5353"
#define OUTSIDE	"203.0.113.1:40000"
#define SERVER	"192.0.2.53:53"
#define ASK	"a question that nobody else asks"
#define ANSWER	"the answer to it, just as long"

static void
client_is(const struct conv_told *c, const char *client, const char *server)
{
	struct endpoint	 a = at(client), b = at(server);

	assert_int_equal(endpoint_cmp(&c->client, &a), 0);
	assert_int_equal(endpoint_cmp(&c->server, &b), 0);
}

static void
both_directions_are_one(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	assert_true(say(&w, 1, 64, INSIDE, SERVER, ASK));
	assert_true(say(&w, 1, 60, SERVER, INSIDE, ANSWER));
	assert_true(say(&w, 1, 60, SERVER, INSIDE, ANSWER));
	tell(&w);
	assert_int_equal(w.n, 1);
	client_is(&w.told[0], INSIDE, SERVER);
	assert_int_equal(w.told[0].proto, UDP);
	assert_true(w.told[0].first);
	assert_int_equal(w.told[0].volume.bytes[0], 1000);
	assert_int_equal(w.told[0].volume.bytes[1], 2000);
	assert_int_equal(w.told[0].volume.packets[1], 2);
	tell(&w);
	assert_int_equal(w.n, 0);
	assert_true(say(&w, 1, 64, INSIDE, SERVER, ASK));
	tell(&w);
	assert_int_equal(w.n, 1);
	assert_false(w.told[0].first);
	end(&w);
}

static void
an_answer_without_a_question_has_its_server(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	assert_true(say(&w, 1, 60, SERVER, INSIDE, ANSWER));
	tell(&w);
	assert_int_equal(w.n, 1);
	client_is(&w.told[0], INSIDE, SERVER);
	assert_int_equal(w.told[0].volume.bytes[1], 1000);
	end(&w);
}

static void
who_answers_was_asked(void **state)
{
	struct packet	 p = { .version = 4, .proto = UDP };
	struct world	 w;

	(void)state;
	begin(&w);
	p.key.a = at(SERVER);
	p.key.b = at(INSIDE);
	assert_false(conv_asked(w.t, &p));
	say(&w, 1, 60, SERVER, INSIDE, ANSWER);
	assert_false(conv_asked(w.t, &p));
	say(&w, 1, 64, INSIDE, SERVER, ASK);
	assert_true(conv_asked(w.t, &p));
	/* its own question is no answer; behind NAT it is the same one */
	p.key = (struct flow_key){ p.key.b, p.key.a };
	assert_false(conv_asked(w.t, &p));
	say(&w, 2, 63, OUTSIDE, SERVER, ASK);
	p.key.a = at(SERVER);
	p.key.b = at(OUTSIDE);
	p.iface = 2;
	assert_true(conv_asked(w.t, &p));
	end(&w);
}

/* Who sends an error or a reply of ICMP is no client: its receiver is. */
static void
icmp_has_those_who_answer(void **state)
{
	static const struct {
		uint8_t	 proto;
		uint8_t	 type;
		bool	 answers;
	}		 t[] = {
		{ 1, 0, true }, { 1, 3, true }, { 1, 4, true }, { 1, 5, true },
		{ 1, 8, false }, { 1, 11, true }, { 1, 12, true },
		{ 1, 13, false }, { 1, 14, true }, { 1, 200, false },
		{ 58, 1, true }, { 58, 3, true }, { 58, 128, false },
		{ 58, 129, true }, { 58, 135, false },
	};
	uint8_t		 l4[8] = { 0 };
	struct packet	 p = { .wirelen = 100, .version = 4, .l4 = l4,
			    .l4_cap = sizeof(l4), .l4_len = sizeof(l4) };
	struct world	 w;
	size_t		 i;

	(void)state;
	p.key.a = at("192.0.2.1:0");
	p.key.b = at("10.0.0.5:0");
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		begin(&w);
		p.proto = t[i].proto;
		l4[0] = t[i].type;
		p.ts_us = w.now;
		assert_true(conv_packet(w.t, &p));
		tell(&w);
		assert_int_equal(w.told[0].volume.bytes[t[i].answers], 100);
		assert_int_equal(w.told[0].client.addr.b[12],
		    t[i].answers ? 10 : 192);
		end(&w);
	}
}

static void
another_interface_counts_nothing(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	assert_true(say(&w, 1, 64, INSIDE, SERVER, ASK));
	assert_false(say(&w, 2, 63, INSIDE, SERVER, ASK));
	/* blocks of interfaces come in any order */
	assert_false(say(&w, 2, 60, SERVER, INSIDE, ANSWER) &&
	    say(&w, 1, 59, SERVER, INSIDE, ANSWER));
	tell(&w);
	assert_int_equal(w.n, 1);
	assert_int_equal(w.told[0].volume.packets[0] +
	    w.told[0].volume.packets[1], 2);
	/* a router with one leg, a hop further */
	assert_true(say(&w, 1, 64, INSIDE, SERVER, ASK));
	assert_false(say(&w, 1, 63, INSIDE, SERVER, ASK));
	end(&w);
}

/* Half of it at the worst: who sends on several ways, or wants to hide. */
static void
nobody_hides_behind_a_hop(void **state)
{
	struct world	 w;
	unsigned	 i, ttl;

	(void)state;
	begin(&w);
	assert_true(say(&w, 1, 64, INSIDE, SERVER, ASK));
	assert_false(say(&w, 1, 63, INSIDE, SERVER, ASK));
	for (i = 0; i < 1000; i++)
		assert_true(say(&w, 1, 63, INSIDE, SERVER, ASK));
	/* as many as there may be of copies, those of a long queue, too */
	for (i = 0; i < 1000; i++)
		assert_true(say(&w, 1, 64, INSIDE, SERVER, ASK));
	for (i = 0; i < 1000; i++)
		assert_false(say(&w, 1, 63, INSIDE, SERVER, ASK));
	assert_true(say(&w, 1, 63, INSIDE, SERVER, ASK));
	/* who looks for the way counts */
	for (ttl = 65; ttl < 90; ttl++)
		assert_true(say(&w, 1, ttl, INSIDE, SERVER, ASK));
	tell(&w);
	assert_int_equal(w.told[0].volume.packets[0], 2027);
	end(&w);
}

static void
a_home_that_falls_silent_is_left(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	assert_true(say(&w, 1, 64, INSIDE, SERVER, ASK));
	w.now += SECOND / 2;
	assert_false(say(&w, 2, 64, INSIDE, SERVER, ASK));
	w.now += SECOND;
	assert_true(say(&w, 2, 64, INSIDE, SERVER, ASK));
	assert_false(say(&w, 1, 64, INSIDE, SERVER, ASK));
	end(&w);
}

/* The answers of both, wherever they are met. */
static void
answers(struct world *w, const char *inside, const char *outside)
{
	assert_int_equal(say(w, 1, 59, SERVER, inside, ANSWER) +
	    say(w, 2, 60, SERVER, outside, ANSWER), 1);
}

static void
behind_nat_it_is_one_of_the_client(void **state)
{
	struct world	 w;
	int		 i, outside_first;

	(void)state;
	for (outside_first = 0; outside_first < 2; outside_first++) {
		begin(&w);
		if (outside_first)
			assert_true(say(&w, 2, 63, OUTSIDE, SERVER, ASK));
		assert_int_equal(say(&w, 1, 64, INSIDE, SERVER, ASK),
		    !outside_first);
		if (!outside_first)
			assert_false(say(&w, 2, 63, OUTSIDE, SERVER, ASK));
		for (i = 0; i < 10; i++)
			answers(&w, INSIDE, OUTSIDE);
		tell(&w);
		assert_int_equal(w.n, 1);
		client_is(&w.told[0], INSIDE, SERVER);
		assert_int_equal(w.told[0].volume.packets[0], 1);
		assert_int_equal(w.told[0].volume.packets[1], 10);
		end(&w);
	}
}

static void
two_that_begin_alike_behind_nat_are_two(void **state)
{
	struct world	 w;
	unsigned	 i, sum = 0;
	int		 outside_first;

	(void)state;
	for (outside_first = 0; outside_first < 2; outside_first++) {
		begin(&w);
		if (outside_first) {
			say(&w, 2, 63, "203.0.113.1:1111", SERVER, ASK);
			say(&w, 2, 63, "203.0.113.1:2222", SERVER, ASK);
		}
		say(&w, 1, 64, "10.0.0.5:1111", SERVER, ASK);
		say(&w, 1, 64, "10.0.0.6:1111", SERVER, ASK);
		if (!outside_first) {
			say(&w, 2, 63, "203.0.113.1:1111", SERVER, ASK);
			say(&w, 2, 63, "203.0.113.1:2222", SERVER, ASK);
		}
		tell(&w);
		assert_int_equal(w.n, 2);
		for (i = 0; i < 2; i++) {
			assert_int_equal(w.told[i].client.addr.b[12], 10);
			assert_int_equal(w.told[i].volume.packets[0], 1);
			sum += w.told[i].client.addr.b[15];
		}
		end(&w);
	}
	assert_int_equal(sum, 2 * (5 + 6));
}

/* No NAT: of each the first sighting is at another place than of the other. */
static void
two_that_begin_alike_without_nat_part_again(void **state)
{
	struct world	 w;
	int		 i;

	(void)state;
	begin(&w);
	assert_true(say(&w, 1, 64, "10.0.0.5:1111", SERVER, ASK));
	say(&w, 2, 63, "10.0.0.6:1111", SERVER, ASK);
	say(&w, 1, 64, "10.0.0.6:1111", SERVER, ASK);
	say(&w, 2, 63, "10.0.0.5:1111", SERVER, ASK);
	for (i = 0; i < 8; i++) {
		say(&w, 1, 64, "10.0.0.5:1111", SERVER, ASK);
		say(&w, 2, 63, "10.0.0.5:1111", SERVER, ASK);
		say(&w, 1, 64, "10.0.0.6:1111", SERVER, ASK);
		say(&w, 2, 63, "10.0.0.6:1111", SERVER, ASK);
	}
	tell(&w);
	assert_int_equal(w.n, 2);
	assert_int_equal(w.told[0].volume.packets[0], 9);
	assert_int_equal(w.told[1].volume.packets[0], 9);
	end(&w);
}

/* And what counted before they parted does not again at the other place. */
static void
two_that_part_again_count_once(void **state)
{
	struct world	 w;
	int		 i;

	(void)state;
	begin(&w);
	say(&w, 1, 64, "10.0.0.5:1111", SERVER, ASK);
	say(&w, 2, 64, SERVER, "10.0.0.5:1111", ANSWER);
	say(&w, 2, 59, "10.0.0.6:1111", SERVER, ASK);
	for (i = 0; i < 5; i++)
		say(&w, 2, 64, SERVER, "10.0.0.6:1111", ANSWER);
	assert_true(say(&w, 1, 60, "10.0.0.6:1111", SERVER, ASK));
	for (i = 0; i < 5; i++)
		assert_false(say(&w, 1, 63, SERVER, "10.0.0.6:1111", ANSWER));
	assert_true(say(&w, 1, 60, "10.0.0.6:1111", SERVER, ASK));
	tell(&w);
	assert_int_equal(w.bytes, 9000);
	end(&w);
}

static void
few_bytes_tell_nothing(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	assert_true(say(&w, 1, 64, INSIDE, SERVER, "ping"));
	assert_true(say(&w, 2, 63, OUTSIDE, SERVER, "ping"));
	tell(&w);
	assert_int_equal(w.n, 2);
	end(&w);
}

/* More than the table holds: each is told when it has to go. */
static void
nothing_is_lost_when_there_are_too_many(void **state)
{
	struct world	 w;
	char		 from[32];
	unsigned	 i, n = 100000;

	(void)state;
	begin(&w);
	for (i = 0; i < n; i++) {
		snprintf(from, sizeof(from), "10.%u.%u.%u:999", i >> 16,
		    i >> 8 & 255, i & 255);
		assert_true(say(&w, 1, 64, from, SERVER, ASK));
	}
	assert_true(w.bytes > 0 && w.bytes < n * 1000ULL);
	tell(&w);
	assert_int_equal(w.bytes, n * 1000ULL);
	assert_int_equal(conv_forgotten(w.t), n - 16384);
	end(&w);
}

static void
a_name_belongs_to_both_tuples(void **state)
{
	struct world	 w;
	struct packet	 p = { .iface = 2, .version = 4, .proto = UDP };

	(void)state;
	begin(&w);
	say(&w, 1, 64, INSIDE, SERVER, ASK);
	say(&w, 2, 63, OUTSIDE, SERVER, ASK);
	p.key.a = at(OUTSIDE);
	p.key.b = at(SERVER);
	conv_name(w.t, &p, (const uint8_t *)"www.example", 11);
	tell(&w);
	assert_int_equal(w.n, 1);
	assert_int_equal(w.told[0].name_len, 11);
	assert_memory_equal(w.name[0], "www.example", 11);
	/* nobody asked there */
	p.key.a = at("10.9.9.9:1");
	conv_name(w.t, &p, (const uint8_t *)"www.example", 11);
	end(&w);
}

static void
without_memory_there_is_none(void **state)
{
	struct mem	 mem = { .limit = 1024 };

	(void)state;
	assert_null(conv_new(&mem, &key, 8 << 20, on_told, NULL));
	mem.limit = 64 << 20;
	assert_null(conv_new(&mem, &key, 1024, on_told, NULL));
	assert_int_equal(mem.used, 0);
	conv_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(both_directions_are_one),
		cmocka_unit_test(an_answer_without_a_question_has_its_server),
		cmocka_unit_test(icmp_has_those_who_answer),
		cmocka_unit_test(who_answers_was_asked),
		cmocka_unit_test(another_interface_counts_nothing),
		cmocka_unit_test(nobody_hides_behind_a_hop),
		cmocka_unit_test(a_home_that_falls_silent_is_left),
		cmocka_unit_test(behind_nat_it_is_one_of_the_client),
		cmocka_unit_test(two_that_begin_alike_behind_nat_are_two),
		cmocka_unit_test(two_that_begin_alike_without_nat_part_again),
		cmocka_unit_test(two_that_part_again_count_once),
		cmocka_unit_test(few_bytes_tell_nothing),
		cmocka_unit_test(nothing_is_lost_when_there_are_too_many),
		cmocka_unit_test(a_name_belongs_to_both_tuples),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
