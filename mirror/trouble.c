#include <stdio.h>
#include <string.h>

#include "mirror/trouble.h"

static void
look(struct msg_text *m, const char *what, const char *name,
    const struct sink_file *f)
{
	const char	*at;
	int		 error;

	if (f == NULL || (error = sink_file_failing(f, &at)) == 0 ||
	    m->number++ > 0)
		return;
	snprintf(m->text, sizeof(m->text), "%s%s: %s: %s: %s", what, name,
	    at, strerror(error), sink_file_name(f));
}

void
trouble_tell(struct mirror_state *ms)
{
	struct chan	*ch = ms->proc->chan[ROLE_PARENT];
	struct msg_text	 m = { 0 };
	size_t		 i;

	for (i = 0; i < ms->ncopies; i++) {
		look(&m, "mirror ", ms->copies[i]->conf.name,
		    ms->copies[i]->file);
		look(&m, "mirror ", ms->copies[i]->conf.name,
		    ms->copies[i]->gaps);
	}
	for (i = 0; i < ms->nlogs; i++)
		look(&m, "event log", "", ms->logs[i].file);
	if (ms->env.offline || (m.number == ms->trouble.number &&
	    strcmp(m.text, ms->trouble.text) == 0))
		return;
	ms->trouble = m;
	msg_put_text(chan_begin(ch, MSG_TROUBLE, 0), &m);
	chan_end(ch);
}
