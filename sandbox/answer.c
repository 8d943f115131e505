#include <stdarg.h>
#include <stdio.h>

#include "sandbox/answer.h"
#include "sandbox/msg.h"

#define ANSWER_FRAME	(32 * 1024)
#define ANSWER_WAIT_MS	5000	/* for the parent to take a frame */

void
answer_begin(struct answer *a, struct chan *ch, uint32_t request)
{
	a->ch = ch;
	a->request = request;
	a->buf = NULL;
	a->failed = false;
}

void
answer_collect(struct answer *a, struct buf *b)
{
	answer_begin(a, NULL, 0);
	a->buf = b;
}

void
answer_flush(struct answer *a)
{
	if (a->buf == NULL || a->ch == NULL)
		return;
	if (a->buf->len > 0 && chan_end(a->ch) == -1)
		a->failed = true;
	a->buf = NULL;
	if (chan_ready(a->ch))
		return;
	/* The parent always reads; a client must not hold the parent up. */
	if (chan_peer(a->ch) == ROLE_PARENT &&
	    chan_drain(a->ch, ANSWER_WAIT_MS) == -1)
		a->failed = true;
}

bool
answer_row(struct answer *a, struct row_writer *w, enum row_kind kind,
    unsigned level)
{
	if (a->ch == NULL && buf_room(a->buf) < ANSWER_ROOM)
		a->failed = true;
	else if (a->buf != NULL && a->buf->len >= ANSWER_FRAME)
		answer_flush(a);
	if (a->failed)
		return false;
	if (a->buf == NULL)
		a->buf = chan_begin(a->ch, MSG_ROW, a->request);
	row_begin(w, a->buf, kind, level);
	return true;
}

void
answer_end(struct answer *a)
{
	answer_flush(a);
	if (!a->failed)
		chan_send(a->ch, MSG_END, a->request);
}

void
answer_error(struct chan *ch, uint32_t request, uint32_t status,
    const char *fmt, ...)
{
	struct msg_text	 m;
	va_list		 ap;

	m.number = status;
	va_start(ap, fmt);
	vsnprintf(m.text, sizeof(m.text), fmt, ap);
	va_end(ap);
	msg_put_text(chan_begin(ch, MSG_ERROR, request), &m);
	chan_end(ch);
}
