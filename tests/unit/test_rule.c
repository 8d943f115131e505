#include <string.h>

#include "analyzer/tags.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"

struct world {
	struct conf	 conf;
	struct conf_rule rule[8];
	struct rule_flow flow;
	struct rule_message msg;
	struct rule_set	*set;
};

static struct conf_rule *
add(struct world *w, bool ignore)
{
	struct conf_rule	*r = &w->rule[w->conf.nrules++];

	memset(r, 0, sizeof(*r));
	r->ignore = ignore;
	r->vlan = -1;
	return r;
}

static void
begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->conf.rules = w->rule;
	w->flow.iface = "eth0";
	addr_parse("192.0.2.1", &w->flow.client);
	addr_parse("198.51.100.7", &w->flow.server);
	w->flow.port = 80;
	w->flow.vlan[0] = w->flow.vlan[1] = -1;
	w->msg.host = (const uint8_t *)"www.example.com";
	w->msg.host_len = 15;
	w->msg.path = (const uint8_t *)"/health/live?x=1";
	w->msg.path_len = 16;
	w->msg.method = (const uint8_t *)"GET";
	w->msg.method_len = 3;
}

static struct rule_verdict
judge(struct world *w, bool count)
{
	struct rule_verdict	 v;

	if (w->set == NULL)
		w->set = rule_new(&w->conf, 1);
	rule_judge(w->set, &w->flow, &w->msg, count, &v);
	return v;
}

static bool
ignored(struct world *w)
{
	return judge(w, false).ignore;
}

static void
without_rules_everything_matches(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	assert_false(ignored(&w));
	assert_int_equal(judge(&w, false).index, -1);
	assert_false(rule_ignores_flow(w.set, &w.flow));
	rule_free(w.set);
}

static void
the_last_match_wins_unless_quick(void **state)
{
	struct conf_rule	*r;
	struct world		 w;

	(void)state;
	begin(&w);
	add(&w, true);
	add(&w, false);
	assert_false(ignored(&w));
	w.rule[0].quick = true;
	assert_true(ignored(&w));
	w.rule[0].quick = false;
	r = add(&w, true);
	compat_strlcpy(r->asks.path, "/health*", sizeof(r->asks.path));
	rule_free(w.set);
	w.set = NULL;
	assert_true(ignored(&w));
	w.msg.path = (const uint8_t *)"/shop";
	w.msg.path_len = 5;
	assert_false(ignored(&w));
	rule_free(w.set);
}

static void
each_condition_must_hold(void **state)
{
	struct conf_rule	*r;
	struct world		 w;

	(void)state;
	begin(&w);
	r = add(&w, true);
	compat_strlcpy(r->on, "eth*", sizeof(r->on));
	r->has_from = r->has_to = true;
	addr_parse("192.0.2.0", &r->from);
	r->from_bits = 24;
	addr_parse("198.51.100.7", &r->to);
	r->to_bits = 32;
	r->ports.n = 1;
	r->ports.range[0].lo = r->ports.range[0].hi = 80;
	compat_strlcpy(r->asks.host, "*.example.com", sizeof(r->asks.host));
	compat_strlcpy(r->asks.methods[0], "GET", sizeof(r->asks.methods[0]));
	r->asks.nmethods = 1;
	assert_true(ignored(&w));
	w.flow.port = 81;
	assert_false(ignored(&w));
	w.flow.port = 80;
	w.flow.iface = "ppp0";
	assert_false(ignored(&w));
	w.flow.iface = "eth1";
	addr_parse("192.0.3.1", &w.flow.client);
	assert_false(ignored(&w));
	addr_parse("192.0.2.9", &w.flow.client);
	assert_true(ignored(&w));
	addr_parse("2001:db8::1", &w.flow.client);
	assert_false(ignored(&w));
	addr_parse("192.0.2.9", &w.flow.client);
	w.msg.method_len = 2;
	assert_false(ignored(&w));
	w.msg.method_len = 3;
	r->vlan = 20;
	assert_false(ignored(&w));
	w.flow.vlan[1] = 20;
	assert_true(ignored(&w));
	r->nstatus = 1;
	r->status[0].lo = 500;
	r->status[0].hi = 599;
	assert_false(ignored(&w));
	w.msg.status = 502;
	assert_true(ignored(&w));
	rule_free(w.set);
}

