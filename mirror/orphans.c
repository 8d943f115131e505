#include <stdlib.h>
#include <string.h>

#include "mirror/hole.h"
#include "mirror/orphans.h"
#include "mirror/told.h"
#include "sandbox/compat.h"

struct orphan {
	struct gap_open	 open;
	char		 from[ENDPOINT_TEXT_MAX];
	char		 to[ENDPOINT_TEXT_MAX];
	unsigned	 slot;
	bool		 done;
};

struct orphans {
	struct slots	*slots;
	bool		 expected;
	struct orphan	*orphan;
	size_t		 n;
	size_t		 room;
	bool		 sorted;	/* by from */
};

struct orphans *
orphans_new(struct slots *slots, bool expected)
{
	struct orphans	*t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	t->slots = slots;
	t->expected = expected;
	return t;
}

/* ---- what is known of the mirror before ---- */

bool
orphans_expected(const struct orphans *t)
{
	return t->expected;
}

void
orphans_add(struct orphans *t, unsigned slot, const struct gap_open *o)
{
	struct orphan	*p;
	size_t		 room;

	if (slot >= MSG_SAVE_SLOTS)
		return;
	if (t->n == t->room) {
		room = t->room == 0 ? 64 : t->room * 2;
		if ((p = realloc(t->orphan, room * sizeof(*p))) == NULL) {
			tally_add(t->slots->tally, TALLY_MIR_GAPS, 1);
			tally_add(t->slots->tally, TALLY_MIR_GAPS_UNLISTED, 1);
			return;
		}
		t->orphan = p;
		t->room = room;
	}
	slots_mark(t->slots, slot);
	p = &t->orphan[t->n++];
	memset(p, 0, sizeof(*p));
	p->open = *o;
	p->slot = slot;
	endpoint_print(&o->from, p->from, sizeof(p->from));
	endpoint_print(&o->to, p->to, sizeof(p->to));
	t->sorted = false;
}

static int
by_from(const void *a, const void *b)
{
	const struct orphan	*x = a, *y = b;

	return strcmp(x->from, y->from);
}

void
orphans_recorded(struct orphans *t, const char *mirror, const char *from,
    const char *to, uint64_t ts_us)
{
	struct orphan	 key, *o, *end;

	if (t->n == 0)
		return;
	if (!t->sorted)
		qsort(t->orphan, t->n, sizeof(key), by_from);
	t->sorted = true;
	memset(&key, 0, sizeof(key));
	compat_strlcpy(key.from, from, sizeof(key.from));
	o = bsearch(&key, t->orphan, t->n, sizeof(key), by_from);
	if (o == NULL)
		return;
	while (o > t->orphan && strcmp(o[-1].from, from) == 0)
		o--;
	for (end = t->orphan + t->n; o < end && strcmp(o->from, from) == 0;
	    o++)
		if (strcmp(o->to, to) == 0 && ts_us > o->open.last_us &&
		    strcmp(o->open.mirror, mirror) == 0)
			o->open.last_us = ts_us;
}

/* ---- what became of it ---- */

/* One line for the time this process's forerunner was away. */
static void
line(struct orphans *t, struct orphan *o, struct copy *c,
    uint64_t next_us)
{
	struct gap	 g = { .mirror = o->open.mirror,
	    .flow = o->open.flow, .from = o->open.from, .to = o->open.to,
	    .reason = GAP_RESTART, .unsized = true,
	    .last_us = o->open.last_us, .next_us = next_us };

	o->done = true;
	hole_write(c, &g);
	told_connection(c, &o->open.counted);
	slots_give(t->slots, o->slot);
}

/* Whether it was open when the mirror before this one was lost. */
static bool
claim(struct orphans *t, struct leg *l, uint64_t next_us)
{
	struct orphan	*o;
	bool		 found = false;
	size_t		 i;

	for (i = 0; i < t->n; i++) {
		o = &t->orphan[i];
		if (!o->done && o->open.flow == l->flow &&
		    strcmp(o->open.mirror, l->copy->conf.name) == 0 &&
		    endpoint_cmp(&o->open.from, l->client) == 0) {
			line(t, o, l->copy, next_us);
			l->counted = true;
			found = true;
		}
	}
	return found;
}

void
orphans_met(struct orphans *t, struct leg *l, uint64_t next_us)
{
	struct gap	 g = { .mirror = l->copy->conf.name, .flow = l->flow,
	    .from = *l->client, .to = *l->server, .reason = GAP_RESTART,
	    .unsized = true, .next_us = next_us };

	/* Opened while nobody looked: all before is missing. */
	if (!t->expected || claim(t, l, next_us))
		return;
	hole_write(l->copy, &g);
	told_connection(l->copy, &l->counted);
}

void
orphans_absence(const struct orphans *t, struct copy *c, uint64_t last_us,
    uint64_t next_us)
{
	if (t->expected)
		hole_all(c, GAP_RESTART, last_us, next_us);
}

/* Nobody saw it again: it has ended meanwhile. */
static void
give_up(struct orphans *t, struct orphan *o, struct copy **copies,
    size_t ncopies, uint64_t next_us)
{
	size_t	 i;

	for (i = 0; !o->done && i < ncopies; i++)
		if (copies[i]->file != NULL &&
		    strcmp(copies[i]->conf.name, o->open.mirror) == 0)
			line(t, o, copies[i], next_us);
	if (!o->done)
		slots_give(t->slots, o->slot);
}

void
orphans_end(struct orphans *t, struct copy **copies, size_t ncopies,
    uint64_t next_us)
{
	size_t	 i;

	for (i = 0; i < t->n; i++)
		if (!t->orphan[i].done)
			give_up(t, &t->orphan[i], copies, ncopies, next_us);
	free(t->orphan);
	t->orphan = NULL;
	t->n = t->room = 0;
	t->expected = false;
}
