/*
 * why: the live connections that fit some words, as rows or as an answer to
 * "why do I see nothing".
 */
#ifndef ANALYZER_WHY_H
#define ANALYZER_WHY_H

#include "analyzer/rows.h"

void	 why_flows(struct rows *);
void	 why_answer(struct rows *);

#endif
