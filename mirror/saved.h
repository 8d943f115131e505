/*
 * saved: what must outlive this process, as slots with the parent: the open
 * recorded connections, and the counters of each mirror. A fresh mirror gets
 * them back as RESTORE.
 *
 * Slots gather in a buffer of their own during a frame, because log lines and
 * questions to the parent may come in between. While the parent does not read
 * they are only noted; what they hold by then is sent when it reads again.
 */
#ifndef MIRROR_SAVED_H
#define MIRROR_SAVED_H

#include "mirror/state.h"
#include "sandbox/msg.h"

void	 saved_init(struct mirror_state *);
/* What has gathered. */
void	 saved_send(struct mirror_state *);
/* What could not be sent before. */
void	 saved_again(struct mirror_state *);
/* Which line comes next in each event log; before a reload there were nold. */
void	 saved_logs(struct mirror_state *, size_t nold);
/* Before they are shown, so that none that was seen ever goes back. */
void	 saved_counters(struct mirror_state *);
/* Those of mirrors that are no more: there were nold. */
void	 saved_forget(struct mirror_state *, size_t nold);
void	 saved_restore(struct mirror_state *, const struct msg_slot *);

#endif
