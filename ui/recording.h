/*
 * recording: recordings as pieces of what clients sent, in the order of time,
 * and each connection's pieces as a chain. Files stay mapped: pieces point
 * into them. Without memory it ends the program.
 */
#ifndef UI_RECORDING_H
#define UI_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mirror/record.h"
#include "mirror/reply.h"

struct piece {
	uint64_t	 ts_us;
	const uint8_t	*p;
	uint32_t	 len;
	uint32_t	 conn;		/* index */
	uint32_t	 next;		/* of the same connection, 0 none */
	bool		 start;		/* a request begins here */
	bool		 fresh;		/* behind a gap: of what was sent the
					   end is not known */
};

struct recorded {
	char		 key[2 * RECORD_ADDR_MAX];	/* from, then to */
	uint32_t	 hash_next;	/* index + 1 */
	uint32_t	 first;		/* index + 1 of pieces */
	uint32_t	 last;
	uint64_t	 last_us;
	bool		 messages;	/* each piece is a whole one */
};

/* A line about a gap in what a client sent. */
struct recorded_gap {
	char		 key[2 * RECORD_ADDR_MAX];
	uint64_t	 next_us;	/* what came then is there again */
};

struct recording {
	struct piece	*piece;
	size_t		 npieces;
	size_t		 piece_room;
	struct recorded	*conn;
	size_t		 nconns;
	size_t		 conn_room;
	uint32_t	*bucket;
	size_t		 nbuckets;
	uint64_t	 requests;
	uint64_t	 status[REPLY_STATUS];	/* of recorded answers */
	uint64_t	 gaps;		/* lines about gaps */
	struct recorded_gap *gap;	/* those that have an end */
	size_t		 ngaps;
	size_t		 gap_room;
	uint64_t	 first_us;	/* of the records of the last file */
	uint64_t	 last_us;
	uint64_t	 cut;		/* files that end in the middle */
};

/* One more file. 0, or an exit status, with the reason on stderr. */
int		 recording_read(struct recording *, const char *file);
/* reallocarray(3) that ends the program. */
void		*recording_room(void *, size_t n, size_t size);
/* After the last file. */
void		 recording_arrange(struct recording *);

#endif
