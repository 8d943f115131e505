/*
 * hpack: header fields of HTTP/2 out of the blocks of one direction (RFC
 * 7541). Blocks must be given whole, in order, and all of them: what one says
 * may stand for something in all later ones.
 *
 * The table follows the size that the blocks themselves announce, up to
 * HPACK_TABLE_MAX; what the reader of them has allowed is his affair. Of what
 * nobody wants only the size is kept, and no value is kept longer than wanted,
 * so that a short block can not make much work or memory.
 *
 * The table owns its memory, none while it is empty, and charges it to
 * MEM_SESSIONS.
 */
#ifndef ANALYZER_HPACK_H
#define ANALYZER_HPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/http.h"
#include "sandbox/mem.h"

#define HPACK_TABLE	4096		/* RFC 9113, 6.5.2 */
#define HPACK_TABLE_MAX	65536
#define HPACK_NAME_MAX	64		/* longer names are wanted by nobody */
#define HPACK_LIST_MAX	262144		/* of a block, counted as in tables */

struct hpack_entry;

struct hpack {
	struct hpack_entry *e;		/* ring, the oldest at head */
	uint8_t		*bytes;		/* of names and values wanted */
	uint32_t	 head;
	uint32_t	 n;
	uint32_t	 cap;		/* power of two, or 0 */
	uint32_t	 start;		/* bytes in use are from here */
	uint32_t	 end;
	uint32_t	 room;
	uint32_t	 size;		/* RFC 7541, 4.1 */
	uint32_t	 max;
};

/* One field; what is longer than wanted is cut. */
struct hpack_field {
	struct http_span name;		/* valid during the call */
	struct http_span value;		/* in the text given to hpack_block */
	size_t		 whole;		/* length of the value */
};

struct hpack_ops {
	/* Bytes of its value that matter; 0: none of this name. */
	size_t	 (*wants)(const struct http_span *name);
	void	 (*field)(void *arg, const struct hpack_field *);
};

enum hpack_answer {
	HPACK_OK,
	HPACK_BAD,		/* no block */
	HPACK_LONG,		/* too many fields, or too large a table */
	HPACK_NOMEM
};

void		 hpack_init(struct hpack *);
void		 hpack_clear(struct hpack *, struct mem *);
size_t		 hpack_held(const struct hpack *);
/*
 * Values go to text, of so many bytes; LONG when they do not fit. After any
 * answer but OK no further block can be read.
 */
enum hpack_answer hpack_block(struct hpack *, struct mem *,
		    const uint8_t *, size_t len, uint8_t *text, size_t size,
		    const struct hpack_ops *, void *arg);
/*
 * Decodes a string (RFC 7541, 5.2) of which max bytes are written to out.
 * False: it is none; else *len is its length.
 */
bool		 hpack_huffman(const uint8_t *, size_t n, uint8_t *out,
		    size_t max, size_t *len);

#endif
