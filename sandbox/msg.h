/*
 * msg: THE MESSAGE TABLE, and a packer and unpacker for each payload.
 *
 * One row declares a type's number, its direction and the bounds of its
 * body; chan checks them before any handler runs. Numbers are never reused.
 * msg_put_x writes one payload, msg_get_x reads it back and returns -1 when
 * the bytes are not one (texts too long or with a NUL, values out of range,
 * a short body). Spans and texts in a payload point into the frame and live
 * as long as the handler's call, unless the struct holds an array.
 *
 * Conversations
 *   start     parent > child: HELLO, CONF (last has no FRAME_MORE), RESTORE*,
 *             FILE*; child > parent: READY
 *   links     see LINK; receiver of large frames > sender that waits for
 *             shared memory: SHM_ROOM
 *   reload    parent > children: CONF*, PREPARE; back PREPARED or REFUSED;
 *             COMMIT or ABORT
 *   request   client > parent: SHOW, ... ; parent > owner: the same with the
 *             parent's request number; back ROW*, then one END or ERROR
 *   stop      parent > child: STOP; child > parent: TALLY, BYE
 *   heartbeat child > parent: TALLY each second, SAVE* before it
 */
#ifndef SANDBOX_MSG_H
#define SANDBOX_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/addr.h"
#include "sandbox/buf.h"
#include "sandbox/conf.h"
#include "sandbox/frame.h"
#include "sandbox/role.h"

#define MSG_VERSION	1	/* of the control protocol and of the links */
#define MSG_TEXT_MAX	1024
#define MSG_ARG_MAX	512
#define MSG_ARGS_MAX	16
#define MSG_SAVE_MAX	1024	/* bytes of one saved slot */
#define MSG_SAVE_TABLES	17
#define MSG_SAVE_USUAL	16	/* the table that outlives netmond, too */
#define MSG_SAVE_SLOTS	16384

