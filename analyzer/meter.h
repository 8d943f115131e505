/*
 * meter: what is counted about traffic, by whom, over several windows.
 *
 * Everything is a counter (enum meter_counter) of an entry in a sketch: one
 * for all, one per interface, and one per host, section, client, name, method
 * and status. The grand totals are exact; "other" is the total minus what the
 * shown entries hold.
 *
 * Time is the mapped packet time of the shell (microseconds, never back);
 * meter_advance must be called before counting. Windows are sums of slices of
 * a tenth of the configured window; older slices are kept in blocks of 10 s
 * and 1 minute. Offline there are no windows, only totals; but what rules
 * look back at, the grand total and interfaces, has its slices there too: they
 * stay for a minute, and as blocks for an hour. The clients of a host are only
 * counted there: nobody asks a file for more, and entries for them took a
 * tenth of the time of short connections.
 *
 * meter_request looks up host and section once and returns a token; the
 * response and the transaction find them through it, also when the entry has
 * gone meanwhile (then only totals move). All memory is charged to mem.
 */
#ifndef ANALYZER_METER_H
#define ANALYZER_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/distinct.h"
#include "analyzer/flow.h"
#include "analyzer/frag.h"
#include "analyzer/hist.h"
#include "analyzer/packet.h"
#include "analyzer/reass.h"
#include "analyzer/session.h"
#include "analyzer/sketch.h"
#include "sandbox/addr.h"
#include "sandbox/conf.h"
#include "sandbox/mem.h"
#include "sandbox/msg.h"

#define METER_METHODS	10	/* enum http_method, the last is any other */
#define METER_STATUSES	96	/* known codes, some more, the last is other */
#define METER_VERSIONS	8	/* SSL 3, TLS 1.0 to 1.3, QUIC, unknown */
#define METER_ALPNS	8	/* known names, other, none */
/* Alerts of the server, of the client, then those of METER_FAIL_OTHERS. */
#define METER_FAIL_OTHERS	6
#define METER_CERTS	(CERT_SAYS_MAX - 1)	/* without NONE */
#define METER_FAILS	(2 * (TLS_ALERT_OTHER + 1) + METER_FAIL_OTHERS)

/* Index of a counter in a sketch entry; unused ones cost nothing. */
enum meter_counter {
	MC_NONE,
	MC_REQUESTS,
	MC_RESPONSES,
	MC_ERRORS,		/* responses of 400 and more, per client */
	MC_REQ_BODY,
	MC_RESP_BODY,
	MC_TLS,			/* client hellos */
	MC_QUIC,		/* the same over QUIC */
	MC_PAYLOAD,		/* TCP payload bytes seen once */
	MC_TALKS,		/* connections and conversations */
	MC_TALK_PACKETS,	/* of them, on the wire, once */
	MC_UP_BYTES,		/* the same, from their clients */
	MC_DOWN_BYTES,		/* and from their servers */
	MC_METHOD,		/* not of clients, methods and statuses */
	MC_BRIEF = MC_METHOD,
	MC_STATUS = MC_METHOD + METER_METHODS,
	MC_FIRST = MC_STATUS + METER_STATUSES,	/* time to first byte */
	MC_LAST = MC_FIRST + HIST_BUCKETS,	/* time to last byte */
	MC_RTT = MC_LAST + HIST_BUCKETS,	/* handshake round trip */
	MC_TLS_TIME = MC_RTT + HIST_BUCKETS,	/* TLS handshake */
	MC_VERSION = MC_TLS_TIME + HIST_BUCKETS,
	MC_ALPN = MC_VERSION + METER_VERSIONS,
	MC_UNPAIRED_REQ = MC_ALPN + METER_ALPNS,
	MC_UNPAIRED_RESP,
	MC_GAP_MARKED,
	MC_AMBIGUOUS,
	MC_TLS_NO_NAME,
	MC_TLS_ECH,
	MC_RESUMED,
	MC_PACKETS,
	MC_BYTES,		/* on the wire */
	MC_GAP_BYTES,
	MC_CUT_BYTES,
	MC_CUT_PACKETS,
	MC_KERNEL_DROPS,
	MC_QUEUE_DROPS,
	MC_SHED,		/* packets without an entry */
	MC_UNOPENED,		/* passed where opening failed */
	MC_SEEN_AGAIN,
	MC_CONNECTIONS,
	MC_SEGMENTS,
	MC_RETRANS,
	MC_PARSE_ERRORS,
	MC_FIRST_SUM,		/* microseconds to first byte, summed */
	MC_LINK_LOST,		/* packets lost with a child or a link */
	MC_RX_BYTES,		/* of an interface, as the kernel counts */
	MC_TX_BYTES,
	MC_CLIENTS,		/* different ones of a host, offline only */
	MC_QUIC_ECH,
	MC_HTTP2_REQUESTS,	/* among the others; of all together only */
	MC_HTTP2_RESPONSES,
	MC_TLS_FAILED,		/* handshakes */
	MC_FAIL,
	MC_CERT = MC_FAIL + METER_FAILS,
	/* counts of the modules below, of the grand total only */
	MC_REASON = MC_CERT + METER_CERTS,
	MC_TUNNEL = MC_REASON + PACKET_REASON_MAX,
	MC_FRAG = MC_TUNNEL + PACKET_TUNNEL_MAX,
	MC_FLOW = MC_FRAG + FRAG_COUNT_MAX,
	MC_REASS = MC_FLOW + FLOW_COUNT_MAX,
	MC_ANOMALY = MC_REASS + REASS_COUNT_MAX,
	MC_MAX = MC_ANOMALY + SESSION_ANOMALY_MAX
};

