#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/conf.h"
#include "tests/lib/guard.h"
#include "tests/lib/cmocka_first.h"

static uint8_t	 bytes[CONF_PACK_MAX];

static size_t
pack(const struct conf *c)
{
	struct buf	 b;

	buf_writer(&b, bytes, sizeof(bytes));
	conf_pack(c, &b);
	assert_false(b.err);
	return b.len;
}

/* One of each kind, with every list in use. */
static struct conf *
full(void)
{
	struct conf		*c = conf_new();
	struct conf_interface	*i;
	struct conf_service	*s;
	struct conf_rule	*r;
	struct conf_alert	*a;
	struct conf_mirror	*m;
	struct conf_log		*l;

	compat_strlcpy(c->state, "/var/db/netmond/state", sizeof(c->state));
	i = conf_add_interface(c);
	compat_strlcpy(i->name, "eth0", sizeof(i->name));
	compat_strlcpy(i->label, "wan", sizeof(i->label));
	i->snaplen = 2048;
	s = conf_add_service(c);
	s->proto = CONF_TLS;
	s->ports.n = 1;
	s->ports.range[0].lo = s->ports.range[0].hi = 443;
	r = conf_add_rule(c);
	r->vlan = -1;
	r->has_from = true;
	assert_int_equal(addr_parse("10.0.0.0", &r->from), 0);
	r->from_bits = 8;
	r->asks.nmethods = 1;
	compat_strlcpy(r->asks.methods[0], "GET", sizeof(r->asks.methods[0]));
	r->nstatus = 1;
	r->status[0].lo = 500;
	r->status[0].hi = 599;
	a = conf_add_alert(c);
	conf_alert_defaults(a);
	compat_strlcpy(a->name, "a", sizeof(a->name));
	a->value = 5;
	a->span_us = 10000000;
	m = conf_add_mirror(c);
	conf_mirror_defaults(m);
	compat_strlcpy(m->name, "m", sizeof(m->name));
	m->observe = s->ports;
	m->nrules = 2;
	m->rules[0].ignore = true;
	compat_strlcpy(m->rules[0].asks.path, "/a*", CONF_GLOB_MAX);
	m->rules[1].record = m->rules[1].quick = true;
	m->rules[1].nheaders = 2;
	compat_strlcpy(m->rules[1].headers[0].name, "x-a", CONF_NAME_MAX);
	compat_strlcpy(m->rules[1].headers[1].name, "x-b", CONF_NAME_MAX);
	compat_strlcpy(m->rules[1].headers[1].value, "1*", CONF_GLOB_MAX);
	compat_strlcpy(m->rules[1].asks.host, "b", CONF_GLOB_MAX);
	m->has_forward = true;
	assert_int_equal(endpoint_parse("[2001:db8::1]:80", &m->target), 0);
	m->nset = 1;
	compat_strlcpy(m->set[0].name, "X-A", sizeof(m->set[0].name));
	compat_strlcpy(m->set[0].value, "b", sizeof(m->set[0].value));
	m->nforward_strip = 1;
	compat_strlcpy(m->forward_strip[0], "cookie", CONF_NAME_MAX);
	l = conf_add_log(c);
	conf_log_defaults(l);
	compat_strlcpy(l->path, "/var/log/netmond/x", sizeof(l->path));
	return c;
}

static void
defaults_are_those_of_the_manual(void **state)
{
	struct conf	*c = conf_new();

	(void)state;
	assert_int_equal(c->window_us, 10000000);
	assert_int_equal(c->memory_limit, 256 * 1024 * 1024);
	assert_int_equal(c->ring_total, 64 * 1024 * 1024);
	assert_int_equal(c->stats.section_depth, 1);
	assert_int_equal(c->stats.top_hosts, 10);
	assert_int_equal(c->stats.max_hosts, 4096);
	assert_int_equal(c->stats.max_sections, 64);
	assert_int_equal(c->stats.max_clients, 4096);
	assert_int_equal(c->stats.max_names, 4096);
	assert_int_equal(c->stats.transactions, 256 * 1024);
	assert_string_equal(c->user, "_netmon");
	assert_string_equal(c->socket, "/run/netmond/control.sock");
	assert_int_equal(c->privacy.clients, CONF_CLIENTS_FULL);
	assert_int_equal(c->privacy.query, CONF_QUERY_NONE);
	assert_int_equal(c->nalerts, 0);
	assert_int_equal(conf_finish(c), 0);
	assert_int_equal(c->nalerts, 1);
	assert_string_equal(c->alerts[0].name, "high-traffic");
	assert_true(c->alerts[0].value == 7000);
	assert_int_equal(c->alerts[0].span_us, 120000000);
	assert_int_equal(conf_finish(c), 0);
	assert_int_equal(c->nalerts, 1);
	conf_free(c);
}

