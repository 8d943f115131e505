#include <sys/socket.h>

#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/copy.h"
#include "mirror/hole.h"
#include "mirror/leg.h"
#include "sandbox/compat.h"
#include "sandbox/hookmsg.h"
#include "sandbox/log.h"
#include "tests/lib/cmocka_first.h"

#define SECOND	1000000ull
#define PUT	"PUT / HTTP/1.1\r\nHost: a\r\n\r\n"
#define HEAD	"POST / HTTP/1.1\r\nHost: a\r\n\r\n"

static char		 dir[] = "/tmp/test_leg.XXXXXX";
static struct event_base *base;
static struct tally	 tally;
static struct mem	 mem;
static struct copy_env	 env;
static struct conf_mirror conf;
static struct copy	*copy;
static struct provider	*provider;
static struct leg	 leg;
static struct endpoint	 client, server;
static unsigned		 refs;
static int		 program = -1;
static uint64_t		 at[COPY_DIRS];	/* offset of the next chunk */

/* ---- the shell around a copy ---- */

static void
on_want(void *arg, unsigned index, bool gaps, bool rotate)
{
	(void)arg;
	(void)index;
	(void)gaps;
	(void)rotate;
}

static void
on_own(void *arg, const struct endpoint *source,
    const struct endpoint *target, bool gone)
{
	(void)arg;
	(void)source;
	(void)target;
	(void)gone;
}

static struct leg *
on_find(void *arg, uint64_t flow, struct copy *c)
{
	(void)arg;
	return flow == leg.flow && leg.copy == c ? &leg : NULL;
}

static void
on_say(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static void
quiet(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

static void
judged(void *arg, const struct provider_item *item, enum hook_verdict v)
{
	(void)arg;
	leg_judged(item, v);
}

static const struct copy_ops ops = { on_want, on_own, on_find, on_say, NULL };

static int
file(const char *name, int flags)
{
	char	 path[64];
	int	 fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags, 0600);
	assert_int_not_equal(fd, -1);
	return fd;
}

static void
give_file(struct sink_file *f, const char *name)
{
	sink_file_tick(f, env.now_us);
	sink_file_take(f, file(name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND),
	    true, name, 0);
}

static void
fresh(void)
{
	memset(&conf, 0, sizeof(conf));
	memset(&leg, 0, sizeof(leg));
	memset(at, 0, sizeof(at));
	compat_strlcpy(conf.name, "m", sizeof(conf.name));
	compat_strlcpy(conf.path, "rec", sizeof(conf.path));
	conf.queue = 64 * 1024;
	conf.has_record = true;
	conf.format = RECORD_RAW;
	conf.hook_timeout_us = 2000000;
	env.base = base;
	env.tally = &tally;
	env.ops = &ops;
	env.mem = &mem;
	memset(&mem, 0, sizeof(mem));
	mem.limit = 1024 * 1024;
	env.now_us = env.packet_us = 1000000;
	refs = 0;
}

/* What conf says, with a connection. */
static void
open_leg(void)
{
	copy = copy_new(&env, &conf, 0);
	assert_non_null(copy);
	if (copy->file != NULL)
		give_file(copy->file, "rec");
	if (copy->file != NULL)
		assert_string_equal(sink_file_name(copy->file), conf.path);
	if (copy->gaps != NULL)
		assert_string_equal(sink_file_name(copy->gaps), "rec.gaps");
	if (copy->gaps != NULL)
		give_file(copy->gaps, "rec.gaps");
	leg.client = &client;
	leg.server = &server;
	leg.flow = 7;
	leg.refs = &refs;
	leg_open(&leg, copy, false);
}

/* A program on a side; the test answers for it. */
static void
attach_to(enum hook_side side)
{
	struct provider_conf	 c = { .base = base, .name = "h",
	    .timeout_us = conf.hook_timeout_us, .limit = conf.queue,
	    .done = judged };
	int			 sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, sv), 0);
	provider = provider_new(&c);
	assert_non_null(provider);
	provider_tick(provider, env.now_us);
	provider_attach(provider, sv[0], conf.name, side);
	copy->provider[side] = provider;
	program = sv[1];
}

