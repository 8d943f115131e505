/*
 * flowfirst: the bytes of a half that another place than its home showed
 * first, which is where they count: until the home has shown them, too. Private
 * to flow and its parts.
 */
#ifndef ANALYZER_FLOWFIRST_H
#define ANALYZER_FLOWFIRST_H

#include <stdbool.h>

#include "analyzer/flowseg.h"

/* Another place shows bytes that are new; the flow has its extra. */
void		 flowfirst_note(struct seg *);
/* The home shows bytes; whether another place did before. */
bool		 flowfirst_shown(struct seg *);

#endif
