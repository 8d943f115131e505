/*
 * launcher: the one process that may start others.
 *
 * netmond makes every socketpair once and forks the launcher, which keeps the
 * children's ends. A request is a role and a generation, never a path: the
 * programs were opened (O_PATH) before privileges were dropped and are
 * started with execveat. clone(CLONE_PARENT) makes each a child of the
 * parent. The launcher reads no other input and ends with the parent.
 */
#ifndef PARENT_LAUNCHER_H
#define PARENT_LAUNCHER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/priv.h"
#include "sandbox/role.h"

/* What the renderer writes. */
enum launcher_form { LAUNCHER_TEXT, LAUNCHER_JSON, LAUNCHER_CSV,
	LAUNCHER_HTML };

struct launcher {
	pid_t	 pid;			/* 0: it is gone */
	int	 fd;			/* requests, the parent's end */
	int	 channel[ROLE_MAX];	/* parent's ends: roles and renderer */
	int	 program[ROLE_MAX];	/* O_PATH */
	enum launcher_form form;
	bool	 aside;			/* and not to standard output */
	bool	 background;		/* nothing is rendered at the end */
	bool	 large;			/* large pages for the analyzer */
};

/*
 * Opens the programs: beside this one when it lies in a build tree, else in
 * LIBEXECDIR (netmonctl in the folder of netmond). -1 with a text.
 */
int	 launcher_open(struct launcher *, char *why, size_t);
/*
 * Makes the pairs and forks. argv (of main) is overwritten in the launcher to
 * show its name. Only the parent returns; -1 with a text.
 */
int	 launcher_fork(struct launcher *, const struct priv *, int argc,
	    char **argv, char *why, size_t);

#endif
