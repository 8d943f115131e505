#include <stdlib.h>
#include <string.h>

#include "mirror/framer.h"

enum {
	BEHIND,			/* as between, but nothing was lost */
	BETWEEN,		/* a head may start at any held byte */
	IN_HEAD,		/* the held bytes start a head */
	IN_BODY,
	IN_TRAILER,		/* the held bytes are lines of it */
	IN_OPAQUE
};

#define HELD_MIN	2048

void
framer_init(struct framer *f, const struct framer_ops *ops, void *arg,
    struct mem *mem)
{
	memset(f, 0, sizeof(*f));
	f->ops = ops;
	f->arg = arg;
	f->mem = mem;
}

static void
release(struct framer *f)
{
	if (f->room > 0)
		mem_give(f->mem, MEM_STREAMS, f->room);
	free(f->held);
	f->held = NULL;
	f->nheld = f->room = 0;
}

void
framer_clear(struct framer *f)
{
	release(f);
	if (f->mark_room > 0)
		mem_give(f->mem, MEM_STREAMS, f->mark_room * sizeof(*f->marks));
	free(f->marks);
	f->marks = NULL;
	f->first = f->nmarks = f->mark_room = 0;
}

/* The first n held bytes go out. */
static void
give(struct framer *f, enum framer_part part, size_t n)
{
	if (n == 0)
		return;
	f->ops->chunk(f->arg, part, f->pos - f->nheld, f->held, n);
	f->nheld -= n;
	if (f->nheld > 0)
		memmove(f->held, f->held + n, f->nheld);
	else if (f->room > HELD_MIN)
		release(f);
}

/*
 * Of the first n held bytes those that are the empty lines that a client may
 * put behind a message or before one: they belong to neither, and are left
 * out.
 */
static void
skip_empty(struct framer *f, size_t n)
{
	size_t	 i;

	if (f->state != BEHIND)
		return;
	for (i = 0; i < n && (f->held[i] == '\r' || f->held[i] == '\n'); i++)
		continue;
	if (i == 0 || i < n)
		return;
	f->nheld -= n;
	memmove(f->held, f->held + n, f->nheld);
}

static int
grow(struct framer *f, size_t need)
{
	uint8_t	*p;
	size_t	 room;

	if (need <= f->room)
		return 0;
	for (room = f->room == 0 ? HELD_MIN : f->room; room < need; room *= 2)
		continue;
	if (!mem_take(f->mem, MEM_STREAMS, room - f->room))
		return -1;
	if ((p = realloc(f->held, room)) == NULL) {
		mem_give(f->mem, MEM_STREAMS, room - f->room);
		return -1;
	}
	f->held = p;
	f->room = room;
	return 0;
}

/* Holds n more bytes (pos is moved by the caller afterwards). */
static void
hold(struct framer *f, const uint8_t *p, size_t n)
{
	size_t	 over;

	while (n > 0 && f->nheld + n > FRAMER_HOLD_MAX) {
		/* The older half can be no head any more. */
		over = f->nheld < FRAMER_HOLD_MAX / 2 ? f->nheld :
		    FRAMER_HOLD_MAX / 2;
		f->state = BETWEEN;
		if (over == 0) {
			over = n - FRAMER_HOLD_MAX / 2;
			f->ops->chunk(f->arg, FRAMER_UNMARKED, f->pos, p,
			    over);
			f->pos += over;
			p += over;
			n -= over;
		} else
			give(f, FRAMER_UNMARKED, over);
	}
	if (grow(f, f->nheld + n) == -1) {
		f->refused += f->nheld + n;
		give(f, FRAMER_UNMARKED, f->nheld);
		f->ops->chunk(f->arg, FRAMER_UNMARKED, f->pos, p, n);
		f->state = BETWEEN;
		f->pos += n;
		return;
	}
	memcpy(f->held + f->nheld, p, n);
	f->nheld += n;
	f->pos += n;
}

