/*
 * program: the program that netmonctl hook runs, on two pipes: started, fed
 * and read without blocking, and started anew with a back-off when it ends or
 * does wrong. What waits for it and what it has said are bytes that the
 * caller adds and takes.
 */
#ifndef UI_PROGRAM_H
#define UI_PROGRAM_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM_OUT_HIGH	(1024 * 1024)	/* no more is put */
#define PROGRAM_IN_MAX	(512 * 1024)	/* of a line or frame it writes */

struct bytes {
	uint8_t		*p;
	size_t		 len;
	size_t		 room;
};

/* -1: no memory, nothing was added. */
int	 bytes_add(struct bytes *, const void *, size_t);
/* The first n go. */
void	 bytes_cut(struct bytes *, size_t n);

struct program {
	char		**argv;
	const char	*name;		/* of the hook */
	pid_t		 pid;		/* 0: not running */
	int		 to;
	int		 from;
	uint64_t	 started_ms;
	uint64_t	 next_ms;	/* not before it is started again */
	uint64_t	 delay_ms;
	uint64_t	 moved_ms;	/* took something, or nothing waits */
	struct bytes	 out;
	struct bytes	 in;
};

uint64_t program_now_ms(void);
/* Later again when it cannot be started. */
void	 program_start(struct program *);
/* It is ended; nothing that waits for it is kept. */
void	 program_end(struct program *);
/* The same, and why is said: it will be started again. */
void	 program_lost(struct program *, const char *why);
/* Whether it takes enough for more to be put into out. */
bool	 program_keeps_up(const struct program *);
/* NULL, or why it must be given up. */
const char *program_read(struct program *);
const char *program_write(struct program *);
/* The same, of one that has not read for long. */
const char *program_stalled(struct program *);

#endif
