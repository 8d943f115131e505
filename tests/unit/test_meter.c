#include <stdio.h>
#include <string.h>

#include "analyzer/meter.h"
#include "analyzer/quic.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"
#include "tests/lib/guard.h"

struct world {
	struct mem	 mem;
	struct hash_key	 seed;
	struct meter_conf conf;
	struct meter	*m;
	struct sketch_entry *iface;
	struct meter_cache cache;
	struct addr	 client;	/* of the cache */
};

#define CLIENT	"192.0.2.9"

static void
begin(struct world *w, bool offline)
{
	memset(w, 0, sizeof(*w));
	w->mem.limit = 64 << 20;
	w->conf.window_us = 10000000;
	w->conf.offline = offline;
	w->conf.limit = 32 << 20;
	w->conf.max_hosts = 100;
	w->conf.max_sections = 4;
	w->conf.max_clients = 100;
	w->conf.max_talkers = 100;
	w->conf.max_names = 100;
	w->m = meter_new(&w->conf, &w->seed, &w->mem);
	meter_advance(w->m, 1000000000);
	w->iface = meter_iface(w->m, "eth0");
}

static void
end(struct world *w)
{
	meter_free(w->m);
	assert_int_equal(w->mem.used, 0);
}

static uint64_t
request(struct world *w, const char *host, const char *section,
    const char *client)
{
	struct meter_request	 r;
	struct addr		 a;

	memset(&r, 0, sizeof(r));
	r.host = (const uint8_t *)host;
	r.host_len = strlen(host);
	r.section = (const uint8_t *)section;
	r.section_len = strlen(section);
	assert_int_equal(addr_parse(client, &a), 0);
	if (w->cache.hash == 0 || addr_cmp(&w->client, &a) != 0) {
		w->client = a;
		meter_client(w->m, &w->cache, &w->client);
	}
	return meter_request(w->m, w->iface, &w->cache, &w->client, &r);
}

static uint64_t
count(struct world *w, const struct sketch_entry *e, unsigned index,
    enum show_window window)
{
	uint64_t	 v[MC_MAX];

	meter_flush(w->m);
	meter_sum(w->m, e, window, v);
	return v[index];
}

static struct sketch_entry *
host(struct world *w, const char *name)
{
	return sketch_find(w->m->hosts, name, strlen(name));
}

static void
a_pair_is_counted_everywhere(void **state)
{
	struct meter_end	 t;
	struct sketch_entry	*h, *s, *c;
	struct world		 w;
	uint64_t		 token, v[MC_MAX];

	(void)state;
	begin(&w, false);
	token = request(&w, "a.example", "/shop", "192.0.2.1");
	meter_response(w.m, w.iface, &w.cache, &w.client, token, 404, false);
	memset(&t, 0, sizeof(t));
	t.first_us = 5000;
	t.last_us = 9000;
	t.resp_body = 77;
	meter_end(w.m, w.iface, &w.cache, &w.client, token, &t);
	h = host(&w, "a.example");
	meter_sum(w.m, h, WINDOW_LAST, v);
	assert_int_equal(v[MC_REQUESTS], 1);
	assert_int_equal(v[MC_RESPONSES], 1);
	assert_int_equal(v[MC_METHOD], 1);
	assert_int_equal(meter_class(w.m, v, 4), 1);
	assert_int_equal(v[MC_RESP_BODY], 77);
	assert_int_equal(hist_count(v + MC_FIRST), 1);
	s = sketch_find(sketch_child(h, METER_CHILD_SECTIONS), "/shop", 5);
	assert_int_equal(count(&w, s, MC_RESPONSES, WINDOW_TOTAL), 1);
	c = sketch_find(w.m->clients, w.client.b, sizeof(w.client.b));
	assert_int_equal(count(&w, c, MC_ERRORS, WINDOW_1M), 1);
	c = sketch_find(sketch_child(h, METER_CHILD_CLIENTS), w.client.b,
	    sizeof(w.client.b));
	assert_int_equal(count(&w, c, MC_RESPONSES, WINDOW_1M), 1);
	assert_int_equal(count(&w, c, MC_RESP_BODY, WINDOW_1M), 77);
	assert_int_equal(count(&w, w.iface, MC_REQUESTS, WINDOW_10M), 1);
	assert_int_equal(count(&w, w.m->total, MC_RESP_BODY, WINDOW_LAST), 77);
	end(&w);
}

static void
windows_move_on_while_nothing_comes(void **state)
{
	struct world	 w;
	uint64_t	 now = 1000000000;
	unsigned	 i;

	(void)state;
	begin(&w, false);
	for (i = 0; i < 100; i++)
		request(&w, "a", "/", CLIENT);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_LAST),
	    100);
	meter_advance(w.m, now + 9000000);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_LAST),
	    100);
	meter_advance(w.m, now + 12000000);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_LAST),
	    0);
	assert_int_equal(count(&w, w.m->total, MC_REQUESTS, WINDOW_LAST), 0);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_1M),
	    100);
	meter_advance(w.m, now + 80000000);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_1M), 0);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_10M),
	    100);
	meter_advance(w.m, now + 700000000);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_10M),
	    0);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_TOTAL),
	    100);
	end(&w);
}

