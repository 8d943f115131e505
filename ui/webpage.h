/*
 * webpage: the pages of netmonweb(8): what every page has around what is asked
 * for, and those that say why there is nothing. Pure.
 */
#ifndef UI_WEBPAGE_H
#define UI_WEBPAGE_H

#include "ui/doc.h"
#include "ui/out.h"
#include "ui/view.h"
#include "ui/weburl.h"

#define WEBPAGE_REFRESH	5	/* seconds */
#define WEBPAGE_EVENTS	10	/* the last ones, where they are shown */

/* Whether the page of a subject shows what happened, too. */
bool		 webpage_has_events(const struct view_subject *);

/* The whole page of a document; node: the name of this machine. */
void		 webpage_draw(struct out *, const struct weburl *,
		    const char *node, const struct view_subject *,
		    const struct doc *);
/*
 * A page with a line for the user; again: it may be better in a moment. u may
 * be one that was not understood.
 */
void		 webpage_sorry(struct out *, const struct weburl *,
		    const char *node, const char *why, bool again);

#endif
