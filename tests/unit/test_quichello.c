#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/quic.h"
#include "analyzer/quichello.h"
#include "sandbox/compat.h"
#include "tests/lib/guard.h"
#include "tests/lib/quicgen.h"

#define SECOND	1000000ULL
#define LIMIT	(4 << 20)

static const struct hash_key	 seed = { 1, 2 };

/* A table, what it told, and the packet that is given to it next. */
struct world {
	struct mem		 mem;
	struct quichello	*t;
	unsigned		 told;
	char			 name[64];
	uint32_t		 version;
	uint64_t		 id;
	struct packet		 p;
	struct quicgen		 g;
	struct quicgen_head	 h;
	uint8_t			 hello[20000];
	size_t			 len;
};

static void
told(void *arg, const struct packet *p, const struct quic_hello *h)
{
	struct world	*w = arg;
	size_t		 n;

	assert_ptr_equal(p, &w->p);
	n = tls_name(h->tls, (uint8_t *)w->name, sizeof(w->name) - 1);
	w->name[n] = '\0';
	w->version = h->version;
	w->id = h->id;
	w->told++;
}

static void
begin(struct world *w, size_t limit)
{
	memset(w, 0, sizeof(*w));
	w->mem.limit = 64 << 20;
	w->t = quichello_new(&w->mem, &seed, limit, told, w);
	assert_non_null(w->t);
	w->p.ts_us = 1000 * SECOND;
	w->p.key.a.addr.b[15] = 1;
	w->p.key.b.addr.b[15] = 2;
	w->p.key.a.port = 50000;
	w->p.key.b.port = 443;
	w->h.version = QUIC_V1;
	w->h.dst = quicgen_cid("12345678");
	w->len = quicgen_hello(w->hello, "WWW.Example.COM.", 7, 300);
}

/* Nothing is held any more when the table is gone. */
static void
end(struct world *w)
{
	quichello_free(w->t);
	assert_int_equal(w->mem.used, 0);
	assert_int_equal(w->mem.pool[MEM_SESSIONS], 0);
}

static void
give(struct world *w)
{
	w->p.payload = guard_copy(w->g.p, w->g.len);
	w->p.len = w->p.wire = (uint32_t)w->g.len;
	quichello_put(w->t, &w->p);
	w->g.len = 0;
}

/* A datagram with these bytes of the hello. */
static void
part(struct world *w, size_t from, size_t to)
{
	static struct quicgen	 f;

	f.len = 0;
	quicgen_crypto(&f, from, w->hello + from, to - from);
	memset(f.p + f.len, 0, 1200);
	if (f.len < 1100)
		f.len = 1100;
	quicgen_initial(&w->g, &w->h, &f);
	w->h.number++;
	give(w);
}

static uint64_t
count(const struct world *w, enum quichello_count c)
{
	return quichello_count(w->t, c);
}

static struct world	 w;

static void
a_hello_is_told_with_its_name(void **state)
{
	static const uint32_t	 versions[] = { QUIC_V1, QUIC_V2 };
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(versions); i++) {
		begin(&w, LIMIT);
		w.h.version = versions[i];
		part(&w, 0, w.len);
		assert_int_equal(w.told, 1);
		assert_string_equal(w.name, "www.example.com");
		assert_int_equal(w.version, versions[i]);
		assert_int_not_equal(w.id, 0);
		assert_int_equal(count(&w, QUICHELLO_INITIALS), 1);
		end(&w);
	}
}

/* All orders of five parts, each once more than wanted. */
static void
parts_come_in_any_order(void **state)
{
	static const uint8_t	 turns[] = { 5, 4, 3, 2, 1 };
	unsigned		 n, x, i, k, left, order[5];
	bool			 used[5];

	(void)state;
	for (n = 0; n < 120; n++) {
		begin(&w, LIMIT);
		w.len = quicgen_hello(w.hello, "long.example", 1, 4000);
		memset(used, 0, sizeof(used));
		for (i = 0, x = n; i < 5; x /= turns[i++]) {
			left = x % turns[i];
			for (k = 0; used[k] || left-- > 0; k++)
				;
			used[k] = true;
			order[i] = k;
		}
		for (i = 0; i < 5; i++) {
			assert_int_equal(w.told, 0);
			part(&w, order[i] * 800, order[i] == 4 ? w.len :
			    order[i] * 800 + 900);
			if (i == 2)
				part(&w, order[0] * 800,
				    order[0] * 800 + 400);
		}
		assert_int_equal(w.told, 1);
		assert_string_equal(w.name, "long.example");
		end(&w);
	}
}

