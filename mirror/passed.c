#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/hold.h"
#include "mirror/leg.h"
#include "mirror/passed.h"
#include "sandbox/log.h"

#define TAIL_MAX	(8 * 1024 * 1024)

/* ---- files ---- */

void
passed_want(struct mirror_state *ms, enum msg_file_kind kind, unsigned index,
    bool rotate)
{
	struct msg_file	 m = { .kind = kind, .index = index,
	    .flags = rotate ? FILE_ROTATE : 0 };
	struct chan	*ch = ms->proc->chan[ROLE_PARENT];

	msg_put_file(chan_begin(ch, MSG_FILE_WANTED, 0), &m);
	chan_end(ch);
}

/* When each connection of the mirror before was last recorded. */
static void
read_tail(struct mirror_state *ms, struct copy *c)
{
	struct record	 r;
	uint8_t		*p;
	ssize_t		 got;
	size_t		 n, at;
	bool		 whole;

	if (c->conf.format != RECORD_GOGETWAY ||
	    !orphans_expected(ms->orphans) ||
	    (p = sink_file_tail(c->file, TAIL_MAX, &n, &whole)) == NULL)
		return;
	for (at = 0; at < n; at += (size_t)got) {
		got = record_get(RECORD_F_GOGETWAY, p + at, n - at, true, &r,
		    NULL);
		if (got == 0)
			break;
		if (got == -1) {
			got = (ssize_t)record_skip(RECORD_F_GOGETWAY, p + at,
			    n - at);
			continue;
		}
		if (r.ts_ns / 1000 > c->tail_us)
			c->tail_us = r.ts_ns / 1000;
		/* Responses are recorded the other way round. */
		orphans_recorded(ms->orphans, c->conf.name, r.from, r.to,
		    r.ts_ns / 1000);
		orphans_recorded(ms->orphans, c->conf.name, r.to, r.from,
		    r.ts_ns / 1000);
	}
	free(p);
}

static struct sink_file *
file_of(struct mirror_state *ms, const struct msg_file *m)
{
	if (m->kind == FILE_EVENTS)
		return m->index < ms->nlogs ? ms->logs[m->index].file :
		    NULL;
	if (m->index >= ms->ncopies)
		return NULL;
	if (m->kind == FILE_RECORD)
		return ms->copies[m->index]->file;
	return m->kind == FILE_GAPS ? ms->copies[m->index]->gaps : NULL;
}

int
passed_on_file(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct sink_file	*to;
	struct msg_file		 m;
	int			 fd;

	(void)ch;
	if (msg_get_file(&f->body, &m) == -1)
		return -1;
	fd = f->fd;
	f->fd = -1;
	state_clock(ms);
	if ((to = file_of(ms, &m)) == NULL) {
		if (fd != -1)
			close(fd);
		return 0;
	}
	sink_file_tick(to, ms->env.now_us);
	sink_file_take(to, fd, (m.flags & FILE_REGULAR) != 0, m.name,
	    fd == -1 && m.error == 0 ? EBADF : (int)m.error);
	/* One that could not be renamed just now is not tried at once again. */
	if (fd != -1 && (m.flags & FILE_ROTATE) == 0)
		sink_file_aged(to, m.age_us);
	if (m.kind == FILE_EVENTS)
		ms->logs[m.index].keyed = false;
	if (m.kind == FILE_RECORD && fd != -1)
		read_tail(ms, ms->copies[m.index]);
	hold_decide(ms);
	return 0;
}

/* ---- programs ---- */

static struct provider *
find_provider(const struct mirror_state *ms, const char *name)
{
	size_t	 i;

	for (i = 0; i < ms->nproviders; i++)
		if (strcmp(provider_name(ms->providers[i]), name) == 0)
			return ms->providers[i];
	return NULL;
}

static void
attach(struct mirror_state *ms, struct provider *p, int fd)
{
	const struct conf_mirror	*m;
	size_t				 i;

	for (i = 0; i < ms->ncopies; i++) {
		m = &ms->copies[i]->conf;
		if (strcmp(m->record_hook, provider_name(p)) == 0) {
			provider_attach(p, fd, m->name, HOOK_RECORD);
			return;
		}
		if (strcmp(m->forward_hook, provider_name(p)) == 0) {
			provider_attach(p, fd, m->name, HOOK_FORWARD);
			return;
		}
	}
	close(fd);
}

int
passed_on_provider(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct mirror_state	*ms = p->state;
	struct provider		*to;
	char			 name[CONF_NAME_MAX];
	int			 fd;

	(void)ch;
	if (msg_get_path(&f->body, name, sizeof(name)) == -1 || f->fd == -1)
		return -1;
	fd = f->fd;
	f->fd = -1;
	if ((to = find_provider(ms, name)) != NULL)
		attach(ms, to, fd);
	else
		close(fd);
	return 0;
}

static void
judged(void *arg, const struct provider_item *item, enum hook_verdict v)
{
	(void)arg;
	leg_judged(item, v);
}

static struct provider *
new_provider(struct mirror_state *ms, const struct provider_conf *c)
{
	struct provider	**p;

	p = reallocarray(ms->providers, ms->nproviders + 1, sizeof(*p));
	if (p == NULL)
		fatal("mirror: hook");
	ms->providers = p;
	if ((p[ms->nproviders] = provider_new(c)) == NULL)
		fatal("mirror: hook");
	provider_tick(p[ms->nproviders], ms->env.now_us);
	return p[ms->nproviders++];
}

struct provider *
passed_provider(struct mirror_state *ms, const char *name,
    const struct conf_mirror *m)
{
	struct provider_conf	 c = { .base = ms->proc->base, .name = name,
	    .timeout_us = m->hook_timeout_us, .limit = m->queue,
	    .done = judged, .arg = ms };
	struct provider		*p;

	if (name[0] == '\0')
		return NULL;
	if ((p = find_provider(ms, name)) == NULL)
		return new_provider(ms, &c);
	provider_set_limits(p, c.timeout_us, c.limit);
	return p;
}
