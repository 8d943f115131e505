#include <string.h>

#include "mirror/counters.h"
#include "sandbox/compat.h"
#include "sandbox/msg.h"

#define COPY_MAX	(sizeof(struct copy_stats) / sizeof(uint64_t))
#define SINKS_MAX	13
#define COMPARE_MAX	(sizeof(struct compare_stats) / sizeof(uint64_t))
#define STATUSES	40	/* of the most frequent kinds there are fewer */

_Static_assert(CONF_NAME_MAX + 2 + (COPY_MAX + SINKS_MAX) * 8 <= MSG_SAVE_MAX,
    "counters of a mirror in a slot");
_Static_assert(CONF_NAME_MAX + 4 + STATUSES * 10 <= MSG_SAVE_MAX,
    "statuses of a mirror in a slot");
_Static_assert(CONF_NAME_MAX + 4 + COMPARE_MAX * 8 <= MSG_SAVE_MAX,
    "what was compared in a slot");

/* All that is counted, in one place. */
struct all {
	struct copy_stats copy;
	struct sink_tcp_stats tcp;
	struct sink_file_stats file;
};

static void
take(struct all *a, const struct copy *c)
{
	memset(a, 0, sizeof(*a));
	a->copy = c->stats;
	if (c->tcp != NULL)
		a->tcp = *sink_tcp_stats(c->tcp);
	if (c->file != NULL)
		a->file = *sink_file_stats(c->file);
}

static void
give(struct copy *c, const struct all *a)
{
	c->stats = a->copy;
	c->told_sent = a->tcp.sent_bytes;
	c->told_requests = a->tcp.requests;
	c->told_answers = a->tcp.answers;
	c->told_answer_bytes = a->tcp.answer_bytes;
	c->told_units = a->file.units;
	c->told_bytes = a->file.bytes;
	if (c->tcp != NULL)
		sink_tcp_set_stats(c->tcp, &a->tcp);
	if (c->file != NULL)
		sink_file_set_stats(c->file, &a->file);
}

/* The counters of the sinks; the rest of their numbers is what is now. */
static void
of_sinks(struct all *a, uint64_t *p[SINKS_MAX])
{
	uint64_t	*all[SINKS_MAX] = { &a->tcp.connections,
	    &a->tcp.sent_bytes, &a->tcp.requests, &a->tcp.answers,
	    &a->tcp.answer_bytes, &a->tcp.unanswered, &a->tcp.again,
	    &a->tcp.errors,
	    &a->file.units, &a->file.bytes, &a->file.refused,
	    &a->file.repaired, &a->file.rotated };

	memcpy(p, all, sizeof(all));
}

void
counters_put(struct buf *b, const struct copy *c)
{
	struct all	 a;
	uint64_t	*p[SINKS_MAX], v[COPY_MAX];
	size_t		 i;

	take(&a, c);
	of_sinks(&a, p);
	memcpy(v, &a.copy, sizeof(v));
	buf_put_str(b, c->conf.name);
	for (i = 0; i < COPY_MAX; i++)
		buf_put_u64(b, v[i]);
	for (i = 0; i < SINKS_MAX; i++)
		buf_put_u64(b, *p[i]);
}

static bool
is_name(struct buf *b, const struct copy *c)
{
	char	 name[CONF_NAME_MAX];

	buf_get_str(b, name, sizeof(name));
	return !b->err && strcmp(name, c->conf.name) == 0;
}

int
counters_get(struct buf *b, struct copy *c)
{
	struct all	 a;
	uint64_t	*p[SINKS_MAX], v[COPY_MAX];
	size_t		 i;

	if (!is_name(b, c))
		return -1;
	take(&a, c);
	of_sinks(&a, p);
	for (i = 0; i < COPY_MAX; i++)
		v[i] = buf_get_u64(b);
	for (i = 0; i < SINKS_MAX; i++)
		*p[i] = buf_get_u64(b);
	if (b->err || buf_left(b) > 0)
		return -1;
	memcpy(&a.copy, v, sizeof(v));
	give(c, &a);
	return 0;
}

void
counters_put_statuses(struct buf *b, const struct copy *c)
{
	struct all	 a;
	unsigned	 i, n;

	take(&a, c);
	buf_put_str(b, c->conf.name);
	for (i = 0, n = 0; i < REPLY_STATUS && n < STATUSES; i++) {
		if (a.tcp.status[i] == 0)
			continue;
		buf_put_u16(b, (uint16_t)i);
		buf_put_u64(b, a.tcp.status[i]);
		n++;
	}
}

int
counters_get_statuses(struct buf *b, struct copy *c)
{
	struct all	 a;
	uint16_t	 i;

	if (!is_name(b, c))
		return -1;
	take(&a, c);
	while (buf_left(b) > 0) {
		if ((i = buf_get_u16(b)) >= REPLY_STATUS)
			return -1;
		a.tcp.status[i] = buf_get_u64(b);
		if (b->err)
			return -1;
	}
	give(c, &a);
	return 0;
}

void
counters_put_compare(struct buf *b, const struct copy *c)
{
	uint64_t	 v[COMPARE_MAX];
	size_t		 i;

	if (c->compare == NULL)
		return;
	memcpy(v, compare_stats(c->compare), sizeof(v));
	buf_put_str(b, c->conf.name);
	for (i = 0; i < COMPARE_MAX; i++)
		buf_put_u64(b, v[i]);
}

int
counters_get_compare(struct buf *b, struct copy *c)
{
	struct compare_stats	 s;
	uint64_t		 v[COMPARE_MAX];
	size_t			 i;

	if (c->compare == NULL || !is_name(b, c))
		return -1;
	for (i = 0; i < COMPARE_MAX; i++)
		v[i] = buf_get_u64(b);
	if (b->err || buf_left(b) > 0)
		return -1;
	memcpy(&s, v, sizeof(s));
	compare_set_stats(c->compare, &s);
	return 0;
}

void
counters_clear(struct copy *c)
{
	struct all	 a;
	uint64_t	*p[SINKS_MAX];
	size_t		 i;

	take(&a, c);
	of_sinks(&a, p);
	memset(&a.copy, 0, sizeof(a.copy));
	memset(a.tcp.status, 0, sizeof(a.tcp.status));
	for (i = 0; i < SINKS_MAX; i++)
		*p[i] = 0;
	give(c, &a);
	if (c->compare != NULL)
		compare_clear(c->compare);
}