/*	  name		number	from	  to	    min	max body */
#define MSG_TABLE(M)							\
	/* launch: parent and launcher */				\
	M(LAUNCH,	0x0001,	PARENT,	  LAUNCHER, 8,	8)		\
	M(LAUNCHED,	0x0002,	LAUNCHER, PARENT,   12,	12)		\
	/* life: parent and every child */				\
	M(HELLO,	0x0101,	ANY,	  ANY,	    4,	2048)		\
	M(CONF,		0x0102,	PARENT,	  CHILD,    0,	FRAME_BODY_MAX)	\
	M(READY,	0x0103,	CHILD,	  PARENT,   8,	2048)		\
	M(FILE,		0x0104,	PARENT,	  CHILD,    8,	2048)		\
	M(FILE_WANTED,	0x0105,	MIRROR,	  PARENT,   8,	2048)		\
	M(PROVIDER,	0x0106,	PARENT,	  MIRROR,   4,	2048)		\
	M(STOP,		0x0107,	PARENT,	  CHILD,    0,	0)		\
	M(BYE,		0x0108,	CHILD,	  PARENT,   0,	0)		\
	M(VERBOSE,	0x0109,	PARENT,	  CHILD,    4,	4)		\
	M(LOG,		0x010a,	CHILD,	  PARENT,   5,	2048)		\
	M(CRASH,	0x010b,	CHILD,	  PARENT,   24,	24)		\
	M(FAULT,	0x010c,	CHILD,	  PARENT,   5,	2048)		\
	M(CHECK,	0x010d,	PARENT,	  CHILD,    0,	0)		\
	M(ENOUGH,	0x010e,	PARENT,	  CAPTURE,  0,	0)		\
	/* data: the links between children */				\
	M(LINK,		0x0201,	CHILD,	  CHILD,    12,	12)		\
	M(PACKETS,	0x0202,	CAPTURE,  ANALYZER, 16,	FRAME_BODY_MAX)	\
	M(CAPSTAT,	0x0203,	CAPTURE,  ANALYZER, 8,	FRAME_BODY_MAX)	\
	M(IFACE,	0x0204,	CAPTURE,  ANALYZER, 16,	2048)		\
	M(DATA_END,	0x0205,	CHILD,	  CHILD,    8,	8)		\
	M(STREAM,	0x0206,	ANALYZER, MIRROR,   1,	FRAME_BODY_MAX)	\
	M(EVENT,	0x0207,	ANALYZER, MIRROR,   1,	FRAME_BODY_MAX)	\
	M(OWN_TUPLE,	0x0208,	MIRROR,	  ANALYZER, 37,	37)		\
	M(SHM_ROOM,	0x0209,	CHILD,	  CHILD,    0,	0)		\
	M(EVENTS_DONE,	0x020b,	MIRROR,	  ANALYZER, 8,	8)		\
	M(EVENTS_FROM,	0x020c,	ANALYZER, MIRROR,   20,	20)		\
	M(LOCAL,	0x020d,	CAPTURE,  ANALYZER, 4,	16388)		\
	/* report: child to parent, and back to a fresh one */		\
	M(ALERT,	0x0301,	ANALYZER, PARENT,   8,	FRAME_BODY_MAX)	\
	M(TALLY,	0x0302,	CHILD,	  PARENT,   0,	FRAME_BODY_MAX)	\
	M(SAVE,		0x0303,	CHILD,	  PARENT,   0,	FRAME_BODY_MAX)	\
	M(RESTORE,	0x0304,	PARENT,	  CHILD,    0,	FRAME_BODY_MAX)	\
	M(RESTORE_TALLY, 0x0305, PARENT,  CHILD,    0,	FRAME_BODY_MAX)	\
	M(MONITOR,	0x0306,	CHILD,	  PARENT,   12,	2048)		\
	M(LOST_TIME,	0x0307,	PARENT,	  ANALYZER, 20,	20)		\
	M(LIVE,		0x0308,	PARENT,	  ANALYZER, 4,	4)		\
	M(TROUBLE,	0x0309,	MIRROR,	  PARENT,   4,	2048)		\
	/* reload */							\
	M(PREPARE,	0x0401,	PARENT,	  CHILD,    0,	0)		\
	M(PREPARED,	0x0402,	CHILD,	  PARENT,   0,	0)		\
	M(REFUSED,	0x0403,	CHILD,	  PARENT,   4,	2048)		\
	M(COMMIT,	0x0404,	PARENT,	  CHILD,    0,	0)		\
	M(ABORT,	0x0405,	PARENT,	  CHILD,    0,	0)		\
	/* control: client to parent, parent to the owner */		\
	M(SHOW,		0x0501,	ANY,	  OWNER,    8,	FRAME_BODY_MAX)	\
	M(WATCH,	0x0502,	CLIENT,	  PARENT,   24,	24)		\
	M(RELOAD,	0x0503,	CLIENT,	  PARENT,   0,	0)		\
	M(LOAD,		0x0504,	CLIENT,	  PARENT,   4,	1024)		\
	M(VERBOSITY,	0x0505,	CLIENT,	  PARENT,   4,	4)		\
	M(RESET,	0x0506,	ANY,	  OWNER,    8,	FRAME_BODY_MAX)	\
	M(MIRROR,	0x0507,	ANY,	  OWNER,    8,	FRAME_BODY_MAX)	\
	M(ROTATE,	0x0508,	ANY,	  OWNER,    0,	FRAME_BODY_MAX)	\
	M(HOOK,		0x0509,	CLIENT,	  PARENT,   8,	FRAME_BODY_MAX)	\
	M(TERMINATE,	0x050a,	CLIENT,	  PARENT,   0,	0)		\
	M(CANCEL,	0x050b,	ANY,	  OWNER,    4,	4)		\
	M(ROW,		0x0581,	OWNER,	  ANY,	    2,	FRAME_BODY_MAX)	\
	M(END,		0x0582,	OWNER,	  ANY,	    0,	0)		\
	M(ERROR,	0x0583,	OWNER,	  ANY,	    8,	2048)		\
	/* hook: mirror and a provider */				\
	M(HOOK_CHUNK,	0x0601,	MIRROR,	  PROVIDER, 1,	FRAME_BODY_MAX)	\
	M(HOOK_VERDICT,	0x0602,	PROVIDER, MIRROR,   9,	FRAME_BODY_MAX)

#define M(name, num, from, to, min, max)	MSG_##name = num,
enum msg_type { MSG_TABLE(M) };
#undef M

struct msg_desc {
	uint16_t	 type;
	const char	*name;
	enum role	 from;
	enum role	 to;
	size_t		 min;
	size_t		 max;
};

