#include <stdlib.h>
#include <string.h>

#include "analyzer/pair.h"

#define WAITS	8	/* as often, and never otherwise: it always waits */

void
pair_init(struct pair *p)
{
	memset(p, 0, sizeof(*p));
}

static void
give_ring(struct pair *p, struct mem *mem)
{
	if (p->cap == 0)
		return;
	mem_give(mem, MEM_SESSIONS, p->cap * sizeof(*p->q));
	free(p->q);
}

void
pair_clear(struct pair *p, struct mem *mem)
{
	give_ring(p, mem);
	pair_init(p);
}

struct pair_req *
pair_at(const struct pair *p, uint32_t i)
{
	return &p->q[(p->head + i) & (p->cap - 1)];
}

static bool
grow(struct pair *p, struct mem *mem)
{
	struct pair_req	*q;
	uint32_t	 cap = p->cap == 0 ? 1 : p->cap * 2, i;
	size_t		 size = cap * sizeof(*q);

	if (!mem_take(mem, MEM_SESSIONS, size))
		return false;
	if ((q = malloc(size)) == NULL) {
		mem_give(mem, MEM_SESSIONS, size);
		return false;
	}
	for (i = 0; i < p->n; i++)
		q[i] = *pair_at(p, i);
	give_ring(p, mem);
	p->q = q;
	p->head = 0;
	p->cap = cap;
	return true;
}

struct pair_req *
pair_push(struct pair *p, struct mem *mem, uint32_t max)
{
	struct pair_req	*r;

	if (p->skipped > 0 || p->n >= max ||
	    (p->n == p->cap && !grow(p, mem))) {
		if (p->skipped < UINT32_MAX)
			p->skipped++;
		return NULL;
	}
	r = pair_at(p, p->n++);
	memset(r, 0, sizeof(*r));
	return r;
}

/* Whether the server had all that was lost when it answered. */
static bool
answers_hole(const struct pair_req *r, uint64_t known)
{
	return known != PAIR_NO_OFFSET && known > 0 && known >= r->off;
}

void
pair_hole(struct pair *p, struct mem *mem, uint32_t max, uint64_t known,
    uint64_t end)
{
	struct pair_req	*r;

	if (p->skipped > 0) {
		p->skip_hole = true;
		return;
	}
	if (p->n > 0 && (r = pair_at(p, p->n - 1))->kind == PAIR_HOLE) {
		if (end == PAIR_NO_OFFSET)
			return;
		r->off = end;
		if (!answers_hole(r, r->acked))
			r->id = 0;	/* nothing answered this loss yet */
		return;
	}
	if ((r = pair_push(p, mem, max)) == NULL) {
		p->skip_hole = true;
		return;
	}
	r->kind = PAIR_HOLE;
	r->off = end != PAIR_NO_OFFSET ? end : 0;
	r->acked = known;
	r->id = p->n == 1 && answers_hole(r, known);
}

void
pair_pop(struct pair *p, struct mem *mem)
{
	p->head = (p->head + 1) & (p->cap - 1);
	if (--p->n > 0 || p->skipped > 0)
		return;
	give_ring(p, mem);
	p->q = NULL;
	p->head = p->cap = 0;
}

void
pair_habit(struct pair *p, uint64_t acked, bool early)
{
	uint32_t	 n = p->n;

	if (n > 0 && pair_at(p, n - 1)->kind == PAIR_HOLE)
		n--;		/* two in a row are one */
	if (early || (n > 0 && pair_at(p, n - 1)->acked == acked))
		p->pipelined = true;
}

void
pair_waited(struct pair *p, const struct pair_req *r, uint64_t at)
{
	if (r->acked == at && at > 0 && p->waits < WAITS)
		p->waits++;
}

void
pair_interim(struct pair *p, uint64_t at, uint64_t end)
{
	struct pair_req	*r;
	uint32_t	 i;

	for (i = 0; i < p->n; i++) {
		r = pair_at(p, i);
		if (r->kind == PAIR_REQUEST && r->acked == at)
			r->acked = end;
	}
}

bool
pair_blurred(const struct pair *p, uint32_t i)
{
	const struct pair_req	*r;

	if (i > 0 && p->pipelined)
		return true;
	if (p->waits == WAITS)
		return false;
	while (i-- > 0) {
		r = pair_at(p, i);
		if (r->kind == PAIR_HOLE && r->id == 0)
			return true;
	}
	return false;
}

/* Neither order nor an exact offset: only a lone asker can be told. */
static enum pair_answer
likely(const struct pair *p, uint64_t at, uint64_t known, bool lost,
    bool blind, uint32_t *drop)
{
	const struct pair_req	*r;
	uint32_t		 i, last = UINT32_MAX;
	bool			 hole = false;

	if (blind && !p->pipelined)
		return PAIR_LATER;
	for (i = 0; i < p->n; i++) {
		r = pair_at(p, i);
		if (r->kind == PAIR_HOLE) {
			hole = true;
			continue;
		}
		if (r->acked > at || r->off >= known)
			break;
		last = i;
		if (p->waits == WAITS)
			hole = false;
	}
	if (last == UINT32_MAX)
		return hole ? PAIR_UNKNOWN : PAIR_OLDER;
	if (hole || blind || !lost || p->pipelined)
		return PAIR_UNKNOWN;
	*drop = last;
	return PAIR_FRONT;
}

/*
 * One that was past the limit is answered. The loss among them takes the place
 * that they left; without one, all that comes is past the limit.
 */
static void
answer_skipped(struct pair *p)
{
	struct pair_req	*r;

	if (p->skipped == 1 && p->skip_hole && p->cap == 0)
		return;
	p->skipped--;
	if (p->skipped > 0 || !p->skip_hole)
		return;
	p->skip_hole = false;
	r = pair_at(p, p->n++);
	memset(r, 0, sizeof(*r));
	r->kind = PAIR_HOLE;
}

static enum pair_answer
find(struct pair *p, uint64_t at, uint64_t known, bool lost, bool blind,
    uint32_t *drop)
{
	struct pair_req	*r;
	uint32_t	 i;

	if (p->n == 0 && p->skipped > 0) {
		answer_skipped(p);
		return PAIR_SKIPPED;
	}
	if (p->n == 0)
		return PAIR_LATER;
	r = pair_at(p, 0);
	if (r->kind == PAIR_REQUEST && r->off >= known)
		return PAIR_OLDER;
	if (r->kind == PAIR_REQUEST)
		pair_waited(p, r, at);
	if (r->kind == PAIR_REQUEST && !lost)
		return PAIR_FRONT;
	for (i = 0; i < p->n; i++) {
		r = pair_at(p, i);
		if (r->kind != PAIR_REQUEST || r->acked != at)
			continue;
		if (i > 0)
			pair_waited(p, r, at);
		if (pair_blurred(p, i) || r->off >= known)
			return PAIR_UNKNOWN;
		*drop = i;
		return PAIR_FRONT;
	}
	return likely(p, at, known, lost, blind, drop);
}

void
pair_unowned(struct pair *p, uint64_t known)
{
	struct pair_req	*r;

	if (p->n == 0 || (r = pair_at(p, 0))->kind != PAIR_HOLE ||
	    !answers_hole(r, known))
		return;
	r->id++;
	if (known > r->acked)
		r->acked = known;
}

enum pair_answer
pair_owner(struct pair *p, uint64_t at, uint64_t known, bool lost,
    bool blind, uint32_t *drop)
{
	enum pair_answer	 a;

	*drop = 0;
	a = find(p, at, known, lost, blind, drop);
	if (a == PAIR_UNKNOWN)
		pair_unowned(p, known);
	return a;
}
