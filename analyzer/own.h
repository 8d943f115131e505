/*
 * own: the connections that mirror makes, so that they are not counted: its
 * end with the target, the address of its side perhaps not known. A table of a
 * fixed size; a place is found or not within OWN_PROBE steps. One that has
 * ended stays OWN_LINGER_US for its last packets, or until its place is
 * wanted. Pure.
 */
#ifndef ANALYZER_OWN_H
#define ANALYZER_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/addr.h"

#define OWN_MAX		65536
#define OWN_PROBE	8
#define OWN_LINGER_US	5000000ULL

struct own;

/* For as long as the process lives; NULL without memory. */
struct own	*own_new(void);
/* One is about to begin; -1: there is no place for it. */
int		 own_begin(struct own *, const struct endpoint *source,
		    const struct endpoint *target);
void		 own_end(struct own *, const struct endpoint *source,
		    const struct endpoint *target, uint64_t now_us);
void		 own_end_all(struct own *, uint64_t now_us);
/* False: there never was one. */
bool		 own_any(const struct own *);
/* Whether a connection that began then, in either direction, is one. */
bool		 own_has(const struct own *, const struct flow_key *,
		    uint64_t began_us);

#endif
