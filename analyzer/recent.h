/*
 * recent: a ring of the last requests with their responses, in a fixed number
 * of bytes. The oldest make room; how many is counted. Texts are raw bytes
 * that have passed the privacy block.
 */
#ifndef ANALYZER_RECENT_H
#define ANALYZER_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/addr.h"
#include "sandbox/mem.h"
#include "sandbox/msg.h"

struct recent_tx {
	uint64_t	 ts_us;
	uint64_t	 flow_id;
	uint64_t	 first_us;
	uint64_t	 last_us;
	uint64_t	 req_body;
	uint64_t	 resp_body;
	uint32_t	 status;
	bool		 gap;
	bool		 upgraded;
	struct msg_span	 iface;
	struct endpoint	 client;
	struct endpoint	 server;
	struct msg_span	 method;
	struct msg_span	 host;
	struct msg_span	 uri;
	struct msg_span	 tag;
	struct msg_span	 version;
};

struct recent {
	struct mem	*mem;
	uint8_t		*ring;
	size_t		 size;
	size_t		 tail;		/* the oldest record */
	size_t		 used;
	uint64_t	 n;		/* records held */
	uint64_t	 dropped;
};

/* size 0, or no memory: nothing is kept. */
void		 recent_init(struct recent *, struct mem *, size_t size);
void		 recent_clear(struct recent *);
void		 recent_put(struct recent *, const struct recent_tx *);
/*
 * Reads the record at *cursor (0: the oldest) and moves on; false at the
 * end. Texts point into scratch of RECENT_MAX bytes.
 */
#define RECENT_HOST	4096	/* longer texts are cut */
#define RECENT_URI	8192
#define RECENT_MAX	16384	/* of one record */
bool		 recent_next(const struct recent *, size_t *cursor,
		    uint8_t scratch[RECENT_MAX], struct recent_tx *);

#endif