enum meter_kind {
	METER_ALL, METER_IFACE, METER_HOST, METER_SECTION, METER_CLIENT,
	METER_HOST_CLIENT, METER_NAME, METER_TALKER, METER_SITE,
	METER_METHOD, METER_STATUS, METER_KINDS
};
#define METER_TALKS	4		/* counters from MC_TALKS on */
#define METER_CHILD_SECTIONS	0	/* sketch_entry child of a host */
#define METER_CHILD_CLIENTS	1

struct meter_conf {
	uint64_t	 window_us;
	bool		 offline;
	uint64_t	 limit;		/* bytes of all sketches */
	uint32_t	 max_hosts;
	uint32_t	 max_sections;	/* per host */
	uint32_t	 max_clients;
	uint32_t	 max_names;
	uint32_t	 max_talkers;
};
/* From a configuration; offline everything is kept up to a large limit. */
void		 meter_conf_init(struct meter_conf *, const struct conf *);

/* An interval without a role, in mapped time. */
struct meter_lost {
	uint64_t	 from_us;
	uint64_t	 to_us;
};
#define METER_LOST_MAX	64

struct meter {
	struct meter_conf conf;
	struct sketch_time time;
	struct sketch_time kept;	/* of METER_ALL and METER_IFACE */
	struct sketch_kind kind[METER_KINDS];
	struct sketch	*all;
	struct sketch	*ifaces;
	struct sketch	*hosts;
	struct sketch	*clients;
	struct sketch	*names;
	struct sketch	*talkers;
	struct sketch	*sites;
	struct sketch	*methods;
	struct sketch	*statuses;
	struct distinct	 met;		/* pairs of host and client, offline */
	uint64_t	 met_pair;	/* 0, or the last one: not in met yet */
	uint64_t	 met_host;	/* its host's token */
	struct sketch_entry *total;
	uint64_t	 now_us;
	uint64_t	 slice_end_us;
	uint64_t	 born_us;	/* first time seen by this process */
	uint64_t	 first_us;	/* by the first: totals begin here */
	uint64_t	 start_us;	/* windows begin not before this */
	uint32_t	 only;		/* slice: nor before this; 0: none */
	uint64_t	 aged_us;
	struct meter_lost lost[METER_LOST_MAX];
	uint32_t	 nlost;		/* in all; the last ones are kept */
	uint64_t	 away_us;	/* one that is not told to be over; 0 */
	uint64_t	 away_end_us;	/* but it is, since then; 0: it lasts */
	uint64_t	 lost_us;
	/* gathered for one interface, until meter_flush */
	struct sketch_entry *acc_iface;
	uint64_t	 acc[MC_MAX];
	uint16_t	 touched[MC_MAX];
	unsigned	 ntouched;
	uint64_t	 talk[METER_TALKS];	/* of talkers, MC_TALKS.. */
	uint64_t	 method_token[METER_METHODS];
	uint64_t	 status_token[1000];
	unsigned	 last_code;	/* and its slot: most are the same */
	unsigned	 last_slot;
	uint16_t	 extra[16];	/* status codes met beyond the known */
	unsigned	 nextra;
};