/* n bytes at pos that no mark divides. */
static void
take(struct framer *f, const uint8_t *p, size_t n)
{
	if (f->state != IN_BODY && f->state != IN_OPAQUE) {
		hold(f, p, n);
		return;
	}
	f->ops->chunk(f->arg, f->state == IN_BODY ? FRAMER_BODY :
	    FRAMER_OPAQUE, f->pos, p, n);
	f->pos += n;
}

/* A head starts at offset: it must not be behind what was given out. */
static void
on_head(struct framer *f, enum framer_part part, uint64_t offset,
    uint64_t id)
{
	uint64_t	 base;

	base = f->pos - f->nheld;
	if (offset < base) {
		/* Its first bytes went out already: not a whole head. */
		f->state = BETWEEN;
		return;
	}
	skip_empty(f, (size_t)(offset - base));
	base = f->pos - f->nheld;
	give(f, FRAMER_UNMARKED, (size_t)(offset - base));
	f->state = IN_HEAD;
	f->head = (uint8_t)part;
	f->id = id;
}

/* What follows a head, or is not HTTP from offset on; held bytes too. */
static void
on_pass(struct framer *f, uint8_t state, uint64_t offset)
{
	uint64_t	 base;

	base = f->pos - f->nheld;
	if (f->state == IN_HEAD && state == IN_BODY && offset > base)
		give(f, (enum framer_part)f->head, (size_t)(offset - base));
	else if (f->state == IN_HEAD && state == IN_BODY)
		state = BETWEEN;
	else if (state == IN_BODY)
		return;		/* the end of a head whose start is lost */
	else if (offset > base)
		give(f, FRAMER_UNMARKED, (size_t)(offset - base));
	f->state = state;
}

static void
on_end(struct framer *f, uint64_t offset, uint64_t id)
{
	uint64_t	 base = f->pos - f->nheld;

	if (f->state == IN_TRAILER && offset > base)
		give(f, FRAMER_TRAILER, (size_t)(offset - base));
	else if (f->state != IN_BODY)
		return;
	f->ops->end(f->arg, offset, id != 0);
	f->state = BEHIND;
}

/* A mark whose offset is reached. What is held behind it is fed again. */
static void
apply(struct framer *f, const struct framer_mark *m)
{
	switch (m->mark) {
	case MARK_REQUEST_HEAD:
		on_head(f, FRAMER_REQUEST, m->offset, m->id);
		break;
	case MARK_RESPONSE_HEAD:
		on_head(f, FRAMER_RESPONSE, m->offset, m->id);
		break;
	case MARK_HEAD_END:
		f->asked = m->id;
		on_pass(f, IN_BODY, m->offset);
		break;
	case MARK_OPAQUE:
		on_pass(f, IN_OPAQUE, m->offset);
		break;
	case MARK_TRAILER:
		if (f->state == IN_BODY)
			f->state = IN_TRAILER;
		break;
	case MARK_MESSAGE_END:
		on_end(f, m->offset, m->id);
		break;
	default:
		f->state = BETWEEN;
		break;
	}
}

/* Held bytes that a late mark made body or opaque, up to offset. */
static void
settle(struct framer *f, uint64_t offset)
{
	uint64_t	 base;
	size_t		 n;

	base = f->pos - f->nheld;
	if ((f->state != IN_BODY && f->state != IN_OPAQUE) || offset <= base)
		return;
	n = offset - base < f->nheld ? (size_t)(offset - base) : f->nheld;
	give(f, f->state == IN_BODY ? FRAMER_BODY : FRAMER_OPAQUE, n);
}

static bool
due(const struct framer *f)
{
	return f->first < f->nmarks && f->marks[f->first].offset <= f->pos;
}

static void
apply_due(struct framer *f)
{
	struct framer_mark	 m;

	while (due(f)) {
		m = f->marks[f->first++];
		settle(f, m.offset);
		apply(f, &m);
	}
	if (f->first == f->nmarks)
		f->first = f->nmarks = 0;
}

