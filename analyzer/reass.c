#include <stdlib.h>
#include <string.h>

#include "analyzer/reass.h"

/* cap bytes follow of the len that the segment had. Never overlap. */
struct reass_seg {
	struct reass_seg	*next;
	struct reass_seg	*prev;
	uint64_t		 off;
	uint64_t		 ts_us;
	uint32_t		 len;
	uint32_t		 cap;
	uint32_t		 tag;
	uint8_t			 bytes[];
};

/* A segment as it came; off is in the stream. */
struct piece {
	uint64_t	 off;
	uint64_t	 ts_us;
	const uint8_t	*p;
	uint32_t	 len;		/* on the wire */
	uint32_t	 cap;		/* captured */
	uint32_t	 tag;
};

static size_t
seg_cost(uint32_t cap)
{
	return sizeof(struct reass_seg) + cap + 16;
}

static void
piece_trim(struct piece *pc, uint64_t n)
{
	uint32_t	 have = n < pc->cap ? (uint32_t)n : pc->cap;

	pc->off += n;
	pc->len -= (uint32_t)n;
	pc->p += have;
	pc->cap -= have;
}

/* Keeps the last bytes that go out, at offset modulo REASS_TAIL. */
static void
tail_keep(const struct reass *r, struct reass_env *env, const uint8_t *p,
    uint32_t len)
{
	uint32_t	 at, n, had;
	uint64_t	 off = r->next;

	if (env->tail == NULL)
		return;
	had = *env->tail_len;
	if (len > REASS_TAIL) {
		p += len - REASS_TAIL;
		off += len - REASS_TAIL;
		had = 0;
		len = REASS_TAIL;
	}
	at = (uint32_t)(off % REASS_TAIL);
	n = REASS_TAIL - at < len ? REASS_TAIL - at : len;
	memcpy(env->tail + at, p, n);
	memcpy(env->tail, p + n, len - n);
	*env->tail_len = (uint16_t)(had + len < REASS_TAIL ? had + len :
	    REASS_TAIL);
}

/* Whether bytes that went out before are sent again with other content. */
static bool
tail_differs(const struct reass *r, const struct reass_env *env,
    const struct piece *pc)
{
	uint64_t	 from, to, i;

	if (env->tail == NULL || *env->tail_len == 0)
		return false;
	from = r->next - *env->tail_len;
	if (from < pc->off)
		from = pc->off;
	to = pc->off + pc->cap < r->next ? pc->off + pc->cap : r->next;
	for (i = from; i < to; i++)
		if (env->tail[i % REASS_TAIL] != pc->p[i - pc->off])
			return true;
	return false;
}

static bool
seg_differs(const struct reass_seg *s, const struct piece *pc)
{
	uint64_t	 from, to;

	from = s->off > pc->off ? s->off : pc->off;
	to = s->off + s->cap < pc->off + pc->cap ? s->off + s->cap :
	    pc->off + pc->cap;
	if (from >= to)
		return false;
	return memcmp(s->bytes + (from - s->off), pc->p + (from - pc->off),
	    (size_t)(to - from)) != 0;
}

static void
give_gap(struct reass *r, struct reass_env *env, void *arg, uint64_t len,
    uint64_t ts_us, enum reass_why why)
{
	uint64_t	 off = r->next;

	r->next += len;
	if (env->tail != NULL)
		*env->tail_len = 0;
	if (why == REASS_WHY_CUT) {
		env->count[REASS_TRUNCATED] += len;
	} else {
		env->count[REASS_GAPS]++;
		env->count[REASS_GAP_BYTES] += len;
		if (why == REASS_WHY_LIMIT)
			env->count[REASS_LIMIT]++;
	}
	if (!(r->flags & REASS_STOPPED))
		env->gap(arg, off, len, ts_us, why);
}

/* Hands out a piece that begins at next. */
static void
give(struct reass *r, struct reass_env *env, void *arg,
    const struct piece *pc)
{
	uint32_t	 cut = pc->len - pc->cap;

	if (pc->cap > 0) {
		tail_keep(r, env, pc->p, pc->cap);
		r->next += pc->cap;
		if (!(r->flags & REASS_STOPPED) && !env->deliver(arg, pc->off,
		    pc->p, pc->cap, pc->ts_us, pc->tag))
			r->flags |= REASS_STOPPED;
	}
	if (cut > 0)
		give_gap(r, env, arg, cut, pc->ts_us, REASS_WHY_CUT);
}

