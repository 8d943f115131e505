#include <stdlib.h>
#include <string.h>

#include "analyzer/named.h"
#include "tests/lib/cmocka_first.h"

static void
ask(struct named *n, const char *host, uint64_t asked)
{
	named_request(n, (const uint8_t *)host, strlen(host), asked, 1);
}

static uint64_t
requests(const struct named_host *h)
{
	uint64_t	 sum = 0;
	unsigned	 i;

	for (i = 0; i < METER_METHODS; i++)
		sum += h->requests[i];
	return sum;
}

static void
a_host_is_named_once_it_was_asked_often(void **state)
{
	struct named	*n = named_new(2);
	unsigned	 i;

	(void)state;
	for (i = 1; i <= 20; i++)
		ask(n, "a.test", i);
	assert_int_equal(n->n, 2);
	assert_int_equal(requests(&n->host[0]), NAMED_MIN - 1);
	assert_int_equal(requests(&n->host[1]), 20 - NAMED_MIN + 1);
	assert_memory_equal(n->host[1].name, "a.test", 6);
	named_reset(n);
	assert_int_equal(requests(&n->host[0]) + requests(&n->host[1]), 0);
	assert_true(n->host[0].dirty && n->host[1].dirty);
	ask(n, "a.test", 1);
	assert_int_equal(requests(&n->host[1]), 1);
	free(n);
}

static void
no_more_than_configured_are_named_and_none_leaves(void **state)
{
	struct named	*n = named_new(1);

	(void)state;
	ask(n, "a.test", NAMED_MIN);
	ask(n, "b.test", 1000);
	assert_int_equal(n->n, 2);
	assert_int_equal(requests(&n->host[0]), 1);
	n->max = 0;
	ask(n, "a.test", NAMED_MIN + 1);
	assert_int_equal(requests(&n->host[1]), 2);
	n->max = 2;
	ask(n, "b.test", 1001);
	assert_int_equal(n->n, 3);
	free(n);
}

static void
none_is_named_by_default_or_called_other(void **state)
{
	struct named	*n = named_new(0);

	(void)state;
	ask(n, "a.test", 1000);
	assert_int_equal(n->n, 1);
	n->max = NAMED_MAX;
	ask(n, "other", 1000);
	ask(n, "", 1000);
	named_request(n, NULL, 0, 0, 1);
	named_response(n, NULL, 0, 200);
	assert_int_equal(n->n, 1);
	assert_int_equal(requests(&n->host[0]), 4);
	free(n);
}

static void
all_places_hold_a_host(void **state)
{
	struct named	*n = named_new(NAMED_MAX);
	char		 host[32];
	unsigned	 i;

	(void)state;
	for (i = 0; i < NAMED_MAX + 5; i++) {
		snprintf(host, sizeof(host), "h%u.test", i);
		ask(n, host, NAMED_MIN);
	}
	assert_int_equal(n->n, NAMED_MAX + 1);
	assert_int_equal(requests(&n->host[0]), 5);
	free(n);
}

static void
statuses_count_by_class(void **state)
{
	static const unsigned	 status[] = { 200, 299, 304, 404, 500, 599,
	    600, 99, 0, 999 };
	struct named		*n = named_new(0);
	unsigned		 i;

	(void)state;
	for (i = 0; i < sizeof(status) / sizeof(status[0]); i++)
		named_response(n, NULL, 0, status[i]);
	assert_int_equal(n->host[0].responses[0], 2);
	assert_int_equal(n->host[0].responses[1], 1);
	assert_int_equal(n->host[0].responses[2], 1);
	assert_int_equal(n->host[0].responses[3], 2);
	assert_int_equal(n->host[0].responses[4], 4);
	assert_string_equal(named_class(3), "5xx");
	free(n);
}

static void
a_saved_host_comes_back(void **state)
{
	struct named	*n = named_new(3), *m = named_new(3);
	uint8_t		 b[MSG_SAVE_MAX];
	size_t		 len, cut;

	(void)state;
	ask(n, "a.test", NAMED_MIN);
	assert_true(n->host[1].dirty);
	len = named_pack(&n->host[1], b, sizeof(b));
	assert_true(len > 0);
	assert_false(n->host[1].dirty);
	for (cut = 0; cut < len; cut++)
		assert_int_equal(named_unpack(m, 1, b, cut), -1);
	assert_int_equal(named_unpack(m, NAMED_MAX + 1, b, len), -1);
	assert_int_equal(m->n, 1);
	assert_int_equal(named_unpack(m, 1, b, len), 0);
	ask(m, "a.test", NAMED_MIN + 1);
	assert_int_equal(m->n, 2);
	assert_int_equal(requests(&m->host[1]), 2);
	memset(n->host[1].name, 'x', NAMED_LEN);
	n->host[1].len = NAMED_LEN;
	assert_true(named_pack(&n->host[1], b, sizeof(b)) > 0);
	free(n);
	free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_is_named_once_it_was_asked_often),
		cmocka_unit_test(
		    no_more_than_configured_are_named_and_none_leaves),
		cmocka_unit_test(none_is_named_by_default_or_called_other),
		cmocka_unit_test(all_places_hold_a_host),
		cmocka_unit_test(statuses_count_by_class),
		cmocka_unit_test(a_saved_host_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