static void
a_window_is_as_long_as_it_was_watched(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, false);
	meter_advance(w.m, 1000000000 + 3500000);
	assert_int_equal(meter_window_us(w.m, WINDOW_LAST), 3500000);
	meter_advance(w.m, 1000000000 + 100500000);
	assert_int_equal(meter_window_us(w.m, WINDOW_LAST), 10500000);
	assert_int_equal(meter_window_us(w.m, WINDOW_TOTAL), 100500000);
	end(&w);
}

/* With more hosts than fit, rows and "other" still add up. */
static void
totals_stay_exact_when_hosts_do_not_fit(void **state)
{
	char		 name[3] = "aa";
	uint64_t	 sum = 0;
	struct world	 w;
	unsigned	 i;
	uint32_t	 k;

	(void)state;
	begin(&w, false);
	for (i = 0; i < 26 * 26; i++) {
		name[0] = (char)('a' + i / 26);
		name[1] = (char)('a' + i % 26);
		request(&w, name, "/", CLIENT);
	}
	assert_int_equal(count(&w, w.m->total, MC_REQUESTS, WINDOW_TOTAL),
	    676);
	assert_int_equal(w.m->hosts->n, 100);
	for (k = 0; k < w.m->hosts->n; k++)
		sum += count(&w, w.m->hosts->heap[k], MC_REQUESTS,
		    WINDOW_TOTAL);
	assert_true(sum <= 676);
	assert_int_equal(w.m->hosts->evicted, 576);
	end(&w);
}

static void
the_token_of_a_lost_host_counts_in_total_only(void **state)
{
	char		 name[3] = "aa";
	struct world	 w;
	uint64_t	 token;
	unsigned	 i;

	(void)state;
	begin(&w, false);
	token = request(&w, "gone", "/", CLIENT);
	for (i = 0; i < 26 * 26; i++) {
		name[0] = (char)('a' + i / 26);
		name[1] = (char)('a' + i % 26);
		request(&w, name, "/", CLIENT);
		request(&w, name, "/", CLIENT);
	}
	assert_null(host(&w, "gone"));
	meter_response(w.m, w.iface, &w.cache, &w.client, token, 200, false);
	assert_int_equal(count(&w, w.m->total, MC_RESPONSES, WINDOW_TOTAL),
	    1);
	end(&w);
}

static void
interim_answers_are_statuses_but_no_responses(void **state)
{
	struct world	 w;
	uint64_t	 token, v[MC_MAX];

	(void)state;
	begin(&w, false);
	token = request(&w, "a", "/", CLIENT);
	meter_response(w.m, w.iface, &w.cache, &w.client, token, 100, true);
	meter_response(w.m, w.iface, &w.cache, &w.client, token, 101, false);
	meter_sum(w.m, host(&w, "a"), WINDOW_TOTAL, v);
	assert_int_equal(v[MC_RESPONSES], 1);
	assert_int_equal(meter_class(w.m, v, 1), 2);
	end(&w);
}

static void
every_status_has_a_slot_and_strange_ones_share_one(void **state)
{
	struct world	 w;
	unsigned	 code, slot;

	(void)state;
	begin(&w, false);
	for (code = 0; code < 1000; code++) {
		slot = meter_status_slot(w.m, code);
		assert_in_range(slot, 0, METER_STATUSES - 1);
		assert_true(slot == METER_STATUSES - 1 ||
		    meter_status_code(w.m, slot) == code);
	}
	for (code = 200; code < 207; code++)
		assert_int_equal(meter_status_code(w.m,
		    meter_status_slot(w.m, code)), code);
	assert_int_equal(meter_status_code(w.m, METER_STATUSES - 1), 0);
	end(&w);
}

static void
names_are_those_of_quic_too(void **state)
{
	struct meter_hello	 h = { .name = (const uint8_t *)"www.example",
				    .len = 11, .alpn = (const uint8_t *)"h3",
				    .alpn_len = 2 };
	struct world		 w;
	uint64_t		 v[MC_MAX];

	(void)state;
	begin(&w, false);
	meter_hello(w.m, w.iface, NULL, NULL, &h);
	h.quic = QUIC_V1;
	meter_hello(w.m, w.iface, NULL, NULL, &h);
	h.quic = QUIC_V2;
	h.ech = true;
	meter_hello(w.m, w.iface, NULL, NULL, &h);
	meter_sum(w.m, sketch_find(w.m->names, "www.example", 11),
	    WINDOW_LAST, v);
	assert_int_equal(v[MC_TLS], 1);
	assert_int_equal(v[MC_QUIC], 2);
	assert_int_equal(v[MC_QUIC_ECH], 1);
	assert_int_equal(v[MC_TLS_ECH], 0);
	assert_int_equal(v[MC_ALPN + meter_alpn_slot(h.alpn, 2)], 3);
	assert_string_equal(meter_version_name(meter_quic_slot(QUIC_V2)),
	    "QUIC v2");
	assert_int_equal(v[MC_VERSION + meter_quic_slot(QUIC_V1)], 1);
	assert_int_equal(v[MC_VERSION + meter_quic_slot(QUIC_V2)], 1);
	assert_int_equal(count(&w, w.m->total, MC_TLS, WINDOW_LAST), 1);
	assert_int_equal(count(&w, w.m->total, MC_QUIC, WINDOW_LAST), 2);
	h.len = 0;
	meter_hello(w.m, w.iface, NULL, NULL, &h);
	assert_int_equal(count(&w, sketch_find(w.m->names, "", 0), MC_QUIC,
	    WINDOW_LAST), 1);
	assert_int_equal(count(&w, w.m->total, MC_TLS_NO_NAME, WINDOW_LAST),
	    0);
	end(&w);
}

