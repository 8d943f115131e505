/*
 * offline: a capture file, read from a descriptor that the parent passed.
 *
 * A regular file is read as fast as the other side takes packets; anything
 * else (standard input, a fifo) when it is readable. Back-pressure reaches
 * the file: packet() answers false when it wants no more for now, and
 * offline_resume goes on. offline_enough ends it early.
 */
#ifndef CAPTURE_OFFLINE_H
#define CAPTURE_OFFLINE_H

#include <event2/event.h>
#include <stdbool.h>

#include "capture/savefile.h"
#include "sandbox/conf.h"
#include "sandbox/tally.h"

struct offline;

struct offline_conf {
	struct event_base *base;
	int		 fd;		/* owned from now on */
	bool		 regular;
	const struct conf *conf;	/* filter and services */
	struct tally	*tally;
	/* False: no more for now; this one was taken. */
	bool		(*packet)(void *arg, const struct savefile_packet *);
	void		(*iface)(void *arg, const struct savefile_iface *);
	/* So many more packets of an interface the writer of the file lost. */
	void		(*drops)(void *arg, uint16_t iface, uint64_t n);
	/* Once: why is NULL when the file was whole. */
	void		(*end)(void *arg, const char *why);
	void		*arg;
};

/* Begins paused. NULL without memory. */
struct offline	*offline_new(const struct offline_conf *);
void		 offline_free(struct offline *);
void		 offline_resume(struct offline *);
/*
 * Reads no more: end is told at once, or for what is no regular file when its
 * other end, which may be ending too, has had a moment.
 */
void		 offline_enough(struct offline *);

#endif
