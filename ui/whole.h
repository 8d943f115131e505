/*
 * whole: a file that is written whole or not at all: FILE.new beside it,
 * synced, then renamed. One that was killed leaves FILE.new, at most, and
 * whoever comes next takes it away; a lock tells whether its writer lives.
 */
#ifndef UI_WHOLE_H
#define UI_WHOLE_H

#include "ui/out.h"

/*
 * 0, or -1 with errno: ENOTSUP when something other than a file would be
 * replaced, EBUSY when another process is writing it.
 */
int	 whole_write(struct out *, const char *path);

#endif
