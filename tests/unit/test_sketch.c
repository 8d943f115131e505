#include <stdio.h>
#include <string.h>

#include "analyzer/sketch.h"
#include "tests/lib/cmocka_first.h"

struct world {
	struct mem	 mem;
	struct hash_key	 seed;
	struct sketch_time time;
	struct sketch_kind kind;
	struct sketch_kind child;
};

static void
begin(struct world *w, uint64_t limit)
{
	memset(w, 0, sizeof(*w));
	w->mem.limit = limit;
	w->seed.k0 = 1;
	sketch_time_init(&w->time, 10000000);
	w->time.now = 1000;
	sketch_kind_init(&w->kind, &w->time, &w->seed, &w->mem, limit);
	sketch_kind_init(&w->child, &w->time, &w->seed, &w->mem, limit);
}

static void
end(struct world *w)
{
	sketch_kind_clear(&w->kind);
	sketch_kind_clear(&w->child);
	assert_int_equal(w->mem.used, 0);
}

static struct sketch_entry *
hit(struct sketch *s, const char *key)
{
	struct sketch_entry	*e;

	if ((e = sketch_touch(s, key, strlen(key), 1)) != NULL)
		sketch_add(e, 1, 1);
	return e;
}

static uint64_t
window(const struct world *w, const struct sketch_entry *e, uint32_t slices)
{
	uint64_t	 v[4] = { 0 };

	sketch_sum(e, sketch_from(&w->time, slices), v, 4);
	return v[1];
}

static void
next_slice(struct world *w)
{
	sketch_close(&w->kind);
	w->time.now++;
}

static void
counts_are_exact_while_all_keys_fit(void **state)
{
	struct world	 w;
	struct sketch	*s;
	char		 key[16];
	unsigned	 i, k;

	(void)state;
	begin(&w, 1 << 24);
	s = sketch_new(&w.kind, 100, NULL);
	for (i = 0; i < 100; i++)
		for (k = 0; k <= i; k++) {
			snprintf(key, sizeof(key), "host%u", i);
			hit(s, key);
		}
	for (i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "host%u", i);
		assert_int_equal(sketch_get(sketch_find(s, key, strlen(key)),
		    1), i + 1);
		assert_int_equal(sketch_find(s, key, strlen(key))->error, 0);
	}
	assert_int_equal(s->evicted, 0);
	sketch_free(s);
	end(&w);
}

/* Nothing heavier than total / max may be missing; bounds hold. */
static void
the_heaviest_keys_survive_a_flood(void **state)
{
	struct sketch_entry	*e;
	struct world		 w;
	struct sketch		*s;
	char			 key[16];
	unsigned		 i;

	(void)state;
	begin(&w, 1 << 24);
	s = sketch_new(&w.kind, 50, NULL);
	for (i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "flood%u", i);
		hit(s, key);
		if (i % 10 == 0)
			hit(s, "heavy");
	}
	e = sketch_find(s, "heavy", 5);
	assert_non_null(e);
	assert_true(e->count >= 10000);
	assert_true(e->count - e->error <= 10000);
	assert_true(sketch_get(e, 1) <= 10000);
	assert_true(sketch_get(e, 1) + e->error >= 10000);
	assert_int_equal(s->n, 50);
	sketch_free(s);
	end(&w);
}

static void
a_newcomer_inherits_the_count_of_the_lightest(void **state)
{
	struct sketch_entry	*e;
	struct world		 w;
	struct sketch		*s;

	(void)state;
	begin(&w, 1 << 20);
	s = sketch_new(&w.kind, 2, NULL);
	hit(s, "a");
	hit(s, "a");
	hit(s, "a");
	hit(s, "b");
	hit(s, "b");
	e = hit(s, "a much longer key than the one before");
	assert_null(sketch_find(s, "b", 1));
	assert_int_equal(e->error, 2);
	assert_int_equal(e->count, 3);
	assert_int_equal(sketch_get(e, 1), 1);
	assert_int_equal(s->evicted, 1);
	sketch_free(s);
	end(&w);
}

static void
long_keys_are_cut_but_stay_apart(void **state)
{
	struct world	 w;
	struct sketch	*s;
	char		 a[5000], b[5000];

	(void)state;
	begin(&w, 1 << 20);
	memset(a, 'x', sizeof(a));
	memset(b, 'x', sizeof(b));
	b[4999] = 'y';
	s = sketch_new(&w.kind, 10, NULL);
	assert_non_null(sketch_touch(s, a, SKETCH_KEY_MAX, 1));
	assert_non_null(sketch_touch(s, a, SKETCH_KEY_MAX + 1, 1));
	assert_non_null(sketch_touch(s, a, sizeof(a), 1));
	assert_non_null(sketch_touch(s, b, sizeof(b), 1));
	assert_non_null(sketch_touch(s, a, sizeof(a), 1));
	assert_int_equal(s->n, 4);
	assert_int_equal(sketch_find(s, a, sizeof(a))->count, 2);
	assert_int_equal(sketch_find(s, a, sizeof(a))->klen, SKETCH_KEY_MAX);
	sketch_free(s);
	end(&w);
}

