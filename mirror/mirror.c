/*
 * mirror: everything that leaves. It answers SHOW MIRRORS and MIRROR, takes
 * STREAM and EVENT from the analyzer, and writes to the files that the
 * parent passes and to the configured targets.
 */
#include <stdlib.h>

#include "sandbox/log.h"
#include "sandbox/proc.h"

struct mirror_state {
	struct proc	*proc;
};

static int
mirror_on_stream(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct msg_stream	 m;

	(void)ch;
	while (buf_left(&f->body) > 0) {
		if (msg_get_stream(&f->body, &m) == -1)
			return -1;
		tally_add(&p->tally, TALLY_MIR_BYTES, m.len);
	}
	return 0;
}

static int
mirror_on_event(struct chan *ch, struct frame *f, void *arg)
{
	struct msg_event	 m;

	(void)ch;
	(void)arg;
	while (buf_left(&f->body) > 0)
		if (msg_get_event(&f->body, &m) == -1)
			return -1;
	return 0;
}

static void
mirror_init(struct proc *p)
{
	struct mirror_state	*ms;

	if ((ms = calloc(1, sizeof(*ms))) == NULL)
		fatal("mirror: no memory");
	ms->proc = p;
	p->state = ms;
}

static void
mirror_run(struct proc *p)
{
	(void)p;
}

static void
mirror_stop(struct proc *p)
{
	proc_bye(p);
}

static const struct handler from_analyzer[] = {
	{ MSG_STREAM,	mirror_on_stream },
	{ MSG_EVENT,	mirror_on_event },
	{ 0,		NULL }
};

static const struct proc_ops mirror_ops = {
	.role	= ROLE_MIRROR,
	.init	= mirror_init,
	.run	= mirror_run,
	.stop	= mirror_stop,
	.from	= { [ROLE_ANALYZER] = from_analyzer },
};

int
main(int argc, char **argv)
{
	return proc_main(argc, argv, &mirror_ops);
}