static void
a_client_of_tls_alone_is_a_client(void **state)
{
	struct meter_hello	 h = { .name = (const uint8_t *)"a", .len = 1 };
	struct world		 w;
	uint64_t		 v[MC_MAX], token;

	(void)state;
	begin(&w, false);
	meter_client(w.m, &w.cache, &w.client);
	token = meter_hello(w.m, w.iface, &w.cache, &w.client, &h);
	meter_hello(w.m, w.iface, &w.cache, &w.client, &h);
	meter_tls_bytes(w.m, &w.cache, &w.client, token, 5000);
	h.quic = QUIC_V1;
	meter_hello(w.m, w.iface, &w.cache, &w.client, &h);
	memset(v, 0, sizeof(v));
	meter_sum(w.m, sketch_find(w.m->clients, &w.client,
	    sizeof(w.client)), WINDOW_LAST, v);
	assert_int_equal(v[MC_TLS], 2);
	assert_int_equal(v[MC_QUIC], 1);
	assert_int_equal(v[MC_PAYLOAD], 5000);
	assert_int_equal(v[MC_REQUESTS], 0);
	end(&w);
}

static void
talkers_have_their_keys_and_bytes(void **state)
{
	const struct packet_volume v1 = { { 100, 900 }, { 2, 3 } };
	struct meter_talk	 named = { .name = (const uint8_t *)"www.a",
				    .name_len = 5, .port = 443, .proto = 6,
				    .flags = METER_CLIENT_INSIDE };
	struct meter_talk	 plain = { .port = 53, .proto = 17 }, got;
	struct world		 w;
	uint64_t		 v[MC_MAX];
	uint32_t		 i, met = 0;

	(void)state;
	begin(&w, false);
	named.client = plain.client = w.client;
	addr_from4(&plain.server, (const uint8_t[]){ 192, 0, 2, 53 });
	meter_talk(w.m, &named, &v1, 1);
	meter_talk(w.m, &named, &v1, 0);
	meter_talk(w.m, &plain, &v1, 1);
	meter_flush(w.m);
	meter_sum(w.m, w.m->total, WINDOW_LAST, v);
	assert_int_equal(v[MC_TALKS], 2);
	assert_int_equal(v[MC_TALK_PACKETS], 15);
	assert_int_equal(v[MC_UP_BYTES], 300);
	assert_int_equal(v[MC_DOWN_BYTES], 2700);
	assert_int_equal(w.m->talkers->n, 2);
	for (i = 0; i < 2; i++) {
		meter_sum(w.m, w.m->talkers->heap[i], WINDOW_LAST, v);
		assert_int_equal(meter_talk_key(w.m->talkers->heap[i], &got),
		    0);
		assert_int_equal(addr_cmp(&got.client, &w.client), 0);
		if (got.name != NULL) {
			met |= 1;
			assert_int_equal(got.name_len, 5);
			assert_memory_equal(got.name, "www.a", 5);
			assert_int_equal(got.port, 443);
			assert_int_equal(got.flags, METER_CLIENT_INSIDE);
			assert_int_equal(v[MC_DOWN_BYTES], 1800);
			assert_int_equal(v[MC_TALKS], 1);
		} else {
			met |= 2;
			assert_int_equal(addr_cmp(&got.server, &plain.server),
			    0);
			assert_int_equal(got.proto, 17);
			assert_int_equal(v[MC_UP_BYTES], 100);
		}
	}
	assert_int_equal(met, 3);
	/* a host is no talker */
	assert_int_equal(meter_talk_key(sketch_touch(w.m->hosts, "www", 3, 1),
	    &got), -1);
	end(&w);
}

static void
sites_are_those_of_all_clients(void **state)
{
	const struct packet_volume v1 = { { 100, 900 }, { 2, 3 } };
	struct meter_talk	 t = { .name = (const uint8_t *)"www.a",
				    .name_len = 5, .port = 443, .proto = 6,
				    .told = METER_TOLD_BY_TLS };
	struct meter_talk	 plain = { .port = 53, .proto = 17 }, got;
	struct world		 w;
	uint64_t		 v[MC_MAX];
	uint32_t		 i;

	(void)state;
	begin(&w, false);
	addr_from4(&plain.server, (const uint8_t[]){ 192, 0, 2, 53 });
	t.client = plain.client = w.client;
	meter_talk(w.m, &t, &v1, 1);
	meter_talk(w.m, &plain, &v1, 1);
	addr_from4(&t.client, (const uint8_t[]){ 192, 0, 2, 9 });
	t.port = 80;
	t.told = METER_TOLD_BY_HTTP;
	meter_talk(w.m, &t, &v1, 1);
	assert_int_equal(w.m->sites->n, 2);
	for (i = 0; i < 2; i++) {
		meter_sum(w.m, w.m->sites->heap[i], WINDOW_LAST, v);
		assert_int_equal(meter_site_key(w.m->sites->heap[i], &got),
		    0);
		if (got.name == NULL) {
			assert_int_equal(v[MC_TALKS], 1);
			continue;
		}
		assert_memory_equal(got.name, "www.a", 5);
		assert_int_equal(v[MC_TALKS], 2);
		assert_true(meter_site_told(v, METER_TOLD_BY_HTTP) > 0);
		assert_true(meter_site_told(v, METER_TOLD_BY_TLS) > 0);
		assert_int_equal(meter_site_told(v, METER_TOLD_BY_QUIC), 0);
		assert_int_equal(meter_site_told(v, METER_TOLD_BY_DNS), 0);
		assert_int_equal(v[MC_DOWN_BYTES], 1800);
	}
	assert_int_equal(meter_site_key(sketch_touch(w.m->hosts, "", 0, 1),
	    &got), -1);
	end(&w);
}

