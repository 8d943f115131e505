/*
 * hookmsg: what the mirror and a hook's provider say to each other, which is
 * also what netmonctl hook and the program say (netmon-hook(7), version 1).
 *
 * On the channel a HOOK_CHUNK body is kind u8 and its body, a HOOK_VERDICT
 * body is a verdict's body. On the program's standard input and output the
 * same bytes follow a length u32. Numbers are big-endian. Pure; spans point
 * into the caller's bytes.
 */
#ifndef SANDBOX_HOOKMSG_H
#define SANDBOX_HOOKMSG_H

#include <stddef.h>
#include <stdint.h>

#define HOOKMSG_VERSION		1
#define HOOKMSG_DATA_MAX	(64 * 1024)	/* of one chunk */
#define HOOKMSG_ANSWER_MAX	(96 * 1024)	/* of the data of a verdict */
#define HOOKMSG_HEAD_MAX	160		/* of a chunk, no data */
#define HOOKMSG_VERDICT_HEAD	9

enum hookmsg_kind {
	HOOKMSG_HELLO = 1,	/* JSON */
	HOOKMSG_CHUNK = 2,	/* answered by a verdict */
	HOOKMSG_END = 3,	/* of a connection: a chunk without data */
	HOOKMSG_FLUSH = 4	/* nothing more may come for a while */
};

enum hookmsg_verdict {
	HOOKMSG_KEEP,
	HOOKMSG_NEW_DATA,
	HOOKMSG_DROP,
	HOOKMSG_ABORT,
	HOOKMSG_BROKEN		/* netmonctl: the program cannot answer */
};

#define HOOKMSG_GAP		0x01	/* bytes are missing before it */
#define HOOKMSG_TRUNCATED	0x02	/* of a packet that was captured cut */
#define HOOKMSG_LAST		0x04

struct hookmsg_chunk {
	uint64_t	 seq;
	uint64_t	 ts_ns;
	uint8_t		 dir;		/* 1 to, 2 from, 3 unknown */
	uint8_t		 flags;
	char		 from[56];
	char		 to[56];
	const uint8_t	*data;
	size_t		 len;
};

/* Body of a chunk without its data; its length, 0 when it does not fit. */
size_t	 hookmsg_put_chunk(uint8_t *, size_t, const struct hookmsg_chunk *);
int	 hookmsg_get_chunk(const uint8_t *, size_t, struct hookmsg_chunk *);
void	 hookmsg_put_verdict(uint8_t [HOOKMSG_VERDICT_HEAD], uint64_t seq,
	    enum hookmsg_verdict);
/* data and len: what follows the verdict. */
int	 hookmsg_get_verdict(const uint8_t *, size_t, uint64_t *seq,
	    uint8_t *verdict, const uint8_t **data, size_t *len);
void	 hookmsg_put_length(uint8_t [4], uint32_t);
uint32_t hookmsg_get_length(const uint8_t [4]);

#endif