static void
attach(void)
{
	attach_to(HOOK_RECORD);
}

static void
close_all(void)
{
	provider_free(provider);
	provider = NULL;
	copy_flush(copy);
	copy_free(copy);
	copy = NULL;
	if (program != -1)
		close(program);
	program = -1;
}

/* ---- what comes in ---- */

static void
chunk(enum stream_dir d, enum framer_part part, const void *p, size_t n)
{
	struct chunk	 c = { .data = p, .len = n,
	    .from = d == STREAM_TO_OBSERVED ? &client : &server,
	    .to = d == STREAM_TO_OBSERVED ? &server : &client,
	    .dir = (uint8_t)d, .part = (uint8_t)part, .seen_us = 5000000,
	    .flow = leg.flow, .offset = at[d], .id = 1,
	    .asked = 1 };

	at[d] += n;
	leg_chunk(&leg, &c);
}

static void
head(void)
{
	chunk(STREAM_TO_OBSERVED, FRAMER_REQUEST, HEAD, strlen(HEAD));
}

static void
body(char letter, size_t n)
{
	char	*p = malloc(n);

	assert_non_null(p);
	memset(p, letter, n);
	chunk(STREAM_TO_OBSERVED, FRAMER_BODY, p, n);
	free(p);
}

/* A rule of the record: not what is asked for with PUT. */
static void
no_put(void)
{
	conf.nrules = 1;
	conf.rules[0].record = conf.rules[0].ignore = true;
	conf.rules[0].asks.nmethods = 1;
	compat_strlcpy(conf.rules[0].asks.methods[0], "PUT", 16);
}

static void
put(void)
{
	chunk(STREAM_TO_OBSERVED, FRAMER_REQUEST, PUT, strlen(PUT));
}

static void
message_end(void)
{
	struct chunk	 c = { .dir = STREAM_TO_OBSERVED, .from = &client,
	    .to = &server, .offset = at[0], .flow = leg.flow, .asked = 1 };

	leg_end(&leg, &c);
}

/* The program judges every chunk that it has been sent. */
static void
answer_all_with(enum hookmsg_verdict v)
{
	static uint8_t	 in[FRAME_MAX];
	struct hookmsg_chunk c;
	struct frame	 f;
	uint8_t		 out[FRAME_HDR + HOOKMSG_VERDICT_HEAD];
	ssize_t		 n;

	for (;;) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		if ((n = recv(program, in, sizeof(in), 0)) <= 0)
			return;
		assert_int_equal(frame_get(&f, in, (size_t)n), 0);
		if (f.body.r[0] != HOOKMSG_CHUNK)
			continue;
		assert_int_equal(hookmsg_get_chunk(f.body.r + 1,
		    f.body.len - 1, &c), 0);
		f.type = MSG_HOOK_VERDICT;
		frame_put_header(out, &f, HOOKMSG_VERDICT_HEAD);
		hookmsg_put_verdict(out + FRAME_HDR, c.seq, v);
		assert_int_equal(send(program, out, sizeof(out), 0),
		    sizeof(out));
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
}

static void
answer_all(void)
{
	answer_all_with(HOOKMSG_KEEP);
}

/* ---- what came out ---- */

