/*
 * community: the Community ID of a connection (version 1, seed 0), by which
 * other tools find the same one: base64 of a SHA-1. Pure.
 */
#ifndef MIRROR_COMMUNITY_H
#define MIRROR_COMMUNITY_H

#include "sandbox/addr.h"

#define COMMUNITY_MAX	33	/* "1:", 28 characters of base64, NUL */

#define COMMUNITY_TCP	6
#define COMMUNITY_UDP	17

/* Of a connection of that protocol; either end may come first. */
void		 community_id(char out[COMMUNITY_MAX], uint8_t proto,
		    const struct endpoint *, const struct endpoint *);

#endif
