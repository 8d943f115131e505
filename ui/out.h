/*
 * out: text collected in memory and written in one go.
 *
 * Views write here and nowhere else, so a screen is whole or absent, tests
 * read it back, and the renderer in its jail needs no stdio. Documents, which
 * may have megabytes, go out piece by piece instead (out_stream). The struct
 * owns its memory until out_clear. When memory runs out err is set, the text
 * stays as it was, and out_flush fails.
 */
#ifndef UI_OUT_H
#define UI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/vis.h"

#define OUT_PIECE	(128 << 10)

struct out {
	char	*p;		/* always terminated once something was put */
	size_t	 len;
	size_t	 cap;
	int	 fd;		/* of out_stream; 0: none */
	int	 why;		/* errno behind err; 0: no memory */
	bool	 err;
};

void	 out_init(struct out *);
void	 out_clear(struct out *);
/* Forgets the text, keeps the memory. */
void	 out_reset(struct out *);
/*
 * From now on text goes to a descriptor whenever OUT_PIECE bytes are there;
 * what cannot be written is an error that out_flush tells.
 */
void	 out_stream(struct out *, int fd);
/* Takes back what was put after len bytes; not after out_stream. */
void	 out_cut(struct out *, size_t len);

/* Makes room for n more bytes and the terminator; false without memory. */
bool	 out_room(struct out *, size_t n);
/* n bytes that the caller writes at once; NULL without memory. */
static inline char *
out_space(struct out *o, size_t n)
{
	char	*p;

	if ((o->err || n >= o->cap - o->len) && !out_room(o, n))
		return NULL;
	p = o->p + o->len;
	o->len += n;
	o->p[o->len] = '\0';
	return p;
}
static inline void
out_put(struct out *o, const void *src, size_t n)
{
	char	*p = out_space(o, n);

	if (p != NULL && n > 0)
		memcpy(p, src, n);
}

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
