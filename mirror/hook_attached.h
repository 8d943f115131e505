/*
 * hook_attached: programs that came through netmonctl hook.
 *
 * A provider stands for one hook name of the configuration, attached or not.
 * What is to be judged goes in with provider_put and comes out, in the same
 * order, through done(): with the program's verdict, or HOOK_FAIL when
 * nobody is attached, the answer is late, wrong or never comes. Gaps, ends
 * and closes pass through the same queue, so that they stay in their place.
 * An item owns a copy of its bytes until done() returns. A chunk for which
 * the limit has no room is not taken: what was put before it still waits, so
 * its owner puts a gap in its place.
 */
#ifndef MIRROR_HOOK_ATTACHED_H
#define MIRROR_HOOK_ATTACHED_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "mirror/hook.h"
#include "sandbox/hookmsg.h"

#define PROVIDER_CHUNK_MAX	HOOKMSG_DATA_MAX

enum item_kind {
	ITEM_CHUNK,
	ITEM_END,		/* of a message */
	ITEM_GAP,		/* bytes are missing at offset */
	ITEM_CLOSE
};

struct provider_item {
	void		*leg;		/* the owner's */
	uint8_t		 kind;		/* enum item_kind */
	uint8_t		 side;		/* enum hook_side */
	uint8_t		 reason;	/* of a gap: the owner's */
	struct chunk	 chunk;
};

struct provider_conf {
	struct event_base *base;
	const char	*name;
	uint64_t	 timeout_us;
	uint64_t	 limit;		/* bytes that may wait */
	void		(*done)(void *arg, const struct provider_item *,
			    enum hook_verdict);
	void		*arg;
};

struct provider;

struct provider	*provider_new(const struct provider_conf *);
/* Everything that waits fails first. */
void		 provider_free(struct provider *);
/* A new connection (owned); one that is attached is told and let go. */
void		 provider_attach(struct provider *, int fd,
		    const char *mirror, enum hook_side side);
/* A chunk of at most PROVIDER_CHUNK_MAX. -1: there is no room for it. */
int		 provider_put(struct provider *, const struct provider_item *);
void		 provider_tick(struct provider *, uint64_t now_us);
void		 provider_flush(struct provider *);
/* All that waits fails, now. */
void		 provider_give_up(struct provider *);
/* From now on. */
void		 provider_set_limits(struct provider *, uint64_t timeout_us,
		    uint64_t limit);
const char	*provider_name(const struct provider *);
/* Whether a program is there. */
bool		 provider_attached(const struct provider *);
/* Bytes that wait; 0: nothing does. */
uint64_t	 provider_queued(const struct provider *);

#endif
