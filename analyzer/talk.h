/*
 * talk: one direction that speaks HTTP/1: heads whole or collected, bodies,
 * and finding the next head after a loss.
 *
 * The step functions take bytes of one state and say how many; they return 0
 * only when they have changed the state or set in->redo.
 */
#ifndef ANALYZER_TALK_H
#define ANALYZER_TALK_H

#include "analyzer/sess.h"

/* What the bytes look like to a direction of that role. */
enum http_guess	 talk_guess(const struct dir *d, const uint8_t *p, size_t len);
/* What was collected becomes input again, without its first bytes. */
void		 talk_again(struct dir *d, struct in *in, uint32_t skip);
/*
 * The rest of a head will never come. Its start line is whole: it counts with
 * the fields that are there.
 */
void		 talk_salvage(struct session *s, struct dir *d, uint64_t off,
		    uint64_t ts);
/*
 * The first bytes of a direction, when they are a whole head, as most are:
 * how many were used; 0: they are something else.
 */
size_t		 talk_begin(struct session *s, struct dir *d,
		    const struct in *in);
size_t		 talk_head(struct session *s, struct dir *d, struct in *in);
size_t		 talk_body(struct session *s, struct dir *d, struct in *in);
size_t		 talk_search(struct session *s, struct dir *d, struct in *in);

#endif
