/*
 * line: one line of text that grows in the caller's bytes, with the words of
 * a JSON object for those who write one. Whatever a stranger sent goes
 * through line_vis, line_strn or line_span, which escape it. A line that does
 * not fit is full, and takes nothing any more. Pure.
 */
#ifndef MIRROR_LINE_H
#define MIRROR_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/compat.h"
#include "sandbox/msg.h"
#include "sandbox/vis.h"

struct line {
	char		*p;
	size_t		 size;
	size_t		 n;
	bool		 full;
	bool		 comma;		/* before the next key */
};

void		 line_put(struct line *, const char *fmt, ...)
		    PRINTFLIKE(2, 3);
void		 line_vis(struct line *, enum vis_form, const void *, size_t);

/* A key, and the { of its object. Keys are constants of the program. */
void		 line_key(struct line *, const char *key);
void		 line_open(struct line *, const char *key);
void		 line_close(struct line *);

/* A key and its value. */
void		 line_num(struct line *, const char *key, uint64_t);
void		 line_double(struct line *, const char *key, double);
void		 line_bool(struct line *, const char *key, bool);
void		 line_str(struct line *, const char *key, const char *);
void		 line_strn(struct line *, const char *key, const void *,
		    size_t);
/* Left out when empty. */
void		 line_span(struct line *, const char *key,
		    const struct msg_span *);
/* Microseconds since 1970 as "2026-11-20T18:30:12.123456+0000". */
void		 line_time(struct line *, const char *key, uint64_t us);

#endif
