/*
 * alerttype: the types of alert's contract: states, events, what is judged
 * and what the rules ask of others.
 */
#ifndef ANALYZER_ALERTTYPE_H
#define ANALYZER_ALERTTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/addr.h"
#include "sandbox/conf.h"

#define ALERT_SLICES		120
#define ALERT_KEY_MAX		128
#define ALERT_ID_MAX		32
#define ALERT_TOP		3
#define ALERT_FRESH		5	/* keys of "new KEY" that are named */
#define ALERT_STORM		20	/* firings of a rule in */
#define ALERT_STORM_S		60	/* seconds */
#define ALERT_ENOUGH		0.95	/* below this a window is blind */

enum alert_state {
	ALERT_OK, ALERT_PENDING, ALERT_FIRING, ALERT_CLEARING, ALERT_UNKNOWN,
	ALERT_STATES
};
enum alert_event_kind {
	ALERT_EV_FIRED, ALERT_EV_CLEARED, ALERT_EV_REPEATED, ALERT_EV_WORSE,
	ALERT_EV_UNKNOWN, ALERT_EV_KNOWN, ALERT_EV_ENDED, ALERT_EV_STORM,
	ALERT_EV_KINDS
};

/* Why a rule cannot be judged. */
enum alert_blind {
	ALERT_SEES,
	ALERT_BLIND_DOWN,	/* no interface is up */
	ALERT_BLIND_WAS_DOWN,	/* none was, within the span */
	ALERT_BLIND_PROCESS,	/* a process was lost */
	ALERT_BLIND_LOSS,	/* packets or bytes were lost */
	ALERT_BLINDS
};

/* How much of the last span was seen. */
struct alert_view {
	double		 complete;
	double		 watched;	/* share without lost processes */
	bool		 gone;		/* all interfaces are away */
};

struct alert_top {
	char		 host[ALERT_KEY_MAX];
	double		 share;
};

struct alert_event {
	const struct conf_alert *rule;
	unsigned	 number;	/* of the rule, from 1 */
	enum alert_event_kind kind;
	const char	*id;
	const char	*key;		/* "" without one */
	uint64_t	 time_us;
	double		 value;
	double		 limit;
	uint64_t	 first_us;	/* when it fired */
	uint64_t	 last_us;
	uint64_t	 after_us;	/* how long it was firing */
	double		 peak;
	double		 complete;
	bool		 restarted;
	unsigned	 ntop;
	struct alert_top top[ALERT_TOP];
	unsigned	 nfresh;	/* the last ones that were new */
	const char	*fresh[ALERT_FRESH];
	uint64_t	 count;		/* STORM: firings in this minute */
	uint64_t	 evidence;	/* FIRED: packets that log has */
};

struct alert_what;

struct alert_ops {
	void	 (*event)(void *arg, const struct alert_event *);
	/* Of the span before now_us, on the interfaces of a glob ("" all). */
	void	 (*view)(void *arg, const char *on, uint64_t now_us,
		    uint64_t span_us, struct alert_view *);
	/* The largest contributors; returns their number. */
	unsigned (*top)(void *arg, const struct conf_alert *, const char *key,
		    struct alert_top top[ALERT_TOP]);
	/* Mapped time to the time that is printed. */
	uint64_t (*print_time)(void *arg, uint64_t us);
	/* With evidence: what a connection did counted for a key of a rule. */
	void	 (*counted)(void *arg, const struct conf_alert *,
		    const char *key, const struct alert_what *);
};

/* What a message, packet or connection is, for selections and keys. */
struct alert_what {
	uint64_t	 flow;		/* its id; 0: of many */
	const char	*iface;
	const char	*tag;
	const uint8_t	*host;		/* normalised; NULL unknown */
	size_t		 host_len;
	const uint8_t	*section;
	size_t		 section_len;
	const struct addr *client;	/* after the privacy block */
	const struct addr *server;
	uint16_t	 port;		/* of the server */
	int32_t		 vlan;		/* -1 none */
	const char	*service;	/* "http", "tls" */
	const uint8_t	*sni;
	size_t		 sni_len;
	const char	*method;
	unsigned	 status;
};

#endif
