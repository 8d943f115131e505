#include <stdlib.h>
#include <string.h>

#include "sandbox/hookmsg.h"
#include "ui/asked.h"

/* Room behind the last one; those that went make it, too. */
static int
more_room(struct asked_list *l)
{
	struct asked	*p;
	size_t		 room;

	if (l->first + l->n < l->room)
		return 0;
	if (l->first > l->n) {
		memcpy(l->p, l->p + l->first, l->n * sizeof(*l->p));
		l->first = 0;
		return 0;
	}
	room = l->room == 0 ? 64 : l->room * 2;
	if ((p = realloc(l->p, room * sizeof(*p))) == NULL)
		return -1;
	l->p = p;
	l->room = room;
	return 0;
}

int
asked_add(struct asked_list *l, uint64_t seq, uint64_t now_ms)
{
	struct asked	*p;

	if (more_room(l) == -1)
		return -1;
	p = &l->p[l->first + l->n++];
	memset(p, 0, sizeof(*p));
	p->seq = seq;
	p->since_ms = now_ms;
	return 0;
}

struct asked *
asked_find(const struct asked_list *l, uint64_t seq)
{
	size_t	 i;

	for (i = 0; i < l->n; i++)
		if (l->p[l->first + i].seq == seq)
			return &l->p[l->first + i];
	return NULL;
}

struct asked *
asked_first(const struct asked_list *l)
{
	return l->n > 0 ? &l->p[l->first] : NULL;
}

void
asked_drop_first(struct asked_list *l)
{
	free(l->p[l->first].data);
	l->n--;
	l->first = l->n == 0 ? 0 : l->first + 1;
}

void
asked_answer(struct asked *a, const uint8_t *p, size_t n)
{
	a->answered = true;
	if (n > HOOKMSG_ANSWER_MAX || (a->data = malloc(n + 1)) == NULL) {
		a->broken = true;
		return;
	}
	memcpy(a->data, p, n);
	a->len = n;
}
