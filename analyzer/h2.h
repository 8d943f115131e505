/*
 * h2: HTTP/2 in the clear (RFC 9113): frames of both directions, their header
 * blocks, and the streams they belong to, which pair requests and responses.
 *
 * Only the client's preface tells that it is spoken, or a 101 to h2c. What is
 * no frame, a loss that may have held fields, and a block over the limits end
 * the reading of the connection: where fields are lost, all later ones may
 * mean something else. All open requests are reported then.
 *
 * The header block at hand is in buf of its direction. Data is never kept.
 */
#ifndef ANALYZER_H2_H
#define ANALYZER_H2_H

#include "analyzer/sess.h"

/* The preface begins in d, which nobody has read. */
void		 h2_begin(struct session *s, struct dir *d);
/*
 * A client that has asked for h2c began before its answer was seen; or the
 * answer was 101, to q, which is NULL if that is not known. h2 owns the text
 * of q from then on.
 */
void		 h2_early(struct session *s, struct dir *d);
void		 h2_upgraded(struct session *s, struct dir *answers,
		    const struct pair_req *q);
/* Whether a server that speaks first may have begun so. */
bool		 h2_greeting(const uint8_t *, size_t len);
size_t		 h2_step(struct session *s, struct dir *d, struct in *in);
/* So many bytes are lost here. */
void		 h2_gap(struct session *s, struct dir *d, uint64_t len,
		    uint64_t ts);
/* No more comes of d; of either. */
void		 h2_ended(struct session *s, const struct dir *d, uint64_t ts);
void		 h2_over(struct session *s, uint64_t ts);
void		 h2_free(struct session *s);
/* As session_waiting and session_under_way. */
uint64_t	 h2_waiting(const struct session *s, uint64_t *since_us);
uint64_t	 h2_open(const struct session *s);
size_t		 h2_held(const struct session *s);

#endif