/* NULL without memory. */
struct meter	*meter_new(const struct meter_conf *, const struct hash_key *,
		    struct mem *);
void		 meter_free(struct meter *);
/* Sizes change at once; a new window length begins with empty windows. */
void		 meter_reconf(struct meter *, const struct meter_conf *);
/* Moves time on; cheap while the slice lasts. */
void		 meter_slices(struct meter *, uint64_t now_us);
static inline void
meter_advance(struct meter *m, uint64_t now_us)
{
	if (now_us <= m->now_us)
		return;
	m->now_us = now_us;
	if (now_us >= m->slice_end_us)
		meter_slices(m, now_us);
}
/* Statistics only: everything back to zero. */
void		 meter_reset(struct meter *);

/* The entry of an interface, until it is forgotten; NULL without room. */
#define METER_IFACES	4096
struct sketch_entry *meter_iface(struct meter *, const char *name);
/* NULL when there is none. */
struct sketch_entry *meter_iface_find(const struct meter *, const char *name);
/* Its counts go on as those of the other ones that are gone. */
void		 meter_iface_forget(struct meter *, struct sketch_entry *);
bool		 meter_iface_is_other(const struct sketch_entry *);
/*
 * Adds to the grand total and to an interface (may be NULL). It is gathered:
 * meter_flush must come before anything is asked.
 */
void		 meter_add(struct meter *, struct sketch_entry *iface,
		    unsigned counter, uint64_t n);
void		 meter_flush(struct meter *);

/* What a connection met last: most messages find their entries here. */
struct meter_cache {
	struct sketch_held host;
	struct sketch_held section;
	struct sketch_held entry;	/* of the client */
	struct sketch_held host_client;
	uint64_t	 hash;		/* of the client */
};
/*
 * Begins a cache for a client: its address after the privacy block, which is
 * given again with each message. NULL there: nobody's.
 */
void		 meter_client(const struct meter *, struct meter_cache *,
		    const struct addr *client);
/* Optional, some time before meter_client. */
void		 meter_expect_client(const struct meter *, const struct addr *);
/*
 * Optional, some time after meter_client and before the next message: asks
 * for the memory of the entries that it will count in.
 */
void		 meter_expect(const struct meter *, const struct meter_cache *);

struct meter_request {
	const uint8_t	*host;		/* normalised; len 0: none */
	size_t		 host_len;
	const uint8_t	*section;
	size_t		 section_len;
	const uint8_t	*method_name;	/* when method is "other" */
	size_t		 method_len;
	unsigned	 method;	/* enum http_method */
};
/* Counts it and returns the token for its response; 0: no entry. */
uint64_t	 meter_request(struct meter *, struct sketch_entry *iface,
		    struct meter_cache *, const struct addr *client,
		    const struct meter_request *);
/* token 0: the request is not known. interim: 1xx but 101. */
void		 meter_response(struct meter *, struct sketch_entry *iface,
		    struct meter_cache *, const struct addr *client,
		    uint64_t token, unsigned status, bool interim);
/*
 * A response found its request only later: what belongs to the host is
 * counted there; the totals know it already.
 */
void		 meter_resolved(struct meter *, uint64_t token,
		    unsigned status);

struct meter_end {
	uint64_t	 first_us;	/* to the first byte; 0: unknown */
	uint64_t	 last_us;
	uint64_t	 req_body;
	uint64_t	 resp_body;
	bool		 unpaired_req;
	bool		 unpaired_resp;
	bool		 gap;
	bool		 ambiguous;
};
/* client NULL: not known. */
void		 meter_end(struct meter *, struct sketch_entry *iface,
		    struct meter_cache *, const struct addr *client,
		    uint64_t token, const struct meter_end *);

