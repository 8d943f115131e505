/*
 * state: what the mirror's shell and its parts share. One per process; no
 * module below the shell reads it.
 */
#ifndef MIRROR_STATE_H
#define MIRROR_STATE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mirror/copy.h"
#include "mirror/eve.h"
#include "mirror/streams.h"
#include "sandbox/buf.h"
#include "sandbox/mem.h"
#include "sandbox/proc.h"

#define STATE_SAVE_MAX	(32 * 1024)

struct mirror_state;

struct event_log {
	struct conf_log	 conf;
	struct mirror_state *ms;
	unsigned	 index;
	struct sink_file *file;
	uint64_t	 told;		/* lines that the tally knows */
	uint64_t	 skipped;	/* events of others, of any mirror */
	bool		 keyed;		/* the file has our PERIOD_KEYS */
};

struct mirror_state {
	struct proc	*proc;
	struct mem	 mem;
	struct copy_env	 env;
	struct copy_ops	 ops;
	struct copy	**copies;
	size_t		 ncopies;
	struct event_log *logs;
	size_t		 nlogs;
	uint64_t	 next_event;	/* its number; 0: none came */
	/*
	 * Of the next event among all that there were, lost ones, too, and of
	 * mirrors and analyzers before: it never goes back.
	 */
	uint64_t	 place;
	uint64_t	 ahead;		/* of what analyzers say it is */
	char		 node[65];
	struct provider	**providers;
	size_t		 nproviders;
	struct streams	*streams;
	struct slots	 slots;
	struct orphans	*orphans;
	struct event	*tick;
	uint64_t	 linked_us;	/* mono; 0: orphans are done */
	uint64_t	 linked_packet_us;
	uint64_t	 stop_us;
	uint64_t	 start_us;
	unsigned	 frames;
	bool		 absence_told;
	bool		 holding;	/* the analyzer's link is paused */
	uint64_t	 unsaved[SLOTS_WORDS];	/* the parent did not read */
	bool		 behind;	/* there is any */
	struct msg_text	 trouble;	/* as the parent was told */
	struct buf	 save;		/* slots for the next SAVE */
	uint8_t		 save_bytes[STATE_SAVE_MAX];
	char		 line[EVE_LINE_MAX];
};

static inline void
state_clock(struct mirror_state *ms)
{
	ms->env.now_us = proc_mono_us();
	ms->env.wall_us = proc_wall_us();
}

#endif