static void
names_keep_versions_and_times(void **state)
{
	struct meter_hello	 h = { 0 };
	struct world		 w;
	uint64_t		 token, v[MC_MAX];

	(void)state;
	begin(&w, false);
	/* One without a name is an entry like others. */
	token = meter_hello(w.m, w.iface, NULL, NULL, &h);
	meter_tls(w.m, w.iface, token, 0x0303, false, 9000);
	meter_sum(w.m, sketch_find(w.m->names, "", 0), WINDOW_LAST, v);
	assert_int_equal(v[MC_TLS], 1);
	assert_int_equal(v[MC_VERSION + 3], 1);
	h.name = (const uint8_t *)"mail.example";
	h.len = 12;
	h.alpn = (const uint8_t *)"h2";
	h.alpn_len = 2;
	token = meter_hello(w.m, w.iface, NULL, NULL, &h);
	meter_tls(w.m, w.iface, token, 0x0304, true, 12000);
	meter_sum(w.m, sketch_find(w.m->names, "mail.example", 12),
	    WINDOW_LAST, v);
	assert_int_equal(v[MC_TLS], 1);
	assert_int_equal(v[MC_VERSION + 4], 1);
	assert_int_equal(v[MC_ALPN + 1], 1);
	assert_int_equal(v[MC_RESUMED], 1);
	assert_int_equal(hist_count(v + MC_TLS_TIME), 1);
	assert_int_equal(count(&w, w.m->total, MC_TLS, WINDOW_LAST), 2);
	assert_int_equal(count(&w, w.m->total, MC_TLS_NO_NAME, WINDOW_LAST),
	    1);
	assert_string_equal(meter_version_name(4), "TLS 1.3");
	end(&w);
}

static void
handshakes_fail_by_reason(void **state)
{
	static const struct {
		struct session_tls	 t;
		const char		*want;
	}		 t[] = {
		{ { .fail = SESSION_TLS_ALERT, .alert = 40 },
		    "server alert 40 handshake failure" },
		{ { .fail = SESSION_TLS_ALERT, .alert = 121,
		    .by_client = true }, "client alert 121 ech required" },
		{ { .fail = SESSION_TLS_ALERT, .alert = 0 },
		    "server alert 0 close notify" },
		{ { .fail = SESSION_TLS_ALERT, .alert = 200 },
		    "server alert, unknown" },
		{ { .fail = SESSION_TLS_ALERT, .alert = 255,
		    .by_client = true }, "client alert, unknown" },
		{ { .fail = SESSION_TLS_CLOSED }, "server closed" },
		{ { .fail = SESSION_TLS_RESET, .by_client = true },
		    "client reset" },
		{ { .fail = SESSION_TLS_SEALED, .by_client = true },
		    "client left, encrypted" },
		{ { .fail = SESSION_TLS_PLAIN }, "server speaks no tls" },
	};
	struct meter_hello	 h = { .name = (const uint8_t *)"a", .len = 1 };
	struct world		 w;
	uint64_t		 token, v[MC_MAX];
	unsigned		 slot;
	size_t			 i;

	(void)state;
	begin(&w, false);
	token = meter_hello(w.m, w.iface, NULL, NULL, &h);
	for (i = 0; i < nitems(t); i++) {
		slot = meter_fail_slot(&t[i].t);
		assert_true(slot < METER_FAILS);
		assert_string_equal(meter_fail_name(slot), t[i].want);
		meter_tls_failed(w.m, w.iface, token, slot);
		meter_sum(w.m, sketch_find(w.m->names, "a", 1), WINDOW_LAST,
		    v);
		assert_int_equal(v[MC_FAIL + slot], 1);
	}
	assert_int_equal(v[MC_TLS_FAILED], nitems(t));
	assert_int_equal(count(&w, w.m->total, MC_TLS_FAILED, WINDOW_LAST),
	    nitems(t));
	end(&w);
}

