/*
 * state: what the analyzer's shell and its parts share. One per process; no
 * module below the shell reads it.
 *
 * Two clocks: ts is the packet's own time, which recordings keep; mapped time
 * (the monotonic clock live, the packet's own offline) is that of flows,
 * sessions, windows and alerts; now is it, too, and never goes back.
 */
#ifndef ANALYZER_STATE_H
#define ANALYZER_STATE_H

#include <sys/queue.h>

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "analyzer/alert.h"
#include "analyzer/ended.h"
#include "analyzer/event.h"
#include "analyzer/flow.h"
#include "analyzer/frag.h"
#include "analyzer/heads.h"
#include "analyzer/meter.h"
#include "analyzer/packet.h"
#include "analyzer/named.h"
#include "analyzer/own.h"
#include "analyzer/quichello.h"
#include "analyzer/recent.h"
#include "analyzer/rule.h"
#include "analyzer/session.h"
#include "analyzer/via.h"
#include "sandbox/mem.h"
#include "sandbox/proc.h"

#define ANALYZER_EXAMPLE	64	/* bytes of a masked example */

/* An interface as capture named it. */
struct iface {
	struct msg_iface info;
	struct msg_capstat stat;	/* last totals of the capture */
	struct sketch_entry *entry;	/* in the meter */
	uint64_t	 packets;	/* since the last flush to the entry */
	uint64_t	 bytes;
	uint64_t	 again;
	uint64_t	 payload;
	uint64_t	 cut;		/* packets */
	uint64_t	 unread;	/* bytes of those whose head was cut */
	uint64_t	 shed;
	uint64_t	 segments;
	uint64_t	 retrans;
	uint64_t	 gone_us;	/* when it was told to be gone */
	uint64_t	 stat_ts;	/* of the last packet before stat */
	uint32_t	 capture;	/* generation that told stat; 0: none */
	bool		 known;
	bool		 has_stat;	/* by the capture that we hear */
	bool		 unsaved;	/* stat */
	bool		 touched;
	uint16_t	 closed;	/* tunnels that decap leaves closed */
};

/* Connections that mirrors were told nothing of. */
struct left_out {
	uint64_t	 mirrors;	/* mask: they lack anything */
	uint64_t	 n[CONF_MIRRORS_MAX];	/* they began meanwhile */
};

struct conv_table;
struct resolved;
struct conn;
TAILQ_HEAD(conn_list, conn);

