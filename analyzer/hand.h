/*
 * hand: the handshake of a TLS connection: both hellos, and when it is done.
 */
#ifndef ANALYZER_HAND_H
#define ANALYZER_HAND_H

#include "analyzer/sess.h"

/* Tells what was seen, if anything was, and frees what is held. */
void		 hand_give_up(struct session *s);
void		 hand_free(struct session *s);
void		 hand_begin(struct session *s, struct dir *d, enum tls_guess g,
		    uint64_t ts);
/* So many bytes are lost here. */
void		 hand_gap(struct session *s, struct dir *d, uint64_t len,
		    uint64_t ts);
/* What becomes of it if the connection ends so now, and who did it. */
enum session_tls_fail hand_fails(const struct session *s,
		    enum session_how how, bool *by_client);
/* The connection has ended, by dir as far as that is known. */
void		 hand_ended(struct session *s, unsigned dir,
		    enum session_how how);
size_t		 hand_step(struct session *s, struct dir *d, struct in *in);

#endif