/* NULL for a type that is not in the table. */
const struct msg_desc	*msg_desc(uint16_t type);
/* "PACKETS", or "unknown". */
const char		*msg_name(uint16_t type);
/* Whether from may send this type to to. */
bool			 msg_allowed(const struct msg_desc *, enum role from,
			    enum role to);

/* ---- launch and life ---- */

struct msg_launch {
	uint32_t	 role;
	uint32_t	 generation;
};
void	 msg_put_launch(struct buf *, const struct msg_launch *);
int	 msg_get_launch(struct buf *, struct msg_launch *);

struct msg_launched {
	uint32_t	 role;
	uint32_t	 generation;
	int32_t		 pid;		/* -errno when it failed */
};
void	 msg_put_launched(struct buf *, const struct msg_launched *);
int	 msg_get_launched(struct buf *, struct msg_launched *);

/*
 * Who logs debug lines: 1 << role each. HELLO and VERBOSE carry what is in
 * force; VERBOSITY of a client what to add and, in its high half, what to
 * take away.
 */
#define MSG_VERBOSE(role)	(1U << (role))
#define MSG_VERBOSE_ALL		0xffffU
#define MSG_BRIEF(mask)		((mask) << 16)

/* HELLO: parent to child, and client and parent to each other. */
#define HELLO_CHECK	0x01	/* netmond -n: check and go, no devices */
#define HELLO_OFFLINE	0x02	/* -r: fixed hash seed, no clocks */
#define HELLO_RESTARTED	0x04	/* this child replaces a lost one */
/* Parent to client: the facility of its log lines. */
#define HELLO_FACILITY(n)	((n) << 8)
#define HELLO_FACILITY_OF(flags)	((flags) >> 8 & 0x1f)
struct msg_hello {
	uint32_t	 version;	/* MSG_VERSION */
	uint32_t	 flags;		/* HELLO_* */
	uint32_t	 verbose;	/* MSG_VERBOSE */
	uint64_t	 epoch;		/* of the daemon: start time, us */
	uint64_t	 mono_us;	/* CLOCK_MONOTONIC of the sender */
	uint64_t	 wall_us;	/* CLOCK_REALTIME of the sender */
	char		 text[64];	/* program version */
};
void	 msg_put_hello(struct buf *, const struct msg_hello *);
int	 msg_get_hello(struct buf *, struct msg_hello *);

struct msg_ready {
	uint32_t	 pid;
	uint32_t	 landlock;	/* ABI in force, 0 none */
	char		 text[256];	/* what was opened, for the log */
};
void	 msg_put_ready(struct buf *, const struct msg_ready *);
int	 msg_get_ready(struct buf *, struct msg_ready *);

enum msg_file_kind {
	FILE_INPUT,		/* capture: the file of -r */
	FILE_RECORD,		/* mirror: record of conf mirror index */
	FILE_GAPS,		/* mirror: its .gaps side file */
	FILE_EVENTS		/* mirror: conf log index */
};
/* FILE comes with a descriptor; mirror asks for the next one: FILE_WANTED. */
struct msg_file {
	uint32_t	 kind;
	uint32_t	 index;		/* of the mirror or log in the conf */
	uint32_t	 flags;		/* FILE_ROTATE: rename the old first */
	uint32_t	 error;		/* errno when it could not be opened */
	uint64_t	 size;		/* at opening */
	uint64_t	 age_us;	/* since it was made; 0: not known */
	char		 name[CONF_PATH_MAX];
};
#define FILE_ROTATE	0x01
#define FILE_REGULAR	0x02	/* not a fifo, socket or terminal */
void	 msg_put_file(struct buf *, const struct msg_file *);
int	 msg_get_file(struct buf *, struct msg_file *);

/*
 * LOG, REFUSED, FAULT (number: role at fault), ERROR (number: exit status),
 * TROUBLE (number: of files that cannot be written now; the text is of one).
 */
struct msg_text {
	uint32_t	 number;
	char		 text[MSG_TEXT_MAX];
};
void	 msg_put_text(struct buf *, const struct msg_text *);
int	 msg_get_text(struct buf *, struct msg_text *);

struct msg_crash {
	uint32_t	 signal;
	uint32_t	 code;
	uint64_t	 addr;		/* pid of the sender: code <= 0 */
	uint64_t	 packet;	/* number of the last packet begun */
};
void	 msg_put_crash(struct buf *, const struct msg_crash *);
int	 msg_get_crash(struct buf *, struct msg_crash *);

