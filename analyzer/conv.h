/*
 * conv: conversations of what is not TCP: who sends how much to whom.
 *
 * One is known by its protocol, addresses and ports; who sent its first packet
 * is the client, but for an answer from a service whose question was missed.
 * Each packet counts once: at the place (interface, tags, tunnel) that showed
 * the first one of its direction, or at another when that has been silent for
 * a second. What comes there a hop further is a copy, as long as it is no more
 * than came before. Behind NAT the same packet has another tuple: one that
 * begins with bytes that another began with at another place, within a second
 * and with an end in common, is that other one. Which of both has the client
 * itself tells the hop count.
 *
 * A fixed number of entries: the one that was idle longest makes room, what
 * it brought is told, and its next packet begins another. Pure.
 */
#ifndef ANALYZER_CONV_H
#define ANALYZER_CONV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/packettype.h"
#include "sandbox/addr.h"
#include "sandbox/hash.h"
#include "sandbox/mem.h"

#define CONV_HOME_US	1000000ULL	/* silence after which it moves */
#define CONV_NAT_US	1000000ULL	/* pairing of two tuples */
#define CONV_NAME	64		/* bytes of a name that are kept */

/* What one brought since it was told last. */
struct conv_told {
	struct endpoint	 client;
	struct endpoint	 server;
	struct packet_volume volume;	/* 0: from the client */
	const uint8_t	*name;		/* of the server; len 0: none */
	size_t		 name_len;
	uint8_t		 proto;		/* of IP */
	bool		 first;		/* for the first time */
};
typedef void	 conv_fn(void *arg, const struct conv_told *);

struct conv_table;

/* Up to limit bytes, charged to MEM_FLOWS; NULL without memory. */
struct conv_table *conv_new(struct mem *, const struct hash_key *,
		    size_t limit, conv_fn *, void *arg);
void		 conv_free(struct conv_table *);
/* A packet of IP, put together of fragments. False: it was counted before. */
bool		 conv_packet(struct conv_table *, const struct packet *);
/* Whether it comes from a server whose client was heard before. */
bool		 conv_asked(struct conv_table *, const struct packet *);
/* The client of that packet asked for a name; it is copied. */
void		 conv_name(struct conv_table *, const struct packet *,
		    const uint8_t *, size_t);
/* Tells all that has something to tell. */
void		 conv_tell(struct conv_table *);
/* How many had to make room, ever: their next packet begins another. */
uint64_t	 conv_forgotten(const struct conv_table *);

#endif
