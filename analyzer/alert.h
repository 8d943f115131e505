/*
 * alert: rules over what is counted, and their state machines (UX.md 2).
 *
 * A rule holds one series of slices, or one per key. SPAN is cut in 120
 * slices (250 ms to 5 s each); the value is the sum of the slices that
 * overlap the last SPAN, so it is at most one slice too high. Memory is fixed
 * per series and charged to MEM_METERS.
 *
 * Time is the mapped packet time of the shell. alert_advance evaluates at the
 * end of each slice; a count rule (>, >=) without "for" is evaluated at once
 * when it is crossed. What the rules cannot know (how complete the traffic
 * was, who contributed) is asked through struct alert_ops.
 */
#ifndef ANALYZER_ALERT_H
#define ANALYZER_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/alerttype.h"
#include "sandbox/buf.h"
#include "sandbox/conf.h"
#include "sandbox/hash.h"
#include "sandbox/mem.h"
#include "sandbox/row.h"

struct alert_set;

/*
 * NULL without memory. prefix begins the ids, next_id is the first number;
 * conf must stay alive until alert_reconf.
 */
struct alert_set *alert_new(const struct conf *, const char *prefix,
		    const struct alert_ops *, void *arg, struct mem *,
		    const struct hash_key *, uint64_t now_us);
void		 alert_free(struct alert_set *);
/* Rules with the same name and definition keep their state. */
int		 alert_reconf(struct alert_set *, const struct conf *);
/* Announces the end of all that fire (shutdown). */
void		 alert_end(struct alert_set *);

/* Whether any rule wants this metric: skip the rest of the work if not. */
bool		 alert_wants(const struct alert_set *, enum conf_metric);
/* Whether any looks at what was counted: else that may be NULL. */
bool		 alert_looks(const struct alert_set *, enum conf_metric);
void		 alert_count(struct alert_set *, enum conf_metric,
		    const struct alert_what *, uint64_t n);
/* A sample for response-time or connect-time. */
void		 alert_sample(struct alert_set *, enum conf_metric,
		    const struct alert_what *, uint64_t us);
/* Evaluates all slices that ended up to now. */
void		 alert_slices(struct alert_set *, uint64_t now_us);
/* When alert_slices must be called again. */
uint64_t	 alert_next_us(const struct alert_set *);

/*
 * ROW_ALERT rows of all rules, or of the named one: each series that is not
 * ok, and the one nearest to its limit. row begins each of them.
 */
bool		 alert_rows(struct alert_set *, bool active_only,
		    const char *name,
		    bool (*row)(void *arg, struct row_writer *), void *arg);
/* ROW_ALERT_EVENT and its ROW_CONTRIBUTORs. */
void		 alert_event_rows(const struct alert_event *, struct buf *);

struct alert_counts {
	unsigned	 rules;
	unsigned	 state[ALERT_STATES];
};
void		 alert_counts(const struct alert_set *, struct alert_counts *);

/* ---- keeping over a loss of the process ---- */

/* How far a run of alert_save is; zeroed it begins. */
struct alert_saving {
	uint32_t	 slot;
	unsigned	 rule;
	bool		 usual;		/* the last one was of that */
	struct series	*next;
	const struct series *with_usual;
	const struct alert_rule *of;
};

/*
 * The next series whose state changed, packed in at most size bytes; its
 * slot number through *slot; false when there is none left. len 0 through
 * *len: the slot is free now. What is usual of a series is told behind it, in a
 * slot of that number but of another table: at->usual. Nothing else may happen
 * to the set within a run.
 */
bool		 alert_save(struct alert_set *, struct alert_saving *,
		    uint32_t *slot, uint8_t *, size_t size, size_t *len);
int		 alert_restore(struct alert_set *, uint32_t slot,
		    const uint8_t *, size_t);
/* What is usual alone, behind the states: a restart keeps no more. */
int		 alert_restore_usual(struct alert_set *, uint32_t slot,
		    const uint8_t *, size_t);

/* Why a rule is unknown, as a clause; "" when it is not. */
const char	*alert_blind_text(enum alert_blind);
/* Name of a rule's state, "firing", and of an event, "fired". */
const char	*alert_state_name(enum alert_state);
const char	*alert_event_name(enum alert_event_kind);

#endif