static void
certificates_are_counted_by_what_they_say(void **state)
{
	struct meter_hello	 h = { .name = (const uint8_t *)"a", .len = 1 };
	struct world		 w;
	uint64_t		 token, v[MC_MAX];
	unsigned		 c;

	(void)state;
	begin(&w, false);
	token = meter_hello(w.m, w.iface, NULL, NULL, &h);
	for (c = CERT_NONE; c < CERT_SAYS_MAX; c++)
		meter_tls_cert(w.m, w.iface, token, (enum cert_says)c);
	meter_tls_cert(w.m, w.iface, 0, CERT_EXPIRED);
	meter_sum(w.m, sketch_find(w.m->names, "a", 1), WINDOW_LAST, v);
	for (c = 0; c < METER_CERTS; c++)
		assert_int_equal(v[MC_CERT + c], 1);
	assert_int_equal(v[MC_CERT - 1] + v[MC_CERT + METER_CERTS], 0);
	assert_int_equal(count(&w, w.m->total, MC_CERT + CERT_EXPIRED - 1,
	    WINDOW_LAST), 2);
	assert_string_equal(meter_cert_name(CERT_EXPIRED - 1), "expired");
	end(&w);
}

static void
completeness_is_the_smaller_share_rounded_down(void **state)
{
	uint64_t	 v[MC_MAX] = { 0 };

	(void)state;
	assert_true(meter_complete(v, 10000000, 0) == 1.0);
	v[MC_PACKETS] = 999999999;
	v[MC_KERNEL_DROPS] = 1;
	assert_true(meter_complete(v, 10000000, 0) < 1.0);
	v[MC_KERNEL_DROPS] = 0;
	v[MC_PAYLOAD] = 80;
	v[MC_GAP_BYTES] = 15;
	v[MC_CUT_BYTES] = 5;
	assert_true(meter_complete(v, 10000000, 0) == 0.8);
	assert_true(meter_complete(v, 10000000, 5000000) == 0.5);
	v[MC_PACKETS] = 1;
	v[MC_SHED] = 3;
	assert_true(meter_complete(v, 10000000, 5000000) == 0.25);
	memset(v, 0, sizeof(v));
	v[MC_QUEUE_DROPS] = 1;
	assert_true(meter_complete(v, 1, 0) == 0.0);
}

static void
lost_time_counts_for_the_windows_it_touches(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, false);
	meter_advance(w.m, 1100000000);
	meter_lost_time(w.m, 1095000000, 1097000000, 0);
	meter_lost_time(w.m, 1050000000, 1051000000, 0);
	meter_lost_time(w.m, 5, 5, 0);
	assert_int_equal(meter_unwatched_us(w.m, 10000000, true), 2000000);
	assert_int_equal(meter_unwatched_us(w.m, 4000000, true), 1000000);
	assert_int_equal(meter_unwatched_us(w.m, 60000000, true), 3000000);
	assert_int_equal(w.m->lost_us, 3000000);
	meter_advance(w.m, 1200000000);
	assert_int_equal(meter_unwatched_us(w.m, 10000000, true), 0);
	end(&w);
}

/* As of who stood still: windows that ended meanwhile are summed behind it. */
static void
lost_time_to_come_is_not_of_this_window(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, false);
	meter_advance(w.m, 1100000000);
	meter_lost_time(w.m, 1099000000, 1109000000, 0);
	assert_int_equal(meter_unwatched_us(w.m, 3000000, true), 1000000);
	meter_advance(w.m, 1103000000);
	assert_int_equal(meter_unwatched_us(w.m, 3000000, true), 3000000);
	meter_advance(w.m, 1110000000);
	assert_int_equal(meter_unwatched_us(w.m, 3000000, true), 2000000);
	end(&w);
}

static void
lost_time_ends_when_the_role_was_back(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, false);
	meter_advance(w.m, 1100000000);
	meter_away(w.m, 1095000000);
	assert_int_equal(meter_unwatched_us(w.m, 10000000, false), 5000000);
	assert_int_equal(meter_unwatched_us(w.m, 1000000, false), 1000000);
	assert_int_equal(meter_lost_us(w.m) - w.m->lost_us, 5000000);
	meter_back(w.m, 1096000000);
	meter_back(w.m, 1097000000);
	assert_int_equal(meter_unwatched_us(w.m, 10000000, false), 1000000);
	meter_lost_time(w.m, 1095000000, 1099000000, 1096000000);
	assert_int_equal(w.m->lost_us, 1000000);
	meter_lost_time(w.m, 1080000000, 1081000000, 1096000000);
	assert_int_equal(w.m->lost_us, 2000000);
	meter_lost_time(w.m, 1085000000, 1086000000, 1070000000);
	assert_int_equal(w.m->lost_us, 3000000);
	assert_int_equal(meter_unwatched_us(w.m, 10000000, false), 1000000);
	end(&w);
}

