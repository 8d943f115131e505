#include "mirror/hold.h"

#define FILES_WAIT_US	2000000

static bool
too_full(const struct mirror_state *ms)
{
	size_t	 i;

	for (i = 0; i < ms->ncopies; i++)
		if (copy_queued(ms->copies[i]) > ms->copies[i]->conf.queue / 2)
			return true;
	return false;
}

static bool
file_missing(const struct sink_file *f)
{
	return f != NULL && !sink_file_is_open(f) && sink_file_error(f) == 0;
}

bool
hold_for_files(const struct mirror_state *ms)
{
	const struct copy	*c;
	size_t			 i;

	for (i = 0; i < ms->ncopies; i++) {
		c = ms->copies[i];
		if (file_missing(c->file) || file_missing(c->gaps))
			return true;
	}
	for (i = 0; i < ms->nlogs; i++)
		if (file_missing(ms->logs[i].file))
			return true;
	return false;
}

void
hold_decide(struct mirror_state *ms)
{
	struct chan	*ch = ms->proc->chan[ROLE_ANALYZER];
	bool		 hold;

	hold = (ms->env.offline && too_full(ms)) || (hold_for_files(ms) &&
	    ms->env.now_us - ms->start_us < FILES_WAIT_US);
	if (hold == ms->holding)
		return;
	ms->holding = hold;
	if (hold)
		chan_pause(ch);
	else
		chan_resume(ch);
}

uint64_t
hold_queued(const struct mirror_state *ms, uint64_t *limit)
{
	uint64_t	 n, most;
	size_t		 i;

	for (i = 0, n = 0, most = 0; i < ms->ncopies; i++) {
		n += copy_queued(ms->copies[i]);
		most += ms->copies[i]->conf.queue;
	}
	for (i = 0; i < ms->nproviders; i++)
		n += provider_queued(ms->providers[i]);
	if (limit != NULL)
		*limit = most;
	return n;
}
