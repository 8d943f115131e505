#include <stdlib.h>
#include <string.h>

#include "mirror/backlog.h"
#include "tests/lib/cmocka_first.h"

#define GET	"GET / HTTP/1.1\r\n\r\n"
#define POST	"POST / HTTP/1.1\r\n\r\n"
#define OK	"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"

static uint64_t	 queued, kept;

static void
fresh(struct backlog *b, uint64_t keep_max)
{
	queued = kept = 0;
	backlog_init(b, &queued, &kept, keep_max);
}

static void
add(struct backlog *b, const char *text, size_t n)
{
	assert_int_equal(backlog_room(b, n), 0);
	if (n > 4 && (memcmp(text, "GET ", 4) == 0 ||
	    memcmp(text, "POST", 4) == 0))
		backlog_asked(b, (const uint8_t *)text, n);
	backlog_add(b, (const uint8_t *)text, n);
}

static void
on_status(void *arg, unsigned status)
{
	(void)arg;
	(void)status;
}

static void
answer(struct backlog *b, const char *text)
{
	reply_data(&b->answer, (const uint8_t *)text, strlen(text), on_status,
	    NULL);
	backlog_release(b);
}

static void
what_is_sent_is_kept_until_it_is_answered(void **state)
{
	const size_t	 n = strlen(GET);
	struct backlog	 b;

	(void)state;
	fresh(&b, 1000);
	add(&b, GET, n);
	add(&b, GET, n);
	assert_int_equal(queued, 2 * n);
	assert_int_equal(backlog_end(&b, 0), 2 * n);
	assert_int_equal(backlog_end(&b, 1), n);
	backlog_sent(&b, 2 * n);
	assert_int_equal(queued, 0);
	assert_int_equal(kept, 2 * n);
	answer(&b, OK);
	assert_int_equal(kept, n);
	assert_int_equal(backlog_again(&b), n);
	answer(&b, OK);
	assert_int_equal(kept, 0);
	assert_int_equal(backlog_again(&b), 0);
	backlog_clear(&b);
}

static void
more_than_may_be_kept_is_forgotten(void **state)
{
	const size_t	 n = strlen(GET);
	struct backlog	 b;

	(void)state;
	fresh(&b, n);
	add(&b, GET, n);
	backlog_sent(&b, n);
	assert_true(b.keeps);
	add(&b, GET, n);
	backlog_sent(&b, n);
	assert_false(b.keeps);
	assert_int_equal(kept, 0);
	answer(&b, OK OK);
	add(&b, GET, n);
	assert_true(b.keeps);
	backlog_clear(&b);
	assert_int_equal(queued, 0);
}

static void
open_requests_move_to_another_one(void **state)
{
	const size_t	 n = strlen(GET);
	struct backlog	 a, b;
	uint64_t	 q2 = 0, k2 = 0;

	(void)state;
	fresh(&a, 1000);
	add(&a, POST, strlen(POST));
	add(&a, GET, n);
	add(&a, GET, n);
	backlog_sent(&a, strlen(POST) + n);
	answer(&a, OK);
	assert_int_equal(backlog_open(&a), 2 * n);
	backlog_init(&b, &q2, &k2, 1000);
	assert_int_equal(backlog_room(&b, backlog_open(&a)), 0);
	assert_int_equal(backlog_copy_open(&b, &a), 1);
	assert_int_equal(q2, 2 * n);
	assert_memory_equal(b.buf, GET GET, 2 * n);
	assert_int_equal(reply_open(&b.answer), 2);
	backlog_clear(&a);
	backlog_clear(&b);
	assert_int_equal(queued + kept + q2 + k2, 0);
}

/* Of the thousands of connections most are idle. */
static void
an_idle_one_has_little_room(void **state)
{
	static char	 body[60000];
	struct backlog	 b;

	(void)state;
	fresh(&b, 100000);
	add(&b, GET, strlen(GET));
	assert_in_range(b.room, strlen(GET), 256);
	add(&b, body, sizeof(body));
	backlog_sent(&b, b.len);
	answer(&b, OK);
	assert_in_range(b.room, 0, 2048);
	backlog_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(what_is_sent_is_kept_until_it_is_answered),
		cmocka_unit_test(more_than_may_be_kept_is_forgotten),
		cmocka_unit_test(open_requests_move_to_another_one),
		cmocka_unit_test(an_idle_one_has_little_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
