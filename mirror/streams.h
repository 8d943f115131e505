/*
 * streams: the mirrored connections that are open now, by flow id. Each has
 * a framer per direction and a leg per mirror that wants it. What the parent
 * saves of them (so that a fresh mirror can name the gap that its loss made)
 * is told through save().
 */
#ifndef MIRROR_STREAMS_H
#define MIRROR_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "mirror/copy.h"
#include "mirror/framer.h"
#include "sandbox/conf.h"
#include "sandbox/mem.h"
#include "sandbox/msg.h"

struct streams;

struct streams_conf {
	struct mem	*mem;
	struct tally	*tally;
	struct copy	**copies;	/* by index of the configuration */
	size_t		 ncopies;
	bool		restarted;	/* this mirror replaces a lost one */
	/* A slot to save; NULL deletes it. */
	void		(*save)(void *arg, unsigned slot,
			    const struct gap_open *);
	void		*arg;
};

struct streams	*streams_new(const struct streams_conf *);
void		 streams_free(struct streams *);
void		 streams_set_copies(struct streams *, struct copy **, size_t);
/* One record of a STREAM frame. */
void		 streams_take(struct streams *, const struct msg_stream *);
/* Says that a record will be taken soon. */
void		 streams_prefetch(const struct streams *,
		    const struct msg_stream *);
/* After each frame: ended ones go. */
void		 streams_reap(struct streams *);
/* Ends all: reason lost analyzer or stop. */
void		 streams_close_all(struct streams *, bool lost);
/* No leg uses this copy any more after it. */
void		 streams_drop_copy(struct streams *, struct copy *);
/* Saves again what has moved since. Once a second. */
void		 streams_save(struct streams *);
struct leg	*streams_find(struct streams *, uint64_t flow, struct copy *);
size_t		 streams_count(const struct streams *);

/*
 * Connections that were open when the mirror before this one was lost; each
 * becomes one line in FILE.gaps: when it is seen again, or at the last call.
 */
void		 streams_restore(struct streams *, unsigned slot,
		    const struct gap_open *);
/* Better last_us from the tail of a record; from and to as in the file. */
void		 streams_restored_at(struct streams *, const char *mirror,
		    const char *from, const char *to, uint64_t ts_us);
void		 streams_restored_end(struct streams *, uint64_t next_us);
/* The last record of all, for connections that nobody saw. */
void		 streams_restored_last(struct streams *, struct copy *,
		    uint64_t last_us, uint64_t next_us);
/* From now on a mid-stream connection is only that. */
void		 streams_restarted(struct streams *);

#endif