static void
defaults_and_a_full_one_pass_the_check(void **state)
{
	char		 why[CONF_WHY_MAX] = "";
	struct conf	*c = conf_new();

	(void)state;
	assert_int_equal(conf_check(c, why, sizeof(why)), 0);
	conf_free(c);
	c = full();
	assert_int_equal(conf_check(c, why, sizeof(why)), 0);
	conf_free(c);
}

static void
packed_comes_back_the_same(void **state)
{
	struct conf	*c = full(), *d;
	struct buf	 b;
	uint8_t		*first;
	size_t		 n;

	(void)state;
	n = pack(c);
	first = malloc(n);
	memcpy(first, bytes, n);
	buf_reader(&b, guard_copy(first, n), n);
	d = conf_unpack(&b);
	assert_non_null(d);
	assert_int_equal(pack(d), n);
	assert_memory_equal(bytes, first, n);
	assert_string_equal(d->mirrors[0].set[0].name, "X-A");
	free(first);
	conf_free(c);
	conf_free(d);
}

static void
packed_is_refused_at_every_cut_and_with_more(void **state)
{
	struct conf	*c = full();
	struct buf	 b;
	size_t		 i, n;

	(void)state;
	n = pack(c);
	for (i = 0; i < n; i++) {
		buf_reader(&b, guard_copy(bytes, i), i);
		assert_null(conf_unpack(&b));
	}
	bytes[n] = 0;
	buf_reader(&b, bytes, n + 1);
	assert_null(conf_unpack(&b));
	conf_free(c);
}

static void
packed_is_refused_when_an_enum_is_out_of_range(void **state)
{
	struct conf	*c = full();
	struct buf	 b;
	size_t		 n;

	(void)state;
	c->services[0].proto = 2;
	buf_writer(&b, bytes, sizeof(bytes));
	conf_pack(c, &b);
	assert_true(b.err);
	c->services[0].proto = CONF_TLS;
	n = pack(c);
	bytes[0] ^= 1;		/* the format */
	buf_reader(&b, bytes, n);
	assert_null(conf_unpack(&b));
	conf_free(c);
}

static void
lists_end_at_their_limit(void **state)
{
	struct conf	*c = conf_new();
	int		 i;

	(void)state;
	for (i = 0; i < CONF_LIST_MAX; i++)
		assert_non_null(conf_add_rule(c));
	assert_null(conf_add_rule(c));
	assert_int_equal(c->nrules, CONF_LIST_MAX);
	conf_free(c);
}

static bool
glob(const char *g, const char *s)
{
	size_t	 n = strlen(s);

	return conf_glob(g, (const char *)guard_copy(s, n), n);
}

static void
globs_match_as_a_shell_does(void **state)
{
	(void)state;
	assert_true(glob("*", ""));
	assert_true(glob("*", "abc"));
	assert_true(glob("", ""));
	assert_false(glob("", "a"));
	assert_true(glob("a?c", "abc"));
	assert_false(glob("a?c", "ac"));
	assert_true(glob("*.example.com", "www.example.com"));
	assert_false(glob("*.example.com", "example.com"));
	assert_true(glob("/health*", "/healthz/x"));
	assert_true(glob("*a*b*c", "xxaxxbxbxxc"));
	assert_false(glob("*a*b*c", "xxaxxbxbxxcd"));
	assert_true(glob("veth[0-9]*", "veth3a"));
	assert_false(glob("veth[0-9]*", "vetha"));
	assert_true(glob("[!a-c]x", "dx"));
	assert_false(glob("[^a-c]x", "bx"));
	assert_true(glob("[]a]", "]"));
	assert_true(glob("a**b", "ab"));
	assert_true(glob("[a-]", "-"));
	assert_false(glob("[a", "a"));
}

