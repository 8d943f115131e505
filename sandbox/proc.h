/*
 * proc: the life of a child process, written once.
 *
 *   start   close every descriptor above 5, name the process and its log,
 *           block until HELLO and CONF (and the RESTOREs) arrived on 3
 *   acquire ops->init: open what must be open, allocate tables
 *   lock    capabilities, dumpable 0, rlimits, Landlock, filter, self-test
 *   ready   READY to the parent; LINK to the neighbours
 *   run     ops->run adds events; libevent drives the handlers
 *   stop    on STOP: ops->stop; the child calls proc_bye when it is drained
 *
 * Descriptors: 3 the parent, 4 and 5 the neighbours: capture has the
 * analyzer on 4; the analyzer has capture on 4 and mirror on 5; mirror has
 * the analyzer on 4. proc handles the life, link, reload and tally messages
 * itself; ops->from adds the role's own handlers. Every handler's arg is the
 * struct proc; the role's own state is proc->state. They run after ops->run
 * only: FILE frames sent at the start wait until then.
 *
 * Descriptors 0 to 2 are /dev/null. Before the jail capture puts its
 * rtnetlink socket on POLICY_FD_NETLINK (policy.h): its filter pins sendto to
 * that number and close to the numbers above it.
 *
 * Offline (-r) a request that comes before the end of the data (DATA_END from
 * the neighbour above) is held back here and handed to the role behind it.
 */
#ifndef SANDBOX_PROC_H
#define SANDBOX_PROC_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "sandbox/chan.h"
#include "sandbox/compat.h"
#include "sandbox/conf.h"
#include "sandbox/hash.h"
#include "sandbox/msg.h"
#include "sandbox/role.h"
#include "sandbox/row.h"
#include "sandbox/tally.h"

#define PROC_FD_PARENT	3
#define PROC_FD_LINK1	4
#define PROC_FD_LINK2	5
#define PROC_FD_SHM1	6	/* memory of the link on 4, until mapped */
#define PROC_FD_SHM2	7	/* of that on 5 */

#define STATUS_CONFIG	2	/* exit: an error of the configuration */
#define PROC_STOP_SECONDS	2

struct proc;

struct proc_ops {
	enum role	 role;
	/*
	 * netmond -n and PREPARE: judges the role's part of a configuration,
	 * without side effects. -1 with a text. May be NULL.
	 */
	int		(*check)(struct proc *, const struct conf *, char *why,
			    size_t);
	/*
	 * Before the jail; not called when proc->check. Fatal on error (or
	 * proc_exit with a status of UX 7 that the parent passes on). The
	 * role's state is proc->state.
	 */
	void		(*init)(struct proc *);
	/* After the jail: only add events. */
	void		(*run)(struct proc *);
	/* Flush; call proc_bye when drained, within PROC_STOP_SECONDS. */
	void		(*stop)(struct proc *);
	/* A new configuration is in force (proc->conf); the old one is freed
	   afterwards. */
	void		(*commit)(struct proc *, const struct conf *old);
	/* Once a second and before TALLY is sent: set gauges, send SAVEs. */
	void		(*tick)(struct proc *);
	/* A fresh neighbour is there (at start too): forget the old one and
	   send again what it must know. */
	void		(*linked)(struct proc *, enum role peer);
	/* A saved slot of an earlier generation, before run. */
	void		(*restore)(struct proc *, const struct msg_slot *);
	/* The queue to a neighbour is under its mark again. */
	void		(*drained)(struct proc *, enum role peer);
	const struct handler *from[ROLE_MAX];
};

struct proc {
	const struct proc_ops *ops;
	struct event_base *base;
	struct chan	*chan[ROLE_MAX];	/* PARENT and the neighbours */
	bool		 linked[ROLE_MAX];	/* data may be sent there */
	struct conf	*conf;
	struct msg_hello hello;
	struct tally	 tally;
	struct hash_key	 seed;		/* random; fixed under -r */
	uint32_t	 generation;
	bool		 check;			/* netmond -n */
	bool		 stopping;
	void		*state;			/* the role's own */
	struct proc_priv *priv;
};

/* The whole program of a role; returns its exit status. */
int		 proc_main(int argc, char **argv, const struct proc_ops *);

/* Sends TALLY now: before an answer that shows counters. */
void		 proc_send_tally(struct proc *);
/* Last TALLY, BYE, end of the loop with status 0. */
void		 proc_bye(struct proc *);
/* The text to the log, then the end of the process with that status. */
void		 proc_exit(struct proc *, int status, const char *fmt, ...)
		    PRINTFLIKE(3, 4) NORETURN;
/*
 * The input (file of -r) is cut, corrupt or foreign: netmond says the text
 * and ends with status 1, after the report of what was read before.
 */
void		 proc_bad_input(struct proc *, const char *fmt, ...)
		    PRINTFLIKE(2, 3);
/* Asks the parent for MONITOR lines: type as in `netmonctl monitor`. */
void		 proc_monitor(struct proc *, const char *type, const char *fmt,
		    ...) PRINTFLIKE(3, 4);
/* The event loop of any of our programs: without locks, deaf to the
   environment. Never NULL. */
struct event_base *proc_event_base(void);
/*
 * First of all in a program that strangers start: descriptors 0 to 2 that
 * were closed are taken, so that no socket gets their numbers. What is
 * written to one or read from it fails as before.
 */
void		 proc_standard_fds(void);
/* Monotonic and wall clock in microseconds. */
uint64_t	 proc_mono_us(void);
uint64_t	 proc_wall_us(void);

#endif
