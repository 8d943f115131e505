#include <stdlib.h>
#include <string.h>

#include "mirror/compare.h"

#define BLOCK		64	/* exchanges */
#define EARLY		4	/* answers that come before their request */

/* Of an answer: it is there, or why not; before, WAITS. */
#define WAITS		-2
#define THERE		-1

struct exchange {
	TAILQ_ENTRY(exchange) by_leg;
	TAILQ_ENTRY(exchange) by_out;
	struct compare_leg *leg;	/* NULL: the service's is decided */
	struct compare_out *out;	/* NULL: it has gone, or stopped */
	uint64_t	 id;
	uint64_t	 place;
	uint64_t	 at;
	uint64_t	 sent_us;	/* 0: not yet */
	struct compare_side service;
	struct compare_side target;
	int8_t		 of_service;	/* WAITS, THERE, compare_reason */
	int8_t		 of_target;
	uint8_t		 section;	/* COMPARE_SECTIONS: other */
	uint8_t		 path_len;
	uint8_t		 path[COMPARE_PATH_MAX];
	char		 method[COMPARE_METHOD_MAX];
};

struct block {
	struct block	*next;
	struct exchange	 x[BLOCK];
};

struct early {
	uint64_t	 id;		/* 0: none */
	uint8_t		 how;		/* enum stream_answer */
	struct compare_side service;
};

struct compare_leg {
	struct exchanges waits;		/* for the service's answer */
	uint64_t	 newest;	/* id that was asked */
	unsigned	 next;		/* place for an early one */
	struct early	 early[EARLY];
};

struct compare {
	struct mem	*mem;
	unsigned	 depth;
	uint64_t	 wall_us;
	struct block	*blocks;
	struct exchanges free;
	size_t		 nopen;
	size_t		 nblocks;
	struct compare_stats stats;
	size_t		 nsections;
	struct compare_section section[COMPARE_SECTIONS + 1];	/* and other */
	struct compare_difference last[COMPARE_LAST];
	uint64_t	 nlast;		/* ever */
};

static const char *const names[] = {
#define R(name, text)	text,
	COMPARE_REASONS(R)
#undef R
};

const char *
compare_reason_name(enum compare_reason r)
{
	return names[r];
}

/* ---- life ---- */

struct compare *
compare_new(struct mem *mem)
{
	struct compare	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->mem = mem;
	c->depth = 1;
	TAILQ_INIT(&c->free);
	return c;
}

static void
free_blocks(struct compare *c)
{
	struct block	*b;

	while ((b = c->blocks) != NULL) {
		c->blocks = b->next;
		mem_give(c->mem, MEM_STREAMS, sizeof(*b));
		free(b);
	}
	TAILQ_INIT(&c->free);
	c->nblocks = 0;
}

void
compare_free(struct compare *c)
{
	if (c == NULL)
		return;
	free_blocks(c);
	free(c);
}

void
compare_set(struct compare *c, unsigned depth, uint64_t wall_us)
{
	c->depth = depth;
	c->wall_us = wall_us;
}

const struct compare_stats *
compare_stats(const struct compare *c)
{
	return &c->stats;
}

void
compare_set_stats(struct compare *c, const struct compare_stats *s)
{
	c->stats = *s;
}

void
compare_clear(struct compare *c)
{
	struct block	*b;
	size_t		 i;

	memset(&c->stats, 0, sizeof(c->stats));
	memset(c->section, 0, sizeof(c->section));
	c->nsections = 0;
	c->nlast = 0;
	/* What is under way has lost its section. */
	for (b = c->blocks; b != NULL; b = b->next)
		for (i = 0; i < BLOCK; i++)
			b->x[i].section = COMPARE_SECTIONS;
}

const struct compare_section *
compare_section(const struct compare *c, size_t i)
{
	if (i < c->nsections)
		return &c->section[i];
	return i == c->nsections ? &c->section[COMPARE_SECTIONS] : NULL;
}

const struct compare_difference *
compare_last(const struct compare *c, size_t i)
{
	if (i >= COMPARE_LAST || i >= c->nlast)
		return NULL;
	return &c->last[(c->nlast - 1 - i) % COMPARE_LAST];
}

size_t
compare_open(const struct compare *c)
{
	return c->nopen;
}

/* ---- sections ---- */