static void
address_rules_decide_when_a_connection_starts(void **state)
{
	struct conf_rule	*r;
	struct world		 w;

	(void)state;
	begin(&w);
	r = add(&w, true);
	r->has_from = true;
	addr_parse("192.0.2.0", &r->from);
	r->from_bits = 24;
	w.set = rule_new(&w.conf, 1);
	assert_true(rule_ignores_flow(w.set, &w.flow));
	assert_int_equal(w.set->hits[0].connections, 1);
	/* A later rule may still match a message: it must be looked at. */
	r = add(&w, false);
	compat_strlcpy(r->asks.host, "keep.example", sizeof(r->asks.host));
	rule_free(w.set);
	w.set = rule_new(&w.conf, 2);
	assert_false(rule_ignores_flow(w.set, &w.flow));
	rule_free(w.set);
}

static void
a_tag_stays_until_another_one(void **state)
{
	struct rule_verdict	 v;
	struct conf_rule	*r;
	struct world		 w;

	(void)state;
	begin(&w);
	r = add(&w, false);
	compat_strlcpy(r->tag, "dmz", sizeof(r->tag));
	add(&w, false);
	v = judge(&w, true);
	assert_string_equal(rule_tag(w.set, &v), "dmz");
	assert_int_equal(v.index, 1);
	assert_int_equal(w.set->hits[1].hits, 1);
	assert_int_equal(w.set->hits[0].hits, 0);
	rule_free(w.set);
}

/* What a rule on statuses says is known when the answer is there. */
static void
a_status_decides_when_the_answer_comes(void **state)
{
	struct conf_rule	*r;
	struct world		 w;
	struct mem		 mem;
	struct tags		*t = NULL;
	struct rule_set		*other;

	(void)state;
	begin(&w);
	memset(&mem, 0, sizeof(mem));
	mem.limit = 1 << 20;
	r = add(&w, false);
	r->nstatus = 1;
	r->status[0] = (struct conf_status){ 500, 599 };
	compat_strlcpy(r->tag, "bad", sizeof(r->tag));
	r = add(&w, true);
	r->nstatus = 1;
	r->status[0] = (struct conf_status){ 404, 404 };
	w.set = rule_new(&w.conf, 1);
	assert_int_equal(rule_classes(w.set), 5);
	assert_string_equal(tags_find(t, w.set, 1, 500), "");
	assert_false(tags_judge(&t, &mem, w.set, &w.flow, &w.msg, 1));
	assert_string_equal(tags_find(t, w.set, 1, 0), "");
	assert_string_equal(tags_find(t, w.set, 1, 403), "");
	assert_null(tags_find(t, w.set, 1, 404));
	assert_string_equal(tags_find(t, w.set, 1, 405), "");
	assert_string_equal(tags_find(t, w.set, 1, 499), "");
	assert_string_equal(tags_find(t, w.set, 1, 500), "bad");
	assert_string_equal(tags_find(t, w.set, 1, 599), "bad");
	assert_string_equal(tags_find(t, w.set, 1, 600), "");
	assert_string_equal(tags_find(t, w.set, 2, 500), "");
	assert_string_equal(tags_find(t, w.set, 65, 500), "");
	assert_int_equal(w.set->hits[0].hits, 0);
	tags_answered(t, w.set, 1, 200);
	assert_int_equal(w.set->hits[0].hits + w.set->hits[1].hits, 0);
	tags_answered(t, w.set, 1, 503);
	assert_int_equal(w.set->hits[0].hits, 1);
	tags_answered(t, w.set, 1, 404);
	assert_int_equal(w.set->hits[1].hits, 1);
	other = rule_new(&w.conf, 2);
	assert_string_equal(tags_find(t, other, 1, 500), "");
	tags_free(t, &mem);
	assert_int_equal(mem.used, 0);
	rule_free(other);
	rule_free(w.set);
}

