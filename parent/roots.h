/*
 * roots: where the files that are written may lie. Pure.
 */
#ifndef PARENT_ROOTS_H
#define PARENT_ROOTS_H

#include <stddef.h>

#include "sandbox/conf.h"

#define ROOTS_MAX	3

/*
 * The folders in which records and logs may lie: that of the control socket,
 * CONF_STATE_DIR and CONF_LOG_DIR. The parent's Landlock uses the same.
 */
struct roots {
	char		 dir[ROOTS_MAX][CONF_PATH_MAX];
	size_t		 n;
};
void		 roots_of(const struct conf *, struct roots *);
/*
 * netmond -n and reload: tells each path that holds ".." or lies outside the
 * roots, with its entry. Under -r (conf->offline) any path may be used. The
 * number of bad ones.
 */
size_t		 roots_check(const struct conf *, conf_fault_fn *,
		    void *arg);
/* The folder of a path, "/" at least. */
void		 roots_folder(const char *path, char *dir, size_t size);
/* What is wrong with a path, NULL nothing. */
const char	*roots_fault(const struct conf *, const struct roots *,
		    const char *path);

#endif
