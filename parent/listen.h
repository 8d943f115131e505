/*
 * listen: the address of the control socket: its folder, its owner, and the
 * certainty that no other daemon answers there. One that is removed while
 * netmond runs is made again.
 */
#ifndef PARENT_LISTEN_H
#define PARENT_LISTEN_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/conf.h"
#include "sandbox/priv.h"

struct listen {
	char		 path[CONF_PATH_MAX];	/* "": none */
	struct stat	 bound;		/* what we made there */
	struct stat	 other;		/* what lies there and is not ours */
	bool		 lost;		/* and it was told */
};

/*
 * Binds and listens, as root before the drop where we are root: a stale
 * socket is removed, one that answers is not (-1, status 71). The folder is
 * made when it is missing. The group of the socket is p->extra.
 */
int		 listen_open(struct listen *, const char *path,
		    const struct priv *p, char *why, size_t);
/* Clients that ask for the process behind it are told ours from now on. */
void		 listen_mine(int fd);
/*
 * Call once a second, in the jail: a fresh descriptor when the socket had
 * gone and was made again, else -1. What cannot be mended is told once.
 */
int		 listen_again(struct listen *, const struct priv *);
/* At the end: away with it, if it is still ours. */
void		 listen_remove(const struct listen *);

#endif