struct meter_hello {
	const uint8_t	*name;
	size_t		 len;		/* 0: none, an entry like others */
	bool		 ech;
	const uint8_t	*alpn;		/* the first one offered */
	size_t		 alpn_len;	/* 0: none */
	uint32_t	 quic;		/* its version; 0: over TCP */
};
/* A client hello; returns the token of the name. */
uint64_t	 meter_hello(struct meter *, struct sketch_entry *iface,
		    struct meter_cache *, const struct addr *client,
		    const struct meter_hello *);
/* The handshake is done. */
void		 meter_tls(struct meter *, struct sketch_entry *iface,
		    uint64_t token, unsigned version, bool resumed,
		    uint64_t handshake_us);
/* It has failed; slot: meter_fail_slot. */
void		 meter_tls_failed(struct meter *, struct sketch_entry *iface,
		    uint64_t token, unsigned slot);
/* The server showed a certificate; nothing is counted of NONE. */
void		 meter_tls_cert(struct meter *, struct sketch_entry *iface,
		    uint64_t token, enum cert_says);
/*
 * The host and section of a token, in place; NULL when they are not kept.
 * Any of the pointers may be NULL.
 */
void		 meter_token_keys(const struct meter *, uint64_t token,
		    const uint8_t **host, size_t *host_len,
		    const uint8_t **section, size_t *section_len);
/* The host of a token and how often it was asked; NULL: not kept. */
const uint8_t	*meter_token_host(const struct meter *, uint64_t token,
		    size_t *len, uint64_t *asked);
/* Payload bytes of a TLS connection, at its end. */
void		 meter_tls_bytes(struct meter *, struct meter_cache *,
		    const struct addr *client, uint64_t token, uint64_t);

/* ---- who talks to whom (metertalk.c) ---- */

#define METER_TALK_NAME	64		/* bytes of a name that are kept */
#define METER_CLIENT_INSIDE	0x01
#define METER_SERVER_INSIDE	0x02
#define METER_NAME_DNS		0x04	/* an answer of DNS has the name */

/* Who told the name of a server; a site may have it of several. */
enum meter_told {
	METER_TOLD_BY_NONE,
	METER_TOLD_BY_HTTP,
	METER_TOLD_BY_TLS,
	METER_TOLD_BY_QUIC,
	METER_TOLD_BY_DNS,
	METER_TOLD_BYS
};

/* A client, what it talks to, and the service: the key of a talker. */
struct meter_talk {
	struct addr	 client;	/* as it may be kept */
	struct addr	 server;	/* zero where it has a name */
	const uint8_t	*name;		/* what the server is called */
	size_t		 name_len;	/* 0: nothing is known */
	uint16_t	 port;
	uint8_t		 proto;		/* of IP */
	uint8_t		 flags;		/* METER_.. of these */
	uint8_t		 told;		/* enum meter_told; not of the key */
};
/* More of it, talks of which began: for all, the talker, and its site. */
void		 meter_talk(struct meter *, const struct meter_talk *,
		    const struct packet_volume *, unsigned talks);
/* Its key again; name points into the entry. -1: it is none. */
int		 meter_talk_key(const struct sketch_entry *,
		    struct meter_talk *);
/*
 * A site: what servers are called, or one without a name: server, name and
 * METER_SERVER_INSIDE of a meter_talk. -1: it is none.
 */
int		 meter_site_key(const struct sketch_entry *,
		    struct meter_talk *);
/* Of its counters: how often somebody told its name; 0: did not. */
uint64_t	 meter_site_told(const uint64_t v[MC_MAX], enum meter_told);

/* ---- names of slots (meternames.c) ---- */

