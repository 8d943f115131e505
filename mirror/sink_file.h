/*
 * sink_file: appends units (a record, a line) to a file that somebody else
 * opened, each whole or not at all.
 *
 * Units gather in a buffer until sink_file_flush or until it is full. When
 * the disk takes only a part, the file is cut back to the end of the last
 * whole unit and the others are refused, one call each; then nothing is
 * tried for SINK_FILE_RETRY_US, and unless the disk is just full, the file is
 * asked for anew: another may be mounted there by now. A disk that took units
 * and lost them later is told of; how many is not known, and from then on
 * they count as written when they are on the disk. Regular files are
 * written at once (which may block); fifos, sockets and pipes never block,
 * unless conf.wait: what does not fit into limit bytes is refused. There a
 * unit can be seen cut only when the reader goes away.
 *
 * Next files come from the owner: ask() is called when one is wanted, and
 * sink_file_take gives it. Meanwhile the old one is written on.
 */
#ifndef MIRROR_SINK_FILE_H
#define MIRROR_SINK_FILE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mirror/record.h"
#include "mirror/sink.h"
#include "sandbox/conf.h"

#define SINK_FILE_BATCH		(256 * 1024)
#define SINK_FILE_RETRY_US	1000000
#define SINK_FILE_TAIL		(512 * 1024)	/* looked at for repair */

enum sink_file_kind {		/* what a whole unit looks like in the file */
	SINK_GOGETWAY,		/* the first three as enum record_format */
	SINK_GOR,
	SINK_RAW,
	SINK_LINES,
	SINK_PERIODS,
	SINK_SECTIONS		/* of pcapng.h */
};

struct sink_file_conf {
	struct event_base *base;	/* for fifos and sockets */
	enum sink_file_kind kind;
	const char	*name;		/* until a file is taken; copied */
	struct conf_rotate rotate;
	size_t		 limit;		/* bytes that may wait */
	bool		 wait;		/* -r: block, refuse nothing */
	/* A file is wanted; rotate: the next one. */
	void		(*ask)(void *arg, bool rotate);
	/* A unit that put had taken is not in the file. */
	void		(*refused)(void *arg, const struct sink_note *,
			    size_t bytes);
	/* The disk lost units that it had taken; how many is not known. */
	void		(*lost)(void *arg);
	void		*arg;
};

struct sink_file_stats {
	uint64_t	 units;		/* whole, in files */
	uint64_t	 bytes;
	uint64_t	 refused;
	uint64_t	 repaired;	/* bytes cut off at takes */
	uint64_t	 rotated;
};

struct sink_file;

struct sink_file *sink_file_new(const struct sink_file_conf *);
/* Flushes; what cannot be written then is refused. */
void		 sink_file_free(struct sink_file *);
/*
 * A descriptor (owned from now on) of a file of this name; a regular one is
 * repaired: a unit that is not whole at its end is cut off. fd -1: error
 * says why; asked again later.
 */
void		 sink_file_take(struct sink_file *, int fd, bool regular,
		    const char *name, int error);
/* The one that was just taken is not new: for rotation by age. */
void		 sink_file_aged(struct sink_file *, uint64_t age_us);
/* A unit that was not even tried, because the file is not ready. */
void		 sink_file_refuse(struct sink_file *);
/* One unit in up to three parts. 0, or -1 when refused. note is copied. */
int		 sink_file_put(struct sink_file *, const struct sink_note *,
		    const void *a, size_t na, const void *b, size_t nb,
		    const void *c, size_t nc);
void		 sink_file_flush(struct sink_file *);
/* Age, retries. now_us is the monotonic clock. */
void		 sink_file_tick(struct sink_file *, uint64_t now_us);
void		 sink_file_rotate(struct sink_file *);
/* The last bytes of the file, at most max; malloc'd, NULL for none. */
uint8_t		*sink_file_tail(const struct sink_file *, size_t max,
		    size_t *n, bool *whole);

/* Whether a unit would be tried now. */
bool		 sink_file_ready(const struct sink_file *);
bool		 sink_file_is_open(const struct sink_file *);
/* 0, or the errno that stands in the way now. */
int		 sink_file_error(const struct sink_file *);
/*
 * The errno of what failed last and has not worked since, and what that was:
 * "cannot write"; 0: nothing. It outlives the tries between.
 */
int		 sink_file_failing(const struct sink_file *,
		    const char **what);
uint64_t	 sink_file_size(const struct sink_file *);
size_t		 sink_file_queued(const struct sink_file *);
const char	*sink_file_name(const struct sink_file *);
const struct sink_file_stats *sink_file_stats(const struct sink_file *);
void		 sink_file_set_stats(struct sink_file *,
		    const struct sink_file_stats *);

#endif