static uint8_t
find_section(struct compare *c, const uint8_t *name, size_t len)
{
	struct compare_section	*s;
	size_t			 i;

	for (i = 0; i < c->nsections; i++)
		if (c->section[i].len == len &&
		    memcmp(c->section[i].name, name, len) == 0)
			return (uint8_t)i;
	if (c->nsections == COMPARE_SECTIONS || len > HTTP_SECTION_MAX)
		return COMPARE_SECTIONS;
	s = &c->section[c->nsections];
	s->len = (uint16_t)len;
	memcpy(s->name, name, len);
	return (uint8_t)c->nsections++;
}

/* ---- counting ---- */

static void
refuse(struct compare *c, unsigned section, enum compare_reason why)
{
	c->stats.all.not_compared++;
	c->stats.reason[why]++;
	c->section[section].n.not_compared++;
}

static bool
is_slower(const struct compare_side *service, const struct compare_side *target)
{
	if (service->wait_us == UINT64_MAX || target->wait_us == UINT64_MAX)
		return false;
	return target->wait_us > COMPARE_SLOWER_US &&
	    target->wait_us - COMPARE_SLOWER_US > service->wait_us &&
	    target->wait_us / 2 > service->wait_us;
}

static void
keep(struct compare *c, const struct exchange *x)
{
	struct compare_difference	*d;

	d = &c->last[c->nlast++ % COMPARE_LAST];
	d->wall_us = c->wall_us;
	memcpy(d->method, x->method, sizeof(d->method));
	d->path_len = x->path_len;
	memcpy(d->path, x->path, x->path_len);
	d->service = x->service;
	d->target = x->target;
}

static void
count(struct compare_counts *n, const struct exchange *x)
{
	n->compared++;
	if (x->service.status != x->target.status)
		n->status_differs++;
	else if (x->service.body != x->target.body)
		n->length_differs++;
	else
		n->same++;
	n->slower += is_slower(&x->service, &x->target);
}

static void
compare_both(struct compare *c, const struct exchange *x)
{
	count(&c->stats.all, x);
	count(&c->section[x->section].n, x);
	if (x->service.status != x->target.status ||
	    x->service.body != x->target.body)
		keep(c, x);
}

/* ---- exchanges ---- */

static struct exchange *
take(struct compare *c)
{
	struct exchange	*x;
	struct block	*b;
	size_t		 i;

	if (TAILQ_EMPTY(&c->free)) {
		if (c->nblocks == COMPARE_OPEN_MAX / BLOCK ||
		    !mem_take(c->mem, MEM_STREAMS, sizeof(*b)))
			return NULL;
		if ((b = calloc(1, sizeof(*b))) == NULL) {
			mem_give(c->mem, MEM_STREAMS, sizeof(*b));
			return NULL;
		}
		b->next = c->blocks;
		c->blocks = b;
		c->nblocks++;
		for (i = 0; i < BLOCK; i++)
			TAILQ_INSERT_TAIL(&c->free, &b->x[i], by_out);
	}
	x = TAILQ_FIRST(&c->free);
	TAILQ_REMOVE(&c->free, x, by_out);
	memset(x, 0, sizeof(*x));
	c->nopen++;
	return x;
}

static void
leave_out(struct exchange *x)
{
	struct compare_out	*o = x->out;

	if (o == NULL)
		return;
	if (o->unsent == x)
		o->unsent = TAILQ_NEXT(x, by_out);
	if (o->unheard == x)
		o->unheard = TAILQ_NEXT(x, by_out);
	TAILQ_REMOVE(&o->open, x, by_out);
	x->out = NULL;
}

static void
leave_leg(struct exchange *x)
{
	if (x->leg != NULL)
		TAILQ_REMOVE(&x->leg->waits, x, by_leg);
	x->leg = NULL;
}

static void
done(struct compare *c, struct exchange *x)
{
	leave_out(x);
	leave_leg(x);
	TAILQ_INSERT_HEAD(&c->free, x, by_out);
	if (--c->nopen == 0 && c->nblocks > 1)
		free_blocks(c);
}

/* Something is decided: perhaps all is. What the service did goes first. */
static void
settle(struct compare *c, struct exchange *x)
{
	if (x->of_service == WAITS ||
	    (x->of_service == THERE && x->of_target == WAITS))
		return;
	if (x->of_service != THERE)
		refuse(c, x->section, (enum compare_reason)x->of_service);
	else if (x->of_target != THERE)
		refuse(c, x->section, (enum compare_reason)x->of_target);
	else
		compare_both(c, x);
	done(c, x);
}