static void
a_token_dies_with_its_entry(void **state)
{
	struct sketch_entry	*e;
	struct world		 w;
	struct sketch		*s;
	uint64_t		 a, b;

	(void)state;
	begin(&w, 1 << 20);
	s = sketch_new(&w.kind, 1, NULL);
	e = hit(s, "a");
	a = sketch_token(e);
	assert_ptr_equal(sketch_by_token(&w.kind, a), e);
	e = hit(s, "b");
	b = sketch_token(e);
	assert_null(sketch_by_token(&w.kind, a));
	assert_ptr_equal(sketch_by_token(&w.kind, b), e);
	assert_null(sketch_by_token(&w.kind, 0));
	assert_null(sketch_by_token(&w.kind, UINT64_MAX));
	sketch_free(s);
	assert_null(sketch_by_token(&w.kind, b));
	end(&w);
}

static void
windows_are_sums_of_slices(void **state)
{
	struct sketch_entry	*e;
	struct world		 w;
	struct sketch		*s;
	unsigned		 i;

	(void)state;
	begin(&w, 1 << 24);
	s = sketch_new(&w.kind, 10, NULL);
	/* slice is 1 s: last 10, 1 minute 60, 10 minutes 600 */
	for (i = 0; i < 2000; i++) {
		e = hit(s, "a");
		if (i > 700) {
			assert_int_equal(window(&w, e, w.time.fine), 11);
			assert_in_range(window(&w, e, w.time.mid), 61, 71);
			assert_in_range(window(&w, e, w.time.old), 601, 661);
		}
		assert_int_equal(sketch_get(e, 1), i + 1);
		next_slice(&w);
	}
	for (i = 0; i < 11; i++)
		next_slice(&w);
	assert_int_equal(window(&w, e, w.time.fine), 0);
	assert_true(window(&w, e, w.time.mid) > 0);
	for (i = 0; i < 700; i++)
		next_slice(&w);
	assert_int_equal(window(&w, e, w.time.old), 0);
	assert_int_equal(sketch_get(e, 1), 2000);
	sketch_free(s);
	end(&w);
}

/* Also where the last window is longer than a minute, or than ten. */
static void
periods_follow_each_other_without_a_hole(void **state)
{
	struct sketch_time	 t;
	uint32_t		 slices[3], period;
	uint64_t		 s;
	size_t			 i;

	(void)state;
	for (s = 1; s <= 3600; s++) {
		sketch_time_init(&t, s * 1000000);
		slices[0] = t.fine;
		slices[1] = t.mid;
		slices[2] = t.old;
		for (i = 0; i < 3; i++) {
			period = sketch_period(&t, slices[i]);
			t.now = 100 * period;
			assert_int_equal(sketch_from(&t, slices[i]),
			    99 * period);
		}
	}
}

static void
old_slices_take_a_bounded_number_of_panes(void **state)
{
	const struct sketch_pane	*p;
	struct sketch_entry		*e;
	struct world			 w;
	struct sketch			*s;
	unsigned			 i, n = 0;

	(void)state;
	begin(&w, 1 << 24);
	s = sketch_new(&w.kind, 10, NULL);
	for (i = 0; i < 5000; i++) {
		e = hit(s, "a");
		next_slice(&w);
	}
	for (p = e->more->panes; p != NULL; p = p->next)
		n++;
	assert_in_range(n, 10, 45);
	w.time.now += 10000;
	sketch_age(s);
	assert_null(e->more->panes);
	sketch_free(s);
	end(&w);
}

static void
an_eviction_inside_a_slice_leaves_no_trace(void **state)
{
	struct sketch_entry	*e;
	struct world		 w;
	struct sketch		*s;

	(void)state;
	begin(&w, 1 << 20);
	s = sketch_new(&w.kind, 1, NULL);
	hit(s, "a");
	next_slice(&w);
	hit(s, "a");
	e = hit(s, "b");
	next_slice(&w);
	assert_int_equal(window(&w, e, w.time.fine), 1);
	assert_int_equal(sketch_get(e, 1), 1);
	sketch_free(s);
	end(&w);
}

static void
children_go_with_their_owner(void **state)
{
	struct sketch_entry	*e, *c;
	struct world		 w;
	struct sketch		*s;
	uint64_t		 token;

	(void)state;
	begin(&w, 1 << 20);
	s = sketch_new(&w.kind, 1, NULL);
	e = hit(s, "host");
	c = hit(sketch_make_child(e, 0, &w.child, 4), "/section");
	token = sketch_token(c);
	assert_ptr_equal(c->home->owner, e);
	hit(s, "other");
	assert_null(sketch_by_token(&w.child, token));
	sketch_free(s);
	end(&w);
}

