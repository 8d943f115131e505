/*
 * copytype: a mirror block at work as its parts know it: the copy, its leg
 * (its part of one connection, owned by the stream) and what it needs of the
 * shell. The contract is in copy.h and leg.h, which everybody else includes.
 */
#ifndef MIRROR_COPYTYPE_H
#define MIRROR_COPYTYPE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "mirror/compare.h"
#include "mirror/gaps.h"
#include "mirror/hook.h"
#include "mirror/hook_attached.h"
#include "mirror/record.h"
#include "mirror/rules.h"
#include "mirror/sink_file.h"
#include "mirror/sink_tcp.h"
#include "sandbox/conf.h"
#include "sandbox/log.h"
#include "sandbox/mem.h"
#include "sandbox/tally.h"

#define COPY_DIRS	2	/* STREAM_TO_OBSERVED, STREAM_FROM_OBSERVED */
#define COPY_ERROR_MAX	160
#define COPY_PENDING_MAX (1024 * 1024)	/* gap lines for a full disk */
#define COPY_LOST_MAX	8192	/* gaps that wait for an analyzer */

enum copy_state { COPY_RUNS, COPY_PAUSED, COPY_STOPPED, COPY_ABORTED };

struct copy_stats {
	uint64_t	 connections;
	uint64_t	 dropped_connections;
	uint64_t	 dropped_bytes;
	uint64_t	 lost[SINK_LOST_MAX];		/* forward, bytes */
	uint64_t	 lost_requests[SINK_LOST_MAX];
	uint64_t	 gap[GAP_REASONS];		/* record, gaps */
	uint64_t	 gaps;
	uint64_t	 hook_errors;
	uint64_t	 errors;
	uint64_t	 unlisted;	/* gap lines that found no place */
	uint64_t	 ignored_requests;	/* as rules say */
	uint64_t	 ignored_bytes;
	uint64_t	 unjudged_requests;	/* rules cannot tell */
	uint64_t	 unjudged_bytes;
};

struct copy;
struct leg;

struct copy_ops {
	/* Asks the parent for a file. */
	void	 (*want)(void *arg, unsigned index, bool gaps, bool rotate);
	void	 (*own)(void *arg, const struct endpoint *source,
		    const struct endpoint *target, bool gone);
	/* What a refused record belonged to; NULL when it has ended. */
	struct leg *(*find)(void *arg, uint64_t flow, struct copy *);
	/* An event for people: log line and monitor. */
	void	 (*say)(void *arg, const char *text);
	void	*arg;
};

struct copy_env {
	struct event_base *base;
	struct tally	*tally;
	const struct copy_ops *ops;
	uint64_t	 now_us;	/* monotonic */
	uint64_t	 wall_us;
	uint64_t	 packet_us;	/* of the last frame */
	bool		 offline;
	unsigned	 max_open;
	struct mem	*mem;		/* what gathers is MEM_STREAMS */
	unsigned	 section_depth;
	uint64_t	(*clock)(void);	/* monotonic, now */
};

/* The record's part of one direction of a connection. */
struct leg_record {
	bool		 waits;		/* for the next head */
	bool		 late;		/* what comes first: it lacks all
					 * between offset and that */
	bool		 gap;		/* a gap is open, from offset on */
	bool		 closed;	/* no more will come */
	bool		 resumed;	/* it ends if the file takes the rest */
	uint64_t	 before_us;	/* of the last record before the gap */
	uint64_t	 resume_offset;
	uint64_t	 resume_us;
	uint8_t		 reason;	/* enum gap_reason */
	uint64_t	 offset;	/* where it began */
	uint64_t	 next;		/* offset behind the last byte seen */
	uint64_t	 last_us;	/* of the last record */
	uint8_t		*msg;		/* gor: the message so far */
	size_t		 len;
	size_t		 room;
	uint64_t	 msg_us;
	uint64_t	 msg_id;
	uint64_t	 msg_offset;
	uint8_t		 msg_type;	/* 0: none */
	struct record_way way;
};

