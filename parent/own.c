/* Rows that the parent itself adds to an answer. */
#include <sys/utsname.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/client.h"
#include "sandbox/proc.h"

/* ---- the parent's own rows ---- */

static void
put_daemon(struct control *c, struct answer *a)
{
	const struct conf	*conf = c->running;
	struct row_writer	 w;
	struct utsname		 u;
	bool			 live = !conf->offline;

	if (uname(&u) == -1)
		u.nodename[0] = '\0';
	if (!answer_row(a, &w, ROW_DAEMON, 0))
		return;
	row_str(&w, NETMON_VERSION);
	row_str(&w, live ? u.nodename : "");
	row_str(&w, conf->file);
	row_u64(&w, live ? c->conf.epoch : 0);
	row_u64(&w, live ? c->conf_time_us : 0);
	row_double(&w, live ?
	    (double)(proc_mono_us() - c->conf.start_us) / 1e6 : 0);
	row_bool(&w, conf->offline);
	row_str(&w, conf->input);
	row_end(&w);
}

static void
put_process(struct control *c, struct answer *a, enum role role)
{
	struct child_info	 i;
	struct row_writer	 w;
	uint64_t		 now = proc_mono_us(), up;

	supervise_info(c->conf.supervise, role, &i);
	if (role == ROLE_PARENT) {
		i.pid = getpid();
		i.state = CHILD_READY;
		compat_strlcpy(i.jail, c->conf.jail, sizeof(i.jail));
	}
	if (role < ROLE_FIRST_CHILD)
		i.ready_us = c->conf.start_us;
	up = i.state == CHILD_READY && now > i.ready_us ? now - i.ready_us : 0;
	if (!answer_row(a, &w, ROW_PROCESS, 0))
		return;
	row_str(&w, role_name(role));
	row_u64(&w, (uint64_t)i.pid);
	row_str(&w, child_state_name(i.state));
	row_u64(&w, i.generation);
	row_u64(&w, i.restarts);
	row_double(&w, (double)up / 1e6);
	row_str(&w, i.loss);
	row_u64(&w, i.lost_time_us);
	row_double(&w, (double)i.lost_us / 1e6);
	row_str(&w, i.jail);
	row_end(&w);
}

static void
put_processes(struct control *c, struct answer *a)
{
	enum role	 r;

	for (r = ROLE_PARENT; r <= ROLE_LAST_CHILD; r++)
		put_process(c, a, r);
}

static void
put_tally(struct answer *a, enum tally_id id, enum role role, uint64_t v)
{
	struct row_writer	 w;
	char			 name[TALLY_NAME_MAX];

	if (!answer_row(a, &w, ROW_TALLY, 0))
		return;
	row_str(&w, tally_name(id, name));
	row_u64(&w, v);
	row_str(&w, tally_unit_name(id));
	row_str(&w, role_name(role));
	row_end(&w);
}

static void
put_tallies(struct control *c, struct answer *a)
{
	const struct tally	*t;
	enum tally_id		 id;
	enum role		 r;

	for (r = ROLE_PARENT; r <= ROLE_LAST_CHILD; r++) {
		if (r == ROLE_LAUNCHER)
			continue;
		t = r == ROLE_PARENT ? c->conf.tally :
		    supervise_tally(c->conf.supervise, r);
		for (id = 0; id < TALLY_MAX; id++)
			if (tally_owner(id) == r ||
			    tally_owner(id) == ROLE_ANY)
				put_tally(a, id, r, t->v[id]);
	}
}

/* What no analyzer can know: what became of its events behind it. */
static void
put_lost(struct control *c, struct answer *a)
{
	static const struct {
		enum role	 role;
		enum tally_id	 id;
		const char	*text;
	} lost[] = {
		{ ROLE_ANALYZER, TALLY_EVENT_DROPPED,
		    "are in no log: mirror was away or did not keep up, or"
		    " the analyzer was lost" },
		{ ROLE_MIRROR,	 TALLY_MIR_EVENTS_LOST,
		    "were not written to an event log: see the log of netmond"
		    " for which file, and why" }
	};
	struct row_writer	 w;
	char			 text[160];
	uint64_t		 n;
	size_t			 i;

	for (i = 0; i < nitems(lost); i++) {
		n = supervise_tally(c->conf.supervise,
		    lost[i].role)->v[lost[i].id];
		if (n == 0 || !answer_row(a, &w, ROW_ADVICE, 0))
			continue;
		snprintf(text, sizeof(text), "%" PRIu64 " events %s", n,
		    lost[i].text);
		row_str(&w, text);
		row_end(&w);
	}
}