static char *
content(const char *name)
{
	static char	 text[256 * 1024];
	ssize_t		 n;
	int		 fd;

	fd = file(name, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static size_t
count(const char *text, char letter)
{
	size_t	 n;

	for (n = 0; *text != '\0'; text++)
		n += *text == letter;
	return n;
}

/* ---- tests ---- */

/*
 * A program that is too slow: the chunk without room is a gap in its place,
 * not before those that wait, and nothing is glued over it.
 */
static void
what_a_slow_program_has_no_room_for_is_a_gap_in_its_place(void **state)
{
	char	 want[128];

	(void)state;
	fresh();
	open_leg();
	attach();
	head();
	body('x', 1000);
	body('y', 63 * 1024);		/* no room beside the two */
	body('z', 10);
	message_end();
	assert_true(refs > 0);
	answer_all();
	head();
	message_end();
	answer_all();
	leg_close(&leg);
	copy_flush(copy);
	assert_int_equal(refs, 0);
	assert_int_equal(copy->stats.hook_errors, 1);
	assert_int_equal(copy->stats.gap[GAP_HOOK], 1);
	snprintf(want, sizeof(want), "\"reason\":\"hook\",\"offset\":%zu,"
	    "\"length\":%d,", strlen(HEAD) + 1000, 63 * 1024 + 10);
	assert_non_null(strstr(content("rec.gaps"), want));
	assert_int_equal(strlen(content("rec")), 2 * strlen(HEAD) + 1000);
	assert_int_equal(count(content("rec"), 'z'), 0);
	close_all();
}

static void
a_dropped_head_takes_its_body_along(void **state)
{
	char	 want[256];

	(void)state;
	fresh();
	open_leg();
	attach();
	head();
	answer_all_with(HOOKMSG_DROP);
	body('x', 10);
	body('y', 10);
	message_end();
	head();
	body('z', 3);
	message_end();
	answer_all();
	leg_close(&leg);
	answer_all();
	copy_flush(copy);
	snprintf(want, sizeof(want), "%szzz", HEAD);
	assert_string_equal(content("rec"), want);
	assert_int_equal(copy->stats.gaps, 0);
	close_all();
}

/* What rules leave out a program never sees, whatever it has yet to judge. */
static void
a_program_is_not_asked_about_what_rules_leave_out(void **state)
{
	char	 want[256];

	(void)state;
	fresh();
	no_put();
	open_leg();
	attach();
	head();
	body('x', 10);
	message_end();
	put();
	body('y', 10);
	message_end();
	head();
	body('z', 3);
	message_end();
	assert_int_equal(refs, 6);
	answer_all();
	leg_close(&leg);
	answer_all();
	copy_flush(copy);
	snprintf(want, sizeof(want), "%sxxxxxxxxxx%szzz", HEAD, HEAD);
	assert_string_equal(content("rec"), want);
	assert_int_equal(copy->stats.gaps, 0);
	assert_int_equal(copy->stats.ignored_requests, 1);
	assert_int_equal(copy->stats.ignored_bytes, strlen(PUT) + 10);
	assert_int_equal(copy->stats.unjudged_bytes, 0);
	close_all();
}

/* Nor is it lost while a mirror is paused. */
static void
what_rules_leave_out_is_never_lost(void **state)
{
	(void)state;
	fresh();
	no_put();
	open_leg();
	copy_set_state(copy, COPY_PAUSED);
	put();
	body('y', 10);
	copy_set_state(copy, COPY_RUNS);
	body('y', 10);
	message_end();
	head();
	leg_close(&leg);
	copy_flush(copy);
	assert_int_equal(copy->stats.gaps, 0);
	assert_int_equal(copy->stats.dropped_connections, 0);
	assert_int_equal(copy->stats.ignored_bytes, strlen(PUT) + 20);
	assert_string_equal(content("rec"), HEAD);
	close_all();
}

/* In gor a message without its end is cut where the next one begins. */
static void
a_message_is_cut_by_one_that_rules_leave_out(void **state)
{
	char	 want[128];

	(void)state;
	fresh();
	no_put();
	conf.format = RECORD_GOR;
	open_leg();
	head();
	body('x', 100);
	put();
	message_end();
	head();
	message_end();
	leg_close(&leg);
	copy_flush(copy);
	snprintf(want, sizeof(want), "\"reason\":\"cut\",\"offset\":0,"
	    "\"length\":%zu,", strlen(HEAD) + 100);
	assert_non_null(strstr(content("rec.gaps"), want));
	assert_int_equal(copy->stats.gaps, 1);
	assert_non_null(strstr(content("rec"), HEAD));
	close_all();
}

/*
 * Neither a gap nor a loss of what a side would not have had anyway; and what
 * both lose is of one connection.
 */
static void
a_paused_mirror_loses_only_what_each_side_takes(void **state)
{
	(void)state;
	fresh();
	conf.has_forward = true;
	conf.forward_dir = DIR_REQUESTS;
	conf.record_dir = DIR_RESPONSES;
	open_leg();
	copy_set_state(copy, COPY_PAUSED);
	head();
	chunk(STREAM_FROM_OBSERVED, FRAMER_RESPONSE, "HTTP/1.1 200 \r\n\r\n",
	    17);
	assert_int_equal(copy->stats.lost[SINK_LOST_STOPPED], strlen(HEAD));
	assert_int_equal(copy->stats.lost_requests[SINK_LOST_STOPPED], 1);
	assert_int_equal(copy->stats.dropped_connections, 1);
	leg_close(&leg);
	copy_flush(copy);
	assert_int_equal(copy->stats.gap[GAP_PAUSED], 1);
	assert_int_equal(copy->stats.gaps, 1);
	close_all();
}

/* The pause is a gap behind what the program had been asked before. */
static void
a_pause_is_a_gap_in_its_place(void **state)
{
	char	 want[128];

	(void)state;
	fresh();
	open_leg();
	attach();
	head();
	body('x', 100);
	copy_set_state(copy, COPY_PAUSED);
	body('y', 100);
	copy_set_state(copy, COPY_RUNS);
	body('z', 100);
	message_end();
	head();
	answer_all();
	leg_close(&leg);
	copy_flush(copy);
	snprintf(want, sizeof(want), "\"reason\":\"paused\",\"offset\":%zu,"
	    "\"length\":200,", strlen(HEAD) + 100);
	assert_non_null(strstr(content("rec.gaps"), want));
	assert_int_equal(strlen(content("rec")), 2 * strlen(HEAD) + 100);
	close_all();
}

/* What a program takes at once is 64 KiB; a head may have twice as much. */
static void
a_head_in_two_parts_is_one_head(void **state)
{
	static char	 big[100 * 1024];

	(void)state;
	fresh();
	conf.queue = 1024 * 1024;
	conf.format = RECORD_GOR;
	open_leg();
	attach();
	memset(big, 'h', sizeof(big));
	memcpy(big, "GET / HTTP/1.1\r\nA: ", 19);
	memcpy(big + sizeof(big) - 4, "\r\n\r\n", 4);
	chunk(STREAM_TO_OBSERVED, FRAMER_REQUEST, big, sizeof(big));
	message_end();
	assert_int_equal(refs, 3);
	answer_all();
	assert_int_equal(refs, 0);
	leg_close(&leg);
	copy_flush(copy);
	assert_int_equal(copy->stats.gaps, 0);
	assert_int_equal(count(content("rec"), 'h'), sizeof(big) - 23);
	close_all();
}

/* A message that the next one follows before its end is not just gone. */
static void
a_message_without_end_is_a_gap_in_gor(void **state)
{
	char	 want[128];

	(void)state;
	fresh();
	conf.format = RECORD_GOR;
	open_leg();
	head();
	body('x', 100);
	head();
	message_end();
	leg_close(&leg);
	copy_flush(copy);
	snprintf(want, sizeof(want), "\"reason\":\"cut\",\"offset\":0,"
	    "\"length\":%zu,", strlen(HEAD) + 100);
	assert_non_null(strstr(content("rec.gaps"), want));
	assert_int_equal(copy->stats.gaps, 1);
	assert_int_equal(count(content("rec"), 'x'), 0);
	assert_non_null(strstr(content("rec"), HEAD));
	close_all();
}

/* What gathers counts for the memory of all, and is given back. */
static void
what_gathers_for_gor_is_charged(void **state)
{
	(void)state;
	fresh();
	conf.queue = 1024 * 1024;
	conf.format = RECORD_GOR;
	mem.limit = 64 * 1024;
	open_leg();
	head();
	body('x', 40 * 1024);
	assert_in_range(mem.used, 40 * 1024, mem.limit);
	body('y', 40 * 1024);
	message_end();
	assert_int_equal(mem.used, 0);
	head();
	message_end();
	leg_close(&leg);
	copy_flush(copy);
	assert_int_equal(mem.used, 0);
	assert_int_equal(copy->stats.gap[GAP_QUEUE], 1);
	assert_int_equal(count(content("rec"), 'x'), 0);
	close_all();
}

static unsigned
count_text(const char *s, const char *text)
{
	unsigned	 n;

	for (n = 0; (s = strstr(s, text)) != NULL; n++)
		s += strlen(text);
	return n;
}

/* Who lost the bytes is told: the wire, or the analyzer that died. */
static void
a_gap_says_who_lost_it(void **state)
{
	struct chunk	 c = { .from = &client, .to = &server, .flow = 7 };

	(void)state;
	fresh();
	open_leg();
	head();
	message_end();
	c.offset = at[0];
	leg_gap(&leg, &c, 10, GAP_LOST);
	at[0] += 10;
	head();
	message_end();
	copy_flush(copy);
	c.offset = at[0];
	hole_away(copy, GAP_ANALYZER, 2 * SECOND);
	leg_gap(&leg, &c, 0, GAP_ANALYZER);
	leg_close(&leg);
	copy_flush(copy);
	assert_int_equal(copy->stats.gap[GAP_LOST], 1);
	/* What it had is missing until the next one speaks. */
	assert_int_equal(copy->stats.gap[GAP_ANALYZER], 0);
	assert_null(strstr(content("rec.gaps"), "analyzer"));
	hole_away(copy, GAP_ANALYZER, 4 * SECOND);
	hole_back(copy, 7 * SECOND, HOLE_SOME);
	assert_int_equal(copy->stats.gap[GAP_ANALYZER], 2);
	assert_non_null(strstr(content("rec.gaps"), "\"to\":\"192.0.2.2:80\","
	    "\"flow_id\":7,\"direction\":\"to_observed\","
	    "\"reason\":\"analyzer\""));
	assert_non_null(strstr(content("rec.gaps"), "\"to\":\"*\","
	    "\"flow_id\":0,\"direction\":\"to_observed\","
	    "\"reason\":\"analyzer\","
	    "\"last_record\":\"1970-01-01T00:00:02.000000+0000\","
	    "\"next\":\"1970-01-01T00:00:07.000000+0000\"}"));
	assert_int_equal(count_text(content("rec.gaps"), "00:00:07"), 2);
	hole_back(copy, 9 * SECOND, HOLE_SOME);
	assert_int_equal(copy->stats.gap[GAP_ANALYZER], 2);
	close_all();
}

/* A gap in what is left out anyway does not name the rest of it. */
static void
what_a_pause_leaves_out_is_told_as_paused(void **state)
{
	struct chunk	 c = { .from = &client, .to = &server, .flow = 7 };

	(void)state;
	fresh();
	open_leg();
	head();
	message_end();
	copy_set_state(copy, COPY_PAUSED);
	c.offset = at[0];
	leg_gap(&leg, &c, 10, GAP_LOST);
	at[0] += 10;
	head();
	message_end();
	copy_set_state(copy, COPY_RUNS);
	head();
	copy_flush(copy);
	assert_int_equal(copy->stats.gap[GAP_LOST], 0);
	assert_int_equal(copy->stats.gap[GAP_PAUSED], 1);
	leg_close(&leg);
	copy_flush(copy);
	close_all();
}

/* What came while we were behind is missing until we have caught up. */
static void
a_hole_of_a_slow_mirror_ends_when_it_has_caught_up(void **state)
{
	struct chunk	 c = { .from = &client, .to = &server, .flow = 7 };

	(void)state;
	fresh();
	open_leg();
	head();
	message_end();
	hole_away(copy, GAP_QUEUE, 2 * SECOND);
	c.offset = at[0];
	leg_gap(&leg, &c, 0, GAP_BEHIND);
	leg_close(&leg);
	copy_flush(copy);
	assert_int_equal(copy->stats.gap[GAP_QUEUE], 0);
	hole_away(copy, GAP_QUEUE, 1 * SECOND);
	hole_back(copy, 7 * SECOND, 3);
	assert_int_equal(copy->stats.gap[GAP_QUEUE], 2);
	assert_non_null(strstr(content("rec.gaps"), "\"to\":\"192.0.2.2:80\","
	    "\"flow_id\":7,\"direction\":\"to_observed\","
	    "\"reason\":\"queue\""));
	assert_non_null(strstr(content("rec.gaps"), "\"to\":\"*\","
	    "\"flow_id\":0,\"direction\":\"to_observed\","
	    "\"reason\":\"queue\",\"connections\":3,"
	    "\"last_record\":\"1970-01-01T00:00:01.000000+0000\","
	    "\"next\":\"1970-01-01T00:00:07.000000+0000\"}"));
	assert_int_equal(count_text(content("rec.gaps"), "00:00:07"), 2);
	close_all();
}

/* Others observe what the analyzer left out. */
static void
a_mirror_that_lacks_nothing_has_no_line(void **state)
{
	(void)state;
	fresh();
	open_leg();
	hole_away(copy, GAP_QUEUE, 2 * SECOND);
	hole_back(copy, 7 * SECOND, 0);
	hole_end(copy);
	assert_int_equal(copy->stats.gap[GAP_QUEUE], 0);
	/* An analyzer that was away told nobody of anything. */
	hole_away(copy, GAP_ANALYZER, 7 * SECOND);
	hole_back(copy, 8 * SECOND, 0);
	assert_int_equal(copy->stats.gap[GAP_ANALYZER], 1);
	leg_close(&leg);
	copy_flush(copy);
	close_all();
}

/* An analyzer that dies while we are behind is the one to blame. */
static void
a_lost_analyzer_ends_that_we_were_behind(void **state)
{
	(void)state;
	fresh();
	open_leg();
	hole_away(copy, GAP_QUEUE, 2 * SECOND);
	hole_away(copy, GAP_ANALYZER, 4 * SECOND);
	hole_back(copy, 7 * SECOND, HOLE_SOME);
	assert_int_equal(copy->stats.gap[GAP_QUEUE], 0);
	assert_int_equal(copy->stats.gap[GAP_ANALYZER], 1);
	assert_int_equal(count_text(content("rec.gaps"), "00:00:02"), 1);
	leg_close(&leg);
	copy_flush(copy);
	close_all();
}

/* A program had the end of it still when the next one spoke. */
static void
a_late_hole_of_a_lost_analyzer_has_its_end(void **state)
{
	struct chunk	 c = { .from = &client, .to = &server, .flow = 7 };

	(void)state;
	fresh();
	open_leg();
	head();
	message_end();
	hole_away(copy, GAP_ANALYZER, 2 * SECOND);
	hole_back(copy, 7 * SECOND, HOLE_SOME);
	c.offset = at[0];
	leg_gap(&leg, &c, 0, GAP_ANALYZER);
	leg_close(&leg);
	copy_flush(copy);
	assert_int_equal(count_text(content("rec.gaps"), "00:00:07"), 2);
	close_all();
}

/* As when a reload takes its mirror away. */
static void
a_hole_of_a_lost_analyzer_is_told_at_the_end(void **state)
{
	struct chunk	 c = { .from = &client, .to = &server, .flow = 7 };

	(void)state;
	fresh();
	open_leg();
	head();
	message_end();
	hole_away(copy, GAP_ANALYZER, 2 * SECOND);
	c.offset = at[0];
	leg_gap(&leg, &c, 0, GAP_ANALYZER);
	leg_close(&leg);
	copy_flush(copy);
	close_all();
	assert_int_equal(count_text(content("rec.gaps"), "analyzer"), 2);
}

/* A program had the end of a connection still. */
static void
what_a_slow_mirror_lacks_is_told_at_the_stop(void **state)
{
	struct chunk	 c = { .from = &client, .to = &server, .flow = 7 };

	(void)state;
	fresh();
	open_leg();
	head();
	message_end();
	hole_away(copy, GAP_QUEUE, 2 * SECOND);
	hole_refused(copy, 2 * SECOND);
	hole_end(copy);
	assert_int_equal(copy->stats.gap[GAP_QUEUE], 2);
	c.offset = at[0];
	leg_gap(&leg, &c, 0, GAP_BEHIND);
	leg_close(&leg);
	copy_flush(copy);
	assert_int_equal(copy->stats.gap[GAP_QUEUE], 3);
	close_all();
	assert_int_equal(count_text(content("rec.gaps"), "queue"), 3);
}

/* A mirror that forwards whole messages alone, through a program. */
static void
forward_messages(void)
{
	fresh();
	conf.has_record = false;
	conf.has_forward = conf.messages = true;
	conf.reconnect_min_us = conf.reconnect_max_us = SECOND;
	addr_from4(&conf.target.addr, (const uint8_t [4]){ 127, 0, 0, 1 });
	conf.target.port = 1;
	env.max_open = 1;
	open_leg();
	attach_to(HOOK_FORWARD);
}

/* A message that a program drops does not end the one before. */
static void
a_message_is_not_ended_by_one_that_a_program_drops(void **state)
{
	(void)state;
	forward_messages();
	head();
	body('x', 10);
	answer_all();
	head();
	answer_all_with(HOOKMSG_DROP);
	body('y', 10);
	message_end();
	answer_all();
	assert_int_equal(sink_tcp_stats(copy->tcp)->requests, 0);
	assert_int_equal(copy->stats.lost[SINK_LOST_CUT], strlen(HEAD) + 10);
	assert_int_equal(copy->stats.lost_requests[SINK_LOST_CUT], 1);
	assert_int_equal(copy->stats.dropped_bytes, strlen(HEAD) + 10);
	head();
	body('z', 3);
	message_end();
	answer_all();
	assert_int_equal(sink_tcp_stats(copy->tcp)->requests, 1);
	leg_close(&leg);
	answer_all();
	assert_int_equal(mem.used, 0);
	close_all();
}

/* That the one before was left out does not leave it out without a word. */
static void
all_of_a_message_whose_head_failed_is_lost(void **state)
{
	(void)state;
	forward_messages();
	head();
	answer_all_with(HOOKMSG_DROP);
	body('x', 10);
	message_end();
	answer_all();
	assert_int_equal(copy->stats.dropped_bytes, 0);
	head();
	answer_all_with(HOOKMSG_ABORT);
	body('y', 10);
	message_end();
	answer_all();
	assert_int_equal(sink_tcp_stats(copy->tcp)->requests, 0);
	assert_int_equal(copy->stats.dropped_bytes, strlen(HEAD) + 10);
	assert_int_equal(copy->stats.lost_requests[SINK_LOST_GAP], 1);
	leg_close(&leg);
	answer_all();
	close_all();
}

static void
a_message_that_a_program_has_a_part_of_no_more_is_lost(void **state)
{
	(void)state;
	forward_messages();
	head();
	body('x', 10);
	answer_all();
	body('y', 10);
	provider_give_up(provider);
	body('z', 10);
	message_end();
	answer_all();
	assert_int_equal(sink_tcp_stats(copy->tcp)->requests, 0);
	assert_int_equal(copy->stats.lost[SINK_LOST_GAP], strlen(HEAD) + 30);
	assert_int_equal(copy->stats.lost_requests[SINK_LOST_GAP], 1);
	leg_close(&leg);
	answer_all();
	assert_int_equal(mem.used, 0);
	close_all();
}

/* Of what a pause interrupts nothing is sent, of what it finds whole all. */
static void
a_pause_loses_whole_messages(void **state)
{
	(void)state;
	forward_messages();
	copy->provider[HOOK_FORWARD] = NULL;
	head();
	body('x', 10);
	copy_set_state(copy, COPY_PAUSED);
	message_end();
	assert_int_equal(sink_tcp_stats(copy->tcp)->requests, 1);
	copy_set_state(copy, COPY_RUNS);
	head();
	body('x', 10);
	copy_set_state(copy, COPY_PAUSED);
	body('x', 10);
	copy_set_state(copy, COPY_RUNS);
	body('x', 10);
	message_end();
	assert_int_equal(sink_tcp_stats(copy->tcp)->requests, 1);
	assert_int_equal(copy->stats.lost[SINK_LOST_STOPPED],
	    strlen(HEAD) + 30);
	assert_int_equal(copy->stats.lost_requests[SINK_LOST_STOPPED], 1);
	leg_close(&leg);
	close_all();
}

/* Else it would come back and displace the one that displaced it. */
static void
a_displaced_program_is_told_although_it_did_not_read(void **state)
{
	static uint8_t	 in[FRAME_MAX];
	struct msg_text	 t;
	struct frame	 f = { 0 };
	ssize_t		 n;
	int		 sv[2], i;

	(void)state;
	fresh();
	conf.queue = 1024 * 1024;
	open_leg();
	attach();
	head();
	for (i = 0; i < 20; i++)
		body('x', 30000);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, sv), 0);
	provider_attach(provider, sv[0], conf.name, HOOK_RECORD);
	for (i = 0; i < 100 && f.type != MSG_ERROR; i++) {
		provider_tick(provider, env.now_us);
		event_base_loop(base, EVLOOP_NONBLOCK);
		if ((n = recv(program, in, sizeof(in), 0)) > 0)
			assert_int_equal(frame_get(&f, in, (size_t)n), 0);
	}
	assert_int_equal(msg_get_text(&f.body, &t), 0);
	assert_int_equal(t.number, 1);
	assert_non_null(strstr(t.text, "another program was attached"));
	close(sv[1]);
	close_all();
}