static void
a_glob_of_many_stars_ends_soon(void **state)
{
	char	 text[2000];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_false(conf_glob("*a*a*a*a*a*a*a*a*a*a*a*a*b", text,
	    sizeof(text)));
}

static void
bad_globs_are_named(void **state)
{
	char	 why[CONF_WHY_MAX];

	(void)state;
	assert_int_equal(conf_glob_check("a[b", why, sizeof(why)), -1);
	assert_int_equal(conf_glob_check("[z-a]", why, sizeof(why)), -1);
	assert_int_equal(conf_glob_check("", why, sizeof(why)), -1);
	assert_int_equal(conf_glob_check("[]a-z]*?", why, sizeof(why)), 0);
}

static void
ports_are_inclusive_and_none_is_any(void **state)
{
	struct conf_ports	 p = { .n = 2 };

	(void)state;
	p.range[0].lo = 80;
	p.range[0].hi = 80;
	p.range[1].lo = 8000;
	p.range[1].hi = 8010;
	assert_true(conf_ports_has(&p, 80));
	assert_false(conf_ports_has(&p, 79));
	assert_false(conf_ports_has(&p, 7999));
	assert_true(conf_ports_has(&p, 8000));
	assert_true(conf_ports_has(&p, 8010));
	assert_false(conf_ports_has(&p, 8011));
	p.n = 0;
	assert_true(conf_ports_has(&p, 1));
}

static void
a_target_is_where_a_mirror_forwards_to(void **state)
{
	struct conf		*c = conf_new();
	struct conf_mirror	*m;
	struct endpoint		 e;

	(void)state;
	assert_non_null(c);
	assert_int_equal(endpoint_parse("192.0.2.1:80", &e), 0);
	assert_false(conf_is_target(c, &e));
	m = conf_add_mirror(c);
	conf_mirror_defaults(m);
	m->target = e;
	assert_false(conf_is_target(c, &e));
	m->has_forward = true;
	assert_true(conf_is_target(c, &e));
	e.port = 81;
	assert_false(conf_is_target(c, &e));
	conf_free(c);
}

static void
numbers_hold_at_the_limit_and_not_beyond(void **state)
{
	char	 why[CONF_WHY_MAX];

	(void)state;
	assert_int_equal(conf_limit(LIMIT_DEPTH, 4, why, sizeof(why)), 0);
	assert_int_equal(conf_limit(LIMIT_DEPTH, 5, why, sizeof(why)), -1);
	assert_string_equal(why, "section depth must be 0 to 4");
	assert_int_equal(conf_limit(LIMIT_WINDOW, 999999, why, sizeof(why)),
	    -1);
	assert_string_equal(why, "window must be 1s to 1h");
	assert_int_equal(conf_limit(LIMIT_WINDOW, 1000000, why, sizeof(why)),
	    0);
	assert_int_equal(conf_limit(LIMIT_WINDOW, 3600000000ULL, why,
	    sizeof(why)), 0);
	assert_int_equal(conf_limit(LIMIT_WINDOW, 3600000001ULL, why,
	    sizeof(why)), -1);
	assert_int_equal(conf_limit(LIMIT_SNAPLEN, 0, why, sizeof(why)), 0);
	assert_int_equal(conf_limit(LIMIT_SNAPLEN, 63, why, sizeof(why)), -1);
	assert_int_equal(conf_limit(LIMIT_SNAPLEN, 64, why, sizeof(why)), 0);
	assert_int_equal(conf_limit(LIMIT_MEMORY, 0, why, sizeof(why)), -1);
}

