/*
 * gaps: one JSON line in FILE.gaps for each piece of a connection that is
 * not in its record, and the open connections that a fresh mirror must know.
 *
 *   {"time":T,"mirror":M,"from":"a:p","to":"b:q","flow_id":N,
 *    "direction":"to_observed","reason":R,"offset":N,"length":N,
 *    "last_record":T,"next":T}
 *
 * offset and length count bytes of that direction since the connection (or
 * its first seen byte) began. last_record is the capture time of the last
 * record of the connection before the gap, next that of the first frame
 * after it: all missing bytes were captured between the two. A line whose
 * from and to are "*" stands for connections that came and went while the
 * mirror or the analyzer was away or behind or the kernel dropped packets; it
 * has "connections":N where their number is known. Pure.
 */
#ifndef MIRROR_GAPS_H
#define MIRROR_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/addr.h"
#include "sandbox/buf.h"
#include "sandbox/conf.h"

#define GAPS_LINE_MAX	1024

#define GAPS_REASONS(G)							\
	G(LOST,		"lost")		/* not captured */		\
	G(RESTART,	"restart")	/* this process was away */	\
	G(UNMARKED,	"unmarked")	/* no message border known */	\
	G(FILE,		"file")		/* the file did not take it */	\
	G(HOOK,		"hook")		/* a hook failed */		\
	G(QUEUE,	"queue")	/* over the limit */		\
	G(FORMAT,	"format")	/* gor: cannot hold it */	\
	G(CUT,		"cut")		/* gor: message not complete */	\
	G(PAUSED,	"paused")	/* stopped, paused or changed */ \
	G(ANALYZER,	"analyzer")	/* the analyzer was away */	\
	G(UNJUDGED,	"unjudged")	/* rules could not tell */

#define G(name, text)	GAP_##name,
enum gap_reason {
	GAPS_REASONS(G)
	GAP_REASONS,
	GAP_BEHIND = GAP_REASONS	/* a QUEUE that has not ended; hole.h */
};
#undef G

struct gap {
	const char	*mirror;
	uint64_t	 flow;
	struct endpoint	 from;
	struct endpoint	 to;
	uint8_t		 dir;		/* enum stream_dir */
	uint8_t		 reason;	/* enum gap_reason */
	uint64_t	 offset;
	uint64_t	 length;
	bool		 unsized;	/* offset and length are not known */
	bool		 all;		/* of any connection: "from":"*" */
	uint64_t	 connections;	/* so many of them; 0: not known */
	uint64_t	 last_us;	/* 0: nothing recorded before */
	uint64_t	 next_us;
};

const char	*gap_reason_name(enum gap_reason);
/* The line with its newline; its length. now_us is the packet's clock. */
size_t		 gap_line(char out[GAPS_LINE_MAX], const struct gap *,
		    uint64_t now_us);

/* An open, recorded connection, as it is saved with the parent. */
struct gap_open {
	char		 mirror[CONF_NAME_MAX];
	uint64_t	 flow;
	struct endpoint	 from;		/* the client */
	struct endpoint	 to;
	uint64_t	 last_us;
	bool		 counted;	/* as one that lacks something */
};
void		 gap_open_put(struct buf *, const struct gap_open *);
int		 gap_open_get(struct buf *, struct gap_open *);

#endif
