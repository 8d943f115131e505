/*
 * backlog: the bytes of one outgoing connection, and the answers to the
 * requests in them. From kept to off they are sent and kept until their
 * requests are answered, so that they can be sent again; from off to len
 * they wait. What is kept is bounded: per connection, of all together, and
 * in requests; past it a connection forgets what it has sent, until all of
 * it is answered. Pure.
 *
 * kept <= off <= len <= room. The sums of all connections are the owner's.
 * There are thousands, most of them idle: room goes when nothing needs it.
 */
#ifndef MIRROR_BACKLOG_H
#define MIRROR_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mirror/reply.h"

#define BACKLOG_KEEP		65536	/* bytes, of one connection */
#define BACKLOG_KEEP_REQUESTS	512

struct backlog {
	struct reply	 answer;
	bool		 keeps;		/* what is not answered yet */
	uint8_t		*buf;
	size_t		 kept;
	size_t		 off;
	size_t		 len;
	size_t		 room;
	uint64_t	 start;		/* of buf, in the connection */
	uint64_t	*head;		/* of request i, at i modulo the room */
	size_t		 head_room;
	uint64_t	*all_queued;	/* bytes that wait, of all */
	uint64_t	*all_kept;
	uint64_t	 keep_max;	/* of all */
};

void		 backlog_init(struct backlog *, uint64_t *all_queued,
		    uint64_t *all_kept, uint64_t keep_max);
void		 backlog_clear(struct backlog *);

/* Room for n more bytes; -1 without memory. */
int		 backlog_room(struct backlog *, size_t n);
/* n bytes that there is room for. */
void		 backlog_add(struct backlog *, const uint8_t *, size_t n);
/* A request begins with the bytes that are added next. */
void		 backlog_asked(struct backlog *, const uint8_t *, size_t n);

/*
 * Where the bytes end that may be sent now. batch: the target closes after
 * so many answers and is not sent more at once; 0: no such target.
 */
size_t		 backlog_end(const struct backlog *, uint64_t batch);
void		 backlog_sent(struct backlog *, size_t n);
/* How many bytes of the connection have been sent, and were added. */
uint64_t	 backlog_sent_to(const struct backlog *);
uint64_t	 backlog_added_to(const struct backlog *);
/* Nothing is kept or waits: the room may go. */
void		 backlog_shrink(struct backlog *);
/* After answers: what is answered is not kept any more. */
void		 backlog_release(struct backlog *);

/* Bytes from the first request without an answer on, and the sent of them. */
size_t		 backlog_open(const struct backlog *);
size_t		 backlog_again(const struct backlog *);
/*
 * Those requests, added to another one with room for them; how many of them
 * had been sent. keeps must hold.
 */
uint64_t	 backlog_copy_open(struct backlog *, const struct backlog *);

#endif
