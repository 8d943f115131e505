/*
 * pseudo: headers that were never on a wire: what a capturing system writes
 * in front of a frame. Private to packet.
 */
#ifndef ANALYZER_PSEUDO_H
#define ANALYZER_PSEUDO_H

#include "analyzer/layer.h"

enum layer	 pseudo_ppi(struct cursor *);
enum layer	 pseudo_pktap(struct cursor *);
enum layer	 pseudo_pflog(struct cursor *);
enum layer	 pseudo_nflog(struct cursor *);
enum layer	 pseudo_erf(struct cursor *);

#endif
