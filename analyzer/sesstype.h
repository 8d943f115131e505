/*
 * sesstype: the words of session: what it reports and what it is told. The
 * contract is in session.h, which everybody else includes.
 */
#ifndef ANALYZER_SESSTYPE_H
#define ANALYZER_SESSTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/cert.h"
#include "analyzer/http.h"
#include "analyzer/tls.h"

enum session_proto {
	SESSION_UNKNOWN,	/* not enough seen */
	SESSION_HTTP1,
	SESSION_HTTP2,		/* in the clear: prior knowledge or upgrade */
	SESSION_TLS,
	SESSION_WEBSOCKET,	/* after 101 */
	SESSION_UPGRADED,	/* after 101, another protocol */
	SESSION_TUNNEL,		/* after CONNECT; TLS inside is reported too */
	SESSION_OTHER,		/* none of these */
	SESSION_PROTOS
};

/* Everything odd that is counted; each has its own tally. */
#define SESSION_ANOMALIES(A)						\
	/*name		text: stable, used in events and rows */	\
	A(BARE_LF,	"bare-lf")					\
	A(BARE_CR,	"bare-cr")					\
	A(NUL,		"nul")						\
	A(CTL,		"control-character")				\
	A(OBS_FOLD,	"folded-line")					\
	A(NO_COLON,	"line-without-colon")				\
	A(NAME,		"bad-field-name")				\
	A(START_LINE,	"odd-start-line")				\
	A(HOST_DUP,	"duplicate-host")				\
	A(HOST_NONE,	"no-host")					\
	A(HOST_BAD,	"bad-host")					\
	A(CL_DUP,	"duplicate-length")				\
	A(CL_DIFF,	"conflicting-length")				\
	A(CL_BAD,	"bad-length")					\
	A(TE_CL,	"coding-and-length")				\
	A(TE_ODD,	"odd-coding")					\
	A(TE_10,	"coding-in-1.0")				\
	A(STATUS,	"odd-status")					\
	A(AMBIGUOUS,	"ambiguous")	/* once per such message */	\
	A(CHUNK_SIZE,	"bad-chunk-size")				\
	A(CHUNK_HUGE,	"huge-chunk-size")				\
	A(CHUNK_LINE,	"long-chunk-line")				\
	A(CHUNK_END,	"bad-chunk-end")				\
	A(CHUNK_LAX,	"lax-chunk")					\
	A(HEAD_LONG,	"head-too-long")				\
	A(HEAD_LOST,	"head-lost-in-gap")				\
	A(HEAD_CUT,	"head-cut-by-end")				\
	A(BODY_CUT,	"body-cut-by-end")				\
	A(GARBAGE,	"bytes-between-messages")			\
	A(RESYNC,	"found-again")	/* parsing resumed after loss */\
	A(ROLES,	"both-sides-ask")				\
	A(QUEUE_FULL,	"too-many-unanswered")				\
	A(LATE_FULL,	"too-many-early-responses")			\
	A(MEMORY,	"no-memory")					\
	A(TLS_BAD,	"bad-tls")					\
	A(TLS_LONG,	"tls-hello-too-long")				\
	A(TLS_LOST,	"tls-hello-lost-in-gap")			\
	A(H2_BAD,	"bad-http2")					\
	A(H2_LOST,	"http2-lost-in-gap")

#define A(name, text)	SESSION_A_##name,
enum session_anomaly { SESSION_ANOMALIES(A) SESSION_ANOMALY_MAX };
#undef A

/* What became of a request or a response. */
enum session_pair {
	SESSION_PAIRED,
	SESSION_LATE,		/* response: wait, resolved() tells later */
	SESSION_NO_REQUEST,	/* response: there is none */
	SESSION_NO_RESPONSE,	/* request: connection ended without */
	SESSION_BY_GAP,		/* lost bytes hide the other one */
	SESSION_BY_LIMIT	/* queue of open requests was full */
};

