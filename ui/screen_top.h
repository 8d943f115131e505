/*
 * screen_top: the first page of netmonctl top, and the list of last events
 * that another page has too.
 */
#ifndef UI_SCREEN_TOP_H
#define UI_SCREEN_TOP_H

#include "ui/pen.h"

void	 screen_top(struct pen *);
/* A rule and the last events, newest first; nothing without any. */
void	 screen_events(struct pen *, size_t max);

#endif
