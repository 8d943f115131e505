/*
 * listen: the address of the control socket: its folder, its owner, and the
 * certainty that no other daemon answers there.
 */
#ifndef PARENT_LISTEN_H
#define PARENT_LISTEN_H

#include <stddef.h>

#include "sandbox/priv.h"

/*
 * Binds and listens, as root before the drop where we are root: a stale
 * socket is removed, one that answers is not (-1, status 71). The folder is
 * made when it is missing. The group of the socket is p->extra.
 */
int		 listen_open(const char *path, const struct priv *p,
		    char *why, size_t);

#endif