static void
numbers_print_in_their_units(void **state)
{
	char	 s[CONF_TEXT_MAX];

	(void)state;
	assert_string_equal(conf_print_size(0, s), "0");
	assert_string_equal(conf_print_size(1025, s), "1025");
	assert_string_equal(conf_print_size(256 * 1024, s), "256K");
	assert_string_equal(conf_print_size(1ULL << 40, s), "1024G");
	assert_string_equal(conf_print_time(0, s), "0s");
	assert_string_equal(conf_print_time(120000000, s), "120s");
	assert_string_equal(conf_print_time(1800000000, s), "30m");
	assert_string_equal(conf_print_time(86400000000ULL, s), "1d");
	assert_string_equal(conf_print_time(250000, s), "250ms");
	assert_string_equal(conf_print_part(0.05, s), "5%");
	assert_string_equal(conf_print_part(0.0025, s), "0.25%");
	assert_string_equal(conf_print_value(METRIC_RESPONSE_TIME, 0.8, s),
	    "800ms");
	assert_string_equal(conf_print_value(METRIC_BYTES, 1048576, s), "1M");
	assert_string_equal(conf_print_value(METRIC_MESSAGES, 7000, s),
	    "7000");
}

static void
words_have_values_and_back(void **state)
{
	unsigned	 w, i;

	(void)state;
	for (w = 0; w < WORDS_MAX; w++) {
		for (i = 0; conf_word((enum conf_words)w, i) != NULL; i++)
			assert_int_equal(conf_word_find((enum conf_words)w,
			    conf_word((enum conf_words)w, i)), i);
		assert_true(i > 0);
		assert_int_equal(conf_word_find((enum conf_words)w, "?"), -1);
	}
	assert_string_equal(conf_metric_name(METRIC_RESPONSE_TIME),
	    "response-time");
	assert_string_equal(conf_op_name(OP_LE), "<=");
	assert_string_equal(conf_key_name(KEY_SNI), "sni");
}

struct faults {
	size_t	 n;
	char	 why[CONF_WHY_MAX];
};

static void
on_fault(enum conf_part part, size_t index, const char *why, void *arg)
{
	struct faults	*f = arg;

	(void)part;
	(void)index;
	f->n++;
	compat_strlcpy(f->why, why, sizeof(f->why));
}

static void
all_faults_are_told(void **state)
{
	struct faults	 f = { 0, "" };
	struct conf	*c = full();
	char		 why[CONF_WHY_MAX];

	(void)state;
	c->window_us = 1;
	c->interfaces[0].snaplen = 1;
	c->mirrors[0].sample_part = 0;
	assert_int_equal(conf_check_all(c, on_fault, &f), 3);
	assert_int_equal(f.n, 3);
	assert_int_equal(conf_check(c, why, sizeof(why)), -1);
	assert_string_equal(why, "window must be 1s to 1h");
	conf_free(c);
}

/* One fault in an otherwise good configuration, and how it is told. */
#define FAULT(change, text) do {					\
	struct faults	 f = { 0, "" };					\
	struct conf	*c = full();					\
									\
	change;								\
	(void)conf_check_all(c, on_fault, &f);				\
	if (f.n != 1 || strstr(f.why, text) == NULL)			\
		fail_msg("%s: %zu faults, \"%s\"", #change, f.n, f.why); \
	conf_free(c);							\
} while (0)

#define set_text(field, s)	compat_strlcpy(field, s, sizeof(field))

