/*
 * why: the answer to "why do I see nothing": steps from the interfaces to
 * the requests, each ok or a cause, for the connections that fit the words.
 */
#ifndef ANALYZER_WHY_H
#define ANALYZER_WHY_H

#include "analyzer/rows.h"

void	 why_answer(struct rows *);

#endif
