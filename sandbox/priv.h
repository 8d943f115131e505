/*
 * priv: users and capabilities, in the order that LINUX.md measured.
 *
 * Three ways of starting:
 *   root      everything but CAP_NET_RAW is dropped, the user is changed
 *   ambient   a service manager or setpriv gave CAP_NET_RAW to a plain user
 *   none      -r and -n: nothing is needed; what is there is thrown away
 *
 * priv_drop leaves CAP_NET_RAW in every set (and CAP_SETPCAP until
 * priv_parent, when started as root), so that the launcher can be forked;
 * then priv_launcher there and priv_parent here finish the work.
 */
#ifndef SANDBOX_PRIV_H
#define SANDBOX_PRIV_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

enum priv_way { PRIV_ROOT, PRIV_AMBIENT, PRIV_NONE };

/* Exit statuses of UX 7. */
enum priv_status {
	PRIV_OK = 0,
	PRIV_FAILED = 71,	/* user missing, a call that must work failed */
	PRIV_DENIED = 77	/* CAP_NET_RAW is missing */
};

struct priv {
	enum priv_way	 way;
	uid_t		 uid;		/* that the daemon runs as */
	gid_t		 gid;
	gid_t		 extra;		/* group of the control socket */
};

/*
 * Finds out how we were started and whom to become. none: -r, -n. group may
 * be "" (the user's own). Errors leave a text in why.
 */
enum priv_status priv_find(struct priv *, bool none, const char *user,
		    const char *group, char *why, size_t);
/* Gives up all but CAP_NET_RAW, changes the user, no_new_privs, dumpable 0. */
enum priv_status priv_drop(const struct priv *, char *why, size_t);
/* The launcher keeps CAP_NET_RAW in all sets (nothing, started with none). */
int		 priv_launcher(const struct priv *);
/* The parent: every set empty, and the bounding set where that is allowed. */
int		 priv_parent(const struct priv *);
/*
 * A role after exec: capture keeps permitted and effective CAP_NET_RAW when
 * it was given it, everything else is empty. no_new_privs, dumpable 0.
 */
int		 priv_role(bool keep_net_raw);

#endif