static void
faults_of_files_and_interfaces_are_named(void **state)
{
	(void)state;
	FAULT(c->interfaces[0].name[0] = '\0', "not the name of an interf");
	FAULT(set_text(c->interfaces[0].name, "a name"), "not the name of an");
	FAULT(set_text(c->interfaces[0].name, "sixteen-bytes-16"), "1 to 15");
	FAULT(set_text(c->interfaces[0].name, "eth*"), "is a pattern");
	FAULT(set_text(c->interfaces[0].label, "a\"b"), "no blanks, slashes");
	FAULT(set_text(c->interfaces[0].label, "a\x7f"), "no blanks, slashes");
	FAULT(set_text(conf_add_interface(c)->name, "eth0"), "given twice");
	FAULT(c->interfaces[0].ring = c->ring_total * 2, "more than ring to");
	FAULT(memset(c->socket, '/', 101), "than 100");
	FAULT(set_text(c->state, "x"), "state \"x\" must begin with /");
	FAULT(compat_strlcpy(c->state, c->socket, sizeof(c->state)),
	    "is the control socket");
	FAULT(compat_strlcpy(c->state, c->logs[0].path, sizeof(c->state)),
	    "written already");
	FAULT(set_text(c->facility, "kitchen"), "facility \"kitchen\"");
	FAULT(c->logs[0].path[0] = '\0', "needs a path");
	FAULT(set_text(c->logs[0].path, "x"), "must begin with /");
	FAULT(c->logs[0].rotate.keep = 2, "keep and max need rotate");
	FAULT((c->logs[0].rotate.size = 1 << 20,
	    c->logs[0].rotate.max = (1 << 20) - 1), "less than one file");
	FAULT((c->logs[0].rotate.size = 1 << 20,
	    set_text(c->logs[0].path, "-")), "cannot rotate");
	FAULT(c->logs[0].mode = 0666, "like 0640");
	FAULT(c->logs[0].mode = 0440, "like 0640");
	FAULT(c->logs[0].mode = 01640, "like 0640");
	FAULT(c->logs[0].types = 0, "at least one kind");
	FAULT(c->logs[0].types = 0x40, "at least one kind");
	FAULT((c->privacy.nheaders = 1,
	    set_text(c->privacy.headers[0], "cookie")), "cannot be kept");
	FAULT((c->privacy.nheaders = 2,
	    set_text(c->privacy.headers[0], "referer"),
	    set_text(c->privacy.headers[1], "referer")), "given twice");
}

/* As many as n, each with a name and a file of its own. */
static void
fill_mirrors(struct conf *c, size_t n)
{
	struct conf_mirror	*m;
	size_t			 i;

	for (i = c->nmirrors; i < n; i++) {
		m = conf_add_mirror(c);
		assert_non_null(m);
		*m = c->mirrors[0];
		snprintf(m->name, sizeof(m->name), "m%zu", i);
		snprintf(m->path, sizeof(m->path), "/m%zu", i);
	}
}

static void
faults_of_rules_and_services_are_named(void **state)
{
	(void)state;
	FAULT(c->services[0].ports.range[0].lo = 0, "port 0 is not a port");
	FAULT(c->services[0].ports.range[0].hi = 1, "is backwards");
	FAULT(c->rules[0].from_bits = 33, "longer than an address");
	FAULT(c->rules[0].asks.methods[0][0] = '\0', "not a method");
	FAULT(set_text(c->rules[0].asks.methods[0], "G T"), "not a method");
	FAULT(c->rules[0].status[0].lo = 99, "a status is");
	FAULT(c->rules[0].status[0].hi = 1000, "a status is");
	FAULT(c->rules[0].status[0].lo = 600, "a status is");
	FAULT(set_text(c->rules[0].asks.host, "[b-a]"),
	    "backwards");
	FAULT(set_text(c->rules[0].asks.host, "[!a"),
	    "[ without ]");
	FAULT(set_text(c->rules[0].asks.path, "/a%2fb"), "%2f in pattern");
	FAULT(set_text(c->rules[0].asks.path, "/a//*"), "// in pattern");
	FAULT(c->mirrors[0].forward_dir = DIR_RESPONSES, "judges requests");
	FAULT(c->mirrors[0].compare = true; c->mirrors[0].forward_dir =
	    DIR_BOTH, "needs forward { requests }");
	FAULT(c->mirrors[0].compare = true; set_text(
	    c->mirrors[0].forward_hook, "h"), "with hook forward");
	FAULT(c->mirrors[0].compare = true; set_text(
	    c->mirrors[0].set[0].name, "content-Length"), "set or stripped");
	FAULT(c->mirrors[0].messages = true; set_text(
	    c->mirrors[0].set[0].name, "content-Length"), "set or stripped");
	FAULT(c->mirrors[0].rules[0].asks.path[0] = '\0',
	    "needs a condition");
	FAULT(set_text(c->mirrors[0].rules[0].asks.path, "[a"),
	    "[ without ]");
	FAULT(set_text(c->mirrors[0].rules[1].asks.host, "[b-a]"),
	    "backwards");
	FAULT(c->mirrors[0].rules[1].record = false, "copies what");
	FAULT(set_text(c->mirrors[0].rules[1].headers[0].name, "a b"),
	    "not the name of a header");
	FAULT(set_text(c->mirrors[0].rules[1].headers[1].value, "[a"),
	    "[ without ]");
	FAULT(set_text(c->mirrors[0].rules[1].headers[1].value, "a "),
	    "blank at an end");
	FAULT(set_text(c->mirrors[0].set[0].name, "X A"), "name of a header");
	FAULT(set_text(c->mirrors[0].set[0].value, "a\r\nB: c"),
	    "one line");
	FAULT(c->mirrors[0].target.port = 0, "port 0");
	FAULT(c->mirrors[0].sample_part = 1.5, "at most 100%");
	FAULT(fill_mirrors(c, CONF_MIRRORS_MAX + 1), "m64\" is one too many");
	FAULT(c->mirrors[0].name[0] = '\0', "has no name");
}