/* The status code of a status slot; 0 for "other". */
unsigned	 meter_status_code(const struct meter *, unsigned slot);
unsigned	 meter_status_slot(struct meter *, unsigned code);
const char	*meter_method_name(unsigned method);
const char	*meter_version_name(unsigned slot);
unsigned	 meter_version_slot(unsigned version);	/* of TLS */
unsigned	 meter_quic_slot(uint32_t version);
const char	*meter_alpn_name(unsigned slot);
unsigned	 meter_alpn_slot(const uint8_t *, size_t len);
/* Of a handshake that has failed. */
unsigned	 meter_fail_slot(const struct session_tls *);
/* "server alert 40 handshake failure", "client reset" */
const char	*meter_fail_name(unsigned slot);
/* "for other names" */
const char	*meter_cert_name(unsigned slot);

/* ---- asking (meterask.c) ---- */

/*
 * All counters of an entry in a window. Those that its kind has not, from
 * MC_BRIEF on for clients, methods and statuses and from MC_LAST on for
 * sections, are left as they are.
 */
void		 meter_sum(const struct meter *, const struct sketch_entry *,
		    enum show_window, uint64_t out[MC_MAX]);
/*
 * Sums of the span before now_us, as slices allow; what was counted after it
 * comes on top.
 */
void		 meter_sum_span(const struct meter *,
		    const struct sketch_entry *, uint64_t now_us,
		    uint64_t span_us, uint64_t out[MC_MAX]);
/*
 * The hosts with the most of what is counted and selected, in the last span;
 * their number. 0 where hosts do not tell it apart, as packets or interfaces.
 */
struct meter_share {
	const struct sketch_entry *host;
	uint64_t	 n;
	double		 share;		/* of all that is selected, to 1 */
};
unsigned	 meter_shares(struct meter *, enum conf_metric,
		    const struct conf_select *, uint64_t span_us,
		    struct meter_share *, unsigned max);
/* The first slice of a window. */
uint32_t	 meter_from(const struct meter *, enum show_window);
/*
 * Until it is called with 0, windows begin not before a time that periods of
 * theirs meet at.
 */
void		 meter_only(struct meter *, uint64_t from_us);
/* How long the window really is now, in microseconds (at least 1). */
uint64_t	 meter_window_us(const struct meter *, enum show_window);
/* How long from one time that windows can meet at to the next. */
uint64_t	 meter_period_us(const struct meter *, enum show_window);
const char	*meter_window_name(enum show_window);
/* Sums of responses by class: 2 to 5 for 2xx to 5xx. */
uint64_t	 meter_class(const struct meter *, const uint64_t v[MC_MAX],
		    unsigned class);

/*
 * A role was away. Who tells it may have heard late that it is back: back_us
 * is since when we know that, 0 for not at all.
 */
void		 meter_lost_time(struct meter *, uint64_t from_us,
		    uint64_t to_us, uint64_t back_us);
/* A role is away since then; its interval comes when it is back. */
void		 meter_away(struct meter *, uint64_t from_us);
/* It is there again. */
void		 meter_back(struct meter *, uint64_t now_us);
/* All intervals of all analyzers, in microseconds. */
uint64_t	 meter_lost_us(const struct meter *);
/*
 * Microseconds of the last span during which somebody was missing; with
 * windows, also those whose slices went down with an earlier process.
 */
uint64_t	 meter_unwatched_us(const struct meter *, uint64_t span_us,
		    bool windows);
/*
 * Completeness as DESIGN.md 3 defines it, of a vector of sums: 0 to 1, rounded
 * down to 1e-6; 1 only if nothing is known to be lost.
 */
double		 meter_complete(const uint64_t v[MC_MAX], uint64_t span_us,
		    uint64_t unwatched_us);

/* ---- keeping over a loss of the process (meterkeep.c) ---- */

/*
 * Packs what is kept of an entry (key, totals) in at most size bytes; large
 * entries lose their least telling counters. Returns the length.
 */
size_t		 meter_pack(const struct sketch_entry *, uint8_t *, size_t);
/*
 * Makes the entry again under its id; hosts come before their sections. -1
 * when the bytes are not one.
 */
int		 meter_unpack(struct meter *, enum meter_kind, uint32_t id,
		    const uint8_t *, size_t);

#endif