/* A match without a tag leaves nothing but its hits. */
static void
a_status_rule_without_a_tag_is_hit(void **state)
{
	struct conf_rule	*r;
	struct world		 w;
	struct mem		 mem;
	struct tags		*t = NULL;

	(void)state;
	begin(&w);
	memset(&mem, 0, sizeof(mem));
	mem.limit = 1 << 20;
	r = add(&w, false);
	r->nstatus = 1;
	r->status[0] = (struct conf_status){ 500, 599 };
	w.set = rule_new(&w.conf, 1);
	assert_false(tags_judge(&t, &mem, w.set, &w.flow, &w.msg, 1));
	tags_answered(t, w.set, 0, 500);
	assert_int_equal(w.set->hits[0].hits, 0);
	tags_answered(t, w.set, 1, 500);
	assert_int_equal(w.set->hits[0].hits, 1);
	tags_free(t, &mem);
	rule_free(w.set);
}

static void
hits_go_over_to_a_new_set(void **state)
{
	struct rule_set	*new;
	struct world	 w;

	(void)state;
	begin(&w);
	add(&w, false);
	judge(&w, true);
	new = rule_new(&w.conf, 2);
	rule_carry(new, w.set);
	assert_int_equal(new->hits[0].hits, 1);
	rule_free(new);
	rule_free(w.set);
}

static void
rules_are_shown_in_their_own_words(void **state)
{
	struct conf_rule	*r;
	struct world		 w;
	char			 text[256];

	(void)state;
	begin(&w);
	r = add(&w, true);
	r->quick = true;
	r->has_from = true;
	addr_parse("10.0.0.5", &r->from);
	r->from_bits = 32;
	compat_strlcpy(r->asks.path, "/health*", sizeof(r->asks.path));
	assert_string_equal(rule_text(r, text, sizeof(text)),
	    "ignore quick from 10.0.0.5/32 path /health*");
}

static void
uri(uint8_t how, const char *in, const char *out)
{
	struct conf_privacy	 p;
	uint8_t			 buf[64];
	size_t			 n;

	memset(&p, 0, sizeof(p));
	p.query = how;
	n = rule_uri(&p, (const uint8_t *)in, strlen(in), buf, sizeof(buf));
	assert_int_equal(n, strlen(out));
	assert_memory_equal(buf, out, n);
}

static void
queries_are_kept_as_asked(void **state)
{
	(void)state;
	uri(CONF_QUERY_NONE, "/a?b=1&c=2", "/a");
	uri(CONF_QUERY_NONE, "/a", "/a");
	uri(CONF_QUERY_FULL, "/a?b=1&c=2", "/a?b=1&c=2");
	uri(CONF_QUERY_KEYS, "/a?b=1&c=2", "/a?b=&c=");
	uri(CONF_QUERY_KEYS, "/a?flag&c=2&", "/a?flag&c=&");
	uri(CONF_QUERY_KEYS, "/a?", "/a?");
	uri(CONF_QUERY_KEYS, "/a?=x", "/a?=");
	uri(CONF_QUERY_NONE, "", "");
}

static void
users_and_passwords_are_never_kept(void **state)
{
	(void)state;
	uri(CONF_QUERY_NONE, "http://u:p@a.example/x?y", "http://a.example/x");
	uri(CONF_QUERY_FULL, "http://u:p@a.example?y=@",
	    "http://a.example?y=@");
	uri(CONF_QUERY_KEYS, "https://u:p@q@a.example/@?y=1&z",
	    "https://a.example/@?y=&z");
	uri(CONF_QUERY_NONE, "u:p@a.example:443", "a.example:443");
	uri(CONF_QUERY_NONE, "http://u@", "http://");
	uri(CONF_QUERY_NONE, "/u:p@x", "/u:p@x");
	uri(CONF_QUERY_NONE, "*", "*");
	uri(CONF_QUERY_NONE, "http:", "http:");
}

