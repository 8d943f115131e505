/*
 * row: THE ROW TABLE. What the daemon answers and what every view draws.
 *
 * A row is a kind, a level and the values of that kind's fields in order.
 * The table names each field, its type, its unit and its column title once;
 * the producer packs values, the client unpacks them, and text, JSON, the
 * screen and HTML are drawn from the same description. A row of level n + 1
 * belongs to the last row of level n before it; in JSON it is an element of
 * the array that its kind names (kind.array) inside that row's object.
 * Children of one kind stand together. Children that a kind may have are
 * listed in row_kinds, so that an empty array is still written.
 *
 * Adding a field: one line in row.c, one row_* call in the producer, one
 * line in netmonctl-json(7).
 */
#ifndef SANDBOX_ROW_H
#define SANDBOX_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/buf.h"

#define ROW_FIELDS_MAX	48
#define ROW_TEXT_MAX	8192	/* longest text value; longer ones are cut */
#define ROW_LEVEL_MAX	4
#define ROW_CHILD_KINDS	8

enum row_kind {
	ROW_DAEMON,		/* who answers: version, host, uptime, config */
	ROW_COMPLETE,		/* how much of the truth this document holds */
	ROW_SUMMARY,		/* rates of the window */
	ROW_INTERFACE,
	ROW_HOST,
	ROW_SECTION,
	ROW_METHOD,
	ROW_STATUS,
	ROW_CLIENT,
	ROW_TALKER,		/* who fills the line, with whom */
	ROW_SITE,		/* with whom, whoever does */
	ROW_NAME,		/* TLS names, claimed */
	ROW_ALPN,
	ROW_VERSION,		/* TLS version of a name */
	ROW_CERTIFICATE,	/* what certificates say of it */
	ROW_FLOW,
	ROW_SIGHTING,		/* another tuple, interface or VLAN of a flow */
	ROW_OTHER,		/* what a table did not keep, summed */
	ROW_CAPTURE,		/* loss report of a period */
	ROW_ADVICE,		/* which knob helps */
	ROW_ALERT,		/* state of a rule or of one of its keys */
	ROW_ALERT_EVENT,	/* one line of the alert stream */
	ROW_CONTRIBUTOR,	/* top contributor of an alert event */
	ROW_NEW_KEY,		/* what was new, of an alert event */
	ROW_RULE,		/* match and ignore rules with hits */
	ROW_MIRROR,
	ROW_MIRROR_FILE,
	ROW_REASON,		/* a count with its reason, inside others */
	ROW_ERROR,		/* parse errors by reason, one masked example */
	ROW_MEMORY,		/* a pool */
	ROW_PROCESS,
	ROW_TALLY,
	ROW_TRANSACTION,	/* a recent request with its response */
	ROW_TEXT,		/* a line of text: config, why, reload diff */
	ROW_BUCKET,		/* histogram bucket of response times */
	ROW_MONITOR,		/* a live event for `netmonctl monitor` */
	ROW_TUNNEL,		/* packets per tunnel kind */
	ROW_HOST_REQUESTS,	/* for metrics: named hosts and other */
	ROW_HOST_RESPONSES,
	ROW_PERIOD,		/* a step of the past, of the client alone */
	ROW_CHANGE,		/* between two times, the same */
	ROW_COMPARED,		/* answers of a mirror's target, by section */
	ROW_DIFFERENCE,		/* one that was not as the service's */
	ROW_KINDS
};

enum row_type { ROW_U64, ROW_I64, ROW_DOUBLE, ROW_STR, ROW_BOOL };

/*
 * What a number means to a reader. JSON writes it as it is (the unit is in
 * the key); text and screen scale it. ROW_UNIT_TIME is microseconds since
 * the epoch and is written as a time stamp.
 */
enum row_unit {
	ROW_UNIT_NONE,
	ROW_UNIT_COUNT,		/* 41.2k on screens */
	ROW_UNIT_BYTES,		/* 48.2 KiB */
	ROW_UNIT_BPS,		/* bits per second: 218.4 M */
	ROW_UNIT_PER_SECOND,	/* 226.3 */
	ROW_UNIT_SECONDS,	/* double; shown as ms where small */
	ROW_UNIT_RATIO,		/* 0.9998 shown as 99.98% */
	ROW_UNIT_TIME,		/* u64 microseconds since 1970 */
	ROW_UNIT_ID		/* printed plainly, never scaled */
};

struct row_field {
	const char	*key;		/* JSON key, unit included */
	enum row_type	 type;
	enum row_unit	 unit;
	const char	*title;		/* column title; NULL: not in tables */
};

struct row_desc {
	const char	*name;		/* "host" */
	const char	*array;		/* "hosts": the array in JSON */
	const struct row_field *fields;
	size_t		 nfields;
	enum row_kind	 child[ROW_CHILD_KINDS];
	size_t		 nchild;
};

struct row_value {
	enum row_type	 type;
	union {
		uint64_t	 u;
		int64_t		 i;
		double		 d;
		bool		 b;
		struct {
			const char	*p;	/* not terminated */
			size_t		 n;
		}		 s;
	};
};

struct row {
	enum row_kind	 kind;
	uint8_t		 level;
	size_t		 n;
	struct row_value v[ROW_FIELDS_MAX];	/* texts point into the frame */
};

const struct row_desc	*row_desc(enum row_kind);
/* Index of a key in a kind, -1 for none. */
int		 row_index(enum row_kind, const char *key);
/* A share in whole percent, rounded down: parts never sum to over 100. */
unsigned		 row_percent(double share);
/*
 * A part of 1 as "1.9%", or seconds as "0.8s": four digits, but never with an
 * exponent, and 100% only of the whole. Returns s.
 */
#define ROW_NUMBER_MAX	32
const char	*row_ratio(char s[ROW_NUMBER_MAX], double part);
const char	*row_seconds(char s[ROW_NUMBER_MAX], double seconds);
/* "18:30:12" in UTC, of microseconds since 1970. Returns s. */
const char	*row_clock(char s[ROW_NUMBER_MAX], uint64_t us);
/* Value by key, NULL when the kind has no such field. */
const struct row_value	*row_value(const struct row *, const char *key);

/*
 * Producer: row_begin, one call per field in the table's order, row_end.
 * row_end returns -1 when the calls did not match the table or the buffer
 * was too small (then nothing was added); that is a broken invariant of the
 * program, never of its input.
 */
struct row_writer {
	struct buf	*b;
	enum row_kind	 kind;
	size_t		 start;
	size_t		 at;
	bool		 bad;
};
void		 row_begin(struct row_writer *, struct buf *, enum row_kind,
		    unsigned level);
void		 row_u64(struct row_writer *, uint64_t);
void		 row_i64(struct row_writer *, int64_t);
void		 row_double(struct row_writer *, double);
void		 row_bool(struct row_writer *, bool);
void		 row_str(struct row_writer *, const char *);
void		 row_strn(struct row_writer *, const void *, size_t);
/* Any of these; the type of v is not looked at. */
void		 row_put_value(struct row_writer *, enum row_type,
		    const struct row_value *v);
int		 row_end(struct row_writer *);

/* Reads one row; -1 when it does not match the table. */
int		 row_get(struct buf *, struct row *);
/* One value; the buffer has an error when it is none of this type. */
void		 row_get_value(struct buf *, enum row_type,
		    struct row_value *);

#endif