#define STORE_COST	(sizeof(struct reass_store) + 16)

static bool
store_open(struct reass *r, struct reass_env *env)
{
	if (r->store != NULL)
		return true;
	if (!mem_take(env->mem, MEM_SEGMENTS, STORE_COST))
		return false;
	if ((r->store = calloc(1, sizeof(*r->store))) != NULL)
		return true;
	mem_give(env->mem, MEM_SEGMENTS, STORE_COST);
	return false;
}

/* Nothing waits any more. */
static void
store_close(struct reass *r, struct reass_env *env)
{
	free(r->store);
	r->store = NULL;
	mem_give(env->mem, MEM_SEGMENTS, STORE_COST);
}

static void
seg_unlink(struct reass_store *st, struct reass_seg *s)
{
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		st->first = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	else
		st->last = s->prev;
	st->held -= s->cap;
	st->nsegs--;
}

static void
seg_free(struct reass_env *env, struct reass_seg *s)
{
	mem_give(env->mem, MEM_SEGMENTS, seg_cost(s->cap));
	free(s);
}

/* The first waiting segment, which begins at next, goes out. */
static void
give_first(struct reass *r, struct reass_env *env, void *arg)
{
	struct reass_seg	*s = r->store->first;
	struct piece		 pc;

	seg_unlink(r->store, s);
	pc.off = s->off;
	pc.ts_us = s->ts_us;
	pc.p = s->bytes;
	pc.len = s->len;
	pc.cap = s->cap;
	pc.tag = s->tag;
	give(r, env, arg, &pc);
	seg_free(env, s);
}

/* What waits and can go out now, does; the hole behind it is another one. */
static void
drain(struct reass *r, struct reass_env *env, void *arg)
{
	struct reass_store	*st = r->store;

	if (st == NULL)
		return;
	while (st->first != NULL && st->first->off == r->next)
		give_first(r, env, arg);
	if (st->first == NULL)
		store_close(r, env);
	else
		st->hole_us = st->first->ts_us;
}

/* Puts a piece that overlaps nothing before segment at (NULL: last). */
static bool
seg_insert(struct reass *r, struct reass_env *env, struct reass_seg *at,
    const struct piece *pc)
{
	struct reass_store	*st = r->store;
	struct reass_seg	*s;

	if (!mem_take(env->mem, MEM_SEGMENTS, seg_cost(pc->cap)))
		return false;
	if ((s = malloc(sizeof(*s) + pc->cap)) == NULL) {
		mem_give(env->mem, MEM_SEGMENTS, seg_cost(pc->cap));
		return false;
	}
	s->off = pc->off;
	s->ts_us = pc->ts_us;
	s->len = pc->len;
	s->cap = pc->cap;
	s->tag = pc->tag;
	if (pc->cap > 0)
		memcpy(s->bytes, pc->p, pc->cap);
	s->next = at;
	s->prev = at != NULL ? at->prev : st->last;
	if (s->prev != NULL)
		s->prev->next = s;
	else
		st->first = s;
	if (at != NULL)
		at->prev = s;
	else
		st->last = s;
	st->held += s->cap;
	st->nsegs++;
	if (st->hole_us == 0)
		st->hole_us = pc->ts_us;
	return true;
}

/* The first waiting segment that ends after off. */
static struct reass_seg *
seg_after(const struct reass_store *st, uint64_t off)
{
	struct reass_seg	*s = st->last;

	if (s == NULL || s->off + s->len <= off)
		return NULL;
	if (st->first->off + st->first->len > off)
		return st->first;
	while (s->prev != NULL && s->prev->off + s->prev->len > off)
		s = s->prev;
	return s;
}

/* The first len bytes of a piece, or all of it. */
static struct piece
piece_head(const struct piece *pc, uint64_t len)
{
	struct piece	 h = *pc;

	if (len < h.len)
		h.len = (uint32_t)len;
	if (h.cap > h.len)
		h.cap = h.len;
	return h;
}

