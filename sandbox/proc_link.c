/* The neighbours of a role; offline, the end of what they send. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/life.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"

#define HELD_MAX	16

void
life_send_link(struct proc *p, enum role peer)
{
	struct msg_link	 m;
	struct buf	 b;

	m.gen = p->generation;
	m.echo = p->priv->peer_gen[peer];
	m.shares = p->priv->in[peer] != NULL;
	buf_writer(&b, p->priv->small + FRAME_HDR, LIFE_SMALL);
	msg_put_link(&b, &m);
	chan_send_raw(p->chan[peer], MSG_LINK, 0, p->priv->small, b.len);
}

static int
on_link(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	struct msg_link	 m;
	enum role	 peer = chan_peer(ch);

	if (msg_get_link(&f->body, &m) == -1 || m.gen == 0)
		return -1;
	if (m.gen != p->priv->peer_gen[peer]) {
		p->priv->peer_gen[peer] = m.gen;
		p->priv->faulted[peer] = false;
		chan_forget(ch);
		chan_relink(ch);
		chan_gate(ch, true, MSG_LINK);
		chan_share(ch, false);
		life_send_link(p, peer);
		p->linked[peer] = true;
		log_debug("linked to %s, generation %u", role_name(peer),
		    m.gen);
		if (p->ops->linked != NULL)
			p->ops->linked(p, peer);
	}
	if (m.echo == p->generation) {
		chan_gate(ch, false, 0);
		chan_share(ch, m.shares != 0);
	}
	return 0;
}

void
life_on_fault(struct chan *ch, enum chan_fault fault, const char *why,
    void *arg)
{
	struct proc	*p = arg;
	enum role	 peer = chan_peer(ch);
	char		 text[160];

	if (peer == ROLE_PARENT) {
		if (fault == CHAN_CLOSED)
			_exit(1);	/* nobody is left to tell */
		fatalx("parent: %s", why);
	}
	if (p->priv->faulted[peer])
		return;
	p->priv->faulted[peer] = true;
	p->linked[peer] = false;
	snprintf(text, sizeof(text), "link to %s: %s", role_name(peer), why);
	if (fault == CHAN_BAD || fault == CHAN_FULL)
		life_text(p, MSG_FAULT, peer, text);
	else
		/* Links outlive their processes: no other peer would come. */
		fatalx("%s", text);
}

void
life_on_drained(struct chan *ch, void *arg)
{
	struct proc	*p = arg;

	if (p->priv->running && p->ops->drained != NULL)
		p->ops->drained(p, chan_peer(ch));
}

const struct handler life_from_neighbour[] = {
	{ MSG_LINK,		on_link },
	{ 0,			NULL }
};

/* ---- offline: requests wait for the end of the data ---- */

const struct handler *
life_handler(const struct proc *p, enum role peer, uint16_t type)
{
	const struct handler	*h;

	for (h = p->ops->from[peer]; h != NULL && h->type != 0; h++)
		if (h->type == type)
			return h;
	return NULL;
}

static bool
must_hold(const struct proc *p)
{
	return p->hello.flags & HELLO_OFFLINE && !p->priv->ended &&
	    p->ops->role != ROLE_CAPTURE;
}

int
life_on_show(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	struct held	*h;

	if (!must_hold(p))
		return life_handler(p, ROLE_PARENT, MSG_SHOW)->fn(ch, f, arg);
	if (p->priv->nheld >= HELD_MAX ||
	    (h = malloc(sizeof(*h) + f->body.len)) == NULL)
		return -1;
	h->frame = *f;
	memcpy(h->body, f->body.r, f->body.len);
	buf_reader(&h->frame.body, h->body, f->body.len);
	TAILQ_INSERT_TAIL(&p->priv->held, h, entry);
	p->priv->nheld++;
	return 0;
}

int
life_on_data_end(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	const struct handler	*rh;
	struct held		*h;

	rh = life_handler(p, chan_peer(ch), MSG_DATA_END);
	if (rh->fn(ch, f, arg) == -1)
		return -1;
	p->priv->ended = true;
	while ((h = TAILQ_FIRST(&p->priv->held)) != NULL) {
		TAILQ_REMOVE(&p->priv->held, h, entry);
		p->priv->nheld--;
		if (life_on_show(p->chan[ROLE_PARENT], &h->frame, p) == -1)
			fatalx("parent: a held request is malformed");
		free(h);
	}
	return 0;
}