/* VERBOSE, VERBOSITY, CANCEL, LIVE. */
void	 msg_put_number(struct buf *, uint32_t);
int	 msg_get_number(struct buf *, uint32_t *);

/* ---- data ---- */

/*
 * LINK: "I am generation gen; you, as far as I know, are echo" (0: not
 * known). A receiver that learns a new gen forgets the old neighbour and
 * answers with LINK; data is accepted once a LINK echoed the own generation.
 */
struct msg_link {
	uint32_t	 gen;
	uint32_t	 echo;
	uint32_t	 shares;	/* not 0: I read the shared memory */
};
void	 msg_put_link(struct buf *, const struct msg_link *);
int	 msg_get_link(struct buf *, struct msg_link *);

/*
 * The body of a frame of any type with FRAME_SHARED: the slot where the frame
 * lies (shm.h), and its length with the header.
 */
#define MSG_SHARED	8
struct msg_shared {
	uint32_t	 slot;
	uint32_t	 len;
};
void	 msg_put_shared(struct buf *, const struct msg_shared *);
int	 msg_get_shared(struct buf *, struct msg_shared *);

/*
 * PACKETS: number of the first packet u64, count u32, flags u32, then per
 * packet a header of MSG_PACKET_HDR bytes and the captured bytes.
 */
#define MSG_PACKETS_HDR	16
#define MSG_PACKET_HDR	20
struct msg_packet {
	uint64_t	 ts_us;
	uint32_t	 wirelen;
	uint32_t	 caplen;
	uint16_t	 iface;		/* id given by IFACE */
	uint16_t	 flags;
	const uint8_t	*data;
};
#define PACKET_OUTGOING	0x0001
void	 msg_put_packet(struct buf *, const struct msg_packet *);
int	 msg_get_packet(struct buf *, struct msg_packet *);

/* An interface (or the file) that packets name by id. Sent when it changes. */
enum iface_state { IFACE_UP, IFACE_DOWN, IFACE_NO_CARRIER, IFACE_GONE,
	IFACE_COVERED, IFACE_EXCLUDED, IFACE_FAILED };
#define MSG_IFACES_MAX	4096	/* ids of a live capture are below */
struct msg_iface {
	uint16_t	 id;		/* of one that is gone, again later */
	uint16_t	 state;		/* enum iface_state */
	uint32_t	 index;		/* of the kernel */
	uint32_t	 linktype;	/* DLT_ value */
	uint32_t	 snaplen;
	uint64_t	 ring;		/* bytes granted */
	uint32_t	 parent;	/* IFLA_LINK or IFLA_MASTER, 0 none */
	uint16_t	 xdp;		/* a program is before the capture */
	char		 name[32];
	char		 type[16];	/* "ether", "vlan", "ppp", ... */
	char		 label[CONF_NAME_MAX];
	char		 error[128];
};
void	 msg_put_iface(struct buf *, const struct msg_iface *);
int	 msg_get_iface(struct buf *, struct msg_iface *);

/* LOCAL: all addresses of this host, when they change; no loopback. */
#define MSG_LOCAL_MAX	1024
struct msg_local {
	uint32_t	 n;
	struct addr	 addr[MSG_LOCAL_MAX];
};
void	 msg_put_local(struct buf *, const struct msg_local *);
int	 msg_get_local(struct buf *, struct msg_local *);

/* CAPSTAT: one or more of these; totals since this capture started. */
struct msg_capstat {
	uint16_t	 id;
	uint64_t	 received;	/* by libpcap */
	uint64_t	 dropped;	/* by the kernel ring */
	uint64_t	 if_dropped;
	uint64_t	 sent;		/* put into batches */
	uint64_t	 rx_packets;	/* the kernel's own link counters */
	uint64_t	 rx_bytes;
	uint64_t	 tx_packets;
	uint64_t	 tx_bytes;
	uint64_t	 rx_dropped;
};
void	 msg_put_capstat(struct buf *, const struct msg_capstat *);
int	 msg_get_capstat(struct buf *, struct msg_capstat *);

