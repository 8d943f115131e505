/*
 * log: what a process has to say. A line goes to one callback: in a child it
 * becomes a LOG frame, in the parent a syslog datagram (and stderr with -d).
 * Before log_init it goes to stderr. Lines are lower case, no trailing
 * period, who and what first; text from outside must have passed vis.
 */
#ifndef SANDBOX_LOG_H
#define SANDBOX_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/compat.h"

#define LOG_LINE_MAX	1024

enum log_level {	/* the numbers of syslog(3) */
	LOG_LEVEL_ERR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

typedef void	 log_fn(enum log_level, const char *line, void *arg);

/* Sets where lines go; fn NULL means stderr. */
void	 log_init(log_fn *fn, void *arg);
/* The role's name, put before lines on stderr. */
void	 log_procinit(const char *name);
/* 0 shows no debug lines, 1 does. */
void	 log_setverbose(int);
int	 log_getverbose(void);

void	 log_warn(const char *, ...) PRINTFLIKE(1, 2);	/* with errno text */
void	 log_warnx(const char *, ...) PRINTFLIKE(1, 2);
void	 log_notice(const char *, ...) PRINTFLIKE(1, 2);
void	 log_info(const char *, ...) PRINTFLIKE(1, 2);
void	 log_debug(const char *, ...) PRINTFLIKE(1, 2);
/* A line of a child, which has judged its level already. */
void	 log_relay(enum log_level, const char *, ...) PRINTFLIKE(2, 3);
/* Logs and ends the process with status 1. */
void	 fatal(const char *, ...) PRINTFLIKE(1, 2) NORETURN;
void	 fatalx(const char *, ...) PRINTFLIKE(1, 2) NORETURN;

/*
 * A limit for lines that traffic can cause: true when the line may be said
 * now. *missed gets the number of lines held back since the last one.
 */
struct log_rate {
	uint64_t	 next_us;
	uint64_t	 held;
};
bool	 log_allowed(struct log_rate *, uint64_t now_us, uint64_t every_us,
	    uint64_t *missed);
/* The same for up to burst lines at a time; then one each every_us. */
bool	 log_burst(struct log_rate *, uint64_t now_us, uint64_t every_us,
	    unsigned burst, uint64_t *missed);

/*
 * What may fail and come back many times has a line for the failure and one
 * for its end, never the second without the first. A failure that lasts or
 * returns is said after 10 s, then after twice as long each time, up to 10
 * minutes; one that was away for that long is news again. Zeros begin.
 */
struct log_trouble {
	uint64_t	 next_us;
	uint64_t	 wait_us;
	uint64_t	 ended_us;	/* 0: it lasts */
	bool		 told;
};
/* true when the line may be said; now_us is monotonic and not 0. */
bool	 log_trouble(struct log_trouble *, uint64_t now_us);
bool	 log_trouble_over(struct log_trouble *, uint64_t now_us);

#endif
