/*
 * period: what a history log is made of: units, one behind the other. A unit
 * of PERIOD_ROWS holds what was counted from one time to another: rows (row.h)
 * in chunks, each under the name of a subject. One of PERIOD_KEYS names the
 * kinds and fields of rows as their writer knows them: it stands before the
 * first rows of every file and every writer, so that versions with other
 * fields read them too; fields that a writer did not know are 0 or "". Files
 * are read by machines of the same byte order.
 */
#ifndef SANDBOX_PERIOD_H
#define SANDBOX_PERIOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/buf.h"
#include "sandbox/row.h"

#define PERIOD_HDR	40
#define PERIOD_BODY_MAX	(64 * 1024)

enum period_type { PERIOD_KEYS = 1, PERIOD_ROWS };

struct period {
	enum period_type type;
	uint64_t	 from_us;	/* since 1970 */
	uint64_t	 to_us;
	const uint8_t	*body;
	size_t		 len;
};

/* The header of a unit with that body, PERIOD_HDR bytes. */
void		 period_header(const struct period *, uint8_t *);
/*
 * The unit at p: its bytes, 0 when it does not end within n, -1 when it is
 * none (errno EPROTO) or of another byte order (ENOTSUP). body points into p.
 */
int		 period_get(const uint8_t *p, size_t n, struct period *);
/*
 * The first byte at or after p + from where a unit may begin, perhaps to go on
 * behind n; n for none.
 */
size_t		 period_seek(const uint8_t *p, size_t n, size_t from);
/*
 * Of the last bytes of a file (whole: all of them): how many are left without
 * what stands behind the last whole unit. All, when there is none to see: what
 * is no history log stays.
 */
size_t		 period_good(const uint8_t *p, size_t n, bool whole);

/* ---- chunks ---- */

#define PERIOD_COMPLETE	"complete"	/* how much of the truth it is */

/* Begins a chunk; period_end_chunk closes it, or takes it back. */
size_t		 period_begin_chunk(struct buf *, const char *name);
void		 period_end_chunk(struct buf *, size_t at, bool keep);
/* The rows of a chunk; NULL when there is none of this name. */
const uint8_t	*period_chunk(const struct period *, const char *name,
		    size_t *n);

/* ---- keys ---- */

#define PERIOD_KINDS	128
struct period_keys {
	bool		 same;		/* as ours */
	size_t		 n;
	struct period_kind {
		int16_t		 ours;	/* enum row_kind, -1: unknown */
		uint8_t		 n;
		uint8_t		 type[ROW_FIELDS_MAX];
		int8_t		 to[ROW_FIELDS_MAX];	/* -1: unknown */
	}		 kind[PERIOD_KINDS];
};

/* The body of our own unit of keys. */
void		 period_put_keys(struct buf *);
/* -1 when it is none. */
int		 period_get_keys(const struct period *, struct period_keys *);
/* Rows of their writer as ours. -1 when they are none, or there is no room. */
int		 period_rows(const struct period_keys *, const uint8_t *,
		    size_t, struct buf *to);

#endif
