/*
 * supervise: the children of the parent: start, heartbeat, loss, back-off,
 * and the order of stop.
 *
 * Links live as long as the daemon; a child has a generation. What a lost
 * child leaves on descriptor 3 is read after waitpid, then the channel is
 * made anew and the launcher is asked for the next one: at once when it had
 * lived a second after READY, else with a delay that doubles up to 30 s.
 * A fresh child gets HELLO, CONF, its last tallies and its saved slots, so
 * counters never go back.
 */
#ifndef PARENT_SUPERVISE_H
#define PARENT_SUPERVISE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "parent/launcher.h"
#include "parent/slots.h"
#include "sandbox/chan.h"
#include "sandbox/conf.h"
#include "sandbox/msg.h"
#include "sandbox/role.h"
#include "sandbox/tally.h"

#define SUPERVISE_WHY_MAX	200

struct supervise;

enum child_state {
	CHILD_OFF,		/* not started, or ended as asked */
	CHILD_WAITING,		/* lost; the delay runs */
	CHILD_STARTING,		/* asked for, or running but not READY */
	CHILD_READY,
	CHILD_STATES
};

/* For `show processes`. */
struct child_info {
	pid_t		 pid;		/* 0 unless READY or ending */
	enum child_state state;
	uint32_t	 generation;
	uint64_t	 restarts;
	uint64_t	 ready_us;	/* monotonic */
	uint64_t	 lost_time_us;	/* wall clock of the last loss, or 0 */
	uint64_t	 lost_us;	/* sum of the times it was away */
	uint64_t	 away_us;	/* wall clock; 0: it is there */
	const struct msg_text *trouble;	/* until the next event; or NULL */
	uint64_t	 trouble_us;	/* wall clock */
	char		 loss[SUPERVISE_WHY_MAX];
	char		 jail[64];
};

struct supervise_ops {
	/* All are READY, once; under check and -r too. */
	void	(*ready)(void *);
	/* A fresh child is READY: it gets its files now. */
	void	(*fresh)(enum role, void *);
	/* A child is gone: what it was asked will not be answered. */
	void	(*lost)(enum role, void *);
	/* All children have ended: the status for exit(3). */
	void	(*gone)(int status, void *);
	/* The renderer has ended. */
	void	(*rendered)(int status, void *);
	/* Input that is cut or corrupt (-r); NULL: mirror could not write. */
	void	(*bad_input)(const char *text, void *);
	/* PREPARED (why NULL) and REFUSED. */
	void	(*judged)(enum role, const char *why, void *);
	/* ROW, END, ERROR; ALERT; MONITOR; FILE_WANTED: 0 or -1. */
	int	(*answer)(enum role, struct frame *, void *);
	int	(*alert)(struct frame *, void *);
	int	(*monitor)(struct frame *, void *);
	int	(*file_wanted)(struct chan *, struct frame *, void *);
};

struct supervise_conf {
	struct event_base *base;
	struct launcher	*launcher;
	uint32_t	 hello;		/* HELLO_CHECK, HELLO_OFFLINE */
	uint64_t	 epoch;
	struct tally	*tally;		/* the parent's own */
	const struct supervise_ops *ops;
	void		*arg;
};

struct supervise	*supervise_new(const struct supervise_conf *);
void		 supervise_free(struct supervise *);

/* Starts all. conf stays the caller's and must live until the next set. */
void		 supervise_start(struct supervise *, const struct conf *);
void		 supervise_set_conf(struct supervise *, const struct conf *);
/* Starts the renderer on the channel of ROLE_CLIENT. */
void		 supervise_render(struct supervise *);
/* There is nothing to render: it is killed, now or when it was started. */
void		 supervise_render_not(struct supervise *);
/* Collects what ended: call on SIGCHLD. */
void		 supervise_reap(struct supervise *);
/* Capture, analyzer, mirror, within PROC_STOP_SECONDS; then ops->gone. */
void		 supervise_stop(struct supervise *, int status);
bool		 supervise_stopping(const struct supervise *);
/* A user wants the end: a role of -r has no more time than a live one. */
void		 supervise_hurry(struct supervise *);
/* No last words: all are killed now. */
void		 supervise_kill(struct supervise *);
/* A role whose jail does not fit a new configuration is started anew. */
void		 supervise_restart(struct supervise *, enum role);
/* Kills a role, which comes back; why is for the log. */
void		 supervise_put_down(struct supervise *, enum role,
		    const char *why);
/* CONF to a child (not yet in force there); -1 when it is not READY. */
int		 supervise_send_conf(struct supervise *, enum role,
		    const struct conf *);
/* A client's VERBOSITY: to us, to all, and to those that come. */
void		 supervise_verbose(struct supervise *, uint32_t);

/* The channel to a READY child, else NULL. */
struct chan	*supervise_chan(struct supervise *, enum role);
/* What a role saved; changed only before supervise_start. */
struct slots	*supervise_slots(struct supervise *, enum role);
bool		 supervise_all_ready(const struct supervise *);
void		 supervise_info(const struct supervise *, enum role,
		    struct child_info *);
/* The last tallies of a role; valid until the next event. */
const struct tally	*supervise_tally(const struct supervise *, enum role);
const char	*child_state_name(enum child_state);

#endif