/* Room for one more mark. */
static int
mark_room(struct framer *f)
{
	struct framer_mark	*p;
	size_t			 room;

	if (f->nmarks < f->mark_room)
		return 0;
	if (f->first > 0) {
		f->nmarks -= f->first;
		memmove(f->marks, f->marks + f->first,
		    f->nmarks * sizeof(*f->marks));
		f->first = 0;
		return 0;
	}
	room = f->mark_room == 0 ? 8 : f->mark_room * 2;
	if (room > FRAMER_MARKS || !mem_take(f->mem, MEM_STREAMS,
	    (room - f->mark_room) * sizeof(*p)))
		return -1;
	if ((p = realloc(f->marks, room * sizeof(*p))) == NULL) {
		mem_give(f->mem, MEM_STREAMS,
		    (room - f->mark_room) * sizeof(*p));
		return -1;
	}
	f->marks = p;
	f->mark_room = room;
	return 0;
}

void
framer_mark(struct framer *f, enum stream_mark mark, uint64_t offset,
    uint64_t id)
{
	struct framer_mark	*m;

	if (mark_room(f) == -1) {
		/* What the waiting ones mark is not known then. */
		f->refused++;
		f->first = f->nmarks = 0;
		f->state = BETWEEN;
		return;
	}
	m = &f->marks[f->nmarks++];
	m->mark = (uint8_t)mark;
	m->offset = offset;
	m->id = id;
	if (f->started)
		apply_due(f);
}

/* The next run of bytes that no mark divides, out of n. */
static size_t
next_run(const struct framer *f, size_t n)
{
	uint64_t	 left;

	if (f->first == f->nmarks)
		return n;
	left = f->marks[f->first].offset - f->pos;
	return left < n ? (size_t)left : n;
}

/* Whether the next run bytes are a whole head, to be given out in place. */
static bool
whole_head(const struct framer *f, size_t run)
{
	return f->state == IN_HEAD && f->nheld == 0 &&
	    f->first < f->nmarks &&
	    f->marks[f->first].mark == MARK_HEAD_END &&
	    f->marks[f->first].offset - f->pos == run;
}

void
framer_data(struct framer *f, uint64_t offset, const uint8_t *p, size_t n)
{
	size_t	 run;

	if (!f->started) {
		f->pos = offset;
		f->started = true;
	}
	if (offset > f->pos)
		framer_gap(f, f->pos, offset - f->pos);
	if (offset < f->pos) {
		if (f->pos - offset >= n)
			return;
		p += f->pos - offset;
		n -= (size_t)(f->pos - offset);
	}
	while (n > 0) {
		apply_due(f);
		settle(f, f->pos);
		run = next_run(f, n);
		if (whole_head(f, run)) {
			f->asked = f->marks[f->first].id;
			f->pos += run;
			f->ops->chunk(f->arg, (enum framer_part)f->head,
			    f->pos - run, p, run);
			f->state = IN_BODY;
		} else
			take(f, p, run);
		p += run;
		n -= run;
	}
	apply_due(f);
	settle(f, f->pos);
}

/* Marks inside a gap are void; but opaque stays opaque. */
static void
skip_marks(struct framer *f, uint64_t end)
{
	while (f->first < f->nmarks && f->marks[f->first].offset < end) {
		if (f->marks[f->first].mark == MARK_OPAQUE)
			f->state = IN_OPAQUE;
		f->first++;
	}
	if (f->first == f->nmarks)
		f->first = f->nmarks = 0;
}

void
framer_gap(struct framer *f, uint64_t offset, uint64_t len)
{
	uint64_t	 end;

	if (!f->started) {
		f->pos = offset;
		f->started = true;
	}
	end = offset + len;
	if (end < offset || end <= f->pos)
		return;
	apply_due(f);
	settle(f, f->pos);
	give(f, FRAMER_UNMARKED, f->nheld);
	f->ops->gap(f->arg, f->pos, end - f->pos);
	f->pos = end;
	if (f->state != IN_OPAQUE)
		f->state = BETWEEN;
	skip_marks(f, end);
}

void
framer_end(struct framer *f)
{
	apply_due(f);
	settle(f, f->pos);
	skip_empty(f, f->nheld);
	give(f, FRAMER_UNMARKED, f->nheld);
}