/* ---- the service's side ---- */

static struct compare_leg *
make_leg(struct compare *c, struct compare_leg **leg)
{
	if (*leg != NULL)
		return *leg;
	if (!mem_take(c->mem, MEM_STREAMS, sizeof(**leg)))
		return NULL;
	if ((*leg = calloc(1, sizeof(**leg))) == NULL) {
		mem_give(c->mem, MEM_STREAMS, sizeof(**leg));
		return NULL;
	}
	TAILQ_INIT(&(*leg)->waits);
	return *leg;
}

static int8_t
judge(enum stream_answer how)
{
	static const int8_t	 as[] = {
		[ANSWER_WHOLE] = THERE, [ANSWER_EARLY] = THERE,
		[ANSWER_NONE] = COMPARE_UNSEEN,
		[ANSWER_GAP] = COMPARE_GAP, [ANSWER_CUT] = COMPARE_CUT,
		[ANSWER_OTHER] = COMPARE_OTHER,
		[ANSWER_AMBIGUOUS] = COMPARE_AMBIGUOUS
	};

	return as[how];
}

/* Where the target sees the next request, behind this one, nobody knows. */
static void
doubt(struct compare *c, struct exchange *x)
{
	struct compare_out	*o = x->out;
	struct exchange		*y;

	if (o == NULL)
		return;
	if (!o->stopped) {
		o->stopped = true;
		o->why = COMPARE_AMBIGUOUS;
	}
	while ((y = TAILQ_NEXT(x, by_out)) != NULL) {
		leave_out(y);
		y->of_target = COMPARE_AMBIGUOUS;
		settle(c, y);
	}
}

static void
serve(struct compare *c, struct exchange *x, enum stream_answer how,
    const struct compare_side *side)
{
	leave_leg(x);
	x->of_service = judge(how);
	x->service = *side;
	/* Whether the rest of a request comes at all is not known early. */
	if (how == ANSWER_AMBIGUOUS || how == ANSWER_EARLY)
		doubt(c, x);
	settle(c, x);
}

void
compare_answer(struct compare *c, struct compare_leg **legp,
    const struct msg_stream *m)
{
	struct compare_side	 side = { .status = m->status,
	    .body = m->offset, .wait_us = m->wait_us };
	struct compare_leg	*leg;
	struct exchange		*x;
	struct early		*e;

	if ((leg = make_leg(c, legp)) == NULL)
		return;
	TAILQ_FOREACH(x, &leg->waits, by_leg)
		if (x->id == m->value) {
			serve(c, x, (enum stream_answer)m->answer, &side);
			return;
		}
	if (m->value <= leg->newest)
		return;		/* of one that was not sent */
	e = &leg->early[leg->next++ % EARLY];
	e->id = m->value;
	e->how = m->answer;
	e->service = side;
}

/* An answer that came before this request. */
static void
look_early(struct compare *c, struct compare_leg *leg, struct exchange *x)
{
	size_t	 i;

	for (i = 0; i < EARLY; i++)
		if (leg->early[i].id == x->id && x->id != 0) {
			leg->early[i].id = 0;
			serve(c, x, (enum stream_answer)leg->early[i].how,
			    &leg->early[i].service);
			return;
		}
}

void
compare_leg_end(struct compare *c, struct compare_leg **legp)
{
	static const struct compare_side	 none;
	struct compare_leg			*leg = *legp;
	struct exchange				*x;

	if (leg == NULL)
		return;
	while ((x = TAILQ_FIRST(&leg->waits)) != NULL)
		serve(c, x, ANSWER_NONE, &none);
	mem_give(c->mem, MEM_STREAMS, sizeof(*leg));
	free(leg);
	*legp = NULL;
}

/* ---- the target's side ---- */

void
compare_out_init(struct compare_out *o)
{
	memset(o, 0, sizeof(*o));
	TAILQ_INIT(&o->open);
}

/* The path without its query, and what may stand before the path. */
static void
note(struct exchange *x, const struct http_head *h)
{
	struct http_span	 auth, path = h->target;
	size_t			 n;

	n = h->method.len < sizeof(x->method) - 1 ? h->method.len :
	    sizeof(x->method) - 1;
	memcpy(x->method, h->method.p, n);
	if (h->method_id == HTTP_CONNECT)
		return;
	(void)http_absolute(h, &auth, &path);
	if (path.len == 0 || (path.p[0] != '/' && path.len > 1))
		return;
	for (n = 0; n < path.len && n < COMPARE_PATH_MAX && path.p[n] != '?' &&
	    path.p[n] != '#'; n++)
		x->path[n] = path.p[n];
	x->path_len = (uint8_t)n;
}

