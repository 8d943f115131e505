/*
 * tally: every counter and gauge of every process, in one table.
 *
 * A statistic is a row here and a tally_add at the one place where the thing
 * happens; transport, `show` and metrics need no change. Counters only grow,
 * also over the loss of a child. Gauges are set.
 *
 *	  name			owner	  unit	   kind	    help
 */
#ifndef SANDBOX_TALLY_H
#define SANDBOX_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/buf.h"
#include "sandbox/role.h"

#define TALLY_NAME_MAX	32

#define TALLY_TABLE(T)							\
	/* capture */							\
	T(CAP_PACKETS,		CAPTURE,  PACKETS, COUNTER,		\
	    "packets taken from the kernel or a file")			\
	T(CAP_BYTES,		CAPTURE,  BYTES,   COUNTER,		\
	    "bytes taken, as captured")					\
	T(CAP_KERNEL_DROPS,	CAPTURE,  PACKETS, COUNTER,		\
	    "packets dropped by the kernel ring")			\
	T(CAP_QUEUE_DROPS,	CAPTURE,  PACKETS, COUNTER,		\
	    "packets taken but lost with a child or a link")		\
	T(CAP_TRUNCATED,	CAPTURE,  PACKETS, COUNTER,		\
	    "packets cut by the snapshot length")			\
	T(CAP_OVERSIZE,		CAPTURE,  PACKETS, COUNTER,		\
	    "packets cut to fit a frame")				\
	T(CAP_PAUSES,		CAPTURE,  EVENTS,  COUNTER,		\
	    "times capture waited for the analyzer")			\
	T(CAP_BATCHES,		CAPTURE,  EVENTS,  COUNTER,		\
	    "frames of packets sent")					\
	T(CAP_OPEN_ERRORS,	CAPTURE,  EVENTS,  COUNTER,		\
	    "interfaces that could not be opened")			\
	T(CAP_IF_EVENTS,	CAPTURE,  EVENTS,  COUNTER,		\
	    "interface changes seen")					\
	T(CAP_NETLINK_LOST,	CAPTURE,  EVENTS,  COUNTER,		\
	    "netlink overflows, each followed by a fresh dump")		\
	T(CAP_ADDRS_OVER,	CAPTURE,  EVENTS,  COUNTER,		\
	    "addresses of this host that are too many to know")		\
	T(CAP_BAD_RECORDS,	CAPTURE,  PACKETS, COUNTER,		\
	    "records of a capture file that could not be read")		\
	T(CAP_BAD_TIME,		CAPTURE,  PACKETS, COUNTER,		\
	    "packets of a file whose time was out of range")		\
	T(CAP_FILTERED,		CAPTURE,  PACKETS, COUNTER,		\
	    "packets of a file that the filter left out")		\
	T(CAP_INTERFACES,	CAPTURE,  ITEMS,   GAUGE,		\
	    "interfaces open now")					\
	/* analyzer: packets */						\
	T(PKT_SEEN,		ANALYZER, PACKETS, COUNTER,		\
	    "packets received from capture")				\
	T(PKT_BYTES,		ANALYZER, BYTES,   COUNTER,		\
	    "their bytes on the wire")					\
	T(PKT_LOST_LINK,	ANALYZER, PACKETS, COUNTER,		\
	    "packets that capture sent and a lost child took along")	\
	T(PKT_TIME_BACK,	ANALYZER, PACKETS, COUNTER,		\
	    "packets older than the one before, clamped")		\
	T(PKT_SEEN_AGAIN,	ANALYZER, PACKETS, COUNTER,		\
	    "further sightings of packets already counted")		\
	T(PKT_TRUNCATED,	ANALYZER, PACKETS, COUNTER,		\
	    "packets with less captured than was on the wire")		\
	T(PKT_TOO_DEEP,		ANALYZER, PACKETS, COUNTER,		\
	    "tunnels nested deeper than the limit")			\
	T(PKT_BAD,		ANALYZER, PACKETS, COUNTER,		\
	    "packets with a malformed header, all reasons")		\
	T(PKT_NOT_TCP,		ANALYZER, PACKETS, COUNTER,		\
	    "packets that are not TCP")					\
	T(PKT_IGNORED,		ANALYZER, PACKETS, COUNTER,		\
	    "TCP packets of connections that a rule ignores")		\
	/* analyzer: messages */					\
	T(HTTP_REQUESTS,	ANALYZER, MESSAGES, COUNTER,		\
	    "requests whose head was seen complete")			\
	T(HTTP_RESPONSES,	ANALYZER, MESSAGES, COUNTER,		\
	    "responses whose head was seen complete")			\
	T(HTTP2_REQUESTS,	ANALYZER, MESSAGES, COUNTER,		\
	    "requests in HTTP/2, which are among the requests")		\
	T(HTTP2_RESPONSES,	ANALYZER, MESSAGES, COUNTER,		\
	    "responses in HTTP/2, which are among the responses")	\
	T(HTTP_INTERIM,		ANALYZER, MESSAGES, COUNTER,		\
	    "1xx answers")						\
	T(HTTP_UNPAIRED_REQ,	ANALYZER, MESSAGES, COUNTER,		\
	    "requests that ended without a response")			\
	T(HTTP_UNPAIRED_RESP,	ANALYZER, MESSAGES, COUNTER,		\
	    "responses without a request")				\
	T(HTTP_RULE_IGNORED,	ANALYZER, MESSAGES, COUNTER,		\
	    "messages that a rule ignores")				\
	T(TLS_HELLOS,		ANALYZER, EVENTS,  COUNTER,		\
	    "TLS client hellos")					\
	T(TLS_NO_NAME,		ANALYZER, EVENTS,  COUNTER,		\
	    "client hellos without a server name")			\
	T(TLS_ECH,		ANALYZER, EVENTS,  COUNTER,		\
	    "client hellos that hide the name (ECH)")			\
	T(TLS_FAILED,		ANALYZER, EVENTS,  COUNTER,		\
	    "TLS handshakes that are known to have failed")		\
	T(TLS_ALERT_CLIENT,	ANALYZER, EVENTS,  COUNTER,		\
	    "of these, by a fatal alert of the client")			\
	T(TLS_ALERT_SERVER,	ANALYZER, EVENTS,  COUNTER,		\
	    "of these, by a fatal alert of the server")			\
	T(TLS_CERT_NAME,	ANALYZER, EVENTS,  COUNTER,		\
	    "certificates for the name that was claimed")		\
	T(TLS_CERT_OTHERS,	ANALYZER, EVENTS,  COUNTER,		\
	    "certificates for other names")				\
	T(TLS_CERT_EXPIRED,	ANALYZER, EVENTS,  COUNTER,		\
	    "certificates for the name, but expired")			\
	T(TLS_CERT_EARLY,	ANALYZER, EVENTS,  COUNTER,		\
	    "certificates for the name, but not valid yet")		\
	T(PROXY_CONNECTIONS,	ANALYZER, EVENTS,  COUNTER,		\
	    "connections whose client a trusted proxy told at first")	\
	T(PROXY_REQUESTS,	ANALYZER, EVENTS,  COUNTER,		\
	    "requests of which a trusted proxy told who asks")		\
	T(PROXY_SILENT,		ANALYZER, EVENTS,  COUNTER,		\
	    "requests of trusted proxies that name no address")		\
	T(PROXY_FORGOTTEN,	ANALYZER, EVENTS,  COUNTER,		\
	    "open requests whose client had to make room")		\
	/* analyzer: QUIC */						\
	T(QUIC_INITIALS,	ANALYZER, PACKETS, COUNTER,		\
	    "Initial packets of QUIC v1 and v2")			\
	T(QUIC_HELLOS,		ANALYZER, EVENTS,  COUNTER,		\
	    "connections over QUIC whose hello was read")		\
	T(QUIC_NO_NAME,		ANALYZER, EVENTS,  COUNTER,		\
	    "of these, without a server name")				\
	T(QUIC_ECH,		ANALYZER, EVENTS,  COUNTER,		\
	    "of these, with a hidden name (ECH)")			\
	T(QUIC_AGAIN,		ANALYZER, EVENTS,  COUNTER,		\
	    "further sightings of hellos already counted")		\
	T(QUIC_UNREAD,		ANALYZER, PACKETS, COUNTER,		\
	    "Initials without a right tag: of servers, or of nobody")	\
	T(QUIC_CUT,		ANALYZER, PACKETS, COUNTER,		\
	    "Initials cut by the snapshot length")			\
	T(QUIC_SKIPPED,		ANALYZER, PACKETS, COUNTER,		\
	    "Initials not looked into: too many in a second")		\
	T(QUIC_LOST,		ANALYZER, EVENTS,  COUNTER,		\
	    "QUIC hellos of which a part never came")			\
	T(QUIC_SHED,		ANALYZER, EVENTS,  COUNTER,		\
	    "QUIC hellos given up for want of room")			\
	T(QUIC_BAD,		ANALYZER, EVENTS,  COUNTER,		\
	    "malformed QUIC hellos")					\
	/* analyzer: oddities of sessions, one for each SESSION_A_ */	\
	T(ODD_BARE_LF,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads with a bare LF as line end")				\
	T(ODD_BARE_CR,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads with a CR that ends no line")			\
	T(ODD_NUL,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads with a NUL byte")					\
	T(ODD_CTL,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads with control characters")				\
	T(ODD_OBS_FOLD,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads with folded lines")					\
	T(ODD_NO_COLON,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads with a line without a colon")			\
	T(ODD_NAME,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads with a malformed field name")			\
	T(ODD_START_LINE,	ANALYZER, EVENTS,  COUNTER,		\
	    "start lines with odd spaces")				\
	T(ODD_HOST_DUP,		ANALYZER, EVENTS,  COUNTER,		\
	    "requests that name several hosts")			\
	T(ODD_HOST_NONE,	ANALYZER, EVENTS,  COUNTER,		\
	    "HTTP/1.1 requests without Host")				\
	T(ODD_HOST_BAD,		ANALYZER, EVENTS,  COUNTER,		\
	    "requests with a malformed Host")				\
	T(ODD_CL_DUP,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads that repeat the same Content-Length")		\
	T(ODD_CL_DIFF,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads with conflicting Content-Length")			\
	T(ODD_CL_BAD,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads with a malformed Content-Length")			\
	T(ODD_TE_CL,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads with Transfer-Encoding and Content-Length")		\
	T(ODD_TE_ODD,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads with an odd Transfer-Encoding")			\
	T(ODD_TE_10,		ANALYZER, EVENTS,  COUNTER,		\
	    "HTTP/1.0 heads with Transfer-Encoding")			\
	T(ODD_STATUS,		ANALYZER, EVENTS,  COUNTER,		\
	    "status codes below 100 or above 599")			\
	T(ODD_AMBIGUOUS,	ANALYZER, EVENTS,  COUNTER,		\
	    "messages that two receivers may read differently")		\
	T(ODD_CHUNK_SIZE,	ANALYZER, EVENTS,  COUNTER,		\
	    "chunk sizes that are no number")				\
	T(ODD_CHUNK_HUGE,	ANALYZER, EVENTS,  COUNTER,		\
	    "chunk sizes beyond all bounds")				\
	T(ODD_CHUNK_LINE,	ANALYZER, EVENTS,  COUNTER,		\
	    "chunk lines or trailers too long")				\
	T(ODD_CHUNK_END,	ANALYZER, EVENTS,  COUNTER,		\
	    "chunks that do not end where they should")			\
	T(ODD_CHUNK_LAX,	ANALYZER, EVENTS,  COUNTER,		\
	    "chunked bodies with lax framing")				\
	T(ODD_HEAD_LONG,	ANALYZER, EVENTS,  COUNTER,		\
	    "heads over the size limit, cut")				\
	T(ODD_HEAD_LOST,	ANALYZER, EVENTS,  COUNTER,		\
	    "heads that a gap tore")					\
	T(ODD_HEAD_CUT,		ANALYZER, EVENTS,  COUNTER,		\
	    "heads cut by the end of the connection")			\
	T(ODD_BODY_CUT,		ANALYZER, EVENTS,  COUNTER,		\
	    "bodies cut by the end of the connection")			\
	T(ODD_GARBAGE,		ANALYZER, EVENTS,  COUNTER,		\
	    "bytes between messages that are no head")			\
	T(ODD_RESYNC,		ANALYZER, EVENTS,  COUNTER,		\
	    "times parsing resumed at a later head")			\
	T(ODD_ROLES,		ANALYZER, EVENTS,  COUNTER,		\
	    "connections where both sides ask")				\
	T(ODD_QUEUE_FULL,	ANALYZER, EVENTS,  COUNTER,		\
	    "requests over the limit of unanswered ones")		\
	T(ODD_LATE_FULL,	ANALYZER, EVENTS,  COUNTER,		\
	    "early responses over their limit")				\
	T(ODD_MEMORY,		ANALYZER, EVENTS,  COUNTER,		\
	    "session memory refused at the ceiling")			\
	T(ODD_TLS_BAD,		ANALYZER, EVENTS,  COUNTER,		\
	    "malformed TLS hellos")					\
	T(ODD_TLS_LONG,		ANALYZER, EVENTS,  COUNTER,		\
	    "TLS hellos over the size limit")				\
	T(ODD_TLS_LOST,		ANALYZER, EVENTS,  COUNTER,		\
	    "TLS hellos that a gap tore")				\
	T(ODD_H2_BAD,		ANALYZER, EVENTS,  COUNTER,		\
	    "breaches of HTTP/2, most of which end its reading")	\
	T(ODD_H2_LOST,		ANALYZER, EVENTS,  COUNTER,		\
	    "HTTP/2 connections no longer read after a gap")		\
	/* alerts and events */						\
	T(ALERT_FIRED,		ANALYZER, EVENTS,  COUNTER,		\
	    "alerts fired")						\
	T(ALERT_CLEARED,	ANALYZER, EVENTS,  COUNTER,		\
	    "alerts cleared")						\
	T(EVIDENCE_ALERTS,	ANALYZER, EVENTS,  COUNTER,		\
	    "alerts whose packets went to log evidence")		\
	T(EVIDENCE_PACKETS,	ANALYZER, PACKETS, COUNTER,		\
	    "headers of packets that went there")			\
	T(EVIDENCE_LEFT_OUT,	ANALYZER, PACKETS, COUNTER,		\
	    "older ones that were too many for one alert")		\
	T(EVIDENCE_SHORT,	ANALYZER, EVENTS,  COUNTER,		\
	    "of these alerts, where older headers were gone by then")	\
	T(EVIDENCE_LIMITED,	ANALYZER, EVENTS,  COUNTER,		\
	    "alerts without any: too many within a minute")		\
	T(EVIDENCE_NO_MEMORY,	ANALYZER, EVENTS,  COUNTER,		\
	    "alerts without any: no memory for headers")		\
	T(EVENT_SENT,		ANALYZER, EVENTS,  COUNTER,		\
	    "events sent to the mirror")				\
	T(EVENT_DROPPED,	ANALYZER, EVENTS,  COUNTER,		\
	    "events in no log: mirror away or behind, analyzer lost")	\
	T(TALK_AGAIN,		ANALYZER, PACKETS, COUNTER,		\
	    "packets of other protocols than TCP, counted elsewhere")	\
	T(TALK_FORGOTTEN,	ANALYZER, EVENTS,  COUNTER,		\
	    "conversations that made room: they may count once more")	\
	T(DNS_FORGOTTEN,	ANALYZER, EVENTS,  COUNTER,		\
	    "names of DNS that made room: talkers show addresses")	\
	T(TALK_SHED,		ANALYZER, PACKETS, COUNTER,		\
	    "packets missing in talkers: no memory for conversations")	\
	T(OWN_SEEN,		ANALYZER, EVENTS,  COUNTER,		\
	    "connections of mirrors, neither counted nor shown")	\
	T(OWN_REFUSED,		ANALYZER, EVENTS,  COUNTER,		\
	    "connections that mirror called its own, to no target")	\
	T(OWN_UNPLACED,		ANALYZER, EVENTS,  COUNTER,		\
	    "connections of mirrors counted and shown for want of a place") \
	T(STREAM_DROPPED,	ANALYZER, EVENTS,  COUNTER,		\
	    "mirrored connections lost because mirror did not keep up")	\
	T(STREAM_DROPPED_BYTES,	ANALYZER, BYTES,   COUNTER,		\
	    "their bytes")						\
	/* parent */							\
	T(PAR_CLIENTS,		PARENT,	  ITEMS,   GAUGE,		\
	    "control clients now")					\
	T(PAR_CLIENTS_ALL,	PARENT,	  EVENTS,  COUNTER,		\
	    "control clients accepted")					\
	T(PAR_CLIENTS_REFUSED,	PARENT,	  EVENTS,  COUNTER,		\
	    "control clients refused at the limit")			\
	T(PAR_CLIENTS_SLOW,	PARENT,	  EVENTS,  COUNTER,		\
	    "control clients cut off because they did not read")	\
	T(PAR_CLIENTS_BAD,	PARENT,	  EVENTS,  COUNTER,		\
	    "control clients closed for a malformed frame")		\
	T(PAR_CHILDREN_LOST,	PARENT,	  EVENTS,  COUNTER,		\
	    "children lost")						\
	T(PAR_UNSAVED,		PARENT,	  EVENTS,  COUNTER,		\
	    "times what a process saved was not kept: no room")		\
	T(PAR_STATE_LOST,	PARENT,	  EVENTS,  COUNTER,		\
	    "times the file of state was not taken or not written")	\
	T(PAR_LOG_LOST,		PARENT,	  EVENTS,  COUNTER,		\
	    "log lines that syslog did not take")			\
	T(PAR_LINES_HELD,	PARENT,	  EVENTS,  COUNTER,		\
	    "lines not logged because a process said too many")		\
	T(PAR_FILES_HELD,	PARENT,	  EVENTS,  COUNTER,		\
	    "files not given to mirror, which asked too often")		\
	T(PAR_RELOADS,		PARENT,	  EVENTS,  COUNTER,		\
	    "reloads in force")						\
	T(PAR_RELOADS_BAD,	PARENT,	  EVENTS,  COUNTER,		\
	    "reloads refused")						\
	T(PAR_ALERTS_MISSED,	PARENT,	  EVENTS,  COUNTER,		\
	    "alert lines that a client asked for too late")		\
	T(PAR_ALERTS_LOST,	PARENT,	  EVENTS,  COUNTER,		\
	    "alerts lost because there was no memory to keep them")	\
	/* mirror */							\
	T(MIR_STREAMS,		MIRROR,	  ITEMS,   COUNTER,		\
	    "connections mirrored")					\
	T(MIR_BYTES,		MIRROR,	  BYTES,   COUNTER,		\
	    "bytes received for mirroring")				\
	T(MIR_QUEUE,		MIRROR,	  BYTES,   GAUGE,		\
	    "bytes waiting for sinks")					\
	T(MIR_EVENTS,		MIRROR,	  EVENTS,  COUNTER,		\
	    "event lines written")					\
	T(MIR_EVENTS_LOST,	MIRROR,	  EVENTS,  COUNTER,		\
	    "event lines that could not be written")			\
	T(MIR_DISK_LOST,	MIRROR,	  EVENTS,  COUNTER,		\
	    "times a disk lost some of what it had taken")		\
	T(MIR_SENT_BYTES,	MIRROR,	  BYTES,   COUNTER,		\
	    "bytes forwarded to targets")				\
	T(MIR_REQUESTS,		MIRROR,	  MESSAGES, COUNTER,		\
	    "requests forwarded to targets")				\
	T(MIR_ANSWERS,		MIRROR,	  MESSAGES, COUNTER,		\
	    "answers of targets, read and thrown away")			\
	T(MIR_ANSWER_BYTES,	MIRROR,	  BYTES,   COUNTER,		\
	    "bytes that targets sent, read and thrown away")		\
	T(MIR_DROPPED,		MIRROR,	  ITEMS,   COUNTER,		\
	    "mirrored connections of which something was lost")		\
	T(MIR_DROPPED_BYTES,	MIRROR,	  BYTES,   COUNTER,		\
	    "bytes that were not forwarded or recorded")		\
	T(MIR_ERRORS,		MIRROR,	  EVENTS,  COUNTER,		\
	    "errors of targets and record files")			\
	T(MIR_HOOK_ERRORS,	MIRROR,	  EVENTS,  COUNTER,		\
	    "chunks whose hook failed, was late or absent")		\
	T(MIR_RECORDS,		MIRROR,	  ITEMS,   COUNTER,		\
	    "records written")						\
	T(MIR_RECORD_BYTES,	MIRROR,	  BYTES,   COUNTER,		\
	    "bytes written to records")					\
	T(MIR_RECORDS_LOST,	MIRROR,	  ITEMS,   COUNTER,		\
	    "records that a file did not take")				\
	T(MIR_GAPS,		MIRROR,	  EVENTS,  COUNTER,		\
	    "pieces of connections that are not in a record")		\
	T(MIR_GAPS_UNLISTED,	MIRROR,	  EVENTS,  COUNTER,		\
	    "of these, not named in FILE.gaps: no room")		\
	T(MIR_UNSAVED,		MIRROR,	  ITEMS,   COUNTER,		\
	    "recorded connections that the next mirror would not know")	\
	T(MIR_UNKNOWN,		MIRROR,	  EVENTS,  COUNTER,		\
	    "stream records of connections that are not known")		\
	T(MIR_NO_MEMORY,	MIRROR,	  BYTES,   COUNTER,		\
	    "mirrored bytes that the memory limit did not hold")	\
	/* every process: the channel */				\
	T(CHAN_BAD_FRAMES,	ANY,	  EVENTS,  COUNTER,		\
	    "malformed or misdirected frames received")			\
	T(CHAN_STALE,		ANY,	  EVENTS,  COUNTER,		\
	    "frames of a lost child thrown away")			\
	T(CHAN_QUEUE_FULL,	ANY,	  EVENTS,  COUNTER,		\
	    "frames not sent because a queue was full")