/* What of the piece is not waiting yet, waits too. False: no memory. */
static bool
store(struct reass *r, struct reass_env *env, struct piece *pc, bool *fresh)
{
	struct reass_seg	*s;
	struct piece		 h;
	bool			 differs = false, ok = true;

	*fresh = false;
	if (!store_open(r, env))
		return false;
	s = seg_after(r->store, pc->off);
	while (pc->len > 0 && ok) {
		if (s == NULL || s->off >= pc->off + pc->len) {
			ok = seg_insert(r, env, s, pc);
			*fresh |= ok;
			break;
		}
		if (s->off > pc->off) {
			h = piece_head(pc, s->off - pc->off);
			ok = seg_insert(r, env, s, &h);
			*fresh |= ok;
			piece_trim(pc, h.len);
			continue;
		}
		differs |= seg_differs(s, pc);
		h = piece_head(pc, s->off + s->len - pc->off);
		piece_trim(pc, h.len);
		s = s->next;
	}
	if (differs)
		env->count[REASS_CONFLICT]++;
	if (r->store->first == NULL)
		store_close(r, env);
	return ok;
}

/* A piece that begins at next, with others waiting: those came first. */
static void
merge(struct reass *r, struct reass_env *env, void *arg, struct piece *pc)
{
	struct reass_store	*st = r->store;
	struct reass_seg	*s;
	struct piece		 h;
	uint64_t		 n;
	bool			 differs = false;

	while (pc->len > 0 && st != NULL && (s = st->first) != NULL &&
	    s->off < pc->off + pc->len) {
		if (s->off > pc->off) {
			h = piece_head(pc, s->off - pc->off);
			give(r, env, arg, &h);
			piece_trim(pc, h.len);
		}
		differs |= seg_differs(s, pc);
		n = s->len < pc->len ? s->len : pc->len;
		give_first(r, env, arg);
		piece_trim(pc, n);
	}
	if (differs) {
		env->count[REASS_CONFLICT]++;
		env->count[REASS_OVERLAP]++;
	}
	if (pc->len > 0)
		give(r, env, arg, pc);
	drain(r, env, arg);
}

/* No room to wait: what is missing before the piece is given up. */
static void
force(struct reass *r, struct reass_env *env, void *arg, struct piece *pc)
{
	r->flags &= (uint16_t)~REASS_HELD;
	reass_skip_to(r, env, arg, pc->off, pc->ts_us, REASS_WHY_LIMIT);
	if (pc->off < r->next) {
		if (pc->off + pc->len <= r->next)
			return;
		piece_trim(pc, r->next - pc->off);
	}
	if (pc->len > 0)
		merge(r, env, arg, pc);
}

static enum reass_result
wait(struct reass *r, struct reass_env *env, void *arg, struct piece *pc)
{
	struct reass_store	*st = r->store;
	bool			 fresh;

	if (st != NULL &&
	    ((uint64_t)st->held + pc->cap > env->limit_bytes ||
	    st->nsegs >= env->limit_segs)) {
		force(r, env, arg, pc);
		return REASS_DELIVERED;
	}
	if (!store(r, env, pc, &fresh)) {
		env->count[REASS_NOMEM]++;
		force(r, env, arg, pc);
		return REASS_DELIVERED;
	}
	if (!fresh) {
		env->count[REASS_OLD]++;
		return REASS_DUPLICATE;
	}
	env->count[REASS_STORED]++;
	return REASS_WAITING;
}

/* Nobody reads: only the highest byte is kept in mind. */
static enum reass_result
count_only(struct reass *r, struct reass_env *env, int64_t ahead,
    uint32_t wire)
{
	if (ahead + wire <= 0) {
		env->count[REASS_OLD]++;
		return REASS_DUPLICATE;
	}
	r->next += (uint64_t)(ahead + wire);
	return ahead > 0 ? REASS_WAITING : REASS_DELIVERED;
}

/* A piece that begins before next, and what is left of it. */
static bool
cut_old(struct reass *r, struct reass_env *env, struct piece *pc, int64_t n)
{
	bool	 probe = n == 1 && pc->len == 1;

	if (r->next < (uint64_t)n) {	/* before the start of the stream */
		n -= (int64_t)r->next;
		if (n >= pc->len) {
			env->count[REASS_OLD]++;
			return false;
		}
		pc->off = 0;
		piece_trim(pc, (uint64_t)n);
		pc->off = 0;
	} else
		pc->off = r->next - (uint64_t)n;
	if (pc->off < r->next && !probe && tail_differs(r, env, pc))
		env->count[REASS_CONFLICT]++;
	if (pc->off + pc->len <= r->next) {
		env->count[REASS_OLD]++;
		return false;
	}
	if (pc->off < r->next) {
		env->count[REASS_OVERLAP]++;
		piece_trim(pc, r->next - pc->off);
	}
	return true;
}

