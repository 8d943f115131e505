/*
 * collect: what was counted beside the meter since the last look, by
 * interface or in the modules below, is brought to it.
 */
#ifndef ANALYZER_COLLECT_H
#define ANALYZER_COLLECT_H

#include "analyzer/state.h"

void		 collect_iface(struct analyzer *, struct iface *);
void		 collect_all(struct analyzer *);

#endif
