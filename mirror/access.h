/*
 * access: an http event as a line of a web server's access log, which log
 * readers such as goaccess know. Pure.
 */
#ifndef MIRROR_ACCESS_H
#define MIRROR_ACCESS_H

#include <stdbool.h>

#include "mirror/line.h"
#include "sandbox/msg.h"

/* NCSA common log format; combined adds referer and agent. */
void		 access_line(struct line *, const struct msg_event *,
		    bool combined);

#endif