/* DATA_END: no more input; error 0, or 1 when the file was cut or corrupt. */
struct msg_data_end {
	uint32_t	 error;
	uint32_t	 spare;
};
void	 msg_put_data_end(struct buf *, const struct msg_data_end *);
int	 msg_get_data_end(struct buf *, struct msg_data_end *);

/* OWN_TUPLE: a connection that the mirror is about to make. */
struct msg_own_tuple {
	struct endpoint	 source;	/* address may be unspecified */
	struct endpoint	 target;
	uint8_t		 gone;		/* 1: closed, forget it soon */
};
void	 msg_put_own_tuple(struct buf *, const struct msg_own_tuple *);
int	 msg_get_own_tuple(struct buf *, struct msg_own_tuple *);

/*
 * STREAM frames hold one or more records. dir as in stream_dir. A GAP of flow
 * 0 is one of all: between ts_us and value packets were dropped, of connections
 * that perhaps nobody saw. A CLOSE of flow 0 is one of all: frames were lost. A
 * GAP with QUEUE is of the mirror whose number, from 1, is in id: it did not
 * keep up, and offset many of its connections began, STREAM_SOME: who knows.
 * An ANSWER tells what became of request value, for mirrors that compare: once
 * of each, before or behind its bytes, and before CLOSE.
 */
enum stream_kind { STREAM_OPEN, STREAM_DATA, STREAM_MARK, STREAM_GAP,
	STREAM_CLOSE, STREAM_ANSWER, STREAM_KINDS };
enum stream_dir { STREAM_TO_OBSERVED, STREAM_FROM_OBSERVED, STREAM_UNKNOWN };
enum stream_mark {
	MARK_REQUEST_HEAD,	/* a request head starts at offset */
	MARK_RESPONSE_HEAD,	/* a response head starts at offset */
	MARK_HEAD_END,		/* first byte after the blank line; value: the
				 * request, or that of a response; 0 where a
				 * search found it or it is not known */
	MARK_MESSAGE_END,	/* first byte after the message; value: it, 0
				 * where others may see another end */
	MARK_TRAILER,		/* first header line behind the last chunk */
	MARK_OPAQUE,		/* from here on not HTTP (tunnel, unknown) */
	MARK_LOST		/* nothing is known up to the next head */
};
#define STREAM_MIDSTREAM	0x01	/* opened without a SYN, or re-sent */
#define STREAM_TRUNCATED	0x02
#define STREAM_QUEUE	0x04	/* GAP: mirror did not keep up */
#define STREAM_LATE	0x08	/* OPEN: observed since a reload only */
#define STREAM_UNREAD	0x10	/* OPEN: nothing of it will come */
#define STREAM_SOME	UINT64_MAX
enum stream_answer {
	ANSWER_WHOLE,
	ANSWER_EARLY,		/* whole, before the request was */
	ANSWER_NONE,		/* none was seen, or nobody knows which */
	ANSWER_GAP,		/* bytes are lost in or beside it */
	ANSWER_CUT,		/* it ended before its end */
	ANSWER_OTHER,		/* the answer is in another protocol */
	ANSWER_AMBIGUOUS,	/* others may read one of the two otherwise */
	ANSWER_KINDS
};
struct msg_stream {
	uint8_t		 kind;
	uint8_t		 dir;
	uint8_t		 mark;		/* MARK */
	uint8_t		 flags;
	uint64_t	 id;		/* flow id, from 1 */
	uint64_t	 offset;	/* in this direction, from 0; ANSWER:
					   length of its content */
	uint64_t	 ts_us;
	uint64_t	 value;		/* GAP: length; MARK: message id;
					   CLOSE: enum stream_reason */
	uint8_t		 answer;	/* ANSWER: enum stream_answer */
	uint16_t	 status;	/* ANSWER */
	uint64_t	 wait_us;	/* ANSWER: between the first bytes of
					   both; UINT64_MAX: not known */
	struct endpoint	 client;	/* OPEN */
	struct endpoint	 server;	/* OPEN: the observed side; its port
					   tells which mirrors observe it */
	int32_t		 vlan;		/* OPEN, -1 none */
	char		 iface[32];	/* OPEN */
	const uint8_t	*data;		/* DATA */
	size_t		 len;
};
enum stream_reason { STREAM_FIN, STREAM_RST, STREAM_IDLE, STREAM_SHED,
	STREAM_EOF, STREAM_BEHIND };