static void
faults_of_alerts_are_named(void **state)
{
	(void)state;
	FAULT(c->alerts[0].value = -1, "out of range");
	FAULT(c->alerts[0].value = 1e16, "out of range");
	FAULT((c->alerts[0].metric = METRIC_COMPLETENESS,
	    c->alerts[0].value = 2), "at most 100%");
	FAULT((c->alerts[0].metric = METRIC_RATIO,
	    c->alerts[0].ratio_metric = METRIC_DROPS,
	    c->alerts[0].ratio_of = METRIC_PACKETS,
	    c->alerts[0].value = 1001), "at most 100000%");
	FAULT((c->alerts[0].metric = METRIC_RATIO,
	    c->alerts[0].ratio_metric = METRIC_RETRANSMITS,
	    c->alerts[0].ratio_of = METRIC_PACKETS,
	    c->alerts[0].value = 1.01), "at most 100%");
	FAULT((c->alerts[0].metric = METRIC_RATIO,
	    c->alerts[0].ratio_metric = METRIC_RESPONSE_TIME,
	    c->alerts[0].ratio_of = METRIC_REQUESTS), "of two counts");
	FAULT((c->alerts[0].metric = METRIC_RATIO,
	    c->alerts[0].ratio_metric = METRIC_REQUESTS,
	    c->alerts[0].ratio_of = METRIC_NEW), "of two counts");
	FAULT((c->alerts[0].metric = METRIC_RESPONSE_TIME,
	    c->alerts[0].percentile = 95, c->alerts[0].value = 90000),
	    "at most 1d");
	FAULT((c->alerts[0].metric = METRIC_RESPONSE_TIME,
	    c->alerts[0].percentile = 100), "needs a percentile");
	FAULT((c->alerts[0].metric = METRIC_NEW,
	    c->alerts[0].key = KEY_NONE), "needs what is new");
	FAULT((c->alerts[0].at_least = 1,
	    c->alerts[0].at_least_metric = METRIC_NEW), "needs a count");
	FAULT((c->alerts[0].at_least = 1, c->alerts[0].key = KEY_CLIENT,
	    c->alerts[0].at_least_metric = METRIC_BYTES),
	    "bytes: not told apart by client");
	FAULT((c->alerts[0].at_least = 1,
	    c->alerts[0].at_least_metric = METRIC_HANDSHAKES,
	    compat_strlcpy(c->alerts[0].select.host, "a",
	    sizeof(c->alerts[0].select.host))), "handshakes: no host is known");
	FAULT((c->alerts[0].compat = true, c->alerts[0].op = OP_LT),
	    "compat is for");
	FAULT((c->alerts[0].op = OP_GE, c->alerts[0].value = 0),
	    "always true");
	FAULT((c->alerts[0].op = OP_LT, c->alerts[0].value = 0),
	    "never true");
	FAULT((c->alerts[0].has_clear = true, c->alerts[0].op = OP_GT,
	    c->alerts[0].clear_op = OP_GT), "look the other way");
	FAULT((c->alerts[0].has_clear = true, c->alerts[0].op = OP_LT,
	    c->alerts[0].clear_op = OP_LT), "look the other way");
	FAULT((c->alerts[0].has_clear = true, c->alerts[0].op = OP_GT,
	    c->alerts[0].clear_op = OP_LT, c->alerts[0].clear_value = 9),
	    "while the alert fires");
	FAULT((c->alerts[0].has_clear = true, c->alerts[0].op = OP_GE,
	    c->alerts[0].clear_op = OP_LE,
	    c->alerts[0].clear_value = c->alerts[0].value),
	    "while the alert fires");
	FAULT((c->alerts[0].has_clear = true, c->alerts[0].op = OP_LE,
	    c->alerts[0].clear_op = OP_GE,
	    c->alerts[0].clear_value = c->alerts[0].value),
	    "while the alert fires");
	FAULT((c->alerts[0].has_clear = true, c->alerts[0].op = OP_GT,
	    c->alerts[0].clear_op = OP_LT, c->alerts[0].clear_value = 0),
	    "clear < 0 is never true");
	FAULT((c->alerts[0].has_clear = true, c->alerts[0].op = OP_LT,
	    c->alerts[0].metric = METRIC_COMPLETENESS,
	    c->alerts[0].value = 0.9, c->alerts[0].clear_op = OP_GT,
	    c->alerts[0].clear_value = 1), "clear > 100% is never true");
}

