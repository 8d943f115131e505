/*
 * session: what is said on one TCP connection.
 *
 * Fed with the two byte streams of a connection as they are put together, it
 * finds out by content what they speak (HTTP/1, TLS, HTTP/2, neither), parses
 * HTTP, pairs requests with responses and calls back. It is pure: no clock, no
 * log; time is the packet's, in microseconds.
 *
 * Directions are 0 and 1, named by the caller; client in session_conf is only
 * a hint. A direction that speaks requests is the client's.
 *
 * A message counts when its head is complete. Spans handed to callbacks live
 * during the call only. Callbacks must not call session functions for the
 * same session. The session owns its memory and charges all of it to
 * MEM_SESSIONS; when that is refused, it does without and says so
 * (SESSION_A_MEMORY).
 *
 * Pairing never guesses. Without loss responses go to requests in order.
 * Around a loss it is settled by what each side had acknowledged when it
 * spoke (session_acked), and by whether the client was seen to wait for each
 * answer; where that does not settle it the response stays unpaired. A
 * response seen before its request waits for it late_us, and longer when the
 * server is known to have had client bytes that are still missing here.
 */
#ifndef ANALYZER_SESSION_H
#define ANALYZER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/sesstype.h"
#include "sandbox/mem.h"
#include "sandbox/tally.h"

struct session;

/* NULL when mem refuses. arg is handed to every callback. */
struct session	*session_new(const struct session_conf *, void *arg,
		    struct mem *, unsigned how_met);
void		 session_free(struct session *);	/* calls nothing back */

/*
 * The next len bytes of direction dir at stream offset. Offsets of one
 * direction go up without holes; a hole is told by session_gap first. The
 * first call may have any offset (mid-stream).
 */
void		 session_data(struct session *, unsigned dir, uint64_t offset,
		    const uint8_t *, size_t len, uint64_t ts_us);
void		 session_gap(struct session *, unsigned dir, uint64_t offset,
		    uint64_t len, uint64_t ts_us);
/*
 * Optional, best called just before session_data with the acknowledgement
 * number of the segment that carried these bytes, as an offset of the other
 * direction's stream (the first byte not yet received by the sender of dir).
 * It is what makes pairing exact around losses. Never called: what was seen
 * of the other stream by then stands in for it.
 */
void		 session_acked(struct session *, unsigned dir,
		    uint64_t other_offset);
/*
 * FIN: dir has ended at its last byte. RST, IDLE and END end both, whatever
 * dir is (the one that sent the RST, as far as that is known); all open
 * transactions are reported. Further data is ignored.
 */
void		 session_eof(struct session *, unsigned dir, enum session_how,
		    uint64_t ts_us);

enum session_proto session_proto(const struct session *);
/*
 * Whether what was found out will stand. One joined in the middle of a body
 * looks like another protocol until the side that was silent speaks.
 */
bool		 session_settled(const struct session *);
/* Whether nothing more of it is read. */
bool		 session_over(const struct session *);
/* The direction that asks: 0, 1, or -1 while unknown. */
int		 session_client(const struct session *);
/*
 * Requests that have ended and of which no answer has begun; *since_us: when
 * the oldest of them ended, if there is one.
 */
uint64_t	 session_waiting(const struct session *, uint64_t *since_us);
/* All that were asked and are not over, a response without one included. */
uint64_t	 session_under_way(const struct session *);
/*
 * Optional: touches its memory, some time before bytes come for it; later, with
 * depth 1, that of its oldest request.
 */
void		 session_expect(const struct session *, unsigned depth);
/*
 * What a TLS handshake under way has come to if a side has reset it, which is
 * believed only later; NONE where there is none.
 */
enum session_tls_fail session_reset_fails(const struct session *,
		    bool *by_client);
/* Bytes held, for the caller's shedding order. */
size_t		 session_held(const struct session *);

const char	*session_proto_name(enum session_proto);	/* "http" */
const char	*session_anomaly_name(enum session_anomaly);
enum tally_id	 session_anomaly_tally(enum session_anomaly);
/*
 * Whether a message was malformed: a loss, an end or a limit of ours is no
 * error of those who talk.
 */
bool		 session_malformed(enum session_anomaly);
const char	*session_pair_name(enum session_pair);

#endif
