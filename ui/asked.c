#include <stdlib.h>
#include <string.h>

#include "ui/asked.h"

int
asked_add(struct asked_list *l, uint64_t seq, uint64_t now_ms)
{
	struct asked	*p;
	size_t		 room;

	if (l->n == l->room) {
		room = l->room == 0 ? 64 : l->room * 2;
		if ((p = realloc(l->p, room * sizeof(*p))) == NULL)
			return -1;
		l->p = p;
		l->room = room;
	}
	p = &l->p[l->n++];
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
		if (l->p[i].seq == seq)
			return &l->p[i];
	return NULL;
}

struct asked *
asked_first(const struct asked_list *l)
{
	return l->n > 0 ? &l->p[0] : NULL;
}

void
asked_drop_first(struct asked_list *l)
{
	free(l->p[0].data);
	l->n--;
	memmove(l->p, l->p + 1, l->n * sizeof(*l->p));
}

void
asked_answer(struct asked *a, const uint8_t *p, size_t n)
{
	a->answered = true;
	if ((a->data = malloc(n + 1)) == NULL)
		return;
	memcpy(a->data, p, n);
	a->len = n;
}