/* False: it is not clear what others take it for. */
static bool
read_head(const struct compare_request *r, struct http_head *h)
{
	return r->sure && http_parse(r->head, r->len, h) == (ssize_t)r->len &&
	    h->is_request && !http_ambiguous(h);
}

void
compare_asked(struct compare *c, struct compare_leg **legp,
    struct compare_out *o, const struct compare_request *r)
{
	uint8_t			 name[HTTP_SECTION_MAX];
	struct http_head	 h;
	struct compare_leg	*leg = make_leg(c, legp);
	struct exchange		*x;
	uint8_t			 section = COMPARE_SECTIONS;

	if (leg != NULL && r->id > leg->newest)
		leg->newest = r->id;
	if (!read_head(r, &h)) {
		refuse(c, section, COMPARE_AMBIGUOUS);
		o->stopped = true;
		o->why = COMPARE_AMBIGUOUS;
		return;
	}
	section = find_section(c, name, http_section(&h, c->depth, name));
	if (o->stopped) {
		refuse(c, section, (enum compare_reason)o->why);
		return;
	}
	if (leg == NULL || (x = take(c)) == NULL) {
		refuse(c, section, COMPARE_LIMIT);
		return;
	}
	x->id = r->id;
	x->place = r->place;
	x->at = r->at;
	x->of_service = x->of_target = WAITS;
	x->section = section;
	note(x, &h);
	x->leg = leg;
	TAILQ_INSERT_TAIL(&leg->waits, x, by_leg);
	x->out = o;
	TAILQ_INSERT_TAIL(&o->open, x, by_out);
	if (o->unsent == NULL)
		o->unsent = x;
	if (o->unheard == NULL)
		o->unheard = x;
	look_early(c, leg, x);
}

void
compare_sent(struct compare_out *o, uint64_t sent_to, uint64_t now_us)
{
	while (o->unsent != NULL && o->unsent->at < sent_to) {
		o->unsent->sent_us = now_us;
		o->unsent = TAILQ_NEXT(o->unsent, by_out);
	}
}

void
compare_answered(struct compare *c, struct compare_out *o, uint64_t place,
    const struct reply *a)
{
	struct exchange	*x = o->unheard;

	/* Answers come in order: all before it have had theirs. */
	if (x == NULL || x->place != place)
		return;
	/* It cannot answer what it has not been sent. */
	if (x->sent_us == 0) {
		compare_stop(c, o, COMPARE_BROKEN);
		return;
	}
	o->unheard = TAILQ_NEXT(x, by_out);
	x->of_target = THERE;
	x->target.status = a->status;
	x->target.body = a->body;
	x->target.wait_us = a->head_us >= x->sent_us ?
	    a->head_us - x->sent_us : UINT64_MAX;
	settle(c, x);
}

void
compare_heard(struct compare *c, struct compare_out *o, const struct reply *a)
{
	if (a->broken)
		compare_stop(c, o, COMPARE_BROKEN);
	else if (a->lost)
		compare_stop(c, o, a->switched ? COMPARE_SWITCHED :
		    COMPARE_BROKEN);
}

void
compare_stop(struct compare *c, struct compare_out *o,
    enum compare_reason why)
{
	struct exchange	*x;

	if (!o->stopped) {
		o->stopped = true;
		o->why = (uint8_t)why;
	}
	while ((x = TAILQ_FIRST(&o->open)) != NULL) {
		leave_out(x);
		if (x->of_target == WAITS) {
			x->of_target = (int8_t)why;
			settle(c, x);
		}
	}
}

void
compare_move(struct compare_out *to, struct compare_out *from,
    uint64_t place, uint64_t at)
{
	struct exchange	*x, *next;

	to->stopped = from->stopped;
	to->why = from->why;
	for (x = from->unheard; x != NULL; x = next) {
		next = TAILQ_NEXT(x, by_out);
		if (x->place < place)
			continue;
		leave_out(x);
		x->place -= place;
		x->at -= at;
		x->sent_us = 0;
		x->out = to;
		TAILQ_INSERT_TAIL(&to->open, x, by_out);
		if (to->unsent == NULL)
			to->unsent = x;
		if (to->unheard == NULL)
			to->unheard = x;
	}
}