enum session_how { SESSION_FIN, SESSION_RST, SESSION_IDLE, SESSION_END };

enum session_mark {
	SESSION_MARK_HEAD,	/* first byte of a head */
	SESSION_MARK_HEAD_END,	/* first byte after a head */
	SESSION_MARK_END,	/* first byte after a message */
	SESSION_MARK_OPAQUE,	/* from here on no messages (101, CONNECT) */
	SESSION_MARK_LOST,	/* to the next HEAD nothing is known */
	SESSION_MARK_TRAILER	/* first line behind the last chunk */
};

/* tx flags */
#define SESSION_TX_GAP		0x01	/* bytes lost in or beside it */
#define SESSION_TX_LATE		0x02	/* response was seen first */
#define SESSION_TX_REQ_OPEN	0x04	/* request body had not ended */
#define SESSION_TX_RESP_OPEN	0x08	/* response body had not ended */
#define SESSION_TX_UPGRADED	0x10	/* 101; to h2c: its answer is 2 */
#define SESSION_TX_TUNNEL	0x20	/* CONNECT 2xx */
#define SESSION_TX_AMBIGUOUS	0x40	/* smuggling shape in a head */
#define SESSION_TX_MIDSTREAM	0x80	/* start of connection not seen */

struct session_request {
	const struct http_head *head;
	const uint8_t	*host;		/* normalised, see http_host */
	size_t		 host_len;
	const uint8_t	*section;	/* see http_section */
	size_t		 section_len;
	uint64_t	 id;		/* 1, 2, ... on this connection */
	unsigned	 dir;
	unsigned	 flags;		/* GAP, AMBIGUOUS, MIDSTREAM */
};

struct session_response {
	const struct http_head *head;
	uint64_t	 token;		/* of the request, 0 if not PAIRED */
	uint64_t	 id;		/* of the request, 0 if not PAIRED */
	unsigned	 dir;
	enum session_pair pair;		/* PAIRED, LATE, NO_REQUEST, BY_* */
	bool		 interim;	/* 1xx, of 101 only that to h2c: no
					 * response yet */
};

/* What is kept for events when keep_strings is on; lengths are cut. */
#define SESSION_TEXT_METHOD	32
#define SESSION_TEXT_TARGET	8192
#define SESSION_TEXT_AGENT	256
#define SESSION_TEXT_REFERER	512
#define SESSION_TEXT_TYPE	64
#define SESSION_TEXT_ALPN	256

struct session_text {
	struct http_span method;
	struct http_span target;
	struct http_span host;		/* normalised */
	struct http_span user_agent;
	struct http_span referer;
	struct http_span content_type;	/* of the response */
};

/*
 * One request and its response, or one alone (pair says why), when the
 * response has ended or nothing more can come. Called once per request and
 * once per response that has no request; 1xx never.
 */
struct session_tx {
	uint64_t	 token;		/* 0: no request */
	uint64_t	 id;		/* of the request; 0: none */
	uint64_t	 number;	/* of the response; 0: none */
	uint64_t	 req_us;	/* first byte of the request */
	uint64_t	 resp_us;	/* first byte of response; 0: none */
	uint64_t	 resp_end_us;
	uint64_t	 req_body;	/* content, without chunk framing */
	uint64_t	 resp_body;
	uint16_t	 status;	/* of response number, 0 if that is 0 */
	uint8_t		 minor;		/* version 1.x of the request, or
					   of a response without; or
					   HTTP_TWO_0 */
	uint8_t		 flags;		/* SESSION_TX_* */
	uint8_t		 method;	/* enum http_method */
	uint8_t		 dir;		/* the client's */
	enum session_pair pair;
	const struct session_text *text;	/* NULL: not kept */
};

