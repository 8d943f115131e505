/*
 * pair: the requests of one connection that wait for a response, and to which
 * of them a response belongs.
 *
 * Without loss the answer is the order (RFC 9112, section 9.3). After a loss
 * it follows from stream offsets: a client that does not pipeline sends a
 * request when it has acknowledged all of the response before, so its response
 * begins at exactly that offset. What that does not settle is not guessed.
 *
 * The queue owns its memory, none while it is empty, and charges it to
 * MEM_SESSIONS. Past its limit requests are only counted (skipped), so that
 * order still holds for them.
 */
#ifndef ANALYZER_PAIR_H
#define ANALYZER_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/mem.h"

#define PAIR_NO_OFFSET	UINT64_MAX	/* unknown offset */

enum pair_kind {
	PAIR_REQUEST,
	PAIR_HOLE		/* lost bytes: none or more requests */
};

struct pair_req {
	uint64_t	 token;
	uint64_t	 id;		/* hole: responses that were its */
	uint64_t	 first_us;
	uint64_t	 end_us;	/* 0: not ended */
	uint64_t	 off;		/* of the head in the client's stream;
					 * hole: end of what was lost */
	uint64_t	 acked;		/* server bytes it had by then; hole:
					 * client bytes that the server had
					 * with the last of those responses */
	uint64_t	 body;		/* content bytes, once ended */
	void		*text;		/* the caller's */
	uint8_t		 kind;
	uint8_t		 method;
	uint8_t		 flags;		/* the caller's */
	uint8_t		 minor;		/* of the version 1.x */
};

struct pair {
	struct pair_req	*q;		/* ring */
	uint32_t	 head;
	uint32_t	 n;
	uint32_t	 cap;		/* power of two, or 0 */
	uint32_t	 skipped;	/* requests behind the last entry */
	bool		 pipelined;	/* once seen to ask before an answer */
	uint8_t		 waits;		/* times it was seen to wait for one */
	bool		 skip_hole;	/* bytes were lost among the skipped */
};

enum pair_answer {
	PAIR_FRONT,		/* the first entry, after *drop are removed */
	PAIR_LATER,		/* none that is open: one that comes yet */
	PAIR_OLDER,		/* an earlier request than any known */
	PAIR_UNKNOWN,		/* bytes were lost: cannot be told */
	PAIR_SKIPPED		/* a request past the limit; counted off */
};

void		 pair_init(struct pair *);
void		 pair_clear(struct pair *, struct mem *);
/* i must be below n. */
struct pair_req	*pair_at(const struct pair *, uint32_t i);
/* A zeroed entry at the end; NULL: at max or no memory, counted as skipped. */
struct pair_req	*pair_push(struct pair *, struct mem *, uint32_t max);
/*
 * Client bytes up to end were lost, and with them perhaps requests. known:
 * client bytes that the server had acknowledged with the last response that
 * belongs to no request, 0 if there is none; only what it sent after it had
 * all that was lost can tell that nothing lost is unanswered. end is
 * PAIR_NO_OFFSET when the last loss is only told again.
 */
void		 pair_hole(struct pair *, struct mem *, uint32_t max,
		    uint64_t known, uint64_t end);
void		 pair_pop(struct pair *, struct mem *);
/*
 * What the next request to be pushed tells about its sender, who had acked
 * server bytes. early: it has not read the answer to the one before.
 */
void		 pair_habit(struct pair *, uint64_t acked, bool early);
/*
 * The answer to this request begins at a server offset, and nothing older was
 * open: where that is how far the client had read, it has waited.
 */
void		 pair_waited(struct pair *, const struct pair_req *,
		    uint64_t at);
/*
 * Whether what begins where the client had read to with the request at i may
 * belong to one before it: it pipelines, or it is not known to wait, and lost
 * bytes had no answer by then.
 */
bool		 pair_blurred(const struct pair *, uint32_t i);
/* A response to none of the open requests; known: as for pair_owner. */
void		 pair_unowned(struct pair *, uint64_t known);
/* An interim response took server bytes [at, end). */
void		 pair_interim(struct pair *, uint64_t at, uint64_t end);
/*
 * Whose response begins at server offset at? known: client bytes the server
 * had acknowledged when it sent it, or PAIR_NO_OFFSET. lost: server bytes were
 * lost, or the start never seen, since the last sure pairing. blind: the
 * server may have had a request that is not in the queue yet.
 */
enum pair_answer pair_owner(struct pair *, uint64_t at, uint64_t known,
		    bool lost, bool blind, uint32_t *drop);

#endif
