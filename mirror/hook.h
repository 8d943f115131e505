/*
 * hook: what may change or drop a mirrored chunk.
 *
 * Forward and record each run their own chain over the same const chunk and
 * get their own result, so neither sees what the other did. The built-in
 * hooks are pure. A hook works on whole heads (framer.h) and on what lies
 * between them; it may not keep spans, and writes only into the buffer that
 * it is given, which grows to HOOK_BUF_MAX.
 */
#ifndef MIRROR_HOOK_H
#define MIRROR_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mirror/framer.h"
#include "sandbox/conf.h"
#include "sandbox/hookmsg.h"
#include "sandbox/msg.h"

#define HOOK_BUF_MAX	(256 * 1024)
#define HOOK_CHAIN_MAX	4

enum hook_side { HOOK_FORWARD, HOOK_RECORD, HOOK_SIDES };

enum hook_verdict {
	HOOK_KEEP,	/* as it is */
	HOOK_CHANGED,	/* keep, with the bytes in out */
	HOOK_DROP,	/* without a word */
	HOOK_HIDE,	/* not to be passed on: a hole, to be told */
	HOOK_FAIL	/* the error policy decides */
};

/* As a provider gets them. */
#define CHUNK_GAP	HOOKMSG_GAP
#define CHUNK_TRUNCATED	HOOKMSG_TRUNCATED
#define CHUNK_LAST	HOOKMSG_LAST

struct chunk {
	const uint8_t	*data;
	size_t		 len;
	const struct endpoint *from;
	const struct endpoint *to;
	const char	*iface;
	int32_t		 vlan;
	uint8_t		 dir;		/* enum stream_dir */
	uint8_t		 part;		/* enum framer_part */
	uint8_t		 flags;		/* CHUNK_* */
	uint64_t	 seen_us;
	uint64_t	 flow;
	uint64_t	 offset;	/* of its first original byte */
	uint64_t	 id;		/* of its message */
	uint64_t	 asked;		/* of the request it is or is of, 0:
					 * nobody is sure, or of its end */
};

struct hook_buf {
	uint8_t		*p;
	size_t		 room;
};

struct hook_ops {
	const char	*name;
	/* Whether the configuration asks for it on a side. */
	bool		(*wanted)(const struct conf_mirror *, enum hook_side);
	/* Whether a connection is taken at all; NULL: yes. */
	bool		(*connection)(const struct conf_mirror *,
			    const struct endpoint *client,
			    const struct endpoint *server);
	/* NULL: keep. CHANGED: *data and *len are set. */
	enum hook_verdict (*chunk)(const struct conf_mirror *, enum hook_side,
			    const struct chunk *, struct hook_buf *,
			    const uint8_t **data, size_t *len);
};

extern const struct hook_ops	 hook_direction;
extern const struct hook_ops	 hook_sample;
extern const struct hook_ops	 hook_strip_header;
extern const struct hook_ops	 hook_set_header;

/* The hooks of one side of one mirror, in the order of the table. */
struct hook_chain {
	const struct conf_mirror *conf;
	enum hook_side	 side;
	const struct hook_ops *hook[HOOK_CHAIN_MAX];
	struct hook_buf	 buf[HOOK_CHAIN_MAX];
	size_t		 n;
};

void		 hook_chain_init(struct hook_chain *,
		    const struct conf_mirror *, enum hook_side);
void		 hook_chain_clear(struct hook_chain *);
bool		 hook_chain_connection(const struct hook_chain *,
		    const struct endpoint *client,
		    const struct endpoint *server);
/* Runs all. A chunk that they change is replaced by one in room. */
enum hook_verdict hook_chain_run(struct hook_chain *,
		    const struct chunk **, struct chunk *room);

/* At least n bytes of room, or -1. For hooks. */
int		 hook_buf_room(struct hook_buf *, size_t n);

#endif
