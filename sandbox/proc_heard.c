/* What the parent tells a role: its start, its end, reload. */
#include <stdlib.h>
#include <string.h>

#include "sandbox/answer.h"
#include "sandbox/life.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"

#define RESTORE_MAX	(32 * 1024 * 1024)

static int
on_hello(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;

	if (f->generation != p->generation)
		return 0;		/* for an earlier one of us */
	if (msg_get_hello(&f->body, &p->hello) == -1 ||
	    p->hello.version != MSG_VERSION)
		return -1;
	p->check = p->hello.flags & HELLO_CHECK;
	log_setverbose((p->hello.verbose & MSG_VERBOSE(p->ops->role)) != 0);
	p->priv->greeted = true;
	chan_gate(ch, false, 0);
	return 0;
}

/* Adds the body to *p; -1 at the limit. */
static int
append(uint8_t **to, size_t *len, const struct frame *f, size_t most)
{
	uint8_t	*new;

	if (f->body.len > most - *len)
		return -1;
	if ((new = realloc(*to, *len + f->body.len + 1)) == NULL)
		return -1;
	memcpy(new + *len, f->body.r, f->body.len);
	*to = new;
	*len += f->body.len;
	return 0;
}

static int
on_conf(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	struct buf	 b;
	struct conf	*c;

	(void)ch;
	if (append(&p->priv->conf, &p->priv->conflen, f, CONF_PACK_MAX) == -1)
		return -1;
	if (f->flags & FRAME_MORE)
		return 0;
	buf_reader(&b, p->priv->conf, p->priv->conflen);
	c = conf_unpack(&b);
	free(p->priv->conf);
	p->priv->conf = NULL;
	p->priv->conflen = 0;
	if (c == NULL)
		return -1;
	conf_free(p->priv->pending);
	p->priv->pending = c;
	if (p->conf == NULL) {
		p->conf = c;
		p->priv->pending = NULL;
	}
	return 0;
}

static int
on_restore(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;

	(void)ch;
	if (append(&p->priv->restore, &p->priv->restorelen, f, RESTORE_MAX) ==
	    -1)
		return -1;
	if (!(f->flags & FRAME_MORE))
		p->priv->started = true;
	return 0;
}

static int
on_restore_tally(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	size_t		 i;

	(void)ch;
	if (tally_unpack(&p->tally, &f->body) == -1)
		return -1;
	for (i = 0; i < TALLY_MAX; i++)
		if (tally_kind(i) == TALLY_KIND_GAUGE)
			p->tally.v[i] = 0;
	return 0;
}

static int
on_stop(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;

	(void)ch;
	(void)f;
	if (p->stopping)
		return 0;
	p->stopping = true;
	if (p->check || p->ops->stop == NULL)
		proc_bye(p);
	else
		p->ops->stop(p);
	return 0;
}

static int
on_verbose(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	uint32_t	 n;

	(void)ch;
	if (msg_get_number(&f->body, &n) == -1)
		return -1;
	log_setverbose((n & MSG_VERBOSE(p->ops->role)) != 0);
	return 0;
}

/* ---- reload, and netmond -n ---- */

static void
judge(struct proc *p, const struct conf *c)
{
	char	 why[CONF_WHY_MAX];

	why[0] = '\0';
	if (conf_check(c, why, sizeof(why)) == -1 || (p->ops->check != NULL &&
	    p->ops->check(p, c, why, sizeof(why)) == -1))
		life_text(p, MSG_REFUSED, p->ops->role, why);
	else
		chan_send(p->chan[ROLE_PARENT], MSG_PREPARED, 0);
}

static int
on_check(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;

	(void)ch;
	(void)f;
	judge(p, p->conf);
	return 0;
}

static int
on_prepare(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;

	(void)ch;
	(void)f;
	if (p->priv->pending == NULL)
		return -1;
	judge(p, p->priv->pending);
	return 0;
}

static int
on_commit(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	struct conf	*old;

	(void)ch;
	(void)f;
	if (p->priv->pending == NULL)
		return -1;
	old = p->conf;
	p->conf = p->priv->pending;
	p->priv->pending = NULL;
	if (p->ops->commit != NULL)
		p->ops->commit(p, old);
	conf_free(old);
	log_debug("new configuration in force");
	return 0;
}

static int
on_abort(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;

	(void)ch;
	(void)f;
	conf_free(p->priv->pending);
	p->priv->pending = NULL;
	return 0;
}

const struct handler life_from_parent[] = {
	{ MSG_HELLO,		on_hello },
	{ MSG_CONF,		on_conf },
	{ MSG_RESTORE,		on_restore },
	{ MSG_RESTORE_TALLY,	on_restore_tally },
	{ MSG_STOP,		on_stop },
	{ MSG_VERBOSE,		on_verbose },
	{ MSG_CHECK,		on_check },
	{ MSG_PREPARE,		on_prepare },
	{ MSG_COMMIT,		on_commit },
	{ MSG_ABORT,		on_abort },
	{ 0,			NULL }
};

/*
 * Behind the role's own rows: what a role need not know of. A request is
 * then answered, so that nobody waits.
 */
static int
on_unused(struct chan *ch, struct frame *f, void *arg)
{
	(void)ch;
	(void)f;
	(void)arg;
	return 0;
}

static int
on_refused(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;

	answer_error(ch, f->request, 1, "%s does not know this request",
	    role_name(p->ops->role));
	return 0;
}

const struct handler life_from_parent_rest[] = {
	{ MSG_FILE,		on_unused },
	{ MSG_PROVIDER,		on_unused },
	{ MSG_LOST_TIME,	on_unused },
	{ MSG_CANCEL,		on_unused },
	{ MSG_SHOW,		on_refused },
	{ MSG_RESET,		on_refused },
	{ MSG_MIRROR,		on_refused },
	{ MSG_ROTATE,		on_refused },
	{ 0,			NULL }
};