/* The same of the forward side, where that has whole messages. */
struct leg_whole {
	bool		 open;		/* a message gathers */
	uint8_t		 part;		/* enum framer_part of its head */
	uint8_t		 why;		/* enum sink_lost of what has none */
	uint8_t		*msg;
	size_t		 len;
	size_t		 room;
	size_t		 head;		/* bytes of it */
	uint64_t	 id;		/* as those of its chunk */
	uint64_t	 asked;
};

#define LEG_JUDGED	64	/* requests whose answers may come */

/* What the rules of a side said of a connection's messages. */
struct leg_rules {
	uint64_t	 newest;	/* id of the last request */
	uint64_t	 copied;	/* bit i: newest - i is copied */
	uint64_t	 ignored;
	uint8_t		 judged[COPY_DIRS];	/* the message at hand */
};

struct leg {
	struct copy	*copy;		/* NULL: it has ended */
	struct copy	*heir;		/* then it may begin again for this */
	struct leg	*next;		/* of the same connection */
	const struct endpoint *client;
	const struct endpoint *server;
	uint64_t	 flow;
	bool		 wanted[HOOK_SIDES];
	/* A hole is in the program's queue: nothing until the next start. */
	bool		 shut[HOOK_SIDES][COPY_DIRS];
	/* The head of the message at hand was dropped by a hook. */
	bool		 gone[HOOK_SIDES][COPY_DIRS];
	bool		 counted;	/* as a connection with loss */
	bool		 changed;	/* its mirror, while it was open */
	bool		 listed;	/* in copy->resumed */
	struct leg	*next_resumed;
	int		 slot;		/* saved with the parent, -1 not */
	uint64_t	 saved_us;	/* last_us that was saved */
	bool		 saved_counted;
	unsigned	*refs;		/* of the stream: items that wait */
	uint64_t	 asked_us[8];	/* when request id % 8 was seen */
	struct sink_leg	 tcp[COPY_DIRS];
	struct leg_whole whole[COPY_DIRS];
	struct leg_record rec[COPY_DIRS];
	struct leg_rules rules[HOOK_SIDES];
};

struct copy {
	struct conf_mirror conf;
	unsigned	 index;
	uint8_t		 state;		/* enum copy_state */
	bool		 abort;		/* at the next tick */
	struct copy_env	*env;
	struct copy_stats stats;
	bool		 rules[HOOK_SIDES];
	struct hook_chain chain[HOOK_SIDES];
	struct provider	*provider[HOOK_SIDES];
	struct compare	*compare;	/* NULL: not asked for */
	struct sink_tcp	*tcp;
	struct sink_file *file;
	struct sink_file *gaps;
	struct leg	*resumed;	/* to be looked at after the flush */
	bool		 gap_refused;
	uint64_t	 tail_us;	/* last record of the mirror before */
	uint8_t		*pending;	/* gap lines that wait for room */
	size_t		 npending;
	/* The analyzer is away, or we are behind: since then; see hole.h. */
	bool		 away;
	uint8_t		 away_why;	/* enum gap_reason */
	uint64_t	 away_us;
	uint64_t	 back_us;
	struct gap	*lost;		/* with it */
	size_t		 nlost;
	size_t		 lost_room;
	uint64_t	 refused;	/* connections, for want of memory */
	uint64_t	 refused_us;	/* the first that no line tells yet */
	uint64_t	 unread;	/* the same, of which nothing comes */
	uint64_t	 told_sent;	/* what the tally knows already */
	uint64_t	 told_requests;
	uint64_t	 told_answers;
	uint64_t	 told_answer_bytes;
	uint64_t	 told_units;
	uint64_t	 told_bytes;
	uint64_t	 error_us;	/* wall clock */
	struct log_trouble forward_trouble;
	struct log_trouble hook_trouble[HOOK_SIDES];
	char		 error[COPY_ERROR_MAX];
};

#endif
