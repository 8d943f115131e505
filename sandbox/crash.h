/*
 * crash: the last words of a process. A handler on its own stack sends role,
 * signal, fault address and the number of the last packet as a CRASH frame,
 * then lets the signal do what it would have done. Signal-safe; nothing is
 * allocated. The one module with state of its own besides log: a signal
 * handler has no argument.
 */
#ifndef SANDBOX_CRASH_H
#define SANDBOX_CRASH_H

#include <stdint.h>

#include "sandbox/role.h"

extern volatile uint64_t	 crash_packet;

/* Before the jail. fd is the channel to the parent. */
void	 crash_init(int fd, enum role, uint32_t generation);

/* The packet that is being looked at from now on. */
static inline void
crash_mark(uint64_t packet)
{
	crash_packet = packet;
}

#endif
