#include <stdlib.h>

#include "analyzer/tags.h"

#define REQUESTS	64	/* remembered of a connection */
#define NO_TAG		0
#define IGNORED		255	/* else one more than the rule's number */

struct verdict {
	uint16_t	 by;		/* rule on statuses, from 1 */
	uint8_t		 tag;
};

struct tags {
	uint32_t	 epoch;		/* of the rules */
	unsigned	 classes;
	uint32_t	 id[REQUESTS];	/* whose it is, low part */
	struct verdict	 verdict[];	/* of a request one for each class */
};

static size_t
size_of(unsigned classes)
{
	return sizeof(struct tags) +
	    (size_t)REQUESTS * classes * sizeof(struct verdict);
}

void
tags_free(struct tags *t, struct mem *mem)
{
	if (t == NULL)
		return;
	mem_give(mem, MEM_SESSIONS, size_of(t->classes));
	free(t);
}

static struct tags *
make(struct mem *mem, const struct rule_set *s)
{
	const unsigned	 classes = rule_classes(s);
	struct tags	*t;

	if (!mem_take(mem, MEM_SESSIONS, size_of(classes)))
		return NULL;
	if ((t = calloc(1, size_of(classes))) == NULL) {
		mem_give(mem, MEM_SESSIONS, size_of(classes));
		return NULL;
	}
	t->epoch = s->epoch;
	t->classes = classes;
	return t;
}

static struct verdict
verdict_of(const struct rule_set *s, const struct rule_verdict *v)
{
	struct verdict	 r = { 0, NO_TAG };

	if (v->ignore)
		r.tag = IGNORED;
	else if (v->tag >= 0 && v->tag < IGNORED - 1)
		r.tag = (uint8_t)(v->tag + 1);
	if (v->index >= 0 && v->index < UINT16_MAX &&
	    s->conf->rules[v->index].nstatus > 0)
		r.by = (uint16_t)(v->index + 1);
	return r;
}

static const struct verdict *
find(const struct tags *t, const struct rule_set *s, uint64_t id,
    unsigned status)
{
	if (t == NULL || t->epoch != s->epoch || id == 0 ||
	    t->id[id % REQUESTS] != (uint32_t)id)
		return NULL;
	return &t->verdict[id % REQUESTS * t->classes + rule_class(s, status)];
}

bool
tags_judge(struct tags **tp, struct mem *mem, struct rule_set *s,
    const struct rule_flow *f, struct rule_message *m, uint64_t id)
{
	struct rule_verdict	 v;
	struct verdict		 said;
	struct tags		*t = *tp;
	unsigned		 i;

	if (t != NULL && t->epoch != s->epoch) {
		tags_free(t, mem);
		t = *tp = NULL;
	}
	for (i = 0; i < rule_classes(s); i++) {
		m->status = rule_class_status(s, i);
		rule_judge(s, f, m, i == 0, &v);
		if (i == 0 && v.ignore)
			return true;
		said = verdict_of(s, &v);
		if (t == NULL && (said.tag != NO_TAG || said.by != 0))
			t = *tp = make(mem, s);
		if (t != NULL)
			t->verdict[id % REQUESTS * t->classes + i] = said;
	}
	if (t != NULL)
		t->id[id % REQUESTS] = (uint32_t)id;
	return false;
}

const char *
tags_find(const struct tags *t, const struct rule_set *s, uint64_t id,
    unsigned status)
{
	struct rule_verdict	 v = { -1, -1, false };
	const struct verdict	*said;

	if ((said = find(t, s, id, status)) == NULL)
		return "";
	if (said->tag == IGNORED)
		return NULL;
	v.tag = said->tag - 1;
	return rule_tag(s, &v);
}

void
tags_answered(const struct tags *t, struct rule_set *s, uint64_t id,
    unsigned status)
{
	const struct verdict	*said;

	if ((said = find(t, s, id, status)) != NULL && said->by != 0)
		s->hits[said->by - 1].hits++;
}
