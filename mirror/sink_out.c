#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "mirror/sink_out.h"

static void
on_whole(void *arg, const struct reply *a)
{
	struct sink_out	*o = arg;

	compare_answered(o->sink->conf.compare, &o->compared, a->done, a);
}

static void
stop_comparing(struct sink_out *o, enum compare_reason why)
{
	if (o->sink->conf.compare != NULL)
		compare_stop(o->sink->conf.compare, &o->compared, why);
}

struct sink_out *
out_new(struct sink_tcp *s)
{
	struct sink_out	*o;

	if ((o = calloc(1, sizeof(*o))) == NULL)
		return NULL;
	o->sink = s;
	o->fd = -1;
	backlog_init(&o->bytes, &s->stats.queued, &s->stats.kept,
	    s->conf.limit / 4);
	compare_out_init(&o->compared);
	if (s->conf.compare != NULL) {
		o->bytes.answer.whole = on_whole;
		o->bytes.answer.arg = o;
	}
	return o;
}

void
out_wait(struct sink_out *o)
{
	struct sink_tcp	*s = o->sink;

	o->state = WAITING;
	TAILQ_INSERT_TAIL(&s->waiting, o, entry);
	s->nwaiting++;
}

void
out_free(struct sink_out *o)
{
	struct sink_tcp	*s = o->sink;

	stop_comparing(o, COMPARE_LOST);
	backlog_clear(&o->bytes);
	if (o->state == CONNECTING)
		s->dialling--;
	if (o->state == WAITING)
		s->nwaiting--;
	else
		s->stats.open--;
	if (o->rd != NULL)
		event_free(o->rd);
	if (o->wr != NULL)
		event_free(o->wr);
	if (o->fd != -1)
		close(o->fd);
	if (o->leg != NULL)
		o->leg->out = NULL;
	if (o->local.port != 0)
		s->conf.own(s->conf.arg, &o->local, &s->conf.target, true);
	TAILQ_REMOVE(o->state == WAITING ? &s->waiting : &s->outs, o, entry);
	if (o->dirty)
		TAILQ_REMOVE(&s->dirty, o, next_dirty);
	free(o);
}

/* ---- loss ---- */

void
out_lose(struct sink_tcp *s, bool *counted, enum sink_lost why,
    uint64_t bytes, uint64_t requests)
{
	bool	 first;

	first = !*counted;
	*counted = true;
	s->conf.lost(s->conf.arg, why, bytes, requests, first);
}

bool *
out_counted(struct sink_out *o)
{
	return o->leg != NULL ? o->leg->counted : &o->counted;
}

uint64_t
out_unheard(const struct sink_out *o)
{
	return o->http ? reply_unheard(&o->bytes.answer) : 0;
}

void
out_fail(struct sink_out *o, enum sink_lost why, int error)
{
	struct sink_tcp	*s = o->sink;
	struct sink_leg	*leg = o->leg;
	uint64_t	 bytes = out_waiting(o), open;

	open = o->http ? reply_open(&o->bytes.answer) : 0;
	s->stats.errors++;
	s->conf.error(s->conf.arg, why, error);
	if (leg != NULL) {
		leg->waits = true;
		leg->reason = (uint8_t)why;
	}
	if (bytes > 0 || open > 0 || o->in_message)
		out_lose(s, out_counted(o), why, bytes, out_unheard(o));
	out_drop(o);
}

/* ---- writing ---- */

size_t
out_waiting(const struct sink_out *o)
{
	return o->bytes.len - o->bytes.off;
}

void
out_to_flush(struct sink_out *o)
{
	if (o->dirty)
		return;
	o->dirty = true;
	TAILQ_INSERT_TAIL(&o->sink->dirty, o, next_dirty);
}

/* False: it has ended. */
static bool
try_write(struct sink_out *o)
{
	struct backlog	*b = &o->bytes;
	size_t		 end = backlog_end(b, o->batch);
	ssize_t		 n;

	while (b->off < end) {
		n = send(o->fd, b->buf + b->off, end - b->off,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN) {
			event_add(o->wr, NULL);
			return true;
		}
		if (n == -1 && (errno == EPIPE || errno == ECONNRESET)) {
			/* It is readable: what it said before, and the end. */
			o->error = errno;
			return true;
		}
		if (n == -1) {
			out_fail(o, SINK_LOST_RESET, errno);
			return false;
		}
		backlog_sent(b, (size_t)n);
		o->sink->stats.sent_bytes += (size_t)n;
		if (o->sink->conf.compare != NULL)
			compare_sent(&o->compared, backlog_sent_to(b),
			    o->sink->conf.clock());
		o->since_us = o->sink->now_us;
	}
	backlog_shrink(b);
	return true;
}

void
out_flush(struct sink_out *o)
{
	if (try_write(o) && o->draining && out_waiting(o) == 0)
		out_drain(o);
}

/* ---- the end of a connection ---- */

void
out_drop(struct sink_out *o)
{
	struct linger	 l = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(o->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	out_free(o);
}

void
out_reset(struct sink_out *o)
{
	o->sink->stats.unanswered += out_unheard(o);
	stop_comparing(o, COMPARE_UNANSWERED);
	out_drop(o);
}

uint64_t
out_unanswered(const struct sink_out *o)
{
	uint64_t	 open;

	open = reply_open(&o->bytes.answer);
	return open > 0 && o->in_message ? open - 1 : open;
}

void
out_half_close(struct sink_out *o)
{
	shutdown(o->fd, SHUT_WR);
	o->state = HALF_CLOSED;
	o->since_us = o->sink->now_us;
}

void
out_drain(struct sink_out *o)
{
	if (o->state == WAITING || o->state == CONNECTING ||
	    out_waiting(o) > 0)
		return;
	if (o->http && !o->bytes.answer.lost) {
		if (out_unanswered(o) == 0)
			out_reset(o);
		else if (o->state == UP)
			o->state = DRAINING;
	} else if (o->state != HALF_CLOSED)
		out_half_close(o);
}

void
out_let_go(struct sink_out *o)
{
	o->counted = *o->leg->counted;
	o->leg->out = NULL;
	o->leg = NULL;
	o->draining = true;
	if (out_waiting(o) == 0)
		o->since_us = o->sink->now_us;
	out_drain(o);
}
