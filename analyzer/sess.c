#include <stdlib.h>
#include <string.h>

#include "analyzer/sess.h"

uint32_t
sess_head_max(const struct session *s)
{
	return s->conf->head_max != 0 ? s->conf->head_max : HEAD_MAX;
}

uint32_t
sess_queue_max(const struct session *s)
{
	return s->conf->queue_max != 0 ? s->conf->queue_max : QUEUE_MAX;
}

unsigned
sess_index(const struct session *s, const struct dir *d)
{
	return d == &s->d[1];
}

struct dir *
sess_other(struct session *s, struct dir *d)
{
	return d == &s->d[0] ? &s->d[1] : &s->d[0];
}

void
sess_odd(struct session *s, enum session_anomaly a)
{
	if (s->conf->ops->anomaly != NULL)
		s->conf->ops->anomaly(s->arg, a);
}

void
sess_mark(struct session *s, const struct dir *d, uint64_t off,
    enum session_mark m, uint64_t id)
{
	if (s->conf->marks && s->conf->ops->mark != NULL)
		s->conf->ops->mark(s->arg, sess_index(s, d), off, m, id);
}

void
sess_proto(struct session *s, enum session_proto p)
{
	if (s->proto == p)
		return;
	s->proto = (uint8_t)p;
	if (s->conf->ops->proto != NULL)
		s->conf->ops->proto(s->arg, p);
}

void *
sess_take(struct session *s, size_t n)
{
	void	*p;

	if (!mem_take(s->mem, MEM_SESSIONS, n))
		p = NULL;
	else if ((p = malloc(n)) == NULL)
		mem_give(s->mem, MEM_SESSIONS, n);
	if (p == NULL)
		sess_odd(s, SESSION_A_MEMORY);
	else
		s->held += (uint32_t)n;
	return p;
}

void
sess_give(struct session *s, void *p, size_t n)
{
	if (p == NULL)
		return;
	free(p);
	mem_give(s->mem, MEM_SESSIONS, n);
	s->held -= (uint32_t)n;
}

void
sess_drop(struct session *s, struct dir *d)
{
	sess_give(s, d->buf, d->cap);
	d->buf = NULL;
	d->len = d->cap = 0;
	d->scan = 0;
	d->flags &= (uint16_t)~(D_SURE | D_CUT | D_DROP);
}

/* Room for n more bytes, at most max in all; false: no memory. */
bool
sess_room(struct session *s, struct dir *d, size_t n, uint32_t max)
{
	uint32_t	 cap = d->cap != 0 ? d->cap : BUF_MIN;
	uint8_t		*p;

	if (n <= d->cap - d->len)
		return true;
	while (cap - d->len < n)
		cap *= 2;
	if (cap > max)
		cap = max;
	if ((p = sess_take(s, cap)) == NULL)
		return false;
	if (d->len > 0)
		memcpy(p, d->buf, d->len);
	sess_give(s, d->buf, d->cap);
	d->buf = p;
	d->cap = cap;
	return true;
}

void
kept_free(struct session *s, struct kept *k)
{
	if (k != NULL)
		sess_give(s, k, k->cap);
}

static size_t
at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

static void
kept_put(struct kept *k, struct http_span *to, const struct http_span *from,
    size_t max)
{
	if (from->p == NULL)
		return;
	to->len = at_most(from->len, max);
	to->p = k->bytes + k->used;
	memcpy(k->bytes + k->used, from->p, to->len);
	k->used += (uint32_t)to->len;
}

struct kept *
kept_new(struct session *s, const struct http_head *h,
    const struct http_span *host)
{
	struct kept	*k;
	size_t		 n;

	n = sizeof(*k) + at_most(h->method.len, SESSION_TEXT_METHOD) +
	    at_most(h->target.len, SESSION_TEXT_TARGET) + host->len +
	    at_most(h->user_agent.len, SESSION_TEXT_AGENT) +
	    at_most(h->referer.len, SESSION_TEXT_REFERER) + KEPT_TYPE_ROOM;
	if ((k = sess_take(s, n)) == NULL)
		return NULL;
	k->cap = (uint32_t)n;
	memset(&k->text, 0, sizeof(k->text));
	k->used = 0;
	kept_put(k, &k->text.method, &h->method, SESSION_TEXT_METHOD);
	kept_put(k, &k->text.target, &h->target, SESSION_TEXT_TARGET);
	kept_put(k, &k->text.host, host, HTTP_HOST_MAX);
	kept_put(k, &k->text.user_agent, &h->user_agent, SESSION_TEXT_AGENT);
	kept_put(k, &k->text.referer, &h->referer, SESSION_TEXT_REFERER);
	return k;
}

void
kept_type(struct kept *k, const struct http_span *type)
{
	if (k != NULL && k->text.content_type.p == NULL)
		kept_put(k, &k->text.content_type, type, SESSION_TEXT_TYPE);
}