static void
a_stamp_is_a_whole_time_and_two_digits_at_most(void **state)
{
	static const char *const good[] = {
		"20261120T183012Z", "20261120T183012Z-02"
	};
	static const char *const bad[] = {
		"", "2026", "20261120T183012", "20261120T183012Z-",
		"20261120T183012Z-1", "20261120T183012Z-123",
		"20261120T183012Z.gz", "20261120X183012Z",
		"2026112xT183012Z", "x0261120T183012Z"
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(good); i++)
		assert_true(conf_stamp(good[i]));
	for (i = 0; i < nitems(bad); i++)
		assert_false(conf_stamp(bad[i]));
}

/* With a mirror and without, all of it is given away, and no more. */
static void
the_memory_limit_is_shared(void **state)
{
	struct conf	*c = conf_new();

	(void)state;
	assert_int_equal(conf_analyzer_memory(c) + conf_mirror_memory(c),
	    c->memory_limit);
	assert_true(conf_mirror_memory(c) < c->memory_limit / 8);
	assert_non_null(conf_add_mirror(c));
	assert_int_equal(conf_analyzer_memory(c) + conf_mirror_memory(c),
	    c->memory_limit);
	assert_true(conf_mirror_memory(c) >= c->memory_limit / 4);
	conf_free(c);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_manual),
		cmocka_unit_test(defaults_and_a_full_one_pass_the_check),
		cmocka_unit_test(packed_comes_back_the_same),
		cmocka_unit_test(packed_is_refused_at_every_cut_and_with_more),
		cmocka_unit_test(
		    packed_is_refused_when_an_enum_is_out_of_range),
		cmocka_unit_test(lists_end_at_their_limit),
		cmocka_unit_test(globs_match_as_a_shell_does),
		cmocka_unit_test(a_glob_of_many_stars_ends_soon),
		cmocka_unit_test(bad_globs_are_named),
		cmocka_unit_test(ports_are_inclusive_and_none_is_any),
		cmocka_unit_test(numbers_hold_at_the_limit_and_not_beyond),
		cmocka_unit_test(numbers_print_in_their_units),
		cmocka_unit_test(a_target_is_where_a_mirror_forwards_to),
		cmocka_unit_test(words_have_values_and_back),
		cmocka_unit_test(
		    a_stamp_is_a_whole_time_and_two_digits_at_most),
		cmocka_unit_test(all_faults_are_told),
		cmocka_unit_test(faults_of_files_and_interfaces_are_named),
		cmocka_unit_test(faults_of_rules_and_services_are_named),
		cmocka_unit_test(faults_of_alerts_are_named),
		cmocka_unit_test(the_memory_limit_is_shared)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