static void
entries_come_back_after_a_loss(void **state)
{
	uint8_t		 host_data[512], section_data[512];
	struct sketch_entry	*h, *s;
	struct world	 w, x;
	size_t		 hn, sn, n;
	uint64_t	 token;
	uint32_t	 hid, sid;

	(void)state;
	begin(&w, false);
	request(&w, "b.example", "/", CLIENT);
	token = request(&w, "a.example", "/shop", CLIENT);
	meter_response(w.m, w.iface, &w.cache, &w.client, token, 200, false);
	h = host(&w, "a.example");
	s = sketch_find(sketch_child(h, METER_CHILD_SECTIONS), "/shop", 5);
	hn = meter_pack(h, host_data, sizeof(host_data));
	sn = meter_pack(s, section_data, sizeof(section_data));
	assert_true(hn > 0 && sn > 0);
	hid = h->id;
	sid = s->id;
	end(&w);

	begin(&x, false);
	assert_int_equal(meter_unpack(x.m, METER_SECTION, sid,
	    guard_copy(section_data, sn), sn), -1);
	assert_int_equal(meter_unpack(x.m, METER_HOST, hid,
	    guard_copy(host_data, hn), hn), 0);
	assert_int_equal(meter_unpack(x.m, METER_SECTION, sid,
	    guard_copy(section_data, sn), sn), 0);
	h = host(&x, "a.example");
	assert_int_equal(h->id, hid);
	assert_int_equal(count(&x, h, MC_RESPONSES, WINDOW_TOTAL), 1);
	assert_int_equal(count(&x, h, MC_RESPONSES, WINDOW_LAST), 0);
	s = sketch_find(sketch_child(h, METER_CHILD_SECTIONS), "/shop", 5);
	assert_int_equal(s->id, sid);
	assert_int_equal(count(&x, s, MC_REQUESTS, WINDOW_TOTAL), 1);
	for (n = 0; n < hn; n++)
		meter_unpack(x.m, METER_HOST, 9, guard_copy(host_data, n), n);
	end(&x);
}

static void
a_packed_entry_keeps_its_counts_in_little_room(void **state)
{
	struct meter_end t = { 0 };
	struct world	 w, x;
	uint8_t		 data[80];
	uint64_t	 token;
	size_t		 n;
	unsigned	 i;

	(void)state;
	begin(&w, false);
	for (i = 0; i < 60; i++) {
		token = request(&w, "a.example", "/", CLIENT);
		meter_response(w.m, w.iface, &w.cache, &w.client, token, 200,
		    false);
		t.first_us = t.last_us = 1ULL << i % 28;
		meter_end(w.m, w.iface, &w.cache, &w.client, token, &t);
	}
	n = meter_pack(host(&w, "a.example"), data, sizeof(data));
	assert_in_range(n, 30, sizeof(data));
	begin(&x, false);
	assert_int_equal(meter_unpack(x.m, METER_HOST, 0, data, n), 0);
	assert_int_equal(count(&x, host(&x, "a.example"), MC_REQUESTS,
	    WINDOW_TOTAL), 60);
	end(&x);
	end(&w);
}

static void
who_came_in_anothers_place_tells_that_after_a_loss_too(void **state)
{
	struct world	 w, x;
	char		 name[16];
	uint8_t		 data[80];
	size_t		 n;
	unsigned	 i;

	(void)state;
	begin(&w, false);
	request(&w, "first", "/", CLIENT);
	n = meter_pack(host(&w, "first"), data, sizeof(data));
	begin(&x, false);
	assert_int_equal(meter_unpack(x.m, METER_HOST, 0, data, n), 0);
	assert_int_equal(x.m->hosts->evicted, 0);
	for (i = 0; w.m->hosts->evicted == 0; i++) {
		snprintf(name, sizeof(name), "h%u", i);
		request(&w, name, "/", CLIENT);
	}
	n = meter_pack(host(&w, name), data, sizeof(data));
	assert_int_equal(meter_unpack(x.m, METER_HOST, 1, data, n), 0);
	assert_int_equal(x.m->hosts->evicted, 1);
	end(&x);
	end(&w);
}

static void
a_long_host_is_packed_whole(void **state)
{
	struct world	 w, x;
	uint8_t		 data[512];
	char		 name[301];
	size_t		 n;

	(void)state;
	memset(name, 'h', 300);
	name[300] = '\0';
	begin(&w, false);
	request(&w, name, "/", CLIENT);
	n = meter_pack(host(&w, name), data, sizeof(data));
	assert_in_range(n, 300, sizeof(data));
	begin(&x, false);
	assert_int_equal(meter_unpack(x.m, METER_HOST, 0, data, n), 0);
	assert_int_equal(count(&x, host(&x, name), MC_REQUESTS,
	    WINDOW_TOTAL), 1);
	assert_int_equal(meter_unpack(x.m, METER_HOST, 0, data, 200), -1);
	assert_int_equal(meter_pack(host(&w, name), data, 200), 0);
	end(&x);
	end(&w);
}

static void
offline_there_are_totals_only(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, true);
	request(&w, "a", "/", CLIENT);
	meter_advance(w.m, 5000000000);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_LAST),
	    1);
	assert_int_equal(meter_window_us(w.m, WINDOW_LAST), 4000000000);
	end(&w);
}

/* Also when hosts make room for each other in between. */
static void
offline_the_clients_of_a_host_are_counted(void **state)
{
	struct world	 w;
	char		 client[32], name[16];
	unsigned	 i;

	(void)state;
	begin(&w, true);
	for (i = 0; i < 3000; i++) {
		snprintf(client, sizeof(client), "10.0.%u.%u", i % 1000 / 250,
		    i % 250);
		request(&w, "busy", "/", client);
		request(&w, "busy", "/", client);
		snprintf(name, sizeof(name), "h%u", i % 500);
		request(&w, name, "/", client);
	}
	assert_true(w.m->hosts->evicted > 0);
	assert_int_equal(count(&w, host(&w, "busy"), MC_CLIENTS,
	    WINDOW_TOTAL), 1000);
	assert_null(sketch_child(host(&w, "busy"), METER_CHILD_CLIENTS));
	/* nobody comes after the last one */
	request(&w, "last", "/", CLIENT);
	meter_flush(w.m);
	assert_int_equal(count(&w, host(&w, "last"), MC_CLIENTS,
	    WINDOW_TOTAL), 1);
	end(&w);
}