static void
merged_sketches_add_up(void **state)
{
	struct sketch_entry	*e;
	struct world		 w;
	struct sketch		*a, *b;
	uint64_t		 sum = 0;
	uint32_t		 i;

	(void)state;
	begin(&w, 1 << 20);
	a = sketch_new(&w.kind, 10, NULL);
	b = sketch_new(&w.kind, 10, NULL);
	hit(a, "x");
	hit(a, "y");
	hit(b, "y");
	next_slice(&w);
	e = hit(b, "z");
	hit(sketch_make_child(e, 1, &w.child, 4), "kid");
	sketch_merge(a, b);
	assert_int_equal(sketch_get(sketch_find(a, "y", 1), 1), 2);
	e = sketch_find(a, "z", 1);
	e = sketch_find(sketch_child(e, 1), "kid", 3);
	assert_int_equal(sketch_get(e, 1), 1);
	for (i = 0; i < a->n; i++)
		sum += sketch_get(a->heap[i], 1);
	assert_int_equal(sum, 4);
	sketch_free(a);
	sketch_free(b);
	end(&w);
}

/* At every limit there is an answer, and never a byte above it. */
static void
memory_is_never_exceeded(void **state)
{
	struct world	 w;
	struct sketch	*s;
	char		 key[32];
	uint64_t	 limit;
	unsigned	 i;

	(void)state;
	for (limit = 0; limit < 20000; limit += 997) {
		begin(&w, limit);
		s = sketch_new(&w.kind, 1000, NULL);
		for (i = 0; s != NULL && i < 300; i++) {
			snprintf(key, sizeof(key), "some-host-%u", i);
			hit(s, key);
			if (i % 7 == 0)
				next_slice(&w);
			assert_true(w.mem.used <= limit);
		}
		assert_true(w.mem.refused[MEM_SKETCHES] > 0);
		sketch_free(s);
		end(&w);
	}
}

static void
a_wanted_id_is_given(void **state)
{
	struct sketch_entry	*e;
	struct world		 w;
	struct sketch		*s;

	(void)state;
	begin(&w, 1 << 20);
	s = sketch_new(&w.kind, 1000, NULL);
	w.kind.want = 500 + 1;
	e = hit(s, "a");
	assert_int_equal(e->id, 500);
	w.kind.want = 3 + 1;
	e = hit(s, "b");
	assert_int_equal(e->id, 3);
	e = hit(s, "c");
	assert_true(e->id != 3 && e->id != 500);
	w.kind.want = 3 + 1;		/* taken: any other will do */
	e = hit(s, "d");
	assert_true(e->id != 3);
	sketch_free(s);
	end(&w);
}

/* Few counters take no memory of their own, and the last of them is found. */
static void
few_counters_lie_in_the_entry(void **state)
{
	struct world		 w;
	struct sketch		*s;
	struct sketch_entry	*e;
	uint64_t		 used;
	unsigned		 i;

	(void)state;
	begin(&w, 1 << 20);
	s = sketch_new(&w.kind, 10, NULL);
	e = sketch_touch(s, "a", 1, 1);
	used = w.mem.used;
	for (i = 1; i <= SKETCH_FEW; i++)
		sketch_add(e, i, i);
	assert_int_equal(w.mem.used, used);
	for (i = 1; i <= SKETCH_FEW; i++)
		assert_int_equal(sketch_get(e, i), i);
	assert_int_equal(sketch_get(e, i), 0);
	w.mem.limit = w.mem.used;
	sketch_add(e, i, 1);	/* lost, and no other one with it */
	assert_int_equal(sketch_get(e, i), 0);
	w.mem.limit = 1 << 20;
	sketch_add(e, i, i);
	for (i = 1; i <= SKETCH_FEW + 1; i++)
		assert_int_equal(sketch_get(e, i), i);
	sketch_free(s);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(counts_are_exact_while_all_keys_fit),
		cmocka_unit_test(the_heaviest_keys_survive_a_flood),
		cmocka_unit_test(
		    a_newcomer_inherits_the_count_of_the_lightest),
		cmocka_unit_test(long_keys_are_cut_but_stay_apart),
		cmocka_unit_test(a_token_dies_with_its_entry),
		cmocka_unit_test(windows_are_sums_of_slices),
		cmocka_unit_test(periods_follow_each_other_without_a_hole),
		cmocka_unit_test(old_slices_take_a_bounded_number_of_panes),
		cmocka_unit_test(an_eviction_inside_a_slice_leaves_no_trace),
		cmocka_unit_test(children_go_with_their_owner),
		cmocka_unit_test(merged_sketches_add_up),
		cmocka_unit_test(memory_is_never_exceeded),
		cmocka_unit_test(a_wanted_id_is_given),
		cmocka_unit_test(few_counters_lie_in_the_entry),
	};

	return cmocka_run_group_tests_name("sketch", tests, NULL, NULL);
}
