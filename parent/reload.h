/*
 * reload: read, check, PREPARE to all; COMMIT when all are PREPARED; one
 * REFUSED, lost or silent child means ABORT everywhere, and the running
 * configuration was never touched. A child that is not running at the start is
 * waited for.
 *
 * A state machine without channels: supervise gives it what children said
 * and does what it asks through struct reload_ops. One reload at a time.
 */
#ifndef PARENT_RELOAD_H
#define PARENT_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/parse.h"
#include "sandbox/conf.h"
#include "sandbox/role.h"

#define RELOAD_WAIT_US	(5 * 1000 * 1000)	/* for all to be PREPARED */
#define RELOAD_AWAY_US	(4 * 1000 * 1000)	/* for all to be running */
#define RELOAD_LINES_MAX	1024

/* Texts, one per line, without newlines. */
struct reload_lines {
	char		**v;
	size_t		 n;
};

/* The end of a reload. Lines live as long as the call of ops->done. */
struct reload_result {
	bool		 ok;
	struct conf	*conf;		/* ok: in force now, the callee's to
					   free; else NULL */
	unsigned	 restart;	/* ok: 1 << role for each child whose
					   jail does not fit any more */
	uint64_t	 cookie;	/* of reload_start: who asked */
	const char	*path;
	struct reload_lines errors;	/* not ok: at least one */
	struct reload_lines changes;	/* ok: "- old" and "+ new" lines */
};

struct reload_ops {
	/* Reads a file, adds the command line's options to it, checks it;
	   NULL after telling say each error; what capture is to judge
	   then through *rest, or NULL. Usually parse_conf. */
	struct conf	*(*load)(const char *path, struct conf **rest,
			    parse_say_fn *say, void *say_arg, void *arg);
	/* Sends CONF and PREPARE; -1 when the role is not running now. */
	int		(*prepare)(enum role, const struct conf *, void *arg);
	void		(*commit)(enum role, void *arg);
	void		(*abort)(enum role, void *arg);
	/* It did not answer: a fresh one shall, next time. */
	void		(*silent)(enum role, void *arg);
	/* Called once for each reload_start that returned 0. */
	void		(*done)(const struct reload_result *, void *arg);
};

struct reload;

struct reload	*reload_new(const struct reload_ops *, void *arg);
void		 reload_free(struct reload *);

/*
 * Begins; running is what is in force and stays the caller's. -1 when a
 * reload is under way. done may be called before this returns.
 */
int		 reload_start(struct reload *, const char *path,
		    const struct conf *running, uint64_t cookie,
		    uint64_t now_us);
bool		 reload_busy(const struct reload *);
/* A child runs: if it is waited for, it is asked now. */
void		 reload_fresh(struct reload *, enum role, uint64_t now_us);
/* What children answered. Answers that nobody waits for are ignored. */
void		 reload_prepared(struct reload *, enum role);
void		 reload_refused(struct reload *, enum role, const char *why);
void		 reload_lost(struct reload *, enum role);
/* Call about once a second while busy. */
void		 reload_tick(struct reload *, uint64_t now_us);

/* Lines of new that old has not ("+ ...") and the reverse ("- ..."). */
int		 reload_changes(const struct conf *old, const struct conf *new,
		    struct reload_lines *);
void		 reload_lines_clear(struct reload_lines *);
/* 1 << role for each child that must be started anew to get from a to b. */
unsigned	 reload_restarts(const struct conf *a, const struct conf *b);
/* What cannot change in a running daemon; -1 with a text. */
int		 reload_possible(const struct conf *a, const struct conf *b,
		    char *why, size_t size);

#endif
