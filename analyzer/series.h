/*
 * series: the slices of what one rule counts, or of one of its keys, and the
 * state that belongs to them. Private to alert and its parts. Every byte is
 * charged to MEM_METERS; where that is refused a key joins the others.
 */
#ifndef ANALYZER_SERIES_H
#define ANALYZER_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/alerttype.h"
#include "analyzer/hist.h"
#include "analyzer/usual.h"
#include "sandbox/hash.h"
#include "sandbox/mem.h"

#define SERIES_BUCKETS	64	/* of the hash of keys, of a few */
#define SERIES_SLOTS	4096	/* saved series */

/* Rings of a series: the counted, the whole of a ratio, the "at least". */
enum ring { RING_NUM, RING_DEN, RING_LEAST, RINGS };

struct series {
	struct series	*chain;
	struct series	*next;		/* all of a rule */
	struct series	*prev;
	uint64_t	 hash;
	uint64_t	*ring[RINGS];	/* one more than the slices of SPAN */
	uint64_t	 sum[RINGS];
	uint32_t	*hist;		/* slices of buckets */
	uint64_t	*hist_sum;
	uint64_t	 slice;		/* newest slice that is in the ring */
	struct usual	*usual;		/* of "of usual" */
	double		 level;		/* that; below 0: not known yet */
	double		 limit;		/* below 0: not known yet */
	double		 value;
	double		 complete;
	double		 peak;
	double		 worse;		/* the next "worse" is at twice this */
	uint64_t	 since_us;	/* of the state */
	uint64_t	 fired_us;
	uint64_t	 repeat_us;	/* when the next one is due */
	uint64_t	 fired_total;
	enum alert_state state;
	enum alert_state before;	/* it was blind */
	bool		 quiet;		/* fired inside a storm */
	bool		 restarted;	/* it fired under an analyzer before */
	bool		 dirty;
	uint32_t	 slot;		/* saved as, SERIES_SLOTS: not */
	char		 id[ALERT_ID_MAX];
	char		 key[ALERT_KEY_MAX];
};

/* A key that was new. */
struct fresh_key {
	uint64_t	 us;
	char		 key[ALERT_KEY_MAX];
};

struct alert_rule {
	const struct conf_alert *conf;
	unsigned	 number;
	uint32_t	 feeds;		/* bit per metric */
	/* Of "at least": the selection, as far as that metric knows it. */
	struct conf_select least;
	uint64_t	 slice_us;
	uint32_t	 slices;
	uint64_t	 slice;		/* the running one */
	uint64_t	 start_us;	/* watching since */
	uint64_t	 gone_us;	/* last without interfaces, or 0 */
	double		 complete;	/* the last span */
	enum alert_blind blind;		/* why it cannot be judged */
	uint64_t	 counts;	/* series_counts, of "of usual" */
	struct usual_clock usual;
	struct usual	 dropped;	/* the most of keys that made room */
	bool		 rings[RINGS];
	bool		 hist;
	bool		 instant;
	bool		 plain;		/* one sum of all there is */
	struct series	*few[SERIES_BUCKETS];
	struct series	**many;		/* instead, with many keys */
	size_t		 nmany;
	struct series	*first;
	struct series	*hand;		/* looked at next for room */
	unsigned	 nkeys;
	uint64_t	 other_keys;
	uint64_t	 fired_total;
	uint64_t	 minute_us;	/* storm: begin of the minute */
	unsigned	 in_minute;
	uint64_t	*seen;		/* "new KEY": hashes */
	uint32_t	 seen_size;
	uint32_t	 nseen;
	struct fresh_key *fresh;	/* the last ALERT_FRESH of these */
};

struct alert_set {
	struct alert_rule	*rule;
	unsigned	 n;
	uint32_t	 feeds;
	uint32_t	 looks;		/* of rules that are not plain */
	bool		 tells;		/* who counted */
	const struct alert_ops *ops;
	void		*arg;
	struct mem	*mem;
	const struct hash_key *seed;
	uint64_t	 now_us;
	uint64_t	 next_us;
	uint64_t	 next_id;
	bool		 id_dirty;
	char		 prefix[ALERT_ID_MAX / 2];
	uint32_t	 nslots;	/* used; 0 is none of a series */
	uint8_t		 slot_used[SERIES_SLOTS];
	uint8_t		 slot_gone[SERIES_SLOTS];
};

void	*series_take(struct alert_set *, size_t);
void	 series_give(struct alert_set *, void *, size_t);
/* Forgets all series of a rule. */
void	 series_clear(struct alert_set *, struct alert_rule *);
/* A free slot to save a series in; SERIES_SLOTS for none. */
uint32_t series_slot(struct alert_set *);
/* The series of a key, made when it is not there; NULL without room. */
struct series *series_get(struct alert_set *, struct alert_rule *,
	    const char *key);
void	 series_drop(struct alert_set *, struct alert_rule *,
	    struct series *);
/* Brings the rings up to the running slice. */
void	 series_move(const struct alert_rule *, struct series *);
void	 series_add(const struct alert_rule *, struct series *, enum ring,
	    uint64_t n);
/* Of a rule on what is usual: its clock goes on, and the limit with it. */
void	 series_pass(const struct alert_set *, struct alert_rule *);
void	 series_limit(const struct alert_set *, const struct alert_rule *,
	    struct series *);
/* What is usual is this. */
void	 series_level(const struct alert_rule *, struct series *, double);
/* What a rule counts, as a number: under its name may come another one. */
uint64_t series_counts(const struct conf_alert *);
/* What was usual of another rule, if that counted the same. */
void	 series_inherit(struct alert_set *, struct alert_rule *,
	    const struct alert_rule *other);
/* When one of its limits may be another next, though nothing comes. */
uint64_t series_limits_us(const struct alert_rule *, uint64_t now_us);
bool	 series_selects(const struct conf_select *,
	    const struct alert_what *);
/* The text of a rule's key; false when this event has none. */
bool	 series_key(enum conf_key, const struct alert_what *, char *);
bool	 series_holds(uint8_t op, double value, double limit);
/* Whether a rule fires upwards. */
bool	 series_upward(const struct conf_alert *);
bool	 series_is_time(const struct conf_alert *);
/* Whether it fires, also when nobody can tell now. */
bool	 series_fires(const struct series *);
/* Mapped time as it is printed; 0 stays 0. */
uint64_t alert_printed(struct alert_set *, uint64_t us);
double	 series_value(const struct alert_rule *, const struct series *);
/* False: that is 0 because there was nothing to divide or to time. */
bool	 series_has_value(const struct alert_rule *, const struct series *);
/* Of one that fires: the peak is not behind the value. */
void	 series_peak(const struct alert_rule *, struct series *);
/* The value of this moment, between two evaluations. */
void	 series_look(const struct alert_rule *, struct series *);

#endif
