/*
 * sink_answer: what a target says: the events of an outgoing connection. Its
 * answers are counted and let go what was kept for them; when it closes, what
 * it has not looked at goes on over a new connection.
 */
#ifndef MIRROR_SINK_ANSWER_H
#define MIRROR_SINK_ANSWER_H

#include "mirror/sink_out.h"

/* arg is the struct sink_out. */
void	 sink_readable(evutil_socket_t, short, void *arg);
void	 sink_writable(evutil_socket_t, short, void *arg);

#endif
