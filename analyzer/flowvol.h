/*
 * flowvol: what connections brought, gathered until it is told: a packet costs
 * a few additions, and a connection a call now and then. Private to flow and
 * its parts; nothing is gathered without ops->volume.
 */
#ifndef ANALYZER_FLOWVOL_H
#define ANALYZER_FLOWVOL_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/flowtab.h"

/* A packet that counts for half dir; bytes: on the wire. */
void	 flowvol_add(struct flow_table *, struct flow *, int dir,
	    uint32_t bytes);
/* Tells what is gathered of one entry. */
void	 flowvol_tell(struct flow_table *, struct flow *);
/* Of all; those that nothing was said on yet wait, unless young are told. */
void	 flowvol_tell_all(struct flow_table *, bool young);

#endif