static void
a_reset_forgets_all_and_goes_on(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, false);
	request(&w, "a", "/", CLIENT);
	meter_reset(w.m);
	w.iface = meter_iface(w.m, "eth0");
	assert_null(host(&w, "a"));
	request(&w, "a", "/", CLIENT);
	assert_int_equal(count(&w, w.m->total, MC_REQUESTS, WINDOW_TOTAL), 1);
	end(&w);
}

/* They are held by pointer: a newcomer takes the place of none. */
static void
an_interface_keeps_its_entry_until_it_is_forgotten(void **state)
{
	struct world		 w;
	struct sketch_entry	*e;
	char			 name[16];
	unsigned		 i, n;

	(void)state;
	begin(&w, false);
	for (n = 1; n <= METER_IFACES; n++) {
		snprintf(name, sizeof(name), "veth%u", n);
		if ((e = meter_iface(w.m, name)) == NULL)
			break;
		assert_ptr_not_equal(e, w.iface);
	}
	assert_int_equal(n, METER_IFACES);
	assert_ptr_equal(meter_iface(w.m, "eth0"), w.iface);
	meter_add(w.m, w.iface, MC_PACKETS, 7);
	meter_iface_forget(w.m, w.iface);
	assert_int_equal(count(&w, w.m->total, MC_PACKETS, WINDOW_TOTAL), 7);
	assert_null(meter_iface_find(w.m, "eth0"));
	assert_null(meter_iface(w.m, name));	/* its place is taken */
	w.iface = meter_iface_find(w.m, "other gone");
	assert_true(meter_iface_is_other(w.iface));
	assert_int_equal(count(&w, w.iface, MC_PACKETS, WINDOW_TOTAL), 7);
	for (i = 1; i <= 1000; i++) {
		snprintf(name, sizeof(name), "veth%u", i);
		meter_iface_forget(w.m, meter_iface_find(w.m, name));
	}
	w.mem.limit = w.mem.used;	/* room for them and no more */
	for (i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "ppp%u", i);
		if (meter_iface(w.m, name) == NULL)
			break;
	}
	assert_in_range(i, 1, 1000);
	assert_int_equal(w.m->ifaces->n, METER_IFACES - 1000 + i);
	w.mem.limit = 64 << 20;
	end(&w);
}

static void
a_new_window_length_begins_empty(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w, false);
	request(&w, "a", "/", CLIENT);
	w.conf.window_us = 60000000;
	meter_reconf(w.m, &w.conf);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_LAST),
	    0);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_TOTAL),
	    1);
	request(&w, "a", "/", CLIENT);
	assert_int_equal(count(&w, host(&w, "a"), MC_REQUESTS, WINDOW_LAST),
	    1);
	end(&w);
}

/* As "name:share", in order. */
static const char *
shares(struct world *w, enum conf_metric metric, const struct conf_select *s)
{
	static char		 text[256];
	struct meter_share	 best[3];
	unsigned		 k, n;
	size_t			 len = 0;

	n = meter_shares(w->m, metric, s, 60000000, best, 3);
	text[0] = '\0';
	for (k = 0; k < n; k++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%.*s:%.2f", k == 0 ? "" : " ", (int)best[k].host->klen,
		    (const char *)best[k].host->key, best[k].share);
	return text;
}

static void
exchange(struct world *w, const char *name, unsigned status, unsigned n)
{
	uint64_t	 token;

	while (n-- > 0) {
		token = request(w, name, "/", CLIENT);
		meter_response(w->m, w->iface, &w->cache, &w->client, token,
		    status, false);
	}
}

static void
shares_are_of_what_the_rule_counts(void **state)
{
	struct conf_select	 s;
	struct world		 w;

	(void)state;
	memset(&s, 0, sizeof(s));
	begin(&w, false);
	exchange(&w, "busy", 200, 60);
	exchange(&w, "bad", 500, 30);
	exchange(&w, "lost", 404, 10);
	assert_string_equal(shares(&w, METRIC_REQUESTS, &s),
	    "busy:0.60 bad:0.30 lost:0.10");
	assert_string_equal(shares(&w, METRIC_MESSAGES, &s),
	    "busy:0.60 bad:0.30 lost:0.10");
	assert_string_equal(shares(&w, METRIC_ERRORS, &s),
	    "bad:0.75 lost:0.25");
	s.status.lo = 500;
	s.status.hi = 599;
	assert_string_equal(shares(&w, METRIC_RESPONSES, &s), "bad:1.00");
	memset(&s, 0, sizeof(s));
	memcpy(s.host, "b*", 2);
	assert_string_equal(shares(&w, METRIC_REQUESTS, &s),
	    "busy:0.67 bad:0.33");
	memset(&s, 0, sizeof(s));
	memcpy(s.method, "GET", 3);
	assert_string_equal(shares(&w, METRIC_REQUESTS, &s),
	    "busy:0.60 bad:0.30 lost:0.10");
	memcpy(s.method, "PUT", 3);
	assert_string_equal(shares(&w, METRIC_REQUESTS, &s), "");
	end(&w);
}

