/*
 * child: what the files of supervision share, and nobody else: one child
 * (child.c), what it says (heard.c), and all of them (supervise.c).
 */
#ifndef PARENT_CHILD_H
#define PARENT_CHILD_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/slots.h"
#include "parent/supervise.h"
#include "sandbox/chan.h"
#include "sandbox/compat.h"
#include "sandbox/log.h"
#include "sandbox/msg.h"
#include "sandbox/role.h"
#include "sandbox/tally.h"

#define CHILD_EARLY_MAX	8		/* ended before LAUNCHED told the pid */
#define CHILD_AWAY_MAX	16

struct child {
	struct supervise *s;
	enum role	 role;
	enum child_state state;
	pid_t		 pid;
	uint32_t	 generation;
	struct chan	*chan;
	struct tally	 tally;
	struct slots	 slots;
	struct log_rate	 lines;		/* of all its generations */
	uint64_t	 restarts;
	uint64_t	 asked_us;
	uint64_t	 ready_us;
	uint64_t	 heard_us;	/* or we were stopped until then */
	uint64_t	 tally_us;	/* it said something */
	uint64_t	 again_us;	/* WAITING: when */
	uint64_t	 delay_us;
	uint64_t	 away_from_us;	/* 0: it is not away */
	uint64_t	 lost_time_us;
	uint64_t	 lost_us;
	uint64_t	 killed_us;	/* 0: not by us */
	struct msg_text	 trouble;	/* number 0: none */
	uint64_t	 trouble_us;	/* since when; wall clock */
	bool		 stuck;		/* killed, and the kernel holds it */
	bool		 said_bye;
	bool		 stop_sent;
	bool		 wanted;	/* killed to be started anew */
	char		 why[SUPERVISE_WHY_MAX];	/* we killed it */
	char		 loss[SUPERVISE_WHY_MAX];
	char		 crash[SUPERVISE_WHY_MAX];
	char		 jail[64];
};

struct supervise {
	struct supervise_conf conf;
	const struct conf *running;
	struct chan	*launcher;
	struct child	 child[ROLE_MAX];
	struct event	*ev_tick;
	uint32_t	 generation;
	uint32_t	 verbose;
	uint64_t	 last_tick_us;
	uint64_t	 stop_from_us;
	bool		 all_ready;	/* ops->ready was called */
	bool		 stopping;
	bool		 hurry;		/* no patience with a file, either */
	bool		 ended;
	bool		 launcher_lost;
	int		 status;
	pid_t		 renderer;
	bool		 rendering;	/* asked for, no answer yet */
	bool		 render_not;
	struct {
		pid_t	 pid;
		int	 status;
	}		 early[CHILD_EARLY_MAX];
	struct msg_lost_time away[CHILD_AWAY_MAX];	/* for the analyzer */
	size_t		 naway;
};

/* All of a supervise that were told to run. */
#define EACH(r)	for (r = ROLE_FIRST_CHILD; r <= ROLE_LAST_CHILD; r++)

/* ---- child.c ---- */

/* A fresh generation: channel, HELLO, CONF, what the last one saved. */
void		 child_launch(struct child *);
/* It has ended (waitpid), or could not be started. */
void		 child_lost(struct child *, int status);
/*
 * Kills it; the reason goes into the line about its loss. Called again while
 * it is still there: it may be stuck.
 */
void		 child_put_down(struct child *, const char *, ...)
		    PRINTFLIKE(2, 3);
/* "signal 9 (Killed)", "exit status 1" */
void		 child_describe(char *, size_t, int status);

/* The delay after a loss: pure, for tests. lived: since READY, 0 never. */
uint64_t	 child_delay(uint64_t last_delay_us, uint64_t lived_us);

/* ---- heard.c ---- */

extern const struct handler heard_from_child[];
/* Capture, if it is away, for an analyzer that is there. */
void		 heard_tell_gone(struct supervise *);
void		 heard_fault(struct chan *, enum chan_fault, const char *why,
		    void *);

/* ---- supervise.c ---- */

/* -n or -r: a lost child is the end. */
bool		 supervise_special(const struct supervise *);
/* Ends all; the first status stays. */
void		 supervise_fail(struct supervise *, int status);
/* The launcher is lost, and the role must be started: the end. */
void		 supervise_no_launcher(struct supervise *, enum role);
/* LAUNCH to the launcher. */
void		 supervise_launch(struct supervise *, enum role,
		    uint32_t generation);
/* The first one that did not say BYE is told to stop; none runs: the end. */
void		 supervise_stop_next(struct supervise *);

#endif
