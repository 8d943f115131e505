/*
 * parent: what the files of netmond's own process share: one struct, the
 * tables of what others tell it, and the few steps that more than one of
 * them takes.
 *
 *   main	options to dispatch, and the end; the log
 *   loop	its own events: signals, the clock, the socket; the stop
 *   told	what children and clients tell it
 *   apply	how another configuration comes into force
 */
#ifndef PARENT_PARENT_H
#define PARENT_PARENT_H

#include "parent/alerts.h"
#include "parent/control.h"
#include "parent/files.h"
#include "parent/keep.h"
#include "parent/launcher.h"
#include "parent/listen.h"
#include "parent/notify.h"
#include "parent/options.h"
#include "parent/reload.h"
#include "parent/supervise.h"
#include "parent/syslog.h"
#include "sandbox/log.h"
#include "sandbox/priv.h"
#include "sandbox/proc.h"

struct parent {
	struct options	 opt;
	struct conf	*conf;
	struct priv	 priv;
	struct launcher	 launcher;
	struct event_base *base;
	struct supervise *supervise;
	struct control	*control;
	struct alerts	*alerts;
	struct reload	*reload;
	struct syslog	 syslog;
	bool		 journal;	/* standard error goes there, too */
	struct notify	 notify;
	struct files	 files;
	struct keep	 keep;
	struct tally	 tally;
	int		 listen_fd;
	int		 input_fd;
	int		 waiting_fd;	/* who started us in the background */
	uint64_t	 epoch;
	uint64_t	 start_us;
	bool		 ready;
	bool		 bad_input;
	bool		 nothing;	/* was read of it: there is no report */
	bool		 delivered;	/* the whole report */
	bool		 interrupted;
	bool		 hup_waits;	/* SIGHUP: not yet obeyed */
	bool		 hup_runs;	/* the reload under way is its own */
	unsigned	 judged;	/* -n: 1 << role */
	int		 refused;	/* -n: the status of it, 0 none */
	int		 status;
	struct listen	 listen;
	char		 jail[32];
};

/* Neither -n nor -r. */
static inline bool
parent_live(const struct parent *p)
{
	return !p->opt.check && p->opt.input == NULL;
}

/* ---- main.c ---- */

/* The one that waits in the foreground for our fate is told and goes. */
void	 parent_release_starter(struct parent *, int status);
/* The log, for alerts. */
void	 parent_say_alert(enum log_level, const char *, void *);

/* ---- loop.c ---- */

void	 parent_add_events(struct parent *);
/* -t and timeout: begins to count. */
void	 parent_start_clock(struct parent *);
void	 parent_stop(struct parent *, int status);

/* ---- told.c ---- */

extern const struct supervise_ops	 parent_supervise_ops;
extern const struct control_ops		 parent_control_ops;
/* A message without a body, if the role is READY. */
void	 parent_tell(struct parent *, enum role, uint16_t type);
/* The mirror gets its records and logs, opened anew. */
void	 parent_send_files(struct parent *);
/* Only those that somebody removed or renamed. */
void	 parent_send_gone(struct parent *);
/* What the next start wants goes to its file, if there is one. */
void	 parent_keep(struct parent *);

/* ---- apply.c ---- */

extern const struct reload_ops	 parent_reload_ops;
/* What root could read at the start may be out of reach for a reload. */
bool	 parent_may_not_read(const struct parent *, const char *path,
	    char *why, size_t);
/* path NULL: the file of the start; -1: another reload is under way. */
int	 parent_reload(const char *path, uint64_t cookie, void *parent);
/* Reloads for a SIGHUP that still waits, as soon as it can be. */
void	 parent_obey_hup(struct parent *);

#endif
