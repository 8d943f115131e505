/*
 * flowtype: the types of flow's contract, which flow.h explains. Apart, so
 * that the parts of flow can share them.
 */
#ifndef ANALYZER_FLOWTYPE_H
#define ANALYZER_FLOWTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/packet.h"
#include "analyzer/reass.h"
#include "sandbox/addr.h"

#define FLOW_HOLE_US		50000ULL	/* acknowledged, unseen */
#define FLOW_HOLE_ALONE_US	1000000ULL	/* peer never seen,
						 * nothing behind */
#define FLOW_HOLE_MAX_US	10000000ULL
#define FLOW_NAT_US		1000000ULL	/* pairing of two tuples */
#define FLOW_LINGER_US		2000000ULL	/* closed; for stragglers */
#define FLOW_QUIET_US		1000000ULL	/* open without a byte */
#define FLOW_DEPTHS		3	/* of a reader, asked for ahead */
#define FLOW_SIGHTINGS		4		/* other places kept by flow */

struct flow;
struct flow_table;

struct flow_config {
	uint64_t	 idle_us;	/* established */
	uint64_t	 syn_us;	/* half-open */
	uint32_t	 max_flows;	/* 0: only memory counts */
	uint32_t	 reass_bytes;	/* waiting bytes of one direction */
	uint32_t	 reass_segs;
	bool		 checksums;	/* look at TCP checksums at all */
	bool		 volumes;	/* gather what ops->volume is told */
};

enum flow_want {
	FLOW_WANT,		/* go on */
	FLOW_SKIP,		/* no more bytes; eof and free will come */
	FLOW_DONE		/* no more bytes; free is called at once */
};

enum flow_how {
	FLOW_EOF_FIN,		/* in order, after the last byte */
	FLOW_EOF_RST,
	FLOW_EOF_TIMEOUT,	/* idle, or end of input */
	FLOW_EOF_SHED,		/* dropped for memory */
	FLOW_EOF_REUSE		/* a new connection took the tuple */
};

/*
 * The reader of a connection's bytes, made at the first payload. data and gap
 * come in order per direction, each offset once; spans are valid during the
 * call only. eof comes at most once per direction; after both, or at any
 * other end, free comes and is the last call. The reader may not call
 * flow_packet, flow_tick or flow_shed.
 */
struct flow_feed {
	/* NULL: no memory; the table sheds something and asks once more */
	void		*(*open)(void *arg, struct flow *, uint64_t ts_us);
	/*
	 * acked: how far the sender had received the other direction when
	 * it sent this (an offset there); UINT64_MAX when unknown.
	 */
	enum flow_want	 (*data)(void *reader, int dir, uint64_t off,
			    const uint8_t *, size_t, uint64_t ts_us,
			    uint64_t acked);
	enum flow_want	 (*gap)(void *reader, int dir, uint64_t off,
			    uint64_t len, uint64_t ts_us, enum reass_why);
	void		 (*eof)(void *reader, int dir, enum flow_how,
			    uint64_t ts_us);
	void		 (*free)(void *reader);
	/*
	 * May be NULL: touches the reader's memory (depth 0) some time before
	 * a call of data or of ops->volume; a while later what that points to
	 * (1), and so on below FLOW_DEPTHS.
	 */
	void		 (*expect)(const void *reader, unsigned depth);
};

/* What happens to connections; any may be NULL. */
struct flow_ops {
	/* once per connection: at its first payload, or before closed */
	void	(*opened)(void *arg, struct flow *);
	/* once per connection, after the reader is gone */
	void	(*closed)(void *arg, struct flow *, enum flow_how);
	/* acknowledged or given-up bytes that were never seen, or cut ones */
	void	(*lost)(void *arg, struct flow *, int dir, uint64_t bytes,
		    enum reass_why);
	/* a round trip: dir 0 to the server, 1 to the client */
	void	(*rtt)(void *arg, struct flow *, int dir, uint32_t us,
		    bool handshake);
	/* there is no memory to read it: nobody will */
	void	(*unread)(void *arg, struct flow *);
	/*
	 * what it brought since the last call, 0 from the client: all packets
	 * that count, copies sent again, too, but not those seen again; met,
	 * false at first, is the caller's and stays with the connection
	 */
	void	(*volume)(void *arg, struct flow *,
		    const struct packet_volume *, bool *met);
};

/* What flow_packet made of a packet. */
enum flow_verdict {
	FLOW_COUNTED,		/* first sighting; part of a connection */
	FLOW_AGAIN,		/* seen again at another place */
	FLOW_IGNORED,		/* as the receiver would; counted by reason */
	FLOW_NO_ROOM		/* no memory for it, or to read its bytes */
};

