/*
 * slots: what a child wants its successor to know. Opaque bytes by table and
 * number, bounded in number by the message and in bytes by SLOTS_BYTES_MAX.
 */
#ifndef PARENT_SLOTS_H
#define PARENT_SLOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/chan.h"
#include "sandbox/msg.h"

#define SLOTS_BYTES_MAX	(16 * 1024 * 1024)

struct slots {
	struct slot	**table[MSG_SAVE_TABLES];
	size_t		 bytes;
};

void	 slots_clear(struct slots *);
/* Keeps a copy; -1 when there is no room (the old one is kept). */
int	 slots_set(struct slots *, const struct msg_slot *);
/* The first slot of m's table at or after its number; false: no more. */
bool	 slots_next(const struct slots *, struct msg_slot *m);
/* RESTORE frames; the last one, which may be empty, without FRAME_MORE. */
void	 slots_send(const struct slots *, struct chan *);

#endif