static int
setup(void **state)
{
	(void)state;
	log_init(quiet, NULL);
	addr_from4(&client.addr, (const uint8_t [4]){ 192, 0, 2, 1 });
	addr_from4(&server.addr, (const uint8_t [4]){ 192, 0, 2, 2 });
	client.port = 40000;
	server.port = 80;
	base = event_base_new();
	return base == NULL || mkdtemp(dir) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	char	 path[64];

	(void)state;
	event_base_free(base);
	snprintf(path, sizeof(path), "%s/rec", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/rec.gaps", dir);
	unlink(path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    what_a_slow_program_has_no_room_for_is_a_gap_in_its_place),
		cmocka_unit_test(
		    a_paused_mirror_loses_only_what_each_side_takes),
		cmocka_unit_test(a_dropped_head_takes_its_body_along),
		cmocka_unit_test(
		    a_program_is_not_asked_about_what_rules_leave_out),
		cmocka_unit_test(what_rules_leave_out_is_never_lost),
		cmocka_unit_test(a_message_is_cut_by_one_that_rules_leave_out),
		cmocka_unit_test(a_pause_is_a_gap_in_its_place),
		cmocka_unit_test(a_head_in_two_parts_is_one_head),
		cmocka_unit_test(a_message_without_end_is_a_gap_in_gor),
		cmocka_unit_test(what_gathers_for_gor_is_charged),
		cmocka_unit_test(a_gap_says_who_lost_it),
		cmocka_unit_test(what_a_pause_leaves_out_is_told_as_paused),
		cmocka_unit_test(
		    a_hole_of_a_slow_mirror_ends_when_it_has_caught_up),
		cmocka_unit_test(a_mirror_that_lacks_nothing_has_no_line),
		cmocka_unit_test(a_lost_analyzer_ends_that_we_were_behind),
		cmocka_unit_test(a_late_hole_of_a_lost_analyzer_has_its_end),
		cmocka_unit_test(a_hole_of_a_lost_analyzer_is_told_at_the_end),
		cmocka_unit_test(what_a_slow_mirror_lacks_is_told_at_the_stop),
		cmocka_unit_test(
		    a_message_is_not_ended_by_one_that_a_program_drops),
		cmocka_unit_test(
		    a_message_that_a_program_has_a_part_of_no_more_is_lost),
		cmocka_unit_test(all_of_a_message_whose_head_failed_is_lost),
		cmocka_unit_test(a_pause_loses_whole_messages),
		cmocka_unit_test(
		    a_displaced_program_is_told_although_it_did_not_read),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