struct analyzer {
	struct proc	*proc;
	struct mem	 mem;
	struct meter	*meter;
	struct alert_set *alerts;
	struct rule_set	*rules;
	struct flow_table *flows;
	struct frag_table *frags;
	struct quichello *quic;		/* NULL before the first Initial */
	struct conv_table *convs;	/* NULL before the first packet */
	struct resolved	*resolved;	/* NULL before the first answer */
	uint64_t	 convs_seen;	/* forgotten, at the last look */
	uint64_t	 resolved_seen;
	const struct session_conf *sconf;
	struct recent	 recent;
	struct ended_ring closed;
	struct via	 via;
	struct named	*named;
	struct iface	*ifaces;	/* by id; never moves */
	uint32_t	 nifaces;
	uint64_t	 ts;		/* of the packet at hand */
	uint64_t	 max_ts;
	uint64_t	 before_ts;	/* that of the analyzer before */
	uint64_t	 now;		/* mapped */
	uint64_t	 mono;		/* at the last look */
	uint64_t	 wall_off;	/* printed time = mapped + this */
	uint64_t	 number;	/* of the next packet; 0 not known */
	uint64_t	 flow_seen[FLOW_COUNT_MAX];	/* at the last look */
	uint64_t	 reass_seen[REASS_COUNT_MAX];
	uint64_t	 frag_seen[FRAG_COUNT_MAX];
	uint64_t	 quic_seen[QUICHELLO_COUNTS];
	uint32_t	 reasons[PACKET_REASON_MAX];	/* of this batch */
	uint32_t	 tunnels[PACKET_TUNNEL_MAX];
	char		 example[SESSION_ANOMALY_MAX][ANALYZER_EXAMPLE];
	char		 bad_example[PACKET_REASON_MAX][ANALYZER_EXAMPLE];
	uint8_t		*gone[METER_KINDS];	/* bit per slot: tell */
	struct own	*own;
	uint32_t	 event_types;	/* CONF_EV_* that a log wants */
	struct {
		uint32_t	 types;	/* WATCH_LIVE of clients */
		uint64_t	 second;
		uint32_t	 said[EVENT_KINDS];	/* in it */
	}		 live;
	struct event_batch *events;
	struct {			/* by their numbers, of all analyzers */
		uint64_t	 next;	/* to be sent */
		uint64_t	 done;	/* mirror has seen to those before */
		uint64_t	 from;	/* where this mirror begins */
		bool		 asked;	/* what the last analyzer got there */
		uint64_t	 lost;	/* have no number: were not sent */
		bool		 unsaid;	/* mirror knows of fewer */
		bool		 replaced;	/* and mirror was not told */
	}		 told;
	struct event_batch *streams;
	struct conn_list mirrored;
	struct conn_list skipped;	/* nobody reads on, nor mirrors */
	uint32_t	 mirrors_epoch;	/* each reload begins another one */
	struct {			/* mirror does not keep up */
		uint64_t	 since_us;	/* of a packet; 0: it does */
		struct left_out	 out;
		bool		 lost;		/* frames, of whatever */
	}		 behind;
	struct {			/* dropped; for the next mirror */
		uint64_t	 from_us;
		uint64_t	 to_us;	/* 0: none */
	}		 missed;
	struct {			/* no memory; mirror is not told yet */
		uint64_t	 since_us;
		struct left_out	 out;
	}		 unread;
	struct hash_key	 day_key;
	uint64_t	 day;
	/* of the connection whose reader was freed last */
	uint64_t	 last_id;
	uint64_t	 last_tx;
	const char	*last_proto;
	struct {
		uint64_t	 every_us[WINDOW_MAX];	/* of logs; 0: none */
		uint64_t	 next_us;	/* end of a period, mapped;
						   UINT64_MAX: none */
	}		 history;
	struct {
		struct heads	 heads;
		bool		 wanted;	/* by a log */
		unsigned	 in_minute;	/* alerts, since */
		uint64_t	 minute_us;	/* mapped */
		uint64_t	 next_us[CONF_LIST_MAX];	/* by rule */
	}		 evidence;
	uint64_t	 stats_us;	/* last EVENT_STATS */
	struct event	*ev_tick;
	bool		 offline;
	bool		 paused;	/* capture is not read */
	bool		 ended;
	bool		 damaged;	/* the file: more of it was not read */
	bool		 had_capture;
	uint64_t	 linked_us;	/* by this capture */
	uint64_t	 heard_us;	/* what it said last; 0: nothing yet */
	uint64_t	 away_us;	/* since when it is lost; 0: not */
	bool		 silent;	/* it is not lost, but says nothing */
	uint64_t	 run_us;	/* since then we read */
	bool		 alert_said;	/* its state is not saved yet */
};

/* Mapped time to the time that is printed. */
static inline uint64_t
state_print_time(const struct analyzer *az, uint64_t us)
{
	return us + az->wall_off;
}

static inline struct iface *
state_iface(struct analyzer *az, uint16_t id)
{
	return id < az->nifaces && az->ifaces[id].known ? &az->ifaces[id] :
	    NULL;
}

/* Whether any interface but this one (NULL: any) counts into the entry. */
static inline bool
state_is_borne(const struct analyzer *az, const struct sketch_entry *e,
    const struct iface *but)
{
	uint32_t	 k;

	for (k = 0; k < az->nifaces; k++)
		if (az->ifaces[k].known && az->ifaces[k].entry == e &&
		    &az->ifaces[k] != but)
			return true;
	return false;
}

#endif
