#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>

#include "mirror/sink_answer.h"
#include "mirror/sink_dial.h"

static void
on_status(void *arg, unsigned status)
{
	struct sink_tcp	*s = arg;

	s->stats.answers++;
	s->stats.status[status]++;
}

/* Takes the place of o, with all that o has no answer for. */
static struct sink_out *
heir_of(const struct sink_out *o)
{
	struct sink_out	*n;

	if ((n = out_new(o->sink)) == NULL)
		return NULL;
	if (backlog_room(&n->bytes, backlog_open(&o->bytes)) == -1) {
		backlog_clear(&n->bytes);
		free(n);
		return NULL;
	}
	n->leg = o->leg;
	n->draining = o->draining;
	n->counted = o->counted;
	n->http = true;
	n->in_message = o->in_message;
	n->batch = o->bytes.answer.done;
	o->sink->stats.again += backlog_copy_open(&n->bytes, &o->bytes);
	return n;
}

/*
 * The target closes, and says so: what it has not answered it has not looked
 * at. A new connection takes the place of this one. Each has answered one at
 * least, so this comes to an end.
 */
static bool
go_on(struct sink_out *o)
{
	struct sink_tcp	*s = o->sink;
	struct sink_out	*n;

	if (!o->http || !o->bytes.keeps ||
	    reply_open(&o->bytes.answer) == 0 ||
	    !reply_ended(&o->bytes.answer))
		return false;
	if (backlog_again(&o->bytes) > s->conf.limit - s->stats.queued ||
	    (n = heir_of(o)) == NULL)
		return false;
	s->batch = n->batch;
	compare_move(&n->compared, &o->compared, o->bytes.answer.done,
	    backlog_added_to(&o->bytes) - backlog_open(&o->bytes));
	o->leg = NULL;
	out_drop(o);
	if (n->leg != NULL)
		n->leg->out = n;
	out_wait(n);
	dial_waiting(s);
	return true;
}

static void
on_eof(struct sink_out *o)
{
	uint64_t	 open;

	reply_eof(&o->bytes.answer);
	if (go_on(o))
		return;
	if (o->draining && (!o->http || o->bytes.answer.lost ||
	    out_unanswered(o) == 0)) {
		out_reset(o);
		return;
	}
	/* Between two messages, all answered: the next head opens anew. */
	open = o->http ? reply_open(&o->bytes.answer) : 0;
	if (out_waiting(o) == 0 && !o->in_message && open == 0) {
		if (!o->http && o->leg != NULL)
			o->leg->waits = true;
		out_reset(o);
		return;
	}
	out_fail(o, SINK_LOST_RESET, o->error);
}

static void
on_error(struct sink_out *o, int error)
{
	/* Closed with requests unread, behind an answer without end. */
	o->bytes.answer.broken = true;
	reply_eof(&o->bytes.answer);
	if (go_on(o))
		return;
	if (o->draining && o->state == HALF_CLOSED)
		out_reset(o);
	else
		out_fail(o, SINK_LOST_RESET, error);
}

/* n bytes of answers are in s->in. False: another one has taken its place. */
static bool
on_answers(struct sink_out *o, size_t n)
{
	struct sink_tcp	*s = o->sink;
	struct reply	*a = &o->bytes.answer;

	if (s->conf.compare != NULL)
		a->now_us = s->conf.clock();
	reply_data(a, s->in, n, on_status, s);
	if (s->conf.compare != NULL)
		compare_heard(s->conf.compare, &o->compared, a);
	backlog_release(&o->bytes);
	if (go_on(o))
		return false;
	if (o->batch > 0 && a->done >= o->batch && !reply_ended(a)) {
		o->batch = s->batch = 0;
		out_to_flush(o);
	}
	return true;
}

void
sink_readable(evutil_socket_t fd, short what, void *arg)
{
	struct sink_out	*o = arg;
	struct sink_tcp	*s = o->sink;
	ssize_t		 n;

	(void)what;
	n = recv(fd, s->in, sizeof(s->in), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 0) {
		on_eof(o);
		return;
	}
	if (n == -1) {
		on_error(o, errno);
		return;
	}
	s->stats.answer_bytes += (size_t)n;
	if (o->http && !on_answers(o, (size_t)n))
		return;
	if (o->draining) {
		out_drain(o);
		dial_waiting(s);
	}
}

void
sink_writable(evutil_socket_t fd, short what, void *arg)
{
	struct sink_out	*o = arg;

	(void)fd;
	(void)what;
	if (o->state == CONNECTING && dial_done(o) == -1)
		return;
	out_flush(o);
}
