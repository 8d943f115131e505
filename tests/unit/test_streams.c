/*
 * Connections whose mirrors change: what goes on lacks nothing, what is new
 * has the rest.
 */
#include <sys/socket.h>

#include <netinet/in.h>

#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/hole.h"
#include "mirror/streams.h"
#include "sandbox/compat.h"
#include "tests/lib/cmocka_first.h"

#define HEAD	"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n"

static char		 dir[] = "/tmp/test_streams.XXXXXX";
static struct tally	 tally;
static struct mem	 mem;
static struct slots	 slots;
static struct copy_env	 env;
static struct streams	*streams;
static struct copy	*copies[2];
static uint64_t		 at;		/* offset of the next byte */

static void
on_want(void *arg, unsigned index, bool gaps, bool rotate)
{
	(void)arg;
	(void)index;
	(void)gaps;
	(void)rotate;
}

static struct leg *
on_find(void *arg, uint64_t flow, struct copy *c)
{
	(void)arg;
	return streams_find(streams, flow, c);
}

static void
on_say(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static void
on_save(void *arg, unsigned slot, const struct gap_open *o)
{
	(void)arg;
	(void)slot;
	(void)o;
}

static const struct copy_ops ops = { .want = on_want, .find = on_find,
    .say = on_say };

static void
give_file(struct sink_file *f)
{
	char	 path[CONF_PATH_MAX + sizeof(dir)];
	int	 fd;

	snprintf(path, sizeof(path), "%s/%s", dir, sink_file_name(f));
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	assert_int_not_equal(fd, -1);
	sink_file_tick(f, env.now_us);
	sink_file_take(f, fd, true, sink_file_name(f), 0);
}

/* A mirror, at i, that records some of what a port has. */
static void
add_copy_dir(unsigned i, const char *name, uint16_t port,
    enum conf_dir record_dir)
{
	struct conf_mirror	 conf;

	memset(&conf, 0, sizeof(conf));
	compat_strlcpy(conf.name, name, sizeof(conf.name));
	compat_strlcpy(conf.path, name, sizeof(conf.path));
	conf.queue = 64 * 1024;
	conf.has_record = true;
	conf.record_dir = record_dir;
	conf.format = RECORD_RAW;
	conf.observe.n = 1;
	conf.observe.range[0].lo = conf.observe.range[0].hi = port;
	copies[i] = copy_new(&env, &conf, i);
	assert_non_null(copies[i]);
	give_file(copies[i]->file);
	give_file(copies[i]->gaps);
}

static void
add_copy(unsigned i, const char *name, uint16_t port)
{
	add_copy_dir(i, name, port, DIR_BOTH);
}

static void
begin(void)
{
	memset(&mem, 0, sizeof(mem));
	mem.limit = 1024 * 1024;
	env = (struct copy_env){ .tally = &tally, .ops = &ops, .mem = &mem,
	    .now_us = 1000000, .packet_us = 1000000 };
	at = 0;
}

static void
flush(unsigned n)
{
	unsigned	 i;

	for (i = 0; i < n; i++)
		copy_flush(copies[i]);
	streams_reap(streams);
}

/* All memory comes back. */
static void
end(unsigned n)
{
	unsigned	 i;

	streams_close_all(streams);
	flush(n);
	assert_int_equal(mem.used, 0);
	for (i = 0; i < n; i++)
		copy_free(copies[i]);
}

static void
take(struct msg_stream *m)
{
	m->id = 7;
	m->ts_us = 5000000;
	streams_take(streams, m);
}

static void
open_stream(uint8_t flags)
{
	struct msg_stream	 m = { .kind = STREAM_OPEN, .flags = flags,
	    .dir = STREAM_UNKNOWN, .client.port = 40000, .server.port = 80 };

	take(&m);
}

static void
put(const char *text)
{
	struct msg_stream	 m = { .kind = STREAM_DATA, .offset = at,
	    .data = (const uint8_t *)text, .len = strlen(text) };

	take(&m);
	at += m.len;
}

static void
mark(enum stream_mark what, uint64_t ahead)
{
	struct msg_stream	 m = { .kind = STREAM_MARK,
	    .mark = (uint8_t)what, .offset = at + ahead, .value = 1 };

	take(&m);
}

static void
gap(uint64_t n)
{
	struct msg_stream	 m = { .kind = STREAM_GAP, .offset = at,
	    .value = n };

	take(&m);
	at += n;
}

static void
put_head(void)
{
	mark(MARK_REQUEST_HEAD, 0);
	mark(MARK_HEAD_END, strlen(HEAD));
	put(HEAD);
}

static void
put_message(void)
{
	put_head();
	put("body");
	mark(MARK_MESSAGE_END, 0);
}

static const char *
content(const char *name)
{
	static char	 text[4096];
	char		 path[64];
	ssize_t		 n;
	int		 fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void
assert_one_line(const char *name)
{
	const char	*text = content(name);

	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

/* One line, of what was before a reload. */
static void
assert_gap(const char *name, size_t len)
{
	char		 want[128];
	const char	*line = content(name);

	snprintf(want, sizeof(want), "\"reason\":\"paused\",\"offset\":0,"
	    "\"length\":%zu,\"last_record\":null,\"next\":\"1970", len);
	assert_non_null(strstr(line, want));
	assert_one_line(name);
}

static void
one_that_is_new_has_the_rest_and_the_other_lacks_nothing(void **state)
{
	(void)state;
	begin();
	add_copy(0, "a", 80);
	streams_set_copies(streams, copies, 1);
	open_stream(0);
	put_head();
	put("bo");
	add_copy(1, "b", 80);
	streams_set_copies(streams, copies, 2);
	put("dy");
	mark(MARK_MESSAGE_END, 0);
	put_message();
	flush(2);
	assert_string_equal(content("a"), HEAD "body" HEAD "body");
	assert_string_equal(content("b"), HEAD "body");
	end(2);
	assert_string_equal(content("a.gaps"), "");
	assert_gap("b.gaps", strlen(HEAD "body"));
}

static void
one_that_goes_leaves_the_other_all(void **state)
{
	struct copy	*b;

	(void)state;
	begin();
	add_copy(0, "a", 80);
	add_copy(1, "b", 80);
	streams_set_copies(streams, copies, 2);
	open_stream(0);
	put_head();
	put("bo");
	b = copies[1];
	streams_drop_copy(streams, b, NULL);
	streams_set_copies(streams, copies, 1);
	copy_free(b);
	put("dy");
	mark(MARK_MESSAGE_END, 0);
	flush(1);
	assert_string_equal(content("a"), HEAD "body");
	assert_string_equal(content("b"), HEAD "bo");
	end(1);
	assert_string_equal(content("a.gaps"), "");
}

/* The analyzer had the new configuration first. */
static void
one_that_comes_before_its_mirror_is_taken_up(void **state)
{
	(void)state;
	begin();
	add_copy(0, "a", 81);
	streams_set_copies(streams, copies, 1);
	open_stream(STREAM_MIDSTREAM);
	put_message();
	add_copy(1, "b", 80);
	streams_set_copies(streams, copies, 2);
	put_message();
	flush(2);
	assert_string_equal(content("a"), "");
	assert_string_equal(content("b"), HEAD "body");
	assert_gap("b.gaps", strlen(HEAD "body"));
	end(2);
}

static void
one_that_no_mirror_observed_lacks_what_was_before(void **state)
{
	(void)state;
	begin();
	add_copy(0, "a", 80);
	streams_set_copies(streams, copies, 1);
	at = 100;
	open_stream(STREAM_MIDSTREAM | STREAM_LATE);
	put_message();
	flush(1);
	assert_string_equal(content("a"), HEAD "body");
	assert_gap("a.gaps", 100);
	end(1);
	assert_gap("a.gaps", 100);
}

/* Another configuration of b: its connections observe this port. */
static void
change_b_dir(uint16_t port, enum conf_dir record_dir)
{
	struct copy	*b = copies[1];

	add_copy_dir(1, "b", port, record_dir);
	streams_drop_copy(streams, b, copies[1]);
	streams_set_copies(streams, copies, 2);
	copy_free(b);
}

static void
change_b(uint16_t port)
{
	change_b_dir(port, DIR_BOTH);
}

static void
one_that_observes_it_again_lacks_what_came_meanwhile(void **state)
{
	const size_t	 n = strlen(HEAD "body");
	char		 want[128];

	(void)state;
	begin();
	add_copy(0, "a", 80);
	add_copy(1, "b", 80);
	streams_set_copies(streams, copies, 2);
	open_stream(0);
	put_message();
	change_b(81);
	put_message();
	change_b(82);
	put_message();
	change_b(80);
	put_message();
	flush(2);
	assert_string_equal(content("b"), HEAD "body");
	end(2);
	snprintf(want, sizeof(want), "\"reason\":\"paused\",\"offset\":%zu,"
	    "\"length\":%zu,\"last_record\":\"1970", n, 2 * n);
	assert_non_null(strstr(content("b.gaps"), want));
	assert_string_equal(content("a.gaps"), "");
}

static void
assert_gap_of_b(uint64_t offset, uint64_t len)
{
	char	 want[128];

	snprintf(want, sizeof(want), "\"reason\":\"paused\",\"offset\":%llu,"
	    "\"length\":%llu,", (unsigned long long)offset,
	    (unsigned long long)len);
	assert_non_null(strstr(content("b.gaps"), want));
	assert_one_line("b.gaps");
}

/* The analyzer does not send what no mirror wants. */
static void
a_direction_that_is_wanted_again_lacks_what_came_meanwhile(void **state)
{
	const size_t	 n = strlen(HEAD "body");

	(void)state;
	begin();
	add_copy(0, "a", 81);
	add_copy(1, "b", 80);
	streams_set_copies(streams, copies, 2);
	open_stream(0);
	put_message();
	change_b_dir(80, DIR_RESPONSES);
	at += n;
	change_b_dir(80, DIR_RESPONSES);
	at += n;
	change_b(80);
	put_message();
	flush(2);
	assert_string_equal(content("b"), HEAD "body");
	end(2);
	assert_gap_of_b(n, 2 * n);
}

static void
a_direction_that_is_wanted_since_a_reload_lacks_the_first(void **state)
{
	const size_t	 n = strlen(HEAD "body");

	(void)state;
	begin();
	add_copy(0, "a", 81);
	add_copy_dir(1, "b", 80, DIR_RESPONSES);
	streams_set_copies(streams, copies, 2);
	open_stream(0);
	at += n;
	change_b(80);
	put_message();
	flush(2);
	assert_string_equal(content("b"), HEAD "body");
	end(2);
	assert_gap_of_b(0, n);
}

/* Each that begins to observe it is told once. */
static void
one_that_nobody_reads_is_told_to_who_comes_to_observe_it(void **state)
{
	static const char	 line[] = "\"from\":\"*\",\"to\":\"*\","
	    "\"flow_id\":0,\"direction\":\"to_observed\",\"reason\":\"paused\","
	    "\"connections\":1,\"last_record\":null,\"next\":null}\n";
	unsigned		 i;

	(void)state;
	begin();
	add_copy(0, "a", 80);
	add_copy(1, "b", 81);
	streams_set_copies(streams, copies, 2);
	open_stream(STREAM_MIDSTREAM | STREAM_LATE | STREAM_UNREAD);
	change_b(80);
	change_b_dir(80, DIR_REQUESTS);
	/* As to a mirror that is new. */
	open_stream(STREAM_MIDSTREAM | STREAM_UNREAD);
	for (i = 0; i < 2; i++)
		hole_tell_refused(copies[i]);
	assert_non_null(strstr(content("a.gaps"), line));
	assert_non_null(strstr(content("b.gaps"), line));
	assert_int_equal(copies[0]->stats.dropped_connections, 1);
	end(2);
	assert_one_line("a.gaps");
	assert_one_line("b.gaps");
}

static int
setup(void **state)
{
	struct streams_conf	 c = { .mem = &mem, .tally = &tally,
	    .copies = copies, .slots = &slots };

	(void)state;
	slots.save = on_save;
	slots.tally = &tally;
	c.orphans = orphans_new(&slots, false);
	streams = streams_new(&c);
	return c.orphans == NULL || streams == NULL || mkdtemp(dir) == NULL ?
	    -1 : 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "a", "a.gaps", "b", "b.gaps" };
	char			 path[64];
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

/* ---- rules ---- */

/* A request: its head, its body, the trailer of it. */
struct request {
	const char	*part[3];
	bool		 copied;
};

static const struct request	 requests[] = {
	{ { "GET /a HTTP/1.1\r\nHost: x\r\n\r\n" }, true },
	{ { "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n",
	    "GET /b HTTP/1.1\r\nHost: x\r\n\r\n1" }, false },
	{ { "PUT /%61 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "3\r\nabc\r\n0\r\n", "X: y\r\n\r\n" }, true },
	{ { "PUT /adm%69n HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "3\r\ndef\r\n0\r\n", "Z: y\r\n\r\n" }, false },
	{ { "GET /admin HTTP/1.1\r\n\r\n" }, false },
	{ { "GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n" }, true },
	{ { "PUT /x HTTP/1.1\r\nContent-Length: 4\r\n\r\n", "body" },
	    true },
};

/* GET and PUT but not /admin, and nothing else; and a connection. */
static void
add_rules(void)
{
	struct conf_mirror	*m = &copies[0]->conf;

	m->nrules = 2;
	m->rules[0].record = m->rules[1].record = true;
	m->rules[0].asks.nmethods = 2;
	compat_strlcpy(m->rules[0].asks.methods[0], "GET", 16);
	compat_strlcpy(m->rules[0].asks.methods[1], "PUT", 16);
	m->rules[1].ignore = true;
	compat_strlcpy(m->rules[1].asks.path, "/admin*", CONF_GLOB_MAX);
	copies[0]->rules[HOOK_RECORD] = true;
	streams_set_copies(streams, copies, 1);
	open_stream(0);
}

static void
add_chooser(enum conf_record format)
{
	add_copy_dir(0, "a", 80, DIR_REQUESTS);
	copies[0]->conf.format = (uint8_t)format;
	add_rules();
}

struct marks {
	struct {
		enum stream_mark what;
		uint64_t	 offset;
	}		 v[64];
	size_t		 n;
	size_t		 done;
};

static void
add_mark(struct marks *m, enum stream_mark what, uint64_t offset)
{
	assert_true(m->n < nitems(m->v));
	m->v[m->n].what = what;
	m->v[m->n++].offset = offset;
}

/* All requests at text, with what the analyzer tells of them; their bytes. */
static size_t
write_requests(char *text, struct marks *m)
{
	static const enum stream_mark	 begin_of[] = { MARK_REQUEST_HEAD,
	    MARK_HEAD_END, MARK_TRAILER };
	size_t				 i, k, n = 0;

	m->n = m->done = 0;
	for (i = 0; i < nitems(requests); i++) {
		for (k = 0; k < 3; k++) {
			if (requests[i].part[k] != NULL || k == 1)
				add_mark(m, begin_of[k], n);
			if (requests[i].part[k] == NULL)
				continue;
			memcpy(text + n, requests[i].part[k],
			    strlen(requests[i].part[k]));
			n += strlen(requests[i].part[k]);
		}
		add_mark(m, MARK_MESSAGE_END, n);
	}
	text[n] = '\0';
	return n;
}

/* Those of what ends at most at offset; a head is marked with its end. */
static void
put_marks(struct marks *m, uint64_t offset)
{
	for (; m->done < m->n; m->done++) {
		if (m->v[m->done + (m->v[m->done].what ==
		    MARK_REQUEST_HEAD)].offset > offset)
			break;
		mark(m->v[m->done].what, m->v[m->done].offset - at);
	}
}

static void
put_cut(const char *text, struct marks *m, size_t n, size_t step)
{
	char	 piece[1024];
	size_t	 i, len;

	for (i = 0; i < n; i += len) {
		len = n - i < step ? n - i : step;
		memcpy(piece, text + i, len);
		piece[len] = '\0';
		put_marks(m, i + len);
		put(piece);
	}
}

static void
requests_are_chosen_however_they_are_cut(void **state)
{
	char		 text[1024], want[1024];
	struct marks	 marks;
	size_t		 i, k, n, left, step;

	(void)state;
	n = write_requests(text, &marks);
	want[0] = '\0';
	for (i = 0, left = n; i < nitems(requests); i++)
		for (k = 0; k < 3 && requests[i].copied; k++)
			if (requests[i].part[k] != NULL)
				strcat(want, requests[i].part[k]);
	left -= strlen(want);
	for (step = 1; step <= n; step++) {
		write_requests(text, &marks);
		begin();
		add_chooser(RECORD_RAW);
		put_cut(text, &marks, n, step);
		flush(1);
		assert_string_equal(content("a"), want);
		assert_int_equal(copies[0]->stats.ignored_requests, 3);
		assert_int_equal(copies[0]->stats.ignored_bytes, left);
		assert_int_equal(copies[0]->stats.unjudged_bytes, 0);
		assert_int_equal(copies[0]->stats.dropped_connections, 0);
		end(1);
		assert_string_equal(content("a.gaps"), "");
	}
}

/* Of gor files whole messages, each with its end. */
static void
requests_are_chosen_in_gor_too(void **state)
{
	char		 text[1024];
	struct marks	 marks;
	const char	*rec, *p;
	size_t		 n;

	(void)state;
	n = write_requests(text, &marks);
	begin();
	add_chooser(RECORD_GOR);
	put_cut(text, &marks, n, 7);
	flush(1);
	rec = content("a");
	for (n = 0, p = rec; (p = strstr(p, RECORD_GOR_END)) != NULL; p++)
		n++;
	assert_int_equal(n, 4);
	assert_non_null(strstr(rec, "X: y"));
	assert_null(strstr(rec, "Z: y"));
	assert_null(strstr(rec, "adm"));
	assert_null(strstr(rec, "POST"));
	assert_int_equal(copies[0]->stats.gaps, 0);
	end(1);
}

/* One message of one direction; the request that it is of. */
static void
put_of(enum stream_dir d, uint64_t id, const char *text)
{
	static const enum stream_mark	 heads[] = { MARK_REQUEST_HEAD,
	    MARK_RESPONSE_HEAD };
	struct msg_stream		 m = { .kind = STREAM_MARK,
	    .dir = (uint8_t)d, .mark = heads[d], .value = id };
	static uint64_t			 offset[2];
	size_t				 n = strlen(text);

	if (id == 0 && n == 0) {
		memset(offset, 0, sizeof(offset));
		return;
	}
	m.offset = offset[d];
	take(&m);
	m.mark = MARK_HEAD_END;
	m.offset += n;
	take(&m);
	m.kind = STREAM_DATA;
	m.offset = offset[d];
	m.data = (const uint8_t *)text;
	m.len = n;
	take(&m);
	offset[d] += n;
	m.kind = STREAM_MARK;
	m.mark = MARK_MESSAGE_END;
	m.offset = offset[d];
	take(&m);
}

/* Of answers those to what is copied, as far as it is known which. */
static void
an_answer_goes_with_its_request(void **state)
{
	static const char	 yes[] = "GET /a HTTP/1.1\r\n\r\n";
	static const char	 no[] = "GET /admin HTTP/1.1\r\n\r\n";
	static const char	 odd[] = "GET /a/.. HTTP/1.1\r\n\r\n";
	uint64_t		 id;

	(void)state;
	begin();
	add_copy(0, "a", 80);
	add_rules();
	put_of(STREAM_TO_OBSERVED, 0, "");
	put_of(STREAM_TO_OBSERVED, 1, yes);
	put_of(STREAM_TO_OBSERVED, 2, no);
	put_of(STREAM_TO_OBSERVED, 3, yes);
	put_of(STREAM_TO_OBSERVED, 5, odd);
	put_of(STREAM_FROM_OBSERVED, 1, "HTTP/1.1 100\r\n\r\n");
	put_of(STREAM_FROM_OBSERVED, 1, "HTTP/1.1 201\r\n\r\n");
	put_of(STREAM_FROM_OBSERVED, 2, "HTTP/1.1 202\r\n\r\n");
	put_of(STREAM_FROM_OBSERVED, 3, "HTTP/1.1 203\r\n\r\n");
	assert_int_equal(copies[0]->stats.ignored_bytes, strlen(no) + 16);
	assert_int_equal(copies[0]->stats.unjudged_bytes, strlen(odd));
	put_of(STREAM_FROM_OBSERVED, 4, "HTTP/1.1 204\r\n\r\n");
	put_of(STREAM_FROM_OBSERVED, 5, "HTTP/1.1 205\r\n\r\n");
	put_of(STREAM_FROM_OBSERVED, 0, "HTTP/1.1 206\r\n\r\n");
	put_of(STREAM_FROM_OBSERVED, 6, "HTTP/1.1 207\r\n\r\n");
	assert_int_equal(copies[0]->stats.unjudged_bytes, strlen(odd) + 64);
	assert_int_equal(copies[0]->stats.unjudged_requests, 1);
	flush(1);
	assert_string_equal(content("a"), "GET /a HTTP/1.1\r\n\r\n"
	    "GET /a HTTP/1.1\r\n\r\nHTTP/1.1 100\r\n\r\n"
	    "HTTP/1.1 201\r\n\r\nHTTP/1.1 203\r\n\r\n");
	/* The last 64 of them. */
	put_of(STREAM_TO_OBSERVED, 7, yes);
	for (id = 8; id < 7 + LEG_JUDGED; id++)
		put_of(STREAM_TO_OBSERVED, id, no);
	put_of(STREAM_FROM_OBSERVED, 7, "HTTP/1.1 210\r\n\r\n");
	put_of(STREAM_TO_OBSERVED, id, no);
	put_of(STREAM_FROM_OBSERVED, 7, "HTTP/1.1 211\r\n\r\n");
	put_of(STREAM_TO_OBSERVED, id + 1000, yes);
	put_of(STREAM_FROM_OBSERVED, id, "HTTP/1.1 212\r\n\r\n");
	put_of(STREAM_FROM_OBSERVED, id + 1000, "HTTP/1.1 213\r\n\r\n");
	flush(1);
	assert_non_null(strstr(content("a"), " 210"));
	assert_null(strstr(content("a"), " 211"));
	assert_null(strstr(content("a"), " 212"));
	assert_non_null(strstr(content("a"), " 213"));
	end(1);
}

/* Behind a loss it may be a piece of a body. */
static void
what_may_be_no_request_is_not_copied(void **state)
{
	static const char	 yes[] = "GET /a HTTP/1.1\r\n\r\n";

	(void)state;
	begin();
	add_copy(0, "a", 80);
	add_rules();
	put_of(STREAM_TO_OBSERVED, 0, "");
	put_of(STREAM_TO_OBSERVED, 0, yes);
	assert_int_equal(copies[0]->stats.unjudged_requests, 1);
	put_of(STREAM_TO_OBSERVED, 2, yes);
	flush(1);
	assert_string_equal(content("a"), yes);
	end(1);
	assert_one_line("a.gaps");
	assert_non_null(strstr(content("a.gaps"), "\"reason\":\"unjudged\","
	    "\"offset\":0,\"length\":19,"));
}

#define OTHER	"POST /b HTTP/1.1\r\n\r\n"
#define WANTED	"GET /b HTTP/1.1\r\n\r\n"

static void
put_request(const char *head)
{
	mark(MARK_REQUEST_HEAD, 0);
	mark(MARK_HEAD_END, strlen(head));
	put(head);
	mark(MARK_MESSAGE_END, 0);
}

/* What is missing ends where a request begins, be it copied or not. */
static void
a_gap_ends_with_a_request_that_is_left_out(void **state)
{
	(void)state;
	begin();
	add_chooser(RECORD_RAW);
	put_request(WANTED);
	gap(100);
	put("lost");
	put_request(OTHER);
	put_request(WANTED);
	flush(1);
	assert_string_equal(content("a"), WANTED WANTED);
	assert_int_equal(copies[0]->stats.unjudged_bytes, 4);
	assert_int_equal(copies[0]->stats.unjudged_requests, 0);
	assert_int_equal(copies[0]->stats.ignored_requests, 1);
	end(1);
	assert_one_line("a.gaps");
	assert_non_null(strstr(content("a.gaps"), "\"reason\":\"lost\","
	    "\"offset\":19,\"length\":104,"));
}

/* Half a head, a head that is not clear, and what is no HTTP. */
static void
what_cannot_be_judged_is_a_gap(void **state)
{
	(void)state;
	begin();
	add_chooser(RECORD_RAW);
	put_request("GET /a/../admin HTTP/1.1\r\n\r\n");
	put_request(WANTED);
	flush(1);
	mark(MARK_OPAQUE, 0);
	put("GET /admin");
	flush(1);
	assert_string_equal(content("a"), WANTED);
	assert_int_equal(copies[0]->stats.unjudged_requests, 1);
	assert_int_equal(copies[0]->stats.unjudged_bytes, 38);
	assert_int_equal(copies[0]->stats.ignored_requests, 0);
	assert_int_equal(copies[0]->stats.dropped_connections, 1);
	end(1);
	assert_non_null(strstr(content("a.gaps"), "\"reason\":\"unjudged\","
	    "\"offset\":0,\"length\":28,"));
	assert_non_null(strstr(content("a.gaps"), "\"reason\":\"unjudged\","
	    "\"offset\":47,\"length\":10,"));
}

static void
a_head_without_its_end_is_not_copied(void **state)
{
	(void)state;
	begin();
	add_chooser(RECORD_RAW);
	put("GET /a HTTP/1.1\r\nHost: x\r\n");
	end(1);
	assert_string_equal(content("a"), "");
	assert_one_line("a.gaps");
}

/* Rules that a reload brings hold from the next request on. */
static void
rules_of_a_reload_begin_with_the_next_request(void **state)
{
	struct copy	*old;

	(void)state;
	begin();
	add_copy_dir(0, "a", 80, DIR_REQUESTS);
	streams_set_copies(streams, copies, 1);
	open_stream(0);
	put_head();
	put("bo");
	old = copies[0];
	add_copy_dir(0, "b", 80, DIR_REQUESTS);
	copies[0]->conf.nrules = 1;
	copies[0]->conf.rules[0].record = true;
	copies[0]->conf.rules[0].ignore = true;
	compat_strlcpy(copies[0]->conf.rules[0].asks.path, "/b*",
	    CONF_GLOB_MAX);
	copies[0]->rules[HOOK_RECORD] = true;
	streams_drop_copy(streams, old, copies[0]);
	streams_set_copies(streams, copies, 1);
	copy_free(old);
	put("dy");
	mark(MARK_MESSAGE_END, 0);
	put_request(WANTED);
	put_request("GET /c HTTP/1.1\r\n\r\n");
	flush(1);
	assert_string_equal(content("b"), "GET /c HTTP/1.1\r\n\r\n");
	assert_int_equal(copies[0]->stats.ignored_requests, 1);
	assert_int_equal(copies[0]->stats.unjudged_bytes, 2);
	end(1);
	assert_one_line("b.gaps");
	assert_non_null(strstr(content("b.gaps"), "\"reason\":\"paused\","));
	assert_non_null(strstr(content("b.gaps"), "\"length\":2,"));
}

/* ---- whole messages ---- */

static int		 target = -1;	/* who listens */
static int		 accepted[8];
static size_t		 naccepted;

static void
on_own(void *arg, const struct endpoint *source, const struct endpoint *to,
    bool gone)
{
	(void)arg;
	(void)source;
	(void)to;
	(void)gone;
}

static uint64_t
no_clock(void)
{
	return 1;
}

static void
listen_there(struct endpoint *e)
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		 n = sizeof(sin);

	target = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_not_equal(target, -1);
	assert_int_equal(bind(target, (struct sockaddr *)&sin, n), 0);
	assert_int_equal(listen(target, 8), 0);
	assert_int_equal(getsockname(target, (struct sockaddr *)&sin, &n), 0);
	addr_from4(&e->addr, (const uint8_t [4]){ 127, 0, 0, 1 });
	e->port = ntohs(sin.sin_port);
	naccepted = 0;
}

/* A mirror that forwards whole messages, and a connection. */
static void
add_shadow(enum conf_dir d)
{
	static struct copy_ops	 with_own;
	struct conf_mirror	 conf;

	begin();
	with_own = ops;
	with_own.own = on_own;
	env.ops = &with_own;
	env.base = event_base_new();
	env.max_open = 8;
	env.clock = no_clock;
	assert_non_null(env.base);
	memset(&conf, 0, sizeof(conf));
	compat_strlcpy(conf.name, "s", sizeof(conf.name));
	conf.queue = 64 * 1024;
	conf.timeout_us = conf.reconnect_min_us = conf.reconnect_max_us =
	    5000000;
	conf.has_forward = conf.messages = true;
	conf.forward_dir = (uint8_t)d;
	listen_there(&conf.target);
	conf.observe.n = 1;
	conf.observe.range[0].lo = conf.observe.range[0].hi = 80;
	copies[0] = copy_new(&env, &conf, 0);
	assert_non_null(copies[0]);
	streams_set_copies(streams, copies, 1);
	open_stream(0);
	put_of(STREAM_TO_OBSERVED, 0, "");
}

static void
end_shadow(void)
{
	end(1);
	while (naccepted > 0)
		close(accepted[--naccepted]);
	close(target);
	event_base_free(env.base);
	env.base = NULL;
}

/* All that the target has, once it is as much as is due, in the order sent. */
static const char *
arrived(size_t due)
{
	static char	 text[4096];
	size_t		 len = 0, i;
	ssize_t		 n;
	int		 fd, tries;

	for (tries = 0; tries < 5000 && len < due; tries++) {
		flush(1);
		event_base_loop(env.base, EVLOOP_NONBLOCK);
		while (naccepted < nitems(accepted) && (fd = accept4(target,
		    NULL, NULL, SOCK_NONBLOCK)) != -1)
			accepted[naccepted++] = fd;
		for (i = 0; i < naccepted; i++) {
			n = recv(accepted[i], text + len, sizeof(text) - 1 -
			    len, 0);
			len += n > 0 ? (size_t)n : 0;
		}
		if (len < due)
			usleep(1000);
	}
	text[len] = '\0';
	return text;
}

static void
assert_arrived(const char *want)
{
	assert_string_equal(arrived(strlen(want)), want);
	assert_int_equal(naccepted, 1);
}

static void
assert_lost(enum sink_lost why, uint64_t bytes, uint64_t requests_lost)
{
	const struct copy_stats	*s = &copies[0]->stats;
	unsigned		 i;

	for (i = 0; i < SINK_LOST_MAX; i++) {
		assert_int_equal(s->lost[i], i == why ? bytes : 0);
		assert_int_equal(s->lost_requests[i],
		    i == why ? requests_lost : 0);
	}
	assert_int_equal(s->dropped_bytes, bytes);
	assert_int_equal(s->dropped_connections, 1);
}

static void
messages_are_whole_however_they_are_cut(void **state)
{
	char		 text[1024];
	struct marks	 marks;
	size_t		 n, step;

	(void)state;
	n = write_requests(text, &marks);
	for (step = 1; step <= n; step += 1 + step / 4) {
		write_requests(text, &marks);
		add_shadow(DIR_REQUESTS);
		put_cut(text, &marks, n, step);
		assert_arrived(text);
		assert_int_equal(sink_tcp_stats(copies[0]->tcp)->requests,
		    nitems(requests));
		assert_int_equal(copies[0]->stats.dropped_bytes, 0);
		end_shadow();
	}
}

/* The connection to the target goes on behind it. */
static void
a_message_with_a_gap_is_not_sent(void **state)
{
	(void)state;
	add_shadow(DIR_REQUESTS);
	put_request(WANTED);
	put_head();
	put("b");
	gap(2);
	put("y");
	mark(MARK_MESSAGE_END, 0);
	assert_arrived(WANTED);
	put_request(WANTED);
	put_request(OTHER);
	assert_arrived(WANTED OTHER);
	assert_lost(SINK_LOST_GAP, strlen(HEAD) + 1, 1);
	assert_int_equal(copies[0]->stats.unjudged_bytes, 1);
	end_shadow();
}

static void
a_message_without_its_end_is_not_sent(void **state)
{
	(void)state;
	add_shadow(DIR_REQUESTS);
	put_request(WANTED);
	put_head();
	put("bod");
	put_request(OTHER);
	assert_arrived(WANTED OTHER);
	assert_lost(SINK_LOST_CUT, strlen(HEAD) + 3, 1);
	put_head();
	put("bo");
	streams_close_all(streams);
	assert_lost(SINK_LOST_CUT, 2 * strlen(HEAD) + 5, 2);
	assert_int_equal(sink_tcp_stats(copies[0]->tcp)->requests, 2);
	end_shadow();
}

/* A chunk that is none, say; the rest is judged as by rules. */
static void
a_message_that_breaks_is_not_sent(void **state)
{
	(void)state;
	add_shadow(DIR_REQUESTS);
	put_head();
	put("bo");
	mark(MARK_LOST, 0);
	put("GET /smuggled");
	put_request(OTHER);
	assert_arrived(OTHER);
	assert_lost(SINK_LOST_BROKEN, strlen(HEAD) + 2, 1);
	assert_int_equal(copies[0]->stats.unjudged_bytes, 13);
	put_request("GET / HTTP/1.1\r\nContent-Length: 0\r\n"
	    "Content-Length: 1\r\n\r\n");
	put_of(STREAM_FROM_OBSERVED, 1, "HTTP/1.1 200\r\n\r\n");
	mark(MARK_OPAQUE, 0);
	put("PRI * HTTP/2.0");
	assert_string_equal(arrived(0), "");
	assert_int_equal(copies[0]->stats.unjudged_requests, 1);
	assert_int_equal(sink_tcp_stats(copies[0]->tcp)->requests, 1);
	end_shadow();
}

/* The target may take a part of it for the next one. */
static void
a_message_that_others_may_end_elsewhere_is_not_sent(void **state)
{
	struct msg_stream	 end_mark = { .kind = STREAM_MARK,
	    .mark = MARK_MESSAGE_END };

	(void)state;
	add_shadow(DIR_REQUESTS);
	put_head();
	put("body");
	end_mark.offset = at;
	take(&end_mark);
	put_request(WANTED);
	assert_arrived(WANTED);
	assert_int_equal(copies[0]->stats.unjudged_requests, 1);
	assert_int_equal(copies[0]->stats.unjudged_bytes, strlen(HEAD) + 4);
	assert_int_equal(copies[0]->stats.dropped_bytes, 0);
	end_shadow();
}

static void
a_message_beyond_a_bound_is_lost_alone(void **state)
{
	static char	 big[16 * 1024 + 1];
	size_t		 n = sizeof(big) - 1 - strlen(HEAD);

	(void)state;
	memset(big, 'x', n);
	/* At the bound, above it, and what memory has no room for. */
	add_shadow(DIR_REQUESTS);
	big[n] = '\0';
	put_head();
	put(big);
	mark(MARK_MESSAGE_END, 0);
	assert_int_equal(sink_tcp_stats(copies[0]->tcp)->requests, 1);
	assert_int_equal(sink_tcp_stats(copies[0]->tcp)->queued,
	    sizeof(big) - 1);
	put_head();
	put(big);
	put("x");
	put("y");
	mark(MARK_MESSAGE_END, 0);
	assert_lost(SINK_LOST_LARGE, sizeof(big) + 1, 1);
	put_request(WANTED);
	assert_int_equal(sink_tcp_stats(copies[0]->tcp)->requests, 2);
	end_shadow();
	add_shadow(DIR_REQUESTS);
	mem.limit = mem.used + 4096;
	put_head();
	put(big);
	mark(MARK_MESSAGE_END, 0);
	assert_lost(SINK_LOST_MEMORY, sizeof(big) - 1, 1);
	put_request(WANTED);
	assert_arrived(WANTED);
	end_shadow();
}

/* What waits already leaves it no room; what is smaller goes on. */
static void
a_message_without_room_in_the_queue_is_lost_alone(void **state)
{
	static char	 big[15 * 1024 + 1];
	const size_t	 n = strlen(HEAD) + sizeof(big) - 1;
	unsigned	 i;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	add_shadow(DIR_REQUESTS);
	for (i = 0; i < 5; i++) {
		put_head();
		put(big);
		mark(MARK_MESSAGE_END, 0);
	}
	put_request(WANTED);
	assert_lost(SINK_LOST_QUEUE, n, 1);
	assert_int_equal(sink_tcp_stats(copies[0]->tcp)->requests, 5);
	assert_int_equal(sink_tcp_stats(copies[0]->tcp)->queued,
	    4 * n + strlen(WANTED));
	end_shadow();
}

/* Rules, and the headers that are set, as of any; answers in their own way. */
static void
whole_messages_are_chosen_and_changed(void **state)
{
	struct conf_mirror	*m;

	(void)state;
	add_shadow(DIR_BOTH);
	m = &copies[0]->conf;
	m->nrules = 1;
	m->rules[0].asks.nmethods = 1;
	compat_strlcpy(m->rules[0].asks.methods[0], "GET", 16);
	m->nset = 1;
	compat_strlcpy(m->set[0].name, "X", sizeof(m->set[0].name));
	compat_strlcpy(m->set[0].value, "y", sizeof(m->set[0].value));
	hook_chain_clear(&copies[0]->chain[HOOK_FORWARD]);
	hook_chain_init(&copies[0]->chain[HOOK_FORWARD], m, HOOK_FORWARD);
	put_of(STREAM_TO_OBSERVED, 1, WANTED);
	put_of(STREAM_TO_OBSERVED, 2, OTHER);
	assert_arrived("GET /b HTTP/1.1\r\nX: y\r\n\r\n");
	put_of(STREAM_FROM_OBSERVED, 1, "HTTP/1.1 201\r\n\r\n");
	put_of(STREAM_FROM_OBSERVED, 2, "HTTP/1.1 202\r\n\r\n");
	assert_string_equal(arrived(16), "HTTP/1.1 201\r\n\r\n");
	assert_int_equal(copies[0]->stats.ignored_requests, 1);
	assert_int_equal(copies[0]->stats.dropped_bytes, 0);
	end_shadow();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(
		    one_that_is_new_has_the_rest_and_the_other_lacks_nothing),
		cmocka_unit_test(one_that_goes_leaves_the_other_all),
		cmocka_unit_test(one_that_comes_before_its_mirror_is_taken_up),
		cmocka_unit_test(
		    one_that_no_mirror_observed_lacks_what_was_before),
		cmocka_unit_test(
		    one_that_observes_it_again_lacks_what_came_meanwhile),
		cmocka_unit_test(
		    a_direction_that_is_wanted_again_lacks_what_came_meanwhile),
		cmocka_unit_test(
		    a_direction_that_is_wanted_since_a_reload_lacks_the_first),
		cmocka_unit_test(
		    one_that_nobody_reads_is_told_to_who_comes_to_observe_it),
		cmocka_unit_test(requests_are_chosen_however_they_are_cut),
		cmocka_unit_test(requests_are_chosen_in_gor_too),
		cmocka_unit_test(an_answer_goes_with_its_request),
		cmocka_unit_test(what_may_be_no_request_is_not_copied),
		cmocka_unit_test(a_gap_ends_with_a_request_that_is_left_out),
		cmocka_unit_test(what_cannot_be_judged_is_a_gap),
		cmocka_unit_test(a_head_without_its_end_is_not_copied),
		cmocka_unit_test(rules_of_a_reload_begin_with_the_next_request),
		cmocka_unit_test(messages_are_whole_however_they_are_cut),
		cmocka_unit_test(a_message_with_a_gap_is_not_sent),
		cmocka_unit_test(a_message_without_its_end_is_not_sent),
		cmocka_unit_test(a_message_that_breaks_is_not_sent),
		cmocka_unit_test(
		    a_message_that_others_may_end_elsewhere_is_not_sent),
		cmocka_unit_test(a_message_beyond_a_bound_is_lost_alone),
		cmocka_unit_test(
		    a_message_without_room_in_the_queue_is_lost_alone),
		cmocka_unit_test(whole_messages_are_chosen_and_changed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