void
own_line(struct answer *a, const char *text, const char *state)
{
	struct row_writer	 w;

	if (!answer_row(a, &w, ROW_TEXT, 0))
		return;
	row_str(&w, text);
	row_str(&w, state);
	row_end(&w);
}

/*
 * What keeps records and logs from being written now; 0: nothing. Mirror is
 * not asked: it may be waiting for just that disk.
 */
static int
trouble(struct control *c, char *text, size_t size)
{
	const struct conf	*conf = c->running;
	struct child_info	 i;
	char			 since[ROW_NUMBER_MAX], more[32] = "";

	supervise_info(c->conf.supervise, ROLE_MIRROR, &i);
	if (conf->offline || conf->nmirrors + conf->nlogs == 0)
		return 0;
	if (i.away_us != 0)
		return snprintf(text, size, "mirror is away since %s UTC, "
		    "nothing is mirrored or logged: see show processes",
		    row_clock(since, i.away_us));
	if (i.trouble == NULL)
		return 0;
	if (i.trouble->number > 1)
		snprintf(more, sizeof(more), " (and %" PRIu32 " more)",
		    i.trouble->number - 1);
	return snprintf(text, size, "since %s UTC %s%s",
	    row_clock(since, i.trouble_us), i.trouble->text, more);
}

static void
put_trouble(struct control *c, struct answer *a)
{
	struct row_writer	 w;
	char			 text[MSG_TEXT_MAX + 128];

	if (trouble(c, text, sizeof(text)) == 0 ||
	    !answer_row(a, &w, ROW_ADVICE, 0))
		return;
	row_str(&w, text);
	row_end(&w);
}

static void
put_trouble_text(struct control *c, struct answer *a)
{
	char	 text[MSG_TEXT_MAX + 128], line[sizeof(text) + 16];

	if (trouble(c, text, sizeof(text)) == 0)
		return;
	snprintf(line, sizeof(line), "trouble         %s", text);
	own_line(a, line, "");
}

static void
put_config(struct control *c, struct answer *a)
{
	char	*text = NULL, *line, *end;
	size_t	 size = 0;
	FILE	*f;

	if ((f = open_memstream(&text, &size)) == NULL)
		return;
	conf_print(c->running, f, false);
	if (fclose(f) == 0) {
		for (line = text; *line != '\0'; line = end + 1) {
			if ((end = strchr(line, '\n')) == NULL)
				break;
			*end = '\0';
			own_line(a, line, "");
		}
	}
	free(text);
}

static const struct {
	unsigned	 bit;
	void		(*put)(struct control *, struct answer *);
} kinds[] = {
	{ OWN_DAEMON,	 put_daemon },
	{ OWN_PROCESSES, put_processes },
	{ OWN_TALLIES,	 put_tallies },
	{ OWN_CONFIG,	 put_config },
	{ OWN_LOST,	 put_lost },
	{ OWN_TROUBLE,	 put_trouble },
	{ OWN_TROUBLE_TEXT, put_trouble_text },
};

void
own_rows(struct control *c, struct answer *a, unsigned which)
{
	size_t	 i;

	for (i = 0; i < nitems(kinds); i++)
		if (which & kinds[i].bit)
			kinds[i].put(c, a);
}

/* ---- for a process that is away ---- */

void
own_mirrors(struct control *c, struct answer *a)
{
	const struct row_desc		*d = row_desc(ROW_MIRROR);
	const struct conf_mirror	*m = c->running->mirrors;
	struct row_writer		 w;
	char				 target[ENDPOINT_TEXT_MAX];
	size_t				 i;

	for (i = 0; i < c->running->nmirrors; i++, m++) {
		if (!answer_row(a, &w, ROW_MIRROR, 0))
			return;
		row_str(&w, m->name);
		row_str(&w, "not running");
		row_str(&w, m->has_forward ? endpoint_print(&m->target,
		    target, sizeof(target)) : "");
		row_str(&w, m->has_record ? m->path : "");
		/* Numbers, and the last error. */
		while (w.at < d->nfields && !w.bad)
			if (d->fields[w.at].type == ROW_STR)
				row_str(&w, "the process of mirrors is just "
				    "being replaced");
			else
				row_u64(&w, 0);
		row_end(&w);
	}
}
