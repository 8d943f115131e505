/*
 * passed: what the parent passes: the files that were asked for, and the
 * programs that attach as hooks. A provider is made when the configuration
 * names it first and stays.
 */
#ifndef MIRROR_PASSED_H
#define MIRROR_PASSED_H

#include "mirror/state.h"

void		 passed_want(struct mirror_state *, enum msg_file_kind,
		    unsigned index, bool rotate);
int		 passed_on_file(struct chan *, struct frame *, void *);

int		 passed_on_provider(struct chan *, struct frame *, void *);
/* The one of a hook of this mirror; NULL for no name. */
struct provider	*passed_provider(struct mirror_state *, const char *name,
		    const struct conf_mirror *);

#endif
