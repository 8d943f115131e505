/* Requests that somebody else answers. */
#include <stdlib.h>
#include <string.h>

#include "parent/client.h"

/* ---- requests ---- */

struct request *
request_find(struct control *c, uint32_t id)
{
	struct request	*r;

	TAILQ_FOREACH(r, &c->requests, entry)
		if (r->id == id)
			return r;
	return NULL;
}

void
request_free(struct control *c, struct request *r)
{
	r->client->requests--;
	TAILQ_REMOVE(&c->requests, r, entry);
	free(r);
}

struct request *
request_new(struct client *cl, const struct frame *f)
{
	struct control	*c = cl->control;
	struct request	*r;

	if (cl->requests >= CONTROL_REQUESTS_MAX) {
		answer_error(cl->chan, f->request, STATUS_AGAIN,
		    "too many requests at a time");
		return NULL;
	}
	if ((r = calloc(1, sizeof(*r) + f->body.len)) == NULL) {
		answer_error(cl->chan, f->request, STATUS_AGAIN,
		    "out of memory");
		return NULL;
	}
	if (++c->next_id == 0)
		c->next_id = 1;
	r->client = cl;
	r->id = c->next_id;
	r->theirs = f->request;
	r->type = f->type;
	r->len = f->body.len;
	memcpy(r->body, f->body.r, f->body.len);
	cl->requests++;
	TAILQ_INSERT_TAIL(&c->requests, r, entry);
	return r;
}

/* Mirrors are listed without their numbers, where they are part of a whole. */
static void
answer_for(struct control *c, const struct request *r, enum role owner)
{
	struct msg_show	 m;
	struct answer	 a;
	struct buf	 b;

	buf_reader(&b, r->body, r->len);
	if (owner != ROLE_MIRROR || r->type != MSG_SHOW ||
	    msg_get_show(&b, &m) == -1 ||
	    (m.subject != SHOW_REPORT && m.subject != SHOW_TOP))
		return;
	answer_begin(&a, r->client->chan, r->theirs);
	own_mirrors(c, &a);
	answer_flush(&a);
}

/* Asks the next owner that is there; without any more, the answer is whole. */
void
request_ask(struct control *c, struct request *r)
{
	struct child_info i;
	struct chan	*ch;
	enum role	 owner;

	for (; r->at < REQUEST_OWNERS_MAX && r->owner[r->at] != 0; r->at++) {
		owner = r->owner[r->at];
		ch = supervise_chan(c->conf.supervise, owner);
		if (ch != NULL) {
			buf_put(chan_begin(ch, r->type, r->id), r->body,
			    r->len);
			if (chan_end(ch) == 0)
				return;
		}
		if (r->at > 0) {	/* the main part was answered */
			answer_for(c, r, owner);
			continue;
		}
		supervise_info(c->conf.supervise, owner, &i);
		answer_error(r->client->chan, r->theirs, STATUS_AGAIN,
		    "%s is %s, try again", role_name(owner),
		    i.state == CHILD_STARTING ? "starting" :
		    "not running now");
		request_free(c, r);
		return;
	}
	chan_send(r->client->chan, MSG_END, r->theirs);
	request_free(c, r);
}

int
control_answer(struct control *c, enum role from, struct frame *f)
{
	struct request	*r;

	r = request_find(c, f->request);
	if (r == NULL || r->at >= REQUEST_OWNERS_MAX || r->owner[r->at] != from)
		return 0;		/* its client is gone */
	if (f->type == MSG_ROW) {
		chan_forward(r->client->chan, f, r->theirs);
	} else if (f->type == MSG_ERROR && r->at == 0) {
		chan_forward(r->client->chan, f, r->theirs);
		request_free(c, r);
	} else {
		r->at++;
		request_ask(c, r);
	}
	return 0;
}

void
control_lost(struct control *c, enum role role)
{
	struct request	*r, *next;

	TAILQ_FOREACH_SAFE(r, &c->requests, entry, next) {
		if (r->at >= REQUEST_OWNERS_MAX || r->owner[r->at] != role)
			continue;
		answer_error(r->client->chan, r->theirs, STATUS_AGAIN,
		    "%s was lost while it answered, try again",
		    role_name(role));
		request_free(c, r);
	}
}