static void
pieces_of_a_packet_may_be_shuffled(void **state)
{
	static struct quicgen	 f;
	size_t			 i, at;

	(void)state;
	begin(&w, LIMIT);
	f.len = 0;
	for (i = 0; i < 300; i += 10) {
		at = i * 7 % 300;
		quicgen_crypto(&f, at, w.hello + at, 10);
		quicgen_bytes(&f, "\1\0\0", 3);
	}
	assert_int_equal(w.len, 300);
	quicgen_initial(&w.g, &w.h, &f);
	give(&w);
	assert_int_equal(w.told, 1);
	end(&w);
}

/* Both halves in one datagram, as segments that are not cut yet. */
static void
coalesced_initials_are_all_read(void **state)
{
	static struct quicgen	 f;

	(void)state;
	begin(&w, LIMIT);
	quicgen_crypto(&f, 150, w.hello + 150, w.len - 150);
	quicgen_initial(&w.g, &w.h, &f);
	f.len = 0;
	quicgen_crypto(&f, 0, w.hello, 150);
	quicgen_initial(&w.g, &w.h, &f);
	give(&w);
	assert_int_equal(w.told, 1);
	assert_int_equal(count(&w, QUICHELLO_INITIALS), 2);
	end(&w);
}

static void
what_comes_again_is_told_once(void **state)
{
	(void)state;
	begin(&w, LIMIT);
	part(&w, 0, w.len);
	part(&w, 0, w.len);		/* sent again */
	w.p.iface = 3;
	part(&w, 0, w.len);		/* on another interface */
	w.p.key.a.addr.b[14] = 9;
	w.p.key.a.port = 1024;
	part(&w, 0, w.len);		/* behind NAT */
	assert_int_equal(w.told, 1);
	assert_int_equal(count(&w, QUICHELLO_AGAIN), 1);
	w.len = quicgen_hello(w.hello, "www.example.com", 8, 300);
	w.p.key.a.port = 1025;
	part(&w, 0, w.len);		/* another connection */
	assert_int_equal(w.told, 2);
	end(&w);
}

/* RFC 9000, 17.2.5.2: a new ID, new keys, a token, the same hello. */
static void
a_retry_is_the_same_connection(void **state)
{
	(void)state;
	begin(&w, LIMIT);
	part(&w, 0, w.len);
	w.h.dst = quicgen_cid("of the server");
	w.h.token = "a token that a Retry gave";
	part(&w, 0, w.len);
	assert_int_equal(w.told, 1);
	assert_int_equal(count(&w, QUICHELLO_AGAIN), 1);
	assert_int_equal(count(&w, QUICHELLO_UNREAD), 0);
	end(&w);
	begin(&w, LIMIT);		/* a part of the first is lost */
	part(&w, 0, 100);
	w.h.dst = quicgen_cid("of the server");
	w.h.token = "a token that a Retry gave";
	part(&w, 100, w.len);
	assert_int_equal(w.told, 0);
	part(&w, 0, 100);
	assert_int_equal(w.told, 1);
	end(&w);
}

/* The keys stay those of the first ID, whatever the server chooses. */
static void
an_answered_client_goes_on(void **state)
{
	struct quic_keys	 k;

	(void)state;
	begin(&w, LIMIT);
	quic_keys(&k, QUIC_V1, &w.h.dst);
	part(&w, 0, 100);
	w.h.dst = quicgen_cid("server's");
	w.h.keys = &k;
	part(&w, 100, w.len);
	assert_int_equal(w.told, 1);
	part(&w, 0, w.len);
	assert_int_equal(w.told, 1);
	assert_int_equal(count(&w, QUICHELLO_UNREAD), 0);
	end(&w);
	begin(&w, LIMIT);		/* it has also chosen version 2 */
	quic_keys(&k, QUIC_V2, &w.h.dst);
	part(&w, 0, 100);
	w.h.dst = quicgen_cid("server's");
	w.h.version = QUIC_V2;
	w.h.keys = &k;
	part(&w, 100, w.len);
	assert_int_equal(w.told, 1);
	end(&w);
}