void	 msg_put_stream(struct buf *, const struct msg_stream *);
/* Adds to the record of len bytes of DATA that was put last, at offset at. */
void	 msg_join_stream(struct buf *, size_t at, size_t len,
	    const struct msg_stream *);
int	 msg_get_stream(struct buf *, struct msg_stream *);

/*
 * EVENT frames hold one or more events. Texts are raw bytes, unescaped. Mirror
 * answers each with EVENTS_DONE, a u64: the number of the event that it awaits
 * next. Behind LINK, and where some could not be sent, the analyzer says in
 * EVENTS_FROM which one it will be; that is answered with the one that was
 * awaited, 0 of a fresh mirror.
 */
struct msg_events_from {
	uint64_t	 next;
	uint64_t	 lost;		/* have no number: were not sent */
	uint32_t	 replaced;	/* it took with it what nobody knows */
};
void	 msg_put_events_from(struct buf *, const struct msg_events_from *);
int	 msg_get_events_from(struct buf *, struct msg_events_from *);

enum event_kind { EVENT_HTTP, EVENT_TLS, EVENT_FLOW, EVENT_ALERT,
	EVENT_STATS, EVENT_ANOMALY, EVENT_QUIC, EVENT_HISTORY, EVENT_EVIDENCE,
	EVENT_KINDS };
struct msg_span {
	const uint8_t	*p;
	size_t		 n;
};
/* Fields of all events; the ones that a kind does not use stay zero. */
struct msg_event {
	uint8_t		 kind;		/* enum event_kind */
	uint64_t	 ts_us;
	uint64_t	 flow_id;	/* under 2^53; 0 none */
	char		 iface[32];
	int32_t		 vlan[2];	/* -1 none */
	struct endpoint	 client;
	struct endpoint	 server;
	struct endpoint	 real_client;	/* before privacy: for community_id,
					   zero when hidden */
	uint8_t		 hide_client;	/* privacy cut or hashed it */
	struct addr	 asker;		/* as a trusted proxy said; zero: the
					   client */
	uint64_t	 tx_id;
	uint32_t	 status;	/* or the version of QUIC */
	uint8_t		 gap;		/* not all of it was seen */
	uint64_t	 request_body;
	uint64_t	 response_body;
	uint64_t	 first_byte_us;	/* response time, 0 unknown */
	uint64_t	 last_byte_us;	/* or the handshake's time */
	uint64_t	 rtt_us;
	struct msg_span	 method;
	struct msg_span	 host;		/* or SNI */
	struct msg_span	 uri;		/* after the privacy block */
	struct msg_span	 protocol;	/* "HTTP/1.1", "TLS 1.3", "QUIC v1" */
	struct msg_span	 agent;
	struct msg_span	 referer;
	struct msg_span	 content_type;
	struct msg_span	 section;
	struct msg_span	 alpn;		/* comma separated */
	struct msg_span	 tag;
	struct msg_span	 failure;	/* of a handshake */
	struct msg_span	 certificate;	/* what it says of host */
	struct msg_span	 text;		/* anomaly name, alert text, reason,
					   the version a client offered */
	uint8_t		 resumed;
	/* FLOW */
	uint64_t	 packets[2];	/* to server, to client */
	uint64_t	 bytes[2];
	uint64_t	 start_us;
	uint64_t	 end_us;
	uint64_t	 tx_count;
	uint8_t		 tcp_flags;
	uint8_t		 gaps;		/* bit 0 to server, bit 1 to client */
	uint8_t		 closed;	/* 0 new 1 established 2 closed */
	/*
	 * ALERT and STATS carry packed rows: ROW_ALERT_EVENT, ROW_TALLY.
	 * HISTORY the chunks of a period (period.h), from start_us to end_us,
	 * as logs of every tx_id microseconds want it. EVIDENCE a section of a
	 * capture file (pcapng.h).
	 */
	struct msg_span	 rows;
};
void	 msg_put_event(struct buf *, const struct msg_event *);
int	 msg_get_event(struct buf *, struct msg_event *);

/* ---- report ---- */

/*
 * ALERT: one alert event, as packed rows (ROW_ALERT_EVENT with its
 * ROW_CONTRIBUTORs). The parent adds epoch and seq, logs a line, keeps the
 * last 4096 and sends them to watching clients.
 *
 * SAVE and RESTORE: opaque slots that survive the child. One frame holds
 * several. len 0 deletes a slot.
 */
