#include <string.h>

#include "mirror/counters.h"
#include "mirror/hold.h"
#include "mirror/request.h"
#include "mirror/saved.h"
#include "mirror/show.h"
#include "sandbox/log.h"
#include "sandbox/vis.h"

/* The name may be anything that a client wrote. */
static void
no_such_mirror(struct chan *ch, uint32_t request, const char *name)
{
	char	 text[2 * CONF_NAME_MAX];

	answer_error(ch, request, 1, "no mirror \"%s\": show mirrors has the "
	    "names", vis_str(VIS_LOG, text, sizeof(text), name));
}

int
request_on_show(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct answer		 a;
	struct msg_show		 m;
	uint64_t		 limit, queued;
	size_t			 i;
	bool			 memory, any;

	if (msg_get_show(&f->body, &m) == -1)
		return -1;
	any = m.subject != SHOW_MIRRORS || m.nargs == 0;
	memory = m.subject != SHOW_MIRRORS;
	saved_counters(ms);
	answer_begin(&a, ch, f->request);
	for (i = 0; i < ms->ncopies && m.subject != SHOW_MEMORY; i++)
		if (m.nargs == 0 || m.subject != SHOW_MIRRORS ||
		    strcmp(m.args[0], ms->copies[i]->conf.name) == 0) {
			show_mirror(&a, ms->copies[i]);
			any = true;
		}
	if (!any) {
		no_such_mirror(ch, f->request, m.args[0]);
		return 0;
	}
	if (memory) {
		queued = hold_queued(ms, &limit);
		show_memory(&a, &ms->mem, streams_count(ms->streams), queued,
		    limit);
	}
	answer_end(&a);
	return 0;
}

static const struct {
	const char	*word;
	enum copy_state	 state;
} commands[] = {
	{ "start",	COPY_RUNS },
	{ "pause",	COPY_PAUSED },
	{ "stop",	COPY_STOPPED },
};

static int
command(struct mirror_state *ms, struct copy *c, const char *word)
{
	size_t	 i;

	if (strcmp(word, "rotate") == 0) {
		if (c->file != NULL)
			sink_file_rotate(c->file);
		return 0;
	}
	for (i = 0; i < nitems(commands); i++) {
		if (strcmp(word, commands[i].word) != 0)
			continue;
		state_clock(ms);
		copy_set_state(c, commands[i].state);
		return 0;
	}
	return -1;
}

int
request_on_mirror(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct msg_show		 m;
	size_t			 i;

	if (msg_get_show(&f->body, &m) == -1)
		return -1;
	for (i = 0; m.nargs >= 2 && i < ms->ncopies; i++) {
		if (strcmp(ms->copies[i]->conf.name, m.args[0]) != 0)
			continue;
		if (command(ms, ms->copies[i], m.args[1]) == -1)
			break;
		chan_send(ch, MSG_END, f->request);
		return 0;
	}
	if (m.nargs < 2 || i < ms->ncopies)
		answer_error(ch, f->request, 1,
		    "a mirror can be told start, stop, pause or rotate");
	else
		no_such_mirror(ch, f->request, m.args[0]);
	return 0;
}

int
request_on_rotate(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	size_t			 i;

	for (i = 0; i < ms->nlogs; i++)
		sink_file_rotate(ms->logs[i].file);
	chan_send(ch, MSG_END, f->request);
	return 0;
}

int
request_on_reset(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	size_t			 i;

	for (i = 0; i < ms->ncopies; i++)
		counters_clear(ms->copies[i]);
	memset(ms->mem.refused, 0, sizeof(ms->mem.refused));
	saved_counters(ms);
	log_notice("counters reset");
	chan_send(ch, MSG_END, f->request);
	return 0;
}
