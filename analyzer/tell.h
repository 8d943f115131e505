/*
 * tell: what a complete head means: it is reported, queued or paired, and
 * says how the body is framed and whether HTTP goes on after it.
 */
#ifndef ANALYZER_TELL_H
#define ANALYZER_TELL_H

#include "analyzer/sess.h"

void		 tell_end(struct session *s, struct dir *d, uint64_t off,
		    uint64_t ts);
/* A head is complete; off is where it ends. */
void		 tell_head(struct session *s, struct dir *d,
		    const struct http_head *h, uint64_t off, uint64_t ts);

#endif