static uint64_t
span(struct world *w, uint64_t seconds)
{
	uint64_t	 v[MC_MAX];

	meter_flush(w->m);
	meter_sum_span(w->m, w->m->total, w->m->now_us, seconds * 1000000, v);
	return v[MC_GAP_BYTES];
}

/* Time moves far in one step where a file has a pause. */
static void
a_rule_looks_back_from_a_moment_in_a_pause(void **state)
{
	const uint64_t	 s = 1000000, begun = 1000 * s;
	struct world	 w;
	uint64_t	 v[MC_MAX];

	(void)state;
	begin(&w, true);
	meter_add(w.m, w.iface, MC_GAP_BYTES, 100);
	meter_advance(w.m, begun + 3000 * s);
	meter_sum_span(w.m, w.m->total, begun + 5 * s, 10 * s, v);
	assert_int_equal(v[MC_GAP_BYTES], 100);
	meter_sum_span(w.m, w.m->total, begun + 12 * s, 10 * s, v);
	assert_int_equal(v[MC_GAP_BYTES], 0);
	end(&w);
}

/* Its slices are there in a capture file too, where windows are not. */
static void
a_rule_looks_back_for_an_hour(void **state)
{
	const uint64_t	 begun = 1000000000, s = 1000000;
	struct world	 w;
	bool		 offline;
	int		 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		offline = i == 1;
		begin(&w, offline);
		meter_add(w.m, w.iface, MC_GAP_BYTES, 100);
		meter_advance(w.m, begun + 20 * s);
		meter_add(w.m, w.iface, MC_GAP_BYTES, 7);
		assert_int_equal(span(&w, 30), 107);
		assert_int_equal(span(&w, 10), 7);
		meter_advance(w.m, begun + 45 * s);
		assert_int_equal(span(&w, 26), 7);
		assert_int_equal(span(&w, 24), 0);
		meter_advance(w.m, begun + 1800 * s);
		meter_add(w.m, w.iface, MC_GAP_BYTES, 1);
		assert_int_equal(span(&w, 60), 1);
		assert_int_equal(span(&w, 3600), 108);
		meter_advance(w.m, begun + 3900 * s);
		assert_int_equal(span(&w, 3600), 1);
		end(&w);
	}
}

static void
what_hosts_do_not_tell_has_no_shares(void **state)
{
	struct conf_select	 s;
	struct world		 w;

	(void)state;
	memset(&s, 0, sizeof(s));
	begin(&w, false);
	exchange(&w, "a", 200, 9);
	assert_string_equal(shares(&w, METRIC_BYTES, &s), "");
	assert_string_equal(shares(&w, METRIC_CONNECTIONS, &s), "");
	assert_string_equal(shares(&w, METRIC_NEW, &s), "");
	memcpy(s.on, "eth0", 4);
	assert_string_equal(shares(&w, METRIC_REQUESTS, &s), "");
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_pair_is_counted_everywhere),
		cmocka_unit_test(windows_move_on_while_nothing_comes),
		cmocka_unit_test(a_window_is_as_long_as_it_was_watched),
		cmocka_unit_test(totals_stay_exact_when_hosts_do_not_fit),
		cmocka_unit_test(
		    the_token_of_a_lost_host_counts_in_total_only),
		cmocka_unit_test(
		    interim_answers_are_statuses_but_no_responses),
		cmocka_unit_test(
		    every_status_has_a_slot_and_strange_ones_share_one),
		cmocka_unit_test(names_are_those_of_quic_too),
		cmocka_unit_test(a_client_of_tls_alone_is_a_client),
		cmocka_unit_test(talkers_have_their_keys_and_bytes),
		cmocka_unit_test(sites_are_those_of_all_clients),
		cmocka_unit_test(names_keep_versions_and_times),
		cmocka_unit_test(handshakes_fail_by_reason),
		cmocka_unit_test(certificates_are_counted_by_what_they_say),
		cmocka_unit_test(
		    completeness_is_the_smaller_share_rounded_down),
		cmocka_unit_test(lost_time_counts_for_the_windows_it_touches),
		cmocka_unit_test(lost_time_to_come_is_not_of_this_window),
		cmocka_unit_test(lost_time_ends_when_the_role_was_back),
		cmocka_unit_test(entries_come_back_after_a_loss),
		cmocka_unit_test(
		    a_packed_entry_keeps_its_counts_in_little_room),
		cmocka_unit_test(
		    who_came_in_anothers_place_tells_that_after_a_loss_too),
		cmocka_unit_test(a_long_host_is_packed_whole),
		cmocka_unit_test(shares_are_of_what_the_rule_counts),
		cmocka_unit_test(what_hosts_do_not_tell_has_no_shares),
		cmocka_unit_test(a_rule_looks_back_for_an_hour),
		cmocka_unit_test(a_rule_looks_back_from_a_moment_in_a_pause),
		cmocka_unit_test(offline_there_are_totals_only),
		cmocka_unit_test(offline_the_clients_of_a_host_are_counted),
		cmocka_unit_test(a_reset_forgets_all_and_goes_on),
		cmocka_unit_test(
		    an_interface_keeps_its_entry_until_it_is_forgotten),
		cmocka_unit_test(a_new_window_length_begins_empty),
	};

	return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
