/* The names that clients were told for addresses. */
#include <string.h>

#include "analyzer/resolved.h"
#include "tests/lib/cmocka_first.h"

#define SECOND	1000000ULL

static const struct hash_key	 key = { 5, 6 };

struct world {
	struct mem		 mem;
	struct resolved		*t;
	struct addr		 client;
	struct addr		 server;
	uint64_t		 now;
};

static void
begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->mem.limit = 16 << 20;
	w->now = 100 * SECOND;
	assert_int_equal(addr_parse("10.0.0.5", &w->client), 0);
	assert_int_equal(addr_parse("192.0.2.1", &w->server), 0);
	w->t = resolved_new(&w->mem, &key, 4 << 20);
	assert_non_null(w->t);
}

static void
end(struct world *w)
{
	resolved_free(w->t);
	assert_int_equal(w->mem.used, 0);
}

static void
put(struct world *w, const char *name, uint32_t ttl)
{
	resolved_put(w->t, &w->client, &w->server, name, strlen(name), ttl,
	    w->now);
}

static void
is(struct world *w, const char *name)
{
	size_t		 len = 0;
	const char	*got;

	got = resolved_find(w->t, &w->client, &w->server, w->now, &len);
	if (name == NULL) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_int_equal(len, strlen(name));
	assert_memory_equal(got, name, len);
}

static void
a_name_is_of_who_was_told_it(void **state)
{
	struct world	 w;

	(void)state;
	begin(&w);
	is(&w, NULL);
	put(&w, "www.example", 60);
	is(&w, "www.example");
	put(&w, "other.example", 60);	/* asked last */
	is(&w, "other.example");
	w.client.b[15]++;
	is(&w, NULL);
	end(&w);
}

static void
it_ends_unless_it_is_used(void **state)
{
	struct world	 w;
	unsigned	 i;

	(void)state;
	begin(&w);
	put(&w, "www.example", 1);
	for (i = 0; i < 5; i++) {
		w.now += RESOLVED_MIN_US - SECOND;
		is(&w, "www.example");
	}
	w.now += RESOLVED_MIN_US + SECOND;
	is(&w, NULL);
	put(&w, "www.example", UINT32_MAX);
	w.now += RESOLVED_MAX_US;
	is(&w, "www.example");
	w.now += RESOLVED_MAX_US;
	is(&w, NULL);
	end(&w);
}

static void
very_many_do_not_grow_it(void **state)
{
	struct world	 w;
	uint64_t	 used;
	unsigned	 i, n;
	size_t		 len;

	(void)state;
	begin(&w);
	used = w.mem.used;
	for (i = 0; i < 200000; i++) {
		memcpy(w.server.b + 12, &i, 4);
		put(&w, "a.example", 60);
		is(&w, "a.example");
	}
	assert_int_equal(w.mem.used, used);
	/* all that are not there any more */
	for (n = i = 0; i < 200000; i++) {
		memcpy(w.server.b + 12, &i, 4);
		n += resolved_find(w.t, &w.client, &w.server, w.now, &len) ==
		    NULL;
	}
	assert_true(n > 100000);
	assert_int_equal(resolved_forgotten(w.t), n);
	end(&w);
}

static void
long_names_are_cut(void **state)
{
	struct world	 w;
	char		 name[200];

	(void)state;
	begin(&w);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	put(&w, name, 60);
	name[RESOLVED_NAME] = '\0';
	is(&w, name);
	end(&w);
}

static void
without_memory_there_is_none(void **state)
{
	struct mem	 mem = { .limit = 1024 };

	(void)state;
	assert_null(resolved_new(&mem, &key, 4 << 20));
	mem.limit = 16 << 20;
	assert_null(resolved_new(&mem, &key, 1024));
	assert_int_equal(mem.used, 0);
	resolved_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(a_name_is_of_who_was_told_it),
		cmocka_unit_test(it_ends_unless_it_is_used),
		cmocka_unit_test(very_many_do_not_grow_it),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
