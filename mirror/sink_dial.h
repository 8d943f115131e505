/*
 * sink_dial: opens the connections of a sink_tcp: the back-off of a target
 * that is away, the wait for a free socket, source address and tuple, the
 * dial. A target that refuses or is silent is dialled by one connection at a
 * time.
 */
#ifndef MIRROR_SINK_DIAL_H
#define MIRROR_SINK_DIAL_H

#include "mirror/sink_out.h"

/* Whether one may be opened now; else why not. */
bool		 dial_allowed(const struct sink_tcp *, enum sink_lost *why);
/* One in no list: dials when a socket is free, else it waits. May end. */
void		 dial_or_wait(struct sink_out *);
/* The next ones that wait for a socket. May end any that waits. */
void		 dial_waiting(struct sink_tcp *);
/* Its socket is writable: 0, or -1 and it has ended. */
int		 dial_done(struct sink_out *);
void		 dial_failed(struct sink_out *, enum sink_lost, int error);

#endif
