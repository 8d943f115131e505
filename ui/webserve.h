/*
 * webserve: the half of netmonweb(8) that strangers speak to. It takes a
 * request of HTTP/1, has it answered by the other half, and hands the page on.
 * One request for each connection; what takes too long is closed.
 *
 * Not evhttp: it has no limit of connections, no deadline for a request that
 * comes byte by byte, and no word when one is accepted.
 */
#ifndef UI_WEBSERVE_H
#define UI_WEBSERVE_H

#include <stddef.h>

#include "sandbox/addr.h"

#define WEBSERVE_LISTEN_MAX	8
#define WEBSERVE_NETS_MAX	16
#define WEBSERVE_NAMES_MAX	18	/* 16, and the own ones */

struct webserve_net {
	struct addr	 addr;
	unsigned	 bits;
};

struct webserve_conf {
	int		 listen[WEBSERVE_LISTEN_MAX];	/* not 3 */
	size_t		 nlisten;
	struct webserve_net net[WEBSERVE_NETS_MAX];	/* who may ask */
	size_t		 nnets;
	const char	*node;			/* name of this machine */
	const char	*name[WEBSERVE_NAMES_MAX];	/* others of it */
	size_t		 nnames;
};

/*
 * Enters the jail and serves until the other half, on descriptor 3, is gone:
 * an exit status.
 */
int		 webserve_run(const struct webserve_conf *);

#endif
