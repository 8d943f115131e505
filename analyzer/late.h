/*
 * late: responses that were seen before their request, oldest first. Private
 * to session and its parts. Memory is the session's.
 */
#ifndef ANALYZER_LATE_H
#define ANALYZER_LATE_H

#include "analyzer/sess.h"

/* NULL: none waits. Valid until the list changes. */
struct resp	*late_front(struct session *s);
/* A copy at the end; false: at the limit of the queue, or no memory. */
bool		 late_put(struct session *s, const struct resp *r);
void		 late_pop(struct session *s);
void		 late_clear(struct session *s);

#endif
