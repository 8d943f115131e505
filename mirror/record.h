/*
 * record: the formats of recordings, both ways. Pure: bytes in, bytes out.
 *
 * gogetway  one record per stream piece: 13 bytes of magic, capture time in
 *           ns (i64), type u8 (1), length of the body (i64), "from...to", a
 *           newline, the body; little-endian. Upstream's writer expands each
 *           newline+t and its reader repairs only some of them, so ours
 *           never writes such a pair: a piece is cut between the two bytes
 *           and at RECORD_BODY_MAX. Its reader then gives back the stream.
 * gor       one record per message: "type id ns latency\n", the message,
 *           and a line of three emoji. A message that holds that line
 *           cannot be written.
 * raw       the bytes.
 *
 * The reader goes by the length fields, repairs what upstream's writer
 * expanded, bounds every length and finds the next record after damage.
 */
#ifndef MIRROR_RECORD_H
#define MIRROR_RECORD_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/addr.h"

#define RECORD_BODY_MAX	(32 * 1024)	/* gogetway: of one written record */
#define RECORD_READ_MAX	(1024 * 1024)	/* gogetway: of one that is read */
#define RECORD_ADDR_MAX	128		/* "from...to" */
#define RECORD_HEAD_MAX	192		/* any header */
#define RECORD_GOR_MAX	(64 * 1024 * 1024)	/* gor: of one that is read */
#define RECORD_GOR_ID	24		/* hex digits of an id that we write */

/* The line that ends a gor record, with the newline before it. */
#define RECORD_GOR_END	"\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n"
#define RECORD_GOR_END_LEN	14

enum record_format {	/* the numbers of enum conf_record */
	RECORD_F_GOGETWAY,
	RECORD_F_GOR,
	RECORD_F_RAW
};

enum record_type {	/* gor's first field; gogetway writes 1 */
	RECORD_REQUEST = 1,
	RECORD_RESPONSE = 2,
	RECORD_REPLAYED = 3
};

struct record {
	uint64_t	 ts_ns;
	uint8_t		 type;
	char		 from[RECORD_ADDR_MAX];	/* gogetway */
	char		 to[RECORD_ADDR_MAX];
	char		 id[64];		/* gor */
	uint64_t	 latency_ns;		/* gor */
	const uint8_t	*body;			/* into the input, or the */
	size_t		 len;			/* caller's scratch */
};

/* ---- writing ---- */

/* How many of the n bytes at p go into the next gogetway record; n > 0. */
size_t		 record_cut(const uint8_t *p, size_t n);
/*
 * The header that all gogetway records of one direction of a connection
 * share, but for time and length.
 */
struct record_way {
	uint8_t	 len;			/* 0: not made yet */
	uint8_t	 head[30 + 2 * ENDPOINT_TEXT_MAX + 4];
};
void		 record_way(struct record_way *, const struct endpoint *from,
		    const struct endpoint *to);
/* Header of a gogetway record of len body bytes; its length. */
size_t		 record_put_gogetway(uint8_t out[RECORD_HEAD_MAX],
		    uint64_t ts_us, const struct record_way *, size_t len);
/* The meta line of a gor record; its length. */
size_t		 record_put_gor(uint8_t out[RECORD_HEAD_MAX],
		    enum record_type, const char *id, uint64_t ts_us,
		    uint64_t latency_us);
/* The id that a request and its answer share. number: of the exchange. */
void		 record_gor_id(char id[RECORD_GOR_ID + 1],
		    const struct endpoint *client,
		    const struct endpoint *server, uint64_t flow,
		    uint64_t number);
/* Whether a message can be a gor record. */
bool		 record_gor_fits(const uint8_t *p, size_t n);

/* ---- reading ---- */

/* What the first bytes of a file are; -1 when they are neither. */
int		 record_detect(const uint8_t *p, size_t n);
/*
 * The record at p: bytes consumed, 0 for more input (with eof: the input ends
 * in the middle of one), -1 when no record starts here. A gogetway body that
 * upstream expanded is repaired into scratch, of at least its length
 * (RECORD_READ_MAX always does), or left as it is when scratch is NULL.
 */
ssize_t		 record_get(enum record_format, const uint8_t *p, size_t n,
		    bool eof, struct record *, uint8_t *scratch);
/*
 * After -1: bytes to skip to where the next record may start, at least 1.
 * With less than a whole magic left it stops in front of it.
 */
size_t		 record_skip(enum record_format, const uint8_t *p, size_t n);
/*
 * The tail of a file that was being written when its writer died: the number
 * of bytes at p (the last n of the file; whole says from its start) that end
 * with a whole record. n itself when nothing can be told.
 */
size_t		 record_good(enum record_format, const uint8_t *p, size_t n,
		    bool whole);

#endif