static void
a_new_connection_may_have_the_old_ports(void **state)
{
	(void)state;
	begin(&w, LIMIT);
	part(&w, 0, w.len);
	w.len = quicgen_hello(w.hello, "second.example", 9, 300);
	w.h.dst = quicgen_cid("87654321");
	part(&w, 0, w.len);
	assert_int_equal(w.told, 2);
	assert_string_equal(w.name, "second.example");
	end(&w);
}

static void
a_server_is_no_client(void **state)
{
	struct endpoint	 e;

	(void)state;
	begin(&w, LIMIT);
	w.h.src = quicgen_cid("client");
	part(&w, 0, w.len);
	e = w.p.key.a;
	w.p.key.a = w.p.key.b;
	w.p.key.b = e;
	w.h.dst = quicgen_cid("client");
	w.h.src = quicgen_cid("server");
	w.len = quicgen_hello(w.hello, "reflected.example", 3, 300);
	part(&w, 0, w.len);
	assert_int_equal(w.told, 1);
	assert_int_equal(count(&w, QUICHELLO_INITIALS), 2);
	assert_int_equal(count(&w, QUICHELLO_UNREAD), 0);
	end(&w);
}

static void
nothing_is_believed_without_its_tag(void **state)
{
	static struct quicgen	 f;
	size_t			 held;

	(void)state;
	begin(&w, LIMIT);
	held = w.mem.used;
	quicgen_crypto(&f, 0, w.hello, w.len);
	quicgen_initial(&w.g, &w.h, &f);
	w.g.p[w.g.len - 1] ^= 1;
	give(&w);
	assert_int_equal(w.told, 0);
	assert_int_equal(count(&w, QUICHELLO_UNREAD), 1);
	assert_int_equal(w.mem.used, held);
	quicgen_bytes(&w.g, "\xc0\0\0\0\1\x15garbage", 13);
	give(&w);
	assert_int_equal(count(&w, QUICHELLO_UNREAD), 2);
	assert_int_equal(count(&w, QUICHELLO_INITIALS), 2);
	quicgen_initial(&w.g, &w.h, &f);
	w.g.len -= 20;			/* it says more than there is */
	give(&w);
	assert_int_equal(count(&w, QUICHELLO_UNREAD), 3);
	assert_int_equal(w.mem.used, held);
	end(&w);
}

static void
a_cut_packet_is_counted_as_cut(void **state)
{
	static struct quicgen	 f;

	(void)state;
	begin(&w, LIMIT);
	f.len = 0;
	quicgen_crypto(&f, 0, w.hello, w.len);
	quicgen_initial(&w.g, &w.h, &f);
	w.p.payload = w.g.p;
	w.p.wire = (uint32_t)w.g.len;
	w.p.len = 200;
	quichello_put(w.t, &w.p);
	w.p.len = 10;			/* in its first ID */
	quichello_put(w.t, &w.p);
	assert_int_equal(count(&w, QUICHELLO_CUT), 2);
	assert_int_equal(count(&w, QUICHELLO_UNREAD), 0);
	end(&w);
}

static void
a_part_that_never_comes_is_counted(void **state)
{
	size_t	 held;

	(void)state;
	begin(&w, LIMIT);
	held = w.mem.used;
	part(&w, 0, 100);
	quichello_tick(w.t, w.p.ts_us + QUICHELLO_KEEP_US);
	assert_int_equal(count(&w, QUICHELLO_LOST), 0);
	quichello_tick(w.t, w.p.ts_us + QUICHELLO_KEEP_US + 1);
	assert_int_equal(count(&w, QUICHELLO_LOST), 1);
	assert_int_equal(w.mem.used, held);
	part(&w, 0, 100);
	quichello_flush(w.t);
	assert_int_equal(count(&w, QUICHELLO_LOST), 2);
	part(&w, 0, w.len);
	quichello_flush(w.t);		/* this one was complete */
	assert_int_equal(count(&w, QUICHELLO_LOST), 2);
	end(&w);
}

static void
what_is_no_hello_is_counted(void **state)
{
	(void)state;
	begin(&w, LIMIT);
	w.hello[0] = 2;
	part(&w, 0, w.len);
	assert_int_equal(count(&w, QUICHELLO_BAD), 1);
	end(&w);
	begin(&w, LIMIT);
	w.hello[1] = 1;			/* 64 KiB of it */
	part(&w, 0, w.len);
	assert_int_equal(count(&w, QUICHELLO_BAD), 1);
	end(&w);
	begin(&w, LIMIT);
	part(&w, QUICHELLO_LEN_MAX - 10, QUICHELLO_LEN_MAX + 1);
	assert_int_equal(count(&w, QUICHELLO_BAD), 1);
	end(&w);
	begin(&w, LIMIT);
	part(&w, QUICHELLO_LEN_MAX - 10, QUICHELLO_LEN_MAX);
	assert_int_equal(count(&w, QUICHELLO_BAD), 0);
	end(&w);
	assert_int_equal(w.told, 0);
}

