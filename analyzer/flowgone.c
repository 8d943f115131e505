#include <stdlib.h>
#include <string.h>

#include "analyzer/flowgone.h"
#include "sandbox/compat.h"

#define WAYS		8		/* a set is a cache line */
#define SETS_MIN	(1U << TAG_SHIFT)
#define SETS_MAX	(1U << 15)
#define TAG_SHIFT	8		/* the set tells that much of a hash */
#define TICK_SHIFT	14		/* of microseconds: 16 ms */
#define TICKS		(1U << 24)
#define LINGER		(FLOW_LINGER_US >> TICK_SHIFT)
#define KNOWN		(FLOWGONE_KNOWN_US >> TICK_SHIFT)

struct flow_gone {
	uint64_t	 tag	: 24;
	uint64_t	 tick	: 24;	/* of its last packet; wraps in days */
	uint64_t	 place0	: 8;	/* home of each half, low bits */
	uint64_t	 place1	: 8;
};

#define SET_BYTES	(WAYS * sizeof(struct flow_gone))

_Static_assert(SET_BYTES == 64, "a cache line");

static size_t
bytes(const struct flow_table *t)
{
	return ((size_t)t->gone_mask + 1) * SET_BYTES;
}

int
flowgone_init(struct flow_table *t)
{
	uint64_t	 want = t->mem->limit / 64;
	uint32_t	 sets = SETS_MIN;

	while (sets < SETS_MAX && sets * 2 * SET_BYTES <= want)
		sets *= 2;
	t->gone_mask = sets - 1;
	if (!mem_take(t->mem, MEM_FLOWS, bytes(t)))
		return -1;
	if ((t->gone = mem_table(bytes(t))) == NULL) {
		mem_give(t->mem, MEM_FLOWS, bytes(t));
		return -1;
	}
	memset(t->gone, 0, bytes(t));
	return 0;
}

void
flowgone_clear(struct flow_table *t)
{
	if (t->gone != NULL)
		mem_give(t->mem, MEM_FLOWS, bytes(t));
	free(t->gone);
}

static struct flow_gone *
set_of(const struct flow_table *t, uint32_t hash)
{
	return &t->gone[(size_t)(hash & t->gone_mask) * WAYS];
}

/*
 * Ticks between it and now, which may be before it: interfaces hand over their
 * blocks in any order. One that is empty is from the beginning of time.
 */
static uint32_t
age(const struct flow_gone *g, uint64_t now_us)
{
	const uint32_t	 d = ((uint32_t)(now_us >> TICK_SHIFT) -
			    (uint32_t)g->tick) % TICKS;

	return d <= TICKS / 2 ? d : TICKS - d;
}

/* An alias has no home: its packets were all seen before. */
static uint8_t
home(const struct flow *f, int half)
{
	return f->state == FLOW_ALIAS ? 0 : f->half[half].place & 0xff;
}

static uint32_t
tag_of(uint32_t hash)
{
	return hash >> TAG_SHIFT & 0xffffff;
}

static void
fill(struct flow_gone *g, const struct flow *f)
{
	g->tag = tag_of(f->hash);
	g->tick = (f->last_us >> TICK_SHIFT) % TICKS;
	g->place0 = home(f, 0);
	g->place1 = home(f, 1);
}

void
flowgone_expect(const struct flow_table *t, uint32_t hash)
{
	compat_prefetch(set_of(t, hash));
}

void
flowgone_put(struct flow_table *t, const struct flow *f)
{
	struct flow_gone	*set = set_of(t, f->hash), *g = set;
	uint32_t		 oldest = 0, n;
	size_t			 i;

	for (i = 0; i < WAYS && oldest < LINGER; i++)
		if ((n = age(&set[i], f->last_us)) >= oldest) {
			oldest = n;
			g = &set[i];
		}
	if (oldest < LINGER)
		t->count[FLOW_C_FORGOTTEN]++;
	fill(g, f);
}

void
flowgone_note(struct flow_table *t, const struct flow *f)
{
	struct flow_gone	*set = set_of(t, f->hash);
	size_t			 i;

	for (i = 0; i < WAYS; i++)
		if (age(&set[i], f->last_us) >= LINGER) {
			fill(&set[i], f);
			return;
		}
}

bool
flowgone_knew(const struct flow_table *t, const struct flow *f)
{
	const struct flow_gone	*set = set_of(t, f->hash);
	size_t			 i;

	for (i = 0; i < WAYS; i++)
		if (set[i].tag == tag_of(f->hash) &&
		    age(&set[i], f->first_us) < KNOWN)
			return true;
	return false;
}

bool
flowgone_find(struct flow_table *t, const struct packet *p, uint32_t hash,
    bool *again)
{
	const struct flow_gone	*set = set_of(t, hash);
	uint8_t			 at;
	size_t			 i;

	for (i = 0; i < WAYS; i++)
		if (set[i].tag == tag_of(hash) &&
		    age(&set[i], p->ts_us) < LINGER) {
			at = (uint8_t)flowtab_place(t, p);
			*again = at != set[i].place0 && at != set[i].place1;
			return true;
		}
	return false;
}