/*	  name		text (row name)		what it means */
#define FLOW_COUNTS(M)							\
	M(NEW,		"new",			"connections made")	\
	M(MIDSTREAM,	"midstream",		"whose start was missed") \
	M(ONE_SIDED,	"one-sided",		"closed, one side unseen") \
	M(REUSED,	"reused",		"tuples used again")	\
	M(SEEN_AGAIN,	"seen-again",		"packets at another place") \
	M(SIGHTINGS,	"sightings",		"other places of a flow") \
	M(NAT,		"nat",			"tuples paired by NAT")	\
	M(MASKED,	"masked",		"held: clients in doubt") \
	M(MASK_GONE,	"mask-forgotten",	"translators over 64")	\
	M(ELSEWHERE,	"elsewhere",		"data first seen off home") \
	M(BAD_SUM,	"bad-checksum",		"bad TCP checksums")	\
	M(BAD_IP_SUM,	"bad-ip-checksum",	"bad IPv4 header checksum") \
	M(SUM_DISTRUST,	"checksum-distrust",	"half-flows, not believed") \
	M(OUT_OF_WINDOW, "out-of-window",	"segments out of window") \
	M(BAD_ACK,	"bad-ack",		"acks of nothing sent")	\
	M(NO_ACK,	"no-ack",		"data without ACK flag") \
	M(BAD_FLAGS,	"bad-flags",		"impossible TCP flags")	\
	M(BAD_RST,	"bad-rst",		"resets out of window")	\
	M(BAD_SYN,	"bad-syn",		"unconfirmed new SYNs")	\
	M(AFTER_FIN,	"after-fin",		"data after FIN")	\
	M(AFTER_RST,	"after-rst",		"went on after a reset") \
	M(SYN_DATA,	"syn-data",		"SYNs that carried data") \
	M(SYN_DATA_REFUSED, "syn-data-refused",	"data not accepted")	\
	M(RST_DATA,	"rst-data",		"resets that carried data") \
	M(URGENT,	"urgent",		"segments with urgent data") \
	M(KEEPALIVE,	"keepalive",		"keep-alive probes")	\
	M(STRAY,	"stray",		"packets of no connection") \
	M(RETRANS,	"retransmitted",	"retransmitted segments") \
	M(OUT_OF_ORDER,	"out-of-order",		"segments out of order") \
	M(DUP_ACK,	"duplicate-ack",	"duplicate acks")	\
	M(ZERO_WINDOW,	"zero-window",		"closed windows")	\
	M(PAYLOAD,	"payload",		"payload bytes seen once") \
	M(UNSEEN,	"unseen",		"bytes acked but unseen") \
	M(GAP,		"gap",			"connections that lack bytes") \
	M(CUT,		"truncated",		"bytes cut by snaplen")	\
	M(UNREAD,	"no-reader-memory",	"flows without a reader") \
	M(CLOSED_FIN,	"closed-fin",		"closed by FIN")	\
	M(CLOSED_RST,	"closed-rst",		"closed by RST")	\
	M(CLOSED_IDLE,	"closed-idle",		"closed by time")	\
	M(CLOSED_HALF,	"closed-half-open",	"half-open, timed out")	\
	M(SHED_CLOSED,	"shed-closed",		"dropped: closed")	\
	M(FORGOTTEN,	"forgotten",		"ended, too many to know") \
	M(SHED_HALF,	"shed-half-open",	"dropped: half-open")	\
	M(SHED_PLAIN,	"shed-unclassified",	"dropped: no reader")	\
	M(SHED_READ,	"shed-classified",	"dropped: with a reader") \
	M(NO_ROOM,	"no-room",		"packets without an entry")

#define M(name, text, help)	FLOW_C_##name,
enum flow_count { FLOW_COUNTS(M) FLOW_COUNT_MAX };
#undef M

enum flow_state {
	FLOW_SYN,		/* SYN seen, no answer */
	FLOW_OPEN,		/* established or picked up mid-stream */
	FLOW_CLOSING,		/* one FIN, or a reset not yet believed */
	FLOW_CLOSED,		/* lingers for stragglers */
	FLOW_ALIAS		/* another tuple's connection (NAT) */
};

struct flow_half_info {
	uint64_t	 bytes;		/* payload seen once */
	uint64_t	 lost;		/* acked or given up, unseen or cut */
	uint32_t	 packets;	/* each once */
	uint32_t	 retrans;	/* these four stop at 65535 */
	uint32_t	 ooo;
	uint32_t	 dup_acks;
	uint32_t	 zero_windows;
	uint32_t	 rtt_us;	/* handshake round trip to it, 0 none */
	uint32_t	 srtt_us;	/* smoothed data round trip to it */
	uint16_t	 iface;		/* home; 0xffff: never seen */
	uint16_t	 vlan[2];
	uint8_t		 nvlan;
	bool		 seen;
	bool		 reset;		/* it was the last to do so */
	uint16_t	 stuck;		/* times the same is sent, unacked */
	uint16_t	 stuck_len;
	uint16_t	 passed;	/* longest that is known to be acked */
};

struct flow_seen {
	struct flow_key	 key;		/* client to server there */
	uint64_t	 packets;
	uint64_t	 bytes;		/* on the wire */
	uint32_t	 place;
	uint16_t	 iface;
	uint16_t	 vlan[2];
	uint8_t		 nvlan;
	uint8_t		 ttl;		/* of the client's; 0: not seen */
};

struct flow_info {
	uint64_t		 id;	/* never used again */
	struct flow_key		 key;	/* a: client, b: server */
	uint64_t		 first_us;
	uint64_t		 last_us;
	enum flow_state		 state;
	uint8_t			 tcp_flags;	/* of all its packets */
	bool			 midstream;
	bool			 client_known;	/* a SYN or content said so */
	bool			 one_sided;
	bool			 nat;	/* a sighting has another tuple */
	int			 tunnel;	/* outermost, packet.h */
	struct flow_half_info	 half[2];	/* 0: from the client */
	void			*reader;
	unsigned		 nseen;
	struct flow_seen	 seen[FLOW_SIGHTINGS];	/* nseen are valid */
};

#endif