static void
a_path_is_that_of_any_form(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	compat_strlcpy(add(&w, true)->asks.path, "/shop*", CONF_GLOB_MAX);
	compat_strlcpy(add(&w, true)->asks.path, "/", CONF_GLOB_MAX);
	assert_false(ignored(&w));
	w.msg.path = (const uint8_t *)"http://a/shop/x?y";
	w.msg.path_len = 17;
	assert_true(ignored(&w));
	w.msg.path_len = 8;
	assert_true(ignored(&w));
	w.msg.path = (const uint8_t *)"/%73hop/x";
	w.msg.path_len = 10;
	assert_true(ignored(&w));
	w.msg.path = (const uint8_t *)"/x/..//shop#y";
	w.msg.path_len = 13;
	assert_true(ignored(&w));
	w.msg.path = (const uint8_t *)"/shop/../x";
	w.msg.path_len = 10;
	assert_false(ignored(&w));
	w.msg.path = (const uint8_t *)"a:443";
	w.msg.path_len = 5;
	assert_false(ignored(&w));
	rule_free(w.set);
}

static void
a_long_uri_is_cut_at_the_room(void **state)
{
	struct conf_privacy	 p;
	uint8_t			 in[200], out[100];

	(void)state;
	memset(&p, 0, sizeof(p));
	p.query = CONF_QUERY_KEYS;
	memset(in, 'a', sizeof(in));
	in[90] = '?';
	assert_int_equal(rule_uri(&p, in, sizeof(in), out, sizeof(out)), 100);
}

static void
clients_are_hidden_as_asked(void **state)
{
	struct conf_privacy	 p;
	struct hash_key		 seed = { 1, 2 }, day1, day2;
	struct addr		 a, b, out, out2;
	char			 text[ADDR_TEXT_MAX];

	(void)state;
	memset(&p, 0, sizeof(p));
	p.prefix4 = 24;
	p.prefix6 = 48;
	addr_parse("192.0.2.77", &a);
	addr_parse("192.0.2.78", &b);
	rule_day_key(&seed, 0, &day1);
	rule_day_key(&seed, 86400000000ULL, &day2);
	assert_false(rule_client(&p, &day1, &a, &out));
	assert_int_equal(addr_cmp(&a, &out), 0);
	p.clients = CONF_CLIENTS_PREFIX;
	assert_true(rule_client(&p, &day1, &a, &out));
	assert_string_equal(addr_print(&out, text, sizeof(text)),
	    "192.0.2.0");
	p.clients = CONF_CLIENTS_HASH;
	assert_true(rule_client(&p, &day1, &a, &out));
	rule_client(&p, &day1, &a, &out2);
	assert_int_equal(addr_cmp(&out, &out2), 0);
	rule_client(&p, &day1, &b, &out2);
	assert_true(addr_cmp(&out, &out2) != 0);
	rule_client(&p, &day2, &a, &out2);
	assert_true(addr_cmp(&out, &out2) != 0);
	assert_true(addr_cmp(&out, &a) != 0);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(without_rules_everything_matches),
		cmocka_unit_test(the_last_match_wins_unless_quick),
		cmocka_unit_test(each_condition_must_hold),
		cmocka_unit_test(
		    address_rules_decide_when_a_connection_starts),
		cmocka_unit_test(a_tag_stays_until_another_one),
		cmocka_unit_test(a_status_decides_when_the_answer_comes),
		cmocka_unit_test(a_status_rule_without_a_tag_is_hit),
		cmocka_unit_test(hits_go_over_to_a_new_set),
		cmocka_unit_test(rules_are_shown_in_their_own_words),
		cmocka_unit_test(queries_are_kept_as_asked),
		cmocka_unit_test(users_and_passwords_are_never_kept),
		cmocka_unit_test(a_path_is_that_of_any_form),
		cmocka_unit_test(a_long_uri_is_cut_at_the_room),
		cmocka_unit_test(clients_are_hidden_as_asked),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
