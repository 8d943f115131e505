/*
 * side: a connection as the analyzer keeps it, and who is who on it. The
 * struct belongs to the flow table's entry (conn makes and frees it); the
 * modules that tell of connections share it.
 */
#ifndef ANALYZER_SIDE_H
#define ANALYZER_SIDE_H

#include "analyzer/flow.h"
#include "analyzer/session.h"
#include "analyzer/state.h"
#include "analyzer/tags.h"

#define SIDE_HOST	ENDED_HOST	/* bytes of the last host */

/* How a TLS handshake ended. */
#define SIDE_NO_HAND	0	/* there is none, or it has not ended */
#define SIDE_HAND	1	/* done */
#define SIDE_FAILED	2	/* and more: slots of meter_fail_slot */
_Static_assert(SIDE_FAILED + METER_FAILS <= UINT8_MAX, "conn.hand");

struct conn {
	TAILQ_ENTRY(conn) entry;	/* in az->mirrored or skipped */
	struct analyzer	*az;
	struct flow	*flow;
	struct session	*session;
	struct endpoint	 client;	/* as it may be kept */
	uint16_t	 iface;
	int16_t		 vlan[2];	/* -1 none */
	struct meter_cache cache;
	uint64_t	 name_token;	/* TLS name in the meter */
	uint32_t	 requests;
	uint32_t	 tx;
	uint64_t	 offset[2];	/* next byte of each direction */
	uint64_t	 mirrors;	/* bit mask of conf mirrors */
	struct tags	*tags;		/* what rules said, on demand */
	uint8_t		 mirror_dirs : 2; /* 1 << stream_dir that any wants */
	uint8_t		 cert : 3;	/* enum cert_says */
	uint8_t		 via : 1;	/* requests of it are in az->via */
	uint8_t		 fronted : 1;	/* client: as a proxy said at first */
	uint8_t		 trusted : 1;	/* and that is a proxy, too */
	uint8_t		 host_len;
	uint8_t		 hand;		/* SIDE_HAND.. */
	bool		 hidden : 1;
	bool		 ignored : 1;	/* by an address rule, or our own */
	bool		 own : 1;	/* the mirror made it */
	bool		 swapped : 1;	/* direction 1 is the client's */
	bool		 streaming : 1;	/* it is in az->mirrored */
	bool		 shed : 1;	/* until mirror has caught up */
	bool		 unread : 1;	/* no more of it is */
	uint8_t		 server_dir : 1; /* direction towards the server */
	uint32_t	 mirrors_epoch;	/* of az, when they were looked for */
	uint8_t		 host[SIDE_HOST];
};

_Static_assert(CERT_SAYS_MAX <= 8, "conn.cert");
_Static_assert(sizeof(struct conn) <= 256, "there may be a million of them");

/* "" when it is not known. */
const char *side_iface_name(struct analyzer *, uint16_t id);
/* The interface's entry in the meter, or NULL. */
struct sketch_entry *side_entry(const struct conn *);
/*
 * A client's address as the privacy block lets it be kept; true when that is
 * another one. The key of hashed ones changes at midnight.
 */
bool	 side_hide(struct analyzer *, const struct addr *real,
	    struct addr *kept);
/* Endpoints, after it became clear which side is the client. */
void	 side_set(struct conn *);
/* Content told that direction dir is the client's. */
void	 side_client_is(struct conn *, unsigned dir);
/*
 * What stood before the first message of direction dir: the PROXY protocol,
 * which is believed of trusted proxies.
 */
void	 side_prefix(struct conn *, unsigned dir, const uint8_t *, size_t);
/* A request; a trusted proxy may say who asks. */
void	 side_request(struct conn *, const struct session_request *);
/*
 * Who asked, to be counted: as a proxy said, or the client. Of a request that
 * is not known id is 0. Valid until the next request; the cache is for it.
 */
const struct addr *side_asker(struct conn *, uint64_t id);
/* NULL: the client itself. */
const struct addr *side_asked_via(const struct conn *, uint64_t id);
/* Valid as long as the connection. */
const struct endpoint *side_server(const struct conn *);
/* What rules are told of it. */
void	 side_rule(const struct conn *, struct rule_flow *);
/*
 * What alerts and events are told, of a request or with id 0 of the whole;
 * parts point to the connection.
 */
void	 side_what(const struct conn *, uint64_t id, struct alert_what *);
void	 side_event(const struct conn *, uint64_t id, struct event_flow *);

#endif