void
reass_init(struct reass *r, uint32_t base)
{
	r->next = 0;
	r->base = base;
	r->flags &= REASS_READ;
}

enum reass_result
reass_data(struct reass *r, struct reass_env *env, void *arg, uint32_t seq,
    const uint8_t *p, uint32_t len, uint32_t wire, uint64_t ts_us,
    uint32_t tag)
{
	struct piece	 pc;
	int64_t		 ahead = reass_ahead(r, seq);

	if (wire == 0)
		return REASS_DUPLICATE;
	if ((r->flags & (REASS_READ | REASS_STOPPED)) != REASS_READ)
		return count_only(r, env, ahead, wire);
	pc.off = r->next + (uint64_t)ahead;
	pc.ts_us = ts_us;
	pc.p = p;
	pc.len = wire;
	pc.cap = len;
	pc.tag = tag;
	if (ahead < 0 && !cut_old(r, env, &pc, -ahead))
		return REASS_DUPLICATE;
	if (pc.off > r->next || r->flags & REASS_HELD)
		return wait(r, env, arg, &pc);
	if (r->store == NULL)
		give(r, env, arg, &pc);
	else
		merge(r, env, arg, &pc);
	return REASS_DELIVERED;
}

bool
reass_waits(const struct reass *r)
{
	return r->store != NULL && r->store->first != NULL;
}

uint64_t
reass_hole(const struct reass *r)
{
	return reass_waits(r) ? r->store->first->off - r->next : 0;
}

uint64_t
reass_first_us(const struct reass *r)
{
	return reass_waits(r) ? r->store->first->ts_us : UINT64_MAX;
}

uint64_t
reass_hole_us(const struct reass *r)
{
	return reass_waits(r) ? r->store->hole_us : 0;
}

bool
reass_skip(struct reass *r, struct reass_env *env, void *arg,
    enum reass_why why)
{
	struct reass_seg	*s;

	if (!reass_waits(r))
		return false;
	s = r->store->first;
	if (s->off > r->next)
		give_gap(r, env, arg, s->off - r->next, s->ts_us, why);
	drain(r, env, arg);
	return true;
}

void
reass_skip_to(struct reass *r, struct reass_env *env, void *arg, uint64_t to,
    uint64_t ts_us, enum reass_why why)
{
	while (reass_waits(r) && r->store->first->off < to)
		reass_skip(r, env, arg, why);
	if (r->next < to)
		give_gap(r, env, arg, to - r->next, ts_us, why);
	drain(r, env, arg);
}

bool
reass_step(struct reass *r, struct reass_env *env, void *arg,
    enum reass_why why)
{
	struct reass_seg	*s;

	if (!reass_waits(r))
		return false;
	s = r->store->first;
	if (s->off > r->next)
		give_gap(r, env, arg, s->off - r->next, s->ts_us, why);
	give_first(r, env, arg);
	if (r->store->first == NULL)
		store_close(r, env);
	else
		r->store->hole_us = r->store->first->ts_us;
	return true;
}

void
reass_release(struct reass *r, bool jump)
{
	r->flags &= (uint16_t)~REASS_HELD;
	if (jump && reass_waits(r))
		r->next = r->store->first->off;
}

bool
reass_next_waits(const struct reass *r)
{
	return reass_waits(r) && r->store->first->off == r->next;
}

void
reass_rebase(struct reass *r, uint32_t seq)
{
	struct reass_seg	*s;
	uint32_t		 back = reass_next_seq(r) - seq;

	r->base = seq - (uint32_t)r->next;
	if (r->store == NULL)
		return;
	for (s = r->store->first; s != NULL; s = s->next)
		s->off += back;
}

void
reass_clear(struct reass *r, struct reass_env *env)
{
	struct reass_seg	*s;

	if (r->store == NULL)
		return;
	while ((s = r->store->first) != NULL) {
		seg_unlink(r->store, s);
		seg_free(env, s);
	}
	store_close(r, env);
}

uint64_t
reass_pass(struct reass *r, struct reass_env *env)
{
	const struct reass_seg	*s;
	uint64_t		 missing = 0;

	for (s = r->store == NULL ? NULL : r->store->first; s != NULL;
	    s = s->next) {
		if (s->off > r->next)
			missing += s->off - r->next;
		if (s->off + s->len > r->next)
			r->next = s->off + s->len;
	}
	reass_clear(r, env);
	return missing;
}
