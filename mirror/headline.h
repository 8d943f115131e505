/*
 * headline: the header lines of a whole head, one after the other, for those
 * who look for one by its name. Pure; what two servers may read differently
 * is the caller's to judge.
 */
#ifndef MIRROR_HEADLINE_H
#define MIRROR_HEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The next header line of a head at p: its length with the end of line and
 * folded lines that follow it; 0 at the end. *name is the length of its
 * name. A lone CR ends a line too, as lax servers read it. start: it is the
 * start line, which nothing continues: a folded line behind it is a header to
 * servers that do not refuse it (RFC 9112, 2.2).
 */
size_t		 headline_next(const uint8_t *p, size_t n, bool start,
		    size_t *name);
bool		 headline_is_blank(uint8_t);
/* Whether the name of a line is this one, in any case. */
bool		 headline_is(const uint8_t *p, size_t n, const char *name);

#endif