/* One client after the other, each with a name of its own. */
static void
flood(unsigned n, size_t from, size_t to)
{
	unsigned	 i;

	for (i = 0; i < n; i++) {
		w.p.key.a.port = (uint16_t)i;
		w.p.key.a.addr.b[13] = (uint8_t)(i >> 16);
		quicgen_hello(w.hello, "flood.example", 7, 300);
		memcpy(w.hello + 6, &i, sizeof(i));
		part(&w, from, to);
	}
}

static void
a_flood_costs_only_so_much(void **state)
{
	(void)state;
	begin(&w, LIMIT);
	flood(QUICHELLO_RATE + 5, 0, w.len);
	assert_int_equal(w.told, QUICHELLO_RATE);
	assert_int_equal(count(&w, QUICHELLO_SKIPPED), 5);
	w.p.ts_us += 1000;		/* RATE / 1000 more, then */
	w.h.dst = quicgen_cid("anew");
	flood(QUICHELLO_RATE / 1000 + 1, 0, w.len);
	assert_int_equal(count(&w, QUICHELLO_SKIPPED), 6);
	w.p.ts_us += 60 * SECOND;	/* no more than at first */
	w.h.dst = quicgen_cid("and anew");
	flood(QUICHELLO_RATE + 1, 0, w.len);
	assert_int_equal(count(&w, QUICHELLO_SKIPPED), 7);
	end(&w);
}

static void
the_oldest_make_room(void **state)
{
	(void)state;
	begin(&w, 32 << 20);		/* by their number */
	flood(QUICHELLO_CONNS, 0, 1);
	assert_int_equal(count(&w, QUICHELLO_SHED), 0);
	w.p.ts_us += SECOND;
	flood(QUICHELLO_CONNS + 1, 0, 1);
	assert_int_equal(count(&w, QUICHELLO_SHED), 1);
	end(&w);
	begin(&w, 100000);		/* by their bytes */
	flood(100, 0, 100);
	assert_in_range(count(&w, QUICHELLO_SHED), 50, 70);
	part(&w, 100, w.len);		/* the last one is still there */
	assert_int_equal(w.told, 1);
	assert_true(w.mem.used < 100000 + 400000);
	end(&w);
}

static void
refused_memory_is_counted(void **state)
{
	(void)state;
	begin(&w, LIMIT);
	w.mem.limit = w.mem.used;
	part(&w, 0, w.len);
	assert_int_equal(w.told, 0);
	assert_int_equal(count(&w, QUICHELLO_SHED), 1);
	w.mem.limit += 1000;		/* for a connection, and no bytes */
	part(&w, 0, w.len);
	assert_int_equal(w.told, 0);
	assert_int_equal(count(&w, QUICHELLO_SHED), 2);
	end(&w);
	w.mem.limit = 1;
	assert_null(quichello_new(&w.mem, &seed, LIMIT, told, &w));
}

int
main(void)
{
	static const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_hello_is_told_with_its_name),
		cmocka_unit_test(parts_come_in_any_order),
		cmocka_unit_test(pieces_of_a_packet_may_be_shuffled),
		cmocka_unit_test(coalesced_initials_are_all_read),
		cmocka_unit_test(what_comes_again_is_told_once),
		cmocka_unit_test(a_retry_is_the_same_connection),
		cmocka_unit_test(an_answered_client_goes_on),
		cmocka_unit_test(a_new_connection_may_have_the_old_ports),
		cmocka_unit_test(a_server_is_no_client),
		cmocka_unit_test(nothing_is_believed_without_its_tag),
		cmocka_unit_test(a_cut_packet_is_counted_as_cut),
		cmocka_unit_test(a_part_that_never_comes_is_counted),
		cmocka_unit_test(what_is_no_hello_is_counted),
		cmocka_unit_test(a_flood_costs_only_so_much),
		cmocka_unit_test(the_oldest_make_room),
		cmocka_unit_test(refused_memory_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