#define T(name, owner, unit, kind, help)	TALLY_##name,
enum tally_id { TALLY_TABLE(T) TALLY_MAX };
#undef T

enum tally_unit {
	TALLY_UNIT_PACKETS, TALLY_UNIT_BYTES, TALLY_UNIT_EVENTS,
	TALLY_UNIT_MESSAGES, TALLY_UNIT_ITEMS
};
enum tally_kind { TALLY_KIND_COUNTER, TALLY_KIND_GAUGE };

struct tally {
	uint64_t	 v[TALLY_MAX];
};

static inline void
tally_add(struct tally *t, enum tally_id id, uint64_t n)
{
	t->v[id] += n;
}

static inline void
tally_set(struct tally *t, enum tally_id id, uint64_t n)
{
	t->v[id] = n;
}

/* "cap_packets", as in rows and documents, into s; returns s. */
const char	*tally_name(enum tally_id, char s[TALLY_NAME_MAX]);
/* The process that counts it; ROLE_ANY: each of them. */
enum role	 tally_owner(enum tally_id);
const char	*tally_help(enum tally_id);
const char	*tally_unit_name(enum tally_id);
enum tally_kind	 tally_kind(enum tally_id);
/* Non-zero rows as (index u16, value u64) pairs. */
void		 tally_pack(const struct tally *, struct buf *);
/* -1 on an unknown index or a short buffer; t is then untouched. */
int		 tally_unpack(struct tally *, struct buf *);

#endif