/* A client hello, whole. */
struct session_hello {
	const struct tls_hello *tls;
	uint8_t		 name[HTTP_HOST_MAX];	/* lower case, no last dot */
	size_t		 name_len;	/* 0: no name */
	uint64_t	 ts_us;
	unsigned	 dir;
	bool		 again;		/* second of this connection (retry) */
};

/*
 * How a handshake is known to have failed. What 1.3 encrypts is not read: who
 * refuses a certificate there is seen to go, but not what he said; and a
 * server that refuses the client's has seen a handshake that was done.
 */
enum session_tls_fail {
	SESSION_TLS_NONE,	/* it has not, or nobody can tell */
	SESSION_TLS_ALERT,	/* a fatal alert in the clear */
	SESSION_TLS_CLOSED,	/* a FIN before it was done */
	SESSION_TLS_RESET,
	SESSION_TLS_SEALED,	/* 1.3: all that the client encrypted is less
				 * than a Finished: an alert, perhaps */
	SESSION_TLS_PLAIN	/* the server's answer is no TLS */
};

/*
 * What is known of a handshake when it is over: finished, or no more of it
 * can be seen. Called once, if either hello was read.
 */
struct session_tls {
	uint64_t	 hello_us;	/* its first byte; 0: not seen */
	uint64_t	 server_us;	/* server hello; 0: not seen */
	uint64_t	 done_us;	/* finished; 0: its end was not seen */
	struct http_span name;		/* as in session_hello */
	struct http_span alpn;		/* offered, with commas between */
	uint16_t	 offered;	/* the client's highest; 0: not seen */
	uint16_t	 version;	/* chosen; 0: not seen */
	bool		 resumed;
	struct cert	 cert;		/* the server's */
	enum session_tls_fail fail;
	bool		 by_client;	/* what failed was the client's doing */
	uint8_t		 alert;		/* its number, of SESSION_TLS_ALERT */
};

/* Any may be NULL. arg is session_new's. */
struct session_ops {
	/* What stood before the first message, see prefix.h. */
	void	 (*prefix)(void *arg, unsigned dir, const uint8_t *, size_t);
	/* Returns the caller's token for this request; 0 means none. */
	uint64_t (*request)(void *arg, const struct session_request *);
	void	 (*response)(void *arg, const struct session_response *);
	/* A LATE response has found its request (token), or has none. */
	void	 (*resolved)(void *arg, uint64_t number, uint16_t status,
		    enum session_pair, uint64_t token, uint64_t now_us);
	void	 (*transaction)(void *arg, const struct session_tx *);
	/* Content of a request (token) that came when it had been told. */
	void	 (*rest)(void *arg, uint64_t token, uint64_t bytes);
	void	 (*hello)(void *arg, const struct session_hello *);
	void	 (*handshake)(void *arg, const struct session_tls *);
	/*
	 * Only with marks on. id: request id or response number; of HEAD_END
	 * the request that it is or answers, 0 when nobody is sure.
	 */
	void	 (*mark)(void *arg, unsigned dir, uint64_t offset,
		    enum session_mark, uint64_t id);
	void	 (*anomaly)(void *arg, enum session_anomaly);
	/* Called at each change; SESSION_UNKNOWN is never reported. */
	void	 (*proto)(void *arg, enum session_proto);
};

/* Shared by all sessions, read only; lives longer than they. */
struct session_conf {
	const struct session_ops *ops;
	uint32_t	 head_max;	/* bytes of a head; 0: 65536 */
	uint32_t	 queue_max;	/* open requests; 0: 1000 */
	uint64_t	 late_us;	/* 0: 50000 */
	unsigned	 depth;		/* of sections, 0 to HTTP_DEPTH_MAX */
	bool		 keep_strings;	/* session_tx.text */
	bool		 marks;
};

/* How the connection was met; ORed. */
#define SESSION_SYN_SEEN	0x01	/* both streams are known from byte 0 */
#define SESSION_CLIENT_0	0x02	/* direction 0 opened the connection */
#define SESSION_CLIENT_1	0x04

#endif
