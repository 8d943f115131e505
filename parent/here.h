/*
 * here: what a configuration names and this machine lacks, for netmond -n.
 * It is no error, as a configuration may be checked where it will not run.
 */
#ifndef PARENT_HERE_H
#define PARENT_HERE_H

#include <sys/types.h>

#include <stdbool.h>

#include "sandbox/conf.h"

/*
 * A user of /etc/passwd: the jail of the parent, which asks later, is out of
 * reach of name services.
 */
bool		 here_user(const char *name, uid_t *, gid_t *);
/* Likewise a group of /etc/group. */
bool		 here_group(const char *name, gid_t *);
/*
 * Tells each record or log that could not be written by the user that netmond
 * becomes, and each user of a hook that is not known. Files are judged by
 * root and by that user only. Not in the jail.
 */
void		 here_look(const struct conf *, conf_fault_fn *, void *arg);

#endif