struct msg_slot {
	uint16_t	 table;		/* below MSG_SAVE_TABLES */
	uint32_t	 slot;		/* below MSG_SAVE_SLOTS */
	const uint8_t	*data;
	size_t		 len;		/* at most MSG_SAVE_MAX */
};
void	 msg_put_slot(struct buf *, const struct msg_slot *);
int	 msg_get_slot(struct buf *, struct msg_slot *);

/*
 * LOST_TIME: an interval during which a role was not there. Of capture one
 * comes also when it is lost, with STILL for its end.
 */
#define MSG_LOST_STILL	UINT64_MAX
struct msg_lost_time {
	uint32_t	 role;
	uint64_t	 from_us;	/* monotonic clock */
	uint64_t	 to_us;
};
void	 msg_put_lost_time(struct buf *, const struct msg_lost_time *);
int	 msg_get_lost_time(struct buf *, struct msg_lost_time *);

/* MONITOR: something for `netmonctl monitor`, which escapes the text. */
struct msg_monitor {
	uint64_t	 ts_us;
	char		 type[16];
	char		 text[MSG_TEXT_MAX];
};
void	 msg_put_monitor(struct buf *, const struct msg_monitor *);
int	 msg_get_monitor(struct buf *, struct msg_monitor *);

/* ---- control ---- */

enum show_subject {
	SHOW_SUMMARY, SHOW_HOSTS, SHOW_HOST, SHOW_SECTIONS, SHOW_METHODS,
	SHOW_STATUS, SHOW_CLIENTS, SHOW_TALKERS, SHOW_SITES, SHOW_NAMES,
	SHOW_FLOWS,
	SHOW_INTERFACES, SHOW_CAPTURE, SHOW_ALERTS, SHOW_RULES, SHOW_MIRRORS,
	SHOW_ERRORS, SHOW_MEMORY, SHOW_PROCESSES, SHOW_CONFIG, SHOW_VERSION,
	SHOW_METRICS, SHOW_TALLY, SHOW_TRANSACTIONS, SHOW_REPORT, SHOW_WHY,
	SHOW_CHECK, SHOW_TOP, SHOW_SUBJECTS
};
enum show_window { WINDOW_LAST, WINDOW_1M, WINDOW_10M, WINDOW_TOTAL,
	WINDOW_MAX };
enum show_sort { SORT_REQUESTS, SORT_BYTES, SORT_ERRORS, SORT_P95,
	SORT_MAX };

/* SHOW, RESET, MIRROR, HOOK. Answers: ROW frames hold one or more rows. */
struct msg_show {
	uint32_t	 subject;	/* enum show_subject; others: 0 */
	uint8_t		 window;	/* enum show_window */
	uint8_t		 sort;		/* enum show_sort */
	uint32_t	 top;		/* 0: the default, ~0: all */
	uint16_t	 nargs;
	char		 args[MSG_ARGS_MAX][MSG_ARG_MAX];
};
void	 msg_put_show(struct buf *, const struct msg_show *);
int	 msg_get_show(struct buf *, struct msg_show *);

/*
 * WATCH: alert events, and others, as they happen. Rows ROW_ALERT_EVENT and
 * ROW_MONITOR come until the client goes, or END at once without follow.
 */
#define WATCH_ALERTS	0x01
#define WATCH_MONITOR	0x02
#define WATCH_FOLLOW	0x04
/* MONITOR lines of each request, handshake, connection: LIVE asks for them. */
#define WATCH_HTTP	0x08
#define WATCH_TLS	0x10
#define WATCH_FLOW	0x20
#define WATCH_LIVE	(WATCH_HTTP | WATCH_TLS | WATCH_FLOW)
struct msg_watch {
	uint32_t	 flags;
	uint32_t	 last;		/* the last N first; 0: none */
	uint64_t	 epoch;		/* with after: resume; 0: from now */
	uint64_t	 after;		/* last sequence number that was seen */
};
void	 msg_put_watch(struct buf *, const struct msg_watch *);
int	 msg_get_watch(struct buf *, struct msg_watch *);

/* LOAD: a path, read by the parent. */
void	 msg_put_path(struct buf *, const char *);
int	 msg_get_path(struct buf *, char *, size_t);

#endif
