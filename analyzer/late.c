#include <string.h>

#include "analyzer/late.h"

#define FEW	8		/* room at first */

/* Responses in order; there is one, or there is no struct late. */
struct late {
	uint32_t	 head;
	uint32_t	 n;
	uint32_t	 cap;
	struct resp	 r[];
};

static size_t
size_of(uint32_t cap)
{
	return sizeof(struct late) + cap * sizeof(struct resp);
}

struct resp *
late_front(struct session *s)
{
	return s->late == NULL ? NULL : &s->late->r[s->late->head];
}

/* Room behind the last one: at the front, or in twice the memory. */
static bool
make_room(struct session *s)
{
	struct late	*l = s->late, *new;
	uint32_t	 cap = l == NULL ? FEW : l->cap * 2;

	if (l != NULL && l->head >= l->cap / 2) {
		memmove(l->r, l->r + l->head, l->n * sizeof(*l->r));
		l->head = 0;
		return true;
	}
	if ((new = sess_take(s, size_of(cap))) == NULL)
		return false;
	new->head = new->n = 0;
	new->cap = cap;
	if (l != NULL) {
		memcpy(new->r, l->r + l->head, l->n * sizeof(*l->r));
		new->n = l->n;
		sess_give(s, l, size_of(l->cap));
	}
	s->late = new;
	return true;
}

bool
late_put(struct session *s, const struct resp *r)
{
	struct late	*l = s->late;

	if (l != NULL && l->n >= sess_queue_max(s))
		return false;
	if ((l == NULL || l->head + l->n == l->cap) && !make_room(s))
		return false;
	l = s->late;
	l->r[l->head + l->n++] = *r;
	return true;
}

void
late_pop(struct session *s)
{
	struct late	*l = s->late;

	l->head++;
	if (--l->n == 0)
		late_clear(s);
}

void
late_clear(struct session *s)
{
	if (s->late != NULL)
		sess_give(s, s->late, size_of(s->late->cap));
	s->late = NULL;
}
