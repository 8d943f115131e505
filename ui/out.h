/*
 * out: text collected in memory and written in one go.
 *
 * Views write here and nowhere else, so a screen is whole or absent, tests
 * read it back, and the renderer in its jail needs no stdio. The struct owns
 * its memory until out_clear. When memory runs out err is set, the text
 * stays as it was, and out_flush fails.
 */
#ifndef UI_OUT_H
#define UI_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/compat.h"
#include "sandbox/vis.h"

struct out {
	char	*p;		/* always terminated once something was put */
	size_t	 len;
	size_t	 cap;
	bool	 err;
};

void	 out_init(struct out *);
void	 out_clear(struct out *);
/* Forgets the text, keeps the memory. */
void	 out_reset(struct out *);
/* Takes back what was put after len bytes. */
void	 out_cut(struct out *, size_t len);

void	 out_put(struct out *, const void *, size_t);
void	 out_str(struct out *, const char *);
void	 out_char(struct out *, char, size_t times);
void	 out_printf(struct out *, const char *, ...) PRINTFLIKE(2, 3);
/* Bytes from outside, through the escaping writer, however long. */
void	 out_vis(struct out *, enum vis_form, const void *, size_t);

/*
 * Writes everything to a descriptor and resets. -1 with errno; EPIPE when
 * the reader is gone (the caller ignores SIGPIPE).
 */
int	 out_flush(struct out *, int fd);

#endif
